//! Pillion beside a live istiod, and the take-over: nobody's caBundle changes, no pod is refused, no pod differs.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::install::{
    self, Install, ROOT, all_metrics, entries_are_armed, nothing_installed, replicas, settle,
};
use crate::harness::istiod::{self, CONFIGURATION, Istiod, bundles, configuration};
use crate::harness::pods::{create, is_injected, plain};
use crate::harness::{cluster, kubectl, list, namespace, rolled_out, row, soon, succeeded};
use crate::support::{pillion, run};

const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
/// Pods in each state.
const PODS: usize = 50;

/// How long both are watched side by side; `make e2e-long` says 300.
fn beside() -> Duration {
    let seconds = std::env::var("PILLION_BESIDE_SECONDS").ok().filter(|text| !text.is_empty());
    Duration::from_secs(seconds.map_or(30, |text| text.parse().expect("PILLION_BESIDE_SECONDS is a number")))
}

fn takeover(arguments: &[&str]) -> Output {
    let mut command = pillion();
    command.args(["takeover", "--revision", "default"]).args(arguments);
    run(command.arg("--kubeconfig").arg(cluster().plane.kubeconfig()), "")
}

fn takeover_ok(arguments: &[&str]) -> String {
    let printed = succeeded(&takeover(arguments), &format!("pillion takeover {}", arguments.join(" ")));
    println!("$ pillion takeover --revision default {}\n{printed}", arguments.join(" "));
    settle();
    printed
}

/// What it says where it refuses; then nothing has changed, and nothing of the check is left.
fn refused(arguments: &[&str]) -> String {
    let before = configuration();
    let output = takeover(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(configuration()["webhooks"], before["webhooks"]);
    nothing_of_the_check_is_left();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("$ pillion takeover --revision default {}\n{text}", arguments.join(" "));
    text
}

/// What the check has made, and is there.
fn of_the_check(path: &str) -> Vec<Value> {
    list(&format!("{path}?labelSelector=pillion.dev%2Ftakeover-check"))
}

fn nothing_of_the_check_is_left() {
    assert_eq!(of_the_check(WEBHOOKS), [json!(null); 0]);
    soon("the namespace of the check goes", || of_the_check("/api/v1/namespaces").is_empty());
}

/// Ctrl-C while the temporary webhook is there.
fn is_interrupted() {
    let before = configuration();
    let mut command = pillion();
    command.args(["takeover", "--revision", "default", "--kubeconfig"]).arg(cluster().plane.kubeconfig());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    soon("the check has made its webhook", || !of_the_check(WEBHOOKS).is_empty());
    let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && text.contains("interrupted"), "{}: {text}", output.status);
    nothing_of_the_check_is_left();
    assert_eq!(configuration(), before);
}

/// Our chart, beside istiod's: its ConfigMaps are istiod's own.
fn install_pillion(webhooks: bool) {
    let mut values = Install::Default.values();
    if !webhooks {
        values["webhook"]["enabled"] = json!(false);
        values["takeover"] = json!([CONFIGURATION]);
    }
    install::release(&values);
    rolled_out(ROOT, "pillion");
}

/// Creates pods, none of which may be refused; all that there is in one of them but its name.
fn create_pods(namespace: &str, state: &str) -> BTreeSet<String> {
    let pods = (0..PODS).map(|index| {
        let name = format!("{state}-{index:03}");
        let mut pod = plain(&name);
        pod["metadata"]["labels"] = json!({"app": "shop", "version": "v1"});
        pod["spec"]["containers"][0]["readinessProbe"] = json!({"httpGet": {"path": "/", "port": 80}});
        let made = create(namespace, &pod);
        assert!(is_injected(&made), "{state}: {made}");
        comparable(made, &name)
    });
    pods.collect()
}

fn comparable(mut pod: Value, name: &str) -> String {
    for random in ["uid", "creationTimestamp", "managedFields", "resourceVersion"] {
        pod["metadata"].as_object_mut().unwrap().remove(random);
    }
    let token = pod["spec"]["volumes"].as_array().unwrap().iter();
    let token =
        token.filter_map(|volume| volume["name"].as_str()).find(|it| it.starts_with("kube-api-access-"));
    let token = token.unwrap_or("no token").to_owned();
    pod.to_string().replace(name, "NAME").replace(&token, "TOKEN")
}

/// Whom all entries call.
fn called() -> BTreeSet<String> {
    let entries = configuration()["webhooks"].as_array().unwrap().clone();
    entries
        .iter()
        .map(|entry| entry["clientConfig"]["service"]["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn only(name: &str) -> BTreeSet<String> {
    [name.to_owned()].into()
}

/// What the pods of Pillion say of a metric.
fn metric(name: &str) -> Vec<String> {
    let texts = replicas().into_iter().filter_map(|pod| all_metrics(&pod));
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.starts_with(name)).collect()
}

#[test]
fn beside_istiod_and_in_its_place() {
    let held = nothing_installed();
    held.run(|| {
        install::root_namespace();
        let mut istiod = Istiod::start();
        install_pillion(true);
        entries_are_armed();
        both_keep_their_bundles();

        // One after the other: what stands in the way is named.
        let text = refused(&[]);
        assert!(text.contains("webhook.enabled: false"), "{text}");
        install_pillion(false);
        settle();
        let text = refused(&[]);
        assert!(text.contains("pilot.env.INJECTION_WEBHOOK_CONFIG_NAME: \"\""), "{text}");
        istiod.without_patcher();

        let shop = namespace(&[("istio-injection", "enabled")]);
        let original = configuration();
        let wanted = create_pods(&shop, "istiod");
        assert_eq!(wanted.len(), 1, "istiod's pods differ from each other: {wanted:#?}\n{}", istiod.log());

        is_interrupted();
        let text = takeover_ok(&["--dry-run"]);
        assert!(text.contains("would be written"), "{text}");
        assert_eq!(configuration(), original);
        nothing_of_the_check_is_left();
        takeover_ok(&[]);
        nothing_of_the_check_is_left();
        assert_eq!(called(), only("pillion"));
        assert_eq!(create_pods(&shop, "taken"), wanted);
        served_by_pillion(&shop);
        webhooks_cannot_be_removed();
        assert_eq!(metric("pillion_takeover_reverted"), vec![reverted(0); replicas().len()]);

        istiod::upgrade(false);
        assert_eq!(called(), only("istiod"), "helm upgrade puts its own address back");
        settle();
        assert_eq!(create_pods(&shop, "upgraded"), wanted);
        is_told();

        takeover_ok(&[]);
        assert_eq!(called(), only("pillion"));
        takeover_ok(&["--undo"]);
        let now = configuration();
        assert_eq!(now["webhooks"], original["webhooks"]);
        assert_eq!(now["metadata"]["annotations"], original["metadata"]["annotations"]);
        assert_eq!(create_pods(&shop, "undone"), wanted);
        let text = refused(&["--undo"]);
        assert!(
            text.contains("no webhook configuration of the revision \"default\" is taken over"),
            "{text}"
        );
        install::uninstall();
        assert_eq!(create_pods(&shop, "uninstalled"), wanted);
        drop(istiod);
    });
    row("beside istiod, taken over, upgraded, given back: no pod refused, no pod different");
}

fn both_keep_their_bundles() {
    let ours = || install::configurations().iter().flat_map(bundles).collect::<Vec<_>>();
    let (their, our) = (bundles(&configuration()), ours());
    let time = beside();
    sleep(time);
    assert_eq!(bundles(&configuration()), their, "istiod's caBundle");
    assert_eq!(ours(), our, "Pillion's caBundle");
    assert!(their.iter().all(|bundle| !our.contains(bundle)), "the two have different authorities");
    row(&format!("beside a live istiod for {} s: both caBundles unchanged", time.as_secs()));
}

/// What the chart's hook runs before anything is uninstalled.
fn webhooks_cannot_be_removed() {
    let before = configuration();
    let mut command = pillion();
    command.args(["webhook", "remove", "--own-namespace", ROOT]);
    let output = run(command.arg("--kubeconfig").arg(cluster().plane.kubeconfig()), "");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(CONFIGURATION) && text.contains("takeover --undo"), "{text}");
    assert_eq!(configuration(), before);
}

fn served_by_pillion(namespace: &str) {
    let logs = cluster().kubelet.all_logs(ROOT);
    let lines = logs.lines().filter(|line| line.contains(namespace) && line.contains("injected")).count();
    assert!(lines >= PODS, "{lines} pods in Pillion's log");
}

fn reverted(value: u8) -> String {
    format!("pillion_takeover_reverted{{name=\"{CONFIGURATION}\"}} {value}")
}

/// A reverted take-over is told by metric, log and Event.
fn is_told() {
    soon("the metric says so", || metric("pillion_takeover_reverted").contains(&reverted(1)));
    soon("an Event says so", || {
        let events = list(&format!("/apis/events.k8s.io/v1/namespaces/{ROOT}/events"));
        events
            .iter()
            .any(|event| event["reason"] == "TakeoverReverted" && event["regarding"]["kind"] == "Service")
    });
    println!("{}", kubectl(&["get", "events", "-n", ROOT, "--field-selector", "reason=TakeoverReverted"]));
}
