//! Tables for people: aligned columns, durations in the unit that fits.

use std::fmt;
use std::time::Duration;

use crate::measure::Times;

/// A table with a title.
#[derive(Debug)]
pub struct Table {
    title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    pub fn new(title: &str, head: &[&str]) -> Self {
        Self { title: title.to_owned(), head: head.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.head.len()).map(|column| width(column).unwrap_or_default()).collect();
        writeln!(f, "### {}\n", self.title)?;
        for (number, row) in all().enumerate() {
            let cells = widths.iter().enumerate().map(|(column, width)| {
                let cell = row.get(column).map_or("", String::as_str);
                format!("{cell:<width$}")
            });
            writeln!(f, "| {} |", cells.collect::<Vec<_>>().join(" | "))?;
            if number == 0 {
                let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                writeln!(f, "| {} |", dashes.join(" | "))?;
            }
        }
        Ok(())
    }
}

/// A duration in the unit that fits.
pub fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if 1.0 <= seconds {
        format!("{seconds:.2} s")
    } else if 0.001 <= seconds {
        format!("{:.2} ms", seconds * 1e3)
    } else {
        format!("{:.2} µs", seconds * 1e6)
    }
}

/// A median with its spread.
pub fn median(times: &Times) -> String {
    let (least, most) = times.spread();
    match times.count() {
        1 => format!("{} (once)", shown(times.median())),
        count => format!("{} ({} to {}, {count} times)", shown(times.median()), shown(least), shown(most)),
    }
}

/// So many a second.
pub fn rate(count: u64, time: Duration) -> String {
    let rate = count as f64 / time.as_secs_f64().max(f64::EPSILON);
    if 10_000.0 <= rate { format!("{:.0} k/s", rate / 1e3) } else { format!("{rate:.0} /s") }
}

/// A multiple.
pub fn times(ratio: f64) -> String {
    format!("{ratio:.2} x")
}

/// A ratio of medians, and what it would be against the slowest and the fastest floor.
pub fn times_between(work: &Times, floor: &Times) -> String {
    let (least, most) = floor.spread();
    let against = |floor: Duration| work.median().as_secs_f64() / floor.as_secs_f64().max(f64::EPSILON);
    format!("{:.2} x ({:.2} to {:.2})", work.against(floor), against(most), against(least))
}

/// Memory.
pub fn mebibytes(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}
