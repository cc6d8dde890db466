//! Whether API servers ask us about the pods of a workload, by the labels of its namespace and of its pods: the rules of
//! the webhook configurations that the chart makes, which are Istio's. Never: reading those configurations; one that was
//! changed by hand may say otherwise.

use std::collections::BTreeMap;

use pillion_core::inject::IGNORED_NAMESPACES;
use pillion_govalue::Value;

/// The label by which namespaces and pods name a revision.
pub const REVISION: &str = "istio.io/rev";
/// The label of namespaces that means the default revision.
pub const INJECTION: &str = "istio-injection";
/// The label by which pods ask for a sidecar or refuse it.
pub const INJECT: &str = "sidecar.istio.io/inject";

/// What a namespace says of injection, to one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Its pods are ours.
    Enabled,
    /// It says nothing: pods have to ask.
    Silent,
    /// It says nothing, and pods need not ask.
    Everyone,
    /// It refuses.
    Disabled,
    /// Its pods are another revision's.
    Elsewhere,
    /// Nobody knows.
    Unknown,
}

const WISHES: [(&str, Wish); 4] = [
    ("enabled", Wish::Enabled),
    ("silent", Wish::Silent),
    ("everyone", Wish::Everyone),
    ("disabled", Wish::Disabled),
];

/// A namespace, and the names by which pods mean us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the namespace says.
    pub wish: Wish,
    /// Our revision and its tags.
    pub names: Vec<String>,
}

/// Whether API servers ask us about a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// They do.
    Yes,
    /// They do not, because of this.
    No(&'static str),
    /// They ask another revision, if there is one.
    Elsewhere,
    /// It cannot be told.
    Unknown,
}

impl Place {
    /// The place that the path of a webhook names, as the chart writes it: `…/namespace/silent/rev/1-20-2/rev/prod`.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let mut place = Self { wish: Wish::Unknown, names: Vec::new() };
        let mut steps = path.split('/').filter(|step| !step.is_empty());
        while let (Some(key), Some(value)) = (steps.next(), steps.next()) {
            match key {
                "namespace" => {
                    let known = WISHES.iter().find(|(name, _)| *name == value);
                    place.wish = known.map_or(Wish::Unknown, |(_, wish)| *wish);
                }
                "rev" => place.names.push(value.to_owned()),
                _ => {}
            }
        }
        place
    }

    /// The place that a namespace with these labels is to whoever is known by these names.
    #[must_use]
    pub fn of_labels(labels: &BTreeMap<String, String>, names: &[String]) -> Self {
        let ours = |name: &str| names.iter().any(|known| known == name);
        let wish = match (labels.get(INJECTION).map(String::as_str), labels.get(REVISION)) {
            (Some("enabled"), _) if ours("default") => Wish::Enabled,
            (Some("enabled"), _) => Wish::Elsewhere,
            (Some(_), _) => Wish::Disabled,
            (None, Some(revision)) if ours(revision) => Wish::Enabled,
            (None, Some(_)) => Wish::Elsewhere,
            (None, None) => Wish::Silent,
        };
        Self { wish, names: names.to_vec() }
    }

    /// Whether this name means us.
    #[must_use]
    pub fn is_ours(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Whether API servers ask us about this pod in this namespace.
    #[must_use]
    pub fn asks(&self, namespace: &str, pod: &Value<'_>) -> Asked {
        let label = |key| pod.at(&["metadata", "labels", key]).and_then(Value::as_str);
        if IGNORED_NAMESPACES.contains(&namespace) {
            return Asked::No("the namespace is the system's");
        }
        if self.wish == Wish::Unknown {
            return Asked::Unknown;
        }
        if self.wish == Wish::Elsewhere {
            return Asked::Elsewhere;
        }
        if label(INJECT) == Some("false") {
            return Asked::No("its label sidecar.istio.io/inject is \"false\"");
        }
        match (self.wish, label(REVISION), label(INJECT)) {
            (Wish::Enabled, ..) => Asked::Yes,
            (Wish::Disabled, ..) => Asked::No("the namespace's label istio-injection says no"),
            (_, Some(revision), _) if self.is_ours(revision) => Asked::Yes,
            (_, Some(_), _) => Asked::Elsewhere,
            (_, None, _) if !self.is_ours("default") => Asked::Elsewhere,
            (_, None, Some("true")) | (Wish::Everyone, None, None) => Asked::Yes,
            (_, None, _) => Asked::No("neither the namespace nor the pod asks for it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(wish: &str, names: &[&str], labels: &str) -> Asked {
        let revisions: String = names.iter().map(|name| format!("/rev/{name}")).collect();
        let place = Place::of_path(&format!("/namespace/{wish}{revisions}"));
        let pod = format!(r#"{{"metadata":{{"labels":{{{labels}}}}}}}"#);
        place.asks("shop", &pillion_govalue::parse(pod.as_bytes()).unwrap())
    }

    #[test]
    fn who_is_asked_follows_the_webhooks_selectors() {
        const YES: &str = r#""sidecar.istio.io/inject":"true""#;
        const NO: &str = r#""sidecar.istio.io/inject":"false""#;
        const REV: &str = r#""istio.io/rev":"r""#;
        for (wish, names, labels, expected) in [
            ("enabled", &["default"][..], "", Asked::Yes),
            ("enabled", &["default"], REV, Asked::Yes),
            ("silent", &["default"], YES, Asked::Yes),
            ("silent", &["r"], REV, Asked::Yes),
            ("silent", &["r"], YES, Asked::Elsewhere),
            ("silent", &["r", "default"], YES, Asked::Yes),
            ("silent", &["default"], REV, Asked::Elsewhere),
            ("everyone", &["default"], "", Asked::Yes),
            ("unheard-of", &["default"], YES, Asked::Unknown),
        ] {
            assert_eq!(asks(wish, names, labels), expected, "{wish} {names:?} {labels}");
        }
        for (wish, labels) in
            [("enabled", NO), ("silent", ""), ("silent", NO), ("disabled", YES), ("everyone", NO)]
        {
            assert!(matches!(asks(wish, &["default"], labels), Asked::No(_)), "{wish} {labels}");
        }
    }

    #[test]
    fn a_namespaces_labels_are_read_as_the_selectors_read_them() {
        let wish = |labels: &[(&str, &str)], names: &[&str]| {
            let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Place::of_labels(&labels, &names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).wish
        };
        assert_eq!(wish(&[(INJECTION, "enabled"), (REVISION, "r")], &["default"]), Wish::Enabled);
        assert_eq!(wish(&[(INJECTION, "enabled")], &["r"]), Wish::Elsewhere);
        assert_eq!(wish(&[(INJECTION, "disabled")], &["default"]), Wish::Disabled);
        assert_eq!(wish(&[(REVISION, "r")], &["r"]), Wish::Enabled);
        assert_eq!(wish(&[(REVISION, "r")], &["default"]), Wish::Elsewhere);
        assert_eq!(wish(&[], &["default"]), Wish::Silent);
    }
}
