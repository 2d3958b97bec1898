//! `submit`: show a signed act to a witness that notes when it came, so that nobody can say later that it never was.
//! What a witness answers is kept only if it is signed, and about this very act; the operator is told nothing.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::note::{Scheme, Signer, SignerError};
use rollcall_core::submission::{Shown, Submission};
use rollcall_server::submissions;
use serde_json::json;

use super::refusal;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::output;

pub(super) fn command() -> Command {
    Command::new("submit")
        .about("Show a signed act to a witness, which notes when it came")
        .arg(Arg::new("file").value_name("FILE").required(true).num_args(1..).value_parser(value_parser!(PathBuf)).help("Signed acts, one a file"))
        .arg(Arg::new("to").long("to").value_name("URL").required(true).help("The witness"))
        .arg(submission_key_arg().required(true))
        .after_help("Example:\n  rollcall submit ballot.signed --to https://w1.example.org --submission-key w1.example.org/rollcall/submissions+ID+KEY\n\nThe witness's word is kept as FILE.submission. Should the act never enter the log:\n  rollcall audit public/ --omitted ballot.signed --submission-key VKEY\nIt says nothing to the operator: send the act there too.")
}

/// The verifier key of a witness that takes submissions.
pub(super) fn submission_key_arg() -> Arg {
    Arg::new("submission-key")
        .long("submission-key")
        .value_name("VKEY")
        .allow_hyphen_values(true)
        .action(ArgAction::Append)
        .help("A witness's verifier key for submissions, as `rollcall witness key` prints it")
}

/// The keys that were given.
pub(super) fn submission_keys(args: &ArgMatches) -> Result<Vec<Signer>, Failure> {
    let wrong = |what: String| Failure::usage(format!("`submission-key`: {what}"));
    let read = |text: &String| {
        let signer: Signer = text.parse().map_err(|error: SignerError| wrong(error.to_string()))?;
        match signer.scheme {
            Scheme::Ed25519 => Ok(signer),
            Scheme::Cosignature => Err(wrong(
                "it is a key for cosignatures, of type 0x04; the one for submissions is of type 0x01".to_owned(),
            )),
        }
    };
    args.get_many("submission-key").into_iter().flatten().map(read).collect()
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let signers = submission_keys(args)?;
    let to = args.get_one::<String>("to").map_or("", String::as_str);
    let (mut text, mut rows) = (String::new(), Vec::new());
    for path in args.get_many::<PathBuf>("file").into_iter().flatten() {
        let event = refusal::event(path)?;
        let answered = submissions::submit(to, &event.encode());
        let note = answered.map_err(|what| Failure::unchecked(format!("{to} does not note the act: {what}")))?;
        let read = Submission::read(&note, &signers)
            .map_err(|error| Failure::unchecked(format!("{to} answers with what says nothing")).caused_by(&error))?;
        if read.shown != Shown::of(&event) {
            return Err(Failure::unchecked(format!("{to} answers about another event: {}", read.shown.event)));
        }
        // What another witness has said is kept.
        let beside = output::create_beside(&path.with_added_extension("submission"), note.as_bytes())?;
        let at = super::publish::moment(read.seconds);
        text.push_str(&format!("noted at {at}: {}\n", beside.display()));
        rows.push(json!({"event": read.shown.event.to_string(), "digest": read.shown.digest.to_string(), "at": at, "file": beside.to_string_lossy()}));
    }
    Ok(Answer::new(json!({"outcome": "noted", "submissions": rows}), text))
}
