//! The JavaScript verifier under Node.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rollcall_tests::{has_tool, without};
use serde_json::Value;

pub(crate) fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("verifier")
}

/// One answer for each file, by one process; nothing where Node or its packages are not there.
pub(crate) fn answers(paths: &[PathBuf], ledger: &str) -> Option<Vec<Value>> {
    if !has_tool("node") {
        return None;
    }
    if !home().join("node_modules").exists() {
        without("`npm ci` was not run in tests/verifier, so the second verifier judges nothing here");
        return None;
    }
    let mut node = Command::new("node");
    node.current_dir(home()).args(["bin/verify.js", "--stdin", "--json", "--ledger-id", ledger]);
    let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String = paths.iter().flat_map(|path| [path.display().to_string(), "\n".to_owned()]).collect();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), paths.len());
    Some(answers)
}

/// Valid, or the code of the first fault, for each file.
pub(crate) fn judge(paths: &[PathBuf], ledger: &str) -> Option<Vec<String>> {
    let code = |answer: &Value| match answer["faults"][0]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => answer["outcome"].as_str().unwrap_or("no answer").to_owned(),
    };
    answers(paths, ledger).map(|answers| answers.iter().map(code).collect())
}
