//! `meeting`: notice, agenda, quorum and attendance of a meeting; and the notes that an act's answer carries.

use std::fmt::Write;

use clap::{Arg, ArgMatches, Command};
use rollcall_core::act::{Act, Resign};
use rollcall_core::charter::Charter;
use rollcall_core::decide::meeting::{Body, has_quorum, is_duly_noticed, members, members_in, notice_defects, present};
use rollcall_core::digest::EventId;
use rollcall_core::event::Payload;
use rollcall_core::name::Handle;
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::show;

pub(super) fn command() -> Command {
    Command::new("meeting")
        .about("Show a meeting's notice, agenda, quorum and attendance, or list the meetings")
        .arg(Arg::new("meeting").value_name("EVENT").help("The notice's event; without it, all meetings are listed"))
        .arg(Arg::new("unit").long("unit").value_name("UNIT").help("Only meetings of this body"))
        .args_conflicts_with_subcommands(true)
        .subcommand(
            Command::new("quorum")
                .about("Tell whether a meeting would have a quorum with some members, and who would suffice")
                .arg(Arg::new("meeting").value_name("EVENT").help("The meeting; without it, the body as it is now"))
                .arg(Arg::new("unit").long("unit").value_name("UNIT").default_value("toc").help("The body"))
                .arg(
                    Arg::new("if")
                        .long("if")
                        .value_name("HANDLE,…")
                        .value_delimiter(',')
                        .help("Who would be there; by default those who are"),
                )
                .arg(super::replay_arg())
                .after_help("Example:\n  rollcall --ledger L meeting quorum --if alice,bob"),
        )
        .arg(super::replay_arg())
        .after_help("Examples:\n  rollcall --ledger L meeting\n  rollcall --ledger L meeting 3f2a9c")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    if let Some(("quorum", args)) = args.subcommand() {
        return quorum(args);
    }
    super::ask(args, |reading| answer(reading, args))
}

fn answer(reading: Reading<'_>, args: &ArgMatches) -> Result<Answer, Failure> {
    let (state, charter, at) = (reading.state, reading.charter()?, reading.asking_at()?);
    let mut text = String::new();
    if let Some(id) = args.get_one::<String>("meeting") {
        let id = super::event(state, id)?;
        let meeting = state.meetings().get(&id);
        let meeting = meeting
            .ok_or_else(|| Failure::usage(format!("the event convenes no meeting: {id}")).hint("rollcall meeting"))?;
        let json = show::meeting(state, charter, meeting, at);
        show::outline(&json, 0, &mut text);
        return Ok(Answer::new(json, text));
    }
    let unit = super::unit(args, "unit")?;
    let mut meetings: Vec<_> =
        state.meetings().iter().filter(|m| unit.as_ref().is_none_or(|unit| m.terms.unit == *unit)).collect();
    meetings.sort_by_key(|meeting| (meeting.terms.starts, meeting.notice.entry));
    for meeting in &meetings {
        let _ = writeln!(
            text,
            "{}  {}  {:<13} {}  {}",
            show::short(&meeting.id()),
            charter.zone().local(meeting.terms.starts),
            meeting.terms.kind.as_str(),
            meeting.terms.unit,
            show::status(meeting, at)
        );
    }
    let json = meetings.iter().map(|meeting| show::meeting(state, charter, meeting, at)).collect::<Value>();
    Ok(Answer::new(json, text))
}

/// Whether a quorum would hold, and how many more of whom would suffice.
fn quorum(args: &ArgMatches) -> Result<Answer, Failure> {
    super::ask(args, |reading| probed(reading, args))
}

fn probed(reading: Reading<'_>, args: &ArgMatches) -> Result<Answer, Failure> {
    let (state, charter, at) = (reading.state, reading.charter()?, reading.asking_at()?);
    let id = args.get_one::<String>("meeting").map(|id| super::event(state, id)).transpose()?;
    let meeting = match &id {
        Some(id) => {
            let none = || Failure::usage(format!("the event convenes no meeting: {id}")).hint("rollcall meeting");
            Some(state.meetings().get(id).ok_or_else(none)?)
        }
        None => None,
    };
    let asked = super::unit(args, "unit")?;
    let unit = meeting.map(|meeting| &meeting.terms.unit).or(asked.as_ref());
    let unit = unit.ok_or_else(|| Failure::usage("which body? name it with `--unit`"))?;
    let body = Body::of(state, charter, unit);
    let body = body.ok_or_else(|| Failure::usage(format!("`{unit}` holds no meetings")).hint("rollcall roster"))?;
    let all: Vec<&Handle> = match meeting {
        Some(meeting) => members_in(state, &body, meeting, at),
        None => members(state, &body, at).into_iter().map(|(person, _)| person).collect(),
    };
    let mut named: Vec<Handle> = Vec::new();
    for name in args.get_many::<String>("if").into_iter().flatten() {
        let person: Handle = name.parse().map_err(|error| Failure::usage(format!("`{name}`: {error}")))?;
        if !all.contains(&&person) {
            return Err(
                Failure::usage(format!("`{person}` is not a member in office of `{unit}`")).hint("rollcall roster")
            );
        }
        named.push(person);
    }
    let there: Vec<&Handle> = match (named.is_empty(), meeting) {
        (true, Some(meeting)) => all.iter().filter(|person| meeting.is_present(person)).copied().collect(),
        (true, None) | (false, _) => all.iter().filter(|person| named.contains(person)).copied().collect(),
    };
    let count = |people: &[&Handle]| u64::try_from(people.len()).unwrap_or(u64::MAX);
    let (present, in_office) = (count(&there), count(&all));
    let needed = body.rules.quorum_of(in_office);
    let holds = has_quorum(body.rules, present, in_office);
    let others: Vec<_> = all.iter().filter(|person| !there.contains(person)).copied().collect();
    let missing = needed.saturating_sub(present);
    let clause = body.rules.quorum_clause();
    let json = json!({
        "unit": unit, "present": there, "in_office": in_office, "needed": needed, "holds": holds,
        "missing": missing, "any_of": others, "clause": clause,
    });
    let names: Vec<_> = others.iter().map(ToString::to_string).collect();
    let text = if holds {
        format!("a quorum holds: {present} of {in_office} present, needed {needed} ({clause})\n")
    } else {
        format!(
            "no quorum: {present} of {in_office} present, needed {needed} ({clause}); any {missing} of {} would suffice\n",
            names.join(", ")
        )
    };
    Ok(Answer::new(json, text))
}

/// What an accepted act's answer says besides: quorum, defects of a notice, who is to be told.
pub(crate) fn notes(state: &State, payload: &Payload, event: &EventId, at: Timestamp) -> Vec<String> {
    let Some(charter) = state.charter() else { return Vec::new() };
    let about = match &payload.act {
        Act::Open(act) => Some(act.meeting),
        Act::CheckIn(act) => Some(act.meeting),
        Act::Waive(act) => Some(act.meeting),
        Act::Notice(_) | Act::Petition(_) => Some(*event),
        Act::Resign(act) => {
            let person = act.person.as_ref().unwrap_or(&payload.header.by);
            return resignation_note(state, (charter, act), (event, person), at).into_iter().collect();
        }
        _ => return Vec::new(),
    };
    let meeting = about.and_then(|meeting| state.meetings().get(&meeting));
    let body = meeting.and_then(|meeting| Body::of(state, charter, &meeting.terms.unit));
    let (Some(meeting), Some(body)) = (meeting, body) else { return Vec::new() };
    let mut notes = Vec::new();
    let arrived = meeting.presence.values().flatten().any(|stay| stay.arrived.event == *event);
    if meeting.opened.as_ref().is_some_and(|cause| cause.event == *event) || arrived {
        let (here, in_office) = present(state, &body, meeting, at);
        let count = u64::try_from(here.len()).unwrap_or(u64::MAX);
        let word = if has_quorum(body.rules, count, in_office) { "a quorum holds" } else { "no quorum yet" };
        let needed = body.rules.quorum_of(in_office);
        notes.push(format!("{word}: {count} of {in_office} present, needed {needed} ({})", body.rules.quorum_clause()));
    }
    if meeting.id() == *event {
        for defect in notice_defects(charter, meeting) {
            notes.push(format!("no vote in this meeting will be valid unless every member waives: {defect}"));
        }
        let days = body.rules.days_needed();
        let lax = 0 < days && i64::try_from(days).is_ok_and(|needed| needed == meeting.days);
        if lax {
            notes.push(
                "the notice meets the minimum only by not counting its own day; six days would leave no doubt"
                    .to_owned(),
            );
        }
        let told: Vec<_> = meeting.recipients.iter().map(ToString::to_string).collect();
        notes.push(format!("notify by mail: {}", told.join(", ")));
    }
    if meeting.waivers.values().any(|waiver| waiver == event) {
        let electors = members_in(state, &body, meeting, at);
        let cured = is_duly_noticed(meeting, electors.iter().copied());
        let word = if cured { "the notice is cured" } else { "the notice is not cured yet" };
        notes.push(format!("{word}: {} of {} members have waived", meeting.waivers.len(), electors.len()));
    }
    notes
}

/// TOC-16: who resigns notifies all members; the answer names them.
fn resignation_note(
    state: &State,
    (charter, act): (&Charter, &Resign),
    (event, person): (&EventId, &Handle),
    at: Timestamp,
) -> Option<String> {
    let Resign { unit, role, .. } = act;
    let mut ends = state.roster().tenures_of(unit, role, person).iter().filter_map(|tenure| tenure.ended.as_ref());
    ends.find(|ending| ending.cause.event == *event)?;
    let body = Body::of(state, charter, unit)?;
    let told = members(state, &body, at).into_iter().map(|(member, _)| member.as_str());
    let told: Vec<&str> = told.filter(|member| *member != person.as_str()).collect();
    Some(format!("{person} leaves `{role}`; notify all members: {}", told.join(", ")))
}
