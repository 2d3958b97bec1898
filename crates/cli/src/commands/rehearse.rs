//! `rehearse`: plays JSON Lines acts, one answer a line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::Value;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::rehearsal::{Outcome, Play};

/// Lines of a file whose acts are made durable, and then answered, together. Fewer cost more syncs, and more grow the file by what each
/// transaction writes anew (`docs/performance.md`).
const BATCH_LINES: u64 = 1_024;
/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 1 << 20;

pub(super) fn command() -> Command {
    Command::new("rehearse")
        .about("Play JSON Lines acts against a rehearsal ledger, one answer a line")
        .arg(Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("The acts, one JSON object a line; `-` reads standard input"))
        .arg(Arg::new("charter").long("charter").value_name("NAME|FILE").default_value("greatsql").help("The charter, unless line 1 founds"))
        .after_help("Example line:\n  {\"at\":\"2026-03-02T01:00:00Z\",\"by\":\"alice\",\"act\":\"enrol\",\"id\":\"e1\"}\n\nWith --ledger the play is kept in that file, and goes on where it ended; labels are of one file. Exit code 0 when every line was answered, whatever the answers. docs/acts.md describes every act.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))?;
    let charter = args.get_one::<String>("charter").map_or("greatsql", String::as_str);
    let ledger = args.get_one::<PathBuf>("ledger").map(PathBuf::as_path);
    let json = args.get_flag("json");
    let shown = path.display();
    let cannot = |error: std::io::Error| Failure::io(format!("the acts cannot be read: {shown}"), &error);
    let mut reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(cannot)?))
    };

    // Whoever writes to a pipe may wait for each answer before the next line.
    let interactive = path.as_os_str() == "-" || path.metadata().is_ok_and(|found| !found.is_file());
    let mut play = Play::new(ledger, charter)?;
    let lines = std::iter::from_fn(|| next_line(&mut reader).map_err(cannot).transpose());
    match perform(&mut play, lines, interactive, json) {
        Ok(()) => {
            // The file is closed and every answer told. What is left is memory, and handing it back row by row would make the process end later.
            std::mem::forget(play);
            Ok(Answer::streamed())
        }
        Err(failure) => Err(play.broken_off(failure)),
    }
}

/// Plays lines and answers each: at once where somebody may wait for it, else many together.
fn perform(
    play: &mut Play<'_>,
    lines: impl Iterator<Item = Result<Result<String, String>, Failure>>,
    interactive: bool,
    json: bool,
) -> Result<(), Failure> {
    let mut answers = String::new();
    for (line, text) in (1_u64..).zip(lines) {
        let outcome = match text? {
            Ok(text) => play.line(&text)?,
            Err(what) => Outcome::Invalid(what),
        };
        let notes = if let Outcome::Accepted { notes, .. } = &outcome { notes.as_slice() } else { &[] };
        let answer = if json { with_notes(outcome.json(line), notes).to_string() } else { outcome.text(line) };
        answers.push_str(&answer);
        answers.push('\n');
        if !json {
            answers.extend(notes.iter().map(|note| format!("       {note}\n")));
        }
        if interactive || line % BATCH_LINES == 0 {
            play.answer(std::mem::take(&mut answers))?;
        }
        if interactive {
            play.settle()?;
        }
    }
    play.finish(answers)
}

/// The next line; one that is too long or not UTF-8 is answered as such, and the play goes on.
fn next_line(reader: &mut dyn BufRead) -> std::io::Result<Option<Result<String, String>>> {
    let mut bytes = Vec::new();
    let mut bounded = reader.take(LINE_BYTES_MAX.saturating_add(1));
    if bounded.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if !bytes.ends_with(b"\n") && LINE_BYTES_MAX < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        // The rest of the line is passed over in pieces.
        loop {
            let mut piece = Vec::new();
            let mut bounded = reader.take(LINE_BYTES_MAX);
            if bounded.read_until(b'\n', &mut piece)? == 0 || piece.ends_with(b"\n") {
                return Ok(Some(Err(format!("the line has more than {LINE_BYTES_MAX} bytes"))));
            }
        }
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes).to_vec();
    Ok(Some(String::from_utf8(text).map_err(|_| "the line is not UTF-8".to_owned())))
}

/// Adds to an accepted act's answer what it says besides: quorum, the defects of a notice, whom to tell.
fn with_notes(mut answer: Value, notes: &[String]) -> Value {
    if let Some(object) = answer.as_object_mut().filter(|_| !notes.is_empty()) {
        object.insert("notes".to_owned(), notes.into());
    }
    answer
}

impl Answer {
    /// The answer of a command that has already written what it had to say.
    fn streamed() -> Self {
        Self { json: Value::Null, text: String::new(), exit: crate::answer::Exit::Done }
    }
}
