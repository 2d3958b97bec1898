//! Checkpoints: heads of the log as C2SP signed notes, with no extension lines (tlog-checkpoint v1.0.0).

use data_encoding::BASE64;

use crate::digest::TreeHash;
use crate::key::{PublicKey, Signature, SigningKey};
use crate::note::{Note, NoteError, Scheme, Signer, is_name};
use crate::tree::Head;

/// A head of a log, by the log's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's origin line.
    pub origin: String,
    /// The head.
    pub head: Head,
}

/// Why text is not a checkpoint signed by a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("the checkpoint is not a signed note")]
    Note(#[source] NoteError),
    /// Not origin, size and root, a line each.
    #[error("the note's text is not origin, size and root, a line each")]
    Shape,
    /// The origin is another log's.
    #[error("the checkpoint is of the log `{got}`, expected: `{expected}`")]
    Origin {
        /// The log expected.
        expected: String,
        /// The log named.
        got: String,
    },
    /// The log has not signed it, or its signature does not verify.
    #[error("the log's key has not signed the checkpoint")]
    Unsigned,
}

/// The log of an origin as a signer of notes.
#[must_use]
pub fn log_signer(origin: &str, key: &PublicKey) -> Signer {
    Signer { name: origin.to_owned(), scheme: Scheme::Ed25519, key: key.clone() }
}

impl Checkpoint {
    /// The text that is signed: origin, size, root.
    #[must_use]
    pub fn text(&self) -> String {
        let Head { size, root } = self.head;
        format!("{}\n{size}\n{}\n", self.origin, BASE64.encode(root.as_bytes()))
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        format!("{}\n{}", self.text(), self.signature_line(key))
    }

    /// The signature line of a key of this log.
    #[must_use]
    pub fn signature_line(&self, key: &SigningKey) -> String {
        // A signing key's public half is admissible: it is the base point times a clamped scalar.
        let Ok(public) = key.public() else { return String::new() };
        log_signer(&self.origin, &public).line(key.sign_raw(self.text().as_bytes()).as_bytes())
    }

    /// Reads a text of origin, size and root.
    ///
    /// # Errors
    /// [`CheckpointError::Shape`] for anything else, extension lines included.
    pub fn read(text: &str) -> Result<Self, CheckpointError> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(CheckpointError::Shape)?.split('\n').collect();
        let [origin, size, root] = lines.as_slice() else { return Err(CheckpointError::Shape) };
        let decimal = *size == "0" || !size.starts_with('0') && size.bytes().all(|b| b.is_ascii_digit());
        let size = size.parse().ok().filter(|_| decimal);
        let root = BASE64.decode(root.as_bytes()).ok().and_then(|root| <[u8; 32]>::try_from(root).ok());
        match (size, root) {
            (Some(size), Some(root)) if is_name(origin) => {
                let head = Head { size, root: TreeHash::from_bytes(root) };
                Ok(Self { origin: (*origin).to_owned(), head })
            }
            _ => Err(CheckpointError::Shape),
        }
    }

    /// Reads a note that the log of this origin and key has signed.
    ///
    /// # Errors
    /// [`CheckpointError`] names what is wrong.
    pub fn verify(note: &str, origin: &str, key: &PublicKey) -> Result<Self, CheckpointError> {
        Self::verify_note(&Note::read(note).map_err(CheckpointError::Note)?, origin, key)
    }

    /// Reads a note, taken apart, that the log of this origin and key has signed.
    ///
    /// # Errors
    /// [`CheckpointError`] names what is wrong.
    pub fn verify_note(note: &Note, origin: &str, key: &PublicKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::read(note.text())?;
        if checkpoint.origin != origin {
            let (expected, got) = (origin.to_owned(), checkpoint.origin);
            return Err(CheckpointError::Origin { expected, got });
        }
        let signature = note.signature(&log_signer(origin, key)).map_err(CheckpointError::Note)?;
        let signature = signature.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let signed = signature
            .is_some_and(|signature| key.verifies_raw(note.text().as_bytes(), &Signature::from_bytes(signature)));
        if signed { Ok(checkpoint) } else { Err(CheckpointError::Unsigned) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// The signature that other implementations accept for this key, origin and head.
    #[test]
    fn the_known_note_comes_out_byte_for_byte() {
        let key = SigningKey::from_seed(&[1; 32]);
        let root: [u8; 32] = hex::decode("9139601cc1ca8ab2a7a0c2c134c04845f2b1ba549a83d6c845cfcda439cc585d")
            .unwrap()
            .try_into()
            .unwrap();
        let head = Head { size: 7, root: TreeHash::from_bytes(root) };
        let checkpoint = Checkpoint { origin: "gov.example.org/ledger".to_owned(), head };
        let note = checkpoint.sign(&key);
        assert!(note.ends_with(
            "\u{2014} gov.example.org/ledger G0tB/1XVr0sDWIE1PK0fyMv0J68+OA8DfASl2pGuU+Ox9cZCz8Dw75LYA+G1LM+vH1+ZEKHkW2IJGMDzEZr8cmDKjQ4=\n"
        ));
        let public = key.public().unwrap();
        assert_eq!(Checkpoint::verify(&note, "gov.example.org/ledger", &public), Ok(checkpoint));
    }

    #[test]
    fn what_is_not_the_logs_own_is_refused() {
        let key = SigningKey::from_seed(&[1; 32]);
        let public = key.public().unwrap();
        let checkpoint = Checkpoint { origin: "o".to_owned(), head: Head::empty() };
        let note = checkpoint.sign(&key);
        let verify = |note: &str| Checkpoint::verify(note, "o", &public);
        assert_eq!(verify(&note.replace("\n0\n", "\n1\n")), Err(CheckpointError::Unsigned));
        assert_eq!(verify(&note.replace("\n0\n", "\n00\n")), Err(CheckpointError::Shape));
        assert_eq!(verify(&checkpoint.text()), Err(CheckpointError::Note(NoteError::NoSignatures)));
        let extended = note.replacen("\n\n", "\nextension\n\n", 1);
        assert_eq!(verify(&extended), Err(CheckpointError::Shape));
        let line = note.lines().last().unwrap();
        assert_eq!(verify(&format!("{note}{line}\n")), Err(CheckpointError::Note(NoteError::Twice)));
        assert!(verify(&format!("{note}\u{2014} w AAAAAAAA\n")).is_ok());
        let other = SigningKey::from_seed(&[2; 32]).public().unwrap();
        assert_eq!(Checkpoint::verify(&note, "o", &other), Err(CheckpointError::Unsigned));
        let elsewhere = CheckpointError::Origin { expected: "p".to_owned(), got: "o".to_owned() };
        assert_eq!(Checkpoint::verify(&note, "p", &public), Err(elsewhere));
    }
}
