//! Project committees: who sits in them, how their fortnight goes, and the meetings in which they talk.

use serde_json::{Value, json};

use super::Life;
use super::calendar::{DAY, HOUR, MINUTE, SECOND, Task, written};
use super::poll::Poll;

/// Polls that a committee has open at once at most.
pub const SLOTS: usize = 5;
/// Members of a committee at least, where nobody leaves any more.
const FEWEST: usize = 4;

/// How far a committee has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its founding stands on an agenda.
    Planned,
    /// It and its project have been founded.
    Founded,
    /// Its establishment stands on an agenda.
    Proposed,
    /// The council has declared it established.
    Established,
}

/// The project committee of a project.
#[derive(Debug)]
pub struct Committee {
    /// The position of its project.
    pub project: usize,
    /// What its id has after the slash.
    pub name: String,
    /// Its members, the chair among them.
    pub members: Vec<usize>,
    /// Its chair, if it has one now.
    pub chair: Option<usize>,
    /// How far it has come.
    pub stage: Stage,
    /// Its groups, less those on which a poll is open.
    pub groups: Vec<String>,
    /// How many groups it has ever asked for.
    pub named: usize,
    /// Open polls by slot.
    pub polls: [Option<Poll>; SLOTS],
    /// How many polls it has opened.
    pub turns: u64,
    sitting: Option<Sitting>,
}

/// A meeting of a committee.
#[derive(Debug)]
struct Sitting {
    presider: Option<usize>,
    present: Vec<usize>,
    ends_by: u64,
}

impl Committee {
    /// The committee of a project, which is to be founded with it.
    #[must_use]
    pub fn new(project: usize, name: String) -> Self {
        Self {
            project,
            name,
            members: Vec::new(),
            chair: None,
            stage: Stage::Planned,
            groups: Vec::new(),
            named: 0,
            polls: [const { None }; SLOTS],
            turns: 0,
            sitting: None,
        }
    }

    /// Tells whether it and its project have been founded.
    #[must_use]
    pub fn is_founded(&self) -> bool {
        Stage::Founded <= self.stage
    }

    /// Tells whether it acts on its own.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.stage == Stage::Established
    }

    /// Its id.
    #[must_use]
    pub fn unit(&self) -> String {
        format!("pmc/{}", self.name)
    }

    /// A label of its own.
    #[must_use]
    pub fn label(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }

    /// Takes a member's seat away, and the chair with it.
    pub fn lose(&mut self, person: usize) {
        self.members.retain(|other| *other != person);
        self.chair = self.chair.filter(|chair| *chair != person);
    }
}

impl Life {
    /// A fortnight begins: a meeting is convened, motions are planned, and somebody may leave.
    pub(super) fn committee_begins(&mut self, index: usize) {
        let now = self.script.clock;
        self.script.schedule(now + 14 * DAY, Task::CommitteeBegins(index));
        for _ in 0..self.script.chance.between(2, 4) {
            let at = now + self.script.chance.between(HOUR, 9 * DAY);
            self.script.schedule(at, Task::Put(index));
        }
        self.convene_committee(index);
        if self.script.chance.percent(35) {
            self.leave_committee(index);
        }
        let project = self.committees.get(index).map(|committee| committee.project);
        if let Some(project) = project.filter(|_| self.script.chance.percent(45)) {
            self.step_down(project);
        }
    }

    /// The chair convenes a meeting some days ahead, at eight in the evening in Shanghai.
    fn convene_committee(&mut self, index: usize) {
        let Self { script, committees, people, .. } = self;
        let Some(committee) = committees.get_mut(index) else { return };
        let Some(chair) = committee.chair else { return };
        let starts = (script.clock / DAY + script.chance.between(2, 6)) * DAY + 12 * HOUR;
        let agenda = script.chance.word(&["Roadmap", "版本计划", "Open issues", "性能测试"]);
        let notice = json!({
            "unit": committee.unit(), "kind": "regular", "starts": written(starts), "place": "https://meet.example.org/pmc",
            "mode": "remote", "agenda": [agenda], "references": "none", "id": committee.label("m"),
        });
        script.act(&people.handle(chair), "notice", notice);
        if script.chance.percent(4) {
            let fields = json!({"event": format!("@{}", committee.label("m")), "reason": "a holiday"});
            script.act(&people.handle(chair), "cancel", fields);
            return;
        }
        committee.sitting = Some(Sitting { presider: None, present: Vec::new(), ends_by: starts + 4 * HOUR });
        for person in committee.members.iter().copied() {
            if person == chair || script.chance.percent(85) {
                let at = starts + script.chance.between(0, 9 * MINUTE);
                script.schedule(at, Task::Arrive { committee: index, person });
            }
        }
        script.schedule(starts + 10 * MINUTE, Task::CommitteeOpens(index));
        let ends = starts + script.chance.between(40 * MINUTE, 2 * HOUR);
        script.schedule(ends, Task::CommitteeAdjourns(index));
    }

    /// A member checks in, if still a member.
    pub(super) fn arrive(&mut self, index: usize, person: usize) {
        let Self { script, committees, people, .. } = self;
        let Some(committee) = committees.get_mut(index) else { return };
        let here = json!({"meeting": format!("@{}", committee.label("m"))});
        let member = committee.members.contains(&person);
        let Some(sitting) = committee.sitting.as_mut().filter(|sitting| script.clock < sitting.ends_by) else { return };
        if member && !sitting.present.contains(&person) {
            sitting.present.push(person);
            script.act(&people.handle(person), "check-in", here);
        }
    }

    /// The chair opens the meeting, if there is one who has come.
    pub(super) fn committee_opens(&mut self, index: usize) {
        let Self { script, committees, people, .. } = self;
        let Some(committee) = committees.get_mut(index) else { return };
        let meeting = json!({"meeting": format!("@{}", committee.label("m"))});
        let chair = committee.chair;
        let Some(sitting) = committee.sitting.as_mut().filter(|sitting| script.clock < sitting.ends_by) else { return };
        if let Some(chair) = chair.filter(|chair| sitting.present.contains(chair)) {
            sitting.presider = Some(chair);
            script.act(&people.handle(chair), "open", meeting);
        }
    }

    /// Some leave early, the presider ends the meeting, and signs its minutes.
    pub(super) fn committee_adjourns(&mut self, index: usize) {
        let Self { script, committees, people, .. } = self;
        let Some(committee) = committees.get_mut(index) else { return };
        let Some(sitting) = committee.sitting.take().filter(|sitting| script.clock < sitting.ends_by) else { return };
        let Some(presider) = sitting.presider.filter(|presider| committee.members.contains(presider)) else { return };
        let meeting = format!("@{}", committee.label("m"));
        for person in sitting.present.iter().filter(|person| **person != presider) {
            if script.chance.percent(12) {
                script.act(&people.handle(*person), "check-out", json!({"meeting": meeting}));
                script.pass(0, SECOND);
            }
        }
        let handle = people.handle(presider);
        script.act(&handle, "adjourn", json!({"meeting": meeting}));
        if script.chance.percent(60) {
            let minutes = record(&committee.unit(), "minutes", json!({"event": meeting, "digest": digest(index)}));
            script.act(&handle, "record", minutes);
        }
        if let Some(guest) = script.chance.pick(&sitting.present).filter(|_| script.chance.percent(10)) {
            let words = json!({"event": meeting, "statement": "I would have measured first"});
            script.act(&people.handle(guest), "record", record(&committee.unit(), "objection", words));
        }
    }

    /// A member leaves, where enough remain; sometimes the chair only steps down from the chair.
    fn leave_committee(&mut self, index: usize) {
        let Self { script, committees, people, .. } = self;
        let Some(committee) = committees.get_mut(index) else { return };
        let Some(person) = script.chance.pick(&committee.members) else { return };
        let chairs = committee.chair == Some(person);
        let role = if chairs && script.chance.percent(70) { "chair" } else { "member" };
        if role == "member" && committee.members.len() <= FEWEST {
            return;
        }
        script.act(&people.handle(person), "resign", json!({"unit": committee.unit(), "role": role}));
        if role == "chair" {
            committee.chair = None;
        } else {
            committee.lose(person);
        }
    }
}

/// The fields of a record.
pub(super) fn record(unit: &str, kind: &str, more: Value) -> Value {
    let mut fields = json!({"unit": unit, "kind": kind});
    if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    fields
}

/// Some digest of a document that nobody asks for.
pub(super) fn digest(number: usize) -> String {
    format!("{number:064x}")
}
