//! Laws that hold for any life of a community, lawful or not: proptest draws the lives and prints the seed of one that
//! breaks a law.

use proptest::prelude::*;
use rollcall_core::act::{self, Act, MeetingKind};
use rollcall_core::cbor;
use rollcall_core::charter::Charter;
use rollcall_core::digest::EventId;
use rollcall_core::effect::{self, Effect};
use rollcall_core::entry::Entry;
use rollcall_core::event::{Keyring, Payload, SignedEvent};
use rollcall_core::field::{References, Text};
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::{AdmitError, Ledger, rehearsal_founding};
use rollcall_core::name::{Handle, Name, UnitId};
use rollcall_core::time::Timestamp;

const PEOPLE: [&str; 8] = ["root", "ann", "ben", "cho", "dee", "王芳", "eve", "nobody"];

/// One drawn act: who, which, on what, how much later. The numbers pick from what is there when it is played.
#[derive(Clone, Debug)]
struct Draw {
    by: usize,
    act: u8,
    pick: usize,
    other: usize,
    wait: u8,
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let draw = (0..PEOPLE.len(), 0..44_u8, any::<usize>(), any::<usize>(), any::<u8>());
    prop::collection::vec(draw.prop_map(|(by, act, pick, other, wait)| Draw { by, act, pick, other, wait }), 20..160)
}

fn handle(index: usize) -> Handle {
    PEOPLE[index % PEOPLE.len()].parse().unwrap()
}

fn text(words: &str) -> Text {
    Text::new(words).unwrap()
}

fn unit(index: usize) -> UnitId {
    ["toc", "pmc/gs", "project/x", "sig/none"][index % 4].parse().unwrap()
}

fn role(index: usize) -> Name {
    ["member", "chair"][index % 2].parse().unwrap()
}

fn appointment(unit: UnitId, role: Name, person: Handle) -> act::Appoint {
    act::Appoint { unit, role, person, basis: None, agreement: None, until: None, evidence: None }
}

fn effect(draw: &Draw, events: &[EventId]) -> Effect {
    let (unit, role, person) = (unit(draw.other / 8), role(draw.other / 3), handle(draw.other));
    match draw.pick % 7 {
        0 | 1 => Effect::Resolve(effect::Resolve { text: text("yes"), topic: None, supersedes: None, document: None }),
        2 => Effect::GrantRole(effect::GrantRole { unit, role, person }),
        3 => Effect::EndRole(effect::EndRole { unit, role, person }),
        4 => Effect::Found(effect::Found { unit, unit_kind: None, parent: None, first: None }),
        5 => Effect::Dissolve(effect::Dissolve { unit }),
        _ => Effect::Reconstitute(effect::Reconstitute { address: events[0], authority: vec![person], threshold: 1 }),
    }
}

/// The act that a draw stands for; references go to recent events, so that many of them fit.
fn act_of(draw: &Draw, past: &[(EventId, &str)], at: Timestamp) -> Act {
    // One time in eight the reference is any event, else one of a kind that could fit.
    let fitting: &[&str] = match draw.act {
        12 | 15..=24 => &["notice", "petition"],
        25..=27 => &["notice"],
        28..=30 => &["move"],
        31..=35 | 37 | 38 => &["open-vote"],
        36 => &["vote"],
        39 | 40 | 42 => &["move", "open-vote", "close-vote"],
        6 => &["nominate", "import"],
        3 => &["petition", "enrol"],
        _ => &[],
    };
    let fits: Vec<EventId> = past.iter().filter(|(_, tag)| fitting.contains(tag)).map(|(event, _)| *event).collect();
    let all: Vec<EventId> = past.iter().map(|(event, _)| *event).collect();
    let pool = if fits.is_empty() || draw.other % 8 == 0 { &all } else { &fits };
    let event = pool[pool.len() - 1 - draw.pick % pool.len().min(4)];
    let events = &all;
    let (unit, role, person) = (unit(draw.other), role(draw.pick), handle(draw.other));
    let starts = at.plus_ms(u64::from(draw.wait % 8) * 86_400_000 + 3_600_000);
    let agenda = Some(vec![text("title"), text("end ann"), text("end ben")]);
    let (place, mode, references) = (Some(text("x")), Some(text("remote")), Some(References::None));
    let kind = if draw.other % 3 == 0 { MeetingKind::Extraordinary } else { MeetingKind::Regular };
    let toc: UnitId = "toc".parse().unwrap();
    match draw.act {
        0 => Act::Enrol(act::Enrol { name: None }),
        1 | 2 => Act::Appoint(appointment(toc, role, person)),
        3 => Act::Endorse(act::Endorse { event }),
        4 => Act::Constitute(act::Constitute {
            unit,
            members: vec![handle(1), handle(2), handle(3)],
            left_out: None,
            basis: None,
        }),
        5 => Act::Nominate(act::Nominate { unit, role, person, statement: None, evidence: None, attests: None }),
        6 => Act::Accept(act::Accept { event }),
        7 => Act::Withdraw(act::Withdraw { event, reason: None }),
        8 => Act::Petition(act::Petition {
            unit: toc,
            kind,
            starts: starts.plus_ms(12 * 86_400_000),
            place,
            mode,
            agenda,
            references,
        }),
        9..=11 => Act::Notice(act::Notice { unit: toc, kind, starts, place, mode, agenda, references }),
        12 => Act::Waive(act::Waive { meeting: event }),
        13 => Act::Cancel(act::Cancel { event, reason: text("x") }),
        14 => Act::Item(act::Item { unit: toc, title: text("title") }),
        15 | 16 => Act::Open(act::Open { meeting: event }),
        17 => Act::Preside(act::Preside { meeting: event, person }),
        18..=22 => Act::CheckIn(act::CheckIn { meeting: event, replaces: None }),
        23 => Act::CheckOut(act::CheckOut { meeting: event, replaces: None }),
        24 => Act::Adjourn(act::Adjourn { meeting: event }),
        25..=27 => Act::Move(act::Move {
            meeting: Some(event),
            unit: toc,
            title: text("title"),
            effect: effect(draw, events),
            conflicts: None,
        }),
        28..=30 => Act::OpenVote(act::OpenVote { motion: event, closes: None }),
        31..=35 => Act::Vote(act::Vote {
            vote: event,
            choice: [act::Choice::For, act::Choice::Against, act::Choice::Abstain][draw.other % 3],
            replaces: None,
        }),
        36 => Act::Retract(act::Retract { event }),
        37 | 38 => Act::CloseVote(act::CloseVote { vote: event, outcome: None }),
        39 => Act::Grant(act::Grant { unit, role, person, basis: event }),
        40 => Act::End(act::End { unit, role, person, basis: Some(event) }),
        41 => Act::Resign(act::Resign { unit: toc, role, effective: None, person: None }),
        42 => Act::FoundUnit(act::FoundUnit { unit, kind: "pmc".parse().unwrap(), parent: None, basis: Some(event) }),
        _ => Act::Import(act::Import {
            change: if draw.pick % 2 == 0 { act::Change::Grant } else { act::Change::Revoke },
            body: toc,
            person: Some(format!("old{}", draw.other % 5).parse().unwrap()),
            role: Some(role),
            time: at.minus_ms(u64::from(draw.wait) * 86_400_000),
            commit: None,
            pr: None,
            evidence: None,
        }),
    }
}

/// How long after the act before: seconds mostly, sometimes past a vote's close, seldom past the meeting's day.
const fn pause(draw: &Draw) -> u64 {
    match draw.wait {
        0..=235 => 1_000,
        236..=252 => 960_000,
        _ => 86_400_000,
    }
}

fn history(entries: &[Vec<u8>]) -> Vec<(EventId, &'static str)> {
    let read = |bytes: &Vec<u8>| {
        let event = Entry::decode(bytes).unwrap().event;
        (event.id(), Payload::decode(event.payload()).unwrap().act.tag())
    };
    entries.iter().map(read).collect()
}

fn sign(ledger: &Ledger, by: &Handle, act: Act, at: Timestamp) -> SignedEvent {
    let payload = Payload { header: ledger.header(by, &act, at), act };
    SignedEvent::sign(payload.encode().unwrap(), &SigningKey::rehearsal(by)).unwrap()
}

/// Founds a committee of five with a meeting under way, so that draws reach the rules behind it.
fn beginning() -> (Ledger, Vec<Vec<u8>>, Timestamp) {
    let mut at: Timestamp = "2026-03-02T01:00:00Z".parse().unwrap();
    let mut ledger = Ledger::default();
    let mut entries = Vec::new();
    let text_of = Charter::preset("greatsql").unwrap();
    for event in rehearsal_founding("laws", &[handle(0)], 1, text_of, at).unwrap() {
        entries.push(ledger.admit(event, at).unwrap().bytes);
    }
    let toc: UnitId = "toc".parse().unwrap();
    let mut play = |ledger: &mut Ledger, by: usize, act: Act, at| {
        let admission = ledger.admit(sign(ledger, &handle(by), act, at), at).unwrap();
        entries.push(admission.bytes);
        admission.event
    };
    for person in 1..6 {
        play(&mut ledger, person, Act::Enrol(act::Enrol { name: None }), at);
        let appoint = appointment(toc.clone(), role(usize::from(person == 1)), handle(person));
        play(&mut ledger, 0, Act::Appoint(appoint), at);
    }
    let members = (1..6).map(handle).collect();
    play(
        &mut ledger,
        0,
        Act::Constitute(act::Constitute { unit: toc.clone(), members, left_out: None, basis: None }),
        at,
    );
    let starts = at.plus_ms(6 * 86_400_000);
    let agenda = Some(vec![text("title")]);
    let (place, mode, references) = (Some(text("x")), Some(text("remote")), Some(References::None));
    let notice = act::Notice { unit: toc, kind: MeetingKind::Regular, starts, place, mode, agenda, references };
    let meeting = play(&mut ledger, 1, Act::Notice(notice), at);
    at = starts;
    for person in 1..6 {
        play(&mut ledger, person, Act::CheckIn(act::CheckIn { meeting, replaces: None }), at);
    }
    play(&mut ledger, 1, Act::Open(act::Open { meeting }), at);
    (ledger, entries, at)
}

/// A seed of this run, printed so that a failing life can be lived again: `ROLLCALL_SEED=N cargo test --test laws`.
fn config() -> ProptestConfig {
    let drawn = || std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| u64::from(since.subsec_nanos()));
    let seed = std::env::var("ROLLCALL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(drawn);
    println!("ROLLCALL_SEED={seed}");
    let rng_seed = proptest::test_runner::RngSeed::Fixed(seed);
    ProptestConfig { cases: 96, failure_persistence: None, rng_seed, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_life_keeps_the_laws(draws in draws(), order in any::<u64>()) {
        let (mut ledger, mut entries, mut at) = beginning();
        let mut past = history(&entries);
        let mut signed = Vec::new();
        for draw in &draws {
            at = at.plus_ms(pause(draw));
            let by = handle(draw.by);
            let act = act_of(draw, &past, at);
            let tag = act.tag();
            let event = sign(&ledger, &by, act, at);
            let before = ledger.state().digest();
            // Encoding is the inverse of decoding, for the event and for what it carries.
            prop_assert_eq!(SignedEvent::decode(&event.encode()).unwrap(), event.clone());
            let payload = Payload::decode(event.payload()).unwrap();
            prop_assert_eq!(payload.encode().unwrap(), event.payload().to_vec());
            match ledger.admit(event.clone(), at) {
                Ok(admission) => {
                    prop_assert_ne!(ledger.state().digest(), before);
                    entries.push(admission.bytes);
                    past.push((admission.event, tag));
                    signed.push(event);
                }
                Err(AdmitError::Refused(refusal)) => {
                    // A refusal leaves no trace, names its rule, and is the same when asked again.
                    prop_assert_eq!(ledger.state().digest(), before);
                    prop_assert!(!refusal.rule.as_str().is_empty() && !refusal.reason.code().is_empty());
                    prop_assert_eq!(ledger.admit(event, at).unwrap_err(), AdmitError::Refused(refusal));
                }
                Err(other) => prop_assert!(false, "neither accepted nor refused: {other:?}"),
            }
        }
        // Replay equals incremental, with signatures or without; every projection comes out the same.
        let (mut again, mut checked) = (Ledger::default(), Ledger::default());
        for bytes in &entries {
            again.replay(bytes).unwrap();
            checked.verify_and_replay(bytes).unwrap();
            let entry = Entry::decode(bytes).unwrap();
            prop_assert_eq!(&entry.encode(), bytes);
        }
        prop_assert_eq!(again.state().digests(), ledger.state().digests());
        prop_assert_eq!(checked.state().digest(), ledger.state().digest());
        prop_assert_eq!(ledger.state().head().size, entries.len() as u64);
        // Signatures can be checked in any order, before any state exists.
        let mut keys = Keyring::default();
        signed.sort_by_key(|event| event.id().as_bytes().map(|byte| u64::from(byte) ^ order));
        for event in signed {
            prop_assert!(event.verify(&mut keys).is_ok());
        }
    }

    /// What CBOR decodes, it encodes to the same bytes; a flipped bit of a payload is another payload or none.
    #[test]
    fn canonical_bytes_are_the_only_bytes(draw in draws(), byte in any::<usize>(), bit in 0..8_u32) {
        let (ledger, _, at) = beginning();
        let past = [(EventId::from_bytes([7; 32]), "notice")];
        let event = sign(&ledger, &handle(1), act_of(&draw[0], &past, at), at);
        let mut bytes = event.payload().to_vec();
        prop_assert_eq!(cbor::encode(&cbor::decode(&bytes).unwrap()), bytes.clone());
        let at = byte % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(value) = cbor::decode(&bytes) {
            prop_assert_eq!(cbor::encode(&value), bytes);
        }
    }
}

/// The draws reach deep: over a fixed set of lives, most kinds of act are accepted somewhere.
#[test]
fn the_draws_reach_the_rules() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut accepted = std::collections::BTreeMap::<&str, u32>::new();
    let mut codes = std::collections::BTreeMap::<&str, u32>::new();
    for _ in 0..150 {
        let life = draws().new_tree(&mut runner).unwrap().current();
        let (mut ledger, entries, mut at) = beginning();
        let mut past = history(&entries);
        for draw in &life {
            at = at.plus_ms(pause(draw));
            let act = act_of(draw, &past, at);
            let tag = act.tag();
            match ledger.admit(sign(&ledger, &handle(draw.by), act, at), at) {
                Ok(admission) => {
                    past.push((admission.event, tag));
                    *accepted.entry(tag).or_default() += 1;
                }
                Err(error) => *codes.entry(error.code()).or_default() += 1,
            }
        }
    }
    println!("accepted: {accepted:?}\nrefused: {codes:?}");
    assert!(accepted.len() >= 15 && codes.len() >= 30, "{} kinds accepted, {} codes", accepted.len(), codes.len());
}
