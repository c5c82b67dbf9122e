#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("rule_pack"),
    |data: &[u8]| sijill_fuzz::rule_pack(data)
);
