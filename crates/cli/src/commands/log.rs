//! `log` and `show`: the entries as they are, decoded, raw, and as files that stock OpenSSH verifies.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::cbor;
use rollcall_core::entry::Entry;
use rollcall_core::event::Payload;
use rollcall_core::key::{NAMESPACE, PublicKey};
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;
use rollcall_core::witnessed::{Seen, Times};
use rollcall_storage::Store;
use rollcall_storage::heads::Heads;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::session::invalid;
use crate::{keys, show};

/// Entries read at once.
const READ_ENTRIES: usize = 1_024;

pub(super) fn command() -> Command {
    Command::new("log")
        .about("List the entries of the ledger")
        .arg(Arg::new("person").long("person").value_name("HANDLE").help("Only entries that concern this person"))
        .arg(Arg::new("act").long("act").value_name("ACT").help("Only entries of this act"))
        .arg(Arg::new("from").long("from").value_name("N").value_parser(value_parser!(u64)).help("Begin at this entry"))
        .arg(
            Arg::new("last")
                .long("last")
                .value_name("N")
                .value_parser(value_parser!(u64))
                .help("Only the last N that match"),
        )
        .arg(super::replay_arg())
        .after_help("Examples:\n  rollcall --ledger L log --last 20\n  rollcall --ledger L log --person alice --json")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    super::ask(args, |reading| answer(reading, args))
}

fn answer(reading: Reading<'_>, args: &ArgMatches) -> Result<Answer, Failure> {
    let Reading { store, state } = reading;
    let person = super::handle(args, "person")?;
    if let Some(person) = person.as_ref().filter(|person| state.people().get(person).is_none()) {
        return Err(Failure::usage(format!("nobody on this ledger is called: `{person}`")).hint("rollcall key list"));
    }
    let act = args.get_one::<String>("act");
    let known = |act: &String| rollcall_core::act::Act::SPECS.iter().any(|spec| spec.name == act);
    if let Some(act) = act.filter(|act| !known(act)) {
        return Err(Failure::usage(format!("there is no act: `{act}`")));
    }
    let from = args.get_one::<u64>("from").copied().unwrap_or(0);
    let mut indices: Box<dyn DoubleEndedIterator<Item = u64>> = match &person {
        Some(person) => Box::new(state.history().of(person).iter().copied().filter(move |index| from <= *index)),
        None => Box::new(from..state.head().size),
    };
    let last = args.get_one::<u64>("last").map(|last| usize::try_from(*last).unwrap_or(usize::MAX));
    let mut rows = Vec::new();
    // The last ones are looked for from the end.
    while last.is_none_or(|last| rows.len() < last) {
        let piece: Vec<u64> = match last {
            Some(last) => {
                // One act among others may be rare.
                let piece = if act.is_some() { READ_ENTRIES } else { last.min(READ_ENTRIES) };
                indices.by_ref().rev().take(piece).collect()
            }
            None => indices.by_ref().take(READ_ENTRIES).collect(),
        };
        if piece.is_empty() {
            break;
        }
        for (index, bytes) in entries_at(store, &piece)? {
            let row = show::entry(index, &bytes)
                .map_err(|failure| Failure { causes: failure.causes, ..invalid(failure.what) })?;
            if act.is_none_or(|act| row.get("act").and_then(Value::as_str) == Some(act.as_str())) {
                rows.push(row);
            }
        }
    }
    if let Some(last) = last {
        rows.truncate(last);
        rows.reverse();
    }
    let mut text = String::new();
    for row in &rows {
        let _ = writeln!(text, "{}", show::entry_line(row));
    }
    Ok(Answer::new(rows.into_iter().map(Value::Object).collect(), text))
}

/// Entries by number, in the order asked for; neighbours are read together.
fn entries_at(store: &impl Store, indices: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
    let mut found = Vec::with_capacity(indices.len());
    for run in indices.chunk_by(|a, b| a.abs_diff(*b) == 1) {
        let (Some(first), Some(last)) = (run.iter().min(), run.iter().max()) else { continue };
        let entries = store.entries(*first..last.saturating_add(1))?;
        let mut read: Vec<_> = (*first..).zip(entries).collect();
        if read.len() < run.len() {
            let lacking = first.saturating_add(u64::try_from(read.len()).unwrap_or(u64::MAX));
            return Err(invalid(format!("the log lacks entry {lacking}")));
        }
        if run.first() == Some(last) {
            read.reverse();
        }
        found.extend(read);
    }
    Ok(found)
}

pub(super) fn show_command() -> Command {
    Command::new("show")
        .about("Show one event: decoded, in diagnostic notation, raw, and as files for ssh-keygen")
        .arg(Arg::new("event").value_name("EVENT|N").required(true).help("Event id, the beginning of one, or an entry's number"))
        .arg(Arg::new("sshsig").long("sshsig").value_name("DIR").value_parser(value_parser!(PathBuf)).help("Write payload, signature and allowed-signers file there"))
        .arg(super::replay_arg())
        .after_help("Examples:\n  rollcall --ledger L show 3f2a9c\n  rollcall --ledger L show 7 --sshsig DIR\n  ssh-keygen -Y verify -f DIR/allowed_signers -I alice -n rollcall-event-v1 -s DIR/payload.sig < DIR/payload")
}

pub(super) fn show(args: &ArgMatches) -> Result<Answer, Failure> {
    let (json, entry, by, key) = super::ask(args, |reading| shown(reading, args))?;
    let mut out = String::new();
    show::outline(&json, 0, &mut out);
    if let Some(folder) = args.get_one::<PathBuf>("sshsig") {
        write_sshsig(folder, &by, &entry, &key)?;
        let shown = folder.display();
        let _ = writeln!(
            out,
            "check it with:\n  ssh-keygen -Y verify -f {shown}/allowed_signers -I {by} -n {NAMESPACE} -s {shown}/payload.sig < {shown}/payload"
        );
    }
    Ok(Answer::new(json, out))
}

/// An event as it is shown: as JSON, with its entry, author and key.
type Shown = (Value, Entry, String, PublicKey);

fn shown(reading: Reading<'_>, args: &ArgMatches) -> Result<Shown, Failure> {
    let text = args.get_one::<String>("event").map_or("", String::as_str);
    let index = entry_index(reading.state, text)?;
    let bytes = reading.store.entries(index..index.saturating_add(1))?.into_iter().next();
    let bytes = bytes.ok_or_else(|| Failure::usage(format!("the log has no entry: {index}")))?;
    let unreadable =
        |error: &dyn std::error::Error| Failure::input(format!("entry {index} cannot be read")).caused_by(error);
    let entry = Entry::decode(&bytes).map_err(|error| unreadable(&error))?;
    let payload = Payload::decode(entry.event.payload()).map_err(|error| unreadable(&error))?;
    let value = cbor::decode(entry.event.payload()).map_err(|error| unreadable(&error))?;
    let key = PublicKey::decode(entry.event.key_bytes()).map_err(|error| unreadable(&error))?;
    let header = &payload.header;
    let binding = reading.state.keys().binding(&header.by, &key);
    let doubt = binding.filter(|binding| binding.is_suspect_at(entry.accepted_at)).and_then(|b| b.suspicion.as_ref());
    let bounds = bounds(reading.state, super::ledger_path(args)?, index);
    let json = json!({
        "entry": index,
        "accepted_at": entry.accepted_at.to_string(),
        "witnessed": {"since": bounds.0, "by": bounds.1},
        "event": entry.event.id().to_string(),
        "act": payload.act.tag(),
        "by": header.by,
        "claimed_at": header.at.to_string(),
        "not_after": header.not_after.to_string(),
        "seen": {"size": header.seen.size, "root": header.seen.root.to_string()},
        "missing": header.missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "key": key,
        "fingerprint": keys::fingerprint(&key),
        "security_key": entry.event.signature().touch(),
        "in_doubt": doubt.map(|doubt| json!({"reason": doubt.reason, "revocation": doubt.cause.event.to_string()})),
        "fields": crate::json::act_fields(&payload.act),
        "diagnostic": cbor::diagnostic(&value),
        "payload": hex::encode(entry.event.payload()),
        "signature": hex::encode(entry.event.signature().as_bytes()),
        "raw": hex::encode(&bytes),
    });
    Ok((json, entry, header.by.to_string(), key))
}

/// Between which instants the log's witnesses show that an entry was accepted: by anchors, and by the last signed head.
fn bounds(state: &State, ledger: &Path, entry: u64) -> (Option<String>, Option<String>) {
    // A head that cannot be read shows nothing.
    let last = Heads::of(ledger).last().ok().flatten();
    let heads: Vec<Seen> = last.iter().filter_map(|note| Seen::read(state, note)).collect();
    let times = Times::of(state, &heads);
    let shown = |time: Option<Timestamp>| time.map(|time| time.to_string());
    (shown(times.since(entry)), shown(times.by(entry)))
}

fn entry_index(state: &State, text: &str) -> Result<u64, Failure> {
    let size = state.head().size;
    // A short run of digits is an entry's number; a longer one may be the beginning of an id.
    if let Ok(index) = text.parse::<u64>() {
        if index < size {
            return Ok(index);
        }
        if text.len() < 8 {
            return Err(Failure::usage(format!("the log has {size} entries, asked for: {index}")));
        }
    }
    let event = super::event(state, text)?;
    state.entry_of(&event).ok_or_else(|| Failure::usage(format!("no entry carries the event: {event}")))
}

fn write_sshsig(folder: &Path, by: &str, entry: &Entry, key: &PublicKey) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::io(format!("cannot write to: {}", folder.display()), &error);
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let signers = format!("{by} namespaces=\"{NAMESPACE}\" {}\n", keys::openssh_line(key, ""));
    std::fs::write(folder.join("payload"), entry.event.payload()).map_err(cannot)?;
    std::fs::write(folder.join("payload.sig"), keys::armour(&entry.event)?).map_err(cannot)?;
    std::fs::write(folder.join("allowed_signers"), signers).map_err(cannot)
}
