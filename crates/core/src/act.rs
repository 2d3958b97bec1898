//! The vocabulary: every act, its fields and its wire tag, in one table.
//!
//! An act says what its author wants recorded; whether the charter allows it is decided in [`crate::decide`]. The words
//! `line`, `entry`, `at`, `by`, `act`, `event` as an answer's key, and `id` are reserved by the file formats; a test keeps
//! the payload's header words out of this table.

use crate::digest::{Digest, EventId};
use crate::effect::Effect;
use crate::field::{CharterText, Note, References, Text, records, words};
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

words! {
    /// What a key may sign.
    KeyPurpose {
        /// Every act.
        Signing = "signing",
        /// Only what concerns its owner's keys.
        Recovery = "recovery",
    }
}

words! {
    /// How the authority rules on a disputed key.
    Ruling {
        /// The offered key is the person's.
        Uphold = "uphold",
        /// It is not.
        Dismiss = "dismiss",
    }
}

words! {
    /// Whether a name may stand in public lists.
    Listing {
        /// It may.
        Given = "given",
        /// It may no longer.
        Withdrawn = "withdrawn",
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
    /// Carries one part of a charter's text: of the first one while a ledger is being founded, later of an amended one.
    CharterPart = "charter-part" {
        /// Digest of the whole text, for an amended charter.
        draft: Option<Digest>,
        /// Position of the part, counted from 0.
        part: u64,
        /// The text.
        text: CharterText,
    }
    /// Confirms the founding as one of the authority's persons.
    Confirm = "confirm" {}
    /// Enrols the author with the key that signs this act; the handle is the author.
    Enrol = "enrol" {
        /// A name to show; it stays in the log for good, what may have to go is a `profile`.
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
        /// The resolution that recommends it, where the charter asks for one.
        basis: Option<EventId>,
        /// Digest of an agreement.
        agreement: Option<Digest>,
        /// When the term ends.
        until: Option<Timestamp>,
        /// Where a capability can be checked.
        evidence: Option<Vec<Text>>,
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
        /// What the author attests of the nominee, each as `criterion: note`.
        attests: Option<Vec<Note>>,
    }
    /// Applies for a role.
    Apply = "apply" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// The applicant: the author, or an organisation that the author represents.
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
        /// Motions that exclude this one: of all these, the first to pass stands.
        conflicts: Option<Vec<EventId>>,
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
    /// Replaces the charter in force, as a passed motion says.
    Amend = "amend" {
        /// The passed motion.
        basis: EventId,
    }
    /// Ends the author's own tenure, or that of an organisation which the author represents.
    Resign = "resign" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// When it ends; by default and at the earliest when the act is accepted.
        effective: Option<Timestamp>,
        /// The organisation, where it is not the author who holds the role.
        person: Option<Handle>,
    }
    /// Suspends a tenure, as the authority, without ending it.
    Suspend = "suspend" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Who holds it.
        person: Handle,
        /// Why.
        reason: Text,
    }
    /// Ends the suspension of a tenure, as the authority.
    Resume = "resume" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Who holds it.
        person: Handle,
    }
    /// Makes an organisation known; its author represents it.
    Organisation = "organisation" {
        /// The organisation's handle.
        organisation: Handle,
        /// Its name.
        name: Text,
    }
    /// Names another representative, as one who represents the organisation.
    Represent = "represent" {
        /// The organisation.
        organisation: Handle,
        /// The new representative.
        person: Handle,
        /// When the mandate ends.
        until: Option<Timestamp>,
    }
    /// Ends a mandate, as a representative; one's own too.
    Recall = "recall" {
        /// The organisation.
        organisation: Handle,
        /// Whose mandate ends.
        person: Handle,
    }
    /// Records a contribution that a forge shows as merged.
    Contribution = "contribution" {
        /// The project.
        unit: UnitId,
        /// Who wrote it: the person to whom the account belonged when it was merged.
        person: Handle,
        /// The forge.
        forge: Name,
        /// The repository, as the forge names it.
        repository: Text,
        /// The number of the pull request.
        number: u64,
        /// When it was merged.
        merged: Timestamp,
        /// The author's account on the forge: its number.
        account: Option<u64>,
        /// Digest of what the forge showed.
        digest: Option<Digest>,
    }
    /// Attests something of a contribution or an application.
    Attest = "attest" {
        /// The contribution or application.
        event: EventId,
        /// What is attested.
        criterion: Name,
        /// In which respect.
        note: Text,
    }
    /// Puts something on record that happened, as its author saw it; it changes no role.
    Record = "record" {
        /// The unit it concerns.
        unit: UnitId,
        /// The kind of record, as the charter names it.
        kind: Name,
        /// The event it is about.
        event: Option<EventId>,
        /// The person or organisation it is about.
        person: Option<Handle>,
        /// What happened.
        statement: Option<Text>,
        /// Facts, each as `name: value`.
        facts: Option<Vec<Note>>,
        /// Where it can be checked.
        links: Option<Vec<Text>>,
        /// Digest of a document.
        digest: Option<Digest>,
    }
    /// Records that a meeting's notice reached the mailing list; the later of this and its acceptance governs.
    Deliver = "deliver" {
        /// The meeting.
        meeting: EventId,
        /// Where the list's archive shows it.
        archive: Text,
        /// When the archive received it.
        time: Timestamp,
    }
    /// Records a ballot that a member spoke; it counts only once the member signs it.
    Spoken = "spoken" {
        /// The opening of the vote.
        vote: EventId,
        /// Who spoke.
        person: Handle,
        /// The choice.
        choice: Choice,
    }
    /// Consents to public listing in a role, or takes the consent back.
    Consent = "consent" {
        /// The unit.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Given or withdrawn.
        listing: Listing,
    }
    /// Claims a benefit of a role, once.
    Claim = "claim" {
        /// The unit.
        unit: UnitId,
        /// The benefit, as the charter names it.
        benefit: Name,
    }
    /// Records that a claimed benefit was handed over.
    Fulfil = "fulfil" {
        /// The claim.
        event: EventId,
        /// How.
        note: Option<Text>,
    }
    /// Enrols people as the authority, each with the key that is said to be theirs.
    EnrolPeople = "enrol-people" {
        /// Their handles.
        people: Vec<Handle>,
        /// Their keys, in the same order.
        keys: Vec<PublicKey>,
        /// Names to show, in the same order; empty where there is none.
        names: Option<Vec<Text>>,
    }
    /// Offers the key that signs this event as one more key of its author, or in place of others.
    OfferKey = "offer-key" {
        /// What its owner calls it.
        label: Option<Text>,
        /// What it is to sign; every act, unless stated.
        purpose: Option<KeyPurpose>,
        /// Keys of the author that it replaces.
        retires: Option<Vec<PublicKey>>,
    }
    /// Binds an offered key: at once by another key of the person, else after the authority's waiting period.
    BindKey = "bind-key" {
        /// The offer.
        event: EventId,
    }
    /// Revokes one of the author's keys from now on; what it signed before stays, marked where it is in doubt.
    RevokeKey = "revoke-key" {
        /// The key.
        public_key: PublicKey,
        /// Why.
        reason: Text,
        /// Since when somebody else may have signed with it.
        since: Option<Timestamp>,
    }
    /// Objects to an offered key as an older key of the person: declines it, disputes it, or takes its binding back.
    VetoKey = "veto-key" {
        /// The offer.
        event: EventId,
        /// Why.
        reason: Text,
    }
    /// Rules on a disputed key, as the authority.
    SettleKey = "settle-key" {
        /// The offer.
        event: EventId,
        /// How.
        ruling: Ruling,
    }
    /// Names who forms the authority from now on: it stands once the old and the new threshold have signed.
    ReplaceAuthority = "replace-authority" {
        /// The new authority's persons.
        authority: Vec<Handle>,
        /// How many of them make an act of the authority.
        threshold: u64,
    }
    /// Names the key that signs the log's heads from now on, as the authority.
    RotateLogKey = "rotate-log-key" {
        /// The new key.
        log_key: PublicKey,
        /// Number of entries of the last head that is recognised, where the old operator does not hand over: whatever the
        /// old log holds above it is void.
        after: Option<u64>,
    }
    /// Names the witnesses whose times the log goes by, as the authority.
    NameWitnesses = "name-witnesses" {
        /// The policy: witnesses, and how many of them make a quorum (C2SP tlog-policy); `quorum none` ends it.
        policy: Text,
    }
    /// Enters a head of this log that witnesses have cosigned: what it covers was there by then.
    Anchor = "anchor" {
        /// The checkpoint, with its signature lines.
        checkpoint: Text,
    }
    /// Claims an account on a forge, or says that the login of one's own has changed.
    ClaimAccount = "claim-account" {
        /// The forge.
        forge: Name,
        /// The account's number, which the forge never changes.
        account: u64,
        /// The login that the forge shows now; a label.
        login: Text,
        /// Where the forge shows the signed statement.
        page: Option<Text>,
    }
    /// Confirms that the forge shows the signed statement of whoever claims an account.
    VerifyAccount = "verify-account" {
        /// The claim.
        event: EventId,
        /// Digest of what the forge showed.
        digest: Option<Digest>,
    }
    /// Gives an account up.
    ReleaseAccount = "release-account" {
        /// The forge.
        forge: Name,
        /// The account's number.
        account: u64,
    }
    /// Names the attachment that holds what the author wants known of themself, and can have erased.
    Profile = "profile" {
        /// Digest of the attachment.
        digest: Digest,
    }
    /// Records that an attachment was erased: its digest stays in the log, its content is gone.
    Erase = "erase" {
        /// Digest of the attachment.
        digest: Digest,
        /// Why.
        reason: Text,
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

impl Act {
    /// Tells whether the key that signs it is the one that it brings: nobody need have known it before.
    #[must_use]
    pub const fn brings_key(&self) -> bool {
        matches!(self, Self::Enrol(_) | Self::OfferKey(_))
    }

    /// Digests by which the act names what stands beside the log.
    #[must_use]
    pub fn attachments(&self) -> Vec<Digest> {
        let one = if let Self::Profile(act) = self {
            Some(act.digest)
        } else if let Self::Record(act) = self {
            act.digest
        } else if let Self::Contribution(act) = self {
            act.digest
        } else if let Self::VerifyAccount(act) = self {
            act.digest
        } else if let Self::Appoint(act) = self {
            act.agreement
        } else if let Self::Move(act) = self
            && let Effect::Resolve(effect) = &act.effect
        {
            effect.document
        } else {
            None
        };
        one.into_iter().collect()
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
                      adjourn move open-vote vote retract close-vote grant end answer reconstitute amend \
                      resign suspend resume organisation represent recall contribution attest record deliver spoken \
                      consent claim fulfil enrol-people offer-key bind-key revoke-key veto-key settle-key replace-authority rotate-log-key name-witnesses anchor \
                      claim-account \
                      verify-account release-account profile erase import";
        assert_eq!(tags.join(" "), frozen);
        let effects: Vec<_> = Effect::SPECS.iter().map(|spec| spec.name).collect();
        assert_eq!(
            effects.join(" "),
            "resolve grant end found-unit dissolve-unit merge-units constitute address-authority \
             reconstitute-authority recommend one-human amend"
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
