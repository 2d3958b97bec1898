//! Founding: `found`, the charter's parts, and the confirmations that put it in force (DESIGN section 4).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Changes, Scene, check_ledger, check_new, check_time};
use crate::act::{Act, CharterPart, Clock, FoundLedger};
use crate::charter::Charter;
use crate::event::Event;
use crate::key::SigningKey;
use crate::limits::{AUTHORITY_MAX, CHARTER_BYTES_MAX};
use crate::name::Handle;
use crate::refusal::{Reason, Refusal};
use crate::state::change::Change;
use crate::state::keys::KeyChange;
use crate::state::people::PeopleChange;
use crate::state::roster::{Life, RosterChange};
use crate::state::{Authority, Cause, Founding, State};
use crate::tree::Head;

const RULE: &str = "founding";

/// Judges an event while no charter is in force.
pub(super) fn judge(state: &State, event: &Event, cause: &Cause) -> Changes {
    let Some(founding) = state.founding() else {
        let Act::FoundLedger(act) = event.act() else {
            return Err(Reason::NotFounded { act: event.act().tag().to_owned() }.by_format(RULE));
        };
        check_time(state, event.header(), cause.at)?;
        return found(event, act, cause);
    };
    check_ledger(state, event.header())?;
    if !matches!(event.act(), Act::CharterPart(_) | Act::Confirm(_) | Act::FoundLedger(_)) {
        let confirmed = as_u64(founding.confirmed.len());
        return Err(Reason::FoundingOpen { confirmed, threshold: state.authority().threshold }.by_format(RULE));
    }
    check_person(state, event)?;
    check_new(state, event)?;
    check_time(state, event.header(), cause.at)?;
    super::check_seen(state, event)?;
    if let Act::CharterPart(act) = event.act() {
        part(founding, act)
    } else if let Act::Confirm(_) = event.act() {
        confirm(state, founding, cause)
    } else {
        again(state)
    }
}

/// A second founding.
pub(super) fn again(state: &State) -> Changes {
    let ledger = state.founding().map_or_else(String::new, |founding| founding.ledger.to_string());
    Err(Reason::AlreadyFounded { ledger }.by_format(RULE))
}

/// A confirmation after the threshold: the remaining persons of the authority may still put theirs on record.
pub(super) fn late_confirm(scene: &Scene<'_>) -> Changes {
    scene.require_authority()?;
    match scene.state.founding() {
        Some(founding) => not_confirmed(founding, scene.by()).map(|()| vec![Change::Confirmed]),
        None => again(scene.state),
    }
}

fn found(event: &Event, act: &FoundLedger, cause: &Cause) -> Changes {
    let fail = |what: &str| Reason::FoundingInvalid { what: what.to_owned() }.by_format(RULE);
    let FoundLedger { name, authority, keys, threshold, charter, charter_digest, charter_length, .. } = act;
    if event.header().ledger.is_some() {
        return Err(fail("the ledger field of a founding is empty"));
    }
    if event.header().seen != Head::empty() {
        return Err(fail("a founding has seen the empty log"));
    }
    if authority.is_empty() || AUTHORITY_MAX < as_u64(authority.len()) || authority.len() != keys.len() {
        return Err(fail("the authority needs 1 to 64 persons, each with one key"));
    }
    if *threshold == 0 || as_u64(authority.len()) < *threshold {
        return Err(fail("the threshold lies between 1 and the number of the authority's persons"));
    }
    if *charter_length == 0 || CHARTER_BYTES_MAX < *charter_length {
        return Err(fail("the charter's length is out of bounds"));
    }
    if !crate::note::is_name(act.origin.as_str()) {
        return Err(fail("the origin is at most 255 bytes without spaces, `+` and control characters"));
    }
    if act.log_key.application().is_some() {
        return Err(fail("a security key signs no heads"));
    }
    let founder = authority.iter().zip(keys).find(|(person, _)| **person == cause.by);
    if founder.is_none_or(|(_, key)| key != event.key()) {
        return Err(fail("the founder is one of the authority's persons and signs with the key it names"));
    }

    let founding = Founding {
        ledger: cause.event.as_ledger(),
        cause: cause.clone(),
        name: name.clone(),
        charter: charter.clone(),
        charter_digest: *charter_digest,
        charter_length: *charter_length,
        log_key: act.log_key.clone(),
        origin: act.origin.clone(),
        clock: act.clock,
        parts: Vec::new(),
        confirmed: BTreeMap::new(),
    };
    let persons = Authority { persons: authority.clone(), threshold: *threshold };
    let mut changes = vec![Change::Founded { founding: Box::new(founding), authority: persons }];
    let mut skeletons = BTreeMap::new();
    for (index, (person, key)) in authority.iter().zip(keys).enumerate() {
        if skeletons.insert(person.skeleton(), person).is_some()
            || keys.iter().skip(index.saturating_add(1)).any(|k| k == key)
        {
            return Err(fail("the authority's handles and keys are distinct and do not look alike"));
        }
        if act.clock == Clock::Wall {
            refuse_rehearsal_key(person, key)?;
        }
        changes.push(PeopleChange::Known { handle: person.clone(), name: None }.into());
        changes.push(KeyChange::Bound { person: person.clone(), key: key.clone() }.into());
        changes.push(super::concerns(person));
    }
    Ok(changes)
}

/// Ledgers on a real clock refuse the published key of a handle: anybody could sign with it.
pub(super) fn refuse_rehearsal_key(person: &Handle, key: &crate::key::PublicKey) -> Result<(), Refusal> {
    match SigningKey::rehearsal(person).public() {
        Ok(test) if test.as_bytes() == key.as_bytes() => {
            Err(Reason::RehearsalKey { person: person.to_string() }.by_format("author"))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Until the charter stands, only the authority's persons act, each with their own key.
fn check_person(state: &State, event: &Event) -> Result<(), Refusal> {
    let by = &event.header().by;
    if !state.authority().persons.contains(by) {
        return Err(Reason::NotAuthority { person: by.to_string() }.by_format(RULE));
    }
    match state.keys().owner(event.key()) {
        Some(owner) if owner == by => Ok(()),
        owner => {
            let owner = owner.map_or_else(|| "nobody".to_owned(), ToString::to_string);
            Err(Reason::KeyNotOfAuthor { by: by.to_string(), key: event.key().to_string(), owner }.by_format("author"))
        }
    }
}

fn part(founding: &Founding, act: &CharterPart) -> Changes {
    let expected = as_u64(founding.parts.len());
    if act.part != expected {
        return Err(Reason::CharterPartOrder { expected, got: act.part }.by_format(RULE));
    }
    let bytes = founding.parts.iter().map(String::len).fold(act.text.as_str().len(), usize::saturating_add);
    if founding.charter_length < as_u64(bytes) {
        let what = format!("the charter's parts have {bytes} bytes, announced: {}", founding.charter_length);
        return Err(Reason::FoundingInvalid { what }.by_format(RULE));
    }
    Ok(vec![Change::PartReceived { text: act.text.as_str().to_owned() }])
}

fn confirm(state: &State, founding: &Founding, cause: &Cause) -> Changes {
    not_confirmed(founding, &cause.by)?;
    let text = founding.parts.concat();
    let (expected, got) = (founding.charter_digest, Charter::digest_of(&text));
    if expected != got {
        let (expected, got) = (expected.to_string(), got.to_string());
        return Err(Reason::CharterDiffers { expected, got }.by_format(RULE));
    }
    let mut changes = vec![Change::Confirmed];
    if state.authority().threshold <= as_u64(founding.confirmed.len()).saturating_add(1) {
        let charter = Charter::compile(&text)
            .map_err(|error| Reason::CharterInvalid { error: error.to_string() }.by_format(RULE))?;
        changes.extend(single_units(&charter, cause));
        changes.push(Change::CharterStands { charter: Arc::new(charter) });
    }
    Ok(changes)
}

fn not_confirmed(founding: &Founding, person: &Handle) -> Result<(), Refusal> {
    if founding.confirmed.contains_key(person) {
        return Err(Reason::AlreadyConfirmed { person: person.to_string() }.by_format(RULE));
    }
    Ok(())
}

/// Units of which there is exactly one exist from the founding on.
pub(super) fn single_units(charter: &Charter, cause: &Cause) -> Vec<Change> {
    let single = charter.kinds().filter(|kind| kind.single);
    let founded = single.filter_map(|kind| {
        let unit = kind.name.as_str().parse().ok()?;
        let life = Life { from: cause.at, founded: cause.clone(), dissolved: None, asserted: false };
        Some(RosterChange::UnitFounded { unit, kind: kind.name.clone(), parent: None, life }.into())
    });
    founded.collect()
}

fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
