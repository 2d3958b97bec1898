//! Role changes: a grant or end records what a basis entitles to, once; a resignation is its own basis (trap D11).

use super::paths::{self, Way};
use super::{Changes, Scene, authority, basis, concerns, seats};
use crate::act;
use crate::act::Resign;
use crate::charter::{Clause, UnitKind};
use crate::digest::EventId;
use crate::effect::{Effect, EndRole, GrantRole};
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::authority::{ProposalChange, Proposed};
use crate::state::change::Change;
use crate::state::motions::MotionChange;
use crate::state::roster::{Ending, How, HowEnded, RosterChange, Tenure};
use crate::time::Timestamp;

/// How a tenure that starts now came about.
pub(super) struct Beginning<'a> {
    pub(super) how: How,
    pub(super) basis: Option<EventId>,
    pub(super) clause: &'a Clause,
    /// When the term ends.
    pub(super) until: Option<Timestamp>,
}

/// How and when a tenure ends.
pub(super) struct End<'a> {
    pub(super) how: HowEnded,
    pub(super) to: Timestamp,
    pub(super) basis: Option<EventId>,
    pub(super) clause: &'a Clause,
}

/// Records a role that a passed motion entitles to.
pub(super) fn grant(scene: &Scene<'_>, act: &act::Grant) -> Changes {
    let act::Grant { unit, role, person, basis } = act.clone();
    if scene.state.proposals().entitlement(&basis).is_some() {
        return earned(scene, act);
    }
    if scene.state.proposals().nomination(&basis).is_some_and(|nomination| nomination.applied) {
        return applied_for(scene, act);
    }
    let due = basis::entitled(scene, &basis)?;
    let asked = Effect::GrantRole(GrantRole { unit: unit.clone(), role: role.clone(), person: person.clone() });
    if due.motion.effect != asked {
        return Err(basis::other(&basis, &due.motion.effect));
    }
    scene.require_enrolled(&person)?;
    basis::require_won(scene, &due)?;
    basis::require_live(scene, &basis, &due)?;
    basis::require_accepted(scene, &due)?;
    let clause = basis::clause_of(scene, &due);
    let subject = basis::decision_of(scene.state, due.motion).and_then(|d| basis::subject_of(d, due.motion));
    if let Some(subject) = subject {
        super::polls::require_below(scene, due.motion, subject)?;
    }
    let seeded = subject.is_some_and(|subject| subject.below.is_some());
    let how = if seeded { How::Seeded } else { How::Granted };
    let beginning_of = Beginning { how, basis: Some(due.id), clause: &clause, until: None };
    let mut changes = beginning(scene, &unit, &role, &person, &beginning_of)?;
    changes.push(MotionChange::Applied { motion: due.id }.into());
    let lost = basis::outvoted(scene.state, &due).into_iter();
    changes.extend(lost.map(|motion| MotionChange::Outvoted { motion }.into()));
    changes.push(concerns(&person));
    Ok(changes)
}

/// Records a role that somebody has earned: the claim has tested every condition (DEV-M11).
fn earned(scene: &Scene<'_>, act: &act::Grant) -> Changes {
    let act::Grant { unit, role, person, basis } = act;
    let none = || Reason::NotABasis { basis: basis.to_string() }.by_format("basis");
    let entitlement = scene.state.proposals().entitlement(basis).ok_or_else(none)?;
    let held = (&entitlement.unit, &entitlement.role, &entitlement.person);
    if held != (unit, role, person) {
        let asked = GrantRole { unit: held.0.clone(), role: held.1.clone(), person: held.2.clone() };
        return Err(basis::other(basis, &Effect::GrantRole(asked)));
    }
    if let Some(event) = &entitlement.applied {
        return Err(Reason::BasisUsed { basis: basis.to_string(), event: event.to_string() }.by_format("basis"));
    }
    if let Some(withdrawn) = &entitlement.withdrawn {
        let why = format!("it was given up or overtaken at {}", withdrawn.at);
        return Err(Reason::BasisMoot { basis: basis.to_string(), why }.by_format("basis"));
    }
    if basis::is_of_former_life(scene.state, unit, entitlement.cause.entry) {
        let why = "the unit has been dissolved since".to_owned();
        return Err(Reason::BasisMoot { basis: basis.to_string(), why }.by_format("basis"));
    }
    let (id, clause) = (entitlement.cause.event, &entitlement.clause);
    let beginning_of = Beginning { how: How::Earned, basis: Some(id), clause, until: None };
    let mut changes = beginning(scene, unit, role, person, &beginning_of)?;
    changes.push(ProposalChange::Granted { entitlement: id }.into());
    changes.push(concerns(person));
    Ok(changes)
}

/// Records a status by condition: the application stands and those who must have vouched for it (USR-A1, USR-C1).
fn applied_for(scene: &Scene<'_>, act: &act::Grant) -> Changes {
    let act::Grant { unit, role, person, basis } = act;
    let none = || Reason::NotABasis { basis: basis.to_string() }.by_format("basis");
    let application = scene.state.proposals().nomination(basis).ok_or_else(none)?;
    if (&application.unit, &application.role, &application.person) != (unit, role, person) {
        let (unit, role, person) = (&application.unit, &application.role, &application.person);
        let asked = GrantRole { unit: unit.clone(), role: role.clone(), person: person.clone() };
        return Err(basis::other(basis, &Effect::GrantRole(asked)));
    }
    if application.withdrawn.is_some() {
        let why = "it was withdrawn".to_owned();
        return Err(Reason::BasisNotPassed { basis: basis.to_string(), why }.by_format("basis"));
    }
    if let Some(used) = &application.spent {
        return Err(Reason::BasisUsed { basis: basis.to_string(), event: used.to_string() }.by_format("basis"));
    }
    let path = scene.role(unit, role)?.paths.iter().find(|path| path.is_applied_for()).ok_or_else(none)?;
    let way = Way { unit, role, person, path };
    paths::met(scene, &way)?;
    paths::require_vouched(scene, &way, basis)?;
    paths::require_recorder(scene, &way)?;
    let beginning_of = Beginning { how: How::Earned, basis: Some(*basis), clause: &path.clause, until: None };
    let mut changes = beginning(scene, unit, role, person, &beginning_of)?;
    changes.push(concerns(person));
    Ok(changes)
}

/// Records the end of a role by a passed motion, or ends it as the authority.
pub(super) fn end(scene: &Scene<'_>, act: &act::End) -> Changes {
    let act::End { unit, role, person, basis } = act.clone();
    let Some(event) = basis else {
        scene.unit(&unit)?;
        basis::require_none_due(scene, &unit)?;
        return authority::propose(scene, Proposed::End { unit, role, person });
    };
    let due = basis::entitled(scene, &event)?;
    let asked = Effect::EndRole(EndRole { unit: unit.clone(), role: role.clone(), person: person.clone() });
    if due.motion.effect != asked {
        return Err(basis::other(&event, &due.motion.effect));
    }
    basis::require_live(scene, &event, &due)?;
    let clause = basis::clause_of(scene, &due);
    let end = End { how: HowEnded::Ended, to: scene.at(), basis: Some(due.id), clause: &clause };
    let mut changes = ending(scene, &unit, &role, &person, &end)?;
    changes.push(MotionChange::Applied { motion: due.id }.into());
    Ok(changes)
}

/// TOC-16: who leaves says so; no consent is needed, and it takes effect at the stated time but not before acceptance.
pub(super) fn resign(scene: &Scene<'_>, act: &Resign) -> Changes {
    let Resign { unit, role, effective, person } = act;
    let person = person.as_ref().unwrap_or(scene.by());
    if !scene.state.people().speaks_for(scene.by(), person, scene.at()) {
        let (person, organisation) = (scene.by().to_string(), person.to_string());
        return Err(Reason::NotRepresentative { person, organisation }.by_format("author"));
    }
    let rules = scene.role(unit, role)?;
    let Some(clause) = &rules.resigns else {
        let what = format!("the charter has no resignation from `{role}` in `{unit}`");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    };
    let to = effective.unwrap_or(scene.at()).max(scene.at());
    let mut changes = ending(scene, unit, role, person, &End { how: HowEnded::Resigned, to, basis: None, clause })?;
    // G7: whoever steps down keeps the honour from then on; it carries no right.
    if let Some(honour) = &rules.emeritus
        && scene.state.roster().tenures_of(unit, honour, person).iter().all(|t| t.to.is_some_and(|to| to <= scene.at()))
    {
        let conferred = Beginning { how: How::Implied, basis: None, clause, until: None };
        let mut honoured = begun(scene, unit, honour, person, &conferred);
        if let Change::Roster(RosterChange::Begun { tenure, .. }) = &mut honoured {
            tenure.from = to;
        }
        changes.push(honoured);
    }
    Ok(changes)
}

fn not_held(unit: &UnitId, role: &Name, person: &Handle, clause: &Clause) -> Refusal {
    let (unit, role, person) = (unit.to_string(), role.to_string(), person.to_string());
    Reason::NotHeld { unit, role, person }.under(clause)
}

/// The changes by which a person comes into a role now: the roles it implies are conferred, and where it has a single
/// seat the former holder's tenure of it ends (TOC-8, TOC-12, G3).
pub(super) fn beginning(
    scene: &Scene<'_>,
    unit: &UnitId,
    role: &Name,
    person: &Handle,
    beginning: &Beginning<'_>,
) -> Changes {
    let rules = scene.role(unit, role)?;
    let roster = scene.state.roster();
    if roster.tenure_at(unit, role, person, scene.at()).is_some() {
        let (unit, role, person) = (unit.to_string(), role.to_string(), person.to_string());
        return Err(Reason::AlreadyHeld { unit, role, person }.under(beginning.clause));
    }
    if let Some(fault) = seats::fault(scene.state, scene.charter, (unit, role, person), scene.at()) {
        return Err(fault);
    }
    let mut changes = Vec::new();
    let base = rules.implies.as_ref().and_then(|implied| roster.tenure_at(unit, implied, person, scene.at()));
    // A role that needs another one ends with the other's term.
    let until = [beginning.until, base.and_then(|tenure| tenure.to)].into_iter().flatten().min();
    let beginning = &Beginning { until, ..*beginning };
    let successor = rules.at_most == Some(1);
    for (former, _) in successor.then(|| roster.holders(unit, role, scene.at())).into_iter().flatten() {
        let end = End { how: HowEnded::Succeeded, to: scene.at(), basis: beginning.basis, clause: &rules.clause };
        changes.push(ended(scene, unit, role, former, &end));
        changes.push(concerns(former));
    }
    if let Some(implied) = rules.implies.as_ref().filter(|_| base.is_none()) {
        let conferred = Beginning { how: How::Implied, basis: beginning.basis, clause: &rules.clause, until: None };
        changes.push(begun(scene, unit, implied, person, &conferred));
        changes.push(spent(unit, implied, person));
    }
    changes.push(begun(scene, unit, role, person, beginning));
    // G7: who holds the role again is no emeritus of it any more.
    if let Some(honour) = &rules.emeritus
        && let Some(last) = scene.state.roster().tenures_of(unit, honour, person).last()
        && last.to.is_none_or(|to| scene.at() < to)
    {
        let to = scene.at().max(last.from);
        let end = End { how: HowEnded::Succeeded, to, basis: beginning.basis, clause: &rules.clause };
        changes.push(ended(scene, unit, honour, person, &end));
    }
    changes.push(spent(unit, role, person));
    Ok(changes)
}

/// Nominations and claims that led, or could have led, to a role are used up once it begins (trap C18).
pub(super) fn spent(unit: &UnitId, role: &Name, person: &Handle) -> Change {
    let (unit, role, person) = (unit.clone(), role.clone(), person.clone());
    ProposalChange::Spent { unit, role, person }.into()
}

/// The changes by which an imported holder takes the seat: within the role's seats, and with the role that it implies.
pub(super) fn claiming(scene: &Scene<'_>, unit: &UnitId, role: &Name, person: &Handle) -> Changes {
    let rules = scene.role(unit, role)?;
    let holders = scene.state.roster().holders(unit, role, scene.at());
    let seated = u64::try_from(holders.filter(|(_, tenure)| !tenure.is_asserted()).count()).unwrap_or(u64::MAX);
    if let Some(limit) = rules.at_most.filter(|limit| *limit <= seated) {
        let what = format!("`{role}` in `{unit}` has {limit} seats and all are held");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    }
    let mut changes = vec![claimed(scene, unit, role, person), spent(unit, role, person)];
    if let Some(implied) = &rules.implies {
        match scene.state.roster().tenure_at(unit, implied, person, scene.at()) {
            Some(tenure) if tenure.is_asserted() => changes.push(claimed(scene, unit, implied, person)),
            Some(_) => {}
            None => {
                let conferred = Beginning { how: How::Implied, basis: None, clause: &rules.clause, until: None };
                changes.push(begun(scene, unit, implied, person, &conferred));
            }
        }
    }
    Ok(changes)
}

fn claimed(scene: &Scene<'_>, unit: &UnitId, role: &Name, person: &Handle) -> Change {
    let (unit, role, person, cause) = (unit.clone(), role.clone(), person.clone(), scene.cause.clone());
    RosterChange::Claimed { unit, role, person, cause }.into()
}

pub(super) fn begun(
    scene: &Scene<'_>,
    unit: &UnitId,
    role: &Name,
    person: &Handle,
    beginning: &Beginning<'_>,
) -> Change {
    let Beginning { how, basis, clause, until } = beginning;
    let tenure = Tenure {
        from: scene.at(),
        to: *until,
        how: *how,
        begun: scene.cause.clone(),
        basis: *basis,
        clause: (*clause).clone(),
        claimed: None,
        suspended: None,
        ended: None,
    };
    RosterChange::Begun { unit: unit.clone(), role: role.clone(), person: person.clone(), tenure }.into()
}

/// The changes by which a person's role ends; roles that imply it end with it, the reverse is not implied (TOC-12).
pub(super) fn ending(scene: &Scene<'_>, unit: &UnitId, role: &Name, person: &Handle, end: &End<'_>) -> Changes {
    let kind: &UnitKind = scene.kind(unit)?;
    let held = |role: &Name| {
        let tenure = scene.state.roster().tenure_at(unit, role, person, scene.at());
        tenure.is_some_and(|tenure| tenure.to.is_none_or(|to| end.to < to))
    };
    if !held(role) {
        return Err(not_held(unit, role, person, end.clause));
    }
    let mut changes = vec![ended(scene, unit, role, person, end), concerns(person)];
    for higher in kind.implying(role).filter(|higher| held(higher)) {
        let end = End { how: HowEnded::ImpliedRoleEnded, ..*end };
        changes.push(ended(scene, unit, higher, person, &end));
    }
    Ok(changes)
}

fn ended(scene: &Scene<'_>, unit: &UnitId, role: &Name, person: &Handle, end: &End<'_>) -> Change {
    let End { how, to, basis, clause } = end;
    let ending = Ending { how: *how, cause: scene.cause.clone(), basis: *basis, clause: (*clause).clone() };
    let (unit, role, person) = (unit.clone(), role.clone(), person.clone());
    RosterChange::Ended { unit, role, person, to: *to, ending }.into()
}
