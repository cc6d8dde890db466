//! What is known of clusters: annotations of namespaces and versions of kubelets, for each cluster whose pods are
//! injected. Never: where that comes from, and what follows from it (see `inject::facts`).

use std::collections::BTreeMap;

use super::declared;

/// The id of a cluster that nobody named, as in Istio.
pub const DEFAULT_CLUSTER_ID: &str = "Kubernetes";

/// What is known of clusters. By default nothing is, as for an injector without access to one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The cluster that the injector belongs to.
    pub local: ClusterFacts,
    /// Others, by the id that a path names them by: `/inject/cluster/ID`.
    pub remotes: BTreeMap<String, ClusterFacts>,
}

impl Cluster {
    /// What is known of the cluster `id`, where the injector belongs to `local`; `None` for a cluster without access.
    #[must_use]
    pub fn of(&self, id: &str, local: &str) -> Option<&ClusterFacts> {
        if id == local { Some(&self.local) } else { self.remotes.get(id) }
    }
}

/// What is known of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// Namespaces by name.
    pub namespaces: BTreeMap<String, NamespaceFacts>,
    /// The nodes; `None` where they are not known.
    pub nodes: Option<Nodes>,
}

/// What the annotations that are read begin with: what a profile declares, and OpenShift's users and groups.
const READ: [&str; 2] = [declared::PREFIX, "openshift.io/sa.scc."];

/// What is read of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its annotations, as far as anything reads them.
    pub annotations: BTreeMap<String, String>,
}

impl NamespaceFacts {
    /// The facts of a namespace with these annotations. Others that it has are left out: tools write such all the time, and
    /// each change of a fact is a new configuration.
    #[must_use]
    pub fn of(mut annotations: BTreeMap<String, String>) -> Self {
        annotations.retain(|name, _| READ.iter().any(|start| name.starts_with(start)));
        Self { annotations }
    }
}

/// What is read of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its name.
    pub name: String,
    /// The version of its kubelet, `v1.33.1`.
    pub kubelet_version: String,
}

/// The nodes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    versions: BTreeMap<String, String>,
    all_native: bool,
}

impl Nodes {
    /// Whether a node of this name is there, and knows native sidecars if it is.
    #[must_use]
    pub fn node_is_native(&self, name: &str) -> Option<bool> {
        self.versions.get(name).map(|version| knows_native_sidecars(version))
    }

    /// Whether every node knows native sidecars; so it is, as in Istio, where there is none.
    #[must_use]
    pub const fn all_are_native(&self) -> bool {
        self.all_native
    }
}

impl FromIterator<NodeFacts> for Nodes {
    /// Of two nodes of one name the last counts.
    fn from_iter<I: IntoIterator<Item = NodeFacts>>(nodes: I) -> Self {
        let versions: BTreeMap<_, _> = nodes.into_iter().map(|n| (n.name, n.kubelet_version)).collect();
        // Once for the snapshot: no request has to look at every node.
        let all_native = versions.values().all(|version| knows_native_sidecars(version));
        Self { versions, all_native }
    }
}

/// Native sidecars are stable from Kubernetes 1.33 on. What is no version counts as an old one.
fn knows_native_sidecars(kubelet_version: &str) -> bool {
    const MINOR: i64 = 33;
    minor_version(kubelet_version).is_some_and(|minor| minor >= MINOR)
}

/// `v1.33.1-gke.100` → 33; 0 where there is no minor part; `None` for what Istio takes for no version. Its reading is
/// lenient: any number of numbers, then words between dots, with or without `-` before them, then `+` and more words.
fn minor_version(version: &str) -> Option<i64> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    // Each number is read, also those that nobody asks for: one that is too large spoils the version.
    let numbers: Vec<i64> = numbers.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let (pre, build) = rest.split_once('+').map_or((rest, None), |(pre, build)| (pre, Some(build)));
    let words = |text: &str| text.split('.').all(is_word);
    let well_formed = (pre.is_empty() || words(pre)) && build.is_none_or(words);
    well_formed.then(|| numbers.get(1).copied().unwrap_or_default())
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_of_a_namespace_that_nobody_reads_are_no_facts() {
        let names =
            ["pillion.dev/log-level", "openshift.io/sa.scc.uid-range", "openshift.io/requester", "team"];
        let of = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        assert_eq!(NamespaceFacts::of(of(&names)), NamespaceFacts { annotations: of(&names[..2]) });
    }

    #[test]
    fn kubelet_versions_are_read_as_leniently_as_in_istio() {
        for (version, minor) in [
            ("v1.33.1", Some(33)),
            ("1.34.0-gke.100+x", Some(34)),
            ("v1.33.5-eks-113cf36", Some(33)),
            ("v1.33.1+k3s1", Some(33)),
            ("v1.33rc1", Some(33)),
            ("v1.33.1~2", Some(33)),
            ("v1.33.1-", Some(33)),
            ("v1.33.1.2.3.4", Some(33)),
            ("v1", Some(0)),
            ("v2", Some(0)),
            ("v1-33.33", Some(0)),
            ("v1.0033.1", Some(33)),
            ("v1.32", Some(32)),
            ("", None),
            ("v", None),
            ("V1.33.1", None),
            (" v1.33.1", None),
            ("v1.33.1 ", None),
            ("vx.33", None),
            ("v1.x", None),
            ("v1..33", None),
            ("v1.33.", None),
            ("v1.33.1+", None),
            ("v1.33.1-a..b", None),
            ("v1.33.1+a+b", None),
            ("v1.33.1_1", None),
            ("v1.33.9223372036854775808", None),
            ("v1.-33", None),
        ] {
            assert_eq!(minor_version(version), minor, "{version}");
        }
    }

    fn nodes(versions: &[&str]) -> Nodes {
        let node = |(at, version): (usize, &&str)| NodeFacts {
            name: format!("node-{at}"),
            kubelet_version: String::from(*version),
        };
        versions.iter().enumerate().map(node).collect()
    }

    #[test]
    fn one_old_node_speaks_for_all() {
        assert!(nodes(&["v1.33.0", "v1.40.0"]).all_are_native());
        assert!(!nodes(&["v1.33.0", "v1.32.9"]).all_are_native());
        assert!(!nodes(&["v1.33.0", ""]).all_are_native());
        assert!(nodes(&[]).all_are_native(), "none is old");
    }

    #[test]
    fn a_node_of_a_name_speaks_for_itself() {
        let nodes = nodes(&["v1.33.0", "v1.32.9"]);
        assert_eq!(nodes.node_is_native("node-0"), Some(true));
        assert_eq!(nodes.node_is_native("node-1"), Some(false));
        assert_eq!(nodes.node_is_native("node-2"), None);
    }

    #[test]
    fn a_cluster_is_known_by_its_id() {
        let known = Cluster {
            remotes: [(String::from("east"), ClusterFacts::default())].into_iter().collect(),
            ..Cluster::default()
        };
        assert!(known.of("here", "here").is_some());
        assert!(known.of("east", "here").is_some());
        assert!(known.of("west", "here").is_none());
    }
}
