//! Cosignatures: what a witness says of a checkpoint (C2SP tlog-cosignature, cosignature/v1).
//!
//! The signed bytes name neither the witness nor what else it vouches for, so a witness has one key for one statement.

use crate::key::{PublicKey, Signature, SigningKey};
use crate::note::{Note, NoteError, Scheme, Signer};

/// Bytes of a cosignature after its key id: seconds and an Ed25519 signature.
const BYTES: usize = 72;

/// Why a known witness's line says nothing good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// The note's form.
    #[error("the cosignatures cannot be read")]
    Note(#[source] NoteError),
    /// The line of a known witness does not verify.
    #[error("the cosignature of `{0}` does not verify")]
    Invalid(String),
}

/// A witness as a signer of notes.
#[must_use]
pub fn witness_signer(name: &str, key: &PublicKey) -> Signer {
    Signer { name: name.to_owned(), scheme: Scheme::Cosignature, key: key.clone() }
}

fn message(seconds: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

/// The line by which a witness cosigns a checkpoint's text at a time in Unix seconds.
#[must_use]
pub fn cosign(text: &str, seconds: u64, name: &str, key: &SigningKey) -> String {
    let Ok(public) = key.public() else { return String::new() };
    let signature = key.sign_raw(&message(seconds, text));
    let blob = [seconds.to_be_bytes().as_slice(), signature.as_bytes()].concat();
    witness_signer(name, &public).line(&blob)
}

/// When the witness cosigned the note, in Unix seconds; nothing where it has not.
///
/// # Errors
/// [`CosignatureError`] for a line of this witness that does not verify, a second one, or a time of zero.
pub fn cosigned_at(note: &Note, witness: &Signer) -> Result<Option<u64>, CosignatureError> {
    let invalid = || CosignatureError::Invalid(witness.name.clone());
    let Some(blob) = note.signature(witness).map_err(CosignatureError::Note)? else { return Ok(None) };
    let (seconds, signature) = blob.split_first_chunk::<8>().filter(|_| blob.len() == BYTES).ok_or_else(invalid)?;
    let signature = <[u8; 64]>::try_from(signature).map_err(|_| invalid())?;
    let seconds = u64::from_be_bytes(*seconds);
    let good = witness.key.verifies_raw(&message(seconds, note.text()), &Signature::from_bytes(signature));
    if good && 0 < seconds && seconds <= i64::MAX.unsigned_abs() { Ok(Some(seconds)) } else { Err(invalid()) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const NOTE: &str = "gov.example.org/ledger
7
kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=

\u{2014} gov.example.org/ledger G0tB/1XVr0sDWIE1PK0fyMv0J68+OA8DfASl2pGuU+Ox9cZCz8Dw75LYA+G1LM+vH1+ZEKHkW2IJGMDzEZr8cmDKjQ4=
\u{2014} w1.example.net/witness HxnOEwAAAABlU/EA+k5HK+MRrq8o7wyCl0QrbxRmABpjijdHeCXoqs1uUzqtm6JOPO+5Wej5YXlHBQyBZCXhgkww5AFti9WTgN2KBw==
";

    /// Lines that other implementations accept.
    #[test]
    fn the_known_cosignature_comes_out_byte_for_byte() {
        let note = Note::read(NOTE).unwrap();
        let key = SigningKey::from_seed(&[2; 32]);
        let line = cosign(note.text(), 1_700_000_000, "w1.example.net/witness", &key);
        assert!(NOTE.ends_with(&line), "{line}");
        let witness = witness_signer("w1.example.net/witness", &key.public().unwrap());
        assert_eq!(cosigned_at(&note, &witness), Ok(Some(1_700_000_000)));
        let other = witness_signer("w2.example.net/witness", &key.public().unwrap());
        assert_eq!(cosigned_at(&note, &other), Ok(None));
        let twice = Note::read(&format!("{NOTE}{line}")).unwrap();
        assert_eq!(cosigned_at(&twice, &witness), Err(CosignatureError::Note(NoteError::Twice)));
        let moved = Note::read(&NOTE.replacen("\n7\n", "\n8\n", 1)).unwrap();
        assert_eq!(cosigned_at(&moved, &witness), Err(CosignatureError::Invalid("w1.example.net/witness".to_owned())));
    }
}
