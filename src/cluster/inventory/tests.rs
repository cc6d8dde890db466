//! Pods of each state.

use super::*;
use pillion_core::config::{Cluster, Settings, Source, Sources};
use pillion_core::explain::explain;

fn snapshot(image: &str) -> Snapshot {
    let config = format!(
        "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n      - name: \
         istio-proxy\n        image: {image}\n        env: [{{name: A, valueFrom: {{fieldRef: {{fieldPath: \
         metadata.name}}}}}}]\n        resources: {{limits: {{cpu: 2000m, memory: 1024Mi}}}}\n        \
         readinessProbe: {{initialDelaySeconds: 0, periodSeconds: 15, httpGet: {{port: 1}}}}\n      volumes:\n      - name: info\n        downwardAPI: {{items: [{{path: a, fieldRef: \
         {{fieldPath: metadata.labels}}}}]}}\n"
    );
    let sources = Sources {
        injector: Source { name: "config", text: &config },
        values: Source { name: "values", text: "{}" },
        mesh: None,
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap().snapshot
}

fn calls(asks: Asks) -> Calls {
    Calls { asks, why: "why".to_owned(), entries: Vec::new() }
}

/// A webhook that takes the pod, was made then, and fails so.
fn taker(since: i64, failure_policy: &str) -> EntrySeen {
    EntrySeen {
        configuration: "c".to_owned(),
        webhook: "w".to_owned(),
        owner: crate::cluster::injectors::Owner::Pillion,
        revision: "default".to_owned(),
        tag: None,
        failure_policy: failure_policy.to_owned(),
        reaches_us: true,
        path: "/inject".to_owned(),
        since: Some(since),
        asks: Asks::Yes,
        checks: Vec::new(),
    }
}

fn pod(text: &str) -> Value<'static> {
    parse(text.as_bytes()).unwrap().into_owned()
}

const PLAIN: &str = r#"{"metadata":{"name":"web-1","namespace":"shop","uid":"u","ownerReferences":[{"controller":true,
    "kind":"StatefulSet","name":"web","apiVersion":"apps/v1","uid":"o"}]},
    "spec":{"nodeName":"n","containers":[{"name":"web","image":"b"}]},"status":{"phase":"Running"}}"#;

/// The pod injected, and stored by an API server: it fills in defaults, writes quantities in one way, and no zeros.
fn injected(snapshot: &Snapshot) -> Value<'static> {
    let request =
        Request { pod: as_sent(&pod(PLAIN)).pod, namespace: "shop", path: "/inject", owner: None, now: None };
    let done = explain(snapshot, &request).pod;
    let text = pillion_govalue::json::to_string(&done, pillion_govalue::json::PLAIN);
    let stored = [
        (r#""fieldPath":"#, r#""apiVersion":"v1","fieldPath":"#),
        (r#""2000m""#, r#""2""#),
        (r#""1024Mi""#, r#""1Gi""#),
        (r#""initialDelaySeconds":0,"#, ""),
    ];
    pod(&stored.iter().fold(text, |text, (sent, stored)| {
        assert!(text.contains(sent), "{sent}: {text}");
        text.replace(sent, stored)
    }))
}

#[test]
fn each_pod_is_in_the_state_that_it_is_in() {
    let (old, new) = (snapshot("example.org/proxy:1"), snapshot("example.org/proxy:2"));
    let plain = pod(PLAIN);
    let opted_out = pod(&PLAIN.replace(r#""uid":"u""#, r#""labels":{"sidecar.istio.io/inject":"false"}"#));
    for (pod, asks, snapshot, state, why) in [
        (injected(&old), Asks::Yes, &old, State::Injected, "injected"),
        (injected(&old), Asks::Yes, &new, State::Stale, "injected"),
        (injected(&old), Asks::No, &old, State::Extra, "not_asked"),
        (plain.clone(), Asks::Yes, &old, State::Missing, "selected_later"),
        (plain.clone(), Asks::No, &old, State::Left, "not_asked"),
        (plain, Asks::Unknown, &old, State::Unknown, "why"),
        (opted_out, Asks::Yes, &old, State::Left, "label_opt_out"),
    ] {
        let seen = judge(&as_sent(&pod), &calls(asks), snapshot, 0);
        assert_eq!((seen.state, &*seen.why), (state, why), "{:?}", seen.changes);
        assert_eq!(seen.keeper, ("StatefulSet".to_owned(), "web".to_owned()));
    }
}

#[test]
fn what_would_change_is_told_in_words_and_defaults_are_no_change() {
    let (old, new) = (snapshot("example.org/proxy:1"), snapshot("example.org/proxy:2"));
    let seen = judge(&as_sent(&injected(&old)), &calls(Asks::Yes), &new, 0);
    assert_eq!(seen.changes, ["replace spec.containers[istio-proxy].image"]);
    assert_eq!((&*seen.revision, seen.native), ("default", false));
}

#[test]
fn why_a_sidecar_is_missing_is_told_by_the_webhooks_that_take_the_pod_now() {
    let snapshot = snapshot("example.org/proxy:1");
    let created = PLAIN.replace(r#""uid":"u""#, r#""uid":"u","creationTimestamp":"1970-01-01T00:01:40Z""#);
    let sent = as_sent(&pod(&created));
    assert_eq!(sent.created, Some(100));
    assert!(sent.pod.at(&["metadata", "creationTimestamp"]).is_none());
    for (takers, gap) in [
        (vec![taker(101, "Fail")], Gap::BeforeWebhook),
        (vec![taker(100, "Fail")], Gap::SelectedLater),
        (vec![taker(101, "Ignore"), taker(50, "Fail")], Gap::FailsOpen),
        (vec![taker(50, "Ignore")], Gap::FailsOpen),
        (vec![], Gap::SelectedLater),
    ] {
        let seen = judge(&sent, &Calls { entries: takers, ..calls(Asks::Yes) }, &snapshot, 0);
        assert_eq!((seen.state, seen.gap, &*seen.why), (State::Missing, Some(gap), gap.code()));
    }
}
