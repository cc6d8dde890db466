//! `appendMultusNetwork`: Istio's CNI network put into a pod's list of networks, in either of its two notations.

use pillion_gotmpl::Param::Str;
use pillion_gotmpl::{Cx, Fault, Function, Val};
use pillion_govalue::{Value, parse};

/// The function, with or without `namespace/name` taken apart in JSON.
pub(super) fn function(namespace: bool) -> Function {
    Function::new("appendMultusNetwork", &[Str, Str], if namespace { split } else { whole })
}

fn split<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let network = a[1].to_bytes();
    let network = network.text();
    let mut parts = network.split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let (namespace, name) = second.map_or(("", first), |name| (first, name));
    Ok(appended(&a[0], &network, namespace, name))
}

fn whole<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let network = a[1].to_bytes();
    let network = network.text();
    Ok(appended(&a[0], &network, "", &network))
}

/// The networks and one more. A list in JSON is any text with a closing bracket; one that cannot be read stays as
/// it is. The new entry goes before the last bracket, with a comma even in an empty list, as Istio does it.
fn appended<'v>(existing: &Val<'v>, network: &str, namespace: &str, name: &str) -> Val<'v> {
    let text = existing.to_bytes();
    let text = text.text();
    if text.is_empty() {
        return Val::from(String::from(network));
    }
    let Some(end) = text.rfind(']') else {
        let there = text.split(',').any(|listed| listed.trim() == network);
        return if there { existing.clone() } else { Val::from(format!("{text}, {network}")) };
    };
    if listed(&text, namespace, name) != Some(false) {
        return existing.clone();
    }
    let place =
        if namespace.is_empty() { String::new() } else { format!(", \"namespace\": \"{namespace}\"") };
    let (before, after) = text.split_at(end);
    Val::from(format!("{before}, {{\"name\": \"{name}\"{place}}}{after}"))
}

/// Whether the network is in a JSON list; `None` if this is no list of objects. Null is an empty list, and in a
/// list an empty object.
fn listed(text: &str, namespace: &str, name: &str) -> Option<bool> {
    let tree = parse(text.as_bytes()).ok()?;
    let networks = match &tree {
        Value::Null => &[],
        Value::List(networks) => networks.as_slice(),
        _ => return None,
    };
    if !networks.iter().all(|n| matches!(n, Value::Map(_) | Value::Null)) {
        return None;
    }
    Some(networks.iter().any(|network| {
        let place = match network.get("namespace") {
            None | Some(Value::Null) => Some(""),
            Some(place) => place.as_str(),
        };
        network.get("name").and_then(Value::as_str) == Some(name) && place == Some(namespace)
    }))
}
