//! Whether a person can come into a role at all: the role exists, is theirs to hold, and has a seat. One answer for whoever
//! enters a grant and for whoever asks what is due, so that nothing is ever due that cannot be entered (trap D11).

use crate::charter::{Charter, Role};
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::time::Timestamp;

/// Why the person cannot come into the role now, if that is so.
#[must_use]
pub(super) fn fault(
    state: &State,
    charter: &Charter,
    (unit, role, person): (&UnitId, &Name, &Handle),
    at: Timestamp,
) -> Option<Refusal> {
    let unknown = || Reason::UnknownUnit { unit: unit.to_string() }.by_format("unit");
    let Some(kind) = state.roster().unit(unit).filter(|unit| unit.is_alive()).and_then(|unit| charter.kind(&unit.kind))
    else {
        return Some(unknown());
    };
    let Some(rules) = kind.role(role) else {
        let (unit, role) = (unit.to_string(), role.to_string());
        return Some(Reason::UnknownRole { unit, role }.under(&kind.clause));
    };
    let held = |role: &Name| u64::try_from(state.roster().holders(unit, role, at).count()).unwrap_or(u64::MAX);
    let no = |what: String| Some(Reason::NoPath { what }.under(&rules.clause));
    if let Some(misfit) = misfit(state, role, rules, person) {
        return Some(misfit);
    }
    // A single seat passes on to whoever comes into it; of several, one must be free.
    if let Some(limit) = rules.at_most.filter(|limit| *limit != 1 && *limit <= held(role)) {
        return no(format!("`{role}` in `{unit}` has {limit} seats and all are held"));
    }
    let implied = rules.implies.as_ref()?;
    match state.roster().tenure_at(unit, implied, person, at) {
        Some(leaving) if leaving.ended.is_some() => {
            let to = leaving.to.map_or_else(String::new, |to| to.to_string());
            no(format!("`{person}` leaves `{implied}` in `{unit}` at {to}, and `{role}` needs it"))
        }
        Some(_) => None,
        None => {
            let limit = kind.role(implied).and_then(|rules| rules.at_most).filter(|limit| *limit <= held(implied));
            limit.and_then(|limit| {
                no(format!("`{role}` confers `{implied}`, whose {limit} seats in `{unit}` are all held"))
            })
        }
    }
}

/// Trap C9: people hold most roles, organisations some.
#[must_use]
pub(super) fn misfit(state: &State, role: &Name, rules: &Role, person: &Handle) -> Option<Refusal> {
    let organisation = state.people().organisation(person).is_some();
    if rules.held_by.admits(organisation) {
        return None;
    }
    let (role, person) = (role.to_string(), person.to_string());
    let reason =
        if organisation { Reason::PeopleOnly { role, person } } else { Reason::OrganisationsOnly { role, person } };
    Some(reason.under(&rules.clause))
}
