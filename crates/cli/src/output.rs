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

/// Writes a new file beside those that are there: at this path, or at it with a number. Returns where.
pub(crate) fn create_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, Failure> {
    for at in numbered(path)?.skip_while(|at| at.symlink_metadata().is_ok()) {
        match durable::create(&at, bytes, 0o644) {
            // Another process was first.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(&at, &error)),
            Ok(()) => return Ok(at),
        }
    }
    Err(cannot(path, &ErrorKind::AlreadyExists.into()))
}

/// The same, unless one of those that are there holds these bytes already. Returns where they are.
pub(crate) fn keep_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let mut there = numbered(path)?.take_while(|at| at.symlink_metadata().is_ok());
    there.find(|at| holds(at, bytes)).map_or_else(|| create_beside(path, bytes), Ok)
}

/// This path, and it with each number from 2 on.
fn numbered(path: &Path) -> Result<impl Iterator<Item = PathBuf>, Failure> {
    if path.file_name().is_none() {
        return Err(cannot(path, &Error::new(ErrorKind::InvalidInput, "it is not a file")));
    }
    let later = (2_u32..).map(|number| path.with_added_extension(number.to_string()));
    Ok(std::iter::once(path.to_path_buf()).chain(later))
}

/// Tells whether these are the bytes of a file; a device or a pipe is not read.
pub(crate) fn holds(path: &Path, bytes: &[u8]) -> bool {
    let length = u64::try_from(bytes.len());
    let alike = path.metadata().is_ok_and(|there| there.is_file() && Ok(there.len()) == length);
    alike && std::fs::read(path).is_ok_and(|there| there == bytes)
}
