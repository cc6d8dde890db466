//! Tags: further names of a revision, each a webhook configuration of its own. Setting one looks first whether two
//! webhooks would take one pod. Never: Istio's own tags, which are shown and left alone.

mod render;

pub use render::{DEFAULT, Wanted, of_revision, render};

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt};

use super::client::reason;
use super::injectors::{Overlap, Owner, all, asks_for, exactly, overlaps, standing};
use render::MANAGED_BY;

/// Who owns the fields of a tag.
const MANAGER: &str = "pillion-tag";

/// Why a tag cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// The name cannot be the value of a label, and part of a name.
    #[error("{0:?} cannot be a tag: small letters, digits, - and . within, 40 at most")]
    Name(String),
    /// Nothing to point the tag at.
    #[error("there is no webhook configuration of Pillion for the revision {revision:?}{}", listed(.others))]
    NoRevision {
        /// The revision.
        revision: String,
        /// Those that there are.
        others: Vec<String>,
    },
    /// It is not clear what to point it at.
    #[error(
        "several webhook configurations of Pillion are of the revision {revision:?}: {}; --own-namespace says which \
         Pillion is meant",
        .names.join(", ")
    )]
    SeveralRevisions {
        /// The revision.
        revision: String,
        /// Its configurations.
        names: Vec<String>,
    },
    /// The running program has not yet let pods come.
    #[error(
        "the entry {entry} of {name} has no rules yet: Pillion writes them when it is ready; look at the readiness of its pods"
    )]
    NotArmed {
        /// The revision's configuration.
        name: String,
        /// The entry.
        entry: String,
    },
    /// Somebody made the configuration in another way than the chart does.
    #[error(
        "{name} has no entry {lacking}: it was not made by Pillion's chart, and a tag cannot be made from it"
    )]
    UnknownShape {
        /// The revision's configuration.
        name: String,
        /// The entry that it lacks.
        lacking: String,
    },
    /// A tag of this name is there.
    #[error("the tag {tag:?} exists and means the revision {revision:?}: --overwrite points it elsewhere")]
    Exists {
        /// The tag.
        tag: String,
        /// What it means.
        revision: String,
    },
    /// A revision of this name is there.
    #[error("{0:?} is the name of a revision, and cannot be a tag beside it")]
    IsRevision(String),
    /// The configuration is Helm's.
    #[error(
        "{0} is part of a Helm release: change the value revisionTags of the chart, or Helm would change it back"
    )]
    OfHelm(String),
    /// Another object has the name.
    #[error("{0} is no tag of Pillion: choose another --webhook-name")]
    NotOurs(String),
    /// Two webhooks would take one pod.
    #[error("two webhooks would inject one pod; --force sets the tag all the same:\n{}", lines(.0))]
    Overlaps(Vec<Overlap>),
    /// There is no such tag.
    #[error("there is no tag {0:?} of Pillion")]
    NoTag(String),
    /// Istio made it.
    #[error("the tag {0:?} is Istio's: istioctl tag remove takes it away")]
    OfIstio(String),
    /// The API server refuses.
    #[error("{what}: {}", reason(.error))]
    Api {
        /// What was tried.
        what: String,
        /// What was answered.
        #[source]
        error: kube::Error,
    },
}

fn listed(others: &[String]) -> String {
    if others.is_empty() {
        "; is webhook.enabled: false in its chart?".to_owned()
    } else {
        format!("; there is {}", others.join(", "))
    }
}

fn lines(overlaps: &[Overlap]) -> String {
    overlaps.iter().map(|overlap| format!("  {overlap}")).collect::<Vec<_>>().join("\n")
}

fn failed(what: impl Into<String>) -> impl FnOnce(kube::Error) -> TagError {
    let what = what.into();
    move |error| TagError::Api { what, error }
}

/// What shall be set.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The tag.
    pub tag: String,
    /// The revision that it shall mean.
    pub revision: String,
    /// Which Pillion is meant, where several have this revision.
    pub namespace: Option<String>,
    /// The configuration's name, if not the usual one.
    pub name: Option<String>,
    /// Whether a tag that exists may be changed.
    pub overwrite: bool,
    /// Whether two webhooks may take one pod.
    pub force: bool,
    /// Whether the tag `default` takes pods in namespaces without any label.
    pub every_namespace: bool,
}

impl Setting {
    /// The tag's configuration beside those that are there.
    ///
    /// # Errors
    /// The name, or the revision's configuration, is no good.
    pub fn render(
        &self,
        present: &[MutatingWebhookConfiguration],
    ) -> Result<MutatingWebhookConfiguration, TagError> {
        if !is_name(&self.tag) {
            return Err(TagError::Name(self.tag.clone()));
        }
        let name = self.name.clone().unwrap_or_else(|| format!("pillion-revision-tag-{}", self.tag));
        let revision = of_revision(present, &self.revision, self.namespace.as_deref())?;
        render(revision, Wanted { tag: &self.tag, name: &name, every_namespace: self.every_namespace })
    }

    /// The same, checked, and what it takes the place of.
    ///
    /// # Errors
    /// It may not be set.
    pub fn plan(&self, present: &[MutatingWebhookConfiguration]) -> Result<Planned, TagError> {
        let made = self.render(present)?;
        let is_revision = |config: &MutatingWebhookConfiguration| {
            standing(config)
                .is_some_and(|it| it.owner == Owner::Pillion && it.tag.is_none() && it.revision == self.tag)
        };
        if present.iter().any(is_revision) {
            return Err(TagError::IsRevision(self.tag.clone()));
        }
        let old: Vec<_> = present.iter().filter(|config| is_tag(config, &self.tag)).cloned().collect();
        if let Some(old) = old.first().filter(|_| !self.overwrite) {
            let revision = standing(old).map(|it| it.revision.to_owned()).unwrap_or_default();
            return Err(TagError::Exists { tag: self.tag.clone(), revision });
        }
        if let Some(of_helm) = old.iter().find(|config| of_helm(config)) {
            return Err(TagError::OfHelm(of_helm.name_any()));
        }
        let foreign = |config: &&MutatingWebhookConfiguration| {
            config.name_any() == made.name_any() && !old.contains(config)
        };
        if let Some(foreign) = present.iter().find(foreign) {
            return Err(TagError::NotOurs(foreign.name_any()));
        }
        let mut after: Vec<_> = present.iter().filter(|config| !old.contains(config)).cloned().collect();
        after.push(made.clone());
        let concerned = |overlap: &Overlap| overlap.configurations.contains(&made.name_any());
        let overlaps: Vec<Overlap> = overlaps(&after).into_iter().filter(concerned).collect();
        if !overlaps.is_empty() && !self.force {
            return Err(TagError::Overlaps(overlaps));
        }
        Ok(Planned { made, old, overlaps })
    }
}

/// What setting a tag will do.
#[derive(Debug)]
pub struct Planned {
    /// The configuration.
    pub made: MutatingWebhookConfiguration,
    /// Those of the same tag that it takes the place of.
    pub old: Vec<MutatingWebhookConfiguration>,
    /// What it will overlap with, by force.
    pub overlaps: Vec<Overlap>,
}

/// Sets a tag.
///
/// # Errors
/// It may not be set, or the API server refuses.
pub async fn set(client: &Client, setting: &Setting) -> Result<Planned, TagError> {
    let present = all(client).await.map_err(failed("cannot list webhook configurations"))?;
    let planned = setting.plan(&present)?;
    let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let by = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    let name = planned.made.name_any();
    let what = || format!("cannot write the webhook configuration {name}");
    match planned.old.iter().find(|old| old.name_any() == name) {
        Some(old) => {
            let mut made = planned.made.clone();
            // Only what was looked at is replaced.
            made.metadata.resource_version = old.resource_version();
            api.replace(&name, &by, &made).await.map_err(failed(what()))?;
        }
        None => drop(api.create(&by, &planned.made).await.map_err(failed(what()))?),
    }
    // The new one is there before the old one goes: no pod is missed in between.
    for old in planned.old.iter().filter(|old| old.name_any() != name) {
        delete(&api, old).await?;
    }
    Ok(planned)
}

/// The configurations of a tag of ours that may be removed, and the namespaces that use it.
///
/// # Errors
/// There is none, or it is somebody else's.
pub async fn removable(
    client: &Client,
    tag: &str,
) -> Result<(Vec<MutatingWebhookConfiguration>, Vec<String>), TagError> {
    let present = all(client).await.map_err(failed("cannot list webhook configurations"))?;
    let of_it: Vec<_> = present.iter().filter(|config| is_tag(config, tag)).cloned().collect();
    if of_it.is_empty() {
        let of_istio = present.iter().filter_map(standing).any(|it| it.tag == Some(tag));
        let tag = tag.to_owned();
        return Err(if of_istio { TagError::OfIstio(tag) } else { TagError::NoTag(tag) });
    }
    if let Some(of_helm) = of_it.iter().find(|config| of_helm(config)) {
        return Err(TagError::OfHelm(of_helm.name_any()));
    }
    let users = users(&namespaces(client).await?, tag);
    Ok((of_it, users))
}

/// Removes what [`removable`] has found.
///
/// # Errors
/// It has changed since, or the API server refuses.
pub async fn remove(client: &Client, found: &[MutatingWebhookConfiguration]) -> Result<(), TagError> {
    let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    for config in found {
        delete(&api, config).await?;
    }
    Ok(())
}

async fn delete(
    api: &Api<MutatingWebhookConfiguration>,
    config: &MutatingWebhookConfiguration,
) -> Result<(), TagError> {
    let name = config.name_any();
    api.delete(&name, &exactly(config))
        .await
        .map_err(failed(format!("cannot delete the webhook configuration {name}")))?;
    Ok(())
}

/// A tag that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub tag: String,
    /// What it means.
    pub revision: String,
    /// Namespaces that ask for it.
    pub namespaces: Vec<String>,
    /// Who made it.
    pub owner: Owner,
    /// The name of its configuration.
    pub webhook: String,
}

/// All tags, Istio's own too, and all pairs of webhooks that take one pod both.
///
/// # Errors
/// The API server refuses.
pub async fn list(client: &Client) -> Result<(Vec<Tag>, Vec<Overlap>), TagError> {
    let present = all(client).await.map_err(failed("cannot list webhook configurations"))?;
    let namespaces = namespaces(client).await?;
    let mut tags: Vec<Tag> = present
        .iter()
        .filter_map(|config| {
            let standing = standing(config)?;
            let tag = standing.tag?;
            Some(Tag {
                tag: tag.to_owned(),
                revision: standing.revision.to_owned(),
                namespaces: users(&namespaces, tag),
                owner: standing.owner,
                webhook: config.name_any(),
            })
        })
        .collect();
    tags.sort_by(|a, b| (&a.tag, &a.webhook).cmp(&(&b.tag, &b.webhook)));
    Ok((tags, overlaps(&present)))
}

/// The configurations that are there.
///
/// # Errors
/// The API server refuses.
pub async fn present(client: &Client) -> Result<Vec<MutatingWebhookConfiguration>, TagError> {
    all(client).await.map_err(failed("cannot list webhook configurations"))
}

async fn namespaces(client: &Client) -> Result<Vec<Namespace>, TagError> {
    let api: Api<Namespace> = Api::all(client.clone());
    Ok(api.list(&ListParams::default()).await.map_err(failed("cannot list namespaces"))?.items)
}

fn users(namespaces: &[Namespace], tag: &str) -> Vec<String> {
    namespaces.iter().filter(|it| asks_for(it, tag)).map(ResourceExt::name_any).collect()
}

fn is_tag(config: &MutatingWebhookConfiguration, tag: &str) -> bool {
    standing(config).is_some_and(|it| it.owner == Owner::Pillion && it.tag == Some(tag))
}

fn of_helm(config: &MutatingWebhookConfiguration) -> bool {
    config.labels().get(MANAGED_BY).is_some_and(|by| by == "Helm")
}

/// Whether a name can be the value of a label and part of an object's name.
fn is_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = name.bytes().next().is_some_and(inner) && name.bytes().next_back().is_some_and(inner);
    ends && name.len() <= 40 && name.bytes().all(|byte| inner(byte) || matches!(byte, b'-' | b'.'))
}
