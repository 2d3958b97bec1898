//! Enrolment: a person with proof of possession of a key (traps C3 and D15).

use super::{Changes, Scene};
use crate::act::{Clock, Enrol};
use crate::refusal::Reason;
use crate::state::authority::{ProposalChange, Proposed};
use crate::state::people::PeopleChange;

/// The author becomes a person of the ledger. A handle that an import named waits until the authority vouches (G18).
pub(super) fn enrol(scene: &Scene<'_>, act: &Enrol) -> Changes {
    let (people, by, key) = (scene.state.people(), scene.by(), scene.event.key());
    if let Some(owner) = people.owner(key) {
        return Err(Reason::KeyTaken { person: owner.to_string() }.by_format("author"));
    }
    if scene.state.founding().is_some_and(|founding| founding.clock == Clock::Wall) {
        super::founding::refuse_rehearsal_key(by, key)?;
    }
    if people.organisation(by).is_some() {
        return Err(Reason::HandleTaken { person: by.to_string() }.by_format("author"));
    }
    match people.get(by) {
        Some(person) if !person.keys.is_empty() => {
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
                PeopleChange::KeyBound { handle: by.clone(), key: key.clone() }.into(),
            ])
        }
    }
}
