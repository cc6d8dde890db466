//! The Pillion that runs in a cluster: the Deployment behind the Service that webhooks call, and what it was told. So
//! that a command can answer as that one does. Never: guessing at what only the running process knows.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, PodSpec, Service};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

use super::client::{CallError, answered};
use super::injectors::{Owner, standing};

/// A running Pillion, as its Deployment has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The namespace of its Service and Deployment.
    pub namespace: String,
    /// Its Deployment.
    pub deployment: String,
    /// The arguments of its container, `serve` or `shadow` first.
    pub args: Vec<String>,
    /// The variables of its container whose values are written down.
    pub env: BTreeMap<String, String>,
}

/// What a Service is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The Service that a configuration of ours calls; of a configuration by URL there is none.
#[must_use]
pub fn service_of(configuration: &MutatingWebhookConfiguration) -> Option<ServiceName> {
    standing(configuration).filter(|standing| standing.owner == Owner::Pillion)?;
    let webhook = configuration.webhooks.iter().flatten().next()?;
    let service = webhook.client_config.service.as_ref()?;
    Some(ServiceName { namespace: service.namespace.clone(), name: service.name.clone() })
}

/// The Deployment behind a Service.
///
/// # Errors
/// The API server refuses, or does not answer.
pub async fn behind(client: &Client, service: &ServiceName) -> Result<Option<Installation>, CallError> {
    let services: Api<Service> = Api::namespaced(client.clone(), &service.namespace);
    let Some(found) = answered(services.get_opt(&service.name)).await? else { return Ok(None) };
    let selector = found.spec.and_then(|spec| spec.selector).unwrap_or_default();
    if selector.is_empty() {
        return Ok(None);
    }
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), &service.namespace);
    let deployments = answered(deployments.list(&ListParams::default())).await?;
    Ok(deployments.items.iter().find_map(|deployment| installation(deployment, &selector)))
}

/// The Deployment as an installation, if the Service selects its pods and they run this program.
fn installation(deployment: &Deployment, selector: &BTreeMap<String, String>) -> Option<Installation> {
    let template = &deployment.spec.as_ref()?.template;
    let labels = template.metadata.as_ref()?.labels.as_ref()?;
    let selected = selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    let container = serving(template.spec.as_ref().filter(|_| selected)?)?;
    let namespace = deployment.namespace()?;
    Some(Installation {
        deployment: deployment.name_any(),
        args: container.args.clone().unwrap_or_default(),
        env: variables(container, &namespace),
        namespace,
    })
}

/// The container that runs this program.
pub(super) fn serving(spec: &PodSpec) -> Option<&Container> {
    let serves = |it: &&Container| {
        it.args.iter().flatten().next().is_some_and(|first| first == "serve" || first == "shadow")
    };
    spec.containers.iter().find(serves)
}

/// The variables of a container whose values are written down, and what stands for its namespace.
pub(super) fn variables(container: &Container, namespace: &str) -> BTreeMap<String, String> {
    let written = container.env.iter().flatten().filter_map(|variable| {
        let field = variable.value_from.as_ref().and_then(|from| from.field_ref.as_ref());
        let value = match field {
            Some(field) if field.field_path == "metadata.namespace" => namespace.to_owned(),
            _ => variable.value.clone()?,
        };
        Some((variable.name.clone(), value))
    });
    written.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_deployment_that_the_service_selects_is_found_with_its_arguments() {
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": {"name": "pillion", "namespace": "mesh"},
            "spec": {"selector": {}, "template": {
                "metadata": {"labels": {"app": "pillion", "more": "x"}},
                "spec": {"containers": [{"name": "pillion", "args": ["serve", "--revision=r"], "env": [
                    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                    {"name": "PLATFORM", "value": "openshift"},
                ]}]},
            }},
        }))
        .unwrap();
        let selector = |value: &str| BTreeMap::from([("app".to_owned(), value.to_owned())]);
        let found = installation(&deployment, &selector("pillion")).unwrap();
        assert_eq!((found.args.len(), found.env.len()), (2, 2));
        assert_eq!(found.env["POD_NAMESPACE"], "mesh");
        assert_eq!(installation(&deployment, &selector("other")), None);
    }
}
