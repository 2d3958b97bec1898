//! The user side: each role has the lesser's benefits too (USR-A5, USR-C5), for whoever represents the organisation.

use rollcall_tests::community::meeting;
use rollcall_tests::{json, rehearse};
use serde_json::json;

#[test]
fn benefits_include_the_lesser_ones() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut script = meeting(&["Found"]);
    let first = json!({"kind": "found-unit", "unit": "project/greatsql", "first": ["maintainer: wen"]});
    script.decide("o", "m", "Found", &first, &["alice", "bob", "carol"]);
    script.act("alice", "adjourn", &json!({"meeting": "@m"}));
    script.act("alice", "found-unit", &json!({"unit": "project/greatsql", "kind": "project", "basis": "@o"}));
    script.act("zed", "organisation", &json!({"organisation": "acme", "name": "Acme Bank"}));
    script.act("zed", "apply", &json!({"id": "a", "unit": "project/greatsql", "role": "consumer", "person": "acme"}));
    let account = json!({"id": "w", "forge": "gitee", "account": 7, "login": "wen"});
    script.act("wen", "claim-account", &account);
    script.act("root", "verify-account", &json!({"event": "@w"}));
    script.act("wen", "attest", &json!({"event": "@a", "criterion": "production", "note": "seen it"}));
    script.act(
        "bob",
        "grant",
        &json!({"unit": "project/greatsql", "role": "consumer", "person": "acme", "basis": "@a"}),
    );
    script.play(here);
    let of = |person: &str| {
        let rows = json(here, &["--ledger", "play.ledger", "benefits", person])["benefits"].clone();
        let names = rows.as_array().unwrap().iter().map(|row| row["benefit"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let zed = of("zed");
    for included in ["consumer-support", "consumer-early-access", "user-documents", "user-forum"] {
        assert!(zed.iter().any(|name| name == included), "{included}: {zed:?}");
    }
    assert!(!zed.iter().any(|name| name.starts_with("ambassador")), "{zed:?}");
    assert!(of("vic").is_empty());
    // A lesser role claims nothing of a greater one.
    let line = json!({"at": "2026-03-10T00:00:00Z", "by": "zed", "act": "claim", "unit": "project/greatsql", "benefit": "maintainer-set"});
    assert_eq!(rehearse(here, &[line])[0]["code"], "not-in-office");
}
