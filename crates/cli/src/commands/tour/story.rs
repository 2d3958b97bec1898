//! The script of the tour: who does what when, and what the charter is expected to answer.

use serde_json::{Map, Value, json};

/// What an act is expected to be answered with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expect {
    /// Accepted.
    Accepted,
    /// Refused with this code.
    Refused(&'static str),
}

/// One beat of the story.
#[derive(Clone, Debug)]
pub(super) enum Beat {
    /// A new scene.
    Scene(&'static str),
    /// A sentence between acts.
    Say(&'static str),
    /// An act.
    Act(Map<String, Value>, Expect),
}

const MEMBERS: [&str; 7] = ["王芳", "bob", "carol", "dave", "erin", "grace", "李雷"];
const PRESENT: [&str; 5] = ["王芳", "bob", "carol", "dave", "erin"];

/// Writes beats; `at` is the time of the next act.
struct Script {
    beats: Vec<Beat>,
    at: &'static str,
}

impl Script {
    fn scene(&mut self, title: &'static str, at: &'static str) {
        self.beats.push(Beat::Scene(title));
        self.at = at;
    }

    fn say(&mut self, words: &'static str) {
        self.beats.push(Beat::Say(words));
    }

    fn act(&mut self, by: &str, act: &str, fields: &Value) {
        self.expect(by, act, fields, Expect::Accepted);
    }

    fn refused(&mut self, by: &str, act: &str, fields: &Value, code: &'static str) {
        self.expect(by, act, fields, Expect::Refused(code));
    }

    fn expect(&mut self, by: &str, act: &str, fields: &Value, expect: Expect) {
        let mut object = Map::new();
        object.insert("at".to_owned(), json!(self.at));
        object.insert("by".to_owned(), json!(by));
        object.insert("act".to_owned(), json!(act));
        object.extend(fields.as_object().cloned().unwrap_or_default());
        self.beats.push(Beat::Act(object, expect));
    }
}

/// The whole story.
pub(super) fn beats() -> Vec<Beat> {
    let mut script = Script { beats: Vec::new(), at: "2026-03-02T01:00:00Z" };
    founding(&mut script);
    first_notice(&mut script);
    sitting(&mut script);
    election(&mut script);
    lost_motion(&mut script);
    effects(&mut script);
    script.beats
}

fn founding(script: &mut Script) {
    script.scene("A community founds its ledger", "2026-03-02T01:00:00Z");
    script.say("Three persons form the appointing authority; any two of them act for the community (TOC-13).");
    script.act("linlan", "found", &json!({"name": "GreatSQL (tour)", "charter": "greatsql", "authority": ["linlan", "osei", "mora"], "threshold": 2}));
    script.refused("王芳", "enrol", &json!({}), "founding-open");
    script.act("osei", "confirm", &json!({}));
    script.say("Two have confirmed: the charter is in force. People enrol, each with a key of their own.");
    for member in MEMBERS {
        script.act(member, "enrol", &json!({}));
    }
    script.say("One signature of the authority proposes, the second makes it stand.");
    script.act("linlan", "appoint", &json!({"unit": "toc", "role": "chair", "person": "王芳", "id": "chair"}));
    script.act("osei", "endorse", &json!({"event": "@chair"}));
    for member in MEMBERS.iter().filter(|member| **member != "王芳") {
        script.act("linlan", "appoint", &json!({"unit": "toc", "role": "member", "person": member, "id": member}));
        script.act("mora", "endorse", &json!({"event": format!("@{member}")}));
    }
    script.act("linlan", "constitute", &json!({"unit": "toc", "members": MEMBERS, "id": "toc"}));
    script.act("mora", "endorse", &json!({"event": "@toc"}));
}

fn first_notice(script: &mut Script) {
    script.scene("The chair convenes a meeting", "2026-03-03T02:00:00Z");
    let notice = json!({
        "unit": "toc", "kind": "regular", "starts": "2026-03-09T12:00:00Z", "place": "https://meet.example.org/toc",
        "mode": "remote", "agenda": ["Found pmc/greatsql", "Elect bob chair of pmc/greatsql"], "references": "none", "id": "m1",
    });
    script.refused("carol", "notice", &notice, "not-convener");
    script.act("carol", "item", &json!({"unit": "toc", "title": "Freeze features in even weeks"}));
    script.act("王芳", "notice", &notice);
    script.act("grace", "excuse", &json!({"meeting": "@m1", "reason": "travelling"}));
}

fn sitting(script: &mut Script) {
    script.scene("The meeting opens, and finds its quorum", "2026-03-09T11:58:00Z");
    script.refused("王芳", "open", &json!({"meeting": "@m1"}), "before-start");
    script.at = "2026-03-09T12:00:00Z";
    for member in ["王芳", "bob", "carol", "dave"] {
        script.act(member, "check-in", &json!({"meeting": "@m1"}));
    }
    script.act("王芳", "open", &json!({"meeting": "@m1"}));
    script.at = "2026-03-09T12:02:00Z";
    let motion = json!({
        "meeting": "@m1", "unit": "toc", "title": "Found pmc/greatsql",
        "effect": {"kind": "found-unit", "unit": "pmc/greatsql"}, "id": "found",
    });
    script.act("王芳", "move", &motion);
    script.say("Four of seven are here, and four is not two thirds of seven.");
    script.refused("王芳", "open-vote", &json!({"motion": "@found"}), "no-quorum");
    script.at = "2026-03-09T12:04:00Z";
    script.act("erin", "check-in", &json!({"meeting": "@m1"}));
    script.act("王芳", "open-vote", &json!({"motion": "@found", "closes": "2026-03-09T12:20:00Z", "id": "v1"}));
    script.at = "2026-03-09T12:06:00Z";
    for member in PRESENT {
        script.act(member, "vote", &json!({"vote": "@v1", "choice": "for"}));
    }
    script.act("bob", "close-vote", &json!({"vote": "@v1"}));
}

fn election(script: &mut Script) {
    script.scene("An election, and two ballots that do not count", "2026-03-09T12:10:00Z");
    let motion = json!({
        "meeting": "@m1", "unit": "toc", "title": "Elect bob chair of pmc/greatsql",
        "effect": {"kind": "grant", "unit": "pmc/greatsql", "role": "chair", "person": "bob"}, "id": "elect",
    });
    script.act("carol", "move", &motion);
    script.act("王芳", "open-vote", &json!({"motion": "@elect", "closes": "2026-03-09T12:30:00Z", "id": "v2"}));
    script.at = "2026-03-09T12:12:00Z";
    script.act("王芳", "vote", &json!({"vote": "@v2", "choice": "for"}));
    script.act("carol", "vote", &json!({"vote": "@v2", "choice": "against", "id": "carol-1"}));
    script.act("dave", "vote", &json!({"vote": "@v2", "choice": "for"}));
    script.say("Grace is travelling and has asked carol to vote for her; carol signs, and the signature tells.");
    script.refused(
        "grace",
        "vote",
        &json!({"vote": "@v2", "choice": "for", "signed_by": "carol"}),
        "key-not-of-author",
    );
    script.say("李雷 did not come to the meeting, and votes with his own key from home.");
    script.refused("李雷", "vote", &json!({"vote": "@v2", "choice": "for"}), "outside-electorate");
    script.say("Carol changes her mind; a second ballot must name the one that it replaces.");
    script.refused("carol", "vote", &json!({"vote": "@v2", "choice": "for"}), "must-replace");
    script.act("carol", "vote", &json!({"vote": "@v2", "choice": "for", "replaces": "@carol-1"}));
    script.act("erin", "vote", &json!({"vote": "@v2", "choice": "for"}));
    script.refused("王芳", "close-vote", &json!({"vote": "@v2"}), "ballots-missing");
    script.act("bob", "vote", &json!({"vote": "@v2", "choice": "abstain"}));
    script.act("王芳", "close-vote", &json!({"vote": "@v2", "outcome": "passed"}));
}

fn lost_motion(script: &mut Script) {
    script.scene("A motion is lost, and a ballot comes late", "2026-03-09T12:34:00Z");
    let motion = json!({
        "meeting": "@m1", "unit": "toc", "title": "Freeze features in even weeks",
        "effect": {"kind": "resolve", "text": "No feature is merged in even calendar weeks."}, "id": "freeze",
    });
    script.act("carol", "move", &motion);
    script.act("王芳", "open-vote", &json!({"motion": "@freeze", "closes": "2026-03-09T12:45:00Z", "id": "v3"}));
    script.at = "2026-03-09T12:40:00Z";
    for (member, choice) in [("carol", "for"), ("dave", "for"), ("erin", "for"), ("bob", "against")] {
        script.act(member, "vote", &json!({"vote": "@v3", "choice": choice}));
    }
    script.at = "2026-03-09T12:45:01Z";
    script.refused("王芳", "vote", &json!({"vote": "@v3", "choice": "for"}), "vote-closed");
    script.refused("carol", "close-vote", &json!({"vote": "@v3", "outcome": "passed"}), "outcome-differs");
    script.act("carol", "close-vote", &json!({"vote": "@v3"}));
}

fn effects(script: &mut Script) {
    script.scene("What was decided takes effect, once", "2026-03-09T12:50:00Z");
    script.refused(
        "erin",
        "found-unit",
        &json!({"unit": "pmc/greatsql", "kind": "pmc", "basis": "@found"}),
        "basis-not-due",
    );
    script.act("王芳", "adjourn", &json!({"meeting": "@m1"}));
    script.at = "2026-03-09T12:55:00Z";
    script.act("erin", "found-unit", &json!({"unit": "pmc/greatsql", "kind": "pmc", "basis": "@found"}));
    let seat = json!({"unit": "pmc/greatsql", "role": "chair", "person": "bob", "basis": "@elect"});
    script.act("erin", "grant", &seat);
    script.refused("erin", "grant", &seat, "basis-used");
    script.scene("A member leaves", "2026-04-20T03:00:00Z");
    script.say("Nobody has to agree; everybody has to be told (TOC-16).");
    script.act("dave", "resign", &json!({"unit": "toc", "role": "member"}));
}
