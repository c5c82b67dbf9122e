#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("short_texts"),
    |data: &[u8]| sijill_fuzz::short_texts(data)
);
