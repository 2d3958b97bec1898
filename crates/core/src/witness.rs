//! What a witness is asked, and what it answers (C2SP tlog-witness). The decision is here; keeping it is the witness's.

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, log_signer};
use crate::digest::TreeHash;
use crate::key::PublicKey;
use crate::note::Note;
use crate::proof::{decimal, hash_line, hash_lines};
use crate::tree::{Head, proves_consistency};

/// Hashes that a request may carry.
const PROOF_MAX: usize = 63;

/// A request to cosign a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The size that the log believes the witness has seen.
    pub old: u64,
    /// The consistency proof from there.
    pub proof: Vec<TreeHash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// Why a witness does not cosign, with the status that says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// Not a request.
    #[error("the request cannot be read: {0}")]
    Malformed(&'static str),
    /// No key that is known for the origin has signed, or its line does not verify.
    #[error("no key that the witness knows for this log has signed the checkpoint")]
    Unsigned,
    /// Not a log that the witness knows.
    #[error("the witness does not know the log: {0}")]
    UnknownOrigin(String),
    /// The witness has seen another size.
    #[error("the witness has seen {0} entries")]
    Conflict(u64),
    /// The checkpoint does not extend what the witness has seen.
    #[error("the checkpoint does not extend the one of {} entries that the witness has seen", .0.size)]
    Inconsistent(Head),
    /// The witness replays what it cosigns, and could not read it.
    #[error("the witness cannot read what it would cosign: {0}")]
    Unavailable(String),
    /// The witness replays what it cosigns, and the state is not one that the charter allows.
    #[error("the witness does not cosign this state: {0}")]
    Unlawful(String),
}

impl Declined {
    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unsigned | Self::Unlawful(_) => 403,
            Self::UnknownOrigin(_) => 404,
            Self::Conflict(_) => 409,
            Self::Inconsistent(_) => 422,
            Self::Unavailable(_) => 503,
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "old {}\n{}\n{}", self.old, hash_lines(&self.proof), self.checkpoint)
    }
}

impl Request {
    /// Reads a request's body.
    ///
    /// # Errors
    /// [`Declined::Malformed`] says what is not there.
    pub fn read(body: &str) -> Result<Self, Declined> {
        let malformed = Declined::Malformed;
        let (proof, checkpoint) = body.split_once("\n\n").ok_or(malformed("no checkpoint follows the proof"))?;
        let mut lines = proof.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(malformed("its first line is not `old` and a size"))?;
        let proof =
            lines.map(hash_line).collect::<Option<Vec<_>>>().ok_or(malformed("a line of its proof is no hash"))?;
        if PROOF_MAX < proof.len() {
            return Err(malformed("its proof has more than 63 hashes"));
        }
        Ok(Self { old, proof, checkpoint: checkpoint.to_owned() })
    }

    /// The checkpoint's origin and note, not yet verified.
    ///
    /// # Errors
    /// [`Declined::Malformed`] for what is not a checkpoint in a signed note.
    pub fn note(&self) -> Result<(String, Note), Declined> {
        let note = Note::read(&self.checkpoint).map_err(|_| Declined::Malformed("the checkpoint is no signed note"))?;
        let checkpoint = Checkpoint::read(note.text());
        let checkpoint = checkpoint.map_err(|_| Declined::Malformed("the note is no checkpoint without extensions"))?;
        Ok((checkpoint.origin, note))
    }

    /// The key that has signed, of those that the witness knows for the origin. A line of any of them that does not verify, or
    /// stands twice, spoils the note.
    ///
    /// # Errors
    /// [`Declined::UnknownOrigin`] where it knows none, [`Declined::Unsigned`] where none has signed or a line fails.
    pub fn signer<'a>(&self, note: &Note, origin: &str, known: &[&'a PublicKey]) -> Result<&'a PublicKey, Declined> {
        if known.is_empty() {
            return Err(Declined::UnknownOrigin(origin.to_owned()));
        }
        let mut signed = None;
        for key in known {
            let line = note.signature(&log_signer(origin, key)).map_err(|_| Declined::Unsigned)?;
            if line.is_some() {
                Checkpoint::verify_note(note, origin, key).map_err(|_| Declined::Unsigned)?;
                signed = signed.or(Some(*key));
            }
        }
        signed.ok_or(Declined::Unsigned)
    }

    /// Judges the request of a log whose key and last cosigned head the witness knows.
    ///
    /// # Errors
    /// [`Declined`] with the status to answer.
    pub fn judge(
        &self,
        note: &Note,
        origin: &str,
        key: &PublicKey,
        seen: Option<&Head>,
    ) -> Result<Checkpoint, Declined> {
        let checkpoint = Checkpoint::verify_note(note, origin, key).map_err(|error| match error {
            CheckpointError::Shape | CheckpointError::Origin { .. } => Declined::Malformed("the note is no checkpoint"),
            CheckpointError::Note(_) | CheckpointError::Unsigned => Declined::Unsigned,
        })?;
        let head = checkpoint.head;
        if head.size < self.old {
            return Err(Declined::Malformed("the old size is beyond the checkpoint's"));
        }
        let latest = seen.copied().unwrap_or_else(Head::empty);
        if self.old != latest.size {
            return Err(Declined::Conflict(latest.size));
        }
        let extends = if latest.size == 0 {
            // Nothing was seen, so there is nothing to prove; an empty log has the one root.
            self.proof.is_empty() && (head.size != 0 || head == Head::empty())
        } else {
            proves_consistency(&latest, &head, &self.proof)
        };
        if extends { Ok(checkpoint) } else { Err(Declined::Inconsistent(latest)) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use crate::tree::Tree;

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        for index in 0..size {
            tree.push(format!("entry-{index}").as_bytes());
        }
        tree
    }

    /// The request that a foreign witness has accepted, and every way to spoil it.
    #[test]
    fn each_condition_has_its_status() {
        let key = SigningKey::from_seed(&[1; 32]);
        let public = key.public().unwrap();
        let origin = "gov.example.org/ledger";
        let sign = |head| Checkpoint { origin: origin.to_owned(), head }.sign(&key);
        let log = tree(7);
        let request = Request { old: 3, proof: log.consistency(3, 7).unwrap(), checkpoint: sign(log.head()) };
        assert!(request.to_string().starts_with("old 3\nBJ19zbVrz+vTEzBMmDnxlqPUtu873AsIKY+TrIGR8Kg=\n"));
        assert_eq!(Request::read(&request.to_string()), Ok(request.clone()));
        let three = log.head_at(3).unwrap();
        let judge = |request: &Request, seen: Option<&Head>| {
            let (origin, note) = request.note()?;
            request.judge(&note, &origin, &public, seen).map(|checkpoint| checkpoint.head)
        };
        assert_eq!(judge(&request, Some(&three)), Ok(log.head()));
        assert_eq!(judge(&request, None), Err(Declined::Conflict(0)));
        assert_eq!(judge(&request, log.head_at(5).as_ref()), Err(Declined::Conflict(5)));
        let other = Head { size: 3, root: log.head().root };
        assert_eq!(judge(&request, Some(&other)), Err(Declined::Inconsistent(other)));
        let same = Request { old: 7, proof: Vec::new(), checkpoint: sign(log.head()) };
        assert_eq!(judge(&same, Some(&log.head())), Ok(log.head()));
        let second = SigningKey::from_seed(&[9; 32]);
        let other = second.public().unwrap();
        let beside = Checkpoint { origin: origin.to_owned(), head: log.head() }.signature_line(&second);
        let signer = |checkpoint: String, known: &[&PublicKey]| {
            let request = Request { checkpoint, ..same.clone() };
            let (origin, note) = request.note().unwrap();
            request.signer(&note, &origin, known).cloned().map_err(|declined| declined.status())
        };
        let both = format!("{}{beside}", same.checkpoint);
        assert_eq!(signer(both.clone(), &[&public, &other]), Ok(public.clone()));
        assert_eq!(signer(both.clone(), &[&other]), Ok(other.clone()));
        assert_eq!(signer(both, &[]), Err(404));
        let blob = beside.trim_end().rsplit(' ').next().unwrap();
        let bad =
            format!("{}{}", same.checkpoint, beside.replace(blob, &format!("{}AAAA{}", &blob[..40], &blob[44..])));
        assert_eq!(signer(bad, &[&public, &other]), Err(403));
        assert_eq!(signer(format!("{}{beside}{beside}", same.checkpoint), &[&public, &other]), Err(403));
        let forked = Head { size: 7, root: three.root };
        assert_eq!(judge(&same, Some(&forked)), Err(Declined::Inconsistent(forked)));
        let first = Request { old: 0, proof: Vec::new(), checkpoint: sign(log.head()) };
        assert_eq!(judge(&first, None), Ok(log.head()));
        let proven = Request { proof: vec![three.root], ..first.clone() };
        assert_eq!(judge(&proven, None).map_err(|declined| declined.status()), Err(422));
        let hollow = Request { checkpoint: sign(Head { size: 0, root: three.root }), ..first.clone() };
        assert_eq!(judge(&hollow, None).map_err(|declined| declined.status()), Err(422));
        let beyond = Request { old: 8, ..first.clone() };
        assert_eq!(judge(&beyond, None).map_err(|declined| declined.status()), Err(400));
        let stranger = SigningKey::from_seed(&[9; 32]);
        let unsigned = Checkpoint { origin: origin.to_owned(), head: log.head() }.sign(&stranger);
        assert_eq!(judge(&Request { checkpoint: unsigned, ..first.clone() }, None), Err(Declined::Unsigned));
        for body in ["", "old 3", "old 03\n\nx", "old 3\nnot a hash\n\nx", "olf 3\n\nx"] {
            assert_eq!(Request::read(body).map_err(|declined| declined.status()), Err(400), "{body}");
        }
        let long = format!("old 3\n{}\nx", hash_lines(&[three.root; 64]));
        assert_eq!(Request::read(&long).map_err(|declined| declined.status()), Err(400));
        let extended = first.checkpoint.replacen("\n\n", "\nextension\n\n", 1);
        assert_eq!(
            judge(&Request { checkpoint: extended, ..first }, None).map_err(|declined| declined.status()),
            Err(400)
        );
    }
}
