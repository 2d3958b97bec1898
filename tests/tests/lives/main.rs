//! Thousands of random lives, each act judged twice: by the engine, and by a naive reading of the clauses that shares no
//! code with it. `ROLLCALL_LIVES` sets how many, `ROLLCALL_SEED` where they begin.

mod committee;
mod project;

use committee::Expected;
use serde_json::Value;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// A life: acts with what the naive reading expects of each.
type Acts = Vec<(Value, Expected)>;

fn disagreement(seed: u64, acts: &Acts, answers: &[Value]) -> Option<String> {
    assert_eq!(answers.len(), acts.len());
    let pairs = acts.iter().zip(answers).enumerate();
    for (line, ((act, expected), answer)) in pairs {
        let agrees = match expected {
            Expected::Accepted => answer["outcome"] == "accepted",
            Expected::Refused(clauses) => {
                answer["outcome"] == "refused" && clauses.iter().any(|clause| answer["clause"] == *clause)
            }
        };
        if !agrees {
            return Some(format!("seed {seed}, act {}: {act}\n  expected {expected:?}\n  engine   {answer}", line + 1));
        }
    }
    None
}

/// Plays one life; gives the number of its acts, and then each clause by which one was refused.
fn judged(seed: u64, life: fn(u64) -> Acts) -> Vec<(u64, String)> {
    let acts = life(seed);
    let lines: Vec<Value> = acts.iter().map(|(act, _)| act.clone()).collect();
    let answers = rollcall_tests::rehearse_in_memory(&lines);
    if let Some(what) = disagreement(seed, &acts, &answers) {
        panic!("{what}");
    }
    let refused = answers.iter().filter(|answer| answer["outcome"] == "refused");
    let clauses = refused.map(|answer| (0, answer["clause"].as_str().unwrap().to_owned()));
    std::iter::once((answers.len() as u64, String::new())).chain(clauses).collect()
}

/// Plays so many lives on every core and requires that each of these clauses refused something in one of them.
fn play(what: &str, lives: u64, life: fn(u64) -> Acts, clauses: &[&str]) {
    let first = number("ROLLCALL_SEED", 1);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let shares: Vec<_> = (0..threads)
        .map(|share| {
            let seeds = (first..first + lives).filter(move |seed| seed % threads == share);
            std::thread::spawn(move || seeds.flat_map(|seed| judged(seed, life)).collect::<Vec<(u64, String)>>())
        })
        .collect();
    let refused: Vec<(u64, String)> = shares.into_iter().flat_map(|share| share.join().unwrap()).collect();
    let acts: u64 = refused.iter().map(|(acts, _)| acts).sum();
    let mut met = std::collections::BTreeMap::<&str, u64>::new();
    for (_, clause) in refused.iter().filter(|(_, clause)| !clause.is_empty()) {
        *met.entry(clause).or_default() += 1;
    }
    let refused: u64 = met.values().sum();
    println!("{lives} lives of a {what} from seed {first}, {acts} acts, {refused} refused: {met:?}");
    for clause in clauses {
        assert!(met.contains_key(clause), "no life came upon {clause}");
    }
}

#[test]
fn the_engine_agrees_with_a_naive_reading_of_the_committees_clauses() {
    let clauses = ["TOC-9", "TOC-15", "TOC-19", "TOC-22", "TOC-23", "TOC-24", "TOC-26", "TOC-27"];
    play("committee", number("ROLLCALL_LIVES", 2_000), |seed| committee::life(seed).acts, &clauses);
}

#[test]
fn the_engine_agrees_with_a_naive_reading_of_the_projects_clauses() {
    let clauses = [
        "DEV-C3", "DEV-M1", "DEV-M11", "DEV-R1", "DEV-R7", "DEV-R8", "DEV-SEED", "G2", "PMC-16", "PMC-18", "PMC-19",
        "PMC-20",
    ];
    play("project", number("ROLLCALL_LIVES", 2_000) / 4, |seed| project::life(seed).acts, &clauses);
}
