//! `append --to`: sends acts to a service that has the ledger. What it answers counts where it proves itself: an act is in the log if the
//! receipt says so that is verified here.

use clap::ArgMatches;
use rollcall_core::event::Payload;
use rollcall_core::note::Signer;
use rollcall_core::receipt::Receipt;
use rollcall_core::submission::{Shown, SignedRefusal};
use rollcall_server::acts;
use rollcall_server::fetch::Address;
use serde_json::{Value, json};

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
    if !Address::is_one(url) {
        return Err(Failure::usage(format!("`to` is an address, as https://ledger.example.org, got: {url}")));
    }
    let key = super::super::vkey(args)?;
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
            let nothing = matches!(told, Answered::Nothing(_));
            *answered = Some(told);
            if nothing {
                again = false;
                break;
            }
        }
    }
    for (item, answered) in answers.iter().filter(|_| receipts) {
        if let Some(Answered::Refused { note: Some(note), .. }) = answered {
            notes.push(keep_refusal(args, item, note));
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

const ACCEPTED: &str = "accepted";
const ALREADY_THERE: &str = "already there";

/// Sends an act and reads what is answered.
fn ask(url: &str, item: &Item, key: Option<&Signer>) -> Result<Answered, Failure> {
    if let Some(error) = item.unsigned() {
        return Ok(Answered::Refused { told: batch::refusal(&error), note: None });
    }
    let sent = acts::send(url, &item.event.encode());
    let reply = sent.map_err(|what| {
        let mut failure = Failure::unchecked(format!("no answer from {url}"));
        failure.causes.push(what);
        failure.hint("run the command again: an act that is in the log already is not entered twice")
    })?;
    let odd = |what: String| Failure::unchecked(format!("{url} answers {} with {what}", reply.status));
    let said: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    match text("outcome") {
        Some("accepted") => entered(item, ACCEPTED, text("receipt"), key).map_err(odd),
        Some("already there") => entered(item, ALREADY_THERE, text("receipt"), key).map_err(odd),
        Some("refused") => {
            let note = text("refusal").map(|note| checked(item, note, key)).transpose().map_err(odd)?;
            let mut told = said.clone();
            if let Some(object) = told.as_object_mut() {
                object.retain(|name, _| {
                    matches!(name.as_str(), "outcome" | "code" | "clause" | "facts" | "what" | "hint")
                });
            }
            Ok(Answered::Refused { told, note })
        }
        Some("failed") => {
            let mut failure = Failure::unchecked(format!("{url}: {}", text("what").unwrap_or_default()));
            text("code").unwrap_or_default().clone_into(&mut failure.code);
            Err(failure)
        }
        Some(_) | None => Err(odd("what is no answer to an act".to_owned())),
    }
}

/// The receipt must be of this very act, in the ledger that its author has signed for.
fn entered(item: &Item, word: &'static str, receipt: Option<&str>, key: Option<&Signer>) -> Result<Answered, String> {
    let text = receipt.ok_or("no receipt")?;
    let named = Payload::decode(item.event.payload()).ok().and_then(|payload| payload.header.ledger);
    let ledger = named.ok_or("a receipt of an act that names no ledger")?;
    let unproven = |error| format!("a receipt that proves nothing: {}", rollcall_core::audit::chain(&error));
    let receipt = Receipt::read(text).map_err(unproven)?;
    let shown = receipt.verify(ledger, key.map(|key| &key.key)).map_err(unproven)?;
    if shown.event != item.event.id() || key.is_some_and(|key| key.name != shown.origin) {
        return Err(format!("the receipt of another act or log: {}, {}", shown.event, shown.origin));
    }
    Ok(Answered::Entered { word, entry: shown.index, receipt: text.to_owned() })
}

/// A signed refusal must be of this very act, as far as its log's key is known.
fn checked(item: &Item, note: &str, key: Option<&Signer>) -> Result<String, String> {
    let Some(key) = key else { return Ok(note.to_owned()) };
    let read = SignedRefusal::read(note, |_| Some(&key.key));
    let refusal = read.map_err(|error| format!("a refusal that the log has not signed: {error}"))?;
    if refusal.shown != Shown::of(&item.event) || refusal.origin != key.name {
        return Err(format!("the refusal of another act or log: {}, {}", refusal.shown.event, refusal.origin));
    }
    Ok(note.to_owned())
}

fn say(item: &Item, answered: Option<&Answered>) -> Said {
    let id = item.event.id();
    match answered {
        Some(Answered::Entered { word, entry, .. }) => Said::place(item, word, Some(*entry)),
        Some(Answered::Refused { told, .. }) => {
            let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
            let mut words = format!("refused, {} ({}, {})\n  event {id}\n", text("what"), text("clause"), text("code"));
            if !text("hint").is_empty() {
                words.push_str(&format!("  hint: {}\n", text("hint")));
            }
            Said::other(item, told.clone(), &words)
        }
        Some(Answered::Nothing(failure)) => {
            let hint = failure.hint.as_ref().map_or_else(String::new, |hint| format!("  hint: {hint}\n"));
            Said::other(item, failure.json(), &format!("{}\n  event {id}\n{hint}", failure.on_one_line()))
        }
        None => Said::other(item, json!({"outcome": "not sent"}), &format!("not sent\n  event {id}\n")),
    }
}
