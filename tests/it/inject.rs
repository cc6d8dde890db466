//! `pillion inject` as a process: kinds, formats, faults, exit codes.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::support::config;
use crate::support::program::{command, err, out, run, run_with};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: app
        image: app:1
";
const SERVICE: &str = "# a comment
apiVersion: v1
kind: Service
metadata: {name:   web}   # odd, and kept
";

fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A configuration directory with the sidecar `image`.
fn conf(directory: &Path, image: &str) -> PathBuf {
    write(directory, "conf/values", "{}");
    write(directory, "conf/config", &config(image)).parent().unwrap().to_owned()
}

#[test]
fn a_workload_is_injected_and_its_neighbours_stay_byte_for_byte() {
    let input = format!("{SERVICE}---\n{DEPLOYMENT}");
    let output = run_with(&["inject", "-f", "-"], &input);
    assert!(output.status.success(), "{}", err(&output));
    let injected = out(&output);
    let (service, deployment) = injected.split_once("---\n").unwrap();
    assert_eq!(service, SERVICE);
    let deployment = pillion_goyaml::parse(deployment).unwrap();
    let containers = deployment.at(&["spec", "template", "spec", "containers"]).unwrap().as_list().unwrap();
    let names: Vec<_> = containers.iter().filter_map(|c| c.get("name")?.as_str()).collect();
    assert!(names.contains(&"envoy") && names.contains(&"app"), "{names:?}");
    assert!(!injected.contains('\x1b'), "colour in a pipe");
}

#[test]
fn files_directories_and_standard_input_can_be_mixed() {
    let dir = tempfile::tempdir().unwrap();
    let one = write(dir.path(), "one.yaml", DEPLOYMENT);
    write(dir.path(), "many/a.yaml", DEPLOYMENT);
    write(dir.path(), "many/b/b.yaml", SERVICE);
    let many = dir.path().join("many");
    let output =
        run_with(&["inject", "-f", text(&one), "-f", text(&many), "-f", "-", "-o", "json"], DEPLOYMENT);
    assert!(output.status.success(), "{}", err(&output));
    let kinds: Vec<String> = out(&output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["Deployment", "Deployment", "Service", "Deployment"]);
}

#[test]
fn a_patch_is_the_webhooks_and_a_difference_shows_what_changed() {
    let dir = tempfile::tempdir().unwrap();
    let pod = write(
        dir.path(),
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: app\n    image: app:1\n",
    );
    let patch = out(&run(&["inject", "-f", text(&pod), "-o", "patch"]));
    assert_eq!(patch.lines().count(), 1);
    let operations: Value = serde_json::from_str(&patch).unwrap();
    assert!(operations.as_array().is_some_and(|ops| !ops.is_empty()), "{patch}");

    let diff = out(&run(&["inject", "-f", text(&pod), "-o", "diff"]));
    assert!(diff.starts_with("--- ") && diff.contains("\n+++ ") && diff.contains("name: envoy"), "{diff}");
}

#[test]
fn a_configuration_directory_and_istioctls_files_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    let conf = conf(dir.path(), "proxy:from-config");
    let by_directory = run_with(&["inject", "-f", "-", "--config-dir", text(&conf)], DEPLOYMENT);
    assert!(out(&by_directory).contains("image: proxy:from-config"), "{}", err(&by_directory));

    let config_file = conf.join("config");
    let values = write(dir.path(), "values.json", r#"{"global":{"hub":"registry","tag":"9"}}"#);
    let by_file = run_with(
        &[
            "inject",
            "-f",
            "-",
            "--injectConfigFile",
            text(&config_file),
            "--valuesFile",
            text(&values),
            "-r",
            "canary",
        ],
        DEPLOYMENT,
    );
    assert!(out(&by_file).contains("image: proxy:from-config"), "{}", err(&by_file));

    // A template alone is a configuration too.
    let template = write(
        dir.path(),
        "template.yaml",
        "spec:\n  containers:\n  - name: istio-proxy\n    image: {{ .Values.global.hub }}/proxy:{{ .Revision }}\n",
    );
    let mesh = write(dir.path(), "mesh.yaml", "defaultConfig: {}\n");
    let by_template = run_with(
        &[
            "inject",
            "-f",
            "-",
            "--injectConfigFile",
            text(&template),
            "--valuesFile",
            text(&values),
            "--meshConfigFile",
            text(&mesh),
            "-r",
            "canary",
        ],
        DEPLOYMENT,
    );
    assert!(out(&by_template).contains("image: registry/proxy:canary"), "{}", err(&by_template));
}

#[test]
fn default_templates_and_aliases_count_as_in_the_webhook() {
    let dir = tempfile::tempdir().unwrap();
    let conf = conf(dir.path(), "proxy:1");
    let text_of = fs::read_to_string(conf.join("config")).unwrap();
    let aliased = text_of
        .replace("[sidecar]", "[mesh]\naliases: {mesh: [proxy]}")
        .replace("  sidecar: |", "  proxy: |");
    write(&conf, "config", &aliased);
    let output = run_with(&["inject", "-f", "-", "--config-dir", text(&conf)], DEPLOYMENT);
    assert!(out(&output).contains("image: proxy:1"), "{}", err(&output));
}

#[test]
fn the_namespace_counts_for_objects_that_name_none() {
    let output = run_with(&["inject", "-f", "-", "--namespace", "kube-system"], DEPLOYMENT);
    assert!(output.status.success());
    assert_eq!(out(&output), DEPLOYMENT);
    assert!(err(&output).contains("not injected"), "{}", err(&output));
}

#[test]
fn a_fault_names_file_document_and_line_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let good = write(dir.path(), "good.yaml", DEPLOYMENT);
    let broken =
        write(dir.path(), "broken.yaml", &format!("{SERVICE}---\n{SERVICE}---\nkind: Pod\nmetadata: [\n"));
    let refused = write(
        dir.path(),
        "refused.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers: {}\n",
    );
    let output = run(&["inject", "-f", text(&good), "-f", text(&broken), "-f", text(&refused)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "{}", out(&output));
    let told = err(&output);
    for part in
        ["broken.yaml", "document 3", "refused.yaml", "document 1", "line 1", "containers", "2 faults"]
    {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn faulty_configurations_end_with_1_and_say_where() {
    let dir = tempfile::tempdir().unwrap();
    let conf = conf(dir.path(), "{{ if }}");
    let output = run_with(&["inject", "-f", "-", "--config-dir", text(&conf)], DEPLOYMENT);
    assert_eq!(output.status.code(), Some(1));
    for part in ["conf/config", "template \"sidecar\"", "line 4"] {
        assert!(err(&output).contains(part), "{part} in {}", err(&output));
    }
    assert!(output.stdout.is_empty());
}

#[test]
fn arguments_that_make_no_sense_end_with_2() {
    for (args, said) in [
        (&["inject"][..], "--filename"),
        (&["inject", "-f", "-", "-o", "toml"], "yaml"),
        (&["inject", "-f", "-", "--valuesFile", "v"], "--injectConfigFile"),
        (&["inject", "-f", "-", "--config-dir", "c", "--injectConfigFile", "f"], "give one"),
        (&["inject", "-f", "-", "--config-source", "configmap", "--config-dir", "c"], "--config-dir"),
        (&["inject", "-f", "-", "--compat", "0.8"], "1.20"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{said} in {}", err(&output));
    }
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let mut input = String::new();
    for _ in 0..2000 {
        input.push_str(SERVICE);
        input.push_str("---\n");
    }
    let file = write(dir.path(), "many.yaml", &input);
    let mut child = command(&["inject", "-f", text(&file)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{told}");
    assert_eq!(told, "");
}

#[test]
fn version_and_completions_go_to_standard_output() {
    let version = run(&["version"]);
    assert_eq!(out(&version), concat!("pillion ", env!("CARGO_PKG_VERSION"), "\n"));
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        assert!(script.status.success() && out(&script).contains("pillion"), "{shell}");
    }
}
