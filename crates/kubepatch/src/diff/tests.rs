//! The patches that people see: as few steps as the change has, and nothing said about what did not change.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, parse};

use crate::{apply, clock, diff, write_patch};

fn patch(before: &str, after: &str) -> String {
    let (before, after) = (parse(before.as_bytes()).unwrap(), parse(after.as_bytes()).unwrap());
    let ops = diff(&before, &after, KNOWN.pod);
    assert_eq!(apply(&before, &ops).unwrap(), after);
    write_patch(&ops)
}

fn containers(before: &str, after: &str) -> String {
    let pod = |names: &str| {
        let items: Vec<String> = names.split_whitespace().map(|n| format!(r#"{{"name":"{n}"}}"#)).collect();
        format!(r#"{{"spec":{{"containers":[{}]}}}}"#, items.join(","))
    };
    patch(&pod(before), &pod(after))
}

#[test]
fn a_container_put_first_is_one_step() {
    assert_eq!(
        containers("app log", "istio-proxy app log"),
        r#"[{"op":"add","path":"/spec/containers/0","value":{"name":"istio-proxy"}}]"#,
    );
}

#[test]
fn a_container_in_another_place_is_moved() {
    assert_eq!(
        containers("app log istio-proxy", "istio-proxy app log"),
        r#"[{"op":"move","from":"/spec/containers/2","path":"/spec/containers/0"}]"#,
    );
    assert_eq!(
        containers("a b c d", "b c a d"),
        r#"[{"op":"move","from":"/spec/containers/0","path":"/spec/containers/2"}]"#,
    );
}

#[test]
fn a_changed_container_is_changed_in_place_and_not_said_again() {
    assert_eq!(
        patch(
            r#"{"spec":{"containers":[{"name":"a","ports":[{"containerPort":1}]},{"name":"b","x":{"/~":1}}]}}"#,
            r#"{"spec":{"containers":[{"name":"c"},{"name":"b","x":{"/~":2},"args":[]}]}}"#,
        ),
        r#"[{"op":"remove","path":"/spec/containers/0"},{"op":"add","path":"/spec/containers/0","value":{"name":"c"}},{"op":"replace","path":"/spec/containers/1/x/~1~0","value":2},{"op":"add","path":"/spec/containers/1/args","value":[]}]"#,
    );
}

#[test]
fn items_without_key_change_where_they_stand() {
    assert_eq!(
        patch(
            r#"{"spec":{"tolerations":[{"key":"a","value":"1"},{"key":"b"}],"words":["-u","1337","-g"]}}"#,
            r#"{"spec":{"tolerations":[{"key":"a","value":"2"},{"key":"b"}],"words":["-u","5","-g","x"]}}"#,
        ),
        r#"[{"op":"replace","path":"/spec/tolerations/0/value","value":"2"},{"op":"add","path":"/spec/words/3","value":"x"},{"op":"replace","path":"/spec/words/1","value":"5"}]"#,
    );
}

#[test]
fn a_null_member_is_set_by_add_and_an_equal_number_is_left() {
    assert_eq!(
        patch(
            r#"{"metadata":{"labels":null,"generation":1.0}}"#,
            r#"{"metadata":{"labels":{"a":"b"},"generation":1}}"#
        ),
        r#"[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]"#,
    );
}

#[test]
fn a_list_with_nothing_in_common_is_replaced() {
    assert_eq!(
        containers("a b", "c"),
        r#"[{"op":"replace","path":"/spec/containers","value":[{"name":"c"}]}]"#,
    );
    assert_eq!(patch(r#"{"spec":{"volumes":[]}}"#, r#"{"spec":{"volumes":[]}}"#), "[]");
}

/// Many entries in another order: the time grows as the entries do.
#[test]
fn long_lists_in_another_order_cost_linear_time() {
    let env = |names: Vec<usize>| {
        let item = |n| {
            let name = Value::from(format!("VARIABLE_{n}"));
            Value::map([("name", name), ("value", Value::from("x"))].into_iter().collect())
        };
        let wrap = |key: &'static str, value| Value::map([(key, value)].into_iter().collect::<Map<'_>>());
        let items = Value::list(names.into_iter().map(item).collect());
        wrap("spec", wrap("containers", Value::list(vec![wrap("env", items)])))
    };
    let time = |count: usize, stride: usize| {
        let before = env((0..count).collect());
        let after = env((0..count).map(|i| i * stride % count).collect());
        let start = clock::cpu();
        let ops = diff(&before, &after, KNOWN.pod);
        let took = clock::cpu() - start;
        if count < 2_000 {
            assert_eq!(apply(&before, &ops).unwrap(), after);
        }
        took
    };
    for stride in [1_499, 7, 1_001] {
        println!("1,500 env entries, every {stride}th: {:?}", time(1_500, stride));
    }
    let few = (0..5).map(|_| time(4_000, 1_999)).min().unwrap();
    let many = (0..3).map(|_| time(40_000, 19_999)).min().unwrap();
    println!("4,000 entries: {few:?}, 40,000 entries: {many:?}");
    assert!(many < few * 70, "{few:?} {many:?}");
}
