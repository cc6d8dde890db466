//! The way from API servers to the pods: Service, endpoints, network. Pure. Never: what is presented there.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ContainerPort, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::doctor::facts::{Facts, Outcome};
use crate::cluster::doctor::finding::Finding;
use crate::cluster::registration::is_served;

/// The port of the Service, and of the container, that the chart names so.
const PORT_NAME: &str = "https-webhook";

pub(in crate::cluster::doctor) fn service(facts: &Facts) -> Finding {
    let place = format!("{}/{}", facts.setup.namespace, facts.setup.service);
    if facts.place.target.url.is_some() || only_by_url(facts) {
        return Finding::pass("API servers call a URL, and no Service");
    }
    let service = match &facts.service {
        Ok(Some(service)) => service,
        Ok(None) => {
            return Finding::fail(format!("there is no Service {place}"))
                .mend(facts.setup.reinstall(""))
                .after(&["installed"]);
        }
        Err(reason) => return Finding::unknown("the Service", reason),
    };
    let Ok(Some(deployment)) = &facts.deployment else {
        return Finding::pass(format!("Service {place} is there"));
    };
    let spec = service.spec.clone().unwrap_or_default();
    let labels = deployment.spec.as_ref().and_then(|it| it.template.metadata.as_ref()?.labels.clone());
    let labels = labels.unwrap_or_default();
    if let Some(finding) = selector(facts, &place, spec.selector.as_ref(), &labels) {
        return finding;
    }
    let Some((index, port)) = webhook_port(service) else {
        return Finding::fail(format!("Service {place} has no port")).mend(facts.setup.reinstall(""));
    };
    target(facts, &place, deployment, index, port)
}

/// Whether all webhooks of ours that there are name a URL.
fn only_by_url(facts: &Facts) -> bool {
    let entries = facts.our_entries();
    !entries.is_empty() && entries.iter().all(|(_, _, entry)| entry.client_config.service.is_none())
}

/// What is wrong with the labels by which it finds pods. Without any, endpoints are somebody else's to make.
fn selector(
    facts: &Facts,
    place: &str,
    selector: Option<&BTreeMap<String, String>>,
    labels: &BTreeMap<String, String>,
) -> Option<Finding> {
    let selector = selector.filter(|selector| !selector.is_empty())?;
    let wrong: Vec<_> = selector.iter().filter(|(key, value)| labels.get(*key) != Some(value)).collect();
    if wrong.is_empty() {
        return None;
    }
    let has =
        |key: &str| labels.get(key).map_or_else(|| "no such label".to_owned(), |it| format!("{key}={it}"));
    let mended = wrong.iter().map(|(key, _)| {
        let value = labels.get(*key).map_or_else(|| "null".to_owned(), |value| format!("\"{value}\""));
        format!("\"{key}\":{value}")
    });
    Some(
        Finding::fail(format!("Service {place} does not find the pods: its selector is not their labels"))
            .all_seen(
                wrong
                    .iter()
                    .map(|(key, value)| format!("selector {key}={value}; the pods have {}", has(key))),
            )
            .mend(format!(
                "kubectl -n {} patch service {} -p '{{\"spec\":{{\"selector\":{{{}}}}}}}'",
                facts.setup.namespace,
                facts.setup.service,
                mended.collect::<Vec<_>>().join(",")
            ))
            .after(&["installed"]),
    )
}

/// The port that webhooks call, and its place.
pub(super) fn webhook_port(service: &Service) -> Option<(usize, &ServicePort)> {
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    let named = ports.iter().position(|port| port.name.as_deref() == Some(PORT_NAME)).unwrap_or(0);
    Some((named, ports.get(named)?))
}

/// Whether the port leads to where the container listens.
fn target(facts: &Facts, place: &str, deployment: &Deployment, index: usize, port: &ServicePort) -> Finding {
    let pod = deployment.spec.as_ref().and_then(|it| it.template.spec.as_ref());
    let ports = pod.into_iter().flat_map(|pod| &pod.containers).flat_map(|it| it.ports.iter().flatten());
    let ports: Vec<&ContainerPort> = ports.collect();
    let listens = i32::from(facts.setup.webhook_port);
    let (leads, called) = match &port.target_port {
        Some(IntOrString::Int(number)) => (Some(*number), number.to_string()),
        Some(IntOrString::String(name)) => {
            let found = ports.iter().find(|port| port.name.as_deref() == Some(name));
            (found.map(|port| port.container_port), format!("{name:?}"))
        }
        None => (Some(port.port), port.port.to_string()),
    };
    if leads == Some(listens) {
        return Finding::pass(format!("Service {place}:{} leads to port {listens} of the pods", port.port));
    }
    let right = match ports.iter().find(|port| port.container_port == listens).and_then(|it| it.name.as_ref())
    {
        Some(name) => format!("\"{name}\""),
        None => listens.to_string(),
    };
    let why = match leads {
        Some(leads) => format!("targetPort {called} is port {leads} of the pods, which listen on {listens}"),
        None => format!("targetPort {called} is no port of the pods, which listen on {listens}"),
    };
    Finding::fail(format!("Service {place}:{} leads to the wrong port", port.port))
        .seen(why)
        .mend(format!(
            "kubectl -n {} patch service {} --type=json -p \
             '[{{\"op\":\"replace\",\"path\":\"/spec/ports/{index}/targetPort\",\"value\":{right}}}]'",
            facts.setup.namespace, facts.setup.service
        ))
        .after(&["installed"])
}

pub(in crate::cluster::doctor) fn endpoints(facts: &Facts) -> Finding {
    let (namespace, service) = (&facts.setup.namespace, &facts.setup.service);
    if facts.place.target.url.is_some() || only_by_url(facts) {
        return Finding::pass("API servers call a URL, and no Service");
    }
    let slices = match &facts.slices {
        Ok(slices) => slices,
        Err(reason) => return Finding::unknown("EndpointSlices", reason),
    };
    let causes: &[&str] = &["installed", "rights", "configuration", "certificate", "replicas", "service"];
    let addresses = slices.iter().flat_map(|slice| &slice.endpoints).count();
    if slices.iter().any(is_served) {
        return Finding::pass(format!(
            "Service {namespace}/{service} has ready endpoints, {addresses} in all"
        ))
        .after(causes);
    }
    let found = facts.service.as_ref().ok().and_then(Option::as_ref);
    let selector = found.and_then(|it| it.spec.as_ref()?.selector.as_ref());
    let finding = Finding::fail(format!("Service {namespace}/{service} has no ready endpoint"))
        .seen(format!("{} EndpointSlices, {addresses} endpoints", slices.len()));
    let finding = if selector.is_none_or(BTreeMap::is_empty) {
        let labels = facts
            .deployment
            .iter()
            .flatten()
            .filter_map(|it| it.spec.as_ref()?.selector.match_labels.as_ref());
        let labels: Vec<String> =
            labels.flatten().map(|(key, value)| format!("\"{key}\":\"{value}\"")).collect();
        finding.seen("the Service has no selector: nobody makes endpoints for it").mend(format!(
            "kubectl -n {namespace} patch service {service} -p '{{\"spec\":{{\"selector\":{{{}}}}}}}'",
            labels.join(",")
        ))
    } else {
        finding.mend(format!(
            "kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={service}"
        ))
    };
    finding.mend(facts.setup.restart()).after(causes)
}

/// What API servers say of a webhook that does not answer in time, or cannot be connected to.
const SILENT: [&str; 5] = [
    "context deadline exceeded",
    "i/o timeout",
    "Client.Timeout",
    "no route to host",
    "network is unreachable",
];
const CLOSED: [&str; 3] = ["connection refused", "connection reset", "EOF"];

/// Whether a refusal says that nobody answered.
fn says(message: &str, words: &[&str]) -> bool {
    message.contains("failed calling webhook") && words.iter().any(|word| message.contains(word))
}

pub(in crate::cluster::doctor) fn network(facts: &Facts) -> Finding {
    let probe = match &facts.probe {
        Ok(probe) => probe,
        Err(reason) => return Finding::unknown("the way to the webhook", reason),
    };
    let causes: &[&str] = &["installed", "replicas", "service", "endpoints", "registration"];
    let port = facts.setup.webhook_port;
    let message = match &probe.outcome {
        Outcome::Refused(message) => message,
        Outcome::Injected(_) => return Finding::pass("API servers reach the webhook").after(causes),
        // Where failurePolicy is Ignore nobody is told.
        Outcome::Plain => return Finding::skip("a pod came back without a sidecar, and nothing says why"),
    };
    // Another webhook may be the one that is silent.
    if !facts.our_entries().iter().any(|(_, _, entry)| message.contains(&format!("\"{}\"", entry.name))) {
        return Finding::pass("nothing says that API servers cannot reach the webhook").after(causes);
    }
    if !says(message, &SILENT) && !says(message, &CLOSED) {
        return Finding::pass("API servers reach the webhook").after(causes);
    }
    let silent = says(message, &SILENT);
    let finding = Finding::fail(if silent {
        format!(
            "API servers get no answer in time: a firewall or a NetworkPolicy may keep them from port {port}"
        )
    } else {
        format!("connections of API servers are refused: nobody listens where port {port} is called")
    })
    .seen(message.clone());
    let unreached = facts.presented.iter().filter_map(|it| Some((&it.at, it.chain.as_ref().err()?)));
    let finding = finding.all_seen(unreached.map(|(at, reason)| format!("from here: {at}: {reason}")));
    let finding = finding.mend(format!(
        "let the control plane reach port {port} of the pods: a firewall rule, and a NetworkPolicy in {}",
        facts.setup.namespace
    ));
    finding
        .mend(facts.setup.reinstall("ports.webhook=10250"))
        .mend(facts.setup.reinstall("hostNetwork=true"))
        .mend(format!("kubectl -n {} get networkpolicies", facts.setup.namespace))
        .after(causes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::{Status, sample};

    fn with_service(change: impl FnOnce(&mut k8s_openapi::api::core::v1::ServiceSpec)) -> Facts {
        let mut facts = sample::facts();
        change(facts.service.as_mut().unwrap().as_mut().unwrap().spec.as_mut().unwrap());
        facts
    }

    #[test]
    fn a_service_must_find_the_pods_and_their_port() {
        let mut facts = with_service(|spec| {
            spec.selector.get_or_insert_default().insert("app.kubernetes.io/name".into(), "pilion".into());
        });
        let finding = service(&facts);
        assert!(finding.evidence[0].contains("selector app.kubernetes.io/name=pilion"), "{finding:?}");
        assert!(
            finding.mend[0].contains(r#"{"selector":{"app.kubernetes.io/name":"pillion"}}"#),
            "{finding:?}"
        );
        for wrong in [IntOrString::Int(8080), IntOrString::String("https".into())] {
            let facts = with_service(|spec| spec.ports.as_mut().unwrap()[0].target_port = Some(wrong));
            let finding = service(&facts);
            assert_eq!(finding.status, Status::Fail);
            assert!(
                finding.mend[0].contains(r#""path":"/spec/ports/0/targetPort","value":"https-webhook""#),
                "{finding:?}"
            );
        }
        let facts_by_number =
            with_service(|spec| spec.ports.as_mut().unwrap()[0].target_port = Some(IntOrString::Int(15017)));
        assert_eq!(service(&facts_by_number).status, Status::Pass);
        facts.service = Ok(None);
        assert!(service(&facts).summary.contains("there is no Service own/pillion-r"));
    }

    #[test]
    fn a_service_without_endpoints_is_told() {
        let mut facts = sample::facts();
        facts.slices = Ok(Vec::new());
        let finding = endpoints(&facts);
        assert!(finding.mend[0].contains("get endpointslices"), "{finding:?}");
        facts.service.as_mut().unwrap().as_mut().unwrap().spec.as_mut().unwrap().selector = None;
        assert!(endpoints(&facts).mend[0].contains("patch service"), "{:?}", endpoints(&facts));
    }

    #[test]
    fn a_time_out_hints_at_a_firewall() {
        let mut facts = sample::facts();
        let entry = facts.our_entries()[0].2.name.clone();
        let refused = |why: &str| sample::refused(&format!("failed calling webhook \"{entry}\": {why}"));
        facts.probe = Ok(refused("context deadline exceeded"));
        let finding = network(&facts);
        assert!(finding.summary.contains("firewall"), "{finding:?}");
        assert!(finding.mend[1].contains("ports.webhook=10250"), "{finding:?}");
        facts.probe = Ok(refused("dial tcp: connection refused"));
        assert!(network(&facts).summary.contains("are refused"));
        facts.probe = Ok(refused("x509: certificate signed by unknown authority"));
        assert_eq!(network(&facts).status, Status::Pass);
        facts.probe = Ok(sample::refused("failed calling webhook \"other\": context deadline exceeded"));
        assert_eq!(network(&facts).status, Status::Pass);
    }
}
