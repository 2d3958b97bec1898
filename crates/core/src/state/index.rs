//! Indexes over the books: which events concern something, so that the rules of frequent acts do not read whole books to find a
//! few of their rows.
//!
//! An index says nothing that its book does not: it is kept by `apply` alone, in the order of what it finds, and is no part of
//! the book's digest.

use std::collections::BTreeSet;

use super::row_key::Key;
use super::rows::{Presence, Shelf};
use super::spread::Spread;
use crate::digest::EventId;

/// Events, or places of events, by what they concern, a row each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index<K, V = EventId> {
    events: Spread<K, BTreeSet<V>>,
    presence: Presence,
}

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Self { events: Spread::default(), presence: Presence::default() }
    }
}

impl<K: Key, V: Key> Index<K, V> {
    /// Notes that an event concerns something.
    pub(super) fn note(&mut self, key: K, event: V) {
        self.presence.change(|| [key.to_bytes(), event.to_bytes()].concat());
        self.events.or_insert_with(key, BTreeSet::new).insert(event);
    }

    /// Takes back that an event concerns something.
    pub(super) fn forget(&mut self, key: &K, event: &V) {
        self.presence.change(|| [key.to_bytes(), event.to_bytes()].concat());
        let Some(events) = self.events.get_mut(key) else { return };
        events.remove(event);
        if events.is_empty() {
            self.events.remove(key);
        }
    }

    /// The events that concern something, by id.
    pub(super) fn of(&self, key: &K) -> impl DoubleEndedIterator<Item = &V> + use<'_, K, V> {
        self.presence.ask(|| key.to_bytes());
        self.events.get(key).into_iter().flatten()
    }

    /// Those of them that are not below one.
    pub(super) fn since(&self, key: &K, least: V) -> impl DoubleEndedIterator<Item = &V> + use<'_, K, V> {
        self.presence.ask(|| key.to_bytes());
        self.events.get(key).into_iter().flat_map(move |events| events.range(least.clone()..))
    }
}

impl<K: Key, V: Key> Shelf for Index<K, V> {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (key, event) = <(K, V)>::from_bytes(key).filter(|_| value.is_empty())?;
        self.events.or_insert_with(key, BTreeSet::new).insert(event);
        Some(())
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (key, event) = <(K, V)>::from_bytes(key)?;
        self.events.get(&key)?.contains(&event).then(Vec::new)
    }

    fn each(&self, row: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {
        for (key, events) in self.events.iter() {
            let key = key.to_bytes();
            for event in events {
                row([key.as_slice(), &event.to_bytes()].concat(), Vec::new());
            }
        }
    }
}
