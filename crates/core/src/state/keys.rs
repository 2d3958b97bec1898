//! The book of keys: which keys a person has and had, and which are offered. A key belongs to one person at a time.
//!
//! - A binding is never taken out: a key that was retired or revoked stays with the instant until which it was good.
//! - A suspicion marks what a key signed since an instant; it changes nothing that was accepted (trap C5).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::rows::Rows;
use super::{Cause, add};
use crate::act::KeyPurpose;
use crate::digest::EventId;
use crate::field::Text;
use crate::key::{KeyName, PublicKey};
use crate::name::Handle;
use crate::time::Timestamp;

/// A key that belongs, or belonged, to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBinding {
    /// The key.
    pub key: PublicKey,
    /// What its owner calls it.
    pub label: Option<Text>,
    /// What it may sign.
    pub purpose: KeyPurpose,
    /// The event that bound it.
    pub bound: Cause,
    /// How and by which event it ceased to be good.
    pub ended: Option<(KeyEnding, Cause)>,
    /// What its owner suspects.
    pub suspicion: Option<Suspicion>,
}

/// How a key ceased to be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyEnding {
    /// Another key took its place.
    Retired,
    /// An older key of the person took its binding back.
    Cancelled,
    /// Its owner revoked it.
    Revoked,
}

impl KeyEnding {
    /// The word for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retired => "retired",
            Self::Cancelled => "cancelled",
            Self::Revoked => "revoked",
        }
    }
}

/// A key's owner suspects that somebody else has signed with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// The revocation.
    pub cause: Cause,
    /// Why.
    pub reason: Text,
    /// Since when; none where nothing that it signed is in doubt.
    pub since: Option<Timestamp>,
}

impl KeyBinding {
    /// Tells whether the key is good now.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.ended.is_none()
    }

    /// Tells whether something that the key signed, accepted at an instant, is in doubt.
    #[must_use]
    pub fn is_suspect_at(&self, at: Timestamp) -> bool {
        let since = self.suspicion.as_ref().and_then(|suspicion| suspicion.since);
        since.is_some_and(|since| since <= at)
    }
}

/// By whose word an offered key was bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundBy {
    /// An older key of the person.
    Own,
    /// A recovery key of the person.
    Recovery,
    /// The authority, after the waiting period or by its ruling.
    Authority,
}

/// A key that its holder offers as a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyOffer {
    /// The event, signed by the offered key itself.
    pub cause: Cause,
    /// The key.
    pub key: PublicKey,
    /// What its owner calls it.
    pub label: Option<Text>,
    /// What it is to sign.
    pub purpose: KeyPurpose,
    /// Keys that it is to replace.
    pub retires: Vec<PublicKey>,
    /// Where the authority's threshold has signed: the instant from which it may be bound.
    pub due: Option<Timestamp>,
    /// The veto that made a dispute of it.
    pub vetoed: Option<Cause>,
    /// The event that bound it, and by whose word.
    pub bound: Option<(BoundBy, Cause)>,
    /// The event by which it came to nothing.
    pub dropped: Option<Cause>,
}

impl KeyOffer {
    /// The person whose key it is to be.
    #[must_use]
    pub const fn person(&self) -> &Handle {
        &self.cause.by
    }

    /// Tells whether nothing has become of it yet.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.bound.is_none() && self.dropped.is_none()
    }

    /// Tells whether it is in dispute.
    #[must_use]
    pub const fn is_disputed(&self) -> bool {
        self.is_open() && self.vetoed.is_some() && self.due.is_some()
    }
}

/// Keys by person, and offers by event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Keys {
    pub(super) bindings: Rows<Handle, Vec<KeyBinding>>,
    pub(super) owners: Rows<PublicKey, Handle>,
    pub(super) offers: Rows<EventId, KeyOffer>,
    /// Offers by whose the key is to be.
    #[serde(skip)]
    pub(super) offered: Index<Handle>,
    /// Who has revoked a key, by its point.
    #[serde(skip)]
    pub(super) revoked: Rows<[u8; 32], BTreeSet<Handle>>,
}

/// A change of the book.
#[derive(Clone, Debug)]
pub enum KeyChange {
    /// A key is bound without having been offered: by founding, enrolment or the authority.
    Bound {
        /// The person.
        person: Handle,
        /// The key.
        key: PublicKey,
    },
    /// The key that signed the event is offered as its author's.
    Offered {
        /// The key.
        key: PublicKey,
        /// What its owner calls it.
        label: Option<Text>,
        /// What it is to sign.
        purpose: KeyPurpose,
        /// Keys that it is to replace.
        retires: Vec<PublicKey>,
    },
    /// The authority's threshold signed an offer.
    Endorsed {
        /// The offer.
        offer: EventId,
        /// When it may be bound.
        due: Timestamp,
    },
    /// An offered key is bound and others are retired.
    OfferBound {
        /// The offer.
        offer: EventId,
        /// By whose word.
        by: BoundBy,
        /// The keys that cease to be good.
        retired: Vec<PublicKey>,
    },
    /// An offer is vetoed and so in dispute.
    Vetoed {
        /// The offer.
        offer: EventId,
    },
    /// An offer comes to nothing.
    Dropped {
        /// The offer.
        offer: EventId,
    },
    /// An older key takes a binding back; what it had retired is good again.
    Cancelled {
        /// The offer.
        offer: EventId,
    },
    /// The author revokes one of their keys, or says that a key of the past is in doubt.
    Revoked {
        /// The key.
        key: PublicKey,
        /// Why.
        reason: Text,
        /// Since when what it signed is in doubt.
        since: Option<Timestamp>,
    },
}

impl Keys {
    /// A person's keys, in the order in which they were bound, those of the past included.
    #[must_use]
    pub fn of(&self, person: &Handle) -> &[KeyBinding] {
        self.bindings.get(person).map_or(&[], Vec::as_slice)
    }

    /// The person to whom a key belongs now.
    #[must_use]
    pub fn owner(&self, key: &PublicKey) -> Option<&Handle> {
        self.owners.get(key)
    }

    /// Who holds a key's point now, alone or as a security key's under some application: one point is one person's.
    #[must_use]
    pub fn holder(&self, key: &PublicKey) -> Option<&Handle> {
        let all = self.owners.from(key.bare(), key.as_bytes().to_vec());
        let mut same = all.take_while(|(other, _)| other.as_bytes() == key.as_bytes());
        same.next().map(|(_, person)| person)
    }

    /// The newest binding of a key to a person, good or not.
    #[must_use]
    pub fn binding(&self, person: &Handle, key: &PublicKey) -> Option<&KeyBinding> {
        self.of(person).iter().rev().find(|binding| binding.key == *key)
    }

    /// The newest binding to a person of the key of this name.
    #[must_use]
    pub fn binding_named(&self, person: &Handle, name: &KeyName) -> Option<&KeyBinding> {
        self.of(person).iter().rev().find(|binding| binding.key.name() == name)
    }

    /// The binding of a key that is good now.
    #[must_use]
    pub fn active(&self, person: &Handle, key: &PublicKey) -> Option<&KeyBinding> {
        self.binding(person, key).filter(|binding| binding.is_active())
    }

    /// A person's keys that are good now and sign acts.
    pub fn signing<'a>(&'a self, person: &Handle) -> impl Iterator<Item = &'a KeyBinding> + use<'a> {
        let signs = |binding: &&KeyBinding| binding.is_active() && binding.purpose == KeyPurpose::Signing;
        self.of(person).iter().filter(signs)
    }

    /// Who revoked a key, if anybody has: it is never good again.
    #[must_use]
    pub fn revoker(&self, key: &PublicKey) -> Option<&Handle> {
        self.revoked.get(key.as_bytes()).and_then(BTreeSet::first)
    }

    /// An offer.
    #[must_use]
    pub fn offer(&self, event: &EventId) -> Option<&KeyOffer> {
        self.offers.get(event)
    }

    /// Every offer, by event.
    pub fn offers(&self) -> impl Iterator<Item = (&EventId, &KeyOffer)> {
        self.offers.iter()
    }

    /// Offers of keys as a person's, by event.
    pub fn offers_of(&self, person: &Handle) -> impl Iterator<Item = (&EventId, &KeyOffer)> {
        self.offered.of(person).filter_map(|event| self.offers.get_key_value(event))
    }

    /// Tells whether somebody vetoed a key offered as this person's and nothing has ended the dispute.
    #[must_use]
    pub fn is_disputed(&self, person: &Handle) -> bool {
        self.offers_of(person).any(|(_, offer)| offer.is_disputed())
    }

    pub(super) fn apply(&mut self, change: KeyChange, cause: &Cause) {
        match change {
            KeyChange::Bound { person, key } => {
                self.bind(&person, key, None, KeyPurpose::Signing, cause);
            }
            KeyChange::Offered { key, label, purpose, retires } => {
                let cause = cause.clone();
                let event = cause.event;
                let (due, vetoed, bound, dropped) = (None, None, None, None);
                let offer = KeyOffer { cause, key, label, purpose, retires, due, vetoed, bound, dropped };
                self.offered.note(offer.person().clone(), event);
                self.offers.insert(event, offer);
            }
            KeyChange::Endorsed { offer, due } => {
                if let Some(offer) = self.offers.get_mut(&offer) {
                    offer.due = Some(due);
                }
            }
            KeyChange::OfferBound { offer, by, retired } => self.bind_offer(&offer, by, &retired, cause),
            KeyChange::Vetoed { offer } => {
                if let Some(offer) = self.offers.get_mut(&offer) {
                    offer.vetoed = Some(cause.clone());
                }
            }
            KeyChange::Dropped { offer } => {
                if let Some(offer) = self.offers.get_mut(&offer) {
                    offer.dropped = Some(cause.clone());
                }
            }
            KeyChange::Cancelled { offer } => self.cancel(&offer, cause),
            KeyChange::Revoked { key, reason, since } => {
                let bindings = self.bindings.get_mut(&cause.by).into_iter().flatten();
                if let Some(binding) = bindings.rev().find(|binding| binding.key == key) {
                    binding.suspicion = Some(Suspicion { cause: cause.clone(), reason, since });
                    self.revoked.row_or(*key.as_bytes(), BTreeSet::new).insert(cause.by.clone());
                    if binding.ended.is_none() {
                        binding.ended = Some((KeyEnding::Revoked, cause.clone()));
                        self.owners.remove(&key);
                    }
                }
            }
        }
    }

    fn bind(&mut self, person: &Handle, key: PublicKey, label: Option<Text>, purpose: KeyPurpose, cause: &Cause) {
        self.owners.insert(key.clone(), person.clone());
        let binding = KeyBinding { key, label, purpose, bound: cause.clone(), ended: None, suspicion: None };
        add(self.bindings.row_or(person.clone(), Vec::new), binding);
    }

    fn end(&mut self, person: &Handle, key: &PublicKey, how: KeyEnding, cause: &Cause) {
        let bindings = self.bindings.get_mut(person).into_iter().flatten();
        if let Some(binding) = bindings.rev().find(|binding| binding.key == *key && binding.ended.is_none()) {
            binding.ended = Some((how, cause.clone()));
            self.owners.remove(key);
        }
    }

    fn bind_offer(&mut self, event: &EventId, by: BoundBy, retired: &[PublicKey], cause: &Cause) {
        let Some(offer) = self.offers.get_mut(event) else { return };
        offer.bound = Some((by, cause.clone()));
        let (person, key, label) = (offer.person().clone(), offer.key.clone(), offer.label.clone());
        let purpose = offer.purpose;
        for key in retired {
            self.end(&person, key, KeyEnding::Retired, cause);
        }
        self.bind(&person, key, label, purpose, cause);
    }

    fn cancel(&mut self, event: &EventId, cause: &Cause) {
        let Some(offer) = self.offers.get_mut(event) else { return };
        offer.dropped = Some(cause.clone());
        let (person, key) = (offer.person().clone(), offer.key.clone());
        let Some((_, bound)) = offer.bound.clone() else { return };
        self.end(&person, &key, KeyEnding::Cancelled, cause);
        // A key that has become somebody else's in the meantime, or that they revoked, is not good again.
        let ended_by_it = |binding: &&KeyBinding| binding.ended.as_ref().is_some_and(|(_, e)| e.event == bound.event);
        let replaced: Vec<PublicKey> = self
            .of(&person)
            .iter()
            .filter(ended_by_it)
            .filter(|binding| self.holder(&binding.key).is_none() && self.revoker(&binding.key).is_none())
            .map(|binding| binding.key.clone())
            .collect();
        for binding in self.bindings.get_mut(&person).into_iter().flatten() {
            let ended = binding.ended.as_ref().is_some_and(|(_, ended)| ended.event == bound.event);
            if ended && replaced.contains(&binding.key) {
                binding.ended = None;
                self.owners.insert(binding.key.clone(), person.clone());
            }
        }
    }
}
