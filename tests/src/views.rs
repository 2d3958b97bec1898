//! Questions answered from stored rows, beside the same questions answered from the entries.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use rollcall_core::explain::{Explanation, Question, why, why_not};
use rollcall_core::ledger::Ledger;
use rollcall_core::name::{Handle, Name, UnitId};
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{StoreError, replay, view};

/// Roles that people do not hold, asked about for each ledger.
const NOT_HELD: usize = 48;

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

/// Requires of a ledger file that its stored rows answer as its entries do: the whole roster, why everybody holds what they hold or
/// have held, why some do not, and which entries concern whom. Returns how many questions were asked.
///
/// # Panics
/// When an answer differs.
pub fn agree(path: &Path) -> usize {
    let store = RedbStore::read(path).expect("the ledger opens");
    let mut ledger = Ledger::default();
    let size = rollcall_storage::Store::head(&store).expect("it has a head").size;
    let replayed = replay::each::<StoreError>(&store, size, |prepared| {
        ledger.take(prepared).expect("its entries replay");
        Ok(ControlFlow::Continue(()))
    });
    replayed.expect("it can be read");
    let whole = ledger.state();
    let viewing = || view::open(&store).expect("it can be read").expect("its rows are of its head");

    let mut view = viewing();
    let mut asked = 1;
    let held = tenures(whole);
    assert_eq!(view::ask(&store, &mut view, tenures).expect("rows can be read"), held);

    let now = whole.last_at().max(whole.roster().latest());
    let instants = |seat: &Seat| {
        let begun = whole.roster().tenures_of(&seat.0, &seat.1, &seat.2).iter().map(|tenure| tenure.from);
        begun.chain([now]).collect::<BTreeSet<_>>()
    };
    for seat in held.iter().map(|(seat, _)| seat) {
        for at in instants(seat) {
            let expected = answer(whole, seat, at);
            let mut view = viewing();
            let found = view::ask(&store, &mut view, |state| answer(state, seat, at)).expect("rows can be read");
            assert_eq!(found, expected, "{seat:?} at {at}");
            asked += 1;
        }
    }
    let people: Vec<&Handle> = whole.people().iter().map(|(handle, _)| handle).collect();
    let seats: BTreeSet<(&UnitId, &Name)> = held.iter().map(|((unit, role, _), _)| (unit, role)).collect();
    let pairs: Vec<_> = people.iter().flat_map(|person| seats.iter().map(move |seat| (*person, *seat))).collect();
    for (person, (unit, role)) in pairs.iter().step_by((pairs.len() / NOT_HELD).max(1)) {
        let seat = ((*unit).clone(), (*role).clone(), (*person).clone());
        let found = view::ask(&store, &mut viewing(), |state| answer(state, &seat, now)).expect("rows can be read");
        assert_eq!(found, answer(whole, &seat, now), "{seat:?}");
        asked += 1;
    }
    for person in people {
        let entries = |state: &State| (state.history().of(person).to_vec(), state.people().get(person).cloned());
        let found = view::ask(&store, &mut viewing(), entries).expect("rows can be read");
        assert_eq!(found, entries(whole), "{person}");
        asked += 1;
    }
    asked
}
