//! Witnesses on loopback, the real server: a quorum, the dead, the slow and the lying, and a log that forks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use rollcall_tests::community::meeting;
use rollcall_tests::witness::{Running, cosigned, two_of_three};
use rollcall_tests::{expect, json};
use serde_json::{Value, json};

const AT: &str = "2026-03-09T12:30:00Z";

fn on(here: &Path, ledger: &str, code: i32, args: &[&str]) -> Value {
    let args = [&["--ledger", ledger], args, &["--json"]].concat();
    serde_json::from_str(&expect(here, code, &args)).unwrap()
}

fn log_policy(here: &Path, ledger: &str, url: &str) {
    let key = on(here, ledger, 0, &["log-key", "show"])["keys"][0]["vkey"].as_str().unwrap().to_owned();
    std::fs::write(here.join("logs.policy"), format!("log {key} {url}\nquorum none\n")).unwrap();
}

fn policy(here: &Path, witnesses: &[(&str, &str, &str)], quorum: &str) {
    let lines: String = witnesses.iter().map(|(name, vkey, url)| format!("witness {name} {vkey} {url}\n")).collect();
    std::fs::write(here.join("witnesses.policy"), format!("{lines}{quorum}\n")).unwrap();
}

fn item(here: &Path, ledger: &str, title: &str) {
    let act = json!({"at": AT, "by": "alice", "act": "item", "unit": "toc", "title": title}).to_string();
    std::fs::write(here.join("item.jsonl"), act).unwrap();
    let _ = expect(here, 0, &["--ledger", ledger, "rehearse", "item.jsonl"]);
}

fn became(published: &Value, name: &str) -> String {
    let rows = published["witnesses"].as_array().unwrap();
    rows.iter()
        .find(|row| row["witness"] == name)
        .map_or_else(String::new, |row| row["became"].as_str().unwrap().to_owned())
}

/// Answers every connection with the same bytes, or never.
fn impostor(status: &'static str, answer: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let answer = answer.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer);
                match answer {
                    Some(body) => {
                        let head =
                            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                        let _ = stream.write_all((head + &body).as_bytes());
                    }
                    None => std::thread::sleep(std::time::Duration::from_mins(1)),
                }
            });
        }
    });
    url
}

#[test]
fn a_head_is_published_when_the_quorum_is_met_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    log_policy(here, "play.ledger", "");
    let (one, two) = (Running::start(here, "one", "logs.policy", &[]), Running::start(here, "two", "logs.policy", &[]));
    let three = Running::start(here, "three", "logs.policy", &[]);
    // A witness that lies: a good line, but made by another key.
    let lie = "\u{2014} three.example AAAAAAAAAAAAAAAA\n".to_owned();
    let (liar, mute) = (impostor("200 OK", Some(lie)), impostor("200 OK", None));
    let three_key = three.vkey.clone();
    drop(three);
    let dead = "http://127.0.0.1:9";
    let publish = ["publish", "public", "--policy", "witnesses.policy", "--timeout", "3"];
    // One of three answers rightly; two are needed: one is dead, one lies, one says nothing.
    for bad in [dead, &liar, &mute] {
        let all = [("one", one.vkey.as_str(), one.url.as_str()), ("three", &three_key, bad)];
        policy(here, &all, "group both 2 one three\nquorum both");
        let refused = on(here, "play.ledger", 4, &publish);
        assert_eq!((&refused["outcome"], &refused["quorum"]), (&json!("not published"), &json!(false)), "{refused}");
        assert!(!here.join("public/checkpoint").exists(), "{bad}");
    }
    let open = on(here, "play.ledger", 0, &[&publish[..], &["--without-quorum"]].concat());
    assert_eq!((&open["outcome"], &open["quorum"]), (&json!("published"), &json!(false)));
    // One that cries wolf stops nobody whose quorum is met, and is heard.
    let wolf = impostor("422 Unprocessable Entity", Some("a fork!".to_owned()));
    policy(here, &[("one", &one.vkey, &one.url), ("three", &three_key, &wolf)], "quorum one");
    item(here, "play.ledger", "An item");
    assert_eq!(on(here, "play.ledger", 0, &publish)["outcome"], "published");
    // Two of three: the third is dead.
    let all = [
        ("one", one.vkey.as_str(), one.url.as_str()),
        ("two", two.vkey.as_str(), two.url.as_str()),
        ("three", &three_key, dead),
    ];
    policy(here, &all, "group most 2 one two three\nquorum most");
    item(here, "play.ledger", "Another item");
    let met = on(here, "play.ledger", 0, &publish);
    assert_eq!((&met["outcome"], &met["quorum"]), (&json!("published"), &json!(true)), "{met}");
    assert_eq!((became(&met, "one"), became(&met, "two")), ("cosigned".to_owned(), "cosigned".to_owned()));
    // Whoever knows the witnesses sees that; a policy that asks for the third is not met.
    let _ = expect(here, 0, &["audit", "public", "--policy", "witnesses.policy"]);
    policy(here, &all, "quorum three");
    let said = expect(here, 3, &["audit", "public", "--policy", "witnesses.policy", "--json"]);
    assert!(said.contains("quorum-missing"), "{said}");
    policy(here, &all, "group most 2 one two three\nquorum most");
    // Receipts carry the cosignatures.
    let id = on(here, "play.ledger", 0, &["status"])["ledger"].as_str().unwrap().to_owned();
    let _ = expect(here, 0, &["--ledger", "play.ledger", "prove", "5", "-o", "five.receipt"]);
    let verify = ["receipt", "verify", "five.receipt", "--ledger-id", &id, "--policy", "witnesses.policy"];
    assert_eq!(json(here, &verify)["cosigned"].as_array().unwrap().len(), 2);
}

/// A witness whose first answers are that it is overloaded: then it cosigns whatever it is asked.
fn overloaded(times: usize, number: u8) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let request = read_request(&mut stream);
            let (status, body) = match request.split_once("\n\n") {
                Some((_, checkpoint)) if times <= count => {
                    let line = cosigned(checkpoint, &[(number, 1_700_000_000)]).split_off(checkpoint.len());
                    ("200 OK", line)
                }
                _ => ("503 Service Unavailable", String::new()),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    url
}

/// The body of a request.
fn read_request(stream: &mut std::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if length.is_none_or(|length: usize| length <= body.len()) || count == 0 {
                return body.to_owned();
            }
        }
        if count == 0 {
            return String::new();
        }
    }
}

#[test]
fn an_overloaded_witness_is_asked_again_a_few_times() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    let policy = two_of_three().replace("quorum two", "quorum w1");
    let publish = |here: &Path, url: &str, code| {
        std::fs::write(here.join("w.policy"), policy.replacen('\n', &format!(" {url}\n"), 1)).unwrap();
        on(here, "play.ledger", code, &["publish", "public", "--policy", "w.policy", "--timeout", "20"])
    };
    let never = publish(here, &overloaded(3, 1), 4);
    assert_eq!(became(&never, "w1"), "failed", "{never}");
    assert_eq!(became(&publish(here, &overloaded(2, 1), 0), "w1"), "cosigned");
}

#[test]
fn who_says_nothing_keeps_nobody_waiting_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    log_policy(here, "play.ledger", "");
    let witness = Running::start(here, "one", "logs.policy", &[]);
    policy(here, &[("one", &witness.vkey, &witness.url)], "quorum one");
    // More connections than the witness has places, each with half a request.
    let address = witness.url.trim_start_matches("http://").to_owned();
    let mute: Vec<_> = (0..300)
        .filter_map(|_| {
            let mut stream = std::net::TcpStream::connect(&address).ok()?;
            stream.write_all(b"GET / HT").ok().map(|()| stream)
        })
        .collect();
    assert!(mute.len() > 256, "{}", mute.len());
    let publish = ["publish", "public", "--policy", "witnesses.policy", "--timeout", "30"];
    assert_eq!(became(&on(here, "play.ledger", 0, &publish), "one"), "cosigned");
    let mut first = &mute[0];
    first.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let mut rest = Vec::new();
    let _ = first.read_to_end(&mut rest);
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"), "{rest:?}");
}

/// The authority goes on without the operator after the last head that the witness cosigned; the witness is told of the new
/// key and follows, because that history extends what it has seen.
#[test]
fn a_witness_follows_a_succession_from_the_head_that_it_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    let id = on(here, "play.ledger", 0, &["status"])["ledger"].as_str().unwrap().to_owned();
    log_policy(here, "play.ledger", "");
    let witness = Running::start(here, "one", "logs.policy", &[]);
    policy(here, &[("one", &witness.vkey, &witness.url)], "quorum one");
    let publish = ["publish", "public", "--policy", "witnesses.policy", "--timeout", "5"];
    let size = on(here, "play.ledger", 0, &publish)["size"].as_u64().unwrap();
    // The old operator goes on, and nobody sees it.
    item(here, "play.ledger", "In the dark");
    let _ = on(here, "new.ledger", 0, &["restore", "public", "--ledger-id", &id]);
    let _ = on(here, "new.ledger", 0, &["log-key", "new"]);
    let rotate =
        ["--by", "root", "rotate-log-key", "--log-key", "new.ledger.log-key.1.pub", "--after", &size.to_string()];
    let _ = on(here, "new.ledger", 0, &rotate);
    let new = ["publish", "new", "--policy", "witnesses.policy", "--timeout", "5"];
    let unknown = on(here, "new.ledger", 4, &new);
    assert_eq!(became(&unknown, "one"), "failed", "{unknown}");
    // Whoever runs the witness recognises the new key.
    let keys = on(here, "new.ledger", 0, &["log-key", "show"])["keys"].clone();
    let line = |number: usize| format!("log {}\n", keys[number]["vkey"].as_str().unwrap());
    std::fs::write(here.join("logs.policy"), line(0) + &line(1) + "quorum none\n").unwrap();
    drop(witness);
    let witness = Running::start(here, "one", "logs.policy", &[]);
    policy(here, &[("one", &witness.vkey, &witness.url)], "quorum one");
    assert_eq!(became(&on(here, "new.ledger", 0, &new), "one"), "cosigned");
    // What the old operator has above that head is void: the witness sees a fork.
    assert_eq!(became(&on(here, "play.ledger", 3, &publish), "one"), "FORK ALARM");
}

#[test]
fn a_forked_operator_is_caught_by_a_witness() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    std::fs::copy(here.join("play.ledger"), here.join("other.ledger")).unwrap();
    item(here, "play.ledger", "Shown to the witness");
    item(here, "other.ledger", "Shown to the members");
    log_policy(here, "play.ledger", "");
    let witness = Running::start(here, "one", "logs.policy", &[]);
    policy(here, &[("one", &witness.vkey, &witness.url)], "quorum one");
    let publish = |ledger: &str, folder: &str, code| {
        on(here, ledger, code, &["publish", folder, "--policy", "witnesses.policy", "--timeout", "5"])
    };
    let _ = publish("play.ledger", "public", 0);
    let alarm = publish("other.ledger", "other", 3);
    assert_eq!(became(&alarm, "one"), "FORK ALARM", "{alarm}");
    assert!(!here.join("other/checkpoint").exists());
    let key = on(here, "play.ledger", 0, &["log-key", "show"])["keys"][0]["vkey"].as_str().unwrap().to_owned();
    // The witness keeps evidence that anybody can verify, and so does the operator.
    let found: Value =
        serde_json::from_str(&expect(here, 3, &["witness", "evidence", "--store", "one.store", "--json"])).unwrap();
    let evidence = found["evidence"][0].as_str().unwrap();
    assert!(evidence.ends_with(".fork"), "{evidence}");
    for file in [evidence, "other.ledger.fork"] {
        let _ = expect(here, 0, &["fork", "verify", file, "--log-key", &key]);
    }
    // A longer fork, and an older copy of the ledger.
    item(here, "other.ledger", "More");
    assert_eq!(became(&publish("other.ledger", "other", 3), "one"), "FORK ALARM");
    // The witness remembers after it was killed.
    drop(witness);
    let witness = Running::start(here, "one", "logs.policy", &[]);
    policy(here, &[("one", &witness.vkey, &witness.url)], "quorum one");
    assert_eq!(became(&publish("other.ledger", "other", 3), "one"), "FORK ALARM");
    item(here, "play.ledger", "The honest log goes on");
    assert_eq!(publish("play.ledger", "public", 0)["outcome"], "published");
}

#[test]
fn a_witness_that_understands_cosigns_lawful_states_only() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    log_policy(here, "play.ledger", here.join("public").to_str().unwrap());
    let witness = Running::start(here, "sage", "logs.policy", &["--semantic"]);
    policy(here, &[("sage", &witness.vkey, &witness.url)], "quorum sage");
    let publish = ["publish", "public", "--policy", "witnesses.policy", "--timeout", "20"];
    assert_eq!(on(here, "play.ledger", 0, &publish)["outcome"], "published");
    item(here, "play.ledger", "Lawful");
    assert_eq!(on(here, "play.ledger", 0, &publish)["outcome"], "published");
    // The operator enters what the charter refuses (the last event a second time), signs the head, and asks.
    let lawful = rollcall_storage::published::Published::open(rollcall_storage::published::Folder(here.join("public")));
    let lawful = lawful.unwrap().unwrap();
    let size = lawful.checkpoint().head.size;
    let mut tree = rollcall_core::tree::Tree::default();
    let mut entries = lawful.entries(0..size).unwrap();
    entries.push(entries.last().unwrap().clone());
    for entry in &entries {
        tree.push(entry);
    }
    let head = rollcall_core::checkpoint::Checkpoint { origin: lawful.checkpoint().origin.clone(), head: tree.head() };
    let note = head.sign(&rollcall_core::ledger::rehearsal_log_key("GreatSQL"));
    let range = |range: std::ops::Range<u64>| {
        Ok(entries[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec())
    };
    let _ = rollcall_storage::published::publish_tiles(&tree, &head, range, &here.join("public"), |_| {}).unwrap();
    let asked = std::fs::read_to_string(here.join("witnesses.policy")).unwrap();
    let asked = rollcall_core::policy::Policy::read(&asked).unwrap();
    let patience = std::time::Duration::from_secs(10);
    let collected =
        rollcall_server::cosigners::collect(&asked, (&note, &tree), size, patience, |quorum| quorum.met).unwrap();
    assert!(!collected.quorum.met, "{collected:?}");
    let said = format!("{:?}", collected.witnesses);
    assert!(said.contains("is in the log already"), "{said}");
}
