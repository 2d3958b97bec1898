//! State: what the accepted events add up to, kept in books. It is derived, never ground truth, and can be rebuilt.
//!
//! - Only [`State::apply`] changes it, it takes only an [`Accepted`], and it cannot fail.
//! - Everything is ordered: books are ordered maps, so a digest never depends on hash order.
//! - Whatever depends on the time of asking (a meeting that ended at midnight, a vote whose time ran out) is computed from
//!   the instant that is passed in, never stored.
//!
//! ```compile_fail,E0308
//! // State changes only by what was accepted: an event that nobody judged cannot be applied.
//! fn skip(state: &mut rollcall_core::state::State, event: rollcall_core::event::Event, leaf: rollcall_core::digest::TreeHash) {
//!     state.apply(event, leaf);
//! }
//! ```

pub mod accounts;
pub mod attachments;
pub mod authority;
pub mod change;
mod charters;
mod entries;
pub mod history;
mod index;
mod lists;
pub mod keys;
pub mod meetings;
pub mod motions;
pub mod people;
pub mod records;
pub mod roster;
mod row_key;
pub(crate) mod rows;
mod spread;
mod tenures;
pub mod view;
pub mod witnessing;

use std::collections::BTreeMap;
use std::io::BufWriter;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::act::Clock;
use crate::charter::Charter;
use crate::decide::Accepted;
use crate::digest::{Digest, EventId, Hasher, LedgerId, STATE_CONTEXT, TreeHash, derive};
use crate::field::Text;
use crate::key::PublicKey;
use crate::name::{Handle, Name};
use crate::time::Timestamp;
use crate::tree::{Head, Node, Tree};

use self::accounts::Accounts;
use self::attachments::Attachments;
use self::authority::Proposals;
use self::change::Change;
use self::charters::Charters;
use self::entries::{Positions, Times};
use self::history::History;
use self::keys::Keys;
use self::meetings::Meetings;
use self::motions::Motions;
use self::people::People;
use self::records::Records;
use self::roster::Roster;
use self::rows::{Rows, Single};
use self::witnessing::Witnessing;

/// Bytes of a book that are hashed at once.
const HASHED_BYTES: usize = 1 << 16;

/// Values of a list up to which it has no room to spare.
const SHORT_LIST: usize = 4;

/// The event behind a fact: where it stands, when it was accepted, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Position in the log.
    pub entry: u64,
    /// The event.
    pub event: EventId,
    /// When it was accepted.
    pub at: Timestamp,
    /// Its author.
    pub by: Handle,
}

/// What the founding event fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founding {
    /// The ledger's id.
    pub ledger: LedgerId,
    /// The founding event.
    pub cause: Cause,
    /// The community's name.
    pub name: Text,
    /// The charter's name.
    pub charter: Name,
    /// The charter's digest.
    pub charter_digest: Digest,
    /// Bytes of the charter's text.
    pub charter_length: u64,
    /// The key that signs heads.
    pub log_key: PublicKey,
    /// The origin line of heads.
    pub origin: Text,
    /// Where time comes from.
    pub clock: Clock,
    /// The text received so far; dropped when the charter stands.
    pub parts: Vec<String>,
    /// Who has confirmed.
    pub confirmed: BTreeMap<Handle, EventId>,
}

/// The appointing authority in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Its persons.
    pub persons: Vec<Handle>,
    /// How many of them make an act of the authority.
    pub threshold: u64,
}

/// A key of the log, and since when it signs the heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogKey {
    /// The key.
    pub key: PublicKey,
    /// It signs the heads of this many entries and more.
    pub from: u64,
    /// The event that named it: the founding, or the proposal of the rotation.
    pub named: EventId,
    /// Number of entries of the last recognised head, where the operator before did not hand over.
    pub after: Option<u64>,
}

/// Everything the accepted events add up to.
#[derive(Clone, Debug, Default)]
pub struct State {
    log: Tree,
    /// Head and last acceptance time of the log, where this is a view.
    viewed: Option<(Head, Timestamp)>,
    positions: Positions,
    times: Times,
    founding: Single<Option<Founding>>,
    charters: Charters,
    /// Parts of amended charters' texts, by the digest of the whole and by who brought them.
    drafts: Rows<Digest, BTreeMap<Handle, Vec<String>>>,
    authority: Single<Authority>,
    /// The log's keys in the order in which they came into force.
    log_keys: Single<Vec<LogKey>>,
    people: People,
    keys: Keys,
    accounts: Accounts,
    attachments: Attachments,
    roster: Roster,
    proposals: Proposals,
    meetings: Meetings,
    motions: Motions,
    records: Records,
    witnessing: Single<Witnessing>,
    history: History,
}

impl State {
    /// The Merkle tree of the log.
    #[must_use]
    pub fn log(&self) -> &Tree {
        &self.log
    }

    /// The log's head.
    #[must_use]
    pub fn head(&self) -> Head {
        self.viewed.map_or_else(|| self.log.head(), |(head, _)| head)
    }

    /// Where an event stands in the log.
    #[must_use]
    pub fn entry_of(&self, event: &EventId) -> Option<u64> {
        self.positions.get(event)
    }

    /// Every event whose id, in hexadecimal, begins with `prefix`, up to two of them.
    #[must_use]
    pub fn events_with_prefix(&self, prefix: &str) -> Vec<EventId> {
        self.positions.with_prefix(prefix).take(2).copied().collect()
    }

    /// When the last entry was accepted.
    #[must_use]
    pub fn last_at(&self) -> Timestamp {
        self.viewed.map_or_else(|| self.times.last().unwrap_or_default(), |(_, at)| at)
    }

    /// When an entry was accepted.
    #[must_use]
    pub fn accepted_at(&self, entry: u64) -> Option<Timestamp> {
        self.times.get(entry)
    }

    /// The founding, once there is one.
    #[must_use]
    pub fn founding(&self) -> Option<&Founding> {
        self.founding.as_ref()
    }

    /// The charter in force, once the founding is confirmed.
    #[must_use]
    pub fn charter(&self) -> Option<&Arc<Charter>> {
        self.charters.current()
    }

    /// A charter that is or was in force.
    #[must_use]
    pub fn charter_of(&self, digest: &Digest) -> Option<&Charter> {
        self.charters.get(digest).map(Arc::as_ref)
    }

    /// The texts that persons have brought of an amended charter, as far as their parts have arrived.
    pub fn draft(&self, digest: &Digest) -> impl Iterator<Item = (&Handle, &[String])> {
        self.drafts.get(digest).into_iter().flatten().map(|(person, parts)| (person, parts.as_slice()))
    }

    /// How many drafts of amended charters a person has brought that are not in force.
    #[must_use]
    pub fn drafts_by(&self, person: &Handle) -> u64 {
        u64::try_from(self.drafts.values().filter(|by| by.contains_key(person)).count()).unwrap_or(u64::MAX)
    }

    /// The appointing authority.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The log's keys in the order in which they came into force.
    #[must_use]
    pub fn log_keys(&self) -> &[LogKey] {
        &self.log_keys
    }

    /// The key that signs the head of `size` entries, of a size that the log has reached.
    #[must_use]
    pub fn log_key(&self, size: u64) -> Option<&PublicKey> {
        self.log_keys.iter().rev().find(|known| known.from <= size).map(|known| &known.key)
    }

    /// Persons and organisations.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Keys and offers of keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Accounts on forges.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// What stands beside the log.
    #[must_use]
    pub fn attachments(&self) -> &Attachments {
        &self.attachments
    }

    /// Tells whether a person has, or has had, a key of their own and so is more than a name that a source mentions.
    #[must_use]
    pub fn is_enrolled(&self, person: &Handle) -> bool {
        !self.keys.of(person).is_empty()
    }

    /// Units and tenures.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Proposals of the authority, petitions and nominations.
    #[must_use]
    pub fn proposals(&self) -> &Proposals {
        &self.proposals
    }

    /// Meetings.
    #[must_use]
    pub fn meetings(&self) -> &Meetings {
        &self.meetings
    }

    /// Motions and votes.
    #[must_use]
    pub fn motions(&self) -> &Motions {
        &self.motions
    }

    /// Contributions, attestations, records, consents and claims.
    #[must_use]
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Witnesses, anchors, and what authors say is missing.
    #[must_use]
    pub fn witnessing(&self) -> &Witnessing {
        &self.witnessing
    }

    /// Which entries concern whom.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Applies an accepted event whose entry has this hash; returns the tree nodes that it completes.
    pub fn apply(&mut self, accepted: Accepted, leaf: TreeHash) -> Vec<Node> {
        let (cause, changes) = accepted.into_parts();
        let nodes = self.pass(&cause, leaf);
        for change in changes {
            self.make(change, &cause);
        }
        nodes
    }

    /// Notes an entry of the log, whatever it changes.
    pub(crate) fn pass(&mut self, cause: &Cause, leaf: TreeHash) -> Vec<Node> {
        let nodes = self.log.push_hash(leaf);
        self.positions.insert(cause.event, cause.entry);
        self.times.push(cause.entry, cause.at);
        if self.viewed.is_some() {
            self.viewed = Some((self.log.head(), cause.at));
        }
        self.history.note(&cause.by, cause.entry);
        nodes
    }

    /// Tells a state that was made of rows what an entry below its size says by itself.
    pub(crate) fn retrace(&mut self, event: EventId, at: Timestamp, leaf: TreeHash) -> Vec<Node> {
        let entry = self.log.size();
        self.positions.insert(event, entry);
        self.times.push(entry, at);
        self.log.push_hash(leaf)
    }

    /// Takes over every book of another state, and keeps what entries say by themselves.
    pub(crate) fn remember(&mut self, books: Self) {
        let Self { log, positions, times, .. } = std::mem::take(self);
        *self = Self { log, positions, times, ..books };
    }

    /// Makes the changes of an event that the log does not have.
    pub(crate) fn suppose(&mut self, accepted: Accepted) {
        let (cause, changes) = accepted.into_parts();
        for change in changes {
            self.make(change, &cause);
        }
    }

    fn make(&mut self, change: Change, cause: &Cause) {
        match change {
            Change::Founded { founding, authority } => {
                let (key, named) = (founding.log_key.clone(), cause.event);
                *self.log_keys = vec![LogKey { key, from: 0, named, after: None }];
                *self.founding = Some(*founding);
                *self.authority = authority;
            }
            Change::PartReceived { text } => {
                if let Some(founding) = self.founding.as_mut() {
                    founding.parts.push(text);
                }
            }
            Change::Confirmed => {
                if let Some(founding) = self.founding.as_mut() {
                    founding.confirmed.insert(cause.by.clone(), cause.event);
                }
            }
            Change::CharterStands { charter } => {
                if let Some(founding) = self.founding.as_mut() {
                    founding.parts.clear();
                }
                self.drafts.remove(&charter.digest());
                self.charters.put_in_force(charter);
            }
            Change::DraftPartReceived { draft, text } => {
                self.drafts.row_or(draft, BTreeMap::new).entry(cause.by.clone()).or_default().push(text);
            }
            Change::LogKeyRotated { key, proposal, after } => {
                let from = cause.entry.saturating_add(1);
                self.log_keys.push(LogKey { key, from, named: proposal, after });
            }
            Change::AuthorityReplaced { authority } => *self.authority = authority,
            Change::Concerns { person } => self.history.note(&person, cause.entry),
            Change::People(change) => self.people.apply(change, cause),
            Change::Keys(change) => self.keys.apply(*change, cause),
            Change::Accounts(change) => self.accounts.apply(change, cause),
            Change::Attachments(change) => self.attachments.apply(change, cause),
            Change::Roster(change) => self.roster.apply(change),
            Change::Proposals(change) => self.proposals.apply(change, cause),
            Change::Meetings(change) => self.meetings.apply(*change, cause),
            Change::Motions(change) => self.motions.apply(*change, cause),
            Change::Records(change) => self.records.apply(*change, cause),
            Change::Witnessing(change) => self.witnessing.apply(change, cause),
        }
    }

    /// The digest of every book, by name, in a fixed order.
    #[must_use]
    pub fn digests(&self) -> Vec<(&'static str, Digest)> {
        vec![
            (
                "founding",
                digest_of(&(&self.founding, self.charters.digests(), &self.drafts, &self.authority, &self.log_keys)),
            ),
            ("people", digest_of(&self.people)),
            ("keys", digest_of(&self.keys)),
            ("accounts", digest_of(&self.accounts)),
            ("attachments", digest_of(&self.attachments)),
            ("roster", digest_of(&self.roster)),
            ("proposals", digest_of(&self.proposals)),
            ("meetings", digest_of(&self.meetings)),
            ("motions", digest_of(&self.motions)),
            ("records", digest_of(&self.records)),
            ("witnessing", digest_of(&self.witnessing)),
            ("history", digest_of(&self.history)),
        ]
    }

    /// The digest of the whole state: head, last acceptance time and every book.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest_of(&(self.head(), self.last_at(), self.digests()))
    }
}

/// Adds to a list. While it is short it has no room to spare: hundreds of thousands of lists hold one value for ever.
fn add<T>(list: &mut Vec<T>, value: T) {
    if list.len() < SHORT_LIST {
        list.reserve_exact(1);
    }
    list.push(value);
}

/// BLAKE3 over the CBOR of a value whose collections are all ordered.
fn digest_of(value: &impl Serialize) -> Digest {
    let mut hashing = BufWriter::with_capacity(HASHED_BYTES, Hasher::new(STATE_CONTEXT));
    let written = ciborium::into_writer(value, &mut hashing).is_ok();
    // Hashing cannot fail, and every book serializes; a failure would leave a digest that matches nothing.
    match hashing.into_inner() {
        Ok(hasher) if written => hasher.finish(),
        Ok(_) | Err(_) => Digest::from_bytes(derive(STATE_CONTEXT, b"unserializable")),
    }
}
