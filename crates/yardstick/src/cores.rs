//! One core against every core: how much faster an audit is. Of one ledger that is small enough to be audited many times; the bars are
//! judged by the largest one, on every core.

use crate::Result;
use crate::ledger::Measured;
use crate::measure::Cores;
use crate::own::{self, Audited, Process, Sample};
use crate::table::{Table, mebibytes, median};

/// The table of one ledger's audits, and those on every core. They take turns, since the clock changes meanwhile.
///
/// # Errors
/// When the ledger does not hold.
pub fn table(ledger: &Measured, repeat: usize) -> Result<(Table, Process)> {
    let title = format!("one core against every core: audits of {} entries", ledger.entries);
    let sample = Sample::of(ledger)?;
    let floor = format!("floor: {}", sample.floor());
    let mut table = Table::new(&title, &["cores", &floor, "audit", "ratio", "bar", "memory", "against one core"]);
    let turn = |cores| {
        let audited = own::audited(ledger, &sample, cores, (1, 1))?;
        own::forget(ledger)?;
        Ok::<_, Box<dyn std::error::Error>>(audited)
    };
    let (mut one, mut all) = (turn(Cores::One)?, turn(Cores::All)?);
    for _ in 1..repeat {
        one = one.and(turn(Cores::One)?);
        all = all.and(turn(Cores::All)?);
    }
    let faster = format!("{:.2} x faster", one.audit.0.against(&all.audit.0));
    for (cores, audited, faster) in [(Cores::One, &one, String::new()), (Cores::All, &all, faster)] {
        let Audited { floor, audit: (time, peak) } = audited;
        let bar = "0.5 x".to_owned();
        let cells = [cores.to_string(), median(floor), median(time), audited.ratio(), bar, mebibytes(*peak), faster];
        table.row(cells.to_vec());
    }
    Ok((table, all.audit))
}
