//! The TOML form of a charter, and the one door from it to a [`Charter`].
//!
//! A draft is text that somebody is still editing; compiling it checks every name it uses, so that nothing undefined,
//! unmarked or undecidable reaches the engine.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::check::check_names;
use super::decisions::{Lapse, Opener};
use super::records::{Attestation, Benefit, RecordRule};
use super::roles::{Admission, Applicant, HeldBy, Nominator, Path};
use super::{
    AccountRules, AuthorityRules, Bar, Base, Charter, Clause, ClauseText, Counted, Decision, Edit, Interpretation,
    MeetingRules, OnePer, PetitionRules, Role, Subject, Suspension, UnitKind, Venue, VoteRules,
};
use crate::effect::Effect;
use crate::limits::CHARTER_BYTES_MAX;
use crate::name::Name;
use crate::threshold::{Bound, Fraction, Threshold};
use crate::time::{Transition, Zone, ZoneError};

/// Why a draft is not a charter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// More bytes than a charter may have.
    #[error("the charter has {bytes} bytes, limit: {limit}")]
    TooLong {
        /// Bytes found.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Not TOML of the charter's schema; the text names the line.
    #[error("the charter is not TOML of the charter schema: {0}")]
    Schema(String),
    /// The zone table cannot be used.
    #[error("the charter's zone `{0}` cannot be used")]
    Zone(String, #[source] ZoneError),
    /// A threshold with no comparator, or with two.
    #[error("a threshold of clause `{clause}` needs exactly one of `at_least` and `more_than`")]
    Comparator {
        /// The clause.
        clause: String,
    },
    /// A fraction that cannot be.
    #[error("a threshold of clause `{clause}` is not a fraction `n/d`: `{share}`")]
    Share {
        /// The clause.
        clause: String,
        /// What was written.
        share: String,
    },
    /// A clause is cited without text.
    #[error("the clause `{0}` is cited but has no text under `[clause]`")]
    UnknownClause(String),
    /// A role is used that its unit kind does not declare.
    #[error("the unit kind `{kind}` has no role: `{role}`")]
    UnknownRole {
        /// The unit kind.
        kind: String,
        /// The role.
        role: String,
    },
    /// A unit kind is used that the charter does not declare.
    #[error("the charter declares no unit kind: `{0}`")]
    UnknownKind(String),
    /// A seat outside every unit names no kind.
    #[error("a seat here is written `kind/role`, got: `{0}`")]
    SeatWithoutKind(String),
    /// An effect is used that the format does not have.
    #[error("no such effect: `{0}`")]
    UnknownEffect(String),
    /// A body decides without all of members, meeting rules, vote rules and a threshold.
    #[error("the unit kind `{kind}` decides but lacks: {lacks}")]
    Incomplete {
        /// The unit kind.
        kind: String,
        /// What is missing.
        lacks: &'static str,
    },
    /// A rule asks for something that nobody may attest or record.
    #[error("a rule of `{kind}` asks for `{criterion}`, which has no entry under `attestation` or `record`")]
    Unattestable {
        /// The unit kind.
        kind: String,
        /// The criterion.
        criterion: String,
    },
    /// The durations of a vote contradict each other.
    #[error("the vote rules of `{0}` need minutes_min <= minutes_default <= minutes_max")]
    VoteMinutes(String),
    /// A role with the same place in a chain of implied roles.
    #[error("the role `{role}` of `{kind}` may only imply a role that implies nothing")]
    Implies {
        /// The unit kind.
        kind: String,
        /// The role.
        role: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    name: Name,
    #[serde(rename = "language")]
    _language: String,
    zone: ZoneDraft,
    authority: AuthorityDraft,
    accounts: Option<AccountRules>,
    #[serde(default)]
    unit: BTreeMap<Name, KindDraft>,
    #[serde(default)]
    interpretation: Vec<InterpretationDraft>,
    #[serde(deserialize_with = "super::clauses::written")]
    clause: BTreeMap<String, ClauseText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneDraft {
    name: String,
    offsets: Vec<(u64, i32)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityDraft {
    clause: String,
    ends: Option<String>,
    imports: Option<String>,
    unanswered_days: Option<u64>,
    #[serde(default)]
    entrenched: Vec<Clause>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindDraft {
    clause: String,
    count: Option<Count>,
    founded_by_authority: Option<String>,
    electors: Option<Name>,
    constitute: Option<AtLeastDraft>,
    #[serde(default)]
    role: BTreeMap<Name, RoleDraft>,
    meeting: Option<MeetingDraft>,
    vote: Option<VoteRules>,
    #[serde(default)]
    decision: BTreeMap<Name, DecisionDraft>,
    one_per: Option<OnePer>,
    #[serde(default)]
    attestation: BTreeMap<Name, Attestation>,
    #[serde(default)]
    record: BTreeMap<Name, RecordRule>,
    #[serde(default)]
    benefit: BTreeMap<Name, Benefit>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Count {
    One,
    Many,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtLeastDraft {
    at_least: u64,
    clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleDraft {
    clause: Option<Clause>,
    at_most: Option<u64>,
    implies: Option<Name>,
    includes: Option<Name>,
    #[serde(default)]
    held_by: HeldBy,
    appointed: Option<Clause>,
    admission: Option<Admission>,
    resigns: Option<Clause>,
    terms: Option<Clause>,
    emeritus: Option<Name>,
    #[serde(default)]
    nominated_by: Vec<Nominator>,
    #[serde(default)]
    applicants: Vec<Applicant>,
    #[serde(default)]
    path: Vec<Path>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BarDraft {
    at_least: Option<String>,
    more_than: Option<String>,
    of: Base,
    clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeetingDraft {
    called_by: CallerDraft,
    grace_minutes: Option<Counted>,
    notice_days: Option<Counted>,
    notice_fields: Option<String>,
    public: Option<String>,
    quorum: Option<BarDraft>,
    presence: String,
    cadence_days: Option<Counted>,
    petition: Option<PetitionDraft>,
    suspension: Option<Suspension>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerDraft {
    role: Name,
    clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PetitionDraft {
    signed_by: BarDraft,
    lead_days: u64,
    answer_days: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionDraft {
    clause: String,
    venue: VenueDraft,
    vote: Option<VoteRules>,
    #[serde(default)]
    pass: Vec<BarDraft>,
    approvals: Option<Counted>,
    turnout: Option<BarDraft>,
    veto: Option<Clause>,
    opened_by: Option<Opener>,
    advisory: Option<Clause>,
    lapse: Option<Lapse>,
    decides: Vec<Subject>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VenueDraft {
    meeting: Venue,
    clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InterpretationDraft {
    id: String,
    clause: String,
    question: String,
    reading: String,
    #[serde(default)]
    others: Vec<String>,
    #[serde(default)]
    absent: bool,
    #[serde(default)]
    instead: Vec<Edit>,
}

impl Charter {
    /// Compiles the TOML text of a charter.
    ///
    /// # Errors
    /// [`CharterError`] names the first thing that keeps the draft from being a charter.
    pub fn compile(text: &str) -> Result<Self, CharterError> {
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if CHARTER_BYTES_MAX < bytes {
            return Err(CharterError::TooLong { bytes, limit: CHARTER_BYTES_MAX });
        }
        let draft: Draft = toml::from_str(text).map_err(|error| CharterError::Schema(error.to_string()))?;
        let Draft { name, _language, zone, authority, accounts, unit, interpretation, clause } = draft;

        let clauses = clause.into_iter().map(|(id, words)| (Clause::new(&id), words)).collect();
        let compiler = Compiler { clauses: &clauses };
        let zone_name = zone.name;
        let table = zone.offsets.into_iter().map(|(from_s, offset_s)| Transition { from_s, offset_s }).collect();
        let zone = Zone::new(&zone_name, table).map_err(|error| CharterError::Zone(zone_name, error))?;
        let AuthorityDraft { clause, ends, imports, unanswered_days, entrenched } = authority;
        compiler.cited(&entrenched)?;
        let authority = AuthorityRules {
            clause: compiler.clause(&clause)?,
            ends: compiler.optional(ends)?,
            imports: compiler.optional(imports)?,
            unanswered_days,
            entrenched,
        };
        let mut kinds: BTreeMap<Name, UnitKind> = unit
            .into_iter()
            .map(|(name, kind)| Ok((name.clone(), compiler.kind(name, kind)?)))
            .collect::<Result<_, CharterError>>()?;
        let decided: BTreeSet<Name> = kinds.values().flat_map(UnitKind::constitutes).cloned().collect();
        for (name, kind) in &mut kinds {
            kind.constituted_by_decision = decided.contains(name);
        }
        let interpretations =
            interpretation.into_iter().map(|draft| compiler.interpretation(draft)).collect::<Result<_, _>>()?;
        compiler.cited(accounts.iter().map(|rules| &rules.clause))?;
        let digest = Self::digest_of(text);
        let charter = Self { name, digest, zone, authority, accounts, kinds, interpretations, clauses };
        check_names(&charter)?;
        Ok(charter)
    }
}

struct Compiler<'a> {
    clauses: &'a BTreeMap<Clause, ClauseText>,
}

impl Compiler<'_> {
    fn clause(&self, id: &str) -> Result<Clause, CharterError> {
        let clause = Clause::new(id);
        if self.clauses.contains_key(&clause) { Ok(clause) } else { Err(CharterError::UnknownClause(id.to_owned())) }
    }

    fn optional(&self, id: Option<String>) -> Result<Option<Clause>, CharterError> {
        id.map(|id| self.clause(&id)).transpose()
    }

    fn counted(&self, counted: Option<Counted>) -> Result<Option<Counted>, CharterError> {
        self.cited(counted.iter().map(|counted| &counted.clause))?;
        Ok(counted)
    }

    fn bar(&self, draft: BarDraft) -> Result<Bar, CharterError> {
        let BarDraft { at_least, more_than, of, clause } = draft;
        let (bound, share) = match (at_least, more_than) {
            (Some(share), None) => (Bound::AtLeast, share),
            (None, Some(share)) => (Bound::MoreThan, share),
            (Some(_), Some(_)) | (None, None) => return Err(CharterError::Comparator { clause }),
        };
        let Ok(fraction) = share.parse::<Fraction>() else { return Err(CharterError::Share { clause, share }) };
        Ok(Bar { threshold: Threshold::new(bound, fraction), of, clause: self.clause(&clause)? })
    }

    fn kind(&self, name: Name, draft: KindDraft) -> Result<UnitKind, CharterError> {
        let KindDraft {
            clause,
            count,
            founded_by_authority,
            electors,
            constitute,
            role,
            meeting,
            vote,
            decision,
            one_per,
            attestation,
            record,
            benefit,
        } = draft;
        let vouching =
            attestation.values().flat_map(|a| [&a.clause].into_iter().chain(a.seeding.iter().map(|s| &s.clause)));
        self.cited(vouching.chain(one_per.iter().map(|rule| &rule.clause)))?;
        self.cited(record.values().flat_map(|rule| &rule.clauses).chain(benefit.values().map(|rule| &rule.clause)))?;
        let kind_clause = self.clause(&clause)?;
        let roles = role
            .into_iter()
            .map(|(name, role)| Ok((name, self.role(role, &kind_clause)?)))
            .collect::<Result<_, CharterError>>()?;
        let constitute = constitute
            .map(|draft| Ok(Counted { value: draft.at_least, clause: self.clause(&draft.clause)? }))
            .transpose()?;
        Ok(UnitKind {
            name,
            single: count == Some(Count::One),
            founded_by_authority: self.optional(founded_by_authority)?,
            electors,
            constitute,
            constituted_by_decision: false,
            roles,
            meeting: meeting.map(|draft| self.meeting(draft)).transpose()?,
            vote: self.vote(vote)?,
            decisions: decision
                .into_iter()
                .map(|(name, draft)| self.decision(name, draft))
                .collect::<Result<_, _>>()?,
            one_per,
            attestations: attestation,
            records: record,
            benefits: benefit,
            clause: kind_clause,
        })
    }

    /// Checks that every clause cited has text.
    fn cited<'c>(&self, clauses: impl IntoIterator<Item = &'c Clause>) -> Result<(), CharterError> {
        clauses.into_iter().try_for_each(|clause| self.clause(clause.as_str()).map(drop))
    }

    fn role(&self, draft: RoleDraft, kind_clause: &Clause) -> Result<Role, CharterError> {
        let RoleDraft {
            clause,
            at_most,
            implies,
            includes,
            held_by,
            appointed,
            admission,
            resigns,
            terms,
            emeritus,
            nominated_by,
            applicants,
            path,
        } = draft;
        let clause = clause.unwrap_or_else(|| kind_clause.clone());
        let role = Role {
            clause,
            at_most,
            implies,
            includes,
            held_by,
            appointed,
            admission,
            resigns,
            terms,
            emeritus,
            nominated_by,
            applicants,
            paths: path,
        };
        self.cited(role.cites())?;
        Ok(role)
    }

    fn meeting(&self, draft: MeetingDraft) -> Result<MeetingRules, CharterError> {
        let MeetingDraft {
            called_by,
            grace_minutes,
            notice_days,
            notice_fields,
            public,
            quorum,
            presence,
            cadence_days,
            petition,
            suspension,
        } = draft;
        self.cited(suspension.iter().map(|rule| &rule.clause))?;
        let petition = petition
            .map(|PetitionDraft { signed_by, lead_days, answer_days }| {
                Ok::<_, CharterError>(PetitionRules { signed_by: self.bar(signed_by)?, lead_days, answer_days })
            })
            .transpose()?;
        Ok(MeetingRules {
            called_by: called_by.role,
            called_clause: self.clause(&called_by.clause)?,
            grace_minutes: self.counted(grace_minutes)?,
            notice_days: self.counted(notice_days)?,
            notice_fields: self.optional(notice_fields)?,
            public: self.optional(public)?,
            quorum: quorum.map(|bar| self.bar(bar)).transpose()?,
            presence: self.clause(&presence)?,
            cadence_days: self.counted(cadence_days)?,
            petition,
            suspension,
        })
    }

    fn vote(&self, vote: Option<VoteRules>) -> Result<Option<VoteRules>, CharterError> {
        self.cited(vote.iter().flat_map(VoteRules::cites))?;
        Ok(vote)
    }

    fn decision(&self, name: Name, draft: DecisionDraft) -> Result<Decision, CharterError> {
        let DecisionDraft { clause, venue, vote, pass, approvals, turnout, veto, opened_by, advisory, lapse, decides } =
            draft;
        for subject in &decides {
            self.cited([&subject.clause].into_iter().chain(&subject.listed))?;
            self.cited(subject.seeds.iter().flat_map(|seeds| [&seeds.clause].into_iter().chain(&seeds.listed)))?;
            if !Effect::SPECS.iter().any(|spec| spec.name == subject.effect) {
                return Err(CharterError::UnknownEffect(subject.effect.clone()));
            }
        }
        self.cited(veto.iter().chain(&advisory))?;
        self.cited(opened_by.iter().map(|rule| &rule.clause).chain(lapse.iter().map(|rule| &rule.clause)))?;
        Ok(Decision {
            name,
            clause: self.clause(&clause)?,
            venue: venue.meeting,
            venue_clause: self.clause(&venue.clause)?,
            vote: self.vote(vote)?,
            pass: pass.into_iter().map(|bar| self.bar(bar)).collect::<Result<_, _>>()?,
            approvals: self.counted(approvals)?,
            turnout: turnout.map(|bar| self.bar(bar)).transpose()?,
            veto,
            opened_by,
            advisory,
            lapse,
            decides,
        })
    }

    fn interpretation(&self, draft: InterpretationDraft) -> Result<Interpretation, CharterError> {
        let InterpretationDraft { id, clause, question, reading, others, absent, instead } = draft;
        Ok(Interpretation { id, clause: self.clause(&clause)?, question, reading, others, absent, instead })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(change: impl Fn(&str) -> String) -> Result<Charter, CharterError> {
        Charter::compile(&change(Charter::preset("greatsql").unwrap_or_default()))
    }

    #[test]
    fn the_presets_compile() {
        for name in Charter::PRESETS {
            let charter = Charter::compile(Charter::preset(name).unwrap_or_default());
            assert_eq!(charter.map(|charter| charter.name().to_string()), Ok((*name).to_owned()));
        }
    }

    #[test]
    fn a_draft_with_a_hole_is_refused_by_its_name() {
        let cut = |from: &'static str, to: &'static str| compiled(move |text| text.replace(from, to)).map(drop);
        let role = |role: &str| CharterError::UnknownRole { kind: "toc".into(), role: role.into() };
        assert_eq!(cut("TOC-1\"\nelectors = \"member\"", "TOC-1\"\nelectors = \"elder\""), Err(role("elder")));
        assert_eq!(
            cut("{ role = \"chair\", clause = \"TOC-9\"", "{ role = \"boss\", clause = \"TOC-9\""),
            Err(role("boss"))
        );
        assert_eq!(cut("TOC-26 = ", "TOC-99 = "), Err(CharterError::UnknownClause("TOC-26".into())));
        assert_eq!(
            cut("at_least = \"2/3\", of = \"present\"", "at_least = \"66%\", of = \"present\""),
            Err(CharterError::Share { clause: "TOC-26".into(), share: "66%".into() })
        );
        assert_eq!(
            cut("at_least = \"2/3\", of = \"present\"", "at_least = \"2/3\", more_than = \"1/2\", of = \"present\""),
            Err(CharterError::Comparator { clause: "TOC-26".into() })
        );
        assert_eq!(
            cut("effect = \"resolve\"", "effect = \"decree\""),
            Err(CharterError::UnknownEffect("decree".into()))
        );
        assert_eq!(cut("minutes_max = 1440", "minutes_max = 15"), Err(CharterError::VoteMinutes("toc".into())));
        assert_eq!(
            cut("[[515527200, 32400]", "[[1, 1]").and(cut("[0, 28800]", "[5, 28800]")),
            Err(CharterError::Zone("Asia/Shanghai".into(), ZoneError::Start))
        );
        assert!(matches!(cut("count = \"one\"", "count = \"one\"\nseats = 9"), Err(CharterError::Schema(_))));
    }
}
