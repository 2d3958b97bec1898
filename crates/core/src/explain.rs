//! Explanations: why somebody holds a role, down to signatures and clauses, and why somebody does not.
//!
//! An explanation adds no facts: each line is a record of the state, with the event and the clause it comes from.

mod why_not;

pub use self::why_not::{ended, why_not};

use serde::Serialize;

use crate::charter::{Charter, Clause, Decision};
use crate::decide::basis::{decision_of, words};
use crate::digest::EventId;
use crate::name::{Handle, Name, UnitId};
use crate::state::State;
use crate::state::motions::{Motion, Vote};
use crate::state::roster::{How, Tenure};
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
    let text = charter.clauses().get(clause).map_or("a rule of the format", |text| text.en.as_str());
    Explanation::new(format!("the charter says: {text}")).under(clause)
}

fn keys_of(state: &State, person: &Handle) -> Explanation {
    let Some(known) = state.people().get(person) else { return Explanation::new(format!("{person} is not known")) };
    let keys = state.keys().of(person).iter().map(|binding| {
        let (key, since) = (&binding.key, binding.bound.at);
        let fact = match &binding.ended {
            None => format!("key {key} belongs to {person} since {since}"),
            Some((how, cause)) => {
                format!("key {key} belonged to {person} from {since} to {}: {}", cause.at, how.as_str())
            }
        };
        Explanation::new(fact).shown_by(binding.bound.event)
    });
    let line = if state.is_enrolled(person) { "is enrolled" } else { "is known by an import and has no key" };
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
        How::Granted | How::Seeded => {
            let first = if tenure.how == How::Seeded { " of a first holder" } else { "" };
            let fact = format!("{} entered the grant{first} at {}", begun.by, begun.at);
            let basis = tenure.basis.and_then(|basis| resolution(state, &basis));
            Explanation::new(fact).shown_by(begun.event).because(basis)
        }
        How::Earned => {
            let fact = format!("{} entered the grant at {}: every condition was met", begun.by, begun.at);
            let basis = tenure.basis.map(|basis| earned(state, &basis));
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

/// What an earned role rests on: the claim, the nominations with their criteria, the contributions with who attests them.
fn earned(state: &State, basis: &EventId) -> Explanation {
    let Some(entitlement) = state.proposals().entitlement(basis) else {
        let Some(application) = state.proposals().nomination(basis) else {
            return Explanation::new("the basis is not known".to_owned()).shown_by(*basis);
        };
        let said = application.statement.as_ref().map(|text| format!(": “{}”", text.as_str())).unwrap_or_default();
        let fact = format!("{} applied for {}{said}", application.cause.by, application.person);
        return Explanation::new(fact).shown_by(*basis).because(attestations(state, basis));
    };
    let fact = format!("{} claimed it at {}", entitlement.cause.by, entitlement.cause.at);
    let claim = Explanation::new(fact).shown_by(entitlement.cause.event).under(&entitlement.clause);
    claim.because(entitlement.rests_on.iter().filter_map(|event| support(state, event)))
}

/// A nomination or contribution that an earned role rests on.
fn support(state: &State, event: &EventId) -> Option<Explanation> {
    if let Some(nomination) = state.proposals().nomination(event) {
        let criteria = nomination.attests.iter().map(|note| {
            Explanation::new(format!("{} attests {}: {}", nomination.cause.by, note.name, note.words.as_str()))
        });
        let fact = format!("{} nominated at {}", nomination.cause.by, nomination.cause.at);
        return Some(
            Explanation::new(fact).shown_by(*event).because(criteria).because([keys_of(state, &nomination.cause.by)]),
        );
    }
    let known = state.records().contribution(event)?;
    let fact = format!(
        "{} contributed {} {} #{}, merged {}",
        known.person,
        known.forge,
        known.repository.as_str(),
        known.number,
        known.merged
    );
    Some(Explanation::new(fact).shown_by(*event).because(attestations(state, event)))
}

fn attestations(state: &State, event: &EventId) -> Vec<Explanation> {
    let standing = state.records().attestations(event).iter().filter(|attested| attested.withdrawn.is_none());
    let lines = standing.map(|attested| {
        let fact = format!("{} attests {}: {}", attested.cause.by, attested.criterion, attested.note.as_str());
        Explanation::new(fact).shown_by(attested.cause.event).because([keys_of(state, &attested.cause.by)])
    });
    lines.collect()
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
fn resolution(state: &State, motion: &EventId) -> Option<Explanation> {
    let (motion, vote) = state.motions().voted(motion)?;
    let decision = decision_of(state, motion)?;
    let fact = format!("`{}` resolved “{}”: {}", motion.unit, motion.title.as_str(), words(&motion.effect));
    let root = Explanation::new(fact).shown_by(motion.cause.event).under(&decision.clause);
    Some(
        root.because(sitting(state, motion))
            .because([electorate(vote), ballots(state, vote)])
            .because([tally(vote, decision)]),
    )
}

fn sitting(state: &State, motion: &Motion) -> Option<Explanation> {
    let meeting = state.meetings().get(motion.meeting.as_ref()?)?;
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
        let binding = state.keys().binding_named(person, &last.key);
        let doubtful = binding.is_some_and(|binding| binding.is_suspect_at(last.cause.at));
        let doubt = if doubtful { ", signed with a key in doubt" } else { "" };
        let held = if vote.held.contains(person) { ", held out: the key is in dispute" } else { "" };
        let line = Explanation::new(format!("{person}: {choice}{changed}{doubt}{held}")).shown_by(last.cause.event);
        Some(line.because([keys_of(state, person)]))
    });
    Explanation::new("the ballots, each signed by its author".to_owned()).because(cast)
}

fn tally(vote: &Vote, decision: &Decision) -> Explanation {
    let tally = vote.tally();
    let counts = tally.counts();
    let verdict = |met| if met { "met" } else { "not met" };
    let bars = decision.pass.iter().map(|bar| {
        let met = verdict(bar.is_met(tally.approvals, &counts));
        let (least, of, approvals) = (bar.least(&counts), bar.of.words(), tally.approvals);
        Explanation::new(format!("{} of {of}: {least} needed, {approvals} approve, {met}", bar.threshold))
            .under(&bar.clause)
    });
    let least = decision.approvals.iter().map(|least| {
        let met = verdict(least.value <= tally.approvals);
        Explanation::new(format!("at least {} approve: {met}", least.value)).under(&least.clause)
    });
    let turnout = decision.turnout.iter().map(|bar| {
        let met = verdict(bar.is_met(counts.cast, &counts));
        let fact = format!(
            "{} of {}: {} needed, {} cast, {met}",
            bar.threshold,
            bar.of.words(),
            bar.least(&counts),
            counts.cast
        );
        Explanation::new(fact).under(&bar.clause)
    });
    let veto = decision
        .veto
        .iter()
        .map(|clause| Explanation::new(format!("nobody votes against: {}", verdict(tally.against == 0))).under(clause));
    let bars = bars.chain(least).chain(turnout).chain(veto);
    let fact = format!(
        "{} for, {} against, {} abstain, {} silent: {}",
        tally.approvals,
        tally.against,
        tally.abstain,
        tally.silent,
        tally.outcome(decision)
    );
    let line = Explanation::new(fact).under(&decision.clause).because(bars);
    match &vote.closed {
        Some(closed) => line.shown_by(closed.event),
        None => line,
    }
}

impl Charter {
    /// The rules of a unit that exists or existed.
    #[must_use]
    pub fn kind_of(&self, state: &State, unit: &UnitId) -> Option<&crate::charter::UnitKind> {
        self.kind(&state.roster().unit(unit)?.kind)
    }
}
