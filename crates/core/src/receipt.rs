//! Receipts: a C2SP tlog-proof of one entry that carries the entry and the founding entry with it, so that a member can
//! check it years later with nothing but the ledger's id.
//!
//! The founding entry names the log's key and origin; its id is the ledger's. Everything is verified here and nothing is
//! looked up.

use data_encoding::BASE64;

use crate::act::Act;
use crate::cbor::{self, Value};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::digest::{EventId, LedgerId, TreeHash};
use crate::entry::{Entry, EntryError};
use crate::event::{Event, Keyring, PayloadError, SignatureError};
use crate::limits::RECEIPT_BYTES_MAX;
use crate::name::Handle;
use crate::time::Timestamp;
use crate::tree::{Head, leaf_hash, proves_inclusion};

const TITLE: &str = "c2sp.org/tlog-proof@v1";
const CONTENT: &str = "rollcall receipt v1";
const PATH_MAX: usize = 64;

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
    /// Not a proof file with a receipt's content.
    #[error("the file is not a receipt: {0}")]
    Shape(&'static str),
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
        let Self { founding, entry, index, path, checkpoint } = self;
        let content = Value::Array(vec![
            Value::Text(CONTENT.to_owned()),
            Value::Bytes(founding.clone()),
            Value::Bytes(entry.clone()),
        ]);
        let hashes: String = path.iter().map(|hash| BASE64.encode(hash.as_bytes()) + "\n").collect();
        format!("{TITLE}\nextra {}\nindex {index}\n{hashes}\n{checkpoint}", BASE64.encode(&cbor::encode(&content)))
    }

    /// Reads a receipt file.
    ///
    /// # Errors
    /// [`ReceiptError::Shape`] says what is not there.
    pub fn read(text: &str) -> Result<Self, ReceiptError> {
        let shape = ReceiptError::Shape;
        if RECEIPT_BYTES_MAX < u64::try_from(text.len()).unwrap_or(u64::MAX) {
            return Err(shape("it is too long"));
        }
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(shape("no checkpoint follows the proof"))?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(TITLE) {
            return Err(shape("its first line is not that of a tlog-proof"));
        }
        let content =
            lines.next().and_then(|line| line.strip_prefix("extra ")).ok_or(shape("it carries no entries"))?;
        let content = BASE64.decode(content.as_bytes()).map_err(|_| shape("its entries are not base64"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or(shape("it names no index"))?;
        let hash = |line: &str| BASE64.decode(line.as_bytes()).ok()?.try_into().ok().map(TreeHash::from_bytes);
        let path: Option<Vec<TreeHash>> = lines.map(hash).collect();
        let path = path.filter(|path| path.len() <= PATH_MAX).ok_or(shape("a line of its proof is no hash"))?;
        let Ok(Value::Array(items)) = cbor::decode(&content) else { return Err(shape("its entries cannot be read")) };
        let Ok([Value::Text(title), Value::Bytes(founding), Value::Bytes(entry)]) = <[Value; 3]>::try_from(items)
        else {
            return Err(shape("its entries cannot be read"));
        };
        if title != CONTENT {
            return Err(shape("its content is of another version"));
        }
        Ok(Self { founding, entry, index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Verifies the receipt from the ledger's id alone.
    ///
    /// # Errors
    /// [`ReceiptError`] names the first thing that does not hold.
    pub fn verify(&self, ledger: LedgerId) -> Result<Receipted, ReceiptError> {
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
        let checkpoint =
            Checkpoint::verify(&self.checkpoint, origin, &found.log_key).map_err(ReceiptError::Checkpoint)?;
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

fn event(entry: &[u8], keys: &mut Keyring) -> Result<(Timestamp, Event), ReceiptError> {
    let entry = Entry::decode(entry).map_err(ReceiptError::Entry)?;
    let verified = entry.event.verify(keys).map_err(ReceiptError::Signature)?;
    Ok((entry.accepted_at, Event::read(&verified).map_err(ReceiptError::Payload)?))
}

fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}
