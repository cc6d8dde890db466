//! matchConditions: expressions in CEL about the request and its object. What an API server alone can tell, such as
//! `authorizer`, is unknown. Never: an expression that runs without bounds (they are read from the cluster's own
//! configuration, whose cost the API server has bounded already).

use kube_cel::{KubeCelExt, cel};
use serde_json::{Value, json};

use super::{Asks, NewPod};

/// Longest expression that is looked at; API servers take no more.
const LONGEST: usize = 10 * 1024;

/// Whether the condition lets the pod through, and what it says.
pub(super) fn holds(expression: &str, pod: &NewPod) -> (Asks, String) {
    let short: String =
        expression.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect();
    if expression.len() > LONGEST {
        return (Asks::Unknown, format!("{short}…: too long"));
    }
    let said = |asks, what: String| (asks, format!("{short}: {what}"));
    // `authorizer` asks the API server about rights, `namespaceObject` and `params` are of other kinds of policies.
    if expression.contains("authorizer") {
        return said(Asks::Unknown, "asks the API server about rights".to_owned());
    }
    let program = match cel::Program::compile(expression) {
        Ok(program) => program,
        Err(error) => return said(Asks::Unknown, format!("cannot be read here: {error}")),
    };
    let mut context = cel::Context::default().with_all();
    for (name, value) in [("object", pod.pod.clone()), ("oldObject", Value::Null), ("request", request(pod))]
    {
        if let Err(error) = context.add_variable(name, value) {
            return said(Asks::Unknown, format!("{name}: {error}"));
        }
    }
    match program.execute(&context) {
        Ok(cel::Value::Bool(holds)) => said(Asks::of(holds), format!("is {holds}")),
        Ok(other) => said(Asks::Unknown, format!("is no boolean but {other:?}")),
        // An API server goes by failurePolicy then: with `Fail` the pod is refused, with `Ignore` nobody is asked.
        Err(error) => said(Asks::Unknown, format!("fails: {error}")),
    }
}

/// What an API server says of the request; who asks is not known here.
fn request(pod: &NewPod) -> Value {
    let name = pod.pod["metadata"]["name"].as_str().unwrap_or_default();
    json!({
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "subResource": "",
        "requestSubResource": "",
        "name": name,
        "namespace": pod.namespace,
        "operation": "CREATE",
        "dryRun": false,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    })
}
