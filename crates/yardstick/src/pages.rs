//! Bare redb in bulk: what cache, transactions and the order of keys do to the time that entries and their index take.

use std::path::Path;
use std::time::Instant;

use redb::{Builder, ConcurrencyMode, TableDefinition};
use rollcall_core::entry::Entry;
use rollcall_storage::redb::RedbStore;

use crate::ledger::Measured;
use crate::measure::{Times, bytes, progress};
use crate::table::{Table, median};
use crate::{Result, floor};

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
const INDEX: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("index");
/// Entries that are put in, at most.
const ENTRIES_MAX: usize = 50_000;

/// The order in which the index's keys come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// As event ids do.
    Random,
    /// As numbers do.
    Ascending,
    /// There is no index.
    Without,
}

/// One way to do it: cache in MiB, entries a transaction, order of the index.
type Way = (usize, usize, Order);

const WAYS: [Way; 8] = [
    (64, 256, Order::Random),
    (64, 1_024, Order::Random),
    (64, 4_096, Order::Random),
    (16, 4_096, Order::Random),
    (256, 4_096, Order::Random),
    (1_024, 4_096, Order::Random),
    (64, 4_096, Order::Ascending),
    (64, 4_096, Order::Without),
];

/// The table of one ledger's entries, put into new files.
///
/// # Errors
/// When a file cannot be written.
pub fn table(ledger: &Measured, folder: &Path, repeat: usize) -> Result<Table> {
    progress("bare redb in bulk");
    let mut entries = floor::entries(&RedbStore::read(&ledger.path)?)?;
    entries.truncate(ENTRIES_MAX);
    let rows = entries.into_iter().map(|bytes| Ok((*Entry::decode(&bytes)?.event.id().as_bytes(), bytes)));
    let rows = rows.collect::<Result<Vec<([u8; 32], Vec<u8>)>>>()?;
    let title = format!("bare redb, {} entries with an index of 40 bytes each, in bulk", rows.len());
    let mut table = Table::new(&title, &["cache", "entries a transaction", "index", "time", "bytes an entry"]);
    for way in WAYS {
        let mut size = 0;
        let time = Times::of(repeat, || {
            let (time, taken) = put(folder, &rows, way)?;
            size = taken / u64::try_from(rows.len())?.max(1);
            Ok(time)
        })?;
        let (cache, together, order) = way;
        let order = match order {
            Order::Random => "by event id",
            Order::Ascending => "by number",
            Order::Without => "none",
        };
        let cells = [format!("{cache} MiB"), together.to_string(), order.to_owned(), median(&time), size.to_string()];
        table.row(cells.to_vec());
    }
    Ok(table)
}

fn put(
    folder: &Path,
    rows: &[([u8; 32], Vec<u8>)],
    (cache, together, order): Way,
) -> Result<(std::time::Duration, u64)> {
    let path = folder.join("pages.redb");
    let mut builder = Builder::new();
    builder.set_cache_size(cache << 20).set_concurrency_mode(ConcurrencyMode::SingleWriter);
    let database = builder.create(&path)?;
    let begun = Instant::now();
    let mut number = 0_u64;
    for chunk in rows.chunks(together) {
        let transaction = database.begin_write()?;
        {
            let mut entries = transaction.open_table(ENTRIES)?;
            let mut index = transaction.open_table(INDEX)?;
            for (id, bytes) in chunk {
                let place = number.to_be_bytes();
                entries.insert(&place[..], bytes.as_slice())?;
                let mut ascending = [0; 32];
                ascending[..8].copy_from_slice(&place);
                match order {
                    Order::Random => drop(index.insert(&id[..], &place[..])?),
                    Order::Ascending => drop(index.insert(&ascending[..], &place[..])?),
                    Order::Without => {}
                }
                number += 1;
            }
        }
        transaction.commit()?;
    }
    let time = begun.elapsed();
    drop(database);
    let size = bytes(&path)?;
    std::fs::remove_file(path)?;
    Ok((time, size))
}
