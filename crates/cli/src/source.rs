//! Where a log is read from: a ledger file, a bundle, or published files in a folder or on a web server.
//! It finds out which and hands the bytes on; what they are worth is the audit's to say.

use std::path::{Path, PathBuf};

use rollcall_core::audit::{Auditor, Report};
use rollcall_core::bundle;
use rollcall_core::ledger::Ledger;
use rollcall_core::limits::NOTE_BYTES_MAX;
use rollcall_core::proof::decimal;
use rollcall_core::tiles::{self, CHECKPOINT};
use rollcall_server::fetch::Address;
use rollcall_storage::audit::{KeptHead, audit, audit_bundle, audit_illegible, audit_published};
use rollcall_storage::published::{Files, Folder, Published};
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Projections, Store as _, StoreError};

use crate::advice;
use crate::failure::Failure;
use crate::input;
use crate::session::patiently;

/// Bytes of a bundle that is read.
const BUNDLE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// A log, by where it is.
pub(crate) enum Source {
    Ledger(RedbStore),
    Bundle(Vec<u8>),
    Published(Published<Place>),
    /// Published files, by a checkpoint that cannot be read.
    Illegible(Vec<u8>),
}

/// How many entries a checkpoint announces: its second line (C2SP tlog-checkpoint). Whether it is one is the audit's to say.
fn announced(note: &str) -> Option<u64> {
    decimal(note.lines().nth(1)?)
}

/// Published files, wherever they are.
#[derive(Debug)]
pub(crate) enum Place {
    Folder(Folder),
    Address(Address),
}

impl Files for Place {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Folder(folder) => folder.read(path, limit),
            Self::Address(address) => address.read(path, limit),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Folder(folder) => folder.place(),
            Self::Address(address) => address.place(),
        }
    }

    fn paths(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Folder(folder) => folder.paths(),
            Self::Address(address) => address.paths(),
        }
    }
}

impl Place {
    /// A folder or an address.
    pub(crate) fn of(text: &str) -> Self {
        if Address::is_one(text) {
            Self::Address(Address::new(text))
        } else {
            Self::Folder(Folder(PathBuf::from(text)))
        }
    }
}

/// What is published at a place.
pub(crate) fn published(place: Place) -> Result<Published<Place>, Failure> {
    let shown = place.place();
    let opened = Published::open(place).map_err(|error| match error {
        StoreError::Foreign { what, .. } => {
            Failure::unchecked(format!("what is published at {shown} cannot be read: {what}"))
                .hint(format!("rollcall audit {}", advice::quoted(Path::new(&shown))))
        }
        other => other.into(),
    })?;
    opened.ok_or_else(|| Failure::unchecked(format!("no log is published at: {shown}")).hint("rollcall publish --help"))
}

impl Source {
    /// Finds out what is at a path or address.
    pub(crate) fn open(text: &str) -> Result<Self, Failure> {
        let path = Path::new(text);
        if Address::is_one(text) || path.is_dir() {
            let place = Place::of(text);
            let checkpoint = place.read(CHECKPOINT, NOTE_BYTES_MAX);
            return match (Published::open(place), checkpoint) {
                (Ok(Some(log)), _) => Ok(Self::Published(log)),
                (Err(StoreError::Foreign { .. }), Ok(Some(note))) => Ok(Self::Illegible(note)),
                (Err(error), _) => Err(error.into()),
                (Ok(None), _) => published(Place::of(text)).map(Self::Published),
            };
        }
        // A pipe would be waited for.
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(Failure::input(format!("it is not a file: {text}")));
        }
        let mut beginning = [0_u8; 32];
        let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut beginning));
        if read.is_ok() && bundle::is_bundle(&beginning) {
            return input::read(path, BUNDLE_BYTES_MAX).map(Self::Bundle);
        }
        Ok(Self::Ledger(patiently(|| RedbStore::read(path))?))
    }

    /// How many entries it announces.
    pub(crate) fn size(&self) -> Result<u64, Failure> {
        match self {
            Self::Ledger(store) => Ok(store.head()?.size),
            Self::Bundle(bytes) => Ok(bundle::open(bytes).and_then(|(note, _)| announced(note)).unwrap_or_default()),
            Self::Illegible(_) => Ok(0),
            Self::Published(log) => Ok(log.checkpoint().head.size),
        }
    }

    /// Its first entry, if there is one.
    pub(crate) fn first_entry(&self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(match self {
            Self::Ledger(store) => store.entries(0..1)?.into_iter().next(),
            Self::Bundle(bytes) => {
                let framed = bundle::open(bytes).map(|(_, framed)| framed);
                framed.and_then(tiles::next_entry).map(|(entry, _)| entry.to_vec())
            }
            Self::Published(log) => log.entries(0..1)?.into_iter().next(),
            Self::Illegible(_) => None,
        })
    }

    /// What a store has stated of its state; nothing elsewhere.
    pub(crate) fn projections(&self) -> Result<Projections, Failure> {
        Ok(match self {
            Self::Ledger(store) => store.projections()?,
            Self::Bundle(_) | Self::Published(_) | Self::Illegible(_) => Projections::default(),
        })
    }

    /// The note under which it is published.
    pub(crate) fn note(&self) -> Option<&str> {
        match self {
            Self::Ledger(_) | Self::Illegible(_) => None,
            Self::Bundle(bytes) => bundle::open(bytes).map(|(note, _)| note),
            Self::Published(log) => Some(log.note()),
        }
    }

    /// Audits it.
    pub(crate) fn audit(
        &self,
        auditor: Auditor,
        kept: &[KeptHead],
        progress: impl FnMut(u64),
    ) -> Result<Report, Failure> {
        match self {
            Self::Ledger(store) => Ok(audit(store, auditor, kept, progress)?),
            Self::Bundle(bytes) => Ok(audit_bundle(bytes, auditor, kept, progress)),
            Self::Published(log) => Ok(audit_published(log, auditor, kept, progress)?),
            Self::Illegible(note) => Ok(audit_illegible(note, auditor)),
        }
    }

    /// Every entry, in order.
    pub(crate) fn entries(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut all = Vec::new();
        match self {
            Self::Bundle(bytes) => {
                let framed = bundle::open(bytes).and_then(|(_, framed)| tiles::entries(framed));
                return framed.ok_or_else(|| Failure::input("the bundle is cut off").hint("rollcall audit FILE"));
            }
            Self::Illegible(_) => {
                let what = "the checkpoint of what is published cannot be read";
                return Err(Failure::unchecked(what).hint("rollcall audit --help"));
            }
            Self::Ledger(_) | Self::Published(_) => {}
        }
        let size = self.size()?;
        let mut next = 0;
        while next < size {
            let range = next..size.min(next.saturating_add(1_024));
            let found = match self {
                Self::Ledger(store) => store.entries(range)?,
                Self::Published(log) => log.entries(range)?,
                Self::Bundle(_) | Self::Illegible(_) => Vec::new(),
            };
            if found.is_empty() {
                return Err(Failure::unchecked(format!("the log lacks entry {next}")).hint("rollcall audit FILE"));
            }
            next = next.saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
            all.extend(found);
        }
        Ok(all)
    }

    /// The ledger that its entries make, every signature verified.
    pub(crate) fn ledger(&self) -> Result<Ledger, Failure> {
        let mut ledger = Ledger::default();
        for entry in self.entries()? {
            ledger.verify_and_replay(&entry).map_err(|error| {
                let mut failure = Failure::input("the log is not valid").caused_by(&error).hint("rollcall audit FILE");
                failure.exit = crate::answer::Exit::Invalid;
                failure
            })?;
        }
        Ok(ledger)
    }
}
