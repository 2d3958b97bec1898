//! Entries on their way into an audit or a replay: read ahead, prepared on every core, and handed on in order.
//!
//! The calling thread reads and takes; the other threads prepare, and fetch what stands beside the entries, and so does the calling one
//! where it would wait: there is a thread for each core and no more. What is under way is bounded in entries and in bytes, so memory does
//! not grow with the log. Without a second core everything happens on the calling thread.

use std::collections::VecDeque;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Mutex, PoisonError};

use rollcall_core::key::batch::BATCH_MAX;
use rollcall_core::prepared::{Prepared, Preparer};

/// Bytes of entries that are prepared together, but for what one read adds: with 256 entries of 65,535 bytes at most 24 MiB.
const CHUNK_BYTES: usize = 8 << 20;
/// Chunks under way for each core: one in work, one waiting.
const CHUNKS_A_CORE: usize = 2;
/// Threads that prepare, at most: rules and tree behind them keep up with no more, and each holds chunks.
const WORKERS_MAX: usize = 8;

/// Consecutive entries, with the number of the first.
type Chunk = (u64, Vec<Vec<u8>>);
/// A chunk, and where its entries go when they are prepared, with what stands beside them.
type Job<B> = (Chunk, SyncSender<(Vec<Prepared>, B)>);

/// Prepares what is read and hands each chunk to `take` in order, with what `beside` fetches for it by the number of its first entry.
/// What cannot be read ends the run in its turn: after everything before it has been taken.
pub(crate) fn run<E, B: Send>(
    preparer: &Preparer,
    mut chunks: Chunks<impl FnMut() -> Result<Vec<Vec<u8>>, E>, E>,
    beside: impl Fn(u64, &[Prepared]) -> B + Sync,
    mut take: impl FnMut(Vec<Prepared>, B) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    let Some(beginning) = chunks.next()? else { return Ok(()) };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(WORKERS_MAX);
    // A log of one chunk gains nothing from threads.
    if cores < 2 || chunks.ended {
        let mut preparer = preparer.clone();
        let mut here = Some(beginning);
        while let Some((first, entries)) = here {
            let prepared = preparer.prepare(first, entries);
            let found = beside(first, &prepared);
            if take(prepared, found)?.is_break() {
                return Ok(());
            }
            here = chunks.next()?;
        }
        return Ok(());
    }
    let ahead = cores.saturating_mul(CHUNKS_A_CORE);
    let (jobs, waiting) = sync_channel::<Job<B>>(ahead);
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        for _ in 1..cores {
            scope.spawn(|| work(preparer.clone(), &waiting, &beside));
        }
        let mut own = preparer.clone();
        let help = || help(&mut own, &waiting, &beside);
        let conducted = conduct((&jobs, ahead), beginning, chunks, take, help);
        // Without more jobs the workers go home.
        drop(jobs);
        conducted
    })
}

/// Keeps `ahead` chunks under way and takes them in order; where it would wait it helps, as long as there is something to help with.
fn conduct<E, B>(
    (jobs, ahead): (&SyncSender<Job<B>>, usize),
    beginning: Chunk,
    mut chunks: Chunks<impl FnMut() -> Result<Vec<Vec<u8>>, E>, E>,
    mut take: impl FnMut(Vec<Prepared>, B) -> Result<ControlFlow<()>, E>,
    mut help: impl FnMut() -> bool,
) -> Result<(), E> {
    let mut under_way: VecDeque<Receiver<(Vec<Prepared>, B)>> = VecDeque::new();
    let mut failed = None;
    let mut more = Some(beginning);
    loop {
        while let Some(job) = more.take() {
            let (done, result) = sync_channel(1);
            // Where every worker has broken off nobody takes it, and its result says so when its turn comes.
            let _ = jobs.send((job, done));
            under_way.push_back(result);
            if under_way.len() < ahead && failed.is_none() {
                more = chunks.next().unwrap_or_else(|error| {
                    failed = Some(error);
                    None
                });
            }
        }
        let Some(result) = under_way.pop_front() else { return failed.map_or(Ok(()), Err) };
        let done = loop {
            match result.try_recv() {
                Err(TryRecvError::Empty) if help() => {}
                Err(TryRecvError::Empty) => break result.recv().ok(),
                done => break done.ok(),
            }
        };
        // A worker that broke off sends nothing; leaving the scope then carries its panic on.
        let Some((prepared, found)) = done else { return Ok(()) };
        if take(prepared, found)?.is_break() {
            return Ok(());
        }
        if failed.is_none() {
            more = chunks.next().unwrap_or_else(|error| {
                failed = Some(error);
                None
            });
        }
    }
}

fn work<B>(mut preparer: Preparer, waiting: &Mutex<Receiver<Job<B>>>, beside: impl Fn(u64, &[Prepared]) -> B) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        prepare(&mut preparer, job, &beside);
    }
}

/// Does one job of those that wait; tells whether there was one.
fn help<B>(preparer: &mut Preparer, waiting: &Mutex<Receiver<Job<B>>>, beside: impl Fn(u64, &[Prepared]) -> B) -> bool {
    // A worker that holds the lock takes the next job itself.
    let job = waiting.try_lock().ok().and_then(|waiting| waiting.try_recv().ok());
    job.map(|job| prepare(preparer, job, beside)).is_some()
}

fn prepare<B>(preparer: &mut Preparer, ((first, entries), done): Job<B>, beside: impl Fn(u64, &[Prepared]) -> B) {
    let prepared = preparer.prepare(first, entries);
    let found = beside(first, &prepared);
    // Nobody waits for the rest of an audit that has been given up.
    let _ = done.send((prepared, found));
}

/// What is read, in chunks that are worth a batch of signatures or hold many bytes.
pub(crate) struct Chunks<R, E> {
    read: R,
    /// Number of the next entry.
    next: u64,
    /// There is no more.
    ended: bool,
    /// What stopped the reading behind entries that have been handed out.
    failed: Option<E>,
}

impl<R: FnMut() -> Result<Vec<Vec<u8>>, E>, E> Chunks<R, E> {
    /// What `read` hands out from entry `first` on, up to the first empty answer.
    pub(crate) const fn of(first: u64, read: R) -> Self {
        Self { read, next: first, ended: false, failed: None }
    }

    fn next(&mut self) -> Result<Option<Chunk>, E> {
        if let Some(error) = self.failed.take() {
            self.ended = true;
            return Err(error);
        }
        let mut entries = Vec::new();
        let mut bytes = 0_usize;
        while !self.ended && entries.len() < BATCH_MAX && bytes < CHUNK_BYTES {
            match (self.read)() {
                Ok(found) if found.is_empty() => self.ended = true,
                Ok(found) => {
                    bytes = found.iter().fold(bytes, |bytes, entry| bytes.saturating_add(entry.len()));
                    entries.extend(found);
                }
                Err(error) if entries.is_empty() => {
                    self.ended = true;
                    return Err(error);
                }
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        let first = self.next;
        self.next = first.saturating_add(u64::try_from(entries.len()).unwrap_or(u64::MAX));
        Ok((!entries.is_empty()).then_some((first, entries)))
    }
}

#[cfg(test)]
mod tests {
    use rollcall_core::prepared::{Depth, Preparer};

    use std::ops::ControlFlow;

    use super::{BATCH_MAX, Chunks, run};

    /// A disk that fails far behind what is being judged must not keep the verdicts before it from being given.
    #[test]
    fn what_cannot_be_read_ends_the_run_in_its_turn() {
        for reads in [0, 1, 5, 40, 41] {
            let (mut read, mut taken) = (0, 0);
            let reading = || {
                read += 1;
                if reads < read { Err("the disk failed") } else { Ok(vec![vec![0_u8]; BATCH_MAX / 4]) }
            };
            let ended = run(
                &Preparer::new(Depth::Frame),
                Chunks::of(0, reading),
                |first, _| first,
                |chunk, first| {
                    assert_eq!(Ok(first), u64::try_from(taken));
                    taken += chunk.len();
                    Ok(ControlFlow::Continue(()))
                },
            );
            assert_eq!((ended, taken), (Err("the disk failed"), reads * BATCH_MAX / 4), "{reads} reads");
        }
    }

    #[test]
    fn nothing_is_read_behind_the_end_and_who_stops_stops() {
        for (reads, stop_after) in [(0, 9), (3, 9), (40, 999), (40, 1)] {
            let (mut left, mut ended, mut chunks) = (reads, false, 0);
            let reading = || {
                assert!(!ended, "read behind the end");
                ended = left == 0;
                left = if ended { 0 } else { left - 1 };
                Ok::<_, ()>(if ended { Vec::new() } else { vec![vec![0_u8]; BATCH_MAX / 4] })
            };
            let done = run(
                &Preparer::new(Depth::Frame),
                Chunks::of(0, reading),
                |_, _| (),
                |_, ()| {
                    chunks += 1;
                    Ok(if stop_after <= chunks { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                },
            );
            // Four reads make a chunk.
            let expected: usize = usize::min(usize::div_ceil(reads, 4), stop_after);
            assert_eq!((done, chunks), (Ok(()), expected), "{reads}");
        }
    }
}
