//! A writer trusts pages that a writer before it has verified and left, and verifies all of them of any other file.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rollcall_core::digest::EventId;
use rollcall_core::tree::{Head, Tree};
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Batch, Store, StoreError};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const HOUR: u64 = 3_600;
/// What the one entry consists of, many times over, so that it is easily found in the file.
const MARK: &[u8; 8] = b"an entry";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("lock")
}

/// A ledger of one entry, and its head.
fn ledger(path: &Path) -> Result<Head, Box<dyn std::error::Error>> {
    let mut store = RedbStore::create(path, "the founder")?;
    let mut tree = Tree::default();
    let bytes = MARK.repeat(2_000);
    let nodes = tree.push(&bytes);
    let entries = vec![(EventId::of_payload(&bytes), bytes)];
    store.append(&Head::empty(), &tree.head(), &Batch { entries, nodes, ..Batch::default() })?;
    store.fold()?;
    Ok(tree.head())
}

/// Moves when the pages are said to have been verified, and says to when.
fn verified(path: &Path, at: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let said = std::fs::read_to_string(beside(path))?;
    let (_, file) = said.split_once(", ").ok_or_else(|| format!("nothing is said of the file: {said:?}"))?;
    std::fs::write(beside(path), format!("rollcall: pages verified at {at}, {file}"))?;
    Ok(at)
}

/// Tells whether the next writer trusts what was said of the file an hour ago.
fn is_trusted(path: &Path) -> Result<bool, StoreError> {
    let begun = now();
    let at = RedbStore::open(path, "the next writer")?.verified_at();
    Ok(at.is_some_and(|at| at < begun))
}

#[test]
fn what_a_writer_leaves_is_trusted_by_the_next_for_a_day() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let head = ledger(&path)?;
    let an_hour_ago = verified(&path, now() - HOUR)?;
    for _ in 0..3 {
        let store = RedbStore::open(&path, "the next writer")?;
        assert_eq!((store.verified_at(), store.head()?), (Some(an_hour_ago), head));
    }
    verified(&path, now() - 24 * HOUR)?;
    assert!(!is_trusted(&path)?, "a day is over");
    verified(&path, now() + HOUR)?;
    assert!(!is_trusted(&path)?, "nobody has verified it in the time to come");
    verified(&path, now() - HOUR)?;
    assert!(is_trusted(&path)?);
    assert_eq!(RedbStore::read(&path)?.verified_at(), None, "a reader verifies nothing");
    Ok(())
}

#[test]
fn a_byte_that_another_program_changes_is_noticed_whatever_time_it_sets() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    ledger(&path)?;
    verified(&path, now() - HOUR)?;
    // Of systems whose files know time by ticks only.
    std::thread::sleep(Duration::from_millis(20));
    let bytes = std::fs::read(&path)?;
    let places = bytes.windows(MARK.len()).enumerate().filter(|(_, window)| window == MARK);
    let file = OpenOptions::new().write(true).open(&path)?;
    let before = file.metadata()?.modified()?;
    // Freed pages hold it too, of which nothing hangs.
    for (at, _) in places {
        file.write_all_at(b"A", u64::try_from(at)?)?;
    }
    file.set_modified(before)?;
    drop(file);
    for _ in 0..2 {
        assert!(matches!(RedbStore::open(&path, "the next writer"), Err(StoreError::Damaged { .. })));
    }
    Ok(())
}

#[test]
fn a_copy_is_verified_though_its_lock_file_comes_along() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (path, copy) = (folder.path().join("ledger"), folder.path().join("copy"));
    ledger(&path)?;
    verified(&path, now() - HOUR)?;
    std::fs::copy(&path, &copy)?;
    std::fs::copy(beside(&path), beside(&copy))?;
    File::open(&copy)?.set_modified(std::fs::metadata(&path)?.modified()?)?;
    assert!(!is_trusted(&copy)?);
    assert!(is_trusted(&path)?, "reading it has not changed it");
    Ok(())
}

/// A writer that is killed leaves its name.
#[test]
fn a_file_whose_last_writer_said_nothing_is_verified() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    ledger(&path)?;
    let words = [
        "rollcall: pages verified at",
        "rollcall: pages verified at 1, ",
        "rollcall: pages verified at soon, device 1",
    ];
    for said in ["rollcall: the founder", "process 1 (rollcall)", ""].into_iter().chain(words) {
        std::fs::write(beside(&path), said)?;
        assert!(!is_trusted(&path)?, "{said:?}");
    }
    verified(&path, now() - HOUR)?;
    let store = RedbStore::open(&path, "the writer")?;
    assert_eq!(std::fs::read_to_string(beside(&path))?, "rollcall: the writer");
    drop(store);
    assert!(is_trusted(&path)?);
    Ok(())
}

#[test]
fn a_file_in_which_a_writer_met_damage_is_verified() -> Outcome {
    const HEAD: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("head");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    ledger(&path)?;
    let database = redb::Builder::new().open(&path)?;
    let transaction = database.begin_write()?;
    transaction.open_table(HEAD)?.insert("head", &[7][..])?;
    transaction.commit()?;
    drop(database);
    assert!(matches!(RedbStore::open(&path, "the writer"), Err(StoreError::Damaged { .. })));
    assert_eq!(std::fs::read_to_string(beside(&path))?, "");
    Ok(())
}

/// A ledger may be called as other programs call something of theirs.
#[test]
fn a_file_that_is_no_lock_of_a_ledger_is_left_alone() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("Cargo");
    let words = "# somebody's own\nversion = 3\n";
    std::fs::write(beside(&path), words)?;
    assert!(matches!(RedbStore::create(&path, "the founder"), Err(StoreError::Io { .. })));
    assert!(RedbStore::require_free(&path).is_err(), "before anything is made");
    std::fs::remove_file(beside(&path))?;
    ledger(&path)?;
    std::fs::write(beside(&path), words)?;
    assert!(matches!(RedbStore::open(&path, "the writer"), Err(StoreError::Io { .. })));
    assert_eq!(std::fs::read_to_string(beside(&path))?, words);
    std::fs::rename(beside(&path), folder.path().join("diary"))?;
    std::fs::write(folder.path().join("diary"), "")?;
    std::os::unix::fs::symlink("diary", beside(&path))?;
    assert!(matches!(RedbStore::open(&path, "the writer"), Err(StoreError::Io { .. })));
    assert_eq!(std::fs::read_to_string(folder.path().join("diary"))?, "");
    Ok(())
}
