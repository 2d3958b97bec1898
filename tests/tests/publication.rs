//! A log as static files: what is published, what a mirror follows, what a fork leaves behind, and the keys of the log.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::ledger::rehearsal_log_key;
use rollcall_core::note::Note;
use rollcall_tests::community::{Script, meeting};
use rollcall_tests::{expect, json};
use serde_json::{Value, json};

const AT: &str = "2026-03-09T12:30:00Z";

fn on(here: &Path, ledger: &str, code: i32, args: &[&str]) -> String {
    expect(here, code, &[&["--ledger", ledger], args].concat())
}

fn id_of(here: &Path, ledger: &str) -> String {
    json(here, &["--ledger", ledger, "status"])["ledger"].as_str().unwrap().to_owned()
}

/// A ledger of a body of three; and a second one with the same beginning and another end, as a cheating operator has it.
fn two_histories(here: &Path) -> String {
    meeting(&["Adopt the plan"]).play(here);
    for (copy, person) in [("one.ledger", "wen"), ("two.ledger", "vic")] {
        std::fs::copy(here.join("play.ledger"), here.join(copy)).unwrap();
        let nominate = json!({"unit": "toc", "title": format!("An item of {person}")});
        let acts = ["alice", "bob"].map(|by| {
            let mut act = json!({"at": AT, "by": by, "act": "item"});
            act.as_object_mut().unwrap().extend(nominate.as_object().unwrap().clone());
            act["title"] = json!(format!("{person} {by}"));
            act.to_string()
        });
        std::fs::write(here.join("more.jsonl"), acts.join("\n")).unwrap();
        let _ = on(here, copy, 0, &["rehearse", "more.jsonl"]);
    }
    id_of(here, "one.ledger")
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.strip_prefix(folder).unwrap().to_path_buf(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_published_is_audited_and_grows() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    let id = id_of(here, "play.ledger");
    let _ = on(here, "play.ledger", 0, &["publish", "public"]);
    let before = files(&here.join("public"));
    let audit = json(here, &["audit", "public", "--ledger-id", &id, "--resume", "seen"]);
    assert_eq!((&audit["outcome"], &audit["judged_before"]), (&json!("valid"), &json!(0)));
    // Many people arrive, so that tiles fill up; what was published stays as it is.
    let crowd: Vec<String> =
        (0..300).map(|number| json!({"at": AT, "by": format!("p{number}"), "act": "enrol"}).to_string()).collect();
    std::fs::write(here.join("crowd.jsonl"), crowd.join("\n")).unwrap();
    let _ = on(here, "play.ledger", 0, &["rehearse", "crowd.jsonl"]);
    let published: Value = json(here, &["--ledger", "play.ledger", "publish", "public"]);
    let after = files(&here.join("public"));
    assert!(before.iter().all(|file| file.0 == Path::new("checkpoint") || after.contains(file)));
    assert!(after.iter().any(|(path, _)| path == Path::new("tile/entries/000")), "{after:?}");
    assert!(after.iter().any(|(path, _)| path == Path::new("tile/1/000.p/1")));
    let audit = json(here, &["audit", "public", "--ledger-id", &id, "--resume", "seen"]);
    assert_eq!((&audit["outcome"], &audit["size"]), (&json!("valid"), &published["size"]));
    assert_eq!(audit["judged_before"], published["before"]);
    // A beginning of the log with a forged end is not what was verified.
    let small = rollcall_core::tiles::entries(&std::fs::read(here.join("public/tile/entries/000")).unwrap()).unwrap();
    let mut forged: Vec<Vec<u8>> = small[..20].to_vec();
    let last = forged[19].len() - 1;
    forged[19][last] ^= 1;
    let mut tree = rollcall_core::tree::Tree::default();
    for entry in &forged {
        tree.push(entry);
    }
    let head = Checkpoint { origin: "rehearsal.invalid/rollcall".to_owned(), head: tree.head() };
    let note = head.sign(&rehearsal_log_key("GreatSQL"));
    let framed: Vec<u8> = forged.iter().flat_map(|entry| rollcall_core::tiles::frame(entry)).collect();
    std::fs::write(here.join("forged.bundle"), [rollcall_core::bundle::preamble(&note), framed].concat()).unwrap();
    let _ = expect(here, 3, &["audit", "forged.bundle", "--ledger-id", &id, "--resume", "seen"]);
    // A file of an earlier head is looked at too.
    let older = here.join("public/tile/0/000.p/20");
    if older.exists() {
        std::fs::write(&older, "junk").unwrap();
        let _ = expect(here, 3, &["audit", "public"]);
        std::fs::write(&older, "junk").unwrap();
    }
    // The same ledger as a bundle, and a ledger made from it again, with the same head.
    let _ = on(here, "play.ledger", 0, &["bundle", "-o", "all.bundle"]);
    assert_eq!(json(here, &["audit", "all.bundle", "--ledger-id", &id])["root"], published["root"]);
    let _ = on(here, "again.ledger", 0, &["restore", "all.bundle", "--ledger-id", &id]);
    assert_eq!(json(here, &["--ledger", "again.ledger", "audit"])["root"], published["root"]);
    let other = "0".repeat(64);
    let _ = on(here, "third.ledger", 3, &["restore", "all.bundle", "--ledger-id", &other]);
    assert!(!here.join("third.ledger").exists());
}

#[test]
fn every_changed_byte_of_the_files_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    let id = id_of(here, "play.ledger");
    let _ = on(here, "play.ledger", 0, &["publish", "public"]);
    let mut seen = std::collections::BTreeSet::new();
    for (path, bytes) in files(&here.join("public")) {
        let target = here.join("public").join(&path);
        for (what, changed) in damages(&bytes) {
            match changed {
                Some(changed) => std::fs::write(&target, changed).unwrap(),
                None => std::fs::remove_file(&target).unwrap(),
            }
            let output =
                rollcall_tests::rollcall(here, &["audit", "public", "--ledger-id", &id, "--level", "log", "--json"]);
            let code = output.status.code();
            assert!(matches!(code, Some(3 | 4)), "{} {what}: {code:?}", path.display());
            let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            seen.insert(said["violations"][0]["code"].as_str().unwrap_or("could not check").to_owned());
        }
        std::fs::write(&target, bytes).unwrap();
    }
    assert_eq!(json(here, &["audit", "public", "--ledger-id", &id])["outcome"], "valid");
    for code in ["tile-altered", "tile-missing", "entry-missing", "head-unsigned"] {
        assert!(seen.contains(code), "{code}: {seen:?}");
    }
}

fn damages(bytes: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
    let step = (bytes.len() / 24).max(1);
    let mut all: Vec<_> = (0..bytes.len())
        .step_by(step)
        .map(|at| {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            (format!("byte {at}"), Some(changed))
        })
        .collect();
    all.push(("cut".to_owned(), Some(bytes[..bytes.len() - 1].to_vec())));
    all.push(("padded".to_owned(), Some([bytes, b"\n"].concat())));
    all.push(("empty".to_owned(), Some(Vec::new())));
    all.push(("gone".to_owned(), None));
    all
}

#[test]
fn a_mirror_follows_and_raises_a_fork_alarm_with_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let id = two_histories(here);
    let _ = on(here, "play.ledger", 0, &["publish", "public"]);
    let follow = ["mirror", "public", "mirror", "--ledger-id", &id];
    assert_eq!(json(here, &follow)["outcome"], "valid");
    let _ = on(here, "one.ledger", 0, &["publish", "public"]);
    let grown = json(here, &follow);
    assert_eq!((&grown["outcome"], &grown["new"]), (&json!("valid"), &json!(2)));
    let kept = files(&here.join("mirror"));
    // The operator shows another history of the same length, then a longer one.
    let key =
        json(here, &["--ledger", "one.ledger", "log-key", "show"])["keys"][0]["vkey"].as_str().unwrap().to_owned();
    for longer in [false, true] {
        if longer {
            let act = json!({"at": AT, "by": "carol", "act": "item", "unit": "toc", "title": "More"}).to_string();
            std::fs::write(here.join("more.jsonl"), act).unwrap();
            let _ = on(here, "two.ledger", 0, &["rehearse", "more.jsonl"]);
        }
        let _ = std::fs::remove_dir_all(here.join("public"));
        let _ = on(here, "two.ledger", 0, &["publish", "public"]);
        let alarm = expect(here, 3, &[&follow[..], &["--json"]].concat());
        let alarm: Value = serde_json::from_str(&alarm).unwrap();
        assert_eq!(alarm["fork"], true, "{alarm}");
        assert_eq!(files(&here.join("mirror")), kept, "the mirror stays as it was");
        let _ = expect(here, 0, &["fork", "verify", "mirror.fork", "--log-key", &key]);
        // An auditor who kept the other signed head finds the same.
        let audit = ["audit", "public", "--head", "mirror/checkpoint", "--json", "--evidence"];
        let audited =
            |file: &str| -> Value { serde_json::from_str(&expect(here, 3, &[&audit[..], &[file]].concat())).unwrap() };
        let evidence = audited("own.fork")["evidence"].clone();
        // Another proof is left alone, and the same one is not written twice.
        assert_eq!(evidence, if longer { "own.fork.2" } else { "own.fork" });
        assert_eq!(audited("own.fork")["evidence"], evidence);
        let _ = expect(here, 0, &["fork", "verify", evidence.as_str().unwrap(), "--log-key", &key]);
        // A proof that cannot be written takes nothing from the verdict.
        for nowhere in ["nowhere/own.fork", ".", ".."] {
            let unwritten = audited(nowhere);
            assert_eq!((&unwritten["outcome"], &unwritten["evidence"]), (&json!("invalid"), &Value::Null));
            assert!(unwritten["notes"].to_string().contains("signed two histories; the file cannot be written"));
        }
    }
    // Evidence that was bent shows nothing.
    let evidence = std::fs::read_to_string(here.join("mirror.fork")).unwrap();
    for (number, line) in evidence.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let at = line.char_indices().nth(line.chars().count() / 2).unwrap().0;
        let next = line[at..].chars().next().unwrap().len_utf8();
        let swap = if line[at..].starts_with('A') { "B" } else { "A" };
        let changed = format!("{}{swap}{}", &line[..at], &line[at + next..]);
        let lines: Vec<&str> =
            evidence.lines().enumerate().map(|(n, line)| if n == number { changed.as_str() } else { line }).collect();
        std::fs::write(here.join("bent.fork"), lines.join("\n") + "\n").unwrap();
        let _ = expect(here, 3, &["fork", "verify", "bent.fork", "--log-key", &key]);
    }
    // Nor do two heads of which one extends the other.
    let _ = on(here, "one.ledger", 3, &["publish", "public"]);
}

#[test]
fn no_second_history_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = two_histories(here);
    let _ = on(here, "one.ledger", 0, &["publish", "public"]);
    // An older copy is restored in the place of the ledger: nothing is signed, published or handed out.
    std::fs::copy(here.join("play.ledger"), here.join("one.ledger")).unwrap();
    let said = on(here, "one.ledger", 3, &["publish", "elsewhere", "--json"]);
    assert!(said.contains("head-contradicts"), "{said}");
    let _ = on(here, "one.ledger", 3, &["bundle", "-o", "older.bundle"]);
    let _ = on(here, "one.ledger", 3, &["--by", "dan", "enrol"]);
    let _ = on(here, "one.ledger", 3, &["prove", "3", "-o", "older.receipt"]);
    // Another history of the same size, and another log's folder.
    std::fs::copy(here.join("two.ledger"), here.join("one.ledger")).unwrap();
    let _ = on(here, "one.ledger", 3, &["publish", "elsewhere"]);
    let _ = on(here, "two.ledger", 3, &["publish", "public"]);
    assert!(!here.join("elsewhere").exists() && !here.join("older.bundle").exists());
}

/// The operator changes the log's key with the authority's word; receipts, bundles and audits follow.
#[test]
fn the_logs_key_changes_and_receipts_show_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    let id = id_of(here, "play.ledger");
    let _ = on(here, "play.ledger", 0, &["prove", "3", "-o", "old.receipt"]);
    let _ = on(here, "play.ledger", 0, &["publish", "public"]);
    for number in 1..=2_u8 {
        let _ = on(here, "play.ledger", 0, &["log-key", "new"]);
        let next = format!("play.ledger.log-key.{number}.pub");
        let rotate = ["--by", "root", "rotate-log-key", "--log-key", &next, "--at", AT];
        let _ = on(here, "play.ledger", 0, &rotate);
        let _ = on(here, "play.ledger", 1, &rotate);
        let _ = on(here, "play.ledger", 1, &["--by", "alice", "rotate-log-key", "--log-key", "test:x", "--at", AT]);
        let _ = on(here, "play.ledger", 0, &["publish", "public"]);
        let receipt = format!("new.{number}.receipt");
        let _ = on(here, "play.ledger", 0, &["prove", "3", "-o", &receipt]);
        for file in ["old.receipt", &receipt] {
            assert_eq!(json(here, &["receipt", "verify", file, "--ledger-id", &id])["outcome"], "valid");
        }
        assert_eq!(json(here, &["audit", "public", "--ledger-id", &id])["outcome"], "valid");
    }
    // The old key signs no head of now.
    let note = std::fs::read_to_string(here.join("public/checkpoint")).unwrap();
    let checkpoint = Checkpoint::read(Note::read(&note).unwrap().text()).unwrap();
    std::fs::write(here.join("public/checkpoint"), checkpoint.sign(&rehearsal_log_key("GreatSQL"))).unwrap();
    let said = expect(here, 3, &["audit", "public", "--ledger-id", &id, "--json"]);
    assert!(said.contains("head-unsigned"), "{said}");
    // Without its handovers a receipt shows nothing, unless the reader knows the key otherwise.
    let text = std::fs::read_to_string(here.join("new.2.receipt")).unwrap();
    let mut receipt = rollcall_core::receipt::Receipt::read(&text).unwrap();
    receipt.handovers.pop();
    std::fs::write(here.join("cut.receipt"), receipt.text()).unwrap();
    let _ = expect(here, 3, &["receipt", "verify", "cut.receipt", "--ledger-id", &id]);
    let keys = json(here, &["--ledger", "play.ledger", "log-key", "show"]);
    let newest = keys["keys"][2]["vkey"].as_str().unwrap();
    let _ = expect(here, 0, &["receipt", "verify", "cut.receipt", "--ledger-id", &id, "--log-key", newest]);
    // No such receipt is handed out: a handover that is gone is made again, and one that was bent is told.
    std::fs::remove_file(here.join("play.ledger.handover.1")).unwrap();
    let _ = on(here, "play.ledger", 0, &["prove", "3", "-o", "again.receipt"]);
    let _ = expect(here, 0, &["receipt", "verify", "again.receipt", "--ledger-id", &id]);
    std::fs::write(here.join("play.ledger.handover.1"), "bent").unwrap();
    for (args, file) in [(["prove", "3"], "a.receipt"), (["receipt", "issue"], "b.receipt")] {
        let args = if file == "a.receipt" { args.to_vec() } else { [&args[..], &["3"]].concat() };
        let _ = on(here, "play.ledger", 4, &[&args[..], &["-o", file]].concat());
        assert!(!here.join(file).exists());
    }
}

/// A head that somebody else has signed meanwhile is one that the log has, whoever proves beside whom.
#[test]
fn proofs_are_made_beside_appends_and_other_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    meeting(&["Adopt the plan"]).play(here);
    let id = id_of(here, "play.ledger");
    std::thread::scope(|scope| {
        for prover in 0..2 {
            scope.spawn(move || {
                for number in 0..25 {
                    let file = format!("{prover}.{number}.receipt");
                    let _ = on(here, "play.ledger", 0, &["prove", "3", "-o", &file]);
                }
            });
        }
        for number in 0..25 {
            let title = format!("Item {number}");
            let _ = on(here, "play.ledger", 0, &["--by", "alice", "item", "--unit", "toc", "--title", &title]);
        }
    });
    let heads: BTreeSet<u64> = (0..2)
        .flat_map(|prover| (0..25).map(move |number| format!("{prover}.{number}.receipt")))
        .map(|file| json(here, &["receipt", "verify", &file, "--ledger-id", &id])["size"].as_u64().unwrap())
        .collect();
    assert!(1 < heads.len(), "nobody appended meanwhile");
    // One rule for what is proven, and what is no file is not read.
    let issued = on(here, "play.ledger", 0, &["receipt", "issue", "3", "-o", "three.receipt", "--json"]);
    assert!(issued.contains("\"entry\": 3,"), "{issued}");
    let said = on(here, "play.ledger", 2, &["receipt", "issue", "99999", "-o", "none.receipt", "--json"]);
    assert!(said.contains("no entry 99999"), "{said}");
    let made = std::process::Command::new("mkfifo").arg(here.join("pipe")).status().unwrap();
    assert!(made.success());
    let tlog = ["prove", "3", "--format", "tlog-proof", "-o", "three.proof", "--entry-file", "pipe"];
    let _ = on(here, "play.ledger", 4, &tlog);
    // An entry that is not the tree's is told before anything is handed out.
    let _ = on(here, "play.ledger", 0, &["prove", "3", "-o", "3.receipt", "--entry-file", "3.entry"]);
    let (mut bytes, entry) =
        (std::fs::read(here.join("play.ledger")).unwrap(), std::fs::read(here.join("3.entry")).unwrap());
    let places: Vec<usize> =
        bytes.windows(entry.len()).enumerate().filter(|(_, found)| *found == entry).map(|(at, _)| at).collect();
    for at in &places {
        bytes[at + entry.len() - 1] ^= 1;
    }
    assert!(!places.is_empty());
    std::fs::write(here.join("bent.ledger"), bytes).unwrap();
    for format in ["receipt", "tlog-proof", "cose"] {
        let _ = on(here, "bent.ledger", 3, &["prove", "3", "--format", format, "-o", "bent.proof"]);
    }
    let _ = on(here, "bent.ledger", 4, &["receipt", "issue", "3", "-o", "bent.proof"]);
    assert!(!here.join("bent.proof").exists());
}

/// The operator shows a member one history and the world another. The member's ballot says which head it has seen; that head,
/// as it was signed, was kept beside the draft.
#[test]
fn the_head_that_a_ballot_has_seen_shows_a_fork() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let id = two_histories(here);
    let _ = on(here, "two.ledger", 0, &["publish", "for-bob"]);
    let draft = [
        "--by", "bob", "draft", "item", "--unit", "toc", "--title", "Seen", "--bundle", "for-bob", "--at", AT, "-o",
        "bobs",
    ];
    let drafted: Value = serde_json::from_str(&expect(here, 0, &[&draft[..], &["--json"]].concat())).unwrap();
    assert_eq!(drafted["head"], "bobs.head");
    let _ = on(here, "two.ledger", 0, &["--by", "bob", "sign", "bobs"]);
    // The other history does not take it, and says so under the log's signature.
    let said: Value =
        serde_json::from_str(&on(here, "one.ledger", 1, &["append", "bobs.signed", "--at", AT, "--json"])).unwrap();
    assert_eq!(said["code"], "seen-root-differs");
    let verify = ["refusal", "verify", "bobs.signed.refusal", "--event", "bobs.signed", "--bundle", "one.ledger"];
    let _ = expect(here, 0, &verify);
    // With the head that was kept, what the world is shown is a proven fork.
    let _ = on(here, "one.ledger", 0, &["publish", "public"]);
    let audit = ["audit", "public", "--ledger-id", &id, "--head", "bobs.head", "--evidence", "fork.proof", "--json"];
    let found: Value = serde_json::from_str(&expect(here, 3, &audit)).unwrap();
    assert_eq!(found["violations"][0]["code"], "head-differs", "{found}");
    let key = json(here, &["--ledger", "one.ledger", "log-key", "show"])["keys"][0]["vkey"].clone();
    let _ = expect(here, 0, &["fork", "verify", "fork.proof", "--log-key", key.as_str().unwrap()]);
}

/// A web server that knows nothing of Rollcall.
struct Server(std::process::Child, String);

impl Server {
    fn of(folder: &Path) -> Option<Self> {
        use std::io::BufRead as _;
        if !rollcall_tests::has_tool("python3") {
            return None;
        }
        let mut python = std::process::Command::new("python3");
        python.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]).arg(folder);
        let mut child =
            python.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let _ = std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split(' ').skip_while(|word| *word != "port").nth(1).unwrap();
        let url = format!("http://127.0.0.1:{port}");
        Some(Self(child, url))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_log_is_audited_and_followed_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let id = two_histories(here);
    let _ = on(here, "one.ledger", 0, &["publish", "public"]);
    let Some(server) = Server::of(&here.join("public")) else { return };
    let url = server.1.as_str();
    let audit = json(here, &["audit", url, "--ledger-id", &id, "--resume", "seen"]);
    assert_eq!((&audit["outcome"], &audit["judged_before"]), (&json!("valid"), &json!(0)));
    let follow = |code: i32| {
        let args = ["mirror", url, "mirror", "--ledger-id", &id, "--json"];
        serde_json::from_str::<Value>(&expect(here, code, &args)).unwrap()
    };
    let first = follow(0);
    assert_eq!(first["new"], audit["size"]);
    // It grows; what was verified is not verified again, and only what is new is fetched.
    let lines: Vec<String> =
        (0..3).map(|n| json!({"at": AT, "by": format!("q{n}"), "act": "enrol"}).to_string()).collect();
    std::fs::write(here.join("more.jsonl"), lines.join("\n")).unwrap();
    let _ = on(here, "one.ledger", 0, &["rehearse", "more.jsonl"]);
    let old = std::fs::read(here.join("public/checkpoint")).unwrap();
    let _ = on(here, "one.ledger", 0, &["publish", "public"]);
    let audit = json(here, &["audit", url, "--ledger-id", &id, "--resume", "seen"]);
    assert_eq!((&audit["outcome"], &audit["judged_before"]), (&json!("valid"), &first["size"]));
    assert_eq!(follow(0)["new"], json!(3));
    // A cache that shows the head of yesterday is nothing to be alarmed about.
    let new = std::fs::read(here.join("public/checkpoint")).unwrap();
    std::fs::write(here.join("public/checkpoint"), old).unwrap();
    let shown = follow(0);
    assert_eq!((&shown["outcome"], &shown["new"]), (&json!("nothing newer"), &json!(0)), "{shown}");
    std::fs::write(here.join("public/checkpoint"), new).unwrap();
    // A file that is gone, and a server that is gone.
    let tile = here.join("public/tile/entries").read_dir().unwrap().next().unwrap().unwrap().path();
    std::fs::rename(&tile, here.join("taken")).unwrap();
    let found = expect(here, 3, &["audit", url, "--ledger-id", &id, "--json"]);
    assert!(found.contains("entry-missing"), "{found}");
    std::fs::rename(here.join("taken"), &tile).unwrap();
    let _ = expect(here, 4, &["audit", &format!("{url}/elsewhere"), "--ledger-id", &id]);
    let gone = url.to_owned();
    drop(server);
    let _ = expect(here, 4, &["audit", &gone, "--ledger-id", &id]);
}

/// The operator is gone: the authority restores the last recognised head and names another key; what the old log held
/// above that head is void.
#[test]
fn the_authority_succeeds_without_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = Script::at("2026-03-02T01:00:00Z");
    script.act("root", "found", &json!({"authority": ["root", "yan", "bo"], "threshold": 2, "name": "Community"}));
    script.act("root", "confirm", &json!({}));
    script.act("yan", "confirm", &json!({}));
    script.all(&["alice", "bob"], "enrol", &json!({}));
    script.play(here);
    let id = id_of(here, "play.ledger");
    let _ = on(here, "play.ledger", 0, &["bundle", "-o", "last.bundle"]);
    let size = json(here, &["audit", "last.bundle"])["size"].as_u64().unwrap();
    let after = size.to_string();
    // The old operator goes on alone.
    let _ = on(here, "play.ledger", 0, &["--by", "carol", "enrol"]);
    let _ = on(here, "new.ledger", 0, &["restore", "last.bundle", "--ledger-id", &id]);
    let _ = on(here, "new.ledger", 0, &["log-key", "new"]);
    let key = "new.ledger.log-key.1.pub";
    let succeed = ["--by", "root", "rotate-log-key", "--log-key", key, "--after", &after];
    // Somebody got in between, or it names another head: refused.
    std::fs::copy(here.join("new.ledger"), here.join("late.ledger")).unwrap();
    let _ = on(here, "late.ledger", 0, &["--by", "dan", "enrol"]);
    let said = on(here, "late.ledger", 1, &[&succeed[..], &["--json"]].concat());
    assert!(said.contains("not-at-once"), "{said}");
    let proposed: Value =
        serde_json::from_str(&on(here, "new.ledger", 0, &[&succeed[..], &["--json"]].concat())).unwrap();
    let event = proposed["event"].as_str().unwrap();
    std::fs::copy(here.join("new.ledger"), here.join("late.ledger")).unwrap();
    let _ = on(here, "late.ledger", 0, &["--by", "dan", "enrol"]);
    let _ = on(here, "late.ledger", 1, &["--by", "yan", "endorse", "--event", event]);
    let _ = on(here, "new.ledger", 0, &["--by", "yan", "endorse", "--event", event]);
    let _ = on(here, "new.ledger", 0, &["publish", "public"]);
    assert_eq!(json(here, &["audit", "public", "--ledger-id", &id])["outcome"], "valid");
    let keys = json(here, &["--ledger", "new.ledger", "log-key", "show"]);
    assert_eq!(keys["keys"][1]["after"], json!(size));
    // A mirror of the old log, with what its operator added alone, follows; one of the new log does not go back.
    let _ = on(here, "play.ledger", 0, &["publish", "old"]);
    let follow = |source: &str, code| {
        let args = ["mirror", source, "mirror", "--ledger-id", &id, "--json"];
        serde_json::from_str::<Value>(&expect(here, code, &args)).unwrap()
    };
    assert_eq!(follow("old", 0)["size"], json!(size + 1));
    assert_eq!(follow("public", 3)["outcome"], "invalid");
    let named = ["mirror", "public", "mirror", "--ledger-id", &id, "--succession", &after, "--json"];
    let _ = expect(here, 3, &[&named[..6], &["2", "--json"]].concat());
    let followed: Value = serde_json::from_str(&expect(here, 0, &named)).unwrap();
    assert_eq!((&followed["outcome"], &followed["after"]), (&json!("succeeded"), &json!(size)));
    assert!(here.join(format!("mirror.void-{}", size + 1)).is_dir());
    assert_eq!(follow("public", 0)["outcome"], "valid");
    assert_eq!(follow("old", 3)["outcome"], "invalid");
}
