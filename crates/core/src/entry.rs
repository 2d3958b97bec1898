//! Entries of the log: `[format version, accepted_at in Unix milliseconds, event]` in deterministic CBOR.
//!
//! The bytes of an entry are what the Merkle tree hashes; they are never re-encoded to be verified.

use crate::cbor::{self, CborError, Value};
use crate::event::{FrameError, SignedEvent};
use crate::limits::{ENTRY_BYTES_MAX, FORMAT_VERSION};
use crate::time::Timestamp;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When the sequencer accepted the event.
    pub accepted_at: Timestamp,
    /// The event.
    pub event: SignedEvent,
}

/// Why bytes are not an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// More bytes than an entry may have.
    #[error("the entry has {bytes} bytes, limit: {limit}")]
    TooLong {
        /// Bytes found.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Not canonical CBOR of the narrow data model.
    #[error("the entry is not deterministic CBOR")]
    Cbor(#[source] CborError),
    /// Not `[version, time, event]`.
    #[error("the entry is not `[format version, accepted_at, event]`")]
    Shape,
    /// A format version that this build does not execute.
    #[error("unknown format version: {0}")]
    Version(u64),
    /// The event's frame is wrong.
    #[error("the entry's event cannot be read")]
    Event(#[source] FrameError),
}

impl Entry {
    /// Encodes the entry.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { accepted_at, event } = self;
        cbor::encode(&Value::Array(vec![Value::Uint(FORMAT_VERSION), Value::Uint(accepted_at.ms()), event.to_value()]))
    }

    /// Decodes an entry from exactly these bytes.
    ///
    /// # Errors
    /// [`EntryError`] names what is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if ENTRY_BYTES_MAX < len {
            return Err(EntryError::TooLong { bytes: len, limit: ENTRY_BYTES_MAX });
        }
        let Value::Array(items) = cbor::decode(bytes).map_err(EntryError::Cbor)? else { return Err(EntryError::Shape) };
        let Ok([Value::Uint(version), Value::Uint(accepted_at), event]) = <[Value<'_>; 3]>::try_from(items) else {
            return Err(EntryError::Shape);
        };
        if version != FORMAT_VERSION {
            return Err(EntryError::Version(version));
        }
        let accepted_at = Timestamp::from_ms(accepted_at).map_err(|_| EntryError::Shape)?;
        let event = SignedEvent::from_value(event).map_err(EntryError::Event)?;
        Ok(Self { accepted_at, event })
    }
}
