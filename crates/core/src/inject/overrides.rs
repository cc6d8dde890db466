//! What is left on a pod of an earlier injection, and what the user set on an injected container himself.
//!
//! A user who writes a container named like an injected one overrides parts of it. The template's overlay goes over
//! the pod first and would win, so the user's part is laid over it again, and kept in an annotation for the day
//! the pod is injected once more. Never: rendering, or which fields of a container merge how.

use std::collections::{HashMap, HashSet};

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, encode, parse};

use super::check;
use super::context::Context;
use super::error::{InjectError, OverlayStep};
use super::finish::containers::{self, LISTS, List, PROXY, PerList, annotation, metadata_mut};
use super::finish::metadata::STATUS;
use super::fold::{self, Order};
use super::overlay::Overlay;
use super::status;
use super::trace::{Step, Trace};

/// The annotation that keeps the user's own settings.
pub(crate) const OVERRIDES: &str = "proxy.istio.io/overrides";
/// An image that means: the template's.
const AUTO_IMAGE: &str = "auto";

/// Members of a container that the pass over probes rewrites.
const REWRITTEN: [&str; 4] = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"];

/// The user's own settings that an earlier injection kept.
///
/// # Errors
/// An annotation that is not a list of containers.
pub(crate) fn kept(pod: &Value<'_>) -> Result<PerList<Value<'static>>, InjectError> {
    let mut out = PerList::default();
    let Some(text) = annotation(pod, OVERRIDES) else { return Ok(out) };
    let bad = |e: &dyn std::fmt::Display| InjectError::BadOverrides(e.to_string());
    let value = parse(text.as_bytes()).map_err(|e| bad(&e))?;
    if !matches!(value, Value::Null | Value::Map(_)) {
        let kind = value.kind_name();
        return Err(bad(&format_args!(
            "json: cannot unmarshal {kind} into Go value of type inject.podOverrides"
        )));
    }
    for which in LISTS {
        let items = match value.as_map().and_then(|map| member(map, which.key())) {
            None | Some(Value::Null) => continue,
            Some(Value::List(items)) => items,
            Some(other) => {
                let kind = other.kind_name();
                let field = which.key();
                return Err(bad(&format_args!(
                    "json: cannot unmarshal {kind} into Go struct field podOverrides.{field} of type []v1.Container"
                )));
            }
        };
        for (at, item) in items.iter().enumerate() {
            let item = &read(item);
            check::check(item, KNOWN.container).map_err(|e| bad(&e.in_field("podOverrides", which.key())))?;
            let item = typed(item).map_err(|e| bad(&format_args!("{}[{at}]: {e}", which.key())))?;
            out.get_mut(which).push(item);
        }
    }
    Ok(out)
}

/// The member that Go reads into a field of this name: the last one, in whatever case.
fn member<'v, 'a>(map: &'v Map<'a>, name: &str) -> Option<&'v Value<'a>> {
    map.iter().rfind(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A container that an annotation holds, with the names that its fields have.
fn read<'a>(container: &Value<'a>) -> Value<'a> {
    match fold::any(container, KNOWN.container) {
        true => fold::folded(container, KNOWN.container, Order::Written),
        false => container.clone(),
    }
}

/// A container as Go reads and writes it again: without nulls and unknown fields.
fn typed(container: &Value<'_>) -> Result<Value<'static>, String> {
    let container = if container.is_null() { &Value::empty_map() } else { container };
    let text = encode::go_json(container, KNOWN.container).map_err(|e| e.to_string())?;
    parse(text.as_bytes()).map(Value::into_owned).map_err(|e| e.to_string())
}

/// The pod as templates see it: what an earlier injection put in is taken out, and the user's own settings for those
/// containers are put back, so that rendering again gives what rendering first gave.
///
/// # Errors
/// See [`kept`].
pub(crate) fn stripped<'r, T: Trace>(cx: &Context<'_, 'r>, trace: &mut T) -> Result<Value<'r>, InjectError> {
    let mut pod = cx.original.clone();
    if let Some(status) = status::put_in(&pod) {
        let before = count(&pod);
        for which in LISTS {
            let injected: HashSet<&str> = status.get(which).iter().map(String::as_str).collect();
            if let Some(list) = containers::list_mut(&mut pod, which) {
                list.retain(|c| !injected.contains(containers::name(c)));
            }
        }
        trace.step(Step::Stripped { containers: before - count(&pod) });
        super::finish::prometheus::forget_agent(&mut pod, cx);
        if let Some(annotations) = metadata_mut(&mut pod, "annotations") {
            annotations.remove(STATUS);
        }
    }
    let mut reinserted = 0;
    let kept = kept(&cx.original)?;
    for which in LISTS {
        // The annotation may name as many as it likes: one look at each.
        let mut there: HashSet<String> =
            containers::list(&pod, which).iter().map(|c| String::from(containers::name(c))).collect();
        for container in kept.get(which) {
            if there.insert(String::from(containers::name(container)))
                && pod.child_map("spec").is_some()
                && let Some(list) = pod.get_mut("spec").and_then(|spec| spec.child_list(which.key()))
            {
                list.push(container.clone());
                reinserted += 1;
            }
        }
    }
    if reinserted > 0 {
        trace.step(Step::OverridesReinserted { containers: reinserted });
    }
    Ok(pod)
}

fn count(pod: &Value<'_>) -> usize {
    LISTS.iter().map(|which| containers::list(pod, *which).len()).sum()
}

/// Lays the user's own settings for injected containers over the merged pod again, and keeps them in the annotation
/// at the first injection.
///
/// On a pod that was injected before, the container in the pod is the injected one, so only what the annotation kept
/// is laid over. (Istio lays nothing over then, and the template takes the user's settings back: the gate
/// `overrides_survive`.)
///
/// # Errors
/// Settings that cannot be merged, and those of [`status::listed`].
pub(crate) fn reapply<'r, T: Trace>(
    pod: &mut Value<'r>,
    template_pod: &Value<'r>,
    cx: &Context<'_, 'r>,
    trace: &mut T,
) -> Result<(), InjectError> {
    let kept = kept(&cx.original)?;
    let injected_before = annotation(&cx.original, STATUS).is_some();
    let status = status::listed(&cx.original)?;
    let mut applied: PerList<Value<'static>> = PerList::default();
    for which in LISTS {
        for template in containers::list(template_pod, which) {
            let name = containers::name(template);
            let injected = status.get(which).iter().any(|n| n == name);
            let own = match kept.get(which).iter().find(|c| containers::name(c) == name) {
                Some(kept) if !injected || cx.snapshot.gates.overrides_survive => Some(kept.clone()),
                _ if injected => None,
                _ => in_pod(&cx.original, which, name)
                    .map(|c| typed(c).map_err(InjectError::BadPod))
                    .transpose()?,
            };
            let Some(mut own) = own else { continue };
            if injected {
                forget_rewritten(&mut own);
            }
            settle_image_and_user(&mut own, template, cx);
            trace.step(Step::OverrideApplied { container: name, init: which == List::InitContainers });
            let step = match which {
                List::Containers => OverlayStep::Container,
                List::InitContainers => OverlayStep::InitContainer,
            };
            *pod = Overlay::new(&as_overlay(own.clone(), which))
                .over(pod)
                .map_err(|fault| InjectError::Overlay { step, fault })?;
            applied.get_mut(which).push(own);
        }
    }
    if !injected_before && !applied.is_empty() {
        let text = annotation_text(&applied)?;
        if let Some(annotations) = metadata_mut(pod, "annotations") {
            annotations.insert(OVERRIDES, text);
        }
    }
    Ok(())
}

/// Puts the environment of containers that an earlier injection made into the order it had, what is new behind it:
/// so a second injection of the same configuration changes nothing. (Istio's merge and passes order it anew, part of
/// the gate `overrides_survive`.)
pub(crate) fn keep_order(pod: &mut Value<'_>, cx: &Context<'_, '_>) -> Result<(), InjectError> {
    if !cx.snapshot.gates.overrides_survive {
        return Ok(());
    }
    let status = status::listed(&cx.original)?;
    for which in LISTS {
        let injected: HashSet<&str> = status.get(which).iter().map(String::as_str).collect();
        let before: HashMap<&str, Places<'_>> = containers::list(&cx.original, which)
            .iter()
            .filter(|c| injected.contains(containers::name(c)))
            .map(|c| (containers::name(c), places(environment(c))))
            .collect();
        let anew = |c: &Value<'_>| {
            before
                .get(containers::name(c))
                .is_some_and(|places| !environment(c).is_sorted_by_key(place(places)))
        };
        if !containers::list(pod, which).iter().any(anew) {
            continue;
        }
        for container in containers::list_mut(pod, which).into_iter().flatten() {
            if let Some(places) = before.get(containers::name(container))
                && let Some(env) = container.get_mut("env").and_then(Value::as_list_mut)
            {
                env.sort_by_key(place(places));
            }
        }
    }
    Ok(())
}

/// Where each variable stands first.
type Places<'p> = HashMap<&'p str, usize>;

fn environment<'p, 'r>(container: &'p Value<'r>) -> &'p [Value<'r>] {
    container.get("env").and_then(Value::as_list).unwrap_or_default()
}

fn places<'p>(env: &'p [Value<'_>]) -> Places<'p> {
    env.iter().enumerate().rev().map(|(at, variable)| (containers::name(variable), at)).collect()
}

/// What is new stands behind all.
fn place<'r>(places: &Places<'_>) -> impl Fn(&Value<'r>) -> usize {
    |variable| places.get(containers::name(variable)).copied().unwrap_or(usize::MAX)
}

/// The user's container. One that the template has among the init containers may stand in either list.
fn in_pod<'p, 'r>(pod: &'p Value<'r>, which: List, name: &str) -> Option<&'p Value<'r>> {
    let first = containers::find(pod, List::Containers, name);
    match which {
        List::Containers => first,
        List::InitContainers => first.or_else(|| containers::find(pod, List::InitContainers, name)),
    }
}

/// What a pass rewrote at the first injection stands in the pod in its new form; laid over it, the old form would be
/// a second handler in one probe. The sidecar's own probes are never rewritten.
fn forget_rewritten(own: &mut Value<'static>) {
    if containers::name(own) == PROXY {
        return;
    }
    if let Some(container) = own.as_map_mut() {
        container.retain(|key, _| !REWRITTEN.contains(&key));
    }
}

fn settle_image_and_user(own: &mut Value<'static>, template: &Value<'_>, cx: &Context<'_, '_>) {
    let Some(container) = own.as_map_mut() else { return };
    if container.get("image").and_then(Value::as_str) == Some(AUTO_IMAGE) {
        container.remove("image");
    }
    // Releases without the later rule take the template's user where it is not the usual one.
    let user = template.at(&["securityContext", "runAsUser"]).and_then(Value::as_i64);
    if !cx.snapshot.gates.adjust_init_user
        && user.is_some_and(|id| id != super::facts::PROXY_ID)
        && let Some(context) = container.get_mut("securityContext").and_then(Value::as_map_mut)
    {
        context.remove("runAsUser");
        context.remove("runAsGroup");
    }
}

/// A pod that holds nothing but this container. Of an init container it has an empty list of containers beside it, as
/// Istio's has, lest Go write a null: laid over a pod it brings containers of one name together.
fn as_overlay(container: Value<'static>, which: List) -> Value<'static> {
    let mut spec = Map::new();
    if which == List::InitContainers {
        spec.insert(List::Containers.key(), Vec::new());
    }
    spec.insert(which.key(), vec![container]);
    let mut pod = Map::new();
    pod.insert("spec", spec);
    pod.into()
}

/// The containers as Go writes them.
fn annotation_text(applied: &PerList<Value<'static>>) -> Result<String, InjectError> {
    let mut out = String::from("{");
    for which in LISTS {
        let list = applied.get(which);
        if list.is_empty() {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        out.push('"');
        out.push_str(which.key());
        out.push_str("\":[");
        for (at, container) in list.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            encode::write_go_json(&mut out, container, KNOWN.container)
                .map_err(|e| InjectError::BadPod(e.to_string()))?;
        }
        out.push(']');
    }
    out.push('}');
    Ok(out)
}
