//! How cost grows with the log: the same commands on ledgers of several sizes.

use crate::Result;
use crate::ledger::Measured;
use crate::measure::Cores;
use crate::own::{asked, holder, process};
use crate::table::{Table, mebibytes, shown};

/// Time and memory of each command by size.
///
/// # Errors
/// When something cannot be measured.
pub fn table(ledgers: &[Measured], repeat: usize) -> Result<Table> {
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

    let mut columns = Vec::new();
    for ledger in ledgers {
        let holder = holder(ledger)?;
        let middle = (ledger.entries / 2).to_string();
        let on = ["--ledger", ledger.file()];
        let mut commands = vec![
            ("audit", on.into_iter().chain(["audit", "--ledger-id", &ledger.id]).collect()),
            ("replay", on.into_iter().chain(["replay"]).collect()),
        ];
        commands.extend(asked(ledger, &holder, &middle));
        let cells = commands.into_iter().map(|(name, args): (&str, Vec<&str>)| {
            let (time, peak) = process(repeat, Cores::All, &args)?;
            Ok((name, format!("{}, {}", shown(time.median()), mebibytes(peak))))
        });
        columns.push(cells.collect::<Result<Vec<_>>>()?);
    }
    for (row, (name, _)) in columns.first().into_iter().flatten().enumerate() {
        let cells = columns.iter().filter_map(|column| column.get(row)).map(|(_, cell)| cell.clone());
        table.row(std::iter::once((*name).to_owned()).chain(cells).collect());
    }
    Ok(table)
}
