//! Matters: what a committee takes up outside its meetings, and what has to be there before it can.

use serde_json::{Value, json};

use super::Life;
use super::committee::Committee;
use super::script::set;

/// Groups of a committee at most.
const GROUPS: usize = 4;
/// Members of a committee at most.
const MEMBERS: usize = 14;

/// What a committee may decide outside meetings, with what the decision would do.
#[derive(Clone, Debug)]
pub enum Matter {
    /// Words.
    Words,
    /// A group is founded.
    Found(String),
    /// A group is dissolved.
    Dissolve(String),
    /// A group is dissolved in favour of another.
    Merge(String, String),
    /// Somebody joins whom the chair, who is named too, has nominated.
    Nominee(usize, usize),
    /// Somebody joins who has applied.
    Applicant(usize),
    /// Somebody becomes a Maintainer of a project that has too few.
    Seed(usize),
}

/// A matter with the motion's title and effect.
type Motion = (Matter, String, Value);

impl Life {
    /// What a committee takes up now: somebody who could join, a group, or words.
    pub(super) fn matter(&mut self, index: usize, slot: usize) -> Motion {
        let fate = self.script.chance.below(100);
        let motion = match fate {
            0..40 => self.seed(index).or_else(|| self.candidate(index, slot)),
            40..60 => self.group(index),
            _ => None,
        };
        motion.unwrap_or_else(|| self.words())
    }

    fn words(&mut self) -> Motion {
        let topic = self.script.chance.word(&["", "", "release", "advice", "sig-conflict"]);
        let title =
            self.script.chance.word(&["Ship the release", "特性冻结", "Backport the fix", "测试计划", "Style guide"]);
        let mut effect = json!({"kind": "resolve", "text": format!("{title}: as proposed")});
        if !topic.is_empty() {
            set(&mut effect, "topic", topic);
        }
        (Matter::Words, title.to_owned(), effect)
    }

    /// A group is founded, dissolved, or merged into another.
    fn group(&mut self, index: usize) -> Option<Motion> {
        let committee = self.committees.get_mut(index)?;
        if committee.groups.len() < GROUPS && self.script.chance.percent(70) {
            return Some(new_group(
                committee,
                self.script.chance.word(&["Storage", "Optimizer", "文档", "Cloud", "Test"]),
            ));
        }
        self.script.chance.shuffle(&mut committee.groups);
        let group = committee.groups.pop()?;
        let title = format!("End {group}");
        let into = if self.script.chance.percent(50) { committee.groups.pop() } else { None };
        Some(if let Some(into) = into {
            let effect = json!({"kind": "merge-units", "unit": group, "into": into});
            (Matter::Merge(group, into), title, effect)
        } else {
            let effect = json!({"kind": "dissolve-unit", "unit": group});
            (Matter::Dissolve(group), title, effect)
        })
    }

    /// DEV-SEED: where fewer than two Maintainers are left, the committee appoints one.
    fn seed(&mut self, index: usize) -> Option<Motion> {
        let committee = self.committees.get(index)?;
        let project = self.projects.get(committee.project)?;
        let runs = committee.polls.iter().flatten().any(|poll| matches!(poll.matter, Matter::Seed(_)));
        if runs || 2 <= project.maintainers.len() {
            return None;
        }
        let fits = |person: usize| !project.maintainers.contains(&person) && !self.people.waits(person);
        let person = self.script.chance.pick_where(&project.reviewers, fits)?;
        let effect = json!({"kind": "grant", "unit": project.unit(), "role": "maintainer", "person": self.people.handle(person)});
        self.people.set_waits(person, true);
        Some((Matter::Seed(person), "One more Maintainer".to_owned(), effect))
    }

    /// PMC-18 and PMC-19: the chair nominates somebody of the project, or a Maintainer applies.
    fn candidate(&mut self, index: usize, slot: usize) -> Option<Motion> {
        let committee = self.committees.get(index).filter(|committee| committee.members.len() < MEMBERS)?;
        let project = self.projects.get(committee.project)?;
        let (unit, label) = (committee.unit(), committee.label(&format!("n{slot}")));
        let fits = |person: usize| !committee.members.contains(&person) && !self.people.waits(person);
        let chance = &mut self.script.chance;
        let applicant = chance.pick_where(&project.maintainers, fits).filter(|_| chance.percent(50));
        let (chair, known) = (committee.chair, |person: usize| fits(person) && project.holds_role(person));
        let nominee = chance.pick(&project.circle).filter(|person| known(*person));
        let (matter, person) = match (applicant, chair, nominee) {
            (Some(person), _, _) => (Matter::Applicant(person), person),
            (None, Some(chair), Some(person)) => (Matter::Nominee(person, chair), person),
            _ => return None,
        };
        let handle = self.people.handle(person);
        self.people.set_waits(person, true);
        let mut candidacy = json!({"unit": unit, "role": "member", "statement": "Years of work", "id": label});
        if let Matter::Nominee(_, chair) = &matter {
            set(&mut candidacy, "person", handle.as_str());
            self.script.act(&self.people.handle(*chair), "nominate", candidacy);
            self.script.act(&handle, "accept", json!({"event": format!("@{label}")}));
        } else {
            self.script.act(&handle, "apply", candidacy);
        }
        let effect = json!({"kind": "grant", "unit": unit, "role": "member", "person": handle});
        Some((matter, format!("{handle} joins"), effect))
    }
}

fn new_group(committee: &mut Committee, subject: &str) -> Motion {
    committee.named += 1;
    let group = format!("sig/{}-{subject}-{}", committee.name, committee.named);
    let effect = json!({"kind": "found-unit", "unit": group});
    (Matter::Found(group.clone()), format!("Found {group}"), effect)
}
