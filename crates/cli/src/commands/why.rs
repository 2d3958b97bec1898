//! `why`: the tree of events and clauses behind a role, or what keeps somebody from it.

use clap::{Arg, ArgAction, ArgMatches, Command};
use rollcall_core::explain::{Question, why, why_not};
use rollcall_core::name::{Handle, Name, UnitId};
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::reading::Reading;
use crate::show;

pub(super) fn command() -> Command {
    Command::new("why")
        .about("Explain why a person holds a role, down to signatures and clauses, or why not")
        .arg(Arg::new("person").value_name("PERSON").required(true).help("The person's handle"))
        .arg(Arg::new("role").value_name("ROLE").required(true).help("The role"))
        .arg(Arg::new("in").long("in").value_name("UNIT").help("The unit; may be left out where only one has the role"))
        .arg(Arg::new("when").long("at").value_name("TIME").help("At this instant (valid time)"))
        .arg(Arg::new("not").long("not").action(ArgAction::SetTrue).help("Explain what keeps the person from the role, and what would meet it"))
        .arg(super::replay_arg())
        .after_help("Examples:\n  rollcall --ledger L why alice chair --in toc\n  rollcall --ledger L why bob chair --in toc --not")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    super::ask(args, |reading| answer(reading, args))
}

fn answer(reading: Reading<'_>, args: &ArgMatches) -> Result<Answer, Failure> {
    let charter = reading.charter()?;
    let missing = || Failure::usage("whose role?");
    let person = super::handle(args, "person")?.ok_or_else(missing)?;
    let role = super::role(args, "role")?.ok_or_else(missing)?;
    let at = super::time(args, "when")?.map_or_else(|| reading.asking_at(), Ok)?;
    let unit = match super::unit(args, "in")? {
        Some(unit) => unit,
        None => only_unit(reading, &person, &role)?,
    };
    let question = Question { person: &person, unit: &unit, role: &role, at };
    let (holds, explanation) = match why(reading.state, charter, &question) {
        Some(tree) => (true, tree),
        None => (false, why_not(reading.state, charter, &question)),
    };
    let mut text = String::new();
    show::tree(&explanation, 0, &mut text);
    let asked_not = args.get_flag("not");
    if asked_not && holds {
        text.insert_str(0, "but it is so:\n");
    }
    let json =
        json!({"person": person, "role": role, "unit": unit, "at": at.to_string(), "holds": holds, "why": explanation});
    let exit = if holds == asked_not { Exit::Refused } else { Exit::Done };
    Ok(Answer { json, text, exit })
}

/// The one unit in which the person has or had the role, or the one that knows it.
fn only_unit(reading: Reading<'_>, person: &Handle, role: &Name) -> Result<UnitId, Failure> {
    let state = reading.state;
    let held = |unit: &UnitId| !state.roster().tenures_of(unit, role, person).is_empty();
    let with_role = |unit: &UnitId| {
        reading
            .charter()
            .is_ok_and(|charter| charter.kind_of(state, unit).is_some_and(|kind| kind.role(role).is_some()))
    };
    let mut units: Vec<&UnitId> = state.roster().units().map(|(id, _)| id).filter(|id| held(id)).collect();
    if units.is_empty() {
        units = state.roster().units().map(|(id, _)| id).filter(|id| with_role(id)).collect();
    }
    match units.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure::usage(format!("no unit has the role `{role}`")).hint("rollcall charter")),
        [first, ..] => Err(Failure::usage(format!("several units have the role `{role}`; say which"))
            .hint(format!("rollcall why {person} '{role}' --in {first}"))),
    }
}
