//! Which templates a pod gets, and their texts laid over it one after the other.
//! Never: what happens to the pod before or after.

use pillion_gotmpl::{Env, ErrorKind, Limits};
use pillion_govalue::Value;
use pillion_goyaml::Blocks;

use super::context::Context;
use super::error::{InjectError, OverlayFault, OverlayStep};
use super::finish::containers::{self, List, PROXY, annotation};
use super::overlay::Overlay;
use super::trace::{Stage, Step, Trace};
use crate::config::InjectorConfig;

/// The annotation that names a pod's templates.
const TEMPLATES: &str = "inject.istio.io/templates";
/// Most templates of one pod.
const MOST: usize = 64;
/// The annotation that says whether the sidecar is a native one.
const NATIVE: &str = "sidecar.istio.io/nativeSidecar";

/// The merged pod, and what the templates alone make.
pub(crate) struct Rendered<'r> {
    pub(crate) pod: Value<'r>,
    pub(crate) template_pod: Value<'r>,
}

/// Renders every template of the pod and merges it in.
///
/// # Errors
/// A template that is missing, broken or fails, and output that cannot be merged.
pub(crate) fn render<'r, T: Trace>(
    cx: &Context<'_, 'r>,
    root: &Value<'r>,
    env: &Env,
    trace: &mut T,
) -> Result<Rendered<'r>, InjectError> {
    let mut out = Rendered { pod: cx.original.clone(), template_pod: Value::empty_map() };
    for name in chosen(&cx.original, &cx.snapshot.injector)? {
        trace.step(Step::TemplateChosen { name });
        let text = text(cx, name, root, env)?;
        trace.step(Step::Rendered { name, text: &text });
        let overlay = read(name, &text, &cx.snapshot.blocks)?;
        let overlay = Overlay::remembered(&overlay, &cx.snapshot.parts);
        out.template_pod = overlay
            .over(&out.template_pod)
            .map_err(|fault| InjectError::Overlay { step: OverlayStep::Template, fault })?;
        if wants_native(cx, &out.pod) && move_to_native(&mut out) {
            trace.step(Step::NativeMoved);
        }
        out.pod =
            overlay.over(&out.pod).map_err(|fault| InjectError::Overlay { step: OverlayStep::Pod, fault })?;
        trace.step(Step::Merged { name });
        trace.step(Step::Pod { after: Stage::Template(name), pod: &out.pod });
    }
    Ok(out)
}

/// The names of the pod's templates, aliases resolved (once: an alias does not lead to another).
///
/// # Errors
/// More of them than [`MOST`]: each is a whole rendering, and a stranger writes the annotation. (Istio renders on.)
pub(crate) fn chosen<'p>(
    pod: &'p Value<'_>,
    config: &'p InjectorConfig,
) -> Result<Vec<&'p str>, InjectError> {
    let asked: Vec<&str> = match annotation(pod, TEMPLATES) {
        Some(list) => list.split(',').map(str::trim).take(MOST + 1).collect(),
        None => config.default_templates.iter().map(String::as_str).collect(),
    };
    let mut out = Vec::with_capacity(asked.len());
    for name in asked {
        match config.aliases.get(name) {
            Some(others) => out.extend(others.iter().map(String::as_str)),
            None => out.push(name),
        }
        if out.len() > MOST {
            return Err(InjectError::TemplatesTooMany { most: MOST });
        }
    }
    Ok(out)
}

fn text(cx: &Context<'_, '_>, name: &str, root: &Value<'_>, env: &Env) -> Result<Vec<u8>, InjectError> {
    let templates = &cx.snapshot.injector.templates;
    let Some(compiled) = templates.get(name) else {
        let have: Vec<&str> = templates.keys().map(String::as_str).collect();
        return Err(InjectError::TemplateMissing { name: name.into(), have: have.join(", ") });
    };
    let template = compiled
        .for_root(root, &cx.snapshot.known)
        .map_err(|e| InjectError::TemplateBroken { name: name.into(), message: e.to_string() })?;
    template.render(root, env, &Limits::default()).map_err(|e| InjectError::TemplateFailed {
        name: name.into(),
        budget: e.kind() == ErrorKind::Limit,
        message: e.to_string(),
    })
}

/// A template's output; nothing at all is an overlay that changes nothing.
fn read(name: &str, text: &[u8], blocks: &Blocks) -> Result<Value<'static>, InjectError> {
    let unreadable = |what: &str, line: Option<usize>| {
        let said = line.and_then(|line| line_of(text, line)).unwrap_or_default();
        InjectError::Overlay {
            step: OverlayStep::Template,
            fault: OverlayFault::Unreadable(format!("{what} (in what template {name:?} renders{said})")),
        }
    };
    match blocks.parse_bytes(text) {
        Ok(overlay @ (Value::Map(_) | Value::Null)) => Ok(overlay),
        Ok(other) => Err(unreadable(&format!("no object but a {}", other.kind_name()), None)),
        Err(e) => Err(unreadable(&e.to_string(), e.line())),
    }
}

/// A line of the output, for only who sees it can tell which line of the template made it.
fn line_of(text: &[u8], line: usize) -> Option<String> {
    const ENOUGH: usize = 120;
    let line = text.split(|b| *b == b'\n').nth(line.checked_sub(1)?)?;
    let line: String = String::from_utf8_lossy(line).trim().chars().take(ENOUGH).collect();
    Some(format!(", there: {line:?}"))
}

/// Whether a sidecar that the user wrote among the containers follows the template's to the init containers.
fn wants_native(cx: &Context<'_, '_>, pod: &Value<'_>) -> bool {
    let said = if cx.snapshot.gates.native_annotation { annotation(pod, NATIVE) } else { None };
    match said {
        Some("true") => true,
        Some("false") => false,
        _ => cx.native,
    }
}

/// The user writes his own `istio-proxy` among the containers, also where the template's is an init container: there
/// they meet.
fn move_to_native(out: &mut Rendered<'_>) -> bool {
    if containers::find(&out.template_pod, List::InitContainers, PROXY).is_none() {
        return false;
    }
    let Some(list) = containers::list_mut(&mut out.pod, List::Containers) else { return false };
    let Some(at) = list.iter().position(|c| containers::name(c) == PROXY) else { return false };
    let sidecar = list.remove(at);
    if let Some(init) = out.pod.get_mut("spec").and_then(|spec| spec.child_list(List::InitContainers.key())) {
        init.push(sidecar);
    }
    true
}
