//! Ed25519 keys under the one strict acceptance rule, and the bytes that an SSHSIG signature covers.
//!
//! - A [`PublicKey`] is canonical, not of small order and torsion-free; there is no other way to hold one.
//! - A signature is accepted by `verify_strict` and by nothing else, so that OpenSSH, OpenSSL, `WebCrypto` and Go accept
//!   every event that Rollcall accepts.
//! - A security key (`sk-ssh-ed25519@openssh.com`) is a point and an application: it signs a preimage of its own
//!   (OpenSSH PROTOCOL.u2f), and only a signature made in its owner's presence is accepted.
//!
//! Files, agents and encrypted keys are the edge's business; this module sees bytes.

pub mod batch;

use std::fmt;
use std::sync::{Arc, OnceLock};

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature as DalekSignature, Signer, SigningKey as DalekSigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha512};

use crate::digest::derive;
use crate::limits::KEY_APPLICATION_BYTES_MAX;
use crate::name::Handle;

/// Namespace of every SSHSIG signature over an event.
pub const NAMESPACE: &str = "rollcall-event-v1";
/// Context from which the test key of a handle in a rehearsal is derived.
pub const REHEARSAL_KEY_CONTEXT: &str = "rollcall rehearsal key v1";

/// Namespace of every SSHSIG signature over a statement about a forge account.
pub const ACCOUNT_NAMESPACE: &str = "rollcall-account-v1";

const ALGORITHM: &[u8] = b"ssh-ed25519";
const SECURITY_KEY_ALGORITHM: &[u8] = b"sk-ssh-ed25519@openssh.com";
/// Bit of a security key's flags that says that somebody touched it.
const USER_PRESENT: u8 = 0x01;
/// Every application that OpenSSH gives a key begins so.
const APPLICATION_PREFIX: &str = "ssh:";

/// A public key that the strict rule admits: 32 bytes, followed by the application where it is a security key's. A copy shares
/// the point, which is six times as large as its encoding.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(Arc<Point>);

#[derive(PartialEq, Eq)]
struct Point {
    key: VerifyingKey,
    application: Option<Box<str>>,
    name: KeyName,
}

/// The encoding of a public key, which says which one it is where nobody verifies under it: a ballot names its key, and the book of
/// keys has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(Arc<[u8]>);

impl Serialize for KeyName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for KeyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(digits.as_bytes()).map_err(serde::de::Error::custom)?;
        let application = bytes.len().checked_sub(32).and_then(|length| u64::try_from(length).ok());
        if application.is_none_or(|length| KEY_APPLICATION_BYTES_MAX < length) {
            return Err(serde::de::Error::custom(KeyError::Shape));
        }
        Ok(Self(bytes.into()))
    }
}

/// Why bytes are not an admissible Ed25519 public key.
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
    /// Fewer than 32 bytes, or what follows them is no application of a security key.
    #[error("a key is 32 bytes, followed by `ssh:…` where it is a security key's")]
    Shape,
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
        Ok(Self::admitted(key, None))
    }

    /// Admits 32 bytes as a security key's public key for an application.
    ///
    /// # Errors
    /// [`KeyError`] names the rule that the bytes break.
    pub fn security_key(bytes: &[u8; 32], application: &str) -> Result<Self, KeyError> {
        let fits = application.starts_with(APPLICATION_PREFIX) && application.bytes().all(|b| b.is_ascii_graphic());
        if !fits || KEY_APPLICATION_BYTES_MAX < u64::try_from(application.len()).unwrap_or(u64::MAX) {
            return Err(KeyError::Shape);
        }
        Ok(Self::admitted(Self::from_bytes(bytes)?.0.key, Some(application.into())))
    }

    /// Admits a key as events carry it: 32 bytes, followed by the application where it is a security key's.
    ///
    /// # Errors
    /// [`KeyError`] names the rule that the bytes break.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let (point, application) = bytes.split_first_chunk::<32>().ok_or(KeyError::Shape)?;
        if application.is_empty() {
            return Self::from_bytes(point);
        }
        Self::security_key(point, std::str::from_utf8(application).map_err(|_| KeyError::Shape)?)
    }

    /// The key as events carry it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.0.name.0.to_vec()
    }

    /// Which key it is.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.0.name
    }

    /// The same point without an application.
    #[must_use]
    pub fn bare(&self) -> Self {
        if self.0.application.is_none() { self.clone() } else { Self::admitted(self.0.key, None) }
    }

    fn admitted(key: VerifyingKey, application: Option<Box<str>>) -> Self {
        let encoded = [key.as_bytes().as_slice(), application.as_deref().unwrap_or_default().as_bytes()].concat();
        Self(Arc::new(Point { key, application, name: KeyName(encoded.into()) }))
    }

    /// The 32 bytes of the point.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.key.as_bytes()
    }

    /// The application, where it is a security key.
    #[must_use]
    pub fn application(&self) -> Option<&str> {
        self.0.application.as_deref()
    }

    /// The wire form of OpenSSH: algorithm and point, and a security key's application.
    #[must_use]
    pub fn ssh_wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(51);
        ssh_string(if self.0.application.is_some() { SECURITY_KEY_ALGORITHM } else { ALGORITHM }, &mut wire);
        ssh_string(self.as_bytes(), &mut wire);
        if let Some(application) = &self.0.application {
            ssh_string(application.as_bytes(), &mut wire);
        }
        wire
    }

    /// Tells whether `signature` is an SSHSIG signature of an event's payload under the strict rule.
    #[must_use]
    pub fn verifies(&self, payload: &[u8], signature: &Signature) -> bool {
        self.verifies_in(NAMESPACE, payload, signature)
    }

    /// Tells whether `signature` is an SSHSIG signature of `message` in a namespace under the strict rule. A security key's
    /// was made in its owner's presence.
    #[must_use]
    pub fn verifies_in(&self, namespace: &str, message: &[u8], signature: &Signature) -> bool {
        self.covered(namespace, message, signature).is_some_and(|covered| self.verifies_raw(&covered, signature))
    }

    /// The bytes that Ed25519 signs for a message in a namespace; `None` where the signature is of another kind than the key,
    /// or a security key's owner was not present.
    fn covered(&self, namespace: &str, message: &[u8], signature: &Signature) -> Option<Vec<u8>> {
        let signed = signed_bytes(namespace, message);
        match (&self.0.application, signature.touch) {
            (None, None) => Some(signed),
            (Some(application), Some(touch)) if touch.flags & USER_PRESENT != 0 => {
                let mut preimage = Sha256::digest(application.as_bytes()).to_vec();
                preimage.push(touch.flags);
                preimage.extend_from_slice(&touch.counter.to_be_bytes());
                preimage.extend_from_slice(&Sha256::digest(&signed));
                Some(preimage)
            }
            (None, Some(_)) | (Some(_), _) => None,
        }
    }

    /// The claim that `signature` is this key's of an event's payload; `None` where it cannot be.
    #[must_use]
    pub fn claim<'a>(&'a self, payload: &[u8], signature: &'a Signature) -> Option<batch::Claim<'a>> {
        self.covered(NAMESPACE, payload, signature).map(|covered| batch::Claim::new(self, covered, signature))
    }

    /// Tells whether `signature` is a plain Ed25519 signature of `message` under the strict rule, for test vectors.
    #[must_use]
    pub fn verifies_raw(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.key.verify_strict(message, &DalekSignature::from_bytes(&signature.bytes)).is_ok()
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.as_bytes(), self.application()).cmp(&(other.as_bytes(), other.application()))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.encode()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(digits.as_bytes()).map_err(serde::de::Error::custom)?;
        Self::decode(&bytes).map_err(serde::de::Error::custom)
    }
}

/// The 64 bytes of an Ed25519 signature, not yet checked, and what a security key adds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    bytes: [u8; 64],
    touch: Option<Touch>,
}

/// What a security key says besides: its flags, and how often it has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Touch {
    /// Flags; the lowest bit says that its owner was present.
    pub flags: u8,
    /// The key's counter of signatures.
    pub counter: u32,
}

impl Signature {
    /// Takes the 64 bytes of a signature.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self { bytes, touch: None }
    }

    /// Takes a signature as events carry it: 64 bytes, followed by flags and counter (big-endian) where a security key
    /// made it; `None` for any other length.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (signature, rest) = bytes.split_first_chunk::<64>()?;
        let touch = match rest {
            [] => None,
            [flags, counter @ ..] => {
                Some(Touch { flags: *flags, counter: u32::from_be_bytes(counter.try_into().ok()?) })
            }
        };
        Some(Self { bytes: *signature, touch })
    }

    /// The signature as events carry it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        if let Some(Touch { flags, counter }) = self.touch {
            bytes.push(flags);
            bytes.extend_from_slice(&counter.to_be_bytes());
        }
        bytes
    }

    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.bytes
    }

    /// What a security key says besides.
    #[must_use]
    pub const fn touch(&self) -> Option<Touch> {
        self.touch
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(self.encode()))
    }
}

/// A private key that signs payloads.
pub struct SigningKey {
    key: DalekSigningKey,
    /// The public half, once it has been asked for: whoever signs much asks for it each time.
    public: OnceLock<Result<PublicKey, KeyError>>,
}

impl SigningKey {
    /// The key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { key: DalekSigningKey::from_bytes(seed), public: OnceLock::new() }
    }

    /// The published test key of a handle in a rehearsal; ledgers on a real clock refuse it.
    #[must_use]
    pub fn rehearsal(handle: &Handle) -> Self {
        Self::from_seed(&derive(REHEARSAL_KEY_CONTEXT, handle.as_str().as_bytes()))
    }

    /// A key for another statement of the same signer.
    #[must_use]
    pub fn derived(&self, context: &'static str) -> Self {
        Self::from_seed(&derive(context, self.key.as_bytes()))
    }

    /// The public half. What the strict rule asks of others' keys holds of it by construction: it is a multiple of the base
    /// point, and encoded here.
    ///
    /// # Errors
    /// [`KeyError::SmallOrder`] for a scalar that is a multiple of the group's order, which no seed has.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        let made = || {
            let point = self.key.verifying_key();
            if point.is_weak() { Err(KeyError::SmallOrder) } else { Ok(PublicKey::admitted(point, None)) }
        };
        self.public.get_or_init(made).clone()
    }

    /// The 32 bytes of the public half.
    #[must_use]
    pub fn verifying_bytes(&self) -> &[u8; 32] {
        self.key.as_ref().as_bytes()
    }

    /// Signs a message as it is, without the SSHSIG frame: what a log signs its checkpoints with.
    #[must_use]
    pub fn sign_raw(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.key.sign(message).to_bytes())
    }

    /// Signs a payload as `ssh-keygen -Y sign -n rollcall-event-v1` does.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> Signature {
        self.sign_in(NAMESPACE, payload)
    }

    /// Signs a message in a namespace as `ssh-keygen -Y sign` does.
    #[must_use]
    pub fn sign_in(&self, namespace: &str, message: &[u8]) -> Signature {
        Signature::from_bytes(self.key.sign(&signed_bytes(namespace, message)).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The bytes that Ed25519 signs for a message (OpenSSH PROTOCOL.sshsig): `SSHSIG`, namespace, empty reserved field,
/// `sha512`, and SHA-512 of the message.
#[must_use]
pub fn signed_bytes(namespace: &str, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(121);
    bytes.extend_from_slice(b"SSHSIG");
    ssh_string(namespace.as_bytes(), &mut bytes);
    ssh_string(b"", &mut bytes);
    ssh_string(b"sha512", &mut bytes);
    ssh_string(&Sha512::digest(message), &mut bytes);
    bytes
}

fn ssh_string(bytes: &[u8], out: &mut Vec<u8>) {
    // Every caller passes fewer than 100 bytes.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}
