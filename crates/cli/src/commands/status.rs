//! `status`: which ledger this is, how long it is, and what is open.

use std::fmt::Write;

use clap::{ArgMatches, Command};
use serde_json::json;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::show;

pub(super) fn command() -> Command {
    Command::new("status")
        .about("Show ledger id, size, root, open meetings and open votes")
        .arg(super::replay_arg())
        .after_help("Example:\n  rollcall --ledger L status --json")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    super::ask(args, answer)
}

pub(super) fn answer(reading: Reading<'_>) -> Result<Answer, Failure> {
    let (state, at) = (reading.state, reading.asking_at()?);
    let Some(founding) = state.founding() else {
        return Err(Failure::usage("the ledger is empty").hint("rollcall init --help"));
    };
    let meetings: Vec<_> = state
        .meetings()
        .iter()
        .filter(|meeting| meeting.is_convened(at) && meeting.ended(at).is_none())
        .map(|meeting| json!({"meeting": meeting.id().to_string(), "unit": meeting.terms.unit, "starts": meeting.terms.starts.to_string(), "status": show::status(meeting, at)}))
        .collect();
    let votes: Vec<_> = state
        .motions()
        .votes()
        .filter(|(_, vote)| vote.cancelled.is_none() && !vote.is_decided(at))
        .map(|(id, vote)| {
            let title = state.motions().get(&vote.motion).map(|motion| motion.title.as_str().to_owned());
            json!({"vote": id.to_string(), "motion": vote.motion.to_string(), "title": title, "closes": vote.closes.to_string(), "tally": vote.tally()})
        })
        .collect();
    let head = state.head();
    let json = json!({
        "ledger": founding.ledger.to_string(),
        "name": founding.name,
        "charter": founding.charter,
        "charter_digest": founding.charter_digest.to_string(),
        "rehearsal": reading.is_rehearsal(),
        "clock": founding.clock,
        "size": head.size,
        "root": head.root.to_string(),
        "last_accepted_at": state.last_at().to_string(),
        "authority": state.authority().persons,
        "threshold": state.authority().threshold,
        "in_force": state.charter().is_some(),
        "open_meetings": meetings,
        "open_votes": votes,
    });
    let mut text = String::new();
    if reading.is_rehearsal() {
        let _ = writeln!(text, "a rehearsal: times are declared and keys are public");
    }
    show::outline(&json, 0, &mut text);
    Ok(Answer::new(json, text))
}
