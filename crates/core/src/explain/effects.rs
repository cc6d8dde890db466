//! What one annotation, or one ProxyConfig resource, has to do with the outcome: the run is done again without it, and
//! the two pods are compared. So no run has to keep books. Never: more runs than the pod has annotations of ours.

use pillion_govalue::{Map, Value};

use super::change::{self, Change};
use crate::config::{Snapshot, proxyconfig};
use crate::inject::{self, Outcome, Request, annotations};

/// An annotation that bears on injection, or looks as if it should.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnotationSeen {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it stands on the pod's namespace.
    pub of_namespace: bool,
    /// What it is for; nothing where injection does not know it, as with a misspelt name.
    pub doc: Option<String>,
    /// What is wrong with its value, where that refuses the pod.
    pub problem: Option<String>,
    /// What it changes in the pod that comes out.
    pub changes: Vec<Change>,
    /// What becomes of the pod without it, where that is something else.
    pub without: Option<String>,
}

/// A layer of the pod's `ProxyConfig`.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSeen {
    /// Where it comes from: `mesh`, `namespace`…
    pub of: &'static str,
    /// The resource, `NAMESPACE/NAME`, where it comes from one.
    pub resource: Option<String>,
    /// What it sets.
    pub sets: Value<'static>,
    /// What it changes in the pod that comes out; nothing is tried for the mesh and the annotation.
    pub changes: Vec<Change>,
}

/// Names that only injection and the proxy use.
const OURS: [&str; 10] = [
    "sidecar.istio.io/",
    "inject.istio.io/",
    "proxy.istio.io/",
    "traffic.sidecar.istio.io/",
    "status.sidecar.istio.io/",
    "readiness.status.sidecar.istio.io/",
    "prometheus.istio.io/",
    "topology.istio.io/",
    "istio.io/",
    "pillion.dev/",
];
/// Most annotations that a run is done again for: a stranger writes them.
const MOST: usize = 64;

/// Whether injection knows an annotation, or it looks as if injection should.
#[must_use]
pub fn bears_on_injection(name: &str) -> bool {
    annotations::row(name).is_some() || OURS.iter().any(|ours| name.starts_with(ours))
}

/// The annotations and layers of a request, of which `outcome` came; nothing where the pod was refused.
pub(super) fn of(
    snapshot: &Snapshot,
    request: &Request<'_>,
    outcome: Option<&Outcome<'_>>,
) -> (Vec<AnnotationSeen>, Vec<LayerSeen>) {
    let mut seen: Vec<AnnotationSeen> = all(&request.pod)
        .filter(|(name, _)| bears_on_injection(name))
        .take(MOST)
        .map(|(name, value)| annotation(snapshot, request, outcome, name, value))
        .collect();
    let of_namespace = inject::of_namespace(snapshot, request);
    seen.extend(of_namespace.into_iter().map(|(name, value)| {
        let without = without(snapshot, &name);
        let (changes, ends) = compared(&without, request, outcome, "");
        AnnotationSeen { of_namespace: true, changes, without: ends, ..known(snapshot, &name, &value) }
    }));
    seen.sort_by(|a, b| a.name.cmp(&b.name));
    (seen, layers(snapshot, request, outcome))
}

fn all<'p>(pod: &'p Value<'_>) -> impl Iterator<Item = (&'p str, &'p str)> {
    let annotations = pod.at(&["metadata", "annotations"]).and_then(Value::as_map);
    annotations
        .into_iter()
        .flat_map(Map::iter)
        .map(|(name, value)| (&**name, value.as_str().unwrap_or_default()))
}

fn annotation(
    snapshot: &Snapshot,
    request: &Request<'_>,
    outcome: Option<&Outcome<'_>>,
    name: &str,
    value: &str,
) -> AnnotationSeen {
    let mut seen = known(snapshot, name, value);
    let mut without = request.clone();
    forget(&mut without.pod, name);
    (seen.changes, seen.without) = compared(snapshot, &without, outcome, name);
    seen
}

/// The same configuration, where no namespace has this annotation.
fn without(snapshot: &Snapshot, name: &str) -> Snapshot {
    let mut without = snapshot.clone();
    let cluster = &mut without.cluster;
    for facts in std::iter::once(&mut cluster.local).chain(cluster.remotes.values_mut()) {
        facts.namespaces.values_mut().for_each(|namespace| {
            namespace.annotations.remove(name);
        });
    }
    without
}

/// An annotation, and what is known of it.
fn known(snapshot: &Snapshot, name: &str, value: &str) -> AnnotationSeen {
    let (row, declared) = (annotations::row(name), snapshot.declared.row(name));
    let problem = match declared {
        Some(declared) => declared.problem(value).map(|problem| problem.to_string()),
        None => row.and_then(|row| row.problem(value, &snapshot.gates)),
    };
    let doc = declared.map(|declared| declared.doc.clone()).or_else(|| row.map(|row| row.doc.to_owned()));
    AnnotationSeen {
        name: name.to_owned(),
        value: value.to_owned(),
        of_namespace: false,
        doc,
        problem,
        changes: Vec::new(),
        without: None,
    }
}

/// What the run without something makes otherwise: changes of the pod, or another end altogether.
fn compared(
    snapshot: &Snapshot,
    without: &Request<'_>,
    outcome: Option<&Outcome<'_>>,
    annotation: &str,
) -> (Vec<Change>, Option<String>) {
    match (inject::inject(snapshot, without, &mut ()), outcome) {
        (Ok(other), Some(outcome)) if other.reason == outcome.reason => {
            let (mut before, mut after) = (other.pod.into_owned(), outcome.pod.clone().into_owned());
            for pod in [&mut before, &mut after] {
                forget(pod, annotation);
            }
            (change::between(&before, &after), None)
        }
        (Ok(other), _) => (Vec::new(), Some(other.reason.code().to_owned())),
        (Err(error), Some(_)) => (Vec::new(), Some(error.reason().code().to_owned())),
        (Err(_), None) => (Vec::new(), None),
    }
}

fn forget(pod: &mut Value<'_>, annotation: &str) {
    let metadata = pod.get_mut("metadata");
    let annotations =
        metadata.and_then(|metadata| metadata.get_mut("annotations")).and_then(Value::as_map_mut);
    if let Some(annotations) = annotations {
        annotations.remove(annotation);
    }
}

fn layers(snapshot: &Snapshot, request: &Request<'_>, outcome: Option<&Outcome<'_>>) -> Vec<LayerSeen> {
    let own =
        request.pod.at(&["metadata", "namespace"]).and_then(Value::as_str).filter(|name| !name.is_empty());
    let target = proxyconfig::Target {
        namespace: own.unwrap_or(request.namespace),
        label: |key: &str| {
            request.pod.at(&["metadata", "labels", key]).map(|v| v.as_str().unwrap_or_default())
        },
        annotation: request
            .pod
            .at(&["metadata", "annotations", proxyconfig::ANNOTATION])
            .and_then(Value::as_str),
    };
    let layers = proxyconfig::layers(&snapshot.mesh, &snapshot.proxy_configs, &target);
    let seen = layers.into_iter().map(|layer| {
        let changes = layer.resource.map(|resource| {
            let proxy_configs = snapshot.proxy_configs.without(resource.namespace(), resource.name());
            compared(&Snapshot { proxy_configs, ..snapshot.clone() }, request, outcome, "").0
        });
        LayerSeen {
            of: layer.of.name(),
            resource: layer.resource.map(|resource| format!("{}/{}", resource.namespace(), resource.name())),
            sets: Value::map(layer.sets),
            changes: changes.unwrap_or_default(),
        }
    });
    seen.collect()
}
