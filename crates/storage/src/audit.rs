//! Drives core's audit over a log: a store, published files, or a bundle. The one place outside core where entries are
//! decoded, because an audit trusts no store.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};

use rollcall_core::audit::{Auditor, Report};
use rollcall_core::bundle;
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::digest::{EventId, TreeHash};
use rollcall_core::ledger::Ledger;
use rollcall_core::limits::ENTRY_BYTES_MAX;
use rollcall_core::prepared::Prepared;
use rollcall_core::state::State;
use rollcall_core::state::view::{Row, Wanted};
use rollcall_core::tiles::{self, Tile, WIDTH};
use rollcall_core::tree::{Head, Node};

use crate::pipeline::{self, Chunks};
use crate::published::{self, Files, Published};
use crate::{Projections, Store, StoreError};

/// Entries read at once: those of one published file.
const READ_ENTRIES: u64 = WIDTH;
/// Entries of a bundle handed on at once.
const BUNDLE_ENTRIES: usize = 256;

/// Rows of a state that are handed over at once, and how often ahead of what is stored.
const ROW_CHUNK: usize = 512;
const ROW_CHUNKS: usize = 4;

/// Events of no entry in an index that a report names, at most.
const SURPLUS_POSITIONS: usize = 16;
/// Rows that a report names, at most.
const DIFFERING_ROWS: usize = 16;

/// A head that somebody kept, and how to call it in a report.
#[derive(Clone, Debug)]
pub struct KeptHead {
    /// The head.
    pub head: Head,
    /// Whose it is.
    pub whose: String,
    /// The note that states it, with the signatures and cosignatures that it carries.
    pub note: String,
}

/// Audits a store against heads that others kept. `progress` is told how many entries have been read.
///
/// # Errors
/// [`StoreError`] when the store cannot be read: then the audit could not be made, which is not a verdict.
pub fn audit(
    store: &(impl Store + Sync),
    mut auditor: Auditor,
    kept: &[KeptHead],
    mut progress: impl FnMut(u64),
) -> Result<Report, StoreError> {
    let head = store.head()?;
    let beside = |first, chunk: &[Prepared]| Beside::read(store, first, chunk).map(Some);
    let mut places = Vec::new();
    let mut feed = |auditor: &mut Auditor, size| {
        let take = |auditor: &mut Auditor, chunk, beside: Option<Beside>| {
            take(auditor, chunk, beside.as_ref(), &mut places);
            progress(auditor.tree().size());
        };
        feed(auditor, size, |range| store.entries(range), beside, take)
    };
    let mut whole = true;
    // Only an audit that judges every rule has something to compare them with.
    if auditor.rebuilt().is_some() {
        let stored = store.projections()?;
        whole = feed(&mut auditor, stored.size.min(head.size))?;
        // Of a size below the one from which the audit goes on, there is no state to compare them with: see [`resumes`].
        if !auditor.is_retracing() {
            compare(&mut auditor, &stored, head.size);
        }
    }
    whole = whole && feed(&mut auditor, head.size)?;
    if !whole {
        auditor.missing(auditor.tree().size());
    }
    compare_stored(store, &mut auditor, places, whole)?;
    if !store.entries(head.size..head.size.saturating_add(1))?.is_empty() {
        auditor.beyond(head.size);
    }
    Ok(finish(auditor, kept, &head))
}

/// Compares what a store keeps to answer questions with what the entries make: the index of events, and in a `whole` log the rows of the
/// state. Both at once, since neither needs the other.
fn compare_stored(
    store: &(impl Store + Sync),
    auditor: &mut Auditor,
    places: Vec<(EventId, u64)>,
    whole: bool,
) -> Result<(), StoreError> {
    if auditor.gave_up() {
        return Ok(());
    }
    let state = auditor.rebuilt().filter(|_| whole).map(Ledger::state);
    let (index, rows) = std::thread::scope(|scope| {
        let rows = scope.spawn(|| state.map(|state| differing_rows(store, state)).transpose());
        let index = differing_positions(store, places);
        (index, rows.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    match index {
        Ok(Positions { differing, surplus }) => {
            for (index, event, found) in differing {
                auditor.stored_position(index, event, found);
            }
            for (event, found) in surplus.into_iter().filter(|_| whole) {
                auditor.surplus_position(event, found);
            }
        }
        // What was found before is not lost with it.
        Err(StoreError::Damaged { path: _, what }) => auditor.unreadable_index(&what),
        Err(error) => return Err(error),
    }
    for (shelf, key) in rows?.flatten().unwrap_or_default() {
        auditor.stored_row(shelf, &key);
    }
    Ok(())
}

/// In what a stored index of events differs from where they stand.
struct Positions {
    /// Entries whose event is not found where it stands, with where it is found.
    differing: Vec<(u64, EventId, Option<u64>)>,
    /// Events that no entry has, with where they are found: a few.
    surplus: Vec<(EventId, u64)>,
}

/// Compares the stored index with where events stand. Both are read in the order of ids, since looking each one up would take as long as
/// all else that is stored.
fn differing_positions(store: &impl Store, mut places: Vec<(EventId, u64)>) -> Result<Positions, StoreError> {
    places.sort_unstable();
    let mut places = places.into_iter().peekable();
    let mut differing: Vec<(u64, EventId, Option<u64>)> = Vec::new();
    let mut surplus = Vec::new();
    for beginning in 0..=u8::MAX {
        for (event, found) in store.positions_of(&[beginning])? {
            while let Some((lacking, index)) = places.next_if(|(place, _)| *place < event) {
                differing.push((index, lacking, None));
            }
            let mut is_known = false;
            // Below the rules one event may stand in a log twice.
            while let Some((_, index)) = places.next_if(|(place, _)| *place == event) {
                is_known = true;
                if index != found {
                    differing.push((index, event, Some(found)));
                }
            }
            if !is_known && surplus.len() < SURPLUS_POSITIONS {
                surplus.push((event, found));
            }
        }
    }
    differing.extend(places.map(|(event, index)| (index, event, None)));
    differing.sort_unstable();
    Ok(Positions { differing, surplus })
}

/// A row by its shelf and its key.
pub type RowPlace = (u8, Vec<u8>);

/// Which stored rows are not those of a state, which is that of the store's entries: sixteen of them at most. `None` where
/// the stored rows are not of its head.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn differing_rows(store: &impl Store, state: &State) -> Result<Option<Vec<RowPlace>>, StoreError> {
    if store.rows_size()? != Some(state.head().size) {
        return Ok(None);
    }
    let mut differing = Vec::new();
    let read = std::thread::scope(|scope| {
        // They are written on a thread of their own, while this one reads those that are stored.
        let (made, rows) = sync_channel(ROW_CHUNKS);
        scope.spawn(move || hand_out(state, &made));
        let mut made = rows.into_iter().flatten().peekable();
        for shelf in 0..=u8::MAX {
            let wanted = Wanted { shelf, beginning: Vec::new() };
            store.rows(&wanted, &mut |key, value| {
                while let Some(lacking) = made.next_if(|row: &Row| (row.shelf, row.key.as_slice()) < (shelf, key)) {
                    note(&mut differing, lacking.shelf, &lacking.key);
                }
                let same = made.next_if(|row| row.shelf == shelf && row.key == key);
                if same.is_none_or(|row| row.value.as_deref() != Some(value)) {
                    note(&mut differing, shelf, key);
                }
            })?;
        }
        made.for_each(|row| note(&mut differing, row.shelf, &row.key));
        Ok(())
    });
    read.map(|()| Some(differing))
}

/// Hands out the rows of a state, many at a time.
fn hand_out(state: &State, to: &SyncSender<Vec<Row>>) {
    let mut chunk = Vec::with_capacity(ROW_CHUNK);
    state.each_row(|row| {
        chunk.push(row);
        if chunk.len() == ROW_CHUNK {
            // Nobody takes them where the stored rows cannot be read.
            let _ = to.send(std::mem::replace(&mut chunk, Vec::with_capacity(ROW_CHUNK)));
        }
    });
    let _ = to.send(chunk);
}

/// Keeps some of the rows that differ: a few say what is wrong.
fn note(differing: &mut Vec<(u8, Vec<u8>)>, shelf: u8, key: &[u8]) {
    if differing.len() < DIFFERING_ROWS {
        differing.push((shelf, key.to_vec()));
    }
}

/// Compares the stored projections with those that the entries make up to the size that they are said to be of, which is one at
/// which a log of `head` entries states them.
fn compare(auditor: &mut Auditor, stored: &Projections, head: u64) {
    let Some(rebuilt) = auditor.rebuilt() else { return };
    let (size, digests) = (rebuilt.state().log().size(), rebuilt.state().digests());
    for (name, digest) in digests {
        let kept = stored
            .digests
            .iter()
            .find(|(stored, _)| stored == name)
            .filter(|_| stored.size == size && !stored.is_stale(head));
        let shown = kept.map_or_else(|| "nothing".to_owned(), |(_, bytes)| hex(bytes));
        auditor.stored_projection(name, &shown, &digest.to_string());
    }
}

/// Tells whether an audit of a store of `head` entries, which has stated these projections, may go on from an earlier one that had judged
/// `known` entries: projections of a size below that cannot be compared again, so they have to be those that were compared then.
#[must_use]
pub fn resumes(stored: &Projections, head: u64, then: &Projections, known: u64) -> bool {
    known <= stored.size || stored == then && !stored.is_stale(head)
}

/// Audits published files: the checkpoint, every entry, and every tile that the layout has at this size.
///
/// # Errors
/// [`StoreError`] when a file cannot be read: then the audit could not be made, which is not a verdict.
pub fn audit_published(
    log: &Published<impl Files>,
    mut auditor: Auditor,
    kept: &[KeptHead],
    mut progress: impl FnMut(u64),
) -> Result<Report, StoreError> {
    let head = log.checkpoint().head;
    let surplus = RefCell::new(Vec::new());
    let entries = |range| {
        let (entries, besides) = published::read_bundle(log.files(), head.size, range)?;
        surplus.borrow_mut().extend(besides);
        Ok(entries)
    };
    let take = |auditor: &mut Auditor, chunk, beside: Option<Beside>| {
        take(auditor, chunk, beside.as_ref(), &mut Vec::new());
        progress(auditor.tree().size());
    };
    let whole = feed(&mut auditor, head.size, entries, |_, _| Ok(None), take)?;
    for tile in surplus.into_inner() {
        auditor.surplus(&tile);
    }
    if whole {
        for tile in tiles::added(0, head.size).filter(|tile| tile.level.is_some()) {
            if auditor.gave_up() {
                break;
            }
            let published = log.hashes(tile)?;
            auditor.published_tile(&tile, published.as_deref());
        }
        older_files(log, &mut auditor)?;
    }
    let _ = auditor.checkpoint(log.note());
    Ok(conclude(auditor, kept, &head, log.note()))
}

/// Audits published files whose checkpoint cannot be read: it says nothing of a log but that.
#[must_use]
pub fn audit_illegible(note: &[u8], mut auditor: Auditor) -> Report {
    let _ = auditor.checkpoint(&String::from_utf8_lossy(note));
    let head = auditor.tree().head();
    auditor.finish(&head)
}

/// The partial files of heads that were published before, where the place can list them: readers of those heads use them.
fn older_files(log: &Published<impl Files>, auditor: &mut Auditor) -> Result<(), StoreError> {
    let size = log.checkpoint().head.size;
    let current: BTreeSet<String> = tiles::added(0, size).map(|tile| tile.path()).collect();
    let older = log.files().paths()?.into_iter().filter(|path| !current.contains(path));
    for tile in older.filter_map(|path| Tile::at(&path)).filter(|tile| tile.is_within(size)) {
        let limit = WIDTH.saturating_mul(ENTRY_BYTES_MAX.saturating_add(2));
        let Some(published) = log.files().read(&tile.path(), limit)? else { continue };
        if tile.level.is_some() {
            auditor.published_tile(&tile, Some(&published));
        } else {
            auditor.published_entries(&tile, &published);
        }
    }
    Ok(())
}

/// Audits a bundle. A note without signature lines is that of a bundle made without the log's key: then no checkpoint is
/// judged, and the head is what the entries make.
///
/// # Errors
/// Nothing: every fault of a bundle is a verdict.
pub fn audit_bundle(bytes: &[u8], mut auditor: Auditor, kept: &[KeptHead], mut progress: impl FnMut(u64)) -> Report {
    let Some((note, framed)) = bundle::open(bytes) else {
        auditor.not_a_bundle("it has no title and note");
        let head = auditor.tree().head();
        return finish(auditor, kept, &head);
    };
    // A note without signature lines ends with its empty line.
    let text = note.strip_suffix('\n').filter(|_| note.ends_with("\n\n"));
    let stated = text.and_then(|text| Checkpoint::read(text).ok());
    let mut rest = framed;
    let read = || {
        let mut entries = Vec::new();
        while let Some((entry, after)) = tiles::next_entry(rest).filter(|_| entries.len() < BUNDLE_ENTRIES) {
            entries.push(entry.to_vec());
            rest = after;
        }
        Ok::<_, Infallible>(entries)
    };
    let preparer = auditor.preparer();
    let Ok(()) = pipeline::run(
        &preparer,
        Chunks::of(0, read),
        |_, _| (),
        |chunk, ()| {
            take(&mut auditor, chunk, None, &mut Vec::new());
            progress(auditor.tree().size());
            Ok(if auditor.gave_up() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        },
    );
    if !rest.is_empty() && !auditor.gave_up() {
        auditor.not_a_bundle("its last frame is cut off");
    }
    let signed = match &stated {
        Some(stated) if text.is_some() => {
            auditor.unsigned_head(stated);
            Some(stated.head)
        }
        _ if text.is_some() => None,
        _ => auditor.checkpoint(note),
    };
    let Some(stated) = signed else {
        if text.is_some() {
            auditor.not_a_bundle("its note states no head");
        }
        let head = auditor.tree().head();
        return finish(auditor, kept, &head);
    };
    conclude(auditor, kept, &stated, note)
}

/// Ends the audit of a log under a stated head: entries that are missing or too many say all that its root would. The note that
/// states it may say by when witnesses saw it.
fn conclude(mut auditor: Auditor, kept: &[KeptHead], stated: &Head, note: &str) -> Report {
    let size = auditor.tree().size();
    match size.cmp(&stated.size) {
        Ordering::Less => auditor.missing(size),
        Ordering::Greater => auditor.beyond(stated.size),
        Ordering::Equal => {
            let mut report = finish(auditor, kept, stated);
            report.see(note, "the checkpoint");
            return report;
        }
    }
    let head = auditor.tree().head();
    finish(auditor, kept, &head)
}

/// Feeds the auditor up to a size, in order, with what is prepared ahead of it on every core; `beside` reads what the store keeps beside a
/// chunk of entries. Tells whether all that were announced were there.
fn feed(
    auditor: &mut Auditor,
    size: u64,
    entries: impl Fn(Range<u64>) -> Result<Vec<Vec<u8>>, StoreError>,
    beside: impl Fn(u64, &[Prepared]) -> Result<Option<Beside>, StoreError> + Sync,
    mut take: impl FnMut(&mut Auditor, Vec<Prepared>, Option<Beside>),
) -> Result<bool, StoreError> {
    let first = auditor.tree().size();
    let mut next = first;
    let read = || {
        if size <= next {
            return Ok(Vec::new());
        }
        let found = entries(next..next.saturating_add(READ_ENTRIES).min(size))?;
        next = next.saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
        Ok(found)
    };
    pipeline::run(&auditor.preparer(), Chunks::of(first, read), beside, |chunk, beside| {
        take(auditor, chunk, beside?);
        Ok(if auditor.gave_up() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(auditor.tree().size() == size && !auditor.gave_up())
}

/// Judges a chunk of entries, and the nodes that the store keeps beside them; notes where its events stand, for the index that is compared last.
fn take(auditor: &mut Auditor, chunk: Vec<Prepared>, beside: Option<&Beside>, places: &mut Vec<(EventId, u64)>) {
    for prepared in chunk {
        if auditor.gave_up() {
            return;
        }
        let index = auditor.tree().size();
        let (event, nodes) = auditor.take(prepared);
        let Some(beside) = beside else { continue };
        for node in &nodes {
            auditor.stored_node(node, beside.node(node));
        }
        places.extend(event.map(|event| (event, index)));
    }
}

/// The tree nodes that a store keeps beside a chunk of entries, which completes them.
struct Beside {
    /// By level, from the index of the first.
    nodes: Vec<(u64, Vec<Option<TreeHash>>)>,
}

impl Beside {
    fn read(store: &impl Store, first: u64, chunk: &[Prepared]) -> Result<Self, StoreError> {
        let end = first.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        let levels = (0_u8..64).take_while(|level| 0 < end >> level);
        let nodes = levels.map(|level| Ok((first >> level, store.nodes(level, first >> level..end >> level)?)));
        let nodes = nodes.collect::<Result<_, StoreError>>()?;
        Ok(Self { nodes })
    }

    fn node(&self, node: &Node) -> Option<TreeHash> {
        let (first, level) = self.nodes.get(usize::from(node.level))?;
        level.get(usize::try_from(node.index.checked_sub(*first)?).ok()?).copied().flatten()
    }
}

fn finish(mut auditor: Auditor, kept: &[KeptHead], head: &Head) -> Report {
    for kept in kept {
        auditor.kept_head(&kept.head, &kept.whose);
    }
    let mut report = auditor.finish(head);
    for kept in kept {
        report.see(&kept.note, &kept.whose);
    }
    report
}

fn hex(bytes: &[u8; 32]) -> String {
    rollcall_core::digest::Digest::from_bytes(*bytes).to_string()
}
