//! The charters that are or were in force. Each is kept whole, as compiled: an open vote keeps the one it was put under.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::row_key::Key;
use super::rows::{Presence, Shelf, Single, read_value, write_value};
use crate::charter::Charter;
use crate::digest::Digest;

/// Charters, and which is in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Charters {
    pub(super) known: Known,
    pub(super) in_force: Single<Option<Digest>>,
}

/// Charters by digest.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    charters: BTreeMap<Digest, Arc<Charter>>,
    presence: Presence,
}

impl Charters {
    pub(super) fn get(&self, digest: &Digest) -> Option<&Arc<Charter>> {
        self.known.presence.ask(|| digest.to_bytes());
        self.known.charters.get(digest)
    }

    /// The charter in force.
    pub(super) fn current(&self) -> Option<&Arc<Charter>> {
        self.get(self.in_force.as_ref()?)
    }

    /// Puts a charter in force.
    pub(super) fn put_in_force(&mut self, charter: Arc<Charter>) {
        let digest = charter.digest();
        self.known.presence.change(|| digest.to_bytes());
        self.known.charters.insert(digest, charter);
        *self.in_force = Some(digest);
    }

    /// The digests of the charter in force and of all that have been.
    pub(super) fn digests(&self) -> (Option<Digest>, Vec<Digest>) {
        self.known.presence.ask(Vec::new);
        (*self.in_force, self.known.charters.keys().copied().collect())
    }
}

impl Shelf for Known {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let digest = Digest::from_bytes(key.try_into().ok()?);
        let charter = read_value::<Charter>(value)?.checked()?;
        (charter.digest() == digest).then(|| self.charters.insert(digest, Arc::new(charter)))?;
        Some(())
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let charter = self.charters.get(&Digest::from_bytes(key.try_into().ok()?))?;
        Some(write_value(charter.as_ref()))
    }

    fn each(&self, row: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {
        self.charters.iter().for_each(|(digest, charter)| row(digest.to_bytes(), write_value(charter.as_ref())));
    }
}
