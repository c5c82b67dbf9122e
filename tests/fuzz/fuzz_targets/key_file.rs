#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("key_file"),
    |data: &[u8]| sijill_fuzz::key_file(data)
);
