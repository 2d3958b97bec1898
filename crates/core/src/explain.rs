//! Explanations: why somebody holds a role, down to signatures and clauses, and why somebody does not.
//!
//! An explanation adds no facts: each line is a record of the state, with the event and the clause it comes from.

use serde::Serialize;

use crate::charter::{Charter, Clause, Decision, Subject};
use crate::decide::basis::{decision_of, words};
use crate::decide::meeting::{Body, members};
use crate::digest::EventId;
use crate::name::{Handle, Name, UnitId};
use crate::state::State;
use crate::state::motions::{Motion, Vote};
use crate::state::roster::{How, HowEnded, Tenure};
use crate::time::Timestamp;

/// One line of an explanation, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The fact, in words.
    pub fact: String,
    /// The event that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// The clause that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<Clause>,
    /// What it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Explanation>,
}

impl Explanation {
    fn new(fact: String) -> Self {
        Self { fact, event: None, clause: None, because: Vec::new() }
    }

    fn shown_by(mut self, event: EventId) -> Self {
        self.event = Some(event);
        self
    }

    fn under(mut self, clause: &Clause) -> Self {
        self.clause = Some(clause.clone());
        self
    }

    fn because(mut self, reasons: impl IntoIterator<Item = Self>) -> Self {
        self.because.extend(reasons);
        self
    }
}

/// A role somebody holds, or does not.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The person.
    pub person: &'a Handle,
    /// The unit.
    pub unit: &'a UnitId,
    /// The role.
    pub role: &'a Name,
    /// The instant asked about.
    pub at: Timestamp,
}

/// Why the person holds the role at the instant; `None` when they do not.
#[must_use]
pub fn why(state: &State, charter: &Charter, question: &Question<'_>) -> Option<Explanation> {
    let Question { person, unit, role, at } = *question;
    let tenure = state.roster().tenure_at(unit, role, person, at)?;
    let until = tenure.to.map_or_else(String::new, |to| format!(" until {to}"));
    let asserted = if tenure.is_asserted() { ", as a source asserts" } else { "" };
    let root = Explanation::new(format!("{person} holds `{role}` in `{unit}` since {}{until}{asserted}", tenure.from));
    let root = root.under(&tenure.clause).because([origin(state, charter, question, tenure)]);
    Some(root.because([clause_text(charter, &tenure.clause), keys_of(state, person), founding(state)]))
}

fn clause_text(charter: &Charter, clause: &Clause) -> Explanation {
    let text = charter.clauses().get(clause).map_or("a rule of the format", String::as_str);
    Explanation::new(format!("the charter says: {text}")).under(clause)
}

fn keys_of(state: &State, person: &Handle) -> Explanation {
    let Some(known) = state.people().get(person) else { return Explanation::new(format!("{person} is not known")) };
    let keys = known.keys.iter().map(|binding| {
        Explanation::new(format!("key {} belongs to {person} since {}", binding.key, binding.bound.at))
            .shown_by(binding.bound.event)
    });
    let line = if known.keys.is_empty() { "is known by an import and has no key" } else { "is enrolled" };
    Explanation::new(format!("{person} {line}")).shown_by(known.known.event).because(keys)
}

fn founding(state: &State) -> Explanation {
    let Some(founding) = state.founding() else { return Explanation::new("the ledger is not founded".to_owned()) };
    let confirmed = founding
        .confirmed
        .iter()
        .map(|(person, event)| Explanation::new(format!("{person} confirmed the founding")).shown_by(*event));
    let fact = format!(
        "the ledger was founded at {} under the charter `{}`, digest {}",
        founding.cause.at, founding.charter, founding.charter_digest
    );
    Explanation::new(fact).shown_by(founding.cause.event).because(confirmed)
}

/// What began a tenure.
fn origin(state: &State, charter: &Charter, question: &Question<'_>, tenure: &Tenure) -> Explanation {
    let Question { person, unit, role, at: _ } = *question;
    let begun = &tenure.begun;
    match tenure.how {
        How::Appointed => appointment(state, charter, tenure),
        How::Granted => {
            let fact = format!("{} entered the grant at {}", begun.by, begun.at);
            let basis = tenure.basis.and_then(|basis| resolution(state, charter, &basis));
            Explanation::new(fact).shown_by(begun.event).because(basis)
        }
        How::Implied => {
            let conferring = charter.kind_of(state, unit).into_iter().flat_map(|kind| kind.implying(role));
            let same = |other: &&Tenure| other.begun.event == begun.event;
            let reasons = conferring.filter_map(|other| {
                let tenure = state.roster().tenures_of(unit, other, person).iter().find(same)?;
                let question = Question { role: other, ..*question };
                let fact = format!("`{other}` confers `{role}`");
                Some(Explanation::new(fact).under(&tenure.clause).because([origin(state, charter, &question, tenure)]))
            });
            Explanation::new(format!("conferred by another role at {}", begun.at))
                .shown_by(begun.event)
                .because(reasons)
        }
        How::Imported => {
            let fact = format!("{} imported it at {}; the source's time is {}", begun.by, begun.at, tenure.from);
            let claim = tenure
                .claimed
                .as_ref()
                .map(|claim| Explanation::new(format!("{person} claimed it at {}", claim.at)).shown_by(claim.event));
            Explanation::new(fact).shown_by(begun.event).under(&tenure.clause).because(claim)
        }
    }
}

fn appointment(state: &State, charter: &Charter, tenure: &Tenure) -> Explanation {
    let event = tenure.basis.unwrap_or(tenure.begun.event);
    let line = Explanation::new("the appointing authority appointed".to_owned()).under(&charter.authority().clause);
    let Some(proposal) = state.proposals().proposal(&event) else { return line.shown_by(event) };
    let signed = proposal.signers.iter().map(|(signer, event)| {
        let verb = if *event == proposal.cause.event { "proposed" } else { "endorsed" };
        Explanation::new(format!("{signer} {verb} it")).shown_by(*event).because([keys_of(state, signer)])
    });
    line.shown_by(event).because(signed)
}

/// A resolution: motion, meeting, electorate, ballots, tally against the bars.
fn resolution(state: &State, charter: &Charter, motion: &EventId) -> Option<Explanation> {
    let (motion, vote) = state.motions().voted(motion)?;
    let decision = decision_of(state, charter, motion)?;
    let fact = format!("`{}` resolved “{}”: {}", motion.unit, motion.title.as_str(), words(&motion.effect));
    let root = Explanation::new(fact).shown_by(motion.cause.event).under(&decision.clause);
    Some(
        root.because(sitting(state, motion))
            .because([electorate(vote), ballots(state, vote)])
            .because([tally(vote, decision)]),
    )
}

fn sitting(state: &State, motion: &Motion) -> Option<Explanation> {
    let meeting = state.meetings().get(&motion.meeting)?;
    let notice = Explanation::new(format!(
        "{} gave notice at {}, {} civil days ahead",
        meeting.notice.by, meeting.noticed_at, meeting.days
    ));
    let opened = meeting
        .opened
        .iter()
        .map(|opened| Explanation::new(format!("{} opened it at {}", opened.by, opened.at)).shown_by(opened.event));
    let ended = meeting
        .adjourned
        .iter()
        .map(|ended| Explanation::new(format!("{} adjourned it at {}", ended.by, ended.at)).shown_by(ended.event));
    let fact = format!("in the {} meeting of {}", meeting.terms.kind, meeting.terms.starts);
    let notice = notice.shown_by(meeting.notice.event);
    Some(Explanation::new(fact).shown_by(meeting.id()).because([notice]).because(opened).because(ended))
}

fn electorate(vote: &Vote) -> Explanation {
    let list =
        |people: &mut dyn Iterator<Item = &Handle>| people.map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let office = Explanation::new(format!("in office: {}", list(&mut vote.electors.iter())));
    let present = Explanation::new(format!("present: {}", list(&mut vote.present.iter())));
    let fact = format!("the vote's opening pinned {} in office, {} present", vote.electors.len(), vote.present.len());
    Explanation::new(fact).shown_by(vote.cause.event).because([office, present])
}

fn ballots(state: &State, vote: &Vote) -> Explanation {
    let cast = vote.ballots.iter().filter_map(|(person, chain)| {
        let last = chain.last()?;
        let choice = last.choice.map_or("retracted", crate::act::Choice::as_str);
        let changed =
            if chain.len() > 1 { format!(", after {} earlier", chain.len().saturating_sub(1)) } else { String::new() };
        let line = Explanation::new(format!("{person}: {choice}{changed}")).shown_by(last.cause.event);
        Some(line.because([keys_of(state, person)]))
    });
    Explanation::new("the ballots, each signed by its author".to_owned()).because(cast)
}

fn tally(vote: &Vote, decision: &Decision) -> Explanation {
    let tally = vote.tally();
    let bars = decision.pass.iter().map(|bar| {
        let verdict = if bar.is_met(tally.approvals, tally.present, tally.in_office) { "met" } else { "not met" };
        let least = bar.least(tally.present, tally.in_office);
        Explanation::new(format!(
            "{} of {}: {} needed, {} approve, {verdict}",
            bar.threshold,
            base(bar.of),
            least,
            tally.approvals
        ))
        .under(&bar.clause)
    });
    let fact = format!(
        "{} for, {} against, {} abstain, {} silent: {}",
        tally.approvals,
        tally.against,
        tally.abstain,
        tally.silent,
        tally.outcome(&decision.pass)
    );
    let line = Explanation::new(fact).under(&decision.clause).because(bars);
    match &vote.closed {
        Some(closed) => line.shown_by(closed.event),
        None => line,
    }
}

const fn base(base: crate::charter::Base) -> &'static str {
    match base {
        crate::charter::Base::Present => "those present",
        crate::charter::Base::InOffice => "those in office",
    }
}

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
    if !state.people().is_enrolled(person) {
        root = root.because([Explanation::new(format!("{person} is not enrolled; `rollcall enrol` would do that"))]);
    }
    if let Some(clause) = &rules.appointed {
        let threshold = state.authority().threshold;
        let fact = format!("the appointing authority could appoint: {threshold} of its persons must sign");
        let waiting = waiting_appointment(state, question);
        root = root.because([Explanation::new(fact).under(clause).because(waiting)]);
    }
    let ways = charter.kinds().flat_map(|kind| kind.decisions.iter().map(move |decision| (kind, decision)));
    for (home, decision) in ways {
        let fits =
            |s: &&Subject| s.effect == "grant" && s.kind.as_ref() == Some(&kind.name) && s.role.as_ref() == Some(role);
        for subject in decision.decides.iter().filter(fits) {
            root = root.because([decision_way(state, charter, question, &home.name, decision, subject)]);
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
    use crate::state::authority::Proposed;
    let matches = |what: &Proposed| {
        matches!(what, Proposed::Appoint { unit, role, person }
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

fn decision_way(
    state: &State,
    charter: &Charter,
    question: &Question<'_>,
    home: &Name,
    decision: &Decision,
    subject: &Subject,
) -> Explanation {
    let venue = format!("a `{home}` could decide it in a {} meeting", decision.venue);
    let mut way = Explanation::new(venue).under(&subject.clause);
    for (unit, _) in state.roster().units().filter(|(_, unit)| unit.kind == *home && unit.is_alive()) {
        let Some(body) = Body::of(state, charter, unit) else { continue };
        let in_office = u64::try_from(members(state, &body, question.at).len()).unwrap_or(u64::MAX);
        let bars = decision.pass.iter().map(|bar| {
            let least = bar.least(in_office, in_office);
            let fact =
                format!("{} of {}: {least} approvals if all {in_office} are present", bar.threshold, base(bar.of));
            Explanation::new(fact).under(&bar.clause)
        });
        way = way.because(bars);
    }
    if let Some(clause) = &subject.listed {
        way = way.because([Explanation::new("the motion must stand on the noticed agenda".to_owned()).under(clause)]);
    }
    if let Some(role) = &subject.nominated_by {
        let standing = state.proposals().standing(question.unit, question.role, question.person).count();
        let fact = format!(
            "the `{role}` of `{}` must have nominated the person, standing nominations: {standing}",
            question.unit
        );
        way = way.because([Explanation::new(fact).under(&subject.clause)]);
    }
    way
}

impl Charter {
    /// The rules of a unit that exists or existed.
    #[must_use]
    pub fn kind_of(&self, state: &State, unit: &UnitId) -> Option<&crate::charter::UnitKind> {
        self.kind(&state.roster().unit(unit)?.kind)
    }
}
