//! The journal: what the latest appends added, in front of a store's tables until it is folded into them.
//!
//! An act touches a page or two of every table, in random places. One record at the end of one table costs an append less, and what many
//! appends changed is folded together, each row once and in the order of keys. Whoever reads asks the journal first.
//!
//! - A record is one append: the new head (size, root), which rows it leaves (0) or changes (1, then their layout), the projections that
//!   it states (0, or 1 and how many, then name and digest of each), then how many entries and each one's event id and bytes, how many
//!   tree nodes and each one's level (one byte), index and hash, how many rows and each one's key (with its shelf before it) and 0 for none
//!   or 1 and the value.
//! - Entries, keys, names, values and the layout stand behind their lengths; numbers and lengths are big-endian, of eight bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use rollcall_core::digest::{EventId, TreeHash};
use rollcall_core::state::view::{LAYOUT, Row};
use rollcall_core::tree::{Head, Node};

use crate::{Batch, Projections, Rows};

/// Bytes up to which what single appends add is left in the journal: what every reader reads first.
pub(crate) const BYTES_KEPT: usize = 256 * 1024;
/// Appends of many entries are folded when so many of their size have come together.
const APPENDS_KEPT: usize = 4;

/// What is in front of the tables.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// The head after the last append.
    head: Option<Head>,
    /// Entries, each with the id of its event.
    entries: Vec<(EventId, Vec<u8>)>,
    positions: BTreeMap<EventId, u64>,
    nodes: BTreeMap<(u8, u64), TreeHash>,
    projections: Option<Projections>,
    /// The size of the log that the rows are of, and their layout.
    rows_of: Option<(u64, Vec<u8>)>,
    /// By key, its shelf before it; `None` where a row is removed.
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// The rows take the place of all that are in the table.
    anew: bool,
    /// Bytes of the records.
    bytes: usize,
}

impl Journal {
    /// The head after the last append; `None` of an empty journal.
    pub(crate) const fn head(&self) -> Option<Head> {
        self.head
    }

    /// Bytes of its records.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Tells whether an append whose record has `record` bytes, and which is in it by now, is folded instead of kept.
    pub(crate) fn is_due(&self, record: usize) -> bool {
        BYTES_KEPT.max(record.saturating_mul(APPENDS_KEPT)) < self.bytes
    }

    /// Which entries of the log are in it.
    pub(crate) fn range(&self) -> Range<u64> {
        let end = self.head.map_or(0, |head| head.size);
        end.saturating_sub(as_u64(self.entries.len()))..end
    }

    /// The entries of a range of the log that begins in it.
    pub(crate) fn entries(&self, range: Range<u64>) -> &[(EventId, Vec<u8>)] {
        let Some(from) = range.start.checked_sub(self.range().start) else { return &[] };
        let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(self.entries.len());
        self.entries.get(at(from)..at(range.end.saturating_sub(self.range().start))).unwrap_or_default()
    }

    /// Every entry with its index.
    pub(crate) fn indexed(&self) -> impl Iterator<Item = (u64, &(EventId, Vec<u8>))> {
        self.range().zip(&self.entries)
    }

    /// Where events are, by id.
    pub(crate) const fn positions(&self) -> &BTreeMap<EventId, u64> {
        &self.positions
    }

    /// Tree nodes, by level and index.
    pub(crate) const fn nodes(&self) -> &BTreeMap<(u8, u64), TreeHash> {
        &self.nodes
    }

    /// Projections that were stated.
    pub(crate) const fn projections(&self) -> Option<&Projections> {
        self.projections.as_ref()
    }

    /// The size of the log that the rows are of, and their layout, where an append said.
    pub(crate) fn rows_of(&self) -> Option<(u64, &[u8])> {
        self.rows_of.as_ref().map(|(size, layout)| (*size, layout.as_slice()))
    }

    /// Rows whose keys, their shelf before them, begin so, in the order of keys; `None` where one is removed.
    pub(crate) fn rows<'a>(&'a self, beginning: &'a [u8]) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        let from = self.rows.range::<[u8], _>((std::ops::Bound::Included(beginning), std::ops::Bound::Unbounded));
        let found = from.take_while(move |(key, _)| key.starts_with(beginning));
        found.map(|(key, value)| (key.as_slice(), value.as_deref()))
    }

    /// Tells whether the rows take the place of all that are in the table.
    pub(crate) const fn is_anew(&self) -> bool {
        self.anew
    }

    /// Adds an append, whose record is this long.
    pub(crate) fn add(&mut self, next: &Head, batch: &Batch, layout: &[u8], record: usize) {
        self.bytes = self.bytes.saturating_add(record);
        let first = next.size.saturating_sub(as_u64(batch.entries.len()));
        self.positions.extend(batch.entries.iter().zip(first..).map(|((event, _), index)| (*event, index)));
        self.entries.extend(batch.entries.iter().cloned());
        self.nodes.extend(batch.nodes.iter().map(|Node { level, index, hash }| ((*level, *index), *hash)));
        if let Some(digests) = &batch.projections {
            self.projections = Some(Projections::by_name(next.size, digests));
        }
        if let Rows::Anew(_) = batch.rows {
            self.rows.clear();
            self.anew = true;
        }
        let rows = batch.rows.written().iter();
        self.rows.extend(rows.map(|Row { shelf, key, value }| (row_key(*shelf, key), value.clone())));
        if !matches!(batch.rows, Rows::Left) {
            self.rows_of = Some((next.size, layout.to_vec()));
        }
        self.head = Some(*next);
    }

    /// Adds an append by its record, which goes on from a head of `extends` entries, and tells the new head; `None` where it is none, or
    /// does not.
    pub(crate) fn read(&mut self, extends: u64, record: &[u8]) -> Option<Head> {
        let (next, batch, layout) = decode(record)?;
        if next.size.checked_sub(as_u64(batch.entries.len())) != Some(extends) {
            return None;
        }
        self.add(&next, &batch, &layout, record.len());
        Some(next)
    }
}

/// A row's key, its shelf before it.
pub(crate) fn row_key(shelf: u8, key: &[u8]) -> Vec<u8> {
    [&[shelf], key].concat()
}

/// The record of an append that adds entries. New rows in the place of all others have none: they are folded at once.
pub(crate) fn record(next: &Head, batch: &Batch) -> Vec<u8> {
    let mut out = Record(Vec::new());
    out.number(next.size);
    out.0.extend(next.root.as_bytes());
    match &batch.rows {
        Rows::Left => out.0.push(0),
        Rows::Changed(_) | Rows::Anew(_) => {
            out.0.push(1);
            out.part(LAYOUT);
        }
    }
    match &batch.projections {
        None => out.0.push(0),
        Some(stated) => {
            out.0.push(1);
            out.number(as_u64(stated.len()));
            for (name, digest) in stated {
                out.part(name.as_bytes());
                out.0.extend(digest);
            }
        }
    }
    out.number(as_u64(batch.entries.len()));
    for (event, bytes) in &batch.entries {
        out.0.extend(event.as_bytes());
        out.part(bytes);
    }
    out.number(as_u64(batch.nodes.len()));
    for Node { level, index, hash } in &batch.nodes {
        out.0.push(*level);
        out.number(*index);
        out.0.extend(hash.as_bytes());
    }
    let rows = batch.rows.written();
    out.number(as_u64(rows.len()));
    for Row { shelf, key, value } in rows {
        out.part(&row_key(*shelf, key));
        match value {
            None => out.0.push(0),
            Some(value) => {
                out.0.push(1);
                out.part(value);
            }
        }
    }
    out.0
}

/// The entries of an append's record, and where the first of them is.
pub(crate) fn entries_of(record: &[u8]) -> Option<(u64, Vec<Vec<u8>>)> {
    let (next, batch, _) = decode(record)?;
    let first = next.size.checked_sub(as_u64(batch.entries.len()))?;
    Some((first, batch.entries.into_iter().map(|(_, bytes)| bytes).collect()))
}

fn decode(record: &[u8]) -> Option<(Head, Batch, Vec<u8>)> {
    let mut input = Input(record);
    let head = Head { size: input.number()?, root: TreeHash::from_bytes(input.fixed()?) };
    let layout = if input.flag()? { Some(input.part()?.to_vec()) } else { None };
    let mut batch = Batch::default();
    if input.flag()? {
        let mut stated = Vec::new();
        for _ in 0..input.number()? {
            stated.push((String::from_utf8(input.part()?.to_vec()).ok()?, input.fixed()?));
        }
        batch.projections = Some(stated);
    }
    for _ in 0..input.number()? {
        batch.entries.push((EventId::from_bytes(input.fixed()?), input.part()?.to_vec()));
    }
    for _ in 0..input.number()? {
        let ([level], index) = (input.fixed()?, input.number()?);
        // Its key in the table has no room for another one.
        if index >> 56 != 0 {
            return None;
        }
        batch.nodes.push(Node { level, index, hash: TreeHash::from_bytes(input.fixed()?) });
    }
    let mut rows = Vec::new();
    for _ in 0..input.number()? {
        let (shelf, key) = input.part()?.split_first()?;
        let value = if input.flag()? { Some(input.part()?.to_vec()) } else { None };
        rows.push(Row { shelf: *shelf, key: key.to_vec(), value });
    }
    if !input.0.is_empty() || layout.is_none() && !rows.is_empty() {
        return None;
    }
    if layout.is_some() {
        batch.rows = Rows::Changed(rows);
    }
    Some((head, batch, layout.unwrap_or_default()))
}

struct Record(Vec<u8>);

impl Record {
    fn number(&mut self, number: u64) {
        self.0.extend(number.to_be_bytes());
    }

    fn part(&mut self, bytes: &[u8]) {
        self.number(as_u64(bytes.len()));
        self.0.extend(bytes);
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (found, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*found)
    }

    fn number(&mut self) -> Option<u64> {
        self.fixed().map(u64::from_be_bytes)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.fixed()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    fn part(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (found, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(found)
    }
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
