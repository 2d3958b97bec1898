//! `charter rehearse`: plays the ledger's history again under a draft, in memory, and shows what would have differed.
//!
//! Every act is made again by the same person at the same time; what it refers to is the act that took the other's place.
//! An act that the draft refuses leaves no trace, and what referred to it falls with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::act::Act;
use rollcall_core::charter::Charter;
use rollcall_core::decide::basis;
use rollcall_core::digest::EventId;
use rollcall_core::entry::Entry;
use rollcall_core::event::Payload;
use rollcall_core::state::State;
use rollcall_storage::Store;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::commands::reading;
use crate::commands::roster::{Holders, at_instant};
use crate::failure::Failure;
use crate::rehearsal::{Outcome, Play};
use crate::session::Session;
use crate::show;

pub(super) fn command() -> Command {
    Command::new("rehearse")
        .about("Replay the history under a draft charter and show what would have differed; change nothing")
        .arg(
            Arg::new("draft")
                .value_name("NAME|FILE")
                .required_unless_present("readings")
                .value_parser(value_parser!(PathBuf))
                .help("The draft"),
        )
        .arg(Arg::new("readings").long("readings").action(ArgAction::SetTrue).conflicts_with("draft").help("Instead of a draft, each other reading of the charter in force that is written out"))
        .after_help("Examples:\n  rollcall --ledger L charter rehearse draft.toml\n  rollcall --ledger L charter rehearse --readings")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    if args.get_flag("readings") {
        return readings(&session);
    }
    let draft = args.get_one::<PathBuf>("draft").map(|path| path.display().to_string()).unwrap_or_default();
    under(&session, &draft)
}

/// The history under each other reading: which outcomes rest on the reading that was taken.
fn readings(session: &Session) -> Result<Answer, Failure> {
    let charter = session.charter()?;
    let own = text_in_force(session)?;
    let folder = tempfile::tempdir().map_err(|error| Failure::io("no room for a draft", &error))?;
    let path = folder.path().join("reading.toml");
    let (mut text, mut rows) = (String::new(), Vec::new());
    for reading in charter.interpretations() {
        let Some(variant) = reading.variant(&own) else { continue };
        std::fs::write(&path, variant).map_err(|error| Failure::io("a reading cannot be written", &error))?;
        let answer = under(session, &path.display().to_string())?;
        let _ = writeln!(
            text,
            "{} ({}): {}",
            reading.id,
            reading.clause,
            reading.others.first().map_or("", String::as_str)
        );
        for line in answer.text.lines() {
            let _ = writeln!(text, "    {line}");
        }
        let flips = answer.json.get("outcomes").and_then(Value::as_array).is_some_and(|outcomes| !outcomes.is_empty());
        rows.push(json!({"interpretation": reading.id, "clause": reading.clause, "other": reading.others.first(), "flips": flips, "result": answer.json}));
    }
    Ok(Answer::new(json!({"readings": rows}), text))
}

/// The text of the charter in force, as the log carries it.
fn text_in_force(session: &Session) -> Result<String, Failure> {
    let digest = session.charter()?.digest();
    let mut texts: BTreeMap<(String, String), String> = BTreeMap::new();
    for bytes in session.store().entries(0..session.state().log().size())? {
        let unreadable = |error: &dyn std::error::Error| Failure::input("an entry cannot be read").caused_by(error);
        let entry = Entry::decode(&bytes).map_err(|error| unreadable(&error))?;
        let payload = Payload::decode(entry.event.payload()).map_err(|error| unreadable(&error))?;
        if let Act::CharterPart(part) = payload.act {
            let key = (part.draft.map_or_else(String::new, |draft| draft.to_string()), payload.header.by.to_string());
            texts.entry(key).or_default().push_str(part.text.as_str());
        }
    }
    let found = texts.into_values().find(|text| Charter::digest_of(text) == digest);
    found.ok_or_else(|| Failure::bug("the log does not carry the charter in force"))
}

fn under(session: &Session, draft: &str) -> Result<Answer, Failure> {
    let mut play = Play::new(None, draft)?;
    let mut met: BTreeMap<String, String> = BTreeMap::new();
    let mut refused = Vec::new();
    let mut text = String::new();
    for line in history(session, draft)? {
        let (index, id) = (line.index, line.id.clone());
        match play.object(line.object)? {
            Outcome::Accepted { event, notes: _ } => {
                met.insert(id, event);
            }
            Outcome::Refused(refusal) => {
                let _ = writeln!(text, "entry {index} ({} by {}) would be refused: {refusal}", line.act, line.by);
                refused.push(json!({"entry": index, "act": line.act, "by": line.by, "code": refusal.reason.code(), "clause": refusal.rule, "what": refusal.reason.to_string()}));
            }
            Outcome::Unsound(error) => {
                return Err(Failure::bug(format!("entry {index} cannot be made again: {error}")));
            }
            Outcome::Invalid(what) => {
                return Err(Failure::input(format!("entry {index} cannot be played under the draft: {what}")));
            }
        }
    }
    play.finish(String::new())?;
    let at = session.asking_at()?;
    let Some(other) = play.state() else { return Err(Failure::input("the draft admits no founding")) };
    let outcomes = differing(session.state(), other, &met, at);
    for outcome in &outcomes {
        let _ = writeln!(text, "motion “{}”: {} here, {} under the draft", outcome.title, outcome.here, outcome.there);
    }
    let rosters = (at_instant(session.state(), at), at_instant(other, at));
    let changes = changed(&rosters.0, &rosters.1);
    for (sign, what) in &changes {
        let _ = writeln!(text, "{sign} {what}");
    }
    if refused.is_empty() && outcomes.is_empty() && changes.is_empty() {
        text.push_str("under the draft, nothing would have differed\n");
    }
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|o| json!({"motion": o.motion, "title": o.title, "here": o.here, "draft": o.there}))
        .collect();
    let roster: Vec<_> = changes.iter().map(|(sign, what)| json!({"change": sign, "what": what})).collect();
    Ok(Answer::new(json!({"draft": draft, "refused": refused, "outcomes": outcomes, "roster": roster}), text))
}

/// One entry of the history as a line that can be played.
struct Line {
    index: u64,
    id: String,
    act: String,
    by: String,
    object: Map<String, Value>,
}

/// The history as lines: the founding under the draft, then every act with its references as labels.
fn history(session: &Session, draft: &str) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    let mut known: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    let size = session.state().log().size();
    let entries = session.store().entries(0..size)?;
    for (index, bytes) in (0_u64..).zip(entries) {
        let unreadable =
            |error: &dyn std::error::Error| Failure::input(format!("entry {index} cannot be read")).caused_by(error);
        let entry = Entry::decode(&bytes).map_err(|error| unreadable(&error))?;
        let payload = Payload::decode(entry.event.payload()).map_err(|error| unreadable(&error))?;
        let (act, by, id) = (payload.act.tag().to_owned(), payload.header.by.to_string(), entry.event.id().to_string());
        let mut object = show::entry(index, &bytes)?;
        for header in ["entry", "accepted_at", "event", "act", "by"] {
            object.remove(header);
        }
        if act == "charter-part" && object.get("draft").is_none() {
            continue;
        }
        if act == "found" {
            object.retain(|field, _| matches!(field.as_str(), "name" | "authority" | "threshold"));
            object.insert("charter".to_owned(), json!(draft));
        }
        if let Some(event) = object.remove("refers_to") {
            object.insert("event".to_owned(), event);
        }
        for value in object.values_mut() {
            relabel(value, &known);
        }
        object.insert("id".to_owned(), json!(id));
        object.insert("act".to_owned(), json!(act));
        object.insert("by".to_owned(), json!(by));
        object.insert("at".to_owned(), json!(entry.accepted_at.to_string()));
        known.insert(id.clone());
        lines.push(Line { index, id, act, by, object });
    }
    Ok(lines)
}

fn relabel(value: &mut Value, known: &std::collections::BTreeSet<String>) {
    match value {
        Value::String(text) if known.contains(text) => *text = format!("@{text}"),
        Value::Array(items) => items.iter_mut().for_each(|item| relabel(item, known)),
        Value::Object(object) => object.values_mut().for_each(|value| relabel(value, known)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

struct Differing {
    motion: String,
    title: String,
    here: String,
    there: String,
}

/// Motions whose outcome differs.
fn differing(
    here: &State,
    there: &State,
    met: &BTreeMap<String, String>,
    at: rollcall_core::time::Timestamp,
) -> Vec<Differing> {
    let outcome = |state: &State, id: &EventId| {
        let Some((motion, vote)) = state.motions().voted(id) else { return "not voted on".to_owned() };
        basis::outcome(state, motion, vote, at).map_or_else(|| "open".to_owned(), |outcome| outcome.to_string())
    };
    let differing = here.motions().iter().filter_map(|(id, motion)| {
        let other = met.get(&id.to_string()).and_then(|event| event.parse().ok());
        let (own, others) = (outcome(here, id), other.map_or_else(|| "refused".to_owned(), |id| outcome(there, &id)));
        let title = motion.title.as_str().to_owned();
        (own != others).then(|| Differing { motion: id.to_string(), title, here: own, there: others })
    });
    differing.collect()
}

/// What the two rosters hold apart.
fn changed(here: &Holders, there: &Holders) -> Vec<(char, String)> {
    let flat = |roster: &Holders| -> std::collections::BTreeSet<String> {
        let rows = roster.iter().flat_map(|(unit, roles)| {
            roles
                .iter()
                .flat_map(move |(role, people)| people.iter().map(move |person| format!("{unit} {role}: {person}")))
        });
        rows.collect()
    };
    let (here, there) = (flat(here), flat(there));
    let lost = here.difference(&there).map(|row| ('-', row.clone()));
    let won = there.difference(&here).map(|row| ('+', row.clone()));
    lost.chain(won).collect()
}
