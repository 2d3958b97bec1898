//! `receipt`: a member's proof that an act is in the log, checked with nothing but the ledger's id.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::digest::LedgerId;
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::rehearsal_log_key;
use rollcall_core::limits::RECEIPT_BYTES_MAX;
use rollcall_core::receipt::Receipt;
use rollcall_storage::Store as _;
use serde_json::json;

use super::{ledger_path, reading};
use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::session::{Session, log_key_path};
use crate::{input, keys};

pub(super) fn command() -> Command {
    let file = || Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf));
    Command::new("receipt")
        .about("Issue and verify receipts: proofs that an act is in the log")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("Examples:\n  rollcall receipt verify ballot.receipt --ledger-id ID\n  rollcall --ledger L receipt issue 3f2a9c -o ballot.receipt")
        .subcommand(
            Command::new("verify")
                .about("Verify a receipt, without the ledger")
                .arg(file().help("The receipt, or a certificate that carries one"))
                .arg(Arg::new("ledger-id").long("ledger-id").value_name("ID").required(true).help("The ledger id, from a source that you trust"))
                .after_help("Example:\n  rollcall receipt verify ballot.receipt --ledger-id ID\n\nExit code 3: the receipt proves nothing."),
        )
        .subcommand(
            Command::new("issue")
                .about("Issue a receipt for an event of the log, as its operator")
                .arg(Arg::new("event").value_name("EVENT").required(true).help("Event id, or the beginning of one"))
                .arg(Arg::new("output").short('o').long("output").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("Write it to a new file"))
                .after_help("Example:\n  rollcall --ledger L receipt issue 3f2a9c -o ballot.receipt"),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    match args.subcommand() {
        Some(("verify", args)) => verify(args),
        Some(("issue", args)) => issue_one(args),
        Some(_) | None => Err(Failure::usage("receipt verify or receipt issue?")),
    }
}

fn verify(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))?;
    let ledger: LedgerId = super::parsed(args, "ledger-id")?.ok_or_else(|| Failure::usage("which ledger?"))?;
    let text = input::read_text(path, RECEIPT_BYTES_MAX)?;
    // Mail may have changed the line endings; nothing else is forgiven.
    let verified = Receipt::read(&within(&text.replace("\r\n", "\n"))).and_then(|receipt| receipt.verify(ledger));
    let shown = verified.map_err(|error| {
        let mut failure = Failure::input(format!("the receipt proves nothing: {}", path.display())).caused_by(&error);
        failure.exit = Exit::Invalid;
        "invalid".clone_into(&mut failure.code);
        failure
    })?;
    let json = json!({
        "outcome": "valid",
        "ledger": ledger.to_string(),
        "event": shown.event.to_string(),
        "act": shown.act,
        "by": shown.by,
        "entry": shown.index,
        "accepted_at": shown.accepted_at.to_string(),
        "origin": shown.origin,
        "size": shown.head.size,
        "root": shown.head.root.to_string(),
    });
    let text = format!(
        "valid: `{}` by {} is entry {} of the log `{}`\n  accepted {}\n  event {}\n  under the head of {} entries, root {}\n  the log's key vouches for that head; whether everybody was shown the same log is for `audit --head` and witnesses\n",
        shown.act,
        shown.by,
        shown.index,
        shown.origin,
        shown.accepted_at,
        shown.event,
        shown.head.size,
        shown.head.root
    );
    Ok(Answer::new(json, text))
}

/// The receipt in a text: all of it, or what a certificate carries as its metadata.
fn within(text: &str) -> String {
    let inside = text.split_once("<metadata>").and_then(|(_, rest)| rest.split_once("</metadata>"));
    let Some((receipt, _)) = inside else { return text.to_owned() };
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    plain.iter().fold(receipt.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn issue_one(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let text = args.get_one::<String>("event").map_or("", String::as_str);
    let event = super::event(session.state(), text)?;
    let entry = session.state().entry_of(&event);
    let entry = entry.ok_or_else(|| Failure::usage(format!("no entry carries the event: {event}")))?;
    let receipt = issue(&session, entry, &log_key(&session, ledger_path(args)?)?)?;
    let path = args.get_one::<PathBuf>("output").ok_or_else(|| Failure::usage("where to? -o FILE"))?;
    keys::write_new(path, receipt.as_bytes(), 0o644)?;
    let json = json!({"outcome": "issued", "event": event.to_string(), "entry": entry, "file": path});
    Ok(Answer::new(json, format!("wrote {}\n", path.display())))
}

/// The key that signs the log's heads: in a file beside the ledger, in a rehearsal the published one.
pub(super) fn log_key(session: &Session, ledger: &Path) -> Result<SigningKey, Failure> {
    let founding = session.state().founding().ok_or_else(|| Failure::usage("the ledger is not founded"))?;
    let key = if session.is_rehearsal() {
        rehearsal_log_key(founding.name.as_str())
    } else {
        let path = log_key_path(ledger);
        keys::plain_seed(&path).map(|seed| SigningKey::from_seed(&seed))?
    };
    if key.public().ok().as_ref() == Some(&founding.log_key) {
        return Ok(key);
    }
    Err(Failure::unchecked("the log key beside the ledger is not the one that the founding names"))
}

/// The receipt of an entry under the head of now.
pub(super) fn issue(session: &Session, index: u64, log_key: &SigningKey) -> Result<String, Failure> {
    let state = session.state();
    let founding = state.founding().ok_or_else(|| Failure::usage("the ledger is not founded"))?;
    let entry = |index: u64| {
        let found = session.store().entries(index..index.saturating_add(1))?.into_iter().next();
        found.ok_or_else(|| Failure::usage(format!("the log has no entry: {index}")))
    };
    let head = state.head();
    let path = state.log().inclusion(index, head.size);
    let path = path.map_err(|error| Failure::bug("an entry of the log has no proof").caused_by(&error))?;
    let checkpoint = Checkpoint { origin: founding.origin.as_str().to_owned(), head }.sign(log_key);
    let receipt = Receipt { founding: entry(0)?, entry: entry(index)?, index, path, checkpoint };
    Ok(receipt.text())
}
