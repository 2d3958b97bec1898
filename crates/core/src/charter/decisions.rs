//! Decision rules of a charter: what a body may decide, where, and what passes.
//!
//! Every bar is a comparator over exact integers; this file counts nothing and reads no ballot.

use serde::{Deserialize, Serialize};

use super::roles::Phase;
use super::{Clause, Counted};
use crate::act::MeetingKind;
use crate::name::Name;
use crate::threshold::Threshold;

/// What a threshold is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// The members present: P.
    Present,
    /// The members in office: N.
    InOffice,
    /// The ballots cast, abstentions included.
    Cast,
    /// The ballots for and against.
    ForOrAgainst,
}

impl Base {
    /// The base in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Present => "members present",
            Self::InOffice => "members in office",
            Self::Cast => "ballots cast",
            Self::ForOrAgainst => "ballots for and against",
        }
    }
}

/// The numbers that a bar is measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Members in office: N.
    pub in_office: u64,
    /// Members present: P.
    pub present: u64,
    /// Ballots cast.
    pub cast: u64,
    /// Ballots for and against.
    pub for_or_against: u64,
}

/// One threshold of a decision, quorum or petition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// The comparator.
    pub threshold: Threshold,
    /// What it is a share of.
    pub of: Base,
    /// The clause.
    pub clause: Clause,
}

impl Bar {
    /// Tells whether `part` meets the bar.
    #[must_use]
    pub fn is_met(&self, part: u64, counts: &Counts) -> bool {
        self.threshold.is_met(part, self.whole(counts))
    }

    /// The least part that meets the bar, for display.
    #[must_use]
    pub fn least(&self, counts: &Counts) -> u64 {
        self.threshold.least(self.whole(counts))
    }

    const fn whole(&self, counts: &Counts) -> u64 {
        match self.of {
            Base::Present => counts.present,
            Base::InOffice => counts.in_office,
            Base::Cast => counts.cast,
            Base::ForOrAgainst => counts.for_or_against,
        }
    }
}

/// Where a decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Venue {
    /// In a regular meeting.
    Regular,
    /// In an extraordinary meeting.
    Extraordinary,
    /// In any meeting.
    Any,
    /// Outside meetings: every member in office may vote.
    Outside,
}

impl Venue {
    /// Tells whether a meeting of this kind will do.
    #[must_use]
    pub fn admits(self, kind: MeetingKind) -> bool {
        match self {
            Self::Regular => kind == MeetingKind::Regular,
            Self::Extraordinary => kind == MeetingKind::Extraordinary,
            Self::Any => true,
            Self::Outside => false,
        }
    }

    /// The venue in words, after “decided in”.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Regular => "a regular meeting",
            Self::Extraordinary => "an extraordinary meeting",
            Self::Any => "a meeting",
            Self::Outside => "a vote outside meetings",
        }
    }
}

/// How votes are opened and closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// When it may close before its time.
    #[serde(default)]
    pub early: Early,
}

/// When a vote may close before its time; never before every pinned elector has balloted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Early {
    /// As soon as everybody has.
    #[default]
    AllBalloted,
    /// Not before the shortest time, either.
    AfterMinimum,
    /// Never.
    Never,
}

impl VoteRules {
    /// Tells whether the durations fit together: none is nothing, none exceeds a year, and they ascend.
    #[must_use]
    pub const fn is_ordered(&self) -> bool {
        0 < self.minutes_min
            && self.minutes_min <= self.minutes_default
            && self.minutes_default <= self.minutes_max
            && self.minutes_max <= 525_600
    }

    /// Every clause cited.
    pub fn cites(&self) -> impl Iterator<Item = &Clause> {
        [&self.clause, &self.named, &self.choices].into_iter()
    }
}

/// A decision rule: where it is taken, what passes it, and what it may decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The rule's name within its kind.
    pub name: Name,
    /// The clause.
    pub clause: Clause,
    /// Where it is taken.
    pub venue: Venue,
    /// The clause that says so.
    pub venue_clause: Clause,
    /// How its votes are opened and closed, where that differs from the body's other votes.
    pub vote: Option<VoteRules>,
    /// Every bar that approvals must meet.
    pub pass: Vec<Bar>,
    /// So many approvals at least, whatever the shares.
    pub approvals: Option<Counted>,
    /// The bar that ballots cast must meet.
    pub turnout: Option<Bar>,
    /// A single ballot against defeats it.
    pub veto: Option<Clause>,
    /// The role whose holder opens votes outside meetings; any member where none is named.
    pub opened_by: Option<Opener>,
    /// Others may put ballots on record beside the members'; they count for nothing.
    pub advisory: Option<Clause>,
    /// A member who does not answer leaves the count of this vote.
    pub lapse: Option<Lapse>,
    /// What it may decide.
    pub decides: Vec<Subject>,
}

/// Who opens votes outside meetings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opener {
    /// The role, in the deciding body.
    pub role: Name,
    /// The clause.
    pub clause: Clause,
}

/// When a member who does not answer leaves the count of a vote: mentioned so often, so many days apart, without a ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lapse {
    /// The kind of record that mentions somebody in a vote.
    pub record: Name,
    /// How many mentions.
    pub mentions: u64,
    /// Days between one and the next, at least.
    pub days_apart: u64,
    /// The clause.
    pub clause: Clause,
}

/// What becomes of the person whom a motion is about (traps C19, C20).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recusal {
    /// They vote like any member.
    #[default]
    None,
    /// They have no vote and stay in the number of members.
    NoVote,
    /// They have no vote and are left out of the number of members.
    LeftOut,
}

/// Something that a decision rule may decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The effect's wire tag.
    pub effect: String,
    /// The kind of the unit that the effect names.
    pub kind: Option<Name>,
    /// The role that the effect names.
    pub role: Option<Name>,
    /// The topic of a resolution in words.
    pub topic: Option<Name>,
    /// The clause.
    pub clause: Clause,
    /// The item must be on the agenda, by this clause.
    pub listed: Option<Clause>,
    /// The agenda item must name the person.
    #[serde(default)]
    pub names_person: bool,
    /// The person must have missed so many consecutive meetings.
    pub absences: Option<u64>,
    /// When in the unit's life.
    #[serde(default)]
    pub phase: Phase,
    /// The person must stand nominated by a holder of this role in the unit.
    pub nominated_by: Option<Name>,
    /// The person must have applied.
    #[serde(default)]
    pub applied: bool,
    /// The unit belongs to the deciding body: it is the body itself, or a unit of it or of what it belongs to.
    #[serde(default)]
    pub own: bool,
    /// Only while fewer than so many hold the role.
    pub below: Option<u64>,
    /// It may supersede a decision of a body of this kind.
    pub supersedes: Option<Name>,
    /// What becomes of the person whom it is about.
    #[serde(default)]
    pub recusal: Recusal,
    /// A founding may name first holders of roles.
    pub seeds: Option<Seeds>,
}

/// First holders whom a founding resolution may name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeds {
    /// Of which roles.
    pub roles: Vec<Name>,
    /// A founding that names some must be on the agenda, by this clause.
    pub listed: Option<Clause>,
    /// The clause.
    pub clause: Clause,
}

impl Subject {
    /// A person comes under this subject only by a nomination or application.
    #[must_use]
    pub const fn needs_candidate(&self) -> bool {
        self.nominated_by.is_some() || self.applied
    }
}
