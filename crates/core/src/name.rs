//! Names that cannot be wrong: handles of persons, unit ids, and the names that a charter declares.
//!
//! Each type has one constructor, used by `FromStr`, by decoding and by serde alike. What a handle may hold is decided by
//! the Unicode tables pinned in `Cargo.lock`; a later table is a new format version.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use unicode_normalization::is_nfc;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::limits::{HANDLE_BYTES_MAX, NAME_BYTES_MAX, UNIT_BYTES_MAX};

/// Why text is not a name of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty text.
    #[error("a {what} must not be empty")]
    Empty {
        /// Kind of name.
        what: &'static str,
    },
    /// Too many bytes.
    #[error("a {what} has at most {limit} bytes, got: {bytes}")]
    TooLong {
        /// Kind of name.
        what: &'static str,
        /// Bytes allowed.
        limit: u64,
        /// Bytes found.
        bytes: u64,
    },
    /// A character that the kind does not allow.
    #[error("a {what} may not hold the character U+{code:04X}")]
    Character {
        /// Kind of name.
        what: &'static str,
        /// The character's code point.
        code: u32,
    },
    /// Text that is not in Unicode normalization form C.
    #[error("a {what} must be in Unicode normalization form C")]
    NotNormalized {
        /// Kind of name.
        what: &'static str,
    },
}

fn check(text: &str, what: &'static str, limit: u64, allowed: impl Fn(char) -> bool) -> Result<(), NameError> {
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    if limit < bytes {
        return Err(NameError::TooLong { what, limit, bytes });
    }
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        return Err(NameError::Character { what, code: u32::from(c) });
    }
    // ASCII is its own normalization form.
    if !text.is_ascii() && !is_nfc(text) {
        return Err(NameError::NotNormalized { what });
    }
    Ok(())
}

/// Letters, marks and digits of any script, and `-`, `_`, `.`: what a handle may hold.
fn in_handle(c: char) -> bool {
    use unicode_properties::GeneralCategory::DecimalNumber;
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '_' | '.')
        || matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark)
            && !default_ignorable(c)
        || c.general_category() == DecimalNumber
}

/// Letters and marks that Unicode asks renderers to draw as nothing, so that two handles could look the same.
fn default_ignorable(c: char) -> bool {
    matches!(u32::from(c), 0x034F | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x3164 | 0xFFA0 | 0xFE00..=0xFE0F | 0xE0100..=0xE01EF)
}

/// Unit ids and the names of kinds and roles are kept verbatim: anything that can be seen, and inner spaces.
fn is_visible(c: char) -> bool {
    matches!(c, ' '..='~') || !(c.is_control() || c.is_whitespace() || default_ignorable(c) || is_format(c))
}

/// Invisible format characters, bidirectional marks and overrides among them.
fn is_format(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Other
}

/// A text of somebody's as it may stand in a line of ours: controls, invisible format characters and ends of lines stand there by their numbers.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_format(c) || matches!(c, '\u{2028}' | '\u{2029}') {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

macro_rules! name_type {
    ($(#[doc = $doc:literal])+ $Name:ident, $what:literal, $limit:expr, $allowed:expr) => {
        $(#[doc = $doc])+
        ///
        /// A short one stands where its name does, so that names are told apart, copied and dropped without looking elsewhere.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(SmolStr);

        impl $Name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $Name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text, $what, $limit, $allowed)?;
                if text.starts_with(' ') || text.ends_with(' ') {
                    return Err(NameError::Character { what: $what, code: 0x20 });
                }
                Ok(Self(text.into()))
            }
        }

        impl Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type! {
    /// Handle of a person, chosen once and never reused: NFC, 1 to 64 bytes of letters, marks, digits, `-`, `_`, `.`.
    Handle, "handle", HANDLE_BYTES_MAX, in_handle
}
name_type! {
    /// Id of a unit: the founding string verbatim, such as `toc`, `pmc/greatsql` or `sig/TC`.
    UnitId, "unit id", UNIT_BYTES_MAX, is_visible
}
name_type! {
    /// Name that a charter declares: a unit kind, a role or a decision, kept verbatim; `*` stands for any.
    Name, "name", NAME_BYTES_MAX, is_visible
}

impl Handle {
    /// The confusable skeleton (UTS #39) of the case-folded handle: equal for handles that look alike.
    #[must_use]
    pub fn skeleton(&self) -> String {
        unicode_security::skeleton(&self.as_str().to_lowercase()).collect()
    }
}

impl UnitId {
    /// The part behind the first `/`, by which units of several kinds belong together.
    #[must_use]
    pub fn suffix(&self) -> Option<&str> {
        self.as_str().split_once('/').map(|(_, suffix)| suffix)
    }

    /// The part before the first `/`, by which a unit's kind is guessed when nobody states it.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.as_str().split('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_take_any_script_and_refuse_what_hides() {
        for good in ["alice", "王芳", "jimmy_hero", "José", "a.b-c", "مريم", "9lives"] {
            assert_eq!(good.parse::<Handle>().map(|h| h.to_string()), Ok(good.to_owned()));
        }
        let code = |code| Err(NameError::Character { what: "handle", code });
        assert_eq!("a b".parse::<Handle>(), code(0x20));
        assert_eq!("a\u{202e}b".parse::<Handle>(), code(0x202e));
        assert_eq!("a\u{200d}b".parse::<Handle>(), code(0x200d));
        assert_eq!("a\u{fe0f}".parse::<Handle>(), code(0xfe0f));
        assert_eq!("a/b".parse::<Handle>(), code(0x2f));
        assert_eq!("@m1".parse::<Handle>(), code(0x40));
        assert_eq!("".parse::<Handle>(), Err(NameError::Empty { what: "handle" }));
        assert_eq!("Jose\u{301}".parse::<Handle>(), Err(NameError::NotNormalized { what: "handle" }));
        assert!(matches!("x".repeat(65).parse::<Handle>(), Err(NameError::TooLong { bytes: 65, .. })));
    }

    #[test]
    fn names_are_ordered_as_their_texts_are() {
        let texts = ["a", "ab", "abcdefgh", "abcdefghi", "abcdefghijklmnop", "abcdefghijklmnopq", "abcdefghijklmnopr"];
        // Around the length of which a name no longer stands where it is.
        let long = [
            "a".repeat(22),
            "a".repeat(23),
            "a".repeat(24),
            "a".repeat(22) + "b",
            "a".repeat(23) + "b",
            "王".repeat(8),
        ];
        let others = ["b", "é", "王", "王芳", "abcdefg王", "abcdefghijklmno王", "abcdefghijklmno王b", "9", "A"];
        let all = texts.iter().chain(&others).copied().chain(long.iter().map(String::as_str));
        let names: Vec<Handle> = all.filter_map(|text| text.parse().ok()).collect();
        assert_eq!(names.len(), texts.len() + others.len() + long.len());
        for one in &names {
            for other in &names {
                assert_eq!(one.cmp(other), one.as_str().cmp(other.as_str()), "{one} {other}");
                assert_eq!(one == other, one.as_str() == other.as_str());
            }
        }
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        let skeleton = |text: &str| text.parse::<Handle>().map(|h| h.skeleton());
        assert_eq!(skeleton("alice"), skeleton("аlice")); // Cyrillic а
        assert_eq!(skeleton("Alice"), skeleton("alice"));
        assert_ne!(skeleton("alice"), skeleton("alicia"));
    }
}
