//! Lists that only grow, by key, in rows of a few dozen: what is added changes the last row alone.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::row_key::Key;
use super::rows::{Presence, Shelf, read_value, write_value};

/// Values of one row, at most.
const ROW_VALUES: usize = 64;

/// Values by key, in the order in which they were added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lists<K, V> {
    lists: BTreeMap<K, Vec<V>>,
    presence: Presence,
}

impl<K, V> Default for Lists<K, V> {
    fn default() -> Self {
        Self { lists: BTreeMap::new(), presence: Presence::default() }
    }
}

impl<K: Serialize, V: Serialize> Serialize for Lists<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.presence.ask(Vec::new);
        self.lists.serialize(serializer)
    }
}

/// The number of the row in which the value at a place stands.
fn row_of(place: usize) -> u64 {
    u64::try_from(place / ROW_VALUES).unwrap_or(u64::MAX)
}

impl<K: Key, V> Lists<K, V> {
    pub(super) fn of(&self, key: &K) -> &[V] {
        self.presence.ask(|| key.to_bytes());
        self.lists.get(key).map_or(&[], Vec::as_slice)
    }

    pub(super) fn push(&mut self, key: K, value: V) {
        let row = row_of(self.of(&key).len());
        self.presence.change(|| (key.clone(), row).to_bytes());
        self.lists.entry(key).or_default().push(value);
    }
}

impl<K: Key, V: Serialize + DeserializeOwned> Shelf for Lists<K, V> {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        // Rows come in the order of their keys.
        let (key, row) = <(K, u64)>::from_bytes(key)?;
        let known = self.lists.entry(key).or_default();
        let next = known.len().is_multiple_of(ROW_VALUES).then_some(row_of(known.len()));
        known.extend(read_value::<Vec<V>>(value).filter(|_| next == Some(row))?);
        Some(())
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (key, row) = <(K, u64)>::from_bytes(key)?;
        Some(write_value(&self.lists.get(&key)?.chunks(ROW_VALUES).nth(usize::try_from(row).ok()?)?))
    }

    fn each(&self, row: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {
        for (key, list) in &self.lists {
            for (number, values) in (0_u64..).zip(list.chunks(ROW_VALUES)) {
                row((key.clone(), number).to_bytes(), write_value(&values));
            }
        }
    }
}
