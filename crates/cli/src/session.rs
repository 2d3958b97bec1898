//! A ledger that is open: the store, and the state replayed from it. Appends, and finds out what became of an append.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rollcall_core::act::{Act, Clock};
use rollcall_core::charter::Charter;
use rollcall_core::digest::{EventId, LedgerId};
use rollcall_core::event::{Header, Payload, SignedEvent, Verified};
use rollcall_core::ledger::{Admission, AdmitError, Ledger};
use rollcall_core::name::Handle;
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;
use rollcall_storage::durable::sync_folder_of;
use rollcall_storage::heads::Heads;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::replay;
use rollcall_storage::view::{self, ViewError};
use rollcall_storage::waiting::Waiting;
use rollcall_storage::{Projections, Store, StoreError, projections_are_due};

use crate::failure::Failure;
use crate::reading::{Asked, Reading};
use crate::signer::Signer;

/// How long a writer waits for another one to finish before it says who is in the way.
const PATIENCE: Duration = Duration::from_secs(4);

/// Entries of another copy that are stored together.
const RESTORED_TOGETHER: usize = 4_096;

/// An open ledger.
#[derive(Debug)]
pub(crate) struct Session {
    store: RedbStore,
    pub(crate) ledger: Ledger,
    waiting: Waiting,
}

/// How far to replay.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AsOf {
    /// Everything.
    Now,
    /// The first so many entries.
    Entries(u64),
    /// The entries accepted at or before an instant.
    Time(Timestamp),
}

impl Session {
    /// Opens a ledger for reading.
    pub(crate) fn read(path: &Path, as_of: AsOf) -> Result<Self, Failure> {
        Self::whole(patiently(|| RedbStore::read(path))?, as_of)
    }

    /// Replays what a store holds, for reading.
    pub(crate) fn whole(store: RedbStore, as_of: AsOf) -> Result<Self, Failure> {
        let ledger = replayed(&store, as_of, |_| ())?;
        Ok(Self { store, ledger, waiting: Waiting::default() })
    }

    /// Opens a ledger to append so many acts, or only to try them. Where its rows are of its head nothing is replayed: then it is a
    /// view, and is asked with [`Session::ask`].
    pub(crate) fn acting(path: &Path, acts: usize, dry: bool) -> Result<Self, Failure> {
        let store = if dry { patiently(|| RedbStore::read(path))? } else { writable(path)? };
        let Some(view) = view::open(&store)? else {
            return if dry { Self::whole(store, AsOf::Now) } else { Self::writing(path, store) };
        };
        let (head, stated) = (view.head(), store.projections()?);
        let after = head.size.saturating_add(u64::try_from(acts).unwrap_or(u64::MAX));
        if !dry && (projections_are_due(stated.size, after) || stated.is_stale(head.size)) {
            return Self::writing(path, store);
        }
        let mut ledger = Ledger::of_view(view);
        let waiting = if dry { Waiting::default() } else { Waiting::open(&store, &mut ledger)? };
        let mut session = Self { store, ledger, waiting };
        if session.ask(|reading| reading.state.log().head())? != head {
            return Err(invalid("the stored head is not the one that the stored tree has".to_owned()));
        }
        session.require_indexed()?;
        if !dry {
            session.ask(|reading| Heads::of(path).check(reading.state))??;
        }
        Ok(session)
    }

    /// Asks a question, of a view until it lacks nothing.
    pub(crate) fn ask<T>(&mut self, mut question: impl FnMut(Reading<'_>) -> T) -> Result<T, Failure> {
        let Self { store, ledger, waiting: _ } = self;
        match ledger.view_mut() {
            Some(view) => view::ask(store, view, |state| question(Reading { store, state })).map_err(unreadable),
            None => Ok(question(self.reading())),
        }
    }

    /// Opens a ledger for writing, and replays it.
    pub(crate) fn write(path: &Path) -> Result<Self, Failure> {
        Self::writing(path, writable(path)?)
    }

    fn writing(path: &Path, store: RedbStore) -> Result<Self, Failure> {
        let stated = store.projections()?;
        let mut rebuilt = Projections::default();
        let mut ledger = replayed(&store, AsOf::Now, |state| {
            if state.head().size == stated.size {
                rebuilt = Projections::of(state);
            }
        })?;
        let size = ledger.state().log().size();
        if stated.size != rebuilt.size || stated.is_stale(size) {
            let what = format!("the stored projections are said to be of {} entries, the log has: {size}", stated.size);
            return Err(invalid(what));
        }
        require_same(&rebuilt, &stated)?;
        let waiting = Waiting::open(&store, &mut ledger)?;
        let session = Self { store, ledger, waiting };
        session.require_indexed()?;
        Heads::of(path).check(session.state())?;
        Ok(session)
    }

    /// Nothing is built on a store whose index disagrees with its entries.
    fn require_indexed(&self) -> Result<(), Failure> {
        let last = self.state().log().size().checked_sub(1);
        for bytes in last.map_or(Ok(Vec::new()), |last| self.store.entries(last..last.saturating_add(1)))? {
            let entry = rollcall_core::entry::Entry::decode(&bytes);
            let event = entry
                .map_err(|error| invalid("the last entry cannot be read".to_owned()).caused_by(&error))?
                .event
                .id();
            if self.store.position(&event)? != last {
                return Err(invalid("the stored index does not find the last entry".to_owned()));
            }
        }
        Ok(())
    }

    /// Creates a ledger file and appends its founding transaction.
    pub(crate) fn found(path: &Path, events: Vec<SignedEvent>, at: Timestamp) -> Result<Self, Failure> {
        judge_founding(&events, at)?;
        Self::built(path, |session| {
            events.into_iter().try_for_each(|event| session.admit(event, at)?.map(drop).map_err(Failure::from))
        })
    }

    /// Creates a ledger file from the entries of another copy of the ledger, each verified and judged again.
    pub(crate) fn restore(path: &Path, entries: &[Vec<u8>], expected: LedgerId) -> Result<Self, Failure> {
        Self::built(path, |session| {
            for bytes in entries {
                let admission = session.ledger.verify_and_replay(bytes);
                let admission =
                    admission.map_err(|error| invalid("the log is not valid".to_owned()).caused_by(&error))?;
                let founded = session.state().founding().map(|founding| founding.ledger);
                if let Some(got) = founded.filter(|got| *got != expected) {
                    return Err(invalid(format!("the log founds the ledger {got}, expected: {expected}")));
                }
                session.waiting.push(admission);
                if RESTORED_TOGETHER <= session.waiting() {
                    session.flush()?;
                }
            }
            Ok(())
        })
    }

    /// Built beside and put in place whole: a founding that is interrupted leaves no ledger.
    fn built(path: &Path, fill: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<Self, Failure> {
        RedbStore::require_free(path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let cannot =
            |error: std::io::Error| Failure::io(format!("no ledger can be written in: {}", folder.display()), &error);
        let workshop = tempfile::Builder::new().prefix(".rollcall-founding-").tempdir_in(folder).map_err(cannot)?;
        let draft = workshop.path().join("ledger");
        let store = RedbStore::create(&draft, &own_name())?;
        let mut ledger = Ledger::default();
        let waiting = Waiting::open(&store, &mut ledger)?;
        let mut session = Self { store, ledger, waiting };
        fill(&mut session)?;
        session.flush()?;
        session.store.close()?;
        // A link, unlike a rename, never takes the place of a file that somebody else has put there.
        std::fs::hard_link(&draft, path).map_err(cannot)?;
        sync_folder_of(path).map_err(cannot)?;
        drop(workshop);
        Self::write(path)
    }

    /// The store, the ledger, and what is admitted to it next: for whoever goes on without a view.
    pub(crate) fn into_parts(self) -> (RedbStore, Ledger, Waiting) {
        let Self { store, ledger, waiting } = self;
        (store, ledger, waiting)
    }

    /// Leaves what was replayed to the system, once the process has its answer and ends: handing back a million rows one by one would
    /// make the answer wait.
    pub(crate) fn leave(self) {
        let (_store, ledger, _) = self.into_parts();
        std::mem::forget(ledger);
    }

    /// What a question sees of it.
    pub(crate) const fn reading(&self) -> Reading<'_> {
        Reading { store: &self.store, state: self.ledger.state() }
    }

    pub(crate) const fn state(&self) -> &State {
        self.ledger.state()
    }

    pub(crate) const fn store(&self) -> &RedbStore {
        &self.store
    }

    /// The charter in force.
    pub(crate) fn charter(&self) -> Result<&Charter, Failure> {
        self.reading().charter()
    }

    pub(crate) fn is_rehearsal(&self) -> bool {
        self.reading().is_rehearsal()
    }

    /// The instant at which something is accepted now: the clock, or on a declared clock what was declared.
    pub(crate) fn accepting_at(&self, declared: Option<Timestamp>) -> Result<Timestamp, Failure> {
        self.reading().accepting_at(declared)
    }

    /// The instant that questions are about when none is named.
    pub(crate) fn asking_at(&self) -> Result<Timestamp, Failure> {
        self.reading().asking_at()
    }

    /// Writes and signs the payload of an act.
    pub(crate) fn sign(&mut self, by: &Handle, key: &Signer, act: Act, at: Timestamp) -> Result<SignedEvent, Failure> {
        self.sign_missing(by, key, act, Vec::new(), at)
    }

    /// The same, of an author who misses events that they have submitted.
    pub(crate) fn sign_missing(
        &mut self,
        by: &Handle,
        key: &Signer,
        act: Act,
        missing: Vec<EventId>,
        at: Timestamp,
    ) -> Result<SignedEvent, Failure> {
        let own = self.ask(|reading| Header::of(reading.state, by, &act, at))?;
        let payload = Payload { header: Header { missing, ..own }, act };
        let bytes = payload.encode().map_err(|error| Failure::input("the act cannot be written").caused_by(&error))?;
        key.event(bytes)
    }

    /// Judges an event and keeps it for the next [`Session::flush`].
    pub(crate) fn admit(
        &mut self,
        event: SignedEvent,
        at: Timestamp,
    ) -> Result<Result<Admission, AdmitError>, Failure> {
        let Self { store, ledger, waiting } = self;
        let admitted = ledger.admit_with(event, at, |view, lack| view::bring(store, view, lack)).map_err(unreadable)?;
        Ok(admitted.inspect(|admission| waiting.push(admission.clone())))
    }

    /// The same of an event whose signature has been verified.
    pub(crate) fn admit_verified(
        &mut self,
        event: Verified,
        at: Timestamp,
    ) -> Result<Result<Admission, AdmitError>, Failure> {
        let Self { store, ledger, waiting } = self;
        let admitted = ledger.admit_verified_with(event, at, |view, lack| view::bring(store, view, lack));
        Ok(admitted.map_err(unreadable)?.inspect(|admission| waiting.push(admission.clone())))
    }

    /// How many admitted events wait to be made durable.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Makes everything admitted durable in one transaction.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.waiting.flush(&mut self.store, &mut self.ledger)?)
    }
}

/// Replays a store as far as it is asked for; `passed` sees every state on the way.
pub(crate) fn replayed(store: &RedbStore, as_of: AsOf, mut passed: impl FnMut(&State)) -> Result<Ledger, Failure> {
    let mut ledger = Ledger::default();
    let head = store.head()?;
    let limit = if let AsOf::Entries(limit) = as_of { limit.min(head.size) } else { head.size };
    let mut early = false;
    replay::each(store, limit, |prepared| {
        if let AsOf::Time(time) = as_of
            && prepared.accepted_at().is_some_and(|at| time < at)
        {
            early = true;
            return Ok(ControlFlow::Break(()));
        }
        ledger.take(prepared).map_err(|error| invalid("the log is not valid".to_owned()).caused_by(&error))?;
        passed(ledger.state());
        Ok::<_, Failure>(ControlFlow::Continue(()))
    })?;
    if early {
        return Ok(ledger);
    }
    let next = ledger.state().log().size();
    if next < limit {
        return Err(invalid(format!("the log announces {} entries and ends at: {next}", head.size)));
    }
    if !store.entries(head.size..head.size.saturating_add(1))?.is_empty() {
        return Err(invalid(format!("the store holds entries beyond the {} that its head covers", head.size)));
    }
    if let AsOf::Entries(asked) = as_of
        && head.size < asked
    {
        return Err(Failure::usage(format!("the log has {} entries, asked for: {asked}", head.size)));
    }
    if limit == head.size && ledger.state().head() != head {
        return Err(invalid("the stored head is not the one that the entries make".to_owned()));
    }
    Ok(ledger)
}

/// A session that nobody lends out is a view no longer than for the act that it was opened for.
impl Asked for RefCell<&mut Session> {
    fn ask<T>(&self, question: impl FnMut(Reading<'_>) -> T) -> Result<T, Failure> {
        self.borrow_mut().ask(question)
    }
}

fn unreadable(error: ViewError) -> Failure {
    match error {
        ViewError::Store(error) => error.into(),
        ViewError::Row(error) => invalid("the stored rows of the state cannot be read".to_owned())
            .caused_by(&error)
            .hint("rollcall replay --rebuild"),
    }
}

/// Nothing is built on a store whose projections disagree with its entries.
fn require_same(rebuilt: &Projections, stated: &Projections) -> Result<(), Failure> {
    for made in &rebuilt.digests {
        if !stated.digests.contains(made) {
            return Err(invalid(format!("the stored projection `{}` is not the one that the entries make", made.0)));
        }
    }
    Ok(())
}

/// Judges a founding in memory: one that cannot stand leaves no file behind.
pub(crate) fn judge_founding(events: &[SignedEvent], at: Timestamp) -> Result<(), Failure> {
    let mut trial = Ledger::default();
    events.iter().try_for_each(|event| trial.admit(event.clone(), at).map(drop))?;
    Ok(())
}

pub(crate) fn is_rehearsal(state: &State) -> bool {
    state.founding().is_some_and(|founding| founding.clock == Clock::Declared)
}

pub(crate) fn invalid(what: String) -> Failure {
    let mut failure = Failure::input(what).hint("rollcall audit");
    failure.exit = crate::answer::Exit::Invalid;
    "invalid".clone_into(&mut failure.code);
    failure
}

/// A store that is open for writing.
pub(crate) fn writable(path: &Path) -> Result<RedbStore, Failure> {
    patiently(|| RedbStore::open(path, &own_name()))
}

/// Tries again for a moment while another process writes, then says who it is.
pub(crate) fn patiently<T>(open: impl Fn() -> Result<T, StoreError>) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(StoreError::InUse { .. }) if begun.elapsed() < PATIENCE => {
                // Often: between two appends of somebody busy the ledger is free for a moment only.
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other.map_err(Failure::from),
        }
    }
}

/// How this process names itself to others that want to write.
fn own_name() -> String {
    format!("process {} (rollcall)", std::process::id())
}

/// The system's clock.
pub(crate) fn now() -> Result<Timestamp, Failure> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let ms = since.ok().and_then(|since| u64::try_from(since.as_millis()).ok());
    let time = ms.and_then(|ms| Timestamp::from_ms(ms).ok());
    time.ok_or_else(|| Failure::usage("the system's clock stands outside the years 1970 to 2100"))
}

/// Where a ledger's own log key lies.
pub(crate) fn log_key_path(ledger: &Path) -> PathBuf {
    ledger.with_added_extension("log-key")
}
