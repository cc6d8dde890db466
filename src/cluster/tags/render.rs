//! A tag's webhook configuration, made out of its revision's as that is now: who is called and how stays the same, who
//! asks for it becomes the tag. Pure. The chart's value `revisionTags` makes the same. Never: writing it.

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhook, MutatingWebhookConfiguration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement, ObjectMeta};
use kube::ResourceExt;

use super::TagError;
use crate::cluster::injectors::{
    INJECT, ISTIO_INJECTION, ISTIO_REVISION, NAME, NAME_LABEL, OUR_ENTRIES, Owner, REVISION, TAG, standing,
};

/// The label that says who looks after an object, and what it says of tags that are made here.
pub(super) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const COMMAND: &str = "pillion-tag";
/// The tag that namespaces mean with istio-injection=enabled.
pub const DEFAULT: &str = "default";
/// What the chart puts before an entry's name where namespaces ask for another failure policy.
const VARIANTS: [&str; 3] = ["", "fail.", "ignore."];
/// A namespace that never means to be injected by default, as in Istio's chart.
const STORAGE: &str = "local-path-storage";

/// What a tag shall be.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// Its name.
    pub tag: &'w str,
    /// The name of its configuration.
    pub name: &'w str,
    /// Whether the tag `default` takes pods in namespaces without any label too.
    pub every_namespace: bool,
}

/// The configuration of a revision: the one of ours that is no tag. `namespace` is where its Service lies, to tell
/// several apart.
///
/// # Errors
/// There is none, or more than one.
pub fn of_revision<'c>(
    configurations: &'c [MutatingWebhookConfiguration],
    revision: &str,
    namespace: Option<&str>,
) -> Result<&'c MutatingWebhookConfiguration, TagError> {
    let ours = configurations.iter().filter(|config| {
        standing(config).is_some_and(|it| it.owner == Owner::Pillion && it.tag.is_none())
            && namespace.is_none_or(|namespace| is_in(config, namespace))
    });
    let (of_it, others): (Vec<_>, Vec<_>) =
        ours.partition(|config| standing(config).is_some_and(|it| it.revision == revision));
    match of_it.as_slice() {
        [only] => Ok(only),
        [] => Err(TagError::NoRevision {
            revision: revision.to_owned(),
            others: others.iter().filter_map(|config| Some(standing(config)?.revision.to_owned())).collect(),
        }),
        several => Err(TagError::SeveralRevisions {
            revision: revision.to_owned(),
            names: several.iter().map(|config| config.name_any()).collect(),
        }),
    }
}

fn is_in(config: &MutatingWebhookConfiguration, namespace: &str) -> bool {
    config.webhooks.iter().flatten().any(|entry| {
        entry.client_config.service.as_ref().is_some_and(|service| service.namespace == namespace)
    })
}

/// The tag's configuration.
///
/// # Errors
/// The revision's entries are not those of the chart, or are not armed.
pub fn render(
    revision: &MutatingWebhookConfiguration,
    wanted: Wanted<'_>,
) -> Result<MutatingWebhookConfiguration, TagError> {
    let entries: Vec<&MutatingWebhook> = revision.webhooks.iter().flatten().collect();
    let unarmed = |entry: &&&MutatingWebhook| entry.rules.as_ref().is_none_or(Vec::is_empty);
    if let Some(entry) = entries.iter().find(unarmed) {
        return Err(TagError::NotArmed { name: revision.name_any(), entry: entry.name.clone() });
    }
    let standing = standing(revision).map(|it| it.revision.to_owned()).unwrap_or_default();
    let find = |variant: &str, prefix: &str| {
        let name = format!("{variant}{prefix}.{OUR_ENTRIES}");
        entries.iter().copied().find(|entry| entry.name == name)
    };
    let mut made = Vec::new();
    for kind in kinds(wanted) {
        for variant in VARIANTS {
            let Some(model) = find(variant, kind.model) else { continue };
            made.push(entry(model, variant, kind, wanted.tag));
        }
        if find("", kind.model).is_none() {
            let lacking = format!("{}.{OUR_ENTRIES}", kind.model);
            return Err(TagError::UnknownShape { name: revision.name_any(), lacking });
        }
    }
    let labels = [(NAME_LABEL, NAME), (MANAGED_BY, COMMAND), (REVISION, &standing), (TAG, wanted.tag)];
    Ok(MutatingWebhookConfiguration {
        metadata: ObjectMeta {
            name: Some(wanted.name.to_owned()),
            labels: Some(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
            ..ObjectMeta::default()
        },
        webhooks: Some(made),
    })
}

/// A kind of entry: what it is called, which entry of the revision it is made from, and whom it takes.
#[derive(Clone, Copy)]
struct Kind {
    prefix: &'static str,
    model: &'static str,
    namespace: fn(&str) -> Vec<LabelSelectorRequirement>,
    pod: fn(&str) -> Vec<LabelSelectorRequirement>,
}

const BY_NAMESPACE: &str = "rev.namespace";
const BY_POD: &str = "rev.object";

const REVISIONED: [Kind; 2] = [
    Kind {
        prefix: BY_NAMESPACE,
        model: BY_NAMESPACE,
        namespace: |tag| vec![is(ISTIO_REVISION, tag), absent(ISTIO_INJECTION)],
        pod: |_| vec![is_not(INJECT, "false")],
    },
    Kind {
        prefix: BY_POD,
        model: BY_POD,
        namespace: |_| vec![absent(ISTIO_REVISION), absent(ISTIO_INJECTION)],
        pod: |tag| vec![is_not(INJECT, "false"), is(ISTIO_REVISION, tag)],
    },
];

const OF_DEFAULT: [Kind; 3] = [
    Kind {
        prefix: "namespace",
        model: BY_NAMESPACE,
        namespace: |_| vec![is(ISTIO_INJECTION, "enabled")],
        pod: |_| vec![is_not(INJECT, "false")],
    },
    Kind {
        prefix: "object",
        model: BY_NAMESPACE,
        namespace: |_| vec![absent(ISTIO_INJECTION), absent(ISTIO_REVISION)],
        pod: |_| vec![is(INJECT, "true"), absent(ISTIO_REVISION)],
    },
    Kind {
        prefix: "auto",
        model: BY_NAMESPACE,
        namespace: |_| {
            let storage = is_not("kubernetes.io/metadata.name", STORAGE);
            vec![absent(ISTIO_INJECTION), absent(ISTIO_REVISION), storage]
        },
        pod: |_| vec![absent(INJECT), absent(ISTIO_REVISION)],
    },
];

fn kinds(wanted: Wanted<'_>) -> impl Iterator<Item = Kind> {
    let of_default = match (wanted.tag == DEFAULT, wanted.every_namespace) {
        (false, _) => &OF_DEFAULT[..0],
        (true, false) => &OF_DEFAULT[..2],
        (true, true) => &OF_DEFAULT[..],
    };
    REVISIONED.iter().chain(of_default).copied()
}

/// The model under another name and with other selectors. What its selectors say of anything but injection stays, such
/// as the names of namespaces that it leaves out.
fn entry(model: &MutatingWebhook, variant: &str, kind: Kind, tag: &str) -> MutatingWebhook {
    let selector = |old: Option<&LabelSelector>, mut expressions: Vec<LabelSelectorRequirement>| {
        let about_injection = [ISTIO_REVISION, ISTIO_INJECTION, INJECT];
        let rest = old.and_then(|old| old.match_expressions.as_ref()).into_iter().flatten();
        expressions.extend(rest.filter(|it| !about_injection.contains(&it.key.as_str())).cloned());
        let match_labels = old.and_then(|old| old.match_labels.clone());
        Some(LabelSelector { match_expressions: Some(expressions), match_labels })
    };
    MutatingWebhook {
        name: format!("{variant}{}.{OUR_ENTRIES}", kind.prefix),
        namespace_selector: selector(model.namespace_selector.as_ref(), (kind.namespace)(tag)),
        object_selector: selector(model.object_selector.as_ref(), (kind.pod)(tag)),
        ..model.clone()
    }
}

fn is(key: &str, value: &str) -> LabelSelectorRequirement {
    requirement(key, "In", Some(value))
}

fn is_not(key: &str, value: &str) -> LabelSelectorRequirement {
    requirement(key, "NotIn", Some(value))
}

fn absent(key: &str) -> LabelSelectorRequirement {
    requirement(key, "DoesNotExist", None)
}

fn requirement(key: &str, operator: &str, value: Option<&str>) -> LabelSelectorRequirement {
    LabelSelectorRequirement {
        key: key.to_owned(),
        operator: operator.to_owned(),
        values: value.map(|value| vec![value.to_owned()]),
    }
}

#[cfg(test)]
mod tests;
