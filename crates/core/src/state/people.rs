//! The book of persons and organisations: handles, names and mandates. A person is not a key, nor an organisation; keys have
//! a book of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Cause;
use super::index::Index;
use super::rows::Rows;
use crate::field::Text;
use crate::name::Handle;
use crate::time::Timestamp;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name to show beside the handle.
    pub name: Option<Text>,
    /// The event that first named the person.
    pub known: Cause,
}

/// A representative's mandate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// The event that gave it.
    pub begun: Cause,
    /// When it ends, where that was said.
    pub until: Option<Timestamp>,
    /// The event that ended it.
    pub ended: Option<Cause>,
}

/// An organisation; it acts through its representatives, and is never a member of a body (trap C9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its name.
    pub name: Text,
    /// The event that made it known.
    pub known: Cause,
    /// Mandates by person.
    pub mandates: BTreeMap<Handle, Mandate>,
}

impl Organisation {
    /// Tells whether a person represents it at an instant.
    #[must_use]
    pub fn is_represented_by(&self, person: &Handle, at: Timestamp) -> bool {
        let held = |mandate: &Mandate| mandate.ended.is_none() && mandate.until.is_none_or(|until| at < until);
        self.mandates.get(person).is_some_and(held)
    }

    /// Everybody who represents it at an instant.
    pub fn representatives(&self, at: Timestamp) -> impl Iterator<Item = &Handle> {
        self.mandates.keys().filter(move |person| self.is_represented_by(person, at))
    }
}

/// Persons by handle, with the ways to find one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct People {
    pub(super) persons: Rows<Handle, Person>,
    pub(super) skeletons: Rows<String, Handle>,
    pub(super) organisations: Rows<Handle, Organisation>,
    /// Organisations by who has, or has had, a mandate of theirs.
    #[serde(skip)]
    pub(super) represented: Index<Handle, Handle>,
}

/// A change of the book.
#[derive(Clone, Debug)]
pub enum PeopleChange {
    /// A person becomes known, with a key or, when imported, without.
    Known {
        /// The handle.
        handle: Handle,
        /// The name to show.
        name: Option<Text>,
    },
    /// An organisation becomes known, represented by the author.
    OrganisationKnown {
        /// The handle.
        handle: Handle,
        /// The name.
        name: Text,
    },
    /// A person is given a mandate.
    Represented {
        /// The organisation.
        organisation: Handle,
        /// The person.
        person: Handle,
        /// When the mandate ends.
        until: Option<Timestamp>,
    },
    /// A mandate ends.
    Recalled {
        /// The organisation.
        organisation: Handle,
        /// The person.
        person: Handle,
    },
}

impl People {
    /// A person by handle.
    #[must_use]
    pub fn get(&self, handle: &Handle) -> Option<&Person> {
        self.persons.get(handle)
    }

    /// Every person, by handle.
    pub fn iter(&self) -> impl Iterator<Item = (&Handle, &Person)> {
        self.persons.iter()
    }

    /// A known person whose handle looks like this one.
    #[must_use]
    pub fn look_alike(&self, handle: &Handle) -> Option<&Handle> {
        self.skeletons.get(&handle.skeleton()).filter(|known| *known != handle)
    }

    /// An organisation by handle.
    #[must_use]
    pub fn organisation(&self, handle: &Handle) -> Option<&Organisation> {
        self.organisations.get(handle)
    }

    /// Every organisation, by handle.
    pub fn organisations(&self) -> impl Iterator<Item = (&Handle, &Organisation)> {
        self.organisations.iter()
    }

    /// The organisations that a person represents at an instant, by handle.
    pub fn represented_by(&self, person: &Handle, at: Timestamp) -> impl Iterator<Item = &Handle> {
        let represents = move |organisation: &&Handle| {
            self.organisation(organisation).is_some_and(|known| known.is_represented_by(person, at))
        };
        self.represented.of(person).filter(represents)
    }

    /// Tells whether a person is, or represents, the holder.
    #[must_use]
    pub fn speaks_for(&self, person: &Handle, holder: &Handle, at: Timestamp) -> bool {
        person == holder || self.organisation(holder).is_some_and(|o| o.is_represented_by(person, at))
    }

    pub(super) fn apply(&mut self, change: PeopleChange, cause: &Cause) {
        match change {
            PeopleChange::Known { handle, name } => {
                self.skeletons.row_or(handle.skeleton(), || handle.clone());
                let person = Person { name, known: cause.clone() };
                self.persons.row_or(handle, || person);
            }
            PeopleChange::OrganisationKnown { handle, name } => {
                self.skeletons.row_or(handle.skeleton(), || handle.clone());
                let mandate = Mandate { begun: cause.clone(), until: None, ended: None };
                let mandates = BTreeMap::from([(cause.by.clone(), mandate)]);
                self.represented.note(cause.by.clone(), handle.clone());
                self.organisations.insert(handle, Organisation { name, known: cause.clone(), mandates });
            }
            PeopleChange::Represented { organisation, person, until } => {
                if let Some(known) = self.organisations.get_mut(&organisation) {
                    let mandate = Mandate { begun: cause.clone(), until, ended: None };
                    self.represented.note(person.clone(), organisation);
                    known.mandates.insert(person, mandate);
                }
            }
            PeopleChange::Recalled { organisation, person } => {
                let mandate = self.organisations.get_mut(&organisation).and_then(|o| o.mandates.get_mut(&person));
                if let Some(mandate) = mandate {
                    mandate.ended = Some(cause.clone());
                }
            }
        }
    }
}
