//! The fuzz targets begin from a ledger in the middle of its life and from one payload of each act in it; both are kept in
//! `tests/fuzz` and must be what this code reads. `ROLLCALL_UPDATE_DOCS=1` writes them anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rollcall_core::entry::Entry;
use rollcall_core::event::Payload;
use rollcall_core::ledger::Ledger;
use rollcall_storage::Store;
use rollcall_storage::redb::RedbStore;
use rollcall_tests::community::meeting;
use serde_json::json;

fn fuzz(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// A committee with a project, its first Maintainer, an organisation, a contribution, an application and an open vote.
fn entries() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut script = meeting(&["Found", "Removal of bob"]);
    let first =
        json!({"kind": "found-unit", "unit": "project/greatsql", "first": ["maintainer: wen", "reviewer: vic"]});
    script.decide("o", "m", "Found", &first, &["alice", "bob", "carol"]);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    script.act("zed", "found-unit", &json!({"unit": "project/greatsql", "kind": "project", "basis": "@o"}));
    script.time("2026-03-10T00:00:00Z");
    for (person, account) in [("wen", 1), ("zed", 2)] {
        let claim = json!({"id": person, "forge": "gitee", "account": account, "login": person});
        script.act(person, "claim-account", &claim);
        script.act("root", "verify-account", &json!({"event": format!("@{person}")}));
    }
    script.act("zed", "offer-key", &json!({"id": "k", "signed_by": "zed-new", "label": "new"}));
    script.act("zed", "bind-key", &json!({"event": "@k"}));
    script.act("zed", "veto-key", &json!({"event": "@k", "reason": "x"}));
    script.act("zed", "offer-key", &json!({"id": "k2", "signed_by": "zed-more", "purpose": "recovery"}));
    script.act("root", "endorse", &json!({"event": "@k2"}));
    script.act("zed", "veto-key", &json!({"event": "@k2", "reason": "x"}));
    script.act("root", "settle-key", &json!({"event": "@k2", "ruling": "dismiss"}));
    script.act("vic", "revoke-key", &json!({"public_key": "test:vic", "reason": "x", "since": "2026-03-09T12:00:00Z"}));
    script.act("zed", "profile", &json!({"digest": "ab".repeat(32)}));
    script.act("zed", "erase", &json!({"digest": "ab".repeat(32), "reason": "x"}));
    script.act("root", "enrol-people", &json!({"people": ["ann"], "keys": ["test:ann"]}));
    script.act("zed", "organisation", &json!({"organisation": "acme", "name": "Acme"}));
    script.act("zed", "represent", &json!({"organisation": "acme", "person": "vic"}));
    let merged = json!({"id": "c", "unit": "project/greatsql", "person": "zed", "forge": "gitee", "repository": "g/g", "number": 1, "account": 2, "merged": "2026-03-01T00:00:00Z"});
    script.act("zed", "contribution", &merged);
    script.act("wen", "attest", &json!({"event": "@c", "criterion": "important", "note": "x"}));
    script.act("zed", "apply", &json!({"id": "a", "unit": "project/greatsql", "role": "contributor"}));
    script.act(
        "wen",
        "grant",
        &json!({"unit": "project/greatsql", "role": "contributor", "person": "zed", "basis": "@a"}),
    );
    script.act("wen", "consent", &json!({"unit": "project/greatsql", "role": "maintainer", "listing": "given"}));
    script.act("wen", "claim", &json!({"unit": "project/greatsql", "benefit": "maintainer-set"}));
    script.act("zed", "record", &json!({"unit": "toc", "kind": "merit", "person": "bob", "statement": "x"}));
    script.act("alice", "notice", &json!({"id": "m2", "unit": "toc", "kind": "regular", "starts": "2026-03-16T12:00:00Z", "place": "x", "mode": "remote", "agenda": ["x"], "references": "none"}));
    script.act(
        "alice",
        "deliver",
        &json!({"meeting": "@m2", "archive": "https://lists.example.org/1", "time": "2026-03-10T00:00:00Z"}),
    );
    script.time("2026-03-16T12:00:00Z");
    script.all(&["alice", "bob", "carol"], "check-in", &json!({"meeting": "@m2"}));
    script.act("alice", "open", &json!({"meeting": "@m2"}));
    script.act(
        "bob",
        "move",
        &json!({"id": "p", "meeting": "@m2", "unit": "toc", "title": "x", "effect": {"kind": "resolve", "text": "x"}}),
    );
    script.act("alice", "open-vote", &json!({"id": "vp", "motion": "@p"}));
    script.act("alice", "spoken", &json!({"vote": "@vp", "person": "carol", "choice": "for"}));
    script.act("bob", "vote", &json!({"vote": "@vp", "choice": "for"}));
    script.play(folder.path());
    let store = RedbStore::read(&folder.path().join("play.ledger")).unwrap();
    store.entries(0..store.head().unwrap().size).unwrap()
}

#[test]
fn the_ledger_of_the_fuzz_targets_replays() {
    if std::env::var_os("ROLLCALL_UPDATE_DOCS").is_some() {
        let mut ledger = Vec::new();
        let mut payloads: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for entry in entries() {
            ledger.extend(u32::try_from(entry.len()).unwrap().to_be_bytes());
            ledger.extend(&entry);
            let payload = Entry::decode(&entry).unwrap().event.payload().to_vec();
            let act = Payload::decode(&payload).unwrap().act.tag().to_owned();
            if !matches!(act.as_str(), "found" | "charter-part") {
                payloads.insert(act, [&[1][..], &payload].concat());
            }
        }
        std::fs::write(fuzz("ledger.bin"), ledger).unwrap();
        for (act, payload) in payloads {
            std::fs::write(fuzz("corpus/admit").join(act), payload).unwrap();
        }
    }
    let bytes = std::fs::read(fuzz("ledger.bin")).unwrap();
    let (mut rest, mut ledger, mut acts) = (bytes.as_slice(), Ledger::default(), 0);
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (entry, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        ledger.replay(entry).unwrap();
        rest = tail;
        acts += 1;
    }
    assert!(40 < acts, "{acts} entries");
    for file in std::fs::read_dir(fuzz("corpus/admit")).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(Payload::decode(&bytes[1..]).is_ok(), "{} is no payload", path.display());
    }
}
