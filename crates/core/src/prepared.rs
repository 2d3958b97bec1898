//! Entries before their turn: whatever can be judged of an entry without the log that it stands in.
//!
//! Frame, hash, signature and payload need no state, so entries can be prepared in any order, on any thread, and many
//! signatures at once. What they mean is judged behind, in order, by [`crate::ledger::Ledger::take`] and
//! [`crate::audit::Auditor::take`].

use crate::digest::{EventId, TreeHash};
use crate::entry::{Entry, EntryError};
use crate::event::{self, Event, Keyring, PayloadError, SignatureError, SignedEvent, Verified};
use crate::time::Timestamp;
use crate::tree::leaf_hash;

/// The tag of the act that names another key of the log.
const ROTATES: &[u8] = b"rotate-log-key";
/// Bytes of a payload within which its act stands: time and author, the shorter keys, are all that comes before it.
const ACT_WITHIN: usize = 128;

/// How much of an entry is judged before its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Its frame.
    Frame,
    /// And its signature.
    Signature,
    /// And its payload.
    Payload,
}

/// Prepares entries; each thread has its own.
#[derive(Clone, Debug)]
pub struct Preparer {
    depth: Depth,
    /// Entries below this one are known: of them only the frame is read.
    known: u64,
    /// Entries below this one are vouched for: their signatures were verified before.
    vouched: u64,
    keys: Keyring,
}

/// An entry that has been judged as far as it can be by itself.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Their hash in the tree.
    pub(crate) leaf: TreeHash,
    /// What they hold.
    pub(crate) entry: Result<Framed, EntryError>,
}

/// What an entry holds.
#[derive(Clone, Debug)]
pub(crate) struct Framed {
    /// Its event's id.
    pub(crate) id: EventId,
    /// When it was accepted.
    pub(crate) accepted_at: Timestamp,
    /// Whether its payload may name a key of the log.
    pub(crate) names_log_key: bool,
    /// How far it was judged.
    pub(crate) depth: Depth,
    /// Whether its signature was taken on somebody's word.
    pub(crate) vouched: bool,
    /// What became of signature and payload.
    pub(crate) judged: Result<Judged, Fault>,
}

/// How far an event was judged.
#[derive(Clone, Debug)]
pub(crate) enum Judged {
    /// Its payload was not read.
    Unread,
    /// Everything that needs no state.
    Event(Box<Event>),
}

/// What is wrong with an event by itself.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Its signature is refused.
    Signature(SignatureError),
    /// Its payload cannot be read.
    Payload(PayloadError),
}

impl Prepared {
    /// The id of the event that it holds, if it is an entry.
    #[must_use]
    pub fn event(&self) -> Option<EventId> {
        self.entry.as_ref().ok().map(|framed| framed.id)
    }

    /// When it was accepted, if it is an entry.
    #[must_use]
    pub fn accepted_at(&self) -> Option<Timestamp> {
        self.entry.as_ref().ok().map(|framed| framed.accepted_at)
    }
}

impl Preparer {
    /// Prepares to a depth.
    #[must_use]
    pub fn new(depth: Depth) -> Self {
        Self { depth, known: 0, vouched: 0, keys: Keyring::default() }
    }

    /// Leaves out the signatures of the first `vouched` entries, which were verified before.
    pub(crate) const fn vouching(mut self, vouched: u64) -> Self {
        self.vouched = vouched;
        self
    }

    /// Reads no more than the frames of the first `known` entries.
    pub(crate) const fn knowing(mut self, known: u64) -> Self {
        self.known = known;
        self
    }

    /// Prepares consecutive entries, of which the first is entry `first` of its log.
    pub fn prepare(&mut self, first: u64, entries: Vec<Vec<u8>>) -> Vec<Prepared> {
        let mut prepared = Vec::with_capacity(entries.len());
        let mut events = Vec::new();
        for (index, bytes) in (first..).zip(entries) {
            let leaf = leaf_hash(&bytes);
            let entry = Entry::decode(&bytes).map(|Entry { accepted_at, event }| {
                let names_log_key = names_log_key(event.payload());
                let known = index < self.known;
                let (depth, vouched) = (if known { Depth::Frame } else { self.depth }, index < self.vouched);
                let judged = Ok(Judged::Unread);
                let framed = Framed { id: event.id(), accepted_at, names_log_key, depth, vouched, judged };
                if !known {
                    events.push((index, prepared.len(), event));
                }
                framed
            });
            prepared.push(Prepared { bytes, leaf, entry });
        }
        for (at, judged) in self.judge(events) {
            if let Some(Prepared { entry: Ok(framed), .. }) = prepared.get_mut(at) {
                framed.judged = judged;
            }
        }
        prepared
    }

    /// Judges signatures, many at once, and then payloads; each event stands at its place among those prepared.
    fn judge(&mut self, events: Vec<(u64, usize, SignedEvent)>) -> Vec<(usize, Result<Judged, Fault>)> {
        if self.depth < Depth::Signature {
            return Vec::new();
        }
        let (vouched, new): (Vec<_>, Vec<_>) = events.into_iter().partition(|(index, ..)| *index < self.vouched);
        let (places, new): (Vec<usize>, Vec<SignedEvent>) = new.into_iter().map(|(_, at, event)| (at, event)).unzip();
        let verified = places.into_iter().zip(SignedEvent::verify_all(new, &mut self.keys));
        let mut judged: Vec<_> = verified.map(|(at, verified)| (at, read(self.depth, verified))).collect();
        if self.depth == Depth::Payload {
            judged.extend(vouched.into_iter().map(|(_, at, event)| {
                (at, read(self.depth, event::danger::verified_at_admission(event, &mut self.keys)))
            }));
        }
        judged
    }
}

/// A door past signatures, for replaying one's own store; an audit judges again what came through it.
pub mod danger {
    use super::{Depth, Preparer};

    /// Prepares the entries of one's own store, which verified each signature when it admitted its event.
    #[must_use]
    pub fn of_own_store() -> Preparer {
        Preparer::new(Depth::Payload).vouching(u64::MAX)
    }
}

fn read(depth: Depth, verified: Result<Verified, SignatureError>) -> Result<Judged, Fault> {
    let verified = verified.map_err(Fault::Signature)?;
    if depth < Depth::Payload {
        return Ok(Judged::Unread);
    }
    Event::read(&verified).map(|event| Judged::Event(Box::new(event))).map_err(Fault::Payload)
}

fn names_log_key(payload: &[u8]) -> bool {
    let beginning = payload.get(..ACT_WITHIN).unwrap_or(payload);
    beginning.windows(ROTATES.len()).any(|bytes| bytes == ROTATES)
}
