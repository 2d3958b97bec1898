//! Polls: the motions on which a committee votes outside meetings, for a week or until everybody has voted.

use std::collections::BTreeSet;

use serde_json::json;

use super::Life;
use super::calendar::{DAY, HOUR, MINUTE, SECOND, Task, written};
use super::matters::Matter;
use super::script::set;

/// How a body feels about a motion, as how many of a hundred members are for it and how many against.
#[derive(Clone, Copy, Debug)]
pub struct Mood {
    /// For it.
    pub approving: u64,
    /// Against it; the others abstain.
    pub opposing: u64,
}

impl Mood {
    /// All are for it.
    pub const SURE: Self = Self { approving: 100, opposing: 0 };
    /// Most are for it.
    pub const WARM: Self = Self { approving: 85, opposing: 8 };
    /// Nobody knows.
    pub const TORN: Self = Self { approving: 52, opposing: 38 };
}

/// A vote that is open.
#[derive(Debug)]
pub struct Poll {
    /// Which of the polls that have had the slot.
    pub turn: u64,
    /// What it is about.
    pub matter: Matter,
    mood: Mood,
    electors: usize,
    waiting: BTreeSet<usize>,
    approvals: usize,
    closes: u64,
    /// Whose ballot has a label because it will be changed, and whether it approved.
    changing: Option<(usize, bool)>,
}

impl Life {
    /// A member puts a motion and another opens the vote on it.
    pub(super) fn put(&mut self, index: usize) {
        let Some(committee) = self.committees.get(index) else { return };
        let Some(slot) = committee.polls.iter().position(Option::is_none) else { return };
        let members = committee.members.clone();
        let chance = &mut self.script.chance;
        let (Some(mover), Some(opener)) = (chance.pick(&members), chance.pick(&members)) else { return };
        let (matter, title, effect) = self.matter(index, slot);
        let Some(committee) = self.committees.get_mut(index) else { return };
        let Self { script, people, .. } = self;
        let (motion, vote) = (committee.label(&format!("o{slot}")), committee.label(&format!("v{slot}")));
        let fields = json!({"unit": committee.unit(), "title": title, "effect": effect, "id": motion});
        script.act(&people.handle(mover), "move", fields);
        script.pass(0, MINUTE);
        let days = if script.chance.percent(80) { 7 } else { script.chance.between(8, 14) };
        let closes = script.clock + days * DAY;
        let mut fields = json!({"motion": format!("@{motion}"), "id": vote});
        if days != 7 {
            set(&mut fields, "closes", written(closes));
        }
        script.act(&people.handle(opener), "open-vote", fields);
        if script.chance.percent(2) {
            let fields = json!({"event": format!("@{vote}"), "reason": "put too soon"});
            script.act(&people.handle(opener), "cancel", fields);
            self.give_up(index, slot, matter);
        } else {
            self.call(index, slot, matter, closes);
        }
    }

    /// The members are called to vote within the week; some never do.
    fn call(&mut self, index: usize, slot: usize, matter: Matter, closes: u64) {
        let Self { script, committees, .. } = self;
        let Some(committee) = committees.get_mut(index) else { return };
        committee.turns += 1;
        let turn = committee.turns;
        script.schedule(closes, Task::Close { committee: index, slot, turn });
        for person in committee.members.iter().copied() {
            if script.chance.percent(96) {
                let at = script.clock + script.chance.between(MINUTE, 6 * DAY + 12 * HOUR);
                script.schedule(at, Task::Ballot { committee: index, slot, turn, person });
            }
        }
        let mood = if script.chance.percent(70) { Mood::WARM } else { Mood::TORN };
        let (electors, waiting) = (committee.members.len(), committee.members.iter().copied().collect());
        let poll = Poll { turn, matter, mood, electors, waiting, approvals: 0, closes, changing: None };
        if let Some(place) = committee.polls.get_mut(slot) {
            *place = Some(poll);
        }
    }

    /// A member votes, if still one; whoever voted before may think again.
    pub(super) fn ballot(&mut self, index: usize, slot: usize, turn: u64, person: usize) {
        let Self { script, committees, people, .. } = self;
        let Some(committee) = committees.get_mut(index) else { return };
        let (vote, ballot) = (committee.label(&format!("v{slot}")), committee.label(&format!("b{slot}")));
        let members = &committee.members;
        let Some(poll) = committee.polls.get_mut(slot).and_then(Option::as_mut) else { return };
        if poll.turn != turn || !members.contains(&person) || poll.closes <= script.clock {
            return;
        }
        if let Some((other, approved)) = poll.changing.take().filter(|(other, _)| members.contains(other)) {
            let choice = script.chance.word(if approved { &["against", "abstain"] } else { &["for"] });
            let again = json!({"vote": format!("@{vote}"), "choice": choice, "replaces": format!("@{ballot}")});
            script.act(&people.handle(other), "vote", again);
            script.pass(0, SECOND);
            poll.approvals = if approved { poll.approvals - 1 } else { poll.approvals + 1 };
        }
        let choice = choice(poll.mood, script.chance.below(100));
        let mut fields = json!({"vote": format!("@{vote}"), "choice": choice});
        poll.waiting.remove(&person);
        if !poll.waiting.is_empty() && script.chance.percent(7) {
            poll.changing = Some((person, choice == "for"));
            set(&mut fields, "id", ballot);
        }
        script.act(&people.handle(person), "vote", fields);
        poll.approvals += usize::from(choice == "for");
        if poll.waiting.is_empty() {
            script.pass(0, MINUTE);
            self.close(index, slot, turn);
        }
    }

    /// The outcome is recorded and, where it passed, entered at once: until then the committee could not act.
    pub(super) fn close(&mut self, index: usize, slot: usize, turn: u64) {
        let Some(committee) = self.committees.get_mut(index) else { return };
        let Some(place) = committee.polls.get_mut(slot) else { return };
        let Some(poll) = place.take_if(|poll| poll.turn == turn) else { return };
        let passed = poll.electors < 2 * poll.approvals;
        let (vote, motion) = (committee.label(&format!("v{slot}")), committee.label(&format!("o{slot}")));
        let mut fields = json!({"vote": format!("@{vote}")});
        if self.script.chance.percent(50) {
            set(&mut fields, "outcome", if passed { "passed" } else { "failed" });
        }
        let author = self.people.anybody(&mut self.script.chance);
        self.script.act(&self.people.handle(author), "close-vote", fields);
        if passed {
            self.carry_out(index, poll.matter, &format!("@{motion}"));
        } else {
            self.give_up(index, slot, poll.matter);
        }
    }

    /// What a passed motion entitles to is entered.
    fn carry_out(&mut self, index: usize, matter: Matter, basis: &str) {
        let author = self.people.anybody(&mut self.script.chance);
        let Some(committee) = self.committees.get_mut(index) else { return };
        let (unit, author) = (committee.unit(), self.people.handle(author));
        match matter {
            Matter::Words => {}
            Matter::Found(group) => {
                self.script.act(&author, "found-unit", json!({"unit": group, "kind": "sig", "basis": basis}));
                committee.groups.push(group);
            }
            Matter::Dissolve(group) => {
                self.script.act(&author, "dissolve-unit", json!({"unit": group, "basis": basis}));
            }
            Matter::Merge(group, into) => {
                self.script.act(&author, "dissolve-unit", json!({"unit": group, "basis": basis}));
                committee.groups.push(into);
            }
            Matter::Nominee(person, _) | Matter::Applicant(person) => {
                committee.members.push(person);
                self.people.set_waits(person, false);
                let handle = self.people.handle(person);
                self.enter(&unit, "member", &handle, basis);
            }
            Matter::Seed(person) => {
                self.people.set_waits(person, false);
                let Some(project) = self.projects.get_mut(committee.project) else { return };
                project.maintainers.push(person);
                let (home, handle) = (project.unit(), self.people.handle(person));
                self.enter(&home, "maintainer", &handle, basis);
            }
        }
    }

    /// What a motion that came to nothing had waiting is taken back.
    fn give_up(&mut self, index: usize, slot: usize, matter: Matter) {
        let Some(committee) = self.committees.get_mut(index) else { return };
        let candidacy = format!("@{}", committee.label(&format!("n{slot}")));
        match matter {
            Matter::Words | Matter::Found(_) => {}
            Matter::Dissolve(group) => committee.groups.push(group),
            Matter::Merge(group, into) => committee.groups.extend([group, into]),
            Matter::Nominee(person, author) | Matter::Applicant(person @ author) => {
                self.people.set_waits(person, false);
                let fields = json!({"event": candidacy, "reason": "not this time"});
                self.script.act(&self.people.handle(author), "withdraw", fields);
            }
            Matter::Seed(person) => self.people.set_waits(person, false),
        }
    }
}

/// A ballot in a mood.
pub(super) fn choice(mood: Mood, fate: u64) -> &'static str {
    match fate {
        fate if fate < mood.approving => "for",
        fate if fate < mood.approving + mood.opposing => "against",
        _ => "abstain",
    }
}
