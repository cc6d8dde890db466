//! Whether an API server asks a webhook about a new pod: rules, selectors and matchConditions of each entry, and which of
//! them keeps it from asking. Pure, but for [`Registered`], which reads them. Never: what the webhook would answer.

mod condition;
mod registered;

pub use registered::Registered;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::ResourceExt;
use serde_json::Value;

use super::injectors::{Labels, Owner, requirements, standing};

/// Yes, no, or not to be told from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asks {
    /// It does not.
    No,
    /// It cannot be told.
    Unknown,
    /// It does.
    Yes,
}

impl Asks {
    /// The name, for people and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        }
    }

    const fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// The pod that is about to be created.
#[derive(Clone, Debug)]
pub struct NewPod {
    /// Its namespace.
    pub namespace: String,
    /// The namespace's labels; unknown where nobody can be asked.
    pub namespace_labels: Option<Labels>,
    /// The pod.
    pub pod: Value,
}

/// One condition of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `rules`, `namespaceSelector`, `objectSelector`, or `matchConditions/NAME`.
    pub what: String,
    /// Whether it lets the pod through.
    pub holds: Asks,
    /// What it says, and what it met.
    pub why: String,
}

/// One entry of a configuration that injects.
#[derive(Clone, Debug)]
pub struct EntrySeen {
    /// The configuration's name.
    pub configuration: String,
    /// The entry's name.
    pub webhook: String,
    /// Who made it.
    pub owner: Owner,
    /// The revision that it calls.
    pub revision: String,
    /// The tag that it stands for.
    pub tag: Option<String>,
    /// What happens when the call fails: `Fail` or `Ignore`.
    pub failure_policy: String,
    /// Whether the call comes to a Pillion: ours, or istiod's after a take-over.
    pub reaches_us: bool,
    /// The path that is called, with its parameters.
    pub path: String,
    /// When the configuration was made, in seconds since the epoch.
    pub since: Option<i64>,
    /// Whether the API server makes the call.
    pub asks: Asks,
    /// Condition by condition, in the order in which API servers look.
    pub checks: Vec<Check>,
}

/// Whether a Pillion is asked about a pod, and why.
#[derive(Clone, Debug)]
pub struct Calls {
    /// The answer.
    pub asks: Asks,
    /// In a sentence.
    pub why: String,
    /// All entries that inject.
    pub entries: Vec<EntrySeen>,
}

impl Calls {
    /// Nobody can be asked.
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { asks: Asks::Unknown, why: why.into(), entries: Vec::new() }
    }
}

impl NewPod {
    /// The pod as expressions read it.
    #[must_use]
    pub fn of(namespace: &str, namespace_labels: Option<Labels>, pod: &pillion_govalue::Value<'_>) -> Self {
        Self { namespace: namespace.to_owned(), namespace_labels, pod: as_json(pod) }
    }
}

/// A pod for whoever evaluates conditions about it.
#[must_use]
pub fn as_json(pod: &pillion_govalue::Value<'_>) -> Value {
    let text = pillion_govalue::json::to_string(pod, pillion_govalue::json::PLAIN);
    serde_json::from_str(&text).unwrap_or_default()
}

/// Looks at every entry that injects.
#[must_use]
pub fn calls(configurations: &[MutatingWebhookConfiguration], pod: &NewPod) -> Calls {
    let services = services(configurations);
    calls_by(configurations, pod, |owner, client| {
        owner == Owner::Pillion || services.contains(&place(client))
    })
}

/// The same, where `reaches_us` knows which calls come to us.
#[must_use]
pub fn calls_by(
    configurations: &[MutatingWebhookConfiguration],
    pod: &NewPod,
    reaches_us: impl Fn(Owner, &WebhookClientConfig) -> bool,
) -> Calls {
    let mut entries = Vec::new();
    for configuration in configurations {
        let Some(standing) = standing(configuration) else { continue };
        for webhook in configuration.webhooks.iter().flatten() {
            let checks = checks(webhook, pod);
            entries.push(EntrySeen {
                configuration: configuration.name_any(),
                webhook: webhook.name.clone(),
                owner: standing.owner,
                revision: standing.revision.to_owned(),
                tag: standing.tag.map(str::to_owned),
                failure_policy: webhook.failure_policy.clone().unwrap_or_else(|| "Fail".to_owned()),
                reaches_us: reaches_us(standing.owner, &webhook.client_config),
                path: path(&webhook.client_config),
                since: configuration.metadata.creation_timestamp.as_ref().map(|at| at.0.as_second()),
                asks: checks.iter().map(|check| check.holds).min().unwrap_or(Asks::Yes),
                checks,
            });
        }
    }
    let ours: Vec<&EntrySeen> = entries.iter().filter(|entry| entry.reaches_us).collect();
    let asks = ours.iter().map(|entry| entry.asks).max().unwrap_or(Asks::No);
    Calls { asks, why: why(&ours, asks), entries }
}

/// Whether an entry that injects and of which `which` holds may take a pod of which the labels are known and no more:
/// what matchConditions say is left open.
#[must_use]
pub fn may_take(
    configurations: &[MutatingWebhookConfiguration],
    namespace_labels: Option<&Labels>,
    pod_labels: &Labels,
    which: impl Fn(&WebhookClientConfig) -> bool,
) -> bool {
    let injecting = configurations.iter().filter(|configuration| standing(configuration).is_some());
    let mut entries = injecting.flat_map(|it| it.webhooks.iter().flatten());
    entries.any(|entry| {
        which(&entry.client_config)
            && selected(entry, namespace_labels, pod_labels).iter().all(|check| check.holds != Asks::No)
    })
}

/// The path of a call as we know paths: what a proxy before us takes off is left out.
fn path(client: &WebhookClientConfig) -> String {
    const OURS: &str = "/inject";
    let whole = client.service.as_ref().and_then(|service| service.path.as_deref());
    let whole = whole.or(client.url.as_deref()).unwrap_or_default();
    whole.find(OURS).map_or(OURS, |at| &whole[at..]).to_owned()
}

/// Where a call goes: namespace and name of a Service, or a URL.
type Place<'c> = (Option<(&'c str, &'c str)>, Option<&'c str>);

fn place(client: &WebhookClientConfig) -> Place<'_> {
    (client.service.as_ref().map(|s| (&*s.namespace, &*s.name)), client.url.as_deref())
}

/// Where our own configurations call: istiod's that call there too were taken over.
fn services(configurations: &[MutatingWebhookConfiguration]) -> Vec<Place<'_>> {
    let ours = configurations.iter().filter(|c| standing(c).is_some_and(|s| s.owner == Owner::Pillion));
    ours.flat_map(|c| c.webhooks.iter().flatten()).map(|webhook| place(&webhook.client_config)).collect()
}

fn why(ours: &[&EntrySeen], asks: Asks) -> String {
    let Some(entry) = ours.iter().find(|entry| entry.asks == asks) else {
        return "no webhook configuration in the cluster calls Pillion".to_owned();
    };
    match asks {
        Asks::Yes => format!("{} of {} takes the pod", entry.webhook, entry.configuration),
        Asks::No
            if ours
                .iter()
                .all(|entry| entry.checks.iter().any(|c| c.what == RULES && c.holds == Asks::No)) =>
        {
            format!(
                "{} of {} has no rule for pods yet: Pillion writes it when it is ready",
                entry.webhook, entry.configuration
            )
        }
        Asks::No => format!("none of the {} entries that call Pillion takes the pod", ours.len()),
        Asks::Unknown => {
            let check = entry.checks.iter().find(|check| check.holds == Asks::Unknown);
            format!("{}: {}", entry.webhook, check.map_or("", |check| &check.why))
        }
    }
}

const RULES: &str = "rules";

/// What rules and selectors say.
fn selected(webhook: &MutatingWebhook, namespace: Option<&Labels>, pod: &Labels) -> Vec<Check> {
    vec![
        rules(webhook.rules.as_deref().unwrap_or_default()),
        selector("namespaceSelector", webhook.namespace_selector.as_ref(), namespace, "the namespace"),
        selector("objectSelector", webhook.object_selector.as_ref(), Some(pod), "the pod"),
    ]
}

fn checks(webhook: &MutatingWebhook, pod: &NewPod) -> Vec<Check> {
    let mut checks = selected(webhook, pod.namespace_labels.as_ref(), &labels(&pod.pod));
    for condition in webhook.match_conditions.iter().flatten() {
        let (holds, why) = condition::holds(&condition.expression, pod);
        checks.push(Check { what: format!("matchConditions/{}", condition.name), holds, why });
    }
    checks
}

fn labels(pod: &Value) -> Labels {
    let labels = pod["metadata"]["labels"].as_object();
    let labels = labels.into_iter().flatten();
    labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// Whether a rule is about the creation of pods.
fn rules(rules: &[RuleWithOperations]) -> Check {
    let has = |list: &Option<Vec<String>>, wanted: &[&str]| {
        list.iter().flatten().any(|item| item == "*" || wanted.contains(&item.as_str()))
    };
    let takes = |rule: &RuleWithOperations| {
        has(&rule.operations, &["CREATE"])
            && has(&rule.api_groups, &[""])
            && has(&rule.api_versions, &["v1"])
            && has(&rule.resources, &["pods", "*/*"])
            && rule.scope.as_deref() != Some("Cluster")
    };
    let holds = Asks::of(rules.iter().any(takes));
    let why = match (holds, rules.is_empty()) {
        (Asks::Yes, _) => "a rule for CREATE of pods",
        (_, true) => "no rules at all: nothing is asked yet",
        (_, false) => "no rule for CREATE of pods",
    };
    Check { what: RULES.to_owned(), holds, why: why.to_owned() }
}

/// Whether a selector takes labels; of labels that are not known, whether it takes all or none.
fn selector(what: &str, selector: Option<&LabelSelector>, labels: Option<&Labels>, whose: &str) -> Check {
    let requirements = selector.map(requirements).unwrap_or_default();
    let check = |holds, why| Check { what: what.to_owned(), holds, why };
    if requirements.is_empty() {
        return check(Asks::Yes, "takes everything".to_owned());
    }
    let Some(labels) = labels else {
        let listed: Vec<String> = requirements.iter().map(ToString::to_string).collect();
        return check(Asks::Unknown, format!("{}: the labels of {whose} are not known", listed.join(",")));
    };
    let met = |key: &str| match labels.get(key) {
        Some(value) => format!("{whose} has {key}={value}"),
        None => format!("{whose} has no {key}"),
    };
    match requirements.iter().find(|it| !it.holds(labels.get(it.key).map(String::as_str))) {
        Some(failed) => check(Asks::No, format!("wants {failed}: {}", met(failed.key))),
        None => {
            let listed: Vec<String> = requirements.iter().map(ToString::to_string).collect();
            check(Asks::Yes, listed.join(","))
        }
    }
}

#[cfg(test)]
mod tests;
