//! iroh-docs: a replica of signed entries, whose contents are blobs in a store beside it; without its network.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ::iroh_docs::store::{MemPublicKeyStore, Query, SortBy, SortDirection, Store};
use ::iroh_docs::{Author, AuthorId, NamespaceId, NamespaceSecret};
use iroh_blobs::Hash;
use iroh_blobs::store::fs::FsStore;

use super::{Members, Outcome, Peer, Times, Work, all_there, bytes_in, locked, runtime, timed};

pub(super) const PEER: Peer = Peer {
    name: "iroh-docs",
    version: || format!("{}, iroh-blobs {}", locked("iroh-docs"), locked("iroh-blobs")),
    // `Store::flush` commits one redb and `sync_db` the other; left alone, they commit half a second or a second
    // later. `strace` counts two syncs per append.
    durable: "yes, as it is driven here: an fdatasync of the blobs' redb and one of the entries'",
    note: "two signatures per entry (author and replica) over the content's hash; no order but the keys'",
    run,
};

/// The replica's own key: everyone who may write has it.
const REPLICA: [u8; 32] = [7; 32];

/// A store for the entries and one for what they hold.
struct Stores {
    entries: Store,
    blobs: FsStore,
    replica: NamespaceId,
}

fn run(work: &Work<'_>) -> Outcome<Times> {
    let runtime = runtime()?;
    let authors: Vec<_> = work.seeds.iter().map(Author::from_bytes).collect();
    let append = runtime.block_on(fill(work, &authors))?;
    let mut stores = runtime.block_on(Stores::open(work))?;
    let (verify, verified) = timed(|| runtime.block_on(stores.verify_all()))?;
    let (replay, (members, replayed)) = timed(|| runtime.block_on(stores.replay_all(&authors)))?;
    all_there(verified, work.payloads.len())?;
    all_there(replayed, work.payloads.len())?;
    runtime.block_on(stores.close())?;
    let bytes = bytes_in(work.folder)?;
    Ok(Times { append, appended: work.few, verify, verified, replay, replayed, members, bytes })
}

/// Appends the first few, each committed, which is what is timed, and loads the rest with one commit at the end.
async fn fill(work: &Work<'_>, authors: &[Author]) -> Outcome<Duration> {
    let mut stores = Stores::open(work).await?;
    let mut events = work.events().zip(0_u64..);
    let start = Instant::now();
    for ((author, _, payload), position) in events.by_ref().take(work.few) {
        let author = authors.get(author).ok_or("an author has no key")?;
        stores.insert(author, position, payload).await?;
        stores.commit().await?;
    }
    let append = start.elapsed();
    for ((author, _, payload), position) in events {
        stores.insert(authors.get(author).ok_or("an author has no key")?, position, payload).await?;
    }
    stores.close().await?;
    Ok(append)
}

impl Stores {
    async fn open(work: &Work<'_>) -> Outcome<Self> {
        let file: PathBuf = work.folder.join("docs.redb");
        let mut entries = Store::persistent(file)?;
        let secret = NamespaceSecret::from_bytes(&REPLICA);
        let replica = secret.id();
        entries.import_namespace(secret.into())?;
        entries.flush()?;
        let blobs = FsStore::load(work.folder.join("blobs")).await?;
        Ok(Self { entries, blobs, replica })
    }

    /// Signs and stores an entry whose key is its position, and its content.
    async fn insert(&mut self, author: &Author, position: u64, payload: &[u8]) -> Outcome<()> {
        let content = self.blobs.blobs().add_slice(payload).temp_tag().await?;
        let length = u64::try_from(payload.len())?;
        let mut replica = self.entries.open_replica(&self.replica)?;
        replica.insert(position.to_be_bytes(), author, content.hash(), length).await?;
        Ok(())
    }

    /// Returns once everything inserted is on disk.
    async fn commit(&mut self) -> Outcome<()> {
        self.blobs.sync_db().await?;
        Ok(self.entries.flush()?)
    }

    async fn close(mut self) -> Outcome<()> {
        self.commit().await?;
        Ok(self.blobs.shutdown().await?)
    }

    /// Every entry in the order of the keys, which are the positions.
    fn all() -> Query {
        Query::all().sort_by(SortBy::KeyAuthor, SortDirection::Asc).build()
    }

    async fn verify_all(&mut self) -> Outcome<usize> {
        let keys = MemPublicKeyStore::default();
        let mut count = 0_usize;
        for entry in self.entries.get_many(self.replica, Self::all())? {
            let entry = entry?;
            entry.verify(&keys)?;
            let content = self.blobs.blobs().get_bytes(entry.content_hash()).await?;
            if Hash::new(&content) != entry.content_hash() {
                return Err("an entry's content is another".into());
            }
            count = count.saturating_add(1);
        }
        Ok(count)
    }

    async fn replay_all(&mut self, authors: &[Author]) -> Outcome<(usize, usize)> {
        let numbers: BTreeMap<AuthorId, u32> = authors.iter().map(Author::id).zip(0..).collect();
        let (mut members, mut count) = (Members::default(), 0_usize);
        for entry in self.entries.get_many(self.replica, Self::all())? {
            let entry = entry?;
            let author = numbers.get(&entry.author()).ok_or("an entry is by nobody known")?;
            let content = self.blobs.blobs().get_bytes(entry.content_hash()).await?;
            members.apply(*author, &content)?;
            count = count.saturating_add(1);
        }
        Ok((members.count(), count))
    }
}
