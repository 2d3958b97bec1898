//! Refusals: the charter, or the format, says no. Each names its rule, carries the facts, and has a stable code.
//!
//! A refusal is an answer, not a failure: the bytes were understood and judged, and nothing was changed.

use std::fmt;

use crate::charter::Clause;

/// A fact that a refusal rests on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// A number.
    Count(u64),
    /// A number that may be negative.
    Signed(i64),
    /// A name, time or text.
    Text(String),
}

impl From<&u64> for Fact {
    fn from(number: &u64) -> Self {
        Self::Count(*number)
    }
}

impl From<&i64> for Fact {
    fn from(number: &i64) -> Self {
        Self::Signed(*number)
    }
}

impl From<&String> for Fact {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

/// An act was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The clause of the charter, or the rule of the format, that says no.
    pub rule: Clause,
    /// Why, with the facts.
    pub reason: Box<Reason>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.reason, self.rule, self.reason.code())
    }
}

impl std::error::Error for Refusal {}

impl Reason {
    /// The refusal of this reason under a rule.
    #[must_use]
    pub fn under(self, rule: &Clause) -> Refusal {
        Refusal { rule: rule.clone(), reason: Box::new(self) }
    }

    /// The refusal of this reason under a rule of the format.
    #[must_use]
    pub fn by_format(self, rule: &str) -> Refusal {
        Refusal { rule: Clause::new(&format!("format/{rule}")), reason: Box::new(self) }
    }
}

macro_rules! reasons {
    ($( $Name:ident = $code:literal { $($field:ident: $ty:ty),* } $message:literal, $hint:literal; )*) => {
        /// Why an act was refused.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[expect(missing_docs, reason = "each variant's message states it, and its fields are the facts of the message")]
        pub enum Reason {
            $( #[error($message)] $Name { $($field: $ty),* }, )*
        }

        impl Reason {
            /// Every code with what to do about it, for documents.
            pub const CODES: &'static [(&'static str, &'static str, &'static str)] = &[$( ($code, $message, $hint), )*];

            /// The stable code.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $( Self::$Name { .. } => $code, )* }
            }

            /// What to do next, often a command; empty where there is nothing to do.
            #[must_use]
            pub const fn hint(&self) -> &'static str {
                match self { $( Self::$Name { .. } => $hint, )* }
            }

            /// The facts, by name.
            #[must_use]
            pub fn facts(&self) -> Vec<(&'static str, Fact)> {
                match self { $( Self::$Name { $($field),* } => vec![$( (stringify!($field), Fact::from($field)), )*], )* }
            }
        }
    };
}

reasons! {
    NotFounded = "not-founded" { act: String } "the log is empty and only `found` can begin it, got: `{act}`", "rollcall init --help";
    AlreadyFounded = "already-founded" { ledger: String } "the ledger is founded already: {ledger}", "rollcall status";
    FoundingOpen = "founding-open" { confirmed: u64, threshold: u64 } "the founding is confirmed by {confirmed} of {threshold} persons; until then only `confirm` and `charter-part` are admitted", "rollcall confirm";
    FoundingInvalid = "founding-invalid" { what: String } "the founding cannot stand: {what}", "rollcall init --help";
    CharterPartOrder = "charter-part-order" { expected: u64, got: u64 } "the next part of the charter is {expected}, got: {got}", "";
    CharterDiffers = "charter-differs" { expected: String, got: String } "the charter's text has the digest {got}, the founding names: {expected}", "rollcall charter --help";
    CharterInvalid = "charter-invalid" { error: String } "the charter's text is not a charter: {error}", "rollcall charter --help";
    AlreadyConfirmed = "already-confirmed" { person: String } "`{person}` has confirmed the founding already", "rollcall status";
    NotAuthority = "not-authority" { person: String } "`{person}` is not a person of the appointing authority", "rollcall status";
    ForeignLedger = "foreign-ledger" { expected: String, got: String } "the event belongs to another ledger: {got}, this one is: {expected}", "rollcall draft --help";
    TimeWentBack = "time-went-back" { last: String, at: String } "the acceptance time {at} lies before that of the previous entry: {last}", "";
    ClaimedAhead = "claimed-ahead" { claimed: String, at: String, tolerance_ms: u64 } "the claimed time {claimed} is ahead of the acceptance time {at} by more than {tolerance_ms} ms", "check the clock of the machine that signed";
    Lapsed = "lapsed" { not_after: String, at: String } "the event was valid until {not_after}, it is now: {at}", "rollcall draft --help";
    LivesTooLong = "lives-too-long" { claimed: String, not_after: String, limit_ms: u64 } "an event is void at most {limit_ms} ms after it was made and never before: it claims {claimed}, and would stay valid until {not_after}", "rollcall draft --help";
    SeenBeyond = "seen-beyond-log" { seen: u64, size: u64 } "the event has seen {seen} entries, the log has only: {size}", "sign a draft made against this ledger: rollcall draft --help";
    SeenRootDiffers = "seen-root-differs" { size: u64, expected: String, got: String } "the event has seen another log: at size {size} its root is {got}, here it is: {expected}", "rollcall audit";
    UnknownEvent = "unknown-event" { event: String } "no entry of this ledger carries the event: {event}", "rollcall log";
    ReferenceUnseen = "reference-unseen" { event: String, entry: u64, seen: u64 } "the event refers to {event} at entry {entry}, but its author had seen only {seen} entries", "rollcall draft --help";
    AlreadyThere = "already-there" { event: String, entry: u64 } "the event is in the log already, at entry: {entry}", "";
    SignedByAnother = "signed-by-another" { event: String, entry: u64, key: String } "the same act is in the log at entry {entry}, with another key than the one that signed this: {key}", "sign another draft, of an enrolment under another handle: rollcall draft --help";
    NotEnrolled = "not-enrolled" { person: String } "`{person}` is not enrolled", "rollcall enrol --help";
    KeyNotOfAuthor = "key-not-of-author" { by: String, key: String, owner: String } "the event says it is by `{by}`, but the key {key} that signed it belongs to: {owner}", "sign with the author's own key: rollcall key list";
    RehearsalKey = "rehearsal-key" { person: String } "the key of `{person}` is the published rehearsal key; a ledger on a real clock refuses it", "rollcall key new --help";
    HandleTaken = "handle-taken" { person: String } "the handle is taken and handles are never reused: `{person}`", "choose another handle";
    KeyEnded = "key-ended" { by: String, key: String, how: String, ended: String } "the key {key} of `{by}` was {how} at: {ended}", "sign with a key that is good: rollcall key list";
    KeyRevoked = "key-revoked" { person: String } "`{person}` has revoked the key; it is never good again", "rollcall key new --help";
    RecoveryOnly = "recovery-only" { by: String, act: String } "the key is a recovery key of `{by}` and signs only what concerns keys, not: `{act}`", "rollcall key list";
    KeyTooYoung = "key-too-young" { key: String, bound: String, from: String } "the key {key} was bound at {bound} and may end another key from: {from}", "";
    RecoveryOutranks = "recovery-outranks" { key: String } "a signing key ends no recovery key, the recovery key itself does: {key}", "rollcall key list";
    KeyOffered = "key-offered" { offer: String } "the key is offered already: {offer}", "rollcall bind-key --help";
    KeyUnvouched = "key-unvouched" { person: String, threshold: u64 } "nobody who may has bound the key: an older key of `{person}`, or {threshold} persons of the authority who endorse the offer", "rollcall endorse --help";
    KeyWaits = "key-waits" { due: String, at: String } "the person's older keys may object until {due}, it is: {at}", "";
    KeyDisputed = "key-disputed" { offer: String, veto: String } "the offered key is in dispute since {veto}; a recovery key of the person or the authority ends that, offer: {offer}", "rollcall settle-key --help";
    KeySettled = "key-settled" { until: String, at: String } "an older key could take the binding back until {until}, it is: {at}", "rollcall revoke-key --help";
    KeyTaken = "key-taken" { person: String } "the key already belongs to: `{person}`", "rollcall key new --help";
    LookAlike = "look-alike" { person: String, like: String } "the handle `{person}` looks like: `{like}`", "choose another handle";

    UnknownUnit = "unknown-unit" { unit: String } "there is no unit: `{unit}`", "rollcall roster";
    UnitExists = "unit-exists" { unit: String } "the unit exists already: `{unit}`", "rollcall roster";
    UnknownKind = "unknown-kind" { kind: String } "the charter has no unit kind: `{kind}`", "rollcall charter";
    UnknownRole = "unknown-role" { unit: String, role: String } "the charter gives `{unit}` no role: `{role}`", "rollcall charter";
    NoPath = "no-path" { what: String } "the charter has no such way: {what}", "rollcall charter";
    AlreadyHeld = "already-held" { unit: String, role: String, person: String } "`{person}` already holds `{role}` in `{unit}`", "rollcall why --help";
    NotHeld = "not-held" { unit: String, role: String, person: String } "`{person}` does not hold `{role}` in `{unit}`", "rollcall roster";
    TenureOverlap = "tenure-overlap" { unit: String, role: String, person: String, time: String } "at {time} `{person}` held `{role}` in `{unit}`, or came to hold it later", "check the order of the source's lines";
    RoleChangeDue = "role-change-due" { unit: String, basis: String, effect: String, role: String, person: String } "`{unit}` cannot act until a role change that is due has been entered: {effect} `{role}` for `{person}`, basis {basis}", "enter it: rollcall grant --help, rollcall end --help";
    NotConstituted = "not-constituted" { unit: String } "`{unit}` cannot act before the authority has constituted it", "rollcall constitute --help";
    AlreadyConstituted = "already-constituted" { unit: String } "`{unit}` has been constituted already", "";
    TooFewMembers = "too-few-members" { unit: String, listed: u64, needed: u64 } "`{unit}` needs {needed} accepted members to be constituted, listed: {listed}", "rollcall appoint --help";
    NotInOffice = "not-in-office" { unit: String, role: String, person: String } "`{person}` does not hold `{role}` in `{unit}` now", "rollcall roster";
    LeftOutMissing = "left-out-missing" { unit: String, person: String } "`{person}` is an asserted holder in `{unit}` and is neither listed nor named under `left_out`", "rollcall roster";
    TimeUnfit = "time-unfit" { what: String, time: String, at: String } "{what}, got {time} at: {at}", "";

    AlreadyEndorsed = "already-endorsed" { event: String, person: String } "`{person}` has signed {event} already", "rollcall show --help";
    NotEndorsable = "not-endorsable" { event: String, why: String } "{event} cannot be endorsed: {why}", "rollcall show --help";
    NotNominator = "not-nominator" { person: String, unit: String, role: String } "`{person}` may not nominate: that needs `{role}` in `{unit}`", "rollcall roster";
    SelfNomination = "self-nomination" { person: String } "`{person}` may not nominate themself", "";
    DuplicateNomination = "duplicate-nomination" { event: String } "the nomination stands already: {event}", "";
    NotYours = "not-yours" { event: String, author: String, by: String } "{event} is by `{author}`, not by: `{by}`", "";
    NotOpenTo = "not-open-to" { act: String, event: String, why: String } "`{act}` does not apply to {event}: {why}", "rollcall show --help";

    NotConvener = "not-convener" { person: String, unit: String, role: String } "only the `{role}` of `{unit}` may do this, not: `{person}`", "rollcall petition --help";
    NotAMember = "not-a-member" { person: String, unit: String } "`{person}` is not a member in office of: `{unit}`", "rollcall roster";
    NoMeetings = "no-meetings" { unit: String } "the charter gives no meeting rules for: `{unit}`", "rollcall charter";
    PetitionIncomplete = "petition-incomplete" { missing: String } "a petition carries every field of a notice, missing: {missing}", "rollcall petition --help";
    PetitionLead = "petition-lead" { days: i64, needed: u64 } "the meeting demanded lies {days} days ahead, needed at least: {needed}", "rollcall petition --help";
    PetitionRegular = "petition-regular" { last: String, days: u64 } "a regular meeting opened at {last}, within the last {days} days; a petition may demand an extraordinary one", "rollcall petition --help";
    NotAMeeting = "not-a-meeting" { event: String } "the event is no meeting's notice: {event}", "rollcall meeting";
    NotConvened = "not-convened" { meeting: String, why: String } "the meeting {meeting} is not convened: {why}", "rollcall meeting";
    MeetingStarted = "meeting-started" { starts: String, at: String } "the meeting was to start at {starts}, it is: {at}", "";
    BeforeStart = "before-start" { starts: String, at: String } "the meeting starts at {starts}, it is: {at}", "come back at the noticed start";
    MeetingOver = "meeting-over" { ended: String, at: String } "the meeting ended at {ended}, it is: {at}", "rollcall notice --help";
    AlreadyOpen = "already-open" { meeting: String } "the meeting is open already: {meeting}", "rollcall meeting";
    GraceRunning = "grace-running" { until: String, at: String, role: String } "until {until} only the `{role}` may open the meeting, it is: {at}", "";
    TooFewPresent = "too-few-present" { present: u64, needed: u64 } "this needs {needed} members checked in, present: {present}", "rollcall check-in --help";
    NotOpen = "not-open" { meeting: String } "the meeting has not been opened: {meeting}", "rollcall open --help";
    HasPresider = "has-presider" { person: String } "the sitting has a presider: `{person}`", "";
    NotPresent = "not-present" { person: String, meeting: String } "`{person}` is not checked in to the meeting: {meeting}", "rollcall check-in --help";
    AlreadyPresent = "already-present" { person: String, meeting: String } "`{person}` is checked in already to the meeting: {meeting}", "";
    NotPresider = "not-presider" { person: String, presider: String } "`{person}` does not preside over the sitting, the presider is: {presider}", "";
    VoteRunning = "vote-running" { vote: String, closes: String } "a vote is open until {closes}: {vote}", "rollcall motion --help";
    MeetingNotPublic = "meeting-not-public" { unit: String, person: String } "the meetings of `{unit}` are for members, and `{person}` is none", "";
    AlreadyWaived = "already-waived" { person: String } "`{person}` has waived the notice already", "";
    ClockJumped = "clock-jumped" { last: String, at: String, limit_ms: u64 } "the log names witnesses, and what was last seen is of {last}: more than {limit_ms} ms before {at}; an anchor cosigned now comes first", "rollcall anchor --help";
    NotMissing = "not-missing" { event: String, entry: u64 } "the event said to be missing is entry {entry}, which its author had seen: {event}", "";
    PolicyInvalid = "policy-invalid" { error: String } "the text is no witness policy: {error}", "rollcall name-witnesses --help";
    NoWitnesses = "no-witnesses" {} "the log names no witnesses whose times could be entered", "rollcall name-witnesses --help";
    AnchorUnfit = "anchor-unfit" { what: String } "the checkpoint is no cosigned head of this log: {what}", "rollcall anchor --help";
    AnchorUnwitnessed = "anchor-unwitnessed" { cosigned: u64 } "too few of the log's witnesses have cosigned the checkpoint: {cosigned}", "rollcall anchor --help";
    AnchorContradicts = "anchor-contradicts" { entry: u64, accepted: String, witnessed: String, tolerance_ms: u64 } "entry {entry} says that it was accepted at {accepted}, and witnesses had seen it by {witnessed}; tolerance: {tolerance_ms} ms", "";
    AnchorAhead = "anchor-ahead" { witnessed: String, at: String, tolerance_ms: u64 } "witnesses cosigned at {witnessed}, and the log's clock says: {at}; tolerance: {tolerance_ms} ms", "check the clock of the machine that runs the log";
    LogKeyUsed = "log-key-used" { key: String } "the key is a key of the log already, a security key, or somebody's own: {key}", "rollcall log-key --help";
    NotAtOnce = "not-at-once" { after: u64, entry: u64 } "a key that takes over without the old operator is proposed as entry {after} by somebody who has seen {after} entries, and nothing but the authority's signatures follows; this would be entry: {entry}", "rollcall log-key --help";
    BrokenChain = "broken-chain" { tip: String, replaces: String } "the act must name what it replaces, which is {tip}, got: {replaces}", "rollcall motion --help";
    Equivocation = "equivocation" { replaces: String, by: String } "{replaces} has been replaced already by another act of the same author: {by}", "rollcall motion --help";

    NeedsMeeting = "needs-meeting" { unit: String } "a motion in `{unit}` is put in a meeting and names it", "rollcall move --help";
    EffectNotAllowed = "effect-not-allowed" { unit: String, effect: String } "`{unit}` may not decide this: {effect}", "rollcall charter";
    WrongVenue = "wrong-venue" { kind: String, needed: String } "this is decided in a {needed} meeting, the meeting is: {kind}", "rollcall notice --help";
    NoticeShort = "notice-short" { noticed: String, meets: String, days: i64, needed: u64, waived: u64, members: u64 } "noticed on {noticed} for {meets}, {days} days ahead, needed: {needed}; {waived} of {members} members have waived that", "rollcall waive --help";
    NoticeIncomplete = "notice-incomplete" { missing: String, waived: u64, members: u64 } "the notice does not state: {missing}; {waived} of {members} members have waived that", "rollcall waive --help";
    NotListed = "not-listed" { title: String } "the agenda does not list the motion: `{title}`", "rollcall item --help";
    PersonNotNamed = "person-not-named" { item: String, person: String } "the agenda item does not name `{person}`: `{item}`", "rollcall item --help";
    StreakShort = "streak-short" { person: String, missed: u64, needed: u64 } "`{person}` missed {missed} consecutive meetings before the notice, needed: {needed}", "rollcall meeting";
    NoQuorum = "no-quorum" { present: u64, in_office: u64, needed: u64 } "{present} of {in_office} members are present, needed for a quorum: {needed}", "rollcall meeting";
    ElectorateTooLarge = "electorate-too-large" { members: u64, limit: u64 } "the electorate has {members} members, limit: {limit}", "";
    VoteOpened = "vote-opened" { vote: String } "the vote on this motion has been opened: {vote}", "rollcall motion --help";
    VoteDuration = "vote-duration" { closes: String, minutes_min: u64, minutes_max: u64 } "a vote stays open for {minutes_min} to {minutes_max} minutes, asked to close at: {closes}", "rollcall open-vote --help";
    OutsideElectorate = "outside-electorate" { person: String, present: u64, in_office: u64 } "`{person}` is not among the {present} members present, of {in_office} in office, whom the vote's opening pinned", "rollcall motion --help";
    VoteClosed = "vote-closed" { closed: String, at: String } "the vote closed at {closed}, it is: {at}", "rollcall motion --help";
    MustReplace = "must-replace" { ballot: String } "a ballot stands and a second one must name it under `replaces`: {ballot}", "rollcall vote --help";
    NothingToReplace = "nothing-to-replace" { replaces: String } "the author has nothing in this vote that could be replaced, got: {replaces}", "rollcall motion --help";
    BallotOutlives = "ballot-outlives-vote" { not_after: String, closes: String } "a ballot is valid until the close at the latest: it says {not_after}, the vote closes at: {closes}", "rollcall draft vote --help";
    BallotsMissing = "ballots-missing" { balloted: u64, present: u64, closes: String } "the vote is open until {closes}; before that it closes only when every pinned elector has balloted, so far {balloted} of {present}", "rollcall motion --help";
    OutcomeDiffers = "outcome-differs" { stated: String, computed: String, approvals: u64, present: u64, in_office: u64 } "the outcome is computed: {computed} with {approvals} approvals of {present} present and {in_office} in office, stated: {stated}", "rollcall motion --help";

    NotABasis = "not-a-basis" { basis: String } "the event entitles nobody to a role change: {basis}", "rollcall motion --help";
    BasisNotPassed = "basis-not-passed" { basis: String, why: String } "the motion does not entitle: {why}, basis: {basis}", "rollcall motion --help";
    BasisNotDue = "basis-not-due" { basis: String, effective: String } "the resolution takes effect when its meeting has ended, at the latest at {effective}, basis: {basis}", "rollcall adjourn --help";
    BasisUsed = "basis-used" { basis: String, event: String } "the basis has been applied already, by {event}: {basis}", "rollcall roster";
    BasisMoot = "basis-moot" { basis: String, why: String } "the basis entitles to nothing any more: {why}, basis: {basis}", "rollcall why --help";
    NotAccepted = "not-accepted" { person: String, nomination: String } "`{person}` has not accepted the nomination: {nomination}", "rollcall accept --help";
    BasisOther = "basis-other" { basis: String, entitles: String } "the basis entitles to something else: {entitles}, basis: {basis}", "rollcall motion --help";
    ContestLost = "contest-lost" { person: String, approvals: u64, best: u64 } "`{person}` was approved by {approvals}, another candidate of the same meeting by: {best}", "rollcall motion --help";
    ContestTied = "contest-tied" { approvals: u64 } "candidates of the same meeting are tied at {approvals} approvals; a run-off is needed", "rollcall move --help";

    NeedsNoMeeting = "needs-no-meeting" { unit: String } "`{unit}` decides this outside meetings: every member in office may vote", "rollcall move --help";
    NotACandidate = "not-a-candidate" { person: String, unit: String, role: String, ways: String } "`{person}` is no candidate for `{role}` in `{unit}`: {ways}", "rollcall nominate --help";
    NotOwnUnit = "not-own-unit" { unit: String, body: String } "`{unit}` does not belong to `{body}`", "rollcall roster";
    Superseded = "superseded" { motion: String, by: String } "the motion {motion} has been superseded by: {by}", "rollcall motion --help";
    NothingSuperseded = "nothing-superseded" { motion: String, why: String } "the ruling supersedes nothing: {why}, got: {motion}", "rollcall motion";
    CharterChanged = "charter-changed" { pinned: String, current: String } "the motion was put under the charter {pinned}, in force is: {current}; put it anew", "rollcall move --help";
    BaseDiffers = "base-differs" { base: String, current: String } "the amendment was made for the charter {base}, in force is: {current}", "rollcall charter";
    TextNotNoticed = "text-not-noticed" { digest: String } "neither agenda nor references of the notice name the text: {digest}", "rollcall notice --references DIGEST --help";
    DraftMissing = "draft-missing" { expected: String } "nobody has brought the whole text of the charter: {expected}", "rollcall charter submit FILE";
    Entrenched = "entrenched" { signed: u64, needed: u64 } "the amendment changes what is entrenched, and {signed} of the authority's persons have signed it, needed: {needed}", "rollcall endorse --help";
    OnlyOne = "only-one" { kind: String, of: String, unit: String } "`{of}` has a `{kind}` already: `{unit}`", "rollcall roster";

    VoteSuspended = "vote-suspended" { person: String, absences: u64 } "`{person}` has no vote after missing {absences} meetings in a row", "rollcall meeting";
    RequiresRole = "requires-role" { person: String, unit: String, role: String } "`{person}` does not hold `{role}` in `{unit}`, and this role is reached from it", "rollcall why --not --help";
    EvidenceShort = "evidence-short" { person: String, found: String, needed: String } "the attested contributions of `{person}` do not suffice: {found}; needed: {needed}", "rollcall contribution --help";
    NominationsShort = "nominations-short" { person: String, found: String } "the nominations of `{person}` that stand now do not suffice: {found}", "rollcall nominate --help";
    CriteriaMissing = "criteria-missing" { missing: String } "a nominator attests each criterion with a note, missing: {missing}", "rollcall nominate --attests 'CRITERION: NOTE' --help";
    NotVouched = "not-vouched" { event: String, criterion: String } "nobody entitled to has attested `{criterion}` of: {event}", "rollcall attest --help";
    StatementMissing = "statement-missing" { role: String } "an application for `{role}` states in words what it promises", "rollcall apply --statement TEXT --help";
    NotApplicant = "not-applicant" { person: String, seats: String } "`{person}` may not apply: that needs {seats}", "rollcall roster";
    NotSeated = "not-seated" { person: String, seats: String } "`{person}` may not do this; who may: {seats}", "rollcall roster";
    NotAnAccount = "not-an-account" { what: String } "{what}", "rollcall claim-account --help";
    AccountTaken = "account-taken" { account: String, person: String } "the account {account} belongs to: `{person}`", "rollcall account list";
    AccountHeld = "account-held" { person: String, account: String } "`{person}` has an account on this forge already: {account}", "rollcall release-account --help";
    AccountNotYours = "account-not-yours" { person: String, account: String } "the account {account} is not one of `{person}`", "rollcall account list";
    AccountMissing = "account-missing" { person: String } "`{person}` needs a forge account that somebody has confirmed", "rollcall account statement --help";
    ContributionKnown = "contribution-known" { event: String } "the contribution is on record already: {event}", "rollcall show --help";
    OwnWork = "own-work" { person: String } "`{person}` may not attest their own work", "";
    UnknownRecord = "unknown-record" { kind: String, known: String } "the charter knows no record `{kind}` here, known: {known}", "rollcall charter";
    RecordIncomplete = "record-incomplete" { kind: String, missing: String } "a record of kind `{kind}` states more, missing: {missing}", "rollcall record --help";
    NotRepresentative = "not-representative" { person: String, organisation: String } "`{person}` does not represent `{organisation}`", "rollcall represent --help";
    PeopleOnly = "people-only" { role: String, person: String } "people hold `{role}`, and `{person}` is an organisation", "";
    OrganisationsOnly = "organisations-only" { role: String, person: String } "organisations hold `{role}`, and `{person}` is none", "rollcall organisation --help";
    AdmissionLacks = "admission-lacks" { role: String, missing: String } "an appointment as `{role}` needs more, missing: {missing}", "rollcall appoint --help";
    Suspended = "suspended" { unit: String, role: String, person: String } "the tenure of `{person}` as `{role}` in `{unit}` is suspended already", "rollcall resume --help";
    NotSuspended = "not-suspended" { unit: String, role: String, person: String } "the tenure of `{person}` as `{role}` in `{unit}` is not suspended", "";
    AlreadyClaimed = "already-claimed" { event: String } "the benefit is claimed once, and was: {event}", "";

    ImportFields = "import-fields" { what: String } "the imported line does not fit together: {what}", "rollcall import --help";
    AlreadyImported = "already-imported" { event: String } "the same line has been imported already: {event}", "";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_plain() {
        let mut codes: Vec<_> = Reason::CODES.iter().map(|(code, _, _)| *code).collect();
        codes.sort_unstable();
        let before = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), before);
        assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }
}
