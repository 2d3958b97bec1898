//! Who holds the private key: a file, plain or encrypted, or an agent, and behind it a smart card or a security key.
//!
//! A private key is read, used and dropped; it is never copied, and nothing but its owner's program ever signs with it.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rollcall_core::event::SignedEvent;
use rollcall_core::key::{NAMESPACE, PublicKey, Signature, SigningKey, signed_bytes};
use rollcall_core::name::Handle;
use ssh_agent_client_rs::{Client, Identity};
use ssh_key::PrivateKey;
use ssh_key::private::KeypairData;

use crate::failure::Failure;
use crate::{input, keys};

/// The word that stands for the running agent where a key file is asked for.
const AGENT: &str = "agent";

/// A private key that is at hand.
pub(crate) enum Signer {
    /// In memory, read from a file or made for a rehearsal.
    Memory { key: SigningKey, public: PublicKey },
    /// With an agent.
    Agent { socket: PathBuf, key: Box<ssh_key::PublicKey>, public: PublicKey },
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.public())
    }
}

impl Signer {
    /// The published test key of a handle in a rehearsal.
    pub(crate) fn rehearsal(handle: &Handle) -> Result<Self, Failure> {
        Self::in_memory(SigningKey::rehearsal(handle))
    }

    fn in_memory(key: SigningKey) -> Result<Self, Failure> {
        let public = key.public().map_err(|error| Failure::input("the key cannot be used").caused_by(&error))?;
        Ok(Self::Memory { key, public })
    }

    /// The key that `--key` names: a private key file; a public one, whose private half an agent holds; or `agent`, its
    /// one key that is `wanted`.
    pub(crate) fn open(
        path: &Path,
        passphrase: &Passphrase,
        wanted: &dyn Fn(&PublicKey) -> bool,
    ) -> Result<Self, Failure> {
        if path.as_os_str() == AGENT && !path.exists() {
            return in_agent(&|key| wanted(key), "of the author");
        }
        let text = input::read_text(path, input::SMALL_BYTES_MAX)?;
        if text.starts_with("-----BEGIN") {
            return from_file(path, &text, passphrase);
        }
        let public = keys::public_line(&text).map_err(|failure| failure.at(&path.display().to_string()))?;
        let shown = format!("whose public half is in: {}", path.display());
        in_agent(&|key| *key == public, &shown)
    }

    /// The public half.
    pub(crate) const fn public(&self) -> &PublicKey {
        match self {
            Self::Memory { public, .. } | Self::Agent { public, .. } => public,
        }
    }

    /// Signs a message in an SSHSIG namespace.
    pub(crate) fn sign(&self, namespace: &str, message: &[u8]) -> Result<Signature, Failure> {
        let signature = match self {
            Self::Memory { key, public: _ } => key.sign_in(namespace, message),
            Self::Agent { socket, key, public: _ } => {
                let refused = |error| Failure::unchecked("the agent did not sign").caused_by(&error).hint("ssh-add -l");
                let mut client = connect(socket)?;
                let made = client.sign(key.as_ref(), &signed_bytes(namespace, message)).map_err(refused)?;
                Signature::decode(made.as_bytes())
                    .ok_or_else(|| Failure::unchecked("the agent's answer is no Ed25519 signature"))?
            }
        };
        if self.public().verifies_in(namespace, message, &signature) {
            return Ok(signature);
        }
        Err(Failure::unchecked("the signature that was made does not verify; nothing was written")
            .hint("a security key signs only when it is touched"))
    }

    /// Signs the payload of an event.
    pub(crate) fn event(&self, payload: Vec<u8>) -> Result<SignedEvent, Failure> {
        let signature = self.sign(NAMESPACE, &payload)?;
        SignedEvent::join(payload, self.public(), signature)
            .map_err(|error| Failure::input("the act cannot be signed").caused_by(&error))
    }
}

/// Where the passphrase of an encrypted key comes from: an environment variable that the caller names, or the terminal.
#[derive(Clone, Debug)]
pub(crate) struct Passphrase {
    variable: Option<String>,
}

impl Passphrase {
    pub(crate) const fn new(variable: Option<String>) -> Self {
        Self { variable }
    }

    /// Asks for a passphrase.
    pub(crate) fn ask(&self, prompt: &str) -> Result<String, Failure> {
        if let Some(name) = &self.variable {
            return std::env::var(name)
                .map_err(|_| Failure::usage(format!("the environment variable `{name}` holds no passphrase")));
        }
        let absent = |error| {
            Failure::usage("the key is encrypted, and there is no terminal to ask for its passphrase")
                .caused_by(&error)
                .hint("put it into a variable and name that: --passphrase-env NAME")
        };
        rpassword::prompt_password(prompt).map_err(absent)
    }

    /// Asks for a new passphrase, twice where a person types it.
    pub(crate) fn choose(&self) -> Result<String, Failure> {
        let first = self.ask("New passphrase: ")?;
        if self.variable.is_none() && self.ask("The same again: ")? != first {
            return Err(Failure::usage("the two passphrases differ; nothing was written"));
        }
        if first.is_empty() {
            return Err(Failure::usage("an empty passphrase protects nothing")
                .hint("rollcall key new --no-passphrase, if that is meant"));
        }
        Ok(first)
    }
}

fn from_file(path: &Path, text: &str, passphrase: &Passphrase) -> Result<Signer, Failure> {
    let shown = path.display();
    let parsed = PrivateKey::from_openssh(text).map_err(|error| {
        Failure::input(format!("not an OpenSSH private key: {shown}")).caused_by(&error).hint("rollcall key new --help")
    })?;
    let parsed = if parsed.is_encrypted() {
        let words = passphrase.ask(&format!("Passphrase for {shown}: "))?;
        parsed.decrypt(words).map_err(|error| {
            Failure::input(format!("the passphrase does not open the key: {shown}")).caused_by(&error)
        })?
    } else {
        parsed
    };
    match parsed.key_data() {
        KeypairData::Ed25519(pair) => {
            let signer = Signer::in_memory(SigningKey::from_seed(&pair.private.to_bytes()))?;
            if signer.public().as_bytes() == &pair.public.0 {
                return Ok(signer);
            }
            Err(Failure::input(format!("the file's public key does not belong to its private key: {shown}")))
        }
        KeypairData::SkEd25519(_) => Err(Failure::usage(format!(
            "the private half of this key is in a security key, which an agent speaks to: {shown}"
        ))
        .hint(format!(
            "ssh-add {shown}, then --key {shown}.pub; or: ssh-keygen -Y sign -n {NAMESPACE} -f {shown} FILE"
        ))),
        _ => Err(Failure::input(format!("Rollcall takes Ed25519 keys, this is {}: {shown}", parsed.algorithm()))
            .hint("rollcall key new --help")),
    }
}

fn connect(socket: &Path) -> Result<Client, Failure> {
    let gone = |error: std::io::Error| {
        Failure::io(format!("no agent answers at: {}", socket.display()), &error).hint("eval $(ssh-agent)")
    };
    Ok(Client::with_read_write(Box::new(UnixStream::connect(socket).map_err(gone)?)))
}

/// The one key of the running agent that is wanted.
fn in_agent(wanted: &dyn Fn(&PublicKey) -> bool, which: &str) -> Result<Signer, Failure> {
    let socket = std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from).ok_or_else(|| {
        Failure::usage("no agent is running: SSH_AUTH_SOCK is not set").hint("eval $(ssh-agent); ssh-add KEY")
    })?;
    let refused = |error| Failure::unchecked("the agent does not say which keys it holds").caused_by(&error);
    let held = connect(&socket)?.list_all_identities().map_err(refused)?;
    // Certificates and keys of other kinds sign nothing here.
    let usable = held.into_iter().filter_map(|identity| match identity {
        Identity::PublicKey(key) => Some((keys::admitted(key.key_data()).ok()?, key.into_owned())),
        Identity::Certificate(_) => None,
    });
    let all: Vec<_> = usable.collect();
    let mut fitting = all.iter().filter(|(public, _)| wanted(public));
    match (fitting.next(), fitting.next()) {
        (Some((public, key)), None) => Ok(Signer::Agent { socket, key: Box::new(key.clone()), public: public.clone() }),
        (Some(_), Some(_)) => Err(Failure::usage(
            "the agent holds several keys that fit; name one by its public file, or the author with `--by`",
        )
        .hint("--key FILE.pub")),
        (None, _) => {
            let shown: Vec<_> = all.iter().map(|(public, _)| keys::fingerprint(public)).collect();
            let shown = if shown.is_empty() { "none of Ed25519".to_owned() } else { shown.join(", ") };
            Err(Failure::usage(format!("the agent holds no key {which}; it holds: {shown}")).hint("ssh-add KEY"))
        }
    }
}
