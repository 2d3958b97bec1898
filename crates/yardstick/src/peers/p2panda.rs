//! p2panda: signed operations in one log per author, in its `SQLite` store.

use std::time::{Duration, Instant};

use p2panda_core::{
    Body, Hash, Header, Operation, SeqNum, SigningKey, VerifyingKey, validate_backlink, validate_operation,
};
use p2panda_store::logs::LogStore;
use p2panda_store::operations::OperationStore as _;
use p2panda_store::{SqliteStore, SqliteStoreBuilder, Transaction as _};

use super::{Members, Outcome, Peer, Times, Work, all_there, bytes_in, locked, runtime, timed};

pub(super) const PEER: Peer = Peer {
    name: "p2panda",
    version: || format!("core {}, store {}", locked("p2panda-core"), locked("p2panda-store")),
    // Its builder has sqlx create a database with a write-ahead log and leaves `synchronous` at FULL; `strace` counts
    // one fsync per append.
    durable: "yes: one fsync of the write-ahead log",
    note: "one log per author, no order among authors; reading always verifies, so replay does too",
    run,
};

/// Every author has one log, and all have the same name.
const LOG: u64 = 0;

/// An author's key and the end of their log.
struct Author {
    key: SigningKey,
    next: SeqNum,
    last: Option<Hash>,
}

impl Author {
    fn sign(&mut self, payload: &[u8]) -> Outcome<Operation> {
        let body = Body::from_bytes(payload);
        let header = Header::builder().seq_num(self.next).backlink(self.last).body(&body).build(&self.key, ());
        self.next = self.next.checked_add(1).ok_or("a log is too long")?;
        self.last = Some(header.hash());
        Ok(Operation::from_parts(header, Some(body)))
    }
}

fn run(work: &Work<'_>) -> Outcome<Times> {
    let runtime = runtime()?;
    // The store's own documentation asks it for the end of a log before each operation; the ends are kept in memory
    // here, because it has no index to find them with and would read all operations every time.
    let mut authors: Vec<_> =
        work.seeds.iter().map(|seed| Author { key: SigningKey::from_bytes(seed), next: 0, last: None }).collect();
    let append = runtime.block_on(fill(work, &mut authors))?;
    let store = runtime.block_on(open(work))?;
    let (verify, verified) = timed(|| runtime.block_on(verify_all(&store, &authors)))?;
    let (replay, (members, replayed)) = timed(|| runtime.block_on(replay_all(&store, &authors)))?;
    all_there(verified, work.payloads.len())?;
    all_there(replayed, work.payloads.len())?;
    runtime.block_on(store.pool().close());
    let bytes = bytes_in(work.folder)?;
    Ok(Times { append, appended: work.few, verify, verified, replay, replayed, members, bytes })
}

async fn open(work: &Work<'_>) -> Outcome<SqliteStore> {
    let path = work.folder.join("operations.sqlite");
    let url = format!("sqlite://{}", path.to_str().ok_or("the folder's name is no text")?);
    Ok(SqliteStoreBuilder::new().database_url(&url).build().await?)
}

/// Appends the first few in a transaction each, which is what is timed, and loads the rest in one.
async fn fill(work: &Work<'_>, authors: &mut [Author]) -> Outcome<Duration> {
    let store = open(work).await?;
    let mut events = work.events();
    let start = Instant::now();
    for (author, _, payload) in events.by_ref().take(work.few) {
        let permit = store.begin().await?;
        insert(&store, authors, author, payload).await?;
        store.commit(permit).await?;
    }
    let append = start.elapsed();
    let permit = store.begin().await?;
    for (author, _, payload) in events {
        insert(&store, authors, author, payload).await?;
    }
    store.commit(permit).await?;
    store.pool().close().await;
    Ok(append)
}

async fn insert(store: &SqliteStore, authors: &mut [Author], author: usize, payload: &[u8]) -> Outcome<()> {
    let operation = authors.get_mut(author).ok_or("an author has no key")?.sign(payload)?;
    if store.insert_operation(&operation.hash, &operation, &LOG).await? {
        Ok(())
    } else {
        Err("an operation was there already".into())
    }
}

async fn log_of(store: &SqliteStore, author: &Author) -> Outcome<Vec<Operation>> {
    let key: VerifyingKey = author.key.verifying_key();
    // Decoding an operation verifies its signature: there is no other way to read one.
    let log: Option<Vec<(Operation, Vec<u8>)>> =
        LogStore::<Operation, _, _, SeqNum, Hash>::get_log_entries(store, &key, &LOG, None, None).await?;
    Ok(log.unwrap_or_default().into_iter().map(|(operation, _)| operation).collect())
}

async fn verify_all(store: &SqliteStore, authors: &[Author]) -> Outcome<usize> {
    let mut count = 0_usize;
    for author in authors {
        let log = log_of(store, author).await?;
        for operation in &log {
            validate_operation(operation)?;
        }
        for (past, operation) in log.iter().zip(log.iter().skip(1)) {
            validate_backlink(&past.header, &operation.header)?;
        }
        count = count.saturating_add(log.len());
    }
    Ok(count)
}

async fn replay_all(store: &SqliteStore, authors: &[Author]) -> Outcome<(usize, usize)> {
    let (mut members, mut count) = (Members::default(), 0_usize);
    for (author, number) in authors.iter().zip(0..) {
        let log = log_of(store, author).await?;
        for operation in &log {
            let body = operation.body.as_ref().ok_or("an operation has lost its body")?;
            members.apply(number, body.as_bytes())?;
        }
        count = count.saturating_add(log.len());
    }
    Ok((members.count(), count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::tests::with_little_work;

    /// What is claimed of it: reading one operation verifies it.
    #[test]
    fn a_changed_operation_cannot_even_be_read() -> Outcome<()> {
        for change in ["header = substr(header, 1, length(header) - 1) || x'00'", "body = body || x'00'"] {
            with_little_work(|work| {
                let runtime = runtime()?;
                let mut authors: Vec<_> = work
                    .seeds
                    .iter()
                    .map(|seed| Author { key: SigningKey::from_bytes(seed), next: 0, last: None })
                    .collect();
                runtime.block_on(fill(work, &mut authors))?;
                let database = ::rusqlite::Connection::open(work.folder.join("operations.sqlite"))?;
                // What is pasted together would be text otherwise.
                let (column, value) = change.split_once(" = ").ok_or("a change has no column")?;
                let changed = format!("UPDATE operations_v1 SET {column} = CAST({value} AS BLOB) WHERE seq_num = 3");
                assert_eq!(database.execute(&changed, [])?, 3);
                drop(database);
                let store = runtime.block_on(open(work))?;
                assert!(runtime.block_on(verify_all(&store, &authors)).is_err(), "{change}");
                // The body's hash is only compared when an operation is validated.
                assert_eq!(runtime.block_on(replay_all(&store, &authors)).is_err(), column == "header", "{change}");
                Ok(())
            })?;
        }
        Ok(())
    }
}
