//! Helpers of the outside tests: the program that was built, a place for it to work in, and rehearsals as text.
//!
//! Each helper does one thing that a person at a terminal would do. Nothing but [`views`] knows core's types.

pub mod community;
pub mod node;
pub mod server;
pub mod views;
pub mod witness;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The `rollcall` program, built now from the sources at hand: a stale one would make every test a lie.
#[must_use]
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut folder = std::env::current_exe().expect("a test has a path");
        folder.pop();
        if folder.ends_with("deps") {
            folder.pop();
        }
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "rollcall"]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        // What a test is told of its own package is no word to the packages that are built here: some would be built anew for it.
        let of_this_test = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_this_test)) {
            build.env_remove(name);
        }
        assert!(build.status().is_ok_and(|status| status.success()), "the program does not build");
        folder.join("rollcall")
    })
}

/// Runs the program in a folder, without the caller's environment of Rollcall; what it remembers of its user's, it keeps there.
#[must_use]
pub fn rollcall(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.current_dir(folder).args(args).env_remove("ROLLCALL_LEDGER").env_remove("ROLLCALL_KEY");
    let state = std::path::absolute(folder).expect("the folder has a path").join(".state");
    command.env("XDG_STATE_HOME", state).stdin(Stdio::null()).output().expect("the program starts")
}

/// Runs the program and requires an exit code; returns what it printed.
#[must_use]
pub fn expect(folder: &Path, code: i32, args: &[&str]) -> String {
    let output = rollcall(folder, args);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "rollcall {}\n{out}{err}", args.join(" "));
    out.into_owned()
}

/// Runs the program, requires success, and reads its JSON.
#[must_use]
pub fn json(folder: &Path, args: &[&str]) -> serde_json::Value {
    let mut all = args.to_vec();
    all.push("--json");
    serde_json::from_str(&expect(folder, 0, &all)).expect("the answer is JSON")
}

/// A folder of shared material, or `None` with a word that says what is not tested.
#[must_use]
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if path.exists() {
        Some(path)
    } else {
        skipped(&format!("../shared/{name} is missing, so nothing is compared with it here"));
        None
    }
}

/// Plays lines and returns an answer for each.
#[must_use]
pub fn rehearse(folder: &Path, lines: &[serde_json::Value]) -> Vec<serde_json::Value> {
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    std::fs::write(folder.join("acts.jsonl"), text.join("\n")).expect("the acts are written");
    let out = expect(folder, 0, &["--ledger", "play.ledger", "rehearse", "acts.jsonl", "--json"]);
    out.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect()
}

/// Makes each of so many checks once, on every core: the last test of a file would leave all but one idle.
pub fn on_every_core(checks: usize, check: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let mine = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < checks);
    let work = || std::iter::from_fn(mine).for_each(&check);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
}

/// Says that a check needs a program of others that is not there; where `ROLLCALL_REQUIRE_TOOLS` is set it must be.
pub fn without(why: &str) {
    assert!(std::env::var_os("ROLLCALL_REQUIRE_TOOLS").is_none(), "{why}");
    skipped(why);
}

/// Plays lines without keeping a ledger and returns an answer for each.
#[must_use]
pub fn rehearse_in_memory(lines: &[serde_json::Value]) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().expect("a folder for the acts");
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    std::fs::write(folder.path().join("acts.jsonl"), text.join("\n")).expect("the acts are written");
    let out = expect(folder.path(), 0, &["rehearse", "acts.jsonl", "--json"]);
    out.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect()
}

/// Tells whether a program of others is installed; where `ROLLCALL_REQUIRE_TOOLS` is set it must be.
#[must_use]
pub fn has_tool(name: &str) -> bool {
    let found =
        std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()));
    if !found {
        without(&format!("`{name}` is not installed, so nothing is checked with it here"));
    }
    found
}

/// Says that something is not tested, past the harness, which keeps what a passing test prints to itself.
fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
