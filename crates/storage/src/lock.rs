//! Who writes: the advisory lock that one writer holds, in a file beside the ledger that names its process, and how the last one left
//! the ledger.
//!
//! A writer builds on nothing that has not been verified, and verifying takes as long as the file is large. So who closes a file whose
//! pages were verified says in the lock file when that was, and how the file is now: device, inode, length, times. The next writer
//! verifies every page again unless it finds the file exactly so. A copy, an edit and whatever else goes through the system's files
//! changes one of these, above all the time of change, which no program sets. Not seen is what another program writes while a writer has
//! the file open, or within the tick of the system's clock in which it closes it, and what changes in the disk itself. Both wait for a
//! day at most (`VERIFIED_FOR`), or for an audit.
//!
//! What it says is a word of one writer to the next: nobody reads an answer from it, and it is written over nothing that is not a lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rollcall_core::name::visible;

use crate::StoreError;
use crate::redb::{io_error, shown};

/// How long a file that nobody has changed counts as verified.
const VERIFIED_FOR: Duration = Duration::from_hours(24);
/// What a lock file begins with, behind which the holder's name stands; nothing else is ever written over.
const HELD: &str = "rollcall: ";
/// Begins what the last writer says of the file, in place of a holder's name.
const VERIFIED: &str = "rollcall: pages verified at ";
/// What lock files of earlier builds begin with.
const HELD_BEFORE: [&str; 2] = ["process ", "a repair after a crash"];

/// Bytes of a lock file that are read.
const HELD_MAX: u64 = 512;

/// The lock that one writer holds.
pub(crate) struct WriterLock {
    file: File,
    /// What [`Self::verified_at`] says.
    verified: Option<u64>,
    /// What takes the place of the holder's name.
    left: String,
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // A name that stays is overwritten by the next holder; without a word about the file they verify every page.
        let left = std::mem::take(&mut self.left);
        let _ = self.say(&left);
    }
}

impl WriterLock {
    /// Takes the lock of a ledger; `by` names the process to others.
    ///
    /// # Errors
    /// [`StoreError::InUse`] beside another writer, [`StoreError::Io`] where no lock can be had.
    pub(crate) fn take(path: &Path, by: &str) -> Result<Self, StoreError> {
        let beside = path.with_added_extension("lock");
        let io = |error: std::io::Error| io_error(&beside, &error);
        Self::require_place(path)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&beside).map_err(io)?;
        let locked = file.try_lock();
        let held = held_in(&file).map_err(io)?;
        match locked {
            Ok(()) => {
                let mut lock = Self { file, verified: still_verified(path, &held), left: String::new() };
                lock.say(&format!("{HELD}{by}")).map_err(io)?;
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let name = visible(held.strip_prefix(HELD).unwrap_or(&held).trim());
                let named = !name.is_empty() && !held.starts_with(VERIFIED);
                let holder = if named { name } else { "another process".to_owned() };
                Err(StoreError::InUse { path: shown(path), holder })
            }
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }

    /// Nothing else is where the lock of a ledger is to be: a file of somebody's would be written over, a link would turn the write
    /// elsewhere, and a pipe would be waited for.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(crate) fn require_place(path: &Path) -> Result<(), StoreError> {
        let beside = path.with_added_extension("lock");
        let is_own = match fs::symlink_metadata(&beside) {
            Ok(found) if found.is_file() => {
                File::open(&beside).and_then(|file| held_in(&file)).map(|held| is_own(&held))
            }
            Ok(_) => Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        };
        if is_own.map_err(|error| io_error(&beside, &error))? {
            return Ok(());
        }
        let what = "it is no lock of a ledger: move it away, or name the ledger otherwise";
        Err(io_error(&beside, &std::io::Error::new(ErrorKind::InvalidData, what)))
    }

    /// When every page was verified, where each is as it was then or as a writer has left it since; in seconds since 1970.
    pub(crate) const fn verified_at(&self) -> Option<u64> {
        self.verified
    }

    /// Every page has been verified by now, or written by this writer.
    pub(crate) fn has_verified(&mut self) {
        self.verified = seconds_now();
    }

    /// Lets go of a file that has been closed; `sound` where nothing has failed since its pages were verified.
    pub(crate) fn release(mut self, path: &Path, sound: bool) {
        let left = self.verified.filter(|_| sound).zip(identity(path));
        self.left = left.map(|(at, identity)| format!("{VERIFIED}{at}, {identity}")).unwrap_or_default();
    }

    /// Replaces what the lock file holds.
    fn say(&mut self, words: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(words.as_bytes())
    }
}

/// Tells whether a lock file holds what lock files hold.
fn is_own(held: &str) -> bool {
    held.is_empty() || held.starts_with(HELD) || HELD_BEFORE.iter().any(|own| held.starts_with(own))
}

/// What a lock file holds.
fn held_in(file: &File) -> std::io::Result<String> {
    let mut held = Vec::new();
    file.take(HELD_MAX).read_to_end(&mut held)?;
    Ok(String::from_utf8_lossy(&held).into_owned())
}

/// When the pages of a file were verified, by what its lock file holds: nothing unless the file is as it was left then, and not for ever.
fn still_verified(path: &Path, held: &str) -> Option<u64> {
    let (at, left) = held.strip_prefix(VERIFIED)?.split_once(", ")?;
    let at = at.parse().ok()?;
    let age = seconds_now()?.checked_sub(at)?;
    (age < VERIFIED_FOR.as_secs() && identity(path)? == left).then_some(at)
}

/// What tells a file from itself after a change.
fn identity(path: &Path) -> Option<String> {
    let file = fs::metadata(path).ok()?;
    Some(format!(
        "device {}, inode {}, {} bytes, written {}.{:09}, changed {}.{:09}",
        file.dev(),
        file.ino(),
        file.len(),
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec()
    ))
}

fn seconds_now() -> Option<u64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}
