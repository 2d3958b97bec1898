//! Motions: who puts one, and under which rule of the charter it falls (TOC-23, PMC-15 to PMC-19, G2).

use super::basis::{self, matches, words};
use super::kin::{belongs, is_seated};
use super::sitting::{open_meeting, require_member_in, require_present};
use super::{Changes, Scene, concerns};
use crate::act::Move;
use crate::charter::{Clause, Decision, Subject, UnitKind, Venue};
use crate::digest::EventId;
use crate::effect::{Effect, EndRole, GrantRole, Merge, Resolve};
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::motions::{Motion, MotionChange};

/// A unit that decides: its rules, and the role of its members.
#[derive(Clone, Copy)]
pub(super) struct Assembly<'a> {
    pub(super) unit: &'a UnitId,
    pub(super) kind: &'a UnitKind,
    pub(super) electors: &'a Name,
}

/// The deciding body that an act names; it has been constituted where that is needed.
pub(super) fn assembly<'a>(scene: &Scene<'a>, unit: &'a UnitId) -> Result<Assembly<'a>, Refusal> {
    let kind = scene.kind(unit)?;
    let none = || Reason::NoPath { what: format!("`{unit}` decides nothing") }.under(&kind.clause);
    let electors = kind.electors.as_ref().ok_or_else(none)?;
    super::convening::require_constituted(scene, unit, kind)?;
    Ok(Assembly { unit, kind, electors })
}

/// The rule that a motion falls under.
struct Governing<'a> {
    decision: &'a Decision,
    subject: &'a Subject,
    index: usize,
    candidacy: Option<EventId>,
}

/// Any member in office puts a motion, present in the meeting where it is decided in one; what the body may not decide at
/// all is refused here.
pub(super) fn put<'a>(scene: &Scene<'a>, act: &'a Move) -> Changes {
    let Move { meeting, unit, title, effect, conflicts } = act;
    let body = assembly(scene, unit)?;
    let governing = governing(scene, &body, effect, meeting.is_none())?;
    let Governing { decision, subject, index, candidacy } = governing;
    match meeting {
        Some(id) => {
            let (meeting, home) = open_meeting(scene, id)?;
            if home.unit != unit {
                return Err(Reason::NeedsMeeting { unit: unit.to_string() }.under(&decision.venue_clause));
            }
            require_member_in(scene, meeting, &home)?;
            require_present(scene, meeting, &home.rules.presence)?;
        }
        None => require_member(scene, &body, &decision.venue_clause)?,
    }
    require_own(scene, &body, effect, subject)?;
    require_possible(scene, effect, subject)?;
    for other in conflicts.iter().flatten() {
        require_rival(scene, other, unit, decision)?;
    }

    let motion = Motion {
        cause: scene.cause.clone(),
        meeting: *meeting,
        unit: unit.clone(),
        title: title.clone(),
        effect: effect.clone(),
        decision: decision.name.clone(),
        subject: u64::try_from(index).unwrap_or(u64::MAX),
        charter: scene.charter.digest(),
        nomination: candidacy,
        conflicts: conflicts.clone().unwrap_or_default(),
        endorsed: std::collections::BTreeMap::new(),
        vote: None,
        withdrawn: None,
        applied: None,
        answered: None,
    };
    let mut changes = vec![MotionChange::Put(motion).into()];
    changes.extend(effect.person().map(concerns));
    Ok(changes)
}

/// Trap D5: motions exclude each other within one body and under one rule, as long as none is decided; else a lesser rule
/// could undo a greater one, or one body another.
fn require_rival(scene: &Scene<'_>, id: &EventId, unit: &UnitId, decision: &Decision) -> Result<(), Refusal> {
    let rival = scene.state.motions().get(id);
    let Some(rival) = rival.filter(|rival| rival.unit == *unit && rival.decision == decision.name) else {
        return Err(Reason::NotABasis { basis: id.to_string() }.by_format("conflicts"));
    };
    let vote = rival.vote.as_ref().and_then(|vote| scene.state.motions().vote(vote));
    let decided = vote.is_some_and(|vote| basis::outcome(scene.state, rival, vote, scene.at()).is_some());
    if decided || rival.withdrawn.is_some() {
        let (event, why) = (id.to_string(), "it is decided or withdrawn".to_owned());
        return Err(Reason::NotOpenTo { act: "conflicts".to_owned(), event, why }.by_format("conflicts"));
    }
    Ok(())
}

/// The author is a member in office.
pub(super) fn require_member(scene: &Scene<'_>, body: &Assembly<'_>, clause: &Clause) -> Result<(), Refusal> {
    if scene.holds(body.unit, body.electors, scene.by()).is_some() {
        return Ok(());
    }
    Err(Reason::NotAMember { person: scene.by().to_string(), unit: body.unit.to_string() }.under(clause))
}

/// The rule under which a body decides an effect, in a meeting or outside. A candidate who stands nominated by the role
/// that a subject names, or has applied, comes under that subject (PMC-17 to PMC-19); else the subject without a candidate
/// applies (PMC-16).
fn governing<'a>(
    scene: &Scene<'a>,
    body: &Assembly<'a>,
    effect: &Effect,
    outside: bool,
) -> Result<Governing<'a>, Refusal> {
    let all = || {
        body.kind.decisions.iter().flat_map(|decision| {
            decision.decides.iter().enumerate().map(move |(index, subject)| (decision, index, subject))
        })
    };
    let fits = |subject: &Subject| matches(scene.state, subject, effect);
    let here = |decision: &Decision| (decision.venue == Venue::Outside) == outside;
    let subjects = || all().filter(|(decision, _, subject)| here(decision) && fits(subject));
    for (decision, index, subject) in subjects().filter(|(_, _, subject)| subject.needs_candidate()) {
        if let Some(event) = candidacy(scene, subject, effect) {
            return Ok(Governing { decision, subject, index, candidacy: Some(event) });
        }
    }
    if let Some((decision, index, subject)) = subjects().find(|(_, _, subject)| !subject.needs_candidate()) {
        return Ok(Governing { decision, subject, index, candidacy: None });
    }
    if let (Some((_, _, subject)), Some(change)) = (subjects().next(), effect.role_change()) {
        let ways: Vec<_> = subjects().map(|(_, _, subject)| way(subject)).collect();
        let (person, unit, role) = (change.person.to_string(), change.unit.to_string(), change.role.to_string());
        return Err(Reason::NotACandidate { person, unit, role, ways: ways.join(", or ") }.under(&subject.clause));
    }
    match all().find(|(_, _, subject)| fits(subject)) {
        Some((decision, ..)) if outside => {
            Err(Reason::NeedsMeeting { unit: body.unit.to_string() }.under(&decision.venue_clause))
        }
        Some((decision, ..)) => {
            Err(Reason::NeedsNoMeeting { unit: body.unit.to_string() }.under(&decision.venue_clause))
        }
        None => Err(not_allowed(scene, body, effect)),
    }
}

fn way(subject: &Subject) -> String {
    let how = match &subject.nominated_by {
        Some(role) => format!("nominated by the `{role}`"),
        None => "by application".to_owned(),
    };
    format!("{how} ({})", subject.clause)
}

/// The standing nomination or application that brings the effect's person under a subject.
fn candidacy(scene: &Scene<'_>, subject: &Subject, effect: &Effect) -> Option<EventId> {
    let Effect::GrantRole(GrantRole { unit, role, person }) = effect else { return None };
    let mut standing = scene.state.proposals().standing(unit, role, person);
    let fits = |event: &EventId| {
        let Some(candidate) = scene.state.proposals().nomination(event) else { return false };
        match &subject.nominated_by {
            Some(nominator) => {
                // A nomination of one time in the unit's life does not serve in another.
                let rules = scene.role(unit, role).map(|rules| &rules.nominated_by);
                let made = rules.iter().flat_map(|rules| rules.iter()).find(|rule| rule.clause == candidate.clause);
                let constituted = scene.unit(unit).is_ok_and(|unit| unit.constituted.is_some());
                if made.is_none_or(|rule| !rule.phase.holds(constituted)) {
                    return false;
                }
                let holds = || scene.holds(unit, nominator, &candidate.cause.by).is_some();
                !candidate.applied && (candidate.accepted.is_some() || holds())
            }
            None => candidate.applied,
        }
    };
    standing.find(|(event, _)| fits(event)).map(|(event, _)| *event)
}

/// The body may not decide the effect: the clause of the role says how it is gained, else that of the body what it does.
fn not_allowed(scene: &Scene<'_>, body: &Assembly<'_>, effect: &Effect) -> Refusal {
    let role = effect.role_change().and_then(|change| scene.role(change.unit, change.role).ok());
    let (unit, words) = (body.unit.to_string(), words(effect));
    let clause = role.map_or(&body.kind.clause, |role| &role.clause);
    Reason::EffectNotAllowed { unit, effect: words }.under(clause)
}

/// PMC-8: a body decides about its own units, where the charter says so.
fn require_own(scene: &Scene<'_>, body: &Assembly<'_>, effect: &Effect, subject: &Subject) -> Result<(), Refusal> {
    if !subject.own {
        return Ok(());
    }
    let into = if let Effect::Merge(merge) = effect { Some(&merge.into) } else { None };
    // A unit that is to be founded belongs where its parent does.
    let unit = if let Effect::Found(found) = effect { found.parent.as_ref() } else { effect.unit() };
    let foreign = [unit, into].into_iter().flatten().find(|unit| !belongs(scene.state, unit, body.unit));
    match foreign {
        Some(unit) => {
            let (unit, body) = (unit.to_string(), body.unit.to_string());
            Err(Reason::NotOwnUnit { unit, body }.under(&subject.clause))
        }
        None => Ok(()),
    }
}

/// An effect that names a person names one who is known, and a merge names units that exist.
fn require_possible(scene: &Scene<'_>, effect: &Effect, subject: &Subject) -> Result<(), Refusal> {
    match effect {
        Effect::GrantRole(GrantRole { unit, role, person }) => {
            scene.require_enrolled(person)?;
            let rules = scene.role(unit, role).ok();
            let misfit = rules.and_then(|rules| super::seats::misfit(scene.state, role, rules, person));
            misfit.map_or(Ok(()), Err)
        }
        Effect::EndRole(EndRole { unit, role, person }) => {
            if scene.state.roster().tenure_at(unit, role, person, scene.at()).is_some() {
                return Ok(());
            }
            let (unit, role, person) = (unit.to_string(), role.to_string(), person.to_string());
            Err(Reason::NotHeld { unit, role, person }.under(&subject.clause))
        }
        Effect::Dissolve(effect) => scene.unit(&effect.unit).map(drop),
        Effect::Merge(Merge { unit, into }) => {
            let (one, other) = (scene.unit(unit)?, scene.unit(into)?);
            if unit != into && one.kind == other.kind {
                return Ok(());
            }
            let what = format!("`{unit}` merges into another `{}`", one.kind);
            Err(Reason::NoPath { what }.under(&subject.clause))
        }
        Effect::Resolve(effect) => require_supersedable(scene, effect, subject),
        Effect::Recommend(effect) => scene.require_known(&effect.person),
        Effect::OneHuman(effect) => require_distinct(scene, &effect.persons, subject),
        Effect::Amend(effect) => super::amendment::require_fit(scene, effect).map(drop),
        Effect::Found(effect) => super::units::seats_named(scene, effect, subject).map(drop),
        // What is constituted may be a unit that the same meeting founds.
        Effect::Constitute(_) | Effect::Address(_) | Effect::Reconstitute(_) => Ok(()),
    }
}

/// TOC-4: a ruling supersedes a decision of a body of the kind that the charter names, and of no other.
fn require_supersedable(scene: &Scene<'_>, effect: &Resolve, subject: &Subject) -> Result<(), Refusal> {
    let Some(id) = &effect.supersedes else { return Ok(()) };
    let fail = |why: String| Err(Reason::NothingSuperseded { motion: id.to_string(), why }.under(&subject.clause));
    let Some(kind) = &subject.supersedes else { return fail("this resolution is no ruling".to_owned()) };
    let Some(motion) = scene.state.motions().get(id) else { return fail("the event is no motion".to_owned()) };
    let home = scene.state.roster().unit(&motion.unit);
    if home.is_none_or(|home| home.kind != *kind) {
        return fail(format!("`{}` is no `{kind}`", motion.unit));
    }
    Ok(())
}

fn require_distinct(scene: &Scene<'_>, persons: &[Handle], subject: &Subject) -> Result<(), Refusal> {
    let distinct: std::collections::BTreeSet<_> = persons.iter().collect();
    if distinct.len() < 2 || distinct.len() != persons.len() {
        let what = "one human behind fewer than two persons".to_owned();
        return Err(Reason::NoPath { what }.under(&subject.clause));
    }
    persons.iter().try_for_each(|person| scene.require_enrolled(person))
}

/// PMC-19: an applicant holds the role that the application needs, in person or as a representative.
pub(super) fn require_applicant(
    scene: &Scene<'_>,
    unit: &UnitId,
    role: &Name,
    person: &Handle,
    at: crate::time::Timestamp,
) -> Result<(), Refusal> {
    let rules = scene.role(unit, role)?;
    let constituted = scene.unit(unit)?.constituted.is_some();
    let open = rules.applicants.iter().filter(|applicant| applicant.phase.holds(constituted));
    let seated = open.clone().any(|applicant| is_seated(scene.state, unit, &applicant.seat, person, at));
    if seated {
        return Ok(());
    }
    let seats: Vec<_> = rules.applicants.iter().map(|applicant| applicant.seat.clone()).collect();
    let clause = rules.applicants.first().map_or(&rules.clause, |applicant| &applicant.clause);
    if open.count() == 0 {
        let what = format!("nobody applies for `{role}` in `{unit}` now");
        return Err(Reason::NoPath { what }.under(clause));
    }
    Err(Reason::NotApplicant { person: person.to_string(), seats: super::kin::words(&seats) }.under(clause))
}
