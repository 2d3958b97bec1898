//! Acts of the appointing authority: a proposal, endorsements by distinct persons, and what happens when it stands (G3).
//!
//! An act of the authority is judged when it is proposed and judged again when the last signature arrives, so that what
//! has become impossible in between never takes effect.

use super::roles::{self, Beginning};
use super::{Changes, Scene, concerns, units};
use crate::act::{
    Answer, Appoint, Constitute, Endorse, Outcome, Reconstitute, ReplaceAuthority, Resume, RotateLogKey, Suspend,
};
use crate::charter::Clause;
use crate::charter::roles::HeldBy;
use crate::digest::EventId;
use crate::effect::{self, Effect};
use crate::key::PublicKey;
use crate::limits::AUTHORITY_MAX;
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::Authority;
use crate::state::authority::{Proposal, ProposalChange, Proposed};
use crate::state::change::Change;
use crate::state::keys::KeyChange;
use crate::state::motions::MotionChange;
use crate::state::roster::{How, HowEnded, RosterChange};
use crate::time::Timestamp;

/// TOC-13: the authority appoints; it stands at the entry that completes the threshold.
pub(super) fn appoint(scene: &Scene<'_>, act: &Appoint) -> Changes {
    require_admission(scene, act)?;
    let Appoint { unit, role, person, until, basis: recommended, agreement, evidence: _ } = act.clone();
    let rules = scene.role(&unit, &role)?;
    let asks = rules.admission.as_ref().is_some_and(|admission| admission.recommended.is_some());
    let recommended = recommended.filter(|_| asks);
    if until.is_some() && rules.admission.is_none() && rules.terms.is_none() {
        let what = format!("`{role}` in `{unit}` has no term");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    }
    if until.is_some_and(|until| until <= scene.at()) {
        let (time, at) = (until.unwrap_or_default().to_string(), scene.at().to_string());
        let what = "a term ends in the future".to_owned();
        return Err(Reason::TimeUnfit { what, time, at }.under(&scene.role(&unit, &role)?.clause));
    }
    propose(scene, Proposed::Appoint { unit, role, person, until, recommended, agreement })
}

/// PAR-0, PAR-SRV1: what an appointment needs besides signatures, and whether it is all there.
fn require_admission(scene: &Scene<'_>, act: &Appoint) -> Result<(), Refusal> {
    let Appoint { unit, role, person, basis, agreement, evidence, until: _ } = act;
    let Some(admission) = &scene.role(unit, role)?.admission else { return Ok(()) };
    let lacks = |missing: &str, clause: &Clause| {
        Err(Reason::AdmissionLacks { role: role.to_string(), missing: missing.to_owned() }.under(clause))
    };
    match (&admission.recommended, basis) {
        (Some(clause), None) => return lacks("a resolution that recommends it, under `basis`", clause),
        (Some(_), Some(event)) => recommending(scene, event, (unit, role, person)).map(drop)?,
        (None, _) => {}
    }
    if let Some(clause) = admission.agreement.as_ref().filter(|_| agreement.is_none()) {
        return lacks("the digest of an agreement, under `agreement`", clause);
    }
    if let Some(clause) =
        admission.evidence.as_ref().filter(|_| evidence.iter().flatten().all(|text| text.as_str().trim().is_empty()))
    {
        return lacks("where the capability can be checked, under `evidence`", clause);
    }
    Ok(())
}

/// The resolution that recommends somebody for a role; it serves one admission.
fn recommending(
    scene: &Scene<'_>,
    event: &EventId,
    (unit, role, person): (&UnitId, &Name, &Handle),
) -> Result<EventId, Refusal> {
    let due = super::basis::entitled(scene, event)?;
    let recommended = matches!(&due.motion.effect, Effect::Recommend(effect)
        if effect.unit == *unit && effect.role == *role && effect.person == *person);
    if recommended { Ok(due.id) } else { Err(super::basis::other(event, &due.motion.effect)) }
}

/// PAR-0: the authority suspends a tenure, and ends the suspension.
pub(super) fn suspend(scene: &Scene<'_>, act: &Suspend) -> Changes {
    let Suspend { unit, role, person, reason: _ } = act.clone();
    propose(scene, Proposed::Suspend { unit, role, person })
}

/// PAR-0: the authority ends a suspension.
pub(super) fn resume(scene: &Scene<'_>, act: &Resume) -> Changes {
    let Resume { unit, role, person } = act.clone();
    propose(scene, Proposed::Resume { unit, role, person })
}

fn suspension(scene: &Scene<'_>, unit: &UnitId, role: &Name, person: &Handle, suspend: bool) -> Changes {
    let rules = scene.role(unit, role)?;
    let Some(clause) = rules.admission.as_ref().and_then(|admission| admission.ends.as_ref()) else {
        let what = format!("nobody suspends a `{role}` in `{unit}`");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    };
    let names = || (unit.to_string(), role.to_string(), person.to_string());
    let Some(tenure) = scene.state.roster().tenure_at(unit, role, person, scene.at()) else {
        let (unit, role, person) = names();
        return Err(Reason::NotHeld { unit, role, person }.under(clause));
    };
    let (unit_name, role_name, person_name) = names();
    match (suspend, &tenure.suspended) {
        (true, Some(_)) => {
            Err(Reason::Suspended { unit: unit_name, role: role_name, person: person_name }.under(clause))
        }
        (false, None) => {
            Err(Reason::NotSuspended { unit: unit_name, role: role_name, person: person_name }.under(clause))
        }
        (true, None) | (false, Some(_)) => {
            let cause = suspend.then(|| scene.cause.clone());
            let (unit, role, holder) = (unit.clone(), role.clone(), person.clone());
            Ok(vec![RosterChange::Suspended { unit, role, person: holder, cause }.into(), concerns(person)])
        }
    }
}

/// G18: the authority declares a body able to act.
pub(super) fn constitute(scene: &Scene<'_>, act: &Constitute) -> Changes {
    let Constitute { unit, members, left_out, basis } = act.clone();
    if let Some(event) = basis {
        return establish(scene, &event, &unit, &members);
    }
    propose(scene, Proposed::Constitute { unit, members, left_out: left_out.unwrap_or_default() })
}

/// PMC-16: another body declares a unit established; what it lists is at least the number that the charter asks for.
fn establish(scene: &Scene<'_>, event: &EventId, unit: &UnitId, members: &[Handle]) -> Changes {
    let due = super::basis::entitled(scene, event)?;
    if due.motion.effect != Effect::Constitute(effect::Constitute { unit: unit.clone() }) {
        return Err(super::basis::other(event, &due.motion.effect));
    }
    let kind = scene.kind(unit)?;
    if let Some(rules) = &kind.meeting
        && scene.state.roster().holders(unit, &rules.called_by, scene.at()).all(|(_, tenure)| tenure.is_asserted())
    {
        let what = format!("`{unit}` is established once it has a `{}`", rules.called_by);
        return Err(Reason::NoPath { what }.under(&rules.called_clause));
    }
    let mut changes = constitution(scene, unit, members, &[])?;
    changes.push(MotionChange::Applied { motion: due.id }.into());
    Ok(changes)
}

/// Makes a proposal of the authority; with a threshold of one it stands at once.
pub(super) fn propose(scene: &Scene<'_>, what: Proposed) -> Changes {
    scene.require_authority()?;
    require_disinterested(scene, &what)?;
    let effect = effect_of(scene, &what, None)?;
    let proposal = scene.cause.event;
    let complete = is_complete(scene, &what, &[scene.by()]);
    let mut changes: Vec<Change> = vec![ProposalChange::Proposed { what, signed: true }.into()];
    if complete {
        changes.push(ProposalChange::Stood { proposal }.into());
        changes.extend(effect);
    }
    Ok(changes)
}

/// Adds a signature to an act of the authority or to a petition.
pub(super) fn endorse(scene: &Scene<'_>, act: &Endorse) -> Changes {
    if scene.state.meetings().petition(&act.event).is_some() {
        return super::convening::endorse(scene, &act.event);
    }
    let amendment = scene.state.motions().get(&act.event).filter(|motion| matches!(motion.effect, Effect::Amend(_)));
    if let Some(motion) = amendment {
        return super::amendment::endorse(scene, &act.event, motion);
    }
    let Some(proposal) = scene.state.proposals().proposal(&act.event) else {
        return Err(not_endorsable(&act.event, "it is neither an act of the authority nor a petition"));
    };
    let newcomer = matches!(&proposal.what, Proposed::Replace { persons, .. } if persons.contains(scene.by()));
    if !newcomer {
        scene.require_authority()?;
    }
    require_disinterested(scene, &proposal.what)?;
    if proposal.withdrawn.is_some() {
        return Err(not_endorsable(&act.event, "it was withdrawn"));
    }
    if proposal.stood.is_some() {
        return Err(not_endorsable(&act.event, "it stands already"));
    }
    if proposal.signers.contains_key(scene.by()) {
        let (event, person) = (act.event.to_string(), scene.by().to_string());
        return Err(Reason::AlreadyEndorsed { event, person }.under(&scene.charter.authority().clause));
    }
    complete(scene, &act.event, proposal)
}

fn complete(scene: &Scene<'_>, event: &EventId, proposal: &Proposal) -> Changes {
    let mut changes: Vec<Change> = vec![ProposalChange::Signed { proposal: *event }.into()];
    let signers: Vec<&Handle> = proposal.signers.keys().chain(std::iter::once(scene.by())).collect();
    if is_complete(scene, &proposal.what, &signers) {
        changes.push(ProposalChange::Stood { proposal: *event }.into());
        changes.extend(effect_of(scene, &proposal.what, Some(*event))?);
    }
    Ok(changes)
}

/// The threshold of those who are in the authority now; its replacement needs that of the new one as well, as a new root of
/// trust is signed by the old one and by its own.
fn is_complete(scene: &Scene<'_>, what: &Proposed, signers: &[&Handle]) -> bool {
    let reached = |persons: &[Handle], threshold: u64| {
        let signed = persons.iter().filter(|person| signers.contains(person)).count();
        threshold <= u64::try_from(signed).unwrap_or(u64::MAX)
    };
    let Authority { persons, threshold } = scene.state.authority();
    let own = reached(persons, *threshold);
    if let Proposed::Replace { persons, threshold } = what { own && reached(persons, *threshold) } else { own }
}

/// Nobody of the authority rules on a key of their own.
fn require_disinterested(scene: &Scene<'_>, what: &Proposed) -> Result<(), Refusal> {
    let (Proposed::RebindKey { offer, person } | Proposed::SettleKey { offer, person, ruling: _ }) = what else {
        return Ok(());
    };
    if person == scene.by() { Err(not_endorsable(offer, "nobody rules on a key of their own")) } else { Ok(()) }
}

/// Names another authority; it stands once the thresholds of both have signed.
pub(super) fn replace(scene: &Scene<'_>, act: &ReplaceAuthority) -> Changes {
    propose(scene, Proposed::Replace { persons: act.authority.clone(), threshold: act.threshold })
}

fn succession(scene: &Scene<'_>, persons: &[Handle], threshold: u64) -> Changes {
    require_authority_shape(scene, persons, threshold)?;
    let authority = Authority { persons: persons.to_vec(), threshold };
    let mut changes = vec![Change::AuthorityReplaced { authority }];
    changes.extend(persons.iter().map(concerns));
    Ok(changes)
}

/// Has another key sign the heads.
pub(super) fn rotate_log_key(scene: &Scene<'_>, act: &RotateLogKey) -> Changes {
    propose(scene, Proposed::RotateLogKey { key: act.log_key.clone(), after: act.after })
}

/// A log key is used once. Where it takes over from an operator who does not hand over, nothing stands between the head
/// that its proposal has seen and its standing but the authority's own signatures: the rest is void.
fn log_key(scene: &Scene<'_>, key: &PublicKey, after: Option<u64>, basis: Option<EventId>) -> Changes {
    let known = scene.state.log_keys().iter().any(|known| known.key == *key);
    if known || key.application().is_some() || scene.state.keys().holder(key).is_some() {
        return Err(Reason::LogKeyUsed { key: key.to_string() }.by_format("log-key"));
    }
    let proposal = basis.unwrap_or(scene.cause.event);
    if let Some(after) = after {
        let (entry, signed) = match scene.state.proposals().proposal(&proposal) {
            Some(proposal) => (proposal.cause.entry, proposal.signers.len()),
            None => (scene.cause.entry, 0),
        };
        let between = scene.cause.entry.saturating_sub(entry);
        let seen = if basis.is_none() { scene.event.header().seen.size } else { after };
        if entry != after || seen != after || between != u64::try_from(signed).unwrap_or(u64::MAX) {
            return Err(Reason::NotAtOnce { after, entry: scene.cause.entry }.by_format("log-key"));
        }
    }
    Ok(vec![Change::LogKeyRotated { key: key.clone(), proposal, after }])
}

/// Distinct persons who are enrolled, and a threshold among them.
fn require_authority_shape(scene: &Scene<'_>, persons: &[Handle], threshold: u64) -> Result<(), Refusal> {
    let distinct: std::collections::BTreeSet<_> = persons.iter().collect();
    let count = u64::try_from(distinct.len()).unwrap_or(u64::MAX);
    if distinct.len() != persons.len() || threshold == 0 || count < threshold || AUTHORITY_MAX < count {
        let what = "the new authority needs distinct persons and a threshold among them".to_owned();
        return Err(Reason::NoPath { what }.under(&scene.charter.authority().clause));
    }
    persons.iter().try_for_each(|person| scene.require_enrolled(person))
}

fn not_endorsable(event: &EventId, why: &str) -> Refusal {
    Reason::NotEndorsable { event: event.to_string(), why: why.to_owned() }.by_format("authority")
}

/// What an act of the authority changes when it stands now.
fn effect_of(scene: &Scene<'_>, what: &Proposed, basis: Option<EventId>) -> Changes {
    match what {
        Proposed::Appoint { unit, role, person, until, recommended, agreement: _ } => {
            let mut changes = appointment(scene, unit, role, person, basis, *until)?;
            if let Some(event) = recommended {
                let motion = recommending(scene, event, (unit, role, person))?;
                changes.push(MotionChange::Applied { motion }.into());
            }
            Ok(changes)
        }
        Proposed::Suspend { unit, role, person } => suspension(scene, unit, role, person, true),
        Proposed::Resume { unit, role, person } => suspension(scene, unit, role, person, false),
        Proposed::End { unit, role, person } => {
            let own = scene.role(unit, role)?.admission.as_ref().and_then(|admission| admission.ends.as_ref());
            let Some(clause) = own.or(scene.charter.authority().ends.as_ref()) else {
                return Err(never_removes(scene));
            };
            roles::ending(
                scene,
                unit,
                role,
                person,
                &roles::End { how: HowEnded::Ended, to: scene.at(), basis, clause },
            )
        }
        Proposed::Constitute { unit, members, left_out } => {
            // G18: an imported body is declared able to act by the authority, whoever establishes the ones founded here.
            let asserted = scene.unit(unit)?.lives.last().is_some_and(|life| life.asserted);
            if scene.kind(unit)?.constituted_by_decision && !asserted {
                let what = format!("`{unit}` is established by resolution");
                return Err(Reason::NoPath { what }.under(&scene.kind(unit)?.clause));
            }
            constitution(scene, unit, members, left_out)
        }
        Proposed::Answer { motion } => answering(scene, motion),
        Proposed::FoundUnit { unit, kind, parent } => {
            let rules = scene.kind_named(kind)?;
            units::by_authority(rules)?;
            units::founding(scene, unit, kind, parent.as_ref())
        }
        Proposed::DissolveUnit { unit } => {
            units::by_authority(scene.kind(unit)?)?;
            units::dissolution(scene, unit, None, None)
        }
        Proposed::BindKey { person, key } => binding(scene, person, key),
        Proposed::Erase { digest } => super::attachments::erased(scene, *digest),
        Proposed::ReleaseAccount { account } => super::accounts::released(scene, account),
        Proposed::EnrolPeople { people, keys, names } => super::people::enrolling(scene, people, keys, names),
        Proposed::RebindKey { offer, person: _ } => super::keys::vouched(scene, offer),
        Proposed::SettleKey { offer, person: _, ruling } => super::keys::settlement(scene, offer, *ruling),
        Proposed::Replace { persons, threshold } => succession(scene, persons, *threshold),
        Proposed::RotateLogKey { key, after } => log_key(scene, key, *after, basis),
        Proposed::NameWitnesses { policy } => super::witnessing::named(policy),
    }
}

/// G3: the authority appoints and never removes, unless its charter says otherwise.
fn never_removes(scene: &Scene<'_>) -> Refusal {
    let what = "the authority ends no roles".to_owned();
    Reason::NoPath { what }.under(&scene.charter.authority().clause)
}

fn appointment(
    scene: &Scene<'_>,
    unit: &UnitId,
    role: &Name,
    person: &Handle,
    basis: Option<EventId>,
    until: Option<Timestamp>,
) -> Changes {
    let rules = scene.role(unit, role)?;
    let Some(clause) = &rules.appointed else {
        let what = format!("the authority does not appoint `{role}` in `{unit}`");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    };
    if rules.held_by == HeldBy::People {
        scene.require_enrolled(person)?;
    }
    super::basis::require_none_due(scene, unit)?;
    let appointed = Beginning { how: How::Appointed, basis, clause, until };
    let mut changes = roles::beginning(scene, unit, role, person, &appointed)?;
    changes.push(concerns(person));
    Ok(changes)
}

fn constitution(scene: &Scene<'_>, unit: &UnitId, members: &[Handle], left_out: &[Handle]) -> Changes {
    let kind = scene.kind(unit)?;
    let (Some(rule), Some(role)) = (&kind.constitute, &kind.electors) else {
        let what = format!("`{unit}` needs no constitution");
        return Err(Reason::NoPath { what }.under(&kind.clause));
    };
    let unit_name = || unit.to_string();
    if scene.unit(unit)?.constituted.is_some() {
        return Err(Reason::AlreadyConstituted { unit: unit_name() }.under(&rule.clause));
    }
    for person in members {
        if scene.holds(unit, role, person).is_none() {
            let (role, person) = (role.to_string(), person.to_string());
            return Err(Reason::NotInOffice { unit: unit_name(), role, person }.under(&rule.clause));
        }
    }
    let distinct: std::collections::BTreeSet<_> = members.iter().collect();
    let listed = u64::try_from(distinct.len()).unwrap_or(u64::MAX);
    if listed < rule.value {
        return Err(Reason::TooFewMembers { unit: unit_name(), listed, needed: rule.value }.under(&rule.clause));
    }
    require_left_out(scene, unit, role, left_out, &rule.clause)?;
    Ok(vec![RosterChange::Constituted { unit: unit.clone(), cause: scene.cause.clone() }.into()])
}

/// G18: the constitution names every asserted holder whom it leaves out.
fn require_left_out(
    scene: &Scene<'_>,
    unit: &UnitId,
    role: &Name,
    left_out: &[Handle],
    clause: &Clause,
) -> Result<(), Refusal> {
    let mut asserted = scene.state.roster().holders(unit, role, scene.at()).filter(|(_, tenure)| tenure.is_asserted());
    match asserted.find(|(person, _)| !left_out.contains(person)) {
        Some((person, _)) => {
            Err(Reason::LeftOutMissing { unit: unit.to_string(), person: person.to_string() }.under(clause))
        }
        None => Ok(()),
    }
}

/// G18: only the authority, or an account's proof, binds a key to a person whom an import named.
fn binding(scene: &Scene<'_>, person: &Handle, key: &PublicKey) -> Changes {
    super::keys::require_fresh(scene, person, key)?;
    if scene.state.is_enrolled(person) {
        return Err(Reason::HandleTaken { person: person.to_string() }.by_format("author"));
    }
    Ok(vec![KeyChange::Bound { person: person.clone(), key: key.clone() }.into(), concerns(person)])
}

/// G3: the authority answers what a body has addressed to it, with its threshold, and so keeps its office.
pub(super) fn answer(scene: &Scene<'_>, act: &Answer) -> Changes {
    propose(scene, Proposed::Answer { motion: act.motion })
}

fn answering(scene: &Scene<'_>, motion: &EventId) -> Changes {
    let addressed = scene.state.motions().get(motion).filter(|m| matches!(m.effect, Effect::Address(_)));
    let why = match addressed {
        None => "it is no motion that addresses the authority",
        Some(addressed) if addressed.answered.is_some() => "it has been answered",
        Some(_) => return Ok(vec![MotionChange::Answered { motion: *motion }.into()]),
    };
    let (event, why) = (motion.to_string(), why.to_owned());
    Err(Reason::NotOpenTo { act: "answer".to_owned(), event, why }.under(&scene.charter.authority().clause))
}

/// G3: a body whose address the authority left unanswered for the stated days may replace it.
pub(super) fn reconstitute(scene: &Scene<'_>, act: &Reconstitute) -> Changes {
    let due = super::basis::entitled(scene, &act.basis)?;
    let Effect::Reconstitute(effect) = &due.motion.effect else {
        return Err(super::basis::other(&act.basis, &due.motion.effect));
    };
    require_replaceable(scene, effect)?;
    let authority = Authority { persons: effect.authority.clone(), threshold: effect.threshold };
    Ok(vec![Change::AuthorityReplaced { authority }, MotionChange::Applied { motion: due.id }.into()])
}

/// The conditions under which an authority may be replaced.
pub(super) fn require_replaceable(scene: &Scene<'_>, effect: &effect::Reconstitute) -> Result<(), Refusal> {
    let rules = scene.charter.authority();
    let no = |what: String| Err(Reason::NoPath { what }.under(&rules.clause));
    let Some(days) = rules.unanswered_days else { return no("the authority cannot be replaced".to_owned()) };
    require_authority_shape(scene, &effect.authority, effect.threshold)?;
    let Some((motion, vote)) = scene.state.motions().voted(&effect.address) else {
        return no("the address named has not been resolved".to_owned());
    };
    let outcome = super::basis::outcome(scene.state, motion, vote, scene.at());
    if outcome != Some(Outcome::Passed) || !matches!(motion.effect, Effect::Address(_)) {
        return no("the address named is no resolution addressed to the authority".to_owned());
    }
    if let Some(answer) = &motion.answered {
        return no(format!("the authority answered on {}", answer.at));
    }
    let waited = scene.charter.days_between(vote.closes, scene.at());
    if waited < i64::try_from(days).unwrap_or(i64::MAX) {
        return no(format!("the authority has had {waited} days to answer, needed: {days}"));
    }
    Ok(())
}
