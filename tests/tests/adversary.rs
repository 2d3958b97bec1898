//! What somebody with the file, or the store, could do to a log: every bit of a small ledger, the structure, the tree
//! recomputed by a cheating operator, and raw damage to the database file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use rollcall_core::audit::{Auditor, Level, Report};
use rollcall_core::charter::Charter;
use rollcall_core::digest::{EventId, LedgerId, TreeHash};
use rollcall_core::ledger::{Ledger, rehearsal_founding};
use rollcall_core::state::view::Wanted;
use rollcall_core::tree::{Head, Node, Tree};
use rollcall_storage::audit::{KeptHead, audit};
use rollcall_storage::memory::MemoryStore;
use rollcall_storage::redb::RedbStore;
use rollcall_storage::{AppendError, Batch, Projections, Store, StoreError};
use rollcall_tests::{expect, json, on_every_core, rehearse, rollcall};
use serde_json::{Value, json};

/// A store whose answers can be changed one by one.
#[derive(Clone)]
struct Tampered {
    head: Head,
    entries: Vec<Vec<u8>>,
    nodes: BTreeMap<(u8, u64), TreeHash>,
    positions: BTreeMap<EventId, u64>,
    projections: Projections,
    rows_size: Option<u64>,
    rows: BTreeMap<(u8, Vec<u8>), Vec<u8>>,
}

impl Store for Tampered {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.head)
    }
    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        let at = |index: u64| usize::try_from(index).unwrap().min(self.entries.len());
        Ok(self.entries[at(range.start)..at(range.end)].to_vec())
    }
    fn node(&self, level: u8, index: u64) -> Result<Option<TreeHash>, StoreError> {
        Ok(self.nodes.get(&(level, index)).copied())
    }
    fn position(&self, event: &EventId) -> Result<Option<u64>, StoreError> {
        Ok(self.positions.get(event).copied())
    }
    fn positions_of(&self, beginning: &[u8]) -> Result<Vec<(EventId, u64)>, StoreError> {
        let found = self.positions.iter().filter(|(event, _)| event.as_bytes().starts_with(beginning));
        Ok(found.map(|(event, index)| (*event, *index)).collect())
    }
    fn projections(&self) -> Result<Projections, StoreError> {
        Ok(self.projections.clone())
    }
    fn rows_size(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.rows_size)
    }
    fn rows(&self, wanted: &Wanted, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        let on_shelf = self.rows.range((wanted.shelf, wanted.beginning.clone())..);
        let found =
            on_shelf.take_while(|((shelf, key), _)| *shelf == wanted.shelf && key.starts_with(&wanted.beginning));
        found.for_each(|((_, key), value)| each(key, value));
        Ok(())
    }
    fn append(&mut self, _: &Head, _: &Head, _: &Batch) -> Result<(), AppendError> {
        unreachable!("the audit does not write")
    }
}

impl Tampered {
    /// The tree, nodes and head that a cheating operator computes over the entries at hand.
    fn recompute(&mut self) {
        let mut tree = Tree::default();
        self.nodes.clear();
        self.positions.clear();
        for (bytes, index) in self.entries.iter().zip(0..) {
            self.nodes.extend(tree.push(bytes).into_iter().map(|Node { level, index, hash }| ((level, index), hash)));
            let entry = rollcall_core::entry::Entry::decode(bytes).unwrap();
            self.positions.insert(entry.event.id(), index);
        }
        self.head = tree.head();
        // A whole replay of what he serves gives him matching projections as well, where one is possible.
        let mut ledger = Ledger::default();
        if self.entries.iter().all(|bytes| ledger.replay(bytes).is_ok()) {
            self.projections = Projections::of(ledger.state());
            let rows = ledger.state().rows();
            self.rows = rows.into_iter().map(|row| ((row.shelf, row.key), row.value.unwrap())).collect();
            self.rows_size = Some(self.head.size);
        }
    }
}

fn full(store: &(impl Store + Sync), ledger: LedgerId, kept: &[KeptHead]) -> Report {
    audit(store, Auditor::new(Level::Full, Some(ledger)), kept, |_| {}).unwrap()
}

fn acts() -> Vec<Value> {
    let at = |time: &str, by: &str, act: &str, fields: Value| {
        let mut object = json!({"at": time, "by": by, "act": act});
        object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        object
    };
    let (t0, t1, t2) = ("2026-03-02T01:00:00Z", "2026-03-03T01:00:00Z", "2026-03-09T12:00:00Z");
    let members = ["ann", "ben", "cho"];
    let mut acts: Vec<Value> = members.iter().map(|m| at(t0, m, "enrol", json!({}))).collect();
    acts.insert(0, at(t0, "root", "found", json!({"charter": "small.toml"})));
    acts.extend(members.iter().map(|m| {
        at(
            t0,
            "root",
            "appoint",
            json!({"unit": "toc", "role": if *m == "ann" { "chair" } else { "member" }, "person": m}),
        )
    }));
    acts.push(at(t0, "root", "constitute", json!({"unit": "toc", "members": members})));
    let notice = json!({"unit": "toc", "kind": "regular", "starts": t2, "place": "x", "mode": "remote", "agenda": ["a"], "references": "none", "id": "m"});
    acts.push(at(t1, "ann", "notice", notice));
    acts.extend(members.iter().map(|m| at(t2, m, "check-in", json!({"meeting": "@m"}))));
    acts.push(at(t2, "ann", "open", json!({"meeting": "@m"})));
    let motion =
        json!({"meeting": "@m", "unit": "toc", "title": "a", "effect": {"kind": "resolve", "text": "b"}, "id": "o"});
    acts.push(at(t2, "ben", "move", motion));
    acts.push(at(t2, "ann", "open-vote", json!({"motion": "@o", "id": "v"})));
    acts.extend(members.iter().map(|m| at(t2, m, "vote", json!({"vote": "@v", "choice": "for"}))));
    acts.push(at(t2, "cho", "close-vote", json!({"vote": "@v"})));
    acts
}

/// The charter with its rules and without its words and benefits: every bit of the log is flipped, and words are many bits.
fn wordless() -> String {
    let charter = Charter::preset("greatsql").unwrap();
    let (rules, clauses) = charter.split_once("[clause]").unwrap();
    let ids = clauses.lines().filter_map(|line| line.split_once(" = ")).map(|(id, _)| format!("{id} = \"x\"\n"));
    let rules = rules.split("[[interpretation]]").next().unwrap();
    let (head, tail) = rules.split_once("[unit.project.benefit]").unwrap();
    let (_, tail) = tail.split_once("[unit.pmc]").unwrap();
    format!("{head}[unit.pmc]{tail}[clause]\n{}", ids.collect::<String>())
}

/// Plays the acts under the wordless charter.
fn rehearsed(here: &Path) -> Vec<Value> {
    std::fs::write(here.join("small.toml"), wordless()).unwrap();
    rehearse(here, &acts())
}

fn small() -> (Tampered, LedgerId) {
    let folder = tempfile::tempdir().unwrap();
    let answers = rehearsed(folder.path());
    assert!(answers.iter().all(|answer| answer["outcome"] == "accepted"), "{answers:?}");
    let store = RedbStore::read(&folder.path().join("play.ledger")).unwrap();
    let head = store.head().unwrap();
    let entries = store.entries(0..head.size).unwrap();
    let mut tree = Tree::default();
    let mut ledger = Ledger::default();
    let mut tampered = Tampered {
        head,
        nodes: BTreeMap::new(),
        positions: BTreeMap::new(),
        projections: store.projections().unwrap(),
        rows_size: store.rows_size().unwrap(),
        rows: BTreeMap::new(),
        entries: entries.clone(),
    };
    for shelf in 0..=u8::MAX {
        let all = Wanted { shelf, beginning: Vec::new() };
        let mut keep = |key: &[u8], value: &[u8]| drop(tampered.rows.insert((shelf, key.to_vec()), value.to_vec()));
        store.rows(&all, &mut keep).unwrap();
    }
    for (bytes, index) in entries.iter().zip(0..) {
        for Node { level, index, hash } in tree.push(bytes) {
            assert_eq!(store.node(level, index).unwrap(), Some(hash));
            tampered.nodes.insert((level, index), hash);
        }
        tampered.positions.insert(ledger.replay(bytes).unwrap().event, index);
    }
    let id = ledger.state().founding().unwrap().ledger;
    assert!(full(&tampered, id, &[]).is_valid());
    (tampered, id)
}

/// Every bit of every entry: one in thirty-one is judged at the full level, the others at the level that reads framing and
/// tree. By a multiple of eight it would be the same bit of its byte each time.
#[test]
fn any_flipped_bit_of_any_entry_is_found_and_named() {
    let (store, id) = small();
    let places =
        |(index, entry): (usize, &Vec<u8>)| (0..entry.len()).map(move |byte| (index, byte)).collect::<Vec<_>>();
    let bytes: Vec<(usize, usize)> = store.entries.iter().enumerate().flat_map(places).collect();
    on_every_core(bytes.len(), |number| {
        let (index, byte) = bytes[number];
        let mut bad = store.clone();
        for bit in 0..8 {
            bad.entries[index][byte] ^= 1 << bit;
            let level = if (8 * number + bit) % 31 == 0 { Level::Full } else { Level::Log };
            let report = audit(&bad, Auditor::new(level, Some(id)), &[], |_| {}).unwrap();
            let named = report.violations.iter().any(|v| v.entry == Some(index as u64) && !v.what.is_empty());
            assert!(named, "entry {index} byte {byte} bit {bit}: {:?}", report.violations);
            bad.entries[index][byte] ^= 1 << bit;
        }
    });
    println!("{} flips over {} entries", 8 * bytes.len(), store.entries.len());
}

#[test]
fn any_flipped_bit_of_any_node_head_or_projection_is_found() {
    let (store, id) = small();
    for ((level, index), hash) in &store.nodes {
        for bit in 0..256_usize {
            let mut bytes = *hash.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut bad = store.clone();
            bad.nodes.insert((*level, *index), TreeHash::from_bytes(bytes));
            let report = audit(&bad, Auditor::new(Level::Log, Some(id)), &[], |_| {}).unwrap();
            let first = index << level;
            assert!(
                report.violations.iter().any(|v| v.entry == Some(first) && v.code.ends_with("-altered")),
                "{level} {index}"
            );
        }
    }
    for bit in 0..256_usize {
        let mut bytes = *store.head.root.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut bad = store.clone();
        bad.head.root = TreeHash::from_bytes(bytes);
        assert!(
            audit(&bad, Auditor::new(Level::Log, Some(id)), &[], |_| {})
                .unwrap()
                .violations
                .iter()
                .any(|v| v.code == "head-altered")
        );
    }
    for bit in 0..64 {
        let mut bad = store.clone();
        bad.head.size ^= 1 << bit;
        assert!(!audit(&bad, Auditor::new(Level::Log, Some(id)), &[], |_| {}).unwrap().is_valid(), "size bit {bit}");
    }
    for projection in 0..store.projections.digests.len() {
        let mut bad = store.clone();
        bad.projections.digests[projection].1[0] ^= 1;
        assert!(full(&bad, id, &[]).violations.iter().any(|v| v.code == "projection-altered"));
    }
    // Digests that are said to be of another size than theirs, or of none that the log has.
    for size in (0..store.head.size).chain([store.head.size + 1, u64::MAX]) {
        let mut bad = store.clone();
        bad.projections.size = size;
        let found = full(&bad, id, &[]).violations.iter().any(|v| v.code == "projection-altered");
        assert!(found, "{size}");
    }
    // Rows from which questions are answered: each changed, each removed, and one that nothing made.
    assert!(store.rows.len() > 20, "{}", store.rows.len());
    let altered = |bad: &Tampered| full(bad, id, &[]).violations.iter().any(|v| v.code == "projection-altered");
    for (key, value) in &store.rows {
        let mut bad = store.clone();
        bad.rows.remove(key);
        assert!(altered(&bad), "{key:?} removed");
        let mut changed = value.clone();
        changed.push(0);
        bad.rows.insert(key.clone(), changed);
        assert!(altered(&bad), "{key:?} changed");
        bad.rows.insert(key.clone(), value.clone());
        assert!(!altered(&bad));
        bad.rows.insert((key.0, [key.1.as_slice(), &[0]].concat()), value.clone());
        assert!(altered(&bad), "a row behind {key:?}");
    }
    let mut bad = store.clone();
    bad.nodes.remove(&(0, 3));
    bad.positions.clear();
    assert!(!full(&bad, id, &[]).is_valid());
}

/// The index tells whether an event is in the log: one that it finds elsewhere, or nowhere, is named by its entry, and so is one that
/// nobody has submitted, which would be refused as known.
#[test]
fn an_index_that_finds_anything_else_than_the_log_is_found() {
    let (store, id) = small();
    for level in [Level::Log, Level::Signatures, Level::Full] {
        let found = |bad: &Tampered| -> Vec<(Option<u64>, String)> {
            let report = audit(bad, Auditor::new(level, Some(id)), &[], |_| {}).unwrap();
            report.violations.iter().map(|v| (v.entry, v.code.clone())).collect()
        };
        let altered = |index: u64| vec![(Some(index), "index-altered".to_owned())];
        assert_eq!(found(&store), []);
        for (event, index) in &store.positions {
            let mut bad = store.clone();
            bad.positions.remove(event);
            assert_eq!(found(&bad), altered(*index), "{index} removed");
            bad.positions.insert(*event, index + 1);
            assert_eq!(found(&bad), altered(*index), "{index} moved");
        }
        for byte in [0, 0x7f, 0xff] {
            let mut bad = store.clone();
            bad.positions.insert(EventId::from_bytes([byte; 32]), 3);
            assert_eq!(found(&bad), [(None, "index-altered".to_owned())], "an event of nobody");
        }
        let mut bad = store.clone();
        bad.positions.clear();
        let all: Vec<_> = (0..store.head.size).flat_map(altered).collect();
        assert_eq!(found(&bad), all, "in the order of the log");
    }
}

#[test]
fn dropped_swapped_and_repeated_entries_are_found() {
    let (store, id) = small();
    for index in 0..store.entries.len() {
        let mut dropped = store.clone();
        dropped.entries.remove(index);
        let report = full(&dropped, id, &[]);
        assert!(
            report.violations.iter().any(|v| v.entry == Some(index as u64)),
            "dropped {index}: {:?}",
            report.violations
        );
        let mut repeated = store.clone();
        repeated.entries.insert(index, repeated.entries[index].clone());
        assert!(!full(&repeated, id, &[]).is_valid(), "repeated {index}");
        if index > 0 {
            let mut swapped = store.clone();
            swapped.entries.swap(index, index - 1);
            let report = full(&swapped, id, &[]);
            assert!(report.violations.iter().any(|v| v.entry == Some(index as u64 - 1)), "swapped {index}");
        }
    }
}

/// The operator removes one entry and computes tree, index, head and projections anew. What members saw later says no.
#[test]
fn a_cheating_operator_is_caught_by_the_heads_that_later_authors_saw() {
    let (store, id) = small();
    let last = store.entries.len() - 1;
    for index in 3..last {
        let mut cheated = store.clone();
        cheated.entries.remove(index);
        cheated.recompute();
        let report = full(&cheated, id, &[]);
        let codes: Vec<_> = report.violations.iter().map(|v| v.code.as_str()).collect();
        assert!(codes.iter().any(|code| ["seen-root-differs", "seen-beyond-log"].contains(code)), "{index}: {codes:?}");
        assert!(
            audit(&cheated, Auditor::new(Level::Signatures, Some(id)), &[], |_| {}).unwrap().is_valid(),
            "only the rules can tell"
        );
    }
    // The very last entry has no later author. Only a head that somebody kept tells.
    let mut cheated = store.clone();
    cheated.entries.pop();
    cheated.recompute();
    assert!(full(&cheated, id, &[]).is_valid());
    let kept = KeptHead { head: store.head, whose: "a member's copy".to_owned(), note: String::new() };
    let report = full(&cheated, id, &[kept]);
    assert_eq!(report.violations.iter().map(|v| v.code.as_str()).collect::<Vec<_>>(), ["log-truncated"]);
}

/// An operator who signs nothing cannot replace history by another founding: the ledger id says no.
#[test]
fn another_ledger_is_not_the_one_expected() {
    let (_, id) = small();
    let at = "2026-03-02T01:00:00Z".parse().unwrap();
    let text = rollcall_core::charter::Charter::preset("greatsql").unwrap();
    let mut ledger = Ledger::default();
    let mut batch = Batch::default();
    for event in rehearsal_founding("other", &["root".parse().unwrap()], 1, text, at).unwrap() {
        batch.push(ledger.admit(event, at).unwrap());
    }
    batch.projections = Some(Projections::of(ledger.state()).digests);
    let mut store = MemoryStore::default();
    store.append(&Head::empty(), &ledger.state().head(), &batch).unwrap();
    let report = full(&store, id, &[]);
    assert_eq!(report.violations[0].code, "wrong-ledger");
}

/// A kept head of another history, and `audit --head FILE` on the command line.
#[test]
fn a_head_kept_in_a_file_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = rehearsed(here);
    let _ = expect(here, 0, &["--ledger", "play.ledger", "head", "-o", "kept.head"]);
    let _ = expect(here, 0, &["--ledger", "play.ledger", "audit", "--head", "kept.head"]);
    let more = json!({"at": "2026-03-09T12:01:00Z", "by": "ann", "act": "enrol"}).to_string();
    std::fs::write(here.join("acts.jsonl"), more).unwrap();
    let _ = expect(here, 0, &["--ledger", "play.ledger", "audit", "--head", "kept.head"]);
    let text = std::fs::read_to_string(here.join("kept.head")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let forged = format!("{}\n{}\n{}\n", lines[0], lines[1], data_encoding::BASE64.encode(&[7; 32]));
    std::fs::write(here.join("forged.head"), forged).unwrap();
    let out = expect(here, 3, &["--ledger", "play.ledger", "audit", "--head", "forged.head", "--json"]);
    assert!(out.contains("head-differs"), "{out}");
    let longer = format!("{}\n{}\n{}\n", lines[0], 999, lines[2]);
    std::fs::write(here.join("longer.head"), longer).unwrap();
    assert!(
        expect(here, 3, &["--ledger", "play.ledger", "audit", "--head", "longer.head", "--json"])
            .contains("log-truncated")
    );
    std::fs::write(here.join("bad.head"), "x").unwrap();
    let _ = expect(here, 2, &["--ledger", "play.ledger", "audit", "--head", "bad.head"]);
    let zero = "0".repeat(64);
    let _ = expect(here, 3, &["--ledger", "play.ledger", "audit", "--ledger-id", &zero]);
}

/// Thousands of flipped bits in the database file itself: never a crash; invalid, unreadable, or valid with the same head.
#[test]
fn raw_damage_to_the_file_never_crashes() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = rehearsed(here);
    let good = std::fs::read(here.join("play.ledger")).unwrap();
    let store = RedbStore::read(&here.join("play.ledger")).unwrap();
    let head = store.head().unwrap();
    drop(store);
    let path = here.join("damaged.ledger");
    std::panic::set_hook(Box::new(|_| {}));
    let (mut valid, mut invalid, mut unreadable) = (0, 0, 0);
    let rounds = 3_000_u64;
    for round in 0..rounds {
        // Half of the flips fall anywhere, half where bytes stand.
        let mut at = usize::try_from(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8).unwrap() % good.len();
        if round % 2 == 0 {
            at = (at..good.len()).chain(0..at).find(|at| good[*at] != 0).unwrap();
        }
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (round % 8);
        std::fs::write(&path, &bytes).unwrap();
        match RedbStore::read(&path).and_then(|store| audit(&store, Auditor::new(Level::Full, None), &[], |_| {})) {
            Ok(report) if report.is_valid() => {
                assert_eq!(report.head, head, "byte {at}");
                valid += 1;
            }
            Ok(_) => invalid += 1,
            Err(_) => unreadable += 1,
        }
    }
    let _ = std::panic::take_hook();
    println!("{rounds} flips: {valid} valid with the same head, {invalid} invalid, {unreadable} unreadable");
    assert!(invalid + unreadable > 0);

    // And the program, on some of them: exit code 0, 3 or 4, nothing else.
    for at in (0..good.len()).step_by(good.len() / 60) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let output = rollcall(here, &["--ledger", "damaged.ledger", "audit", "--json"]);
        assert!(matches!(output.status.code(), Some(0 | 3 | 4)), "byte {at}: {output:?}");
        // A writer refuses a damaged file in words, and leaves it no worse than it found it.
        let written = rollcall(here, &["--ledger", "damaged.ledger", "--by", "zed", "enrol"]);
        assert!(matches!(written.status.code(), Some(0 | 3 | 4)), "byte {at}: {written:?}");
        assert!(!(written.stdout.is_empty() && written.stderr.is_empty()), "byte {at}: silence");
        let again = rollcall(here, &["--ledger", "damaged.ledger", "audit", "--json"]);
        assert_eq!(again.status.code(), output.status.code(), "byte {at}: {again:?}");
    }
    for length in [0, 1, 100, 4_096, good.len() / 2, good.len() - 1] {
        std::fs::write(&path, &good[..length]).unwrap();
        let output = rollcall(here, &["--ledger", "damaged.ledger", "audit", "--json"]);
        // Half of the file is room that redb keeps free: cutting that off may lose nothing.
        assert!(matches!(output.status.code(), Some(0 | 3 | 4)), "{length} bytes: {output:?}");
        if length < 8_192 {
            assert_ne!(output.status.code(), Some(0), "{length} bytes");
        }
    }
    let _ = json(here, &["--ledger", "play.ledger", "audit"]);
}
