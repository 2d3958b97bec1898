//! Convening: petitions, notices, waivers, cancellations and agenda items (TOC-9, TOC-17 to TOC-20).

use std::collections::BTreeSet;

use super::meeting::{Body, count, is_duly_noticed, members};
use super::{Changes, Scene};
use crate::act::{Cancel, Deliver, Item, MeetingKind, Notice, Petition as PetitionAct, Waive};
use crate::charter::{Clause, Counts, PetitionRules, UnitKind};
use crate::digest::EventId;
use crate::name::{Handle, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::Cause;
use crate::state::change::Change;
use crate::state::meetings::{Delivery, Meeting, MeetingChange, Terms};
use crate::state::motions::MotionChange;
use crate::time::{DAY_MS, Timestamp};

/// The body that an act names; it must be one that meets and has been constituted.
pub(super) fn body<'a>(scene: &Scene<'a>, unit: &'a UnitId) -> Result<Body<'a>, Refusal> {
    let kind = scene.kind(unit)?;
    let none = || Reason::NoMeetings { unit: unit.to_string() }.under(&kind.clause);
    let body = Body::of(scene.state, scene.charter, unit).ok_or_else(none)?;
    require_constituted(scene, unit, kind)?;
    Ok(body)
}

/// G18: a body acts once it has been constituted, where its kind asks for that.
pub(super) fn require_constituted(scene: &Scene<'_>, unit: &UnitId, kind: &UnitKind) -> Result<(), Refusal> {
    match &kind.constitute {
        Some(rule) if scene.unit(unit)?.constituted.is_none() => {
            Err(Reason::NotConstituted { unit: unit.to_string() }.under(&rule.clause))
        }
        Some(_) | None => Ok(()),
    }
}

/// TOC-9 and TOC-19: the chair convenes. A short or incomplete notice is accepted and marked, for a waiver can cure it.
pub(super) fn notice<'a>(scene: &Scene<'a>, act: &'a Notice) -> Changes {
    let body = body(scene, &act.unit)?;
    if scene.holds(&act.unit, &body.rules.called_by, scene.by()).is_none() {
        let (person, unit, role) = (scene.by().to_string(), act.unit.to_string(), body.rules.called_by.to_string());
        return Err(Reason::NotConvener { person, unit, role }.under(&body.rules.called_clause));
    }
    let Notice { unit, kind, starts, place, mode, agenda, references } = act.clone();
    let terms = Terms { unit, kind, starts, place, mode, agenda, references };
    let meeting = convened(scene, &body, terms, scene.at());
    let mut changes = Vec::new();
    for (petition, demanded) in scene.state.meetings().petitions() {
        if petition_waits(scene, petition) && answers(&meeting.terms, &demanded.terms) {
            changes.push(MeetingChange::Answered { petition: *petition }.into());
        }
    }
    // Members' items stay waiting until a meeting that can decide, and is duly noticed, has them on its agenda.
    let settles = meeting.terms.kind == MeetingKind::Regular && is_duly_noticed(&meeting, []);
    changes.push(MeetingChange::Convened(meeting).into());
    if settles {
        changes.push(MeetingChange::ItemsSettled { unit: act.unit.clone() }.into());
    }
    Ok(changes)
}

fn convened(scene: &Scene<'_>, body: &Body<'_>, terms: Terms, noticed_at: Timestamp) -> Meeting {
    Meeting {
        notice: scene.cause.clone(),
        noticed_at,
        days: scene.charter.days_between(noticed_at, terms.starts),
        days_needed: body.rules.days_needed(),
        fields_needed: body.rules.notice_fields.is_some(),
        ends_by: scene.charter.zone().day_end(terms.starts),
        recipients: members(scene.state, body, scene.at()).into_iter().map(|(person, _)| person.clone()).collect(),
        annexed: scene.state.meetings().waiting_items(body.unit).to_vec(),
        terms,
        answered_by: None,
        delivered: None,
        waivers: std::collections::BTreeMap::new(),
        cancelled: None,
        opened: None,
        presider: None,
        presence: std::collections::BTreeMap::new(),
        excuses: std::collections::BTreeMap::new(),
        disputes: Vec::new(),
        quorate: false,
        adjourned: None,
    }
}

/// A complete petition that nobody has answered and that has not become the notice itself.
fn petition_waits(scene: &Scene<'_>, petition: &EventId) -> bool {
    let meeting = scene.state.meetings().get(petition);
    meeting.is_some_and(|meeting| meeting.answered_by.is_none() && scene.at() < meeting.noticed_at)
}

/// A notice answers a petition when it convenes the same kind of meeting, no later, with every item demanded.
fn answers(notice: &Terms, demanded: &Terms) -> bool {
    let listed: BTreeSet<_> = notice.agenda.iter().flatten().collect();
    notice.unit == demanded.unit
        && notice.kind == demanded.kind
        && notice.starts <= demanded.starts
        && demanded.agenda.iter().flatten().all(|item| listed.contains(item))
}

/// TOC-18 and G4: members demand a meeting; the petition carries every field of a notice and lies far enough ahead.
pub(super) fn petition<'a>(scene: &Scene<'a>, act: &'a PetitionAct) -> Changes {
    let body = body(scene, &act.unit)?;
    let rules = petition_rules(&body)?;
    let clause = &rules.signed_by.clause;
    scene.require_member(&body, clause)?;
    let PetitionAct { unit, kind, starts, place, mode, agenda, references } = act.clone();
    let terms = Terms { unit, kind, starts, place, mode, agenda, references };
    let missing = terms.missing();
    if !missing.is_empty() {
        return Err(Reason::PetitionIncomplete { missing: missing.join(", ") }.under(clause));
    }
    let days = scene.charter.days_between(scene.at(), terms.starts);
    if days < i64::try_from(rules.lead_days).unwrap_or(i64::MAX) {
        return Err(Reason::PetitionLead { days, needed: rules.lead_days }.under(clause));
    }
    require_overdue(scene, &body, kind, clause)?;

    let mut changes: Vec<Change> = vec![MeetingChange::Petitioned(terms.clone()).into()];
    let signers = BTreeSet::from([scene.by()]);
    changes.extend(completed(scene, &body, rules, &Demand { cause: scene.cause, terms: &terms, signers }));
    Ok(changes)
}

fn petition_rules<'a>(body: &Body<'a>) -> Result<&'a PetitionRules, Refusal> {
    let what = || format!("the members of `{}` cannot demand a meeting", body.unit);
    body.rules.petition.as_ref().ok_or_else(|| Reason::NoPath { what: what() }.under(&body.kind.clause))
}

/// TOC-17 and TOC-18: a petition may demand a regular meeting only when that is overdue.
fn require_overdue(scene: &Scene<'_>, body: &Body<'_>, kind: MeetingKind, clause: &Clause) -> Result<(), Refusal> {
    let Some(cadence) = body.rules.cadence_days.as_ref().filter(|_| kind == MeetingKind::Regular) else {
        return Ok(());
    };
    let since = scene.at().minus_ms(cadence.value.saturating_mul(DAY_MS));
    let opened = scene.state.meetings().of_unit(body.unit).filter(|meeting| meeting.terms.kind == MeetingKind::Regular);
    let last = opened.filter_map(|meeting| meeting.opened.as_ref()).map(|cause| cause.at).max();
    match last {
        Some(last) if since <= last => {
            Err(Reason::PetitionRegular { last: last.to_string(), days: cadence.value }.under(clause))
        }
        Some(_) | None => Ok(()),
    }
}

/// A member signs a petition.
pub(super) fn endorse(scene: &Scene<'_>, event: &EventId) -> Changes {
    let refused = |why: &str| {
        let (event, why) = (event.to_string(), why.to_owned());
        Reason::NotEndorsable { event, why }.by_format("petition")
    };
    let Some(petition) = scene.state.meetings().petition(event) else { return Err(refused("it is no petition")) };
    let body = body(scene, &petition.terms.unit)?;
    let rules = petition_rules(&body)?;
    scene.require_member(&body, &rules.signed_by.clause)?;
    if petition.withdrawn.is_some() {
        return Err(refused("it was withdrawn"));
    }
    if petition.signers.contains_key(scene.by()) {
        let (event, person) = (event.to_string(), scene.by().to_string());
        return Err(Reason::AlreadyEndorsed { event, person }.under(&rules.signed_by.clause));
    }
    if petition.complete {
        return Err(refused("enough members have signed it"));
    }
    let signers = petition.signers.keys().chain([scene.by()]).collect();
    let demand = Demand { cause: &petition.cause, terms: &petition.terms, signers };
    let mut changes: Vec<Change> = vec![MeetingChange::PetitionSigned { petition: *event }.into()];
    changes.extend(completed(scene, &body, rules, &demand));
    Ok(changes)
}

/// A petition with everybody who has signed it.
struct Demand<'a> {
    cause: &'a Cause,
    terms: &'a Terms,
    signers: BTreeSet<&'a Handle>,
}

/// The petition's meeting, once enough members in office have signed: convened by the petition itself when the chair has
/// not answered within the stated days.
fn completed(scene: &Scene<'_>, body: &Body<'_>, rules: &PetitionRules, demand: &Demand<'_>) -> Vec<Change> {
    let in_office = members(scene.state, body, scene.at());
    let signed = in_office.iter().filter(|(person, _)| demand.signers.contains(person)).count();
    let counts = Counts { in_office: count(in_office.len()), ..Counts::default() };
    if !rules.signed_by.is_met(count(signed), &counts) {
        return Vec::new();
    }
    let noticed_at = scene.at().plus_ms(rules.answer_days.saturating_mul(DAY_MS));
    let mut meeting = convened(scene, body, demand.terms.clone(), noticed_at);
    meeting.notice = demand.cause.clone();
    let petition = demand.cause.event;
    vec![MeetingChange::PetitionComplete { petition }.into(), MeetingChange::Convened(meeting).into()]
}

/// TOC-19: a short or incomplete notice is cured when every member in office waives it.
pub(super) fn waive(scene: &Scene<'_>, act: &Waive) -> Changes {
    let meeting = convened_meeting(scene, &act.meeting)?;
    let body = body(scene, &meeting.terms.unit)?;
    scene.require_member(&body, body.rules.notice_clause())?;
    require_not_over(scene, meeting, &body)?;
    if meeting.waivers.contains_key(scene.by()) {
        return Err(Reason::AlreadyWaived { person: scene.by().to_string() }.under(body.rules.notice_clause()));
    }
    Ok(vec![MeetingChange::Waived { meeting: act.meeting }.into()])
}

/// TOC-19: whoever gave the notice attests where and when it reached the mailing list; the later of that and the notice's
/// acceptance governs.
pub(super) fn deliver(scene: &Scene<'_>, act: &Deliver) -> Changes {
    let Deliver { meeting: id, archive, time } = act.clone();
    let meeting = convened_meeting(scene, &id)?;
    let body = body(scene, &meeting.terms.unit)?;
    scene.require_own(&id, &meeting.notice.by)?;
    require_not_over(scene, meeting, &body)?;
    let refused = |what: &str| {
        let (what, time, at) = (what.to_owned(), time.to_string(), scene.at().to_string());
        Err(Reason::TimeUnfit { what, time, at }.under(body.rules.notice_clause()))
    };
    if meeting.delivered.is_some() {
        return refused("the delivery is on record already");
    }
    if scene.at() < time {
        return refused("a delivery lies in the past");
    }
    let noticed_at = meeting.noticed_at.max(time);
    let days = scene.charter.days_between(noticed_at, meeting.terms.starts);
    let delivery = Delivery { cause: scene.cause.clone(), archive, time };
    Ok(vec![MeetingChange::Delivered { meeting: id, delivery, noticed_at, days }.into()])
}

/// A convened meeting, by the event that convened it.
pub(super) fn convened_meeting<'a>(scene: &Scene<'a>, id: &EventId) -> Result<&'a Meeting, Refusal> {
    let Some(meeting) = scene.state.meetings().get(id) else {
        return Err(Reason::NotAMeeting { event: id.to_string() }.by_format("meeting"));
    };
    let why = if meeting.cancelled.is_some() {
        "it was cancelled".to_owned()
    } else if let Some(notice) = &meeting.answered_by {
        format!("the petition was answered by the notice {notice}")
    } else if scene.at() < meeting.noticed_at {
        format!("the petition becomes the notice at {}", meeting.noticed_at)
    } else {
        return Ok(meeting);
    };
    Err(Reason::NotConvened { meeting: id.to_string(), why }.by_format("meeting"))
}

/// The meeting has not ended.
pub(super) fn require_not_over(scene: &Scene<'_>, meeting: &Meeting, body: &Body<'_>) -> Result<(), Refusal> {
    match meeting.ended(scene.at()) {
        Some(ended) => {
            let (ended, at) = (ended.to_string(), scene.at().to_string());
            Err(Reason::MeetingOver { ended, at }.under(&body.rules.called_clause))
        }
        None => Ok(()),
    }
}

/// A meeting is off before its start, by whoever convened it; a vote before its first ballot, by whoever opened it.
pub(super) fn cancel(scene: &Scene<'_>, act: &Cancel) -> Changes {
    if let Some(vote) = scene.state.motions().vote(&act.event) {
        scene.require_own(&act.event, &vote.cause.by)?;
        let why = if vote.ballots.is_empty() { None } else { Some("a ballot has been cast") };
        let why = why.or(vote.closed.as_ref().map(|_| "it is closed"));
        let why = why.or(vote.cancelled.as_ref().map(|_| "it was cancelled"));
        let why = why.or((vote.closes < scene.at()).then_some("its time is over"));
        return match why {
            Some(why) => Err(not_cancellable(&act.event, why)),
            None => Ok(vec![MotionChange::Cancelled { vote: act.event }.into()]),
        };
    }
    let meeting = convened_meeting(scene, &act.event)?;
    scene.require_own(&act.event, &meeting.notice.by)?;
    if scene.state.meetings().petition(&act.event).is_some() {
        return Err(not_cancellable(&act.event, "members have demanded it"));
    }
    if meeting.terms.starts <= scene.at() {
        let (starts, at) = (meeting.terms.starts.to_string(), scene.at().to_string());
        return Err(Reason::MeetingStarted { starts, at }.by_format("meeting"));
    }
    Ok(vec![MeetingChange::Cancelled { meeting: act.event }.into()])
}

fn not_cancellable(event: &EventId, why: &str) -> Refusal {
    let (event, why) = (event.to_string(), why.to_owned());
    Reason::NotOpenTo { act: "cancel".to_owned(), event, why }.by_format("cancel")
}

/// TOC-20: any member puts an item on the agenda, so that the chair does not own it.
pub(super) fn item<'a>(scene: &Scene<'a>, act: &'a Item) -> Changes {
    let body = body(scene, &act.unit)?;
    scene.require_member(&body, body.rules.fields_clause())?;
    let Item { unit, title } = act.clone();
    Ok(vec![MeetingChange::ItemAdded { unit, title }.into()])
}
