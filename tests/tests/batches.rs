//! Batches of signatures give each signature the verdict that it gets alone: over honest ones, over C2SP's vectors, and over
//! signatures crafted for exactly what a batch could overlook, hidden among honest ones.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use proptest::prelude::*;
use rollcall_core::key::batch::{BATCH_MAX, BATCH_MIN, Claim, shows_all, verify};
use rollcall_core::key::{PublicKey, Signature, SigningKey};
use rollcall_tests::shared;
use serde_json::Value;
use sha2::{Digest as _, Sha512};

/// A key with its secret scalar, so that signatures can be crafted as nobody signs.
struct Signer {
    secret: Scalar,
    key: PublicKey,
}

#[derive(Clone)]
struct Signed {
    key: PublicKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Signed {
    fn claim(&self) -> Claim<'_> {
        Claim::new(&self.key, self.message.clone(), &self.signature)
    }

    fn alone(&self) -> bool {
        self.key.verifies_raw(&self.message, &self.signature)
    }
}

/// What is wrong with a crafted signature.
#[derive(Clone, Copy, Debug)]
enum Craft {
    /// Nothing.
    Honest,
    /// R has a torsion component; the cofactored equation holds all the same.
    Torsion(usize),
    /// R is the neutral element, and the equation holds.
    Neutral,
    /// The same in an encoding of y = p + 1.
    NeutralBeyondP,
    /// The same with the sign of x = 0 set.
    NeutralSigned,
    /// s + L instead of s.
    Malleated,
    /// One bit of s is flipped.
    Flipped,
    /// Another message was signed.
    OtherMessage,
    /// R is no point of the curve.
    NoPoint,
}

const CRAFTS: [Craft; 15] = [
    Craft::Torsion(1),
    Craft::Torsion(2),
    Craft::Torsion(3),
    Craft::Torsion(4),
    Craft::Torsion(5),
    Craft::Torsion(6),
    Craft::Torsion(7),
    Craft::Neutral,
    Craft::NeutralBeyondP,
    Craft::NeutralSigned,
    Craft::Malleated,
    Craft::Flipped,
    Craft::OtherMessage,
    Craft::NoPoint,
    Craft::Honest,
];

fn signer(seed: u8) -> Signer {
    let wide: [u8; 64] = Sha512::digest([seed]).into();
    let secret = Scalar::from_bytes_mod_order_wide(&wide);
    let point = (secret * ED25519_BASEPOINT_POINT).compress();
    Signer { secret, key: PublicKey::from_bytes(point.as_bytes()).unwrap() }
}

fn crafted(seed: u8, number: u64, craft: Craft) -> Signed {
    let Signer { secret, key } = signer(seed);
    let message = format!("message {number}").into_bytes();
    let wide: [u8; 64] = Sha512::digest([&[seed], message.as_slice()].concat()).into();
    let neutral = matches!(craft, Craft::Neutral | Craft::NeutralBeyondP | Craft::NeutralSigned);
    let nonce = if neutral { Scalar::ZERO } else { Scalar::from_bytes_mod_order_wide(&wide) };
    let torsion = if let Craft::Torsion(at) = craft { EIGHT_TORSION[at] } else { EdwardsPoint::default() };
    let mut commitment = (nonce * ED25519_BASEPOINT_POINT + torsion).compress().to_bytes();
    match craft {
        Craft::NeutralBeyondP => {
            commitment = [0xff; 32];
            (commitment[0], commitment[31]) = (0xee, 0x7f);
        }
        Craft::NeutralSigned => commitment[31] |= 0x80,
        // y = 2 lies on no point of the curve.
        Craft::NoPoint => {
            commitment = [0; 32];
            commitment[0] = 2;
        }
        _ => {}
    }
    let signed = if matches!(craft, Craft::OtherMessage) { b"another".as_slice() } else { &message };
    let hash = Sha512::new().chain_update(commitment).chain_update(key.as_bytes()).chain_update(signed);
    let challenge = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let mut response = (nonce + challenge * secret).to_bytes();
    match craft {
        Craft::Malleated => plus_order(&mut response),
        Craft::Flipped => response[3] ^= 1,
        _ => {}
    }
    let bytes: [u8; 64] = [commitment, response].concat().try_into().unwrap();
    Signed { key, message, signature: Signature::from_bytes(bytes) }
}

/// Adds L, the order of the base point.
fn plus_order(scalar: &mut [u8; 32]) {
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0;
    for (byte, more) in scalar.iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(carry, 0);
}

fn honest(count: usize) -> Vec<Signed> {
    (0..7).cycle().zip(0..count).map(|(seed, number)| crafted(seed, number as u64, Craft::Honest)).collect()
}

fn verdicts(batch: &[Signed]) -> Vec<bool> {
    verify(&batch.iter().map(Signed::claim).collect::<Vec<_>>())
}

fn shown(batch: &[Signed]) -> bool {
    shows_all(&batch.iter().map(Signed::claim).collect::<Vec<_>>())
}

#[test]
fn what_is_crafted_is_what_it_says() {
    for craft in CRAFTS {
        let signed = crafted(9, 0, craft);
        assert_eq!(signed.alone(), matches!(craft, Craft::Honest), "{craft:?}");
    }
    // Of the crafted ones these satisfy the cofactored equation, which is what other batches look at.
    for at in 1..8 {
        let Signed { key, message, signature } = crafted(9, 0, Craft::Torsion(at));
        let (r, s) = signature.as_bytes().split_first_chunk::<32>().unwrap();
        let point = curve25519_dalek::edwards::CompressedEdwardsY(*r).decompress().unwrap();
        let hash = Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(&message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let a = signer(9).secret * ED25519_BASEPOINT_POINT;
        let s = Scalar::from_canonical_bytes(s.try_into().unwrap()).unwrap();
        assert_eq!((s * ED25519_BASEPOINT_POINT - k * a - point).mul_by_cofactor(), EdwardsPoint::default());
    }
}

#[test]
fn the_signatures_of_ssh_keys_are_shown_by_a_batch() {
    let keys: Vec<SigningKey> = (0..5).map(|seed| SigningKey::from_seed(&[seed; 32])).collect();
    let publics: Vec<PublicKey> = keys.iter().map(|key| key.public().unwrap()).collect();
    let payloads: Vec<Vec<u8>> = (0..BATCH_MIN).map(|number| format!("payload {number}").into_bytes()).collect();
    let signatures: Vec<Signature> = payloads.iter().zip(keys.iter().cycle()).map(|(p, key)| key.sign(p)).collect();
    let each = payloads.iter().zip(&signatures).zip(publics.iter().cycle());
    let claims: Vec<Claim<'_>> = each.map(|((p, signature), key)| key.claim(p, signature).unwrap()).collect();
    assert!(shows_all(&claims));
    assert_eq!(verify(&claims), vec![true; BATCH_MIN]);
}

#[test]
fn one_crafted_signature_is_found_at_every_position() {
    for size in [1, 2, 3, 16] {
        let good = honest(size);
        assert!(shown(&good), "{size}");
        for craft in CRAFTS {
            for at in 0..size {
                let mut batch = good.clone();
                batch[at] = crafted(9, 1, craft);
                assert_eq!(shown(&batch), matches!(craft, Craft::Honest), "{craft:?} at {at} of {size}");
            }
        }
    }
}

/// At every position of a batch of the least size, and over all of larger ones, each craft in its turn. `ROLLCALL_POSITIONS=all` tries
/// every position of larger ones too, which takes some four minutes.
#[test]
fn one_crafted_signature_is_found_all_over_large_batches() {
    let all = std::env::var("ROLLCALL_POSITIONS").is_ok_and(|which| which == "all");
    for (size, usual) in [(BATCH_MIN, 1), (1_024, 31), (BATCH_MAX, 127)] {
        let every = if all { 1 } else { usual };
        let mut batch = honest(size);
        assert!(shown(&batch), "{size}");
        let positions = (0..size).step_by(every).chain([size - 1]);
        for (at, craft) in positions.zip(CRAFTS.into_iter().filter(|craft| !matches!(craft, Craft::Honest)).cycle()) {
            let good = std::mem::replace(&mut batch[at], crafted(9, 1, craft));
            assert!(!shown(&batch), "{craft:?} at {at} of {size}");
            batch[at] = good;
        }
    }
}

#[test]
fn in_large_batches_the_culprit_is_named() {
    let mut batch = honest(BATCH_MAX + 300);
    assert!(verdicts(&batch).iter().all(|holds| *holds));
    for (number, at) in [0, 1, 255, 256, 2_047, BATCH_MAX - 1, BATCH_MAX, BATCH_MAX + 299].into_iter().enumerate() {
        let (craft, good) = (CRAFTS[number * 5 % 14], batch[at].clone());
        batch[at] = crafted(9, 1, craft);
        let found: Vec<usize> = verdicts(&batch).iter().enumerate().filter(|(_, ok)| !**ok).map(|(at, _)| at).collect();
        assert_eq!(found, [at], "{craft:?}");
        batch[at] = good;
    }
}

/// Torsion components that cancel each other out in the plain sum, and in every sum with even coefficients.
#[test]
fn torsion_that_cancels_out_is_found() {
    for (one, other) in [(1, 7), (2, 6), (4, 4), (3, 5)] {
        let mut batch = honest(BATCH_MIN);
        batch[3] = crafted(9, 1, Craft::Torsion(one));
        batch[200] = crafted(8, 2, Craft::Torsion(other));
        assert!(!shown(&batch), "{one} and {other}");
        let crafts =
            (0..64).map(|number| crafted(9, number, Craft::Torsion(if number % 2 == 0 { one } else { other })));
        assert!(!shown(&crafts.collect::<Vec<_>>()), "{one} and {other}, many");
    }
}

#[test]
fn others_vectors_get_the_same_verdict_hidden_in_a_batch() {
    let Some(folder) = shared("vectors") else { return };
    let text = std::fs::read_to_string(folder.join("ed25519-cctv.json")).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut vectors: Vec<Signed> = vectors
        .iter()
        .filter_map(|vector| {
            let field = |name: &str| vector[name].as_str().unwrap();
            let key = <[u8; 32]>::try_from(hex::decode(field("key")).unwrap()).unwrap();
            let signature = <[u8; 64]>::try_from(hex::decode(field("sig")).unwrap()).ok()?;
            // A key that the strict rule refuses never meets a batch.
            let key = PublicKey::from_bytes(&key).ok()?;
            Some(Signed { key, message: field("msg").as_bytes().to_vec(), signature: Signature::from_bytes(signature) })
        })
        .collect();
    let torsion: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("ed25519-torsion-r.json")).unwrap()).unwrap();
    let bytes = |name: &str| hex::decode(torsion[name].as_str().unwrap()).unwrap();
    vectors.push(Signed {
        key: PublicKey::from_bytes(&bytes("key").try_into().unwrap()).unwrap(),
        message: bytes("msg_hex"),
        signature: Signature::from_bytes(bytes("sig").try_into().unwrap()),
    });
    assert!(vectors.len() > 20, "{}", vectors.len());
    let mut batch = honest(BATCH_MIN);
    for (number, vector) in vectors.iter().enumerate() {
        assert_eq!(shown(std::slice::from_ref(vector)), vector.alone(), "vector {number}");
        let good = std::mem::replace(&mut batch[number % BATCH_MIN], vector.clone());
        assert_eq!(shown(&batch), vector.alone(), "vector {number}, hidden");
        batch[number % BATCH_MIN] = good;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batch_and_single_always_agree(
        size in 1_usize..400,
        seeds in proptest::collection::vec(any::<u8>(), 1..6),
        odd in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..15), 0..4),
    ) {
        let mut batch: Vec<Signed> =
            (0..size).map(|number| crafted(seeds[number % seeds.len()], number as u64, Craft::Honest)).collect();
        for (at, craft) in odd {
            batch[at.index(size)] = crafted(seeds[0], 77, CRAFTS[craft]);
        }
        let alone: Vec<bool> = batch.iter().map(Signed::alone).collect();
        prop_assert_eq!(shown(&batch), alone.iter().all(|holds| *holds));
        prop_assert_eq!(verdicts(&batch), alone);
    }
}
