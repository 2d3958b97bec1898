//! `serve`: take signed acts over HTTP. Those that wait are entered together, as `append` enters files, and each is answered once it is durable:
//! with a receipt, or with what the log signs of its refusal. Between two groups the ledger is free for others who write.
//! It judges nothing by itself, keeps nothing in memory, and tells nobody of the operator's files.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{ArgMatches, Command};
use rollcall_core::checkpoint::log_signer;
use rollcall_core::digest::LedgerId;
use rollcall_core::event::SignedEvent;
use rollcall_core::submission::Shown;
use rollcall_core::time::Timestamp;
use rollcall_server::acts::{self, Reply};
use serde_json::{Value, json};

use super::ledger_path;
use crate::answer::Answer;
use crate::batch::{self, Became};
use crate::carriage::{self, Carried};
use crate::failure::Failure;
use crate::operator::{self, Signed};
use crate::reading::Reading;
use crate::session::Session;
use crate::{reading, terminal};

/// An act that somebody has sent.
type Item = batch::Item<()>;

/// How long the ledger is written to without a pause.
const TURN: Duration = Duration::from_millis(500);

/// A pause in which somebody else who waits to write gets a turn.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) fn command() -> Command {
    Command::new("serve")
        .about("Take signed acts over HTTP, and answer each with a receipt once it is durable")
        .arg(super::listen_arg("127.0.0.1:7381"))
        .after_help("Examples:\n  rollcall --ledger L serve --listen 0.0.0.0:7381\n  rollcall append ballot.signed --to http://127.0.0.1:7381\n  curl --data-binary @ballot.signed http://127.0.0.1:7381/acts\n\nPOST /acts takes one signed act, binary or as text, and answers with JSON: its entry and a receipt, or why it is refused and what the log signs of that. GET /status answers as `rollcall status --json` does: `rollcall draft ACT --status URL` drafts from it. Acts that come at once are entered together, with one sync. Other commands read and write the ledger meanwhile. The log's key must lie beside the ledger. Put TLS in front of it.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let ledger = ledger_path(args)?.to_path_buf();
    // Who cannot sign a head cannot hand out a receipt.
    let Signed { mut session, .. } = operator::opened(&ledger, |_| Ok(None))?;
    let founded = session.ask(|reading| {
        let (founding, key) = (reading.state.founding()?, reading.state.log_key(reading.state.head().size)?);
        Some((founding.ledger, log_signer(founding.origin.as_str(), key)))
    })?;
    let rehearsal = session.is_rehearsal();
    drop(session);
    let (id, signer) = founded.ok_or_else(|| Failure::usage("the ledger is not founded"))?;
    let (listener, bound) = super::listener(args)?;
    let note = if rehearsal { " (a rehearsal: everything is accepted at the time of its last entry)" } else { "" };
    terminal::talk(&format!(
        "serves {}, ledger {id}{note}\ntakes signed acts at http://{bound}\nreceipts are under the log key {signer}\n",
        signer.name
    ));
    let served = Served { path: ledger, flagged: super::flagged_ledger(args).is_some(), id };
    let (read_only, turn) = (served.clone(), Mutex::new(()));
    let mut writer = Writer { served, begun: Instant::now(), ended: Instant::now() };
    let served = acts::serve(
        listener,
        read,
        move |group| writer.enter(group),
        move || {
            // One at a time: each opens the ledger.
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            status(&read_only)
        },
    );
    served.map_err(|error| Failure::io("no connections can be taken", &error))?;
    Ok(Answer::new(json!({"outcome": "ended"}), "ended\n".to_owned()))
}

/// Reads a request, and verifies what it is about: neither needs the ledger.
fn read(bytes: &[u8]) -> Result<Item, Reply> {
    let bad = |failure: &Failure| Reply { status: 400, body: line(&failure.json()) };
    let events = match carriage::read(bytes).map_err(|failure| bad(&failure))? {
        Carried::Signed(events) => events,
        Carried::Draft(..) => {
            return Err(bad(&Failure::input("the act is not signed").hint("rollcall sign --help")));
        }
    };
    let [event] = <[SignedEvent; 1]>::try_from(events)
        .map_err(|events| bad(&Failure::input(format!("one signed act a request, found: {}", events.len()))))?;
    let item = Item::new((), event);
    match item.unsigned() {
        Some(error) => Err(Reply { status: 403, body: line(&batch::refusal(&error, None)) }),
        None => Ok(item),
    }
}

/// The ledger that is served.
#[derive(Clone, Debug)]
struct Served {
    path: PathBuf,
    /// Whether a flag has named it: then what its operator is advised names it too.
    flagged: bool,
    /// Which it was when the service began: another one in its place is not served.
    id: LedgerId,
}

impl Served {
    /// Tells the operator of a failure.
    fn told(&self, failure: Failure) -> Failure {
        let failure = failure.naming(self.flagged.then_some(self.path.as_path()));
        terminal::talk(&failure.text());
        failure
    }

    fn require(&self, reading: Reading<'_>) -> Result<(), Failure> {
        match reading.state.founding().map(|founding| founding.ledger) {
            Some(found) if found == self.id => Ok(()),
            _ => Err(Failure::unchecked(format!("another ledger stands in its place, served is {}", self.id))),
        }
    }
}

/// What an act is drafted from.
fn status(served: &Served) -> Reply {
    let answer = |reading: Reading<'_>| {
        served.require(reading)?;
        super::status::answer(reading)
    };
    match reading::ask(&served.path, false, answer) {
        Ok(answer) => Reply { status: 200, body: line(&answer.json) },
        Err(failure) => {
            let failure = served.told(failure);
            not_now(&failure.code, "the ledger cannot be read now; ask again later")
        }
    }
}

/// Who enters what is sent, a group at a time.
struct Writer {
    served: Served,
    /// When the turn began that groups take one behind the other.
    begun: Instant,
    /// When the last group was done with.
    ended: Instant,
}

impl Writer {
    fn enter(&mut self, mut items: Vec<Item>) -> Vec<Reply> {
        if PAUSE < self.ended.elapsed() {
            self.begun = Instant::now();
        } else if TURN < self.begun.elapsed() {
            std::thread::sleep(PAUSE);
            self.begun = Instant::now();
        }
        let entered = entered(&self.served, &mut items);
        self.ended = Instant::now();
        entered.unwrap_or_else(|failure| {
            // Whoever sends acts learns nothing of the operator's files.
            let failure = self.served.told(failure);
            let unknown = failure.code == "append-unknown";
            let reply = if unknown {
                Reply::unknown()
            } else {
                not_now(&failure.code, "the act was not entered; send it again later")
            };
            vec![reply; items.len()]
        })
    }
}

/// Enters a group. An error says that none of it was entered, or that nobody knows.
fn entered(served: &Served, items: &mut [Item]) -> Result<Vec<Reply>, Failure> {
    let ledger = served.path.as_path();
    let mut session = Session::acting(ledger, items.len(), false)?;
    session.ask(|reading| {
        let _ = reading.state.log_key(reading.state.head().size);
        served.require(reading)
    })??;
    // What can be acknowledged only with a key is not entered without it.
    operator::log_key(&session, ledger)?;
    let at = session.ask(|reading| reading.accepting_at(None))??;
    batch::admit(&mut session, items, at)?;
    session.flush()?;
    let signed = operator::sign_for(&mut session, ledger, &batch::entries(items));
    let replies = items.iter().map(|item| reply(&session, ledger, item, &signed, at));
    let replies: Vec<Reply> = replies.collect();
    if !session.state().lack().is_empty() {
        // It is durable, so that nobody may be told that it was not entered.
        terminal::talk("error: receipts were made from a view that lacks rows\n");
        return Ok(vec![Reply::unknown(); items.len()]);
    }
    Ok(replies)
}

fn reply(session: &Session, ledger: &Path, item: &Item, signed: &Result<String, Failure>, at: Timestamp) -> Reply {
    let id = item.event.id().to_string();
    match &item.became {
        Some(Became::Accepted { entry }) => receipted(session, ledger, ("accepted", &id, *entry), signed),
        Some(Became::AlreadyThere { entry }) => receipted(session, ledger, ("already there", &id, *entry), signed),
        Some(Became::Refused(error)) => {
            let mut told = batch::refusal(error, None);
            let note = operator::signed_refusal(session, ledger, Shown::of(&item.event), error.code(), at);
            if let Some(object) = told.as_object_mut() {
                object.insert("event".to_owned(), json!(id));
                object.insert("refusal".to_owned(), json!(note.ok()));
            }
            Reply { status: 422, body: line(&told) }
        }
        None => Reply::unknown(),
    }
}

fn receipted(
    session: &Session,
    ledger: &Path,
    (word, id, entry): (&str, &str, u64),
    signed: &Result<String, Failure>,
) -> Reply {
    let receipt = match signed {
        Ok(note) => operator::receipt(session, ledger, entry, note).map_err(|failure| failure.on_one_line()),
        Err(failure) => Err(failure.on_one_line()),
    };
    match receipt {
        Ok(receipt) => {
            let told = json!({"outcome": word, "event": id, "entry": entry, "receipt": receipt});
            Reply { status: 200, body: line(&told) }
        }
        Err(why) => {
            terminal::talk(&format!("error: entry {entry} has no receipt: {why}\n"));
            not_now("no-receipt", "the act is in the log, and there is no receipt of it now; send it again later")
        }
    }
}

fn not_now(code: &str, what: &str) -> Reply {
    Reply::failed(503, code, what)
}

fn line(json: &Value) -> String {
    format!("{json}\n")
}
