//! What roles are good for outside: rights by account and never by consent, names by consent and never by right, and an
//! export that cannot know removes nobody (scenarios 12 to 14, trap D16).

use std::path::Path;

use rollcall_tests::community::{Script, meeting};
use rollcall_tests::{expect, json, rollcall};
use serde_json::json;

/// A project with wen as Maintainer and vic as Reviewer.
fn project(here: &Path) {
    let mut script = meeting(&["Found"]);
    let first = json!({"kind": "found-unit", "unit": "project/greatsql", "first": ["maintainer: wen", "reviewer: vic", "reviewer: wen"]});
    script.decide("o", "m", "Found", &first, &["alice", "bob", "carol"]);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    script.act("zed", "found-unit", &json!({"unit": "project/greatsql", "kind": "project", "basis": "@o"}));
    script.play(here);
}

const ACCOUNTS: &str = "\
{\"person\":\"wen\",\"forge\":\"gitee\",\"id\":\"17\",\"login\":\"WenW\"}
{\"person\":\"vic\",\"forge\":\"gitee\",\"id\":\"18\",\"login\":\"vic-x\"}
{\"person\":\"vic\",\"forge\":\"github\",\"id\":\"9\",\"login\":\"victoria\"}
";

fn owners(here: &Path, rest: &[&str]) -> (i32, String, String) {
    let base = ["--ledger", "play.ledger", "export", "owners", "--unit", "project/greatsql", "--accounts", "accounts"];
    let output = rollcall(here, &[&base, rest].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn rights_are_exported_by_account_whatever_anybody_consents_to() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    project(here);
    std::fs::write(here.join("accounts"), ACCOUNTS).unwrap();
    let (code, text, said) = owners(here, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(text.contains("approvers:\n  - WenW  # account 17\nreviewers:\n  - vic-x  # account 18\n"), "{text}");
    assert!(!text.contains("victoria"), "another forge's account");
    let codeowners = expect(
        here,
        0,
        &["--ledger", "play.ledger", "export", "codeowners", "--unit", "project/greatsql", "--accounts", "accounts"],
    );
    assert!(codeowners.ends_with("\n* @WenW\n"), "{codeowners}");
}

/// Scenario 13: an account is its number; a login that is renamed, or written in another case, is the same account.
#[test]
fn a_renamed_login_is_the_same_account() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    project(here);
    std::fs::write(here.join("accounts"), ACCOUNTS).unwrap();
    assert_eq!(owners(here, &["-o", "OWNERS"]).0, 0);
    std::fs::write(here.join("accounts"), ACCOUNTS.replace("WenW", "wenw")).unwrap();
    assert_eq!(owners(here, &["--check", "OWNERS"]).0, 0, "case is no drift");
    let renamed =
        format!("{ACCOUNTS}{}\n", json!({"person": "wen", "forge": "gitee", "id": "17", "login": "wen-wang"}));
    std::fs::write(here.join("accounts"), renamed).unwrap();
    let (code, text, _) = owners(here, &["--check", "OWNERS"]);
    assert_eq!(code, 1, "a new label is");
    assert!(text.contains("- - wenw\n") && text.contains("+ - wen-wang\n"), "{text}");
    let twice = format!("{ACCOUNTS}{}\n", json!({"person": "vic", "forge": "gitee", "id": "17", "login": "wenw"}));
    std::fs::write(here.join("accounts"), twice).unwrap();
    let (code, _, said) = owners(here, &[]);
    assert!(code == 2 && said.contains("line 4") && said.contains("belongs to `wen`"), "{said}");
}

/// Scenarios 12 and 14: nothing is removed because something could not be read or is not known.
#[test]
fn an_export_that_cannot_know_removes_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    project(here);
    std::fs::write(here.join("accounts"), ACCOUNTS).unwrap();
    assert_eq!(owners(here, &["-o", "OWNERS"]).0, 0);
    let kept = std::fs::read(here.join("OWNERS")).unwrap();

    std::fs::write(here.join("accounts"), ACCOUNTS.lines().next().unwrap()).unwrap();
    let (code, _, said) = owners(here, &["-o", "OWNERS"]);
    assert!(code == 4 && said.contains("no account is known") && said.contains("vic"), "{said}");
    assert_eq!(owners(here, &["--allow-missing", "--max-removals", "0", "-o", "OWNERS"]).0, 4, "too many removals");
    std::fs::write(here.join("accounts"), "").unwrap();
    let (code, _, said) = owners(here, &["--allow-missing", "-o", "OWNERS"]);
    assert!(code == 4 && said.contains("would remove everybody"), "{said}");
    std::fs::write(here.join("accounts"), "{\"person\":").unwrap();
    assert_eq!(owners(here, &["-o", "OWNERS"]).0, 2);
    assert_eq!(std::fs::read(here.join("OWNERS")).unwrap(), kept, "the file is as it was");

    std::fs::write(here.join("accounts"), ACCOUNTS).unwrap();
    let ledger = std::fs::read(here.join("play.ledger")).unwrap();
    std::fs::write(here.join("play.ledger"), &ledger[..ledger.len() / 8]).unwrap();
    let (code, _, said) = owners(here, &["-o", "OWNERS"]);
    assert!(code == 3 || code == 4, "{code}: {said}");
    std::fs::remove_file(here.join("play.ledger")).unwrap();
    assert_eq!(owners(here, &["-o", "OWNERS"]).0, 4);
    assert_eq!(std::fs::read(here.join("OWNERS")).unwrap(), kept, "the file is as it was");
}

/// DEV-M15: lists of names show those who consented, in the role in which they did, as long as they do.
#[test]
fn names_are_listed_with_consent_only() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    project(here);
    let listed =
        |kind: &str| expect(here, 0, &["--ledger", "play.ledger", "export", kind, "--unit", "project/greatsql"]);
    assert!(!listed("contributors").contains("wen") && listed("contributors").contains("And 3 who have not consented"));
    let mut consent = Script::at("2026-03-10T00:00:00Z");
    consent.act("wen", "consent", &json!({"unit": "project/greatsql", "role": "maintainer", "listing": "given"}));
    consent.play(here);
    let page = listed("contributors");
    assert!(
        page.contains("| wen | maintainer |") && !page.contains("| wen | reviewer |") && page.contains("And 2 "),
        "{page}"
    );
    assert!(listed("maintainers").contains("| wen | maintainer |"));
    let roster = json(here, &["--ledger", "play.ledger", "export", "roster"]);
    let roster: serde_json::Value = serde_json::from_str(roster["text"].as_str().unwrap()).unwrap();
    assert_eq!(roster["format"], "rollcall-roster/1");
    let project = &roster["units"]["project/greatsql"];
    assert_eq!(
        (&project["maintainer"]["holders"][0]["person"], &project["reviewer"]["unnamed"]),
        (&json!("wen"), &json!(2))
    );
    assert_eq!(roster["units"]["toc"]["member"]["holders"].as_array().unwrap().len(), 3, "bodies decide by name");
    let certificate =
        ["--ledger", "play.ledger", "certificate", "wen", "maintainer", "--in", "project/greatsql", "-o", "wen.svg"];
    let _ = expect(here, 0, &certificate);

    let mut withdrawn = Script::at("2026-03-11T00:00:00Z");
    withdrawn.act("wen", "consent", &json!({"unit": "project/greatsql", "role": "maintainer", "listing": "withdrawn"}));
    withdrawn.play(here);
    assert!(!listed("contributors").contains("| wen |"));
    let output = rollcall(here, &certificate[..certificate.len() - 2]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(4) && said.contains("has not consented"), "{said}");
    let _ = expect(here, 0, &[&certificate[..certificate.len() - 1], &["wall.svg", "--private"]].concat());
}

/// PAR-1: the public roster shows active partners; a suspended or lapsed one is not there.
#[test]
fn only_active_partners_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = meeting(&["Recommend"]);
    script.act("zed", "organisation", &json!({"organisation": "skyhost", "name": "Sky <Host> Ltd"}));
    let cloud = json!({"kind": "recommend", "unit": "partners", "role": "cloud", "person": "skyhost"});
    script.decide("o", "m", "Recommend", &cloud, &["alice", "bob", "carol"]);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    let digest = "ab".repeat(32);
    let appoint = json!({"unit": "partners", "role": "cloud", "person": "skyhost", "basis": "@o", "agreement": digest, "until": "2026-06-01T00:00:00Z"});
    script.act("root", "appoint", &appoint);
    script.play(here);
    let shown = |rest: &[&str]| {
        expect(here, 0, &[&["--ledger", "play.ledger", "export", "roster", "--unit", "partners"], rest].concat())
    };
    assert!(shown(&[]).contains("skyhost"));
    // A handle is a person's, an organisation's, or nobody's: then nothing is said of it.
    for (code, handle) in [(0, "zed"), (0, "skyhost"), (2, "skyghost")] {
        let _ = expect(here, code, &["--ledger", "play.ledger", "pending", handle]);
        let _ = expect(here, code, &["--ledger", "play.ledger", "benefits", handle]);
    }
    assert!(!shown(&["--at", "2026-07-01T00:00:00Z"]).contains("skyhost"), "the term is over");
    let mut suspended = Script::at("2026-03-12T00:00:00Z");
    suspended.act("root", "suspend", &json!({"unit": "partners", "role": "cloud", "person": "skyhost", "reason": "x"}));
    suspended.play(here);
    assert!(!shown(&[]).contains("skyhost"));
}
