//! How API servers reach the running program, as the cluster says: the port of its Service, whether anybody serves it,
//! and the authorities of its certificate. Never: secret keys.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::ListParams;
use kube::{Api, Client};

use super::{TakeoverError, failed};
use crate::cluster::injectors;
use crate::cluster::registration::{Target, is_served, slices_of, trusted};
use crate::tls::Trust;

/// The port of our Service that the chart names so.
const PORT_NAME: &str = "https-webhook";
/// The key of the Secret that holds authorities.
const AUTHORITIES: &str = "ca.crt";

/// The port of our Service, which must have somebody who serves it. By URL there is none.
pub(super) async fn port(client: &Client, target: &Target) -> Result<i32, TakeoverError> {
    const DEFAULT: i32 = 443;
    if target.url.is_some() {
        return Ok(DEFAULT);
    }
    let Target { namespace, service, .. } = target;
    let api: Api<Service> = Api::namespaced(client.clone(), namespace);
    let what = format!("cannot look at the Service {namespace}/{service}");
    let Some(found) = api.get_opt(service).await.map_err(failed(what.clone()))? else {
        return Err(TakeoverError::NotServing(format!(
            "there is no Service {service} in {namespace} (--own-namespace, --service)"
        )));
    };
    let ports = found.spec.and_then(|spec| spec.ports).unwrap_or_default();
    let named = ports.iter().find(|port| port.name.as_deref() == Some(PORT_NAME)).or_else(|| ports.first());
    let Some(port) = named.map(|port| port.port) else {
        return Err(TakeoverError::NotServing(format!("the Service {namespace}/{service} has no port")));
    };
    let slices: Api<EndpointSlice> = Api::namespaced(client.clone(), namespace);
    let ours = ListParams::default().labels(&slices_of(service));
    let slices = slices.list(&ours).await.map_err(failed(what))?;
    if slices.iter().any(is_served) {
        Ok(port)
    } else {
        Err(TakeoverError::NotServing(format!(
            "the Service {namespace}/{service} has no ready endpoint: look at the readiness of Pillion's pods"
        )))
    }
}

/// The authorities of our certificate: those of webhook configurations that call us, or of the Secret.
pub(super) async fn trust(
    client: &Client,
    target: &Target,
    secret: &str,
) -> Result<Option<Trust>, TakeoverError> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &target.namespace);
    let what = format!("cannot read the Secret {}/{secret}", target.namespace);
    let found = api.get_opt(secret).await.map_err(failed(what))?;
    let data: BTreeMap<String, ByteString> = found.and_then(|secret| secret.data).unwrap_or_default();
    let in_secret = data.get(AUTHORITIES).map(|text| Trust::from_pem(&text.0)).unwrap_or_default();
    if !in_secret.is_empty() {
        return Ok(Some(in_secret));
    }
    let all = injectors::all(client).await.map_err(failed("cannot list webhook configurations"))?;
    let ours = all
        .iter()
        .filter(|config| injectors::standing(config).is_some_and(|it| it.owner == injectors::Owner::Pillion));
    let bundles = ours
        .flat_map(|config| config.webhooks.iter().flatten())
        .filter(|entry| target.is_called_by(&entry.client_config))
        .map(|entry| trusted(&entry.client_config));
    Ok(bundles.into_iter().find(|bundle| !bundle.is_empty()))
}

/// What to do where there is no authority to be found.
pub(super) fn no_authority(target: &Target, secret: &str) -> TakeoverError {
    TakeoverError::NotServing(format!(
        "no authority of its certificate is known: the Secret {}/{secret} has no {AUTHORITIES} and no webhook \
         configuration of Pillion has a caBundle; name it by --cert-secret or --tls-ca",
        target.namespace
    ))
}
