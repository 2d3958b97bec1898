//! Advice: which command to run next. Where a flag has named the ledger, the advice names it too, so that it runs as it stands; where the
//! environment names it, it does so for the next command as well.

use std::borrow::Cow;
use std::path::Path;

const PROGRAM: &str = "rollcall ";

/// Commands that ask no ledger, or that are told of something else than the ledger at hand.
const ELSEWHERE: &[&str] = &["audit ", "charter check ", "inspect ", "key new ", "receipt verify ", "sign "];

/// A path as a shell takes it. One that is no text cannot be typed from what is shown, however it is quoted.
pub(crate) fn quoted(path: &Path) -> String {
    let shown = path.to_string_lossy();
    shlex::try_quote(&shown).map_or_else(|_| shown.to_string(), Cow::into_owned)
}

/// The advice with the ledger named in every command of it that asks one: what it begins with, and what stands behind a colon. A ledger whose
/// path is no text is left out.
pub(crate) fn naming(advice: &str, ledger: Option<&Path>) -> String {
    let Some(ledger) = ledger.filter(|path| path.to_str().is_some()).map(quoted) else { return advice.to_owned() };
    let mut named = String::with_capacity(advice.len());
    let mut commands = advice.split(PROGRAM);
    named.push_str(commands.next().unwrap_or_default());
    for command in commands {
        let begins = named.is_empty() || named.ends_with(": ");
        named.push_str(PROGRAM);
        if begins && asks(command) {
            named.push_str(&format!("--ledger {ledger} "));
        }
        named.push_str(command);
    }
    named
}

/// Whether a command, given without the program's name, asks the ledger at hand.
fn asks(command: &str) -> bool {
    command.starts_with(|c: char| c.is_ascii_lowercase())
        && !command.contains("--help")
        && !ELSEWHERE.iter().any(|elsewhere| command.starts_with(elsewhere))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::naming;

    #[test]
    fn advice_names_the_ledger_that_a_flag_has_named() {
        let named = |advice| naming(advice, Some(Path::new("our ledger")));
        assert_eq!(named("rollcall roster"), "rollcall --ledger 'our ledger' roster");
        assert_eq!(
            named("rollcall audit, then: rollcall why alice chair --in toc"),
            "rollcall --ledger 'our ledger' audit, then: rollcall --ledger 'our ledger' why alice chair --in toc"
        );
        for same in [
            "rollcall --help",
            "rollcall vote --help",
            "rollcall audit copy.bundle",
            "rollcall key new witness.key --no-passphrase",
            "the file the rollcall act",
            "run the command again",
            "ssh-add -l",
        ] {
            assert_eq!(named(same), same);
        }
    }

    #[test]
    fn advice_names_no_ledger_that_no_flag_names_or_that_cannot_be_typed() {
        assert_eq!(naming("rollcall roster", None), "rollcall roster");
        assert_eq!(naming("rollcall roster", Some(Path::new(OsStr::from_bytes(b"\xff")))), "rollcall roster");
        assert_eq!(naming("rollcall roster", Some(Path::new("-L"))), "rollcall --ledger -L roster");
    }
}
