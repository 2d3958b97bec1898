//! A publication that is killed, or that the system fails, leaves a folder that is valid for the checkpoint that it shows,
//! and the next run completes it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rollcall_core::audit::{Auditor, Level};
use rollcall_storage::audit::audit_published;
use rollcall_storage::published::{Folder, Published};
use rollcall_tests::{expect, has_tool, program};
use serde_json::json;

/// Ledgers of growing size, each a beginning of the next: what a folder may show at one time or another.
fn growing(here: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut number = 0;
    for (round, people) in [3, 254, 300].into_iter().enumerate() {
        let mut lines = Vec::new();
        if round == 0 {
            let found = json!({"at": "2026-03-02T01:00:00Z", "by": "root", "act": "found", "authority": ["root"],
                "threshold": 1, "name": "Growing"});
            lines.push(found.to_string());
        }
        for _ in 0..people {
            lines.push(json!({"at": "2026-03-02T01:00:00Z", "by": format!("p{number}"), "act": "enrol"}).to_string());
            number += 1;
        }
        std::fs::write(here.join("acts.jsonl"), lines.join("\n")).unwrap();
        let _ = expect(here, 0, &["--ledger", "growing.ledger", "rehearse", "acts.jsonl"]);
        let name = format!("{round}.ledger");
        std::fs::copy(here.join("growing.ledger"), here.join(&name)).unwrap();
        names.push(name);
    }
    names
}

/// The size of the checkpoint that the folder shows, for which everything in it must be valid; 0 where it shows none.
fn shown(folder: &Path) -> u64 {
    let Some(log) = Published::open(Folder(folder.to_path_buf())).unwrap() else { return 0 };
    let report = audit_published(&log, Auditor::new(Level::Log, None), &[], |_| {}).unwrap();
    assert!(report.is_valid(), "{:?}", report.violations);
    report.head.size
}

fn publish(here: &Path, ledger: &str) -> Command {
    let mut command = Command::new(program());
    command.current_dir(here).args(["--ledger", ledger, "publish", "public"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).env_remove("ROLLCALL_LEDGER");
    command
}

/// Forgets which heads were signed, as if each run were the first of its operator's.
fn forget(here: &Path, ledgers: &[String]) {
    for ledger in ledgers {
        let _ = std::fs::remove_file(here.join(format!("{ledger}.checkpoint")));
    }
}

#[test]
fn a_killed_publication_leaves_a_valid_folder() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledgers = growing(here);
    let public = here.join("public");
    let begun = Instant::now();
    assert!(publish(here, &ledgers[2]).status().unwrap().success());
    let whole = begun.elapsed();
    let full = shown(&public);
    let (mut killed, mut between) = (0, 0);
    for round in 0..200_u32 {
        if round % 4 == 0 {
            std::fs::remove_dir_all(&public).unwrap();
        }
        forget(here, &ledgers);
        let ledger = &ledgers[usize::try_from(round % 3).unwrap()];
        let before = if public.exists() { shown(&public) } else { 0 };
        let mut child = publish(here, ledger).spawn().unwrap();
        // Spread over the whole run without a source of chance: each instant can be had again.
        std::thread::sleep(whole.mul_f64(f64::from(round * 67 % 200) / 200.0).min(Duration::from_secs(5)));
        killed += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        let _ = child.wait();
        if !public.exists() {
            std::fs::create_dir(&public).unwrap();
        }
        let after = shown(&public);
        assert!(before <= after, "a checkpoint went back from {before} to {after}");
        let files = std::fs::read_dir(&public).unwrap().count();
        between += u32::from(after == before && files > 0 && before == 0);
        forget(here, &ledgers);
        if round % 20 == 19 {
            assert!(publish(here, &ledgers[2]).status().unwrap().success());
            assert_eq!(shown(&public), full);
        }
    }
    println!("{killed} of 200 killed, {between} between the first file and the checkpoint");
    assert!(killed > 50, "{killed}");
}

/// Each call to the system that writes fails in turn: nothing half is shown, and the next run completes it.
#[test]
fn a_failing_disk_leaves_a_valid_folder() {
    if !has_tool("strace") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledgers = growing(here);
    let public = here.join("public");
    let mut failed = 0;
    for call in ["write", "fsync", "rename,renameat,renameat2", "mkdir,mkdirat"] {
        for error in ["EIO", "ENOSPC"] {
            for number in 1..=200_u32 {
                forget(here, &ledgers);
                let _ = std::fs::remove_dir_all(&public);
                assert!(publish(here, &ledgers[0]).status().unwrap().success());
                let small = shown(&public);
                forget(here, &ledgers);
                let mut traced = Command::new("strace");
                let inject = format!("inject={call}:error={error}:when={number}");
                traced.current_dir(here).args(["-f", "-qq", "-o", "trace", "-e", &inject]);
                traced.args(["-e", &format!("trace={call}")]).arg(program());
                let status = traced
                    .args(["--ledger", &ledgers[1], "publish", "public"])
                    .stdout(Stdio::null())
                    .stderr(Stdio::null());
                let status = status.status().unwrap();
                let injected = std::fs::read_to_string(here.join("trace")).unwrap().contains("INJECTED");
                let after = shown(&public);
                assert!(after == small || after == 261, "{call} {error} {number}: {after}");
                if !injected {
                    assert!(status.success(), "{call} {error} {number}");
                    break;
                }
                failed += u32::from(!status.success());
                forget(here, &ledgers);
                assert!(publish(here, &ledgers[1]).status().unwrap().success(), "{call} {error} {number}");
                assert_eq!(shown(&public), 261);
            }
        }
    }
    println!("{failed} failures of the disk, each completed by the next run");
    assert!(failed > 20, "{failed}");
}
