//! `account`: forge accounts, their statements, and who lacks one.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::field::Text;
use rollcall_core::name::{Handle, Name};
use rollcall_core::state::accounts::AccountId;
use serde_json::{Value, json};

use super::{act, advise, reading};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::statement::Statement;
use crate::{input, keys};

pub(super) fn command() -> Command {
    let forge = |required| {
        Arg::new("forge")
            .long("forge")
            .value_name("NAME")
            .required(required)
            .help("Forge: gitee, github, gitcode, gitlab, …")
    };
    Command::new("account")
        .about("Bind forge accounts to persons by two-way proof, and list them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help("A binding in three steps:\n  rollcall --ledger L --key K account statement --forge gitee --account 1234 --login alice > statement.txt\n  (show it on the forge under that account: a gist, a profile page, a repository)\n  rollcall --ledger L --key K claim-account --forge gitee --account 1234 --login alice --page URL\nThen somebody whom the charter trusts to look:\n  rollcall --ledger L account check FETCHED.txt\n  rollcall --ledger L --key K2 verify-account --event CLAIM")
        .subcommand(
            Command::new("statement")
                .about("Print the statement that the account shows, signed with --key where one is named")
                .arg(forge(true))
                .arg(Arg::new("account").long("account").value_name("N").required(true).value_parser(value_parser!(u64)).help("The account's number, which the forge never changes"))
                .arg(Arg::new("login").long("login").value_name("TEXT").required(true).help("The login that the forge shows now"))
                .after_help("Examples:\n  rollcall --ledger L --key ~/.ssh/id_ed25519 account statement --forge gitee --account 1234 --login alice\n  rollcall --ledger L --by alice account statement --forge gitee --account 1234 --login alice > s.txt; ssh-keygen -Y sign -n rollcall-account-v1 -f KEY s.txt; cat s.txt s.txt.sig"),
        )
        .subcommand(
            Command::new("check")
                .about("Verify a statement that somebody has fetched from a forge; asks nobody")
                .arg(Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("The page or text"))
                .after_help("Example:\n  rollcall --ledger L account check page.html\n\nWithout a ledger only the signature is verified."),
        )
        .subcommand(
            Command::new("list")
                .about("List accounts by person, or who still lacks one on a forge")
                .arg(forge(false))
                .arg(Arg::new("missing").long("missing").action(ArgAction::SetTrue).requires("forge").help("Only holders of a role without an account on the forge"))
                .after_help("Examples:\n  rollcall --ledger L account list\n  rollcall --ledger L account list --forge gitee --missing"),
        )
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    match args.subcommand() {
        Some(("statement", args)) => statement(args),
        Some(("check", args)) => check(args),
        Some(("list", args)) => list(args),
        Some(_) | None => Err(Failure::usage("account statement, account check or account list?")),
    }
}

fn statement(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let state = session.state();
    let ledger = state.founding().map(|founding| founding.ledger);
    let ledger = ledger.ok_or_else(|| Failure::usage("the ledger is not founded"))?;
    let with_key = args.get_one::<PathBuf>("key").is_some();
    let (person, signer) = if with_key {
        let (person, signer) = act::signer(args, &session.reading())?;
        (person, Some(signer))
    } else {
        let person = super::handle(args, "by")?;
        (
            person
                .ok_or_else(|| Failure::usage("whose account? name them with `--by HANDLE`, or a key with `--key`"))?,
            None,
        )
    };
    let forge = super::parsed::<Name>(args, "forge")?.ok_or_else(|| Failure::usage("which forge?"))?;
    let number = args.get_one::<u64>("account").copied().unwrap_or_default();
    let login = args.get_one::<String>("login").cloned().unwrap_or_default();
    let statement = Statement { ledger, person, forge, number, login };
    let text = match &signer {
        Some(signer) => statement.signed(signer)?,
        None => statement.text(),
    };
    Ok(Answer::new(json!({"statement": text, "signed": signer.is_some()}), text))
}

fn check(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = args.get_one::<PathBuf>("file").ok_or_else(|| Failure::usage("which file?"))?;
    let page = input::read_text(path, input::SMALL_BYTES_MAX)?;
    let (statement, key) = Statement::find(&page).map_err(|failure| failure.at(&path.display().to_string()))?;
    let mut faults: Vec<String> = Vec::new();
    let known = args.get_one::<PathBuf>("ledger").is_some();
    let mut claim = None;
    if known {
        let session = reading(args)?;
        let state = session.state();
        if state.founding().map(|founding| founding.ledger) != Some(statement.ledger) {
            faults.push("the statement is about another ledger".to_owned());
        }
        if state.keys().active(&statement.person, &key).is_none() {
            faults.push(format!("the key {} is not a good one of `{}`", keys::fingerprint(&key), statement.person));
        }
        let same = state
            .accounts()
            .claims()
            .filter(|(_, claim)| claim.account == statement.account() && claim.cause.by == statement.person);
        let newest = same.max_by_key(|(_, claim)| claim.cause.entry);
        claim = newest.map(|(event, _)| event.to_string());
        match newest {
            None => faults.push(format!("`{}` has not claimed the account {}", statement.person, statement.account())),
            Some((_, claim)) if claim.login.as_str() != statement.login => {
                faults.push(format!(
                    "the claim says the login `{}`, the statement: `{}`",
                    claim.login.as_str(),
                    statement.login
                ));
            }
            Some(_) => {}
        }
    }
    if !faults.is_empty() {
        return Err(Failure::input(faults.join("; ")).at(&path.display().to_string()));
    }
    let Statement { ledger, person, forge, number, login } = statement;
    let json = json!({
        "ledger": ledger.to_string(), "person": person, "forge": forge, "account": number, "login": login,
        "fingerprint": keys::fingerprint(&key), "claim": claim, "checked_against_ledger": known,
    });
    let mut text =
        format!("{person} says: {forge} account {number}, login {login}\n  signed with {}\n", keys::fingerprint(&key));
    match claim {
        Some(claim) => {
            let confirm = advise(args, &format!("verify-account --event {claim}"));
            text.push_str(&format!("  the ledger agrees; confirm it: {confirm}\n"));
        }
        None => text
            .push_str("  the signature verifies; whose key it is was not looked at: name the ledger with --ledger\n"),
    }
    Ok(Answer::new(json, text))
}

fn list(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let state = session.state();
    let forge = super::parsed::<Name>(args, "forge")?.map(|forge| AccountId::new(&forge, 0).forge);
    if args.get_flag("missing") {
        let at = session.asking_at()?;
        let has =
            |person: &Handle| state.accounts().of(person).any(|(account, _)| Some(&account.forge) == forge.as_ref());
        let held = state.roster().tenures().filter(|(_, _, _, tenures)| tenures.iter().any(|tenure| tenure.holds(at)));
        let people: std::collections::BTreeSet<&Handle> = held.map(|(_, _, person, _)| person).collect();
        let missing: Vec<_> =
            people.into_iter().filter(|person| state.people().organisation(person).is_none() && !has(person)).collect();
        let text = missing.iter().flat_map(|person| [person.as_str(), "\n"]).collect();
        return Ok(Answer::new(json!(missing), text));
    }
    let mut rows = Vec::new();
    let mut text = String::new();
    for (account, binding) in
        state.accounts().iter().filter(|(account, _)| forge.as_ref().is_none_or(|f| account.forge == *f))
    {
        let login = binding.login.as_ref().map(Text::as_str);
        let shown = login.unwrap_or("(its login has gone to another account)");
        text.push_str(&format!(
            "{:<24} {:<10} {:<10} {shown}\n",
            binding.person.as_str(),
            account.forge,
            account.number
        ));
        rows.push(json!({"person": binding.person, "forge": account.forge, "account": account.number, "login": login, "since": binding.bound.at.to_string()}));
    }
    let open = state.accounts().claims().filter(|(_, claim)| {
        claim.verified.is_none() && forge.as_ref().is_none_or(|forge| claim.account.forge == *forge)
    });
    for (event, claim) in open {
        let (person, account, login) = (&claim.cause.by, &claim.account, claim.login.as_str());
        text.push_str(&format!(
            "{:<24} {:<10} {:<10} {login}  (claimed, not confirmed: {event})\n",
            person.as_str(),
            account.forge,
            account.number
        ));
        rows.push(json!({"person": person, "forge": account.forge, "account": account.number, "login": login, "claim": event.to_string(), "confirmed": false}));
    }
    Ok(Answer::new(Value::Array(rows), text))
}
