//! The JavaScript verifier under Node.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{expect, has_tool, json, without};

/// Where it is.
#[must_use]
pub fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("verifier")
}

/// One answer for each file, by one process; nothing where Node or its packages are not there.
#[must_use]
pub fn answers(paths: &[PathBuf], ledger: &str) -> Option<Vec<Value>> {
    if !is_there() {
        return None;
    }
    let mut node = Command::new("node");
    node.current_dir(home()).args(["bin/verify.js", "--stdin", "--json", "--ledger-id", ledger]);
    let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Node starts");
    let lines: String = paths.iter().flat_map(|path| [path.display().to_string(), "\n".to_owned()]).collect();
    let mut input = child.stdin.take().expect("its input is piped");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all of its input");
    let text = String::from_utf8(output.stdout).expect("it answers in UTF-8");
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect();
    assert_eq!(answers.len(), paths.len());
    Some(answers)
}

/// Valid, or the code of the first fault, for each file.
#[must_use]
pub fn judge(paths: &[PathBuf], ledger: &str) -> Option<Vec<String>> {
    let code = |answer: &Value| match answer["faults"][0]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => answer["outcome"].as_str().unwrap_or("no answer").to_owned(),
    };
    answers(paths, ledger).map(|answers| answers.iter().map(code).collect())
}

/// Its exit code for a proof that carries neither the entry nor the log's key.
#[must_use]
pub fn bare_proof(proof: &Path, entry: &Path, key: &str) -> Option<i32> {
    if !is_there() {
        return None;
    }
    let mut node = Command::new("node");
    node.current_dir(home()).args(["bin/verify.js", "--log-key", key, "--entry-file"]).arg(entry).arg(proof);
    node.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("Node starts").code()
}

fn is_there() -> bool {
    if !has_tool("node") {
        return false;
    }
    let installed = home().join("node_modules").exists();
    if !installed {
        without("`npm ci` was not run in tests/verifier, so the second verifier judges nothing here");
    }
    installed
}

/// The codes of all faults that it finds in a file.
#[must_use]
pub fn faults(path: &Path, ledger: &str) -> Option<Vec<String>> {
    let answer = answers(&[path.to_path_buf()], ledger)?.pop()?;
    let code = |fault: &Value| fault["code"].as_str().unwrap_or_default().to_owned();
    Some(answer["faults"].as_array().into_iter().flatten().map(code).collect())
}

/// Compares the roster that it makes of role changes alone with the one that Rollcall answers with, of `play.ledger` in a
/// folder; tells how many tenures there are.
#[must_use]
pub fn same_roster(folder: &Path) -> Option<usize> {
    let _ = expect(folder, 0, &["--ledger", "play.ledger", "bundle", "-o", "roster.bundle"]);
    let ledger = json(folder, &["--ledger", "play.ledger", "status"])["ledger"].clone();
    let answer = answers(&[folder.join("roster.bundle")], ledger.as_str()?)?.pop()?;
    assert_eq!(answer["outcome"], "valid", "{}", answer["faults"]);
    let own = json(folder, &["--ledger", "play.ledger", "roster"]);
    let row = |row: &Value| ["unit", "role", "person"].map(|name| row[name].as_str().unwrap_or_default().to_owned());
    let theirs: BTreeSet<_> = answer["roster"].as_array().into_iter().flatten().map(row).collect();
    let mut expected = BTreeSet::new();
    for (unit, roles) in own["units"].as_object().into_iter().flatten() {
        for (role, people) in roles.as_object().into_iter().flatten() {
            let people = people.as_array().into_iter().flatten().filter_map(Value::as_str);
            expected.extend(people.map(|person| [unit, role, person].map(str::to_owned)));
        }
    }
    assert_eq!(theirs, expected);
    Some(expected.len())
}
