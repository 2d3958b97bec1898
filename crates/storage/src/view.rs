//! A store without a replay: the rows that a question or an act is about are read, and it is tried again until it lacks nothing.

use rollcall_core::digest::EventId;
use rollcall_core::entry::Entry;
use rollcall_core::state::State;
use rollcall_core::state::view::{NODES, POSITIONS, RowError, TIMES, Wanted};

use crate::{Store, StoreError};

/// Why a view could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored row cannot be read.
    #[error(transparent)]
    Row(#[from] RowError),
}

/// A view of the state at the head, with nothing in it yet; `None` where the stored rows are not of the head.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn open(store: &impl Store) -> Result<Option<State>, StoreError> {
    let head = store.head()?;
    if head.size == 0 || store.rows_size()? != Some(head.size) {
        return Ok(None);
    }
    let last_at = accepted_at(store, head.size.saturating_sub(1))?;
    Ok(last_at.map(|last_at| State::view(head, last_at)))
}

/// Asks a question of a view until it lacks nothing.
///
/// # Errors
/// [`ViewError`] when rows cannot be read.
pub fn ask<T>(store: &impl Store, view: &mut State, mut question: impl FnMut(&State) -> T) -> Result<T, ViewError> {
    loop {
        let answer = question(view);
        let lack = view.lack();
        if lack.is_empty() {
            return Ok(answer);
        }
        bring(store, view, lack)?;
    }
}

/// Brings what a view lacks.
///
/// # Errors
/// [`ViewError`] when it cannot be read.
pub fn bring(store: &impl Store, view: &mut State, lack: Vec<Wanted>) -> Result<(), ViewError> {
    for wanted in lack {
        let rows = read(store, &wanted)?;
        view.bring(wanted, &rows)?;
    }
    Ok(())
}

/// A stored row: its key and its value.
type Stored = (Vec<u8>, Vec<u8>);

/// Reads rows that are wanted, key and value: from among the rows, or from what is kept beside the entries.
fn read(store: &impl Store, wanted: &Wanted) -> Result<Vec<Stored>, StoreError> {
    let key = wanted.beginning.as_slice();
    let mut rows = Vec::new();
    match wanted.shelf {
        NODES => {
            let place = key.split_first().and_then(|(level, index)| Some((*level, index.try_into().ok()?)));
            let hash = place.map(|(level, index)| store.node(level, u64::from_be_bytes(index))).transpose()?.flatten();
            rows.extend(hash.map(|hash| (key.to_vec(), hash.as_bytes().to_vec())));
        }
        POSITIONS => {
            let found = match key.try_into().map(EventId::from_bytes) {
                Ok(event) => store.position(&event)?.map(|index| (event, index)).into_iter().collect(),
                Err(_) => store.positions_of(key)?,
            };
            rows.extend(found.into_iter().map(|(event, at)| (event.as_bytes().to_vec(), at.to_be_bytes().to_vec())));
        }
        TIMES => {
            let at =
                key.try_into().map(|entry| accepted_at(store, u64::from_be_bytes(entry))).ok().transpose()?.flatten();
            rows.extend(at.map(|at| (key.to_vec(), at.ms().to_be_bytes().to_vec())));
        }
        _ => store.rows(wanted, &mut |key, value| rows.push((key.to_vec(), value.to_vec())))?,
    }
    Ok(rows)
}

fn accepted_at(store: &impl Store, entry: u64) -> Result<Option<rollcall_core::time::Timestamp>, StoreError> {
    let found = store.entries(entry..entry.saturating_add(1))?;
    Ok(found.first().and_then(|bytes| Entry::decode(bytes).ok()).map(|entry| entry.accepted_at))
}
