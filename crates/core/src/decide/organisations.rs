//! Organisations and their representatives (trap C9): an organisation acts through people, and never sits in a body.

use super::{Changes, Scene, concerns};
use crate::act::{Organisation, Recall, Represent};
use crate::name::Handle;
use crate::refusal::{Reason, Refusal};
use crate::state::people::PeopleChange;

/// The author makes an organisation known and represents it from then on.
pub(super) fn organisation(scene: &Scene<'_>, act: &Organisation) -> Changes {
    let Organisation { organisation, name } = act.clone();
    let people = scene.state.people();
    if people.get(&organisation).is_some() || people.organisation(&organisation).is_some() {
        return Err(Reason::HandleTaken { person: organisation.to_string() }.by_format("author"));
    }
    if let Some(like) = people.look_alike(&organisation) {
        let (person, like) = (organisation.to_string(), like.to_string());
        return Err(Reason::LookAlike { person, like }.by_format("author"));
    }
    Ok(vec![PeopleChange::OrganisationKnown { handle: organisation, name }.into()])
}

/// A representative names another one.
pub(super) fn represent(scene: &Scene<'_>, act: &Represent) -> Changes {
    let Represent { organisation, person, until } = act.clone();
    require_representative(scene, &organisation)?;
    scene.require_enrolled(&person)?;
    if until.is_some_and(|until| until <= scene.at()) {
        let (time, at) = (until.unwrap_or_default().to_string(), scene.at().to_string());
        return Err(Reason::TimeUnfit { what: "a mandate ends in the future".to_owned(), time, at }.by_format("author"));
    }
    if scene.state.people().speaks_for(&person, &organisation, scene.at()) {
        let what = format!("`{person}` represents `{organisation}` already");
        return Err(Reason::NoPath { what }.by_format("author"));
    }
    let note = concerns(&person);
    Ok(vec![PeopleChange::Represented { organisation, person, until }.into(), note])
}

/// A representative ends a mandate; the last one stays, so that somebody can speak.
pub(super) fn recall(scene: &Scene<'_>, act: &Recall) -> Changes {
    let Recall { organisation, person } = act.clone();
    require_representative(scene, &organisation)?;
    if !scene.state.people().speaks_for(&person, &organisation, scene.at()) {
        return Err(not_representative(&person, &organisation));
    }
    let others = scene.state.people().organisation(&organisation);
    if others.is_some_and(|known| known.representatives(scene.at()).count() < 2) {
        let what = format!("`{person}` is the last who represents `{organisation}`");
        return Err(Reason::NoPath { what }.by_format("author"));
    }
    let note = concerns(&person);
    Ok(vec![PeopleChange::Recalled { organisation, person }.into(), note])
}

fn require_representative(scene: &Scene<'_>, organisation: &Handle) -> Result<(), Refusal> {
    let known = scene.state.people().organisation(organisation);
    if known.is_some_and(|known| known.is_represented_by(scene.by(), scene.at())) {
        return Ok(());
    }
    Err(not_representative(scene.by(), organisation))
}

fn not_representative(person: &Handle, organisation: &Handle) -> Refusal {
    let (person, organisation) = (person.to_string(), organisation.to_string());
    Reason::NotRepresentative { person, organisation }.by_format("author")
}
