//! Questions answered from stored rows, beside the same questions answered from the entries.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use rollcall_core::entry::Entry;
use rollcall_core::event::SignedEvent;
use rollcall_core::explain::{Explanation, Question, why, why_not};
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::Ledger;
use rollcall_core::name::{Handle, Name, UnitId};
use rollcall_core::state::State;
use rollcall_core::state::view::{Row, Wanted};
use rollcall_core::time::Timestamp;
use rollcall_storage::memory::MemoryStore;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::waiting::Waiting;
use rollcall_storage::{Store, StoreError, replay, snapshot, view};

/// Held roles that are asked about for each ledger, each of a view of its own.
const HELD: usize = 12;
/// Pairs of person and role, held or not, that are asked about for each ledger.
const NOT_HELD: usize = 24;

type Seat = (UnitId, Name, Handle);

fn answer(state: &State, (unit, role, person): &Seat, at: Timestamp) -> Option<Explanation> {
    let charter = state.charter()?;
    let question = Question { person, unit, role, at };
    Some(why(state, charter, &question).unwrap_or_else(|| why_not(state, charter, &question)))
}

fn tenures(state: &State) -> Vec<(Seat, String)> {
    let all = state.roster().tenures();
    all.map(|(unit, role, person, t)| ((unit.clone(), role.clone(), person.clone()), format!("{t:?}"))).collect()
}

/// Requires of a ledger file that its stored rows answer as its entries do: the whole roster, why some hold what they hold or have held,
/// why others do not, and which entries concern whom. Returns how many questions were asked.
///
/// # Panics
/// When an answer differs.
pub fn agree(path: &Path) -> usize {
    let store = RedbStore::read(path).expect("the ledger opens");
    let mut ledger = Ledger::default();
    let size = store.head().expect("it has a head").size;
    let replayed = replay::each::<StoreError>(&store, size, |prepared| {
        ledger.take(prepared).expect("its entries replay");
        Ok(ControlFlow::Continue(()))
    });
    replayed.expect("it can be read");
    let whole = ledger.state();
    keeps_alike(whole, &store);
    let viewing = || view::open(&store).expect("it can be read").expect("its rows are of its head");

    let mut view = viewing();
    let mut asked = 1;
    let held = tenures(whole);
    assert_eq!(view::ask(&store, &mut view, tenures).expect("rows can be read"), held);

    let now = whole.last_at().max(whole.roster().latest());
    for (seat, _) in held.iter().step_by((held.len() / HELD).max(1)) {
        let found = view::ask(&store, &mut viewing(), |state| answer(state, seat, now)).expect("rows can be read");
        assert_eq!(found, answer(whole, seat, now), "{seat:?}");
        asked += 1;
    }
    let people: Vec<&Handle> = whole.people().iter().map(|(handle, _)| handle).collect();
    let seats: BTreeSet<(&UnitId, &Name)> = held.iter().map(|((unit, role, _), _)| (unit, role)).collect();
    let pairs: Vec<_> = people.iter().flat_map(|person| seats.iter().map(move |seat| (*person, *seat))).collect();
    let mut view = viewing();
    for (person, (unit, role)) in pairs.iter().step_by((pairs.len() / NOT_HELD).max(1)) {
        let seat = ((*unit).clone(), (*role).clone(), (*person).clone());
        let found = view::ask(&store, &mut view, |state| answer(state, &seat, now)).expect("rows can be read");
        assert_eq!(found, answer(whole, &seat, now), "{seat:?}");
        asked += 1;
    }
    for person in people {
        let entries = |state: &State| (state.history().of(person).to_vec(), state.people().get(person).cloned());
        let found = view::ask(&store, &mut view, entries).expect("rows can be read");
        assert_eq!(found, entries(whole), "{person}");
        asked += 1;
    }
    asked
}

/// Requires of a state that its snapshot makes it again, book by book and row by row.
fn keeps_alike(whole: &State, store: &RedbStore) {
    let stated = store.projections().expect("it has stated some");
    let mut kept = Vec::new();
    let digest = snapshot::write(whole, &stated, &mut kept).expect("memory does not fail");
    let ledger = whole.founding().expect("it is founded").ledger;
    let of = (&ledger, &whole.head());
    let (made, then) = snapshot::read(kept.as_slice(), of, &digest).expect("it is the one that was written");
    assert_eq!((made.digests(), then), (whole.digests(), stated));
    assert_eq!(made.rows(), whole.rows());
}

/// Requires of a ledger file that each of its entries is judged on the rows before it as on the whole state, so many on one view before
/// they are stored, and that the rows that it then changes are those of the state behind it. Returns how many entries were judged so.
///
/// # Panics
/// When something differs.
#[must_use]
pub fn admits_alike(path: &Path, together: usize) -> usize {
    let read = RedbStore::read(path).expect("the ledger opens");
    let size = read.head().expect("it has a head").size;
    let mut whole = Ledger::default();
    let mut store = MemoryStore::default();
    let begin = |store: &MemoryStore| {
        let view = view::open(store).expect("it can be read");
        let mut ledger = view.map_or_else(Ledger::default, Ledger::of_view);
        let waiting = Waiting::open(store, &mut ledger).expect("it can be read");
        (ledger, waiting)
    };
    let (mut ledger, mut waiting) = begin(&store);
    for bytes in read.entries(0..size).expect("it can be read") {
        let Entry { accepted_at, event } = Entry::decode(&bytes).expect("an entry");
        if waiting.is_empty() {
            (ledger, waiting) = begin(&store);
        }
        // The same act under another key is judged alike, whatever becomes of it.
        let forged =
            SignedEvent::sign(event.payload().to_vec(), &SigningKey::from_seed(&[9; 32])).expect("it is signed");
        let mut other = ledger.clone();
        let judged = other.admit_with(forged.clone(), accepted_at, |view, lack| view::bring(&store, view, lack));
        let expected = whole.judge(forged, accepted_at).err();
        assert_eq!(judged.expect("rows can be read").err(), expected, "entry {}", whole.state().log().size());
        let admitted = ledger.admit_with(event, accepted_at, |view, lack| view::bring(&store, view, lack));
        let admission = admitted.expect("rows can be read").expect("what is in the log was admitted");
        assert_eq!(admission.bytes, bytes);
        let nodes = whole.replay(&bytes).expect("it replays").nodes;
        assert_eq!(admission.nodes, nodes, "entry {}", admission.index);
        waiting.push(admission);
        let last = whole.state().head().size == size;
        if waiting.len() < together && !last {
            continue;
        }
        waiting.flush(&mut store, &mut ledger).expect("memory does not fail");
        assert_eq!(store.head().expect("memory does not fail"), whole.state().head());
    }
    let mut stored = Vec::new();
    for shelf in 0..=u8::MAX {
        let all = Wanted { shelf, beginning: Vec::new() };
        let mut keep =
            |key: &[u8], value: &[u8]| stored.push(Row { shelf, key: key.to_vec(), value: Some(value.to_vec()) });
        store.rows(&all, &mut keep).expect("memory does not fail");
    }
    for (stored, made) in stored.iter().zip(whole.state().rows()) {
        assert_eq!(*stored, made, "the rows are those of the state");
    }
    assert_eq!(stored.len(), whole.state().rows().len());
    usize::try_from(size).expect("it is small")
}
