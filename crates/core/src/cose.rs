//! COSE Receipts (RFC 9942) of the log's Merkle tree, verifiable data structure 1 (`RFC9162_SHA256`).
//!
//! A receipt is a tagged `COSE_Sign1` with a detached payload, the root, which the verifier recomputes from the proof. The
//! same key signs checkpoints; its name is the COSE key thumbprint (RFC 9679). One proof a receipt, in the shortest CBOR; nothing else is read.

use ciborium::Value;
use sha2::{Digest as _, Sha256};

use crate::digest::TreeHash;
use crate::key::{PublicKey, Signature, SigningKey};
use crate::note::Signer;
use crate::tree::{Head, proves_consistency, proves_inclusion};

const TAG_SIGN1: u64 = 18;
const HEADER_ALG: i64 = 1;
const HEADER_CRIT: i64 = 2;
const HEADER_KID: i64 = 4;
const HEADER_CWT_CLAIMS: i64 = 15;
const HEADER_VDS: i64 = 395;
const HEADER_VDP: i64 = 396;
const CLAIM_ISS: i64 = 1;
const CLAIM_SUB: i64 = 2;
const VDS_RFC9162_SHA256: i64 = 1;
const PROOF_INCLUSION: i64 = -1;
const PROOF_CONSISTENCY: i64 = -2;

/// The algorithm that the protected header names; the signature is Ed25519 in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// -19, Ed25519 (RFC 9864).
    Ed25519,
    /// -8, `EdDSA`, deprecated; verifiers that do not know -19 need it.
    EdDsa,
}

impl Algorithm {
    const fn number(self) -> i64 {
        match self {
            Self::Ed25519 => -19,
            Self::EdDsa => -8,
        }
    }
}

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// That an entry is in the tree.
    Inclusion {
        /// Size of the tree.
        size: u64,
        /// Position of the entry.
        index: u64,
        /// The leaf's sibling first.
        path: Vec<TreeHash>,
    },
    /// That an older tree is a prefix.
    Consistency {
        /// Size of the older tree.
        old: u64,
        /// Size of the tree.
        size: u64,
        /// The proof.
        path: Vec<TreeHash>,
    },
}

/// A receipt, not yet verified.
#[derive(Clone, Debug, PartialEq)]
pub struct CoseReceipt {
    protected: Vec<u8>,
    proven: Proven,
    signature: [u8; 64],
}

/// Why bytes are no receipt, or show nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoseError {
    /// Not a receipt of this structure.
    #[error("the file is no COSE receipt of an RFC 9162 tree")]
    Shape,
    /// RFC 9942 wants at least one hash: the tree of one entry, and two heads of one size, have no receipt.
    #[error("there is no hash to prove this with, and a COSE receipt holds at least one")]
    TooSmall,
    /// A header that does not name Ed25519, this tree structure, this log and this key, or that demands what is not known.
    #[error("the receipt's header is not one of this log and key")]
    Header,
    /// The proof does not lead to a root that the log's key has signed.
    #[error("the proof does not lead to a root that the log's key has signed")]
    NotProven,
}

/// Name of a key: SHA-256 over its COSE form, kty OKP, crv Ed25519, x (RFC 9679).
#[must_use]
pub fn thumbprint(key: &PublicKey) -> [u8; 32] {
    let form = map(vec![(1, int(1)), (-1, int(6)), (-2, Value::Bytes(key.as_bytes().to_vec()))]);
    Sha256::digest(encode(&form)).into()
}

/// Signs a receipt under a head, about `subject`, as the log of `origin`.
///
/// # Errors
/// [`CoseError::TooSmall`] where there is no hash to prove anything with.
pub fn sign(
    proven: Proven,
    root: &TreeHash,
    (origin, subject): (&str, &str),
    algorithm: Algorithm,
    key: &SigningKey,
) -> Result<CoseReceipt, CoseError> {
    let (Proven::Inclusion { path, .. } | Proven::Consistency { path, .. }) = &proven;
    if path.is_empty() {
        return Err(CoseError::TooSmall);
    }
    let public = key.public().map_err(|_| CoseError::Shape)?;
    let claims = map(vec![(CLAIM_ISS, Value::Text(origin.to_owned())), (CLAIM_SUB, Value::Text(subject.to_owned()))]);
    let protected = encode(&map(vec![
        (HEADER_ALG, int(algorithm.number())),
        (HEADER_KID, Value::Bytes(thumbprint(&public).to_vec())),
        (HEADER_CWT_CLAIMS, claims),
        (HEADER_VDS, int(VDS_RFC9162_SHA256)),
    ]));
    let signature = *key.sign_raw(&to_be_signed(&protected, root)).as_bytes();
    Ok(CoseReceipt { protected, proven, signature })
}

fn to_be_signed(protected: &[u8], root: &TreeHash) -> Vec<u8> {
    encode(&Value::Array(vec![
        Value::Text("Signature1".to_owned()),
        Value::Bytes(protected.to_vec()),
        Value::Bytes(Vec::new()),
        Value::Bytes(root.as_bytes().to_vec()),
    ]))
}

impl CoseReceipt {
    /// The receipt's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let number = |number: u64| Value::Integer(number.into());
        let hashes =
            |path: &[TreeHash]| Value::Array(path.iter().map(|hash| Value::Bytes(hash.as_bytes().to_vec())).collect());
        let (label, proof) = match &self.proven {
            Proven::Inclusion { size, index, path } => (PROOF_INCLUSION, [number(*size), number(*index), hashes(path)]),
            Proven::Consistency { old, size, path } => (PROOF_CONSISTENCY, [number(*old), number(*size), hashes(path)]),
        };
        let proof = Value::Bytes(encode(&Value::Array(proof.to_vec())));
        let proofs = map(vec![(label, Value::Array(vec![proof]))]);
        encode(&Value::Tag(
            TAG_SIGN1,
            Box::new(Value::Array(vec![
                Value::Bytes(self.protected.clone()),
                map(vec![(HEADER_VDP, proofs)]),
                Value::Null,
                Value::Bytes(self.signature.to_vec()),
            ])),
        ))
    }

    /// Reads exactly the bytes that [`CoseReceipt::encode`] makes.
    ///
    /// # Errors
    /// [`CoseError::Shape`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, CoseError> {
        let receipt = parse(bytes).ok_or(CoseError::Shape)?;
        if receipt.encode() == bytes { Ok(receipt) } else { Err(CoseError::Shape) }
    }

    /// What it proves, once verified.
    #[must_use]
    pub const fn proven(&self) -> &Proven {
        &self.proven
    }

    /// Verifies that an entry's leaf is in a tree whose root the log has signed; returns that head. Its size is the proof's own
    /// word: RFC 9942 signs the root alone.
    ///
    /// # Errors
    /// [`CoseError`] says why not.
    pub fn verify_inclusion(&self, leaf: &TreeHash, log: &Signer) -> Result<Head, CoseError> {
        let Proven::Inclusion { size, index, path } = &self.proven else { return Err(CoseError::Shape) };
        let root = climb(leaf, *index, *size, path).ok_or(CoseError::NotProven)?;
        let head = Head { size: *size, root };
        if proves_inclusion(leaf, *index, path, &head) { self.signed(head, log) } else { Err(CoseError::NotProven) }
    }

    /// Verifies that an older head is a prefix of `newer`, whose root the log has signed.
    ///
    /// # Errors
    /// [`CoseError`] says why not.
    pub fn verify_consistency(&self, older: &Head, newer: &Head, log: &Signer) -> Result<Head, CoseError> {
        let Proven::Consistency { old, size, path } = &self.proven else { return Err(CoseError::Shape) };
        let fits = (*old, *size) == (older.size, newer.size) && proves_consistency(older, newer, path);
        if fits { self.signed(*newer, log) } else { Err(CoseError::NotProven) }
    }

    fn signed(&self, head: Head, log: &Signer) -> Result<Head, CoseError> {
        if !self.header_fits(log) {
            return Err(CoseError::Header);
        }
        let message = to_be_signed(&self.protected, &head.root);
        let good = log.key.verifies_raw(&message, &Signature::from_bytes(self.signature));
        if good { Ok(head) } else { Err(CoseError::NotProven) }
    }

    /// The protected header names Ed25519, this tree structure, this log and its key, and demands nothing that is not known
    /// here (RFC 9052 section 3.1).
    fn header_fits(&self, log: &Signer) -> bool {
        let Ok(Value::Map(header)) = ciborium::from_reader::<Value, _>(self.protected.as_slice()) else { return false };
        let get = |map: &[(Value, Value)], label: i64| {
            map.iter().find(|(known, _)| *known == int(label)).map(|(_, value)| value.clone())
        };
        let claims = get(&header, HEADER_CWT_CLAIMS).and_then(|claims| claims.into_map().ok()).unwrap_or_default();
        let algorithm = get(&header, HEADER_ALG);
        let algorithms = [Algorithm::Ed25519, Algorithm::EdDsa].map(|known| Some(int(known.number())));
        algorithms.contains(&algorithm)
            && get(&header, HEADER_CRIT).is_none()
            && get(&header, HEADER_VDS) == Some(int(VDS_RFC9162_SHA256))
            && get(&header, HEADER_KID) == Some(Value::Bytes(thumbprint(&log.key).to_vec()))
            && get(&claims, CLAIM_ISS) == Some(Value::Text(log.name.clone()))
    }
}

/// The root to which a path leads, by the shape that index and size give (RFC 9162 section 2.1.3.2).
fn climb(leaf: &TreeHash, index: u64, size: u64, path: &[TreeHash]) -> Option<TreeHash> {
    let (mut node, mut last, mut hash) = (index, size.checked_sub(1)?, *leaf);
    for sibling in path {
        if node % 2 == 1 || node == last {
            hash = crate::tree::node_hash(sibling, &hash);
            while node.is_multiple_of(2) && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = crate::tree::node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    Some(hash)
}

fn parse(bytes: &[u8]) -> Option<CoseReceipt> {
    let Value::Tag(TAG_SIGN1, message) = ciborium::from_reader::<Value, _>(bytes).ok()? else { return None };
    let Ok([Value::Bytes(protected), Value::Map(unprotected), Value::Null, Value::Bytes(signature)]) =
        <[Value; 4]>::try_from(message.into_array().ok()?)
    else {
        return None;
    };
    let [(label, Value::Map(proofs))] = unprotected.as_slice() else { return None };
    let [(kind, Value::Array(list))] = proofs.as_slice() else { return None };
    let [Value::Bytes(proof)] = list.as_slice() else { return None };
    let Ok([first, second, Value::Array(path)]) =
        <[Value; 3]>::try_from(ciborium::from_reader::<Value, _>(proof.as_slice()).ok()?.into_array().ok()?)
    else {
        return None;
    };
    let number = |value: Value| value.into_integer().ok().and_then(|number| u64::try_from(number).ok());
    let (first, second) = (number(first)?, number(second)?);
    let hash = |value: Value| value.into_bytes().ok()?.try_into().ok().map(TreeHash::from_bytes);
    let path = path.into_iter().map(hash).collect::<Option<Vec<_>>>()?;
    let proven = if *kind == int(PROOF_INCLUSION) {
        Proven::Inclusion { size: first, index: second, path }
    } else if *kind == int(PROOF_CONSISTENCY) {
        Proven::Consistency { old: first, size: second, path }
    } else {
        return None;
    };
    if *label != int(HEADER_VDP) {
        return None;
    }
    Some(CoseReceipt { protected, proven, signature: signature.try_into().ok()? })
}

fn int(number: i64) -> Value {
    Value::Integer(number.into())
}

fn map(pairs: Vec<(i64, Value)>) -> Value {
    Value::Map(pairs.into_iter().map(|(label, value)| (int(label), value)).collect())
}

fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail; nothing here refuses to serialize.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::tree::{Tree, leaf_hash};

    #[test]
    fn a_receipt_verifies_and_a_changed_one_does_not() {
        let key = SigningKey::from_seed(&[1; 32]);
        let log = crate::checkpoint::log_signer("o", &key.public().unwrap());
        let mut tree = Tree::default();
        for number in 0..11_u8 {
            tree.push(&[number]);
        }
        let head = tree.head();
        let proven = Proven::Inclusion { size: 11, index: 6, path: tree.inclusion(6, 11).unwrap() };
        let receipt = sign(proven, &head.root, ("o", "event"), Algorithm::Ed25519, &key).unwrap();
        let bytes = receipt.encode();
        assert!(hex::encode(&bytes).starts_with("d28458"));
        assert_eq!(CoseReceipt::decode(&bytes), Ok(receipt.clone()));
        assert_eq!(receipt.verify_inclusion(&leaf_hash(&[6]), &log), Ok(head));
        assert_eq!(receipt.verify_inclusion(&leaf_hash(&[7]), &log), Err(CoseError::NotProven));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1;
            }
            let verdict = CoseReceipt::decode(&changed).and_then(|it| it.verify_inclusion(&leaf_hash(&[6]), &log));
            // RFC 9942 signs the root alone: another size of the same shape leads to it too.
            assert!(verdict.is_err() || verdict == Ok(Head { size: 10, ..head }), "byte {at}: {verdict:?}");
        }
        let older = tree.head_at(4).unwrap();
        let proven = Proven::Consistency { old: 4, size: 11, path: tree.consistency(4, 11).unwrap() };
        let receipt = sign(proven, &head.root, ("o", "4"), Algorithm::EdDsa, &key).unwrap();
        let receipt = CoseReceipt::decode(&receipt.encode()).unwrap();
        assert_eq!(receipt.verify_consistency(&older, &head, &log), Ok(head));
        assert_eq!(
            receipt.verify_consistency(&Head { size: 4, root: head.root }, &head, &log),
            Err(CoseError::NotProven)
        );
        let other = Signer { name: "p".to_owned(), ..log };
        assert_eq!(receipt.verify_consistency(&older, &head, &other), Err(CoseError::Header));
        let alone = Proven::Inclusion { size: 1, index: 0, path: Vec::new() };
        assert_eq!(sign(alone, &head.root, ("o", ""), Algorithm::Ed25519, &key), Err(CoseError::TooSmall));
    }
}
