//! Signed notes and the keys that verify them (C2SP signed-note v1.0.0).
//!
//! A note is text, an empty line, and signature lines. Lines of unknown signers mean nothing; of a known signer one line
//! must verify, and a second one is refused, because readers would disagree about which counts.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use crate::key::PublicKey;
use crate::limits::NOTE_SIGNATURES_MAX;

/// What a signature line begins with: an em dash and a space.
const PREFIX: &str = "\u{2014} ";

/// Tells whether a text can name a signer, and so be a log's origin.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !text.is_empty() && text.len() <= 255 && text.chars().all(plain)
}

/// How a signer signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Type 0x01: Ed25519 over the note's text. A log's key.
    Ed25519,
    /// Type 0x04: cosignature/v1, Ed25519 over a time and the note's text. A witness's key.
    Cosignature,
}

impl Scheme {
    const fn tag(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A signer's name, scheme and public key, as a line `name+id+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The name on its signature lines.
    pub name: String,
    /// How it signs.
    pub scheme: Scheme,
    /// Its key.
    pub key: PublicKey,
}

/// Why a text is no verifier key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// Not `name+id+key`.
    #[error("a verifier key is `name+id+key`, got: {0}")]
    Shape(String),
    /// Neither Ed25519 nor cosignature/v1.
    #[error("the verifier key of `{name}` is of type {tag:#04x}; known are 0x01 and 0x04")]
    Scheme {
        /// Whose key it is.
        name: String,
        /// The type found.
        tag: u8,
    },
    /// The strict key rule refuses it.
    #[error("the verifier key of `{0}` is not admissible")]
    Key(String, #[source] crate::key::KeyError),
    /// The id is not the one that name and key make.
    #[error("the id in the verifier key of `{0}` is not that of its name and key")]
    Id(String),
}

impl Signer {
    /// The first four bytes of SHA-256 over name, newline, type and key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new().chain_update(&self.name).chain_update([b'\n', self.scheme.tag()]);
        let digest = hash.chain_update(self.key.as_bytes()).finalize();
        digest.first_chunk::<4>().copied().unwrap_or_default()
    }

    /// A signature line of this signer, with its line ending.
    #[must_use]
    pub fn line(&self, signature: &[u8]) -> String {
        let blob = [self.id().as_slice(), signature].concat();
        format!("{PREFIX}{} {}\n", self.name, BASE64.encode(&blob))
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tagged = [&[self.scheme.tag()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), BASE64.encode(&tagged))
    }
}

impl FromStr for Signer {
    type Err = SignerError;

    fn from_str(text: &str) -> Result<Self, SignerError> {
        let shape = || SignerError::Shape(text.to_owned());
        // Base64 may hold a `+`, so only the first two separate.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(shape());
        };
        let bytes = BASE64.decode(key.as_bytes()).map_err(|_| shape())?;
        let (tag, key) = bytes.split_first().ok_or_else(shape)?;
        if !is_name(name) {
            return Err(shape());
        }
        let scheme = match *tag {
            0x01 => Scheme::Ed25519,
            0x04 => Scheme::Cosignature,
            tag => return Err(SignerError::Scheme { name: name.to_owned(), tag }),
        };
        let key = <&[u8; 32]>::try_from(key).map_err(|_| shape())?;
        let key = PublicKey::from_bytes(key).map_err(|why| SignerError::Key(name.to_owned(), why))?;
        let signer = Self { name: name.to_owned(), scheme, key };
        if hex::encode(signer.id()) == id { Ok(signer) } else { Err(SignerError::Id(name.to_owned())) }
    }
}

/// A note that has been taken apart; nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    lines: Vec<Line>,
}

/// A signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: String,
    blob: Vec<u8>,
}

/// Why a text is not a signed note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// No empty line stands between text and signatures.
    #[error("the note has no signatures")]
    NoSignatures,
    /// A control character in the text.
    #[error("the note's text holds a control character")]
    Control,
    /// A signature line that cannot be read, or too many.
    #[error("a signature line of the note cannot be read")]
    Line,
    /// A known signer's line appears twice.
    #[error("a signer that is known has two lines under the note")]
    Twice,
}

impl Note {
    /// Takes a note apart.
    ///
    /// # Errors
    /// [`NoteError`] names what is wrong with its form.
    pub fn read(note: &str) -> Result<Self, NoteError> {
        let split = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, signatures) = note.split_at(split.saturating_add(1));
        let body = signatures.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines: Vec<&str> = body.ok_or(NoteError::NoSignatures)?.split('\n').collect();
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(NoteError::Control);
        }
        if NOTE_SIGNATURES_MAX < u64::try_from(lines.len()).unwrap_or(u64::MAX) {
            return Err(NoteError::Line);
        }
        let lines = lines.into_iter().map(line).collect::<Option<_>>().ok_or(NoteError::Line)?;
        Ok(Self { text: text.to_owned(), lines })
    }

    /// The signed text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the signer's line carries after the key id, where the note has one line of the signer.
    ///
    /// # Errors
    /// [`NoteError::Twice`] for a second line.
    pub fn signature(&self, signer: &Signer) -> Result<Option<&[u8]>, NoteError> {
        let id = signer.id();
        let mut own = self.lines.iter().filter(|line| line.name == signer.name).filter_map(|line| {
            let (found, signature) = line.blob.split_first_chunk::<4>()?;
            (*found == id).then_some(signature)
        });
        match (own.next(), own.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => Err(NoteError::Twice),
        }
    }
}

fn line(line: &str) -> Option<Line> {
    let (name, blob) = line.strip_prefix(PREFIX)?.rsplit_once(' ')?;
    let blob = BASE64.decode(blob.as_bytes()).ok().filter(|blob| 4 < blob.len())?;
    is_name(name).then(|| Line { name: name.to_owned(), blob })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifier_keys_are_read_and_written() {
        for known in [
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "gov.example.org/ledger+1b4b41ff+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
            "w1.example.net/witness+1f19ce13+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
        ] {
            assert_eq!(known.parse::<Signer>().map(|signer| signer.to_string()), Ok(known.to_owned()));
        }
        let wrong = "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        assert_eq!(wrong.parse::<Signer>(), Err(SignerError::Id("example.com/foo".to_owned())));
        assert!(matches!("no key at all".parse::<Signer>(), Err(SignerError::Shape(_))));
    }
}
