//! For any two trees the patch applies, and makes the one out of the other: by our applier and by another.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, json, parse};
use proptest::prelude::*;

use crate::{apply, diff, write_patch};

fn scalar() -> BoxedStrategy<Value<'static>> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(Value::Int),
        (-2_i32..3).prop_map(|i| Value::Float(f64::from(i) / 2.0)),
        "[ab/~é\"]{0,3}".prop_map(Value::from),
    ]
    .boxed()
}

fn tree() -> BoxedStrategy<Value<'static>> {
    scalar()
        .prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::list),
                prop::collection::vec(("[ab/~]{0,2}", inner), 0..5)
                    .prop_map(|entries| Value::map(entries.into_iter().collect::<Map<'_>>())),
            ]
        })
        .boxed()
}

/// Items with a name out of few, so that two lists share some, some change, and some occur twice.
fn named(value: BoxedStrategy<Value<'static>>) -> BoxedStrategy<Value<'static>> {
    prop::collection::vec((prop::option::weighted(0.95, "[a-h]"), value), 0..9)
        .prop_map(|items| {
            let item = |(name, value): (Option<String>, Value<'static>)| {
                let name = name.map(|n| ("name", Value::from(n)));
                Value::map(name.into_iter().chain([("x", value)]).collect())
            };
            Value::list(items.into_iter().map(item).collect())
        })
        .boxed()
}

fn pod() -> BoxedStrategy<Value<'static>> {
    let words = || {
        prop::collection::vec("[a-f]", 0..9)
            .prop_map(|w| Value::list(w.into_iter().map(Value::from).collect()))
    };
    let container = (named(scalar()), words(), tree()).prop_map(|(env, args, other)| {
        Value::map([("env", env), ("args", args), ("other", other)].into_iter().collect())
    });
    (named(container.boxed()), named(scalar()), words(), tree())
        .prop_map(|(containers, volumes, words, other)| {
            let members =
                [("containers", containers), ("volumes", volumes), ("words", words), ("tolerations", other)];
            let spec = Value::map(members.into_iter().filter(|(_, v)| !v.is_null()).collect());
            Value::map([("spec", spec)].into_iter().collect())
        })
        .boxed()
}

/// The shape of a value must be the same too: a number that stayed may keep its spelling.
fn check(before: &Value<'static>, after: &Value<'static>) -> Result<(), TestCaseError> {
    let ops = diff(before, after, KNOWN.pod);
    let ours = apply(before, &ops).map_err(|e| TestCaseError::fail(format!("{e}: {}", write_patch(&ops))))?;
    prop_assert_eq!(&ours, after, "{}", write_patch(&ops));
    prop_assert!(before != after || ops.is_empty());

    let patch: json_patch::Patch = serde_json::from_str(&write_patch(&ops)).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&json::to_string(before, json::PLAIN)).unwrap();
    json_patch::patch(&mut other, &patch).map_err(|e| TestCaseError::fail(e.to_string()))?;
    let other = other.to_string();
    prop_assert_eq!(&parse(other.as_bytes()).unwrap(), after);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_patch_of_any_two_trees_applies(before in tree(), after in tree()) {
        check(&before, &after)?;
    }

    #[test]
    fn a_patch_of_any_two_pods_applies(before in pod(), after in pod()) {
        check(&before, &after)?;
    }

    #[test]
    fn a_list_in_any_other_order_needs_moves_only(
        (before, after) in prop::collection::vec("[a-z]{3}", 0..16).prop_flat_map(|words| {
            (Just(words.clone()), Just(words).prop_shuffle())
        })
    ) {
        let list = |words: &[String]| Value::list(words.iter().map(|w| Value::from(w.clone())).collect());
        let (before, after) = (list(&before), list(&after));
        check(&before, &after)?;
        let ops = diff(&before, &after, KNOWN.list_string);
        prop_assert!(ops.iter().all(|op| matches!(op, crate::Op::Move { .. })), "{}", write_patch(&ops));
    }
}
