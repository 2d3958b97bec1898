//! A meeting as a calendar entry (RFC 5545, RFC 5546): the same identity when it is updated or cancelled, a higher sequence.

use icalendar::{Calendar, Component, Event, EventLike, Property};
use rollcall_core::charter::Charter;
use rollcall_core::state::State;
use rollcall_core::state::meetings::Meeting;
use rollcall_core::time::Timestamp;

use super::{domain, title};

/// The calendar entry. Instants are in UTC, so that every program shows its reader the right local time; the charter's
/// zone is named beside them.
pub(crate) fn calendar(state: &State, charter: &Charter, meeting: &Meeting) -> String {
    let terms = &meeting.terms;
    let cancelled = meeting.cancelled.as_ref();
    let stamp = cancelled.or(meeting.delivered.as_ref().map(|delivery| &delivery.cause)).unwrap_or(&meeting.notice);
    let sequence = u8::from(meeting.delivered.is_some()).saturating_add(if cancelled.is_some() { 2 } else { 0 });
    let agenda: Vec<_> = meeting.agenda().map(|item| format!("- {}", item.as_str())).collect();
    let local = format!("{} {}", charter.zone().local(terms.starts), charter.zone().name());
    let description = format!("{local}\n{}\nNotice {}", agenda.join("\n"), meeting.id());

    let mut event = Event::new();
    event
        .uid(&format!("{}@{}", meeting.id(), domain(state)))
        .summary(&title(state, meeting))
        .description(&description)
        .add_property("DTSTAMP", basic(stamp.at))
        .add_property("DTSTART", basic(terms.starts))
        .add_property("DTEND", basic(terms.starts.plus_ms(2 * 3_600_000).min(meeting.ends_by)))
        .add_property("SEQUENCE", sequence.to_string())
        .add_property("STATUS", if cancelled.is_some() { "CANCELLED" } else { "CONFIRMED" });
    let address = |person: &rollcall_core::name::Handle| format!("mailto:{person}@{}", domain(state));
    event.append_property(Property::new("ORGANIZER", address(&meeting.notice.by)));
    for person in &meeting.recipients {
        event.append_multi_property(Property::new("ATTENDEE", address(person)));
    }
    if let Some(place) = &terms.place {
        event.location(place.as_str());
    }
    let mut calendar = Calendar::new();
    calendar.append_property(Property::new("METHOD", if cancelled.is_some() { "CANCEL" } else { "REQUEST" }));
    calendar.append_property(Property::new("X-WR-TIMEZONE", charter.zone().name()));
    calendar.push(event.done());
    calendar.done().to_string()
}

/// An instant in the basic format of RFC 5545, UTC: its RFC 3339 form without punctuation and fractions.
fn basic(at: Timestamp) -> String {
    let text = at.to_string();
    let plain: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{}Z", plain.split(['.', 'Z']).next().unwrap_or_default())
}
