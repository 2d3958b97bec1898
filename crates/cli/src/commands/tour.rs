//! `tour`: a believable stretch of a community's life, played for real on a rehearsal ledger and told clause by clause.
//!
//! The story below is a script of acts with what is expected of each. Nothing is told that did not happen: a line is
//! printed from the answer that the ledger gave, and an answer other than the expected one is a bug.

mod story;

use std::fmt::Write;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::{ArgMatches, Command};
use rollcall_core::audit::{Auditor, Level};
use rollcall_core::explain::{Question, why};
use rollcall_core::state::State;
use rollcall_storage::audit::audit;
use serde_json::{Map, Value, json};

use self::story::{Beat, Expect};
use super::roster;
use crate::advice;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::rehearsal::{Outcome, Play, reopened};
use crate::session::Session;
use crate::show;

pub(super) fn command() -> Command {
    Command::new("tour")
        .about("Play a stretch of community life on a new rehearsal ledger, and leave it to explore")
        .after_help("Examples:\n  rollcall tour\n  rollcall --ledger my-tour.ledger tour")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = match args.get_one::<PathBuf>("ledger") {
        Some(path) if path.exists() => {
            return Err(Failure::usage(format!("a file is there already: {}", path.display()))
                .hint("rollcall --ledger NEW-FILE tour"));
        }
        Some(path) => path.clone(),
        None => {
            let folder = tempfile::Builder::new().prefix("rollcall-tour-").tempdir();
            let folder = folder.map_err(|error| Failure::io("no folder for the tour could be made", &error))?;
            folder.keep().join("ledger")
        }
    };
    let mut text = String::new();
    let mut steps = Vec::new();
    let mut play = Play::new(Some(&path), "greatsql")?;
    for (line, beat) in (1_u64..).zip(story::beats()) {
        match beat {
            Beat::Scene(title) => {
                let _ = write!(text, "\n{}{title}{}\n", bold(), bold().render_reset());
            }
            Beat::Say(words) => {
                let _ = writeln!(text, "{words}");
            }
            Beat::Act(act, expect) => {
                let outcome = play.object(act.clone())?;
                require_expected(&act, &outcome, expect)?;
                tell(&act, &outcome, play.state(), &mut text);
                steps.push(json!({"act": act, "answer": outcome.json(line)}));
            }
        }
    }
    play.finish(String::new())?;
    drop(play);
    let session = reopened(&path)?;
    let mut json = json!({"ledger_file": path.to_string_lossy(), "steps": steps});
    epilogue(&session, &mut json, &mut text)?;
    let shown = advice::quoted(&path);
    let _ = write!(
        text,
        "\n{0}Explore{0:#}\n  rollcall --ledger {shown} log\n  rollcall --ledger {shown} motion\n  rollcall --ledger {shown} why bob chair --in pmc/greatsql\n  rollcall --ledger {shown} why carol chair --in toc --not\n  rollcall --ledger {shown} show 0\n  rollcall --ledger {shown} audit\n",
        bold()
    );
    Ok(Answer::new(json, text))
}

const fn bold() -> Style {
    Style::new().bold()
}

fn require_expected(act: &Map<String, Value>, outcome: &Outcome, expect: Expect) -> Result<(), Failure> {
    let fits = match (expect, outcome) {
        (Expect::Accepted, Outcome::Accepted { .. }) => true,
        (Expect::Refused(code), Outcome::Refused(refusal)) => refusal.reason.code() == code,
        (Expect::Accepted | Expect::Refused(_), _) => false,
    };
    if fits {
        Ok(())
    } else {
        Err(Failure::bug(format!(
            "the tour expected {expect:?} of {}, got: {}",
            Value::Object(act.clone()),
            outcome.text(0).trim()
        )))
    }
}

/// One act and its answer, as the ledger gave it.
fn tell(act: &Map<String, Value>, outcome: &Outcome, state: Option<&State>, text: &mut String) {
    let field = |name: &str| act.get(name).and_then(Value::as_str).unwrap_or_default();
    let what: Vec<String> = act
        .iter()
        .filter(|(key, _)| !["at", "by", "act", "id"].contains(&key.as_str()))
        .map(|(key, value)| match value {
            Value::String(word) => format!("{key} {word}"),
            other => format!("{key} {other}"),
        })
        .collect();
    let line = format!("{}  {} {}", field("by"), field("act"), what.join(", "));
    match outcome {
        Outcome::Accepted { event, notes } => {
            let green = Style::new().fg_color(Some(AnsiColor::Green.into()));
            let id: String = event.chars().take(12).collect();
            let _ = writeln!(text, "  {green}accepted{green:#} {line}  ({id})");
            let (Some(state), Ok(event)) = (state, event.parse()) else { return };
            for note in notes {
                let _ = writeln!(text, "           {note}");
            }
            if let Some(line) = closing_line(state, &event) {
                let _ = writeln!(text, "           {line}");
            }
        }
        Outcome::Refused(refusal) => {
            let red = Style::new().fg_color(Some(AnsiColor::Red.into()));
            let clause = state.and_then(State::charter).and_then(|charter| charter.clauses().get(&refusal.rule));
            let _ = writeln!(text, "  {red}refused{red:#}  {line}\n           {}: {}", refusal.rule, refusal.reason);
            if let Some(words) = clause {
                let _ = writeln!(text, "           {} says: {}", refusal.rule, words.en);
            }
        }
        Outcome::Unsound(_) | Outcome::Invalid(_) => {
            let _ = writeln!(text, "{}", outcome.text(0));
        }
    }
}

/// The tally of a vote that this event closed.
fn closing_line(state: &State, event: &rollcall_core::digest::EventId) -> Option<String> {
    let (_, vote) =
        state.motions().votes().find(|(_, vote)| vote.closed.as_ref().is_some_and(|c| c.event == *event))?;
    let motion = state.motions().get(&vote.motion)?;
    let decision = rollcall_core::decide::basis::decision_of(state, motion)?;
    let tally = vote.tally();
    let bars: Vec<_> =
        decision.pass.iter().map(|bar| format!("{}: {} needed", bar.clause, bar.least(&tally.counts()))).collect();
    Some(format!(
        "“{}” {}: {} for, {} against, {} abstain, {} silent; {} present of {} in office ({})",
        motion.title.as_str(),
        tally.outcome(decision),
        tally.approvals,
        tally.against,
        tally.abstain,
        tally.silent,
        tally.present,
        tally.in_office,
        bars.join(", ")
    ))
}

/// Roster, an explanation and the audit, all read back from the file.
fn epilogue(session: &Session, json: &mut Value, text: &mut String) -> Result<(), Failure> {
    let (state, charter, at) = (session.state(), session.charter()?, session.asking_at()?);
    let _ = write!(text, "\n{}Who holds what now{}\n", bold(), bold().render_reset());
    let holders = roster::at_instant(state, at);
    for (unit, roles) in &holders {
        for (role, people) in roles {
            let names: Vec<_> = people.iter().map(ToString::to_string).collect();
            let _ = writeln!(text, "  {unit}  {role}: {}", names.join(", "));
        }
    }
    let name = |text: &str| Failure::bug(format!("the tour's own name is not usable: {text}"));
    let (person, unit, role) = (
        "bob".parse().map_err(|_| name("bob"))?,
        "pmc/greatsql".parse().map_err(|_| name("pmc/greatsql"))?,
        "chair".parse().map_err(|_| name("chair"))?,
    );
    let question = Question { person: &person, unit: &unit, role: &role, at };
    let tree = why(state, charter, &question).ok_or_else(|| Failure::bug("the tour elected nobody"))?;
    let _ = write!(text, "\n{}Why is bob chair of pmc/greatsql?{}\n", bold(), bold().render_reset());
    show::tree(&tree, 1, text);

    let ledger = state.founding().map(|founding| founding.ledger);
    let report = audit(session.store(), Auditor::new(Level::Full, ledger), &[], |_| {})?;
    let verdict = if report.is_valid() { "valid" } else { "INVALID" };
    let _ = write!(text, "\n{}The audit{}\n", bold(), bold().render_reset());
    let _ = writeln!(
        text,
        "  {verdict}: {} entries, every signature and every rule checked again from the file\n  ledger {}\n  root   {}\n  a rehearsal: times are declared and keys are public",
        report.head.size,
        ledger.map_or_else(String::new, |id| id.to_string()),
        report.head.root
    );
    if !report.is_valid() {
        return Err(Failure::bug("the audit of the tour's own ledger found violations"));
    }
    if let Some(object) = json.as_object_mut() {
        object.insert("roster".to_owned(), json!(holders));
        object.insert("why".to_owned(), json!(tree));
        object.insert(
            "audit".to_owned(),
            json!({"outcome": verdict, "size": report.head.size, "root": report.head.root.to_string()}),
        );
    }
    Ok(())
}
