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

    /// What waits, with what it changes, ready to be made durable; nothing waits afterwards. The next batch extends this one, so whoever
    /// does not get it stored opens the store again.
    pub fn seal(&mut self, ledger: &mut Ledger) -> Sealed {
        let extends = self.extends;
        if self.batch.entries.is_empty() {
            return Sealed { extends, next: extends, batch: Batch::default() };
        }
        let next = ledger.state().head();
        // A view cannot state them: it is not opened where they would be due.
        let due = projections_are_due(self.stated, next.size) && !ledger.state().is_view();
        let changed = ledger.changed_rows();
        let rows = match std::mem::replace(&mut self.batch.rows, Rows::Changed(Vec::new())) {
            Rows::Anew(_) => Rows::Anew(ledger.state().rows()),
            Rows::Changed(_) => Rows::Changed(changed),
            Rows::Left => Rows::Left,
        };
        let projections = due.then(|| Projections::of(ledger.state()).digests);
        if due {
            self.stated = next.size;
        }
        self.extends = next;
        let waited = Batch { rows: Rows::Changed(Vec::new()), ..Batch::default() };
        Sealed { extends, next, batch: Batch { projections, rows, ..std::mem::replace(&mut self.batch, waited) } }
    }

    /// Makes everything that waits durable in one transaction.
    ///
    /// # Errors
    /// [`AppendError`] when it did not surely happen; then the ledger is ahead of the store, which is to be opened again.
    pub fn flush(&mut self, store: &mut impl Store, ledger: &mut Ledger) -> Result<(), AppendError> {
        self.seal(ledger).store(store)
    }
}

/// Admitted events with all that they change, to be stored in one transaction.
#[derive(Debug)]
#[must_use]
pub struct Sealed {
    extends: Head,
    next: Head,
    batch: Batch,
}

impl Sealed {
    /// Makes it durable. An error of the store does not say whether it happened: the store is read again, and an event that is there
    /// was appended.
    ///
    /// # Errors
    /// [`AppendError`] when it did not surely happen.
    pub fn store(&self, store: &mut impl Store) -> Result<(), AppendError> {
        let Self { extends, next, batch } = self;
        let Some((last, _)) = batch.entries.last() else { return Ok(()) };
        let appended = store.append(extends, next, batch);
        let landed = matches!(appended, Err(AppendError::Unknown(_)))
            && store.head().is_ok_and(|head| head == *next)
            && store.position(last).is_ok_and(|position| position == next.size.checked_sub(1));
        if landed { Ok(()) } else { appended }
    }
}
