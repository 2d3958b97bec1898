//! `roster`: who holds which role, at any instant.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::{Arg, ArgMatches, Command};
use rollcall_core::name::{Handle, Name, UnitId};
use rollcall_core::state::State;
use rollcall_core::state::roster::Tenure;
use rollcall_core::time::Timestamp;
use serde_json::json;

use super::ledger_path;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::session::{AsOf, Session};

/// Holders by unit and role.
pub(super) type Holders = BTreeMap<UnitId, BTreeMap<Name, Vec<Handle>>>;

pub(super) fn command() -> Command {
    Command::new("roster")
        .about("Show who holds which role, now or at any instant")
        .arg(Arg::new("when").long("at").value_name("TIME").help("Who held roles at this instant, inclusive (valid time)"))
        .arg(Arg::new("as-of").long("as-of").value_name("N|TIME").help("What the ledger knew after N entries, or at this instant"))
        .arg(Arg::new("unit").long("unit").value_name("UNIT").help("Only this unit"))
        .arg(Arg::new("role").long("role").value_name("ROLE").help("Only this role"))
        .arg(super::replay_arg())
        .after_help("Examples:\n  rollcall --ledger L roster\n  rollcall --ledger L roster --at 2024-03-15T13:39:10Z --json\n  rollcall --ledger L roster --unit toc --role member")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let known = args.get_one::<String>("as-of").map(|text| super::as_of(text)).transpose()?.unwrap_or(AsOf::Now);
    match known {
        AsOf::Now => super::ask(args, |reading| answer(reading, args, known)),
        AsOf::Entries(_) | AsOf::Time(_) => answer(Session::read(ledger_path(args)?, known)?.reading(), args, known),
    }
}

fn answer(reading: Reading<'_>, args: &ArgMatches, known: AsOf) -> Result<Answer, Failure> {
    let state = reading.state;
    let at = match (super::time(args, "when")?, known) {
        (Some(at), _) => at,
        (None, AsOf::Now) => reading.asking_at()?,
        (None, AsOf::Time(time)) if !reading.is_rehearsal() => time,
        (None, AsOf::Entries(_) | AsOf::Time(_)) => state.last_at().max(state.roster().latest()),
    };
    let mut units = match super::unit(args, "unit")? {
        None => at_instant(state, at),
        Some(unit) if state.roster().unit(&unit).is_none() => {
            return Err(Failure::usage(format!("there is no unit: `{unit}`")).hint("rollcall roster"));
        }
        Some(unit) => {
            let mut units = Holders::new();
            let tenures =
                state.roster().tenures_in(&unit).map(|(role, person, tenures)| (&unit, role, person, tenures));
            tenures.for_each(|tenures| note(&mut units, tenures, at));
            units
        }
    };
    if let Some(role) = super::role(args, "role")? {
        for roles in units.values_mut() {
            roles.retain(|name, _| *name == role);
        }
        units.retain(|_, roles| !roles.is_empty());
        if units.is_empty()
            && state.charter().is_some_and(|charter| charter.kinds().all(|kind| kind.role(&role).is_none()))
        {
            return Err(Failure::usage(format!("the charter has no role: `{role}`")).hint("rollcall roster"));
        }
    }
    let entries = state.head().size;
    let mut text = format!("at {at}, from {entries} entries\n");
    for (unit, roles) in &units {
        for (role, holders) in roles {
            let asserted =
                |person: &Handle| state.roster().tenure_at(unit, role, person, at).is_some_and(Tenure::is_asserted);
            let word = |person: &Handle| if asserted(person) { " (asserted)" } else { "" };
            let names: Vec<_> = holders.iter().map(|person| format!("{person}{}", word(person))).collect();
            let _ = writeln!(text, "{unit}  {role}: {}", names.join(", "));
        }
    }
    if reading.is_rehearsal() {
        text.insert_str(0, "rehearsal ledger, ");
    }
    Ok(Answer::new(json!({"at": at.to_string(), "entries": entries, "units": units}), text))
}

/// Everybody's roles at an instant; units without holders are left out.
pub(super) fn at_instant(state: &State, at: Timestamp) -> Holders {
    let mut units = Holders::new();
    state.roster().tenures().for_each(|tenures| note(&mut units, tenures, at));
    units
}

/// Notes a holder of a role, if they hold it at the instant.
fn note(units: &mut Holders, (unit, role, person, tenures): (&UnitId, &Name, &Handle, &[Tenure]), at: Timestamp) {
    if tenures.iter().any(|tenure| tenure.holds(at)) {
        units.entry(unit.clone()).or_default().entry(role.clone()).or_default().push(person.clone());
    }
}
