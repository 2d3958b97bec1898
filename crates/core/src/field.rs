//! Typed fields of acts: how each type is written in CBOR, what it refuses, and what it is called in documents.
//!
//! An act's fields are decoded here and nowhere else; a payload with a field that its act does not have is refused.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use unicode_properties::GeneralCategory::{Format, LineSeparator, ParagraphSeparator};
use unicode_properties::UnicodeGeneralCategory;

use crate::cbor::{Map, Value};
use crate::digest::{Digest, EventId};
use crate::key::{KeyError, PublicKey};
use crate::limits::{CHARTER_PART_BYTES_MAX, LIST_ITEMS_MAX, TEXT_BYTES_MAX};
use crate::name::{Handle, Name, NameError, UnitId};
use crate::time::Timestamp;

/// What a field holds, for documents and for the translation to and from JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Free text.
    Text,
    /// A person's handle.
    Handle,
    /// A unit id.
    Unit,
    /// A name that the charter declares.
    Name,
    /// An event id: 32 bytes, in JSON 64 hexadecimal digits.
    Event,
    /// A digest: 32 bytes, in JSON 64 hexadecimal digits.
    Digest,
    /// A public key: 32 bytes and a security key's application, in JSON hexadecimal digits.
    Key,
    /// An instant: Unix milliseconds, in JSON RFC 3339.
    Time,
    /// An unsigned integer.
    Count,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of texts, or the word `none`.
    References,
    /// A list of texts of the form `name: words`.
    Notes,
    /// A list of handles.
    Handles,
    /// A list of event ids.
    Events,
    /// A list of public keys.
    Keys,
    /// What a motion would do: a map with `kind` and that kind's fields.
    Effect,
}

impl Kind {
    /// The kind in words, as documents and error messages print it.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Handle => "handle".into(),
            Self::Unit => "unit id".into(),
            Self::Name => "name".into(),
            Self::Event => "event id".into(),
            Self::Digest => "digest".into(),
            Self::Key => "public key".into(),
            Self::Time => "time".into(),
            Self::Count => "unsigned integer".into(),
            Self::Word(words) => words.join(" | "),
            Self::Texts => "list of texts".into(),
            Self::References => "list of texts, or `none`".into(),
            Self::Notes => "list of texts `name: words`".into(),
            Self::Handles => "list of handles".into(),
            Self::Events => "list of event ids".into(),
            Self::Keys => "list of public keys".into(),
            Self::Effect => "effect".into(),
        }
    }
}

/// Name, kind and meaning of one field of an act or effect.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// The field's key in the payload.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether the act is refused without it.
    pub required: bool,
    /// What it means, one sentence.
    pub doc: &'static str,
}

/// Name, fields and meaning of one act or effect.
#[derive(Clone, Copy, Debug)]
pub struct RecordSpec {
    /// The wire tag.
    pub name: &'static str,
    /// Its fields, in the order of documents.
    pub fields: &'static [FieldSpec],
    /// What it means.
    pub doc: &'static str,
}

/// Why a field does not hold what its act says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// The act needs the field.
    #[error("is missing")]
    Missing,
    /// The act has no such field.
    #[error("is not a field of this act")]
    Unknown,
    /// A value of another kind.
    #[error("must be: {0}")]
    WrongKind(String),
    /// A name that cannot be.
    #[error("is not usable: {0}")]
    Name(NameError),
    /// A key that the strict rule refuses.
    #[error("is not an admissible key: {0}")]
    Key(KeyError),
    /// Text longer than allowed.
    #[error("has more bytes than allowed, limit: {0}")]
    TooLong(u64),
    /// A list longer than allowed.
    #[error("has more items than allowed, limit: {0}")]
    TooMany(u64),
    /// Text with a control character, or one that reorders what is shown.
    #[error("holds the control character U+{0:04X}")]
    Control(u32),
}

/// Why an act's fields cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// No act has this name.
    #[error("unknown act: `{0}`")]
    UnknownAct(String),
    /// No effect has this name.
    #[error("unknown effect kind: `{0}`")]
    UnknownEffect(String),
    /// A field is at fault.
    #[error("the field `{field}` {fault}")]
    Field {
        /// The field's name.
        field: String,
        /// What is wrong with it.
        fault: FieldFault,
    },
}

/// A type that a field of an act can have.
pub trait Field: Sized {
    /// What the field holds.
    const KIND: Kind;
    /// Whether an act must carry it.
    const REQUIRED: bool = true;

    /// The canonical value, or `None` where an optional field is absent.
    fn to_value(&self) -> Option<Value<'_>>;

    /// Reads the field.
    ///
    /// # Errors
    /// [`FieldFault`] says what the value breaks.
    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault>;

    /// Adds the events that the field refers to.
    fn references(&self, _out: &mut Vec<EventId>) {}
}

fn wrong(kind: Kind) -> FieldFault {
    FieldFault::WrongKind(kind.words())
}

fn text_of(value: Option<Value<'_>>, kind: Kind) -> Result<Cow<'_, str>, FieldFault> {
    match value.ok_or(FieldFault::Missing)? {
        Value::Text(text) => Ok(text),
        Value::Uint(_) | Value::Bytes(_) | Value::Array(_) | Value::Map(_) | Value::Bool(_) => Err(wrong(kind)),
    }
}

fn bytes_of(value: Option<Value<'_>>, kind: Kind) -> Result<[u8; 32], FieldFault> {
    match value.ok_or(FieldFault::Missing)? {
        Value::Bytes(bytes) => bytes.as_ref().try_into().map_err(|_| wrong(kind)),
        Value::Uint(_) | Value::Text(_) | Value::Array(_) | Value::Map(_) | Value::Bool(_) => Err(wrong(kind)),
    }
}

fn bounded(text: &str, limit: u64) -> Result<String, FieldFault> {
    if limit < u64::try_from(text.len()).unwrap_or(u64::MAX) {
        return Err(FieldFault::TooLong(limit));
    }
    // Most text is ASCII, of which only controls hide anything.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return Ok(text.to_owned());
    }
    // What cannot be seen, or turns the direction of what can, could make a signed text read as another one. The two
    // joiners are kept: scripts need them.
    let joiner = |c: &char| matches!(c, '\u{200c}' | '\u{200d}');
    let hides = |c: &char| matches!(c.general_category(), Format | LineSeparator | ParagraphSeparator) && !joiner(c);
    match text.chars().find(|c| hides(c) || c.is_control() && !matches!(c, '\n' | '\t')) {
        Some(c) => Err(FieldFault::Control(u32::from(c))),
        None => Ok(text.to_owned()),
    }
}

/// Free text of at most [`TEXT_BYTES_MAX`] bytes without control characters other than newline and tab.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(#[serde(deserialize_with = "bounded_text")] String);

fn bounded_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    bounded(&String::deserialize(deserializer)?, TEXT_BYTES_MAX).map_err(serde::de::Error::custom)
}

fn bounded_part<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    bounded(&String::deserialize(deserializer)?, CHARTER_PART_BYTES_MAX).map_err(serde::de::Error::custom)
}

impl Text {
    /// Admits text.
    ///
    /// # Errors
    /// [`FieldFault`] for text that is too long or holds a control character.
    pub fn new(text: &str) -> Result<Self, FieldFault> {
        bounded(text, TEXT_BYTES_MAX).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name with words about it, written `name: words`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// What the words are about.
    pub name: Name,
    /// The words; never empty.
    pub words: Text,
}

impl Field for Note {
    const KIND: Kind = Kind::Text;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::text(format!("{}: {}", self.name, self.words.as_str())))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        let text = Text::from_value(value)?;
        let fault = || wrong(Kind::Notes);
        let (name, words) = text.as_str().split_once(": ").ok_or_else(fault)?;
        if words.is_empty() || words != words.trim() {
            return Err(fault());
        }
        Ok(Self { name: name.parse().map_err(FieldFault::Name)?, words: Text(words.to_owned()) })
    }
}

/// One part of a charter document: at most [`CHARTER_PART_BYTES_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CharterText(#[serde(deserialize_with = "bounded_part")] String);

impl CharterText {
    /// Admits a part.
    ///
    /// # Errors
    /// [`FieldFault`] for a part that is too long or holds a control character.
    pub fn new(text: &str) -> Result<Self, FieldFault> {
        bounded(text, CHARTER_PART_BYTES_MAX).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// References of a meeting's notice: a list, or an explicit `none`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum References {
    /// The notice says that there are none.
    None,
    /// Texts, usually links.
    List(Vec<Text>),
}

impl Field for Text {
    const KIND: Kind = Kind::Text;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::text(&self.0))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        bounded(&text_of(value, Self::KIND)?, TEXT_BYTES_MAX).map(Self)
    }
}

impl Field for CharterText {
    const KIND: Kind = Kind::Text;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::text(&self.0))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        bounded(&text_of(value, Self::KIND)?, CHARTER_PART_BYTES_MAX).map(Self)
    }
}

macro_rules! name_fields {
    ($($Type:ty => $kind:expr),*) => { $(
        impl Field for $Type {
            const KIND: Kind = $kind;

            fn to_value(&self) -> Option<Value<'_>> {
                Some(Value::text(self.as_str()))
            }

            fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
                text_of(value, Self::KIND)?.parse().map_err(FieldFault::Name)
            }
        }
    )* };
}

name_fields!(Handle => Kind::Handle, UnitId => Kind::Unit, Name => Kind::Name);

impl Field for EventId {
    const KIND: Kind = Kind::Event;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::bytes(&self.as_bytes()[..]))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        bytes_of(value, Self::KIND).map(Self::from_bytes)
    }

    fn references(&self, out: &mut Vec<EventId>) {
        out.push(*self);
    }
}

impl Field for Digest {
    const KIND: Kind = Kind::Digest;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::bytes(&self.as_bytes()[..]))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        bytes_of(value, Self::KIND).map(Self::from_bytes)
    }
}

impl Field for PublicKey {
    const KIND: Kind = Kind::Key;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::bytes(self.encode()))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        let Value::Bytes(bytes) = value.ok_or(FieldFault::Missing)? else { return Err(wrong(Self::KIND)) };
        Self::decode(&bytes).map_err(FieldFault::Key)
    }
}

impl Field for u64 {
    const KIND: Kind = Kind::Count;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::Uint(*self))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        match value.ok_or(FieldFault::Missing)? {
            Value::Uint(number) => Ok(number),
            Value::Text(_) | Value::Bytes(_) | Value::Array(_) | Value::Map(_) | Value::Bool(_) => {
                Err(wrong(Self::KIND))
            }
        }
    }
}

impl Field for Timestamp {
    const KIND: Kind = Kind::Time;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::Uint(self.ms()))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        let value = value.ok_or(FieldFault::Missing)?;
        let ms = u64::from_value(Some(value)).map_err(|_| wrong(Self::KIND))?;
        Self::from_ms(ms).map_err(|_| wrong(Self::KIND))
    }
}

impl<T: Field> Field for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;

    fn to_value(&self) -> Option<Value<'_>> {
        self.as_ref().and_then(T::to_value)
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        value.map(|value| T::from_value(Some(value))).transpose()
    }

    fn references(&self, out: &mut Vec<EventId>) {
        if let Some(field) = self {
            field.references(out);
        }
    }
}

fn list_of<T: Field>(value: Option<Value<'_>>, kind: Kind) -> Result<Vec<T>, FieldFault> {
    match value.ok_or(FieldFault::Missing)? {
        Value::Array(items) if LIST_ITEMS_MAX < u64::try_from(items.len()).unwrap_or(u64::MAX) => {
            Err(FieldFault::TooMany(LIST_ITEMS_MAX))
        }
        Value::Array(items) => items.into_iter().map(|item| T::from_value(Some(item))).collect(),
        Value::Uint(_) | Value::Bytes(_) | Value::Text(_) | Value::Map(_) | Value::Bool(_) => Err(wrong(kind)),
    }
}

macro_rules! list_fields {
    ($($Type:ty => $kind:expr),*) => { $(
        impl Field for Vec<$Type> {
            const KIND: Kind = $kind;

            fn to_value(&self) -> Option<Value<'_>> {
                Some(Value::Array(self.iter().filter_map(Field::to_value).collect()))
            }

            fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
                list_of(value, Self::KIND)
            }
        }
    )* };
}

list_fields!(Text => Kind::Texts, Note => Kind::Notes, Handle => Kind::Handles, PublicKey => Kind::Keys);

impl Field for Vec<EventId> {
    const KIND: Kind = Kind::Events;

    fn to_value(&self) -> Option<Value<'_>> {
        Some(Value::Array(self.iter().filter_map(Field::to_value).collect()))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        list_of(value, Self::KIND)
    }

    fn references(&self, out: &mut Vec<EventId>) {
        out.extend(self);
    }
}

impl Field for References {
    const KIND: Kind = Kind::References;

    fn to_value(&self) -> Option<Value<'_>> {
        match self {
            Self::None => Some(Value::text("none")),
            Self::List(texts) => texts.to_value(),
        }
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        match value {
            Some(Value::Text(word)) if word == "none" => Ok(Self::None),
            other => list_of(other, Self::KIND).map(Self::List),
        }
    }
}

/// Takes the fields of one act out of a payload's map.
#[derive(Debug)]
pub struct Fields<'a>(Map<'a>);

impl<'a> Fields<'a> {
    /// The fields of `map`.
    #[must_use]
    pub const fn new(map: Map<'a>) -> Self {
        Self(map)
    }

    /// Takes one field.
    ///
    /// # Errors
    /// [`ActError::Field`] names the field and its fault.
    pub fn take<T: Field>(&mut self, name: &str) -> Result<T, ActError> {
        T::from_value(self.0.remove(name)).map_err(|fault| ActError::Field { field: name.to_owned(), fault })
    }

    /// What nobody has taken.
    #[must_use]
    pub fn rest(self) -> Map<'a> {
        self.0
    }

    /// Ends the reading: a field that nobody took is not one of the act's.
    ///
    /// # Errors
    /// [`FieldFault::Unknown`] names the first such field.
    pub fn finish(self) -> Result<(), ActError> {
        match self.0.keys().next() {
            Some(key) => Err(ActError::Field { field: key.to_owned(), fault: FieldFault::Unknown }),
            None => Ok(()),
        }
    }
}

/// Declares an enumeration of words as a field type.
macro_rules! words {
    ($(#[doc = $doc:literal])+ $Name:ident { $( $(#[doc = $vdoc:literal])+ $Variant:ident = $word:literal ),* $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $Name { $( $(#[doc = $vdoc])+ #[serde(rename = $word)] $Variant, )* }

        impl $Name {
            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$Variant => $word, )* }
            }

            /// The value of a word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $( $word => Some(Self::$Variant), )* _ => None }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::field::Field for $Name {
            const KIND: $crate::field::Kind = $crate::field::Kind::Word(&[$($word),*]);

            fn to_value(&self) -> Option<$crate::cbor::Value<'_>> {
                Some($crate::cbor::Value::text(self.as_str()))
            }

            fn from_value(value: Option<$crate::cbor::Value<'_>>) -> Result<Self, $crate::field::FieldFault> {
                let fault = || $crate::field::FieldFault::WrongKind(Self::KIND.words());
                match value.ok_or($crate::field::FieldFault::Missing)? {
                    $crate::cbor::Value::Text(word) => Self::from_word(&word).ok_or_else(fault),
                    $crate::cbor::Value::Uint(_)
                    | $crate::cbor::Value::Bytes(_)
                    | $crate::cbor::Value::Array(_)
                    | $crate::cbor::Value::Map(_)
                    | $crate::cbor::Value::Bool(_) => Err(fault()),
                }
            }
        }
    };
}

/// Declares a family of tagged records: one struct each, the enum over them, and the table of their wire tags.
macro_rules! records {
    (
        $(#[doc = $edoc:literal])+ enum $Enum:ident unknown $unknown:ident;
        $( $(#[doc = $doc:literal])+ $Name:ident = $tag:literal { $( $(#[doc = $fdoc:literal])+ $field:ident: $ty:ty, )* } )*
    ) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
            pub struct $Name { $( $(#[doc = $fdoc])+ pub $field: $ty, )* }
        )*

        $(#[doc = $edoc])+
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $Enum { $( $(#[doc = $doc])+ #[serde(rename = $tag)] $Name($Name), )* }

        impl $Enum {
            /// The one table of wire tags and their fields.
            pub const SPECS: &'static [$crate::field::RecordSpec] = &[$(
                $crate::field::RecordSpec {
                    name: $tag,
                    doc: concat!($($doc),+),
                    fields: &[$(
                        $crate::field::FieldSpec {
                            name: stringify!($field),
                            kind: <$ty as $crate::field::Field>::KIND,
                            required: <$ty as $crate::field::Field>::REQUIRED,
                            doc: concat!($($fdoc),+),
                        },
                    )*],
                },
            )*];

            /// The wire tag.
            #[must_use]
            pub const fn tag(&self) -> &'static str {
                match self { $( Self::$Name(_) => $tag, )* }
            }

            /// Writes the fields, without the tag.
            #[must_use]
            pub fn to_map(&self) -> $crate::cbor::Map<'_> {
                let mut map = $crate::cbor::Map::new();
                match self { $( Self::$Name($Name { $($field),* }) => {
                    let _ = &mut map;
                    $( if let Some(value) = $crate::field::Field::to_value($field) {
                        map.insert(stringify!($field), value);
                    } )*
                } )* }
                map
            }

            /// Reads the fields that belong to `tag`.
            ///
            /// # Errors
            /// [`ActError`](crate::field::ActError) names an unknown tag or the field at fault.
            pub fn from_map(tag: &str, map: $crate::cbor::Map<'_>) -> Result<Self, $crate::field::ActError> {
                let mut fields = $crate::field::Fields::new(map);
                let record = match tag {
                    $( $tag => Self::$Name($Name { $( $field: fields.take(stringify!($field))?, )* }), )*
                    unknown => return Err($crate::field::ActError::$unknown(unknown.chars().take(80).collect())),
                };
                fields.finish()?;
                Ok(record)
            }

            /// The events that the record refers to.
            #[must_use]
            pub fn references(&self) -> Vec<$crate::digest::EventId> {
                let mut out = Vec::new();
                match self { $( Self::$Name($Name { $($field),* }) => {
                    let _ = &mut out;
                    $( $crate::field::Field::references($field, &mut out); )*
                } )* }
                out
            }
        }
    };
}

pub(crate) use {records, words};
