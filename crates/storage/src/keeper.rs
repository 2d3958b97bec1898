//! A store on a thread of its own: batches are made durable while the next ones are judged. It judges nothing, and after a batch that
//! was not surely stored it stores no other.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, RecvError, Sender, bounded};

use crate::waiting::Sealed;
use crate::{AppendError, Store};

/// The thread that keeps a store, and the way to it. `T` is what stands beside a batch: answers that wait for it, most often.
#[derive(Debug)]
pub struct Keeper<T, E> {
    /// Taken when it ends.
    batches: Option<Sender<(Sealed, T)>>,
    /// A word for each batch that is done with.
    done: Receiver<()>,
    /// Batches that are handed over, and of which no word has come.
    under_way: usize,
    /// How many of them there may be.
    ahead: usize,
    thread: Option<JoinHandle<Result<(), E>>>,
}

impl<T, E> Drop for Keeper<T, E> {
    fn drop(&mut self) {
        // What was handed over is stored, whoever hears of it, and the store is closed.
        drop(self.batches.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The keeper has ended: [`Keeper::finish`] says why.
#[derive(Debug, thiserror::Error)]
#[error("the store's keeper has ended")]
pub struct Ended;

impl<T: Send + 'static, E: Send + 'static> Keeper<T, E> {
    /// Takes over a store; up to `ahead` batches, at least one, are under way at a time. `told` hears what became of each, in their order,
    /// with what was handed over beside it; its error ends the keeper, which stores nothing after it.
    #[must_use]
    pub fn start(
        mut store: impl Store + Send + 'static,
        ahead: usize,
        mut told: impl FnMut(Result<(), AppendError>, T) -> Result<(), E> + Send + 'static,
    ) -> Self {
        let ahead = ahead.max(1);
        let (batches, handed_over) = bounded::<(Sealed, T)>(ahead);
        let (word, done) = bounded(ahead);
        let thread = std::thread::spawn(move || {
            for (batch, beside) in handed_over {
                told(batch.store(&mut store), beside)?;
                // There is room for a word of each batch that is under way.
                let _ = word.send(());
            }
            Ok(())
        });
        Self { batches: Some(batches), done, under_way: 0, ahead, thread: Some(thread) }
    }

    /// Hands over a batch, once there may be another one under way.
    ///
    /// # Errors
    /// [`Ended`] when nothing is stored any more.
    pub fn keep(&mut self, batch: Sealed, beside: T) -> Result<(), Ended> {
        self.wait_until_below(self.ahead)?;
        self.batches.as_ref().ok_or(Ended)?.send((batch, beside)).map_err(|_| Ended)?;
        self.under_way = self.under_way.saturating_add(1);
        Ok(())
    }

    /// Where a word comes of the batch that is done with; whoever takes it passes it to [`Keeper::note`].
    pub(crate) const fn done(&self) -> &Receiver<()> {
        &self.done
    }

    /// Notes the word that has come.
    ///
    /// # Errors
    /// [`Ended`] when none will come: the batch was not surely stored.
    pub(crate) fn note(&mut self, word: Result<(), RecvError>) -> Result<(), Ended> {
        word.map_err(|_| Ended)?;
        self.under_way = self.under_way.saturating_sub(1);
        Ok(())
    }

    /// Tells whether a batch is under way, for all that is known.
    pub(crate) const fn is_busy(&self) -> bool {
        self.under_way != 0
    }

    /// Waits until what was handed over is done with.
    ///
    /// # Errors
    /// [`Ended`] when it was not surely stored.
    pub fn wait(&mut self) -> Result<(), Ended> {
        self.wait_until_below(1)
    }

    fn wait_until_below(&mut self, limit: usize) -> Result<(), Ended> {
        while limit <= self.under_way {
            let word = self.done.recv();
            self.note(word)?;
        }
        Ok(())
    }

    /// Ends once everything that was handed over is stored, and the store is closed.
    ///
    /// # Errors
    /// What the keeper ended with.
    ///
    /// # Panics
    /// As the thread did, if it did.
    pub fn finish(mut self) -> Result<(), E> {
        drop(self.batches.take());
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
