//! Ninety-nine meetings of a real technical committee, replayed as meetings of a TOC of those members: quorum and runs of
//! absences come out of the charter as they come out of a count made straight from the file.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_core::act::Act;
use rollcall_core::decide::meeting::{Body, streak};
use rollcall_core::entry::Entry;
use rollcall_core::event::Payload;
use rollcall_core::ledger::Ledger;
use rollcall_core::name::UnitId;
use rollcall_storage::Store;
use rollcall_storage::redb::RedbStore;
use rollcall_tests::community::Script;
use rollcall_tests::shared;
use serde_json::{Value, json};

/// What the file says of one meeting.
struct Row {
    day: String,
    members: BTreeSet<String>,
    present: BTreeSet<String>,
}

fn rows() -> Option<Vec<Row>> {
    let text = std::fs::read_to_string(shared("data")?.join("openeuler-tc.meetings.jsonl")).unwrap();
    let people = |row: &Value, field: &str| -> BTreeSet<String> {
        row[field].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let rows = text.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        let members = people(&row, "members");
        let present = people(&row, "present").intersection(&members).cloned().collect();
        Row { day: row["meeting"].as_str().unwrap().to_owned(), members, present }
    });
    Some(rows.collect())
}

fn instant(day: &str, days_before: i64, hour: i64) -> String {
    let date: jiff::civil::Date = day.parse().unwrap();
    let date = date.checked_sub(jiff::Span::new().days(days_before)).unwrap();
    format!("{date}T{hour:02}:00:00Z")
}

/// Each meeting: seats are given and resigned before its notice, six days ahead; the members who came check in.
fn script(rows: &[Row]) -> Script {
    let everybody: BTreeSet<&String> = rows.iter().flat_map(|row| &row.members).collect();
    let mut script = Script::at(&instant(&rows[0].day, 20, 0));
    script.act("root", "found", &json!({"authority": ["root"], "threshold": 1, "name": "openEuler TC"}));
    for person in everybody {
        script.act(person, "enrol", &json!({}));
    }
    let mut seated: BTreeSet<String> = BTreeSet::new();
    for (number, row) in rows.iter().enumerate() {
        script.time(&instant(&row.day, 6, 1));
        for person in row.members.difference(&seated) {
            script.act("root", "appoint", &json!({"unit": "toc", "role": "member", "person": person}));
        }
        for person in seated.difference(&row.members) {
            script.act(person, "resign", &json!({"unit": "toc", "role": "member"}));
        }
        let chair = row.members.first().unwrap();
        if number == 0 || rows[number - 1].members.first() != Some(chair) {
            script.act("root", "appoint", &json!({"unit": "toc", "role": "chair", "person": chair}));
        }
        if number == 0 {
            script.act("root", "constitute", &json!({"unit": "toc", "members": row.members}));
        }
        seated.clone_from(&row.members);
        let label = format!("m{number}");
        let notice = json!({"id": label, "unit": "toc", "kind": "regular", "starts": instant(&row.day, 0, 2), "place": "online",
            "mode": "remote", "agenda": ["Topics"], "references": "none"});
        script.act(chair, "notice", &notice);
        script.time(&instant(&row.day, 0, 2));
        for person in &row.present {
            script.act(person, "check-in", &json!({"meeting": format!("@{label}")}));
        }
        script.act(chair, "open", &json!({"meeting": format!("@{label}")}));
        script.time(&instant(&row.day, 0, 4));
        script.act(chair, "adjourn", &json!({"meeting": format!("@{label}")}));
    }
    script
}

#[test]
fn quorum_and_absences_agree_with_a_count_from_the_file() {
    let Some(rows) = rows() else { return };
    let folder = tempfile::tempdir().unwrap();
    script(&rows).play(folder.path());

    let store = RedbStore::read(&folder.path().join("play.ledger")).unwrap();
    let mut ledger = Ledger::default();
    let toc: UnitId = "toc".parse().unwrap();
    let mut missed: BTreeMap<String, u64> = BTreeMap::new();
    let (mut number, mut quorate, mut doubles, mut removable) = (0, 0, 0, BTreeSet::new());
    for bytes in store.entries(0..store.head().unwrap().size).unwrap() {
        ledger.replay(&bytes).unwrap();
        let entry = Entry::decode(&bytes).unwrap();
        let Act::Adjourn(act) = Payload::decode(entry.event.payload()).unwrap().act else { continue };
        let (state, row) = (ledger.state(), &rows[number]);
        // Straight from the file: two thirds, inclusive; a run goes on for who stays a member and stays away.
        let holds = 3 * row.present.len() >= 2 * row.members.len();
        missed.retain(|person, _| row.members.contains(person));
        for person in &row.members {
            let run = missed.entry(person.clone()).or_default();
            *run = if row.present.contains(person) { 0 } else { *run + 1 };
        }

        let charter = state.charter().unwrap();
        let body = Body::of(state, charter, &toc).unwrap();
        let meeting = state.meetings().get(&act.meeting).unwrap();
        assert_eq!(meeting.quorate, holds, "{}: {} of {}", row.day, row.present.len(), row.members.len());
        assert_eq!(meeting.recipients.len(), row.members.len(), "{}", row.day);
        for (person, expected) in &missed {
            let found = streak(state, &body, &person.parse().unwrap(), entry.accepted_at);
            assert_eq!(found, *expected, "{} after {}", person, row.day);
            if found == 2 {
                doubles += 1;
                removable.insert(person.clone());
            }
        }
        quorate += usize::from(holds);
        number += 1;
    }
    println!("{number} meetings, {quorate} quorate, {doubles} double absences of {} members", removable.len());
    assert_eq!((number, quorate), (99, 67));
    assert!(0 < doubles);
}
