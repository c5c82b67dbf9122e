#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("tally"),
    |data: &[u8]| sijill_fuzz::tally(data)
);
