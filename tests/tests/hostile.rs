//! Everything an attacker could hand to `append`, one case each, and the answer that it gets. Whatever is refused leaves the
//! head where it was.

use std::path::Path;

use rollcall_core::act::{Act, Choice, Vote};
use rollcall_core::cbor::{self, Value};
use rollcall_core::digest::{EventId, LedgerId};
use rollcall_core::event::{Header, Payload, SignedEvent};
use rollcall_core::key::{NAMESPACE, PublicKey, Signature, SigningKey, signed_bytes};
use rollcall_core::name::Handle;
use rollcall_core::time::Timestamp;
use rollcall_core::tree::Head;
use rollcall_tests::community::meeting;
use rollcall_tests::{json, rollcall};
use serde_json::json;
use sha2::{Digest as _, Sha256};

const AT: &str = "2026-03-09T12:30:00Z";

fn handle(name: &str) -> Handle {
    name.parse().unwrap()
}

fn key(name: &str) -> SigningKey {
    SigningKey::rehearsal(&handle(name))
}

/// A ledger with two votes that are open, and what a ballot is made of.
struct Scene {
    folder: tempfile::TempDir,
    ledger: LedgerId,
    head: Head,
    votes: Vec<EventId>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut script = meeting(&["One", "Two"]);
        for (label, title) in [("a", "One"), ("b", "Two")] {
            let effect = json!({"kind": "resolve", "text": title});
            let motion = json!({"id": label, "meeting": "@m", "unit": "toc", "title": title, "effect": effect});
            script.act("alice", "move", &motion);
            script.act("alice", "open-vote", &json!({"id": format!("v{label}"), "motion": format!("@{label}")}));
        }
        script.play(folder.path());
        let status = json(folder.path(), &["--ledger", "play.ledger", "status"]);
        let text = |name: &str| status[name].as_str().unwrap().to_owned();
        let votes = status["open_votes"].as_array().unwrap().iter().map(|vote| vote["vote"].as_str().unwrap());
        let votes = votes.map(|id| id.parse().unwrap()).collect();
        let head = Head { size: status["size"].as_u64().unwrap(), root: text("root").parse().unwrap() };
        Self { ledger: text("ledger").parse().unwrap(), head, votes, folder }
    }

    fn header(&self, by: &str) -> Header {
        let at: Timestamp = AT.parse().unwrap();
        Header {
            ledger: Some(self.ledger),
            by: handle(by),
            at,
            not_after: at.plus_ms(60_000),
            seen: self.head,
            missing: Vec::new(),
        }
    }

    fn ballot(&self, by: &str, change: impl FnOnce(&mut Header)) -> Vec<u8> {
        let mut header = self.header(by);
        change(&mut header);
        let act = Act::Vote(Vote { vote: self.votes[0], choice: Choice::For, replaces: None });
        Payload { header, act }.encode().unwrap()
    }

    /// Hands bytes to `append` and returns what became of them.
    fn answer(&self, bytes: &[u8]) -> String {
        std::fs::write(self.folder.path().join("event"), bytes).unwrap();
        let before = json(self.folder.path(), &["--ledger", "play.ledger", "status"])["root"].clone();
        let args = ["--ledger", "play.ledger", "append", "event", "--at", AT, "--json", "--no-receipts"];
        let output = rollcall(self.folder.path(), &args);
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let after = json(self.folder.path(), &["--ledger", "play.ledger", "status"])["root"].clone();
        let accepted = told["outcome"] == "accepted";
        assert_eq!(output.status.success(), accepted || told["outcome"] == "already there", "{told}");
        assert_eq!(before == after, !accepted, "{told}");
        told["code"].as_str().or(told["outcome"].as_str()).unwrap().to_owned()
    }

    fn signed(&self, payload: Vec<u8>, by: &str) -> String {
        self.answer(&SignedEvent::sign(payload, &key(by)).unwrap().encode())
    }
}

fn frame(payload: &[u8], key: &[u8], signature: &[u8]) -> Vec<u8> {
    let item = |bytes: &[u8]| Value::bytes(bytes.to_vec());
    cbor::encode(&Value::Array(vec![item(payload), item(key), item(signature)]))
}

/// What is changed of a header.
type Change = Box<dyn FnOnce(&mut Header)>;

#[test]
fn what_is_signed_for_something_else_is_refused() {
    let scene = Scene::new();
    let later: Timestamp = "2026-03-09T13:30:00Z".parse().unwrap();
    let past: Timestamp = "2026-03-09T12:29:00Z".parse().unwrap();
    let other: LedgerId = "ab".repeat(32).parse().unwrap();
    let root = "cd".repeat(32).parse().unwrap();
    let cases: Vec<(&str, Change)> = vec![
        ("foreign-ledger", Box::new(move |header| header.ledger = Some(other))),
        ("foreign-ledger", Box::new(|header| header.ledger = None)),
        ("claimed-ahead", Box::new(move |header| (header.at, header.not_after) = (later, later))),
        ("lapsed", Box::new(move |header| (header.at, header.not_after) = (past, past))),
        ("lives-too-long", Box::new(move |header| header.not_after = past)),
        ("ballot-outlives-vote", Box::new(|header| header.not_after = header.at.plus_ms(30 * 86_400_000))),
        ("seen-beyond-log", Box::new(|header| header.seen.size += 1)),
        ("seen-root-differs", Box::new(move |header| header.seen.root = root)),
    ];
    for (code, change) in cases {
        assert_eq!(scene.signed(scene.ballot("bob", change), "bob"), code);
    }
    // A ballot that had not seen the vote that it is cast in.
    let early = Head { size: 1, root: scene.head.root };
    assert_eq!(scene.signed(scene.ballot("bob", |header| header.seen = early), "bob"), "seen-root-differs");
    // Re-signed by another member, and in the name of another.
    assert_eq!(scene.signed(scene.ballot("bob", |_| ()), "carol"), "key-not-of-author");
    assert_eq!(scene.signed(scene.ballot("nobody", |_| ()), "nobody"), "not-enrolled");
    // The same ballot for another vote is another payload: the signature of the first does not carry over.
    let mine = SignedEvent::sign(scene.ballot("bob", |_| ()), &key("bob")).unwrap();
    let act = Act::Vote(Vote { vote: scene.votes[1], choice: Choice::For, replaces: None });
    let elsewhere = Payload { header: scene.header("bob"), act }.encode().unwrap();
    assert_eq!(scene.answer(&frame(&elsewhere, mine.key_bytes(), &mine.signature().encode())), "bad-signature");
    // Two events with one id are one event, re-signed or not.
    assert_eq!(scene.answer(&mine.encode()), "accepted");
    assert_eq!(scene.answer(&mine.encode()), "already there");
    assert_eq!(scene.signed(scene.ballot("bob", |_| ()), "carol"), "key-not-of-author");
}

#[test]
fn every_flipped_bit_of_a_ballot_is_refused() {
    let scene = Scene::new();
    let payload = scene.ballot("bob", |_| ());
    let event = SignedEvent::sign(payload.clone(), &key("bob")).unwrap();
    // Every byte of the payload, header fields included, one bit each; then key and signature.
    let mut ledger = rollcall_core::event::Keyring::default();
    for at in 0..payload.len() {
        let mut changed = payload.clone();
        changed[at] ^= 1 << (at % 8);
        let bytes = frame(&changed, event.key_bytes(), &event.signature().encode());
        let read = SignedEvent::decode(&bytes).unwrap();
        assert!(read.verify(&mut ledger).is_err(), "byte {at}");
    }
    for (name, at) in
        [("key", 0_usize), ("key", 31), ("signature", 0), ("signature", 31), ("signature", 32), ("signature", 63)]
    {
        let (mut key, mut signature) = (event.key_bytes().to_vec(), event.signature().encode());
        if name == "key" {
            key[at] ^= 1;
        } else {
            signature[at] ^= 1;
        }
        let code = scene.answer(&frame(&payload, &key, &signature));
        assert!(["bad-key", "bad-signature"].contains(&code.as_str()), "{name} {at}: {code}");
    }
}

#[test]
fn frames_and_payloads_have_one_form() {
    let scene = Scene::new();
    let payload = scene.ballot("bob", |_| ());
    let event = SignedEvent::sign(payload.clone(), &key("bob")).unwrap();
    let (public, signature) = (event.key_bytes().to_vec(), event.signature().encode());
    let whole = event.encode();
    // Not a frame: trailing bytes, an indefinite array, a length in more bytes than it needs, more items, other lengths.
    let indefinite = [&[0x9f], &whole[1..], &[0xff]].concat();
    let long = [&[0x98, 0x03], &whole[1..]].concat();
    let four = cbor::encode(&Value::Array(vec![Value::Uint(1), Value::Uint(1), Value::Uint(1), Value::Uint(1)]));
    let frames = [
        [&whole[..], &[0]].concat(),
        indefinite,
        long,
        four,
        frame(&payload, &public[..31], &signature),
        frame(&payload, &public, &signature[..63]),
        frame(&payload, &public, &[&signature[..], &[1, 0]].concat()),
        Vec::new(),
    ];
    for bytes in frames {
        assert_eq!(scene.answer(&bytes), "bad-input", "{}", hex::encode(&bytes));
    }
    // A frame around a payload that is not in its one form, though its key has signed exactly these bytes.
    let body = &payload[1..];
    let items = payload[0] & 0x1f;
    let key_bytes = |text: &str| [&[0x60 | u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let with = |name: &str, value: &[u8]| [&[0xa0 | (items + 1)], body, &key_bytes(name), value].concat();
    let cases = [
        ("not-canonical", [&[0xbf], body, &[0xff]].concat()),
        ("not-canonical", [&payload[..], &[0]].concat()),
        ("not-canonical", [&[0xb8, items], body].concat()),
        ("not-canonical", with("act", &key_bytes("vote"))),
        ("not-an-act", with("unheard_of_field", &[0x01])),
        ("not-canonical", with("zz", &[0xf6])),
        ("not-canonical", with("zz", &[0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0])),
        ("not-an-act", vec![0x80]),
    ];
    for (code, bytes) in cases {
        let shown = hex::encode(&bytes);
        assert_eq!(scene.signed(bytes, "bob"), code, "{shown}");
    }
}

#[test]
fn signatures_of_other_kinds_are_refused() {
    let scene = Scene::new();
    let payload = scene.ballot("bob", |_| ());
    let bob = key("bob");
    let public = bob.public().unwrap();
    let sign = |bytes: &[u8]| bob.sign_raw(bytes).encode();
    // Another namespace, no namespace at all, another hash.
    let other = sign(&signed_bytes("file", &payload));
    let plain = sign(&payload);
    let sha256 = {
        let mut bytes = signed_bytes(NAMESPACE, &payload);
        bytes.truncate(bytes.len() - 4 - 64 - 6 - 4);
        for part in [&b"sha256"[..], &Sha256::digest(&payload)[..]] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        sign(&bytes)
    };
    for signature in [other, plain, sha256] {
        assert_eq!(scene.answer(&frame(&payload, &public.encode(), &signature)), "bad-signature");
    }
    // S + L, which OpenSSH admits; R and key of small order; a key that is no point.
    let mut big = bob.sign(&payload).encode();
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0_u16;
    for (byte, add) in big[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(scene.answer(&frame(&payload, &public.encode(), &big)), "bad-signature");
    let mut weak = bob.sign(&payload).encode();
    weak[..32].copy_from_slice(&[&[1][..], &[0; 31]].concat());
    assert_eq!(scene.answer(&frame(&payload, &public.encode(), &weak)), "bad-signature");
    for bad in [[&[1][..], &[0; 31]].concat(), vec![0; 32], vec![0xff; 32], vec![2; 32]] {
        assert_eq!(scene.answer(&frame(&payload, &bad, &weak)), "bad-key", "{}", hex::encode(&bad));
    }
}

/// What a security key signs (OpenSSH PROTOCOL.u2f).
fn touched(key: &SigningKey, application: &str, flags: u8, counter: u32, payload: &[u8]) -> Vec<u8> {
    let message = Sha256::digest(signed_bytes(NAMESPACE, payload));
    let tail = [&[flags][..], &counter.to_be_bytes()].concat();
    let preimage = [&Sha256::digest(application.as_bytes())[..], &tail, &message].concat();
    [key.sign_raw(&preimage).encode(), tail].concat()
}

#[test]
fn a_security_key_signs_with_its_own_preimage_and_a_touch() {
    let scene = Scene::new();
    let token = SigningKey::from_seed(&[7; 32]);
    let point = *token.public().unwrap().as_bytes();
    let public = PublicKey::security_key(&point, "ssh:").unwrap();
    let enrol = |by: &str| {
        let act = Act::Enrol(rollcall_core::act::Enrol { name: None });
        Payload { header: scene.header(by), act }.encode().unwrap()
    };
    let payload = enrol("tess");
    let good = touched(&token, "ssh:", 1, 41, &payload);
    let key = public.encode();
    // Without presence; under another application; the token's point as a plain key; a plain signature; the counter changed.
    let mut counted = good.clone();
    counted[68] ^= 1;
    let cases = [
        ("bad-signature", key.clone(), touched(&token, "ssh:", 0, 41, &payload)),
        ("bad-signature", key.clone(), touched(&token, "ssh:", 4, 41, &payload)),
        ("bad-signature", key.clone(), touched(&token, "ssh:other", 1, 41, &payload)),
        ("bad-signature", [&point[..], b"ssh:other"].concat(), good.clone()),
        ("bad-signature", point.to_vec(), good.clone()),
        ("bad-signature", key.clone(), token.sign(&payload).encode()),
        ("bad-signature", key.clone(), counted),
        ("bad-key", [&point[..], b"https://example.org"].concat(), good.clone()),
        ("bad-key", [&point[..], b"ssh:\n"].concat(), good.clone()),
    ];
    for (code, key, signature) in cases {
        assert_eq!(scene.answer(&frame(&payload, &key, &signature)), code);
    }
    assert_eq!(scene.answer(&frame(&payload, &key, &good)), "accepted");
    let shown = json(scene.folder.path(), &["--ledger", "play.ledger", "log", "--last", "1"]);
    let entry = shown[0]["entry"].to_string();
    let shown = json(scene.folder.path(), &["--ledger", "play.ledger", "show", &entry]);
    assert_eq!(shown["security_key"], json!({"flags": 1, "counter": 41}));
    // One point is one person's key, under whatever application: Tess's own, and nobody else's.
    let next = {
        let act = Act::OfferKey(rollcall_core::act::OfferKey { label: None, purpose: None, retires: None });
        Payload { header: scene.header("tess"), act }.encode().unwrap()
    };
    let plain = token.sign(&next);
    assert_eq!(scene.answer(&frame(&next, &point, &plain.encode())), "key-taken");
    assert_eq!(json(scene.folder.path(), &["--ledger", "play.ledger", "audit"])["outcome"], "valid");
    assert!(Signature::decode(&good).unwrap().touch().is_some());
}

/// A signature made by the real `ssh-keygen` over a certificate, an RSA or an ECDSA key is refused where the blob is read;
/// `openssh.rs` shows that. Here: a blob whose parts contradict each other.
#[test]
fn a_signature_blob_says_one_thing() {
    let scene = Scene::new();
    let here: &Path = scene.folder.path();
    std::fs::write(here.join("draft"), scene.ballot("bob", |_| ())).unwrap();
    let string = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let bob = key("bob");
    let public = bob.public().unwrap();
    let blob = |version: u32, namespace: &str, hash: &str, algorithm: &str| {
        let signature = bob.sign(&std::fs::read(here.join("draft")).unwrap());
        let inner = [string(algorithm.as_bytes()), string(signature.as_bytes())].concat();
        let parts = [
            b"SSHSIG".to_vec(),
            version.to_be_bytes().to_vec(),
            string(&public.ssh_wire()),
            string(namespace.as_bytes()),
            string(b""),
            string(hash.as_bytes()),
            string(&inner),
        ];
        let base64 = data_encoding::BASE64.encode(&parts.concat());
        let lines: Vec<&str> = base64.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
    };
    let refused = |text: String| {
        std::fs::write(here.join("draft.sig"), text).unwrap();
        let output = rollcall(here, &["--ledger", "play.ledger", "append", "draft", "draft.sig", "--at", AT]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    };
    refused(blob(2, NAMESPACE, "sha512", "ssh-ed25519"));
    refused(blob(1, "file", "sha512", "ssh-ed25519"));
    refused(blob(1, NAMESPACE, "sha256", "ssh-ed25519"));
    refused(blob(1, NAMESPACE, "sha1", "ssh-ed25519"));
    refused(blob(1, NAMESPACE, "sha512", "ssh-rsa"));
    std::fs::write(here.join("draft.sig"), blob(1, NAMESPACE, "sha512", "ssh-ed25519")).unwrap();
    let good = json(here, &["--ledger", "play.ledger", "append", "draft", "draft.sig", "--at", AT]);
    assert_eq!(good["outcome"], "accepted");
}
