//! Differences between two JSON values, by path. Lists whose items carry names are walked by name, so that a path
//! reads `spec.containers[istio-proxy].image`; their order is a difference of its own.

use std::fmt;

use serde_json::Value;

/// One place where two values differ; `None` where there is nothing.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Where.
    pub path: String,
    /// What Istio has there.
    pub istio: Option<Value>,
    /// What Pillion has there.
    pub pillion: Option<Value>,
}

impl Difference {
    /// The path with the names of the user's own things left out, to group differences by.
    #[must_use]
    pub fn group(&self) -> String {
        let mut out = String::with_capacity(self.path.len());
        let mut rest = self.path.as_str();
        while let Some(open) = rest.find('[') {
            let Some(close) = rest[open..].find(']').map(|at| open + at) else { break };
            let name = &rest[open + 1..close];
            out.push_str(&rest[..=open]);
            let ours = name.starts_with("istio") || name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            out.push_str(if ours { name } else { "*" });
            out.push(']');
            rest = &rest[close + 1..];
        }
        out.push_str(rest);
        out
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |v: &Option<Value>| v.as_ref().map_or_else(|| "(nothing)".to_owned(), shorten);
        write!(f, "{}\n      istio   {}\n      pillion {}", self.path, side(&self.istio), side(&self.pillion))
    }
}

fn shorten(value: &Value) -> String {
    const MOST: usize = 1500;
    let mut text = value.to_string();
    if text.len() > MOST {
        let end = (0..=MOST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Every difference between what Istio made and what Pillion made.
#[must_use]
pub fn differences(istio: &Value, pillion: &Value) -> Vec<Difference> {
    let mut found = vec![];
    walk(String::new(), Some(istio), Some(pillion), &mut found);
    found
}

fn walk(path: String, a: Option<&Value>, b: Option<&Value>, found: &mut Vec<Difference>) {
    match (a, b) {
        (Some(a), Some(b)) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut keys: Vec<_> = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))).collect();
            keys.sort();
            for key in keys {
                walk(join(&path, key), a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => walk_list(&path, a, b, found),
        _ => found.push(Difference { path, istio: a.cloned(), pillion: b.cloned() }),
    }
}

fn walk_list(path: &str, a: &[Value], b: &[Value], found: &mut Vec<Difference>) {
    let Some((names_a, names_b)) = names(a).zip(names(b)) else {
        for at in 0..a.len().max(b.len()) {
            walk(format!("{path}[{at}]"), a.get(at), b.get(at), found);
        }
        return;
    };
    for (name, item) in names_a.iter().zip(a) {
        let other = names_b.iter().position(|n| n == name).and_then(|at| b.get(at));
        walk(format!("{path}[{name}]"), Some(item), other, found);
    }
    for (name, item) in names_b.iter().zip(b).filter(|(name, _)| !names_a.contains(name)) {
        walk(format!("{path}[{name}]"), None, Some(item), found);
    }
    let common = |names: &[String], other: &[String]| -> Vec<Value> {
        names.iter().filter(|n| other.contains(n)).map(|n| Value::from(n.as_str())).collect()
    };
    let (order_a, order_b) = (common(&names_a, &names_b), common(&names_b, &names_a));
    if order_a != order_b {
        let (istio, pillion) = (Some(order_a.into()), Some(order_b.into()));
        found.push(Difference { path: format!("{path}.(order)"), istio, pillion });
    }
}

/// The items' names, where each has one and no two are the same.
fn names(items: &[Value]) -> Option<Vec<String>> {
    let key = ["name", "mountPath"].into_iter().find(|key| items.iter().all(|i| i[key].is_string()))?;
    let mut names: Vec<String> = items.iter().filter_map(|i| i[key].as_str()).map(str::to_owned).collect();
    let listed = names.clone();
    names.sort();
    names.dedup();
    (names.len() == listed.len()).then_some(listed)
}

fn join(path: &str, key: &str) -> String {
    let quoted = if key.contains(['.', '/']) { format!("\"{key}\"") } else { key.to_owned() };
    if path.is_empty() { quoted } else { format!("{path}.{quoted}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(a: &Value, b: &Value) -> Vec<String> {
        differences(a, b).into_iter().map(|d| d.path).collect()
    }

    #[test]
    fn named_items_are_compared_by_name_and_their_order_apart() {
        let a = json!({"c": [{"name": "x", "v": 1}, {"name": "y"}]});
        let b = json!({"c": [{"name": "y"}, {"name": "x", "v": 2}]});
        assert_eq!(paths(&a, &b), ["c[x].v", "c.(order)"]);
    }

    #[test]
    fn unnamed_items_are_compared_by_index() {
        assert_eq!(paths(&json!([1, 2]), &json!([1, 3, 4])), ["[1]", "[2]"]);
    }

    #[test]
    fn equal_values_have_no_difference() {
        assert!(paths(&json!({"a": [1.5, null]}), &json!({"a": [1.5, null]})).is_empty());
    }

    #[test]
    fn groups_leave_out_the_users_names() {
        let d = Difference {
            path: "spec.containers[shop].env[PROXY_CONFIG] and [istio-proxy]".to_owned(),
            istio: None,
            pillion: None,
        };
        assert_eq!(d.group(), "spec.containers[*].env[PROXY_CONFIG] and [istio-proxy]");
    }
}
