//! Signing away from the ledger: with nothing but OpenSSH, through a real agent, with an encrypted key on a terminal; and
//! what comes back: answers, receipts, and a valid audit.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rollcall_core::key::NAMESPACE;
use rollcall_tests::community::meeting;
use rollcall_tests::{expect, has_tool, json, program};
use serde_json::{Value, json};

const AT: &str = "2026-03-09T12:30:00Z";

fn run(folder: &Path, tool: &str, args: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
    let mut command = Command::new(tool);
    command.current_dir(folder).args(args).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{tool}: {error}"));
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn ok(folder: &Path, tool: &str, args: &[&str], variables: &[(&str, &str)], input: &str) -> String {
    let output = run(folder, tool, args, variables, input);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {args:?}: {said}");
    said
}

fn on_ledger(here: &Path, code: i32, args: &[&str]) -> String {
    expect(here, code, &[&["--ledger", "play.ledger"], args].concat())
}

fn asked(here: &Path, args: &[&str]) -> Value {
    json(here, &[&["--ledger", "play.ledger"], args].concat())
}

/// An id is that of what is signed, whoever signs it: what brings its key is there already under that key alone.
#[test]
fn what_brings_its_key_is_there_already_under_that_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = meeting(&["Adopt the plan"]);
    let old = json!({"change": "grant", "body": "pmc/a", "person": "old", "role": "member", "time": "2024-01-01T00:00:00Z",
        "commit": "abc", "pr": 7});
    script.act("root", "import", &old);
    script.play(here);
    // An offer, an enrolment, and that of somebody whom an import had named: it waits for the authority.
    for (act, by) in [("offer-key", "bob"), ("enrol", "new"), ("enrol", "old")] {
        for file in ["first", "second"] {
            let key = format!("{by}-{file}.key");
            let _ = expect(here, 0, &["key", "new", &key, "--no-passphrase"]);
            let name = format!("{by}-{file}");
            let draft = ["draft", act, "--by", by, "--at", AT, "-o", &name];
            let _ = on_ledger(here, 0, &draft);
            let _ = expect(here, 0, &["sign", &name, "--key", &key]);
        }
        let [first, second] = ["first", "second"].map(|file| format!("{by}-{file}.signed"));
        assert_eq!(
            std::fs::read(here.join(format!("{by}-first"))).unwrap(),
            std::fs::read(here.join(format!("{by}-second"))).unwrap()
        );
        assert_eq!(asked(here, &["append", &first, "--at", AT])["outcome"], "accepted", "{by}");
        let refused = on_ledger(here, 1, &["append", &second, "--at", AT]);
        assert!(refused.contains("signed-by-another"), "{by}: {refused}");
        assert_eq!(asked(here, &["append", &first, "--at", AT])["outcome"], "already there", "{by}");
    }
    assert_eq!(asked(here, &["audit"])["outcome"], "valid");
}

/// A committee with a vote that is open; returns the vote's id and the ledger's.
fn open_vote(here: &Path) -> (String, String) {
    let mut script = meeting(&["Adopt the plan"]);
    let effect = json!({"kind": "resolve", "text": "采用计划 the plan"});
    let motion = json!({"id": "o", "meeting": "@m", "unit": "toc", "title": "Adopt the plan", "effect": effect});
    script.act("alice", "move", &motion);
    script.act("alice", "open-vote", &json!({"motion": "@o"}));
    script.play(here);
    let status = asked(here, &["status"]);
    (status["open_votes"][0]["vote"].as_str().unwrap().to_owned(), status["ledger"].as_str().unwrap().to_owned())
}

/// Bob's own key, bound beside the test key of the rehearsal.
fn bind(here: &Path, key: &str, variables: &[(&str, &str)]) {
    let program = program().to_str().unwrap();
    let offer = ["--ledger", "play.ledger", "--by", "bob", "--key", key, "offer-key", "--at", AT, "--json"];
    let offered: Value = serde_json::from_str(&ok(here, program, &offer, variables, "")).unwrap();
    let event = offered["event"].as_str().unwrap();
    let _ = on_ledger(here, 0, &["--by", "bob", "bind-key", "--event", event, "--at", AT]);
}

fn close(here: &Path, vote: &str) {
    for person in ["alice", "carol"] {
        let ballot = ["--by", person, "vote", "--vote", vote, "--choice", "for", "--at", AT];
        let _ = on_ledger(here, 0, &ballot);
    }
    let _ = on_ledger(here, 0, &["--by", "zed", "close-vote", "--vote", vote, "--outcome", "passed", "--at", AT]);
    assert_eq!(asked(here, &["audit"])["outcome"], "valid");
    assert_eq!(asked(here, &["motion"])[0]["tally"]["for"], 3);
}

/// Draft received by mail, read in words, signed with `ssh-keygen -Y sign`, mailed back, appended, receipt checked.
#[test]
fn a_member_who_has_nothing_but_openssh_votes() {
    if !has_tool("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (vote, ledger) = open_vote(here);
    let _ = ok(here, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "bobs"], &[], "");
    bind(here, "bobs", &[]);

    std::fs::write(here.join("status.json"), on_ledger(here, 0, &["status", "--json"])).unwrap();
    let draft =
        ["draft", "vote", "--status", "status.json", "--by", "bob", "--vote", &vote, "--choice", "for", "--at", AT];
    let _ = expect(here, 0, &[&draft[..], &["-o", "ballot"]].concat());
    let read = on_ledger(here, 0, &["inspect", "ballot", "--html", "ballot.html"]);
    for told in ["I cast my ballot", "我在", "for 赞同", "“Adopt the plan” in toc", "bob", "the one at hand"] {
        assert!(read.contains(told), "{told}: {read}");
    }
    let page = std::fs::read_to_string(here.join("ballot.html")).unwrap();
    assert!(page.contains("Adopt the plan") && page.contains("赞同") && !page.contains("<script"), "{page}");

    let _ = ok(here, "ssh-keygen", &["-Y", "sign", "-q", "-n", NAMESPACE, "-f", "bobs", "ballot"], &[], "");
    let answer = asked(here, &["append", "ballot", "ballot.sig", "--at", AT]);
    assert_eq!(answer["outcome"], "accepted");
    let again = asked(here, &["append", "ballot", "--at", AT, "--receipts", "."]);
    assert_eq!((&again["outcome"], &again["entry"]), (&json!("already there"), &answer["entry"]));
    let verify = ["receipt", "verify", "ballot.receipt", "--ledger-id", &ledger];
    let verified = json(here, &verify);
    assert_eq!(
        (&verified["event"], &verified["by"], &verified["act"]),
        (&answer["event"], &json!("bob"), &json!("vote"))
    );

    // Another ledger's id, and every line of the receipt changed by one letter.
    let other = "0".repeat(64);
    let _ = expect(here, 3, &["receipt", "verify", "ballot.receipt", "--ledger-id", &other]);
    let receipt = std::fs::read_to_string(here.join("ballot.receipt")).unwrap();
    for (number, line) in receipt.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let at = line.char_indices().nth(line.chars().count() / 2).unwrap().0;
        let swap = if line[at..].starts_with('A') { "B" } else { "A" };
        let next = line[at..].chars().next().unwrap().len_utf8();
        let changed = format!("{}{swap}{}", &line[..at], &line[at + next..]);
        let lines: Vec<&str> =
            receipt.lines().enumerate().map(|(n, line)| if n == number { changed.as_str() } else { line }).collect();
        std::fs::write(here.join("changed.receipt"), lines.join("\n") + "\n").unwrap();
        let _ = expect(here, 3, &["receipt", "verify", "changed.receipt", "--ledger-id", &ledger]);
    }
    close(here, &vote);
}

/// Whoever has a bundle drafts from it, and names events by their beginning.
#[test]
fn an_act_is_drafted_from_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (vote, ledger) = open_vote(here);
    let _ = expect(here, 0, &["key", "new", "bobs", "--no-passphrase"]);
    bind(here, "bobs", &[]);
    let _ = on_ledger(here, 0, &["bundle", "-o", "all.bundle"]);
    let _ = on_ledger(here, 0, &["publish", "public"]);
    for place in ["all.bundle", "public"] {
        let draft = ["draft", "vote", "--bundle", place, "--by", "bob", "--vote", &vote[..12], "--choice", "for"];
        let _ = expect(here, 0, &[&draft[..], &["--at", AT, "-o", &format!("from.{place}")]].concat());
    }
    let _ = expect(here, 0, &["sign", "from.all.bundle", "--key", "bobs", "-o", "ballot.signed"]);
    assert_eq!(asked(here, &["append", "ballot.signed", "--at", AT])["outcome"], "accepted");
    let receipt = ["receipt", "verify", "ballot.signed.receipt", "--ledger-id", &ledger];
    assert_eq!(json(here, &receipt)["by"], "bob");
    std::fs::write(here.join("cut.bundle"), &std::fs::read(here.join("all.bundle")).unwrap()[..9_000]).unwrap();
    let draft =
        ["draft", "vote", "--bundle", "cut.bundle", "--by", "bob", "--vote", &vote, "--choice", "for", "-o", "no"];
    let _ = expect(here, 2, &draft);
}

/// A running `ssh-agent` that ends with the test.
struct Agent(Child);

impl Agent {
    fn start(here: &Path) -> (Self, String) {
        let socket = here.join("agent.sock").to_str().unwrap().to_owned();
        let child = Command::new("ssh-agent").args(["-D", "-a", &socket]).stdout(Stdio::null()).spawn().unwrap();
        let begun = std::time::Instant::now();
        while !Path::new(&socket).exists() {
            assert!(begun.elapsed().as_secs() < 10, "the agent does not start");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        (Self(child), socket)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The only copy of the key is in a real agent; the ballot travels in a mail that quotes it and changes its line endings.
#[test]
fn a_ballot_is_signed_through_an_agent_and_mailed() {
    if !has_tool("ssh-agent") || !has_tool("ssh-add") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (vote, _) = open_vote(here);
    let (_agent, socket) = Agent::start(here);
    let variables = [("SSH_AUTH_SOCK", socket.as_str())];
    let program = program().to_str().unwrap();
    for name in ["bobs", "other"] {
        let _ = ok(here, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", name], &[], "");
        let _ = ok(here, "ssh-add", &["-q", name], &variables, "");
        std::fs::remove_file(here.join(name)).unwrap();
    }
    bind(here, "bobs.pub", &variables);

    let draft = ["draft", "vote", "--by", "bob", "--vote", &vote, "--choice", "for", "-o", "ballot", "--at", AT];
    let _ = on_ledger(here, 0, &draft);
    // Without the ledger several keys fit; with it, the agent's one key that is Bob's.
    let unsure = run(here, program, &["sign", "ballot", "--key", "agent"], &variables, "");
    assert_eq!(unsure.status.code(), Some(2), "{unsure:?}");
    let said = ok(here, program, &["--ledger", "play.ledger", "sign", "ballot", "--key", "agent"], &variables, "");
    assert!(said.contains("You are about to sign") && said.contains("赞同"), "{said}");

    let signed = std::fs::read_to_string(here.join("ballot.signed")).unwrap();
    let quoted: String = signed.lines().map(|line| format!("> {line}\r\n")).collect();
    let mail =
        format!("From: bob@example.org\r\nSubject: my ballot\r\n\r\nHere it is:\r\n\r\n{quoted}\r\n-- \r\nBob\r\n");
    std::fs::write(here.join("mail.eml"), &mail).unwrap();
    std::fs::write(here.join("cut.eml"), &mail[..mail.len() / 2]).unwrap();
    let _ = on_ledger(here, 2, &["append", "cut.eml", "--at", AT]);
    let data = signed.lines().nth(1).unwrap();
    let damaged = mail.replace(data, &data.replace('A', "B"));
    std::fs::write(here.join("damaged.eml"), damaged).unwrap();
    let _ = on_ledger(here, 2, &["append", "damaged.eml", "--at", AT]);
    // Announced and not whole is damaged, never nothing: a list mark before each line, a marker in prose.
    let marked: String = signed.lines().map(|line| format!("* {line}\n")).collect();
    for (name, text) in [("marked.eml", marked), ("prose.eml", format!("see {}", signed.lines().next().unwrap()))] {
        std::fs::write(here.join(name), text).unwrap();
        let _ = on_ledger(here, 2, &["append", name, "--at", AT]);
        let _ = on_ledger(here, 2, &["inspect", name]);
    }
    // A byte order mark and a greeting in another encoding do no harm.
    std::fs::write(here.join("gbk.eml"), [&b"\xef\xbb\xbf\xc4\xe3\xba\xc3\n"[..], signed.as_bytes()].concat()).unwrap();
    let _ = on_ledger(here, 0, &["inspect", "gbk.eml"]);
    assert_eq!(asked(here, &["append", "mail.eml", "--at", AT])["outcome"], "accepted");
    // An agent without the key says which it holds.
    let _ = ok(here, "ssh-add", &["-q", "-D"], &variables, "");
    let none = run(here, program, &["sign", "ballot", "--key", "bobs.pub", "-o", "again"], &variables, "");
    assert!(String::from_utf8_lossy(&none.stderr).contains("the agent holds no key"), "{none:?}");
    close(here, &vote);
}

/// An encrypted key opens with what is typed on a real terminal, or with a variable that the caller names.
#[test]
fn an_encrypted_key_asks_on_a_terminal() {
    if !has_tool("script") || !has_tool("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (vote, _) = open_vote(here);
    let _ = ok(here, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "open sesame", "-f", "locked"], &[], "");
    bind_encrypted(here);
    for (number, words) in [(0, "open sesame\n"), (1, "wrong\n")] {
        let name = format!("ballot{number}");
        let choice = if number == 0 { "for" } else { "against" };
        let draft = ["draft", "vote", "--by", "bob", "--vote", &vote, "--choice", choice, "-o", &name, "--at", AT];
        let _ = on_ledger(here, 0, &draft);
        let sign = format!("{} sign {name} --key locked", program().display());
        let typed = run(here, "script", &["-qec", &sign, "/dev/null"], &[], words);
        let said = String::from_utf8_lossy(&typed.stdout).into_owned();
        assert!(said.contains("Passphrase for locked"), "{said}");
        assert_eq!(typed.status.success(), number == 0, "{said}");
        assert_eq!(here.join(format!("{name}.signed")).exists(), number == 0);
    }
    assert_eq!(asked(here, &["append", "ballot0.signed", "--at", AT])["outcome"], "accepted");
    close(here, &vote);
}

fn bind_encrypted(here: &Path) {
    let program = program().to_str().unwrap();
    let key = ["--ledger", "play.ledger", "--by", "bob", "--key", "locked"];
    let missing = run(here, program, &[&key[..], &["--passphrase-env", "NOT_SET", "offer-key"]].concat(), &[], "");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("NOT_SET"), "{missing:?}");
    let words = [("WORDS", "open sesame")];
    let offer = [&key[..], &["--passphrase-env", "WORDS", "offer-key", "--at", AT, "--json"]].concat();
    let offered: Value = serde_json::from_str(&ok(here, program, &offer, &words, "")).unwrap();
    let event = offered["event"].as_str().unwrap();
    let _ = on_ledger(here, 0, &["--by", "bob", "bind-key", "--event", event, "--at", AT]);
}

/// `key new` encrypts unless told otherwise; OpenSSH opens what it wrote with the passphrase and not without.
#[test]
fn a_new_key_is_encrypted() {
    if !has_tool("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let program = program().to_str().unwrap();
    let _ = ok(here, program, &["key", "new", "k", "--passphrase-env", "WORDS"], &[("WORDS", "芝麻开门")], "");
    let opened = ok(here, "ssh-keygen", &["-y", "-P", "芝麻开门", "-f", "k"], &[], "");
    let line = std::fs::read_to_string(here.join("k.pub")).unwrap();
    assert!(line.starts_with(opened.trim_end()), "{line}");
    assert!(!run(here, "ssh-keygen", &["-y", "-P", "", "-f", "k"], &[], "").status.success());
    let empty = run(here, program, &["key", "new", "e", "--passphrase-env", "WORDS"], &[("WORDS", "")], "");
    assert!(!empty.status.success() && !here.join("e").exists());
    // Written over by nobody.
    let again = run(here, program, &["key", "new", "k", "--passphrase-env", "WORDS"], &[("WORDS", "x")], "");
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"), "{again:?}");
}

/// Several files in any order: each is answered by itself, what can get on does, and `--atomic` takes all or none.
#[test]
fn files_are_appended_in_any_lawful_order() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (vote, _) = open_vote(here);
    for person in ["alice", "bob", "carol", "zed"] {
        let draft = ["draft", "vote", "--by", person, "--vote", &vote, "--choice", "for", "-o", person, "--at", AT];
        let _ = on_ledger(here, 0, &draft);
        let _ = on_ledger(here, 0, &["sign", person]);
    }
    let draft =
        ["draft", "close-vote", "--by", "zed", "--vote", &vote, "--outcome", "passed", "-o", "closing", "--at", AT];
    let _ = on_ledger(here, 0, &draft);
    let _ = on_ledger(here, 0, &["sign", "closing", "--binary"]);
    let before = asked(here, &["status"])["root"].clone();
    let files = ["closing.signed", "zed.signed", "carol.signed", "bob.signed", "alice.signed"];
    let all = [&["append", "--at", AT][..], &files].concat();
    let told = on_ledger(here, 1, &[&all[..], &["--atomic", "--json"]].concat());
    assert!(told.contains("refused") && told.contains("not appended"), "{told}");
    assert_eq!(asked(here, &["status"])["root"], before);
    let told: Value = serde_json::from_str(&on_ledger(here, 1, &[&all[..], &["--json"]].concat())).unwrap();
    let outcomes: Vec<&str> =
        told["events"].as_array().unwrap().iter().map(|e| e["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "accepted").count(), 4, "{told}");
    assert_eq!(asked(here, &["motion"])[0]["outcome"], "passed");
    assert!(here.join("alice.signed.receipt").exists());
    // Two files of one name keep a receipt each, and a file that is no receipt is never replaced by one.
    std::fs::create_dir_all(here.join("in")).unwrap();
    std::fs::copy(here.join("bob.signed"), here.join("in/alice.signed")).unwrap();
    std::fs::create_dir_all(here.join("out")).unwrap();
    std::fs::write(here.join("carol.signed.receipt"), "precious").unwrap();
    // Where receipts cannot be written to, nothing is appended; a folder that is not there is made.
    let told = on_ledger(here, 4, &["append", "zed.signed", "--receipts", "carol.signed", "--at", AT, "--json"]);
    assert!(told.contains("receipts cannot be written to: carol.signed"), "{told}");
    let again = ["append", "alice.signed", "in/alice.signed", "--receipts", "out", "--at", AT];
    let _ = on_ledger(here, 0, &again);
    assert_eq!(std::fs::read_dir(here.join("out")).unwrap().count(), 2);
    let told = on_ledger(here, 0, &["append", "carol.signed", "--at", AT]);
    assert!(told.contains("a file is there already"), "{told}");
    assert_eq!(std::fs::read_to_string(here.join("carol.signed.receipt")).unwrap(), "precious");
    // Another act's receipt stays where it is, and one act's is not written twice under one head.
    let other = std::fs::read(here.join("alice.signed.receipt")).unwrap();
    std::fs::write(here.join("carol.signed.receipt"), &other).unwrap();
    for _ in 0..2 {
        let told = on_ledger(here, 0, &["append", "carol.signed", "--at", AT]);
        assert!(told.contains("receipt: carol.signed.receipt.2"), "{told}");
    }
    assert_eq!(std::fs::read(here.join("carol.signed.receipt")).unwrap(), other);
    let _ = on_ledger(here, 0, &["append", "carol.signed", "--receipts", "made/here", "--at", AT]);
    assert_eq!(std::fs::read_dir(here.join("made/here")).unwrap().count(), 1);
    // Drafted before, signed before, sent too late: the world has moved on.
    let late = on_ledger(here, 1, &["append", "zed.signed", "--at", AT, "--json"]);
    assert!(late.contains("vote-closed") && late.contains("draft it anew"), "{late}");
}

/// A drafted act carries its own end: an operator who sat on it cannot use it later.
#[test]
fn a_draft_lapses() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = open_vote(here);
    let until = ["--not-after", "2026-03-09T13:00:00Z"];
    let draft = ["draft", "record", "--by", "bob", "--unit", "toc", "--kind", "ruling-request", "-o", "r", "--at", AT];
    let _ = on_ledger(here, 0, &[&draft[..], &until].concat());
    let _ = on_ledger(here, 0, &["sign", "r"]);
    assert!(on_ledger(here, 1, &["append", "r.signed", "--at", "2026-03-09T13:00:01Z", "--json"]).contains("lapsed"));
    assert_eq!(asked(here, &["append", "r.signed", "--at", "2026-03-09T13:00:00Z"])["outcome"], "accepted");
}

/// Two people append to one ledger at once, many times: nothing lost, nothing twice, each told the truth.
#[test]
fn two_people_append_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = open_vote(here);
    let rounds = 200;
    let before = asked(here, &["status"])["size"].as_u64().unwrap();
    for person in ["alice", "bob"] {
        for round in 0..rounds {
            let (name, text) = (format!("{person}{round}"), format!("{person} says {round}"));
            let draft =
                ["draft", "record", "--by", person, "--unit", "toc", "--kind", "ruling-request", "--statement", &text];
            let _ = on_ledger(here, 0, &[&draft[..], &["-o", &name, "--at", AT]].concat());
            let _ = on_ledger(here, 0, &["sign", &name]);
        }
    }
    let told: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = ["alice", "bob"]
            .map(|person| {
                scope.spawn(move || {
                    let append = |round| {
                        let name = format!("{person}{round}.signed");
                        asked(here, &["append", &name, "--at", AT, "--no-receipts"])
                    };
                    (0..rounds).map(append).collect::<Vec<Value>>()
                })
            })
            .into();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let entries: std::collections::BTreeSet<u64> =
        told.iter().map(|answer| answer["entry"].as_u64().unwrap()).collect();
    assert!(told.iter().all(|answer| answer["outcome"] == "accepted"));
    assert_eq!(entries.len(), 2 * rounds, "each has an entry of its own");
    assert_eq!(asked(here, &["status"])["size"].as_u64().unwrap(), before + 2 * rounds as u64);
    let log = asked(here, &["log", "--act", "record"]);
    for answer in &told {
        let at = answer["entry"].as_u64().unwrap();
        let row = log.as_array().unwrap().iter().find(|row| row["entry"] == at).unwrap();
        assert_eq!(row["event"], answer["event"]);
    }
    assert_eq!(asked(here, &["audit"])["outcome"], "valid");
}
