//! Public keys and signatures in the forms that OpenSSH gives them, and files of new keys.
//!
//! There is no key format of our own. Private keys that sign are the business of [`crate::signer`].

use std::path::{Path, PathBuf};
use std::str::FromStr;

use rollcall_core::event::SignedEvent;
use rollcall_core::field::Text;
use rollcall_core::key::{KeyError, NAMESPACE, PublicKey, Signature, SigningKey};
use rollcall_core::name::Handle;
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, SshSig};

use crate::failure::Failure;
use crate::{input, output};

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

/// Writes a new key pair: the private file with mode 0600, encrypted where there is a passphrase, and the `.pub` file
/// beside it, never over an existing one.
pub(crate) fn write(fresh: &FreshKey, path: &Path, comment: &str, passphrase: Option<&str>) -> Result<(), Failure> {
    let FreshKey { seed, public } = fresh;
    require_absent(path)?;
    let public_path = public_path(path);
    let pair =
        Ed25519Keypair { public: Ed25519PublicKey(*public.as_bytes()), private: Ed25519PrivateKey::from_bytes(seed) };
    let unusable = |error: ssh_key::Error| Failure::bug("a fresh key cannot be written").caused_by(&error);
    let file = PrivateKey::new(KeypairData::Ed25519(pair), comment).map_err(unusable)?;
    let locked = passphrase.map(|words| file.encrypt(&mut OsRng, words)).transpose().map_err(unusable)?;
    let text = locked.as_ref().unwrap_or(&file).to_openssh(LineEnding::LF).map_err(unusable)?;
    output::create(path, text.as_bytes(), 0o600)?;
    let line = file.public_key().to_openssh().map_err(unusable)?;
    output::create(&public_path, format!("{line}\n").as_bytes(), 0o644)
}

/// The seed of an unencrypted key file.
pub(crate) fn plain_seed(path: &Path) -> Result<[u8; 32], Failure> {
    let text = input::read_text(path, input::SMALL_BYTES_MAX)?;
    let shown = path.display();
    let parsed = PrivateKey::from_openssh(&text)
        .map_err(|error| Failure::input(format!("not an OpenSSH private key: {shown}")).caused_by(&error))?;
    match parsed.key_data() {
        KeypairData::Ed25519(pair) => Ok(pair.private.to_bytes()),
        _ => Err(Failure::input(format!("not an unencrypted Ed25519 key: {shown}"))),
    }
}

/// Neither half of a new key takes the place of a file that is there.
pub(crate) fn require_absent(path: &Path) -> Result<(), Failure> {
    match [path, &public_path(path)].into_iter().find(|existing| existing.exists()) {
        Some(existing) => Err(Failure::usage(format!("a file is there already: {}", existing.display()))),
        None => Ok(()),
    }
}

/// The public half of a private key file, which stands in it unencrypted.
pub(crate) fn public_half(path: &Path, text: &str) -> Result<PublicKey, Failure> {
    let parsed = PrivateKey::from_openssh(text)
        .map_err(|error| Failure::input(format!("not an OpenSSH private key: {}", path.display())).caused_by(&error))?;
    admitted(parsed.public_key().key_data())
}

fn public_path(path: &Path) -> PathBuf {
    path.with_added_extension("pub")
}

/// The OpenSSH line of a public key.
pub(crate) fn openssh_line(key: &PublicKey, comment: &str) -> String {
    ssh_key::PublicKey::new(key_data(key), comment).to_openssh().unwrap_or_default()
}

fn key_data(key: &PublicKey) -> KeyData {
    let point = Ed25519PublicKey(*key.as_bytes());
    match key.application() {
        // The library reads one where it does not make one: from its wire form.
        Some(_) => ssh_key::PublicKey::from_bytes(&key.ssh_wire())
            .map_or(KeyData::Ed25519(point), |public| public.key_data().clone()),
        None => KeyData::Ed25519(point),
    }
}

/// The public key of OpenSSH's data, where it is of Ed25519, a security key's included.
pub(crate) fn admitted(data: &KeyData) -> Result<PublicKey, Failure> {
    let inadmissible = |error: KeyError| Failure::input("the public key is not admissible").caused_by(&error);
    if let Some(key) = data.ed25519() {
        return PublicKey::from_bytes(&key.0).map_err(inadmissible);
    }
    if let KeyData::SkEd25519(key) = data {
        return security_key(key).map_err(inadmissible);
    }
    Err(Failure::input(format!("Rollcall takes Ed25519 keys, this is: {}", data.algorithm())))
}

fn security_key(key: &SkEd25519) -> Result<PublicKey, KeyError> {
    PublicKey::security_key(&key.public_key().0, key.application())
}

/// The `SHA256:…` fingerprint that OpenSSH shows.
pub(crate) fn fingerprint(key: &PublicKey) -> String {
    key_data(key).fingerprint(HashAlg::Sha256).to_string()
}

/// Reads a public key: hexadecimal digits, an OpenSSH line, or a file that holds one.
pub(crate) fn public(text: &str) -> Result<PublicKey, Failure> {
    let inadmissible = |error| Failure::input("the public key is not admissible").caused_by(&error);
    if let Ok(bytes) = hex::decode(text) {
        return PublicKey::decode(&bytes).map_err(inadmissible);
    }
    if text.starts_with("ssh-") || text.starts_with("sk-ssh-") {
        return public_line(text);
    }
    public_line(&input::read_text(Path::new(text), input::SMALL_BYTES_MAX)?).map_err(|failure| failure.at(text))
}

/// Reads the OpenSSH line of a public key.
pub(crate) fn public_line(line: &str) -> Result<PublicKey, Failure> {
    let parsed = ssh_key::PublicKey::from_openssh(line.trim())
        .map_err(|error| Failure::input("not an OpenSSH public key").caused_by(&error))?;
    admitted(parsed.key_data())
}

/// Somebody in an `authorized_keys` file.
pub(crate) struct EnrolledLine {
    pub(crate) handle: Handle,
    pub(crate) name: Text,
    pub(crate) key: PublicKey,
}

/// Reads lines of an `authorized_keys` file whose comment is a handle, and a name where there is more.
pub(crate) fn enrolled_lines(text: &str) -> Result<Vec<EnrolledLine>, Failure> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fault = |what: String| Failure::input(format!("line {number}: {what}"));
        let parsed = ssh_key::authorized_keys::Entry::from_str(line)
            .map_err(|error| fault("not a line of an authorized_keys file".to_owned()).caused_by(&error))?;
        let key = admitted(parsed.public_key().key_data()).map_err(|failure| failure.at(&format!("line {number}")))?;
        let comment = parsed.public_key().comment();
        let (handle, name) = comment.split_once(char::is_whitespace).unwrap_or((comment, ""));
        let handle = handle.parse().map_err(|error| {
            fault(format!("the comment must begin with a handle, as in `ssh-ed25519 KEY alice`: {error}"))
        })?;
        let name = Text::new(name.trim()).map_err(|error| fault(format!("the name {error}")))?;
        lines.push(EnrolledLine { handle, name, key });
    }
    if lines.is_empty() {
        return Err(Failure::input("the file names nobody"));
    }
    Ok(lines)
}

/// Joins a payload with the armoured SSHSIG signature that `ssh-keygen -Y sign` made over it.
pub(crate) fn join_sshsig(payload: Vec<u8>, armoured: &[u8]) -> Result<SignedEvent, Failure> {
    let (key, signature) = read_sshsig(NAMESPACE, armoured)?;
    SignedEvent::join(payload, &key, signature)
        .map_err(|error| Failure::input("the payload cannot be used").caused_by(&error))
}

/// Reads an armoured SSHSIG signature of a namespace; whether it verifies is not looked at.
pub(crate) fn read_sshsig(namespace: &str, armoured: &[u8]) -> Result<(PublicKey, Signature), Failure> {
    let blob = SshSig::from_pem(armoured)
        .map_err(|error| Failure::input("the signature file is not an armoured SSH signature").caused_by(&error))?;
    if blob.namespace() != namespace {
        return Err(Failure::input(format!(
            "the signature is for the namespace `{}`, needed: `{namespace}`",
            blob.namespace()
        ))
        .hint(format!("ssh-keygen -Y sign -n {namespace} -f KEY FILE")));
    }
    if blob.hash_alg() != HashAlg::Sha512 || !blob.reserved().is_empty() {
        return Err(Failure::input("the signature must use SHA-512 and leave the reserved field empty"));
    }
    let key = admitted(blob.public_key())?;
    if blob.signature().algorithm() != blob.public_key().algorithm() {
        return Err(Failure::input("the signature is of another kind than the key that it names"));
    }
    let signature = Signature::decode(blob.signature_bytes())
        .ok_or_else(|| Failure::input("an Ed25519 signature has 64 bytes, a security key's 69"))?;
    Ok((key, signature))
}

/// Armours an SSHSIG blob as OpenSSH does: base64 in lines of 70.
pub(crate) fn armour(event: &SignedEvent) -> Result<String, Failure> {
    let unusable = |error: &dyn std::error::Error| Failure::bug("a stored event cannot be armoured").caused_by(error);
    let key = PublicKey::decode(event.key_bytes()).map_err(|error| unusable(&error))?;
    armour_sshsig(NAMESPACE, &key, event.signature()).map_err(|error| unusable(&error))
}

/// Armours a signature in a namespace.
pub(crate) fn armour_sshsig(namespace: &str, key: &PublicKey, signature: &Signature) -> Result<String, ssh_key::Error> {
    let algorithm = if key.application().is_some() { Algorithm::SkEd25519 } else { Algorithm::Ed25519 };
    let signature = ssh_key::Signature::new(algorithm, signature.encode())?;
    SshSig::new(key_data(key), namespace, HashAlg::Sha512, signature)?.to_pem(LineEnding::LF)
}
