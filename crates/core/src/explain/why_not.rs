//! Why somebody does not hold a role: what ended it, and every way to it with what that would still need.

use super::{Explanation, Question};
use crate::charter::roles::Path;
use crate::charter::{Charter, Counts, Decision, Subject, UnitKind};
use crate::decide::meeting::in_office;
use crate::decide::paths::{attested, nominators};
use crate::state::State;
use crate::state::authority::Proposed;
use crate::state::roster::HowEnded;

/// Why the person does not hold the role at the instant: what ended it, and each way to it with what that would need.
#[must_use]
pub fn why_not(state: &State, charter: &Charter, question: &Question<'_>) -> Explanation {
    let Question { person, unit, role, at } = *question;
    let root = Explanation::new(format!("{person} does not hold `{role}` in `{unit}` at {at}"));
    let Some(kind) = charter.kind_of(state, unit) else {
        return root.because([Explanation::new(format!("there is no unit `{unit}`"))]);
    };
    let Some(rules) = kind.role(role) else {
        return root
            .because([Explanation::new(format!("the charter gives `{unit}` no role `{role}`")).under(&kind.clause)]);
    };
    let mut root = root.under(&rules.clause).because(former(state, question));
    if !state.is_enrolled(person) {
        root = root.because([Explanation::new(format!("{person} is not enrolled; `rollcall enrol` would do that"))]);
    }
    if let Some(clause) = &rules.appointed {
        let threshold = state.authority().threshold;
        let fact = format!("the appointing authority could appoint: {threshold} of its persons must sign");
        let waiting = waiting_appointment(state, question);
        root = root.because([Explanation::new(fact).under(clause).because(waiting)]);
    }
    for path in &rules.paths {
        root = root.because([path_way(state, question, path)]);
    }
    let ways = charter.kinds().flat_map(|kind| kind.decisions.iter().map(move |decision| (kind, decision)));
    for (home, decision) in ways {
        let fits =
            |s: &&Subject| s.effect == "grant" && s.kind.as_ref() == Some(&kind.name) && s.role.as_ref() == Some(role);
        for subject in decision.decides.iter().filter(fits) {
            root = root.because([decision_way(state, question, home, decision, subject)]);
        }
    }
    root
}

fn former(state: &State, question: &Question<'_>) -> Vec<Explanation> {
    let tenures = state.roster().tenures_of(question.unit, question.role, question.person).iter();
    let lines = tenures.map(|tenure| {
        let held = format!("held it from {}", tenure.from);
        match (&tenure.ended, tenure.to) {
            (Some(ending), Some(to)) => {
                Explanation::new(format!("{held} to {to}: {}, entered by {}", ended(ending.how), ending.cause.by))
                    .shown_by(ending.cause.event)
                    .under(&ending.clause)
            }
            (Some(_) | None, _) => Explanation::new(format!("{held} on")).shown_by(tenure.begun.event),
        }
    });
    lines.collect()
}

/// How a tenure ended, in words.
#[must_use]
pub const fn ended(how: HowEnded) -> &'static str {
    match how {
        HowEnded::Resigned => "resigned",
        HowEnded::Ended => "ended by decision",
        HowEnded::Succeeded => "succeeded by another holder",
        HowEnded::ImpliedRoleEnded => "ended with the role that it implies",
        HowEnded::Dissolved => "the unit was dissolved",
        HowEnded::Imported => "revoked in the imported source",
    }
}

fn waiting_appointment(state: &State, question: &Question<'_>) -> Vec<Explanation> {
    let matches = |what: &Proposed| {
        matches!(what, Proposed::Appoint { unit, role, person, .. }
            if unit == question.unit && role == question.role && person == question.person)
    };
    let open =
        state.proposals().proposals().filter(|(_, p)| p.stood.is_none() && p.withdrawn.is_none() && matches(&p.what));
    let lines = open.map(|(event, proposal)| {
        let signed: Vec<_> = proposal.signers.keys().map(ToString::to_string).collect();
        Explanation::new(format!("proposed and signed by {}", signed.join(", "))).shown_by(*event)
    });
    lines.collect()
}

/// A path, with each condition: how far it is met, and what is missing.
fn path_way(state: &State, question: &Question<'_>, path: &Path) -> Explanation {
    let Question { person, unit, role, at } = *question;
    let mut way = Explanation::new("it can be earned".to_owned()).under(&path.clause);
    if let Some(required) = &path.requires {
        let holds = in_office(state, unit, &required.role, at).iter().any(|(holder, _)| *holder == person);
        let met = if holds { "held" } else { "not held" };
        way = way.because([Explanation::new(format!("holding `{}`: {met}", required.role)).under(&required.clause)]);
    }
    for limb in path.evidence.iter().flat_map(|evidence| &evidence.any_of) {
        let counted = limb.iter().map(|(criterion, needed)| {
            format!(
                "{} of {needed} contributions attested `{criterion}`",
                attested(state, unit, person, criterion, at).len()
            )
        });
        let fact = counted.collect::<Vec<_>>().join(" and ");
        let clause = path.evidence.as_ref().map_or(&path.clause, |evidence| &evidence.clause);
        way = way.because([Explanation::new(fact).under(clause)]);
    }
    for limb in &path.nominations {
        let counted = nominators(state, unit, role, person, &limb.from, at);
        let names: Vec<_> = counted.iter().map(|(_, nomination)| nomination.cause.by.to_string()).collect();
        let by = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
        let fact = format!("{} of {} nominations by a `{}`{by}", counted.len(), limb.at_least, limb.from);
        way = way.because([Explanation::new(fact).under(&limb.clause)]);
    }
    if let Some(criterion) = &path.vouched {
        let fact = format!("an application of which somebody entitled to attests `{}`", criterion.name);
        way = way.because([Explanation::new(fact).under(&criterion.clause)]);
    }
    let last = if path.is_applied_for() { "then `rollcall apply`" } else { "then the nominee accepts" };
    way.because([Explanation::new(last.to_owned()).under(&path.clause)])
}

fn decision_way(
    state: &State,
    question: &Question<'_>,
    home: &UnitKind,
    decision: &Decision,
    subject: &Subject,
) -> Explanation {
    let venue = format!("a `{}` could decide it in {}", home.name, decision.venue.words());
    let mut way = Explanation::new(venue).under(&subject.clause);
    let Some(electors) = &home.electors else { return way };
    for (unit, _) in state.roster().units().filter(|(_, unit)| unit.kind == home.name && unit.is_alive()) {
        let all = u64::try_from(in_office(state, unit, electors, question.at).len()).unwrap_or(u64::MAX);
        let counts = Counts { in_office: all, present: all, cast: all, for_or_against: all };
        let bars = decision.pass.iter().map(|bar| {
            let (least, of) = (bar.least(&counts), bar.of.words());
            let fact = format!("{} of {of}: {least} approvals in `{unit}` if all {all} vote", bar.threshold);
            Explanation::new(fact).under(&bar.clause)
        });
        way = way.because(bars);
    }
    if let Some(clause) = &subject.listed {
        way = way.because([Explanation::new("the motion must stand on the noticed agenda".to_owned()).under(clause)]);
    }
    let standing = || state.proposals().standing(question.unit, question.role, question.person);
    if let Some(role) = &subject.nominated_by {
        let count = standing().filter(|(_, nomination)| !nomination.applied).count();
        let unit = question.unit;
        let fact = format!("the `{role}` of `{unit}` must have nominated the person, standing nominations: {count}");
        way = way.because([Explanation::new(fact).under(&subject.clause)]);
    }
    if subject.applied {
        let count = standing().filter(|(_, nomination)| nomination.applied).count();
        let fact = format!("the person must have applied, standing applications: {count}");
        way = way.because([Explanation::new(fact).under(&subject.clause)]);
    }
    way
}
