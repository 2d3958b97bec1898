//! A small community in a rehearsal, for tests that need one to be there: a TOC of three, a project with its committee.

use std::path::Path;

use serde_json::{Value, json};

/// Acts in the order in which they are played.
#[derive(Debug, Default)]
pub struct Script {
    acts: Vec<Value>,
    at: String,
}

impl Script {
    /// A script that begins at an instant.
    #[must_use]
    pub fn at(time: &str) -> Self {
        Self { acts: Vec::new(), at: time.to_owned() }
    }

    /// Sets the clock.
    pub fn time(&mut self, time: &str) {
        time.clone_into(&mut self.at);
    }

    /// Adds one act.
    pub fn act(&mut self, by: &str, act: &str, fields: &Value) {
        let mut object = json!({"at": self.at, "by": by, "act": act});
        for (key, value) in fields.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        self.acts.push(object);
    }

    /// Adds the same act by several persons.
    pub fn all(&mut self, people: &[&str], act: &str, fields: &Value) {
        for person in people {
            self.act(person, act, fields);
        }
    }

    /// Puts a motion in a meeting, votes on it with these approvals, and records the outcome.
    pub fn decide(&mut self, label: &str, meeting: &str, title: &str, effect: &Value, approve: &[&str]) {
        let chair = approve.first().copied().unwrap_or_default();
        let motion =
            json!({"id": label, "meeting": format!("@{meeting}"), "unit": "toc", "title": title, "effect": effect});
        self.act(chair, "move", &motion);
        self.act(chair, "open-vote", &json!({"id": format!("v{label}"), "motion": format!("@{label}")}));
        self.all(approve, "vote", &json!({"vote": format!("@v{label}"), "choice": "for"}));
        self.act(chair, "close-vote", &json!({"vote": format!("@v{label}")}));
    }

    /// The acts so far.
    #[must_use]
    pub fn lines(&self) -> &[Value] {
        &self.acts
    }

    /// Plays the script into `play.ledger` in a folder; every act is accepted.
    pub fn play(&self, folder: &Path) {
        let answers = crate::rehearse(folder, &self.acts);
        for (act, answer) in self.acts.iter().zip(&answers) {
            assert_eq!(answer["outcome"], "accepted", "{act}\n{answer}");
        }
    }
}

/// A TOC of alice, bob and carol, convened for 2026-03-09 with this agenda, checked in and open; the meeting is `@m`.
#[must_use]
pub fn meeting(agenda: &[&str]) -> Script {
    let mut script = Script::at("2026-03-02T01:00:00Z");
    script.act("root", "found", &json!({"authority": ["root"], "threshold": 1, "name": "GreatSQL"}));
    script.all(&["alice", "bob", "carol", "zed", "wen", "vic"], "enrol", &json!({}));
    for (person, role) in [("alice", "chair"), ("bob", "member"), ("carol", "member")] {
        script.act("root", "appoint", &json!({"unit": "toc", "role": role, "person": person}));
    }
    script.act("root", "constitute", &json!({"unit": "toc", "members": ["alice", "bob", "carol"]}));
    script.time("2026-03-03T01:00:00Z");
    let notice = json!({"id": "m", "unit": "toc", "kind": "regular", "starts": "2026-03-09T12:00:00Z", "place": "Room 王府井, 3rd floor",
        "mode": "both", "agenda": agenda, "references": ["https://example.org/paper?a=1&b=<2>"]});
    script.act("alice", "notice", &notice);
    script.time("2026-03-09T12:00:00Z");
    script.all(&["alice", "bob", "carol"], "check-in", &json!({"meeting": "@m"}));
    script.act("alice", "open", &json!({"meeting": "@m"}));
    script
}
