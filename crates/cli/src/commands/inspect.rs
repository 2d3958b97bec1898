//! `inspect` and `sign`: read what an act says, and sign it with a key that need not be where the ledger is.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::act::Act;
use rollcall_core::event::Payload;
use rollcall_core::key::PublicKey;
use rollcall_core::limits::ENTRY_BYTES_MAX;
use serde_json::{Value, json};

use super::{advise, reading};
use crate::advice;
use crate::answer::{Answer, Exit};
use crate::carriage::{self, Carried};
use crate::failure::Failure;
use crate::inspection::Inspection;
use crate::session::Session;
use crate::signer::Signer;
use crate::{input, keys, output, terminal};

/// Bytes of a file that carries acts: some armoured ones in a mail.
pub(super) const CARRIED_BYTES_MAX: u64 = 64 * ENTRY_BYTES_MAX;

fn file_arg() -> Arg {
    Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf))
}

pub(super) fn command() -> Command {
    Command::new("inspect")
        .about("Show what a draft or a signed event says, in English and Chinese")
        .arg(file_arg().help("A draft, a signed event, or a mail with one in it"))
        .arg(Arg::new("html").long("html").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write it as a page to a new file, for somebody without Rollcall"))
        .after_help("Examples:\n  rollcall inspect ballot\n  rollcall --ledger L inspect ballot --html ballot.html\n\nWith a ledger it also says what the events are that the act refers to.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = args.get_one::<PathBuf>("ledger").map(|_| reading(args)).transpose()?;
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))?;
    let inspections = inspected(path, session.as_ref())?;
    if let Some(page) = args.get_one::<PathBuf>("html") {
        let [one] = inspections.as_slice() else {
            return Err(Failure::usage("a page shows one act, and the file carries several"));
        };
        output::create(page, one.html().as_bytes(), 0o644)?;
    }
    let text = inspections.iter().map(Inspection::text).collect::<Vec<_>>().join("\n");
    let json = match inspections.as_slice() {
        [one] => one.json(),
        several => several.iter().map(Inspection::json).collect::<Value>(),
    };
    let sound = inspections.iter().all(|inspection| inspection.verifies() != Some(false));
    Ok(Answer { json, text, exit: if sound { Exit::Done } else { Exit::Usage } })
}

fn inspected(path: &Path, session: Option<&Session>) -> Result<Vec<Inspection>, Failure> {
    let state = session.map(Session::state);
    let place = path.display().to_string();
    match carriage::read(&input::read(path, CARRIED_BYTES_MAX)?).map_err(|failure| failure.at(&place))? {
        Carried::Draft(payload, bytes) => Ok(vec![Inspection::of_draft(&payload, &bytes, state)]),
        Carried::Signed(events) => events.iter().map(|event| Inspection::of_event(event, state)).collect(),
    }
}

pub(super) fn sign_command() -> Command {
    Command::new("sign")
        .about("Show what a draft says, then sign it")
        .arg(file_arg().help("The draft"))
        .arg(Arg::new("output").short('o').long("output").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Write the signed event to this new file, by default FILE.signed"))
        .arg(Arg::new("binary").long("binary").action(ArgAction::SetTrue).help("Write it in binary instead of as text that survives mail"))
        .after_help("Examples:\n  rollcall sign ballot --key ~/.ssh/id_ed25519\n  rollcall sign ballot --key agent -o ballot.signed\n\nIt needs no ledger. With nothing of ours installed:\n  ssh-keygen -Y sign -n rollcall-event-v1 -f KEY ballot")
}

pub(super) fn sign(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = args.get_one::<PathBuf>("ledger").map(|_| reading(args)).transpose()?;
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))?;
    let place = path.display().to_string();
    let read = carriage::read(&input::read(path, CARRIED_BYTES_MAX)?).map_err(|failure| failure.at(&place))?;
    let Carried::Draft(payload, bytes) = read else {
        return Err(Failure::usage(format!("it is signed already: {place}"))
            .hint(format!("rollcall append {}", advice::quoted(path))));
    };
    let output = args.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| path.with_added_extension("signed"));
    if output.exists() {
        return Err(Failure::usage(format!("a file is there already: {}", output.display())));
    }
    let inspection = Inspection::of_draft(&payload, &bytes, session.as_ref().map(Session::state));
    // What is signed is shown before the key is touched, and where talk goes.
    terminal::talk(&format!("You are about to sign:\n\n{}\n", inspection.text()));
    let signer = signer(args, &payload.header.by, session.as_ref())?;
    if let Some(session) = &session {
        require_own(session, &payload, signer.public())?;
    }
    let event = signer.event(bytes)?;
    let form = if args.get_flag("binary") { event.encode() } else { carriage::armour(&event).into_bytes() };
    output::create(&output, &form, 0o644)?;
    let shown = output.display();
    let append = advise(args, &format!("append {}", advice::quoted(&output)));
    let text = format!("signed, event {}\n  wrote {shown}\n  append it: {append}\n", event.id());
    let json = json!({"outcome": "signed", "event": event.id().to_string(), "file": output, "by": payload.header.by, "fingerprint": keys::fingerprint(signer.public())});
    Ok(Answer::new(json, text))
}

/// With the ledger at hand a signature that it would refuse is not made.
fn require_own(session: &Session, payload: &Payload, key: &PublicKey) -> Result<(), Failure> {
    let (state, by) = (session.state(), &payload.header.by);
    let ledger = state.founding().map(|founding| founding.ledger);
    if payload.header.ledger != ledger {
        return Err(Failure::usage("the draft is for another ledger than the one at hand; nothing was signed"));
    }
    let brings_its_own = matches!(payload.act, Act::Enrol(_) | Act::OfferKey(_) | Act::BindKey(_) | Act::VetoKey(_));
    if brings_its_own || state.keys().active(by, key).is_some() {
        return Ok(());
    }
    let fingerprint = keys::fingerprint(key);
    Err(Failure::usage(format!(
        "the draft is by `{by}`, and the key {fingerprint} is not a good one of theirs; nothing was signed"
    ))
    .hint("rollcall key list"))
}

/// The key that `--key` names; in a rehearsal that is at hand, without one, the author's test key.
fn signer(args: &ArgMatches, by: &rollcall_core::name::Handle, session: Option<&Session>) -> Result<Signer, Failure> {
    match (args.get_one::<PathBuf>("key"), session) {
        (Some(path), session) => {
            let known = |key: &PublicKey| session.is_none_or(|session| session.state().keys().owner(key) == Some(by));
            Signer::open(path, &super::passphrase(args), &known)
        }
        (None, Some(session)) if session.is_rehearsal() => Signer::rehearsal(by),
        (None, _) => Err(Failure::usage("which key signs? name it with `--key FILE` or in ROLLCALL_KEY")
            .hint("rollcall key new --help")),
    }
}
