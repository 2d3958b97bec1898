//! Files that a command writes: whole or not at all.

use std::path::Path;

use rollcall_storage::durable;

use crate::failure::Failure;

/// Replaces a file; a reader sees the old bytes or the new ones.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    durable::replace(path, bytes)
        .map_err(|error| Failure::io(format!("the file cannot be written: {}", path.display()), &error))
}
