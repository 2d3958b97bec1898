//! Why a command could not do what it was asked: the error, its causes, and a hint that is a command to run.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use rollcall_core::ledger::AdmitError;
use rollcall_core::name::visible;
use rollcall_core::refusal::Refusal;
use rollcall_storage::{AppendError, StoreError};
use serde_json::{Map, Value, json};

use crate::advice;
use crate::answer::Exit;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) code: String,
    pub(crate) what: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
    pub(crate) refusal: Option<Box<Refusal>>,
}

impl Failure {
    fn new(exit: Exit, code: &str, what: String) -> Self {
        Self { exit, code: code.to_owned(), what, causes: Vec::new(), hint: None, refusal: None }
    }

    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", what.into())
    }

    pub(crate) fn input(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "bad-input", what.into())
    }

    pub(crate) fn io(what: impl Into<String>, error: &dyn Error) -> Self {
        Self::new(Exit::NotChecked, "io", what.into()).caused_by(error)
    }

    /// The question could not be answered, or a file could not be made, from what is known.
    pub(crate) fn unchecked(what: impl Into<String>) -> Self {
        Self::new(Exit::NotChecked, "not-known", what.into())
    }

    pub(crate) fn bug(what: impl Into<String>) -> Self {
        Self::new(Exit::Bug, "bug", what.into())
    }

    pub(crate) fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            self.causes.push(cause.to_string());
            next = cause.source();
        }
        self
    }

    /// What failed and why, on one line.
    pub(crate) fn on_one_line(&self) -> String {
        [&self.what].into_iter().chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ")
    }

    pub(crate) fn hint(mut self, command: impl Into<String>) -> Self {
        self.hint = Some(command.into());
        self
    }

    /// With the ledger named in the hint, where a flag has named it.
    pub(crate) fn naming(mut self, ledger: Option<&Path>) -> Self {
        self.hint = self.hint.map(|hint| advice::naming(&hint, ledger));
        self
    }

    pub(crate) fn at(mut self, place: &str) -> Self {
        self.what = format!("{place}: {}", self.what);
        self
    }

    /// In words. Names of files and what else others have chosen is shown so that it does nothing to a terminal.
    pub(crate) fn text(&self) -> String {
        self.plain_text().split('\n').map(visible).collect::<Vec<_>>().join("\n")
    }

    fn plain_text(&self) -> String {
        let mut text = String::new();
        let word = if self.exit == Exit::Refused { "refused" } else { "error" };
        let _ = writeln!(text, "{word}: {}", self.what);
        for cause in &self.causes {
            let _ = writeln!(text, "  cause: {cause}");
        }
        if let Some(refusal) = &self.refusal {
            let _ = writeln!(text, "  rule: {}, code: {}", refusal.rule, self.code);
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        if let Some(refusal) = &self.refusal {
            let mut told = refused(refusal);
            if let Some((object, hint)) = told.as_object_mut().zip(self.hint.as_ref()) {
                object.insert("hint".to_owned(), json!(hint));
            }
            return told;
        }
        let outcome = if self.exit == Exit::Refused { "refused" } else { "failed" };
        json!({"outcome": outcome, "code": self.code, "what": self.what, "causes": self.causes, "hint": self.hint})
    }
}

/// A refusal as JSON: outcome, code, clause, facts, and the same in words.
pub(crate) fn refused(refusal: &Refusal) -> Value {
    let facts: Map<String, Value> = refusal
        .reason
        .facts()
        .into_iter()
        .map(|(name, fact)| (name.to_owned(), serde_json::to_value(fact).unwrap_or(Value::Null)))
        .collect();
    json!({
        "outcome": "refused",
        "code": refusal.reason.code(),
        "clause": refusal.rule.as_str(),
        "facts": facts,
        "what": refusal.reason.to_string(),
    })
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let mut failure = Self::new(Exit::Refused, refusal.reason.code(), refusal.reason.to_string());
        let hint = refusal.reason.hint();
        if !hint.is_empty() {
            failure.hint = Some(hint.to_owned());
        }
        failure.refusal = Some(Box::new(refusal));
        failure
    }
}

impl From<AdmitError> for Failure {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Refused(refusal) => refusal.into(),
            other => {
                let mut failure = Self::new(Exit::Refused, other.code(), other.to_string());
                if let Some(source) = other.source() {
                    failure = failure.caused_by(source);
                }
                failure
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (code, exit, hint) = match &error {
            StoreError::Missing { .. } => ("no-ledger", Exit::NotChecked, Some("rollcall init --help")),
            StoreError::Exists { .. } => ("exists", Exit::Usage, None),
            StoreError::InUse { .. } => {
                ("in-use", Exit::NotChecked, Some("run the command again when the other has ended"))
            }
            StoreError::Foreign { .. } => (
                "not-a-ledger",
                Exit::NotChecked,
                Some("name a ledger with --ledger, or found one: rollcall init --help"),
            ),
            StoreError::Damaged { path, .. } => {
                let failure = Self::new(Exit::Invalid, "damaged", error.to_string());
                let file = advice::quoted(Path::new(path));
                return failure.hint(format!("restore the file from a copy, then: rollcall audit {file}"));
            }
            StoreError::Parted { .. } => (
                "parted",
                Exit::NotChecked,
                Some(
                    "bring that file back; only where it is lost for good: an empty file there gives up the acts in it",
                ),
            ),
            StoreError::Stray { .. } => (
                "stray-journal",
                Exit::NotChecked,
                Some(
                    "bring back the ledger that the journal belongs to; to go on without those acts, move the journal away",
                ),
            ),
            StoreError::Io { .. } => ("io", Exit::NotChecked, None),
        };
        let failure = Self::new(exit, code, error.to_string());
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { current } => {
                let what = format!("somebody else has appended meanwhile; the log's size is: {}", current.size);
                Self::new(Exit::NotChecked, "conflict", what).hint("run the command again")
            }
            AppendError::Unknown(source) => {
                let what = "the append may or may not have happened".to_owned();
                Self::new(Exit::NotChecked, "append-unknown", what).caused_by(&source).hint("rollcall status")
            }
        }
    }
}
