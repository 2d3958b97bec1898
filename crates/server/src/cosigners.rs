//! Asking a policy's witnesses to cosign a head, all at once, until its quorum is met or everybody has answered.
//! A line counts once it verifies; what a witness says besides is told and decides nothing.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rollcall_core::cosignature::cosigned_at;
use rollcall_core::note::Note;
use rollcall_core::policy::{Policy, Quorum, Witness};
use rollcall_core::tree::Tree;
use rollcall_core::witness::Request;

use crate::fetch::agent;

const SIZE_TYPE: &str = "text/x.tlog.size";
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 65_536;
/// Tries of a witness that is overloaded or cannot be reached.
const TRIES: u32 = 3;

/// What came of one witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// It has cosigned: its line, and its time in Unix seconds.
    Cosigned {
        /// The signature line.
        line: String,
        /// When.
        seconds: u64,
    },
    /// It says that this log has shown it another history.
    ForkAlarm(String),
    /// It cannot be reached, or does not do what a witness does.
    Failed(String),
    /// The others were enough before it answered, or time ran out.
    Unanswered,
}

/// What came of all of them.
#[derive(Clone, Debug)]
pub struct Collected {
    /// Each witness of the policy by its name there.
    pub witnesses: Vec<(String, Became)>,
    /// The note with the lines that it has now.
    pub note: String,
    /// Whether they are enough.
    pub quorum: Quorum,
}

/// A log as it is now, with what a request needs of it.
struct Asked {
    note: String,
    tree: Tree,
    first: u64,
}

/// Asks every witness of a policy that has an address, until their answers are `enough`; `published` is the size of the last
/// head that they may have seen.
///
/// # Errors
/// A line of a known witness on the note that does not verify, in words.
pub fn collect(
    policy: &Policy,
    (note, tree): (&str, &Tree),
    published: u64,
    patience: Duration,
    enough: impl Fn(&Quorum) -> bool,
) -> Result<Collected, String> {
    let parsed = Note::read(note).map_err(|error| error.to_string())?;
    let before = policy.judge(&parsed).map_err(|error| error.to_string())?;
    let fresh: Vec<&Witness> = policy
        .witnesses()
        .iter()
        .filter(|witness| !before.cosigned.iter().any(|(name, _)| *name == witness.name))
        .collect();
    let (sender, answers) = mpsc::channel();
    let asked = std::sync::Arc::new(Asked { note: note.to_owned(), tree: tree.clone(), first: published });
    let mut waiting = 0_usize;
    for witness in &fresh {
        let Some(url) = witness.url.clone() else { continue };
        let (sender, asked, witness) = (sender.clone(), std::sync::Arc::clone(&asked), (*witness).clone());
        waiting = waiting.saturating_add(1);
        thread::spawn(move || {
            let became = ask(&asked, &witness, &url, patience);
            // Whoever asked may have what they need already.
            let _ = sender.send((witness.name, became));
        });
    }
    let begun = Instant::now();
    let (mut lines, mut quorum, mut known) = (String::new(), before, Vec::new());
    while 0 < waiting && !enough(&quorum) {
        let Ok((name, became)) = answers.recv_timeout(patience.saturating_sub(begun.elapsed())) else { break };
        waiting = waiting.saturating_sub(1);
        if let Became::Cosigned { line, seconds: _ } = &became {
            lines.push_str(line);
            let note = Note::read(&format!("{note}{lines}")).map_err(|error| error.to_string())?;
            quorum = policy.judge(&note).map_err(|error| error.to_string())?;
        }
        known.push((name, became));
    }
    let witnesses = fresh.into_iter().map(|witness| {
        let found = known.iter().find(|(name, _)| *name == witness.name).map(|(_, became)| became.clone());
        let silent = if witness.url.is_some() {
            Became::Unanswered
        } else {
            Became::Failed("the policy names no address".to_owned())
        };
        (witness.name.clone(), found.unwrap_or(silent))
    });
    Ok(Collected { witnesses: witnesses.collect(), note: format!("{note}{lines}"), quorum })
}

fn ask(asked: &Asked, witness: &Witness, url: &str, patience: Duration) -> Became {
    let (mut old, size) = (asked.first, asked.tree.size());
    let mut retried = false;
    let mut tries = 0_u32;
    let begun = Instant::now();
    loop {
        // From nothing, and between equal heads, there is nothing to prove.
        let proof = asked.tree.consistency(old, size).unwrap_or_default();
        let request = Request { old, proof, checkpoint: asked.note.clone() };
        let left = patience.saturating_sub(begun.elapsed());
        match post(url, &request.to_string(), left) {
            Ok((200, _, body)) => return cosigned(&asked.note, witness, &body),
            Ok((409, kind, body)) => {
                let seen =
                    body.strip_suffix('\n').and_then(rollcall_core::proof::decimal).filter(|_| kind == SIZE_TYPE);
                match seen {
                    Some(seen) if seen <= size && !retried => (old, retried) = (seen, true),
                    Some(seen) if size < seen => {
                        return Became::ForkAlarm(format!("it has seen {seen} entries, the log has {size}"));
                    }
                    Some(size) => return Became::Failed(format!("it names another size at each try, last: {size}")),
                    None => return Became::ForkAlarm("it has seen another head of this size".to_owned()),
                }
            }
            Ok((422, _, body)) => return Became::ForkAlarm(format!("it refuses the proof: {}", one_line(&body))),
            Ok((status @ (400..=428 | 430..=499), _, body)) => {
                return Became::Failed(format!("it answers {status}: {}", one_line(&body)));
            }
            other => {
                tries = tries.saturating_add(1);
                let pause = Duration::from_millis(200).saturating_mul(1 << tries);
                if TRIES <= tries || patience <= begun.elapsed().saturating_add(pause) {
                    let why = other.map_or_else(|error| error, |(status, ..)| format!("it answers {status}"));
                    return Became::Failed(why);
                }
                thread::sleep(pause);
            }
        }
    }
}

fn post(url: &str, body: &str, patience: Duration) -> Result<(u16, String, String), String> {
    let address = format!("{}/add-checkpoint", url.trim_end_matches('/'));
    let words = |error: ureq::Error| error.to_string();
    let mut response =
        agent(patience).post(&address).content_type("text/plain; charset=utf-8").send(body).map_err(words)?;
    let status = response.status().as_u16();
    let kind =
        response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().map_err(words)?;
    Ok((status, kind, body))
}

/// The witness's own line among what it sent; lines of others mean nothing.
fn cosigned(note: &str, witness: &Witness, body: &str) -> Became {
    for line in body.lines() {
        let line = format!("{line}\n");
        let read = Note::read(&format!("{note}{line}")).ok().map(|note| cosigned_at(&note, &witness.signer));
        match read {
            Some(Ok(Some(seconds))) => return Became::Cosigned { line, seconds },
            Some(Err(error)) => return Became::Failed(error.to_string()),
            Some(Ok(None)) | None => {}
        }
    }
    Became::Failed("its answer holds no line of its key".to_owned())
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
