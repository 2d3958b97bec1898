//! The hot pieces by themselves: what an entry costs in each stage between bytes and state.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rollcall_core::act::{Act, Profile};
use rollcall_core::digest::{Digest, EventId};
use rollcall_core::entry::Entry;
use rollcall_core::event::{Header, Keyring, Payload, SignedEvent};
use rollcall_core::key::SigningKey;
use rollcall_core::name::Handle;
use rollcall_core::prepared::{Depth, Preparer};
use rollcall_core::state::State;
use rollcall_core::tree::{Tree, leaf_hash};

/// How many keys have signed.
const KEYS: usize = 512;

/// Short entries, as most are: real bytes, each signed by one of many keys.
fn entries(count: usize) -> Vec<Vec<u8>> {
    let at = "2026-03-02T01:00:00Z".parse().unwrap_or_default();
    let people: Vec<Handle> = (0..KEYS).filter_map(|number| format!("p{number}").parse().ok()).collect();
    let keys: Vec<SigningKey> = people.iter().map(SigningKey::rehearsal).collect();
    let entry = |number: usize| {
        let (by, key) = (people.get(number % KEYS)?, keys.get(number % KEYS)?);
        let mut digest = [0xaa; 32];
        digest[..8].copy_from_slice(&u64::try_from(number).ok()?.to_be_bytes());
        let act = Act::Profile(Profile { digest: Digest::from_bytes(digest) });
        let payload = Payload { header: Header::of(&State::default(), by, &act, at), act };
        let event = SignedEvent::sign(payload.encode().ok()?, key).ok()?;
        Some(Entry { accepted_at: at, event }.encode())
    };
    (0..count).filter_map(entry).collect()
}

fn pieces(criterion: &mut Criterion) {
    let one = entries(1).pop().unwrap_or_default();
    let event = Entry::decode(&one).map(|entry| entry.event);
    let Ok(event) = event else { return };
    let mut group = criterion.benchmark_group("one entry");
    group.throughput(Throughput::Bytes(one.len() as u64));
    group.bench_function("leaf hash", |b| b.iter(|| leaf_hash(black_box(&one))));
    group.bench_function("decode entry", |b| b.iter(|| Entry::decode(black_box(&one))));
    group.bench_function("event id", |b| b.iter(|| EventId::of_payload(black_box(event.payload()))));
    group.bench_function("decode payload", |b| b.iter(|| Payload::decode(black_box(event.payload()))));
    let mut keys = Keyring::default();
    group.bench_function("verify_strict", |b| b.iter(|| black_box(&event).clone().verify(&mut keys).is_ok()));
    group.bench_function("push to the tree", |b| {
        let (mut tree, leaf) = (Tree::default(), leaf_hash(&one));
        b.iter(|| tree.push_hash(black_box(leaf)));
    });
    group.finish();
}

fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("signatures in a batch");
    group.sample_size(10);
    for size in [256, 1_024, 4_096] {
        let events: Vec<SignedEvent> =
            entries(size).iter().filter_map(|bytes| Entry::decode(bytes).ok()).map(|entry| entry.event).collect();
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(format!("{size}"), |b| {
            let mut keys = Keyring::default();
            b.iter_batched(
                || events.clone(),
                |events| SignedEvent::verify_all(events, &mut keys).len(),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("prepare 4,096 entries");
    group.sample_size(10);
    group.throughput(Throughput::Elements(4_096));
    let entries = entries(4_096);
    for (name, depth) in
        [("frames", Depth::Frame), ("and signatures", Depth::Signature), ("and payloads", Depth::Payload)]
    {
        group.bench_function(name, |b| {
            b.iter_batched(
                || entries.clone(),
                |entries| Preparer::new(depth).prepare(0, entries).len(),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, pieces, batches);
criterion_main!(benches);
