//! Thresholds against exact rationals over the whole grid, and the table of section e out of the charter alone.

use rollcall_core::act::Outcome;
use rollcall_core::charter::{Bar, Charter, Counts, Decision, UnitKind};
use rollcall_core::decide::meeting::has_quorum;
use rollcall_core::state::motions::Tally;

const GRID: u64 = 50;

fn charter() -> Charter {
    Charter::compile(Charter::preset("greatsql").unwrap()).unwrap()
}

fn body(charter: &Charter) -> &UnitKind {
    charter.kinds().find(|kind| kind.single && kind.decisions.len() > 1).unwrap()
}

fn rule<'a>(kind: &'a UnitKind, clause: &str) -> &'a Decision {
    kind.decisions.iter().find(|decision| decision.clause.as_str() == clause).unwrap()
}

fn tally(n: u64, p: u64, y: u64) -> Tally {
    Tally { in_office: n, present: p, approvals: y, against: p - y, abstain: 0, silent: 0 }
}

fn counts(n: u64, p: u64) -> Counts {
    Counts { in_office: n, present: p, ..Counts::default() }
}

/// A rational compared by cross-multiplication over signed wide integers, written from the definition and not from core.
fn rational_cmp(a: (i128, i128), b: (i128, i128)) -> std::cmp::Ordering {
    (a.0 * b.1 - b.0 * a.1).cmp(&0)
}

#[test]
fn every_comparator_agrees_with_exact_rationals_on_the_whole_grid() {
    let charter = charter();
    let kind = body(&charter);
    let bars: Vec<&Bar> = kind.decisions.iter().flat_map(|decision| &decision.pass).collect();
    let quorum = kind.meeting.as_ref().unwrap().quorum.as_ref().unwrap();
    let petition = &kind.meeting.as_ref().unwrap().petition.as_ref().unwrap().signed_by;
    let mut compared = 0;
    for n in 1..=GRID {
        for p in 1..=n {
            for y in 0..=p {
                for bar in bars.iter().chain(&[quorum, petition]) {
                    let words = bar.threshold.to_string();
                    let (word, share) = words.rsplit_once(' ').unwrap();
                    let (a, b) = share.split_once('/').unwrap();
                    let whole = if matches!(bar.of, rollcall_core::charter::Base::Present) { p } else { n };
                    let order = rational_cmp((y.into(), whole.into()), (a.parse().unwrap(), b.parse().unwrap()));
                    let expected = if word == "at least" { order.is_ge() } else { order.is_gt() };
                    assert_eq!(bar.is_met(y, &counts(n, p)), expected, "{words}: {y} of {p} of {n}");
                    compared += 1;
                }
            }
        }
    }
    println!("{compared} comparisons");
}

#[test]
fn outcomes_are_the_conjunction_of_both_bars_on_the_whole_grid() {
    let charter = charter();
    let kind = body(&charter);
    let (general, election) = (rule(kind, "TOC-26"), rule(kind, "PMC-15"));
    for n in 1..=GRID {
        for p in 1..=n {
            for y in 0..=p {
                let passed = tally(n, p, y).outcome(general) == Outcome::Passed;
                assert_eq!(passed, 3 * y >= 2 * p && 2 * y > n, "TOC-26 {n} {p} {y}");
                let elected = tally(n, p, y).outcome(election) == Outcome::Passed;
                assert_eq!(elected, 2 * y > n, "PMC-15 {n} {p} {y}");
                assert_eq!(passed, y >= tally(n, p, y).needed(general), "the number shown is where the verdict turns");
            }
        }
    }
}

/// An empty body, an empty meeting and an empty rule decide nothing (trap A4).
#[test]
fn nothing_passes_in_an_empty_room() {
    let charter = charter();
    let kind = body(&charter);
    let empty = Tally { in_office: 0, present: 0, approvals: 0, against: 0, abstain: 0, silent: 0 };
    assert_eq!(empty.outcome(rule(kind, "TOC-26")), Outcome::Failed);
    let bare = Decision { pass: Vec::new(), ..rule(kind, "TOC-26").clone() };
    assert_eq!(tally(3, 3, 3).outcome(&bare), Outcome::Failed);
    assert!(!has_quorum(kind.meeting.as_ref().unwrap(), 0, 0));
}

/// Section e of the traps, line by line: N, quorum, least Y by P with the binding bound, absentees, petition.
#[test]
fn the_table_of_section_e_comes_out_of_the_charter() {
    let table = "\
1 | 1 | 1:1= | 0 | 1
2 | 2 | 2:2= | 0 | 1
3 | 2 | 2:2= 3:2= | 1 | 2
4 | 3 | 3:3a 4:3= | 1 | 2
5 | 4 | 4:3= 5:4p | 1 | 3
6 | 4 | 4:4a 5:4= 6:4= | 2 | 3
7 | 5 | 5:4= 6:4= 7:5p | 2 | 4
8 | 6 | 6:5a 7:5= 8:6p | 2 | 4
9 | 6 | 6:5a 7:5= 8:6p 9:6p | 3 | 5
11 | 8 | 8:6= 9:6= 10:7p 11:8p | 3 | 6
13 | 9 | 9:7a 10:7= 11:8p 12:8p 13:9p | 4 | 7";
    let charter = charter();
    let kind = body(&charter);
    let meeting = kind.meeting.as_ref().unwrap();
    let rule = rule(kind, "TOC-26");
    for line in table.lines() {
        let n: u64 = line.split(" | ").next().unwrap().parse().unwrap();
        let quorum = (1..=n).find(|p| has_quorum(meeting, *p, n)).unwrap();
        let cells = (quorum..=n).map(|p| {
            let least = (0..=p).find(|y| tally(n, p, *y).outcome(rule) == Outcome::Passed).unwrap();
            let [present, office] = [0, 1].map(|bar: usize| rule.pass[bar].least(&counts(n, p)));
            let binding = match present.cmp(&office) {
                std::cmp::Ordering::Greater => 'p',
                std::cmp::Ordering::Less => 'a',
                std::cmp::Ordering::Equal => '=',
            };
            format!("{p}:{least}{binding}")
        });
        let cells = cells.collect::<Vec<_>>().join(" ");
        let petition =
            (1..=n).find(|k| meeting.petition.as_ref().unwrap().signed_by.is_met(*k, &counts(n, 0))).unwrap();
        assert_eq!(format!("{n} | {quorum} | {cells} | {} | {petition}", n - quorum), line);
    }
}

/// The zone table in the charter is that of the time-zone database, from 1970 to 2100.
#[test]
fn the_charters_zone_is_the_one_of_the_database() {
    let charter = charter();
    let zone = jiff::tz::db().get(charter.zone().name()).unwrap();
    let start = jiff::Timestamp::UNIX_EPOCH;
    let end: jiff::Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
    let mut expected = vec![(0, zone.to_offset(start).seconds())];
    expected.extend(
        zone.following(start)
            .take_while(|t| t.timestamp() < end)
            .map(|t| (t.timestamp().as_second(), t.offset().seconds())),
    );
    expected.dedup_by_key(|(_, offset)| *offset);
    let own = charter.zone().transitions().iter();
    let own: Vec<_> = own.map(|t| (i64::try_from(t.from_s).unwrap(), t.offset_s)).collect();
    assert_eq!(own, expected);
}
