//! The council, the charter's technical committee: its seats, how it is convened, and how it meets.

use serde_json::json;

use super::Life;
use super::agenda::Item;
use super::calendar::{DAY, HOUR, MINUTE, SECOND, Task, written};
use super::chance::Chance;
use super::committee::{digest, record};
use super::decisions::Decided;
use super::poll::{Mood, choice};
use super::script::set;

/// Seats of the council in the beginning.
const FIRST_SEATS: usize = 7;
/// Seats of the council at most.
const SEATS: usize = 15;
/// Seats of the council at least.
const FEWEST: usize = 6;

/// A seat of the council.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Who holds it.
    pub person: usize,
    /// How many meetings in a row the person has missed.
    pub missed: u64,
    /// Whether the person has lost interest.
    drifts: bool,
}

/// The council.
#[derive(Debug, Default)]
pub struct Council {
    /// Its seats.
    pub seats: Vec<Seat>,
    /// Its chair.
    pub chair: usize,
    /// What the next meeting is to decide.
    pub agenda: Vec<Item>,
}

/// A sitting of the council under way.
#[derive(Debug, Default)]
pub struct Sitting {
    present: Vec<usize>,
    attended: Vec<usize>,
}

impl Council {
    /// Tells whether somebody has a seat.
    #[must_use]
    pub fn seats(&self, person: usize) -> bool {
        self.seats.iter().any(|seat| seat.person == person)
    }

    /// One of its members.
    pub fn anybody(&self, chance: &mut Chance) -> Option<usize> {
        let position = chance.position(self.seats.len());
        self.seats.get(position).map(|seat| seat.person)
    }

    fn take_seat(&mut self, person: usize, drifts: bool) {
        self.seats.push(Seat { person, missed: 0, drifts });
    }
}

impl Life {
    /// The first people join, and the authority makes a council of them.
    pub(super) fn seat_council(&mut self) {
        for position in 0..FIRST_SEATS {
            let person = self.join();
            let role = if position == 0 { "chair" } else { "member" };
            let fields = json!({"unit": "toc", "role": role, "person": self.people.handle(person)});
            self.by_authority("appoint", fields);
            if position == 0 {
                self.council.chair = person;
            }
            self.council.take_seat(person, false);
        }
        let members: Vec<usize> = self.council.seats.iter().map(|seat| seat.person).collect();
        let members = self.people.handles(&members);
        self.by_authority("constitute", json!({"unit": "toc", "members": members}));
    }

    /// Between two meetings seats change hands; then the chair convenes the next, eight days ahead.
    pub(super) fn council_convenes(&mut self) {
        self.change_seats();
        let starts = (self.script.clock / DAY + 8) * DAY + 11 * HOUR;
        self.plan();
        let chair = self.people.handle(self.council.chair);
        let mut agenda: Vec<String> = self.council.agenda.iter().map(|item| item.title.clone()).collect();
        agenda.push("Any other business".to_owned());
        if let Some(member) = self.council.anybody(&mut self.script.chance).filter(|_| self.script.chance.percent(30)) {
            let title = self.script.chance.word(&["A build farm", "议事日程", "Release cadence"]);
            self.script.act(&self.people.handle(member), "item", json!({"unit": "toc", "title": title}));
        }
        let notice = json!({
            "unit": "toc", "kind": "regular", "starts": written(starts), "place": "https://meet.example.org/toc",
            "mode": "remote", "agenda": agenda, "references": "none", "id": "toc-m",
        });
        self.script.act(&chair, "notice", notice);
        if self.script.chance.percent(40) {
            let (archive, time) = ("https://lists.example.org/toc", written(self.script.clock));
            self.script.act(&chair, "deliver", json!({"meeting": "@toc-m", "archive": archive, "time": time}));
        }
        self.script.schedule(starts, Task::CouncilMeets);
        self.script.schedule(starts + 6 * DAY, Task::CouncilConvenes);
    }

    fn change_seats(&mut self) {
        let chair = self.council.chair;
        let members: Vec<usize> = self.council.seats.iter().map(|seat| seat.person).collect();
        if FEWEST < members.len() && self.script.chance.percent(15) {
            let leaves = self.script.chance.pick_where(&members, |person| person != chair);
            if let Some(person) = leaves {
                self.council.seats.retain(|seat| seat.person != person);
                let handle = self.people.handle(person);
                self.script.act(&handle, "resign", json!({"unit": "toc", "role": "member"}));
            }
        }
        let grows = self.council.seats.len() < SEATS && self.script.chance.percent(35);
        if grows || self.council.seats.len() < FEWEST {
            let person = self.people.anybody(&mut self.script.chance);
            if !self.council.seats(person) {
                let drifts = self.script.chance.percent(20);
                self.council.take_seat(person, drifts);
                let fields = json!({"unit": "toc", "role": "member", "person": self.people.handle(person)});
                self.by_authority("appoint", fields);
            }
        }
        if self.script.chance.percent(6) {
            self.change_chair();
        }
    }

    /// The authority appoints another chair, mostly where the former has stepped down; both remain members.
    fn change_chair(&mut self) {
        let chair = self.council.chair;
        let fit: Vec<usize> = self.council.seats.iter().filter(|seat| !seat.drifts).map(|seat| seat.person).collect();
        let Some(next) = self.script.chance.pick_where(&fit, |person| person != chair) else { return };
        if self.script.chance.percent(60) {
            let handle = self.people.handle(chair);
            self.script.act(&handle, "resign", json!({"unit": "toc", "role": "chair"}));
        }
        self.council.chair = next;
        let fields = json!({"unit": "toc", "role": "chair", "person": self.people.handle(next)});
        self.by_authority("appoint", fields);
    }

    /// The council meets: who has come checks in, the agenda is voted on, and what passed is entered afterwards.
    pub(super) fn council_meets(&mut self) {
        let chair = self.people.handle(self.council.chair);
        let (mut sitting, late) = self.gather();
        self.script.act(&chair, "open", json!({"meeting": "@toc-m"}));
        let mut decided = Vec::new();
        let agenda: Vec<Item> = std::mem::take(&mut self.council.agenda);
        for (number, item) in agenda.into_iter().enumerate() {
            if number == 1 {
                self.come_late(&mut sitting, &late);
            }
            if !self.is_apt(&item) {
                continue;
            }
            let approvals = self.decide(&sitting, number, &item);
            let passed = self.passes(&sitting, approvals, &item);
            decided.push(Decided { item, number, approvals, passed });
        }
        if let Some(person) = self.script.chance.pick(&sitting.attended).filter(|_| self.script.chance.percent(8)) {
            let fields =
                json!({"meeting": "@toc-m", "person": self.people.handle(person), "reason": "the camera was off"});
            self.script.act(&chair, "dispute", fields);
        }
        self.script.pass(MINUTE, 5 * MINUTE);
        self.script.act(&chair, "adjourn", json!({"meeting": "@toc-m"}));
        self.note_absences(&sitting);
        self.enter_decisions(&decided);
        self.paper(&sitting);
    }

    /// Who comes in time, and who comes later; the chair always does, and a quorum is there from the beginning.
    fn gather(&mut self) -> (Sitting, Vec<usize>) {
        let mut seats = self.council.seats.clone();
        self.script.chance.shuffle(&mut seats);
        let may_miss = seats.len() / 3;
        let (mut sitting, mut late, mut missing) = (Sitting::default(), Vec::new(), 0);
        for seat in seats {
            let comes = self.script.chance.percent(if seat.drifts { 25 } else { 93 });
            let in_time = comes && self.script.chance.percent(94);
            if seat.person == self.council.chair || in_time || missing == may_miss {
                self.script.pass(0, 5 * SECOND);
                sitting.arrive(seat.person);
                self.script.act(&self.people.handle(seat.person), "check-in", json!({"meeting": "@toc-m"}));
            } else {
                missing += 1;
                if comes {
                    late.push(seat.person);
                } else if self.script.chance.percent(30) {
                    let excuse = json!({"meeting": "@toc-m", "reason": "travelling"});
                    self.script.act(&self.people.handle(seat.person), "excuse", excuse);
                }
            }
        }
        for _ in 0..self.script.chance.below(3) {
            let guest = self.people.anybody(&mut self.script.chance);
            if !self.council.seats(guest) && !sitting.attended.contains(&guest) {
                sitting.attended.push(guest);
                self.script.act(&self.people.handle(guest), "check-in", json!({"meeting": "@toc-m"}));
            }
        }
        (sitting, late)
    }

    fn come_late(&mut self, sitting: &mut Sitting, late: &[usize]) {
        for person in late.iter().copied() {
            sitting.arrive(person);
            self.script.act(&self.people.handle(person), "check-in", json!({"meeting": "@toc-m"}));
        }
    }

    /// TOC-26, or more than half of the members in office where the charter asks for no more.
    fn passes(&self, sitting: &Sitting, approvals: usize, item: &Item) -> bool {
        let of_present = item.half || 2 * sitting.present.len() <= 3 * approvals;
        of_present && self.council.seats.len() < 2 * approvals
    }

    /// A motion is put and voted on; how many approve.
    fn decide(&mut self, sitting: &Sitting, number: usize, item: &Item) -> usize {
        let (motion, vote) = (format!("toc-o{number}"), format!("toc-v{number}"));
        let chair = self.people.handle(self.council.chair);
        let mover = self.script.chance.pick(&sitting.present).unwrap_or(self.council.chair);
        let put = json!({"meeting": "@toc-m", "unit": "toc", "title": item.title, "effect": item.effect, "id": motion});
        self.script.act(&self.people.handle(mover), "move", put);
        let patient = self.script.chance.percent(15);
        let closes = self.script.clock + 5 * MINUTE;
        let mut open = json!({"motion": format!("@{motion}"), "id": vote});
        if patient {
            set(&mut open, "closes", written(closes));
        }
        self.script.act(&chair, "open-vote", open);
        let approvals = self.ballots(sitting, &format!("@{vote}"), item.mood, patient);
        if patient {
            self.script.clock = self.script.clock.max(closes);
        }
        let outcome = if self.passes(sitting, approvals, item) { "passed" } else { "failed" };
        let mut close = json!({"vote": format!("@{vote}")});
        if self.script.chance.percent(50) {
            set(&mut close, "outcome", outcome);
        }
        self.script.act(&chair, "close-vote", close);
        approvals
    }

    /// Everybody present votes, some twice; where the vote has its time, one may stay silent.
    fn ballots(&mut self, sitting: &Sitting, vote: &str, mood: Mood, patient: bool) -> usize {
        let mut voters = sitting.present.clone();
        self.script.chance.shuffle(&mut voters);
        if patient && mood.approving < 100 && self.script.chance.percent(50) {
            voters.pop();
        }
        let mut approvals = 0;
        for voter in voters {
            self.script.pass(0, 4 * SECOND);
            let handle = self.people.handle(voter);
            let last = choice(mood, self.script.chance.below(100));
            if self.script.chance.percent(1) {
                let fields = json!({"vote": vote, "person": handle, "choice": last});
                self.script.act(&self.people.handle(self.council.chair), "spoken", fields);
            }
            if self.script.chance.percent(4) {
                self.think_again(&handle, vote, last);
            } else {
                self.script.act(&handle, "vote", json!({"vote": vote, "choice": last}));
            }
            approvals += usize::from(last == "for");
        }
        approvals
    }

    /// A ballot that is replaced, or taken back and cast anew.
    fn think_again(&mut self, handle: &str, vote: &str, last: &str) {
        let first = self.script.chance.word(&["for", "against", "abstain"]);
        self.script.act(handle, "vote", json!({"vote": vote, "choice": first, "id": "toc-b"}));
        if self.script.chance.percent(30) {
            self.script.act(handle, "retract", json!({"event": "@toc-b"}));
            self.script.act(handle, "vote", json!({"vote": vote, "choice": last}));
        } else {
            self.script.act(handle, "vote", json!({"vote": vote, "choice": last, "replaces": "@toc-b"}));
        }
    }

    fn note_absences(&mut self, sitting: &Sitting) {
        for seat in &mut self.council.seats {
            seat.missed = if sitting.attended.contains(&seat.person) { 0 } else { seat.missed + 1 };
        }
    }

    /// The minutes, and who wants their objection beside them.
    fn paper(&mut self, sitting: &Sitting) {
        let chair = self.people.handle(self.council.chair);
        let minutes = json!({"event": "@toc-m", "digest": digest(sitting.present.len())});
        self.script.act(&chair, "record", record("toc", "minutes", minutes));
        if let Some(person) = self.script.chance.pick(&sitting.attended).filter(|_| self.script.chance.percent(20)) {
            let words = json!({"event": "@toc-m", "statement": "I was cut short"});
            self.script.act(&self.people.handle(person), "record", record("toc", "objection", words));
        }
    }
}

impl Sitting {
    fn arrive(&mut self, person: usize) {
        self.present.push(person);
        self.attended.push(person);
    }
}
