//! Edge cases of others: the one strict signature rule against C2SP's vectors, and proofs against transparency-dev's.

use rollcall_core::digest::TreeHash;
use rollcall_core::key::{PublicKey, Signature};
use rollcall_core::tree::{Head, proves_consistency, proves_inclusion};
use rollcall_tests::shared;
use serde_json::Value;

fn admits(key: &str, message: &[u8], signature: &str) -> bool {
    let key = <[u8; 32]>::try_from(hex::decode(key).unwrap()).unwrap();
    let Ok(signature) = <[u8; 64]>::try_from(hex::decode(signature).unwrap()) else { return false };
    let Ok(key) = PublicKey::from_bytes(&key) else { return false };
    key.verifies_raw(message, &Signature::from_bytes(signature))
}

#[test]
fn of_the_cctv_vectors_exactly_the_one_without_flags_is_admitted() {
    let Some(folder) = shared("vectors") else { return };
    let text = std::fs::read_to_string(folder.join("ed25519-cctv.json")).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut admitted = 0;
    for vector in &vectors {
        let field = |name: &str| vector[name].as_str().unwrap();
        let flags = vector["flags"].as_array().map_or(0, Vec::len);
        let ok = admits(field("key"), field("msg").as_bytes(), field("sig"));
        assert_eq!(ok, flags == 0, "{vector}");
        admitted += u32::from(ok);
    }
    assert!(vectors.len() > 100);
    assert_eq!(admitted, 1);
}

#[test]
fn a_signature_with_torsion_in_its_commitment_is_refused() {
    let Some(folder) = shared("vectors") else { return };
    let vector: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("ed25519-torsion-r.json")).unwrap()).unwrap();
    let field = |name: &str| vector[name].as_str().unwrap();
    let key = <[u8; 32]>::try_from(hex::decode(field("key")).unwrap()).unwrap();
    assert!(PublicKey::from_bytes(&key).is_ok(), "the key itself is an ordinary one");
    assert!(!admits(field("key"), &hex::decode(field("msg_hex")).unwrap(), field("sig")));
}

fn hash(value: &Value) -> Option<TreeHash> {
    let bytes = data_encoding::BASE64.decode(value.as_str()?.as_bytes()).ok()?;
    // A root or hash of another length is refused before any algorithm sees it.
    bytes.try_into().ok().map(TreeHash::from_bytes)
}

#[test]
fn merkle_proofs_of_others_get_the_verdict_that_is_written_beside_them() {
    let Some(folder) = shared("vectors") else { return };
    let text = std::fs::read_to_string(folder.join("merkle-proofs.jsonl")).unwrap();
    let (mut judged, mut other, mut stricter) = (0, 0, 0);
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let proof: Option<Vec<TreeHash>> = vector["proof"].as_array().into_iter().flatten().map(hash).collect();
        let number = |name: &str| vector[name].as_u64();
        let head = |size: &str, root: &str| Some(Head { size: number(size)?, root: hash(&vector[root])? });
        let verdict = match vector["kind"].as_str() {
            Some("consistency") => {
                let heads = head("size1", "root1").zip(head("size2", "root2"));
                heads.zip(proof).is_some_and(|((old, new), proof)| proves_consistency(&old, &new, &proof))
            }
            Some("inclusion") => {
                let leaf = hash(&vector["leafHash"]);
                let parts = leaf.zip(number("leafIdx")).zip(head("treeSize", "root")).zip(proof);
                parts.is_some_and(|(((leaf, index), head), proof)| proves_inclusion(&leaf, index, &proof, &head))
            }
            _ => {
                other += 1;
                continue;
            }
        };
        // Two edge rules are ours: a root or hash that has not 32 bytes is refused, and an old size of zero proves nothing.
        let hashes = ["root", "root1", "root2", "leafHash"].map(|name| &vector[name]);
        let odd = hashes.iter().any(|value| value.is_string() && hash(value).is_none()) || vector["size1"] == 0;
        let accepted = vector["wantErr"] == false;
        assert_eq!(verdict, accepted && !odd, "{line}");
        judged += 1;
        stricter += u32::from(accepted && odd);
    }
    println!(
        "{judged} proofs judged, {stricter} refused by our stricter edge rules, {other} of a kind that is not used here"
    );
    assert!(stricter <= 4, "{stricter}");
    assert!(judged > 150);
}
