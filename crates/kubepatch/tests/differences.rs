//! Where merging and patching differ from istiod on purpose: what docs/compatibility.md tells, row by row.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use pillion_govalue::json::{PLAIN, to_string};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, parse};
use pillion_kubepatch::{Op, apply, diff, overlay};

fn value(text: &str) -> Value<'_> {
    parse(text.as_bytes()).unwrap()
}

#[test]
fn an_overlay_may_name_an_item_twice_and_leave_out_a_nested_merge_key() {
    let patch = r#"{"spec":{"containers":[
        {"name":"a","ports":[{"name":"web"}]}, {"name":"a","ports":[{"containerPort":1}]}]}}"#;
    let merged =
        overlay(&value(r#"{"spec":{"containers":[{"name":"b"}]}}"#), &value(patch), KNOWN.pod).unwrap();
    assert!(to_string(&merged, PLAIN).contains(r#""name":"a""#));
}

#[test]
fn an_overlay_may_order_containers_that_a_pod_does_not_have() {
    let patch = r#"{"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"a"}]}}"#;
    let merged = overlay(&value("{}"), &value(patch), KNOWN.pod).unwrap();
    assert_eq!(to_string(&merged, PLAIN), r#"{"spec":{"containers":[{"name":"a"}]}}"#);
}

#[test]
fn a_list_in_quite_another_order_is_replaced_whole() {
    let list = |order: &mut dyn Iterator<Item = usize>| {
        let items: Vec<String> = order.map(|n| format!(r#"{{"name":"c{n}"}}"#)).collect();
        format!(r#"{{"spec":{{"containers":[{}]}}}}"#, items.join(","))
    };
    let (before, after) = (list(&mut (0..400)), list(&mut (0..400).rev()));
    let ops = diff(&value(&before), &value(&after), KNOWN.pod);
    assert_eq!(apply(&value(&before), &ops).unwrap(), value(&after));
    assert!(matches!(&ops[..], [Op::Replace { .. }]), "{} steps", ops.len());
}

#[test]
fn a_container_that_moves_takes_its_unknown_fields_along() {
    let before = r#"{"spec":{"containers":[{"name":"a","unknown":1},{"name":"b"}]}}"#;
    let after = r#"{"spec":{"containers":[{"name":"b"},{"name":"a","unknown":1}]}}"#;
    let ops = diff(&value(before), &value(after), KNOWN.pod);
    assert!(matches!(&ops[..], [Op::Move { .. }]), "{ops:?}");
    assert_eq!(apply(&value(before), &ops).unwrap(), value(after));
}
