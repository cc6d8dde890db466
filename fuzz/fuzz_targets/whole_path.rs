//! libFuzzer's input to a target: a path and any bytes, answered as the webhook does. What must hold lies in `pillion-fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pillion_fuzzing::targets::reviews::whole_path(bytes));
