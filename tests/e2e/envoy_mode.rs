//! Installed with `mode: envoy`: the profile in the program injects, and what namespaces say of their pods is followed,
//! with the rights that the chart gives. Never: traffic (tests/envoy has that).

use serde_json::{Value, json};

use crate::harness::install::{
    Install, ROOT, nothing_installed, release, replicas, root_namespace, serves, uninstall,
};
use crate::harness::pods::{dry_run, plain};
use crate::harness::{cluster, kubectl, namespace, row, soon};

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
