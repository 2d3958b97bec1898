//! Witnessed time (`docs/format.md`, section 18): who the witnesses are, and what a cosigned head in the log says about the clock
//! of whoever runs it. Where it contradicts that clock it is refused; no clock is read here.

use super::{Changes, Scene, authority};
use crate::act::{Act, Anchor, NameWitnesses};
use crate::checkpoint::Checkpoint;
use crate::event::Event;
use crate::field::Text;
use crate::limits::{CLOCK_JUMP_MS, CLOCK_TOLERANCE_MS};
use crate::note::Note;
use crate::policy::{Policy, Span};
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::state::authority::Proposed;
use crate::state::change::Change;
use crate::state::witnessing::WitnessingChange;
use crate::time::Timestamp;

const RULE: &str = "witnessed-time";

/// The authority names the witnesses.
pub(super) fn name(scene: &Scene<'_>, act: &NameWitnesses) -> Changes {
    authority::propose(scene, Proposed::NameWitnesses { policy: act.policy.clone() })
}

/// The authority's threshold has signed.
pub(super) fn named(policy: &Text) -> Changes {
    match Policy::read(policy.as_str()) {
        Ok(_) => Ok(vec![WitnessingChange::Named { policy: policy.clone() }.into()]),
        Err(error) => Err(Reason::PolicyInvalid { error: error.to_string() }.by_format(RULE)),
    }
}

/// Enters a cosigned head, whose times must agree with the entries around them.
pub(super) fn anchor(scene: &Scene<'_>, act: &Anchor) -> Changes {
    let policy = scene.state.witnessing().policy().ok_or_else(|| Reason::NoWitnesses {}.by_format(RULE))?;
    let unfit = |what: String| Reason::AnchorUnfit { what }.by_format(RULE);
    let note = Note::read(act.checkpoint.as_str()).map_err(|error| unfit(error.to_string()))?;
    let size = require_own(scene.state, &note)?;
    let quorum = policy.judge(&note).map_err(|error| unfit(error.to_string()))?;
    let Some(Span { since, by }) = quorum.span else {
        let cosigned = u64::try_from(quorum.cosigned.len()).unwrap_or(u64::MAX);
        return Err(Reason::AnchorUnwitnessed { cosigned }.by_format(RULE));
    };
    let at = scene.at();
    let tolerance_ms = CLOCK_TOLERANCE_MS;
    let last = size.saturating_sub(1);
    let accepted = scene.state.accepted_at(last).unwrap_or_default();
    if by.plus_ms(tolerance_ms) < accepted {
        let (accepted, witnessed) = (accepted.to_string(), by.to_string());
        return Err(Reason::AnchorContradicts { entry: last, accepted, witnessed, tolerance_ms }.by_format(RULE));
    }
    if at.plus_ms(tolerance_ms) < since {
        let (witnessed, at) = (since.to_string(), at.to_string());
        return Err(Reason::AnchorAhead { witnessed, at, tolerance_ms }.by_format(RULE));
    }
    if has_jumped(scene.state, at) && since.plus_ms(CLOCK_JUMP_MS) < at {
        return Err(jumped(since, at));
    }
    Ok(vec![WitnessingChange::Anchored { size, by, since }.into()])
}

/// The size of a checkpoint that this log has signed and had.
fn require_own(state: &State, note: &Note) -> Result<u64, Refusal> {
    let unfit = |what: String| Reason::AnchorUnfit { what }.by_format(RULE);
    let stated = Checkpoint::read(note.text()).map_err(|error| unfit(error.to_string()))?;
    let size = stated.head.size;
    let origin = state.founding().map_or("", |founding| founding.origin.as_str());
    let key = state.log_key(size).ok_or_else(|| unfit("the log has no key".to_owned()))?;
    let signed = Checkpoint::verify_note(note, origin, key).map_err(|error| unfit(error.to_string()))?;
    if size == 0 {
        return Err(unfit("it covers no entry".to_owned()));
    }
    if state.log().head_at(size) != Some(signed.head) {
        return Err(unfit(format!("the log never had this head of {size} entries")));
    }
    Ok(size)
}

/// While the log names witnesses its clock does not run on for longer than a day unseen. What changes the witnesses goes on
/// without them: else whoever lost them had lost the log.
/// Such an act resets nothing: whatever comes next needs an anchor all the same.
pub(super) fn check_jump(state: &State, event: &Event, at: Timestamp) -> Result<Option<Change>, Refusal> {
    let names = |proposed: &Proposed| matches!(proposed, Proposed::NameWitnesses { .. });
    let anchors = matches!(event.act(), Act::Anchor(_));
    if anchors || !has_jumped(state, at) || state.witnessing().policy().is_none() {
        return Ok(None);
    }
    let exempt = if let Act::Endorse(act) = event.act() {
        state.proposals().proposal(&act.event).is_some_and(|proposal| names(&proposal.what))
    } else {
        matches!(event.act(), Act::NameWitnesses(_))
    };
    let since = last_seen(state);
    if exempt { Ok(Some(WitnessingChange::Unseen { since }.into())) } else { Err(jumped(since, at)) }
}

/// The instant from which the clock may run on for a day.
fn last_seen(state: &State) -> Timestamp {
    state.witnessing().unseen_since().unwrap_or(state.last_at())
}

fn has_jumped(state: &State, at: Timestamp) -> bool {
    last_seen(state).plus_ms(CLOCK_JUMP_MS) < at
}

fn jumped(last: Timestamp, at: Timestamp) -> Refusal {
    let (last, at) = (last.to_string(), at.to_string());
    Reason::ClockJumped { last, at, limit_ms: CLOCK_JUMP_MS }.by_format(RULE)
}
