//! The Pillions of a cluster, for commands that answer as they do: whether one is asked about a pod, and under which
//! configuration it answers. Each is read once. Never: writing anything.

use anyhow::{Context, Result, bail};
use clap::Parser;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::{Client, ResourceExt};
use pillion_core::config::{Settings, Snapshot};

use super::named::{Named, built};
use super::origin::IstioctlArgs;
use super::{Cli, Command, serve};
use crate::clock::now;
use crate::cluster::calls::{Asks, Calls, Registered};
use crate::cluster::injectors;
use crate::cluster::installation::{self, Installation, ServiceName};
use crate::cluster::watches;
use crate::explain::{self, Explained, Subject};
use crate::source::{self, Origin};

/// What was found on the way.
pub(super) struct Pillions {
    client: Client,
    named: Named,
    registered: Registered,
    /// Configurations by the Service whose Pillion has them; nothing stands for what the flags name.
    known: Vec<(Option<ServiceName>, String, Snapshot)>,
}

impl Pillions {
    /// Reads which webhooks are registered.
    pub(super) async fn of(client: Client, named: Named) -> Result<Self> {
        let registered =
            Registered::of(client.clone()).await.context("cannot list webhook configurations")?;
        Ok(Self { client, named, registered, known: Vec::new() })
    }

    /// Explains one pod.
    pub(super) async fn explain(&mut self, subject: Subject) -> Result<Explained> {
        let (calls, at) = self.asked(&subject).await?;
        let (_, name, snapshot) = &self.known[at];
        Ok(explain::explained(snapshot, subject, name, calls, now()))
    }

    /// Whether a Pillion is asked about the pod, and the configuration under which it answers, or would.
    pub(super) async fn answering(&mut self, subject: &Subject) -> Result<(Calls, &Snapshot)> {
        let (calls, at) = self.asked(subject).await?;
        Ok((calls, &self.known[at].2))
    }

    async fn asked(&mut self, subject: &Subject) -> Result<(Calls, usize)> {
        let pod = explain::pod_as_json(&subject.pod);
        let calls = self.registered.calls(&subject.namespace, pod).await;
        let calls = calls.with_context(|| format!("namespace {}", subject.namespace))?;
        let asked = calls.entries.iter().filter(|entry| entry.reaches_us);
        let asked =
            asked.max_by_key(|entry| entry.asks).map(|entry| (entry.configuration.clone(), entry.asks));
        let at = self.configuration(asked).await?;
        Ok((calls, at))
    }

    /// The place of the configuration that answers: the one that the flags name, else that of the Pillion which is asked,
    /// or would be.
    async fn configuration(&mut self, asked: Option<(String, Asks)>) -> Result<usize> {
        let service = match (self.named.origin.is_given(), asked) {
            (true, _) => None,
            (false, Some((configuration, Asks::Yes))) => self.service(|it| it.name_any() == configuration),
            (false, _) => {
                let revision = self.named.origin.revision().to_owned();
                let of_revision = |it: &MutatingWebhookConfiguration| {
                    injectors::standing(it).is_some_and(|standing| standing.revision == revision)
                };
                self.service(of_revision).or_else(|| self.service(|_| true))
            }
        };
        if let Some(at) = self.known.iter().position(|(known, ..)| *known == service) {
            return Ok(at);
        }
        let installed = match &service {
            Some(service) => {
                installation::behind(&self.client, service).await.context("the running Pillion")?
            }
            None => None,
        };
        let (origin, settings) = match &installed {
            Some(installed) => as_installed(installed)?,
            None => self.named.origin_in_cluster()?,
        };
        let name = match &installed {
            Some(Installation { namespace, deployment, .. }) => {
                format!("{}, as Deployment {namespace}/{deployment} has it", origin.describe())
            }
            None => origin.describe(),
        };
        let texts = match &origin {
            Origin::ConfigMaps(_) | Origin::EmbeddedWith(_) => {
                watches::read_once(&self.client, &origin, &settings).await?
            }
            _ => origin.read()?,
        };
        self.known.push((service, name, built(source::build(&texts, settings)?)));
        Ok(self.known.len() - 1)
    }

    fn service(&self, which: impl Fn(&MutatingWebhookConfiguration) -> bool) -> Option<ServiceName> {
        self.registered.configurations().iter().filter(|it| which(it)).find_map(installation::service_of)
    }
}

/// Where a running Pillion takes its own objects to be.
fn own_namespace(installed: &Installation, serve: &serve::Args, settings: &Settings) -> Result<String> {
    // Variables of this process are not those of that one.
    if installed.args.iter().any(|arg| arg.starts_with("--own-namespace")) {
        return Ok(serve.place.target(settings)?.namespace);
    }
    let variable = installed.env.get("PILLION_NAMESPACE").filter(|namespace| !namespace.is_empty());
    Ok(variable.unwrap_or(&settings.namespace).clone())
}

/// The configuration that a running Pillion was told to use.
fn as_installed(installed: &Installation) -> Result<(Origin, Settings)> {
    let Installation { namespace, deployment, args, env } = installed;
    let typed = std::iter::once("pillion").chain(args.iter().map(String::as_str));
    let serve = match Cli::try_parse_from(typed)
        .map_err(|error| anyhow::anyhow!("arguments of Deployment {namespace}/{deployment}: {error}"))?
        .command
    {
        Command::Serve(serve) => *serve,
        // What it would answer, if it did.
        Command::Shadow(shadow) => shadow.serve,
        _ => bail!("Deployment {namespace}/{deployment} does not run `pillion serve`"),
    };
    let mut settings = serve.origin.settings_by(|name| env.get(name).cloned());
    if args.iter().any(|arg| arg == "-n" || arg.starts_with("--namespace"))
        && let Some(namespace) = &serve.namespace
    {
        settings.namespace.clone_from(namespace);
    }
    let origin = serve.origin.origin_by(IstioctlArgs::default(), &settings, |name| env.get(name).cloned())?;
    // A Pillion that asks no cluster knows the profile alone.
    let origin = match serve.needs_cluster(&origin) {
        true => origin.in_cluster(&own_namespace(installed, &serve, &settings)?, &settings.revision),
        false => origin,
    };
    if let Origin::Directory(directory) = &origin {
        bail!(
            "Deployment {namespace}/{deployment} reads its configuration from {}, which is in its pods only: name a copy with --config-dir",
            directory.display()
        );
    }
    Ok((origin, settings))
}
