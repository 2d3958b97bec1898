//! Adoption by a community that already lives: its holders come in asserted, claim their seats, and the bodies are
//! constituted (G18); people without an account or a key stay visible and without a vote.

use rollcall_tests::community::Script;
use rollcall_tests::{expect, json, rehearse, rollcall};
use serde_json::json;

const PEOPLE: &str = "\
{\"time\":\"2022-01-01T00:00:00Z\",\"change\":\"grant\",\"body\":\"toc\",\"role\":\"chair\",\"person\":\"alice\"}
{\"time\":\"2022-01-01T00:00:00Z\",\"change\":\"grant\",\"body\":\"toc\",\"role\":\"member\",\"person\":\"bob\"}
{\"time\":\"2022-01-01T00:00:00Z\",\"change\":\"grant\",\"body\":\"toc\",\"role\":\"member\",\"person\":\"carol\"}
{\"time\":\"2022-01-01T00:00:00Z\",\"change\":\"grant\",\"body\":\"toc\",\"role\":\"member\",\"person\":\"gone\"}
{\"time\":\"2022-02-01T00:00:00Z\",\"change\":\"create\",\"body\":\"project/greatsql\"}
{\"time\":\"2022-02-01T00:00:00Z\",\"change\":\"grant\",\"body\":\"project/greatsql\",\"role\":\"maintainer\",\"person\":\"wen\"}
";

#[test]
fn a_living_community_is_founded_with_its_people() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("people.jsonl"), PEOPLE).unwrap();
    let init = [
        "--ledger",
        "play.ledger",
        "init",
        "--charter",
        "greatsql",
        "--rehearsal",
        "--name",
        "GreatSQL",
        "--authority",
        "root",
        "--import",
        "people.jsonl",
        "--at",
        "2026-03-01T00:00:00Z",
    ];
    let founded = json(here, &init);
    assert_eq!((&founded["outcome"], &founded["import"]["added"]), (&json!("founded"), &json!(6)));
    let roster = expect(here, 0, &["--ledger", "play.ledger", "roster"]);
    assert!(roster.contains("maintainer: wen (asserted)"), "{roster}");

    let imports = json(here, &["--ledger", "play.ledger", "log"]);
    let event = |person: &str| {
        let row =
            imports.as_array().unwrap().iter().find(|row| row["act"] == "import" && row["person"] == person).unwrap();
        row["event"].as_str().unwrap().to_owned()
    };
    let mut script = Script::at("2026-03-02T00:00:00Z");
    for person in ["alice", "bob", "carol", "wen"] {
        script.act(person, "enrol", &json!({"id": format!("key-{person}")}));
        script.act("root", "endorse", &json!({"event": format!("@key-{person}")}));
        script.act(person, "accept", &json!({"event": event(person)}));
    }
    let count = script.lines().len();
    script.act("root", "constitute", &json!({"unit": "toc", "members": ["bob", "carol"]}));
    script.act("root", "constitute", &json!({"unit": "toc", "members": ["alice", "bob", "carol"]}));
    script.act(
        "root",
        "constitute",
        &json!({"unit": "toc", "members": ["alice", "bob", "carol"], "left_out": ["gone"]}),
    );
    script.act(
        "root",
        "import",
        &json!({"change": "grant", "body": "toc", "person": "late", "role": "member", "time": "2022-03-01T00:00:00Z"}),
    );
    let answers = rehearse(here, script.lines());
    assert!(answers[..count].iter().all(|answer| answer["outcome"] == "accepted"), "{answers:?}");
    let codes: Vec<&str> =
        answers[count..].iter().map(|answer| answer["code"].as_str().unwrap_or("accepted")).collect();
    assert_eq!(codes, ["too-few-members", "left-out-missing", "accepted", "no-path"]);
    // An imported committee is declared able to act in the same way, and then decides by its own rule.
    let mut committee = Script::at("2026-03-03T00:00:00Z");
    for person in ["yan", "zoe", "wen"] {
        let role = if person == "yan" { "chair" } else { "member" };
        committee.act("root", "import", &json!({"id": person, "change": "grant", "body": "pmc/greatsql", "person": person, "role": role, "time": "2026-03-02T00:00:00Z"}));
    }
    for person in ["yan", "zoe"] {
        committee.act(person, "enrol", &json!({"id": format!("key-{person}")}));
        committee.act("root", "endorse", &json!({"event": format!("@key-{person}")}));
    }
    for person in ["yan", "zoe", "wen"] {
        committee.act(person, "accept", &json!({"event": format!("@{person}")}));
    }
    committee.act("root", "constitute", &json!({"unit": "pmc/greatsql", "members": ["yan", "zoe", "wen"]}));
    committee.act(
        "zoe",
        "move",
        &json!({"unit": "pmc/greatsql", "title": "x", "effect": {"kind": "found-unit", "unit": "sig/Docs"}}),
    );
    committee.play(here);
    let quorum = json(here, &["--ledger", "play.ledger", "meeting", "quorum", "--if", "alice,bob"]);
    assert_eq!((&quorum["in_office"], &quorum["holds"]), (&json!(3), &json!(true)), "the asserted one is outside N");
    assert_eq!(json(here, &["--ledger", "play.ledger", "audit"])["outcome"], "valid");
}

/// A founding whose import does not fit leaves nothing behind.
#[test]
fn a_founding_with_a_broken_import_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let init = |file: &str| {
        rollcall(
            here,
            &["--ledger", "L", "init", "--rehearsal", "--name", "x", "--authority", "root", "--import", file],
        )
    };
    for (text, code) in
        [(PEOPLE.replace("chair", "king"), 1), (PEOPLE.replace("\"change\":\"create\"", "\"change\":\"make\""), 2)]
    {
        std::fs::write(here.join("bad.jsonl"), text).unwrap();
        let output = init("bad.jsonl");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains("line"), "{said}");
        assert!(!here.join("L").exists() && !here.join("L.log-key").exists(), "{said}");
    }
    assert_eq!(init("missing.jsonl").status.code(), Some(4));
    assert!(!here.join("L").exists());
}
