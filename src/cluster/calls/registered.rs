//! [`Registered`]: a cluster's webhook configurations and the labels of its namespaces, read as they are asked for.
//! Never: more than one reading of each.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

use super::{Calls, NewPod, calls};
use crate::cluster::client::{CallError, answered};
use crate::cluster::injectors::{self, Labels};

/// What is registered in a cluster.
pub struct Registered {
    client: Client,
    configurations: Vec<MutatingWebhookConfiguration>,
    namespaces: BTreeMap<String, Option<Labels>>,
}

impl Registered {
    /// Reads the webhook configurations.
    ///
    /// # Errors
    /// The API server refuses, or does not answer.
    pub async fn of(client: Client) -> Result<Self, CallError> {
        let configurations = answered(injectors::all(&client)).await?;
        Ok(Self { client, configurations, namespaces: BTreeMap::new() })
    }

    /// All webhook configurations.
    #[must_use]
    pub fn configurations(&self) -> &[MutatingWebhookConfiguration] {
        &self.configurations
    }

    /// Whether a Pillion is asked about this pod.
    ///
    /// # Errors
    /// The namespace cannot be read for another reason than that it is not there or may not be read.
    pub async fn calls(&mut self, namespace: &str, pod: Value) -> Result<Calls, CallError> {
        let namespace_labels = self.labels(namespace).await?;
        Ok(calls(&self.configurations, &NewPod { namespace: namespace.to_owned(), namespace_labels, pod }))
    }

    async fn labels(&mut self, namespace: &str) -> Result<Option<Labels>, CallError> {
        if let Some(known) = self.namespaces.get(namespace) {
            return Ok(known.clone());
        }
        let api: Api<Namespace> = Api::all(self.client.clone());
        let labels = match answered(api.get_metadata_opt(namespace)).await {
            Ok(found) => found.map(|found| found.labels().clone()),
            Err(error) if error.code == 403 => None,
            Err(error) => return Err(error),
        };
        self.namespaces.insert(namespace.to_owned(), labels.clone());
        Ok(labels)
    }
}
