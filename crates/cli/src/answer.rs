//! What a command answers: JSON, text that shows the same facts, and an exit code that tells whose fault it was.

use std::process::ExitCode;

use serde_json::Value;

/// Exit codes (DESIGN section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The charter, or the format, said no.
    Refused,
    /// The arguments or an input file were wrong.
    Usage,
    /// The log is invalid.
    Invalid,
    /// It could not be checked, read or written.
    NotChecked,
    /// A bug in Rollcall.
    Bug,
}

impl Exit {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::NotChecked => 4,
            Self::Bug => 70,
        })
    }
}

/// A command's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) json: Value,
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

impl Answer {
    pub(crate) fn new(json: Value, text: String) -> Self {
        Self { json, text, exit: Exit::Done }
    }
}
