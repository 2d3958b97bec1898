//! What stands in a ledger file's journal is found as if it stood in the tables, whenever and however it gets there.

#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]

use redb::{ReadableDatabase as _, ReadableTable as _};
use rollcall_core::digest::EventId;
use rollcall_core::state::view::{Row, Wanted};
use rollcall_core::tree::{Head, Node, Tree};
use rollcall_storage::memory::MemoryStore;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Batch, Rows, Store, StoreError};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const FORMAT: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("format");
const JOURNAL: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("journal");

/// Numbers that look drawn, and are the same each time.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// The next append of a log: some entries, and rows that come, change and go.
fn batch(tree: &mut Tree, drawn: &mut Drawn) -> Batch {
    let mut batch = Batch::default();
    for _ in 0..drawn.below(6) {
        let bytes = [&tree.size().to_be_bytes()[..], &vec![7; usize::try_from(drawn.below(900)).unwrap()]].concat();
        batch.nodes.extend(tree.push(&bytes));
        batch.entries.push((EventId::of_payload(&bytes), bytes));
    }
    if drawn.below(3) == 0 {
        let digest = [u8::try_from(drawn.below(200)).unwrap(); 32];
        batch.projections = Some(["q", "p", "r"].map(|name| (name.to_owned(), digest)).to_vec());
    }
    let rows = (0..drawn.below(8)).map(|_| {
        let key = (0..=drawn.below(2)).map(|_| u8::try_from(drawn.below(4)).unwrap()).collect();
        let value = (drawn.below(3) != 0).then(|| drawn.below(1_000).to_be_bytes().to_vec());
        Row { shelf: u8::try_from(drawn.below(3)).unwrap(), key, value }
    });
    let rows: Vec<Row> = rows.collect();
    batch.rows = match drawn.below(12) {
        0 => Rows::Left,
        1 => Rows::Anew(rows.into_iter().filter(|row| row.value.is_some()).collect()),
        _ => Rows::Changed(rows),
    };
    batch
}

/// Everything that a store says of a log of this tree, in words.
fn said(store: &impl Store, tree: &Tree) -> Result<Vec<String>, StoreError> {
    let size = tree.size();
    let mut said = vec![format!("{:?} {:?}", store.head()?, store.rows_size()?), format!("{:?}", store.projections()?)];
    for range in [0..size, 0..size + 9, size / 2..size, size.saturating_sub(3)..size, size..size + 1, 1..2, 5..5] {
        said.push(format!("{range:?} {:?}", store.entries(range.clone())?));
    }
    for bytes in store.entries(0..size)? {
        said.push(format!("{:?}", store.position(&EventId::of_payload(&bytes))?));
    }
    said.push(format!("{:?}", store.positions_of(&[])?));
    for beginning in 0..=u8::MAX {
        said.push(format!("{:?}", store.positions_of(&[beginning])?));
    }
    for level in 0..8 {
        said.push(format!("{:?}", store.nodes(level, 0..(size >> level) + 2)?));
        said.push(format!("{:?}", store.node(level, size >> level >> 1)?));
    }
    for shelf in 0..4 {
        for beginning in [&[][..], &[0], &[1], &[3], &[1, 2], &[9]] {
            let mut rows = Vec::new();
            let wanted = Wanted { shelf, beginning: beginning.to_vec() };
            store.rows(&wanted, &mut |key, value| rows.push((key.to_vec(), value.to_vec())))?;
            said.push(format!("{shelf} {beginning:?} {rows:?}"));
        }
    }
    Ok(said)
}

/// Names the first answer that differs, not all of them.
fn same(found: &[String], expected: &[String], seed: u64) {
    let differing = found.iter().zip(expected).find(|(found, expected)| found != expected);
    let shown = |words: &str| words.chars().take(160).collect::<String>();
    let differing = differing.map(|(found, expected)| (shown(found), shown(expected)));
    assert_eq!((found.len(), differing), (expected.len(), None), "seed {seed}");
}

#[test]
fn a_file_says_what_memory_says_folded_or_not_open_or_opened_again() -> Outcome {
    for seed in 0..24 {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("ledger");
        let (mut drawn, mut tree) = (Drawn(seed), Tree::default());
        let mut memory = MemoryStore::default();
        let mut file = RedbStore::create(&path, "the test")?;
        // A reader is told of one head, whatever is appended and folded meanwhile.
        let mut earlier = (RedbStore::read(&path)?, tree.clone(), said(&memory, &tree)?);
        for _ in 0..40 {
            let extends = tree.head();
            let batch = batch(&mut tree, &mut drawn);
            memory.append(&extends, &tree.head(), &batch)?;
            file.append(&extends, &tree.head(), &batch)?;
            match drawn.below(6) {
                0 => file.fold()?,
                1 => {
                    drop(file);
                    file = RedbStore::open(&path, "the test")?;
                }
                _ => {}
            }
            if drawn.below(4) == 0 {
                let expected = said(&memory, &tree)?;
                same(&said(&file, &tree)?, &expected, seed);
                let (reader, then, was) = &earlier;
                same(&said(reader, then)?, was, seed);
                let reader = RedbStore::read(&path)?;
                same(&said(&reader, &tree)?, &expected, seed);
                earlier = (reader, tree.clone(), expected);
            }
        }
    }
    Ok(())
}

/// A journal is never longer than some appends, however many there are, and none is left when a bulk is closed.
#[test]
fn a_journal_stays_short() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let beside = path.with_added_extension("journal");
    let mut tree = Tree::default();
    let mut file = RedbStore::create(&path, "the test")?;
    let mut grow = |file: &mut RedbStore, entries: u64, bytes: usize| -> Outcome {
        let (extends, mut batch) = (tree.head(), Batch::default());
        for _ in 0..entries {
            let bytes = [&tree.size().to_be_bytes()[..], &vec![7; bytes]].concat();
            batch.nodes.extend(tree.push(&bytes));
            batch.entries.push((EventId::of_payload(&bytes), bytes));
        }
        Ok(file.append(&extends, &tree.head(), &batch)?)
    };
    let kept = || RedbStore::read(&path).map(|store| store.journal_bytes());
    let mut most = 0;
    for _ in 0..300 {
        grow(&mut file, 1, 4_000)?;
        most = most.max(kept()?);
    }
    assert!((200 << 10..=256 << 10).contains(&most), "{most} bytes of single appends");
    assert!((200 << 10..=512 << 10).contains(&std::fs::metadata(&beside)?.len()), "beside the file");
    drop(file);
    assert_eq!((kept()?, beside.exists()), (0, false), "none is left");
    let mut file = RedbStore::open(&path, "the test")?;
    for _ in 0..3 {
        grow(&mut file, 100, 4_000)?;
    }
    assert!(1 << 20 < kept()?, "appends of many entries are kept together: {}", kept()?);
    drop(file);
    assert_eq!(kept()?, 0, "nobody has to read them first");
    Ok(())
}

/// A file of before there were journals is read as it is, and says so once it may have one.
#[test]
fn a_file_of_an_older_build_becomes_one_that_older_builds_refuse() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let version = |version: Option<&[u8]>| -> Outcome<Vec<u8>> {
        let database = redb::Builder::new().open(&path)?;
        let transaction = database.begin_write()?;
        let found = {
            let mut format = transaction.open_table(FORMAT)?;
            let found = format.get("store")?.ok_or("a file says its format")?.value().to_vec();
            if let Some(version) = version {
                format.insert("store", version)?;
            }
            found
        };
        transaction.commit()?;
        Ok(found)
    };
    let mut tree = Tree::default();
    let mut grow = |file: &mut RedbStore, bytes: &[u8]| -> Outcome<Head> {
        let (extends, nodes) = (tree.head(), tree.push(bytes));
        let entries = vec![(EventId::of_payload(bytes), bytes.to_vec())];
        let rows = Rows::Changed(vec![Row { shelf: 1, key: bytes.to_vec(), value: Some(b"v".to_vec()) }]);
        file.append(&extends, &tree.head(), &Batch { entries, nodes, rows, ..Batch::default() })?;
        Ok(tree.head())
    };
    let mut file = RedbStore::create(&path, "the test")?;
    let head = grow(&mut file, b"one")?;
    file.fold()?;
    drop(file);
    assert_eq!(version(Some(b"rollcall store 1"))?, b"rollcall store 3");
    assert_eq!(RedbStore::read(&path)?.head()?, head);
    let mut file = RedbStore::open(&path, "the test")?;
    grow(&mut file, b"two")?;
    assert_eq!((file.entries(0..9)?.len(), file.rows_size()?), (2, Some(2)));
    drop(file);
    assert_eq!(version(Some(b"rollcall store 2"))?, b"rollcall store 3");
    let mut file = RedbStore::open(&path, "the test")?;
    grow(&mut file, b"three")?;
    assert_eq!((file.entries(0..9)?.len(), file.rows_size()?), (3, Some(3)));
    drop(file);
    assert_eq!(version(Some(b"rollcall store 4"))?, b"rollcall store 3");
    assert!(matches!(RedbStore::read(&path), Err(StoreError::Damaged { .. })));
    Ok(())
}

/// Nothing that stands in a journal is believed for its form, and nothing in it panics.
#[test]
fn a_broken_journal_is_damage() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger");
    let mut tree = Tree::default();
    let nodes: Vec<Node> = tree.push(b"one");
    let row = |key: &[u8], value: Option<&[u8]>| Row { shelf: 1, key: key.to_vec(), value: value.map(<[u8]>::to_vec) };
    let batch = Batch {
        entries: vec![(EventId::of_payload(b"one"), b"one".to_vec())],
        nodes,
        projections: Some(vec![("p".to_owned(), [7; 32])]),
        rows: Rows::Changed(vec![row(b"k", Some(b"v")), row(b"l", None)]),
    };
    let mut file = RedbStore::create(&path, "the test")?;
    file.append(&Head::empty(), &tree.head(), &batch)?;
    drop(file);
    let record = {
        let database = redb::Builder::new().open(&path)?;
        let transaction = database.begin_read()?;
        let table = transaction.open_table(JOURNAL)?;
        table.get(&[0; 8][..])?.ok_or("the journal has it")?.value().to_vec()
    };
    let with = |key: u64, record: &[u8]| -> Outcome<Result<Head, StoreError>> {
        let database = redb::Builder::new().open(&path)?;
        let transaction = database.begin_write()?;
        transaction.delete_table(JOURNAL)?;
        transaction.open_table(JOURNAL)?.insert(&key.to_be_bytes()[..], record)?;
        transaction.commit()?;
        drop(database);
        Ok(RedbStore::read(&path).and_then(|store| store.head()))
    };
    let damaged = |found: &Result<Head, StoreError>| matches!(found, Err(StoreError::Damaged { .. }));
    assert_eq!(with(0, &record)?.map_err(|error| error.to_string()), Ok(tree.head()));
    assert!(damaged(&with(1, &record)?), "of another head");
    assert!(damaged(&with(0, &[&record[..], &[0]].concat())?), "with a byte behind it");
    for end in 0..record.len() {
        assert!(damaged(&with(0, &record[..end])?), "cut off behind {end} bytes");
    }
    // Some bytes are content, which an audit compares; what tells lengths and kinds is form.
    for at in 0..record.len() {
        let mut changed = record.clone();
        changed[at] ^= 0xff;
        let found = with(0, &changed)?;
        assert!(found.is_ok() || damaged(&found), "byte {at}: {found:?}");
        // The size, how many entries there are, and what tells kinds.
        if at < 8 || [40, 41 + 8 + 16].contains(&at) {
            assert!(damaged(&found), "byte {at}");
        }
    }
    Ok(())
}
