//! Entries on their way into an audit: read ahead, prepared on every core, and handed on in order.
//!
//! The calling thread reads and takes; the other threads prepare. What is under way is bounded in entries and in bytes, so
//! memory does not grow with the log. Without a second core everything happens on the calling thread.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use rollcall_core::key::batch::BATCH_MAX;
use rollcall_core::prepared::{Prepared, Preparer};

/// Bytes of entries that are prepared together.
const CHUNK_BYTES: usize = 8 << 20;
/// Chunks under way for each core: one in work, one waiting.
const CHUNKS_A_CORE: usize = 2;

/// Consecutive entries, with the number of the first.
type Chunk = (u64, Vec<Vec<u8>>);
/// A chunk, and where its entries go when they are prepared.
type Job = (Chunk, SyncSender<Vec<Prepared>>);

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// With the next chunk.
    Go,
    /// Not at all.
    Stop,
}

/// Prepares what `read` hands out from entry `first` on, up to the first empty chunk, and hands each chunk to `take` in order.
pub(crate) fn run<E>(
    preparer: &Preparer,
    first: u64,
    mut read: impl FnMut() -> Result<Vec<Vec<u8>>, E>,
    mut take: impl FnMut(Vec<Prepared>) -> Result<Next, E>,
) -> Result<(), E> {
    let mut next = first;
    let mut chunk = || -> Result<Option<Chunk>, E> {
        let entries = gather(&mut read)?;
        let first = next;
        next = next.saturating_add(u64::try_from(entries.len()).unwrap_or(u64::MAX));
        Ok((!entries.is_empty()).then_some((first, entries)))
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let Some(beginning) = chunk()? else { return Ok(()) };
    // A log of one chunk gains nothing from threads.
    if cores < 2 || beginning.1.len() < BATCH_MAX {
        let mut preparer = preparer.clone();
        let mut here = Some(beginning);
        while let Some((first, entries)) = here {
            if take(preparer.prepare(first, entries))? == Next::Stop {
                return Ok(());
            }
            here = chunk()?;
        }
        return Ok(());
    }
    let (jobs, waiting) = sync_channel::<Job>(cores.saturating_mul(CHUNKS_A_CORE));
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| work(preparer.clone(), &waiting));
        }
        let conducted = conduct(&jobs, beginning, chunk, take, cores.saturating_mul(CHUNKS_A_CORE));
        // Without more jobs the workers go home.
        drop(jobs);
        conducted
    })
}

/// Keeps `ahead` chunks under way and takes them in order.
fn conduct<E>(
    jobs: &SyncSender<Job>,
    beginning: Chunk,
    mut chunk: impl FnMut() -> Result<Option<Chunk>, E>,
    mut take: impl FnMut(Vec<Prepared>) -> Result<Next, E>,
    ahead: usize,
) -> Result<(), E> {
    let mut under_way: VecDeque<Receiver<Vec<Prepared>>> = VecDeque::new();
    let mut more = Some(beginning);
    loop {
        while let Some(job) = more.take() {
            let (done, result) = sync_channel(1);
            // The workers outlive this function, so somebody always takes the job.
            let _ = jobs.send((job, done));
            under_way.push_back(result);
            if under_way.len() < ahead {
                more = chunk()?;
            }
        }
        // A worker that broke off sends nothing; leaving the scope then carries its panic on.
        let Some(Ok(prepared)) = under_way.pop_front().map(|result| result.recv()) else { return Ok(()) };
        if take(prepared)? == Next::Stop {
            return Ok(());
        }
        more = chunk()?;
    }
}

fn work(mut preparer: Preparer, waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(((first, entries), done)) = job else { return };
        // Nobody waits for the rest of an audit that has been given up.
        let _ = done.send(preparer.prepare(first, entries));
    }
}

/// Reads until a chunk is worth a batch of signatures, or holds many bytes, or there is no more.
fn gather<E>(read: &mut impl FnMut() -> Result<Vec<Vec<u8>>, E>) -> Result<Vec<Vec<u8>>, E> {
    let mut entries = Vec::new();
    let mut bytes = 0_usize;
    while entries.len() < BATCH_MAX && bytes < CHUNK_BYTES {
        let found = read()?;
        if found.is_empty() {
            break;
        }
        bytes = found.iter().fold(bytes, |bytes, entry| bytes.saturating_add(entry.len()));
        entries.extend(found);
    }
    Ok(entries)
}
