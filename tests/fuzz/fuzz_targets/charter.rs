//! Compiling a charter never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_core::charter::Charter;

fuzz_target!(|text: &str| {
    let _ = Charter::compile(text);
});
