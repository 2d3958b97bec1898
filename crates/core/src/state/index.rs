//! Indexes over the books: which events concern something, so that the rules of frequent acts do not read whole books to find a
//! few of their rows.
//!
//! An index says nothing that its book does not: it is kept by `apply` alone, in the order of event ids, and is no part of
//! the book's digest.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use crate::digest::EventId;

/// Events by what they concern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index<K>(BTreeMap<K, BTreeSet<EventId>>);

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Index<K> {
    /// Notes that an event concerns something.
    pub(super) fn note(&mut self, key: K, event: EventId) {
        self.0.entry(key).or_default().insert(event);
    }

    /// The events that concern something, by id.
    pub(super) fn of<Q: Ord + ?Sized>(&self, key: &Q) -> impl Iterator<Item = &EventId>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).into_iter().flatten()
    }
}
