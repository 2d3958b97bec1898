//! The vocabulary: every act, its fields and its wire tag, in one table.
//!
//! An act says what its author wants recorded; whether the charter allows it is decided in [`crate::decide`]. The words
//! `line`, `entry`, `at`, `by`, `act`, `event` as an answer's key, and `id` are reserved by the file formats; a test keeps
//! the payload's header words out of this table.

use crate::digest::{Digest, EventId};
use crate::effect::Effect;
use crate::field::{CharterText, References, Text, records, words};
use crate::key::PublicKey;
use crate::name::{Handle, Name, UnitId};
use crate::time::Timestamp;

words! {
    /// Where a ledger takes its time from.
    Clock {
        /// The sequencer's clock.
        Wall = "wall",
        /// The input: a rehearsal ledger.
        Declared = "declared",
    }
}

words! {
    /// The kind of a meeting.
    MeetingKind {
        /// A regular meeting.
        Regular = "regular",
        /// An extraordinary meeting.
        Extraordinary = "extraordinary",
    }
}

words! {
    /// A ballot's choice.
    Choice {
        /// Approve.
        For = "for",
        /// Oppose.
        Against = "against",
        /// Abstain.
        Abstain = "abstain",
    }
}

words! {
    /// The outcome of a vote.
    Outcome {
        /// Every threshold was met.
        Passed = "passed",
        /// At least one threshold was not met.
        Failed = "failed",
    }
}

words! {
    /// What an imported line reports.
    Change {
        /// A unit was created.
        Create = "create",
        /// A role was granted.
        Grant = "grant",
        /// A role was revoked.
        Revoke = "revoke",
        /// A unit was dissolved.
        Dissolve = "dissolve",
    }
}

records! {
    /// An act.
    enum Act unknown UnknownAct;

    /// Founds a ledger: enrols the authority's persons and fixes the charter, the log key and the clock.
    FoundLedger = "found" {
        /// The community's name.
        name: Text,
        /// The appointing authority's persons.
        authority: Vec<Handle>,
        /// Their keys, in the same order.
        keys: Vec<PublicKey>,
        /// How many of them make an act of the authority.
        threshold: u64,
        /// The charter's name.
        charter: Name,
        /// Digest of the charter's text.
        charter_digest: Digest,
        /// Bytes of the charter's text.
        charter_length: u64,
        /// The key that signs the log's heads.
        log_key: PublicKey,
        /// The origin line of the log's heads.
        origin: Text,
        /// Where entries take their time from.
        clock: Clock,
        /// Makes two foundings with the same fields different ledgers.
        nonce: Digest,
    }
    /// Carries one part of the charter's text while a ledger is being founded.
    CharterPart = "charter-part" {
        /// Position of the part, counted from 0.
        part: u64,
        /// The text.
        text: CharterText,
    }
    /// Confirms the founding as one of the authority's persons.
    Confirm = "confirm" {}
    /// Enrols the author with the key that signs this act; the handle is the author.
    Enrol = "enrol" {
        /// A name to show beside the handle.
        name: Option<Text>,
    }
    /// Appoints a person as the authority; it stands when enough of the authority's persons have signed.
    Appoint = "appoint" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Who is appointed.
        person: Handle,
    }
    /// Adds a signature to an act of the authority, or to a petition.
    Endorse = "endorse" {
        /// The act endorsed.
        event: EventId,
    }
    /// Declares a body able to act, as the authority.
    Constitute = "constitute" {
        /// The body.
        unit: UnitId,
        /// Members who have accepted their seats.
        members: Vec<Handle>,
        /// Every asserted holder of a seat who has not.
        left_out: Option<Vec<Handle>>,
        /// The resolution that declares it, where another body does so instead of the authority.
        basis: Option<EventId>,
    }
    /// Founds a unit.
    FoundUnit = "found-unit" {
        /// The unit's id.
        unit: UnitId,
        /// Its kind.
        kind: Name,
        /// The unit it belongs to.
        parent: Option<UnitId>,
        /// The resolution that entitles to it.
        basis: Option<EventId>,
    }
    /// Dissolves a unit and ends its remaining tenures.
    DissolveUnit = "dissolve-unit" {
        /// The unit.
        unit: UnitId,
        /// The resolution that entitles to it.
        basis: Option<EventId>,
    }
    /// Nominates a person for a role.
    Nominate = "nominate" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The nominee.
        person: Handle,
        /// Why.
        statement: Option<Text>,
        /// Where the reasons can be checked.
        evidence: Option<Vec<Text>>,
    }
    /// Applies for a role.
    Apply = "apply" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The applicant, who must be the author.
        person: Option<Handle>,
        /// Why.
        statement: Option<Text>,
        /// Where the reasons can be checked.
        evidence: Option<Vec<Text>>,
    }
    /// Accepts a nomination, or claims a tenure that an import asserted.
    Accept = "accept" {
        /// The nomination or import.
        event: EventId,
    }
    /// Withdraws one's own nomination, application, petition, motion or proposal.
    Withdraw = "withdraw" {
        /// What is withdrawn.
        event: EventId,
        /// Why.
        reason: Option<Text>,
    }
    /// Demands a meeting; it carries every field of a notice.
    Petition = "petition" {
        /// The body.
        unit: UnitId,
        /// The kind of meeting.
        kind: MeetingKind,
        /// When it starts.
        starts: Timestamp,
        /// Where.
        place: Option<Text>,
        /// In person, remote or both.
        mode: Option<Text>,
        /// What is on the agenda.
        agenda: Option<Vec<Text>>,
        /// What members can read beforehand.
        references: Option<References>,
    }
    /// Convenes a meeting.
    Notice = "notice" {
        /// The body.
        unit: UnitId,
        /// The kind of meeting.
        kind: MeetingKind,
        /// When it starts.
        starts: Timestamp,
        /// Where.
        place: Option<Text>,
        /// In person, remote or both.
        mode: Option<Text>,
        /// What is on the agenda.
        agenda: Option<Vec<Text>>,
        /// What members can read beforehand.
        references: Option<References>,
    }
    /// Waives the defects of a meeting's notice for its author.
    Waive = "waive" {
        /// The meeting.
        meeting: EventId,
    }
    /// Cancels a meeting before its start, or a vote before its first ballot.
    Cancel = "cancel" {
        /// What is cancelled.
        event: EventId,
        /// Why.
        reason: Text,
    }
    /// Puts an item on the agenda that the next notice annexes.
    Item = "item" {
        /// The body.
        unit: UnitId,
        /// The item.
        title: Text,
    }
    /// Opens a meeting.
    Open = "open" {
        /// The meeting.
        meeting: EventId,
    }
    /// Names who presides over a sitting that its chair did not open.
    Preside = "preside" {
        /// The meeting.
        meeting: EventId,
        /// Who presides.
        person: Handle,
    }
    /// Records that the author is present.
    CheckIn = "check-in" {
        /// The meeting.
        meeting: EventId,
        /// The author's check-out that this follows.
        replaces: Option<EventId>,
    }
    /// Records that the author has left.
    CheckOut = "check-out" {
        /// The meeting.
        meeting: EventId,
        /// The author's check-in that this ends.
        replaces: Option<EventId>,
    }
    /// Records why the author cannot attend; the absence still counts.
    Excuse = "excuse" {
        /// The meeting.
        meeting: EventId,
        /// Why.
        reason: Text,
    }
    /// Records the presider's doubt about a presence; it changes nothing.
    Dispute = "dispute" {
        /// The meeting.
        meeting: EventId,
        /// Whose presence is in doubt.
        person: Handle,
        /// Why.
        reason: Text,
    }
    /// Ends a meeting.
    Adjourn = "adjourn" {
        /// The meeting.
        meeting: EventId,
    }
    /// Puts a motion.
    Move = "move" {
        /// The meeting in which it is put.
        meeting: Option<EventId>,
        /// The body that is to decide.
        unit: UnitId,
        /// Its title, as on the agenda.
        title: Text,
        /// What it would do.
        effect: Effect,
    }
    /// Opens the vote on a motion and pins its electorate.
    OpenVote = "open-vote" {
        /// The motion.
        motion: EventId,
        /// When the vote closes at the latest.
        closes: Option<Timestamp>,
    }
    /// Casts a ballot.
    Vote = "vote" {
        /// The opening of the vote.
        vote: EventId,
        /// The choice.
        choice: Choice,
        /// The author's ballot or retraction that this replaces.
        replaces: Option<EventId>,
    }
    /// Retracts one's own ballot.
    Retract = "retract" {
        /// The ballot.
        event: EventId,
    }
    /// Records the outcome of a vote that has closed.
    CloseVote = "close-vote" {
        /// The opening of the vote.
        vote: EventId,
        /// The outcome; it must be the one computed.
        outcome: Option<Outcome>,
    }
    /// Records a role that a basis entitles to.
    Grant = "grant" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Who is entitled.
        person: Handle,
        /// What entitles: a passed motion.
        basis: EventId,
    }
    /// Records the end of a role that a basis ends, or ends it as the authority.
    End = "end" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Whose role ends.
        person: Handle,
        /// What ends it: a passed motion. Only the authority may end a role without one, where its charter says so.
        basis: Option<EventId>,
    }
    /// Answers, as the authority, a resolution that was addressed to it.
    Answer = "answer" {
        /// The motion that addressed it.
        motion: EventId,
        /// What it answers.
        statement: Text,
    }
    /// Records that a resolution has replaced the appointing authority.
    Reconstitute = "reconstitute" {
        /// The passed motion.
        basis: EventId,
    }
    /// Ends the author's own tenure.
    Resign = "resign" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// When it ends; by default and at the earliest when the act is accepted.
        effective: Option<Timestamp>,
    }
    /// Records a role change of the past, as the authority found it in a source.
    Import = "import" {
        /// What changed.
        change: Change,
        /// The unit.
        body: UnitId,
        /// The person, for a grant or revocation.
        person: Option<Handle>,
        /// The role, for a grant or revocation.
        role: Option<Name>,
        /// When it changed, by the source.
        time: Timestamp,
        /// The source's commit.
        commit: Option<Text>,
        /// The source's change number.
        pr: Option<u64>,
        /// Every other field of the source line, as JSON text.
        evidence: Option<Text>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wire tags are frozen: renaming or dropping one is a new format version.
    #[test]
    fn the_table_of_tags_is_frozen() {
        let tags: Vec<_> = Act::SPECS.iter().map(|spec| spec.name).collect();
        let frozen = "found charter-part confirm enrol appoint endorse constitute found-unit dissolve-unit nominate apply \
                      accept withdraw petition notice waive cancel item open preside check-in check-out excuse dispute \
                      adjourn move open-vote vote retract close-vote grant end answer reconstitute \
                      resign import";
        assert_eq!(tags.join(" "), frozen);
        let effects: Vec<_> = Effect::SPECS.iter().map(|spec| spec.name).collect();
        assert_eq!(
            effects.join(" "),
            "resolve grant end found-unit dissolve-unit merge-units constitute address-authority reconstitute-authority"
        );
    }

    #[test]
    fn no_field_takes_a_reserved_word() {
        for spec in Act::SPECS {
            for field in spec.fields {
                let header = crate::event::HEADER_KEYS.contains(&field.name);
                let reserved = ["line", "entry", "at", "by", "act", "id"].contains(&field.name);
                assert!(!header && !reserved, "{} {}", spec.name, field.name);
            }
        }
    }
}
