//! The tools around a charter: every lint fires with its line, every broken draft is refused with the place, outlook warns
//! before a body freezes and names the exits after, and a history rehearsed under a draft says what would have differed.

use std::path::Path;

use rollcall_core::charter::Charter;
use rollcall_core::state::view::Wanted;
use rollcall_storage::Store;
use rollcall_storage::redb::RedbStore;
use rollcall_tests::community::{Script, meeting};
use rollcall_tests::{json, rehearse, rollcall};
use serde_json::{Value, json};

/// The shelf of motions that lost an election for good.
const OUTVOTED: u8 = 68;

fn check(folder: &Path, change: impl Fn(&str) -> String) -> (i32, String) {
    let text = Charter::preset("greatsql").unwrap();
    let changed = change(text);
    assert_ne!(changed, text, "the change changes nothing");
    std::fs::write(folder.join("draft.toml"), &changed).unwrap();
    let output = rollcall(folder, &["charter", "check", "draft.toml"]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), said)
}

/// The line of the first text that holds `needle`, counted from 1.
fn line_of(text: &str, needle: &str) -> usize {
    text.lines().position(|line| line.contains(needle)).unwrap() + 1
}

#[test]
fn every_preset_compiles_and_greatsql_has_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    for name in Charter::PRESETS {
        let charter = Charter::compile(Charter::preset(name).unwrap()).unwrap();
        assert_eq!(charter.name().as_str(), *name);
    }
    std::fs::write(folder.path().join("own.toml"), Charter::preset("greatsql").unwrap()).unwrap();
    let output = rollcall(folder.path(), &["charter", "check", "own.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

/// A change of the charter, the exit code of its check, words of the answer, and the text of the line that it names.
type Case = (&'static str, &'static str, i32, &'static str, &'static str);

#[test]
fn a_draft_that_breaks_a_check_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let text = Charter::preset("greatsql").unwrap();
    let without = |from: &'static str, to: &'static str| move |text: &str| text.replacen(from, to, 1);
    let cases: [Case; 10] = [
        // What cannot be a charter: exit 2.
        ("count = \"one\"", "count = 7", 2, "TOML parse error at line", ""),
        (
            "called_by = { role = \"chair\", clause = \"TOC-9\" }",
            "called_by = { role = \"boss\", clause = \"TOC-9\" }",
            2,
            "has no role: `boss`",
            "\"boss\"",
        ),
        (
            "pass = [{ more_than = \"1/2\", of = \"in_office\", clause = \"PMC-15\" }]",
            "pass = []",
            2,
            "a threshold under `pass`",
            "[unit.toc]",
        ),
        (
            "at_least = \"2/3\", of = \"in_office\"",
            "at_least = \"66%\", of = \"in_office\"",
            2,
            "not a fraction",
            "\"66%\"",
        ),
        ("effect = \"address-authority\"", "effect = \"decree\"", 2, "no such effect", "\"decree\""),
        ("important = { by", "famous = { by", 2, "asks for `important`", "important"),
        // What leaves a community stuck or open: exit 1.
        (
            "quorum = { at_least = \"2/3\", of = \"in_office\", clause = \"TOC-22\" }\n",
            "",
            1,
            "no-quorum",
            "[unit.toc.meeting]",
        ),
        (
            "decides = [{ effect = \"amend\", clause = \"G1\", listed = \"TOC-20\" }]",
            "decides = [{ effect = \"resolve\", topic = \"amend\", clause = \"G1\" }]",
            1,
            "no-amendment",
            "[authority]",
        ),
        ("grace_minutes = { value = 15, clause = \"TOC-9\" }\n", "", 1, "sole-opener", "[unit.toc.meeting]"),
        (
            "constitute = { at_least = 3, clause = \"G18\" }",
            "constitute = { at_least = 2, clause = \"G18\" }",
            1,
            "tiny-body",
            "[unit.toc]",
        ),
    ];
    for (from, to, code, words, place) in cases {
        let (exit, said) = check(here, without(from, to));
        assert_eq!(exit, code, "{from}: {said}");
        assert!(said.contains(words), "{from}: {said}");
        if !place.is_empty() {
            let changed = text.replacen(from, to, 1);
            let line = line_of(&changed, place);
            assert!(said.contains(&format!("draft.toml:{line}:")), "{from}: line {line} in {said}");
        }
    }
    // D3: the charter amended by half of the members in office, although resolutions need more.
    let (exit, said) = check(here, |text| {
        let (head, tail) = text.split_once("[unit.toc.decision.amendment]").unwrap();
        let tail = tail.replacen("  { at_least = \"2/3\", of = \"present\", clause = \"TOC-26\" },\n", "", 1);
        format!("{head}[unit.toc.decision.amendment]{tail}")
    });
    assert!(exit == 1 && said.contains("weaker-door") && said.contains("TOC-26"), "{said}");
    // A ladder nobody can climb: no founding resolution, no first Maintainers by the committee.
    let (exit, said) = check(here, |text| {
        let text = text
            .lines()
            .filter(|line| !line.contains("kind = \"project\", clause = \"TOC-7\""))
            .collect::<Vec<_>>()
            .join("\n");
        text.lines().filter(|line| !line.contains("clause = \"DEV-SEED\", own = true")).collect::<Vec<_>>().join("\n")
    });
    assert!(exit == 1 && said.contains("unreachable-role") && said.contains("`maintainer`"), "{said}");
    let (exit, said) = check(here, |text| {
        text.replacen("[unit.toc.meeting.petition]\nsigned_by = { at_least = \"1/2\", of = \"in_office\", clause = \"TOC-18\" }\nlead_days = 12\nanswer_days = 7\n", "", 1)
    });
    assert!(exit == 1 && said.contains("sole-convener"), "{said}");
    let (exit, said) = check(here, |text| {
        text.replacen(
            "effect = \"resolve\", topic = \"advice\", clause = \"PMC-7\"",
            "effect = \"resolve\", topic = \"advice\", clause = \"PMC-7\", listed = \"TOC-20\"",
            1,
        )
    });
    assert!(exit == 1 && said.contains("listed-outside"), "{said}");
}

/// Scenario 8: five members, two of whom stop coming. One absence each is a warning; a second meeting without quorum
/// freezes the body, and only the authority is left.
#[test]
fn outlook_warns_before_and_names_the_exits_after() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = Script::at("2026-03-02T01:00:00Z");
    script.act("root", "found", &json!({"authority": ["root"], "threshold": 1}));
    let five = ["alice", "bob", "carol", "dave", "erin"];
    script.all(&five, "enrol", &json!({}));
    script.play(here);
    let outlook = || json(here, &["--ledger", "play.ledger", "charter", "outlook"])["bodies"][0].clone();
    // Nobody can demand a meeting of an empty body, or leave it; somebody can be appointed.
    let empty = outlook();
    assert_eq!(
        (&empty["standing"], &empty["in_office"], &empty["petition"]),
        (&json!("frozen"), &json!(0), &json!(null))
    );
    let exits = empty["exits"].as_array().unwrap().iter().map(|exit| exit["clause"].as_str().unwrap());
    assert_eq!(exits.collect::<Vec<_>>(), ["TOC-13", "TOC-13"], "{empty}");

    let mut script = Script::at("2026-03-02T02:00:00Z");
    for person in five {
        let role = if person == "alice" { "chair" } else { "member" };
        script.act("root", "appoint", &json!({"unit": "toc", "role": role, "person": person}));
    }
    script.act("root", "constitute", &json!({"unit": "toc", "members": five}));
    script.play(here);
    let sound = outlook();
    assert_eq!((&sound["standing"], &sound["quorum"], &sound["spare"]), (&json!("sound"), &json!(4), &json!(1)));

    let sit = |label: &str, notice: &str, starts: &str, present: &[&str]| {
        let mut script = Script::at(notice);
        let fields = json!({"id": label, "unit": "toc", "kind": "regular", "starts": starts, "place": "online", "mode": "remote", "agenda": ["x"], "references": "none"});
        script.act("alice", "notice", &fields);
        script.time(starts);
        script.all(present, "check-in", &json!({"meeting": format!("@{label}")}));
        script.act("alice", "open", &json!({"meeting": format!("@{label}")}));
        script.act("alice", "adjourn", &json!({"meeting": format!("@{label}")}));
        script.play(here);
    };
    sit("m1", "2026-03-03T01:00:00Z", "2026-03-09T12:00:00Z", &["alice", "bob", "carol", "dave"]);
    let warned = outlook();
    assert_eq!((&warned["standing"], &warned["until_frozen"]), (&json!("warned"), &json!(1)), "{warned}");
    assert_eq!(warned["away"], json!([["erin", 1]]));
    assert!(warned["exits"].to_string().contains("erin missed 1 of 2"), "{warned}");

    sit("m2", "2026-03-10T01:00:00Z", "2026-03-16T12:00:00Z", &["alice", "bob", "carol"]);
    sit("m3", "2026-03-17T01:00:00Z", "2026-03-23T12:00:00Z", &["alice", "bob", "carol"]);
    let frozen = outlook();
    assert_eq!(frozen["standing"], "frozen", "{frozen}");
    let exits = frozen["exits"].to_string();
    assert!(exits.contains("count at once") && exits.contains("TOC-13") && exits.contains("TOC-18"), "{exits}");
    assert!(!exits.contains("a valid meeting may remove"), "no meeting can be valid: {exits}");
    let quorum = json(here, &["--ledger", "play.ledger", "meeting", "quorum", "--if", "alice,bob,carol"]);
    assert_eq!(
        (&quorum["holds"], &quorum["missing"], &quorum["any_of"]),
        (&json!(false), &json!(1), &json!(["dave", "erin"]))
    );
    let pending = json(here, &["--ledger", "play.ledger", "pending", "erin"]);
    assert!(pending["pending"].to_string().contains("erin has missed 3 meeting(s)"), "{pending}");
}

#[test]
fn a_history_rehearsed_under_a_draft_says_what_would_have_differed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = meeting(&["Narrow"]);
    script.act("alice", "move", &json!({"id": "n", "meeting": "@m", "unit": "toc", "title": "Narrow", "effect": {"kind": "found-unit", "unit": "project/x"}}));
    script.act("alice", "open-vote", &json!({"id": "vn", "motion": "@n"}));
    script.all(&["alice", "bob"], "vote", &json!({"vote": "@vn", "choice": "for"}));
    script.act("carol", "vote", &json!({"vote": "@vn", "choice": "against"}));
    script.act("alice", "close-vote", &json!({"vote": "@vn", "outcome": "passed"}));
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    script.act("zed", "found-unit", &json!({"unit": "project/x", "kind": "project", "basis": "@n"}));
    script.play(here);
    let own = json(here, &["--ledger", "play.ledger", "charter", "rehearse", "greatsql"]);
    assert_eq!((&own["refused"], &own["outcomes"], &own["roster"]), (&json!([]), &json!([]), &json!([])), "{own}");

    let strict = Charter::preset("greatsql")
        .unwrap()
        .replace("at_least = \"2/3\", of = \"present\"", "more_than = \"2/3\", of = \"present\"");
    std::fs::write(here.join("strict.toml"), strict).unwrap();
    let before = std::fs::read(here.join("play.ledger")).unwrap();
    let other = json(here, &["--ledger", "play.ledger", "charter", "rehearse", "strict.toml"]);
    let codes: Vec<&str> =
        other["refused"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["outcome-differs", "basis-not-passed"], "{other}");
    let motion: &Value = &other["outcomes"][0];
    assert_eq!((&motion["here"], &motion["draft"]), (&json!("passed"), &json!("failed")), "{other}");
    assert_eq!(before, std::fs::read(here.join("play.ledger")).unwrap(), "nothing was changed");
}

/// An outcome that rests on a reading says so, and whether the other one flips it: three of five elect a chair by PMC-15, and
/// would not if TOC-26 applied to the election too.
#[test]
fn an_outcome_says_which_readings_it_rests_on_and_which_would_flip_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let five = ["alice", "bob", "carol", "dave", "erin"];
    let mut script = Script::at("2026-03-02T01:00:00Z");
    script.act("root", "found", &json!({"authority": ["root"], "threshold": 1}));
    script.all(&five, "enrol", &json!({}));
    script.act("zed", "enrol", &json!({}));
    for person in five {
        let role = if person == "alice" { "chair" } else { "member" };
        script.act("root", "appoint", &json!({"unit": "toc", "role": role, "person": person}));
    }
    script.act("root", "constitute", &json!({"unit": "toc", "members": five}));
    let terms = json!({"id": "m", "unit": "toc", "kind": "regular", "starts": "2026-03-09T12:00:00Z", "place": "online", "mode": "remote", "agenda": ["Chair"], "references": "none"});
    script.act("alice", "notice", &terms);
    script.time("2026-03-09T12:00:00Z");
    script.all(&five, "check-in", &json!({"meeting": "@m"}));
    script.act("alice", "open", &json!({"meeting": "@m"}));
    let chair = json!({"kind": "grant", "unit": "pmc/gs", "role": "chair", "person": "zed"});
    script.act("alice", "move", &json!({"id": "c", "meeting": "@m", "unit": "toc", "title": "Chair", "effect": chair}));
    script.act("alice", "open-vote", &json!({"id": "vc", "motion": "@c"}));
    script.all(&five[..3], "vote", &json!({"vote": "@vc", "choice": "for"}));
    script.all(&five[3..], "vote", &json!({"vote": "@vc", "choice": "against"}));
    script.act("alice", "close-vote", &json!({"vote": "@vc"}));
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    script.play(here);
    let motions = json(here, &["--ledger", "play.ledger", "motion"]);
    let rests = motions[0]["rests_on"].as_array().unwrap().iter().map(|r| r["interpretation"].as_str().unwrap());
    assert_eq!(rests.collect::<Vec<_>>(), ["TOC-20", "TOC-23", "PMC-15"]);
    let readings = json(here, &["--ledger", "play.ledger", "charter", "rehearse", "--readings"]);
    let rows = readings["readings"].as_array().unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| row["interpretation"].as_str().unwrap()).collect();
    assert_eq!(ids, ["TOC-18", "TOC-19", "TOC-23", "C19", "PMC-17", "DEV-R7", "PMC-15"]);
    let flipped: Vec<&str> = ids.iter().zip(rows).filter(|(_, row)| row["flips"] == true).map(|(id, _)| *id).collect();
    assert_eq!(flipped, ["PMC-15"], "{readings}");
}

/// Wen is elected by three, after another motion about the seat that two of three carry, or three where it is about wen too; then a ruling
/// takes the newer one out, and wen resigns. The acts, with how many of them there are once wen has the seat.
fn election(rival: &str) -> (Script, usize) {
    let chair = |person: &str| json!({"kind": "grant", "unit": "pmc/gs", "role": "chair", "person": person});
    let three = ["alice", "bob", "carol"];
    let mut script = meeting(&["Found", "Chair wen", "Another"]);
    script.decide("f", "m", "Found", &json!({"kind": "found-unit", "unit": "pmc/gs"}), &three);
    script.act(
        "alice",
        "move",
        &json!({"id": "o", "meeting": "@m", "unit": "toc", "title": "Another", "effect": chair(rival)}),
    );
    script.act("alice", "open-vote", &json!({"id": "vo", "motion": "@o"}));
    script.all(&three[..2], "vote", &json!({"vote": "@vo", "choice": "for"}));
    let third = if rival == "wen" { "for" } else { "against" };
    script.act("carol", "vote", &json!({"vote": "@vo", "choice": third}));
    script.act("alice", "close-vote", &json!({"vote": "@vo", "outcome": "passed"}));
    script.decide("w", "m", "Chair wen", &chair("wen"), &three);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    script.act("zed", "found-unit", &json!({"unit": "pmc/gs", "kind": "pmc", "basis": "@f"}));
    script.act("zed", "grant", &json!({"unit": "pmc/gs", "role": "chair", "person": "wen", "basis": "@w"}));
    let elected = script.lines().len();
    script.time("2026-03-10T01:00:00Z");
    let notice = json!({"id": "m2", "unit": "toc", "kind": "regular", "starts": "2026-03-16T12:00:00Z", "place": "online", "mode": "remote", "agenda": ["Rule"], "references": "none"});
    script.act("alice", "notice", &notice);
    script.time("2026-03-16T12:00:00Z");
    script.all(&three, "check-in", &json!({"meeting": "@m2"}));
    script.act("alice", "open", &json!({"meeting": "@m2"}));
    let rule = json!({"kind": "resolve", "topic": "technical-ruling", "text": "Not wen", "supersedes": "@w"});
    script.decide("r", "m2", "Rule", &rule, &three);
    script.act("alice", "adjourn", &json!({"meeting": "@m2"}));
    script.act("wen", "resign", &json!({"unit": "pmc/gs", "role": "chair"}));
    (script, elected)
}

/// Whether a grant of the seat is due, and how many rows say what has lost for good, after so many acts: under a charter by which a ruling
/// takes out what its own committee has decided. Such a row is the unit's, a NUL behind it, and holds the other motion alone.
fn due_and_lost(script: &Script, acts: usize) -> (bool, usize) {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ruling = Charter::preset("greatsql").unwrap().replace("supersedes = \"pmc\"", "supersedes = \"toc\"");
    std::fs::write(here.join("ruling.toml"), ruling).unwrap();
    let mut lines = script.lines()[..acts].to_vec();
    lines[0]["charter"] = json!("ruling.toml");
    let mut other = String::new();
    for (line, answer) in lines.iter().zip(rehearse(here, &lines)) {
        assert_eq!(answer["outcome"], "accepted", "{line}\n{answer}");
        if line["id"] == "o" {
            answer["event"].as_str().unwrap().clone_into(&mut other);
        }
    }
    let pending = json(here, &["--ledger", "play.ledger", "pending"])["pending"].to_string();
    let store = RedbStore::read(&here.join("play.ledger")).unwrap();
    let mut lost = 0;
    let mut row = |key: &[u8], value: &[u8]| {
        lost += 1;
        assert_eq!((key, value), (&b"pmc/gs\0"[..], &[&[1, 64], other.as_bytes()].concat()[..]));
    };
    store.rows(&Wanted { shelf: OUTVOTED, beginning: Vec::new() }, &mut row).unwrap();
    (pending.contains("grant `chair` in `pmc/gs`"), lost)
}

/// Whoever lost an election to the one who has the seat is not asked about again, until a ruling takes the winner out, where a charter
/// allows that: then the seat is due to them.
#[test]
fn who_lost_an_election_is_due_once_a_ruling_takes_the_winner_out() {
    let (mut script, elected) = election("vic");
    let ruled = script.lines().len();
    script.act("zed", "grant", &json!({"unit": "pmc/gs", "role": "chair", "person": "vic", "basis": "@o"}));
    let told = [elected, ruled, ruled + 1].map(|acts| due_and_lost(&script, acts));
    assert_eq!(told, [(false, 1), (true, 0), (false, 0)]);
}

/// An older motion about the winner has lost to the newer one, and entitles to nothing without it either: the seat was theirs since.
#[test]
fn an_older_motion_about_the_winner_has_lost_too() {
    let (script, elected) = election("wen");
    let told = [elected, script.lines().len()].map(|acts| due_and_lost(&script, acts));
    assert_eq!(told, [(false, 1), (false, 0)]);
}
