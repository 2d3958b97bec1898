//! `init`: founds a ledger in one transaction.

use clap::{Arg, ArgAction, ArgMatches, Command};
use rollcall_core::act::Clock;
use rollcall_core::charter::Charter;
use rollcall_core::key::PublicKey;
use rollcall_core::ledger::{FoundingPlan, founding_payloads, rehearsal_founding};
use rollcall_core::name::Handle;
use rollcall_core::time::Timestamp;
use serde_json::json;

use super::{advise, ledger_path};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::keys;
use crate::rehearsal::charter_text;
use crate::session::{self, Session, log_key_path};
use crate::signer::Signer;

const AFTER: &str = "\
Examples:
  rollcall --ledger L init --charter steward --rehearsal --name openEuler
  rollcall --ledger L init --charter greatsql --name GreatSQL --key ~/.ssh/id_ed25519 \\
    --authority alice=~/.ssh/id_ed25519.pub --authority bob=bob.pub --authority carol=carol.pub --threshold 2

  rollcall --ledger L init --charter greatsql --rehearsal --name GreatSQL --authority root --import people.jsonl

The founder confirms at once; the others confirm with `rollcall confirm`. Nothing else is admitted until enough have.";

pub(super) fn command() -> Command {
    Command::new("init")
        .about("Found a ledger under a charter")
        .after_help(AFTER)
        .arg(
            Arg::new("charter")
                .long("charter")
                .value_name("NAME|FILE")
                .default_value("greatsql")
                .help("A charter that ships with Rollcall, or a file"),
        )
        .arg(Arg::new("name").long("name").value_name("TEXT").required(true).help("The community's name"))
        .arg(
            Arg::new("authority")
                .long("authority")
                .value_name("HANDLE[=PUBKEY]")
                .action(ArgAction::Append)
                .help("A person of the appointing authority; the first one founds. Repeat for more"),
        )
        .arg(
            Arg::new("threshold")
                .long("threshold")
                .value_name("N")
                .default_value("1")
                .value_parser(clap::value_parser!(u64))
                .help("How many of them make an act of the authority"),
        )
        .arg(
            Arg::new("rehearsal")
                .long("rehearsal")
                .action(ArgAction::SetTrue)
                .help("Found a rehearsal: time is declared and everybody signs with test keys"),
        )
        .arg(
            Arg::new("accept-at")
                .long("at")
                .value_name("TIME")
                .help("In a rehearsal: when it is founded, by default 1970-01-01T00:00:00Z"),
        )
        .arg(
            Arg::new("origin")
                .long("origin")
                .value_name("TEXT")
                .help("Origin line of the log's heads, by default made from the name"),
        )
        .arg(
            Arg::new("import")
                .long("import")
                .value_name("FILE")
                .action(ArgAction::Append)
                .value_parser(clap::value_parser!(std::path::PathBuf))
                .help(
                    "Import role changes of the past at once: holders are asserted until they claim. Repeat for more",
                ),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = ledger_path(args)?;
    let text = |name: &str| args.get_one::<String>(name).map_or("", String::as_str);
    let charter = charter_text(text("charter"))?;
    Charter::compile(&charter).map_err(|error| Failure::input("the charter cannot be used").caused_by(&error))?;
    let threshold = args.get_one::<u64>("threshold").copied().unwrap_or(1);
    let authority: Vec<&String> = args.get_many("authority").map(Iterator::collect).unwrap_or_default();
    let cannot = |error| Failure::input("the ledger cannot be founded").caused_by(&error);
    if text("name").trim().is_empty() {
        return Err(Failure::usage("a community has a name: --name TEXT"));
    }
    if path.exists() {
        return Err(Failure::usage(format!("a file is there already: {}", path.display())));
    }
    if args.get_flag("rehearsal") && args.get_one::<String>("origin").is_some() {
        return Err(Failure::usage("a rehearsal has the origin that every rehearsal has; leave --origin out"));
    }
    let (events, at, signer) = if args.get_flag("rehearsal") {
        let at: Timestamp = super::parsed(args, "accept-at")?.unwrap_or_default();
        let persons = if authority.is_empty() {
            vec!["authority".parse()]
        } else {
            authority.iter().map(|name| name.parse()).collect()
        };
        let persons: Vec<Handle> = persons
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::usage(format!("`authority`: {error}")))?;
        let founder = persons.first().map(Signer::rehearsal).transpose()?;
        let founder = founder.ok_or_else(|| Failure::usage("name the appointing authority: --authority HANDLE"))?;
        (rehearsal_founding(text("name"), &persons, threshold, &charter, at).map_err(cannot)?, at, founder)
    } else {
        let plan = WallPlan::read(args, &authority)?;
        let log_key = keys::draw()?;
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).map_err(|error| Failure::io("the system gave no randomness", &error))?;
        let origin = args.get_one::<String>("origin").cloned().unwrap_or_else(|| default_origin(text("name"), &nonce));
        let founding = FoundingPlan {
            name: text("name"),
            authority: &plan.authority,
            threshold,
            charter: &charter,
            log_key: log_key.public.clone(),
            origin: &origin,
            clock: Clock::Wall,
            nonce,
        };
        let at = session::now()?;
        let payloads = founding_payloads(&founding, at).map_err(cannot)?;
        let events = payloads.into_iter().map(|payload| plan.founder.event(payload)).collect::<Result<Vec<_>, _>>()?;
        session::judge_founding(&events, at)?;
        keys::write(&log_key, &log_key_path(path), "rollcall log key", None)?;
        (events, at, plan.founder)
    };
    let files: Vec<&std::path::PathBuf> = args.get_many("import").map(Iterator::collect).unwrap_or_default();
    if !files.is_empty() && 1 < threshold {
        let what = "an import at the founding needs an authority of threshold 1; import once enough have confirmed";
        return Err(Failure::usage(what).hint("rollcall import --help"));
    }
    let lines = super::import::read(files.iter().copied())?;
    let mut session = Session::found(path, events, at)?;
    let mut answer = founded(args, &session);
    if files.is_empty() {
        return Ok(answer);
    }
    let by = session.state().authority().persons.first().cloned();
    let by = by.ok_or_else(|| Failure::bug("a ledger without an authority"))?;
    match super::import::add(&mut session, lines, (&by, &signer), at, false) {
        Ok(imported) => {
            answer.text.push_str(&imported.text);
            if let Some(object) = answer.json.as_object_mut() {
                object.insert("import".to_owned(), imported.json);
            }
            Ok(answer)
        }
        Err(failure) => {
            // A founding that its import does not fit was asked for as one thing: nothing stays of it.
            drop(session);
            let _ = std::fs::remove_file(path);
            if !args.get_flag("rehearsal") {
                let _ = std::fs::remove_file(log_key_path(path));
            }
            Err(failure)
        }
    }
}

/// Who founds a ledger on a real clock.
struct WallPlan {
    authority: Vec<(Handle, PublicKey)>,
    founder: Signer,
}

impl WallPlan {
    fn read(args: &ArgMatches, authority: &[&String]) -> Result<Self, Failure> {
        let path = args.get_one::<std::path::PathBuf>("key");
        let path = path.ok_or_else(|| {
            Failure::usage("which key founds? name it with `--key FILE`, or rehearse with `--rehearsal`")
                .hint("rollcall key new --help")
        })?;
        let loaded = Signer::open(path, &super::passphrase(args), &|_| true)?;
        if args.get_one::<String>("accept-at").is_some() {
            return Err(Failure::usage("`--at` is for rehearsals; this ledger takes its time from the clock"));
        }
        let mut persons = Vec::new();
        for (index, person) in authority.iter().enumerate() {
            let (name, key) = match person.split_once('=') {
                Some((name, key)) => (name, keys::public(key)?),
                None if index == 0 => (person.as_str(), loaded.public().clone()),
                None => return Err(Failure::usage(format!("give the public key: --authority {person}=FILE.pub"))),
            };
            let handle = name.parse().map_err(|error| Failure::usage(format!("`authority`: {error}")))?;
            persons.push((handle, key));
        }
        match persons.first() {
            Some((_, key)) if key == loaded.public() => Ok(Self { authority: persons, founder: loaded }),
            Some((name, _)) => {
                Err(Failure::usage(format!("the key does not belong to `{name}`, who is named first and so founds")))
            }
            None => {
                Err(Failure::usage("name the appointing authority: --authority HANDLE[=FILE.pub], first the founder"))
            }
        }
    }
}

fn default_origin(name: &str, nonce: &[u8; 32]) -> String {
    let slug: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let slug = slug.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let slug = if slug.is_empty() { "ledger" } else { &slug };
    format!("{slug}.rollcall.invalid/{}", hex::encode(nonce).chars().take(16).collect::<String>())
}

fn founded(args: &ArgMatches, session: &Session) -> Answer {
    let state = session.state();
    let Some(founding) = state.founding() else {
        return Answer::new(json!({}), String::new());
    };
    let confirmed = u64::try_from(founding.confirmed.len()).unwrap_or(u64::MAX);
    let missing = state.authority().threshold.saturating_sub(confirmed);
    let json = json!({
        "outcome": "founded",
        "ledger": founding.ledger.to_string(),
        "size": state.head().size,
        "root": state.head().root.to_string(),
        "charter": founding.charter,
        "charter_digest": founding.charter_digest.to_string(),
        "clock": founding.clock,
        "confirmations_missing": missing,
    });
    let mut text = format!(
        "founded the ledger {}\n  under the charter `{}`, digest {}\n",
        founding.ledger, founding.charter, founding.charter_digest
    );
    text.push_str("  write the ledger id down: it is all that an auditor needs to trust\n");
    if missing > 0 {
        text.push_str(&format!(
            "  waits for {missing} more of the authority: {}\n",
            advise(args, "confirm --key FILE")
        ));
    }
    Answer::new(json, text)
}
