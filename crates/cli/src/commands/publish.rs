//! `publish`: the log as static files, for any web server; its head cosigned by as many witnesses as a policy asks for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::fork::Fork;
use rollcall_core::note::Note;
use rollcall_core::policy::Policy;
use rollcall_core::tree::Tree;
use rollcall_server::cosigners::{Became, Collected, collect};
use rollcall_server::fetch::Address;
use rollcall_server::witness::origin_hash;
use rollcall_storage::Store as _;
use rollcall_storage::heads::{HeadError, Heads};
use rollcall_storage::published::{Files as _, PublishError, hold, publish_checkpoint, publish_tiles};
use serde_json::{Value, json};

use super::{ledger_path, reading};
use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::session::Session;
use crate::{input, operator, output};

/// Bytes of a policy file.
pub(super) const POLICY_BYTES_MAX: u64 = 1024 * 1024;

pub(super) fn command() -> Command {
    Command::new("publish")
        .about("Write the log as static files (C2SP tlog-tiles), for any web server to show the world")
        .arg(Arg::new("folder").value_name("DIR").required(true).value_parser(value_parser!(PathBuf)).help("Folder of the published files; what is new is added"))
        .arg(Arg::new("policy").long("policy").value_name("FILE").value_parser(value_parser!(PathBuf)).help("Witnesses to ask, and how many must cosign before the head is published (C2SP tlog-policy)"))
        .arg(Arg::new("timeout").long("timeout").value_name("SECONDS").value_parser(value_parser!(u64).range(1..=3_600)).default_value("30").help("How long to wait for witnesses"))
        .arg(Arg::new("without-quorum").long("without-quorum").action(ArgAction::SetTrue).help("Publish the head even where too few witnesses have cosigned; the answer says so"))
        .after_help("Examples:\n  rollcall --ledger L publish public/\n  rollcall --ledger L publish public/ --policy witnesses.policy\n\nA policy (C2SP tlog-policy):\n  log ORIGIN+ID+KEY https://ledger.example.org\n  witness north w1.example.org+ID+KEY https://w1.example.org\n  witness south w2.example.org+ID+KEY https://w2.example.org\n  group two all north south\n  quorum two\n\nThe checkpoint is written last; an interrupted run leaves the folder valid, and the next one completes it.\nExit code 4: too few witnesses, nothing changed for readers. 3: a fork alarm, or another history is published there.")
}

pub(super) fn policy(path: &Path) -> Result<Policy, Failure> {
    let text = input::read_text(path, POLICY_BYTES_MAX)?;
    Policy::read(&text).map_err(|error| Failure::input(format!("not a policy: {}", path.display())).caused_by(&error))
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let session = reading(args)?;
    let ledger = ledger_path(args)?;
    let folder = args.get_one::<PathBuf>("folder").ok_or_else(|| Failure::usage("where to? publish DIR"))?;
    let asked = args.get_one::<PathBuf>("policy").map(|path| policy(path)).transpose()?;
    let _held = hold(folder)?;
    let note = operator::signed_head(&session, ledger)?;
    let read = Note::read(&note).ok().and_then(|note| Checkpoint::read(note.text()).ok());
    let own = read.ok_or_else(|| Failure::bug("the signed head cannot be read"))?;
    let bar = indicatif::ProgressBar::with_draw_target(None, indicatif::ProgressDrawTarget::stderr());
    let entries = |range| session.store().entries(range);
    let added = publish_tiles(session.state().log(), &own, entries, folder, |files| bar.set_position(files));
    bar.finish_and_clear();
    let added = added?;
    let (note, witnessed) = match asked {
        None => (note, Witnessed::default()),
        Some(policy) => witness(args, &session, &policy, &note, added.before)?,
    };
    let publish = !witnessed.asked || witnessed.met || args.get_flag("without-quorum");
    if publish && !witnessed.alarmed() {
        publish_checkpoint(&note, folder)?;
    }
    Ok(answer(folder, &own, &added, &witnessed, publish))
}

/// What a witness becomes that says it has seen another history.
const ALARM: &str = "FORK ALARM";

/// What came of the witnesses.
#[derive(Default)]
struct Witnessed {
    asked: bool,
    met: bool,
    proven: bool,
    rows: Vec<(String, &'static str, String)>,
}

impl Witnessed {
    /// Tells whether a fork is proven. What a witness only says keeps nothing from being published: one that lies could stop
    /// every log.
    fn alarmed(&self) -> bool {
        self.proven
    }
}

fn witness(
    args: &ArgMatches,
    session: &Session,
    policy: &Policy,
    note: &str,
    published: u64,
) -> Result<(String, Witnessed), Failure> {
    let seconds = args.get_one::<u64>("timeout").copied().unwrap_or(30);
    let tree = session.state().log();
    let collected = collect(policy, note, tree, published, Duration::from_secs(seconds));
    let Collected { witnesses, note: cosigned, quorum } =
        collected.map_err(|what| Failure::unchecked(format!("the head's cosignatures cannot be read: {what}")))?;
    let ledger = ledger_path(args)?;
    let cosigned = match cosigned.strip_prefix(note) {
        Some("") | None => note.to_owned(),
        Some(lines) => match Heads::of(ledger).add_lines(note, lines) {
            // Somebody has appended meanwhile; this head is cosigned all the same.
            Ok(_) | Err(HeadError::Superseded) => cosigned.clone(),
            Err(error) => return Err(error.into()),
        },
    };
    let mut rows: Vec<_> = quorum.cosigned.iter().map(|(name, at)| (name.clone(), "cosigned", moment(*at))).collect();
    let mut proven = false;
    for (name, became) in witnesses {
        match became {
            Became::Cosigned { .. } => {}
            Became::ForkAlarm(what) => {
                let (kept, shown) = keep_evidence(ledger, session, policy, &name, note, tree)?;
                proven |= shown;
                rows.push((name, ALARM, format!("{what}{kept}")));
            }
            Became::Failed(what) => rows.push((name, "failed", what)),
            Became::Unanswered => rows.push((name, "no answer", String::new())),
        }
    }
    Ok((cosigned, Witnessed { asked: true, met: quorum.met, proven, rows }))
}

pub(super) fn moment(seconds: u64) -> String {
    let at = seconds.checked_mul(1_000).and_then(|ms| rollcall_core::time::Timestamp::from_ms(ms).ok());
    at.map_or_else(|| format!("{seconds} s"), |at| at.to_string())
}

/// Asks the witness what it has cosigned, and keeps the proof that this log has signed two histories, where it is one.
fn keep_evidence(
    ledger: &Path,
    session: &Session,
    policy: &Policy,
    name: &str,
    note: &str,
    tree: &Tree,
) -> Result<(String, bool), Failure> {
    let nothing = (String::new(), false);
    let Some(founding) = session.state().founding() else { return Ok(nothing) };
    let origin = founding.origin.as_str();
    let url = policy.witnesses().iter().find(|witness| witness.name == name).and_then(|witness| witness.url.clone());
    let path = format!("{}/checkpoint", origin_hash(origin));
    let shown = url.map(|url| Address::new(&url).read(&path, rollcall_core::limits::NOTE_BYTES_MAX));
    let Some(Ok(Some(bytes))) = shown else { return Ok(nothing) };
    let Ok(theirs) = String::from_utf8(bytes) else { return Ok(nothing) };
    let keys: Vec<_> = session.state().log_keys().iter().map(|known| known.key.clone()).collect();
    let verified = keys.iter().find_map(|key| Checkpoint::verify(&theirs, origin, key).ok());
    let Some(checkpoint) = verified else { return Ok(nothing) };
    let size = checkpoint.head.size;
    let fork = tree.head_at(size).map(|implied| Fork {
        implied: implied.root,
        path: tree.consistency(size, tree.size()).unwrap_or_default(),
        earlier: theirs.clone(),
        later: note.to_owned(),
    });
    let (extension, text) = match fork.filter(|fork| fork.verify(origin, &keys).is_ok()) {
        Some(fork) => ("fork", fork.text()),
        // A head beyond this ledger's, or one that it has: only the first shows that something is amiss.
        None if tree.size() < size => ("seen-by-witness", theirs),
        None => return Ok(nothing),
    };
    let path = ledger.with_added_extension(extension);
    output::replace(&path, text.as_bytes())?;
    Ok((format!("; evidence: {}", path.display()), true))
}

fn answer(
    folder: &Path,
    own: &Checkpoint,
    added: &rollcall_storage::published::Added,
    witnessed: &Witnessed,
    published: bool,
) -> Answer {
    let published = published && !witnessed.alarmed();
    let shown = folder.display();
    let mut text = if published {
        format!(
            "published {} entries in {shown}, {} new, {} files written\n",
            added.size,
            added.size.saturating_sub(added.before),
            added.files
        )
    } else {
        format!("NOT PUBLISHED: readers of {shown} still see {} entries\n", added.before)
    };
    for (name, word, more) in &witnessed.rows {
        text.push_str(&format!("  witness {name}: {word} {more}\n"));
    }
    if witnessed.asked && !witnessed.met {
        text.push_str(if published {
            "  WARNING: the quorum of the policy is not met; the head was published without it\n"
        } else {
            "  the quorum of the policy is not met\n"
        });
    }
    let witnesses: Vec<Value> = witnessed
        .rows
        .iter()
        .map(|(name, word, more)| json!({"witness": name, "became": word, "more": more}))
        .collect();
    let json = json!({
        "outcome": if published { "published" } else { "not published" },
        "origin": own.origin,
        "before": added.before,
        "size": added.size,
        "root": own.head.root.to_string(),
        "files": added.files,
        "quorum": witnessed.asked.then_some(witnessed.met),
        "witnesses": witnesses,
    });
    let exit = match published {
        true => Exit::Done,
        false if witnessed.rows.iter().any(|(_, word, _)| *word == ALARM) => Exit::Invalid,
        false => Exit::NotChecked,
    };
    Answer { json, text, exit }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let invalid = !matches!(error, PublishError::Store(_) | PublishError::Io { .. });
        let mut failure = Self::unchecked("the log is not published").caused_by(&error);
        if invalid {
            failure.exit = Exit::Invalid;
            "contradicts".clone_into(&mut failure.code);
        }
        failure
    }
}
