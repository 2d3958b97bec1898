//! Two verifiers that share no code judge the same ledgers: Rollcall's audit, and the JavaScript of `tests/verifier`. Whatever
//! is changed in a ledger, both name the same fault.

mod attacks;
mod time;
mod vectors;

use std::path::Path;

use rollcall_core::audit::{Auditor, Level};
use rollcall_core::digest::LedgerId;
use rollcall_storage::audit::audit_bundle;
use rollcall_tests::node;

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

#[test]
fn both_say_the_same_of_anchors_and_clocks() {
    let folder = tempfile::tempdir().unwrap();
    let cases = time::cases();
    for (name, ledger, bytes, expected) in &cases {
        assert_eq!(own(bytes, *ledger), *expected, "{name}");
    }
    let ledger = cases[0].1;
    let bundles: Vec<_> = cases.iter().map(|(name, _, bytes, _)| (name.clone(), bytes.clone())).collect();
    assert!(cases.iter().all(|(_, other, ..)| *other == ledger), "one founding, so that one id is expected");
    let Some(different) = disagreements(&bundles, ledger, folder.path()) else { return };
    println!("{} cases of time, both say the same", bundles.len());
    assert_eq!(different, Vec::<String>::new());
}

/// An audit that has found a thousand faults reads no further, in both.
#[test]
fn both_give_up_at_the_same_fault() {
    let folder = tempfile::tempdir().unwrap();
    let small = Small::new();
    let mut entries = small.entries.clone();
    entries.extend((0..1_500).map(|_| Vec::new()));
    let bytes = attacks::bundle(&entries);
    let report = audit_bundle(&bytes, Auditor::new(Level::Full, Some(small.ledger)), &[], |_| {});
    assert_eq!(report.violations.len(), 1_001);
    assert_eq!(report.violations.last().unwrap().code, "too-many-faults");
    let path = folder.path().join("many.bundle");
    std::fs::write(&path, bytes).unwrap();
    let Some(found) = node::faults(&path, &small.ledger.to_string()) else { return };
    assert_eq!((found.len(), found.last().map(String::as_str)), (1_001, Some("too-many-faults")));
}
