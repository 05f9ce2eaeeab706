#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| manyfetch_engine::fuzzing::proxies(data));
