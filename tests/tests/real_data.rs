//! Seven years of a real community's role changes go in, and its rosters come out exactly as its own files had them.

use std::collections::BTreeSet;

use rollcall_tests::{expect, json, shared};
use serde_json::Value;

fn lines(path: &std::path::Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_golden_rosters_come_out_of_the_imported_history() {
    let Some(data) = shared("data") else { return };
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let file = |name: &str| data.join(name).display().to_string();
    let (changes, bodies) = (file("openeuler-sigs.changes.jsonl"), file("openeuler-sigs.bodies.jsonl"));
    let _ = expect(here, 0, &["--ledger", "L", "init", "--charter", "steward", "--rehearsal", "--name", "openEuler"]);
    let imported = json(here, &["--ledger", "L", "import", &changes, &bodies]);
    let source: usize = [&changes, &bodies].iter().map(|path| lines(path.as_ref()).len()).sum();
    assert_eq!(imported["added"], source);

    let golden = lines(&data.join("openeuler-sigs.golden.jsonl"));
    for roster in &golden {
        let at = roster["as_of"].as_str().unwrap();
        let found = json(here, &["--ledger", "L", "roster", "--at", at]);
        assert_eq!(found["units"], roster["bodies"], "at {at}");
        let people: BTreeSet<&str> = found["units"].as_object().unwrap().values().flat_map(people).collect();
        assert_eq!(people.len() as u64, roster["people"].as_u64().unwrap(), "people at {at}");
    }
    assert_eq!(golden.len(), 5);

    assert_eq!(json(here, &["--ledger", "L", "audit"])["outcome"], "valid");
    assert_eq!(json(here, &["--ledger", "L", "replay"])["same"], true);

    // The same bytes again add nothing, in whatever order the files are named.
    let again = json(here, &["--ledger", "L", "import", &bodies, &changes]);
    assert_eq!((again["added"].as_u64(), again["already_there"].as_u64()), (Some(0), Some(source as u64)));
    assert_eq!(again["root"], imported["root"]);

    // A source that grew adds what is new; the evidence is kept with each line.
    let log = json(here, &["--ledger", "L", "log", "--last", "1"]);
    assert_eq!(log[0]["act"], "import");
    assert!(log[0]["evidence"].as_str().unwrap().contains("\"seq\""), "{log}");
}

fn people(roles: &Value) -> impl Iterator<Item = &str> {
    roles
        .as_object()
        .unwrap()
        .values()
        .flat_map(|holders| holders.as_array().unwrap().iter().map(|h| h.as_str().unwrap()))
}

#[test]
fn a_malformed_line_is_named_and_nothing_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = expect(here, 0, &["--ledger", "L", "init", "--charter", "steward", "--rehearsal", "--name", "x"]);
    let before = json(here, &["--ledger", "L", "status"]);
    let good = r#"{"time":"2020-01-01T00:00:00Z","change":"grant","person":"a","body":"sig/x","role":"lead"}"#;
    let cases = [
        ("{", 2, "not JSON"),
        ("[]", 2, "not a JSON object"),
        (r#"{"change":"grant","person":"b","body":"sig/x","role":"lead"}"#, 2, "`time` is missing"),
        (r#"{"time":"yesterday","change":"grant","person":"b","body":"sig/x","role":"lead"}"#, 2, "RFC 3339"),
        (
            r#"{"time":"2020-01-02T00:00:00Z","change":"promote","person":"b","body":"sig/x","role":"lead"}"#,
            2,
            "promote",
        ),
        (
            r#"{"time":"2020-01-02T00:00:00Z","change":"grant","person":"b b","body":"sig/x","role":"lead"}"#,
            2,
            "U+0020",
        ),
        (r#"{"time":"2020-01-02T00:00:00Z","change":"grant","body":"sig/x","role":"lead"}"#, 2, "needs `person`"),
        (
            r#"{"time":"2019-01-02T00:00:00Z","change":"grant","person":"b","body":"sig/x","role":"lead"}"#,
            2,
            "time goes back",
        ),
        (
            r#"{"time":"2020-01-02T00:00:00Z","change":"revoke","person":"b","body":"sig/x","role":"lead"}"#,
            1,
            "does not hold",
        ),
        (r#"{"time":"2020-01-02T00:00:00Z","change":"grant","person":"a","body":"sig/x","role":"lead"}"#, 1, "held"),
        (r#"{"time":"2020-01-02T00:00:00Z","change":"dissolve","body":"sig/y"}"#, 1, "no unit"),
    ];
    for (bad, code, word) in cases {
        std::fs::write(here.join("in.jsonl"), format!("{good}\n{bad}\n")).unwrap();
        let output = rollcall_tests::rollcall(here, &["--ledger", "L", "import", "in.jsonl"]);
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{bad}\n{talk}");
        assert!(talk.contains("in.jsonl, line 2") && talk.contains(word), "{bad}\n{talk}");
        assert_eq!(json(here, &["--ledger", "L", "status"]), before, "{bad}");
    }
}

/// Everything at one instant: creations first, then role changes, then dissolutions; a body comes back; roles hold spaces.
#[test]
fn one_instant_and_several_files_fall_into_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let t = |day: u32| format!("2020-01-{day:02}T00:00:00Z");
    let role = |day: u32, change: &str, person: &str, role: &str| {
        format!(
            r#"{{"time":"{}","change":"{change}","person":"{person}","body":"小组/甲","role":"{role}","pr":null}}"#,
            t(day)
        )
    };
    let body = |day: u32, change: &str| format!(r#"{{"time":"{}","change":"{change}","body":"小组/甲"}}"#, t(day));
    let roles = [
        role(1, "grant", "王芳", "repository admin"),
        role(1, "grant", "bob", "lead"),
        role(2, "revoke", "bob", "lead"),
        role(2, "grant", "bob", "lead"),
        role(4, "grant", "bob", "lead"),
    ];
    let bodies = [body(1, "create"), body(3, "dissolve"), body(4, "create")];
    std::fs::write(here.join("a"), roles.join("\n")).unwrap();
    std::fs::write(here.join("b"), bodies.join("\n") + "\n").unwrap();
    let _ = expect(here, 0, &["--ledger", "L", "init", "--charter", "steward", "--rehearsal", "--name", "x"]);
    let _ = expect(here, 0, &["--ledger", "L", "import", "a", "b"]);
    let at = |time: &str| json(here, &["--ledger", "L", "roster", "--at", time])["units"].clone();
    let both = serde_json::json!({"小组/甲": {"lead": ["bob"], "repository admin": ["王芳"]}});
    assert_eq!(at("2019-12-31T23:59:59.999Z"), serde_json::json!({}));
    assert_eq!(at(&t(1)), both);
    assert_eq!(at(&t(2)), both, "left and came back at one instant");
    assert_eq!(at(&t(3)), serde_json::json!({}), "a dissolution ends what remains");
    assert_eq!(at(&t(4)), serde_json::json!({"小组/甲": {"lead": ["bob"]}}));
    // What the ledger knew is another question than what was so.
    let known = json(here, &["--ledger", "L", "roster", "--as-of", "3", "--at", &t(4)]);
    assert_eq!(known["units"], serde_json::json!({}));
}
