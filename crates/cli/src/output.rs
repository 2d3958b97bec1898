//! Files that a command writes: whole or not at all.

use std::fs::Metadata;
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

/// Writes a file beside those that are there: at this path, or at it with a number. Nothing is written where one of them holds these
/// bytes already. Returns the path of what holds them.
pub(crate) fn create_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let mut at = path.to_path_buf();
    for number in 2_u32.. {
        match at.symlink_metadata() {
            Ok(there) if there.is_file() && holds(&at, &there, bytes) => return Ok(at),
            Ok(_) => {}
            Err(_) => match durable::create(&at, bytes, 0o644) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot(&at, &error)),
                Ok(()) => return Ok(at),
            },
        }
        at = path.with_added_extension(number.to_string());
    }
    Err(cannot(path, &ErrorKind::AlreadyExists.into()))
}

fn holds(path: &Path, file: &Metadata, bytes: &[u8]) -> bool {
    u64::try_from(bytes.len()) == Ok(file.len()) && std::fs::read(path).is_ok_and(|there| there == bytes)
}
