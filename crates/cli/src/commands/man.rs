//! `completions` and `man`: generated from the command tree.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use serde_json::json;

use crate::answer::Answer;
use crate::failure::Failure;

pub(super) fn completions_command() -> Command {
    Command::new("completions")
        .about("Print the completion script of a shell")
        .arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell)))
        .after_help("Example:\n  rollcall completions bash > ~/.local/share/bash-completion/completions/rollcall")
}

pub(super) fn completions(args: &ArgMatches) -> Result<Answer, Failure> {
    let shell = args.get_one::<Shell>("shell").copied().ok_or_else(|| Failure::usage("which shell?"))?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "rollcall", &mut script);
    let script = String::from_utf8(script).map_err(|error| Failure::bug("the script is not text").caused_by(&error))?;
    Ok(Answer::new(json!({"shell": shell.to_string(), "script": script}), script))
}

pub(super) fn command() -> Command {
    Command::new("man")
        .about("Write the manual pages to a folder")
        .arg(Arg::new("folder").value_name("DIR").required(true).value_parser(value_parser!(PathBuf)))
        .after_help("Example:\n  rollcall man man1 && man -l man1/rollcall-audit.1")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let folder = args.get_one::<PathBuf>("folder").ok_or_else(|| Failure::usage("which folder?"))?;
    let cannot = |error: std::io::Error| Failure::io(format!("cannot write to: {}", folder.display()), &error);
    std::fs::create_dir_all(folder).map_err(cannot)?;
    clap_mangen::generate_to(super::command(), folder).map_err(cannot)?;
    let pages = std::fs::read_dir(folder).map_err(cannot)?.count();
    Ok(Answer::new(
        json!({"folder": folder.to_string_lossy(), "pages": pages}),
        format!("wrote {pages} pages to {}\n", folder.display()),
    ))
}
