//! The book of persons: handles, names and the keys that belong to them. A person is not a key.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Cause;
use crate::field::Text;
use crate::key::PublicKey;
use crate::name::Handle;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name to show beside the handle.
    pub name: Option<Text>,
    /// The event that first named the person.
    pub known: Cause,
    /// The keys, in the order in which they were bound.
    pub keys: Vec<KeyBinding>,
}

/// A key that belongs to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyBinding {
    /// The key.
    pub key: PublicKey,
    /// The event that bound it.
    pub bound: Cause,
}

/// Persons by handle, with the ways to find one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct People {
    persons: BTreeMap<Handle, Person>,
    keys: BTreeMap<PublicKey, Handle>,
    skeletons: BTreeMap<String, Handle>,
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
    /// A key is bound to a person.
    KeyBound {
        /// The handle.
        handle: Handle,
        /// The key.
        key: PublicKey,
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

    /// Tells whether a person has a key and so can act.
    #[must_use]
    pub fn is_enrolled(&self, handle: &Handle) -> bool {
        self.persons.get(handle).is_some_and(|person| !person.keys.is_empty())
    }

    /// The person to whom a key belongs.
    #[must_use]
    pub fn owner(&self, key: &PublicKey) -> Option<&Handle> {
        self.keys.get(key)
    }

    /// A known person whose handle looks like this one.
    #[must_use]
    pub fn look_alike(&self, handle: &Handle) -> Option<&Handle> {
        self.skeletons.get(&handle.skeleton()).filter(|known| *known != handle)
    }

    pub(super) fn apply(&mut self, change: PeopleChange, cause: &Cause) {
        match change {
            PeopleChange::Known { handle, name } => {
                self.skeletons.entry(handle.skeleton()).or_insert_with(|| handle.clone());
                let person = Person { name, known: cause.clone(), keys: Vec::new() };
                self.persons.entry(handle).or_insert(person);
            }
            PeopleChange::KeyBound { handle, key } => {
                self.keys.insert(key.clone(), handle.clone());
                if let Some(person) = self.persons.get_mut(&handle) {
                    person.keys.push(KeyBinding { key, bound: cause.clone() });
                }
            }
        }
    }
}
