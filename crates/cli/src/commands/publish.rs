//! `publish`: the log as static files, for any web server; its head cosigned by as many witnesses as a policy asks for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::fork::Fork;
use rollcall_core::note::Note;
use rollcall_core::policy::Policy;
use rollcall_core::witnessed::Seen;
use rollcall_server::cosigners::{Became, Collected, collect};
use rollcall_server::fetch::Address;
use rollcall_server::witness::origin_hash;
use rollcall_storage::heads::{HeadError, Heads};
use rollcall_storage::published::{Files as _, PublishError, hold, publish_checkpoint, publish_tiles};
use rollcall_storage::{Store as _, StoreError};
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
    let ledger = ledger_path(args)?;
    let folder = args.get_one::<PathBuf>("folder").ok_or_else(|| Failure::usage("where to? publish DIR"))?;
    let asked = args.get_one::<PathBuf>("policy").map(|path| policy(path)).transpose()?;
    if !ledger.exists() {
        return Err(reading(args).err().unwrap_or_else(|| Failure::unchecked("the ledger is gone")));
    }
    // The ledger is read after the folder is held: what is read before could be older than what is published by then.
    let _held = hold(folder)?;
    let session = reading(args)?;
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
    let publish = witnessed.quorum != Some(false) || args.get_flag("without-quorum");
    if publish && !witnessed.proven {
        publish_checkpoint(&note, folder)?;
    }
    Ok(answer(folder, &own, &added, &witnessed, publish))
}

/// What came of the witnesses.
#[derive(Default)]
struct Witnessed {
    /// Whether the policy's quorum is met, where there is a policy.
    quorum: Option<bool>,
    /// A witness says that it has seen another history.
    alarmed: bool,
    /// Two signed heads show it. What a witness only says keeps nothing from being published: one that lies could stop every
    /// log.
    proven: bool,
    rows: Vec<(String, &'static str, String)>,
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
    let collected = collect(policy, (note, tree), published, Duration::from_secs(seconds), |quorum| quorum.met);
    let Collected { witnesses, note: cosigned, quorum } =
        collected.map_err(|what| Failure::unchecked(format!("the head's cosignatures cannot be read: {what}")))?;
    let ledger = ledger_path(args)?;
    require_clock(session, &cosigned)?;
    let cosigned = match cosigned.strip_prefix(note) {
        Some("") | None => note.to_owned(),
        Some(lines) => match Heads::of(ledger).add_lines(note, lines) {
            // Somebody has appended meanwhile; this head is cosigned all the same.
            Ok(_) | Err(HeadError::Superseded) => cosigned.clone(),
            Err(error) => return Err(error.into()),
        },
    };
    let mut rows: Vec<_> = quorum.cosigned.iter().map(|(name, at)| (name.clone(), "cosigned", moment(*at))).collect();
    let (mut alarmed, mut proven) = (false, false);
    for (name, became) in witnesses {
        match became {
            Became::Cosigned { .. } => {}
            Became::ForkAlarm(what) => {
                let evidence = shown_by(policy, &name, session).and_then(|theirs| evidence(session, note, theirs));
                let kept = evidence.map(|evidence| keep(ledger, &evidence)).transpose()?;
                alarmed = true;
                proven |= kept.is_some();
                rows.push((name, "FORK ALARM", format!("{what}{}", kept.unwrap_or_default())));
            }
            Became::Failed(what) => rows.push((name, "failed", what)),
            Became::Unanswered => rows.push((name, "not waited for", String::new())),
        }
    }
    Ok((cosigned, Witnessed { quorum: Some(quorum.met), alarmed, proven, rows }))
}

/// A head that the log's own witnesses saw before its last entry was accepted, by the log's clock: every audit of it would
/// call the log's times a lie.
fn require_clock(session: &Session, cosigned: &str) -> Result<(), Failure> {
    let state = session.state();
    let Some(seen) = Seen::read(state, cosigned) else { return Ok(()) };
    let Some((entry, accepted)) = seen.contradicts(state) else { return Ok(()) };
    let what = format!(
        "witnesses saw this head at {}, and the log says that its entry {entry} was accepted at {accepted}",
        seen.by
    );
    Err(Failure::unchecked(what)
        .hint("set the clock of this machine right; the head can be published once that time has come"))
}

pub(super) fn moment(seconds: u64) -> String {
    let at = seconds.checked_mul(1_000).and_then(|ms| rollcall_core::time::Timestamp::from_ms(ms).ok());
    at.map_or_else(|| format!("{seconds} s"), |at| at.to_string())
}

/// What a witness shows that it has cosigned of this log.
fn shown_by(policy: &Policy, name: &str, session: &Session) -> Option<String> {
    let origin = session.state().founding()?.origin.as_str();
    let url = policy.witnesses().iter().find(|witness| witness.name == name)?.url.as_ref()?;
    let path = format!("{}/checkpoint", origin_hash(origin));
    let shown = Address::new(url).read(&path, rollcall_core::limits::NOTE_BYTES_MAX).ok()??;
    String::from_utf8(shown).ok()
}

/// What speaks against the log, and the extension of the file that keeps it.
struct Evidence {
    extension: &'static str,
    text: String,
}

/// What a head that a witness shows makes of ours: the proof that this log has signed two histories, or a head of this log
/// that the ledger does not have. One that it has shows nothing.
fn evidence(session: &Session, note: &str, theirs: String) -> Option<Evidence> {
    let state = session.state();
    let (origin, tree) = (state.founding()?.origin.as_str(), state.log());
    let keys: Vec<_> = state.log_keys().iter().map(|known| known.key.clone()).collect();
    let size = keys.iter().find_map(|key| Checkpoint::verify(&theirs, origin, key).ok())?.head.size;
    let Some(implied) = tree.head_at(size) else {
        return Some(Evidence { extension: "seen-by-witness", text: theirs });
    };
    let path = tree.consistency(size, tree.size()).unwrap_or_default();
    let fork = Fork { implied: implied.root, path, earlier: theirs, later: note.to_owned() };
    fork.verify(origin, &keys).ok()?;
    Some(Evidence { extension: "fork", text: fork.text() })
}

fn keep(ledger: &Path, evidence: &Evidence) -> Result<String, Failure> {
    let path = ledger.with_added_extension(evidence.extension);
    output::replace(&path, evidence.text.as_bytes())?;
    Ok(format!("; evidence: {}", path.display()))
}

fn answer(
    folder: &Path,
    own: &Checkpoint,
    added: &rollcall_storage::published::Added,
    witnessed: &Witnessed,
    published: bool,
) -> Answer {
    let published = published && !witnessed.proven;
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
        let more = if more.is_empty() { String::new() } else { format!(": {more}") };
        text.push_str(&format!("  witness {name}: {word}{more}\n"));
    }
    if witnessed.quorum == Some(false) {
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
        "quorum": witnessed.quorum,
        "witnesses": witnesses,
    });
    let exit = match published {
        true => Exit::Done,
        false if witnessed.alarmed => Exit::Invalid,
        false => Exit::NotChecked,
    };
    Answer { json, text, exit }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let invalid = !matches!(error, PublishError::Store(_) | PublishError::Io { .. } | PublishError::InUse(_));
        let mut failure = Self::unchecked("the log is not published").caused_by(&error);
        if invalid {
            failure.exit = Exit::Invalid;
            "contradicts".clone_into(&mut failure.code);
        } else if matches!(error, PublishError::Store(StoreError::Foreign { .. })) {
            return failure.hint(
                "remove the file `checkpoint` there and publish again; the other files are compared with the log",
            );
        } else if matches!(error, PublishError::InUse(_)) {
            "in-use".clone_into(&mut failure.code);
            return failure.hint("run the command again when the other has ended");
        }
        failure
    }
}
