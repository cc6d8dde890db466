//! What is installed: Deployment, pods and what they say of themselves, the Secret, the configuration.
//! Never: private keys beyond the question whether they fit.

use std::collections::BTreeMap;

use futures::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{found, get_text, list};
use crate::cluster::client::answered;
use crate::cluster::doctor::facts::{Configuration, Fault, Known, Place, Replica, Stored};
use crate::cluster::doctor::setup::{Certificates, Origin, Setup};
use crate::cluster::injectors::{NAME, NAME_LABEL, REVISION};
use crate::source::configmap::{Found, Names, Part, State};
use crate::source::{self, SourceError, Texts, build, check};
use crate::tls::{Identity, Trust};

/// Replicas that are asked at most.
const ASKED: usize = 10;
/// What the names of Istio's injector ConfigMaps begin with.
const INJECTOR: &str = "istio-sidecar-injector";

/// The Deployment of the revision, and those elsewhere if there is none.
pub(super) async fn deployment(client: &Client, place: &Place) -> (Known<Option<Deployment>>, Vec<String>) {
    let ours = || ListParams::default().labels(&format!("{NAME_LABEL}={NAME}"));
    let api: Api<Deployment> = Api::namespaced(client.clone(), &place.target.namespace);
    let all = match list(api, ours()).await {
        Ok(all) => all,
        Err(reason) => return (Err(reason), Vec::new()),
    };
    let revision = |it: &Deployment| it.labels().get(REVISION).cloned().unwrap_or_else(|| "default".into());
    let mut of_it: Vec<_> = all.into_iter().filter(|it| revision(it) == place.revision).collect();
    // Of several the one that is called as the Service.
    of_it.sort_by_key(|it| it.name_any() != place.target.service);
    if let Some(found) = of_it.into_iter().next() {
        return (Ok(Some(found)), Vec::new());
    }
    let elsewhere = list(Api::<Deployment>::all(client.clone()), ours()).await.unwrap_or_default();
    let told = |it: &Deployment| {
        let namespace = it.namespace().unwrap_or_default();
        format!("{namespace}/{} (revision {})", it.name_any(), revision(it))
    };
    (Ok(None), elsewhere.iter().map(told).collect())
}

/// Its pods.
pub(super) async fn pods(
    client: &Client,
    namespace: &str,
    deployment: Option<&Deployment>,
) -> Known<Vec<Pod>> {
    let labels = deployment.and_then(|it| it.spec.as_ref()?.selector.match_labels.as_ref());
    let Some(labels) = labels else { return Ok(Vec::new()) };
    let selector: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let params = ListParams::default().labels(&selector.join(","));
    list(Api::<Pod>::namespaced(client.clone(), namespace), params).await
}

/// What running pods say of themselves, through the API server.
pub(super) async fn replicas(client: &Client, setup: &Setup, pods: &[Pod]) -> Vec<Replica> {
    // Compared with what the API server says now, for everything before may have taken long.
    let date = get_text(client, "/version").await.ok().and_then(|(_, date)| date);
    let running = pods.iter().filter(|pod| {
        pod.metadata.deletion_timestamp.is_none()
            && pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"))
    });
    let asked = running.take(ASKED).map(async |pod| {
        let pod = pod.name_any();
        let path = |what: &str| {
            format!("/api/v1/namespaces/{}/pods/{pod}:{}/proxy{what}", setup.namespace, setup.admin_port)
        };
        let (version, readiness) = (path("/version"), path("/readyz?verbose"));
        let (version, readiness) = tokio::join!(get_text(client, &version), get_text(client, &readiness));
        let ahead = version.as_ref().ok().and_then(|(_, theirs)| Some((*theirs)? - date?));
        Replica {
            pod,
            version: version.map(|(text, _)| text.trim().to_owned()),
            ahead,
            readiness: readiness.map(|(text, _)| text),
        }
    });
    join_all(asked).await
}

/// The Secret with the certificate.
pub(super) async fn stored(client: &Client, setup: &Setup) -> Known<Option<Stored>> {
    let (Certificates::OwnSecret(name) | Certificates::Mounted(name)) = &setup.certificates else {
        return Ok(None);
    };
    let place = format!("{}/{name}", setup.namespace);
    let Some(secret) = found::<Secret>(client, &setup.namespace, name).await? else {
        return Ok(Some(Stored { secret: place, ..Stored::default() }));
    };
    let text = |key: &str| secret.data.as_ref().and_then(|data| data.get(key));
    let text = |key: &str| text(key).map(|bytes| bytes.0.as_slice()).unwrap_or_default();
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(text("tls.crt")).map_while(Result::ok).take(20).collect();
    let identity = Identity::from_pem(&format!("Secret {place}"), text("tls.crt"), text("tls.key"));
    Ok(Some(Stored {
        exists: true,
        fault: identity.err().map(|error| error.to_string()),
        trust: Trust::from_pem(text("ca.crt")),
        certificate: secret.annotations().get("cert-manager.io/certificate-name").cloned(),
        chain,
        secret: place,
    }))
}

/// The configuration, read as the program reads it and tried with its sample pods.
pub(super) async fn configuration(client: &Client, setup: &Setup) -> Known<Configuration> {
    let names = match &setup.origin {
        Origin::ConfigMaps(names) => names,
        Origin::Embedded => return embedded(client, setup).await,
        Origin::Directory => return Err("it is in a directory of the pods".to_owned()),
    };
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &names.namespace);
    let state = State {
        injector: part(&api, &names.injector).await?,
        mesh: part(&api, &names.mesh).await?,
        shared: match &names.shared {
            Some(name) => part(&api, name).await?,
            None => Part::Missing,
        },
        ..State::default()
    };
    let others = if state.injector == Part::Missing { others(&api, names).await } else { Vec::new() };
    let source = format!("ConfigMaps {} and {} of {}", names.injector, names.mesh, names.namespace);
    let texts = Found::new(state).texts(names);
    let (fault, warnings) = judged(texts, &source::Origin::ConfigMaps(names.clone()), setup);
    Ok(Configuration { source, fault, warnings, others })
}

/// The Envoy profile, with the values over its own if there are some.
async fn embedded(client: &Client, setup: &Setup) -> Known<Configuration> {
    let mut source = "the Envoy profile in the program".to_owned();
    let Some(map) = &setup.values else {
        return Ok(Configuration { source, ..Configuration::default() });
    };
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &map.namespace);
    let state = State { values: part(&api, &map.name).await?, ..State::default() };
    if matches!(state.values, Part::There(_)) {
        source = format!("{source}, with the values of {map},");
    }
    let texts = Found::new(state).embedded(Some(map));
    let (fault, warnings) = judged(texts, &source::Origin::EmbeddedWith(map.clone()), setup);
    Ok(Configuration { source, fault, warnings, others: Vec::new() })
}

async fn part(api: &Api<ConfigMap>, name: &str) -> Known<Part<BTreeMap<String, String>>> {
    let found = answered(api.get_opt(name)).await.map_err(|error| error.reason)?;
    Ok(found.map_or(Part::Missing, |map| Part::There(map.data.unwrap_or_default())))
}

/// What is wrong with a configuration, else what is odd about it.
fn judged(
    texts: Result<Texts, SourceError>,
    origin: &source::Origin,
    setup: &Setup,
) -> (Option<Fault>, Vec<String>) {
    match tried(texts, origin, setup) {
        Ok(warnings) => (None, warnings),
        Err(fault) => (Some(fault), Vec::new()),
    }
}

fn tried(
    texts: Result<Texts, SourceError>,
    origin: &source::Origin,
    setup: &Setup,
) -> Result<Vec<String>, Fault> {
    let fault = |error: SourceError| match error {
        SourceError::Awaited { what, .. } => Fault::Missing(what),
        error @ SourceError::Sample { .. } => Fault::Refuses(error.to_string()),
        error => {
            let message = error.to_string();
            let name = origin.object_of(&message).map(|(_, name)| name.to_owned()).unwrap_or_default();
            Fault::Faulty { name, message }
        }
    };
    let texts = texts.map_err(fault)?;
    let built = build(&texts, setup.settings.clone()).map_err(|error| fault(error.into()))?;
    check::samples(&built.snapshot, texts.over.as_ref()).map_err(fault)?;
    Ok(built.warnings.iter().map(ToString::to_string).collect())
}

async fn others(api: &Api<ConfigMap>, names: &Names) -> Vec<String> {
    let all = answered(api.list_metadata(&ListParams::default())).await.map(|all| all.items);
    let named = all.unwrap_or_default().into_iter().map(|map| map.name_any());
    named.filter(|name| name.starts_with(INJECTOR) && *name != names.injector).collect()
}
