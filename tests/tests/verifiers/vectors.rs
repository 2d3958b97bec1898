//! Golden files for verifiers in any language, under `tests/vectors`. They are made anew by
//! `ROLLCALL_UPDATE_VECTORS=1 cargo test -p rollcall-tests --test verifiers`; a change of an existing one is a change of the
//! format, and needs a page in `docs/decisions`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::cose::{self, Algorithm, Proven};
use rollcall_core::cosignature::cosign;
use rollcall_core::entry::Entry;
use rollcall_core::fork::Fork;
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::rehearsal_log_key;
use rollcall_core::proof::Proof;
use rollcall_core::receipt::Receipt;
use rollcall_core::tree::{Head, Tree};
use rollcall_storage::published::{publish_checkpoint, publish_tiles};
use rollcall_tests::node;
use serde_json::{Value, json};

use crate::attacks::{LAWFUL, NAME, ORIGIN, Small, bundle, framed, head_of, note};
use crate::own;

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Every file with its bytes, and the index that says what each is.
fn made() -> BTreeMap<String, Vec<u8>> {
    let small = Small::new();
    let ledger = small.ledger.to_string();
    let key = rehearsal_log_key(NAME);
    let mut files = BTreeMap::new();
    let mut judged = Vec::new();
    let mut add = |file: String, kind: &str, bytes: Vec<u8>, code: Option<String>| {
        let verdict = if code.is_some() { "invalid" } else { "valid" };
        let row = json!({"file": file, "kind": kind, "ledger": ledger, "verdict": verdict, "code": code});
        judged.push((row, file, bytes));
    };
    add("ledger.bundle".to_owned(), "bundle", bundle(&small.entries), None);
    let note = note(&small.entries);
    let text = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let witness = cosign(&text, 1_772_413_300, "witness.invalid/w", &SigningKey::from_seed(&[2; 32]));
    add("cosigned.bundle".to_owned(), "bundle", framed(&(note.clone() + &witness), &small.entries), None);
    add("unsigned.bundle".to_owned(), "bundle", framed(&(text + "\n"), &small.entries), None);
    for (name, bytes) in small.attacks() {
        if LAWFUL.contains(&name.as_str()) {
            add(format!("{}.bundle", slug(&name)), "bundle", bytes, None);
        } else {
            let code = own(&bytes, small.ledger);
            add(format!("invalid/{}.bundle", slug(&name)), "bundle", bytes, Some(code));
        }
    }

    let mut tree = Tree::default();
    small.entries.iter().for_each(|entry| drop(tree.push(entry)));
    let head = tree.head();
    for (number, entry) in (0..).zip(&small.entries) {
        let path = tree.inclusion(number, head.size).unwrap();
        let founding = small.entries[0].clone();
        let receipt = Receipt {
            founding,
            entry: entry.clone(),
            index: number,
            path: path.clone(),
            checkpoint: note.clone(),
            handovers: Vec::new(),
        };
        add(format!("entry-{number}.receipt"), "receipt", receipt.text().into_bytes(), None);
        if number == 4 {
            let moved = Receipt { index: 5, ..receipt.clone() };
            add(
                "invalid/another-index.receipt".to_owned(),
                "receipt",
                moved.text().into_bytes(),
                Some("not-included".to_owned()),
            );
            let other = Receipt { entry: small.entries[5].clone(), ..receipt };
            add(
                "invalid/another-entry.receipt".to_owned(),
                "receipt",
                other.text().into_bytes(),
                Some("not-included".to_owned()),
            );
        }
        let proof = Proof { extra: None, index: number, path: path.clone(), checkpoint: note.clone() };
        files.insert(format!("proofs/entry-{number}.tlog-proof"), proof.text().into_bytes());
        let event = Entry::decode(entry).unwrap().event;
        for (extension, algorithm) in [("cose", Algorithm::Ed25519), ("cose-eddsa", Algorithm::EdDsa)] {
            let proven = Proven::Inclusion { size: head.size, index: number, path: path.clone() };
            let receipt = cose::sign(proven, &head.root, (ORIGIN, &event.id().to_string()), algorithm, &key).unwrap();
            files.insert(format!("proofs/entry-{number}.{extension}"), receipt.encode());
        }
        files.insert(format!("entries/{number}.entry"), entry.clone());
        files.insert(format!("entries/{number}.event"), event.encode());
        files.insert(format!("entries/{number}.payload"), event.payload().to_vec());
    }
    for (name, ledger, bytes, code) in crate::time::cases() {
        let folder = if code == "valid" { "time" } else { "invalid/time" };
        let file = format!("{folder}/{}.bundle", slug(&name));
        let (verdict, code) = if code == "valid" { ("valid", None) } else { ("invalid", Some(code)) };
        let row =
            json!({"file": file, "kind": "bundle", "ledger": ledger.to_string(), "verdict": verdict, "code": code});
        judged.push((row, file, bytes));
    }
    let mut index = Vec::new();
    for (row, file, bytes) in judged {
        index.push(row);
        files.insert(file, bytes);
    }
    files.insert("fork".to_owned(), fork(&small, &tree, &note).text().into_bytes());
    published(&small, &tree, &note, &mut files);
    index.push(json!({"file": "published", "kind": "published", "ledger": ledger, "verdict": "valid", "code": null}));
    let facts = json!({
        "ledger": ledger,
        "origin": ORIGIN,
        "log_key": key.public().unwrap().to_string(),
        "heads": (0..=head.size).map(|size| tree.head_at(size).unwrap()).map(|head: Head| json!({"size": head.size, "root": head.root.to_string()})).collect::<Vec<_>>(),
        "consistency": (1..head.size).map(|old| json!({"old": old, "new": head.size, "proof": tree.consistency(old, head.size).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>()})).collect::<Vec<_>>(),
    });
    let pretty = |value: &Value| (serde_json::to_string_pretty(value).unwrap() + "\n").into_bytes();
    files.insert("facts.json".to_owned(), pretty(&facts));
    files.insert("index.json".to_owned(), pretty(&Value::Array(index)));
    files
}

/// Two histories of one log, both signed.
fn fork(small: &Small, tree: &Tree, note: &str) -> Fork {
    let mut other = small.entries.clone();
    other.swap(4, 5);
    other.truncate(6);
    let earlier = Checkpoint { origin: ORIGIN.to_owned(), head: head_of(&other) }.sign(&rehearsal_log_key(NAME));
    let (size, now) = (6, tree.size());
    Fork {
        implied: tree.head_at(size).unwrap().root,
        path: tree.consistency(size, now).unwrap(),
        earlier,
        later: note.to_owned(),
    }
}

fn published(small: &Small, tree: &Tree, note: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let at = |number: u64| usize::try_from(number).unwrap();
    let range = |range: std::ops::Range<u64>| Ok(small.entries[at(range.start)..at(range.end)].to_vec());
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), head: tree.head() };
    let _ = publish_tiles(tree, &checkpoint, range, folder.path(), |_| {}).unwrap();
    publish_checkpoint(note, folder.path()).unwrap();
    for path in ["checkpoint", "tile/0/000.p/7", "tile/entries/000.p/7"] {
        files.insert(format!("published/{path}"), std::fs::read(folder.path().join(path)).unwrap());
    }
}

#[test]
fn the_vectors_are_the_ones_that_are_kept() {
    let made = made();
    if std::env::var_os("ROLLCALL_UPDATE_VECTORS").is_some() {
        for (file, bytes) in &made {
            let path = home().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    for (file, bytes) in &made {
        let kept = std::fs::read(home().join(file)).unwrap_or_default();
        assert!(kept == *bytes, "tests/vectors/{file} is not what this build makes");
    }
}

/// The other verifier's verdict on every vector is the one that is written beside it.
#[test]
fn the_other_verifier_agrees_with_every_vector() {
    let index: Vec<Value> = serde_json::from_slice(&std::fs::read(home().join("index.json")).unwrap()).unwrap();
    let paths: Vec<PathBuf> = index.iter().map(|row| home().join(row["file"].as_str().unwrap())).collect();
    let Some(theirs) = node::answers(&paths, index[0]["ledger"].as_str().unwrap()) else { return };
    for (row, answer) in index.iter().zip(theirs) {
        assert_eq!(answer["outcome"], row["verdict"], "{row}\n{answer}");
        if row["kind"] == "bundle" {
            assert_eq!(answer["faults"][0]["code"], row["code"], "{row}\n{answer}");
        }
    }
}
