//! `charter check`: what keeps a draft from being a charter, and what would leave a community stuck, with the line.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::charter::Charter;
use rollcall_core::charter::draft::CharterError;
use rollcall_core::charter::lint::lint;
use rollcall_core::limits::CHARTER_BYTES_MAX;
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::input;

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Check a draft: types, undefined names, bodies that cannot decide, back doors, ladders nobody can climb")
        .arg(Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("The draft"))
        .after_help(
            "Example:\n  rollcall charter check draft.toml\nExit code 0: no finding; 1: findings; 2: not a charter",
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which draft?"))?;
    let text = input::read_text(path, CHARTER_BYTES_MAX)?;
    let shown = path.display();
    let charter = Charter::compile(&text).map_err(|error| {
        let line = line_of_error(&text, &error).map_or_else(String::new, |line| format!(":{line}"));
        Failure::input(format!("{shown}{line}: the draft is not a charter")).caused_by(&error)
    })?;
    let findings = lint(&charter);
    let mut out = String::new();
    let mut rows = Vec::new();
    for finding in &findings {
        let line = line_of(&text, &finding.place);
        let _ = writeln!(out, "{shown}:{line}: {} ({}, {})", finding.what, finding.place, finding.code);
        rows.push(json!({"line": line, "code": finding.code, "place": finding.place, "what": finding.what}));
    }
    let json = json!({"charter": charter.name(), "digest": charter.digest().to_string(), "findings": rows});
    if findings.is_empty() {
        let clauses = charter.clauses().len();
        return Ok(Answer::new(
            json,
            format!("{shown}: charter `{}`, {clauses} clauses, no finding\n", charter.name()),
        ));
    }
    Ok(Answer { json, text: out, exit: Exit::Refused })
}

/// The line of the table that holds a place: its own header, or that of the nearest table around it.
fn line_of(text: &str, place: &str) -> usize {
    let quoted: Vec<String> =
        place.split('.').map(|part| if part.contains(' ') { format!("\"{part}\"") } else { part.to_owned() }).collect();
    let around = (1..=quoted.len()).rev().map(|n| format!("[{}]", quoted.get(..n).unwrap_or_default().join(".")));
    let found =
        around.into_iter().find_map(|header| text.lines().position(|line| line.trim().replace("\"*\"", "*") == header));
    found.map_or(1, |line| line.saturating_add(1))
}

/// The first line that holds what an error names; a schema error names its line itself.
fn line_of_error(text: &str, error: &CharterError) -> Option<usize> {
    let named = match error {
        CharterError::UnknownClause(name) | CharterError::UnknownKind(name) | CharterError::UnknownEffect(name) => name,
        CharterError::UnknownRole { role, .. } | CharterError::Implies { role, .. } => role,
        CharterError::SeatWithoutKind(seat) => seat,
        CharterError::Share { share, .. } => share,
        CharterError::Comparator { clause } => clause,
        CharterError::Unattestable { criterion, .. } => criterion,
        CharterError::VoteMinutes(kind) => return Some(line_of(text, &format!("unit.{kind}.vote"))),
        CharterError::Incomplete { kind, .. } => return Some(line_of(text, &format!("unit.{kind}"))),
        CharterError::Zone(..) => return Some(line_of(text, "zone")),
        CharterError::TooLong { .. } | CharterError::Schema(_) => return None,
    };
    let quoted = format!("\"{named}\"");
    let found = text
        .lines()
        .position(|line| line.contains(&quoted))
        .or_else(|| text.lines().position(|l| l.contains(named.as_str())));
    found.map(|line| line.saturating_add(1))
}
