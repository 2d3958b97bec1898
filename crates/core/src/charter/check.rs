//! Checks of a compiled charter as a whole: every name that it uses is one that it declares, and whoever decides can.
//!
//! It compiles nothing and changes nothing; [`super::draft`] calls it last.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::CharterError;
use super::roles::{Nominator, Seat};
use super::{Charter, Role, Subject, UnitKind, Venue};
use crate::name::{Name, UnitId};

/// Checks that every kind and role which the charter uses is one that it declares.
pub(super) fn check_names(charter: &Charter) -> Result<(), CharterError> {
    for name in charter.accounts().into_iter().flat_map(|rules| &rules.needed_in) {
        declared(charter, name)?;
    }
    for seat in charter.accounts().into_iter().flat_map(|rules| &rules.checked_by) {
        let kind = seat.kind.as_ref().ok_or_else(|| CharterError::SeatWithoutKind(seat.to_string()))?;
        has_role(declared(charter, kind)?, &seat.role)?;
    }
    for kind in charter.kinds() {
        let own = |role: &Name| has_role(kind, role);
        for role in kind.electors.iter().chain(kind.meeting.as_ref().map(|meeting| &meeting.called_by)) {
            own(role)?;
        }
        for (name, role) in &kind.roles {
            if let Some(implied) = &role.implies {
                own(implied)?;
                if implied == name || kind.role(implied).is_some_and(|implied| implied.implies.is_some()) {
                    return Err(CharterError::Implies { kind: kind.name.to_string(), role: name.to_string() });
                }
            }
            check_role(charter, kind, role)?;
        }
        if let Some(rule) = &kind.one_per {
            declared(charter, &rule.kind)?;
        }
        check_records(charter, kind)?;
        check_decisions(charter, kind)?;
    }
    Ok(())
}

fn check_role(charter: &Charter, kind: &UnitKind, role: &Role) -> Result<(), CharterError> {
    for other in role.includes.iter().chain(&role.emeritus) {
        has_role(kind, other)?;
    }
    for Nominator { unit, role, phase: _, nominee_in, clause: _ } in &role.nominated_by {
        let home = match unit {
            Some(unit) => kind_of_unit(charter, unit)?,
            None => kind,
        };
        has_role(home, role)?;
        for kin in nominee_in {
            declared(charter, kin)?;
        }
    }
    for applicant in &role.applicants {
        has_seat(charter, kind, &applicant.seat)?;
    }
    for path in &role.paths {
        for role in path.requires.iter().map(|r| &r.role).chain(path.nominations.iter().map(|limb| &limb.from)) {
            has_role(kind, role)?;
        }
        let evidence = path.evidence.iter().flat_map(|evidence| evidence.any_of.iter().flat_map(BTreeMap::keys));
        for criterion in evidence.chain(path.vouched.iter().map(|criterion| &criterion.name)) {
            if !kind.attestations.contains_key(criterion) {
                return Err(CharterError::Unattestable {
                    kind: kind.name.to_string(),
                    criterion: criterion.to_string(),
                });
            }
        }
        if let Some(recorder) = &path.recorded_by {
            has_seat(charter, kind, &recorder.seat)?;
        }
    }
    Ok(())
}

/// Whoever attests, records or fulfils holds a role that exists.
fn check_records(charter: &Charter, kind: &UnitKind) -> Result<(), CharterError> {
    let attesting = kind.attestations.values().flat_map(|a| a.by.iter().chain(a.seeding.iter().map(|s| &s.by)));
    let recording = kind.records.values().flat_map(|rule| &rule.by);
    let fulfilling = kind.benefits.values().flat_map(|benefit| &benefit.fulfilled_by);
    for seat in attesting.chain(recording).chain(fulfilling) {
        has_seat(charter, kind, seat)?;
    }
    let seeding = kind.attestations.values().filter_map(|a| a.seeding.as_ref()).map(|seeding| &seeding.role);
    let holders = kind.records.values().filter_map(|rule| rule.holder.as_ref());
    for role in seeding.chain(holders).chain(kind.benefits.values().flat_map(|benefit| &benefit.roles)) {
        has_role(kind, role)?;
    }
    Ok(())
}

fn check_decisions(charter: &Charter, kind: &UnitKind) -> Result<(), CharterError> {
    let lacks = |lacks| Err(CharterError::Incomplete { kind: kind.name.to_string(), lacks });
    if kind.electors.is_none() && !(kind.decisions.is_empty() && kind.meeting.is_none()) {
        return lacks("`electors`");
    }
    let mut seen = BTreeSet::new();
    for decision in &kind.decisions {
        if decision.venue != Venue::Outside && kind.meeting.is_none() {
            return lacks("`meeting`");
        }
        let Some(vote) = decision.vote.as_ref().or(kind.vote.as_ref()) else { return lacks("`vote`") };
        if !vote.is_ordered() {
            return Err(CharterError::VoteMinutes(kind.name.to_string()));
        }
        if let Some(opener) = &decision.opened_by {
            has_role(kind, &opener.role)?;
        }
        if let Some(lapse) = decision.lapse.as_ref().filter(|lapse| !kind.records.contains_key(&lapse.record)) {
            let (kind, criterion) = (kind.name.to_string(), lapse.record.to_string());
            return Err(CharterError::Unattestable { kind, criterion });
        }
        if decision.pass.is_empty() && decision.approvals.is_none() {
            return lacks("a threshold under `pass`");
        }
        for subject in &decision.decides {
            let target = subject.kind.as_ref().map(|name| declared(charter, name)).transpose()?;
            if let Some(target) = target {
                let named = subject.role.iter().filter(|role| role.as_str() != "*");
                let seeded = subject.seeds.iter().flat_map(|seeds| &seeds.roles);
                for role in named.chain(&subject.nominated_by).chain(seeded) {
                    has_role(target, role)?;
                }
            }
            if let Some(superseded) = &subject.supersedes {
                declared(charter, superseded)?;
            }
            let Subject { effect, kind, role, topic, nominated_by, applied, .. } = subject;
            let outside = decision.venue == Venue::Outside;
            if !seen.insert((effect, kind, role, topic, nominated_by.is_some(), applied, outside)) {
                return lacks("one rule for each subject: two rules decide the same");
            }
        }
    }
    Ok(())
}

fn declared<'a>(charter: &'a Charter, kind: &Name) -> Result<&'a UnitKind, CharterError> {
    charter.kinds.get(kind).ok_or_else(|| CharterError::UnknownKind(kind.to_string()))
}

fn has_seat(charter: &Charter, kind: &UnitKind, seat: &Seat) -> Result<(), CharterError> {
    let home = seat.kind.as_ref().map_or(Ok(kind), |name| declared(charter, name))?;
    has_role(home, &seat.role)
}

fn has_role(kind: &UnitKind, role: &Name) -> Result<(), CharterError> {
    match kind.role(role) {
        Some(_) => Ok(()),
        None => Err(CharterError::UnknownRole { kind: kind.name.to_string(), role: role.to_string() }),
    }
}

fn kind_of_unit<'a>(charter: &'a Charter, unit: &UnitId) -> Result<&'a UnitKind, CharterError> {
    let unknown = || CharterError::UnknownKind(unit.to_string());
    unit.prefix().parse().ok().and_then(|name| charter.kind(&name)).ok_or_else(unknown)
}
