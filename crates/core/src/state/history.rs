//! The book of who is concerned by which entries: authors and those an act names.

use serde::Serialize;

use super::lists::Lists;
use crate::name::Handle;

/// Entries by person, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct History(pub(super) Lists<Handle, u64>);

impl History {
    /// The entries that concern a person.
    #[must_use]
    pub fn of(&self, person: &Handle) -> &[u64] {
        self.0.of(person)
    }

    pub(super) fn note(&mut self, person: &Handle, entry: u64) {
        if self.of(person).last() != Some(&entry) {
            self.0.push(person.clone(), entry);
        }
    }
}
