//! What a draft or a signed event says, in words of English and Chinese, before anybody's key is touched.
//!
//! Every field of the payload is shown, and nothing that is not in it; a ledger at hand only adds what the events are that
//! it refers to.

use rollcall_core::act::Act;
use rollcall_core::digest::EventId;
use rollcall_core::event::{Header, Keyring, Payload, SignedEvent};
use rollcall_core::state::State;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::{chinese, json as form, keys, papers};

/// One line: a name in English and Chinese, and its value.
struct Row {
    english: String,
    chinese: &'static str,
    value: String,
}

/// Everything there is to see of one act.
pub(crate) struct Inspection {
    event: EventId,
    payload: Payload,
    fields: Map<String, Value>,
    rows: Vec<Row>,
    signature: Option<Value>,
    verifies: Option<bool>,
}

impl Inspection {
    /// Of a payload that nobody has signed.
    pub(crate) fn of_draft(payload: &Payload, bytes: &[u8], state: Option<&State>) -> Self {
        Self::new(payload.clone(), EventId::of_payload(bytes), state)
    }

    /// Of a signed event; its signature is verified.
    pub(crate) fn of_event(event: &SignedEvent, state: Option<&State>) -> Result<Self, Failure> {
        let payload = Payload::decode(event.payload())
            .map_err(|error| Failure::input("the event's payload is no act").caused_by(&error))?;
        let mut inspection = Self::new(payload, event.id(), state);
        let key = rollcall_core::key::PublicKey::decode(event.key_bytes());
        let fingerprint = key.map_or_else(|error| error.to_string(), |key| keys::fingerprint(&key));
        let verifies = event.clone().verify(&mut Keyring::default()).is_ok();
        inspection.signature = Some(json!({"fingerprint": fingerprint, "verifies": verifies}));
        inspection.verifies = Some(verifies);
        let word = if verifies { "verifies" } else { "DOES NOT VERIFY" };
        inspection.rows.push(Row {
            english: "signature".to_owned(),
            chinese: "签名",
            value: format!("{word}, by {fingerprint}"),
        });
        Ok(inspection)
    }

    fn new(payload: Payload, event: EventId, state: Option<&State>) -> Self {
        let fields = form::act_fields(&payload.act);
        let mut rows = Vec::new();
        for (name, value) in &fields {
            flatten(name, value, state, &mut rows);
        }
        let Header { ledger, by, at, not_after, seen, missing } = &payload.header;
        let own = state.and_then(State::founding).map(|founding| founding.ledger);
        let ledger = match (ledger, own) {
            (Some(ledger), Some(own)) if *ledger == own => format!("{ledger} (the one at hand)"),
            (Some(ledger), Some(_)) => format!("{ledger} (NOT the one at hand)"),
            (Some(ledger), None) => ledger.to_string(),
            (None, _) => "a new one".to_owned(),
        };
        let seen = format!("{} entries, root {}", seen.size, seen.root);
        let missing = missing.iter().map(|event| ("missing", event.to_string()));
        let header = [
            ("by", by.to_string()),
            ("ledger", ledger),
            ("at", at.to_string()),
            ("not_after", not_after.to_string()),
            ("seen", seen),
        ];
        for (name, value) in header.into_iter().chain(missing) {
            let english = if name == "at" { "written at".to_owned() } else { name.replace('_', " ") };
            rows.push(Row { english, chinese: chinese::field(name).unwrap_or_default(), value });
        }
        rows.push(Row { english: "event id".to_owned(), chinese: "事件编号", value: event.to_string() });
        Self { event, payload, fields, rows, signature: None, verifies: None }
    }

    /// Whether the signature verifies; none where there is no signature.
    pub(crate) const fn verifies(&self) -> Option<bool> {
        self.verifies
    }

    fn sentences(&self) -> (String, String) {
        let tag = self.payload.act.tag();
        let english = chinese::english_act(tag).unwrap_or(tag).to_owned();
        let chinese = chinese::act(tag).unwrap_or_default().to_owned();
        let Act::Move(act) = &self.payload.act else { return (english, chinese) };
        let would = rollcall_core::decide::basis::words(&act.effect);
        let effect = chinese::effect(act.effect.tag()).unwrap_or_default();
        (format!("{english} If it passes: {would}."), format!("{chinese}{effect}"))
    }

    pub(crate) fn json(&self) -> Value {
        let (english, chinese) = self.sentences();
        json!({
            "event": self.event.to_string(),
            "act": self.payload.act.tag(),
            "by": self.payload.header.by,
            "english": english,
            "chinese": chinese,
            "fields": self.fields,
            "rows": self.rows.iter().map(|row| json!({"name": row.english, "chinese": row.chinese, "value": row.value})).collect::<Value>(),
            "signature": self.signature,
        })
    }

    pub(crate) fn text(&self) -> String {
        let (english, chinese) = self.sentences();
        let mut text = format!("{english}\n{chinese}\n\n");
        for Row { english, chinese, value } in &self.rows {
            // Whoever wrote a value must not be able to write lines of this output.
            let value = value.replace('\n', " ⏎ ").replace('\t', " ");
            text.push_str(&format!("  {english} {chinese}: {value}\n"));
        }
        text
    }

    /// The same as a page that needs nothing but a browser.
    pub(crate) fn html(&self) -> String {
        let (english, chinese) = self.sentences();
        let escape = papers::escape;
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let (name, value) = (escape(&row.english), escape(&row.value).replace('\n', "<br>"));
                format!("<tr><th>{name}<br>{}</th><td>{value}</td></tr>", escape(row.chinese))
            })
            .collect();
        let body = format!(
            "<p><strong>{}</strong></p>\n<p lang=\"zh\"><strong>{}</strong></p>\n<table>\n{}\n</table>\n",
            escape(&english),
            escape(&chinese),
            rows.join("\n")
        );
        papers::frame(&format!("{} by {}", self.payload.act.tag(), self.payload.header.by), &body)
    }
}

/// A field, or the fields of an effect, a line each.
fn flatten(name: &str, value: &Value, state: Option<&State>, rows: &mut Vec<Row>) {
    let english = name.replace('_', " ");
    let chinese = chinese::field(if name == "refers_to" { "event" } else { name }).unwrap_or_default();
    match value {
        Value::Object(object) => {
            for (inner, value) in object {
                flatten(inner, value, state, rows);
            }
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| plain(item, state)).collect::<Vec<_>>().join("\n");
            rows.push(Row { english, chinese, value: items });
        }
        other => rows.push(Row { english, chinese, value: plain(other, state) }),
    }
}

fn plain(value: &Value, state: Option<&State>) -> String {
    let Value::String(text) = value else { return value.to_string() };
    if let Some(chinese) = chinese::word(text) {
        return format!("{text} {chinese}");
    }
    let known = text.parse::<EventId>().ok().zip(state);
    match known.and_then(|(event, state)| described(state, &event)) {
        Some(what) => format!("{text}: {what}"),
        None => text.clone(),
    }
}

/// What an event is that another one refers to.
fn described(state: &State, event: &EventId) -> Option<String> {
    let motions = state.motions();
    let title = |id: &EventId| motions.get(id).map(|motion| format!("“{}” in {}", motion.title.as_str(), motion.unit));
    if let Some(title) = title(event) {
        return Some(format!("the motion {title}"));
    }
    if let Some(vote) = motions.vote(event) {
        return Some(format!("the vote on {}, open until {}", title(&vote.motion)?, vote.closes));
    }
    if let Some((vote, person)) = motions.ballot(event) {
        return Some(format!("a ballot of {person} on {}", title(&motions.vote(&vote)?.motion)?));
    }
    if let Some(meeting) = state.meetings().get(event) {
        return Some(format!("the meeting of {} on {}", meeting.terms.unit, meeting.terms.starts));
    }
    if let Some(nomination) = state.proposals().nomination(event) {
        let (person, role, unit) = (&nomination.person, &nomination.role, &nomination.unit);
        return Some(format!("the candidacy of {person} for {role} in {unit}"));
    }
    if let Some(offer) = state.keys().offer(event) {
        return Some(format!("the key {} offered as {}'s", keys::fingerprint(&offer.key), offer.person()));
    }
    state.entry_of(event).map(|entry| format!("entry {entry}"))
}
