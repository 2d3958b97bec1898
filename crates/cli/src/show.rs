//! Records as JSON and as text, shared by the commands that show them.

mod meeting;
mod motion;

pub(crate) use self::meeting::{meeting, status};
pub(crate) use self::motion::motion;

use std::fmt::Write;

use rollcall_core::digest::EventId;
use rollcall_core::entry::Entry;
use rollcall_core::event::Payload;
use rollcall_core::explain::Explanation;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::json::act_fields;

/// The first digits of an id, enough for people.
pub(crate) fn short(id: &EventId) -> String {
    id.to_string().chars().take(12).collect()
}

/// One entry of the log as `log --json` shows it.
pub(crate) fn entry(index: u64, bytes: &[u8]) -> Result<Map<String, Value>, Failure> {
    let unreadable =
        |error: &dyn std::error::Error| Failure::input(format!("entry {index} cannot be read")).caused_by(error);
    let entry = Entry::decode(bytes).map_err(|error| unreadable(&error))?;
    let payload = Payload::decode(entry.event.payload()).map_err(|error| unreadable(&error))?;
    let mut object = Map::new();
    object.insert("entry".to_owned(), json!(index));
    object.insert("accepted_at".to_owned(), json!(entry.accepted_at.to_string()));
    object.insert("event".to_owned(), json!(entry.event.id().to_string()));
    object.insert("act".to_owned(), json!(payload.act.tag()));
    object.insert("by".to_owned(), json!(payload.header.by.as_str()));
    object.extend(act_fields(&payload.act));
    Ok(object)
}

/// One entry of the log on one line of text.
pub(crate) fn entry_line(object: &Map<String, Value>) -> String {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let index = object.get("entry").and_then(Value::as_u64).unwrap_or_default();
    let id: String = text("event").chars().take(12).collect();
    let header = ["entry", "accepted_at", "event", "act", "by"];
    let own = object.iter().filter(|(key, _)| !header.contains(&key.as_str()));
    let fields = own.map(|(key, value)| format!("{key}={}", brief(value))).collect::<Vec<_>>().join(" ");
    format!("{index:>6}  {}  {id}  {:<13} {:<12} {fields}", text("accepted_at"), text("act"), text("by"))
}

fn brief(value: &Value) -> String {
    let text = match value {
        Value::String(text) if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
            return text.chars().take(12).collect();
        }
        Value::String(text) if !text.contains([' ', '\n', '\t']) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() > 72 { text.chars().take(71).chain(['…']).collect() } else { text }
}

/// A tree of explanations, indented.
pub(crate) fn tree(explanation: &Explanation, depth: usize, out: &mut String) {
    let clause = explanation.clause.as_ref().map_or_else(String::new, |clause| format!("  [{clause}]"));
    let event = explanation.event.map_or_else(String::new, |event| format!("  {}", short(&event)));
    let _ = writeln!(out, "{:indent$}{}{clause}{event}", "", explanation.fact, indent = depth.saturating_mul(2));
    for reason in &explanation.because {
        tree(reason, depth.saturating_add(1), out);
    }
}

/// JSON as indented text for people: names and values, without braces.
pub(crate) fn outline(value: &Value, depth: usize, out: &mut String) {
    let indent = depth.saturating_mul(2);
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let label = key.replace('_', " ");
                match value {
                    Value::Null => {}
                    Value::Array(items) if items.is_empty() => {}
                    Value::Object(_) => {
                        let _ = writeln!(out, "{:indent$}{label}:", "");
                        outline(value, depth.saturating_add(1), out);
                    }
                    Value::Array(items) if items.iter().any(Value::is_object) => {
                        let _ = writeln!(out, "{:indent$}{label}:", "");
                        for item in items {
                            outline(item, depth.saturating_add(1), out);
                            out.push('\n');
                        }
                    }
                    other => {
                        let _ = writeln!(out, "{:indent$}{label}: {}", "", plain(other));
                    }
                }
            }
        }
        other => {
            let _ = writeln!(out, "{:indent$}{}", "", plain(other));
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        // Whoever wrote a text must not be able to write lines of this output.
        Value::String(text) => text.replace('\n', " ⏎ ").replace('\t', " "),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" | "),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}
