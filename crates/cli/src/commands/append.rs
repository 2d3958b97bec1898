//! `append`: enter what somebody signed elsewhere, any number of files at once, each answered by itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::digest::EventId;
use rollcall_core::event::{Payload, SignedEvent};
use rollcall_core::key::NAMESPACE;
use rollcall_core::ledger::AdmitError;
use rollcall_core::refusal::Reason;
use rollcall_core::submission::Shown;
use rollcall_core::time::Timestamp;
use rollcall_storage::durable;
use serde_json::{Value, json};

use super::inspect::CARRIED_BYTES_MAX;
use super::{ledger_path, receipt};
use crate::answer::{Answer, Exit};
use crate::carriage::{self, Carried};
use crate::failure::{Failure, refused};
use crate::session::Session;
use crate::{input, keys, operator, output};

const ARMOURED_SIGNATURE: &[u8] = b"-----BEGIN SSH SIGNATURE-----";

pub(super) fn command() -> Command {
    Command::new("append")
        .about("Append acts that were signed elsewhere, and hand out receipts")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("Signed events, binary or as text in a mail; or drafts with the signatures that ssh-keygen made"),
        )
        .arg(Arg::new("atomic").long("atomic").action(ArgAction::SetTrue).help("All of them or none; then no refusals are signed"))
        .arg(
            Arg::new("receipts")
                .long("receipts")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Write receipts into this folder, which is made where there is none, as FILE.ENTRY.receipt, by default beside each file as FILE.receipt; signed refusals as FILE.refusal"),
        )
        .arg(Arg::new("no-receipts").long("no-receipts").action(ArgAction::SetTrue).help("Write no receipts, and no signed refusals"))
        .arg(
            Arg::new("accept-at")
                .long("at")
                .value_name("TIME")
                .help("In a rehearsal: when the acts are accepted (RFC 3339)"),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Judge the acts and say what would happen; append nothing"),
        )
        .after_help("Examples:\n  rollcall --ledger L append ballot.signed\n  rollcall --ledger L append ballot ballot.sig\n  rollcall --ledger L append inbox/*.eml --atomic\n\nThey are tried in the order in which they say they were written, and again as long as one of them gets on: a refusal is the last word. Exit code 1 when any is refused.")
}

/// An act to append, with where it came from.
struct Item {
    place: PathBuf,
    event: SignedEvent,
    written: Timestamp,
    became: Option<Became>,
}

/// What became of an act.
enum Became {
    Accepted { entry: u64 },
    AlreadyThere { entry: u64 },
    Refused(AdmitError),
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let paths: Vec<&PathBuf> = args.get_many("file").into_iter().flatten().collect();
    let mut items = collect(&paths).map_err(|failure| none_appended(failure, paths.len()))?;
    items.sort_by_key(|item| item.written);
    let dry = args.get_flag("dry-run");
    if let Some(folder) = args.get_one::<PathBuf>("receipts").filter(|_| !dry) {
        // Told before anything is appended: an act without its receipt is not what was asked for.
        let what = format!("receipts cannot be written to: {}", folder.display());
        durable::make_folder(folder).map_err(|error| none_appended(Failure::io(what, &error), paths.len()))?;
    }
    let ledger = ledger_path(args)?;
    let mut session = Session::acting(ledger, items.len(), dry)?;
    let declared = super::parsed(args, "accept-at")?;
    let at = session.ask(|reading| reading.accepting_at(declared))??;
    admit_all(&mut session, &mut items, at)?;
    let atomic = args.get_flag("atomic");
    let any_refused = items.iter().any(|item| matches!(item.became, Some(Became::Refused(_))));
    let kept = !(dry || atomic && any_refused);
    if kept {
        session.flush()?;
    }
    let mut notes = Vec::new();
    if kept && !args.get_flag("no-receipts") {
        let signed = operator::sign_for(&mut session, ledger, &places(&items));
        notes = hand_out(args, (&session, signed), ledger, &items);
        notes.extend(answer_refusals(args, &session, ledger, &items, at));
    }
    if !session.state().lack().is_empty() {
        return Err(Failure::bug("receipts were made from a view that lacks rows"));
    }
    let view = View { kept, dry, atomic_failed: atomic && any_refused };
    Ok(answer(&items, &view, &notes, any_refused))
}

/// Who gave several files wants to know what became of the others.
fn none_appended(mut failure: Failure, files: usize) -> Failure {
    if 1 < files {
        failure.causes.push(format!("nothing was appended of {files} files"));
    }
    failure
}

/// Joins drafts with signatures and takes armour off; what belongs together is found by verifying.
fn collect(paths: &[&PathBuf]) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    let mut drafts: Vec<(PathBuf, Payload, Vec<u8>)> = Vec::new();
    let mut signatures: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for path in paths {
        let bytes = input::read(path, CARRIED_BYTES_MAX)?;
        if bytes.trim_ascii_start().starts_with(ARMOURED_SIGNATURE) {
            signatures.push(((*path).clone(), bytes));
            continue;
        }
        match carriage::read(&bytes).map_err(|failure| failure.at(&path.display().to_string()))? {
            Carried::Draft(payload, bytes) => drafts.push(((*path).clone(), payload, bytes)),
            Carried::Signed(events) => {
                for event in events {
                    let written = Payload::decode(event.payload()).map(|payload| payload.header.at).unwrap_or_default();
                    items.push(Item { place: (*path).clone(), event, written, became: None });
                }
            }
        }
    }
    let mut used = BTreeSet::new();
    for (place, payload, bytes) in drafts {
        let beside = place.with_added_extension("sig");
        let own = beside.exists().then(|| Ok((beside.clone(), input::read(&beside, input::SMALL_BYTES_MAX)?)));
        let candidates = signatures.iter().cloned().map(Ok).chain(own);
        let joined = candidates.map(|candidate: Result<_, Failure>| {
            let (path, signature) = candidate?;
            let event = keys::join_sshsig(bytes.clone(), &signature)
                .map_err(|failure| failure.at(&path.display().to_string()))?;
            Ok::<_, Failure>((path, event))
        });
        let joined = joined.collect::<Result<Vec<_>, _>>()?;
        let verifying = joined
            .iter()
            .find(|(_, event)| event.clone().verify(&mut rollcall_core::event::Keyring::default()).is_ok());
        // One that does not verify is handed on, so that the answer says so of this act.
        let Some((path, event)) = verifying.or(joined.first()) else { return Err(unsigned(&place)) };
        used.insert(path.clone());
        items.push(Item { place, event: event.clone(), written: payload.header.at, became: None });
    }
    match signatures.iter().find(|(path, _)| !used.contains(path)) {
        Some((path, _)) => Err(Failure::usage(format!("no draft that was given belongs to: {}", path.display()))
            .hint("rollcall append DRAFT DRAFT.sig")),
        None => Ok(items),
    }
}

fn unsigned(place: &Path) -> Failure {
    let shown = place.display();
    Failure::input(format!("a draft without a signature beside it: {shown}"))
        .hint(format!("rollcall sign {shown} --key KEY; or: ssh-keygen -Y sign -n {NAMESPACE} -f KEY {shown}"))
}

/// Admits what can be admitted, in rounds, until a round gets nothing on.
fn admit_all(session: &mut Session, items: &mut [Item], at: Timestamp) -> Result<(), Failure> {
    loop {
        let mut progress = false;
        for item in items
            .iter_mut()
            .filter(|item| !matches!(item.became, Some(Became::Accepted { .. } | Became::AlreadyThere { .. })))
        {
            item.became = Some(match session.admit(item.event.clone(), at)? {
                Ok(admission) => {
                    progress = true;
                    Became::Accepted { entry: admission.index }
                }
                Err(AdmitError::Refused(refusal)) => match refusal.reason.as_ref() {
                    Reason::AlreadyThere { entry, .. } => Became::AlreadyThere { entry: *entry },
                    _ => Became::Refused(AdmitError::Refused(refusal)),
                },
                Err(error) => Became::Refused(error),
            });
        }
        if !progress {
            return Ok(());
        }
    }
}

/// The entries of what is in the log now.
fn places(items: &[Item]) -> Vec<u64> {
    let places = items.iter().filter_map(|item| match item.became {
        Some(Became::Accepted { entry } | Became::AlreadyThere { entry }) => Some(entry),
        Some(Became::Refused(_)) | None => None,
    });
    places.collect()
}

/// Writes a receipt for everything that is in the log now; one that cannot be written undoes nothing.
fn hand_out(
    args: &ArgMatches,
    (session, signed): (&Session, Result<String, Failure>),
    ledger: &Path,
    items: &[Item],
) -> Vec<String> {
    let folder = args.get_one::<PathBuf>("receipts");
    let note = match signed {
        Ok(note) => note,
        Err(failure) => return vec![format!("no receipts: {}", failure.causes.first().unwrap_or(&failure.what))],
    };
    let mut notes = Vec::new();
    for item in items {
        let (Some(Became::Accepted { entry } | Became::AlreadyThere { entry }), name) = (&item.became, &item.place)
        else {
            continue;
        };
        let several = folder.is_some() || items.iter().filter(|other| other.place == *name).count() > 1;
        let extension = if several { format!("{entry}.receipt") } else { "receipt".to_owned() };
        let beside = name.with_added_extension(extension);
        let path = match (folder, beside.file_name()) {
            (Some(folder), Some(file)) => folder.join(file),
            (Some(_) | None, _) => beside,
        };
        let text = match receipt::issue(session, ledger, *entry, &note) {
            Ok(text) => text,
            Err(failure) => {
                notes.push(format!("no receipt for {}: {}", name.display(), failure.what));
                continue;
            }
        };
        if let Some(other) = not_a_receipt(&path) {
            notes.push(format!("no receipt for {}: a file is there already: {other}", name.display()));
            continue;
        }
        // The receipt that is there may be another act's.
        match output::keep_beside(&path, text.as_bytes()) {
            Ok(path) => notes.push(format!("receipt: {}", path.display())),
            Err(failure) => notes.push(format!("no receipt for {}: {}", name.display(), failure.on_one_line())),
        }
    }
    notes
}

/// Writes what the log says of each act that it refuses, signed. One that is there already is kept: it is somebody's proof.
fn answer_refusals(args: &ArgMatches, session: &Session, ledger: &Path, items: &[Item], at: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    for Item { place, event, written: _, became } in items {
        let Some(Became::Refused(error)) = became else { continue };
        let text = match operator::signed_refusal(session, ledger, Shown::of(event), error.code(), at) {
            Ok(text) => text,
            Err(failure) => return vec![format!("no signed refusals: {}", failure.what)],
        };
        let beside = place.with_added_extension("refusal");
        let path = match (args.get_one::<PathBuf>("receipts"), beside.file_name()) {
            (Some(folder), Some(file)) => folder.join(file),
            (Some(_) | None, _) => beside,
        };
        match output::create_beside(&path, text.as_bytes()) {
            Ok(path) => notes.push(format!("signed refusal: {}", path.display())),
            Err(failure) => notes.push(format!("no signed refusal for {}: {}", place.display(), failure.on_one_line())),
        }
    }
    notes
}

/// What is there and is no receipt is somebody's own.
fn not_a_receipt(path: &Path) -> Option<String> {
    let found = path.symlink_metadata().ok()?;
    let read = || input::read(path, rollcall_core::limits::RECEIPT_BYTES_MAX).unwrap_or_default();
    let is_receipt = found.is_file() && read().starts_with(b"c2sp.org/tlog-proof@v1\n");
    (!is_receipt).then(|| path.display().to_string())
}

/// What the answer needs to know besides the acts.
struct View {
    kept: bool,
    dry: bool,
    atomic_failed: bool,
}

impl View {
    fn word(&self, became: &Became) -> &'static str {
        match became {
            Became::Accepted { .. } if self.kept => "accepted",
            Became::Accepted { .. } if self.dry => "would be accepted",
            Became::Accepted { .. } => "not appended",
            Became::AlreadyThere { .. } => "already there",
            Became::Refused(_) => "refused",
        }
    }
}

fn answer(items: &[Item], view: &View, notes: &[String], any_refused: bool) -> Answer {
    let mut text = String::new();
    let mut rows = Vec::new();
    for Item { place, event, written: _, became } in items {
        let Some(became) = became else { continue };
        let (shown, id, word) = (place.display(), event.id(), view.word(became));
        let mut row = json!({"file": place, "event": id.to_string(), "outcome": word});
        match became {
            Became::Accepted { entry } | Became::AlreadyThere { entry } => {
                // An entry that is not kept has no number.
                let there = view.kept || view.dry || matches!(became, Became::AlreadyThere { .. });
                let number = if there { format!(", entry {entry}") } else { String::new() };
                text.push_str(&format!("{shown}: {word}{number}\n  event {id}\n"));
                if let Some(object) = row.as_object_mut().filter(|_| there) {
                    object.insert("entry".to_owned(), json!(entry));
                }
            }
            Became::Refused(error) => {
                let (what, told) = refusal(&id, error);
                text.push_str(&format!("{shown}: {what}"));
                if let (Some(object), Some(told)) = (row.as_object_mut(), told.as_object()) {
                    object.extend(told.clone());
                }
            }
        }
        rows.push(row);
    }
    if view.atomic_failed {
        text.push_str("nothing was appended: they were to be appended all or none\n");
    }
    for note in notes {
        text.push_str(&format!("  {note}\n"));
    }
    let exit = if any_refused { Exit::Refused } else { Exit::Done };
    let json = match rows.as_slice() {
        [one] => {
            let mut one = one.clone();
            if let Some(object) = one.as_object_mut() {
                object.insert("notes".to_owned(), json!(notes));
            }
            one
        }
        _ => json!({"events": Value::Array(rows), "notes": notes}),
    };
    Answer { json, text, exit }
}

/// A refusal in words, with how to go on, and as JSON.
fn refusal(id: &EventId, error: &AdmitError) -> (String, Value) {
    let AdmitError::Refused(refusal) = error else {
        let (code, what) = (error.code(), error.to_string());
        let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
        let text = format!("refused, {what}{cause} ({code})\n  event {id}\n");
        return (text, json!({"code": code, "clause": "format/signature", "facts": {}, "what": what}));
    };
    let stale = matches!(
        refusal.reason.as_ref(),
        Reason::Lapsed { .. } | Reason::SeenRootDiffers { .. } | Reason::SeenBeyond { .. } | Reason::VoteClosed { .. }
    );
    let hint =
        if stale { "the world has moved on; draft it anew: rollcall draft --help" } else { refusal.reason.hint() };
    let mut text = format!("refused, {} ({}, {})\n  event {id}\n", refusal.reason, refusal.rule, refusal.reason.code());
    if !hint.is_empty() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    let mut told = refused(refusal);
    if let Some(object) = told.as_object_mut() {
        object.insert("hint".to_owned(), json!(hint));
    }
    (text, told)
}
