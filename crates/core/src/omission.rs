//! What a log would say had it not left an event out: the same log once more, with the event where its time puts it
//! (`docs/format.md`, section 19). The log itself is not judged here and not changed.

use crate::act::Outcome;
use crate::decide::basis;
use crate::digest::EventId;
use crate::entry::Entry;
use crate::event::{Payload, SignedEvent};
use crate::ledger::{AdmitError, Ledger, ReplayError};
use crate::state::State;
use crate::time::Timestamp;

/// An event that was submitted and is not in the log.
#[derive(Clone, Debug)]
pub struct Omitted {
    /// The event.
    pub event: SignedEvent,
    /// When it was submitted.
    pub at: Timestamp,
}

/// What became of an event in the other history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// It would have been accepted before this entry.
    Accepted(u64),
    /// It would have been refused.
    Refused(AdmitError),
    /// It is in the log after all.
    There(u64),
}

/// A vote that would have ended otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contested {
    /// The vote.
    pub vote: EventId,
    /// Its motion.
    pub motion: EventId,
    /// What the log says; nothing where the vote has not ended.
    pub outcome: Option<Outcome>,
    /// What it would say; nothing where the vote would not have come about.
    pub instead: Option<Outcome>,
}

/// The other history, as far as it has been told.
#[derive(Debug)]
pub struct OtherHistory {
    ledger: Ledger,
    waiting: Vec<(Omitted, u64)>,
    became: Vec<(EventId, Became)>,
}

impl OtherHistory {
    /// The history in which these events were not left out.
    #[must_use]
    pub fn with(mut omitted: Vec<Omitted>) -> Self {
        omitted.sort_by_key(|one| one.at);
        // Nobody refers to what they had not seen, so it stands behind that at the earliest.
        let seen = |one: &Omitted| Payload::decode(one.event.payload()).map_or(0, |payload| payload.header.seen.size);
        let waiting = omitted.into_iter().map(|one| (seen(&one), one)).map(|(seen, one)| (one, seen)).collect();
        Self { ledger: Ledger::default(), waiting, became: Vec::new() }
    }

    /// Tells the log's next entry.
    ///
    /// # Errors
    /// [`ReplayError`] for bytes that are no entry.
    pub fn entry(&mut self, bytes: &[u8]) -> Result<(), ReplayError> {
        if let Ok(entry) = Entry::decode(bytes) {
            self.enter(|at| at < entry.accepted_at);
        }
        self.ledger.replay_or_pass(bytes)
    }

    /// Enters what is due: what was submitted by now, and has seen no more than there is.
    fn enter(&mut self, is_due: impl Fn(Timestamp) -> bool) {
        let size = self.ledger.state().log().size();
        for (one, seen) in std::mem::take(&mut self.waiting) {
            if is_due(one.at) && seen <= size {
                let id = one.event.id();
                let at = one.at.max(self.ledger.state().last_at());
                let became = match self.ledger.suppose(one.event, at) {
                    Ok(()) => Became::Accepted(size),
                    Err(error) => Became::Refused(error),
                };
                self.became.push((id, became));
            } else {
                self.waiting.push((one, seen));
            }
        }
    }

    /// Compares with the log: what became of each event, and which votes are contested.
    #[must_use]
    pub fn compare(mut self, log: &State) -> (Vec<(EventId, Became)>, Vec<Contested>) {
        self.enter(|_| true);
        for (one, _) in std::mem::take(&mut self.waiting) {
            // It claims to have seen more than the log has.
            let id = one.event.id();
            let at = one.at.max(self.ledger.state().last_at());
            let refused = self.ledger.suppose(one.event, at);
            self.became.push((id, refused.map_or_else(Became::Refused, |()| Became::Accepted(log.log().size()))));
        }
        for (event, became) in &mut self.became {
            if let Some(entry) = log.entry_of(event) {
                *became = Became::There(entry);
            }
        }
        let other = self.ledger.state();
        let now = log.last_at();
        let outcome = |state: &State, vote: &EventId| {
            let vote = state.motions().vote(vote)?;
            basis::outcome(state, state.motions().get(&vote.motion)?, vote, now)
        };
        let differs = log.motions().votes().filter_map(|(id, vote)| {
            let (outcome, instead) = (outcome(log, id), outcome(other, id));
            (outcome != instead).then_some(Contested { vote: *id, motion: vote.motion, outcome, instead })
        });
        (self.became, differs.collect())
    }
}
