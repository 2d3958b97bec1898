//! `key`: ordinary OpenSSH key files, and whose keys the ledger knows.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::act::{Act, EnrolPeople};
use serde_json::{Value, json};

use super::{advise, reading};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::keys;
use crate::session::Session;

/// Bytes of a file of people to enrol.
const ENROL_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(super) fn command() -> Command {
    let file = || Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf));
    Command::new("key")
        .about("Make and show OpenSSH keys, and list those of the ledger")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("Examples:\n  rollcall key new ~/.ssh/governance\n  rollcall --ledger L key list")
        .subcommand(
            Command::new("new")
                .about("Write a new Ed25519 key as an ordinary OpenSSH file, encrypted, never over another")
                .arg(file().help("Where to write the private key; the public one goes to FILE.pub"))
                .arg(Arg::new("comment").long("comment").value_name("TEXT").default_value("rollcall").help("Comment within the key"))
                .arg(
                    Arg::new("no-passphrase")
                        .long("no-passphrase")
                        .action(ArgAction::SetTrue)
                        .help("Write it unencrypted: whoever reads the file can sign with it"),
                )
                .after_help("Examples:\n  rollcall key new ~/.ssh/governance --comment alice\n  rollcall key new bot --passphrase-env BOT_PASSPHRASE\n\nA key made by `ssh-keygen -t ed25519` serves as well."),
        )
        .subcommand(
            Command::new("show")
                .about("Show a key's public half, fingerprint and owner")
                .arg(file().help("A private or public OpenSSH key file"))
                .after_help("Example:\n  rollcall key show ~/.ssh/id_ed25519.pub"),
        )
        .subcommand(
            Command::new("enrol")
                .about("Enrol everybody in an authorized_keys file, as the authority")
                .arg(file().help("Lines of `ssh-ed25519 KEY HANDLE [NAME]`"))
                .arg(Arg::new("accept-at").long("at").value_name("TIME").help("In a rehearsal: when they are enrolled (RFC 3339)"))
                .arg(Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help("Judge them and append nothing"))
                .after_help("Example:\n  rollcall --ledger L --key ROOT key enrol members.keys\n\nAll of them or none. A handle that looks like another one (Unicode confusables, UTS 39) is refused, and so is a key that\nbelongs to somebody. The authority vouches that the keys are theirs; whoever enrols alone proves it: rollcall enrol."),
        )
        .subcommand(
            Command::new("list")
                .about("List the keys that belong to persons of the ledger")
                .after_help("Example:\n  rollcall --ledger L key list"),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    match args.subcommand() {
        Some(("new", args)) => new(args),
        Some(("show", args)) => show(args),
        Some(("enrol", args)) => enrol(args),
        Some(("list", args)) => list(args),
        Some(_) | None => Err(Failure::usage("key new, key show, key enrol or key list?")),
    }
}

fn file(args: &ArgMatches) -> Result<&PathBuf, Failure> {
    args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))
}

fn new(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = file(args)?;
    let comment = args.get_one::<String>("comment").map_or("rollcall", String::as_str);
    if comment.chars().any(char::is_control) {
        return Err(Failure::usage("a comment is one line without control characters"));
    }
    keys::require_absent(path)?;
    let plain = args.get_flag("no-passphrase");
    let passphrase = if plain { None } else { Some(super::passphrase(args).choose()?) };
    let made = keys::draw()?;
    keys::write(&made, path, comment, passphrase.as_deref())?;
    let fingerprint = keys::fingerprint(&made.public);
    let line = keys::openssh_line(&made.public, comment);
    let text = format!("wrote {} and {}.pub\n  {line}\n  {fingerprint}\n", path.display(), path.display());
    Ok(Answer::new(
        json!({"file": path.to_string_lossy(), "public": line, "key": made.public, "fingerprint": fingerprint}),
        text,
    ))
}

fn show(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = file(args)?;
    let text = crate::input::read_text(path, crate::input::SMALL_BYTES_MAX)?;
    let public =
        if text.starts_with("-----BEGIN") { keys::public_half(path, &text)? } else { keys::public_line(&text)? };
    let owner = match args.get_one::<PathBuf>("ledger") {
        Some(_) => reading(args)?.state().keys().owner(&public).map(ToString::to_string),
        None => None,
    };
    let (line, fingerprint) = (keys::openssh_line(&public, ""), keys::fingerprint(&public));
    let owned = owner.as_ref().map_or_else(String::new, |owner| format!("  belongs to {owner}\n"));
    let text = format!("{}\n  {fingerprint}\n  {public}\n{owned}", line.trim());
    Ok(Answer::new(json!({"public": line.trim(), "key": public, "fingerprint": fingerprint, "owner": owner}), text))
}

/// People that one event enrols.
const BATCH: usize = 200;

fn enrol(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = file(args)?;
    let lines = keys::enrolled_lines(&crate::input::read_text(path, ENROL_BYTES_MAX)?)
        .map_err(|failure| failure.at(&path.display().to_string()))?;
    let mut session = Session::write(super::ledger_path(args)?)?;
    let at = session.accepting_at(super::parsed(args, "accept-at")?)?;
    let (by, signer) = super::act::signer(args, &session.reading())?;
    let mut events = Vec::new();
    for batch in lines.chunks(BATCH) {
        let act = EnrolPeople {
            people: batch.iter().map(|line| line.handle.clone()).collect(),
            keys: batch.iter().map(|line| line.key.clone()).collect(),
            names: batch
                .iter()
                .any(|line| !line.name.as_str().is_empty())
                .then(|| batch.iter().map(|line| line.name.clone()).collect()),
        };
        let event = session.sign(&by, &signer, Act::EnrolPeople(act), at)?;
        events.push(event.id().to_string());
        session.admit(event, at)??;
    }
    let dry = args.get_flag("dry-run");
    if !dry {
        session.flush()?;
    }
    let waits = lines.first().is_some_and(|line| !session.state().is_enrolled(&line.handle));
    let (count, word) = (lines.len(), if dry { "would enrol" } else { "enrolled" });
    let mut text = format!("{word} {count} people in {} events\n", events.len());
    if waits {
        text.push_str(&format!(
            "  they wait for the authority's threshold: {}\n",
            advise(args, "endorse --event EVENT")
        ));
    }
    let outcome = if waits { "proposed" } else { word };
    Ok(Answer::new(json!({"outcome": outcome, "people": count, "events": events}), text))
}

fn list(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let mut rows = Vec::new();
    let mut text = String::new();
    for (handle, _) in session.state().people().iter() {
        for binding in session.state().keys().of(handle) {
            let fingerprint = keys::fingerprint(&binding.key);
            let since = binding.bound.at;
            let ended = binding.ended.as_ref().map(|(how, cause)| (how.as_str(), cause));
            let state = ended.map_or_else(String::new, |(how, cause)| format!(", {how} {}", cause.at));
            let doubt = binding.suspicion.as_ref().and_then(|s| s.since).map(|since| since.to_string());
            let marked = doubt.as_ref().map_or_else(String::new, |since| format!(", in doubt since {since}"));
            let label = binding.label.as_ref().map_or_else(String::new, |label| format!("  “{}”", label.as_str()));
            let purpose = binding.purpose;
            text.push_str(&format!("{handle:<24} {fingerprint}  {purpose} since {since}{state}{marked}{label}\n"));
            rows.push(json!({
                "person": handle,
                "key": binding.key,
                "fingerprint": fingerprint,
                "label": binding.label,
                "purpose": purpose,
                "since": since.to_string(),
                "event": binding.bound.event.to_string(),
                "ended": ended.map(|(how, cause)| json!({"how": how, "at": cause.at.to_string(), "event": cause.event.to_string()})),
                "in_doubt_since": doubt,
                "reason": binding.suspicion.as_ref().map(|suspicion| &suspicion.reason),
            }));
        }
    }
    Ok(Answer::new(Value::Array(rows), text))
}
