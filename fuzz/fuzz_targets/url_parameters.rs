//! libFuzzer's input to a target: the path of a URL. What must hold lies in `pillion-fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pillion_fuzzing::targets::settings::url_parameters(bytes));
