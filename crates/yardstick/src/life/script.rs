//! The script: lines in the order of their time, and what is still to come.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value};

use super::calendar::{self, Task};
use super::chance::Chance;

/// How many lines of each sort have been written, by which the sorts are kept in proportion.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// All lines.
    pub lines: u64,
    /// Contributions and what is attested of them.
    pub work: u64,
    /// Records, benefits, keys and the user side.
    pub other: u64,
}

/// Lines that are written and not yet taken, the clock, and the calendar.
#[derive(Debug)]
pub struct Script {
    /// The dice.
    pub chance: Chance,
    /// Unix milliseconds of the next line.
    pub clock: u64,
    /// What has been written.
    pub tally: Tally,
    lines: VecDeque<Value>,
    calendar: BTreeMap<(u64, u64), Task>,
    entered: u64,
    signers: BTreeMap<String, String>,
}

impl Script {
    /// An empty script.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed),
            clock: calendar::BEGINNING,
            tally: Tally::default(),
            lines: VecDeque::new(),
            calendar: BTreeMap::new(),
            entered: 0,
            signers: BTreeMap::new(),
        }
    }

    /// The oldest line that has not been taken.
    pub fn take(&mut self) -> Option<Value> {
        self.lines.pop_front()
    }

    /// Enters a task into the calendar.
    pub fn schedule(&mut self, at: u64, task: Task) {
        self.entered += 1;
        self.calendar.insert((at, self.entered), task);
    }

    /// The next task; the clock is at its time, or later where something before it took longer.
    pub fn next_task(&mut self) -> Option<Task> {
        let ((at, _), task) = self.calendar.pop_first()?;
        self.clock = self.clock.max(at);
        Some(task)
    }

    /// Tells whether nothing in the calendar should have happened by now.
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        self.calendar.first_key_value().is_none_or(|((at, _), _)| self.clock < *at)
    }

    /// Lets some time pass.
    pub fn pass(&mut self, from: u64, to: u64) {
        self.clock += self.chance.between(from, to);
    }

    /// Writes a line.
    pub fn act(&mut self, by: &str, act: &str, fields: Value) {
        self.count(act);
        let mut line = Map::new();
        line.insert("at".to_owned(), calendar::written(self.clock).into());
        line.insert("by".to_owned(), by.into());
        line.insert("act".to_owned(), act.into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        if let Some(signer) = self.signers.get(by).filter(|_| !line.contains_key("signed_by")) {
            line.insert("signed_by".to_owned(), signer.as_str().into());
        }
        self.lines.push_back(Value::Object(line));
    }

    /// Has a person sign with another key from now on.
    pub fn sign_with(&mut self, person: &str, key: String) {
        self.signers.insert(person.to_owned(), key);
    }

    /// The name of the key with which a person signs now.
    #[must_use]
    pub fn signer(&self, person: &str) -> String {
        self.signers.get(person).cloned().unwrap_or_else(|| person.to_owned())
    }

    fn count(&mut self, act: &str) {
        self.tally.lines += 1;
        self.tally.work += u64::from(matches!(act, "contribution" | "attest"));
    }
}

/// Adds a field to the fields of an act.
pub(super) fn set(fields: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = fields.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}
