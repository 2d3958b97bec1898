//! `mirror`: follow a published log, refuse what does not fit what is here already, and keep the evidence of a fork.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::audit::{Auditor, Level, Report};
use rollcall_core::digest::LedgerId;
use rollcall_core::fork::Fork;
use rollcall_core::tree::Tree;
use rollcall_storage::StoreError;
use rollcall_storage::published::{Files as _, Folder, Published, hold, publish_checkpoint, publish_tiles};
use serde_json::json;

use crate::advice;
use crate::answer::{Answer, Exit};
use crate::failure::Failure;
use crate::output;
use crate::source::{Place, published};

pub(super) fn command() -> Command {
    Command::new("mirror")
        .about("Follow a published log: fetch what is new, judge it, keep it; or raise a fork alarm")
        .arg(Arg::new("source").value_name("URL|DIR").required(true).help("Where the log is published"))
        .arg(Arg::new("folder").value_name("DIR").required(true).value_parser(value_parser!(PathBuf)).help("Folder of the mirror, itself fit to be served"))
        .arg(Arg::new("ledger-id").long("ledger-id").value_name("ID").required(true).help("The ledger id, from a source that you trust"))
        .arg(Arg::new("succession").long("succession").value_name("N").value_parser(value_parser!(u64)).help("Follow the authority that has gone on without the operator after the head of N entries, which the community recognises as the last; what is here above it is put aside"))
        .after_help("Examples:\n  rollcall mirror https://ledger.example.org mirror/ --ledger-id ID\n  rollcall audit mirror/ --ledger-id ID\n\nExit code 3: the log is invalid, or has signed two histories; then the mirror stays as it was and DIR.fork holds the proof.\nExit code 4: the log could not be read.")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let source = args.get_one::<String>("source").map_or("", String::as_str);
    let folder = args.get_one::<PathBuf>("folder").ok_or_else(|| Failure::usage("mirror where?"))?;
    let expected: LedgerId = super::parsed(args, "ledger-id")?.ok_or_else(|| Failure::usage("which ledger?"))?;
    let _held = hold(folder).map_err(|error| {
        let mut failure = Failure::from(error);
        "the mirror cannot be kept".clone_into(&mut failure.what);
        failure
    })?;
    let theirs = published(Place::of(source))?;
    let mut mirror =
        Mirror { folder: folder.clone(), own: Published::open(Folder(folder.clone()))?, entries: Vec::new() };
    let auditor = mirror.fetch(&theirs, expected)?;
    let tree = auditor.tree().clone();
    let stated = theirs.checkpoint().head;
    let mut auditor = auditor;
    let _ = auditor.checkpoint(theirs.note());
    if let Some(own) = &mirror.own {
        auditor.kept_head(&own.checkpoint().head, "the head that the mirror has");
    }
    let mut report = auditor.finish(&stated);
    report.see(theirs.note(), "the checkpoint");
    if let Some(answer) = mirror.older(&theirs, &report)? {
        return Ok(answer);
    }
    if report.is_valid() {
        return mirror.keep(&theirs, &tree);
    }
    let recognised = args.get_one::<u64>("succession");
    match recognised.map(|after| mirror.succeed(&theirs, expected, *after)).transpose()?.flatten() {
        Some(answer) => Ok(answer),
        None => mirror.refuse(&theirs, &report),
    }
}

/// The mirror as it stands, with the entries that the log would have with what is new.
struct Mirror {
    folder: PathBuf,
    own: Option<Published<Folder>>,
    entries: Vec<Vec<u8>>,
}

impl Mirror {
    /// Reads what is here, whose signatures were verified when it came, and fetches and judges what is new.
    fn fetch(&mut self, theirs: &Published<Place>, expected: LedgerId) -> Result<Auditor, Failure> {
        let here = self.own.as_ref().map(|own| own.checkpoint().head);
        let mut auditor = Auditor::new(Level::Full, Some(expected)).trusting(here);
        let (have, want) = (here.map_or(0, |head| head.size), theirs.checkpoint().head.size);
        let bar = indicatif::ProgressBar::with_draw_target(Some(want), indicatif::ProgressDrawTarget::stderr());
        let mut next = 0;
        while next < want.max(have) && !auditor.gave_up() {
            let found = match &self.own {
                Some(own) if next < have => own.entries(next..have)?,
                Some(_) | None => theirs.entries(next..want)?,
            };
            if found.is_empty() {
                let place = theirs.files().place();
                return Err(Failure::unchecked(format!("entry {next} is not to be had from {place}")));
            }
            for entry in found {
                // Beyond an older checkpoint that is shown again, entries of the mirror say nothing about it.
                if next < want {
                    let _ = auditor.entry(&entry);
                    self.entries.push(entry);
                }
                next = next.saturating_add(1);
            }
            bar.set_position(next);
        }
        bar.finish_and_clear();
        Ok(auditor)
    }

    /// Where what is shown is an older head of the log that is here, nothing is amiss: a cache, or another mirror.
    /// It is signed and valid but for being shorter, and the mirror is whole.
    fn older(&self, theirs: &Published<Place>, report: &Report) -> Result<Option<Answer>, Failure> {
        let Some(own) = &self.own else { return Ok(None) };
        let (here, shown) = (own.checkpoint(), theirs.checkpoint());
        let only_shorter = report.violations.iter().all(|fault| fault.code == "log-truncated");
        if shown.origin != here.origin || here.head.size <= shown.head.size || !only_shorter {
            return Ok(None);
        }
        let whole = tree_of(own)?.filter(|tree| tree.head() == here.head);
        let same = whole.and_then(|tree| tree.head_at(shown.head.size)) == Some(shown.head);
        let text = format!(
            "nothing newer: {} shows {} entries of the {} that are here\n",
            theirs.files().place(),
            shown.head.size,
            here.head.size
        );
        let json = json!({"outcome": "nothing newer", "size": here.head.size, "new": 0, "shown": shown.head.size, "root": here.head.root.to_string()});
        Ok(same.then(|| Answer::new(json, text)))
    }

    fn keep(&self, theirs: &Published<Place>, tree: &Tree) -> Result<Answer, Failure> {
        let entries = |range: std::ops::Range<u64>| {
            let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            Ok::<_, StoreError>(self.entries.get(bound(range.start)..bound(range.end)).unwrap_or_default().to_vec())
        };
        let added = publish_tiles(tree, theirs.checkpoint(), entries, &self.folder, |_| {})?;
        if self.own.as_ref().is_none_or(|own| own.note() != theirs.note()) {
            publish_checkpoint(theirs.note(), &self.folder)?;
        }
        let new = added.size.saturating_sub(added.before);
        let text = format!("valid: {} entries, {new} new, in {}\n", added.size, self.folder.display());
        Ok(Answer::new(
            json!({"outcome": "valid", "size": added.size, "new": new, "root": tree.head().root.to_string()}),
            text,
        ))
    }

    /// Follows where the authority has gone on without the operator: the log that is shown agrees with the mirror up to the
    /// head that the authority recognised last, and leaves it there by the authority's own act. What the mirror held above
    /// that head is void, and is put aside.
    /// That head is named by whoever runs the mirror: an authority of long ago could else make everything since void.
    fn succeed(
        &self,
        theirs: &Published<Place>,
        expected: LedgerId,
        recognised: u64,
    ) -> Result<Option<Answer>, Failure> {
        let Some(own) = &self.own else { return Ok(None) };
        let beside = self.folder.with_added_extension("succeeding");
        let mut fresh = Self { folder: beside, own: None, entries: Vec::new() };
        let mut auditor = fresh.fetch(theirs, expected)?;
        let tree = auditor.tree().clone();
        let _ = auditor.checkpoint(theirs.note());
        let report = auditor.finish(&theirs.checkpoint().head);
        let Some(before) = tree_of(own)?.filter(|_| report.is_valid()) else { return Ok(None) };
        let after = recognised;
        let next = after.saturating_add(1);
        let named = report.rebuilt.state().log_keys().iter().any(|known| known.after == Some(after));
        let parted = tree.head_at(after) == before.head_at(after) && tree.head_at(next) != before.head_at(next);
        if !named || !parted {
            return Ok(None);
        }
        let void = self.folder.with_added_extension(format!("void-{}", before.size()));
        if void.exists() {
            return Err(Failure::usage(format!("something was put aside there already: {}", void.display())));
        }
        // The new mirror is whole before the old one moves: what interrupts this leaves one of them in place.
        let mut answer = fresh.keep(theirs, &tree)?;
        std::fs::rename(&self.folder, &void)
            .and_then(|()| std::fs::rename(&fresh.folder, &self.folder))
            .map_err(|error| Failure::io(format!("the mirror cannot be put aside: {}", void.display()), &error))?;
        let text = format!(
            "the authority has gone on without the operator after entry {after}; what was here is void, and lies in {}\n",
            void.display()
        );
        answer.text.insert_str(0, &text);
        if let Some(object) = answer.json.as_object_mut() {
            object.insert("outcome".to_owned(), json!("succeeded"));
            object.insert("after".to_owned(), json!(after));
            object.insert("void".to_owned(), json!(void));
        }
        Ok(Some(answer))
    }

    /// Nothing that does not fit is kept, but the proof that the log has signed two histories.
    fn refuse(&self, theirs: &Published<Place>, report: &Report) -> Result<Answer, Failure> {
        let place = theirs.files().place();
        let mut text = format!("INVALID: {place} is not followed; the mirror stays as it was\n");
        for violation in &report.violations {
            let entry = violation.entry.map_or_else(|| "log".to_owned(), |entry| format!("entry {entry}"));
            text.push_str(&format!("  {entry}: {} ({})\n", violation.what, violation.code));
        }
        let evidence = self.fork(theirs, report)?;
        let path = self.folder.with_added_extension("fork");
        if let Some(fork) = &evidence {
            output::replace(&path, fork.text().as_bytes())?;
            text.push_str(&format!("FORK ALARM: the log has signed two histories; proof: {}\n  anybody verifies it: rollcall fork verify {} --log-key KEY\n", path.display(), advice::quoted(&path)));
        }
        let json = json!({
            "outcome": "invalid",
            "violations": report.violations,
            "fork": evidence.is_some(),
            "evidence": evidence.map(|_| path),
        });
        Ok(Answer { json, text, exit: Exit::Invalid })
    }

    /// Two checkpoints that the log has signed, with the proof that they contradict each other, if that is so.
    fn fork(&self, theirs: &Published<Place>, report: &Report) -> Result<Option<Fork>, Failure> {
        let Some(own) = &self.own else { return Ok(None) };
        let (kept, shown) = (own.checkpoint(), theirs.checkpoint());
        let keys: Vec<_> = report.rebuilt.state().log_keys().iter().map(|known| known.key.clone()).collect();
        let (from, to) = if kept.head.size <= shown.head.size { (kept, shown) } else { (shown, kept) };
        // The later history is read whole, so that it can be shown what it makes of the earlier size.
        let later = if std::ptr::eq(to, shown) { tree_of(theirs)? } else { tree_of(own)? };
        let Some(tree) = later.filter(|tree| tree.head() == to.head) else { return Ok(None) };
        let (earlier, later) =
            if std::ptr::eq(to, shown) { (own.note(), theirs.note()) } else { (theirs.note(), own.note()) };
        let Some(implied) = tree.head_at(from.head.size) else { return Ok(None) };
        let fork = Fork {
            implied: implied.root,
            path: tree.consistency(from.head.size, to.head.size).unwrap_or_default(),
            earlier: earlier.to_owned(),
            later: later.to_owned(),
        };
        Ok(Some(fork).filter(|fork| fork.verify(&kept.origin, &keys).is_ok()))
    }
}

fn tree_of<F: rollcall_storage::published::Files>(log: &Published<F>) -> Result<Option<Tree>, Failure> {
    let (mut tree, size) = (Tree::default(), log.checkpoint().head.size);
    while tree.size() < size {
        let found = log.entries(tree.size()..size)?;
        if found.is_empty() {
            return Ok(None);
        }
        for entry in found {
            tree.push(&entry);
        }
    }
    Ok(Some(tree))
}
