//! Clauses of a charter: their identifiers, and each one's words for people, in Chinese and English.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Identifier of a clause of a charter, or of a rule of the format itself (`format/…`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clause(String);

impl Clause {
    /// The clause with this identifier.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What can be done about a clause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Class {
    /// A machine accepts or refuses by it.
    #[default]
    #[serde(rename = "E")]
    Enforced,
    /// An event can prove that it happened; people judge.
    #[serde(rename = "R")]
    Recorded,
    /// It informs.
    #[serde(rename = "I")]
    Informs,
}

impl Class {
    /// The letter by which documents call it.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Enforced => "E",
            Self::Recorded => "R",
            Self::Informs => "I",
        }
    }
}

/// A clause in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseText {
    /// What can be done about it.
    pub class: Class,
    /// What a reader looks at when the clause matters: `kind` or `kind/role`.
    pub about: Vec<String>,
    /// In English.
    pub en: String,
    /// In Chinese, where the charter has it.
    pub zh: Option<String>,
}

/// How a draft writes it: a table, or just the English words.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Words(String),
    Table(Table),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    class: Class,
    #[serde(default)]
    about: Vec<String>,
    en: String,
    zh: Option<String>,
}

impl From<Written> for ClauseText {
    fn from(written: Written) -> Self {
        match written {
            Written::Words(en) => Self { class: Class::Enforced, about: Vec::new(), en, zh: None },
            Written::Table(Table { class, about, en, zh }) => Self { class, about, en, zh },
        }
    }
}

/// Reads clauses as a draft writes them.
pub(super) fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, ClauseText>, D::Error> {
    let clauses = BTreeMap::<String, Written>::deserialize(deserializer)?;
    Ok(clauses.into_iter().map(|(id, written)| (id, written.into())).collect())
}
