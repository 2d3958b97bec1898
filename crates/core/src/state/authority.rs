//! The book of what waits for signatures or acceptance: acts of the authority, petitions' signers, nominations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Cause;
use super::accounts::AccountId;
use super::index::Index;
use super::rows::Rows;
use crate::act::Ruling;
use crate::charter::Clause;
use crate::digest::{Digest, EventId};
use crate::field::{Note, Text};
use crate::key::PublicKey;
use crate::name::{Handle, Name, UnitId};
use crate::time::Timestamp;

/// What the authority proposes to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposed {
    /// Appoint a person to a role.
    Appoint {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The person.
        person: Handle,
        /// When the term ends.
        until: Option<Timestamp>,
        /// The resolution that recommends it.
        recommended: Option<EventId>,
        /// Digest of an agreement.
        agreement: Option<Digest>,
    },
    /// Suspend a tenure.
    Suspend {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The holder.
        person: Handle,
    },
    /// End a suspension.
    Resume {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The holder.
        person: Handle,
    },
    /// End a person's role.
    End {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The person.
        person: Handle,
    },
    /// Constitute a body.
    Constitute {
        /// The body.
        unit: UnitId,
        /// Accepted members.
        members: Vec<Handle>,
        /// Asserted holders left out.
        left_out: Vec<Handle>,
    },
    /// Found a unit.
    FoundUnit {
        /// The unit.
        unit: UnitId,
        /// Its kind.
        kind: Name,
        /// The unit it belongs to.
        parent: Option<UnitId>,
    },
    /// Dissolve a unit.
    DissolveUnit {
        /// The unit.
        unit: UnitId,
    },
    /// Answer a resolution that addressed the authority.
    Answer {
        /// The motion.
        motion: EventId,
    },
    /// Bind a key to a person whom an import named.
    BindKey {
        /// The person.
        person: Handle,
        /// The key.
        key: PublicKey,
    },
    /// Have an attachment erased.
    Erase {
        /// Its digest.
        digest: Digest,
    },
    /// Take an account from a person, to whom it was wrongly bound.
    ReleaseAccount {
        /// The account.
        account: AccountId,
    },
    /// Enrol people, each with a key.
    EnrolPeople {
        /// Their handles.
        people: Vec<Handle>,
        /// Their keys.
        keys: Vec<PublicKey>,
        /// Names to show.
        names: Vec<Text>,
    },
    /// Bind an offered key to a person who has, or had, others.
    RebindKey {
        /// The offer.
        offer: EventId,
        /// The person.
        person: Handle,
    },
    /// Rule on a disputed key.
    SettleKey {
        /// The offer.
        offer: EventId,
        /// The person whose key it is to be.
        person: Handle,
        /// How.
        ruling: Ruling,
    },
    /// Replace the authority by another.
    Replace {
        /// The new authority's persons.
        persons: Vec<Handle>,
        /// How many of them make an act of the authority.
        threshold: u64,
    },
    /// Have another key sign the log's heads.
    RotateLogKey {
        /// The new key.
        key: PublicKey,
        /// Number of entries of the last recognised head, where the old operator does not hand over.
        after: Option<u64>,
    },
    /// Name the witnesses whose times the log goes by.
    NameWitnesses {
        /// The policy.
        policy: Text,
    },
}

/// An act of the authority on its way to the threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The event that proposed it.
    pub cause: Cause,
    /// What it would do.
    pub what: Proposed,
    /// The authority's persons who signed, with their events.
    pub signers: BTreeMap<Handle, EventId>,
    /// The event at which it came to stand.
    pub stood: Option<Cause>,
    /// The event by which it was withdrawn.
    pub withdrawn: Option<Cause>,
}

/// A nomination or application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nomination {
    /// The event.
    pub cause: Cause,
    /// The unit.
    pub unit: UnitId,
    /// The role.
    pub role: Name,
    /// The nominee or applicant.
    pub person: Handle,
    /// Why.
    pub statement: Option<Text>,
    /// The clause by which its author may make it.
    pub clause: Clause,
    /// Whether the person applied instead of being nominated.
    pub applied: bool,
    /// What the author attests of the nominee.
    pub attests: Vec<Note>,
    /// The event by which the nominee accepted.
    pub accepted: Option<Cause>,
    /// The event by which the person came into the role; a later tenure needs a nomination of its own (trap C18).
    pub spent: Option<EventId>,
    /// The event by which it was withdrawn.
    pub withdrawn: Option<Cause>,
}

/// A role that somebody is entitled to without a body's decision: every condition of a path was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// The acceptance or application that completed it; its event is the entitlement's.
    pub cause: Cause,
    /// The unit.
    pub unit: UnitId,
    /// The role.
    pub role: Name,
    /// The person.
    pub person: Handle,
    /// The nominations and contributions that it rests on.
    pub rests_on: Vec<EventId>,
    /// The clause.
    pub clause: Clause,
    /// The event that entered the grant.
    pub applied: Option<EventId>,
    /// The event by which it was given up, or overtaken by coming into the role otherwise.
    pub withdrawn: Option<Cause>,
}

/// Proposals and nominations by event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Proposals {
    pub(super) proposals: Rows<EventId, Proposal>,
    pub(super) nominations: Rows<EventId, Nomination>,
    pub(super) entitlements: Rows<EventId, Entitlement>,
    #[serde(skip)]
    pub(super) nominated: Index<Handle>,
    #[serde(skip)]
    pub(super) entitled: Index<Handle>,
    /// Entitlements by what they rest on.
    #[serde(skip)]
    pub(super) resting: Index<EventId>,
}

/// A change of the book.
#[derive(Clone, Debug)]
pub enum ProposalChange {
    /// A proposal is made; it is keyed by the event that makes it.
    Proposed {
        /// What it would do.
        what: Proposed,
        /// Whether its author's signature counts as one of the authority's.
        signed: bool,
    },
    /// One of the authority's persons signed.
    Signed {
        /// The proposal.
        proposal: EventId,
    },
    /// One of the authority's persons took the signature back.
    Unsigned {
        /// The proposal.
        proposal: EventId,
    },
    /// A proposal came to stand.
    Stood {
        /// The proposal.
        proposal: EventId,
    },
    /// A nomination or application is made.
    Nominated(Nomination),
    /// The nominee accepted.
    Accepted {
        /// The nomination.
        nomination: EventId,
    },
    /// Somebody is entitled to a role.
    Entitled(Entitlement),
    /// The grant of an entitlement was entered.
    Granted {
        /// The entitlement.
        entitlement: EventId,
    },
    /// The person came into the role; nominations and applications for it are spent.
    Spent {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The person.
        person: Handle,
    },
    /// The author took a proposal or nomination back.
    Withdrawn {
        /// Which.
        event: EventId,
    },
}

impl Proposals {
    /// A proposal of the authority.
    #[must_use]
    pub fn proposal(&self, event: &EventId) -> Option<&Proposal> {
        self.proposals.get(event)
    }

    /// Every proposal, by event.
    pub fn proposals(&self) -> impl Iterator<Item = (&EventId, &Proposal)> {
        self.proposals.iter()
    }

    /// A nomination or application.
    #[must_use]
    pub fn nomination(&self, event: &EventId) -> Option<&Nomination> {
        self.nominations.get(event)
    }

    /// Nominations of a person for a role that nobody has withdrawn, and that have not led to it yet.
    pub fn standing<'a>(
        &'a self,
        unit: &'a UnitId,
        role: &'a Name,
        person: &'a Handle,
    ) -> impl Iterator<Item = (&'a EventId, &'a Nomination)> {
        let all = self.nominated.of(person).filter_map(|event| self.nominations.get_key_value(event));
        all.filter(move |(_, nomination)| {
            nomination.withdrawn.is_none()
                && nomination.spent.is_none()
                && nomination.unit == *unit
                && nomination.role == *role
        })
    }

    /// Every nomination and application, by event.
    pub fn nominations(&self) -> impl Iterator<Item = (&EventId, &Nomination)> {
        self.nominations.iter()
    }

    /// An entitlement, by the event that completed it or by one that it rests on.
    #[must_use]
    pub fn entitlement(&self, event: &EventId) -> Option<&Entitlement> {
        let resting = || self.resting.of(event).filter_map(|resting| self.entitlements.get(resting));
        self.entitled_by(event).or_else(|| resting().max_by_key(|entitlement| entitlement.cause.entry))
    }

    /// An entitlement by the event that completed it.
    #[must_use]
    pub fn entitled_by(&self, event: &EventId) -> Option<&Entitlement> {
        self.entitlements.get(event)
    }

    /// A person's entitlements, by event.
    pub fn entitlements_of(&self, person: &Handle) -> impl Iterator<Item = (&EventId, &Entitlement)> {
        self.entitled.of(person).filter_map(|event| self.entitlements.get_key_value(event))
    }

    /// Tells whether an entitlement rests on an event.
    #[must_use]
    pub fn is_rested_on(&self, event: &EventId) -> bool {
        self.resting.of(event).next().is_some()
    }

    /// Every entitlement, by event.
    pub fn entitlements(&self) -> impl Iterator<Item = (&EventId, &Entitlement)> {
        self.entitlements.iter()
    }

    pub(super) fn apply(&mut self, change: ProposalChange, cause: &Cause) {
        match change {
            ProposalChange::Proposed { what, signed } => {
                let signers = if signed { BTreeMap::from([(cause.by.clone(), cause.event)]) } else { BTreeMap::new() };
                let proposal = Proposal { cause: cause.clone(), what, signers, stood: None, withdrawn: None };
                self.proposals.insert(cause.event, proposal);
            }
            ProposalChange::Signed { proposal } => {
                if let Some(proposal) = self.proposals.get_mut(&proposal) {
                    proposal.signers.insert(cause.by.clone(), cause.event);
                }
            }
            ProposalChange::Unsigned { proposal } => {
                if let Some(proposal) = self.proposals.get_mut(&proposal) {
                    proposal.signers.remove(&cause.by);
                }
            }
            ProposalChange::Stood { proposal } => {
                if let Some(proposal) = self.proposals.get_mut(&proposal) {
                    proposal.stood = Some(cause.clone());
                }
            }
            ProposalChange::Nominated(nomination) => {
                self.nominated.note(nomination.person.clone(), cause.event);
                self.nominations.insert(cause.event, nomination);
            }
            ProposalChange::Entitled(entitlement) => {
                self.entitled.note(entitlement.person.clone(), cause.event);
                entitlement.rests_on.iter().for_each(|event| self.resting.note(*event, cause.event));
                self.entitlements.insert(cause.event, entitlement);
            }
            ProposalChange::Granted { entitlement } => {
                if let Some(entitlement) = self.entitlements.get_mut(&entitlement) {
                    entitlement.applied = Some(cause.event);
                }
            }
            ProposalChange::Spent { unit, role, person } => {
                for event in self.nominated.of(&person) {
                    let same = |n: &&mut Nomination| n.unit == unit && n.role == role;
                    if let Some(nomination) = self.nominations.get_mut(event).filter(same) {
                        nomination.spent.get_or_insert(cause.event);
                    }
                }
                for event in self.entitled.of(&person) {
                    let open = |e: &&mut Entitlement| e.unit == unit && e.role == role && e.applied.is_none();
                    if let Some(entitlement) = self.entitlements.get_mut(event).filter(open) {
                        entitlement.withdrawn.get_or_insert(cause.clone());
                    }
                }
            }
            ProposalChange::Accepted { nomination } => {
                if let Some(nomination) = self.nominations.get_mut(&nomination) {
                    nomination.accepted = Some(cause.clone());
                }
            }
            ProposalChange::Withdrawn { event } => {
                if let Some(entitlement) = self.entitlements.get_mut(&event) {
                    entitlement.withdrawn = Some(cause.clone());
                    // What the claim rested on stands as before: it can be accepted again, or taken back.
                    for event in &entitlement.rests_on {
                        if let Some(nomination) = self.nominations.get_mut(event) {
                            nomination.accepted = None;
                        }
                    }
                }
                if let Some(proposal) = self.proposals.get_mut(&event) {
                    proposal.withdrawn = Some(cause.clone());
                }
                if let Some(nomination) = self.nominations.get_mut(&event) {
                    nomination.withdrawn = Some(cause.clone());
                }
            }
        }
    }
}
