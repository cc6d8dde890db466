//! Pods of each state.

use super::*;
use pillion_core::config::{Cluster, Settings, Source, Sources};

fn snapshot(image: &str) -> Snapshot {
    let config = format!(
        "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n      - name: \
         istio-proxy\n        image: {image}\n        env: [{{name: A, valueFrom: {{fieldRef: {{fieldPath: \
         metadata.name}}}}}}]\n      volumes:\n      - name: info\n        downwardAPI: {{items: [{{path: a, fieldRef: \
         {{fieldPath: metadata.labels}}}}]}}\n"
    );
    let sources = Sources {
        injector: Source { name: "config", text: &config },
        values: Source { name: "values", text: "{}" },
        mesh: None,
        shared_mesh: None,
        proxy_configs: Vec::new(),
    };
    Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap().snapshot
}

fn calls(asks: Asks) -> Calls {
    Calls { asks, why: "why".to_owned(), entries: Vec::new() }
}

fn pod(text: &str) -> Value<'static> {
    parse(text.as_bytes()).unwrap().into_owned()
}

const PLAIN: &str = r#"{"metadata":{"name":"web-1","namespace":"shop","uid":"u","ownerReferences":[{"controller":true,
    "kind":"StatefulSet","name":"web","apiVersion":"apps/v1","uid":"o"}]},
    "spec":{"nodeName":"n","containers":[{"name":"web","image":"b"}]},"status":{"phase":"Running"}}"#;

/// The pod injected, and stored by an API server, which fills in defaults.
fn injected(snapshot: &Snapshot) -> Value<'static> {
    let request =
        Request { pod: as_sent(&pod(PLAIN)), namespace: "shop", path: "/inject", owner: None, now: None };
    let done = explain(snapshot, &request).pod;
    let text = pillion_govalue::json::to_string(&done, pillion_govalue::json::PLAIN);
    pod(&text.replace(r#""fieldPath":"#, r#""apiVersion":"v1","fieldPath":"#))
}

#[test]
fn each_pod_is_in_the_state_that_it_is_in() {
    let (old, new) = (snapshot("example.org/proxy:1"), snapshot("example.org/proxy:2"));
    let plain = as_sent(&pod(PLAIN));
    let opted_out = pod(&PLAIN.replace(r#""uid":"u""#, r#""labels":{"sidecar.istio.io/inject":"false"}"#));
    for (pod, asks, snapshot, state, why) in [
        (injected(&old), Asks::Yes, &old, State::Injected, "injected"),
        (injected(&old), Asks::Yes, &new, State::Stale, "injected"),
        (injected(&old), Asks::No, &old, State::Extra, "not_asked"),
        (plain.clone(), Asks::Yes, &old, State::Missing, "injected"),
        (plain.clone(), Asks::No, &old, State::Left, "not_asked"),
        (plain, Asks::Unknown, &old, State::Unknown, "why"),
        (as_sent(&opted_out), Asks::Yes, &old, State::Left, "label_opt_out"),
    ] {
        let seen = judge(&pod, &calls(asks), snapshot, 0);
        assert_eq!((seen.state, &*seen.why), (state, why), "{:?}", seen.changes);
        assert_eq!(seen.keeper, ("StatefulSet".to_owned(), "web".to_owned()));
    }
}

#[test]
fn what_would_change_is_told_in_words_and_defaults_are_no_change() {
    let (old, new) = (snapshot("example.org/proxy:1"), snapshot("example.org/proxy:2"));
    let seen = judge(&injected(&old), &calls(Asks::Yes), &new, 0);
    assert_eq!(seen.changes, ["replace spec.containers[istio-proxy].image"]);
    assert_eq!((&*seen.revision, seen.native), ("default", false));
}
