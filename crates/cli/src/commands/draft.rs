//! `draft` and `append`: write a payload without signing it, and append what somebody signed elsewhere.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::event::{Payload, SignedEvent};
use rollcall_core::key::NAMESPACE;
use rollcall_core::time::Timestamp;
use serde_json::json;

use super::{act, ledger_path, reading};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::keys;
use crate::session::Session;

pub(super) fn command() -> Command {
    let output = || {
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FILE")
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help("Write the unsigned payload to a new file")
    };
    let at = || Arg::new("accept-at").long("at").value_name("TIME").help("In a rehearsal: the claimed time (RFC 3339)");
    let until =
        || Arg::new("not-after").long("not-after").value_name("TIME").help("The draft is void after this instant");
    let acts = act::specs().map(|spec| {
        act::command(spec).arg(output()).arg(at()).arg(until()).after_help(format!("The file is signed with:\n  ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE\nand appended with:\n  rollcall append FILE FILE.sig"))
    });
    Command::new("draft")
        .about("Write an act to a file, to be signed elsewhere")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(acts.collect::<Vec<_>>())
        .after_help(format!("Example:\n  rollcall --ledger L --by alice draft vote --vote 3f2a9c --choice for -o ballot\n  ssh-keygen -Y sign -n {NAMESPACE} -f ~/.ssh/id_ed25519 ballot\n  rollcall --ledger L append ballot ballot.sig"))
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let Some((verb, args)) = args.subcommand() else { return Err(Failure::usage("draft which act?")) };
    let spec =
        act::specs().find(|spec| spec.name == verb).ok_or_else(|| Failure::bug(format!("no such act: {verb}")))?;
    let session = reading(args)?;
    let declared: Option<Timestamp> = super::parsed(args, "accept-at")?;
    let at = session.accepting_at(declared)?;
    let act = act::read(spec, args, &session)?;
    let by = match super::handle(args, "by")? {
        Some(by) => by,
        None => act::signer(args, &session)?.0,
    };
    let mut header = session.ledger.header(&by, &act, at);
    if let Some(not_after) = super::parsed(args, "not-after")? {
        header.not_after = not_after;
    }
    let not_after = header.not_after;
    let bytes = Payload { header, act }
        .encode()
        .map_err(|error| Failure::input("the act cannot be written").caused_by(&error))?;
    let path = args.get_one::<PathBuf>("output").ok_or_else(|| Failure::usage("where to? -o FILE"))?;
    keys::write_new(path, &bytes, 0o644)?;
    let event = rollcall_core::digest::EventId::of_payload(&bytes);
    let shown = path.display();
    let text = format!(
        "wrote {shown}, {} bytes, event {event}, by {by}, valid until {not_after}\nsign it:   ssh-keygen -Y sign -n {NAMESPACE} -f KEY {shown}\nappend it: rollcall append {shown} {shown}.sig\n",
        bytes.len()
    );
    Ok(Answer::new(
        json!({"outcome": "drafted", "file": path, "event": event.to_string(), "by": by, "not_after": not_after.to_string()}),
        text,
    ))
}

pub(super) fn append_command() -> Command {
    Command::new("append")
        .about("Append an act that was signed elsewhere")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("A payload, or a signed event"),
        )
        .arg(
            Arg::new("signature")
                .value_name("FILE.sig")
                .value_parser(value_parser!(PathBuf))
                .help("The signature that ssh-keygen made; by default FILE.sig where that exists"),
        )
        .arg(
            Arg::new("accept-at")
                .long("at")
                .value_name("TIME")
                .help("In a rehearsal: when the act is accepted (RFC 3339)"),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Judge the act and say what would happen; append nothing"),
        )
        .after_help("Example:\n  rollcall --ledger L append ballot ballot.sig")
}

pub(super) fn append(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))?;
    let event = signed(path, args.get_one::<PathBuf>("signature"))?;
    let dry = args.get_flag("dry-run");
    let ledger = ledger_path(args)?;
    let mut session = if dry { Session::read(ledger, crate::session::AsOf::Now)? } else { Session::write(ledger)? };
    let at = session.accepting_at(super::parsed(args, "accept-at")?)?;
    already_there(&mut session, &event, at)?.map_or_else(|| act::submit(&mut session, event, at, dry), Ok)
}

/// The same event again is no error: it is answered with where it stands, once its signature and key have been checked.
fn already_there(session: &mut Session, event: &SignedEvent, at: Timestamp) -> Result<Option<Answer>, Failure> {
    use rollcall_core::ledger::AdmitError;
    use rollcall_core::refusal::Reason;
    match session.ledger.judge(event.clone(), at) {
        Err(AdmitError::Refused(refusal)) => {
            let Reason::AlreadyThere { event, entry } = refusal.reason.as_ref() else { return Err(refusal.into()) };
            let text = format!("already there, at entry {entry}\n  event {event}\n");
            Ok(Some(Answer::new(json!({"outcome": "already there", "entry": entry, "event": event}), text)))
        }
        Err(other) => Err(other.into()),
        Ok(_) => Ok(None),
    }
}

/// Reads a signed event, or a payload with its signature beside it.
fn signed(path: &std::path::Path, signature: Option<&PathBuf>) -> Result<SignedEvent, Failure> {
    let read = |path: &std::path::Path| crate::input::read(path, rollcall_core::limits::ENTRY_BYTES_MAX);
    let bytes = read(path)?;
    let beside = path.with_added_extension("sig");
    match signature.cloned().or_else(|| beside.exists().then_some(beside)) {
        Some(signature) => keys::join_sshsig(bytes, &read(&signature)?),
        None => SignedEvent::decode(&bytes).map_err(|error| {
            Failure::input(format!(
                "neither a signed event nor a payload with a signature beside it: {}",
                path.display()
            ))
            .caused_by(&error)
            .hint(format!("ssh-keygen -Y sign -n {NAMESPACE} -f KEY {}", path.display()))
        }),
    }
}
