//! `receipt`: a member's proof that an act is in the log, checked with nothing but the ledger's id.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::cose::{CoseReceipt, Proven};
use rollcall_core::digest::LedgerId;
use rollcall_core::entry::Entry;
use rollcall_core::limits::{ENTRY_BYTES_MAX, RECEIPT_BYTES_MAX};
use rollcall_core::note::{Note, Signer};
use rollcall_core::proof::Proof;
use rollcall_core::receipt::{Receipt, ReceiptError};
use rollcall_core::tree::{Head, leaf_hash, proves_inclusion};
use serde_json::json;

use super::ledger_path;
use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::operator::{self, Signed};
use crate::session::invalid;
use crate::{input, output};

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
                .arg(Arg::new("ledger-id").long("ledger-id").value_name("ID").help("The ledger id, from a source that you trust"))
                .arg(Arg::new("log-key").long("log-key").value_name("VKEY").allow_hyphen_values(true).help("The log's verifier key: for a bare proof, or after a change of key that the receipt does not show"))
                .arg(Arg::new("entry-file").long("entry-file").value_name("FILE").value_parser(value_parser!(PathBuf)).help("The entry that a bare proof is about"))
                .arg(Arg::new("old-head").long("old-head").value_name("FILE").value_parser(value_parser!(PathBuf)).help("For a receipt that one head extends another: the older head"))
                .arg(Arg::new("new-head").long("new-head").value_name("FILE").value_parser(value_parser!(PathBuf)).help("And the newer head"))
                .arg(Arg::new("policy").long("policy").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Witnesses, and how many of them must have cosigned (C2SP tlog-policy)"))
                .after_help("Examples:\n  rollcall receipt verify ballot.receipt --ledger-id ID\n  rollcall receipt verify vote.tlog-proof --entry-file vote.entry --log-key ORIGIN+ID+KEY\n  rollcall receipt verify vote.cose --entry-file vote.entry --log-key ORIGIN+ID+KEY\n\nExit code 3: the receipt proves nothing."),
        )
        .subcommand(
            Command::new("issue")
                .about("Issue a receipt for an event of the log, as its operator")
                .arg(Arg::new("event").value_name("EVENT").required(true).help("Event id, the beginning of one, or the number of its entry"))
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
    let bytes = input::read(path, RECEIPT_BYTES_MAX)?;
    let signer = super::vkey(args)?;
    let entry = args.get_one::<PathBuf>("entry-file").map(|path| input::read(path, ENTRY_BYTES_MAX)).transpose()?;
    let Ok(text) = String::from_utf8(bytes.clone()) else {
        if let Ok(receipt) = CoseReceipt::decode(&bytes)
            && matches!(receipt.proven(), Proven::Consistency { .. })
        {
            return extension(args, path, &receipt, signer);
        }
        return bare(args, path, signer, entry, |signer, entry| cose(&bytes, signer, entry));
    };
    // Mail may have changed the line endings; nothing else is forgiven.
    let text = within(&text.replace("\r\n", "\n"));
    let proof = Proof::read(&text).map_err(|error| proves_nothing(path).caused_by(&error))?;
    // What else a proof carries is its maker's business; where entry and key are given it is not needed.
    if proof.extra.is_none() || signer.is_some() && entry.is_some() {
        return bare(args, path, signer, entry, |signer, entry| {
            let checkpoint = Checkpoint::verify(&proof.checkpoint, &signer.name, &signer.key);
            let head = checkpoint.map_err(|error| error.to_string())?.head;
            let proven = proves_inclusion(&leaf_hash(entry), proof.index, &proof.path, &head);
            if proven { Ok((Some(proof.index), head)) } else { Err("the proof does not lead to the root".to_owned()) }
        });
    }
    let ledger: Option<LedgerId> = super::parsed(args, "ledger-id")?;
    let ledger = ledger.ok_or_else(|| Failure::usage("which ledger? name it with --ledger-id ID"))?;
    let receipt = Receipt::read(&text);
    let checkpoint = receipt.as_ref().map(|receipt| receipt.checkpoint.clone()).unwrap_or_default();
    let verified = receipt.and_then(|receipt| receipt.verify(ledger, signer.as_ref().map(|signer| &signer.key)));
    let shown = verified.map_err(|error| {
        let failure = proves_nothing(path).caused_by(&error);
        if matches!(error, ReceiptError::Shape(_) | ReceiptError::Proof(_)) {
            return failure.hint("rollcall receipt verify --help");
        }
        failure
    })?;
    if let Some(signer) = signer.filter(|signer| signer.name != shown.origin) {
        let mut failure = proves_nothing(path);
        failure
            .causes
            .push(format!("it is of the log `{}`, and the key given is that of: {}", shown.origin, signer.name));
        return Err(failure);
    }
    let cosigned = quorum(args, path, &checkpoint)?;
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
        "cosigned": cosigned,
    });
    let vouched = if cosigned.is_empty() {
        "the log's key vouches for that head; whether everybody was shown the same log is for `audit --head` and witnesses".to_owned()
    } else {
        format!("that head is cosigned by {}", cosigned.join(", "))
    };
    let text = format!(
        "valid: `{}` by {} is entry {} of the log `{}`\n  accepted {}\n  event {}\n  under the head of {} entries, root {}\n  {vouched}\n",
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

fn proves_nothing(path: &Path) -> Failure {
    let mut failure = Failure::input(format!("the receipt proves nothing: {}", path.display()));
    failure.exit = Exit::Invalid;
    "invalid".clone_into(&mut failure.code);
    failure
}

/// A proof that carries neither the entry nor the log's key: both are given beside it.
fn bare(
    args: &ArgMatches,
    path: &Path,
    signer: Option<Signer>,
    entry: Option<Vec<u8>>,
    prove: impl FnOnce(&Signer, &[u8]) -> Result<(Option<u64>, Head), String>,
) -> Result<Answer, Failure> {
    let (Some(signer), Some(entry)) = (signer, entry) else {
        let what =
            "this proof carries neither the entry nor the log's key; give them: --entry-file FILE --log-key VKEY";
        return Err(Failure::usage(what).hint("rollcall receipt verify --help"));
    };
    let (index, head) = prove(&signer, &entry).map_err(|what| {
        let mut failure = proves_nothing(path);
        failure.causes.push(what);
        failure
    })?;
    let text = input::read(path, RECEIPT_BYTES_MAX).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let checkpoint = text.and_then(|text| Proof::read(&text).ok()).map(|proof| proof.checkpoint).unwrap_or_default();
    let cosigned = quorum(args, path, &checkpoint)?;
    let event = Entry::decode(&entry).map(|entry| entry.event.id().to_string()).ok();
    let json = json!({
        "outcome": "valid",
        "event": event,
        "entry": index,
        "origin": signer.name,
        "size": head.size,
        "size_signed": !checkpoint.is_empty(),
        "root": head.root.to_string(),
        "cosigned": cosigned,
    });
    let place = index.map_or_else(String::new, |index| format!(", at {index},"));
    let unsigned =
        if checkpoint.is_empty() { "; the log has signed the root, the number is the proof's own word" } else { "" };
    let text = format!(
        "valid: the entry is{place} in the log `{}`\n  under the head of {} entries, root {}{unsigned}\n  what the entry says, and who signed it, is for `audit`\n",
        signer.name, head.size, head.root
    );
    Ok(Answer::new(json, text))
}

fn cose(bytes: &[u8], signer: &Signer, entry: &[u8]) -> Result<(Option<u64>, Head), String> {
    let receipt = CoseReceipt::decode(bytes).map_err(|error| error.to_string())?;
    let head = receipt.verify_inclusion(&leaf_hash(entry), signer).map_err(|error| error.to_string())?;
    let index = if let Proven::Inclusion { index, .. } = receipt.proven() { Some(*index) } else { None };
    Ok((index, head))
}

/// That one head extends another, both given beside the receipt.
fn extension(args: &ArgMatches, path: &Path, receipt: &CoseReceipt, signer: Option<Signer>) -> Result<Answer, Failure> {
    let head = |name: &str| args.get_one::<PathBuf>(name).map(|path| super::head::read(path)).transpose();
    let (Some(signer), Some((_, older)), Some((_, newer))) = (signer, head("old-head")?, head("new-head")?) else {
        let what = "this receipt says that one head extends another; give both: --old-head FILE --new-head FILE --log-key VKEY";
        return Err(Failure::usage(what).hint("rollcall receipt verify --help"));
    };
    if args.get_one::<PathBuf>("policy").is_some() {
        return Err(Failure::usage("this receipt carries no checkpoint that anybody could cosign; leave --policy out"));
    }
    let verified = receipt.verify_consistency(&older, &newer, &signer);
    let head = verified.map_err(|error| proves_nothing(path).caused_by(&error))?;
    let json = json!({"outcome": "valid", "origin": signer.name, "old_size": older.size, "size": head.size, "root": head.root.to_string()});
    let text = format!(
        "valid: the head of {} entries of the log `{}` extends that of {}\n",
        head.size, signer.name, older.size
    );
    Ok(Answer::new(json, text))
}

/// Who has cosigned the checkpoint, where a policy says who counts; fewer than it asks for prove nothing.
fn quorum(args: &ArgMatches, path: &Path, checkpoint: &str) -> Result<Vec<String>, Failure> {
    let Some(policy) = args.get_one::<PathBuf>("policy") else { return Ok(Vec::new()) };
    let policy = super::publish::policy(policy)?;
    let judged = Note::read(checkpoint).map_err(|error| error.to_string());
    let judged = judged.and_then(|note| policy.judge(&note).map_err(|error| error.to_string()));
    match judged {
        Ok(quorum) if quorum.met => Ok(quorum
            .cosigned
            .into_iter()
            .map(|(name, seconds)| format!("{name} at {}", super::publish::moment(seconds)))
            .collect()),
        Ok(quorum) => {
            let mut failure = proves_nothing(path);
            failure
                .causes
                .push(format!("too few witnesses of the policy have cosigned its head: {}", quorum.cosigned.len()));
            Err(failure)
        }
        Err(what) => {
            let mut failure = proves_nothing(path);
            failure.causes.push(what);
            Err(failure)
        }
    }
}

/// The receipt in a text: all of it, or what a certificate carries as its metadata.
fn within(text: &str) -> String {
    let inside = text.split_once("<metadata>").and_then(|(_, rest)| rest.split_once("</metadata>"));
    let Some((receipt, _)) = inside else { return text.to_owned() };
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    plain.iter().fold(receipt.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn issue_one(args: &ArgMatches) -> Result<Answer, Failure> {
    let ledger = ledger_path(args)?;
    let text = args.get_one::<String>("event").map_or("", String::as_str);
    let Signed { session, note, entry } = operator::opened(ledger, |state| super::entry(state, text).map(Some))?;
    let entry = entry.ok_or_else(|| Failure::bug("no entry was found"))?;
    let receipt = operator::receipt(&session, ledger, entry, &note)?;
    let event = Receipt::read(&receipt).ok().and_then(|receipt| Entry::decode(&receipt.entry).ok());
    let event = event.map(|entry| entry.event.id().to_string()).unwrap_or_default();
    if !event.starts_with(text) && text.parse() != Ok(entry) {
        return Err(invalid(format!("the stored index finds {text} at entry {entry}, whose event is {event}")));
    }
    let path = args.get_one::<PathBuf>("output").ok_or_else(|| Failure::usage("where to? -o FILE"))?;
    output::create(path, receipt.as_bytes(), 0o644)?;
    let json = json!({"outcome": "issued", "event": event, "entry": entry, "file": path.to_string_lossy()});
    Ok(Answer::new(json, format!("wrote {}\n", path.display())))
}
