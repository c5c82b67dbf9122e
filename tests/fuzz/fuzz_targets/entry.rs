#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("entry"),
    |data: &[u8]| sijill_fuzz::entry(data)
);
