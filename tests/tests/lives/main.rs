//! Thousands of random lives, each act judged twice: by the engine, and by a naive reading of the clauses that shares no
//! code with it. `ROLLCALL_LIVES` sets how many, `ROLLCALL_SEED` where they begin.

mod committee;

use committee::{Expected, Life, life};
use serde_json::Value;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

fn disagreement(seed: u64, life: &Life, answers: &[Value]) -> Option<String> {
    assert_eq!(answers.len(), life.acts.len());
    let pairs = life.acts.iter().zip(answers).enumerate();
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

#[test]
fn the_engine_agrees_with_a_naive_reading_of_the_clauses() {
    let (first, lives) = (number("ROLLCALL_SEED", 1), number("ROLLCALL_LIVES", 2_000));
    let (mut acts, mut refused) = (0, 0);
    let mut clauses = std::collections::BTreeMap::<String, u64>::new();
    for seed in first..first + lives {
        let life = life(seed);
        let lines: Vec<Value> = life.acts.iter().map(|(act, _)| act.clone()).collect();
        let answers = rollcall_tests::rehearse_in_memory(&lines);
        if let Some(what) = disagreement(seed, &life, &answers) {
            panic!("{what}");
        }
        acts += answers.len();
        for answer in answers.iter().filter(|answer| answer["outcome"] == "refused") {
            refused += 1;
            *clauses.entry(answer["clause"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    println!("{lives} lives from seed {first}, {acts} acts, {refused} refused: {clauses:?}");
    for clause in ["TOC-9", "TOC-15", "TOC-19", "TOC-22", "TOC-23", "TOC-24", "TOC-26", "TOC-27"] {
        assert!(clauses.contains_key(clause), "no life came upon {clause}");
    }
}
