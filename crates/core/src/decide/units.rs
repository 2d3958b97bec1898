//! Units come and go by resolution, or by the authority where the charter says so.

use super::{Changes, Scene, authority, basis, concerns};
use crate::act::{DissolveUnit, FoundUnit};
use crate::charter::{Clause, UnitKind};
use crate::digest::EventId;
use crate::effect::{Effect, Found};
use crate::name::{Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::authority::Proposed;
use crate::state::change::Change;
use crate::state::motions::MotionChange;
use crate::state::roster::{Ending, HowEnded, Life, RosterChange};

/// Founds a unit: TOC-7 and PMC-1 by resolution, ST-4 by the authority.
pub(super) fn found(scene: &Scene<'_>, act: &FoundUnit) -> Changes {
    let FoundUnit { unit, kind, parent, basis } = act;
    let Some(event) = basis else {
        let (unit, kind, parent) = (unit.clone(), kind.clone(), parent.clone());
        return authority::propose(scene, Proposed::FoundUnit { unit, kind, parent });
    };
    let due = basis::entitled(scene, event)?;
    let asked = Effect::Found(Found { unit: unit.clone(), unit_kind: Some(kind.clone()), parent: parent.clone() });
    let mut entitled = due.motion.effect.clone();
    if let Effect::Found(found) = &mut entitled {
        found.unit_kind = Some(kind_of(found)?);
    }
    if entitled != asked {
        return Err(basis::other(event, &entitled));
    }
    let mut changes = founding(scene, unit, kind, parent.as_ref())?;
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
    let Found { unit, unit_kind, parent: _ } = found;
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
    let life = Life { from: scene.at(), founded: scene.cause.clone(), dissolved: None };
    let (unit, kind, parent) = (unit.clone(), kind.clone(), parent.cloned());
    Ok(vec![RosterChange::UnitFounded { unit, kind, parent, life }.into()])
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
    for (home, role, person, tenures) in scene.state.roster().tenures() {
        let open = tenures.last().is_some_and(|tenure| tenure.to.is_none_or(|to| scene.at() < to));
        if home != unit || !open {
            continue;
        }
        let ending = Ending { how: HowEnded::Dissolved, cause: cause.clone(), basis, clause: kind.clause.clone() };
        let (unit, role, person) = (home.clone(), role.clone(), person.clone());
        changes.push(concerns(&person));
        changes.push(Change::from(RosterChange::Ended { unit, role, person, to: scene.at(), ending }));
    }
    changes.push(RosterChange::UnitDissolved { unit: unit.clone(), at: scene.at(), cause, into }.into());
    Ok(changes)
}
