//! A view of a state: the rows that a question is about, brought from where they are kept.
//!
//! ```text
//! State::view -> ask -> State::wanted -> State::bring -> ask again ... until nothing is wanted
//! ```

use super::State;
use super::accounts::Accounts;
use super::attachments::Attachments;
use super::authority::Proposals;
use super::charters::Charters;
use super::history::History;
use super::keys::Keys;
use super::meetings::Meetings;
use super::motions::Motions;
use super::people::People;
use super::records::Records;
use super::roster::Roster;
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
pub const LAYOUT: &[u8] = b"rollcall rows v3";

/// Every collection of a state, with the number of its shelf, which stays. The patterns name every field, so that none is forgotten.
macro_rules! shelves {
    ($state:expr, $shelf:ty) => {{
        let State {
            log,
            viewed: _,
            positions,
            times,
            founding,
            charters: Charters { known, in_force },
            drafts,
            authority,
            log_keys,
            people: People { persons, skeletons, organisations, represented },
            keys: Keys { bindings, owners, offers, offered, revoked },
            accounts: Accounts { claims: account_claims, bindings: account_bindings, claimed, had, labelled },
            attachments: Attachments { known: attachments, profiles },
            roster: Roster { units, tenures, imported, latest, children, namesakes },
            proposals: Proposals { proposals, nominations, entitlements, nominated, entitled, resting },
            meetings: Meetings { meetings, petitions, by_unit, items, by_start, late },
            motions: Motions { motions, votes, pending, of_meeting, bearing, one_human, closings, unclosed, outvoted },
            records:
                Records {
                    contributions,
                    attestations,
                    records,
                    consents,
                    claims,
                    same,
                    contributed_by,
                    attested,
                    claimed_by,
                },
            witnessing,
            history: History(history),
        } = $state;
        let first: (u8, $shelf) = (0, founding);
        vec![
            first,
            (1, known),
            (2, in_force),
            (3, authority),
            (4, log_keys),
            (5, history),
            (6, drafts),
            (7, witnessing),
            (10, persons),
            (11, organisations),
            (12, skeletons),
            (13, represented),
            (20, bindings),
            (21, offers),
            (22, offered),
            (23, owners),
            (24, revoked),
            (30, units),
            (31, tenures),
            (32, latest),
            (33, imported),
            (34, children),
            (35, namesakes),
            (40, proposals),
            (41, nominations),
            (42, entitlements),
            (43, nominated),
            (44, entitled),
            (45, resting),
            (50, meetings),
            (51, petitions),
            (52, by_unit),
            (53, items),
            (54, by_start),
            (55, late),
            (60, motions),
            (61, votes),
            (62, of_meeting),
            (63, bearing),
            (64, closings),
            (65, pending),
            (66, one_human),
            (67, unclosed),
            (68, outvoted),
            (70, contributions),
            (71, attestations),
            (72, records),
            (73, claims),
            (74, same),
            (75, contributed_by),
            (76, attested),
            (77, claimed_by),
            (78, consents),
            (80, account_claims),
            (81, account_bindings),
            (82, claimed),
            (83, had),
            (84, labelled),
            (90, attachments),
            (91, profiles),
            (NODES, log),
            (POSITIONS, positions),
            (TIMES, times),
        ]
    }};
}

/// A door past every rule, for whoever has judged before what the rows say.
pub mod danger {
    use std::collections::BTreeMap;

    use super::super::State;
    use super::super::rows::Shelf;
    use super::{NODES, Row, RowError};

    /// The whole state that has these rows: every row of every shelf, in the order of shelves and keys. It lacks what entries say by
    /// themselves; [`Auditor::knowing`](crate::audit::Auditor::knowing) tells it that.
    ///
    /// # Errors
    /// [`RowError`] names a row that cannot be read, or is of no shelf.
    pub fn of_rows(rows: impl Iterator<Item = Row>) -> Result<State, RowError> {
        let mut state = State::default();
        let mut shelves: BTreeMap<u8, &mut dyn Shelf> = state.shelves_mut().into_iter().collect();
        for Row { shelf, key, value } in rows {
            let kept = (shelf < NODES).then(|| shelves.get_mut(&shelf)).flatten();
            let brought = kept.zip(value).and_then(|(kept, value)| kept.bring(&key, &value));
            brought.ok_or(RowError { shelf, key })?;
        }
        Ok(state)
    }
}

impl State {
    fn shelves(&self) -> Vec<(u8, &dyn Shelf)> {
        shelves!(self, &dyn Shelf)
    }

    fn shelves_mut(&mut self) -> Vec<(u8, &mut dyn Shelf)> {
        shelves!(self, &mut dyn Shelf)
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
        let wanted = |(shelf, all): (u8, &dyn Shelf)| {
            all.take_wanted().into_iter().map(move |beginning| Wanted { shelf, beginning })
        };
        self.shelves().into_iter().flat_map(wanted).collect()
    }

    /// Puts the rows in place that were wanted, all of them, in the order of their keys.
    ///
    /// # Errors
    /// [`RowError`] names a row that cannot be read.
    pub fn bring(&mut self, wanted: Wanted, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), RowError> {
        let Wanted { shelf: number, beginning } = wanted;
        for (_, shelf) in self.shelves_mut().into_iter().filter(|(found, _)| *found == number) {
            for (key, value) in rows.iter().filter(|(key, _)| !shelf.presence().has(key)).collect::<Vec<_>>() {
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
            for key in shelf.take_changed() {
                let value = shelf.row(&key);
                rows.push(Row { shelf: number, key, value });
            }
        }
        rows
    }

    /// Hands out every row, in the order of shelves and keys.
    pub fn each_row(&self, mut each: impl FnMut(Row)) {
        for (number, shelf) in self.shelves() {
            shelf.each(&mut |key, value| each(Row { shelf: number, key, value: Some(value) }));
        }
    }

    /// Every row, in the order of shelves and keys.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.each_row(|row| rows.push(row));
        rows
    }
}
