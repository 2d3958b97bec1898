//! Enrolment: a person with proof of possession of a key (traps C3 and D15).

use super::{Changes, Scene};
use crate::act::Enrol;
use crate::refusal::Reason;
use crate::state::authority::{ProposalChange, Proposed};
use crate::state::keys::KeyChange;
use crate::state::people::PeopleChange;

/// The author becomes a person of the ledger. A handle that an import named waits until the authority vouches (G18).
pub(super) fn enrol(scene: &Scene<'_>, act: &Enrol) -> Changes {
    let (people, by, key) = (scene.state.people(), scene.by(), scene.event.key());
    super::keys::require_fresh(scene, key)?;
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
