//! Measures Rollcall: beside the floors that the hardware sets, beside itself at other sizes, and beside what others would use.
//!
//! Everything in a table is measured in one run on one machine, several times; the table shows medians with their spread, and
//! ratios. Nothing here asserts a speed.

mod floor;
mod growth;
mod ledger;
mod life;
mod measure;
mod own;
mod table;

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::life::Life;

/// What goes wrong is told and ends the run.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measure Rollcall beside the floors that the hardware sets and beside what others would use
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  yardstick --events 1000000\n  yardstick --events 10000 --repeat 3\n  yardstick life --events 1000 > life.jsonl; rollcall --ledger play.ledger rehearse life.jsonl")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Other>,
    /// Acts of the largest ledger; the smaller ones are its powers of ten
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Seed of the life that is measured
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often each thing is measured
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Keep the ledgers in this folder, and use those that are there already
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Print a community's life as lines for `rollcall rehearse`
    Life {
        /// Acts, at most
        #[arg(long, default_value_t = 1_000)]
        events: u64,
        /// The same seed gives the same life
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    // A process of its own for each command that is measured: this program, as `rollcall`.
    if args.get(1).is_some_and(|arg| arg == measure::AS_ROLLCALL) {
        args.remove(1);
        return measure::as_rollcall(args);
    }
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if let Some(Other::Life { events, seed }) = &arguments.command {
        return life_lines(*events, *seed, &mut std::io::stdout().lock());
    }
    let own_folder = tempfile::tempdir()?;
    let folder = arguments.folder.clone().unwrap_or_else(|| own_folder.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    println!("{}\n", measure::machine());
    let ledgers = ledger::build_all(&folder, arguments.events, arguments.seed)?;
    let Some(largest) = ledgers.last() else { return Err("no ledger to measure".into()) };
    println!("{}", own::table(largest, &folder, arguments.repeat)?);
    println!("{}", growth::table(&ledgers, arguments.repeat)?);
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
