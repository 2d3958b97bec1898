//! `log-key`: the key that signs the log's heads, and the next one.

use clap::{ArgMatches, Command};
use rollcall_core::checkpoint::log_signer;
use serde_json::json;

use super::{advise, ledger_path, reading};
use crate::advice;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::session::log_key_path;
use crate::{keys, operator};

pub(super) fn command() -> Command {
    Command::new("log-key")
        .about("Show the key that signs the log's heads, or make the next one")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("A change of the key, by the operator and the authority:\n  rollcall --ledger L log-key new\n  rollcall --ledger L --key AUTHORITY rotate-log-key --log-key L.log-key.1.pub\n  rollcall --ledger L publish public/\n\nWhere the old operator does not hand over: rollcall restore --help, then rotate-log-key with --after N, N the size of the last head that is recognised.")
        .subcommand(Command::new("show").about("Print the log's verifier keys, oldest first").after_help("Example:\n  rollcall --ledger L log-key show"))
        .subcommand(Command::new("new").about("Draw the next key and keep it beside the ledger; it signs once the authority has named it").after_help("Example:\n  rollcall --ledger L log-key new"))
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    match args.subcommand() {
        Some(("show", args)) => show(args),
        Some(("new", args)) => new(args),
        Some(_) | None => Err(Failure::usage("log-key show or log-key new?")),
    }
}

fn show(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let state = session.state();
    let founding = state.founding().ok_or_else(|| Failure::usage("the ledger is empty"))?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for known in state.log_keys() {
        let line = log_signer(founding.origin.as_str(), &known.key).to_string();
        text.push_str(&format!("{line}\n  signs heads of {} entries and more, named by {}\n", known.from, known.named));
        rows.push(json!({"vkey": line, "from": known.from, "named_by": known.named.to_string(), "after": known.after}));
    }
    let at_hand = operator::log_key(&session, ledger_path(args)?).is_ok();
    text.push_str(if at_hand { "the key of now is at hand\n" } else { "the key of now is not at hand\n" });
    Ok(Answer::new(json!({"origin": founding.origin, "keys": rows, "at_hand": at_hand}), text))
}

fn new(args: &ArgMatches) -> Result<Answer, Failure> {
    let ledger = ledger_path(args)?;
    let _ = reading(args)?;
    let first = log_key_path(ledger);
    let mut number = 1_u32;
    while first.with_added_extension(number.to_string()).exists() {
        number = number.saturating_add(1);
    }
    let path = first.with_added_extension(number.to_string());
    let fresh = keys::draw()?;
    keys::write(&fresh, &path, "rollcall log key", None)?;
    let shown = path.display();
    let rotate =
        advise(args, &format!("rotate-log-key --log-key {}", advice::quoted(&path.with_added_extension("pub"))));
    let text = format!("wrote {shown} and {shown}.pub\n  the authority names it: {rotate}\n");
    Ok(Answer::new(
        json!({"outcome": "created", "file": path.to_string_lossy(), "public": fresh.public.to_string()}),
        text,
    ))
}
