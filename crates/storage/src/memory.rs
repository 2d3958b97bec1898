//! A store in memory: the reference for the contract, and what tests of everything else run on.

use std::collections::BTreeMap;
use std::ops::Range;

use rollcall_core::digest::{EventId, TreeHash};
use rollcall_core::state::view::{Row, Wanted};
use rollcall_core::tree::{Head, Node};

use crate::{AppendError, Batch, Projections, Rows, Store, StoreError};

/// A log in memory.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    head: Head,
    entries: Vec<Vec<u8>>,
    nodes: BTreeMap<(u8, u64), TreeHash>,
    positions: BTreeMap<EventId, u64>,
    projections: Projections,
    rows_size: Option<u64>,
    rows: BTreeMap<(u8, Vec<u8>), Vec<u8>>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            head: Head::empty(),
            entries: Vec::new(),
            nodes: BTreeMap::new(),
            positions: BTreeMap::new(),
            projections: Projections::default(),
            rows_size: None,
            rows: BTreeMap::new(),
        }
    }
}

impl Store for MemoryStore {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.head)
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(self.entries.len());
        Ok(self.entries.get(at(range.start)..at(range.end)).unwrap_or_default().to_vec())
    }

    fn node(&self, level: u8, index: u64) -> Result<Option<TreeHash>, StoreError> {
        Ok(self.nodes.get(&(level, index)).copied())
    }

    fn position(&self, event: &EventId) -> Result<Option<u64>, StoreError> {
        Ok(self.positions.get(event).copied())
    }

    fn positions_of(&self, beginning: &[u8]) -> Result<Vec<(EventId, u64)>, StoreError> {
        let from = self.positions.range(EventId::first_of(beginning)..);
        let found = from.take_while(|(event, _)| event.as_bytes().starts_with(beginning));
        Ok(found.map(|(event, index)| (*event, *index)).collect())
    }

    fn projections(&self) -> Result<Projections, StoreError> {
        Ok(self.projections.clone())
    }

    fn rows_size(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.rows_size)
    }

    fn rows(&self, wanted: &Wanted, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        let from = self.rows.range((wanted.shelf, wanted.beginning.clone())..);
        let found = from.take_while(|((shelf, key), _)| *shelf == wanted.shelf && key.starts_with(&wanted.beginning));
        found.for_each(|((_, key), value)| each(key, value));
        Ok(())
    }

    fn append(&mut self, extends: &Head, next: &Head, batch: &Batch) -> Result<(), AppendError> {
        if self.head != *extends {
            return Err(AppendError::Conflict { current: self.head });
        }
        for ((event, bytes), index) in batch.entries.iter().zip(self.head.size..) {
            self.entries.push(bytes.clone());
            self.positions.insert(*event, index);
        }
        self.nodes.extend(batch.nodes.iter().map(|Node { level, index, hash }| ((*level, *index), *hash)));
        if let Some(digests) = &batch.projections {
            self.projections = Projections::by_name(next.size, digests);
        }
        if let Rows::Anew(_) = batch.rows {
            self.rows.clear();
        }
        for Row { shelf, key, value } in batch.rows.written() {
            match value {
                Some(value) => self.rows.insert((*shelf, key.clone()), value.clone()),
                None => self.rows.remove(&(*shelf, key.clone())),
            };
        }
        if !matches!(batch.rows, Rows::Left) {
            self.rows_size = Some(next.size);
        }
        self.head = *next;
        Ok(())
    }
}
