//! Witnesses: the real server on loopback, and keys that cosign whatever a test wants.

use std::path::Path;

use rollcall_core::cosignature::{cosign, witness_signer};
use rollcall_core::key::SigningKey;
use rollcall_core::note::Note;

use crate::expect;
use crate::server::Server;

/// A witness that runs until it is dropped.
#[derive(Debug)]
pub struct Running {
    _server: Server,
    /// Where it listens.
    pub url: String,
    /// Its verifier key.
    pub vkey: String,
}

impl Running {
    /// Starts the witness of this name, with more flags.
    #[must_use]
    pub fn start(here: &Path, name: &str, policy: &str, flags: &[&str]) -> Self {
        let (key, witness, store) = (format!("{name}.key"), format!("{name}.example"), format!("{name}.store"));
        if !here.join(&key).exists() {
            let _ = expect(here, 0, &["key", "new", &key, "--no-passphrase"]);
        }
        let serve = ["--key", &key, "witness", "serve", "--name", &witness, "--policy", policy, "--store", &store];
        let server = Server::start(here, &[&serve, flags].concat());
        let vkey = server.name.trim_start_matches("witness ").to_owned();
        Self { url: server.url.clone(), vkey, _server: server }
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

/// A policy of the witnesses w1, w2 and w3, of whom two make a quorum; nobody listens.
#[must_use]
pub fn two_of_three() -> String {
    let line = |number: u8| {
        let public = key(number).public().expect("a drawn key is admissible");
        format!("witness w{number} {}\n", witness_signer(&format!("w{number}.example"), &public))
    };
    (1..=3).map(line).collect::<String>() + "group two 2 w1 w2 w3\nquorum two\n"
}

/// The note with the lines of these witnesses at these Unix seconds.
#[must_use]
pub fn cosigned(note: &str, by: &[(u8, u64)]) -> String {
    let read = Note::read(note).expect("a signed note");
    let line =
        |(number, seconds): &(u8, u64)| cosign(read.text(), *seconds, &format!("w{number}.example"), &key(*number));
    note.to_owned() + &by.iter().map(line).collect::<String>()
}
