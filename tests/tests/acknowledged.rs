//! What was answered is there, whenever the process is killed and whatever call to the system fails while acts are answered one by one.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use rollcall_core::audit::{Auditor, Level};
use rollcall_core::digest::EventId;
use rollcall_storage::Store;
use rollcall_storage::audit::audit;
use rollcall_storage::redb::RedbStore;
use rollcall_tests::{expect, has_tool, program};
use serde_json::{Value, json};

/// Acts that are answered one by one.
const ACTS: usize = 6;

/// A ledger that is founded, and acts to come.
fn begun(here: &Path) {
    let found = json!({"at": "2026-03-02T01:00:00Z", "by": "root", "act": "found", "authority": ["root"], "threshold": 1,
        "name": "Acknowledged"});
    std::fs::write(here.join("found.jsonl"), found.to_string()).unwrap();
    let acts =
        (0..ACTS).map(|n| json!({"at": "2026-03-02T01:00:00Z", "by": format!("p{n}"), "act": "enrol"}).to_string());
    std::fs::write(here.join("acts.jsonl"), acts.collect::<Vec<_>>().join("\n")).unwrap();
    let _ = expect(here, 0, &["--ledger", "founded.ledger", "rehearse", "found.jsonl"]);
}

/// Plays the acts while strace lets a call fail: the events of those that were answered as accepted, and what strace did.
fn played(here: &Path, inject: &[String]) -> (Vec<EventId>, String) {
    let ledger = here.join("play.ledger");
    for name in ["play.ledger", "play.ledger.journal", "play.ledger.lock"] {
        let _ = std::fs::remove_file(here.join(name));
    }
    std::fs::copy(here.join("founded.ledger"), &ledger).unwrap();
    let mut traced = Command::new("strace");
    traced.current_dir(here).args(["-f", "-y", "-qq", "-o", "trace", "-P"]).arg(&ledger).arg("-P");
    traced
        .arg(here.join("play.ledger.journal"))
        .args(inject.iter().map(|what| format!("--inject={what}")))
        .arg(program());
    traced.args(["--ledger", "play.ledger", "rehearse", "--json", "-"]).env_remove("ROLLCALL_LEDGER");
    traced.stdin(File::open(here.join("acts.jsonl")).unwrap()).stderr(Stdio::null());
    let answers = String::from_utf8(traced.output().unwrap().stdout).unwrap();
    let accepted = answers.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let accepted = accepted.filter(|answer| answer["outcome"] == "accepted");
    let events = accepted.map(|answer| answer["event"].as_str().unwrap().parse().unwrap()).collect();
    (events, std::fs::read_to_string(here.join("trace")).unwrap())
}

/// What became of a play that was interfered with.
struct Outcome {
    /// A call was failed, or the process killed at it.
    injected: bool,
    /// A journal was left beside the file.
    left: bool,
    /// An act could not be made durable.
    unsynced: bool,
    trace: String,
}

/// Plays the acts while calls fail; whatever was answered is there then, and nothing else but what nobody could know.
fn outlasts(here: &Path, before: u64, inject: &[String]) -> Outcome {
    let (answered, trace) = played(here, inject);
    let injected = trace.contains("INJECTED") || trace.contains("killed by");
    let unsynced = trace.lines().any(is_unsynced);
    let ledger = here.join("play.ledger");
    let left = here.join("play.ledger.journal").exists();
    let reader = RedbStore::read(&ledger).unwrap_or_else(|error| panic!("{inject:?}: {error}"));
    let size = reader.head().unwrap().size;
    for event in &answered {
        assert!(reader.position(event).unwrap().is_some(), "{inject:?}: {event} was answered and is not there");
    }
    // One more may be there than was answered, and no other; none that could be read and not be made durable, unless taking it away failed.
    let unknown = injected && (!unsynced || 1 < inject.len());
    let most = before + u64::try_from(answered.len()).unwrap() + u64::from(unknown);
    assert!(!unsynced || answered.len() < ACTS, "{inject:?}");
    assert!(injected || answered.len() == ACTS, "{inject:?}");
    assert!(size <= most, "{inject:?}: {size} entries, {most} at most");
    let report = audit(&reader, Auditor::new(Level::Full, None), &[], |_| {}).unwrap();
    assert!(report.is_valid(), "{inject:?}: {:?}", report.violations);
    drop(reader);
    // Whoever writes next leaves one file that holds everything.
    drop(RedbStore::open(&ledger, "the next writer").unwrap_or_else(|error| panic!("{inject:?}: {error}")));
    assert!(!here.join("play.ledger.journal").exists(), "{inject:?}");
    assert_eq!(RedbStore::read(&ledger).unwrap().head().unwrap().size, size, "{inject:?}");
    Outcome { injected, left, unsynced, trace }
}

/// An act stood in the journal and could not be made durable.
fn is_unsynced(line: &str) -> bool {
    line.contains("fdatasync") && line.contains(".journal>") && line.contains("INJECTED")
}

#[test]
fn what_was_answered_outlasts_a_kill_and_a_failing_disk_at_every_call() {
    if !has_tool("strace") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = &folder.path().canonicalize().unwrap();
    begun(here);
    let before = RedbStore::read(&here.join("founded.ledger")).unwrap().head().unwrap().size;
    let (mut injected, mut left, mut failed, mut twice) = (0, 0, 0, 0);
    let writes = "pwrite64,write,fdatasync,fsync,ftruncate,unlink,unlinkat,openat,fchmod";
    for (calls, what) in [(writes, "signal=KILL"), ("fdatasync,fsync", "error=EIO"), ("pwrite64,write", "error=ENOSPC")]
    {
        for number in 1.. {
            let one = format!("{calls}:{what}:when={number}");
            let outcome = outlasts(here, before, std::slice::from_ref(&one));
            if !outcome.injected {
                break;
            }
            injected += 1;
            left += u32::from(outcome.left);
            failed += u32::from(outcome.unsynced);
            if outcome.unsynced {
                // What takes it away fails as well, or is the last that the process does.
                let until = outcome.trace.lines().take_while(|line| !is_unsynced(line));
                let next = until.filter(|line| line.contains(" write(")).count() + 1;
                for then in ["signal=KILL", "error=EIO"] {
                    let two = outlasts(here, before, &[one.clone(), format!("write:{then}:when={next}")]);
                    let hit = two.trace.lines().skip_while(|line| !is_unsynced(line)).skip(1);
                    twice +=
                        u32::from(hit.into_iter().any(|line| line.contains("killed by") || line.contains("INJECTED")));
                }
            }
        }
    }
    println!(
        "{injected} calls failed or killed, {left} left a journal beside the file, {failed} could not make an act durable, of {twice} what takes it away failed as well"
    );
    assert!(30 < injected && 5 < left && 3 < failed && 6 < twice, "{injected} {left} {failed} {twice}");
}
