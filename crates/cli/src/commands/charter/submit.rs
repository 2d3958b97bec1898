//! `charter submit`: brings the text of an amended charter into the log, in parts, so that a motion can name it.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::act::{Act, CharterPart};
use rollcall_core::charter::Charter;
use rollcall_core::field::CharterText;
use rollcall_core::ledger::parts;
use rollcall_core::limits::CHARTER_BYTES_MAX;
use rollcall_core::time::Timestamp;
use serde_json::json;

use crate::answer::Answer;
use crate::commands::act::signer;
use crate::commands::ledger_path;
use crate::failure::Failure;
use crate::input;
use crate::session::Session;

pub(super) fn command() -> Command {
    Command::new("submit")
        .about("Bring the text of an amended charter into the log, for a motion to name its digest")
        .arg(Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("The text"))
        .arg(Arg::new("accept-at").long("at").value_name("TIME").help("In a rehearsal: when it is accepted (RFC 3339)"))
        .after_help("Example:\n  rollcall --ledger L charter submit new.toml")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which text?"))?;
    let text = input::read_text(path, CHARTER_BYTES_MAX)?;
    let charter = Charter::compile(&text).map_err(|error| {
        Failure::input("the text is not a charter").caused_by(&error).hint("rollcall charter check FILE")
    })?;
    let declared: Option<Timestamp> = crate::commands::parsed(args, "accept-at")?;
    let mut session = Session::write(ledger_path(args)?)?;
    let at = session.accepting_at(declared)?;
    let (by, key) = signer(args, &session.reading())?;
    let digest = charter.digest();
    let base = session.charter()?.digest();
    let there = session.state().draft(&digest).any(|(_, parts)| Charter::digest_of(&parts.concat()) == digest);
    let effect = format!("amend charter_digest={digest} base={base}");
    let json = json!({"outcome": "accepted", "charter_digest": digest.to_string(), "base": base.to_string(), "effect": effect});
    if there {
        return Ok(Answer::new(
            json,
            format!("the whole text is in the log already, digest {digest}\nmove it with: --effect '{effect}'\n"),
        ));
    }
    for (part, text) in (0_u64..).zip(parts(&text)) {
        let text =
            CharterText::new(text).map_err(|error| Failure::input("the text cannot be carried").caused_by(&error))?;
        let act = Act::CharterPart(CharterPart { draft: Some(digest), part, text });
        let event = session.sign(&by, &key, act, at)?;
        session.admit(event, at)??;
    }
    session.flush()?;
    Ok(Answer::new(
        json,
        format!(
            "the text is in the log, digest {digest}\nname the digest in the notice, then move it with: --effect '{effect}'\n"
        ),
    ))
}
