//! Helpers of the tests of the charts: the programs that install them, and what they render as JSON.
//! Never: judging it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use pillion_control_plane::{ControlPlane, binaries};
use serde_json::Value;

/// The Kubernetes that is rendered for unless a test says otherwise: the one that takes it.
pub const KUBERNETES: &str = "1.34.0";

/// An API server with the namespaces and resources that the chart may name. Nothing drops it: its guard ends it when
/// this process ends.
static PLANE: LazyLock<ControlPlane> = LazyLock::new(|| {
    let plane = ControlPlane::start(&binaries().unwrap(), &[]).unwrap();
    for namespace in ["istio-system", "pillion-system"] {
        let manifest = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {namespace}\n  labels:\n    \
             pod-security.kubernetes.io/warn: restricted\n"
        );
        succeed(plane.kubectl().args(["apply", "-f", "-"]), &manifest);
    }
    succeed(plane.kubectl().args(["apply", "-f"]).arg(repository("tests/charts/crds.yaml")), "");
    succeed(plane.kubectl().args(["wait", "--for=condition=Established", "crd", "--all"]), "");
    plane
});

/// The directory of Helm and Kustomize: `PILLION_HELM`, or what `scripts/helm` builds and prints.
static TOOLS: LazyLock<PathBuf> = LazyLock::new(|| {
    if let Some(named) = std::env::var_os("PILLION_HELM").filter(|named| !named.is_empty()) {
        return named.into();
    }
    let built = succeed(&mut Command::new(repository("scripts/helm")), "");
    built.lines().last().expect("scripts/helm prints a directory").into()
});

/// The API server, started at the first call.
pub fn plane() -> &'static ControlPlane {
    &PLANE
}

/// A path of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Helm, which knows no cluster and nothing of this user.
pub fn helm() -> Command {
    let mut command = Command::new(TOOLS.join("helm"));
    command.env("HELM_NO_PLUGINS", "1").env("KUBECONFIG", "/dev/null");
    command
}

/// Where Helm and Kustomize are.
pub fn tools() -> &'static Path {
    &TOOLS
}

/// Runs a command to its end with `input` on its standard input.
pub fn run(command: &mut Command, input: &str) -> Output {
    pillion_control_plane::run(command, input).unwrap()
}

/// Runs a command that must succeed: what it printed.
pub fn succeed(command: &mut Command, input: &str) -> String {
    let output = run(command, input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What `helm template` says of our chart in `namespace`: YAML, or its error.
pub fn template(namespace: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = helm();
    command.args(["template", "pillion"]).arg(repository("charts/pillion")).args(["--namespace", namespace]);
    // The last one counts, so that a row may name another.
    command.args(["--kube-version", KUBERNETES]).args(arguments);
    let output = run(&mut command, "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(String::from_utf8(output.stdout).unwrap()) } else { Err(said) }
}

/// The objects that our chart renders in istio-system.
pub fn render(arguments: &[&str]) -> Vec<Value> {
    render_in("istio-system", arguments)
}

/// The objects that our chart renders in another namespace.
pub fn render_in(namespace: &str, arguments: &[&str]) -> Vec<Value> {
    objects(&template(namespace, arguments).unwrap_or_else(|said| panic!("{arguments:?}: {said}")))
}

/// The objects of a stream of YAML documents.
pub fn objects(text: &str) -> Vec<Value> {
    pillion_goyaml::documents(text)
        .iter()
        .map(|document| {
            pillion_goyaml::parse(document.text).unwrap_or_else(|e| panic!("{e}\n{}", document.text))
        })
        .filter(|value| !value.is_null())
        .map(|value| pillion_govalue::json::to_string(&value, pillion_govalue::json::PLAIN))
        .map(|json| serde_json::from_str(&json).unwrap())
        .collect()
}

/// The objects of a kind.
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The only object of a kind.
pub fn the<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = of_kind(objects, kind);
    assert_eq!(found.len(), 1, "{kind}");
    found[0]
}

/// Kind and name, for messages.
pub fn title(object: &Value) -> String {
    format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

/// A string, or nothing.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The strings of a list.
pub fn strings(value: &Value) -> Vec<&str> {
    value.as_array().map(|list| list.iter().map(text).collect()).unwrap_or_default()
}

/// The elements of a list, none where there is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Lets the API server take a stream of documents without keeping it, and returns what it warned of.
pub fn dry_run(manifest: &str) -> String {
    let mut command = plane().kubectl();
    command.args(["apply", "--dry-run=server", "--validate=strict", "-f", "-"]);
    let output = run(&mut command, manifest);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "the API server refuses what is rendered:\n{said}");
    said
}
