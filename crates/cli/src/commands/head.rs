//! `head`: the log's head in the text form of a C2SP checkpoint, to be kept by somebody else.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::proof::Proof;
use rollcall_core::tree::Head;
use serde_json::json;

use super::reading;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::output;

pub(super) fn command() -> Command {
    Command::new("head")
        .about("Print the log's head, for somebody else to keep and check later")
        .arg(Arg::new("output").short('o').long("output").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write it to a new file"))
        .after_help("Examples:\n  rollcall --ledger L head -o kept.head\n  rollcall --ledger L audit --head kept.head\n\nThe form is that of a C2SP checkpoint without signatures: origin, size, root. Signed heads: rollcall publish --help; a receipt carries one too.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let Some(founding) = session.state().founding() else { return Err(Failure::usage("the ledger is empty")) };
    let head = session.state().head();
    let Head { size, root } = head;
    let text = Checkpoint { origin: founding.origin.as_str().to_owned(), head }.text();
    if let Some(path) = args.get_one::<PathBuf>("output") {
        output::create(path, text.as_bytes(), 0o644)?;
    }
    Ok(Answer::new(
        json!({"origin": founding.origin, "size": size, "root": root.to_string(), "checkpoint": text}),
        text,
    ))
}

/// Reads a head that was kept: origin, size and root on the first three lines; signatures below them are not looked at.
pub(super) fn read(path: &Path) -> Result<(String, Head), Failure> {
    let text = signed_text(path)?;
    // Mail may have changed the line endings, and taken the last one.
    let plain = text.replace("\r\n", "\n");
    let stated = plain.split_once("\n\n").map_or(plain.as_str(), |(stated, _)| stated);
    let stated = format!("{}\n", stated.trim_end_matches('\n'));
    let checkpoint = Checkpoint::read(&stated).map_err(|error| {
        let what = format!("not a head (origin, size, root, a line each): {}", path.display());
        Failure::input(what).caused_by(&error).hint("rollcall head -o FILE")
    })?;
    Ok((checkpoint.origin, checkpoint.head))
}

/// A kept head as it was signed: a note, or the one that a receipt carries.
pub(super) fn signed_text(path: &Path) -> Result<String, Failure> {
    let text = crate::input::read_text(path, rollcall_core::limits::RECEIPT_BYTES_MAX)?;
    Ok(Proof::read(&text).map_or(text, |proof| proof.checkpoint))
}
