//! Webhook configurations: ours, taken over, left behind, overlapping, and those that come after. Pure.
//! Never: caBundles.

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhook, MutatingWebhookConfiguration};
use kube::ResourceExt;

use super::service::webhook_port;
use crate::cluster::doctor::facts::Facts;
use crate::cluster::doctor::finding::{Finding, Gathered};
use crate::cluster::injectors::{example, overlaps, standing};
use crate::cluster::registration::{Takeover, takeover as taken};

/// Where the webhook is served.
const PATH: &str = "/inject";

fn configurations(facts: &Facts) -> Result<&[MutatingWebhookConfiguration], Finding> {
    facts.configurations.as_deref().map_err(|reason| Finding::unknown("webhook configurations", reason))
}

pub(in crate::cluster::doctor) fn registration(facts: &Facts) -> Finding {
    if let Err(unknown) = configurations(facts) {
        return unknown;
    }
    let entries = facts.our_entries();
    if entries.is_empty() {
        return Finding::fail(format!(
            "no webhook configuration calls {}: pods are sent nowhere",
            facts.place.target
        ))
        .mend(facts.setup.reinstall("webhook.enabled=true"))
        .mend(format!("{} --dry-run", take_over(facts, &facts.place.revision)))
        .after(&["installed"]);
    }
    let mut gathered = Gathered::or(format!("{} webhooks call {}", entries.len(), facts.place.target));
    for (config, index, entry) in &entries {
        gathered.add(entry_is_right(facts, &config.name_any(), *index, entry));
    }
    gathered.finding()
}

/// What is wrong with one entry that calls us.
fn entry_is_right(facts: &Facts, config: &str, index: usize, entry: &MutatingWebhook) -> Finding {
    let place = format!("{} of {config}", entry.name);
    let patch = |field: &str, value: &str| {
        format!(
            "kubectl patch mutatingwebhookconfiguration {config} --type=json -p \
             '[{{\"op\":\"add\",\"path\":\"/webhooks/{index}/{field}\",\"value\":{value}}}]'"
        )
    };
    if let Some(service) = &entry.client_config.service {
        let port = service.port.unwrap_or(443);
        let found = facts.service.as_ref().ok().and_then(Option::as_ref);
        let ports = found.and_then(|it| it.spec.as_ref()?.ports.as_ref());
        let served = ports.is_none_or(|ports| ports.iter().any(|it| it.port == port));
        let webhook = found.and_then(webhook_port).map(|(_, it)| it.port);
        if let Some(right) = webhook.filter(|right| !served || *right != port) {
            return Finding::fail(format!(
                "{place} calls port {port}; the webhook is at port {right} of the Service"
            ))
            .mend(patch("clientConfig/service/port", &right.to_string()))
            .after(&["installed", "service"]);
        }
        let path = service.path.as_deref().unwrap_or_default();
        if path != PATH && !path.starts_with("/inject/") {
            return Finding::fail(format!("{place} calls the path {path:?}; the webhook is at {PATH}"))
                .mend(patch("clientConfig/service/path", &format!("\"{PATH}\"")));
        }
    }
    let rules = entry.rules.as_deref().unwrap_or_default();
    if rules.is_empty() {
        let finding = Finding::fail(format!("{place} has no rules: it matches nothing"));
        let rules = r#"[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods"],"scope":"*"}]"#;
        return if facts.setup.managed {
            finding
                .seen("the program writes them once it is ready and may")
                .mend(facts.setup.restart())
                .mend(patch("rules", rules))
                .after(&[
                    "installed",
                    "rights",
                    "configuration",
                    "certificate",
                    "replicas",
                    "service",
                    "endpoints",
                ])
        } else {
            finding.mend(patch("rules", rules)).mend(facts.setup.reinstall(""))
        };
    }
    if !takes_pods(entry) {
        return Finding::fail(format!("the rules of {place} are not for new pods"))
            .mend(facts.setup.reinstall(""));
    }
    Finding::pass("")
}

/// Whether a webhook is called for new pods.
fn takes_pods(entry: &MutatingWebhook) -> bool {
    let has = |list: &Option<Vec<String>>, one: &str| {
        list.iter().flatten().any(|it| it == one || it == "*" || it == "*/*")
    };
    entry.rules.iter().flatten().any(|rule| {
        has(&rule.operations, "CREATE")
            && has(&rule.resources, "pods")
            && rule.api_groups.iter().flatten().any(|group| group.is_empty() || group == "*")
    })
}

/// The command of a take-over, which looks for both in istiod's namespace unless it is told otherwise.
fn take_over(facts: &Facts, revision: &str) -> String {
    let (own, root) = (&facts.setup.namespace, &facts.setup.root);
    let place =
        if own == root { String::new() } else { format!(" --own-namespace {own} --istioNamespace {root}") };
    format!("pillion takeover --revision {revision}{place}")
}

pub(in crate::cluster::doctor) fn takeover(facts: &Facts) -> Finding {
    let all = match configurations(facts) {
        Ok(all) => all,
        Err(unknown) => return unknown,
    };
    let mut whole = 0;
    let mut gathered = Gathered::or("no take-over was reverted");
    for config in all {
        match taken(config, &facts.place.target) {
            Takeover::None => {}
            Takeover::Whole => whole += 1,
            Takeover::Reverted(entries) => {
                let revision = standing(config).map_or("default", |standing| standing.revision);
                gathered.add(
                    Finding::fail(format!(
                        "{} was taken over and does not call Pillion any more",
                        config.name_any()
                    ))
                    .seen(format!("entries that call somebody else: {}", entries.join(", ")))
                    .seen("an upgrade of istiod's chart puts its own address back")
                    .mend(take_over(facts, revision))
                    .mend(format!("{} --undo", take_over(facts, revision))),
                );
            }
        }
    }
    if whole > 0 {
        gathered.add(Finding::pass("").seen(format!("{whole} taken over")));
    }
    gathered.finding()
}

pub(in crate::cluster::doctor) fn left_behind(facts: &Facts) -> Finding {
    let all = match configurations(facts) {
        Ok(all) => all,
        Err(unknown) => return unknown,
    };
    let gone = match &facts.gone {
        Ok(gone) => gone,
        Err(reason) => return Finding::unknown("Services of webhooks", reason),
    };
    let target = &facts.place.target;
    let mut gathered = Gathered::or("every webhook for pods calls a Service that is there");
    for config in all {
        // Our own registration is looked at above.
        let foreign = config.webhooks.iter().flatten().filter(|it| !target.is_called_by(&it.client_config));
        let lost: Vec<(&MutatingWebhook, String)> = foreign
            .filter(|entry| takes_pods(entry) || standing(config).is_some())
            .filter_map(|entry| {
                let service = entry.client_config.service.as_ref()?;
                let name = format!("{}/{}", service.namespace, service.name);
                gone.contains(&name).then_some((entry, name))
            })
            .collect();
        let Some((_, service)) = lost.first() else { continue };
        let closed = |(entry, _): &&(&MutatingWebhook, String)| {
            takes_pods(entry) && entry.failure_policy.as_deref() != Some("Ignore")
        };
        let name = config.name_any();
        let summary = format!("{name} calls the Service {service}, which is not there");
        let finding = if lost.iter().any(|it| closed(&it)) {
            Finding::fail(format!("{summary}: pods that it takes are refused"))
        } else {
            Finding::warn(summary)
        };
        gathered.add(
            finding
                .all_seen(lost.iter().map(|(entry, service)| format!("{}: {service}", entry.name)))
                .mend(format!("kubectl delete mutatingwebhookconfiguration {name}")),
        );
    }
    gathered.finding()
}

pub(in crate::cluster::doctor) fn overlap(facts: &Facts) -> Finding {
    let all = match configurations(facts) {
        Ok(all) => all,
        Err(unknown) => return unknown,
    };
    let found = overlaps(all);
    let Some(first) = found.first() else { return Finding::pass("no two webhooks inject one pod") };
    let mut finding = Finding::fail(format!(
        "{} and {} would both inject one pod, which is changed twice",
        first.configurations[0], first.configurations[1]
    ))
    .all_seen(found.iter().map(ToString::to_string));
    for overlap in &found {
        for name in &overlap.configurations {
            let config = all.iter().find(|config| config.name_any() == *name);
            let Some((config, standing)) = config.and_then(|it| Some((it, standing(it)?))) else { continue };
            let ours = config
                .webhooks
                .iter()
                .flatten()
                .any(|entry| facts.place.target.is_called_by(&entry.client_config));
            // What is not ours, or is only a name of ours, is what goes.
            finding = match standing.tag {
                Some(tag) if ours => finding.mend(format!("pillion tag remove {tag}")),
                _ if !ours => finding.mend(format!("kubectl delete mutatingwebhookconfiguration {name}")),
                _ => finding,
            };
        }
    }
    if finding.mend.is_empty() {
        finding = finding.mend("pillion tag list");
    }
    finding.after(&["left-behind"])
}

pub(in crate::cluster::doctor) fn order(facts: &Facts) -> Finding {
    let all = match configurations(facts) {
        Ok(all) => all,
        Err(unknown) => return unknown,
    };
    let ours = facts.our_entries();
    let once = ours.iter().filter(|(_, _, it)| it.reinvocation_policy.as_deref() != Some("IfNeeded"));
    let mut gathered = Gathered::or("no webhook that may change pods comes after ours unnoticed");
    let once: Vec<_> = once.collect();
    for config in all.iter().filter(|config| standing(config).is_none()) {
        let name = config.name_any();
        let meets = config.webhooks.iter().flatten().filter(|entry| takes_pods(entry)).find_map(|entry| {
            // API servers call configurations in the order of their names.
            let before = once.iter().filter(|(ours, _, _)| ours.name_any() < name);
            before.into_iter().find_map(|(_, _, our)| Some((entry, our, example(&[our, entry])?)))
        });
        let Some((entry, our, example)) = meets else { continue };
        gathered.add(
            Finding::warn(format!(
                "{name} is called after ours: what it changes in a pod the sidecar does not know"
            ))
            .seen(format!("{} and {} both take {example}", our.name, entry.name))
            .seen(
                "containers and probes that it adds are not seen by the injector (reinvocationPolicy: Never)",
            )
            .mend(facts.setup.reinstall("webhook.reinvocationPolicy=IfNeeded")),
        );
    }
    gathered.finding()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::{Status, sample};
    use serde_json::json;

    fn policy(name: &str, service: &str, failure: &str) -> MutatingWebhookConfiguration {
        let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]);
        serde_json::from_value(json!({"metadata": {"name": name}, "webhooks": [{
            "name": "p.example", "sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": rules,
            "failurePolicy": failure, "clientConfig": {"service": {"namespace": "policy", "name": service}},
        }]}))
        .unwrap()
    }

    fn with(config: MutatingWebhookConfiguration) -> Facts {
        let mut facts = sample::facts();
        facts.configurations.as_mut().unwrap().push(config);
        facts
    }

    #[test]
    fn an_entry_that_cannot_be_served_is_named_with_its_patch() {
        for (change, said, mend) in [
            ((|entry| entry.rules = None) as fn(&mut MutatingWebhook), "has no rules", "rollout restart"),
            (
                |entry| entry.client_config.service.as_mut().unwrap().port = Some(8443),
                "calls port 8443",
                r#""path":"/webhooks/0/clientConfig/service/port","value":443"#,
            ),
            (
                |entry| entry.client_config.service.as_mut().unwrap().path = Some("/mutate".into()),
                "calls the path \"/mutate\"",
                r#""value":"/inject""#,
            ),
            (
                |entry| entry.rules.as_mut().unwrap()[0].resources = Some(vec!["jobs".into()]),
                "not for new pods",
                "",
            ),
        ] {
            let mut facts = sample::facts();
            sample::entries(&mut facts, change);
            let finding = registration(&facts);
            assert_eq!(finding.status, Status::Fail);
            assert!(finding.summary.contains(said) && finding.mend[0].contains(mend), "{finding:?}");
        }
        let mut facts = sample::facts();
        facts.configurations = Ok(Vec::new());
        assert!(registration(&facts).mend[0].contains("webhook.enabled=true"));
    }

    #[test]
    fn a_webhook_whose_service_is_gone_is_told_by_what_it_does_to_pods() {
        for (failure, status) in [("Fail", Status::Fail), ("Ignore", Status::Warn)] {
            let mut facts = with(policy("a-policy", "gone", failure));
            assert_eq!(left_behind(&facts).status, Status::Pass);
            facts.gone.as_mut().unwrap().insert("policy/gone".into());
            let finding = left_behind(&facts);
            assert_eq!(finding.status, status);
            assert_eq!(finding.mend, ["kubectl delete mutatingwebhookconfiguration a-policy"]);
        }
    }

    #[test]
    fn only_webhooks_that_come_after_ours_are_a_hazard() {
        assert_eq!(order(&with(policy("a-policy", "p", "Fail"))).status, Status::Pass);
        let mut facts = with(policy("z-policy", "p", "Fail"));
        assert!(order(&facts).mend[0].contains("webhook.reinvocationPolicy=IfNeeded"));
        sample::entries(&mut facts, |entry| entry.reinvocation_policy = Some("IfNeeded".into()));
        assert_eq!(order(&facts).status, Status::Pass);
    }

    #[test]
    fn an_overlap_names_what_is_not_ours() {
        let mut other = sample::facts().configurations.unwrap().remove(0);
        other.metadata.name = Some("istio-sidecar-injector".into());
        for entry in other.webhooks.iter_mut().flatten() {
            entry.client_config.service.as_mut().unwrap().name = "istiod".into();
        }
        let finding = overlap(&with(other));
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.mend, ["kubectl delete mutatingwebhookconfiguration istio-sidecar-injector"]);
    }

    #[test]
    fn a_reverted_take_over_is_told() {
        let config = serde_json::from_value(json!({
            "metadata": {"name": "istiods", "annotations": {
                "pillion.dev/original-webhooks": "[]", "pillion.dev/taken-over-by": "own/pillion-r",
            }, "labels": {"istio.io/rev": "r"}},
            "webhooks": [{
                "name": "x.sidecar-injector.istio.io", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"namespace": "mesh", "name": "istiod"}},
            }],
        }));
        let finding = takeover(&with(config.unwrap()));
        assert_eq!(
            finding.mend[0],
            "pillion takeover --revision r --own-namespace own --istioNamespace mesh"
        );
    }
}
