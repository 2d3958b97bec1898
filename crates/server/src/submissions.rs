//! Signed acts that a witness is shown: it verifies the signature, notes the time under a key of its own for that, and keeps
//! both. It judges nothing else, so what it keeps of strangers is bounded.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rollcall_core::event::{Keyring, SignedEvent};
use rollcall_core::key::{PublicKey, SigningKey};
use rollcall_core::note::Signer;
use rollcall_core::submission::{Shown, Submission, submission_signer};
use rollcall_storage::durable;

use crate::fetch::agent;
use crate::unix_seconds;

/// From the witness's key to the one that signs what it says of submissions.
const KEY_CONTEXT: &str = "rollcall witness submissions v1";
/// Acts that a witness keeps.
const KEPT_MAX: usize = 10_000;
/// How long a witness is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// The acts that a witness was shown.
pub struct Submissions {
    name: String,
    key: SigningKey,
    folder: PathBuf,
    turn: Mutex<()>,
}

impl fmt::Debug for Submissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submissions").field("name", &self.name).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Why an act is not noted.
#[derive(Debug, thiserror::Error)]
pub enum NotNoted {
    /// Not a signed event.
    #[error("it is no signed event: {0}")]
    Malformed(String),
    /// Its signature is refused.
    #[error("its signature is refused: {0}")]
    Signature(String),
    /// The witness keeps as many as it can.
    #[error("the witness keeps {KEPT_MAX} acts and takes no more")]
    Full,
    /// The system's.
    #[error("it cannot be kept")]
    Io(#[from] io::Error),
}

/// The key that signs what a witness says of submissions, made from its own: one key, one statement.
#[must_use]
pub fn submission_key(witness: &SigningKey) -> SigningKey {
    witness.derived(KEY_CONTEXT)
}

/// The verifier key of [`submission_key`].
///
/// # Errors
/// When the key is not admissible, which a derived one never is.
pub fn signer(name: &str, witness: &SigningKey) -> Result<Signer, rollcall_core::key::KeyError> {
    let public: PublicKey = submission_key(witness).public()?;
    Ok(submission_signer(name, &public))
}

impl Submissions {
    /// Those of a witness, kept in a folder.
    ///
    /// # Errors
    /// The system's.
    pub fn new(name: &str, witness: &SigningKey, folder: &Path) -> io::Result<Self> {
        durable::make_folder(folder)?;
        durable::sweep(folder)?;
        let (name, folder) = (name.to_owned(), folder.to_path_buf());
        Ok(Self { name, key: submission_key(witness), folder, turn: Mutex::new(()) })
    }

    /// Notes an act and answers with the signed time; the same act again has the time of the first.
    ///
    /// # Errors
    /// [`NotNoted`] says why nothing is kept.
    pub fn note(&self, bytes: &[u8]) -> Result<String, NotNoted> {
        let malformed = |error: &dyn std::error::Error| NotNoted::Malformed(error.to_string());
        let event = SignedEvent::decode(bytes).map_err(|error| malformed(&error))?;
        let shown = Shown::of(&event);
        let id = shown.digest.to_string();
        event.verify(&mut Keyring::default()).map_err(|error| NotNoted::Signature(error.to_string()))?;
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = self.shown(&id)? {
            return Ok(known);
        }
        if KEPT_MAX.saturating_mul(2) <= fs::read_dir(&self.folder)?.count() {
            return Err(NotNoted::Full);
        }
        let note = Submission { shown, seconds: unix_seconds().max(1) }.sign(&self.name, &self.key);
        // The act first: a time without its act would say little.
        durable::replace(&self.folder.join(format!("{id}.event")), bytes)?;
        durable::replace(&self.folder.join(format!("{id}.submission")), note.as_bytes())?;
        Ok(note)
    }

    /// The signed time of an act, by the digest of all of it in hexadecimal.
    ///
    /// # Errors
    /// The system's.
    pub fn shown(&self, id: &str) -> io::Result<Option<String>> {
        self.file(id, "submission").and_then(|found| found.map(String::from_utf8).transpose().map_err(io::Error::other))
    }

    /// An act, by the digest of all of it in hexadecimal.
    ///
    /// # Errors
    /// The system's.
    pub fn event(&self, id: &str) -> io::Result<Option<Vec<u8>>> {
        self.file(id, "event")
    }

    fn file(&self, id: &str, kind: &str) -> io::Result<Option<Vec<u8>>> {
        if id.len() != 64 || !id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return Ok(None);
        }
        match fs::read(self.folder.join(format!("{id}.{kind}"))) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Shows an act to the witness at an address; its answer is not verified here.
///
/// # Errors
/// In words, what it says instead.
pub fn submit(url: &str, event: &[u8]) -> Result<String, String> {
    let address = format!("{}/submissions", url.trim_end_matches('/'));
    let words = |error: ureq::Error| error.to_string();
    let mut response = agent(PATIENCE).post(&address).content_type("application/cbor").send(event).map_err(words)?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().map_err(words)?;
    match status {
        200 => Ok(body),
        404 | 405 => Err("it takes no submissions".to_owned()),
        _ => Err(format!("it answers {status}: {}", body.trim_end())),
    }
}
