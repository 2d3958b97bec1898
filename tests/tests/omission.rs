//! What an operator refuses or leaves out: signed refusals that are judged again, acts shown to a witness, and votes that would
//! have ended otherwise.

use std::path::Path;

use rollcall_core::event::SignedEvent;
use rollcall_core::ledger::rehearsal_log_key;
use rollcall_core::submission::{Shown, SignedRefusal};
use rollcall_tests::community::{Script, meeting};
use rollcall_tests::witness::Running;
use rollcall_tests::{expect, json};
use serde_json::{Value, json};

fn on(here: &Path, code: i32, args: &[&str]) -> Value {
    let args = [&["--ledger", "play.ledger"], args, &["--json"]].concat();
    serde_json::from_str(&expect(here, code, &args)).unwrap()
}

/// The meeting of 9 March with a vote that is open until 13:00: one for, nobody else yet.
fn open_vote(here: &Path) -> String {
    let mut script = meeting(&["Adopt the plan"]);
    script.time("2026-03-09T12:01:00Z");
    let put = json!({"id": "p", "meeting": "@m", "unit": "toc", "title": "Adopt the plan", "effect": {"kind": "resolve", "text": "We adopt it."}});
    script.act("alice", "move", &put);
    script.act("alice", "open-vote", &json!({"id": "v", "motion": "@p", "closes": "2026-03-09T13:00:00Z"}));
    script.act("alice", "vote", &json!({"vote": "@v", "choice": "for"}));
    script.play(here);
    let open = on(here, 0, &["status"])["open_votes"][0]["vote"].clone();
    open.as_str().unwrap().to_owned()
}

/// A ballot signed away from the ledger, at an instant.
fn ballot(here: &Path, by: &str, vote: &str, choice: &str, at: &str, more: &[&str]) -> String {
    let draft = format!("{by}.{choice}");
    let args = ["--by", by, "draft", "vote", "--vote", vote, "--choice", choice, "--at", at, "-o", &draft];
    let _ = on(here, 0, &[&args[..], more].concat());
    let _ = on(here, 0, &["--by", by, "sign", &draft]);
    format!("{draft}.signed")
}

fn tell(here: &Path, at: &str, by: &str, act: &str, fields: &Value) -> Value {
    let mut script = Script::at(at);
    script.act(by, act, fields);
    std::fs::write(here.join("more.jsonl"), script.lines()[0].to_string()).unwrap();
    serde_json::from_str(&expect(here, 0, &["--ledger", "play.ledger", "rehearse", "more.jsonl", "--json"])).unwrap()
}

/// A signed act in a file, as a refusal or a submission names it.
fn shown(here: &Path, file: &str) -> Shown {
    let bytes = std::fs::read(here.join(file)).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let inner: String = text.lines().filter(|line| !line.starts_with('-') && !line.starts_with('=')).collect();
    let bytes = data_encoding::BASE64.decode(inner.as_bytes()).unwrap();
    Shown::of(&SignedEvent::decode(&bytes).unwrap())
}

/// Somebody else's signature under a draft.
fn signed_by_eve(here: &Path, draft: &str, file: &str) {
    let payload = std::fs::read(here.join(draft)).unwrap();
    let event = SignedEvent::sign(payload, &rehearsal_log_key("eve")).unwrap();
    std::fs::write(here.join(file), event.encode()).unwrap();
}

#[test]
fn a_refusal_is_signed_and_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let vote = open_vote(here);
    // Zed is no member: the ballot is refused, and the refusal is signed.
    let signed = ballot(here, "zed", &vote, "for", "2026-03-09T12:02:00Z", &[]);
    let refused = on(here, 1, &["append", &signed, "--at", "2026-03-09T12:02:00Z"]);
    assert_eq!(refused["outcome"], "refused");
    let refusal = format!("{signed}.refusal");
    let id = on(here, 0, &["status"])["ledger"].as_str().unwrap().to_owned();
    let verify = |file: &str, exit: i32| {
        let args =
            ["refusal", "verify", file, "--event", &signed, "--bundle", "play.ledger", "--ledger-id", &id, "--json"];
        serde_json::from_str::<Value>(&expect(here, exit, &args)).unwrap()
    };
    let found = verify(&refusal, 0);
    assert_eq!((&found["outcome"], &found["code"]), (&json!("borne out"), &refused["code"]));
    let of_carol = ballot(here, "carol", &vote, "for", "2026-03-09T12:02:00Z", &[]);
    // The same refusal holds later, when the log has grown: it was judged under the head that it names.
    let bob = ballot(here, "bob", &vote, "for", "2026-03-09T12:02:00Z", &[]);
    let _ = on(here, 0, &["append", &bob, "--at", "2026-03-09T12:03:00Z"]);
    assert_eq!(verify(&refusal, 0)["outcome"], "borne out");

    // An operator who refuses what the rules allow, or for a reason that is none, contradicts himself in writing.
    let text = std::fs::read_to_string(here.join(&refusal)).unwrap();
    let keys = [rehearsal_log_key("GreatSQL").public().unwrap()];
    let honest = SignedRefusal::read(&text, |_| Some(&keys[0])).unwrap();
    let lie = SignedRefusal { code: "lapsed".to_owned(), ..honest.clone() };
    std::fs::write(here.join("lie"), lie.sign(&rehearsal_log_key("GreatSQL"))).unwrap();
    let found = verify("lie", 3);
    assert_eq!((&found["outcome"], &found["again"]), (&json!("contradicted"), &refused["code"]));
    let lie = SignedRefusal { shown: shown(here, &of_carol), ..lie };
    std::fs::write(here.join("carol.lie"), lie.sign(&rehearsal_log_key("GreatSQL"))).unwrap();
    let args = ["refusal", "verify", "carol.lie", "--event", &of_carol, "--bundle", "play.ledger", "--json"];
    let found: Value = serde_json::from_str(&expect(here, 3, &args)).unwrap();
    assert_eq!((&found["outcome"], &found["again"]), (&json!("contradicted"), &json!("accepted")));
    // What somebody else signed, or what is about another act, says nothing.
    let foreign = honest.sign(&rehearsal_log_key("Another"));
    std::fs::write(here.join("foreign"), foreign).unwrap();
    assert_eq!(verify("foreign", 3)["code"], "invalid");
    std::fs::write(here.join("altered"), text.replacen(&honest.clock.ms().to_string(), "1", 1)).unwrap();
    assert_eq!(verify("altered", 3)["code"], "invalid");
    // The same payload under another key is another act: its refusal frames nobody.
    let eve = on(
        here,
        0,
        &[
            "--by",
            "carol",
            "draft",
            "vote",
            "--vote",
            &vote,
            "--choice",
            "against",
            "--at",
            "2026-03-09T12:04:00Z",
            "-o",
            "framed",
        ],
    );
    assert_eq!(eve["outcome"], "drafted");
    signed_by_eve(here, "framed", "framed.eve");
    let refused = on(here, 1, &["append", "framed.eve", "--at", "2026-03-09T12:04:00Z"]);
    let _ = on(here, 0, &["--by", "carol", "sign", "framed"]);
    let frame = ["refusal", "verify", "framed.eve.refusal", "--bundle", "play.ledger", "--json", "--event"];
    let said: Value = serde_json::from_str(&expect(here, 0, &[&frame[..], &["framed.eve"]].concat())).unwrap();
    assert_eq!((&said["outcome"], &said["code"]), (&json!("borne out"), &refused["code"]));
    let said: Value = serde_json::from_str(&expect(here, 3, &[&frame[..], &["framed.signed"]].concat())).unwrap();
    assert_eq!(said["code"], "invalid");
    // A clock that no entry bears out refuses anything: before the last entry, or after the next.
    for (clock, code) in [("2026-03-09T12:00:59Z", "time-went-back"), ("2026-04-09T12:00:00Z", "lapsed")] {
        let clock = clock.parse().unwrap();
        let lie = SignedRefusal { code: code.to_owned(), clock, shown: shown(here, &of_carol), ..honest.clone() };
        std::fs::write(here.join("clock.lie"), lie.sign(&rehearsal_log_key("GreatSQL"))).unwrap();
        let args = ["refusal", "verify", "clock.lie", "--event", &of_carol, "--bundle", "play.ledger", "--json"];
        let found: Value = serde_json::from_str(&expect(here, 3, &args)).unwrap();
        assert_eq!((&found["outcome"], &found["again"]), (&json!("contradicted"), &json!(code)), "{found}");
    }
    // A copy of the log that is older than the refusal cannot tell.
    let _ = on(here, 0, &["bundle", "-o", "whole.bundle"]);
    let _ =
        expect(here, 0, &["--ledger", "short.ledger", "restore", "whole.bundle", "--ledger-id", &id, "--size", "5"]);
    let _ = expect(here, 4, &["refusal", "verify", &refusal, "--event", &signed, "--bundle", "short.ledger"]);
    // A second refusal of the same file is kept beside the first.
    let _ = on(here, 1, &["append", &signed, "--at", "2026-03-09T12:05:00Z"]);
    assert_eq!(std::fs::read_to_string(here.join(&refusal)).unwrap(), text);
    assert!(here.join(format!("{refusal}.2")).exists());
    let other = ["refusal", "verify", &refusal, "--event", &of_carol, "--bundle", "play.ledger"];
    let _ = expect(here, 3, &other);
}

#[test]
fn a_ballot_that_was_left_out_contests_the_vote() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let vote = open_vote(here);
    let key = on(here, 0, &["log-key", "show"])["keys"][0]["vkey"].as_str().unwrap().to_owned();
    std::fs::write(here.join("logs.policy"), format!("log {key}\nquorum none\n")).unwrap();
    let witness = Running::start(here, "one", "logs.policy", &["--submissions"]);
    let keys = json(here, &["--key", "one.key", "witness", "key", "--name", "one.example"]);
    let submissions = keys["submissions_vkey"].as_str().unwrap();
    assert_eq!(keys["vkey"], witness.vkey);

    // Bob's ballot, which the operator leaves out; one of three approved, so the motion fails. Two of three would carry it.
    let bob = ballot(here, "bob", &vote, "for", "2026-03-09T12:10:00Z", &[]);
    let submit = ["submit", &bob, "--to", &witness.url, "--submission-key", submissions];
    let noted = json(here, &submit);
    let first = std::fs::read_to_string(here.join(format!("{bob}.submission"))).unwrap();
    let again = json(here, &submit);
    assert_eq!(again["submissions"][0]["at"], noted["submissions"][0]["at"]);
    assert_eq!(again["submissions"][0]["file"], format!("{bob}.submission.2"));
    let event = noted["submissions"][0]["event"].as_str().unwrap().to_owned();
    let digest = noted["submissions"][0]["digest"].as_str().unwrap().to_owned();
    let _ = tell(here, "2026-03-09T13:00:01Z", "alice", "close-vote", &json!({"vote": vote}));
    assert_eq!(on(here, 0, &["motion", &vote])["outcome"], "failed");

    // Without a witness the time is the author's word; the audit says whose word it is, and what would be.
    let audit = |file: &str, more: &[&str]| {
        let args = ["audit", "play.ledger", "--omitted", file, "--json"];
        serde_json::from_str::<Value>(&expect(here, 0, &[&args[..], more].concat())).unwrap()
    };
    let told = audit(&bob, &[]);
    assert_eq!(
        (&told["omitted"][0]["outcome"], &told["omitted"][0]["witness"]),
        (&json!("omitted"), &Value::Null),
        "{told}"
    );
    let contested = &told["contested"][0];
    assert_eq!((&contested["vote"], &contested["instead"]), (&json!(vote), &json!("passed")), "{told}");
    assert_eq!(contested["outcome"], "failed");
    // The witness noted it on the clock of today, long after the vote: then it was too late.
    let told = audit(&bob, &["--submission-key", submissions]);
    assert_eq!((&told["omitted"][0]["outcome"], &told["contested"]), (&json!("refused"), &json!([])), "{told}");
    assert_eq!(told["omitted"][0]["witness"], "one.example/submissions");
    // A ballot that changes nothing contests nothing; nor does one that would have been refused, or that is there.
    let against = ballot(here, "carol", &vote, "against", "2026-03-09T12:10:00Z", &[]);
    assert_eq!(audit(&against, &[])["contested"], json!([]));
    let no_note = ["audit", "play.ledger", "--omitted", &against, "--submission-key", submissions];
    let _ = expect(here, 2, &no_note);
    let zed = ballot(here, "zed", &vote, "for", "2026-03-09T12:10:00Z", &[]);
    assert_eq!(audit(&zed, &[])["omitted"][0]["outcome"], "refused");
    // With both, two approvals of three.
    let both = audit(&against, &["--omitted", &bob]);
    assert_eq!(both["contested"][0]["vote"], json!(vote), "{both}");

    // Who misses it says so in later acts; the log lists it until it comes.
    let item = [
        "--by",
        "bob",
        "item",
        "--unit",
        "toc",
        "--title",
        "My ballot",
        "--missing",
        &event,
        "--at",
        "2026-03-09T13:01:00Z",
    ];
    let _ = on(here, 0, &item);
    let missing = on(here, 0, &["audit"])["missing"].clone();
    assert_eq!((&missing[0]["event"], &missing[0]["said_by"][0]["by"]), (&json!(event), &json!("bob")), "{missing}");
    let known = on(here, 0, &["log", "--last", "1"])[0]["event"].as_str().unwrap().to_owned();
    let refused = on(
        here,
        1,
        &["--by", "bob", "item", "--unit", "toc", "--title", "x", "--missing", &known, "--at", "2026-03-09T13:01:00Z"],
    );
    assert_eq!((&refused["code"], &refused["clause"]), (&json!("not-missing"), &json!("format/missing")));

    // The same payload, shown to the witness under another key, has a time of its own.
    let draft = bob.trim_end_matches(".signed");
    signed_by_eve(here, draft, "squat");
    let squat = json(here, &["submit", "squat", "--to", &witness.url, "--submission-key", submissions]);
    assert_eq!(squat["submissions"][0]["event"], json!(event));
    assert_ne!(squat["submissions"][0]["digest"], json!(digest));

    // The witness keeps acts and times over its end, takes only what somebody signed, and shows both to anybody.
    drop(witness);
    let witness = Running::start(here, "one", "logs.policy", &["--submissions"]);
    let get = |path: &str| {
        use rollcall_storage::published::Files as _;
        rollcall_server::fetch::Address::new(&witness.url).read(path, 65_536).unwrap()
    };
    assert_eq!(get(&format!("submissions/{digest}")).unwrap(), first.as_bytes());
    assert!(get(&format!("submissions/{digest}/event")).unwrap().len() > 200);
    assert_eq!(get(&format!("submissions/{}", "0".repeat(64))), None);
    assert_eq!(get("submissions/..%2F..%2Fone.key"), None);
    let mut bytes = get(&format!("submissions/{digest}/event")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let declined = rollcall_server::submissions::submit(&witness.url, &bytes).unwrap_err();
    assert!(declined.contains("403"), "{declined}");
    let declined = rollcall_server::submissions::submit(&witness.url, b"no act").unwrap_err();
    assert!(declined.contains("400"), "{declined}");
}

#[test]
fn a_check_in_that_was_left_out_contests_what_it_would_have_changed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = Script::at("2026-03-02T01:00:00Z");
    script.act("root", "found", &json!({"authority": ["root"], "threshold": 1, "name": "GreatSQL"}));
    let members = ["alice", "bob", "carol"];
    script.all(&members, "enrol", &json!({}));
    for (person, role) in [("alice", "chair"), ("bob", "member"), ("carol", "member")] {
        script.act("root", "appoint", &json!({"unit": "toc", "role": role, "person": person}));
    }
    script.act("root", "constitute", &json!({"unit": "toc", "members": members}));
    let notice = json!({"id": "m", "unit": "toc", "kind": "regular", "starts": "2026-03-09T12:00:00Z", "place": "Room 1", "mode": "both",
        "agenda": ["Adopt the plan"], "references": "none"});
    script.act("alice", "notice", &notice);
    script.time("2026-03-09T12:00:00Z");
    script.all(&["alice", "bob"], "check-in", &json!({"meeting": "@m"}));
    script.act("alice", "open", &json!({"meeting": "@m"}));
    script.play(here);
    let meeting = on(here, 0, &["log", "--act", "notice"])[0]["event"].as_str().unwrap().to_owned();
    // Carol's check-in is left out. Alice and bob are two of two present and carry the motion; of three present two carry it as
    // well, unless carol votes against and bob abstains.
    let draft =
        ["--by", "carol", "draft", "check-in", "--meeting", &meeting, "--at", "2026-03-09T12:01:00Z", "-o", "carol.in"];
    let _ = on(here, 0, &draft);
    let _ = on(here, 0, &["--by", "carol", "sign", "carol.in"]);
    let put = json!({"meeting": meeting, "unit": "toc", "title": "Adopt the plan", "effect": {"kind": "resolve", "text": "We adopt it."}});
    let accepted = |answer: Value| -> String {
        assert_eq!(answer["outcome"], "accepted", "{answer}");
        answer["event"].as_str().unwrap().to_owned()
    };
    let motion = accepted(tell(here, "2026-03-09T12:05:00Z", "alice", "move", &put));
    let open = json!({"motion": motion, "closes": "2026-03-09T13:00:00Z"});
    let vote = accepted(tell(here, "2026-03-09T12:06:00Z", "alice", "open-vote", &open));
    for person in ["alice", "bob"] {
        let _ = accepted(tell(here, "2026-03-09T12:07:00Z", person, "vote", &json!({"vote": vote, "choice": "for"})));
    }
    // All who are entered as present have voted: the vote ends early. With carol present it could not.
    let _ = accepted(tell(here, "2026-03-09T12:08:00Z", "alice", "close-vote", &json!({"vote": vote})));
    let told = json(here, &["audit", "play.ledger", "--omitted", "carol.in.signed"]);
    assert_eq!(told["omitted"][0]["outcome"], "omitted", "{told}");
    assert_eq!(
        (&told["contested"][0]["vote"], &told["contested"][0]["outcome"]),
        (&json!(vote), &json!("passed")),
        "{told}"
    );
}

/// Whoever is handed a draft's signature can sign the draft with a key of their own, enter that, and say that the act is there.
#[test]
fn an_enrolment_under_another_key_is_not_the_one_that_was_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = open_vote(here);
    let at = "2026-03-09T12:05:00Z";
    let _ = on(here, 0, &["--by", "dora", "draft", "enrol", "--at", at, "-o", "dora"]);
    let _ = on(here, 0, &["--by", "dora", "sign", "dora"]);
    signed_by_eve(here, "dora", "dora.eve");
    let _ = on(here, 0, &["append", "dora.eve", "--at", "2026-03-09T12:06:00Z"]);
    let told = json(here, &["audit", "play.ledger", "--omitted", "dora.signed", "--omitted", "dora.eve"]);
    assert_eq!(
        (&told["omitted"][0]["outcome"], &told["omitted"][1]["outcome"]),
        (&json!("omitted"), &json!("there")),
        "{told}"
    );
}

/// A log of alice, bob and carol in a vote until 13:00, of which bob's ballots are left out or not.
#[test]
fn who_has_balloted_since_has_changed_their_mind() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let vote = open_vote(here);
    let first = ballot(here, "bob", &vote, "for", "2026-03-09T12:10:00Z", &[]);
    let against = json!({"vote": vote, "choice": "against"});
    assert_eq!(tell(here, "2026-03-09T12:20:00Z", "bob", "vote", &against)["outcome"], "accepted");
    // Carol's ballot is in the log, and was handed over later than it says.
    let carol = ballot(here, "carol", &vote, "abstain", "2026-03-09T12:11:00Z", &[]);
    let _ = on(here, 0, &["append", &carol, "--at", "2026-03-09T12:25:00Z"]);
    assert_eq!(
        tell(here, "2026-03-09T13:00:01Z", "alice", "close-vote", &json!({"vote": vote}))["outcome"],
        "accepted"
    );
    let told = json(here, &["audit", "play.ledger", "--omitted", &first, "--omitted", &carol]);
    assert_eq!(
        (&told["omitted"][0]["outcome"], &told["omitted"][1]["outcome"]),
        (&json!("superseded"), &json!("there"))
    );
    assert_eq!((&told["contested"], &told["unopened"]), (&json!([]), &json!([])), "{told}");
    // A log that is not valid says so, whatever is asked of it besides.
    let _ = on(here, 0, &["bundle", "-o", "whole.bundle"]);
    let mut bytes = std::fs::read(here.join("whole.bundle")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(here.join("broken.bundle"), bytes).unwrap();
    let said: Value =
        serde_json::from_str(&expect(here, 3, &["audit", "broken.bundle", "--omitted", &first, "--json"])).unwrap();
    assert_eq!((&said["outcome"], &said["omitted"]), (&json!("invalid"), &Value::Null));
}
