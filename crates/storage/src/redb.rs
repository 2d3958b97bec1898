//! A store in one redb file, beside a lock file (`lock.rs`) that says who writes.
//!
//! - Tables: `entries` (u64 -> bytes), `nodes` (level * 2^56 + index -> 32 bytes), `events` (32 bytes -> u64),
//!   `projections` (name -> 32 bytes), `rows` (shelf, one byte, and key -> value), `head` (`head` -> size and root, 40 bytes;
//!   `projections`, `rows` -> the size that these are of, after which stands the rows' layout), `format` (name -> bytes), and in front of
//!   them `journal` (size of the log before an append -> its record): the latest appends.
//! - In front of all of them, while a writer appends more than once, stands a journal beside the file (`journal_file.rs`).
//! - Integers are big-endian byte strings of our own, so that the file does not depend on redb's encodings.
//! - One writer at a time; readers are served beside it (redb's single-writer mode, `docs/decisions/0006-redb.md`).
//! - A damaged file can make redb panic; every call is contained, and a panic is reported as damage.

#![expect(clippy::wildcard_enum_match_arm, reason = "redb's error enums are non-exhaustive and grow")]

use std::fs::{self, File};
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase,
    ReadableTable, StorageError, TableDefinition, TableError,
};
use rollcall_core::bundle;
use rollcall_core::digest::{EventId, TreeHash};
use rollcall_core::state::view::{LAYOUT, Wanted};
use rollcall_core::tree::Head;

use crate::journal::{Journal, row_key};
use crate::journal_file::{self, JournalFile};
use crate::lock::WriterLock;
use crate::{AppendError, Batch, Projections, Store, StoreError};

mod front;

use front::{Beside, Told};

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
const NODES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("nodes");
const EVENTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("events");
const PROJECTIONS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("projections");
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
const HEAD: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("head");
const FORMAT: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("format");
const JOURNAL: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("journal");

/// Bytes by which it is told what else a file is.
const BEGINNING_BYTES: u64 = 32;
/// Version of the tables above.
const STORE_VERSION: &[u8] = b"rollcall store 3";
/// Versions of files without a journal, and without one beside them, whose builds must not read those that may have one.
const STORE_VERSIONS_BEFORE: [&[u8]; 2] = [b"rollcall store 1", b"rollcall store 2"];
/// The bits of a node's key that tell its index; those above tell its level.
const NODE_INDEX: u64 = 0x00ff_ffff_ffff_ffff;
/// In the table of the head: the size of the log that the projections are of.
const PROJECTIONS_OF: &str = "projections";
/// In the table of the head: the size of the log that the rows are of, and their layout.
const ROWS_OF: &str = "rows";
/// How often a reader looks again for a journal that the file tells of.
const READS_MAX: u32 = 8;
/// Memory that redb may use to cache pages.
pub const CACHE_BYTES: usize = 64 * 1024 * 1024;

enum Handle {
    Writer(Database),
    /// One transaction from opening to closing, so that everything a reader is told is of one head.
    Reader {
        transaction: ReadTransaction,
        _database: ReadOnlyDatabase,
    },
}

/// A log in a redb file.
pub struct RedbStore {
    path: PathBuf,
    /// Where it really is, by whatever name it was opened, and which file was there.
    place: (PathBuf, Option<(u64, u64)>),
    /// Where the journal beside it is.
    journal_path: PathBuf,
    /// Taken only when the store is dropped.
    handle: Option<Handle>,
    /// What stands in front of the tables.
    journal: Journal,
    /// Where the latest of it stands.
    beside: Beside,
    /// This writer has appended, so that it is likely to append again.
    appended: bool,
    /// The file does not say yet that it may have a journal beside it.
    older: bool,
    /// Whether closing may fold the journal: not for who reads and has had nothing to repair, and not where something has failed.
    folds: bool,
    /// Whether every page may be trusted: they were verified, and nothing has shown damage or failed since.
    sound: AtomicBool,
    lock: Option<WriterLock>,
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        // Nothing is lost where it fails: the journal says the same as the tables would.
        let _ = self.spare_the_next();
        let closed = self.let_go() && self.is_in_place();
        if let Some(lock) = self.lock.take() {
            lock.release(&self.path, closed && *self.sound.get_mut());
        }
    }
}

impl std::fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedbStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl RedbStore {
    /// Creates a ledger file that does not exist yet and opens it for writing; `by` names the process to others.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a file already there, [`StoreError::InUse`] beside another writer.
    pub fn create(path: &Path, by: &str) -> Result<Self, StoreError> {
        Self::require_free(path)?;
        let mut lock = WriterLock::take(path, by)?;
        lock.has_verified();
        let database = contained(path, || builder().create(path).map_err(|error| database_error(path, error)))?;
        let mut store = Self::new(path, &real(path)?, Handle::Writer(database), Some(lock));
        store.contained(|| {
            let damaged = |error: redb::Error| redb_error(path, &error);
            let transaction = store.writer()?.begin_write().map_err(|error| damaged(error.into()))?;
            transaction.open_table(ENTRIES).map_err(|error| damaged(error.into()))?;
            transaction.open_table(NODES).map_err(|error| damaged(error.into()))?;
            transaction.open_table(EVENTS).map_err(|error| damaged(error.into()))?;
            transaction.open_table(PROJECTIONS).map_err(|error| damaged(error.into()))?;
            transaction.open_table(HEAD).map_err(|error| damaged(error.into()))?;
            {
                let mut format = transaction.open_table(FORMAT).map_err(|error| damaged(error.into()))?;
                format.insert("store", STORE_VERSION).map_err(|error| damaged(error.into()))?;
            }
            transaction.commit().map_err(|error| damaged(error.into()))
        })?;
        store.folds = true;
        Ok(store)
    }

    /// Nothing is where a ledger is to be, and what would stand beside it is not another one's, nor somebody's.
    ///
    /// # Errors
    /// [`StoreError::Exists`]; [`StoreError::Io`] where the lock's place is taken.
    pub fn require_free(path: &Path) -> Result<(), StoreError> {
        let journal = journal_file::path_of(path);
        let has_acts =
            || JournalFile::read(&journal).is_ok_and(|found| found.is_some_and(|found| !found.whole.is_empty()));
        if path.exists() {
            return Err(StoreError::Exists { path: shown(path) });
        }
        if has_acts() {
            return Err(StoreError::Exists { path: shown(&journal) });
        }
        WriterLock::require_place(path)
    }

    /// Opens an existing ledger file for writing; `by` names the process to others.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::InUse`] beside another writer, [`StoreError::Foreign`] for other files,
    /// [`StoreError::Damaged`] where a checksum fails.
    pub fn open(path: &Path, by: &str) -> Result<Self, StoreError> {
        require_file(path)?;
        let real = real(path)?;
        let mut lock = WriterLock::take(&real, by)?;
        // Before anybody can read the file again: what its writer left beside it is durable then.
        let left = JournalFile::recover(&journal_file::path_of(&real));
        // A writer trusts nothing that it is going to build on: every page's checksum is verified first, or was by the one before.
        let verify = lock.verified_at().is_none();
        let opened = || builder().set_check_integrity_on_open(verify).open(path);
        let database = contained(path, || opened().map_err(|error| database_error(path, error)))?;
        if verify {
            lock.has_verified();
        }
        let mut store = Self::new(path, &real, Handle::Writer(database), Some(lock));
        store.older = store.require_format()? != STORE_VERSION;
        store.read_all_of_journal(left)?;
        if !store.beside.counts() {
            store.discard_journal();
        }
        store.folds = true;
        Ok(store)
    }

    /// Opens an existing ledger file for reading, beside a writer if there is one.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], [`StoreError::Parted`]; [`StoreError::InUse`] when a writer's crash must be
    /// repaired by the next writer first.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        require_file(path)?;
        let real = real(path)?;
        let mut tries = 1;
        loop {
            // Before the file: what a writer folds meanwhile is then in the tables.
            let beside = JournalFile::read(&journal_file::path_of(&real));
            let begun = contained(path, || {
                let database = builder().open_read_only(path).map_err(|error| database_error(path, error))?;
                let transaction = database.begin_read().map_err(|error| redb_error(path, &error.into()))?;
                Ok(Handle::Reader { transaction, _database: database })
            });
            let handle = match begun {
                Ok(handle) => handle,
                // A file that was not closed cleanly needs a repair, which only a writer may do.
                Err(unread @ (StoreError::Io { .. } | StoreError::InUse { .. })) => {
                    return Self::open(path, "a repair after a crash").map_err(|error| unrepaired(unread, error));
                }
                Err(other) => return Err(other),
            };
            let mut store = Self::new(path, &real, handle, None);
            store.require_format()?;
            match store.read_journal(beside)? {
                Told::All => return Ok(store),
                // A writer may have begun a journal between the two.
                Told::Less(parted) if READS_MAX <= tries => return Err(parted),
                Told::Less(_) => tries = tries.saturating_add(1),
            }
        }
    }

    /// When every page was last verified, in seconds since 1970: as this writer opened the file, or one before it since when nobody
    /// has changed it. Nothing of who reads, and has had nothing to repair.
    #[must_use]
    pub fn verified_at(&self) -> Option<u64> {
        self.lock.as_ref().and_then(WriterLock::verified_at)
    }

    /// Of a file by the path that was given, which is really there.
    fn new(path: &Path, real: &Path, handle: Handle, lock: Option<WriterLock>) -> Self {
        Self {
            path: path.to_owned(),
            place: (real.to_owned(), which(real)),
            journal_path: journal_file::path_of(real),
            handle: Some(handle),
            journal: Journal::default(),
            beside: Beside::Nothing,
            appended: false,
            older: false,
            folds: false,
            sound: AtomicBool::new(true),
            lock,
        }
    }

    /// Tells whether the file is still where it was opened: what stands beside it would else be another one's.
    fn is_in_place(&self) -> bool {
        let (path, file) = &self.place;
        file.is_some() && which(path) == *file
    }

    /// Closes the file, and tells whether that went well.
    fn let_go(&mut self) -> bool {
        // Closing writes to the file, and a damaged one can make redb panic there too.
        let close = |handle| match handle {
            Some(Handle::Writer(database)) => database.close().is_ok(),
            Some(Handle::Reader { .. }) | None => true,
        };
        let handle = self.handle.take();
        catch_unwind(AssertUnwindSafe(|| close(handle))).unwrap_or(false)
    }

    /// The format that the file says it has.
    fn require_format(&self) -> Result<Vec<u8>, StoreError> {
        let found = self.reading(|transaction| {
            let table = transaction.open_table(FORMAT).map_err(|error| self.table_error(error))?;
            let version = table.get("store").map_err(|error| self.storage_error(error))?;
            Ok(version.map(|version| version.value().to_vec()))
        })?;
        match found {
            Some(version) if version == STORE_VERSION || STORE_VERSIONS_BEFORE.contains(&&version[..]) => Ok(version),
            other => {
                let what = match other {
                    Some(version) => format!("unknown store version: {}", String::from_utf8_lossy(&version)),
                    None => "it holds no ledger".to_owned(),
                };
                Err(StoreError::Damaged { path: shown(&self.path), what })
            }
        }
    }

    fn writer(&self) -> Result<&Database, StoreError> {
        match &self.handle {
            Some(Handle::Writer(database)) => Ok(database),
            Some(Handle::Reader { .. }) | None => {
                let what = "it was opened for reading only".to_owned();
                Err(StoreError::Io { path: shown(&self.path), what })
            }
        }
    }

    fn reading<T>(&self, read: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.contained(|| match &self.handle {
            Some(Handle::Reader { transaction, .. }) => read(transaction),
            Some(Handle::Writer(database)) => {
                read(&database.begin_read().map_err(|error| redb_error(&self.path, &error.into()))?)
            }
            None => Err(self.damaged("it has been closed")),
        })
    }

    fn contained<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        contained(&self.path, work).inspect_err(|_| self.sound.store(false, Ordering::Relaxed))
    }

    fn table_error(&self, error: TableError) -> StoreError {
        match error {
            TableError::TableDoesNotExist(_) | TableError::TableTypeMismatch { .. } => {
                StoreError::Damaged { path: shown(&self.path), what: error.to_string() }
            }
            // redb's enum may grow.
            other @ (TableError::Storage(_) | _) => redb_error(&self.path, &other.into()),
        }
    }

    fn storage_error(&self, error: StorageError) -> StoreError {
        redb_error(&self.path, &error.into())
    }

    fn damaged(&self, what: &str) -> StoreError {
        StoreError::Damaged { path: shown(&self.path), what: what.to_owned() }
    }

    /// Appends, unless the head is not the one that is extended: then it is told.
    fn write(&mut self, extends: &Head, next: &Head, batch: &Batch) -> Result<Option<Head>, StoreError> {
        let current = self.head()?;
        if current != *extends {
            return Ok(Some(current));
        }
        let added = u64::try_from(batch.entries.len()).unwrap_or(u64::MAX);
        if extends.size.checked_add(added) != Some(next.size) {
            let what = format!("{added} entries do not lead from {} to {}", extends.size, next.size);
            return Err(StoreError::Io { path: shown(&self.path), what });
        }
        self.put(extends, next, batch)?;
        Ok(None)
    }

    /// The head that the tables are of.
    fn head_of_tables(&self, transaction: &ReadTransaction) -> Result<Head, StoreError> {
        self.head_in(&transaction.open_table(HEAD).map_err(|error| self.table_error(error))?)
    }

    fn head_in(&self, table: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Head, StoreError> {
        let stored = table.get("head").map_err(|error| self.storage_error(error))?;
        self.decode_head(stored.as_ref().map(redb::AccessGuard::value))
    }

    fn decode_head(&self, bytes: Option<&[u8]>) -> Result<Head, StoreError> {
        let Some(bytes) = bytes else { return Ok(Head::empty()) };
        let split = bytes.split_first_chunk::<8>();
        match split.map(|(size, root)| (size, <[u8; 32]>::try_from(root))) {
            Some((size, Ok(root))) => Ok(Head { size: u64::from_be_bytes(*size), root: TreeHash::from_bytes(root) }),
            Some((_, Err(_))) | None => Err(self.damaged("the stored head has the wrong length")),
        }
    }
}

impl Store for RedbStore {
    fn head(&self) -> Result<Head, StoreError> {
        self.journal.head().map_or_else(|| self.reading(|transaction| self.head_of_tables(transaction)), Ok)
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        // Of what is in the journal the tables have no say.
        let newer = self.journal.range();
        let until = if range.start < newer.end { range.end.min(newer.start) } else { range.end };
        let mut entries = Vec::new();
        if range.start < until {
            self.reading(|transaction| {
                let table = transaction.open_table(ENTRIES).map_err(|error| self.table_error(error))?;
                let (from, to) = (range.start.to_be_bytes(), until.to_be_bytes());
                let rows = table.range(&from[..]..&to[..]).map_err(|error| self.storage_error(error))?;
                for (row, index) in rows.zip(range.clone()) {
                    let (key, bytes) = row.map_err(|error| self.storage_error(error))?;
                    if key.value() != index.to_be_bytes() {
                        break;
                    }
                    entries.push(bytes.value().to_vec());
                }
                Ok(())
            })?;
        }
        let next = range.start.saturating_add(u64::try_from(entries.len()).unwrap_or(u64::MAX));
        let newer = self.journal.entries(next..range.end.max(next));
        entries.extend(newer.iter().map(|(_, bytes)| bytes.clone()));
        Ok(entries)
    }

    fn node(&self, level: u8, index: u64) -> Result<Option<TreeHash>, StoreError> {
        if let Some(hash) = self.journal.nodes().get(&(level, index)) {
            return Ok(Some(*hash));
        }
        self.reading(|transaction| {
            let table = transaction.open_table(NODES).map_err(|error| self.table_error(error))?;
            let stored = table.get(&node_key(level, index)[..]).map_err(|error| self.storage_error(error))?;
            let hash = stored.map(|bytes| <[u8; 32]>::try_from(bytes.value())).transpose();
            let hash = hash.map_err(|_| self.damaged("a stored tree node has the wrong length"))?;
            Ok(hash.map(TreeHash::from_bytes))
        })
    }

    fn nodes(&self, level: u8, range: Range<u64>) -> Result<Vec<Option<TreeHash>>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        self.reading(|transaction| {
            let table = transaction.open_table(NODES).map_err(|error| self.table_error(error))?;
            let (from, to) = (node_key(level, range.start), node_key(level, range.end));
            let rows = table.range(&from[..]..&to[..]).map_err(|error| self.storage_error(error))?;
            let mut nodes = vec![None; usize::try_from(range.end.saturating_sub(range.start)).unwrap_or_default()];
            for row in rows {
                let (key, bytes) = row.map_err(|error| self.storage_error(error))?;
                let hash = <[u8; 32]>::try_from(bytes.value());
                let hash = hash.map_err(|_| self.damaged("a stored tree node has the wrong length"))?;
                let index = <[u8; 8]>::try_from(key.value()).map(|key| u64::from_be_bytes(key) & NODE_INDEX);
                let at = index.ok().and_then(|index| usize::try_from(index.checked_sub(range.start)?).ok());
                if let Some(node) = at.and_then(|at| nodes.get_mut(at)) {
                    *node = Some(TreeHash::from_bytes(hash));
                }
            }
            for ((_, index), hash) in self.journal.nodes().range((level, range.start)..(level, range.end)) {
                let at = usize::try_from(index.saturating_sub(range.start)).unwrap_or(usize::MAX);
                if let Some(node) = nodes.get_mut(at) {
                    *node = Some(*hash);
                }
            }
            Ok(nodes)
        })
    }

    fn position(&self, event: &EventId) -> Result<Option<u64>, StoreError> {
        if let Some(index) = self.journal.positions().get(event) {
            return Ok(Some(*index));
        }
        self.reading(|transaction| {
            let table = transaction.open_table(EVENTS).map_err(|error| self.table_error(error))?;
            let stored = table.get(&event.as_bytes()[..]).map_err(|error| self.storage_error(error))?;
            let index = stored.map(|bytes| <[u8; 8]>::try_from(bytes.value())).transpose();
            let index = index.map_err(|_| self.damaged("a stored position has the wrong length"))?;
            Ok(index.map(u64::from_be_bytes))
        })
    }

    fn positions_of(&self, beginning: &[u8]) -> Result<Vec<(EventId, u64)>, StoreError> {
        self.reading(|transaction| {
            let table = transaction.open_table(EVENTS).map_err(|error| self.table_error(error))?;
            let newer = self.journal.positions();
            let mut newer = newer.range(EventId::first_of(beginning)..).peekable();
            let mut found = Vec::new();
            for row in table.range(beginning..).map_err(|error| self.storage_error(error))? {
                let (event, index) = row.map_err(|error| self.storage_error(error))?;
                if !event.value().starts_with(beginning) {
                    break;
                }
                let (Ok(event), Ok(index)) = (event.value().try_into(), index.value().try_into()) else {
                    return Err(self.damaged("a row of the event index has the wrong length"));
                };
                let event = EventId::from_bytes(event);
                while let Some((before, index)) = newer.next_if(|(newer, _)| **newer < event) {
                    found.push((*before, *index));
                }
                let index =
                    newer.next_if(|(newer, _)| **newer == event).map_or(u64::from_be_bytes(index), |(_, newer)| *newer);
                found.push((event, index));
            }
            let rest = newer.take_while(|(event, _)| event.as_bytes().starts_with(beginning));
            found.extend(rest.map(|(event, index)| (*event, *index)));
            Ok(found)
        })
    }

    fn projections(&self) -> Result<Projections, StoreError> {
        if let Some(stated) = self.journal.projections() {
            return Ok(stated.clone());
        }
        self.reading(|transaction| {
            let table = transaction.open_table(PROJECTIONS).map_err(|error| self.table_error(error))?;
            let head = transaction.open_table(HEAD).map_err(|error| self.table_error(error))?;
            let size = head.get(PROJECTIONS_OF).map_err(|error| self.storage_error(error))?;
            let size = if let Some(bytes) = size.map(|bytes| <[u8; 8]>::try_from(bytes.value())) {
                u64::from_be_bytes(bytes.map_err(|_| self.damaged("a stored size has the wrong length"))?)
            } else {
                // Every append of the first builds stated them.
                self.head_in(&head)?.size
            };
            let mut digests = Vec::new();
            for row in table.iter().map_err(|error| self.storage_error(error))? {
                let (name, digest) = row.map_err(|error| self.storage_error(error))?;
                let digest = <[u8; 32]>::try_from(digest.value());
                let digest = digest.map_err(|_| self.damaged("a stored projection digest has the wrong length"))?;
                digests.push((name.value().to_owned(), digest));
            }
            Ok(Projections { size, digests })
        })
    }

    fn rows_size(&self) -> Result<Option<u64>, StoreError> {
        if let Some((size, layout)) = self.journal.rows_of() {
            return Ok((layout == LAYOUT).then_some(size));
        }
        self.reading(|transaction| {
            let head = transaction.open_table(HEAD).map_err(|error| self.table_error(error))?;
            let stored = head.get(ROWS_OF).map_err(|error| self.storage_error(error))?;
            let of = stored.as_ref().and_then(|bytes| bytes.value().split_first_chunk());
            if let Err(TableError::TableDoesNotExist(_)) = transaction.open_table(ROWS) {
                return Ok(None);
            }
            Ok(of.filter(|(_, layout)| *layout == LAYOUT).map(|(size, _)| u64::from_be_bytes(*size)))
        })
    }

    fn rows(&self, wanted: &Wanted, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        let beginning = row_key(wanted.shelf, &wanted.beginning);
        let mut newer = self.journal.rows(&beginning).peekable();
        let mut hand_out = |key: &[u8], value: Option<&[u8]>| {
            if let (Some((_, key)), Some(value)) = (key.split_first(), value) {
                each(key, value);
            }
        };
        self.reading(|transaction| {
            let table = match transaction.open_table(ROWS) {
                // Nobody has written any.
                Err(TableError::TableDoesNotExist(_)) => return Ok(()),
                opened => opened.map_err(|error| self.table_error(error))?,
            };
            for row in table.range(&beginning[..]..).map_err(|error| self.storage_error(error))? {
                let (key, value) = row.map_err(|error| self.storage_error(error))?;
                let key = key.value();
                if !key.starts_with(&beginning) {
                    break;
                }
                while let Some((before, value)) = newer.next_if(|(newer, _)| *newer < key) {
                    hand_out(before, value);
                }
                match newer.next_if(|(newer, _)| *newer == key) {
                    Some((_, value)) => hand_out(key, value),
                    None => hand_out(key, Some(value.value())),
                }
            }
            Ok(())
        })?;
        newer.for_each(|(key, value)| hand_out(key, value));
        Ok(())
    }

    fn append(&mut self, extends: &Head, next: &Head, batch: &Batch) -> Result<(), AppendError> {
        match self.write(extends, next, batch) {
            Ok(None) => Ok(()),
            Ok(Some(current)) => Err(AppendError::Conflict { current }),
            Err(error) => {
                self.go_back();
                Err(AppendError::Unknown(error))
            }
        }
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}

fn node_key(level: u8, index: u64) -> [u8; 8] {
    ((u64::from(level) << 56) | (index & NODE_INDEX)).to_be_bytes()
}

fn require_file(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => require_magic(path),
        Ok(_) => Err(StoreError::Foreign { path: shown(path), what: "it is not a file".to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(StoreError::Missing { path: shown(path) }),
        Err(error) => Err(io_error(path, &error)),
    }
}

/// A redb file begins with `redb`; anything else was never a ledger.
fn require_magic(path: &Path) -> Result<(), StoreError> {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING_BYTES).read_to_end(&mut beginning));
    read.map_err(|error| io_error(path, &error))?;
    let what = match beginning.as_slice() {
        [b'r', b'e', b'd', b'b', ..] => return Ok(()),
        [] => "it is empty",
        bytes if bundle::is_bundle(bytes) => {
            "it is a bundle: `rollcall audit` reads it, `rollcall restore` makes a ledger of it"
        }
        _ => "it does not begin as a redb file does",
    };
    Err(StoreError::Foreign { path: shown(path), what: what.to_owned() })
}

/// Runs redb where a panic over a damaged file becomes an answer.
fn contained<T>(path: &Path, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words =
            panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        let what = format!("the file's structure is broken ({})", words.unwrap_or("no further word"));
        Err(StoreError::Damaged { path: shown(path), what })
    })
}

fn database_error(path: &Path, error: DatabaseError) -> StoreError {
    match error {
        // Whoever has locked the whole of the file looks to redb like an older redb.
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            StoreError::InUse { path: shown(path), holder: "another process".to_owned() }
        }
        DatabaseError::RepairAborted => {
            let what = "it was not closed cleanly and waits for a writer to repair it".to_owned();
            StoreError::Io { path: shown(path), what }
        }
        other => redb_error(path, &other.into()),
    }
}

fn redb_error(path: &Path, error: &redb::Error) -> StoreError {
    match error {
        redb::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            StoreError::Damaged { path: shown(path), what: error.to_string() }
        }
        redb::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            StoreError::Damaged { path: shown(path), what: "the file ends too early".to_owned() }
        }
        redb::Error::Io(error) => io_error(path, error),
        other => StoreError::Damaged { path: shown(path), what: other.to_string() },
    }
}

pub(crate) fn io_error(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Io { path: shown(path), what: error.to_string() }
}

/// Tells one file from another, whatever they are called.
fn which(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Where a file really is: beside it stands what belongs to it.
fn real(path: &Path) -> Result<PathBuf, StoreError> {
    fs::canonicalize(path).map_err(|error| io_error(path, &error))
}

/// Why a file could neither be read nor repaired: why not the one is of use only beside why not the other.
fn unrepaired(unread: StoreError, unrepaired: StoreError) -> StoreError {
    match (unread, unrepaired) {
        (StoreError::Io { path, what: waits }, StoreError::Io { path: at, what }) if waits != what => StoreError::Io {
            path,
            what: format!(
                "{waits}, by any command of somebody who may write it; here it could not be repaired: {at}: {what}"
            ),
        },
        (_, unrepaired) => unrepaired,
    }
}

pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
