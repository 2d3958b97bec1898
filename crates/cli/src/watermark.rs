//! What an audit remembers, so that the next one pays for what is new: up to which head everything was judged, at which level and by
//! which build, and the state of then (`docs/decisions/0021-watermarks.md`).
//!
//! - It stands in a file that the auditor named, or in the auditor's own folder for state; never in, or beside, what is audited, whose
//!   owner would otherwise have a say in the verdict.
//! - Going on from it makes an audit faster and changes no verdict: where it does not fit, that is said, and everything is judged from the
//!   beginning.
//! - A file that somebody named is also a head that they kept, whichever build wrote it: a log without it is not valid.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use rollcall_core::audit::{Auditor, Level, Remembered, Report, chain};
use rollcall_core::digest::{Digest, Hasher, LedgerId};
use rollcall_core::entry::Entry;
use rollcall_core::proof::{decimal, hash_line};
use rollcall_core::tree::Head;
use rollcall_storage::audit::resumes;
use rollcall_storage::{Projections, durable, snapshot};

use crate::failure::Failure;
use crate::source::Source;

/// First line of the file.
const TITLE: &str = "rollcall verified v2";
/// First line of the file that earlier builds wrote: the same but for its last line.
const TITLE_V1: &str = "rollcall verified v1";
/// Context of a build's digest.
const BUILD_CONTEXT: &str = "rollcall build v1";
/// Bytes of a file that are read at once.
const PIECE_BYTES: usize = 1 << 20;
/// A shorter log is judged again as fast as it is looked up, unless somebody names a file.
const ENTRIES_MIN: u64 = 1_024;

/// Where an audit remembers.
pub(crate) struct Memory {
    path: PathBuf,
    /// Somebody named the file.
    named: bool,
    /// The ledger that is audited.
    ledger: LedgerId,
    /// Digest of this program, as far as it can tell: another one may judge otherwise.
    build: Option<Digest>,
}

/// What an earlier audit has judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watermark {
    ledger: LedgerId,
    pub(crate) head: Head,
    level: Level,
    /// The build that judged.
    build: String,
    /// Digest of the snapshot, after a full audit.
    snapshot: Option<Digest>,
}

impl Memory {
    /// Where the audit of a log remembers, if it does.
    pub(crate) fn of(args: &ArgMatches, source: &Source, expected: Option<LedgerId>) -> Result<Option<Self>, Failure> {
        let named = args.get_one::<PathBuf>("resume");
        let Some(ledger) = expected.or_else(|| ledger_of(source)) else { return Ok(None) };
        let own = || own_folder().map(|folder| folder.join(ledger.to_string()));
        let Some(path) = named.cloned().or_else(own) else { return Ok(None) };
        // A log that has become short is what its earlier length is remembered for.
        if named.is_none() && source.size()? < ENTRIES_MIN && !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self { path, named: named.is_some(), ledger, build: own_build() }))
    }

    /// The ledger whose audit a named file remembers: whoever names it means that one.
    ///
    /// # Errors
    /// A file that cannot be read, or is none of an audit's.
    pub(crate) fn named_ledger(args: &ArgMatches) -> Result<Option<LedgerId>, Failure> {
        let named = args.get_one::<PathBuf>("resume");
        Ok(named.map(|path| Watermark::at(path)).transpose()?.flatten().map(|known| known.ledger))
    }

    /// Whether somebody named the file.
    pub(crate) const fn is_named(&self) -> bool {
        self.named
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is remembered, by whichever build; nothing where there is no file yet.
    ///
    /// # Errors
    /// A file that cannot be read, is none of an audit's, or is of another ledger.
    pub(crate) fn recall(&self) -> Result<Option<Watermark>, Failure> {
        let known = Watermark::at(&self.path)?;
        self.require_own_snapshot()?;
        let Some(known) = known else { return Ok(None) };
        if known.ledger != self.ledger {
            let shown = self.path.display();
            let what = format!("{shown} remembers an audit of the ledger {}, this is: {}", known.ledger, self.ledger);
            return Err(Failure::input(what));
        }
        Ok(Some(known))
    }

    /// Lets an audit go on from what is remembered; `None` where this build has not judged as much as is asked now. The snapshot is read
    /// while the audit begins: where it turns out to be of no use, the report says so.
    ///
    /// # Errors
    /// Why what is remembered cannot be used.
    pub(crate) fn resume(
        &self,
        known: &Watermark,
        source: &Source,
        (auditor, level): (Auditor, Level),
    ) -> Result<Option<Auditor>, Failure> {
        if level == Level::Log || known.level < level || self.build.is_none_or(|build| build.to_string() != known.build)
        {
            return Ok(None);
        }
        let size = source.size()?;
        if 0 < size && size < known.head.size {
            let what = format!("the log has {size} entries, and had {} when it was audited before", known.head.size);
            return Err(Failure::input(what));
        }
        if level < Level::Full {
            return Ok(Some(auditor.knowing(known.head, None)));
        }
        let path = self.snapshot();
        let shown = path.display().to_string();
        let no_use = move |why: &str| format!("the snapshot was not used: {shown}: {why}");
        let expected = known.snapshot.ok_or_else(|| Failure::input(no_use("its digest was not written down")))?;
        // A pipe would be waited for.
        if std::fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(Failure::input(no_use("it is not a file")));
        }
        let file = File::open(&path).map_err(|error| Failure::input(no_use(&error.to_string())))?;
        let stated = if let Source::Ledger(_) = source { Some(source.projections()?) } else { None };
        let (ledger, head) = (known.ledger, known.head);
        let reading = std::thread::spawn(move || snapshot::read(file, (&ledger, &head), &expected));
        let fetch = move || {
            let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let (state, then) = read.map_err(|error| no_use(&chain(&error)))?;
            if stated.is_none_or(|stated| resumes(&stated, size, &then, head.size)) {
                return Ok(state);
            }
            Err(no_use("it does not say which projections this ledger file had stated then"))
        };
        Ok(Some(auditor.knowing(known.head, Some(Remembered(Box::new(fetch))))))
    }

    /// Remembers what a valid audit has judged, unless what is remembered says more, or is of another history; `went_on` says that the audit
    /// went on from what is remembered. Tells why it did not.
    pub(crate) fn remember(
        &self,
        report: &Report,
        stated: &Projections,
        went_on: bool,
    ) -> Result<Option<String>, Failure> {
        if report.ledger != Some(self.ledger) {
            return Ok(None);
        }
        if report.level == Level::Log {
            let what = || format!("at the level `log` nothing is remembered: {}", self.path.display());
            return Ok(self.named.then(what));
        }
        // Read again: another audit may have ended meanwhile.
        let known = match self.recall() {
            Ok(known) => known,
            Err(failure) if self.named => return Err(failure),
            // In one's own folder for state nothing else has a place.
            Err(_) => None,
        };
        if let Some(known) = &known {
            if report.tree().head_at(known.head.size) != Some(known.head) {
                let fewer = report.head.size < known.head.size;
                let what = if fewer { "of more entries" } else { "another history" };
                return Ok(Some(format!("what is remembered is {what}, and stays: {}", self.path.display())));
            }
            let same_build = self.build.is_some_and(|build| build.to_string() == known.build);
            let more = same_build && report.level < known.level;
            if more || went_on && known.head == report.head {
                return Ok(None);
            }
        }
        self.write(report, stated).map(|()| None)
    }

    fn write(&self, report: &Report, stated: &Projections) -> Result<(), Failure> {
        let cannot = |error: std::io::Error| {
            Failure::io(format!("what was audited cannot be remembered: {}", self.path.display()), &error)
        };
        if !self.named {
            own_only(self.path.parent().unwrap_or(Path::new("."))).map_err(cannot)?;
        }
        let mut written = None;
        if report.level == Level::Full {
            let path = self.snapshot();
            let write = |file: &mut File| {
                snapshot::write(report.rebuilt.state(), stated, file).map(|digest| written = Some(digest))
            };
            durable::replace_by(&path, write).map_err(cannot)?;
        }
        let build = self.build.map_or_else(|| "-".to_owned(), |build| build.to_string());
        let (ledger, head, level) = (self.ledger, report.head, report.level);
        let known = Watermark { ledger, head, level, build, snapshot: written };
        durable::replace(&self.path, known.text().as_bytes()).map_err(cannot)
    }

    /// Beside a file that somebody named, nothing but a snapshot is replaced.
    fn require_own_snapshot(&self) -> Result<(), Failure> {
        let path = self.snapshot();
        let found = std::fs::metadata(&path).ok().filter(|_| self.named);
        if found.is_some_and(|found| !found.is_file() || 0 < found.len() && !is_snapshot(&path)) {
            return Err(Failure::input(format!("it is no snapshot, and stays as it is: {}", path.display())));
        }
        Ok(())
    }

    fn snapshot(&self) -> PathBuf {
        self.path.with_added_extension("snapshot")
    }
}

impl Watermark {
    /// The one that a file holds; nothing where there is no file.
    fn at(path: &Path) -> Result<Option<Self>, Failure> {
        let shown = path.display();
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            // A pipe would be waited for.
            Ok(found) if !found.is_file() => return Err(Failure::input(format!("it is not a file: {shown}"))),
            Ok(_) | Err(_) => {}
        }
        let text = crate::input::read_text(path, crate::input::SMALL_BYTES_MAX)?;
        let other = || {
            Failure::input(format!("not what an audit remembers: {shown}"))
                .hint("move the file away: the next audit judges everything and writes it anew")
        };
        Self::read(&text).map(Some).ok_or_else(other)
    }

    fn read(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let (build, level, ledger, size, root, snapshot) = match lines.as_slice() {
            [title, build, level, ledger, size, root, snapshot] if *title == TITLE => {
                (build, level, ledger, size, root, snapshot.parse().ok())
            }
            [title, build, level, ledger, size, root] if *title == TITLE_V1 => (build, level, ledger, size, root, None),
            _ => return None,
        };
        let level = [Level::Signatures, Level::Full].into_iter().find(|known| word(*known) == *level)?;
        let head = Head { size: decimal(size).filter(|size| 0 < *size)?, root: hash_line(root)? };
        Some(Self { ledger: ledger.parse().ok()?, head, level, build: (*build).to_owned(), snapshot })
    }

    fn text(&self) -> String {
        let Self { ledger, head, level, build, snapshot } = self;
        let root = data_encoding::BASE64.encode(head.root.as_bytes());
        let snapshot = snapshot.map_or_else(|| "-".to_owned(), |digest| digest.to_string());
        format!("{TITLE}\n{build}\n{}\n{ledger}\n{}\n{root}\n{snapshot}\n", word(*level), head.size)
    }
}

/// A level's word.
pub(crate) const fn word(level: Level) -> &'static str {
    match level {
        Level::Log => "log",
        Level::Signatures => "signatures",
        Level::Full => "full",
    }
}

fn is_snapshot(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut beginning));
    read.is_ok() && snapshot::is_one(&beginning)
}

/// The folder for what a program remembers of its user's (XDG base directories: `$XDG_STATE_HOME`, by default `~/.local/state`).
fn own_folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = named("XDG_STATE_HOME").or_else(|| named("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("rollcall/audits"))
}

/// Makes a folder that nobody else reads or writes: what stands in it is believed.
fn own_only(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    durable::make_folder(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

/// The ledger that a log's first entry founds.
fn ledger_of(source: &Source) -> Option<LedgerId> {
    let first = source.first_entry().ok().flatten()?;
    Entry::decode(&first).ok().map(|entry| entry.event.id().as_ledger())
}

fn own_build() -> Option<Digest> {
    let mut program = BufReader::with_capacity(PIECE_BYTES, File::open(std::env::current_exe().ok()?).ok()?);
    let mut hasher = Hasher::new(BUILD_CONTEXT);
    loop {
        let piece = program.fill_buf().ok()?;
        let length = piece.len();
        if length == 0 {
            return Some(hasher.finish());
        }
        hasher.update(piece);
        program.consume(length);
    }
}
