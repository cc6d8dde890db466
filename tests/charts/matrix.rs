//! Value sets, each rendered, held to what must be so in every one, and taken by a real API server.

use crate::objects;
use crate::support::{dry_run, helm, objects as parse, repository, run, template};

struct Row {
    name: &'static str,
    namespace: &'static str,
    arguments: &'static [&'static str],
    /// A pod that asks for the host's network may not run where pods are restricted.
    restricted: bool,
}

const fn row(name: &'static str, arguments: &'static [&'static str]) -> Row {
    Row { name, namespace: "istio-system", arguments, restricted: true }
}

const ROWS: &[Row] = &[
    row("nothing set", &[]),
    row("Envoy mode", &["--set", "mode=envoy"]),
    row(
        "values over the profile's, of a revision",
        &["--set", "mode=envoy,revision=1-20-2,envoy.envoy.logLevel=info,envoy.redirect.mode=none"],
    ),
    row("Envoy mode from one's own registry", &["--set", "mode=envoy,image.registry=example.com:5000"]),
    Row { namespace: "pillion-system", ..row("another namespace than Istio's", &[]) },
    row("a revision", &["--set", "revision=1-20-2"]),
    row("a revision that is the default", &["--set", "revision=1-20-2,revisionTags={default,canary}"]),
    row("the revision called default", &["--set", "revision=default"]),
    row(
        "every namespace, reinvocation, failing open",
        &[
            "--set",
            "webhook.enableNamespacesByDefault=true,webhook.reinvocationPolicy=IfNeeded,webhook.failurePolicy=Ignore",
        ],
    ),
    row(
        "failure policies by namespace",
        &["--set", "webhook.failurePolicyByNamespace.ignore={dev,test},webhook.timeoutSeconds=3"],
    ),
    row("skipping in the API server", &["--set", "webhook.skipInApiServer=all"]),
    row("skipping nothing there", &["--set", "webhook.skipInApiServer=none"]),
    row("an old Kubernetes", &["--kube-version", "1.27.3", "--set", "webhook.skipInApiServer=all"]),
    row("the oldest Kubernetes", &["--kube-version", "1.25.0"]),
    row(
        "registered by URL",
        &["--set", "webhook.url=https://10.1.2.3:15017,webhook.path=/inject/cluster/c/net/n"],
    ),
    row("a CA that is given", &["--set", "webhook.managed=false,webhook.caBundle=Q0E="]),
    row(
        "applied objects looked at",
        &["--set", "configValidation.enabled=true,workloadWarnings.enabled=true"],
    ),
    row(
        "applied objects looked at by a revision, by URL, unmanaged",
        &[
            "--set",
            "configValidation.enabled=true,workloadWarnings.enabled=true,revision=1-20-2,revisionTags={prod}",
            "--set",
            "webhook.url=https://10.1.2.3:15017,webhook.managed=false,webhook.caBundle=Q0E=",
        ],
    ),
    row("pods counted", &["--set", "status.report=true"]),
    row(
        "pods counted by a revision with somebody else's certificate",
        &["--set", "status.report=true,revision=1-20-2,certificates.source=secret"],
    ),
    row("no webhook, a take-over", &["--set", "webhook.enabled=false,takeover={istio-sidecar-injector}"]),
    row(
        "shadow mode, for a tag",
        &[
            "--set",
            "shadow.upstream=https://istiod.istio-system.svc:443,shadow.sample=12.5,revisionTags={shadow}",
        ],
    ),
    row(
        "shadow mode, the system's authorities",
        &["--set", "shadow.upstream=https://istiod:443,shadow.caConfigMap="],
    ),
    row("a Secret", &["--set", "certificates.source=secret,certificates.secretName=mine"]),
    row("cert-manager", &["--set", "certificates.source=certManager,webhook.url=https://hook.example:8443"]),
    row(
        "cert-manager's own issuer and injector",
        &[
            "--set",
            "certificates.source=certManager,certificates.certManager.issuerRef.name=ca,webhook.managed=false",
            "--set",
            "certificates.certManager.issuerRef.kind=ClusterIssuer",
        ],
    ),
    row("Istio's certificates", &["--set", "certificates.source=istio"]),
    row(
        "API servers that must present a certificate",
        &["--set", "webhook.clientCA.configMap=clients,webhook.clientCA.names={kube-apiserver,other}"],
    ),
    row("OpenShift", &["--set", "platform=openshift"]),
    row(
        "an id that is null",
        &["--set", "podSecurityContext.runAsUser=null,podSecurityContext.runAsGroup=null"],
    ),
    Row {
        restricted: false,
        ..row("a private control plane", &["--set", "hostNetwork=true,ports.webhook=10250,replicaCount=1"])
    },
    row("both families", &["--set", "service.ipFamilyPolicy=PreferDualStack,service.ipFamilies={IPv4}"]),
    row("all around it", &["-f", "tests/charts/everything.yaml"]),
    row("as istiod's users have it", &["-f", "tests/charts/istiod.yaml"]),
    row(
        "no rights, no account",
        &["--set", "rbac.create=false,serviceAccount.create=false,serviceAccount.name=mine"],
    ),
    row("nothing around it", &["--set", "podDisruptionBudget.enabled=false,webhook.removeOnUninstall=false"]),
];

#[test]
fn every_value_set_is_rendered_checked_and_taken_by_the_api_server() {
    let mut taken = 0;
    for row in ROWS {
        let rendered =
            template(row.namespace, row.arguments).unwrap_or_else(|said| panic!("{}: {said}", row.name));
        let found = parse(&rendered);
        objects::check(row.name, row.namespace, &found);
        let warned = dry_run(&rendered);
        let expected = !row.restricted;
        assert_eq!(warned.contains("PodSecurity"), expected, "{}: {warned}", row.name);
        taken += found.len();
        println!("{}: {} objects", row.name, found.len());
    }
    println!("{} value sets, {taken} objects taken by the API server", ROWS.len());
}

#[test]
fn every_value_set_passes_lint() {
    for row in ROWS {
        let mut command = helm();
        command.args(["lint", "--strict", "--quiet"]).arg(repository("charts/pillion")).args(row.arguments);
        let output = run(&mut command, "");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}: {}", row.name, String::from_utf8_lossy(&said));
    }
}
