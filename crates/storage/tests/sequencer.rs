//! Group commit: everybody is answered after durability and not before, in groups that cost one transaction each.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use rollcall_core::act::{Act, Profile};
use rollcall_core::audit::{Auditor, Level};
use rollcall_core::charter::Charter;
use rollcall_core::digest::{Digest, EventId, TreeHash};
use rollcall_core::entry::Entry;
use rollcall_core::event::{Payload, SignedEvent};
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::{Ledger, rehearsal_founding};
use rollcall_core::state::view::Wanted;
use rollcall_core::time::Timestamp;
use rollcall_core::tree::Head;
use rollcall_storage::audit::audit;
use rollcall_storage::keeper::Keeper;
use rollcall_storage::memory::MemoryStore;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::sequencer::{Admitted, Sequencer, SubmitError};
use rollcall_storage::waiting::Waiting;
use rollcall_storage::{AppendError, Batch, Projections, Store, StoreError};

/// A store whose appends happen when the test lets them, and that fails when it says so.
struct Gated {
    inner: Arc<Mutex<MemoryStore>>,
    groups: Arc<Mutex<Vec<usize>>>,
    gate: Receiver<bool>,
}

impl Store for Gated {
    fn head(&self) -> Result<Head, StoreError> {
        self.inner.lock().unwrap().head()
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.lock().unwrap().entries(range)
    }

    fn node(&self, level: u8, index: u64) -> Result<Option<TreeHash>, StoreError> {
        self.inner.lock().unwrap().node(level, index)
    }

    fn position(&self, event: &EventId) -> Result<Option<u64>, StoreError> {
        self.inner.lock().unwrap().position(event)
    }

    fn positions_of(&self, beginning: &[u8]) -> Result<Vec<(EventId, u64)>, StoreError> {
        self.inner.lock().unwrap().positions_of(beginning)
    }

    fn projections(&self) -> Result<Projections, StoreError> {
        self.inner.lock().unwrap().projections()
    }

    fn rows_size(&self) -> Result<Option<u64>, StoreError> {
        self.inner.lock().unwrap().rows_size()
    }

    fn rows(&self, wanted: &Wanted, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        self.inner.lock().unwrap().rows(wanted, each)
    }

    fn append(&mut self, extends: &Head, next: &Head, batch: &Batch) -> Result<(), AppendError> {
        if !self.gate.recv().unwrap_or(true) {
            let error = StoreError::Io { path: "a disk".to_owned(), what: "it is full".to_owned() };
            return Err(AppendError::Unknown(error));
        }
        self.groups.lock().unwrap().push(batch.entries.len());
        self.inner.lock().unwrap().append(extends, next, batch)
    }
}

struct Stage {
    store: Arc<Mutex<MemoryStore>>,
    groups: Arc<Mutex<Vec<usize>>>,
    open: Sender<bool>,
    sequencer: Sequencer,
    events: Vec<SignedEvent>,
}

/// A founded ledger, what its founding adds to a store, and acts that may be submitted to it.
fn founded(count: u8) -> (Ledger, Batch, Vec<SignedEvent>) {
    let alice: rollcall_core::name::Handle = "alice".parse().unwrap();
    let mut ledger = Ledger::default();
    let mut batch = Batch::default();
    let founding = rehearsal_founding("s", std::slice::from_ref(&alice), 1, Charter::preset("steward").unwrap(), at());
    for event in founding.unwrap() {
        batch.push(ledger.admit(event, at()).unwrap());
    }
    let events = (0..count).map(|number| {
        let act = Act::Profile(Profile { digest: Digest::from_bytes([number; 32]) });
        let payload = Payload { header: ledger.header(&alice, &act, at()), act };
        SignedEvent::sign(payload.encode().unwrap(), &SigningKey::rehearsal(&alice)).unwrap()
    });
    let events = events.collect();
    (ledger, batch, events)
}

fn at() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().unwrap()
}

/// A store before a gate, with what a founding adds to it, and the gate's opener.
fn gated(ledger: &mut Ledger, founding: &Batch) -> (Gated, Waiting, Sender<bool>) {
    let mut store = MemoryStore::default();
    store.append(&Head::empty(), &ledger.state().head(), founding).unwrap();
    let (open, gate) = channel();
    let waiting = Waiting::open(&store, ledger).unwrap();
    (Gated { inner: Arc::new(Mutex::new(store)), groups: Arc::new(Mutex::new(Vec::new())), gate }, waiting, open)
}

fn stage(count: u8) -> Stage {
    let (mut ledger, batch, events) = founded(count);
    let (gated, waiting, open) = gated(&mut ledger, &batch);
    let (store, groups) = (Arc::clone(&gated.inner), Arc::clone(&gated.groups));
    let sequencer = Sequencer::start(gated, ledger, waiting, |_| at());
    Stage { store, groups, open, sequencer, events }
}

/// Several batches wait for the store while more is judged; each is told of in its turn, and behind one that failed none is stored.
#[test]
fn batches_that_are_handed_over_ahead_are_kept_in_their_order() {
    let (mut ledger, founding, events) = founded(4);
    let (gated, mut waiting, open) = gated(&mut ledger, &founding);
    let groups = Arc::clone(&gated.groups);
    let (words, told) = channel();
    let mut keeper = Keeper::start(gated, 4, move |durable: Result<(), AppendError>, batch: usize| {
        words.send((batch, durable.is_ok())).unwrap();
        durable
    });
    for (batch, event) in events.into_iter().enumerate() {
        waiting.push(ledger.admit(event, at()).unwrap());
        keeper.keep(waiting.seal(&mut ledger), batch).unwrap();
    }
    // All four are handed over before the gate opens for the first.
    assert!(told.try_recv().is_err() && groups.lock().unwrap().is_empty());
    for durable in [true, true, false] {
        open.send(durable).unwrap();
    }
    assert!(keeper.wait().is_err());
    assert!(keeper.finish().is_err());
    assert_eq!(told.iter().collect::<Vec<_>>(), [(0, true), (1, true), (2, false)]);
    assert_eq!(*groups.lock().unwrap(), [1, 1]);
}

/// Over a file whoever is answered finds the act there at once, and all of it is one lawful log afterwards.
#[test]
fn who_is_answered_finds_the_act_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let (mut ledger, batch, events) = founded(200);
    let mut store = RedbStore::create(&path, "the sequencer").unwrap();
    store.append(&Head::empty(), &ledger.state().head(), &batch).unwrap();
    let before = ledger.state().head().size;
    let waiting = Waiting::open(&store, &mut ledger).unwrap();
    let sequencer = Sequencer::start(store, ledger, waiting, |_| at());
    std::thread::scope(|scope| {
        for own in events.chunks(25) {
            let mut submitter = sequencer.submitter();
            let path = &path;
            scope.spawn(move || {
                for (number, event) in own.iter().enumerate() {
                    let Admitted { event, index } = submitter.submit(event.clone()).unwrap();
                    if number % 5 == 0 {
                        assert_eq!(RedbStore::read(path).unwrap().position(&event).unwrap(), Some(index));
                    }
                }
                // The same again is told where it is.
                let again = submitter.submit(own[0].clone());
                assert!(matches!(again, Err(SubmitError::Refused(_))), "{again:?}");
            });
        }
    });
    sequencer.finish();
    assert!(!path.with_added_extension("journal").exists());
    let reader = RedbStore::read(&path).unwrap();
    assert_eq!(reader.head().unwrap().size, before + 200);
    for event in &events {
        let index = reader.position(&event.id()).unwrap().unwrap();
        let entry = reader.entries(index..index + 1).unwrap();
        assert_eq!(Entry::decode(&entry[0]).unwrap().event.id(), event.id());
    }
    let report = audit(&reader, Auditor::new(Level::Full, None), &[], |_| {}).unwrap();
    assert!(report.is_valid(), "{:?}", report.violations);
}

#[test]
fn nobody_is_answered_before_durability_and_who_waits_together_shares_a_transaction() {
    let Stage { store, groups, open, sequencer, events } = stage(32);
    let (answers, answered) = channel();
    std::thread::scope(|scope| {
        for event in events {
            let (mut submitter, answers) = (sequencer.submitter(), answers.clone());
            scope.spawn(move || answers.send((event.id(), submitter.submit(event))).unwrap());
        }
        // The first group stands before the gate; nobody has an answer, and nothing of it is in the store.
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(answered.try_recv().is_err());
        assert_eq!(store.lock().unwrap().head().unwrap().size, 3);
        drop(open);
    });
    let mut indexes = Vec::new();
    for _ in 0..32 {
        let (event, told) = answered.recv().unwrap();
        let Admitted { event: own, index } = told.unwrap();
        assert_eq!(own, event);
        assert_eq!(store.lock().unwrap().position(&event).unwrap(), Some(index));
        indexes.push(index);
    }
    indexes.sort_unstable();
    assert_eq!(indexes, (3..35).collect::<Vec<u64>>());
    sequencer.finish();
    let groups = groups.lock().unwrap();
    assert_eq!(groups.iter().sum::<usize>(), 32);
    // Whoever came while the first group waited is in the second.
    assert!(groups.len() < 32, "{groups:?}");
}

#[test]
fn a_refused_event_is_told_so_and_its_group_goes_on() {
    let Stage { store, open, sequencer, events, .. } = stage(2);
    drop(open);
    let mut submitter = sequencer.submitter();
    let Admitted { index, .. } = submitter.submit(events[0].clone()).unwrap();
    assert_eq!(index, 3);
    let Err(SubmitError::Refused(refused)) = submitter.submit(events[0].clone()) else { panic!("twice is once") };
    assert_eq!(refused.code(), "already-there");
    assert_eq!(submitter.submit(events[1].clone()).unwrap().index, 4);
    assert_eq!(store.lock().unwrap().head().unwrap().size, 5);
    drop(submitter);
    sequencer.finish();
}

#[test]
fn when_nobody_knows_whether_it_happened_everybody_in_the_group_is_told() {
    let Stage { store, open, sequencer, events, .. } = stage(3);
    let mut submitter = sequencer.submitter();
    open.send(true).unwrap();
    assert!(submitter.submit(events[0].clone()).is_ok());
    open.send(false).unwrap();
    let Err(SubmitError::Unknown(why)) = submitter.submit(events[1].clone()) else { panic!("the disk is full") };
    assert!(why.contains("it is full"), "{why}");
    // The ledger in memory is ahead of the store: nothing more is built on it.
    assert!(matches!(submitter.submit(events[2].clone()), Err(SubmitError::Ended | SubmitError::Unknown(_))));
    assert_eq!(store.lock().unwrap().head().unwrap().size, 4);
    drop(submitter);
    sequencer.finish();
}

/// What was judged on top of a group that failed has no place either, and a refusal that rests on it is none.
#[test]
fn who_waits_behind_a_group_that_failed_is_told_that_nothing_was_appended() {
    let Stage { store, groups, open, sequencer, events } = stage(3);
    let pause = || std::thread::sleep(std::time::Duration::from_millis(300));
    std::thread::scope(|scope| {
        let submit = |event: &SignedEvent| {
            let (mut submitter, event) = (sequencer.submitter(), event.clone());
            scope.spawn(move || submitter.submit(event))
        };
        let first = submit(&events[0]);
        pause();
        let behind = [&events[0], &events[1], &events[2]].map(submit);
        pause();
        open.send(false).unwrap();
        assert!(matches!(first.join().unwrap(), Err(SubmitError::Unknown(_))));
        for told in behind {
            let told = told.join().unwrap();
            assert!(matches!(told, Err(SubmitError::Ended)), "{told:?}");
        }
    });
    assert_eq!(store.lock().unwrap().head().unwrap().size, 3);
    assert!(groups.lock().unwrap().is_empty());
    drop(open);
    sequencer.finish();
}
