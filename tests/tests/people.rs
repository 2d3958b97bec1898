//! People in numbers, names of the world, statements of accounts, and what may be forgotten.

use std::collections::BTreeMap;

use rollcall_core::key::SigningKey;
use rollcall_tests::community::meeting;
use rollcall_tests::{expect, json, rollcall};
use serde_json::{Value, json};

fn line(seed: u16, comment: &str) -> String {
    let mut bytes = [9; 32];
    bytes[..2].copy_from_slice(&seed.to_be_bytes());
    let public = SigningKey::from_seed(&bytes).public().unwrap();
    format!("ssh-ed25519 {} {comment}\n", data_encoding::BASE64.encode(&public.ssh_wire()))
}

/// A thousand people from one file, named in many scripts.
#[test]
fn a_thousand_people_are_enrolled_from_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = ["--ledger", "L"];
    let run = |code: i32, args: &[&str]| expect(here, code, &[&ledger, args].concat());
    let _ = run(0, &["init", "--rehearsal", "--charter", "greatsql", "--name", "D", "--authority", "root"]);
    let names = ["李 梅", "André Weil", "Ελένη Παππά", "ישראל ישראלי", "محمد علي", "Ольга", "田中 太郎", "अनिता"];
    let handles = ["李梅", "andré", "ελένη", "ישראל", "محمد", "ольга", "田中", "अनिता"];
    let mut file = String::from("# members\n\n");
    for number in 0_u16..1_000 {
        let (handle, name) = (handles[usize::from(number) % 8], names[usize::from(number) % 8]);
        file.push_str(&line(number, &format!("{handle}-{number} {name}")));
    }
    std::fs::write(here.join("members.keys"), &file).unwrap();
    let _ = run(0, &["--by", "root", "key", "enrol", "members.keys", "--dry-run"]);
    assert_eq!(json(here, &[&ledger[..], &["key", "list"]].concat()).as_array().unwrap().len(), 1);
    let answer: Value =
        serde_json::from_str(&run(0, &["--by", "root", "key", "enrol", "members.keys", "--json"])).unwrap();
    assert_eq!((&answer["people"], answer["events"].as_array().unwrap().len()), (&json!(1_000), 5));
    assert_eq!(json(here, &[&ledger[..], &["key", "list"]].concat()).as_array().unwrap().len(), 1_001);
    assert_eq!(json(here, &[&ledger[..], &["audit"]].concat())["outcome"], "valid");

    // Twice is refused, and nothing of a file with one bad line is taken.
    let size = json(here, &[&ledger[..], &["status"]].concat())["size"].clone();
    let cases = [
        ("members.keys", file.clone(), 1, "key-taken"),
        ("double.keys", line(2_000, "nina") + &line(2_000, "otto"), 1, "key-taken"),
        // A Cyrillic а in place of the Latin one: one skeleton (UTS 39), so the second is refused.
        ("alike.keys", line(2_001, "paula") + &line(2_002, "p\u{430}ula"), 1, "look-alike"),
        ("known.keys", line(2_003, "root"), 1, "handle-taken"),
        ("space.keys", line(2_004, "nina") + &line(2_005, ""), 2, "line 2"),
        ("bidi.keys", line(2_006, "ni\u{202e}na"), 2, "line 1"),
        ("rsa.keys", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 x\n".to_owned(), 2, "line 1"),
        ("empty.keys", "# nobody\n".to_owned(), 2, "nobody"),
    ];
    for (name, text, code, told) in cases {
        std::fs::write(here.join(name), text).unwrap();
        let output = rollcall(here, &[&ledger[..], &["--by", "root", "key", "enrol", name]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(told), "{name}: {said}");
    }
    assert_eq!(json(here, &[&ledger[..], &["status"]].concat())["size"], size);
}

/// A statement that a forge shows is verified offline, wherever it stands on the page, and every letter of it counts.
#[test]
fn a_statement_proves_an_account_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["x"]).play(here);
    let run = |code: i32, args: &[&str]| expect(here, code, &[&["--ledger", "play.ledger"], args].concat());
    let _ = run(0, &["key", "new", "bobs", "--no-passphrase"]);
    let offered = run(0, &["--by", "bob", "--key", "bobs", "offer-key", "--json"]);
    let offered: Value = serde_json::from_str(&offered).unwrap();
    let _ = run(0, &["--by", "bob", "bind-key", "--event", offered["event"].as_str().unwrap()]);
    let of = ["--forge", "gitee", "--account", "1234", "--login", "bob-dev"];
    let statement = run(0, &[&["--key", "bobs", "account", "statement"], &of[..]].concat());
    std::fs::write(here.join("s.txt"), &statement).unwrap();
    let _ = run(2, &["account", "check", "s.txt"]);
    let _ = run(0, &[&["--key", "bobs", "claim-account"], &of[..]].concat());
    let page =
        format!("<html><pre>\n{}\n</pre>", statement.lines().map(|l| format!("  > {l}\r\n")).collect::<String>());
    std::fs::write(here.join("page.html"), page).unwrap();
    let checked = json(here, &["--ledger", "play.ledger", "account", "check", "page.html"]);
    assert_eq!((&checked["person"], &checked["account"]), (&json!("bob"), &json!(1234)));
    for (from, to) in [
        ("account: 1234", "account: 1235"),
        ("person: bob", "person: eve"),
        ("gitee", "github"),
        ("bob-dev", "b0b-dev"),
    ] {
        std::fs::write(here.join("s.txt"), statement.replace(from, to)).unwrap();
        let output = rollcall(here, &["--ledger", "play.ledger", "account", "check", "s.txt"]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("does not verify"), "{from}: {output:?}");
    }
    std::fs::write(here.join("s.txt"), &statement[..statement.len() - 40]).unwrap();
    let _ = run(2, &["account", "check", "s.txt"]);
    let _ = run(0, &["--by", "root", "verify-account", "--event", checked["claim"].as_str().unwrap()]);
    assert!(run(0, &["account", "list"]).contains("bob-dev"));
}

/// What may have to go stands beside the log: erased, nothing else changes its digest, and the audit says so.
#[test]
fn an_erased_attachment_leaves_every_proof() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["x"]).play(here);
    let run = |code: i32, args: &[&str]| expect(here, code, &[&["--ledger", "play.ledger"], args].concat());
    let ask = |args: &[&str]| json(here, &[&["--ledger", "play.ledger"], args].concat());
    std::fs::write(here.join("profile"), "鲍勃 <bob@example.org>, +86 10 0000").unwrap();
    std::fs::write(here.join("report"), "measured").unwrap();
    let kept = |file: &str| ask(&["attachment", "add", file])["digest"].as_str().unwrap().to_owned();
    let (profile, report) = (kept("profile"), kept("report"));
    assert_ne!(kept("profile"), profile, "the salt is drawn anew: a name cannot be tried");
    let _ = run(0, &["--by", "bob", "profile", "--digest", &profile]);
    let record = ["--by", "bob", "record", "--unit", "toc", "--kind", "supervision", "--digest", &report];
    let _ = run(0, &record);
    assert!(run(0, &["attachment", "show", &profile]).contains("鲍勃"));
    let digests = |value: Value| -> BTreeMap<String, Value> {
        let rows = value["projections"].as_array().unwrap().clone();
        rows.into_iter().map(|row| (row["projection"].as_str().unwrap().to_owned(), row["digest"].clone())).collect()
    };
    let why = run(0, &["why", "bob", "member", "--in", "toc"]);
    assert_eq!(ask(&["audit"])["attachments"], json!({"kept": 2}));

    let _ = run(1, &["--by", "zed", "erase", &profile, "--reason", "no"]);
    // Naming somebody else's attachment makes it nobody else's.
    let _ = run(0, &["--by", "zed", "profile", "--digest", &profile]);
    let _ = run(1, &["--by", "zed", "erase", &profile, "--reason", "no"]);
    let before = digests(ask(&["replay"]));
    let _ = run(0, &["--by", "bob", "erase", &profile, "--reason", "asked for"]);
    let after = digests(ask(&["replay"]));
    let changed: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
    assert_eq!(changed, ["attachments", "history"], "the record of the erasure, and nothing else");
    assert_eq!(run(0, &["why", "bob", "member", "--in", "toc"]), why);
    let audit = ask(&["audit"]);
    assert_eq!((&audit["outcome"], &audit["attachments"]), (&json!("valid"), &json!({"erased": 1, "kept": 1})));
    let _ = run(4, &["attachment", "show", &profile]);
    // The second copy, which no event names, is listed and goes without a record.
    assert!(run(0, &["attachment", "list"]).contains("named by no event"));
    let unnamed = ask(&["attachment", "list"])
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["is"] == "named by no event")
        .unwrap()["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let _ = run(0, &["--by", "bob", "erase", &unnamed, "--reason", "a copy"]);
    assert!(!run(0, &["attachment", "list"]).contains("named by no event"));
    // Again is no error and enters nothing; a changed file is told, and one that came back too.
    let size = ask(&["status"])["size"].clone();
    let _ = run(0, &["--by", "bob", "erase", &profile, "--reason", "again"]);
    assert_eq!(ask(&["status"])["size"], size);
    let folder = here.join("play.ledger.attachments");
    std::fs::write(folder.join(&report), "forged").unwrap();
    std::fs::write(folder.join(&profile), "back").unwrap();
    let told = ask(&["audit"])["attachments"].clone();
    assert_eq!(told, json!({"altered": 1, "erased in the log, and still here": 1}));
    let bytes = std::fs::read(here.join("play.ledger")).unwrap();
    assert!(!bytes.windows(15).any(|window| window == b"bob@example.org"), "the log never held it");
}

/// G9: who employs the members is what they declare; it is shown and decides nothing.
#[test]
fn seats_of_one_employer_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = meeting(&["x"]);
    for (person, employer) in [("alice", "Acme  Bank"), ("bob", "Other"), ("bob", "acme bank")] {
        let facts = json!({"unit": "toc", "kind": "affiliation", "facts": [format!("employer: {employer}")]});
        script.act(person, "record", &facts);
    }
    script.play(here);
    let shares = json(here, &["--ledger", "play.ledger", "concentration", "--unit", "toc"]);
    assert_eq!(shares[0]["seats"], 3);
    assert_eq!(shares[0]["employers"][0]["people"], json!(["alice", "bob"]));
    assert_eq!(shares[0]["undeclared"], json!(["carol"]));
}
