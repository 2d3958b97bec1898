//! `audit` and `replay`: read everything again and say what is wrong, trusting nothing.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use indicatif::{ProgressBar, ProgressDrawTarget};
use rollcall_core::audit::{Level, Report, Violation, rests_on};
use rollcall_core::digest::{Digest, LedgerId};
use rollcall_core::ledger::Ledger;
use rollcall_storage::Store;
use rollcall_storage::audit::{KeptHead, audit};
use rollcall_storage::redb::RedbStore;
use serde_json::json;

use super::ledger_path;
use crate::answer::{Answer, Exit};
use crate::commands::head;
use crate::failure::Failure;
use crate::session::is_rehearsal;

pub(super) fn command() -> Command {
    Command::new("audit")
        .about("Check the whole ledger: bytes, tree, signatures, and every rule of the charter")
        .arg(Arg::new("level").long("level").value_name("LEVEL").value_parser(["log", "signatures", "full"]).default_value("full").help("How much to check"))
        .arg(Arg::new("ledger-id").long("ledger-id").value_name("ID").help("The ledger id that you expect"))
        .arg(Arg::new("head").long("head").value_name("FILE").action(ArgAction::Append).value_parser(value_parser!(PathBuf)).help("A head that you kept (see `rollcall head`); repeat for more"))
        .after_help("Examples:\n  rollcall --ledger L audit --ledger-id ID\n  rollcall --ledger L audit --head kept.head --json\n\nExit code 3: the log is invalid. 4: it could not be checked.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let level = match args.get_one::<String>("level").map(String::as_str) {
        Some("log") => Level::Log,
        Some("signatures") => Level::Signatures,
        Some(_) | None => Level::Full,
    };
    let expected: Option<LedgerId> = super::parsed(args, "ledger-id")?;
    let (mut kept, mut origins) = (Vec::new(), Vec::new());
    for path in args.get_many::<PathBuf>("head").into_iter().flatten() {
        let (origin, head) = head::read(path)?;
        kept.push(KeptHead { head, whose: format!("the head kept in {}", path.display()) });
        origins.push((origin, path.display().to_string()));
    }
    let store = RedbStore::read(ledger_path(args)?)?;
    let bar = ProgressBar::with_draw_target(Some(store.head()?.size), ProgressDrawTarget::stderr());
    let report = audit(&store, level, expected, &kept, |entries| bar.set_position(entries));
    bar.finish_and_clear();
    let mut report = report?;
    let own = report.rebuilt.state().founding().map(|founding| founding.origin.as_str().to_owned());
    for (origin, path) in origins.into_iter().filter(|(origin, _)| own.as_ref().is_some_and(|own| own != origin)) {
        let what = format!("the head kept in {path} is that of another log: {origin}");
        report.violations.push(Violation {
            entry: None,
            code: "head-foreign".into(),
            what,
            clause: None,
            facts: BTreeMap::new(),
        });
    }
    let attachments = crate::attachments::survey(ledger_path(args)?, report.rebuilt.state())?;
    Ok(answer(&report, expected, &attachments))
}

fn answer(report: &Report, expected: Option<LedgerId>, attachments: &[(Digest, &'static str)]) -> Answer {
    let state = report.rebuilt.state();
    let rehearsal = is_rehearsal(state);
    let level = match report.level {
        Level::Log => "log",
        Level::Signatures => "signatures",
        Level::Full => "full",
    };
    let valid = report.is_valid();
    let mut text = String::new();
    let ledger = report.ledger.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let _ = writeln!(text, "{}: {} entries, level {level}", if valid { "valid" } else { "INVALID" }, report.head.size);
    let _ = writeln!(text, "  ledger {ledger}\n  root   {}", report.head.root);
    for violation in &report.violations {
        let place = violation.entry.map_or_else(|| "log".to_owned(), |entry| format!("entry {entry}"));
        let clause = violation.clause.as_ref().map_or_else(String::new, |clause| format!(", {clause}"));
        let _ = writeln!(text, "  {place}: {} ({}{clause})", violation.what, violation.code);
    }
    if report.level == Level::Full && report.judged < report.head.size {
        let _ = writeln!(text, "  rules were judged up to entry {}, where the state was lost", report.judged);
    }
    let readings = state.charter().map(|charter| rests_on(charter)).unwrap_or_default();
    let mut rests = Vec::new();
    if rehearsal {
        rests.push("a rehearsal: times are declared and keys are public".to_owned());
    }
    if expected.is_none() {
        rests.push("no ledger id was expected: any ledger would do (name it with --ledger-id)".to_owned());
    }
    if report.level == Level::Full {
        rests.push("acceptance times are the operator's; no witness has confirmed them".to_owned());
        let disputed: usize = state.meetings().iter().map(|meeting| meeting.disputes.len()).sum();
        rests.push(format!("disputed presences: {disputed}"));
        let contested = rollcall_core::doubt::contested(state);
        rests.push(crate::attachments::summary(attachments).0);
        rests.push(format!("outcomes that would differ without ballots in doubt: {contested}"));
    }
    if valid {
        let _ = writeln!(text, "results rest on:");
        for line in rests.iter().chain(&readings) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let json = json!({
        "outcome": if valid { "valid" } else { "invalid" },
        "level": level,
        "ledger": report.ledger.map(|id| id.to_string()),
        "size": report.head.size,
        "root": report.head.root.to_string(),
        "rehearsal": rehearsal,
        "judged": report.judged,
        "violations": report.violations,
        "attachments": crate::attachments::summary(attachments).1,
        "rests_on": rests,
        "interpretations": readings,
    });
    Answer { json, text, exit: if valid { Exit::Done } else { Exit::Invalid } }
}

pub(super) fn replay_command() -> Command {
    Command::new("replay")
        .about("Rebuild every projection from entry 0 and compare its digest with the stored one")
        .after_help("Example:\n  rollcall --ledger L replay --json")
}

pub(super) fn replay(args: &ArgMatches) -> Result<Answer, Failure> {
    let store = RedbStore::read(ledger_path(args)?)?;
    let head = store.head()?;
    let mut ledger = Ledger::default();
    let mut next = 0;
    while next < head.size {
        let entries = store.entries(next..next.saturating_add(1_024).min(head.size))?;
        if entries.is_empty() {
            break;
        }
        for bytes in entries {
            ledger.replay(&bytes).map_err(|error| {
                let mut failure = Failure::input("the log is not valid").caused_by(&error).hint("rollcall audit");
                failure.exit = Exit::Invalid;
                failure
            })?;
            next = next.saturating_add(1);
        }
    }
    let stored = store.projections()?;
    let mut same = ledger.state().head() == head;
    let mut rows = Vec::new();
    let mut text = format!("replayed {next} entries\n");
    for (name, digest) in ledger.state().digests() {
        let kept = stored.iter().find(|(stored, _)| stored == name).map(|(_, bytes)| hex::encode(bytes));
        let agrees = kept.as_deref() == Some(digest.to_string().as_str());
        same &= agrees;
        let _ = writeln!(text, "  {name:<10} {digest}  {}", if agrees { "same" } else { "DIFFERS" });
        rows.push(json!({"projection": name, "digest": digest.to_string(), "stored": kept, "same": agrees}));
    }
    let _ = writeln!(text, "  {:<10} {}", "state", ledger.state().digest());
    let json =
        json!({"entries": next, "same": same, "state": ledger.state().digest().to_string(), "projections": rows});
    Ok(Answer { json, text, exit: if same { Exit::Done } else { Exit::Invalid } })
}
