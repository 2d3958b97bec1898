//! `certificate`: a role held, as a picture to frame, with the proof of the event by which it began inside.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::listing::holders;
use serde_json::json;

use super::{ledger_path, reading};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::operator;
use crate::output;
use crate::papers::escape;

pub(super) fn command() -> Command {
    Command::new("certificate")
        .about("Write a certificate of a role as an SVG picture that carries what verifies it")
        .arg(Arg::new("person").value_name("PERSON").required(true).help("The holder's handle"))
        .arg(Arg::new("role").value_name("ROLE").required(true).help("The role"))
        .arg(Arg::new("unit").long("in").value_name("UNIT").required(true).help("The unit"))
        .arg(
            Arg::new("private")
                .long("private")
                .action(ArgAction::SetTrue)
                .help("For the holder's own wall: without consent to public listing"),
        )
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write to this file, which must not be there yet"),
        )
        .after_help("Example:\n  rollcall --ledger L certificate zed maintainer --in project/greatsql -o zed.svg")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let (state, charter, at) = (session.state(), session.charter()?, session.asking_at()?);
    let (Some(person), Some(role), Some(unit)) =
        (super::handle(args, "person")?, super::role(args, "role")?, super::unit(args, "unit")?)
    else {
        return Err(Failure::usage("a certificate names a person, a role and a unit"));
    };
    let held =
        holders(state, charter, at).into_iter().find(|h| *h.person == person && *h.role == role && *h.unit == unit);
    let Some(held) = held else {
        let what = format!("`{person}` does not hold `{role}` in `{unit}`");
        return Err(Failure::unchecked(what).hint(format!("rollcall why {person} '{role}' --in {unit} --not")));
    };
    if !held.public && !args.get_flag("private") {
        let what = format!("`{person}` has not consented to being named in public as `{role}`");
        return Err(Failure::unchecked(what).hint("rollcall consent --help, or for the holder's own wall: --private"));
    }
    let known = state.people().get(&person).and_then(|known| known.name.as_ref()).map(|name| name.as_str().to_owned());
    let organisation = state.people().organisation(&person).map(|known| known.name.as_str().to_owned());
    let founding = state.founding();
    let head = state.head();
    // Without the log key the certificate still names the event; with it, it carries the proof.
    let ledger = ledger_path(args)?;
    let proof = operator::signed_head(&session, ledger)
        .and_then(|note| operator::receipt(&session, ledger, held.tenure.begun.entry, &note));
    let verify = match &proof {
        Ok(_) => "rollcall receipt verify THIS_FILE --ledger-id ID".to_owned(),
        Err(_) => format!("rollcall audit, then: rollcall why {person} '{role}' --in {unit}"),
    };
    let lines = [
        ("Ledger", founding.map(|founding| founding.ledger.to_string()).unwrap_or_default()),
        ("Event", held.tenure.begun.event.to_string()),
        ("Clause", format!("{} of the charter {}", held.tenure.clause, charter.name())),
        ("Head", format!("{} entries, root {}", head.size, head.root)),
        ("Verify", verify),
    ];
    let community = founding.map(|founding| founding.name.as_str().to_owned()).unwrap_or_default();
    let name = organisation.or(known).unwrap_or_else(|| person.to_string());
    let since = charter.zone().date(held.tenure.from).to_string();
    let picture = draw(&Certificate {
        community,
        name,
        role: role.to_string(),
        unit: unit.to_string(),
        since,
        lines: &lines,
        proof: proof.ok(),
    });
    let facts: serde_json::Map<String, serde_json::Value> =
        lines.iter().map(|(label, value)| (label.to_lowercase(), json!(value))).collect();
    let Some(path) = args.get_one::<PathBuf>("output") else {
        return Ok(Answer::new(json!({"svg": picture, "facts": facts}), picture));
    };
    output::create(path, picture.as_bytes(), 0o644)?;
    let shown = path.display().to_string();
    Ok(Answer::new(json!({"file": shown, "facts": facts}), format!("wrote {shown}\n")))
}

struct Certificate<'a> {
    community: String,
    name: String,
    role: String,
    unit: String,
    since: String,
    proof: Option<String>,
    lines: &'a [(&'a str, String)],
}

/// Letters across the picture shrink with the length of the name; the facts stand at the foot, and as metadata.
fn draw(certificate: &Certificate<'_>) -> String {
    let Certificate { community, name, role, unit, since, proof, lines } = certificate;
    let size = if name.chars().count() < 18 { 72 } else { 40 };
    let mut text = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 850\" width=\"1200\" height=\"850\" role=\"img\">\n",
    );
    let _ = writeln!(text, "<title>{}</title>", escape(&format!("{name}, {role} of {unit}")));
    let facts: Vec<_> = lines.iter().map(|(label, value)| format!("{label}: {value}")).collect();
    let _ = writeln!(text, "<desc>{}</desc>", escape(&facts.join("; ")));
    if let Some(proof) = proof {
        let _ = writeln!(text, "<metadata>{}</metadata>", escape(proof));
    }
    text.push_str(
        "<rect width=\"1200\" height=\"850\" fill=\"#fdfbf5\"/>\n\
         <rect x=\"30\" y=\"30\" width=\"1140\" height=\"790\" fill=\"none\" stroke=\"#1f4e5f\" stroke-width=\"6\"/>\n\
         <rect x=\"46\" y=\"46\" width=\"1108\" height=\"758\" fill=\"none\" stroke=\"#b08d3e\" stroke-width=\"2\"/>\n\
         <g text-anchor=\"middle\" font-family=\"Georgia, 'Noto Serif CJK SC', serif\" fill=\"#1f2d33\">\n",
    );
    let _ =
        writeln!(text, "<text x=\"600\" y=\"140\" font-size=\"34\" letter-spacing=\"6\">{}</text>", escape(community));
    let _ = writeln!(text, "<text x=\"600\" y=\"240\" font-size=\"26\" fill=\"#5a6b72\">certifies that</text>");
    let _ = writeln!(text, "<text x=\"600\" y=\"340\" font-size=\"{size}\" fill=\"#1f4e5f\">{}</text>", escape(name));
    let _ = writeln!(text, "<text x=\"600\" y=\"420\" font-size=\"26\" fill=\"#5a6b72\">holds the role of</text>");
    let _ = writeln!(text, "<text x=\"600\" y=\"490\" font-size=\"52\">{}</text>", escape(role));
    let _ = writeln!(
        text,
        "<text x=\"600\" y=\"550\" font-size=\"28\">in {}, since {}</text>",
        escape(unit),
        escape(since)
    );
    text.push_str("</g>\n<g font-family=\"monospace\" font-size=\"13\" fill=\"#5a6b72\">\n");
    for (row, (label, value)) in (0_u32..).zip(lines.iter()) {
        let y = row.saturating_mul(22).saturating_add(680);
        let _ = writeln!(text, "<text x=\"90\" y=\"{y}\">{label}: {}</text>", escape(value));
    }
    text.push_str("</g>\n</svg>\n");
    text
}
