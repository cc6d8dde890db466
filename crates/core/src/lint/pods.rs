//! What is wrong between the parts of a pod: names that meet, ports that meet, volumes with two sources, metadata that
//! grew too long, and containers of the application that get into the sidecar's way. Never: within one container.

use pillion_govalue::Value;

use super::Code;
use super::containers::user;
use super::names::{is_label_key, is_label_name, is_label_value};
use super::view::{Container, Found, Pod, items, repeated, text};
use crate::inject::{INIT, PROXY, PROXY_ID, VALIDATION};

/// All annotations together, keys and values (`TotalAnnotationSizeLimitB`).
const MAX_ANNOTATIONS: usize = 256 * 1024;
/// Words that Kubernetes knows, by the field of a pod's spec.
const WORDS: [(&str, &[&str]); 2] = [
    ("restartPolicy", &["Always", "OnFailure", "Never"]),
    ("dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
];
/// Ports on which Istio's sidecar listens without saying so (istio.io, "Ports used by Istio").
const SIDECARS_PORTS: [i64; 10] = [15000, 15001, 15002, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

/// What concerns the pod as a whole.
pub(super) fn check(pod: &Pod<'_, '_>, found: &mut Found) {
    if !pod.containers.iter().any(|container| !container.init) {
        found.in_pod(
            Code::NoContainers,
            "spec.containers".to_owned(),
            "the pod has no containers".to_owned(),
        );
    }
    for (at, name) in repeated(pod.containers.iter().map(|container| container.name)) {
        let message = format!("two containers have the name {name}");
        found.in_container(Code::DuplicateContainer, &pod.containers[at], "name", message);
    }
    for (field, known) in WORDS {
        let word = text(pod.value, &["spec", field]);
        if !word.is_empty() && !known.contains(&word) {
            let message = format!("{field} is {word:?} and not one of {}", known.join(", "));
            found.in_pod(Code::BadWord, format!("spec.{field}"), message);
        }
    }
    volumes(pod, found);
    ports(pod, found);
    metadata(pod, found);
}

fn volumes(pod: &Pod<'_, '_>, found: &mut Found) {
    let volumes = items(pod.value, &["spec", "volumes"]);
    for (at, name) in repeated(volumes.iter().map(|volume| text(volume, &["name"]))) {
        let message = format!("two volumes have the name {name}");
        found.in_pod(Code::DuplicateVolume, format!("spec.volumes[{at}].name"), message);
    }
    for (at, volume) in volumes.iter().enumerate() {
        let name = text(volume, &["name"]);
        if !is_label_name(name) {
            let message = format!("a volume has the name {name:?}");
            found.in_pod(Code::BadName, format!("spec.volumes[{at}].name"), message);
        }
        let members = volume.as_map().into_iter().flat_map(|map| map.iter());
        let sources: Vec<&str> = members
            .filter(|(key, value)| key.as_str() != "name" && !value.is_null())
            .map(|(key, _)| key.as_str())
            .collect();
        if sources.len() > 1 {
            let message = format!("the volume {name} has several sources: {}", sources.join(", "));
            found.in_pod(Code::VolumeSources, format!("spec.volumes[{at}]"), message);
        }
    }
}

/// Containers share one network: what two of them listen on, one of them cannot have.
fn ports(pod: &Pod<'_, '_>, found: &mut Found) {
    let mut taken = std::collections::BTreeMap::new();
    for container in pod.containers.iter().filter(|container| container.stays()) {
        for (at, (number, protocol)) in listens(container).enumerate() {
            let first = *taken.entry((number, protocol)).or_insert(container.name);
            if first != container.name {
                let message =
                    format!("containers {first} and {} both listen on port {number}", container.name);
                found.in_container(Code::PortTaken, container, &format!("ports[{at}]"), message);
            }
        }
    }
}

fn listens<'p>(container: &Container<'p, '_>) -> impl Iterator<Item = (i64, &'p str)> {
    items(container.value, &["ports"]).iter().map(|port| {
        let protocol = text(port, &["protocol"]);
        let number = port.get("containerPort").and_then(Value::as_i64).unwrap_or_default();
        (number, if protocol.is_empty() { "TCP" } else { protocol })
    })
}

fn metadata(pod: &Pod<'_, '_>, found: &mut Found) {
    let of =
        |what| pod.value.at(&["metadata", what]).and_then(Value::as_map).into_iter().flat_map(|m| m.iter());
    for (key, value) in of("labels") {
        let value = value.as_str().unwrap_or_default();
        if !is_label_key(key) || !is_label_value(value) {
            let message = format!("the label {key} has the value {value:?}");
            found.in_pod(Code::BadLabel, format!("metadata.labels[{key}]"), message);
        }
    }
    let size = |(key, value): (&pillion_govalue::Str<'_>, &Value<'_>)| {
        key.as_str().len() + value.as_str().map_or(0, str::len)
    };
    let total: usize = of("annotations").map(size).sum();
    if total > MAX_ANNOTATIONS {
        let message = "the annotations have more than 262144 bytes together".to_owned();
        found.in_pod(Code::AnnotationsTooLong, "metadata.annotations".to_owned(), message);
    }
}

/// Containers of the application that take what the sidecar needs: its user, where traffic is redirected by user, and
/// the ports that it opens without declaring them.
pub(super) fn beside_the_sidecar(before: &Pod<'_, '_>, after: &Pod<'_, '_>, found: &mut Found) {
    let redirected = after.has(INIT) || after.has(VALIDATION);
    let Some(sidecar) = after.containers.iter().find(|container| container.name == PROXY) else { return };
    if !redirected {
        return;
    }
    let sidecars = user(after, sidecar).unwrap_or(PROXY_ID);
    // Init containers run before anything is redirected, unless they stay.
    let applications = after.containers.iter();
    let applications = applications.filter(|one| one.stays() && one.name != PROXY && before.has(one.name));
    for container in applications {
        if user(after, container) == Some(sidecars) {
            let message = format!(
                "container {} runs as user {sidecars}, the sidecar's: its traffic is not redirected",
                container.name
            );
            found.in_container(Code::UidTaken, container, "securityContext.runAsUser", message);
        }
        let declared = |number| listens(sidecar).any(|(port, _)| port == number);
        for (at, (number, protocol)) in listens(container).enumerate() {
            if protocol == "TCP" && SIDECARS_PORTS.contains(&number) && !declared(number) {
                let message =
                    format!("container {} listens on port {number}, which the sidecar uses", container.name);
                found.in_container(Code::PortReserved, container, &format!("ports[{at}]"), message);
            }
        }
    }
}
