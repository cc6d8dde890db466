//! Which cluster is meant and how `serve` lives in it: flags made an [`Access`], a [`Target`], a source of certificates.
//! Never: what is asked of the cluster.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use kube::Client;
use pillion_core::config::Settings;

use super::{Usage, duration};
use crate::cluster::client::Access;
use crate::cluster::identity::{self, Lifetimes, Subject};
use crate::cluster::registration::{Target, host_of};
use crate::tls::watch::Files;
use crate::tls::{self, istio};

/// Which cluster is meant.
#[derive(Debug, Default, clap::Args)]
pub(super) struct AccessArgs {
    /// The kubeconfig of the cluster; without it KUBECONFIG, the cluster that the program runs in, or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context in the kubeconfig.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

impl AccessArgs {
    /// Whether a cluster is named outright.
    pub(super) fn is_given(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some()
    }

    pub(super) fn access(&self) -> Access {
        Access { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() }
    }
}

/// Runs a command that speaks to the cluster, and ends.
pub(super) fn on_cluster<T>(access: &Access, command: impl AsyncFnOnce(Client) -> Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { command(access.client().await?).await })
}

/// Where we are in the cluster.
#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    /// The namespace of this program's own Service, Secret and Lease; without it that of --namespace.
    #[arg(long, env = "PILLION_NAMESPACE", value_name = "NS")]
    own_namespace: Option<String>,
    /// The Service by which API servers reach this program; `pillion`, or `pillion-REV`.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// The URL by which API servers reach this program where they do not use the Service.
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
}

impl PlaceArgs {
    /// How we are called.
    pub(super) fn target(&self, settings: &Settings) -> Result<Target> {
        if let Some(url) = &self.webhook_url
            && !url.starts_with("https://")
        {
            return Err(Usage(format!("--webhook-url {url}: API servers call https:// URLs only")).into());
        }
        let given = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        Ok(Target {
            namespace: given(&self.own_namespace).unwrap_or_else(|| settings.namespace.clone()),
            service: given(&self.service).unwrap_or_else(|| named("pillion", &settings.revision)),
            url: given(&self.webhook_url),
        })
    }
}

/// Kinds of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CertSource {
    /// Made in memory: for trying things out.
    Memory,
    /// Files that somebody else renews: cert-manager, istio-csr, a mounted Secret.
    Files,
    /// A Secret that the replicas keep themselves.
    Secret,
    /// What istiod mounts: its serving certificate, or its authority, which issues one.
    Istio,
}

/// Where the listener's certificate comes from.
#[derive(Debug, clap::Args)]
pub(super) struct CertArgs {
    /// Where the certificate comes from: `files` if --tls-cert is given, otherwise `memory`.
    #[arg(long, value_enum, value_name = "SOURCE")]
    cert_source: Option<CertSource>,
    /// Certificate chain (PEM), watched. It may come later than the program starts.
    #[arg(long, alias = "tlsCertFile", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, alias = "tlsKeyFile", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The authorities that API servers shall trust (PEM); `ca.crt` beside the certificate if there is one.
    #[arg(long, alias = "caCertFile", value_name = "FILE", requires = "tls_cert")]
    tls_ca: Option<PathBuf>,
    /// The Secret of --cert-source secret, and its Lease; `pillion-certs`, or `pillion-certs-REV`.
    #[arg(long, value_name = "NAME")]
    cert_secret: Option<String>,
    /// How long certificates that this program makes are valid.
    #[arg(long, default_value = "2160h", value_name = "TIME", value_parser = duration::of_a_life)]
    cert_lifetime: Duration,
    /// How long the authority of --cert-source secret is valid.
    #[arg(long, default_value = "87600h", value_name = "TIME", value_parser = duration::of_a_life)]
    ca_lifetime: Duration,
    /// The Deployment that the Secret and Leases are deleted with.
    #[arg(long, value_name = "NAME")]
    owner_deployment: Option<String>,
    /// Write our authority into the caBundle of webhook configurations that call us, and arm those without rules.
    #[arg(long)]
    pub(super) manage_webhooks: bool,
    /// The same for validating webhook configurations: those that look at ConfigMaps and workloads while they are applied.
    #[arg(long, requires = "manage_webhooks")]
    pub(super) manage_validating_webhooks: bool,
}

/// Where certificates come from, as understood.
pub(super) enum Certificates {
    /// Made in memory.
    Memory,
    /// Files.
    Files(Files),
    /// Our own Secret.
    Secret(Box<identity::Plan>),
    /// What istiod mounts.
    Istio(istio::Plan),
}

impl Certificates {
    /// Where they come from, for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Memory => "made in memory at the start".to_owned(),
            Self::Files(files) => format!("file {}", files.certificate.display()),
            Self::Secret(plan) => format!("Secret {} of namespace {}", plan.name, plan.namespace),
            Self::Istio(_) => "what istiod mounts: its serving certificate, or its authority".to_owned(),
        }
    }
}

impl CertArgs {
    /// The Deployment that objects of ours are deleted with.
    pub(super) fn owner(&self) -> Option<String> {
        self.owner_deployment.clone()
    }

    /// Whether they are in a Secret that we keep ourselves.
    pub(super) fn in_secret(&self) -> bool {
        self.cert_source == Some(CertSource::Secret)
    }

    /// The source that is meant.
    pub(super) fn certificates(&self, settings: &Settings, target: &Target) -> Result<Certificates> {
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        let files =
            files.map(|(certificate, key)| Files { certificate, key, authority: self.tls_ca.clone() });
        match (self.cert_source, files) {
            (None | Some(CertSource::Files), Some(files)) => Ok(Certificates::Files(files)),
            (None | Some(CertSource::Memory), None) => Ok(Certificates::Memory),
            (Some(CertSource::Files), None) => {
                Err(Usage("--cert-source files needs --tls-cert FILE and --tls-key FILE".to_owned()).into())
            }
            (Some(_), Some(_)) => {
                Err(Usage("--tls-cert goes with --cert-source files only".to_owned()).into())
            }
            (Some(CertSource::Secret), None) => Ok(Certificates::Secret(Box::new(identity::Plan {
                namespace: target.namespace.clone(),
                name: self.cert_secret.clone().unwrap_or_else(|| named("pillion-certs", &settings.revision)),
                owner: self.owner_deployment.clone(),
                replica: replica(),
                subject: subject(settings, target),
                lifetimes: Lifetimes { serving: self.cert_lifetime, authority: self.ca_lifetime },
            }))),
            (Some(CertSource::Istio), None) => {
                let Subject { names, addresses } = subject(settings, target);
                let authority = std::env::var_os("ROOT_CA_DIR").filter(|path| !path.is_empty());
                Ok(Certificates::Istio(istio::Plan {
                    root: PathBuf::from("/"),
                    authority: authority.map_or_else(|| PathBuf::from("/etc/cacerts"), PathBuf::from),
                    names,
                    addresses,
                    lifetime: self.cert_lifetime,
                }))
            }
        }
    }
}

/// Whom a certificate of our own is for: the names of Services, and the host of the URL.
pub(super) fn subject(settings: &Settings, target: &Target) -> Subject {
    let mut names = tls::ca::service_names(
        &target.service,
        &target.namespace,
        &settings.namespace,
        &settings.revision,
        &std::env::var("ISTIOD_CUSTOM_HOST").unwrap_or_default(),
    );
    let mut addresses = Vec::new();
    if let Some(host) = target.url.as_deref().and_then(host_of) {
        match host.parse::<IpAddr>() {
            Ok(address) => addresses.push(address),
            Err(_) => names.push(host.to_owned()),
        }
    }
    Subject { names, addresses }
}

/// Who we are among the replicas.
pub(super) fn replica() -> String {
    let named = |variable: &str| std::env::var(variable).ok().filter(|name| !name.is_empty());
    named("POD_NAME")
        .or_else(|| named("HOSTNAME"))
        .unwrap_or_else(|| format!("pillion-{}", std::process::id()))
}

/// A name of ours for this revision.
pub(super) fn named(base: &str, revision: &str) -> String {
    match revision {
        "" | "default" => base.to_owned(),
        revision => format!("{base}-{revision}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_revision_and_flags_win() {
        let settings = |revision: &str| Settings { revision: revision.into(), ..Settings::default() };
        let args = PlaceArgs { own_namespace: None, service: None, webhook_url: None };
        let target = args.target(&settings("default")).unwrap();
        assert_eq!((target.namespace.as_str(), target.service.as_str()), ("istio-system", "pillion"));
        assert_eq!(args.target(&settings("1-20-2")).unwrap().service, "pillion-1-20-2");
        let url = PlaceArgs { webhook_url: Some("http://x".into()), ..args };
        assert!(url.target(&settings("")).is_err());
    }
}
