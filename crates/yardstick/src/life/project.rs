//! Projects: who contributes, what is attested of it, and who climbs the ladder or steps down.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::Life;
use super::calendar::{DAY, HOUR, MINUTE, written};

/// Reviewers of a project at most.
const REVIEWERS: usize = 10;
/// Maintainers of a project at most.
const MAINTAINERS: usize = 6;

/// Where a person stands in a project.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Contributions that somebody has attested as important.
    pub important: u64,
    /// Whether the person is a Contributor, which nobody ceases to be.
    pub contributor: bool,
    /// Whether the person is a registered User.
    pub user: bool,
    /// Roles whose public list may name the person.
    pub listed: BTreeSet<&'static str>,
    /// Benefits that the person has claimed.
    pub claimed: BTreeSet<&'static str>,
}

/// A project.
#[derive(Debug)]
pub struct Project {
    /// What its id has after the slash.
    pub name: String,
    /// Everybody who has something to do with it.
    pub circle: Vec<usize>,
    /// Where they stand.
    pub standings: BTreeMap<usize, Standing>,
    /// Its Maintainers.
    pub maintainers: Vec<usize>,
    /// Its Reviewers.
    pub reviewers: Vec<usize>,
    /// The number of its last pull request.
    number: u64,
}

impl Project {
    /// A project that is to be founded with its first Maintainers and Reviewers.
    #[must_use]
    pub fn new(name: String, maintainers: Vec<usize>, reviewers: Vec<usize>) -> Self {
        let circle: Vec<usize> = maintainers.iter().chain(&reviewers).copied().collect();
        let standings = circle.iter().map(|person| (*person, Standing::default())).collect();
        Self { name, circle, standings, maintainers, reviewers, number: 0 }
    }

    /// Its id.
    #[must_use]
    pub fn unit(&self) -> String {
        format!("project/{}", self.name)
    }

    /// Where a person stands, who belongs to it from now on.
    pub fn standing(&mut self, person: usize) -> &mut Standing {
        let circle = &mut self.circle;
        self.standings.entry(person).or_insert_with(|| {
            circle.push(person);
            Standing::default()
        })
    }

    /// Maintainers and Reviewers, who attest.
    fn attesters(&self) -> Vec<usize> {
        self.maintainers.iter().chain(&self.reviewers).copied().collect()
    }

    fn is_contributor(&self, person: usize) -> bool {
        self.standings.get(&person).is_some_and(|standing| standing.contributor)
    }

    /// Tells whether somebody holds a rank of the ladder.
    #[must_use]
    pub fn holds_role(&self, person: usize) -> bool {
        self.is_contributor(person) || self.maintainers.contains(&person) || self.reviewers.contains(&person)
    }

    fn important(&self, person: usize) -> u64 {
        self.standings.get(&person).map_or(0, |standing| standing.important)
    }
}

impl Life {
    /// A contribution to some project is recorded and, mostly, attested; whoever has done enough climbs.
    pub(super) fn contribute(&mut self) {
        let Some(index) = self.some_project() else { return };
        let Some(person) = self.contributor_of(index) else { return };
        let Some(known) = self.people.get(person).cloned() else { return };
        let Self { script, projects, people, .. } = self;
        let Some(project) = projects.get_mut(index) else { return };
        project.number += 1;
        let merged = written(script.clock - script.chance.between(10 * MINUTE, 20 * DAY).min(script.clock));
        let contribution = json!({
            "unit": project.unit(), "person": known.handle, "account": known.account, "forge": known.forge,
            "repository": format!("{0}/{0}", project.name), "number": project.number, "merged": merged, "id": "work",
        });
        let attester = script.chance.pick_where(&project.attesters(), |other| other != person);
        let recorder = attester.filter(|_| script.chance.percent(15)).unwrap_or(person);
        script.act(&people.handle(recorder), "contribution", contribution);
        let Some(attester) = attester.filter(|_| script.chance.percent(93)) else { return };
        script.pass(0, MINUTE);
        let important = script.chance.percent(88);
        let criterion = if important { "important" } else { script.chance.word(&["led-fix", "documents"]) };
        let note = script.chance.word(&["fixes data loss on crash", "修复死锁", "speeds up the hash join", "整理手册"]);
        let attest = json!({"event": "@work", "criterion": criterion, "note": note});
        script.act(&people.handle(attester), "attest", attest);
        if important {
            project.standing(person).important += 1;
            self.climb(index, person);
        }
    }

    /// A project that has been founded.
    pub(super) fn some_project(&mut self) -> Option<usize> {
        let founded: Vec<usize> =
            self.committees.iter().filter(|known| known.is_founded()).map(|known| known.project).collect();
        self.script.chance.pick(&founded)
    }

    /// Who contributes to the project this time: mostly somebody who has before.
    fn contributor_of(&mut self, index: usize) -> Option<usize> {
        let newcomer = self.script.chance.percent(9);
        let project = self.projects.get_mut(index)?;
        let person = if newcomer {
            self.people.anybody(&mut self.script.chance)
        } else {
            self.script.chance.pick(&project.circle)?
        };
        project.standing(person);
        Some(person)
    }

    /// The next step of the ladder, where the person meets its conditions and there is room.
    fn climb(&mut self, index: usize, person: usize) {
        let Some(project) = self.projects.get(index) else { return };
        let important = project.important(person);
        let reviews = project.reviewers.contains(&person);
        let others = project.maintainers.iter().filter(|other| **other != person).count();
        if !project.is_contributor(person) {
            self.become_contributor(index, person);
        } else if !reviews && 5 <= important && project.reviewers.len() < REVIEWERS {
            self.become_reviewer(index, person);
        } else if reviews
            && 8 <= important
            && 2 <= others
            && project.maintainers.len() < MAINTAINERS
            && !project.maintainers.contains(&person)
        {
            self.become_maintainer(index, person);
        }
    }

    fn become_contributor(&mut self, index: usize, person: usize) {
        let Some(project) = self.projects.get_mut(index) else { return };
        let unit = project.unit();
        project.standing(person).contributor = true;
        let handle = self.people.handle(person);
        self.script.act(&handle, "apply", json!({"unit": unit, "role": "contributor", "id": "claim"}));
        self.enter(&unit, "contributor", &handle, "@claim");
    }

    /// DEV-R8: one Maintainer nominates, or two Reviewers do.
    fn become_reviewer(&mut self, index: usize, person: usize) {
        let Some(project) = self.projects.get_mut(index) else { return };
        let chance = &mut self.script.chance;
        let maintainer = chance.pick_where(&project.maintainers, |other| other != person);
        let mut reviewers = project.reviewers.clone();
        chance.shuffle(&mut reviewers);
        reviewers.truncate(2);
        let by_reviewers = reviewers.len() == 2 && chance.percent(40);
        let nominators = if by_reviewers { reviewers } else { maintainer.into_iter().collect() };
        if nominators.is_empty() {
            return;
        }
        project.reviewers.push(person);
        let unit = project.unit();
        let attests = [
            "promptness: answers issues within a day",
            "bugs: found the deadlock",
            "documents: rewrote the manual",
            "activity: speaks at meetups",
        ];
        self.rise(&unit, "reviewer", person, &nominators, &attests);
    }

    /// DEV-M11: two Maintainers nominate.
    fn become_maintainer(&mut self, index: usize, person: usize) {
        let Some(project) = self.projects.get_mut(index) else { return };
        let mut nominators = project.maintainers.clone();
        self.script.chance.shuffle(&mut nominators);
        nominators.truncate(2);
        project.maintainers.push(person);
        let unit = project.unit();
        let attests = ["depth: wrote the redo log", "promptness: 当天答复", "leadership: led the merge"];
        self.rise(&unit, "maintainer", person, &nominators, &attests);
    }

    /// Nominations, the acceptance that claims the role, and its entry.
    fn rise(&mut self, unit: &str, role: &str, person: usize, nominators: &[usize], attests: &[&str]) {
        let handle = self.people.handle(person);
        for nominator in nominators {
            let nomination =
                json!({"unit": unit, "role": role, "person": handle, "attests": attests, "id": "nomination"});
            self.script.act(&self.people.handle(*nominator), "nominate", nomination);
            self.script.pass(0, 3 * MINUTE);
        }
        self.script.act(&handle, "accept", json!({"event": "@nomination", "id": "claim"}));
        self.enter(unit, role, &handle, "@claim");
    }

    /// Anybody enters a role that a basis entitles to.
    pub(super) fn enter(&mut self, unit: &str, role: &str, handle: &str, basis: &str) {
        let author = self.people.anybody(&mut self.script.chance);
        let grant = json!({"unit": unit, "role": role, "person": handle, "basis": basis});
        self.script.act(&self.people.handle(author), "grant", grant);
    }

    /// Somebody steps down from a rank of the ladder, where enough remain.
    pub(super) fn step_down(&mut self, index: usize) {
        let maintains = self.script.chance.percent(35);
        let Some(project) = self.projects.get_mut(index) else { return };
        let (role, holders, least) = if maintains {
            ("maintainer", &mut project.maintainers, 1)
        } else {
            ("reviewer", &mut project.reviewers, 2)
        };
        let free = |person: usize| !self.people.waits(person);
        let Some(person) = self.script.chance.pick_where(holders, free).filter(|_| least < holders.len()) else {
            return;
        };
        holders.retain(|other| *other != person);
        let unit = project.unit();
        self.script.act(&self.people.handle(person), "resign", json!({"unit": unit, "role": role}));
        self.script.pass(0, HOUR / 4);
    }
}
