//! The council's agenda: what a meeting is to decide.

use serde_json::{Value, json};

use super::Life;
use super::committee::{Committee, Stage, digest};
use super::matters::Matter;
use super::poll::Mood;
use super::project::Project;
use super::script::set;

/// Projects at most.
const PROJECTS: usize = 26;
const NAMES: [&str; PROJECTS] = [
    "greatsql", "shell", "router", "backup", "replica", "sandbox", "monitor", "proxy", "spatial", "vector", "loader",
    "archive", "bench", "docs", "operator", "console", "parser", "planner", "storage", "crypto", "audit", "ferry",
    "lantern", "harbour", "bridge", "compass",
];

/// What follows from a decision of the council. Committees, people and organisations are named by their positions.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    /// Nothing but its record.
    Nothing,
    /// A project is founded.
    Project(usize),
    /// A project's committee is founded.
    Committee(usize),
    /// Somebody is elected chair of a committee.
    Chair(usize, usize),
    /// Somebody becomes an initial member of a committee.
    Member(usize, usize),
    /// Somebody becomes an initial member whom the chair, who is named too, has nominated.
    Nominee(usize, usize, usize),
    /// A committee is established.
    Establish(usize),
    /// A committee's chair is recalled.
    Recall(usize, usize),
    /// A committee's member is removed.
    Remove(usize, usize),
    /// A member of the council who stays away is removed.
    Expel(usize),
    /// An organisation is recommended as a partner.
    Partner(usize, &'static str),
    /// The authority is asked for something.
    Address,
    /// A ruling supersedes a committee's motion: its slot, and its turn there.
    Ruling(usize, usize, u64),
}

/// Something on the agenda.
#[derive(Clone, Debug)]
pub struct Item {
    /// The title of its motion.
    pub title: String,
    /// The effect of its motion.
    pub effect: Value,
    /// Whether more than half of the members in office suffice.
    pub half: bool,
    /// How the council feels about it.
    pub mood: Mood,
    /// What follows.
    pub then: Then,
}

impl Item {
    fn new(title: String, effect: Value, mood: Mood, then: Then) -> Self {
        let half = matches!(then, Then::Chair(..) | Then::Nominee(..) | Then::Recall(..));
        Self { title, effect, half, mood, then }
    }
}

impl Life {
    /// Draws up the agenda of the next meeting.
    pub(super) fn plan(&mut self) {
        let mut agenda = self.establishments();
        if self.committees.is_empty() || self.committees.len() < PROJECTS && self.script.chance.percent(60) {
            agenda.extend(self.founding());
        }
        agenda.extend(self.elections());
        agenda.extend(self.removals());
        agenda.extend(self.recommendation());
        for _ in 0..self.script.chance.between(1, 3) {
            agenda.push(self.resolution());
        }
        self.council.agenda = agenda;
    }

    /// A project with its first Maintainers and Reviewers, its committee, its chair and first members.
    fn founding(&mut self) -> Vec<Item> {
        while self.people.count() < 14 {
            self.join();
        }
        let index = self.committees.len();
        let name = NAMES.get(index).copied().unwrap_or_default().to_owned();
        let mut people = self.several(8).into_iter();
        let (maintainers, reviewers): (Vec<_>, Vec<_>) =
            (people.by_ref().take(2).collect(), people.by_ref().take(2).collect());
        let first = self.named("maintainer", &maintainers).chain(self.named("reviewer", &reviewers));
        let first: Vec<String> = first.collect();
        let project = Project::new(name.clone(), maintainers, reviewers);
        let (unit, home) = (format!("pmc/{name}"), project.unit());
        self.projects.push(project);
        self.committees.push(Committee::new(index, name));
        let sure = |title, effect, then| Item::new(title, effect, Mood::SURE, then);
        let effect = json!({"kind": "found-unit", "unit": home, "first": first});
        let mut items = vec![sure(format!("Found {home}"), effect, Then::Project(index))];
        let effect = json!({"kind": "found-unit", "unit": unit});
        items.push(sure(format!("Found {unit}"), effect, Then::Committee(index)));
        for (place, person) in people.enumerate() {
            let (role, then) = if place == 0 {
                ("chair", Then::Chair(index, person))
            } else {
                ("member", Then::Member(index, person))
            };
            let handle = self.people.handle(person);
            let effect = json!({"kind": "grant", "unit": unit, "role": role, "person": handle});
            items.push(sure(format!("{handle} as {role} of {unit}"), effect, then));
        }
        items
    }

    /// People as the first holders of a role, as a founding names them.
    fn named(&self, role: &str, people: &[usize]) -> impl Iterator<Item = String> {
        people.iter().map(move |person| format!("{role}: {}", self.people.handle(*person)))
    }

    /// Several people, each once.
    fn several(&mut self, number: usize) -> Vec<usize> {
        let mut several = Vec::new();
        while several.len() < number.min(self.people.count()) {
            let person = self.people.anybody(&mut self.script.chance);
            if !several.contains(&person) {
                several.push(person);
            }
        }
        several
    }

    /// Committees that were founded last time: the chair nominates one more member, and they are established.
    fn establishments(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        for index in 0..self.committees.len() {
            let Some(committee) = self.committees.get_mut(index).filter(|known| known.stage == Stage::Founded) else {
                continue;
            };
            committee.stage = Stage::Proposed;
            let (unit, label, chair) = (committee.unit(), committee.label("early"), committee.chair);
            let person = self.people.anybody(&mut self.script.chance);
            let free = !committee.members.contains(&person) && !self.people.waits(person);
            if let Some(chair) = chair.filter(|_| free) {
                let handle = self.people.handle(person);
                self.people.set_waits(person, true);
                let nomination = json!({"unit": unit, "role": "member", "person": handle, "id": label});
                self.script.act(&self.people.handle(chair), "nominate", nomination);
                self.script.act(&handle, "accept", json!({"event": format!("@{label}")}));
                let effect = json!({"kind": "grant", "unit": unit, "role": "member", "person": handle});
                let then = Then::Nominee(index, person, chair);
                items.push(Item::new(format!("{handle} as member of {unit}"), effect, Mood::WARM, then));
            }
            let effect = json!({"kind": "constitute", "unit": unit});
            items.push(Item::new(format!("Establish {unit}"), effect, Mood::SURE, Then::Establish(index)));
        }
        items
    }

    /// Committees without a chair: one or two of their members stand.
    fn elections(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        for (index, committee) in self.committees.iter().enumerate() {
            if !committee.is_established() || committee.chair.is_some() {
                continue;
            }
            let mut candidates = committee.members.clone();
            self.script.chance.shuffle(&mut candidates);
            candidates.truncate(if self.script.chance.percent(30) { 2 } else { 1 });
            for person in candidates {
                let (unit, handle) = (committee.unit(), self.people.handle(person));
                let effect = json!({"kind": "grant", "unit": unit, "role": "chair", "person": handle});
                let mood = if self.script.chance.percent(75) { Mood::WARM } else { Mood::TORN };
                items.push(Item::new(format!("{handle} as chair of {unit}"), effect, mood, Then::Chair(index, person)));
            }
        }
        items
    }

    /// Members of the council who stay away, and now and then a member or chair of a committee.
    fn removals(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        let away = |seat: &&super::council::Seat| 2 <= seat.missed && seat.person != self.council.chair;
        if let Some(seat) = self.council.seats.iter().find(away) {
            let handle = self.people.handle(seat.person);
            let effect = json!({"kind": "end", "unit": "toc", "role": "member", "person": handle});
            items.push(Item::new(format!("Remove {handle}"), effect, Mood::WARM, Then::Expel(seat.person)));
        }
        let index = self.script.chance.position(self.committees.len());
        let Some(committee) = self.committees.get(index).filter(|known| known.is_established()) else { return items };
        let fate = self.script.chance.below(100);
        let member = self.script.chance.pick(&committee.members);
        let (role, person, then) = match (fate, committee.chair, member) {
            (0..10, Some(chair), _) => ("chair", chair, Then::Recall(index, chair)),
            (10..35, chair, Some(member)) if chair != Some(member) => ("member", member, Then::Remove(index, member)),
            _ => return items,
        };
        let (unit, handle) = (committee.unit(), self.people.handle(person));
        let effect = json!({"kind": "end", "unit": unit, "role": role, "person": handle});
        items.push(Item::new(format!("{handle} no longer {role} of {unit}"), effect, Mood::TORN, then));
        items
    }

    /// Words, mostly; sometimes a ruling on what a committee votes on, or an address to the authority.
    fn resolution(&mut self) -> Item {
        let fate = self.script.chance.below(100);
        let title =
            self.script.chance.word(&["技术方向", "A common build farm", "Security reviews", "版本节奏", "Mentoring"]);
        let text = format!("{title}: agreed");
        let (effect, then) = match fate {
            0..4 => (json!({"kind": "address-authority", "text": "Please fill the empty seats."}), Then::Address),
            4..16 => self.ruling(),
            16..36 => {
                let document = digest(self.people.count());
                (json!({"kind": "resolve", "topic": "direction", "text": text, "document": document}), Then::Nothing)
            }
            36..50 => (json!({"kind": "resolve", "topic": "innovation", "text": text}), Then::Nothing),
            _ => (json!({"kind": "resolve", "text": text}), Then::Nothing),
        };
        let mood = if self.script.chance.percent(70) { Mood::WARM } else { Mood::TORN };
        Item::new(title.to_owned(), effect, mood, then)
    }

    fn ruling(&mut self) -> (Value, Then) {
        let index = self.script.chance.position(self.committees.len());
        let mut effect = json!({"kind": "resolve", "topic": "technical-ruling", "text": "The API stays as it is"});
        let Some(committee) = self.committees.get(index) else { return (effect, Then::Nothing) };
        let open = committee.polls.iter().enumerate().find_map(|(slot, poll)| {
            let poll = poll.as_ref().filter(|poll| matches!(poll.matter, Matter::Words))?;
            Some((slot, poll.turn))
        });
        let Some((slot, turn)) = open else { return (effect, Then::Nothing) };
        set(&mut effect, "supersedes", format!("@{}", committee.label(&format!("o{slot}"))));
        (effect, Then::Ruling(index, slot, turn))
    }
}
