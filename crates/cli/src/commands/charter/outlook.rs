//! `charter outlook`: what would freeze a body of a living ledger, and what the ways out are.

use std::fmt::Write;

use clap::{Arg, ArgMatches, Command};
use rollcall_core::outlook::{Outlook, Standing, outlook, stalls};
use serde_json::json;

use crate::answer::Answer;
use crate::commands::{ledger_path, reading};
use crate::failure::Failure;
use crate::session::Session;

pub(super) fn command() -> Command {
    Command::new("outlook")
        .about("Show what would freeze each body, who could still demand a meeting, and what the exits are")
        .arg(Arg::new("as-of").long("as-of").value_name("N|TIME").help("As the ledger stood after N entries, or at this instant"))
        .after_help("Examples:\n  rollcall --ledger L charter outlook\n  rollcall --ledger L charter outlook --as-of 2026-03-20T00:00:00Z")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let as_of = args.get_one::<String>("as-of");
    let session = match as_of {
        Some(text) => Session::read(ledger_path(args)?, crate::commands::as_of(text)?)?,
        None => reading(args)?,
    };
    let at = if as_of.is_some() { session.state().last_at() } else { session.asking_at()? };
    let (state, charter) = (session.state(), session.charter()?);
    let all = outlook(state, charter, at);
    let mut text = String::new();
    for body in &all {
        describe(body, &mut text);
    }
    let stalls = stalls(state, charter, at);
    for stall in &stalls {
        let _ = writeln!(text, "{}  {} ({})", stall.unit, stall.what, stall.clause);
    }
    if all.is_empty() {
        text.push_str("no body decides in meetings\n");
    }
    Ok(Answer::new(json!({"at": at.to_string(), "bodies": all, "stalls": stalls}), text))
}

fn describe(body: &Outlook<'_>, text: &mut String) {
    let word = match body.standing {
        Standing::Sound => "sound",
        Standing::Warned => "WARNING",
        Standing::Frozen => "FROZEN",
    };
    let _ = writeln!(
        text,
        "{}  {word}: {} in office, quorum {}, {} may stay away",
        body.unit, body.in_office, body.quorum, body.spare
    );
    for (person, missed) in &body.away {
        let _ = writeln!(text, "  away: {person}, {missed} meeting(s) in a row");
    }
    match body.standing {
        _ if body.in_office == 0 => text.push_str("  nobody is in office\n"),
        Standing::Frozen => text
            .push_str("  if they stay away again, those who still come make no quorum and no meeting can be valid\n"),
        Standing::Warned | Standing::Sound => {
            let _ = writeln!(text, "  {} more staying away would stop it", body.until_frozen);
        }
    }
    match body.conveners.as_slice() {
        [] => text.push_str("  nobody can convene: the office is vacant\n"),
        [one] => {
            let _ = writeln!(text, "  only {one} convenes");
        }
        several => {
            let _ = writeln!(text, "  {} may convene", several.len());
        }
    }
    for exit in &body.exits {
        let _ = writeln!(text, "  exit: {} ({})", exit.what, exit.clause);
    }
}
