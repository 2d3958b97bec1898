//! The one reading of CBOR against ciborium's: what core's reader takes is what ciborium reads and encodes again to the same bytes, and
//! every other item is refused.

use ciborium::value::Value as Raw;
use proptest::prelude::*;
use rollcall_core::cbor::{self, Value};

/// What ciborium reads, if it is of the narrow data model and these bytes are its canonical encoding.
fn by_ciborium(bytes: &[u8]) -> Option<Raw> {
    let mut rest = bytes;
    let raw: Raw = ciborium::from_reader(&mut rest).ok().filter(|_| rest.is_empty())?;
    let mut again = Vec::new();
    ciborium::into_writer(&canonical(&raw)?, &mut again).unwrap();
    (again == bytes).then_some(raw)
}

/// The value with the keys of its maps in order; `None` where it holds something that the data model does not, or a key twice.
fn canonical(raw: &Raw) -> Option<Raw> {
    match raw {
        Raw::Integer(number) => u64::try_from(*number).ok().map(Raw::from),
        Raw::Bytes(_) | Raw::Text(_) | Raw::Bool(_) => Some(raw.clone()),
        Raw::Array(items) => items.iter().map(canonical).collect::<Option<_>>().map(Raw::Array),
        Raw::Map(pairs) => {
            let mut pairs = pairs
                .iter()
                .map(|(key, item)| Some((key.as_text()?.to_owned(), canonical(item)?)))
                .collect::<Option<Vec<_>>>()?;
            pairs.sort_by_key(|(key, _)| (key.len(), key.clone()));
            let twice = pairs.windows(2).any(|pair| pair[0].0 == pair[1].0);
            (!twice).then(|| Raw::Map(pairs.into_iter().map(|(key, item)| (Raw::Text(key), item)).collect()))
        }
        _ => None,
    }
}

fn is_same(own: &Value<'_>, raw: &Raw) -> bool {
    match (own, raw) {
        (Value::Uint(own), Raw::Integer(raw)) => u64::try_from(*raw) == Ok(*own),
        (Value::Bytes(own), Raw::Bytes(raw)) => own.as_ref() == raw.as_slice(),
        (Value::Text(own), Raw::Text(raw)) => own == raw,
        (Value::Bool(own), Raw::Bool(raw)) => own == raw,
        (Value::Array(own), Raw::Array(raw)) => {
            own.len() == raw.len() && own.iter().zip(raw).all(|(own, raw)| is_same(own, raw))
        }
        (Value::Map(own), Raw::Map(raw)) => {
            let mut pairs = own.iter().zip(raw);
            own.iter().count() == raw.len()
                && pairs.all(|((key, own), (name, raw))| name.as_text() == Some(key) && is_same(own, raw))
        }
        _ => false,
    }
}

fn agree(bytes: &[u8]) {
    match (cbor::decode(bytes), by_ciborium(bytes)) {
        (Ok(own), Some(raw)) => {
            assert!(is_same(&own, &raw), "{}: {own:?} and {raw:?}", hex::encode(bytes));
            assert_eq!(cbor::encode(&own), bytes);
        }
        (Err(_), None) => {}
        (own, raw) => panic!("{}: {own:?} and {raw:?}", hex::encode(bytes)),
    }
}

#[test]
fn both_read_every_item_of_two_bytes_alike() {
    agree(&[]);
    for first in 0..=u8::MAX {
        agree(&[first]);
        for second in 0..=u8::MAX {
            agree(&[first, second]);
        }
    }
}

/// Bytes of which many are heads of short items, in every width, so that most strings of them nearly are an item.
fn byte() -> impl Strategy<Value = u8> {
    let heads = [0x00, 0x17, 0x18, 0x19, 0x1a, 0x20, 0x40, 0x41, 0x58, 0x60, 0x61, 0x62, 0x78, 0x80, 0x81, 0x82, 0x98];
    let others = [0xa0, 0xa1, 0xa2, 0xb8, 0xc0, 0xf4, 0xf5, 0xf6, 0xf8, 0xf9, 0xff, 0x9f, 0x7f, 0xc3, 0xa9];
    prop_oneof![prop::sample::select(heads.to_vec()), prop::sample::select(others.to_vec()), any::<u8>()]
}

/// Items that are canonical but for what a later step does to them.
fn item() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::Uint),
        (0..300_u64).prop_map(Value::Uint),
        any::<bool>().prop_map(Value::Bool),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::bytes),
        ".{0,12}".prop_map(Value::text),
    ];
    let tree = leaf.prop_recursive(4, 24, 6, |inner| {
        let keys = ["a", "b", "c", "aa", "at", "by", "act", "é", ""];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(keys.to_vec()), inner), 0..5)
                .prop_map(|pairs| Value::Map(pairs.into_iter().collect())),
        ]
    });
    tree.prop_map(|value| cbor::encode(&value))
}

/// Encodes a value as somebody could who keeps to no canonical form: with heads as wide as `widths` says, from the shortest on, and
/// keys in the order in which they come.
fn loosely(raw: &Raw, widths: &mut impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    let mut head = |major: u8, number: u64, out: &mut Vec<u8>| {
        let least = [24, 1 << 8, 1 << 16, 1 << 32].iter().filter(|bound| **bound <= number).count();
        let width = least.max(usize::from(widths.next().unwrap_or_default()));
        match width {
            0 => out.push(major << 5 | u8::try_from(number).unwrap()),
            1 => out.extend([major << 5 | 0x18, u8::try_from(number).unwrap()]),
            2 => out.extend([&[major << 5 | 0x19][..], &u16::try_from(number).unwrap().to_be_bytes()].concat()),
            3 => out.extend([&[major << 5 | 0x1a][..], &u32::try_from(number).unwrap().to_be_bytes()].concat()),
            _ => out.extend([&[major << 5 | 0x1b][..], &number.to_be_bytes()].concat()),
        }
    };
    match raw {
        Raw::Integer(number) => head(0, u64::try_from(*number).unwrap(), out),
        Raw::Bytes(bytes) => {
            head(2, bytes.len() as u64, out);
            out.extend(bytes);
        }
        Raw::Text(text) => {
            head(3, text.len() as u64, out);
            out.extend(text.as_bytes());
        }
        Raw::Array(items) => {
            head(4, items.len() as u64, out);
            for item in items {
                loosely(item, widths, out);
            }
        }
        Raw::Map(pairs) => {
            head(5, pairs.len() as u64, out);
            for (key, item) in pairs {
                loosely(key, widths, out);
                loosely(item, widths, out);
            }
        }
        Raw::Bool(truth) => out.push(if *truth { 0xf5 } else { 0xf4 }),
        other => panic!("not of the data model: {other:?}"),
    }
}

/// The same value with the pairs of its maps turned by so many places.
fn turned(raw: &Raw, places: usize) -> Raw {
    match raw {
        Raw::Array(items) => Raw::Array(items.iter().map(|item| turned(item, places)).collect()),
        Raw::Map(pairs) => {
            let mut pairs: Vec<_> = pairs.iter().map(|(key, item)| (key.clone(), turned(item, places))).collect();
            let by = places % pairs.len().max(1);
            pairs.rotate_left(by);
            Raw::Map(pairs)
        }
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn both_read_strings_of_heads_alike(bytes in prop::collection::vec(byte(), 0..10)) {
        agree(&bytes);
    }

    #[test]
    fn both_refuse_wide_heads_and_unordered_keys(
        bytes in item(),
        widths in prop::collection::vec(prop_oneof![9 => Just(0_u8), 1 => 1..5_u8], 12),
        places in prop_oneof![2 => Just(0_usize), 1 => 1..4_usize],
    ) {
        let raw: Raw = ciborium::from_reader(bytes.as_slice()).unwrap();
        let mut loose = Vec::new();
        loosely(&turned(&raw, places), &mut widths.into_iter().cycle(), &mut loose);
        agree(&loose);
    }

    #[test]
    fn both_read_items_and_their_neighbours_alike(bytes in item(), at in any::<usize>(), put in byte()) {
        agree(&bytes);
        prop_assert!(cbor::decode(&bytes).is_ok());
        let mut near = bytes.clone();
        let at = at % near.len();
        near[at] = put;
        agree(&near);
        near = bytes.clone();
        near.insert(at, put);
        agree(&near);
        near = bytes.clone();
        near.remove(at);
        agree(&near);
        agree(&bytes[..at]);
    }
}
