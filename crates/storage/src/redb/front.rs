//! What stands in front of a file's tables: the journal in it, and the one beside it (`docs/decisions/0022-journal.md`). How it is read,
//! added to, and folded into them. It believes of a journal only what is whole and goes on from the head before it, adds nothing to what another
//! writer has left, and drops nothing that the tables have not.

use std::io;

use redb::{ReadableTable as _, TableError, WriteTransaction};
use rollcall_core::name::visible;
use rollcall_core::state::view::LAYOUT;
use rollcall_core::tree::Head;

use super::{
    ENTRIES, EVENTS, FORMAT, HEAD, JOURNAL, NODES, PROJECTIONS, PROJECTIONS_OF, ROWS, ROWS_OF, RedbStore,
    STORE_VERSION, io_error, node_key, redb_error, shown,
};
use crate::journal::{self, BYTES_KEPT, Journal};
use crate::journal_file::{Frame, Frames, JournalFile, RECORD_MAX};
use crate::{Batch, Rows, Store as _, StoreError};

/// In the table of the format: where the journal beside the file is, as long as it counts.
const BESIDE: &str = "journal";

/// Characters that are shown of where a journal was.
const WAS_MAX: usize = 1_024;

/// Whether a file and what is beside it tell all.
pub(super) enum Told {
    All,
    /// The file says that there is a journal beside it, which was not there.
    Less(StoreError),
}

/// The journal beside the file.
#[derive(Default)]
pub(super) enum Beside {
    /// There is none that counts.
    #[default]
    Nothing,
    /// A writer before this one has left it, or an append that failed: nothing is added to it.
    Left,
    /// This writer's.
    Own(JournalFile),
    /// There can be none: everything goes into the file.
    Refused,
}

impl Beside {
    /// Tells whether it counts.
    pub(super) const fn counts(&self) -> bool {
        match self {
            Self::Left | Self::Own(_) => true,
            Self::Nothing | Self::Refused => false,
        }
    }
}

impl RedbStore {
    /// Folds the journal into the tables: what the store says stays the same.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written; then the journal stays.
    pub fn fold(&mut self) -> Result<(), StoreError> {
        if self.journal.head().is_none() { Ok(()) } else { self.fold_up_to(self.journal.head(), false) }
    }

    /// Closes a file of which a copy will be made, or a link: all of it is in the file then.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written; then a journal stays beside it.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.spare_the_next()
    }

    /// Bytes of the records that stand in front of the tables.
    #[must_use]
    pub const fn journal_bytes(&self) -> usize {
        self.journal.bytes()
    }

    /// Folds what whoever reads next would have to read first, and whoever copies the file would leave behind.
    pub(super) fn spare_the_next(&mut self) -> Result<(), StoreError> {
        if self.folds && (self.beside.counts() || BYTES_KEPT < self.journal.bytes()) {
            self.fold_up_to(self.journal.head(), true)?;
        }
        Ok(())
    }

    /// Adds an append behind the others.
    pub(super) fn put(&mut self, extends: &Head, next: &Head, batch: &Batch) -> Result<(), StoreError> {
        // A record's key is the size before it, which an append without entries would leave to the next one.
        let at_once = batch.entries.is_empty() || matches!(batch.rows, Rows::Anew(_));
        let record = if at_once { Vec::new() } else { journal::record(next, batch) };
        self.journal.add(next, batch, LAYOUT, record.len());
        let is_small = record.len() <= RECORD_MAX;
        // A record in the file would stand before those beside it.
        let follows = match &self.beside {
            Beside::Nothing | Beside::Refused => true,
            Beside::Own(file) => is_small || file.is_empty(),
            Beside::Left => false,
        };
        if at_once || !follows || self.journal.is_due(record.len()) {
            self.fold_up_to(Some(*next), false)?;
        } else if is_small && self.appended && self.has_own()? {
            self.put_beside(extends, next, &record)?;
        } else {
            self.commit(|transaction| {
                let mut journal = transaction.open_table(JOURNAL).map_err(|error| self.table_error(error))?;
                let key = extends.size.to_be_bytes();
                journal.insert(&key[..], record.as_slice()).map(drop).map_err(|error| self.storage_error(error))
            })?;
            self.older = false;
        }
        self.appended = true;
        Ok(())
    }

    /// Forgets an append that has failed: what is asked next is answered from what the files hold, or not at all.
    pub(super) fn go_back(&mut self) {
        self.journal = Journal::default();
        self.beside = Beside::Nothing;
        self.folds = false;
        *self.sound.get_mut() = false;
        let left = JournalFile::recover(&self.journal_path);
        if self.read_all_of_journal(left).is_err() {
            self.let_go();
        }
    }

    /// Reads what stands in front of the tables: in the file, then what was found beside it where the file says that this counts.
    pub(super) fn read_journal(&mut self, beside: io::Result<Option<Frames>>) -> Result<Told, StoreError> {
        let (mut journal, mut head, counts) = self.reading(|transaction| {
            let format = transaction.open_table(FORMAT).map_err(|error| self.table_error(error))?;
            let counts = format.get(BESIDE).map_err(|error| self.storage_error(error))?;
            // Words of whoever wrote the file, for whoever reads the answer.
            let words = |at: &[u8]| visible(&String::from_utf8_lossy(at).chars().take(WAS_MAX).collect::<String>());
            let counts = counts.map(|at| words(at.value()));
            let (mut journal, mut head) = (Journal::default(), self.head_of_tables(transaction)?);
            let table = match transaction.open_table(JOURNAL) {
                // Nobody has written one, or it has been folded.
                Err(TableError::TableDoesNotExist(_)) => return Ok((journal, head, counts)),
                opened => opened.map_err(|error| self.table_error(error))?,
            };
            for record in table.iter().map_err(|error| self.storage_error(error))? {
                let (extends, record) = record.map_err(|error| self.storage_error(error))?;
                let follows = extends.value() == head.size.to_be_bytes();
                let next = follows.then(|| journal.read(head.size, record.value())).flatten();
                head = next.ok_or_else(|| self.damaged("the journal does not go on from the head before it"))?;
            }
            Ok((journal, head, counts))
        })?;
        let Some(was) = counts else {
            self.journal = journal;
            return self.require_no_stray(beside).map(|()| Told::All);
        };
        let unread = |error: io::Error| match error.kind() {
            io::ErrorKind::WouldBlock => {
                let holder = format!("another process, which keeps {} locked", shown(&self.journal_path));
                StoreError::InUse { path: shown(&self.path), holder }
            }
            _ => io_error(&self.journal_path, &error),
        };
        let Some(frames) = beside.map_err(unread)? else {
            let journal = shown(&self.journal_path);
            let what = if was == journal {
                format!("they were in {journal}, which is gone")
            } else {
                format!("they are in {was}, and belong to it as {journal}")
            };
            return Ok(Told::Less(StoreError::Parted { path: shown(&self.path), what }));
        };
        if frames.is_short {
            return Err(self.damaged("the journal beside it has been cut off"));
        }
        for Frame { extends, record } in frames.whole {
            // Some are in the file by now, or have been since before the journal was begun again.
            if head.size <= extends.size {
                let next = (extends == head).then(|| journal.read(head.size, &record)).flatten();
                head = next.ok_or_else(|| self.damaged("the journal beside it goes on from another head"))?;
            }
        }
        // Behind what a crash has torn stands nothing that is newer.
        if frames.latest_behind.is_some_and(|size| head.size <= size) {
            return Err(self.damaged("an act in the journal beside it is damaged"));
        }
        (self.journal, self.beside) = (journal, Beside::Left);
        Ok(Told::All)
    }

    /// Of what counts for nothing only what is here as well may be forgotten.
    fn require_no_stray(&self, beside: io::Result<Option<Frames>>) -> Result<(), StoreError> {
        // What is no journal is somebody's.
        let Ok(Some(frames)) = beside else { return Ok(()) };
        for Frame { record, .. } in &frames.whole {
            let Some((first, entries)) = journal::entries_of(record) else { continue };
            let until = first.saturating_add(u64::try_from(entries.len()).unwrap_or(u64::MAX));
            if self.entries(first..until)? != entries {
                let (path, journal) = (shown(&self.path), shown(&self.journal_path));
                return Err(StoreError::Stray { path, journal });
            }
        }
        Ok(())
    }

    /// The same, of what nobody adds to meanwhile.
    pub(super) fn read_all_of_journal(&mut self, left: io::Result<Option<Frames>>) -> Result<(), StoreError> {
        match self.read_journal(left)? {
            Told::All => Ok(()),
            Told::Less(parted) => Err(parted),
        }
    }

    /// Tells whether this writer has a journal beside the file, which it begins where there can be one.
    fn has_own(&mut self) -> Result<bool, StoreError> {
        if let Beside::Nothing = self.beside {
            // What cannot be had is no reason to refuse an append that the file can take.
            let Ok(file) = JournalFile::create(&self.journal_path, &self.path) else {
                self.beside = Beside::Refused;
                return Ok(false);
            };
            self.commit(|transaction| self.tell_of_journal(transaction, true))?;
            self.beside = Beside::Own(file);
        }
        Ok(matches!(self.beside, Beside::Own(_)))
    }

    /// Adds a record to this writer's journal beside the file. One that fails is not gone on with; one that somebody keeps locked is folded.
    fn put_beside(&mut self, extends: &Head, next: &Head, record: &[u8]) -> Result<(), StoreError> {
        let Beside::Own(file) = &mut self.beside else { return Err(self.damaged("there is no journal beside it")) };
        let Err(failed) = file.append(extends, record) else { return Ok(()) };
        if failed.error.kind() == io::ErrorKind::WouldBlock {
            return self.fold_up_to(Some(*next), true);
        }
        if !failed.is_blank {
            self.let_go();
        }
        Err(io_error(&self.journal_path, &failed.error))
    }

    /// Folds what stands in front of the tables, up to its head, if there is anything; `ends` where no journal beside the file is to
    /// count from then on. One that somebody has left never does.
    fn fold_up_to(&mut self, head: Option<Head>, ends: bool) -> Result<(), StoreError> {
        let ends = self.beside.counts() && (ends || matches!(self.beside, Beside::Left));
        self.commit(|transaction| {
            head.map_or(Ok(()), |head| self.write_journal(transaction, &head))?;
            if ends { self.tell_of_journal(transaction, false) } else { Ok(()) }
        })?;
        self.older = false;
        self.journal = Journal::default();
        self.folds = true;
        if ends {
            self.beside = Beside::Nothing;
            self.discard_journal();
        }
        if let Beside::Own(file) = &mut self.beside {
            file.begin_again();
            // The pages that a transaction has freed are free for the one after the next, which would else be the next folding.
            self.commit(|_| Ok(()))?;
        }
        Ok(())
    }

    /// Removes a journal that counts for nothing. Where that fails it stays so, and the next one takes its place; where the file has been
    /// replaced meanwhile it may hold all that is left.
    pub(super) fn discard_journal(&self) {
        if self.is_in_place() {
            let _ = JournalFile::discard(&self.journal_path);
        }
    }

    /// Says in the file that the journal beside it counts, or that none does.
    fn tell_of_journal(&self, transaction: &WriteTransaction, counts: bool) -> Result<(), StoreError> {
        let mut format = transaction.open_table(FORMAT).map_err(|error| self.table_error(error))?;
        let told =
            if counts { format.insert(BESIDE, shown(&self.journal_path).as_bytes()) } else { format.remove(BESIDE) };
        told.map(drop).map_err(|error| self.storage_error(error))
    }

    /// Makes durable what `write` writes, and that the file is of this version.
    fn commit(&self, write: impl FnOnce(&WriteTransaction) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.contained(|| {
            let transaction = self.writer()?.begin_write().map_err(|error| redb_error(&self.path, &error.into()))?;
            write(&transaction)?;
            if self.older {
                let mut format = transaction.open_table(FORMAT).map_err(|error| self.table_error(error))?;
                format.insert("store", STORE_VERSION).map_err(|error| self.storage_error(error))?;
            }
            transaction.commit().map_err(|error| redb_error(&self.path, &error.into()))
        })
    }

    /// Writes what is in the journal into the tables, up to its head, in the place of its records.
    fn write_journal(&self, transaction: &WriteTransaction, next: &Head) -> Result<(), StoreError> {
        let mut head = transaction.open_table(HEAD).map_err(|error| self.table_error(error))?;
        let mut entries = transaction.open_table(ENTRIES).map_err(|error| self.table_error(error))?;
        for (index, (_, bytes)) in self.journal.indexed() {
            entries.insert(&index.to_be_bytes()[..], bytes.as_slice()).map_err(|error| self.storage_error(error))?;
        }
        let mut events = transaction.open_table(EVENTS).map_err(|error| self.table_error(error))?;
        for (event, index) in self.journal.positions() {
            let index = index.to_be_bytes();
            events.insert(&event.as_bytes()[..], &index[..]).map_err(|error| self.storage_error(error))?;
        }
        let mut nodes = transaction.open_table(NODES).map_err(|error| self.table_error(error))?;
        for ((level, index), hash) in self.journal.nodes() {
            let key = node_key(*level, *index);
            nodes.insert(&key[..], &hash.as_bytes()[..]).map_err(|error| self.storage_error(error))?;
        }
        self.write_rows(transaction)?;
        if let Some((size, layout)) = self.journal.rows_of() {
            let of = [&size.to_be_bytes()[..], layout].concat();
            head.insert(ROWS_OF, of.as_slice()).map_err(|error| self.storage_error(error))?;
        }
        let stated = self.journal.projections();
        if let Some(stated) = stated {
            transaction.delete_table(PROJECTIONS).map_err(|error| self.table_error(error))?;
            let mut projections = transaction.open_table(PROJECTIONS).map_err(|error| self.table_error(error))?;
            for (name, digest) in &stated.digests {
                projections.insert(name.as_str(), &digest[..]).map_err(|error| self.storage_error(error))?;
            }
        }
        // Of a file of the first builds, which stated them with every append, they are those of the head until now.
        let said = head.get(PROJECTIONS_OF).map_err(|error| self.storage_error(error))?.is_some();
        let until_now = if said { None } else { Some(self.head_in(&head)?.size) };
        if let Some(of) = stated.map(|stated| stated.size).or(until_now) {
            head.insert(PROJECTIONS_OF, &of.to_be_bytes()[..]).map_err(|error| self.storage_error(error))?;
        }
        let mut bytes = next.size.to_be_bytes().to_vec();
        bytes.extend_from_slice(next.root.as_bytes());
        head.insert("head", bytes.as_slice()).map_err(|error| self.storage_error(error))?;
        transaction.delete_table(JOURNAL).map_err(|error| self.table_error(error))?;
        Ok(())
    }

    fn write_rows(&self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        if self.journal.rows_of().is_none() {
            return Ok(());
        }
        if self.journal.is_anew() {
            transaction.delete_table(ROWS).map_err(|error| self.table_error(error))?;
        }
        let mut table = transaction.open_table(ROWS).map_err(|error| self.table_error(error))?;
        for (key, value) in self.journal.rows(&[]) {
            match value {
                Some(value) => table.insert(key, value),
                None => table.remove(key),
            }
            .map_err(|error| self.storage_error(error))?;
        }
        Ok(())
    }
}
