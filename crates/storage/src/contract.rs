//! The contract that every store keeps, as one suite that runs on any of them.
//!
//! It is compiled into the crate so that whoever writes another store can run it; each check says what it found instead of
//! panicking.

use rollcall_core::digest::EventId;
use rollcall_core::state::view::{Row, Wanted};
use rollcall_core::tree::{Head, Tree};

use crate::{AppendError, Batch, Projections, Rows, Store, StoreError};

/// What a store did wrong.
#[derive(Debug, thiserror::Error)]
pub enum Breach {
    /// A promise was not kept.
    #[error("the store broke its contract: {0}")]
    Promise(&'static str),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// An append failed.
    #[error("an append failed")]
    Append(#[from] AppendError),
}

fn require(kept: bool, promise: &'static str) -> Result<(), Breach> {
    if kept { Ok(()) } else { Err(Breach::Promise(promise)) }
}

/// Builds batches whose entries are plain bytes; a store never looks into them.
#[derive(Debug, Default)]
struct Writer {
    tree: Tree,
}

impl Writer {
    fn batch(&mut self, entries: &[&[u8]]) -> (Head, Head, Batch) {
        let extends = self.tree.head();
        let mut batch = Batch { projections: Some(vec![("p".to_owned(), [7; 32])]), ..Batch::default() };
        for bytes in entries {
            batch.nodes.extend(self.tree.push(bytes));
            batch.entries.push((EventId::of_payload(bytes), bytes.to_vec()));
        }
        (extends, self.tree.head(), batch)
    }
}

fn row(shelf: u8, key: &[u8], value: Option<&[u8]>) -> Row {
    Row { shelf, key: key.to_vec(), value: value.map(<[u8]>::to_vec) }
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The rows of a shelf whose keys begin so.
fn all(store: &impl Store, shelf: u8, beginning: &[u8]) -> Result<Pairs, StoreError> {
    let mut found = Vec::new();
    let wanted = Wanted { shelf, beginning: beginning.to_vec() };
    store.rows(&wanted, &mut |key, value| found.push((key.to_vec(), value.to_vec())))?;
    Ok(found)
}

/// Rows change with the log, are found by how their keys begin, and are of the head only if every append since wrote them.
fn rows(store: &mut impl Store, writer: &mut Writer) -> Result<(), Breach> {
    let pair = |key: &[u8], value: &[u8]| (key.to_vec(), value.to_vec());
    let changes =
        vec![row(1, b"ab", Some(b"1")), row(1, b"b", Some(b"2")), row(1, b"a", None), row(1, b"ac", Some(b"3"))];
    let (extends, next, batch) = writer.batch(&[b"four"]);
    store.append(&extends, &next, &Batch { rows: Rows::Changed(changes), ..batch })?;
    require(store.rows_size()? == Some(5), "changed rows are of the new head")?;
    let kept = [pair(b"ab", b"1"), pair(b"ac", b"3"), pair(b"b", b"2")];
    require(all(store, 1, b"")? == kept, "rows come back in the order of their keys, removed ones do not")?;
    require(all(store, 1, b"a")? == kept.get(..2).unwrap_or_default(), "rows are found by how their keys begin")?;
    require(all(store, 2, b"")? == [pair(b"b", b"B")], "shelves are apart")?;
    require(all(store, 1, b"zz")?.is_empty() && all(store, 3, b"")?.is_empty(), "no other rows are found")?;
    let (extends, next, batch) = writer.batch(&[b"five"]);
    store.append(&extends, &next, &Batch { rows: Rows::Left, ..batch })?;
    require(store.rows_size()? == Some(5), "an append that leaves the rows does not make them its own")?;
    let (extends, next, batch) = writer.batch(&[b"six"]);
    store.append(&extends, &next, &Batch { rows: Rows::Anew(vec![row(1, b"x", Some(b""))]), ..batch })?;
    require(store.rows_size()? == Some(7) && all(store, 1, b"")? == [pair(b"x", b"")], "new rows replace all others")?;
    require(all(store, 2, b"")?.is_empty(), "new rows replace those of every shelf")
}

/// Runs the whole contract on an empty store; `reopen` closes it and opens it again, as a new process would.
///
/// # Errors
/// [`Breach`] names the promise that was not kept.
pub fn check<S: Store>(mut store: S, reopen: impl Fn(S) -> Result<S, StoreError>) -> Result<S, Breach> {
    let mut writer = Writer::default();
    require(store.head()? == Head::empty(), "a new store has the empty head")?;
    require(store.entries(0..10)?.is_empty(), "a new store has no entries")?;

    let (extends, next, batch) = writer.batch(&[b"zero", b"one", b"two"]);
    store.append(&extends, &next, &batch)?;
    let lost = store.append(&extends, &next, &batch);
    let told = matches!(lost, Err(AppendError::Conflict { current }) if current == next);
    require(told, "the loser of a race learns the current head")?;
    require(store.entries(0..10)?.len() == 3, "a lost append changes nothing")?;

    let mut store = reopen(store)?;
    require(store.head()? == next, "a head outlives its process")?;
    let (extends, next, batch) = writer.batch(&[b"three"]);
    let batch = Batch {
        projections: None,
        rows: Rows::Anew(vec![row(1, b"a", Some(b"A")), row(2, b"b", Some(b"B"))]),
        ..batch
    };
    require(store.rows_size()?.is_none() && all(&store, 1, b"")?.is_empty(), "rows that nobody wrote are not there")?;
    store.append(&extends, &next, &batch)?;
    let mut store = reopen(store)?;
    require(store.rows_size()? == Some(4), "rows are of the head that they were written with")?;
    rows(&mut store, &mut writer)?;
    let store = reopen(store)?;

    let next = writer.tree.head();
    require(store.head()? == next, "the last append's head is the head")?;
    require(store.entries(1..3)? == [b"one".to_vec(), b"two".to_vec()], "a range holds exactly its entries")?;
    require(store.entries(6..99)? == [b"six".to_vec()], "a range ends where the log does")?;
    require(store.entries(9..99)?.is_empty() && store.entries(2..2)?.is_empty(), "an empty range is empty")?;
    require(store.position(&EventId::of_payload(b"two"))? == Some(2), "the index finds an event")?;
    require(store.position(&EventId::of_payload(b"none"))?.is_none(), "the index finds nothing else")?;
    for (level, index) in [(0, 0), (0, 3), (1, 0), (1, 1), (2, 0)] {
        require(store.node(level, index)? == writer.tree.node(level, index), "tree nodes come back")?;
    }
    require(store.node(2, 1)?.is_none(), "an incomplete node is not there")?;
    let level: Vec<_> = (0..4).map(|index| writer.tree.node(1, index)).collect();
    require(store.nodes(1, 0..4)? == level, "a range of nodes holds each at its place, and says which is not there")?;
    require(store.nodes(0, 1..3)? == [writer.tree.node(0, 1), writer.tree.node(0, 2)], "a range of leaves comes back")?;
    let two = EventId::of_payload(b"two");
    for beginning in [&two.as_bytes()[..], &two.as_bytes()[..3]] {
        require(store.positions_of(beginning)? == [(two, 2)], "the index finds an event by how its id begins")?;
    }
    let mut all: Vec<_> = store.positions_of(&[])?;
    require(all.is_sorted() && all.len() == 7, "the index hands out all that it has, in the order of ids")?;
    all.sort_by_key(|(_, index)| *index);
    require(all.iter().map(|(_, index)| *index).eq(0..7), "the index has each entry once")?;
    let stated = Projections { size: 7, digests: vec![("p".to_owned(), [7; 32])] };
    require(store.projections()? == stated, "projection digests come back with the size that they are of")?;
    Ok(store)
}
