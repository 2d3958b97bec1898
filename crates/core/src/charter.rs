//! A charter: the rules of a community as typed data. Compiled from a TOML document by [`draft`], never edited.
//!
//! The engine knows no body or role by name; every rule here carries the clause it comes from, and every refusal names
//! that clause. A unit kind or role called `*` stands for any that the charter does not name.

mod check;
pub mod draft;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::act::MeetingKind;
use crate::digest::{CHARTER_CONTEXT, Digest, derive};
use crate::name::{Name, UnitId};
use crate::threshold::Threshold;
use crate::time::{Timestamp, Zone};

/// Identifier of a clause of a charter, or of a rule of the format itself (`format/…`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Clause(String);

impl Clause {
    /// The clause with this identifier.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A charter that has passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    name: Name,
    digest: Digest,
    zone: Zone,
    authority: AuthorityRules,
    kinds: BTreeMap<Name, UnitKind>,
    interpretations: Vec<Interpretation>,
    clauses: BTreeMap<Clause, String>,
}

/// What the appointing authority may do besides appointing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuthorityRules {
    /// The clause that makes it the authority.
    pub clause: Clause,
    /// It may end roles.
    pub ends: Option<Clause>,
    /// It may import role changes of the past.
    pub imports: Option<Clause>,
    /// Days after which a body that addressed it in vain may replace it.
    pub unanswered_days: Option<u64>,
}

/// A kind of unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitKind {
    /// The kind's name.
    pub name: Name,
    /// The clause that provides for it.
    pub clause: Clause,
    /// Exactly one unit of this kind exists, from the founding on, with the kind's name as its id.
    pub single: bool,
    /// The authority founds and dissolves units of this kind.
    pub founded_by_authority: Option<Clause>,
    /// The role whose holders are the members in office.
    pub electors: Option<Name>,
    /// The body acts only once it has been constituted with so many accepted members.
    pub constitute: Option<Counted>,
    /// It is constituted by another body's decision instead of by the authority.
    pub constituted_by_decision: bool,
    /// Its roles.
    pub roles: BTreeMap<Name, Role>,
    /// How it meets.
    pub meeting: Option<MeetingRules>,
    /// How votes are opened and closed.
    pub vote: Option<VoteRules>,
    /// How it decides, and what.
    pub decisions: Vec<Decision>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Role {
    /// The clause that provides for it.
    pub clause: Clause,
    /// How many may hold it at one instant.
    pub at_most: Option<u64>,
    /// Holding it confers this role too, and losing that one ends it.
    pub implies: Option<Name>,
    /// The authority appoints to it.
    pub appointed: Option<Clause>,
    /// Its holder may resign.
    pub resigns: Option<Clause>,
    /// Who may nominate for it.
    pub nominated_by: Option<Nominator>,
}

/// Who may nominate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nominator {
    /// The unit, when it is another than the role's own.
    pub unit: Option<UnitId>,
    /// The role that a nominator holds.
    pub role: Name,
    /// The clause.
    pub clause: Clause,
}

/// A number with its clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The number.
    pub value: u64,
    /// The clause.
    pub clause: Clause,
}

/// What a threshold is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// The members present: P.
    Present,
    /// The members in office: N.
    InOffice,
}

/// One threshold of a decision, quorum or petition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// The comparator.
    pub threshold: Threshold,
    /// What it is a share of.
    pub of: Base,
    /// The clause.
    pub clause: Clause,
}

impl Bar {
    /// Tells whether `part` meets the bar for a body of `in_office` members, `present` of them present.
    #[must_use]
    pub fn is_met(&self, part: u64, present: u64, in_office: u64) -> bool {
        self.threshold.is_met(part, self.whole(present, in_office))
    }

    /// The least part that meets the bar, for display.
    #[must_use]
    pub fn least(&self, present: u64, in_office: u64) -> u64 {
        self.threshold.least(self.whole(present, in_office))
    }

    const fn whole(&self, present: u64, in_office: u64) -> u64 {
        match self.of {
            Base::Present => present,
            Base::InOffice => in_office,
        }
    }
}

/// How a body meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MeetingRules {
    /// The role whose holder gives notice and presides.
    pub called_by: Name,
    /// The clause that says so.
    pub called_clause: Clause,
    /// Minutes after the noticed start before members may open without the convener.
    pub grace_minutes: Counted,
    /// Civil days between notice and meeting.
    pub notice_days: Counted,
    /// The clause that lists what a notice must state.
    pub notice_fields: Clause,
    /// Non-members may check in as observers.
    pub public: Option<Clause>,
    /// How many members must be present.
    pub quorum: Bar,
    /// The clause by which presence is the member's own.
    pub presence: Clause,
    /// Days between regular meetings, shown when exceeded.
    pub cadence_days: Option<Counted>,
    /// How members demand a meeting.
    pub petition: Option<PetitionRules>,
}

/// How members demand a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PetitionRules {
    /// How many must sign.
    pub signed_by: Bar,
    /// Days between the petition and the meeting it demands, at least.
    pub lead_days: u64,
    /// Days after which an unanswered petition is itself the notice.
    pub answer_days: u64,
}

/// How votes are opened and closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VoteRules {
    /// The clause.
    pub clause: Clause,
    /// The clause by which voting is by name.
    pub named: Clause,
    /// The clause that lists the choices.
    pub choices: Clause,
    /// A vote stays open so many minutes at least.
    pub minutes_min: u64,
    /// A vote stays open so many minutes unless its opening says otherwise.
    pub minutes_default: u64,
    /// A vote stays open so many minutes at most.
    pub minutes_max: u64,
}

/// A decision rule: where it is taken, what passes it, and what it may decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The rule's name within its kind.
    pub name: Name,
    /// The clause.
    pub clause: Clause,
    /// The kind of meeting in which it is taken.
    pub venue: MeetingKind,
    /// The clause that says so.
    pub venue_clause: Clause,
    /// Every bar that approvals must meet.
    pub pass: Vec<Bar>,
    /// What it may decide.
    pub decides: Vec<Subject>,
}

/// Something that a decision rule may decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// The effect's wire tag.
    pub effect: String,
    /// The kind of the unit that the effect names.
    pub kind: Option<Name>,
    /// The role that the effect names.
    pub role: Option<Name>,
    /// The clause.
    pub clause: Clause,
    /// The item must be on the agenda, by this clause.
    pub listed: Option<Clause>,
    /// The agenda item must name the person.
    pub names_person: bool,
    /// The person must have missed so many consecutive meetings.
    pub absences: Option<u64>,
    /// Only until the unit has been constituted.
    pub until_constituted: bool,
    /// The person must stand nominated by a holder of this role in the unit.
    pub nominated_by: Option<Name>,
}

/// A reading that the charter takes where its text is silent or ambiguous.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interpretation {
    /// Its identifier.
    pub id: String,
    /// The clause it reads.
    pub clause: Clause,
    /// The question.
    pub question: String,
    /// The reading in force.
    pub reading: String,
    /// Other readings.
    pub others: Vec<String>,
}

impl Charter {
    /// The digest of a charter's text.
    #[must_use]
    pub fn digest_of(text: &str) -> Digest {
        Digest::from_bytes(derive(CHARTER_CONTEXT, text.as_bytes()))
    }

    /// The text of a charter that ships with Rollcall.
    #[must_use]
    pub fn preset(name: &str) -> Option<&'static str> {
        match name {
            "greatsql" => Some(include_str!("../charters/greatsql.toml")),
            "steward" => Some(include_str!("../charters/steward.toml")),
            _ => None,
        }
    }

    /// The names of the charters that ship with Rollcall.
    pub const PRESETS: &'static [&'static str] = &["greatsql", "steward"];

    /// The charter's name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// The digest of its text.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Its time zone.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What the authority may do.
    #[must_use]
    pub const fn authority(&self) -> &AuthorityRules {
        &self.authority
    }

    /// Every kind of unit it declares.
    pub fn kinds(&self) -> impl Iterator<Item = &UnitKind> {
        self.kinds.values()
    }

    /// The rules of a kind: its own, or those of `*`.
    #[must_use]
    pub fn kind(&self, name: &Name) -> Option<&UnitKind> {
        self.kinds.get(name).or_else(|| self.kinds.values().find(|kind| kind.name.as_str() == "*"))
    }

    /// The readings it takes.
    #[must_use]
    pub fn interpretations(&self) -> &[Interpretation] {
        &self.interpretations
    }

    /// Its clauses with their text in our words.
    #[must_use]
    pub const fn clauses(&self) -> &BTreeMap<Clause, String> {
        &self.clauses
    }

    /// Civil days from one instant to another in its zone.
    #[must_use]
    pub fn days_between(&self, earlier: Timestamp, later: Timestamp) -> i64 {
        self.zone.date(later).days_since(self.zone.date(earlier))
    }
}

impl UnitKind {
    /// The rules of a role: its own, or those of `*`.
    #[must_use]
    pub fn role(&self, name: &Name) -> Option<&Role> {
        self.roles.get(name).or_else(|| self.roles.iter().find(|(key, _)| key.as_str() == "*").map(|(_, role)| role))
    }

    /// Kinds of units that this kind's decisions constitute.
    pub fn constitutes(&self) -> impl Iterator<Item = &Name> {
        let subjects = self.decisions.iter().flat_map(|decision| &decision.decides);
        subjects.filter(|subject| subject.effect == "constitute").filter_map(|subject| subject.kind.as_ref())
    }

    /// Roles that end when `name` ends, because they imply it.
    pub fn implying<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Name> {
        self.roles.iter().filter(move |(_, role)| role.implies.as_ref() == Some(name)).map(|(key, _)| key)
    }
}
