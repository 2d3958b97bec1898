//! Documents, limits, dependencies and the shape of the tree do not drift from the code.
//!
//! `ROLLCALL_UPDATE_DOCS=1 cargo test -p rollcall-tests --test tidy` rewrites the generated parts of `docs/acts.md` and
//! `docs/refusals.md`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rollcall_core::act::Act;
use rollcall_core::effect::Effect;
use rollcall_core::field::RecordSpec;
use rollcall_core::limits;
use rollcall_core::refusal::Reason;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares a document with what it should be, or writes it when asked to.
fn settle(path: &str, expected: &str) {
    if std::env::var_os("ROLLCALL_UPDATE_DOCS").is_some() {
        std::fs::write(root().join(path), expected).unwrap();
    }
    assert!(read(path) == expected, "{path} has drifted; ROLLCALL_UPDATE_DOCS=1 rewrites it");
}

fn sources(folder: &str, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(path.to_str().unwrap(), out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// The section of one act: its doc, its fields, and the example that the document already holds.
fn section(spec: &RecordSpec, document: &str) -> String {
    let heading = format!("### `{}`\n", spec.name);
    let old = document.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/acts.md has no `{}`", spec.name));
    let example = old.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut text = format!("{heading}\n{}\n", spec.doc.trim());
    if !spec.fields.is_empty() {
        text.push_str("\n| field | holds | meaning |\n| --- | --- | --- |\n");
    }
    for field in spec.fields {
        let optional = if field.required { "" } else { "?" };
        let _ = writeln!(
            text,
            "| `{}`{optional} | {} | {} |",
            field.name,
            field.kind.words().replace('|', "\\|"),
            field.doc.trim()
        );
    }
    let _ = write!(text, "\n```json\n{example}```\n\n");
    text
}

#[test]
fn the_acts_are_documented_field_by_field() {
    let document = read("docs/acts.md");
    let (intro, rest) = document.split_once("## The acts\n\n").unwrap();
    let (acts, effects) = rest.split_once("## Effects of motions\n\n").unwrap();
    let (about_effects, effects) = effects.split_once("### ").unwrap();
    let effects = format!("### {effects}");
    let mut expected = format!("{intro}## The acts\n\n");
    expected.extend(Act::SPECS.iter().map(|spec| section(spec, acts)));
    let _ = write!(expected, "## Effects of motions\n\n{about_effects}");
    expected.extend(Effect::SPECS.iter().map(|spec| section(spec, &effects)));
    settle("docs/acts.md", &format!("{}\n", expected.trim_end()));
}

/// Every example is an act: played, it is accepted or refused, never invalid. Labels stand for events that are not there.
#[test]
fn every_example_parses() {
    let document = read("docs/acts.md");
    let (acts, effects) = document.split_once("## Effects of motions").unwrap();
    let examples = |part: &str| -> Vec<String> {
        part.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap().trim().to_owned()).collect()
    };
    let zero = "0".repeat(64);
    let resolved = |line: &str| {
        let mut parts = line.split("\"@");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |line, part| format!("{line}\"{zero}\"{}", part.split_once('"').unwrap().1))
    };
    let mut lines: Vec<serde_json::Value> = examples(acts)
        .iter()
        .map(|line| serde_json::from_str(&resolved(line)).unwrap_or_else(|e| panic!("{line}: {e}")))
        .collect();
    assert_eq!(lines.len(), Act::SPECS.len());
    for effect in examples(effects) {
        let effect: serde_json::Value = serde_json::from_str(&resolved(&effect)).unwrap();
        lines.push(serde_json::json!({"by": "linlan", "act": "move", "meeting": zero, "unit": "toc", "title": "x", "effect": effect}));
    }
    assert_eq!(lines.len(), Act::SPECS.len() + Effect::SPECS.len());
    let folder = tempfile::tempdir().unwrap();
    let answers = rollcall_tests::rehearse(folder.path(), &lines);
    for (line, answer) in lines.iter().zip(&answers) {
        assert_ne!(answer["outcome"], "invalid", "{line}\n{answer}");
    }
    assert_eq!(answers[0]["outcome"], "accepted");
}

#[test]
fn the_refusals_are_documented_one_by_one() {
    let mut text = String::from(
        "# Refusals\n\nEvery way in which the charter or the format says no. A refusal names its code, the clause or rule that it comes\nfrom, and the facts in braces. This table is made from the code.\n\n| code | says | then |\n| --- | --- | --- |\n",
    );
    for (code, says, hint) in Reason::CODES {
        let _ = writeln!(text, "| `{code}` | {says} | {hint} |");
    }
    text.push_str(
        "\nBefore any rule is asked, bytes can be refused with `bad-signature`, `bad-key`, `not-canonical`, `not-an-act`, `too-long`.\nAn audit also finds `entry-altered`, `node-altered`, `index-altered`, `head-altered`, `head-differs`, `log-truncated`,\n`entry-missing`, `entry-beyond-head`, `projection-altered`, `wrong-ledger`, `not-an-entry`, `unknown-version`. A command that\nfails answers `usage`, `bad-input`, `io`, `no-ledger`, `exists`, `in-use`, `damaged`, `parted`, `stray-journal`, `invalid`, `conflict`, `append-unknown`, `bug`.\n",
    );
    settle("docs/refusals.md", &text);
}

#[test]
fn the_limits_are_the_ones_in_the_format_document() {
    let document = read("docs/format.md");
    let table = document.split("## 7 Limits").nth(1).unwrap().split("## 8").next().unwrap();
    let rows: Vec<(&str, u64)> = table
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .map(|line| {
            let name = line.split('`').nth(1).unwrap();
            (name, line.rsplit('|').nth(1).unwrap().trim().parse().unwrap())
        })
        .collect();
    assert_eq!(rows, limits::TABLE);
}

#[test]
fn the_glossary_knows_every_act_effect_and_public_type_of_the_flow() {
    let glossary = read("docs/glossary.md");
    let words = Act::SPECS.iter().chain(Effect::SPECS).map(|spec| spec.name.to_owned());
    let mut missing: Vec<String> = words.filter(|word| !glossary.contains(&format!("`{word}`"))).collect();
    for file in ["event", "charter", "refusal", "tree", "entry"] {
        for line in read(&format!("crates/core/src/{file}.rs")).lines() {
            let declared = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
            let name = declared.and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
            missing.extend(name.filter(|name| !glossary.contains(&format!("`{name}`"))).map(str::to_owned));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_architecture_fits_its_bound() {
    let words = read("docs/architecture.md").split_whitespace().count();
    assert!(words <= 1_500, "{words} words");
}

#[test]
fn every_guard_that_is_named_exists() {
    let document = read("docs/architecture.md");
    for name in document.split('`').filter(|name| name.ends_with(".rs") && !name.contains('/')) {
        let homes = ["tests/tests", "crates/core/src", "crates/cli/src", "crates/storage/src"];
        assert!(homes.iter().any(|home| root().join(home).join(name).exists()), "{name}");
    }
}

#[test]
fn a_new_dependency_is_a_decision() {
    let packages = read("Cargo.lock").lines().filter(|line| line.starts_with("name = ")).count();
    let stated = format!("Packages: {packages}\n");
    assert!(read("docs/decisions/0008-dependencies.md").contains(&stated), "Cargo.lock has {packages} packages");
}

#[test]
fn there_is_no_unsafe_and_no_float_and_no_word_of_a_charter_in_the_engine() {
    let mut all = Vec::new();
    for folder in ["crates/core/src", "crates/storage/src", "crates/cli/src"] {
        sources(folder, &mut all);
    }
    assert!(all.len() > 50);
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let code: String = text
            .split("#[cfg(test)]")
            .next()
            .unwrap()
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        let shown = path.display();
        assert!(!code.contains("unsafe "), "{shown}");
        if path.components().any(|part| part.as_os_str() == "core") {
            assert!(
                !code.contains("f64")
                    && !code.contains("f32")
                    && !code.contains("HashMap")
                    && !code.contains("SystemTime"),
                "{shown}"
            );
            for word in
                ["\"toc\"", "\"pmc\"", "\"chair\"", "\"member\"", "\"maintainer\"", "\"reviewer\"", "\"TOC-", "\"PMC-"]
            {
                assert!(!code.contains(word), "{shown} knows {word}");
            }
        }
    }
}

#[test]
fn nothing_else_stands_at_the_top() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "crates",
        "tests",
        "docs",
        "README.md",
        ".ci",
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "rustfmt.toml",
        ".gitignore",
        ".git",
        "target",
    ];
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(allowed.iter().any(|allowed| name == *allowed), "{name:?}");
    }
    assert!(read("CHANGELOG.md").contains("## Unreleased"));
}

/// The README's walk works as written.
#[test]
fn the_five_minute_walk_works_as_written() {
    let readme = read("README.md");
    let walk =
        readme.split("## Five minutes").nth(1).unwrap().split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bin = rollcall_tests::program().parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let script = format!("set -e\n{}", walk.replace("   # refused", " && exit 9 || true # refused"));
    let output = std::process::Command::new("bash")
        .current_dir(folder.path())
        .env("PATH", path)
        .args(["-c", &script])
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("valid: ") && err.contains("not-convener"), "{out}{err}");
}
