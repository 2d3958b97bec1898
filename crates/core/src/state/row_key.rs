//! What rows are found by: keys as bytes, ordered as the keys are, each of which says where it ends.

use super::accounts::AccountId;
use crate::digest::{Digest, EventId};
use crate::key::PublicKey;
use crate::name::{Handle, Name, UnitId};
use crate::time::Timestamp;

/// What a row is found by: its bytes say where it ends, so that keys can stand behind each other.
pub(super) trait Key: Ord + Clone {
    fn to_bytes(&self) -> Vec<u8>;
    /// Reads a key from the beginning; returns what is behind it.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])>;

    /// How a key begins that is a hash: keys are ordered by it first. Others are not spread.
    fn beginning(&self) -> Option<u16> {
        None
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes).filter(|(_, rest)| rest.is_empty()).map(|(key, _)| key)
    }
}

/// Where there is one row.
impl Key for () {
    fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        Some(((), bytes))
    }
}

macro_rules! hash_key {
    ($($Name:ty),*) => { $(
        impl Key for $Name {
            fn to_bytes(&self) -> Vec<u8> {
                self.as_bytes().to_vec()
            }

            fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
                bytes.split_first_chunk().map(|(hash, rest)| (Self::from_bytes(*hash), rest))
            }

            fn beginning(&self) -> Option<u16> {
                self.as_bytes().first_chunk().map(|first| u16::from_be_bytes(*first))
            }
        }
    )* };
}

hash_key!(EventId, Digest);

/// Text that never holds a NUL ends with one.
fn read_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let (text, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(text).ok()?, rest.get(1..)?))
}

fn text_bytes(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

macro_rules! name_key {
    ($($Name:ty),*) => { $(
        impl Key for $Name {
            fn to_bytes(&self) -> Vec<u8> {
                text_bytes(self.as_str())
            }

            fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
                let (text, rest) = read_text(bytes)?;
                Some((text.parse().ok()?, rest))
            }
        }
    )* };
}

name_key!(Handle, UnitId, Name, String);

impl Key for PublicKey {
    fn to_bytes(&self) -> Vec<u8> {
        self.encode()
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        Some((Self::decode(bytes).ok()?, &[]))
    }
}

impl Key for AccountId {
    fn to_bytes(&self) -> Vec<u8> {
        [text_bytes(&self.forge), self.number.to_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let ((forge, number), rest) = <(String, u64)>::read(bytes)?;
        Some((Self { forge, number }, rest))
    }
}

/// A point of the curve, without an application.
impl Key for [u8; 32] {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_vec()
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        bytes.split_first_chunk().map(|(point, rest)| (*point, rest))
    }
}

impl Key for Timestamp {
    fn to_bytes(&self) -> Vec<u8> {
        self.ms().to_bytes()
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (ms, rest) = u64::read(bytes)?;
        Some((Self::from_ms(ms).ok()?, rest))
    }
}

impl Key for u64 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        bytes.split_first_chunk().map(|(number, rest)| (Self::from_be_bytes(*number), rest))
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn to_bytes(&self) -> Vec<u8> {
        [self.0.to_bytes(), self.1.to_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (first, rest) = A::read(bytes)?;
        let (second, rest) = B::read(rest)?;
        Some(((first, second), rest))
    }

    fn beginning(&self) -> Option<u16> {
        self.0.beginning()
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn to_bytes(&self) -> Vec<u8> {
        [self.0.to_bytes(), self.1.to_bytes(), self.2.to_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let ((first, second), rest) = <(A, B)>::read(bytes)?;
        let (third, rest) = C::read(rest)?;
        Some(((first, second, third), rest))
    }
}

#[cfg(test)]
mod tests {
    use super::Key;
    use crate::name::{Handle, NameError, UnitId};
    use crate::state::accounts::AccountId;

    /// The keys of indexes are stored: another form of them is another layout of rows.
    #[test]
    fn keys_of_indexes_keep_their_form() -> Result<(), NameError> {
        let unit = |text: &str| text.parse::<UnitId>();
        let hand = |text: &str| text.parse::<Handle>();
        let account = AccountId::new(&"github".parse()?, 7);
        let cases = [
            ((unit("pmc/a")?, unit("sig/b")?).to_bytes(), "706d632f6100 7369672f6200"),
            (("a".to_owned(), unit("pmc/a")?).to_bytes(), "6100 706d632f6100"),
            ((hand("ann")?, hand("acme")?).to_bytes(), "616e6e00 61636d6500"),
            (
                (("github".to_owned(), "ann".to_owned()), account).to_bytes(),
                "67697468756200 616e6e00 67697468756200 0000000000000007",
            ),
        ];
        for (bytes, form) in cases {
            assert_eq!(hex::encode(bytes), form.replace(' ', ""));
        }
        Ok(())
    }
}
