//! The audit: reads a whole log again, trusting nothing but the bytes and the ledger id one expects.
//!
//! It is fed entry by entry and never stops at the first fault: framing, tree and signatures are judged for every entry.
//! Rules are judged up to the first entry that breaks one, because every later verdict would rest on a state that the
//! charter does not allow; the report says so.

mod report;

use std::fmt;

use crate::act::Act;
use crate::charter::Charter;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::digest::{EventId, LedgerId, TreeHash};
use crate::entry::{Entry, EntryError};
use crate::event::{Payload, SignatureError};
use crate::key::PublicKey;
use crate::ledger::{Ledger, ReplayError, ReplayFault};
use crate::note::Note;
use crate::prepared::{Depth, Fault, Framed, Prepared, Preparer};
use crate::state::State;
use crate::tiles::Tile;
use crate::tree::{Head, Node, Tree, leaf_hash};

pub use self::report::{Report, Violation};

/// Faults that a report lists.
const VIOLATIONS_MAX: usize = 1_000;

/// How much an audit checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Framing, canonical form, Merkle tree, heads.
    Log,
    /// And every signature.
    Signatures,
    /// And every rule, electorate, tally, seen head and projection.
    Full,
}

impl Level {
    /// How much of an entry is judged before its turn.
    const fn depth(self) -> Depth {
        match self {
            Self::Log => Depth::Frame,
            Self::Signatures => Depth::Signature,
            Self::Full => Depth::Payload,
        }
    }
}

/// The state that an earlier audit ended with, made of its rows, or why it cannot be had; fetched when the entries below have been hashed,
/// so that it can be read meanwhile.
pub struct Remembered(pub Box<dyn FnOnce() -> Result<State, String> + Send>);

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered")
    }
}

/// An audit in progress.
#[derive(Debug)]
pub struct Auditor {
    level: Level,
    expected: Option<LedgerId>,
    /// The tree over the entries, unless the ledger's is: while every rule is judged.
    apart: Option<Tree>,
    /// Prepares what is fed entry by entry.
    preparer: Preparer,
    ledger: Ledger,
    founding: Option<LedgerId>,
    stopped: bool,
    /// A head whose signatures an earlier audit has verified.
    trusted: Option<Head>,
    /// A head up to which an earlier audit has judged everything.
    known: Option<Head>,
    /// The books of then, until the log has reached that head.
    remembered: Option<Remembered>,
    /// Why they could not be had.
    forgotten: Option<String>,
    /// Whether the log turned out to be another one below the head that is known.
    parted: bool,
    /// The log's origin, and every key that a founding or a rotation names; which of them is in force is a rule.
    origin: Option<String>,
    log_keys: Vec<PublicKey>,
    violations: Vec<Violation>,
}

impl Auditor {
    /// Begins an audit at a level; with an expected ledger id, the log must be that one.
    #[must_use]
    pub fn new(level: Level, expected: Option<LedgerId>) -> Self {
        Self {
            level,
            expected,
            apart: (level < Level::Full).then(Tree::default),
            preparer: Preparer::new(level.depth()),
            ledger: Ledger::default(),
            founding: None,
            stopped: false,
            trusted: None,
            known: None,
            remembered: None,
            forgotten: None,
            parted: false,
            origin: None,
            log_keys: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Leaves out the signatures of the entries under a head that an earlier audit has verified. That the log has this head
    /// is checked, and so every byte below it.
    #[must_use]
    pub fn trusting(mut self, verified: Option<Head>) -> Self {
        self.trusted = verified;
        self.preparer = self.preparer();
        self
    }

    /// Goes on from what an earlier audit has judged, at this level or a higher one and by this build: a full one under `head` from the
    /// state that it `remembered`. The entries below are hashed and indexed again, and nothing more; where they do not have that head, or
    /// that state cannot be had, [`Report::parted`] says so, and such a report says nothing else: the log is to be judged from its
    /// beginning. Stored projections of a size below `head` are then not compared: whoever resumes requires that they are those of then.
    #[must_use]
    pub fn knowing(mut self, head: Head, remembered: Option<Remembered>) -> Self {
        self.known = Some(head).filter(|_| remembered.is_some() || self.level < Level::Full);
        self.remembered = remembered;
        self.preparer = self.preparer();
        self
    }

    /// Prepares entries for this audit, on any thread.
    #[must_use]
    pub fn preparer(&self) -> Preparer {
        Preparer::new(self.level.depth()).vouching(self.verified()).knowing(self.known_size())
    }

    /// How many entries an earlier audit has judged.
    fn known_size(&self) -> u64 {
        self.known.map_or(0, |head| head.size)
    }

    /// Tells whether the audit is still below the head that an earlier one has judged.
    #[must_use]
    pub fn is_retracing(&self) -> bool {
        self.tree().size() < self.known_size()
    }

    /// How many entries an earlier audit has verified.
    fn verified(&self) -> u64 {
        self.trusted.map_or(0, |head| head.size)
    }

    /// The tree over the entries so far.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        self.apart.as_ref().unwrap_or_else(|| self.ledger.state().log())
    }

    /// Judges the next entry's bytes; returns its event's id and the nodes that it completes.
    pub fn entry(&mut self, bytes: &[u8]) -> (Option<EventId>, Vec<Node>) {
        let prepared = self.prepare(self.tree().size(), bytes.to_vec());
        prepared.map_or_else(|| (None, Vec::new()), |prepared| self.take(prepared))
    }

    fn prepare(&mut self, index: u64, bytes: Vec<u8>) -> Option<Prepared> {
        self.preparer.prepare(index, vec![bytes]).into_iter().next()
    }

    /// Judges the next entry, prepared before its turn; returns its event's id and the nodes that it completes. One that was not
    /// prepared as far as this audit judges, by [`Auditor::preparer`], is prepared again.
    pub fn take(&mut self, mut prepared: Prepared) -> (Option<EventId>, Vec<Node>) {
        let index = self.tree().size();
        if prepared.entry.as_ref().is_ok_and(|framed| !self.is_judged(index, framed)) {
            let bytes = std::mem::take(&mut prepared.bytes);
            let Some(again) = self.prepare(index, bytes) else { return (None, Vec::new()) };
            prepared = again;
        }
        let leaf = prepared.leaf;
        let (id, names_log_key) = match &prepared.entry {
            Ok(Framed { id, names_log_key, .. }) => (*id, *names_log_key),
            Err(error) => {
                let (code, what) = (entry_code(error), chain(error));
                self.parted = self.parted || self.is_retracing();
                let nodes = self.stop().push_hash(leaf);
                self.note(Some(index), code, what);
                return (None, nodes);
            }
        };
        if index == 0 {
            self.founded(id);
        }
        if names_log_key || self.origin.is_none() {
            self.names_keys(&prepared.bytes);
        }
        let nodes = if self.is_retracing() { self.retrace(&prepared) } else { self.judge(index, prepared) };
        (Some(id), nodes)
    }

    /// Tells whether an entry was prepared as far as this audit judges, on no word that it does not take itself.
    fn is_judged(&self, index: u64, framed: &Framed) -> bool {
        let known = index < self.known_size();
        known || self.level.depth() <= framed.depth && (!framed.vouched || index < self.verified())
    }

    /// Takes an entry that an earlier audit has judged; with the last of them the log has to have the head of then.
    fn retrace(&mut self, prepared: &Prepared) -> Vec<Node> {
        let Prepared { bytes: _, leaf, entry } = prepared;
        let nodes = match (entry, &mut self.apart) {
            (_, Some(tree)) => tree.push_hash(*leaf),
            (Ok(framed), None) => self.ledger.retrace(framed.id, framed.accepted_at, *leaf),
            (Err(_), None) => Vec::new(),
        };
        if !self.is_retracing() {
            self.parted = self.parted || self.known != Some(self.tree().head()) || !self.remember();
        }
        nodes
    }

    /// Puts the books of the known head in place; tells whether they could be had.
    fn remember(&mut self) -> bool {
        let Some(Remembered(fetch)) = self.remembered.take() else { return true };
        match fetch() {
            Ok(books) => self.ledger.remember(books),
            Err(why) => self.forgotten = Some(why),
        }
        self.forgotten.is_none()
    }

    /// Gives up on the rules: from here on the tree is kept apart from the ledger.
    fn stop(&mut self) -> &mut Tree {
        self.stopped = true;
        self.apart.get_or_insert_with(|| self.ledger.state().log().clone())
    }

    /// Remembers the keys that a founding or a rotation names. Only these two are read: at the level `log` payloads are not.
    fn names_keys(&mut self, entry: &[u8]) {
        let payload = Entry::decode(entry).ok().and_then(|entry| Payload::decode(entry.event.payload()).ok());
        let Some(payload) = payload else { return };
        if let (Act::FoundLedger(act), None) = (&payload.act, &self.origin) {
            self.origin = Some(act.origin.as_str().to_owned());
            self.log_keys.push(act.log_key.clone());
        } else if let Act::RotateLogKey(act) = &payload.act {
            self.log_keys.push(act.log_key.clone());
        }
    }

    /// Judges the checkpoint under which the log is published: its origin, and that the key in force has signed it. Returns
    /// the head that it states.
    pub fn checkpoint(&mut self, note: &str) -> Option<Head> {
        let mut unsigned = |what: &CheckpointError| self.note(None, "head-unsigned", chain(what));
        let note = match Note::read(note) {
            Ok(note) => note,
            Err(error) => {
                unsigned(&CheckpointError::Note(error));
                return None;
            }
        };
        let stated = match Checkpoint::read(note.text()) {
            Ok(stated) => stated,
            Err(error) => {
                unsigned(&error);
                return None;
            }
        };
        let state = self.ledger.state();
        let judged = self.level == Level::Full && !self.stopped;
        let keys = match state.log_key(stated.head.size) {
            Some(key) if judged => vec![key.clone()],
            Some(_) | None => self.log_keys.clone(),
        };
        let origin = self.origin.clone().unwrap_or_default();
        let verdicts: Vec<_> = keys.iter().map(|key| Checkpoint::verify_note(&note, &origin, key)).collect();
        if !verdicts.iter().any(Result::is_ok) {
            let first = verdicts.into_iter().find_map(Result::err).unwrap_or(CheckpointError::Unsigned);
            self.note(None, "head-unsigned", chain(&first));
        }
        Some(stated.head)
    }

    fn founded(&mut self, id: EventId) {
        let ledger = id.as_ledger();
        self.founding = Some(ledger);
        if let Some(expected) = self.expected.filter(|expected| *expected != ledger) {
            self.note(Some(0), "wrong-ledger", format!("the log founds the ledger {ledger}, expected: {expected}"));
        }
    }

    fn judge(&mut self, index: u64, prepared: Prepared) -> Vec<Node> {
        let leaf = prepared.leaf;
        if let Some(tree) = &mut self.apart {
            let nodes = tree.push_hash(leaf);
            // Without a state the signature still says something.
            if let Ok(Framed { judged: Err(Fault::Signature(error)), .. }) = prepared.entry {
                self.note(Some(index), signature_code(error), chain(&error));
            }
            return nodes;
        }
        match self.ledger.take(prepared) {
            Ok(admission) => admission.nodes,
            Err(error) => {
                let nodes = self.stop().push_hash(leaf);
                self.unlawful(index, &error);
                nodes
            }
        }
    }

    /// Notes the entry at which the rules could not be followed any further.
    fn unlawful(&mut self, index: u64, error: &ReplayError) {
        match &error.why {
            ReplayFault::Event(crate::ledger::AdmitError::Refused(refusal)) => self.push(Violation {
                entry: Some(index),
                code: refusal.reason.code().to_owned(),
                what: refusal.reason.to_string(),
                clause: Some(refusal.rule.to_string()),
                facts: refusal.reason.facts().into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect(),
            }),
            ReplayFault::Event(why) => self.note(Some(index), why.code(), chain(why)),
            ReplayFault::Entry(why) => self.note(Some(index), entry_code(why), chain(why)),
        }
    }

    /// Compares a stored tree node with the computed one.
    pub fn stored_node(&mut self, expected: &Node, stored: Option<TreeHash>) {
        if stored == Some(expected.hash) {
            return;
        }
        let Node { level, index, hash } = expected;
        let shown = stored.map_or_else(|| "nothing".to_owned(), |hash| hash.to_string());
        let what = format!("the stored tree node {index} of level {level} is {shown}, computed: {hash}");
        let entry = index.checked_shl(u32::from(*level)).unwrap_or(*index);
        self.note(Some(entry), if *level == 0 { "entry-altered" } else { "node-altered" }, what);
    }

    /// Compares where a stored index finds an event with where it stands.
    pub fn stored_position(&mut self, index: u64, event: EventId, found: Option<u64>) {
        if found != Some(index) {
            let shown = found.map_or_else(|| "nowhere".to_owned(), |found| found.to_string());
            self.note(
                Some(index),
                "index-altered",
                format!("the stored index finds {event} at {shown}, it is at: {index}"),
            );
        }
    }

    /// Notes an event in a stored index that no entry has: it would be taken for one that the log has already.
    pub fn surplus_position(&mut self, event: EventId, found: u64) {
        let what = format!("the stored index finds {event} at {found}, and no entry has it");
        self.note(None, "index-altered", what);
    }

    /// Notes a stored index that cannot be read to its end.
    pub fn unreadable_index(&mut self, what: &str) {
        self.note(None, "index-altered", format!("the stored index cannot be read: {what}"));
    }

    /// Judges the head of a bundle that was made without the log's key: nobody vouches for it, but it names this log.
    pub fn unsigned_head(&mut self, stated: &Checkpoint) {
        if let Some(own) = self.origin.clone().filter(|own| *own != stated.origin) {
            let error = CheckpointError::Origin { expected: own, got: stated.origin.clone() };
            self.note(None, "head-unsigned", chain(&error));
        }
    }

    /// Compares a published tile with the computed one.
    pub fn published_tile(&mut self, tile: &Tile, published: Option<&[u8]>) {
        let expected = tile.hashes(self.tree());
        let path = tile.path();
        match published {
            None => self.note(None, "tile-missing", format!("the published log has no file {path}")),
            Some(bytes) if expected.as_deref() != Some(bytes) => {
                let pairs = expected.iter().flatten().zip(bytes);
                let same = pairs.take_while(|(own, other)| own == other).count();
                let what = format!("the published tile {path} differs from the computed one in its byte {same}");
                self.note(None, "tile-altered", what);
            }
            Some(_) => {}
        }
    }

    /// Compares a published bundle of entries, of a head that was published before, with the log.
    pub fn published_entries(&mut self, tile: &Tile, published: &[u8]) {
        let first = tile.index.saturating_mul(crate::tiles::WIDTH);
        let entries = crate::tiles::entries(published).unwrap_or_default();
        let same = (first..).zip(&entries).all(|(index, entry)| self.tree().node(0, index) == Some(leaf_hash(entry)));
        if !same || u64::try_from(entries.len()) != Ok(tile.width) {
            let what = format!("the published file {} holds other entries than the log", tile.path());
            self.note(None, "tile-altered", what);
        }
    }

    /// Notes that a published bundle holds more than the entries that its name announces.
    pub fn surplus(&mut self, tile: &Tile) {
        let what = format!("the published file {} holds more than its {} entries", tile.path(), tile.width);
        self.note(None, "tile-altered", what);
    }

    /// Notes that a file is no bundle, or is cut off.
    pub fn not_a_bundle(&mut self, what: &str) {
        self.note(None, "not-a-bundle", format!("the file is no whole bundle: {what}"));
    }

    /// Compares a head that somebody kept with the one that the log had at that size.
    pub fn kept_head(&mut self, kept: &Head, whose: &str) {
        match self.tree().head_at(kept.size) {
            None => {
                let what = format!("{whose} has {} entries, the log only: {}", kept.size, self.tree().size());
                self.note(None, "log-truncated", what);
            }
            Some(own) if own.root != kept.root => {
                let what = format!("{whose} has the root {} at size {}, the log: {}", kept.root, kept.size, own.root);
                self.note(None, "head-differs", what);
            }
            Some(_) => {}
        }
    }

    /// Notes that an entry which the head announces cannot be read.
    pub fn missing(&mut self, index: u64) {
        self.note(Some(index), "entry-missing", format!("the head announces entry {index}, the log does not have it"));
    }

    /// Notes that the store holds an entry which its head does not cover.
    pub fn beyond(&mut self, index: u64) {
        self.note(
            Some(index),
            "entry-beyond-head",
            format!("the store holds entry {index}, which its head does not cover"),
        );
    }

    /// Notes that a stored projection disagrees with the one rebuilt.
    pub fn stored_projection(&mut self, name: &str, stored: &str, rebuilt: &str) {
        if stored != rebuilt {
            let what = format!("the stored projection `{name}` has the digest {stored}, rebuilt: {rebuilt}");
            self.note(None, "projection-altered", what);
        }
    }

    /// Notes a stored row of the state that is not the one that the entries make.
    pub fn stored_row(&mut self, shelf: u8, key: &[u8]) {
        let what = format!("the stored row {} of shelf {shelf} is not the one that the entries make", hex::encode(key));
        self.note(None, "projection-altered", what);
    }

    /// The digests of the projections as the audit rebuilt them, if it judged every entry.
    #[must_use]
    pub fn rebuilt(&self) -> Option<&Ledger> {
        (self.level == Level::Full && !self.stopped).then_some(&self.ledger)
    }

    /// Ends the audit; `stored` is the head that the store names.
    #[must_use]
    pub fn finish(mut self, stored: &Head) -> Report {
        // Signatures below it were left out, so a log without it is not the one that was verified.
        if let Some(verified) = self.trusted {
            self.kept_head(&verified, "the head that was verified before");
        }
        let head = self.tree().head();
        if head != *stored {
            let what = format!(
                "the stored head has size {} and root {}, computed: size {} and root {}",
                stored.size, stored.root, head.size, head.root
            );
            self.note(None, "head-altered", what);
        }
        if self.founding.is_none() && self.expected.is_some() && head.size == 0 {
            self.note(None, "wrong-ledger", "the log is empty and founds no ledger".to_owned());
        }
        // Whatever is wrong below the known head is told by an audit from the beginning.
        let parted = self.parted || self.is_retracing();
        let judged = self.ledger.state().log().size();
        let Self { level, founding, violations, ledger, origin, apart, forgotten, .. } = self;
        let seen = Vec::new();
        Report {
            level,
            head,
            ledger: founding,
            origin,
            apart,
            violations,
            judged,
            rebuilt: ledger,
            seen,
            parted,
            forgotten,
        }
    }

    fn note(&mut self, entry: Option<u64>, code: &str, what: String) {
        self.push(Violation::new(entry, code, what));
    }

    fn push(&mut self, violation: Violation) {
        if self.gave_up() {
            return;
        }
        self.violations.push(violation);
        if self.gave_up() {
            let what = format!("{VIOLATIONS_MAX} faults are found; the rest was not read");
            self.violations.push(Violation::new(None, "too-many-faults", what));
        }
    }

    /// Tells whether so many faults are found that more would tell nobody anything: whoever feeds the auditor stops.
    #[must_use]
    pub const fn gave_up(&self) -> bool {
        self.parted || VIOLATIONS_MAX <= self.violations.len()
    }
}

/// The interpretations that the results of a charter rest on, in words.
#[must_use]
pub fn rests_on(charter: &Charter) -> Vec<String> {
    let interpretations = charter.interpretations().iter();
    interpretations.map(|reading| format!("{}: {}", reading.clause, reading.reading)).collect()
}

fn entry_code(error: &EntryError) -> &'static str {
    match error {
        EntryError::TooLong { .. } => "too-long",
        EntryError::Cbor(_) => "not-canonical",
        EntryError::Shape | EntryError::Event(_) => "not-an-entry",
        EntryError::Version(_) => "unknown-version",
    }
}

fn signature_code(error: SignatureError) -> &'static str {
    match error {
        SignatureError::Key(_) => "bad-key",
        SignatureError::Signature => "bad-signature",
    }
}

/// An error with its causes, on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
