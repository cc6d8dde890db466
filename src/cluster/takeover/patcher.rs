//! Whether istiod writes caBundles: while it does, it would overwrite ours, and API servers would refuse every pod.
//! Pure. Never: changing istiod.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;

/// The variable of istiod that switches its patcher off where it is there and empty.
const SWITCH: &str = "INJECTION_WEBHOOK_CONFIG_NAME";
/// What a user sets in Istio's chart for that.
pub const VALUE: &str = "pilot.env.INJECTION_WEBHOOK_CONFIG_NAME: \"\"";

/// What is known of the patcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patcher {
    /// Every istiod of the revision has it switched off.
    Off,
    /// It is on in this Deployment.
    On(String),
    /// It is switched off in this Deployment, of which older pods may still run.
    Rolling(String),
    /// There is no istiod to look at: it may run elsewhere.
    Unseen,
}

/// Looks at the Deployments of a revision.
#[must_use]
pub fn patcher(deployments: &[Deployment]) -> Patcher {
    for deployment in deployments {
        if !is_off(deployment) {
            return Patcher::On(deployment.name_any());
        }
    }
    match deployments.iter().find(|deployment| is_rolling(deployment)) {
        Some(rolling) => Patcher::Rolling(rolling.name_any()),
        None if deployments.is_empty() => Patcher::Unseen,
        None => Patcher::Off,
    }
}

fn is_off(deployment: &Deployment) -> bool {
    let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let variables = pod.into_iter().flat_map(|pod| &pod.containers).flat_map(|it| it.env.iter().flatten());
    let switches: Vec<_> = variables.filter(|variable| variable.name == SWITCH).collect();
    // Of several only the last one counts; a value from elsewhere is not known.
    switches
        .last()
        .is_some_and(|it| it.value_from.is_none() && it.value.as_deref().unwrap_or_default().is_empty())
}

fn is_rolling(deployment: &Deployment) -> bool {
    let Some(status) = &deployment.status else { return true };
    let behind = status.observed_generation.unwrap_or(0) < deployment.metadata.generation.unwrap_or(0);
    behind || status.replicas.unwrap_or(0) != status.updated_replicas.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn istiod(env: &Value, generation: i64, replicas: i32, updated: i32) -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "istiod", "generation": generation},
            "spec": {
                "selector": {},
                "template": {"spec": {"containers": [{"name": "discovery", "env": env}]}},
            },
            "status": {"observedGeneration": 2, "replicas": replicas, "updatedReplicas": updated},
        }))
        .unwrap()
    }

    #[test]
    fn it_is_off_only_where_the_variable_is_there_and_empty() {
        let named = |value: Value| istiod(&json!([value]), 2, 1, 1);
        for off in [json!({"name": SWITCH}), json!({"name": SWITCH, "value": ""})] {
            assert_eq!(patcher(&[named(off)]), Patcher::Off);
        }
        let from = json!({"name": SWITCH, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}});
        let named_on = json!({"name": SWITCH, "value": "istio-sidecar-injector"});
        for on in [from, named_on, json!({"name": "OTHER", "value": ""})] {
            assert_eq!(patcher(&[named(on.clone())]), Patcher::On("istiod".into()), "{on}");
        }
        let off = named(json!({"name": SWITCH}));
        assert_eq!(patcher(&[off, named(json!({"name": "OTHER"}))]), Patcher::On("istiod".into()));
        assert_eq!(patcher(&[]), Patcher::Unseen);
    }

    #[test]
    fn older_pods_may_still_have_it_on() {
        let off = json!([{"name": SWITCH, "value": ""}]);
        assert_eq!(patcher(&[istiod(&off, 3, 1, 1)]), Patcher::Rolling("istiod".into()));
        assert_eq!(patcher(&[istiod(&off, 2, 2, 1)]), Patcher::Rolling("istiod".into()));
        assert_eq!(patcher(&[istiod(&off, 2, 0, 0)]), Patcher::Off);
    }
}
