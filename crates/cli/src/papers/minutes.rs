//! Agenda, roll-call sheet, minutes and resolution records in Markdown, from events alone, with objections attached.

use std::fmt::Write;

use rollcall_core::act::Choice;
use rollcall_core::charter::Charter;
use rollcall_core::decide::basis::{decision_of, outcome, words};
use rollcall_core::decide::meeting::Body;
use rollcall_core::digest::EventId;
use rollcall_core::state::State;
use rollcall_core::state::meetings::Meeting;
use rollcall_core::state::motions::{Motion, Vote};
use rollcall_core::time::Timestamp;

use super::{md, title};

/// The agenda with its references.
pub(crate) fn agenda(state: &State, charter: &Charter, meeting: &Meeting) -> String {
    let mut text = heading(state, charter, meeting, "Agenda");
    for (number, item) in (1..).zip(meeting.agenda()) {
        let _ = writeln!(text, "{number}. {}", md(item.as_str()));
    }
    text
}

/// The roll-call sheet: every member in office at the notice, who came and went when, and who was excused.
pub(crate) fn roll_call(state: &State, charter: &Charter, meeting: &Meeting) -> String {
    let mut text = heading(state, charter, meeting, "Roll call");
    attendance(charter, meeting, &mut text);
    text
}

/// The minutes.
pub(crate) fn minutes(state: &State, charter: &Charter, meeting: &Meeting, at: Timestamp) -> String {
    let mut text = heading(state, charter, meeting, "Minutes");
    let local = |at: Timestamp| charter.zone().local(at);
    let by = |cause: &rollcall_core::state::Cause| format!("by {} at {}", md(cause.by.as_str()), local(cause.at));
    let _ = writeln!(text, "- Notice {}, {} civil days ahead", by(&meeting.notice), meeting.days);
    match &meeting.delivered {
        Some(delivery) => {
            let _ = writeln!(
                text,
                "- Delivered to the list at {}: {}",
                local(delivery.time),
                md(delivery.archive.as_str())
            );
        }
        None => text.push_str("- Delivery to the list is not on record\n"),
    }
    match (&meeting.cancelled, &meeting.opened) {
        (Some(cancelled), _) => {
            let _ = writeln!(text, "- Cancelled {}", by(cancelled));
        }
        (None, Some(opened)) => {
            let presider = meeting.presider.as_ref().map_or_else(|| "nobody".to_owned(), |p| md(p.as_str()));
            let _ = writeln!(text, "- Opened {}; {presider} presides", by(opened));
        }
        (None, None) if meeting.ended(at).is_none() => {
            text.push_str("- Not held yet\n");
            return text;
        }
        (None, None) => text.push_str("- Never opened\n"),
    }
    let quorum = if meeting.quorate { "held" } else { "never held" };
    if let Some(body) = Body::of(state, charter, &meeting.terms.unit) {
        let _ = writeln!(text, "- A quorum {quorum} ({})", body.rules.quorum_clause());
    }
    if let Some(ended) = meeting.ended(at) {
        let _ = writeln!(text, "- Ended at {}", local(ended));
    }
    text.push_str("\n## Attendance\n\n");
    attendance(charter, meeting, &mut text);
    let mut motions: Vec<_> =
        state.motions().iter().filter(|(_, motion)| motion.meeting == Some(meeting.id())).collect();
    motions.sort_by_key(|(_, motion)| motion.cause.entry);
    text.push_str("\n## Motions\n");
    if motions.is_empty() {
        text.push_str("\nNone was put.\n");
    }
    for (id, motion) in motions {
        let _ = writeln!(text, "\n### {}\n", md(motion.title.as_str()));
        record(state, charter, id, motion, at, &mut text);
    }
    objections(state, meeting, &mut text);
    let ledger = state.founding().map(|founding| founding.ledger.to_string()).unwrap_or_default();
    let head = state.head();
    let _ = writeln!(
        text,
        "\nMade from the ledger `{ledger}` at {} entries, root `{}`. Whoever presided confirms these minutes by a \
         record of their digest.",
        head.size, head.root
    );
    text
}

/// One resolution: what was decided, by whom, with every ballot.
pub(crate) fn resolution(state: &State, charter: &Charter, id: &EventId, motion: &Motion, at: Timestamp) -> String {
    let mut text = format!("# {}\n\nMotion of `{}`\n\n", md(motion.title.as_str()), motion.unit);
    record(state, charter, id, motion, at, &mut text);
    text
}

fn heading(state: &State, charter: &Charter, meeting: &Meeting, what: &str) -> String {
    let terms = &meeting.terms;
    let place = terms.place.as_ref().map_or_else(|| "place not stated".to_owned(), |place| md(place.as_str()));
    let mut text = format!("# {what}: {}\n\n", md(&title(state, meeting)));
    let _ = writeln!(text, "{} {}, {place}\n", charter.zone().local(terms.starts), md(charter.zone().name()));
    text
}

fn attendance(charter: &Charter, meeting: &Meeting, text: &mut String) {
    let clock = |at: Timestamp| charter.zone().local(at);
    text.push_str("| who | as | present | note |\n| --- | --- | --- | --- |\n");
    let observers = meeting.presence.keys().filter(|person| !meeting.recipients.contains(person));
    for person in meeting.recipients.iter().chain(observers) {
        let stays = meeting.presence.get(person).into_iter().flatten().map(|stay| {
            let left = stay.left.as_ref().map_or_else(|| "the end".to_owned(), |left| clock(left.at));
            format!("{} to {left}", clock(stay.arrived.at))
        });
        let stays = stays.collect::<Vec<_>>().join("; ");
        let present = if stays.is_empty() { "absent".to_owned() } else { stays };
        let standing = if meeting.recipients.contains(person) { "member" } else { "observer" };
        let mut notes = Vec::new();
        if meeting.excuses.contains_key(person) {
            notes.push("excused");
        }
        if meeting.disputes.iter().any(|(disputed, _)| disputed == person) {
            notes.push("presence disputed");
        }
        let _ = writeln!(text, "| {} | {standing} | {present} | {} |", md(person.as_str()), notes.join(", "));
    }
}

fn record(state: &State, charter: &Charter, id: &EventId, motion: &Motion, at: Timestamp, text: &mut String) {
    let _ = writeln!(text, "{}. Put by {}. Event `{id}`.\n", md(&words(&motion.effect)), md(motion.cause.by.as_str()));
    if motion.withdrawn.is_some() {
        text.push_str("Withdrawn.\n");
        return;
    }
    let Some(vote) = motion.vote.as_ref().and_then(|vote| state.motions().vote(vote)) else {
        text.push_str("Not voted on.\n");
        return;
    };
    if let Some(decision) = decision_of(state, motion) {
        let tally = vote.tally();
        let outcome = outcome(state, motion, vote, at).map_or_else(|| "vote open".to_owned(), |o| o.to_string());
        let _ = writeln!(
            text,
            "**{outcome}** under {}: {} for, {} against, {} abstain, {} silent; {} present of {} in office.\n",
            decision.clause,
            tally.approvals,
            tally.against,
            tally.abstain,
            tally.silent,
            tally.present,
            tally.in_office
        );
    }
    ballots(charter, vote, text);
}

fn ballots(charter: &Charter, vote: &Vote, text: &mut String) {
    text.push_str("| ballot of | choice | signed at |\n| --- | --- | --- |\n");
    for person in &vote.present {
        let tip = vote.chain_tip(person);
        let choice = tip.and_then(|ballot| ballot.choice).map_or("silent", Choice::as_str);
        let when = tip.map_or_else(String::new, |ballot| charter.zone().local(ballot.cause.at));
        let _ = writeln!(text, "| {} | {choice} | {when} |", md(person.as_str()));
    }
    for (person, (choice, _)) in vote.spoken.iter().filter(|(person, _)| vote.standing(person).is_none()) {
        let _ = writeln!(text, "\n{} spoke “{choice}” and did not sign it; it does not count.", md(person.as_str()));
    }
}

/// TOC-10: what attendees put on record about the meeting.
fn objections(state: &State, meeting: &Meeting, text: &mut String) {
    let id = meeting.id();
    let about = state.records().records().filter(|(_, record)| record.event == Some(id) && record.withdrawn.is_none());
    let mut about: Vec<_> = about.map(|(_, record)| record).collect();
    about.sort_by_key(|record| record.cause.entry);
    if about.is_empty() {
        return;
    }
    text.push_str("\n## On record\n\n");
    for record in about {
        let said = record.statement.as_ref().map_or_else(String::new, |said| format!(": {}", md(said.as_str())));
        let digest = record.digest.map_or_else(String::new, |digest| format!(", digest `{digest}`"));
        let _ = writeln!(text, "- {} by {}{said}{digest}", md(record.kind.as_str()), md(record.cause.by.as_str()));
    }
}
