//! `docs/greatsql-charter.md` against the charter and the tests: every clause has its row, in the charter's words; every
//! enforced one has a test that accepts and one that refuses, and each test named does what the row says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rollcall_core::charter::Charter;
use rollcall_core::charter::clauses::Class;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rows() -> BTreeMap<String, Vec<String>> {
    let page = std::fs::read_to_string(root().join("docs/greatsql-charter.md")).unwrap();
    let rows =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id") && !line.starts_with("| ---"));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.map(cells).map(|cells| (cells[0].clone(), cells)).collect()
}

/// What keeps a cell from naming a test that does what it says.
fn fault(cell: &str, refusing: bool) -> Option<String> {
    let quoted: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [test] => {
            let (file, function) = test.split_once("::")?;
            let text = std::fs::read_to_string(root().join(format!("tests/tests/{file}.rs"))).unwrap_or_default();
            let declared = text.contains(&format!("#[test]\nfn {function}()"));
            (!declared).then(|| format!("there is no test {test}"))
        }
        [story, words] => {
            let text = std::fs::read_to_string(root().join("tests/stories").join(story)).unwrap_or_default();
            let ending = if refusing { format!("=> {words}") } else { "=> accepted".to_owned() };
            let told = text.lines().any(|line| {
                line.trim_end().ends_with(&ending) && (refusing || words.split(' ').all(|word| line.contains(word)))
            });
            (!told).then(|| format!("{story} does not tell: {words}"))
        }
        _ => Some(format!("neither a test nor a story with words: {cell}")),
    }
}

#[test]
fn every_clause_has_a_row_and_every_rule_its_tests() {
    let charter = Charter::compile(Charter::preset("greatsql").unwrap()).unwrap();
    let rows = rows();
    let mut faults = Vec::new();
    for (id, text) in charter.clauses() {
        let Some([_, words, class, lives, accepts, refuses]) = rows.get(id.as_str()).map(Vec::as_slice) else {
            faults.push(format!("{id} has no row of six cells"));
            continue;
        };
        if *words != text.en.replace('|', "/") || class != text.class.letter() || lives.is_empty() {
            faults.push(format!("{id} differs from the charter: {words} ({class})"));
        }
        if text.zh.as_ref().is_none_or(|zh| zh.is_empty() || zh.is_ascii()) {
            faults.push(format!("{id} has no Chinese"));
        }
        let needed = text.class == Class::Enforced;
        for (cell, refusing) in [(accepts, false), (refuses, true)] {
            match cell.as_str() {
                "-" if needed => faults.push(format!(
                    "{id} is enforced and names no {} test",
                    if refusing { "refusing" } else { "accepting" }
                )),
                "-" => {}
                cell => faults.extend(fault(cell, refusing).map(|why| format!("{id}: {why}"))),
            }
        }
        if text.class == Class::Recorded && accepts == "-" && refuses == "-" {
            faults.push(format!("{id} is recorded and no test records it"));
        }
    }
    let strays: Vec<_> =
        rows.keys().filter(|id| !charter.clauses().keys().any(|clause| clause.as_str() == *id)).collect();
    assert!(strays.is_empty(), "rows without a clause: {strays:?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(rows.len(), 133 + 20 + 1);
}

/// Every gap is a declared reading or a declared absence, and a clause that a reading names exists.
#[test]
fn every_gap_is_declared() {
    let charter = Charter::compile(Charter::preset("greatsql").unwrap()).unwrap();
    for gap in 1..=20 {
        let id = format!("G{gap}");
        let declared = charter.interpretations().iter().any(|reading| reading.clause.as_str() == id);
        assert!(declared, "{id} has no reading");
    }
    let absent: Vec<_> =
        charter.interpretations().iter().filter(|reading| reading.absent).map(|r| r.id.as_str()).collect();
    assert_eq!(absent, ["G8", "G11", "G16"]);
}
