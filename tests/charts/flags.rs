//! The chart and the program: every flag that the chart writes is one that the command knows.

use std::process::Command;

use serde_json::Value;

use crate::support::{list, of_kind, render, strings, succeed};

const SETS: &[&[&str]] = &[
    &["--set", "webhook.url=https://hook.example"],
    &["--set", "mode=envoy,certificates.source=secret"],
    &["--set", "certificates.source=istio"],
    &["--set", "shadow.upstream=https://istiod.istio-system.svc:443,shadow.serverName=istiod"],
    &["--set", "configValidation.enabled=true,workloadWarnings.enabled=true"],
    &["--set", "status.report=true"],
    &["--set", "webhook.clientCA.configMap=clients,webhook.clientCA.names={kube-apiserver}"],
];

/// The commands that the chart runs: words and flags.
fn commands(objects: &[Value]) -> Vec<Vec<String>> {
    ["Deployment", "Job"]
        .iter()
        .flat_map(|kind| of_kind(objects, kind))
        .flat_map(|owner| list(&owner["spec"]["template"]["spec"]["containers"]))
        .map(|container| strings(&container["args"]).iter().map(|&word| word.to_owned()).collect())
        .collect()
}

#[test]
fn every_flag_that_the_chart_writes_is_known_to_the_program() {
    let mut known = 0;
    for set in SETS {
        for command in commands(&render(set)) {
            let words = command.iter().take_while(|word| !word.starts_with("--"));
            let mut pillion = Command::new(env!("CARGO_BIN_EXE_pillion"));
            let help = succeed(pillion.args(words.clone()).arg("--help"), "");
            for flag in command.iter().skip(words.count()) {
                let name = flag.split('=').next().unwrap();
                let listed = help.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == name);
                assert!(listed, "{set:?}: the program does not know {flag}");
                known += 1;
            }
        }
    }
    println!("{known} flags known to the program");
}
