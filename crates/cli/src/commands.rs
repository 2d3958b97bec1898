//! The command tree, and the way from a parsed command line to the function that answers it.
//!
//! Verbs for acts are built from core's table of acts, so that an act, its flags, its help and its documents cannot differ.

mod account;
mod act;
mod anchor;
mod append;
mod attachment;
mod audit;
mod bundle;
mod certificate;
mod charter;
mod concentration;
mod diff;
mod draft;
mod export;
mod fork;
mod head;
mod import;
mod init;
mod inspect;
mod key;
mod log;
mod log_key;
mod man;
mod meeting;
mod mirror;
mod motion;
mod paper;
mod pending;
mod prove;
mod replay;
mod publish;
mod receipt;
mod refusal;
mod rehearse;
mod roster;
mod status;
mod submit;
mod tour;
mod why;
mod witness;

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::digest::EventId;
use rollcall_core::name::{Handle, Name, UnitId};
use rollcall_core::note::{Scheme, Signer, SignerError};
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::reading::Reading;
use crate::session::{AsOf, Session};
use crate::signer::Passphrase;

const ABOUT: &str = "Keep a signed, append-only ledger of who decides in a community, and audit it";
const AFTER: &str = "\
Start here:
  rollcall tour                                       watch a community live through a year, then explore it
  rollcall --ledger L init --charter greatsql --rehearsal --name Demo
  rollcall --ledger L roster
  rollcall --ledger L why alice chair --in toc
  rollcall --ledger L audit

Exit codes: 0 done, 1 refused by the charter, 2 usage or bad input, 3 log invalid, 4 could not check or I/O, 70 bug.";

pub(crate) use meeting::notes;

/// The whole command tree.
pub(crate) fn command() -> Command {
    let verbs: Vec<Command> = vec![
        tour::command(),
        init::command(),
        key::command(),
        account::command(),
        status::command(),
        roster::command(),
        why::command(),
        log::command(),
        log::show_command(),
        meeting::command(),
        motion::command(),
        paper::command(),
        pending::command(),
        pending::benefits_command(),
        charter::command(),
        export::command(),
        certificate::command(),
        audit::command(),
        replay::command(),
        head::command(),
        publish::command(),
        mirror::command(),
        bundle::command(),
        bundle::restore_command(),
        prove::command(),
        witness::command(),
        fork::command(),
        log_key::command(),
        diff::command(),
        draft::command(),
        inspect::command(),
        inspect::sign_command(),
        append::command(),
        receipt::command(),
        refusal::command(),
        submit::command(),
        anchor::command(),
        attachment::command(),
        attachment::erase_command(),
        concentration::command(),
        rehearse::command(),
        import::command(),
        man::completions_command(),
        man::command(),
    ];
    Command::new("rollcall")
        .version(clap::crate_version!())
        .about(ABOUT)
        .after_help(AFTER)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(globals())
        .subcommands(verbs)
        .subcommands(act::commands())
}

fn globals() -> Vec<Arg> {
    let path = || value_parser!(PathBuf);
    vec![
        Arg::new("ledger")
            .long("ledger")
            .value_name("PATH")
            .env("ROLLCALL_LEDGER")
            .value_parser(path())
            .global(true)
            .help("Ledger file"),
        Arg::new("key")
            .long("key")
            .value_name("FILE")
            .env("ROLLCALL_KEY")
            .value_parser(path())
            .global(true)
            .help("Key that signs: an OpenSSH Ed25519 private key, a public one whose private half the agent holds, or `agent`"),
        Arg::new("passphrase-env")
            .long("passphrase-env")
            .value_name("NAME")
            .global(true)
            .help("Environment variable that holds the passphrase of an encrypted key; without it, the terminal asks"),
        Arg::new("by")
            .long("by")
            .value_name("HANDLE")
            .global(true)
            .help("Author; by default whoever owns the key. In a rehearsal, signs with that handle's test key"),
        Arg::new("json").long("json").action(ArgAction::SetTrue).global(true).help("Answer in JSON"),
        Arg::new("color")
            .long("color")
            .value_name("WHEN")
            .value_parser(["auto", "always", "never"])
            .default_value("auto")
            .global(true)
            .help("Colour the output"),
        Arg::new("lang")
            .long("lang")
            .value_name("LANG")
            .value_parser(["en"])
            .default_value("en")
            .global(true)
            .help("Language of the output (reserved; English for now)"),
    ]
}

/// When to colour.
pub(crate) fn colour(matches: &ArgMatches) -> anstream::ColorChoice {
    match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => anstream::ColorChoice::Always,
        Some("never") => anstream::ColorChoice::Never,
        Some(_) | None => anstream::ColorChoice::Auto,
    }
}

/// Runs the command that was parsed.
pub(crate) fn dispatch(matches: &ArgMatches) -> Result<Answer, Failure> {
    let Some((verb, args)) = matches.subcommand() else { return Err(Failure::usage("no command was given")) };
    match verb {
        "tour" => tour::run(args),
        "init" => init::run(args),
        "key" => key::run(args),
        "account" => account::run(args),
        "status" => status::run(args),
        "roster" => roster::run(args),
        "why" => why::run(args),
        "log" => log::run(args),
        "show" => log::show(args),
        "meeting" => meeting::run(args),
        "motion" => motion::run(args),
        "paper" => paper::run(args),
        "pending" => pending::run(args),
        "benefits" => pending::benefits_run(args),
        "charter" => charter::run(args),
        "export" => export::run(args),
        "certificate" => certificate::run(args),
        "audit" => audit::run(args),
        "replay" => replay::run(args),
        "head" => head::run(args),
        "publish" => publish::run(args),
        "mirror" => mirror::run(args),
        "bundle" => bundle::run(args),
        "restore" => bundle::restore(args),
        "prove" => prove::run(args),
        "witness" => witness::run(args),
        "fork" => fork::run(args),
        "log-key" => log_key::run(args),
        "diff" => diff::run(args),
        "draft" => draft::run(args),
        "inspect" => inspect::run(args),
        "sign" => inspect::sign(args),
        "append" => append::run(args),
        "receipt" => receipt::run(args),
        "refusal" => refusal::run(args),
        "submit" => submit::run(args),
        "anchor" => anchor::run(args),
        "attachment" => attachment::run(args),
        "erase" => attachment::erase(args),
        "concentration" => concentration::run(args),
        "rehearse" => rehearse::run(args),
        "import" => import::run(args),
        "completions" => man::completions(args),
        "man" => man::run(args),
        act => act::run(act, args),
    }
}

/// The ledger's path, which most commands need.
fn ledger_path(args: &ArgMatches) -> Result<&Path, Failure> {
    let path = args.get_one::<PathBuf>("ledger").map(PathBuf::as_path);
    path.ok_or_else(|| Failure::usage("which ledger? name it with `--ledger PATH` or in ROLLCALL_LEDGER"))
}

/// Where the passphrase of an encrypted key comes from.
fn passphrase(args: &ArgMatches) -> Passphrase {
    Passphrase::new(args.get_one::<String>("passphrase-env").cloned())
}

/// For questions that are answered from stored rows unless somebody asks otherwise.
fn replay_arg() -> Arg {
    Arg::new("replay")
        .long("replay")
        .action(ArgAction::SetTrue)
        .help("Answer from the entries, each judged again, instead of from the stored rows")
}

/// Answers a question about the ledger as it is; the command has [`replay_arg`].
fn ask<T>(args: &ArgMatches, question: impl Fn(Reading<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    crate::reading::ask(ledger_path(args)?, args.get_flag("replay"), question)
}

/// The ledger, open for reading.
fn reading(args: &ArgMatches) -> Result<Session, Failure> {
    Session::read(ledger_path(args)?, AsOf::Now)
}

/// A text argument read as a typed name or time.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(args: &ArgMatches, name: &str) -> Result<Option<T>, Failure> {
    let Some(text) = args.get_one::<String>(name) else { return Ok(None) };
    let shown = if matches!(name, "when" | "accept-at") { "at" } else { name };
    text.parse().map(Some).map_err(|error| Failure::usage(format!("`{shown}`: {error}")))
}

fn handle(args: &ArgMatches, name: &str) -> Result<Option<Handle>, Failure> {
    parsed(args, name)
}

fn unit(args: &ArgMatches, name: &str) -> Result<Option<UnitId>, Failure> {
    parsed(args, name)
}

fn role(args: &ArgMatches, name: &str) -> Result<Option<Name>, Failure> {
    parsed(args, name)
}

fn time(args: &ArgMatches, name: &str) -> Result<Option<Timestamp>, Failure> {
    parsed(args, name)
}

/// The log's verifier keys that were given.
fn vkeys(args: &ArgMatches) -> Result<Vec<Signer>, Failure> {
    let read = |text: &String| {
        let signer: Signer =
            text.parse().map_err(|error: SignerError| Failure::usage(format!("`log-key`: {error}")))?;
        match signer.scheme {
            Scheme::Ed25519 => Ok(signer),
            Scheme::Cosignature => Err(Failure::usage("`log-key`: a log's key is of type 0x01")),
        }
    };
    args.get_many("log-key").into_iter().flatten().map(read).collect()
}

/// The log's verifier key.
fn vkey(args: &ArgMatches) -> Result<Option<Signer>, Failure> {
    Ok(vkeys(args)?.pop())
}

/// An event by its id or by a prefix of it that only one event has.
fn event(state: &State, text: &str) -> Result<EventId, Failure> {
    if let Ok(id) = text.parse::<EventId>() {
        return Ok(id);
    }
    let plain = text.len() >= 4 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match state.events_with_prefix(text).as_slice() {
        _ if !plain => Err(Failure::usage(format!("not an event id, nor at least four of its first digits: `{text}`"))),
        [one] => Ok(*one),
        [] => Err(Failure::usage(format!("no event's id begins with: `{text}`")).hint("rollcall log")),
        _ => Err(Failure::usage(format!("several events' ids begin with `{text}`; give more digits"))),
    }
}

/// The entry that a number names, or an event's id, or the beginning of one.
fn entry(state: &State, text: &str) -> Result<u64, Failure> {
    if text.len() < 16
        && let Ok(index) = text.parse::<u64>()
    {
        return Ok(index);
    }
    let event = event(state, text)?;
    state.entry_of(&event).ok_or_else(|| Failure::usage(format!("no entry carries the event: {text}")))
}

/// An entry count or an instant.
fn as_of(text: &str) -> Result<AsOf, Failure> {
    if let Ok(count) = text.parse::<u64>() {
        return Ok(AsOf::Entries(count));
    }
    let time =
        text.parse().map_err(|error| Failure::usage(format!("neither a number of entries nor a time: {error}")))?;
    Ok(AsOf::Time(time))
}
