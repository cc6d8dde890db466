//! What a container becomes: a command line that makes the mount namespace, binds the volumes, becomes the container's
//! user with the capabilities that it keeps, and then the program. Never: where its environment comes from, and starting it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::network::Network;
use super::text;

/// Runs in the new mount namespace: binds each volume to its mount path, and becomes the program. `/run` (thus
/// `/var/run`), `/tmp` and, where the pod has one, `/etc/hosts` are the pod's own; everything else is the machine's,
/// read-only if the pod says so.
const INSIDE: &str = r#"
set -eu
volumes=$1 program=$2 hosts=$3 read_only=$4 mounts=$5
shift 5
[ -z "$hosts" ] || mount --bind "$hosts" /etc/hosts
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

/// What the machine gives to a container.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The pod's network.
    pub network: &'a Network,
    /// A directory that has the pod's volumes, by their names.
    pub volumes: &'a Path,
    /// The program that stands for the container's image.
    pub program: &'a Path,
    /// What the image sets for it.
    pub variables: &'a [(&'a str, &'a str)],
    /// The user that the image names.
    pub user: u32,
    /// The pod's own `/etc/hosts`.
    pub hosts: Option<&'a Path>,
}

/// The command that runs a container.
pub(super) fn command(
    pod: &Value,
    container: &Value,
    place: &Place<'_>,
    environment: BTreeMap<String, String>,
) -> Result<Command> {
    let user = user(pod, container, place.user);
    ensure!(
        setting(pod, container, "runAsNonRoot") != true || user != 0,
        "the container has runAsNonRoot and the image will run as root"
    );
    let mut line = place.network.enter();
    line.extend(["unshare", "--mount", "sh", "-c", INSIDE, "sh"].map(str::to_owned));
    line.extend([place.volumes, place.program].map(|path| path.display().to_string()));
    line.push(place.hosts.map(|path| path.display().to_string()).unwrap_or_default());
    line.push((container["securityContext"]["readOnlyRootFilesystem"] == true).to_string());
    // A mount path below another one comes after it.
    let mut mounts: Vec<&Value> = container["volumeMounts"].as_array().into_iter().flatten().collect();
    mounts.sort_by_key(|mount| text(mount, "/mountPath"));
    line.push(mounts.len().to_string());
    for mount in mounts {
        line.extend(bind(mount)?);
    }
    line.extend(become_user(pod, container, user));
    line.extend(arguments(container, &environment));
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).env_clear().envs(environment);
    Ok(command)
}

/// The user that a container runs as.
pub(super) fn user(pod: &Value, container: &Value, of_image: u32) -> u32 {
    let named = setting(pod, container, "runAsUser").as_u64();
    named.and_then(|id| u32::try_from(id).ok()).unwrap_or(of_image)
}

/// A security setting: the container's own, else the pod's.
fn setting<'a>(pod: &'a Value, container: &'a Value, name: &str) -> &'a Value {
    let own = &container["securityContext"][name];
    if own.is_null() { &pod["spec"]["securityContext"][name] } else { own }
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

/// setpriv with the pod's user and groups, and the capabilities that the container keeps.
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
    let capabilities =
        |list: &str| container["securityContext"]["capabilities"][list].as_array().into_iter().flatten();
    if capabilities("drop").any(|name| name == "ALL") {
        // Root has what is left of the bounding set; other users have nothing.
        let kept =
            capabilities("add").filter_map(Value::as_str).map(|name| format!(",+{}", name.to_lowercase()));
        line.extend([
            "--inh-caps=-all".to_owned(),
            format!("--bounding-set=-all{}", kept.collect::<String>()),
        ]);
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

/// `$(NAME)` becomes the variable's value if there is one, `$$` a single `$`.
pub(super) fn expand(text: &str, known: impl Fn(&str) -> Option<String>) -> String {
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
