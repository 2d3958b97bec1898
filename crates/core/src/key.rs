//! Ed25519 keys under the one strict acceptance rule, and the bytes that an SSHSIG signature covers.
//!
//! - A [`PublicKey`] is canonical, not of small order and torsion-free; there is no other way to hold one.
//! - A signature is accepted by `verify_strict` and by nothing else, so that OpenSSH, OpenSSL, `WebCrypto` and Go accept
//!   every event that Rollcall accepts.
//!
//! Files, agents and encrypted keys are the edge's business; this module sees 32 and 64 bytes.

use std::fmt;

use ed25519_dalek::{Signature as DalekSignature, Signer, SigningKey as DalekSigningKey, VerifyingKey};
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha512};

use crate::digest::derive;
use crate::name::Handle;

/// Namespace of every SSHSIG signature over an event.
pub const NAMESPACE: &str = "rollcall-event-v1";
/// Context from which the test key of a handle in a rehearsal is derived.
pub const REHEARSAL_KEY_CONTEXT: &str = "rollcall rehearsal key v1";

const ALGORITHM: &[u8] = b"ssh-ed25519";

/// A public key that the strict rule admits.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why 32 bytes are not an admissible Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes do not decode to a curve point, or not canonically.
    #[error("the bytes are not a canonical Ed25519 point")]
    NotCanonical,
    /// The point has small order: anyone can sign under it.
    #[error("the key is a small-order point")]
    SmallOrder,
    /// The point has a small-order component: verifiers disagree about its signatures.
    #[error("the key has a torsion component")]
    Torsion,
}

impl PublicKey {
    /// Admits 32 bytes as a public key.
    ///
    /// # Errors
    /// [`KeyError`] names the rule that the bytes break.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotCanonical)?;
        let point = key.to_edwards();
        if point.compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        if !point.is_torsion_free() {
            return Err(KeyError::Torsion);
        }
        Ok(Self(key))
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The `ssh-ed25519` wire form: two SSH strings.
    #[must_use]
    pub fn ssh_wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(51);
        ssh_string(ALGORITHM, &mut wire);
        ssh_string(self.as_bytes(), &mut wire);
        wire
    }

    /// Tells whether `signature` is an SSHSIG signature of `payload` under the strict rule.
    #[must_use]
    pub fn verifies(&self, payload: &[u8], signature: &Signature) -> bool {
        let signature = DalekSignature::from_bytes(&signature.0);
        self.0.verify_strict(&signed_bytes(payload), &signature).is_ok()
    }

    /// Tells whether `signature` is a plain Ed25519 signature of `message` under the strict rule, for test vectors.
    #[must_use]
    pub fn verifies_raw(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(message, &DalekSignature::from_bytes(&signature.0)).is_ok()
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The 64 bytes of an Ed25519 signature, not yet checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes the 64 bytes of a signature.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(self.0))
    }
}

/// A private key that signs payloads.
pub struct SigningKey(DalekSigningKey);

impl SigningKey {
    /// The key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(DalekSigningKey::from_bytes(seed))
    }

    /// The published test key of a handle in a rehearsal; ledgers on a real clock refuse it.
    #[must_use]
    pub fn rehearsal(handle: &Handle) -> Self {
        Self::from_seed(&derive(REHEARSAL_KEY_CONTEXT, handle.as_str().as_bytes()))
    }

    /// The public half.
    ///
    /// # Errors
    /// [`KeyError`] never happens for a key made from a seed, whose point is a multiple of the base point.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_bytes(self.0.verifying_key().as_bytes())
    }

    /// Signs a payload as `ssh-keygen -Y sign -n rollcall-event-v1` does.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> Signature {
        Signature(self.0.sign(&signed_bytes(payload)).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The bytes that Ed25519 signs for a payload (OpenSSH PROTOCOL.sshsig): `SSHSIG`, namespace, empty reserved field,
/// `sha512`, and SHA-512 of the payload.
#[must_use]
pub fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(121);
    bytes.extend_from_slice(b"SSHSIG");
    ssh_string(NAMESPACE.as_bytes(), &mut bytes);
    ssh_string(b"", &mut bytes);
    ssh_string(b"sha512", &mut bytes);
    ssh_string(&Sha512::digest(payload), &mut bytes);
    bytes
}

/// The SSHSIG blob of a signature, which armour wraps in base64.
#[must_use]
pub fn sshsig_blob(key: &PublicKey, signature: &Signature) -> Vec<u8> {
    let mut inner = Vec::with_capacity(83);
    ssh_string(ALGORITHM, &mut inner);
    ssh_string(signature.as_bytes(), &mut inner);

    let mut blob = Vec::from(*b"SSHSIG");
    blob.extend_from_slice(&1_u32.to_be_bytes());
    ssh_string(&key.ssh_wire(), &mut blob);
    ssh_string(NAMESPACE.as_bytes(), &mut blob);
    ssh_string(b"", &mut blob);
    ssh_string(b"sha512", &mut blob);
    ssh_string(&inner, &mut blob);
    blob
}

fn ssh_string(bytes: &[u8], out: &mut Vec<u8>) {
    // Every caller passes fewer than 100 bytes.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}
