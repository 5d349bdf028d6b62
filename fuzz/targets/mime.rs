#![no_main]

mod reads;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reads::mime(bytes));
