//! What others would use instead of Rollcall, each doing the same three pieces of work over the same payloads.
//!
//! Every peer is given as much of Rollcall's work as it can do with its own means, in the way its documentation
//! shows, and says in its `note` what still differs. Opening a store that is already there is never measured.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

mod git;
mod hypercore;
#[cfg(feature = "iroh")]
mod iroh_docs;
mod p2panda;
mod rusqlite;
mod signed;
mod umadb;

/// What a piece of work comes to.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// What every peer is given.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// What is to be stored: payload `k` is by author `k % seeds.len()`.
    ///
    /// The first byte names a unit; the author joins it where the second byte is even, and leaves it where it is odd.
    pub payloads: &'a [Vec<u8>],
    /// The authors' Ed25519 keys.
    pub seeds: &'a [[u8; 32]],
    /// How many of the first payloads are appended one at a time, each durably; the rest is loaded in batches.
    pub few: usize,
    /// An empty folder that the peer has for itself.
    pub folder: &'a Path,
}

/// How long each piece of work took in the whole, and over how many events.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Signing and storing `appended` events, one at a time.
    pub append: Duration,
    /// How many events were appended one at a time.
    pub appended: usize,
    /// Reading `verified` events and verifying every one.
    pub verify: Duration,
    /// How many events were verified: all that were stored.
    pub verified: usize,
    /// Reading `replayed` events and folding them into the memberships.
    pub replay: Duration,
    /// How many events were replayed: all that were stored.
    pub replayed: usize,
    /// How many memberships there are in the end, so that peers can be seen to agree: see [`members_after`].
    pub members: usize,
    /// How many bytes the store's files have in the end.
    pub bytes: u64,
}

/// Something that Rollcall is measured beside.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its name.
    pub name: &'static str,
    /// The version that runs here; a tool has to be asked for it, so this is a function.
    pub version: fn() -> String,
    /// Whether an append is on disk when it returns, and how that is known.
    pub durable: &'static str,
    /// What differs from Rollcall's work.
    pub note: &'static str,
    /// Does the work.
    pub run: fn(&Work<'_>) -> Outcome<Times>,
}

/// All peers.
pub const PEERS: &[Peer] = &[
    rusqlite::PEER,
    git::PEER,
    p2panda::PEER,
    hypercore::PEER,
    umadb::PEER,
    #[cfg(feature = "iroh")]
    iroh_docs::PEER,
];

/// How many memberships there are after the first `count` payloads: what every peer must come to.
///
/// # Errors
/// A payload is too short.
pub fn members_after(work: &Work<'_>, count: usize) -> Outcome<usize> {
    let mut members = Members::default();
    for (author, _, payload) in work.events().take(count) {
        members.apply(u32::try_from(author)?, payload)?;
    }
    Ok(members.count())
}

impl Work<'_> {
    /// Every payload with its author's number and seed.
    fn events(&self) -> impl Iterator<Item = (usize, &[u8; 32], &[u8])> {
        let authors = self.seeds.iter().enumerate().cycle();
        self.payloads.iter().zip(authors).map(|(payload, (author, seed))| (author, seed, payload.as_slice()))
    }
}

/// Who is in which unit.
///
/// The events of one author must come in their order; how those of several authors mix makes no difference, because
/// everyone joins and leaves for themselves. Peers that keep one log per author rest on that.
#[derive(Debug, Default)]
struct Members(BTreeMap<u32, BTreeSet<u32>>);

impl Members {
    fn apply(&mut self, author: u32, payload: &[u8]) -> Outcome<()> {
        let [unit, intent, ..] = payload else { return Err("a payload has at least two bytes".into()) };
        let unit = self.0.entry(u32::from(*unit)).or_default();
        if intent & 1 == 0 {
            unit.insert(author)
        } else {
            unit.remove(&author)
        };
        Ok(())
    }

    fn count(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }
}

/// Does something and says how long it took.
fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(Duration, T)> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed(), done))
}

/// Everything was there: a peer that verified or replayed less than was stored has not done its work.
fn all_there(found: usize, stored: usize) -> Outcome<()> {
    if found == stored { Ok(()) } else { Err(format!("{found} events of {stored}").into()) }
}

/// How many bytes the files in a folder take, in all folders within it.
fn bytes_in(folder: &Path) -> Outcome<u64> {
    let mut bytes: u64 = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let more = if entry.file_type()?.is_dir() { bytes_in(&entry.path())? } else { allocated(&entry.metadata()?) };
        bytes = bytes.saturating_add(more);
    }
    Ok(bytes)
}

/// What a file takes of the disk: many small files take more than they hold, and a sparse one takes less.
#[cfg(unix)]
fn allocated(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(file).saturating_mul(512)
}

#[cfg(not(unix))]
fn allocated(file: &fs::Metadata) -> u64 {
    file.len()
}

/// The version of a crate that this program was locked to.
fn locked(name: &str) -> String {
    const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let wanted = format!("name = \"{name}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != wanted).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = "));
    version.map_or_else(|| "?".to_owned(), |version| version.trim_matches('"').to_owned())
}

/// What drives a peer whose interface is asynchronous: one thread, and the helpers that its file operations go to.
fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does something with a little work in a folder of its own.
    pub(super) fn with_little_work<T>(mut act: impl FnMut(&Work<'_>) -> Outcome<T>) -> Outcome<T> {
        let payloads: Vec<_> = (0..40_u8).map(|number| vec![number & 3, number >> 2, number, 9, 9, 9]).collect();
        let seeds = [[1; 32], [2; 32], [3; 32]];
        let folder = tempfile::tempdir()?;
        act(&Work { payloads: &payloads, seeds: &seeds, few: 10, folder: folder.path() })
    }

    #[test]
    fn every_peer_comes_to_the_same_members() -> Outcome<()> {
        for peer in PEERS {
            with_little_work(|work| {
                let times = (peer.run)(work)?;
                assert_eq!((times.appended, times.verified, times.replayed), (10, 40, 40), "{}", peer.name);
                assert_eq!(times.members, members_after(work, 40)?, "{}", peer.name);
                Ok(())
            })?;
        }
        Ok(())
    }

    #[test]
    fn the_versions_are_found() {
        for peer in PEERS {
            assert!(!(peer.version)().contains('?'), "{}", peer.name);
        }
    }
}
