//! Files given on the command line, read with a bound: whatever a path turns out to be, memory is not taken for it first.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::failure::Failure;

/// Bytes of a key, signature or head file.
pub(crate) const SMALL_BYTES_MAX: u64 = 64 * 1024;

/// Reads a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let cannot = |error: std::io::Error| Failure::io(format!("the file cannot be read: {shown}"), &error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(cannot)?;
    if limit < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return Err(Failure::input(format!("the file has more than {limit} bytes: {shown}")));
    }
    Ok(bytes)
}

/// Reads a text file of at most `limit` bytes.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, Failure> {
    let bytes = read(path, limit)?;
    String::from_utf8(bytes).map_err(|_| Failure::input(format!("the file is not UTF-8 text: {}", path.display())))
}
