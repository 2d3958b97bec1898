//! Time: what is to happen when, and how an instant is written.

/// A second, in milliseconds.
pub const SECOND: u64 = 1_000;
/// A minute, in milliseconds.
pub const MINUTE: u64 = 60 * SECOND;
/// An hour, in milliseconds.
pub const HOUR: u64 = 60 * MINUTE;
/// A day, in milliseconds.
pub const DAY: u64 = 24 * HOUR;
/// 2026-03-02T01:00:00Z.
pub const BEGINNING: u64 = 1_772_413_200_000;
/// 2095-01-01T00:00:00Z, when the script ends.
pub const END: u64 = 3_944_678_400_000;

/// Something that is to happen. Committees, slots and people are named by their positions.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// The council is made up anew and convened.
    CouncilConvenes,
    /// The council meets.
    CouncilMeets,
    /// A fortnight of a committee begins.
    CommitteeBegins(usize),
    /// A member comes to the committee's meeting.
    Arrive {
        /// The committee.
        committee: usize,
        /// Who comes.
        person: usize,
    },
    /// The committee's chair opens its meeting.
    CommitteeOpens(usize),
    /// The committee's meeting ends.
    CommitteeAdjourns(usize),
    /// A member puts a motion to the committee.
    Put(usize),
    /// A member votes outside a meeting.
    Ballot {
        /// The committee.
        committee: usize,
        /// The poll's slot.
        slot: usize,
        /// Which of the polls that have had the slot.
        turn: u64,
        /// Who votes.
        person: usize,
    },
    /// A poll's time is over.
    Close {
        /// The committee.
        committee: usize,
        /// The poll's slot.
        slot: usize,
        /// Which of the polls that have had the slot.
        turn: u64,
    },
}

/// An instant, Unix milliseconds, as RFC 3339 writes it.
#[must_use]
pub fn written(ms: u64) -> String {
    let (day, rest) = (ms / DAY, ms % DAY);
    let (year, month, date) = civil(day);
    let (hour, minute, second) = (rest / HOUR, rest % HOUR / MINUTE, rest % MINUTE / SECOND);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % SECOND)
}

/// Year, month and date of a day since 1970, by eras of 400 years that begin in March.
fn civil(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, date)
}
