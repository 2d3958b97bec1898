//! What rests on signatures that their owners put in doubt: the ballots, and what the tally would be without them.
//!
//! Nothing here changes an outcome. A suspicion is an annotation; only a new resolution annuls what was decided (trap C5).

use std::collections::BTreeSet;

use serde::Serialize;

use crate::act::Outcome;
use crate::charter::Decision;
use crate::digest::EventId;
use crate::name::Handle;
use crate::state::State;
use crate::state::motions::{Tally, Vote};

/// Ballots in doubt, and the counterfactual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// The ballots, with the revocation that puts each in doubt.
    pub ballots: Vec<DoubtfulBallot>,
    /// The tally without them: their authors stay in N and P.
    pub tally: Tally,
    /// The outcome without them.
    pub outcome: Outcome,
    /// Whether that differs from the outcome with them.
    pub differs: bool,
}

/// A ballot that its author's key signed after somebody else may have had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoubtfulBallot {
    /// The elector.
    pub by: Handle,
    /// The ballot.
    #[serde(serialize_with = "shown")]
    pub event: EventId,
    /// The revocation.
    #[serde(serialize_with = "shown")]
    pub revocation: EventId,
}

fn shown<S: serde::Serializer>(event: &EventId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(event)
}

/// The standing ballots of a vote that are in doubt; `None` where there are none.
#[must_use]
pub fn doubt(state: &State, vote: &Vote, decision: &Decision) -> Option<Doubt> {
    let ballots: Vec<DoubtfulBallot> = vote
        .ballots
        .keys()
        .filter_map(|person| {
            let ballot = vote.chain_tip(person).filter(|ballot| ballot.choice.is_some())?;
            let binding = state.keys().binding_named(person, &ballot.key)?;
            let suspicion = binding.suspicion.as_ref().filter(|_| binding.is_suspect_at(ballot.cause.at))?;
            Some(DoubtfulBallot { by: person.clone(), event: ballot.cause.event, revocation: suspicion.cause.event })
        })
        .collect();
    if ballots.is_empty() {
        return None;
    }
    let apart: BTreeSet<Handle> = ballots.iter().map(|ballot| ballot.by.clone()).collect();
    let tally = vote.tally_without(&apart);
    let outcome = tally.outcome(decision);
    Some(Doubt { ballots, tally, outcome, differs: outcome != vote.tally().outcome(decision) })
}

/// How many outcomes would differ without the ballots that are in doubt.
#[must_use]
pub fn contested(state: &State) -> u64 {
    let differs = |(id, motion): &(&EventId, &crate::state::motions::Motion)| {
        let decision = crate::decide::basis::decision_of(state, motion);
        let voted = state.motions().voted(id).zip(decision);
        voted.is_some_and(|((_, vote), decision)| doubt(state, vote, decision).is_some_and(|doubt| doubt.differs))
    };
    u64::try_from(state.motions().iter().filter(differs).count()).unwrap_or(u64::MAX)
}
