//! Manifests that are hurt: an error with its document and line, or a text that is read as before where nothing was
//! injected.

use std::cell::Cell;

use pillion_core::manifest;
use serde_json::json;

use crate::{hurt, pods, sets};
use pillion_chance::Rng;

const TEXT: &str = "# head\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      - name: app\n        image: x\n        args: [\"a\", 'b']\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n  metadata: {name: c}\n  spec:\n    jobTemplate:\n      spec:\n        template:\n          spec:\n            containers: [{name: j, image: y}]\n- kind: ConfigMap\n  data: {a: b}\n---\nkind: Service\n";

#[test]
fn torn_manifests_are_errors_with_a_line_or_results() {
    let set = &sets::all()[1];
    let mut rng = Rng::new(4);
    let (injected, errors) = (Cell::new(0), Cell::new(0));
    let each = |text: &str| {
        let done = manifest::inject("f.yaml", text, |doc| {
            sets::injected(set, doc.pod.clone(), "/inject").map(|outcome| Some(outcome.pod.into_owned()))
        });
        match done {
            Ok(done) => {
                injected.set(injected.get() + done.documents.iter().filter(|d| d.after.is_some()).count())
            }
            Err(error) => {
                assert!(error.to_string().contains("f.yaml"), "{error}");
                assert!(error.document >= 1 && error.line >= 1);
                errors.set(errors.get() + 1);
            }
        }
    };
    for _ in 0..800 {
        each(&hurt::torn(TEXT, &mut rng));
    }
    for _ in 0..300 {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
            "spec": {"template": pods::random(&mut rng, sets::NAMES[1])}});
        each(&hurt::randomly(&object, &mut rng, 400));
    }
    for text in [
        "",
        "---",
        "---\n---\n",
        "\u{feff}",
        "%YAML 9.9\n---\na",
        "kind: List\nitems: 5",
        "kind: Pod\nspec: 5",
        "kind: List\nitems: [5, null, {kind: Pod}]",
        "kind: [Pod]",
        "kind: Deployment\nspec: {template: null}",
        "\u{0}",
    ] {
        each(text);
    }
    each(&("kind: List\nitems:\n".to_owned() + &"- kind: List\n  items: []\n".repeat(500)));
    each(&"---\nkind: Service\n".repeat(3_000));
    assert!(injected.get() > 100 && errors.get() > 100, "{} {}", injected.get(), errors.get());
}
