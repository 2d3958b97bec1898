//! What an audit found: every violation with its place, code and clause, and the ledger as it was rebuilt. It judges nothing but what
//! witnesses saw of that.

use std::collections::BTreeMap;

use super::Level;
use crate::digest::LedgerId;
use crate::ledger::Ledger;
use crate::refusal::Fact;
use crate::tree::{Head, Tree};
use crate::witnessed::Seen;

/// Something that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// The entry, where one is at fault.
    pub entry: Option<u64>,
    /// The stable code.
    pub code: String,
    /// What is wrong, in words.
    pub what: String,
    /// The clause or rule that is broken.
    pub clause: Option<String>,
    /// The facts.
    pub facts: BTreeMap<String, Fact>,
}

impl Violation {
    pub(super) fn new(entry: Option<u64>, code: &str, what: String) -> Self {
        Self { entry, code: code.to_owned(), what, clause: None, facts: BTreeMap::new() }
    }
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Report {
    /// How much was checked.
    pub level: Level,
    /// The head computed from the entries.
    pub head: Head,
    /// The ledger that entry 0 founds.
    pub ledger: Option<LedgerId>,
    /// The log's origin, by its founding.
    pub origin: Option<String>,
    /// The tree over the entries, where the rules were not judged to the end.
    pub(super) apart: Option<Tree>,
    /// Every violation, in the order in which they were found.
    pub violations: Vec<Violation>,
    /// The last entry whose rules were judged, plus one.
    pub judged: u64,
    /// The ledger as the audit rebuilt it.
    pub rebuilt: Ledger,
    /// Heads that the witnesses named in the log have cosigned.
    pub seen: Vec<Seen>,
    /// Whether the audit could not go on from what an earlier one has judged. Then nothing else here says anything.
    pub parted: bool,
    /// Why it could not, where it is not the log that is another one.
    pub forgotten: Option<String>,
}

impl Report {
    /// The tree over the entries.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        self.apart.as_ref().unwrap_or_else(|| self.rebuilt.state().log())
    }

    /// Tells whether nothing is wrong. Of a log that has parted from what was judged before, nobody can tell.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.violations.is_empty() && !self.parted
    }

    /// Notes a fault that was found beside the log: in what its auditor has kept, or asks for.
    pub fn add(&mut self, code: &str, what: String) {
        self.violations.push(Violation::new(None, code, what));
    }

    /// Compares a cosigned head with the times that the log states: what witnesses saw was accepted by then. Where every rule was
    /// judged and nothing is wrong, what the head shows is kept.
    pub fn see(&mut self, note: &str, whose: &str) {
        if self.level != Level::Full || !self.is_valid() {
            return;
        }
        let state = self.rebuilt.state();
        let Some(seen) = Seen::read(state, note) else { return };
        if let Some((entry, accepted)) = seen.contradicts(state) {
            let Seen { size, by } = seen;
            let what = format!(
                "{whose}, of {size} entries, was seen by witnesses at {by}; the log says that its entry {entry} was accepted at {accepted}"
            );
            self.add("time-contradicted", what);
        } else {
            self.seen.push(seen);
        }
    }
}
