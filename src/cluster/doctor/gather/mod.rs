//! Asks the cluster for everything that is judged, all of it at once and none of it for long. Nothing is changed: pods
//! are created with dry run only. What may not be read is told, and the rest is looked at all the same.
//! Never: judging.
//!
//! | file | owns |
//! |---|---|
//! | `installed` | Deployment, pods, Service, Secret, configuration |
//! | `presented` | the certificate at the endpoints |
//! | `rights` | what the program must be allowed |
//! | `tried` | pods created with dry run, and pods that wait for an image |

mod installed;
mod presented;
mod rights;
mod tried;

use std::collections::BTreeSet;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::ListParams;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use super::facts::{Facts, Known, Place, Server};
use super::setup::Setup;
use crate::cluster::client::{CallError, answered};
use crate::cluster::injectors;
use crate::cluster::registration::slices_of;

/// Objects of one page.
const PAGE: u32 = 500;
/// Most objects of one kind that are looked at.
const MOST: usize = 50_000;

/// Everything that is known.
///
/// # Errors
/// The API server does not answer.
pub async fn gather(client: &Client, mut place: Place) -> Result<Facts, String> {
    let server = server(client).await?;
    let (deployment, elsewhere) = installed::deployment(client, &place).await;
    let setup = Setup::of(&place, deployment.as_ref().ok().and_then(Option::as_ref));
    // What the program was told is what it registers by.
    place.target.url = place.target.url.or_else(|| setup.url.clone());
    let (namespace, target) = (place.target.namespace.clone(), place.target.clone());
    let (service_name, only) = (target.service.clone(), place.namespaces.clone());
    let slice_params = ListParams::default().labels(&slices_of(&service_name));
    let namespace_params = ListParams { label_selector: only, ..ListParams::default() };
    let (pods, service, slices, budgets, configurations, namespaces, configuration, stored) = tokio::join!(
        installed::pods(client, &namespace, deployment.as_ref().ok().and_then(Option::as_ref)),
        found::<Service>(client, &namespace, &service_name),
        list(Api::<EndpointSlice>::namespaced(client.clone(), &namespace), slice_params),
        list(Api::<PodDisruptionBudget>::namespaced(client.clone(), &namespace), ListParams::default()),
        configurations(client),
        list(Api::<Namespace>::all(client.clone()), namespace_params),
        installed::configuration(client, &setup),
        installed::stored(client, &setup),
    );
    let around = Around {
        target: &target,
        configurations: configurations.as_deref().unwrap_or_default(),
        namespaces: namespaces.as_deref().unwrap_or_default(),
    };
    let (replicas, gone, presented, rights, probe, enforced, waiting) = tokio::join!(
        installed::replicas(client, &setup, pods.as_deref().unwrap_or_default()),
        gone(client, configurations.as_deref().unwrap_or_default()),
        presented::at_endpoints(client, &setup, &target, slices.as_deref().unwrap_or_default()),
        rights::asked(client, &setup, &around),
        tried::probe(client, &around),
        tried::enforced(client, &around),
        tried::waiting(client, place.namespaces.is_some().then_some(around.namespaces)),
    );
    Ok(Facts {
        setup,
        now: crate::clock::now(),
        server,
        deployment,
        elsewhere,
        pods,
        replicas,
        service,
        slices,
        budgets,
        configurations,
        gone,
        namespaces,
        configuration,
        stored,
        presented,
        rights,
        probe,
        enforced,
        waiting,
        place,
    })
}

/// What lies around the installation.
struct Around<'a> {
    target: &'a crate::cluster::registration::Target,
    configurations: &'a [MutatingWebhookConfiguration],
    namespaces: &'a [Namespace],
}

/// The API server's version and time.
async fn server(client: &Client) -> Known<Server> {
    let (text, date) = get_text(client, "/version").await?;
    let version: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let here_ahead = date.map(|date| crate::clock::now() - date);
    Ok(Server { version: version["gitVersion"].as_str().unwrap_or_default().to_owned(), here_ahead })
}

/// A text of the API server, and the time in its header.
async fn get_text(client: &Client, path: &str) -> Known<(String, Option<i64>)> {
    use http_body_util::{BodyExt, Limited};
    const LONGEST: usize = 1024 * 1024;
    let request = hyper::Request::get(path).body(kube::client::Body::empty()).map_err(|e| e.to_string())?;
    let response = answered(client.send(request)).await.map_err(|error| error.reason)?;
    let status = response.status();
    let date = response.headers().get(hyper::header::DATE).and_then(|date| date.to_str().ok());
    let date =
        date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|it| it.timestamp().as_second());
    let body = Limited::new(response.into_body(), LONGEST).collect().await.map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    if status.is_success() {
        return Ok((text, date));
    }
    let message = serde_json::from_str::<serde_json::Value>(&text).ok();
    let message = message.and_then(|status| Some(status.get("message")?.as_str()?.to_owned()));
    // What our own readiness says is told as it is.
    if message.is_none() && status.as_u16() == 503 {
        return Ok((text, date));
    }
    Err(message.unwrap_or_else(|| status.to_string()))
}

/// All objects, page by page.
async fn list<K>(api: Api<K>, params: ListParams) -> Known<Vec<K>>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut all = Vec::new();
    pages(api, params, |object| all.push(object)).await.map(|()| all)
}

/// Hands every object to `each`.
async fn pages<K>(api: Api<K>, params: ListParams, mut each: impl FnMut(K)) -> Known<()>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut params = params.limit(PAGE);
    let mut count = 0;
    loop {
        let page = answered(api.list(&params)).await.map_err(|error| error.reason)?;
        count += page.items.len();
        page.items.into_iter().for_each(&mut each);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) if count < MOST => params = params.continue_token(&token),
            _ => return Ok(()),
        }
    }
}

/// One object, if it is there.
async fn found<K>(client: &Client, namespace: &str, name: &str) -> Known<Option<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    answered(api.get_opt(name)).await.map_err(|error: CallError| error.reason)
}

async fn configurations(client: &Client) -> Known<Vec<MutatingWebhookConfiguration>> {
    answered(injectors::all(client)).await.map_err(|error| error.reason)
}

/// Services that webhook configurations call and that are not there.
async fn gone(client: &Client, configurations: &[MutatingWebhookConfiguration]) -> Known<BTreeSet<String>> {
    let entries = configurations.iter().flat_map(|config| config.webhooks.iter().flatten());
    let called: BTreeSet<(String, String)> = entries
        .filter_map(|entry| entry.client_config.service.as_ref())
        .map(|service| (service.namespace.clone(), service.name.clone()))
        .collect();
    let mut gone = BTreeSet::new();
    for (namespace, name) in called {
        let api: Api<Service> = Api::namespaced(client.clone(), &namespace);
        if answered(api.get_metadata_opt(&name)).await.map_err(|error| error.reason)?.is_none() {
            gone.insert(format!("{namespace}/{name}"));
        }
    }
    Ok(gone)
}
