//! The attachment store: files beside the log, each a random salt and a content, named by the digest of both.
//!
//! The log holds the digest alone, so that a file can be erased and every proof still verifies (trap D17).

use std::path::{Path, PathBuf};

use rollcall_core::digest::{ATTACHMENT_CONTEXT, Digest, derive};
use rollcall_core::state::State;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::{input, output};

/// Bytes of one attachment.
pub(crate) const BYTES_MAX: u64 = 16 * 1024 * 1024;
const SALT_BYTES: u64 = 32;

/// Where a ledger's attachments lie.
pub(crate) fn folder(ledger: &Path) -> PathBuf {
    ledger.with_added_extension("attachments")
}

fn file(ledger: &Path, digest: &Digest) -> PathBuf {
    folder(ledger).join(digest.to_string())
}

fn digest_of(blob: &[u8]) -> Digest {
    Digest::from_bytes(derive(ATTACHMENT_CONTEXT, blob))
}

/// Keeps a content and returns the digest by which events name it.
pub(crate) fn add(ledger: &Path, content: &[u8]) -> Result<Digest, Failure> {
    let mut blob = vec![0; usize::try_from(SALT_BYTES).unwrap_or(32)];
    getrandom::fill(&mut blob).map_err(|error| Failure::io("the system gave no randomness", &error))?;
    blob.extend_from_slice(content);
    let digest = digest_of(&blob);
    let folder = folder(ledger);
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::io(format!("the folder cannot be made: {}", folder.display()), &error))?;
    output::create(&file(ledger, &digest), &blob, 0o600)?;
    Ok(digest)
}

/// What is there of an attachment.
pub(crate) enum Found {
    Content(Vec<u8>),
    Altered,
    Absent,
}

/// Reads an attachment and checks that it is the one that its digest names.
pub(crate) fn read(ledger: &Path, digest: &Digest) -> Result<Found, Failure> {
    let path = file(ledger, digest);
    if !path.exists() {
        return Ok(Found::Absent);
    }
    let mut blob = input::read(&path, BYTES_MAX.saturating_add(SALT_BYTES))?;
    if digest_of(&blob) != *digest {
        return Ok(Found::Altered);
    }
    let salt = usize::try_from(SALT_BYTES).unwrap_or(32).min(blob.len());
    blob.drain(..salt);
    Ok(Found::Content(blob))
}

/// Removes an attachment's file; one that is gone already is gone.
pub(crate) fn remove(ledger: &Path, digest: &Digest) -> Result<bool, Failure> {
    let path = file(ledger, digest);
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::io(format!("the file cannot be removed: {}", path.display()), &error)),
    }
}

/// What has become of every attachment that the log names: kept, altered, erased, still there although erased, or not here.
pub(crate) fn survey(ledger: &Path, state: &State) -> Result<Vec<(Digest, &'static str)>, Failure> {
    let mut rows = Vec::new();
    for (digest, attachment) in state.attachments().iter() {
        let found = read(ledger, digest)?;
        let word = match (attachment.erased.is_some(), found) {
            (true, Found::Absent) => "erased",
            (true, Found::Content(_) | Found::Altered) => "erased in the log, and still here",
            (false, Found::Content(_)) => "kept",
            (false, Found::Altered) => "altered",
            (false, Found::Absent) => "not here",
        };
        rows.push((*digest, word));
    }
    Ok(rows)
}

/// Files of the store that no event names.
pub(crate) fn unnamed(ledger: &Path, state: &State) -> Result<Vec<Digest>, Failure> {
    let folder = folder(ledger);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let cannot =
        |error: std::io::Error| Failure::io(format!("the folder cannot be read: {}", folder.display()), &error);
    let mut digests = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        let digest = name.to_str().and_then(|name| name.parse::<Digest>().ok());
        digests.extend(digest.filter(|digest| state.attachments().get(digest).is_none()));
    }
    digests.sort();
    Ok(digests)
}

/// How many attachments have become what, in words and as JSON.
pub(crate) fn summary(rows: &[(Digest, &'static str)]) -> (String, Value) {
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    for (_, word) in rows {
        let count = counts.entry(word).or_default();
        *count = count.saturating_add(1);
    }
    let words: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    (format!("attachments: {words}"), json!(counts))
}
