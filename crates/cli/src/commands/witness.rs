//! `witness`: be one (C2SP tlog-witness), and hand out what it has found.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::cosignature::witness_signer;
use rollcall_core::key::SigningKey;
use rollcall_core::note::is_name;
use rollcall_server::submissions::{self, Submissions};
use rollcall_server::witness::{Witness, WitnessError, serve};
use serde_json::json;

use super::publish::policy;
use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::{keys, terminal};

pub(super) fn command() -> Command {
    let name = || {
        Arg::new("name")
            .long("name")
            .value_name("NAME")
            .required(true)
            .help("The witness's name, as in `w1.example.org/rollcall`")
    };
    let store = || {
        Arg::new("store")
            .long("store")
            .value_name("DIR")
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help("Folder of what the witness has cosigned; never restore an older copy of it")
    };
    Command::new("witness")
        .about("Cosign the heads of logs that never change their past (C2SP tlog-witness)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("Example:\n  rollcall key new witness.key --no-passphrase\n  rollcall --key witness.key witness key --name w1.example.org/rollcall\n  rollcall --key witness.key witness serve --name w1.example.org/rollcall --policy logs.policy --store seen/")
        .subcommand(
            Command::new("serve")
                .about("Answer requests until interrupted")
                .arg(name())
                .arg(Arg::new("policy").long("policy").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("The logs to cosign: `log VKEY [URL]` lines, and `quorum none`"))
                .arg(store())
                .arg(super::listen_arg("127.0.0.1:7380"))
                .arg(Arg::new("submissions").long("submissions").action(ArgAction::SetTrue).help("Take signed acts and note when they came (POST /submissions), under a second key that `witness key` prints"))
                .arg(Arg::new("semantic").long("semantic").action(ArgAction::SetTrue).help("Replay every event under the charter before cosigning; use a key of its own for this statement"))
                .after_help("Example:\n  rollcall --key witness.key witness serve --name w1.example.org/rollcall --policy logs.policy --store seen/ --listen 0.0.0.0:7380\n\nPOST /add-checkpoint takes requests; GET /HASH-OF-ORIGIN/checkpoint shows the last head cosigned. With --submissions, POST /submissions takes signed acts, and GET /submissions/EVENT shows when one came. Put TLS in front of it."),
        )
        .subcommand(
            Command::new("key")
                .about("Print the verifier key of a witness, for the policies of others")
                .arg(name())
                .after_help("Example:\n  rollcall --key witness.key witness key --name w1.example.org/rollcall"),
        )
        .subcommand(
            Command::new("evidence")
                .about("List what the witness keeps against logs that have signed two histories")
                .arg(store())
                .after_help("Example:\n  rollcall witness evidence --store seen/\n\nExit code 3: there is some."),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    match args.subcommand() {
        Some(("serve", args)) => serve_until_interrupted(args),
        Some(("key", args)) => key_line(args),
        Some(("evidence", args)) => evidence(args),
        Some(_) | None => Err(Failure::usage("witness serve, key or evidence?")),
    }
}

/// The witness's name and key.
fn identity(args: &ArgMatches) -> Result<(String, SigningKey), Failure> {
    let name = args.get_one::<String>("name").cloned().unwrap_or_default();
    if !is_name(&name) {
        return Err(Failure::usage(format!("a witness's name has no spaces and no `+`, got: {name}")));
    }
    let path = args.get_one::<PathBuf>("key");
    let path = path.ok_or_else(|| {
        Failure::usage("which key? name an unencrypted one with `--key FILE`")
            .hint("rollcall key new witness.key --no-passphrase")
    })?;
    Ok((name, SigningKey::from_seed(&keys::plain_seed(path)?)))
}

fn key_line(args: &ArgMatches) -> Result<Answer, Failure> {
    let (name, key) = identity(args)?;
    let public = key.public().map_err(|error| Failure::input("the key is not admissible").caused_by(&error))?;
    let line = witness_signer(&name, &public).to_string();
    let inadmissible = |error| Failure::input("the key is not admissible").caused_by(&error);
    let submissions = submissions::signer(&name, &key).map_err(inadmissible)?.to_string();
    let text = format!("{line}\n  for submissions: {submissions}\n");
    Ok(Answer::new(json!({"name": name, "vkey": line, "submissions_vkey": submissions}), text))
}

fn serve_until_interrupted(args: &ArgMatches) -> Result<Answer, Failure> {
    let (name, key) = identity(args)?;
    let path = |name: &str| args.get_one::<PathBuf>(name).ok_or_else(|| Failure::usage(format!("which {name}?")));
    let policy = policy(path("policy")?)?;
    if policy.logs().is_empty() {
        return Err(Failure::input("the policy names no log to cosign").hint("rollcall log-key show"));
    }
    let semantic = args.get_flag("semantic");
    let takes = args.get_flag("submissions");
    let folder = path("store")?;
    let submissions = takes.then(|| Submissions::new(&name, &key, &folder.join("submissions")));
    let submissions = submissions.transpose().map_err(|error| Failure::io("no submissions can be kept", &error))?;
    let submission_key = submissions::signer(&name, &key);
    let witness = Witness::new(&name, key, &policy, folder, semantic)?;
    let (listener, bound) = super::listener(args)?;
    let line = witness.signer().map_err(|error| Failure::input("the key is not admissible").caused_by(&error))?;
    let statement = if semantic { "lawful states only" } else { "append-only heads" };
    terminal::talk(&format!("witness {line}\ncosigns {statement} of {} logs at http://{bound}\n", policy.logs().len()));
    if let (true, Ok(signer)) = (takes, submission_key) {
        terminal::talk(&format!("notes submissions as {signer}\n"));
    }
    serve(witness, submissions, listener).map_err(|error| Failure::io("no connections can be taken", &error))?;
    Ok(Answer::new(json!({"outcome": "ended"}), "ended\n".to_owned()))
}

fn evidence(args: &ArgMatches) -> Result<Answer, Failure> {
    let folder = args.get_one::<PathBuf>("store").ok_or_else(|| Failure::usage("which store?"))?;
    let found = Witness::evidence(folder)?;
    let mut text: String = found.iter().flat_map(|path| [path.display().to_string(), "\n".to_owned()]).collect();
    if found.is_empty() {
        "none\n".clone_into(&mut text);
    }
    let exit = if found.is_empty() { Exit::Done } else { Exit::Invalid };
    Ok(Answer {
        json: json!({"evidence": found.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>()}),
        text,
        exit,
    })
}

impl From<WitnessError> for Failure {
    fn from(error: WitnessError) -> Self {
        Self::unchecked("the witness cannot work").caused_by(&error)
    }
}
