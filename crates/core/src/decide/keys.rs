//! A person's keys: offering, binding, revoking, objecting and ruling (trap C6).
//!
//! A key is bound by two words: its own, which offers it, and that of an older key of the person. Where no such key is
//! left, the authority's threshold stands in for it, after a waiting period in which the older keys may object; an
//! objection makes a dispute that the authority decides, so that a thief cannot win by objecting. A recovery key overrides
//! an objection.

use super::{Changes, Scene, authority, concerns};
use crate::act::{Act, BindKey, Clock, KeyPurpose, OfferKey, RevokeKey, Ruling, SettleKey, VetoKey};
use crate::digest::EventId;
use crate::key::PublicKey;
use crate::limits::{KEY_AGE_MS, KEY_CANCEL_MS, KEY_WAIT_MS};
use crate::name::Handle;
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::authority::{ProposalChange, Proposed};
use crate::state::change::Change;
use crate::state::keys::{BoundBy, KeyBinding, KeyChange, KeyOffer};
use crate::state::motions::MotionChange;

const RULE: &str = "keys";

/// The key that an act brought which is in the log: offered, bound by enrolling, or proposed for somebody who was known already.
pub(super) fn brought<'a>(state: &'a State, id: &EventId, act: &Act, by: &Handle) -> Option<&'a PublicKey> {
    if matches!(act, Act::OfferKey(_)) {
        return state.keys().offer(id).map(|offer| &offer.key);
    }
    if !act.brings_key() {
        return None;
    }
    let bound = state.keys().of(by).iter().find(|binding| binding.bound.event == *id);
    if let Some(binding) = bound {
        return Some(&binding.key);
    }
    let Proposed::BindKey { key, .. } = &state.proposals().proposal(id)?.what else { return None };
    Some(key)
}

/// A key that signs for the first time belongs to nobody, has never been revoked, and is no published test key.
pub(super) fn require_fresh(scene: &Scene<'_>, person: &Handle, key: &PublicKey) -> Result<(), Refusal> {
    require_free(scene, key)?;
    if scene.state.founding().is_some_and(|founding| founding.clock == Clock::Wall) {
        super::founding::refuse_rehearsal_key(person, key)?;
    }
    Ok(())
}

/// A key is free when nobody holds its point, under whatever application, and nobody has revoked it.
fn require_free(scene: &Scene<'_>, key: &PublicKey) -> Result<(), Refusal> {
    if let Some(owner) = scene.state.keys().holder(key) {
        return Err(Reason::KeyTaken { person: owner.to_string() }.by_format("author"));
    }
    match scene.state.keys().revoker(key) {
        Some(person) => Err(Reason::KeyRevoked { person: person.to_string() }.by_format("author")),
        None => Ok(()),
    }
}

/// The key that signs the event is offered as its author's; it is theirs once another word says so.
pub(super) fn offer(scene: &Scene<'_>, act: &OfferKey) -> Changes {
    let OfferKey { label, purpose, retires } = act.clone();
    let (person, key) = (scene.by(), scene.event.key().clone());
    require_fresh(scene, person, &key)?;
    scene.require_enrolled(person)?;
    let (purpose, retires) = (purpose.unwrap_or(KeyPurpose::Signing), retires.unwrap_or_default());
    let mut open = scene.state.keys().offers_of(person).filter(|(_, offer)| offer.is_open());
    if let Some((known, _)) = open.find(|(_, offer)| offer.key == key) {
        return Err(Reason::KeyOffered { offer: known.to_string() }.by_format(RULE));
    }
    for key in &retires {
        require_active(scene, key)?;
    }
    let what = Proposed::RebindKey { offer: scene.cause.event, person: person.clone() };
    Ok(vec![
        KeyChange::Offered { key, label, purpose, retires }.into(),
        ProposalChange::Proposed { what, signed: false }.into(),
    ])
}

/// A key of the author that is good now.
fn require_active<'a>(scene: &Scene<'a>, key: &PublicKey) -> Result<&'a KeyBinding, Refusal> {
    scene.state.keys().active(scene.by(), key).ok_or_else(|| foreign(scene, key))
}

fn foreign(scene: &Scene<'_>, key: &PublicKey) -> Refusal {
    let owner = scene.state.keys().owner(key).map_or_else(|| "nobody".to_owned(), ToString::to_string);
    Reason::KeyNotOfAuthor { by: scene.by().to_string(), key: key.to_string(), owner }.by_format("author")
}

fn open_offer<'a>(scene: &Scene<'a>, verb: &str, event: &EventId) -> Result<&'a KeyOffer, Refusal> {
    let not_open = |why: &str| {
        let (act, event, why) = (verb.to_owned(), event.to_string(), why.to_owned());
        Reason::NotOpenTo { act, event, why }.by_format(RULE)
    };
    let offer = scene.state.keys().offer(event).ok_or_else(|| not_open("it offers no key"))?;
    match (&offer.dropped, &offer.bound) {
        (Some(_), _) => Err(not_open("it has come to nothing")),
        (None, Some(_)) => Err(not_open("the key is bound")),
        (None, None) => Ok(offer),
    }
}

/// A key that is bound for less than the least age may end no other: whoever has just stolen one cannot lock its owner out.
fn require_age(scene: &Scene<'_>, binding: &KeyBinding) -> Result<(), Refusal> {
    let from = binding.bound.at.plus_ms(KEY_AGE_MS);
    if from <= scene.at() {
        return Ok(());
    }
    let (bound, from) = (binding.bound.at.to_string(), from.to_string());
    Err(Reason::KeyTooYoung { key: binding.key.to_string(), bound, from }.by_format(RULE))
}

/// Binds an offered key: by the word of another key of the person at once, or by anybody's once the authority has signed
/// and the waiting period has passed without an objection.
pub(super) fn bind(scene: &Scene<'_>, act: &BindKey) -> Changes {
    let offer = open_offer(scene, "bind-key", &act.event)?;
    require_free(scene, &offer.key)?;
    let own = scene.state.keys().active(scene.by(), scene.event.key()).filter(|_| offer.person() == scene.by());
    match own {
        Some(signer) => by_own_key(scene, &act.event, offer, signer),
        None => by_authority(scene, &act.event, offer),
    }
}

fn by_own_key(scene: &Scene<'_>, event: &EventId, offer: &KeyOffer, signer: &KeyBinding) -> Changes {
    let recovery = is_settled_recovery(scene, signer);
    if offer.vetoed.is_some() && !recovery {
        return Err(disputed(event, offer));
    }
    for key in &offer.retires {
        if *key != signer.key {
            require_age(scene, signer)?;
            require_rank(scene, signer, key)?;
        }
    }
    // What has ceased to be good since the offer needs no retiring any more.
    let good = |key: &&PublicKey| scene.state.keys().active(offer.person(), key).is_some();
    let retired = offer.retires.iter().filter(good).cloned().collect();
    let by = if recovery { BoundBy::Recovery } else { BoundBy::Own };
    Ok(bound(scene, event, offer, by, retired))
}

fn by_authority(scene: &Scene<'_>, event: &EventId, offer: &KeyOffer) -> Changes {
    if offer.is_disputed() {
        return Err(disputed(event, offer));
    }
    let Some(due) = offer.due else {
        let person = offer.person().to_string();
        return Err(Reason::KeyUnvouched { person, threshold: scene.state.authority().threshold }.by_format(RULE));
    };
    if scene.at() < due {
        let (due, at) = (due.to_string(), scene.at().to_string());
        return Err(Reason::KeyWaits { due, at }.by_format(RULE));
    }
    Ok(bound(scene, event, offer, BoundBy::Authority, good_keys(scene, offer.person())))
}

/// Every key that is good now, recovery keys included: whoever had one had the waiting period to object with it.
fn good_keys(scene: &Scene<'_>, person: &Handle) -> Vec<PublicKey> {
    let good = scene.state.keys().of(person).iter().filter(|binding| binding.is_active());
    good.map(|binding| binding.key.clone()).collect()
}

/// A recovery key has its rank once it is as old as a key must be to end another: one that a thief has just bound has none.
fn is_settled_recovery(scene: &Scene<'_>, signer: &KeyBinding) -> bool {
    signer.purpose == KeyPurpose::Recovery && signer.bound.at.plus_ms(KEY_AGE_MS) <= scene.at()
}

/// A signing key ends no recovery key, which is there to undo what signing keys did.
fn require_rank(scene: &Scene<'_>, signer: &KeyBinding, key: &PublicKey) -> Result<(), Refusal> {
    let target = scene.state.keys().active(scene.by(), key);
    let outranked = target.is_some_and(|target| target.purpose == KeyPurpose::Recovery);
    if signer.purpose == KeyPurpose::Signing && outranked {
        return Err(Reason::RecoveryOutranks { key: key.to_string() }.by_format(RULE));
    }
    Ok(())
}

fn disputed(event: &EventId, offer: &KeyOffer) -> Refusal {
    let veto = offer.vetoed.as_ref().map_or_else(String::new, |veto| veto.event.to_string());
    Reason::KeyDisputed { offer: event.to_string(), veto }.by_format(RULE)
}

fn bound(scene: &Scene<'_>, event: &EventId, offer: &KeyOffer, by: BoundBy, retired: Vec<PublicKey>) -> Vec<Change> {
    let mut changes: Vec<Change> = vec![KeyChange::OfferBound { offer: *event, by, retired }.into()];
    changes.extend(closing(scene, event, offer));
    changes
}

/// What ends with an offer: the signatures it waits for, the dispute over it, and the holding out of ballots.
fn closing(scene: &Scene<'_>, event: &EventId, offer: &KeyOffer) -> Vec<Change> {
    let mut changes = Vec::new();
    if scene.state.proposals().proposal(event).is_some_and(|proposal| proposal.stood.is_none()) {
        changes.push(ProposalChange::Withdrawn { event: *event }.into());
    }
    let person = offer.person();
    let other = |(id, other): (&EventId, &KeyOffer)| id != event && other.is_disputed();
    if offer.is_disputed() && !scene.state.keys().offers_of(person).any(other) {
        let held = scene.state.motions().votes().filter(|(_, vote)| vote.held.contains(person));
        let open = held.filter(|(_, vote)| super::basis::is_open(scene.state, vote, scene.at()));
        changes.extend(open.map(|(vote, _)| MotionChange::Released { vote: *vote, person: person.clone() }.into()));
    }
    if person != scene.by() {
        changes.push(concerns(person));
    }
    changes
}

/// Revokes a key from now on. What it signed stays; where that is in doubt it is marked (trap C5).
pub(super) fn revoke(scene: &Scene<'_>, act: &RevokeKey) -> Changes {
    let RevokeKey { public_key: key, reason, since } = act.clone();
    let binding = scene.state.keys().binding(scene.by(), &key).ok_or_else(|| foreign(scene, &key))?;
    if key != *scene.event.key() {
        let signer = require_active(scene, scene.event.key())?;
        require_age(scene, signer)?;
        require_rank(scene, signer, &key)?;
    }
    let wider = |known: &crate::state::keys::Suspicion| since.is_some() && known.since.is_none_or(|s| since < Some(s));
    if let Some(known) = binding.suspicion.as_ref().filter(|known| !wider(known)) {
        let (act, event) = ("revoke-key".to_owned(), known.cause.event.to_string());
        let why = "the key is revoked, and nothing earlier is put in doubt".to_owned();
        return Err(Reason::NotOpenTo { act, event, why }.by_format(RULE));
    }
    if since.is_some_and(|since| scene.at() < since) {
        let (time, at) = (since.unwrap_or_default().to_string(), scene.at().to_string());
        let what = "a suspicion is about the past".to_owned();
        return Err(Reason::TimeUnfit { what, time, at }.by_format(RULE));
    }
    let mut changes: Vec<Change> = Vec::new();
    if since.is_some() {
        // What waits for signatures waits for the author's again: somebody else may have given them.
        let signed = scene.state.proposals().proposals().filter(|(_, proposal)| {
            proposal.stood.is_none() && proposal.withdrawn.is_none() && proposal.signers.contains_key(scene.by())
        });
        changes.extend(signed.map(|(proposal, _)| ProposalChange::Unsigned { proposal: *proposal }.into()));
    }
    changes.push(KeyChange::Revoked { key, reason, since }.into());
    Ok(changes)
}

/// An older key of the person objects.
pub(super) fn veto(scene: &Scene<'_>, act: &VetoKey) -> Changes {
    let event = &act.event;
    let not_open = |why: &str| {
        let (event, why) = (event.to_string(), why.to_owned());
        Reason::NotOpenTo { act: "veto-key".to_owned(), event, why }.by_format(RULE)
    };
    let offer = scene.state.keys().offer(event).ok_or_else(|| not_open("it offers no key"))?;
    scene.require_own(event, offer.person())?;
    if offer.dropped.is_some() {
        return Err(not_open("it has come to nothing"));
    }
    let signer =
        scene.state.keys().binding(scene.by(), scene.event.key()).ok_or_else(|| foreign(scene, scene.event.key()))?;
    if let Some((by, cause)) = &offer.bound {
        if *by != BoundBy::Own {
            return Err(not_open("a recovery key or the authority bound it"));
        }
        // A key that the binding retired, or that was revoked after it, objects too: whoever has stolen a key must not
        // silence its owner by ending it.
        let ended_since = signer.ended.as_ref().is_none_or(|(_, ended)| cause.entry <= ended.entry);
        if cause.entry <= signer.bound.entry || !ended_since {
            return Err(not_open("only a key that is older takes its binding back"));
        }
        let until = cause.at.plus_ms(KEY_CANCEL_MS);
        if until < scene.at() {
            let (until, at) = (until.to_string(), scene.at().to_string());
            return Err(Reason::KeySettled { until, at }.by_format(RULE));
        }
        return Ok(vec![KeyChange::Cancelled { offer: *event }.into()]);
    }
    if let Some((how, cause)) = &signer.ended {
        return Err(super::key_ended(scene.by(), &signer.key, *how, cause));
    }
    if is_settled_recovery(scene, signer) {
        let mut changes: Vec<Change> = vec![KeyChange::Dropped { offer: *event }.into()];
        changes.extend(closing(scene, event, offer));
        return Ok(changes);
    }
    if offer.vetoed.is_some() {
        return Err(not_open("somebody has objected to it already"));
    }
    let mut changes: Vec<Change> = vec![KeyChange::Vetoed { offer: *event }.into()];
    // Before the authority has vouched for it an offer is nobody's word but its own: there is nothing to dispute yet.
    if offer.due.is_some() {
        changes.extend(holding(scene, offer.person()));
    }
    Ok(changes)
}

/// While a dispute lasts the person's ballots are held out of every open vote.
fn holding(scene: &Scene<'_>, person: &Handle) -> Vec<Change> {
    let votes = scene.state.motions().votes().filter(|(_, vote)| vote.electors.contains(person));
    let open = votes.filter(|(_, vote)| super::basis::is_open(scene.state, vote, scene.at()));
    open.map(|(vote, _)| MotionChange::Held { vote: *vote, person: person.clone() }.into()).collect()
}

/// The authority rules on a dispute.
pub(super) fn settle(scene: &Scene<'_>, act: &SettleKey) -> Changes {
    let offer = open_offer(scene, "settle-key", &act.event)?;
    let person = offer.person().clone();
    authority::propose(scene, Proposed::SettleKey { offer: act.event, person, ruling: act.ruling })
}

/// The authority's threshold has ruled.
pub(super) fn settlement(scene: &Scene<'_>, event: &EventId, ruling: Ruling) -> Changes {
    let offer = open_offer(scene, "settle-key", event)?;
    if !offer.is_disputed() {
        let (event, why) = (event.to_string(), "nobody has objected to it".to_owned());
        return Err(Reason::NotOpenTo { act: "settle-key".to_owned(), event, why }.by_format(RULE));
    }
    match ruling {
        Ruling::Uphold => {
            require_free(scene, &offer.key)?;
            Ok(bound(scene, event, offer, BoundBy::Authority, good_keys(scene, offer.person())))
        }
        Ruling::Dismiss => {
            let mut changes: Vec<Change> = vec![KeyChange::Dropped { offer: *event }.into()];
            changes.extend(closing(scene, event, offer));
            Ok(changes)
        }
    }
}

/// The authority's threshold has vouched for an offered key: the waiting period begins.
pub(super) fn vouched(scene: &Scene<'_>, event: &EventId) -> Changes {
    let offer = open_offer(scene, "endorse", event)?;
    let due = scene.at().plus_ms(KEY_WAIT_MS);
    let mut changes: Vec<Change> = vec![KeyChange::Endorsed { offer: *event, due }.into(), concerns(offer.person())];
    if offer.vetoed.is_some() {
        changes.extend(holding(scene, offer.person()));
    }
    Ok(changes)
}
