//! Signed and chained events, for the peers that only store: the cryptography that Rollcall has, in its plainest form.

use std::collections::BTreeMap;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::{Outcome, Work};

/// The hash that the next event names, which is how events are held in their order.
pub(super) type Link = [u8; 32];

/// The link that the first event names.
pub(super) const FIRST: Link = [0; 32];

/// An event: its payload, who signed it, and what came before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    pub(super) author: [u8; 32],
    pub(super) previous: Link,
    pub(super) signature: [u8; 64],
    pub(super) payload: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Signs a payload that follows the event named by `previous`.
    pub(super) fn sign(key: &SigningKey, previous: Link, payload: &'a [u8]) -> Self {
        let signature = key.sign(&message(&previous, payload)).to_bytes();
        Self { author: key.verifying_key().to_bytes(), previous, signature, payload }
    }

    /// The hash over everything in it.
    pub(super) fn link(&self) -> Link {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.previous).update(&self.author).update(&self.signature).update(self.payload);
        hasher.finalize().into()
    }

    /// Its link, if it follows `previous` and its author is in the roster and signed it.
    pub(super) fn verify(&self, previous: &Link, roster: &Roster) -> Outcome<Link> {
        if self.previous != *previous {
            return Err("an event does not follow the one before it".into());
        }
        let (_, key) = roster.get(&self.author)?;
        key.verify_strict(&message(previous, self.payload), &Signature::from_bytes(&self.signature))?;
        Ok(self.link())
    }

    /// Its bytes, for a store that keeps bytes and no columns.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [&self.author[..], &self.previous, &self.signature, self.payload].concat()
    }

    /// The event that bytes are.
    pub(super) fn from_bytes(bytes: &'a [u8]) -> Outcome<Self> {
        let parts = bytes.split_first_chunk().and_then(|(author, rest)| {
            let (previous, rest) = rest.split_first_chunk()?;
            let (signature, payload) = rest.split_first_chunk()?;
            Some(Self { author: *author, previous: *previous, signature: *signature, payload })
        });
        parts.ok_or_else(|| "an event is cut short".into())
    }
}

fn message(previous: &Link, payload: &[u8]) -> Vec<u8> {
    [previous, payload].concat()
}

/// The authors with their numbers, and with their keys as points, so that a key is unpacked once and not per event.
#[derive(Debug)]
pub(super) struct Roster(BTreeMap<[u8; 32], (u32, VerifyingKey)>);

impl Roster {
    pub(super) fn of(work: &Work<'_>) -> Outcome<Self> {
        let numbered = work.seeds.iter().zip(0..).map(|(seed, number)| {
            let key = SigningKey::from_bytes(seed).verifying_key();
            (key.to_bytes(), (number, key))
        });
        let roster: BTreeMap<_, _> = numbered.collect();
        if roster.len() == work.seeds.len() { Ok(Self(roster)) } else { Err("two authors have one key".into()) }
    }

    pub(super) fn number(&self, author: &[u8; 32]) -> Outcome<u32> {
        self.get(author).map(|(number, _)| *number)
    }

    fn get(&self, author: &[u8; 32]) -> Outcome<&(u32, VerifyingKey)> {
        self.0.get(author).ok_or_else(|| "an event is by nobody known".into())
    }
}

/// Signs the payloads of a work in their order, each following the one before.
#[derive(Debug)]
pub(super) struct Signers {
    keys: Vec<SigningKey>,
    last: Link,
}

impl Signers {
    pub(super) fn of(work: &Work<'_>) -> Self {
        Self { keys: work.seeds.iter().map(SigningKey::from_bytes).collect(), last: FIRST }
    }

    pub(super) fn sign<'a>(&mut self, author: usize, payload: &'a [u8]) -> Outcome<Signed<'a>> {
        let key = self.keys.get(author).ok_or("an author has no key")?;
        let event = Signed::sign(key, self.last, payload);
        self.last = event.link();
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_refused_once_anything_in_it_or_before_it_is_changed() -> Outcome<()> {
        let payloads = [vec![1, 2, 3], vec![4, 5, 6]];
        let seeds = [[1; 32], [2; 32]];
        let work = Work { payloads: &payloads, seeds: &seeds, few: 0, folder: std::path::Path::new("") };
        let (roster, mut signers) = (Roster::of(&work)?, Signers::of(&work));
        let first = signers.sign(0, &[1, 2, 3])?;
        let second = signers.sign(1, &[4, 5, 6])?.to_bytes();
        let link = first.verify(&FIRST, &roster)?;
        assert!(Signed::from_bytes(&second)?.verify(&link, &roster).is_ok());
        assert!(Signed::from_bytes(&second)?.verify(&FIRST, &roster).is_err());
        for place in 0..second.len() {
            let mut changed = second.clone();
            *changed.get_mut(place).ok_or("there is no such place")? ^= 1;
            assert!(Signed::from_bytes(&changed)?.verify(&link, &roster).is_err(), "{place}");
        }
        Ok(())
    }
}
