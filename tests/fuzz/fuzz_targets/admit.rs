//! Admission never panics and a refusal leaves no trace. Inputs are payloads; header fields that no random input would
//! hit (ledger, seen head, times) are made to fit, so that the rules behind them are reached.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rollcall_core::event::{Payload, SignedEvent};
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::Ledger;

/// A ledger in the middle of its life: the corpus file `ledger.bin` holds its entries, each after its length.
static LEDGER: LazyLock<Ledger> = LazyLock::new(|| {
    let mut ledger = Ledger::default();
    let mut rest: &[u8] = include_bytes!("../ledger.bin");
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (entry, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        ledger.replay(entry).expect("the corpus ledger replays");
        rest = tail;
    }
    ledger
});

fuzz_target!(|bytes: &[u8]| {
    let mut ledger = LEDGER.clone();
    let before = ledger.state().digest();
    let Some((minutes, bytes)) = bytes.split_first() else { return };
    let Ok(mut payload) = Payload::decode(bytes) else { return };
    let at = ledger.state().last_at().plus_ms(u64::from(*minutes) * 60_000);
    let fitting = ledger.header(&payload.header.by, &payload.act, at);
    payload.header = fitting;
    let Ok(bytes) = payload.encode() else { return };
    let key = SigningKey::rehearsal(&payload.header.by);
    let Ok(event) = SignedEvent::sign(bytes, &key) else { return };
    match ledger.admit(event, at) {
        Ok(_) => assert_ne!(ledger.state().digest(), before),
        Err(_) => assert_eq!(ledger.state().digest(), before),
    }
});
