//! Acts that are entered together: verified each by itself, judged in rounds until none gets on, made durable with one sync. Only then is
//! anybody told, which is for others to do: `append` writes files, `serve` answers requests. Nothing is read, written or signed here.

use std::path::Path;

use rollcall_core::digest::EventId;
use rollcall_core::event::{Keyring, Payload, SignatureError, SignedEvent, Verified};
use rollcall_core::ledger::AdmitError;
use rollcall_core::refusal::{Reason, Refusal};
use rollcall_core::time::Timestamp;
use serde_json::{Value, json};

use crate::advice;
use crate::failure::{Failure, refused};
use crate::session::Session;

/// An act to enter, where it came from, and what became of it.
#[derive(Debug)]
pub(crate) struct Item<Place> {
    pub(crate) place: Place,
    pub(crate) event: SignedEvent,
    verified: Result<Verified, SignatureError>,
    pub(crate) became: Option<Became>,
}

/// What became of an act.
#[derive(Debug)]
pub(crate) enum Became {
    Accepted { entry: u64 },
    AlreadyThere { entry: u64 },
    Refused(AdmitError),
}

impl<Place> Item<Place> {
    /// An act, of which nothing has become yet. Its signature is verified here: that needs no ledger.
    pub(crate) fn new(place: Place, event: SignedEvent) -> Self {
        let verified = event.clone().verify(&mut Keyring::default());
        Self { place, event, verified, became: None }
    }

    /// What is wrong with its signature.
    pub(crate) fn unsigned(&self) -> Option<AdmitError> {
        self.verified.as_ref().err().copied().map(AdmitError::Signature)
    }

    /// When it was written, if its author is to be believed.
    pub(crate) fn written(&self) -> Timestamp {
        Payload::decode(self.event.payload()).map(|payload| payload.header.at).unwrap_or_default()
    }

    /// Its place in the log now.
    pub(crate) fn entry(&self) -> Option<u64> {
        match self.became {
            Some(Became::Accepted { entry } | Became::AlreadyThere { entry }) => Some(entry),
            Some(Became::Refused(_)) | None => None,
        }
    }

    fn judge(&self, session: &mut Session, at: Timestamp) -> Result<Became, Failure> {
        let verified = match &self.verified {
            Ok(verified) => verified.clone(),
            Err(error) => return Ok(Became::Refused(AdmitError::Signature(*error))),
        };
        Ok(match session.admit_verified(verified, at)? {
            Ok(admission) => Became::Accepted { entry: admission.index },
            Err(AdmitError::Refused(refusal)) => match refusal.reason.as_ref() {
                Reason::AlreadyThere { entry, .. } => Became::AlreadyThere { entry: *entry },
                _ => Became::Refused(AdmitError::Refused(refusal)),
            },
            Err(error) => Became::Refused(error),
        })
    }
}

/// Admits what can be admitted, in rounds, until a round gets nothing on: a refusal is the last word. Nothing of it is durable yet.
pub(crate) fn admit<Place>(session: &mut Session, items: &mut [Item<Place>], at: Timestamp) -> Result<(), Failure> {
    loop {
        let mut progress = false;
        for item in items.iter_mut().filter(|item| item.entry().is_none()) {
            let became = item.judge(session, at)?;
            progress |= matches!(became, Became::Accepted { .. });
            item.became = Some(became);
        }
        if !progress {
            return Ok(());
        }
    }
}

/// The entries of what is in the log now.
pub(crate) fn entries<Place>(items: &[Item<Place>]) -> Vec<u64> {
    items.iter().filter_map(Item::entry).collect()
}

/// A refusal as JSON, with how to go on; see [`advice::naming`] for the ledger.
pub(crate) fn refusal(error: &AdmitError, ledger: Option<&Path>) -> Value {
    let AdmitError::Refused(refusal) = error else {
        let (code, what) = (error.code(), error.to_string());
        return json!({"outcome": "refused", "code": code, "clause": "format/signature", "facts": {}, "what": what});
    };
    let mut told = refused(refusal);
    if let Some(object) = told.as_object_mut() {
        object.insert("hint".to_owned(), json!(way_on(refusal, ledger)));
    }
    told
}

/// The same in words.
pub(crate) fn refusal_in_words(id: &EventId, error: &AdmitError, ledger: Option<&Path>) -> String {
    let AdmitError::Refused(refusal) = error else {
        let (code, what) = (error.code(), error.to_string());
        let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
        return format!("refused, {what}{cause} ({code})\n  event {id}\n");
    };
    let mut text = format!("refused, {} ({}, {})\n  event {id}\n", refusal.reason, refusal.rule, refusal.reason.code());
    let hint = way_on(refusal, ledger);
    if !hint.is_empty() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    text
}

fn way_on(refusal: &Refusal, ledger: Option<&Path>) -> String {
    let stale = matches!(
        refusal.reason.as_ref(),
        Reason::Lapsed { .. } | Reason::SeenRootDiffers { .. } | Reason::SeenBeyond { .. } | Reason::VoteClosed { .. }
    );
    let way =
        if stale { "the world has moved on; draft it anew: rollcall draft --help" } else { refusal.reason.hint() };
    advice::naming(way, ledger)
}
