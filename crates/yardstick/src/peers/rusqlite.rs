//! `SQLite` with a table of signed events: what most would write themselves.

use std::path::Path;
use std::time::Duration;

use ::rusqlite::{Connection, Statement, params};

use super::signed::{FIRST, Roster, Signed, Signers};
use super::{Members, Outcome, Peer, Times, Work, all_there, bytes_in, locked, timed};

pub(super) const PEER: Peer = Peer {
    name: "rusqlite",
    version: || format!("{}, SQLite {}", locked("rusqlite"), ::rusqlite::version()),
    // With `synchronous=FULL` a commit syncs the write-ahead log before it returns; `strace` counts one per append.
    durable: "yes: one fsync of the write-ahead log",
    note: "a table, a hash chain and signatures; no rules, no tree, no proofs",
    run,
};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    author BLOB NOT NULL,
    previous BLOB NOT NULL,
    signature BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT";
const INSERT: &str = "INSERT INTO events (author, previous, signature, payload) VALUES (?1, ?2, ?3, ?4)";
const ALL: &str = "SELECT author, previous, signature, payload FROM events ORDER BY position";

fn run(work: &Work<'_>) -> Outcome<Times> {
    let path = work.folder.join("events.sqlite");
    let roster = Roster::of(work)?;
    let append = fill(work, &path)?;
    let database = open(&path)?;
    let (verify, verified) = timed(|| verify_all(&database, &roster))?;
    let (replay, (members, replayed)) = timed(|| replay_all(&database, &roster))?;
    all_there(verified, work.payloads.len())?;
    all_there(replayed, work.payloads.len())?;
    drop(database);
    let bytes = bytes_in(work.folder)?;
    Ok(Times { append, appended: work.few, verify, verified, replay, replayed, members, bytes })
}

fn open(path: &Path) -> Outcome<Connection> {
    let database = Connection::open(path)?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.pragma_update(None, "synchronous", "full")?;
    database.execute(TABLE, [])?;
    Ok(database)
}

/// Appends the first few one at a time, which is what is timed, and loads the rest in one transaction.
fn fill(work: &Work<'_>, path: &Path) -> Outcome<Duration> {
    let mut database = open(path)?;
    let mut signers = Signers::of(work);
    let mut events = work.events();
    let mut insert = database.prepare(INSERT)?;
    let (append, ()) = timed(|| {
        // Outside of a transaction every statement is one of its own.
        events
            .by_ref()
            .take(work.few)
            .try_for_each(|(author, _, payload)| store(&mut insert, &signers.sign(author, payload)?))
    })?;
    drop(insert);
    let transaction = database.transaction()?;
    let mut insert = transaction.prepare(INSERT)?;
    events.try_for_each(|(author, _, payload)| store(&mut insert, &signers.sign(author, payload)?))?;
    drop(insert);
    transaction.commit()?;
    Ok(append)
}

fn store(insert: &mut Statement<'_>, event: &Signed<'_>) -> Outcome<()> {
    insert.execute(params![event.author, event.previous, event.signature, event.payload])?;
    Ok(())
}

fn verify_all(database: &Connection, roster: &Roster) -> Outcome<usize> {
    let mut all = database.prepare(ALL)?;
    let mut rows = all.query([])?;
    let (mut previous, mut count) = (FIRST, 0_usize);
    while let Some(row) = rows.next()? {
        let payload = row.get_ref(3)?.as_blob()?;
        let event = Signed { author: row.get(0)?, previous: row.get(1)?, signature: row.get(2)?, payload };
        previous = event.verify(&previous, roster)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

fn replay_all(database: &Connection, roster: &Roster) -> Outcome<(usize, usize)> {
    let mut all = database.prepare(ALL)?;
    let mut rows = all.query([])?;
    let (mut members, mut count) = (Members::default(), 0_usize);
    while let Some(row) = rows.next()? {
        members.apply(roster.number(&row.get(0)?)?, row.get_ref(3)?.as_blob()?)?;
        count = count.saturating_add(1);
    }
    Ok((members.count(), count))
}
