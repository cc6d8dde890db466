//! What the program must be allowed, out of how it is set up, and whether its service account is. The list is what the
//! chart grants. Never: rights of whoever asks.

use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::PostParams;
use kube::{Api, Client, ResourceExt};
use pillion_core::config::NativeSidecars;

use super::Around;
use crate::cluster::client::answered;
use crate::cluster::doctor::facts::{Known, Right};
use crate::cluster::doctor::setup::{Certificates, Origin, Setup};

/// Reviews that are asked for at once.
const AT_ONCE: usize = 8;

/// Asks for every right.
pub(super) async fn asked(client: &Client, setup: &Setup, around: &Around<'_>) -> Known<Vec<Right>> {
    let ours = around.configurations.iter().filter(|config| {
        config.webhooks.iter().flatten().any(|entry| around.target.is_called_by(&entry.client_config))
    });
    let names: Vec<String> = ours.map(ResourceExt::name_any).collect();
    let needed = needed(setup, &names).into_iter().map(|right| review(client, setup, right));
    stream::iter(needed).buffered(AT_ONCE).try_collect().await
}

async fn review(client: &Client, setup: &Setup, mut right: Right) -> Known<Right> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(setup.user()),
            groups: Some(vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{}", setup.namespace),
                "system:authenticated".to_owned(),
            ]),
            resource_attributes: Some(ResourceAttributes {
                verb: Some(right.verb.to_owned()),
                group: Some(right.group.to_owned()),
                resource: Some(right.resource.to_owned()),
                name: given(&right.name),
                namespace: given(&right.namespace),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let api: Api<SubjectAccessReview> = Api::all(client.clone());
    let answer = answered(api.create(&PostParams::default(), &review)).await.map_err(|error| error.reason)?;
    right.allowed = answer.status.is_some_and(|status| status.allowed);
    Ok(right)
}

/// What is needed; `configurations` are the webhook configurations that call us.
pub(in crate::cluster::doctor) fn needed(setup: &Setup, configurations: &[String]) -> Vec<Right> {
    const READ: &[&str] = &["get", "list", "watch"];
    const WATCH: &[&str] = &["list", "watch"];
    let mut all = Vec::new();
    let mut need =
        |verbs: &[&'static str], kind: (&'static str, &'static str), name: &str, namespace: &str| {
            let (group, resource) = kind;
            all.extend(verbs.iter().map(|verb| Right {
                verb,
                group,
                resource,
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                allowed: false,
            }));
        };
    let own = setup.namespace.as_str();
    let webhooks = ("admissionregistration.k8s.io", "mutatingwebhookconfigurations");
    if setup.managed || setup.census.is_some() {
        need(WATCH, webhooks, "", "");
    }
    if setup.managed {
        configurations.iter().for_each(|name| need(&["patch"], webhooks, name, ""));
        need(WATCH, ("discovery.k8s.io", "endpointslices"), "", own);
    }
    if setup.settings.native_sidecars == NativeSidecars::Auto {
        need(WATCH, ("", "nodes"), "", "");
    }
    if setup.openshift || setup.census.is_some() || setup.values.is_some() {
        need(WATCH, ("", "namespaces"), "", "");
    }
    if let Origin::ConfigMaps(names) = &setup.origin {
        let maps = [Some(&names.injector), Some(&names.mesh), names.shared.as_ref()];
        maps.into_iter().flatten().for_each(|name| need(READ, ("", "configmaps"), name, &names.namespace));
        need(WATCH, ("networking.istio.io", "proxyconfigs"), "", "");
        need(&["create", "patch"], ("events.k8s.io", "events"), "", &names.namespace);
    }
    if let Some(map) = &setup.values {
        need(READ, ("", "configmaps"), &map.name, own);
    }
    let mut leases = Vec::new();
    if let Certificates::OwnSecret(name) = &setup.certificates {
        need(&["create"], ("", "secrets"), "", own);
        need(&["list", "watch", "update"], ("", "secrets"), name, own);
        leases.push(name);
    }
    if let Some(name) = &setup.census {
        need(READ, ("", "pods"), "", "");
        leases.push(name);
    }
    if !leases.is_empty() {
        need(&["create"], ("coordination.k8s.io", "leases"), "", own);
        for name in leases {
            need(&["get", "patch"], ("coordination.k8s.io", "leases"), name, own);
        }
        if let Some(owner) = &setup.owner {
            need(&["get"], ("apps", "deployments"), owner, own);
        }
    }
    need(&["create", "patch"], ("events.k8s.io", "events"), "", own);
    all
}
