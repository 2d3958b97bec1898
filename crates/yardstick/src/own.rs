//! Rollcall beside its floors, on one ledger.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use redb::ConcurrencyMode;
use rollcall_core::act::{Act, Profile};
use rollcall_core::digest::Digest;
use rollcall_core::event::{Payload, SignedEvent};
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::Ledger;
use rollcall_core::name::Handle;
use rollcall_storage::Store;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::replay;
use rollcall_storage::sequencer::Sequencer;
use rollcall_storage::waiting::Waiting;
use serde_json::Value;

use crate::ledger::Measured;
use crate::measure::{Cores, Ran, Times, progress, rollcall, timed};
use crate::table::{self, Table, mebibytes, median, rate, times, times_between};
use crate::{Result, floor};

/// Appends that are measured, one at a time.
const APPENDS: usize = 256;
/// Signatures of a floor, at most: each costs as much as the next, so that some stand for all.
const LOOSE_MAX: usize = 20_000;
/// How often that floor is measured before an audit that may take long, and as often behind it.
const FLOORS: usize = 5;
/// Who submits at once.
const SUBMITTERS: usize = 64;
/// What each of them submits, one after the other.
const EACH: usize = 32;

/// How long a command took, each time, and the most memory that one of them held, in KiB.
pub type Process = (Times, u64);

/// The table of one ledger, and its audit on every core.
///
/// # Errors
/// When something cannot be measured.
pub fn table(ledger: &Measured, folder: &Path, repeat: usize) -> Result<(Table, Process)> {
    let bytes = ledger.bytes()?;
    let title = format!(
        "{} entries, {:.1} MiB on disk, {} bytes an entry; medians of {repeat} (least to most)",
        ledger.entries,
        bytes as f64 / 1_048_576.0,
        bytes / ledger.entries.max(1)
    );
    let mut table = Table::new(&title, &["work", "floor", "rollcall", "ratio", "bar", "rate, memory"]);
    if let Some((time, peak)) = ledger.built {
        let rate = format!("{}, {}", rate(ledger.acts, time), mebibytes(peak));
        table.row(vec![
            "bulk: sign, judge and keep a life".into(),
            String::new(),
            crate::table::shown(time),
            String::new(),
            String::new(),
            rate,
        ]);
    }
    let audit = audits(&mut table, ledger, repeat)?;
    let replayed = replays(&mut table, ledger, repeat)?;
    appends(&mut table, (ledger, replayed), folder, repeat)?;
    Ok((table, audit))
}

/// A full audit with all that it does: it judges everything, and remembers it for the next one.
///
/// # Errors
/// When it fails.
pub fn audit(ledger: &Measured, cores: Cores, repeat: usize) -> Result<Process> {
    process(repeat, cores, &[&audit_args(ledger, &known_by(ledger))[..], &["--from-scratch"]].concat())
}

/// What an audit remembers of a ledger.
fn known_by(ledger: &Measured) -> String {
    ledger.path.with_added_extension("verified").to_string_lossy().into_owned()
}

fn audit_args<'a>(ledger: &'a Measured, known: &'a str) -> [&'a str; 7] {
    ["--ledger", ledger.file(), "audit", "--ledger-id", &ledger.id, "--resume", known]
}

/// A full audit beside its floor.
#[derive(Debug)]
pub struct Audited {
    /// The bare loop of `verify_strict`, as long as it takes for all.
    pub floor: Times,
    /// The audit.
    pub audit: Process,
}

impl Audited {
    /// The audit against the slowest and the fastest floor.
    pub fn ratio(&self) -> String {
        times_between(&self.audit.0, &self.floor)
    }

    /// These and others.
    pub fn and(self, others: Self) -> Self {
        let ((audit, peak), (other, others_peak)) = (self.audit, others.audit);
        Self { floor: self.floor.and(others.floor), audit: (audit.and(other), peak.max(others_peak)) }
    }
}

/// Signatures of a ledger, evenly spaced, each of which stands for so many.
pub struct Sample {
    loose: Vec<floor::Loose>,
    apart: usize,
}

impl Sample {
    /// A sample of a ledger's signatures.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn of(ledger: &Measured) -> Result<Self> {
        let store = RedbStore::read(&ledger.path)?;
        let size = store.head()?.size;
        let apart = usize::try_from(size)?.div_ceil(LOOSE_MAX).max(1);
        let mut entries = Vec::new();
        for index in (0..size).step_by(apart) {
            entries.extend(store.entries(index..index + 1)?);
        }
        Ok(Self { loose: floor::loosen(entries.iter())?, apart })
    }

    /// What the floor is, in words.
    pub fn floor(&self) -> String {
        let taken = if self.apart == 1 { String::new() } else { format!(", 1 in {0} taken {0} times", self.apart) };
        format!("verify_strict loop{taken}")
    }

    fn verified(&self, threads: usize) -> Result<Duration> {
        Ok(floor::verify_strict(&self.loose, threads)? * u32::try_from(self.apart)?)
    }
}

/// Audits a ledger on so many cores, so often at most, and measures the bare loop before and behind it, since the clock changes meanwhile.
///
/// # Errors
/// When the ledger does not hold.
pub fn audited(ledger: &Measured, sample: &Sample, cores: Cores, (floors, repeat): (usize, usize)) -> Result<Audited> {
    progress(&format!("auditing {} entries, {cores}", ledger.entries));
    let threads = match cores {
        Cores::One => 1,
        Cores::All => std::thread::available_parallelism()?.get(),
    };
    let floor = || Times::of(floors, || sample.verified(threads));
    let before = floor()?;
    let audit = audit(ledger, cores, repeat)?;
    Ok(Audited { floor: before.and(floor()?), audit })
}

fn audits(table: &mut Table, ledger: &Measured, repeat: usize) -> Result<Process> {
    let sample = Sample::of(ledger)?;
    let audited = audited(ledger, &sample, Cores::All, (FLOORS, repeat))?;
    let ratio = audited.ratio();
    let Audited { floor, audit } = audited;
    table.row(vec![
        format!("full audit; floor: {}", sample.floor()),
        median(&floor),
        median(&audit.0),
        ratio,
        "0.5 x".into(),
        format!("{}, {}", rate(ledger.entries, audit.0.median()), mebibytes(audit.1)),
    ]);
    progress("auditing again");
    let known = known_by(ledger);
    let (again, peak) = process(repeat, Cores::All, &audit_args(ledger, &known))?;
    table.row(vec![
        "second audit, nothing new".into(),
        String::new(),
        median(&again),
        String::new(),
        String::new(),
        format!("{}, {}", rate(ledger.entries, again.median()), mebibytes(peak)),
    ]);
    forget(ledger)?;
    Ok(audit)
}

/// Removes what an audit has remembered.
///
/// # Errors
/// When it cannot be removed.
pub fn forget(ledger: &Measured) -> Result<()> {
    let known = known_by(ledger);
    std::fs::remove_file(format!("{known}.snapshot"))?;
    Ok(std::fs::remove_file(known)?)
}

/// The ledger that a store makes.
fn replayed(store: &RedbStore) -> Result<Ledger> {
    let mut ledger = Ledger::default();
    replay::each(store, store.head()?.size, |prepared| {
        ledger.take(prepared)?;
        Ok::<_, Box<dyn std::error::Error>>(ControlFlow::Continue(()))
    })?;
    Ok(ledger)
}

/// Several replays of a ledger, and what they come to.
///
/// # Errors
/// When it cannot be replayed.
pub fn replay(store: &RedbStore, repeat: usize) -> Result<(Times, Ledger)> {
    let mut ledger = Ledger::default();
    let times = Times::of(repeat, || {
        // The one before is freed outside of what is measured.
        ledger = Ledger::default();
        let (time, replayed) = timed(|| replayed(store))?;
        ledger = replayed;
        Ok(time)
    })?;
    Ok((times, ledger))
}

fn replays(table: &mut Table, ledger: &Measured, repeat: usize) -> Result<Ledger> {
    progress("replaying");
    let store = RedbStore::read(&ledger.path)?;
    let floor = Times::of(repeat, || floor::scan(&store))?;
    let (replay, replayed) = replay(&store, repeat)?;
    table.row(vec![
        "replay without signatures; floor: scan and hash".into(),
        median(&floor),
        median(&replay),
        times(replay.against(&floor)),
        "3 x".into(),
        rate(ledger.entries, replay.median()),
    ]);
    Ok(replayed)
}

/// Appends events one at a time to copies of a ledger, each durable before the next.
///
/// # Errors
/// When an append fails.
#[cfg(feature = "peers")]
pub fn one_by_one(ledger: &Measured, folder: &Path, repeat: usize, count: usize) -> Result<Times> {
    let store = RedbStore::read(&ledger.path)?;
    Times::of(repeat, || {
        let mut copy = Copy::of((ledger, replayed(&store)?), folder)?;
        let events = profiles(&copy.ledger, count)?;
        let (time, _) = timed(|| copy.append(&events))?;
        copy.remove()?;
        Ok(time)
    })
}

/// A copy of a ledger, open for writing.
struct Copy {
    path: PathBuf,
    store: RedbStore,
    ledger: Ledger,
    waiting: Waiting,
}

impl Copy {
    fn of((measured, mut ledger): (&Measured, Ledger), folder: &Path) -> Result<Self> {
        let path = folder.join("append.ledger");
        std::fs::copy(&measured.path, &path)?;
        // Else the first append would be made to wait for all of it.
        std::fs::File::open(&path)?.sync_all()?;
        let store = RedbStore::open(&path, "yardstick")?;
        let waiting = Waiting::open(&store, &mut ledger)?;
        Ok(Self { path, store, ledger, waiting })
    }

    /// Appends events one at a time, each durable before the next; returns the bytes of their entries.
    fn append(&mut self, events: &[SignedEvent]) -> Result<Vec<Vec<u8>>> {
        let at = self.ledger.state().last_at();
        let mut written = Vec::with_capacity(events.len());
        for event in events {
            let admission = self.ledger.admit(event.clone(), at)?;
            written.push(admission.bytes.clone());
            self.waiting.push(admission);
            self.waiting.flush(&mut self.store, &mut self.ledger)?;
        }
        Ok(written)
    }

    #[cfg(feature = "peers")]
    fn remove(self) -> Result<()> {
        let Self { path, store, .. } = self;
        drop(store);
        Ok(std::fs::remove_file(path)?)
    }
}

fn appends(table: &mut Table, of: (&Measured, Ledger), folder: &Path, repeat: usize) -> Result<()> {
    progress("appending one by one");
    let (mut ones, mut manies, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    let mut bare = [Vec::new(), Vec::new()];
    let mut copy = Copy::of(of, folder)?;
    let together = SUBMITTERS * EACH;
    let repeat = repeat.max(1);
    let events = profiles(&copy.ledger, (APPENDS + together) * repeat)?;
    let (by_one, by_many) = events.split_at(APPENDS * repeat);
    for events in by_one.chunks(APPENDS) {
        let (time, written) = timed(|| copy.append(events))?;
        ones.push(time);
        floors.push(floor::durable_writes(folder, &written)?);
        for (mode, times) in
            [ConcurrencyMode::ExclusiveWriter, ConcurrencyMode::SingleWriter].into_iter().zip(&mut bare)
        {
            times.push(floor::durable_commits(folder, &written, mode)?);
        }
    }
    progress("appending for many submitters");
    let Copy { path, store, ledger, waiting } = copy;
    let sequencer = Sequencer::start(store, ledger, waiting, |ledger| ledger.state().last_at());
    for events in by_many.chunks(together) {
        manies.push(submitted(&sequencer, events)?);
    }
    sequencer.finish();
    std::fs::remove_file(path)?;
    let taken = |times: &mut Vec<Duration>| {
        let mut times = std::mem::take(times).into_iter();
        Times::of(times.len(), || times.next().ok_or_else(|| "measured too seldom".into()))
    };
    let (floor, one, many) = (taken(&mut floors)?, taken(&mut ones)?, taken(&mut manies)?);
    let count = u64::try_from(APPENDS)?;
    let all = u64::try_from(together)?;
    table.row(vec![
        format!("{APPENDS} durable appends, one writer; floor: write and fdatasync"),
        median(&floor),
        median(&one),
        times(one.against(&floor)),
        "1.5 x".into(),
        rate(count, one.median()),
    ]);
    for (name, times) in ["exclusive", "beside readers"].into_iter().zip(&mut bare) {
        let commits = taken(times)?;
        table.row(vec![
            format!("{APPENDS} bare redb commits, {name}; floor: write and fdatasync"),
            median(&floor),
            median(&commits),
            table::times(commits.against(&floor)),
            String::new(),
            rate(count, commits.median()),
        ]);
    }
    let faster = (all as f64 / many.median().as_secs_f64()) / (count as f64 / one.median().as_secs_f64());
    table.row(vec![
        format!("{all} durable appends, {SUBMITTERS} submitters; against one writer"),
        String::new(),
        median(&many),
        format!("{faster:.1} x faster"),
        "20 x".into(),
        rate(all, many.median()),
    ]);
    Ok(())
}

/// Everybody submits one event after the other, and waits for each answer.
fn submitted(sequencer: &Sequencer, events: &[SignedEvent]) -> Result<Duration> {
    let begun = Instant::now();
    let refused: usize = std::thread::scope(|scope| {
        let each = events.chunks(EACH).map(|own| {
            let mut submitter = sequencer.submitter();
            scope.spawn(move || own.iter().filter(|event| submitter.submit((*event).clone()).is_err()).count())
        });
        let all: Vec<_> = each.collect();
        all.into_iter().map(|one| one.join().unwrap_or(1)).sum()
    });
    let time = begun.elapsed();
    if refused != 0 {
        return Err(format!("{refused} submissions were refused").into());
    }
    Ok(time)
}

/// Acts that everybody may do at any time, signed.
///
/// # Errors
/// When they cannot be written.
pub fn profiles(ledger: &Ledger, count: usize) -> Result<Vec<SignedEvent>> {
    let state = ledger.state();
    let people: Vec<&Handle> = state.authority().persons.iter().collect();
    let acts = people.iter().cycle().zip(0..count).map(|(person, number)| {
        let mut digest = [0xaa; 32];
        digest[..8].copy_from_slice(&u64::try_from(number)?.to_be_bytes());
        let act = Act::Profile(Profile { digest: Digest::from_bytes(digest) });
        let header = ledger.header(person, &act, state.last_at());
        Ok(SignedEvent::sign(Payload { header, act }.encode()?, &SigningKey::rehearsal(person))?)
    });
    acts.collect()
}

/// A person in office, for questions.
#[derive(Debug)]
pub struct Holder {
    /// The person.
    pub person: String,
    /// The role.
    pub role: String,
    /// The unit.
    pub unit: String,
}

/// Somebody of the largest body.
///
/// # Errors
/// When nobody is in office.
pub fn holder(ledger: &Measured) -> Result<Holder> {
    let roster = rollcall(Cores::All, &["--ledger", ledger.file(), "--json", "roster", "--role", "chair"])?;
    let roster: Value = serde_json::from_slice(&roster.out)?;
    let units = roster["units"].as_object().ok_or("a roster has units")?;
    for (unit, roles) in units {
        if let Some((role, holders)) = roles.as_object().and_then(|roles| roles.iter().next())
            && let Some(person) = holders[0].as_str()
        {
            return Ok(Holder { person: person.to_owned(), role: role.clone(), unit: unit.clone() });
        }
    }
    Err("nobody is in office".into())
}

/// The entry in the middle of a log.
#[derive(Debug)]
pub struct Middle {
    /// Its number.
    pub entry: String,
    /// When it was accepted.
    pub at: String,
}

/// The entry in the middle of a ledger.
///
/// # Errors
/// When it cannot be asked for.
pub fn middle(ledger: &Measured) -> Result<Middle> {
    let entry = (ledger.entries / 2).to_string();
    let shown = rollcall(Cores::All, &["--ledger", ledger.file(), "--json", "show", &entry])?;
    let shown: Value = serde_json::from_slice(&shown.out)?;
    let at = shown["accepted_at"].as_str().ok_or("an entry has a time")?.to_owned();
    Ok(Middle { entry, at })
}

/// Some digest.
const DIGEST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Commands that answer a question, each a process of its own.
pub fn asked<'a>(ledger: &'a Measured, holder: &'a Holder, middle: &'a Middle) -> Vec<(&'static str, Vec<&'a str>)> {
    let on = ["--ledger", ledger.file()];
    let Holder { person, role, unit } = holder;
    let Middle { entry, at } = middle;
    let questions: [(&str, Vec<&str>); 8] = [
        ("roster of everybody", vec!["roster"]),
        ("roster of a body", vec!["roster", "--unit", unit]),
        ("roster of a body, at an instant", vec!["roster", "--unit", unit, "--at", at]),
        ("roster of a body, replayed", vec!["roster", "--unit", unit, "--replay"]),
        ("why", vec!["why", person, role, "--in", unit]),
        ("log of a person, last 20", vec!["log", "--person", person, "--last", "20"]),
        ("an act judged (--dry-run)", vec!["profile", "--digest", DIGEST, "--by", person, "--dry-run"]),
        ("prove", vec!["prove", entry, "--format", "tlog-proof"]),
    ];
    questions.into_iter().map(|(name, args)| (name, on.into_iter().chain(args).collect())).collect()
}

/// Runs a command several times; the most memory that one of them took.
///
/// # Errors
/// When it fails.
pub fn process(repeat: usize, cores: Cores, args: &[&str]) -> Result<Process> {
    let mut most = 0;
    let times = Times::of(repeat, || {
        let Ran { time, peak_kib, out: _ } = rollcall(cores, args)?;
        most = most.max(peak_kib);
        Ok(time)
    })?;
    Ok((times, most))
}
