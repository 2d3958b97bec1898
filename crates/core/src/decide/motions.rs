//! Motions and the opening of their votes, which pins the electorate (TOC-15, TOC-20 to TOC-23, PMC-15 to PMC-17).

use super::basis::{decision_of, matches, require_none_due, subject_of, words};
use super::meeting::{Body, absences, count, has_quorum, is_duly_noticed, members_in, notice_defects};
use super::sitting::{open_meeting, require_member_in, require_present};
use super::{Changes, Scene, concerns};
use crate::act::{Move, OpenVote};
use crate::charter::{Decision, Subject, VoteRules};
use crate::digest::EventId;
use crate::effect::{Effect, EndRole, GrantRole};
use crate::limits::ELECTORATE_MAX;
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::meetings::{Meeting, MeetingChange};
use crate::state::motions::{Motion, MotionChange, Vote};
use crate::time::Timestamp;

/// Any member in office who is present puts a motion; what the body may not decide at all is refused here.
pub(super) fn put<'a>(scene: &Scene<'a>, act: &'a Move) -> Changes {
    let Move { meeting, unit, title, effect } = act;
    let body = super::convening::body(scene, unit)?;
    let (decision, subject, nomination) = governing(scene, &body, effect)?;
    let Some(id) = meeting else {
        return Err(Reason::NeedsMeeting { unit: unit.to_string() }.under(&decision.venue_clause));
    };
    let (meeting, home) = open_meeting(scene, id)?;
    if home.unit != unit {
        return Err(Reason::NeedsMeeting { unit: unit.to_string() }.under(&decision.venue_clause));
    }
    require_member_in(scene, meeting, &body)?;
    require_present(scene, meeting, &body.rules.presence)?;
    require_possible(scene, effect, subject)?;

    let motion = Motion {
        cause: scene.cause.clone(),
        meeting: *id,
        unit: unit.clone(),
        title: title.clone(),
        effect: effect.clone(),
        decision: decision.name.clone(),
        charter: scene.charter.digest(),
        nomination,
        vote: None,
        withdrawn: None,
        applied: None,
        answered: None,
    };
    let mut changes = vec![MotionChange::Put(motion).into()];
    changes.extend(person_of(effect).map(concerns));
    Ok(changes)
}

/// The rule under which a body decides an effect. A standing nomination by the role that a subject names takes the motion
/// under that subject (PMC-17), else the subject without one applies (PMC-16).
fn governing<'a>(
    scene: &Scene<'a>,
    body: &Body<'a>,
    effect: &Effect,
) -> Result<(&'a Decision, &'a Subject, Option<EventId>), Refusal> {
    let subjects = || {
        let all = body.kind.decisions.iter().flat_map(|decision| decision.decides.iter().map(move |s| (decision, s)));
        all.filter(|(_, subject)| matches(scene.state, subject, effect))
    };
    if let Effect::GrantRole(GrantRole { unit, role, person }) = effect {
        for (decision, subject) in subjects() {
            let Some(nominator) = &subject.nominated_by else { continue };
            let standing = scene.state.proposals().standing(unit, role, person);
            let mut by_role = standing.filter(|(_, nomination)| {
                nomination.accepted.is_some() || scene.holds(unit, nominator, &nomination.cause.by).is_some()
            });
            if let Some((event, _)) = by_role.next() {
                return Ok((decision, subject, Some(*event)));
            }
        }
    }
    let plain = subjects().find(|(_, subject)| subject.nominated_by.is_none());
    let (decision, subject) = plain.ok_or_else(|| not_allowed(scene, body, effect))?;
    Ok((decision, subject, None))
}

/// The body may not decide the effect: the clause of the role says how it is gained, else that of the body what it does.
fn not_allowed(scene: &Scene<'_>, body: &Body<'_>, effect: &Effect) -> Refusal {
    let role = match effect {
        Effect::GrantRole(GrantRole { unit, role, person: _ }) | Effect::EndRole(EndRole { unit, role, person: _ }) => {
            scene.role(unit, role).ok()
        }
        Effect::Resolve(_)
        | Effect::Found(_)
        | Effect::Dissolve(_)
        | Effect::Merge(_)
        | Effect::Constitute(_)
        | Effect::Address(_)
        | Effect::Reconstitute(_) => None,
    };
    let (unit, words) = (body.unit.to_string(), words(effect));
    let clause = role.map_or(&body.kind.clause, |role| &role.clause);
    Reason::EffectNotAllowed { unit, effect: words }.under(clause)
}

/// An effect that names a person names one who is known, and a merge names units that exist.
fn require_possible(scene: &Scene<'_>, effect: &Effect, subject: &Subject) -> Result<(), Refusal> {
    match effect {
        Effect::GrantRole(GrantRole { unit: _, role: _, person }) => scene.require_enrolled(person),
        Effect::EndRole(EndRole { unit, role, person }) => {
            if scene.state.roster().tenure_at(unit, role, person, scene.at()).is_some() {
                return Ok(());
            }
            let (unit, role, person) = (unit.to_string(), role.to_string(), person.to_string());
            Err(Reason::NotHeld { unit, role, person }.under(&subject.clause))
        }
        Effect::Dissolve(effect) => scene.unit(&effect.unit).map(drop),
        Effect::Merge(effect) => scene.unit(&effect.unit).and_then(|_| scene.unit(&effect.into)).map(drop),
        Effect::Constitute(effect) => scene.unit(&effect.unit).map(drop),
        Effect::Resolve(_) | Effect::Found(_) | Effect::Address(_) | Effect::Reconstitute(_) => Ok(()),
    }
}

fn person_of(effect: &Effect) -> Option<&Handle> {
    match effect {
        Effect::GrantRole(effect) => Some(&effect.person),
        Effect::EndRole(effect) => Some(&effect.person),
        Effect::Resolve(_)
        | Effect::Found(_)
        | Effect::Dissolve(_)
        | Effect::Merge(_)
        | Effect::Constitute(_)
        | Effect::Address(_)
        | Effect::Reconstitute(_) => None,
    }
}

/// Opens the vote on a motion: tests venue, notice, agenda and quorum, then pins electorate, presence and closing time.
pub(super) fn open_vote(scene: &Scene<'_>, act: &OpenVote) -> Changes {
    let motion = open_motion(scene, &act.motion)?;
    let (meeting, body) = open_meeting(scene, &motion.meeting)?;
    let none = || Reason::EffectNotAllowed { unit: body.unit.to_string(), effect: words(&motion.effect) };
    let decision = decision_of(scene.state, scene.charter, motion).ok_or_else(|| none().under(&body.kind.clause))?;
    let subject = subject_of(scene.state, decision, motion).ok_or_else(|| none().under(&decision.clause))?;
    require_none_due(scene, body.unit)?;
    require_opener(scene, meeting, &body, motion)?;
    require_venue(meeting, decision)?;

    let electors: Vec<Handle> = members_in(scene.state, &body, meeting, scene.at()).into_iter().cloned().collect();
    require_notice(scene, meeting, &body, &electors)?;
    require_unestablished(scene, motion, subject)?;
    require_listed(meeting, motion, subject)?;
    require_streak(scene, meeting, &body, motion, subject)?;
    require_nomination(scene, motion, subject)?;
    if let Effect::Reconstitute(effect) = &motion.effect {
        super::authority::require_replaceable(scene, effect)?;
    }

    let seen = scene.event.header().seen.size;
    let present = electors.iter().filter(|person| meeting.is_present_since(person, seen)).cloned().collect();
    let vote = Vote {
        cause: scene.cause.clone(),
        motion: act.motion,
        closes: closing_time(scene, act.closes, &body, meeting)?,
        electors,
        present,
        ballots: std::collections::BTreeMap::new(),
        closed: None,
        cancelled: None,
    };
    require_quorum(&body, &vote)?;
    Ok(vec![MotionChange::Opened(vote).into(), MeetingChange::Valid { meeting: motion.meeting }.into()])
}

/// A motion that can still be voted on.
fn open_motion<'a>(scene: &Scene<'a>, id: &EventId) -> Result<&'a Motion, Refusal> {
    let not_open = |why: &str| {
        let (event, why) = (id.to_string(), why.to_owned());
        Reason::NotOpenTo { act: "open-vote".to_owned(), event, why }.by_format("vote")
    };
    let motion = scene.state.motions().get(id).ok_or_else(|| not_open("it is no motion"))?;
    if motion.withdrawn.is_some() {
        return Err(not_open("it was withdrawn"));
    }
    match &motion.vote {
        Some(vote) => Err(Reason::VoteOpened { vote: vote.to_string() }.by_format("vote")),
        None => Ok(motion),
    }
}

/// The presider opens votes; a listed motion left unopened for the grace may be opened by any member present.
fn require_opener(scene: &Scene<'_>, meeting: &Meeting, body: &Body<'_>, motion: &Motion) -> Result<(), Refusal> {
    let grace = &body.rules.grace_minutes;
    let since = motion.cause.at.plus_ms(grace.value.saturating_mul(60_000));
    let listed = meeting.agenda().any(|item| *item == motion.title);
    if meeting.presider.as_ref() == Some(scene.by()) {
        return super::sitting::require_presider(scene, meeting, body, &grace.clause);
    }
    if listed && since <= scene.at() {
        require_member_in(scene, meeting, body)?;
        return require_present(scene, meeting, &grace.clause);
    }
    super::sitting::require_presider(scene, meeting, body, &grace.clause)
}

/// TOC-23: resolutions are taken in regular meetings only.
fn require_venue(meeting: &Meeting, decision: &Decision) -> Result<(), Refusal> {
    if meeting.terms.kind == decision.venue {
        return Ok(());
    }
    let (kind, needed) = (meeting.terms.kind.to_string(), decision.venue.to_string());
    Err(Reason::WrongVenue { kind, needed }.under(&decision.venue_clause))
}

/// TOC-19 and TOC-20: no valid vote on a short or incomplete notice, unless every member in office has waived it.
fn require_notice(scene: &Scene<'_>, meeting: &Meeting, body: &Body<'_>, electors: &[Handle]) -> Result<(), Refusal> {
    if is_duly_noticed(body.rules, meeting, electors) {
        return Ok(());
    }
    let waivers = count(electors.iter().filter(|person| meeting.waivers.contains_key(*person)).count());
    let electors = count(electors.len());
    let mut defects = notice_defects(scene.charter, body.rules, meeting).into_iter();
    match defects.next() {
        Some(Reason::NoticeShort { noticed, meets, days, needed, waived: _, members: _ }) => {
            let reason = Reason::NoticeShort { noticed, meets, days, needed, waived: waivers, members: electors };
            Err(reason.under(&body.rules.notice_days.clause))
        }
        Some(Reason::NoticeIncomplete { missing, waived: _, members: _ }) => {
            let reason = Reason::NoticeIncomplete { missing, waived: waivers, members: electors };
            Err(reason.under(&body.rules.notice_fields))
        }
        Some(other) => Err(other.under(&body.rules.notice_fields)),
        None => Ok(()),
    }
}

/// TOC-20: where the charter asks for it, the motion stands on the agenda by its title, naming the person if it must.
fn require_listed(meeting: &Meeting, motion: &Motion, subject: &Subject) -> Result<(), Refusal> {
    let Some(clause) = &subject.listed else { return Ok(()) };
    let title = motion.title.as_str().trim();
    if !meeting.agenda().any(|item| item.as_str().trim() == title) {
        return Err(Reason::NotListed { title: title.to_owned() }.under(clause));
    }
    match person_of(&motion.effect) {
        Some(person) if subject.names_person && !names(title, person) => {
            Err(Reason::PersonNotNamed { item: title.to_owned(), person: person.to_string() }.under(clause))
        }
        Some(_) | None => Ok(()),
    }
}

/// Tells whether an agenda item names a person: the handle stands in it, not as part of a longer run of ASCII letters and
/// digits. Scripts without spaces need no gap.
fn names(item: &str, person: &Handle) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let ascii = person.as_str().is_ascii();
    item.match_indices(person.as_str()).any(|(start, found)| {
        let before = item.get(..start).and_then(|text| text.chars().next_back());
        let after = item.get(start.saturating_add(found.len())..).and_then(|text| text.chars().next());
        !ascii || (!part(before) && !part(after))
    })
}

/// PMC-16 and PMC-17: initial members are appointed until the committee has been declared established.
fn require_unestablished(scene: &Scene<'_>, motion: &Motion, subject: &Subject) -> Result<(), Refusal> {
    let unit = motion.effect.unit().and_then(|unit| scene.state.roster().unit(unit));
    match unit.and_then(|unit| unit.constituted.as_ref()) {
        Some(since) if subject.until_constituted => {
            let what = format!("the unit has been established since {}; this was for its beginning", since.at);
            Err(Reason::NoPath { what }.under(&subject.clause))
        }
        Some(_) | None => Ok(()),
    }
}

/// TOC-15: forced removal needs the stated run of absences before the notice that lists the item.
fn require_streak(
    scene: &Scene<'_>,
    meeting: &Meeting,
    body: &Body<'_>,
    motion: &Motion,
    subject: &Subject,
) -> Result<(), Refusal> {
    let (Some(needed), Some(person)) = (subject.absences, person_of(&motion.effect)) else { return Ok(()) };
    let file = absences(scene.state, body, person, meeting.noticed_at);
    let missed = file.last().map_or(0, |attendance| attendance.streak);
    if missed < needed {
        return Err(Reason::StreakShort { person: person.to_string(), missed, needed }.under(&subject.clause));
    }
    Ok(())
}

/// PMC-17 and trap C11: the nominator holds the role when the nominee accepts, or until then when the vote opens.
fn require_nomination(scene: &Scene<'_>, motion: &Motion, subject: &Subject) -> Result<(), Refusal> {
    let (Some(event), Some(role), Some(unit)) = (&motion.nomination, &subject.nominated_by, motion.effect.unit())
    else {
        return Ok(());
    };
    let nomination = scene.state.proposals().nomination(event).filter(|nomination| nomination.withdrawn.is_none());
    if nomination.is_some_and(|nomination| nomination.accepted.is_some()) {
        return Ok(());
    }
    let nominator: Option<&Handle> = nomination.map(|nomination| &nomination.cause.by);
    let holds = |unit: &UnitId, role: &Name, person: &Handle| scene.holds(unit, role, person).is_some();
    if nominator.is_some_and(|person| holds(unit, role, person)) {
        return Ok(());
    }
    let person = nominator.map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let (unit, role) = (unit.to_string(), role.to_string());
    Err(Reason::NotNominator { person, unit, role }.under(&subject.clause))
}

/// The opening pins when the vote closes, within the charter's bounds and by the end of the meeting's day.
fn closing_time(
    scene: &Scene<'_>,
    asked: Option<Timestamp>,
    body: &Body<'_>,
    meeting: &Meeting,
) -> Result<Timestamp, Refusal> {
    let none = || Reason::NoPath { what: format!("`{}` takes no votes", body.unit) }.under(&body.kind.clause);
    let VoteRules { clause, minutes_min, minutes_default, minutes_max, named: _, choices: _ } =
        body.kind.vote.as_ref().ok_or_else(none)?;
    let after = |minutes: &u64| scene.at().plus_ms(minutes.saturating_mul(60_000));
    let closes = asked.unwrap_or_else(|| after(minutes_default));
    if closes < after(minutes_min) || after(minutes_max) < closes {
        let (minutes_min, minutes_max) = (*minutes_min, *minutes_max);
        return Err(Reason::VoteDuration { closes: closes.to_string(), minutes_min, minutes_max }.under(clause));
    }
    // The meeting's day ends at `ends_by`; its last instant is the last one at which a ballot is accepted.
    Ok(closes.min(meeting.ends_by.minus_ms(1)))
}

/// TOC-22: the quorum holds among those whom the opening pins, and the electorate is not too large to pin.
fn require_quorum(body: &Body<'_>, vote: &Vote) -> Result<(), Refusal> {
    let (present, in_office) = (count(vote.present.len()), count(vote.electors.len()));
    if ELECTORATE_MAX < in_office {
        let (members, limit) = (in_office, ELECTORATE_MAX);
        return Err(Reason::ElectorateTooLarge { members, limit }.by_format("limits"));
    }
    if !has_quorum(body.rules, present, in_office) {
        let needed = body.rules.quorum.least(present, in_office);
        return Err(Reason::NoQuorum { present, in_office, needed }.under(&body.rules.quorum.clause));
    }
    Ok(())
}
