//! The heads that a log's operator has signed. One that is signed is never contradicted: the last one is kept beside the
//! ledger, and before another is signed it must be a head that the ledger still has.
//!
//! A ledger that was restored from an older copy is smaller than the head that was signed for it, or has another root; then
//! nothing is signed until somebody has found out why.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rollcall_core::checkpoint::{Checkpoint, CheckpointError};
use rollcall_core::key::{PublicKey, SigningKey};
use rollcall_core::note::Note;
use rollcall_core::proof::Proof;
use rollcall_core::state::{LogKey, State};
use rollcall_core::tree::Head;

use crate::{StoreError, durable};

/// How long another process that signs is waited for.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why no head is signed.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// Nothing is founded.
    #[error("the ledger is not founded")]
    NotFounded,
    /// The key at hand is not the one that the ledger names.
    #[error("the key at hand does not sign this log's heads; the ledger names: {expected}")]
    OtherKey {
        /// The key named.
        expected: String,
    },
    /// The stored head cannot be read.
    #[error("the last signed head cannot be read: {}", path.display())]
    Unreadable {
        /// Where it lies.
        path: PathBuf,
        /// Why.
        #[source]
        why: CheckpointError,
    },
    /// The ledger is not one that the last signed head was a head of.
    #[error("a head of {} entries with root {} is signed already, and the ledger at hand, of {} entries, does not have it", signed.size, signed.root, own.size)]
    Contradicts {
        /// The head that was signed.
        signed: Head,
        /// The ledger's.
        own: Head,
    },
    /// Another head has been signed meanwhile.
    #[error("another head has been signed meanwhile")]
    Superseded,
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("a file beside the ledger cannot be read or written: {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
}

/// The signed heads of a ledger file.
#[derive(Clone, Debug)]
pub struct Heads {
    ledger: PathBuf,
}

/// The same while no other process signs: a ledger that is opened now has the last head that was signed.
#[derive(Debug)]
pub struct Held<'a> {
    heads: &'a Heads,
    _lock: File,
}

impl Heads {
    /// The signed heads of the ledger at a path.
    #[must_use]
    pub fn of(ledger: &Path) -> Self {
        Self { ledger: ledger.to_path_buf() }
    }

    fn beside(&self, extension: &str) -> PathBuf {
        self.ledger.with_added_extension(extension)
    }

    /// The last head that was signed, as a note, with the cosignatures that it has collected.
    ///
    /// # Errors
    /// [`HeadError::Io`] when it is there and cannot be read.
    pub fn last(&self) -> Result<Option<String>, HeadError> {
        let path = self.beside("checkpoint");
        match fs::read_to_string(&path) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(HeadError::Io { path, why }),
        }
    }

    /// Keeps a head of the ledger that others have shown, as where a ledger was restored from what is published: nothing
    /// that contradicts it is signed here either.
    ///
    /// # Errors
    /// [`HeadError::Io`] when it cannot be written.
    pub fn recognise(&self, note: &str) -> Result<(), HeadError> {
        let _held = self.hold()?;
        self.keep("checkpoint", note)
    }

    /// Refuses a ledger that is not one that the last signed head was a head of, before anything is built on it.
    ///
    /// # Errors
    /// [`HeadError::Contradicts`], or [`HeadError::Unreadable`] and [`HeadError::Io`] where that cannot be told.
    pub fn check(&self, state: &State) -> Result<(), HeadError> {
        self.require_own(state).map(drop)
    }

    /// The last signed head, which must be one that the ledger has.
    fn require_own(&self, state: &State) -> Result<Option<(Head, String)>, HeadError> {
        let Some(note) = self.last()? else { return Ok(None) };
        let unreadable = |why| HeadError::Unreadable { path: self.beside("checkpoint"), why };
        let text = Note::read(&note).map_err(|error| unreadable(CheckpointError::Note(error)))?;
        let signed = Checkpoint::read(text.text()).map_err(unreadable)?.head;
        let own = state.head();
        if state.log().head_at(signed.size) != Some(signed) {
            return Err(HeadError::Contradicts { signed, own });
        }
        // It is handed out as it is, so it must be what the log's key has signed.
        let founding = state.founding().ok_or(HeadError::NotFounded)?;
        let key = state.log_key(signed.size).ok_or(HeadError::NotFounded)?;
        Checkpoint::verify_note(&text, founding.origin.as_str(), key).map_err(unreadable)?;
        Ok(Some((signed, note)))
    }

    /// Adds cosignature lines to the last signed head.
    ///
    /// # Errors
    /// [`HeadError::Io`]; [`HeadError::Superseded`] where another head has been signed meanwhile.
    pub fn add_lines(&self, signed: &str, lines: &str) -> Result<String, HeadError> {
        let _held = self.hold()?;
        let last = self.last()?;
        if last.as_deref() != Some(signed) {
            return Err(HeadError::Superseded);
        }
        let note = format!("{signed}{lines}");
        self.keep("checkpoint", &note)?;
        Ok(note)
    }

    /// The proof of each change of the log's key, in order, as far as the operator has handed over.
    ///
    /// # Errors
    /// [`HeadError::Io`] when one is there and cannot be read.
    pub fn handovers(&self, state: &State) -> Result<Vec<String>, HeadError> {
        let mut handovers = Vec::new();
        for (number, _) in state.log_keys().iter().skip(1).enumerate() {
            let path = self.beside(&format!("handover.{number}"));
            match fs::read_to_string(&path) {
                Ok(handover) => handovers.push(handover),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(why) => return Err(HeadError::Io { path, why }),
            }
        }
        Ok(handovers)
    }

    /// Signs the head by the old key and the new one, once for each change of the log's key that has come into force: so
    /// that a receipt can show the change. It is kept apart: witnesses refuse a head with two lines of one name. Without the
    /// old key at hand there is no handover.
    fn hand_over(
        &self,
        state: &State,
        keys: &[SigningKey],
        entry: &dyn Fn(u64) -> Result<Vec<u8>, StoreError>,
    ) -> Result<(), HeadError> {
        let founding = state.founding().ok_or(HeadError::NotFounded)?;
        let pairs = state.log_keys().iter().zip(state.log_keys().iter().skip(1)).enumerate();
        for (number, (old, new)) in pairs {
            let file = format!("handover.{number}");
            let find = |known: &LogKey| keys.iter().find(|key| key.public().ok().as_ref() == Some(&known.key));
            let (Some(old), Some(next), None) = (find(old), find(new), new.after) else { continue };
            let Some(index) = state.entry_of(&new.named).filter(|_| !self.beside(&file).exists()) else { continue };
            let head = state.head();
            let checkpoint = Checkpoint { origin: founding.origin.as_str().to_owned(), head };
            let note = checkpoint.sign(next) + &checkpoint.signature_line(old);
            let Ok(path) = state.log().inclusion(index, head.size) else { continue };
            self.keep(&file, &Proof { extra: Some(entry(index)?), index, path, checkpoint: note }.text())?;
        }
        Ok(())
    }

    /// Keeps other processes from signing meanwhile.
    ///
    /// # Errors
    /// [`HeadError::Io`] when no lock can be had beside the ledger, or another process holds it for seconds.
    pub fn hold(&self) -> Result<Held<'_>, HeadError> {
        let path = self.beside("checkpoint.lock");
        let held = File::create(&path).and_then(|file| {
            let begun = Instant::now();
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(file),
                    Err(TryLockError::Error(why)) => return Err(why),
                    // Whoever may open it can hold it.
                    Err(TryLockError::WouldBlock) if PATIENCE < begun.elapsed() => {
                        return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process holds it"));
                    }
                    Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        let lock = held.map_err(|why| HeadError::Io { path, why })?;
        Ok(Held { heads: self, _lock: lock })
    }

    fn keep(&self, extension: &str, text: &str) -> Result<(), HeadError> {
        let path = self.beside(extension);
        durable::replace(&path, text.as_bytes()).map_err(|why| HeadError::Io { path, why })
    }
}

impl Held<'_> {
    /// The head of the ledger as a note signed by the log's key; the stored one where it is that head.
    ///
    /// # Errors
    /// [`HeadError::Contradicts`] when another history is signed already, and the rest as they say.
    pub fn sign(
        &self,
        state: &State,
        keys: &[SigningKey],
        entry: &dyn Fn(u64) -> Result<Vec<u8>, StoreError>,
    ) -> Result<String, HeadError> {
        let Self { heads, _lock: _ } = self;
        let own = state.head();
        let signed = heads.require_own(state)?.filter(|(head, _)| *head == own);
        let note = if let Some((_, note)) = signed {
            note
        } else {
            let founding = state.founding().ok_or(HeadError::NotFounded)?;
            let key = at_hand(state.log_key(own.size), keys)?;
            let note = Checkpoint { origin: founding.origin.as_str().to_owned(), head: own }.sign(key);
            // Recorded before it is handed over: nothing that is signed is unknown to the next run.
            heads.keep("checkpoint", &note)?;
            note
        };
        heads.hand_over(state, keys, entry)?;
        Ok(note)
    }
}

fn at_hand<'a>(expected: Option<&PublicKey>, keys: &'a [SigningKey]) -> Result<&'a SigningKey, HeadError> {
    let expected = expected.ok_or(HeadError::NotFounded)?;
    let found = keys.iter().find(|key| key.public().ok().as_ref() == Some(expected));
    found.ok_or_else(|| HeadError::OtherKey { expected: expected.to_string() })
}
