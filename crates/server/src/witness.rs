//! A witness (C2SP tlog-witness): cosigns each head of the logs that it knows, if it extends the last one it has cosigned.
//!
//! Checking the old size and keeping the new head happen under one lock, and the head is durable before the answer leaves:
//! a witness that crashes never cosigns two histories. What a log signs against its own past is kept as evidence.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rollcall_core::audit::chain;
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::cosignature::{cosign, witness_signer};
use rollcall_core::fork::Fork;
use rollcall_core::key::{PublicKey, SigningKey};
use rollcall_core::ledger::Ledger;
use rollcall_core::limits::{ENTRY_BYTES_MAX, NOTE_BYTES_MAX};
use rollcall_core::note::{Note, Signer};
use rollcall_core::policy::{Log, Policy};
use rollcall_core::tree::{Head, implied_root};
use rollcall_core::witness::{Declined, Request};
use rollcall_storage::durable;
use rollcall_storage::published::{Folder, entries};
use sha2::{Digest as _, Sha256};

use crate::fetch::Address;
use crate::http::{self, whole};
use crate::submissions::{NotNoted, Submissions};
use crate::unix_seconds;

/// Pieces of evidence that are kept of one log: one is enough.
const EVIDENCE_MAX: usize = 64;

/// A witness with its key, the logs that it knows, and what it has cosigned.
pub struct Witness {
    name: String,
    key: SigningKey,
    logs: Vec<Log>,
    folder: PathBuf,
    /// Ledgers as far as they have been replayed, for a witness that replays what it cosigns.
    replayed: Option<Mutex<BTreeMap<String, Ledger>>>,
    /// Held while one request is judged and kept.
    turn: Mutex<()>,
    /// Keeps a second witness from the same folder.
    _held: File,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("name", &self.name).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Why a witness cannot work.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Another witness works in the folder.
    #[error("another witness works in the folder: {}", .0.display())]
    InUse(PathBuf),
    /// A file cannot be read or written.
    #[error("a file of the witness cannot be read or written: {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// What it has cosigned cannot be read.
    #[error("what the witness has cosigned cannot be read: {}", .0.display())]
    Damaged(PathBuf),
    /// A log of the policy has no address from which it could be replayed.
    #[error("a witness that replays needs to know where the log is published: {0}")]
    NoAddress(String),
}

/// What a witness answers to a request.
#[derive(Debug)]
pub enum Answer {
    /// Its signature line.
    Cosigned(String),
    /// Why it does not cosign.
    Declined(Declined),
}

impl Witness {
    /// A witness that keeps its heads in a folder and knows the logs of a policy; `semantic` replays every event under the
    /// charter before it cosigns, from where the policy says that the log is published.
    ///
    /// # Errors
    /// [`WitnessError`] when the folder cannot be used.
    pub fn new(
        name: &str,
        key: SigningKey,
        policy: &Policy,
        folder: &Path,
        semantic: bool,
    ) -> Result<Self, WitnessError> {
        let io = |why| WitnessError::Io { path: folder.to_path_buf(), why };
        durable::make_folder(folder).map_err(io)?;
        let held = File::create(folder.join("lock")).map_err(io)?;
        held.try_lock().map_err(|_| WitnessError::InUse(folder.to_path_buf()))?;
        let mut logs = policy.logs().iter();
        if let Some(log) = logs.find(|log| semantic && log.url.is_none()) {
            return Err(WitnessError::NoAddress(log.signer.name.clone()));
        }
        let replayed = semantic.then(|| Mutex::new(BTreeMap::new()));
        let (name, logs, folder) = (name.to_owned(), policy.logs().to_vec(), folder.to_path_buf());
        Ok(Self { name, key, logs, folder, replayed, turn: Mutex::new(()), _held: held })
    }

    /// The witness as its clients know it.
    ///
    /// # Errors
    /// When its own key is not admissible, which a key that was drawn never is.
    pub fn signer(&self) -> Result<Signer, rollcall_core::key::KeyError> {
        Ok(witness_signer(&self.name, &self.key.public()?))
    }

    /// Judges a request and, if it is good, keeps the head and cosigns it.
    ///
    /// # Errors
    /// [`WitnessError`] when what it knows cannot be read or kept; then nothing is cosigned.
    pub fn add_checkpoint(&self, body: &str) -> Result<Answer, WitnessError> {
        let judged =
            Request::read(body).and_then(|request| request.note().map(|(origin, note)| (request, origin, note)));
        let (request, origin, note) = match judged {
            Ok(parts) => parts,
            Err(declined) => return Ok(Answer::Declined(declined)),
        };
        // What is new is fetched and replayed before the turn is taken: other logs do not wait for it.
        if self.replayed.is_some() {
            let seen = self.seen(&origin)?;
            let judged = self.judge(&request, &origin, &note, seen.as_ref().map(|(head, _)| head));
            if let Err(declined) = judged.and_then(|(checkpoint, signer)| self.replay(&checkpoint, signer))
                && !matches!(declined, Declined::Inconsistent(_))
            {
                return Ok(Answer::Declined(declined));
            }
        }
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let seen = self.seen(&origin)?;
        match self.judge(&request, &origin, &note, seen.as_ref().map(|(head, _)| head)) {
            Ok((checkpoint, _)) => self.cosign(&checkpoint, &note),
            Err(declined) => {
                if let (Declined::Inconsistent(head), Some((_, cosigned))) = (&declined, &seen) {
                    self.keep_evidence(&origin, &request, head, cosigned)?;
                }
                Ok(Answer::Declined(declined))
            }
        }
    }

    /// The checkpoint that the request asks for, and the key that has signed it.
    fn judge(
        &self,
        request: &Request,
        origin: &str,
        note: &Note,
        seen: Option<&Head>,
    ) -> Result<(Checkpoint, &PublicKey), Declined> {
        let known: Vec<&PublicKey> =
            self.logs.iter().filter(|log| log.signer.name == origin).map(|log| &log.signer.key).collect();
        let signer = request.signer(note, origin, &known)?;
        Ok((request.judge(note, origin, signer, seen)?, signer))
    }

    /// Replays what is new under the charter; a state that it does not allow is not cosigned.
    fn replay(&self, checkpoint: &Checkpoint, signer: &PublicKey) -> Result<(), Declined> {
        let Some(replayed) = &self.replayed else { return Ok(()) };
        let Checkpoint { origin, head } = checkpoint;
        let unlawful = |what: String| Declined::Unlawful(what);
        let url = self.logs.iter().find(|log| log.signer.name == *origin).and_then(|log| log.url.clone());
        let url = url.ok_or_else(|| unlawful("the policy does not say where the log is published".to_owned()))?;
        let mut ledgers = replayed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Replayed on a copy: what is refused leaves no trace.
        let mut ledger = ledgers.get(origin).cloned().unwrap_or_default();
        // The checkpoint is published only once it is cosigned; the bundles are there before it.
        let published = |range| {
            if Address::is_one(&url) {
                entries(&Address::new(&url), head.size, range)
            } else {
                entries(&Folder(PathBuf::from(&url)), head.size, range)
            }
        };
        loop {
            let next = ledger.state().log().size();
            if head.size <= next {
                break;
            }
            let found = published(next..head.size).map_err(|error| Declined::Unavailable(error.to_string()))?;
            if found.is_empty() {
                return Err(Declined::Unavailable(format!("the published log lacks entry {next}")));
            }
            for entry in found {
                ledger.verify_and_replay(&entry).map_err(|error| unlawful(chain(&error)))?;
            }
        }
        if ledger.state().log().head_at(head.size) != Some(*head) {
            return Err(unlawful("the published entries do not make this head".to_owned()));
        }
        let founded = ledger.state().founding().map(|founding| founding.origin.as_str());
        if founded != Some(origin.as_str()) || ledger.state().log_key(head.size) != Some(signer) {
            return Err(unlawful("the ledger does not name this origin and key for its heads".to_owned()));
        }
        ledgers.insert(origin.clone(), ledger);
        Ok(())
    }

    fn cosign(&self, checkpoint: &Checkpoint, note: &Note) -> Result<Answer, WitnessError> {
        // A time of zero says nothing; a clock that stands there is broken.
        let line = cosign(note.text(), unix_seconds().max(1), &self.name, &self.key);
        // What was understood is kept and shown, not what was sent.
        let understood = format!("{}\n{}", note.text(), self.log_line(note));
        let kept = format!("{understood}{line}");
        let path = self.place(&checkpoint.origin);
        let written = durable::make_folder(&self.folder.join(origin_hash(&checkpoint.origin)));
        let written = written.and_then(|()| durable::replace(&path, kept.as_bytes()));
        written.map_err(|why| WitnessError::Io { path, why })?;
        Ok(Answer::Cosigned(line))
    }

    /// The line of the log's key that verifies.
    fn log_line(&self, note: &Note) -> String {
        let good = |log: &&Log| Checkpoint::verify_note(note, &log.signer.name, &log.signer.key).is_ok();
        let line = self
            .logs
            .iter()
            .find(good)
            .and_then(|log| note.signature(&log.signer).ok().flatten().map(|signature| log.signer.line(signature)));
        line.unwrap_or_default()
    }

    fn place(&self, origin: &str) -> PathBuf {
        self.folder.join(origin_hash(origin)).join("checkpoint")
    }

    /// The last head that it has cosigned of a log, with the note.
    fn seen(&self, origin: &str) -> Result<Option<(Head, String)>, WitnessError> {
        let path = self.place(origin);
        let note = match fs::read_to_string(&path) {
            Ok(note) => note,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(WitnessError::Io { path, why }),
        };
        let read = Note::read(&note).ok().and_then(|note| Checkpoint::read(note.text()).ok());
        let head = read.ok_or(WitnessError::Damaged(path))?.head;
        Ok(Some((head, note)))
    }

    /// Keeps what a log has signed against its past, where the request gives a proof that anybody can verify. Anything less is
    /// no evidence: whoever has a public checkpoint could send it with a proof of their own making.
    fn keep_evidence(&self, origin: &str, request: &Request, seen: &Head, cosigned: &str) -> Result<(), WitnessError> {
        let Some((later, new)) = self.understood(&request.checkpoint) else { return Ok(()) };
        let same = new.size == seen.size;
        let implied = if same { Some(new.root) } else { implied_root(seen.size, &new, &request.proof) };
        let Some(implied) = implied else { return Ok(()) };
        let path = if same { Vec::new() } else { request.proof.clone() };
        let fork = Fork { implied, path, earlier: cosigned.to_owned(), later };
        let keys: Vec<PublicKey> = self.logs.iter().map(|log| log.signer.key.clone()).collect();
        let folder = self.folder.join(origin_hash(origin));
        let full = fs::read_dir(&folder).is_ok_and(|files| EVIDENCE_MAX < files.count());
        if full || fork.verify(origin, &keys).is_err() {
            return Ok(());
        }
        let text = fork.text();
        let name = format!("{}-{}.fork", new.size, hex::encode(Sha256::digest(&text)).get(..16).unwrap_or_default());
        let path = folder.join(name);
        durable::make_folder(&folder)
            .and_then(|()| durable::replace(&path, text.as_bytes()))
            .map_err(|why| WitnessError::Io { path, why })
    }

    /// A checkpoint as it was understood: its text and the line that verifies, of a log that the witness knows.
    fn understood(&self, checkpoint: &str) -> Option<(String, Head)> {
        let note = Note::read(checkpoint).ok()?;
        let log =
            self.logs.iter().find(|log| Checkpoint::verify_note(&note, &log.signer.name, &log.signer.key).is_ok())?;
        let checkpoint = Checkpoint::verify_note(&note, &log.signer.name, &log.signer.key).ok()?;
        Some((format!("{}\n{}", checkpoint.text(), self.log_line(&note)), checkpoint.head))
    }

    /// Everything that it keeps as evidence.
    ///
    /// # Errors
    /// [`WitnessError::Io`] when the folder cannot be read.
    pub fn evidence(folder: &Path) -> Result<Vec<PathBuf>, WitnessError> {
        let io = |why| WitnessError::Io { path: folder.to_path_buf(), why };
        let mut found = Vec::new();
        for log in fs::read_dir(folder).map_err(io)? {
            let log = log.map_err(io)?.path();
            for file in log.is_dir().then(|| fs::read_dir(&log)).transpose().map_err(io)?.into_iter().flatten() {
                let file = file.map_err(io)?.path();
                if file.extension().is_some_and(|kind| kind == "fork") {
                    found.push(file);
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Name of a log's folder, and of its checkpoint among those that a witness shows.
#[must_use]
pub fn origin_hash(origin: &str) -> String {
    hex::encode(Sha256::digest(origin))
}

/// Answers requests until the process is asked to end; takes submissions where it is given a place for them.
///
/// # Errors
/// The system's, when it gives no threads or no connections.
pub fn serve(witness: Witness, submissions: Option<Submissions>, listener: TcpListener) -> io::Result<()> {
    let mut routes = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .with_state(Arc::new(witness));
    if let Some(submissions) = submissions {
        routes = routes.merge(submitted(submissions));
    }
    http::serve(routes, listener, std::future::pending())
}

/// `POST /submissions` takes a signed act, `GET /submissions/DIGEST` shows when it came and `GET /submissions/DIGEST/event`
/// the act; the digest is that of the whole event.
fn submitted(submissions: Submissions) -> Router {
    Router::new()
        .route("/submissions", post(submit))
        .route(
            "/submissions/{event}",
            get(async |State(kept): State<Arc<Submissions>>, UrlPath(id): UrlPath<String>| found(kept.shown(&id))),
        )
        .route(
            "/submissions/{event}/event",
            get(async |State(kept): State<Arc<Submissions>>, UrlPath(id): UrlPath<String>| found(kept.event(&id))),
        )
        .with_state(Arc::new(submissions))
}

fn found(kept: io::Result<Option<impl IntoResponse>>) -> Response {
    match kept {
        Ok(Some(body)) => body.into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn submit(State(kept): State<Arc<Submissions>>, body: axum::body::Body) -> Response {
    let body = match whole(body, ENTRY_BYTES_MAX).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let Ok(noted) = tokio::task::spawn_blocking(move || kept.note(&body)).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let status = match &noted {
        Ok(_) => StatusCode::OK,
        Err(NotNoted::Malformed(_)) => StatusCode::BAD_REQUEST,
        Err(NotNoted::Signature(_)) => StatusCode::FORBIDDEN,
        Err(NotNoted::Full) => StatusCode::INSUFFICIENT_STORAGE,
        Err(NotNoted::Io(_)) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, noted.unwrap_or_else(|error| format!("{}\n", chain(&error)))).into_response()
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: axum::body::Body) -> Response {
    let body = match whole(body, NOTE_BYTES_MAX).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let Ok(body) = String::from_utf8(body) else {
        return (StatusCode::BAD_REQUEST, "the request is not UTF-8\n").into_response();
    };
    let answer = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await;
    match answer {
        Ok(Ok(Answer::Cosigned(line))) => (StatusCode::OK, line).into_response(),
        Ok(Ok(Answer::Declined(declined))) => {
            let status = StatusCode::from_u16(declined.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if let Declined::Conflict(size) = declined {
                return (status, [(header::CONTENT_TYPE, "text/x.tlog.size")], format!("{size}\n")).into_response();
            }
            (status, format!("{declined}\n")).into_response()
        }
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", chain(&error))).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn checkpoint(State(witness): State<Arc<Witness>>, UrlPath(origin): UrlPath<String>) -> Response {
    let known = witness.logs.iter().map(|log| log.signer.name.as_str()).find(|name| origin_hash(name) == origin);
    let Some(name) = known else { return StatusCode::NOT_FOUND.into_response() };
    let name = name.to_owned();
    // In turn with requests: what is shown is durable.
    let seen = tokio::task::spawn_blocking(move || {
        let _turn = witness.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        witness.seen(&name)
    });
    let Ok(seen) = seen.await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    match seen {
        Ok(Some((_, note))) => note.into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", chain(&error))).into_response(),
    }
}
