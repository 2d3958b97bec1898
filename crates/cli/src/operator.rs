//! What only the operator of a log can do: signing its heads with the keys that lie beside the ledger.
//! Which head may be signed is `storage::heads`' to say; nothing here signs one by another way, and no command but these asks for
//! the keys.

use std::path::{Path, PathBuf};

use rollcall_core::act::Act;
use rollcall_core::entry::Entry;
use rollcall_core::event::Payload;
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::rehearsal_log_key;
use rollcall_core::receipt::Receipt;
use rollcall_core::state::State;
use rollcall_core::submission::{Shown, SignedRefusal};
use rollcall_core::time::Timestamp;
use rollcall_storage::heads::{HeadError, Heads, Held};
use rollcall_storage::{Store as _, StoreError};

use crate::answer::Exit;
use crate::failure::Failure;
use crate::keys;
use crate::session::{Session, invalid, log_key_path};

/// A ledger whose head is signed, and an entry that is to be proven under it.
pub(crate) struct Signed {
    /// A view that has what proofs rest on, or the whole where the stored rows are not of the head.
    pub(crate) session: Session,
    pub(crate) note: String,
    pub(crate) entry: Option<u64>,
}

/// Opens a ledger and signs its head, without a replay where that can be; `find` names the entry that is to be proven.
pub(crate) fn opened(
    ledger: &Path,
    mut find: impl FnMut(&State) -> Result<Option<u64>, Failure>,
) -> Result<Signed, Failure> {
    if !ledger.exists() {
        return Err(StoreError::Missing { path: ledger.display().to_string() }.into());
    }
    let heads = Heads::of(ledger);
    // Held before the ledger is read: whoever signs a head has its entries, and so has what is read then.
    let held = heads.hold()?;
    let mut session = Session::acting(ledger, 0, true)?;
    let entry = session.ask(|reading| {
        let entry = find(reading.state)?;
        look_up(reading.state, ledger, entry.into_iter());
        Ok::<_, Failure>(entry)
    })??;
    let note = sign_held(&held, &session, ledger)?;
    Ok(Signed { session, note, entry })
}

/// Signs the head of a ledger that is open, which as a view is told first what that rests on, and what proofs of these entries do.
pub(crate) fn sign_for(session: &mut Session, ledger: &Path, entries: &[u64]) -> Result<String, Failure> {
    let heads = Heads::of(ledger);
    // Refusals are signed too where no head can be.
    session.ask(|reading| look_up(reading.state, ledger, entries.iter().copied()))?;
    let held = heads.hold()?;
    session.ask(|reading| look_up(reading.state, ledger, entries.iter().copied()))?;
    sign_held(&held, session, ledger)
}

/// Looks at everything that signed heads, signed refusals and proofs of these entries are made of, so that a view has it when they are.
fn look_up(state: &State, ledger: &Path, entries: impl Iterator<Item = u64>) {
    let size = state.head().size;
    // What cannot be had is said when it is needed.
    let _ = (Heads::of(ledger).check(state), state.founding());
    let named = state.log_keys().iter().filter_map(|key| state.entry_of(&key.named));
    for entry in named.chain(entries) {
        let _ = state.log().inclusion(entry, size);
    }
}

/// Where the log's keys lie: the first one, and those that took its place.
pub(crate) fn key_paths(ledger: &Path) -> Vec<PathBuf> {
    let first = log_key_path(ledger);
    let later = (1_u32..).map(|number| first.with_added_extension(number.to_string()));
    let later = later.take_while(|path| path.exists());
    std::iter::once(first.clone()).filter(|path| path.exists()).chain(later).collect()
}

/// The log's keys at hand; a rehearsal has a published one besides.
fn log_keys(session: &Session, ledger: &Path) -> Result<Vec<SigningKey>, Failure> {
    let founding = session.state().founding().ok_or_else(|| Failure::usage("the ledger is not founded"))?;
    let published = session.is_rehearsal().then(|| rehearsal_log_key(founding.name.as_str()));
    let files =
        key_paths(ledger).into_iter().map(|path| keys::plain_seed(&path).map(|seed| SigningKey::from_seed(&seed)));
    published.map(Ok).into_iter().chain(files).collect()
}

/// The key that signs the heads now.
pub(crate) fn log_key(session: &Session, ledger: &Path) -> Result<SigningKey, Failure> {
    log_key_of(session, ledger, session.state().head().size)
}

/// The key that signs the heads of a size.
pub(crate) fn log_key_of(session: &Session, ledger: &Path, size: u64) -> Result<SigningKey, Failure> {
    let expected = session.state().log_key(size);
    let found = log_keys(session, ledger)?.into_iter().find(|key| key.public().ok().as_ref() == expected);
    found.ok_or_else(|| Failure::unchecked("the key that signs this log's heads is not beside the ledger"))
}

/// The head of a ledger that was replayed as a signed note, with the cosignatures that it has collected.
pub(crate) fn signed_head(session: &Session, ledger: &Path) -> Result<String, Failure> {
    sign_held(&Heads::of(ledger).hold()?, session, ledger)
}

fn sign_held(held: &Held<'_>, session: &Session, ledger: &Path) -> Result<String, Failure> {
    require_founding(session)?;
    let keys = log_keys(session, ledger)?;
    let entry = |index: u64| {
        let found = session.store().entries(index..index.saturating_add(1))?;
        let missing =
            || StoreError::Damaged { path: ledger.display().to_string(), what: format!("it lacks entry {index}") };
        found.into_iter().next().ok_or_else(missing)
    };
    let signed = held.sign(session.state(), &keys, &entry)?;
    if session.state().lack().is_empty() { Ok(signed) } else { Err(Failure::bug("a view was signed that lacks rows")) }
}

/// In whose name, and first with which key, heads are signed is what entry 0 says, whatever a row says.
fn require_founding(session: &Session) -> Result<(), Failure> {
    let first = session.store().entries(0..1)?;
    let first = first.first().and_then(|bytes| Entry::decode(bytes).ok());
    let payload = first.as_ref().and_then(|entry| Payload::decode(entry.event.payload()).ok());
    let (Some(Payload { act: Act::FoundLedger(act), .. }), Some(founding)) = (payload, session.state().founding())
    else {
        return Err(invalid("the first entry founds no ledger".to_owned()));
    };
    let key = session.state().log_keys().first().map(|known| &known.key);
    if act.origin != founding.origin || key != Some(&act.log_key) {
        return Err(invalid("the stored rows name another origin or log key than the first entry".to_owned()));
    }
    Ok(())
}

/// The receipt of an entry under the head of a session, as a signed note; it verifies.
pub(crate) fn receipt(session: &Session, ledger: &Path, index: u64, note: &str) -> Result<String, Failure> {
    let state = session.state();
    let entry = |index: u64| {
        let found = session.store().entries(index..index.saturating_add(1))?.into_iter().next();
        found.ok_or_else(|| Failure::usage(format!("the log has no entry: {index}")))
    };
    let path = state.log().inclusion(index, state.head().size);
    let path = path.map_err(|error| Failure::usage("there is no such proof").caused_by(&error))?;
    let handovers = Heads::of(ledger).handovers(state)?;
    let checkpoint = note.to_owned();
    let receipt = Receipt { founding: entry(0)?, entry: entry(index)?, index, path, checkpoint, handovers };
    let founding = state.founding().ok_or_else(|| Failure::usage("the ledger is not founded"))?;
    match receipt.verify(founding.ledger, None) {
        Ok(_) => Ok(receipt.text()),
        Err(error) => Err(Failure::unchecked("no receipt can be made that verifies").caused_by(&error).hint(format!(
            "rollcall audit; where the log's key has changed, put back the old key, and {}.handover.0, .1 and so on as they were written",
            ledger.display()
        ))),
    }
}

/// What the log says of an act that it refuses.
pub(crate) fn signed_refusal(
    session: &Session,
    ledger: &Path,
    shown: Shown,
    code: &str,
    clock: Timestamp,
) -> Result<String, Failure> {
    let key = log_key(session, ledger)?;
    let founding = session.state().founding().ok_or_else(|| Failure::usage("the ledger is not founded"))?;
    let (origin, head, code) = (founding.origin.as_str().to_owned(), session.state().head(), code.to_owned());
    Ok(SignedRefusal { origin, shown, head, clock, code }.sign(&key))
}

impl From<HeadError> for Failure {
    fn from(error: HeadError) -> Self {
        let what = "no head of this ledger can be signed".to_owned();
        let mut failure = Self::unchecked(what).caused_by(&error);
        match error {
            HeadError::Contradicts { signed, own } if own.size < signed.size => {
                failure.exit = Exit::Invalid;
                "head-contradicts".clone_into(&mut failure.code);
                failure.hint("if somebody appends to this ledger just now, run the command again; else put its newest copy in place, since a head that is signed is never taken back")
            }
            HeadError::Contradicts { .. } => {
                failure.exit = Exit::Invalid;
                "head-contradicts".clone_into(&mut failure.code);
                failure.hint("put the newest copy of the ledger in place; a head that is signed is never taken back")
            }
            HeadError::OtherKey { .. } => failure.hint("rollcall log-key --help"),
            HeadError::NotFounded
            | HeadError::Superseded
            | HeadError::Unreadable { .. }
            | HeadError::Store(_)
            | HeadError::Io { .. } => failure,
        }
    }
}
