//! One pod in, one patch out: a pure function of a snapshot and a request.
//!
//! | file | stage |
//! |---|---|
//! | `request` | what goes in and what comes out |
//! | `path` | parameters of the request's path |
//! | `facts` | what is known of the pod: owner, cluster, ids |
//! | `check` | the pod against the Go types |
//! | `decide` | injected or skipped |
//! | `advice` | what the user should know of a pod that is admitted |
//! | `annotations` | one table, and whether the values can be used |
//! | `declared` | what the annotations that a profile declares come to |
//! | `status` | what an earlier injection put in |
//! | `overrides` | what an earlier injection left, what the user set himself |
//! | `root`, `functions` | what templates may see and call |
//! | `render`, `overlay` | templates → texts → merged pod |
//! | `fold` | names of fields in another case |
//! | `finish` | the passes that no template can do |
//! | `reason`, `error`, `trace` | how an answer is explained |
//!
//! Never: input and output, clocks, logging.

mod advice;
pub mod annotations;
pub mod check;
mod context;
mod decide;
mod declared;
mod error;
mod facts;
mod finish;
mod fold;
pub mod functions;
mod overlay;
mod overrides;
mod path;
mod reason;
mod render;
mod request;
pub(crate) mod root;
mod status;
mod trace;

pub use decide::{IGNORED_NAMESPACES, looked_at};
pub(crate) use declared::of_namespace;
pub use error::{BadAnnotation, BadAnnotations, FinishError, InjectError, OverlayFault, OverlayStep};
pub use facts::controller;
pub use finish::metadata::STATUS;
pub use reason::{Reason, Verdict};
pub use request::{Contradiction, Outcome, Owner, Request, Warning};
pub use trace::{Stage, Step, Trace};

pub(crate) use facts::PROXY_ID;
#[cfg(test)]
pub(crate) use facts::owner as owner_of;
pub(crate) use finish::containers::{INIT, PROXY, VALIDATION};

use pillion_govalue::Value;
use pillion_govalue::types::KNOWN;

use crate::config::{InjectorConfig, Platform, Snapshot, proxyconfig};
use context::Context;
use facts::text;

/// Injects one pod, or says why it is skipped.
///
/// # Errors
/// [`InjectError`] where the pod is refused.
pub fn inject<'r, T: Trace>(
    snapshot: &Snapshot,
    request: &Request<'r>,
    trace: &mut T,
) -> Result<Outcome<'r>, InjectError> {
    if request.pod.is_null() {
        return Err(InjectError::NoObject);
    }
    if T::ACTIVE {
        for (name, open) in snapshot.gates.list() {
            trace.step(Step::Gate { name, open });
        }
    }
    check::check(&request.pod, KNOWN.pod).map_err(|e| InjectError::BadPod(e.to_string()))?;
    let (original, namespace_filled) = with_namespace(request);
    trace.step(Step::Pod { after: Stage::Start, pod: &original });
    let mut warnings = Vec::new();
    let decision = decide::decide(&original, request, snapshot, &mut warnings, trace);
    trace.step(Step::Decided { reason: decision.reason, by: decision.by });
    advice::give(&original, decision, snapshot, &mut warnings);
    if decision.reason != Reason::Injected {
        return Ok(Outcome {
            verdict: Verdict::Skipped,
            reason: decision.reason,
            warnings,
            patch: Vec::new(),
            pod: request.pod.clone(),
        });
    }
    let cx = context(snapshot, request, original, &mut warnings, trace);
    let mut pod = injected(&cx, request, trace)?;
    if namespace_filled {
        restore_namespace(&mut pod, &request.pod);
        trace.step(Step::Pod { after: Stage::End, pod: &pod });
    }
    let patch = pillion_kubepatch::diff(&request.pod, &pod, KNOWN.pod);
    Ok(Outcome { verdict: Verdict::Injected, reason: Reason::Injected, warnings, patch, pod })
}

/// The names of the templates that a pod is injected with, aliases resolved.
///
/// # Errors
/// A pod that asks for too many.
pub fn templates<'p>(config: &'p InjectorConfig, pod: &'p Value<'_>) -> Result<Vec<&'p str>, InjectError> {
    render::chosen(pod, config)
}

/// The stages from a decided pod to the finished one.
fn injected<'r, T: Trace>(
    cx: &Context<'_, 'r>,
    request: &Request<'r>,
    trace: &mut T,
) -> Result<Value<'r>, InjectError> {
    annotations::check_all(cx, trace).map_err(InjectError::BadAnnotations)?;
    let stripped = overrides::stripped(cx, trace)?;
    let owner = request.owner.clone().unwrap_or_else(|| facts::owner(&cx.original, &cx.snapshot.gates));
    let root = root::root(cx, &stripped, &owner);
    let environment = environment(cx.snapshot, request);
    let rendered = render::render(cx, &root, &environment, trace);
    if environment.clock_read.get() {
        trace.clock_read();
    }
    let render::Rendered { mut pod, template_pod } = rendered?;
    overrides::reapply(&mut pod, &template_pod, cx, trace)?;
    trace.step(Step::Pod { after: Stage::Overrides, pod: &pod });
    if cx.snapshot.gates.adjust_init_user {
        finish::security::adjust_init_user(&mut pod, &cx.original, &cx.proxy_config);
        trace.step(Step::Pod { after: Stage::InitUser, pod: &pod });
    }
    finish::run(&mut pod, &template_pod, cx, trace)?;
    overrides::keep_order(&mut pod, cx)?;
    trace.step(Step::Pod { after: Stage::KeepOrder, pod: &pod });
    Ok(pod)
}

/// The pod with the request's namespace where it names none itself; and whether that was so.
fn with_namespace<'r>(request: &Request<'r>) -> (Value<'r>, bool) {
    let mut pod = request.pod.clone();
    if !text(&pod, &["metadata", "namespace"]).is_empty() || request.namespace.is_empty() {
        return (pod, false);
    }
    if let Some(metadata) = pod.child_map("metadata") {
        metadata.insert("namespace", String::from(request.namespace));
    }
    (pod, true)
}

/// The namespace belongs to the request, not to the pod: the patch leaves it alone.
fn restore_namespace<'r>(pod: &mut Value<'r>, original: &Value<'r>) {
    let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_map_mut) else { return };
    match original.at(&["metadata", "namespace"]) {
        Some(own) => {
            metadata.insert("namespace", own.clone());
        }
        None => {
            metadata.remove("namespace");
        }
    }
}

/// Everything about this injection that no longer changes.
fn context<'s, 'r, T: Trace>(
    snapshot: &'s Snapshot,
    request: &Request<'r>,
    mut original: Value<'r>,
    warnings: &mut Vec<Warning>,
    trace: &mut T,
) -> Context<'s, 'r> {
    let mut proxy_env = path::parameters(request.path, warnings);
    if snapshot.settings.platform == Platform::OpenShift && snapshot.gates.drop_user_like_app {
        finish::security::openshift_reset_user(&mut original, snapshot.gates.drop_user_like_init);
        trace.step(Step::Pod { after: Stage::ResetUser, pod: &original });
    }
    let (cluster, network) = facts::cluster_and_network(&original, snapshot, &proxy_env);
    let (cluster, network) = (String::from(cluster), String::from(network));
    let known = snapshot.facts_of(&cluster);
    for (key, value) in [(path::CLUSTER, cluster), (path::NETWORK, network)] {
        if !value.is_empty() {
            proxy_env.insert(String::from(key), value);
        }
    }
    let namespace_facts = facts::openshift_namespace(snapshot, &original, known);
    let (native, by) = facts::native_sidecar(snapshot, &original, known);
    trace.step(Step::Facts { namespace: namespace_facts.is_some(), native, by });
    let target = proxyconfig::Target {
        namespace: text(&original, &["metadata", "namespace"]),
        label: |key: &str| facts::label(&original, key),
        annotation: finish::containers::annotation(&original, proxyconfig::ANNOTATION),
    };
    let proxy_config = proxyconfig::effective(&snapshot.mesh, &snapshot.proxy_configs, &target);
    let declared = declared::resolve(snapshot, &original, known, warnings);
    Context { snapshot, original, proxy_config, proxy_env, namespace_facts, declared, native }
}

/// What the host lends to the templates.
fn environment(snapshot: &Snapshot, request: &Request<'_>) -> pillion_gotmpl::Env {
    let now = request.now.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).unwrap_or_default();
    pillion_gotmpl::Env { now, settings: snapshot.settings.env.clone(), ..Default::default() }
}

#[cfg(test)]
mod tests;
