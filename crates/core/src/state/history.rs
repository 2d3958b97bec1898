//! The book of who is concerned by which entries: authors and those an act names.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::rows::{Key, Presence, Shelf, read_value, write_value};
use crate::name::Handle;

/// Entries of one row: a person's next entry changes a row of this many at most.
const ROW_ENTRIES: usize = 64;

/// Entries by person, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    entries: BTreeMap<Handle, Vec<u64>>,
    presence: Presence,
}

impl Serialize for History {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct("History", &self.entries)
    }
}

/// The number of the row in which the entry at a place among a person's entries stands.
fn row_of(place: usize) -> u64 {
    u64::try_from(place / ROW_ENTRIES).unwrap_or(u64::MAX)
}

impl History {
    /// The entries that concern a person.
    #[must_use]
    pub fn of(&self, person: &Handle) -> &[u64] {
        self.presence.ask(|| person.to_bytes());
        self.entries.get(person).map_or(&[], Vec::as_slice)
    }

    pub(super) fn note(&mut self, person: &Handle, entry: u64) {
        let entries = self.entries.entry(person.clone()).or_default();
        if entries.last() != Some(&entry) {
            let row = row_of(entries.len());
            self.presence.change(|| (person.clone(), row).to_bytes());
            entries.push(entry);
        }
    }
}

impl Shelf for History {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        // Rows come in the order of their keys.
        let (person, row) = <(Handle, u64)>::from_bytes(key)?;
        let known = self.entries.entry(person).or_default();
        let next = (known.len() % ROW_ENTRIES == 0).then_some(row_of(known.len()));
        known.extend(read_value::<Vec<u64>>(value).filter(|_| next == Some(row))?);
        Some(())
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (person, row) = <(Handle, u64)>::from_bytes(key)?;
        write_value(&self.entries.get(&person)?.chunks(ROW_ENTRIES).nth(usize::try_from(row).ok()?)?)
    }

    fn row_keys(&self) -> Vec<Vec<u8>> {
        let rows = |entries: &[u64]| 0..row_of(entries.len().saturating_add(ROW_ENTRIES).saturating_sub(1));
        let keys = self.entries.iter().flat_map(|(person, all)| rows(all).map(move |row| (person.clone(), row)));
        keys.map(|key| key.to_bytes()).collect()
    }
}
