//! What waits for whom: open votes, acceptances, endorsements, due role changes, notices, streaks, claims.
//!
//! Each item is a fact of the state with a verb that would settle it; nothing here decides who must.

use serde::Serialize;

use crate::act::MeetingKind;
use crate::charter::Charter;
use crate::decide::basis::{decided_at, first_due};
use crate::decide::kin::is_seated;
use crate::decide::meeting::{Body, members, streak};
use crate::digest::EventId;
use crate::effect::Effect;
use crate::name::Handle;
use crate::state::State;
use crate::state::authority::Proposed;
use crate::time::{DAY_MS, Timestamp};

/// Something that waits.
#[derive(Clone, Debug, Serialize)]
pub struct Pending {
    /// Whom it waits for; empty where anyone enrolled can settle it.
    pub who: Vec<Handle>,
    /// What waits.
    pub what: String,
    /// The event it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// When it lapses or falls due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The verb that settles it.
    pub verb: &'static str,
}

/// Everything that waits at an instant.
#[must_use]
pub fn pending(state: &State, charter: &Charter, at: Timestamp) -> Vec<Pending> {
    let mut all = Vec::new();
    votes(state, at, &mut all);
    role_changes(state, charter, at, &mut all);
    candidacies(state, charter, at, &mut all);
    signatures(state, &mut all);
    keys(state, &mut all);
    meetings(state, charter, at, &mut all);
    claims(state, charter, at, &mut all);
    all
}

fn votes(state: &State, at: Timestamp, all: &mut Vec<Pending>) {
    for (id, vote) in state.motions().votes().filter(|(_, vote)| vote.cancelled.is_none() && vote.closed.is_none()) {
        let Some(motion) = state.motions().get(&vote.motion) else { continue };
        if state.roster().unit(&motion.unit).is_none_or(|unit| !unit.is_alive()) {
            continue;
        }
        let title = motion.title.as_str();
        let over = decided_at(state, motion, vote, at).is_some() || vote.is_complete();
        let silent: Vec<Handle> =
            vote.present.iter().filter(|person| vote.standing(person).is_none()).cloned().collect();
        all.push(if over {
            let what = format!("the outcome of “{title}” can be recorded");
            Pending { who: Vec::new(), what, event: Some(*id), until: None, verb: "close-vote" }
        } else {
            let what = format!("the vote on “{title}” is open");
            Pending { who: silent, what, event: Some(*id), until: Some(vote.closes), verb: "vote" }
        });
    }
}

fn role_changes(state: &State, charter: &Charter, at: Timestamp, all: &mut Vec<Pending>) {
    for (unit, _) in state.roster().units() {
        if let Some(due) = first_due(state, charter, unit, at) {
            let what =
                format!("{} `{}` in `{unit}` for {} is due", due.change.verb, due.change.role, due.change.person);
            all.push(Pending { who: Vec::new(), what, event: Some(due.basis), until: None, verb: due.change.verb });
        }
    }
    for (event, entitlement) in
        state.proposals().entitlements().filter(|(_, e)| e.applied.is_none() && e.withdrawn.is_none())
    {
        let (role, unit, person) = (&entitlement.role, &entitlement.unit, &entitlement.person);
        let what = format!("grant `{role}` in `{unit}` for {person} can be entered: it is earned");
        all.push(Pending { who: Vec::new(), what, event: Some(*event), until: None, verb: "grant" });
    }
}

fn candidacies(state: &State, charter: &Charter, at: Timestamp, all: &mut Vec<Pending>) {
    let standing = |n: &crate::state::authority::Nomination| n.withdrawn.is_none() && n.spent.is_none();
    for (event, nomination) in state.proposals().nominations().filter(|(_, n)| standing(n)) {
        let (role, unit, person) = (&nomination.role, &nomination.unit, &nomination.person);
        if !nomination.applied && nomination.accepted.is_none() {
            let what = format!("{} nominated {person} for `{role}` in `{unit}`", nomination.cause.by);
            let who = vec![person.clone()];
            all.push(Pending { who, what, event: Some(*event), until: None, verb: "accept" });
        }
        let kind = charter.kind_of(state, unit);
        let path = kind.and_then(|kind| kind.role(role)?.paths.iter().find(|path| path.is_applied_for()));
        let vouched = path.and_then(|path| path.vouched.as_ref());
        let Some(criterion) = vouched.filter(|_| nomination.applied) else { continue };
        if !state.records().is_attested(event, &criterion.name) {
            let rule = kind.and_then(|kind| kind.attestations.get(&criterion.name));
            let seats = rule.map_or(&[][..], |rule| rule.by.as_slice());
            let able = |who: &&Handle| seats.iter().any(|seat| is_seated(state, unit, seat, who, at));
            let who = state.people().iter().map(|(person, _)| person).filter(able).cloned().collect();
            let what =
                format!("{person} applied for `{role}` in `{unit}`; `{}` waits for an attestation", criterion.name);
            all.push(Pending { who, what, event: Some(*event), until: None, verb: "attest" });
        }
    }
}

fn signatures(state: &State, all: &mut Vec<Pending>) {
    let persons = &state.authority().persons;
    let threshold = state.authority().threshold;
    for (event, proposal) in state.proposals().proposals().filter(|(_, p)| p.stood.is_none() && p.withdrawn.is_none()) {
        // Whoever still has a good key binds an offer without the authority.
        if matches!(&proposal.what, Proposed::RebindKey { person, .. } if state.keys().signing(person).next().is_some())
        {
            continue;
        }
        let who: Vec<_> = persons.iter().filter(|person| !proposal.signers.contains_key(*person)).cloned().collect();
        let signed = proposal.signers.len();
        let what = format!("an act of the authority has {signed} of {threshold} signatures");
        all.push(Pending { who, what, event: Some(*event), until: None, verb: "endorse" });
    }
    for (event, motion) in
        state.motions().iter().filter(|(_, m)| matches!(m.effect, Effect::Amend(_)) && m.applied.is_none())
    {
        let who: Vec<_> = persons.iter().filter(|person| !motion.endorsed.contains_key(*person)).cloned().collect();
        if motion.withdrawn.is_none() && !who.is_empty() {
            let what = "the authority may sign an amendment, which what is entrenched needs".to_owned();
            all.push(Pending { who, what, event: Some(*event), until: None, verb: "endorse" });
        }
    }
}

fn keys(state: &State, all: &mut Vec<Pending>) {
    for (event, offer) in state.keys().offers().filter(|(_, offer)| offer.is_open()) {
        let (person, event) = (offer.person(), Some(*event));
        let own = vec![person.clone()];
        all.push(if offer.is_disputed() {
            let who = state.authority().persons.iter().filter(|other| *other != person).cloned().collect();
            let what = format!("the key offered as {person}'s is in dispute");
            Pending { who, what, event, until: None, verb: "settle-key" }
        } else if let Some(due) = offer.due {
            let what = format!("the authority vouches for a new key of {person}; older keys may object");
            Pending { who: own, what, event, until: Some(due), verb: "veto-key" }
        } else {
            let what = format!("somebody offers a key as {person}'s: bind it, or object");
            Pending { who: own, what, event, until: None, verb: "bind-key" }
        });
    }
}

fn meetings(state: &State, charter: &Charter, at: Timestamp, all: &mut Vec<Pending>) {
    for (unit, _) in state.roster().units().filter(|(_, unit)| unit.is_alive()) {
        let Some(body) = Body::of(state, charter, unit) else { continue };
        let holders = state.roster().holders(unit, &body.rules.called_by, at);
        let conveners: Vec<Handle> = holders.map(|(person, _)| person.clone()).collect();
        if let Some(cadence) = &body.rules.cadence_days {
            let regular =
                |m: &&crate::state::meetings::Meeting| m.terms.kind == MeetingKind::Regular && m.is_convened(at);
            let ahead = state.meetings().of_unit(unit).filter(regular).any(|m| at < m.ends_by);
            let opened =
                state.meetings().of_unit(unit).filter(regular).filter_map(|m| m.opened.as_ref()).map(|c| c.at).max();
            let since = opened.or_else(|| state.roster().unit(unit)?.constituted.as_ref().map(|cause| cause.at));
            let due = since.map(|since| since.plus_ms(cadence.value.saturating_mul(DAY_MS)));
            if let Some(due) = due.filter(|_| !ahead) {
                let late = if due < at { "is overdue" } else { "is to be noticed" };
                let vacant = if conveners.is_empty() { "; nobody can convene, the office is vacant" } else { "" };
                let what = format!("the next regular meeting of `{unit}` {late} ({}){vacant}", cadence.clause);
                all.push(Pending { who: conveners.clone(), what, event: None, until: Some(due), verb: "notice" });
            }
        }
        let subjects = body.kind.decisions.iter().flat_map(|decision| &decision.decides);
        let counts = body.rules.suspension.is_some() || subjects.into_iter().any(|subject| subject.absences.is_some());
        for (person, _) in members(state, &body, at).into_iter().filter(|_| counts) {
            let missed = streak(state, &body, person, at);
            if 0 < missed {
                let what = format!("{person} has missed {missed} meeting(s) of `{unit}` in a row");
                all.push(Pending { who: vec![person.clone()], what, event: None, until: None, verb: "check-in" });
            }
        }
    }
    for (event, petition) in state.meetings().petitions().filter(|(_, p)| p.withdrawn.is_none()) {
        let Some(meeting) = state.meetings().get(event) else { continue };
        if petition.complete && meeting.answered_by.is_none() && at < meeting.noticed_at {
            let body = Body::of(state, charter, &petition.terms.unit);
            let role = body.map(|body| state.roster().holders(body.unit, &body.rules.called_by, at));
            let who = role.into_iter().flatten().map(|(person, _)| person.clone()).collect();
            let what =
                format!("members of `{}` demand a meeting; unanswered, the demand is the notice", petition.terms.unit);
            all.push(Pending { who, what, event: Some(*event), until: Some(meeting.noticed_at), verb: "notice" });
        }
    }
}

fn claims(state: &State, charter: &Charter, at: Timestamp, all: &mut Vec<Pending>) {
    for (event, claim) in state.records().claims().filter(|(_, claim)| claim.fulfilled.is_none()) {
        let kind = charter.kind_of(state, &claim.unit);
        let seats =
            kind.and_then(|kind| kind.benefits.get(&claim.benefit)).map_or(&[][..], |b| b.fulfilled_by.as_slice());
        let able = |who: &&Handle| seats.iter().any(|seat| is_seated(state, &claim.unit, seat, who, at));
        let who = state.people().iter().map(|(person, _)| person).filter(able).cloned().collect();
        let what = format!("{} claimed `{}` in `{}`", claim.cause.by, claim.benefit, claim.unit);
        all.push(Pending { who, what, event: Some(*event), until: None, verb: "fulfil" });
    }
}
