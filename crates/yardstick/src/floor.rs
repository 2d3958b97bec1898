//! What the hardware and the libraries below allow: loops that do one thing and nothing else.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signature, VerifyingKey};
use redb::{Builder, ConcurrencyMode, TableDefinition};
use rollcall_core::entry::Entry;
use rollcall_core::key::{NAMESPACE, signed_bytes};
use rollcall_core::tree::leaf_hash;
use rollcall_storage::Store;

use crate::Result;

/// Entries read at once.
const READ_ENTRIES: u64 = 1_024;

/// A signature as the loop wants it: everything else has been done before.
pub struct Loose {
    key: VerifyingKey,
    signed: Vec<u8>,
    signature: Signature,
}

/// Every entry of a store.
///
/// # Errors
/// When it cannot be read.
pub fn entries(store: &impl Store) -> Result<Vec<Vec<u8>>> {
    let size = store.head()?.size;
    let mut all = Vec::new();
    for first in (0..size).step_by(usize::try_from(READ_ENTRIES)?) {
        all.extend(store.entries(first..size.min(first + READ_ENTRIES))?);
    }
    Ok(all)
}

/// The signatures of entries.
///
/// # Errors
/// When one is no entry, or its key no key.
pub fn loosen<'a>(entries: impl Iterator<Item = &'a Vec<u8>>) -> Result<Vec<Loose>> {
    let each = entries.map(|bytes| {
        let event = Entry::decode(bytes)?.event;
        let key = VerifyingKey::from_bytes(event.key_bytes().first_chunk().ok_or("a key has 32 bytes")?)?;
        let signature = Signature::from_bytes(event.signature().as_bytes());
        Ok(Loose { key, signed: signed_bytes(NAMESPACE, event.payload()), signature })
    });
    each.collect()
}

/// A bare loop of `verify_strict` on so many threads.
///
/// # Errors
/// When a signature does not verify.
pub fn verify_strict(all: &[Loose], threads: usize) -> Result<Duration> {
    let begun = Instant::now();
    let share = all.len().div_ceil(threads).max(1);
    let failed: usize = std::thread::scope(|scope| {
        let work = |part: &[Loose]| {
            part.iter().filter(|loose| loose.key.verify_strict(&loose.signed, &loose.signature).is_err()).count()
        };
        let parts: Vec<_> = all.chunks(share).map(|part| scope.spawn(move || work(part))).collect();
        parts.into_iter().map(|part| part.join().unwrap_or(1)).sum()
    });
    if failed != 0 {
        return Err(format!("{failed} signatures do not verify").into());
    }
    Ok(begun.elapsed())
}

/// Reads every entry of a store in order and hashes its bytes.
///
/// # Errors
/// When it cannot be read.
pub fn scan(store: &impl Store) -> Result<Duration> {
    let begun = Instant::now();
    let size = store.head()?.size;
    let mut mixed = 0_u8;
    for first in (0..size).step_by(usize::try_from(READ_ENTRIES)?) {
        for bytes in store.entries(first..size.min(first + READ_ENTRIES))? {
            mixed ^= leaf_hash(&bytes).as_bytes().first().copied().unwrap_or_default();
        }
    }
    std::hint::black_box(mixed);
    Ok(begun.elapsed())
}

/// Writes each piece to the end of a file and makes it durable (`fdatasync`).
///
/// # Errors
/// When the file cannot be written.
pub fn durable_writes(folder: &Path, pieces: &[Vec<u8>]) -> Result<Duration> {
    let path = folder.join("floor");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let begun = Instant::now();
    for piece in pieces {
        file.write_all(piece)?;
        file.sync_data()?;
    }
    let time = begun.elapsed();
    std::fs::remove_file(path)?;
    Ok(time)
}

/// Puts each piece under its number into a table of its own, a transaction each.
///
/// # Errors
/// When the database fails.
pub fn durable_commits(folder: &Path, pieces: &[Vec<u8>], mode: ConcurrencyMode) -> Result<Duration> {
    const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("pieces");
    let path = folder.join("floor.redb");
    let mut builder = Builder::new();
    let database = builder.set_concurrency_mode(mode).create(&path)?;
    let begun = Instant::now();
    for (number, piece) in (0_u64..).zip(pieces) {
        let transaction = database.begin_write()?;
        transaction.open_table(TABLE)?.insert(number, piece.as_slice())?;
        transaction.commit()?;
    }
    let time = begun.elapsed();
    drop(database);
    std::fs::remove_file(path)?;
    Ok(time)
}
