//! Replays one's own store: entries prepared on every core and handed on in order, their signatures not verified again.

use std::ops::ControlFlow;

use rollcall_core::prepared::{Prepared, danger};

use crate::pipeline::{self, Chunks};
use crate::{Store, StoreError};

/// Entries read at once.
const READ_ENTRIES: u64 = 256;

/// Hands the first `size` entries to `each`, as far as the store has them, until it says to stop.
///
/// # Errors
/// [`StoreError`] when the store cannot be read, and whatever `each` fails with.
pub fn each<E: From<StoreError>>(
    store: &impl Store,
    size: u64,
    mut each: impl FnMut(Prepared) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    let mut next = 0_u64;
    let read = || {
        if size <= next {
            return Ok(Vec::new());
        }
        let found = store.entries(next..next.saturating_add(READ_ENTRIES).min(size))?;
        next = next.saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
        Ok(found)
    };
    let take = |chunk, ()| {
        for prepared in chunk {
            if each(prepared)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    };
    pipeline::run(&danger::of_own_store(), Chunks::of(0, read), |_, _| (), take)
}
