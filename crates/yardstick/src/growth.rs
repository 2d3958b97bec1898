//! How cost grows with the log: the same commands on ledgers of several sizes.

use std::collections::BTreeMap;

use crate::Result;
use crate::ledger::Measured;
use crate::measure::{Cores, Times, progress, rollcall};
use crate::own::{self, Holder, Process, asked, holder, middle, process};
use crate::table::{Table, mebibytes, median, shown};

/// How often a question is asked, at least.
const QUESTIONS: usize = 5;

/// Time and memory of each command by size; some ledgers' audits have been measured before, by their number of acts.
///
/// # Errors
/// When something cannot be measured.
pub fn table(ledgers: &[Measured], mut audits: BTreeMap<u64, Process>, repeat: usize) -> Result<Table> {
    let sizes: Vec<String> = ledgers.iter().map(|ledger| format!("{} entries", ledger.entries)).collect();
    let head: Vec<&str> = std::iter::once("cold process").chain(sizes.iter().map(String::as_str)).collect();
    let mut table = Table::new("growth: median time, most memory", &head);
    let built = ledgers.iter().map(|ledger| {
        let per_act = |(time, peak): (std::time::Duration, u64)| {
            let acts = u32::try_from(ledger.acts).unwrap_or(u32::MAX);
            format!("{} an act, {}", shown(time / acts.max(1)), mebibytes(peak))
        };
        ledger.built.map_or_else(|| "built before".to_owned(), per_act)
    });
    table.row(std::iter::once("rehearse".to_owned()).chain(built).collect());
    let file = ledgers.iter().map(|ledger| Ok(format!("{} bytes an entry", ledger.bytes()? / ledger.entries.max(1))));
    let file = file.collect::<Result<Vec<_>>>()?;
    table.row(std::iter::once("file".to_owned()).chain(file).collect());

    let version = [("--version, the floor", vec!["--version"])];
    let mut columns = Vec::new();
    for ledger in ledgers {
        progress(&format!("cold processes on {} entries", ledger.entries));
        let holder = holder(ledger)?;
        let middle = middle(ledger)?;
        // The head is signed once; what is asked afterwards finds it.
        process(1, Cores::All, &["--ledger", ledger.file(), "prove", &middle.entry, "--format", "tlog-proof"])?;
        let questions = version.clone().into_iter().chain(asked(ledger, &holder, &middle));
        let cells = questions.map(|(name, args)| {
            let (time, peak) = process(repeat.max(QUESTIONS), Cores::All, &args)?;
            Ok((name, format!("{}, {}", median(&time), mebibytes(peak))))
        });
        let (time, peak) = audits.remove(&ledger.acts).map_or_else(|| audited(ledger, repeat), Ok)?;
        let mut column = vec![("audit", format!("{}, {}", median(&time), mebibytes(peak)))];
        column.extend(cells.collect::<Result<Vec<_>>>()?);
        progress(&format!("appending to {} entries", ledger.entries));
        for (name, (time, peak)) in appended(ledger, &holder, repeat)? {
            column.push((name, format!("{}, {}", median(&time), mebibytes(peak))));
        }
        columns.push(column);
    }
    for (row, (name, _)) in columns.first().into_iter().flatten().enumerate() {
        let cells = columns.iter().filter_map(|column| column.get(row)).map(|(_, cell)| cell.clone());
        table.row(std::iter::once((*name).to_owned()).chain(cells).collect());
    }
    Ok(table)
}

/// Acts that are judged and appended to a copy of a ledger, each by a process of its own. The first verifies every page of a file that
/// nobody has verified. Each of the others is proven, under a head that is signed for it.
fn appended(ledger: &Measured, holder: &Holder, repeat: usize) -> Result<[(&'static str, Process); 3]> {
    let copy = ledger.path.with_added_extension("copy");
    let lock = copy.with_added_extension("lock");
    std::fs::copy(&ledger.path, &copy)?;
    // Else the first act would be made to wait for all of it.
    std::fs::File::open(&copy)?.sync_all()?;
    let path = copy.to_str().ok_or("the folder's name is not text")?;
    let mut acts = 0_u64;
    let mut append = || {
        acts += 1;
        let digest = format!("{acts:064x}");
        rollcall(Cores::All, &["--ledger", path, "profile", "--digest", &digest, "--by", &holder.person])
    };
    let mut most = 0;
    let unverified = Times::of(repeat, || {
        // What the last writer says of it.
        std::fs::write(&lock, "")?;
        let ran = append()?;
        most = most.max(ran.peak_kib);
        Ok(ran.time)
    })?;
    let first = (unverified, most);
    most = 0;
    let mut last = ledger.entries - 1 + u64::try_from(first.0.count())?;
    let mut proven = Vec::new();
    let verified = Times::of(repeat.max(QUESTIONS), || {
        let ran = append()?;
        most = most.max(ran.peak_kib);
        last += 1;
        let last = last.to_string();
        proven.push(rollcall(Cores::All, &["--ledger", path, "prove", &last, "--format", "tlog-proof"])?);
        Ok(ran.time)
    })?;
    let peak = proven.iter().map(|ran| ran.peak_kib).max().unwrap_or_default();
    let mut times = proven.into_iter().map(|ran| ran.time);
    let proven = Times::of(times.len(), || times.next().ok_or_else(|| "proven too seldom".into()))?;
    for beside in ["checkpoint", "checkpoint.lock"] {
        std::fs::remove_file(copy.with_added_extension(beside))?;
    }
    std::fs::remove_file(lock)?;
    std::fs::remove_file(copy)?;
    Ok([
        ("an act appended", (verified, most)),
        ("the same, to a file that was copied", first),
        ("prove an act just appended, under a new head", (proven, peak)),
    ])
}

fn audited(ledger: &Measured, repeat: usize) -> Result<Process> {
    let audit = own::audit(ledger, Cores::All, repeat)?;
    own::forget(ledger)?;
    Ok(audit)
}
