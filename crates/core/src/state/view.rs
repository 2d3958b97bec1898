//! A view of a state: the rows that a question is about, brought from where they are kept.
//!
//! ```text
//! State::view -> ask -> State::wanted -> State::bring -> ask again ... until nothing is wanted
//! ```

use super::State;
use super::rows::Shelf;
use crate::time::Timestamp;
use crate::tree::{Head, Tree};

/// A stored row: the shelf it stands on, its key, and its value; a row without a value is no longer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The shelf.
    pub shelf: u8,
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Option<Vec<u8>>,
}

/// Rows that are wanted: all on one shelf whose keys begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The shelf.
    pub shelf: u8,
    /// How their keys begin.
    pub beginning: Vec<u8>,
}

/// A stored row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored row {} of shelf {shelf} cannot be read", hex::encode(key))]
pub struct RowError {
    /// The shelf.
    pub shelf: u8,
    /// The key.
    pub key: Vec<u8>,
}

/// Nodes of the tree, by level (one byte) and index (big-endian), each its hash. A store keeps these three beside the entries.
pub const NODES: u8 = 200;
/// Where events stand, by id: big-endian.
pub const POSITIONS: u8 = 201;
/// When entries were accepted, by number (big-endian): milliseconds, big-endian.
pub const TIMES: u8 = 202;

/// Which layout rows are stored in; another one when a key, a value or a shelf changes.
pub const LAYOUT: &[u8] = b"rollcall rows v1";

/// The collections of a state that are kept in rows, with the numbers of their shelves, which stay.
macro_rules! shelves {
    ($state:expr, $borrowed:ty, $($borrow:tt)+) => {
        vec![
            (0_u8, $($borrow)+ $state.founding as $borrowed),
            (1, $($borrow)+ $state.charters.known),
            (2, $($borrow)+ $state.charters.in_force),
            (3, $($borrow)+ $state.authority),
            (4, $($borrow)+ $state.log_keys),
            (5, $($borrow)+ $state.history.0),
            (6, $($borrow)+ $state.drafts),
            (7, $($borrow)+ $state.witnessing),
            (8, $($borrow)+ $state.accounts.claims),
            (9, $($borrow)+ $state.accounts.bindings),
            (14, $($borrow)+ $state.accounts.claimed),
            (15, $($borrow)+ $state.accounts.had),
            (16, $($borrow)+ $state.attachments.known),
            (17, $($borrow)+ $state.attachments.profiles),
            (10, $($borrow)+ $state.people.persons),
            (11, $($borrow)+ $state.people.organisations),
            (12, $($borrow)+ $state.people.skeletons),
            (20, $($borrow)+ $state.keys.bindings),
            (21, $($borrow)+ $state.keys.offers),
            (22, $($borrow)+ $state.keys.offered),
            (23, $($borrow)+ $state.keys.owners),
            (24, $($borrow)+ $state.keys.revoked),
            (30, $($borrow)+ $state.roster.units),
            (31, $($borrow)+ $state.roster.tenures),
            (32, $($borrow)+ $state.roster.latest),
            (33, $($borrow)+ $state.roster.imported),
            (40, $($borrow)+ $state.proposals.proposals),
            (41, $($borrow)+ $state.proposals.nominations),
            (42, $($borrow)+ $state.proposals.entitlements),
            (43, $($borrow)+ $state.proposals.nominated),
            (44, $($borrow)+ $state.proposals.entitled),
            (45, $($borrow)+ $state.proposals.resting),
            (50, $($borrow)+ $state.meetings.meetings),
            (51, $($borrow)+ $state.meetings.petitions),
            (52, $($borrow)+ $state.meetings.by_unit),
            (53, $($borrow)+ $state.meetings.items),
            (54, $($borrow)+ $state.meetings.by_start),
            (55, $($borrow)+ $state.meetings.late),
            (60, $($borrow)+ $state.motions.motions),
            (61, $($borrow)+ $state.motions.votes),
            (62, $($borrow)+ $state.motions.of_meeting),
            (63, $($borrow)+ $state.motions.bearing),
            (64, $($borrow)+ $state.motions.closings),
            (65, $($borrow)+ $state.motions.pending),
            (66, $($borrow)+ $state.motions.one_human),
            (67, $($borrow)+ $state.motions.unclosed),
            (70, $($borrow)+ $state.records.contributions),
            (71, $($borrow)+ $state.records.attestations),
            (72, $($borrow)+ $state.records.records),
            (73, $($borrow)+ $state.records.claims),
            (74, $($borrow)+ $state.records.same),
            (75, $($borrow)+ $state.records.contributed_by),
            (76, $($borrow)+ $state.records.attested),
            (77, $($borrow)+ $state.records.claimed_by),
            (78, $($borrow)+ $state.records.consents),
            (NODES, $($borrow)+ $state.log),
            (POSITIONS, $($borrow)+ $state.positions),
            (TIMES, $($borrow)+ $state.times),
        ]
    };
}

impl State {
    fn shelves(&self) -> Vec<(u8, &dyn Shelf)> {
        shelves!(self, &dyn Shelf, &)
    }

    fn shelves_mut(&mut self) -> Vec<(u8, &mut dyn Shelf)> {
        shelves!(self, &mut dyn Shelf, &mut)
    }

    /// A view of the state of a log with this head, whose last entry was accepted at `last_at`. It holds nothing yet.
    #[must_use]
    pub fn view(head: Head, last_at: Timestamp) -> Self {
        let mut view = Self { log: Tree::view(head.size), viewed: Some((head, last_at)), ..Self::default() };
        view.shelves_mut().into_iter().for_each(|(_, shelf)| shelf.make_view());
        view
    }

    /// Tells whether it holds only what was brought to it.
    #[must_use]
    pub const fn is_view(&self) -> bool {
        self.viewed.is_some()
    }

    /// What was asked for since the last time and is not here; where that is nothing, what was answered is what the whole would
    /// have answered.
    #[must_use]
    pub fn lack(&self) -> Vec<Wanted> {
        let wanted =
            |(shelf, all): (u8, &dyn Shelf)| all.wanted().into_iter().map(move |beginning| Wanted { shelf, beginning });
        self.shelves().into_iter().flat_map(wanted).collect()
    }

    /// Puts the rows in place that were wanted, all of them, in the order of their keys.
    ///
    /// # Errors
    /// [`RowError`] names a row that cannot be read.
    pub fn bring(&mut self, wanted: Wanted, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), RowError> {
        let Wanted { shelf: number, beginning } = wanted;
        for (_, shelf) in self.shelves_mut().into_iter().filter(|(found, _)| *found == number) {
            for (key, value) in rows {
                shelf.bring(key, value).ok_or_else(|| RowError { shelf: number, key: key.clone() })?;
            }
            shelf.brought(beginning.clone());
        }
        Ok(())
    }

    /// Keeps track from now on of which rows change.
    pub fn track_rows(&mut self) {
        self.shelves_mut().into_iter().for_each(|(_, shelf)| shelf.track());
    }

    /// The rows that have changed since the last time.
    pub fn changed_rows(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (number, shelf) in self.shelves_mut() {
            for key in shelf.changed() {
                let value = shelf.row(&key);
                rows.push(Row { shelf: number, key, value });
            }
        }
        rows
    }

    /// Every row, in the order of shelves and keys.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        self.shelves().into_iter().flat_map(|(number, shelf)| rows(number, shelf))
    }

    /// The rows of one shelf, in the order of their keys.
    pub fn rows_of(&self, shelf: u8) -> impl Iterator<Item = Row> {
        let found = self.shelves().into_iter().filter(move |(number, _)| *number == shelf);
        found.flat_map(|(number, shelf)| rows(number, shelf))
    }
}

fn rows(number: u8, shelf: &dyn Shelf) -> impl Iterator<Item = Row> {
    shelf.row_keys().into_iter().map(move |key| Row { shelf: number, value: shelf.row(&key), key })
}
