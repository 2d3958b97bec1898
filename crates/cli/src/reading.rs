//! A ledger as a question sees it. Questions about the ledger as it is are answered from the rows that the store keeps of its
//! state; what they do not hold, and every other question, is answered from the entries.

use std::path::Path;
use std::sync::Once;

use rollcall_core::charter::Charter;
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::view::{self, ViewError};

use crate::advice;
use crate::failure::Failure;
use crate::session::{AsOf, Session, is_rehearsal, now, patiently};
use crate::terminal;

/// That every entry is asked is told once.
static TOLD: Once = Once::new();

/// The store, and a state: the whole one, or a view that notes what it lacks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) store: &'a RedbStore,
    pub(crate) state: &'a State,
}

impl<'a> Reading<'a> {
    /// The charter in force.
    pub(crate) fn charter(self) -> Result<&'a Charter, Failure> {
        let open = || {
            Failure::usage("the founding is not confirmed yet, no charter is in force").hint("rollcall confirm --help")
        };
        self.state.charter().map(AsRef::as_ref).ok_or_else(open)
    }

    pub(crate) fn is_rehearsal(self) -> bool {
        is_rehearsal(self.state)
    }

    /// The instant at which something is accepted now: the clock, or on a declared clock what was declared.
    pub(crate) fn accepting_at(self, declared: Option<Timestamp>) -> Result<Timestamp, Failure> {
        match (self.is_rehearsal(), declared) {
            (true, declared) => Ok(declared.unwrap_or_else(|| self.state.last_at())),
            (false, None) => now(),
            (false, Some(_)) => {
                Err(Failure::usage("`--at` is for rehearsals; this ledger takes its time from the clock"))
            }
        }
    }

    /// The instant that questions are about when none is named: now, or the latest that a rehearsal knows of.
    pub(crate) fn asking_at(self) -> Result<Timestamp, Failure> {
        if self.is_rehearsal() { Ok(self.state.last_at().max(self.state.roster().latest())) } else { now() }
    }
}

/// Whoever can be asked about a ledger. A question may be asked several times over, so it changes nothing.
pub(crate) trait Asked {
    fn ask<T>(&self, question: impl FnMut(Reading<'_>) -> T) -> Result<T, Failure>;
}

/// A whole state, which lacks nothing.
impl Asked for Reading<'_> {
    fn ask<T>(&self, mut question: impl FnMut(Reading<'_>) -> T) -> Result<T, Failure> {
        let answer = question(*self);
        if self.state.lack().is_empty() { Ok(answer) } else { Err(Failure::bug("a view was asked as a whole state")) }
    }
}

/// Answers a question about the ledger as it is. It may be asked several times over, so it changes nothing. A process that is told to
/// replay asks once and ends. What is advised about its rows names the ledger, whether a flag has named it or the environment.
pub(crate) fn ask<T>(
    path: &Path,
    replay: bool,
    question: impl Fn(Reading<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let store = patiently(|| RedbStore::read(path))?;
    if replay {
        let session = Session::whole(store, AsOf::Now)?;
        let answer = question(session.reading());
        session.leave();
        return answer;
    }
    match view::open(&store)? {
        Some(mut view) => match view::ask(&store, &mut view, |state| question(Reading { store: &store, state })) {
            Ok(answer) => return answer,
            Err(ViewError::Store(error)) => return Err(error.into()),
            Err(ViewError::Row(error)) => {
                let hint = advice::naming("rollcall audit", Some(path));
                terminal::talk(&format!("note: {error}; the entries are asked instead\nhint: {hint}\n"));
            }
        },
        // Another build has written the last entries; the next act of this one makes the rows anew as well. A service is asked often.
        None => TOLD.call_once(|| {
            let hint = advice::naming("rollcall replay --rebuild", Some(path));
            terminal::talk(&format!(
                "note: the ledger keeps no rows of this build's for its head; every entry is asked instead\nhint: {hint}\n",
            ));
        }),
    }
    question(Session::whole(store, AsOf::Now)?.reading())
}
