//! What was said about an event outside the log: that a witness took it at a time, and that an operator refused it
//! (`docs/format.md`, section 19). Both are signed notes; neither can be read as a checkpoint. Both are about the event as it was
//! shown, with its key and signature: the id is that of the payload, which anybody can sign.

use data_encoding::BASE64;

use crate::checkpoint::log_signer;
use crate::digest::{Digest, EventId, TreeHash};
use crate::event::SignedEvent;
use crate::key::{PublicKey, Signature, SigningKey};
use crate::note::{Note, NoteError, Scheme, Signer, is_name};
use crate::proof::{decimal, hash_line};
use crate::time::Timestamp;
use crate::tree::Head;

/// The first line of a witness's note.
pub const SUBMISSION_TITLE: &str = "rollcall submission v1";
/// The first line of a signed refusal.
pub const REFUSAL_TITLE: &str = "rollcall refusal v1";
/// Bytes of a refusal's code.
const CODE_BYTES_MAX: usize = 64;

/// Why a text is not the statement that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not a signed note.
    #[error("it is no signed note")]
    Note(#[source] NoteError),
    /// Not the lines that it has.
    #[error("its lines are not those of a statement")]
    Shape,
    /// Nobody who counts has signed it.
    #[error("none of the keys given has signed it")]
    Unsigned,
}

/// An event as somebody was shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub event: EventId,
    /// The digest of all of it.
    pub digest: Digest,
}

impl Shown {
    /// An event, as it is.
    #[must_use]
    pub fn of(event: &SignedEvent) -> Self {
        Self { event: event.id(), digest: event.digest() }
    }

    fn read(event: &str, digest: &str) -> Option<Self> {
        Some(Self { event: event.parse().ok()?, digest: digest.parse().ok()? })
    }
}

/// A witness's word that an event was there at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The event.
    pub shown: Shown,
    /// When, in Unix seconds.
    pub seconds: u64,
}

/// A witness as one who takes submissions: under a name of its own, because what a key signs is one statement.
#[must_use]
pub fn submission_signer(witness: &str, key: &PublicKey) -> Signer {
    Signer { name: format!("{witness}/submissions"), scheme: Scheme::Ed25519, key: key.clone() }
}

impl Submission {
    fn text(&self) -> String {
        let Self { shown: Shown { event, digest }, seconds } = self;
        format!("{SUBMISSION_TITLE}\n{event}\n{digest}\n{seconds}\n")
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, witness: &str, key: &SigningKey) -> String {
        signed(&self.text(), key, |public| submission_signer(witness, public))
    }

    /// Reads a note that one of these has signed.
    ///
    /// # Errors
    /// [`StatementError`] says what it is instead.
    pub fn read(note: &str, signers: &[Signer]) -> Result<Self, StatementError> {
        let note = Note::read(note).map_err(StatementError::Note)?;
        let [title, event, digest, seconds] = lines(note.text())?;
        let parsed = decimal(seconds).zip(Shown::read(event, digest)).filter(|_| title == SUBMISSION_TITLE);
        let (seconds, shown) = parsed.ok_or(StatementError::Shape)?;
        if signers.iter().any(|signer| is_signed(&note, signer)) {
            Ok(Self { shown, seconds })
        } else {
            Err(StatementError::Unsigned)
        }
    }

    /// The instant.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.seconds.checked_mul(1_000).and_then(|ms| Timestamp::from_ms(ms).ok())
    }
}

/// An operator's word that an event was refused: by which log, after how many entries, at what time, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRefusal {
    /// The log.
    pub origin: String,
    /// The event.
    pub shown: Shown,
    /// The head under which it was judged.
    pub head: Head,
    /// The log's clock.
    pub clock: Timestamp,
    /// The code of the refusal.
    pub code: String,
}

impl SignedRefusal {
    fn text(&self) -> String {
        let Self { origin, shown: Shown { event, digest }, head, clock, code } = self;
        let (size, root, clock) = (head.size, BASE64.encode(head.root.as_bytes()), clock.ms());
        format!("{REFUSAL_TITLE}\n{origin}\n{event}\n{digest}\n{size}\n{root}\n{clock}\n{code}\n")
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        signed(&self.text(), key, |public| log_signer(&self.origin, public))
    }

    /// Reads a note that the log has signed with the key of the size that it states.
    ///
    /// # Errors
    /// [`StatementError`] says what it is instead.
    pub fn read<'a>(note: &str, key_of: impl FnOnce(u64) -> Option<&'a PublicKey>) -> Result<Self, StatementError> {
        let note = Note::read(note).map_err(StatementError::Note)?;
        let [title, origin, event, digest, size, root, clock, code] = lines(note.text())?;
        let plain = code.len() <= CODE_BYTES_MAX && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let parsed = decimal(size).zip(hash_line(root)).zip(decimal(clock)).zip(Shown::read(event, digest));
        let parsed = parsed.filter(|_| title == REFUSAL_TITLE && is_name(origin) && plain);
        let (((size, root), clock), shown): (((u64, TreeHash), u64), Shown) = parsed.ok_or(StatementError::Shape)?;
        let clock = Timestamp::from_ms(clock).map_err(|_| StatementError::Shape)?;
        if !key_of(size).is_some_and(|key| is_signed(&note, &log_signer(origin, key))) {
            return Err(StatementError::Unsigned);
        }
        let (origin, code) = (origin.to_owned(), code.to_owned());
        Ok(Self { origin, shown, head: Head { size, root }, clock, code })
    }
}

/// The note of a text and its one line.
fn signed(text: &str, key: &SigningKey, signer: impl FnOnce(&PublicKey) -> Signer) -> String {
    // A signing key's public half is admissible: it is the base point times a clamped scalar.
    let Ok(public) = key.public() else { return String::new() };
    let line = signer(&public).line(key.sign_raw(text.as_bytes()).as_bytes());
    format!("{text}\n{line}")
}

/// Exactly so many lines.
fn lines<const N: usize>(text: &str) -> Result<[&str; N], StatementError> {
    let lines: Vec<&str> = text.strip_suffix('\n').ok_or(StatementError::Shape)?.split('\n').collect();
    lines.try_into().map_err(|_| StatementError::Shape)
}

fn is_signed(note: &Note, signer: &Signer) -> bool {
    let line = note.signature(signer).ok().flatten();
    let signature = line.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    signature
        .is_some_and(|signature| signer.key.verifies_raw(note.text().as_bytes(), &Signature::from_bytes(signature)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;

    fn key(number: u8) -> SigningKey {
        SigningKey::from_seed(&[number; 32])
    }

    fn shown() -> Shown {
        Shown::of(&SignedEvent::sign(b"x".to_vec(), &key(8)).unwrap())
    }

    #[test]
    fn a_submission_says_when_and_by_whom() {
        let submission = Submission { shown: shown(), seconds: 5 };
        let note = submission.sign("w1.example", &key(2));
        let signer = |number| submission_signer("w1.example", &key(number).public().unwrap());
        assert_eq!(Submission::read(&note, &[signer(3), signer(2)]), Ok(submission));
        assert_eq!(Submission::read(&note, &[signer(3)]), Err(StatementError::Unsigned));
        let moved = note.replacen("\n5\n", "\n6\n", 1);
        assert_eq!(Submission::read(&moved, &[signer(2)]), Err(StatementError::Unsigned));
        let padded = note.replacen("\n5\n", "\n05\n", 1);
        assert_eq!(Submission::read(&padded, &[signer(2)]), Err(StatementError::Shape));
        let other = submission_signer("w2.example", &key(2).public().unwrap());
        assert_eq!(Submission::read(&note, &[other]), Err(StatementError::Unsigned));
    }

    #[test]
    fn a_refusal_is_no_checkpoint_and_a_checkpoint_no_refusal() {
        let refusal = SignedRefusal {
            origin: "gov.example.org/ledger".to_owned(),
            shown: shown(),
            head: Head::empty(),
            clock: Timestamp::from_ms(7).unwrap(),
            code: "vote-closed".to_owned(),
        };
        let note = refusal.sign(&key(1));
        let public = key(1).public().unwrap();
        let read = |note: &str| SignedRefusal::read(note, |size| Some(&public).filter(|_| size < 2));
        assert_eq!(read(&note), Ok(refusal.clone()));
        assert_eq!(SignedRefusal::read(&note, |_| None), Err(StatementError::Unsigned));
        assert!(Checkpoint::verify(&note, &refusal.origin, &public).is_err());
        let odd = SignedRefusal { code: "\u{202e}abc".to_owned(), ..refusal.clone() }.sign(&key(1));
        assert_eq!(read(&odd), Err(StatementError::Shape));
        // Another key signs the heads of this size.
        let later = SignedRefusal { head: Head { size: 2, ..refusal.head }, ..refusal.clone() }.sign(&key(1));
        assert_eq!(read(&later), Err(StatementError::Unsigned));
        let head = Checkpoint { origin: refusal.origin.clone(), head: refusal.head }.sign(&key(1));
        assert_eq!(read(&head), Err(StatementError::Shape));
        for (old, new) in [("\n7\n", "\n8\n"), ("vote-closed", "lapsed"), ("\n0\n", "\n1\n")] {
            let changed = note.replacen(old, new, 1);
            assert_eq!(read(&changed), Err(StatementError::Unsigned), "{new}");
        }
    }
}
