//! What has been admitted and is not yet durable, and how it becomes so: in one transaction, with the rows of the state that it
//! changed, and the digests of the projections where they are due.

use rollcall_core::ledger::{Admission, Ledger};
use rollcall_core::tree::Head;

use crate::{AppendError, Batch, Projections, Rows, Store, StoreError, projections_are_due};

/// Admitted events that wait for their transaction.
#[derive(Debug)]
pub struct Waiting {
    batch: Batch,
    /// The head that the next append extends.
    extends: Head,
    /// Entries of the log when its projections were stated.
    stated: u64,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { batch: Batch::default(), extends: Head::empty(), stated: 0 }
    }
}

impl Waiting {
    /// Nothing waits. From now on the ledger, which is the store's, keeps track of the rows that change; where the stored ones are not of
    /// its head, the next append writes all of them.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn open(store: &impl Store, ledger: &mut Ledger) -> Result<Self, StoreError> {
        let extends = ledger.state().head();
        ledger.track_rows();
        let kept = extends.size == 0 || store.rows_size()? == Some(extends.size);
        let rows = if kept { Rows::Changed(Vec::new()) } else { Rows::Anew(Vec::new()) };
        Ok(Self { batch: Batch { rows, ..Batch::default() }, extends, stated: store.projections()?.size })
    }

    /// Adds an admitted event.
    pub fn push(&mut self, admission: Admission) {
        self.batch.push(admission);
    }

    /// How many events wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.entries.len()
    }

    /// Tells whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.entries.is_empty()
    }

    /// Makes everything that waits durable in one transaction. An error of the store does not say whether it happened: the
    /// store is read again, and an event that is there was appended.
    ///
    /// # Errors
    /// [`AppendError`] when it did not surely happen; what waits is kept.
    pub fn flush(&mut self, store: &mut impl Store, ledger: &mut Ledger) -> Result<(), AppendError> {
        let Some((last, _)) = self.batch.entries.last() else { return Ok(()) };
        let (last, next) = (*last, ledger.state().head());
        // A view cannot state them: it is not opened where they would be due.
        let due = projections_are_due(self.stated, next.size) && !ledger.state().is_view();
        self.batch.projections = due.then(|| Projections::of(ledger.state()).digests);
        let changed = ledger.changed_rows();
        match &mut self.batch.rows {
            Rows::Anew(rows) => *rows = ledger.state().rows(),
            Rows::Changed(rows) => rows.extend(changed),
            Rows::Left => {}
        }
        match store.append(&self.extends, &next, &self.batch) {
            Ok(()) => {}
            Err(AppendError::Unknown(error)) => {
                let landed = store.head().is_ok_and(|head| head == next)
                    && store.position(&last).is_ok_and(|position| position == next.size.checked_sub(1));
                if !landed {
                    return Err(AppendError::Unknown(error));
                }
            }
            Err(conflict @ AppendError::Conflict { .. }) => return Err(conflict),
        }
        if due {
            self.stated = next.size;
        }
        self.extends = next;
        self.batch = Batch { rows: Rows::Changed(Vec::new()), ..Batch::default() };
        Ok(())
    }
}
