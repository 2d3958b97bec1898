//! The forms in which an act travels: a payload to be signed, a signed event in binary, and a signed event armoured as text
//! that survives mail.
//!
//! Armour is base64 between two marker lines, with a checksum as its last line; what stands around it (a greeting, quote
//! marks, another line ending) does no harm, and what was damaged on the way is said to be damaged.

use rollcall_core::event::{Payload, SignedEvent};
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

const BEGIN: &str = "-----BEGIN ROLLCALL EVENT-----";
const END: &str = "-----END ROLLCALL EVENT-----";
const LINE_CHARS: usize = 64;

/// What a file carries.
#[derive(Debug)]
pub(crate) enum Carried {
    /// A payload that nobody has signed, with its bytes.
    Draft(Payload, Vec<u8>),
    /// Signed events, in the order in which they stand.
    Signed(Vec<SignedEvent>),
}

/// Armours a signed event.
pub(crate) fn armour(event: &SignedEvent) -> String {
    let bytes = event.encode();
    let base64 = data_encoding::BASE64.encode(&bytes);
    let mut text = format!("{BEGIN}\n");
    for line in base64.as_bytes().chunks(LINE_CHARS) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("={}\n{END}\n", checksum(&bytes)));
    text
}

/// The first four bytes of the SHA-256 of what is armoured: enough to tell damage, which is all that it is for.
fn checksum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes).first_chunk::<4>().copied().unwrap_or_default())
}

/// Reads whatever a file carries.
pub(crate) fn read(bytes: &[u8]) -> Result<Carried, Failure> {
    // What stands around armour may be in any encoding; armour itself is ASCII.
    let text = String::from_utf8_lossy(bytes);
    let announced = text.matches(BEGIN).count();
    if announced > 0 {
        let events = armoured(&text)?;
        if events.len() != announced {
            return Err(damaged("its first line does not stand alone"));
        }
        return Ok(Carried::Signed(events));
    }
    if let Ok(event) = SignedEvent::decode(bytes) {
        return Ok(Carried::Signed(vec![event]));
    }
    let payload = Payload::decode(bytes).map_err(|error| {
        Failure::input("this is neither a draft, nor a signed event, nor one armoured as text").caused_by(&error)
    })?;
    Ok(Carried::Draft(payload, bytes.to_vec()))
}

fn armoured(text: &str) -> Result<Vec<SignedEvent>, Failure> {
    let mut events = Vec::new();
    let mut block: Option<Vec<&str>> = None;
    for line in text.lines() {
        let line = line.trim_start_matches([' ', '\t', '>', '|', '\u{feff}', '\u{a0}']).trim_end();
        match (&mut block, line) {
            (None, BEGIN) => block = Some(Vec::new()),
            (Some(lines), END) => {
                events.push(unarmour(lines)?);
                block = None;
            }
            (Some(_), BEGIN) => return Err(damaged("a second one begins before it ends")),
            (Some(lines), line) if !line.is_empty() => lines.push(line),
            (Some(_) | None, _) => {}
        }
    }
    match block {
        Some(_) => Err(damaged("its end is missing")),
        None => Ok(events),
    }
}

fn unarmour(lines: &[&str]) -> Result<SignedEvent, Failure> {
    let (last, data) = lines.split_last().ok_or_else(|| damaged("it is empty"))?;
    let stated =
        last.strip_prefix('=').filter(|sum| sum.len() == 8).ok_or_else(|| damaged("its checksum is missing"))?;
    let bytes = data_encoding::BASE64.decode(data.concat().as_bytes()).map_err(|_| damaged("it is not base64"))?;
    if checksum(&bytes) != stated {
        return Err(damaged("its checksum differs"));
    }
    SignedEvent::decode(&bytes).map_err(|error| Failure::input("the armoured event cannot be read").caused_by(&error))
}

fn damaged(how: &str) -> Failure {
    Failure::input(format!("the armoured event was damaged on its way: {how}"))
        .hint("ask for it again, as an attachment")
}
