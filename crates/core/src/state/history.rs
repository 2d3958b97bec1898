//! The book of who is concerned by which entries: authors and those an act names.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::name::Handle;

/// Entries by person, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct History(BTreeMap<Handle, Vec<u64>>);

impl History {
    /// The entries that concern a person.
    #[must_use]
    pub fn of(&self, person: &Handle) -> &[u64] {
        self.0.get(person).map_or(&[], Vec::as_slice)
    }

    pub(super) fn note(&mut self, person: &Handle, entry: u64) {
        let entries = self.0.entry(person.clone()).or_default();
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
}
