//! See `bodies/values.rs`.

#![no_main]

#[path = "../bodies/values.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::run(data));
