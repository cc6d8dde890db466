//! libFuzzer's input to a target: the name of an annotation and its value. What must hold lies in `pillion-fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pillion_fuzzing::targets::settings::annotations(bytes));
