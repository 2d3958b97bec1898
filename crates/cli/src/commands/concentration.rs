//! `concentration`: how many seats of a body one employer holds, by what its members declare (G9). It decides nothing.

use clap::{Arg, ArgMatches, Command};
use rollcall_core::listing::concentration;
use serde_json::{Value, json};

use super::reading;
use crate::answer::Answer;
use crate::failure::Failure;

pub(super) fn command() -> Command {
    Command::new("concentration")
        .about("Show how many seats of each body one employer holds, by what its members declare")
        .arg(Arg::new("unit").long("unit").value_name("UNIT").help("Only this unit"))
        .arg(Arg::new("when").long("at").value_name("TIME").help("As it was at this instant"))
        .after_help("Examples:\n  rollcall --ledger L concentration\n  rollcall --ledger L concentration --unit toc --json\n\nMembers declare an employer themselves:\n  rollcall record --unit toc --kind affiliation --facts \"employer: Acme\"")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let unit = super::unit(args, "unit")?;
    let at = match super::time(args, "when")? {
        Some(at) => at,
        None => session.asking_at()?,
    };
    let rows = concentration(session.state(), session.charter()?, at);
    let mut text = String::new();
    let mut json = Vec::new();
    for row in rows.into_iter().filter(|row| unit.as_ref().is_none_or(|unit| row.unit == unit)) {
        text.push_str(&format!("{}: {} seats\n", row.unit, row.seats));
        for (employer, people) in &row.employers {
            let who: Vec<&str> = people.iter().map(|person| person.as_str()).collect();
            text.push_str(&format!("  {:>3}  {employer}: {}\n", people.len(), who.join(", ")));
        }
        let undeclared: Vec<&str> = row.undeclared.iter().map(|person| person.as_str()).collect();
        if !undeclared.is_empty() {
            text.push_str(&format!("  {:>3}  not declared: {}\n", undeclared.len(), undeclared.join(", ")));
        }
        let employers: Vec<Value> = row
            .employers
            .iter()
            .map(|(employer, people)| json!({"employer": employer, "seats": people.len(), "people": people}))
            .collect();
        json.push(json!({"unit": row.unit, "seats": row.seats, "employers": employers, "undeclared": row.undeclared}));
    }
    Ok(Answer::new(Value::Array(json), text))
}
