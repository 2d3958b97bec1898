//! `export`: lists for forges and sites, with a check that tells whether a file still says what the ledger says.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::state::State;
use serde_json::json;

use super::reading;
use crate::answer::{Answer, Exit};
use crate::exports::{self, Accounts, Export, View};
use crate::failure::Failure;
use crate::{input, output};

const KINDS: [&str; 5] = ["owners", "codeowners", "maintainers", "contributors", "roster"];
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(super) fn command() -> Command {
    let file = |name: &'static str| Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf));
    Command::new("export")
        .about("Write OWNERS, CODEOWNERS, MAINTAINERS.md, a contributors page or a public roster, or check one")
        .arg(Arg::new("kind").value_name("KIND").required(true).value_parser(KINDS).help("What to write"))
        .arg(Arg::new("unit").long("unit").value_name("UNIT").help("The project; for a roster, only this unit"))
        .arg(Arg::new("when").long("at").value_name("TIME").help("As it was at this instant"))
        .arg(file("accounts").help("Accounts on forges instead of those that the ledger knows: JSON Lines of person, forge, id, login"))
        .arg(Arg::new("forge").long("forge").value_name("NAME").default_value("gitee").help("Which forge's accounts"))
        .arg(Arg::new("allow-missing").long("allow-missing").action(ArgAction::SetTrue).help("Leave out people without an account instead of stopping"))
        .arg(Arg::new("max-removals").long("max-removals").value_name("N").default_value("3").value_parser(value_parser!(usize)).help("Stop when the file would lose more names than this"))
        .arg(file("check").help("Compare this file; exit 1 when it has drifted").conflicts_with("output"))
        .arg(file("output").short('o').help("Write to this file"))
        .after_help("Examples:\n  rollcall --ledger L export owners --unit project/greatsql -o OWNERS\n  rollcall --ledger L export owners --unit project/greatsql --check OWNERS\n  rollcall --ledger L export roster -o roster.json")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let at = match super::time(args, "when")? {
        Some(at) => at,
        None => session.asking_at()?,
    };
    let unit = super::unit(args, "unit")?;
    if let Some(unit) = unit.as_ref().filter(|unit| session.state().roster().unit(unit).is_none()) {
        return Err(Failure::usage(format!("there is no unit: `{unit}`")).hint("rollcall roster"));
    }
    let view = View { state: session.state(), charter: session.charter()?, unit: unit.as_ref(), at };
    let kind = args.get_one::<String>("kind").map_or("", String::as_str);
    let export = match kind {
        "owners" => exports::owners(&view, &accounts(args, session.state())?)?,
        "codeowners" => exports::codeowners(&view, &accounts(args, session.state())?)?,
        "maintainers" => exports::maintainers(&view)?,
        "contributors" => exports::contributors(&view)?,
        _ => {
            let roster = serde_json::to_string_pretty(&exports::roster(&view));
            let text = roster.map_err(|error| Failure::bug("the roster cannot be written").caused_by(&error))?;
            Export { text: text + "\n", missing: Vec::new() }
        }
    };
    if !export.missing.is_empty() && !args.get_flag("allow-missing") {
        let names: Vec<_> = export.missing.iter().map(ToString::to_string).collect();
        let what = format!("no account is known, so the list would remove them: {}", names.join(", "));
        return Err(Failure::unchecked(what).hint("rollcall account list --forge NAME --missing"));
    }
    if let Some(path) = args.get_one::<PathBuf>("check") {
        return check(path, kind, &export);
    }
    let Some(path) = args.get_one::<PathBuf>("output") else {
        return Ok(Answer::new(json!({"kind": kind, "text": export.text, "missing": export.missing}), export.text));
    };
    require_few_removals(args, path, &export.text)?;
    output::replace(path, export.text.as_bytes())?;
    let shown = path.display().to_string();
    let json = json!({"kind": kind, "file": shown, "missing": export.missing});
    Ok(Answer::new(json, format!("wrote {shown}\n")))
}

fn accounts(args: &ArgMatches, state: &State) -> Result<Accounts, Failure> {
    let forge = args.get_one::<String>("forge").map_or("", String::as_str);
    let Some(path) = args.get_one::<PathBuf>("accounts") else { return Ok(Accounts::bound(state, forge)) };
    Accounts::parse(&input::read_text(path, FILE_BYTES_MAX)?, forge)
}

/// The lines that say something, without case: logins are labels, and a comment is no right.
fn said(text: &str) -> Vec<String> {
    let plain = text.lines().map(|line| line.split("  # ").next().unwrap_or_default().trim().to_lowercase());
    plain.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("<!--")).collect()
}

fn check(path: &Path, kind: &str, export: &Export) -> Result<Answer, Failure> {
    let existing = input::read_text(path, FILE_BYTES_MAX)?;
    let (have, want) = (said(&existing), said(&export.text));
    let stale: Vec<_> = have.iter().filter(|line| !want.contains(line)).collect();
    let lacking: Vec<_> = want.iter().filter(|line| !have.contains(line)).collect();
    let shown = path.display();
    let same = have == want;
    let json = json!({"kind": kind, "file": shown.to_string(), "drift": !same, "stale": stale, "lacking": lacking});
    if same {
        return Ok(Answer::new(json, format!("{shown} says what the ledger says\n")));
    }
    let mut text = format!("{shown} has drifted\n");
    for line in &stale {
        text.push_str(&format!("- {line}\n"));
    }
    for line in &lacking {
        text.push_str(&format!("+ {line}\n"));
    }
    Ok(Answer { json, text, exit: Exit::Refused })
}

/// D16: a run that would drop many names at once stops, for it is likelier a mistake than a purge.
fn require_few_removals(args: &ArgMatches, path: &Path, text: &str) -> Result<(), Failure> {
    // What is no file is refused where it would be written.
    if !path.is_file() {
        return Ok(());
    }
    let (have, want) = (said(&input::read_text(path, FILE_BYTES_MAX)?), said(text));
    let words = |lines: &[String]| -> std::collections::BTreeSet<String> {
        lines.iter().flat_map(|line| line.split([' ', '\t', ',']).map(str::to_owned)).collect()
    };
    let gone = words(&have).difference(&words(&want)).count();
    let most = args.get_one::<usize>("max-removals").copied().unwrap_or_default();
    if most < gone {
        let what = format!("{} would lose {gone} words, allowed: {most}; nothing was written", path.display());
        return Err(
            Failure::unchecked(what).hint(format!("look at the change with --check, then: --max-removals {gone}"))
        );
    }
    Ok(())
}
