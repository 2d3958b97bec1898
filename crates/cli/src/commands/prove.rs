//! `prove`: that an event is in the log, or that one head extends another, in the forms that others read.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, value_parser};
use data_encoding::BASE64;
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::cose::{self, Algorithm, Proven};
use rollcall_core::note::Note;
use rollcall_core::proof::{Proof, hash_lines};
use rollcall_core::tree::{Head, Nodes, leaf_hash, proves_inclusion};
use rollcall_storage::Store as _;
use rollcall_storage::heads::Heads;
use rollcall_storage::redb::RedbStore;
use serde_json::json;

use super::ledger_path;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::operator::{self, Signed};
use crate::session::{invalid, patiently};
use crate::{output, reading};

pub(super) fn command() -> Command {
    let size = |name: &'static str| Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u64));
    let file = |name: &'static str| Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf));
    Command::new("prove")
        .about("Prove that an event is in the log, or that one head extends another, as the log's operator")
        .arg(Arg::new("event").value_name("EVENT").help("Event id, the beginning of one, or the number of its entry"))
        .arg(Arg::new("format").long("format").value_name("FORM").value_parser(["receipt", "tlog-proof", "cose", "cose-eddsa"]).default_value("receipt").help("A receipt that carries the entry; a bare C2SP tlog-proof; a COSE Receipt (RFC 9942), with the algorithm number -19 or the older -8"))
        .arg(file("entry-file").help("Write the entry itself to a new file too: a bare proof is about its bytes"))
        .arg(size("consistency").help("Prove that the head of N entries is a prefix of the head of now, or of --size"))
        .arg(size("size").requires("consistency").help("The newer head of a consistency proof"))
        .arg(Arg::new("output").short('o').long("output").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write the proof to a new file"))
        .after_help("Examples:\n  rollcall --ledger L prove 3f2a9c -o vote.receipt\n  rollcall --ledger L prove 17 --format tlog-proof -o vote.tlog-proof --entry-file vote.entry\n  rollcall --ledger L prove 17 --format cose -o vote.cose --entry-file vote.entry\n  rollcall --ledger L prove --consistency 12\n\nThey are verified by: rollcall receipt verify --help")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    match (args.get_one::<u64>("consistency"), args.get_one::<String>("event")) {
        (Some(old), None) => consistency(args, *old),
        (None, Some(event)) => inclusion(args, event),
        (Some(_), Some(_)) => Err(Failure::usage("an event or two heads, not both")),
        (None, None) => {
            Err(Failure::usage("prove what? name an event, or heads with --consistency").hint("rollcall prove --help"))
        }
    }
}

/// The store, and its head as a signed note: the one that is signed already, else one that is signed now.
fn signed(args: &ArgMatches) -> Result<(RedbStore, Head, String), Failure> {
    let path = ledger_path(args)?;
    let store = patiently(|| RedbStore::read(path))?;
    let head = store.head()?;
    let last = Heads::of(path).last()?;
    let read = last.as_deref().and_then(|note| Checkpoint::read(Note::read(note).ok()?.text()).ok());
    if let (Some(note), Some(checkpoint)) = (last, read)
        && checkpoint.head == head
    {
        return Ok((store, head, note));
    }
    drop(store);
    let Signed { note, .. } = operator::opened(path, |_| Ok(None))?;
    let read = Note::read(&note).ok().and_then(|note| Checkpoint::read(note.text()).ok());
    let head = read.ok_or_else(|| Failure::bug("the signed head cannot be read"))?.head;
    Ok((patiently(|| RedbStore::read(path))?, head, note))
}

fn inclusion(args: &ArgMatches, event: &str) -> Result<Answer, Failure> {
    let format = args.get_one::<String>("format").map_or("receipt", String::as_str);
    let index = reading::ask(ledger_path(args)?, false, |reading| super::entry(reading.state, event))?;
    let (store, head, note) = signed(args)?;
    let lookup = |level, index| store.node(level, index).ok().flatten();
    let path = Nodes::new(head.size, &lookup).inclusion(index, head.size);
    let path = path.map_err(|error| Failure::usage("there is no such proof").caused_by(&error))?;
    let entry = store.entries(index..index.saturating_add(1))?.into_iter().next();
    let entry = entry.ok_or_else(|| Failure::usage(format!("the log has no entry: {index}")))?;
    if !proves_inclusion(&leaf_hash(&entry), index, &path, &head) {
        return Err(invalid(format!("the stored entry {index} is not the one that the log's tree has")));
    }
    let bytes = match format {
        "receipt" => {
            drop(store);
            let ledger = ledger_path(args)?;
            let Signed { session, note, .. } = operator::opened(ledger, |_| Ok(Some(index)))?;
            operator::receipt(&session, ledger, index, &note)?.into_bytes()
        }
        "tlog-proof" => Proof { extra: None, index, path, checkpoint: note }.text().into_bytes(),
        _ => {
            drop(store);
            let id = rollcall_core::entry::Entry::decode(&entry).map(|entry| entry.event.id().to_string());
            let subject = id.unwrap_or_else(|_| index.to_string());
            cose(args, Proven::Inclusion { size: head.size, index, path }, &head, &subject)?
        }
    };
    if let Some(path) = args.get_one::<PathBuf>("entry-file")
        && !output::holds(path, &entry)
    {
        output::create(path, &entry, 0o644)?;
    }
    let json = json!({"outcome": "proven", "format": format, "entry": index, "size": head.size, "root": head.root.to_string()});
    hand_out(args, &bytes, json)
}

fn cose(args: &ArgMatches, proven: Proven, head: &Head, subject: &str) -> Result<Vec<u8>, Failure> {
    let ledger = ledger_path(args)?;
    let mut own = None;
    let Signed { session, .. } = operator::opened(ledger, |state| {
        own = state.log().head_at(head.size);
        Ok(None)
    })?;
    if own != Some(*head) {
        return Err(Failure::unchecked("the stored tree is not the one that the entries make").hint("rollcall audit"));
    }
    let key = operator::log_key_of(&session, ledger, head.size)?;
    let origin = session.state().founding().map(|founding| founding.origin.as_str().to_owned()).unwrap_or_default();
    let older = args.get_one::<String>("format").is_some_and(|format| format == "cose-eddsa");
    let algorithm = if older { Algorithm::EdDsa } else { Algorithm::Ed25519 };
    let receipt = cose::sign(proven, &head.root, (&origin, subject), algorithm, &key);
    receipt
        .map(|receipt| receipt.encode())
        .map_err(|error| Failure::input("there is no such receipt").caused_by(&error))
}

fn consistency(args: &ArgMatches, old: u64) -> Result<Answer, Failure> {
    let (store, now, _) = signed(args)?;
    let lookup = |level, index| store.node(level, index).ok().flatten();
    let nodes = Nodes::new(now.size, &lookup);
    let size = args.get_one::<u64>("size").copied().unwrap_or(now.size);
    let impossible = |error| Failure::usage("there is no such proof").caused_by(&error);
    let path = nodes.consistency(old, size).map_err(impossible)?;
    let head = |size| nodes.head_at(size).ok_or_else(|| Failure::usage(format!("the log never had {size} entries")));
    let (older, newer) = (head(old)?, head(size)?);
    let hashes: Vec<String> = path.iter().map(|hash| BASE64.encode(hash.as_bytes())).collect();
    let json = json!({
        "outcome": "proven",
        "old": {"size": old, "root": older.root.to_string()},
        "new": {"size": size, "root": newer.root.to_string()},
        "proof": hashes,
    });
    let format = args.get_one::<String>("format").map_or("receipt", String::as_str);
    if format == "tlog-proof" || format == "receipt" && args.value_source("format") == Some(ValueSource::CommandLine) {
        return Err(Failure::usage(format!(
            "a consistency proof has no form `{format}`: lines, or cose, or cose-eddsa"
        )));
    }
    if format.starts_with("cose") {
        drop(store);
        let bytes = cose(args, Proven::Consistency { old, size, path }, &newer, &old.to_string())?;
        return hand_out(args, &bytes, json);
    }
    let line = |head: &Head| format!("{} {}\n", head.size, BASE64.encode(head.root.as_bytes()));
    hand_out(args, format!("old {}new {}{}", line(&older), line(&newer), hash_lines(&path)).as_bytes(), json)
}

/// Writes the proof to its file, or shows it.
fn hand_out(args: &ArgMatches, bytes: &[u8], mut json: serde_json::Value) -> Result<Answer, Failure> {
    let object = json.as_object_mut();
    if let Some(path) = args.get_one::<PathBuf>("output") {
        output::create(path, bytes, 0o644)?;
        if let Some(object) = object {
            object.insert("file".to_owned(), json!(path.to_string_lossy()));
        }
        return Ok(Answer::new(json, format!("wrote {}, {} bytes\n", path.display(), bytes.len())));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Failure::usage("this form is binary; write it to a file: -o FILE"));
    };
    if let Some(object) = object {
        object.insert("text".to_owned(), json!(text));
    }
    Ok(Answer::new(json, text.to_owned()))
}
