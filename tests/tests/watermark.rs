//! What an audit remembers: the next one judges only what is new and says the same; where what is remembered does not fit, that is said
//! and everything is judged again.

use std::fs;
use std::path::{Path, PathBuf};

use rollcall_core::state::view::Row;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Batch, Rows, Store};
use rollcall_tests::{expect, json, rehearse};
use serde_json::{Value, json};

/// Entries of the play, beyond the 1,024 from which on an audit remembers by itself.
const ACTS: usize = 1_100;

/// An audit, and one that goes on from nothing.
const AUDIT: [&str; 3] = ["--ledger", "play.ledger", "audit"];
const AGAIN: [&str; 4] = ["--ledger", "play.ledger", "audit", "--from-scratch"];

/// A ledger whose people are busy with profiles, which anybody may change at any time.
fn played(here: &Path, from: usize, count: usize) {
    let act = |by: &str, act: &str, fields: Value| {
        let mut line = json!({"at": "2026-03-02T01:00:00Z", "by": by, "act": act});
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        line
    };
    let mut lines = Vec::new();
    if from == 0 {
        lines.push(act("root", "found", json!({"charter": "greatsql"})));
        lines.push(act("ann", "enrol", json!({})));
    }
    lines.extend((from..from + count).map(|n| act("ann", "profile", json!({"digest": format!("{n:064x}")}))));
    assert!(rehearse(here, &lines).iter().all(|answer| answer["outcome"] == "accepted"));
}

/// What an audit says, but for how it came to say it.
fn verdict(mut told: Value) -> Value {
    let told = told.as_object_mut().unwrap();
    told.remove("judged_before");
    told.remove("notes");
    Value::Object(told.clone())
}

fn notes(told: &Value) -> String {
    told["notes"].to_string()
}

/// The folder in which the audits of these tests remember.
fn remembered(here: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(here.join(".state/rollcall/audits")).into_iter().flatten();
    let mut paths: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_next_audit_judges_what_is_new_and_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    played(here, 0, ACTS);
    let first = json(here, &AUDIT);
    assert_eq!((&first["outcome"], &first["judged_before"]), (&json!("valid"), &json!(0)));
    assert_eq!(remembered(here).len(), 2, "a watermark and its snapshot");
    let second = json(here, &AUDIT);
    assert_eq!(second["judged_before"], first["size"]);
    assert_eq!(verdict(second), verdict(json(here, &AGAIN)));
    // Of a log that has grown, only what is new is judged.
    played(here, ACTS, 40);
    let grown = json(here, &AUDIT);
    assert_eq!(grown["judged_before"], first["size"]);
    assert_eq!(grown["size"], json!(first["size"].as_u64().unwrap() + 40));
    assert_eq!(verdict(grown), verdict(json(here, &AGAIN)));
    let lower = json(here, &["--ledger", "play.ledger", "audit", "--level", "signatures"]);
    assert_eq!(lower["judged_before"], lower["size"], "who has judged everything has verified signatures");
    let _ = json(here, &["--ledger", "play.ledger", "audit", "--level", "signatures", "--from-scratch"]);
    assert_eq!(json(here, &AUDIT)["judged_before"], lower["size"], "a lower level takes the place of no higher one");
    // The same log, published and bundled, is the same history.
    let _ = expect(here, 0, &["--ledger", "play.ledger", "bundle", "--output", "play.bundle"]);
    let bundled = json(here, &["audit", "play.bundle"]);
    assert_eq!((&bundled["judged_before"], &bundled["outcome"]), (&lower["size"], &json!("valid")));
}

#[test]
fn a_log_that_has_become_short_and_a_mark_of_another_ledger_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    played(here, 0, 100);
    fs::copy(here.join("play.ledger"), here.join("short.ledger")).unwrap();
    played(here, 100, ACTS);
    let named = [&AUDIT[..], &["--resume", "mark"]].concat();
    let known = json(here, &named);
    let _ = json(here, &AUDIT);
    // Rolled back to less than anybody would begin to remember.
    fs::copy(here.join("short.ledger"), here.join("play.ledger")).unwrap();
    let told = json(here, &AUDIT);
    assert!(notes(&told).contains("entries, and had 1205 when it was audited before"), "{told}");
    assert_eq!(failed(here, &named)["outcome"], "invalid");
    // A first entry that is another one founds another ledger than the one whose audit is named.
    let mark = fs::read_to_string(here.join("mark")).unwrap();
    let other = mark.replace(known["ledger"].as_str().unwrap(), &"a7".repeat(32));
    fs::write(here.join("mark"), &other).unwrap();
    let told = failed(here, &named);
    assert_eq!(told["violations"][0]["code"], "wrong-ledger", "{told}");
    assert!(notes(&told).contains("the file of --resume remembers"), "{told}");
    assert_eq!(fs::read_to_string(here.join("mark")).unwrap(), other, "nothing is remembered of it");
}

#[test]
fn what_is_remembered_hides_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    played(here, 0, ACTS);
    let _ = json(here, &AUDIT);
    // A byte below the watermark: the digest of the five hundredth profile stands in its payload and nowhere else.
    let ledger = here.join("play.ledger");
    let whole = fs::read(&ledger).unwrap();
    let field = [b"fdigestX ".as_slice(), &[0; 30], &500_u16.to_be_bytes()].concat();
    let place = whole.windows(field.len()).position(|bytes| bytes == field).unwrap();
    flip(&ledger, place + field.len() - 1);
    let (told, scratch) = (failed(here, &AUDIT), failed(here, &AGAIN));
    assert_eq!(verdict(told.clone()), verdict(scratch));
    assert_eq!(told["violations"][0]["code"], "bad-signature");
    assert!(notes(&told).contains("this is not the history that was audited before"), "{told}");
    // What was remembered of the sound log is still there for it.
    fs::write(&ledger, &whole).unwrap();
    assert_eq!(json(here, &AUDIT)["judged_before"], json!(ACTS + 5));
    // A row that the entries do not make, and a digest that the store has stated of a state far below.
    let append = |batch: Batch| {
        let mut store = RedbStore::open(&ledger, "the test").unwrap();
        let head = store.head().unwrap();
        store.append(&head, &head, &batch).unwrap();
    };
    let row = Row { shelf: 12, key: b"somebody\0".to_vec(), value: Some(b"\x03ann".to_vec()) };
    append(Batch { rows: Rows::Changed(vec![row]), ..Batch::default() });
    let (told, scratch) = (failed(here, &AUDIT), failed(here, &AGAIN));
    assert_eq!(told["judged_before"], json!(ACTS + 5));
    assert_eq!(
        (&told["violations"][0]["code"], verdict(told.clone())),
        (&json!("projection-altered"), verdict(scratch))
    );
    fs::write(&ledger, &whole).unwrap();
    append(Batch { projections: Some(vec![("history".to_owned(), [7; 32])]), ..Batch::default() });
    let (told, scratch) = (failed(here, &AUDIT), failed(here, &AGAIN));
    assert_eq!(
        (&told["violations"][0]["code"], verdict(told.clone())),
        (&json!("projection-altered"), verdict(scratch))
    );
}

#[test]
fn another_copy_does_not_take_the_place_of_what_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    played(here, 0, ACTS);
    let _ = fs::copy(here.join("play.ledger"), here.join("short.ledger")).unwrap();
    played(here, ACTS, 20);
    let _ = expect(here, 0, &["--ledger", "play.ledger", "bundle", "--output", "play.bundle"]);
    // What a bundle's audit remembers says nothing of what a store has stated, so the store's first audit is whole.
    let bundled = json(here, &["audit", "play.bundle"]);
    let first = json(here, &["audit", "play.ledger"]);
    assert_eq!((&first["judged_before"], &first["outcome"]), (&json!(0), &json!("valid")));
    assert!(notes(&first).contains("does not say which projections this ledger file had stated then"), "{first}");
    let short = json(here, &["audit", "short.ledger"]);
    assert_eq!((&short["judged_before"], &short["outcome"]), (&json!(0), &json!("valid")));
    assert!(notes(&short).contains("and had 1125 when it was audited before"), "{short}");
    assert!(notes(&short).contains("what is remembered is of more entries, and stays"), "{short}");
    assert_eq!(json(here, &["audit", "play.bundle"])["judged_before"], bundled["size"]);
}

#[test]
fn a_snapshot_that_disagrees_is_discarded_and_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    played(here, 0, ACTS);
    let sound = json(here, &AUDIT);
    let [watermark, snapshot] = <[PathBuf; 2]>::try_from(remembered(here)).unwrap();
    let (kept, bytes) = (fs::read_to_string(&watermark).unwrap(), fs::read(&snapshot).unwrap());
    for place in [0, 9, bytes.len() / 2, bytes.len() - 1] {
        flip(&snapshot, place);
        let told = json(here, &AUDIT);
        assert_eq!(told["judged_before"], 0);
        assert!(notes(&told).contains("was not used"), "{told}");
        assert_eq!(verdict(told), verdict(sound.clone()));
        assert!(fs::read(&snapshot).unwrap() == bytes, "it is made again, the same");
    }
    fs::write(&snapshot, &bytes[..bytes.len() / 2]).unwrap();
    assert!(notes(&json(here, &AUDIT)).contains("was not used"));
    fs::remove_file(&snapshot).unwrap();
    assert!(notes(&json(here, &AUDIT)).contains("was not used"));
    // Another build may judge otherwise: its word is not taken, and nothing is wrong with it.
    let mut lines: Vec<String> = kept.lines().map(str::to_owned).collect();
    lines[1] = "0".repeat(64);
    fs::write(&watermark, lines.join("\n") + "\n").unwrap();
    let told = json(here, &AUDIT);
    assert_eq!((&told["judged_before"], &told["notes"]), (&json!(0), &sound["notes"]));
    // A watermark of another size than its snapshot, one of none, an empty snapshot, a pipe in its place: all that is wrong is said.
    for size in ["0", "1024"] {
        let text = kept.replace(&format!("\n{}\n", sound["size"]), &format!("\n{size}\n"));
        assert_ne!(text, kept);
        fs::write(&watermark, text).unwrap();
        let told = json(here, &AUDIT);
        assert_eq!((&told["judged_before"], &told["outcome"]), (&json!(0), &json!("valid")), "{told}");
        assert!(notes(&told).contains("judged from the beginning"), "{told}");
        let _ = json(here, &["--ledger", "play.ledger", "audit", "--from-scratch"]);
        fs::remove_file(&watermark).unwrap();
        let _ = json(here, &AUDIT);
    }
    fs::write(&snapshot, "").unwrap();
    assert!(notes(&json(here, &AUDIT)).contains("was not used"));
    assert_eq!(json(here, &AUDIT)["judged_before"], sound["size"]);
    fs::remove_file(&snapshot).unwrap();
    fs::create_dir(&snapshot).unwrap();
    assert!(notes(&json(here, &AUDIT)).contains("it is not a file"));
    fs::remove_dir(&snapshot).unwrap();
    let _ = json(here, &AUDIT);
    // What is no watermark in one's own folder keeps nobody from a verdict.
    fs::write(&watermark, "a diary\n").unwrap();
    let told = json(here, &AUDIT);
    assert!(notes(&told).contains("not what an audit remembers"), "{told}");
    assert_eq!(json(here, &AUDIT)["judged_before"], sound["size"]);
}

#[test]
fn a_short_log_is_remembered_only_where_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    played(here, 0, 10);
    let _ = json(here, &["--ledger", "play.ledger", "audit"]);
    assert_eq!(remembered(here), Vec::<PathBuf>::new());
    let named = ["--ledger", "play.ledger", "audit", "--resume", "seen"];
    let first = json(here, &named);
    assert_eq!(json(here, &named)["judged_before"], first["size"]);
    // A head that somebody has named a file for is kept, whichever build has judged it: a log without it is not valid.
    fs::remove_file(here.join("play.ledger")).unwrap();
    played(here, 0, 9);
    let kept = fs::read_to_string(here.join("seen")).unwrap();
    let other = kept.replacen(kept.lines().nth(1).unwrap(), &"0".repeat(64), 1);
    let scratch = [&named[..], &["--from-scratch"]].concat();
    for (args, text) in [(&named[..], &kept), (&scratch, &kept), (&named, &other)] {
        fs::write(here.join("seen"), text).unwrap();
        let told = failed(here, args);
        assert_eq!(told["violations"][0]["code"], "log-truncated");
        assert_eq!(fs::read_to_string(here.join("seen")).unwrap(), *text);
    }
}

#[test]
fn no_file_of_somebody_elses_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    played(here, 0, 10);
    let audit = |file| ["--ledger", "play.ledger", "audit", "--resume", file, "--from-scratch"];
    for (name, text) in [("diary", "one\n"), ("seven", "1\n2\n3\n4\n5\n6\n7\n"), ("six", "1\n2\n3\n4\n5\n6\n")] {
        fs::write(here.join(name), text).unwrap();
        let _ = expect(here, 2, &audit(name));
        assert_eq!(fs::read_to_string(here.join(name)).unwrap(), text);
    }
    // A pipe, which is not waited for.
    assert!(std::process::Command::new("mkfifo").arg(here.join("pipe")).status().unwrap().success());
    let _ = expect(here, 2, &audit("pipe"));
    let whole = fs::read(here.join("play.ledger")).unwrap();
    let _ = expect(here, 2, &audit("play.ledger"));
    assert!(fs::read(here.join("play.ledger")).unwrap() == whole);
    // What cannot be written is said beside the verdict, and by the exit code.
    let told = expect(here, 4, &audit("nowhere/seen"));
    assert!(
        told.starts_with("valid: ") && told.contains("what was audited cannot be remembered: nowhere/seen: "),
        "{told}"
    );
    fs::write(here.join("seen.snapshot"), "holiday").unwrap();
    let _ = expect(here, 2, &audit("seen"));
    assert_eq!(fs::read_to_string(here.join("seen.snapshot")).unwrap(), "holiday");
}

/// What an audit of an invalid log says.
fn failed(here: &Path, args: &[&str]) -> Value {
    let told = expect(here, 3, &[args, &["--json"]].concat());
    serde_json::from_str(&told).unwrap()
}
