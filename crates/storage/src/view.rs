//! Questions to a store that do not replay it: the rows that a question is about are read, and the question is asked again until
//! it lacks nothing.

use rollcall_core::entry::Entry;
use rollcall_core::state::State;
use rollcall_core::state::view::{Lack, RowError, Wanted};

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
    let last = store.entries(head.size.saturating_sub(1)..head.size)?;
    let last_at = last.first().and_then(|bytes| Entry::decode(bytes).ok()).map(|entry| entry.accepted_at);
    Ok(last_at.map(|last_at| State::view(head, last_at)))
}

/// Asks a question of a view until it lacks nothing; `None` where only a replay can answer it.
///
/// # Errors
/// [`ViewError`] when rows cannot be read.
pub fn ask<T>(
    store: &impl Store,
    view: &mut State,
    mut question: impl FnMut(&State) -> T,
) -> Result<Option<T>, ViewError> {
    loop {
        let answer = question(view);
        match view.lack() {
            Lack::Nothing => return Ok(Some(answer)),
            Lack::Whole => return Ok(None),
            Lack::Rows(wanted) => wanted.into_iter().try_for_each(|wanted| bring(store, view, wanted))?,
        }
    }
}

fn bring(store: &impl Store, view: &mut State, wanted: Wanted) -> Result<(), ViewError> {
    let mut rows = Vec::new();
    store.rows(&wanted, &mut |key, value| rows.push((key.to_vec(), value.to_vec())))?;
    Ok(view.bring(wanted, rows)?)
}
