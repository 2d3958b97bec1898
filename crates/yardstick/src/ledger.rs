//! The ledgers that are measured: lives of several sizes, played by `rollcall rehearse` into files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::measure::{self, Cores};
use crate::{Result, life_lines};

/// A ledger to measure.
#[derive(Debug)]
pub struct Measured {
    /// Acts of the life that was played.
    pub acts: u64,
    /// Entries of its log.
    pub entries: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Its id.
    pub id: String,
    /// How long playing it took, if it was not there already.
    pub built: Option<(Duration, u64)>,
}

impl Measured {
    /// Its path, for an argument.
    pub fn file(&self) -> &str {
        self.path.to_str().unwrap_or_default()
    }

    /// Bytes of its file.
    ///
    /// # Errors
    /// When it is not there.
    pub fn bytes(&self) -> Result<u64> {
        measure::bytes(&self.path)
    }
}

/// Builds a ledger of each power of ten from 1,000 up to `events`, and of `events`.
///
/// # Errors
/// When an act of a life is refused, or nothing can be written.
pub fn build_all(folder: &Path, events: u64, seed: u64) -> Result<Vec<Measured>> {
    let powers = std::iter::successors(Some(1_000_u64), |size| size.checked_mul(10));
    let sizes = powers.take_while(|size| *size < events).chain([events]);
    sizes.map(|acts| build(folder, acts, seed)).collect()
}

fn build(folder: &Path, acts: u64, seed: u64) -> Result<Measured> {
    let path = folder.join(format!("life-{seed}-{acts}.ledger"));
    let file = path.to_str().ok_or("the folder's name is not text")?.to_owned();
    let mut built = None;
    if !path.exists() {
        measure::progress(&format!("playing {acts} acts"));
        let lines = folder.join(format!("life-{seed}-{acts}.jsonl"));
        life_lines(acts, seed, &mut std::fs::File::create(&lines)?)?;
        let shown = lines.to_str().unwrap_or_default();
        let ran = measure::rollcall(Cores::All, &["--ledger", &file, "rehearse", shown])?;
        let refused = String::from_utf8_lossy(&ran.out);
        let refused: Vec<&str> = refused
            .lines()
            .filter(|line| !line.contains("  accepted  ") && !line.starts_with("      "))
            .take(3)
            .collect();
        if !refused.is_empty() {
            return Err(format!("a life must be lawful: {}", refused.join("\n")).into());
        }
        built = Some((ran.time, ran.peak_kib));
        std::fs::remove_file(lines)?;
    }
    let head = measure::rollcall(Cores::All, &["--ledger", &file, "--json", "status"])?;
    let head: serde_json::Value = serde_json::from_slice(&head.out)?;
    Ok(Measured {
        acts,
        entries: head.get("size").and_then(serde_json::Value::as_u64).unwrap_or_default(),
        id: head.get("ledger").and_then(|id| id.as_str()).unwrap_or_default().to_owned(),
        path,
        built,
    })
}
