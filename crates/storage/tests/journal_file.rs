//! The journal beside a ledger file: what was acknowledged in it outlasts a crash, is told of when it is durable and not before, and is never
//! dropped in silence, whatever stands in its place.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rollcall_core::digest::EventId;
use rollcall_core::state::view::Row;
use rollcall_core::tree::{Head, Tree};
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Batch, Rows, Store, StoreError};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Where the journal beside a file is.
fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("journal")
}

/// Appends one entry, and puts it into a row.
fn grow(file: &mut RedbStore, tree: &mut Tree, bytes: &[u8]) -> Outcome<Head> {
    grow_with(file, tree, bytes, bytes)
}

/// Appends one entry, and puts a value into a row.
fn grow_with(file: &mut RedbStore, tree: &mut Tree, bytes: &[u8], value: &[u8]) -> Outcome<Head> {
    let (extends, nodes) = (tree.head(), tree.push(bytes));
    let entries = vec![(EventId::of_payload(bytes), bytes.to_vec())];
    let rows = Rows::Changed(vec![Row { shelf: 1, key: b"k".to_vec(), value: Some(value.to_vec()) }]);
    file.append(&extends, &tree.head(), &Batch { entries, nodes, rows, ..Batch::default() })?;
    Ok(tree.head())
}

/// A ledger at a path whose writer has appended these entries, and goes on.
fn writing(path: &Path, entries: &[&[u8]]) -> Outcome<(RedbStore, Tree)> {
    let mut tree = Tree::default();
    let mut file = RedbStore::create(path, "the writer")?;
    for bytes in entries {
        grow(&mut file, &mut tree, bytes)?;
    }
    Ok((file, tree))
}

/// What a crash leaves of a writer that has appended so many entries: copies of its files while it is at work, and the heads after each.
fn crashed(from: &Path, to: &Path, count: u64) -> Outcome<Vec<Head>> {
    let mut tree = Tree::default();
    let mut file = RedbStore::create(from, "the writer")?;
    let mut heads = vec![tree.head()];
    for number in 0..count {
        heads.push(grow(&mut file, &mut tree, &number.to_be_bytes())?);
    }
    std::fs::copy(from, to)?;
    std::fs::copy(beside(from), beside(to))?;
    Ok(heads)
}

/// Repairs what a crash has left, as the database does by itself.
fn mended(path: &Path) -> Outcome {
    drop(redb::Builder::new().set_concurrency_mode(redb::ConcurrencyMode::SingleWriter).open(path)?);
    Ok(())
}

/// What was acknowledged outlasts a crash, whoever opens the files next; and once a writer has, one file says all of it.
#[test]
fn a_journal_that_a_crash_leaves_is_gone_on_from() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (path, left) = (folder.path().join("ledger"), folder.path().join("left"));
    let heads = crashed(&path, &left, 5)?;
    let writer = folder.path().join("for the writer");
    std::fs::copy(&left, &writer)?;
    std::fs::copy(beside(&left), beside(&writer))?;
    // Who reads first repairs.
    for _ in 0..2 {
        let reader = RedbStore::read(&left)?;
        assert_eq!((reader.head()?, reader.entries(0..9)?.len(), reader.rows_size()?), (heads[5], 5, Some(5)));
    }
    assert!(!beside(&left).exists());
    let left = writer;
    let mut tree = Tree::default();
    (0..5_u64).for_each(|number| drop(tree.push(&number.to_be_bytes())));
    let mut writer = RedbStore::open(&left, "the next writer")?;
    let head = grow(&mut writer, &mut tree, b"next")?;
    assert_eq!(RedbStore::read(&left)?.head()?, head);
    drop(writer);
    assert!(!beside(&left).exists());
    let alone = folder.path().join("alone");
    std::fs::copy(&left, &alone)?;
    assert_eq!((RedbStore::read(&alone)?.head()?, RedbStore::read(&alone)?.entries(0..9)?.len()), (head, 6));
    // One who appends nothing folds it, too.
    let heads = crashed(&folder.path().join("second"), &left, 3).and_then(|heads| {
        drop(RedbStore::open(&left, "the next writer")?);
        Ok(heads)
    })?;
    assert!(!beside(&left).exists());
    assert_eq!(RedbStore::read(&left)?.head()?, heads[3]);
    Ok(())
}

/// A frame that is not whole was never acknowledged: it and what follows it is not there. Nothing in it panics.
#[test]
fn a_journal_ends_where_no_whole_frame_follows() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (path, left) = (folder.path().join("ledger"), folder.path().join("left"));
    let heads = crashed(&path, &left, 4)?;
    let whole = std::fs::read(beside(&left))?;
    let mut ends = Vec::new();
    let mut used = b"rollcall journal".len();
    while let length @ 1.. = usize::try_from(u64::from_be_bytes(whole[used..used + 8].try_into()?))? {
        used += 40 + length;
        ends.push(used);
    }
    assert_eq!(ends.len(), 3);
    assert!(whole[used..].iter().all(|byte| *byte == 0), "what was prepared follows");
    let before = |at: usize| heads[1 + ends.iter().filter(|end| **end <= at).count()];
    let found = |bytes: &[u8]| -> Outcome<Result<Head, String>> {
        std::fs::write(beside(&left), bytes)?;
        Ok(RedbStore::read(&left).and_then(|store| store.head()).map_err(|error| error.to_string()))
    };
    let says = |found: Result<Head, String>, what: &str| {
        assert!(found.as_ref().is_err_and(|found| found.contains(what)), "{found:?}, expected: {what}");
    };
    mended(&left)?;
    assert_eq!(found(&whole)?, Ok(heads[4]));
    assert!(beside(&left).exists(), "a reader who need not repair leaves it");
    // Torn by a crash.
    for end in 16..used + 9 {
        let torn = [&whole[..end], &vec![0; whole.len() - end]].concat();
        let least = before(end);
        // A record may end with zeros, of which none is missing then.
        let read = found(&torn)?;
        assert!(read.as_ref() == Ok(&least) || torn == whole[..], "torn behind {end} bytes: {read:?}");
    }
    // No crash does that.
    for end in [16, 20, used, whole.len() - 1] {
        says(found(&whole[..end])?, "the journal beside it has been cut off");
    }
    for at in 16..used {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        match ends.iter().filter(|end| **end <= at).count() {
            // What is behind it is newer.
            0 | 1 => says(found(&changed)?, "an act in the journal beside it is damaged"),
            _ => assert_eq!(found(&changed)?, Ok(before(at)), "byte {at}"),
        }
    }
    for length in [u64::MAX, 1 << 62, 64 << 20, 1 << 20, 0] {
        let bytes = [&whole[..ends[1]], &length.to_be_bytes(), &whole[ends[1] + 8..]].concat();
        assert_eq!(found(&bytes)?, Ok(heads[3]), "{length} bytes");
    }
    for other in [&whole[..1], &whole[..15], &[&b"Rollcall"[..], &whole[8..]].concat()] {
        says(found(other)?, "it is no journal");
    }
    Ok(())
}

/// A journal counts where the file says so: then another one is damage, and so is none.
#[test]
fn a_journal_of_another_log_is_no_part_of_a_ledger() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let heads = crashed(&at("ledger"), &at("left"), 3)?;
    mended(&at("left"))?;
    let (file, mut tree) = writing(&at("other"), &[b"another beginning"])?;
    drop(file);
    // Beside a file that was closed none counts, and none is lost that holds something else.
    std::fs::copy(beside(&at("left")), beside(&at("other")))?;
    for opened in [RedbStore::read(&at("other")), RedbStore::open(&at("other"), "the test")] {
        assert!(matches!(opened, Err(StoreError::Stray { .. })), "{opened:?}");
    }
    std::fs::rename(beside(&at("other")), beside(&at("new")))?;
    assert!(matches!(RedbStore::create(&at("new"), "the test"), Err(StoreError::Exists { .. })));
    assert_eq!(RedbStore::read(&at("other"))?.head()?, tree.head());
    // An older copy in the place of a ledger.
    std::fs::copy(at("other"), at("older"))?;
    let mut file = RedbStore::open(&at("other"), "the test")?;
    for bytes in [b"two", b"tri"] {
        grow(&mut file, &mut tree, bytes)?;
    }
    std::fs::copy(beside(&at("other")), beside(&at("older")))?;
    drop(file);
    assert!(matches!(RedbStore::open(&at("older"), "the test"), Err(StoreError::Stray { .. })));
    // What the ledger has as well is forgotten.
    std::fs::rename(beside(&at("older")), beside(&at("other")))?;
    assert_eq!(RedbStore::read(&at("other"))?.head()?, tree.head());
    drop(RedbStore::open(&at("other"), "the test")?);
    assert!(!beside(&at("other")).exists());

    // Of a log of the same size, and of a longer one.
    let others = [1, 3].map(|before: u8| -> Outcome<Vec<u8>> {
        let path = at(&format!("other {before}"));
        let mut tree = Tree::default();
        for number in 1..before {
            grow(
                &mut RedbStore::create(&path, "the test").or_else(|_| RedbStore::open(&path, "the test"))?,
                &mut tree,
                &[number],
            )?;
        }
        let mut file = RedbStore::create(&path, "the test").or_else(|_| RedbStore::open(&path, "the test"))?;
        for bytes in [&b"four"[..], b"five", b"six"] {
            grow(&mut file, &mut tree, bytes)?;
        }
        Ok(std::fs::read(beside(&path))?)
    });
    let own = std::fs::read(beside(&at("left")))?;
    let refused = |what: &str| {
        for opened in [RedbStore::read(&at("left")), RedbStore::open(&at("left"), "the test")] {
            let found = opened.map_err(|error| error.to_string());
            assert!(found.as_ref().is_err_and(|found| found.contains(what)), "{found:?}");
        }
    };
    for other in others {
        std::fs::write(beside(&at("left")), other?)?;
        refused("the journal beside it goes on from another head");
    }
    std::fs::remove_file(beside(&at("left")))?;
    refused("ledger.journal, and belong to it as");
    std::fs::write(beside(&at("left")), vec![0; 5 << 20])?;
    refused("it is no journal");
    std::fs::remove_file(beside(&at("left")))?;
    // Who copies the file alone is told, too.
    std::fs::copy(at("left"), at("copy"))?;
    assert!(matches!(RedbStore::read(&at("copy")), Err(StoreError::Parted { .. })));
    std::fs::write(beside(&at("copy")), "")?;
    assert_eq!(RedbStore::read(&at("copy"))?.head()?, heads[1]);
    drop(RedbStore::open(&at("copy"), "who has lost it")?);
    assert!(!beside(&at("copy")).exists());
    assert_eq!(RedbStore::read(&at("copy"))?.head()?, heads[1]);

    std::fs::write(beside(&at("left")), own)?;
    assert_eq!(RedbStore::read(&at("left"))?.head()?, heads[3]);
    // By whatever name it is opened.
    std::os::unix::fs::symlink(at("left"), at("link"))?;
    assert_eq!(RedbStore::read(&at("link"))?.head()?, heads[3]);
    Ok(())
}

/// Where there can be no journal the file takes every append; what is in its place counts for nothing.
#[test]
fn a_file_without_a_journal_takes_every_append() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let (mut file, mut tree) = writing(&path, &[b"one"])?;
    std::fs::write(beside(&path), "somebody's own")?;
    for bytes in [&b"two"[..], b"three", b"four"] {
        let head = grow(&mut file, &mut tree, bytes)?;
        assert_eq!(RedbStore::read(&path)?.head()?, head);
    }
    drop(file);
    assert_eq!(RedbStore::open(&path, "the test")?.head()?, tree.head());
    assert_eq!(std::fs::read(beside(&path))?, b"somebody's own");
    assert_eq!((RedbStore::read(&path)?.head()?, RedbStore::read(&path)?.entries(0..9)?.len()), (tree.head(), 4));
    Ok(())
}

/// A large append goes into the file, behind those that stand beside it.
#[test]
fn small_and_large_appends_follow_each_other() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let mut tree = Tree::default();
    let mut file = RedbStore::create(&path, "the test")?;
    for (number, size) in [9, 9, 9, 300_000, 9, 9, 300_000, 300_000, 9].into_iter().enumerate() {
        let head = grow(&mut file, &mut tree, &vec![u8::try_from(number)?; size])?;
        let reader = RedbStore::read(&path)?;
        assert_eq!((reader.head()?, reader.entries(0..20)?.len()), (head, number + 1));
    }
    Ok(())
}

/// It is for the same people as the ledger is.
#[test]
fn a_journal_is_as_private_as_its_ledger() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    for mode in [0o600, 0o640, 0o664] {
        let _ = std::fs::remove_file(&path);
        let (mut file, mut tree) = writing(&path, &[b"one"])?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
        grow(&mut file, &mut tree, b"two")?;
        assert_eq!(std::fs::metadata(beside(&path))?.permissions().mode() & 0o777, mode);
    }
    Ok(())
}

/// Who begins to read after an append was acknowledged is told of it, whatever is folded meanwhile.
#[test]
fn a_reader_is_told_of_all_that_was_acknowledged_before() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let mut file = RedbStore::create(&path, "the test")?;
    let mut tree = Tree::default();
    let (acknowledged, done) = (AtomicU64::new(0), AtomicBool::new(false));
    // Two to a journal.
    let value = vec![7; 100_000];
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| -> Result<u64, String> {
            let mut reads = 0;
            while !done.load(Ordering::SeqCst) {
                let before = acknowledged.load(Ordering::SeqCst);
                let store = RedbStore::read(&path).map_err(|error| error.to_string())?;
                let (head, entries) = (store.head().unwrap().size, store.entries(0..u64::MAX).unwrap().len());
                if head < before || u64::try_from(entries) != Ok(head) {
                    return Err(format!("{before} were acknowledged, told of a head of {head} and {entries} entries"));
                }
                reads += 1;
            }
            Ok(reads)
        });
        for number in 0..5_000_u64 {
            grow_with(&mut file, &mut tree, &number.to_be_bytes(), &value).unwrap();
            acknowledged.store(tree.size(), Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
        let reads = reader.join().unwrap();
        assert!(reads.as_ref().is_ok_and(|reads| 20 < *reads), "{reads:?}");
    });
    Ok(())
}

/// Nothing is written into a journal that somebody reads.
#[test]
fn an_append_waits_for_who_reads_the_journal() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let (mut file, mut tree) = writing(&path, &[b"one", b"two"])?;
    let journal = std::fs::File::open(beside(&path))?;
    journal.lock_shared()?;
    let before = std::fs::read(beside(&path))?;
    std::thread::scope(|scope| {
        let (told, answer) = std::sync::mpsc::channel();
        scope.spawn(move || told.send(grow(&mut file, &mut tree, b"three").is_ok()).unwrap());
        let early = answer.recv_timeout(Duration::from_millis(100));
        let meanwhile = std::fs::read(beside(&path)).unwrap();
        journal.unlock().unwrap();
        assert!(early.is_err() && meanwhile == before);
        assert!(answer.recv().unwrap());
    });
    Ok(())
}

/// Whoever may read can lock the journal for ever: then the next append goes into the file, and readers are told who is in the way.
#[test]
fn nobody_stops_a_writer_by_reading() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let (mut file, mut tree) = writing(&path, &[b"one", b"two"])?;
    let held = std::fs::File::open(beside(&path))?;
    held.lock_shared()?;
    let head = grow(&mut file, &mut tree, b"three")?;
    assert!(!beside(&path).exists(), "it is in the file");
    assert_eq!((RedbStore::read(&path)?.head()?, RedbStore::read(&path)?.entries(0..9)?.len()), (head, 3));
    // The next journal is another file.
    let head = grow(&mut file, &mut tree, b"four")?;
    assert!(beside(&path).exists());
    let held = std::fs::File::open(beside(&path))?;
    held.lock()?;
    let told = RedbStore::read(&path);
    assert!(
        matches!(&told, Err(StoreError::InUse { holder, .. }) if holder.contains("ledger.journal locked")),
        "{told:?}"
    );
    held.unlock()?;
    assert_eq!(RedbStore::read(&path)?.head()?, head);
    Ok(())
}

/// An act is told of when it is durable: until then its writer holds the journal.
#[test]
fn a_reader_waits_for_an_append_that_is_not_durable_yet() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let (_file, tree) = writing(&path, &[b"one", b"two"])?;
    let journal = std::fs::File::open(beside(&path))?;
    journal.lock()?;
    std::thread::scope(|scope| {
        let (told, answer) = std::sync::mpsc::channel();
        let reader = &path;
        scope.spawn(move || told.send(RedbStore::read(reader).and_then(|store| store.head()).unwrap()).unwrap());
        let early = answer.recv_timeout(Duration::from_millis(100));
        journal.unlock().unwrap();
        assert!(early.is_err(), "told of {early:?}");
        assert_eq!(answer.recv().unwrap(), tree.head());
    });
    Ok(())
}

/// Whoever puts another file in the place of a ledger that is being written is told of what the other one has not.
#[test]
fn a_ledger_that_is_replaced_under_its_writer_leaves_the_journal() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (path, copy) = (folder.path().join("ledger"), folder.path().join("copy"));
    let (file, mut tree) = writing(&path, &[b"one"])?;
    drop(file);
    std::fs::copy(&path, &copy)?;
    let mut file = RedbStore::open(&path, "the test")?;
    for bytes in [&b"two"[..], b"three"] {
        grow(&mut file, &mut tree, bytes)?;
    }
    std::fs::rename(&copy, &path)?;
    drop(file);
    assert!(beside(&path).exists());
    assert!(matches!(RedbStore::read(&path), Err(StoreError::Stray { .. })));
    assert_eq!(
        std::fs::read_to_string(path.with_added_extension("lock"))?,
        "",
        "nobody has verified what is there now"
    );
    Ok(())
}
