//! Over random valid pods: patch and outcome agree, a second injection changes nothing, unknown fields stay in their
//! places, the same bytes get the same patch. The path has no parameters: their variables are put at the end of the
//! environment at every injection, as in Istio, behind what the passes after them added the first time.

use pillion_govalue::{Value, json, parse};
use pillion_kubepatch::{apply, write_patch};

use crate::{pods, sets};
use pillion_chance::Rng;

#[test]
fn valid_pods_keep_their_promises() {
    let sets = sets::all();
    let mut rng = Rng::new(2);
    let mut refused = 0;
    for round in 0..600 {
        let text = pods::random(&mut rng, sets::NAMES[round % 3]).to_string();
        let set = &sets[round % 3];
        let pod = parse(text.as_bytes()).unwrap();
        let outcome = match sets::injected(set, pod.clone(), "/inject") {
            Ok(outcome) => outcome,
            Err(e) => {
                assert!(e.to_string().contains("sidecar"), "{e}: {text}");
                refused += 1;
                continue;
            }
        };
        let applied = apply(&pod, &outcome.patch).unwrap();
        assert!(applied == outcome.pod, "the patch makes another pod of {text}");
        unknown_fields_stay(&pod, &outcome.pod);

        let again = sets::injected(set, parse(text.as_bytes()).unwrap(), "/inject").unwrap();
        assert_eq!(write_patch(&again.patch), write_patch(&outcome.patch), "{text}");

        let written = json::to_string(&outcome.pod, json::PLAIN);
        let second = sets::injected(set, parse(written.as_bytes()).unwrap(), "/inject");
        let second = second.unwrap_or_else(|e| panic!("the second injection is refused: {e}: {text}"));
        assert_eq!(write_patch(&second.patch), "[]", "set {}: {text}", round % 3);
    }
    // Merged metrics need a port that can be scraped, and the like.
    assert!(refused < 200, "{refused} refused");
}

#[test]
fn the_profile_takes_no_annotations_away() {
    let [profile, ..] = sets::all();
    let pod = r#"{"metadata":{"annotations":{"prometheus.io/port":"15090","a":"b",
        "prometheus.istio.io/merge-metrics":"true",
        "kubectl.kubernetes.io/default-container":"app"}},"spec":{"containers":[{"name":"app"}]}}"#;
    let pod = parse(pod.as_bytes()).unwrap();
    let outcome = sets::injected(&profile, pod.clone(), "/inject").unwrap();
    for (key, value) in pod.at(&["metadata", "annotations"]).and_then(Value::as_map).unwrap().iter() {
        assert_eq!(outcome.pod.at(&["metadata", "annotations", key.as_str()]), Some(value));
    }
}

fn unknown_fields_stay(before: &Value<'_>, after: &Value<'_>) {
    for path in [&["unknownTop"][..], &["metadata", "unknownMeta"], &["spec", "unknownSpec"], &["status"]] {
        assert_eq!(before.at(path), after.at(path));
    }
    for list in ["containers", "initContainers"] {
        let Some(Value::List(items)) = before.at(&["spec", list]) else { continue };
        for item in items.iter().filter(|item| item.get("unknownContainer").is_some()) {
            let name = item.get("name").and_then(Value::as_str);
            let Some(Value::List(now)) = after.at(&["spec", list]) else { panic!("{list} is gone") };
            let same = now.iter().find(|c| c.get("name").and_then(Value::as_str) == name).unwrap();
            assert_eq!(same.get("unknownContainer"), item.get("unknownContainer"));
        }
    }
}
