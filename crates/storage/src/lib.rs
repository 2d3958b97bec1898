//! Where a log is kept: three verbs over plain bytes, and nothing that knows what an event is.
//!
//! A [`Store`] hands out what it was given and appends a batch to the head that the batch names. It never decodes an
//! entry, never decides, and never retries; whoever calls it does.
//!
//! What every store must hold, and [`contract`] checks on each:
//! - One append is one durable transaction: entries, tree nodes, event index, rows of the state, projection digests and the new
//!   head appear together or not at all.
//! - An append that names another head than the current one changes nothing and answers with the current head.
//! - An append that fails otherwise may or may not have happened ([`AppendError::Unknown`]): read the head again before
//!   trying again. Event ids make the second try harmless.
//!
//! Beyond the trait: [`redb`] keeps one in a file, [`published`] writes and reads static files, [`heads`] keeps what the
//! operator has signed, and [`audit`] drives core's audit over each of them.

pub mod audit;
pub mod contract;
pub mod durable;
pub mod heads;
mod journal;
mod journal_file;
pub mod keeper;
mod lock;
pub mod memory;
mod pipeline;
pub mod published;
pub mod redb;
pub mod replay;
pub mod sequencer;
pub mod snapshot;
pub mod view;
pub mod waiting;

use std::ops::Range;

use rollcall_core::digest::{EventId, TreeHash};
use rollcall_core::ledger::Admission;
use rollcall_core::state::State;
use rollcall_core::state::view::{Row, Wanted};
use rollcall_core::tree::{Head, Node};

/// What one append adds.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Entries, in order, each with the id of its event.
    pub entries: Vec<(EventId, Vec<u8>)>,
    /// The tree nodes that they complete.
    pub nodes: Vec<Node>,
    /// Digests of the projections after the batch, by name; `None` keeps those that are stored.
    pub projections: Option<Vec<(String, [u8; 32])>>,
    /// What becomes of the rows of the state.
    pub rows: Rows,
}

/// What an append does to the stored rows of the state.
#[derive(Clone, Debug, Default)]
pub enum Rows {
    /// It leaves them as they are, which is no longer how the state is.
    #[default]
    Left,
    /// It brings the stored rows up to the new head.
    Changed(Vec<Row>),
    /// These take the place of all that are stored.
    Anew(Vec<Row>),
}

impl Rows {
    /// The rows that are written.
    #[must_use]
    pub fn written(&self) -> &[Row] {
        match self {
            Self::Left => &[],
            Self::Changed(rows) | Self::Anew(rows) => rows,
        }
    }
}

/// Digests of the projections, by name, and the size of the log that they are of. They cost as much as the state is large, so
/// not every append states them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projections {
    /// Entries of the log that they are of.
    pub size: u64,
    /// The digests.
    pub digests: Vec<(String, [u8; 32])>,
}

impl Projections {
    /// Those of a state.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let digests = state.digests().into_iter().map(|(name, digest)| (name.to_owned(), *digest.as_bytes()));
        Self { size: state.head().size, digests: digests.collect() }
    }

    /// Those that a batch states, in the order of their names, as every store hands them out.
    #[must_use]
    pub fn by_name(size: u64, stated: &[(String, [u8; 32])]) -> Self {
        let mut digests = stated.to_vec();
        digests.sort_unstable();
        Self { size, digests }
    }

    /// Tells whether a log of `head` entries would have stated them since.
    #[must_use]
    pub const fn is_stale(&self, head: u64) -> bool {
        self.size != head && projections_are_due(self.size, head)
    }
}

/// Up to this size every append states the projections.
const PROJECTIONS_ALWAYS: u64 = 1_024;

/// Tells whether a log that has grown to `size` should state its projections anew, stated last at `stated`: always while it is
/// short, then whenever it has grown by half, so that stating them costs a constant share of growing.
#[must_use]
pub const fn projections_are_due(stated: u64, size: u64) -> bool {
    size <= PROJECTIONS_ALWAYS || stated.saturating_add(stated / 2) <= size
}

impl Batch {
    /// Adds an admitted event.
    pub fn push(&mut self, admission: Admission) {
        let Admission { event, index: _, bytes, nodes } = admission;
        self.entries.push((event, bytes));
        self.nodes.extend(nodes);
    }
}

/// A store of one log.
pub trait Store {
    /// The current head; of an empty store, the empty head.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn head(&self) -> Result<Head, StoreError>;

    /// The entries of a range, in order. Entries that the store does not have are left out at the end.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError>;

    /// A tree node.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn node(&self, level: u8, index: u64) -> Result<Option<TreeHash>, StoreError>;

    /// The tree nodes of a range of one level.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn nodes(&self, level: u8, range: Range<u64>) -> Result<Vec<Option<TreeHash>>, StoreError> {
        range.map(|index| self.node(level, index)).collect()
    }

    /// Where an event stands, by the stored index.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn position(&self, event: &EventId) -> Result<Option<u64>, StoreError>;

    /// Where the events stand whose ids begin so, by the stored index.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn positions_of(&self, beginning: &[u8]) -> Result<Vec<(EventId, u64)>, StoreError>;

    /// The digests of the projections that were stated last.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn projections(&self) -> Result<Projections, StoreError>;

    /// Entries of the log that the stored rows of the state are of; `None` where there are none in the layout of this build.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn rows_size(&self) -> Result<Option<u64>, StoreError>;

    /// Hands out the stored rows that are wanted, key and value, in the order of their keys.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn rows(&self, wanted: &Wanted, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError>;

    /// Appends a batch to the head that it extends; afterwards the head is `next`.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] with the current head when that is not `extends`; [`AppendError::Unknown`] when it may
    /// or may not have happened.
    fn append(&mut self, extends: &Head, next: &Head, batch: &Batch) -> Result<(), AppendError>;
}

/// Why a store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no ledger at the path.
    #[error("there is no ledger at: {path}")]
    Missing {
        /// The path.
        path: String,
    },
    /// A file is there already.
    #[error("there is a file already at: {path}")]
    Exists {
        /// The path.
        path: String,
    },
    /// Another process writes to the ledger.
    #[error("the ledger is in use by {holder}: {path}")]
    InUse {
        /// The path.
        path: String,
        /// Who holds it, as far as it said.
        holder: String,
    },
    /// The file was never a ledger.
    #[error("the file is not a ledger: {path}: {what}")]
    Foreign {
        /// The path.
        path: String,
        /// What was found.
        what: String,
    },
    /// The ledger's file is damaged.
    #[error("the ledger file is damaged: {path}: {what}")]
    Damaged {
        /// The path.
        path: String,
        /// What was found.
        what: String,
    },
    /// The ledger's file says that its latest acts are in a journal beside it, and none is there.
    #[error("the latest acts of the ledger are not beside it: {path}: {what}")]
    Parted {
        /// The path.
        path: String,
        /// Where they are, and where they belong.
        what: String,
    },
    /// A journal stands beside the ledger that holds acts which the ledger has not, and which it does not ask for.
    #[error("{journal} holds acts that the ledger beside it has not: {path}")]
    Stray {
        /// The path.
        path: String,
        /// The journal.
        journal: String,
    },
    /// The operating system failed.
    #[error("the file cannot be opened, read or written: {path}: {what}")]
    Io {
        /// The path.
        path: String,
        /// What failed.
        what: String,
    },
}

/// Why an append did not surely happen.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The log has moved on: the batch extends another head.
    #[error("the log has moved on, its size is: {}", current.size)]
    Conflict {
        /// The current head.
        current: Head,
    },
    /// It may or may not have happened.
    #[error("the append may or may not have happened")]
    Unknown(#[source] StoreError),
}
