//! Group commit: many submitters, one writer, one transaction for all who wait.
//!
//! - Signatures are verified by whoever submits, on their thread; rules and tree are judged in order, on a second; a third one, the
//!   keeper of the store, makes durable what has been judged.
//! - An answer is given only after what it says is durable; an event that is refused is answered with its group.
//! - While one group is made durable the next one gathers, so the more submitters wait, the fewer syncs each costs.
//! - When an append may or may not have happened, everybody in its group is told so and the sequencer ends: its ledger may be
//!   ahead of the store. Nothing behind that group is stored, and its submitters are told that. Open the store again; event ids make
//!   sending again harmless.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};
use rollcall_core::digest::EventId;
use rollcall_core::event::{Keyring, SignedEvent, Verified};
use rollcall_core::ledger::{AdmitError, Ledger};
use rollcall_core::time::Timestamp;

use crate::keeper::Keeper;
use crate::waiting::Waiting;
use crate::{AppendError, Store};

/// Events made durable together, at most; two groups are judged and not durable, at most, besides what each submitter waits for.
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
    /// The sequencer has ended; this submission was not appended. An earlier one of the same event may have been.
    #[error("the sequencer has ended; this submission was not appended")]
    Ended,
}

/// One who submits, and where the answer goes.
struct Submission {
    event: Verified,
    answer: Sender<Result<Admitted, SubmitError>>,
}

/// Where an answer goes once the group is durable, and which.
type Answer = (Sender<Result<Admitted, SubmitError>>, Result<Admitted, SubmitError>);

/// The one writer of a log, to whom many submit.
#[derive(Debug)]
pub struct Sequencer {
    submissions: Sender<Submission>,
    judge: JoinHandle<()>,
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
        let (submissions, queue) = unbounded();
        let judge = std::thread::spawn(move || Judge { ledger, waiting, clock }.serve(store, &queue));
        Self { submissions, judge }
    }

    /// One who may submit.
    #[must_use]
    pub fn submitter(&self) -> Submitter {
        Submitter { submissions: self.submissions.clone(), keys: Keyring::default() }
    }

    /// Ends once every submitter is gone and everything that they submitted is answered.
    pub fn finish(self) {
        drop(self.submissions);
        // One that broke off has answered nobody since, which its submitters were told.
        let _ = self.judge.join();
    }
}

impl Submitter {
    /// Submits an event and waits until it is durable, or refused.
    ///
    /// # Errors
    /// [`SubmitError`] says why it has no place in the log, or may have none.
    pub fn submit(&mut self, event: SignedEvent) -> Result<Admitted, SubmitError> {
        let event = event.verify(&mut self.keys).map_err(|error| SubmitError::Refused(AdmitError::Signature(error)))?;
        let (answer, told) = bounded(1);
        self.submissions.send(Submission { event, answer }).map_err(|_| SubmitError::Ended)?;
        told.recv().unwrap_or_else(|_| Err(SubmitError::Unknown("the sequencer has ended".to_owned())))
    }
}

/// The ledger that is ahead of the store by what is under way.
struct Judge<C> {
    ledger: Ledger,
    waiting: Waiting,
    clock: C,
}

impl<C: Fn(&Ledger) -> Timestamp> Judge<C> {
    fn judge(&mut self, Submission { event, answer }: Submission) -> Answer {
        let at = (self.clock)(&self.ledger);
        let admitted = self.ledger.admit_verified(event, at).map(|admission| {
            let place = Admitted { event: admission.event, index: admission.index };
            self.waiting.push(admission);
            place
        });
        (answer, admitted.map_err(SubmitError::Refused))
    }

    /// Judges what is submitted in the order in which it comes, and hands it over in groups: who comes while one group is made durable
    /// is in the next.
    fn serve(mut self, store: impl Store + Send + 'static, queue: &Receiver<Submission>) {
        let mut keeper = Keeper::start(store, 1, tell);
        while let Some(group) = self.gather(queue, &mut keeper) {
            if keeper.wait().is_err() {
                let behind = group.into_iter().map(|(answer, _)| answer);
                for answer in behind.chain(queue.try_iter().map(|submission| submission.answer)) {
                    let _ = answer.send(Err(SubmitError::Ended));
                }
                break;
            }
            let batch = self.waiting.seal(&mut self.ledger);
            if keeper.keep(batch, group).is_err() {
                break;
            }
        }
        // What it ended with was told to everybody whom it concerns.
        let _ = keeper.finish();
    }

    /// Judges a group: one at least, and as many as come until the group before is done with, or has failed. `None` once every submitter
    /// is gone.
    fn gather<E: Send + 'static>(
        &mut self,
        queue: &Receiver<Submission>,
        keeper: &mut Keeper<Vec<Answer>, E>,
    ) -> Option<Vec<Answer>> {
        let mut group = Vec::new();
        while group.is_empty() || keeper.is_busy() && group.len() < GROUP_MAX {
            select! {
                recv(queue) -> submission => match submission {
                    Ok(submission) => group.push(self.judge(submission)),
                    Err(_) if group.is_empty() => return None,
                    Err(_) => break,
                },
                recv(keeper.done()) -> word => if keeper.note(word).is_err() { return Some(group) },
            }
        }
        let others = queue.try_iter().take(GROUP_MAX.saturating_sub(group.len()));
        group.extend(others.map(|submission| self.judge(submission)));
        Some(group)
    }
}

/// Answers a group: everybody has a place or a refusal, or does not know.
fn tell(durable: Result<(), AppendError>, group: Vec<Answer>) -> Result<(), AppendError> {
    let broken = durable.as_ref().err().map(|error| rollcall_core::audit::chain(error));
    for (answer, admitted) in group {
        // A refusal may rest on what is not durable.
        let told = broken.as_ref().map_or(admitted, |what| Err(SubmitError::Unknown(what.clone())));
        // Whoever no longer waits finds the event in the log.
        let _ = answer.send(told);
    }
    durable
}
