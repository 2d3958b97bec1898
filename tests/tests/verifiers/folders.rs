//! Published folders with one thing wrong, as files for both verifiers.

use std::path::{Path, PathBuf};

use rollcall_core::audit::{Auditor, Level};
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::digest::LedgerId;
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::rehearsal_log_key;
use rollcall_core::tree::Head;
use rollcall_storage::audit::{audit_illegible, audit_published};
use rollcall_storage::published::{Folder, Published};

use crate::attacks::{NAME, ORIGIN, Small, head_of, note};

const CHECKPOINT: &str = "checkpoint";
const TILE: &str = "tile/0/000.p/7";
const ENTRIES: &str = "tile/entries/000.p/7";

/// What somebody does to one file.
type Change = Box<dyn Fn(Vec<u8>) -> Option<Vec<u8>>>;

/// Every change, by name: each byte of checkpoint and tile, some of the entries (the bundle's test takes them all), and what is
/// cut, padded, taken away or put in the place of another.
fn changes(small: &Small) -> Vec<(String, &'static str, Change)> {
    let mut all: Vec<(String, &'static str, Change)> = Vec::new();
    for (file, step) in [(CHECKPOINT, 1), (TILE, 1), (ENTRIES, 37)] {
        let length = std::fs::read(published().join(file)).unwrap().len();
        for at in (0..length).step_by(step) {
            let flip = move |mut bytes: Vec<u8>| {
                bytes[at] ^= 1 << (at % 7);
                Some(bytes)
            };
            all.push((format!("byte {at} of {file}"), file, Box::new(flip)));
        }
        for cut in [1, 31, 32, 33, length - 1, length] {
            let shorter = move |bytes: Vec<u8>| Some(bytes[..bytes.len().saturating_sub(cut)].to_vec());
            all.push((format!("{file} without its last {cut} bytes"), file, Box::new(shorter)));
        }
        for pad in [1, 2, 32] {
            let padded = move |bytes: Vec<u8>| Some([bytes, vec![0; pad]].concat());
            all.push((format!("{file} padded by {pad} bytes"), file, Box::new(padded)));
        }
        all.push((format!("{file} taken away"), file, Box::new(|_| None)));
    }
    let head = head_of(&small.entries);
    let smaller = head_of(&small.entries[..6]);
    let key = rehearsal_log_key(NAME);
    let signed = |head: Head, origin: &str, key: &SigningKey| Checkpoint { origin: origin.to_owned(), head }.sign(key);
    for (name, note) in [
        ("a smaller checkpoint", note(&small.entries[..6])),
        ("a larger one", signed(Head { size: 8, ..head }, ORIGIN, &key)),
        ("a much larger one", signed(Head { size: 70_000, ..head }, ORIGIN, &key)),
        ("one of another root", signed(Head { root: smaller.root, ..head }, ORIGIN, &key)),
        ("one of another log", signed(head, "other.invalid/log", &key)),
        ("one of another key", signed(head, ORIGIN, &SigningKey::from_seed(&[9; 32]))),
        ("one of nothing", signed(Head::empty(), ORIGIN, &key)),
    ] {
        all.push((name.to_owned(), CHECKPOINT, Box::new(move |_| Some(note.clone().into_bytes()))));
    }
    all
}

fn published() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/published")
}

/// A folder for each change.
pub(crate) fn made(small: &Small, home: &Path) -> Vec<(String, PathBuf)> {
    let folders = changes(small).into_iter().enumerate().map(|(number, (name, changed, change))| {
        let folder = home.join(number.to_string());
        for file in [CHECKPOINT, TILE, ENTRIES] {
            let bytes = std::fs::read(published().join(file)).unwrap();
            let bytes = if file == changed { change(bytes) } else { Some(bytes) };
            std::fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            if let Some(bytes) = bytes {
                std::fs::write(folder.join(file), bytes).unwrap();
            }
        }
        (name, folder)
    });
    folders.collect()
}

/// Rollcall's own verdict: valid, the code of the first fault, or that the folder shows no log.
pub(crate) fn own(folder: &Path, ledger: LedgerId) -> String {
    let auditor = Auditor::new(Level::Full, Some(ledger));
    let report = match (Published::open(Folder(folder.to_path_buf())), std::fs::read(folder.join(CHECKPOINT))) {
        (Ok(Some(log)), _) => audit_published(&log, auditor, &[], |_| {}).unwrap(),
        (_, Ok(note)) => audit_illegible(&note, auditor),
        (_, Err(_)) => return "shows no log".to_owned(),
    };
    report.violations.first().map_or_else(|| "valid".to_owned(), |fault| fault.code.clone())
}
