//! What the status annotation of an earlier injection says, in the two ways in which Istio reads it: as a struct where it
//! takes containers off (`injectionStatus`), by exact names where it looks which are not the user's (`parseStatus`).
//! Never: writes it (see `finish::metadata`), or what is done with the names.

use pillion_govalue::{Map, Value, parse};

use super::error::InjectError;
use super::finish::containers::{LISTS, List, PerList, annotation};
use super::finish::metadata::STATUS;

/// Members that are lists of names, whichever is asked for: one of another kind spoils the whole.
const NAMES: [&str; 4] = ["initContainers", "containers", "volumes", "imagePullSecrets"];
const REVISION: &str = "revision";

/// The containers that an earlier injection put in; `None` where the annotation is missing, or no status. Go takes
/// `Containers` for `containers`, and a name that is null for an empty one.
pub(super) fn put_in(pod: &Value<'_>) -> Option<PerList<String>> {
    let status = read(pod)?;
    let Some(status) = status.as_map() else { return Some(PerList::default()) };
    status.iter().all(|(key, value)| fits(key, value)).then(|| {
        let mut out = PerList::default();
        for which in LISTS {
            *out.get_mut(which) = names(status, which);
        }
        out
    })
}

/// The containers that the status lists under its own names; none where the annotation is missing, or no object.
///
/// # Errors
/// A member that is no list of names (istiod panics).
pub(super) fn listed(pod: &Value<'_>) -> Result<PerList<String>, InjectError> {
    let mut out = PerList::default();
    let Some(status) = read(pod) else { return Ok(out) };
    for which in LISTS {
        let name = |item: &Value<'_>| item.as_str().map(String::from);
        *out.get_mut(which) = match status.get(which.key()) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::List(items)) => items.iter().map(name).collect(),
            Some(_) => None,
        }
        .ok_or(InjectError::BadStatus(which.key()))?;
    }
    Ok(out)
}

/// The annotation as JSON, where it is an object or null.
fn read<'p>(pod: &'p Value<'_>) -> Option<Value<'p>> {
    let status = parse(annotation(pod, STATUS)?.as_bytes()).ok()?;
    matches!(status, Value::Null | Value::Map(_)).then_some(status)
}

/// Whether Go reads this member into its field, if it has one.
fn fits(key: &str, value: &Value<'_>) -> bool {
    let text = |value: &Value<'_>| matches!(value, Value::Null | Value::Str(_));
    if key.eq_ignore_ascii_case(REVISION) {
        return text(value);
    }
    let names = NAMES.iter().any(|name| key.eq_ignore_ascii_case(name));
    !names || value.is_null() || value.as_list().is_some_and(|items| items.iter().all(text))
}

fn names(status: &Map<'_>, which: List) -> Vec<String> {
    let member = status.iter().rfind(|(key, _)| key.eq_ignore_ascii_case(which.key()));
    let items = member.and_then(|(_, value)| value.as_list()).unwrap_or_default();
    items.iter().map(|name| String::from(name.as_str().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::finish::containers::metadata_mut;

    /// A status, the containers that it takes off, and those that are not the user's; `None` for none, or refused.
    const READ: &[(&str, Option<&str>, Option<&str>)] = &[
        (r#"{"containers":["a"],"initContainers":["b"]}"#, Some("a/b"), Some("a/b")),
        (r#"{"Containers":["a"]}"#, Some("a/"), Some("/")),
        (r#"{"containers":["a"],"CONTAINERS":["b"]}"#, Some("b/"), Some("a/")),
        (r#"{"containers":7}"#, None, None),
        (r#"{"containers":["a",null]}"#, Some("a,/"), None),
        (r#"{"containers":["a"],"volumes":7}"#, None, Some("a/")),
        (r#"{"containers":["a"],"revision":7}"#, None, Some("a/")),
        (r#"{"containers":["a"],"other":7}"#, Some("a/"), Some("a/")),
        ("null", Some("/"), Some("/")),
        ("[]", None, Some("/")),
        ("", None, Some("/")),
    ];

    #[test]
    fn a_status_is_read_in_the_two_ways_in_which_istio_reads_it() {
        let said = |names: &PerList<String>| LISTS.map(|which| names.get(which).join(",")).join("/");
        for (status, off, not_users) in READ {
            let mut pod = Value::empty_map();
            if let Some(annotations) = metadata_mut(&mut pod, "annotations") {
                annotations.insert(STATUS, String::from(*status));
            }
            assert_eq!(put_in(&pod).as_ref().map(said).as_deref(), *off, "{status}");
            assert_eq!(listed(&pod).ok().as_ref().map(said).as_deref(), *not_users, "{status}");
        }
    }
}
