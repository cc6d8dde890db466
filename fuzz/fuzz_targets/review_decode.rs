//! libFuzzer's input to a target: any bytes as an AdmissionReview. What must hold lies in `pillion-fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pillion_fuzzing::targets::reviews::decode(bytes));
