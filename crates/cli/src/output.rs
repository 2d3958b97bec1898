//! Files that a command writes: whole or not at all.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use rollcall_storage::durable;

use crate::failure::Failure;

/// Writes a file that is not there yet, with these permissions; whatever is there stays as it is.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let created = durable::create(path, bytes, mode).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Error::other("it is there already, and stays as it is; name another one"),
        _ => error,
    });
    created.map_err(|error| cannot(path, &error))
}

/// Replaces a file; a reader sees the old bytes or the new ones.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    durable::replace(path, bytes).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &Error) -> Failure {
    Failure::io(format!("the file cannot be written: {}", path.display()), error)
}

/// A path at which nothing is yet: this one, or it with a number.
pub(crate) fn unused(path: &Path) -> PathBuf {
    let numbered = (2_u32..).map(|number| path.with_added_extension(number.to_string()));
    std::iter::once(path.to_path_buf())
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.to_path_buf())
}
