#![no_main]

libfuzzer_sys::fuzz_target!(
    init: sijill_fuzz::write_seeds("election_record"),
    |data: &[u8]| sijill_fuzz::election_record(data)
);
