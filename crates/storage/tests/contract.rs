//! Both stores keep the one contract; a redb file also answers a second writer, and serves a reader beside a writer.

use rollcall_core::tree::Head;
use rollcall_storage::memory::MemoryStore;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Store, StoreError, contract};

#[test]
fn memory_keeps_the_contract() -> Result<(), contract::Breach> {
    contract::check(MemoryStore::default(), Ok).map(drop)
}

#[test]
fn redb_keeps_the_contract() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let store = RedbStore::create(&path, "the test")?;
    contract::check(store, |store| {
        drop(store);
        RedbStore::open(&path, "the test again")
    })?;
    Ok(())
}

#[test]
fn a_second_writer_is_told_who_writes_and_a_reader_is_served() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let writer = RedbStore::create(&path, "the first writer")?;
    match RedbStore::open(&path, "the second writer") {
        Err(StoreError::InUse { holder, .. }) => assert_eq!(holder, "the first writer"),
        other => return Err(format!("expected an answer that names the holder, got {other:?}").into()),
    }
    let reader = RedbStore::read(&path)?;
    assert_eq!(reader.head()?, Head::empty());
    drop(writer);
    RedbStore::open(&path, "the second writer")?;
    Ok(())
}

#[test]
fn other_files_are_refused_in_words() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    assert!(matches!(RedbStore::open(&path, "x"), Err(StoreError::Missing { .. })));
    assert!(matches!(RedbStore::read(folder.path()), Err(StoreError::Foreign { .. })));
    for bytes in [&b""[..], b"not a ledger", &[0; 8192]] {
        std::fs::write(&path, bytes)?;
        assert!(matches!(RedbStore::read(&path), Err(StoreError::Foreign { .. })), "{} bytes", bytes.len());
        assert!(matches!(RedbStore::create(&path, "x"), Err(StoreError::Exists { .. })));
    }
    Ok(())
}
