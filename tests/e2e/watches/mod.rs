//! `pillion serve --config-source configmap` beside a cluster: what it waits for, what it follows, and what it survives.
//!
//! | module | holds |
//! |---|---|
//! | `serving` | the program as a process of the test |

mod serving;

use serde_json::{Value, json};

use crate::harness::{apply, cluster, istio, kubectl, kubectl_with, namespace, row, run_kubectl, soon};
use serving::Serving;

/// A namespace with Istio's ConfigMaps of this revision.
fn root(revision: &str) -> String {
    let root = namespace(&[]);
    istio::config_maps(&root, revision);
    root
}

/// The program, reading this namespace as the cluster's administrator.
fn following(root: &str, more: &[&str]) -> Serving {
    let kubeconfig = cluster().plane.kubeconfig();
    Serving::start(
        &[&["--kubeconfig", kubeconfig.to_str().unwrap(), "--namespace", root], more].concat(),
        &[],
    )
}

/// The same object with another value at a JSON pointer of the text under a key of a ConfigMap.
fn change_values(root: &str, name: &str, change: impl FnOnce(&mut Value)) {
    let text = kubectl(&["get", "configmap", name, "-n", root, "-o", "json"]);
    let mut map: Value = serde_json::from_str(&text).unwrap();
    let mut values: Value = serde_json::from_str(map["data"]["values"].as_str().unwrap()).unwrap();
    change(&mut values);
    map["data"]["values"] = json!(values.to_string());
    kubectl_with(&["replace", "-f", "-"], &map.to_string());
}

#[test]
fn a_missing_configmap_is_named_and_waited_for() {
    let root = namespace(&[]);
    let serving = following(&root, &["--revision", "1-99"]);
    serving.says(&format!("ConfigMap {root}/istio-sidecar-injector-1-99, which is not there"));
    assert!(serving.readyz().contains("[-]config failed"), "{}", serving.readyz());
    assert!(serving.injected().contains("no configuration has been loaded yet"));
    istio::config_maps(&root, "1-99");
    serving.is_ready();
    assert!(serving.injected().contains("name: istio-proxy"));
    // Deleted while it serves: the last good one stays, and it is told.
    kubectl(&["delete", "configmap", "istio-sidecar-injector-1-99", "-n", &root]);
    serving.says("which is not there");
    assert!(serving.readyz().contains("readyz check passed"));
    assert!(serving.injected().contains("name: istio-proxy"));
    row("watches: a missing ConfigMap is named and waited for, a deleted one stays in use");
}

#[test]
fn a_missing_right_is_named_and_waited_for() {
    let root = root("");
    kubectl(&["create", "serviceaccount", "reader", "-n", &root]);
    let token = kubectl(&["create", "token", "reader", "-n", &root]);
    let kubeconfig = serving::kubeconfig(token.trim());
    let arguments = ["--kubeconfig", kubeconfig.path().to_str().unwrap(), "--namespace", &root];
    let serving = Serving::start(&arguments, &[]);
    for what in [
        "cannot list resource \"configmaps\"",
        "cannot list resource \"nodes\"",
        "cannot list resource \"proxyconfigs\"",
    ] {
        serving.says(what);
    }
    assert!(serving.readyz().contains("[-]config failed"), "{}", serving.readyz());
    let names = "--resource-name=istio,istio-sidecar-injector".replace(',', " --resource-name=");
    let account = format!("{root}:reader");
    let role = format!("create role reader -n {root} --verb=get,list,watch --resource=configmaps {names}");
    kubectl(&role.split(' ').collect::<Vec<_>>());
    kubectl(&["create", "rolebinding", "reader", "-n", &root, "--role=reader", "--serviceaccount", &account]);
    let cluster_role = format!("reader-{root}");
    // The kind of ProxyConfigs is not known to every cluster; a rule may name it all the same.
    apply(&json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": cluster_role},
        "rules": [
            {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]},
            {"apiGroups": ["networking.istio.io"], "resources": ["proxyconfigs"], "verbs": ["list", "watch"]},
        ],
    }).to_string());
    kubectl(&[
        "create",
        "clusterrolebinding",
        &cluster_role,
        "--clusterrole",
        &cluster_role,
        "--serviceaccount",
        &account,
    ]);
    serving.is_ready();
    assert!(serving.injected().contains("name: istio-proxy"));
    row("watches: a missing right is named and waited for");
}

#[test]
fn an_api_server_that_goes_away_changes_nothing() {
    let root = root("");
    let proxy = serving::Proxy::start();
    let kubeconfig = proxy.kubeconfig();
    let serving =
        Serving::start(&["--kubeconfig", kubeconfig.path().to_str().unwrap(), "--namespace", &root], &[]);
    serving.is_ready();
    proxy.cut();
    soon("the program notices", || serving.log().contains("cannot watch"));
    assert!(serving.readyz().contains("readyz check passed") || serving.readyz() == "ok\n");
    assert!(serving.injected().contains("name: istio-proxy"));
    proxy.mend();
    change_values(&root, "istio-sidecar-injector", |values| values["global"]["tag"] = json!("after"));
    soon("a change after the API server came back", || serving.injected().contains(":after"));
    row("watches: the API server went away for a while, pods are injected all the while");
}

#[test]
fn proxyconfigs_are_followed_and_their_kind_may_go() {
    let root = root("");
    let _kinds = istio::kinds();
    let serving = following(&root, &[]);
    serving.is_ready();
    let resource = json!({
        "apiVersion": "networking.istio.io/v1beta1", "kind": "ProxyConfig",
        "metadata": {"name": "all", "namespace": "default"},
        "spec": {"environmentVariables": {"FROM_A_RESOURCE": "yes"}},
    });
    soon("the kind is served", || run_kubectl(&["apply", "-f", "-"], &resource.to_string()));
    soon("its variable in a pod", || serving.injected().contains("FROM_A_RESOURCE"));
    let before = serving.log().lines().count();
    kubectl(&["delete", "crd", "proxyconfigs.networking.istio.io"]);
    soon("its variable is gone", || !serving.injected().contains("FROM_A_RESOURCE"));
    std::thread::sleep(std::time::Duration::from_secs(10));
    assert!(serving.injected().contains("name: istio-proxy"));
    let lines: Vec<String> = serving.log().lines().skip(before).map(str::to_owned).collect();
    let of_watches = lines.iter().filter(|line| line.contains("ProxyConfig")).count();
    assert!(of_watches <= 3, "{of_watches} lines for one kind that went: {lines:#?}");
    row(&format!("watches: ProxyConfig resources are followed; {of_watches} lines when their kind went"));
}

#[test]
fn the_shared_mesh_and_nodes_are_followed() {
    let root = root("");
    let kubeconfig = cluster().plane.kubeconfig();
    let arguments = ["--kubeconfig", kubeconfig.to_str().unwrap(), "--namespace", &root];
    let serving = Serving::start(&arguments, &[("SHARED_MESH_CONFIG", "shared")]);
    serving.is_ready();
    // The one node of the harness is new enough for native sidecars.
    assert!(serving.injected().contains("restartPolicy: Always"), "{}", serving.injected());
    let mesh = "mesh=defaultConfig: {proxyMetadata: {FROM_THE_SHARED_MESH: x}}";
    kubectl(&["create", "configmap", "shared", "-n", &root, &format!("--from-literal={mesh}")]);
    soon("the shared mesh in a pod", || serving.injected().contains("FROM_THE_SHARED_MESH"));
    let old = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("old-{root}")}});
    apply(&old.to_string());
    let version = r#"{"status":{"nodeInfo":{"kubeletVersion":"v1.28.0","architecture":"","bootID":"","containerRuntimeVersion":"","kernelVersion":"","kubeProxyVersion":"","machineID":"","operatingSystem":"","osImage":"","systemUUID":""}}}"#;
    let name = format!("old-{root}");
    kubectl(&["patch", "node", &name, "--subresource=status", "--type=merge", "-p", version]);
    soon("no native sidecar beside an old node", || !serving.injected().contains("restartPolicy: Always"));
    kubectl(&["delete", "node", &name]);
    soon("native sidecars again", || serving.injected().contains("restartPolicy: Always"));
    row("watches: shared mesh and nodes are followed");
}

#[test]
fn inject_reads_a_running_istios_configmaps() {
    let root = root("1-20-2");
    let kubeconfig = cluster().plane.kubeconfig();
    let inject = |namespace: &str| {
        let arguments =
            ["inject", "-f", "-", "--config-source", "configmap", "--revision", "1-20-2", "-i", namespace];
        let mut command = crate::support::pillion();
        command.args(arguments).arg("--kubeconfig").arg(&kubeconfig);
        crate::support::run(&mut command, &crate::harness::pods::plain("web").to_string())
    };
    let output = inject(&root);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("istio-proxy"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let output = inject("kube-public");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("istio-sidecar-injector-1-20-2, which is not there"),
        "{said}"
    );
    row("pillion inject --config-source configmap");
}
