//! `anchor`: enter a head that witnesses have cosigned, so that the log itself says what was there by when.
//! It collects and enters; whether the head is this log's, and its times agree, is core's to judge.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::act::{Act, Anchor};
use rollcall_core::checkpoint::{Checkpoint, log_signer};
use rollcall_core::field::Text;
use rollcall_core::limits::{CLOCK_TOLERANCE_MS, TEXT_BYTES_MAX};
use rollcall_core::note::Note;
use rollcall_core::policy::{Policy, Quorum};
use rollcall_core::time::Timestamp;
use rollcall_server::cosigners::{Became, collect};

use super::{act, ledger_path, reading};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::session::Session;
use crate::{input, operator};

pub(super) fn command() -> Command {
    Command::new("anchor")
        .about("Enter a head of this log that witnesses have cosigned: what it covers was there by then")
        .arg(Arg::new("checkpoint").long("checkpoint").value_name("FILE").value_parser(value_parser!(PathBuf)).help("A cosigned checkpoint of this log; without it, the log's witnesses are asked now"))
        .arg(Arg::new("timeout").long("timeout").value_name("SECONDS").value_parser(value_parser!(u64).range(1..=3_600)).default_value("30").help("How long to wait for witnesses"))
        .args([act::at_arg(), act::dry_run_arg()])
        .after_help("Examples:\n  rollcall --ledger L --key ME anchor\n  rollcall --ledger L --key ME anchor --checkpoint public/checkpoint\n\nThe log names its witnesses first: rollcall name-witnesses --policy witnesses.policy. While it does, an act that comes more than 24 hours after the last entry needs a fresh anchor before it.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let note = match args.get_one::<PathBuf>("checkpoint") {
        Some(path) => input::read_text(path, TEXT_BYTES_MAX)?,
        None => cosigned(args)?,
    };
    let checkpoint =
        Text::new(&note).map_err(|error| Failure::input("the checkpoint cannot be entered").caused_by(&error))?;
    let declared: Option<Timestamp> = super::parsed(args, "accept-at")?;
    let dry = args.get_flag("dry-run");
    let path = ledger_path(args)?;
    let mut session = if dry { Session::read(path, crate::session::AsOf::Now)? } else { Session::write(path)? };
    let at = session.accepting_at(declared)?;
    let (by, key) = act::signer(args, &session.reading())?;
    let event = session.sign(&by, &key, Act::Anchor(Anchor { checkpoint }), at)?;
    act::submit(&mut session, event, at, dry)
}

/// The log's head, cosigned now by the witnesses that the log names.
fn cosigned(args: &ArgMatches) -> Result<String, Failure> {
    let session = reading(args)?;
    let state = session.state();
    let policy: Policy = state.witnessing().policy().ok_or_else(|| {
        Failure::usage("the log names no witnesses").hint("rollcall name-witnesses --policy witnesses.policy")
    })?;
    let signed = operator::signed_head(&session, ledger_path(args)?)?;
    let seconds = args.get_one::<u64>("timeout").copied().unwrap_or(30);
    let size = state.log().size();
    // A quorum with a witness whose clock stands still says nothing new: then the others are waited for.
    let oldest = session.accepting_at(super::parsed(args, "accept-at")?)?.minus_ms(CLOCK_TOLERANCE_MS);
    let fresh = |quorum: &Quorum| quorum.span.is_some_and(|span| oldest <= span.since);
    let head = bare(&session, &signed)?;
    let collected = collect(&policy, (&head, state.log()), size, Duration::from_secs(seconds), fresh);
    let collected = collected.map_err(|what| Failure::unchecked(format!("the witnesses cannot be asked: {what}")))?;
    if collected.quorum.met {
        return Ok(collected.note);
    }
    let mut failure = Failure::unchecked("too few of the log's witnesses have cosigned its head");
    for (name, became) in collected.witnesses {
        match became {
            Became::Cosigned { .. } => {}
            Became::ForkAlarm(what) => failure.causes.push(format!("{name}: FORK ALARM, {what}")),
            Became::Failed(what) => failure.causes.push(format!("{name}: {what}")),
            Became::Unanswered => failure.causes.push(format!("{name}: no answer")),
        }
    }
    Err(failure.hint("rollcall name-witnesses --policy FILE, where witnesses are gone for good or have moved"))
}

/// A signed head without the cosignatures that it has collected before: their times are of then.
fn bare(session: &Session, signed: &str) -> Result<String, Failure> {
    let unreadable = |error: &dyn std::error::Error| Failure::bug("the signed head cannot be read").caused_by(error);
    let note = Note::read(signed).map_err(|error| unreadable(&error))?;
    let checkpoint = Checkpoint::read(note.text()).map_err(|error| unreadable(&error))?;
    let key = session.state().log_key(checkpoint.head.size).ok_or_else(|| Failure::bug("the log has no key"))?;
    let signer = log_signer(&checkpoint.origin, key);
    let line = note.signature(&signer).map_err(|error| unreadable(&error))?.map(|signature| signer.line(signature));
    Ok(format!("{}\n{}", note.text(), line.unwrap_or_default()))
}
