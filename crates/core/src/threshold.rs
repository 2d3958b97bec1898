//! Thresholds as exact integer comparisons. Nothing here is ever a percentage or a float (traps A1 to A4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A positive fraction of at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Fraction {
    numerator: u32,
    denominator: u32,
}

/// A fraction that nobody has checked.
#[derive(Deserialize)]
struct Parts {
    numerator: u32,
    denominator: u32,
}

impl TryFrom<Parts> for Fraction {
    type Error = FractionError;

    fn try_from(Parts { numerator, denominator }: Parts) -> Result<Self, FractionError> {
        format!("{numerator}/{denominator}").parse()
    }
}

/// Text that is not a fraction `n/d` with `0 < n <= d`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a fraction `n/d` with 0 < n <= d: `{0}`")]
pub struct FractionError(pub String);

impl FromStr for Fraction {
    type Err = FractionError;

    fn from_str(text: &str) -> Result<Self, FractionError> {
        let error = || FractionError(text.chars().take(40).collect());
        let (numerator, denominator) = text.split_once('/').ok_or_else(error)?;
        let digits = |part: &str| {
            let plain = !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
            if plain { part.parse::<u32>().ok() } else { None }
        };
        match (digits(numerator), digits(denominator)) {
            (Some(numerator), Some(denominator)) if 0 < numerator && numerator <= denominator => {
                Ok(Self { numerator, denominator })
            }
            _ => Err(error()),
        }
    }
}

/// Whether the stated share itself suffices: 以上 includes it, 超过 does not (trap A1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The share itself suffices.
    AtLeast,
    /// Only more than the share suffices.
    MoreThan,
}

/// A comparator over a whole: `at_least 2/3` or `more_than 1/2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    bound: Bound,
    share: Fraction,
}

impl Threshold {
    /// A threshold of `share` under `bound`.
    #[must_use]
    pub const fn new(bound: Bound, share: Fraction) -> Self {
        Self { bound, share }
    }

    /// Tells whether `part` out of `whole` meets the threshold. An empty whole meets nothing (trap A4).
    #[must_use]
    pub fn is_met(self, part: u64, whole: u64) -> bool {
        let part = u128::from(part).saturating_mul(u128::from(self.share.denominator));
        let share = u128::from(whole).saturating_mul(u128::from(self.share.numerator));
        match self.bound {
            Bound::AtLeast => whole > 0 && share <= part,
            Bound::MoreThan => whole > 0 && share < part,
        }
    }

    /// The least part that meets the threshold: ceiling for `at_least`, floor plus one for `more_than` (trap A3). For
    /// display; verdicts come from [`Threshold::is_met`].
    #[must_use]
    pub fn least(self, whole: u64) -> u64 {
        let share = u128::from(whole).saturating_mul(u128::from(self.share.numerator));
        let denominator = u128::from(self.share.denominator.max(1));
        let least = match self.bound {
            Bound::AtLeast => share.div_ceil(denominator),
            Bound::MoreThan => share.checked_div(denominator).unwrap_or_default().saturating_add(1),
        };
        u64::try_from(least).unwrap_or(u64::MAX).max(1)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.bound {
            Bound::AtLeast => "at least",
            Bound::MoreThan => "more than",
        };
        write!(f, "{words} {}/{}", self.share.numerator, self.share.denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_fractions_parse() {
        for bad in ["", "2", "2/", "/3", "3/2", "0/3", "2/0", "-1/2", "+1/2", "2 /3", "66%", "0.5", "99999/99999"] {
            assert_eq!(bad.parse::<Fraction>(), Err(FractionError(bad.to_owned())), "{bad}");
        }
    }

    #[test]
    fn the_least_part_is_where_the_verdict_turns() {
        for share in ["2/3", "1/2", "1/1", "3/5"] {
            for bound in [Bound::AtLeast, Bound::MoreThan] {
                let Ok(share) = share.parse() else { continue };
                let threshold = Threshold::new(bound, share);
                for whole in 1..=60 {
                    let least = threshold.least(whole);
                    assert!(threshold.is_met(least, whole), "{threshold} of {whole}");
                    assert!(!threshold.is_met(least.saturating_sub(1), whole), "{threshold} of {whole}");
                }
            }
        }
    }
}
