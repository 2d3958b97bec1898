//! Plays every story under `tests/stories/`: documents for people whose acts are played for real and whose answers must
//! be the ones that the story tells. A new file is found by itself.
//!
//! In a fenced block marked `acts`, `at TIME` sets the clock, and a line `BY ACT field=value … [#label] => ANSWER` is an
//! act; `ANNE,BOB ACT …` is the same act by each of them. `ANSWER` is `accepted`, or `refused CODE CLAUSE`, or `invalid`.
//! Values run to the next ` field=`; lists are JSON. A line `charter: NAME` before the acts names another charter. A line
//! `BY brings NAME: THIS -> THAT` hands in the charter with the first THIS replaced; `{NAME}` then stands for the digest of
//! that text and `{base}` for that of the charter itself.
//!
//! In a fenced block marked `ask`, `COMMAND => TEXT` runs `rollcall COMMAND` on the ledger that all the acts leave, and
//! its output holds the text; `COMMAND =/> TEXT`, and it does not. `@label` stands for an act's event.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rollcall_core::charter::Charter;
use rollcall_tests::{expect, json, on_every_core};
use serde_json::{Map, Value, json};

fn value(text: &str) -> Value {
    let number = text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit());
    let structured = text.starts_with('[') || text.starts_with('{') || number;
    if structured { serde_json::from_str(text).expect("a list, object or number in JSON") } else { json!(text) }
}

fn act(line: &str, at: &str) -> (Value, String) {
    let (act, answer) = line.rsplit_once(" => ").unwrap_or_else(|| panic!("no answer is told: {line}"));
    let (act, label) = act.rsplit_once(" #").map_or((act, None), |(act, label)| (act, Some(label)));
    let mut words = act.splitn(3, ' ');
    let (by, verb, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
    let mut object = Map::from_iter([("at".into(), json!(at)), ("by".into(), json!(by)), ("act".into(), json!(verb))]);
    if let Some(label) = label {
        object.insert("id".into(), json!(label));
    }
    let mut field = String::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    for word in rest.split(' ').filter(|word| !word.is_empty()) {
        match word.split_once('=') {
            Some((name, first)) if name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !name.is_empty() => {
                name.clone_into(&mut field);
                fields.push((field.clone(), first.to_owned()));
            }
            _ => {
                assert!(!field.is_empty(), "a word before the first field: {line}");
                let last = &mut fields.last_mut().unwrap().1;
                last.push(' ');
                last.push_str(word);
            }
        }
    }
    for (name, text) in fields {
        object.insert(name, value(&text));
    }
    (Value::Object(object), answer.trim().to_owned())
}

fn told(answer: &Value) -> String {
    match answer["outcome"].as_str() {
        Some("refused") => {
            format!("refused {} {}", answer["code"].as_str().unwrap(), answer["clause"].as_str().unwrap())
        }
        other => other.unwrap().to_owned(),
    }
}

fn play(path: &Path) -> usize {
    let story = std::fs::read_to_string(path).unwrap();
    let mut at = String::from("2026-03-02T01:00:00Z");
    let mut inside = false;
    let mut acts = Vec::new();
    let preset = story.lines().find_map(|line| line.strip_prefix("charter: ")).unwrap_or("greatsql").trim();
    let base = Charter::preset(preset).unwrap();
    let mut texts = vec![("{base}".to_owned(), Charter::digest_of(base).to_string())];
    for (number, line) in (1..).zip(story.lines()) {
        match line {
            "```acts" => inside = true,
            "```" => inside = false,
            _ if !inside || line.trim().is_empty() => {}
            _ => {
                if let Some(time) = line.strip_prefix("at ") {
                    time.clone_into(&mut at);
                    continue;
                }
                if let Some((by, amended)) = line.split_once(" brings ") {
                    let (name, edit) = amended.split_once(": ").unwrap();
                    let (this, that) = edit.split_once(" -> ").unwrap();
                    let text = base.replacen(this, that, 1);
                    assert_ne!(text, base, "nothing is replaced: {line}");
                    let digest = Charter::digest_of(&text).to_string();
                    for (part, text) in rollcall_core::ledger::parts(&text).into_iter().enumerate() {
                        let act = json!({"at": at, "by": by, "act": "charter-part", "draft": digest, "part": part, "text": text});
                        acts.push((number, (act, "accepted".to_owned())));
                    }
                    texts.push((format!("{{{name}}}"), digest));
                    continue;
                }
                let line = texts.iter().fold(line.to_owned(), |line, (name, digest)| line.replace(name, digest));
                let (authors, rest) = line.split_once(' ').unwrap();
                acts.extend(authors.split(',').map(|by| (number, act(&format!("{by} {rest}"), &at))));
            }
        }
    }
    assert!(!acts.is_empty(), "{} has no acts", path.display());
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<Value> = acts.iter().map(|(_, (act, _))| act.clone()).collect();
    lines[0]["charter"] = json!(preset);
    let answers = rollcall_tests::rehearse(folder.path(), &lines);
    assert_eq!(answers.len(), acts.len());
    for ((number, (act, expected)), answer) in acts.iter().zip(&answers) {
        let place = format!("{}:{number}", path.file_name().unwrap().to_string_lossy());
        assert_eq!(&told(answer), expected, "{place}: {act}\n  {answer}");
    }
    // A refused act leaves no trace: the log holds what was accepted, the charter's parts, and the founder's confirmation,
    // which is entered where the play's second line states none and may be stated later.
    let accepted = || answers.iter().zip(&acts).filter(|(answer, _)| answer["outcome"] == "accepted");
    let events: BTreeSet<&str> = accepted().map(|(answer, _)| answer["event"].as_str().unwrap()).collect();
    let own = |act: &Value| act["act"] == "confirm" && act["by"] == acts[0].1.0["by"];
    let stated = accepted().any(|(_, (_, (act, _)))| own(act));
    let entered = acts.get(1).is_none_or(|(_, (act, _))| act["act"] != "confirm");
    let status = json(folder.path(), &["--ledger", "play.ledger", "status"]);
    let founding = rollcall_core::ledger::parts(base).len() + usize::from(entered && !stated);
    assert_eq!(status["size"], events.len() + founding, "{}", path.display());
    let audit = json(folder.path(), &["--ledger", "play.ledger", "audit"]);
    assert_eq!(audit["outcome"], "valid", "{}: {audit}", path.display());
    let _ = expect(folder.path(), 0, &["--ledger", "play.ledger", "replay"]);
    // What is read from stored rows is what its entries make.
    let ledger = folder.path().join("play.ledger");
    assert!(1 < rollcall_tests::views::agree(&ledger));
    for together in [1, 7] {
        assert!(1 < rollcall_tests::views::admits_alike(&ledger, together));
    }
    // The other verifier makes the same roster of role changes alone.
    let _ = rollcall_tests::node::same_roster(folder.path());
    let labels = acts.iter().zip(&answers).filter_map(|((_, (act, _)), answer)| {
        Some((format!("@{}", act["id"].as_str()?), answer["event"].as_str()?.to_owned()))
    });
    ask(folder.path(), &story, &labels.collect());
    acts.len()
}

/// Asks the questions of a story's `ask` blocks.
fn ask(folder: &Path, story: &str, labels: &std::collections::BTreeMap<String, String>) {
    let mut inside = false;
    for line in story.lines() {
        match line {
            "```ask" => inside = true,
            "```" => inside = false,
            _ if !inside || line.trim().is_empty() => {}
            _ => {
                let (command, text, wanted) = match line.split_once(" =/> ") {
                    Some((command, text)) => (command, text, false),
                    None => line.split_once(" => ").map(|(command, text)| (command, text, true)).expect("an answer"),
                };
                let words = command.split(' ').map(|word| labels.get(word).map_or(word, String::as_str));
                let args: Vec<&str> = ["--ledger", "play.ledger"].into_iter().chain(words).collect();
                let output = rollcall_tests::rollcall(folder, &args);
                let said = String::from_utf8_lossy(&output.stdout);
                assert_eq!(said.contains(text), wanted, "{line}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
}

#[test]
fn every_story_happens_as_it_is_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let mut stories: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    stories.sort();
    let acts = AtomicUsize::new(0);
    on_every_core(stories.len(), |story| {
        acts.fetch_add(play(&stories[story]), Ordering::Relaxed);
    });
    println!("{} stories, {} acts", stories.len(), acts.into_inner());
    assert!(stories.len() >= 10);
}
