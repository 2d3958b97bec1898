//! What an accepted event changes: the closed list that `decide` writes and `apply` carries out.

use std::sync::Arc;

use super::accounts::AccountChange;
use super::attachments::AttachmentChange;
use super::authority::ProposalChange;
use super::keys::KeyChange;
use super::meetings::MeetingChange;
use super::motions::MotionChange;
use super::people::PeopleChange;
use super::records::RecordChange;
use super::roster::RosterChange;
use super::witnessing::WitnessingChange;
use super::{Authority, Founding};
use crate::charter::Charter;
use crate::digest::{Digest, EventId};
use crate::key::PublicKey;
use crate::name::Handle;

/// One change of the state.
#[derive(Clone, Debug)]
pub enum Change {
    /// The ledger is founded, and not yet confirmed.
    Founded {
        /// What the founding fixes.
        founding: Box<Founding>,
        /// The authority.
        authority: Authority,
    },
    /// A part of the charter arrived.
    PartReceived {
        /// Its text.
        text: String,
    },
    /// The author confirmed the founding.
    Confirmed,
    /// The founding is complete and the charter in force.
    CharterStands {
        /// The charter.
        charter: Arc<Charter>,
    },
    /// A part of an amended charter arrived.
    DraftPartReceived {
        /// Digest of the whole text.
        draft: Digest,
        /// The part's text.
        text: String,
    },
    /// Another key signs the log's heads.
    LogKeyRotated {
        /// The new key.
        key: PublicKey,
        /// The event that proposed it.
        proposal: EventId,
        /// Number of entries of the last recognised head, where the old operator did not hand over.
        after: Option<u64>,
    },
    /// A resolution replaced the authority.
    AuthorityReplaced {
        /// The new authority.
        authority: Authority,
    },
    /// The entry concerns a person who is not its author.
    Concerns {
        /// The person.
        person: Handle,
    },
    /// A change of persons and organisations.
    People(PeopleChange),
    /// A change of keys.
    Keys(Box<KeyChange>),
    /// A change of accounts.
    Accounts(AccountChange),
    /// A change of attachments.
    Attachments(AttachmentChange),
    /// A change of units and tenures.
    Roster(RosterChange),
    /// A change of proposals, petitions and nominations.
    Proposals(ProposalChange),
    /// A change of meetings.
    Meetings(Box<MeetingChange>),
    /// A change of motions and votes.
    Motions(Box<MotionChange>),
    /// A change of records.
    Records(Box<RecordChange>),
    /// A change of what others have seen of the log.
    Witnessing(WitnessingChange),
}

impl From<WitnessingChange> for Change {
    fn from(change: WitnessingChange) -> Self {
        Self::Witnessing(change)
    }
}

impl From<PeopleChange> for Change {
    fn from(change: PeopleChange) -> Self {
        Self::People(change)
    }
}

impl From<AccountChange> for Change {
    fn from(change: AccountChange) -> Self {
        Self::Accounts(change)
    }
}

impl From<AttachmentChange> for Change {
    fn from(change: AttachmentChange) -> Self {
        Self::Attachments(change)
    }
}

impl From<KeyChange> for Change {
    fn from(change: KeyChange) -> Self {
        Self::Keys(Box::new(change))
    }
}

impl From<RosterChange> for Change {
    fn from(change: RosterChange) -> Self {
        Self::Roster(change)
    }
}

impl From<ProposalChange> for Change {
    fn from(change: ProposalChange) -> Self {
        Self::Proposals(change)
    }
}

impl From<MeetingChange> for Change {
    fn from(change: MeetingChange) -> Self {
        Self::Meetings(Box::new(change))
    }
}

impl From<RecordChange> for Change {
    fn from(change: RecordChange) -> Self {
        Self::Records(Box::new(change))
    }
}

impl From<MotionChange> for Change {
    fn from(change: MotionChange) -> Self {
        Self::Motions(Box::new(change))
    }
}
