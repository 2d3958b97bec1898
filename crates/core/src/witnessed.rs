//! What witnesses show about time: the bounds between which an entry was accepted, and the periods that those bounds confirm
//! (`docs/format.md`, section 18). Nothing here changes an outcome; what is not shown is reported.

use serde::Serialize;

use crate::checkpoint::Checkpoint;
use crate::digest::EventId;
use crate::limits::{CLOCK_TOLERANCE_MS, KEY_WAIT_MS};
use crate::note::Note;
use crate::policy::Policy;
use crate::state::State;
use crate::state::authority::Proposed;
use crate::state::keys::BoundBy;
use crate::state::meetings::Meeting;
use crate::state::motions::Vote;
use crate::time::Timestamp;

/// A head of the log that the witnesses named in it have cosigned, and that is not in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Entries that it covers.
    pub size: u64,
    /// They were there by this instant.
    pub by: Timestamp,
}

impl Seen {
    /// What a note shows, if it is a head of this log and a quorum of the witnesses that the log names now has cosigned it. A
    /// line that does not verify shows nothing.
    #[must_use]
    pub fn read(state: &State, note: &str) -> Option<Self> {
        let note = Note::read(note).ok()?;
        let stated = Checkpoint::read(note.text()).ok()?;
        let size = stated.head.size;
        let origin = state.founding()?.origin.as_str();
        Checkpoint::verify_note(&note, origin, state.log_key(size)?).ok()?;
        let own = 0 < size && state.log().head_at(size) == Some(stated.head);
        let policy: Policy = state.witnessing().policy().filter(|_| own)?;
        policy.span_of(&note).map(|span| Self { size, by: span.by })
    }

    /// The last entry that it covers, and when that was accepted, where the log says that this was later than the witnesses
    /// saw it.
    #[must_use]
    pub fn contradicts(&self, state: &State) -> Option<(u64, Timestamp)> {
        let last = self.size.checked_sub(1)?;
        let accepted = state.accepted_at(last)?;
        (self.by.plus_ms(CLOCK_TOLERANCE_MS) < accepted).then_some((last, accepted))
    }
}

/// The bounds of every entry, from the anchors in the log and from heads beside it.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// By entry, ascending: it and all later ones were accepted after the instant.
    since: Vec<(u64, Timestamp)>,
    /// By size, ascending: the entries below it were there by the instant.
    by: Vec<(u64, Timestamp)>,
}

impl Times {
    /// The bounds that a log's anchors and these heads give.
    #[must_use]
    pub fn of(state: &State, heads: &[Seen]) -> Self {
        let anchors = state.witnessing().anchors();
        let mut since: Vec<(u64, Timestamp)> = Vec::new();
        for anchor in anchors {
            let latest = since.last().map_or(anchor.since, |(_, before)| anchor.since.max(*before));
            since.push((anchor.cause.entry, latest));
        }
        let all = anchors.iter().map(|anchor| (anchor.size, anchor.by));
        let mut by: Vec<(u64, Timestamp)> = all.chain(heads.iter().map(|seen| (seen.size, seen.by))).collect();
        by.sort_unstable();
        // What covers more entries covers these too.
        let mut earliest = None;
        for (_, time) in by.iter_mut().rev() {
            let least = earliest.map_or(*time, |later: Timestamp| later.min(*time));
            (*time, earliest) = (least, Some(least));
        }
        Self { since, by }
    }

    /// The instant after which an entry was accepted, as far as witnesses show it.
    #[must_use]
    pub fn since(&self, entry: u64) -> Option<Timestamp> {
        let upto = self.since.partition_point(|(anchor, _)| *anchor <= entry);
        self.since.get(upto.checked_sub(1)?).map(|(_, time)| *time)
    }

    /// The instant by which an entry was there, as far as witnesses show it.
    #[must_use]
    pub fn by(&self, entry: u64) -> Option<Timestamp> {
        self.by.get(self.by.partition_point(|(size, _)| *size <= entry)).map(|(_, time)| *time)
    }

    /// Tells whether an entry was there by an instant, the tolerance aside.
    fn was_there(&self, entry: u64, instant: Timestamp) -> bool {
        self.by(entry).is_some_and(|by| by <= instant.plus_ms(CLOCK_TOLERANCE_MS))
    }

    /// Tells whether an entry came after an instant, the tolerance aside.
    fn came_after(&self, entry: u64, instant: Timestamp) -> bool {
        self.since(entry).is_some_and(|since| instant <= since.plus_ms(CLOCK_TOLERANCE_MS))
    }
}

/// What a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// From a notice to its meeting.
    Notice,
    /// Until a vote's time was up.
    Vote,
    /// While a person's older keys could object to a new one.
    KeyWait,
}

/// A period on which something in the log rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// What it is.
    pub kind: Kind,
    /// The notice, the vote, the offer.
    pub event: EventId,
    /// Where that stands.
    pub entry: u64,
    /// Whether witnesses alone show that it was kept.
    pub witnessed: bool,
}

/// Every period that something in the log rests on, in the log's order.
#[must_use]
pub fn periods(state: &State, times: &Times) -> Vec<Period> {
    let notices = state.meetings().iter().filter_map(|meeting| notice(state, times, meeting));
    let votes = state.motions().votes().filter_map(|(event, vote)| timed(state, times, *event, vote));
    let mut periods: Vec<Period> = notices.chain(votes).chain(waits(state, times)).collect();
    periods.sort_unstable_by_key(|period| (period.entry, period.kind));
    periods
}

/// A notice that was long enough, of a meeting that was opened.
fn notice(state: &State, times: &Times, meeting: &Meeting) -> Option<Period> {
    let opened = meeting.opened.as_ref()?;
    let needed = i64::try_from(meeting.days_needed).ok().filter(|needed| 0 < *needed && *needed <= meeting.days)?;
    let charter = state.charter()?;
    let given = times.by(meeting.notice.entry).map(|by| by.max(meeting.noticed_at));
    let in_time = given.is_some_and(|given| needed <= charter.days_between(given, meeting.terms.starts));
    let witnessed = in_time && times.came_after(opened.entry, meeting.terms.starts.min(opened.at));
    Some(Period { kind: Kind::Notice, event: meeting.id(), entry: meeting.notice.entry, witnessed })
}

/// A vote that ended with its time.
fn timed(state: &State, times: &Times, event: EventId, vote: &Vote) -> Option<Period> {
    if vote.cancelled.is_some() {
        return None;
    }
    let (ended, entry) = match &vote.closed {
        Some(closed) => (closed.at, closed.entry),
        None => (state.last_at(), state.log().size().checked_sub(1)?),
    };
    if ended <= vote.closes {
        return None;
    }
    let mut ballots = vote.ballots.values().flatten();
    let witnessed =
        ballots.all(|ballot| times.was_there(ballot.cause.entry, vote.closes)) && times.came_after(entry, vote.closes);
    Some(Period { kind: Kind::Vote, event, entry: vote.cause.entry, witnessed })
}

/// Keys that the authority bound after the waiting period.
fn waits<'a>(state: &'a State, times: &'a Times) -> impl Iterator<Item = Period> + 'a {
    let vouched = |offer: EventId| {
        let mut proposals = state.proposals().proposals();
        proposals.find_map(|(_, proposal)| {
            let this = matches!(&proposal.what, Proposed::RebindKey { offer: other, .. } if *other == offer);
            proposal.stood.as_ref().filter(|_| this)
        })
    };
    state.keys().offers().filter_map(move |(event, offer)| {
        let due = offer.due?;
        let (by, bound) = offer.bound.as_ref()?;
        if *by != BoundBy::Authority || bound.at < due {
            return None;
        }
        let begun = vouched(*event).and_then(|stood| times.by(stood.entry));
        let witnessed = begun.is_some_and(|begun| times.came_after(bound.entry, begun.plus_ms(KEY_WAIT_MS)));
        Some(Period { kind: Kind::KeyWait, event: *event, entry: offer.cause.entry, witnessed })
    })
}
