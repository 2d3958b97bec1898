//! The book of what people put on record: contributions, attestations, activity records, consents and claims of benefits.
//!
//! None of it changes a role; a path may count it, and an export may ask it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::accounts::forge_name;
use super::index::Index;
use super::rows::Rows;
use super::{Cause, add};
use crate::act::Listing;
use crate::digest::{Digest, EventId};
use crate::field::{Note, Text};
use crate::name::{Handle, Name, UnitId};
use crate::time::Timestamp;

/// A contribution that a forge shows as merged. A forge, a repository and a number make it one, whoever records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
pub(super) type Consents = BTreeMap<Handle, (Listing, Cause)>;

/// Records by event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Records {
    pub(super) contributions: Rows<EventId, Contribution>,
    pub(super) attestations: Rows<EventId, Vec<Attested>>,
    pub(super) records: Rows<EventId, Record>,
    pub(super) consents: Rows<UnitId, BTreeMap<Name, Consents>>,
    pub(super) claims: Rows<EventId, Claim>,
    #[serde(skip)]
    pub(super) same: Index<Identity>,
    #[serde(skip)]
    pub(super) contributed_by: Index<Handle>,
    /// What each attestation is of.
    #[serde(skip)]
    pub(super) attested: Rows<EventId, EventId>,
    #[serde(skip)]
    pub(super) claimed_by: Index<Handle>,
}

/// What makes a contribution one: forge, owner and name of the repository, number.
pub type Identity = (String, String, u64);

impl Contribution {
    /// What makes it one: the forge and the repository as a forge reads them, without case, address and ending.
    #[must_use]
    pub fn identity(forge: &Name, repository: &Text, number: u64) -> Identity {
        let path = repository.as_str().trim().to_lowercase();
        let path = path.trim_matches('/').trim_end_matches(".git").replace(':', "/");
        // The last two parts are owner and name; what stands before them is an address.
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let kept = parts.get(parts.len().saturating_sub(2)..).unwrap_or_default().join("/");
        (forge_name(forge), kept, number)
    }
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

    /// Every record of one contribution, by event.
    pub fn same(&self, identity: &Identity) -> impl Iterator<Item = (&EventId, &Contribution)> {
        self.same.of(identity).filter_map(|event| self.contributions.get_key_value(event))
    }

    /// A person's contributions, by event.
    pub fn contributions_of(&self, person: &Handle) -> impl Iterator<Item = (&EventId, &Contribution)> {
        self.contributed_by.of(person).filter_map(|event| self.contributions.get_key_value(event))
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
        self.attestations(self.attested.get(event)?).iter().find(|attested| attested.cause.event == *event)
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
        let own = self.claimed_by.of(person).filter_map(|event| self.claims.get_key_value(event));
        own.into_iter().find(|(_, claim)| claim.unit == *unit && claim.benefit == *benefit)
    }

    pub(super) fn apply(&mut self, change: RecordChange, cause: &Cause) {
        match change {
            RecordChange::Contributed(contribution) => {
                let Contribution { forge, repository, number, person, .. } = &contribution;
                self.same.note(Contribution::identity(forge, repository, *number), cause.event);
                self.contributed_by.note(person.clone(), cause.event);
                self.contributions.insert(cause.event, contribution);
            }
            RecordChange::Attested { event, criterion, note } => {
                let attested = Attested { cause: cause.clone(), criterion, note, withdrawn: None };
                self.attested.insert(cause.event, event);
                add(self.attestations.row_or(event, Vec::new), attested);
            }
            RecordChange::Recorded(record) => {
                self.records.insert(cause.event, record);
            }
            RecordChange::Consented { unit, role, listing } => {
                let holders = self.consents.row_or(unit, BTreeMap::new).entry(role).or_default();
                holders.insert(cause.by.clone(), (listing, cause.clone()));
            }
            RecordChange::Claimed { unit, benefit } => {
                let claim = Claim { cause: cause.clone(), unit, benefit, fulfilled: None };
                self.claimed_by.note(cause.by.clone(), cause.event);
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
                let of = self.attested.get(&event).and_then(|of| self.attestations.get_mut(of));
                for attested in of.into_iter().flatten().filter(|a| a.cause.event == event) {
                    attested.withdrawn = Some(cause.clone());
                }
            }
        }
    }
}
