//! Bundles: a whole ledger in one file, for mail or archive. Title, checkpoint note, empty line, framed entries.
//! Only the frame is read here; whether it holds a log is the audit's to say.

use crate::limits::NOTE_BYTES_MAX;

const TITLE: &str = "rollcall bundle v1\n";

/// What stands before the entries.
#[must_use]
pub fn preamble(note: &str) -> Vec<u8> {
    format!("{TITLE}{note}\n").into_bytes()
}

/// The checkpoint note and where the entries begin.
///
/// A note without signature lines, `text LF LF`, is that of a bundle which was made without the log's key.
#[must_use]
pub fn open(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(TITLE.as_bytes())?;
    let limit = usize::try_from(NOTE_BYTES_MAX).unwrap_or(usize::MAX);
    let window = rest.get(..rest.len().min(limit))?;
    let empty_line = |from: usize| {
        let tail = window.get(from..)?;
        tail.windows(2).position(|pair| pair == b"\n\n").map(|at| from.saturating_add(at))
    };
    // The first empty line ends the text; the second one, after signature lines or at once, ends the note.
    let text = empty_line(0)?;
    let end = empty_line(text.saturating_add(1))?.saturating_add(2);
    let (note, entries) = rest.split_at_checked(end)?;
    let note = std::str::from_utf8(note).ok()?;
    Some((note.strip_suffix('\n')?, entries))
}

/// Tells whether a file begins as a bundle does.
#[must_use]
pub fn is_bundle(bytes: &[u8]) -> bool {
    bytes.starts_with(TITLE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_together_comes_apart() {
        for note in
            ["o\n0\nroot\n\n\u{2014} o AAAA\n", "o\n0\nroot\n\n\u{2014} o AAAA\n\u{2014} w BBBB\n", "o\n0\nroot\n\n"]
        {
            for entries in [b"".as_slice(), b"\n\n\n\n", b"\0\x01x"] {
                let bundle = [preamble(note).as_slice(), entries].concat();
                assert_eq!(open(&bundle), Some((note, entries)), "{note:?}");
            }
        }
        assert_eq!(open(b"rollcall bundle v2\no\n0\nroot\n\n\n"), None);
        assert_eq!(open(b"rollcall bundle v1\no\n0\nroot\n"), None);
    }
}
