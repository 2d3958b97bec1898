//! The whole flow in one place: admitting signed events, and replaying what was admitted before.
//!
//! ```
//! use rollcall_core::act::{Act, Clock, Confirm};
//! use rollcall_core::charter::Charter;
//! use rollcall_core::key::SigningKey;
//! use rollcall_core::ledger::{self, Ledger};
//!
//! // Found a rehearsal ledger under a charter, with one person as its authority, and confirm it.
//! let at = "2026-03-02T01:00:00Z".parse()?;
//! let alice = "alice".parse()?;
//! let text = Charter::preset("steward").unwrap_or_default();
//! let mut ledger = Ledger::default();
//! for event in ledger::rehearsal_founding("Example", &[alice], 1, text, at)? {
//!     ledger.admit(event, at)?;
//! }
//! assert_eq!(ledger.state().head().size, 3);
//! assert!(ledger.state().charter().is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::act::{Act, CharterPart, Clock, Confirm, FoundLedger};
use crate::charter::Charter;
use crate::charter::draft::CharterError;
use crate::decide::{self, Accepted, decide};
use crate::digest::{Digest, EventId, LedgerId, TreeHash, derive};
use crate::entry::{Entry, EntryError};
use crate::event::{
    Event, FrameError, Header, Keyring, Payload, PayloadError, SignatureError, SignedEvent, Verified, danger,
};
use crate::field::{CharterText, FieldFault, Text};
use crate::key::{KeyError, PublicKey, SigningKey};
use crate::limits::{CHARTER_PART_BYTES_MAX, ENTRY_BYTES_MAX, NOT_AFTER_DEFAULT_MS};
use crate::name::Handle;
use crate::prepared::{Fault, Framed, Judged, Prepared};
use crate::refusal::Refusal;
use crate::state::view::{Row, Wanted};
use crate::state::{Cause, State};
use crate::time::Timestamp;
use crate::tree::{Head, Node, leaf_hash};

/// Context from which a rehearsal's log key and nonce are derived.
const REHEARSAL_LOG_CONTEXT: &str = "rollcall rehearsal log key v1";

/// A state with the keys it has checked.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    state: State,
    keys: Keyring,
}

/// An event that has been admitted: what the store has to keep.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The event.
    pub event: EventId,
    /// Its position.
    pub index: u64,
    /// The entry's bytes.
    pub bytes: Vec<u8>,
    /// The tree nodes that it completes.
    pub nodes: Vec<Node>,
}

/// Why a signed event was not admitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// Its signature is refused.
    #[error("the event's signature is refused")]
    Signature(#[source] SignatureError),
    /// Its payload is no act of this format.
    #[error("the event's payload cannot be read")]
    Payload(#[source] PayloadError),
    /// The entry would be too long.
    #[error("the entry would have {bytes} bytes, limit: {limit}")]
    TooLong {
        /// Bytes it would have.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The charter or the format says no.
    #[error(transparent)]
    Refused(Refusal),
}

impl AdmitError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signature(SignatureError::Key(_)) => "bad-key",
            Self::Signature(SignatureError::Signature) => "bad-signature",
            Self::Payload(error) => payload_code(error),
            Self::TooLong { .. } => "too-long",
            Self::Refused(refusal) => refusal.reason.code(),
        }
    }
}

const fn payload_code(error: &PayloadError) -> &'static str {
    match error {
        PayloadError::TooLong { .. } => "too-long",
        PayloadError::Cbor(_) => "not-canonical",
        PayloadError::NotAMap | PayloadError::Act(_) => "not-an-act",
    }
}

/// Why a stored entry could not be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {index} cannot be replayed")]
pub struct ReplayError {
    /// Which entry.
    pub index: u64,
    /// Why.
    #[source]
    pub why: ReplayFault,
}

/// What is wrong with a stored entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayFault {
    /// Its bytes are no entry.
    #[error("its bytes are no entry of this format")]
    Entry(#[source] EntryError),
    /// Its event would not be admitted.
    #[error("its event would not be admitted")]
    Event(#[source] AdmitError),
}

impl Ledger {
    /// The state.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// A ledger whose state is a view: see [`Ledger::admit_with`].
    #[must_use]
    pub fn of_view(view: State) -> Self {
        Self { state: view, ..Self::default() }
    }

    /// Takes the books of a state for those of the entries that were retraced: see [`crate::audit::Auditor::knowing`].
    pub(crate) fn remember(&mut self, books: State) {
        self.state.remember(books);
    }

    /// Tells the state what an entry says by itself whose rules have been judged before.
    pub(crate) fn retrace(&mut self, event: EventId, at: Timestamp, leaf: TreeHash) -> Vec<Node> {
        self.state.retrace(event, at, leaf)
    }

    /// The state, to bring rows to.
    pub const fn view_mut(&mut self) -> Option<&mut State> {
        if self.state.is_view() { Some(&mut self.state) } else { None }
    }

    /// Keeps track from now on of which rows of the state change.
    pub fn track_rows(&mut self) {
        self.state.track_rows();
    }

    /// The rows of the state that have changed since the last time.
    pub fn changed_rows(&mut self) -> Vec<Row> {
        self.state.changed_rows()
    }

    /// Judges a signed event without keeping anything of it.
    ///
    /// # Errors
    /// [`AdmitError`] says why it would not be admitted.
    pub fn judge(&mut self, event: SignedEvent, at: Timestamp) -> Result<Accepted, AdmitError> {
        let verified = event.verify(&mut self.keys).map_err(AdmitError::Signature)?;
        self.judge_verified(&verified, at)
    }

    fn judge_verified(&self, verified: &Verified, at: Timestamp) -> Result<Accepted, AdmitError> {
        let event = Event::read(verified).map_err(AdmitError::Payload)?;
        decide(&self.state, &event, at).map_err(AdmitError::Refused)
    }

    /// Verifies, judges and applies a signed event that is accepted at `at`.
    ///
    /// # Errors
    /// [`AdmitError`] says why it was not admitted; then nothing has changed.
    pub fn admit(&mut self, event: SignedEvent, at: Timestamp) -> Result<Admission, AdmitError> {
        let verified = event.verify(&mut self.keys).map_err(AdmitError::Signature)?;
        self.admit_verified(verified, at)
    }

    /// Judges and applies an event whose signature has been verified, accepted at `at`: whoever has many can verify them elsewhere.
    ///
    /// # Errors
    /// [`AdmitError`] says why it was not admitted; then nothing has changed.
    pub fn admit_verified(&mut self, verified: Verified, at: Timestamp) -> Result<Admission, AdmitError> {
        let accepted = self.judge_verified(&verified, at)?;
        let bytes = Entry { accepted_at: at, event: verified.into_signed() }.encode();
        let leaf = leaf_hash(&bytes);
        self.keep(accepted, bytes, leaf)
    }

    /// Admits as [`Ledger::admit`] does, on a ledger that is a view as well: what it lacks, `bring` is asked for.
    ///
    /// # Errors
    /// What `bring` fails with; then nothing has changed.
    pub fn admit_with<E>(
        &mut self,
        event: SignedEvent,
        at: Timestamp,
        bring: impl FnMut(&mut State, Vec<Wanted>) -> Result<(), E>,
    ) -> Result<Result<Admission, AdmitError>, E> {
        match event.verify(&mut self.keys) {
            Ok(verified) => self.admit_verified_with(verified, at, bring),
            Err(error) => Ok(Err(AdmitError::Signature(error))),
        }
    }

    /// Admits as [`Ledger::admit_verified`] does, on a ledger that is a view as well.
    ///
    /// # Errors
    /// What `bring` fails with; then nothing has changed.
    pub fn admit_verified_with<E>(
        &mut self,
        verified: Verified,
        at: Timestamp,
        mut bring: impl FnMut(&mut State, Vec<Wanted>) -> Result<(), E>,
    ) -> Result<Result<Admission, AdmitError>, E> {
        if !self.state.is_view() {
            return Ok(self.admit_verified(verified, at));
        }
        let bytes = Entry { accepted_at: at, event: verified.signed().clone() }.encode();
        let leaf = leaf_hash(&bytes);
        loop {
            let judged = self.judge_verified(&verified, at);
            let mut lack = self.state.lack();
            if lack.is_empty() {
                let accepted = match judged {
                    Ok(accepted) => accepted,
                    Err(error) => return Ok(Err(error)),
                };
                match self.try_to_keep(accepted, bytes.clone(), leaf) {
                    Ok(kept) => return Ok(kept),
                    Err(more) => lack = more,
                }
            }
            bring(&mut self.state, lack)?;
        }
    }

    /// Keeps on a copy first, since a change may ask for rows that no rule has read: then these, and nothing has changed.
    fn try_to_keep(
        &mut self,
        accepted: Accepted,
        bytes: Vec<u8>,
        leaf: TreeHash,
    ) -> Result<Result<Admission, AdmitError>, Vec<Wanted>> {
        let mut trial = Self { state: self.state.clone(), keys: self.keys.clone() };
        let kept = trial.keep(accepted, bytes, leaf);
        let lack = trial.state.lack();
        if !lack.is_empty() {
            return Err(lack);
        }
        self.state = trial.state;
        Ok(kept)
    }

    fn keep(&mut self, accepted: Accepted, bytes: Vec<u8>, leaf: TreeHash) -> Result<Admission, AdmitError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if ENTRY_BYTES_MAX < length {
            return Err(AdmitError::TooLong { bytes: length, limit: ENTRY_BYTES_MAX });
        }
        let (event, index) = (accepted.cause().event, accepted.cause().entry);
        let nodes = self.state.apply(accepted, leaf);
        Ok(Admission { event, index, bytes, nodes })
    }

    /// Replays one entry of one's own store, whose signature was verified when it was admitted.
    ///
    /// # Errors
    /// [`ReplayError`] names the entry and what is wrong with it.
    pub fn replay(&mut self, bytes: &[u8]) -> Result<Admission, ReplayError> {
        self.again(bytes, danger::verified_at_admission)
    }

    /// Replays one entry and verifies its signature again.
    ///
    /// # Errors
    /// [`ReplayError`] names the entry and what is wrong with it.
    pub fn verify_and_replay(&mut self, bytes: &[u8]) -> Result<Admission, ReplayError> {
        self.again(bytes, SignedEvent::verify)
    }

    /// Applies an event as if it had been accepted at `at`, outside the log: the tree does not have it. For histories that
    /// did not happen; see [`crate::omission`].
    ///
    /// # Errors
    /// [`AdmitError`] says why it would not have been admitted; then nothing has changed.
    pub fn suppose(&mut self, event: SignedEvent, at: Timestamp) -> Result<(), AdmitError> {
        let verified = event.verify(&mut self.keys).map_err(AdmitError::Signature)?;
        let event = Event::read(&verified).map_err(AdmitError::Payload)?;
        let accepted = decide::suppose(&self.state, &event, at).map_err(AdmitError::Refused)?;
        self.state.suppose(accepted);
        Ok(())
    }

    /// Replays one entry into a history that has parted from the log's: what would be refused there stands in the tree and
    /// changes nothing else.
    ///
    /// # Errors
    /// [`ReplayError`] for bytes that are no entry of an event.
    pub fn replay_or_pass(&mut self, bytes: &[u8]) -> Result<(), ReplayError> {
        let index = self.state.log().size();
        let fault = |why| ReplayError { index, why };
        match self.replay(bytes) {
            Err(ReplayError { why: ReplayFault::Event(AdmitError::Refused(_)), .. }) => {
                let entry = Entry::decode(bytes).map_err(|error| fault(ReplayFault::Entry(error)))?;
                let payload = Payload::decode(entry.event.payload());
                let payload = payload.map_err(|error| fault(ReplayFault::Event(AdmitError::Payload(error))))?;
                let (event, at, by) = (entry.event.id(), entry.accepted_at, payload.header.by);
                self.state.pass(&Cause { entry: index, event, at, by }, leaf_hash(bytes));
                Ok(())
            }
            other => other.map(drop),
        }
    }

    fn again(
        &mut self,
        bytes: &[u8],
        door: impl Fn(SignedEvent, &mut Keyring) -> Result<Verified, SignatureError>,
    ) -> Result<Admission, ReplayError> {
        let index = self.state.log().size();
        let fault = |why| ReplayError { index, why };
        let entry = Entry::decode(bytes).map_err(|error| fault(ReplayFault::Entry(error)))?;
        let refused = |error| fault(ReplayFault::Event(error));
        let verified = door(entry.event, &mut self.keys).map_err(AdmitError::Signature).map_err(refused)?;
        let accepted = self.judge_verified(&verified, entry.accepted_at).map_err(refused)?;
        self.keep(accepted, bytes.to_vec(), leaf_hash(bytes)).map_err(refused)
    }

    /// Replays one entry that was prepared before its turn. One that was prepared to a lesser depth than its payload is verified now;
    /// whose word a preparer took for signatures is its own matter.
    ///
    /// # Errors
    /// [`ReplayError`] names the entry and what is wrong with it.
    pub fn take(&mut self, prepared: Prepared) -> Result<Admission, ReplayError> {
        let index = self.state.log().size();
        let fault = |why| ReplayError { index, why };
        let refused = |error| fault(ReplayFault::Event(error));
        let Prepared { bytes, leaf, entry } = prepared;
        let Framed { accepted_at, judged, .. } = entry.map_err(|error| fault(ReplayFault::Entry(error)))?;
        let event = match judged {
            Ok(Judged::Event(event)) => event,
            Ok(Judged::Unread) => return self.verify_and_replay(&bytes),
            Err(Fault::Signature(error)) => return Err(refused(AdmitError::Signature(error))),
            Err(Fault::Payload(error)) => return Err(refused(AdmitError::Payload(error))),
        };
        let accepted = decide(&self.state, &event, accepted_at).map_err(AdmitError::Refused).map_err(refused)?;
        self.keep(accepted, bytes, leaf).map_err(refused)
    }

    /// The header of an act that `by` makes now, having seen the whole log.
    #[must_use]
    pub fn header(&self, by: &Handle, act: &Act, at: Timestamp) -> Header {
        Header::of(&self.state, by, act, at)
    }
}

impl Header {
    /// The header of an act that `by` makes now, having seen the whole log. A ballot lapses with its vote.
    #[must_use]
    pub fn of(state: &State, by: &Handle, act: &Act, at: Timestamp) -> Self {
        let default = at.plus_ms(NOT_AFTER_DEFAULT_MS);
        let motions = state.motions();
        let vote = if let Act::Vote(act) = act {
            motions.vote(&act.vote)
        } else if let Act::Retract(act) = act {
            motions.ballot(&act.event).and_then(|(vote, _)| motions.vote(&vote))
        } else {
            None
        };
        Self {
            ledger: state.founding().map(|founding| founding.ledger),
            by: by.clone(),
            at,
            not_after: vote.map_or(default, |vote| vote.closes.min(default).max(at)),
            seen: state.head(),
            missing: Vec::new(),
        }
    }
}

/// Who founds a ledger under which charter.
#[derive(Clone, Debug)]
pub struct FoundingPlan<'a> {
    /// The community's name.
    pub name: &'a str,
    /// The authority's persons with their keys; the first one founds.
    pub authority: &'a [(Handle, PublicKey)],
    /// How many of them make an act of the authority.
    pub threshold: u64,
    /// The charter's text.
    pub charter: &'a str,
    /// The key that signs heads.
    pub log_key: PublicKey,
    /// The origin line of heads.
    pub origin: &'a str,
    /// Where time comes from.
    pub clock: Clock,
    /// Makes two foundings with the same fields different ledgers.
    pub nonce: [u8; 32],
}

/// Why a founding cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoundingError {
    /// The charter does not compile.
    #[error("the charter cannot be used")]
    Charter(#[source] CharterError),
    /// A text does not fit its field.
    #[error("a text of the founding cannot be used")]
    Text(#[source] FieldFault),
    /// Nobody founds.
    #[error("a founding needs at least one person of the authority")]
    Nobody,
    /// A payload cannot be encoded.
    #[error("the founding cannot be encoded")]
    Payload(#[source] PayloadError),
    /// A payload cannot be signed.
    #[error("the founding cannot be signed")]
    Frame(#[source] FrameError),
    /// A key cannot be used.
    #[error("a key of the founding cannot be used")]
    Key(#[source] KeyError),
}

/// The payloads of one founding transaction, for the founder to sign: `found`, the charter's parts, and the founder's own
/// confirmation.
///
/// # Errors
/// [`FoundingError`] says what cannot be written down.
pub fn founding_payloads(plan: &FoundingPlan<'_>, at: Timestamp) -> Result<Vec<Vec<u8>>, FoundingError> {
    let charter = Charter::compile(plan.charter).map_err(FoundingError::Charter)?;
    let (by, _) = plan.authority.first().ok_or(FoundingError::Nobody)?;
    let text = |text: &str| Text::new(text).map_err(FoundingError::Text);
    let mut acts = vec![Act::FoundLedger(FoundLedger {
        name: text(plan.name)?,
        authority: plan.authority.iter().map(|(person, _)| person.clone()).collect(),
        keys: plan.authority.iter().map(|(_, key)| key.clone()).collect(),
        threshold: plan.threshold,
        charter: charter.name().clone(),
        charter_digest: charter.digest(),
        charter_length: u64::try_from(plan.charter.len()).unwrap_or(u64::MAX),
        log_key: plan.log_key.clone(),
        origin: text(plan.origin)?,
        clock: plan.clock,
        nonce: Digest::from_bytes(plan.nonce),
    })];
    for (part, text) in (0_u64..).zip(parts(plan.charter)) {
        let text = CharterText::new(text).map_err(FoundingError::Text)?;
        acts.push(Act::CharterPart(CharterPart { draft: None, part, text }));
    }
    acts.push(Act::Confirm(Confirm {}));

    let mut ledger: Option<LedgerId> = None;
    let mut payloads = Vec::new();
    for act in acts {
        let not_after = at.plus_ms(NOT_AFTER_DEFAULT_MS);
        let header = Header { ledger, by: by.clone(), at, not_after, seen: Head::empty(), missing: Vec::new() };
        let payload = Payload { header, act }.encode().map_err(FoundingError::Payload)?;
        ledger.get_or_insert(EventId::of_payload(&payload).as_ledger());
        payloads.push(payload);
    }
    Ok(payloads)
}

/// The published key that signs the heads of a rehearsal of this name.
#[must_use]
pub fn rehearsal_log_key(name: &str) -> SigningKey {
    SigningKey::from_seed(&derive(REHEARSAL_LOG_CONTEXT, name.as_bytes()))
}

/// The founding of a rehearsal: a declared clock, and the published test keys.
///
/// # Errors
/// [`FoundingError`] says what cannot be written down.
pub fn rehearsal_founding(
    name: &str,
    authority: &[Handle],
    threshold: u64,
    charter: &str,
    at: Timestamp,
) -> Result<Vec<SignedEvent>, FoundingError> {
    let keys = authority.iter().map(|person| Ok((person.clone(), SigningKey::rehearsal(person).public()?)));
    let persons = keys.collect::<Result<Vec<_>, KeyError>>().map_err(FoundingError::Key)?;
    let plan = FoundingPlan {
        name,
        authority: &persons,
        threshold,
        charter,
        log_key: rehearsal_log_key(name).public().map_err(FoundingError::Key)?,
        origin: "rehearsal.invalid/rollcall",
        clock: Clock::Declared,
        nonce: [0; 32],
    };
    let founder = SigningKey::rehearsal(authority.first().ok_or(FoundingError::Nobody)?);
    let signed = founding_payloads(&plan, at)?.into_iter().map(|payload| SignedEvent::sign(payload, &founder));
    signed.collect::<Result<_, _>>().map_err(FoundingError::Frame)
}

/// Splits a charter's text into parts that fit their entries, at character boundaries.
#[must_use]
pub fn parts(mut text: &str) -> Vec<&str> {
    let limit = usize::try_from(CHARTER_PART_BYTES_MAX).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    while !text.is_empty() {
        let cut = text.floor_char_boundary(limit.min(text.len()));
        let (part, rest) = text.split_at(cut);
        parts.push(part);
        text = rest;
    }
    parts
}
