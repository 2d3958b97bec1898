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

/// Events up to which they stand in a list.
const FEW: usize = 8;

/// The events of one key, in order: a few in a list, more in a tree, whose smallest node has room for eleven.
#[derive(Clone, Debug)]
struct Events<V> {
    few: Vec<V>,
    many: BTreeSet<V>,
}

impl<V: PartialEq> PartialEq for Events<V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<V: Eq> Eq for Events<V> {}

impl<V> Events<V> {
    fn iter(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.few.iter().chain(&self.many)
    }
}

impl<V: Ord> Events<V> {
    const fn new() -> Self {
        Self { few: Vec::new(), many: BTreeSet::new() }
    }

    fn insert(&mut self, event: V) {
        if !self.many.is_empty() {
            self.many.insert(event);
        } else if let Err(place) = self.few.binary_search(&event) {
            self.few.reserve_exact(1);
            self.few.insert(place, event);
            if FEW < self.few.len() {
                // Not `collect`, which sorts: see `Spread::make_room`.
                self.many.extend(std::mem::take(&mut self.few));
            }
        }
    }

    fn remove(&mut self, event: &V) {
        self.many.remove(event);
        if let Ok(place) = self.few.binary_search(event) {
            self.few.remove(place);
        }
    }

    fn is_empty(&self) -> bool {
        self.few.is_empty() && self.many.is_empty()
    }

    fn contains(&self, event: &V) -> bool {
        self.few.contains(event) || self.many.contains(event)
    }

    /// Those that are not below one.
    fn since(&self, least: V) -> impl DoubleEndedIterator<Item = &V> {
        let below = self.few.partition_point(|event| *event < least);
        self.few.iter().skip(below).chain(self.many.range(least..))
    }
}

/// Events, or places of events, by what they concern, a row each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index<K, V = EventId> {
    events: Spread<K, Events<V>>,
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
        self.events.or_insert_with(key, Events::new).insert(event);
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
        self.events.get(key).into_iter().flat_map(Events::iter)
    }

    /// Those of them that are not below one.
    pub(super) fn since(&self, key: &K, least: V) -> impl DoubleEndedIterator<Item = &V> + use<'_, K, V> {
        self.presence.ask(|| key.to_bytes());
        self.events.get(key).into_iter().flat_map(move |events| events.since(least.clone()))
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
        self.events.or_insert_with(key, Events::new).insert(event);
        Some(())
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (key, event) = <(K, V)>::from_bytes(key)?;
        self.events.get(&key)?.contains(&event).then(Vec::new)
    }

    fn each(&self, row: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {
        for (key, events) in self.events.iter() {
            let key = key.to_bytes();
            for event in events.iter() {
                row([key.as_slice(), &event.to_bytes()].concat(), Vec::new());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Events, FEW};

    #[test]
    fn events_are_in_order_whether_few_or_many() {
        let (mut events, mut set) = (Events::new(), BTreeSet::new());
        for step in 0..400_u32 {
            // Up to sixteen of them and back again, none of them twice.
            let event = step.wrapping_mul(7) % 16;
            if step % 100 < 50 {
                events.insert(event);
                set.insert(event);
            } else {
                events.remove(&event);
                set.remove(&event);
            }
            assert!(events.iter().eq(&set) && events.iter().rev().eq(set.iter().rev()));
            assert_eq!((events.is_empty(), events.contains(&event)), (set.is_empty(), set.contains(&event)));
            for least in 0..17 {
                assert!(
                    events.since(least).eq(set.range(least..))
                        && events.since(least).rev().eq(set.range(least..).rev())
                );
            }
            assert!(events.few.len() <= FEW && (events.few.is_empty() || events.many.is_empty()));
        }
    }
}
