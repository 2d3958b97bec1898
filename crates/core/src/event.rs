//! From bytes to events: payload, signed event, verified event, event. Each stage has one door, but for what is signed here
//! ([`Verified::sign`]).
//!
//! - A [`Payload`] is unsigned; a [`SignedEvent`] carries a signature that nobody has checked yet.
//! - A [`Verified`] exists only where the signature verified, or was made; [`Event::read`] takes nothing else.
//! - Whose key it is, and whether it was valid then, is a rule and is judged in order, by [`crate::decide`].
//!
//! ```compile_fail,E0451
//! // A verified event cannot be made without verifying.
//! use rollcall_core::{digest::EventId, event::{SignedEvent, Verified}, key::PublicKey};
//! fn forge(id: EventId, signed: SignedEvent, key: PublicKey) -> Verified {
//!     Verified { id, signed, key }
//! }
//! ```
//! ```compile_fail,E0308
//! // An event cannot be read from what was only signed.
//! fn skip(signed: rollcall_core::event::SignedEvent) {
//!     let _ = rollcall_core::event::Event::read(signed);
//! }
//! ```

use std::collections::BTreeMap;

use crate::act::Act;
use crate::cbor::{self, CborError, Value};
use crate::digest::{Digest, EventId, LedgerId, SIGNED_EVENT_CONTEXT, TreeHash, derive};
use crate::field::{ActError, Field, FieldFault, Fields};
use crate::key::{KeyError, PublicKey, Signature, SigningKey, batch};
use crate::limits::{KEY_APPLICATION_BYTES_MAX, MISSING_MAX, PAYLOAD_BYTES_MAX};
use crate::name::Handle;
use crate::time::Timestamp;
use crate::tree::Head;

/// Keys of a payload's map that belong to every act.
pub const HEADER_KEYS: [&str; 7] = ["act", "at", "by", "ledger", "missing", "not_after", "seen"];

/// What every payload says besides its act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The ledger, absent in the event that founds one.
    pub ledger: Option<LedgerId>,
    /// The author.
    pub by: Handle,
    /// When the author says the act was made.
    pub at: Timestamp,
    /// After this instant the payload is void.
    pub not_after: Timestamp,
    /// The log's head that the author had seen.
    pub seen: Head,
    /// Events that the author submitted and that the head seen lacks; ascending, each once.
    pub missing: Vec<EventId>,
}

/// An unsigned payload: header and act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// What every payload says.
    pub header: Header,
    /// The act.
    pub act: Act,
}

/// Why bytes are not a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// More bytes than a payload may have.
    #[error("the payload has {bytes} bytes, limit: {limit}")]
    TooLong {
        /// Bytes found.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Not canonical CBOR of the narrow data model.
    #[error("the payload is not deterministic CBOR")]
    Cbor(#[source] CborError),
    /// The item is not a map.
    #[error("the payload is not a map")]
    NotAMap,
    /// Header or act cannot be read.
    #[error("the payload is not an act")]
    Act(#[source] ActError),
}

impl Payload {
    /// Encodes the payload in its one canonical form.
    ///
    /// # Errors
    /// [`PayloadError::TooLong`] beyond [`PAYLOAD_BYTES_MAX`].
    pub fn encode(&self) -> Result<Vec<u8>, PayloadError> {
        let Header { ledger, by, at, not_after, seen, missing } = &self.header;
        let mut map = self.act.to_map();
        let seen = Value::Array(vec![Value::Uint(seen.size), Value::bytes(&seen.root.as_bytes()[..])]);
        let ledger = ledger.as_ref().map_or(&[][..], |id| id.as_bytes());
        map.insert("act", Value::text(self.act.tag()));
        map.insert("at", Value::Uint(at.ms()));
        map.insert("by", Value::text(by.as_str()));
        map.insert("ledger", Value::bytes(ledger));
        if !missing.is_empty() {
            let missing = missing.iter().map(|event| Value::bytes(&event.as_bytes()[..]));
            map.insert("missing", Value::Array(missing.collect()));
        }
        map.insert("not_after", Value::Uint(not_after.ms()));
        map.insert("seen", seen);
        let bytes = cbor::encode(&Value::Map(map));
        within_limit(&bytes)?;
        Ok(bytes)
    }

    /// Decodes a payload.
    ///
    /// # Errors
    /// [`PayloadError`] names the first thing that is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, PayloadError> {
        within_limit(bytes)?;
        let Value::Map(map) = cbor::decode(bytes).map_err(PayloadError::Cbor)? else {
            return Err(PayloadError::NotAMap);
        };
        let mut fields = Fields::new(map);
        let tag = fields.take::<crate::name::Name>("act").map_err(PayloadError::Act)?;
        let header = Header {
            ledger: fields.take::<LedgerField>("ledger").map_err(PayloadError::Act)?.0,
            by: fields.take("by").map_err(PayloadError::Act)?,
            at: fields.take("at").map_err(PayloadError::Act)?,
            not_after: fields.take("not_after").map_err(PayloadError::Act)?,
            seen: fields.take::<SeenField>("seen").map_err(PayloadError::Act)?.0,
            missing: fields.take::<MissingField>("missing").map_err(PayloadError::Act)?.0,
        };
        let act = Act::from_map(tag.as_str(), fields.rest()).map_err(PayloadError::Act)?;
        Ok(Self { header, act })
    }
}

fn within_limit(bytes: &[u8]) -> Result<(), PayloadError> {
    let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if PAYLOAD_BYTES_MAX < bytes { Err(PayloadError::TooLong { bytes, limit: PAYLOAD_BYTES_MAX }) } else { Ok(()) }
}

/// The `ledger` header: 32 bytes, or none in a founding event.
struct LedgerField(Option<LedgerId>);

impl Field for LedgerField {
    const KIND: crate::field::Kind = crate::field::Kind::Digest;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::bytes(self.0.as_ref().map_or(&[][..], |id| id.as_bytes())))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        match value {
            Some(Value::Bytes(bytes)) if bytes.is_empty() => Ok(Self(None)),
            other => EventId::from_value(other).map(|id| Self(Some(id.as_ledger()))),
        }
    }
}

/// The `seen` header: `[size, root]`.
struct SeenField(Head);

impl Field for SeenField {
    const KIND: crate::field::Kind = crate::field::Kind::Digest;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::Array(vec![Value::Uint(self.0.size), Value::bytes(&self.0.root.as_bytes()[..])]))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        let wrong = || FieldFault::WrongKind("a log head `[size, root]`".to_owned());
        let Value::Array(items) = value.ok_or(FieldFault::Missing)? else { return Err(wrong()) };
        let [Value::Uint(size), Value::Bytes(root)] = items.as_slice() else { return Err(wrong()) };
        let root: [u8; 32] = root.as_ref().try_into().map_err(|_| wrong())?;
        Ok(Self(Head { size: *size, root: TreeHash::from_bytes(root) }))
    }
}

/// The `missing` header: event ids, ascending; left out where there are none, so that a payload has one form.
struct MissingField(Vec<EventId>);

impl Field for MissingField {
    const KIND: crate::field::Kind = crate::field::Kind::Events;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(&self.0).filter(|events| !events.is_empty()).and_then(Field::to_value)
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        let Some(value) = value else { return Ok(Self(Vec::new())) };
        let events = Vec::<EventId>::from_value(Some(value))?;
        let ascending = events.is_sorted_by(|one, next| one < next);
        let few = u64::try_from(events.len()).is_ok_and(|count| (1..=MISSING_MAX).contains(&count));
        if ascending && few {
            return Ok(Self(events));
        }
        Err(FieldFault::WrongKind(format!("1 to {MISSING_MAX} event ids, ascending")))
    }
}

/// A payload with a public key and a signature that nobody has checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEvent {
    payload: Vec<u8>,
    key: Vec<u8>,
    signature: Signature,
}

/// Why bytes are not a signed event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not canonical CBOR of the narrow data model.
    #[error("the event is not deterministic CBOR")]
    Cbor(#[source] CborError),
    /// Not `[payload, key, signature]`, each of a length that it can have.
    #[error("the event is not `[payload, public key, signature]`")]
    Shape,
    /// The payload is too long.
    #[error("the event's payload is too long")]
    Payload(#[source] PayloadError),
}

/// Why an event's signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is not admissible.
    #[error("the public key is not admissible")]
    Key(#[source] KeyError),
    /// The signature does not verify under the strict rule.
    #[error("the signature does not verify")]
    Signature,
}

/// Public keys that have passed the strict key rule, so that each is checked once.
#[derive(Clone, Debug, Default)]
pub struct Keyring(BTreeMap<Vec<u8>, PublicKey>);

impl Keyring {
    /// The key of `bytes`, checked now if it is new.
    ///
    /// # Errors
    /// [`KeyError`] when the strict key rule refuses it.
    pub fn key(&mut self, bytes: &[u8]) -> Result<PublicKey, KeyError> {
        if let Some(key) = self.0.get(bytes) {
            return Ok(key.clone());
        }
        let key = PublicKey::decode(bytes)?;
        self.0.insert(bytes.to_vec(), key.clone());
        Ok(key)
    }
}

impl SignedEvent {
    /// Joins a payload's bytes with a key and a signature made elsewhere.
    ///
    /// # Errors
    /// [`FrameError::Payload`] for a payload beyond the limit.
    pub fn join(payload: Vec<u8>, key: &PublicKey, signature: Signature) -> Result<Self, FrameError> {
        within_limit(&payload).map_err(FrameError::Payload)?;
        Ok(Self { payload, key: key.encode(), signature })
    }

    /// Signs a payload's bytes.
    ///
    /// # Errors
    /// [`FrameError::Payload`] for a payload beyond the limit.
    pub fn sign(payload: Vec<u8>, key: &SigningKey) -> Result<Self, FrameError> {
        let signature = key.sign(&payload);
        let public = key.public().map_err(|_| FrameError::Shape)?;
        Self::join(payload, &public, signature)
    }

    /// Reads the value of an event, `[payload, public key, signature]`.
    ///
    /// # Errors
    /// [`FrameError`] names what is wrong with the frame.
    pub fn from_value(value: Value<'_>) -> Result<Self, FrameError> {
        let Value::Array(items) = value else { return Err(FrameError::Shape) };
        let Ok([Value::Bytes(payload), Value::Bytes(key), Value::Bytes(signature)]) = <[Value<'_>; 3]>::try_from(items)
        else {
            return Err(FrameError::Shape);
        };
        within_limit(&payload).map_err(FrameError::Payload)?;
        let key_bytes_max = KEY_APPLICATION_BYTES_MAX.saturating_add(32);
        if !(32..=key_bytes_max).contains(&u64::try_from(key.len()).unwrap_or(u64::MAX)) {
            return Err(FrameError::Shape);
        }
        let signature = Signature::decode(&signature).ok_or(FrameError::Shape)?;
        Ok(Self { payload: payload.into_owned(), key: key.into_owned(), signature })
    }

    /// Decodes an event from exactly these bytes.
    ///
    /// # Errors
    /// [`FrameError`] names what is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        Self::from_value(cbor::decode(bytes).map_err(FrameError::Cbor)?)
    }

    /// The event as a value.
    #[must_use]
    pub fn to_value(&self) -> Value<'_> {
        Value::Array(vec![Value::bytes(&self.payload), Value::bytes(&self.key), Value::bytes(self.signature.encode())])
    }

    /// Encodes the event.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(&self.to_value())
    }

    /// The event's id.
    #[must_use]
    pub fn id(&self) -> EventId {
        EventId::of_payload(&self.payload)
    }

    /// Digest of the whole event, key and signature included: what somebody was shown, where the id says what it was about.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(derive(SIGNED_EVENT_CONTEXT, &self.encode()))
    }

    /// The payload's bytes, exactly as they were signed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The key's bytes.
    #[must_use]
    pub fn key_bytes(&self) -> &[u8] {
        &self.key
    }

    /// The signature's bytes.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Verifies the signature under the strict rule; needs no state and can be done in any order.
    ///
    /// # Errors
    /// [`SignatureError`] for an inadmissible key or a signature that does not verify.
    pub fn verify(self, keys: &mut Keyring) -> Result<Verified, SignatureError> {
        let key = keys.key(&self.key).map_err(SignatureError::Key)?;
        if key.verifies(&self.payload, &self.signature) {
            Ok(Verified { id: self.id(), signed: self, key })
        } else {
            Err(SignatureError::Signature)
        }
    }

    /// Verifies many signatures together, each to the verdict that [`SignedEvent::verify`] gives; see [`crate::key::batch`].
    pub fn verify_all(events: Vec<Self>, keys: &mut Keyring) -> Vec<Result<Verified, SignatureError>> {
        let keys: Vec<_> = events.iter().map(|event| keys.key(&event.key).map_err(SignatureError::Key)).collect();
        let mut claims = Vec::with_capacity(events.len());
        let claimed = events.iter().zip(&keys).map(|(event, key)| {
            let claim = key.as_ref().ok().and_then(|key| event.claim(key));
            let is_some = claim.is_some();
            claims.extend(claim);
            is_some
        });
        let claimed: Vec<bool> = claimed.collect();
        let mut held = batch::verify(&claims).into_iter();
        let holds: Vec<bool> = claimed.into_iter().map(|claimed| claimed && held.next() == Some(true)).collect();
        drop(claims);
        let verdicts = events.into_iter().zip(keys).zip(holds).map(|((signed, key), holds)| match key {
            Ok(key) if holds => Ok(Verified { id: signed.id(), signed, key }),
            Ok(_) => Err(SignatureError::Signature),
            Err(error) => Err(error),
        });
        verdicts.collect()
    }

    fn claim<'a>(&'a self, key: &'a PublicKey) -> Option<batch::Claim<'a>> {
        key.claim(&self.payload, &self.signature)
    }
}

/// An event whose signature has been verified, or made here.
#[derive(Clone, Debug)]
pub struct Verified {
    id: EventId,
    signed: SignedEvent,
    key: PublicKey,
}

impl Verified {
    /// Signs a payload's bytes: whoever has just signed need not verify it.
    ///
    /// # Errors
    /// As [`SignedEvent::sign`].
    pub fn sign(payload: Vec<u8>, key: &SigningKey) -> Result<Self, FrameError> {
        let signed = SignedEvent::sign(payload, key)?;
        let key = key.public().map_err(|_| FrameError::Shape)?;
        Ok(Self { id: signed.id(), signed, key })
    }

    /// The signed event.
    #[must_use]
    pub const fn signed(&self) -> &SignedEvent {
        &self.signed
    }

    /// The signed event, handed over.
    #[must_use]
    pub fn into_signed(self) -> SignedEvent {
        self.signed
    }
}

/// Doors that skip a check on purpose, for bytes that this installation has checked before.
pub mod danger {
    use super::{Keyring, SignatureError, SignedEvent, Verified};

    /// Takes the word of a store that its entries were verified when they were admitted. Only for replaying one's own
    /// store: `audit` never calls it.
    ///
    /// # Errors
    /// [`SignatureError::Key`] for a key that no admission can have let through.
    pub fn verified_at_admission(signed: SignedEvent, keys: &mut Keyring) -> Result<Verified, SignatureError> {
        let key = keys.key(signed.key_bytes()).map_err(SignatureError::Key)?;
        Ok(Verified { id: signed.id(), signed, key })
    }
}

/// A verified event whose payload has been read.
#[derive(Clone, Debug)]
pub struct Event {
    id: EventId,
    key: PublicKey,
    payload: Payload,
}

impl Event {
    /// Reads the payload of a verified event.
    ///
    /// # Errors
    /// [`PayloadError`] when the payload is not an act of this format.
    pub fn read(verified: &Verified) -> Result<Self, PayloadError> {
        let payload = Payload::decode(&verified.signed.payload)?;
        Ok(Self { id: verified.id, key: verified.key.clone(), payload })
    }

    /// The event's id.
    #[must_use]
    pub const fn id(&self) -> EventId {
        self.id
    }

    /// The key that signed it.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// What every payload says.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.payload.header
    }

    /// The act.
    #[must_use]
    pub const fn act(&self) -> &Act {
        &self.payload.act
    }
}

#[cfg(test)]
mod tests {
    use super::{Keyring, SignedEvent, Verified};
    use crate::key::SigningKey;

    #[test]
    fn what_is_signed_here_is_what_would_have_been_verified() -> Result<(), Box<dyn std::error::Error>> {
        for seed in 0..32 {
            let (key, payload) = (SigningKey::from_seed(&[seed; 32]), vec![seed; usize::from(seed)]);
            let verified = SignedEvent::sign(payload.clone(), &key)?.verify(&mut Keyring::default())?;
            let made = Verified::sign(payload, &key)?;
            assert_eq!((made.id, &made.signed, &made.key), (verified.id, &verified.signed, &verified.key));
        }
        Ok(())
    }
}
