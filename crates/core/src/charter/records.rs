//! What a charter lets people put on record: attestations of evidence, activity records, and what roles are good for.
//!
//! None of it decides anything by itself; a path may ask for attestations, and a benefit may need a consent or a claim.

use serde::{Deserialize, Serialize};

use super::Clause;
use super::roles::Seat;
use crate::name::Name;

/// Who may attest a criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Seats whose holders may.
    pub by: Vec<Seat>,
    /// Seats whose holders may while too few hold a role.
    pub seeding: Option<Seeding>,
    /// The clause.
    pub clause: Clause,
}

/// More people may attest while fewer than the stated number hold a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeding {
    /// The role.
    pub role: Name,
    /// Holders below which the rule holds.
    pub below: u64,
    /// Who then may attest too.
    pub by: Seat,
    /// The clause.
    pub clause: Clause,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A meeting of the unit, by somebody who attended.
    Meeting,
    /// A meeting of the unit, by whoever presided over it.
    Sitting,
    /// A meeting of the unit, by whoever gave its notice.
    Notice,
    /// Any event of the ledger.
    Event,
    /// A person or organisation.
    Person,
}

/// A kind of record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRule {
    /// The clauses it is evidence for.
    pub clauses: Vec<Clause>,
    /// Seats whose holders may enter it; anyone enrolled where none is named.
    #[serde(default)]
    pub by: Vec<Seat>,
    /// What it names besides the unit.
    pub about: Option<About>,
    /// The role that the person it is about holds.
    pub holder: Option<Name>,
    /// Facts it states, each as `name: value`.
    #[serde(default)]
    pub facts: Vec<Name>,
    /// It carries the digest of a document.
    #[serde(default)]
    pub digest: bool,
}

/// What kind of benefit a role brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BenefitKind {
    /// A name in a public list, with consent.
    Listing,
    /// A certificate.
    Certificate,
    /// Something that is claimed once and then fulfilled.
    Claim,
    /// The right to merge into a project's repositories.
    Merge,
    /// The right to approve what is merged.
    Review,
    /// An invitation to meetings and events.
    Invitation,
    /// Anything else that a holder is entitled to.
    Entitlement,
}

/// What a role is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benefit {
    /// Roles whose holders have it, besides those who include one of them; every role of the unit where none is named.
    #[serde(default)]
    pub roles: Vec<Name>,
    /// Its kind.
    pub kind: BenefitKind,
    /// Seats whose holders may record that a claim was fulfilled.
    #[serde(default)]
    pub fulfilled_by: Vec<Seat>,
    /// The clause.
    pub clause: Clause,
}
