//! Witnesses: the real server on loopback, and keys that cosign whatever a test wants.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rollcall_core::cosignature::{cosign, witness_signer};
use rollcall_core::key::SigningKey;
use rollcall_core::note::Note;

use crate::{expect, program};

/// A witness that runs until it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// Its verifier key.
    pub vkey: String,
}

impl Running {
    /// Starts the witness of this name, with more flags.
    #[must_use]
    pub fn start(here: &Path, name: &str, policy: &str, flags: &[&str]) -> Self {
        let key = format!("{name}.key");
        if !here.join(&key).exists() {
            let _ = expect(here, 0, &["key", "new", &key, "--no-passphrase"]);
        }
        let mut command = Command::new(program());
        command.current_dir(here).args(["--key", &key, "witness", "serve", "--name", &format!("{name}.example")]);
        command.args(["--policy", policy, "--store", &format!("{name}.store"), "--listen", "127.0.0.1:0"]).args(flags);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the witness starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its stderr is piped")).lines();
        let mut line = || lines.next().expect("it says who and where it is").expect("in UTF-8");
        let vkey = line().trim_start_matches("witness ").to_owned();
        let url = line().rsplit(' ').next().unwrap_or_default().to_owned();
        Self { child, url, vkey }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
