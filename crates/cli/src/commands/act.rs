//! One verb per act: flags from core's table of acts, signed with a key, judged, appended.

use std::cell::RefCell;

use clap::{Arg, ArgAction, ArgMatches, Command};
use rollcall_core::act::Act;
use rollcall_core::digest::EventId;
use rollcall_core::effect::Effect;
use rollcall_core::event::{Payload, SignedEvent};
use rollcall_core::field::{FieldSpec, Kind, RecordSpec};
use rollcall_core::key::PublicKey;
use rollcall_core::limits::{MISSING_MAX, TEXT_BYTES_MAX};
use rollcall_core::name::Handle;
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::ledger_path;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::json::{self, Misfit};
use crate::reading::{Asked, Reading};
use crate::session::Session;
use crate::signer::Signer;
use crate::{keys, show};

/// Acts that have a command of their own, or are part of one.
const ELSEWHERE: [&str; 4] = ["found", "charter-part", "erase", "import"];

/// The commands of every act.
pub(super) fn commands() -> impl Iterator<Item = Command> {
    plain().map(whole)
}

/// The command of an act.
pub(super) fn named(act: &str) -> Option<Command> {
    plain().find(|spec| spec.name == act).map(whole)
}

/// Acts whose verb does nothing else: an anchor's own command asks the witnesses besides.
fn plain() -> impl Iterator<Item = &'static RecordSpec> {
    specs().filter(|spec| spec.name != "anchor")
}

fn whole(spec: &RecordSpec) -> Command {
    command(spec).defer(|command| flagged(command).arg(at_arg()).arg(dry_run_arg()))
}

/// Acts that a person makes by a verb.
pub(super) fn specs() -> impl Iterator<Item = &'static RecordSpec> {
    Act::SPECS.iter().filter(|spec| !ELSEWHERE.contains(&spec.name))
}

/// The command of one act, without its flags: those of every act take a millisecond, so they are added where one is asked for.
pub(super) fn command(spec: &RecordSpec) -> Command {
    Command::new(spec.name).about(spec.doc.trim().trim_end_matches('.').to_owned())
}

/// Adds the flags of an act to its command, without those that say what becomes of it.
pub(super) fn flagged(command: Command) -> Command {
    let Some(spec) = Act::SPECS.iter().find(|spec| spec.name == command.get_name()) else { return command };
    let command = command.args(spec.fields.iter().map(field_arg)).arg(missing_arg()).next_help_heading("Act");
    command.after_help(format!("Example:\n  rollcall {} {}", spec.name, example_flags(spec)))
}

fn missing_arg() -> Arg {
    Arg::new("missing")
        .long("missing")
        .value_name("EVENT")
        .action(ArgAction::Append)
        .help("An event that you submitted and that the log lacks, by its whole id; repeat the flag for more")
        .help_heading("Options")
}

/// The events that the author misses, in the order in which a payload lists them.
pub(super) fn missing(args: &ArgMatches) -> Result<Vec<EventId>, Failure> {
    let read = |text: &String| {
        let whole = "an event that is missing is named by all 64 digits of its id";
        text.parse().map_err(|_| Failure::usage(format!("{whole}, got: {text}")))
    };
    let events = args.get_many("missing").into_iter().flatten().map(read);
    let events = events.collect::<Result<std::collections::BTreeSet<EventId>, Failure>>()?;
    if MISSING_MAX < u64::try_from(events.len()).unwrap_or(u64::MAX) {
        return Err(Failure::usage(format!("at most {MISSING_MAX} events can be named as missing")));
    }
    Ok(events.into_iter().collect())
}

pub(super) fn at_arg() -> Arg {
    Arg::new("accept-at").long("at").value_name("TIME").help("In a rehearsal: when the act is accepted (RFC 3339)")
}

pub(super) fn dry_run_arg() -> Arg {
    Arg::new("dry-run")
        .long("dry-run")
        .action(ArgAction::SetTrue)
        .help("Judge the act and say what would happen; append nothing")
}

fn field_arg(spec: &FieldSpec) -> Arg {
    let flag = spec.name.replace('_', "-");
    let value = match spec.kind {
        Kind::Word(words) => words.join("|"),
        _ if is_file(spec) => "FILE".to_owned(),
        kind => value_name(kind).to_owned(),
    };
    let list =
        matches!(spec.kind, Kind::Texts | Kind::Notes | Kind::References | Kind::Handles | Kind::Events | Kind::Keys);
    let help =
        format!("{}{}", spec.doc.trim().trim_end_matches('.'), if list { "; repeat the flag for more" } else { "" });
    let arg = Arg::new(spec.name).long(flag).value_name(value).required(spec.required).help(help);
    if list { arg.action(ArgAction::Append) } else { arg.allow_hyphen_values(spec.kind == Kind::Text) }
}

/// A text of many lines that others write; the flag names the file that holds it.
fn is_file(spec: &FieldSpec) -> bool {
    spec.kind == Kind::Text && matches!(spec.name, "policy" | "checkpoint")
}

fn value_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Texts | Kind::References => "TEXT",
        Kind::Notes => "NAME: TEXT",
        Kind::Handle | Kind::Handles => "HANDLE",
        Kind::Unit => "UNIT",
        Kind::Name => "NAME",
        Kind::Event | Kind::Events => "EVENT",
        Kind::Digest => "HEX",
        Kind::Key | Kind::Keys => "KEY",
        Kind::Time => "TIME",
        Kind::Count => "N",
        Kind::Word(_) => "WORD",
        Kind::Effect => "EFFECT",
    }
}

fn example_flags(spec: &RecordSpec) -> String {
    let shown =
        spec.fields.iter().filter(|field| field.required || matches!(field.name, "meeting" | "agenda" | "basis"));
    let flags = shown.map(|field| format!("--{} {}", field.name.replace('_', "-"), example_value(spec.name, field)));
    flags.collect::<Vec<_>>().join(" ")
}

fn example_value(act: &str, field: &FieldSpec) -> String {
    match (field.kind, field.name) {
        (Kind::Word(words), _) => words.first().copied().unwrap_or_default().to_owned(),
        (Kind::Unit, _) => "toc".to_owned(),
        (Kind::Name, "kind") => "pmc".to_owned(),
        (Kind::Name, _) => "member".to_owned(),
        (Kind::Handle | Kind::Handles, _) => "alice".to_owned(),
        (Kind::Event | Kind::Events, _) => "3f2a9c".to_owned(),
        (Kind::Notes, _) => "\"depth: rewrote the optimizer\"".to_owned(),
        (Kind::Time, _) => "2026-03-09T12:00:00Z".to_owned(),
        (Kind::Effect, _) => "\"grant unit=pmc/greatsql role=chair person=bob\"".to_owned(),
        (Kind::Count, _) => "1".to_owned(),
        (Kind::Text, "policy") => "witnesses.policy".to_owned(),
        (Kind::Text, "checkpoint") => "public/checkpoint".to_owned(),
        (Kind::Text | Kind::Texts | Kind::References, "title" | "agenda") => {
            "\"Elect the chair of pmc/greatsql\"".to_owned()
        }
        (Kind::Text | Kind::Texts | Kind::References, _) => {
            format!("\"{}\"", if act == "cancel" { "the room is flooded" } else { "in our own words" })
        }
        (Kind::Digest, _) => "HEX".to_owned(),
        (Kind::Key | Kind::Keys, _) => "id_ed25519.pub".to_owned(),
    }
}

/// Runs an act's verb.
pub(super) fn run(verb: &str, args: &ArgMatches) -> Result<Answer, Failure> {
    let Some(spec) = specs().find(|spec| spec.name == verb) else {
        return Err(Failure::bug(format!("no such command: {verb}")));
    };
    let declared: Option<Timestamp> = super::parsed(args, "accept-at")?;
    let dry = args.get_flag("dry-run");
    let path = ledger_path(args)?;
    let mut session = Session::acting(path, 1, dry)?;
    let at = session.ask(|reading| reading.accepting_at(declared))??;
    let asked = RefCell::new(&mut session);
    let act = read(spec, args, &|text| asked.ask(|reading| super::event(reading.state, text))?)?;
    let (by, key) = signer(args, &asked)?;
    let event = session.sign_missing(&by, &key, act, missing(args)?, at)?;
    submit(&mut session, event, at, dry)
}

/// Judges an event and, unless it is a dry run, appends it.
pub(super) fn submit(session: &mut Session, event: SignedEvent, at: Timestamp, dry: bool) -> Result<Answer, Failure> {
    let id = event.id();
    let payload = Payload::decode(event.payload());
    let admission = session.admit(event, at)??;
    if dry {
        let json = json!({"outcome": "would be accepted", "entry": admission.index, "event": id.to_string()});
        return Ok(Answer::new(json, format!("would be accepted as entry {}\n", admission.index)));
    }
    session.flush()?;
    let mut object = show::entry(admission.index, &admission.bytes)?;
    let line = show::entry_line(&object);
    let notes = session.ask(|reading| {
        let told = |payload: &Payload| crate::commands::notes(reading.state, payload, &id, at);
        let mut notes = payload.as_ref().map_or_else(|_| Vec::new(), told);
        notes.extend(keyless(reading.state, &object));
        notes
    })?;
    object.insert("outcome".to_owned(), json!("accepted"));
    object.insert("notes".to_owned(), json!(notes));
    let mut text = format!("accepted\n{line}\n  event {id}\n");
    for note in notes {
        text.push_str("  note: ");
        text.push_str(&note);
        text.push('\n');
    }
    Ok(Answer::new(Value::Object(object), text))
}

/// Finds an event by what a person writes of its id.
pub(super) type Events<'a> = &'a dyn Fn(&str) -> Result<EventId, Failure>;

/// Whoever has just ended their last key is told what is left.
fn keyless(state: &State, entry: &Map<String, Value>) -> Option<String> {
    let by: Handle = entry.get("by")?.as_str()?.parse().ok()?;
    let none = state.keys().signing(&by).next().is_none();
    let revoked = entry.get("act")?.as_str()? == "revoke-key";
    (none && revoked).then(|| {
        format!("`{by}` has no key left that signs: offer a new one (rollcall offer-key), which a recovery key binds, or the authority after its waiting period")
    })
}

/// Reads an act from its flags.
pub(super) fn read(spec: &RecordSpec, args: &ArgMatches, events: Events<'_>) -> Result<Act, Failure> {
    let mut object = Map::new();
    for field in spec.fields {
        let Some(values) = args.get_many::<String>(field.name) else { continue };
        let values: Vec<&String> = values.collect();
        if let Some(value) = flag_value(field, &values, events)? {
            object.insert(field.name.to_owned(), value);
        }
    }
    let misfit = |misfit| match misfit {
        Misfit::Field(what) => Failure::usage(what),
        Misfit::Label(label) => Failure::usage(format!("`{label}`: labels are for rehearsals; give the event's id")),
    };
    let map = json::read(spec.fields, &object, &|_| None).map_err(misfit)?;
    Act::from_map(spec.name, map).map_err(|error| Failure::usage(error.to_string()))
}

fn flag_value(field: &FieldSpec, values: &[&String], events: Events<'_>) -> Result<Option<Value>, Failure> {
    let Some(first) = values.first() else { return Ok(None) };
    Ok(Some(match field.kind {
        Kind::Event => json!(events(first)?.to_string()),
        Kind::Count => json!(
            first
                .parse::<u64>()
                .map_err(|_| Failure::usage(format!("`{}` is a whole number, got: {first}", field.name)))?
        ),
        Kind::Text if is_file(field) => json!(crate::input::read_text(first.as_ref(), TEXT_BYTES_MAX)?),
        Kind::References if values.len() == 1 && first.as_str() == "none" => json!("none"),
        Kind::Events => {
            let ids = values.iter().map(|id| Ok(events(id)?.to_string()));
            json!(ids.collect::<Result<Vec<_>, Failure>>()?)
        }
        Kind::Texts | Kind::Notes | Kind::Handles | Kind::References | Kind::Keys => json!(values),
        Kind::Effect => effect(first, events)?,
        Kind::Text | Kind::Handle | Kind::Unit | Kind::Name | Kind::Digest | Kind::Key | Kind::Time | Kind::Word(_) => {
            json!(first)
        }
    }))
}

/// An effect as JSON, or as `kind field=value …`, where a value goes on to the next ` field=` of that kind.
fn effect(text: &str, events: Events<'_>) -> Result<Value, Failure> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| Failure::usage("the effect is not JSON").caused_by(&error));
    }
    let (kind, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let known = || Effect::SPECS.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
    let spec = Effect::SPECS.iter().find(|spec| spec.name == kind);
    let spec = spec.ok_or_else(|| Failure::usage(format!("unknown effect kind `{kind}`, known: {}", known())))?;
    let mut object = Map::from_iter([("kind".to_owned(), json!(kind))]);
    let padded = format!(" {}", rest.trim());
    let mut starts: Vec<(usize, &FieldSpec)> = spec
        .fields
        .iter()
        .filter_map(|field| padded.find(&format!(" {}=", field.name)).map(|at| (at, field)))
        .collect();
    starts.sort_by_key(|(at, _)| *at);
    if starts.first().is_none_or(|(at, _)| *at != 0) {
        let fields: Vec<_> = spec.fields.iter().map(|field| format!("{}=…", field.name)).collect();
        return Err(Failure::usage(format!("an effect is written: {kind} {}", fields.join(" "))));
    }
    for (index, (at, field)) in starts.iter().enumerate() {
        let begin = at.saturating_add(field.name.len()).saturating_add(2);
        let end = starts.get(index.saturating_add(1)).map_or(padded.len(), |(at, _)| *at);
        let value = padded.get(begin..end).unwrap_or_default().trim().to_owned();
        let list: Vec<String> = value.split(',').map(|item| item.trim().to_owned()).collect();
        let values: Vec<&String> =
            if matches!(field.kind, Kind::Handles | Kind::Notes) { list.iter().collect() } else { vec![&value] };
        if let Some(value) = flag_value(field, &values, events)? {
            object.insert(field.name.to_owned(), value);
        }
    }
    Ok(Value::Object(object))
}

/// Who signs, and with what: the key that was given, or in a rehearsal the test key of `--by`.
pub(super) fn signer(args: &ArgMatches, asked: &impl Asked) -> Result<(Handle, Signer), Failure> {
    let by = super::handle(args, "by")?;
    if let Some(path) = args.get_one::<std::path::PathBuf>("key") {
        let owner = |key: &PublicKey| asked.ask(|reading| reading.state.keys().owner(key).cloned());
        let failed = RefCell::new(None);
        let wanted = |key: &PublicKey| match owner(key) {
            Ok(owner) => owner.is_some() && (by.is_none() || owner == by),
            Err(failure) => {
                failed.replace(Some(failure));
                false
            }
        };
        let loaded = Signer::open(path, &super::passphrase(args), &wanted);
        if let Some(failure) = failed.take() {
            return Err(failure);
        }
        let loaded = loaded?;
        let author = match by {
            Some(by) => by,
            None => match owner(loaded.public())? {
                Some(owner) => owner,
                None => return Err(asked.ask(|reading| unknown(reading.state, loaded.public()))?),
            },
        };
        return Ok((author, loaded));
    }
    let rehearsal = asked.ask(|reading: Reading<'_>| reading.is_rehearsal())?;
    if !rehearsal {
        return Err(Failure::usage("which key signs? name it with `--key FILE` or in ROLLCALL_KEY")
            .hint("rollcall key new --help"));
    }
    let by = by.ok_or_else(|| Failure::usage("who acts? name the author with `--by HANDLE`"))?;
    let key = Signer::rehearsal(&by)?;
    Ok((by, key))
}

/// What is known of a key that nobody owns now.
fn unknown(state: &State, key: &PublicKey) -> Failure {
    let known = state.keys();
    let former = || {
        let people = state.people().iter();
        let mut all = people.filter_map(|(person, _)| Some((person, known.binding(person, key)?)));
        let (person, binding) = all.next()?;
        let (how, cause) = binding.ended.as_ref()?;
        Some(format!("this key of `{person}` was {} at: {}", how.as_str(), cause.at))
    };
    let offered = || {
        let mut open = known.offers().filter(|(_, offer)| offer.is_open() && offer.key == *key);
        open.next().map(|(event, offer)| {
            format!("this key is offered as one of `{}` and not bound yet: {event}", offer.person())
        })
    };
    if let Some(what) = former().or_else(offered) {
        return Failure::usage(what).hint("rollcall key list");
    }
    let shown = keys::fingerprint(key);
    Failure::usage(format!("nobody on this ledger owns the key {shown}; say who you are with `--by HANDLE`"))
        .hint("rollcall enrol --by HANDLE --key FILE")
}
