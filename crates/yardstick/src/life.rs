//! A seeded generator of community life: acts that the charter `greatsql` allows, as lines for `rollcall rehearse`.
//!
//! A council is seated, projects with their committees are founded, people join, contribute, climb and step down, meet and
//! vote, for as long as lines are asked for; the same seed gives the same lines. What a rule needs (a quorum, a seat, a
//! tenure that a nomination rests on) is known here, so that no line is refused.

mod agenda;
mod calendar;
mod chance;
mod committee;
mod council;
mod decisions;
mod matters;
mod people;
mod poll;
mod project;
mod records;
mod script;
mod users;

use serde_json::{Value, json};

use calendar::{END, Task};
use committee::Committee;
use council::Council;
use people::{AUTHORITY, People};
use project::Project;
use script::Script;
use users::Organisation;

/// Contributions and what is attested of them, of a hundred lines.
const WORK_SHARE: u64 = 20;
/// Records, benefits, keys and the user side, of a hundred lines.
const OTHER_SHARE: u64 = 6;
/// How much may happen between two tasks of the calendar.
const BETWEEN: usize = 6;

/// The life of a community, line by line, until the year 2095.
#[derive(Debug)]
pub struct Life {
    script: Script,
    people: People,
    council: Council,
    projects: Vec<Project>,
    committees: Vec<Committee>,
    organisations: Vec<Organisation>,
}

impl Life {
    /// A life that is the same for the same seed. It begins with the founding.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut life = Self {
            script: Script::new(seed),
            people: People::default(),
            council: Council::default(),
            projects: Vec::new(),
            committees: Vec::new(),
            organisations: Vec::new(),
        };
        let [founder, second, _] = AUTHORITY;
        let found = json!({"name": "GreatSQL", "charter": "greatsql", "authority": AUTHORITY, "threshold": 2});
        life.script.act(founder, "found", found);
        life.script.act(founder, "confirm", json!({}));
        life.script.act(second, "confirm", json!({}));
        life.seat_council();
        life.council_convenes();
        life
    }

    /// The next thing in the calendar happens, and then what happens on any day.
    fn go_on(&mut self) {
        let Some(task) = self.script.next_task() else { return };
        match task {
            Task::CouncilConvenes => self.council_convenes(),
            Task::CouncilMeets => self.council_meets(),
            Task::CommitteeBegins(index) => self.committee_begins(index),
            Task::Arrive { committee, person } => self.arrive(committee, person),
            Task::CommitteeOpens(index) => self.committee_opens(index),
            Task::CommitteeAdjourns(index) => self.committee_adjourns(index),
            Task::Put(index) => self.put(index),
            Task::Ballot { committee, slot, turn, person } => self.ballot(committee, slot, turn, person),
            Task::Close { committee, slot, turn } => self.close(committee, slot, turn),
        }
        // What is due comes first: a body whose time has run out has something to enter before anything else.
        if self.script.is_up_to_date() && self.committees.iter().any(Committee::is_founded) {
            self.any_day();
        }
    }

    /// People join, contribute, and put things on record, in proportion to what else there is.
    fn any_day(&mut self) {
        for _ in 0..BETWEEN {
            let tally = self.script.tally;
            if self.has_room() {
                self.join();
            } else if tally.work * 100 < tally.lines * WORK_SHARE {
                self.contribute();
            } else if tally.other * 100 < tally.lines * OTHER_SHARE {
                self.something_else();
                self.script.tally.other += self.script.tally.lines - tally.lines;
            } else {
                return;
            }
        }
    }

    fn something_else(&mut self) {
        match self.script.chance.below(100) {
            0..45 => self.put_on_record(),
            45..97 => self.use_product(),
            97 => self.take_key(),
            98 => self.describe(),
            _ => self.delegate(),
        }
    }
}

impl Iterator for Life {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(line) = self.script.take() {
                return Some(line);
            }
            if END <= self.script.clock {
                return None;
            }
            self.go_on();
        }
    }
}
