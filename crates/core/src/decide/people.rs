//! Enrolment: a person with proof of possession of a key (traps C3 and D15).

use std::collections::{BTreeMap, BTreeSet};

use super::{Changes, Scene, authority, concerns};
use crate::act::{Enrol, EnrolPeople};
use crate::field::Text;
use crate::key::PublicKey;
use crate::name::Handle;
use crate::refusal::Reason;
use crate::state::authority::{ProposalChange, Proposed};
use crate::state::keys::KeyChange;
use crate::state::people::PeopleChange;

/// The author becomes a person of the ledger. A handle that an import named waits until the authority vouches (G18).
pub(super) fn enrol(scene: &Scene<'_>, act: &Enrol) -> Changes {
    let (people, by, key) = (scene.state.people(), scene.by(), scene.event.key());
    super::keys::require_fresh(scene, by, key)?;
    if people.organisation(by).is_some() {
        return Err(Reason::HandleTaken { person: by.to_string() }.by_format("author"));
    }
    match people.get(by) {
        Some(_) if scene.state.is_enrolled(by) => {
            Err(Reason::HandleTaken { person: by.to_string() }.by_format("author"))
        }
        Some(_) => {
            let what = Proposed::BindKey { person: by.clone(), key: key.clone() };
            Ok(vec![ProposalChange::Proposed { what, signed: false }.into()])
        }
        None => {
            if let Some(like) = people.look_alike(by) {
                let (person, like) = (by.to_string(), like.to_string());
                return Err(Reason::LookAlike { person, like }.by_format("author"));
            }
            Ok(vec![
                PeopleChange::Known { handle: by.clone(), name: act.name.clone() }.into(),
                KeyChange::Bound { person: by.clone(), key: key.clone() }.into(),
            ])
        }
    }
}

/// The authority enrols people in bulk: it vouches that the keys are theirs.
pub(super) fn enrol_people(scene: &Scene<'_>, act: &EnrolPeople) -> Changes {
    let EnrolPeople { people, keys, names } = act.clone();
    let names = names.unwrap_or_default();
    authority::propose(scene, Proposed::EnrolPeople { people, keys, names })
}

/// Everybody in a list is new: handles that look alike, keys that belong to somebody and double ones are refused.
pub(super) fn enrolling(scene: &Scene<'_>, people: &[Handle], keys: &[PublicKey], names: &[Text]) -> Changes {
    let clause = &scene.charter.authority().clause;
    if people.is_empty() || people.len() != keys.len() || !(names.is_empty() || names.len() == people.len()) {
        let what = "each person is enrolled with one key, and with a name each or none at all".to_owned();
        return Err(Reason::NoPath { what }.under(clause));
    }
    let mut changes = Vec::new();
    let (mut handles, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for (index, (person, key)) in people.iter().zip(keys).enumerate() {
        super::keys::require_fresh(scene, person, key)?;
        if !seen.insert(key) {
            return Err(Reason::KeyTaken { person: person.to_string() }.by_format("author"));
        }
        if scene.state.people().get(person).is_some() || scene.state.people().organisation(person).is_some() {
            return Err(Reason::HandleTaken { person: person.to_string() }.by_format("author"));
        }
        let earlier = handles.insert(person.skeleton(), person);
        if let Some(like) = scene.state.people().look_alike(person).or(earlier) {
            let (person, like) = (person.to_string(), like.to_string());
            return Err(Reason::LookAlike { person, like }.by_format("author"));
        }
        let name = names.get(index).filter(|name| !name.as_str().is_empty()).cloned();
        changes.push(PeopleChange::Known { handle: person.clone(), name }.into());
        changes.push(KeyChange::Bound { person: person.clone(), key: key.clone() }.into());
        changes.push(concerns(person));
    }
    Ok(changes)
}
