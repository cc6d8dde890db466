//! Rows about labels of namespaces and pods.

use serde_json::json;

use crate::harness::install::{Install, ROOT, installed};
use crate::harness::pods::{create, is_injected, labelled, plain, revision};
use crate::harness::{kubectl, namespace, row};

const ENABLED: (&str, &str) = ("istio-injection", "enabled");
const DISABLED: (&str, &str) = ("istio-injection", "disabled");
const YES: (&str, &str) = ("sidecar.istio.io/inject", "true");
const NO: (&str, &str) = ("sidecar.istio.io/inject", "false");

/// Creates a pod with these labels in a namespace and says whether it is injected.
fn injected(namespace: &str, name: &str, labels: &[(&str, &str)]) -> bool {
    is_injected(&create(namespace, &labelled(name, labels)))
}

pub(super) fn namespace_enabled_or_disabled(install: Install) {
    let (enabled, disabled, unlabelled) = (namespace(&[ENABLED]), namespace(&[DISABLED]), namespace(&[]));
    assert!(injected(&enabled, "pod", &[("app", "x")]));
    assert!(!injected(&disabled, "pod", &[("app", "x")]));
    assert!(!injected(&unlabelled, "pod", &[("app", "x")]));
    row(&format!("{install}: namespace istio-injection=enabled / disabled"));
}

pub(super) fn a_pod_that_says_no_is_never_injected(install: Install) {
    let rev = ("istio.io/rev", install.rev());
    for labels in [&[ENABLED][..], &[rev], &[ENABLED, rev], &[DISABLED], &[]] {
        let namespace = namespace(labels);
        assert!(!injected(&namespace, "label", &[NO]));
        assert!(!injected(&namespace, "label-and-revision", &[NO, rev]));
        let mut pod = plain("annotation");
        pod["metadata"]["annotations"] = json!({NO.0: NO.1});
        assert!(!is_injected(&create(&namespace, &pod)));
    }
    row(&format!("{install}: pod sidecar.istio.io/inject=\"false\""));
}

pub(super) fn a_pod_that_says_yes(install: Install) {
    assert!(injected(&namespace(&[]), "pod", &[YES]));
    assert!(injected(&namespace(&[ENABLED]), "pod", &[YES]));
    assert!(!injected(&namespace(&[DISABLED]), "pod", &[YES]));
    row(&format!(
        "{install}: pod sidecar.istio.io/inject=\"true\", in an unlabelled and in a disabled namespace"
    ));
}

pub(super) fn the_revision_is_asked_for_by_namespace_or_pod(install: Install) {
    let rev = ("istio.io/rev", install.rev());
    for (labels, pod) in [(&[rev][..], &[("app", "x")][..]), (&[], &[rev]), (&[], &[rev, YES])] {
        let pod = create(&namespace(labels), &labelled("pod", pod));
        assert!(is_injected(&pod), "{labels:?}");
        assert_eq!(revision(&pod).as_deref(), Some(install.rev()));
    }
    // The tag is another name of the revision.
    let pod = create(&namespace(&[("istio.io/rev", "default")]), &labelled("tagged", &[("app", "x")]));
    assert_eq!(revision(&pod).as_deref(), Some(install.rev()));
    let other = ("istio.io/rev", "1-19-0");
    assert!(!injected(&namespace(&[other]), "pod", &[("app", "x")]));
    assert!(!injected(&namespace(&[]), "pod", &[other]));
    row(&format!("{install}: namespace or pod istio.io/rev={}", install.rev()));
}

pub(super) fn disabled_wins_over_the_revision(install: Install) {
    let rev = ("istio.io/rev", install.rev());
    assert!(!injected(&namespace(&[DISABLED]), "pod", &[rev]));
    assert!(!injected(&namespace(&[DISABLED, rev]), "pod", &[rev]));
    assert!(!injected(&namespace(&[rev]), "pod", &[NO]));
    assert!(!injected(&namespace(&[]), "pod", &[rev, NO]));
    row(&format!(
        "{install}: with a revision, namespace istio-injection=disabled; pod sidecar.istio.io/inject=\"false\""
    ));
}

pub(super) fn system_namespaces_are_never_injected(install: Install) {
    let rev = ("istio.io/rev", install.rev());
    for system in ["kube-system", "kube-public"] {
        for (key, value) in [ENABLED, rev] {
            kubectl(&["label", "namespace", system, &format!("{key}={value}")]);
            for (index, labels) in [&[][..], &[YES], &[rev], &[YES, rev]].into_iter().enumerate() {
                let name = format!("{}-{index}", key.replace(['.', '/'], "-"));
                assert!(!injected(system, &name, labels), "{system} {key} {labels:?}");
                kubectl(&["delete", "pod", &name, "-n", system]);
            }
            kubectl(&["label", "namespace", system, &format!("{key}-")]);
        }
        assert!(!injected(system, "unlabelled", &[YES]));
        kubectl(&["delete", "pod", "unlabelled", "-n", system]);
    }
    row(&format!("{install}: kube-system and kube-public, with any label"));
}

pub(super) fn pods_on_the_hosts_network_are_not_injected(install: Install) {
    for labels in [&[ENABLED][..], &[]] {
        let mut pod = labelled("pod", &[YES]);
        pod["spec"]["hostNetwork"] = json!(true);
        pod["spec"]["containers"][0]["ports"][0]["hostPort"] = json!(80);
        assert!(!is_injected(&create(&namespace(labels), &pod)));
    }
    row(&format!("{install}: hostNetwork: true"));
}

pub(super) fn an_operators_own_namespace_is_not_injected(install: Install) {
    kubectl(&["label", "namespace", ROOT, "istio-operator-managed=Reconcile", "istio-injection=disabled"]);
    assert!(!injected(ROOT, "by-operator", &[("app", "x")]));
    assert!(!injected(ROOT, "by-operator-yes", &[YES]));
    kubectl(&["label", "namespace", ROOT, "istio-operator-managed-", "istio-injection-"]);
    kubectl(&["delete", "pod", "by-operator", "by-operator-yes", "-n", ROOT]);
    row(&format!("{install}: {ROOT} with istio-operator-managed: Reconcile, istio-injection: disabled"));
}

pub(super) fn kubectl_label_decides_about_the_next_pod(install: Install) {
    let namespace = namespace(&[]);
    let shown = || kubectl(&["get", "namespace", &namespace, "-L", "istio-injection"]);
    let steps: [(&[&str], &str, bool); 4] = [
        (&["istio-injection=enabled"], "enabled", true),
        (&["istio-injection=disabled", "--overwrite"], "disabled", false),
        (&["istio-injection=enabled", "--overwrite"], "enabled", true),
        (&["istio-injection-"], "", false),
    ];
    for (index, (change, value, want)) in steps.into_iter().enumerate() {
        kubectl(&[&["label", "namespace", &namespace][..], change].concat());
        let text = shown();
        assert!(text.contains("ISTIO-INJECTION") && text.trim_end().ends_with(value), "{text}");
        // API servers see the label by a watch of their own: the next pod may be a moment early.
        crate::harness::install::settle();
        assert_eq!(injected(&namespace, &format!("pod-{index}"), &[("app", "x")]), want, "{change:?}");
    }
    row(&format!("{install}: kubectl label: add, --overwrite, remove, show"));
}

pub(super) fn pods_without_labels_and_annotations(install: Install) {
    let rev = ("istio.io/rev", install.rev());
    for (labels, want) in [(&[ENABLED][..], true), (&[rev], true), (&[DISABLED], false), (&[], false)] {
        let pod = create(&namespace(labels), &plain("pod"));
        assert_eq!(is_injected(&pod), want, "{labels:?}");
        let mut pod = plain("");
        pod["metadata"] = json!({"generateName": "made-", "labels": null, "annotations": null});
        assert_eq!(is_injected(&create(&namespace(labels), &pod)), want, "{labels:?}");
    }
    row(&format!("{install}: pods without labels, without annotations"));
}

/// What NOTES.txt warns of.
#[test]
fn without_the_tag_the_label_means_nothing_to_a_revision() {
    installed(Install::Untagged).run(|| {
        let rev = ("istio.io/rev", Install::Untagged.rev());
        assert!(!injected(&namespace(&[ENABLED]), "pod", &[("app", "x")]));
        assert!(!injected(&namespace(&[]), "pod", &[YES]));
        assert!(injected(&namespace(&[rev]), "pod", &[("app", "x")]));
    });
    row(&format!("{}: istio-injection=enabled means nothing", Install::Untagged));
}

#[test]
fn registered_by_url_on_the_hosts_network() {
    installed(Install::Url).run(|| {
        namespace_enabled_or_disabled(Install::Url);
        a_pod_that_says_yes(Install::Url);
    });
}
