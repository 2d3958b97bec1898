//! Proof files (`c2sp.org/tlog-proof@v1`): that an entry is in a log, under a checkpoint.
//! Read and written here, verified where entry and key are known; a file of an older form, without its first line, is none.

use data_encoding::BASE64;

use crate::digest::TreeHash;
use crate::limits::RECEIPT_BYTES_MAX;

const TITLE: &str = "c2sp.org/tlog-proof@v1";
/// More siblings than any tree of 2^64 entries has levels.
const PATH_MAX: usize = 64;

/// A proof file, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the file carries besides; the format authenticates nothing of it.
    pub extra: Option<Vec<u8>>,
    /// The entry's position in the log.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub path: Vec<TreeHash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// Why a text is not a proof file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Beyond the limit.
    #[error("it is too long")]
    TooLong,
    /// No empty line ends the proof.
    #[error("no checkpoint follows the proof")]
    NoCheckpoint,
    /// Another first line.
    #[error("its first line is not that of a tlog-proof")]
    Title,
    /// The extra data are no base64.
    #[error("its extra data are not base64")]
    Extra,
    /// No index in plain decimal.
    #[error("it names no index")]
    Index,
    /// A line of the proof is no hash, or there are too many.
    #[error("a line of its proof is no hash")]
    Path,
}

impl Proof {
    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { extra, index, path, checkpoint } = self;
        let extra = extra.as_ref().map_or_else(String::new, |extra| format!("extra {}\n", BASE64.encode(extra)));
        format!("{TITLE}\n{extra}index {index}\n{}\n{checkpoint}", hash_lines(path))
    }

    /// Reads a proof file.
    ///
    /// # Errors
    /// [`ProofError`] names what is not there.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        if RECEIPT_BYTES_MAX < u64::try_from(text.len()).unwrap_or(u64::MAX) {
            return Err(ProofError::TooLong);
        }
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(ProofError::NoCheckpoint)?;
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(TITLE) {
            return Err(ProofError::Title);
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(|extra| BASE64.decode(extra.as_bytes())).transpose().map_err(|_| ProofError::Extra)?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or(ProofError::Index)?;
        let path = lines.map(hash_line).collect::<Option<Vec<_>>>().filter(|path| path.len() <= PATH_MAX);
        Ok(Self { extra, index, path: path.ok_or(ProofError::Path)?, checkpoint: checkpoint.to_owned() })
    }
}

/// Hashes in base64, a line each.
#[must_use]
pub fn hash_lines(hashes: &[TreeHash]) -> String {
    hashes.iter().map(|hash| BASE64.encode(hash.as_bytes()) + "\n").collect()
}

/// One hash in base64.
#[must_use]
pub fn hash_line(line: &str) -> Option<TreeHash> {
    BASE64.decode(line.as_bytes()).ok()?.try_into().ok().map(TreeHash::from_bytes)
}

/// A number in ASCII digits without leading zeros.
#[must_use]
pub fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}
