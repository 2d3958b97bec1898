//! Witnessed time: what an anchor must agree with, what it shows, and what is reported where there is none.

use std::path::Path;

use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::ledger::rehearsal_log_key;
use rollcall_core::note::Note;
use rollcall_core::time::Timestamp;
use rollcall_tests::community::{Script, meeting};
use rollcall_tests::expect;
use rollcall_tests::witness::{cosigned, two_of_three};
use serde_json::{Value, json};

fn on(here: &Path, code: i32, args: &[&str]) -> Value {
    let args = [&["--ledger", "play.ledger"], args, &["--json"]].concat();
    serde_json::from_str(&expect(here, code, &args)).unwrap()
}

/// What the ledger answers to one more act.
fn tell(here: &Path, at: &str, by: &str, act: &str, fields: &Value) -> Value {
    let mut script = Script::at(at);
    script.act(by, act, fields);
    std::fs::write(here.join("more.jsonl"), script.lines()[0].to_string()).unwrap();
    serde_json::from_str(&expect(here, 0, &["--ledger", "play.ledger", "rehearse", "more.jsonl", "--json"])).unwrap()
}

fn code(answer: &Value) -> &str {
    answer["code"].as_str().unwrap_or_else(|| answer["outcome"].as_str().unwrap())
}

/// The head of now, signed by the log and cosigned by these witnesses at these instants.
fn head(here: &Path, by: &[(u8, &str)]) -> String {
    let _ = on(here, 0, &["publish", "public"]);
    // Only the log's own line, whoever has cosigned before.
    let note = std::fs::read_to_string(here.join("public/checkpoint")).unwrap();
    let note: String = note.split_inclusive('\n').take(5).collect();
    let seconds = |time: &str| time.parse::<Timestamp>().unwrap().ms() / 1_000;
    cosigned(&note, &by.iter().map(|(number, time)| (*number, seconds(time))).collect::<Vec<_>>())
}

fn anchor(here: &Path, at: &str, by: &[(u8, &str)]) -> Value {
    tell(here, at, "vic", "anchor", &json!({"checkpoint": head(here, by)}))
}

/// Vic is nobody in particular: anybody enrolled may enter an anchor.
#[test]
fn an_anchor_agrees_with_the_entries_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // The last entry is accepted at 12:00 on 9 March.
    meeting(&["Adopt the plan"]).play(here);
    let noon = "2026-03-09T12:00:00Z";
    let both = [(1, noon), (3, noon)];
    assert_eq!(code(&anchor(here, noon, &both)), "no-witnesses");
    let policy = json!({"policy": two_of_three()});
    assert_eq!(code(&tell(here, noon, "alice", "name-witnesses", &policy)), "not-authority");
    let broken = json!({"policy": two_of_three().replace("quorum two", "quorum three")});
    assert_eq!(code(&tell(here, noon, "root", "name-witnesses", &broken)), "policy-invalid");
    assert_eq!(code(&tell(here, noon, "root", "name-witnesses", &policy)), "accepted");

    // What is no cosigned head of this log.
    let good = head(here, &both);
    let size = Note::read(&good).unwrap().text().lines().nth(1).unwrap().to_owned();
    let key = rehearsal_log_key("GreatSQL");
    let own = Checkpoint::read(Note::read(&good).unwrap().text()).unwrap();
    let lines = good.split_once("\n\n").unwrap().1.split_once('\n').unwrap().1.to_owned();
    let other_root =
        Checkpoint { head: rollcall_core::tree::Head { size: own.head.size - 1, ..own.head }, ..own.clone() };
    let other_log = Checkpoint { origin: "another.example".to_owned(), ..own.clone() };
    for (note, why) in [
        ("no note".to_owned(), "text"),
        (good.replacen(&size, "9999", 1), "another size under the same signature"),
        (other_root.sign(&key) + &lines, "a root that the log never had, signed by its key"),
        (other_log.sign(&key) + &lines, "another log's"),
        (own.sign(&rollcall_core::key::SigningKey::from_seed(&[7; 32])) + &lines, "not signed by the log's key"),
        (good.replacen(&lines[30..40], "AAAAAAAAAA", 1), "a cosignature that does not verify"),
        (good.clone() + &lines, "each witness twice"),
    ] {
        let answer = tell(here, noon, "vic", "anchor", &json!({"checkpoint": note}));
        assert_eq!(code(&answer), "anchor-unfit", "{why}: {answer}");
    }
    assert_eq!(code(&anchor(here, noon, &[(2, noon)])), "anchor-unwitnessed");
    assert_eq!(code(&anchor(here, noon, &[])), "anchor-unwitnessed");

    // Five minutes either way are the tolerance. The second of two times says when the head was there by, the first one since
    // when the anchor is.
    let early = "2026-03-09T11:54:59Z";
    let answer = anchor(here, noon, &[(1, early), (2, early)]);
    assert_eq!(code(&answer), "anchor-contradicts", "{answer}");
    assert_eq!(answer["clause"], "format/witnessed-time");
    assert_eq!(code(&anchor(here, noon, &[(1, "2026-03-09T11:00:00Z"), (2, "2026-03-09T11:55:00Z")])), "accepted");
    let late = "2026-03-09T12:05:01Z";
    assert_eq!(code(&anchor(here, noon, &[(1, late), (2, late)])), "anchor-ahead");
    assert_eq!(code(&anchor(here, noon, &[(1, "2026-03-09T13:00:00Z"), (2, "2026-03-09T12:05:00Z")])), "accepted");

    // A day may pass unseen, and not a millisecond more.
    let item = |at: &str| code(&tell(here, at, "alice", "item", &json!({"unit": "toc", "title": at}))).to_owned();
    assert_eq!(item("2026-03-10T12:00:00Z"), "accepted");
    let day = "2026-03-11T12:00:00.001Z";
    assert_eq!(item(day), "clock-jumped");
    let stale = "2026-03-10T12:00:00Z";
    assert_eq!(code(&anchor(here, day, &[(1, stale), (2, stale)])), "clock-jumped");
    let fresh = "2026-03-10T12:00:01Z";
    assert_eq!(code(&anchor(here, day, &[(1, fresh), (2, fresh)])), "accepted");
    assert_eq!(item(day), "accepted");

    // Whoever loses the witnesses has not lost the log. Naming others resets nothing.
    let later = "2026-05-01T12:00:00Z";
    assert_eq!(item(later), "clock-jumped");
    assert_eq!(code(&tell(here, later, "root", "name-witnesses", &policy)), "accepted");
    assert_eq!(item(later), "clock-jumped");
    let none = json!({"policy": "quorum none"});
    assert_eq!(code(&tell(here, later, "root", "name-witnesses", &none)), "accepted");
    assert_eq!(item("2026-06-01T12:00:00Z"), "accepted");
    assert_eq!(code(&anchor(here, "2026-06-01T12:00:00Z", &both)), "no-witnesses");
    let audit = on(here, 0, &["audit"]);
    assert_eq!(audit["outcome"], "valid");
}

/// The meeting of 9 March, noticed on the 3rd, with a vote whose time runs out. `anchored` says where anchors stand.
fn a_week(here: &Path, anchored: [bool; 4]) -> Value {
    let mut script = Script::at("2026-03-02T01:00:00Z");
    script.act("root", "found", &json!({"authority": ["root"], "threshold": 1, "name": "GreatSQL"}));
    script.all(&["alice", "bob", "carol", "vic"], "enrol", &json!({}));
    for (person, role) in [("alice", "chair"), ("bob", "member"), ("carol", "member")] {
        script.act("root", "appoint", &json!({"unit": "toc", "role": role, "person": person}));
    }
    script.act("root", "constitute", &json!({"unit": "toc", "members": ["alice", "bob", "carol"]}));
    script.act("root", "name-witnesses", &json!({"policy": two_of_three()}));
    script.play(here);
    let accepted = |answer: Value| -> String {
        assert_eq!(answer["outcome"], "accepted", "{answer}");
        answer["event"].as_str().unwrap().to_owned()
    };
    let seen = |is: bool, at: &str| {
        if is {
            let _ = accepted(anchor(here, at, &[(1, at), (2, at)]));
        }
    };
    let notice = json!({"unit": "toc", "kind": "regular", "starts": "2026-03-07T12:00:00Z", "place": "Room 1", "mode": "both",
        "agenda": ["Adopt the plan"], "references": "none"});
    let meeting = accepted(tell(here, "2026-03-02T02:00:00Z", "alice", "notice", &notice));
    seen(anchored[0], "2026-03-02T03:00:00Z");
    // The week is quiet: before anything else can be entered there is an anchor.
    seen(true, "2026-03-07T11:58:00Z");
    for person in ["alice", "bob", "carol"] {
        let _ = accepted(tell(here, "2026-03-07T12:00:00Z", person, "check-in", &json!({"meeting": meeting})));
    }
    let _ = accepted(tell(here, "2026-03-07T12:00:00Z", "alice", "open", &json!({"meeting": meeting})));
    let put = json!({"meeting": meeting, "unit": "toc", "title": "Adopt the plan", "effect": {"kind": "resolve", "text": "We adopt it."}});
    let motion = accepted(tell(here, "2026-03-07T12:01:00Z", "alice", "move", &put));
    let open = json!({"motion": motion, "closes": "2026-03-07T13:00:00Z"});
    let vote = accepted(tell(here, "2026-03-07T12:02:00Z", "alice", "open-vote", &open));
    for person in ["alice", "bob"] {
        let _ = accepted(tell(here, "2026-03-07T12:03:00Z", person, "vote", &json!({"vote": vote, "choice": "for"})));
    }
    seen(anchored[1], "2026-03-07T12:50:00Z");
    seen(anchored[2], "2026-03-07T13:00:01Z");
    let _ = accepted(tell(here, "2026-03-07T13:00:02Z", "alice", "close-vote", &json!({"vote": vote})));
    seen(anchored[3], "2026-03-07T13:30:00Z");
    on(here, 0, &["audit"])["time_unwitnessed"].clone()
}

#[test]
fn periods_are_witnessed_by_anchors_on_both_sides() {
    for (anchored, unwitnessed) in [
        ([true, true, true, false], vec![]),
        // Nothing shows that the notice was there before the week had passed.
        ([false, true, true, false], vec!["notice"]),
        // Nothing shows that the ballots were there in time.
        ([true, false, true, true], vec![]),
        ([true, false, false, true], vec!["vote"]),
        ([true, true, false, true], vec!["vote"]),
        ([false, false, false, false], vec!["notice", "vote"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let found = a_week(folder.path(), anchored);
        let kinds: Vec<&str> =
            found.as_array().unwrap().iter().map(|period| period["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, unwitnessed, "{anchored:?}: {found}");
    }
}

#[test]
fn bounds_are_shown_and_a_clock_that_lies_is_contradicted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let found = a_week(here, [true, true, true, false]);
    assert_eq!(found, json!([]));
    // Entry 0 was there by the first anchor; the last entry came after the last one, and nothing shows by when.
    let size = on(here, 0, &["status"])["size"].as_u64().unwrap();
    assert_eq!(on(here, 0, &["show", "0"])["witnessed"], json!({"since": null, "by": "2026-03-02T03:00:00.000Z"}));
    let last = (size - 1).to_string();
    let since = "2026-03-07T13:00:01.000Z";
    assert_eq!(on(here, 0, &["show", &last])["witnessed"], json!({"since": since, "by": null}));
    // A cosigned head beside the ledger shows by when.
    let by = "2026-03-07T14:00:00Z";
    let _ = std::fs::write(here.join("play.ledger.checkpoint"), head(here, &[(1, by), (3, by)]));
    let by = "2026-03-07T14:00:00.000Z";
    assert_eq!(on(here, 0, &["show", &last])["witnessed"], json!({"since": since, "by": by}));
    // The operator says that the vote was closed at 13:00:02; two witnesses had that head at 12:50. One of them may be wrong.
    let (early, late) = ("2026-03-07T12:50:00Z", "2026-03-07T13:00:02Z");
    let audit = |here: &Path, by: &[(u8, &str)], exit| {
        std::fs::write(here.join("public/checkpoint"), head(here, by)).unwrap();
        serde_json::from_str::<Value>(&expect(here, exit, &["audit", "public", "--json"])).unwrap()
    };
    let _ = audit(here, &[(1, early), (2, late)], 0);
    let found = audit(here, &[(1, early), (2, early), (3, late)], 3);
    assert_eq!(found["violations"][0]["code"], "time-contradicted", "{found}");
    // So does a head that an auditor kept.
    std::fs::write(here.join("kept.head"), head(here, &[(2, early), (3, early)])).unwrap();
    let _ = std::fs::remove_file(here.join("play.ledger.checkpoint"));
    let found = on(here, 3, &["audit", "--head", "kept.head"]);
    assert_eq!(found["violations"][0]["code"], "time-contradicted", "{found}");
}
