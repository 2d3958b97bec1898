//! Ballots, retractions and the recording of outcomes (TOC-24 to TOC-27; traps A6, B8 to B11, C1, C2).

use super::basis::{decision_of, require_none_due};
use super::convening::convened_meeting;
use super::meeting::{Body, count, is_suspended};
use super::motions::{Assembly, require_member};
use super::sitting::{require_present, require_presider};
use super::{Changes, Scene, concerns};
use crate::act::{Choice, CloseVote, Outcome, Retract, Spoken, Vote as VoteAct};
use crate::charter::decisions::Early;
use crate::charter::{Clause, Decision, Suspension, VoteRules};
use crate::digest::EventId;
use crate::refusal::{Reason, Refusal};
use crate::state::meetings::Meeting;
use crate::state::motions::{Motion, MotionChange, Vote};

/// A vote with its motion, meeting, body and rules.
struct Poll<'a> {
    vote: &'a Vote,
    motion: &'a Motion,
    /// The meeting in which it is taken; none for a vote outside meetings.
    sitting: Option<(&'a Meeting, Body<'a>)>,
    body: Assembly<'a>,
    rules: &'a VoteRules,
    decision: &'a Decision,
}

fn poll<'a>(scene: &Scene<'a>, act: &str, id: &EventId) -> Result<Poll<'a>, Refusal> {
    let not_open = |why: &str| {
        let (act, event, why) = (act.to_owned(), id.to_string(), why.to_owned());
        Reason::NotOpenTo { act, event, why }.by_format("vote")
    };
    let vote = scene.state.motions().vote(id).ok_or_else(|| not_open("it opens no vote"))?;
    let motion = scene.state.motions().get(&vote.motion).ok_or_else(|| not_open("its motion is gone"))?;
    let decision = decision_of(scene.state, motion).ok_or_else(|| not_open("no rule of the charter governs it"))?;
    // Trap D4: an open vote keeps the charter it was put under, whatever is in force now.
    let charter = scene.state.charter_of(&motion.charter).ok_or_else(|| not_open("its charter is gone"))?;
    let sitting = match &motion.meeting {
        Some(id) => {
            let home =
                Body::of(scene.state, charter, &motion.unit).ok_or_else(|| not_open("its body does not meet"))?;
            Some((convened_meeting(scene, id)?, home))
        }
        None => None,
    };
    let kind = charter.kind_of(scene.state, &motion.unit);
    let body = kind.and_then(|kind| Some(Assembly { unit: &motion.unit, kind, electors: kind.electors.as_ref()? }));
    let body = body.ok_or_else(|| not_open("its body has no members"))?;
    let rules = decision.vote.as_ref().or(body.kind.vote.as_ref());
    let rules = rules.ok_or_else(|| not_open("its body takes no votes"))?;
    if vote.cancelled.is_some() {
        return Err(not_open("it was cancelled"));
    }
    Ok(Poll { vote, motion, sitting, body, rules, decision })
}

/// TOC-24 to TOC-27: a named ballot by a pinned elector who is checked in, before the close, once unless it replaces.
pub(super) fn vote(scene: &Scene<'_>, act: &VoteAct) -> Changes {
    let VoteAct { vote: id, choice, replaces } = act;
    let poll = poll(scene, "vote", id)?;
    require_none_due(scene, poll.body.unit)?;
    require_open(scene, &poll)?;
    require_elector(scene, &poll)?;
    require_link(scene, &poll, replaces.as_ref())?;
    let key = scene.event.key().name().clone();
    Ok(vec![MotionChange::Balloted { vote: *id, choice: Some(*choice), key }.into()])
}

/// Trap C2: a retraction names the ballot; after the close there is neither change nor retraction.
pub(super) fn retract(scene: &Scene<'_>, act: &Retract) -> Changes {
    let none = || {
        let (event, why) = (act.event.to_string(), "it is no ballot".to_owned());
        Reason::NotOpenTo { act: "retract".to_owned(), event, why }.by_format("vote")
    };
    let (id, owner) = scene.state.motions().ballot(&act.event).ok_or_else(none)?;
    scene.require_own(&act.event, owner)?;
    let poll = poll(scene, "retract", &id)?;
    require_none_due(scene, poll.body.unit)?;
    require_open(scene, &poll)?;
    require_link(scene, &poll, Some(&act.event))?;
    if poll.vote.standing(scene.by()).is_none() {
        return Err(none());
    }
    let key = scene.event.key().name().clone();
    Ok(vec![MotionChange::Balloted { vote: id, choice: None::<Choice>, key }.into()])
}

/// A ballot is accepted until the pinned close, inclusive, and is itself valid no longer than that (traps B9, B10).
fn require_open(scene: &Scene<'_>, poll: &Poll<'_>) -> Result<(), Refusal> {
    let ended = poll.sitting.as_ref().and_then(|(meeting, _)| meeting.ended(scene.at()));
    let recorded = poll.vote.closed.as_ref().map(|cause| cause.at).or(ended);
    let closed = recorded.or((poll.vote.closes < scene.at()).then_some(poll.vote.closes));
    if let Some(closed) = closed {
        let (closed, at) = (closed.to_string(), scene.at().to_string());
        return Err(Reason::VoteClosed { closed, at }.under(&poll.rules.clause));
    }
    let not_after = scene.event.header().not_after;
    let ballot = !matches!(scene.event.act(), crate::act::Act::Spoken(_));
    if ballot && poll.vote.closes < not_after {
        let (not_after, closes) = (not_after.to_string(), poll.vote.closes.to_string());
        return Err(Reason::BallotOutlives { not_after, closes }.by_format("time"));
    }
    Ok(())
}

/// TOC-27: the author is among those whom the opening pinned as present, and is checked in now.
fn require_elector(scene: &Scene<'_>, poll: &Poll<'_>) -> Result<(), Refusal> {
    let meets = poll.sitting.as_ref().map(|(_, body)| body.rules);
    let clause: &Clause = meets.map_or(&poll.rules.named, |rules| &rules.presence);
    if let Some(rule) = suspended_by(scene, poll) {
        return Err(
            Reason::VoteSuspended { person: scene.by().to_string(), absences: rule.absences }.under(&rule.clause)
        );
    }
    // Where the charter lets others put a ballot on record, it is kept and counts for nothing.
    if poll.decision.advisory.is_some() && !poll.vote.electors.contains(scene.by()) {
        return Ok(());
    }
    if !poll.vote.present.contains(scene.by()) {
        let (present, in_office) = (count(poll.vote.present.len()), count(poll.vote.electors.len()));
        let person = scene.by().to_string();
        // TOC-21: whoever is no member attends without a vote. TOC-27: a member who is not there does not vote either.
        let member = scene.holds(&poll.motion.unit, poll.body.electors, scene.by()).is_some();
        let clause = if member { clause } else { meets.and_then(|rules| rules.public.as_ref()).unwrap_or(clause) };
        return Err(Reason::OutsideElectorate { person, present, in_office }.under(clause));
    }
    require_member(scene, &poll.body, &poll.rules.clause)?;
    match &poll.sitting {
        Some((meeting, _)) => require_present(scene, meeting, clause),
        None => Ok(()),
    }
}

/// The rule by which the author, a member, has no vote because of staying away.
fn suspended_by<'a>(scene: &Scene<'a>, poll: &Poll<'a>) -> Option<&'a Suspension> {
    let pinned = poll.vote.present.contains(scene.by());
    if pinned || !poll.vote.electors.contains(scene.by()) {
        return None;
    }
    let body = Body::of(scene.state, scene.charter, poll.body.unit)?;
    let meeting = poll.sitting.as_ref().map(|(meeting, _)| *meeting);
    let rule = body.rules.suspension.as_ref()?;
    is_suspended(scene.state, &body, meeting, scene.by(), scene.at()).then_some(rule)
}

/// G10: the presider writes down a ballot that a member spoke. It counts only once the member signs one before the close.
pub(super) fn spoken(scene: &Scene<'_>, act: &Spoken) -> Changes {
    let Spoken { vote: id, person, choice } = act.clone();
    let poll = poll(scene, "spoken", &id)?;
    require_open(scene, &poll)?;
    let Some((meeting, body)) = &poll.sitting else {
        let what = "a vote outside meetings has no presider to write down what was spoken".to_owned();
        return Err(Reason::NoPath { what }.under(&poll.rules.named));
    };
    require_presider(scene, meeting, body, &poll.rules.named)?;
    if !poll.vote.present.contains(&person) {
        let (present, in_office) = (count(poll.vote.present.len()), count(poll.vote.electors.len()));
        let person = person.to_string();
        return Err(Reason::OutsideElectorate { person, present, in_office }.under(&body.rules.presence));
    }
    let note = concerns(&person);
    Ok(vec![MotionChange::Spoken { vote: id, person, choice }.into(), note])
}

/// Trap C1: a second ballot names the one it replaces; two that replace the same one are an equivocation.
fn require_link(scene: &Scene<'_>, poll: &Poll<'_>, replaces: Option<&EventId>) -> Result<(), Refusal> {
    let clause = &poll.rules.clause;
    let tip = poll.vote.chain_tip(scene.by());
    let Some(named) = replaces else {
        return match tip {
            Some(ballot) if ballot.choice.is_some() => {
                Err(Reason::MustReplace { ballot: ballot.cause.event.to_string() }.under(clause))
            }
            Some(_) | None => Ok(()),
        };
    };
    let chain = poll.vote.ballots.get(scene.by()).map_or(&[][..], Vec::as_slice);
    let Some(at) = chain.iter().position(|ballot| ballot.cause.event == *named) else {
        return Err(Reason::NothingToReplace { replaces: named.to_string() }.under(clause));
    };
    match chain.get(at.saturating_add(1)) {
        Some(next) => {
            let (replaces, by) = (named.to_string(), next.cause.event.to_string());
            Err(Reason::Equivocation { replaces, by }.under(clause))
        }
        None => Ok(()),
    }
}

/// Some votes run for their shortest time, or for all of it, however soon everybody has balloted.
fn require_time(scene: &Scene<'_>, poll: &Poll<'_>, id: &EventId) -> Result<(), Refusal> {
    let least = match poll.rules.early {
        Early::AllBalloted => return Ok(()),
        Early::AfterMinimum => poll.vote.cause.at.plus_ms(poll.rules.minutes_min.saturating_mul(60_000)),
        Early::Never => poll.vote.closes,
    };
    if least <= scene.at() {
        return Ok(());
    }
    Err(Reason::VoteRunning { vote: id.to_string(), closes: least.to_string() }.under(&poll.rules.clause))
}

/// Anyone records an outcome; it is computed, and a stated one must agree. Before its time a vote closes only when every
/// pinned elector has balloted (trap B11).
pub(super) fn close(scene: &Scene<'_>, act: &CloseVote) -> Changes {
    let poll = poll(scene, "close-vote", &act.vote)?;
    let tally = poll.vote.tally();
    if let Some(closed) = &poll.vote.closed {
        let (closed, at) = (closed.at.to_string(), scene.at().to_string());
        return Err(Reason::VoteClosed { closed, at }.under(&poll.rules.clause));
    }
    if scene.at() < poll.vote.closes && !poll.vote.is_complete() {
        let balloted = tally.present.saturating_sub(tally.silent);
        let closes = poll.vote.closes.to_string();
        return Err(Reason::BallotsMissing { balloted, present: tally.present, closes }.under(&poll.rules.clause));
    }
    require_time(scene, &poll, &act.vote)?;
    let computed = tally.outcome(poll.decision);
    if let Some(stated) = act.outcome.filter(|stated| *stated != computed) {
        let (stated, computed) = (stated.to_string(), computed.to_string());
        let (approvals, present, in_office) = (tally.approvals, tally.present, tally.in_office);
        let reason = Reason::OutcomeDiffers { stated, computed, approvals, present, in_office };
        return Err(reason.under(&poll.decision.clause));
    }
    let passed = computed == Outcome::Passed;
    Ok(vec![MotionChange::Closed { vote: act.vote, passed }.into()])
}
