//! [`Pillion`]: the injector under test, in this process: the same reading of reviews and the same engine as the
//! webhook's, and a trace of what ran, for the coverage table.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use percent_encoding::percent_decode_str;
use pillion::Capacity;
use pillion::engine::{Engine, Preview};
use pillion::review::{self, Object, Review};
use pillion::telemetry::Metrics;
use pillion_core::config::{Cluster, Gates, NativeSidecars, Platform, Settings, Snapshot, Source, Sources};
use pillion_core::inject::{self, Reason, Request, Step, Trace, Verdict};
use pillion_govalue::encode::go_json;
use pillion_govalue::json::{PLAIN, to_string};
use pillion_govalue::types::KNOWN;
use serde_json::Value;

use crate::answer::Answer;
use crate::clusters;
use crate::compare::differences;
use crate::configuration::Configuration;
use crate::gates::{self, Probes};
use crate::injector::Injector;
use crate::memory::{self, Memo, Memory};
use crate::properties::without_nulls;

/// Pillion under one configuration.
///
/// For the comparison it is held to what Istio does; where it does better on purpose, it is switched off there and
/// on for the property that it serves.
pub struct Pillion {
    engine: Arc<Engine>,
    better: Snapshot,
    probes: Probes,
    memory: Option<Memory>,
}

impl Pillion {
    /// Loads what lies in `dir`, with the settings that the configuration's header gives, to behave as `release` does.
    pub fn load(release: &str, configuration: &Configuration, dir: &Path, memo: Memo) -> Result<Self> {
        let cluster = clusters::read(dir)?;
        let build =
            |change: &dyn Fn(&mut Gates)| snapshot(release, configuration, dir, cluster.clone(), change);
        // The one row of the table where Istio, in every release, does what nobody wants; the core's tests hold it.
        let mut like_istio = build(&|gates| gates.overrides_survive = false)?;
        like_istio.blocks = memo.blocks();
        let probes = Probes::new(release, &like_istio.gates, |gate| {
            build(&|gates| {
                gates.overrides_survive = false;
                gates.flip(gate);
            })
        })?;
        let better = build(&|_| {})?;
        let memory = Memory::new(memo, &like_istio);
        // Each pod is asked about once here: what is compared with Istio is worked out.
        let engine = Engine::with_memo(Arc::new(Metrics::new(&configuration.revision)), Capacity::Off);
        engine.replace(like_istio);
        Ok(Self { engine, better, probes, memory })
    }
}

/// The snapshot of what lies in `dir`, with the settings that the configuration's header gives and gates changed.
pub fn snapshot(
    release: &str,
    configuration: &Configuration,
    dir: &Path,
    cluster: Cluster,
    change: &dyn Fn(&mut Gates),
) -> Result<Snapshot> {
    let read = |name: &str| std::fs::read_to_string(dir.join(name));
    let (injector, values) = (read("config")?, read("values")?);
    let mesh = read("mesh").ok();
    let resources = read("proxyconfigs.yaml").unwrap_or_default();
    let resources: Vec<&str> = resources.split("\n---\n").filter(|d| !d.trim().is_empty()).collect();
    let sources = Sources {
        injector: Source { name: "config", text: &injector },
        values: Source { name: "values", text: &values },
        mesh: mesh.as_ref().map(|text| Source { name: "mesh", text }),
        shared_mesh: None,
        proxy_configs: resources.into_iter().map(|text| Source { name: "proxyconfigs.yaml", text }).collect(),
        annotations: None,
    };
    let built = Snapshot::build_with(&sources, settings(release, configuration), cluster, change);
    let built = built.map_err(|error| anyhow!("{error}"));
    Ok(built.context("Pillion does not take the configuration")?.snapshot)
}

/// The release is told from the configuration alone, unless the configuration's header says that it is named.
fn settings(release: &str, configuration: &Configuration) -> Settings {
    Settings {
        compat: configuration.compat_named.then(|| gates::level(release)).flatten(),
        revision: configuration.revision.clone(),
        native_sidecars: NativeSidecars::parse(configuration.env("ENABLE_NATIVE_SIDECARS")),
        cluster_id: configuration.env("CLUSTER_ID").unwrap_or_default().to_owned(),
        platform: match configuration.env("PLATFORM") {
            Some("openshift") => Platform::OpenShift,
            Some("gcp") => Platform::Gcp,
            _ => Platform::None,
        },
        compliance_policy: configuration.env("COMPLIANCE_POLICY").unwrap_or_default().to_owned(),
        env: configuration.env.iter().cloned().collect::<BTreeMap<_, _>>(),
        ..Settings::default()
    }
}

impl Injector for Pillion {
    fn admit(&self, path: &str, body: &[u8]) -> Answer {
        // As the HTTP layer does: the query goes, escapes are undone.
        let path = path.split('?').next().unwrap_or_default();
        let path = percent_decode_str(path).decode_utf8_lossy();
        let (reply, _) = self.engine.admit(&path, body, Preview::No);
        let mut fired = Fired(vec![format!("reason: {}", reply.report.reason)]);
        self.trace(&path, body, &mut fired);
        fired.0.extend(self.memory.iter().flat_map(|memory| memory.replicas(&path, body)));
        Answer { code: reply.status.as_u16(), body: reply.body, panicked: false, fired: fired.0 }
    }
}

impl Pillion {
    /// Injects once more, with a trace that listens, and checks what must hold of every injection.
    fn trace(&self, path: &str, body: &[u8], fired: &mut Fired) {
        let Ok(Review { request: Some(request), .. }) = review::decode(body) else { return };
        let (Object::Text(object), Some(generation)) = (&request.object, self.engine.generation()) else {
            return;
        };
        let inject = |snapshot: &Snapshot, text: &str, fired: &mut Fired| {
            let pod = pillion_govalue::parse(text.as_bytes()).ok()?;
            let asked = Request { pod, namespace: &request.namespace, path, owner: None, now: Some(0) };
            let outcome = inject::inject(snapshot, &asked, fired).ok()?;
            (outcome.verdict == Verdict::Injected)
                .then(|| (to_string(&outcome.pod, PLAIN), pillion_kubepatch::write_patch(&outcome.patch)))
        };
        let injected = inject(&generation.snapshot, object, fired);
        self.probes.probe(injected.as_ref().map(|(_, patch)| patch.as_str()), fired, |other| {
            inject(other, object, &mut Fired(vec![])).map(|(_, patch)| patch)
        });
        let Some((once, patch)) = injected else { return };
        fired.check_patch(object, &patch, &once);
        let injected_before = pillion_govalue::parse(object.as_bytes())
            .is_ok_and(|pod| pod.at(&["metadata", "annotations", "sidecar.istio.io/status"]).is_some());
        if injected_before {
            Self::again(object, inject(&self.better, object, &mut Fired(vec![])), fired);
        }
    }

    /// Notes what an injection changed in a pod that was injected before.
    fn again(before: &str, after: Option<(String, String)>, fired: &mut Fired) {
        let Some((after, _)) = after else { return };
        // Both as Go writes them, so that the spelling of a quantity is no change.
        let typed = |text: &str| -> Option<Value> {
            let pod = pillion_govalue::parse(text.as_bytes()).ok()?;
            let written = go_json(&pod, KNOWN.pod).ok()?;
            serde_json::from_str(&written).ok().map(without_nulls)
        };
        let (Some(before), Some(after)) = (typed(before), typed(&after)) else { return };
        let changes = differences(&before, &after);
        fired.0.extend(changes.iter().map(|change| format!("{AGAIN_CHANGES}{}", change.path)));
    }
}

/// Whether two JSON texts mean the same.
fn equal(a: &str, b: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text);
    matches!((parse(a), parse(b)), (Ok(a), Ok(b)) if a == b)
}

/// How a firing begins that says what a second injection changed.
pub const AGAIN_CHANGES: &str = "again: changes ";

/// What must fire in a whole run: every reason that a review can have, and every pass.
#[must_use]
pub fn expectations(memo: Memo) -> Vec<String> {
    /// Reasons that need another transport or a broken program.
    const NOT_BY_REVIEW: &[Reason] = &[
        Reason::EmptyBody,
        Reason::BodyTooLarge,
        Reason::BodyUnreadable,
        Reason::WrongContentType,
        Reason::NotReady,
        Reason::Deadline,
        Reason::Internal,
        // Istio does not start with a template that does not compile, and has no budget; it checks the annotation first.
        Reason::TemplateBroken,
        Reason::TemplateBudget,
        // Istio's configurations leave out no such pods; our own profile does.
        Reason::Windows,
        Reason::JobWithoutNativeSidecar,
    ];
    let reasons = Reason::ALL.iter().filter(|reason| !NOT_BY_REVIEW.contains(reason));
    let mut all: Vec<String> = reasons.map(|reason| format!("reason: {reason}")).collect();
    all.extend(DECIDED_BY.iter().map(|rule| format!("decided: by {rule}")));
    all.extend(FACTS.iter().map(|fact| (*fact).to_owned()));
    all.extend(STAGES.iter().map(|stage| format!("stage: {stage}")));
    if memo != Memo::Off {
        all.extend([memory::REMEMBERED, memory::WORKED_OUT].map(String::from));
    }
    all.extend(PASSES.iter().map(|pass| format!("pass: {pass} changed the pod")));
    all
}

/// The rules that settle whether a pod is injected.
const DECIDED_BY: &[&str] = &[
    "hostNetwork",
    "namespace",
    "label",
    "annotation",
    "neverInjectSelector",
    "alwaysInjectSelector",
    "policy",
];

/// What the facts of clusters can say.
const FACTS: &[&str] = &[
    "namespace: known",
    "namespace: not asked for or unknown",
    "native: true by switch",
    "native: false by switch",
    "native: false by release",
    "native: true by its node",
    "native: false by its node",
    "native: true by all nodes",
    "native: false by all nodes",
    "native: false by nodes unknown",
];

/// The stages before the passes that not every pod goes through.
const STAGES: &[&str] = &[
    "strip containers",
    "strip nothing",
    "overrides put back",
    "native sidecar moved",
    "override of container istio-proxy",
    "override of init container istio-proxy",
    "override of init container istio-init",
    "override of init container istio-validation",
];

/// The passes after the merge.
const PASSES: &[&str] = &[
    "cluster_env",
    "prometheus_merge",
    "prometheus_secure_port",
    "app_probes",
    "metadata",
    "container_order",
];

/// Collects the steps of an injection by name.
pub(crate) struct Fired(pub(crate) Vec<String>);

impl Fired {
    /// `apply(pod, patch)` is the injected pod.
    fn check_patch(&mut self, before: &str, patch: &str, after: &str) {
        let applied = (|| {
            let mut pod: Value = serde_json::from_str(before).ok()?;
            let patch: json_patch::Patch = serde_json::from_str(patch).ok()?;
            json_patch::patch(&mut pod, &patch).ok()?;
            Some(pod.to_string())
        })();
        if !applied.is_some_and(|pod| equal(&pod, after)) {
            self.0.push(BROKEN_PATCH.to_owned());
        }
    }
}

/// Fired where the patch does not make the pod that the core says it made.
pub const BROKEN_PATCH: &str = "broken: apply(pod, patch) is not the injected pod";

impl Trace for Fired {
    fn step(&mut self, step: Step<'_>) {
        let name = match step {
            Step::Decided { by, .. } => format!("decided: by {by}"),
            Step::Facts { namespace, native, by } => {
                self.0.push(format!(
                    "namespace: {}",
                    if namespace { "known" } else { "not asked for or unknown" }
                ));
                format!("native: {native} by {by}")
            }
            Step::Stripped { containers } => {
                format!("stage: strip {}", if containers > 0 { "containers" } else { "nothing" })
            }
            Step::OverridesReinserted { .. } => "stage: overrides put back".to_owned(),
            Step::NativeMoved => "stage: native sidecar moved".to_owned(),
            Step::OverrideApplied { container, init } => {
                let list = if init { "init container" } else { "container" };
                format!("stage: override of {list} {container}")
            }
            Step::Pass { name, changed } => {
                format!("pass: {name} {}", if changed { "changed the pod" } else { "changed nothing" })
            }
            Step::Gate { .. }
            | Step::Rule { .. }
            | Step::Pod { .. }
            | Step::TemplateChosen { .. }
            | Step::Rendered { .. }
            | Step::Merged { .. }
            | Step::Annotation { .. } => return,
        };
        self.0.push(name);
    }
}
