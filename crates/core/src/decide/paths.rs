//! Paths: roles that are earned. Nobody decides; whoever meets every condition is entitled, and the claim is the moment at
//! which the conditions are tested (DEV-C3, DEV-R7, DEV-R8, DEV-M11; traps C10 to C12, C14, C16).

use std::collections::BTreeSet;

use super::kin::{is_seated, words};
use super::meeting::count;
use super::{Changes, Scene};
use crate::act::Outcome;
use crate::charter::roles::{Evidence, Path};
use crate::digest::EventId;
use crate::effect::Effect;
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::accounts::AccountId;
use crate::state::authority::{Entitlement, Nomination, ProposalChange};
use crate::state::records::Contribution;
use crate::time::Timestamp;

/// Somebody's way to a role.
pub(super) struct Way<'a> {
    pub(super) unit: &'a UnitId,
    pub(super) role: &'a Name,
    pub(super) person: &'a Handle,
    pub(super) path: &'a Path,
}

/// The entitlement of somebody who meets every condition of the path now.
pub(super) fn entitle(scene: &Scene<'_>, way: &Way<'_>) -> Changes {
    let rests_on = met(scene, way)?;
    let entitlement = Entitlement {
        cause: scene.cause.clone(),
        unit: way.unit.clone(),
        role: way.role.clone(),
        person: way.person.clone(),
        rests_on,
        clause: way.path.clause.clone(),
        applied: None,
        withdrawn: None,
    };
    Ok(vec![ProposalChange::Entitled(entitlement).into()])
}

/// The events by which the person meets every condition of the path now.
pub(super) fn met(scene: &Scene<'_>, way: &Way<'_>) -> Result<Vec<EventId>, Refusal> {
    let Way { unit, role, person, path } = way;
    if scene.holds(unit, role, person).is_some() {
        let (unit, role, person) = (unit.to_string(), role.to_string(), person.to_string());
        return Err(Reason::AlreadyHeld { unit, role, person }.under(&path.clause));
    }
    if let Some(required) = &path.requires
        && scene.holds(unit, &required.role, person).is_none()
    {
        let (unit, role, person) = (unit.to_string(), required.role.to_string(), person.to_string());
        return Err(Reason::RequiresRole { unit, role, person }.under(&required.clause));
    }
    let mut rests_on = Vec::new();
    if let Some(evidence) = &path.evidence {
        rests_on.extend(evident(scene, way, evidence)?);
    }
    if !path.nominations.is_empty() {
        rests_on.extend(nominated(scene, way)?);
    }
    Ok(rests_on)
}

/// DEV-R7: one limb of the evidence is there, whole.
fn evident(scene: &Scene<'_>, way: &Way<'_>, evidence: &Evidence) -> Result<Vec<EventId>, Refusal> {
    let mut found = Vec::new();
    for limb in &evidence.any_of {
        let mut events = BTreeSet::new();
        let mut whole = true;
        for (criterion, needed) in limb {
            let attested = attested(scene.state, way.unit, way.person, criterion, scene.at());
            found.push(format!("{criterion}: {} of {needed}", attested.len()));
            whole &= *needed <= count(attested.len());
            events.extend(attested);
        }
        if whole {
            return Ok(events.into_iter().collect());
        }
    }
    let needed: Vec<_> = evidence
        .any_of
        .iter()
        .map(|limb| limb.iter().map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(" and "))
        .collect();
    let (person, found, needed) = (way.person.to_string(), found.join(", "), needed.join(", or "));
    Err(Reason::EvidenceShort { person, found, needed }.under(&evidence.clause))
}

/// A person's contributions to a unit of which somebody attests a criterion.
#[must_use]
pub fn attested(state: &State, unit: &UnitId, person: &Handle, criterion: &Name, at: Timestamp) -> Vec<EventId> {
    let needed = state.roster().unit(unit).is_some_and(|unit| {
        let rules = state.charter().and_then(|charter| charter.accounts());
        rules.is_some_and(|rules| rules.needed_in.contains(&unit.kind))
    });
    // The account that wrote it is the person's own, where the charter asks for accounts (trap C16).
    let authored = |contribution: &Contribution| {
        let account = contribution.account.map(|number| AccountId::new(&contribution.forge, number));
        let author = |account: &AccountId| state.accounts().author(account, contribution.merged);
        !needed || account.is_some_and(|account| author(&account) == Some(person))
    };
    let own = |contribution: &Contribution| contribution.unit == *unit && contribution.withdrawn.is_none();
    let all = state.records().contributions_of(person).filter(|(_, known)| own(known) && authored(known));
    let by_another = |event: &EventId| {
        state.records().attestations(event).iter().any(|attested| {
            let stands = attested.criterion == *criterion && attested.withdrawn.is_none();
            stands && !same_human(state, &attested.cause.by, person, at)
        })
    };
    all.map(|(event, _)| *event).filter(by_another).collect()
}

/// DEV-M11, DEV-R8: one limb of nominations is full; nominators hold the role now as they did when they nominated.
fn nominated(scene: &Scene<'_>, way: &Way<'_>) -> Result<Vec<EventId>, Refusal> {
    let Way { unit, role, person, path } = way;
    let mut found = Vec::new();
    for limb in &path.nominations {
        let mut counted = nominators(scene.state, unit, role, person, &limb.from, scene.at());
        // What was attested under an earlier charter may lack a criterion of this one.
        counted.retain(|(_, nomination)| require_criteria(path, &nomination.attests).is_ok());
        counted.retain(|(_, nomination)| !same_human(scene.state, &nomination.cause.by, person, scene.at()));
        let humans = count(humans(scene.state, counted.iter().map(|(_, n)| &n.cause.by), scene.at()));
        if limb.at_least <= humans {
            return Ok(counted.into_iter().map(|(event, _)| event).collect());
        }
        found.push(format!("{humans} of {} by a {}", limb.at_least, limb.from));
    }
    let clause = path.nominations.first().map_or(&path.clause, |limb| &limb.clause);
    Err(Reason::NominationsShort { person: person.to_string(), found: found.join(", ") }.under(clause))
}

/// Standing nominations of a person by people who hold a role in the unit at an instant.
#[must_use]
pub fn nominators<'a>(
    state: &'a State,
    unit: &'a UnitId,
    role: &'a Name,
    person: &'a Handle,
    from: &Name,
    at: Timestamp,
) -> Vec<(EventId, &'a Nomination)> {
    let holds = |nominator: &Handle| {
        let tenure = state.roster().tenure_at(unit, from, nominator, at);
        tenure.is_some_and(|tenure| !tenure.is_asserted() && tenure.suspended.is_none())
    };
    // A tenure that ended and a later one of the same person are two: the nomination stands on the one it was made under.
    let same = |nomination: &Nomination| {
        let tenure = state.roster().tenure_at(unit, from, &nomination.cause.by, at);
        tenure.is_some_and(|tenure| tenure.seated().entry < nomination.cause.entry)
    };
    let standing = state.proposals().standing(unit, role, person).filter(|(_, n)| !n.applied);
    standing.filter(|(_, n)| holds(&n.cause.by) && same(n)).map(|(event, n)| (*event, n)).collect()
}

/// Tells whether two persons are one human: the same person, or ruled so.
#[must_use]
pub fn same_human(state: &State, one: &Handle, other: &Handle, now: Timestamp) -> bool {
    human(&rulings(state, now), one).contains(other)
}

/// How many humans stand behind persons: persons whom a resolution has ruled to be one human count once.
fn humans<'a>(state: &'a State, persons: impl Iterator<Item = &'a Handle>, now: Timestamp) -> usize {
    let groups = rulings(state, now);
    let mut seen: Vec<BTreeSet<&Handle>> = Vec::new();
    for person in persons {
        let own = human(&groups, person);
        if !seen.contains(&own) {
            seen.push(own);
        }
    }
    seen.len()
}

/// Rulings in force that several persons are one human.
fn rulings(state: &State, now: Timestamp) -> Vec<&[Handle]> {
    let passed = state.motions().one_human().filter_map(|motion| {
        let Effect::OneHuman(ruled) = &motion.effect else { return None };
        let vote = state.motions().vote(motion.vote.as_ref()?)?;
        let in_force = super::basis::effective(state, motion, vote, now).is_ok();
        let passed = super::basis::outcome(state, motion, vote, now) == Some(Outcome::Passed);
        (passed && in_force).then_some(ruled.persons.as_slice())
    });
    passed.collect()
}

/// Everybody who is the same human as a person. Rulings that share a person speak of one human.
fn human<'a>(groups: &[&'a [Handle]], person: &'a Handle) -> BTreeSet<&'a Handle> {
    let mut own = BTreeSet::from([person]);
    loop {
        let wider: BTreeSet<&Handle> = groups
            .iter()
            .filter(|group| group.iter().any(|p| own.contains(p)))
            .flat_map(|group| group.iter())
            .collect();
        let before = own.len();
        own.extend(wider);
        if own.len() == before {
            return own;
        }
    }
}

/// Each nominator attests every criterion of the path, with a note; who must, and has not, is refused (DEV-M8 to DEV-M10).
pub(super) fn require_criteria(path: &Path, attests: &[crate::field::Note]) -> Result<(), Refusal> {
    let named = |name: &Name| attests.iter().any(|note| note.name == *name);
    let missing: Vec<_> = path.attests.iter().filter(|criterion| !named(&criterion.name)).collect();
    match missing.first() {
        Some(first) => {
            let names: Vec<_> = missing.iter().map(|criterion| criterion.name.to_string()).collect();
            Err(Reason::CriteriaMissing { missing: names.join(", ") }.under(&first.clause))
        }
        None => Ok(()),
    }
}

/// The application is vouched for, where the path asks for that (USR-C1).
pub(super) fn require_vouched(scene: &Scene<'_>, way: &Way<'_>, application: &EventId) -> Result<(), Refusal> {
    let Some(criterion) = &way.path.vouched else { return Ok(()) };
    if scene.state.records().is_attested(application, &criterion.name) {
        return Ok(());
    }
    let (event, criterion_name) = (application.to_string(), criterion.name.to_string());
    Err(Reason::NotVouched { event, criterion: criterion_name }.under(&criterion.clause))
}

/// Whoever records the grant sits where the path says (USR-A1).
pub(super) fn require_recorder(scene: &Scene<'_>, way: &Way<'_>) -> Result<(), Refusal> {
    let Some(recorder) = &way.path.recorded_by else { return Ok(()) };
    if is_seated(scene.state, way.unit, &recorder.seat, scene.by(), scene.at()) {
        return Ok(());
    }
    let (person, seats) = (scene.by().to_string(), words(std::slice::from_ref(&recorder.seat)));
    Err(Reason::NotSeated { person, seats }.under(&recorder.clause))
}
