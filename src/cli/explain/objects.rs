//! Objects of a cluster by kind and name, as kubectl takes them. Never: what is in them.

use anyhow::{Result, bail};
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};

use super::super::Usage;
use crate::cluster::client::answered;

/// A kind whose objects hold pods: group and version, kind, plural, and the shorter names that kubectl takes.
struct Known(&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const KINDS: &[Known] = &[
    Known("", "v1", "Pod", "pods", &["po", "pod"]),
    Known("", "v1", "ReplicationController", "replicationcontrollers", &["rc", "replicationcontroller"]),
    Known("apps", "v1", "Deployment", "deployments", &["deploy", "deployment"]),
    Known("apps", "v1", "StatefulSet", "statefulsets", &["sts", "statefulset"]),
    Known("apps", "v1", "DaemonSet", "daemonsets", &["ds", "daemonset"]),
    Known("apps", "v1", "ReplicaSet", "replicasets", &["rs", "replicaset"]),
    Known("batch", "v1", "Job", "jobs", &["job"]),
    Known("batch", "v1", "CronJob", "cronjobs", &["cj", "cronjob"]),
    Known("apps.openshift.io", "v1", "DeploymentConfig", "deploymentconfigs", &["dc", "deploymentconfig"]),
    Known("argoproj.io", "v1alpha1", "Rollout", "rollouts", &["ro", "rollout"]),
];

/// What is meant by `KIND/NAME`, `KIND NAME …` or `KIND`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    kind: ApiResource,
    name: Option<String>,
}

/// Which objects, beside their kinds and names.
pub(super) struct Scope<'a> {
    /// The namespace; nothing means all.
    pub(super) namespace: Option<&'a str>,
    /// A label selector.
    pub(super) selector: Option<&'a str>,
}

/// Reads what was typed.
pub(super) fn targets(typed: &[String]) -> Result<Vec<Target>> {
    if let [kind, names @ ..] = typed
        && !kind.contains('/')
    {
        let kind = resource(kind)?;
        if names.is_empty() {
            return Ok(vec![Target { kind, name: None }]);
        }
        let named = |name: &String| Target { kind: kind.clone(), name: Some(name.clone()) };
        return Ok(names.iter().map(named).collect());
    }
    typed
        .iter()
        .map(|one| match one.split_once('/') {
            Some((kind, name)) if !name.is_empty() && !name.contains('/') => {
                Ok(Target { kind: resource(kind)?, name: Some(name.to_owned()) })
            }
            _ => Err(Usage(format!("{one:?}: KIND/NAME is wanted, as in deploy/web")).into()),
        })
        .collect()
}

fn resource(name: &str) -> Result<ApiResource> {
    let lower = name.to_lowercase();
    // `deployments.apps` and `deployments.v1.apps` are Deployments too.
    let bare = lower.split('.').next().unwrap_or_default();
    let known = KINDS.iter().find(|Known(_, _, _, plural, short)| *plural == bare || short.contains(&bare));
    let Some(Known(group, version, kind, plural, _)) = known else {
        let kinds: Vec<&str> = KINDS.iter().map(|Known(_, _, kind, ..)| *kind).collect();
        return Err(Usage(format!(
            "{name:?} holds no pods that can be explained; these do: {}",
            kinds.join(", ")
        ))
        .into());
    };
    Ok(ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural))
}

/// The objects that are meant.
pub(super) async fn get(client: &Client, target: &Target, scope: &Scope<'_>) -> Result<Vec<DynamicObject>> {
    let Target { kind, name } = target;
    let api: Api<DynamicObject> = match scope.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, kind),
        None => Api::all_with(client.clone(), kind),
    };
    let mut objects = match name {
        Some(name) => vec![answered(api.get(name)).await?],
        None => {
            let mut only = ListParams::default();
            if let Some(selector) = scope.selector {
                only = only.labels(selector);
            }
            answered(api.list(&only)).await?.items
        }
    };
    if objects.is_empty() {
        let where_ =
            scope.namespace.map_or_else(|| "any namespace".to_owned(), |ns| format!("the namespace {ns:?}"));
        bail!(
            "there are no {} in {where_}{}",
            kind.plural,
            scope.selector.map_or(String::new(), |s| format!(" with {s}"))
        );
    }
    for object in &mut objects {
        // A list leaves it to its own kind.
        object.types.get_or_insert_with(|| kube::core::TypeMeta {
            api_version: kind.api_version.clone(),
            kind: kind.kind.clone(),
        });
        object.metadata.managed_fields = None;
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &[&str]) -> Result<Vec<(String, Option<String>)>> {
        let typed: Vec<String> = typed.iter().map(|word| (*word).to_owned()).collect();
        Ok(targets(&typed)?.into_iter().map(|target| (target.kind.kind, target.name)).collect())
    }

    #[test]
    fn kinds_are_known_by_their_names_and_shorter_ones() {
        for word in ["deploy/web", "Deployment/web", "deployments.apps/web", "deployment.v1.apps/web"] {
            assert_eq!(read(&[word]).unwrap(), [("Deployment".to_owned(), Some("web".to_owned()))], "{word}");
        }
        assert_eq!(read(&["po", "a", "b"]).unwrap().len(), 2);
        assert_eq!(read(&["sts"]).unwrap(), [("StatefulSet".to_owned(), None)]);
    }

    #[test]
    fn what_holds_no_pods_or_is_no_name_is_a_wrong_argument() {
        for typed in [&["svc/web"][..], &["deploy/"], &["deploy/a/b"], &["deploy/a", "b"]] {
            assert!(read(typed).unwrap_err().is::<Usage>(), "{typed:?}");
        }
    }
}
