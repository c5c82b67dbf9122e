#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("trust_file"),
    |data: &[u8]| sijill_fuzz::trust_file(data)
);
