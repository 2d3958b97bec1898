//! `motion`: a motion with its electorate, ballots, tally, and how far it is from passing.

use std::fmt::Write;

use clap::{Arg, ArgMatches, Command};
use serde_json::Value;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::show;

pub(super) fn command() -> Command {
    Command::new("motion")
        .about("Show a motion's electorate, ballots, tally and margin, or list the motions")
        .arg(
            Arg::new("motion")
                .value_name("EVENT")
                .help("The motion, or the opening or closing of its vote; without it, all are listed"),
        )
        .arg(super::replay_arg())
        .after_help("Examples:\n  rollcall --ledger L motion\n  rollcall --ledger L motion 3f2a9c --json")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    super::ask(args, |reading| answer(reading, args))
}

fn answer(reading: Reading<'_>, args: &ArgMatches) -> Result<Answer, Failure> {
    let (state, charter, at) = (reading.state, reading.charter()?, reading.asking_at()?);
    let mut text = String::new();
    if let Some(id) = args.get_one::<String>("motion") {
        let id = super::event(state, id)?;
        let motion = state.motions().motion_of(&id).and_then(|id| state.motions().get(&id).map(|motion| (id, motion)));
        let (id, motion) = motion
            .ok_or_else(|| Failure::usage(format!("the event belongs to no motion: {id}")).hint("rollcall motion"))?;
        let json = show::motion(state, charter, &id, motion, at);
        show::outline(&json, 0, &mut text);
        return Ok(Answer::new(json, text));
    }
    let mut motions: Vec<_> = state.motions().iter().collect();
    motions.sort_by_key(|(_, motion)| motion.cause.entry);
    let rows: Vec<Value> = motions.iter().map(|(id, motion)| show::motion(state, charter, id, motion, at)).collect();
    for ((id, motion), row) in motions.iter().zip(&rows) {
        let outcome = row.get("outcome").and_then(Value::as_str);
        let stage = outcome.unwrap_or(if motion.withdrawn.is_some() {
            "withdrawn"
        } else if motion.vote.is_some() {
            "voting"
        } else {
            "put"
        });
        let _ = writeln!(text, "{}  {:<9} {}  {}", show::short(id), stage, motion.unit, motion.title.as_str());
    }
    Ok(Answer::new(Value::Array(rows), text))
}
