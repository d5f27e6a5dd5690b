#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| opencode_sessions::server::events::fuzzing::sse(bytes));
