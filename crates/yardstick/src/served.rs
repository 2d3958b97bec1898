//! A service that takes acts over HTTP: sent one at a time, and by many at once.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rollcall_core::event::SignedEvent;
use rollcall_server::acts;
use rollcall_storage::redb::RedbStore;

use crate::ledger::Measured;
use crate::measure::{AS_ROLLCALL, Times, progress};
use crate::table::{Table, median, rate};
use crate::{Result, own};

/// Who sends at once.
const SENDERS: usize = 64;
/// Acts that are sent one at a time, and by many.
const ONE_BY_ONE: usize = 32;
const BY_MANY: usize = 512;

/// The service, until it is dropped.
struct Service {
    child: Child,
    url: String,
}

impl Service {
    fn start(ledger: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(AS_ROLLCALL).arg("--ledger").arg(ledger).args(["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let said = BufReader::new(child.stderr.take().ok_or("its stderr is piped")?);
        let mut service = Self { child, url: String::new() };
        let line = said.lines().nth(1).ok_or("the service says where it is")??;
        line.rsplit(' ').next().unwrap_or_default().clone_into(&mut service.url);
        Ok(service)
    }

    /// Sends acts, so many at once; each waits for its receipt.
    fn sent(&self, events: &[SignedEvent], senders: usize) -> Result<Duration> {
        let next = AtomicUsize::new(0);
        let refused = AtomicUsize::new(0);
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..senders {
                scope.spawn(|| {
                    while let Some(event) = events.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let status = acts::send(&self.url, &event.encode()).map(|reply| reply.status);
                        if status != Ok(200) {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let time = begun.elapsed();
        match refused.into_inner() {
            0 => Ok(time),
            refused => Err(format!("{refused} acts have no receipt").into()),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // One that has ended already is not there to be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The table of a ledger that is served.
///
/// # Errors
/// When something cannot be measured.
pub fn table(ledger: &Measured, folder: &Path, repeat: usize) -> Result<Table> {
    progress("a service");
    let (_, replayed) = own::replay(&RedbStore::read(&ledger.path)?, 1)?;
    let folder = tempfile::tempdir_in(folder)?;
    let path = folder.path().join("served.ledger");
    std::fs::copy(&ledger.path, &path)?;
    std::fs::File::open(&path)?.sync_all()?;
    let service = Service::start(&path)?;
    let repeat = repeat.max(1);
    let events = own::profiles(&replayed, 1 + (ONE_BY_ONE + BY_MANY) * repeat)?;
    let (first, events) = events.split_at(1);
    // Whoever opens a file that was copied verifies all of it.
    service.sent(first, 1)?;
    let (ones, manies) = events.split_at(ONE_BY_ONE * repeat);
    let (mut ones, mut manies) = (ones.chunks(ONE_BY_ONE), manies.chunks(BY_MANY));
    let few = "measured too seldom";
    let one = Times::of(repeat, || service.sent(ones.next().ok_or(few)?, 1))?;
    let many = Times::of(repeat, || service.sent(manies.next().ok_or(few)?, SENDERS))?;
    let faster = (BY_MANY as f64 / many.median().as_secs_f64()) / (ONE_BY_ONE as f64 / one.median().as_secs_f64());
    let title = format!("A service on {} entries: acts sent over HTTP, each answered with a receipt", ledger.entries);
    let mut table = Table::new(&title, &["acts", "time", "ratio", "rate"]);
    let rows = [
        (format!("{ONE_BY_ONE}, one at a time"), one, ONE_BY_ONE, String::new()),
        (format!("{BY_MANY}, {SENDERS} at once"), many, BY_MANY, format!("{faster:.1} x faster")),
    ];
    for (what, times, count, ratio) in rows {
        table.row(vec![what, median(&times), ratio, rate(u64::try_from(count)?, times.median())]);
    }
    Ok(table)
}
