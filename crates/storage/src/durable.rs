//! Files that are whole or not there: written beside, made durable, put in place by one rename, and the folder made durable.
//! An error means that the old bytes may still be there, never that half of the new ones are.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What the name of an unfinished file begins with; one that is left behind by an interruption means nothing.
const UNFINISHED: &str = ".rollcall-unfinished-";

/// Replaces a file: whoever reads it sees the old bytes or the new ones, after a crash too. A link is replaced and not followed, so that
/// nobody turns a write elsewhere; a folder, a device or a pipe is left alone, and a link to one.
///
/// # Errors
/// The system's, or that it is no file; then the old bytes are in place, or the new ones are and may not outlast a crash.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_by(path, |file| file.write_all(bytes))
}

/// The same, of bytes that `write` writes.
///
/// # Errors
/// The system's, or that it is no file; then the old bytes are in place, or the new ones are and may not outlast a crash.
pub fn replace_by(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    put(path, 0o644, write, |file| file.persist(path).map(drop).map_err(|error| error.error))
}

/// Writes a file that is not there yet, with these permissions; whatever is there stays as it is.
///
/// # Errors
/// The system's, of the kind `AlreadyExists` where something is there. Then nothing is written, or it is and may not outlast a crash.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let place = |file: NamedTempFile| file.persist_noclobber(path).map(drop).map_err(|error| error.error);
    put(path, mode, |file| file.write_all(bytes), place)
}

fn put(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<()>,
    place: impl FnOnce(NamedTempFile) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    // One that cannot be made durable is told before anything is in it.
    let opened = File::open(&folder)?;
    let begun =
        tempfile::Builder::new().prefix(UNFINISHED).permissions(Permissions::from_mode(mode)).tempfile_in(&folder);
    // The name of the unfinished file is none that anybody has given.
    let unnamed = |error: io::Error| {
        let what = error.to_string();
        io::Error::new(error.kind(), what.split(" at path ").next().unwrap_or_default())
    };
    let mut file = begun.map_err(unnamed)?;
    write(file.as_file_mut())?;
    file.as_file().sync_all()?;
    place(file)?;
    opened.sync_all()
}

/// Makes a folder and those above it, each made durable in the one that holds it.
///
/// # Errors
/// The system's; of the kind `NotADirectory` where something else is there.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let above = folder_of(path);
    make_folder(&above)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        // Another process may have made it meanwhile.
        Err(_) if !path.is_dir() => return Err(io::ErrorKind::NotADirectory.into()),
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

/// Makes durable that a file is in its folder.
///
/// # Errors
/// The system's.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new(".")).to_path_buf()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn a_link_is_not_followed_and_what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!((fs::read(&file).unwrap(), fs::read(&link).unwrap()), (b"old".to_vec(), b"new".to_vec()));
        assert_eq!(replace(folder.path(), b"new").unwrap_err().to_string(), "it is not a file");
        let (to_folder, to_nothing) = (folder.path().join("to folder"), folder.path().join("to nothing"));
        std::os::unix::fs::symlink(folder.path(), &to_folder).unwrap();
        std::os::unix::fs::symlink(folder.path().join("nothing"), &to_nothing).unwrap();
        assert_eq!(replace(&to_folder, b"new").unwrap_err().to_string(), "it is not a file");
        replace(&to_nothing, b"new").unwrap();
        assert!(to_folder.is_symlink() && !to_nothing.is_symlink() && !folder.path().join("nothing").exists());
        assert_eq!(create(&file, b"new", 0o600).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&file).unwrap(), b"old");
        let nowhere = replace(&folder.path().join("none/file"), b"new").unwrap_err().to_string();
        assert!(nowhere.starts_with("No such file") && !nowhere.contains(UNFINISHED), "{nowhere}");
        assert_eq!(make_folder(&file).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(make_folder(&file.join("below")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        let locked = folder.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, Permissions::from_mode(0o333)).unwrap();
        // Whoever may do everything may read it too.
        if fs::read_dir(&locked).is_err() {
            assert_eq!(create(&locked.join("file"), b"", 0o644).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            fs::set_permissions(&locked, Permissions::from_mode(0o755)).unwrap();
            assert_eq!(fs::read_dir(&locked).unwrap().count(), 0);
        }
    }
}
