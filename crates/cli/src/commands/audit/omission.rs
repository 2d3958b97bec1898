//! What the log would say with the acts that somebody submitted and it lacks.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use rollcall_core::act::Outcome;
use rollcall_core::audit::{Level, Report};
use rollcall_core::event::Payload;
use rollcall_core::limits::NOTE_BYTES_MAX;
use rollcall_core::note::Signer;
use rollcall_core::omission::{Became, Contested, Omitted, OtherHistory};
use rollcall_core::submission::Submission;
use rollcall_core::time::Timestamp;
use serde_json::{Value, json};

use crate::commands::{refusal, submit};
use crate::failure::Failure;
use crate::input;
use crate::source::Source;

/// The answer's part about omitted acts.
pub(super) struct Told {
    pub(super) text: String,
    pub(super) json: Value,
}

/// Tells the log once more with each omitted act where its time puts it.
pub(super) fn told(args: &ArgMatches, source: &Source, report: &Report) -> Result<Told, Failure> {
    let signers = submit::submission_keys(args)?;
    let paths: Vec<&PathBuf> = args.get_many("omitted").into_iter().flatten().collect();
    if paths.is_empty() {
        return Ok(Told { text: String::new(), json: json!([]) });
    }
    if report.level != Level::Full || !report.is_valid() {
        return Err(Failure::unchecked(
            "what an omitted act would have changed is told of a log that is valid, at the level full",
        ));
    }
    let (mut omitted, mut whose) = (Vec::new(), Vec::new());
    for path in paths {
        let event = refusal::event(path)?;
        let (at, word) = submitted(path, &event, &signers)?;
        whose.push((event.id(), path, at, word));
        omitted.push(Omitted { event, at });
    }
    let mut history = OtherHistory::with(omitted);
    for entry in source.entries()? {
        let told = history.entry(&entry);
        told.map_err(|error| Failure::unchecked("the log cannot be told again").caused_by(&error))?;
    }
    let (became, contested) = history.compare(report.rebuilt.state());
    let mut text = String::new();
    let mut rows = Vec::new();
    for (id, path, at, word) in whose {
        let became = became.iter().find(|(event, _)| *event == id).map(|(_, became)| became);
        let (outcome, words) = match became {
            Some(Became::There(entry)) => ("there", format!("it is in the log, at entry {entry}")),
            Some(Became::Accepted(entry)) => ("omitted", format!("it would have been accepted before entry {entry}")),
            Some(Became::Refused(error)) => ("refused", format!("it would have been refused: {error}")),
            None => ("unknown", "nothing is known of it".to_owned()),
        };
        text.push_str(&format!("  {}, submitted {at} by {word}: {words}\n", path.display()));
        rows.push(json!({"file": path, "event": id.to_string(), "submitted_at": at.to_string(), "by_word_of": word, "outcome": outcome, "what": words}));
    }
    for Contested { vote, motion, outcome, instead } in &contested {
        text.push_str(&format!(
            "  CONTESTED: the vote {vote} is {} and would be {}\n",
            shown(*outcome),
            shown(*instead)
        ));
        rows.push(json!({"contested": vote.to_string(), "motion": motion.to_string(), "outcome": outcome.map(|o| o.to_string()), "instead": instead.map(|o| o.to_string())}));
    }
    Ok(Told { text, json: Value::Array(rows) })
}

fn shown(outcome: Option<Outcome>) -> String {
    outcome.map_or_else(|| "without an outcome".to_owned(), |outcome| outcome.to_string())
}

/// When the act was submitted, and by whose word: a witness's, or else the author's own.
fn submitted(
    path: &Path,
    event: &rollcall_core::event::SignedEvent,
    signers: &[Signer],
) -> Result<(Timestamp, &'static str), Failure> {
    let beside = path.with_added_extension("submission");
    if !signers.is_empty() && beside.exists() {
        let note = input::read_text(&beside, NOTE_BYTES_MAX)?;
        let read = Submission::read(&note, signers);
        let shown = beside.display();
        let read = read.map_err(|error| Failure::input(format!("it says nothing: {shown}")).caused_by(&error))?;
        if read.event != event.id() {
            return Err(Failure::input(format!("it is about another event: {shown}")));
        }
        let at = read.at().ok_or_else(|| Failure::input(format!("its time is beyond 2100: {shown}")))?;
        return Ok((at, "a witness"));
    }
    let payload = Payload::decode(event.payload())
        .map_err(|error| Failure::input(format!("not an act: {}", path.display())).caused_by(&error))?;
    Ok((payload.header.at, "its author"))
}
