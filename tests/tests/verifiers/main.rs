//! Two verifiers that share no code judge the same ledgers: Rollcall's audit, and the JavaScript of `tests/verifier`. Whatever
//! is changed in a ledger, both name the same fault.

mod attacks;
mod node;
mod vectors;

use std::collections::BTreeSet;
use std::path::Path;

use rollcall_core::audit::{Auditor, Level};
use rollcall_core::digest::LedgerId;
use rollcall_storage::audit::audit_bundle;
use serde_json::Value;

use crate::attacks::Small;

/// The verdict of Rollcall's own audit: valid, or the code of the first fault.
fn own(bytes: &[u8], ledger: LedgerId) -> String {
    let report = audit_bundle(bytes, Auditor::new(Level::Full, Some(ledger)), &[], |_| {});
    report.violations.first().map_or_else(|| "valid".to_owned(), |fault| fault.code.clone())
}

/// Both verdicts on each bundle; those that differ, by name.
fn disagreements(cases: &[(String, Vec<u8>)], ledger: LedgerId, folder: &Path) -> Option<Vec<String>> {
    let paths: Vec<_> = (0..cases.len()).map(|number| folder.join(format!("{number}.bundle"))).collect();
    for (path, (_, bytes)) in paths.iter().zip(cases) {
        std::fs::write(path, bytes).unwrap();
    }
    let theirs = node::judge(&paths, &ledger.to_string())?;
    let mut different = Vec::new();
    for ((name, bytes), theirs) in cases.iter().zip(theirs) {
        let own = own(bytes, ledger);
        if own != theirs {
            different.push(format!("{name}: own {own}, JavaScript {theirs}"));
        }
    }
    Some(different)
}

#[test]
fn both_name_the_same_fault_for_every_byte_of_a_small_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let small = Small::new();
    let whole = attacks::bundle(&small.entries);
    assert_eq!(own(&whole, small.ledger), "valid");
    let flips: Vec<_> = (0..whole.len())
        .map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            (format!("byte {at}"), bytes)
        })
        .collect();
    let valid = flips.iter().filter(|(_, bytes)| own(bytes, small.ledger) == "valid").count();
    assert_eq!(valid, 0, "a changed byte went unseen");
    let Some(different) = disagreements(&flips, small.ledger, folder.path()) else { return };
    println!("{} bytes, both name the same fault", flips.len());
    assert_eq!(different, Vec::<String>::new());
}

#[test]
fn both_name_the_same_fault_for_every_attack_on_the_structure() {
    let folder = tempfile::tempdir().unwrap();
    let small = Small::new();
    let attacks = small.attacks();
    let harmless: Vec<_> =
        attacks.iter().filter(|(_, bytes)| own(bytes, small.ledger) == "valid").map(|(name, _)| name.clone()).collect();
    assert_eq!(harmless, attacks::LAWFUL);
    let Some(different) = disagreements(&attacks, small.ledger, folder.path()) else { return };
    println!("{} attacks, both name the same fault", attacks.len());
    assert_eq!(different, Vec::<String>::new());
}

/// The roster that the other verifier makes of role changes alone is the one that Rollcall answers with.
#[test]
fn both_make_the_same_roster() {
    let folder = tempfile::tempdir().unwrap();
    rollcall_tests::community::meeting(&["Adopt the plan"]).play(folder.path());
    let _ = rollcall_tests::expect(folder.path(), 0, &["--ledger", "play.ledger", "bundle", "-o", "all.bundle"]);
    let ledger = rollcall_tests::json(folder.path(), &["--ledger", "play.ledger", "status"])["ledger"].clone();
    let Some(theirs) = node::answers(&[folder.path().join("all.bundle")], ledger.as_str().unwrap()) else { return };
    let own = rollcall_tests::json(folder.path(), &["--ledger", "play.ledger", "roster"]);
    let row = |row: &Value| ["unit", "role", "person"].map(|name| row[name].as_str().unwrap().to_owned());
    let theirs: BTreeSet<_> = theirs[0]["roster"].as_array().unwrap().iter().map(row).collect();
    let mut expected = BTreeSet::new();
    for (unit, roles) in own["units"].as_object().unwrap() {
        for (role, people) in roles.as_object().unwrap() {
            let people = people.as_array().unwrap().iter();
            expected.extend(people.map(|person| [unit, role, person.as_str().unwrap()].map(str::to_owned)));
        }
    }
    assert_eq!(theirs, expected);
    assert!(expected.len() > 3);
}
