//! Folders of objects in a configuration directory: what `kubectl get … -o yaml` wrote into them reaches the pods, and
//! what does not belong there is told.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pillion::engine::{Engine, Preview};
use pillion::source::reload::Reloader;
use pillion::source::{Origin, Status};
use pillion::telemetry::Metrics;
use pillion::watch::Watch;
use pillion_core::config::{Platform, Settings};

use crate::support::program::{command, err, out};
use crate::support::{POD, config, review};

/// What `kubectl get nodes -o yaml` writes, shortened.
fn nodes(versions: &[&str]) -> String {
    let mut text = String::from("apiVersion: v1\nitems:\n");
    for (at, version) in versions.iter().enumerate() {
        text.push_str(&format!(
            "- apiVersion: v1\n  kind: Node\n  metadata:\n    labels:\n      kubernetes.io/os: linux\n    name: node-{at}\n  \
             status:\n    nodeInfo:\n      kubeletVersion: {version}\n      osImage: \"Linux: 1\"\n"
        ));
    }
    text + "kind: List\nmetadata:\n  resourceVersion: \"\"\n"
}

const NAMESPACES: &str = "apiVersion: v1
kind: Namespace
metadata:
  name: shop
  annotations:
    openshift.io/sa.scc.uid-range: 1000620000/10000
    openshift.io/sa.scc.supplemental-groups: 1000620000/10000
";

const PROXY_CONFIG: &str = "apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: all, namespace: shop}
spec: {concurrency: 7}
";

/// A configuration whose image tells what the templates are told.
fn telling() -> String {
    config(
        "proxy:{{ .NativeSidecars }}-{{ .ProxyUID }}-{{ .ProxyGID }}-{{ .ProxyConfig.Concurrency.GetValue }}-{{ .MeshConfig.TrustDomain }}",
    )
}

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A directory with the telling configuration and these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("config", &telling()), ("values", "{}")]);
    write(dir.path(), files);
    dir
}

/// The image that a pod of the namespace `shop` gets from `pillion inject`.
fn image(dir: &Path, variables: &[(&str, &str)]) -> Result<String, String> {
    let pod = dir.join("pod.json");
    fs::write(&pod, format!(r#"{{"apiVersion":"v1","kind":"Pod",{}"#, &POD[1..])).unwrap();
    let mut command = command(&[
        "inject",
        "-n",
        "shop",
        "--config-dir",
        dir.to_str().unwrap(),
        "-f",
        pod.to_str().unwrap(),
    ]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    if output.status.code() != Some(0) {
        return Err(err(&output));
    }
    let text = out(&output);
    let line = text.lines().find(|line| line.contains("image: proxy:"));
    Ok(line.unwrap_or_else(|| panic!("{text}")).split("proxy:").nth(1).unwrap().to_owned())
}

#[test]
fn nodes_as_kubectl_writes_them_say_whether_sidecars_are_native() {
    let plain = |versions: &[&str]| {
        let dir = directory(&[("nodes/all.yaml", &nodes(versions))]);
        image(dir.path(), &[]).unwrap()
    };
    assert_eq!(plain(&["v1.33.1", "v1.34.0-gke.1"]), "true-1337-1337-0-cluster.local");
    assert_eq!(plain(&["v1.33.1", "v1.32.9"]), "false-1337-1337-0-cluster.local");
    assert_eq!(plain(&[]), "true-1337-1337-0-cluster.local");
    let unknown = directory(&[]);
    assert_eq!(image(unknown.path(), &[]).unwrap(), "false-1337-1337-0-cluster.local");
    fs::create_dir(unknown.path().join("nodes")).unwrap();
    assert_eq!(image(unknown.path(), &[]).unwrap(), "true-1337-1337-0-cluster.local");
}

#[test]
fn namespaces_give_users_on_openshift_only() {
    let dir = directory(&[("namespaces/shop.yaml", NAMESPACES)]);
    assert_eq!(image(dir.path(), &[]).unwrap(), "false-1337-1337-0-cluster.local");
    let openshift = image(dir.path(), &[("PLATFORM", "openshift")]).unwrap();
    assert_eq!(openshift, "false-1000629999-1000629999-0-cluster.local");
}

#[test]
fn proxy_configs_and_the_shared_mesh_are_read() {
    let dir = directory(&[
        ("proxyconfigs/shop.yaml", PROXY_CONFIG),
        ("shared-mesh", "trustDomain: shared.example\nrootNamespace: other\n"),
    ]);
    assert_eq!(image(dir.path(), &[]).unwrap(), "false-1337-1337-7-shared.example");
    write(dir.path(), &[("mesh", "trustDomain: own.example\n")]);
    assert_eq!(image(dir.path(), &[]).unwrap(), "false-1337-1337-7-own.example");
    let list =
        format!("apiVersion: v1\nkind: List\nitems:\n- {}", PROXY_CONFIG.trim_end().replace('\n', "\n  "));
    write(dir.path(), &[("proxyconfigs/shop.yaml", &list)]);
    assert_eq!(image(dir.path(), &[]).unwrap(), "false-1337-1337-7-own.example");
}

#[test]
fn the_folders_are_those_of_the_cluster_that_the_values_or_the_environment_name() {
    let dir = directory(&[("nodes/all.yaml", &nodes(&["v1.33.1"]))]);
    write(dir.path(), &[("values", "global: {multiCluster: {clusterName: east}}")]);
    assert_eq!(image(dir.path(), &[]).unwrap(), "true-1337-1337-0-cluster.local");
    // The pods are east's, and it is west that is known.
    let elsewhere = image(dir.path(), &[("CLUSTER_ID", "west")]).unwrap();
    assert_eq!(elsewhere, "false-1337-1337-0-cluster.local");
    write(dir.path(), &[("clusters/east/nodes/all.yaml", &nodes(&["v1.40.0"]))]);
    assert_eq!(image(dir.path(), &[("CLUSTER_ID", "west")]).unwrap(), "true-1337-1337-0-cluster.local");
}

#[test]
fn what_does_not_belong_there_is_told_with_file_document_and_line() {
    for (file, text, parts) in [
        (
            "nodes/all.yaml",
            format!("{}---\n{PROXY_CONFIG}", nodes(&["v1.33.1"])),
            ["document 2, line 17", "ProxyConfig"],
        ),
        ("namespaces/a.yaml", nodes(&["v1.33.1"]), ["document 1, items[0], line 1", "Namespace"]),
        (
            "namespaces/a.yaml",
            NAMESPACES.replace("1000620000/10000", "7"),
            ["document 1, line 1", "put it in quotes"],
        ),
        ("proxyconfigs/a.yaml", PROXY_CONFIG.replace("7", "[7]"), ["document 1", "concurrency"]),
        ("proxyconfigs/a.yaml", format!("{PROXY_CONFIG}---\n a: [\n"), ["document 2, line", "did not find"]),
        ("clusters/east/nodes/a.yaml", String::new(), ["holds no object", "NodeList"]),
        ("shared-mesh", String::from("trustDomain: [1]"), ["trustDomain", "shared-mesh"]),
    ] {
        let dir = directory(&[(file, &text)]);
        let told = image(dir.path(), &[]).unwrap_err();
        for part in [file].into_iter().chain(parts) {
            assert!(told.replace(": line", ", line").contains(part), "{part} in {told}");
        }
    }
}

/// An engine that follows a directory.
struct Followed {
    engine: Arc<Engine>,
    status: Arc<Status>,
    follower: tokio::task::JoinHandle<()>,
}

impl Followed {
    fn start(directory: &Path) -> Self {
        let engine = Engine::new(Arc::new(Metrics::new("default")));
        let origin = Origin::Directory(directory.to_owned());
        let status = Arc::new(Status::new(&origin));
        let settings = Settings { platform: Platform::OpenShift, ..Settings::default() };
        let watched = origin.clone();
        let watch = Watch::over(move || watched.directories());
        let read = origin.reader(None);
        let mut reloader = Reloader::new(read, settings, Arc::clone(&engine), Arc::clone(&status));
        reloader.begin().unwrap();
        let follower = tokio::spawn(reloader.follow(watch));
        Self { engine, status, follower }
    }

    fn image(&self, path: &str) -> String {
        let (reply, _) = self.engine.admit(path, review(POD).as_bytes(), Preview::Pod);
        let text = String::from_utf8(reply.body).unwrap();
        let rest = text.split("proxy:").nth(1).unwrap_or_else(|| panic!("{text}"));
        rest.split(['"', '\n']).next().unwrap().to_owned()
    }

    async fn becomes(&self, path: &str, image: &str) {
        let holds = async {
            while !self.image(path).starts_with(image) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), holds).await.is_ok();
        assert!(in_time, "{image} and not {}, {:?}", self.image(path), self.status.fault());
    }

    async fn tells(&self, part: &str) {
        let told = async {
            while !self.status.fault().is_some_and(|fault| fault.contains(part)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), told).await.is_ok();
        assert!(in_time, "{part} in {:?}", self.status.fault());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_comes_changes_and_goes_is_followed() {
    let dir = directory(&[]);
    let followed = Followed::start(dir.path());
    assert_eq!(followed.image("/inject"), "false-1337-1337-0-cluster.local");
    write(dir.path(), &[("nodes/all.yaml", &nodes(&["v1.33.1"]))]);
    followed.becomes("/inject", "true-1337").await;
    write(dir.path(), &[("nodes/more.yaml", &nodes(&["v1.32.0"]).replace("node-0", "old"))]);
    followed.becomes("/inject", "false-1337").await;
    fs::remove_file(dir.path().join("nodes/more.yaml")).unwrap();
    followed.becomes("/inject", "true-1337").await;
    write(dir.path(), &[("namespaces/shop.yaml", NAMESPACES)]);
    followed.becomes("/inject", "true-1000629999").await;
    write(dir.path(), &[("proxyconfigs/shop.yaml", PROXY_CONFIG)]);
    followed.becomes("/inject", "true-1000629999-1000629999-7").await;
    write(dir.path(), &[("clusters/east/nodes/all.yaml", &nodes(&["v1.33.1"]))]);
    followed.becomes("/inject/cluster/east", "true-1337").await;
    write(dir.path(), &[("clusters/east/nodes/all.yaml", &nodes(&["v1.31.1"]))]);
    followed.becomes("/inject/cluster/east", "false-1337").await;
    fs::remove_dir_all(dir.path().join("nodes")).unwrap();
    followed.becomes("/inject", "false-1000629999").await;
    followed.follower.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_in_a_folder_leaves_the_old_configuration_whole() {
    let dir =
        directory(&[("nodes/all.yaml", &nodes(&["v1.33.1"])), ("proxyconfigs/shop.yaml", PROXY_CONFIG)]);
    let followed = Followed::start(dir.path());
    let before = followed.image("/inject");
    assert_eq!(before, "true-1337-1337-7-cluster.local");
    // The nodes are old and good: they must not come into use beside a bad neighbour.
    write(dir.path(), &[("proxyconfigs/bad.yaml", "kind: Pod"), ("nodes/all.yaml", &nodes(&["v1.20.0"]))]);
    followed.tells("proxyconfigs/bad.yaml, document 1: line 1: kind \"Pod\"").await;
    assert_eq!(followed.image("/inject"), before);
    fs::remove_file(dir.path().join("proxyconfigs/bad.yaml")).unwrap();
    followed.becomes("/inject", "false-1337-1337-7").await;
    // `kubectl … > nodes/all.yaml` empties the file first.
    write(dir.path(), &[("nodes/all.yaml", "")]);
    followed.tells("nodes/all.yaml: holds no object").await;
    assert_eq!(followed.image("/inject"), "false-1337-1337-7-cluster.local");
    write(dir.path(), &[("nodes/all.yaml", &nodes(&["v1.33.1"]))]);
    followed.becomes("/inject", "true-1337").await;
    assert_eq!(followed.status.fault(), None);
    followed.follower.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_in_a_swapped_volume_are_of_its_generation() {
    let dir = tempfile::tempdir().unwrap();
    let swap = |generation: u32, version: &str, image: &str| {
        let data = dir.path().join(format!("..{generation}"));
        let config = telling().replace("proxy:", &format!("proxy:{image}-"));
        write(&data, &[("config", &config), ("values", "{}"), ("nodes/all.yaml", &nodes(&[version]))]);
        symlink(format!("..{generation}"), dir.path().join("..data_tmp")).unwrap();
        fs::rename(dir.path().join("..data_tmp"), dir.path().join("..data")).unwrap();
        if generation > 1 {
            fs::remove_dir_all(dir.path().join(format!("..{}", generation - 1))).unwrap();
        }
    };
    swap(1, "v1.33.1", "one");
    for name in ["config", "values", "nodes"] {
        symlink(format!("..data/{name}"), dir.path().join(name)).unwrap();
    }
    let followed = Followed::start(dir.path());
    assert_eq!(followed.image("/inject"), "one-true-1337-1337-0-cluster.local");
    for (generation, version, image, native) in
        [(2, "v1.32.1", "two", false), (3, "v1.33.1", "three", true), (4, "v1.1.1", "four", false)]
    {
        swap(generation, version, image);
        followed.becomes("/inject", &format!("{image}-{native}")).await;
    }
    // A volume of its own inside the directory.
    fs::remove_file(dir.path().join("nodes")).unwrap();
    fs::remove_dir_all(dir.path().join("..4/nodes")).unwrap();
    followed.becomes("/inject", "four-false").await;
    let volume = dir.path().join("nodes");
    for (generation, version, native) in [(1, "v1.33.1", true), (2, "v1.32.1", false), (3, "v1.33.1", true)] {
        write(&volume.join(format!("..{generation}")), &[("all.yaml", &nodes(&[version]))]);
        symlink(format!("..{generation}"), volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
        if generation == 1 {
            symlink("..data/all.yaml", volume.join("all.yaml")).unwrap();
        }
        followed.becomes("/inject", &format!("four-{native}")).await;
    }
    followed.follower.abort();
}
