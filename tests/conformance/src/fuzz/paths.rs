//! Places in a JSON tree: found, looked up, replaced, taken out. Never: which place is changed to what.

use std::collections::BTreeSet;

use serde_json::Value;

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Into the member of this name.
    Key(String),
    /// Into the item of this number.
    At(usize),
}

/// The way to a place.
pub(super) type Path = Vec<Step>;

/// Every place but the root, those that hold others before these.
pub(super) fn all(value: &Value) -> Vec<Path> {
    let mut found = vec![];
    walk(value, &mut vec![], &mut found);
    found
}

fn walk(value: &Value, at: &mut Path, found: &mut Vec<Path>) {
    let mut below = |step, value, found: &mut Vec<Path>| {
        at.push(step);
        found.push(at.clone());
        walk(value, at, found);
        at.pop();
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| below(Step::Key(key.clone()), value, found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, value)| below(Step::At(number), value, found));
        }
        _ => {}
    }
}

/// The kind of a place: the way to it, all items of a list being alike.
pub(super) fn kind(path: &[Step]) -> String {
    let names = path.iter().map(|step| match step {
        Step::Key(key) => key.as_str(),
        Step::At(_) => "*",
    });
    names.collect::<Vec<_>>().join("/")
}

pub(super) fn get<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::At(number) => value.get(number),
    })
}

pub(super) fn get_mut<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::At(number) => value.get_mut(number),
    })
}

/// The tree without these places.
pub(super) fn without(value: &Value, places: &BTreeSet<&Path>) -> Value {
    rebuilt(value, &mut vec![], places)
}

fn rebuilt(value: &Value, at: &mut Path, places: &BTreeSet<&Path>) -> Value {
    let mut kept = |step, value: &Value| {
        at.push(step);
        let kept = (!places.contains(&*at)).then(|| rebuilt(value, at, places));
        at.pop();
        kept
    };
    match value {
        Value::Object(members) => members
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), kept(Step::Key(key.clone()), value)?)))
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().filter_map(|(number, value)| kept(Step::At(number), value)).collect()
        }
        other => other.clone(),
    }
}

/// How many values a tree is made of.
pub(super) fn size(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(size).sum(),
        Value::Array(items) => items.iter().map(size).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_found_and_taken_out() {
        let value = json!({"a": [1, {"b": 2}], "c": null});
        let paths = all(&value);
        let kinds: Vec<String> = paths.iter().map(|path| kind(path)).collect();
        assert_eq!(kinds, ["a", "a/*", "a/*", "a/*/b", "c"]);
        assert_eq!(get(&value, &paths[3]), Some(&json!(2)));
        assert_eq!(size(&value), 6);
        let gone: BTreeSet<&Path> = [&paths[1], &paths[4]].into_iter().collect();
        assert_eq!(without(&value, &gone), json!({"a": [{"b": 2}]}));
        let mut changed = value;
        *get_mut(&mut changed, &paths[3]).unwrap() = json!("x");
        assert_eq!(changed, json!({"a": [1, {"b": "x"}], "c": null}));
    }
}
