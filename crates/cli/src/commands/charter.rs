//! `charter`: the charter in force and the tools around it: show, check a draft, outlook, rehearse a draft, submit one.

mod check;
mod outlook;
mod rehearse;
mod show;
mod submit;

use clap::{ArgMatches, Command};

use crate::answer::Answer;
use crate::failure::Failure;

pub(super) fn command() -> Command {
    show::arguments(Command::new("charter"))
        .about("Show the charter in force, check or rehearse a draft of one, or look for what would freeze a body")
        .args_conflicts_with_subcommands(true)
        .subcommand(show::arguments(Command::new("show")).about("Show clauses, readings and where each is enforced"))
        .subcommand(check::command())
        .subcommand(outlook::command())
        .subcommand(rehearse::command())
        .subcommand(submit::command())
        .after_help(
            "Examples:\n  rollcall --ledger L charter\n  rollcall charter --preset greatsql --clause TOC-26\n  rollcall charter check draft.toml\n  rollcall --ledger L charter outlook\n  rollcall --ledger L charter rehearse draft.toml",
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    match args.subcommand() {
        None => show::run(args),
        Some(("show", args)) => show::run(args),
        Some(("check", args)) => check::run(args),
        Some(("outlook", args)) => outlook::run(args),
        Some(("rehearse", args)) => rehearse::run(args),
        Some(("submit", args)) => submit::run(args),
        Some((other, _)) => Err(Failure::bug(format!("no such command: charter {other}"))),
    }
}
