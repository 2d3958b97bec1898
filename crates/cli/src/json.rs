//! Acts as JSON: the same fields as in CBOR, with ids in hexadecimal and times in RFC 3339.
//!
//! The kinds of core's table of fields drive both directions; no act is known here by name.

use rollcall_core::act::Act;
use rollcall_core::cbor::{Map as CborMap, Value as Cbor};
use rollcall_core::effect::Effect;
use rollcall_core::field::{FieldSpec, Kind};
use rollcall_core::key::SigningKey;
use rollcall_core::time::Timestamp;
use serde_json::{Map, Value, json};

/// Reads a JSON object that names each key once: of two values for one key, a reader could believe either.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(Value::Object(object))) => Ok(object),
        Ok(_) => Err("the line is not a JSON object".to_owned()),
        Err(error) => Err(format!("the line is not JSON: {error}")),
    }
}

/// A JSON value without duplicate keys.
struct Strict(Value);

impl<'de> serde::Deserialize<'de> for Strict {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> serde::de::Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(json!(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(json!(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(json!(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(json!(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(json!(text))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Strict(value))) = pairs.next_entry::<String, Strict>()? {
            if object.contains_key(&key) {
                return Err(serde::de::Error::custom(format!("the key `{key}` occurs twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// A JSON value that does not fit its field.
#[derive(Debug)]
pub(crate) enum Misfit {
    /// The value is of another kind.
    Field(String),
    /// A reference `@label` names nothing that was accepted.
    Label(String),
}

impl Misfit {
    fn kind(name: &str, kind: Kind, got: &Value) -> Self {
        let shown: String = got.to_string().chars().take(80).collect();
        Self::Field(format!("the field `{name}` must be: {}, got: {shown}", kind.words()))
    }
}

/// Looks up what a `@label` stands for.
pub(crate) type Labels<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads the fields of an act from JSON.
pub(crate) fn read(
    specs: &[FieldSpec],
    object: &Map<String, Value>,
    labels: Labels<'_>,
) -> Result<CborMap<'static>, Misfit> {
    let mut map = CborMap::new();
    for (name, value) in object {
        let Some(spec) = specs.iter().find(|spec| spec.name == name) else {
            return Err(Misfit::Field(format!("the field `{name}` is not a field of this act")));
        };
        if !value.is_null() || spec.required {
            map.insert(spec.name, read_field(spec, value, labels)?);
        }
    }
    Ok(map)
}

fn read_field(spec: &FieldSpec, value: &Value, labels: Labels<'_>) -> Result<Cbor<'static>, Misfit> {
    let misfit = || Misfit::kind(spec.name, spec.kind, value);
    match spec.kind {
        Kind::Text | Kind::Handle | Kind::Unit | Kind::Name | Kind::Word(_) => {
            value.as_str().map(|text| Cbor::text(text.to_owned())).ok_or_else(misfit)
        }
        Kind::Key => value.as_str().and_then(key_bytes).map(Cbor::bytes).ok_or_else(misfit),
        Kind::Event | Kind::Digest => {
            let text = value.as_str().ok_or_else(misfit)?;
            let hex = match text.strip_prefix('@') {
                Some(label) => labels(label).ok_or_else(|| Misfit::Label(text.to_owned()))?,
                None => text.to_owned(),
            };
            let upper = hex.bytes().any(|b| b.is_ascii_uppercase());
            hex::decode(hex).ok().filter(|bytes| bytes.len() == 32 && !upper).map(Cbor::bytes).ok_or_else(misfit)
        }
        Kind::Time => {
            let time = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
            time.map(|time| Cbor::Uint(time.ms())).ok_or_else(misfit)
        }
        Kind::Count => value.as_u64().map(Cbor::Uint).ok_or_else(misfit),
        Kind::References if value.as_str().is_some() => {
            value.as_str().map(|text| Cbor::text(text.to_owned())).ok_or_else(misfit)
        }
        Kind::Texts | Kind::Notes | Kind::Handles | Kind::References => {
            read_list(value, Kind::Text, labels).ok_or_else(misfit)
        }
        Kind::Events => read_list(value, Kind::Event, labels).ok_or_else(misfit),
        Kind::Keys => read_list(value, Kind::Key, labels).ok_or_else(misfit),
        Kind::Effect => {
            let mut object = value.as_object().cloned().ok_or_else(misfit)?;
            let kind = object.remove("kind").ok_or_else(misfit)?;
            let kind = kind.as_str().ok_or_else(misfit)?;
            let effect = Effect::SPECS.iter().find(|effect| effect.name == kind);
            let effect = effect.ok_or_else(|| Misfit::Field(format!("unknown effect kind: `{kind}`")))?;
            let mut map = read(effect.fields, &object, labels)?;
            map.insert("kind", Cbor::text(effect.name));
            Ok(Cbor::Map(map))
        }
    }
}

/// A public key: hexadecimal digits, an OpenSSH line, or `test:HANDLE`, the published key of a handle in a rehearsal.
fn key_bytes(text: &str) -> Option<Vec<u8>> {
    if let Some(handle) = text.strip_prefix("test:") {
        let key = SigningKey::rehearsal(&handle.parse().ok()?).public().ok()?;
        return Some(key.encode());
    }
    Some(crate::keys::public(text).ok()?.encode())
}

fn read_list(value: &Value, kind: Kind, labels: Labels<'_>) -> Option<Cbor<'static>> {
    let spec = FieldSpec { name: "item", kind, required: true, doc: "" };
    let items = value.as_array()?.iter().map(|item| read_field(&spec, item, labels).ok());
    items.collect::<Option<Vec<_>>>().map(Cbor::Array)
}

/// Writes an act's own fields as JSON. The field `event` of an act is written `refers_to`, since `event` is the entry's.
pub(crate) fn act_fields(act: &Act) -> Map<String, Value> {
    let specs = Act::SPECS.iter().find(|spec| spec.name == act.tag()).map_or(&[][..], |spec| spec.fields);
    let mut fields = write(specs, &act.to_map());
    if let Some(event) = fields.remove("event") {
        fields.insert("refers_to".to_owned(), event);
    }
    fields
}

fn write(specs: &[FieldSpec], map: &CborMap<'_>) -> Map<String, Value> {
    let fields = map.iter().filter_map(|(key, value)| {
        let spec = specs.iter().find(|spec| spec.name == key)?;
        Some((key.to_owned(), write_field(spec.kind, value)))
    });
    fields.collect()
}

fn write_field(kind: Kind, value: &Cbor<'_>) -> Value {
    match value {
        Cbor::Uint(ms) if kind == Kind::Time => {
            Timestamp::from_ms(*ms).map_or(json!(ms), |time| json!(time.to_string()))
        }
        Cbor::Uint(number) => json!(number),
        Cbor::Bytes(bytes) => json!(hex::encode(bytes)),
        Cbor::Text(text) => json!(text),
        Cbor::Bool(truth) => json!(truth),
        Cbor::Array(items) => items.iter().map(|item| write_field(Kind::Text, item)).collect(),
        Cbor::Map(map) => {
            let tag = map.get("kind");
            let name = if let Some(Cbor::Text(name)) = tag { name.as_ref() } else { "" };
            let specs = Effect::SPECS.iter().find(|spec| spec.name == name).map_or(&[][..], |spec| spec.fields);
            let mut object = Map::from_iter([("kind".to_owned(), json!(name))]);
            object.extend(write(specs, map));
            Value::Object(object)
        }
    }
}
