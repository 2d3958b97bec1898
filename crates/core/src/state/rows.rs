//! Rows: a book piece by piece, so that a question reads the few rows it is about, and an append writes those it changed.
//!
//! - A state is whole, made from every entry, or a view: it holds the rows that were brought to it. A view notes each row that is
//!   asked for, to be read or to be changed, and is not here; whoever asked brings those and asks again, until nothing is lacking.
//! - Every collection of every book is kept so ([`Rows`], [`Single`], lists, indexes, tenures). There is no other way to read a
//!   book, so an answer of a view that lacks nothing is the answer of the whole.
//! - Keys are ordered as their bytes are. Rows are derived, as digests are; an audit compares them with the entries.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::row_key::Key;
use super::spread::Spread;

/// Which rows are here, which were asked for, and which have changed.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    view: bool,
    /// Beginnings of keys under which every row is here.
    here: BTreeSet<Vec<u8>>,
    /// Keys of rows that were changed in a view: what is stored under them is of before.
    touched: BTreeSet<Vec<u8>>,
    /// Beginnings of keys that were asked for and are not here.
    wanted: Mutex<BTreeSet<Vec<u8>>>,
    /// Keys of rows that have changed, where that is kept track of.
    changed: Option<BTreeSet<Vec<u8>>>,
}

impl Clone for Presence {
    fn clone(&self) -> Self {
        let wanted = Mutex::new(self.wanted().clone());
        let (here, touched, changed) = (self.here.clone(), self.touched.clone(), self.changed.clone());
        Self { view: self.view, here, touched, wanted, changed }
    }
}

/// What is here makes no difference to what a book says.
impl PartialEq for Presence {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Presence {}

impl Presence {
    /// Tells whether only some rows are here.
    pub(crate) const fn is_view(&self) -> bool {
        self.view
    }

    /// Notes that every row is asked for whose key begins so.
    pub(crate) fn ask(&self, beginning: impl FnOnce() -> Vec<u8>) {
        if self.view {
            let beginning = beginning();
            if !self.is_here(&beginning) {
                self.wanted().insert(beginning);
            }
        }
    }

    /// Tells whether every row is here whose key begins so.
    fn is_here(&self, beginning: &[u8]) -> bool {
        (0..=beginning.len()).any(|length| beginning.get(..length).is_some_and(|key| self.here.contains(key)))
    }

    /// Tells whether the row of a key is here as it is now, so that the stored one must not take its place: several acts may be judged
    /// on one view before the first of them is stored.
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.touched.contains(key) || self.is_here(key)
    }

    fn wanted(&self) -> MutexGuard<'_, BTreeSet<Vec<u8>>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a row changes.
    pub(crate) fn change(&mut self, key: impl FnOnce() -> Vec<u8>) {
        if self.view || self.changed.is_some() {
            let key = key();
            if self.view {
                self.touched.insert(key.clone());
            }
            if let Some(changed) = &mut self.changed {
                changed.insert(key);
            }
        }
    }
}

/// A collection that is kept in rows.
pub(crate) trait Shelf {
    fn presence(&self) -> &Presence;
    fn presence_mut(&mut self) -> &mut Presence;
    /// Puts a stored row in its place; `None` when it cannot be read.
    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()>;
    /// The row of a key, as it is stored.
    fn row(&self, key: &[u8]) -> Option<Vec<u8>>;
    /// Hands out every row, key and value, in the order of their keys.
    fn each(&self, row: &mut dyn FnMut(Vec<u8>, Vec<u8>));

    /// Makes a view of an empty collection.
    fn make_view(&mut self) {
        self.presence_mut().view = true;
    }

    /// Keeps track of changes from now on.
    fn track(&mut self) {
        self.presence_mut().changed.get_or_insert_default();
    }

    /// What has been asked for in vain.
    fn take_wanted(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.presence().wanted()).into_iter().collect()
    }

    /// Every row whose key begins so is here now.
    fn brought(&mut self, beginning: Vec<u8>) {
        self.presence_mut().here.insert(beginning);
    }

    /// The keys of rows that have changed since the last time.
    fn take_changed(&mut self) -> BTreeSet<Vec<u8>> {
        self.presence_mut().changed.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

/// A value as it is stored.
pub(super) fn write_value(value: &impl Serialize) -> Vec<u8> {
    // Writing to a vector cannot fail, and every value serializes; a failure would leave a row that nobody can read.
    postcard::to_allocvec(value).unwrap_or_else(|_| b"unserializable".to_vec())
}

/// A stored value.
pub(super) fn read_value<V: DeserializeOwned>(bytes: &[u8]) -> Option<V> {
    postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

/// Values by key, a row each. Most values are large and stand by themselves, so that a tree's nodes hold little besides keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rows<K, V> {
    rows: Spread<K, Box<V>>,
    presence: Presence,
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self { rows: Spread::default(), presence: Presence::default() }
    }
}

/// As the map that it is, so that a book's digest does not depend on how the book is kept.
impl<K: Serialize, V: Serialize> Serialize for Rows<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.presence.ask(Vec::new);
        self.rows.serialize(serializer)
    }
}

impl<K: Key, V> Rows<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    pub(super) fn get_key_value(&self, key: &K) -> Option<(&K, &V)> {
        let found = self.rows.get_key_value(key);
        if found.is_none() {
            self.presence.ask(|| key.to_bytes());
        }
        found.map(|(key, row)| (key, row.as_ref()))
    }

    pub(super) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let Some(row) = self.rows.get_mut(key) else {
            self.presence.ask(|| key.to_bytes());
            return None;
        };
        self.presence.change(|| key.to_bytes());
        Some(row)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.presence.change(|| key.to_bytes());
        self.rows.insert(key, Box::new(value));
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.presence.change(|| key.to_bytes());
        self.rows.remove(key);
    }

    /// The rows from a key on, for a reader who stops where keys no longer begin so.
    pub(super) fn from(&self, first: K, beginning: Vec<u8>) -> impl Iterator<Item = (&K, &V)> {
        self.presence.ask(|| beginning);
        self.rows.from(first).map(|(key, row)| (key, row.as_ref()))
    }

    /// The row of a key; a new one where there was none.
    pub(super) fn row_or(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        if self.rows.get(&key).is_none() {
            self.presence.ask(|| key.to_bytes());
        }
        self.presence.change(|| key.to_bytes());
        self.rows.or_insert_with(key, || Box::new(new()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.presence.ask(Vec::new);
        self.rows.iter().map(|(key, row)| (key, row.as_ref()))
    }

    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.presence.ask(Vec::new);
        self.rows.values().map(Box::as_ref)
    }
}

impl<K: Key, V: Serialize + DeserializeOwned> Shelf for Rows<K, V> {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        self.rows.insert(K::from_bytes(key)?, Box::new(read_value(value)?));
        Some(())
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        Some(write_value(self.rows.get(&K::from_bytes(key)?)?))
    }

    fn each(&self, row: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {
        self.rows.iter().for_each(|(key, value)| row(key.to_bytes(), write_value(value)));
    }
}

/// One value, in one row; the value that it has at first is in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Single<T> {
    value: T,
    presence: Presence,
}

impl<T: Serialize> Serialize for Single<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.presence.ask(Vec::new);
        self.value.serialize(serializer)
    }
}

impl<T> Deref for Single<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.presence.ask(Vec::new);
        &self.value
    }
}

impl<T> DerefMut for Single<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.presence.ask(Vec::new);
        self.presence.change(Vec::new);
        &mut self.value
    }
}

impl<T: Serialize + DeserializeOwned + Default + PartialEq> Shelf for Single<T> {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        <()>::from_bytes(key)?;
        self.value = read_value(value)?;
        Some(())
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        <()>::from_bytes(key)?;
        (self.value != T::default()).then(|| write_value(&self.value))
    }

    fn each(&self, row: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {
        if let Some(value) = self.row(&[]) {
            row(Vec::new(), value);
        }
    }
}
