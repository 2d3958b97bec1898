//! Keys at the edge: plain OpenSSH Ed25519 files, and SSHSIG blobs made by `ssh-keygen -Y sign`.
//!
//! Encrypted keys and agents are refused in words; there is no key format of our own.

use std::io::Write;
use std::path::{Path, PathBuf};

use rollcall_core::event::SignedEvent;
use rollcall_core::key::{NAMESPACE, PublicKey, Signature, SigningKey};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, SshSig};

use crate::failure::Failure;
use crate::input;

/// A private key with where it comes from.
#[derive(Debug)]
pub(crate) struct LoadedKey {
    pub(crate) key: SigningKey,
    pub(crate) public: PublicKey,
}

/// Reads a plain OpenSSH Ed25519 private key file.
pub(crate) fn load(path: &Path) -> Result<LoadedKey, Failure> {
    let shown = path.display();
    let text = input::read_text(path, input::SMALL_BYTES_MAX)?;
    if text.starts_with("ssh-") {
        return Err(Failure::input(format!("this is the public half of a key, the private one signs: {shown}")));
    }
    let parsed = PrivateKey::from_openssh(&text).map_err(|error| {
        Failure::input(format!("not an OpenSSH private key: {shown}")).caused_by(&error).hint("rollcall key new --help")
    })?;
    if parsed.is_encrypted() {
        return Err(Failure::input(format!("the key is encrypted, which this version does not read yet: {shown}"))
            .hint(format!("sign with OpenSSH instead: rollcall draft ACT … -o F, then ssh-keygen -Y sign -n {NAMESPACE} -f {shown} F, then rollcall append F")));
    }
    match parsed.key_data() {
        KeypairData::Ed25519(pair) => {
            let key = SigningKey::from_seed(&pair.private.to_bytes());
            let public = key
                .public()
                .map_err(|error| Failure::input(format!("the key cannot be used: {shown}")).caused_by(&error))?;
            if public.as_bytes() != &pair.public.0 {
                return Err(Failure::input(format!(
                    "the file's public key does not belong to its private key: {shown}"
                )));
            }
            Ok(LoadedKey { key, public })
        }
        _ => Err(Failure::input(format!("Rollcall takes Ed25519 keys, this is {}: {shown}", parsed.algorithm()))
            .hint("rollcall key new --help")),
    }
}

/// A key that nobody has had before.
pub(crate) struct FreshKey {
    seed: [u8; 32],
    pub(crate) public: PublicKey,
}

/// Draws a new key.
pub(crate) fn draw() -> Result<FreshKey, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::io("the system gave no randomness", &error))?;
    let public = SigningKey::from_seed(&seed).public();
    let public = public.map_err(|error| Failure::bug("a fresh key is not admissible").caused_by(&error))?;
    Ok(FreshKey { seed, public })
}

/// Writes a new key pair: the private file with mode 0600 and the `.pub` file beside it, never over an existing one.
pub(crate) fn write(fresh: &FreshKey, path: &Path, comment: &str) -> Result<(), Failure> {
    let FreshKey { seed, public } = fresh;
    let public_path = public_path(path);
    for existing in [path, &public_path] {
        if existing.exists() {
            return Err(Failure::usage(format!("a file is there already: {}", existing.display())));
        }
    }
    let pair = Ed25519Keypair {
        public: ssh_key::public::Ed25519PublicKey(*public.as_bytes()),
        private: Ed25519PrivateKey::from_bytes(seed),
    };
    let unusable = |error: ssh_key::Error| Failure::bug("a fresh key cannot be written").caused_by(&error);
    let file = PrivateKey::new(KeypairData::Ed25519(pair), comment).map_err(unusable)?;
    let text = file.to_openssh(LineEnding::LF).map_err(unusable)?;
    write_new(path, text.as_bytes(), 0o600)?;
    let line = file.public_key().to_openssh().map_err(unusable)?;
    write_new(&public_path, format!("{line}\n").as_bytes(), 0o644)
}

fn public_path(path: &Path) -> PathBuf {
    path.with_added_extension("pub")
}

/// Writes a file that must not exist: to a temporary file beside it, then linked into place, so that nobody sees half.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let failed =
        |error: &dyn std::error::Error| Failure::io(format!("the file cannot be written: {}", path.display()), error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(|error| failed(&error))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|error| failed(&error))?;
    file.persist_noclobber(path).map_err(|error| failed(&error.error))?;
    Ok(())
}

/// The OpenSSH line of a public key.
pub(crate) fn openssh_line(key: &PublicKey, comment: &str) -> String {
    use ssh_key::public::{Ed25519PublicKey, KeyData};
    let public = ssh_key::PublicKey::new(KeyData::Ed25519(Ed25519PublicKey(*key.as_bytes())), comment);
    public.to_openssh().unwrap_or_default()
}

/// The `SHA256:…` fingerprint that OpenSSH shows.
pub(crate) fn fingerprint(key: &PublicKey) -> String {
    use ssh_key::public::{Ed25519PublicKey, KeyData};
    KeyData::Ed25519(Ed25519PublicKey(*key.as_bytes())).fingerprint(HashAlg::Sha256).to_string()
}

/// Reads a public key: 64 hexadecimal digits, an OpenSSH line, or a file that holds one.
pub(crate) fn public(text: &str) -> Result<PublicKey, Failure> {
    let inadmissible = |error| Failure::input("the public key is not admissible").caused_by(&error);
    let mut bytes = [0; 32];
    if hex::decode_to_slice(text, &mut bytes).is_ok() {
        return PublicKey::from_bytes(&bytes).map_err(inadmissible);
    }
    if text.starts_with("ssh-") {
        return public_line(text);
    }
    public_line(&input::read_text(Path::new(text), input::SMALL_BYTES_MAX)?).map_err(|failure| failure.at(text))
}

/// Reads the OpenSSH line of a public key.
pub(crate) fn public_line(line: &str) -> Result<PublicKey, Failure> {
    let inadmissible = |error| Failure::input("the public key is not admissible").caused_by(&error);
    let parsed = ssh_key::PublicKey::from_openssh(line.trim())
        .map_err(|error| Failure::input("not an OpenSSH public key").caused_by(&error))?;
    let data = parsed.key_data().ed25519();
    let data =
        data.ok_or_else(|| Failure::input(format!("Rollcall takes Ed25519 keys, this is: {}", parsed.algorithm())))?;
    PublicKey::from_bytes(&data.0).map_err(inadmissible)
}

/// Joins a payload with the armoured SSHSIG signature that `ssh-keygen -Y sign` made over it.
pub(crate) fn join_sshsig(payload: Vec<u8>, armoured: &[u8]) -> Result<SignedEvent, Failure> {
    let blob = SshSig::from_pem(armoured)
        .map_err(|error| Failure::input("the signature file is not an armoured SSH signature").caused_by(&error))?;
    if blob.namespace() != NAMESPACE {
        return Err(Failure::input(format!(
            "the signature is for the namespace `{}`, needed: `{NAMESPACE}`",
            blob.namespace()
        ))
        .hint(format!("ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE")));
    }
    if blob.hash_alg() != HashAlg::Sha512 || !blob.reserved().is_empty() {
        return Err(Failure::input("the signature must use SHA-512 and leave the reserved field empty"));
    }
    let key = blob.public_key().ed25519();
    let (Some(key), Algorithm::Ed25519) = (key, blob.signature().algorithm()) else {
        return Err(Failure::input(format!("Rollcall takes Ed25519 keys, this is: {}", blob.algorithm())));
    };
    let key = PublicKey::from_bytes(&key.0)
        .map_err(|error| Failure::input("the public key is not admissible").caused_by(&error))?;
    let signature = <[u8; 64]>::try_from(blob.signature_bytes())
        .map_err(|_| Failure::input("an Ed25519 signature has 64 bytes"))?;
    SignedEvent::join(payload, &key, Signature::from_bytes(signature))
        .map_err(|error| Failure::input("the payload cannot be used").caused_by(&error))
}

/// Armours an SSHSIG blob as OpenSSH does: base64 in lines of 70.
pub(crate) fn armour(event: &SignedEvent) -> Result<String, Failure> {
    let unusable = |error: &dyn std::error::Error| Failure::bug("a stored event cannot be armoured").caused_by(error);
    let key = PublicKey::from_bytes(event.key_bytes()).map_err(|error| unusable(&error))?;
    let public = ssh_key::public::KeyData::Ed25519(ssh_key::public::Ed25519PublicKey(*key.as_bytes()));
    let signature = ssh_key::Signature::new(Algorithm::Ed25519, event.signature().as_bytes().to_vec());
    let signature = signature.map_err(|error| unusable(&error))?;
    let blob = SshSig::new(public, NAMESPACE, HashAlg::Sha512, signature).map_err(|error| unusable(&error))?;
    blob.to_pem(LineEnding::LF).map_err(|error| unusable(&error))
}
