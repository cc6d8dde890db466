//! What is wrong within one container: its image, resources, ports, mounts, variables, probes, security. A merge of
//! template and workload brings most of it: each is right alone. Never: what concerns several containers.

use pillion_govalue::Value;
use pillion_govalue::quantity::Quantity;

use super::Code;
use super::names::{is_label_name, is_port_name, is_variable};
use super::view::{Container, Found, Pod, items, repeated, text};

/// Words that Kubernetes knows, by the field of a container.
const WORDS: [(&[&str], &[&str]); 3] = [
    (&["imagePullPolicy"], &["Always", "IfNotPresent", "Never"]),
    (&["terminationMessagePolicy"], &["File", "FallbackToLogsOnError"]),
    (&["securityContext", "seccompProfile", "type"], &["RuntimeDefault", "Unconfined", "Localhost"]),
];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
const PROBES: [&str; 3] = ["readinessProbe", "livenessProbe", "startupProbe"];
const HOOKS: [&str; 2] = ["postStart", "preStop"];
const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/// Images that are none.
pub(super) fn images(pod: &Pod<'_, '_>, found: &mut Found) {
    for container in &pod.containers {
        if text(container.value, &["image"]) == "auto" {
            let message = format!("container {} still has the image auto", container.name);
            found.in_container(Code::ImageAuto, container, "image", message);
        }
    }
}

/// Everything else.
pub(super) fn check(pod: &Pod<'_, '_>, found: &mut Found) {
    for container in &pod.containers {
        if !is_label_name(container.name) {
            let message = format!("a container has the name {:?}", container.name);
            found.in_container(Code::BadName, container, "name", message);
        }
        if text(container.value, &["image"]).trim().is_empty() {
            let message = format!("container {} has no image", container.name);
            found.in_container(Code::ImageMissing, container, "image", message);
        }
        words(container, found);
        resources(container, found);
        ports(container, found);
        mounts(pod, container, found);
        variables(container, found);
        probes(container, found);
        security(pod, container, found);
    }
}

fn words(container: &Container<'_, '_>, found: &mut Found) {
    for (path, known) in WORDS {
        let word = text(container.value, path);
        if !word.is_empty() && !known.contains(&word) {
            let field = path.join(".");
            let message = format!(
                "container {}: {field} is {word:?} and not one of {}",
                container.name,
                known.join(", ")
            );
            found.in_container(Code::BadWord, container, &field, message);
        }
    }
}

fn resources(container: &Container<'_, '_>, found: &mut Found) {
    let of = |what| container.value.at(&["resources", what]).and_then(Value::as_map);
    let (Some(requests), Some(limits)) = (of("requests"), of("limits")) else { return };
    for (resource, request) in requests.iter() {
        let Some(limit) = limits.get(resource.as_str()) else { continue };
        let (Ok(asked), Ok(most)) = (Quantity::from_value(request), Quantity::from_value(limit)) else {
            continue;
        };
        if most < asked {
            let message = format!(
                "container {}: the limit of {resource} is {most}, below the request of {asked}",
                container.name
            );
            let field = format!("resources.limits.{resource}");
            found.in_container(Code::LimitBelowRequest, container, &field, message);
        }
    }
}

fn ports(container: &Container<'_, '_>, found: &mut Found) {
    let ports = items(container.value, &["ports"]);
    for (at, port) in ports.iter().enumerate() {
        let number = port.get("containerPort").and_then(Value::as_i64).unwrap_or_default();
        let name = text(port, &["name"]);
        if !(1..=65535).contains(&number) || !(name.is_empty() || is_port_name(name)) {
            let message = format!("container {}: there is no port {number} {name:?}", container.name);
            found.in_container(Code::BadPort, container, &format!("ports[{at}]"), message);
        }
        let protocol = text(port, &["protocol"]);
        if !protocol.is_empty() && !PROTOCOLS.contains(&protocol) {
            let message = format!(
                "container {}: the protocol of port {number} is {protocol:?} and not one of {}",
                container.name,
                PROTOCOLS.join(", ")
            );
            found.in_container(Code::BadWord, container, &format!("ports[{at}].protocol"), message);
        }
    }
    let names = ports.iter().map(|port| text(port, &["name"]));
    for (at, name) in repeated(names).into_iter().filter(|(_, name)| !name.is_empty()) {
        let message = format!("container {} has two ports with the name {name}", container.name);
        found.in_container(Code::DuplicatePortName, container, &format!("ports[{at}].name"), message);
    }
}

fn mounts(pod: &Pod<'_, '_>, container: &Container<'_, '_>, found: &mut Found) {
    let volumes = items(pod.value, &["spec", "volumes"]);
    let mounts = items(container.value, &["volumeMounts"]);
    for (at, mount) in mounts.iter().enumerate() {
        let name = text(mount, &["name"]);
        if !volumes.iter().any(|volume| text(volume, &["name"]) == name) {
            let message =
                format!("container {} mounts the volume {name:?}, which the pod lacks", container.name);
            found.in_container(Code::VolumeMissing, container, &format!("volumeMounts[{at}].name"), message);
        }
    }
    for (at, path) in repeated(mounts.iter().map(|mount| text(mount, &["mountPath"]))) {
        let message = format!("container {} mounts two volumes at {path:?}", container.name);
        found.in_container(
            Code::DuplicateMount,
            container,
            &format!("volumeMounts[{at}].mountPath"),
            message,
        );
    }
}

fn variables(container: &Container<'_, '_>, found: &mut Found) {
    for (at, variable) in items(container.value, &["env"]).iter().enumerate() {
        let name = text(variable, &["name"]);
        let has_source = variable.get("valueFrom").is_some_and(|source| !source.is_null());
        let what = match (is_variable(name), has_source && !text(variable, &["value"]).is_empty()) {
            (false, _) => format!("a variable has the name {name:?}"),
            (true, true) => format!("the variable {name} has a value and a source"),
            (true, false) => continue,
        };
        let message = format!("container {}: {what}", container.name);
        found.in_container(Code::BadEnv, container, &format!("env[{at}]"), message);
    }
}

fn probes(container: &Container<'_, '_>, found: &mut Found) {
    let probes = PROBES.map(|name| (vec![name], true));
    let hooks = HOOKS.map(|name| (vec!["lifecycle", name], false));
    for (path, is_probe) in probes.into_iter().chain(hooks) {
        let Some(handler) = container.value.at(&path).filter(|handler| !handler.is_null()) else { continue };
        let field = path.join(".");
        if !container.stays() {
            let message = format!("init container {} ends, and has a {field}", container.name);
            found.in_container(Code::InitProbe, container, &field, message);
        }
        let set: Vec<&str> =
            HANDLERS.into_iter().filter(|name| handler.get(name).is_some_and(|v| !v.is_null())).collect();
        if set.len() != 1 {
            let have = if set.is_empty() { "nothing to do".to_owned() } else { set.join(" and ") };
            let message = format!("container {}: {field} has {have}", container.name);
            found.in_container(Code::BadHandler, container, &field, message);
        } else if is_probe {
            probe_port(container, handler, &field, found);
        }
    }
}

/// The port that a probe names must be one of the container's own.
fn probe_port(container: &Container<'_, '_>, probe: &Value<'_>, field: &str, found: &mut Found) {
    for kind in ["httpGet", "tcpSocket"] {
        let port = text(probe, &[kind, "port"]);
        let is_name = port.bytes().any(|b| !b.is_ascii_digit());
        let known = items(container.value, &["ports"]).iter().any(|own| text(own, &["name"]) == port);
        if is_name && !known {
            let message =
                format!("container {}: {field} names the port {port:?}, which it lacks", container.name);
            found.in_container(Code::ProbePort, container, &format!("{field}.{kind}.port"), message);
        }
    }
}

fn security(pod: &Pod<'_, '_>, container: &Container<'_, '_>, found: &mut Found) {
    let own = |key| container.value.at(&["securityContext", key]);
    let effective =
        |key| own(key).filter(|v| !v.is_null()).or_else(|| pod.value.at(&["spec", "securityContext", key]));
    let is = |value: Option<&Value<'_>>| value.and_then(Value::as_bool);
    if is(effective("runAsNonRoot")) == Some(true) && user(pod, container) == Some(0) {
        let message = format!("container {} runs as root, and runAsNonRoot is true", container.name);
        found.in_container(Code::RootRefused, container, "securityContext.runAsUser", message);
    }
    if is(own("privileged")) == Some(true) && is(own("allowPrivilegeEscalation")) == Some(false) {
        let message =
            format!("container {} is privileged, and allowPrivilegeEscalation is false", container.name);
        let field = "securityContext.allowPrivilegeEscalation";
        found.in_container(Code::PrivilegedEscalation, container, field, message);
    }
}

/// The user that a container is told to run as.
pub(super) fn user(pod: &Pod<'_, '_>, container: &Container<'_, '_>) -> Option<i64> {
    let own = container.value.at(&["securityContext", "runAsUser"]).and_then(Value::as_i64);
    own.or_else(|| pod.value.at(&["spec", "securityContext", "runAsUser"]).and_then(Value::as_i64))
}
