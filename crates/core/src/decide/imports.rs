//! Imports: role changes of the past, entered by the authority, each with the time and evidence of its source (G18).
//!
//! The source's time is valid time; the entry's acceptance time is when the ledger learned of it.

use super::{Changes, Scene, concerns};
use crate::act::{Change as ImportChange, Import};
use crate::cbor::{Value, encode};
use crate::charter::Clause;
use crate::charter::roles::HeldBy;
use crate::digest::{Digest, IMPORT_CONTEXT, derive};
use crate::name::{Handle, Name};
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::change::Change;
use crate::state::people::PeopleChange;
use crate::state::roster::{Ending, How, HowEnded, Life, RosterChange, Tenure};

/// Digest of what an imported line says, by which the same line is known again.
#[must_use]
pub fn content_digest(act: &Import) -> Digest {
    let act = crate::act::Act::Import(act.clone());
    Digest::from_bytes(derive(IMPORT_CONTEXT, &encode(&Value::Map(act.to_map()))))
}

pub(super) fn import(scene: &Scene<'_>, act: &Import) -> Changes {
    scene.require_authority()?;
    let rules = scene.charter.authority();
    let Some(clause) = &rules.imports else {
        let what = "this community imports no history".to_owned();
        return Err(Reason::NoPath { what }.under(&rules.clause));
    };
    let content = content_digest(act);
    if let Some(event) = scene.state.roster().imported(&content) {
        return Err(Reason::AlreadyImported { event: event.to_string() }.under(clause));
    }
    let line = Line { scene, act, clause };
    let mut changes = match (act.change, &act.person, &act.role) {
        (ImportChange::Create, None, None) => line.create()?,
        (ImportChange::Dissolve, None, None) => line.dissolve()?,
        (ImportChange::Grant, Some(person), Some(role)) => line.grant(person, role)?,
        (ImportChange::Revoke, Some(person), Some(role)) => line.revoke(person, role)?,
        (ImportChange::Create | ImportChange::Dissolve, _, _) => {
            return Err(line.misfit("a creation or dissolution names no person and no role"));
        }
        (ImportChange::Grant | ImportChange::Revoke, _, _) => {
            return Err(line.misfit("a grant or revocation names a person and a role"));
        }
    };
    let (event, time) = (scene.cause.event, act.time);
    changes.push(RosterChange::Imported { content, event, time }.into());
    Ok(changes)
}

/// One imported line under the clause that allows it.
struct Line<'a> {
    scene: &'a Scene<'a>,
    act: &'a Import,
    clause: &'a Clause,
}

impl Line<'_> {
    fn misfit(&self, what: &str) -> Refusal {
        Reason::ImportFields { what: what.to_owned() }.under(self.clause)
    }

    fn state(&self) -> &State {
        self.scene.state
    }

    fn is_alive(&self) -> bool {
        self.state().roster().unit(&self.act.body).is_some_and(crate::state::roster::Unit::is_alive)
    }

    /// A unit's kind is the part of its id before the first slash.
    fn founding(&self) -> Result<Change, Refusal> {
        let body = &self.act.body;
        // A prefix that cannot be a kind's name falls to the kind that stands for any.
        let prefix: Option<Name> = body.prefix().parse().or_else(|_| "*".parse()).ok();
        let kind = prefix.filter(|name| self.scene.charter.kind(name).is_some());
        let unknown = || Reason::UnknownKind { kind: body.prefix().to_owned() }.under(self.clause);
        let kind = kind.ok_or_else(unknown)?;
        let before = self.state().roster().unit(body).and_then(|unit| unit.lives.last());
        let ended = before.and_then(|life| life.dissolved.as_ref()).map(|(at, _)| *at);
        if ended.is_some_and(|ended| self.act.time < ended) {
            return Err(self.misfit("the unit would begin before it was dissolved"));
        }
        let life = Life { from: self.act.time, founded: self.scene.cause.clone(), dissolved: None, asserted: true };
        Ok(RosterChange::UnitFounded { unit: body.clone(), kind, parent: None, life }.into())
    }

    fn create(&self) -> Changes {
        if self.is_alive() {
            return Err(Reason::UnitExists { unit: self.act.body.to_string() }.under(self.clause));
        }
        Ok(vec![self.founding()?])
    }

    fn dissolve(&self) -> Changes {
        let unit = &self.act.body;
        if !self.is_alive() {
            return Err(Reason::UnknownUnit { unit: unit.to_string() }.under(self.clause));
        }
        let mut changes = Vec::new();
        for (home, role, person, tenures) in self.state().roster().tenures() {
            if home == unit && tenures.last().is_some_and(|tenure| tenure.to.is_none()) {
                changes.extend(self.ended(person, role, HowEnded::Dissolved)?);
            }
        }
        let (unit, cause) = (unit.clone(), self.scene.cause.clone());
        changes.push(RosterChange::UnitDissolved { unit, at: self.act.time, cause, into: None }.into());
        Ok(changes)
    }

    fn grant(&self, person: &Handle, role: &Name) -> Changes {
        let Import { body, time, .. } = self.act;
        let mut changes = Vec::new();
        if !self.is_alive() {
            changes.push(self.founding()?);
        }
        let kind = self.state().roster().unit(body).map(|unit| unit.kind.clone());
        let kind = kind.or_else(|| body.prefix().parse().or_else(|_| "*".parse()).ok());
        let kind = kind.and_then(|name: Name| self.scene.charter.kind(&name));
        if kind.is_none_or(|kind| kind.role(role).is_none()) {
            return Err(Reason::UnknownRole { unit: body.to_string(), role: role.to_string() }.under(self.clause));
        }
        let people = kind.and_then(|kind| kind.role(role)).is_some_and(|rules| rules.held_by != HeldBy::Organisations);
        if !people {
            return Err(self.misfit("an organisation is made known and admitted, not imported"));
        }
        let here = self.state().roster().unit(body).and_then(|unit| unit.lives.last());
        let single = kind.is_some_and(|kind| kind.single);
        if here.is_some_and(|life| !life.asserted)
            && !single
            && kind.is_some_and(|kind| kind.founded_by_authority.is_none())
        {
            let what = format!("`{body}` was founded here, and nobody joins it by import");
            return Err(Reason::NoPath { what }.under(self.clause));
        }
        let last = self.state().roster().tenures_of(body, role, person).last();
        if last.is_some_and(|tenure| tenure.to.is_none_or(|to| *time < to)) {
            let (unit, role, person) = (body.to_string(), role.to_string(), person.to_string());
            return Err(Reason::TenureOverlap { unit, role, person, time: time.to_string() }.under(self.clause));
        }
        let unit = self.state().roster().unit(body);
        if unit.is_some_and(|unit| unit.constituted.is_some()) {
            let what = format!("`{body}` has been constituted, and nobody joins it by import any more");
            return Err(Reason::NoPath { what }.under(self.clause));
        }
        if self.state().people().organisation(person).is_some() {
            return Err(self.misfit("the handle belongs to an organisation"));
        }
        if self.state().people().get(person).is_none() {
            changes.push(PeopleChange::Known { handle: person.clone(), name: None }.into());
        }
        let tenure = Tenure {
            from: *time,
            to: None,
            how: How::Imported,
            begun: self.scene.cause.clone(),
            basis: None,
            clause: self.clause.clone(),
            claimed: None,
            suspended: None,
            ended: None,
        };
        let (unit, role, holder) = (body.clone(), role.clone(), person.clone());
        changes.push(RosterChange::Begun { unit, role, person: holder, tenure }.into());
        changes.push(concerns(person));
        Ok(changes)
    }

    fn revoke(&self, person: &Handle, role: &Name) -> Changes {
        self.ended(person, role, HowEnded::Imported)
    }

    fn ended(&self, person: &Handle, role: &Name, how: HowEnded) -> Changes {
        let Import { body, time, .. } = self.act;
        let last = self.state().roster().tenures_of(body, role, person).last();
        // G18: an import asserts and corrects what was imported; it never ends a seat that somebody holds in person.
        if !last.is_some_and(|tenure| tenure.to.is_none() && tenure.from <= *time && tenure.is_asserted()) {
            let (unit, role, person) = (body.to_string(), role.to_string(), person.to_string());
            return Err(Reason::NotHeld { unit, role, person }.under(self.clause));
        }
        let ending = Ending { how, cause: self.scene.cause.clone(), basis: None, clause: self.clause.clone() };
        let (unit, role, holder) = (body.clone(), role.clone(), person.clone());
        let ended = RosterChange::Ended { unit, role, person: holder, to: *time, ending };
        Ok(vec![concerns(person), ended.into()])
    }
}
