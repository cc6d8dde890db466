//! A cluster asked: its webhook configurations, the labels of namespaces, the objects that are meant, and the
//! configuration of the Pillion that runs there, unless another is named. Never: writing anything.

use anyhow::{Context, Result, bail};
use clap::Parser;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::{Client, ResourceExt};
use pillion_core::config::{Settings, Snapshot};

use super::super::cluster::on_cluster;
use super::super::origin::IstioctlArgs;
use super::super::{Cli, Command, input};
use super::objects::{self, Scope};
use super::{Args, built};
use crate::clock::now;
use crate::cluster::calls::{Asks, Registered};
use crate::cluster::injectors;
use crate::cluster::installation::{self, Installation, ServiceName};
use crate::cluster::watches;
use crate::explain::{self, Explained, Subject};
use crate::source::{self, Origin};

/// Explains what is meant, in the cluster that is meant.
pub(super) fn explained(args: Args) -> Result<Vec<Explained>> {
    let access = args.access.access();
    on_cluster(&access, async |client| {
        let default = client.default_namespace().to_owned();
        let namespace = args.namespace.clone().unwrap_or(default);
        let subjects = match args.filenames.is_empty() {
            false => of_files(&args, &namespace)?,
            true => of_cluster(&client, &args, &namespace).await?,
        };
        let registered =
            Registered::of(client.clone()).await.context("cannot list webhook configurations")?;
        let mut looker = Looker { client, args, registered, known: Vec::new() };
        let mut told = Vec::new();
        for subject in subjects {
            told.push(looker.explain(subject).await?);
        }
        Ok(told)
    })
}

fn of_files(args: &Args, namespace: &str) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for path in input::list(&args.filenames)? {
        let file = input::read(&path)?;
        subjects.extend(explain::subjects(&file.name, &file.text, namespace)?);
    }
    Ok(subjects)
}

async fn of_cluster(client: &Client, args: &Args, namespace: &str) -> Result<Vec<Subject>> {
    let scope =
        Scope { namespace: (!args.all_namespaces).then_some(namespace), selector: args.selector.as_deref() };
    let mut subjects = Vec::new();
    for target in objects::targets(&args.target)? {
        for object in objects::get(client, &target, &scope).await? {
            let text = serde_json::to_string(&object)?;
            subjects.extend(explain::subjects(&object.name_any(), &text, namespace)?);
        }
    }
    Ok(subjects)
}

/// What was found on the way.
struct Looker {
    client: Client,
    args: Args,
    registered: Registered,
    /// Configurations by the Service whose Pillion has them; nothing stands for what the arguments name.
    known: Vec<(Option<ServiceName>, String, Snapshot)>,
}

impl Looker {
    async fn explain(&mut self, subject: Subject) -> Result<Explained> {
        let pod = explain::pod_as_json(&subject.pod);
        let calls = self.registered.calls(&subject.namespace, pod).await;
        let calls = calls.with_context(|| format!("namespace {}", subject.namespace))?;
        let asked = calls.entries.iter().filter(|entry| entry.reaches_us);
        let asked =
            asked.max_by_key(|entry| entry.asks).map(|entry| (entry.configuration.clone(), entry.asks));
        let at = self.configuration(asked).await?;
        let (_, name, snapshot) = &self.known[at];
        Ok(explain::explained(snapshot, subject, name, calls, now()))
    }

    /// The place of the configuration that answers: the one that the arguments name, else that of the Pillion which is
    /// asked, or would be.
    async fn configuration(&mut self, asked: Option<(String, Asks)>) -> Result<usize> {
        let service = match (self.args.origin.is_given(), asked) {
            (true, _) => None,
            (false, Some((configuration, Asks::Yes))) => self.service(|it| it.name_any() == configuration),
            (false, _) => {
                let revision = self.args.origin.revision().to_owned();
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
            None => self.as_typed()?,
        };
        let name = match &installed {
            Some(Installation { namespace, deployment, .. }) => {
                format!("{}, as Deployment {namespace}/{deployment} has it", origin.describe())
            }
            None => origin.describe(),
        };
        let texts = match &origin {
            Origin::ConfigMaps(_) | Origin::Embedded => {
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

    fn as_typed(&self) -> Result<(Origin, Settings)> {
        let mut settings = self.args.origin.settings();
        if let Some(namespace) = &self.args.istio_namespace {
            settings.namespace.clone_from(namespace);
        }
        Ok((self.args.origin.origin(self.args.istioctl.clone(), &settings)?, settings))
    }
}

/// The configuration that a running Pillion was told to use.
fn as_installed(installed: &Installation) -> Result<(Origin, Settings)> {
    let Installation { namespace, deployment, args, env } = installed;
    let typed = std::iter::once("pillion").chain(args.iter().map(String::as_str));
    let Command::Serve(serve) = Cli::try_parse_from(typed)
        .map_err(|error| anyhow::anyhow!("arguments of Deployment {namespace}/{deployment}: {error}"))?
        .command
    else {
        bail!("Deployment {namespace}/{deployment} does not run `pillion serve`");
    };
    let mut settings = serve.origin.settings_by(|name| env.get(name).cloned());
    if args.iter().any(|arg| arg == "-n" || arg.starts_with("--namespace"))
        && let Some(namespace) = &serve.namespace
    {
        settings.namespace.clone_from(namespace);
    }
    let origin = serve.origin.origin_by(IstioctlArgs::default(), &settings, |name| env.get(name).cloned())?;
    if let Origin::Directory(directory) = &origin {
        bail!(
            "Deployment {namespace}/{deployment} reads its configuration from {}, which is in its pods only: name a copy with --config-dir",
            directory.display()
        );
    }
    Ok((origin, settings))
}
