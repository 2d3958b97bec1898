//! Plays JSON Lines acts against a rehearsal ledger: one answer a line, and a refused act leaves no trace.
//!
//! `docs/acts.md` describes the lines. Each handle signs with its published test key; ledger id, seen head, claimed time
//! and digests are filled in.

use std::collections::BTreeMap;
use std::path::Path;

use rollcall_core::act::Act;
use rollcall_core::charter::Charter;
use rollcall_core::digest::EventId;
use rollcall_core::event::{Payload, SignedEvent, Verified};
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::{Admission, AdmitError, Ledger, rehearsal_founding};
use rollcall_core::name::Handle;
use rollcall_core::refusal::{Reason, Refusal};
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;
use rollcall_storage::keeper::{Ended, Keeper};
use rollcall_storage::waiting::Waiting;
use serde_json::{Map, Value, json};

use crate::failure::{Failure, refused};
use crate::json::{self, Misfit};
use crate::session::{AsOf, Session, is_rehearsal};
use crate::terminal;

/// Batches of a play that may be under way: the store folds what came together in one of them, and more is played meanwhile.
const AHEAD: usize = 5;

/// What a play has come to, in memory only or in a ledger file too.
#[derive(Debug)]
struct Stage {
    ledger: Ledger,
    /// None of a play in memory only, nor once its file is closed.
    file: Option<Kept>,
}

/// What goes into a file: acts that wait to be kept, and who keeps them and then tells the answers.
#[derive(Debug)]
struct Kept {
    waiting: Waiting,
    keeper: Keeper<String, Failure>,
}

impl Stage {
    /// Admits an event to the ledger, to be kept with the next answers.
    fn enter(
        &mut self,
        admit: impl FnOnce(&mut Ledger) -> Result<Admission, AdmitError>,
    ) -> Result<EventId, AdmitError> {
        let admission = admit(&mut self.ledger)?;
        let event = admission.event;
        if let Some(Kept { waiting, keeper: _ }) = &mut self.file {
            waiting.push(admission);
        }
        Ok(event)
    }
}

impl From<Session> for Stage {
    fn from(session: Session) -> Self {
        let (store, ledger, waiting) = session.into_parts();
        let keeper = Keeper::start(store, AHEAD, |durable, answers: String| {
            durable?;
            tell(&answers)
        });
        Self { ledger, file: Some(Kept { waiting, keeper }) }
    }
}

/// Tells answers.
fn tell(answers: &str) -> Result<(), Failure> {
    terminal::answer(answers).map_err(|error| Failure::io("the answers cannot be written", &error))
}

/// A play in progress.
#[derive(Debug)]
pub(crate) struct Play<'a> {
    path: Option<&'a Path>,
    charter: &'a str,
    stage: Option<Stage>,
    labels: BTreeMap<String, Option<String>>,
    /// The founder's own confirmation: entered with the founding, unless the play states its confirmations itself.
    confirmation: Option<(SignedEvent, Timestamp)>,
    /// That confirmation once it is entered: a line that states it is answered with it.
    confirmed: Option<(Handle, String)>,
    /// Line 1 was a `found` that did not stand, so nothing else can.
    unfounded: bool,
    /// The test keys of those who have acted.
    keys: BTreeMap<Handle, SigningKey>,
}

/// What became of a line.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Accepted, with what its answer says besides.
    Accepted {
        event: String,
        notes: Vec<String>,
    },
    Refused(Box<Refusal>),
    /// The signature or the frame was refused.
    Unsound(AdmitError),
    Invalid(String),
}

impl Outcome {
    /// The answer as JSON.
    pub(crate) fn json(&self, line: u64) -> Value {
        let mut answer = match self {
            Self::Accepted { event, notes: _ } => json!({"outcome": "accepted", "event": event}),
            Self::Refused(refusal) => refused(refusal),
            Self::Unsound(error) => {
                json!({"outcome": "refused", "code": error.code(), "clause": "format/signature", "facts": {}, "what": error.to_string()})
            }
            Self::Invalid(what) => json!({"outcome": "invalid", "what": what}),
        };
        let mut object = Map::from_iter([("line".to_owned(), json!(line))]);
        if let Some(fields) = answer.as_object_mut() {
            object.append(fields);
        }
        Value::Object(object)
    }

    /// The answer in words.
    pub(crate) fn text(&self, line: u64) -> String {
        match self {
            Self::Accepted { event, notes: _ } => format!("{line:>5}  accepted  {event}"),
            Self::Refused(refusal) => format!("{line:>5}  refused   {refusal}"),
            Self::Unsound(error) => format!("{line:>5}  refused   {error} ({})", error.code()),
            Self::Invalid(what) => format!("{line:>5}  invalid   {what}"),
        }
    }
}

impl<'a> Play<'a> {
    /// Begins or, where the ledger file exists already, continues a play.
    pub(crate) fn new(path: Option<&'a Path>, charter: &'a str) -> Result<Self, Failure> {
        let mut play = Self {
            path,
            charter,
            stage: None,
            labels: BTreeMap::new(),
            confirmation: None,
            confirmed: None,
            unfounded: false,
            keys: BTreeMap::new(),
        };
        if let Some(path) = path.filter(|path| path.exists()) {
            let session = Session::write(path)?;
            if !is_rehearsal(session.state()) {
                return Err(Failure::usage(
                    "this ledger runs on a real clock; acts are rehearsed on a rehearsal ledger",
                )
                .hint("rollcall --ledger OTHER rehearse FILE"));
            }
            play.stage = Some(session.into());
        }
        Ok(play)
    }

    /// Plays one line.
    pub(crate) fn line(&mut self, text: &str) -> Result<Outcome, Failure> {
        match json::object(text) {
            Ok(object) => self.object(object),
            Err(what) => Ok(Outcome::Invalid(what)),
        }
    }

    /// Plays one act given as a JSON object.
    pub(crate) fn object(&mut self, mut object: Map<String, Value>) -> Result<Outcome, Failure> {
        let label = match object.remove("id") {
            Some(Value::String(label)) => Some(label),
            None => None,
            Some(_) => return Ok(Outcome::Invalid("`id` must be text".to_owned())),
        };
        let outcome = match self.cue(&mut object) {
            Ok(cue) => self.play(&cue, &object)?,
            Err(what) => Outcome::Invalid(what),
        };
        if let Some(label) = label {
            let event = if let Outcome::Accepted { event, .. } = &outcome { Some(event.clone()) } else { None };
            self.labels.insert(label, event);
        }
        Ok(outcome)
    }

    fn cue(&self, object: &mut Map<String, Value>) -> Result<Cue, String> {
        let mut take = |name: &str| object.remove(name);
        let text = |name: &str, value: Option<Value>| match value {
            Some(Value::String(text)) => Ok(Some(text)),
            None => Ok(None),
            Some(_) => Err(format!("`{name}` must be text")),
        };
        let act = text("act", take("act"))?.ok_or("`act` is missing")?;
        let by: Handle =
            text("by", take("by"))?.ok_or("`by` is missing")?.parse().map_err(|error| format!("`by`: {error}"))?;
        let signer = text("signed_by", take("signed_by"))?.map(|name| name.parse::<Handle>()).transpose();
        let signer = signer.map_err(|error| format!("`signed_by`: {error}"))?.unwrap_or_else(|| by.clone());
        let at = text("at", take("at"))?.map(|at| at.parse::<Timestamp>()).transpose();
        let at = at.map_err(|error| format!("`at`: {error}"))?;
        let at = at.or_else(|| self.state().map(State::last_at)).unwrap_or_default();
        Ok(Cue { act, by, signer, at })
    }

    pub(crate) fn state(&self) -> Option<&State> {
        self.ledger().map(Ledger::state)
    }

    fn ledger(&self) -> Option<&Ledger> {
        self.stage.as_ref().map(|stage| &stage.ledger)
    }

    fn play(&mut self, cue: &Cue, object: &Map<String, Value>) -> Result<Outcome, Failure> {
        if cue.act == "found" {
            return match self.state().and_then(State::founding) {
                Some(founding) => {
                    let ledger = founding.ledger.to_string();
                    Ok(Outcome::Refused(Box::new(Reason::AlreadyFounded { ledger }.by_format("founding"))))
                }
                None => self.found(cue, object),
            };
        }
        if self.unfounded {
            let act = cue.act.clone();
            return Ok(Outcome::Refused(Box::new(Reason::NotFounded { act }.by_format("founding"))));
        }
        if self.stage.is_none() {
            let text = charter_text(self.charter)?;
            match rehearsal_founding("rehearsal", std::slice::from_ref(&cue.by), 1, &text, cue.at) {
                Ok(events) => {
                    self.begin(cue, events)?.map_or(Ok(()), |outcome| Err(Failure::input(outcome.text(1))))?;
                }
                Err(error) => return Err(Failure::input("the rehearsal cannot be founded").caused_by(&error)),
            }
        }
        if cue.act == "confirm" {
            // The play states who confirms; nothing is confirmed for anybody.
            self.confirmation = None;
            let own =
                |(founder, _): &mut (Handle, String)| object.is_empty() && *founder == cue.by && cue.signer == cue.by;
            if let Some((_, event)) = self.confirmed.take_if(own) {
                return Ok(Outcome::Accepted { event, notes: Vec::new() });
            }
        }
        self.confirm_founding()?;
        match self.read(cue, object) {
            Ok(act) => self.admit(cue, act),
            Err(outcome) => Ok(outcome),
        }
    }

    fn read(&self, cue: &Cue, object: &Map<String, Value>) -> Result<Act, Outcome> {
        let invalid = |what: String| Outcome::Invalid(what);
        let spec = Act::SPECS.iter().find(|spec| spec.name == cue.act);
        let spec = spec.ok_or_else(|| invalid(format!("unknown act: `{}`", cue.act)))?;
        let labels = |label: &str| self.labels.get(label).cloned().flatten();
        let map = json::read(spec.fields, object, &labels).map_err(|misfit| match misfit {
            Misfit::Field(what) => invalid(what),
            Misfit::Label(event) => Outcome::Refused(Box::new(Reason::UnknownEvent { event }.by_format("reference"))),
        })?;
        Act::from_map(spec.name, map).map_err(|error| invalid(error.to_string()))
    }

    fn found(&mut self, cue: &Cue, object: &Map<String, Value>) -> Result<Outcome, Failure> {
        self.unfounded = true;
        let plan = match FoundingLine::read(object, &cue.by, self.charter) {
            Ok(plan) => plan,
            Err(what) => return Ok(Outcome::Invalid(what)),
        };
        let text = match charter_text(&plan.charter) {
            Ok(text) => text,
            Err(failure) => return Ok(Outcome::Invalid(failure.what)),
        };
        match rehearsal_founding(&plan.name, &plan.authority, plan.threshold, &text, cue.at) {
            Ok(events) => {
                let founding = events.first().map(SignedEvent::id);
                let refused = self.begin(cue, events)?;
                self.unfounded = refused.is_some();
                let event = founding.map_or_else(String::new, |id| id.to_string());
                Ok(refused.unwrap_or(Outcome::Accepted { event, notes: Vec::new() }))
            }
            Err(error) => Ok(Outcome::Invalid(error.to_string())),
        }
    }

    /// Founds the ledger, in memory or in its file; a founding that is refused leaves neither.
    fn begin(&mut self, cue: &Cue, mut events: Vec<SignedEvent>) -> Result<Option<Outcome>, Failure> {
        let mut ledger = Ledger::default();
        for event in &events {
            if let Err(error) = ledger.admit(event.clone(), cue.at) {
                return Ok(Some(outcome_of(error)));
            }
        }
        self.confirmation = events.pop().map(|event| (event, cue.at));
        let mut ledger = Ledger::default();
        for event in &events {
            if let Err(error) = ledger.admit(event.clone(), cue.at) {
                return Ok(Some(outcome_of(error)));
            }
        }
        self.stage = Some(match self.path {
            Some(path) => Session::found(path, events, cue.at)?.into(),
            None => Stage { ledger, file: None },
        });
        Ok(None)
    }

    /// Enters the founder's own confirmation, where the play has not stated confirmations itself.
    fn confirm_founding(&mut self) -> Result<(), Failure> {
        let Some((event, at)) = self.confirmation.take() else { return Ok(()) };
        self.confirmed = self.state().and_then(State::founding).map(|f| (f.cause.by.clone(), event.id().to_string()));
        if let Some(stage) = &mut self.stage {
            stage.enter(|ledger| ledger.admit(event, at))?;
        }
        Ok(())
    }

    /// Hands out answers once everything that was played is durable; the play may go on meanwhile.
    pub(crate) fn answer(&mut self, answers: String) -> Result<(), Failure> {
        let Some(Stage { ledger, file: Some(Kept { waiting, keeper }) }) = &mut self.stage else {
            return tell(&answers);
        };
        let batch = waiting.seal(ledger);
        keeper.keep(batch, answers).or_else(|ended| self.ended(&ended))
    }

    /// Waits until the answers have been handed out.
    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        let Some(Stage { file: Some(Kept { keeper, .. }), .. }) = &mut self.stage else { return Ok(()) };
        keeper.wait().or_else(|ended| self.ended(&ended))
    }

    /// Says why no more is kept.
    fn ended(&mut self, ended: &Ended) -> Result<(), Failure> {
        self.close()?;
        Err(Failure::bug("answers were not handed out").caused_by(ended))
    }

    /// Ends the play with its last answers: a founding that nobody confirmed by a line of its own is confirmed, everything is durable
    /// and the file is closed.
    pub(crate) fn finish(&mut self, answers: String) -> Result<(), Failure> {
        self.confirm_founding()?;
        self.answer(answers)?;
        self.close()
    }

    /// Ends the play where it broke off: what has been handed over is kept and answered, and where it is not, that is said first.
    pub(crate) fn broken_off(mut self, failure: Failure) -> Failure {
        match self.close() {
            Ok(()) => failure,
            Err(mut lost) => {
                lost.causes.push(failure.on_one_line());
                lost
            }
        }
    }

    fn close(&mut self) -> Result<(), Failure> {
        let file = self.stage.as_mut().and_then(|stage| stage.file.take());
        file.map_or(Ok(()), |Kept { waiting: _, keeper }| keeper.finish())
    }

    fn admit(&mut self, cue: &Cue, act: Act) -> Result<Outcome, Failure> {
        let Some(ledger) = self.ledger() else { return Err(Failure::bug("a play without a stage")) };
        let payload = Payload { header: ledger.header(&cue.by, &act, cue.at), act };
        let key = self.keys.entry(cue.signer.clone()).or_insert_with_key(SigningKey::rehearsal);
        let signed = payload
            .encode()
            .map_err(|error| error.to_string())
            .and_then(|bytes| Verified::sign(bytes, key).map_err(|error| error.to_string()));
        let event = match signed {
            Ok(event) => event,
            Err(what) => return Ok(Outcome::Invalid(what)),
        };
        let Some(stage) = &mut self.stage else { return Err(Failure::bug("a play without a stage")) };
        Ok(match stage.enter(|ledger| ledger.admit_verified(event, cue.at)) {
            Ok(event) => {
                let state = stage.ledger.state();
                let notes = crate::commands::notes(state, &payload, &event, state.last_at());
                Outcome::Accepted { event: event.to_string(), notes }
            }
            Err(error) => outcome_of(error),
        })
    }
}

fn outcome_of(error: AdmitError) -> Outcome {
    match error {
        AdmitError::Refused(refusal) => Outcome::Refused(Box::new(refusal)),
        other => Outcome::Unsound(other),
    }
}

/// Who acts, what, when, and whose key signs.
#[derive(Debug)]
struct Cue {
    act: String,
    by: Handle,
    signer: Handle,
    at: Timestamp,
}

/// The fields of a `found` line; what it leaves out is filled in.
#[derive(Debug)]
struct FoundingLine {
    name: String,
    charter: String,
    authority: Vec<Handle>,
    threshold: u64,
}

impl FoundingLine {
    fn read(object: &Map<String, Value>, by: &Handle, default_charter: &str) -> Result<Self, String> {
        let mut line = Self {
            name: "rehearsal".to_owned(),
            charter: default_charter.to_owned(),
            authority: vec![by.clone()],
            threshold: 1,
        };
        for (field, value) in object {
            let wrong = || format!("the field `{field}` does not fit: {value}");
            match field.as_str() {
                "name" => value.as_str().ok_or_else(wrong)?.clone_into(&mut line.name),
                "charter" => value.as_str().ok_or_else(wrong)?.clone_into(&mut line.charter),
                "threshold" => line.threshold = value.as_u64().ok_or_else(wrong)?,
                "authority" => {
                    let items = value.as_array().ok_or_else(wrong)?.iter();
                    let handles = items.map(|item| item.as_str().and_then(|text| text.parse().ok()));
                    line.authority = handles.collect::<Option<_>>().ok_or_else(wrong)?;
                }
                _ => return Err(format!("the field `{field}` is not one that `found` takes in a rehearsal")),
            }
        }
        // The founder signs first, whatever the order in which the authority is written.
        let Some(founder) = line.authority.iter().position(|person| person == by) else {
            return Err(format!("the founder `{by}` is not a person of the authority"));
        };
        let founder = line.authority.remove(founder);
        line.authority.insert(0, founder);
        if !Charter::PRESETS.contains(&line.charter.as_str()) && line.charter.contains('\n') {
            return Err("`charter` names a charter or a file".to_owned());
        }
        Ok(line)
    }
}

/// The text of a charter: one that ships with Rollcall, or a file.
pub(crate) fn charter_text(name: &str) -> Result<String, Failure> {
    if let Some(text) = Charter::preset(name) {
        return Ok(text.to_owned());
    }
    crate::input::read_text(Path::new(name), rollcall_core::limits::CHARTER_BYTES_MAX).map_err(|failure| {
        let known = Charter::PRESETS.join(", ");
        let what = format!("no charter of this name ({known}) and no file that can be read: {name}");
        let mut unknown = Failure::usage(what);
        unknown.causes.push(failure.what);
        unknown.causes.extend(failure.causes);
        unknown
    })
}

/// Replays a rehearsal for reading, once a play has ended.
pub(crate) fn reopened(path: &Path) -> Result<Session, Failure> {
    Session::read(path, AsOf::Now)
}
