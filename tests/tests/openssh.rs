//! The real `ssh-keygen` verifies every event, and what it signs is admitted.

use std::path::Path;
use std::process::{Command, Stdio};

use rollcall_core::key::NAMESPACE;
use rollcall_tests::{expect, json, rollcall};

fn ssh_keygen(folder: &Path, args: &[&str], input: Option<&Path>) -> std::process::Output {
    let mut command = Command::new("ssh-keygen");
    command.current_dir(folder).args(args);
    command.stdin(input.map_or_else(Stdio::null, |path| std::fs::File::open(path).unwrap().into()));
    command.output().expect("ssh-keygen is installed: apt-get install openssh-client")
}

fn new_key(folder: &Path, name: &str, extra: &[&str]) {
    let made = ssh_keygen(folder, &[&["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name], extra].concat(), None);
    assert!(made.status.success(), "{made:?}");
}

#[test]
fn stock_openssh_says_good_for_every_event() {
    if !rollcall_tests::has_tool("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _ = expect(here, 0, &["--ledger", "L", "tour"]);
    let size = json(here, &["--ledger", "L", "status"])["size"].as_u64().unwrap();
    for index in 0..size {
        let index = index.to_string();
        let shown = json(here, &["--ledger", "L", "show", &index, "--sshsig", "out"]);
        let by = shown["by"].as_str().unwrap();
        let args = ["-Y", "verify", "-f", "out/allowed_signers", "-I", by, "-n", NAMESPACE, "-s", "out/payload.sig"];
        let verdict = ssh_keygen(here, &args, Some(&here.join("out/payload")));
        let said = String::from_utf8_lossy(&verdict.stdout).into_owned();
        assert!(verdict.status.success() && said.starts_with("Good"), "entry {index}: {said}");
        // And it is this payload that was signed, not another.
        let mut payload = std::fs::read(here.join("out/payload")).unwrap();
        payload[0] ^= 1;
        std::fs::write(here.join("out/other"), payload).unwrap();
        assert!(!ssh_keygen(here, &args, Some(&here.join("out/other"))).status.success());
    }
    println!("{size} events, each Good");
}

/// A member with nothing but OpenSSH: draft, sign, append; then everything that must not be taken for a signature.
#[test]
fn what_ssh_keygen_signs_is_admitted_and_nothing_else() {
    if !rollcall_tests::has_tool("ssh-keygen") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["alice", "bob"] {
        new_key(here, name, &[]);
    }
    let ledger = ["--ledger", "L"];
    let run = |code: i32, args: &[&str]| expect(here, code, &[&ledger, args].concat());
    let _ = run(0, &["init", "--charter", "steward", "--name", "S", "--key", "alice", "--authority", "alice"]);
    let _ = run(0, &["--by", "bob", "draft", "enrol", "--name", "Bob Ross 鲍勃", "-o", "draft"]);
    let signed = ssh_keygen(here, &["-Y", "sign", "-q", "-n", NAMESPACE, "-f", "bob", "draft"], None);
    assert!(signed.status.success(), "{signed:?}");
    let _ = run(0, &["append", "draft", "draft.sig"]);
    assert!(run(0, &["append", "draft"]).contains("already there, entry 3"), "the .sig beside the file is found");
    assert_eq!(json(here, &[&ledger[..], &["audit"]].concat())["outcome"], "valid");

    // Another namespace, another hash, another key type, a certificate-less RSA key, another file's signature.
    let sign = |key: &str, file: &str, extra: &[&str]| {
        let _ = std::fs::remove_file(here.join(format!("{file}.sig")));
        let signed = ssh_keygen(here, &[&["-Y", "sign", "-q", "-f", key], extra, &[file]].concat(), None);
        assert!(signed.status.success(), "{signed:?}");
    };
    let _ = run(0, &["--by", "bob", "draft", "resign", "--unit", "x", "--role", "y", "-o", "second"]);
    sign("bob", "second", &["-n", "file"]);
    assert!(rollcall(here, &[&ledger[..], &["append", "second"]].concat()).status.code() == Some(2));
    sign("bob", "second", &["-n", NAMESPACE, "-O", "hashalg=sha256"]);
    let _ = run(2, &["append", "second"]);
    for (kind, bits) in [("rsa", "2048"), ("ecdsa", "256")] {
        let made = ssh_keygen(here, &["-q", "-t", kind, "-b", bits, "-N", "", "-f", kind], None);
        assert!(made.status.success());
        sign(kind, "second", &["-n", NAMESPACE]);
        let _ = run(2, &["append", "second"]);
        let _ = run(2, &["--key", kind, "enrol", "--by", kind]);
    }
    sign("alice", "second", &["-n", NAMESPACE]);
    assert!(run(1, &["append", "second", "--json"]).contains("key-not-of-author"));
    std::fs::copy(here.join("draft.sig"), here.join("second.sig")).unwrap();
    assert!(run(1, &["append", "second", "--json"]).contains("bad-signature"));
    std::fs::write(here.join("second.sig"), "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")
        .unwrap();
    let _ = run(2, &["append", "second"]);
    let _ = run(4, &["append", "nothing"]);
    std::fs::write(here.join("huge"), vec![0; 70_000]).unwrap();
    let _ = run(2, &["append", "huge"]);

    // A key that Rollcall wrote is one that OpenSSH reads, private to its owner, and never written over.
    let _ = run(0, &["key", "new", "fresh", "--no-passphrase"]);
    let public = ssh_keygen(here, &["-y", "-f", "fresh"], None);
    let line = std::fs::read_to_string(here.join("fresh.pub")).unwrap();
    assert!(line.starts_with(String::from_utf8_lossy(&public.stdout).trim_end()), "{line}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(here.join("fresh")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let _ = run(2, &["key", "new", "fresh", "--no-passphrase"]);
}
