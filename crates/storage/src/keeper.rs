//! A store on a thread of its own: a batch is made durable while the next one is judged. It judges nothing, and after a batch that was
//! not surely stored it stores no other.

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
    /// A batch is handed over, and no word has come of it.
    busy: bool,
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
    /// Takes over a store. `told` hears what became of each batch, with what was handed over beside it; its error ends the keeper,
    /// which stores nothing after it.
    #[must_use]
    pub fn start(
        mut store: impl Store + Send + 'static,
        mut told: impl FnMut(Result<(), AppendError>, T) -> Result<(), E> + Send + 'static,
    ) -> Self {
        let (batches, handed_over) = bounded::<(Sealed, T)>(1);
        let (word, done) = bounded(1);
        let thread = std::thread::spawn(move || {
            for (batch, beside) in handed_over {
                told(batch.store(&mut store), beside)?;
                // There is room for the one word that is waited for.
                let _ = word.send(());
            }
            Ok(())
        });
        Self { batches: Some(batches), done, busy: false, thread: Some(thread) }
    }

    /// Hands over a batch, once the one before is done with.
    ///
    /// # Errors
    /// [`Ended`] when nothing is stored any more.
    pub fn keep(&mut self, batch: Sealed, beside: T) -> Result<(), Ended> {
        self.wait()?;
        self.batches.as_ref().ok_or(Ended)?.send((batch, beside)).map_err(|_| Ended)?;
        self.busy = true;
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
        self.busy = false;
        Ok(())
    }

    /// Tells whether a batch is under way, for all that is known.
    pub(crate) const fn is_busy(&self) -> bool {
        self.busy
    }

    /// Waits until what was handed over is done with.
    ///
    /// # Errors
    /// [`Ended`] when it was not surely stored.
    pub fn wait(&mut self) -> Result<(), Ended> {
        if self.busy {
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
