//! What a log would say had it not left an event out: the same log once more, with the event where its time puts it
//! (`docs/format.md`, section 19). The log itself is not judged here and not changed.

use crate::act::{Act, Outcome};
use crate::decide::{self, basis};
use crate::digest::EventId;
use crate::entry::Entry;
use crate::event::{Payload, SignedEvent};
use crate::ledger::{AdmitError, Ledger, ReplayError};
use crate::state::State;
use crate::state::motions::Vote;
use crate::submission::Shown;
use crate::time::Timestamp;
use crate::tree::Head;

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
    /// Its author has said otherwise since, in the log.
    Superseded,
}

/// A vote that would have ended otherwise, or would not have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contested {
    /// The vote.
    pub vote: EventId,
    /// Its motion.
    pub motion: EventId,
    /// What the log says; nothing where the vote has not ended.
    pub outcome: Option<Outcome>,
    /// What it would say; nothing where the vote would not have ended as it did.
    pub instead: Option<Outcome>,
}

/// What the comparison with the log has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What became of each event. Two that differ in nothing but their key have one id.
    pub became: Vec<(Shown, Became)>,
    /// Votes that are there in both histories and end differently.
    pub contested: Vec<Contested>,
    /// Votes that would not have been opened as they were, because something else would have come first.
    pub unopened: Vec<EventId>,
    /// The head of what was told again: a log that is told otherwise than it was audited compares with nothing.
    pub head: Head,
}

/// The other history, as far as it has been told.
#[derive(Debug)]
pub struct OtherHistory {
    ledger: Ledger,
    waiting: Vec<(Omitted, u64)>,
    became: Vec<(Shown, Became)>,
}

impl OtherHistory {
    /// The history of this log in which these events were not left out. What it has, and what its author has overtaken since,
    /// is not put into it.
    #[must_use]
    pub fn with(mut omitted: Vec<Omitted>, log: &State) -> Self {
        omitted.sort_by_key(|one| one.at);
        let (mut waiting, mut became) = (Vec::new(), Vec::new());
        for one in omitted {
            let shown = Shown::of(&one.event);
            let payload = Payload::decode(one.event.payload()).ok();
            if let Some(entry) = decide::entry_of(log, &one.event, payload.as_ref()) {
                became.push((shown, Became::There(entry)));
            } else if payload.as_ref().is_some_and(|payload| is_superseded(log, payload, one.at)) {
                became.push((shown, Became::Superseded));
            } else {
                // Nobody refers to what they had not seen, so it stands behind that at the earliest.
                let seen = payload.map_or(0, |payload| payload.header.seen.size);
                waiting.push((one, seen));
            }
        }
        Self { ledger: Ledger::default(), waiting, became }
    }

    /// Tells the log's next entry.
    ///
    /// # Errors
    /// [`ReplayError`] for bytes that are no entry.
    pub fn entry(&mut self, bytes: &[u8]) -> Result<(), ReplayError> {
        if let Ok(entry) = Entry::decode(bytes) {
            self.enter(|at, seen, size| at < entry.accepted_at && seen <= size);
        }
        self.ledger.replay_or_pass(bytes)
    }

    /// Enters what is due, by its time, by how much its author had seen and by how much there is.
    fn enter(&mut self, is_due: impl Fn(Timestamp, u64, u64) -> bool) {
        let size = self.ledger.state().log().size();
        for (one, seen) in std::mem::take(&mut self.waiting) {
            if !is_due(one.at, seen, size) {
                self.waiting.push((one, seen));
                continue;
            }
            let shown = Shown::of(&one.event);
            let at = one.at.max(self.ledger.state().last_at());
            let judged = self.ledger.suppose(one.event, at);
            self.became.push((shown, judged.map_or_else(Became::Refused, |()| Became::Accepted(size))));
        }
    }

    /// Compares with the log.
    #[must_use]
    pub fn compare(mut self, log: &State) -> Compared {
        // What is left was submitted after the last entry, or claims to have seen more than there is.
        self.enter(|_, _, _| true);
        let other = self.ledger.state();
        let now = log.last_at();
        let outcome = |state: &State, vote: &Vote| {
            state.motions().get(&vote.motion).and_then(|motion| basis::outcome(state, motion, vote, now))
        };
        let (contested, unopened) = (Vec::new(), Vec::new());
        let mut compared = Compared { became: self.became, contested, unopened, head: other.head() };
        for (id, vote) in log.motions().votes() {
            let Some(again) = other.motions().vote(id) else {
                compared.unopened.push(*id);
                continue;
            };
            let (outcome, instead) = (outcome(log, vote), outcome(other, again));
            if outcome != instead {
                compared.contested.push(Contested { vote: *id, motion: vote.motion, outcome, instead });
            }
        }
        compared
    }
}

/// Tells whether the author of a ballot, or of its retraction, has balloted on the same vote later: what somebody said last is
/// their will.
fn is_superseded(log: &State, payload: &Payload, at: Timestamp) -> bool {
    let vote = if let Act::Vote(act) = &payload.act {
        Some(act.vote)
    } else if let Act::Retract(act) = &payload.act {
        log.motions().ballot(&act.event).map(|(vote, _)| vote)
    } else {
        None
    };
    let vote = vote.and_then(|vote| log.motions().vote(&vote));
    let own = vote.and_then(|vote| vote.ballots.get(&payload.header.by));
    own.into_iter().flatten().any(|ballot| at <= ballot.cause.at)
}
