//! Amendment by motion (G1, traps D1 to D4): judged by the old text, in force after adjournment, open votes unaffected,
//! what is entrenched only with the authority's signatures, and the log before it read as it always was.

use rollcall_core::charter::Charter;
use rollcall_tests::community::{Script, meeting};
use rollcall_tests::{json, rehearse};
use serde_json::{Value, json};

const THREE: [&str; 3] = ["alice", "bob", "carol"];

fn draft(change: impl Fn(&str) -> String) -> (String, String) {
    let text = change(Charter::preset("greatsql").unwrap());
    let digest = Charter::compile(&text).unwrap().digest().to_string();
    (text, digest)
}

/// The committee decides by more than half of all members, and presence no longer matters.
fn lowered() -> (String, String) {
    let general = "[unit.toc.decision.resolution]\nclause = \"TOC-26\"\nvenue = { meeting = \"regular\", clause = \"TOC-23\" }\npass = [\n  { at_least = \"2/3\", of = \"present\", clause = \"TOC-26\" },\n";
    draft(|text| {
        let lowered = text.replacen(
            general,
            &general.replace("  { at_least = \"2/3\", of = \"present\", clause = \"TOC-26\" },\n", ""),
            1,
        );
        assert_ne!(lowered, text);
        lowered
    })
}

fn base() -> String {
    Charter::compile(Charter::preset("greatsql").unwrap()).unwrap().digest().to_string()
}

fn submit(script: &mut Script, by: &str, text: &str, digest: &str) {
    for (part, text) in rollcall_core::ledger::parts(text).into_iter().enumerate() {
        script.act(by, "charter-part", &json!({"draft": digest, "part": part, "text": text}));
    }
}

fn amendment(digest: &str) -> Value {
    json!({"kind": "amend", "charter_digest": digest, "base": base()})
}

fn told(answer: &Value) -> String {
    match answer["outcome"].as_str() {
        Some("refused") => format!("{} {}", answer["code"].as_str().unwrap(), answer["clause"].as_str().unwrap()),
        other => other.unwrap().to_owned(),
    }
}

/// Scenario 6: two thirds lowered while a vote is open. Two of three present is two thirds; of five, three are more than
/// half and short of two thirds.
#[test]
fn an_open_vote_keeps_the_charter_it_was_put_under() {
    let (text, digest) = lowered();
    let mut script = meeting(&["Amend TOC-26", &digest]);
    submit(&mut script, "zed", &text, &digest);
    script.act("alice", "move", &json!({"id": "before", "meeting": "@m", "unit": "toc", "title": "Before", "effect": {"kind": "resolve", "text": "x"}}));
    script.act("alice", "open-vote", &json!({"id": "vb", "motion": "@before"}));
    script.all(&["alice"], "vote", &json!({"vote": "@vb", "choice": "for"}));
    script.decide("a", "m", "Amend TOC-26", &amendment(&digest), &THREE);
    let early = json!({"basis": "@a"});
    let folder = tempfile::tempdir().unwrap();
    script.play(folder.path());
    let before = json(folder.path(), &["--ledger", "play.ledger", "replay"]);

    let mut later = Script::at("2026-03-09T13:00:00Z");
    later.act("zed", "amend", &early);
    let event = |label: &str| {
        let rows = json(folder.path(), &["--ledger", "play.ledger", "motion"]);
        rows.as_array().unwrap().iter().find(|row| row["title"] == label).unwrap().clone()
    };
    let amend = event("Amend TOC-26")["motion"].as_str().unwrap().to_owned();
    let open = event("Before")["vote"].as_str().unwrap().to_owned();
    let meeting = event("Before")["meeting"].as_str().unwrap().to_owned();
    let mut later = Script::at("2026-03-09T13:00:00Z");
    later.act("zed", "amend", &json!({"basis": amend}));
    later.act("bob", "vote", &json!({"vote": open, "choice": "against"}));
    later.act("carol", "vote", &json!({"vote": open, "choice": "against"}));
    later.act("alice", "close-vote", &json!({"vote": open, "outcome": "passed"}));
    later.act("alice", "close-vote", &json!({"vote": open, "outcome": "failed"}));
    later.act("alice", "adjourn", &json!({"meeting": meeting}));
    later.act("zed", "amend", &json!({"basis": amend}));
    later.act("zed", "amend", &json!({"basis": amend}));
    let answers: Vec<String> = rehearse(folder.path(), later.lines()).iter().map(told).collect();
    let expected = [
        "basis-not-due G1",
        "accepted",
        "accepted",
        "outcome-differs TOC-26",
        "accepted",
        "accepted",
        "accepted",
        "basis-used format/basis",
    ];
    assert_eq!(answers, expected);

    let charter = json(folder.path(), &["--ledger", "play.ledger", "charter"]);
    assert_eq!(charter["digest"], digest.as_str());
    assert_eq!(event("Before")["charter"], base().as_str(), "the motion keeps its charter");
    // The old log's digests are those that it had: everything before the amendment replays to the same books.
    let size = before["entries"].as_u64().unwrap();
    let as_of = json(folder.path(), &["--ledger", "play.ledger", "roster", "--as-of", &size.to_string()]);
    assert_eq!(as_of["entries"], size);
    let audit = json(folder.path(), &["--ledger", "play.ledger", "audit"]);
    assert_eq!(audit["outcome"], "valid", "{audit}");
}

#[test]
fn what_is_entrenched_needs_the_authoritys_signature() {
    // The committee would admit its own members: TOC-13 no longer reserves that to the authority.
    let (text, digest) = draft(|text| text.replace("unanswered_days = 180", "unanswered_days = 30"));
    let mut script = meeting(&["Shorten", &digest]);
    submit(&mut script, "zed", &text, &digest);
    script.decide("a", "m", "Shorten", &amendment(&digest), &THREE);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    let count = script.lines().len();
    script.act("zed", "amend", &json!({"basis": "@a"}));
    script.act("bob", "endorse", &json!({"event": "@a"}));
    script.act("root", "endorse", &json!({"event": "@a"}));
    script.act("root", "endorse", &json!({"event": "@a"}));
    script.act("zed", "amend", &json!({"basis": "@a"}));
    let folder = tempfile::tempdir().unwrap();
    let answers = rehearse(folder.path(), script.lines());
    let last: Vec<String> = answers[count..].iter().map(told).collect();
    assert_eq!(last, ["entrenched G3", "not-authority G3", "accepted", "already-endorsed G3", "accepted"]);
}

#[test]
fn an_amendment_without_its_text_or_for_another_base_is_refused() {
    let (text, digest) = lowered();
    let (other, second) = draft(|text| text.replace("grace_minutes = { value = 15", "grace_minutes = { value = 20"));
    let zero = "0".repeat(64);
    let put = |effect: &Value| json!({"meeting": "@m", "unit": "toc", "title": "Amend", "effect": effect});
    let mut script = meeting(&["Amend", "Second", &digest, &second]);
    let count = script.lines().len();
    script.act("alice", "move", &put(&amendment(&digest)));
    submit(&mut script, "zed", &text, &digest);
    submit(&mut script, "wen", &other, &second);
    let parts = script.lines().len() - 1 - count;
    script.act("zed", "charter-part", &json!({"draft": zero, "part": 1, "text": "x"}));
    script.act("alice", "move", &put(&json!({"kind": "amend", "charter_digest": digest, "base": zero})));
    script.act(
        "alice",
        "move",
        &json!({"id": "unlisted", "meeting": "@m", "unit": "toc", "title": "Quietly", "effect": amendment(&digest)}),
    );
    script.act("alice", "open-vote", &json!({"motion": "@unlisted"}));
    script.act("bob", "charter-part", &json!({"part": 0, "text": "x"}));
    script.decide("a", "m", "Amend", &amendment(&digest), &THREE);
    script.decide("b", "m", "Second", &amendment(&second), &THREE);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    script.act("zed", "amend", &json!({"basis": "@a"}));
    script.act("zed", "amend", &json!({"basis": "@b"}));
    let folder = tempfile::tempdir().unwrap();
    let answers: Vec<String> = rehearse(folder.path(), script.lines()).iter().map(told).collect();
    assert_eq!(answers[count], "draft-missing format/amendment");
    let after = count + 1 + parts;
    let expected = [
        "charter-part-order format/amendment",
        "base-differs format/amendment",
        "accepted",
        "not-listed TOC-20",
        "already-founded format/founding",
    ];
    assert_eq!(answers[after..after + 5], expected);
    assert_eq!(answers[answers.len() - 2..], ["accepted", "base-differs format/amendment"]);
}

/// A charter that has no room for what exists cannot replace the one in force.
#[test]
fn an_amendment_keeps_a_place_for_everybody() {
    let steward = Charter::preset("steward").unwrap();
    let homeless =
        steward.replace("[unit.\"*\"]", "[unit.club]").replace("[unit.\"*\".role.\"*\"]", "[unit.club.role.member]");
    let digest = Charter::compile(&homeless).unwrap().digest().to_string();
    let mut script = meeting(&["Replace", &digest]);
    submit(&mut script, "zed", &homeless, &digest);
    let put = json!({"meeting": "@m", "unit": "toc", "title": "Replace", "effect": amendment(&digest)});
    script.act("alice", "move", &put);
    let folder = tempfile::tempdir().unwrap();
    let answers = rehearse(folder.path(), script.lines());
    assert_eq!(told(answers.last().unwrap()), "charter-invalid format/amendment");
}
/// G1: an amendment is decided as any resolution is (TOC-23, TOC-26, TOC-20), on both sides of every edge: in a regular
/// meeting, listed, by two thirds of those present and more than half of those in office, of six members and then of five.
#[test]
fn an_amendment_is_decided_as_any_resolution() {
    const SIX: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];
    let (text, digest) = draft(|text| format!("{text}\n# another line\n"));
    let mut script = Script::at("2026-03-02T01:00:00Z");
    script.act("root", "found", &json!({"authority": ["root"], "threshold": 1}));
    script.all(&SIX, "enrol", &json!({}));
    for person in SIX {
        let role = if person == "alice" { "chair" } else { "member" };
        script.act("root", "appoint", &json!({"unit": "toc", "role": role, "person": person}));
    }
    script.act("root", "constitute", &json!({"unit": "toc", "members": SIX}));
    for (label, kind, starts) in
        [("x", "extraordinary", "2026-03-09T10:00:00Z"), ("m", "regular", "2026-03-09T12:00:00Z")]
    {
        let terms = json!({"id": label, "unit": "toc", "kind": kind, "starts": starts, "place": "online", "mode": "remote",
            "agenda": ["Amend", digest], "references": "none"});
        script.act("alice", "notice", &terms);
    }
    submit(&mut script, "bob", &text, &digest);
    let mut refused = Vec::new();
    let put = |script: &mut Script, label: &str, meeting: &str, title: &str| {
        let motion = json!({"id": label, "meeting": format!("@{meeting}"), "unit": "toc", "title": title, "effect": amendment(&digest)});
        script.act("alice", "move", &motion);
        script.act("alice", "open-vote", &json!({"id": format!("v{label}"), "motion": format!("@{label}")}));
    };
    let vote = |script: &mut Script, label: &str, yes: &[&str], no: &[&str], outcome: &str| {
        put(script, label, "m", "Amend");
        script.all(yes, "vote", &json!({"vote": format!("@v{label}"), "choice": "for"}));
        script.all(no, "vote", &json!({"vote": format!("@v{label}"), "choice": "against"}));
        script.act("alice", "close-vote", &json!({"vote": format!("@v{label}"), "outcome": outcome}));
    };
    script.time("2026-03-09T10:00:00Z");
    script.all(&SIX, "check-in", &json!({"meeting": "@x"}));
    script.act("alice", "open", &json!({"meeting": "@x"}));
    put(&mut script, "a", "x", "Amend");
    refused.push((script.lines().len() - 1, "wrong-venue TOC-23"));
    script.time("2026-03-09T12:00:00Z");
    script.all(&SIX, "check-in", &json!({"meeting": "@m"}));
    script.act("alice", "open", &json!({"meeting": "@m"}));
    put(&mut script, "b", "m", "Quietly");
    refused.push((script.lines().len() - 1, "not-listed TOC-20"));
    vote(&mut script, "c", &SIX[..4], &SIX[4..], "passed");
    script.all(&SIX[4..], "check-out", &json!({"meeting": "@m"}));
    vote(&mut script, "d", &SIX[..3], &SIX[3..4], "failed");
    script.act("frank", "resign", &json!({"unit": "toc", "role": "member"}));
    vote(&mut script, "e", &SIX[..3], &SIX[3..4], "passed");
    script.act("erin", "check-in", &json!({"meeting": "@m"}));
    vote(&mut script, "f", &SIX[..3], &SIX[3..5], "failed");
    let folder = tempfile::tempdir().unwrap();
    for (at, (act, answer)) in script.lines().iter().zip(&rehearse(folder.path(), script.lines())).enumerate() {
        let expected = refused.iter().find(|(line, _)| *line == at).map_or("accepted", |(_, told)| *told);
        assert_eq!(told(answer), expected, "{act}");
    }
}

/// A kind of which there is one unit exists from the amendment on that brings it, and what existed goes on as it was.
#[test]
fn a_single_unit_comes_with_the_charter_that_brings_it() {
    let (text, digest) = draft(|text| format!("{text}\n[unit.council]\ncount = \"one\"\nclause = \"TOC-1\"\n"));
    let mut script = meeting(&["Amend", &digest]);
    submit(&mut script, "zed", &text, &digest);
    script.decide("a", "m", "Amend", &amendment(&digest), &THREE);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    let note = |unit: &str| json!({"unit": unit, "kind": "unheard-of"});
    script.act("zed", "record", &note("council"));
    script.act("zed", "amend", &json!({"basis": "@a"}));
    script.act("zed", "record", &note("council"));
    script.act("zed", "record", &note("toc"));
    let folder = tempfile::tempdir().unwrap();
    let answers: Vec<String> = rehearse(folder.path(), script.lines()).iter().map(told).collect();
    let last = &answers[answers.len() - 4..];
    assert_eq!(last, ["unknown-unit format/unit", "accepted", "unknown-record TOC-1", "unknown-record TOC-1"]);
}
