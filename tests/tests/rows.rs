//! Rows of the state: stored in one layout until its name changes; where they are wrong, what is wrong is said, and they are made
//! anew from the entries.

use std::path::Path;

use rollcall_core::bundle;
use rollcall_core::ledger::Ledger;
use rollcall_core::state::view::{LAYOUT, Row, Wanted};
use rollcall_core::tiles;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{Batch, Rows, Store};
use rollcall_tests::{expect, json, rehearse, rollcall};
use serde_json::json;
use sha2::{Digest, Sha256};

/// SHA-256 of every row of the ledger among the vectors. Rows of another hash are another layout: give it another name.
const FROZEN: (&[u8], &str) = (b"rollcall rows v3", "ecd9cafa4de4f0798ff9f5c6d7635586a6632693c045231e21b375773742024f");

#[test]
fn rows_change_their_layout_only_with_its_name() {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/ledger.bundle")).unwrap();
    let (_, framed) = bundle::open(&bytes).unwrap();
    let mut ledger = Ledger::default();
    for entry in tiles::entries(framed).unwrap() {
        let _ = ledger.replay(&entry).unwrap();
    }
    let mut hash = Sha256::new();
    for Row { shelf, key, value } in ledger.state().rows() {
        let value = value.unwrap();
        hash.update([shelf]);
        hash.update((key.len() as u64).to_be_bytes());
        hash.update(&key);
        hash.update((value.len() as u64).to_be_bytes());
        hash.update(&value);
    }
    assert_eq!((LAYOUT, hex::encode(hash.finalize()).as_str()), FROZEN);
}

fn rehearsed(here: &Path) {
    let act = |by: &str, act: &str, fields: serde_json::Value| {
        let mut line = json!({"at": "2026-03-02T01:00:00Z", "by": by, "act": act});
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        line
    };
    let lines = [
        act("root", "found", json!({"charter": "greatsql"})),
        act("ann", "enrol", json!({})),
        act("ben", "enrol", json!({})),
        act("root", "appoint", json!({"unit": "toc", "role": "chair", "person": "ann"})),
        act("root", "appoint", json!({"unit": "toc", "role": "member", "person": "ben"})),
    ];
    assert!(rehearse(here, &lines).iter().all(|answer| answer["outcome"] == "accepted"));
}

/// Changes stored rows as somebody could who has the file.
fn tamper(here: &Path, rows: Vec<Row>) {
    let mut store = RedbStore::open(&here.join("play.ledger"), "the test").unwrap();
    let head = store.head().unwrap();
    store.append(&head, &head, &Batch { rows: Rows::Changed(rows), ..Batch::default() }).unwrap();
}

fn stored(here: &Path) -> Vec<Row> {
    let store = RedbStore::read(&here.join("play.ledger")).unwrap();
    let mut rows = Vec::new();
    for shelf in 0..=u8::MAX {
        let all = Wanted { shelf, beginning: Vec::new() };
        let mut keep =
            |key: &[u8], value: &[u8]| rows.push(Row { shelf, key: key.to_vec(), value: Some(value.to_vec()) });
        store.rows(&all, &mut keep).unwrap();
    }
    rows
}

#[test]
fn a_row_that_cannot_be_read_is_said_and_the_entries_answer() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rehearsed(here);
    let asked = ["--ledger", "play.ledger", "why", "ann", "chair", "--in", "toc"];
    let before = rollcall(here, &asked);
    assert!(before.status.success() && before.stderr.is_empty());
    let broken = stored(here).into_iter().map(|row| Row { value: Some(vec![0xff; 3]), ..row });
    tamper(here, broken.collect());
    let after = rollcall(here, &asked);
    assert_eq!(after.stdout, before.stdout);
    let said = String::from_utf8_lossy(&after.stderr).into_owned();
    assert!(said.contains("cannot be read") && said.contains("hint: rollcall --ledger play.ledger audit"), "{said}");
}

#[test]
fn rows_that_are_wrong_are_found_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rehearsed(here);
    let rows = stored(here);
    let asked = ["--ledger", "play.ledger", "roster", "--unit", "toc"];
    let before = expect(here, 0, &asked);
    assert!(before.contains("ann") && before.contains("ben"));
    // Ben's tenure is gone from the rows, and only from them.
    let tenure = rows.iter().find(|row| row.key.starts_with(b"toc\0member\0ben\0")).unwrap();
    tamper(here, vec![Row { value: None, ..tenure.clone() }]);
    assert!(!expect(here, 0, &asked).contains("ben"), "questions trust the rows");
    let replayed = [&asked[..], &["--replay"]].concat();
    assert_eq!(expect(here, 0, &replayed), before, "and do not when they are told not to");
    let audit = expect(here, 3, &["--ledger", "play.ledger", "audit", "--json"]);
    assert!(audit.contains("projection-altered"), "{audit}");
    let differs = expect(here, 3, &["--ledger", "play.ledger", "replay"]);
    assert!(differs.contains("rollcall --ledger play.ledger replay --rebuild"), "{differs}");
    let rebuilt = json(here, &["--ledger", "play.ledger", "replay", "--rebuild"]);
    assert_eq!(rebuilt["rows"], rows.len());
    assert_eq!(stored(here), rows);
    assert_eq!(expect(here, 0, &asked), before);
    let _ = expect(here, 0, &["--ledger", "play.ledger", "replay"]);
    let _ = expect(here, 0, &["--ledger", "play.ledger", "audit"]);
}

/// A build that knows nothing of rows leaves them behind; what is asked then is answered from the entries, and the next act writes them.
#[test]
fn rows_that_were_left_behind_answer_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rehearsed(here);
    let path = here.join("play.ledger");
    let mut store = RedbStore::open(&path, "an older build").unwrap();
    let head = store.head().unwrap();
    let mut ledger = Ledger::default();
    for bytes in store.entries(0..head.size).unwrap() {
        let _ = ledger.replay(&bytes).unwrap();
    }
    let by = "ben".parse().unwrap();
    let act =
        rollcall_core::act::Act::Profile(rollcall_core::act::Profile { digest: "ab".repeat(32).parse().unwrap() });
    let at = ledger.state().last_at();
    let payload = rollcall_core::event::Payload { header: ledger.header(&by, &act, at), act };
    let key = rollcall_core::key::SigningKey::rehearsal(&by);
    let event = rollcall_core::event::SignedEvent::sign(payload.encode().unwrap(), &key).unwrap();
    let mut batch = Batch::default();
    batch.push(ledger.admit(event, at).unwrap());
    batch.projections = Some(rollcall_storage::Projections::of(ledger.state()).digests);
    store.append(&head, &ledger.state().head(), &batch).unwrap();
    drop(store);
    let answered = rollcall(here, &["--ledger", "play.ledger", "log", "--person", "ben", "--json"]);
    let entries: serde_json::Value = serde_json::from_slice(&answered.stdout).unwrap();
    assert_eq!(entries.as_array().unwrap().last().unwrap()["act"], "profile");
    let said = String::from_utf8_lossy(&answered.stderr).into_owned();
    assert!(
        said.contains("every entry is asked instead")
            && said.contains("rollcall --ledger play.ledger replay --rebuild"),
        "{said}"
    );
    let told = expect(here, 0, &["--ledger", "play.ledger", "replay"]);
    assert!(told.contains("not of this head"), "{told}");
    let _ = expect(here, 0, &["--ledger", "play.ledger", "audit"]);
    let digest = "cd".repeat(32);
    let _ = expect(here, 0, &["--ledger", "play.ledger", "profile", "--by", "ann", "--digest", &digest]);
    let told = json(here, &["--ledger", "play.ledger", "replay"]);
    assert_eq!(told["differing_rows"], json!([]));
    assert!(rollcall_tests::views::agree(&path) > 1);
}
