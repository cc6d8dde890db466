//! `pillion explain` beside what really happens: for each pod of a table that crosses labels of namespaces and pods,
//! annotations, revisions, the host's network, ignored namespaces, policy and selectors, what it says of `calls` and
//! `verdict` is what the API server and the webhook did to that pod. Never: how an explanation looks.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::install::{Install, ROOT, all_metrics, installed, replicas, settle, upgrade};
use crate::harness::pods::{is_injected, plain, try_create};
use crate::harness::{apply, cluster, get, kubectl, kubectl_with, namespace, row, soon, succeeded};
use crate::support::{pillion, run};

/// Rows of the table at least.
const LEAST: usize = 120;

/// What namespaces are labelled with.
const NAMESPACES: &[&[(&str, &str)]] = &[
    &[],
    &[("istio-injection", "enabled")],
    &[("istio-injection", "disabled")],
    &[("istio-injection", "yes")],
    &[("istio.io/rev", "default")],
    &[("istio.io/rev", "1-19-0")],
    &[("istio-injection", "enabled"), ("istio.io/rev", "1-19-0")],
    &[("istio-injection", "disabled"), ("istio.io/rev", "default")],
];

/// A change of a plain pod.
type Change = fn(&mut Value);

/// What pods are like: a name, and what is changed in a plain one.
const PODS: &[(&str, Change)] = &[
    ("plain", |_| {}),
    ("label-true", |pod| label(pod, "sidecar.istio.io/inject", "true")),
    ("label-false", |pod| label(pod, "sidecar.istio.io/inject", "false")),
    ("label-other", |pod| label(pod, "sidecar.istio.io/inject", "yes")),
    ("annotation-false", |pod| annotate(pod, "sidecar.istio.io/inject", "false")),
    ("annotation-true", |pod| annotate(pod, "sidecar.istio.io/inject", "true")),
    ("revision", |pod| label(pod, "istio.io/rev", "default")),
    ("revision-and-false", |pod| {
        label(pod, "istio.io/rev", "default");
        label(pod, "sidecar.istio.io/inject", "false");
    }),
    ("other-revision", |pod| label(pod, "istio.io/rev", "1-19-0")),
    ("host-network", |pod| pod["spec"]["hostNetwork"] = json!(true)),
    ("never", |pod| label(pod, "never", "inject")),
    ("always", |pod| label(pod, "always", "inject")),
    ("bad-annotation", |pod| annotate(pod, "status.sidecar.istio.io/port", "no port")),
    ("no-such-template", |pod| annotate(pod, "inject.istio.io/templates", "nowhere")),
];

fn label(pod: &mut Value, key: &str, value: &str) {
    pod["metadata"]["labels"][key] = json!(value);
}

fn annotate(pod: &mut Value, key: &str, value: &str) {
    pod["metadata"]["annotations"][key] = json!(value);
}

fn explain(arguments: &[&str], input: &str) -> Value {
    let mut command = pillion();
    command
        .arg("explain")
        .args(arguments)
        .args(["-o", "json", "--kubeconfig"])
        .arg(cluster().plane.kubeconfig());
    let printed = succeeded(&run(&mut command, input), &format!("pillion explain {}", arguments.join(" ")));
    serde_json::from_str(&printed).unwrap()
}

/// Changes the injector's configuration, and waits until every replica has taken it.
fn configure(change: impl Fn(&str) -> String) {
    let name = "istio-sidecar-injector";
    let loads = |pod: &str| {
        let metrics = all_metrics(pod)?;
        let line = metrics.lines().find(|line| line.starts_with("pillion_config_loads_total "))?.to_owned();
        line.rsplit(' ').next()?.parse::<f64>().ok()
    };
    let before: BTreeMap<String, f64> =
        replicas().into_iter().filter_map(|pod| loads(&pod).map(|count| (pod, count))).collect();
    let mut map = get(&format!("/api/v1/namespaces/{ROOT}/configmaps/{name}")).unwrap();
    let config = map["data"]["config"].as_str().unwrap().to_owned();
    let changed = change(&config);
    assert_ne!(changed, config, "the configuration has another shape");
    map["data"]["config"] = json!(changed);
    map["metadata"]["managedFields"].take();
    kubectl_with(&["replace", "-f", "-"], &map.to_string());
    soon("every replica has taken the configuration", || {
        before.iter().all(|(pod, count)| loads(pod).is_some_and(|now| now > *count))
    });
}

/// One row: a pod that is to be created.
struct Row {
    namespace: String,
    name: String,
    pod: Value,
}

fn rows(namespaces: &[(usize, String)], policy: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, namespace) in namespaces {
        for (kind, change) in PODS {
            let name = format!("{policy}-{at}-{kind}");
            let mut pod = plain(&name);
            pod["metadata"]["namespace"] = json!(namespace);
            // It shall exist, and need not run.
            pod["spec"]["schedulingGates"] = json!([{"name": "example.org/never"}]);
            change(&mut pod);
            rows.push(Row { namespace: namespace.clone(), name, pod });
        }
    }
    rows
}

/// What became of a pod, in the words of `explain`.
fn done(row: &Row) -> &'static str {
    match try_create(&row.namespace, &row.pod) {
        Ok(pod) if is_injected(&pod) => "inject",
        Ok(_) => "skip",
        Err(why) if why.contains("denied the request") => "reject",
        Err(why) => panic!("{}: {why}", row.name),
    }
}

/// Creates all pods, and compares each with what was said of it before.
fn compare(rows: &[Row], totals: &mut BTreeMap<(String, String), usize>) {
    let manifest: String = rows.iter().map(|row| format!("---\n{}\n", row.pod)).collect();
    let said = explain(&["-f", "-"], &manifest);
    let said = said["items"].as_array().unwrap();
    assert_eq!(said.len(), rows.len());
    let did: Vec<&str> = rows.iter().map(done).collect();
    // Every call is logged, with the pod's name.
    let logged = cluster().kubelet.all_logs(ROOT);
    let mut wrong = Vec::new();
    for ((row, said), did) in rows.iter().zip(said).zip(did) {
        let called = logged.contains(&format!("\"pod\":\"{}\"", row.name));
        let (calls, verdict) = (said["calls"].as_str().unwrap(), said["verdict"].as_str().unwrap());
        *totals.entry((calls.to_owned(), verdict.to_owned())).or_default() += 1;
        let expected = if calls == "yes" { verdict } else { "skip" };
        if (calls == "yes") != called || expected != did {
            wrong.push(format!(
                "{}: calls {calls} (called: {called}), verdict {verdict}, became {did}",
                row.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn what_explain_says_is_what_happens() {
    installed(Install::Default).run(|| {
        upgrade(Install::Default, &json!({"decisionLog": "all"}));
        let mut namespaces: Vec<(usize, String)> =
            NAMESPACES.iter().enumerate().map(|(at, labels)| (at, namespace(labels))).collect();
        // Its labels ask for injection, and no injector works there.
        apply(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": "local-path-storage", "labels": {"istio-injection": "enabled"}}})
            .to_string(),
        );
        soon("its service account", || {
            get("/api/v1/namespaces/local-path-storage/serviceaccounts/default").is_some()
        });
        namespaces.push((namespaces.len(), "local-path-storage".to_owned()));
        let mut totals = BTreeMap::new();
        let mut count = 0;
        for (policy, other) in [("enabled", "disabled"), ("disabled", "enabled")] {
            configure(|config| {
                config
                    .replace(&format!("policy: {other}"), &format!("policy: {policy}"))
                    .replace(
                        "neverInjectSelector:\n  []",
                        "neverInjectSelector:\n- matchLabels: {never: inject}",
                    )
                    .replace(
                        "alwaysInjectSelector:\n  []",
                        "alwaysInjectSelector:\n- matchLabels: {always: inject}",
                    )
            });
            let rows = rows(&namespaces, policy);
            count += rows.len();
            compare(&rows, &mut totals);
            // What is in the cluster already is explained alike.
            let (first, name) = (&namespaces[1].1, format!("{policy}-1-label-false"));
            let live = explain(&[&format!("pod/{name}"), "-n", first], "");
            assert_eq!(
                (live["calls"].as_str(), live["verdict"].as_str()),
                (Some("no"), Some("skip")),
                "{live}"
            );
        }
        for ((calls, verdict), count) in &totals {
            println!("explain: calls {calls}, verdict {verdict}: {count} pods");
        }
        assert!(count >= LEAST && totals.len() >= 5, "{count} rows, {totals:?}");
        row(&format!("explain: {count} of {count} pods became what was said"));
        kubectl(&["delete", "namespace", "local-path-storage", "--wait=false"]);
        // Whoever comes next finds the configuration as it was.
        upgrade(Install::Default, &json!({}));
        settle();
    });
}

#[test]
fn a_workload_is_explained_in_the_cluster_as_its_pillion_would_answer() {
    installed(Install::Default).run(|| {
        let labelled = namespace(&[("istio-injection", "enabled")]);
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {
                "metadata": {"labels": {"app": "web"}, "annotations": {"sidecar.istio.io/proxyCPU": "75m"}},
                "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]}}},
        });
        kubectl_with(&["apply", "-n", &labelled, "-f", "-"], &deployment.to_string());
        let told = explain(&["deploy/web", "-n", &labelled], "");
        assert_eq!((told["calls"].as_str(), told["verdict"].as_str()), (Some("yes"), Some("inject")), "{told}");
        let configuration = told["configuration"].as_str().unwrap();
        assert!(configuration.contains("istio-sidecar-injector") && configuration.contains("Deployment istio-system/pillion"));
        let cpu = &told["annotations"][0];
        assert_eq!(cpu["name"], "sidecar.istio.io/proxyCPU");
        assert!(cpu["changes"].to_string().contains("[istio-proxy].resources"), "{cpu}");
        let all = explain(&["deployments", "-A", "-l", "app=web"], "");
        assert_eq!(all["object"], format!("Deployment \"{labelled}/web\""));
    });
}
