//! What users know of strategic merge, and what injection needs of it beyond apimachinery's answers (those are in
//! the corpus).

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, json, parse};

use super::{MergeFault, overlay, strategic_merge};
use crate::clock;

fn merged(original: &str, patch: &str) -> String {
    let (original, patch) = (parse(original.as_bytes()).unwrap(), parse(patch.as_bytes()).unwrap());
    json::to_string(&strategic_merge(&original, &patch, KNOWN.pod).unwrap(), json::PLAIN)
}

fn overlaid(original: &str, patch: &str) -> String {
    let (original, patch) = (parse(original.as_bytes()).unwrap(), parse(patch.as_bytes()).unwrap());
    json::to_string(&overlay(&original, &patch, KNOWN.pod).unwrap(), json::PLAIN)
}

#[test]
fn containers_merge_by_name_and_new_ones_stand_first() {
    assert_eq!(
        merged(
            r#"{"spec":{"containers":[{"name":"app","image":"a"},{"name":"log"}]}}"#,
            r#"{"spec":{"containers":[{"name":"istio-proxy"},{"name":"log","tty":true}]}}"#,
        ),
        r#"{"spec":{"containers":[{"name":"istio-proxy"},{"name":"app","image":"a"},{"name":"log","tty":true}]}}"#,
    );
}

#[test]
fn lists_without_merge_strategy_are_replaced_and_null_deletes() {
    assert_eq!(
        merged(
            r#"{"spec":{"hostname":"h","tolerations":[{"key":"a"}],"nodeSelector":{"a":"b","c":"d"}}}"#,
            r#"{"spec":{"hostname":null,"tolerations":[{"key":"b"}],"nodeSelector":{"a":null}}}"#,
        ),
        r#"{"spec":{"tolerations":[{"key":"b"}],"nodeSelector":{"c":"d"}}}"#,
    );
}

#[test]
fn a_map_of_many_keys_merges_as_one_of_few() {
    for others in [0, 100] {
        let labels = |text: &str| {
            let many: String = (0..others).map(|i| format!(r#","k{i}":"v""#)).collect();
            format!(r#"{{"metadata":{{"labels":{{{text}{many}}}}}}}"#)
        };
        let patch = labels(
            r#""b":null,"c":"3","$deleteFromPrimitiveList/d":"4","$deleteFromPrimitiveList/e":"5","n":null"#,
        );
        let got = merged(&labels(r#""a":"1","b":"2","c":"x","d":"x""#), &patch);
        assert_eq!(got, labels(r#""a":"1","c":"3","d":"4""#), "{others} others");
        let (original, patch) = (labels(r#""a":"1""#), labels(r#""$setElementOrder/a":[]"#));
        let parsed = (parse(original.as_bytes()).unwrap(), parse(patch.as_bytes()).unwrap());
        assert!(strategic_merge(&parsed.0, &parsed.1, KNOWN.pod).is_err());
    }
}

#[test]
fn an_overlay_keeps_the_users_unknown_fields_and_drops_its_own() {
    assert_eq!(
        overlaid(
            r#"{"spec":{"x":{"y":1},"containers":[{"name":"a","z":[1]}]}}"#,
            r#"{"spec":{"x":{"y":2},"w":1,"containers":[{"name":"a","z":[2],"tty":true},{"name":"b","z":1}]}}"#,
        ),
        r#"{"spec":{"x":{"y":1},"containers":[{"name":"a","z":[1],"tty":true},{"name":"b"}]}}"#,
    );
}

#[test]
fn a_null_item_of_the_original_is_an_empty_struct_without_a_name() {
    let merged = overlaid(
        r#"{"spec":{"containers":[null,{"name":"a"}]}}"#,
        r#"{"spec":{"containers":[{"name":"b"},{"name":"a","image":"i"}]}}"#,
    );
    assert!(merged.contains(r#"{"name":"a","image":"i"}"#) && merged.contains(r#"{"name":"b"}"#), "{merged}");
    assert!(merged.contains("null"), "{merged}");
}

#[test]
fn an_overlay_sees_null_and_empty_as_typed_json_has_them() {
    // A container without name has the empty one; an absent list takes items that lack the merge key.
    assert_eq!(
        overlaid(
            r#"{"spec":{"containers":[{"image":"i"}]}}"#,
            r#"{"spec":{"containers":[{"name":"","tty":true}]}}"#
        ),
        r#"{"spec":{"containers":[{"image":"i","name":"","tty":true}]}}"#,
    );
    assert_eq!(
        overlaid(r#"{"spec":{"volumes":[],"x":null}}"#, r#"{"spec":{"volumes":[{"emptyDir":{}}]}}"#),
        r#"{"spec":{"volumes":[{"emptyDir":{}}],"x":null}}"#,
    );
}

#[test]
fn what_an_overlay_does_not_touch_is_shared() {
    let original = parse(br#"{"spec":{"containers":[{"name":"a"}],"dnsConfig":{}}}"#).unwrap();
    let patch = parse(br#"{"spec":{"containers":[{"name":"b","tty":true}]}}"#).unwrap();
    let merged = overlay(&original, &patch, KNOWN.pod).unwrap();
    let container = |pod: &Value<'_>, at: usize| {
        let list = pod.at(&["spec", "containers"]).unwrap().as_list().unwrap();
        let Value::Map(map) = &list[at] else { panic!("{list:?}") };
        std::sync::Arc::as_ptr(map).addr()
    };
    assert_eq!(container(&original, 0), container(&merged, 1));
    assert_eq!(container(&patch, 0), container(&merged, 0));
    let untouched = |pod| Value::at(pod, &["spec", "dnsConfig"]).unwrap();
    assert!(untouched(&original).same_pointer(untouched(&merged)));
}

#[test]
fn errors_say_what_and_where() {
    let original = parse(br#"{"spec":{"containers":[{"name":"a","ports":[{"name":"p"}]}]}}"#).unwrap();
    let patch = parse(br#"{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80}]}]}}"#).unwrap();
    let error = strategic_merge(&original, &patch, KNOWN.pod).unwrap_err();
    assert_eq!(error.to_string(), "map: map[name:p] does not contain declared merge key: containerPort");
    assert_eq!(error.path(), "spec.containers[a].ports");
    assert!(matches!(error.fault(), MergeFault::NoMergeKey { key, .. } if key == "containerPort"));
    assert!(strategic_merge(&original, &Value::Bool(true), KNOWN.pod).is_err());
}

#[test]
fn items_that_an_overlay_names_by_null_lose_their_key_to_each_other() {
    let patch = |names: &str| format!(r#"{{"spec":{{"containers":[{names}]}}}}"#);
    let pod = parse(br#"{"spec":{"containers":[null,null]}}"#).unwrap();
    let over = |text: &str| overlay(&pod, &parse(text.as_bytes()).unwrap(), KNOWN.pod).map(|_| ());
    assert!(over(&patch(r#"{"name":null,"image":"a"}"#)).is_ok());
    let error = over(&patch(r#"{"name":null,"image":"a"},{"name":null,"image":"b"}"#)).unwrap_err();
    assert!(matches!(error.fault(), MergeFault::NoMergeKey { key, .. } if key == "name"), "{error}");
}

/// Many items and many keys cost what they weigh: ten times as much is far from a hundred times the time.
#[test]
fn large_lists_and_maps_merge_in_linear_time() {
    let pod = |count: usize, reverse: bool| {
        let mut names: Vec<String> = (0..count).map(|i| format!("VARIABLE_{i}")).collect();
        if reverse {
            names.reverse();
        }
        let env = names
            .iter()
            .map(|n| Value::map([("name", Value::from(n.clone()))].into_iter().collect::<Map<'_>>()));
        let labels = Map::from_unique(names.iter().map(|n| (n.clone().into(), Value::from("x"))).collect());
        let container =
            Map::from_unique(vec![("name".into(), "a".into()), ("env".into(), Value::list(env.collect()))]);
        let list = |v| Value::list(vec![v]);
        let spec = Map::from_unique(vec![("containers".into(), list(Value::map(container)))]);
        let metadata = Map::from_unique(vec![("labels".into(), Value::map(labels))]);
        Value::map(Map::from_unique(vec![("metadata".into(), metadata.into()), ("spec".into(), spec.into())]))
    };
    let time = |count: usize| {
        let (original, patch) = (pod(count, false), pod(count, true));
        let start = clock::cpu();
        let merged = overlay(&original, &patch, KNOWN.pod).unwrap();
        let env =
            merged.at(&["spec", "containers"]).unwrap().as_list().unwrap()[0].get("env").unwrap().clone();
        assert_eq!(
            env.as_list().unwrap()[0].get("name").unwrap().as_str(),
            Some(&*format!("VARIABLE_{}", count - 1))
        );
        clock::cpu() - start
    };
    let few = (0..5).map(|_| time(4_000)).min().unwrap();
    let many = (0..3).map(|_| time(40_000)).min().unwrap();
    println!("4,000 env entries and labels reversed: {few:?}; 40,000: {many:?}");
    assert!(many < few * 70, "{few:?} {many:?}");
}
