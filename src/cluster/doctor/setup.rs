//! How an installation is set up, as its Deployment says: flags, variables, names. Pure. Never: whether that is right.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, PodSpec};
use kube::ResourceExt;
use pillion_core::config::{NativeSidecars, Settings};

use super::super::installation;
use super::facts::Place;
use crate::source::configmap::Names;
use crate::source::values::ValuesMap;

/// The label that Helm puts its name into.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label that holds the name of the Helm release.
const INSTANCE: &str = "app.kubernetes.io/instance";

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Istio's ConfigMaps.
    ConfigMaps(Names),
    /// The profile in the program.
    Embedded,
    /// A directory in the pod.
    Directory,
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// A Secret that the program keeps itself.
    OwnSecret(String),
    /// A Secret that somebody else keeps and that is mounted.
    Mounted(String),
    /// What istiod has.
    Istio,
    /// Made in memory, or files that are in no Secret.
    Elsewhere,
}

/// How an installation is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The namespace.
    pub namespace: String,
    /// The Deployment.
    pub deployment: String,
    /// The Service.
    pub service: String,
    /// The Helm release, if Helm made it.
    pub release: Option<String>,
    /// The mesh's root namespace.
    pub root: String,
    /// Where the configuration comes from.
    pub origin: Origin,
    /// The ConfigMap of values over the profile's, which the program follows in Envoy mode.
    pub values: Option<ValuesMap>,
    /// What the program is told besides.
    pub settings: Settings,
    /// Where the certificate comes from.
    pub certificates: Certificates,
    /// Whether the program writes caBundle and rules itself.
    pub managed: bool,
    /// The Lease under which it counts pods, if it does.
    pub census: Option<String>,
    /// The Deployment that the Secret and Leases go with.
    pub owner: Option<String>,
    /// The URL by which API servers reach it, where it names one.
    pub url: Option<String>,
    /// Where the webhook listens.
    pub webhook_port: u16,
    /// Where readiness and version are told.
    pub admin_port: u16,
    /// The service account.
    pub account: String,
    /// Whether it runs on OpenShift.
    pub openshift: bool,
}

impl Setup {
    /// What a Deployment says; without one, what the chart does by default.
    #[must_use]
    pub fn of(place: &Place, deployment: Option<&Deployment>) -> Self {
        let spec = deployment.and_then(|it| it.spec.as_ref()?.template.spec.as_ref());
        let said = Said::of(spec, &place.target.namespace);
        let suffix = match place.revision.as_str() {
            "" | "default" => String::new(),
            revision => format!("-{revision}"),
        };
        let namespace = place.target.namespace.clone();
        let root = said.variable("POD_NAMESPACE").or_else(|| said.flag("--namespace"));
        let root = root.unwrap_or(&namespace).to_owned();
        let settings = Settings {
            revision: place.revision.clone(),
            namespace: root.clone(),
            native_sidecars: NativeSidecars::parse(said.variable("ENABLE_NATIVE_SIDECARS")),
            ..Settings::default()
        };
        let shared = said.variable("SHARED_MESH_CONFIG").filter(|name| !name.is_empty());
        let origin = match said.flag("--config-source") {
            Some("configmap") => Origin::ConfigMaps(Names::of(&settings, shared.map(str::to_owned))),
            Some("dir") => Origin::Directory,
            _ if said.flag("--config-dir").is_some() => Origin::Directory,
            // Without a Deployment the chart's default mode is meant.
            None if deployment.is_none() => Origin::ConfigMaps(Names::of(&settings, None)),
            _ => Origin::Embedded,
        };
        let certificates = said.certificates(&suffix, deployment.is_some());
        let follows = matches!(certificates, Certificates::OwnSecret(_))
            || ["--manage-webhooks", "--report-status"].iter().any(|flag| said.has(flag))
            || said.flag("--events") == Some("true");
        let values =
            (origin == Origin::Embedded && follows).then(|| ValuesMap::of(&namespace, &place.revision));
        let helm = deployment.filter(|it| it.labels().get(MANAGED_BY).is_some_and(|by| by == "Helm"));
        Self {
            deployment: deployment.map_or_else(|| format!("pillion{suffix}"), ResourceExt::name_any),
            service: place.target.service.clone(),
            release: helm.and_then(|it| it.labels().get(INSTANCE).cloned()),
            certificates,
            values,
            managed: deployment.is_none() || said.has("--manage-webhooks"),
            census: said.has("--report-status").then(|| format!("pillion-status{suffix}")),
            owner: said.flag("--owner-deployment").map(str::to_owned),
            url: said.flag("--webhook-url").map(str::to_owned),
            webhook_port: said.port("--https-addr").unwrap_or(15017),
            admin_port: said.port("--admin-addr").unwrap_or(15014),
            account: spec.and_then(|it| it.service_account_name.clone()).unwrap_or_else(|| "default".into()),
            openshift: said.variable("PLATFORM") == Some("openshift"),
            namespace,
            root,
            origin,
            settings,
        }
    }

    /// The user that the program is to the API server.
    #[must_use]
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.account)
    }

    /// How it is installed again as it was meant, with these values.
    #[must_use]
    pub fn reinstall(&self, values: &str) -> String {
        let Self { namespace, .. } = self;
        let values = if values.is_empty() { String::new() } else { format!(" --set {values}") };
        match &self.release {
            Some(release) => {
                format!(
                    "helm upgrade {release} charts/pillion -n {namespace} --reset-then-reuse-values{values}"
                )
            }
            None if self.origin == Origin::Embedded => "kubectl apply -k manifests/overlays/envoy".to_owned(),
            None => "kubectl apply -k manifests/overlays/istio".to_owned(),
        }
    }

    /// How a workload of the installation is told to start anew.
    #[must_use]
    pub fn restart(&self) -> String {
        format!("kubectl -n {} rollout restart deployment/{}", self.namespace, self.deployment)
    }
}

/// Arguments and variables of the program's container.
struct Said<'s> {
    arguments: Vec<&'s str>,
    variables: BTreeMap<String, String>,
    container: Option<&'s Container>,
    spec: Option<&'s PodSpec>,
}

impl<'s> Said<'s> {
    fn of(spec: Option<&'s PodSpec>, namespace: &str) -> Self {
        let container = spec.and_then(installation::serving);
        let arguments = container.and_then(|it| it.args.as_ref()).into_iter().flatten();
        let variables = container.map(|it| installation::variables(it, namespace)).unwrap_or_default();
        Self { arguments: arguments.map(String::as_str).collect(), variables, container, spec }
    }

    /// The value of a flag; of several the last one counts.
    fn flag(&self, name: &str) -> Option<&'s str> {
        let mut found = None;
        for (index, argument) in self.arguments.iter().enumerate() {
            if *argument == name {
                found = self.arguments.get(index + 1).copied();
            } else if let Some(value) = argument.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
                found = Some(value);
            }
        }
        found
    }

    fn has(&self, name: &str) -> bool {
        self.arguments.contains(&name)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    fn port(&self, flag: &str) -> Option<u16> {
        self.flag(flag)?.rsplit_once(':')?.1.parse().ok()
    }

    fn certificates(&self, suffix: &str, installed: bool) -> Certificates {
        match self.flag("--cert-source") {
            Some("secret") => {
                let usual = || format!("pillion-certs{suffix}");
                Certificates::OwnSecret(self.flag("--cert-secret").map_or_else(usual, str::to_owned))
            }
            Some("istio") => Certificates::Istio,
            Some("files") | None if self.flag("--tls-cert").is_some() => {
                self.mounted().map_or(Certificates::Elsewhere, Certificates::Mounted)
            }
            None if !installed => Certificates::OwnSecret(format!("pillion-certs{suffix}")),
            _ => Certificates::Elsewhere,
        }
    }

    /// The Secret whose volume the certificate's file is in.
    fn mounted(&self) -> Option<String> {
        let file = self.flag("--tls-cert")?;
        let spec = self.spec?;
        let mounts = self.container?.volume_mounts.as_ref()?;
        let below = |path: &str| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        let mount = mounts.iter().find(|mount| below(mount.mount_path.trim_end_matches('/')))?;
        let volume = spec.volumes.iter().flatten().find(|volume| volume.name == mount.name)?;
        volume.secret.as_ref()?.secret_name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deployment_says_how_it_is_set_up() {
        let place = sample::place();
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": {"name": "pillion-r", "labels": {MANAGED_BY: "Helm", INSTANCE: "side"}},
            "spec": {"selector": {}, "template": {"spec": {
                "serviceAccountName": "pillion-r",
                "containers": [{
                    "name": "pillion",
                    "args": ["serve", "--config-source=configmap", "--https-addr=:10250", "--cert-source=files",
                             "--tls-cert=/tls/tls.crt", "--manage-webhooks", "--report-status",
                             "--webhook-url", "https://10.0.0.1:10250"],
                    "env": [{"name": "POD_NAMESPACE", "value": "mesh"}, {"name": "SHARED_MESH_CONFIG", "value": "s"}],
                    "volumeMounts": [{"name": "tls", "mountPath": "/tls"}],
                }],
                "volumes": [{"name": "tls", "secret": {"secretName": "given"}}],
            }}},
        }))
        .unwrap();
        let setup = Setup::of(&place, Some(&deployment));
        assert_eq!(setup.certificates, Certificates::Mounted("given".into()));
        assert_eq!((setup.webhook_port, setup.admin_port, setup.managed), (10250, 15014, true));
        assert_eq!(setup.url.as_deref(), Some("https://10.0.0.1:10250"));
        assert_eq!(setup.census.as_deref(), Some("pillion-status-r"));
        assert_eq!(setup.user(), "system:serviceaccount:own:pillion-r");
        let Origin::ConfigMaps(names) = &setup.origin else { panic!("{:?}", setup.origin) };
        assert_eq!((names.namespace.as_str(), names.injector.as_str()), ("mesh", "istio-sidecar-injector-r"));
        assert_eq!(names.shared.as_deref(), Some("s"));
        assert!(setup.reinstall("a=b").starts_with("helm upgrade side charts/pillion -n own"));
    }

    #[test]
    fn in_envoy_mode_a_configmap_is_followed_where_a_cluster_is() {
        for (arguments, followed) in [
            (&["serve", "--config-source=embedded", "--events=true"][..], true),
            (&["serve", "--manage-webhooks"], true),
            (&["serve", "--cert-source=secret"], true),
            (&["serve", "--events=false"], false),
            (&["serve", "--config-source=configmap", "--manage-webhooks"], false),
        ] {
            let deployment: Deployment = serde_json::from_value(json!({
                "metadata": {"name": "pillion-r"},
                "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "p", "args": arguments}]}}},
            }))
            .unwrap();
            let values = Setup::of(&sample::place(), Some(&deployment)).values;
            let wanted = followed.then(|| "ConfigMap own/pillion-envoy-r".to_owned());
            assert_eq!(values.map(|map| map.to_string()), wanted, "{arguments:?}");
        }
    }

    #[test]
    fn without_a_deployment_the_charts_defaults_are_meant() {
        let setup = Setup::of(&sample::place(), None);
        assert_eq!(setup.certificates, Certificates::OwnSecret("pillion-certs-r".into()));
        assert_eq!(setup.deployment, "pillion-r");
        assert!(matches!(setup.origin, Origin::ConfigMaps(_)));
        assert!(setup.reinstall("").starts_with("kubectl apply -k"));
    }
}
