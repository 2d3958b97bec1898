//! Receipts: a C2SP tlog-proof of one entry that carries the entry and the founding entry with it, so that a member can
//! check it years later with nothing but the ledger's id.
//!
//! The founding entry names the log's key and origin; its id is the ledger's. Where the key has changed since, the receipt
//! carries each handover: the proof of the event that named the next key, under a head that both keys have signed.
//! Everything is verified here and nothing is looked up.

use crate::act::Act;
use crate::cbor::{self, Value};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::digest::{EventId, LedgerId, TreeHash};
use crate::entry::{Entry, EntryError};
use crate::event::{Event, Keyring, PayloadError, SignatureError};
use crate::key::PublicKey;
use crate::name::Handle;
use crate::proof::{Proof, ProofError};
use crate::time::Timestamp;
use crate::tree::{Head, leaf_hash, proves_inclusion};

const CONTENT: &str = "rollcall receipt v1";

/// A receipt, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The founding entry.
    pub founding: Vec<u8>,
    /// The entry.
    pub entry: Vec<u8>,
    /// Its position in the log.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub path: Vec<TreeHash>,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The proof file of each change of the log's key, in order; its extra data are the entry that named the key.
    pub handovers: Vec<String>,
}

/// What a verified receipt shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipted {
    /// The event.
    pub event: EventId,
    /// Its author.
    pub by: Handle,
    /// The act's wire tag.
    pub act: &'static str,
    /// Its position in the log.
    pub index: u64,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The head that covers it.
    pub head: Head,
    /// The log.
    pub origin: String,
}

/// Why a receipt shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not a proof file.
    #[error("the file is not a receipt")]
    Proof(#[source] ProofError),
    /// A proof file without a receipt's content.
    #[error("the file is not a receipt: {0}")]
    Shape(&'static str),
    /// A change of the log's key is not shown.
    #[error("a change of the log's key is not shown: {0}")]
    Handover(&'static str),
    /// An entry cannot be read.
    #[error("an entry of the receipt cannot be read")]
    Entry(#[source] EntryError),
    /// An event's signature does not verify.
    #[error("an event of the receipt is not signed by the key that it names")]
    Signature(#[source] SignatureError),
    /// An event's payload cannot be read.
    #[error("an event of the receipt cannot be read")]
    Payload(#[source] PayloadError),
    /// The founding entry is another ledger's.
    #[error("the receipt is of the ledger {got}, expected: {expected}")]
    Ledger {
        /// The ledger expected.
        expected: LedgerId,
        /// The ledger that the founding entry makes.
        got: LedgerId,
    },
    /// The checkpoint is not the log's.
    #[error("the checkpoint cannot be trusted")]
    Checkpoint(#[source] CheckpointError),
    /// The proof does not lead from the entry to the checkpoint's root.
    #[error("the proof does not lead from the entry to the root of the checkpoint")]
    NotIncluded,
}

impl Receipt {
    /// The receipt as a file.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { founding, entry, index, path, checkpoint, handovers } = self.clone();
        let mut content = vec![Value::text(CONTENT), Value::bytes(founding), Value::bytes(entry)];
        if !handovers.is_empty() {
            content.push(Value::Array(handovers.into_iter().map(Value::text).collect()));
        }
        Proof { extra: Some(cbor::encode(&Value::Array(content))), index, path, checkpoint }.text()
    }

    /// Reads a receipt file.
    ///
    /// # Errors
    /// [`ReceiptError::Proof`] or [`ReceiptError::Shape`] says what is not there.
    pub fn read(text: &str) -> Result<Self, ReceiptError> {
        let shape = ReceiptError::Shape;
        let Proof { extra, index, path, checkpoint } = Proof::read(text).map_err(ReceiptError::Proof)?;
        let content = extra.ok_or(shape("it carries no entries"))?;
        let Ok(Value::Array(mut items)) = cbor::decode(&content) else {
            return Err(shape("its entries cannot be read"));
        };
        let listed = if items.len() == 4 { items.pop() } else { None };
        let handovers = match listed {
            None => Vec::new(),
            Some(Value::Array(list)) if !list.is_empty() => {
                let text = |value| if let Value::Text(text) = value { Some(text.into_owned()) } else { None };
                let texts = list.into_iter().map(text).collect::<Option<_>>();
                texts.ok_or(shape("its handovers cannot be read"))?
            }
            Some(_) => return Err(shape("its handovers cannot be read")),
        };
        let Ok([Value::Text(title), Value::Bytes(founding), Value::Bytes(entry)]) = <[Value<'_>; 3]>::try_from(items)
        else {
            return Err(shape("its entries cannot be read"));
        };
        if title != CONTENT {
            return Err(shape("its content is of another version"));
        }
        let (founding, entry) = (founding.into_owned(), entry.into_owned());
        Ok(Self { founding, entry, index, path, checkpoint, handovers })
    }

    /// Verifies the receipt from the ledger's id alone, or under a key of the log that is known otherwise.
    ///
    /// # Errors
    /// [`ReceiptError`] names the first thing that does not hold.
    pub fn verify(&self, ledger: LedgerId, log_key: Option<&PublicKey>) -> Result<Receipted, ReceiptError> {
        let mut keys = Keyring::default();
        let (_, founding) = event(&self.founding, &mut keys)?;
        let got = founding.id().as_ledger();
        let Act::FoundLedger(found) = founding.act() else {
            return Err(ReceiptError::Shape("its first entry founds no ledger"));
        };
        if got != ledger {
            return Err(ReceiptError::Ledger { expected: ledger, got });
        }
        let origin = found.origin.as_str();
        let (key, from) = match log_key {
            Some(key) => (key.clone(), 0),
            None => self.handovers.iter().try_fold((found.log_key.clone(), 0), |(key, _), handover| {
                handed_over(handover, ledger, origin, &key, &mut keys)
            })?,
        };
        let checkpoint = Checkpoint::verify(&self.checkpoint, origin, &key).map_err(ReceiptError::Checkpoint)?;
        if checkpoint.head.size < from {
            return Err(ReceiptError::Handover("its head is older than the key that has signed it"));
        }
        if (self.index == 0) != (self.entry == self.founding) {
            return Err(ReceiptError::Shape("entry 0 is the founding"));
        }
        if !proves_inclusion(&leaf_hash(&self.entry), self.index, &self.path, &checkpoint.head) {
            return Err(ReceiptError::NotIncluded);
        }
        let (accepted_at, event) = event(&self.entry, &mut keys)?;
        if event.header().ledger.is_some_and(|of| of != ledger) {
            let got = event.header().ledger.unwrap_or(ledger);
            return Err(ReceiptError::Ledger { expected: ledger, got });
        }
        Ok(Receipted {
            event: event.id(),
            by: event.header().by.clone(),
            act: event.act().tag(),
            index: self.index,
            accepted_at,
            head: checkpoint.head,
            origin: checkpoint.origin,
        })
    }
}

/// The key that a handover names, by an event that is under a head which the old key and the new one have signed; and the
/// least size of a head that it signs.
fn handed_over(
    file: &str,
    ledger: LedgerId,
    origin: &str,
    old: &PublicKey,
    keys: &mut Keyring,
) -> Result<(PublicKey, u64), ReceiptError> {
    let proof = Proof::read(file).map_err(ReceiptError::Proof)?;
    let entry = proof.extra.ok_or(ReceiptError::Handover("its proof carries no entry"))?;
    let checkpoint = Checkpoint::verify(&proof.checkpoint, origin, old).map_err(ReceiptError::Checkpoint)?;
    if !proves_inclusion(&leaf_hash(&entry), proof.index, &proof.path, &checkpoint.head) {
        return Err(ReceiptError::NotIncluded);
    }
    let (_, event) = event(&entry, keys)?;
    let Act::RotateLogKey(act) = event.act() else { return Err(ReceiptError::Handover("its entry names no key")) };
    if event.header().ledger != Some(ledger) {
        return Err(ReceiptError::Handover("its entry is another ledger's"));
    }
    if act.log_key == *old {
        return Err(ReceiptError::Handover("its entry names the key that is in force"));
    }
    if act.after.is_some() {
        return Err(ReceiptError::Handover("where the authority goes on without the operator, nobody hands over"));
    }
    Checkpoint::verify(&proof.checkpoint, origin, &act.log_key).map_err(ReceiptError::Checkpoint)?;
    Ok((act.log_key.clone(), proof.index.saturating_add(1)))
}

fn event(entry: &[u8], keys: &mut Keyring) -> Result<(Timestamp, Event), ReceiptError> {
    let entry = Entry::decode(entry).map_err(ReceiptError::Entry)?;
    let verified = entry.event.verify(keys).map_err(ReceiptError::Signature)?;
    Ok((entry.accepted_at, Event::read(&verified).map_err(ReceiptError::Payload)?))
}
