//! What a pod's container becomes: a command line that makes the mount namespace and becomes the pod's user, and an
//! environment. Never: starts it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::network::{HOST, Network};
use super::volumes::{Owner, Volumes, data};
use super::{Shared, node, text};

/// Runs in the new mount namespace: binds each volume to its mount path, and becomes the program. `/run` (thus
/// `/var/run`) and `/tmp` are the pod's own; everything else is the machine's, read-only if the pod says so.
const INSIDE: &str = r#"
set -eu
volumes=$1 program=$2 read_only=$3 mounts=$4
shift 4
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/.volumes
mount --bind "$volumes" /run/.volumes
# The program may lie below the machine's /tmp, which the pod does not see.
touch /run/.program
mount --bind "$program" /run/.program
mount -t tmpfs -o mode=1777 tmpfs /tmp
while [ "$mounts" -gt 0 ]; do
	mkdir -p "$2"
	mount --bind "/run/.volumes/$1" "$2"
	[ "$3" = rw ] || mount -o remount,bind,ro "$2"
	shift 3
	mounts=$((mounts - 1))
done
umount /run/.volumes
rmdir /run/.volumes
if [ "$read_only" = true ]; then
	for path in /run /tmp; do
		mountpoint -q "$path" && [ "$(stat -f -c %T "$path")" = tmpfs ] && mount -o remount,ro "$path"
	done
	mount -o remount,bind,ro /
fi
cd /
exec "$@"
"#;

/// Where a pod has the program.
const PROGRAM: &str = "/run/.program";

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

/// A security setting: the container's own, else the pod's.
fn setting<'a>(pod: &'a Value, container: &'a Value, name: &str) -> &'a Value {
    let own = &container["securityContext"][name];
    if own.is_null() { &pod["spec"]["securityContext"][name] } else { own }
}

/// The user and the group that files of a pod's volumes belong to.
pub(super) fn owner(shared: &Shared, pod: &Value, container: &Value) -> Owner {
    let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    Owner {
        user: Some(id(setting(pod, container, "runAsUser")).unwrap_or(shared.options.user)),
        group: id(&pod["spec"]["securityContext"]["fsGroup"]),
    }
}

/// The command that runs the container.
pub(super) fn command(shared: &Shared, pod: &Value, network: &Network, volumes: &Volumes) -> Result<Command> {
    let container = only(pod)?;
    let owner = owner(shared, pod, container);
    let user = owner.user.unwrap_or_default();
    ensure!(
        setting(pod, container, "runAsNonRoot") != true || user != 0,
        "the container has runAsNonRoot and the image will run as root"
    );
    let mut line = network.enter();
    line.extend(["unshare", "--mount", "sh", "-c", INSIDE, "sh"].map(str::to_owned));
    line.push(volumes.directory().display().to_string());
    line.push(shared.options.program.display().to_string());
    line.push((container["securityContext"]["readOnlyRootFilesystem"] == true).to_string());
    // A mount path below another one comes after it.
    let mut mounts: Vec<&Value> = container["volumeMounts"].as_array().into_iter().flatten().collect();
    mounts.sort_by_key(|mount| text(mount, "/mountPath"));
    line.push(mounts.len().to_string());
    for mount in mounts {
        line.extend(bind(mount)?);
    }
    line.extend(become_user(pod, container, user));
    let environment = environment(shared, pod, container, network)?;
    line.extend(arguments(container, &environment));
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).env_clear().envs(environment);
    Ok(command)
}

/// The volume, where it goes and how, for the script.
fn bind(mount: &Value) -> Result<[String; 3]> {
    let path = text(mount, "/mountPath");
    let inside = ["/run", "/var/run", "/tmp"].iter().any(|root| Path::new(path).starts_with(root));
    ensure!(
        inside || Path::new(path).is_dir(),
        "{path}: a mount path is below /run, /var/run or /tmp here, or a directory of this machine"
    );
    ensure!(mount["subPath"].is_null(), "{path}: this kubelet knows no subPath");
    let how = if mount["readOnly"] == true { "ro" } else { "rw" };
    Ok([text(mount, "/name"), path, how].map(str::to_owned))
}

/// setpriv with the pod's user and groups, and the capabilities that the pod keeps.
fn become_user(pod: &Value, container: &Value, user: u32) -> Vec<String> {
    let mut line = vec!["setpriv".to_owned()];
    if is_mapped(user) {
        let group = setting(pod, container, "runAsGroup").as_u64().unwrap_or(0);
        let security = &pod["spec"]["securityContext"];
        let more =
            security["supplementalGroups"].as_array().into_iter().flatten().chain([&security["fsGroup"]]);
        let more: Vec<String> = more.filter_map(Value::as_u64).map(|group| group.to_string()).collect();
        line.extend([format!("--reuid={user}"), format!("--regid={group}")]);
        let groups = if more.is_empty() {
            "--clear-groups".to_owned()
        } else {
            format!("--groups={}", more.join(","))
        };
        line.push(groups);
    }
    if container["securityContext"]["allowPrivilegeEscalation"] == false {
        line.push("--no-new-privs".to_owned());
    }
    let dropped = container["securityContext"]["capabilities"]["drop"].as_array();
    if dropped.is_some_and(|list| list.iter().any(|name| name == "ALL")) {
        line.extend(["--inh-caps=-all".to_owned(), "--bounding-set=-all".to_owned()]);
    }
    line
}

/// Whether this user exists here: a test that root did not start has a user namespace that knows one user only.
fn is_mapped(user: u32) -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.lines().any(|line| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        matches!(numbers[..], [first, _, count] if (first..first + count).contains(&u64::from(user)))
    })
}

/// The program and its arguments. The image's own entry point is the program, whatever the container calls it.
fn arguments(container: &Value, environment: &BTreeMap<String, String>) -> Vec<String> {
    let list = |name: &str| container[name].as_array().cloned().unwrap_or_default();
    let mut line = vec![PROGRAM.to_owned()];
    let more = list("command").into_iter().skip(1).chain(list("args"));
    line.extend(more.filter_map(|part| Some(expand(part.as_str()?, |name| environment.get(name).cloned()))));
    line
}

fn environment(
    shared: &Shared,
    pod: &Value,
    container: &Value,
    network: &Network,
) -> Result<BTreeMap<String, String>> {
    ensure!(container["envFrom"].as_array().is_none_or(Vec::is_empty), "this kubelet knows no envFrom");
    let mut environment = BTreeMap::from(
        [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ("HOME", "/".to_owned()),
            ("HOSTNAME", text(pod, "/metadata/name").to_owned()),
            ("KUBERNETES_SERVICE_HOST", HOST.to_string()),
            ("KUBERNETES_SERVICE_PORT", shared.api_port.to_string()),
            ("KUBERNETES_SERVICE_PORT_HTTPS", shared.api_port.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    for variable in container["env"].as_array().into_iter().flatten() {
        let name = text(variable, "/name");
        let from = &variable["valueFrom"];
        let value = if from.is_null() {
            Some(expand(text(variable, "/value"), |name| environment.get(name).cloned()))
        } else {
            from_elsewhere(shared, pod, container, network, from)
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
    shared: &Shared,
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

/// `$(NAME)` becomes the variable's value if there is one, `$$` a single `$`.
fn expand(text: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let named = after.strip_prefix('(').and_then(|inside| inside.split_once(')'));
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((value, after)) = named.and_then(|(name, after)| Some((known(name)?, after))) {
            out.push_str(&value);
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::expand;

    #[test]
    fn variables_in_arguments_are_replaced_where_they_are_known() {
        let known = HashMap::from([("A", "1"), ("B", "")]);
        let expand = |text: &str| expand(text, |name| known.get(name).map(|value| (*value).to_owned()));
        for (text, want) in [
            ("--a=$(A)", "--a=1"),
            ("$(A)$(B)$(A)", "11"),
            ("$(C) $A $", "$(C) $A $"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
        ] {
            assert_eq!(expand(text), want, "{text}");
        }
    }
}
