//! Lints of a charter that compiles: rules that are there and still leave a community stuck, or open to a back door.
//!
//! A lint is advice with a place; it forbids nothing. What cannot be a charter at all is refused by [`super::draft`].

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Charter, Counts, Decision, UnitKind, Venue};
use crate::name::Name;

/// Something about a charter that its author should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code.
    pub code: &'static str,
    /// The table of the TOML document where it lies.
    pub place: String,
    /// What it is.
    pub what: String,
}

/// Members up to whom decision rules are compared.
const MEMBERS_COMPARED: u64 = 12;

/// Every finding, in the order of the charter's kinds.
#[must_use]
pub fn lint(charter: &Charter) -> Vec<Finding> {
    let mut findings = Vec::new();
    let amends = |decision: &Decision| decision.decides.iter().any(|subject| subject.effect == super::AMEND);
    let bodies: Vec<&UnitKind> = charter.kinds().filter(|kind| !kind.decisions.is_empty()).collect();
    let amendable = bodies.iter().any(|kind| kind.decisions.iter().any(amends));
    if !bodies.is_empty() && !amendable {
        let what = "no decision rule has the effect `amend`: the charter can never be amended".to_owned();
        findings.push(Finding { code: "no-amendment", place: "authority".to_owned(), what });
    }
    for kind in &bodies {
        deciding(kind, &mut findings);
        for amending in kind.decisions.iter().filter(|decision| amends(decision)) {
            weaker_doors(kind, amending, &bodies, &mut findings);
        }
    }
    let reachable = reachable(charter);
    for kind in charter.kinds() {
        for (role, rules) in &kind.roles {
            if !reachable.contains(&(&kind.name, role)) && !is_honour(kind, role) {
                let word = if rules.paths.is_empty() { "gains" } else { "can climb to" };
                let what = format!(
                    "nobody ever {word} `{role}`: every way to it needs a holder of it first, unless one is imported"
                );
                let place = format!("unit.{}.role.{role}", kind.name);
                findings.push(Finding { code: "unreachable-role", place, what });
            }
        }
    }
    findings
}

/// A body that meets needs a quorum, and more than one way to come together.
fn deciding(kind: &UnitKind, findings: &mut Vec<Finding>) {
    let mut note = |code, part: &str, what: &str| {
        findings.push(Finding { code, place: format!("unit.{}{part}", kind.name), what: what.to_owned() });
    };
    let meets = kind.decisions.iter().any(|decision| decision.venue != Venue::Outside);
    if let Some(rules) = kind.meeting.as_ref().filter(|_| meets) {
        if rules.quorum.is_none() {
            note("no-quorum", ".meeting", "it decides in meetings and has no quorum");
        }
        if rules.petition.is_none() {
            note("sole-convener", ".meeting", "only the convener can call a meeting, and members cannot demand one");
        }
        if rules.grace_minutes.is_none() {
            note("sole-opener", ".meeting", "only the convener can open a meeting");
        }
    }
    if kind.constitute.as_ref().is_some_and(|rule| rule.value < 3) {
        note("tiny-body", "", "it can be constituted with fewer than three members");
    }
    for decision in &kind.decisions {
        let part = format!(".decision.{}", decision.name);
        let listed = decision.decides.iter().any(|subject| subject.listed.is_some());
        if decision.venue == Venue::Outside && listed {
            note("listed-outside", &part, "a vote outside meetings has no agenda on which an item could be listed");
        }
        if (1..=MEMBERS_COMPARED).all(|n| !could_pass(decision, n)) {
            note("impassable", &part, "no vote can ever pass it");
        }
    }
}

/// Trap D3: a charter amended by less than what one of its rules asks for is a back door to that rule.
fn weaker_doors(kind: &UnitKind, amending: &Decision, bodies: &[&UnitKind], findings: &mut Vec<Finding>) {
    for (home, other) in bodies.iter().flat_map(|body| body.decisions.iter().map(move |decision| (body, decision))) {
        let same = home.name == kind.name && other.name == amending.name;
        if same || home.name != kind.name || !is_weaker(amending, other) {
            continue;
        }
        let what = format!(
            "the charter is amended by less than `{}` of `{}` needs ({}): whoever cannot pass the one can amend it away",
            other.name, home.name, other.clause
        );
        let place = format!("unit.{}.decision.{}", kind.name, amending.name);
        findings.push(Finding { code: "weaker-door", place, what });
    }
}

/// Whether some vote passes `one` and not `other`.
fn is_weaker(one: &Decision, other: &Decision) -> bool {
    votes().any(|(counts, approvals, against)| {
        passes(one, &counts, approvals, against) && !passes(other, &counts, approvals, against)
    })
}

fn could_pass(decision: &Decision, members: u64) -> bool {
    votes().any(|(counts, yes, no)| counts.in_office == members && passes(decision, &counts, yes, no))
}

fn votes() -> impl Iterator<Item = (Counts, u64, u64)> {
    (1..=MEMBERS_COMPARED).flat_map(|in_office| {
        (1..=in_office).flat_map(move |present| {
            (0..=present).flat_map(move |approvals| {
                (0..=present.saturating_sub(approvals)).map(move |against| {
                    let for_or_against = approvals.saturating_add(against);
                    (Counts { in_office, present, cast: for_or_against, for_or_against }, approvals, against)
                })
            })
        })
    })
}

fn passes(decision: &Decision, counts: &Counts, approvals: u64, against: u64) -> bool {
    decision.pass.iter().all(|bar| bar.is_met(approvals, counts))
        && decision.approvals.as_ref().is_none_or(|least| least.value <= approvals)
        && decision.turnout.as_ref().is_none_or(|bar| bar.is_met(counts.cast, counts))
        && (decision.veto.is_none() || against == 0)
}

/// A role that only the stepping down from another confers.
fn is_honour(kind: &UnitKind, role: &Name) -> bool {
    kind.roles.values().any(|rules| rules.emeritus.as_ref() == Some(role))
}

/// Roles that somebody can come to hold, beginning with nobody in office: appointed ones and those a body decides on, then
/// whatever paths lead to from there. Imports are left out: a new community has none.
fn reachable(charter: &Charter) -> BTreeSet<(&Name, &Name)> {
    let mut found: BTreeSet<(&Name, &Name)> = BTreeSet::new();
    let any = |role: &Name| role.as_str() == "*";
    loop {
        let before = found.len();
        for kind in charter.kinds() {
            let holds = |found: &BTreeSet<(&Name, &Name)>, role: &Name| {
                found.iter().any(|(k, r)| **k == kind.name && *r == role)
            };
            for (role, rules) in &kind.roles {
                let granted = charter.kinds().filter(|body| acts(&found, body)).any(|body| {
                    let subjects = body.decisions.iter().flat_map(|decision| &decision.decides);
                    subjects.into_iter().any(|subject| {
                        let named = subject.role.as_ref().is_some_and(|named| named == role || any(named));
                        subject.effect == "grant" && subject.kind.as_ref() == Some(&kind.name) && named
                    })
                });
                let implied = kind.implying(role).any(|higher| holds(&found, higher));
                let earned = rules.paths.iter().any(|path| {
                    let requires = path.requires.as_ref().is_none_or(|required| holds(&found, &required.role));
                    let nominated =
                        path.nominations.is_empty() || path.nominations.iter().any(|limb| holds(&found, &limb.from));
                    requires && nominated
                });
                let first = founds(charter, &found, kind, role);
                if rules.appointed.is_some() || granted || implied || earned || first {
                    found.insert((&kind.name, role));
                }
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// A body that acts founds units of the kind, and so may name the first holders of some of its roles.
fn founds(charter: &Charter, found: &BTreeSet<(&Name, &Name)>, kind: &UnitKind, role: &Name) -> bool {
    charter.kinds().filter(|body| acts(found, body)).any(|body| {
        let mut subjects = body.decisions.iter().flat_map(|decision| &decision.decides);
        subjects.any(|subject| {
            let seeds = subject.seeds.as_ref().is_some_and(|seeds| seeds.roles.contains(role));
            seeds && subject.effect == "found-unit" && subject.kind.as_ref() == Some(&kind.name)
        })
    })
}

/// A body acts once somebody can sit in it.
fn acts(found: &BTreeSet<(&Name, &Name)>, body: &UnitKind) -> bool {
    body.electors.as_ref().is_some_and(|electors| found.contains(&(&body.name, electors)))
}
