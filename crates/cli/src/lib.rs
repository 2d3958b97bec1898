//! The command line of Rollcall: files, clocks, keys, terminals. Whatever it can do, core and storage can do.
//!
//! A command parses its arguments, opens the ledger, asks core, and returns an `Answer` whose text shows no fact
//! that its JSON does not have. Only [`run`] writes to the standard streams, and a rehearsal, which answers as it goes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "JSON, SSH and error enums of others: their other kinds share one answer"
)]
#![expect(clippy::format_push_string, reason = "an answer is a string built once; the allocation is not what it costs")]

mod advice;
mod failure;
mod answer;
mod input;
mod output;
mod terminal;
mod json;
mod keys;
mod signer;
mod carriage;
mod chinese;
mod statement;
mod session;
mod batch;
mod reading;
mod operator;
mod source;
mod watermark;
mod rehearsal;
mod show;
mod attachments;
mod papers;
mod inspection;
mod exports;
mod commands;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::answer::Exit;
use crate::failure::Failure;

/// Runs the program with these arguments and returns its exit code.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    quiet_contained_panics();
    let args: Vec<OsString> = args.into_iter().collect();
    let says = |word: &str| args.iter().any(|arg| arg == word);
    let plain =
        says("--color=never") || args.windows(2).any(|pair| matches!(pair, [a, b] if a == "--color" && b == "never"));
    let colour = if plain { clap::ColorChoice::Never } else { clap::ColorChoice::Auto };
    if plain {
        anstream::ColorChoice::Never.write_global();
    }
    let matches = match commands::read(&args, colour) {
        Ok(matches) => matches,
        Err(error) => return misread(&error, says("--json")),
    };
    let json = matches.get_flag("json");
    anstream::ColorChoice::write_global(commands::colour(&matches));
    // What redb's destructors may still do over a damaged file must not end in silence.
    let dispatched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| commands::dispatch(&matches)));
    let dispatched = dispatched.unwrap_or_else(|_| Err(Failure::bug("the command broke off").hint("rollcall audit")));
    match dispatched {
        Ok(answer) => {
            // A command that streams its answers, a line each, has nothing left to say.
            let text = if json && !answer.json.is_null() { format!("{:#}\n", answer.json) } else { answer.text };
            told(&text, answer.exit)
        }
        Err(failure) => {
            let failure = failure.naming(commands::flagged_ledger(&matches));
            if json {
                // The JSON goes where answers go; talk goes to stderr as always.
                let _ = write_out(&format!("{:#}\n", failure.json()));
            }
            terminal::talk(&failure.text());
            failure.exit.code()
        }
    }
}

/// Writes an answer; that it could not be written is said, since what it tells of has happened.
fn told(text: &str, exit: Exit) -> ExitCode {
    match write_out(text) {
        Ok(()) => exit.code(),
        Err(error) => {
            terminal::talk(&format!(
                "error: the command was carried out, but its answer could not be written: {error}\n"
            ));
            Exit::NotChecked.code()
        }
    }
}

/// Answers a command line that could not be read, or a request for help.
fn misread(error: &clap::Error, json: bool) -> ExitCode {
    let text = error.render();
    if !error.use_stderr() {
        return told(&text.ansi().to_string(), Exit::Done);
    }
    if json {
        let _ = write_out(&format!("{:#}\n", misread_in_words(error, &text.to_string()).json()));
    }
    terminal::talk(&text.ansi().to_string());
    Exit::Usage.code()
}

/// The same, with what is said below the error: what was expected is a cause, and a tip a hint.
fn misread_in_words(error: &clap::Error, text: &str) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("nothing says what to do: it requires a subcommand or arguments")
            .hint("rollcall --help");
    }
    let mut said =
        text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:")).filter(|line| !line.is_empty());
    let mut failure = Failure::usage(said.next().unwrap_or_default().trim_start_matches("error: "));
    for line in said {
        match line.strip_prefix("tip: ") {
            Some(tip) => failure.hint = Some(tip.to_owned()),
            None if line.starts_with("For more information") => {}
            None => failure.causes.push(line.to_owned()),
        }
    }
    failure
}

/// Writes to stdout; a reader that has gone away, such as `head`, is no failure.
fn write_out(text: &str) -> std::io::Result<()> {
    match terminal::answer(text) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// redb may panic over a damaged file; storage contains that and answers in words, so the panic's own noise is dropped.
fn quiet_contained_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let inside_redb = panic.location().is_some_and(|at| at.file().contains("redb"));
        if !inside_redb {
            usual(panic);
        }
    }));
}
