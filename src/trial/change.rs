//! What another configuration would change of workloads when they restart: the fields of their pods, those of many
//! workloads told once. Never: printing, and changing anything.

use std::collections::BTreeMap;

use pillion_core::config::Snapshot;
use pillion_core::inject::Verdict;
use pillion_govalue::{Value, json};
use serde::Serialize;

use super::Case;

/// Most changes that are told of one workload.
const MOST: usize = 500;

/// One field that changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// `spec.containers[istio-proxy].image`: items that have a name are told by it.
    pub field: String,
    /// What it is now; `None` where it is not there.
    pub old: Option<String>,
    /// What it becomes; `None` where it goes.
    pub new: Option<String>,
}

/// Workloads that change alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The workloads.
    pub workloads: Vec<String>,
    /// What changes of each.
    pub changes: Vec<Change>,
}

/// Compares two configurations over workloads. The groups of most workloads come first.
#[must_use]
pub fn compare(old: &Snapshot, new: &Snapshot, cases: &[Case]) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<Change>, Vec<String>> = BTreeMap::new();
    for case in cases {
        let changes = of_case(old, new, case);
        if !changes.is_empty() {
            groups.entry(changes).or_default().push(case.label.clone());
        }
    }
    let mut groups: Vec<Group> =
        groups.into_iter().map(|(changes, workloads)| Group { workloads, changes }).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.workloads.len()));
    groups
}

/// What differs between two pods, or any two objects; no more than a few hundred places.
#[must_use]
pub fn between(old: &Value<'_>, new: &Value<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    differ("", Some(old), Some(new), &mut changes);
    changes
}

fn of_case(old: &Snapshot, new: &Snapshot, case: &Case) -> Vec<Change> {
    let (old, new) = (outcome(old, case), outcome(new, case));
    let mut changes = Vec::new();
    if old.0 != new.0 {
        changes.push(Change { field: "injection".to_owned(), old: Some(old.0), new: Some(new.0) });
    }
    // A pod that is refused has no fields: which of them would change nobody can tell.
    if let (Some(old), Some(new)) = (old.1, new.1) {
        changes.extend(between(&old, &new));
    }
    changes
}

/// What becomes of a pod, in words, and the pod afterwards.
fn outcome(snapshot: &Snapshot, case: &Case) -> (String, Option<Value<'static>>) {
    match case.injected(snapshot) {
        Err(error) => (format!("refused: {}", error.to_string().trim_end()), None),
        Ok(outcome) => {
            let what = match outcome.verdict {
                Verdict::Injected => "injected".to_owned(),
                _ => format!("not injected: {}", outcome.reason.sentence()),
            };
            (what, Some(outcome.pod.into_owned()))
        }
    }
}

fn differ(field: &str, old: Option<&Value<'_>>, new: Option<&Value<'_>>, changes: &mut Vec<Change>) {
    if old == new || changes.len() >= MOST {
        return;
    }
    let step = |key: &str| match (field, key.contains(['.', '/'])) {
        ("", false) => key.to_owned(),
        (_, true) => format!("{field}[{key}]"),
        (_, false) => format!("{field}.{key}"),
    };
    match (old, new) {
        (Some(Value::Map(old)), Some(Value::Map(new))) => {
            for (key, value) in old.iter() {
                differ(&step(key), Some(value), new.get(key), changes);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(key)) {
                differ(&step(key), None, Some(value), changes);
            }
        }
        (Some(Value::List(old)), Some(Value::List(new))) => match (named(old), named(new)) {
            (Some(by_old), Some(by_new)) => of_named(field, &by_old, &by_new, changes),
            _ => changes.push(change(
                field,
                Some(&Value::list(old.to_vec())),
                Some(&Value::list(new.to_vec())),
            )),
        },
        (old, new) => changes.push(change(field, old, new)),
    }
}

fn change(field: &str, old: Option<&Value<'_>>, new: Option<&Value<'_>>) -> Change {
    let told = |value: &Value<'_>| match value {
        Value::Str(text) => text.as_str().to_owned(),
        other => json::to_string(other, json::PLAIN),
    };
    Change { field: field.to_owned(), old: old.map(told), new: new.map(told) }
}

/// The items of a list by name, if each has one of its own.
fn named<'v, 't>(list: &'v [Value<'t>]) -> Option<Vec<(&'v str, &'v Value<'t>)>> {
    const KEYS: [&str; 2] = ["name", "mountPath"];
    let key = *KEYS.iter().rev().find(|key| list.iter().all(|item| item.get(key).is_some()))?;
    let items: Option<Vec<_>> =
        list.iter().map(|item| Some((item.get(key).and_then(Value::as_str)?, item))).collect();
    let items = items?;
    let mut names: Vec<&str> = items.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    (names.len() == items.len()).then_some(items)
}

fn of_named(field: &str, old: &[(&str, &Value<'_>)], new: &[(&str, &Value<'_>)], changes: &mut Vec<Change>) {
    fn find<'v, 't>(list: &[(&str, &'v Value<'t>)], name: &str) -> Option<&'v Value<'t>> {
        list.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
    for (name, value) in old {
        differ(&format!("{field}[{name}]"), Some(value), find(new, name), changes);
    }
    for (name, value) in new.iter().filter(|(name, _)| find(old, name).is_none()) {
        differ(&format!("{field}[{name}]"), None, Some(value), changes);
    }
    let both = |list: &[(&str, &Value<'_>)], other: &[(&str, &Value<'_>)]| {
        let names = list.iter().map(|(name, _)| *name).filter(|name| find(other, name).is_some());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let (before, after) = (both(old, new), both(new, old));
    if before != after {
        let (old, new) = (Some(before.join(", ")), Some(after.join(", ")));
        changes.push(Change { field: format!("{field}, order"), old, new });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(old: &str, new: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let [old, new] = [old, new].map(|text| pillion_goyaml::parse(text).unwrap());
        between(&old, &new).into_iter().map(|change| (change.field, change.old, change.new)).collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn fields_are_told_by_the_names_of_items() {
        let told = changes(
            "{spec: {containers: [{name: app, image: a}, {name: p, image: 'p:1', args: [x]}]}, metadata: {annotations: {a/b: c}}}",
            "{spec: {containers: [{name: p, image: 'p:2', args: [x, z]}, {name: app, image: a}]}, metadata: {annotations: {}}}",
        );
        assert_eq!(
            told,
            [
                ("spec.containers[p].image".into(), some("p:1"), some("p:2")),
                ("spec.containers[p].args".into(), some(r#"["x"]"#), some(r#"["x","z"]"#)),
                ("spec.containers, order".into(), some("app, p"), some("p, app")),
                ("metadata.annotations[a/b]".into(), some("c"), None),
            ]
        );
        assert_eq!(changes("{a: [{name: x}]}", "{a: [{name: x}, {name: y, v: 1}]}").len(), 1);
        assert_eq!(changes("{a: 1}", "{a: 1}"), []);
    }
}
