//! Deterministic CBOR (RFC 8949 section 4.2.1), the one encoding of payloads, events and entries.
//!
//! The data model is narrow on purpose: unsigned integers, byte and text strings, arrays, text-keyed maps and booleans.
//! It refuses floats, tags, null, negative integers and anything that is not the one canonical form of its value.
//!
//! - [`decode`] scans the frame against the limits before anything is allocated, lets ciborium decode, encodes the result
//!   again and compares the bytes. The comparison is the guard: ciborium alone accepts trailing bytes, duplicate keys,
//!   indefinite lengths and non-minimal integers.
//! - [`encode`] of a [`Value`] is canonical because [`Value::Map`] is kept in the order of its encoded keys.

use std::collections::BTreeMap;

use ciborium::value::Value as Raw;

use crate::limits::{CBOR_DEPTH_MAX, CBOR_ITEMS_MAX};

/// A value of the narrow data model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An unsigned integer.
    Uint(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A UTF-8 text string.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// A map whose keys are text.
    Map(Map),
    /// `true` or `false`.
    Bool(bool),
}

/// A map key ordered as RFC 8949 section 4.2.1 orders encoded text keys: shorter first, then bytewise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapKey(String);

/// A text-keyed map in canonical order.
pub type Map = BTreeMap<MapKey, Value>;

impl MapKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for MapKey {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Ord for MapKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for MapKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
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
    /// ciborium could not decode what the scan let through, such as text that is not UTF-8.
    #[error("the bytes are not well-formed CBOR")]
    Malformed,
}

/// Decodes one item that fills `bytes` exactly.
///
/// # Errors
/// [`CborError`] names the first rule that the bytes break.
pub fn decode(bytes: &[u8]) -> Result<Value, CborError> {
    let mut scan = Scan { bytes, offset: 0, items: 0 };
    scan.item(0)?;
    if scan.offset != bytes.len() {
        return Err(CborError::NotCanonical);
    }

    let raw: Raw = ciborium::de::from_reader(bytes).map_err(|_| CborError::Malformed)?;
    let value = narrow(raw)?;
    if encode(&value) == bytes { Ok(value) } else { Err(CborError::NotCanonical) }
}

/// Encodes a value in its one canonical form.
#[must_use]
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Uint(number) => head(0, *number, out),
        Value::Bytes(bytes) => {
            head(2, length(bytes.len()), out);
            out.extend_from_slice(bytes);
        }
        Value::Text(text) => {
            head(3, length(text.len()), out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(4, length(items.len()), out);
            for item in items {
                write(item, out);
            }
        }
        Value::Map(map) => {
            head(5, length(map.len()), out);
            for (key, item) in map {
                head(3, length(key.0.len()), out);
                out.extend_from_slice(key.0.as_bytes());
                write(item, out);
            }
        }
        Value::Bool(truth) => out.push(if *truth { 0xf5 } else { 0xf4 }),
    }
}

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

fn narrow(raw: Raw) -> Result<Value, CborError> {
    match raw {
        Raw::Integer(number) => u64::try_from(number).map(Value::Uint).map_err(|_| CborError::Malformed),
        Raw::Bytes(bytes) => Ok(Value::Bytes(bytes)),
        Raw::Text(text) => Ok(Value::Text(text)),
        Raw::Bool(truth) => Ok(Value::Bool(truth)),
        Raw::Array(items) => Ok(Value::Array(items.into_iter().map(narrow).collect::<Result<_, _>>()?)),
        Raw::Map(pairs) => {
            let mut map = Map::new();
            for (key, item) in pairs {
                let Raw::Text(key) = key else { return Err(CborError::Malformed) };
                if map.insert(MapKey(key), narrow(item)?).is_some() {
                    return Err(CborError::NotCanonical);
                }
            }
            Ok(Value::Map(map))
        }
        // The scan has already refused every other kind; ciborium's enum may also grow.
        Raw::Float(_) | Raw::Null | Raw::Tag(..) | _ => Err(CborError::Malformed),
    }
}

/// Walks the frame of an item without allocating.
struct Scan<'a> {
    bytes: &'a [u8],
    offset: usize,
    items: u64,
}

impl Scan<'_> {
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
            (0, info) => self.number(info, foreign).map(drop),
            (2 | 3, info) => {
                let len = self.number(info, foreign)?;
                self.take(usize::try_from(len).unwrap_or(usize::MAX)).map(drop)
            }
            (4, info) => {
                let count = self.number(info, foreign)?;
                (0..count).try_for_each(|_| self.item(depth.saturating_add(1)))
            }
            (5, info) => {
                let count = self.number(info, foreign)?;
                (0..count).try_for_each(|_| {
                    self.key()?;
                    self.item(depth.saturating_add(1))
                })
            }
            (7, 20 | 21) => Ok(()),
            _ => Err(foreign),
        }
    }

    fn key(&mut self) -> Result<(), CborError> {
        match self.bytes.get(self.offset) {
            None => Err(CborError::Truncated { offset: self.offset }),
            Some(first) if first >> 5 == 3 => self.item(CBOR_DEPTH_MAX),
            Some(_) => Err(CborError::ForeignKind { offset: self.offset }),
        }
    }

    fn number(&mut self, info: u8, foreign: CborError) -> Result<u64, CborError> {
        let width = match info {
            0..=23 => return Ok(u64::from(info)),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(foreign),
        };
        Ok(self.take(width)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn take(&mut self, len: usize) -> Result<&[u8], CborError> {
        let end = self.offset.saturating_add(len);
        let taken = self.bytes.get(self.offset..end).ok_or(CborError::Truncated { offset: self.bytes.len() })?;
        self.offset = end;
        Ok(taken)
    }
}

/// Diagnostic notation (RFC 8949 section 8) of a value, on one line.
#[must_use]
pub fn diagnostic(value: &Value) -> String {
    match value {
        Value::Uint(number) => number.to_string(),
        Value::Bytes(bytes) => format!("h'{}'", hex::encode(bytes)),
        Value::Text(text) => quoted(text),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(diagnostic).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let pairs: Vec<_> =
                map.iter().map(|(key, item)| format!("{}: {}", quoted(&key.0), diagnostic(item))).collect();
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
            ("", CborError::Truncated { offset: 0 }),
        ];
        for (bytes, error) in cases {
            assert_eq!(decode(&hex::decode(bytes).unwrap_or_default()), Err(error.clone()), "{bytes}");
        }
    }

    #[test]
    fn shorter_keys_come_first() {
        let map = Map::from([("aa".into(), Value::Uint(1)), ("b".into(), Value::Bool(true))]);
        let bytes = encode(&Value::Map(map.clone()));
        assert_eq!(hex::encode(&bytes), "a26162f562616101");
        assert_eq!(decode(&bytes), Ok(Value::Map(map)));
    }
}
