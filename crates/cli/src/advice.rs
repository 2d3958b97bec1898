//! Advice: which command to run next. Where a flag has named the ledger, the advice names it too, so that it runs as it stands; where the
//! environment names it, it does so for the next command as well.

use std::borrow::Cow;
use std::path::Path;

const PROGRAM: &str = "rollcall ";

/// Commands that ask no ledger, or that are told of something else than the ledger at hand. What `audit` is given without a flag is one.
const ELSEWHERE: &[&str] = &["charter check ", "charter --preset ", "key new ", "receipt verify "];

/// A path as a shell takes it.
pub(crate) fn quoted(path: &Path) -> String {
    typed(path).unwrap_or_else(|| "FILE".to_owned())
}

/// Nothing where it cannot be typed from what is shown: it is no text, or it would order a terminal about.
fn typed(path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control))?;
    let no_flag = if text.starts_with('-') { Cow::Owned(format!("./{text}")) } else { Cow::Borrowed(text) };
    shlex::try_quote(&no_flag).ok().map(Cow::into_owned)
}

/// The advice with the ledger named in every command of it that asks one: what it begins with, and what stands behind a colon.
pub(crate) fn naming(advice: &str, ledger: Option<&Path>) -> String {
    let Some(ledger) = ledger else { return advice.to_owned() };
    let ledger = typed(ledger).unwrap_or_else(|| "LEDGER".to_owned());
    // What is quoted are words of others, and so may be what follows.
    let (own, others) = advice.split_at(advice.find(['\'', '"']).unwrap_or(advice.len()));
    let mut named = String::with_capacity(advice.len());
    let mut commands = own.split(PROGRAM);
    named.push_str(commands.next().unwrap_or_default());
    for command in commands {
        let begins = named.is_empty() || named.ends_with(": ");
        named.push_str(PROGRAM);
        if begins && asks(command) {
            named.push_str(&format!("--ledger {ledger} "));
        }
        named.push_str(command);
    }
    named + others
}

/// Whether a command, given without the program's name, asks the ledger at hand.
fn asks(command: &str) -> bool {
    let of_a_file = command.strip_prefix("audit ").is_some_and(|given| !given.starts_with("--"));
    command.starts_with(|c: char| c.is_ascii_lowercase())
        && !command.contains("--help")
        && !of_a_file
        && !ELSEWHERE.iter().any(|elsewhere| command.starts_with(elsewhere))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::{naming, quoted};

    #[test]
    fn advice_names_the_ledger_that_a_flag_has_named() {
        let named = |advice| naming(advice, Some(Path::new("our ledger")));
        assert_eq!(named("rollcall roster"), "rollcall --ledger 'our ledger' roster");
        assert_eq!(named("rollcall audit --head kept"), "rollcall --ledger 'our ledger' audit --head kept");
        assert_eq!(
            named("bring it back, then: rollcall status, then: rollcall audit"),
            "bring it back, then: rollcall --ledger 'our ledger' status, then: rollcall --ledger 'our ledger' audit"
        );
        for same in [
            "rollcall --help",
            "rollcall vote --help",
            "rollcall audit copy.bundle",
            "rollcall audit 'a copy.bundle'",
            "rollcall charter check draft.toml",
            "rollcall charter --preset greatsql",
            "rollcall key new witness.key --no-passphrase",
            "rollcall receipt verify FILE",
            "run the command again",
            "ssh-add -l",
        ] {
            assert_eq!(named(same), same);
        }
        assert_eq!(naming("rollcall roster", None), "rollcall roster");
    }

    #[test]
    fn words_of_others_are_no_commands() {
        let advice = format!("rollcall append {}", quoted(Path::new("x: rollcall vote")));
        assert_eq!(naming(&advice, Some(Path::new("L"))), "rollcall --ledger L append 'x: rollcall vote'");
    }

    #[test]
    fn a_path_is_no_flag_and_what_cannot_be_typed_is_a_word_for_it() {
        assert_eq!(naming("rollcall roster", Some(Path::new("-L"))), "rollcall --ledger ./-L roster");
        for path in [OsStr::from_bytes(b"\xff"), OsStr::new("a\n  hint: b"), OsStr::new("\u{1b}[2J")] {
            assert_eq!(naming("rollcall roster", Some(Path::new(path))), "rollcall --ledger LEDGER roster");
            assert_eq!(quoted(Path::new(path)), "FILE");
        }
    }
}
