//! Checks of a compiled charter as a whole: every name that it uses is one that it declares, and whoever decides can.
//!
//! It compiles nothing and changes nothing; [`super::draft`] calls it last.

use std::collections::BTreeSet;

use super::draft::CharterError;
use super::{Charter, Nominator, UnitKind};
use crate::name::{Name, UnitId};

/// Checks that every kind and role which the charter uses is one that it declares.
pub(super) fn check_names(charter: &Charter) -> Result<(), CharterError> {
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
            if let Some(Nominator { unit, role, clause: _ }) = &role.nominated_by {
                let home = match unit {
                    Some(unit) => kind_of_unit(charter, unit)?,
                    None => kind,
                };
                has_role(home, role)?;
            }
        }
        check_decisions(charter, kind)?;
    }
    Ok(())
}

fn check_decisions(charter: &Charter, kind: &UnitKind) -> Result<(), CharterError> {
    let lacks = |lacks| Err(CharterError::Incomplete { kind: kind.name.to_string(), lacks });
    if kind.decisions.is_empty() && kind.meeting.is_none() {
        return Ok(());
    }
    let parts = (&kind.electors, &kind.meeting, &kind.vote);
    match parts {
        (None, _, _) => return lacks("`electors`"),
        (_, None, _) => return lacks("`meeting`"),
        (_, _, None) => return lacks("`vote`"),
        (Some(_), Some(_), Some(vote)) => {
            let ordered = 0 < vote.minutes_min
                && vote.minutes_min <= vote.minutes_default
                && vote.minutes_default <= vote.minutes_max
                && vote.minutes_max <= 525_600;
            if !ordered {
                return Err(CharterError::VoteMinutes(kind.name.to_string()));
            }
        }
    }
    let mut seen = BTreeSet::new();
    for decision in &kind.decisions {
        if decision.pass.is_empty() {
            return lacks("a threshold under `pass`");
        }
        for subject in &decision.decides {
            let target = match &subject.kind {
                Some(name) => Some(charter.kinds.get(name).ok_or_else(|| CharterError::UnknownKind(name.to_string()))?),
                None => None,
            };
            if let Some(target) = target {
                for role in subject.role.iter().chain(&subject.nominated_by) {
                    has_role(target, role)?;
                }
            }
            let key = (&subject.effect, &subject.kind, &subject.role, subject.nominated_by.is_some());
            if !seen.insert(key) {
                return lacks("one rule for each subject: two rules decide the same");
            }
        }
    }
    Ok(())
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
