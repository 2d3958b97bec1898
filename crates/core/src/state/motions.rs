//! The book of motions and votes: what was put, the pinned electorate, every ballot, and the tally computed from them.
//!
//! A tally uses only what the vote's opening pinned and the ballots accepted before its close (trap B1).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::rows::{Rows, Single};
use super::{Cause, add};
use crate::act::{Choice, Outcome};
use crate::charter::{Counts, Decision};
use crate::digest::{Digest, EventId};
use crate::effect::Effect;
use crate::field::Text;
use crate::key::KeyName;
use crate::name::{Handle, Name, UnitId};
use crate::time::Timestamp;

/// A motion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Motion {
    /// The event that put it; its id is the motion's, and pins its text.
    pub cause: Cause,
    /// The meeting in which it was put; none for one that is decided outside meetings.
    pub meeting: Option<EventId>,
    /// The body.
    pub unit: UnitId,
    /// Its title.
    pub title: Text,
    /// What it would do.
    pub effect: Effect,
    /// The decision rule of the body's kind that governs it.
    pub decision: Name,
    /// Which of the rule's subjects it falls under, counted from 0.
    pub subject: u64,
    /// Digest of the charter that governs it.
    pub charter: Digest,
    /// The nomination or application that it rests on, where its rule needs one.
    pub nomination: Option<EventId>,
    /// Motions that exclude it.
    pub conflicts: Vec<EventId>,
    /// The authority's persons who signed it, where what it changes is entrenched.
    pub endorsed: BTreeMap<Handle, EventId>,
    /// The opening of its vote.
    pub vote: Option<EventId>,
    /// The event that withdrew it.
    pub withdrawn: Option<Cause>,
    /// The event that applied its effect.
    pub applied: Option<EventId>,
    /// The authority's answer, where the motion addressed it.
    pub answered: Option<Cause>,
}

/// One link in the chain of a person's ballots: a ballot, or the retraction of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// The event.
    pub cause: Cause,
    /// The choice; `None` for a retraction.
    pub choice: Option<Choice>,
    /// The key that signed it.
    pub key: KeyName,
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The event that opened it; its id is the vote's.
    pub cause: Cause,
    /// The motion.
    pub motion: EventId,
    /// The last instant at which a ballot is accepted.
    pub closes: Timestamp,
    /// The members in office, in order: N.
    pub electors: Vec<Handle>,
    /// Those of them who were present: P.
    pub present: BTreeSet<Handle>,
    /// Chains of ballots by elector.
    pub ballots: BTreeMap<Handle, Vec<Ballot>>,
    /// The event that recorded the outcome.
    pub closed: Option<Cause>,
    /// The event that cancelled the vote before its first ballot.
    pub cancelled: Option<Cause>,
    /// Electors whose key is in dispute: their ballots are held out, and N and P keep them (trap C6).
    pub held: BTreeSet<Handle>,
    /// When a member who does not answer leaves the count: so many mentions, so many milliseconds apart.
    pub lapse: Option<(u64, u64)>,
    /// Members who were mentioned, and when.
    pub mentions: BTreeMap<Handle, Vec<Timestamp>>,
    /// Ballots that members spoke and the presider wrote down; they count for nothing.
    pub spoken: BTreeMap<Handle, (Choice, Cause)>,
}

/// What a vote's ballots add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Members in office: N.
    pub in_office: u64,
    /// Members present: P.
    pub present: u64,
    /// Approvals: Y.
    #[serde(rename = "for")]
    pub approvals: u64,
    /// Ballots against.
    pub against: u64,
    /// Abstentions.
    pub abstain: u64,
    /// Present without a ballot.
    pub silent: u64,
}

impl Tally {
    /// The numbers that bars are measured against.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        let for_or_against = self.approvals.saturating_add(self.against);
        let cast = for_or_against.saturating_add(self.abstain);
        Counts { in_office: self.in_office, present: self.present, cast, for_or_against }
    }

    /// The outcome under a decision rule.
    #[must_use]
    pub fn outcome(&self, rule: &Decision) -> Outcome {
        let counts = self.counts();
        let met = rule.pass.iter().all(|bar| bar.is_met(self.approvals, &counts))
            && rule.approvals.as_ref().is_none_or(|least| least.value <= self.approvals)
            && rule.turnout.as_ref().is_none_or(|bar| bar.is_met(counts.cast, &counts))
            && (rule.veto.is_none() || self.against == 0);
        let some = !rule.pass.is_empty() || rule.approvals.is_some();
        if met && some && 0 < self.present { Outcome::Passed } else { Outcome::Failed }
    }

    /// The approvals needed to pass as the ballots stand, for display: the largest of what the rule's bars ask for.
    #[must_use]
    pub fn needed(&self, rule: &Decision) -> u64 {
        let counts = self.counts();
        let bars = rule.pass.iter().map(|bar| bar.least(&counts));
        bars.chain(rule.approvals.iter().map(|least| least.value)).max().unwrap_or_default()
    }
}

impl Vote {
    /// What the ballots so far add up to; approvals that are held out count for nothing.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally_without(&BTreeSet::new())
    }

    /// What the ballots add up to without those of some electors, who stay in N and P.
    #[must_use]
    pub fn tally_without(&self, apart: &BTreeSet<Handle>) -> Tally {
        // A held approval counts for nothing; a held objection counts, so that holding one out carries no motion.
        let counts = |person: &&Handle, choice| {
            !apart.contains(*person) && (choice != Choice::For || !self.held.contains(*person))
        };
        let (mut approvals, mut against, mut abstain) = (0_u64, 0_u64, 0_u64);
        for (person, chain) in &self.ballots {
            let choice = chain.last().and_then(|ballot| ballot.choice);
            let Some(choice) = choice.filter(|choice| counts(&person, *choice)) else { continue };
            let count = match choice {
                Choice::For => &mut approvals,
                Choice::Against => &mut against,
                Choice::Abstain => &mut abstain,
            };
            *count = count.saturating_add(u64::from(self.present.contains(person)));
        }
        let lapsed = as_u64(self.electors.iter().filter(|person| self.has_lapsed(person)).count());
        let present = as_u64(self.present.iter().filter(|person| !self.has_lapsed(person)).count());
        let silent = present.saturating_sub(approvals).saturating_sub(against).saturating_sub(abstain);
        let in_office = as_u64(self.electors.len()).saturating_sub(lapsed);
        Tally { in_office, present, approvals, against, abstain, silent }
    }

    /// Tells whether a member has left the count: mentioned often enough, far enough apart, without a ballot.
    #[must_use]
    pub fn has_lapsed(&self, person: &Handle) -> bool {
        // Most votes let nobody lapse; of those nobody's ballots are looked for.
        let Some((needed, apart_ms)) = self.lapse.filter(|_| self.standing(person).is_none()) else { return false };
        let mut counted = 0_u64;
        let mut last: Option<Timestamp> = None;
        for at in self.mentions.get(person).into_iter().flatten() {
            if last.is_none_or(|last| last.plus_ms(apart_ms) <= *at) {
                counted = counted.saturating_add(1);
                last = Some(*at);
            }
        }
        needed <= counted
    }

    /// The choice that stands for a person.
    #[must_use]
    pub fn standing(&self, person: &Handle) -> Option<Choice> {
        self.chain_tip(person).and_then(|ballot| ballot.choice)
    }

    /// The last link of a person's chain of ballots.
    #[must_use]
    pub fn chain_tip(&self, person: &Handle) -> Option<&Ballot> {
        self.ballots.get(person).and_then(|chain| chain.last())
    }

    /// Tells whether every pinned elector has a standing ballot that nothing holds out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let balloted = |person: &Handle| self.standing(person).is_some() && !self.held.contains(person);
        self.present.iter().all(|person| balloted(person) || self.has_lapsed(person))
    }

    /// Tells whether no further ballot can change the outcome: recorded, or the closing time is past.
    #[must_use]
    pub fn is_decided(&self, now: Timestamp) -> bool {
        self.closed.is_some() || (self.cancelled.is_none() && self.closes < now)
    }
}

fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Motions and votes by event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Motions {
    pub(super) motions: Rows<EventId, Motion>,
    pub(super) votes: Rows<EventId, Vote>,
    /// Motions with a role effect that may still have to be applied, by the unit of the role.
    pub(super) pending: Rows<UnitId, BTreeSet<EventId>>,
    #[serde(skip)]
    pub(super) of_meeting: Index<EventId>,
    /// Motions by the motion that they exclude or rule on.
    #[serde(skip)]
    pub(super) bearing: Index<EventId>,
    /// Motions to rule that persons are one human.
    #[serde(skip)]
    pub(super) one_human: Single<BTreeSet<EventId>>,
    /// The motion of each closing of a vote.
    #[serde(skip)]
    pub(super) closings: Rows<EventId, EventId>,
    /// Votes that nobody has closed or cancelled.
    #[serde(skip)]
    pub(super) unclosed: Single<BTreeSet<EventId>>,
    /// Those of the pending motions that lost an election for good, by the unit of the role.
    #[serde(skip)]
    pub(super) outvoted: Rows<UnitId, BTreeSet<EventId>>,
}

/// A change of the book.
#[derive(Clone, Debug)]
pub enum MotionChange {
    /// A motion is put.
    Put(Motion),
    /// A motion is withdrawn before its vote.
    Withdrawn {
        /// The motion.
        motion: EventId,
    },
    /// A vote opens.
    Opened(Vote),
    /// A vote is cancelled before its first ballot.
    Cancelled {
        /// The vote.
        vote: EventId,
    },
    /// A ballot or retraction is accepted.
    Balloted {
        /// The vote.
        vote: EventId,
        /// The choice; `None` retracts.
        choice: Option<Choice>,
        /// The key that signed it.
        key: KeyName,
    },
    /// A person's ballots in an open vote are held out.
    Held {
        /// The vote.
        vote: EventId,
        /// The person.
        person: Handle,
    },
    /// A person's ballots in an open vote count again.
    Released {
        /// The vote.
        vote: EventId,
        /// The person.
        person: Handle,
    },
    /// The outcome is recorded.
    Closed {
        /// The vote.
        vote: EventId,
        /// Whether a role change may now fall due.
        passed: bool,
    },
    /// The effect is applied.
    Applied {
        /// The motion.
        motion: EventId,
    },
    /// The seat that the motion was about is taken by another motion, to which it lost.
    Outvoted {
        /// The motion.
        motion: EventId,
    },
    /// One of the authority's persons signed a motion that changes what is entrenched.
    Endorsed {
        /// The motion.
        motion: EventId,
    },
    /// Somebody was mentioned in a vote.
    Mentioned {
        /// The vote.
        vote: EventId,
        /// Who.
        person: Handle,
    },
    /// The presider wrote down a ballot that a member spoke.
    Spoken {
        /// The vote.
        vote: EventId,
        /// Who spoke.
        person: Handle,
        /// The choice.
        choice: Choice,
    },
    /// The authority answered.
    Answered {
        /// The motion.
        motion: EventId,
    },
}

impl Motions {
    /// A motion by id.
    #[must_use]
    pub fn get(&self, id: &EventId) -> Option<&Motion> {
        self.motions.get(id)
    }

    /// Every motion.
    pub fn iter(&self) -> impl Iterator<Item = (&EventId, &Motion)> {
        self.motions.iter()
    }

    /// A vote by id.
    #[must_use]
    pub fn vote(&self, id: &EventId) -> Option<&Vote> {
        self.votes.get(id)
    }

    /// Every vote.
    pub fn votes(&self) -> impl Iterator<Item = (&EventId, &Vote)> {
        self.votes.iter()
    }

    /// The motion with its vote, if one was opened.
    #[must_use]
    pub fn voted(&self, motion: &EventId) -> Option<(&Motion, &Vote)> {
        let motion = self.motions.get(motion)?;
        Some((motion, self.votes.get(motion.vote.as_ref()?)?))
    }

    /// The motion that an event belongs to: itself, or one whose vote it opened or closed.
    #[must_use]
    pub fn motion_of(&self, event: &EventId) -> Option<EventId> {
        if self.motions.contains_key(event) {
            return Some(*event);
        }
        if let Some(vote) = self.votes.get(event) {
            return Some(vote.motion);
        }
        self.closings.get(event).copied()
    }

    /// The motions that were put in a meeting, by event.
    pub fn of_meeting(&self, meeting: &EventId) -> impl Iterator<Item = (&EventId, &Motion)> {
        self.of_meeting.of(meeting).filter_map(|id| self.motions.get_key_value(id))
    }

    /// The motions that exclude a motion, are excluded by it, or rule on it, by event.
    pub fn bearing_on(&self, id: &EventId, motion: &Motion) -> impl Iterator<Item = (&EventId, &Motion)> {
        let all: BTreeSet<EventId> = self.bearing.of(id).chain(&motion.conflicts).copied().collect();
        all.into_iter().filter_map(|id| self.motions.get_key_value(&id))
    }

    /// The motions to rule that persons are one human, by event.
    pub fn one_human(&self) -> impl Iterator<Item = &Motion> {
        self.one_human.iter().filter_map(|id| self.motions.get(id))
    }

    /// The ballot or retraction with this event id: its vote and its author.
    #[must_use]
    pub fn ballot<'a>(&'a self, event: &EventId) -> Option<(EventId, &'a Handle)> {
        let owner = |(vote, v): (&EventId, &'a Vote)| {
            let mut owners = v.ballots.iter().filter(|(_, chain)| chain.iter().any(|b| b.cause.event == *event));
            owners.next().map(|(person, _)| (*vote, person))
        };
        // Whoever asks mostly means a vote that is open still.
        let unclosed = self.unclosed.iter().filter_map(|vote| self.votes.get_key_value(vote));
        unclosed.into_iter().find_map(owner).or_else(|| self.votes.iter().find_map(owner))
    }

    /// Motions with a role effect in `unit` that may still have to be applied.
    pub fn pending(&self, unit: &UnitId) -> impl Iterator<Item = (&EventId, &Motion)> {
        let (pending, outvoted) = (self.pending.get(unit), self.outvoted.get(unit));
        let pending = pending.into_iter().flatten();
        let may_be_due = pending.filter(move |id| outvoted.is_none_or(|outvoted| !outvoted.contains(id)));
        may_be_due.filter_map(|id| self.motions.get_key_value(id))
    }

    /// Tells whether a motion's effect in `unit` may still have to be applied, for all that its vote says.
    pub(crate) fn is_pending(&self, unit: &UnitId, id: &EventId) -> bool {
        self.pending.get(unit).is_some_and(|pending| pending.contains(id))
    }

    pub(super) fn apply(&mut self, change: MotionChange, cause: &Cause) {
        match change {
            MotionChange::Put(motion) => {
                self.index(cause.event, &motion);
                self.motions.insert(cause.event, motion);
            }
            MotionChange::Withdrawn { motion } => {
                if let Some(motion) = self.motions.get_mut(&motion) {
                    motion.withdrawn = Some(cause.clone());
                }
            }
            MotionChange::Opened(vote) => {
                if let Some(motion) = self.motions.get_mut(&vote.motion) {
                    motion.vote = Some(cause.event);
                    if let Some(change) = motion.effect.role_change() {
                        self.pending.row_or(change.unit.clone(), BTreeSet::new).insert(vote.motion);
                    }
                }
                self.unclosed.insert(cause.event);
                self.votes.insert(cause.event, vote);
            }
            MotionChange::Cancelled { vote } => {
                self.unclosed.remove(&vote);
                if let Some(vote) = self.votes.get_mut(&vote) {
                    vote.cancelled = Some(cause.clone());
                    let motion = vote.motion;
                    if let Some(motion) = self.motions.get_mut(&motion) {
                        motion.vote = None;
                    }
                    self.settle(&motion);
                }
            }
            MotionChange::Held { vote, person } => {
                if let Some(vote) = self.votes.get_mut(&vote) {
                    vote.held.insert(person);
                }
            }
            MotionChange::Released { vote, person } => {
                if let Some(vote) = self.votes.get_mut(&vote) {
                    vote.held.remove(&person);
                }
            }
            MotionChange::Balloted { vote, choice, key } => {
                if let Some(vote) = self.votes.get_mut(&vote) {
                    let ballot = Ballot { cause: cause.clone(), choice, key };
                    add(vote.ballots.entry(cause.by.clone()).or_default(), ballot);
                }
            }
            MotionChange::Closed { vote, passed } => {
                self.unclosed.remove(&vote);
                if let Some(vote) = self.votes.get_mut(&vote) {
                    vote.closed = Some(cause.clone());
                    let motion = vote.motion;
                    self.closings.insert(cause.event, motion);
                    if !passed {
                        self.settle(&motion);
                    }
                }
            }
            MotionChange::Endorsed { motion } => {
                if let Some(motion) = self.motions.get_mut(&motion) {
                    motion.endorsed.insert(cause.by.clone(), cause.event);
                }
            }
            MotionChange::Mentioned { vote, person } => {
                if let Some(vote) = self.votes.get_mut(&vote) {
                    vote.mentions.entry(person).or_default().push(cause.at);
                }
            }
            MotionChange::Spoken { vote, person, choice } => {
                if let Some(vote) = self.votes.get_mut(&vote) {
                    vote.spoken.insert(person, (choice, cause.clone()));
                }
            }
            MotionChange::Answered { motion } => {
                if let Some(motion) = self.motions.get_mut(&motion) {
                    motion.answered = Some(cause.clone());
                }
            }
            MotionChange::Applied { motion } => {
                if let Some(motion) = self.motions.get_mut(&motion) {
                    motion.applied = Some(cause.event);
                }
                self.settle(&motion);
            }
            MotionChange::Outvoted { motion } => {
                if let Some(unit) = self.unit_of_role(&motion) {
                    self.outvoted.row_or(unit, BTreeSet::new).insert(motion);
                }
            }
        }
    }

    fn index(&mut self, id: EventId, motion: &Motion) {
        if let Some(meeting) = motion.meeting {
            self.of_meeting.note(meeting, id);
        }
        for other in &motion.conflicts {
            self.bearing.note(*other, id);
        }
        if let Effect::Resolve(effect) = &motion.effect
            && let Some(other) = effect.supersedes
        {
            self.bearing.note(other, id);
            // The ruling may take a winner out, and then those who lost to them are asked about again.
            if let Some(unit) = self.unit_of_role(&other) {
                self.outvoted.remove(&unit);
            }
        }
        if matches!(motion.effect, Effect::OneHuman(_)) {
            self.one_human.insert(id);
        }
    }

    /// Takes a motion off the list of those whose effect may still have to be applied.
    fn settle(&mut self, motion: &EventId) {
        if let Some(unit) = self.unit_of_role(motion)
            && let Some(pending) = self.pending.get_mut(&unit)
        {
            pending.remove(motion);
            if pending.is_empty() {
                self.pending.remove(&unit);
            }
        }
    }

    /// The unit in which a motion changes a role.
    fn unit_of_role(&self, motion: &EventId) -> Option<UnitId> {
        Some(self.motions.get(motion)?.effect.role_change()?.unit.clone())
    }
}
