//! The council's decisions: whether an item still makes sense when the meeting comes, and what follows from its outcome.

use serde_json::json;

use super::Life;
use super::agenda::{Item, Then};
use super::calendar::{DAY, HOUR, Task};
use super::committee::Stage;

/// Members that a committee needs before somebody may be removed from it.
const REMOVABLE: usize = 6;

/// What became of an item.
#[derive(Debug)]
pub struct Decided {
    /// The item.
    pub item: Item,
    /// Its number in the meeting.
    pub number: usize,
    /// How many approved.
    pub approvals: usize,
    /// Whether it passed.
    pub passed: bool,
}

impl Life {
    /// Tells whether an item still makes sense, days after it was planned.
    pub(super) fn is_apt(&self, item: &Item) -> bool {
        let committee = |index: usize| self.committees.get(index);
        match item.then {
            Then::Chair(index, person) => committee(index)
                .is_some_and(|known| known.chair.is_none() && (!known.is_founded() || known.members.contains(&person))),
            Then::Recall(index, person) => committee(index).is_some_and(|known| known.chair == Some(person)),
            Then::Remove(index, person) => committee(index).is_some_and(|known| {
                known.chair != Some(person) && known.members.contains(&person) && REMOVABLE <= known.members.len()
            }),
            Then::Ruling(index, slot, turn) => committee(index).is_some_and(|known| {
                known.polls.get(slot).and_then(Option::as_ref).is_some_and(|poll| poll.turn == turn)
            }),
            Then::Partner(organisation, _) => self.organisations.get(organisation).is_some_and(|o| o.partner.is_none()),
            _ => true,
        }
    }

    /// Who was approved by more than any other candidate of the meeting.
    fn wins(decided: &[Decided], index: usize, person: usize) -> bool {
        let of = |decided: &Decided| match decided.item.then {
            Then::Chair(home, candidate) if home == index && decided.passed => Some((candidate, decided.approvals)),
            _ => None,
        };
        let own = decided.iter().filter_map(of).find(|(candidate, _)| *candidate == person);
        let best =
            decided.iter().filter_map(of).filter(|(candidate, _)| *candidate != person).map(|(_, yes)| yes).max();
        own.is_some_and(|(_, approvals)| best.is_none_or(|best| best < approvals))
    }

    /// After the meeting, what it decided is entered.
    pub(super) fn enter_decisions(&mut self, decided: &[Decided]) {
        for one in decided {
            let basis = format!("@toc-o{}", one.number);
            match (one.passed, one.item.then) {
                (true, Then::Chair(index, person)) if !Self::wins(decided, index, person) => {}
                (true, then) => self.follow(then, &basis),
                (false, Then::Nominee(index, person, chair)) => {
                    self.people.set_waits(person, false);
                    let label =
                        self.committees.get(index).map(|committee| committee.label("early")).unwrap_or_default();
                    let fields = json!({"event": format!("@{label}")});
                    self.script.act(&self.people.handle(chair), "withdraw", fields);
                }
                (false, _) => {}
            }
        }
    }

    fn follow(&mut self, then: Then, basis: &str) {
        match then {
            Then::Nothing | Then::Ruling(..) => {}
            Then::Project(index) | Then::Committee(index) | Then::Establish(index) => {
                self.follow_unit(then, index, basis);
            }
            Then::Chair(index, person) => self.seat(index, person, "chair", basis),
            Then::Member(index, person) => self.seat(index, person, "member", basis),
            Then::Nominee(index, person, _) => {
                self.people.set_waits(person, false);
                self.seat(index, person, "member", basis);
            }
            Then::Recall(index, person) => self.unseat(index, person, "chair", basis),
            Then::Remove(index, person) => self.unseat(index, person, "member", basis),
            Then::Expel(person) => {
                self.council.seats.retain(|seat| seat.person != person);
                self.end("toc", "member", person, basis);
            }
            Then::Partner(organisation, role) => self.admit_partner(organisation, role, basis),
            Then::Address => {
                self.by_authority("answer", json!({"motion": basis, "statement": "We will see to it in May."}));
            }
        }
    }

    /// Somebody comes into a seat of a committee; its chair is a member too.
    fn seat(&mut self, index: usize, person: usize, role: &str, basis: &str) {
        let Some(committee) = self.committees.get_mut(index) else { return };
        if !committee.members.contains(&person) {
            committee.members.push(person);
        }
        if role == "chair" {
            committee.chair = Some(person);
        }
        let (unit, handle) = (committee.unit(), self.people.handle(person));
        self.enter(&unit, role, &handle, basis);
    }

    /// Somebody loses a seat of a committee; who loses the chair alone remains a member.
    fn unseat(&mut self, index: usize, person: usize, role: &str, basis: &str) {
        let Some(committee) = self.committees.get_mut(index) else { return };
        if role == "chair" {
            committee.chair = None;
        } else {
            committee.lose(person);
        }
        let unit = committee.unit();
        self.end(&unit, role, person, basis);
    }

    fn follow_unit(&mut self, then: Then, index: usize, basis: &str) {
        let author = self.people.anybody(&mut self.script.chance);
        let author = self.people.handle(author);
        let Some(committee) = self.committees.get_mut(index) else { return };
        let unit = committee.unit();
        match then {
            Then::Project(_) => {
                let home = format!("project/{}", committee.name);
                self.script.act(&author, "found-unit", json!({"unit": home, "kind": "project", "basis": basis}));
            }
            Then::Committee(_) => {
                committee.stage = Stage::Founded;
                self.script.act(&author, "found-unit", json!({"unit": unit, "kind": "pmc", "basis": basis}));
            }
            _ => {
                committee.stage = Stage::Established;
                let members = self.people.handles(&committee.members);
                self.script.act(&author, "constitute", json!({"unit": unit, "members": members, "basis": basis}));
                let first = self.script.clock + self.script.chance.between(HOUR, 13 * DAY);
                self.script.schedule(first, Task::CommitteeBegins(index));
            }
        }
    }

    /// Anybody enters the end of a role.
    fn end(&mut self, unit: &str, role: &str, person: usize, basis: &str) {
        let author = self.people.anybody(&mut self.script.chance);
        let fields = json!({"unit": unit, "role": role, "person": self.people.handle(person), "basis": basis});
        self.script.act(&self.people.handle(author), "end", fields);
    }
}
