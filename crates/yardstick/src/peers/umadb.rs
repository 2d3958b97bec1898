//! `UmaDB`'s storage engine, embedded without its server, with signed events as its events' data.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use umadb_core::db::UmaDb;
use umadb_core::mvcc::{Mvcc, StorageOptions};
use umadb_dcb::{DcbEvent, DcbEventStoreSync as _};

use super::signed::{FIRST, Roster, Signed, Signers};
use super::{Members, Outcome, Peer, Times, Work, all_there, bytes_in, locked, timed};

pub(super) const PEER: Peer = Peer {
    name: "umadb-core",
    version: || locked("umadb-core"),
    // `Mvcc::commit` syncs the pages, writes its header page and syncs again; `strace` counts two per append.
    durable: "yes: two fdatasyncs",
    note: "events without tags or conditions; hash chain and signatures are this harness's; its file grows by 256 MiB at once",
    run,
};

/// How many events are loaded in one transaction.
const BATCH: usize = 500;

fn run(work: &Work<'_>) -> Outcome<Times> {
    let path = work.folder.join("uma.db");
    let roster = Roster::of(work)?;
    let append = fill(work, &path)?;
    let store = open(&path)?;
    let (verify, verified) = timed(|| verify_all(&store, &roster))?;
    let (replay, (members, replayed)) = timed(|| replay_all(&store, &roster))?;
    all_there(verified, work.payloads.len())?;
    all_there(replayed, work.payloads.len())?;
    drop(store);
    let bytes = bytes_in(work.folder)?;
    Ok(Times { append, appended: work.few, verify, verified, replay, replayed, members, bytes })
}

/// Opens a store with the crate's own defaults. It writes lines of its own to the standard output.
fn open(path: &Path) -> Outcome<UmaDb> {
    let engine = Mvcc::new(false, StorageOptions::default().db_path(path))?;
    Ok(UmaDb::from_arc(Arc::new(engine)))
}

fn fill(work: &Work<'_>, path: &Path) -> Outcome<Duration> {
    let store = open(path)?;
    let mut signers = Signers::of(work);
    let mut events = work.events();
    let (append, ()) = timed(|| {
        events.by_ref().take(work.few).try_for_each(|(author, _, payload)| {
            store.append(vec![as_event(signers.sign(author, payload)?)], None, None)?;
            Ok(())
        })
    })?;
    let mut batch = Vec::with_capacity(BATCH);
    for (author, _, payload) in events {
        batch.push(as_event(signers.sign(author, payload)?));
        if batch.len() == BATCH {
            store.append(std::mem::take(&mut batch), None, None)?;
        }
    }
    store.append(batch, None, None)?;
    Ok(append)
}

fn as_event(event: Signed<'_>) -> DcbEvent {
    DcbEvent::new().event_type("event").data(event.to_bytes())
}

fn verify_all(store: &UmaDb, roster: &Roster) -> Outcome<usize> {
    let (mut previous, mut count) = (FIRST, 0_usize);
    for read in store.read(None, None, false, None)? {
        previous = Signed::from_bytes(&read?.event.data)?.verify(&previous, roster)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

fn replay_all(store: &UmaDb, roster: &Roster) -> Outcome<(usize, usize)> {
    let (mut members, mut count) = (Members::default(), 0_usize);
    for read in store.read(None, None, false, None)? {
        let read = read?;
        let event = Signed::from_bytes(&read.event.data)?;
        members.apply(roster.number(&event.author)?, event.payload)?;
        count = count.saturating_add(1);
    }
    Ok((members.count(), count))
}
