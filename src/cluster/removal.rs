//! Taking webhooks away before the program goes: webhooks that call a Service without endpoints refuse every pod.
//! Never: configurations that are not ours, and leaving one behind that still calls us without saying so.

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

use super::client::{CallError, answered};
use super::injectors::{NAME, NAME_LABEL, all, exactly};
use super::registration::Target;

/// What became of the configurations that call us.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Ours, deleted.
    pub deleted: Vec<String>,
    /// Those of others that still call us: whoever wrote them must take that back first.
    pub in_use: Vec<String>,
}

/// What is to be done with one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Delete,
    InUse,
    Leave,
}

/// Deletes our configurations, unless one of somebody else's still calls us: then nothing is deleted. `selector`
/// narrows ours to those of one release.
///
/// # Errors
/// The API server refuses, or is not there.
pub async fn remove(client: &Client, target: &Target, selector: Option<&str>) -> Result<Removed, CallError> {
    let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let selected = match selector {
        Some(selector) => Some(names(&api, selector).await?),
        None => None,
    };
    let present = answered(all(client)).await?;
    let fate = |config: &MutatingWebhookConfiguration| {
        let chosen = selected.as_ref().is_none_or(|names| names.contains(&config.name_any()));
        fate(config, target, chosen)
    };
    let of = |wanted: Fate| present.iter().filter(|config| fate(config) == wanted).collect::<Vec<_>>();
    let in_use: Vec<String> = of(Fate::InUse).into_iter().map(ResourceExt::name_any).collect();
    if !in_use.is_empty() {
        return Ok(Removed { in_use, deleted: Vec::new() });
    }
    let mut deleted = Vec::new();
    for config in of(Fate::Delete) {
        match answered(api.delete(&config.name_any(), &exactly(config))).await {
            Ok(_) => deleted.push(config.name_any()),
            // Somebody was quicker.
            Err(error) if error.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Removed { deleted, in_use })
}

async fn names(api: &Api<MutatingWebhookConfiguration>, selector: &str) -> Result<Vec<String>, CallError> {
    let selected = answered(api.list_metadata(&ListParams::default().labels(selector))).await?;
    Ok(selected.items.iter().map(ResourceExt::name_any).collect())
}

fn fate(config: &MutatingWebhookConfiguration, target: &Target, chosen: bool) -> Fate {
    let entries = config.webhooks.as_deref().unwrap_or_default();
    let calls = entries.iter().filter(|entry| target.is_called_by(&entry.client_config)).count();
    let ours = config.labels().get(NAME_LABEL).is_some_and(|name| name == NAME);
    match (calls, ours) {
        (0, _) => Fate::Leave,
        // Ours, but in part another's by now: not for us to delete.
        (some, true) if some == entries.len() => {
            if chosen {
                Fate::Delete
            } else {
                Fate::InUse
            }
        }
        _ => Fate::InUse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn configuration(name: &str, services: &[&str]) -> MutatingWebhookConfiguration {
        let entries: Vec<_> = services
            .iter()
            .map(|service| {
                json!({
                    "name": format!("{service}.example"),
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "clientConfig": { "service": { "namespace": "mesh", "name": service } },
                })
            })
            .collect();
        let metadata = json!({ "name": "x", "labels": { "app.kubernetes.io/name": name } });
        serde_json::from_value(json!({ "metadata": metadata, "webhooks": entries })).unwrap()
    }

    #[test]
    fn ours_go_and_what_others_send_us_is_told_of() {
        let target = Target { namespace: "mesh".into(), service: "pillion".into(), url: None };
        let fate_of = |name, services: &[&str], chosen| fate(&configuration(name, services), &target, chosen);
        assert_eq!(fate_of("pillion", &["pillion", "pillion"], true), Fate::Delete);
        assert_eq!(fate_of("pillion", &["pillion"], false), Fate::InUse);
        assert_eq!(fate_of("pillion", &["pillion", "istiod"], true), Fate::InUse);
        assert_eq!(fate_of("istiod", &["pillion"], true), Fate::InUse);
        assert_eq!(fate_of("istiod", &["istiod"], true), Fate::Leave);
        assert_eq!(fate_of("pillion", &["pillion-1-20-2"], true), Fate::Leave);
        assert_eq!(fate_of("pillion", &[], true), Fate::Leave);
    }
}
