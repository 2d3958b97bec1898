//! Everything of Rollcall that speaks HTTP: taking signed acts, reading published logs, asking witnesses to cosign, and being a witness.
//!
//! Nothing here decides: verdicts are core's, files are storage's.

pub mod acts;
pub mod cosigners;
pub mod fetch;
mod http;
pub mod submissions;
pub mod witness;

use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock in Unix seconds.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
