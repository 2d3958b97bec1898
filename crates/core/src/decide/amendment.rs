//! Amendment of the charter: the new text arrives in parts, a body decides under the old charter, and after adjournment
//! anyone puts the new one in force (G1; traps D1 to D4).

use std::sync::Arc;

use super::founding::single_units;
use super::{Changes, Scene, basis};
use crate::act::{Amend, CharterPart};
use crate::charter::Charter;
use crate::digest::Digest;
use crate::effect::{self, Effect};
use crate::limits::{CHARTER_BYTES_MAX, DRAFTS_MAX};
use crate::refusal::{Reason, Refusal};
use crate::state::change::Change;
use crate::state::motions::{Motion, MotionChange};
use crate::state::roster::RosterChange;
use crate::state::{Cause, State};

/// Receives one part of a draft's text, from anyone enrolled.
pub(super) fn part(scene: &Scene<'_>, act: &CharterPart) -> Changes {
    let Some(draft) = act.draft else { return super::founding::again(scene.state) };
    let brought = scene.state.draft(&draft).find(|(person, _)| *person == scene.by());
    let parts = brought.map_or(&[][..], |(_, parts)| parts);
    let expected = super::meeting::count(parts.len());
    if act.part != expected {
        return Err(Reason::CharterPartOrder { expected, got: act.part }.by_format("amendment"));
    }
    if parts.is_empty() && DRAFTS_MAX <= scene.state.drafts_by(scene.by()) {
        let what = format!("`{}` has {DRAFTS_MAX} drafts waiting already", scene.by());
        return Err(Reason::NoPath { what }.by_format("limits"));
    }
    let bytes = parts.iter().map(String::len).fold(act.text.as_str().len(), usize::saturating_add);
    if CHARTER_BYTES_MAX < super::meeting::count(bytes) {
        let error = format!("the draft has {bytes} bytes, limit: {CHARTER_BYTES_MAX}");
        return Err(Reason::CharterInvalid { error }.by_format("limits"));
    }
    Ok(vec![Change::DraftPartReceived { draft, text: act.text.as_str().to_owned() }])
}

/// The charter that a draft's parts add up to.
fn drafted(state: &State, digest: &Digest) -> Result<Charter, Refusal> {
    let mut texts = state.draft(digest).map(|(_, parts)| parts.concat());
    let Some(text) = texts.find(|text| Charter::digest_of(text) == *digest) else {
        let expected = digest.to_string();
        return Err(Reason::DraftMissing { expected }.by_format("amendment"));
    };
    Charter::compile(&text).map_err(|error| Reason::CharterInvalid { error: error.to_string() }.by_format("amendment"))
}

/// An amendment amends the charter in force, and its text is there and is a charter; every unit that exists has rules in it.
pub(super) fn require_fit(scene: &Scene<'_>, effect: &effect::Amend) -> Result<Charter, Refusal> {
    let current = scene.charter.digest();
    if effect.base != current {
        let (base, current) = (effect.base.to_string(), current.to_string());
        return Err(Reason::BaseDiffers { base, current }.by_format("amendment"));
    }
    let charter = drafted(scene.state, &effect.charter_digest)?;
    for (id, unit) in scene.state.roster().units().filter(|(_, unit)| unit.is_alive()) {
        let kind = charter.kind(&unit.kind);
        let homeless = scene.state.roster().tenures().find(|(home, role, _, tenures)| {
            let held = tenures.last().is_some_and(|tenure| tenure.holds(scene.at()));
            *home == id && held && kind.is_none_or(|kind| kind.role(role).is_none())
        });
        let missing = match (kind, homeless) {
            (None, _) => format!("the draft has no unit kind `{}`, and `{id}` is one", unit.kind),
            (Some(_), Some((_, role, person, _))) => {
                format!("the draft has no role `{role}` in `{}`, and `{person}` holds it in `{id}`", unit.kind)
            }
            (Some(_), None) => continue,
        };
        return Err(Reason::CharterInvalid { error: missing }.by_format("amendment"));
    }
    Ok(charter)
}

/// G1: puts an amended charter in force once its motion has passed and its meeting has ended.
pub(super) fn amend(scene: &Scene<'_>, act: &Amend) -> Changes {
    let due = basis::entitled(scene, &act.basis)?;
    let Effect::Amend(effect) = &due.motion.effect else {
        return Err(basis::other(&act.basis, &due.motion.effect));
    };
    let charter = require_fit(scene, effect)?;
    require_signed(scene, due.motion, &charter)?;
    let mut changes = new_single_units(scene.state, &charter, scene.cause);
    changes.push(Change::CharterStands { charter: Arc::new(charter) });
    changes.push(MotionChange::Applied { motion: due.id }.into());
    Ok(changes)
}

/// TOC-13: what is entrenched changes only with the authority's signatures besides.
fn require_signed(scene: &Scene<'_>, motion: &Motion, charter: &Charter) -> Result<(), Refusal> {
    if scene.charter.entrenched() == charter.entrenched() {
        return Ok(());
    }
    let authority = scene.state.authority();
    let signed = authority.persons.iter().filter(|person| motion.endorsed.contains_key(*person)).count();
    let signed = super::meeting::count(signed);
    if authority.threshold <= signed {
        return Ok(());
    }
    Err(Reason::Entrenched { signed, needed: authority.threshold }.under(&scene.charter.authority().clause))
}

/// One of the authority's persons signs an amendment.
pub(super) fn endorse(scene: &Scene<'_>, id: &crate::digest::EventId, motion: &Motion) -> Changes {
    scene.require_authority()?;
    if motion.endorsed.contains_key(scene.by()) {
        let (event, person) = (id.to_string(), scene.by().to_string());
        return Err(Reason::AlreadyEndorsed { event, person }.under(&scene.charter.authority().clause));
    }
    Ok(vec![MotionChange::Endorsed { motion: *id }.into()])
}

/// Kinds of which there is one unit, and that the new charter brings.
fn new_single_units(state: &State, charter: &Charter, cause: &Cause) -> Vec<Change> {
    let known = |change: &Change| matches!(change, Change::Roster(RosterChange::UnitFounded { unit, .. }) if state.roster().unit(unit).is_some());
    single_units(charter, cause).into_iter().filter(|change| !known(change)).collect()
}
