//! A motion as JSON: its electorate, ballots and tally, each bar with its margin, and the absences it rests on.

use rollcall_core::charter::{Charter, Decision};
use rollcall_core::decide::basis::{decision_of, outcome, subject_of, superseded, words};
use rollcall_core::decide::meeting::{Body, absences};
use rollcall_core::digest::EventId;
use rollcall_core::doubt::doubt;
use rollcall_core::effect::Effect;
use rollcall_core::name::Handle;
use rollcall_core::state::State;
use rollcall_core::state::motions::{Motion, Tally};
use rollcall_core::time::Timestamp;
use serde_json::{Value, json};

/// A motion with its tally, its bars, and how far it is from passing.
pub(crate) fn motion(state: &State, charter: &Charter, id: &EventId, motion: &Motion, at: Timestamp) -> Value {
    let mut object = json!({
        "motion": id.to_string(),
        "unit": motion.unit,
        "meeting": motion.meeting.map(|meeting| meeting.to_string()),
        "title": motion.title,
        "by": motion.cause.by,
        "effect": words(&motion.effect),
        "rule": motion.decision,
        "charter": motion.charter.to_string(),
        "withdrawn": motion.withdrawn.is_some(),
        "applied": motion.applied.map(|event| event.to_string()),
    });
    if let Some(fields) = object.as_object_mut() {
        let by = superseded(state, id, motion, at).map(|(by, _)| by.to_string());
        fields.insert("superseded".to_owned(), json!(by));
        fields.insert("conflicts".to_owned(), motion.conflicts.iter().map(|id| json!(id.to_string())).collect());
    }
    let Some((_, vote)) = state.motions().voted(id) else { return object };
    let decision = decision_of(state, motion);
    let tally = vote.tally();
    let needed = decision.map_or(0, |decision| tally.needed(decision));
    let mut file = Value::Null;
    if let Effect::EndRole(end) = &motion.effect {
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
        fields.insert("held_out".to_owned(), json!(vote.held));
        fields.insert("in_doubt".to_owned(), json!(decision.and_then(|decision| doubt(state, vote, decision))));
        fields
            .insert("bars".to_owned(), decision.map(|decision| bars(decision, &tally)).into_iter().flatten().collect());
        fields.insert(
            "binding".to_owned(),
            decision.map(|decision| binding(decision, &tally)).into_iter().flatten().collect(),
        );
        fields.insert("needed".to_owned(), json!(needed));
        fields.insert("missing".to_owned(), json!(needed.saturating_sub(tally.approvals)));
        fields.insert("outcome".to_owned(), json!(outcome(state, motion, vote, at)));
        fields.insert(
            "spoken".to_owned(),
            vote.spoken.iter().map(|(p, (choice, _))| json!({"by": p, "choice": choice})).collect(),
        );
        fields.insert("rests_on".to_owned(), json!(readings(state, motion)));
        fields.insert("absences".to_owned(), file);
    }
    object
}

/// The readings that the outcome rests on: those of the clauses that its rule, venue and bars cite.
fn readings(state: &State, motion: &Motion) -> Vec<Value> {
    let (Some(charter), Some(decision)) = (state.charter_of(&motion.charter), decision_of(state, motion)) else {
        return Vec::new();
    };
    let mut clauses = vec![&decision.clause, &decision.venue_clause];
    clauses.extend(decision.pass.iter().chain(&decision.turnout).map(|bar| &bar.clause));
    if let Some(subject) = subject_of(decision, motion) {
        clauses.push(&subject.clause);
        clauses.extend(&subject.listed);
    }
    let cited = charter.interpretations().iter().filter(|reading| clauses.contains(&&reading.clause));
    cited
        .map(|reading| json!({"interpretation": reading.id, "reading": reading.reading, "others": reading.others}))
        .collect()
}

/// Each bar of a rule, with how far it is from being met.
fn bars(decision: &Decision, tally: &Tally) -> Vec<Value> {
    let counts = tally.counts();
    let shares = decision.pass.iter().map(|bar| {
        json!({
            "bar": format!("{} of {}", bar.threshold, bar.of.words()),
            "clause": bar.clause,
            "least": bar.least(&counts),
            "met": bar.is_met(tally.approvals, &counts),
        })
    });
    let least = decision.approvals.iter().map(|least| {
        json!({"bar": "approvals", "clause": least.clause, "least": least.value, "met": least.value <= tally.approvals})
    });
    let turnout = decision.turnout.iter().map(|bar| {
        json!({
            "bar": format!("ballots cast, {} of {}", bar.threshold, bar.of.words()),
            "clause": bar.clause,
            "least": bar.least(&counts),
            "met": bar.is_met(counts.cast, &counts),
        })
    });
    let veto = decision
        .veto
        .iter()
        .map(|clause| json!({"bar": "no ballot against", "clause": clause, "met": tally.against == 0}));
    shares.chain(least).chain(turnout).chain(veto).collect()
}

/// The clauses of the bars that ask for most approvals.
fn binding(decision: &Decision, tally: &Tally) -> Vec<Value> {
    let (counts, needed) = (tally.counts(), tally.needed(decision));
    let shares = decision.pass.iter().filter(|bar| bar.least(&counts) == needed).map(|bar| json!(bar.clause));
    let least = decision.approvals.iter().filter(|least| least.value == needed).map(|least| json!(least.clause));
    shares.chain(least).collect()
}

/// The case file of a person's absences, as it stood at the notice of the motion's meeting.
fn absence_file(state: &State, charter: &Charter, motion: &Motion, person: &Handle) -> Value {
    let (Some(meeting), Some(body)) =
        (motion.meeting.and_then(|id| state.meetings().get(&id)), Body::of(state, charter, &motion.unit))
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
