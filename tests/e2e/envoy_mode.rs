//! Installed with `mode: envoy`: the profile in the program injects, and what namespaces say of their pods is followed, and
//! what the chart's users say of the profile's values, with the rights that the chart gives. Never: traffic (tests/envoy has that).

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::install::{
    Install, ROOT, nothing_installed, release, replicas, root_namespace, serves, uninstall,
};
use crate::harness::pods::{create, dry_run, plain};
use crate::harness::{cluster, get, kubectl, list, named_by, namespace, row, soon};
use crate::support::{pillion, run};

const LEVEL: &str = "pillion.dev/log-level";

/// The log level of a new pod's sidecar, or why the pod is refused.
fn level(namespace: &str, own: Option<&str>) -> Result<String, String> {
    let mut pod = plain("a");
    if let Some(own) = own {
        pod["metadata"]["annotations"][LEVEL] = json!(own);
    }
    let pod = dry_run(namespace, &pod)?;
    let first = pod["spec"]["initContainers"].as_array().cloned().unwrap_or_default();
    let envoy = first.iter().find(|container| container["name"] == "envoy").ok_or("no native sidecar")?;
    let arguments: Vec<&str> = envoy["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let flag = arguments.iter().position(|argument| *argument == "--log-level").ok_or("no such flag")?;
    Ok(arguments[flag + 1].to_owned())
}

#[test]
fn a_namespace_gives_defaults_to_its_pods() {
    nothing_installed().run(|| {
        let mut values = Install::Default.values();
        values["mode"] = json!("envoy");
        root_namespace();
        release(&values);
        serves(Install::Default);
        let target = namespace(&[("istio-injection", "enabled")]);
        let becomes = |what: &str, wanted: &str| {
            soon(what, || level(&target, None).as_deref() == Ok(wanted));
        };
        becomes("the profile's own default", "warning");
        let annotate = |word: &str| kubectl(&["annotate", "namespace", &target, "--overwrite", word]);
        annotate(&format!("{LEVEL}=info"));
        becomes("what the namespace says", "info");
        assert_eq!(level(&target, Some("debug")).as_deref(), Ok("debug"), "the pod's own word comes first");
        annotate(&format!("{LEVEL}=loud"));
        let mut why = String::new();
        soon("a value that cannot be used refuses", || {
            why = level(&target, None).err().unwrap_or_default();
            !why.is_empty()
        });
        assert!(why.contains(LEVEL) && why.contains("loud") && why.contains("namespace"), "{why}");
        annotate(&format!("{LEVEL}-"));
        becomes("the default again", "warning");
        for replica in replicas() {
            let log = cluster().kubelet.logs(ROOT, &replica);
            assert!(!log.contains("cannot watch"), "a right is missing:\n{log}");
        }
        kubectl(&["delete", "namespace", &target, "--timeout=90s"]);
        uninstall();
    });
    row(
        "mode envoy: what a namespace says of its pods is followed, refused where it is wrong, forgotten when it goes",
    );
}

/// The ConfigMap that the chart makes of `envoy`.
const VALUES: &str = "pillion-envoy";

/// The chart's values with these of the profile. Some are always there: the test's image has another place than the
/// profile has for it.
fn with(envoy: &Value) -> Value {
    let mut values = Install::Default.values();
    values["mode"] = json!("envoy");
    values["envoy"] = envoy.clone();
    values
}

/// The container of this name in a new pod.
fn container(namespace: &str, name: &str) -> Option<Value> {
    let pod = dry_run(namespace, &plain("a")).ok()?;
    pod["spec"]["initContainers"].as_array()?.iter().find(|container| container["name"] == name).cloned()
}

fn image(namespace: &str, name: &str) -> String {
    container(namespace, name)
        .and_then(|found| found["image"].as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Our own program, asked about the cluster; its code, and what it printed.
fn asked(arguments: &[&str]) -> (i32, String) {
    let output = run(pillion().args(arguments).arg("--kubeconfig").arg(cluster().plane.kubeconfig()), "");
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    (output.status.code().unwrap_or(-1), said.concat())
}

/// What `pillion doctor` says of the configuration: its status and everything that was seen, and what mends it.
fn judged(namespace: &str) -> (String, String, Vec<String>) {
    let selector = format!("kubernetes.io/metadata.name={namespace}");
    let (_, said) = asked(&["doctor", "-n", ROOT, "-o", "json", "-l", &selector]);
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "configuration");
    let check = check.unwrap();
    let mend = check["mend"].as_array().into_iter().flatten();
    let mend = mend.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    (check["status"].as_str().unwrap().to_owned(), check.to_string(), mend)
}

/// Runs a command as doctor tells it.
fn run_as_told(command: &str) {
    let mut paths = vec![named_by("PILLION_KUBE"), named_by("PILLION_HELM")];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let home = cluster().plane.directory().join("helm");
    let mut shell = Command::new("sh");
    shell
        .args(["-euc", command])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", std::env::join_paths(paths).unwrap())
        .env("KUBECONFIG", cluster().plane.kubeconfig())
        .env("HELM_CACHE_HOME", home.join("cache"))
        .env("HELM_CONFIG_HOME", home.join("config"))
        .env("HELM_DATA_HOME", home.join("data"));
    let output = run(&mut shell, "");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Events that tell of values that are not used, or used again.
fn told(reason: &str) -> Vec<Value> {
    let mut events = list(&format!("/apis/events.k8s.io/v1/namespaces/{ROOT}/events"));
    events.retain(|event| event["reason"] == reason && event["regarding"]["name"] == VALUES);
    events
}

#[test]
fn values_of_the_profile_are_set_by_helm_and_followed() {
    nothing_installed().run(|| {
        root_namespace();
        // The redirect's image lies beside the program's.
        release(&with(&json!({"envoy": {"image": "registry.example/envoy:1"}})));
        serves(Install::Default);
        let began = replicas();
        let target = namespace(&[("istio-injection", "enabled")]);
        let becomes = |what: &str, wanted: &str| soon(what, || image(&target, "envoy") == wanted);
        becomes("what Helm was told", "registry.example/envoy:1");
        assert_eq!(image(&target, "pillion-redirect"), "registry.example/pillion-redirect:0.1.0");
        assert_eq!(container(&target, "envoy").unwrap()["resources"]["limits"], json!({"memory": "512Mi"}));

        let changed = json!({"envoy": {
            "image": "registry.example/envoy:2", "logLevel": "info",
            "resources": {"requests": {"cpu": "75m"}, "limits": null},
        }});
        release(&with(&changed));
        becomes("what an upgrade has changed", "registry.example/envoy:2");
        let resources = &container(&target, "envoy").unwrap()["resources"];
        assert_eq!(resources, &json!({"requests": {"cpu": "75m", "memory": "64Mi"}}), "null takes away");
        assert_eq!(level(&target, None).as_deref(), Ok("info"));
        assert_eq!(replicas(), began, "nothing was restarted");
        rendered_alike(&target);

        bad_values_are_told(&target);

        becomes("the profile's own again", "envoyproxy/envoy:distroless-v1.40.0");
        is_held_as(&target, "stale");
        kubectl(&["delete", "configmap", VALUES, "-n", ROOT]);
        soon("the profile alone", || image(&target, "pillion-redirect") == "pillion-redirect:0.1.0");
        let (status, said, _) = judged(&target);
        assert_eq!(status, "pass", "{said}");
        assert_eq!(replicas(), began, "nothing was restarted");
        for replica in replicas() {
            let log = cluster().kubelet.logs(ROOT, &replica);
            assert!(!log.contains("cannot watch"), "a right is missing:\n{log}");
        }
        kubectl(&["delete", "namespace", &target, "--timeout=90s"]);
        uninstall();
        assert_eq!(get(&format!("/api/v1/namespaces/{ROOT}/configmaps/{VALUES}")), None);
    });
    row(
        "mode envoy: values of the profile are set by Helm, followed without a restart, forgotten when they go",
    );
    row(
        "mode envoy: bad values leave the last good ones, are told by Event and doctor, and are mended as doctor says",
    );
}

/// What commands render is what the webhook renders.
fn rendered_alike(target: &str) {
    create(target, &plain("held"));
    let pod = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(pod.path(), plain("a").to_string()).unwrap();
    let file = pod.path().to_str().unwrap();
    let (code, said) = asked(&["inject", "--config-source=embedded", "-i", ROOT, "-n", target, "-f", file]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("image: registry.example/envoy:2"), "{said}");
    let (code, said) = asked(&["explain", "-n", target, "-f", file, "-o", "json"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("ConfigMap {ROOT}/{VALUES}")), "where it comes from: {said}");
    is_held_as(target, "injected");
}

/// What `pillion status` says of the pod that was created.
fn is_held_as(target: &str, state: &str) {
    let (code, said) = asked(&["status", "-n", target, "-o", "json"]);
    assert_eq!(code, 0, "{said}");
    let told: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(told["workloads"][0]["pods"][0]["state"], state, "{said}");
}

/// Values that cannot be used, told; and mended as doctor says.
fn bad_values_are_told(target: &str) {
    let misspelt = json!({"envoy": {"image": "registry.example/envoy:3", "logLevl": "info"}});
    release(&with(&misspelt));
    soon("an Event on the ConfigMap", || !told("ConfigurationNotUsed").is_empty());
    let event = &told("ConfigurationNotUsed")[0];
    let note = event["note"].as_str().unwrap();
    assert!(
        note.contains("key values: envoy.logLevl") && note.contains("is envoy.logLevel meant?"),
        "{note}"
    );
    assert_eq!(event["regarding"]["namespace"], ROOT);
    assert!(event["regarding"]["uid"].is_string(), "`kubectl describe` looks for it: {event}");
    assert_eq!(image(target, "envoy"), "registry.example/envoy:2", "the last good ones stay");
    let (status, said, mend) = judged(target);
    assert_eq!(status, "fail");
    assert!(said.contains("is envoy.logLevel meant?"), "{said}");
    assert_eq!(mend[0], format!("kubectl -n {ROOT} edit configmap {VALUES}"));
    run_as_told(&mend[1]);
    soon("an Event that all is well", || !told("ConfigurationUsed").is_empty());
    assert_eq!(judged(target).0, "pass");
}
