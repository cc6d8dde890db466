//! Which kinds of objects hold a pod, and where: one table. Never reads or changes an object.

/// A kind whose objects hold a pod or the template of one.
#[derive(Debug)]
pub(super) struct Kind {
    /// The kind.
    pub(super) name: &'static str,
    /// The API groups in which it is that kind; the version does not matter. Another group's `Job` is another thing.
    groups: &'static [&'static str],
    /// The fields that lead to what has the pod's `metadata` and `spec`.
    pub(super) template: &'static [&'static str],
    /// Whether an object without a template is an error; a Rollout may refer to another workload instead.
    pub(super) required: bool,
}

const TEMPLATE: &[&str] = &["spec", "template"];
const APPS: &[&str] = &["apps", "extensions"];

/// The kinds that `istioctl kube-inject` knows, and Argo's Rollout.
const KINDS: [Kind; 10] = [
    Kind { name: "Pod", groups: &[""], template: &[], required: true },
    Kind { name: "Deployment", groups: APPS, template: TEMPLATE, required: true },
    Kind { name: "StatefulSet", groups: APPS, template: TEMPLATE, required: true },
    Kind { name: "DaemonSet", groups: APPS, template: TEMPLATE, required: true },
    Kind { name: "ReplicaSet", groups: APPS, template: TEMPLATE, required: true },
    Kind { name: "ReplicationController", groups: &[""], template: TEMPLATE, required: true },
    Kind { name: "Job", groups: &["batch"], template: TEMPLATE, required: true },
    Kind {
        name: "CronJob",
        groups: &["batch"],
        template: &["spec", "jobTemplate", "spec", "template"],
        required: true,
    },
    Kind { name: "DeploymentConfig", groups: &["", "apps.openshift.io"], template: TEMPLATE, required: true },
    Kind { name: "Rollout", groups: &["argoproj.io"], template: TEMPLATE, required: false },
];

/// The kind of an object that says so in `kind` and `apiVersion`.
pub(super) fn find(kind: &str, api_version: &str) -> Option<&'static Kind> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    KINDS.iter().find(|known| known.name == kind && known.groups.contains(&group))
}

/// Whether the object is a List of other objects.
pub(super) fn is_list(kind: &str, api_version: &str) -> bool {
    kind == "List" && api_version == "v1"
}
