//! git: a branch of commits that are signed with SSH keys, and OpenSSH's `ssh-keygen` to check them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{LineEnding, PrivateKey};

use super::{Members, Outcome, Peer, Times, Work, all_there, bytes_in, timed};

pub(super) const PEER: Peer = Peer {
    name: "git",
    version: || version().unwrap_or_else(|_| "?".to_owned()),
    // By default git leaves new objects to the operating system. With `core.fsync=all` `strace` counts four per append.
    durable: "yes, with core.fsync=all: an fsync each of the blob, the tree, the commit and the branch",
    note: "no more than 100 events, because a commit starts two processes and a check starts two per event",
    run,
};

/// How many events there are at most.
const MANY: usize = 100;

/// What the repository is told once.
const SETTINGS: [(&str, &str); 7] = [
    ("gpg.format", "ssh"),
    ("commit.gpgsign", "true"),
    ("core.fsync", "all"),
    ("core.fsyncMethod", "fsync"),
    ("core.autocrlf", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
];

fn run(work: &Work<'_>) -> Outcome<Times> {
    let git = Git { root: work.folder.join("repository"), keys: work.folder.join("keys") };
    let stored = MANY.min(work.payloads.len());
    let few = work.few.min(stored);
    git.set_up(work)?;
    let mut events = work.events().take(stored);
    let (append, ()) =
        timed(|| events.by_ref().take(few).try_for_each(|(author, _, payload)| git.commit(author, payload)))?;
    events.try_for_each(|(author, _, payload)| git.commit(author, payload))?;
    let (verify, verified) = timed(|| git.verify_all())?;
    let (replay, (members, replayed)) = timed(|| git.replay_all())?;
    all_there(verified, stored)?;
    all_there(replayed, stored)?;
    let bytes = bytes_in(&git.root)?;
    Ok(Times { append, appended: few, verify, verified, replay, replayed, members, bytes })
}

fn version() -> Outcome<String> {
    let shown = Command::new("git").arg("version").output()?.stdout;
    Ok(String::from_utf8(shown)?.trim().trim_start_matches("git version ").to_owned())
}

/// A repository and the folder with everyone's keys.
struct Git {
    root: PathBuf,
    keys: PathBuf,
}

impl Git {
    /// git in the repository, with no settings but the repository's.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
        command
    }

    /// What a command prints, if it succeeds.
    fn printed(command: &mut Command) -> Outcome<Vec<u8>> {
        let output = command.output()?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// Makes an empty repository and everyone's keys.
    fn set_up(&self, work: &Work<'_>) -> Outcome<()> {
        fs::create_dir_all(&self.root)?;
        fs::create_dir_all(&self.keys)?;
        let mut allowed = String::new();
        for (author, seed) in work.seeds.iter().enumerate() {
            let key = key(seed)?;
            key.write_openssh_file(&self.keys.join(author.to_string()), LineEnding::LF)?;
            let public = key.public_key().to_openssh()?;
            fs::write(self.keys.join(format!("{author}.pub")), format!("{public}\n"))?;
            writeln!(allowed, "{author}@peers namespaces=\"git\" {public}")?;
        }
        let signers = self.keys.join("allowed_signers");
        fs::write(&signers, allowed)?;
        Self::printed(&mut self.command(&["init", "--quiet", "--template=", "--initial-branch=main"]))?;
        for (name, value) in SETTINGS {
            Self::printed(&mut self.command(&["config", name, value]))?;
        }
        Self::printed(self.command(&["config", "gpg.ssh.allowedSignersFile"]).arg(&signers))?;
        // Told once that the file is to come, git takes it with every commit.
        fs::write(self.root.join("event"), [])?;
        Self::printed(&mut self.command(&["add", "--intent-to-add", "event"]))?;
        Ok(())
    }

    /// Writes a payload over the one before, and commits it as its author: one git, which starts one `ssh-keygen`.
    fn commit(&self, author: usize, payload: &[u8]) -> Outcome<()> {
        fs::write(self.root.join("event"), payload)?;
        let mut command = self.command(&[]);
        command.arg("-c").arg(format!("user.name={author}")).arg("-c").arg(format!("user.email={author}@peers"));
        command.arg("-c").arg(format!("user.signingkey={}", self.keys.join(author.to_string()).display()));
        // Two payloads in a row may be the same.
        command.args(["commit", "--quiet", "--all", "--allow-empty", "--message=event"]);
        Self::printed(&mut command)?;
        Ok(())
    }

    /// Checks the hash of every object and the signature of every commit.
    fn verify_all(&self) -> Outcome<usize> {
        Self::printed(&mut self.command(&["fsck", "--full", "--strict", "--no-progress"]))?;
        let shown = Self::printed(&mut self.command(&["log", "--format=%G?"]))?;
        let good = shown.split(|byte| *byte == b'\n').filter(|line| *line == b"G").count();
        Ok(good)
    }

    /// Reads every payload in its order: one git that lists the commits and one that shows what they hold.
    fn replay_all(&self) -> Outcome<(usize, usize)> {
        let listed = Self::printed(&mut self.command(&["log", "--reverse", "--format=%an %H:event"]))?;
        let listed = String::from_utf8(listed)?;
        let commits: Vec<_> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
        // From a file, and not through a pipe that would have to be filled and emptied at once.
        let wanted = self.keys.join("wanted");
        fs::write(&wanted, commits.iter().flat_map(|(_, blob)| [*blob, "\n"]).collect::<String>())?;
        let shown = Self::printed(self.command(&["cat-file", "--batch"]).stdin(File::open(&wanted)?))?;
        let (mut members, mut rest) = (Members::default(), shown.as_slice());
        for (author, _) in &commits {
            let (payload, after) = blob(rest).ok_or("git shows something else than a blob")?;
            members.apply(author.parse()?, payload)?;
            rest = after;
        }
        Ok((members.count(), commits.len()))
    }
}

/// The first blob that `cat-file --batch` shows, and what is after it: `id blob length`, the bytes, a line's end.
fn blob(shown: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = shown.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = shown.split_at_checked(end)?;
    let length = str::from_utf8(line).ok()?.rsplit_once(" blob ").map(|(_, length)| length)?;
    let (payload, after) = rest.strip_prefix(b"\n")?.split_at_checked(length.parse().ok()?)?;
    Some((payload, after.strip_prefix(b"\n")?))
}

/// An author's key in OpenSSH's form.
fn key(seed: &[u8; 32]) -> Outcome<PrivateKey> {
    let public = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes();
    let pair = Ed25519Keypair { public: Ed25519PublicKey(public), private: Ed25519PrivateKey::from_bytes(seed) };
    Ok(PrivateKey::new(KeypairData::Ed25519(pair), "")?)
}
