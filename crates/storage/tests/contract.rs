//! Both stores keep the one contract; a redb file also answers a second writer, and serves a reader beside a writer.

use rollcall_core::digest::EventId;
use rollcall_core::state::view::{Row, Wanted};
use rollcall_core::tree::{Head, Tree};
use rollcall_storage::memory::MemoryStore;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Batch, Rows, Store, StoreError, contract};

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

/// The latest appends stand in a journal; folded into the tables they say the same.
#[test]
fn redb_keeps_the_contract_when_its_journal_is_folded() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    contract::check(RedbStore::create(&path, "the test")?, |mut store| {
        store.fold()?;
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
    let others: [(&[u8], &str); 5] = [
        (b"", "it is empty"),
        (b"red", "it does not begin"),
        (b"not a ledger", "it does not begin"),
        (&[0; 8192], "it does not begin"),
        (&rollcall_core::bundle::preamble("a note\n"), "it is a bundle"),
    ];
    for (bytes, told) in others {
        std::fs::write(&path, bytes)?;
        let refused = RedbStore::read(&path).err();
        assert!(matches!(&refused, Some(StoreError::Foreign { what, .. }) if what.starts_with(told)), "{refused:?}");
        assert!(matches!(RedbStore::create(&path, "x"), Err(StoreError::Exists { .. })));
    }
    Ok(())
}

/// What one reader is told is of one head, however the log grows meanwhile.
#[test]
fn a_reader_keeps_the_head_that_it_opened() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let mut tree = Tree::default();
    let mut grow = |store: &mut RedbStore, bytes: &[u8]| -> Result<Head, Box<dyn std::error::Error>> {
        let extends = tree.head();
        let nodes = tree.push(bytes);
        let row = Row { shelf: 1, key: b"k".to_vec(), value: Some(bytes.to_vec()) };
        let entries = vec![(EventId::of_payload(bytes), bytes.to_vec())];
        store.append(
            &extends,
            &tree.head(),
            &Batch { entries, nodes, rows: Rows::Changed(vec![row]), ..Batch::default() },
        )?;
        Ok(tree.head())
    };
    let all = |store: &RedbStore| -> Result<_, StoreError> {
        let mut value = Vec::new();
        store.rows(&Wanted { shelf: 1, beginning: Vec::new() }, &mut |_, found| value = found.to_vec())?;
        Ok((store.head()?, store.rows_size()?, store.entries(0..9)?.len(), value))
    };
    let mut writer = RedbStore::create(&path, "the writer")?;
    let first = grow(&mut writer, b"one")?;
    let reader = RedbStore::read(&path)?;
    let second = grow(&mut writer, b"two")?;
    for _ in 0..300 {
        grow(&mut writer, &[7; 4_096])?;
    }
    assert_eq!(all(&reader)?, (first, Some(1), 1, b"one".to_vec()));
    assert_ne!(RedbStore::read(&path)?.head()?, second);
    assert_eq!(all(&RedbStore::read(&path)?)?.1, Some(302));
    Ok(())
}

/// Files of the first builds stated their projections with every append and did not say of how many entries they were.
#[test]
fn a_file_that_does_not_say_what_its_projections_are_of_means_its_head() -> Result<(), Box<dyn std::error::Error>> {
    const HEAD: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("head");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let mut store = RedbStore::create(&path, "the test")?;
    let mut tree = Tree::default();
    let mut grow = |store: &mut RedbStore, count: u64, projections| -> Result<(), Box<dyn std::error::Error>> {
        let extends = tree.head();
        let mut batch = Batch { projections, ..Batch::default() };
        for number in tree.size()..tree.size() + count {
            let bytes = number.to_be_bytes().to_vec();
            batch.nodes.extend(tree.push(&bytes));
            batch.entries.push((EventId::of_payload(&bytes), bytes));
        }
        Ok(store.append(&extends, &tree.head(), &batch)?)
    };
    grow(&mut store, 1_100, Some(vec![("p".to_owned(), [7; 32])]))?;
    store.fold()?;
    drop(store);
    let database = redb::Builder::new().open(&path)?;
    let transaction = database.begin_write()?;
    assert!(transaction.open_table(HEAD)?.remove("projections")?.is_some());
    transaction.commit()?;
    drop(database);
    let mut store = RedbStore::open(&path, "the test")?;
    assert_eq!(store.projections()?.size, 1_100);
    grow(&mut store, 1, None)?;
    assert_eq!(store.projections()?.size, 1_100, "what is stored is still of 1,100 entries");
    store.fold()?;
    assert_eq!(store.projections()?.size, 1_100, "and stays so");
    Ok(())
}
