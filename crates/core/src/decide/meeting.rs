//! Questions about a body and its meetings that rules and answers share: members, quorum, notice defects, absences.
//!
//! Each takes the instant it is asked about; none changes anything.

use crate::charter::{Charter, Counts, MeetingRules, UnitKind};
use crate::name::{Handle, Name, UnitId};
use crate::refusal::Reason;
use crate::state::State;
use crate::state::meetings::Meeting;
use crate::state::roster::{How, Tenure};
use crate::time::Timestamp;

/// The body of a meeting: its kind, meeting rules and the role of its members.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// Its kind.
    pub kind: &'a UnitKind,
    /// How it meets.
    pub rules: &'a MeetingRules,
    /// The role whose holders are its members.
    pub electors: &'a Name,
}

impl<'a> Body<'a> {
    /// The body behind a unit, if its kind meets at all.
    #[must_use]
    pub fn of(state: &State, charter: &'a Charter, unit: &'a UnitId) -> Option<Self> {
        let kind = charter.kind(&state.roster().unit(unit)?.kind)?;
        Some(Self { unit, kind, rules: kind.meeting.as_ref()?, electors: kind.electors.as_ref()? })
    }
}

/// The members in office at an instant, with the tenures by which they are; asserted holders are outside (G18).
#[must_use]
pub fn members<'a>(state: &'a State, body: &Body<'_>, at: Timestamp) -> Vec<(&'a Handle, &'a Tenure)> {
    in_office(state, body.unit, body.electors, at)
}

/// Everybody who holds a role of a unit in person at an instant, with the tenures by which they do.
#[must_use]
pub fn in_office<'a>(state: &'a State, unit: &UnitId, role: &Name, at: Timestamp) -> Vec<(&'a Handle, &'a Tenure)> {
    state.roster().holders(unit, role, at).filter(|(_, tenure)| !tenure.is_asserted()).collect()
}

/// The members who count in a meeting: those in office, less those whom the authority appointed after its notice, unless
/// the body is frozen (G3).
#[must_use]
pub fn members_in<'a>(state: &'a State, body: &Body<'_>, meeting: &Meeting, at: Timestamp) -> Vec<&'a Handle> {
    let frozen = is_frozen(state, body, at);
    let counts = |tenure: &Tenure| frozen || !joined_after_notice(tenure, meeting);
    let members = members(state, body, at).into_iter();
    members.filter(|(_, tenure)| counts(tenure)).map(|(person, _)| person).collect()
}

fn joined_after_notice(tenure: &Tenure, meeting: &Meeting) -> bool {
    let seated = tenure.seated();
    let appointed = matches!(tenure.how, How::Appointed | How::Implied);
    let later = if meeting.notice.at == meeting.noticed_at {
        meeting.notice.entry < seated.entry
    } else {
        meeting.noticed_at < seated.at
    };
    appointed && later
}

/// DL: a body is frozen when its last two duly noticed meetings both ended without ever having had a quorum.
#[must_use]
pub fn is_frozen(state: &State, body: &Body<'_>, at: Timestamp) -> bool {
    let over = |meeting: &&Meeting| counts_for_absence(meeting, at) && meeting.ended(at).is_some();
    let last: Vec<&Meeting> = state.meetings().by_start(body.unit).rev().filter(over).take(2).collect();
    matches!(last.as_slice(), [after, before] if !before.quorate && !after.quorate)
}

/// The members present, and those in office, of a meeting now.
#[must_use]
pub fn present<'a>(state: &'a State, body: &Body<'_>, meeting: &Meeting, at: Timestamp) -> (Vec<&'a Handle>, u64) {
    let members = members_in(state, body, meeting, at);
    let in_office = count(members.len());
    (members.into_iter().filter(|person| meeting.is_present(person)).collect(), in_office)
}

/// TOC-22: whether a quorum holds with `present` of `in_office` members.
#[must_use]
pub fn has_quorum(rules: &MeetingRules, present: u64, in_office: u64) -> bool {
    let counts = Counts { in_office, present, ..Counts::default() };
    0 < present && rules.quorum.as_ref().is_none_or(|bar| bar.is_met(present, &counts))
}

/// What is wrong with a meeting's notice: too short by civil dates in the charter's zone (trap B13), or incomplete.
#[must_use]
pub fn notice_defects(charter: &Charter, meeting: &Meeting) -> Vec<Reason> {
    let mut defects = Vec::new();
    let needed = meeting.days_needed;
    if meeting.days < i64::try_from(needed).unwrap_or(i64::MAX) {
        defects.push(Reason::NoticeShort {
            noticed: charter.zone().date(meeting.noticed_at).to_string(),
            meets: charter.zone().date(meeting.terms.starts).to_string(),
            days: meeting.days,
            needed,
            waived: 0,
            members: count(meeting.recipients.len()),
        });
    }
    let missing = meeting.missing();
    if !missing.is_empty() {
        let members = count(meeting.recipients.len());
        defects.push(Reason::NoticeIncomplete { missing: missing.join(", "), waived: 0, members });
    }
    defects
}

/// Whether a notice has no defect under the charter it was given under, or every one of `members` waived it (TOC-19, D1).
#[must_use]
pub fn is_duly_noticed<'a>(meeting: &Meeting, members: impl IntoIterator<Item = &'a Handle>) -> bool {
    let long_enough = i64::try_from(meeting.days_needed).is_ok_and(|needed| needed <= meeting.days);
    let clean = long_enough && meeting.missing().is_empty();
    clean || (!meeting.waivers.is_empty() && members.into_iter().all(|person| meeting.waivers.contains_key(person)))
}

/// TOC-15: a meeting counts when it was duly noticed and not cancelled, opened or not, quorate or not.
fn counts_for_absence(meeting: &Meeting, at: Timestamp) -> bool {
    meeting.is_convened(at) && is_duly_noticed(meeting, &meeting.recipients)
}

/// One meeting in the case file of a person's absences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendance<'a> {
    /// The meeting.
    pub meeting: &'a Meeting,
    /// Whether the person was checked in at any time.
    pub attended: bool,
    /// Length of the run of absences after this meeting.
    pub streak: u64,
}

/// TOC-15: how a person's run of consecutive absences stood when a notice was given at `noticed_at`, meeting by meeting.
///
/// Counted are the meetings that had ended by then and of which the person was notified during the present tenure. An
/// absence adds to a run only if its notice followed the start of the meeting missed before it.
#[must_use]
pub fn absences<'a>(state: &'a State, body: &Body<'_>, person: &Handle, noticed_at: Timestamp) -> Vec<Attendance<'a>> {
    let Some(tenure) = state.roster().tenure_at(body.unit, body.electors, person, noticed_at) else {
        return Vec::new();
    };
    let counts = |meeting: &&Meeting| {
        counts_for_absence(meeting, noticed_at)
            && meeting.ended(noticed_at).is_some()
            && meeting.recipients.contains(person)
            && tenure.seated().at <= meeting.noticed_at
    };
    let recent = state.meetings().noticed_since(body.unit, tenure.seated().at);
    let mut counted: Vec<&Meeting> = recent.filter(counts).collect();
    counted.sort_by_key(|meeting| (meeting.terms.starts, meeting.notice.entry));

    let mut streak = 0_u64;
    let mut missed_start = None;
    let mut file = Vec::new();
    for meeting in counted {
        let attended = meeting.attended(person);
        if attended {
            streak = 0;
            missed_start = None;
        } else if missed_start.is_none_or(|start| start < meeting.noticed_at) {
            streak = streak.saturating_add(1);
            missed_start = Some(meeting.terms.starts);
        }
        file.push(Attendance { meeting, attended, streak });
    }
    file
}

/// Tells whether a member has lost the vote by staying away, as seen from a meeting in which they may be present, if any: after so
/// many consecutive absences, until so many consecutive attendances, the present one included.
#[must_use]
pub fn is_suspended(state: &State, body: &Body<'_>, meeting: Option<&Meeting>, person: &Handle, at: Timestamp) -> bool {
    let Some(rule) = &body.rules.suspension else { return false };
    let mut file: Vec<bool> = absences(state, body, person, at)
        .into_iter()
        .filter(|attendance| meeting.is_none_or(|meeting| attendance.meeting.id() != meeting.id()))
        .map(|attendance| attendance.attended)
        .collect();
    file.extend(meeting.map(|meeting| meeting.attended(person)));
    let (mut missed, mut came, mut suspended) = (0_u64, 0_u64, false);
    for attended in file {
        missed = if attended { 0 } else { missed.saturating_add(1) };
        came = if attended { came.saturating_add(1) } else { 0 };
        suspended = if suspended { came < rule.attendances } else { rule.absences <= missed };
    }
    suspended
}

/// Length of the run of absences that stood when a notice was given.
#[must_use]
pub fn streak(state: &State, body: &Body<'_>, person: &Handle, noticed_at: Timestamp) -> u64 {
    absences(state, body, person, noticed_at).last().map_or(0, |attendance| attendance.streak)
}

pub(crate) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
