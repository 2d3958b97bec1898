//! Records: what people put down about each other, which lists may name them, and what they claim.

use serde_json::json;

use super::Life;
use super::committee::{digest, record};

impl Life {
    /// Something is put on record.
    pub(super) fn put_on_record(&mut self) {
        match self.script.chance.below(100) {
            0..40 => self.record_in_project(),
            40..62 => self.record_in_committee(),
            62..75 => self.record_in_council(),
            75..88 => self.consent(),
            _ => self.claim(),
        }
    }

    fn record_in_project(&mut self) {
        let Some(index) = self.some_project() else { return };
        let anybody = self.people.anybody(&mut self.script.chance);
        let (Some(project), Some(committee)) = (self.projects.get(index), self.committees.get(index)) else { return };
        let chance = &mut self.script.chance;
        let Some(about) = chance.pick(&project.circle) else { return };
        let handle = self.people.handle(about);
        let (author, kind) = match chance.below(10) {
            0 => (chance.pick(&committee.members), "certificate"),
            1 => (chance.pick(&project.reviewers), "quality"),
            2 => (Some(anybody), "question"),
            _ => (Some(anybody), chance.word(&["talk", "article", "event", "task", "update", "judgement"])),
        };
        let Some(author) = author else { return };
        let statement = chance.word(&["Parallel query at the spring meetup", "一篇关于复制的文章", "Helped newcomers"]);
        let fields = json!({"person": handle, "statement": statement, "links": ["https://example.org/log"]});
        self.script.act(&self.people.handle(author), "record", record(&project.unit(), kind, fields));
    }

    fn record_in_committee(&mut self) {
        let Some(index) = self.some_project() else { return };
        let Some(committee) = self.committees.get(index) else { return };
        let chance = &mut self.script.chance;
        let Some(author) = chance.pick(&committee.members) else { return };
        let version = format!("version: 8.{}", chance.below(100));
        let (kind, more) = match chance.below(4) {
            0 => ("release", json!({"facts": [version], "digest": digest(index)})),
            1 => ("sig-review", json!({"facts": ["sig: Storage"], "statement": "Quarterly review"})),
            2 => ("evangelism", json!({"statement": "Talks at two universities"})),
            _ => ("quality", json!({"statement": "The nightly tests are green again"})),
        };
        self.script.act(&self.people.handle(author), "record", record(&committee.unit(), kind, more));
    }

    fn record_in_council(&mut self) {
        let chance = &mut self.script.chance;
        let Some(member) = self.council.anybody(chance) else { return };
        let about = self.people.handle(self.people.anybody(chance));
        let (kind, more) = match chance.below(4) {
            0 => ("innovation", json!({"statement": "A prize for the best idea"})),
            1 => ("supervision", json!({"statement": "Went through the open issues"})),
            2 => ("affiliation", json!({"facts": ["employer: somewhere else"]})),
            _ => ("merit", json!({"person": about, "statement": "Years of reviews"})),
        };
        self.script.act(&self.people.handle(member), "record", record("toc", kind, more));
    }

    /// Somebody says whether a public list may name them, or has thought better of it.
    fn consent(&mut self) {
        let Some((index, person, role)) = self.holder() else { return };
        let Some(project) = self.projects.get_mut(index) else { return };
        let unit = project.unit();
        let listed = &mut project.standing(person).listed;
        let given = listed.insert(role);
        if !given {
            listed.remove(role);
        }
        let listing = if given { "given" } else { "withdrawn" };
        let fields = json!({"unit": unit, "role": role, "listing": listing});
        self.script.act(&self.people.handle(person), "consent", fields);
    }

    /// Somebody claims what a role brings, and a member of the committee hands it over.
    fn claim(&mut self) {
        let Some((index, person, role)) = self.holder() else { return };
        let benefit = match role {
            "maintainer" => self.script.chance.word(&["maintainer-set", "maintainer-book"]),
            "reviewer" => "reviewer-set",
            _ => "contributor-shirt",
        };
        let (Some(project), Some(committee)) = (self.projects.get_mut(index), self.committees.get(index)) else {
            return;
        };
        if !project.standing(person).claimed.insert(benefit) {
            return;
        }
        let fields = json!({"unit": project.unit(), "benefit": benefit, "id": "benefit"});
        self.script.act(&self.people.handle(person), "claim", fields);
        let clerk = self.script.chance.pick(&committee.members).filter(|_| self.script.chance.percent(70));
        if let Some(clerk) = clerk {
            let fields = json!({"event": "@benefit", "note": "sent by post"});
            self.script.act(&self.people.handle(clerk), "fulfil", fields);
        }
    }

    /// Somebody who holds a rank of a project's ladder.
    fn holder(&mut self) -> Option<(usize, usize, &'static str)> {
        let index = self.some_project()?;
        let project = self.projects.get(index)?;
        let chance = &mut self.script.chance;
        let person = chance.pick(&project.circle)?;
        let role = if project.maintainers.contains(&person) {
            "maintainer"
        } else if project.reviewers.contains(&person) {
            "reviewer"
        } else if project.holds_role(person) {
            "contributor"
        } else {
            return None;
        };
        Some((index, person, role))
    }
}
