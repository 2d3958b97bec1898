//! `append --to`: sends acts to a service that has the ledger. What it answers counts where it proves itself: an act is in the log if the
//! receipt says so that is verified here.

use clap::ArgMatches;
use rollcall_core::entry::Entry;
use rollcall_core::event::Payload;
use rollcall_core::name::visible;
use rollcall_core::note::Signer;
use rollcall_core::receipt::Receipt;
use rollcall_core::submission::{Shown, SignedRefusal, StatementError};
use rollcall_server::acts;
use serde_json::{Value, json};

use super::super::vkey;
use super::{Item, Said, keep_receipt, keep_refusal};
use crate::answer::{Answer, Exit};
use crate::batch;
use crate::failure::Failure;

/// What the service has answered about an act.
enum Answered {
    /// It is in the log: a receipt says where.
    Entered { word: &'static str, entry: u64, receipt: String },
    /// It was refused; perhaps with what the log signs of that.
    Refused { told: Value, note: Option<String> },
    /// Nothing that says what became of it.
    Nothing(Failure),
}

pub(super) fn run(args: &ArgMatches, url: &str, items: &[Item]) -> Result<Answer, Failure> {
    let key = vkey(args)?;
    let receipts = !args.get_flag("no-receipts");
    let mut answers: Vec<(&Item, Option<Answered>)> = items.iter().map(|item| (item, None)).collect();
    let mut notes = Vec::new();
    // In rounds, until one gets nothing on. Where one is not answered the next ones are not sent.
    let mut again = true;
    while std::mem::take(&mut again) {
        for (item, answered) in &mut answers {
            if matches!(answered, Some(Answered::Entered { .. })) {
                continue;
            }
            let told = ask(url, item, key.as_ref()).unwrap_or_else(Answered::Nothing);
            if let Answered::Entered { word, entry, receipt } = &told {
                again |= *word == ACCEPTED;
                // Written at once: what comes next may fail.
                if receipts {
                    notes.push(keep_receipt(args, items, item, *entry, receipt));
                }
            }
            // What is wrong with one act keeps no other from being sent; what is wrong with the service does.
            let of_act = ["not-known", "bad-input", "too-long", "no-receipt"];
            let ends = matches!(&told, Answered::Nothing(failure) if !of_act.contains(&failure.code.as_str()));
            *answered = Some(told);
            if ends {
                again = false;
                break;
            }
        }
    }
    for (item, answered) in answers.iter().filter(|_| receipts) {
        if let Some(Answered::Refused { note: Some(note), .. }) = answered {
            let known = if key.is_some() { "signed refusal" } else { "refusal, to be verified with --log-key" };
            notes.push(keep_refusal(args, item, note, known));
        }
    }
    let any = |kind: fn(&Option<Answered>) -> bool| answers.iter().any(|(_, answered)| kind(answered));
    let exit = if any(|answered| matches!(answered, Some(Answered::Nothing(_)) | None)) {
        Exit::NotChecked
    } else if any(|answered| matches!(answered, Some(Answered::Refused { .. }))) {
        Exit::Refused
    } else {
        Exit::Done
    };
    let said = answers.iter().map(|(item, answered)| say(item, answered.as_ref())).collect();
    Ok(super::answer(said, None, &notes, exit))
}

const AGAIN: &str = "run the command again: an act that is in the log already is not entered twice";
/// Letters of what a service says that are shown.
const WORDS_MAX: usize = 2_000;
const ACCEPTED: &str = "accepted";
const ALREADY_THERE: &str = "already there";

/// Sends an act and reads what is answered.
fn ask(url: &str, item: &Item, key: Option<&Signer>) -> Result<Answered, Failure> {
    if let Some(error) = item.unsigned() {
        return Ok(Answered::Refused { told: batch::refusal(&error, None), note: None });
    }
    let sent = acts::send(url, &item.event.encode());
    let reply = sent.map_err(|what| {
        let mut failure = Failure::unchecked(format!("no answer from {url}"));
        failure.causes.push(what);
        "no-answer".clone_into(&mut failure.code);
        failure.hint(AGAIN)
    })?;
    let odd = |what: String| Failure::unchecked(format!("{url} answers {} with {what}", reply.status));
    let said: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    match text("outcome") {
        Some("accepted") => entered(item, ACCEPTED, text("receipt"), key).map_err(odd),
        Some("already there") => entered(item, ALREADY_THERE, text("receipt"), key).map_err(odd),
        Some("refused") if ["code", "clause", "what"].iter().all(|name| text(name).is_some()) => {
            let note = text("refusal").map(|note| checked(item, note, key)).transpose().map_err(odd)?;
            if key.is_some() && note.is_none() {
                return Err(odd("a refusal that the log has not signed".to_owned()));
            }
            let mut told = said.clone();
            if let Some(object) = told.as_object_mut() {
                object.retain(|name, _| {
                    matches!(name.as_str(), "outcome" | "code" | "clause" | "facts" | "what" | "hint")
                });
            }
            Ok(Answered::Refused { told, note })
        }
        Some("failed") => {
            let elsewhere = "name the service by its address alone, as --to https://ledger.example.org";
            let hint = if reply.status == 404 { elsewhere } else { AGAIN };
            let mut failure = Failure::unchecked(format!("{url}: {}", words(&said, "what"))).hint(hint);
            text("code").unwrap_or_default().clone_into(&mut failure.code);
            Err(failure)
        }
        Some(_) | None => Err(odd("what is no answer to an act".to_owned())),
    }
}

/// The receipt must be of this very act, in the ledger that its author has signed for.
fn entered(item: &Item, word: &'static str, receipt: Option<&str>, key: Option<&Signer>) -> Result<Answered, String> {
    let text = receipt.ok_or("no receipt")?;
    let payload = Payload::decode(item.event.payload()).map_err(|_| "a receipt of what is no act")?;
    let ledger = payload.header.ledger.ok_or("a receipt of an act that names no ledger")?;
    let unproven = |error| format!("a receipt that proves nothing: {}", rollcall_core::audit::chain(&error));
    let receipt = Receipt::read(text).map_err(unproven)?;
    let signed = Entry::decode(&receipt.entry).map(|entry| entry.event);
    let shown = receipt.verify(ledger, key.map(|key| &key.key)).map_err(unproven)?;
    if shown.event != item.event.id() || key.is_some_and(|key| key.name != shown.origin) {
        return Err(format!("the receipt of another act or log: {}, {}", shown.event, shown.origin));
    }
    // An id is that of what was signed, whoever has signed it: these acts bring their own key, and it is the one that counts.
    if payload.act.brings_key() && signed.is_ok_and(|signed| signed.key_bytes() != item.event.key_bytes()) {
        return Err(format!(
            "the same act under another key, in entry {}: somebody has signed this draft before you",
            shown.index
        ));
    }
    Ok(Answered::Entered { word, entry: shown.index, receipt: text.to_owned() })
}

/// A service's words, as they may stand in a line of ours.
fn words(said: &Value, name: &str) -> String {
    let text = said.get(name).and_then(Value::as_str).unwrap_or_default();
    visible(&text.chars().take(WORDS_MAX).collect::<String>())
}

/// A signed refusal must be of this very act, as far as its log's key is known; otherwise it must look like one.
fn checked(item: &Item, note: &str, key: Option<&Signer>) -> Result<String, String> {
    let read = SignedRefusal::read(note, |_| key.map(|key| &key.key));
    match (read, key) {
        // Its third and fourth line say which act it is of.
        (Err(StatementError::Unsigned), None) => {
            let Shown { event, digest } = Shown::of(&item.event);
            let of = [event.to_string(), digest.to_string()];
            let own = note.lines().skip(2).take(2).eq(of.iter().map(String::as_str));
            own.then(|| note.to_owned()).ok_or_else(|| "the refusal of another act".to_owned())
        }
        (Err(error), _) => Err(format!("a refusal that the log has not signed: {error}")),
        (Ok(refusal), Some(key)) if refusal.shown == Shown::of(&item.event) && refusal.origin == key.name => {
            Ok(note.to_owned())
        }
        (Ok(refusal), _) => {
            Err(format!("the refusal of another act or log: {}, {}", refusal.shown.event, refusal.origin))
        }
    }
}

fn say(item: &Item, answered: Option<&Answered>) -> Said {
    let id = item.event.id();
    match answered {
        Some(Answered::Entered { word, entry, .. }) => Said::place(item, word, Some(*entry)),
        Some(Answered::Refused { told, .. }) => {
            let said = |name: &str| words(told, name);
            let mut text = format!("refused, {} ({}, {})\n  event {id}\n", said("what"), said("clause"), said("code"));
            if !said("hint").is_empty() {
                text.push_str(&format!("  hint: {}\n", said("hint")));
            }
            Said::other(item, told.clone(), &text)
        }
        Some(Answered::Nothing(failure)) => {
            let hint = failure.hint.as_ref().map_or_else(String::new, |hint| format!("  hint: {hint}\n"));
            Said::other(item, failure.json(), &format!("{}\n  event {id}\n{hint}", failure.on_one_line()))
        }
        None => Said::other(item, json!({"outcome": "not sent"}), &format!("not sent\n  event {id}\n")),
    }
}
