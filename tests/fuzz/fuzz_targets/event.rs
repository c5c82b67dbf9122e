#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("event"),
    |data: &[u8]| sijill_fuzz::event(data)
);
