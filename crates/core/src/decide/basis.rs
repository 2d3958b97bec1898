//! What a passed motion entitles to, and the rule that it cannot be withheld (clauses section 9, trap D11).
//!
//! An outcome is computed from the pinned electorate and the ballots, whether or not anybody has recorded it; a role
//! change is due once the vote is decided and its meeting has ended, and until it is entered its body cannot act.

use std::collections::BTreeMap;

use super::Scene;
use super::kin::is_seated;
use crate::act::Outcome;
use crate::charter::{Charter, Clause, Decision, Subject};
use crate::digest::EventId;
use crate::effect::{Effect, EndRole, GrantRole, RoleChange};
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::authority::Nomination;
use crate::state::motions::{Motion, Vote};
use crate::state::roster::Tenure;
use crate::state::{Cause, State};
use crate::time::Timestamp;

/// A motion that passed, is in effect and has not been applied.
pub(crate) struct Due<'a> {
    pub(crate) id: EventId,
    pub(crate) motion: &'a Motion,
    pub(crate) vote: &'a Vote,
}

/// The decision rule that governs a motion: that of the charter it was put under, whatever is in force now (trap D4).
#[must_use]
pub fn decision_of<'a>(state: &'a State, motion: &Motion) -> Option<&'a Decision> {
    let kind = state.charter_of(&motion.charter)?.kind(&state.roster().unit(&motion.unit)?.kind)?;
    kind.decisions.iter().find(|decision| decision.name == motion.decision)
}

/// The subject of a decision rule under which a motion falls.
#[must_use]
pub fn subject_of<'a>(decision: &'a Decision, motion: &Motion) -> Option<&'a Subject> {
    decision.decides.get(usize::try_from(motion.subject).ok()?)
}

/// Tells whether a subject covers an effect, candidates and phases aside.
pub(super) fn matches(state: &State, subject: &Subject, effect: &Effect) -> bool {
    let kind_of = |unit: &UnitId| state.roster().unit(unit).map(|unit| unit.kind.clone());
    // A unit that the same meeting is about to found has no kind yet: its id's prefix tells.
    let kind_to_be = |unit: &UnitId| kind_of(unit).or_else(|| unit.prefix().parse().ok());
    let role = effect.role_change().map(|change| change.role);
    let (kind, role, topic): (Option<Name>, Option<&Name>, Option<&Name>) = match effect {
        Effect::GrantRole(GrantRole { unit, .. }) | Effect::EndRole(EndRole { unit, .. }) => {
            (kind_to_be(unit), role, None)
        }
        Effect::Recommend(effect) => (kind_to_be(&effect.unit), Some(&effect.role), None),
        Effect::Found(found) => (super::units::kind_of(found).ok(), None, None),
        Effect::Dissolve(effect) => (kind_of(&effect.unit), None, None),
        Effect::Merge(effect) => (kind_of(&effect.unit), None, None),
        Effect::Constitute(effect) => (kind_to_be(&effect.unit), None, None),
        Effect::Resolve(effect) => (None, None, effect.topic.as_ref()),
        Effect::Address(_) | Effect::Reconstitute(_) | Effect::OneHuman(_) | Effect::Amend(_) => (None, None, None),
    };
    let same_role = subject.role.as_ref() == role || subject.role.as_ref().is_some_and(|any| any.as_str() == "*");
    subject.effect == effect.tag() && subject.kind == kind && same_role && subject.topic.as_ref() == topic
}

/// The outcome of a motion's vote, if it is decided by `now`.
#[must_use]
pub fn outcome(state: &State, motion: &Motion, vote: &Vote, now: Timestamp) -> Option<Outcome> {
    result(state, motion, vote, now).map(|(outcome, _)| outcome)
}

/// The outcome with the approvals behind it.
fn result(state: &State, motion: &Motion, vote: &Vote, now: Timestamp) -> Option<(Outcome, u64)> {
    let decision = decision_of(state, motion)?;
    decided_at(state, motion, vote, now)?;
    let tally = vote.tally();
    Some((tally.outcome(decision), tally.approvals))
}

/// When a vote was decided, if it is by `now`: whatever came first of its outcome's recording, the end of the meeting once
/// every pinned elector had balloted, and the end of its time. A later recording moves nothing.
#[must_use]
pub fn decided_at(state: &State, motion: &Motion, vote: &Vote, now: Timestamp) -> Option<Timestamp> {
    if vote.cancelled.is_some() {
        return None;
    }
    let recorded = vote.closed.as_ref().map(|cause| cause.at);
    let ran_out = (vote.closes < now).then_some(vote.closes);
    let known = [recorded, ran_out].into_iter().flatten().min();
    let meeting = motion.meeting.as_ref().and_then(|meeting| state.meetings().get(meeting));
    let ended = meeting.and_then(|meeting| meeting.ended(now));
    // Ballots are looked at only where they make a difference.
    let earlier = ended.filter(|ended| known.is_none_or(|known| *ended < known) && vote.is_complete());
    earlier.or(known)
}

/// Tells whether ballots in a vote can still change its outcome.
#[must_use]
pub fn is_open(state: &State, vote: &Vote, now: Timestamp) -> bool {
    let motion = state.motions().get(&vote.motion);
    vote.cancelled.is_none() && motion.is_some_and(|motion| decided_at(state, motion, vote, now).is_none())
}

/// When the effect of a motion starts, if that lies in the past: at the end of its meeting, or, outside meetings, when
/// its vote is decided. Else the latest instant at which it may.
pub(super) fn effective(state: &State, motion: &Motion, vote: &Vote, now: Timestamp) -> Result<Timestamp, Timestamp> {
    match motion.meeting.as_ref().and_then(|meeting| state.meetings().get(meeting)) {
        Some(meeting) => meeting.ended(now).ok_or(meeting.ends_by),
        None => decided_at(state, motion, vote, now).ok_or(vote.closes),
    }
}

/// The motion behind a basis, which must have passed, taken effect, and been neither applied nor superseded.
pub(super) fn entitled<'a>(scene: &Scene<'a>, basis: &EventId) -> Result<Due<'a>, Refusal> {
    let shown = || basis.to_string();
    let motions = scene.state.motions();
    let none = || Reason::NotABasis { basis: shown() }.by_format("basis");
    let id = motions.motion_of(basis).ok_or_else(none)?;
    let not_passed = |why: &str| Reason::BasisNotPassed { basis: shown(), why: why.to_owned() }.by_format("basis");
    let (motion, vote) = motions.voted(&id).ok_or_else(|| not_passed("no vote on it was opened"))?;
    match outcome(scene.state, motion, vote, scene.at()) {
        Some(Outcome::Passed) => {}
        Some(Outcome::Failed) => return Err(not_passed("it failed")),
        None => return Err(not_passed("its vote is still open")),
    }
    if let Some(event) = &motion.applied {
        return Err(Reason::BasisUsed { basis: shown(), event: event.to_string() }.by_format("basis"));
    }
    let clause = decision_of(scene.state, motion).map(|decision| decision.clause.clone());
    let clause = clause.unwrap_or_else(|| Clause::new("format/basis"));
    if let Some((by, clause)) = superseded(scene.state, &id, motion, scene.at()) {
        return Err(Reason::Superseded { motion: id.to_string(), by: by.to_string() }.under(&clause));
    }
    if let Err(latest) = effective(scene.state, motion, vote, scene.at()) {
        return Err(Reason::BasisNotDue { basis: shown(), effective: latest.to_string() }.under(&clause));
    }
    Ok(Due { id, motion, vote })
}

/// The motion that supersedes this one, with the clause by which it does: a ruling on it that has passed and is in effect
/// (TOC-4), or the first to pass of motions that exclude each other (trap D5).
#[must_use]
pub fn superseded(state: &State, id: &EventId, motion: &Motion, now: Timestamp) -> Option<(EventId, Clause)> {
    let order = |motion: &Motion, vote: &Vote| {
        let at = decided_at(state, motion, vote, now)?;
        // Of two decided at one instant, the one recorded first is first; one that ran out counts from its opening.
        let meeting = motion.meeting.as_ref().and_then(|meeting| state.meetings().get(meeting));
        let adjourned = meeting.and_then(|meeting| meeting.adjourned.as_ref()).map_or(u64::MAX, |cause| cause.entry);
        let in_time = |closed: &&Cause| closed.at <= vote.closes && closed.at == at && closed.entry < adjourned;
        let recorded = vote.closed.as_ref().filter(in_time);
        Some((at, recorded.map_or(vote.cause.entry, |closed| closed.entry)))
    };
    let own = motion.vote.as_ref().and_then(|vote| state.motions().vote(vote)).and_then(|vote| order(motion, vote));
    state.motions().bearing_on(id, motion).find_map(|(other_id, other)| {
        if other_id == id {
            return None;
        }
        let excludes = other.conflicts.contains(id) || motion.conflicts.contains(other_id);
        let rules_on_it = rules_on(other, id);
        if !excludes && !rules_on_it {
            return None;
        }
        let vote = state.motions().vote(other.vote.as_ref()?)?;
        let passed = outcome(state, other, vote, now) == Some(Outcome::Passed);
        let first = motion.applied.is_none() && (own.is_none() || other.applied.is_some() || order(other, vote) < own);
        let stands = passed && if rules_on_it { effective(state, other, vote, now).is_ok() } else { first };
        let clause = decision_of(state, other)
            .and_then(|decision| subject_of(decision, other).map(|subject| subject.clause.clone()));
        stands.then(|| (*other_id, clause.unwrap_or_else(|| Clause::new("format/conflicts"))))
    })
}

/// Tells whether a motion is to supersede a decision (TOC-4).
fn rules_on(motion: &Motion, decision: &EventId) -> bool {
    matches!(&motion.effect, Effect::Resolve(effect) if effect.supersedes.as_ref() == Some(decision))
}

/// The clause that entitles.
pub(super) fn clause_of(scene: &Scene<'_>, due: &Due<'_>) -> Clause {
    let decision = decision_of(scene.state, due.motion);
    let subject = decision.and_then(|decision| subject_of(decision, due.motion));
    let clause = subject.map(|subject| &subject.clause).or(decision.map(|decision| &decision.clause));
    clause.cloned().unwrap_or_else(|| Clause::new("format/basis"))
}

/// The basis entitles to something else than what was entered.
pub(super) fn other(basis: &EventId, entitles: &Effect) -> Refusal {
    Reason::BasisOther { basis: basis.to_string(), entitles: words(entitles) }.by_format("basis")
}

/// An effect in words.
#[must_use]
pub fn words(effect: &Effect) -> String {
    match effect {
        Effect::Resolve(effect) => match &effect.topic {
            Some(topic) => format!("resolve ({topic}): {}", effect.text.as_str()),
            None => format!("resolve: {}", effect.text.as_str()),
        },
        Effect::GrantRole(effect) => format!("grant `{}` in `{}` to `{}`", effect.role, effect.unit, effect.person),
        Effect::EndRole(effect) => format!("end `{}` in `{}` of `{}`", effect.role, effect.unit, effect.person),
        Effect::Found(effect) => format!("found `{}`", effect.unit),
        Effect::Dissolve(effect) => format!("dissolve `{}`", effect.unit),
        Effect::Merge(effect) => format!("merge `{}` into `{}`", effect.unit, effect.into),
        Effect::Constitute(effect) => format!("declare `{}` established", effect.unit),
        Effect::Address(effect) => format!("address the authority: {}", effect.text.as_str()),
        Effect::Reconstitute(effect) => {
            let persons: Vec<_> = effect.authority.iter().map(ToString::to_string).collect();
            format!("replace the authority by {}, threshold {}", persons.join(", "), effect.threshold)
        }
        Effect::Recommend(effect) => {
            format!("recommend `{}` for `{}` in `{}`", effect.person, effect.role, effect.unit)
        }
        Effect::OneHuman(effect) => {
            let persons: Vec<_> = effect.persons.iter().map(ToString::to_string).collect();
            format!("rule that {} are one human", persons.join(" and "))
        }
        Effect::Amend(effect) => format!("amend the charter to the text {}", effect.charter_digest),
    }
}

/// PMC-15: of several candidates whom one meeting elected to a single seat, the one with most approvals wins; a tie needs
/// a run-off. A candidate's last vote counts.
pub(super) fn require_won(scene: &Scene<'_>, due: &Due<'_>) -> Result<(), Refusal> {
    match contest(scene.state, due, scene.at()) {
        Contest::Won => Ok(()),
        Contest::Lost(reason) => Err(reason.under(&clause_of(scene, due))),
    }
}

enum Contest {
    Won,
    Lost(Reason),
}

/// What one meeting decided about a single seat: the grant of this motion, and every motion there with its own, this one among them.
fn election<'a>(
    state: &'a State,
    motion: &'a Motion,
) -> Option<(&'a GrantRole, impl Iterator<Item = (&'a EventId, &'a Motion, &'a GrantRole)>)> {
    let (Effect::GrantRole(grant), Some(meeting)) = (&motion.effect, &motion.meeting) else { return None };
    let charter = state.charter_of(&motion.charter);
    let seat = state.roster().unit(&grant.unit).and_then(|unit| charter?.kind(&unit.kind)?.role(&grant.role))?;
    let all = state.motions().of_meeting(meeting).filter_map(|(id, motion)| {
        let Effect::GrantRole(grant) = &motion.effect else { return None };
        Some((id, motion, grant))
    });
    let same_seat = all.filter(|(_, _, other)| other.unit == grant.unit && other.role == grant.role);
    (seat.at_most == Some(1)).then_some((grant, same_seat))
}

/// The motions that lost to one whose grant is entered, for good unless a later ruling takes the winner out (TOC-4): no ballot of
/// either vote changes any more, and the winner is the last motion about its person.
pub(super) fn outvoted(state: &State, winner: &Due<'_>) -> Vec<EventId> {
    let motions = state.motions();
    let Some((won, rivals)) = election(state, winner.motion) else { return Vec::new() };
    let voted = rivals.filter_map(|(id, rival, grant)| Some((id, rival, grant, motions.voted(id)?.1)));
    let rivals: Vec<_> = voted.filter(|(id, ..)| **id != winner.id).collect();
    let is_own = |grant: &GrantRole| grant.person == won.person;
    let order = |id: &EventId, vote: &Vote| (vote.cause.entry, *id);
    let last = order(&winner.id, winner.vote);
    let has_later = rivals.iter().any(|(id, _, grant, vote)| is_own(grant) && last < order(id, vote));
    let is_ruled_on = motions.bearing_on(&winner.id, winner.motion).any(|(_, other)| rules_on(other, &winner.id));
    if winner.vote.closed.is_none() || has_later || is_ruled_on {
        return Vec::new();
    }
    let approvals = winner.vote.tally().approvals;
    let lost = rivals.into_iter().filter(|(id, rival, grant, vote)| {
        motions.is_pending(&won.unit, id)
            && rival.charter == winner.motion.charter
            && vote.closed.is_some()
            && (is_own(grant) || vote.tally().approvals < approvals)
    });
    lost.map(|(id, ..)| *id).collect()
}

fn contest(state: &State, due: &Due<'_>, now: Timestamp) -> Contest {
    let Some((grant, rivals)) = election(state, due.motion) else { return Contest::Won };
    let mut last = BTreeMap::new();
    for (id, rival, other) in rivals {
        if rival.withdrawn.is_some() || superseded(state, id, rival, now).is_some() {
            continue;
        }
        let Some((_, vote)) = state.motions().voted(id) else { continue };
        if let Some((outcome, approvals)) = result(state, rival, vote, now) {
            let newest = (vote.cause.entry, *id, outcome, approvals);
            let entry = last.entry(&other.person).or_insert(newest);
            *entry = newest.max(*entry);
        }
    }
    let own = last.get(&grant.person).copied();
    let approvals = due.vote.tally().approvals;
    if own.is_none_or(|(_, id, _, _)| id != due.id) {
        let best = own.map_or(0, |(_, _, _, approvals)| approvals);
        return Contest::Lost(Reason::ContestLost { person: grant.person.to_string(), approvals, best });
    }
    let rivals = last.iter().filter(|(person, _)| **person != &grant.person);
    let best = rivals.filter(|(_, (_, _, o, _))| *o == Outcome::Passed).map(|(_, (_, _, _, y))| *y).max();
    match best {
        Some(best) if approvals < best => {
            Contest::Lost(Reason::ContestLost { person: grant.person.to_string(), approvals, best })
        }
        Some(best) if approvals == best => Contest::Lost(Reason::ContestTied { approvals }),
        Some(_) | None => Contest::Won,
    }
}

/// A role change that is due: what entitles to it, and the change.
#[derive(Clone, Copy, Debug)]
pub struct DueChange<'a> {
    /// The motion or entitlement.
    pub basis: EventId,
    /// The change.
    pub change: RoleChange<'a>,
}

/// The first role change in `unit` that a passed motion makes due and nobody has entered.
#[must_use]
pub fn first_due<'a>(state: &'a State, charter: &Charter, unit: &UnitId, now: Timestamp) -> Option<DueChange<'a>> {
    state.roster().unit(unit).filter(|unit| unit.is_alive())?;
    state.motions().pending(unit).find_map(|(id, motion)| {
        let (_, vote) = state.motions().voted(id)?;
        let due = Due { id: *id, motion, vote };
        // What is told at once comes first: while a meeting lasts nothing that it decided is in effect, and what has been overtaken
        // is never due again.
        let live = effective(state, motion, vote, now).is_ok()
            && overtaken(state, motion, vote, now).is_none()
            && outcome(state, motion, vote, now) == Some(Outcome::Passed)
            && is_enterable(state, charter, motion, now)
            && superseded(state, id, motion, now).is_none()
            && matches!(contest(state, &due, now), Contest::Won);
        live.then_some(DueChange { basis: *id, change: motion.effect.role_change()? })
    })
}

/// Why an effect entitles to nothing any more, for good: a grant, when the person has held the role since it took effect;
/// an end, when the tenure that was voted on has ended, whatever came after it (trap C18).
fn overtaken(state: &State, motion: &Motion, vote: &Vote, now: Timestamp) -> Option<&'static str> {
    let RoleChange { verb, unit, role, person } = motion.effect.role_change()?;
    if is_of_former_life(state, unit, vote.cause.entry) {
        return Some("the unit has been dissolved since");
    }
    let candidacy = motion.nomination.as_ref().and_then(|event| state.proposals().nomination(event));
    if let Some(why) = candidacy.and_then(|candidacy| lapsed(state, motion, vote, candidacy, now)) {
        return Some(why);
    }
    let below = decision_of(state, motion).and_then(|decision| subject_of(decision, motion)).and_then(|s| s.below);
    if let Some(below) = below.filter(|_| verb == "grant") {
        // Once enough have held the role together, the rule for beginnings has done its work for good.
        let since = effective(state, motion, vote, now).unwrap_or(now);
        if below <= held_together(state, unit, role, since) {
            return Some("enough have held the role since it took effect");
        }
    }
    if verb == "grant" {
        let since = effective(state, motion, vote, now).unwrap_or(now);
        if left_base(state, motion, (unit, role, person), vote) {
            return Some("the person has left the role that it needs");
        }
        let held = state.roster().tenures_of(unit, role, person).iter().any(|t| t.to.is_none_or(|to| since < to));
        return held.then_some("the person has held the role since it took effect");
    }
    let held = state.roster().tenure_at(unit, role, person, now);
    let same = held.is_some_and(|tenure| tenure.begun.entry < vote.cause.entry);
    (!same).then_some("the tenure that was voted on has ended")
}

/// Why the nomination or application that a motion rests on carries it no more: a nominator can take it back until the
/// decision and an applicant until the grant (trap C13), it seats somebody once (trap C18), and an applicant holds the role
/// that it needs until the decision (PMC-19).
fn lapsed(state: &State, motion: &Motion, vote: &Vote, candidacy: &Nomination, now: Timestamp) -> Option<&'static str> {
    if candidacy.applied && candidacy.withdrawn.is_some() {
        return Some("the applicant has withdrawn");
    }
    if candidacy.withdrawn.as_ref().is_some_and(|withdrawn| is_before_decision(state, motion, vote, withdrawn, now)) {
        return Some("the nomination was withdrawn before the decision");
    }
    if candidacy.spent.is_some_and(|event| motion.applied != Some(event)) {
        return Some("the nomination or application has led to the role already");
    }
    if !candidacy.applied {
        return None;
    }
    let decided = decided_at(state, motion, vote, now)?;
    let charter = state.charter_of(&motion.charter)?;
    let rules = charter.kind(&state.roster().unit(&candidacy.unit)?.kind)?.role(&candidacy.role)?;
    let mut seats = rules.applicants.iter().map(|applicant| &applicant.seat);
    let held = seats.any(|seat| is_seated(state, &candidacy.unit, seat, &candidacy.person, decided));
    (!held).then_some("the applicant did not hold the role that it needs when it was decided")
}

/// Tells whether something happened before a motion was decided; at one instant the log's order tells.
fn is_before_decision(state: &State, motion: &Motion, vote: &Vote, cause: &Cause, now: Timestamp) -> bool {
    let Some(decided) = decided_at(state, motion, vote, now) else { return true };
    let recorded = vote.closed.as_ref().filter(|closed| closed.at == decided);
    cause.at < decided || cause.at == decided && recorded.is_none_or(|closed| cause.entry < closed.entry)
}

/// The most people who have held a role at one instant since another.
fn held_together(state: &State, unit: &UnitId, role: &Name, since: Timestamp) -> u64 {
    let of_role = state.roster().ever(unit, role);
    let tenures: Vec<&Tenure> = of_role.flat_map(|(_, tenures)| tenures).filter(|t| !t.is_asserted()).collect();
    // Two tenures within one instant are told apart by the log's order.
    let begun = |tenure: &Tenure| (tenure.from, tenure.begun.entry);
    let ended =
        |tenure: &Tenure| tenure.to.map(|to| (to, tenure.ended.as_ref().map_or(u64::MAX, |ending| ending.cause.entry)));
    let moments = tenures.iter().map(|tenure| begun(tenure)).filter(|(at, _)| since < *at).chain([(since, u64::MAX)]);
    let held = |moment: (Timestamp, u64)| {
        let holds = |tenure: &&&Tenure| begun(tenure) <= moment && ended(tenure).is_none_or(|ended| moment < ended);
        super::meeting::count(tenures.iter().filter(holds).count())
    };
    moments.map(held).max().unwrap_or_default()
}

/// Tells whether an entry belongs to a life of the unit that has ended: what it entitled to ended with it.
pub(super) fn is_of_former_life(state: &State, unit: &UnitId, entry: u64) -> bool {
    let lives = state.roster().unit(unit).into_iter().flat_map(|unit| &unit.lives);
    lives.filter_map(|life| life.dissolved.as_ref()).any(|(_, cause)| entry < cause.entry)
}

/// Tells whether the person held, when the vote opened, the role that the granted one implies, and has left it since.
fn left_base(state: &State, motion: &Motion, (unit, role, person): (&UnitId, &Name, &Handle), vote: &Vote) -> bool {
    let kind = state.charter_of(&motion.charter).and_then(|charter| charter.kind(&state.roster().unit(unit)?.kind));
    let Some(implied) = kind.and_then(|kind| kind.role(role)?.implies.as_ref()) else { return false };
    let held = state.roster().tenure_at(unit, implied, person, vote.cause.at);
    held.is_some_and(|tenure| tenure.ended.is_some())
}

/// The basis has not been overtaken by what happened since.
pub(super) fn require_live(scene: &Scene<'_>, basis: &EventId, due: &Due<'_>) -> Result<(), Refusal> {
    match overtaken(scene.state, due.motion, due.vote, scene.at()) {
        Some(why) => Err(Reason::BasisMoot { basis: basis.to_string(), why: why.to_owned() }.by_format("basis")),
        None => Ok(()),
    }
}

/// Trap C14: where the motion rests on a nomination, the nominee has accepted it.
pub(super) fn require_accepted(scene: &Scene<'_>, due: &Due<'_>) -> Result<(), Refusal> {
    match waits_for(scene.state, due.motion) {
        Some((nomination, person)) => {
            let (person, nomination) = (person.to_string(), nomination.to_string());
            Err(Reason::NotAccepted { person, nomination }.under(&clause_of(scene, due)))
        }
        None => Ok(()),
    }
}

/// The nomination, with its nominee, whose acceptance a motion's effect waits for. Whoever applied has accepted.
fn waits_for<'a>(state: &'a State, motion: &Motion) -> Option<(EventId, &'a Handle)> {
    let event = motion.nomination?;
    let nomination = state.proposals().nomination(&event)?;
    (!nomination.applied && nomination.accepted.is_none()).then_some((event, &nomination.person))
}

/// Tells whether a passed role effect that has not been overtaken can be entered now by anybody.
fn is_enterable(state: &State, charter: &Charter, motion: &Motion, now: Timestamp) -> bool {
    let Some(RoleChange { verb, unit, role, person }) = motion.effect.role_change() else { return false };
    let enterable = verb == "end" || {
        let below = decision_of(state, motion).and_then(|decision| subject_of(decision, motion)).and_then(|s| s.below);
        let held = || state.roster().holders(unit, role, now).filter(|(_, tenure)| !tenure.is_asserted()).count();
        state.is_enrolled(person)
            && below.is_none_or(|below| super::meeting::count(held()) < below)
            && super::seats::fault(state, charter, (unit, role, person), now).is_none()
    };
    enterable && waits_for(state, motion).is_none()
}

/// Until a due role change is entered, its body accepts no opening, check-in, vote or role act.
pub(super) fn require_none_due(scene: &Scene<'_>, unit: &UnitId) -> Result<(), Refusal> {
    let Some(due) = first_due(scene.state, scene.charter, unit, scene.at()) else { return Ok(()) };
    let RoleChange { verb, unit, role, person } = due.change;
    let (unit, basis, role, person) = (unit.to_string(), due.basis.to_string(), role.to_string(), person.to_string());
    Err(Reason::RoleChangeDue { unit, basis, effect: verb.to_owned(), role, person }.by_format("effects"))
}
