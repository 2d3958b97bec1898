//! Checkpoints: heads of the log as C2SP signed notes, with no extension lines (tlog-checkpoint v1.0.0, signed-note v1.0.0).
//!
//! Signs and reads the one type 0x01 (Ed25519). Lines of other signers are kept apart and not judged here.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use crate::digest::TreeHash;
use crate::key::{PublicKey, Signature, SigningKey};
use crate::limits::NOTE_SIGNATURES_MAX;
use crate::tree::Head;

/// Signature type of Ed25519 in a note's key id.
const ED25519: u8 = 0x01;
/// What a signature line begins with: an em dash and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Tells whether a text can be a log's origin, which is also the name of its key in a signed note.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !text.is_empty() && text.len() <= 255 && text.chars().all(plain)
}

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
    /// No empty line stands between text and signatures.
    #[error("the note has no signatures")]
    NoSignatures,
    /// Not origin, size and root, a line each.
    #[error("the note's text is not origin, size and root, a line each")]
    Shape,
    /// A signature line that cannot be read, or too many.
    #[error("a signature line of the note cannot be read")]
    SignatureLine,
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
        let text = self.text();
        let id = key_id(&self.origin, key.verifying_bytes());
        let blob = [id.as_slice(), key.sign_raw(text.as_bytes()).as_bytes()].concat();
        format!("{text}\n{SIGNATURE_PREFIX}{} {}\n", self.origin, BASE64.encode(&blob))
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
            (Some(size), Some(root)) if is_origin(origin) => {
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
        let split = note.rfind("\n\n").ok_or(CheckpointError::NoSignatures)?;
        let (text, signatures) = note.split_at(split.saturating_add(1));
        let checkpoint = Self::read(text)?;
        if checkpoint.origin != origin {
            let (expected, got) = (origin.to_owned(), checkpoint.origin);
            return Err(CheckpointError::Origin { expected, got });
        }
        let own = key_id(origin, key.as_bytes());
        let mut found = false;
        let signatures = signatures.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines: Vec<&str> = signatures.ok_or(CheckpointError::NoSignatures)?.split('\n').collect();
        if NOTE_SIGNATURES_MAX < u64::try_from(lines.len()).unwrap_or(u64::MAX) {
            return Err(CheckpointError::SignatureLine);
        }
        for line in lines {
            let (name, blob) = signature_line(line).ok_or(CheckpointError::SignatureLine)?;
            let Some((id, signature)) = blob.split_first_chunk::<4>() else {
                return Err(CheckpointError::SignatureLine);
            };
            // Lines of unknown signers are ignored; one of the log's own must verify, and stands there once.
            if name != origin || *id != own {
                continue;
            }
            let signature = <[u8; 64]>::try_from(signature).map_err(|_| CheckpointError::SignatureLine)?;
            if found || !key.verifies_raw(text.as_bytes(), &Signature::from_bytes(signature)) {
                return Err(CheckpointError::Unsigned);
            }
            found = true;
        }
        if found { Ok(checkpoint) } else { Err(CheckpointError::Unsigned) }
    }
}

fn signature_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, blob) = line.strip_prefix(SIGNATURE_PREFIX)?.rsplit_once(' ')?;
    Some((name, BASE64.decode(blob.as_bytes()).ok()?)).filter(|_| is_origin(name))
}

/// The first four bytes of SHA-256 over name, newline, signature type and key.
fn key_id(name: &str, key: &[u8; 32]) -> [u8; 4] {
    let digest = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key).finalize();
    digest.first_chunk::<4>().copied().unwrap_or_default()
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
        assert_eq!(verify(&checkpoint.text()), Err(CheckpointError::NoSignatures));
        let extended = note.replacen("\n\n", "\nextension\n\n", 1);
        assert_eq!(verify(&extended), Err(CheckpointError::Shape));
        let line = note.lines().last().unwrap();
        assert_eq!(verify(&format!("{note}{line}\n")), Err(CheckpointError::Unsigned));
        assert!(verify(&format!("{note}\u{2014} w AAAAAAAA\n")).is_ok());
        let other = SigningKey::from_seed(&[2; 32]).public().unwrap();
        assert_eq!(Checkpoint::verify(&note, "o", &other), Err(CheckpointError::Unsigned));
        let elsewhere = CheckpointError::Origin { expected: "p".to_owned(), got: "o".to_owned() };
        assert_eq!(Checkpoint::verify(&note, "p", &public), Err(elsewhere));
    }
}
