//! The book of units and tenures: who held which role, from when until when, and by which events.
//!
//! - A tenure is the interval `[from, to)` of valid time; tenures of one person in one role never overlap.
//! - An asserted tenure, imported and not yet claimed, is shown but neither counts nor acts.

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::rows::{Rows, Single};
use super::tenures::Tenures;
use super::{Cause, add};
use crate::charter::Clause;
use crate::digest::{Digest, EventId};
use crate::name::{Handle, Name, UnitId};
use crate::time::Timestamp;

/// How a tenure began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The authority appointed.
    Appointed,
    /// A resolution granted.
    Granted,
    /// Another role conferred it.
    Implied,
    /// Every condition of a path was met.
    Earned,
    /// The founding of its unit, or a rule for beginnings, named the holder.
    Seeded,
    /// An import asserted it.
    Imported,
}

/// How a tenure ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HowEnded {
    /// Its holder resigned.
    Resigned,
    /// A resolution, or the authority, ended it.
    Ended,
    /// A successor came into a role that has one holder.
    Succeeded,
    /// The role that it implies ended.
    ImpliedRoleEnded,
    /// Its unit was dissolved.
    Dissolved,
    /// An import revoked it.
    Imported,
}

/// One interval during which a person held a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenure {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it, once an end is known.
    pub to: Option<Timestamp>,
    /// How it began.
    pub how: How,
    /// The event that began it.
    pub begun: Cause,
    /// What entitled to it, when that was another event.
    pub basis: Option<EventId>,
    /// The clause that allowed it.
    pub clause: Clause,
    /// The event by which an imported holder accepted; before it, the tenure is only asserted.
    pub claimed: Option<Cause>,
    /// The event by which the tenure is suspended.
    pub suspended: Option<Cause>,
    /// How it ended.
    pub ended: Option<Ending>,
}

/// The end of a tenure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub how: HowEnded,
    /// The event that ended it.
    pub cause: Cause,
    /// What it rests on, when that was another event.
    pub basis: Option<EventId>,
    /// The clause that allowed it.
    pub clause: Clause,
}

impl Tenure {
    /// Tells whether the interval contains an instant.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    /// Tells whether the tenure is only asserted.
    #[must_use]
    pub fn is_asserted(&self) -> bool {
        self.how == How::Imported && self.claimed.is_none()
    }

    /// When the holder's seat began to count: the claim of an asserted tenure, else the event that began it.
    #[must_use]
    pub fn seated(&self) -> &Cause {
        self.claimed.as_ref().unwrap_or(&self.begun)
    }
}

/// A span in which a unit existed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// The first instant.
    pub from: Timestamp,
    /// The event that founded it.
    pub founded: Cause,
    /// The first instant after it, and the event that dissolved it.
    pub dissolved: Option<(Timestamp, Cause)>,
    /// Whether an import asserted it.
    pub asserted: bool,
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its kind.
    pub kind: Name,
    /// The unit it belongs to.
    pub parent: Option<UnitId>,
    /// The spans in which it existed.
    pub lives: Vec<Life>,
    /// The event by which the authority constituted it.
    pub constituted: Option<Cause>,
    /// The unit into which it was merged.
    pub merged_into: Option<UnitId>,
}

impl Unit {
    /// Tells whether the unit exists, as far as events so far say.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.lives.last().is_some_and(|life| life.dissolved.is_none())
    }
}

/// Units and tenures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Roster {
    pub(super) units: Rows<UnitId, Unit>,
    pub(super) tenures: Tenures,
    pub(super) imported: Rows<Digest, EventId>,
    pub(super) latest: Single<Timestamp>,
    /// Units by the unit that they belong to.
    #[serde(skip)]
    pub(super) children: Index<UnitId, UnitId>,
    /// Units by the part of their id behind the first slash.
    #[serde(skip)]
    pub(super) namesakes: Index<String, UnitId>,
}

/// A change of the book.
#[derive(Clone, Debug)]
pub enum RosterChange {
    /// A unit comes into being.
    UnitFounded {
        /// Its id.
        unit: UnitId,
        /// Its kind.
        kind: Name,
        /// The unit it belongs to.
        parent: Option<UnitId>,
        /// The span that begins.
        life: Life,
    },
    /// A unit ceases.
    UnitDissolved {
        /// Its id.
        unit: UnitId,
        /// The first instant after it.
        at: Timestamp,
        /// The event.
        cause: Cause,
        /// The unit into which it was merged.
        into: Option<UnitId>,
    },
    /// The authority constituted a body.
    Constituted {
        /// The body.
        unit: UnitId,
        /// The event.
        cause: Cause,
    },
    /// A tenure begins.
    Begun {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The holder.
        person: Handle,
        /// The tenure.
        tenure: Tenure,
    },
    /// The holder's last tenure ends.
    Ended {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The holder.
        person: Handle,
        /// The first instant after it.
        to: Timestamp,
        /// How.
        ending: Ending,
    },
    /// An imported holder accepts the asserted tenure.
    Claimed {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The holder.
        person: Handle,
        /// The acceptance.
        cause: Cause,
    },
    /// A tenure is suspended, or no longer is.
    Suspended {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The holder.
        person: Handle,
        /// The suspension; `None` ends it.
        cause: Option<Cause>,
    },
    /// A line was imported.
    Imported {
        /// Digest of its content.
        content: Digest,
        /// The event.
        event: EventId,
        /// The line's time.
        time: Timestamp,
    },
}

impl Roster {
    /// A unit by id.
    #[must_use]
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.units.get(id)
    }

    /// A unit by id, with the id as the roster keeps it.
    #[must_use]
    pub fn known_unit(&self, id: &UnitId) -> Option<(&UnitId, &Unit)> {
        self.units.get_key_value(id)
    }

    /// Every unit.
    pub fn units(&self) -> impl Iterator<Item = (&UnitId, &Unit)> {
        self.units.iter()
    }

    /// The units that belong to a unit, by id.
    pub fn children(&self, unit: &UnitId) -> impl Iterator<Item = (&UnitId, &Unit)> {
        self.children.of(unit).filter_map(|id| self.units.get_key_value(id))
    }

    /// The units whose ids have this behind their first slash, by id.
    pub fn namesakes(&self, suffix: &str) -> impl Iterator<Item = (&UnitId, &Unit)> {
        self.namesakes.of(&suffix.to_owned()).filter_map(|id| self.units.get_key_value(id))
    }

    /// Every tenure: unit, role, person, and the person's tenures in that role in order.
    pub fn tenures(&self) -> impl Iterator<Item = (&UnitId, &Name, &Handle, &[Tenure])> {
        self.tenures.all().iter().flat_map(|(unit, roles)| {
            roles.iter().flat_map(move |(role, holders)| {
                holders.iter().map(move |(person, tenures)| (unit, role, person, tenures.as_slice()))
            })
        })
    }

    /// The tenures of one person in one role of one unit, in order.
    #[must_use]
    pub fn tenures_of(&self, unit: &UnitId, role: &Name, person: &Handle) -> &[Tenure] {
        self.tenures.of(unit, role, person)
    }

    /// The tenure by which a person holds a role at an instant.
    #[must_use]
    pub fn tenure_at(&self, unit: &UnitId, role: &Name, person: &Handle, at: Timestamp) -> Option<&Tenure> {
        self.tenures_of(unit, role, person).iter().find(|tenure| tenure.holds(at))
    }

    /// Everybody who holds or has held a role, with all their tenures in it.
    pub fn ever<'a>(
        &'a self,
        unit: &UnitId,
        role: &Name,
    ) -> impl Iterator<Item = (&'a Handle, &'a [Tenure])> + use<'a> {
        let holders = self.tenures.in_role(unit, role);
        holders.into_iter().flatten().map(|(person, tenures)| (person, tenures.as_slice()))
    }

    /// Every tenure in a unit: role, person, and the person's tenures in that role in order.
    pub fn tenures_in(&self, unit: &UnitId) -> impl Iterator<Item = (&Name, &Handle, &[Tenure])> {
        let roles = self.tenures.in_unit(unit).into_iter().flatten();
        roles.flat_map(|(role, holders)| holders.iter().map(move |(person, all)| (role, person, all.as_slice())))
    }

    /// Everybody who holds a role at an instant, asserted holders included, by handle.
    pub fn holders<'a>(
        &'a self,
        unit: &UnitId,
        role: &Name,
        at: Timestamp,
    ) -> impl Iterator<Item = (&'a Handle, &'a Tenure)> {
        let holders = self.tenures.in_role(unit, role);
        holders.into_iter().flatten().filter_map(move |(person, tenures)| {
            tenures.iter().find(|tenure| tenure.holds(at)).map(|tenure| (person, tenure))
        })
    }

    /// The roles that a person holds in a unit at an instant.
    #[must_use]
    pub fn roles_of(&self, unit: &UnitId, person: &Handle, at: Timestamp) -> Vec<&Name> {
        let roles = self.tenures.in_unit(unit).into_iter().flatten();
        roles
            .filter(|(_, holders)| holders.get(person).is_some_and(|t| t.iter().any(|tenure| tenure.holds(at))))
            .map(|(role, _)| role)
            .collect()
    }

    /// The event that imported a line with this content.
    #[must_use]
    pub fn imported(&self, content: &Digest) -> Option<&EventId> {
        self.imported.get(content)
    }

    /// The latest instant at which an imported line changed something.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        *self.latest
    }

    pub(super) fn apply(&mut self, change: RosterChange) {
        match change {
            RosterChange::UnitFounded { unit, kind, parent, life } => {
                if let Some(former) = self.units.get(&unit).and_then(|known| known.parent.clone()) {
                    self.children.forget(&former, &unit);
                }
                if let Some(parent) = &parent {
                    self.children.note(parent.clone(), unit.clone());
                }
                if let Some(suffix) = unit.suffix() {
                    self.namesakes.note(suffix.to_owned(), unit.clone());
                }
                let fresh = Unit { kind, parent, lives: Vec::new(), constituted: None, merged_into: None };
                // A unit that is founded again begins anew; only its past stays.
                let known = self.units.row_or(unit, || fresh.clone());
                add(&mut known.lives, life);
                *known = Unit { lives: std::mem::take(&mut known.lives), ..fresh };
            }
            RosterChange::UnitDissolved { unit, at, cause, into } => {
                if let Some(unit) = self.units.get_mut(&unit) {
                    unit.merged_into = into;
                    if let Some(life) = unit.lives.last_mut() {
                        life.dissolved = Some((at, cause));
                    }
                }
            }
            RosterChange::Constituted { unit, cause } => {
                if let Some(unit) = self.units.get_mut(&unit) {
                    unit.constituted = Some(cause);
                }
            }
            RosterChange::Begun { unit, role, person, tenure } => add(self.tenures.row(unit, role, person), tenure),
            RosterChange::Ended { unit, role, person, to, ending } => {
                if let Some(tenure) = self.tenures.row(unit, role, person).last_mut() {
                    tenure.to = Some(to);
                    tenure.ended = Some(ending);
                }
            }
            RosterChange::Claimed { unit, role, person, cause } => {
                if let Some(tenure) = self.tenures.row(unit, role, person).last_mut() {
                    tenure.claimed = Some(cause);
                }
            }
            RosterChange::Suspended { unit, role, person, cause } => {
                if let Some(tenure) = self.tenures.row(unit, role, person).last_mut() {
                    tenure.suspended = cause;
                }
            }
            RosterChange::Imported { content, event, time } => {
                self.imported.insert(content, event);
                *self.latest = self.latest.max(time);
            }
        }
    }
}
