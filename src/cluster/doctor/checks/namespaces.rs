//! Labels of namespaces: what they ask for, and whether anybody hears it. Pure. Never: labels of pods.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhook;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use strsim::osa_distance;

use crate::cluster::doctor::facts::Facts;
use crate::cluster::doctor::finding::{Finding, Gathered};
use crate::cluster::injectors::{INJECT, ISTIO_INJECTION, ISTIO_REVISION, Labels, Owner, selects, standing};

/// The label that means ambient.
const DATAPLANE: &str = "istio.io/dataplane-mode";
/// Labels that are easily misspelt, and those that are like them and right.
const LABELS: [&str; 3] = [ISTIO_INJECTION, ISTIO_REVISION, DATAPLANE];
const ALIKE: [&str; 2] = ["istio.io/tag", "istio.io/rev-tag"];
/// How many letters may be wrong in a word that is meant.
const WRONG: usize = 2;
/// Most letters of a key that is compared: the longest of [`LABELS`] and what may be wrong.
const LONGEST: usize = 40;

/// The namespaces that are judged: those of Kubernetes itself are never injected.
fn looked_at(facts: &Facts) -> Result<impl Iterator<Item = &Namespace>, Finding> {
    let all = facts.namespaces.as_ref().map_err(|reason| Finding::unknown("namespaces", reason))?;
    Ok(all
        .iter()
        .filter(|it| !it.name_any().starts_with("kube-") && it.metadata.deletion_timestamp.is_none()))
}

fn label<'n>(namespace: &'n Namespace, key: &str) -> Option<&'n str> {
    namespace.labels().get(key).map(String::as_str)
}

/// Entries that inject, of whomever.
fn injecting(facts: &Facts) -> impl Iterator<Item = &MutatingWebhook> {
    let all = facts.configurations.iter().flatten().filter(|config| standing(config).is_some());
    all.flat_map(|config| config.webhooks.iter().flatten())
}

/// Whether an injector takes pods without labels in this namespace.
fn is_served(facts: &Facts, namespace: &Namespace) -> bool {
    injecting(facts).any(|entry| {
        selects(entry.namespace_selector.as_ref(), namespace.labels())
            && selects(entry.object_selector.as_ref(), &Labels::new())
    })
}

/// Names by which a revision can be asked for, and whether this installation has them.
fn names(facts: &Facts) -> BTreeSet<String> {
    let all = facts.configurations.iter().flatten().filter_map(standing);
    all.map(|standing| standing.tag.unwrap_or(standing.revision).to_owned()).collect()
}

pub(in crate::cluster::doctor) fn revisions(facts: &Facts) -> Finding {
    let namespaces = match looked_at(facts) {
        Ok(namespaces) => namespaces,
        Err(unknown) => return unknown,
    };
    if let Err(reason) = &facts.configurations {
        return Finding::unknown("webhook configurations", reason);
    }
    let revision = &facts.place.revision;
    let names = names(facts);
    let listed = if names.is_empty() {
        "none".to_owned()
    } else {
        names.iter().cloned().collect::<Vec<_>>().join(", ")
    };
    let mut gathered = Gathered::or("every revision and tag that a namespace asks for is served");
    for namespace in namespaces {
        let name = namespace.name_any();
        let finding = match (label(namespace, ISTIO_INJECTION), label(namespace, ISTIO_REVISION)) {
            (Some("enabled"), _) if !is_served(facts, namespace) => Finding::warn(format!(
                "namespace {name} says istio-injection=enabled, and no webhook stands for the default revision"
            ))
            .mend(format!("pillion tag set default --revision {revision}"))
            .mend(format!("kubectl label namespace {name} {ISTIO_INJECTION}- {ISTIO_REVISION}={revision} --overwrite")),
            (None, Some(asked)) if !is_served(facts, namespace) => {
                let finding = Finding::warn(format!(
                    "namespace {name} asks for the revision {asked}, which nobody serves"
                ))
                .seen(format!("revisions and tags that are served: {listed}"))
                .mend(format!("kubectl label namespace {name} {ISTIO_REVISION}={revision} --overwrite"));
                if is_tag(asked) {
                    finding.mend(format!("pillion tag set {asked} --revision {revision}"))
                } else {
                    finding
                }
            }
            _ => continue,
        };
        gathered.add(finding);
    }
    gathered.finding().after(&["installed", "registration"])
}

/// Whether a word can be a tag.
fn is_tag(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= LONGEST
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(in crate::cluster::doctor) fn labels(facts: &Facts) -> Finding {
    let namespaces = match looked_at(facts) {
        Ok(namespaces) => namespaces,
        Err(unknown) => return unknown,
    };
    let mut gathered = Gathered::or("labels of namespaces are spelt right and do not contradict each other");
    for namespace in namespaces {
        let name = namespace.name_any();
        misspelt(namespace).into_iter().for_each(|finding| gathered.add(finding));
        let injection = label(namespace, ISTIO_INJECTION);
        match injection {
            Some("enabled" | "disabled") | None => {}
            Some(other) => gathered.add(
                Finding::warn(format!(
                    "namespace {name}: istio-injection={other} means nothing, and keeps pods out"
                ))
                .seen("only enabled and disabled mean something")
                .mend(format!(
                    "kubectl label namespace {name} {ISTIO_INJECTION}={} --overwrite",
                    meant(other)
                )),
            ),
        }
        if let (Some(injection), Some(revision)) = (injection, label(namespace, ISTIO_REVISION)) {
            gathered.add(
                Finding::warn(format!(
                    "namespace {name} has istio-injection={injection} and istio.io/rev={revision}"
                ))
                .seen("istio-injection goes before istio.io/rev, which is not looked at")
                .mend(format!("kubectl label namespace {name} {ISTIO_INJECTION}-"))
                .mend(format!("kubectl label namespace {name} {ISTIO_REVISION}-")),
            );
        }
    }
    gathered.finding()
}

/// What somebody meant who wrote another word.
fn meant(word: &str) -> &'static str {
    let no = ["false", "no", "off", "0", "never"].contains(&word.to_lowercase().as_str());
    let disabled = no || osa_distance(&word.to_lowercase(), "disabled") <= WRONG;
    if disabled { "disabled" } else { "enabled" }
}

/// Labels that are almost those that mean something, or that belong on pods.
fn misspelt(namespace: &Namespace) -> Vec<Finding> {
    let name = namespace.name_any();
    let mut found = Vec::new();
    for (key, value) in namespace.labels() {
        if key == INJECT {
            found.push(
                Finding::warn(format!(
                    "namespace {name} has the label {INJECT}, which means something on pods only"
                ))
                .mend(format!("kubectl label namespace {name} {INJECT}-")),
            );
        }
        if LABELS.contains(&key.as_str()) || ALIKE.contains(&key.as_str()) || key.len() > LONGEST {
            continue;
        }
        let close = LABELS.iter().find(|right| osa_distance(&key.to_lowercase(), right) <= WRONG);
        let Some(right) = close.filter(|right| !namespace.labels().contains_key(**right)) else { continue };
        found.push(
            Finding::warn(format!("namespace {name} has the label {key}: is {right} meant?"))
                .mend(format!("kubectl label namespace {name} {key}- {right}={value}")),
        );
    }
    found
}

pub(in crate::cluster::doctor) fn ambient(facts: &Facts) -> Finding {
    let namespaces = match looked_at(facts) {
        Ok(namespaces) => namespaces,
        Err(unknown) => return unknown,
    };
    let mut gathered = Gathered::or("no namespace asks for sidecars and for ambient");
    for namespace in namespaces {
        let name = namespace.name_any();
        if label(namespace, DATAPLANE) != Some("ambient") {
            continue;
        }
        let sidecars = match (label(namespace, ISTIO_INJECTION), label(namespace, ISTIO_REVISION)) {
            (Some("enabled"), _) => ISTIO_INJECTION,
            (None, Some(_)) => ISTIO_REVISION,
            _ => continue,
        };
        // In ambient the label of the revision alone is also how a waypoint's control plane is chosen.
        gathered.add(
            Finding::warn(format!("namespace {name} asks for ambient and, by {sidecars}, for sidecars"))
                .seen("a pod with a sidecar is left out of ambient: only pods that are not injected take part in it")
                .mend(format!("kubectl label namespace {name} {DATAPLANE}-"))
                .mend(format!("kubectl label namespace {name} {sidecars}-")),
        );
    }
    gathered.finding()
}

/// How a namespace is made to ask for this installation.
pub(super) fn ask(facts: &Facts, namespace: &str) -> String {
    let revision = &facts.place.revision;
    let default = facts.configurations.iter().flatten().filter_map(standing);
    let ours = default.filter(|it| it.owner == Owner::Pillion && it.revision == *revision);
    let by_default = ours.into_iter().any(|it| it.tag.unwrap_or(it.revision) == "default");
    if by_default {
        format!("kubectl label namespace {namespace} {ISTIO_INJECTION}=enabled --overwrite")
    } else {
        format!("kubectl label namespace {namespace} {ISTIO_REVISION}={revision} --overwrite")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::{Status, sample};

    fn with(pairs: &[(&str, &str)]) -> Facts {
        let mut facts = sample::facts();
        facts.namespaces = Ok(vec![sample::namespace("shop", pairs)]);
        facts
    }

    #[test]
    fn what_nobody_serves_is_told_with_what_is_served() {
        for (pairs, status, mend) in [
            (&[(ISTIO_REVISION, "r")][..], Status::Pass, ""),
            (
                &[(ISTIO_REVISION, "canary")],
                Status::Warn,
                "kubectl label namespace shop istio.io/rev=r --overwrite",
            ),
            (&[(ISTIO_INJECTION, "enabled")], Status::Warn, "pillion tag set default --revision r"),
            (&[(ISTIO_INJECTION, "disabled")], Status::Pass, ""),
            (&[], Status::Pass, ""),
        ] {
            let finding = revisions(&with(pairs));
            assert_eq!(finding.status, status, "{pairs:?}: {finding:?}");
            assert_eq!(finding.mend.first().map(String::as_str).unwrap_or_default(), mend, "{pairs:?}");
        }
    }

    #[test]
    fn labels_that_are_wrong_are_mended_as_they_were_meant() {
        for (pairs, mend) in [
            (
                &[("istio-injecton", "enabled")][..],
                "kubectl label namespace shop istio-injecton- istio-injection=enabled",
            ),
            (&[("istio.io/rve", "r")], "kubectl label namespace shop istio.io/rve- istio.io/rev=r"),
            (&[(INJECT, "true")], "kubectl label namespace shop sidecar.istio.io/inject-"),
            (
                &[(ISTIO_INJECTION, "true")],
                "kubectl label namespace shop istio-injection=enabled --overwrite",
            ),
            (
                &[(ISTIO_INJECTION, "disable")],
                "kubectl label namespace shop istio-injection=disabled --overwrite",
            ),
            (
                &[(ISTIO_INJECTION, "enabled"), (ISTIO_REVISION, "r")],
                "kubectl label namespace shop istio-injection-",
            ),
        ] {
            let finding = labels(&with(pairs));
            assert_eq!(finding.status, Status::Warn, "{pairs:?}");
            assert_eq!(finding.mend[0], mend, "{pairs:?}");
        }
        let fine = with(&[(ISTIO_REVISION, "r"), ("istio.io/use-waypoint", "w"), ("team", "a")]);
        assert_eq!(labels(&fine).status, Status::Pass, "{:?}", labels(&fine));
    }

    #[test]
    fn ambient_beside_sidecars_is_told() {
        let finding = ambient(&with(&[(DATAPLANE, "ambient"), (ISTIO_REVISION, "r")]));
        assert_eq!(finding.mend[0], "kubectl label namespace shop istio.io/dataplane-mode-");
        let alone = ambient(&with(&[(DATAPLANE, "ambient"), (ISTIO_INJECTION, "disabled")]));
        assert_eq!(alone.status, Status::Pass);
    }

    #[test]
    fn namespaces_of_kubernetes_are_left_alone() {
        let mut facts = sample::facts();
        facts.namespaces = Ok(vec![sample::namespace("kube-system", &[(ISTIO_INJECTION, "yes")])]);
        assert_eq!(labels(&facts).status, Status::Pass);
    }
}
