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
fn played(here: &Path, inject: &str) -> (Vec<EventId>, String) {
    let ledger = here.join("play.ledger");
    for name in ["play.ledger", "play.ledger.journal", "play.ledger.lock"] {
        let _ = std::fs::remove_file(here.join(name));
    }
    std::fs::copy(here.join("founded.ledger"), &ledger).unwrap();
    let mut traced = Command::new("strace");
    traced.current_dir(here).args(["-f", "-y", "-qq", "-o", "trace", "-P"]).arg(&ledger).arg("-P");
    traced.arg(here.join("play.ledger.journal")).args(["-e", inject]).arg(program());
    traced.args(["--ledger", "play.ledger", "rehearse", "--json", "-"]).env_remove("ROLLCALL_LEDGER");
    traced.stdin(File::open(here.join("acts.jsonl")).unwrap()).stderr(Stdio::null());
    let answers = String::from_utf8(traced.output().unwrap().stdout).unwrap();
    let accepted = answers.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let accepted = accepted.filter(|answer| answer["outcome"] == "accepted");
    let events = accepted.map(|answer| answer["event"].as_str().unwrap().parse().unwrap()).collect();
    (events, std::fs::read_to_string(here.join("trace")).unwrap())
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
    let (mut injected, mut left, mut failed) = (0, 0, 0);
    let writes = "pwrite64,write,fdatasync,fsync,ftruncate,unlink,unlinkat,openat,fchmod";
    for (calls, what) in [(writes, "signal=KILL"), ("fdatasync,fsync", "error=EIO"), ("pwrite64,write", "error=ENOSPC")]
    {
        for number in 1.. {
            let named = format!("{calls}:{what}:when={number}");
            let (answered, trace) = played(here, &format!("inject={named}"));
            let was = trace.contains("INJECTED") || trace.contains("killed by");
            let unsynced =
                |line: &str| line.contains("fdatasync") && line.contains(".journal>") && line.contains("INJECTED");
            let unsynced = trace.lines().any(unsynced);
            let ledger = here.join("play.ledger");
            let outlasted = here.join("play.ledger.journal").exists();
            let reader = RedbStore::read(&ledger).unwrap_or_else(|error| panic!("{named}: {error}"));
            let size = reader.head().unwrap().size;
            for event in &answered {
                assert!(reader.position(event).unwrap().is_some(), "{named}: {event} was answered and is not there");
            }
            // One more may be there than was answered, and no other; none where it could be read and not be made durable.
            let most = before + u64::try_from(answered.len()).unwrap() + u64::from(was && !unsynced);
            assert!(!unsynced || answered.len() < ACTS, "{named}");
            assert!(size <= most, "{named}: {size} entries, {most} at most");
            let report = audit(&reader, Auditor::new(Level::Full, None), &[], |_| {}).unwrap();
            assert!(report.is_valid(), "{named}: {:?}", report.violations);
            drop(reader);
            // Whoever writes next leaves one file that holds everything.
            drop(RedbStore::open(&ledger, "the next writer").unwrap_or_else(|error| panic!("{named}: {error}")));
            assert!(!here.join("play.ledger.journal").exists(), "{named}");
            assert_eq!(RedbStore::read(&ledger).unwrap().head().unwrap().size, size, "{named}");
            if !was {
                assert_eq!(answered.len(), ACTS, "{named}");
                break;
            }
            injected += 1;
            left += u32::from(outlasted);
            failed += u32::from(unsynced);
        }
    }
    println!(
        "{injected} calls failed or killed, {left} left a journal beside the file, {failed} could not make an act durable"
    );
    assert!(30 < injected && 5 < left && 3 < failed, "{injected} {left} {failed}");
}
