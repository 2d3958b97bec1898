//! Twenty thousand acts of two interleaved meetings a fortnight, by people with Chinese names: every line is answered, and
//! the audit of what was kept agrees.

use std::path::Path;

use rollcall_core::audit::{Auditor, Level, Report};
use rollcall_core::key::batch::BATCH_MAX;
use rollcall_storage::Store as _;
use rollcall_storage::audit::audit_bundle;
use rollcall_storage::redb::RedbStore;
use rollcall_tests::{expect, json};
use serde_json::{Value, json};

const FAMILY: [&str; 12] = ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙"];
const GIVEN: [&str; 4] = ["芳", "伟", "秀英", "敏"];
const ACTS: usize = 20_000;

struct Script {
    lines: Vec<Value>,
}

impl Script {
    fn act(&mut self, at: u64, by: &str, act: &str, fields: Value) {
        let at = rollcall_core::time::Timestamp::from_ms(at).unwrap().to_string();
        let mut object = json!({"at": at, "by": by, "act": act});
        object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.lines.push(object);
    }
}

fn script() -> Vec<Value> {
    let members: Vec<String> = FAMILY.iter().flat_map(|f| GIVEN.iter().map(move |g| format!("{f}{g}"))).collect();
    let members = &members[..21];
    let mut script = Script { lines: Vec::new() };
    let minute = 60_000;
    let mut day = 1_772_413_200_000; // 2026-03-02T01:00:00Z
    script.act(day, "root", "found", json!({"charter": "greatsql", "name": "二万"}));
    for (index, member) in members.iter().enumerate() {
        script.act(day, member, "enrol", json!({}));
        let role = if index == 0 { "chair" } else { "member" };
        script.act(day, "root", "appoint", json!({"unit": "toc", "role": role, "person": member}));
    }
    script.act(day, "root", "constitute", json!({"unit": "toc", "members": members}));
    for round in 0.. {
        if script.lines.len() >= ACTS {
            break;
        }
        let labels = [format!("m{round}a"), format!("m{round}b")];
        let starts = day + 8 * 86_400_000 + 11 * 3_600_000;
        for (label, kind) in labels.iter().zip(["regular", "extraordinary"]) {
            let text = rollcall_core::time::Timestamp::from_ms(starts).unwrap().to_string();
            let notice = json!({"unit": "toc", "kind": kind, "starts": text, "place": "线上", "mode": "remote", "agenda": ["议题"], "references": "none", "id": label});
            script.act(day + minute, &members[0], "notice", notice);
        }
        for member in members {
            for label in &labels {
                script.act(starts, member, "check-in", json!({"meeting": format!("@{label}")}));
            }
        }
        for label in &labels {
            script.act(starts, &members[0], "open", json!({"meeting": format!("@{label}")}));
        }
        for (label, vote) in labels.iter().zip(["va", "vb"]) {
            let (motion, vote) = (format!("{label}-o"), format!("{label}-{vote}"));
            let fields = json!({"meeting": format!("@{label}"), "unit": "toc", "title": "议题", "effect": {"kind": "resolve", "text": "同意"}, "id": motion});
            script.act(starts + minute, &members[1], "move", fields);
            script.act(starts + minute, &members[0], "open-vote", json!({"motion": format!("@{motion}"), "id": vote}));
        }
        for (index, member) in members.iter().enumerate() {
            let choice = ["for", "for", "against"][(index + round) % 3];
            script.act(
                starts + 2 * minute,
                member,
                "vote",
                json!({"vote": format!("@{}-va", labels[0]), "choice": choice}),
            );
            // The vote of an extraordinary meeting was never opened: this is refused, line by line.
            script.act(
                starts + 2 * minute,
                member,
                "vote",
                json!({"vote": format!("@{}-vb", labels[1]), "choice": choice}),
            );
        }
        script.act(starts + 3 * minute, &members[2], "close-vote", json!({"vote": format!("@{}-va", labels[0])}));
        for label in &labels {
            script.act(starts + 4 * minute, &members[0], "adjourn", json!({"meeting": format!("@{label}")}));
        }
        day += 14 * 86_400_000;
    }
    script.lines.truncate(ACTS);
    script.lines
}

#[test]
fn twenty_thousand_acts_are_each_answered_and_the_audit_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let lines = script();
    assert_eq!(lines.len(), ACTS);
    let answers = rollcall_tests::rehearse(here, &lines);
    assert_eq!(answers.len(), ACTS);
    let mut accepted = 0;
    for (number, (line, answer)) in (1..).zip(lines.iter().zip(&answers)) {
        assert_eq!(answer["line"], number);
        let to_extraordinary = line["vote"].as_str().is_some_and(|vote| vote.ends_with("-vb"))
            || line["act"] == "open-vote" && line["motion"].as_str().is_some_and(|motion| motion.ends_with("b-o"));
        let expected = if to_extraordinary { "refused" } else { "accepted" };
        assert_eq!(answer["outcome"], expected, "line {number}: {line} {answer}");
        accepted += u64::from(expected == "accepted");
    }
    let audit = json(here, &["--ledger", "play.ledger", "audit"]);
    // Besides what was played, the charter's parts and the founder's confirmation.
    let text = rollcall_core::charter::Charter::preset("greatsql").unwrap();
    let founding = rollcall_core::ledger::parts(text).len() as u64 + 1;
    assert_eq!((&audit["outcome"], audit["size"].as_u64()), (&json!("valid"), Some(accepted + founding)));
    let motions = json(here, &["--ledger", "play.ledger", "motion"]);
    for motion in motions.as_array().unwrap().iter().filter(|motion| !motion["closed"].is_null()) {
        assert_eq!((&motion["tally"]["for"], &motion["outcome"]), (&json!(14), &json!("passed")), "{motion}");
    }
    let _ = expect(here, 0, &["--ledger", "play.ledger", "replay"]);
    println!("{accepted} of {ACTS} accepted");
    assert!(rollcall_tests::views::agree(&here.join("play.ledger")) > 1);
    acts_without_a_replay(here);
    every_core_finds_what_one_pass_finds(here);
}

/// A long ledger is not replayed for an act: it is judged on the rows that it needs, and its rows are those that its entries make.
fn acts_without_a_replay(here: &Path) {
    let on = |args: &[&str]| expect(here, 0, &[&["--ledger", "play.ledger"], args].concat());
    let before = json(here, &["--ledger", "play.ledger", "status"])["size"].as_u64().unwrap();
    for number in 0..3 {
        let digest = format!("{number:02x}").repeat(32);
        let told = on(&["profile", "--by", "王芳", "--digest", &digest, "--dry-run"]);
        assert!(told.contains(&format!("would be accepted as entry {}", before + number)), "{told}");
        let told = on(&["profile", "--by", "王芳", "--digest", &digest]);
        assert!(told.contains("accepted"), "{told}");
    }

    let _ = expect(here, 1, &["--ledger", "play.ledger", "enrol", "--by", "王芳"]);
    let told = json(here, &["--ledger", "play.ledger", "replay"]);
    assert_eq!((&told["entries"], &told["differing_rows"]), (&json!(before + 3), &json!([])), "{told}");
    assert_eq!(json(here, &["--ledger", "play.ledger", "audit"])["outcome"], "valid");
}

/// Entries that are prepared ahead on every core get the verdicts that they get one after the other, and the entry at fault
/// is named, wherever in a chunk it stands.
fn every_core_finds_what_one_pass_finds(here: &Path) {
    let store = RedbStore::read(&here.join("play.ledger")).unwrap();
    let head = store.head().unwrap();
    let entries = store.entries(0..head.size).unwrap();
    assert!(entries.len() > 3 * BATCH_MAX, "{}", entries.len());
    let found = |report: &Report| -> Vec<(Option<u64>, String)> {
        let at_entries = report.violations.iter().filter(|violation| violation.entry.is_some());
        at_entries.map(|violation| (violation.entry, violation.code.clone())).collect()
    };
    let last = entries.len() - 1;
    for (level, at, harm) in [
        (Level::Full, None, 0),
        (Level::Signatures, Some(BATCH_MAX), 40),
        (Level::Full, Some(2 * BATCH_MAX - 1), 40),
        (Level::Signatures, Some(last), 70),
        (Level::Log, Some(9), usize::MAX),
        (Level::Full, Some(3 * BATCH_MAX + 5), usize::MAX),
    ] {
        let mut entries = entries.clone();
        if let Some(at) = at {
            // The last 64 bytes are the signature; `usize::MAX` breaks the frame itself.
            let bytes = &mut entries[at];
            let place = if harm == usize::MAX { 0 } else { bytes.len() - 1 - harm % 64 };
            bytes[place] ^= 1;
        }
        let mut single = Auditor::new(level, None);
        for bytes in &entries {
            let _ = single.entry(bytes);
        }
        let mut bundle = rollcall_core::bundle::preamble("of nobody\n\n");
        for bytes in &entries {
            bundle.extend(rollcall_core::tiles::frame(bytes));
        }
        let piped = audit_bundle(&bundle, Auditor::new(level, None), &[], |_| {});
        let (one, many) = (found(&single.finish(&head)), found(&piped));
        assert_eq!(one, many, "{level:?} {at:?}");
        let named: Vec<u64> = many.iter().filter_map(|(entry, _)| *entry).collect();
        assert_eq!(named, at.map(|at| at as u64).into_iter().collect::<Vec<_>>(), "{level:?} {at:?}: {many:?}");
    }
}
