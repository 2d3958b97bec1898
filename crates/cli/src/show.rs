//! Records as JSON and as text, shared by the commands that show them.

use std::fmt::Write;

use rollcall_core::charter::Charter;
use rollcall_core::decide::basis::{decision_of, words};
use rollcall_core::decide::meeting::{
    Body, absences, has_quorum, is_duly_noticed, members_in, notice_defects, present,
};
use rollcall_core::digest::EventId;
use rollcall_core::entry::Entry;
use rollcall_core::event::Payload;
use rollcall_core::explain::Explanation;
use rollcall_core::state::State;
use rollcall_core::state::meetings::Meeting;
use rollcall_core::state::motions::Motion;
use rollcall_core::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::json::act_fields;

/// The first digits of an id, enough for people.
pub(crate) fn short(id: &EventId) -> String {
    id.to_string().chars().take(12).collect()
}

/// One entry of the log as `log --json` shows it.
pub(crate) fn entry(index: u64, bytes: &[u8]) -> Result<Map<String, Value>, Failure> {
    let unreadable =
        |error: &dyn std::error::Error| Failure::input(format!("entry {index} cannot be read")).caused_by(error);
    let entry = Entry::decode(bytes).map_err(|error| unreadable(&error))?;
    let payload = Payload::decode(entry.event.payload()).map_err(|error| unreadable(&error))?;
    let mut object = Map::new();
    object.insert("entry".to_owned(), json!(index));
    object.insert("accepted_at".to_owned(), json!(entry.accepted_at.to_string()));
    object.insert("event".to_owned(), json!(entry.event.id().to_string()));
    object.insert("act".to_owned(), json!(payload.act.tag()));
    object.insert("by".to_owned(), json!(payload.header.by.as_str()));
    object.extend(act_fields(&payload.act));
    Ok(object)
}

/// One entry of the log on one line of text.
pub(crate) fn entry_line(object: &Map<String, Value>) -> String {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let index = object.get("entry").and_then(Value::as_u64).unwrap_or_default();
    let id: String = text("event").chars().take(12).collect();
    let header = ["entry", "accepted_at", "event", "act", "by"];
    let own = object.iter().filter(|(key, _)| !header.contains(&key.as_str()));
    let fields = own.map(|(key, value)| format!("{key}={}", brief(value))).collect::<Vec<_>>().join(" ");
    format!("{index:>6}  {}  {id}  {:<13} {:<12} {fields}", text("accepted_at"), text("act"), text("by"))
}

fn brief(value: &Value) -> String {
    let text = match value {
        Value::String(text) if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
            return text.chars().take(12).collect();
        }
        Value::String(text) if !text.contains([' ', '\n', '\t']) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() > 72 { text.chars().take(71).chain(['…']).collect() } else { text }
}

/// A tree of explanations, indented.
pub(crate) fn tree(explanation: &Explanation, depth: usize, out: &mut String) {
    let clause = explanation.clause.as_ref().map_or_else(String::new, |clause| format!("  [{clause}]"));
    let event = explanation.event.map_or_else(String::new, |event| format!("  {}", short(&event)));
    let _ = writeln!(out, "{:indent$}{}{clause}{event}", "", explanation.fact, indent = depth.saturating_mul(2));
    for reason in &explanation.because {
        tree(reason, depth.saturating_add(1), out);
    }
}

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
        if !is_duly_noticed(body.rules, meeting, members) {
            defects = notice_defects(charter, body.rules, meeting);
        }
        let (here, in_office) = present(state, body, meeting, at);
        let count = u64::try_from(here.len()).unwrap_or(u64::MAX);
        quorum = json!({
            "present": here,
            "in_office": in_office,
            "needed": body.rules.quorum.least(count, in_office),
            "holds": has_quorum(body.rules, count, in_office),
            "clause": body.rules.quorum.clause,
        });
        lax = i64::try_from(body.rules.notice_days.value).is_ok_and(|needed| needed == meeting.days);
    }
    let motions = state.motions().iter().filter(|(_, motion)| motion.meeting == meeting.id());
    json!({
        "meeting": meeting.id().to_string(),
        "unit": terms.unit,
        "kind": terms.kind,
        "starts": terms.starts.to_string(),
        "local": charter.zone().local(terms.starts),
        "place": terms.place,
        "mode": terms.mode,
        "agenda": meeting.agenda().collect::<Vec<_>>(),
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

/// A motion with its tally, its bars, and how far it is from passing.
pub(crate) fn motion(state: &State, charter: &Charter, id: &EventId, motion: &Motion, at: Timestamp) -> Value {
    let mut object = json!({
        "motion": id.to_string(),
        "unit": motion.unit,
        "meeting": motion.meeting.to_string(),
        "title": motion.title,
        "by": motion.cause.by,
        "effect": words(&motion.effect),
        "rule": motion.decision,
        "charter": motion.charter.to_string(),
        "withdrawn": motion.withdrawn.is_some(),
        "applied": motion.applied.map(|event| event.to_string()),
    });
    let Some((_, vote)) = state.motions().voted(id) else { return object };
    let decision = decision_of(state, charter, motion);
    let tally = vote.tally();
    let pass = decision.map_or(&[][..], |decision| decision.pass.as_slice());
    let needed = tally.needed(pass);
    let binding = pass.iter().filter(|bar| bar.least(tally.present, tally.in_office) == needed);
    let bars = pass.iter().map(|bar| {
        json!({
            "bar": format!("{} of {}", bar.threshold, serde_json::to_value(bar.of).unwrap_or_default().as_str().unwrap_or_default()),
            "clause": bar.clause,
            "least": bar.least(tally.present, tally.in_office),
            "met": bar.is_met(tally.approvals, tally.present, tally.in_office),
        })
    });
    let decided = vote.is_decided(at);
    let mut file = Value::Null;
    if let rollcall_core::effect::Effect::EndRole(end) = &motion.effect {
        file = absence_file(state, charter, motion, &end.person);
    }
    let ballots = vote.ballots.iter().filter_map(|(person, chain)| {
        let last = chain.last()?;
        let choice = last.choice.map_or("retracted", rollcall_core::act::Choice::as_str);
        Some(json!({"by": person, "choice": choice, "event": last.cause.event.to_string(), "links": chain.len()}))
    });
    if let Some(fields) = object.as_object_mut() {
        fields.insert("vote".to_owned(), json!(vote.cause.event.to_string()));
        fields.insert("closes".to_owned(), json!(vote.closes.to_string()));
        fields.insert("closed".to_owned(), json!(vote.closed.as_ref().map(|cause| cause.at.to_string())));
        fields.insert("electors".to_owned(), json!(vote.electors));
        fields.insert("present".to_owned(), json!(vote.present));
        fields.insert("ballots".to_owned(), ballots.collect());
        fields.insert("tally".to_owned(), json!(tally));
        fields.insert("bars".to_owned(), bars.collect());
        fields.insert("binding".to_owned(), binding.map(|bar| json!(bar.clause)).collect());
        fields.insert("needed".to_owned(), json!(needed));
        fields.insert("missing".to_owned(), json!(needed.saturating_sub(tally.approvals)));
        let outcome = tally.outcome(pass);
        fields.insert("outcome".to_owned(), if decided { json!(outcome) } else { Value::Null });
        fields.insert("absences".to_owned(), file);
    }
    object
}

/// The case file of a person's absences, as it stood at the notice of the motion's meeting.
fn absence_file(state: &State, charter: &Charter, motion: &Motion, person: &rollcall_core::name::Handle) -> Value {
    let (Some(meeting), Some(body)) = (state.meetings().get(&motion.meeting), Body::of(state, charter, &motion.unit))
    else {
        return Value::Null;
    };
    let file = absences(state, &body, person, meeting.noticed_at).into_iter().map(|attendance| {
        json!({
            "meeting": attendance.meeting.id().to_string(),
            "starts": attendance.meeting.terms.starts.to_string(),
            "attended": attendance.attended,
            "excused": attendance.meeting.excuses.contains_key(person),
            "consecutive": attendance.streak,
        })
    });
    file.collect()
}

/// JSON as indented text for people: names and values, without braces.
pub(crate) fn outline(value: &Value, depth: usize, out: &mut String) {
    let indent = depth.saturating_mul(2);
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let label = key.replace('_', " ");
                match value {
                    Value::Null => {}
                    Value::Array(items) if items.is_empty() => {}
                    Value::Object(_) => {
                        let _ = writeln!(out, "{:indent$}{label}:", "");
                        outline(value, depth.saturating_add(1), out);
                    }
                    Value::Array(items) if items.iter().any(Value::is_object) => {
                        let _ = writeln!(out, "{:indent$}{label}:", "");
                        for item in items {
                            outline(item, depth.saturating_add(1), out);
                            out.push('\n');
                        }
                    }
                    other => {
                        let _ = writeln!(out, "{:indent$}{label}: {}", "", plain(other));
                    }
                }
            }
        }
        other => {
            let _ = writeln!(out, "{:indent$}{}", "", plain(other));
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        // Whoever wrote a text must not be able to write lines of this output.
        Value::String(text) => text.replace('\n', " ⏎ ").replace('\t', " "),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" | "),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}
