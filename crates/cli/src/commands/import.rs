//! `import`: role changes of the past, merged from several files by time, all or nothing.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::act::{Act, Change, Import};
use rollcall_core::decide::import_content_digest;
use rollcall_core::event::Payload;
use rollcall_core::field::Text;
use rollcall_core::ledger::AdmitError;
use rollcall_core::name::Handle;
use rollcall_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{act, ledger_path};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::input;
use crate::session::Session;
use crate::signer::Signer;

const AFTER: &str = "\
Examples:
  rollcall --ledger L import bodies.jsonl changes.jsonl
  rollcall --ledger L import changes.jsonl --dry-run

A line is a JSON object with `time` (RFC 3339), `change` (create, dissolve, grant, revoke), `body`, for a grant or
revocation `person` and `role`, and optionally `commit` and `pr`. Other fields are kept as evidence. Files are merged by
time: at one instant creations come first, then role changes, then dissolutions. Lines already imported are left out.";

pub(super) fn command() -> Command {
    Command::new("import")
        .about("Import role changes of the past, as the appointing authority")
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("JSON Lines files"),
        )
        .arg(
            Arg::new("accept-at")
                .long("at")
                .value_name("TIME")
                .help("In a rehearsal: when the import is accepted (RFC 3339)"),
        )
        .arg(Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help("Judge every line; append nothing"))
        .after_help(AFTER)
}

/// Bytes of one source file: some millions of lines.
const IMPORT_BYTES_MAX: u64 = 1 << 30;

/// A line of a source, in the order in which it is imported.
pub(super) struct Line {
    act: Import,
    place: String,
}

/// Reads source files and merges their lines by time.
pub(super) fn read<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for path in files {
        lines.extend(read_file(path)?);
    }
    lines.sort_by_key(|line| (line.act.time, rank(line.act.change)));
    Ok(lines)
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let lines = read(args.get_many::<PathBuf>("files").into_iter().flatten())?;
    let mut session = Session::write(ledger_path(args)?)?;
    let at = session.accepting_at(super::parsed(args, "accept-at")?)?;
    let (by, key) = authority(args, &session)?;
    add(&mut session, lines, (&by, &key), at, args.get_flag("dry-run"))
}

/// Imports lines in one transaction, or judges them only.
pub(super) fn add(
    session: &mut Session,
    lines: Vec<Line>,
    (by, key): (&Handle, &Signer),
    at: Timestamp,
    dry: bool,
) -> Result<Answer, Failure> {
    let before = session.state().head();
    let total = lines.len();
    let mut present = 0_usize;
    let mut alike: Vec<String> = Vec::new();
    for Line { act, place } in lines {
        if session.state().roster().imported(&import_content_digest(&act)).is_some() {
            present = present.saturating_add(1);
            continue;
        }
        if let Some(person) = act.person.as_ref().filter(|person| session.state().people().get(person).is_none())
            && let Some(like) = session.state().people().look_alike(person)
        {
            alike.push(format!("{person} looks like {like}"));
        }
        let act = Act::Import(act);
        // One transaction: every line was written by somebody who had seen the log before the import.
        let mut header = session.ledger.header(by, &act, at);
        header.seen = before;
        let payload = Payload { header, act }
            .encode()
            .map_err(|error| Failure::input("the line cannot be written").caused_by(&error).at(&place))?;
        let event = key.event(payload).map_err(|failure| failure.at(&place))?;
        session.admit(event, at)?.map_err(|error: AdmitError| Failure::from(error).at(&place))?;
    }
    let added = session.waiting();
    if !dry {
        session.flush()?;
    }
    let head = session.state().head();
    let json = json!({
        "outcome": if dry { "would be imported" } else { "imported" },
        "lines": total,
        "added": added,
        "already_there": present,
        "look_alikes": alike,
        "size": head.size,
        "root": head.root.to_string(),
    });
    let verb = if dry { "would import" } else { "imported" };
    let mut text =
        format!("{verb} {added} of {total} lines, {present} were there already; the log has {} entries\n", head.size);
    for pair in alike.iter().take(10) {
        text.push_str(&format!("  note: {pair}\n"));
    }
    if alike.len() > 10 {
        text.push_str(&format!(
            "  note: and {} more pairs that look alike (--json lists them)\n",
            alike.len().saturating_sub(10)
        ));
    }
    Ok(Answer::new(json, text))
}

/// Who imports: the key's owner, or in a rehearsal the first of the authority.
fn authority(args: &ArgMatches, session: &Session) -> Result<(Handle, Signer), Failure> {
    let named = args.get_one::<String>("by").is_some() || args.get_one::<PathBuf>("key").is_some();
    match session.state().authority().persons.first() {
        Some(first) if session.is_rehearsal() && !named => Ok((first.clone(), Signer::rehearsal(first)?)),
        Some(_) | None => act::signer(args, &session.reading()),
    }
}

/// At one instant creations come first, then role changes, then dissolutions.
const fn rank(change: Change) -> u8 {
    match change {
        Change::Create => 0,
        Change::Grant | Change::Revoke => 1,
        Change::Dissolve => 2,
    }
}

fn read_file(path: &Path) -> Result<Vec<Line>, Failure> {
    let shown = path.display();
    let bytes = input::read(path, IMPORT_BYTES_MAX)?;
    let mut lines: Vec<Line> = Vec::new();
    let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if body.is_empty() {
        return Err(Failure::input(format!("the file is empty: {shown}")));
    }
    for (number, bytes) in (1_u64..).zip(body.split(|byte| *byte == b'\n')) {
        let place = format!("{shown}, line {number}");
        let text = std::str::from_utf8(bytes).map_err(|_| Failure::input("the line is not UTF-8").at(&place))?;
        let act = read_line(text).map_err(|what| Failure::input(what).at(&place))?;
        if lines.last().is_some_and(|last| act.time < last.act.time) {
            return Err(Failure::input(format!("time goes back within the file, to {}", act.time)).at(&place));
        }
        lines.push(Line { act, place });
    }
    Ok(lines)
}

fn read_line(text: &str) -> Result<Import, String> {
    let mut object = crate::json::object(text)?;
    let time: Timestamp = needed(&mut object, "time")?.parse().map_err(|error| format!("`time`: {error}"))?;
    let change = needed(&mut object, "change")?;
    let change = Change::from_word(&change)
        .ok_or_else(|| format!("`change` is create, dissolve, grant or revoke, got: `{change}`"))?;
    let body = needed(&mut object, "body")?.parse().map_err(|error| format!("`body`: {error}"))?;
    let person = optional(&mut object, "person")?
        .map(|text| text.parse())
        .transpose()
        .map_err(|error| format!("`person`: {error}"))?;
    let role = optional(&mut object, "role")?
        .map(|text| text.parse())
        .transpose()
        .map_err(|error| format!("`role`: {error}"))?;
    let commit = optional(&mut object, "commit")?
        .map(|text| Text::new(&text))
        .transpose()
        .map_err(|error| format!("`commit` {error}"))?;
    let pr = object.get("pr").and_then(Value::as_u64);
    if pr.is_some() {
        object.remove("pr");
    }
    let rest: Map<String, Value> = object;
    let evidence = if rest.is_empty() {
        None
    } else {
        Some(Text::new(&Value::Object(rest).to_string()).map_err(|error| format!("the evidence {error}"))?)
    };
    let roles = matches!(change, Change::Grant | Change::Revoke);
    if roles != person.is_some() || roles != role.is_some() {
        return Err(format!("a `{change}` {} `person` and `role`", if roles { "needs" } else { "has no" }));
    }
    Ok(Import { change, body, person, role, time, commit, pr, evidence })
}

fn needed(object: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    optional(object, name)?.ok_or_else(|| format!("the field `{name}` is missing"))
}

fn optional(object: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match object.remove(name) {
        Some(Value::String(text)) => Ok(Some(text)),
        None | Some(Value::Null) => Ok(None),
        Some(other) => Err(format!("the field `{name}` must be text, got: {other}")),
    }
}
