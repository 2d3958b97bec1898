//! What a meeting leaves behind, opened with programs that are not ours: a mail parser, a calendar library, an XML parser
//! and, where there is one, a browser. Text that somebody wrote cannot become markup or a header.

use std::path::Path;
use std::process::Command;

use rollcall_tests::community::{Script, meeting};
use rollcall_tests::{expect, has_tool, json, rollcall};
use serde_json::{Value, json};

const NASTY: &str = "Vote | <script>alert(1)</script> & \"50%\" *bold* `x`";

/// A meeting with a motion, an objection and an unsigned spoken ballot; returns the ids of meeting and motion.
fn held(here: &Path) -> (String, String) {
    let mut script = meeting(&[NASTY, "选举主席 😀"]);
    script.act("zed", "check-in", &json!({"meeting": "@m"}));
    script.act("alice", "move", &json!({"id": "n", "meeting": "@m", "unit": "toc", "title": NASTY, "effect": {"kind": "resolve", "text": NASTY}}));
    script.act("alice", "open-vote", &json!({"id": "vn", "motion": "@n"}));
    script.act("alice", "spoken", &json!({"vote": "@vn", "person": "carol", "choice": "for"}));
    script.all(&["alice", "bob"], "vote", &json!({"vote": "@vn", "choice": "for"}));
    script.act("zed", "record", &json!({"unit": "toc", "kind": "objection", "event": "@m", "statement": NASTY}));
    script.time("2026-03-09T15:59:00Z");
    script.act("alice", "check-out", &json!({"meeting": "@m"}));
    script.play(here);
    let motion = json(here, &["--ledger", "play.ledger", "motion"])[0].clone();
    (motion["meeting"].as_str().unwrap().to_owned(), motion["motion"].as_str().unwrap().to_owned())
}

fn paper(here: &Path, kind: &str, event: &str, rest: &[&str]) -> String {
    expect(here, 0, &[&["--ledger", "play.ledger", "paper", kind, event], rest].concat())
}

fn python(here: &Path, program: &str) -> Option<Value> {
    let output = Command::new("python3").args(["-c", program]).current_dir(here).output().ok()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("ModuleNotFoundError"), "{said}");
        return None;
    }
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_mail_parser_reads_the_notice() {
    if !has_tool("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (id, _) = held(here);
    let made = paper(here, "mail", &id, &["--to", "toc@lists.example.org", "-o", "notice.eml"]);
    assert!(made.contains("wrote notice.eml"));
    let again = paper(here, "mail", &id, &["--to", "toc@lists.example.org"]);
    assert_eq!(std::fs::read_to_string(here.join("notice.eml")).unwrap(), again, "the same bytes each time");
    let program = r#"
import email, email.policy, json
m = email.message_from_file(open("notice.eml"), policy=email.policy.default)
parts = [(p.get_content_type(), p.get_content()) for p in m.walk() if not p.is_multipart()]
print(json.dumps({"subject": m["subject"], "to": m["to"], "id": m["message-id"], "date": m["date"].datetime.isoformat(),
  "defects": [str(d) for d in m.defects], "types": [t for t, _ in parts], "text": parts[0][1], "keys": m.keys()}))
"#;
    let mail = python(here, program).unwrap();
    assert_eq!(mail["defects"], json!([]));
    assert_eq!(mail["subject"], "GreatSQL TOC: regular meeting on 2026-03-09 20:00");
    assert_eq!((&mail["to"], &mail["date"]), (&json!("toc@lists.example.org"), &json!("2026-03-03T01:00:00+00:00")));
    assert!(mail["id"].as_str().unwrap().starts_with(&format!("<notice.{id}@")), "{mail}");
    assert_eq!(mail["types"], json!(["text/plain", "text/calendar"]));
    let text = mail["text"].as_str().unwrap();
    for stated in [
        "2026-03-09 20:00 (Asia/Shanghai)",
        "Room 王府井",
        "Mode:       both",
        NASTY,
        "选举主席 😀",
        "https://example.org/paper?a=1&b=<2>",
    ] {
        assert!(text.contains(stated), "{stated}: {text}");
    }
}

#[test]
fn a_calendar_library_reads_the_entry_and_its_cancellation() {
    if !has_tool("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = meeting(&["x"]);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    let terms = json!({"id": "later", "unit": "toc", "kind": "regular", "starts": "2026-03-30T12:30:00Z", "place": "A, B; C\\D", "mode": "remote", "agenda": [NASTY], "references": "none"});
    script.act("alice", "notice", &terms);
    script.play(here);
    let rows = json(here, &["--ledger", "play.ledger", "meeting"]);
    let id = rows[1]["meeting"].as_str().unwrap().to_owned();
    let program = r#"
import json
from icalendar import Calendar
def read(name):
    c = Calendar.from_ical(open(name, "rb").read())
    e = [x for x in c.walk("VEVENT")][0]
    return {"method": str(c["method"]), "uid": str(e["uid"]), "start": e.decoded("dtstart").isoformat(), "sequence": int(e["sequence"]),
            "status": str(e["status"]), "place": str(e["location"]), "text": str(e["description"]), "summary": str(e["summary"])}
print(json.dumps([read("one.ics"), read("two.ics")]))
"#;
    let _ = paper(here, "calendar", &id, &["-o", "one.ics"]);
    let mut cancelled = Script::at("2026-03-20T00:00:00Z");
    cancelled.act("alice", "cancel", &json!({"event": id, "reason": "the room is flooded"}));
    cancelled.play(here);
    let _ = paper(here, "calendar", &id, &["-o", "two.ics"]);
    let raw = std::fs::read_to_string(here.join("one.ics")).unwrap();
    assert!(raw.lines().all(|line| line.len() <= 75) && raw.contains("\r\n"), "{raw}");
    let Some(read) = python(here, program) else {
        rollcall_tests::without("the calendar is not read by the Python module icalendar: it is not installed");
        return;
    };
    let (one, two) = (&read[0], &read[1]);
    assert_eq!((&one["method"], &two["method"]), (&json!("REQUEST"), &json!("CANCEL")));
    assert_eq!((&one["uid"], &one["start"]), (&two["uid"], &json!("2026-03-30T12:30:00+00:00")));
    assert_eq!((&one["status"], &two["status"]), (&json!("CONFIRMED"), &json!("CANCELLED")));
    assert!(one["sequence"].as_u64() < two["sequence"].as_u64());
    assert_eq!(one["place"], "A, B; C\\D");
    assert!(one["text"].as_str().unwrap().contains(NASTY), "{one}");
    let mail = paper(here, "mail", &id, &[]);
    assert!(mail.contains("In-Reply-To") && mail.contains("Cancelled"), "{mail}");
}

/// Minutes say what the events say, objections attached; a spoken ballot that nobody signed does not count.
#[test]
fn minutes_tell_the_meeting_and_stay_text() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (id, motion) = held(here);
    let minutes = paper(here, "minutes", &id, &[]);
    for told in [
        "2 for, 0 against, 0 abstain, 1 silent; 3 present of 3 in office",
        "carol spoke “for” and did not sign it",
        "zed \\| observer",
        "objection by zed",
        "A quorum held \\(TOC\\-22\\)",
    ] {
        let plain = |text: &str| text.replace('\\', "");
        assert!(plain(&minutes).contains(&plain(told)), "{told}: {minutes}");
    }
    let html = paper(here, "minutes", &id, &["--html", "-o", "minutes.html"]);
    assert!(html.contains("wrote"));
    let html = std::fs::read_to_string(here.join("minutes.html")).unwrap();
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "what somebody wrote is no markup: {html}");
    let sheet = paper(here, "roll-call", &id, &[]);
    assert!(sheet.contains("| alice | member | 2026-03-09 20:00 to 2026-03-09 23:59 |"), "{sheet}");
    assert!(
        paper(here, "agenda", &id, &[]).contains("2\\. 选举主席")
            || paper(here, "agenda", &id, &[]).contains("2. 选举主席")
    );
    assert!(paper(here, "resolution", &motion, &["--html"]).contains("<table>"));
    // As of an entry the paper is the same for good, whatever is recorded later.
    let size = json(here, &["--ledger", "play.ledger", "status"])["size"].to_string();
    let then = paper(here, "minutes", &id, &["--as-of", &size]);
    let objection = ["--by", "zed", "record", "--unit", "toc", "--kind", "objection", "--event", &id];
    let text = ["--statement", "later words"];
    let _ = expect(here, 0, &[&["--ledger", "play.ledger"], &objection[..], &text].concat());
    assert!(paper(here, "minutes", &id, &[]).contains("later words"));
    assert_eq!(paper(here, "minutes", &id, &["--as-of", &size]), then);
    // What is there gives way to no paper.
    std::fs::write(here.join("minutes.md"), "own notes").unwrap();
    let _ = expect(here, 4, &["--ledger", "play.ledger", "paper", "minutes", &id, "-o", "minutes.md"]);
    assert_eq!(std::fs::read_to_string(here.join("minutes.md")).unwrap(), "own notes");
    let _ = expect(here, 2, &["--ledger", "play.ledger", "paper", "calendar", &id, "--html"]);
    let _ = expect(here, 2, &["--ledger", "play.ledger", "paper", "mail", &id, "--to", "a@b\nBcc: c@d"]);
}

#[test]
fn a_certificate_is_a_picture_that_carries_its_proof() {
    if !has_tool("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = meeting(&["x"]);
    script.act("王芳", "enrol", &json!({"name": "王芳 <b>&\"Fang\"</b>"}));
    script.act("root", "appoint", &json!({"unit": "toc", "role": "member", "person": "王芳"}));
    script.play(here);
    let _ =
        expect(here, 0, &["--ledger", "play.ledger", "certificate", "王芳", "member", "--in", "toc", "-o", "own.svg"]);
    let program = r#"
import json, xml.etree.ElementTree as T
root = T.parse("own.svg").getroot()
ns = "{http://www.w3.org/2000/svg}"
print(json.dumps({"tag": root.tag, "texts": [t.text for t in root.iter(ns + "text")], "desc": root.find(ns + "desc").text, "children": [c.tag for c in root.iter()]}))
"#;
    let svg = python(here, program).unwrap();
    let status = json(here, &["--ledger", "play.ledger", "status"]);
    assert_eq!(svg["tag"], "{http://www.w3.org/2000/svg}svg");
    assert!(svg["texts"].as_array().unwrap().contains(&json!("王芳 <b>&\"Fang\"</b>")), "{svg}");
    assert!(svg["desc"].as_str().unwrap().contains(status["ledger"].as_str().unwrap()), "{svg}");
    assert!(!svg["children"].to_string().contains("}b\""), "a name is no element");
    // The picture is its own proof: checked without the ledger, and not for another one.
    let ledger = status["ledger"].as_str().unwrap();
    let shown = json(here, &["receipt", "verify", "own.svg", "--ledger-id", ledger]);
    assert_eq!((&shown["act"], &shown["by"]), (&json!("appoint"), &json!("root")));
    let _ = expect(here, 3, &["receipt", "verify", "own.svg", "--ledger-id", &"0".repeat(64)]);
    // Nothing that is there gives way to it, least of all the ledger.
    let before = std::fs::read(here.join("play.ledger")).unwrap();
    for there in ["play.ledger", "own.svg"] {
        let args = ["--ledger", "play.ledger", "certificate", "王芳", "member", "--in", "toc", "-o", there];
        assert_eq!(rollcall(here, &args).status.code(), Some(4), "{there}");
    }
    assert_eq!(std::fs::read(here.join("play.ledger")).unwrap(), before);
    let output = rollcall(here, &["--ledger", "play.ledger", "certificate", "zed", "member", "--in", "toc"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(4) && said.contains("does not hold") && said.contains("--not"), "{said}");
}

/// A browser renders minutes and certificate; it is fetched by nobody, so where there is none the check is skipped aloud.
#[test]
fn a_browser_shows_minutes_and_certificate() {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| has_tool(name));
    let Some(browser) = browser else {
        rollcall_tests::without("minutes and certificate are not opened in a browser: there is none");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (id, _) = held(here);
    let _ = paper(here, "minutes", &id, &["--html", "-o", "minutes.html"]);
    let _ = expect(
        here,
        0,
        &["--ledger", "play.ledger", "certificate", "alice", "chair", "--in", "toc", "-o", "alice.svg"],
    );
    for (file, shown) in [("minutes.html", "carol spoke"), ("alice.svg", "certifies that")] {
        let profile = here.join("profile");
        let output = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", here.join(file).display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(dom.contains(shown), "{file}: {dom}");
        assert!(!dom.contains("<script>"), "{file}");
    }
}
