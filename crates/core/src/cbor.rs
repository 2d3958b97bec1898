//! Deterministic CBOR (RFC 8949 section 4.2.1), the one encoding of payloads, events and entries.
//!
//! The data model is narrow on purpose: unsigned integers, byte and text strings, arrays, text-keyed maps and booleans.
//! It refuses floats, tags, null, negative integers and anything that is not the one canonical form of its value.
//!
//! - [`decode`] first walks the whole item against the limits and the one canonical form, and allocates nothing before it has
//!   passed; what it hands out borrows from the bytes. Encoding it again gives the same bytes: `laws.rs` and the fuzz target
//!   `decode` hold it to that, `canonical.rs` to ciborium's reading of the same item (`docs/decisions/0020-reading-canonical-cbor.md`).
//! - [`encode`] of a [`Value`] is canonical because a [`Map`] is kept in the order of its encoded keys.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::limits::{CBOR_DEPTH_MAX, CBOR_ITEMS_MAX};

/// A value of the narrow data model; its strings may be those of the bytes that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An unsigned integer.
    Uint(u64),
    /// A byte string.
    Bytes(Cow<'a, [u8]>),
    /// A UTF-8 text string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// A map whose keys are text.
    Map(Map<'a>),
    /// `true` or `false`.
    Bool(bool),
}

impl<'a> Value<'a> {
    /// A byte string.
    pub fn bytes(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// A text string.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
}

/// A text-keyed map in canonical order, each key once: shorter keys first, then bytewise, as RFC 8949 section 4.2.1 orders
/// their encodings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map<'a>(Vec<(&'a str, Value<'a>)>);

fn key_order(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

impl<'a> Map<'a> {
    /// A map without keys.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Puts a value under a key; returns the one that it takes the place of.
    pub fn insert(&mut self, key: &'a str, value: Value<'a>) -> Option<Value<'a>> {
        match self.0.binary_search_by(|(known, _)| key_order(known, key)) {
            Ok(at) => self.0.get_mut(at).map(|(_, known)| std::mem::replace(known, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Takes out the value of a key.
    pub fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let at = self.0.iter().position(|(known, _)| *known == key)?;
        Some(self.0.remove(at).1)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Keys and values, in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    /// The keys, in canonical order.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(key, _)| *key)
    }
}

impl<'a> FromIterator<(&'a str, Value<'a>)> for Map<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, Value<'a>)>>(pairs: I) -> Self {
        let mut map = Self::new();
        for (key, value) in pairs {
            map.insert(key, value);
        }
        map
    }
}

/// Why bytes are not one deterministic CBOR item of the narrow data model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// The item ends before its frame does.
    #[error("the bytes end inside an item, at offset: {offset}")]
    Truncated {
        /// Where the bytes ended.
        offset: usize,
    },
    /// Arrays and maps nest too deep.
    #[error("nesting is deeper than allowed, limit: {limit}")]
    TooDeep {
        /// The limit that was passed.
        limit: u64,
    },
    /// More items than a payload may hold.
    #[error("more items than allowed, limit: {limit}")]
    TooManyItems {
        /// The limit that was passed.
        limit: u64,
    },
    /// A float, tag, null, negative integer, indefinite length or non-text key.
    #[error("an item of a kind that the format does not have, at offset: {offset}")]
    ForeignKind {
        /// Offset of the item's first byte.
        offset: usize,
    },
    /// Another encoding of the same value is the canonical one, or bytes follow the item.
    #[error("the encoding is not the deterministic one of RFC 8949 section 4.2.1")]
    NotCanonical,
    /// A text string that is not UTF-8.
    #[error("the bytes are not well-formed CBOR")]
    Malformed,
}

/// Decodes one item that fills `bytes` exactly.
///
/// # Errors
/// [`CborError`] names the first rule that the bytes break.
pub fn decode(bytes: &[u8]) -> Result<Value<'_>, CborError> {
    let mut scan = Scan { bytes, offset: 0, items: 0, is_text: true, is_canonical: true };
    scan.item(0)?;
    if scan.offset != bytes.len() {
        return Err(CborError::NotCanonical);
    }
    if !scan.is_text {
        return Err(CborError::Malformed);
    }
    if !scan.is_canonical {
        return Err(CborError::NotCanonical);
    }
    // What the scan has let through is there and of a kind that the format has.
    Reader { rest: bytes }.item().ok_or(CborError::Malformed)
}

/// Encodes a value in its one canonical form.
#[must_use]
pub fn encode(value: &Value<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Uint(number) => head(UINT, *number, out),
        Value::Bytes(bytes) => {
            head(BYTES, length(bytes.len()), out);
            out.extend_from_slice(bytes);
        }
        Value::Text(text) => write_text(text, out),
        Value::Array(items) => {
            head(ARRAY, length(items.len()), out);
            for item in items {
                write(item, out);
            }
        }
        Value::Map(map) => {
            head(MAP, length(map.0.len()), out);
            for (key, item) in map.iter() {
                write_text(key, out);
                write(item, out);
            }
        }
        Value::Bool(truth) => out.push(if *truth { TRUE } else { FALSE }),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    head(TEXT, length(text.len()), out);
    out.extend_from_slice(text.as_bytes());
}

/// Major types (RFC 8949 section 3.1) of the narrow data model.
const UINT: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
/// Major type 7, in which the simple values are.
const SIMPLE: u8 = 7;
/// The additional information of the two simple values that there are.
const FALSE_INFO: u8 = 20;
const TRUE_INFO: u8 = 21;
/// And their bytes.
const FALSE: u8 = SIMPLE << 5 | FALSE_INFO;
const TRUE: u8 = SIMPLE << 5 | TRUE_INFO;

fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn head(major: u8, number: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    if let Ok(small) = u8::try_from(number) {
        if small < 24 {
            out.push(major | small);
        } else {
            out.extend_from_slice(&[major | 0x18, small]);
        }
    } else if let Ok(number) = u16::try_from(number) {
        out.push(major | 0x19);
        out.extend_from_slice(&number.to_be_bytes());
    } else if let Ok(number) = u32::try_from(number) {
        out.push(major | 0x1a);
        out.extend_from_slice(&number.to_be_bytes());
    } else {
        out.push(major | 0x1b);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// Walks the frame of an item without allocating, and notes whether it is the canonical one.
struct Scan<'a> {
    bytes: &'a [u8],
    offset: usize,
    items: u64,
    /// Every text so far is UTF-8.
    is_text: bool,
    /// Every number so far is in its shortest form, and the keys of every map ascend.
    is_canonical: bool,
}

impl<'a> Scan<'a> {
    fn item(&mut self, depth: u64) -> Result<(), CborError> {
        if depth > CBOR_DEPTH_MAX {
            return Err(CborError::TooDeep { limit: CBOR_DEPTH_MAX });
        }
        self.items = self.items.saturating_add(1);
        if self.items > CBOR_ITEMS_MAX {
            return Err(CborError::TooManyItems { limit: CBOR_ITEMS_MAX });
        }

        let start = self.offset;
        let first = self.take(1)?.first().copied().unwrap_or_default();
        let foreign = CborError::ForeignKind { offset: start };
        match (first >> 5, first & 0x1f) {
            (UINT, info) => self.number(info, foreign).map(drop),
            (BYTES, info) => self.string(info, foreign).map(drop),
            (TEXT, info) => {
                let text = self.string(info, foreign)?;
                self.is_text = self.is_text && std::str::from_utf8(text).is_ok();
                Ok(())
            }
            (ARRAY, info) => {
                let count = self.number(info, foreign)?;
                (0..count).try_for_each(|_| self.item(depth.saturating_add(1)))
            }
            (MAP, info) => {
                let count = self.number(info, foreign)?;
                let mut last: Option<&'a [u8]> = None;
                (0..count).try_for_each(|_| {
                    let key = self.key()?;
                    // As their encodings ascend: a longer key's begins with a larger number.
                    let ascends = last.is_none_or(|last| (last.len(), last) < (key.len(), key));
                    self.is_canonical = self.is_canonical && ascends;
                    last = Some(key);
                    self.item(depth.saturating_add(1))
                })
            }
            (SIMPLE, FALSE_INFO | TRUE_INFO) => Ok(()),
            _ => Err(foreign),
        }
    }

    /// Walks a key, and returns its text.
    fn key(&mut self) -> Result<&'a [u8], CborError> {
        let start = self.offset;
        match self.bytes.get(start) {
            None => Err(CborError::Truncated { offset: start }),
            Some(first) if first >> 5 == TEXT => {
                self.item(CBOR_DEPTH_MAX)?;
                let (_, text) = split_head(self.bytes.get(start..self.offset).unwrap_or_default()).unwrap_or_default();
                Ok(text)
            }
            Some(_) => Err(CborError::ForeignKind { offset: start }),
        }
    }

    fn string(&mut self, info: u8, foreign: CborError) -> Result<&'a [u8], CborError> {
        let len = self.number(info, foreign)?;
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }

    fn number(&mut self, info: u8, foreign: CborError) -> Result<u64, CborError> {
        let Some(width) = width(info) else { return Err(foreign) };
        let number = number(info, self.take(width)?);
        // The next shorter form holds numbers below this one.
        let least = match width {
            0 => 0,
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        self.is_canonical = self.is_canonical && least <= number;
        Ok(number)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], CborError> {
        let end = self.offset.saturating_add(len);
        let taken = self.bytes.get(self.offset..end).ok_or(CborError::Truncated { offset: self.bytes.len() })?;
        self.offset = end;
        Ok(taken)
    }
}

/// How many bytes follow the first one of a head, by its additional information; `None` for a form that there is not.
const fn width(info: u8) -> Option<usize> {
    match info {
        0..=23 => Some(0),
        24 => Some(1),
        25 => Some(2),
        26 => Some(4),
        27 => Some(8),
        _ => None,
    }
}

/// The number of a head: its additional information, or the bytes that follow.
fn number(info: u8, bytes: &[u8]) -> u64 {
    if bytes.is_empty() {
        return u64::from(info);
    }
    bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// The number of the head with which bytes begin, and what is behind it.
fn split_head(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let info = first & 0x1f;
    let (behind, rest) = rest.split_at_checked(width(info)?)?;
    Some((number(info, behind), rest))
}

/// Reads an item that a scan has let through. Counts are those of items that are there, so what is allocated is bounded by the
/// limits.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn item(&mut self) -> Option<Value<'a>> {
        let first = *self.rest.first()?;
        let (number, rest) = split_head(self.rest)?;
        self.rest = rest;
        Some(match first >> 5 {
            UINT => Value::Uint(number),
            BYTES => Value::Bytes(Cow::Borrowed(self.take(number)?)),
            TEXT => Value::Text(Cow::Borrowed(std::str::from_utf8(self.take(number)?).ok()?)),
            ARRAY => {
                let mut items = Vec::with_capacity(usize::try_from(number).ok()?);
                for _ in 0..number {
                    items.push(self.item()?);
                }
                Value::Array(items)
            }
            MAP => {
                let mut pairs = Vec::with_capacity(usize::try_from(number).ok()?);
                for _ in 0..number {
                    let (len, rest) = split_head(self.rest)?;
                    self.rest = rest;
                    pairs.push((std::str::from_utf8(self.take(len)?).ok()?, self.item()?));
                }
                // They ascend: the scan has seen to it.
                Value::Map(Map(pairs))
            }
            SIMPLE => Value::Bool(first == TRUE),
            _ => return None,
        })
    }

    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Diagnostic notation (RFC 8949 section 8) of a value, on one line.
#[must_use]
pub fn diagnostic(value: &Value<'_>) -> String {
    match value {
        Value::Uint(number) => number.to_string(),
        Value::Bytes(bytes) => format!("h'{}'", hex::encode(bytes)),
        Value::Text(text) => quoted(text),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(diagnostic).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let pairs: Vec<_> =
                map.iter().map(|(key, item)| format!("{}: {}", quoted(key), diagnostic(item))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refused_form_is_refused_by_its_own_name() {
        let cases: &[(&str, CborError)] = &[
            ("1801", CborError::NotCanonical),                            // 1 in two bytes
            ("01ff", CborError::NotCanonical),                            // trailing byte
            ("9f01ff", CborError::ForeignKind { offset: 0 }),             // indefinite array
            ("f6", CborError::ForeignKind { offset: 0 }),                 // null
            ("fb3ff0000000000000", CborError::ForeignKind { offset: 0 }), // float
            ("c001", CborError::ForeignKind { offset: 0 }),               // tag
            ("20", CborError::ForeignKind { offset: 0 }),                 // -1
            ("a10101", CborError::ForeignKind { offset: 1 }),             // integer key
            ("a2616201616102", CborError::NotCanonical),                  // keys out of order
            ("a2616101616102", CborError::NotCanonical),                  // duplicate key
            ("a2626161016162", CborError::Truncated { offset: 7 }),       // value missing
            ("5affffffff00", CborError::Truncated { offset: 6 }),         // claimed length
            ("61ff", CborError::Malformed),                               // not UTF-8
            ("818181818181818181818101", CborError::TooDeep { limit: 8 }),
            // Of two faults, the one that was always told: what there is not, then what is behind, then text, then another form.
            ("8261fff6", CborError::ForeignKind { offset: 3 }),
            ("61ff00", CborError::NotCanonical),
            ("7801ff", CborError::Malformed),
            ("82180161ff", CborError::Malformed),
            ("", CborError::Truncated { offset: 0 }),
        ];
        for (bytes, error) in cases {
            assert_eq!(decode(&hex::decode(bytes).unwrap_or_default()), Err(error.clone()), "{bytes}");
        }
    }

    #[test]
    fn shorter_keys_come_first() {
        let map = Map::from_iter([("aa", Value::Uint(1)), ("b", Value::Bool(true))]);
        let bytes = encode(&Value::Map(map.clone()));
        assert_eq!(hex::encode(&bytes), "a26162f562616101");
        assert_eq!(decode(&bytes), Ok(Value::Map(map)));
    }
}
