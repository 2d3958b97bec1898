//! Snapshots: every row of a state in one stream, under one digest. An audit ends with one, and the next audit goes on from it.
//!
//! - A snapshot is its auditor's own, never the audited log's: whoever could write it could write the verdict.
//! - Its digest is kept apart from it. One that disagrees is no snapshot, whatever it holds.
//! - It names the ledger and the head that its state is of, so that it goes with no other.
//! - Form: a title with the layout of rows, the ledger's id, size and root of the head, the projections that the store had stated (size,
//!   count, then name and digest of each), then each row: shelf (one byte), key and value. All but numbers stand behind their lengths;
//!   numbers and lengths are big-endian, of eight bytes.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use rollcall_core::digest::{Digest, Hasher, LedgerId, SNAPSHOT_CONTEXT, TreeHash};
use rollcall_core::state::State;
use rollcall_core::state::view::{LAYOUT, Row, RowError, danger};
use rollcall_core::tree::Head;

use crate::Projections;

const TITLE: &[u8] = b"rollcall snapshot v1, ";
/// Bytes of one key or value, at most: what a length says is not believed any further.
const PART_BYTES_MAX: u64 = 1 << 30;
/// Bytes of one key or value for which there is room from the beginning.
const PART_BYTES_USUAL: usize = 1 << 16;
/// Bytes that are hashed, and read or written, at once.
const PIECE_BYTES: usize = 1 << 20;

/// Why there is no state in a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be read.
    #[error("the snapshot cannot be read")]
    Io(#[from] io::Error),
    /// It is not the one whose digest was kept.
    #[error("the snapshot is not the one that was kept: its digest is {found}, expected: {expected}")]
    Other {
        /// Its digest.
        found: Digest,
        /// The one that was kept.
        expected: Digest,
    },
    /// It is of another layout of rows.
    #[error("the snapshot is of another layout")]
    Layout,
    /// It is of another ledger or head.
    #[error("the snapshot is of another head, of {} entries", head.size)]
    Head {
        /// The head that it is of.
        head: Head,
    },
    /// A row cannot be read.
    #[error(transparent)]
    Row(#[from] RowError),
}

/// Writes a snapshot of a state, the whole one of a ledger, with the projections that its store has stated; returns its digest.
///
/// # Errors
/// When it cannot be written.
pub fn write<W: Write>(state: &State, stated: &Projections, out: W) -> io::Result<Digest> {
    let hashing = Hashing { inner: out, hasher: Hasher::new(SNAPSHOT_CONTEXT) };
    let mut out = Parts(BufWriter::with_capacity(PIECE_BYTES, hashing));
    out.part(&[TITLE, LAYOUT].concat())?;
    out.part(state.founding().map_or(&[][..], |founding| founding.ledger.as_bytes()))?;
    out.number(state.head().size)?;
    out.part(state.head().root.as_bytes())?;
    out.number(stated.size)?;
    out.number(as_u64(stated.digests.len()))?;
    for (name, digest) in &stated.digests {
        out.part(name.as_bytes())?;
        out.part(digest)?;
    }
    let mut written = Ok(());
    state.each_row(|Row { shelf, key, value }| {
        let row = |out: &mut Parts<BufWriter<Hashing<W>>>| {
            out.0.write_all(&[shelf])?;
            out.part(&key)?;
            out.part(&value.unwrap_or_default())
        };
        if written.is_ok() {
            written = row(&mut out);
        }
    });
    written?;
    let mut hashed = out.0.into_inner().map_err(io::IntoInnerError::into_error)?;
    hashed.flush()?;
    Ok(hashed.hasher.finish())
}

/// Tells whether bytes begin as a snapshot does, of whatever layout.
#[must_use]
pub fn is_one(beginning: &[u8]) -> bool {
    beginning.split_first_chunk::<8>().is_some_and(|(_, title)| title.starts_with(TITLE))
}

/// Reads the snapshot of a ledger and head whose digest was kept.
///
/// # Errors
/// [`SnapshotError`]; then nothing of it is to be used.
pub fn read(
    input: impl Read,
    (ledger, head): (&LedgerId, &Head),
    expected: &Digest,
) -> Result<(State, Projections), SnapshotError> {
    let hashing = Hashing { inner: input, hasher: Hasher::new(SNAPSHOT_CONTEXT) };
    let mut input = Parts(BufReader::with_capacity(PIECE_BYTES, hashing));
    if input.read_part()? != [TITLE, LAYOUT].concat() {
        return Err(SnapshotError::Layout);
    }
    let (own, size, root) = (input.read_part()?, input.read_number()?, input.read_part()?);
    let root = root.try_into().map_err(|_| SnapshotError::Layout)?;
    let of = Head { size, root: TreeHash::from_bytes(root) };
    if own != ledger.as_bytes() || of != *head {
        return Err(SnapshotError::Head { head: of });
    }
    let mut stated = Projections { size: input.read_number()?, digests: Vec::new() };
    for _ in 0..input.read_number()? {
        let (name, digest) = (String::from_utf8(input.read_part()?), input.read_part()?.try_into());
        let (Ok(name), Ok(digest)) = (name, digest) else { return Err(SnapshotError::Layout) };
        stated.digests.push((name, digest));
    }
    let mut failed = None;
    let rows = std::iter::from_fn(|| {
        input.read_row().unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    });
    let state = danger::of_rows(rows);
    // Another snapshot is told before a row of it that nobody wrote.
    if let Some(error) = failed {
        return Err(error.into());
    }
    io::copy(&mut input.0, &mut io::sink())?;
    let found = input.0.into_inner().hasher.finish();
    if found != *expected {
        return Err(SnapshotError::Other { found, expected: *expected });
    }
    Ok((state?, stated))
}

/// A stream, with the hash of all that has passed: of large pieces, for which hashing is made.
struct Hashing<T> {
    inner: T,
    hasher: Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.hasher.update(out.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// What a snapshot is made of.
struct Parts<T>(T);

impl<W: Write> Parts<W> {
    fn number(&mut self, number: u64) -> io::Result<()> {
        self.0.write_all(&number.to_be_bytes())
    }

    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.number(as_u64(bytes.len()))?;
        self.0.write_all(bytes)
    }
}

impl<R: BufRead> Parts<R> {
    fn read_number(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.0.read_exact(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn read_part(&mut self) -> io::Result<Vec<u8>> {
        let length = self.read_number()?;
        // No more is taken than there is, whatever the length says.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(usize::MAX).min(PART_BYTES_USUAL));
        let read = self.0.by_ref().take(length.min(PART_BYTES_MAX)).read_to_end(&mut bytes)?;
        if as_u64(read) == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// The next row; `None` behind the last one.
    fn read_row(&mut self) -> io::Result<Option<Row>> {
        let Some(shelf) = self.0.fill_buf()?.first().copied() else { return Ok(None) };
        self.0.consume(1);
        Ok(Some(Row { shelf, key: self.read_part()?, value: Some(self.read_part()?) }))
    }
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
