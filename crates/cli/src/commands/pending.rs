//! `pending` and `benefits`: what waits for whom, and what somebody is entitled to.

use std::fmt::Write;

use clap::{Arg, ArgMatches, Command};
use rollcall_core::listing::benefits;
use rollcall_core::name::Handle;
use rollcall_core::pending::pending;
use rollcall_core::state::State;
use serde_json::json;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::show;

pub(super) fn command() -> Command {
    Command::new("pending")
        .about("Show what waits for whom: open votes, acceptances, signatures, due role changes, notices, absences")
        .arg(Arg::new("person").value_name("PERSON").help("Only what waits for this person, or for anyone"))
        .arg(super::replay_arg())
        .after_help("Examples:\n  rollcall --ledger L pending\n  rollcall --ledger L pending alice --json")
}

pub(super) fn benefits_command() -> Command {
    Command::new("benefits")
        .about("Show what a person's roles are good for: invitations, certificates, claims, rights")
        .arg(Arg::new("person").value_name("PERSON").required(true).help("The person's handle"))
        .arg(super::replay_arg())
        .after_help("Example:\n  rollcall --ledger L benefits zed")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    super::ask(args, |reading| answer(reading, args))
}

fn answer(reading: Reading<'_>, args: &ArgMatches) -> Result<Answer, Failure> {
    let (state, charter, at) = (reading.state, reading.charter()?, reading.asking_at()?);
    let person = super::handle(args, "person")?;
    let mut items = pending(state, charter, at);
    if let Some(person) = &person {
        require_known(state, person)?;
        items.retain(|item| item.who.is_empty() || item.who.contains(person));
    }
    let mut text = String::new();
    for item in &items {
        let names: Vec<_> = item.who.iter().map(ToString::to_string).collect();
        let who = if names.is_empty() { "anyone".to_owned() } else { names.join(", ") };
        let until = item.until.map_or_else(String::new, |until| format!(", until {until}"));
        let event = item.event.map_or_else(String::new, |event| format!("  {}", show::short(&event)));
        let _ = writeln!(text, "{who}: {}{until}{event}\n    rollcall {} --help", item.what, item.verb);
    }
    if items.is_empty() {
        text.push_str("nothing waits\n");
    }
    Ok(Answer::new(json!({"at": at.to_string(), "pending": items}), text))
}

/// A handle is a person's or an organisation's.
fn require_known(state: &State, handle: &Handle) -> Result<(), Failure> {
    if state.people().get(handle).is_some() || state.people().organisation(handle).is_some() {
        return Ok(());
    }
    Err(Failure::usage(format!("nobody has the handle: `{handle}`")).hint("rollcall roster"))
}

pub(super) fn benefits_run(args: &ArgMatches) -> Result<Answer, Failure> {
    super::ask(args, |reading| entitled(reading, args))
}

fn entitled(reading: Reading<'_>, args: &ArgMatches) -> Result<Answer, Failure> {
    let (state, charter, at) = (reading.state, reading.charter()?, reading.asking_at()?);
    let person = super::handle(args, "person")?.ok_or_else(|| Failure::usage("whose benefits?"))?;
    require_known(state, &person)?;
    let items = benefits(state, charter, &person, at);
    let mut text = String::new();
    for item in &items {
        let words = charter.clauses().get(item.clause).map_or("", |words| words.en.as_str());
        let claim = item.claim.map_or_else(String::new, |claim| format!(" ({claim})"));
        let _ = writeln!(text, "{}  {}{claim}: {words} ({})", item.unit, item.benefit, item.clause);
    }
    if items.is_empty() {
        text.push_str("no role with a benefit\n");
    }
    let rows = items.iter().map(|item| {
        let words = charter.clauses().get(item.clause);
        let mut row = serde_json::to_value(item).unwrap_or_default();
        if let (Some(row), Some(words)) = (row.as_object_mut(), words) {
            row.insert("text".to_owned(), json!(words.en));
            row.insert("zh".to_owned(), json!(words.zh));
        }
        row
    });
    Ok(Answer::new(json!({"person": person, "benefits": rows.collect::<Vec<_>>()}), text))
}
