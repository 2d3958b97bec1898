//! A service that takes signed acts: many at once, killed in the middle, refusing, broken off, and lied about.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rollcall_core::act::{Act, Enrol};
use rollcall_core::digest::LedgerId;
use rollcall_core::event::{Header, Payload, SignedEvent};
use rollcall_core::key::SigningKey;
use rollcall_core::receipt::Receipt;
use rollcall_core::time::Timestamp;
use rollcall_core::tree::Head;
use rollcall_server::acts::{Reply, send};
use rollcall_storage::Store;
use rollcall_storage::redb::RedbStore;
use rollcall_tests::server::Server;
use rollcall_tests::{expect, has_tool, json as answered, rollcall};
use serde_json::{Value, json};

/// A ledger on the real clock with one person as its authority, and its id.
fn founded(here: &Path) -> LedgerId {
    founded_under(here, "steward")
}

/// The same under another charter.
fn founded_under(here: &Path, charter: &str) -> LedgerId {
    let _ = expect(here, 0, &["key", "new", "root.key", "--no-passphrase"]);
    let init = ["--ledger", "L", "--key", "root.key", "init", "--charter", charter, "--name", "Served"];
    let _ = expect(here, 0, &[&init[..], &["--authority", "root=root.key.pub"]].concat());
    answered(here, &["--ledger", "L", "status"])["ledger"].as_str().unwrap().parse().unwrap()
}

fn now() -> Timestamp {
    let ms = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    Timestamp::from_ms(u64::try_from(ms).unwrap()).unwrap()
}

fn head(here: &Path) -> Head {
    RedbStore::read(&here.join("L")).unwrap().head().unwrap()
}

/// An act by which somebody new enrols, with a key of their own.
fn enrolment(ledger: LedgerId, seen: Head, person: &str) -> SignedEvent {
    let key =
        SigningKey::from_seed(&rollcall_core::digest::derive("rollcall tests of a service v1", person.as_bytes()));
    let at = now();
    let header = Header {
        ledger: Some(ledger),
        by: person.parse().unwrap(),
        at,
        not_after: at.plus_ms(3_600_000),
        seen,
        missing: Vec::new(),
    };
    let payload = Payload { header, act: Act::Enrol(Enrol { name: None }) };
    SignedEvent::sign(payload.encode().unwrap(), &key).unwrap()
}

fn said(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

/// Sends acts from many threads, each the next one that nobody has sent, until all are or nobody answers.
fn sent(url: &str, acts: &[SignedEvent], threads: usize, told: impl Fn(&SignedEvent, &Value) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(act) = acts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Ok(reply) = send(url, &act.encode()) else { return };
                    told(act, &said(&reply));
                }
            });
        }
    });
}

#[test]
fn many_send_at_once_and_each_is_answered_with_a_receipt_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let begun = head(here);
    let acts: Vec<SignedEvent> = (0..120).map(|n| enrolment(ledger, begun, &format!("p{n}"))).collect();
    let service = Server::start(here, &["--ledger", "L", "serve"]);
    assert!(service.name.contains(&ledger.to_string()), "{}", service.name);
    let (entries, heads) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        // Whoever writes to the ledger itself gets a turn.
        scope.spawn(|| {
            for role in ["one", "two", "three"] {
                let appoint = ["appoint", "--unit", "steward", "--role", role, "--person", "root"];
                let args = [&["--ledger", "L", "--key", "root.key"][..], &appoint].concat();
                let output = rollcall(here, &args);
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(!told.contains("in-use"), "{told}");
            }
        });
        sent(&service.url, &acts, 40, |act, told| {
            assert_eq!(told["outcome"], "accepted", "{told}");
            let receipt = Receipt::read(told["receipt"].as_str().unwrap()).unwrap();
            let shown = receipt.verify(ledger, None).unwrap();
            assert_eq!((shown.event, Some(shown.index)), (act.id(), told["entry"].as_u64()));
            assert!(entries.lock().unwrap().insert(shown.index), "two acts have one entry");
            heads.lock().unwrap().insert(shown.head.size);
        });
    });
    assert_eq!(entries.lock().unwrap().len(), acts.len());
    let heads = heads.lock().unwrap().len();
    assert!(heads < acts.len(), "each act had a head, and so a sync, of its own");
    // An act that is sent again is entered once, and has a receipt again.
    let again = said(&send(&service.url, &acts[7].encode()).unwrap());
    assert_eq!(again["outcome"], "already there");
    assert!(Receipt::read(again["receipt"].as_str().unwrap()).unwrap().verify(ledger, None).is_ok());
    let report = answered(here, &["--ledger", "L", "audit", "--ledger-id", &ledger.to_string()]);
    assert_eq!(report["outcome"], "valid");
}

/// What each group of acts was judged on, a whole charter at least, is given back once it is answered, however often an act is sent.
#[test]
fn a_service_does_not_grow_with_what_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded_under(here, "greatsql");
    let act = enrolment(ledger, head(here), "ann").encode();
    let service = Server::start(here, &["--ledger", "L", "serve"]);
    let status = format!("/proc/{}/status", service.child.id());
    let kilobytes_after = |times: usize| -> Option<u64> {
        for _ in 0..times {
            assert_eq!(send(&service.url, &act).unwrap().status, 200);
        }
        let status = std::fs::read_to_string(&status).ok()?;
        status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?.trim().trim_end_matches(" kB").parse().ok()
    };
    let (Some(before), Some(after)) = (kilobytes_after(20), kilobytes_after(40)) else {
        rollcall_tests::without("what a service holds in memory is not measured: the system does not tell");
        return;
    };
    assert!(after < before + 1_000, "{before} kB after 20 answers, {after} kB after 40 more");
}

#[test]
fn what_was_answered_is_there_whenever_the_service_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let mut people = 0..;
    for stop in [1, 3, 17, 40] {
        let begun = head(here);
        let acts: Vec<SignedEvent> =
            people.by_ref().take(80).map(|n| enrolment(ledger, begun, &format!("p{n}"))).collect();
        let service = Mutex::new(Server::start(here, &["--ledger", "L", "serve"]));
        let url = service.lock().unwrap().url.clone();
        let receipts = Mutex::new(Vec::new());
        sent(&url, &acts, 16, |act, told| {
            assert_eq!(told["outcome"], "accepted", "{told}");
            let mut receipts = receipts.lock().unwrap();
            receipts.push((act.id(), Receipt::read(told["receipt"].as_str().unwrap()).unwrap()));
            if receipts.len() == stop {
                service.lock().unwrap().child.kill().unwrap();
            }
        });
        let _ = service.into_inner().unwrap().child.wait();
        let receipts = receipts.into_inner().unwrap();
        assert!(stop <= receipts.len() && receipts.len() < acts.len(), "it was killed in the middle");
        // Whoever opens the ledger next mends what the kill has left; every answer stands.
        let store = RedbStore::read(&here.join("L")).unwrap();
        for (event, receipt) in &receipts {
            assert_eq!(store.position(event).unwrap(), Some(receipt.index), "answered and gone");
            let entry = store.entries(receipt.index..receipt.index + 1).unwrap();
            assert_eq!(entry, [receipt.entry.as_slice()]);
        }
        drop(store);
        let _ = expect(here, 0, &["--ledger", "L", "audit", "--ledger-id", &ledger.to_string()]);
        // Whoever got no answer sends again, and is in the log once.
        let service = Server::start(here, &["--ledger", "L", "serve"]);
        sent(&service.url, &acts, 16, |act, told| {
            assert!(matches!(told["outcome"].as_str(), Some("accepted" | "already there")), "{told}");
            let known = receipts.iter().find(|(event, _)| *event == act.id()).map(|(_, receipt)| receipt.index);
            assert!(known.is_none() || known == told["entry"].as_u64(), "another entry than before");
        });
        assert_eq!(head(here).size, begun.size + 80);
    }
}

#[test]
fn what_is_no_lawful_act_is_told_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let service = Server::start(here, &["--ledger", "L", "serve"]);
    let url = &service.url;
    let before = head(here);
    let answer = |bytes: &[u8]| send(url, bytes).map(|reply| (reply.status, said(&reply))).unwrap();
    let good = enrolment(ledger, before, "ann");

    let (status, told) = answer(b"");
    assert_eq!((status, &told["outcome"], &told["code"]), (400, &"failed".into(), &"bad-input".into()));
    let (status, _) = answer(&[0xff; 40]);
    assert_eq!(status, 400);
    let (status, told) = answer(good.payload());
    assert_eq!((status, &told["what"]), (400, &"the act is not signed".into()));
    let (status, told) = answer(&vec![b'x'; 300_000]);
    assert_eq!((status, &told["code"]), (413, &"too-long".into()));
    let mut forged = good.encode();
    *forged.last_mut().unwrap() ^= 1;
    let (status, told) = answer(&forged);
    assert_eq!((status, &told["outcome"], &told["code"]), (403, &"refused".into(), &"bad-signature".into()));
    // By the rules: a look-alike of a person who is there, and another ledger's act.
    let (status, told) = answer(&enrolment(ledger, before, "root").encode());
    assert_eq!((status, told["outcome"].as_str()), (422, Some("refused")));
    assert!(told["clause"].is_string() && told["what"].is_string() && told["facts"].is_object(), "{told}");
    let other = LedgerId::from_bytes([7; 32]);
    let (status, told) = answer(&enrolment(other, before, "ann").encode());
    assert_eq!((status, told["outcome"].as_str()), (422, Some("refused")), "{told}");
    assert!(told["refusal"].as_str().is_some_and(|note| note.starts_with("rollcall refusal v1\n")), "{told}");
    assert_eq!(head(here), before, "a refusal leaves no trace");

    if has_tool("curl") {
        let curl = |args: &[&str]| {
            let output = Command::new("curl").current_dir(here).arg("-s").args(args).output().unwrap();
            serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default()
        };
        std::fs::write(here.join("ann.signed"), good.encode()).unwrap();
        let told = curl(&["--data-binary", "@ann.signed", &format!("{url}/acts")]);
        assert_eq!(told["outcome"], "accepted");
        assert_eq!(curl(&[&format!("{url}/status")])["size"], before.size + 1);
        assert_eq!(curl(&[&format!("{url}/elsewhere")])["code"], "not-found");
    }
}

#[test]
fn a_member_drafts_from_a_service_and_sends_to_it_what_they_sign() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let mut service = Server::start(here, &["--ledger", "L", "serve"]);
    let url = service.url.clone();
    let _ = expect(here, 0, &["key", "new", "ann.key", "--no-passphrase"]);
    let _ = expect(here, 0, &["draft", "enrol", "--status", &url, "--by", "ann", "-o", "ann"]);
    let _ = expect(here, 0, &["sign", "ann", "--key", "ann.key"]);
    let told = expect(here, 0, &["append", "ann.signed", "--to", &url]);
    assert!(told.contains("ann.signed: accepted, entry 3\n") && told.contains("receipt: ann.signed.receipt"), "{told}");
    let id = ledger.to_string();
    let _ = expect(here, 0, &["receipt", "verify", "ann.signed.receipt", "--ledger-id", &id]);
    let told = answered(here, &["append", "ann.signed", "--to", &url, "--no-receipts"]);
    assert_eq!((&told["outcome"], &told["entry"]), (&"already there".into(), &3.into()));

    // What is refused is told as `append` tells it, and the log's word of it is kept and checked.
    std::fs::write(here.join("twice.signed"), enrolment(ledger, head(here), "ann").encode()).unwrap();
    let key = answered(here, &["--ledger", "L", "log-key", "show"])["keys"][0]["vkey"].as_str().unwrap().to_owned();
    let to = ["append", "ann.signed", "twice.signed", "--to", &url, "--log-key", &key];
    let there = expect(here, 1, &to);
    assert!(
        there.contains("twice.signed: refused, ") && there.contains("signed refusal: twice.signed.refusal"),
        "{there}"
    );
    let refusal = ["refusal", "verify", "twice.signed.refusal", "--event", "twice.signed", "--bundle", "L"];
    assert!(expect(here, 0, &refusal).starts_with("borne out"));
    let at_hand = expect(here, 1, &["--ledger", "L", "append", "ann.signed", "twice.signed", "--no-receipts"]);
    let words = |text: &str| text.lines().find(|line| line.starts_with("twice.signed")).unwrap().to_owned();
    assert_eq!(words(&there), words(&at_hand));

    let elsewhere = expect(here, 4, &["append", "ann.signed", "--to", &format!("{url}/acts")]);
    assert!(elsewhere.contains("hint: name the service by its address alone"), "{elsewhere}");

    // Asked to end, it ends; then nobody answers, and nothing is claimed.
    let ended = Command::new("kill").arg(service.child.id().to_string()).status().unwrap();
    assert!(ended.success() && service.child.wait().unwrap().success());
    std::fs::write(here.join("bob.signed"), enrolment(ledger, head(here), "bob").encode()).unwrap();
    let lost = expect(here, 4, &["append", "bob.signed", "ann.signed", "--to", &url, "--json"]);
    let lost: Value = serde_json::from_str(&lost).unwrap();
    let outcomes: BTreeSet<&str> = [0, 1].map(|n| lost["events"][n]["outcome"].as_str().unwrap()).into();
    assert_eq!(outcomes, ["failed", "not sent"].into());
    let _ = expect(here, 4, &["draft", "enrol", "--status", &url, "--by", "bob", "-o", "bob"]);
    let _ = expect(here, 2, &["append", "bob.signed", "--to", "L", "--receipts", "made"]);
    assert!(!here.join("made").exists(), "what is no address is told before anything is made");
}

#[test]
fn a_service_that_cannot_sign_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = founded(here);
    std::fs::rename(here.join("L.log-key"), here.join("elsewhere")).unwrap();
    let told = expect(here, 4, &["--ledger", "L", "serve", "--json"]);
    assert!(told.contains("key"), "{told}");
    let _ = expect(here, 4, &["--ledger", "none", "serve"]);
    let _ = expect(here, 2, &["serve"]);
}

/// Answers every request with these words.
fn liar(told: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 4096];
            // As long as a body comes, which is behind the empty line and shorter than a part.
            while let Ok(length @ 1..) = stream.read(&mut part) {
                request.extend_from_slice(&part[..length]);
                let text = String::from_utf8_lossy(&request).to_lowercase();
                let whole = text.split_once("\r\n\r\n").map(|(header, _)| {
                    let length = header.lines().find_map(|line| line.strip_prefix("content-length: "));
                    header.len() + 4 + length.map_or(0, |length| length.parse().unwrap())
                });
                if whole.is_some_and(|whole| whole <= request.len()) {
                    break;
                }
            }
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", told.len());
            let _ = stream.write_all(format!("{head}{told}").as_bytes());
        }
    });
    url
}

#[test]
fn a_service_that_lies_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let service = Server::start(here, &["--ledger", "L", "serve"]);
    let (ann, bob) = (enrolment(ledger, head(here), "ann"), enrolment(ledger, head(here), "bob"));
    let honest = said(&send(&service.url, &ann.encode()).unwrap());
    std::fs::write(here.join("bob.signed"), bob.encode()).unwrap();
    std::fs::write(here.join("ann.signed"), ann.encode()).unwrap();
    let altered = |from: &str, to: &str| {
        let mut told = honest.clone();
        told["receipt"] = told["receipt"].as_str().unwrap().replacen(from, to, 1).into();
        told.to_string()
    };
    let lies = [
        ("bob.signed", honest.to_string(), "another act"),
        ("ann.signed", altered("index 3", "index 2"), "proves nothing"),
        ("ann.signed", r#"{"outcome": "accepted", "entry": 3}"#.to_owned(), "no receipt"),
        ("ann.signed", r#"{"outcome": "elected"}"#.to_owned(), "no answer to an act"),
        ("ann.signed", "<html>502</html>".to_owned(), "no answer to an act"),
    ];
    for (file, told, why) in lies {
        let url = liar(told);
        let answer = expect(here, 4, &["append", file, "--to", &url]);
        assert!(answer.contains(why), "{answer}");
        assert!(!here.join(format!("{file}.receipt")).exists(), "{why}");
    }
    // Words of a service stand in one line, and a refusal counts where the log has signed it.
    let key = answered(here, &["--ledger", "L", "log-key", "show"])["keys"][0]["vkey"].as_str().unwrap().to_owned();
    let refused = |what: &str, refusal: Value| {
        let told = json!({"outcome": "refused", "code": "lapsed", "what": what, "clause": "x", "facts": {}, "refusal": refusal});
        liar(told.to_string())
    };
    let forged = "no\nann.signed: accepted, entry 9\u{1b}[2J";
    let answer = expect(here, 1, &["append", "ann.signed", "--to", &refused(forged, Value::Null)]);
    assert!(
        !answer.lines().any(|line| line.starts_with("ann.signed: accepted")) && !answer.contains('\u{1b}'),
        "{answer}"
    );
    for refusal in [Value::Null, "rollcall refusal v1\n".into()] {
        let url = refused("no", refusal);
        let answer = expect(here, 4, &["append", "ann.signed", "--to", &url, "--log-key", &key]);
        assert!(answer.contains("a refusal that the log has not signed"), "{answer}");
    }
    let answer = expect(here, 4, &["append", "ann.signed", "--to", &refused("no", "anything".into())]);
    assert!(answer.contains("has not signed") && !here.join("ann.signed.refusal").exists(), "{answer}");
    let _ = expect(here, 4, &["append", "ann.signed", "--to", &liar(r#"{"outcome": "refused"}"#.to_owned())]);
    // Nor is a status that is none the fault of whoever drafts.
    let drafted = expect(here, 4, &["draft", "enrol", "--status", &liar("{}".to_owned()), "--by", "eve", "-o", "eve"]);
    assert!(drafted.is_empty() && !here.join("eve").exists());
    let answer = expect(here, 0, &["append", "ann.signed", "--to", &liar(honest.to_string()), "--log-key", &key]);
    assert!(answer.contains("accepted, entry 3"), "{answer}");
}

#[test]
fn a_draft_that_another_key_has_signed_first_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let service = Server::start(here, &["--ledger", "L", "serve"]);
    let url = service.url.as_str();
    for key in ["ann.key", "eve.key"] {
        let _ = expect(here, 0, &["key", "new", key, "--no-passphrase"]);
    }
    let drafted = expect(here, 0, &["draft", "enrol", "--status", url, "--by", "ann", "-o", "ann"]);
    assert!(drafted.contains(&format!("rollcall append ann.signed --to {url}")), "{drafted}");
    std::fs::copy(here.join("ann"), here.join("seen")).unwrap();
    let _ = expect(here, 0, &["sign", "seen", "--key", "eve.key"]);
    let _ = expect(here, 0, &["append", "seen.signed", "--to", url]);
    let _ = expect(here, 0, &["sign", "ann", "--key", "ann.key"]);
    // And keeps nobody else's act back.
    let head = RedbStore::read(&here.join("L")).unwrap().head().unwrap();
    std::fs::write(here.join("bob.signed"), enrolment(ledger, head, "bob").encode()).unwrap();
    let answer = expect(here, 1, &["append", "ann.signed", "bob.signed", "--to", url]);
    assert!(answer.contains("at entry 3, with another key") && answer.contains("signed-by-another"), "{answer}");
    assert!(answer.contains("bob.signed: accepted, entry 4"), "{answer}");
    assert!(!here.join("ann.signed.receipt").exists());
    // Nor where a service says that it is there, and proves the other one's.
    let told = said(&send(url, &std::fs::read(here.join("seen.signed")).unwrap()).unwrap());
    assert_eq!((&told["outcome"], &told["entry"]), (&json!("already there"), &json!(3)));
    let answer = expect(here, 4, &["append", "ann.signed", "--to", &liar(told.to_string())]);
    assert!(answer.contains("the same act under another key, in entry 3"), "{answer}");
    assert!(!here.join("ann.signed.receipt").exists());
}

#[test]
fn whoever_has_said_all_and_only_listens_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let service = Server::start(here, &["--ledger", "L", "serve"]);
    let act = enrolment(ledger, head(here), "ann").encode();
    let mut stream = TcpStream::connect(service.url.trim_start_matches("http://")).unwrap();
    let head = format!("POST /acts HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", act.len());
    stream.write_all(&[head.as_bytes(), &act].concat()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"accepted\""), "{answer}");
}

#[test]
fn who_holds_the_lock_of_the_heads_keeps_the_receipt_and_not_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let service = Server::start(here, &["--ledger", "L", "serve"]);
    let act = enrolment(ledger, head(here), "ann").encode();
    let held = std::fs::File::open(here.join("L.checkpoint.lock")).unwrap();
    held.lock_shared().unwrap();
    let reply = send(&service.url, &act).unwrap();
    assert_eq!((reply.status, &said(&reply)["code"]), (503, &"no-receipt".into()), "{}", reply.body);
    drop(held);
    let reply = send(&service.url, &act).unwrap();
    assert_eq!((reply.status, &said(&reply)["outcome"]), (200, &"already there".into()), "{}", reply.body);
}

#[test]
fn another_ledger_in_its_place_is_not_served_and_without_its_key_nothing_is_entered() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let other = tempfile::tempdir().unwrap();
    let _ = founded(other.path());
    let service = Server::start(here, &["--ledger", "L", "serve"]);
    let act = enrolment(ledger, head(here), "ann").encode();
    std::fs::rename(here.join("L.log-key"), here.join("kept.log-key")).unwrap();
    let before = head(here);
    let reply = send(&service.url, &act).unwrap();
    assert_eq!((reply.status, head(here)), (503, before), "{}", reply.body);
    std::fs::copy(other.path().join("L.log-key"), here.join("L.log-key")).unwrap();
    let reply = send(&service.url, &act).unwrap();
    assert_eq!((reply.status, head(here)), (503, before), "{}", reply.body);
    std::fs::rename(here.join("kept.log-key"), here.join("L.log-key")).unwrap();
    std::fs::rename(here.join("L"), here.join("kept")).unwrap();
    for name in ["L", "L.log-key"] {
        std::fs::copy(other.path().join(name), here.join(name)).unwrap();
    }
    let _ = std::fs::remove_file(here.join("L.checkpoint"));
    let reply = send(&service.url, &act).unwrap();
    assert_eq!(reply.status, 503, "{}", reply.body);
    assert!(!reply.body.contains('/'), "a service says nothing of files: {}", reply.body);
    let _ = expect(here, 4, &["draft", "enrol", "--status", &service.url, "--by", "bob", "-o", "bob"]);
}

#[test]
fn a_file_whose_name_is_no_text_is_answered_as_others_are() {
    use std::os::unix::ffi::OsStringExt as _;

    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ledger = founded(here);
    let name = std::ffi::OsString::from_vec(b"ann\xff".to_vec());
    std::fs::write(here.join(&name), enrolment(ledger, head(here), "ann").encode()).unwrap();
    let mut command = Command::new(rollcall_tests::program());
    let output = command.current_dir(here).args(["--ledger", "L", "append"]).arg(&name).arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["file"], "ann\u{fffd}");
}
