#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("verify_jurisdiction"),
    |data: &[u8]| sijill_fuzz::verify_jurisdiction(data)
);
