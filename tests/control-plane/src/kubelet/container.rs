//! A pod's container out of its specification: which one it is, its environment, its fields and resources.
//! Never: the command line, which is `sandbox`'s, and starting it.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::network::{HOST, Network};
use super::sandbox::{self, Place, expand};
use super::volumes::{Owner, Volumes, data};
use super::{Shared, node, text};

/// The one container of a pod.
pub(super) fn only(pod: &Value) -> Result<&Value> {
    let containers = pod["spec"]["containers"].as_array().context("no containers")?;
    let first = pod["spec"]["initContainers"].as_array().map_or(0, Vec::len);
    ensure!(
        containers.len() == 1 && first == 0,
        "this kubelet runs pods of one container: this one has {} and {first} that run first",
        containers.len()
    );
    Ok(&containers[0])
}

/// The user and the group that files of a pod's volumes belong to.
pub(super) fn owner(shared: &Shared, pod: &Value, container: &Value) -> Owner {
    let group = pod["spec"]["securityContext"]["fsGroup"].as_u64();
    Owner {
        user: Some(sandbox::user(pod, container, shared.options.user)),
        group: group.and_then(|id| u32::try_from(id).ok()),
    }
}

/// The command that runs the container of a pod.
pub(super) fn command(shared: &Shared, pod: &Value, network: &Network, volumes: &Volumes) -> Result<Command> {
    let place = Place {
        network,
        volumes: volumes.directory(),
        program: &shared.options.program,
        variables: &[],
        user: shared.options.user,
        hosts: None,
    };
    command_at(Some(shared), pod, only(pod)?, &place)
}

/// The command that runs a container of a pod that no API server need know: whoever runs it does what a kubelet would.
/// Its volumes are what is in the place.
///
/// # Errors
/// The container has what only an API server or a real kubelet could give it.
pub fn standalone(pod: &Value, container: &Value, place: &Place<'_>) -> Result<Command> {
    command_at(None, pod, container, place)
}

fn command_at(shared: Option<&Shared>, pod: &Value, container: &Value, place: &Place<'_>) -> Result<Command> {
    let environment = environment(shared, pod, container, place)?;
    sandbox::command(pod, container, place, environment)
}

fn environment(
    shared: Option<&Shared>,
    pod: &Value,
    container: &Value,
    place: &Place<'_>,
) -> Result<BTreeMap<String, String>> {
    ensure!(container["envFrom"].as_array().is_none_or(Vec::is_empty), "this kubelet knows no envFrom");
    let usual = [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/"),
        ("HOSTNAME", text(pod, "/metadata/name")),
    ];
    let given = usual.iter().chain(place.variables).map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let mut environment: BTreeMap<String, String> = given.collect();
    if let Some(shared) = shared {
        let port = shared.api_port.to_string();
        environment.insert("KUBERNETES_SERVICE_HOST".to_owned(), HOST.to_string());
        environment.insert("KUBERNETES_SERVICE_PORT".to_owned(), port.clone());
        environment.insert("KUBERNETES_SERVICE_PORT_HTTPS".to_owned(), port);
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let name = text(variable, "/name");
        let from = &variable["valueFrom"];
        let value = if from.is_null() {
            Some(expand(text(variable, "/value"), |name| environment.get(name).cloned()))
        } else {
            from_elsewhere(shared, pod, container, place.network, from)
                .with_context(|| format!("variable {name}"))?
        };
        if let Some(value) = value {
            environment.insert(name.to_owned(), value);
        }
    }
    Ok(environment)
}

/// The value of a variable that is named by reference; none where an optional one is not there.
fn from_elsewhere(
    shared: Option<&Shared>,
    pod: &Value,
    container: &Value,
    network: &Network,
    from: &Value,
) -> Result<Option<String>> {
    if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
        return field(pod, path, Some(network)).map(Some);
    }
    if let Some(resource) = from["resourceFieldRef"]["resource"].as_str() {
        return resource_field(container, resource, text(from, "/resourceFieldRef/divisor")).map(Some);
    }
    for (key, kind) in [("secretKeyRef", "secrets"), ("configMapKeyRef", "configmaps")] {
        let Some(source) = from.get(key) else { continue };
        let shared = shared.with_context(|| format!("no API server holds {source}"))?;
        let held = data(shared, text(pod, "/metadata/namespace"), kind, text(source, "/name"))?;
        let bytes = held.and_then(|mut held| held.remove(text(source, "/key")));
        ensure!(bytes.is_some() || source["optional"] == true, "{kind} has no such key: {source}");
        return Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    }
    bail!("a source that this kubelet does not know: {from}")
}

/// A limit, in whole CPUs or bytes, as Go's runtime settings want it; what has no limit has the node's.
fn resource_field(container: &Value, resource: &str, divisor: &str) -> Result<String> {
    let (list, name) = resource.split_once('.').context("no resource")?;
    ensure!(matches!(divisor, "" | "0" | "1"), "this kubelet knows no divisor {divisor}");
    let quantity = text(&container["resources"][list], &format!("/{name}"));
    let (digits, unit) =
        quantity.split_at(quantity.find(|c: char| !c.is_ascii_digit()).unwrap_or(quantity.len()));
    let number: u64 = if digits.is_empty() { return Ok("64".to_owned()) } else { digits.parse()? };
    let value = match unit {
        "" => number,
        "m" => number.div_ceil(1000),
        "Ki" => number << 10,
        "Mi" => number << 20,
        "Gi" => number << 30,
        other => bail!("this kubelet knows no unit {other}"),
    };
    Ok(value.to_string())
}

/// A field of the pod by its path.
pub(super) fn field(pod: &Value, path: &str, network: Option<&Network>) -> Result<String> {
    let address = || network.map(|network| network.address().to_string());
    let value = match path {
        "metadata.name" | "metadata.namespace" | "metadata.uid" | "spec.serviceAccountName" => {
            Some(text(pod, &format!("/{}", path.replace('.', "/"))).to_owned())
        }
        "spec.nodeName" => Some(node::NAME.to_owned()),
        "status.hostIP" => Some(HOST.to_string()),
        "status.podIP" | "status.podIPs" => address(),
        "metadata.labels" | "metadata.annotations" => {
            let list = pod.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_object);
            let lines = list.into_iter().flatten().map(|(key, value)| format!("{key}={value}"));
            Some(lines.collect::<Vec<_>>().join("\n"))
        }
        other => other.strip_suffix("']").and_then(|other| other.split_once("['")).and_then(|(list, key)| {
            Some(pod.pointer(&format!("/{}", list.replace('.', "/")))?.get(key)?.as_str()?.to_owned())
        }),
    };
    value.with_context(|| format!("this kubelet knows no field {path}"))
}
