//! Others read what Rollcall writes: Go's `sumdb`, Python's `pycose` and `cbor2`, OpenSSL, a Sigsum witness, and three
//! Rust libraries that share nothing with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use ct_merkle::ConsistencyProof;
use ct_merkle::InclusionProof;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use rollcall_core::checkpoint::{Checkpoint, log_signer};
use rollcall_core::key::SigningKey;
use rollcall_core::tree::Tree;
use rollcall_storage::published::{publish_checkpoint, publish_tiles};
use rollcall_tests::community::meeting;
use rollcall_tests::{expect, json, program, without};
use serde_json::Value;
use sha2::Sha256;
use tlog_tiles::{HashReader as _, TileHashReader, TileReader};

const SIZES: [u64; 7] = [0, 1, 2, 255, 256, 257, 70_000];
const ORIGIN: &str = "conformance.example/log";

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn python() -> Option<PathBuf> {
    let python = here().join("../../target/conformance-python/bin/python");
    if python.exists() {
        return Some(python);
    }
    without("`tests/conformance/install` was not run, so no program of others checks anything here");
    None
}

/// Runs a program of others in a folder and returns what it printed.
fn run(folder: &Path, program: &str, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.current_dir(folder).args(args).env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode");
    let output = command.env("ROLLCALL", rollcall_tests::program()).output().map_err(|error| error.to_string())?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{program} {args:?}: {out}{err}")) }
}

/// The Go program, compiled once for all folders.
fn go(folder: &Path) -> Option<String> {
    let _ = python()?;
    let built = folder.join("audit").display().to_string();
    let source = here().join("audit.go").display().to_string();
    run(folder, "go", &["build", "-o", &built, &source]).unwrap();
    Some(built)
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

/// A log of `size` entries `entry-0`, `entry-1`, …, published.
fn published(folder: &Path, size: u64) -> (Tree, Vec<Vec<u8>>, Checkpoint, String) {
    let entries: Vec<Vec<u8>> = (0..size).map(|number| format!("entry-{number}").into_bytes()).collect();
    let mut tree = Tree::default();
    for entry in &entries {
        tree.push(entry);
    }
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), head: tree.head() };
    let note = checkpoint.sign(&key());
    let range = |range: std::ops::Range<u64>| Ok(entries[at(range.start)..at(range.end)].to_vec());
    let _ = publish_tiles(&tree, &checkpoint, range, folder, |_| {}).unwrap();
    publish_checkpoint(&note, folder).unwrap();
    (tree, entries, checkpoint, note)
}

fn at(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

/// Tiles as the crate asks for them; its paths are those of an older draft.
struct Files<'a>(&'a Path);

impl TileReader for Files<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, wanted: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &tlog_tiles::Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            std::fs::read(self.0.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        Ok(wanted.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// Sizes or indexes of a log that are worth asking about.
fn samples(size: u64) -> Vec<u64> {
    let mut all: Vec<u64> = (0..size.min(5)).chain([254, 255, 256, 257, 511, 65_535, 65_536]).collect();
    all.extend([size / 2, size.saturating_sub(2), size.saturating_sub(1)]);
    all.retain(|index| *index < size);
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn three_libraries_of_others_agree_on_trees_tiles_and_notes() {
    let folder = tempfile::tempdir().unwrap();
    for size in SIZES {
        let place = folder.path().join(size.to_string());
        let (tree, entries, checkpoint, note) = published(&place, size);
        let vkey = log_signer(ORIGIN, &key().public().unwrap()).to_string();
        let known: Vec<Box<dyn signed_note::Verifier>> =
            vec![Box::new(signed_note::StandardVerifier::new(&vkey).unwrap())];
        let read = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
        let (good, _) = read.verify(&signed_note::VerifierList::new(known)).unwrap();
        assert_eq!(good.len(), 1);
        let theirs = tlog_tiles::Checkpoint::from_bytes(read.text()).unwrap();
        assert_eq!((theirs.origin(), theirs.size(), theirs.extension()), (ORIGIN, size, ""));
        assert_eq!(theirs.hash().0, *checkpoint.head.root.as_bytes());

        let mut peer = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        entries.iter().for_each(|entry| peer.push(entry.clone()));
        if size > 0 {
            assert_eq!(peer.root().as_bytes().as_slice(), checkpoint.head.root.as_bytes());
        }
        let files = Files(&place);
        let hashes = TileHashReader::new(size, *theirs.hash(), &files);
        for index in samples(size) {
            let entry = &entries[at(index)];
            let own = tree.inclusion(index, size).unwrap();
            let proof = tlog_tiles::prove_record(size, index, &hashes).unwrap();
            assert_eq!(
                proof.iter().map(|hash| hash.0).collect::<Vec<_>>(),
                own.iter().map(|hash| *hash.as_bytes()).collect::<Vec<_>>()
            );
            tlog_tiles::check_record(&proof, size, *theirs.hash(), index, tlog_tiles::record_hash(entry)).unwrap();
            let bytes: Vec<u8> = own.iter().flat_map(|hash| *hash.as_bytes()).collect();
            let proof = InclusionProof::<Sha256>::try_from_bytes(bytes).unwrap();
            peer.root().verify_inclusion(entry, index, &proof).unwrap();
            let leaf = hashes.read_hashes(&[tlog_tiles::stored_hash_index(0, index)]).unwrap();
            assert_eq!(leaf[0], tlog_tiles::record_hash(entry));
            if index > 0 {
                let own = tree.consistency(index, size).unwrap();
                let proof = tlog_tiles::prove_tree(size, index, &hashes).unwrap();
                let older = tlog_tiles::Hash(*tree.head_at(index).unwrap().root.as_bytes());
                tlog_tiles::check_tree(&proof, size, *theirs.hash(), index, older).unwrap();
                assert_eq!(
                    proof.iter().map(|hash| hash.0).collect::<Vec<_>>(),
                    own.iter().map(|hash| *hash.as_bytes()).collect::<Vec<_>>()
                );
                let bytes: Vec<u8> = own.iter().flat_map(|hash| *hash.as_bytes()).collect();
                let proof = ConsistencyProof::<Sha256>::try_from_bytes(bytes).unwrap();
                let root = ct_merkle::RootHash::<Sha256>::new(older.0.into(), index);
                peer.root().verify_consistency(&root, &proof).unwrap();
            }
        }
    }
}

#[test]
fn go_audits_trees_of_every_awkward_size() {
    let folder = tempfile::tempdir().unwrap();
    let Some(audit) = go(folder.path()) else { return };
    let _ = run(folder.path(), &audit, &["-vectors"]).unwrap();
    let vkey = log_signer(ORIGIN, &key().public().unwrap()).to_string();
    for size in SIZES {
        let place = folder.path().join(size.to_string());
        let (tree, ..) = published(&place, size);
        let said: Value =
            serde_json::from_str(&run(folder.path(), &audit, &[&size.to_string(), &vkey]).unwrap()).unwrap();
        assert_eq!((&said["size"], &said["entries"]), (&Value::from(size), &Value::from(size)), "{said}");
        assert_eq!(said["root"].as_str().unwrap(), tree.head().root.to_string());
        // And finds what is wrong.
        let Some(tile) = std::fs::read_dir(place.join("tile/0")).ok().and_then(|mut files| files.next()) else {
            continue;
        };
        let mut tile = tile.unwrap().path();
        if tile.is_dir() {
            tile = std::fs::read_dir(&tile).unwrap().next().unwrap().unwrap().path();
        }
        let mut bytes = std::fs::read(&tile).unwrap();
        bytes[0] ^= 1;
        std::fs::write(&tile, bytes).unwrap();
        let _ = run(folder.path(), &audit, &[&size.to_string(), &vkey]).unwrap_err();
    }
}

#[test]
fn programs_of_others_verify_a_ledger_and_its_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let (Some(audit), Some(python)) = (go(place), python()) else { return };
    let python = python.display().to_string();
    let script = |name: &str| here().join(name).display().to_string();
    meeting(&["Adopt the plan"]).play(place);
    let on = |args: &[&str]| expect(place, 0, &[&["--ledger", "play.ledger"], args].concat());
    let _ = on(&["publish", "public"]);
    let _ = on(&["bundle", "-o", "all.bundle"]);
    let keys = json(place, &["--ledger", "play.ledger", "log-key", "show"]);
    let vkey = keys["keys"][0]["vkey"].as_str().unwrap();
    let status = json(place, &["--ledger", "play.ledger", "status"]);
    let (size, root) = (status["size"].as_u64().unwrap(), status["root"].as_str().unwrap());
    let signer: rollcall_core::note::Signer = vkey.parse().unwrap();
    let hex_key = signer.key.to_string();

    let said: Value = serde_json::from_str(&run(place, &audit, &["public", vkey]).unwrap()).unwrap();
    assert_eq!((&said["size"], said["root"].as_str().unwrap()), (&Value::from(size), root));
    let _ = run(place, &script("openssl"), &["public", vkey]).unwrap();
    let said: Value =
        serde_json::from_str(&run(place, &python, &[&script("payloads.py"), "all.bundle"]).unwrap()).unwrap();
    assert_eq!(said["entries"], size, "{said}");

    for index in [0, 3, size - 1] {
        let (number, name) = (index.to_string(), format!("e{index}"));
        let _ = on(&[
            "prove",
            &number,
            "--format",
            "tlog-proof",
            "-o",
            &format!("{name}.tlog-proof"),
            "--entry-file",
            &name,
        ]);
        let _ = run(place, &audit, &["-proof", &format!("{name}.tlog-proof"), &name, vkey]).unwrap();
        for format in ["cose", "cose-eddsa"] {
            let file = format!("{name}.{format}");
            let _ = on(&["prove", &number, "--format", format, "-o", &file]);
            let verify = |file: &str, root: &str| {
                run(place, &python, &[&script("cose.py"), file, &name, &hex_key, &size.to_string(), root])
            };
            let _ = verify(&file, root).unwrap();
            let _ = verify(&file, &root.replacen(&root[..1], if root.starts_with('0') { "1" } else { "0" }, 1))
                .unwrap_err();
            let own = ["receipt", "verify", &file, "--entry-file", &name, "--log-key", vkey];
            let _ = expect(place, 0, &own);
            // Header, proof, signature: whatever is bent, both say no.
            let bytes = std::fs::read(place.join(&file)).unwrap();
            for bend in (0..bytes.len()).step_by(41) {
                let mut bent = bytes.clone();
                bent[bend] ^= 1;
                std::fs::write(place.join("bent"), bent).unwrap();
                let _ = verify("bent", root).unwrap_err();
                let code = rollcall_tests::rollcall(
                    place,
                    &["receipt", "verify", "bent", "--entry-file", &name, "--log-key", vkey],
                );
                assert!(matches!(code.status.code(), Some(2 | 3)), "byte {bend} of {file}");
            }
        }
    }
    for old in [2, size - 1] {
        let file = format!("from{old}");
        let _ = on(&["prove", "--consistency", &old.to_string(), "--format", "cose-eddsa", "-o", &file]);
        let proof = json(place, &["--ledger", "play.ledger", "prove", "--consistency", &old.to_string()]);
        let old_root = proof["old"]["root"].as_str().unwrap();
        let args =
            [&script("cose.py"), "--consistency", &file, &old.to_string(), old_root, &hex_key, &size.to_string(), root];
        let _ = run(place, &python, &args).unwrap();
    }
}

/// The witness of another project cosigns a log and refuses its fork. Where Debian's servers are not reachable, it says so.
#[test]
fn a_sigsum_witness_cosigns() {
    if python().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let _ = program();
    let script = here().join("sigsum").display().to_string();
    match run(folder.path(), "bash", &[&script]) {
        Ok(checkpoint) => assert!(checkpoint.contains("sigsum.org/v1/witness/"), "{checkpoint}"),
        Err(why)
            if why.contains("Failed to fetch")
                || why.contains("Unable to locate")
                || why.contains("Could not resolve") =>
        {
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("SKIPPED: no Sigsum witness: {why}\n").as_bytes(),
            );
        }
        Err(why) => panic!("{why}"),
    }
}
