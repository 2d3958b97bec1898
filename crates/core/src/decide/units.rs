//! Units come and go by resolution, or by the authority where the charter says so.

use std::collections::BTreeSet;

use super::{Changes, Scene, authority, basis, concerns};
use crate::act::{DissolveUnit, FoundUnit};
use crate::charter::{Clause, Subject, UnitKind};
use crate::digest::EventId;
use crate::effect::{Effect, Found};
use crate::name::{Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::authority::Proposed;
use crate::state::change::Change;
use crate::state::motions::MotionChange;
use crate::state::roster::{Ending, How, HowEnded, Life, RosterChange};

/// Founds a unit: TOC-7 and PMC-1 by resolution, ST-4 by the authority.
pub(super) fn found(scene: &Scene<'_>, act: &FoundUnit) -> Changes {
    let FoundUnit { unit, kind, parent, basis } = act;
    let Some(event) = basis else {
        let (unit, kind, parent) = (unit.clone(), kind.clone(), parent.clone());
        return authority::propose(scene, Proposed::FoundUnit { unit, kind, parent });
    };
    let due = basis::entitled(scene, event)?;
    let Effect::Found(found) = &due.motion.effect else { return Err(basis::other(event, &due.motion.effect)) };
    if found.unit != *unit || kind_of(found)? != *kind || (parent.is_some() && *parent != found.parent) {
        return Err(basis::other(event, &due.motion.effect));
    }
    // A body that founds units of its own is their parent, unless it says otherwise.
    let decision = basis::decision_of(scene.state, due.motion);
    let subject = decision.and_then(|decision| basis::subject_of(decision, due.motion));
    let own = subject.is_some_and(|subject| subject.own);
    let parent = found.parent.clone().or_else(|| own.then(|| due.motion.unit.clone()));
    let mut changes = founding(scene, unit, kind, parent.as_ref())?;
    if let Some(subject) = subject {
        changes.extend(seeds(scene, found, due.id, subject)?);
    }
    changes.push(MotionChange::Applied { motion: due.id }.into());
    Ok(changes)
}

/// Dissolves a unit, or merges it into another, by resolution or by the authority.
pub(super) fn dissolve(scene: &Scene<'_>, act: &DissolveUnit) -> Changes {
    let DissolveUnit { unit, basis } = act;
    let Some(event) = basis else {
        return authority::propose(scene, Proposed::DissolveUnit { unit: unit.clone() });
    };
    let due = basis::entitled(scene, event)?;
    let into = if let Effect::Merge(effect) = &due.motion.effect { Some(effect.into.clone()) } else { None };
    let ends = matches!(due.motion.effect, Effect::Dissolve(_) | Effect::Merge(_));
    if !ends || due.motion.effect.unit() != Some(unit) {
        return Err(basis::other(event, &due.motion.effect));
    }
    let mut changes = dissolution(scene, unit, into, Some(*event))?;
    changes.push(MotionChange::Applied { motion: due.id }.into());
    Ok(changes)
}

/// The kind of a unit that an effect would found: as stated, else the id's prefix.
pub(super) fn kind_of(found: &Found) -> Result<Name, Refusal> {
    let Found { unit, unit_kind, parent: _, first: _ } = found;
    let unknown = || Reason::UnknownKind { kind: unit.prefix().to_owned() }.by_format("unit");
    unit_kind.clone().map_or_else(|| unit.prefix().parse().map_err(|_| unknown()), Ok)
}

/// The authority founds units of this kind.
pub(super) fn by_authority(kind: &UnitKind) -> Result<&Clause, Refusal> {
    let what = || format!("the authority neither founds nor dissolves a `{}`", kind.name);
    kind.founded_by_authority.as_ref().ok_or_else(|| Reason::NoPath { what: what() }.under(&kind.clause))
}

/// The changes that found a unit now.
pub(super) fn founding(scene: &Scene<'_>, unit: &UnitId, kind: &Name, parent: Option<&UnitId>) -> Changes {
    let rules = scene.kind_named(kind)?;
    if rules.single {
        let what = format!("there is one `{kind}`, from the founding on");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    }
    if scene.state.roster().unit(unit).is_some_and(crate::state::roster::Unit::is_alive) {
        return Err(Reason::UnitExists { unit: unit.to_string() }.under(&rules.clause));
    }
    if let Some(parent) = parent {
        scene.unit(parent)?;
    }
    require_only_one(scene, unit, rules, parent)?;
    let life = Life { from: scene.at(), founded: scene.cause.clone(), dissolved: None, asserted: false };
    let (unit, kind, parent) = (unit.clone(), kind.clone(), parent.cloned());
    Ok(vec![RosterChange::UnitFounded { unit, kind, parent, life }.into()])
}

/// PMC-1: a unit of which there is one for each of another kind.
fn require_only_one(
    scene: &Scene<'_>,
    unit: &UnitId,
    rules: &UnitKind,
    parent: Option<&UnitId>,
) -> Result<(), Refusal> {
    let Some(rule) = &rules.one_per else { return Ok(()) };
    let named = |id: &UnitId| id.as_str().split_once('/').map(|(_, name)| name.to_owned());
    let roster = scene.state.roster();
    if let Some(parent) = parent.filter(|parent| roster.unit(parent).is_none_or(|known| known.kind != rule.kind)) {
        let what = format!("a `{}` belongs to a `{}`, and `{parent}` is none", rules.name, rule.kind);
        return Err(Reason::NoPath { what }.under(&rule.clause));
    }
    let of = match parent {
        Some(parent) => Some(parent.clone()),
        None => roster
            .units()
            .find(|(id, known)| known.kind == rule.kind && named(id) == named(unit))
            .map(|(id, _)| id.clone()),
    };
    let Some(of) = of else { return Ok(()) };
    let same = |id: &UnitId, known: &crate::state::roster::Unit| {
        let asserted = known.lives.last().is_some_and(|life| life.asserted) && known.constituted.is_none();
        !asserted
            && known.is_alive()
            && known.kind == rules.name
            && (known.parent.as_ref() == Some(&of) || named(id) == named(&of))
    };
    match roster.units().find(|(id, known)| same(id, known)) {
        Some((other, _)) => {
            let (kind, of, unit) = (rules.name.to_string(), of.to_string(), other.to_string());
            Err(Reason::OnlyOne { kind, of, unit }.under(&rule.clause))
        }
        None => Ok(()),
    }
}

/// DEV-SEED: the first holders of roles whom a founding resolution names.
fn seeds(scene: &Scene<'_>, found: &Found, basis: EventId, subject: &Subject) -> Changes {
    let mut changes = Vec::new();
    let clause = subject.seeds.as_ref().map_or(&subject.clause, |seeds| &seeds.clause);
    for (role, person) in seats_named(scene, found, subject)? {
        let beginning = super::roles::Beginning { how: How::Seeded, basis: Some(basis), clause, until: None };
        changes.push(super::roles::begun(scene, &found.unit, &role, &person, &beginning));
        changes.push(super::roles::spent(&found.unit, &role, &person));
        changes.push(concerns(&person));
    }
    Ok(changes)
}

/// The seats that a founding names: of roles that the rule lets it name, for people who are enrolled, each once.
pub(super) fn seats_named(
    scene: &Scene<'_>,
    found: &Found,
    subject: &Subject,
) -> Result<BTreeSet<(Name, crate::name::Handle)>, Refusal> {
    let mut named = BTreeSet::new();
    let rules = scene.kind_named(&kind_of(found)?)?;
    for seed in found.first.iter().flatten() {
        let allowed = subject.seeds.as_ref().filter(|seeds| seeds.roles.contains(&seed.name));
        let Some(seeds) = allowed else {
            let what = format!("a founding resolution does not name the first `{}`", seed.name);
            return Err(Reason::NoPath { what }.under(&subject.clause));
        };
        let stranger = || Reason::NotEnrolled { person: seed.words.as_str().to_owned() }.by_format("author");
        let person: crate::name::Handle = seed.words.as_str().parse().map_err(|_| stranger())?;
        scene.require_enrolled(&person)?;
        let unknown = || Reason::UnknownRole { unit: found.unit.to_string(), role: seed.name.to_string() };
        let role = rules.role(&seed.name).ok_or_else(|| unknown().under(&seeds.clause))?;
        if let Some(misfit) = super::seats::misfit(scene.state, &seed.name, role, &person) {
            return Err(misfit);
        }
        if !named.insert((seed.name.clone(), person.clone())) {
            let (unit, role, person) = (found.unit.to_string(), seed.name.to_string(), person.to_string());
            return Err(Reason::AlreadyHeld { unit, role, person }.under(&seeds.clause));
        }
    }
    Ok(named)
}

/// The changes that dissolve a unit now, ending its remaining tenures.
pub(super) fn dissolution(scene: &Scene<'_>, unit: &UnitId, into: Option<UnitId>, basis: Option<EventId>) -> Changes {
    let kind = scene.kind(unit)?;
    if kind.single {
        let what = format!("the one `{}` cannot be dissolved", kind.name);
        return Err(Reason::NoPath { what }.under(&kind.clause));
    }
    if let Some(into) = &into
        && (into == unit || scene.unit(into)?.kind != kind.name)
    {
        let what = format!("`{unit}` merges into another `{}`", kind.name);
        return Err(Reason::NoPath { what }.under(&kind.clause));
    }
    let cause = scene.cause.clone();
    let mut changes = Vec::new();
    for (role, person, tenures) in scene.state.roster().tenures_in(unit) {
        let open = tenures.last().is_some_and(|tenure| tenure.to.is_none_or(|to| scene.at() < to));
        if !open {
            continue;
        }
        let ending = Ending { how: HowEnded::Dissolved, cause: cause.clone(), basis, clause: kind.clause.clone() };
        let (unit, role, person) = (unit.clone(), role.clone(), person.clone());
        changes.push(concerns(&person));
        changes.push(Change::from(RosterChange::Ended { unit, role, person, to: scene.at(), ending }));
    }
    changes.push(RosterChange::UnitDissolved { unit: unit.clone(), at: scene.at(), cause, into }.into());
    Ok(changes)
}
