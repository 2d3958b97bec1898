//! `paper`: what a meeting leaves behind, printed or written to a file.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::json;

use super::{ledger_path, reading};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::session::Session;
use crate::{output, papers};

const KINDS: [&str; 6] = ["mail", "calendar", "agenda", "roll-call", "minutes", "resolution"];

pub(super) fn command() -> Command {
    Command::new("paper")
        .about("Make a meeting's notice mail, calendar entry, agenda, roll call or minutes, or a resolution's record")
        .arg(Arg::new("kind").value_name("KIND").required(true).value_parser(KINDS).help("What to make"))
        .arg(Arg::new("event").value_name("EVENT").required(true).help("The meeting; for a resolution, the motion"))
        .arg(Arg::new("as-of").long("as-of").value_name("N|TIME").help("As the ledger stood after N entries, or at this instant: the same paper for good"))
        .arg(Arg::new("html").long("html").action(ArgAction::SetTrue).help("As an HTML page instead of Markdown"))
        .arg(Arg::new("to").long("to").value_name("ADDRESS").default_value("members@ledger.invalid").help("The mailing list"))
        .arg(Arg::new("output").short('o').long("output").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write to this file, which must not be there yet"))
        .after_help("Examples:\n  rollcall --ledger L paper mail 3f2a9c --to toc@lists.example.org -o notice.eml\n  rollcall --ledger L paper minutes 3f2a9c --html -o minutes.html\n  rollcall --ledger L paper resolution 77b01d")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = match args.get_one::<String>("as-of") {
        Some(text) => Session::read(ledger_path(args)?, super::as_of(text)?)?,
        None => reading(args)?,
    };
    // What a ledger knew at some time is told as of its last entry, so that the paper never changes.
    let at = if args.contains_id("as-of") { session.state().last_at() } else { session.asking_at()? };
    let (state, charter) = (session.state(), session.charter()?);
    let kind = args.get_one::<String>("kind").map_or("", String::as_str);
    let id = super::event(state, args.get_one::<String>("event").map_or("", String::as_str))?;
    let meeting = || {
        let none = || Failure::usage(format!("the event convenes no meeting: {id}")).hint("rollcall meeting");
        state.meetings().get(&id).ok_or_else(none)
    };
    let html = args.get_flag("html");
    if html && matches!(kind, "mail" | "calendar") {
        return Err(Failure::usage(format!("`{kind}` has a format of its own; leave out `--html`")));
    }
    let markdown = match kind {
        "mail" => {
            let list = args.get_one::<String>("to").map_or("", String::as_str);
            if !list.contains('@') || list.contains(char::is_whitespace) {
                return Err(Failure::usage(format!("not a mail address: `{list}`")));
            }
            let mail = papers::notice_mail(state, charter, meeting()?, list)?;
            return finish(args, kind, &String::from_utf8_lossy(&mail));
        }
        "calendar" => return finish(args, kind, &papers::calendar(state, charter, meeting()?)),
        "agenda" => papers::agenda(state, charter, meeting()?),
        "roll-call" => papers::roll_call(state, charter, meeting()?),
        "minutes" => papers::minutes(state, charter, meeting()?, at),
        _ => {
            let motion = state.motions().motion_of(&id).and_then(|id| state.motions().get(&id).map(|m| (id, m)));
            let none = || Failure::usage(format!("the event belongs to no motion: {id}")).hint("rollcall motion");
            let (id, motion) = motion.ok_or_else(none)?;
            papers::resolution(state, charter, &id, motion, at)
        }
    };
    let made = if html { papers::page(kind, &markdown) } else { markdown };
    finish(args, kind, &made)
}

fn finish(args: &ArgMatches, kind: &str, made: &str) -> Result<Answer, Failure> {
    let Some(path) = args.get_one::<PathBuf>("output") else {
        return Ok(Answer::new(json!({"kind": kind, "text": made}), made.to_owned()));
    };
    output::create(path, made.as_bytes(), 0o644)?;
    let shown = path.display().to_string();
    Ok(Answer::new(json!({"kind": kind, "file": shown}), format!("wrote {shown}\n")))
}
