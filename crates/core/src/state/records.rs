//! The book of what people put on record: contributions, attestations, activity records, consents and claims of benefits.
//!
//! None of it changes a role; a path may count it, and an export may ask it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Cause;
use crate::act::Listing;
use crate::digest::{Digest, EventId};
use crate::field::{Note, Text};
use crate::name::{Handle, Name, UnitId};
use crate::time::Timestamp;

/// A contribution that a forge shows as merged. A forge, a repository and a number make it one, whoever records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contribution {
    /// The event that recorded it.
    pub cause: Cause,
    /// The project.
    pub unit: UnitId,
    /// Who wrote it.
    pub person: Handle,
    /// The forge.
    pub forge: Name,
    /// The repository.
    pub repository: Text,
    /// The number of the pull request.
    pub number: u64,
    /// When it was merged.
    pub merged: Timestamp,
    /// The author's account.
    pub account: Option<u64>,
    /// Digest of what the forge showed.
    pub digest: Option<Digest>,
    /// The event that withdrew the record.
    pub withdrawn: Option<Cause>,
}

/// An attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attested {
    /// The event.
    pub cause: Cause,
    /// What is attested.
    pub criterion: Name,
    /// In which respect.
    pub note: Text,
    /// The event that withdrew it.
    pub withdrawn: Option<Cause>,
}

/// Something put on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The event.
    pub cause: Cause,
    /// The unit.
    pub unit: UnitId,
    /// Its kind.
    pub kind: Name,
    /// The event it is about.
    pub event: Option<EventId>,
    /// The person or organisation it is about.
    pub person: Option<Handle>,
    /// What happened.
    pub statement: Option<Text>,
    /// Facts.
    pub facts: Vec<Note>,
    /// Where it can be checked.
    pub links: Vec<Text>,
    /// Digest of a document.
    pub digest: Option<Digest>,
    /// The event that withdrew it.
    pub withdrawn: Option<Cause>,
}

/// A claim of a benefit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The event.
    pub cause: Cause,
    /// The unit.
    pub unit: UnitId,
    /// The benefit.
    pub benefit: Name,
    /// The event that fulfilled it.
    pub fulfilled: Option<Cause>,
}

/// Each person's last word on being listed.
type Consents = BTreeMap<Handle, (Listing, Cause)>;

/// Records by event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Records {
    contributions: BTreeMap<EventId, Contribution>,
    attestations: BTreeMap<EventId, Vec<Attested>>,
    records: BTreeMap<EventId, Record>,
    consents: BTreeMap<UnitId, BTreeMap<Name, Consents>>,
    claims: BTreeMap<EventId, Claim>,
}

/// A change of the book.
#[derive(Clone, Debug)]
pub enum RecordChange {
    /// A contribution is recorded.
    Contributed(Contribution),
    /// Something is attested.
    Attested {
        /// Of which event.
        event: EventId,
        /// What.
        criterion: Name,
        /// In which respect.
        note: Text,
    },
    /// Something is put on record.
    Recorded(Record),
    /// The author consents to being listed, or no longer does.
    Consented {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Given or withdrawn.
        listing: Listing,
    },
    /// A benefit is claimed.
    Claimed {
        /// The unit.
        unit: UnitId,
        /// The benefit.
        benefit: Name,
    },
    /// A claim is fulfilled.
    Fulfilled {
        /// The claim.
        claim: EventId,
    },
    /// The author takes a contribution, attestation or record back.
    Withdrawn {
        /// Which.
        event: EventId,
    },
}

impl Records {
    /// A contribution by event.
    #[must_use]
    pub fn contribution(&self, event: &EventId) -> Option<&Contribution> {
        self.contributions.get(event)
    }

    /// Every contribution, by event.
    pub fn contributions(&self) -> impl Iterator<Item = (&EventId, &Contribution)> {
        self.contributions.iter()
    }

    /// Attestations of an event, in order.
    #[must_use]
    pub fn attestations(&self, event: &EventId) -> &[Attested] {
        self.attestations.get(event).map_or(&[], Vec::as_slice)
    }

    /// Tells whether somebody attests a criterion of an event.
    #[must_use]
    pub fn is_attested(&self, event: &EventId, criterion: &Name) -> bool {
        self.attestations(event).iter().any(|a| a.criterion == *criterion && a.withdrawn.is_none())
    }

    /// An attestation by its own event.
    #[must_use]
    pub fn attestation(&self, event: &EventId) -> Option<&Attested> {
        self.attestations.values().flatten().find(|attested| attested.cause.event == *event)
    }

    /// A record by event.
    #[must_use]
    pub fn record(&self, event: &EventId) -> Option<&Record> {
        self.records.get(event)
    }

    /// Every record, by event.
    pub fn records(&self) -> impl Iterator<Item = (&EventId, &Record)> {
        self.records.iter()
    }

    /// The last word of a person on being listed in a role.
    #[must_use]
    pub fn consent(&self, unit: &UnitId, role: &Name, person: &Handle) -> Option<&(Listing, Cause)> {
        self.consents.get(unit)?.get(role)?.get(person)
    }

    /// A claim of a benefit, by event.
    #[must_use]
    pub fn claim(&self, event: &EventId) -> Option<&Claim> {
        self.claims.get(event)
    }

    /// Every claim of a benefit, by event.
    pub fn claims(&self) -> impl Iterator<Item = (&EventId, &Claim)> {
        self.claims.iter()
    }

    /// The claim by which a person claimed a benefit.
    #[must_use]
    pub fn claimed(&self, unit: &UnitId, benefit: &Name, person: &Handle) -> Option<(&EventId, &Claim)> {
        self.claims.iter().find(|(_, c)| c.unit == *unit && c.benefit == *benefit && c.cause.by == *person)
    }

    pub(super) fn apply(&mut self, change: RecordChange, cause: &Cause) {
        match change {
            RecordChange::Contributed(contribution) => {
                self.contributions.insert(cause.event, contribution);
            }
            RecordChange::Attested { event, criterion, note } => {
                let attested = Attested { cause: cause.clone(), criterion, note, withdrawn: None };
                self.attestations.entry(event).or_default().push(attested);
            }
            RecordChange::Recorded(record) => {
                self.records.insert(cause.event, record);
            }
            RecordChange::Consented { unit, role, listing } => {
                let holders = self.consents.entry(unit).or_default().entry(role).or_default();
                holders.insert(cause.by.clone(), (listing, cause.clone()));
            }
            RecordChange::Claimed { unit, benefit } => {
                let claim = Claim { cause: cause.clone(), unit, benefit, fulfilled: None };
                self.claims.insert(cause.event, claim);
            }
            RecordChange::Fulfilled { claim } => {
                if let Some(claim) = self.claims.get_mut(&claim) {
                    claim.fulfilled = Some(cause.clone());
                }
            }
            RecordChange::Withdrawn { event } => {
                if let Some(contribution) = self.contributions.get_mut(&event) {
                    contribution.withdrawn = Some(cause.clone());
                }
                if let Some(record) = self.records.get_mut(&event) {
                    record.withdrawn = Some(cause.clone());
                }
                for attested in self.attestations.values_mut().flatten().filter(|a| a.cause.event == event) {
                    attested.withdrawn = Some(cause.clone());
                }
            }
        }
    }
}
