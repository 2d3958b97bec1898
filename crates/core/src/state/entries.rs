//! What entries say by themselves: where each event stands, and when each entry was accepted. A store keeps both beside its entries, so
//! neither is a row of the state's.

use std::collections::BTreeMap;

use super::row_key::Key;
use super::rows::{Presence, Shelf};
use super::spread::Spread;
use crate::digest::EventId;
use crate::time::Timestamp;

/// Where each event stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions {
    entries: Spread<EventId, u64>,
    presence: Presence,
}

impl Positions {
    pub(super) fn get(&self, event: &EventId) -> Option<u64> {
        let found = self.entries.get(event).copied();
        if found.is_none() {
            self.presence.ask(|| event.to_bytes());
        }
        found
    }

    pub(super) fn insert(&mut self, event: EventId, entry: u64) {
        self.entries.insert(event, entry);
    }

    /// Every event whose id, in hexadecimal, begins so.
    pub(super) fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = &EventId> {
        // An odd digit stands for half a byte.
        let bytes = hex::decode(prefix.get(..prefix.len() & !1).unwrap_or_default()).unwrap_or_default();
        self.presence.ask(|| bytes.clone());
        let near = self.entries.from(EventId::first_of(&bytes)).map(|(id, _)| id);
        let near = near.take_while(move |id| id.as_bytes().starts_with(&bytes));
        near.filter(move |id| id.to_string().starts_with(prefix))
    }
}

impl Shelf for Positions {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        self.entries.insert(EventId::from_bytes(key.try_into().ok()?), u64::from_bytes(value)?);
        Some(())
    }

    fn row(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn each(&self, _: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {}
}

/// When each entry was accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    all: Vec<Timestamp>,
    /// Those that a view has.
    some: BTreeMap<u64, Timestamp>,
    presence: Presence,
}

impl Times {
    pub(super) fn get(&self, entry: u64) -> Option<Timestamp> {
        if self.presence.is_view() {
            let found = self.some.get(&entry).copied();
            if found.is_none() {
                self.presence.ask(|| entry.to_bytes());
            }
            return found;
        }
        usize::try_from(entry).ok().and_then(|entry| self.all.get(entry)).copied()
    }

    /// Of the last entry of a whole log.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.all.last().copied()
    }

    pub(super) fn push(&mut self, entry: u64, at: Timestamp) {
        if self.presence.is_view() {
            self.some.insert(entry, at);
        } else {
            self.all.push(at);
        }
    }
}

impl Shelf for Times {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        self.some.insert(u64::from_bytes(key)?, Timestamp::from_bytes(value)?);
        Some(())
    }

    fn row(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn each(&self, _: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {}
}
