//! The command line of Rollcall: files, clocks, keys, terminals. Whatever it can do, core and storage can do.
//!
//! A command parses its arguments, opens the ledger, asks core, and returns an `Answer` whose text shows no fact
//! that its JSON does not have. Only [`run`] writes to the standard streams.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "JSON, SSH and error enums of others: their other kinds share one answer"
)]
#![expect(clippy::format_push_string, reason = "an answer is a string built once; the allocation is not what it costs")]

mod failure;
mod answer;
mod json;
mod keys;
mod session;
mod rehearsal;
mod show;
mod commands;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use crate::answer::Exit;

/// Runs the program with these arguments and returns its exit code.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    quiet_contained_panics();
    let matches = match commands::command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return if error.print().is_ok() { exit.code() } else { Exit::NotChecked.code() };
        }
    };
    let json = matches.get_flag("json");
    anstream::ColorChoice::write_global(commands::colour(&matches));
    match commands::dispatch(&matches) {
        Ok(answer) => {
            // A command that streams its answers, a line each, has nothing left to say.
            let text = if json && !answer.json.is_null() { format!("{:#}\n", answer.json) } else { answer.text };
            match write_out(&text) {
                Ok(()) => answer.exit.code(),
                Err(_) => Exit::NotChecked.code(),
            }
        }
        Err(failure) => {
            if json {
                // The JSON goes where answers go; talk goes to stderr as always.
                let _ = write_out(&format!("{:#}\n", failure.json()));
            }
            let _ = anstream::stderr().lock().write_all(failure.text().as_bytes());
            failure.exit.code()
        }
    }
}

/// Writes to stdout; a reader that has gone away, such as `head`, is no failure.
fn write_out(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
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
