//! `pillion config check` and `config diff` as processes, over directories and files: what they print and how they end.

use std::path::Path;

use serde_json::Value;

use crate::support::program::{err, out, run, run_with};

const GOOD: &str = "spec: {containers: [{name: istio-proxy, image: 'p:1'}]}";
const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {metadata: {labels: {app: web}}, \
                   spec: {containers: [{name: app, image: a}]}}}\n";

/// A directory with a configuration of this template.
fn directory(template: &str, more: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let config = format!("policy: enabled\ntemplates:\n  sidecar: |\n    {template}\n{more}");
    write(directory.path(), "config", &config);
    write(directory.path(), "values", "{\"global\": {\"tag\": \"1.27.0\"}}");
    directory
}

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).unwrap();
}

fn path(directory: &tempfile::TempDir) -> &str {
    directory.path().to_str().unwrap()
}

#[test]
fn a_good_configuration_ends_with_0() {
    let good = directory(GOOD, "");
    let output = run(&["config", "check", path(&good)]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(
        out(&output).contains("8 pods tried") && out(&output).ends_with("0 errors, 0 warnings\n"),
        "{}",
        out(&output)
    );
}

#[test]
fn findings_end_with_1_and_say_what_where_and_what_to_do() {
    let template = "spec: {containers: [{name: istio-proxy, image: p, resources: {limits: {cpu: 1m}, requests: {cpu: '1'}}}]}";
    let bad = directory(template, "  gateway: |\n    spec: {{ nosuch }}\n");
    let output = run(&["config", "check", path(&bad)]);
    assert_eq!(output.status.code(), Some(1));
    let told = out(&output);
    for part in [
        "error: container istio-proxy: the limit of cpu is 1m, below the request of 1 [limit_below_request]",
        "template sidecar; spec.containers[1].resources.limits.cpu; plain pod (native)",
        "and 5 others",
        "    Raise the limit, or lower the request.",
        "function \"nosuch\" not defined",
        "1 error, ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(err(&output).starts_with("error: 1 error in directory "), "{}", err(&output));
    let output = run(&["config", "check", path(&bad), "-o", "json"]);
    let told: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&told["errors"], &told["release"]), (&1.into(), &"1.27.0".into()), "{told}");
    assert_eq!(told["problems"][0]["code"], "limit_below_request");
    assert_eq!(told["problems"][0]["templates"], serde_json::json!(["sidecar"]));
}

#[test]
fn a_configuration_that_cannot_be_used_is_a_finding_too() {
    let broken = directory("spec: {{ .Values.", "");
    let output = run(&["config", "check", path(&broken), "-o", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(told["problems"][0]["code"], "configuration");
    assert!(
        told["problems"][0]["message"].as_str().unwrap().contains("template \"sidecar\", line 1"),
        "{told}"
    );
    let failing = directory("spec: {{ fail \"never\" }}", "");
    let told = out(&run(&["config", "check", path(&failing)]));
    assert!(told.contains("never") && told.contains("[template_failed]"), "{told}");
}

#[test]
fn workloads_of_files_are_tried_as_their_controllers_make_them() {
    let good = directory(GOOD, "");
    let bad = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {template: {metadata: {annotations: \
               {sidecar.istio.io/statsInclusionPrefixes: x, traffic.sidecar.istio.io/includeInboundPorts: http}}, spec: {containers: [{name: a, image: a}]}}}}}\n";
    let output = run_with(&["config", "check", path(&good), "-f", "-"], &format!("{WEB}---\n{bad}"));
    assert_eq!(output.status.code(), Some(1));
    let told = out(&output);
    assert!(told.contains("[bad_annotation]") && told.contains("CronJob \"c\""), "{told}");
    assert!(told.contains("2 of them of workloads"), "{told}");
}

#[test]
fn wrong_arguments_end_with_2() {
    for arguments in [
        &["config", "check"][..],
        &["config", "check", "a", "--live"],
        &["config", "check", "a", "--workloads", "-f", "b"],
        &["config", "diff", "a"],
        &["config", "diff", "a", "b", "--live"],
        &["config", "diff"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_difference_is_told_once_for_all_workloads_that_have_it() {
    let (old, new) = (directory(GOOD, ""), directory(&GOOD.replace("p:1", "p:2"), ""));
    let host = "apiVersion: v1\nkind: Pod\nmetadata: {name: host}\nspec: {hostNetwork: true, containers: [{name: a, image: a}]}\n";
    let workloads = format!("{WEB}---\n{}---\n{host}", WEB.replace("name: web", "name: cart"));
    let diff = |more: &[&str]| {
        let mut arguments = vec!["config", "diff", path(&old), path(&new), "-f", "-"];
        arguments.extend(more);
        run_with(&arguments, &workloads)
    };
    let output = diff(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(
        out(&output),
        "2 of 3 workloads would change on restart.\n\nDeployment \"shop/web\", Deployment \"shop/cart\":\n  \
         spec.containers[istio-proxy].image\n    - p:1\n    + p:2\n"
    );
    assert_eq!(diff(&["--exit-code"]).status.code(), Some(1));
    let told: Value = serde_json::from_str(&out(&diff(&["-o", "json"]))).unwrap();
    assert_eq!((&told["workloads"], &told["changed"]), (&3.into(), &2.into()));
    assert_eq!(told["groups"][0]["changes"][0]["new"], "p:2");
    let same = run_with(&["config", "diff", path(&old), path(&old), "-f", "-", "--exit-code"], &workloads);
    assert_eq!(
        (same.status.code(), out(&same).as_str()),
        (Some(0), "0 of 3 workloads would change on restart.\n")
    );
}
