//! What a meeting leaves behind, made from events alone: the notice as mail and calendar entry, agenda, roll-call sheet,
//! minutes and resolution records. Everything here can be made again from the ledger; nothing is kept.

mod calendar;
mod mail;
mod minutes;

pub(crate) use self::calendar::calendar;
pub(crate) use self::mail::notice_mail;
pub(crate) use self::minutes::{agenda, minutes, resolution, roll_call};

use rollcall_core::state::State;
use rollcall_core::state::meetings::Meeting;

/// The origin of the ledger, as the right side of a message id.
fn domain(state: &State) -> String {
    let origin = state.founding().map(|founding| founding.origin.as_str().to_owned()).unwrap_or_default();
    let plain: String = origin.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    if plain.trim_matches(['-', '.']).is_empty() { "ledger.invalid".to_owned() } else { plain }
}

/// What a meeting is called in subjects and headings.
fn title(state: &State, meeting: &Meeting) -> String {
    let community = state.founding().map(|founding| founding.name.as_str().to_owned()).unwrap_or_default();
    let unit = meeting.terms.unit.to_string().to_uppercase();
    format!("{community} {unit}: {} meeting", meeting.terms.kind)
}

/// Text inside Markdown: what somebody wrote stays one line and means nothing to the renderer.
fn md(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            c if c.is_ascii_punctuation() => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Markdown as a page that stands alone.
pub(crate) fn page(title: &str, markdown: &str) -> String {
    let options = pulldown_cmark::Options::ENABLE_TABLES;
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, pulldown_cmark::Parser::new_ext(markdown, options));
    frame(title, &body)
}

/// A page around a body that is HTML already.
pub(crate) fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{}</title>\n<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}\
         table{{border-collapse:collapse}}td,th{{border:1px solid #999;padding:.2rem .6rem;text-align:left}}\
         code{{overflow-wrap:anywhere}}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escape(title)
    )
}

/// Text inside HTML or SVG.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
