//! Where YAML is read otherwise than in Go on purpose: what docs/compatibility.md tells.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use pillion_goyaml::{parse, to_yaml};

#[test]
fn a_second_byte_order_mark_is_text() {
    assert!(parse("\u{feff}a: 1\n").unwrap().get("a").is_some());
    assert!(parse("\u{feff}\u{feff}a: 1\n").is_ok_and(|v| v.get("a").is_none()));
}

#[test]
fn keys_whose_order_goes_in_circles_are_written_all_the_same() {
    let value = parse("{a0: 1, a00: 1, a1: 1, a01: 1, a10: 1, a010: 1, a100: 1, a: 1}").unwrap();
    let text = to_yaml(&value).unwrap();
    assert_eq!(text, to_yaml(&value).unwrap());
    assert_eq!(parse(&text).unwrap().as_map().unwrap().len(), 8);
}
