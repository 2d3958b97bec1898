//! The opening of a vote, which pins the electorate (TOC-15, TOC-19 to TOC-23, PMC-15 to PMC-20, G2).

use super::basis::{decision_of, require_none_due, subject_of, superseded, words};
use super::meeting::{
    Body, absences, count, has_quorum, in_office, is_duly_noticed, is_suspended, members_in, notice_defects,
};
use super::motions::{Assembly, assembly, require_applicant, require_member};
use super::sitting::{open_meeting, require_member_in, require_present};
use super::{Changes, Scene};
use crate::act::OpenVote;
use crate::charter::decisions::Recusal;
use crate::charter::{Decision, Subject, VoteRules};
use crate::digest::EventId;
use crate::effect::Effect;
use crate::field::References;
use crate::limits::ELECTORATE_MAX;
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::authority::Nomination;
use crate::state::meetings::{Meeting, MeetingChange};
use crate::state::motions::{Motion, MotionChange, Vote};
use crate::time::{DAY_MS, Timestamp};

/// Opens the vote on a motion: tests what the charter asks of it, then pins electorate, presence and closing time.
pub(super) fn open_vote(scene: &Scene<'_>, act: &OpenVote) -> Changes {
    let motion = open_motion(scene, &act.motion)?;
    let body = assembly(scene, &motion.unit)?;
    let none = || Reason::EffectNotAllowed { unit: body.unit.to_string(), effect: words(&motion.effect) };
    let decision = decision_of(scene.state, motion).ok_or_else(|| none().under(&body.kind.clause))?;
    let subject = subject_of(decision, motion).ok_or_else(|| none().under(&decision.clause))?;
    require_none_due(scene, body.unit)?;
    require_current(scene, act, motion, decision)?;
    let sitting = match &motion.meeting {
        Some(id) => Some(open_meeting(scene, id)?),
        None => None,
    };
    let (electors, present) = if let Some((meeting, home)) = &sitting {
        in_meeting(scene, meeting, home, motion, decision)?
    } else {
        require_member(scene, &body, &decision.venue_clause)?;
        require_outside_opener(scene, &body, decision)?;
        let all = in_office(scene.state, body.unit, body.electors, scene.at());
        let all: Vec<Handle> = all.into_iter().map(|(person, _)| person.clone()).collect();
        let home = Body::of(scene.state, scene.charter, body.unit);
        let votes =
            |person: &&Handle| home.is_none_or(|home| !is_suspended(scene.state, &home, None, person, scene.at()));
        (all.clone(), all.iter().filter(votes).cloned().collect())
    };
    require_phase(scene, motion, subject)?;
    require_below(scene, motion, subject)?;
    if let Some((meeting, home)) = &sitting {
        require_listed(meeting, motion, subject)?;
        require_streak(scene, meeting, home, motion, subject)?;
    }
    require_candidate(scene, motion, subject)?;
    if let Effect::Reconstitute(effect) = &motion.effect {
        super::authority::require_replaceable(scene, effect)?;
    }
    if let Effect::Amend(effect) = &motion.effect {
        super::amendment::require_fit(scene, effect)?;
    }

    // The quorum is one of members, whoever of them may vote on this motion.
    let quorum = (count(present.len()), count(electors.len()));
    let (electors, present) = recused(motion, subject, electors, present);
    let mut vote = Vote {
        cause: scene.cause.clone(),
        motion: act.motion,
        closes: closing_time(scene, act.closes, &body, decision, sitting.as_ref().map(|(meeting, _)| *meeting))?,
        electors,
        present: present.into_iter().collect(),
        ballots: std::collections::BTreeMap::new(),
        closed: None,
        cancelled: None,
        held: std::collections::BTreeSet::new(),
        lapse: decision.lapse.as_ref().map(|lapse| (lapse.mentions, lapse.days_apart.saturating_mul(DAY_MS))),
        mentions: std::collections::BTreeMap::new(),
        spoken: std::collections::BTreeMap::new(),
    };
    vote.held = vote.electors.iter().filter(|person| scene.state.keys().is_disputed(person)).cloned().collect();
    require_electorate(&vote, decision)?;
    let mut changes = Vec::new();
    if let (Some((_, home)), Some(meeting)) = (&sitting, motion.meeting) {
        require_quorum(home, quorum.0, quorum.1)?;
        changes.push(MeetingChange::Valid { meeting }.into());
    }
    changes.insert(0, MotionChange::Opened(vote).into());
    Ok(changes)
}

/// Outside meetings, whoever the rule names opens the vote.
fn require_outside_opener(scene: &Scene<'_>, body: &Assembly<'_>, decision: &Decision) -> Result<(), Refusal> {
    match &decision.opened_by {
        Some(opener) if scene.holds(body.unit, &opener.role, scene.by()).is_none() => {
            let (person, unit, role) = (scene.by().to_string(), body.unit.to_string(), opener.role.to_string());
            Err(Reason::NotConvener { person, unit, role }.under(&opener.clause))
        }
        Some(_) | None => Ok(()),
    }
}

/// Traps C19 and C20: the person whom a motion is about votes, has no vote, or is left out altogether, as the charter says.
fn recused(
    motion: &Motion,
    subject: &Subject,
    electors: Vec<Handle>,
    present: Vec<Handle>,
) -> (Vec<Handle>, Vec<Handle>) {
    let Some(person) = motion.effect.person() else { return (electors, present) };
    let without = |people: Vec<Handle>| people.into_iter().filter(|other| other != person).collect();
    match subject.recusal {
        Recusal::None => (electors, present),
        Recusal::NoVote => (electors, without(present)),
        Recusal::LeftOut => (without(electors), without(present)),
    }
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

/// Traps D2 and D5: the rule in force when the vote opens governs, and a motion that has been superseded is over.
fn require_current(scene: &Scene<'_>, act: &OpenVote, motion: &Motion, decision: &Decision) -> Result<(), Refusal> {
    let current = scene.charter.digest();
    if motion.charter != current {
        let (pinned, current) = (motion.charter.to_string(), current.to_string());
        return Err(Reason::CharterChanged { pinned, current }.under(&decision.clause));
    }
    match superseded(scene.state, &act.motion, motion, scene.at()) {
        Some((by, clause)) => {
            Err(Reason::Superseded { motion: act.motion.to_string(), by: by.to_string() }.under(&clause))
        }
        None => Ok(()),
    }
}

/// The members who count in the meeting and those of them who are there, when the venue, the notice and the opener are in
/// order.
fn in_meeting(
    scene: &Scene<'_>,
    meeting: &Meeting,
    body: &Body<'_>,
    motion: &Motion,
    decision: &Decision,
) -> Result<(Vec<Handle>, Vec<Handle>), Refusal> {
    require_opener(scene, meeting, body, motion)?;
    require_venue(meeting, decision)?;
    let electors: Vec<Handle> = members_in(scene.state, body, meeting, scene.at()).into_iter().cloned().collect();
    require_notice(scene, meeting, body, &electors)?;
    let seen = scene.event.header().seen.size;
    let here = electors.iter().filter(|person| meeting.is_present_since(person, seen));
    let present =
        here.filter(|person| !is_suspended(scene.state, body, Some(meeting), person, scene.at())).cloned().collect();
    Ok((electors, present))
}

/// The presider opens votes; a listed motion left unopened for the grace may be opened by any member present.
fn require_opener(scene: &Scene<'_>, meeting: &Meeting, body: &Body<'_>, motion: &Motion) -> Result<(), Refusal> {
    let clause = body.rules.grace_clause();
    let listed = meeting.agenda().any(|item| *item == motion.title);
    let left = body.rules.grace_ends(motion.cause.at).is_some_and(|until| until <= scene.at());
    if listed && left && meeting.presider.as_ref() != Some(scene.by()) {
        require_member_in(scene, meeting, body)?;
        return require_present(scene, meeting, clause);
    }
    super::sitting::require_presider(scene, meeting, body, clause)
}

/// TOC-23: resolutions are taken in regular meetings only.
fn require_venue(meeting: &Meeting, decision: &Decision) -> Result<(), Refusal> {
    if decision.venue.admits(meeting.terms.kind) {
        return Ok(());
    }
    let (kind, needed) = (meeting.terms.kind.to_string(), decision.venue.words().to_owned());
    Err(Reason::WrongVenue { kind, needed }.under(&decision.venue_clause))
}

/// TOC-19 and TOC-20: no valid vote on a short or incomplete notice, unless every member in office has waived it.
fn require_notice(scene: &Scene<'_>, meeting: &Meeting, body: &Body<'_>, electors: &[Handle]) -> Result<(), Refusal> {
    if is_duly_noticed(meeting, electors) {
        return Ok(());
    }
    let waivers = count(electors.iter().filter(|person| meeting.waivers.contains_key(*person)).count());
    let electors = count(electors.len());
    let mut defects = notice_defects(scene.charter, meeting).into_iter();
    match defects.next() {
        Some(Reason::NoticeShort { noticed, meets, days, needed, waived: _, members: _ }) => {
            let reason = Reason::NoticeShort { noticed, meets, days, needed, waived: waivers, members: electors };
            Err(reason.under(body.rules.notice_clause()))
        }
        Some(Reason::NoticeIncomplete { missing, waived: _, members: _ }) => {
            let reason = Reason::NoticeIncomplete { missing, waived: waivers, members: electors };
            Err(reason.under(body.rules.fields_clause()))
        }
        Some(other) => Err(other.under(body.rules.fields_clause())),
        None => Ok(()),
    }
}

/// TOC-20: where the charter asks for it, the motion stands on the agenda by its title, naming the person if it must.
fn require_listed(meeting: &Meeting, motion: &Motion, subject: &Subject) -> Result<(), Refusal> {
    let seeded = matches!(&motion.effect, Effect::Found(found) if found.first.iter().flatten().next().is_some());
    let seeds = subject.seeds.as_ref().filter(|_| seeded).and_then(|seeds| seeds.listed.as_ref());
    let Some(clause) = subject.listed.as_ref().or(seeds) else { return Ok(()) };
    let title = motion.title.as_str().trim();
    if !meeting.agenda().any(|item| item.as_str().trim() == title) {
        return Err(Reason::NotListed { title: title.to_owned() }.under(clause));
    }
    if let Effect::Amend(effect) = &motion.effect {
        // G1: the text is in the notice, by its digest.
        let digest = effect.charter_digest.to_string();
        let references = match &meeting.terms.references {
            Some(References::List(list)) => list.as_slice(),
            Some(References::None) | None => &[],
        };
        if !meeting.agenda().chain(references).any(|text| text.as_str().contains(&digest)) {
            return Err(Reason::TextNotNoticed { digest }.under(clause));
        }
    }
    match motion.effect.person() {
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

/// PMC-16 to PMC-19: some rules are for a unit's beginning, some for the time after.
fn require_phase(scene: &Scene<'_>, motion: &Motion, subject: &Subject) -> Result<(), Refusal> {
    let unit = motion.effect.unit().and_then(|unit| scene.state.roster().unit(unit));
    let constituted = unit.and_then(|unit| unit.constituted.as_ref());
    if subject.phase.holds(constituted.is_some()) {
        return Ok(());
    }
    let what = match constituted {
        Some(since) => format!("the unit has been established since {}; this was for its beginning", since.at),
        None => "the unit has not been established yet, and this is for the time after".to_owned(),
    };
    Err(Reason::NoPath { what }.under(&subject.clause))
}

/// DEV-SEED: some rules hold only while too few hold the role.
pub(super) fn require_below(scene: &Scene<'_>, motion: &Motion, subject: &Subject) -> Result<(), Refusal> {
    let (Some(below), Some(change)) = (subject.below, motion.effect.role_change()) else { return Ok(()) };
    let holders = scene.state.roster().holders(change.unit, change.role, scene.at());
    let held = count(holders.filter(|(_, tenure)| !tenure.is_asserted()).count());
    if held < below {
        return Ok(());
    }
    let what = format!("{held} hold `{}` in `{}`, and this is for fewer than {below}", change.role, change.unit);
    Err(Reason::NoPath { what }.under(&subject.clause))
}

/// TOC-15: forced removal needs the stated run of absences before the notice that lists the item.
fn require_streak(
    scene: &Scene<'_>,
    meeting: &Meeting,
    body: &Body<'_>,
    motion: &Motion,
    subject: &Subject,
) -> Result<(), Refusal> {
    let (Some(needed), Some(person)) = (subject.absences, motion.effect.person()) else { return Ok(()) };
    let file = absences(scene.state, body, person, meeting.noticed_at);
    let missed = file.last().map_or(0, |attendance| attendance.streak);
    if missed < needed {
        return Err(Reason::StreakShort { person: person.to_string(), missed, needed }.under(&subject.clause));
    }
    Ok(())
}

/// PMC-17 to PMC-19 and trap C11: the nominator holds the role when the nominee accepts, or until then when the vote
/// opens; an applicant holds theirs at application and at decision.
fn require_candidate(scene: &Scene<'_>, motion: &Motion, subject: &Subject) -> Result<(), Refusal> {
    let (Some(event), Some(change)) = (&motion.nomination, motion.effect.role_change()) else { return Ok(()) };
    let stands = |nomination: &&Nomination| nomination.withdrawn.is_none() && nomination.spent.is_none();
    let standing = scene.state.proposals().nomination(event).filter(stands);
    if subject.applied {
        return match standing {
            Some(_) => require_applicant(scene, change.unit, change.role, change.person, scene.at()),
            None => Err(not_nominator(change.unit, change.role, None).under(&subject.clause)),
        };
    }
    let Some(role) = &subject.nominated_by else { return Ok(()) };
    if standing.is_some_and(|nomination| nomination.accepted.is_some()) {
        return Ok(());
    }
    let nominator: Option<&Handle> = standing.map(|nomination| &nomination.cause.by);
    if nominator.is_some_and(|person| scene.holds(change.unit, role, person).is_some()) {
        return Ok(());
    }
    Err(not_nominator(change.unit, role, nominator).under(&subject.clause))
}

fn not_nominator(unit: &UnitId, role: &Name, person: Option<&Handle>) -> Reason {
    let person = person.map_or_else(|| "nobody".to_owned(), ToString::to_string);
    Reason::NotNominator { person, unit: unit.to_string(), role: role.to_string() }
}

/// The opening pins when the vote closes, within the charter's bounds and, in a meeting, by the end of its day.
fn closing_time(
    scene: &Scene<'_>,
    asked: Option<Timestamp>,
    body: &Assembly<'_>,
    decision: &Decision,
    meeting: Option<&Meeting>,
) -> Result<Timestamp, Refusal> {
    let none = || Reason::NoPath { what: format!("`{}` takes no votes", body.unit) }.under(&body.kind.clause);
    let rules = decision.vote.as_ref().or(body.kind.vote.as_ref()).ok_or_else(none)?;
    let VoteRules { clause, minutes_min, minutes_default, minutes_max, named: _, choices: _, early: _ } = rules;
    let after = |minutes: &u64| scene.at().plus_ms(minutes.saturating_mul(60_000));
    let closes = asked.unwrap_or_else(|| after(minutes_default));
    if closes < after(minutes_min) || after(minutes_max) < closes {
        let (minutes_min, minutes_max) = (*minutes_min, *minutes_max);
        return Err(Reason::VoteDuration { closes: closes.to_string(), minutes_min, minutes_max }.under(clause));
    }
    // The meeting's day ends at `ends_by`; its last instant is the last one at which a ballot is accepted.
    Ok(meeting.map_or(closes, |meeting| closes.min(meeting.ends_by.minus_ms(1))))
}

/// The electorate is not empty, and not too large to pin.
fn require_electorate(vote: &Vote, decision: &Decision) -> Result<(), Refusal> {
    let members = count(vote.electors.len());
    if ELECTORATE_MAX < members {
        return Err(Reason::ElectorateTooLarge { members, limit: ELECTORATE_MAX }.by_format("limits"));
    }
    if members == 0 {
        let (present, in_office, needed) = (0, 0, 1);
        return Err(Reason::NoQuorum { present, in_office, needed }.under(&decision.clause));
    }
    Ok(())
}

/// TOC-22: the quorum holds among those whom the opening pins.
fn require_quorum(body: &Body<'_>, present: u64, in_office: u64) -> Result<(), Refusal> {
    if has_quorum(body.rules, present, in_office) {
        return Ok(());
    }
    let needed = body.rules.quorum_of(in_office);
    Err(Reason::NoQuorum { present, in_office, needed }.under(body.rules.quorum_clause()))
}
