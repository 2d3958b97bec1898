//! Files that are whole or not there: written beside, made durable, put in place by one rename, and the folder made durable.
//! An error means that the old bytes may still be there, never that half of the new ones are.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What the name of an unfinished file begins with; one that is left behind by an interruption means nothing.
const UNFINISHED: &str = ".rollcall-unfinished-";

/// Replaces a file: whoever reads it sees the old bytes or the new ones, after a crash too. A link stays one, and what it points to is
/// replaced; what is no file, a device or a pipe, is left alone.
///
/// # Errors
/// The system's, or that it is no file; then the old bytes are in place, or the new ones are and may not outlast a crash.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_by(path, |file| file.write_all(bytes))
}

/// The same, of bytes that `write` writes.
///
/// # Errors
/// The system's; then the old bytes are in place, or the new ones are and may not outlast a crash.
pub fn replace_by(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let path = target(path)?;
    let folder = folder_of(&path);
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).permissions(readable()).tempfile_in(&folder);
    // Without the name of the unfinished file, which nobody has given.
    let unnamed = |error: io::Error| {
        let what = error.to_string();
        io::Error::new(error.kind(), what.split(" at path ").next().unwrap_or_default())
    };
    let mut file = unfinished.map_err(unnamed)?;
    write(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(&folder)?.sync_all()
}

/// Makes a folder and those above it, each made durable in the one that holds it.
///
/// # Errors
/// The system's.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let above = folder_of(path);
    make_folder(&above)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::open(above)?.sync_all()
}

/// Removes what interrupted writes have left in a folder.
///
/// # Errors
/// The system's.
pub fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Where a path leads, if a file is there or may be put there.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")),
        Ok(_) => fs::canonicalize(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_path_buf()),
        Err(error) => Err(error),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new(".")).to_path_buf()
}

fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn a_link_stays_one_and_what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(replace(folder.path(), b"new").unwrap_err().to_string(), "it is not a file");
        let nowhere = replace(&folder.path().join("none/file"), b"new").unwrap_err().to_string();
        assert!(!nowhere.contains(UNFINISHED), "{nowhere}");
    }
}
