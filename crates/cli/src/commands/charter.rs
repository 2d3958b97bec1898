//! `charter`: the charter in force, its clauses and the readings it takes.

use std::fmt::Write;

use clap::{Arg, ArgMatches, Command};
use rollcall_core::charter::Charter;
use serde_json::json;

use super::reading;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::rehearsal::charter_text;

pub(super) fn command() -> Command {
    Command::new("charter")
        .about("Show the charter in force: clauses, kinds of units, and the readings it takes")
        .arg(
            Arg::new("preset")
                .long("preset")
                .value_name("NAME|FILE")
                .help("Show a charter that ships with Rollcall, or a file, instead of the ledger's"),
        )
        .arg(Arg::new("clause").long("clause").value_name("ID").help("Only this clause"))
        .after_help("Examples:\n  rollcall --ledger L charter\n  rollcall charter --preset greatsql --clause TOC-26")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let charter = match args.get_one::<String>("preset") {
        Some(name) => Charter::compile(&charter_text(name)?)
            .map_err(|error| Failure::input("the charter cannot be used").caused_by(&error))?,
        None => reading(args)?.charter()?.clone(),
    };
    let only = args.get_one::<String>("clause");
    let wanted = |id: &str| only.is_none_or(|only| only == id);
    let clauses: Vec<_> = charter.clauses().iter().filter(|(clause, _)| wanted(clause.as_str())).collect();
    if clauses.is_empty() {
        return Err(Failure::usage(format!("the charter has no clause: `{}`", only.map_or("", String::as_str)))
            .hint("rollcall charter"));
    }
    let readings: Vec<_> = charter.interpretations().iter().filter(|reading| wanted(reading.clause.as_str())).collect();
    let mut text =
        format!("charter `{}`, digest {}, zone {}\n", charter.name(), charter.digest(), charter.zone().name());
    for (clause, words) in &clauses {
        let _ = writeln!(text, "{clause:<8} {}", words.en);
    }
    for reading in &readings {
        let _ = writeln!(
            text,
            "\ninterpretation {} ({}): {}\n  reading: {}",
            reading.id, reading.clause, reading.question, reading.reading
        );
        for other in &reading.others {
            let _ = writeln!(text, "  other:   {other}");
        }
    }
    let kinds: Vec<_> = if only.is_none() { charter.kinds().collect() } else { Vec::new() };
    let json = json!({
        "name": charter.name(),
        "digest": charter.digest().to_string(),
        "zone": charter.zone().name(),
        "clauses": clauses.iter().map(|(clause, words)| json!({"clause": clause, "text": words})).collect::<Vec<_>>(),
        "interpretations": readings,
        "authority": charter.authority(),
        "kinds": kinds,
    });
    Ok(Answer::new(json, text))
}
