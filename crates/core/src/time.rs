//! Instants as Unix milliseconds and civil dates in a charter's zone. Reads no clock and no time-zone database.
//!
//! A zone is a name and the table of its UTC-offset transitions, written into the charter at founding (trap B14): a
//! later time-zone database changes no verdict.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits::TIME_MS_MAX;

/// Milliseconds of a day without transitions.
pub const DAY_MS: u64 = 86_400_000;

/// An instant: Unix milliseconds between 1970 and 2100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(#[serde(deserialize_with = "within_range")] u64);

/// Why text or a number is not an instant that the format can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Text that is not RFC 3339 with an offset.
    #[error("not an RFC 3339 time such as `2026-01-31T08:00:00Z`: `{0}`")]
    NotRfc3339(String),
    /// Before 1970 or after 2100.
    #[error("a time must lie between 1970 and 2100: `{0}`")]
    OutOfRange(String),
    /// A fraction finer than a millisecond.
    #[error("a time has millisecond precision at most: `{0}`")]
    TooFine(String),
}

impl Timestamp {
    /// The instant at `ms` Unix milliseconds.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] after 2100.
    pub fn from_ms(ms: u64) -> Result<Self, TimeError> {
        if ms <= TIME_MS_MAX { Ok(Self(ms)) } else { Err(TimeError::OutOfRange(ms.to_string())) }
    }

    /// Unix milliseconds.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// The instant `ms` milliseconds later, 2100 at the latest.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms).min(TIME_MS_MAX))
    }

    /// The instant `ms` milliseconds earlier, 1970 at the earliest.
    #[must_use]
    pub fn minus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = i64::try_from(self.0).unwrap_or_default();
        match jiff::Timestamp::from_millisecond(ms) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let shown = || text.chars().take(80).collect::<String>();
        let instant: jiff::Timestamp = text.parse().map_err(|_| TimeError::NotRfc3339(shown()))?;
        let ms = u64::try_from(instant.as_millisecond()).map_err(|_| TimeError::OutOfRange(shown()))?;
        if instant.as_nanosecond() % 1_000_000 != 0 {
            return Err(TimeError::TooFine(shown()));
        }
        Self::from_ms(ms)
    }
}

fn within_range<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let ms = u64::deserialize(deserializer)?;
    Timestamp::from_ms(ms).map(Timestamp::ms).map_err(serde::de::Error::custom)
}

/// A civil date as a count of days since 1970-01-01 in some zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CivilDate(i64);

impl CivilDate {
    /// Days from `earlier` to this date; negative when this date comes first.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = jiff::civil::date(1970, 1, 1);
        let days = i32::try_from(self.0).unwrap_or_default();
        match epoch.checked_add(jiff::Span::new().days(days)) {
            Ok(date) => write!(f, "{date}"),
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

/// From an instant on, local time is UTC plus an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Unix seconds at which the offset begins.
    pub from_s: u64,
    /// Seconds to add to UTC.
    pub offset_s: i32,
}

/// A time zone: its IANA name and its offsets from 1970 to 2100.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Zone {
    name: String,
    transitions: Vec<Transition>,
}

/// A zone that nobody has checked.
#[derive(Deserialize)]
struct Parts {
    name: String,
    transitions: Vec<Transition>,
}

impl TryFrom<Parts> for Zone {
    type Error = ZoneError;

    fn try_from(Parts { name, transitions }: Parts) -> Result<Self, ZoneError> {
        Self::new(&name, transitions)
    }
}

/// Why a zone table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// The table does not start at 1970-01-01T00:00:00Z.
    #[error("the zone table must start at second 0")]
    Start,
    /// The table is not in ascending order.
    #[error("the zone table must ascend, it does not at second: {0}")]
    Order(u64),
    /// An offset of more than a day.
    #[error("a UTC offset is within 26 hours, got seconds: {0}")]
    Offset(i32),
}

impl Zone {
    /// A zone from its name and table.
    ///
    /// # Errors
    /// [`ZoneError`] when the table does not start in 1970, does not ascend, or holds an offset beyond 26 hours.
    pub fn new(name: &str, transitions: Vec<Transition>) -> Result<Self, ZoneError> {
        if transitions.first().is_none_or(|first| first.from_s != 0) {
            return Err(ZoneError::Start);
        }
        for pair in transitions.windows(2) {
            if let [earlier, later] = pair
                && later.from_s <= earlier.from_s
            {
                return Err(ZoneError::Order(later.from_s));
            }
        }
        if let Some(wild) = transitions.iter().find(|t| t.offset_s.unsigned_abs() > 93_600) {
            return Err(ZoneError::Offset(wild.offset_s));
        }
        Ok(Self { name: name.to_owned(), transitions })
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The offset table.
    #[must_use]
    pub fn transitions(&self) -> &[Transition] {
        &self.transitions
    }

    /// The civil date at an instant.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> CivilDate {
        CivilDate(self.local_s(at.ms() / 1000).div_euclid(86_400))
    }

    /// The first instant of the civil day after the one that holds `at`: 24:00 local.
    #[must_use]
    pub fn day_end(&self, at: Timestamp) -> Timestamp {
        let tomorrow = self.date(at).0.saturating_add(1);
        // A day has at most 50 hours even when a transition falls into it: search the half-seconds between.
        let (mut before, mut after) = (at.ms() / 1000, (at.ms() / 1000).saturating_add(180_000));
        while before.saturating_add(1) < after {
            let middle = before.midpoint(after);
            if self.local_s(middle).div_euclid(86_400) < tomorrow {
                before = middle;
            } else {
                after = middle;
            }
        }
        Timestamp(after.saturating_mul(1000).min(TIME_MS_MAX))
    }

    /// Local wall-clock time, such as `2026-01-31 20:00`, for facts that people read.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> String {
        let second = self.local_s(at.ms() / 1000).rem_euclid(86_400);
        format!("{} {:02}:{:02}", self.date(at), second / 3600, second % 3600 / 60)
    }

    fn local_s(&self, utc_s: u64) -> i64 {
        let after = self.transitions.partition_point(|t| t.from_s <= utc_s);
        let offset = after.checked_sub(1).and_then(|i| self.transitions.get(i)).map_or(0, |t| t.offset_s);
        i64::try_from(utc_s).unwrap_or(i64::MAX).saturating_add(i64::from(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn civil_dates_turn_at_local_midnight() {
        let zone = Zone::new("Asia/Shanghai", vec![Transition { from_s: 0, offset_s: 28_800 }]);
        let Ok(zone) = zone else { unreachable!("the table is valid") };
        assert_eq!(zone.date(at("2026-03-01T15:59:59Z")).to_string(), "2026-03-01");
        assert_eq!(zone.date(at("2026-03-01T16:00:00Z")).to_string(), "2026-03-02");
        assert_eq!(zone.day_end(at("2026-03-01T15:59:59Z")), at("2026-03-01T16:00:00Z"));
        assert_eq!(zone.day_end(at("2026-03-01T16:00:00Z")), at("2026-03-02T16:00:00Z"));
        assert_eq!(zone.local(at("2026-03-01T16:05:00Z")), "2026-03-02 00:05");
    }

    #[test]
    fn a_day_with_a_transition_ends_where_the_clock_says() {
        // Europe/Berlin, 2026-03-29: 02:00 becomes 03:00, so the day has 23 hours.
        let table =
            vec![Transition { from_s: 0, offset_s: 3600 }, Transition { from_s: 1_774_746_000, offset_s: 7200 }];
        let Ok(zone) = Zone::new("Europe/Berlin", table) else { unreachable!("the table is valid") };
        assert_eq!(zone.day_end(at("2026-03-28T23:30:00Z")), at("2026-03-29T22:00:00Z"));
    }

    #[test]
    fn times_are_rfc_3339_with_milliseconds() {
        assert_eq!(at("2019-12-30T06:57:56Z").to_string(), "2019-12-30T06:57:56.000Z");
        assert_eq!(at("2019-12-30T14:57:56.5+08:00").to_string(), "2019-12-30T06:57:56.500Z");
        assert!(matches!("2019-12-30".parse::<Timestamp>(), Err(TimeError::NotRfc3339(_))));
        assert!(matches!("1969-12-31T23:59:59Z".parse::<Timestamp>(), Err(TimeError::OutOfRange(_))));
        assert!(matches!("2019-12-30T06:57:56.0001Z".parse::<Timestamp>(), Err(TimeError::TooFine(_))));
    }
}
