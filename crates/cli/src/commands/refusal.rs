//! `refusal`: what an operator signs when an act is refused, checked by whoever was refused. The operator's word counts for nothing
//! here: the act is judged again, and a clock that the entries around it belie is no clock.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::audit::chain;
use rollcall_core::digest::{EventId, LedgerId};
use rollcall_core::event::SignedEvent;
use rollcall_core::ledger::{AdmitError, Ledger};
use rollcall_core::limits::{CLOCK_TOLERANCE_MS, NOTE_BYTES_MAX};
use rollcall_core::state::State;
use rollcall_core::submission::{Shown, SignedRefusal};
use rollcall_core::time::Timestamp;
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::carriage::{self, Carried};
use crate::commands::inspect::CARRIED_BYTES_MAX;
use crate::failure::Failure;
use crate::input;
use crate::source::Source;

pub(super) fn command() -> Command {
    let file =
        |name: &'static str| Arg::new(name).value_name("FILE").required(true).value_parser(value_parser!(PathBuf));
    Command::new("refusal")
        .about("Check what an operator signed when an act was refused")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("Example:\n  rollcall refusal verify ballot.signed.refusal --event ballot.signed --bundle public/ --ledger-id ID")
        .subcommand(
            Command::new("verify")
                .about("Judge the act again, in the log as it was then, and compare")
                .arg(file("file").help("The refusal, as `append` has written it"))
                .arg(file("event").long("event").help("The act that was refused"))
                .arg(Arg::new("bundle").long("bundle").value_name("FILE|DIR|URL").required(true).help("The log: a ledger, a bundle, or what is published"))
                .arg(Arg::new("ledger-id").long("ledger-id").value_name("ID").help("The ledger id that you expect"))
                .after_help("Example:\n  rollcall refusal verify ballot.signed.refusal --event ballot.signed --bundle public/ --ledger-id ID\n\nExit code 3: the refusal is not the log's, or the log's own rules do not refuse the act so: keep both files, they show it."),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let Some(("verify", args)) = args.subcommand() else { return Err(Failure::usage("refusal verify?")) };
    let path = |name: &str| args.get_one::<PathBuf>(name).ok_or_else(|| Failure::usage(format!("which {name}?")));
    let note = input::read_text(path("file")?, NOTE_BYTES_MAX)?;
    let event = event(path("event")?)?;
    let source = Source::open(args.get_one::<String>("bundle").map_or("", String::as_str))?;
    let entries = source.entries()?;
    let whole = replayed(&entries)?;
    let state = whole.state();
    let founding = state.founding().ok_or_else(|| Failure::input("the log founds no ledger"))?;
    let expected: Option<LedgerId> = super::parsed(args, "ledger-id")?;
    if let Some(expected) = expected.filter(|id| *id != founding.ledger) {
        return Err(invalid(format!("the log founds the ledger {}, expected: {expected}", founding.ledger)));
    }
    let refusal = SignedRefusal::read(&note, |size| state.log_key(size));
    let refusal = refusal.map_err(|error| invalid("the log has not signed this".to_owned()).caused_by(&error))?;
    let SignedRefusal { origin, shown, head, clock, code } = &refusal;
    if origin.as_str() != founding.origin.as_str() || *shown != Shown::of(&event) {
        let Shown { event: id, digest } = shown;
        return Err(invalid(format!("it is about the event {id}, digest {digest}, and the log: {origin}")));
    }
    match state.log().head_at(head.size) {
        None => {
            let what =
                format!("it was refused after {} entries, and the log at hand has {}", head.size, state.log().size());
            return Err(Failure::unchecked(what).hint("fetch what is new: rollcall mirror --help"));
        }
        Some(own) if own != *head => {
            let what = format!(
                "the log that is at hand never had the head of {} entries that this is signed under: the log has two histories; keep both",
                head.size
            );
            return Err(invalid(what));
        }
        Some(_) => {}
    }
    let until = usize::try_from(head.size).unwrap_or(usize::MAX);
    let mut then = replayed(entries.get(..until).unwrap_or(&entries))?;
    let verdict = then.judge(event, *clock);
    let (again, words) = match &verdict {
        Ok(_) => ("accepted", "it is accepted".to_owned()),
        Err(error) => (error.code(), words(error)),
    };
    let clock_fault = misdated(state, head.size, *clock)?;
    let borne_out = verdict.is_err() && again == code && clock_fault.is_none();
    let json = json!({
        "outcome": if borne_out { "borne out" } else { "contradicted" },
        "event": shown.event.to_string(),
        "size": head.size,
        "clock": clock.to_string(),
        "code": code,
        "again": again,
        "what": words,
        "clock_fault": clock_fault,
    });
    let judged = format!("judged again after {} entries at {clock}, {words} ({again})", head.size);
    let text = if borne_out {
        format!("borne out: {judged}\n")
    } else {
        let why = clock_fault.unwrap_or_else(|| format!("the log signed `{code}`"));
        format!("CONTRADICTED: {why}; {judged}\n  refusal, act and log show it to anybody: keep them\n")
    };
    Ok(Answer { json, text, exit: if borne_out { Exit::Done } else { Exit::Invalid } })
}

/// What is wrong with the clock by which the act was refused: one that stands before what was accepted already, or after what
/// was accepted next, or in the future. Any rule of time could be broken by such a clock.
fn misdated(state: &State, size: u64, clock: Timestamp) -> Result<Option<String>, Failure> {
    let before = size.checked_sub(1).and_then(|last| state.accepted_at(last)).filter(|last| clock < *last);
    let after = state.accepted_at(size).filter(|next| next.plus_ms(CLOCK_TOLERANCE_MS) < clock);
    let rehearsal = crate::session::is_rehearsal(state);
    let ahead = !rehearsal && crate::session::now()?.plus_ms(CLOCK_TOLERANCE_MS) < clock;
    Ok(match (before, after) {
        (Some(last), _) => Some(format!("the clock that is signed, {clock}, stands before the last entry: {last}")),
        (None, Some(next)) => {
            Some(format!("the clock that is signed, {clock}, stands after the entry that came next: {next}"))
        }
        (None, None) => ahead.then(|| format!("the clock that is signed stands in the future: {clock}")),
    })
}

fn words(error: &AdmitError) -> String {
    match error {
        AdmitError::Refused(refusal) => format!("{} ({})", refusal.reason, refusal.rule),
        other => chain(other),
    }
}

/// The one signed act in a file.
pub(super) fn event(path: &std::path::Path) -> Result<SignedEvent, Failure> {
    let bytes = input::read(path, CARRIED_BYTES_MAX)?;
    let carried = carriage::read(&bytes).map_err(|failure| failure.at(&path.display().to_string()))?;
    match carried {
        Carried::Signed(events) => match <[SignedEvent; 1]>::try_from(events) {
            Ok([event]) => Ok(event),
            Err(events) => {
                Err(Failure::input(format!("one signed act in a file, found {}: {}", events.len(), path.display())))
            }
        },
        Carried::Draft(_, bytes) => {
            let id = EventId::of_payload(&bytes);
            Err(Failure::input(format!("the act {id} is not signed: {}", path.display())).hint("rollcall sign --help"))
        }
    }
}

fn replayed(entries: &[Vec<u8>]) -> Result<Ledger, Failure> {
    let mut ledger = Ledger::default();
    for entry in entries {
        let replayed = ledger.verify_and_replay(entry);
        replayed.map_err(|error| invalid("the log is not valid".to_owned()).caused_by(&error))?;
    }
    Ok(ledger)
}

fn invalid(what: String) -> Failure {
    let mut failure = Failure::input(what).hint("rollcall audit --help");
    failure.exit = Exit::Invalid;
    "invalid".clone_into(&mut failure.code);
    failure
}
