//! BLAKE3 digests, each with its own derive-key context, as types that cannot be mixed up.
//!
//! Nothing here hashes without a context; the Merkle tree, which standard clients must read, is SHA-256 and lives in
//! [`crate::tree`].

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::de::Visitor;
use serde::{Deserialize, Serialize};

/// Context of event ids.
pub const EVENT_ID_CONTEXT: &str = "rollcall event id v1";
/// Context of digests of whole signed events.
pub const SIGNED_EVENT_CONTEXT: &str = "rollcall signed event v1";
/// Context of state and projection digests.
pub const STATE_CONTEXT: &str = "rollcall state digest v1";
/// Context of digests of snapshots, which an audit keeps for the next one.
pub const SNAPSHOT_CONTEXT: &str = "rollcall snapshot v1";
/// Context of charter digests.
pub const CHARTER_CONTEXT: &str = "rollcall charter digest v1";
/// Context of the content digest that makes an import idempotent.
pub const IMPORT_CONTEXT: &str = "rollcall import content v1";

/// Context of an attachment's digest, over its salt and content.
pub const ATTACHMENT_CONTEXT: &str = "rollcall attachment v1";

/// Hashes `bytes` under a derive-key context.
#[must_use]
pub fn derive(context: &str, bytes: &[u8]) -> [u8; 32] {
    blake3::Hasher::new_derive_key(context).update(bytes).finalize().into()
}

/// Hashes under a derive-key context what comes piece by piece.
#[derive(Clone, Debug)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Begins under a context.
    #[must_use]
    pub fn new(context: &str) -> Self {
        Self(blake3::Hasher::new_derive_key(context))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything that was added.
    #[must_use]
    pub fn finish(&self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }
}

/// So that what is serialized can be hashed without being held.
impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Text that is not 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 lower-case hexadecimal digits: `{0}`")]
pub struct HexError(pub String);

/// The 32 bytes that 64 digits tell.
fn digits(text: &str) -> Result<[u8; 32], HexError> {
    let mut bytes = [0; 32];
    let whole = text.len() == 64 && HEXLOWER.decode_mut(text.as_bytes(), &mut bytes).is_ok();
    if whole { Ok(bytes) } else { Err(HexError(text.chars().take(80).collect())) }
}

/// Reads digits where they stand.
struct Digits;

impl Visitor<'_> for Digits {
    type Value = [u8; 32];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("64 lower-case hexadecimal digits")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<[u8; 32], E> {
        digits(text).map_err(E::custom)
    }
}

/// The first eight bytes of a hash, as a number that is ordered as they are.
fn beginning(bytes: &[u8; 32]) -> u64 {
    bytes.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

macro_rules! hash_type {
    ($(#[doc = $doc:literal])+ $Name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $Name([u8; 32]);

        /// As the bytes are ordered. Eight of them nearly always tell two hashes apart, and one number is compared faster than
        /// 32 bytes: the books are searched by little else.
        impl Ord for $Name {
            fn cmp(&self, other: &Self) -> Ordering {
                beginning(&self.0).cmp(&beginning(&other.0)).then_with(|| self.0.cmp(&other.0))
            }
        }

        impl PartialOrd for $Name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl $Name {
            /// Takes the 32 bytes of a hash.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Its 64 digits, written where there is room for them.
            fn text<'a>(&self, room: &'a mut [u8; 64]) -> &'a str {
                HEXLOWER.encode_mut_str(&self.0, room)
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text(&mut [0; 64]))
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($Name), "({})"), self)
            }
        }

        impl FromStr for $Name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                digits(text).map(Self)
            }
        }

        impl Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text(&mut [0; 64]))
            }
        }

        impl<'de> Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Digits).map(Self)
            }
        }
    };
}

hash_type! {
    /// Id of an event: BLAKE3 derive-key `rollcall event id v1` over its payload, the same for a re-signed copy.
    EventId
}
hash_type! {
    /// Id of a ledger: the id of its founding event.
    LedgerId
}
hash_type! {
    /// BLAKE3 digest of a document, charter or state, under the context of its kind.
    Digest
}
hash_type! {
    /// SHA-256 hash of a Merkle tree node, or the root of a tree.
    TreeHash
}

impl EventId {
    /// The id of the event that carries `payload`.
    #[must_use]
    pub fn of_payload(payload: &[u8]) -> Self {
        Self(derive(EVENT_ID_CONTEXT, payload))
    }

    /// The first of the ids whose bytes begin so.
    #[must_use]
    pub fn first_of(beginning: &[u8]) -> Self {
        Self(std::array::from_fn(|at| beginning.get(at).copied().unwrap_or_default()))
    }

    /// The ledger that this event founds, if it is a founding event.
    #[must_use]
    pub const fn as_ledger(&self) -> LedgerId {
        LedgerId(self.0)
    }
}

impl LedgerId {
    /// The founding event of this ledger.
    #[must_use]
    pub const fn as_event(&self) -> EventId {
        EventId(self.0)
    }
}
