//! What a command says: answers to stdout, talk to stderr. A terminal gets colours and no other orders, since much of what is said are
//! others' words: names of files, texts, lines of a play. Whatever else reads it gets neither, and the text as it is. It chooses no words
//! and no exit code.

use std::io::{IsTerminal, Result, Write, stderr, stdout};

/// Says something where answers go.
///
/// # Errors
/// The system's.
pub(crate) fn answer(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(shown(text, stdout().is_terminal()).as_bytes())?;
    out.flush()
}

/// Says something where talk goes. Nobody is told where that cannot be.
pub(crate) fn talk(text: &str) {
    let _ = anstream::stderr().lock().write_all(shown(text, stderr().is_terminal()).as_bytes());
}

fn shown(text: &str, is_terminal: bool) -> String {
    if !is_terminal {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len());
    for (number, piece) in text.split('\u{1b}').enumerate() {
        let colour =
            piece.strip_prefix('[').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        match colour {
            _ if number == 0 => {}
            Some(rest) if rest.starts_with('m') => safe.push('\u{1b}'),
            Some(_) | None => safe.push_str("\\u{1b}"),
        }
        for c in piece.chars() {
            if is_order(c) { safe.extend(c.escape_unicode()) } else { safe.push(c) }
        }
    }
    safe
}

/// Control characters but the ends of lines, and what turns the direction of the characters around it.
fn is_order(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_terminal_gets_colours_and_no_orders() {
        let title = "a\u{1b}]0;mine\u{7}\rb\u{9b}2J\u{1b}[2J\u{1b}[1;31mred\u{1b}[0m\n\tend\u{1b}";
        let safe = "a\\u{1b}]0;mine\\u{7}\\u{d}b\\u{9b}2J\\u{1b}[2J\u{1b}[1;31mred\u{1b}[0m\n\tend\\u{1b}";
        assert_eq!(shown(title, true), safe);
        assert_eq!(shown(title, false), title, "what is no terminal is anstream's to strip");
        assert_eq!(shown("\u{1b}[32m好\u{1b}[0m", true), "\u{1b}[32m好\u{1b}[0m");
        assert_eq!(shown("a\u{202e}b\u{2066}c\u{2028}", true), "a\\u{202e}b\\u{2066}c\\u{2028}");
    }
}
