//! An ordered map, spread over many small trees where its keys are hashes: a search then goes through two nodes instead of the
//! seven that one tree of a million has, and what is searched for most often is seldom in a near cache.
//!
//! - Keys stand in the trees in their order, so a map is read in the order of its keys, however it is spread.
//! - How it is spread depends on how many keys it has had at most. Keys that somebody makes begin alike end in one tree, which is then
//!   as deep as one tree is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Serialize, Serializer};

use super::row_key::Key;

/// Keys of a tree, on average, beyond which there are twice as many trees.
const KEYS_A_TREE: usize = 48;
/// Bits of a key's beginning that tell its tree, at most.
const BITS_MAX: u32 = u16::BITS;

/// Values by key.
#[derive(Clone, Debug)]
pub(super) struct Spread<K, V> {
    first: BTreeMap<K, V>,
    /// With the first one as many as a power of two.
    others: Vec<BTreeMap<K, V>>,
    len: usize,
}

impl<K, V> Default for Spread<K, V> {
    fn default() -> Self {
        Self { first: BTreeMap::new(), others: Vec::new(), len: 0 }
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Spread<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for Spread<K, V> {}

impl<K: Serialize, V: Serialize> Serialize for Spread<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Counted { pairs: self.iter(), left: self.len })
    }
}

impl<K, V> Spread<K, V> {
    fn trees(&self) -> impl DoubleEndedIterator<Item = &BTreeMap<K, V>> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.trees().flatten()
    }

    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.trees().flat_map(BTreeMap::values)
    }
}

impl<K: Key, V> Spread<K, V> {
    /// Which of so many trees a key is in, counted from 0.
    fn place(key: &K, trees: usize) -> usize {
        let bits = trees.checked_ilog2().unwrap_or_default();
        let beginning = key.beginning().unwrap_or_default();
        usize::from(beginning.checked_shr(BITS_MAX.saturating_sub(bits)).unwrap_or_default())
    }

    /// Which of the others a key is in; `None` for the first tree.
    fn among_others(&self, key: &K) -> Option<usize> {
        Self::place(key, self.others.len().saturating_add(1)).checked_sub(1)
    }

    fn tree(&self, key: &K) -> &BTreeMap<K, V> {
        self.among_others(key).and_then(|at| self.others.get(at)).unwrap_or(&self.first)
    }

    fn tree_mut(&mut self, key: &K) -> &mut BTreeMap<K, V> {
        let at = self.among_others(key);
        at.and_then(|at| self.others.get_mut(at)).unwrap_or(&mut self.first)
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.tree(key).get(key)
    }

    pub(super) fn get_key_value(&self, key: &K) -> Option<(&K, &V)> {
        self.tree(key).get_key_value(key)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.tree_mut(key).get_mut(key)
    }

    /// Keys and values from a key on.
    pub(super) fn from(&self, key: K) -> impl Iterator<Item = (&K, &V)> {
        let behind = self.among_others(&key).map_or(0, |at| at.saturating_add(1));
        self.tree(&key).range(key..).chain(self.others.get(behind..).unwrap_or_default().iter().flatten())
    }

    /// Puts a value under a key, in the place of one that was there.
    pub(super) fn insert(&mut self, key: K, value: V) {
        self.make_room(&key);
        if self.tree_mut(&key).insert(key, value).is_none() {
            self.len = self.len.saturating_add(1);
        }
    }

    /// The value of a key; a new one where there was none.
    pub(super) fn or_insert_with(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        self.make_room(&key);
        let at = self.among_others(&key);
        let tree = at.and_then(|at| self.others.get_mut(at)).unwrap_or(&mut self.first);
        match tree.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                self.len = self.len.saturating_add(1);
                place.insert(new())
            }
        }
    }

    pub(super) fn remove(&mut self, key: &K) {
        if self.tree_mut(key).remove(key).is_some() {
            self.len = self.len.saturating_sub(1);
        }
    }

    /// Spreads the map over twice as many trees where those that there are have become deep.
    fn make_room(&mut self, key: &K) {
        let trees = self.others.len().saturating_add(1);
        let full = trees.saturating_mul(KEYS_A_TREE) <= self.len;
        if !full || trees == 1_usize << BITS_MAX || key.beginning().is_none() {
            return;
        }
        let twice = trees.saturating_mul(2);
        let whole = std::iter::once(std::mem::take(&mut self.first)).chain(std::mem::take(&mut self.others));
        // `split_off`, not `collect`, which sorts: its sort would be compiled for every kind of pair.
        let mut halves = whole.flat_map(|mut lower| {
            let above = lower.keys().find(|key| !Self::place(key, twice).is_multiple_of(2)).cloned();
            let upper = above.map(|least| lower.split_off(&least)).unwrap_or_default();
            [lower, upper]
        });
        self.first = halves.next().unwrap_or_default();
        self.others = halves.collect();
    }
}

/// Pairs that say how many they are, so that the map is written as a single tree's is.
struct Counted<I> {
    pairs: I,
    left: usize,
}

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.left = self.left.saturating_sub(1);
        self.pairs.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Spread;
    use crate::digest::{EventId, derive};

    /// The `n`th of many keys: spread evenly, or all of them beginning alike.
    fn key(n: u32, alike: bool) -> EventId {
        let mut bytes = derive("rollcall test", &n.to_be_bytes());
        if alike {
            bytes[..4].fill(0xee);
        }
        EventId::from_bytes(bytes)
    }

    #[test]
    fn it_says_what_one_tree_says_however_it_is_spread() {
        for alike in [false, true] {
            let (mut spread, mut tree) = (Spread::default(), BTreeMap::new());
            for n in 0..3_000 {
                spread.insert(key(n, alike), n);
                tree.insert(key(n, alike), n);
                if n % 7 == 0 {
                    spread.insert(key(n / 2, alike), n);
                    tree.insert(key(n / 2, alike), n);
                }
                if n % 5 == 0 {
                    spread.remove(&key(n / 3, alike));
                    tree.remove(&key(n / 3, alike));
                }
                *spread.or_insert_with(key(n / 4, alike), || 0) += 1;
                *tree.entry(key(n / 4, alike)).or_insert(0) += 1;
            }
            assert!(spread.iter().eq(&tree));
            assert!(spread.iter().rev().eq(tree.iter().rev()));
            assert_eq!(spread.len, tree.len());
            for n in (0..3_100).step_by(61) {
                assert_eq!(spread.get(&key(n, alike)), tree.get(&key(n, alike)));
                assert!(spread.from(key(n, alike)).eq(tree.range(key(n, alike)..)));
            }
            let (mut own, mut one) = (Vec::new(), Vec::new());
            assert!(ciborium::into_writer(&spread, &mut own).is_ok() && ciborium::into_writer(&tree, &mut one).is_ok());
            assert_eq!(own, one);
        }
    }
}
