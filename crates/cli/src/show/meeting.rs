//! A meeting as JSON: its notice, its quorum and attendance, and where it stands.

use rollcall_core::charter::Charter;
use rollcall_core::decide::meeting::{Body, has_quorum, is_duly_noticed, members_in, notice_defects, present};
use rollcall_core::state::State;
use rollcall_core::state::meetings::Meeting;
use rollcall_core::time::Timestamp;
use serde_json::{Value, json};

/// A meeting with its quorum now, its attendance and its motions.
pub(crate) fn meeting(state: &State, charter: &Charter, meeting: &Meeting, at: Timestamp) -> Value {
    let terms = &meeting.terms;
    // A meeting that is over is shown as it was, whoever has come or gone since.
    let now = at;
    let at = meeting.ended(now).map_or(now, |ended| ended.minus_ms(1).max(meeting.noticed_at));
    let body = Body::of(state, charter, &terms.unit);
    let mut defects = Vec::new();
    let mut quorum = Value::Null;
    let mut lax = false;
    if let Some(body) = &body {
        let members = members_in(state, body, meeting, at);
        if !is_duly_noticed(meeting, members) {
            defects = notice_defects(charter, meeting);
        }
        let (here, in_office) = present(state, body, meeting, at);
        let count = u64::try_from(here.len()).unwrap_or(u64::MAX);
        quorum = json!({
            "present": here,
            "in_office": in_office,
            "needed": body.rules.quorum_of(in_office),
            "holds": has_quorum(body.rules, count, in_office),
            "clause": body.rules.quorum_clause(),
        });
        lax = 0 < body.rules.days_needed()
            && i64::try_from(body.rules.days_needed()).is_ok_and(|needed| needed == meeting.days);
    }
    let motions = state.motions().iter().filter(|(_, motion)| motion.meeting == Some(meeting.id()));
    json!({
        "meeting": meeting.id().to_string(),
        "unit": terms.unit,
        "kind": terms.kind,
        "starts": terms.starts.to_string(),
        "local": charter.zone().local(terms.starts),
        "place": terms.place,
        "mode": terms.mode,
        "agenda": meeting.agenda().collect::<Vec<_>>(),
        "references": meeting.terms.references,
        "delivered": meeting.delivered.as_ref().map(|d| json!({"archive": d.archive, "time": d.time.to_string()})),
        "noticed_at": meeting.noticed_at.to_string(),
        "notice_by": meeting.notice.by,
        "days": meeting.days,
        "exactly_the_minimum": lax,
        "defects": defects.iter().map(|reason| json!({"code": reason.code(), "what": reason.to_string()})).collect::<Vec<_>>(),
        "status": status(meeting, now),
        "presider": meeting.presider,
        "quorum": quorum,
        "quorate": meeting.quorate,
        "attended": meeting.presence.keys().collect::<Vec<_>>(),
        "excused": meeting.excuses.keys().collect::<Vec<_>>(),
        "disputed": meeting.disputes.iter().map(|(person, _)| person).collect::<Vec<_>>(),
        "ends_by": meeting.ends_by.to_string(),
        "motions": motions.map(|(id, _)| id.to_string()).collect::<Vec<_>>(),
    })
}

/// Where a meeting stands.
pub(crate) fn status(meeting: &Meeting, at: Timestamp) -> &'static str {
    if meeting.cancelled.is_some() {
        "cancelled"
    } else if meeting.answered_by.is_some() {
        "answered by a notice"
    } else if at < meeting.noticed_at {
        "demanded"
    } else if meeting.ended(at).is_some() {
        if meeting.opened.is_some() { "ended" } else { "never opened" }
    } else if meeting.opened.is_some() {
        "open"
    } else {
        "noticed"
    }
}
