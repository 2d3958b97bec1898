//! Witness policies (C2SP tlog-policy): which witnesses somebody knows, and how many of which must have cosigned.
//! A text that could be read in two ways is refused: a key or a name twice, a member of two groups, a second quorum.
//!
//! ```text
//! log gov.example.org/ledger+1b4b41ff+AYqI…
//! witness north w1.example.net/witness+1f19ce13+BIE5… https://w1.example.net
//! witness south w2.example.com/witness+cd72beb1+BO1J…
//! group both all north south
//! quorum both
//! ```

use std::collections::BTreeMap;

use crate::cosignature::{CosignatureError, cosigned_at};
use crate::limits::{POLICY_NAMES_MAX, TIME_MS_MAX};
use crate::note::{Note, Scheme, Signer};
use crate::proof::decimal;
use crate::time::Timestamp;

/// A witness that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the policy.
    pub name: String,
    /// Its key.
    pub signer: Signer,
    /// Where it takes checkpoints.
    pub url: Option<String>,
}

/// A log that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its key.
    pub signer: Signer,
    /// Where it is published.
    pub url: Option<String>,
}

/// What a name stands for in a quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group { at_least: u64, members: Vec<String> },
}

/// A policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    members: BTreeMap<String, Member>,
    quorum: Option<String>,
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {what}")]
pub struct PolicyError {
    /// The line, from 1; 0 for the policy as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Who of a policy's witnesses has cosigned a note, and whether that is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// Names of the witnesses with the Unix seconds at which they cosigned.
    pub cosigned: Vec<(String, u64)>,
    /// Whether the policy's quorum is met.
    pub met: bool,
    /// What the quorum says about time; nothing where none is asked for, or it is not met.
    pub span: Option<Span>,
}

/// What a quorum's cosignatures say about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whatever carries the cosignatures was made after this instant: the latest one at or after which a quorum has cosigned.
    pub since: Timestamp,
    /// What the head covers was there by this instant: the earliest one by which a quorum has cosigned.
    pub by: Timestamp,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`] names the line.
    pub fn read(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        let mut quorum = None;
        for (number, line) in (1_usize..).zip(text.split('\n')) {
            let fault = |what: String| PolicyError { line: number, what };
            if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
                return Err(fault("a control character".to_owned()));
            }
            let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            match words.as_slice() {
                [] => {}
                [comment, ..] if comment.starts_with('#') => {}
                ["log", key] => policy.log(key, None).map_err(fault)?,
                ["log", key, url] => policy.log(key, Some(url)).map_err(fault)?,
                ["witness", name, key] => policy.witness(name, key, None).map_err(fault)?,
                ["witness", name, key, url] => policy.witness(name, key, Some(url)).map_err(fault)?,
                ["group", name, least, members @ ..] => policy.group(name, least, members).map_err(fault)?,
                ["quorum", name] if quorum.is_none() => {
                    if *name != "none" && !policy.members.contains_key(*name) {
                        return Err(fault(format!("`{name}` is not defined above")));
                    }
                    quorum = Some((*name).to_owned());
                }
                ["quorum", _] => return Err(fault("a policy has one quorum".to_owned())),
                [word, ..] => return Err(fault(format!("log, witness, group or quorum, got: {word}"))),
            }
        }
        let name = quorum.ok_or(PolicyError { line: 0, what: "it names no quorum".to_owned() })?;
        policy.quorum = Some(name).filter(|name| name != "none");
        Ok(policy)
    }

    fn log(&mut self, key: &str, url: Option<&str>) -> Result<(), String> {
        let signer: Signer = key.parse().map_err(|error: crate::note::SignerError| error.to_string())?;
        if signer.scheme != Scheme::Ed25519 {
            return Err("a log's key is of type 0x01".to_owned());
        }
        if self.logs.iter().any(|log| log.signer.key == signer.key) {
            return Err(format!("the key of `{}` stands in the policy already", signer.name));
        }
        self.logs.push(Log { signer, url: url.map(str::to_owned) });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), String> {
        let signer: Signer = key.parse().map_err(|error: crate::note::SignerError| error.to_string())?;
        if signer.scheme != Scheme::Cosignature {
            return Err("a witness's key is of type 0x04".to_owned());
        }
        if self.witnesses.iter().any(|witness| witness.signer.key == signer.key) {
            return Err(format!("the key of `{name}` stands in the policy already"));
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { name: name.to_owned(), signer, url: url.map(str::to_owned) });
        Ok(())
    }

    fn group(&mut self, name: &str, least: &str, members: &[&str]) -> Result<(), String> {
        let count = u64::try_from(members.len()).unwrap_or(u64::MAX);
        let at_least = match least {
            "all" => Some(count),
            "any" => Some(1),
            number => decimal(number),
        };
        let at_least = at_least.filter(|least| (1..=count).contains(least));
        let at_least = at_least.ok_or_else(|| format!("all, any or 1 to {count} of the members, got: {least}"))?;
        for member in members {
            if !self.members.contains_key(*member) {
                return Err(format!("`{member}` is not defined above"));
            }
            let mut groups = self.members.values();
            let taken = groups.any(
                |known| matches!(known, Member::Group { members, .. } if members.iter().any(|name| name == member)),
            );
            if taken || 1 < members.iter().filter(|other| *other == member).count() {
                return Err(format!("`{member}` is a member already"));
            }
        }
        self.define(name, Member::Group { at_least, members: members.iter().map(|name| (*name).to_owned()).collect() })
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), String> {
        if POLICY_NAMES_MAX <= u64::try_from(self.members.len()).unwrap_or(u64::MAX) {
            return Err(format!("a policy has at most {POLICY_NAMES_MAX} names"));
        }
        if name == "none" || self.members.contains_key(name) {
            return Err(format!("the name `{name}` is taken"));
        }
        self.members.insert(name.to_owned(), member);
        Ok(())
    }

    /// The logs that it names.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses that it names.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Who has cosigned a note, and whether they are enough.
    ///
    /// # Errors
    /// [`CosignatureError`] for a witness's line that does not verify: somebody tampers.
    pub fn judge(&self, note: &Note) -> Result<Quorum, CosignatureError> {
        let cosigned = self.cosigned(note).collect::<Result<Vec<_>, _>>()?;
        let met = self.quorum.as_ref().is_none_or(|name| self.reached(name, &cosigned));
        let span = self.quorum.as_ref().filter(|_| met).and_then(|name| self.span(name, &cosigned));
        Ok(Quorum { cosigned, met, span })
    }

    /// What the cosignatures that verify say about time, whatever else stands on the note.
    #[must_use]
    pub fn span_of(&self, note: &Note) -> Option<Span> {
        let good: Vec<(String, u64)> = self.cosigned(note).flatten().collect();
        self.quorum.as_ref().and_then(|name| self.span(name, &good))
    }

    /// Each witness that has a line on the note, with its time.
    fn cosigned(&self, note: &Note) -> impl Iterator<Item = Result<(String, u64), CosignatureError>> {
        let lines = self.witnesses.iter().map(|witness| (&witness.name, cosigned_at(note, &witness.signer)));
        lines.filter_map(|(name, at)| at.transpose().map(|at| at.map(|seconds| (name.clone(), seconds))))
    }

    /// Whether any witness has to cosign.
    #[must_use]
    pub const fn asks(&self) -> bool {
        self.quorum.is_some()
    }

    fn span(&self, name: &str, cosigned: &[(String, u64)]) -> Option<Span> {
        let mut times: Vec<u64> = cosigned.iter().map(|(_, seconds)| *seconds).collect();
        times.sort_unstable();
        let those = |keep: &dyn Fn(u64) -> bool| -> Vec<(String, u64)> {
            cosigned.iter().filter(|(_, seconds)| keep(*seconds)).cloned().collect()
        };
        let by = times.iter().find(|time| self.reached(name, &those(&|seconds| seconds <= **time)))?;
        let since = times.iter().rev().find(|time| self.reached(name, &those(&|seconds| **time <= seconds)))?;
        Some(Span { since: instant(*since), by: instant(*by) })
    }

    /// A group's members are defined above it, so this ends.
    fn reached(&self, name: &str, cosigned: &[(String, u64)]) -> bool {
        match self.members.get(name) {
            None => false,
            Some(Member::Witness(index)) => {
                self.witnesses.get(*index).is_some_and(|witness| cosigned.iter().any(|(name, _)| *name == witness.name))
            }
            Some(Member::Group { at_least, members }) => {
                let count = members.iter().filter(|member| self.reached(member, cosigned)).count();
                *at_least <= u64::try_from(count).unwrap_or(u64::MAX)
            }
        }
    }
}

/// A witness's time; beyond the last instant that is known here, that instant.
fn instant(seconds: u64) -> Timestamp {
    Timestamp::from_ms(seconds.saturating_mul(1_000).min(TIME_MS_MAX)).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::cosignature::{cosign, witness_signer};
    use crate::key::SigningKey;

    fn key(number: u8) -> SigningKey {
        SigningKey::from_seed(&[number; 32])
    }

    fn witnesses() -> String {
        let line = |number: u8| {
            let signer = witness_signer(&format!("w{number}.example"), &key(number).public().unwrap());
            format!("witness w{number} {signer} http://127.0.0.1/{number}\n")
        };
        (1..=3).map(line).collect()
    }

    fn note(cosigners: &[u8]) -> Note {
        let text = "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        let lines: String =
            cosigners.iter().map(|number| cosign(text, 5, &format!("w{number}.example"), &key(*number))).collect();
        Note::read(&format!("{text}\n\u{2014} o AAAAAAAA\n{lines}")).unwrap()
    }

    #[test]
    fn a_quorum_counts_who_it_names() {
        let two = Policy::read(&format!("{}# any two\n\t# of them\ngroup two 2 w1 w2 w3\nquorum two\n", witnesses()))
            .unwrap();
        assert!(!two.judge(&note(&[])).unwrap().met);
        assert!(!two.judge(&note(&[2])).unwrap().met);
        assert!(two.judge(&note(&[3, 1])).unwrap().met);
        assert!(!two.judge(&note(&[3, 9])).unwrap().met);
        let nested = format!("{}group a any w1 w2\ngroup b all a w3\nquorum b", witnesses());
        let nested = Policy::read(&nested).unwrap();
        assert!(!nested.judge(&note(&[1, 2])).unwrap().met);
        assert!(nested.judge(&note(&[2, 3])).unwrap().met);
        let none = Policy::read(&format!("{}quorum none", witnesses())).unwrap();
        assert!(none.judge(&note(&[])).unwrap().met);
        assert_eq!(none.judge(&note(&[2])).unwrap().cosigned, vec![("w2".to_owned(), 5)]);
    }

    #[test]
    fn a_policy_that_means_two_things_is_refused() {
        let known = witnesses();
        let first = known.lines().next().unwrap();
        for (text, line) in [
            (String::new(), 0),
            ("quorum w1".to_owned(), 1),
            (format!("{first}\n{first}\nquorum w1"), 2),
            (format!("{first}\n{}\nquorum w1", first.replacen("w1", "again", 1)), 2),
            (format!("{known}group g 4 w1 w2 w3\nquorum g"), 4),
            (format!("{known}group g 0 w1\nquorum g"), 4),
            (format!("{known}group g +1 w1\nquorum g"), 4),
            (format!("{known}group g any w1 w1\nquorum g"), 4),
            (format!("{known}group g any w1\ngroup h any w1\nquorum g"), 5),
            (format!("{known}group none any w1\nquorum none"), 4),
            (format!("{known}quorum w1\nquorum w2"), 5),
            (format!("{known}qorum w1"), 4),
            (format!("{known}quorum w1 # and no other"), 4),
            (format!("{known}quorum w1\r\n"), 4),
        ] {
            assert_eq!(Policy::read(&text).map_err(|error| error.line), Err(line), "{text}");
        }
    }
}
