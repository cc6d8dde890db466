//! A pod as the rules see it: its containers with their places, and where findings are put. Never: rules.

use pillion_govalue::Value;

use super::{Code, Finding};

/// Most findings of one pod: a stranger's pod may have thousands of ports.
const MOST: usize = 100;
/// The kinds of containers, in the order in which they start.
const LISTS: [&str; 2] = ["initContainers", "containers"];

/// A pod.
pub(super) struct Pod<'p, 'v> {
    pub(super) value: &'p Value<'v>,
    pub(super) containers: Vec<Container<'p, 'v>>,
}

/// One of its containers.
#[derive(Clone, Copy)]
pub(super) struct Container<'p, 'v> {
    pub(super) value: &'p Value<'v>,
    pub(super) name: &'p str,
    /// Whether it is an init container.
    pub(super) init: bool,
    at: usize,
}

impl<'p, 'v> Pod<'p, 'v> {
    pub(super) fn of(value: &'p Value<'v>) -> Self {
        let of_list = |list: &'static str| {
            let all = items(value, &["spec", list]).iter().enumerate();
            all.map(move |(at, value)| Container {
                value,
                name: text(value, &["name"]),
                init: list == LISTS[0],
                at,
            })
        };
        Self { value, containers: LISTS.into_iter().flat_map(of_list).collect() }
    }

    /// Whether the pod has a container of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.containers.iter().any(|container| container.name == name)
    }
}

impl Container<'_, '_> {
    /// The way to a field of it.
    pub(super) fn field(&self, rest: &str) -> String {
        format!("spec.{}[{}].{rest}", LISTS[usize::from(!self.init)], self.at)
    }

    /// Whether it runs as long as the pod does.
    pub(super) fn stays(&self) -> bool {
        !self.init || text(self.value, &["restartPolicy"]) == "Always"
    }
}

/// What was found.
#[derive(Default)]
pub(super) struct Found(pub(super) Vec<Finding>);

impl Found {
    /// Something about a container.
    pub(super) fn in_container(
        &mut self,
        code: Code,
        container: &Container<'_, '_>,
        field: &str,
        message: String,
    ) {
        self.put(code, Some(container.name.to_owned()), container.field(field), message);
    }

    /// Something about the pod.
    pub(super) fn in_pod(&mut self, code: Code, field: String, message: String) {
        self.put(code, None, field, message);
    }

    fn put(&mut self, code: Code, container: Option<String>, field: String, message: String) {
        if self.0.len() < MOST {
            self.0.push(Finding { code, message, container, field, templates: String::new() });
        }
    }
}

/// A string member; anything else reads as empty.
pub(super) fn text<'p>(value: &'p Value<'_>, path: &[&str]) -> &'p str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

/// A list member; anything else reads as empty.
pub(super) fn items<'p, 'v>(value: &'p Value<'v>, path: &[&str]) -> &'p [Value<'v>] {
    value.at(path).and_then(Value::as_list).unwrap_or_default()
}

/// The keys that are there more than once: each with the place of the second.
pub(super) fn repeated<K: Ord + Clone>(keys: impl IntoIterator<Item = K>) -> Vec<(usize, K)> {
    let mut seen = std::collections::BTreeMap::new();
    let mut twice = Vec::new();
    for (at, key) in keys.into_iter().enumerate() {
        let count = seen.entry(key.clone()).or_insert(0_usize);
        *count += 1;
        if *count == 2 {
            twice.push((at, key));
        }
    }
    twice
}
