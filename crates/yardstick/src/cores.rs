//! One core against every core: how much sooner an audit is done.

use std::collections::BTreeMap;

use crate::Result;
use crate::ledger::Measured;
use crate::measure::Cores;
use crate::own::{self, Audited, Process};
use crate::table::{Table, mebibytes, median, times};

/// The table of one ledger's audits; the one on every core is noted under the ledger's number of acts.
///
/// # Errors
/// When the ledger does not hold.
pub fn table(ledger: &Measured, repeat: usize, audits: &mut BTreeMap<u64, Process>) -> Result<Table> {
    let title = format!("one core against every core: audits of {} entries", ledger.entries);
    let mut table =
        Table::new(&title, &["cores", "floor: verify_strict loop", "audit", "ratio", "bar", "memory", "sooner"]);
    let one = own::audited(ledger, Cores::One, repeat)?;
    let all = own::audited(ledger, Cores::All, repeat)?;
    own::forget(ledger)?;
    let sooner = times(1.0 / all.audit.0.against(&one.audit.0));
    for (cores, audited, sooner) in [(Cores::One, &one, String::new()), (Cores::All, &all, sooner)] {
        let Audited { floor, sample, audit: (time, peak) } = audited;
        let floor = format!("{}{sample}", median(floor));
        let cells =
            [cores.to_string(), floor, median(time), audited.ratio(), "0.5 x".to_owned(), mebibytes(*peak), sooner];
        table.row(cells.to_vec());
    }
    audits.insert(ledger.acts, all.audit);
    Ok(table)
}
