//! Judges an event against the state: accepted with its changes, or refused with its rule. Pure; changes nothing.
//!
//! The rules that hold for every act stand in this file, in the order in which they are tested. The rules of one group of
//! acts stand in a file of that group, one function a rule or act, each naming its clause.
//!
//! ```compile_fail,E0451
//! // Nothing is accepted without being judged.
//! fn forge(cause: rollcall_core::state::Cause) -> rollcall_core::decide::Accepted {
//!     rollcall_core::decide::Accepted { cause, changes: Vec::new() }
//! }
//! ```

mod accounts;
mod attachments;
mod authority;
mod ballots;
pub mod basis;
mod convening;
mod amendment;
mod founding;
mod imports;
mod keys;
pub mod kin;
pub mod meeting;
mod motions;
mod nominations;
mod organisations;
pub mod paths;
mod people;
mod polls;
mod records;
mod roles;
mod seats;
mod sitting;
mod units;
mod witnessing;

pub use imports::content_digest as import_content_digest;

use std::sync::Arc;

use crate::act::{Act, KeyPurpose};
use crate::charter::{Charter, Clause, UnitKind};
use crate::digest::EventId;
use crate::event::{Event, Header, Payload, SignedEvent};
use crate::key::PublicKey;
use crate::limits::{CLOCK_TOLERANCE_MS, NOT_AFTER_MAX_MS};
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::attachments::AttachmentChange;
use crate::state::change::Change;
use crate::state::keys::{KeyBinding, KeyEnding};
use crate::state::roster::{Tenure, Unit};
use crate::state::witnessing::WitnessingChange;
use crate::state::{Cause, State};
use crate::time::Timestamp;

/// An event that the charter allows, with what it changes.
#[derive(Clone, Debug)]
pub struct Accepted {
    cause: Cause,
    changes: Vec<Change>,
}

impl Accepted {
    /// The entry that the event becomes.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    /// What it changes.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(crate) fn into_parts(self) -> (Cause, Vec<Change>) {
        (self.cause, self.changes)
    }
}

type Changes = Result<Vec<Change>, Refusal>;

/// Judges `event`, were it accepted at the instant `at`.
///
/// # Errors
/// [`Refusal`] names the rule that says no, and the facts.
pub fn decide(state: &State, event: &Event, at: Timestamp) -> Result<Accepted, Refusal> {
    judge(state, event, at, Standing::Next)
}

/// Judges `event` as one that the log left out, behind its last entry: an anchor could always have come before it.
///
/// # Errors
/// [`Refusal`] names the rule that says no, and the facts.
pub fn suppose(state: &State, event: &Event, at: Timestamp) -> Result<Accepted, Refusal> {
    judge(state, event, at, Standing::LeftOut)
}

/// Where an event would stand.
#[derive(Clone, Copy)]
enum Standing {
    /// As the next entry.
    Next,
    /// Behind the last entry, without a number of its own.
    LeftOut,
}

fn judge(state: &State, event: &Event, at: Timestamp, standing: Standing) -> Result<Accepted, Refusal> {
    let size = state.log().size();
    let entry = match standing {
        Standing::Next => size,
        Standing::LeftOut => size.saturating_sub(1),
    };
    let cause = Cause { entry, event: event.id(), at, by: event.header().by.clone() };

    let changes = match state.charter() {
        None => founding::judge(state, event, &cause)?,
        Some(charter) => {
            check_ledger(state, event.header())?;
            check_author(state, event, charter)?;
            // Before the time rules: what has been accepted once is there, however late it is sent again.
            check_new(state, event)?;
            check_time(state, event.header(), at)?;
            let unseen = match standing {
                Standing::Next => witnessing::check_jump(state, event, at)?,
                Standing::LeftOut => None,
            };
            check_seen(state, event)?;
            check_missing(state, event.header())?;
            let mut changes = act(&Scene { state, charter, event, cause: &cause })?;
            let cited = event.act().attachments().into_iter();
            changes.extend(cited.map(|digest| AttachmentChange::Cited { digest }.into()));
            let missing = Some(event.header().missing.clone()).filter(|missing| !missing.is_empty());
            changes.extend(missing.map(|events| WitnessingChange::Missing { events }.into()));
            changes.extend(unseen);
            changes
        }
    };
    Ok(Accepted { cause, changes })
}

/// What a rule looks at: the state before the event, the charter in force, the event, and where it would stand.
pub(crate) struct Scene<'a> {
    state: &'a State,
    charter: &'a Arc<Charter>,
    event: &'a Event,
    cause: &'a Cause,
}

fn act(scene: &Scene<'_>) -> Changes {
    match scene.event.act() {
        Act::FoundLedger(_) => founding::again(scene.state),
        Act::CharterPart(act) => amendment::part(scene, act),
        Act::Confirm(_) => founding::late_confirm(scene),
        Act::Enrol(act) => people::enrol(scene, act),
        Act::Appoint(act) => authority::appoint(scene, act),
        Act::Endorse(act) => authority::endorse(scene, act),
        Act::Constitute(act) => authority::constitute(scene, act),
        Act::FoundUnit(act) => units::found(scene, act),
        Act::DissolveUnit(act) => units::dissolve(scene, act),
        Act::Nominate(act) => nominations::nominate(scene, act),
        Act::Apply(act) => nominations::apply(scene, act),
        Act::Accept(act) => nominations::accept(scene, act),
        Act::Withdraw(act) => nominations::withdraw(scene, act),
        Act::Petition(act) => convening::petition(scene, act),
        Act::Notice(act) => convening::notice(scene, act),
        Act::Waive(act) => convening::waive(scene, act),
        Act::Cancel(act) => convening::cancel(scene, act),
        Act::Item(act) => convening::item(scene, act),
        Act::Open(act) => sitting::open(scene, act),
        Act::Preside(act) => sitting::preside(scene, act),
        Act::CheckIn(act) => sitting::check_in(scene, act),
        Act::CheckOut(act) => sitting::check_out(scene, act),
        Act::Excuse(act) => sitting::excuse(scene, act),
        Act::Dispute(act) => sitting::dispute(scene, act),
        Act::Adjourn(act) => sitting::adjourn(scene, act),
        Act::Move(act) => motions::put(scene, act),
        Act::OpenVote(act) => polls::open_vote(scene, act),
        Act::Vote(act) => ballots::vote(scene, act),
        Act::Retract(act) => ballots::retract(scene, act),
        Act::CloseVote(act) => ballots::close(scene, act),
        Act::Grant(act) => roles::grant(scene, act),
        Act::End(act) => roles::end(scene, act),
        Act::Answer(act) => authority::answer(scene, act),
        Act::Reconstitute(act) => authority::reconstitute(scene, act),
        Act::Amend(act) => amendment::amend(scene, act),
        Act::Resign(act) => roles::resign(scene, act),
        Act::Suspend(act) => authority::suspend(scene, act),
        Act::Resume(act) => authority::resume(scene, act),
        Act::Organisation(act) => organisations::organisation(scene, act),
        Act::Represent(act) => organisations::represent(scene, act),
        Act::Recall(act) => organisations::recall(scene, act),
        Act::Contribution(act) => records::contribution(scene, act),
        Act::Attest(act) => records::attest(scene, act),
        Act::Record(act) => records::record(scene, act),
        Act::Deliver(act) => convening::deliver(scene, act),
        Act::Spoken(act) => ballots::spoken(scene, act),
        Act::Consent(act) => records::consent(scene, act),
        Act::Claim(act) => records::claim(scene, act),
        Act::Fulfil(act) => records::fulfil(scene, act),
        Act::EnrolPeople(act) => people::enrol_people(scene, act),
        Act::OfferKey(act) => keys::offer(scene, act),
        Act::BindKey(act) => keys::bind(scene, act),
        Act::RevokeKey(act) => keys::revoke(scene, act),
        Act::VetoKey(act) => keys::veto(scene, act),
        Act::SettleKey(act) => keys::settle(scene, act),
        Act::ReplaceAuthority(act) => authority::replace(scene, act),
        Act::RotateLogKey(act) => authority::rotate_log_key(scene, act),
        Act::NameWitnesses(act) => witnessing::name(scene, act),
        Act::Anchor(act) => witnessing::anchor(scene, act),
        Act::ClaimAccount(act) => accounts::claim(scene, act),
        Act::VerifyAccount(act) => accounts::verify(scene, act),
        Act::ReleaseAccount(act) => accounts::release(scene, act),
        Act::Profile(act) => Ok(vec![AttachmentChange::Profile { digest: act.digest }.into()]),
        Act::Erase(act) => attachments::erase(scene, act),
        Act::Import(act) => imports::import(scene, act),
    }
}

/// Acceptance times never go back; a claimed time may not run ahead; nothing signed lives for ever (trap B12).
fn check_time(state: &State, header: &Header, at: Timestamp) -> Result<(), Refusal> {
    let Header { at: claimed, not_after, ledger: _, by: _, seen: _, missing: _ } = header;
    if at < state.last_at() {
        let (last, at) = (state.last_at().to_string(), at.to_string());
        return Err(Reason::TimeWentBack { last, at }.by_format("time"));
    }
    if at.plus_ms(CLOCK_TOLERANCE_MS) < *claimed {
        let (claimed, at) = (claimed.to_string(), at.to_string());
        return Err(Reason::ClaimedAhead { claimed, at, tolerance_ms: CLOCK_TOLERANCE_MS }.by_format("time"));
    }
    if not_after < claimed || claimed.plus_ms(NOT_AFTER_MAX_MS) < *not_after {
        let (claimed, not_after) = (claimed.to_string(), not_after.to_string());
        return Err(Reason::LivesTooLong { claimed, not_after, limit_ms: NOT_AFTER_MAX_MS }.by_format("time"));
    }
    if *not_after < at {
        let (not_after, at) = (not_after.to_string(), at.to_string());
        return Err(Reason::Lapsed { not_after, at }.by_format("time"));
    }
    Ok(())
}

/// An event names the ledger that it is for (trap C7).
fn check_ledger(state: &State, header: &Header) -> Result<(), Refusal> {
    let own = state.founding().map(|founding| founding.ledger);
    if header.ledger == own {
        return Ok(());
    }
    let shown = |id: Option<crate::digest::LedgerId>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
    Err(Reason::ForeignLedger { expected: shown(own), got: shown(header.ledger) }.by_format("ledger"))
}

/// The same event twice is one event, whichever of its author's keys has signed it. Where an act brings its key, that key is what
/// it is about: under another one it is somebody else's, of the same id.
fn check_new(state: &State, event: &Event) -> Result<(), Refusal> {
    let Some(entry) = state.entry_of(&event.id()) else { return Ok(()) };
    let id = event.id().to_string();
    let reason = match keys::brought(state, &event.id(), event.act(), &event.header().by) {
        Some(key) if key != event.key() => Reason::SignedByAnother { event: id, entry, key: event.key().to_string() },
        Some(_) | None => Reason::AlreadyThere { event: id, entry },
    };
    Err(reason.by_format("event-id"))
}

/// Where a signed event stands in the log, if it is there and under a key that makes it this one: see [`check_new`].
pub(crate) fn entry_of(state: &State, event: &SignedEvent, payload: Option<&Payload>) -> Option<u64> {
    let id = event.id();
    let brought = payload.and_then(|Payload { header, act }| keys::brought(state, &id, act, &header.by));
    state.entry_of(&id).filter(|_| brought.is_none_or(|key| key.encode() == event.key_bytes()))
}

/// An event commits to the history that its author had seen, and that history covers whatever the event refers to.
fn check_seen(state: &State, event: &Event) -> Result<(), Refusal> {
    let seen = event.header().seen;
    let size = state.log().size();
    let Some(expected) = state.log().head_at(seen.size) else {
        return Err(Reason::SeenBeyond { seen: seen.size, size }.by_format("seen-head"));
    };
    if expected.root != seen.root {
        let (expected, got) = (expected.root.to_string(), seen.root.to_string());
        return Err(Reason::SeenRootDiffers { size: seen.size, expected, got }.by_format("seen-head"));
    }
    for reference in event.act().references() {
        let event = reference.to_string();
        match state.entry_of(&reference) {
            None => return Err(Reason::UnknownEvent { event }.by_format("reference")),
            Some(entry) if seen.size <= entry => {
                return Err(Reason::ReferenceUnseen { event, entry, seen: seen.size }.by_format("seen-head"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// What an author says is missing is not among what the author had seen.
fn check_missing(state: &State, header: &Header) -> Result<(), Refusal> {
    for event in &header.missing {
        if let Some(entry) = state.entry_of(event).filter(|entry| *entry < header.seen.size) {
            return Err(Reason::NotMissing { event: event.to_string(), entry }.by_format("missing"));
        }
    }
    Ok(())
}

/// The author is enrolled and the key that signed is theirs (traps C3 and C4). `enrol` and `offer-key` bring their own
/// key. Where an act is one's own alone (a ballot, a presence), signing with another person's key is voting for somebody
/// else, and the charter's clause says no.
fn check_author(state: &State, event: &Event, charter: &Charter) -> Result<(), Refusal> {
    if event.act().brings_key() {
        return Ok(());
    }
    let by = &event.header().by;
    match state.keys().binding(by, event.key()) {
        // What is there already is there, whatever has become since of the key that signed it.
        Some(binding) => {
            check_binding(event, binding).map_err(|refusal| check_new(state, event).err().unwrap_or(refusal))
        }
        None if !state.is_enrolled(by) => Err(Reason::NotEnrolled { person: by.to_string() }.by_format("author")),
        None if is_offered(state, event) => Ok(()),
        None => Err(foreign_key(state, event, charter)),
    }
}

/// A key signs while it is good, and a recovery key only what concerns keys. Whom a newer key has just replaced may still
/// object to that.
fn check_binding(event: &Event, binding: &KeyBinding) -> Result<(), Refusal> {
    let by = event.header().by.to_string();
    let object = matches!(event.act(), Act::VetoKey(_));
    match &binding.ended {
        None => {
            let about_keys = object || matches!(event.act(), Act::BindKey(_) | Act::RevokeKey(_));
            if binding.purpose == KeyPurpose::Signing || about_keys {
                return Ok(());
            }
            Err(Reason::RecoveryOnly { by, act: event.act().tag().to_owned() }.by_format("author"))
        }
        Some((KeyEnding::Retired | KeyEnding::Revoked, _)) if object => Ok(()),
        Some((how, cause)) => Err(key_ended(&event.header().by, event.key(), *how, cause)),
    }
}

fn key_ended(by: &Handle, key: &PublicKey, how: KeyEnding, cause: &Cause) -> Refusal {
    let (how, ended) = (how.as_str().to_owned(), cause.at.to_string());
    Reason::KeyEnded { by: by.to_string(), key: key.to_string(), how, ended }.by_format("author")
}

/// A key that was offered asks for itself to be bound.
fn is_offered(state: &State, event: &Event) -> bool {
    let Act::BindKey(act) = event.act() else { return false };
    let offer = state.keys().offer(&act.event);
    offer.is_some_and(|offer| offer.key == *event.key() && *offer.person() == event.header().by)
}

fn foreign_key(state: &State, event: &Event, charter: &Charter) -> Refusal {
    let by = &event.header().by;
    let owner = state.keys().owner(event.key());
    let owner = owner.map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let reason = Reason::KeyNotOfAuthor { by: by.to_string(), key: event.key().to_string(), owner };
    let unit = if let Act::Vote(act) = event.act() {
        state.motions().vote(&act.vote).and_then(|vote| state.motions().get(&vote.motion)).map(|motion| &motion.unit)
    } else if let Act::CheckIn(act) = event.act() {
        state.meetings().get(&act.meeting).map(|meeting| &meeting.terms.unit)
    } else {
        None
    };
    let kind = unit.and_then(|unit| state.roster().unit(unit)).and_then(|unit| charter.kind(&unit.kind));
    let presence = kind.and_then(|kind| kind.meeting.as_ref()).map(|rules| &rules.presence);
    let clause = presence.or_else(|| kind.and_then(|kind| kind.vote.as_ref()).map(|rules| &rules.named));
    clause.map_or_else(|| reason.clone().by_format("author"), |clause| reason.clone().under(clause))
}

impl<'a> Scene<'a> {
    fn by(&self) -> &'a Handle {
        &self.event.header().by
    }

    const fn at(&self) -> Timestamp {
        self.cause.at
    }

    /// A unit that exists.
    fn unit(&self, id: &UnitId) -> Result<&'a Unit, Refusal> {
        let unit = self.state.roster().unit(id).filter(|unit| unit.is_alive());
        unit.ok_or_else(|| Reason::UnknownUnit { unit: id.to_string() }.by_format("unit"))
    }

    /// The rules of a unit's kind.
    fn kind(&self, id: &UnitId) -> Result<&'a UnitKind, Refusal> {
        let unit = self.unit(id)?;
        self.kind_named(&unit.kind)
    }

    /// The rules of a kind by name.
    fn kind_named(&self, name: &Name) -> Result<&'a UnitKind, Refusal> {
        let unknown = || Reason::UnknownKind { kind: name.to_string() }.by_format("unit");
        self.charter.kind(name).ok_or_else(unknown)
    }

    /// The rules of a role in a unit.
    fn role(&self, unit: &UnitId, role: &Name) -> Result<&'a crate::charter::Role, Refusal> {
        let kind = self.kind(unit)?;
        let unknown = || Reason::UnknownRole { unit: unit.to_string(), role: role.to_string() }.under(&kind.clause);
        kind.role(role).ok_or_else(unknown)
    }

    /// The tenure by which a person holds a role now, asserted ones aside.
    fn holds(&self, unit: &UnitId, role: &Name, person: &Handle) -> Option<&'a Tenure> {
        self.state.roster().tenure_at(unit, role, person, self.at()).filter(|tenure| !tenure.is_asserted())
    }

    /// The author is one of the appointing authority's persons.
    fn require_authority(&self) -> Result<(), Refusal> {
        if self.state.authority().persons.contains(self.by()) {
            return Ok(());
        }
        Err(Reason::NotAuthority { person: self.by().to_string() }.under(&self.charter.authority().clause))
    }

    /// A person, enrolled or imported, or an organisation.
    fn require_known(&self, person: &Handle) -> Result<(), Refusal> {
        let people = self.state.people();
        if people.get(person).is_some() || people.organisation(person).is_some() {
            return Ok(());
        }
        Err(Reason::NotEnrolled { person: person.to_string() }.by_format("author"))
    }

    /// A person who is enrolled.
    fn require_enrolled(&self, person: &Handle) -> Result<(), Refusal> {
        if self.state.is_enrolled(person) {
            return Ok(());
        }
        Err(Reason::NotEnrolled { person: person.to_string() }.by_format("author"))
    }

    /// The author is a member in office of a body, as a clause asks.
    fn require_member(&self, body: &meeting::Body<'_>, clause: &Clause) -> Result<(), Refusal> {
        if self.holds(body.unit, body.electors, self.by()).is_some() {
            return Ok(());
        }
        Err(Reason::NotAMember { person: self.by().to_string(), unit: body.unit.to_string() }.under(clause))
    }

    /// The event is by the author of this one.
    fn require_own(&self, event: &EventId, author: &Handle) -> Result<(), Refusal> {
        if author == self.by() {
            return Ok(());
        }
        let (author, by) = (author.to_string(), self.by().to_string());
        Err(Reason::NotYours { event: event.to_string(), author, by }.by_format("author"))
    }
}

/// A change that notes a person other than the author in the history.
fn concerns(person: &Handle) -> Change {
    Change::Concerns { person: person.clone() }
}
