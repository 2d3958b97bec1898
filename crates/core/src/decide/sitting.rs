//! A sitting: opening, presiding, presence, excuses, disputes and adjournment (TOC-9, TOC-21, TOC-22, TOC-27).

use super::basis::require_none_due;
use super::convening::{body, convened_meeting, require_not_over};
use super::meeting::{Body, count, has_quorum, members_in, present};
use super::{Changes, Scene, concerns};
use crate::act::{Adjourn, CheckIn, CheckOut, Dispute, Excuse, Open, Preside};
use crate::charter::Clause;
use crate::digest::EventId;
use crate::name::Handle;
use crate::refusal::{Reason, Refusal};
use crate::state::meetings::{Meeting, MeetingChange};

/// A meeting that is convened and not over, with its body.
fn live<'a>(scene: &Scene<'a>, id: &EventId) -> Result<(&'a Meeting, Body<'a>), Refusal> {
    let meeting = convened_meeting(scene, id)?;
    let body = body(scene, &meeting.terms.unit)?;
    require_not_over(scene, meeting, &body)?;
    Ok((meeting, body))
}

/// A live meeting that has been opened.
pub(super) fn open_meeting<'a>(scene: &Scene<'a>, id: &EventId) -> Result<(&'a Meeting, Body<'a>), Refusal> {
    let (meeting, body) = live(scene, id)?;
    if meeting.opened.is_none() {
        return Err(Reason::NotOpen { meeting: id.to_string() }.under(&body.rules.called_clause));
    }
    Ok((meeting, body))
}

fn require_started(scene: &Scene<'_>, meeting: &Meeting, clause: &Clause) -> Result<(), Refusal> {
    if scene.at() < meeting.terms.starts {
        let (starts, at) = (meeting.terms.starts.to_string(), scene.at().to_string());
        return Err(Reason::BeforeStart { starts, at }.under(clause));
    }
    Ok(())
}

/// The author is checked in.
pub(super) fn require_present(scene: &Scene<'_>, meeting: &Meeting, clause: &Clause) -> Result<(), Refusal> {
    if meeting.is_present(scene.by()) {
        return Ok(());
    }
    let (person, meeting) = (scene.by().to_string(), meeting.id().to_string());
    Err(Reason::NotPresent { person, meeting }.under(clause))
}

/// The author counts as a member in this meeting; others attend and speak, and no more (TOC-21).
pub(super) fn require_member_in(scene: &Scene<'_>, meeting: &Meeting, body: &Body<'_>) -> Result<(), Refusal> {
    if members_in(scene.state, body, meeting, scene.at()).contains(&scene.by()) {
        return Ok(());
    }
    let (person, unit) = (scene.by().to_string(), body.unit.to_string());
    let clause = body.rules.public.as_ref().unwrap_or(&body.rules.presence);
    Err(Reason::NotAMember { person, unit }.under(clause))
}

/// TOC-9: the chair opens from the noticed start on; when the grace is over, a member present may, if two are.
pub(super) fn open(scene: &Scene<'_>, act: &Open) -> Changes {
    let (meeting, body) = live(scene, &act.meeting)?;
    let rules = body.rules;
    if meeting.opened.is_some() {
        return Err(Reason::AlreadyOpen { meeting: act.meeting.to_string() }.under(&rules.called_clause));
    }
    require_started(scene, meeting, &rules.called_clause)?;
    require_none_due(scene, body.unit)?;
    let (here, in_office) = present(scene.state, &body, meeting, scene.at());
    let present = count(here.len());
    let convener = scene.holds(body.unit, &rules.called_by, scene.by()).is_some();
    if !convener {
        require_member_in(scene, meeting, &body)?;
        let Some(until) = rules.grace_ends(meeting.terms.starts) else {
            let (person, unit, role) = (scene.by().to_string(), body.unit.to_string(), rules.called_by.to_string());
            return Err(Reason::NotConvener { person, unit, role }.under(&rules.called_clause));
        };
        if scene.at() < until {
            let (until, at, role) = (until.to_string(), scene.at().to_string(), rules.called_by.to_string());
            return Err(Reason::GraceRunning { until, at, role }.under(rules.grace_clause()));
        }
        require_present(scene, meeting, rules.grace_clause())?;
        require_two(present, rules.grace_clause())?;
    }
    let presider = convener.then(|| scene.by().clone());
    let quorate = has_quorum(rules, present, in_office);
    Ok(vec![MeetingChange::Opened { meeting: act.meeting, presider, quorate }.into()])
}

fn require_two(present: u64, clause: &Clause) -> Result<(), Refusal> {
    if present < 2 { Err(Reason::TooFewPresent { present, needed: 2 }.under(clause)) } else { Ok(()) }
}

/// TOC-9: members who opened without the chair, or whose presider has left, name who presides over the sitting.
pub(super) fn preside(scene: &Scene<'_>, act: &Preside) -> Changes {
    let (meeting, body) = open_meeting(scene, &act.meeting)?;
    let clause = body.rules.grace_clause();
    require_none_due(scene, body.unit)?;
    require_member_in(scene, meeting, &body)?;
    require_present(scene, meeting, clause)?;
    let (here, _) = present(scene.state, &body, meeting, scene.at());
    require_two(count(here.len()), clause)?;
    if !here.contains(&&act.person) {
        let (person, meeting) = (act.person.to_string(), act.meeting.to_string());
        return Err(Reason::NotPresent { person, meeting }.under(clause));
    }
    // A presider who is not there, or no longer a member, can be replaced.
    match &meeting.presider {
        Some(presider) if here.contains(&presider) => {
            Err(Reason::HasPresider { person: presider.to_string() }.under(clause))
        }
        Some(_) | None => {
            let (meeting, person) = (act.meeting, act.person.clone());
            Ok(vec![concerns(&person), MeetingChange::Presided { meeting, person }.into()])
        }
    }
}

/// TOC-27: presence is the member's own, from the noticed start on. TOC-21: others check in as observers.
pub(super) fn check_in(scene: &Scene<'_>, act: &CheckIn) -> Changes {
    let (meeting, body) = live(scene, &act.meeting)?;
    let rules = body.rules;
    require_started(scene, meeting, &rules.presence)?;
    require_none_due(scene, body.unit)?;
    let members = members_in(scene.state, &body, meeting, scene.at());
    if rules.public.is_none() && !members.contains(&scene.by()) {
        let (unit, person) = (body.unit.to_string(), scene.by().to_string());
        return Err(Reason::MeetingNotPublic { unit, person }.under(&rules.presence));
    }
    let tip = meeting.last_stay(scene.by()).and_then(|stay| stay.left.as_ref());
    if meeting.is_present(scene.by()) {
        let (person, meeting) = (scene.by().to_string(), act.meeting.to_string());
        return Err(Reason::AlreadyPresent { person, meeting }.under(&rules.presence));
    }
    require_chain(act.replaces.as_ref(), tip.map(|cause| cause.event), &rules.presence)?;

    let here = members.iter().filter(|person| meeting.is_present(person) || **person == scene.by()).count();
    let quorate = meeting.opened.is_some() && has_quorum(rules, count(here), count(members.len()));
    Ok(vec![MeetingChange::Arrived { meeting: act.meeting, quorate }.into()])
}

/// TOC-27: only the member signs their own check-out.
pub(super) fn check_out(scene: &Scene<'_>, act: &CheckOut) -> Changes {
    let (meeting, body) = live(scene, &act.meeting)?;
    require_present(scene, meeting, &body.rules.presence)?;
    let tip = meeting.last_stay(scene.by()).map(|stay| stay.arrived.event);
    require_chain(act.replaces.as_ref(), tip, &body.rules.presence)?;
    Ok(vec![MeetingChange::Left { meeting: act.meeting }.into()])
}

/// A link that is named must be the chain's tip.
fn require_chain(named: Option<&EventId>, tip: Option<EventId>, clause: &Clause) -> Result<(), Refusal> {
    match named {
        Some(named) if Some(*named) != tip => {
            let tip = tip.map_or_else(|| "nothing".to_owned(), |tip| tip.to_string());
            Err(Reason::BrokenChain { tip, replaces: named.to_string() }.under(clause))
        }
        Some(_) | None => Ok(()),
    }
}

/// TOC-15 and G12: an excuse is recorded and shown; the absence still counts.
pub(super) fn excuse(scene: &Scene<'_>, act: &Excuse) -> Changes {
    let meeting = convened_meeting(scene, &act.meeting)?;
    let body = body(scene, &meeting.terms.unit)?;
    scene.require_member(&body, &body.rules.presence)?;
    Ok(vec![MeetingChange::Excused { meeting: act.meeting }.into()])
}

/// TOC-27: the presider may record a doubt about a presence, which changes nothing.
pub(super) fn dispute(scene: &Scene<'_>, act: &Dispute) -> Changes {
    let (meeting, body) = open_meeting(scene, &act.meeting)?;
    require_presider(scene, meeting, &body, &body.rules.presence)?;
    if !meeting.attended(&act.person) {
        let (person, meeting) = (act.person.to_string(), act.meeting.to_string());
        return Err(Reason::NotPresent { person, meeting }.under(&body.rules.presence));
    }
    let person: Handle = act.person.clone();
    Ok(vec![concerns(&person), MeetingChange::Disputed { meeting: act.meeting, person }.into()])
}

/// The author presides over the sitting, and is still a member in office.
pub(super) fn require_presider(
    scene: &Scene<'_>,
    meeting: &Meeting,
    body: &Body<'_>,
    clause: &Clause,
) -> Result<(), Refusal> {
    if meeting.presider.as_ref() == Some(scene.by()) {
        scene.require_member(body, clause)?;
        return Ok(());
    }
    let presider = meeting.presider.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    Err(Reason::NotPresider { person: scene.by().to_string(), presider }.under(clause))
}

/// The presider ends the meeting; a running vote is not cut short.
pub(super) fn adjourn(scene: &Scene<'_>, act: &Adjourn) -> Changes {
    let (meeting, body) = open_meeting(scene, &act.meeting)?;
    require_presider(scene, meeting, &body, &body.rules.called_clause)?;
    let motions = scene.state.motions();
    let opened = motions.of_meeting(&act.meeting).filter_map(|(_, motion)| motion.vote);
    let running = opened.filter_map(|id| Some((id, motions.vote(&id)?))).filter(|(_, vote)| {
        let over =
            vote.cancelled.is_some() || vote.is_complete() || vote.is_decided(scene.at()) || vote.closes == scene.at();
        !over
    });
    if let Some((vote, running)) = running.min_by_key(|(vote, _)| *vote) {
        let (vote, closes) = (vote.to_string(), running.closes.to_string());
        return Err(Reason::VoteRunning { vote, closes }.under(&body.rules.called_clause));
    }
    Ok(vec![MeetingChange::Adjourned { meeting: act.meeting }.into()])
}
