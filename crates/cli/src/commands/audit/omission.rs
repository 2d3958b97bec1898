//! What the log would say with the acts that somebody submitted and it lacks. Told of a valid log only, and never a verdict on it: a
//! vote is contested, not void.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use rollcall_core::act::Outcome;
use rollcall_core::audit::{Level, Report};
use rollcall_core::event::{Payload, SignedEvent};
use rollcall_core::limits::NOTE_BYTES_MAX;
use rollcall_core::note::Signer;
use rollcall_core::omission::{Became, Contested, Omitted, OtherHistory};
use rollcall_core::submission::{Shown, Submission};
use rollcall_core::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::commands::{refusal, submit};
use crate::failure::Failure;
use crate::input;
use crate::source::Source;

/// The answer's part about omitted acts.
pub(super) struct Told {
    pub(super) text: String,
    pub(super) json: Map<String, Value>,
}

/// Tells the log once more with each omitted act where its time puts it.
pub(super) fn told(args: &ArgMatches, source: &Source, report: &Report) -> Result<Told, Failure> {
    let signers = submit::submission_keys(args)?;
    let paths: Vec<&PathBuf> = args.get_many("omitted").into_iter().flatten().collect();
    let mut told = Told { text: String::new(), json: Map::new() };
    if paths.is_empty() {
        return Ok(told);
    }
    if report.level != Level::Full || !report.is_valid() {
        "  what an omitted act would have changed is told of a log that is valid, at the level full\n"
            .clone_into(&mut told.text);
        told.json.insert("omitted".to_owned(), Value::Null);
        return Ok(told);
    }
    let (mut omitted, mut whose) = (Vec::new(), Vec::new());
    for path in paths {
        let event = refusal::event(path)?;
        let (at, word) = submitted(path, &event, &signers)?;
        whose.push((Shown::of(&event), path, at, word));
        omitted.push(Omitted { event, at });
    }
    let mut history = OtherHistory::with(omitted, report.rebuilt.state());
    for entry in source.entries()? {
        let retold = history.entry(&entry);
        retold.map_err(|error| Failure::unchecked("the log cannot be told again").caused_by(&error))?;
    }
    let compared = history.compare(report.rebuilt.state());
    if compared.head != report.head {
        return Err(Failure::unchecked("the log was shown otherwise the second time; nothing is compared"));
    }
    let mut rows = Vec::new();
    for (act, path, at, word) in whose {
        let became = compared.became.iter().find(|(shown, _)| *shown == act).map(|(_, became)| became);
        let (outcome, words) = match became {
            Some(Became::There(entry)) => ("there", format!("it is in the log, at entry {entry}")),
            Some(Became::Accepted(entry)) => ("omitted", format!("it would have been accepted before entry {entry}")),
            Some(Became::Refused(error)) => ("refused", format!("it would have been refused: {error}")),
            Some(Became::Superseded) => ("superseded", "its author has balloted otherwise since".to_owned()),
            None => ("unknown", "nothing is known of it".to_owned()),
        };
        let said = word.as_ref().map_or_else(
            || format!("dated {at} by its author, and nobody else says when it was submitted"),
            |witness| format!("submitted by {at}, says {witness}"),
        );
        told.text.push_str(&format!("  {}, {said}: {words}\n", path.display()));
        rows.push(json!({"file": path.to_string_lossy(), "event": act.event.to_string(), "at": at.to_string(), "witness": word, "outcome": outcome, "what": words}));
    }
    let mut contested = Vec::new();
    for Contested { vote, motion, outcome, instead } in &compared.contested {
        let words = format!("the vote {vote} {}, and with these acts {}", shown(*outcome), shown(*instead));
        told.text.push_str(&format!("  CONTESTED: {words}\n"));
        contested.push(json!({"vote": vote.to_string(), "motion": motion.to_string(), "outcome": outcome.map(|o| o.to_string()), "instead": instead.map(|o| o.to_string())}));
    }
    if !compared.unopened.is_empty() {
        let count = compared.unopened.len();
        told.text.push_str(&format!(
            "  {count} later votes would not have been opened as they were: something would have come before them\n"
        ));
    }
    let unopened: Vec<String> = compared.unopened.iter().map(ToString::to_string).collect();
    told.json.insert("omitted".to_owned(), Value::Array(rows));
    told.json.insert("contested".to_owned(), Value::Array(contested));
    told.json.insert("unopened".to_owned(), json!(unopened));
    Ok(told)
}

fn shown(outcome: Option<Outcome>) -> String {
    outcome.map_or_else(|| "has not ended".to_owned(), |outcome| format!("has {outcome}"))
}

/// When the act was submitted, and by which witness's word; without one, by its author's alone.
fn submitted(path: &Path, event: &SignedEvent, signers: &[Signer]) -> Result<(Timestamp, Option<String>), Failure> {
    let payload = Payload::decode(event.payload())
        .map_err(|error| Failure::input(format!("not an act: {}", path.display())).caused_by(&error))?;
    if signers.is_empty() {
        return Ok((payload.header.at, None));
    }
    let first = path.with_added_extension("submission");
    let numbered = (2_u32..).map(|number| first.with_added_extension(number.to_string()));
    let mut why = format!("no file {}", first.display());
    for file in std::iter::once(first.clone()).chain(numbered).take_while(|file| file.exists()) {
        let note = input::read_text(&file, NOTE_BYTES_MAX)?;
        let said = signers.iter().find_map(|signer| {
            let read = Submission::read(&note, std::slice::from_ref(signer)).ok()?;
            Some((read.at().filter(|_| read.shown == Shown::of(event))?, signer.name.clone()))
        });
        match said {
            Some((at, witness)) => return Ok((at, Some(witness))),
            None => why = format!("none of the keys given has signed about this act what is in {}", file.display()),
        }
    }
    Err(Failure::input(format!("no witness says when it was submitted: {why}")).hint("rollcall submit --help"))
}
