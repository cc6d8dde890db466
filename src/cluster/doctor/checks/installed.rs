//! The Deployment, its replicas, and what they inject by. Pure. Never: the Service in front of them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;

use super::count;
use crate::cluster::doctor::facts::{Facts, Fault};
use crate::cluster::doctor::finding::Finding;
use crate::cluster::doctor::setup::Origin;

/// Pods that were refused by a webhook that is not there need two of it.
const ENOUGH: i32 = 2;

pub(in crate::cluster::doctor) fn installed(facts: &Facts) -> Finding {
    let (namespace, revision) = (&facts.setup.namespace, &facts.place.revision);
    match &facts.deployment {
        Err(reason) => Finding::unknown("the Deployment", reason),
        Ok(Some(found)) => Finding::pass(format!(
            "Deployment {namespace}/{} serves the revision {revision}",
            found.name_any()
        )),
        Ok(None) => {
            let finding = Finding::fail(format!(
                "there is no Deployment of Pillion for the revision {revision} in the namespace {namespace}"
            ))
            .all_seen(facts.elsewhere.iter().map(|other| format!("there is {other}")));
            let finding = match facts.elsewhere.first() {
                Some(other) => finding.mend(format!("pillion doctor {}", flags(other))),
                None => finding,
            };
            let revision =
                if revision == "default" { String::new() } else { format!(" --set revision={revision}") };
            finding.mend(format!("helm upgrade --install pillion charts/pillion -n {namespace}{revision}"))
        }
    }
}

/// The flags that name another installation, `NAMESPACE/DEPLOYMENT (revision REV)`.
fn flags(other: &str) -> String {
    let namespace = other.split('/').next().unwrap_or_default();
    let revision = other.rsplit_once("(revision ").map(|(_, rest)| rest.trim_end_matches(')'));
    format!("-n {namespace} --revision {}", revision.unwrap_or("default"))
}

pub(in crate::cluster::doctor) fn configuration(facts: &Facts) -> Finding {
    let configuration = match &facts.configuration {
        Ok(configuration) => configuration,
        Err(reason) => return Finding::unknown("the configuration", reason),
    };
    let Some(fault) = &configuration.fault else {
        if configuration.warnings.is_empty() {
            let stale = facts.replicas.iter().filter_map(|replica| {
                let line = replica.readiness.as_ref().ok()?.lines().find(|line| line.starts_with("[!]"))?;
                Some(format!("pod {}: {line}", replica.pod))
            });
            let stale: Vec<String> = stale.collect();
            if !stale.is_empty() {
                return Finding::warn("replicas do not use the configuration that is there")
                    .all_seen(stale)
                    .mend(facts.setup.restart());
            }
            return Finding::pass(format!("{} can be used", configuration.source));
        }
        return Finding::warn(format!("{}: something is odd", configuration.source))
            .all_seen(configuration.warnings.iter().cloned())
            .mend(edit(facts, None));
    };
    let finding = match fault {
        Fault::Missing(what) => Finding::fail("the configuration is not there").seen(what.clone()),
        Fault::Faulty { message, .. } => Finding::fail("the configuration is faulty").seen(message.clone()),
        Fault::Refuses(message) => {
            Finding::fail("the configuration refuses a plain pod").seen(message.clone())
        }
    };
    let finding = finding.all_seen(configuration.others.iter().map(|other| {
        let revision = other.trim_start_matches("istio-sidecar-injector").trim_start_matches('-');
        let revision = if revision.is_empty() { "default" } else { revision };
        format!("there is {other}, of the revision {revision}")
    }));
    let root = &facts.setup.root;
    let istiod =
        format!("helm upgrade istiod istio/istiod -n {root} --reset-then-reuse-values{}", revision(facts));
    if facts.setup.origin == Origin::Embedded {
        let finding = finding.mend(edit(facts, None));
        // Helm holds the values that the ConfigMap is made of.
        let finding = match &facts.setup.release {
            Some(_) => finding.mend(facts.setup.reinstall("envoy=null")),
            None => finding,
        };
        return finding.after(&["installed"]);
    }
    match fault {
        Fault::Missing(_) => finding.mend(istiod),
        Fault::Faulty { name, .. } => finding.mend(edit(facts, Some(name))).mend(istiod),
        Fault::Refuses(_) => finding.mend(edit(facts, None)).mend(istiod),
    }
    .after(&["installed"])
}

fn revision(facts: &Facts) -> String {
    match facts.place.revision.as_str() {
        "default" => String::new(),
        revision => format!(" --set revision={revision}"),
    }
}

/// How a ConfigMap is changed by hand.
fn edit(facts: &Facts, name: Option<&str>) -> String {
    if let Some(map) = &facts.setup.values {
        return format!("kubectl -n {} edit configmap {}", map.namespace, map.name);
    }
    let usual = match &facts.setup.origin {
        Origin::ConfigMaps(names) => names.injector.as_str(),
        Origin::Embedded | Origin::Directory => "istio-sidecar-injector",
    };
    format!("kubectl -n {} edit configmap {}", facts.setup.root, name.unwrap_or(usual))
}

pub(in crate::cluster::doctor) fn replicas(facts: &Facts) -> Finding {
    let deployment = match &facts.deployment {
        Ok(Some(deployment)) => deployment,
        Ok(None) => return Finding::fail("there are no replicas").after(&["installed"]),
        Err(reason) => return Finding::unknown("the Deployment", reason),
    };
    let (namespace, name) = (&facts.setup.namespace, &facts.setup.deployment);
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let available = status.available_replicas.unwrap_or(0);
    if wanted == 0 {
        return Finding::fail(format!("Deployment {namespace}/{name} is scaled to 0"))
            .mend(format!("kubectl -n {namespace} scale deployment/{name} --replicas=2"));
    }
    let pods = facts.pods.iter().flatten();
    let troubles: Vec<String> = pods.filter_map(trouble).collect();
    let conditions = status.conditions.iter().flatten();
    let failing = conditions.filter(|it| it.type_ == "ReplicaFailure" && it.status == "True");
    let failing: Vec<String> = failing.filter_map(|it| it.message.clone()).collect();
    let readiness = facts.replicas.iter().flat_map(|replica| {
        let text = replica.readiness.as_deref().unwrap_or_default();
        let bad = text.lines().filter(|line| line.starts_with("[-]") || line.starts_with("[!]"));
        bad.map(|line| format!("pod {} says {line}", replica.pod)).collect::<Vec<_>>()
    });
    let seen: Vec<String> = troubles.iter().cloned().chain(failing).chain(readiness).collect();
    let causes: &[&str] = &["installed", "rights", "configuration", "certificate", "clocks"];
    let rolling = status.updated_replicas.unwrap_or(0) < wanted || status.replicas.unwrap_or(0) > wanted;
    let logs = format!("kubectl -n {namespace} logs deployment/{name} --all-pods --tail=50");
    let back = format!("kubectl -n {namespace} rollout undo deployment/{name}");
    if available == 0 {
        let finding = Finding::fail(format!("none of {wanted} replicas is available")).all_seen(seen);
        let finding = if rolling { finding.mend(back) } else { finding };
        return finding.mend(logs).mend(facts.setup.restart()).after(causes);
    }
    if rolling && !troubles.is_empty() {
        return Finding::warn(format!(
            "a rollout is stuck; {} serve",
            count(as_count(available), "replica", "replicas")
        ))
        .all_seen(seen)
        .mend(back)
        .mend(logs)
        .after(causes);
    }
    if available < wanted || !troubles.is_empty() {
        return Finding::warn(format!("{available} of {wanted} replicas are available"))
            .all_seen(seen)
            .mend(logs)
            .mend(facts.setup.restart())
            .after(causes);
    }
    Finding::pass(format!("{available} of {wanted} replicas are available")).after(causes)
}

fn as_count(number: i32) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// Why a pod does not run.
fn trouble(pod: &Pod) -> Option<String> {
    if pod.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let status = pod.status.as_ref()?;
    let waiting = |status: &ContainerStatus| {
        let state = status.state.as_ref()?;
        let waiting = state.waiting.as_ref()?;
        let reason = waiting.reason.as_deref().filter(|reason| *reason != "ContainerCreating")?;
        Some(format!("{reason} {}", waiting.message.as_deref().unwrap_or_default()))
    };
    let containers = status.container_statuses.iter().flatten();
    let unschedulable = status.conditions.iter().flatten();
    let unschedulable = unschedulable.filter(|it| it.type_ == "PodScheduled" && it.status == "False");
    let why = containers
        .filter_map(waiting)
        .next()
        .or_else(|| unschedulable.filter_map(|it| it.message.clone()).next())?;
    Some(format!("pod {}: {}", pod.name_any(), why.trim()))
}

pub(in crate::cluster::doctor) fn versions(facts: &Facts) -> Finding {
    let told: BTreeSet<&str> =
        facts.replicas.iter().filter_map(|it| it.version.as_ref().ok()).map(String::as_str).collect();
    let ours = concat!("pillion ", env!("CARGO_PKG_VERSION"));
    match told.iter().collect::<Vec<_>>()[..] {
        [] => match facts.replicas.iter().find_map(|it| it.version.as_ref().err()) {
            Some(reason) => Finding::unknown("the version of the replicas", reason),
            None => Finding::unknown("the version of the replicas", "none runs"),
        },
        [one] if **one == *ours => Finding::pass(format!("all replicas are {one}, as this program is")),
        [one] => Finding::pass(format!(
            "all replicas are {one}; this program is {ours}, and judges by its own rules"
        )),
        _ => {
            let each = facts.replicas.iter().filter_map(|it| Some((&it.pod, it.version.as_ref().ok()?)));
            let (namespace, name) = (&facts.setup.namespace, &facts.setup.deployment);
            Finding::warn("replicas are of different versions: pods of one workload may come out differently")
                .all_seen(each.map(|(pod, version)| format!("pod {pod}: {version}")))
                .mend(format!("kubectl -n {namespace} rollout status deployment/{name}"))
                .mend(facts.setup.restart())
                .after(&["installed", "replicas"])
        }
    }
}

pub(in crate::cluster::doctor) fn availability(facts: &Facts) -> Finding {
    let Ok(Some(deployment)) = &facts.deployment else {
        return Finding::skip("there is no Deployment to look at").after(&["installed"]);
    };
    let closed: Vec<&str> = facts
        .our_entries()
        .iter()
        .filter(|(_, _, entry)| entry.failure_policy.as_deref() != Some("Ignore"))
        .map(|(_, _, entry)| entry.name.as_str())
        .collect();
    if closed.is_empty() {
        return Finding::pass("no webhook of ours refuses pods where it cannot be asked (failurePolicy)");
    }
    let (namespace, name) = (&facts.setup.namespace, &facts.setup.deployment);
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let policy = || format!("failurePolicy is Fail in {}", count(closed.len(), "webhook", "webhooks"));
    if wanted < ENOUGH {
        return Finding::warn("one replica, and pods are refused while it is not there")
            .seen(policy())
            .mend(format!("kubectl -n {namespace} scale deployment/{name} --replicas=2"))
            .mend(facts.setup.reinstall("replicaCount=2"))
            .after(&["installed", "replicas"]);
    }
    let budgets = match &facts.budgets {
        Ok(budgets) => budgets,
        Err(reason) => return Finding::unknown("PodDisruptionBudgets", reason),
    };
    let spec = deployment.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
    let none = std::collections::BTreeMap::new();
    let labels = spec.and_then(|metadata| metadata.labels.as_ref()).unwrap_or(&none);
    let covers = budgets.iter().filter_map(|budget| budget.spec.as_ref()).any(|spec| {
        spec.selector.is_some() && crate::cluster::injectors::selects(spec.selector.as_ref(), labels)
    });
    if covers {
        return Finding::pass(format!(
            "{wanted} replicas and a PodDisruptionBudget stand behind failurePolicy Fail"
        ));
    }
    Finding::warn("no PodDisruptionBudget: drained nodes may take all replicas at once, and pods are refused")
        .seen(policy())
        .mend(facts.setup.reinstall("podDisruptionBudget.enabled=true"))
        .mend(format!(
            "kubectl -n {namespace} create poddisruptionbudget {name} --max-unavailable=1 --selector={}",
            labels
                .iter()
                .filter(|(key, _)| !key.starts_with("sidecar."))
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(",")
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::{Status, sample};
    use crate::source::values::ValuesMap;
    use serde_json::json;

    #[test]
    fn an_installation_elsewhere_is_named_with_the_flags_that_mean_it() {
        let mut facts = sample::facts();
        facts.deployment = Ok(None);
        facts.elsewhere = vec!["mesh/pillion (revision default)".into()];
        let finding = installed(&facts);
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.mend[0], "pillion doctor -n mesh --revision default");
    }

    #[test]
    fn a_configuration_says_what_is_wrong_with_it_and_whose_it_is() {
        let mut facts = sample::facts();
        let mut with = |fault: Fault| {
            facts.configuration.as_mut().unwrap().fault = Some(fault);
            configuration(&facts)
        };
        let missing = with(Fault::Missing("ConfigMap mesh/istio-r, which is not there".into()));
        assert!(missing.mend[0].starts_with("helm upgrade istiod"), "{missing:?}");
        let faulty = with(Fault::Faulty { name: "istio-r".into(), message: "line 3".into() });
        assert_eq!((faulty.status, faulty.evidence[0].as_str()), (Status::Fail, "line 3"));
        assert_eq!(faulty.mend[0], "kubectl -n mesh edit configmap istio-r");
        facts.configuration.as_mut().unwrap().others = vec!["istio-sidecar-injector".into()];
        let finding = configuration(&facts);
        assert!(finding.evidence[1].contains("of the revision default"), "{finding:?}");
    }

    #[test]
    fn values_over_the_profiles_are_mended_in_their_own_map() {
        let mut facts = sample::facts();
        facts.setup.origin = Origin::Embedded;
        facts.setup.values = Some(ValuesMap::of("own", "r"));
        let fault = Fault::Faulty { name: "pillion-envoy-r".into(), message: "envoy.imgae: no".into() };
        facts.configuration.as_mut().unwrap().fault = Some(fault);
        let finding = configuration(&facts);
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.mend[0], "kubectl -n own edit configmap pillion-envoy-r");
        assert!(finding.mend[1].ends_with("--set envoy=null") && finding.mend.len() == 2, "{finding:?}");
        facts.setup.release = None;
        assert_eq!(configuration(&facts).mend.len(), 1);
    }

    #[test]
    fn replicas_that_are_missing_or_stuck_say_why() {
        let mut facts = sample::facts();
        sample::scale(&mut facts, 0);
        assert!(replicas(&facts).mend[0].contains("scale deployment/pillion-r --replicas=2"));
        let mut facts = sample::facts();
        let stuck = json!({"replicas": 3, "updatedReplicas": 1, "availableReplicas": 2});
        facts.deployment.as_mut().unwrap().as_mut().unwrap().status = serde_json::from_value(stuck).unwrap();
        facts.pods = Ok(vec![
            serde_json::from_value(json!({
                "metadata": {"name": "p"},
                "status": {"containerStatuses": [{
                    "name": "pillion", "image": "i", "imageID": "", "ready": false, "restartCount": 3,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "ended with 2"}},
                }]},
            }))
            .unwrap(),
        ]);
        let finding = replicas(&facts);
        assert_eq!(finding.status, Status::Warn);
        assert_eq!(finding.evidence, ["pod p: CrashLoopBackOff ended with 2"]);
        assert!(finding.mend[0].contains("rollout undo"), "{finding:?}");
    }

    #[test]
    fn different_versions_are_told() {
        let mut facts = sample::facts();
        facts.replicas[1].version = Ok("pillion 0.0.9".into());
        assert_eq!(versions(&facts).status, Status::Warn);
        facts.replicas.clear();
        assert_eq!(versions(&facts).status, Status::Skip);
    }

    #[test]
    fn failing_closed_needs_two_replicas_and_a_budget() {
        let mut facts = sample::facts();
        facts.budgets = Ok(Vec::new());
        assert!(availability(&facts).mend[0].contains("podDisruptionBudget.enabled=true"));
        sample::scale(&mut facts, 1);
        assert!(availability(&facts).mend[0].contains("--replicas=2"));
        sample::entries(&mut facts, |entry| entry.failure_policy = Some("Ignore".into()));
        assert_eq!(availability(&facts).status, Status::Pass);
    }
}
