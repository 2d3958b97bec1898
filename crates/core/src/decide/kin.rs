//! Which units belong together: a committee and its project, a group and its committee; and who sits where in them.
//!
//! A charter says `kind/role` and means the unit of that kind which belongs together with the one at hand; this file finds
//! it, in one fixed order, from parents and names alone.

use super::Scene;
use crate::charter::roles::Seat;
use crate::name::{Handle, Name, UnitId};
use crate::state::State;
use crate::state::roster::Unit;
use crate::time::Timestamp;

/// The unit of a kind that belongs together with `unit`: itself, its parent, its child, another child of its parent, the
/// one with the same name after the slash, or the only one of its kind.
#[must_use]
pub fn kin<'a>(state: &'a State, unit: &'a UnitId, kind: &Name) -> Option<&'a UnitId> {
    let roster = state.roster();
    let known = roster.unit(unit)?;
    let fits = |unit: &Unit| unit.is_alive() && unit.kind == *kind;
    if fits(known) {
        return Some(unit);
    }
    if let Some(parent) = known.parent.as_ref().filter(|parent| roster.unit(parent).is_some_and(fits)) {
        return Some(parent);
    }
    let fitting = |(id, other): (&'a UnitId, &'a Unit)| fits(other).then_some(id);
    let only = || kind.as_str().parse().ok().and_then(|id| roster.known_unit(&id));
    roster
        .children(unit)
        .find_map(fitting)
        .or_else(|| known.parent.iter().flat_map(|parent| roster.children(parent)).find_map(fitting))
        .or_else(|| unit.suffix().into_iter().flat_map(|suffix| roster.namesakes(suffix)).find_map(fitting))
        .or_else(|| only().and_then(fitting))
}

/// Tells whether a unit belongs to a body: it is the body, or its child, or what the body belongs to, or another child of
/// that. Where a unit names no parent, the same name after the slash stands for one.
#[must_use]
pub fn belongs(state: &State, unit: &UnitId, body: &UnitId) -> bool {
    let parent_of = |unit: &UnitId| state.roster().unit(unit).map(|known| known.parent.clone());
    let (Some(own), Some(home)) = (parent_of(unit), parent_of(body)) else { return false };
    let namesake = |other: &UnitId| other.suffix().is_some() && other.suffix() == body.suffix();
    match (&own, &home) {
        _ if unit == body || own.as_ref() == Some(body) || home.as_ref() == Some(unit) => true,
        (Some(parent), Some(other)) => parent == other,
        (Some(parent), None) => namesake(parent),
        (None, Some(_) | None) => namesake(unit),
    }
}

/// Tells whether a person sits in a seat as seen from `unit`: in person, or as representative of an organisation.
#[must_use]
pub fn is_seated(state: &State, unit: &UnitId, seat: &Seat, person: &Handle, at: Timestamp) -> bool {
    let home = match &seat.kind {
        Some(kind) => kin(state, unit, kind),
        None => Some(unit),
    };
    let Some(home) = home else { return false };
    let sits = |holder: &Handle| {
        let tenure = state.roster().tenure_at(home, &seat.role, holder, at);
        tenure.is_some_and(|tenure| !tenure.is_asserted() && tenure.suspended.is_none())
    };
    sits(person) || state.people().represented_by(person, at).any(sits)
}

impl Scene<'_> {
    /// Tells whether the author sits in one of these seats; an empty list means anyone enrolled.
    pub(super) fn sits_in(&self, unit: &UnitId, seats: &[Seat]) -> bool {
        seats.is_empty() || seats.iter().any(|seat| is_seated(self.state, unit, seat, self.by(), self.at()))
    }
}

/// Seats in words.
#[must_use]
pub fn words(seats: &[Seat]) -> String {
    seats.iter().map(|seat| format!("`{seat}`")).collect::<Vec<_>>().join(" or ")
}
