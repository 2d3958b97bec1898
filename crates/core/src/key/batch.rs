//! Many signatures at once, under the strict rule and no other (`docs/decisions/0017-strict-batches.md`).
//!
//! A signature (R, s) of a message under the key A is strict where s < L, R is a canonical encoding of a point that is not
//! of small order, and R = sB - kA. Keys are torsion-free, so the right side is too. A batch therefore shows, for all of its
//! signatures together:
//! - every s is below L and every R decodes from its one canonical encoding to a point other than the neutral one;
//! - every R is torsion-free: [`TORSION_ROUNDS`] random subset sums are, each of which misses a torsion component with
//!   probability at most 1/2;
//! - the sum of z(sB - kA - R) over the batch is the neutral element, for coefficients z of [`COEFFICIENT_BYTES`].
//!
//! The bits of the coefficients choose the subsets, so that the sum of zR is what the subset sums make, each doubled as often as its bit
//! says. The coefficients are drawn from a hash of the whole batch, so an audit is reproducible and whoever wants to be let through by
//! chance has to try about 2^128 batches. A batch that does not show all this says nothing of any single signature: each is then
//! verified by itself.

#![expect(clippy::arithmetic_side_effects, reason = "points and scalars: their groups have no overflow")]

use std::collections::BTreeMap;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity, VartimeMultiscalarMul};
use sha2::{Digest as _, Sha512};

use super::{PublicKey, Signature};

/// Context from which a batch's random choices are drawn.
const CONTEXT: &str = "rollcall strict batch v2";
/// Fewer signatures are verified one at a time: what a batch costs as a whole is more than it saves.
pub const BATCH_MIN: usize = 256;
/// Signatures in one batch, at most; more would only keep more in memory.
pub const BATCH_MAX: usize = 4_096;
/// Bytes of a coefficient of the equation: an error of 2^-128.
pub const COEFFICIENT_BYTES: usize = 16;
/// Random subset sums of all R, one for each bit of a coefficient; each finds a torsion component with probability 1/2 at least.
pub const TORSION_ROUNDS: usize = COEFFICIENT_BYTES * 8;
/// Sums of the R that have the same byte of a coefficient, by that byte.
const BUCKETS: usize = 1 << 8;

/// What multiplies a signature's part of the equation: a number, little-endian.
type Coefficient = [u8; COEFFICIENT_BYTES];

/// A signature of a message that is said to be a key's.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    key: &'a PublicKey,
    message: Vec<u8>,
    signature: &'a Signature,
}

impl<'a> Claim<'a> {
    /// That `signature` is one of `message`, as it is, by `key`.
    #[must_use]
    pub const fn new(key: &'a PublicKey, message: Vec<u8>, signature: &'a Signature) -> Self {
        Self { key, message, signature }
    }

    fn holds(&self) -> bool {
        self.key.verifies_raw(&self.message, self.signature)
    }
}

/// Tells of each claim whether it holds under the strict rule.
#[must_use]
pub fn verify(claims: &[Claim<'_>]) -> Vec<bool> {
    let batches = claims.chunks(BATCH_MAX);
    let verdicts = batches.flat_map(|batch| {
        if BATCH_MIN <= batch.len() && shows_all(batch) {
            vec![true; batch.len()]
        } else {
            batch.iter().map(Claim::holds).collect()
        }
    });
    verdicts.collect()
}

/// Tells whether the batch shows every one of its claims. If not, any of them may still hold.
#[must_use]
pub fn shows_all(claims: &[Claim<'_>]) -> bool {
    let Some(terms) = claims.iter().map(Term::read).collect::<Option<Vec<_>>>() else { return false };
    let coefficients = coefficients_of(&terms);
    let sums = subset_sums(&terms, &coefficients);
    sums.iter().all(EdwardsPoint::is_torsion_free) && equation_holds(&terms, &coefficients, &sums)
}

/// What a claim adds to the equation.
struct Term<'a> {
    key: &'a PublicKey,
    r_bytes: [u8; 32],
    r: EdwardsPoint,
    s: Scalar,
    k: Scalar,
}

impl<'a> Term<'a> {
    fn read(claim: &Claim<'a>) -> Option<Self> {
        let (r_bytes, rest) = claim.signature.bytes.split_first_chunk::<32>()?;
        let s = Option::from(Scalar::from_canonical_bytes(rest.try_into().ok()?))?;
        let r = is_canonical(r_bytes).then(|| CompressedEdwardsY(*r_bytes).decompress())??;
        let hash = Sha512::new().chain_update(r_bytes).chain_update(claim.key.as_bytes()).chain_update(&claim.message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        (!r.is_identity()).then_some(Self { key: claim.key, r_bytes: *r_bytes, r, s, k })
    }
}

/// Tells whether y is below p = 2^255 - 19. The other encodings that are not canonical, of x = 0 with a sign, are those of the
/// neutral element, which is refused, and of the point of order two, which is not torsion-free.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = bytes;
    let beyond = *lowest >= 0xed && middle.iter().all(|byte| *byte == 0xff) && highest & 0x7f == 0x7f;
    !beyond
}

/// The random choices of a batch.
fn coefficients_of(terms: &[Term<'_>]) -> Vec<Coefficient> {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    for term in terms {
        let Term { key, r_bytes, r: _, s, k } = term;
        hasher.update(key.as_bytes()).update(r_bytes).update(s.as_bytes()).update(k.as_bytes());
    }
    let mut drawn = hasher.finalize_xof();
    let mut coefficients = vec![Coefficient::default(); terms.len()];
    for coefficient in &mut coefficients {
        drawn.fill(coefficient);
    }
    coefficients
}

/// For each bit of a coefficient, the highest first, the sum of every R whose coefficient has it set.
fn subset_sums(terms: &[Term<'_>], coefficients: &[Coefficient]) -> Vec<EdwardsPoint> {
    let mut passes = vec![vec![EdwardsPoint::identity(); BUCKETS]; COEFFICIENT_BYTES];
    for (term, coefficient) in terms.iter().zip(coefficients) {
        for (buckets, byte) in passes.iter_mut().zip(coefficient) {
            if let Some(bucket) = buckets.get_mut(usize::from(*byte)) {
                *bucket += term.r;
            }
        }
    }
    passes.into_iter().rev().flat_map(sums_by_bit).collect()
}

/// The sums of the buckets whose number has a bit set, for each bit, the highest first: the upper half is the sum of the highest, and is then
/// folded into the lower half.
fn sums_by_bit(mut buckets: Vec<EdwardsPoint>) -> Vec<EdwardsPoint> {
    let mut sums = Vec::with_capacity(8);
    while 1 < buckets.len() {
        let upper = buckets.split_off(buckets.len() / 2);
        sums.push(upper.iter().sum());
        for (low, high) in buckets.iter_mut().zip(upper) {
            *low += high;
        }
    }
    sums
}

/// Tells whether the sum of z(sB - kA - R) is the neutral element, where the subset sums of all R are given. Keys that recur are added up.
fn equation_holds(terms: &[Term<'_>], coefficients: &[Coefficient], sums: &[EdwardsPoint]) -> bool {
    let mut by_key: BTreeMap<&[u8; 32], (Scalar, EdwardsPoint)> = BTreeMap::new();
    let mut base = Scalar::ZERO;
    for (term, coefficient) in terms.iter().zip(coefficients) {
        let z = Scalar::from(u128::from_le_bytes(*coefficient));
        base += z * term.s;
        by_key.entry(term.key.as_bytes()).or_insert_with(|| (Scalar::ZERO, term.key.0.key.to_edwards())).0 +=
            z * term.k;
    }
    let (scalars, points): (Vec<Scalar>, Vec<EdwardsPoint>) =
        by_key.into_values().chain([(-base, ED25519_BASEPOINT_POINT)]).unzip();
    let of_r = sums.iter().fold(EdwardsPoint::identity(), |sum, bit| sum + sum + bit);
    (EdwardsPoint::vartime_multiscalar_mul(&scalars, &points) + of_r).is_identity()
}
