//! What to tell who applies a workload, before any pod of it is made: what stands on the workload and belongs on its
//! template, what will not be injected, what will be refused. Never: refusing; and nothing about workloads whose pods
//! another revision gets.

use pillion_core::config::Snapshot;
use pillion_core::inject::{Verdict, Warning, annotations};
use pillion_core::{lint, manifest};
use pillion_govalue::Value;

use super::Case;
use super::asked::{Asked, INJECT, Place, REVISION, Wish};

/// Most lines for one workload: people read a few.
const MOST: usize = 8;

/// What to tell of `object`, which is applied to a namespace of this place. `snapshot` is the configuration in use.
#[must_use]
pub fn advice(
    object: &Value<'_>,
    namespace: &str,
    place: &Place,
    snapshot: Option<&Snapshot>,
) -> Vec<String> {
    let mut lines = Vec::new();
    // What a controller made is nobody's to correct, and what cannot be read the API server refuses itself.
    if pillion_core::inject::controller(object).is_some() {
        return lines;
    }
    let Ok(pods) = manifest::pods(object) else { return lines };
    let Some(doc) = pods.into_iter().next() else { return lines };
    let case = Case::of(doc, namespace);
    let asked = place.asks(&case.namespace, &case.pod);
    if asked == Asked::Elsewhere {
        return lines;
    }
    misplaced(object, &case.pod, &mut lines);
    contradictions(&case.pod, place, &asked, &mut lines);
    match (asked, snapshot) {
        (Asked::Yes, Some(snapshot)) => tried(&case, snapshot, &mut lines),
        (Asked::No(why), snapshot) => {
            lines.extend(snapshot.into_iter().flat_map(|snapshot| slips(&case, snapshot)));
            images(&case.pod, why, &mut lines);
        }
        _ => {}
    }
    lines.truncate(MOST);
    lines
}

fn text<'v>(object: &'v Value<'_>, what: &str, key: &str) -> Option<&'v str> {
    object.at(&["metadata", what, key]).and_then(Value::as_str)
}

/// Labels and annotations that only a pod's own count of, and that stand on the workload alone.
fn misplaced(object: &Value<'_>, pod: &Value<'_>, lines: &mut Vec<String>) {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or("workload");
    let template = if kind == "CronJob" { "spec.jobTemplate.spec.template" } else { "spec.template" };
    for what in ["labels", "annotations"] {
        let own =
            object.at(&["metadata", what]).and_then(Value::as_map).into_iter().flat_map(|map| map.keys());
        for key in own.map(|key| key.as_str()) {
            let counts = key == INJECT || what == "annotations" && annotations::row(key).is_some();
            let on_pod = text(pod, "labels", key).or_else(|| text(pod, "annotations", key)).is_some();
            if counts && !on_pod {
                let what = what.trim_end_matches('s');
                lines.push(format!(
                    "{what} {key} of the {kind} has no effect: it belongs into {template}.metadata"
                ));
            }
        }
    }
}

/// What a pod's labels say against its namespace; what they say against each other the engine tells.
fn contradictions(pod: &Value<'_>, place: &Place, asked: &Asked, lines: &mut Vec<String>) {
    let label = |key| text(pod, "labels", key);
    let (wish, revision) = (label(INJECT), label(REVISION));
    if let (Wish::Enabled, Some(revision)) = (place.wish, revision)
        && !place.is_ours(revision)
    {
        lines.push(format!(
            "label {REVISION}={revision} of the pods has no effect: their namespace names a revision"
        ));
    }
    if wish == Some("true") && *asked != Asked::Yes && place.wish == Wish::Disabled {
        lines.push(format!("label {INJECT}=true has no effect: the namespace's istio-injection says no"));
    }
}

/// What the engine finds contradictory in a pod that it will not be asked about.
fn slips(case: &Case, snapshot: &Snapshot) -> Vec<String> {
    let warnings = case.injected(snapshot).map(|outcome| outcome.warnings).unwrap_or_default();
    let slips = warnings.iter().filter(|warning| matches!(warning, Warning::Contradiction(_)));
    slips.map(ToString::to_string).collect()
}

/// What the engine itself makes of the pod.
fn tried(case: &Case, snapshot: &Snapshot, lines: &mut Vec<String>) {
    let outcome = match case.injected(snapshot) {
        Ok(outcome) => outcome,
        Err(error) => {
            let message = error.to_string();
            // Bad annotations are told one a line.
            let bullets: Vec<&str> =
                message.lines().filter_map(|line| line.trim_start().strip_prefix("* ")).collect();
            let told = if bullets.is_empty() { vec![message.as_str()] } else { bullets };
            lines.extend(told.into_iter().map(|line| {
                let line = line.strip_prefix("failed to run injection template: ").unwrap_or(line);
                format!("pods will be refused: {line}")
            }));
            return;
        }
    };
    lines.extend(outcome.warnings.iter().map(ToString::to_string));
    if outcome.verdict != Verdict::Injected {
        images(&case.pod, outcome.reason.sentence().trim_end_matches('.'), lines);
        return;
    }
    let found = lint::lint(snapshot, &case.pod, &outcome);
    lines.extend(found.into_iter().map(|finding| finding.message));
}

/// Containers that only an injection gives an image, in a pod that gets none.
fn images(pod: &Value<'_>, why: &str, lines: &mut Vec<String>) {
    for list in ["containers", "initContainers"] {
        for container in pod.at(&["spec", list]).and_then(Value::as_list).unwrap_or_default() {
            if container.get("image").and_then(Value::as_str) == Some("auto") {
                let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
                lines.push(format!("container {name} has the image auto and is not injected: {why}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::embedded;
    use pillion_core::config::{Cluster, Settings};

    fn told(path: &str, object: &str) -> Vec<String> {
        let snapshot = embedded::build(Settings::default(), Cluster::default()).unwrap().snapshot;
        let object = pillion_goyaml::parse(object).unwrap();
        advice(&object, "shop", &Place::of_path(path), Some(&snapshot))
    }

    const OURS: &str = "/namespace/enabled/rev/default";
    const SILENT: &str = "/namespace/silent/rev/default";

    fn deployment(metadata: &str, template: &str, spec: &str) -> String {
        let image = if spec.contains("containers") { "" } else { "containers: [{name: app, image: a}]," };
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, {metadata}}}, spec: {{template: \
             {{metadata: {{{template}}}, spec: {{{image} {spec}}}}}}}}}"
        )
    }

    #[test]
    fn each_mistake_is_told_in_one_line() {
        let inject = |value| format!("labels: {{sidecar.istio.io/inject: '{value}'}}");
        for (path, object, line) in [
            (
                OURS,
                deployment(&inject("false"), "", ""),
                "label sidecar.istio.io/inject of the Deployment has no effect",
            ),
            (
                OURS,
                deployment("annotations: {proxy.istio.io/config: '{}'}", "", ""),
                "annotation proxy.istio.io/config of the Deployment has no effect",
            ),
            (
                OURS,
                deployment(
                    "",
                    "labels: {sidecar.istio.io/inject: 'true'}, annotations: {sidecar.istio.io/inject: 'false'}",
                    "",
                ),
                "label and annotation sidecar.istio.io/inject disagree",
            ),
            (
                SILENT,
                deployment("", "", "containers: [{name: istio-proxy, image: auto}]"),
                "container istio-proxy has the image auto and is not injected: neither the namespace nor the pod asks",
            ),
            (
                OURS,
                deployment("", "", "hostNetwork: true, containers: [{name: p, image: auto}]"),
                "container p has the image auto and is not injected: The pod uses the host's network",
            ),
            (
                OURS,
                deployment("", "annotations: {sidecar.istio.io/proxyCPU: lots}", ""),
                "pods will be refused: invalid value 'lots' for annotation 'sidecar.istio.io/proxyCPU'",
            ),
            (
                OURS,
                deployment("", "annotations: {inject.istio.io/templates: nosuch}", ""),
                "pods will be refused: requested template \"nosuch\" not found",
            ),
            (
                OURS,
                deployment("", "labels: {istio.io/rev: other}", ""),
                "label istio.io/rev=other of the pods has no effect",
            ),
            (
                "/namespace/disabled/rev/default",
                deployment("", &inject("true"), ""),
                "label sidecar.istio.io/inject=true has no effect: the namespace's istio-injection says no",
            ),
            (OURS, deployment("", &inject("maybe"), ""), "sidecar.istio.io/inject is \"maybe\""),
        ] {
            let told = told(path, &object);
            assert!(told.len() == 1 && told[0].contains(line), "{object}: {told:#?}");
        }
    }

    #[test]
    fn nothing_is_told_of_what_is_well_or_not_ours() {
        let well = deployment("labels: {app: web}", "labels: {app: web}", "");
        assert_eq!(told(OURS, &well), [""; 0]);
        assert_eq!(told(SILENT, &well), [""; 0]);
        let others =
            deployment("labels: {sidecar.istio.io/inject: 'true'}", "labels: {istio.io/rev: other}", "");
        assert_eq!(told(SILENT, &others), [""; 0]);
        let job = "{apiVersion: batch/v1, kind: Job, metadata: {name: j, labels: {sidecar.istio.io/inject: 'true'}, \
                   ownerReferences: [{controller: true, kind: CronJob, name: c}]}, spec: {template: {spec: {}}}}";
        assert_eq!(told(OURS, job), [""; 0]);
        assert_eq!(told(OURS, "{apiVersion: v1, kind: Service}"), [""; 0]);
        assert_eq!(told(OURS, "[]"), [""; 0]);
    }

    #[test]
    fn a_cron_jobs_template_is_named() {
        let cron = "{apiVersion: batch/v1, kind: CronJob, metadata: {name: c, labels: {sidecar.istio.io/inject: 'false'}}, \
                    spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: a}]}}}}}}";
        assert!(told(OURS, cron)[0].ends_with("it belongs into spec.jobTemplate.spec.template.metadata"));
    }
}
