//! Group commit: many submitters, one writer, one transaction for all who wait.
//!
//! - Signatures are verified by whoever submits, on their thread; rules and tree are judged in order, on the writer's.
//! - An answer is given only after what it says is durable; an event that is refused is answered with its group.
//! - While one group is made durable the next one gathers, so the more submitters wait, the fewer syncs each costs.
//! - When an append may or may not have happened, everybody in its group is told so and the sequencer ends: its ledger may be
//!   ahead of the store. Open the store again; event ids make sending again harmless.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rollcall_core::digest::EventId;
use rollcall_core::event::{Keyring, SignedEvent, Verified};
use rollcall_core::ledger::{AdmitError, Ledger};
use rollcall_core::time::Timestamp;

use crate::Store;
use crate::waiting::Waiting;

/// Events made durable together, at most: what waits is bounded, and so is what one crash leaves unanswered.
const GROUP_MAX: usize = 4_096;

/// An event's place in the log, now durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The event.
    pub event: EventId,
    /// Its entry.
    pub index: u64,
}

/// Why a submission was not answered with a place.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The event was not admitted.
    #[error("the event was not admitted")]
    Refused(#[source] AdmitError),
    /// It may or may not be durable.
    #[error("the append may or may not have happened: {0}")]
    Unknown(String),
    /// The sequencer has ended.
    #[error("the sequencer has ended")]
    Ended,
}

/// One who submits, and where the answer goes.
struct Submission {
    event: Verified,
    answer: SyncSender<Result<Admitted, SubmitError>>,
}

/// The one writer of a log, to whom many submit.
#[derive(Debug)]
pub struct Sequencer {
    submissions: Sender<Submission>,
    writer: JoinHandle<()>,
}

/// One who may submit to a [`Sequencer`], from any thread.
#[derive(Clone, Debug)]
pub struct Submitter {
    submissions: Sender<Submission>,
    /// Keys that have been checked.
    keys: Keyring,
}

impl Sequencer {
    /// Takes over a store and the ledger replayed from it; `clock` says when what is submitted is accepted.
    #[must_use]
    pub fn start<S: Store + Send + 'static>(
        store: S,
        ledger: Ledger,
        waiting: Waiting,
        clock: impl Fn(&Ledger) -> Timestamp + Send + 'static,
    ) -> Self {
        let (submissions, queue) = channel();
        let writer = std::thread::spawn(move || write(store, ledger, waiting, &queue, &clock));
        Self { submissions, writer }
    }

    /// One who may submit.
    #[must_use]
    pub fn submitter(&self) -> Submitter {
        Submitter { submissions: self.submissions.clone(), keys: Keyring::default() }
    }

    /// Ends once every submitter is gone and everything that they submitted is answered.
    pub fn finish(self) {
        drop(self.submissions);
        // A writer that broke off has answered nobody since, which its submitters were told.
        let _ = self.writer.join();
    }
}

impl Submitter {
    /// Submits an event and waits until it is durable, or refused.
    ///
    /// # Errors
    /// [`SubmitError`] says why it has no place in the log, or may have none.
    pub fn submit(&mut self, event: SignedEvent) -> Result<Admitted, SubmitError> {
        let event = event.verify(&mut self.keys).map_err(|error| SubmitError::Refused(AdmitError::Signature(error)))?;
        let (answer, told) = sync_channel(1);
        self.submissions.send(Submission { event, answer }).map_err(|_| SubmitError::Ended)?;
        told.recv().unwrap_or_else(|_| Err(SubmitError::Unknown("the sequencer has ended".to_owned())))
    }
}

fn write(
    mut store: impl Store,
    mut ledger: Ledger,
    mut waiting: Waiting,
    queue: &Receiver<Submission>,
    clock: &impl Fn(&Ledger) -> Timestamp,
) {
    while let Ok(first) = queue.recv() {
        let group = std::iter::once(first).chain(queue.try_iter()).take(GROUP_MAX);
        let mut answers = Vec::new();
        for Submission { event, answer } in group {
            let at = clock(&ledger);
            let admitted = ledger.admit_verified(event, at).map(|admission| {
                let place = Admitted { event: admission.event, index: admission.index };
                waiting.push(admission);
                place
            });
            answers.push((answer, admitted.map_err(SubmitError::Refused)));
        }
        let durable = waiting.flush(&mut store, &mut ledger);
        let broken = durable.err().map(|error| rollcall_core::audit::chain(&error));
        for (answer, admitted) in answers {
            // A refusal may rest on what is not durable.
            let told = broken.as_ref().map_or(admitted, |what| Err(SubmitError::Unknown(what.clone())));
            // Whoever no longer waits finds the event in the log.
            let _ = answer.send(told);
        }
        if broken.is_some() {
            return;
        }
    }
}
