//! Files that a command writes: whole or not at all.

use std::path::{Path, PathBuf};

use rollcall_storage::durable;

use crate::failure::Failure;

/// Writes a file that is not there yet: whatever is stays as it is.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    crate::keys::write_new(path, bytes, 0o644)
}

/// Replaces a file; a reader sees the old bytes or the new ones.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    durable::replace(path, bytes)
        .map_err(|error| Failure::io(format!("the file cannot be written: {}", path.display()), &error))
}

/// A path at which nothing is yet: this one, or it with a number.
pub(crate) fn unused(path: &Path) -> PathBuf {
    let numbered = (2_u32..).map(|number| path.with_added_extension(number.to_string()));
    std::iter::once(path.to_path_buf())
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.to_path_buf())
}
