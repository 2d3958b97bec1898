//! Random lives of a committee, and a second evaluation of its rules that is as naive as the clauses are: lists searched
//! from front to back, every number counted again each time, nothing shared with the engine.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// A small generator of pseudo-random numbers (splitmix64), so that a seed names a life.
#[derive(Debug)]
pub struct Draw(pub u64);

impl Draw {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// Whether something that happens `percent` times in a hundred happens.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = self.below(items.len() as u64);
        &items[usize::try_from(index).unwrap()]
    }
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// 2026-03-02T00:00:00Z.
const START: i64 = 1_772_409_600_000;

fn text(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().to_string()
}

/// The civil day in Shanghai, which is eight hours ahead all year (G13).
fn day(ms: i64) -> i64 {
    (ms + 8 * 3_600_000).div_euclid(DAY)
}

#[derive(Clone, Debug)]
struct Meeting {
    label: String,
    regular: bool,
    noticed: i64,
    order: usize,
    starts: i64,
    complete: bool,
    agenda: Vec<String>,
    recipients: BTreeSet<String>,
    waived: BTreeSet<String>,
    cancelled: bool,
    opened: bool,
    adjourned: Option<i64>,
    here: BTreeSet<String>,
    came: BTreeSet<String>,
    quorate: bool,
}

impl Meeting {
    fn ends(&self) -> i64 {
        (day(self.starts) + 1) * DAY - 8 * 3_600_000
    }

    fn over(&self, now: i64) -> bool {
        self.adjourned.is_some() || self.ends() <= now
    }

    fn duly(&self, members: &BTreeSet<String>) -> bool {
        (day(self.starts) - day(self.noticed) >= 5 && self.complete)
            || (!self.waived.is_empty() && members.iter().all(|person| self.waived.contains(person)))
    }
}

/// What a motion is about.
#[derive(Clone, Debug, PartialEq)]
enum About {
    Words,
    Removal(String),
}

#[derive(Clone, Debug)]
struct Vote {
    office: usize,
    present: BTreeSet<String>,
    ballots: Vec<(String, &'static str, String)>,
    closed: bool,
}

#[derive(Clone, Debug)]
struct Motion {
    label: String,
    meeting: usize,
    title: String,
    about: About,
    vote: Option<Vote>,
}

/// A life as it goes: what is played, what the naive reading expects, and what it has come to so far.
#[derive(Debug)]
pub struct Life {
    draw: Draw,
    now: i64,
    /// Everybody in the TOC, with the number of the act that seated them.
    seats: Vec<(String, usize)>,
    chair: String,
    meetings: Vec<Meeting>,
    motions: Vec<Motion>,
    /// Acts with what the naive reading expects: accepted, or refused by one of these clauses.
    pub acts: Vec<(Value, Expected)>,
}

/// What the clauses say of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing forbids it.
    Accepted,
    /// One of these clauses forbids it.
    Refused(Vec<&'static str>),
}

const NAMES: [&str; 9] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan"];
const SPARE: [&str; 2] = ["judy", "mallory"];

/// One life: a committee of three to nine, and meetings over a year.
#[must_use]
pub fn life(seed: u64) -> Life {
    let mut draw = Draw(seed);
    let size = 3 + usize::try_from(draw.below(7)).unwrap();
    let mut life = Life {
        draw,
        now: START,
        seats: Vec::new(),
        chair: "alice".into(),
        meetings: vec![],
        motions: vec![],
        acts: vec![],
    };
    life.put("root", "found", json!({"authority": ["root"], "threshold": 1}), vec![]);
    for person in NAMES[..size].iter().chain(&SPARE) {
        life.put(person, "enrol", json!({}), vec![]);
    }
    for person in &NAMES[..size] {
        let role = if *person == "alice" { "chair" } else { "member" };
        life.put("root", "appoint", json!({"unit": "toc", "role": role, "person": person}), vec![]);
        life.seats.push(((*person).to_owned(), life.acts.len()));
    }
    life.put("root", "constitute", json!({"unit": "toc", "members": NAMES[..size]}), vec![]);
    for number in 0..8 {
        life.now += i64::try_from(2 + life.draw.below(6)).unwrap() * DAY;
        life.sitting(number);
    }
    life
}

impl Life {
    /// Adds an act; it is accepted unless a clause forbids it. Tells whether it is expected to be.
    fn put(&mut self, by: &str, act: &str, mut fields: Value, forbidden: Vec<&'static str>) -> bool {
        fields["at"] = json!(text(self.now));
        fields["by"] = json!(by);
        fields["act"] = json!(act);
        let fine = forbidden.is_empty();
        self.acts.push((fields, if fine { Expected::Accepted } else { Expected::Refused(forbidden) }));
        fine
    }

    fn members(&self) -> BTreeSet<String> {
        self.seats.iter().map(|(person, _)| person.clone()).collect()
    }

    fn anybody(&mut self) -> String {
        let all: Vec<String> = self.members().into_iter().chain(SPARE.map(str::to_owned)).collect();
        self.draw.pick(&all).clone()
    }

    /// G3 and DL: who was appointed after the notice counts after that meeting, unless the last two duly noticed meetings
    /// never had a quorum.
    fn counted(&self, meeting: &Meeting) -> BTreeSet<String> {
        let mut past: Vec<&Meeting> =
            self.meetings.iter().filter(|m| !m.cancelled && m.over(self.now) && m.duly(&m.recipients)).collect();
        past.sort_by_key(|m| m.starts);
        let frozen = past.len() >= 2 && past[past.len() - 2..].iter().all(|m| !m.quorate);
        let seats = self.seats.iter().filter(|(_, order)| frozen || *order < meeting.order);
        seats.map(|(person, _)| person.clone()).collect()
    }

    /// TOC-15: the run of absences before a notice, meeting by meeting.
    fn streak(&self, person: &str, before: &Meeting) -> u64 {
        let seated = self.seats.iter().find(|(name, _)| name == person).map_or(usize::MAX, |(_, order)| *order);
        let mut counted: Vec<&Meeting> = self
            .meetings
            .iter()
            .filter(|m| !m.cancelled && m.duly(&m.recipients) && m.order < before.order)
            .filter(|m| m.adjourned.is_some_and(|at| at <= before.noticed) || m.ends() <= before.noticed)
            .filter(|m| m.recipients.contains(person) && seated < m.order)
            .collect();
        counted.sort_by_key(|m| m.starts);
        let (mut run, mut missed): (u64, Option<i64>) = (0, None);
        for meeting in counted {
            if meeting.came.contains(person) {
                run = 0;
                missed = None;
            } else if missed.is_none_or(|start| start < meeting.noticed) {
                run += 1;
                missed = Some(meeting.starts);
            }
        }
        run
    }

    fn sitting(&mut self, number: usize) {
        if self.draw.chance(15) {
            self.coming_and_going();
        }
        let Some(meeting) = self.notice(number) else { return };
        let index = self.meetings.len();
        self.meetings.push(meeting);
        let label = self.meetings[index].label.clone();
        let at = json!(format!("@{label}"));
        for person in self.members() {
            if self.draw.chance(if self.meetings[index].complete { 8 } else { 40 }) {
                self.put(&person, "waive", json!({"meeting": at}), vec![]);
                self.meetings[index].waived.insert(person);
            }
        }
        if self.draw.chance(10) {
            let chair = self.chair.clone();
            self.put(&chair, "cancel", json!({"event": at, "reason": "x"}), vec![]);
            self.meetings[index].cancelled = true;
            return;
        }
        if self.draw.chance(20) {
            let early = self.anybody();
            self.put(&early, "check-in", json!({"meeting": at}), vec!["TOC-27"]);
        }
        self.now = self.meetings[index].starts + i64::try_from(self.draw.below(10)).unwrap() * MINUTE;
        if self.draw.chance(8) {
            // Nobody opens it: an absence all the same, for whoever does not check in.
            return;
        }
        self.attend(index);
        let opened = self.open(index);
        if opened {
            self.business(index);
        }
    }

    fn coming_and_going(&mut self) {
        let leaving: Vec<String> = self.members().into_iter().filter(|p| *p != self.chair).collect();
        if self.draw.chance(50) && leaving.len() > 2 {
            let person = self.draw.pick(&leaving).clone();
            self.put(&person, "resign", json!({"unit": "toc", "role": "member"}), vec![]);
            self.seats.retain(|(name, _)| *name != person);
        } else {
            let person = (*self.draw.pick(&SPARE)).to_owned();
            let held = self.members().contains(&person);
            let forbidden = if held { vec!["TOC-13"] } else { vec![] };
            if self.put("root", "appoint", json!({"unit": "toc", "role": "member", "person": person}), forbidden) {
                let order = self.acts.len();
                self.seats.push((person, order));
            }
        }
    }

    /// TOC-9, TOC-19, TOC-20.
    fn notice(&mut self, number: usize) -> Option<Meeting> {
        let ahead = i64::try_from(3 + self.draw.below(5)).unwrap();
        let starts = (day(self.now) + ahead) * DAY - 8 * 3_600_000 + 20 * 3_600_000;
        let regular = self.draw.chance(85);
        let complete = !self.draw.chance(12);
        let by = if self.draw.chance(10) { self.anybody() } else { self.chair.clone() };
        let removed = self.anybody();
        let mut agenda = vec!["Business".to_owned()];
        if self.draw.chance(60) {
            agenda.push(format!("Removal of {removed}"));
        }
        let label = format!("m{number}");
        let kind = if regular { "regular" } else { "extraordinary" };
        let mut fields = json!({"id": label, "unit": "toc", "kind": kind, "starts": text(starts), "mode": "remote", "agenda": agenda, "references": "none"});
        if complete {
            fields["place"] = json!("online");
        }
        let forbidden = if by == self.chair { vec![] } else { vec!["TOC-9"] };
        let accepted = self.put(&by, "notice", fields, forbidden);
        accepted.then(|| Meeting {
            label,
            regular,
            noticed: self.now,
            order: self.acts.len(),
            starts,
            complete,
            agenda,
            recipients: self.members(),
            waived: BTreeSet::new(),
            cancelled: false,
            opened: false,
            adjourned: None,
            here: BTreeSet::new(),
            came: BTreeSet::new(),
            quorate: false,
        })
    }

    fn attend(&mut self, index: usize) {
        let at = json!(format!("@{}", self.meetings[index].label));
        let lazy: Vec<String> = NAMES[1..3].iter().map(|name| (*name).to_owned()).collect();
        for person in self.members() {
            let likely = if lazy.contains(&person) { 45 } else { 85 };
            if person == self.chair || self.draw.chance(likely) {
                self.put(&person, "check-in", json!({"meeting": at}), vec![]);
                self.meetings[index].here.insert(person.clone());
                self.meetings[index].came.insert(person);
            }
        }
        if self.draw.chance(20) {
            self.put(
                "judy",
                "check-in",
                json!({"meeting": at}),
                if self.members().contains("judy") && self.meetings[index].here.contains("judy") {
                    vec!["TOC-27"]
                } else {
                    vec![]
                },
            );
            self.meetings[index].here.insert("judy".into());
            self.meetings[index].came.insert("judy".into());
        }
    }

    /// TOC-9: the chair opens; a member before the grace does not.
    fn open(&mut self, index: usize) -> bool {
        let at = json!(format!("@{}", self.meetings[index].label));
        if self.draw.chance(10) {
            let other = self.members().into_iter().find(|p| *p != self.chair).unwrap();
            self.put(&other, "open", json!({"meeting": at}), vec!["TOC-9", "TOC-21"]);
        }
        let chair = self.chair.clone();
        self.put(&chair, "open", json!({"meeting": at}), vec![]);
        self.meetings[index].opened = true;
        self.quorum(index);
        true
    }

    fn present(&self, index: usize) -> (BTreeSet<String>, usize) {
        let counted = self.counted(&self.meetings[index]);
        let here = counted.iter().filter(|person| self.meetings[index].here.contains(*person)).cloned().collect();
        (here, counted.len())
    }

    /// TOC-22: two thirds of the members, inclusive.
    fn quorum(&mut self, index: usize) -> bool {
        let (here, office) = self.present(index);
        let holds = !here.is_empty() && 3 * here.len() >= 2 * office;
        self.meetings[index].quorate |= holds && self.meetings[index].opened;
        holds
    }

    fn business(&mut self, index: usize) {
        for round in 0..3 {
            self.now += MINUTE;
            let label = format!("{}n{round}", self.meetings[index].label);
            self.motion(index, &label);
            self.shuffle(index);
        }
        self.now += MINUTE;
        let at = json!(format!("@{}", self.meetings[index].label));
        let chair = self.chair.clone();
        let running = self.motions.iter().any(|m| {
            m.meeting == index && m.vote.as_ref().is_some_and(|v| !v.closed && v.ballots_of() < v.present.len())
        });
        let forbidden = if running { vec!["TOC-9"] } else { vec![] };
        if self.put(&chair, "adjourn", json!({"meeting": at}), forbidden) {
            self.meetings[index].adjourned = Some(self.now);
        } else {
            self.now = self.meetings[index].ends() + MINUTE;
        }
        self.effects(index);
    }

    /// Somebody leaves, somebody comes back.
    fn shuffle(&mut self, index: usize) {
        let at = json!(format!("@{}", self.meetings[index].label));
        let person = self.anybody();
        if person == self.chair {
            return;
        }
        if self.meetings[index].here.contains(&person) {
            self.put(&person, "check-out", json!({"meeting": at}), vec![]);
            self.meetings[index].here.remove(&person);
        } else {
            self.put(&person, "check-in", json!({"meeting": at}), vec![]);
            self.meetings[index].here.insert(person.clone());
            self.meetings[index].came.insert(person);
            self.quorum(index);
        }
    }

    fn motion(&mut self, index: usize, label: &str) {
        let meeting = self.meetings[index].clone();
        let listed = meeting.agenda.get(1).cloned();
        let (title, about) = match listed {
            Some(title) if self.draw.chance(50) => {
                let person = title.rsplit(' ').next().unwrap().to_owned();
                (title, About::Removal(person))
            }
            _ if self.draw.chance(20) => ("Removal of nobody listed".to_owned(), About::Removal(self.anybody())),
            _ => (if self.draw.chance(50) { "Business" } else { "Something else" }.to_owned(), About::Words),
        };
        let by = if self.draw.chance(15) { self.anybody() } else { self.chair.clone() };
        let effect = match &about {
            About::Words => json!({"kind": "resolve", "text": label}),
            About::Removal(person) => json!({"kind": "end", "unit": "toc", "role": "member", "person": person}),
        };
        let mut forbidden = Vec::new();
        if !self.counted(&meeting).contains(&by) {
            forbidden.push("TOC-21");
        }
        if !meeting.here.contains(&by) {
            forbidden.push("TOC-27");
        }
        if let About::Removal(person) = &about
            && !self.members().contains(person)
        {
            forbidden.push("TOC-15");
        }
        let at = format!("@{}", meeting.label);
        let put = self.put(
            &by,
            "move",
            json!({"id": label, "meeting": at, "unit": "toc", "title": title, "effect": effect}),
            forbidden,
        );
        if put {
            self.motions.push(Motion { label: label.to_owned(), meeting: index, title, about, vote: None });
            self.vote(index, self.motions.len() - 1);
        }
    }

    /// TOC-15, TOC-19, TOC-20, TOC-22, TOC-23, then the ballots.
    fn vote(&mut self, index: usize, motion: usize) {
        let meeting = self.meetings[index].clone();
        let (here, office) = self.present(index);
        let mut forbidden = Vec::new();
        if !meeting.regular {
            forbidden.push("TOC-23");
        }
        if !meeting.duly(&self.counted(&meeting)) {
            forbidden.extend(["TOC-19", "TOC-20"]);
        }
        if here.is_empty() || 3 * here.len() < 2 * office {
            forbidden.push("TOC-22");
        }
        if let About::Removal(person) = &self.motions[motion].about {
            let title = &self.motions[motion].title;
            let named = title.split(' ').any(|word| word == person);
            if !meeting.agenda.contains(title) || !named || self.streak(person, &meeting) < 2 {
                forbidden.push("TOC-15");
            }
        }
        let opener = if self.draw.chance(10) { self.anybody() } else { self.chair.clone() };
        if opener != self.chair {
            forbidden.push("TOC-9");
        }
        let label = self.motions[motion].label.clone();
        let opening = json!({"id": format!("v{label}"), "motion": format!("@{label}")});
        if !self.put(&opener, "open-vote", opening, forbidden) {
            return;
        }
        self.meetings[index].quorate = true;
        self.motions[motion].vote = Some(Vote { office, present: here.clone(), ballots: Vec::new(), closed: false });
        let everybody = self.draw.chance(85);
        let mut electors: Vec<String> = here.into_iter().collect();
        if self.draw.chance(40) {
            electors.push(self.anybody());
        }
        let kind = self.draw.below(3);
        for (order, person) in electors.into_iter().enumerate() {
            if !everybody && self.draw.chance(40) {
                continue;
            }
            let choice = match (kind, self.draw.below(10)) {
                (0, 0..=8) | (1, 0..=5) | (2, 0..=3) => "for",
                (_, n) if n % 2 == 0 => "against",
                _ => "abstain",
            };
            self.ballot(motion, &person, choice, &format!("{label}b{order}"));
        }
        self.close(motion);
    }

    /// TOC-24, TOC-27: present when the vote opened, here now, once unless it replaces.
    fn ballot(&mut self, motion: usize, person: &str, choice: &'static str, label: &str) {
        let index = self.motions[motion].meeting;
        let vote = self.motions[motion].vote.clone().unwrap();
        let before = vote.ballots.iter().rev().find(|(voter, ..)| voter == person).map(|(_, _, id)| id.clone());
        let mut forbidden = Vec::new();
        if !vote.present.contains(person) {
            forbidden.extend(["TOC-27", "TOC-21"]);
        }
        if !self.meetings[index].here.contains(person) {
            forbidden.push("TOC-27");
        }
        let mut fields = json!({"id": label, "vote": format!("@v{}", self.motions[motion].label), "choice": choice});
        if let Some(before) = before {
            if self.draw.chance(50) {
                fields["replaces"] = json!(format!("@{before}"));
            } else {
                forbidden.push("TOC-24");
            }
        }
        if self.put(person, "vote", fields, forbidden) {
            let vote = self.motions[motion].vote.as_mut().unwrap();
            vote.ballots.push((person.to_owned(), choice, label.to_owned()));
        }
    }

    /// TOC-26: two thirds of those present, inclusive, and more than half of all members.
    fn close(&mut self, motion: usize) {
        let vote = self.motions[motion].vote.clone().unwrap();
        let passed = vote.passed();
        let stated = match self.draw.below(4) {
            0 => None,
            1 => Some(!passed),
            _ => Some(passed),
        };
        let mut forbidden = Vec::new();
        if vote.ballots_of() < vote.present.len() {
            forbidden.push("TOC-24");
        } else if stated == Some(!passed) {
            forbidden.push("TOC-26");
        }
        let mut fields = json!({"vote": format!("@v{}", self.motions[motion].label)});
        if let Some(stated) = stated {
            fields["outcome"] = json!(if stated { "passed" } else { "failed" });
        }
        if self.put("judy", "close-vote", fields, forbidden) {
            self.motions[motion].vote.as_mut().unwrap().closed = true;
        }
    }

    /// What passed takes effect after the meeting, once, for whoever still holds the seat that was voted on.
    fn effects(&mut self, index: usize) {
        for motion in self.motions.clone().into_iter().filter(|motion| motion.meeting == index) {
            let (Some(vote), About::Removal(person)) = (&motion.vote, &motion.about) else { continue };
            let held = self.members().contains(person);
            let forbidden = if vote.passed() && held { vec![] } else { vec!["format/basis"] };
            let end = json!({"unit": "toc", "role": "member", "person": person, "basis": format!("@{}", motion.label)});
            if self.put("mallory", "end", end, forbidden) {
                self.seats.retain(|(name, _)| name != person);
                if *person == self.chair {
                    let next = self.seats.first().map(|(name, _)| name.clone());
                    let Some(next) = next else { return };
                    self.put("root", "appoint", json!({"unit": "toc", "role": "chair", "person": next}), vec![]);
                    self.chair = next;
                }
            }
        }
    }
}

impl Vote {
    fn standing(&self, person: &str) -> Option<&'static str> {
        self.ballots.iter().rev().find(|(voter, ..)| voter == person).map(|(_, choice, _)| *choice)
    }

    fn ballots_of(&self) -> usize {
        self.present.iter().filter(|person| self.standing(person).is_some()).count()
    }

    fn passed(&self) -> bool {
        let yes = self.present.iter().filter(|person| self.standing(person) == Some("for")).count();
        3 * yes >= 2 * self.present.len() && 2 * yes > self.office && !self.present.is_empty()
    }
}
