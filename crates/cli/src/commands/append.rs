//! `append`: enter what somebody signed elsewhere, any number of files at once, each answered by itself: into a ledger that is at hand, or by
//! way of a service that has it.

mod remote;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::event::Keyring;
use rollcall_core::key::NAMESPACE;
use rollcall_core::submission::Shown;
use rollcall_core::time::Timestamp;
use rollcall_server::fetch::Address;
use rollcall_storage::durable;
use serde_json::{Value, json};

use super::inspect::CARRIED_BYTES_MAX;
use super::ledger_path;
use crate::advice;
use crate::answer::{Answer, Exit};
use crate::batch::{self, Became};
use crate::carriage::{self, Carried};
use crate::failure::Failure;
use crate::session::Session;
use crate::{input, keys, operator, output};

/// An act, with the file that it came in.
type Item = batch::Item<PathBuf>;

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
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("URL")
                .conflicts_with_all(["atomic", "accept-at", "dry-run"])
                .help("Send them to the service at this address (`rollcall serve`) instead of to a ledger at hand; its receipts are verified here"),
        )
        .arg(
            Arg::new("log-key")
                .long("log-key")
                .value_name("VKEY")
                .requires("to")
                .allow_hyphen_values(true)
                .help("The log's verifier key: receipts of the service must be under it, and its refusals are verified"),
        )
        .after_help("Examples:\n  rollcall --ledger L append ballot.signed\n  rollcall --ledger L append ballot ballot.sig\n  rollcall --ledger L append inbox/*.eml --atomic\n  rollcall append ballot.signed --to https://ledger.example.org\n\nThey are tried in the order in which they say they were written, and again as long as one of them gets on: a refusal is the last word. Exit code 1 when any is refused.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let paths: Vec<&PathBuf> = args.get_many("file").into_iter().flatten().collect();
    let mut items = collect(&paths).map_err(|failure| none_appended(failure, paths.len()))?;
    items.sort_by_cached_key(Item::written);
    let dry = args.get_flag("dry-run");
    let service = args.get_one::<String>("to");
    if let Some(url) = service.filter(|url| !Address::is_one(url)) {
        return Err(Failure::usage(format!("`to` is an address, as https://ledger.example.org, got: {url}")));
    }
    if let Some(folder) = args.get_one::<PathBuf>("receipts").filter(|_| !dry) {
        // Told before anything is appended: an act without its receipt is not what was asked for.
        let what = format!("receipts cannot be written to: {}", folder.display());
        durable::make_folder(folder).map_err(|error| none_appended(Failure::io(what, &error), paths.len()))?;
    }
    if let Some(url) = service {
        return remote::run(args, url, &items);
    }
    let ledger = ledger_path(args)?;
    let mut session = Session::acting(ledger, items.len(), dry)?;
    let declared = super::parsed(args, "accept-at")?;
    let at = session.ask(|reading| reading.accepting_at(declared))??;
    batch::admit(&mut session, &mut items, at)?;
    let atomic = args.get_flag("atomic");
    let any_refused = items.iter().any(|item| matches!(item.became, Some(Became::Refused(_))));
    let kept = !(dry || atomic && any_refused);
    if kept {
        session.flush()?;
    }
    let mut notes = Vec::new();
    if kept && !args.get_flag("no-receipts") {
        let signed = operator::sign_for(&mut session, ledger, &batch::entries(&items));
        notes = hand_out(args, (&session, signed), ledger, &items);
        notes.extend(answer_refusals(args, &session, ledger, &items, at));
    }
    if !session.state().lack().is_empty() {
        return Err(Failure::bug("receipts were made from a view that lacks rows"));
    }
    let view = View { kept, dry, flagged: super::flagged_ledger(args) };
    let said = items.iter().filter_map(|item| view.say(item)).collect();
    let word = (atomic && any_refused).then_some("nothing was appended: they were to be appended all or none\n");
    Ok(answer(said, word, &notes, if any_refused { Exit::Refused } else { Exit::Done }))
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
    let mut drafts: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    let mut signatures: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for path in paths {
        let bytes = input::read(path, CARRIED_BYTES_MAX)?;
        if bytes.trim_ascii_start().starts_with(ARMOURED_SIGNATURE) {
            signatures.push(((*path).clone(), bytes));
            continue;
        }
        match carriage::read(&bytes).map_err(|failure| failure.at(&path.display().to_string()))? {
            Carried::Draft(_, bytes) => drafts.push(((*path).clone(), bytes)),
            Carried::Signed(events) => {
                for event in events {
                    items.push(Item::new((*path).clone(), event));
                }
            }
        }
    }
    let mut used = BTreeSet::new();
    for (place, bytes) in drafts {
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
        let verifying = joined.iter().find(|(_, event)| event.clone().verify(&mut Keyring::default()).is_ok());
        // One that does not verify is handed on, so that the answer says so of this act.
        let Some((path, event)) = verifying.or(joined.first()) else { return Err(unsigned(&place)) };
        used.insert(path.clone());
        items.push(Item::new(place, event.clone()));
    }
    match signatures.iter().find(|(path, _)| !used.contains(path)) {
        Some((path, _)) => Err(Failure::usage(format!("no draft that was given belongs to: {}", path.display()))
            .hint("rollcall append DRAFT DRAFT.sig")),
        None => Ok(items),
    }
}

fn unsigned(place: &Path) -> Failure {
    let file = advice::quoted(place);
    Failure::input(format!("a draft without a signature beside it: {}", place.display()))
        .hint(format!("rollcall sign {file} --key KEY; or: ssh-keygen -Y sign -n {NAMESPACE} -f KEY {file}"))
}

/// Writes a receipt for everything that is in the log now; one that cannot be written undoes nothing.
fn hand_out(
    args: &ArgMatches,
    (session, signed): (&Session, Result<String, Failure>),
    ledger: &Path,
    items: &[Item],
) -> Vec<String> {
    let note = match signed {
        Ok(note) => note,
        Err(failure) => return vec![format!("no receipts: {}", failure.causes.first().unwrap_or(&failure.what))],
    };
    let there = items.iter().filter_map(|item| Some((item, item.entry()?)));
    let notes = there.map(|(item, entry)| match operator::receipt(session, ledger, entry, &note) {
        Ok(text) => keep_receipt(args, items, item, entry, &text),
        Err(failure) => format!("no receipt for {}: {}", item.place.display(), failure.what),
    });
    notes.collect()
}

/// Writes a receipt, and says where; one that cannot be written is said.
fn keep_receipt(args: &ArgMatches, items: &[Item], item: &Item, entry: u64, text: &str) -> String {
    let name = &item.place;
    let into = args.get_one::<PathBuf>("receipts");
    let several = into.is_some() || items.iter().filter(|other| other.place == *name).count() > 1;
    let path = beside(into, name, if several { format!("{entry}.receipt") } else { "receipt".to_owned() });
    if let Some(other) = not_a_receipt(&path) {
        return format!("no receipt for {}: a file is there already: {other}", name.display());
    }
    // The receipt that is there may be another act's.
    match output::keep_beside(&path, text.as_bytes()) {
        Ok(path) => format!("receipt: {}", path.display()),
        Err(failure) => format!("no receipt for {}: {}", name.display(), failure.on_one_line()),
    }
}

/// Writes what the log says of each act that it refuses, signed.
fn answer_refusals(args: &ArgMatches, session: &Session, ledger: &Path, items: &[Item], at: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    for item in items {
        let Some(Became::Refused(error)) = &item.became else { continue };
        match operator::signed_refusal(session, ledger, Shown::of(&item.event), error.code(), at) {
            Ok(text) => notes.push(keep_refusal(args, item, &text, "signed refusal")),
            Err(failure) => return vec![format!("no signed refusals: {}", failure.what)],
        }
    }
    notes
}

/// Writes a signed refusal, and says where. One that is there already is kept: it is somebody's proof.
fn keep_refusal(args: &ArgMatches, item: &Item, text: &str, known: &str) -> String {
    let path = beside(args.get_one("receipts"), &item.place, "refusal".to_owned());
    match output::create_beside(&path, text.as_bytes()) {
        Ok(path) => format!("{known}: {}", path.display()),
        Err(failure) => format!("no signed refusal for {}: {}", item.place.display(), failure.on_one_line()),
    }
}

/// A name beside a file, or in the folder that was named.
fn beside(folder: Option<&PathBuf>, file: &Path, extension: String) -> PathBuf {
    let beside = file.with_added_extension(extension);
    match (folder, beside.file_name()) {
        (Some(folder), Some(file)) => folder.join(file),
        (Some(_) | None, _) => beside,
    }
}

/// What is there and is no receipt is somebody's own.
fn not_a_receipt(path: &Path) -> Option<String> {
    let found = path.symlink_metadata().ok()?;
    let read = || input::read(path, rollcall_core::limits::RECEIPT_BYTES_MAX).unwrap_or_default();
    let is_receipt = found.is_file() && read().starts_with(b"c2sp.org/tlog-proof@v1\n");
    (!is_receipt).then(|| path.display().to_string())
}

/// What the answer needs to know besides the acts.
struct View<'a> {
    kept: bool,
    dry: bool,
    /// The ledger, where a flag names it.
    flagged: Option<&'a Path>,
}

impl View<'_> {
    fn word(&self, became: &Became) -> &'static str {
        match became {
            Became::Accepted { .. } if self.kept => "accepted",
            Became::Accepted { .. } if self.dry => "would be accepted",
            Became::Accepted { .. } => "not appended",
            Became::AlreadyThere { .. } => "already there",
            Became::Refused(_) => "refused",
        }
    }

    /// What became of an act.
    fn say(&self, item: &Item) -> Option<Said> {
        let became = item.became.as_ref()?;
        let word = self.word(became);
        Some(match became {
            Became::Accepted { entry } | Became::AlreadyThere { entry } => {
                // An entry that is not kept has no number.
                let there = self.kept || self.dry || matches!(became, Became::AlreadyThere { .. });
                Said::place(item, word, there.then_some(*entry))
            }
            Became::Refused(error) => {
                let words = batch::refusal_in_words(&item.event.id(), error, self.flagged);
                Said::other(item, batch::refusal(error, self.flagged), &words)
            }
        })
    }
}

/// What is said of an act: in words, and as JSON.
struct Said {
    text: String,
    json: Value,
}

impl Said {
    fn place(item: &Item, word: &str, entry: Option<u64>) -> Self {
        let (shown, id) = (item.place.display(), item.event.id());
        let number = entry.map_or_else(String::new, |entry| format!(", entry {entry}"));
        let mut json = json!({"file": item.place.to_string_lossy(), "event": id.to_string(), "outcome": word});
        if let Some((object, entry)) = json.as_object_mut().zip(entry) {
            object.insert("entry".to_owned(), json!(entry));
        }
        Self { text: format!("{shown}: {word}{number}\n  event {id}\n"), json }
    }

    /// That it has no place, and why, which has an outcome of its own.
    fn other(item: &Item, told: Value, words: &str) -> Self {
        let mut json = json!({"file": item.place.to_string_lossy(), "event": item.event.id().to_string()});
        if let (Some(object), Value::Object(told)) = (json.as_object_mut(), told) {
            object.extend(told);
        }
        Self { text: format!("{}: {words}", item.place.display()), json }
    }
}

fn answer(said: Vec<Said>, word: Option<&str>, notes: &[String], exit: Exit) -> Answer {
    let mut text: String = said.iter().map(|said| said.text.as_str()).chain(word).collect();
    for note in notes {
        text.push_str(&format!("  {note}\n"));
    }
    let mut rows: Vec<Value> = said.into_iter().map(|said| said.json).collect();
    let json = match rows.as_mut_slice() {
        [Value::Object(one)] => {
            one.insert("notes".to_owned(), json!(notes));
            Value::Object(std::mem::take(one))
        }
        _ => json!({"events": rows, "notes": notes}),
    };
    Answer { json, text, exit }
}
