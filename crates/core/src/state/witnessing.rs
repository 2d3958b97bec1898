//! The book of what others have seen of the log: the witnesses whose times it goes by, the cosigned heads that were entered in
//! it, and the events that their authors say it lacks. It holds what was said; what that shows is in [`crate::witnessed`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Cause;
use crate::digest::EventId;
use crate::field::Text;
use crate::policy::Policy;
use crate::time::Timestamp;

/// A cosigned head of the log in the log itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The event that entered it.
    pub cause: Cause,
    /// Entries that it covers.
    pub size: u64,
    /// What it covers was there by this instant.
    pub by: Timestamp,
    /// The event was made after this instant.
    pub since: Timestamp,
}

/// Witness policies, anchors, and events said to be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnessing {
    policies: Vec<(Cause, Text)>,
    anchors: Vec<Anchor>,
    missing: BTreeMap<EventId, Vec<Cause>>,
    /// The last instant before the clock jumped without an anchor, for an act that may: it is since then that one is needed.
    unseen_since: Option<Timestamp>,
}

/// A change of the book.
#[derive(Clone, Debug)]
pub enum WitnessingChange {
    /// The authority named the witnesses.
    Named {
        /// The policy's text.
        policy: Text,
    },
    /// A cosigned head was entered.
    Anchored {
        /// Entries that it covers.
        size: u64,
        /// When what it covers was there.
        by: Timestamp,
        /// After when the event was made.
        since: Timestamp,
    },
    /// The clock has jumped, for an act that needs no anchor.
    Unseen {
        /// The last instant before.
        since: Timestamp,
    },
    /// The author submitted events that the log lacks.
    Missing {
        /// Their ids.
        events: Vec<EventId>,
    },
}

impl Witnessing {
    /// The policy in force, if it asks for any witness.
    #[must_use]
    pub fn policy(&self) -> Option<Policy> {
        let (_, text) = self.policies.last()?;
        // A text that is no policy was never accepted.
        Policy::read(text.as_str()).ok().filter(Policy::asks)
    }

    /// Every policy that has been in force, by the event that made it stand, oldest first.
    #[must_use]
    pub fn policies(&self) -> &[(Cause, Text)] {
        &self.policies
    }

    /// The anchors, in the order of the log.
    #[must_use]
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// The last instant before the clock jumped without an anchor, if it has since the last one.
    #[must_use]
    pub const fn unseen_since(&self) -> Option<Timestamp> {
        self.unseen_since
    }

    /// Events that somebody said were submitted and not in the log, with who said so.
    pub fn missing(&self) -> impl Iterator<Item = (&EventId, &[Cause])> {
        self.missing.iter().map(|(event, causes)| (event, causes.as_slice()))
    }

    pub(super) fn apply(&mut self, change: WitnessingChange, cause: &Cause) {
        match change {
            WitnessingChange::Named { policy } => self.policies.push((cause.clone(), policy)),
            WitnessingChange::Anchored { size, by, since } => {
                self.anchors.push(Anchor { cause: cause.clone(), size, by, since });
                self.unseen_since = None;
            }
            WitnessingChange::Unseen { since } => {
                self.unseen_since.get_or_insert(since);
            }
            WitnessingChange::Missing { events } => {
                for event in events {
                    self.missing.entry(event).or_default().push(cause.clone());
                }
            }
        }
    }
}
