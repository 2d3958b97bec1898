//! Evidence of a fork: two checkpoints that one log has signed and that cannot both be true, as a file that anybody can
//! verify with nothing but the log's key.
//!
//! The later checkpoint commits to a root at the size of the earlier one, shown by a consistency proof; the earlier one
//! says another. At equal sizes the two roots differ as they stand.

use data_encoding::BASE64;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::digest::TreeHash;
use crate::key::PublicKey;
use crate::limits::RECEIPT_BYTES_MAX;
use crate::proof::{hash_line, hash_lines};
use crate::tree::{Head, proves_consistency};

const TITLE: &str = "rollcall fork v1";

/// Evidence that a log has signed two histories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The root that the later checkpoint implies at the size of the earlier one.
    pub implied: TreeHash,
    /// The consistency proof from that root to the later checkpoint; empty at equal sizes.
    pub path: Vec<TreeHash>,
    /// The checkpoint of the smaller size, as signed.
    pub earlier: String,
    /// The checkpoint of the larger size, as signed.
    pub later: String,
}

/// Why a file is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// Not a file of this form.
    #[error("the file is no evidence of a fork: {0}")]
    Shape(&'static str),
    /// A checkpoint that the log has not signed.
    #[error("a checkpoint of the evidence is not the log's")]
    Checkpoint(#[source] CheckpointError),
    /// The two fit together.
    #[error("the two checkpoints do not contradict each other")]
    NoContradiction,
}

impl Fork {
    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { implied, path, earlier, later } = self;
        format!("{TITLE}\n{}\n{}\n{earlier}\n{later}", BASE64.encode(implied.as_bytes()), hash_lines(path))
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`ForkError::Shape`] says what is not there.
    pub fn read(text: &str) -> Result<Self, ForkError> {
        let shape = ForkError::Shape;
        if RECEIPT_BYTES_MAX < u64::try_from(text.len()).unwrap_or(u64::MAX) {
            return Err(shape("it is too long"));
        }
        let (proof, notes) = text.split_once("\n\n").ok_or(shape("no checkpoints follow the proof"))?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(TITLE) {
            return Err(shape("its first line is another"));
        }
        let hashes = lines.map(hash_line).collect::<Option<Vec<_>>>().ok_or(shape("a line of its proof is no hash"))?;
        let (implied, path) = hashes.split_first().ok_or(shape("it names no root"))?;
        // A note holds one empty line; the one after its signatures separates it from the next.
        let mut parts = notes.splitn(3, "\n\n");
        let (Some(text), Some(signatures), Some(later)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(shape("it holds fewer than two checkpoints"));
        };
        let earlier = format!("{text}\n\n{signatures}\n");
        Ok(Self { implied: *implied, path: path.to_vec(), earlier, later: later.to_owned() })
    }

    /// Verifies that the log of this origin has signed two histories, each with one of its keys; returns the two heads.
    ///
    /// # Errors
    /// [`ForkError`] says why the file shows nothing.
    pub fn verify(&self, origin: &str, keys: &[PublicKey]) -> Result<(Head, Head), ForkError> {
        let head = |note: &str| {
            let verdicts = keys.iter().map(|key| Checkpoint::verify(note, origin, key));
            let best = verdicts.reduce(|best, next| if best.is_ok() { best } else { next });
            best.unwrap_or(Err(CheckpointError::Unsigned)).map(|checkpoint| checkpoint.head)
        };
        let earlier = head(&self.earlier).map_err(ForkError::Checkpoint)?;
        let later = head(&self.later).map_err(ForkError::Checkpoint)?;
        let implied = Head { size: earlier.size, root: self.implied };
        if proves_consistency(&implied, &later, &self.path) && implied.root != earlier.root {
            Ok((earlier, later))
        } else {
            Err(ForkError::NoContradiction)
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use crate::tree::Tree;

    fn tree(last: u8) -> Tree {
        let mut tree = Tree::default();
        for number in 0..last {
            tree.push(&[number]);
        }
        tree
    }

    #[test]
    fn two_histories_are_shown_and_one_is_not() {
        let key = SigningKey::from_seed(&[1; 32]);
        let public = key.public().unwrap();
        let note = |head| Checkpoint { origin: "o".to_owned(), head }.sign(&key);
        let (honest, mut forked) = (tree(9), tree(4));
        for number in 40..43_u8 {
            forked.push(&[number]);
        }
        let fork = |earlier: Head, tree: &Tree, size: u64| Fork {
            implied: tree.head_at(earlier.size).unwrap().root,
            path: if earlier.size == size { Vec::new() } else { tree.consistency(earlier.size, size).unwrap() },
            earlier: note(earlier),
            later: note(tree.head_at(size).unwrap()),
        };
        for (earlier, later) in [(forked.head_at(5).unwrap(), 9), (forked.head(), 9), (forked.head(), 7)] {
            let evidence = fork(earlier, &honest, later);
            assert_eq!(Fork::read(&evidence.text()), Ok(evidence.clone()));
            assert!(evidence.verify("o", std::slice::from_ref(&public)).is_ok(), "{earlier:?}");
            let other = SigningKey::from_seed(&[2; 32]).public().unwrap();
            assert!(matches!(evidence.verify("o", &[other]), Err(ForkError::Checkpoint(_))));
        }
        // A prefix that both share, and a proof that was bent.
        assert_eq!(
            fork(forked.head_at(4).unwrap(), &honest, 9).verify("o", std::slice::from_ref(&public)),
            Err(ForkError::NoContradiction)
        );
        let mut bent = fork(forked.head_at(4).unwrap(), &honest, 9);
        bent.implied = forked.head().root;
        assert_eq!(bent.verify("o", std::slice::from_ref(&public)), Err(ForkError::NoContradiction));
    }
}
