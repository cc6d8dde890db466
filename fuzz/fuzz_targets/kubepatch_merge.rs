//! libFuzzer's input to a target: any two objects, merged. What must hold lies in `pillion-fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pillion_fuzzing::targets::patches::merge(bytes));
