//! A charter: the rules of a community as typed data. Compiled from a TOML document by [`draft`], never edited.
//!
//! The engine knows no body or role by name; every rule here carries the clause it comes from, and every refusal names
//! that clause. A unit kind or role called `*` stands for any that the charter does not name.

pub mod clauses;
pub mod roles;
pub mod decisions;
pub mod records;
pub mod draft;
pub mod lint;
mod check;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::clauses::{Clause, ClauseText};
pub use self::decisions::{Bar, Base, Counts, Decision, Subject, Venue, VoteRules};
pub use self::roles::Role;

use self::records::{Attestation, Benefit, RecordRule};
use self::roles::Seat;
use crate::digest::{CHARTER_CONTEXT, Digest, derive};
use crate::name::Name;
use crate::time::{Timestamp, Zone};

/// A charter that has passed every check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    name: Name,
    digest: Digest,
    zone: Zone,
    authority: AuthorityRules,
    accounts: Option<AccountRules>,
    kinds: BTreeMap<Name, UnitKind>,
    interpretations: Vec<Interpretation>,
    clauses: BTreeMap<Clause, ClauseText>,
}

/// What the appointing authority may do besides appointing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityRules {
    /// The clause that makes it the authority.
    pub clause: Clause,
    /// It may end roles.
    pub ends: Option<Clause>,
    /// It may import role changes of the past.
    pub imports: Option<Clause>,
    /// Days after which a body that addressed it in vain may replace it.
    pub unanswered_days: Option<u64>,
    /// Clauses that no amendment changes without its signatures.
    pub entrenched: Vec<Clause>,
}

/// Who confirms forge accounts, and where people need one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRules {
    /// Seats, each as `kind/role`, whose holders may confirm an account besides the authority.
    #[serde(default)]
    pub checked_by: Vec<Seat>,
    /// Kinds of units in which nominators, attesters and authors of contributions need an account.
    #[serde(default)]
    pub needed_in: Vec<Name>,
    /// The clause.
    pub clause: Clause,
}

/// A kind of unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitKind {
    /// The kind's name.
    pub name: Name,
    /// The clause that provides for it.
    pub clause: Clause,
    /// Exactly one unit of this kind exists, from the founding on, with the kind's name as its id.
    pub single: bool,
    /// The authority founds and dissolves units of this kind.
    pub founded_by_authority: Option<Clause>,
    /// The role whose holders are the members in office.
    pub electors: Option<Name>,
    /// The body acts only once it has been constituted with so many accepted members.
    pub constitute: Option<Counted>,
    /// It is constituted by another body's decision instead of by the authority.
    pub constituted_by_decision: bool,
    /// Its roles.
    pub roles: BTreeMap<Name, Role>,
    /// How it meets.
    pub meeting: Option<MeetingRules>,
    /// How votes are opened and closed.
    pub vote: Option<VoteRules>,
    /// How it decides, and what.
    pub decisions: Vec<Decision>,
    /// Each belongs to one unit of another kind, which has no second one.
    pub one_per: Option<OnePer>,
    /// What is attested of contributions and applications.
    pub attestations: BTreeMap<Name, Attestation>,
    /// What is put on record.
    pub records: BTreeMap<Name, RecordRule>,
    /// What its roles are good for.
    pub benefits: BTreeMap<Name, Benefit>,
}

/// Each unit belongs to one of another kind, which has no second one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnePer {
    /// The other kind.
    pub kind: Name,
    /// The clause.
    pub clause: Clause,
}

/// A number with its clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The number.
    pub value: u64,
    /// The clause.
    pub clause: Clause,
}

/// How a body meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingRules {
    /// The role whose holder gives notice and presides.
    pub called_by: Name,
    /// The clause that says so.
    pub called_clause: Clause,
    /// Minutes after the noticed start before members may open without the convener; without it, they never may.
    pub grace_minutes: Option<Counted>,
    /// Civil days between notice and meeting.
    pub notice_days: Option<Counted>,
    /// The clause that lists what a notice must state.
    pub notice_fields: Option<Clause>,
    /// Non-members may check in as observers.
    pub public: Option<Clause>,
    /// How many members must be present.
    pub quorum: Option<Bar>,
    /// The clause by which presence is the member's own.
    pub presence: Clause,
    /// Days between regular meetings, shown when exceeded.
    pub cadence_days: Option<Counted>,
    /// How members demand a meeting.
    pub petition: Option<PetitionRules>,
    /// When a member who stays away loses the vote.
    pub suspension: Option<Suspension>,
}

/// When a member who stays away loses the vote, and when it comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// Consecutive meetings missed.
    pub absences: u64,
    /// Consecutive meetings attended after which the vote is back; it is back during the last of them.
    pub attendances: u64,
    /// The clause.
    pub clause: Clause,
}

impl MeetingRules {
    /// Civil days between notice and meeting, at least.
    #[must_use]
    pub fn days_needed(&self) -> u64 {
        self.notice_days.as_ref().map_or(0, |days| days.value)
    }

    /// The members who must be present of so many in office.
    #[must_use]
    pub fn quorum_of(&self, in_office: u64) -> u64 {
        let counts = Counts { in_office, ..Counts::default() };
        self.quorum.as_ref().map_or(1, |bar| bar.least(&counts))
    }

    /// The clause on the quorum.
    #[must_use]
    pub fn quorum_clause(&self) -> &Clause {
        self.quorum.as_ref().map_or(&self.called_clause, |bar| &bar.clause)
    }

    /// The clause on how long before a meeting its notice is given.
    #[must_use]
    pub fn notice_clause(&self) -> &Clause {
        self.notice_days.as_ref().map_or(&self.called_clause, |days| &days.clause)
    }

    /// The clause on what a notice states.
    #[must_use]
    pub fn fields_clause(&self) -> &Clause {
        self.notice_fields.as_ref().unwrap_or(&self.called_clause)
    }

    /// The clause on what members may do without the convener.
    #[must_use]
    pub fn grace_clause(&self) -> &Clause {
        self.grace_minutes.as_ref().map_or(&self.called_clause, |minutes| &minutes.clause)
    }

    /// When members may act without the convener, counted from an instant.
    #[must_use]
    pub fn grace_ends(&self, from: Timestamp) -> Option<Timestamp> {
        self.grace_minutes.as_ref().map(|minutes| from.plus_ms(minutes.value.saturating_mul(60_000)))
    }
}

/// How members demand a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PetitionRules {
    /// How many must sign.
    pub signed_by: Bar,
    /// Days between the petition and the meeting it demands, at least.
    pub lead_days: u64,
    /// Days after which an unanswered petition is itself the notice.
    pub answer_days: u64,
}

/// A reading that the charter takes where its text is silent or ambiguous.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpretation {
    /// Its identifier.
    pub id: String,
    /// The clause it reads.
    pub clause: Clause,
    /// The question.
    pub question: String,
    /// The reading in force.
    pub reading: String,
    /// Other readings.
    pub others: Vec<String>,
    /// The charter has no rule here, on purpose.
    pub absent: bool,
    /// The first other reading, as edits of the charter's text that would take it.
    pub instead: Vec<Edit>,
}

/// One edit of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// What is replaced, wherever it stands.
    pub find: String,
    /// What stands there instead.
    pub put: String,
}

impl Interpretation {
    /// The charter's text under the first other reading, where the charter says how that would be written.
    #[must_use]
    pub fn variant(&self, text: &str) -> Option<String> {
        let edited = self.instead.iter().fold(text.to_owned(), |text, edit| text.replace(&edit.find, &edit.put));
        (!self.instead.is_empty() && edited != text).then_some(edited)
    }
}

/// Wire tags of the effects that change who decides: the charter, the authority, a role.
const AMEND: &str = "amend";
const RECONSTITUTE: &str = "reconstitute-authority";
const GRANT: &str = "grant";

impl Charter {
    /// The digest of a charter's text.
    #[must_use]
    pub fn digest_of(text: &str) -> Digest {
        Digest::from_bytes(derive(CHARTER_CONTEXT, text.as_bytes()))
    }

    /// The text of a charter that ships with Rollcall.
    #[must_use]
    pub fn preset(name: &str) -> Option<&'static str> {
        match name {
            "greatsql" => Some(include_str!("../charters/greatsql.toml")),
            "steward" => Some(include_str!("../charters/steward.toml")),
            "opengauss-tc" => Some(include_str!("../charters/opengauss-tc.toml")),
            "cncf-toc" => Some(include_str!("../charters/cncf-toc.toml")),
            "tikv" => Some(include_str!("../charters/tikv.toml")),
            _ => None,
        }
    }

    /// The names of the charters that ship with Rollcall.
    pub const PRESETS: &'static [&'static str] = &["greatsql", "steward", "opengauss-tc", "cncf-toc", "tikv"];

    /// A charter that was compiled before, if it keeps every rule of one that is compiled now.
    pub(crate) fn checked(self) -> Option<Self> {
        check::check_names(&self).is_ok().then_some(self)
    }

    /// The charter's name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// The digest of its text.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Its time zone.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What the authority may do.
    #[must_use]
    pub const fn authority(&self) -> &AuthorityRules {
        &self.authority
    }

    /// What it says of forge accounts.
    #[must_use]
    pub const fn accounts(&self) -> Option<&AccountRules> {
        self.accounts.as_ref()
    }

    /// Every kind of unit it declares.
    pub fn kinds(&self) -> impl Iterator<Item = &UnitKind> {
        self.kinds.values()
    }

    /// The rules of a kind: its own, or those of `*`.
    #[must_use]
    pub fn kind(&self, name: &Name) -> Option<&UnitKind> {
        self.kinds.get(name).or_else(|| self.kinds.values().find(|kind| kind.name.as_str() == "*"))
    }

    /// The readings it takes.
    #[must_use]
    pub fn interpretations(&self) -> &[Interpretation] {
        &self.interpretations
    }

    /// Its clauses in words.
    #[must_use]
    pub const fn clauses(&self) -> &BTreeMap<Clause, ClauseText> {
        &self.clauses
    }

    /// What an amendment may change only with the authority's signatures, as text that differs when any of it does: what
    /// the authority may do and whom it appoints, by which rule the charter is amended, and the entrenched clauses' words
    /// and readings.
    #[must_use]
    pub fn entrenched(&self) -> String {
        if self.authority.entrenched.is_empty() {
            return String::new();
        }
        let clauses: Vec<_> = self.authority.entrenched.iter().map(|id| (id, self.clauses.get(id))).collect();
        let readings: Vec<_> =
            self.interpretations.iter().filter(|r| self.authority.entrenched.contains(&r.clause)).collect();
        // What TOC-13 and its like reserve to the authority: the roles it appoints to, in whole, the kinds they belong to,
        // and every rule by which such a role, the authority or the charter itself could be changed.
        let appointed = |kind: &UnitKind, role: &Role| {
            role.appointed.is_some()
                || role.implies.as_ref().and_then(|base| kind.role(base)).is_some_and(|base| base.appointed.is_some())
        };
        let reserved = |kind: &UnitKind| kind.roles.values().any(|role| appointed(kind, role));
        let touches = |decision: &Decision| {
            decision.decides.iter().any(|subject| {
                let target = subject.kind.as_ref().and_then(|kind| self.kinds.get(kind));
                let named = subject.role.iter().chain(subject.seeds.iter().flat_map(|seeds| &seeds.roles));
                let opens = target.is_some_and(|kind| {
                    named.into_iter().any(|name| match kind.roles.get(name) {
                        Some(role) => appointed(kind, role),
                        None => reserved(kind),
                    })
                });
                let grants = opens && (subject.effect == GRANT || subject.seeds.is_some());
                grants || matches!(subject.effect.as_str(), AMEND | RECONSTITUTE)
            })
        };
        let kinds: Vec<_> = self
            .kinds()
            .filter(|kind| reserved(kind) || kind.decisions.iter().any(touches))
            .map(|kind| {
                let roles: Vec<_> = kind.roles.iter().filter(|(_, role)| appointed(kind, role)).collect();
                let rules: Vec<_> = kind.decisions.iter().filter(|decision| touches(decision)).collect();
                (&kind.name, &kind.electors, &kind.constitute, &kind.meeting, &kind.vote, roles, rules)
            })
            .collect();
        format!("{:?} {clauses:?} {readings:?} {kinds:?}", self.authority)
    }

    /// Civil days from one instant to another in its zone.
    #[must_use]
    pub fn days_between(&self, earlier: Timestamp, later: Timestamp) -> i64 {
        self.zone.date(later).days_since(self.zone.date(earlier))
    }
}

impl UnitKind {
    /// The rules of a role: its own, or those of `*`.
    #[must_use]
    pub fn role(&self, name: &Name) -> Option<&Role> {
        self.roles.get(name).or_else(|| self.roles.iter().find(|(key, _)| key.as_str() == "*").map(|(_, role)| role))
    }

    /// The benefits of a role: those that name it, and those of the roles that it includes.
    pub fn benefits_of<'a>(&'a self, role: &'a Name) -> impl Iterator<Item = (&'a Name, &'a Benefit)> {
        let included = self.included(role);
        self.benefits.iter().filter(move |(_, benefit)| {
            benefit.roles.is_empty() || benefit.roles.iter().any(|named| included.contains(&named))
        })
    }

    /// A role with every role whose benefits it includes.
    #[must_use]
    pub fn included<'a>(&'a self, role: &'a Name) -> Vec<&'a Name> {
        let mut all = vec![role];
        let mut next = role;
        while let Some(included) = self.role(next).and_then(|rules| rules.includes.as_ref()) {
            if all.contains(&included) {
                break;
            }
            all.push(included);
            next = included;
        }
        all
    }

    /// Kinds of units that this kind's decisions constitute.
    pub fn constitutes(&self) -> impl Iterator<Item = &Name> {
        let subjects = self.decisions.iter().flat_map(|decision| &decision.decides);
        subjects.filter(|subject| subject.effect == "constitute").filter_map(|subject| subject.kind.as_ref())
    }

    /// Roles that end when `name` ends, because they imply it.
    pub fn implying<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Name> {
        self.roles.iter().filter(move |(_, role)| role.implies.as_ref() == Some(name)).map(|(key, _)| key)
    }
}
