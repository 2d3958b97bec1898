//! Rollcall beside what others would use: appending durably, verifying, and replaying into who is a member of what.

use std::path::Path;
use std::time::{Duration, Instant};

use rollcall_core::entry::Entry;
use rollcall_storage::redb::RedbStore;

use crate::ledger::Measured;
use crate::measure::{self, Cores, Times};
use crate::own;
use crate::peers::{self, PEERS, Peer, Work, members_after};
use crate::table::{Table, median};
use crate::{Result, floor};

/// Durable appends, one at a time.
const FEW: usize = 256;
/// Events that are verified and replayed.
const MANY: usize = 10_000;
/// Authors, each with a key.
const AUTHORS: u8 = 50;
/// Units that events are about.
const UNITS: u8 = 16;

/// The table, with Rollcall's own rows first: its verification is a full audit, its replay judges every rule.
///
/// # Errors
/// When something cannot be measured, or a peer comes to other members than the rest.
pub fn table(ledger: &Measured, folder: &Path, repeat: usize) -> Result<String> {
    let title = format!("beside others: microseconds an event, medians of {repeat} (least to most)");
    let head = ["what", "durable append", "verify", "replay", "events", "bytes an event"];
    let mut table = Table::new(&title, &head);
    rollcall(&mut table, ledger, folder, repeat)?;
    let mut payloads: Vec<Vec<u8>> = floor::entries(&RedbStore::read(&ledger.path)?)?
        .iter()
        .take(MANY)
        .map(|bytes| Ok(Entry::decode(bytes)?.event.payload().to_vec()))
        .collect::<Result<_>>()?;
    payloads.retain(|payload| payload.len() <= 2_000);
    for (number, payload) in payloads.iter_mut().enumerate() {
        // What a peer's projection reads: a unit, and whether the author joins or leaves it.
        if let [unit, intent, ..] = payload.as_mut_slice() {
            (*unit, *intent) = (u8::try_from(number % usize::from(UNITS))?, u8::try_from(number / 16 % 3)?);
        }
    }
    let seeds: Vec<[u8; 32]> = (0..AUTHORS).map(|author| [author.saturating_add(1); 32]).collect();
    let mut notes = String::new();
    for peer in PEERS {
        measure::progress(&format!("beside others: {}", peer.name));
        row(&mut table, peer, (&payloads, &seeds), repeat)?;
        let Peer { name, durable, note, .. } = peer;
        notes.push_str(&format!("- {name}: durable: {durable}. Differs: {note}.\n"));
    }
    Ok(format!("{table}\n{notes}"))
}

fn rollcall(table: &mut Table, ledger: &Measured, folder: &Path, repeat: usize) -> Result<()> {
    measure::progress("beside others: rollcall");
    let store = RedbStore::read(&ledger.path)?;
    let entries = usize::try_from(ledger.entries)?;
    let (replay, _) = own::replay(&store, repeat)?;
    let append = own::one_by_one(ledger, folder, repeat, FEW)?;
    for (name, cores) in [("rollcall, every core", Cores::All), ("rollcall, one core", Cores::One)] {
        let (audit, _) = own::audit(ledger, cores, repeat)?;
        own::forget(ledger)?;
        table.row(vec![
            name.to_owned(),
            only(cores, &append.each(FEW)),
            median(&audit.each(entries)),
            only(cores, &replay.each(entries)),
            entries.to_string(),
            (ledger.bytes()? / ledger.entries.max(1)).to_string(),
        ]);
    }
    Ok(())
}

/// What is measured once, with every core.
fn only(cores: Cores, times: &Times) -> String {
    if cores == Cores::All { median(times) } else { String::new() }
}

fn row(table: &mut Table, peer: &Peer, given: (&[Vec<u8>], &[[u8; 32]]), repeat: usize) -> Result<()> {
    let (payloads, seeds) = given;
    let (mut append, mut verify, mut replay) = (Vec::new(), Vec::new(), Vec::new());
    let (mut events, mut size) = (0, 0);
    let begun = Instant::now();
    while measure::once_more(append.len(), repeat, begun) {
        let own = tempfile::tempdir()?;
        let work = Work { payloads, seeds, few: FEW, folder: own.path() };
        let peers::Times { append: one, appended, verify: two, verified, replay: three, replayed, members, bytes } =
            (peer.run)(&work)?;
        let expected = members_after(&work, replayed)?;
        if members != expected {
            return Err(format!("{}: {members} members, expected: {expected}", peer.name).into());
        }
        append.push(one / u32::try_from(appended)?.max(1));
        verify.push(two / u32::try_from(verified)?.max(1));
        replay.push(three / u32::try_from(replayed)?.max(1));
        (events, size) = (verified, bytes / u64::try_from(replayed)?.max(1));
    }
    let shown = |times: Vec<Duration>| {
        let mut times = times.into_iter();
        Ok::<_, Box<dyn std::error::Error>>(median(&Times::of(times.len(), || {
            times.next().ok_or_else(|| "too few".into())
        })?))
    };
    let name = format!("{} {}", peer.name, (peer.version)());
    table.row(vec![name, shown(append)?, shown(verify)?, shown(replay)?, events.to_string(), size.to_string()]);
    Ok(())
}
