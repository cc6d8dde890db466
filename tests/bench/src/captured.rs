//! [`Captured`]: a review that a real API server sent, taken apart so that it can become the review of another pod of the
//! same kind: what the API server or a controller makes anew gets a hole, names become a workload's own. The fields and
//! their order stay as they were sent. Never: which pods there are.

use anyhow::{Context, Result};
use pillion_govalue::json::{self, Style};
use pillion_govalue::{Map, Value, parse};

use crate::review::{Body, mix};

/// As API servers write JSON.
const AS_SENT: Style = Style { sort_keys: false, escape_html: true };

/// The kinds of workloads whose pods were captured by `tests/e2e/reviews.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By way of a ReplicaSet.
    Deployment,
    /// With a claim; its pods have names.
    StatefulSet,
    /// With a node's name in the affinity.
    DaemonSet,
    /// An indexed Job.
    Job,
}

impl Kind {
    const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Deployment => ("shop-deployment", include_str!("../reviews/deployment.json")),
            Self::StatefulSet => ("shop-statefulset", include_str!("../reviews/statefulset.json")),
            Self::DaemonSet => ("shop-daemonset", include_str!("../reviews/daemonset.json")),
            Self::Job => ("shop-job", include_str!("../reviews/job.json")),
        }
    }
}

/// A captured review that may be changed.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    name: &'static str,
    review: Value<'static>,
}

/// What a workload is called.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// What its controller's hash and uid are made from; a mark makes one for each pod.
    pub(crate) owner: Owner,
}

/// Who made the pod.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// The workload of this number.
    Number(u64),
    /// Another for each pod: a mark.
    Mark(String),
}

impl Captured {
    /// The review of a pod of this kind.
    pub(crate) fn of(kind: Kind) -> Result<Self> {
        let (name, text) = kind.text();
        let review = parse(text.as_bytes()).with_context(|| format!("the captured review of {name}"))?;
        Ok(Self { name, review: review.into_owned() })
    }

    /// The pod.
    pub(crate) fn pod(&mut self) -> Result<&mut Value<'static>> {
        let request = self.review.get_mut("request").context("a review without request")?;
        request.get_mut("object").context("a review without object")
    }

    /// The first container.
    pub(crate) fn container(&mut self) -> Result<&mut Value<'static>> {
        let containers = self.pod()?.get_mut("spec").and_then(|spec| spec.child_list("containers"));
        containers.and_then(|list| list.first_mut()).context("a pod without containers")
    }

    /// Where managedFields say who owns the fields of the first container, and that of all containers.
    pub(crate) fn managed(&mut self) -> Result<&mut Map<'static>> {
        let fields = self.pod()?.get_mut("metadata").and_then(|meta| meta.child_list("managedFields"));
        let fields = fields.and_then(|list| list.first_mut()?.get_mut("fieldsV1"));
        let containers = fields.and_then(|fields| fields.get_mut("f:spec")?.get_mut("f:containers"));
        containers.and_then(Value::as_map_mut).context("managedFields without containers")
    }

    /// The body, for pods of a workload that is called so.
    pub(crate) fn body(&self, called: &Called) -> Result<Body> {
        let request = |path: &[&str]| self.review.get("request").and_then(|request| request.at(path));
        let text = |path: &[&str]| request(path).and_then(Value::as_str);
        let meta = |path: &[&str]| text(&[&["object", "metadata"], path].concat());
        let labels = |name: &str| meta(&["labels", name]);
        let mut body = json::to_string(&self.review, AS_SENT);
        let mut put = |old: &str, new: &str| body = body.replace(old, new);

        put(text(&["uid"]).context("a request without uid")?, "⟦uid⟧");
        for token in self.tokens() {
            put(&token, "kube-api-access-⟦token⟧");
        }
        let fields = request(&["object", "metadata", "managedFields"]).and_then(Value::as_list);
        for time in fields.into_iter().flatten().filter_map(|entry| entry.get("time")?.as_str()) {
            put(time, "⟦time⟧");
        }
        if let Some(hash) = labels("pod-template-hash").or_else(|| labels("controller-revision-hash")) {
            let hash = hash.rsplit('-').next().unwrap_or(hash);
            put(hash, &called.owner.hash());
        }
        let owners = request(&["object", "metadata", "ownerReferences"]).and_then(Value::as_list);
        let owner = owners.and_then(|list| list.first()?.get("uid")?.as_str());
        put(owner.context("a pod without owner")?, &called.owner.uid());
        if let Some(index) = labels("apps.kubernetes.io/pod-index")
            .or_else(|| labels("batch.kubernetes.io/job-completion-index"))
        {
            put(&format!("{}-{index}", self.name), &format!("{}-⟦ordinal⟧", self.name));
            for key in ["apps.kubernetes.io/pod-index", "batch.kubernetes.io/job-completion-index"] {
                put(&format!(r#""{key}":"{index}""#), &format!(r#""{key}":"⟦ordinal⟧""#));
            }
        }
        if let Some(node) = self.node() {
            put(&format!("\"{node}\""), "\"node-⟦ordinal⟧\"");
        }
        let namespace = text(&["namespace"]).context("a request without namespace")?;
        put(&format!("\"{namespace}\""), &format!("\"{}\"", called.namespace));
        put(self.name, &called.name);
        Body::new(&body)
    }

    /// Names of the token's volume.
    fn tokens(&self) -> Vec<String> {
        let volumes = self.review.at(&["request", "object", "spec", "volumes"]).and_then(Value::as_list);
        let names = volumes.into_iter().flatten().filter_map(|volume| volume.get("name")?.as_str());
        names.filter(|name| name.starts_with("kube-api-access-")).map(str::to_owned).collect()
    }

    /// The node that a DaemonSet's pod is meant for.
    fn node(&self) -> Option<&str> {
        let affinity = self.review.at(&["request", "object", "spec", "affinity", "nodeAffinity"])?;
        let terms = affinity.at(&["requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"])?;
        let field = terms.as_list()?.first()?.get("matchFields")?.as_list()?.first()?;
        field.get("values")?.as_list()?.first()?.as_str()
    }
}

impl Owner {
    fn hash(&self) -> String {
        match self {
            Self::Number(number) => format!("{:09x}", mix(*number, 7) >> 28),
            Self::Mark(mark) => format!("{mark}f"),
        }
    }

    fn uid(&self) -> String {
        match self {
            Self::Number(number) => format!("0b8a4c1e-5d21-4f0a-9c3e-{:012x}", mix(*number, 8) >> 16),
            Self::Mark(mark) => format!("0b8a4c1e-5d21-4f0a-9c3e-{mark}0000"),
        }
    }
}
