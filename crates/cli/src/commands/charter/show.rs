//! `charter show`: clauses in words, the readings taken, the other readings, and where each clause is enforced.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use clap::{Arg, ArgMatches, Command};
use rollcall_core::charter::{Charter, Clause, ClauseText, Interpretation};
use serde_json::{Value, json};

use crate::advice;
use crate::answer::Answer;
use crate::commands::reading;
use crate::failure::Failure;
use crate::rehearsal::charter_text;

pub(super) fn arguments(command: Command) -> Command {
    command
        .arg(
            Arg::new("preset")
                .long("preset")
                .value_name("NAME|FILE")
                .help("Show a charter that ships with Rollcall, or a file, instead of the ledger's"),
        )
        .arg(Arg::new("clause").long("clause").value_name("ID").help("Only this clause"))
        .arg(
            Arg::new("about")
                .long("about")
                .value_name("KIND[/ROLE]")
                .help("Only clauses about this body or role, such as toc or project/maintainer"),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let charter = match args.get_one::<String>("preset") {
        Some(name) => Charter::compile(&charter_text(name)?)
            .map_err(|error| Failure::input("the charter cannot be used").caused_by(&error))?,
        None => reading(args)?.charter()?.clone(),
    };
    let (only, about) = (args.get_one::<String>("clause"), args.get_one::<String>("about"));
    let wanted = |id: &Clause, text: &ClauseText| {
        only.is_none_or(|only| only == id.as_str()) && about.is_none_or(|about| text.about.contains(about))
    };
    let clauses: Vec<_> = charter.clauses().iter().filter(|(id, text)| wanted(id, text)).collect();
    if clauses.is_empty() {
        let asked = only.or(about).map_or("", String::as_str);
        let of = args.get_one::<String>("preset").map(|name| format!(" --preset {}", advice::quoted(Path::new(name))));
        let hint = format!("rollcall charter{}", of.unwrap_or_default());
        return Err(Failure::usage(format!("the charter has no clause for: `{asked}`")).hint(hint));
    }
    let shown = |id: &Clause| clauses.iter().any(|(clause, _)| *clause == id);
    let readings: Vec<_> = charter.interpretations().iter().filter(|reading| shown(&reading.clause)).collect();
    let places = enforced(&charter);
    let mut text =
        format!("charter `{}`, digest {}, zone {}\n", charter.name(), charter.digest(), charter.zone().name());
    for (clause, words) in &clauses {
        let _ = writeln!(text, "{clause:<9} {}  {}", words.class.letter(), words.en);
        if let Some(zh) = &words.zh {
            let _ = writeln!(text, "             {zh}");
        }
        if only.is_some() {
            for place in places.get(clause.as_str()).into_iter().flatten() {
                let _ = writeln!(text, "             in {place}");
            }
        }
    }
    for reading in &readings {
        interpretation(reading, &mut text);
    }
    let narrowed = only.is_some() || about.is_some();
    let kinds: Vec<_> = if narrowed { Vec::new() } else { charter.kinds().collect() };
    let rows = clauses.iter().map(|(clause, words)| {
        json!({
            "clause": clause,
            "class": words.class,
            "about": words.about,
            "text": words.en,
            "zh": words.zh,
            "enforced_in": places.get(clause.as_str()).cloned().unwrap_or_default(),
        })
    });
    let json = json!({
        "name": charter.name(),
        "digest": charter.digest().to_string(),
        "zone": charter.zone().name(),
        "clauses": rows.collect::<Vec<_>>(),
        "interpretations": readings,
        "authority": charter.authority(),
        "kinds": kinds,
    });
    Ok(Answer::new(json, text))
}

fn interpretation(reading: &Interpretation, text: &mut String) {
    let word = if reading.absent { "declared absence" } else { "interpretation" };
    let _ = writeln!(
        text,
        "\n{word} {} ({}): {}\n  reading: {}",
        reading.id, reading.clause, reading.question, reading.reading
    );
    for other in &reading.others {
        let _ = writeln!(text, "  other:   {other}");
    }
}

/// Where each clause is cited by a rule, as the path of that rule in the document.
fn enforced(charter: &Charter) -> BTreeMap<String, Vec<String>> {
    let mut places = BTreeMap::new();
    let ids: Vec<&str> = charter.clauses().keys().map(Clause::as_str).collect();
    let authority = serde_json::to_value(charter.authority()).unwrap_or(Value::Null);
    walk(&authority, "authority", &ids, &mut places);
    for kind in charter.kinds() {
        let rules = serde_json::to_value(kind).unwrap_or(Value::Null);
        walk(&rules, &format!("unit.{}", kind.name), &ids, &mut places);
    }
    places
}

fn walk(value: &Value, place: &str, ids: &[&str], places: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::String(text) if ids.contains(&text.as_str()) => {
            let places = places.entry(text.clone()).or_default();
            let place = place.trim_end_matches(".clause").to_owned();
            if !places.contains(&place) {
                places.push(place);
            }
        }
        Value::Array(items) => {
            for item in items {
                let name = ["name", "effect"].iter().find_map(|key| item.get(key)?.as_str());
                let place = name.map_or_else(|| place.to_owned(), |name| format!("{place}.{name}"));
                walk(item, &place, ids, places);
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                walk(value, &format!("{place}.{key}"), ids, places);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
