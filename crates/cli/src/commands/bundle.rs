//! `bundle` and `restore`: a whole ledger in one file, and a ledger from such a file or from published ones.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::bundle::preamble;
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::digest::LedgerId;
use rollcall_core::tiles::frame;
use rollcall_storage::Store as _;
use rollcall_storage::heads::Heads;
use serde_json::json;

use super::{ledger_path, reading};
use crate::advice;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::session::Session;
use crate::source::Source;
use crate::{operator, output};

pub(super) fn command() -> Command {
    Command::new("bundle")
        .about("Pack the whole ledger into one file, for mail or archive")
        .arg(Arg::new("output").short('o').long("output").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("Write it to a new file"))
        .after_help("Examples:\n  rollcall --ledger L bundle -o community.bundle\n  rollcall audit community.bundle --ledger-id ID\n\nThe head is signed where the log's key is beside the ledger; elsewhere the bundle says that nobody has signed it.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let ledger = ledger_path(args)?;
    let founding = session.state().founding().ok_or_else(|| Failure::usage("the ledger is empty"))?;
    let origin = founding.origin.as_str().to_owned();
    let head = session.state().head();
    let (note, signed) = match operator::log_key(&session, ledger) {
        Ok(_) => (operator::signed_head(&session, ledger)?, true),
        Err(_) => (format!("{}\n", Checkpoint { origin: origin.clone(), head }.text()), false),
    };
    let mut bytes = preamble(&note);
    let mut next = 0;
    while next < head.size {
        let found = session.store().entries(next..head.size.min(next.saturating_add(1_024)))?;
        if found.is_empty() {
            return Err(Failure::unchecked(format!("the ledger lacks entry {next}")).hint("rollcall audit"));
        }
        for entry in found {
            bytes.extend(frame(&entry));
            next = next.saturating_add(1);
        }
    }
    let path = args.get_one::<PathBuf>("output").ok_or_else(|| Failure::usage("where to? -o FILE"))?;
    output::create(path, &bytes, 0o644)?;
    let shown = path.display();
    let unsigned = if signed { "" } else { "  the head is not signed: the log's key is not beside the ledger\n" };
    let text = format!(
        "wrote {shown}, {} entries, {} bytes\n{unsigned}audit it: rollcall audit {} --ledger-id {}\n",
        head.size,
        bytes.len(),
        advice::quoted(path),
        founding.ledger
    );
    Ok(Answer::new(
        json!({"outcome": "bundled", "file": path.to_string_lossy(), "size": head.size, "root": head.root.to_string(), "origin": origin, "signed": signed}),
        text,
    ))
}

pub(super) fn restore_command() -> Command {
    Command::new("restore")
        .about("Make a ledger file from a bundle or from published files, judging every event again")
        .arg(
            Arg::new("source")
                .value_name("FILE|DIR|URL")
                .required(true)
                .help("A bundle, a folder of published files, or where they are on the web"),
        )
        .arg(
            Arg::new("ledger-id")
                .long("ledger-id")
                .value_name("ID")
                .required(true)
                .help("The ledger id, from a source that you trust"),
        )
        .arg(
            Arg::new("size")
                .long("size")
                .value_name("N")
                .value_parser(value_parser!(u64))
                .help("Only the first N entries, as where a new operator takes over"),
        )
        .after_help("Example:\n  rollcall --ledger mine.ledger restore community.bundle --ledger-id ID")
}

pub(super) fn restore(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = ledger_path(args)?;
    let source = args.get_one::<String>("source").map_or("", String::as_str);
    let expected: LedgerId = super::parsed(args, "ledger-id")?.ok_or_else(|| Failure::usage("which ledger?"))?;
    let source = Source::open(source)?;
    let mut entries = source.entries()?;
    if let Some(size) = args.get_one::<u64>("size") {
        let have = entries.len();
        let size = usize::try_from(*size).ok().filter(|size| (2..=have).contains(size));
        entries.truncate(size.ok_or_else(|| Failure::usage(format!("`size` lies between 2 and {have}")))?);
    }
    let session = Session::restore(path, &entries, expected)?;
    let head = session.state().head();
    // What is published is never contradicted by the copy either.
    let state = session.state();
    let own = state.founding().zip(state.log_key(head.size));
    let shown = source.note().filter(|note| {
        let signed = own.and_then(|(founding, key)| Checkpoint::verify(note, founding.origin.as_str(), key).ok());
        signed.is_some_and(|checkpoint| checkpoint.head == head)
    });
    if let Some(note) = shown {
        Heads::of(path).recognise(note)?;
    }
    let text = format!("restored {} entries into {}\n  root {}\n", head.size, path.display(), head.root);
    Ok(Answer::new(
        json!({"outcome": "restored", "ledger": expected.to_string(), "size": head.size, "root": head.root.to_string()}),
        text,
    ))
}
