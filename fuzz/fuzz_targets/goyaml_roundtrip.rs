//! libFuzzer's input to a target: any bytes as YAML, written and read again. What must hold lies in `pillion-fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pillion_fuzzing::targets::yaml::roundtrip(bytes));
