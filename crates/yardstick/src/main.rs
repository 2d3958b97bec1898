//! Measures Rollcall: beside the floors that the hardware sets, beside itself at other sizes, and beside what others would use.
//!
//! Everything in a table is measured in one run on one machine, several times; the table shows medians with their spread, and
//! ratios. Nothing here asserts a speed.

#[cfg(feature = "peers")]
mod beside;
mod cores;
mod floor;
mod growth;
mod ledger;
mod life;
mod measure;
mod own;
mod pages;
#[cfg(feature = "peers")]
mod peers;
mod served;
mod table;

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::life::Life;

/// Acts of the largest ledger that is audited on one core as well: a million would take a minute each time.
const ONE_CORE_MAX: u64 = 100_000;

/// What goes wrong is told and ends the run.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is measured, and how often.
struct Arguments {
    events: u64,
    seed: u64,
    repeat: usize,
    folder: Option<PathBuf>,
}

fn command() -> Command {
    let number = |name: &'static str, usual: &'static str| {
        Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u64)).default_value(usual)
    };
    let seed = || number("seed", "1").help("The same seed gives the same life");
    let life = Command::new("life")
        .about("Print a community's life as lines for `rollcall rehearse`")
        .arg(number("events", "1000").help("Acts, at most"))
        .arg(seed());
    Command::new("yardstick")
        .about("Measure Rollcall beside the floors that the hardware sets and beside what others would use")
        .arg(number("events", "100000").help("Acts of the largest ledger; the smaller ones are powers of ten from 1,000 on"))
        .arg(seed())
        .arg(number("repeat", "3").help("How often each thing is measured"))
        .arg(Arg::new("folder").long("folder").value_name("DIR").value_parser(value_parser!(PathBuf)).help("Keep the ledgers here, and use those that are there already"))
        .subcommand(life)
        .args_conflicts_with_subcommands(true)
        .after_help("Examples:\n  yardstick --events 1000000\n  yardstick --events 10000 --repeat 5\n  yardstick life --events 1000 > life.jsonl; rollcall --ledger play.ledger rehearse life.jsonl")
}

fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    // A process of its own for each command that is measured: this program, as `rollcall`.
    if args.get(1).is_some_and(|arg| arg == measure::AS_ROLLCALL) {
        args.remove(1);
        return measure::as_rollcall(args);
    }
    match run(&command().get_matches_from(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> Result<()> {
    let number = |matches: &ArgMatches, name| matches.get_one::<u64>(name).copied().unwrap_or_default();
    if let Some(("life", life)) = matches.subcommand() {
        return life_lines(number(life, "events"), number(life, "seed"), &mut std::io::stdout().lock());
    }
    measure(&Arguments {
        events: number(matches, "events"),
        seed: number(matches, "seed"),
        repeat: usize::try_from(number(matches, "repeat"))?,
        folder: matches.get_one("folder").cloned(),
    })
}

fn measure(arguments: &Arguments) -> Result<()> {
    let own_folder = tempfile::tempdir()?;
    let folder = arguments.folder.clone().unwrap_or_else(|| own_folder.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let begun = std::time::Instant::now();
    println!("{}\n", measure::machine());
    let ledgers = ledger::build_all(&folder, arguments.events, arguments.seed)?;
    let Some(largest) = ledgers.last() else { return Err("no ledger to measure".into()) };
    let (table, audit) = own::table(largest, &folder, arguments.repeat)?;
    println!("{table}");
    let mut audits = BTreeMap::from([(largest.acts, audit)]);
    if let Some(ledger) = ledgers.iter().rev().find(|ledger| ledger.acts <= ONE_CORE_MAX) {
        let (table, audit) = cores::table(ledger, arguments.repeat)?;
        println!("{table}");
        audits.insert(ledger.acts, audit);
    }
    println!("{}", growth::table(&ledgers, audits, arguments.repeat)?);
    println!("{}", pages::table(largest, &folder, 1)?);
    if let Some(like) = ledgers.iter().rev().find(|ledger| ledger.acts <= 10_000) {
        println!("{}", served::table(like, &folder, arguments.repeat)?);
        #[cfg(feature = "peers")]
        println!("{}", beside::table(like, &folder, arguments.repeat)?);
    }
    println!("All of it took {}.", table::shown(begun.elapsed()));
    Ok(())
}

/// Writes a life, an act a line.
fn life_lines(events: u64, seed: u64, out: &mut impl std::io::Write) -> Result<()> {
    let mut out = std::io::BufWriter::new(out);
    let events = usize::try_from(events)?;
    for line in Life::new(seed).take(events) {
        std::io::Write::write_all(&mut out, format!("{line}\n").as_bytes())?;
    }
    Ok(std::io::Write::flush(&mut out)?)
}
