//! Pods: those that were tried, and those that wait for an image. Pure. Never: creating them.

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;

use super::count;
use super::namespaces::ask;
use crate::cluster::doctor::ENFORCE;
use crate::cluster::doctor::facts::{Facts, Outcome, Probe, Waiting, takes};
use crate::cluster::doctor::finding::{Finding, Gathered};
use crate::cluster::doctor::setup::Origin;

/// What an API server says where a Pod Security level refuses a pod.
const VIOLATES: &str = "violates PodSecurity";

pub(in crate::cluster::doctor) fn pod_security(facts: &Facts) -> Finding {
    if let Err(reason) = &facts.namespaces {
        return Finding::unknown("namespaces", reason);
    }
    let mut gathered = Gathered::or("no Pod Security level refuses injected pods");
    for probe in &facts.enforced {
        let Outcome::Refused(message) = &probe.outcome else { continue };
        if !message.contains(VIOLATES) {
            continue;
        }
        let name = &probe.namespace;
        let finding =
            Finding::fail(format!("namespace {name} refuses injected pods by its Pod Security level"))
                .seen(message.clone());
        let finding = if matches!(facts.setup.origin, Origin::ConfigMaps(_)) {
            let root = &facts.setup.root;
            finding
                .mend(format!("helm upgrade --install istio-cni istio/cni -n {root}"))
                .mend(format!(
                    "helm upgrade istiod istio/istiod -n {root} --reset-then-reuse-values --set pilot.cni.enabled=true"
                ))
        } else {
            // No container needs NET_ADMIN then.
            finding.mend(match (&facts.setup.release, &facts.setup.values) {
                (Some(_), Some(_)) => facts.setup.reinstall("envoy.redirect.mode=none"),
                (None, Some(map)) => {
                    format!("set `redirect: {{mode: none}}` in the key values of {map}")
                }
                (_, None) => "set `redirect: {mode: none}` in the values of the profile".to_owned(),
            })
        };
        gathered
            .add(finding.mend(format!("kubectl label namespace {name} {ENFORCE}=privileged --overwrite")));
    }
    gathered.finding()
}

pub(in crate::cluster::doctor) fn auto_image(facts: &Facts) -> Finding {
    let waiting = match &facts.waiting {
        Ok(waiting) => waiting,
        Err(reason) => return Finding::unknown("pods of all namespaces", reason),
    };
    if waiting.is_empty() {
        return Finding::pass("no pod waits for an image");
    }
    let causes: &[&str] = &["installed", "replicas", "endpoints", "registration", "ca-bundle", "network"];
    let mut finding = Finding::fail(format!(
        "{} with `image: auto` and without a sidecar",
        count(waiting.len(), "pod is", "pods are")
    ))
    .after(causes);
    for pod in waiting {
        let place = format!("{}/{}", pod.namespace, pod.name);
        if is_taken(facts, pod) {
            finding = finding.seen(format!("{place}: it was made before a webhook took it")).mend(again(pod));
        } else {
            finding = finding
                .seen(format!("{place}: no webhook takes it, with the labels it has"))
                .mend(ask(facts, &pod.namespace))
                .mend(again(pod));
        }
    }
    finding
}

/// Whether a webhook would take this pod today.
fn is_taken(facts: &Facts, pod: &Waiting) -> bool {
    let namespaces: &[Namespace] = facts.namespaces.as_deref().unwrap_or_default();
    let namespace = namespaces.iter().find(|namespace| namespace.name_any() == pod.namespace);
    namespace.is_some_and(|namespace| {
        facts.our_entries().iter().any(|(_, _, entry)| takes(entry, namespace, &pod.labels))
    })
}

/// How a pod is made anew.
fn again(pod: &Waiting) -> String {
    let Waiting { namespace, name, owner, .. } = pod;
    let restarts = ["deployment/", "statefulset/", "daemonset/"];
    match owner.as_deref().filter(|owner| restarts.iter().any(|kind| owner.starts_with(kind))) {
        Some(owner) => format!("kubectl -n {namespace} rollout restart {owner}"),
        None => format!("kubectl -n {namespace} delete pod {name}"),
    }
}

/// What explains a pod that does not come back with a sidecar.
const CAUSES: &[&str] = &[
    "installed",
    "rights",
    "configuration",
    "certificate",
    "clocks",
    "replicas",
    "service",
    "endpoints",
    "registration",
    "ca-bundle",
    "network",
    "left-behind",
    "pod-security",
];

pub(in crate::cluster::doctor) fn dry_run(facts: &Facts) -> Finding {
    let probe = match &facts.probe {
        Ok(probe) => probe,
        Err(reason) if facts.configurations.is_ok() && facts.our_entries().is_empty() => {
            return Finding::fail(format!("no pod could be tried: {reason}")).after(CAUSES);
        }
        Err(reason) => return Finding::skip(format!("no pod was tried: {reason}")),
    };
    let Probe { namespace, labels, outcome } = probe;
    let labelled = if labels.is_empty() {
        String::new()
    } else {
        let listed: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!(" with {}", listed.join(","))
    };
    let place = format!("a pod{labelled} in {namespace}");
    match outcome {
        Outcome::Injected(Some(revision)) if *revision != facts.place.revision => {
            Finding::warn(format!("{place} was injected by another revision, {revision}"))
                .mend("pillion tag list")
                .after(&["overlap"])
        }
        Outcome::Injected(_) => Finding::pass(format!("{place} comes back with a sidecar")),
        Outcome::Plain => Finding::fail(format!("{place} comes back without a sidecar"))
            .all_seen(ignoring(facts))
            .mend(format!(
                "kubectl -n {} logs deployment/{} --all-pods --tail=20",
                facts.setup.namespace, facts.setup.deployment
            ))
            .after(CAUSES),
        Outcome::Refused(message) => {
            let finding = Finding::fail(format!("{place} is refused")).seen(message.clone());
            refused(facts, finding, namespace, message).after(CAUSES)
        }
    }
}

/// Webhooks that let pods through where they cannot be asked.
fn ignoring(facts: &Facts) -> Vec<String> {
    let open = facts.our_entries();
    let open = open.iter().filter(|(_, _, entry)| entry.failure_policy.as_deref() == Some("Ignore"));
    open.map(|(_, _, entry)| format!("failurePolicy of {} is Ignore: a call may have failed", entry.name))
        .collect()
}

/// What mends a refusal that has nothing to do with us, as far as its words say what it is.
fn refused(facts: &Facts, finding: Finding, namespace: &str, message: &str) -> Finding {
    const WORDS: [(&str, &str); 4] = [
        ("exceeded quota", "kubectl -n {} describe resourcequota"),
        ("LimitRange", "kubectl -n {} describe limitrange"),
        ("ValidatingAdmissionPolicy", "kubectl get validatingadmissionpolicies"),
        ("dry run", "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations"),
    ];
    let known = WORDS.iter().find(|(word, _)| message.contains(word));
    let ours = facts.our_entries().iter().any(|(_, _, entry)| message.contains(&entry.name));
    match known {
        Some((_, command)) => finding.mend(command.replace("{}", namespace)),
        None if ours => finding.mend(format!(
            "kubectl -n {} logs deployment/{} --all-pods --tail=20",
            facts.setup.namespace, facts.setup.deployment
        )),
        None => finding.mend("kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::{Status, sample};
    use crate::cluster::injectors::{ISTIO_REVISION, Labels};
    use crate::source::values::ValuesMap;

    #[test]
    fn a_level_that_refuses_injected_pods_is_mended_by_cni() {
        let mut facts = sample::facts();
        facts.enforced =
            vec![sample::refused("pods \"x\" is forbidden: violates PodSecurity \"baseline:latest\"")];
        let finding = pod_security(&facts);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.mend[0].contains("istio-cni") && finding.mend[1].contains("pilot.cni.enabled=true"));
        facts.setup.origin = Origin::Embedded;
        assert!(pod_security(&facts).mend[0].contains("redirect: {mode: none}"));
        facts.setup.values = Some(ValuesMap::of("own", "r"));
        assert!(pod_security(&facts).mend[0].ends_with("--set envoy.redirect.mode=none"));
        facts.setup.release = None;
        assert!(pod_security(&facts).mend[0].ends_with("values of ConfigMap own/pillion-envoy-r"));
        facts.enforced = vec![sample::refused("exceeded quota")];
        assert_eq!(pod_security(&facts).status, Status::Pass);
    }

    #[test]
    fn pods_that_wait_are_mended_by_what_they_lack() {
        let mut facts = sample::facts();
        let pod = |labels: &[(&str, &str)], owner: Option<&str>| Waiting {
            namespace: "plain".into(),
            name: "gw".into(),
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect::<Labels>(),
            owner: owner.map(str::to_owned),
        };
        facts.namespaces.as_mut().unwrap().push(sample::namespace("plain", &[]));
        facts.waiting = Ok(vec![pod(&[], None)]);
        let finding = auto_image(&facts);
        assert_eq!(finding.mend[0], "kubectl label namespace plain istio.io/rev=r --overwrite");
        assert_eq!(finding.mend[1], "kubectl -n plain delete pod gw");
        facts.waiting = Ok(vec![pod(&[(ISTIO_REVISION, "r")], Some("deployment/gw"))]);
        assert_eq!(auto_image(&facts).mend, ["kubectl -n plain rollout restart deployment/gw"]);
    }

    #[test]
    fn what_came_of_the_pod_is_told() {
        let mut facts = sample::facts();
        let tried = |outcome| Ok(Probe { outcome, ..sample::refused("") });
        for (outcome, status) in [
            (Outcome::Injected(Some("r".into())), Status::Pass),
            (Outcome::Injected(None), Status::Pass),
            (Outcome::Injected(Some("other".into())), Status::Warn),
            (Outcome::Plain, Status::Fail),
        ] {
            facts.probe = tried(outcome.clone());
            assert_eq!(dry_run(&facts).status, status, "{outcome:?}");
        }
        facts.probe = tried(Outcome::Refused("exceeded quota: pods".into()));
        assert_eq!(dry_run(&facts).mend, ["kubectl -n shop describe resourcequota"]);
        facts.probe = Err("no namespace".into());
        assert_eq!(dry_run(&facts).status, Status::Skip);
    }
}
