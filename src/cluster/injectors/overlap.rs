//! Pods that two webhook configurations would both take. A selector is a conjunction over label keys, and what it says
//! of one key it says of no other: it is enough to try, for each key, its absence, every value that a selector names,
//! and one that none names. That is exact. Never: conditions in CEL, which may only take fewer pods.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhook, MutatingWebhookConfiguration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::ResourceExt;

use super::standing;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// The label that every namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// The label that istioctl asks for in configurations that it puts out of use: no object has it.
const NEVER: &str = "istio.io/deactivated";
/// A value that no selector names, made longer until it is one.
const OTHER: &str = "any";

/// Labels of a namespace and of a pod in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Example {
    /// The namespace's.
    pub namespace: Labels,
    /// The pod's.
    pub pod: Labels,
}

/// Two configurations that would take one pod both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The names of the configurations, and of the entries in them.
    pub configurations: [String; 2],
    /// The entries.
    pub webhooks: [String; 2],
    /// Such a pod.
    pub example: Example,
}

/// All pairs of configurations that inject and would take one pod both; of each pair the first two entries.
#[must_use]
pub fn overlaps(configurations: &[MutatingWebhookConfiguration]) -> Vec<Overlap> {
    let injecting: Vec<_> = configurations.iter().filter(|config| standing(config).is_some()).collect();
    let mut found = Vec::new();
    for (index, first) in injecting.iter().enumerate() {
        for second in &injecting[index + 1..] {
            found.extend(overlap(first, second));
        }
    }
    found
}

fn overlap(first: &MutatingWebhookConfiguration, second: &MutatingWebhookConfiguration) -> Option<Overlap> {
    let pairs = first
        .webhooks
        .iter()
        .flatten()
        .flat_map(|one| second.webhooks.iter().flatten().map(move |other| (one, other)));
    pairs.into_iter().find_map(|(one, other)| {
        Some(Overlap {
            configurations: [first.name_any(), second.name_any()],
            webhooks: [one.name.clone(), other.name.clone()],
            example: example(&[one, other])?,
        })
    })
}

/// A pod that all of these entries take.
#[must_use]
pub fn example(entries: &[&MutatingWebhook]) -> Option<Example> {
    let selectors = |of: fn(&MutatingWebhook) -> Option<&LabelSelector>| -> Vec<Requirement<'_>> {
        entries.iter().filter_map(|entry| of(entry)).flat_map(requirements).collect()
    };
    Some(Example {
        namespace: solve(&selectors(|entry| entry.namespace_selector.as_ref()))?,
        pod: solve(&selectors(|entry| entry.object_selector.as_ref()))?,
    })
}

/// Whether a selector takes an object with these labels; without a selector every object is taken.
#[must_use]
pub fn selects(selector: Option<&LabelSelector>, labels: &Labels) -> bool {
    let holds =
        |requirement: &Requirement<'_>| requirement.holds(labels.get(requirement.key).map(String::as_str));
    selector.is_none_or(|selector| requirements(selector).iter().all(holds))
}

/// What a selector says of one key.
struct Requirement<'s> {
    key: &'s str,
    operator: &'s str,
    values: Vec<&'s str>,
}

fn requirements(selector: &LabelSelector) -> Vec<Requirement<'_>> {
    let labels = selector.match_labels.iter().flatten();
    let labels = labels.map(|(key, value)| Requirement { key, operator: "In", values: vec![value.as_str()] });
    let expressions = selector.match_expressions.iter().flatten().map(|expression| Requirement {
        key: &expression.key,
        operator: &expression.operator,
        values: expression.values.iter().flatten().map(String::as_str).collect(),
    });
    labels.chain(expressions).collect()
}

impl Requirement<'_> {
    /// As API servers read it; what they do not know takes nothing.
    fn holds(&self, value: Option<&str>) -> bool {
        let named = value.is_some_and(|value| self.values.contains(&value));
        match self.operator {
            "In" => named,
            "NotIn" => !named,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

/// The fewest labels that meet all requirements.
fn solve(requirements: &[Requirement<'_>]) -> Option<Labels> {
    let keys: BTreeSet<&str> = requirements.iter().map(|requirement| requirement.key).collect();
    let mut labels = Labels::new();
    for key in keys {
        let of_key: Vec<_> = requirements.iter().filter(|requirement| requirement.key == key).collect();
        let named: Vec<&str> = of_key.iter().flat_map(|requirement| requirement.values.clone()).collect();
        let mut other = OTHER.to_owned();
        while named.contains(&other.as_str()) {
            other.push('-');
            other.push_str(OTHER);
        }
        let values = named.iter().copied().chain([other.as_str()]).map(Some);
        let candidates: Vec<Option<&str>> = match key {
            NEVER => vec![None],
            NAMESPACE_NAME => values.collect(),
            _ => [None].into_iter().chain(values).collect(),
        };
        let holds = |value: &Option<&str>| of_key.iter().all(|requirement| requirement.holds(*value));
        if let Some(value) = candidates.into_iter().find(holds)?
            && (key, value) != (NAMESPACE_NAME, other.as_str())
        {
            labels.insert(key.to_owned(), value.to_owned());
        }
    }
    Some(labels)
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |labels: &Labels| {
            let listed: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            if listed.is_empty() { "no label".to_owned() } else { listed.join(",") }
        };
        write!(f, "a pod with {} in a namespace with {}", listed(&self.pod), listed(&self.namespace))
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.configurations;
        let [one, other] = &self.webhooks;
        write!(f, "{first} ({one}) and {second} ({other}) both take {}", self.example)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn entry(name: &str, namespace: &Value, pod: &Value) -> Value {
        json!({
            "name": name, "clientConfig": {}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchExpressions": namespace}, "objectSelector": {"matchExpressions": pod},
        })
    }

    fn is(key: &str, values: &[&str]) -> Value {
        json!({"key": key, "operator": "In", "values": values})
    }

    fn none(key: &str) -> Value {
        json!({"key": key, "operator": "DoesNotExist"})
    }

    /// The entries of Istio's chart for a name; with those of the default revision or without.
    fn configuration(name: &str, revision: &str, default: bool, end: &str) -> MutatingWebhookConfiguration {
        let refused = json!({"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]});
        let asked = is("sidecar.istio.io/inject", &["true"]);
        let (rev, injection) = ("istio.io/rev", "istio-injection");
        let mut entries = vec![
            entry(
                &format!("rev.namespace.{end}"),
                &json!([is(rev, &[revision]), none(injection)]),
                &json!([refused]),
            ),
            entry(
                &format!("rev.object.{end}"),
                &json!([none(rev), none(injection)]),
                &json!([refused, is(rev, &[revision])]),
            ),
        ];
        if default {
            let enabled = json!([is(injection, &["enabled"])]);
            entries.push(entry(&format!("namespace.{end}"), &enabled, &json!([refused])));
            let silent = json!([none(injection), none(rev)]);
            entries.push(entry(&format!("object.{end}"), &silent, &json!([asked, none(rev)])));
        }
        serde_json::from_value(json!({"metadata": {"name": name}, "webhooks": entries})).unwrap()
    }

    fn ours(name: &str, revision: &str, default: bool) -> MutatingWebhookConfiguration {
        configuration(name, revision, default, "sidecar-injector.pillion.dev")
    }

    fn istios(name: &str, revision: &str, default: bool) -> MutatingWebhookConfiguration {
        configuration(name, revision, default, "sidecar-injector.istio.io")
    }

    #[test]
    fn revisions_and_tags_side_by_side_do_not_overlap() {
        let all = [
            istios("istio-sidecar-injector", "default", true),
            istios("istio-sidecar-injector-1-20-2", "1-20-2", false),
            ours("pillion-sidecar-injector-p", "p", false),
            ours("pillion-revision-tag-prod", "prod", false),
        ];
        assert_eq!(overlaps(&all), []);
    }

    #[test]
    fn both_webhooks_and_a_pod_are_named() {
        let all =
            [istios("istiods", "default", true), ours("ours", "p", false), ours("tag", "default", true)];
        let [only] = overlaps(&all).try_into().unwrap();
        assert_eq!(
            only.to_string(),
            "istiods (rev.namespace.sidecar-injector.istio.io) and tag (rev.namespace.sidecar-injector.pillion.dev) \
             both take a pod with no label in a namespace with istio.io/rev=default"
        );
        let pod: LabelSelector = serde_json::from_value(json!({
            "matchLabels": {"app": "x"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}],
        }))
        .unwrap();
        let labels = solve(&requirements(&pod)).unwrap();
        assert_eq!(labels, [("app", "x"), ("tier", "any")].map(|(k, v)| (k.into(), v.into())).into());
    }

    #[test]
    fn every_namespace_has_a_name_and_none_is_deactivated() {
        let named = |values: &Value, operator: &str| -> LabelSelector {
            let expression = json!({"key": NAMESPACE_NAME, "operator": operator, "values": values});
            serde_json::from_value(json!({"matchExpressions": [expression]})).unwrap()
        };
        assert_eq!(solve(&requirements(&named(&json!(null), "DoesNotExist"))), None);
        assert_eq!(solve(&requirements(&named(&json!(["any"]), "NotIn"))), Some(Labels::new()));
        let mut config = istios("istiods", "default", true);
        let deactivated: LabelSelector =
            serde_json::from_value(json!({"matchLabels": {NEVER: "never-match"}})).unwrap();
        for entry in config.webhooks.iter_mut().flatten() {
            entry.namespace_selector = Some(deactivated.clone());
        }
        assert_eq!(overlaps(&[config, ours("ours", "default", true)]), []);
    }

    #[test]
    fn the_answer_agrees_with_trying_everything() {
        let all = [
            istios("a", "default", true),
            ours("b", "default", true),
            ours("c", "default", false),
            istios("d", "r", true),
            ours("e", "r", false),
        ];
        let values = |key: &str| -> Vec<Option<&str>> {
            match key {
                "istio-injection" => vec![None, Some("enabled"), Some("disabled"), Some("x")],
                "istio.io/rev" => vec![None, Some("default"), Some("r"), Some("x")],
                _ => vec![None, Some("true"), Some("false"), Some("x")],
            }
        };
        let takes = |selector: Option<&LabelSelector>, labels: &BTreeMap<&str, Option<&str>>| {
            selector
                .map(requirements)
                .unwrap_or_default()
                .iter()
                .all(|it| it.holds(labels.get(it.key).copied().flatten()))
        };
        let tried = |one: &MutatingWebhook, other: &MutatingWebhook| {
            let mut found = false;
            for injection in values("istio-injection") {
                for rev in values("istio.io/rev") {
                    for pod_rev in values("istio.io/rev") {
                        for inject in values("sidecar.istio.io/inject") {
                            let namespace = [("istio-injection", injection), ("istio.io/rev", rev)].into();
                            let pod = [("istio.io/rev", pod_rev), ("sidecar.istio.io/inject", inject)].into();
                            found |= [one, other].iter().all(|entry| {
                                takes(entry.namespace_selector.as_ref(), &namespace)
                                    && takes(entry.object_selector.as_ref(), &pod)
                            });
                        }
                    }
                }
            }
            found
        };
        for first in &all {
            for second in &all {
                for one in first.webhooks.iter().flatten() {
                    for other in second.webhooks.iter().flatten() {
                        let (one_name, other_name) = (&one.name, &other.name);
                        let solved = example(&[one, other]).is_some();
                        assert_eq!(solved, tried(one, other), "{one_name} {other_name}");
                    }
                }
            }
        }
    }
}
