//! A meeting's notice as a mail message (RFC 5322): everything that the notice states, with the calendar entry attached.

use std::fmt::Write;

use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};
use rollcall_core::charter::Charter;
use rollcall_core::field::References;
use rollcall_core::state::State;
use rollcall_core::state::meetings::Meeting;

use super::{calendar, domain, title};
use crate::failure::Failure;

/// The message to the list. Its id derives from the notice's event, so that the archive's copy proves which notice it is.
pub(crate) fn notice_mail(state: &State, charter: &Charter, meeting: &Meeting, list: &str) -> Result<Vec<u8>, Failure> {
    let (id, domain) = (meeting.id().to_string(), domain(state));
    let cancelled = meeting.cancelled.as_ref();
    let local = charter.zone().local(meeting.terms.starts);
    let word = if cancelled.is_some() { "Cancelled: " } else { "" };
    let subject = format!("{word}{} on {local}", title(state, meeting));
    let date = cancelled.map_or(meeting.notice.at, |cause| cause.at);
    let stage = if cancelled.is_some() { "cancel" } else { "notice" };

    let text = MimePart::new("text/plain", body(state, charter, meeting));
    let method = if cancelled.is_some() { "CANCEL" } else { "REQUEST" };
    let kind = ContentType::new("text/calendar").attribute("method", method);
    let invitation = MimePart::new(kind, calendar(state, charter, meeting)).attachment("meeting.ics");
    let boundary = format!("rollcall-{}", id.chars().take(32).collect::<String>());
    let mixed = ContentType::new("multipart/mixed").attribute("boundary", boundary);
    let parts = MimePart::new(mixed, BodyPart::Multipart(vec![text, invitation]));

    let from = format!("{}@{domain}", meeting.notice.by);
    let mut message = MessageBuilder::new()
        .message_id(format!("{stage}.{id}@{domain}"))
        .from((meeting.notice.by.as_str().to_owned(), from))
        .to(list.to_owned())
        .subject(subject)
        .date(i64::try_from(date.ms() / 1000).unwrap_or(i64::MAX));
    if cancelled.is_some() {
        let notice = format!("notice.{id}@{domain}");
        message = message.in_reply_to(notice.clone()).references(notice);
    }
    message.body(parts).write_to_vec().map_err(|error| Failure::io("the message cannot be written", &error))
}

fn body(state: &State, charter: &Charter, meeting: &Meeting) -> String {
    let terms = &meeting.terms;
    let said = |text: &Option<rollcall_core::field::Text>| text.as_ref().map_or_else(|| "not stated".to_owned(), line);
    let mut text = String::new();
    if let Some(cancelled) = &meeting.cancelled {
        let _ = writeln!(text, "This meeting was cancelled by {} at {}.\n", cancelled.by, cancelled.at);
    }
    let _ = writeln!(text, "To all members: {}", list(meeting.recipients.iter()));
    let _ = writeln!(text, "\nKind:       {} meeting of {}", terms.kind, terms.unit);
    let _ = writeln!(text, "Starts:     {} ({})", charter.zone().local(terms.starts), charter.zone().name());
    let _ = writeln!(text, "            {} in UTC", terms.starts);
    let _ = writeln!(text, "Place:      {}", said(&terms.place));
    let _ = writeln!(text, "Mode:       {}", said(&terms.mode));
    let _ = writeln!(text, "\nAgenda:");
    for (number, item) in (1..).zip(terms.agenda.iter().flatten()) {
        let _ = writeln!(text, "  {number}. {}", line(item));
    }
    for (_, item) in &meeting.annexed {
        let _ = writeln!(text, "  + {} (put down by a member)", line(item));
    }
    let _ = writeln!(text, "\nReferences:");
    match &terms.references {
        Some(References::List(references)) => {
            for reference in references {
                let _ = writeln!(text, "  - {}", line(reference));
            }
        }
        Some(References::None) => text.push_str("  none\n"),
        None => text.push_str("  not stated\n"),
    }
    let _ = writeln!(text, "\nThe meeting is announced {} civil days ahead.", meeting.days);
    let ledger = state.founding().map(|founding| founding.ledger.to_string()).unwrap_or_default();
    let _ = writeln!(text, "Notice event {}\nLedger       {ledger}", meeting.id());
    text
}

/// What somebody wrote, on one line: it cannot stand as a line of the notice's own.
fn line(text: &rollcall_core::field::Text) -> String {
    text.as_str().replace(['\n', '\t'], " ")
}

fn list<T: std::fmt::Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
