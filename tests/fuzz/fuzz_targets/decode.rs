//! Decoding never panics, and what decodes encodes back to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_core::entry::Entry;
use rollcall_core::event::{Payload, SignedEvent};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
    }
    if let Ok(event) = SignedEvent::decode(bytes) {
        assert_eq!(event.encode(), bytes);
    }
    if let Ok(payload) = Payload::decode(bytes) {
        assert_eq!(payload.encode().as_deref(), Ok(bytes));
    }
});
