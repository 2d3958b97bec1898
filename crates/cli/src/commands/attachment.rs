//! `attachment` and `erase`: what stands beside the log and can go: profiles, evidence, documents.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::act::{Act, Erase};
use rollcall_core::digest::Digest;
use rollcall_core::field::Text;
use rollcall_core::name::Handle;
use rollcall_core::time::Timestamp;
use serde_json::{Value, json};

use super::{act, advise, ledger_path, reading};
use crate::answer::{Answer, Exit};
use crate::attachments::{self, BYTES_MAX, Found};
use crate::failure::Failure;
use crate::input;
use crate::session::Session;

pub(super) fn command() -> Command {
    let digest = || Arg::new("digest").value_name("DIGEST").required(true).help("The attachment's digest");
    Command::new("attachment")
        .about("Keep documents and personal data beside the log, named in it by a salted digest")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("Examples:\n  rollcall --ledger L attachment add report.pdf\n  rollcall --ledger L attachment add profile.txt --json   # then: rollcall profile --digest DIGEST\n  rollcall --ledger L erase DIGEST --reason \"asked for\"")
        .subcommand(
            Command::new("add")
                .about("Keep a file and print the digest by which acts name it")
                .arg(Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("The file"))
                .after_help("Example:\n  rollcall --ledger L attachment add report.pdf"),
        )
        .subcommand(
            Command::new("show")
                .about("Print an attachment's content, after checking that it is the one that the digest names")
                .arg(digest())
                .after_help("Example:\n  rollcall --ledger L attachment show DIGEST > report.pdf"),
        )
        .subcommand(
            Command::new("list")
                .about("List the attachments that the log names, and what has become of each")
                .after_help("Example:\n  rollcall --ledger L attachment list"),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    match args.subcommand() {
        Some(("add", args)) => add(args),
        Some(("show", args)) => show(args),
        Some(("list", args)) => list(args),
        Some(_) | None => Err(Failure::usage("attachment add, attachment show or attachment list?")),
    }
}

fn add(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))?;
    let ledger = ledger_path(args)?;
    let _ = reading(args)?;
    let digest = attachments::add(ledger, &input::read(path, BYTES_MAX)?)?;
    let text =
        format!("{digest}\n  kept in {}; name it in an act with --digest\n", attachments::folder(ledger).display());
    Ok(Answer::new(json!({"digest": digest.to_string()}), text))
}

fn digest(args: &ArgMatches) -> Result<Digest, Failure> {
    super::parsed(args, "digest")?.ok_or_else(|| Failure::usage("which attachment?"))
}

fn show(args: &ArgMatches) -> Result<Answer, Failure> {
    let (session, digest) = (reading(args)?, digest(args)?);
    let erased = session.state().attachments().get(&digest).and_then(|known| known.erased.as_ref());
    match attachments::read(ledger_path(args)?, &digest)? {
        Found::Content(content) => {
            let text = String::from_utf8_lossy(&content).into_owned();
            Ok(Answer::new(json!({"digest": digest.to_string(), "content": text}), text))
        }
        Found::Altered => Err(Failure::unchecked(format!("the file is not the one that its digest names: {digest}"))),
        Found::Absent => Err(match erased {
            Some(cause) => Failure::unchecked(format!("the attachment was erased at {}, by {}", cause.at, cause.by)),
            None => Failure::unchecked(format!("no attachment of this digest is here: {digest}")),
        }),
    }
}

fn list(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let mut rows = attachments::survey(ledger_path(args)?, session.state())?;
    rows.extend(
        attachments::unnamed(ledger_path(args)?, session.state())?
            .into_iter()
            .map(|digest| (digest, "named by no event")),
    );
    let text = rows.iter().flat_map(|(digest, word)| [digest.to_string(), format!("  {word}\n")]).collect();
    let json: Value = rows.iter().map(|(digest, word)| json!({"digest": digest.to_string(), "is": word})).collect();
    Ok(Answer::new(json, text))
}

pub(super) fn erase_command() -> Command {
    Command::new("erase")
        .about("Record that an attachment is erased, and remove its file")
        .arg(Arg::new("digest").value_name("DIGEST").required(true).help("The attachment's digest"))
        .arg(Arg::new("reason").long("reason").value_name("TEXT").required(true).help("Why"))
        .arg(Arg::new("accept-at").long("at").value_name("TIME").help("In a rehearsal: when the act is accepted (RFC 3339)"))
        .after_help("Example:\n  rollcall --ledger L erase DIGEST --reason \"asked for under data protection law\"\n\nThe digest stays in the log and every proof with it. Copies that others made are beyond any ledger.")
}

pub(super) fn erase(args: &ArgMatches) -> Result<Answer, Failure> {
    let ledger = ledger_path(args)?;
    let digest = digest(args)?;
    let reason = args.get_one::<String>("reason").map_or("", String::as_str);
    let reason = Text::new(reason).map_err(|fault| Failure::usage(format!("`reason` {fault}")))?;
    let mut session = Session::write(ledger)?;
    let known = session.state().attachments().get(&digest);
    let recorded = known.is_some_and(|known| known.erased.is_some());
    // A file that no event names is nobody's evidence: it goes without a record.
    let named = known.is_some();
    let mut event = None;
    if named && !recorded {
        let declared: Option<Timestamp> = super::parsed(args, "accept-at")?;
        let at = session.accepting_at(declared)?;
        let (by, key): (Handle, _) = act::signer(args, &session.reading())?;
        let signed = session.sign(&by, &key, Act::Erase(Erase { digest, reason }), at)?;
        event = Some(signed.id().to_string());
        session.admit(signed, at)??;
        session.flush()?;
    }
    let stands = session.state().attachments().get(&digest).is_none_or(|known| known.erased.is_some());
    if !stands {
        let event = event.unwrap_or_default();
        let endorse = advise(args, &format!("endorse --event {event}"));
        let text = format!("proposed: it is erased once the authority's threshold has signed\n  {endorse}\n");
        return Ok(Answer::new(json!({"outcome": "proposed", "digest": digest.to_string(), "event": event}), text));
    }
    // Recorded first: whoever is interrupted here erases again, and the log has said so already.
    let removed = attachments::remove(ledger, &digest)?;
    let gone = if removed { "its file is removed" } else { "no file of it was here" };
    let told = match (named, recorded) {
        (false, _) => "; no event names it",
        (true, true) => "; the log had recorded it",
        (true, false) => "",
    };
    let text = format!("erased {digest}: {gone}{told}\n");
    let json = json!({"outcome": "erased", "digest": digest.to_string(), "event": event, "removed": removed});
    Ok(Answer { json, text, exit: Exit::Done })
}
