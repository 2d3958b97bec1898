//! Roles of a charter: who may hold them, and every way into and out of them.
//!
//! A role is gained by appointment, by a body's decision, or along a path: conditions that a machine can test, after which
//! nobody is asked. It says what is needed, never whether somebody has it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Clause;
use crate::name::{Name, NameError, UnitId};

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The clause that provides for it.
    pub clause: Clause,
    /// How many may hold it at one instant.
    pub at_most: Option<u64>,
    /// Holding it confers this role too, and losing that one ends it.
    pub implies: Option<Name>,
    /// Its holders have the benefits of this role too.
    pub includes: Option<Name>,
    /// Who may hold it.
    pub held_by: HeldBy,
    /// The authority appoints to it.
    pub appointed: Option<Clause>,
    /// What an appointment needs besides the authority's signatures, and how it can be suspended and ended.
    pub admission: Option<Admission>,
    /// Its holder may resign.
    pub resigns: Option<Clause>,
    /// Appointments may state when they end.
    pub terms: Option<Clause>,
    /// The role that a holder who resigns keeps as an honour.
    pub emeritus: Option<Name>,
    /// Who may nominate for it, where a body then decides.
    pub nominated_by: Vec<Nominator>,
    /// Who may apply for it, where a body then decides.
    pub applicants: Vec<Applicant>,
    /// Ways to it that need no body's decision.
    pub paths: Vec<Path>,
}

/// Who may hold a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    /// People.
    #[default]
    People,
    /// Organisations.
    Organisations,
    /// Both.
    Either,
}

impl HeldBy {
    /// Tells whether an organisation, or a person, may hold it.
    #[must_use]
    pub const fn admits(self, organisation: bool) -> bool {
        match self {
            Self::People => !organisation,
            Self::Organisations => organisation,
            Self::Either => true,
        }
    }
}

/// When in a unit's life a rule holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// At any time.
    #[default]
    Always,
    /// Until the unit has been constituted.
    Founding,
    /// Once the unit has been constituted.
    Established,
}

impl Phase {
    /// Tells whether the rule holds for a unit that has, or has not, been constituted.
    #[must_use]
    pub const fn holds(self, constituted: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Founding => !constituted,
            Self::Established => constituted,
        }
    }
}

/// Who may nominate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nominator {
    /// The unit, when it is another than the role's own.
    pub unit: Option<UnitId>,
    /// The role that a nominator holds.
    pub role: Name,
    /// When in the unit's life.
    #[serde(default)]
    pub phase: Phase,
    /// Kinds of kin units in one of which the nominee holds a role; empty where anybody will do.
    #[serde(default)]
    pub nominee_in: Vec<Name>,
    /// The clause.
    pub clause: Clause,
}

/// Who may apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// The role that an applicant holds, in person or as an organisation's representative.
    pub seat: Seat,
    /// When in the unit's life.
    #[serde(default)]
    pub phase: Phase,
    /// The clause.
    pub clause: Clause,
}

/// What an appointment by the authority needs, and how it can be suspended and ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admission {
    /// A body's recommendation.
    pub recommended: Option<Clause>,
    /// The digest of an agreement.
    pub agreement: Option<Clause>,
    /// Evidence of a capability.
    pub evidence: Option<Clause>,
    /// The authority suspends, resumes and ends.
    pub ends: Option<Clause>,
}

/// A way to a role that needs no body's decision: whoever meets every condition is entitled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// The clause.
    pub clause: Clause,
    /// A role that must be held.
    pub requires: Option<Required>,
    /// Attested evidence.
    pub evidence: Option<Evidence>,
    /// Nominations: one of these limbs suffices.
    #[serde(default)]
    pub nominations: Vec<Limb>,
    /// What each nominator attests of the nominee.
    #[serde(default)]
    pub attests: Vec<Criterion>,
    /// What others attest of the application itself.
    pub vouched: Option<Criterion>,
    /// An application states this in words.
    pub statement: Option<Clause>,
    /// Who records the grant; anyone enrolled where nobody is named.
    pub recorded_by: Option<Recorder>,
}

/// A role that a path asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Required {
    /// The role, in the same unit.
    pub role: Name,
    /// The clause.
    pub clause: Clause,
}

/// Evidence that a path asks for: contributions with attestations, by criterion. One limb suffices, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How many contributions each criterion needs.
    pub any_of: Vec<BTreeMap<Name, u64>>,
    /// The clause.
    pub clause: Clause,
}

/// So many nominations by holders of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limb {
    /// The nominators' role, in the same unit.
    pub from: Name,
    /// How many different people.
    pub at_least: u64,
    /// The clause.
    pub clause: Clause,
}

/// Something that is attested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Its name.
    pub name: Name,
    /// The clause.
    pub clause: Clause,
}

/// Who records a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// The seat.
    pub seat: Seat,
    /// The clause.
    pub clause: Clause,
}

/// A role in the unit at hand, or, written `kind/role`, in the unit of that kind which belongs together with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seat {
    /// The kind, when the role is in another unit.
    pub kind: Option<Name>,
    /// The role.
    pub role: Name,
}

impl FromStr for Seat {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((kind, role)) => Ok(Self { kind: Some(kind.parse()?), role: role.parse()? }),
            None => Ok(Self { kind: None, role: text.parse()? }),
        }
    }
}

impl TryFrom<String> for Seat {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Seat> for String {
    fn from(seat: Seat) -> Self {
        seat.to_string()
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Some(kind) => write!(f, "{kind}/{}", self.role),
            None => write!(f, "{}", self.role),
        }
    }
}

impl Role {
    /// Every clause that the role's rules cite.
    pub fn cites(&self) -> impl Iterator<Item = &Clause> {
        let admission = self.admission.iter().flat_map(|a| [&a.recommended, &a.agreement, &a.evidence, &a.ends]);
        let single = [&self.appointed, &self.resigns, &self.terms].into_iter().chain(admission).flatten();
        let gained = self.nominated_by.iter().map(|n| &n.clause).chain(self.applicants.iter().map(|a| &a.clause));
        [&self.clause].into_iter().chain(single).chain(gained).chain(self.paths.iter().flat_map(Path::cites))
    }
}

impl Path {
    fn cites(&self) -> impl Iterator<Item = &Clause> {
        let Self { clause, requires, evidence, nominations, attests, vouched, statement, recorded_by } = self;
        let conditions = requires.iter().map(|r| &r.clause).chain(evidence.iter().map(|e| &e.clause));
        let people = nominations.iter().map(|limb| &limb.clause);
        let words = attests.iter().chain(vouched).map(|criterion| &criterion.clause).chain(statement);
        [clause].into_iter().chain(conditions).chain(people).chain(words).chain(recorded_by.iter().map(|r| &r.clause))
    }

    /// A path that the person walks alone, by applying.
    #[must_use]
    pub const fn is_applied_for(&self) -> bool {
        self.nominations.is_empty()
    }
}
