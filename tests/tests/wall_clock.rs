//! A ledger on the real clock, with keys that the real `ssh-keygen` made: founding, appointments by two of three, lawful
//! and short notices, an early opening, and a process killed in the middle of appending.

use std::path::Path;
use std::process::{Command, Stdio};

use rollcall_core::time::Timestamp;
use rollcall_tests::{expect, json, program, rollcall};

const DAY_MS: u64 = 86_400_000;

fn key(folder: &Path, name: &str) {
    let made =
        Command::new("ssh-keygen").current_dir(folder).args(["-q", "-t", "ed25519", "-N", "", "-f", name]).status();
    assert!(made.expect("ssh-keygen is installed: apt-get install openssh-client").success());
}

fn now() -> Timestamp {
    let ms = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    Timestamp::from_ms(u64::try_from(ms).unwrap()).unwrap()
}

/// Three keys, an authority of which two must sign, and a body of the three.
fn founded(here: &Path) {
    for name in ["ana", "ben", "cho"] {
        key(here, name);
    }
    let authority = ["--authority", "ana=ana.pub", "--authority", "ben=ben.pub", "--authority", "cho=cho.pub"];
    let init =
        [&["--ledger", "L", "--key", "ana", "init", "--name", "Wall", "--threshold", "2"][..], &authority].concat();
    let founded: serde_json::Value =
        serde_json::from_str(&expect(here, 0, &[&init[..], &["--json"]].concat())).unwrap();
    assert_eq!(founded["confirmations_missing"], 1);
    let run =
        |code: i32, key: &str, args: &[&str]| expect(here, code, &[&["--ledger", "L", "--key", key], args].concat());
    assert!(
        run(1, "ana", &["appoint", "--unit", "toc", "--role", "chair", "--person", "ana", "--json"])
            .contains("founding-open")
    );
    let _ = run(0, "ben", &["confirm"]);
    for (person, role) in [("ana", "chair"), ("ben", "member"), ("cho", "member")] {
        let proposal = run(0, "ana", &["appoint", "--unit", "toc", "--role", role, "--person", person, "--json"]);
        let proposal: serde_json::Value = serde_json::from_str(&proposal).unwrap();
        assert_eq!(
            json(here, &["--ledger", "L", "roster"])["units"]["toc"]["member"]
                .as_array()
                .map_or(0, |m| m.iter().filter(|m| **m == person).count()),
            0
        );
        // The beginning of an id is enough for people.
        let event = &proposal["event"].as_str().unwrap()[..10];
        let _ = run(0, "cho", &["endorse", "--event", event]);
    }
    let body = run(
        0,
        "ana",
        &["constitute", "--unit", "toc", "--members", "ana", "--members", "ben", "--members", "cho", "--json"],
    );
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let _ = run(0, "ben", &["endorse", "--event", body["event"].as_str().unwrap()]);
}

#[test]
fn a_community_on_the_real_clock() {
    if !rollcall_tests::has_tool("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    founded(here);
    let run =
        |code: i32, key: &str, args: &[&str]| expect(here, code, &[&["--ledger", "L", "--key", key], args].concat());
    let notice = |days: u64| {
        let starts = now().plus_ms(days * DAY_MS).to_string();
        let args = [
            "notice",
            "--unit",
            "toc",
            "--kind",
            "regular",
            "--starts",
            &starts,
            "--place",
            "x",
            "--mode",
            "remote",
            "--agenda",
            "a",
            "--references",
            "none",
        ];
        let out = run(0, "ana", &[&args[..], &["--json"]].concat());
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    let lawful = notice(6);
    assert!(!lawful["notes"].to_string().contains("waives"), "{lawful}");
    let refused =
        rollcall(here, &["--ledger", "L", "--key", "ana", "open", "--meeting", lawful["event"].as_str().unwrap()]);
    let talk = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(talk.contains("before-start") && talk.contains(lawful["starts"].as_str().unwrap()), "{talk}");
    let short = notice(2);
    let notes = short["notes"].to_string();
    assert!(notes.contains("2 days ahead, needed: 5") && notes.contains("noticed on 20"), "{notes}");

    // Published test keys, other people's keys and strangers are refused; a declared time is for rehearsals.
    assert!(run(2, "ana", &["confirm", "--at", "2026-01-01T00:00:00Z", "--json"]).contains("rehearsals"));
    assert!(
        run(1, "ben", &["--by", "cho", "item", "--unit", "toc", "--title", "x", "--json"])
            .contains("key-not-of-author")
    );
    key(here, "dan");
    let _ = run(2, "dan", &["item", "--unit", "toc", "--title", "x"]);
    assert!(
        run(1, "dan", &["--by", "dan", "item", "--unit", "toc", "--title", "x", "--json"]).contains("not-enrolled")
    );
    let _ = run(0, "dan", &["--by", "dan", "enrol"]);
    assert!(run(0, "cho", &["item", "--unit", "toc", "--title", "x", "--dry-run"]).contains("would be accepted"));

    let audit = json(here, &["--ledger", "L", "audit"]);
    assert_eq!((&audit["outcome"], &audit["rehearsal"]), (&"valid".into(), &false.into()));
}

/// Appends are killed at random instants. Whatever was acknowledged is there, the log is valid, and work goes on.
#[test]
fn killed_while_appending_nothing_acknowledged_is_lost() {
    if !rollcall_tests::has_tool("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    founded(here);
    let mut acknowledged = Vec::new();
    let mut killed = 0_u32;
    for round in 0..60_u64 {
        let title = format!("item {round}");
        let mut child = Command::new(program())
            .current_dir(here)
            .args(["--ledger", "L", "--key", "ben", "item", "--unit", "toc", "--title", &title, "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(round.wrapping_mul(0x9e37_79b9) % 14_000 + 500));
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        killed += u32::from(!output.status.success());
        if let Ok(answer) = serde_json::from_slice::<serde_json::Value>(&output.stdout) {
            acknowledged.push(answer["event"].as_str().unwrap().to_owned());
        }
    }
    let _ = expect(here, 0, &["--ledger", "L", "--key", "ben", "item", "--unit", "toc", "--title", "the last one"]);
    let log = json(here, &["--ledger", "L", "log", "--act", "item"]);
    let there: Vec<&str> = log.as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap()).collect();
    for event in &acknowledged {
        assert!(there.contains(&event.as_str()), "acknowledged and lost: {event}");
    }
    assert_eq!(json(here, &["--ledger", "L", "audit"])["outcome"], "valid");
    println!("{killed} of 60 killed, {} acknowledged, {} in the log", acknowledged.len(), there.len());
    assert!(killed > 0, "nothing was killed, so nothing was tested");
}

/// A full disk is an answer, and what was there before stays there.
#[test]
fn a_full_disk_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = expect(here, 0, &["--ledger", "L", "init", "--charter", "steward", "--rehearsal", "--name", "x"]);
    let before = json(here, &["--ledger", "L", "status"]);
    let line = |n: u32| {
        format!(
            "{{\"time\":\"2020-01-01T00:00:00Z\",\"change\":\"grant\",\"person\":\"p{n}\",\"body\":\"a/b\",\"role\":\"r\"}}\n"
        )
    };
    std::fs::write(here.join("in"), (0..12_000).map(line).collect::<String>()).unwrap();
    // A limit on the size of files is the disk that is full for one process; the signal it sends is ignored.
    let limited = format!("ulimit -f 1500; trap '' XFSZ; exec {} --ledger L import in", program().display());
    let output = Command::new("bash").current_dir(here).args(["-c", &limited]).output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{talk}");
    assert!(talk.contains("may or may not have happened"), "{talk}");
    let after = json(here, &["--ledger", "L", "status"]);
    assert_eq!(after, before);
    assert_eq!(json(here, &["--ledger", "L", "audit"])["outcome"], "valid");
    let _ = expect(here, 0, &["--ledger", "L", "import", "in"]);
    assert_eq!(json(here, &["--ledger", "L", "audit"])["outcome"], "valid");
}

/// The disk that becomes full in the middle of a play: every act that was answered is in the log, and the play tells why it ended.
#[test]
fn a_play_on_a_full_disk_answers_for_what_is_kept_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = expect(here, 0, &["--ledger", "L", "init", "--charter", "steward", "--rehearsal", "--name", "x"]);
    let by = json(here, &["--ledger", "L", "log"])[0]["by"].as_str().unwrap().to_owned();
    let line = |n: u32| format!("{{\"by\":\"{by}\",\"act\":\"profile\",\"digest\":\"{n:064x}\"}}\n");
    std::fs::write(here.join("acts"), (0..20_000).map(line).collect::<String>()).unwrap();
    for file in ["acts", "pipe"] {
        // Whoever writes to a pipe goes on whatever the answers.
        let fed = if file == "pipe" { "mkfifo pipe; cat acts > pipe & " } else { "" };
        let limited =
            format!("{fed}ulimit -f 6000; trap '' XFSZ; exec {} --ledger L rehearse {file}", program().display());
        let output = Command::new("bash").current_dir(here).args(["-c", &limited]).output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{talk}");
        assert!(talk.contains("may or may not have happened"), "{talk}");
        let answers = String::from_utf8_lossy(&output.stdout).into_owned();
        let answered: Vec<&str> =
            answers.lines().filter_map(|line| line.split_once("  accepted  ")).map(|(_, e)| e).collect();
        let log = json(here, &["--ledger", "L", "log", "--act", "profile"]);
        let there: std::collections::BTreeSet<&str> =
            log.as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap()).collect();
        let lost = answered.iter().filter(|event| !there.contains(**event)).count();
        assert_eq!(lost, 0, "of {} answered", answered.len());
        // With a file some were answered before the disk was full.
        assert!(file == "pipe" || 1_024 <= answered.len(), "{}", answered.len());
        assert_eq!(json(here, &["--ledger", "L", "audit"])["outcome"], "valid");
    }
}
