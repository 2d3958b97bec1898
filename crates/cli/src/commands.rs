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
mod serve;
mod status;
mod submit;
mod tour;
mod why;
mod witness;

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, ColorChoice, Command, value_parser};
use rollcall_core::digest::EventId;
use rollcall_core::name::{Handle, Name, UnitId};
use rollcall_core::note::{Scheme, Signer, SignerError};
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;

use crate::advice;
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

/// A verb: its name, its command, and what answers it.
type Verb = (&'static str, fn() -> Command, fn(&ArgMatches) -> Result<Answer, Failure>);

/// Every verb but those of acts, in the order in which they are listed.
const VERBS: &[Verb] = &[
    ("tour", tour::command, tour::run),
    ("init", init::command, init::run),
    ("key", key::command, key::run),
    ("account", account::command, account::run),
    ("status", status::command, status::run),
    ("roster", roster::command, roster::run),
    ("why", why::command, why::run),
    ("log", log::command, log::run),
    ("show", log::show_command, log::show),
    ("meeting", meeting::command, meeting::run),
    ("motion", motion::command, motion::run),
    ("paper", paper::command, paper::run),
    ("pending", pending::command, pending::run),
    ("benefits", pending::benefits_command, pending::benefits_run),
    ("charter", charter::command, charter::run),
    ("export", export::command, export::run),
    ("certificate", certificate::command, certificate::run),
    ("audit", audit::command, audit::run),
    ("replay", replay::command, replay::run),
    ("head", head::command, head::run),
    ("publish", publish::command, publish::run),
    ("mirror", mirror::command, mirror::run),
    ("bundle", bundle::command, bundle::run),
    ("restore", bundle::restore_command, bundle::restore),
    ("prove", prove::command, prove::run),
    ("witness", witness::command, witness::run),
    ("fork", fork::command, fork::run),
    ("log-key", log_key::command, log_key::run),
    ("diff", diff::command, diff::run),
    ("draft", draft::command, draft::run),
    ("inspect", inspect::command, inspect::run),
    ("sign", inspect::sign_command, inspect::sign),
    ("append", append::command, append::run),
    ("serve", serve::command, serve::run),
    ("receipt", receipt::command, receipt::run),
    ("refusal", refusal::command, refusal::run),
    ("submit", submit::command, submit::run),
    ("anchor", anchor::command, anchor::run),
    ("attachment", attachment::command, attachment::run),
    ("erase", attachment::erase_command, attachment::erase),
    ("concentration", concentration::command, concentration::run),
    ("rehearse", rehearse::command, rehearse::run),
    ("import", import::command, import::run),
    ("completions", man::completions_command, man::completions),
    ("man", man::command, man::run),
];

/// The whole command tree.
pub(crate) fn command() -> Command {
    tree(VERBS.iter().map(|(_, command, _)| command()).chain(act::commands()))
}

/// Reads a command line. A tree with nothing in it but the verb that is named is made in a fraction of the time that the whole one takes, and
/// reads what it can as that would: what it cannot is the whole one's to read, or to refuse.
pub(crate) fn read(args: &[OsString], colour: ColorChoice) -> Result<ArgMatches, clap::Error> {
    let named = args.iter().skip(1).find_map(|arg| named(arg.to_str()?));
    match tree(named).color(colour).try_get_matches_from(args) {
        Err(error) if error.kind() != ErrorKind::DisplayVersion => command().color(colour).try_get_matches_from(args),
        read => read,
    }
}

/// The command of a verb.
fn named(verb: &str) -> Option<Command> {
    let own = VERBS.iter().find(|(name, ..)| *name == verb);
    own.map(|(_, command, _)| command()).or_else(|| act::named(verb))
}

fn tree(verbs: impl IntoIterator<Item = Command>) -> Command {
    Command::new("rollcall")
        .version(clap::crate_version!())
        .about(ABOUT)
        .after_help(AFTER)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(globals())
        .subcommands(verbs)
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
    match VERBS.iter().find(|(name, ..)| *name == verb) {
        Some((_, _, run)) => run(args),
        None => act::run(verb, args),
    }
}

/// The ledger's path, which most commands need.
fn ledger_path(args: &ArgMatches) -> Result<&Path, Failure> {
    let path = args.get_one::<PathBuf>("ledger").map(PathBuf::as_path);
    path.ok_or_else(|| Failure::usage("which ledger? name it with `--ledger PATH` or in ROLLCALL_LEDGER"))
}

/// The ledger's path, where a flag names it and not the environment.
pub(crate) fn flagged_ledger(args: &ArgMatches) -> Option<&Path> {
    let flagged = args.value_source("ledger") == Some(ValueSource::CommandLine);
    args.get_one::<PathBuf>("ledger").map(PathBuf::as_path).filter(|_| flagged)
}

/// What to run next, as [`advice::naming`] has it.
fn advise(args: &ArgMatches, command: &str) -> String {
    advice::naming(&format!("rollcall {command}"), flagged_ledger(args))
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

/// Where a server listens.
fn listen_arg(default: &'static str) -> Arg {
    let arg = Arg::new("listen").long("listen").value_name("ADDRESS").default_value(default);
    arg.help("Address and port; port 0 takes a free one")
}

/// What takes connections at that address, and which it is.
fn listener(args: &ArgMatches) -> Result<(TcpListener, SocketAddr), Failure> {
    let address = args.get_one::<String>("listen").map_or("", String::as_str);
    let port = address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    if !matches!(port, Some(Ok(_))) {
        return Err(Failure::usage(format!("`listen` is an address and a port, as 127.0.0.1:7380, got: {address}")));
    }
    let bound = TcpListener::bind(address).and_then(|listener| listener.local_addr().map(|bound| (listener, bound)));
    bound.map_err(|error| Failure::io(format!("no connections can be taken at: {address}"), &error))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> Vec<OsString> {
        words.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn every_verb_is_found_by_the_name_of_its_command() {
        for verb in command().get_subcommands() {
            let name = verb.get_name();
            assert_eq!(named(name).as_ref().map(Command::get_name), Some(name));
        }
        let misnamed = |(name, command, _): &&Verb| command().get_name() != *name || act::named(name).is_some();
        assert_eq!(VERBS.iter().find(misnamed).map(|(name, ..)| name), None);
    }

    #[test]
    fn a_line_is_read_as_by_the_whole_tree() {
        let lines = [
            "rollcall roster --unit toc",
            "rollcall --ledger why --by vote roster --unit audit",
            "rollcall --ledger roster why alice chair --in toc",
            "rollcall --key audit --json charter show --clause TOC-26",
            "rollcall draft vote --vote 3f2a --choice for -o help",
            "rollcall vote --vote show --choice for",
            "rollcall witness key --name roster",
            "rollcall show help",
        ];
        for words in lines {
            let read = read(&line(words), ColorChoice::Never).map_err(|error| error.to_string());
            let whole = command().try_get_matches_from(line(words)).map_err(|error| error.to_string());
            let told = |matches: &ArgMatches| {
                let path = |name| matches.get_one::<PathBuf>(name).cloned();
                let verb = matches.subcommand().map(|(verb, args)| (verb.to_owned(), args.clone()));
                (path("ledger"), path("key"), matches.get_one::<String>("by").cloned(), verb)
            };
            assert_eq!(read.as_ref().map(told), whole.as_ref().map(told), "{words}");
            assert!(whole.is_ok(), "{words}: {whole:?}");
        }
    }

    /// A verb has one name, and whoever names another before it means the value of a flag.
    #[test]
    fn no_verb_is_taken_for_another() {
        let whole = command();
        let verbs: Vec<&Command> = whole.get_subcommands().collect();
        for verb in &verbs {
            let flags = (verb.get_short_flag(), verb.get_long_flag());
            assert!(verb.get_all_aliases().next().is_none() && flags == (None, None), "{}", verb.get_name());
        }
        assert!(!whole.is_allow_external_subcommands_set());
        for (value, verb) in verbs.iter().zip(verbs.iter().skip(1)) {
            let words = format!("rollcall --by {} --ledger {} {}", value.get_name(), value.get_name(), verb.get_name());
            let read = read(&line(&words), ColorChoice::Never).map_err(|error| error.to_string());
            let whole = command().try_get_matches_from(line(&words)).map_err(|error| error.to_string());
            let told = |matches: &ArgMatches| matches.subcommand().map(|(verb, args)| (verb.to_owned(), args.clone()));
            assert_eq!(read.as_ref().map(told), whole.as_ref().map(told), "{words}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_answered_by_the_whole_tree() {
        let lines = [
            "rollcall",
            "rollcall --version",
            "rollcall --help",
            "rollcall help witness key",
            "rollcall rooster",
            "rollcall --ledger roster rooster",
            "rollcall roster vote",
            "rollcall vote --help",
            "rollcall charter nothing",
        ];
        for words in lines {
            let read = read(&line(words), ColorChoice::Never).map_err(|error| error.to_string());
            let whole = command().try_get_matches_from(line(words)).map_err(|error| error.to_string());
            assert!(whole.is_err() && read.as_ref().err() == whole.as_ref().err(), "{words}: {read:?}");
        }
    }
}
