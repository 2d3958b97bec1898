//! How the program answers people: wrong input, wrong files, foreign texts. Each answer says what, whose fault, what next.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rollcall_tests::{expect, has_tool, json, program, rollcall};

fn demo() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let _ = expect(folder.path(), 0, &["--ledger", "L", "tour"]);
    folder
}

fn talk(folder: &std::path::Path, code: i32, args: &[&str]) -> String {
    let output = rollcall(folder, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{}: {said}", args.join(" "));
    said
}

#[test]
fn wrong_files_and_arguments_are_named() {
    let folder = demo();
    let here = folder.path();
    std::fs::write(here.join("text"), "not a ledger").unwrap();
    std::fs::write(here.join("empty"), "").unwrap();
    let cases: &[(i32, &[&str], &str)] = &[
        (4, &["--ledger", "none", "status"], "there is no ledger at: none"),
        (4, &["--ledger", "text", "status"], "not a ledger"),
        (4, &["--ledger", ".", "status"], "it is not a file"),
        (2, &["status"], "ROLLCALL_LEDGER"),
        (2, &["--ledger", "L", "init", "--name", "x", "--rehearsal"], "is there already"),
        (2, &["--ledger", "M", "init", "--name", " ", "--rehearsal"], "has a name"),
        (2, &["--ledger", "L", "roster", "--unit", "nope"], "no unit: `nope`"),
        (2, &["--ledger", "L", "roster", "--as-of", "999"], "the log has 65 entries"),
        (2, &["--ledger", "L", "roster", "--at", "yesterday"], "`at`"),
        (2, &["--ledger", "L", "log", "--act", "nope"], "no act: `nope`"),
        (2, &["--ledger", "L", "log", "--person", "nobody"], "`nobody`"),
        (2, &["--ledger", "L", "show", "999"], "the log has 65 entries"),
        (2, &["--ledger", "L", "why", "bob", "president"], "no unit has the role"),
        (2, &["--ledger", "L", "import", "empty"], "empty"),
        (2, &["--ledger", "L", "append", "/dev/zero"], "more than"),
        (2, &["--ledger", "L", "audit", "--head", "/dev/zero"], "more than"),
        (2, &["--ledger", "M", "init", "--charter", "/dev/zero", "--name", "x"], "no charter of this name"),
        (2, &["key", "show", "/dev/zero"], "more than"),
        (2, &["key", "show", "text"], "not an OpenSSH public key"),
        (2, &["key", "new", "k", "--comment", "a\nb"], "one line"),
        (
            2,
            &["--ledger", "L", "--by", "bob", "move", "--unit", "toc", "--title", "x", "--effect", "fly"],
            "unknown effect kind",
        ),
    ];
    for (code, args, words) in cases {
        let said = talk(here, *code, args);
        assert!(said.contains(words), "{args:?}: {said}");
    }
    // Usage errors answer in JSON too when asked to.
    let output = rollcall(here, &["--json", "bogus"]);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["code"]), (Some(2), &"usage".into()));
    assert!(!here.join("M").exists() && !here.join("M.log-key").exists());
}

/// What a line lacks is in the JSON as it is in the words.
#[test]
fn a_line_that_lacks_something_says_what_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let answer = |args: &[&str]| {
        let output = rollcall(here, args);
        assert_eq!(output.status.code(), Some(2));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let vote = answer(&["--json", "vote"]);
    assert_eq!(vote["what"], "the following required arguments were not provided:");
    assert_eq!(vote["causes"], serde_json::json!(["--vote <EVENT>", "--choice <for|against|abstain>"]));
    let shell = answer(&["--json", "completions", "tcsh"]);
    assert!(shell["causes"][0].as_str().unwrap().starts_with("[possible values: bash, "), "{shell}");
    let key = answer(&["--json", "key"]);
    assert!(key["what"].as_str().unwrap().contains("requires a subcommand"), "{key}");
    assert!(answer(&["--json", "rooster"])["hint"].as_str().unwrap().contains("roster"));
}

/// A text of many lines cannot write lines of our output, and one key cannot be named twice.
#[test]
fn texts_do_not_forge_output() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = expect(
        here,
        0,
        &["--ledger", "L", "init", "--rehearsal", "--name", "Demo\nledger: forged", "--authority", "root"],
    );
    let status = expect(here, 0, &["--ledger", "L", "status"]);
    assert!(!status.lines().any(|line| line.starts_with("ledger: forged")), "{status}");
    for hidden in ["\u{202e}", "\u{2028}", "\u{feff}", "\u{e0041}", "\u{1b}[31m", "\u{200b}"] {
        let title = format!("a{hidden}b");
        let _ = talk(here, 2, &["--ledger", "L", "--by", "root", "item", "--unit", "toc", "--title", &title]);
    }
    let lines =
        "{\"by\":\"root\",\"by\":\"eve\",\"act\":\"enrol\"}\n\n[1]\n{\"by\":\"a\",\"act\":\"enrol\",\"id\":5}\n";
    let mut bytes = lines.as_bytes().to_vec();
    bytes.extend_from_slice(b"{\"by\":\"\xff\"}\n");
    bytes.extend(vec![b'['; 2_000_000]);
    bytes.extend_from_slice(b"\n{\"by\":\"ada\",\"act\":\"enrol\"}\r\n");
    std::fs::write(here.join("acts"), bytes).unwrap();
    let out = expect(here, 0, &["--ledger", "L", "rehearse", "acts", "--json"]);
    let outcomes: Vec<String> = out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(outcomes, ["invalid", "invalid", "invalid", "invalid", "invalid", "invalid", "accepted"], "{out}");
}

/// A meeting that is over is shown as it was, whoever has left since.
#[test]
fn the_quorum_of_a_past_meeting_does_not_change() {
    let folder = demo();
    let meetings = json(folder.path(), &["--ledger", "L", "meeting"]);
    let quorum = &meetings[0]["quorum"];
    assert_eq!((&quorum["in_office"], quorum["present"].as_array().unwrap().len()), (&7.into(), 5), "{quorum}");
}

/// Plays that are written while they are answered, and a ledger continued by a second play.
#[test]
fn a_play_is_answered_line_by_line_and_can_go_on() {
    use std::io::{BufRead, Write};
    let folder = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(rollcall_tests::program())
        .current_dir(folder.path())
        .args(["--ledger", "L", "rehearse", "-", "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    for name in ["ada", "boris", "王芳"] {
        writeln!(input, "{{\"by\":\"{name}\",\"act\":\"enrol\"}}").unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["outcome"], if name == "ada" { "refused" } else { "accepted" }, "{answer}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    std::fs::write(folder.path().join("more"), "{\"by\":\"cleo\",\"act\":\"enrol\"}\n").unwrap();
    assert!(expect(folder.path(), 0, &["--ledger", "L", "rehearse", "more", "--json"]).contains("accepted"));
    assert_eq!(json(folder.path(), &["--ledger", "L", "audit"])["outcome"], "valid");
}

#[test]
fn completions_manual_pages_and_help_exist() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for shell in ["bash", "zsh", "fish"] {
        assert!(expect(here, 0, &["completions", shell]).contains("rollcall"));
    }
    let _ = expect(here, 0, &["man", "pages"]);
    assert!(here.join("pages/rollcall-open-vote.1").exists());
    for verb in ["notice", "audit", "rehearse", "import", "why", "draft", "key"] {
        let help = expect(here, 0, &[verb, "--help"]);
        assert!(help.contains("Example") || help.contains("example"), "{verb}: {help}");
    }
}

/// Names and lines of others turn nothing on a terminal, in answers, talk and refusals of a command line; a file gets the text without them.
#[test]
fn what_others_wrote_gives_a_terminal_no_orders() {
    if !has_tool("script") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let order = "\u{1b}]0;mine\u{7}\u{1b}[2J\u{202e}";
    let acts = serde_json::json!({"at": "2026-03-02T01:00:00Z", "by": "alice", "act": order});
    let enrol = serde_json::json!({"at": "2026-03-02T01:00:00Z", "by": "alice", "act": "enrol"});
    std::fs::write(here.join("acts"), format!("{enrol}\n{acts}\n")).unwrap();
    std::fs::write(here.join(order), "neither").unwrap();
    for args in ["--ledger L rehearse acts".to_owned(), format!("append '{order}'"), format!("'{order}'")] {
        let command = format!("{} {args}", program().display());
        let mut script = Command::new("script");
        script.current_dir(here).args(["-qec", &command, "/dev/null"]).env("TERM", "xterm").stdin(Stdio::null());
        let said = String::from_utf8(script.output().unwrap().stdout).unwrap();
        assert!(said.contains("\\u{1b}]0;mine\\u{7}\\u{1b}[2J\\u{202e}"), "{args}: {said:?}");
        for raw in ["\u{1b}]", "\u{7}", "\u{1b}[2J", "\u{202e}"] {
            assert!(!said.contains(raw), "{args}: {said:?}");
        }
    }
    let told = String::from_utf8(rollcall(here, &["--ledger", "L", "rehearse", "acts"]).stdout).unwrap();
    assert!(told.contains("`\u{202e}`") && !told.contains("\\u{"), "{told:?}");
}

/// Whoever keeps the whole of a file locked uses it, which is no damage to the log.
#[test]
fn a_lock_on_a_ledger_is_use_and_no_damage() {
    if !has_tool("python3") {
        return;
    }
    let folder = demo();
    let here = folder.path();
    let holds =
        "import fcntl, sys; f = open('L'); fcntl.lockf(f, fcntl.LOCK_SH); print(1, flush=True); sys.stdin.read()";
    let mut holder = Command::new("python3");
    holder.current_dir(here).args(["-c", holds]);
    let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready, "1\n");
    for args in [["--json", "--ledger", "L", "roster"], ["--json", "--ledger", "L", "audit"]] {
        let output = rollcall(here, &args);
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &told["code"]), (Some(4), &"in-use".into()), "{told}");
    }
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    let _ = expect(here, 0, &["--ledger", "L", "audit"]);
}

/// What a shell answers to a command that Rollcall has advised.
fn advised(folder: &std::path::Path, command: &str) -> String {
    let programs = program().parent().unwrap().to_str().unwrap();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder).env("PATH", path).env("XDG_STATE_HOME", folder.join(".state"));
    let run = shell.env_remove("ROLLCALL_LEDGER").env_remove("ROLLCALL_KEY").output().unwrap();
    assert!(run.status.success(), "{command}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// The command that stands behind these words, at the beginning of a line.
fn behind<'a>(words: &str, said: &'a str) -> &'a str {
    let command = said.lines().find_map(|line| line.trim_start().strip_prefix(words)).expect(said).trim_start();
    command.split(", or: ").next().unwrap()
}

/// A ledger whose name a shell takes for two, and a way to ask it.
fn our_ledger() -> (tempfile::TempDir, impl Fn(i32, &[&str]) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_path_buf();
    let on = move |code, args: &[&str]| expect(&here, code, &[&["--ledger", "our ledger"], args].concat());
    let explore = on(0, &["tour"]);
    let commands: Vec<_> =
        explore.lines().filter(|line| line.starts_with("  rollcall --ledger 'our ledger' ")).collect();
    assert_eq!(commands.len(), 6, "{explore}");
    for command in commands {
        let _ = advised(folder.path(), command);
    }
    (folder, on)
}

const DRAFT: &[&str] = &["draft", "record", "--by", "bob", "--kind", "ruling-request"];

#[test]
fn a_hint_names_the_ledger_that_a_flag_has_named() {
    let (folder, on) = our_ledger();
    let here = folder.path();
    let said = talk(here, 2, &["--ledger", "our ledger", "roster", "--unit", "nope"]);
    assert_eq!(behind("hint: ", &said), "rollcall --ledger 'our ledger' roster");
    assert_eq!(advised(here, behind("hint: ", &said)), on(0, &["roster"]));
    // An act that the log refuses says the same, in words and as JSON, whether it came in a file or not.
    let _ = on(0, &[DRAFT, &["--unit", "nope", "-o", "act"]].concat());
    let _ = on(0, &["sign", "act"]);
    assert_eq!(behind("hint: ", &on(1, &["append", "act.signed"])), "rollcall --ledger 'our ledger' roster");
    for args in [&["append", "act.signed"][..], &[&DRAFT[1..], &["--unit", "nope"]].concat()] {
        let told: serde_json::Value = serde_json::from_str(&on(1, &[args, &["--json"]].concat())).unwrap();
        assert_eq!(told["hint"], "rollcall --ledger 'our ledger' roster", "{told}");
    }
}

#[test]
fn what_is_advised_of_a_draft_and_a_bundle_runs_as_it_stands() {
    let (folder, on) = our_ledger();
    let here = folder.path();
    let drafted = on(0, &[DRAFT, &["--unit", "toc", "-o=-x: rollcall vote"]].concat());
    assert!(advised(here, behind("read it: ", &drafted)).contains("bob"));
    let sign = behind("sign it: ", &drafted).strip_suffix(" --key KEY").unwrap();
    let signed = advised(here, sign);
    assert_eq!(behind("append it: ", &signed).replace(".signed'", "'.signed"), behind("append it: ", &drafted));
    assert!(advised(here, behind("append it: ", &signed)).contains("accepted"));
    assert!(advised(here, behind("append it: ", &drafted)).contains("already there"));
    let bundled = on(0, &["bundle", "-o", "all of it"]);
    assert!(advised(here, behind("audit it: ", &bundled)).starts_with("valid: "));
}

#[test]
fn what_is_advised_of_another_source_is_not_about_the_ledger_at_hand() {
    let (folder, on) = our_ledger();
    let here = folder.path();
    let _ = on(0, &["bundle", "-o", "cut"]);
    let whole = std::fs::read(here.join("cut")).unwrap();
    std::fs::write(here.join("cut"), &whole[..whole.len() - 9]).unwrap();
    let draft = [&["--ledger", "our ledger"], DRAFT, &["--unit", "toc", "--bundle", "cut", "-o", "act"]].concat();
    let said = talk(here, 2, &draft);
    assert_eq!(behind("hint: ", &said), "rollcall audit FILE");
    let output = rollcall(here, &["--ledger", "our ledger", "charter", "--preset", "tikv", "--clause", "NONE-1"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(advised(here, behind("hint: ", &said)).contains("charter `tikv`"), "{said}");
}

#[test]
fn a_ledger_that_the_environment_names_needs_no_flag() {
    let folder = demo();
    let asked = ["roster", "--unit", "nope"];
    let run =
        Command::new(program()).args(asked).current_dir(folder.path()).env("ROLLCALL_LEDGER", "L").output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("hint: rollcall roster\n"), "{said}");
}
