//! See `bodies/decoder.rs`.

#![no_main]

#[path = "../bodies/decoder.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::run(data));
