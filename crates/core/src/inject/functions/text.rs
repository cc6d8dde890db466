//! Texts: annotations with a default, indenting, lists of ports. Never JSON or maps.

use pillion_gotmpl::Param::{Any, Int, Named, Str};
use pillion_gotmpl::funcs::sprig::{self, duration};
use pillion_gotmpl::{Cx, Effect, Fault, Function, Val, fmt};
use pillion_govalue::Value;
use pillion_govalue::types::KNOWN;

const CONTAINERS: pillion_gotmpl::Param = Named("[]v1.Container");

pub(super) const TABLE: &[Function] = &[
    Function::new("annotation", &[Named("v1.ObjectMeta"), Str, Any], annotation).looking_up(&["Annotations"]),
    Function::new("valueOrDefault", &[Any, Any], |_, a| {
        let unset = a[0].is_untyped_nil() || a[0].ty() == Some(KNOWN.string) && a[0].is_empty();
        Ok(a[usize::from(unset)].clone())
    }),
    Function::new("env", &[Str, Str], |cx, a| {
        let setting = a[0].to_bytes().as_str().and_then(|key| cx.env().settings.get(key));
        Ok(setting.filter(|s| !s.is_empty()).map_or_else(|| a[1].clone(), |s| Val::from(s.as_str())))
    })
    .with(Effect::Lent),
    Function::new("indent", &[Int, Str], indent),
    Function::new("directory", &[Str], |_, a| {
        let path = a[0].bytes();
        let end = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
        Ok(Val::from(path[..end].to_vec()))
    }),
    Function::new("toLower", &[Str], |_, a| Ok(Val::from(sprig::to_lower(a[0].bytes())))),
    Function::new("formatDuration", &[Named("*durationpb.Duration")], |_, a| {
        Ok(Val::from(duration::format(nanoseconds(&a[0]))))
    }),
    Function::new("excludeInboundPort", &[Any, Str], exclude_inbound_port),
    Function::new("includeInboundPorts", &[CONTAINERS], |_, a| Ok(Val::from(ports(&a[0], |_| true)))),
    Function::new("applicationPorts", &[CONTAINERS], |_, a| {
        Ok(Val::from(ports(&a[0], |name| name != "istio-proxy")))
    }),
    Function::new("kubevirtInterfaces", &[Str], |_, a| Ok(a[0].clone())),
    Function::new("excludeInterfaces", &[Str], |_, a| Ok(a[0].clone())),
];

/// The value of an annotation, also an empty one, as which a null reads; else the default as it prints.
fn annotation<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let name = a[1].to_bytes();
    let found = a[0].tree().and_then(|(meta, _)| meta.get("annotations")?.get(name.as_str()?));
    match found {
        Some(value) => Ok(Val::from(value.as_str().unwrap_or_default())),
        None => fmt::display(cx, &a[2]).map(Val::from),
    }
}

/// Every line but the first moved right, empty ones too. A negative number counts as its size, for that is how
/// Go's `fmt` takes a negative width.
fn indent<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let text = a[1].bytes();
    let breaks = text.iter().filter(|b| **b == b'\n').count();
    if breaks == 0 {
        return Ok(a[1].clone());
    }
    let width = usize::try_from(a[0].as_int().unsigned_abs()).unwrap_or(usize::MAX);
    let size = text.len().saturating_add(breaks.saturating_mul(width));
    cx.charge(size)?;
    let mut out = Vec::with_capacity(size);
    for (i, line) in text.split(|b| *b == b'\n').enumerate() {
        if i > 0 {
            out.push(b'\n');
            out.resize(out.len() + width, b' ');
        }
        out.extend_from_slice(line);
    }
    Ok(out.into())
}

/// A duration's nanoseconds, as many as Go's type holds; nil is none.
fn nanoseconds(value: &Val<'_>) -> i64 {
    let Some(text) = value.tree().and_then(|(tree, _)| tree.as_str()) else { return 0 };
    duration::parse(text).unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })
}

/// Adds a port to a list unless it is in there. The list is compared as it is written and trimmed only when it is
/// put together anew.
fn exclude_inbound_port<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let port = fmt::display(cx, &a[0])?;
    let (port, list) = (port.text(), a[1].to_bytes());
    let (port, list) = (port.trim(), list.text());
    if matches!(port, "" | "0") || list.split(',').any(|p| p == port) {
        return Ok(a[1].clone());
    }
    let kept = list.split(',').map(str::trim).filter(|p| !p.is_empty());
    Ok(Val::from(kept.chain([port]).collect::<Vec<_>>().join(",")))
}

/// Ports of the containers that `of` picks by name, without UDP and SCTP, joined by commas.
fn ports(containers: &Val<'_>, of: impl Fn(&str) -> bool) -> String {
    let containers = containers.tree().and_then(|(list, _)| list.as_list()).unwrap_or_default();
    let text = |v: &Value<'_>, key| v.get(key).and_then(Value::as_str).map(String::from).unwrap_or_default();
    let mut out = Vec::new();
    for container in containers.iter().filter(|c| of(&text(c, "name"))) {
        for port in container.get("ports").and_then(Value::as_list).unwrap_or_default() {
            if !matches!(text(port, "protocol").as_str(), "UDP" | "SCTP") {
                out.push(port.get("containerPort").and_then(Value::as_i64).unwrap_or_default().to_string());
            }
        }
    }
    out.join(",")
}
