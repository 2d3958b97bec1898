//! `audit` and `replay`: read everything again and say what is wrong, trusting nothing.

mod omission;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use indicatif::{ProgressBar, ProgressDrawTarget};
use rollcall_core::audit::{Auditor, Level, Report, chain, rests_on};
use rollcall_core::digest::{Digest, LedgerId};
use rollcall_core::fork::Fork;
use rollcall_core::note::Note;
use rollcall_core::tree::Head;
use rollcall_core::witnessed::{Period, Times, periods};
use rollcall_storage::audit::KeptHead;
use rollcall_storage::heads::Heads;
use serde_json::json;

use super::ledger_path;
use crate::answer::{Answer, Exit};
use crate::commands::head;
use crate::failure::Failure;
use crate::output;
use crate::session::is_rehearsal;
use crate::source::Source;
use crate::watermark::{Memory, Watermark, word};

pub(super) fn command() -> Command {
    let file = |name: &'static str| Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf));
    Command::new("audit")
        .about("Check a whole ledger, wherever it is: bytes, tree, signatures, and every rule of the charter")
        .arg(Arg::new("source").value_name("FILE|DIR|URL").help("A ledger file, a bundle, a folder of published files, or where they are on the web; by default --ledger"))
        .arg(Arg::new("level").long("level").value_name("LEVEL").value_parser(["log", "signatures", "full"]).default_value("full").help("How much to check"))
        .arg(Arg::new("ledger-id").long("ledger-id").value_name("ID").help("The ledger id that you expect"))
        .arg(file("head").action(ArgAction::Append).help("A head that you kept, signed or not, or a receipt that carries one; repeat for more"))
        .arg(file("policy").help("Witnesses, and how many of them must have cosigned the head (C2SP tlog-policy)"))
        .arg(file("resume").help("Remember what is judged here instead of in your own folder for state; a log without it is not valid. Keep the file, and FILE.snapshot, where nobody else writes"))
        .arg(Arg::new("from-scratch").long("from-scratch").action(ArgAction::SetTrue).help("Judge everything again, whatever an earlier audit remembers"))
        .arg(file("evidence").help("Where the log has signed a head that you kept and another history, write the proof to this file; where it holds something else, beside it: FILE.2"))
        .arg(file("omitted").action(ArgAction::Append).help("A signed act that was submitted and is not in the log: what would the log say with it? Its time is that of FILE.submission under a --submission-key, else the author's; repeat for more"))
        .arg(super::submit::submission_key_arg())
        .after_help("Examples:\n  rollcall --ledger L audit --ledger-id ID\n  rollcall audit community.bundle --ledger-id ID\n  rollcall audit https://ledger.example.org --ledger-id ID\n  rollcall audit https://ledger.example.org --from-scratch\n  rollcall audit public/ --head kept.head --evidence fork.proof --json\n\nWhat a valid audit of this build has judged is remembered under $XDG_STATE_HOME/rollcall/audits (~/.local/state by default), from 1,024 entries on; the next audit hashes it again and judges what is new. The state of then takes some 250 bytes an entry beside it. --from-scratch judges everything, and remembers that; --level log does not go on from it, and remembers nothing.\n\nExit code 3: the log is invalid. 4: it could not be checked, or a named file not written.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let level = match args.get_one::<String>("level").map(String::as_str) {
        Some("log") => Level::Log,
        Some("signatures") => Level::Signatures,
        Some(_) | None => Level::Full,
    };
    let expected: Option<LedgerId> = super::parsed(args, "ledger-id")?;
    let paths: Vec<&PathBuf> = args.get_many("head").into_iter().flatten().collect();
    let (mut kept, mut origins) = (Vec::new(), Vec::new());
    for path in &paths {
        let (origin, head) = head::read(path)?;
        let note = head::signed_text(path)?;
        kept.push(KeptHead { head, whose: format!("the head kept in {}", path.display()), note });
        origins.push((origin, path.display().to_string()));
    }
    let source = match args.get_one::<String>("source") {
        Some(text) => Source::open(text)?,
        None => Source::open(&ledger_path(args)?.display().to_string())?,
    };
    let remembered = if expected.is_none() { Memory::named_ledger(args)? } else { None };
    let expected = expected.or(remembered);
    let memory = Memory::of(args, &source, expected)?;
    let asked = Asked { level, expected, from_scratch: args.get_flag("from-scratch") };
    let Judged { mut report, before: judged_before, mut notes } = judge(&source, memory.as_ref(), &asked, &mut kept)?;
    let own = report.origin.clone();
    for (origin, path) in origins.into_iter().filter(|(origin, _)| own.as_ref().is_some_and(|own| own != origin)) {
        let what = format!("the head kept in {path} is that of another log: {origin}");
        report.add("head-foreign", what);
    }
    if let Some(ledger) = remembered.filter(|ledger| report.ledger.is_some_and(|own| own != *ledger)) {
        notes.push(format!("the ledger that is expected is the one that the file of --resume remembers: {ledger}"));
    }
    notes.extend(see_beside(&mut report, &source, args)?);
    if let Some(path) = args.get_one::<PathBuf>("policy") {
        notes.push(witnessed(&mut report, &source, path)?);
    }
    let mut proof = None;
    if let Some(path) = args.get_one::<PathBuf>("evidence")
        && let Some(fork) = evidence(&report, &source, &paths)?
    {
        // What is there may be an earlier proof, or anything else that was named by mistake.
        match output::keep_beside(path, fork.text().as_bytes()) {
            Ok(path) => {
                notes.push(format!("the log has signed two histories; proof: {}", path.display()));
                proof = Some(path);
            }
            // The verdict stands, and is told.
            Err(failure) => notes.push(format!("the log has signed two histories; {}", failure.on_one_line())),
        }
    }
    let mut unwritten = None;
    if let Some(memory) = memory.as_ref().filter(|_| report.is_valid()) {
        match memory.remember(&report, &source.projections()?, 0 < judged_before) {
            Ok(why_not) => notes.extend(why_not),
            // The verdict stands; but whoever named a file has asked for more than a verdict.
            Err(failure) => {
                notes.push(failure.on_one_line());
                unwritten = memory.is_named().then_some(failure.exit);
            }
        }
    }
    let attachments = match &source {
        Source::Ledger(_) if args.get_one::<String>("source").is_none() => {
            crate::attachments::survey(ledger_path(args)?, report.rebuilt.state())?
        }
        Source::Ledger(_) | Source::Bundle(_) | Source::Published(_) | Source::Illegible(_) => Vec::new(),
    };
    let mut answer = answer(&report, expected, &attachments);
    answer.exit = unwritten.unwrap_or(answer.exit);
    let omitted = omission::told(args, &source, &report)?;
    if let Some(memory) = memory.as_ref().filter(|_| 0 < judged_before) {
        let shown = memory.path().display();
        notes.push(format!(
            "the first {judged_before} entries were hashed and not judged again: {shown} says that this build has judged them (--from-scratch judges them anew)"
        ));
    }
    if source.note().is_some_and(|note| note.ends_with("\n\n")) {
        notes.push("nobody has signed this head: the end of the log may be missing".to_owned());
    }
    answer.text.push_str(&omitted.text);
    for note in &notes {
        answer.text.push_str(&format!("  {note}\n"));
    }
    if let Some(object) = answer.json.as_object_mut() {
        object.insert("origin".to_owned(), json!(report.origin));
        object.insert("evidence".to_owned(), json!(proof));
        object.extend(omitted.json);
        object.insert("notes".to_owned(), json!(notes));
        object.insert("judged_before".to_owned(), json!(judged_before));
    }
    // The process ends with its answer, which would otherwise wait until a million rows are handed back one by one.
    std::mem::forget(report);
    Ok(answer)
}

/// What an audit is asked to judge.
struct Asked {
    level: Level,
    expected: Option<LedgerId>,
    from_scratch: bool,
}

/// What an audit found, how many entries it took as judged before, and what it has to say of that.
struct Judged {
    report: Report,
    before: u64,
    notes: Vec<String>,
}

/// Judges a log: from where an earlier audit ended if that fits, else from its beginning. A head that a named file remembers is one that
/// was kept.
fn judge(source: &Source, memory: Option<&Memory>, asked: &Asked, kept: &mut Vec<KeptHead>) -> Result<Judged, Failure> {
    let mut notes = Vec::new();
    let bar = ProgressBar::with_draw_target(Some(source.size()?), ProgressDrawTarget::stderr());
    let progress = |entries| bar.set_position(entries);
    let begun = || Auditor::new(asked.level, asked.expected);
    let known = match memory.map(|memory| (memory, memory.recall())) {
        Some((memory, Ok(Some(known)))) => Some((memory, known)),
        None | Some((_, Ok(None))) => None,
        Some((memory, Err(failure))) if memory.is_named() => return Err(failure),
        Some((_, Err(failure))) => {
            notes.push(anew(&failure.on_one_line()));
            None
        }
    };
    let mut unfit = None;
    if let Some((memory, known)) = known.as_ref().filter(|_| !asked.from_scratch) {
        match memory.resume(known, source, (begun(), asked.level)) {
            Ok(Some(auditor)) => {
                let report = source.audit(auditor, kept, progress)?;
                if !report.parted {
                    bar.finish_and_clear();
                    return Ok(Judged { report, before: known.head.size, notes });
                }
                let parted = || format!("the log ends, or cannot be read, before its entry {}", known.head.size);
                unfit = Some(report.forgotten.unwrap_or_else(parted));
            }
            Ok(None) => {}
            Err(failure) => unfit = Some(failure.on_one_line()),
        }
    }
    // A file that somebody named is a head that they kept.
    if let Some((_, known)) = known.as_ref().filter(|(memory, _)| memory.is_named()) {
        let (head, note) = (known.head, String::new());
        kept.push(KeptHead { head, whose: "the head that was verified before".to_owned(), note });
    }
    let report = source.audit(begun(), kept, progress)?;
    bar.finish_and_clear();
    if let Some((why, (memory, known))) = unfit.zip(known) {
        // That it is another history says more than what did not fit.
        let own = report.tree().head_at(known.head.size);
        notes.push(anew(&if own.is_some_and(|own| own != known.head) { another_history(memory, &known) } else { why }));
    }
    Ok(Judged { report, before: 0, notes })
}

fn another_history(memory: &Memory, known: &Watermark) -> String {
    let (Head { size, root }, place) = (known.head, memory.path().display());
    format!("this is not the history that was audited before, whose root at {size} entries was {root} ({place})")
}

fn anew(why: &str) -> String {
    format!("{why}; everything was judged from the beginning")
}

/// Who has cosigned the head that the log shows; too few of them make it invalid for whoever asked for the policy.
fn witnessed(report: &mut Report, source: &Source, path: &Path) -> Result<String, Failure> {
    let policy = super::publish::policy(path)?;
    let note = source.note().and_then(|note| Note::read(note).ok());
    let Some(note) = note else {
        report.add("quorum-missing", "the log shows no signed head".to_owned());
        return Ok("no witness has cosigned".to_owned());
    };
    match policy.judge(&note) {
        Ok(quorum) => {
            let names: Vec<String> = quorum
                .cosigned
                .iter()
                .map(|(name, seconds)| format!("{name} at {}", super::publish::moment(*seconds)))
                .collect();
            if !quorum.met {
                let what = format!("too few witnesses of the policy have cosigned the head: {}", names.len());
                report.add("quorum-missing", what);
            }
            Ok(format!("cosigned by: {}", if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }))
        }
        Err(error) => {
            report.add("bad-cosignature", error.to_string());
            Ok("a cosignature does not verify".to_owned())
        }
    }
}

/// The proof that the log has signed a head that was kept and another history, if both are signed.
fn evidence(report: &Report, source: &Source, kept: &[&PathBuf]) -> Result<Option<Fork>, Failure> {
    let (Some(later), Some(origin)) = (source.note(), &report.origin) else { return Ok(None) };
    let tree = report.tree();
    for path in kept {
        let earlier = head::signed_text(path)?;
        let (_, head) = head::read(path)?;
        let Some(implied) = tree.head_at(head.size).filter(|own| own.root != head.root) else { continue };
        let path = tree.consistency(head.size, tree.size()).unwrap_or_default();
        let fork = Fork { implied: implied.root, path, earlier, later: later.to_owned() };
        let keys: Vec<_> = report.rebuilt.state().log_keys().iter().map(|known| known.key.clone()).collect();
        if fork.verify(origin, &keys).is_ok() {
            return Ok(Some(fork));
        }
    }
    Ok(None)
}

/// The head that lies beside a ledger file shows what cosigned heads that are published show.
/// One that cannot be read shows nothing.
fn see_beside(report: &mut Report, source: &Source, args: &ArgMatches) -> Result<Option<String>, Failure> {
    if matches!(source, Source::Ledger(_)) {
        let path = args.get_one::<String>("source").map(PathBuf::from);
        let path = path.map_or_else(|| ledger_path(args).map(Path::to_path_buf), Ok)?;
        match Heads::of(&path).last() {
            Ok(Some(note)) => report.see(&note, "the head beside the ledger"),
            Ok(None) => {}
            Err(error) => return Ok(Some(format!("the head beside the ledger was not looked at: {}", chain(&error)))),
        }
    }
    Ok(None)
}

/// What acceptance times rest on: the periods that witnesses confirm, and those that only the operator does.
fn unwitnessed(report: &Report) -> (String, Vec<Period>) {
    let state = report.rebuilt.state();
    let all = periods(state, &Times::of(state, &report.seen));
    let count = all.len();
    let rest: Vec<Period> = all.into_iter().filter(|period| !period.witnessed).collect();
    let named = state.witnessing().policy().is_some();
    let who = if named { "the operator's and the witnesses'" } else { "the operator's; the log names no witnesses" };
    let line =
        format!("acceptance times are {who}; time unwitnessed: {} of {count} notices, votes and waits", rest.len());
    (line, rest)
}

fn answer(report: &Report, expected: Option<LedgerId>, attachments: &[(Digest, &'static str)]) -> Answer {
    let state = report.rebuilt.state();
    let rehearsal = is_rehearsal(state);
    let level = word(report.level);
    let valid = report.is_valid();
    let mut text = String::new();
    let ledger = report.ledger.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let _ = writeln!(text, "{}: {} entries, level {level}", if valid { "valid" } else { "INVALID" }, report.head.size);
    let _ = writeln!(text, "  ledger {ledger}\n  root   {}", report.head.root);
    for violation in &report.violations {
        let place = violation.entry.map_or_else(|| "log".to_owned(), |entry| format!("entry {entry}"));
        let clause = violation.clause.as_ref().map_or_else(String::new, |clause| format!(", {clause}"));
        let _ = writeln!(text, "  {place}: {} ({}{clause})", violation.what, violation.code);
    }
    if report.level == Level::Full && report.judged < report.head.size {
        let _ = writeln!(text, "  rules were judged up to entry {}, where the state was lost", report.judged);
    }
    let readings = state.charter().map(|charter| rests_on(charter)).unwrap_or_default();
    let mut rests = Vec::new();
    let (mut unconfirmed, mut absent) = (Vec::new(), Vec::new());
    if rehearsal {
        rests.push("a rehearsal: times are declared and keys are public".to_owned());
    }
    if expected.is_none() {
        rests.push("no ledger id was expected: any ledger would do (name it with --ledger-id)".to_owned());
    }
    if report.level == Level::Full {
        let (line, periods) = unwitnessed(report);
        rests.push(line);
        unconfirmed = periods;
        let missing = state.witnessing().missing().filter(|(event, _)| state.entry_of(event).is_none());
        absent = missing.map(|(event, causes)| (event.to_string(), causes.to_vec())).collect();
        rests.push(format!("events that authors say they submitted and the log lacks: {}", absent.len()));
        let disputed: usize = state.meetings().iter().map(|meeting| meeting.disputes.len()).sum();
        rests.push(format!("disputed presences: {disputed}"));
        let contested = rollcall_core::doubt::contested(state);
        rests.push(crate::attachments::summary(attachments).0);
        rests.push(format!("outcomes that would differ without ballots in doubt: {contested}"));
    }
    if valid {
        let _ = writeln!(text, "results rest on:");
        for line in rests.iter().chain(&readings) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let json = json!({
        "outcome": if valid { "valid" } else { "invalid" },
        "level": level,
        "ledger": report.ledger.map(|id| id.to_string()),
        "size": report.head.size,
        "root": report.head.root.to_string(),
        "rehearsal": rehearsal,
        "judged": report.judged,
        "violations": report.violations,
        "attachments": crate::attachments::summary(attachments).1,
        "rests_on": rests,
        "time_unwitnessed": unconfirmed.iter().map(|period| json!({"kind": period.kind, "event": period.event.to_string(), "entry": period.entry})).collect::<Vec<_>>(),
        "missing": absent.iter().map(|(event, causes)| json!({"event": event, "said_by": causes.iter().map(|cause| json!({"by": cause.by, "entry": cause.entry})).collect::<Vec<_>>()})).collect::<Vec<_>>(),
        "interpretations": readings,
    });
    Answer { json, text, exit: if valid { Exit::Done } else { Exit::Invalid } }
}
