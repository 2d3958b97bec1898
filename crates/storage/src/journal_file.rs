//! The journal beside a ledger file, while one writer appends again and again: an append is one write and one sync, where a transaction
//! of the database takes two.
//!
//! - The file `LEDGER.journal` begins with [`MAGIC`] and holds frames: the length of what follows (u64 big-endian), its digest (BLAKE3 derive-key
//!   [`CONTEXT`]), the head that the append extends (size and root), and the append's record ([`crate::journal`]). It ends where no whole frame
//!   follows.
//! - A frame that was in the tables by the time somebody reads means nothing any more; the next one is written over the first then.
//! - Whoever writes holds the file's lock until the frame is durable, whoever reads shares it: nobody is told of an act that a crash can
//!   take back.
//! - It counts as long as the ledger file says so: then it is missed where it is not there. A writer that closes the ledger folds it and
//!   removes it, a crash leaves it to whoever opens the ledger next.
//! - Nothing that is no journal is written over, followed or removed, and no frame is decoded here: what is in one, `redb::front` judges.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rollcall_core::digest::{TreeHash, derive};
use rollcall_core::tree::Head;

use crate::durable;
use crate::journal::BYTES_KEPT;

/// What it begins with: nothing else of its name is ever written over.
const MAGIC: &[u8; 16] = b"rollcall journal";
/// Where its first frame is.
const FIRST: u64 = 16;
/// What a frame's digest is of, besides its bytes.
const CONTEXT: &str = "rollcall journal v1";
/// Bytes of an append's record beyond which it goes into the file: what many acts cost is not the sync.
pub(crate) const RECORD_MAX: usize = BYTES_KEPT;
/// Bytes that a frame's length may count.
const BODY_MAX: usize = 8 + 32 + RECORD_MAX;
/// Entries of a log that a frame extends, at most: more than any has, and less than most bytes that are no size say.
const SIZE_MAX: u64 = 1 << 40;
/// Bytes of a journal, at most: it is folded before it holds four records of the longest.
const JOURNAL_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of zeros that it begins with: writing over them costs less than making it longer, which the file system notes each time.
const PREPARED: usize = BYTES_KEPT + 64 * 1024;

/// How long a writer waits for those who read: they need a millisecond, and anybody who may read the file can lock it for ever.
const WRITER_PATIENCE: Duration = Duration::from_secs(1);
/// How long a reader waits for an append to be durable.
const READER_PATIENCE: Duration = Duration::from_secs(4);

/// What one append added.
pub(crate) struct Frame {
    /// The head that it extends.
    pub(crate) extends: Head,
    /// Its record.
    pub(crate) record: Vec<u8>,
}

/// What a journal holds.
#[derive(Default)]
pub(crate) struct Frames {
    /// Its frames, up to where no whole one follows.
    pub(crate) whole: Vec<Frame>,
    /// The size of the longest log that a frame extends which stands behind that, if one does.
    pub(crate) latest_behind: Option<u64>,
    /// It is shorter than it was made, and not empty.
    pub(crate) is_short: bool,
}

/// Why an append could not be made durable.
pub(crate) struct Failed {
    /// The system's error.
    pub(crate) error: io::Error,
    /// Nothing of it is left in the journal; else nothing that is read from it may be believed.
    pub(crate) is_blank: bool,
}

/// A journal beside a ledger, open for its writer.
#[derive(Debug)]
pub(crate) struct JournalFile {
    file: File,
    /// Where the next frame goes.
    end: u64,
}

impl JournalFile {
    /// Begins a journal at a path, in the place of one that counts for nothing, for the same people as a ledger is for.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn create(path: &Path, ledger: &Path) -> io::Result<Self> {
        Self::discard(path)?;
        // Never through a link that somebody has put there.
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        let (like, own) = (fs::metadata(ledger)?, file.metadata()?);
        if like.gid() != own.gid() {
            // Who may not give it to the group keeps it.
            let _ = fchown(&file, None, Some(like.gid()));
        }
        file.set_permissions(Permissions::from_mode(like.mode() & 0o666))?;
        file.write_all(&[&MAGIC[..], &vec![0; PREPARED]].concat())?;
        file.sync_all()?;
        durable::sync_folder_of(path)?;
        Ok(Self { file, end: FIRST })
    }

    /// Adds an append, and is back when it is durable.
    ///
    /// # Errors
    /// [`Failed`]; then nothing may be added.
    pub(crate) fn append(&mut self, extends: &Head, record: &[u8]) -> Result<(), Failed> {
        let body = [&extends.size.to_be_bytes()[..], extends.root.as_bytes(), record].concat();
        let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let frame = [&length.to_be_bytes()[..], &derive(CONTEXT, &body), &body].concat();
        locked(WRITER_PATIENCE, || self.file.try_lock()).map_err(|error| Failed { error, is_blank: true })?;
        let written = self.file.seek(SeekFrom::Start(self.end)).and_then(|_| self.file.write_all(&frame));
        let durable = written.and_then(|()| self.file.sync_data());
        // A frame that could not be made durable can be read all the same, and the next sync would say nothing of it.
        let durable = durable.map_err(|error| Failed { error, is_blank: self.blank(frame.len()).is_ok() });
        // As a last resort closing the file lets go of the lock.
        let _ = self.file.unlock();
        durable?;
        self.end = self.end.saturating_add(u64::try_from(frame.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Writes zeros over what stands behind the last append that is durable. The file is never shortened: a crash in between would leave one
    /// that looks as if somebody had cut it off.
    fn blank(&mut self, length: usize) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&vec![0; length])
    }

    /// Tells whether there is nothing in it that is not in the tables.
    pub(crate) const fn is_empty(&self) -> bool {
        self.end == FIRST
    }

    /// Goes back to its start: everything in it is in the tables.
    pub(crate) const fn begin_again(&mut self) {
        self.end = FIRST;
    }

    /// Removes a journal that counts for nothing, if there is one.
    ///
    /// # Errors
    /// The system's, or that it is no journal.
    pub(crate) fn discard(path: &Path) -> io::Result<()> {
        opened(path)?.map_or(Ok(()), |_| fs::remove_file(path))
    }

    /// The frames of a journal, each durable as long as its writer lives; `None` where there is no journal.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Frames>> {
        let Some(file) = opened(path)? else { return Ok(None) };
        locked(READER_PATIENCE, || file.try_lock_shared())?;
        let frames = frames(&file);
        file.unlock()?;
        frames.map(Some)
    }

    /// The same, of a journal whose writer may have died before a frame was durable: now each is.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn recover(path: &Path) -> io::Result<Option<Frames>> {
        let Some(file) = opened(path)? else { return Ok(None) };
        file.sync_all()?;
        frames(&file).map(Some)
    }
}

/// Takes a lock, or says that somebody keeps it.
fn locked(patience: Duration, take: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
    let begun = Instant::now();
    let mut pause = Duration::from_micros(50);
    loop {
        match take() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {
                sleep(pause);
                pause = pause.saturating_mul(2).min(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process keeps it locked"));
            }
        }
    }
}

/// A journal at a path, at its first frame; an empty file is one, too.
fn opened(path: &Path) -> io::Result<Option<File>> {
    // A pipe would be waited for; and what is there may go away before it is opened.
    let found = fs::metadata(path).and_then(|found| if found.is_file() { File::open(path) } else { Err(no_journal()) });
    let mut file = match found {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let mut magic = [0; MAGIC.len()];
    if length != 0
        && (!(FIRST..=JOURNAL_MAX).contains(&length) || file.read_exact(&mut magic).is_err() || magic != *MAGIC)
    {
        return Err(no_journal());
    }
    Ok(Some(file))
}

fn no_journal() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is no journal: bring back the one that the ledger had")
}

fn frames(file: &File) -> io::Result<Frames> {
    let mut bytes = Vec::new();
    let length = file.take(JOURNAL_MAX).read_to_end(&mut bytes)?;
    let is_short = length < PREPARED && file.metadata()?.len() != 0;
    let mut frames = Frames { is_short, ..Frames::default() };
    let mut rest = bytes.as_slice();
    while let Some((frame, behind)) = frame(rest, 0) {
        frames.whole.push(frame);
        rest = behind;
    }
    let newer = frames.whole.last().map_or(0, |last| last.extends.size.saturating_add(1));
    let behind = (1..rest.len()).filter_map(|at| frame(rest.get(at..)?, newer));
    frames.latest_behind = behind.map(|(frame, _)| frame.extends.size).max();
    Ok(frames)
}

/// The frame that bytes begin with, of an append to a log of at least so many entries, and what stands behind it.
fn frame(bytes: &[u8], at_least: u64) -> Option<(Frame, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok().filter(|length| *length <= BODY_MAX)?;
    let (body, behind) = rest.split_at_checked(length)?;
    let (size, rest) = body.split_first_chunk()?;
    let (root, record) = rest.split_first_chunk()?;
    // Before the digest, which is what costs.
    let size = Some(u64::from_be_bytes(*size)).filter(|size| (at_least..SIZE_MAX).contains(size))?;
    let extends = Head { size, root: TreeHash::from_bytes(*root) };
    (derive(CONTEXT, body) == *digest).then(|| (Frame { extends, record: record.to_vec() }, behind))
}

/// Where the journal beside a ledger is.
pub(crate) fn path_of(ledger: &Path) -> PathBuf {
    ledger.with_added_extension("journal")
}
