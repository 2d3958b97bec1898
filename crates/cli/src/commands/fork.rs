//! `fork`: verify the evidence that a log has signed two histories, with nothing but its key.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::fork::{Fork, ForkError};
use rollcall_core::limits::RECEIPT_BYTES_MAX;
use rollcall_core::tree::Head;
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::input;

pub(super) fn command() -> Command {
    Command::new("fork")
        .about("Verify evidence that a log has signed two histories")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("Example:\n  rollcall fork verify mirror.fork --log-key ORIGIN+ID+KEY")
        .subcommand(
            Command::new("verify")
                .about("Tell whether a file proves it")
                .arg(Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("What a mirror, a witness or an auditor has kept"))
                .arg(Arg::new("log-key").long("log-key").value_name("VKEY").allow_hyphen_values(true).required(true).action(clap::ArgAction::Append).help("The log's verifier key (see `rollcall log-key show`); repeat it where the log has had several"))
                .after_help("Example:\n  rollcall fork verify mirror.fork --log-key ORIGIN+ID+KEY\n\nExit code 0: the log has signed two histories. 3: the file does not show it."),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let Some(("verify", args)) = args.subcommand() else { return Err(Failure::usage("fork verify?")) };
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))?;
    let signers = super::vkeys(args)?;
    let signer = signers.first().cloned().ok_or_else(|| Failure::usage("which log? --log-key VKEY"))?;
    let keys: Vec<_> = signers.into_iter().filter(|other| other.name == signer.name).map(|signer| signer.key).collect();
    let text = input::read_text(path, RECEIPT_BYTES_MAX)?;
    let (earlier, later) =
        Fork::read(&text).and_then(|fork| fork.verify(&signer.name, &keys)).map_err(|error| not_shown(path, &error))?;
    let row = |head: &Head| json!({"size": head.size, "root": head.root.to_string()});
    let text = format!(
        "proven: the log `{}` has signed two histories\n  a head of {} entries, root {}\n  a head of {} entries, root {}, which does not extend it\n",
        signer.name, earlier.size, earlier.root, later.size, later.root
    );
    Ok(Answer::new(
        json!({"outcome": "proven", "origin": signer.name, "earlier": row(&earlier), "later": row(&later)}),
        text,
    ))
}

fn not_shown(path: &std::path::Path, error: &ForkError) -> Failure {
    let mut failure = Failure::input(format!("the file does not show a fork: {}", path.display())).caused_by(error);
    failure.exit = Exit::Invalid;
    "not-shown".clone_into(&mut failure.code);
    failure
}
