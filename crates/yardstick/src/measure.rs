//! How things are measured: repeated, in processes of their own where a command is meant, with the memory that they took.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::Result;

/// First argument with which this program is `rollcall`.
pub const AS_ROLLCALL: &str = "as-rollcall";
/// What would take longer than this in all is repeated less often.
const ENOUGH: Duration = Duration::from_secs(10);
/// Names the file to which a process writes the memory that it took.
const PEAK: &str = "YARDSTICK_PEAK";

/// How long something took, each time.
#[derive(Clone, Debug)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Does something several times, less often where that would take long.
    ///
    /// # Errors
    /// What it fails with.
    pub fn of(repeat: usize, mut work: impl FnMut() -> Result<Duration>) -> Result<Self> {
        let begun = Instant::now();
        let mut times = Vec::new();
        while once_more(times.len(), repeat, begun) {
            times.push(work()?);
        }
        times.sort();
        Ok(Self(times))
    }

    /// These and others.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self.0.sort();
        self
    }

    /// The middle one; of an even number half of what the two in the middle took.
    pub fn median(&self) -> Duration {
        let at = |place: usize| self.0.get(place).copied().unwrap_or_default();
        (at(self.0.len().saturating_sub(1) / 2) + at(self.0.len() / 2)) / 2
    }

    /// How often it was measured.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The shortest and the longest.
    pub fn spread(&self) -> (Duration, Duration) {
        (self.0.first().copied().unwrap_or_default(), self.0.last().copied().unwrap_or_default())
    }

    /// How long each of so many took.
    #[cfg(feature = "peers")]
    pub fn each(&self, count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
        Self(self.0.iter().map(|time| *time / count).collect())
    }

    /// The median as a multiple of another's.
    pub fn against(&self, floor: &Self) -> f64 {
        self.median().as_secs_f64() / floor.median().as_secs_f64().max(f64::EPSILON)
    }
}

/// Tells whether something that has been measured so often since then is measured again: as often as asked for, where that does not
/// take long.
pub fn once_more(done: usize, repeat: usize, begun: Instant) -> bool {
    let taken = begun.elapsed();
    let each = u32::try_from(done).ok().and_then(|done| taken.checked_div(done)).unwrap_or_default();
    done == 0 || done < repeat && taken + each < ENOUGH
}

/// Says what comes now, and how long the run has gone on.
pub fn progress(what: &str) {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    eprintln!("{:>5} s  {what}", BEGUN.get_or_init(Instant::now).elapsed().as_secs());
}

/// How long a piece of work takes.
pub fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let begun = Instant::now();
    let made = work()?;
    Ok((begun.elapsed(), made))
}

/// On which cores a process may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cores {
    /// On the first one.
    One,
    /// On every one.
    All,
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "one core",
            Self::All => "every core",
        })
    }
}

/// What became of a process.
#[derive(Debug)]
pub struct Ran {
    /// From before its start until after its end.
    pub time: Duration,
    /// The most memory that it held, in KiB.
    pub peak_kib: u64,
    /// What it said.
    pub out: Vec<u8>,
}

/// Runs `rollcall` with these arguments in a process of its own.
///
/// # Errors
/// When it cannot be run, or fails.
pub fn rollcall(cores: Cores, args: &[&str]) -> Result<Ran> {
    let peak = tempfile::NamedTempFile::new()?;
    let own = std::env::current_exe()?;
    let mut command = match cores {
        Cores::All => Command::new(own),
        Cores::One => {
            let mut command = Command::new("taskset");
            command.args(["-c", "0"]).arg(own);
            command
        }
    };
    command.arg(AS_ROLLCALL).args(args).env(PEAK, peak.path()).stdin(Stdio::null()).stderr(Stdio::piped());
    // Without a folder for state no audit remembers another one.
    command.env_remove("XDG_STATE_HOME").env_remove("HOME");
    let begun = Instant::now();
    let output = command.output()?;
    let time = begun.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("rollcall {}: {}\n{said}", args.join(" "), output.status).into());
    }
    let peak_kib = std::fs::read_to_string(peak.path())?.trim().parse().unwrap_or_default();
    Ok(Ran { time, peak_kib, out: output.stdout })
}

/// Is `rollcall` with these arguments, and notes the memory that it took.
pub fn as_rollcall(args: Vec<OsString>) -> ExitCode {
    let code = rollcall::run(args);
    if let Some(path) = std::env::var_os(PEAK) {
        // Without it the figure is shown as zero.
        let _ = std::fs::write(path, peak_kib().to_string());
    }
    code
}

/// The most memory that this process has held, in KiB; zero where the system does not tell.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// What the figures are of.
pub fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let build = if cfg!(debug_assertions) { "a build for tests, not for figures" } else { "a release build" };
    format!("{model}, {cores} cores, Linux {}; {build}", kernel.trim())
}

/// Bytes of a file.
///
/// # Errors
/// When it is not there.
pub fn bytes(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path)?.len())
}
