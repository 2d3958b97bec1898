//! Two verifiers that share no code judge the same ledgers: Rollcall's audit, and the JavaScript of `tests/verifier`. Whatever
//! is changed in a ledger, both name the same fault.

mod attacks;
mod folders;
mod time;
mod vectors;

use std::path::Path;

use rollcall_core::audit::{Auditor, Level};
use rollcall_core::checkpoint::log_signer;
use rollcall_core::digest::LedgerId;
use rollcall_core::ledger::rehearsal_log_key;
use rollcall_core::receipt::Receipt;
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

#[test]
fn both_name_the_same_fault_for_every_change_of_published_files() {
    let home = tempfile::tempdir().unwrap();
    let small = Small::new();
    let folders = folders::made(&small, home.path());
    let paths: Vec<_> = folders.iter().map(|(_, path)| path.clone()).collect();
    let own: Vec<String> = paths.iter().map(|path| folders::own(path, small.ledger)).collect();
    // A head of a smaller log is one: its files are all there.
    let harmless: Vec<&str> =
        folders.iter().zip(&own).filter(|(_, own)| *own == "valid").map(|((name, _), _)| name.as_str()).collect();
    assert_eq!(harmless, Vec::<&str>::new());
    let Some(theirs) = node::judge(&paths, &small.ledger.to_string()) else { return };
    let shown = |verdict: &String| if verdict == "unreadable" { "shows no log".to_owned() } else { verdict.clone() };
    let different: Vec<String> = (folders.iter().zip(&own).zip(theirs.iter().map(shown)))
        .filter(|((_, own), theirs)| *own != theirs)
        .map(|(((name, _), own), theirs)| format!("{name}: own {own}, JavaScript {theirs}"))
        .collect();
    println!("{} changes of published files, both name the same fault", folders.len());
    assert_eq!(different, Vec::<String>::new());
}

/// Whatever byte of a receipt is changed: to both it proves nothing, or what it said before.
#[test]
fn both_say_the_same_of_every_byte_of_a_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let small = Small::new();
    let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/entry-4.receipt")).unwrap();
    let own = |bytes: &[u8]| {
        let receipt = std::str::from_utf8(bytes).ok().and_then(|text| Receipt::read(text).ok());
        receipt.and_then(|receipt| receipt.verify(small.ledger, None).ok())
    };
    let said = own(&text).unwrap();
    let changed: Vec<Vec<u8>> = (0..text.len())
        .map(|at| {
            let mut bytes = text.clone();
            bytes[at] ^= 1 << (at % 7);
            bytes
        })
        .collect();
    let paths: Vec<_> = (0..changed.len()).map(|number| folder.path().join(format!("{number}.receipt"))).collect();
    for (path, bytes) in paths.iter().zip(&changed) {
        std::fs::write(path, bytes).unwrap();
    }
    let Some(theirs) = node::judge(&paths, &small.ledger.to_string()) else { return };
    let differ: Vec<usize> =
        (0..changed.len()).filter(|at| own(&changed[*at]).is_some() != (theirs[*at] == "valid")).collect();
    assert_eq!(differ, Vec::<usize>::new());
    // When the founding was accepted is not covered, and not shown.
    let same = |bytes: &Vec<u8>| {
        own(bytes).is_none_or(|shown| {
            (shown.event, shown.index, shown.accepted_at, shown.head)
                == (said.event, said.index, said.accepted_at, said.head)
        })
    };
    assert!(changed.iter().all(same));
    assert_eq!(changed.iter().filter(|bytes| own(bytes).is_some()).count(), 4);
}

/// The proofs that go to programs of others: C2SP tlog-proofs and COSE Receipts in both algorithms.
#[test]
fn the_other_verifier_reads_bare_proofs() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let key = log_signer(attacks::ORIGIN, &rehearsal_log_key(attacks::NAME).public().unwrap()).to_string();
    let folder = tempfile::tempdir().unwrap();
    for kind in ["tlog-proof", "cose", "cose-eddsa"] {
        for number in [0, 4] {
            let proof = home.join(format!("proofs/entry-{number}.{kind}"));
            let entry = |number: u64| home.join(format!("entries/{number}.entry"));
            let Some(code) = node::bare_proof(&proof, &entry(number), &key) else { return };
            assert_eq!(code, 0, "{kind} of entry {number}");
            assert_eq!(node::bare_proof(&proof, &entry(number + 1), &key), Some(3), "{kind} of another entry");
            let mut bytes = std::fs::read(&proof).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            let damaged = folder.path().join("damaged");
            std::fs::write(&damaged, bytes).unwrap();
            assert_eq!(node::bare_proof(&damaged, &entry(number), &key), Some(3), "{kind}, damaged");
        }
    }
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
