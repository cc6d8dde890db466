//! [`Change`]: one step of a patch, with its place as people name it: `spec.containers[web].env[MODE]`.
//! Never: how changes are found (see `pillion_kubepatch::diff`).

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, json};
use pillion_kubepatch::Op;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is done.
    pub kind: Kind,
    /// Where, in words: items of lists by their names where they have some.
    pub place: String,
    /// Where, as a JSON Pointer.
    pub path: String,
    /// What was there.
    pub before: Option<Value<'static>>,
    /// What is put there.
    pub after: Option<Value<'static>>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something new.
    Add,
    /// Something is taken out.
    Remove,
    /// Something else is put in its place.
    Replace,
    /// An item of a list goes elsewhere in it.
    Move,
}

impl Kind {
    /// The name, as in a JSON Patch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
            Self::Move => "move",
        }
    }
}

/// The changes from one pod to another.
pub(super) fn between<'r>(before: &Value<'r>, after: &Value<'r>) -> Vec<Change> {
    list(before, pillion_kubepatch::diff(before, after, KNOWN.pod))
}

/// The steps of a patch to `pod`, with their places in words.
pub(super) fn list(pod: &Value<'_>, patch: Vec<Op<'_>>) -> Vec<Change> {
    // Each step is told as it finds the pod, which those before it have changed.
    let mut pod = pod.clone().into_owned();
    let mut changes = Vec::with_capacity(patch.len());
    for op in patch {
        let (kind, path, from, after) = match &op {
            Op::Add { path, value } => (Kind::Add, path, None, Some(value)),
            Op::Remove { path } => (Kind::Remove, path, Some(path), None),
            Op::Replace { path, value } => (Kind::Replace, path, Some(path), Some(value)),
            Op::Move { from, path } => (Kind::Move, path, Some(from), None),
        };
        changes.push(Change {
            kind,
            place: place(&pod, from.unwrap_or(path), after),
            path: path.clone(),
            before: from.filter(|_| kind != Kind::Move).and_then(|at| at_pointer(&pod, at)).cloned(),
            after: after.map(|value| value.clone().into_owned()),
        });
        // A step that cannot be done is none of a patch that was made for this pod.
        if let Ok(next) = pillion_kubepatch::apply(&pod, &[owned(op)]) {
            pod = next;
        }
    }
    changes
}

fn owned(op: Op<'_>) -> Op<'static> {
    match op {
        Op::Add { path, value } => Op::Add { path, value: value.into_owned() },
        Op::Replace { path, value } => Op::Replace { path, value: value.into_owned() },
        Op::Remove { path } => Op::Remove { path },
        Op::Move { from, path } => Op::Move { from, path },
    }
}

fn steps(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"))
}

fn at_pointer<'v, 'a>(value: &'v Value<'a>, pointer: &str) -> Option<&'v Value<'a>> {
    steps(pointer).try_fold(value, |value, step| child(value, &step))
}

fn child<'v, 'a>(value: &'v Value<'a>, step: &str) -> Option<&'v Value<'a>> {
    match value {
        Value::List(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    }
}

/// The pointer in words; `new` is what comes to stand there, for an item that is not there yet.
fn place(pod: &Value<'_>, pointer: &str, new: Option<&Value<'_>>) -> String {
    let steps: Vec<String> = steps(pointer).collect();
    let mut at = Some(pod);
    let mut out = String::new();
    for (index, step) in steps.iter().enumerate() {
        let next = at.and_then(|value| child(value, step));
        if matches!(at, Some(Value::List(_))) {
            let item = if index + 1 == steps.len() { new.or(next) } else { next };
            let name = item.and_then(name);
            out.push_str(&format!("[{}]", name.unwrap_or(step)));
        } else if step.contains(['.', '/']) {
            out.push_str(&format!("[{step}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(step);
        }
        at = next;
    }
    out
}

/// What an item of a list is known by.
fn name<'v>(item: &'v Value<'_>) -> Option<&'v str> {
    ["name", "mountPath", "ip"].iter().find_map(|key| item.get(key)?.as_str()).filter(|name| !name.is_empty())
}

/// A value on one line of at most `most` characters.
#[must_use]
pub fn on_one_line(value: &Value<'_>, most: usize) -> String {
    let text = json::to_string(value, json::PLAIN);
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_govalue::parse;

    #[test]
    fn each_step_is_told_as_it_finds_the_pod() {
        let pod = parse(
            br#"{"metadata":{"annotations":{"a.b/c":"old"}},"spec":{"containers":[{"name":"a","env":[{"name":"E"}]},{"name":"b"},{"name":""}],"volumes":[{"mountPath":"/v"}]}}"#,
        )
        .unwrap();
        let at = |path: &str| path.to_owned();
        let patch = vec![
            Op::Add { path: at("/spec/containers/0"), value: parse(br#"{"name":"new"}"#).unwrap() },
            // The first container stands second now.
            Op::Replace { path: at("/spec/containers/1/env/0/name"), value: Value::from("F") },
            Op::Move { from: at("/spec/containers/2"), path: at("/spec/containers/0") },
            Op::Remove { path: at("/spec/containers/3") },
            Op::Replace { path: at("/metadata/annotations/a.b~1c"), value: Value::from("new") },
            Op::Remove { path: at("/spec/volumes/0") },
        ];
        let told = list(&pod, patch);
        let written = |value: &Option<Value<'static>>| {
            value.as_ref().map_or_else(String::new, |value| on_one_line(value, 99))
        };
        let told: Vec<String> = told
            .iter()
            .map(|c| {
                format!(
                    "{} {} {} {} > {}",
                    c.kind.name(),
                    c.path,
                    c.place,
                    written(&c.before),
                    written(&c.after)
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                r#"add /spec/containers/0 spec.containers[new]  > {"name":"new"}"#,
                r#"replace /spec/containers/1/env/0/name spec.containers[a].env[E].name "E" > "F""#,
                "move /spec/containers/0 spec.containers[b]  > ",
                r#"remove /spec/containers/3 spec.containers[3] {"name":""} > "#,
                r#"replace /metadata/annotations/a.b~1c metadata.annotations[a.b/c] "old" > "new""#,
                r#"remove /spec/volumes/0 spec.volumes[/v] {"mountPath":"/v"} > "#,
            ]
        );
    }

    #[test]
    fn a_long_value_is_cut_where_it_would_be_longer() {
        let text = Value::from("äöü");
        assert_eq!(on_one_line(&text, 5), "\"äöü\"");
        assert_eq!(on_one_line(&text, 4), "\"äö…");
    }
}
