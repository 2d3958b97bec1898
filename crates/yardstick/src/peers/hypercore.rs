//! Hypercore: an append-only log with one signed Merkle tree per author, in files of its own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ::hypercore::{Hypercore, HypercoreBuilder, PartialKeypair, SigningKey, Storage};
use hypercore_schema::{RequestBlock, RequestUpgrade};

use super::{Members, Outcome, Peer, Times, Work, all_there, bytes_in, locked, runtime, timed};

pub(super) const PEER: Peer = Peer {
    name: "hypercore",
    version: || locked("hypercore"),
    // `random-access-disk` follows every write with `sync_all`. An append writes the block and the log of operations;
    // every fourth also writes the tree's nodes one by one, the bit field and the header. `strace` counts 4.9 on average.
    durable: "yes: an fsync after every write, five per append on average",
    note: "one log per author, no order among authors; keeps only a log's newest signature, so verify checks every \
           hash but one signature per author",
    run,
};

fn run(work: &Work<'_>) -> Outcome<Times> {
    let runtime = runtime()?;
    let append = runtime.block_on(fill(work))?;
    let mut logs = runtime.block_on(open(work, true))?;
    let (verify, verified) = timed(|| runtime.block_on(verify_all(&mut logs)))?;
    let (replay, (members, replayed)) = timed(|| runtime.block_on(replay_all(&mut logs)))?;
    all_there(verified, work.payloads.len())?;
    all_there(replayed, work.payloads.len())?;
    drop(logs);
    let bytes = bytes_in(work.folder)?;
    Ok(Times { append, appended: work.few, verify, verified, replay, replayed, members, bytes })
}

/// Opens every author's log, as one that is there or as a new one.
async fn open(work: &Work<'_>, there: bool) -> Outcome<Vec<Hypercore>> {
    let mut logs = Vec::with_capacity(work.seeds.len());
    for (author, seed) in work.seeds.iter().enumerate() {
        let folder: PathBuf = work.folder.join(author.to_string());
        let builder = HypercoreBuilder::new(Storage::new_disk(&folder, false).await?);
        let builder = if there {
            builder.open(true)
        } else {
            let secret = SigningKey::from_bytes(seed);
            builder.key_pair(PartialKeypair { public: secret.verifying_key(), secret: Some(secret) })
        };
        logs.push(builder.build().await?);
    }
    Ok(logs)
}

/// Appends the first few one at a time, which is what is timed, and loads the rest with one batch per author.
async fn fill(work: &Work<'_>) -> Outcome<Duration> {
    let mut logs = open(work, false).await?;
    let mut batches = vec![Vec::new(); logs.len()];
    let mut events = work.events();
    let start = Instant::now();
    for (author, _, payload) in events.by_ref().take(work.few) {
        logs.get_mut(author).ok_or("an author has no log")?.append(payload).await?;
    }
    let append = start.elapsed();
    for (author, _, payload) in events {
        batches.get_mut(author).ok_or("an author has no log")?.push(payload);
    }
    for (log, batch) in logs.iter_mut().zip(&batches) {
        log.append_batch(batch).await?;
    }
    Ok(append)
}

/// Verifies every log as another party that has nothing but its public key would: by the proofs of all its blocks.
async fn verify_all(logs: &mut [Hypercore]) -> Outcome<usize> {
    let mut count = 0_usize;
    for log in logs {
        let public = log.key_pair().public;
        let storage = Storage::new_memory().await?;
        let mut reader =
            HypercoreBuilder::new(storage).key_pair(PartialKeypair { public, secret: None }).build().await?;
        let length = log.info().length;
        if 0 < length {
            prove(log, &mut reader, None, Some(RequestUpgrade { start: 0, length })).await?;
        }
        for index in 0..length {
            let nodes = reader.missing_nodes(index).await?;
            prove(log, &mut reader, Some(RequestBlock { index, nodes }), None).await?;
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}

/// Has a log prove something to its reader.
async fn prove(
    log: &mut Hypercore,
    reader: &mut Hypercore,
    block: Option<RequestBlock>,
    upgrade: Option<RequestUpgrade>,
) -> Outcome<()> {
    let proof = log.create_proof(block, None, None, upgrade).await?.ok_or("a log does not have a block")?;
    if reader.verify_and_apply_proof(&proof).await? { Ok(()) } else { Err("a proof was not taken".into()) }
}

async fn replay_all(logs: &mut [Hypercore]) -> Outcome<(usize, usize)> {
    let (mut members, mut count) = (Members::default(), 0_usize);
    for (log, number) in logs.iter_mut().zip(0..) {
        for index in 0..log.info().length {
            let payload = log.get(index).await?.ok_or("a log does not have a block")?;
            members.apply(number, &payload)?;
            count = count.saturating_add(1);
        }
    }
    Ok((members.count(), count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::tests::with_little_work;

    #[test]
    fn a_changed_block_is_not_verified() -> Outcome<()> {
        with_little_work(|work| {
            let runtime = runtime()?;
            runtime.block_on(fill(work))?;
            let blocks = work.folder.join("1").join("data");
            let mut bytes = std::fs::read(&blocks)?;
            *bytes.last_mut().ok_or("there are no blocks")? ^= 1;
            std::fs::write(&blocks, bytes)?;
            let mut logs = runtime.block_on(open(work, true))?;
            assert!(runtime.block_on(verify_all(&mut logs)).is_err());
            assert!(runtime.block_on(replay_all(&mut logs)).is_ok());
            Ok(())
        })
    }
}
