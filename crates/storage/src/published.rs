//! A log as static files (C2SP tlog-tiles): written so that the folder is valid at every instant for the checkpoint that it
//! shows, and read from a folder or from wherever else files come. A file of the layout is never rewritten, and a folder that shows
//! another history is never published into.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rollcall_core::checkpoint::{Checkpoint, CheckpointError};
use rollcall_core::digest::TreeHash;
use rollcall_core::limits::{ENTRY_BYTES_MAX, NOTE_BYTES_MAX};
use rollcall_core::note::Note;
use rollcall_core::tiles::{self, CHECKPOINT, Tile, WIDTH};
use rollcall_core::tree::{Head, Tree};

use crate::{StoreError, durable};

/// Bytes of a tile that are read: more than one holds, so that one that is too long is a fault that can be named.
const TILE_BYTES_MAX: u64 = 65_536;

/// How long a publication waits for another one to end.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(30);

/// Where published files come from.
pub trait Files {
    /// The bytes at a path of the layout, if there are any; at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be found out.
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// How the place calls itself.
    fn place(&self) -> String;

    /// The paths of all files, where the place can tell; a web server does not.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn paths(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

/// A folder of published files.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        use io::Read as _;
        let path = self.0.join(path);
        // A pipe would be waited for.
        if fs::metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return Err(StoreError::Foreign { path: path.display().to_string(), what: "it is no file".to_owned() });
        }
        let mut file = match fs::File::open(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            other => other.map_err(|error| failed(&path, &error))?,
        };
        let mut bytes = Vec::new();
        let limited = &mut (&mut file).take(limit.saturating_add(1));
        limited.read_to_end(&mut bytes).map_err(|error| failed(&path, &error))?;
        if limit < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
            return Err(StoreError::Damaged {
                path: path.display().to_string(),
                what: format!("more than {limit} bytes"),
            });
        }
        Ok(Some(bytes))
    }

    fn place(&self) -> String {
        self.0.display().to_string()
    }

    fn paths(&self) -> Result<Vec<String>, StoreError> {
        let (mut paths, mut folders) = (Vec::new(), vec![PathBuf::new()]);
        while let Some(next) = folders.pop() {
            let folder = self.0.join(&next);
            for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
                let name = next.join(entry.map_err(|error| failed(&folder, &error))?.file_name());
                if self.0.join(&name).is_dir() {
                    folders.push(name);
                } else {
                    paths.push(name.to_string_lossy().into_owned());
                }
            }
        }
        paths.sort();
        Ok(paths)
    }
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io { path: path.display().to_string(), what: error.to_string() }
}

/// A published log, by the checkpoint that it shows; nothing is verified.
#[derive(Debug)]
pub struct Published<F> {
    files: F,
    note: String,
    checkpoint: Checkpoint,
}

impl<F: Files> Published<F> {
    /// Reads the checkpoint; nothing where there is none.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] where what is there is no checkpoint.
    pub fn open(files: F) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = files.read(CHECKPOINT, NOTE_BYTES_MAX)? else { return Ok(None) };
        let foreign = |what: &str| StoreError::Foreign { path: files.place(), what: what.to_owned() };
        let note = String::from_utf8(bytes).map_err(|_| foreign("its checkpoint is not UTF-8"))?;
        let parsed = Note::read(&note).map_err(CheckpointError::Note).and_then(|note| Checkpoint::read(note.text()));
        let checkpoint = parsed.map_err(|error| foreign(&format!("its checkpoint cannot be read: {error}")))?;
        Ok(Some(Self { files, note, checkpoint }))
    }

    /// The checkpoint as it is published.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Origin, size and root that it states.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The files.
    #[must_use]
    pub const fn files(&self) -> &F {
        &self.files
    }

    /// Entries of a range: those that one bundle holds of it. None where the bundle is missing or not made of whole ones.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        entries(&self.files, self.checkpoint.head.size, range)
    }

    /// The hashes of a tile as it is published; a partial one may have given way to the full one.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn hashes(&self, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut bytes) = either(&self.files, tile, TILE_BYTES_MAX)? else { return Ok(None) };
        let expected = usize::try_from(tile.width.saturating_mul(32)).unwrap_or(usize::MAX);
        if tile.width < WIDTH && bytes.len() == usize::try_from(WIDTH.saturating_mul(32)).unwrap_or(usize::MAX) {
            bytes.truncate(expected);
        }
        Ok(Some(bytes))
    }
}

/// Entries of a range of a log of `size` entries: those that one bundle holds of it. None where the bundle is missing.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub fn entries(files: &impl Files, size: u64, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
    read_bundle(files, size, range).map(|(entries, _)| entries)
}

/// The entries, and the bundle if it holds anything besides its own.
pub(crate) fn read_bundle(
    files: &impl Files,
    size: u64,
    range: Range<u64>,
) -> Result<(Vec<Vec<u8>>, Option<Tile>), StoreError> {
    let index = range.start / WIDTH;
    let first = index.saturating_mul(WIDTH);
    let tile = Tile { level: None, index, width: size.saturating_sub(first).min(WIDTH) };
    let limit = WIDTH.saturating_mul(ENTRY_BYTES_MAX.saturating_add(2));
    let own = files.read(&tile.path(), limit)?;
    // Behind the entries of this head, a full bundle in the place of a partial one holds those of later heads.
    let full = if own.is_none() && tile.width < WIDTH { files.read(&tile.full().path(), limit)? } else { None };
    let Some(bytes) = own.as_ref().or(full.as_ref()) else { return Ok((Vec::new(), None)) };
    let (mut entries, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((entry, after)) = tiles::next_entry(rest) {
        entries.push(entry.to_vec());
        rest = after;
    }
    let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let surplus = own.is_some() && (tile.width < count || tile.width == count && !rest.is_empty());
    let skip = usize::try_from(range.start.saturating_sub(first)).unwrap_or(usize::MAX);
    let end = range.end.min(first.saturating_add(tile.width)).saturating_sub(range.start);
    let wanted = entries.into_iter().skip(skip).take(usize::try_from(end).unwrap_or(usize::MAX));
    Ok((wanted.collect(), surplus.then_some(tile)))
}

/// A tile as it was published at its width, or the full one in whose favour it was taken down.
fn either(files: &impl Files, tile: Tile, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
    match files.read(&tile.path(), limit)? {
        None if tile.width < WIDTH => files.read(&tile.full().path(), limit),
        found => Ok(found),
    }
}

/// What one publication added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Entries that were published before.
    pub before: u64,
    /// Entries that are published now.
    pub size: u64,
    /// Files written, the checkpoint not counted.
    pub files: u64,
}

/// Why nothing, or not everything, was published; what is there is valid for the checkpoint that it shows.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Another log, or another history of this one, is published there.
    #[error("another history is published there: {place} shows {} entries with root {}", published.size, published.root)]
    Contradicts {
        /// Where.
        place: String,
        /// The head that is published.
        published: Head,
    },
    /// Another log's files.
    #[error("the files of another log are there: {place} shows the origin `{origin}`")]
    OtherLog {
        /// Where.
        place: String,
        /// The origin found.
        origin: String,
    },
    /// A file that is never rewritten has other bytes.
    #[error("a published file has other bytes than the log: {0}")]
    Differs(String),
    /// The log cannot give what it should hold.
    #[error("the log does not have what its head announces, from entry: {0}")]
    Incomplete(u64),
    /// Another process works in the folder.
    #[error("another publication works in the folder: {0}")]
    InUse(String),
    /// Reading.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Writing.
    #[error("a file cannot be written: {path}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        #[source]
        why: io::Error,
    },
}

/// Publishes the tiles and bundles of a log up to its head, each whole and durable. A second run completes what an
/// interrupted one has left, and adds what is new. Until [`publish_checkpoint`] they mean nothing to a reader.
///
/// # Errors
/// [`PublishError`] says what stands in the way.
pub fn publish_tiles(
    tree: &Tree,
    own: &Checkpoint,
    entries: impl Fn(Range<u64>) -> Result<Vec<Vec<u8>>, StoreError>,
    folder: &Path,
    mut progress: impl FnMut(u64),
) -> Result<Added, PublishError> {
    let place = folder.display().to_string();
    let published = Published::open(Folder(folder.to_path_buf()))?;
    let before = match published.as_ref().map(Published::checkpoint) {
        None => Head::empty(),
        Some(known) if known.origin != own.origin => {
            return Err(PublishError::OtherLog { place, origin: known.origin.clone() });
        }
        Some(known) if own.head.size < known.head.size || tree.head_at(known.head.size) != Some(known.head) => {
            return Err(PublishError::Contradicts { place, published: known.head });
        }
        Some(known) => known.head,
    };
    let (mut files, mut swept) = (0_u64, BTreeSet::new());
    for tile in tiles::added(before.size, own.head.size) {
        let bytes = contents(tree, &entries, tile)?;
        if write_once(folder, &tile.path(), &bytes, &mut swept)? {
            files = files.saturating_add(1);
        }
        progress(files);
    }
    // Durable before the checkpoint says so, those included that an interrupted run has left.
    let folders = tiles::added(before.size, own.head.size)
        .filter_map(|tile| folder.join(tile.path()).parent().map(Path::to_path_buf));
    for path in folders.collect::<BTreeSet<_>>() {
        for above in path.ancestors().take_while(|above| above.starts_with(folder)) {
            let synced = fs::File::open(above).and_then(|folder| folder.sync_all());
            synced.map_err(|why| PublishError::Io { path: above.display().to_string(), why })?;
        }
    }
    Ok(Added { before: before.size, size: own.head.size, files })
}

/// Keeps a second publication out of the folder while the first one lasts.
///
/// # Errors
/// [`PublishError::InUse`] where it lasts longer than one waits; [`PublishError::Io`] when the folder cannot be had.
pub fn hold(folder: &Path) -> Result<fs::File, PublishError> {
    // Beside the folder, whose name a path like `.` does not tell; one that is not there yet is not made for that.
    let own = if folder.exists() {
        folder.canonicalize()
    } else {
        folder.parent().map_or(Ok(()), durable::make_folder).map(|()| folder.to_path_buf())
    };
    let own = own.map_err(|why| PublishError::Io { path: folder.display().to_string(), why })?;
    let path = own.with_added_extension("lock");
    let io = |why| PublishError::Io { path: path.display().to_string(), why };
    let file = fs::File::create(&path).map_err(io)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
            Err(fs::TryLockError::WouldBlock) => return Err(PublishError::InUse(folder.display().to_string())),
            Err(fs::TryLockError::Error(why)) => return Err(io(why)),
        }
    }
}

/// Publishes the checkpoint for which [`publish_tiles`] has put everything in place.
///
/// # Errors
/// [`PublishError::Io`] when it cannot be written.
pub fn publish_checkpoint(note: &str, folder: &Path) -> Result<(), PublishError> {
    let path = folder.join(CHECKPOINT);
    let written = durable::make_folder(folder).and_then(|()| durable::sweep(folder));
    let written = written.and_then(|()| durable::replace(&path, note.as_bytes()));
    written.map_err(|why| PublishError::Io { path: path.display().to_string(), why })
}

fn contents(
    tree: &Tree,
    entries: impl Fn(Range<u64>) -> Result<Vec<Vec<u8>>, StoreError>,
    tile: Tile,
) -> Result<Vec<u8>, PublishError> {
    let first = tile.index.saturating_mul(WIDTH);
    if tile.level.is_some() {
        return tile.hashes(tree).ok_or(PublishError::Incomplete(first));
    }
    let found = entries(first..first.saturating_add(tile.width))?;
    let whole = (first..).zip(&found).all(|(index, entry)| tree.node(0, index) == Some(leaf(entry)));
    if u64::try_from(found.len()) != Ok(tile.width) || !whole {
        return Err(PublishError::Incomplete(first));
    }
    Ok(found.iter().flat_map(|entry| tiles::frame(entry)).collect())
}

fn leaf(entry: &[u8]) -> TreeHash {
    rollcall_core::tree::leaf_hash(entry)
}

/// Writes a file that never changes; tells whether it was not there yet.
fn write_once(folder: &Path, path: &str, bytes: &[u8], swept: &mut BTreeSet<PathBuf>) -> Result<bool, PublishError> {
    let limit = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    match Folder(folder.to_path_buf()).read(path, limit) {
        Ok(Some(known)) if known == bytes => return Ok(false),
        Ok(Some(_)) | Err(StoreError::Damaged { .. }) => return Err(PublishError::Differs(path.to_owned())),
        Ok(None) => {}
        Err(error) => return Err(error.into()),
    }
    let target = folder.join(path);
    let io = |why| PublishError::Io { path: target.display().to_string(), why };
    if let Some(parent) = target.parent()
        && swept.insert(parent.to_path_buf())
    {
        durable::make_folder(parent).and_then(|()| durable::sweep(parent)).map_err(io)?;
    }
    durable::replace(&target, bytes).map_err(io)?;
    Ok(true)
}
