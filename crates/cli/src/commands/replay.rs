//! `replay`: what the entries make, beside what the store says that they make; and the store put right.

use std::fmt::Write;

use clap::{Arg, ArgAction, ArgMatches, Command};
use rollcall_storage::audit::differing_rows;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Batch, Projections, Rows, Store};
use serde_json::json;

use super::{advise, ledger_path};
use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::session::{self, AsOf, patiently};

pub(super) fn command() -> Command {
    Command::new("replay")
        .about("Rebuild every projection and row of the state from entry 0 and compare them with the stored ones")
        .arg(
            Arg::new("rebuild")
                .long("rebuild")
                .action(ArgAction::SetTrue)
                .help("Store what the entries make in place of what is stored; the entries stay as they are"),
        )
        .after_help("Examples:\n  rollcall --ledger L replay --json\n  rollcall --ledger L replay --rebuild")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    if args.get_flag("rebuild") {
        return rebuild(args);
    }
    let path = ledger_path(args)?;
    let store = patiently(|| RedbStore::read(path))?;
    let stated = store.projections()?;
    let mut rebuilt = Projections::default();
    let ledger = session::replayed(&store, AsOf::Now, |state| {
        if state.head().size == stated.size {
            rebuilt = Projections::of(state);
        }
    })?;
    let entries = ledger.state().head().size;
    let mut same = rebuilt.size == stated.size && !stated.is_stale(entries);
    let mut rows = Vec::new();
    let mut text = format!("replayed {entries} entries; projections were stated at {}\n", stated.size);
    for (name, digest) in ledger.state().digests() {
        let kept = stated.digests.iter().find(|(stored, _)| stored == name).map(|(_, bytes)| hex::encode(bytes));
        let then = rebuilt.digests.iter().find(|(known, _)| known == name).map(|(_, bytes)| hex::encode(bytes));
        let agrees = kept.is_some() && kept == then;
        same &= agrees;
        let word = match &kept {
            Some(_) if agrees => "same",
            Some(_) => "DIFFERS",
            None => "NOT STORED",
        };
        let _ = writeln!(text, "  {name:<11} {}  {word}", then.as_deref().unwrap_or("not rebuilt"));
        rows.push(
            json!({"projection": name, "digest": digest.to_string(), "rebuilt": then, "stored": kept, "same": agrees}),
        );
    }
    let state = ledger.state().digest().to_string();
    let _ = writeln!(text, "  {:<11} {state}", "state");
    let differing = differing_rows(&store, ledger.state())?;
    let word = match &differing {
        Some(none) if none.is_empty() => "same".to_owned(),
        Some(_) => format!("DIFFER: {}", advise(args, "replay --rebuild")),
        None => "not of this head: the next act writes them".to_owned(),
    };
    let _ = writeln!(text, "  {:<11} {word}", "rows");
    same &= differing.as_ref().is_none_or(Vec::is_empty);
    let differing = differing.map(|rows| {
        rows.iter().map(|(shelf, key)| json!({"shelf": shelf, "key": hex::encode(key)})).collect::<Vec<_>>()
    });
    let json = json!({"entries": entries, "stated_at": stated.size, "same": same, "state": state, "projections": rows, "differing_rows": differing});
    Ok(Answer { json, text, exit: if same { Exit::Done } else { Exit::Invalid } })
}

/// Writes what the entries make, each of which is judged again, in one transaction.
fn rebuild(args: &ArgMatches) -> Result<Answer, Failure> {
    let path = ledger_path(args)?;
    let mut store = session::writable(path)?;
    let ledger = session::replayed(&store, AsOf::Now, |_| ())?;
    let head = ledger.state().head();
    let rows = ledger.state().rows();
    let written = rows.len();
    let projections = Some(Projections::of(ledger.state()).digests);
    store.append(&head, &head, &Batch { projections, rows: Rows::Anew(rows), ..Batch::default() })?;
    let json = json!({"outcome": "rebuilt", "entries": head.size, "rows": written});
    Ok(Answer::new(json, format!("rebuilt {written} rows and every projection from {} entries\n", head.size)))
}
