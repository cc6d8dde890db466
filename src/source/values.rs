//! Values over the Envoy profile's own: the ConfigMap `pillion-envoy[-REV]`, key `values`, laid over the values in the
//! binary. Maps merge, everything else replaces, null takes a key away, as Helm has it. What the profile does not know is
//! refused: a misspelt value would be one that nothing reads. Never: what the template makes of them.

use std::collections::BTreeMap;
use std::fmt;

use pillion_core::config::declared::nearest;
use pillion_core::config::{ConfigError, Declared, Source, Values};
use pillion_govalue::{Map, Value, json};

use super::Text;

/// The key in the ConfigMap.
const KEY: &str = "values";

/// The ConfigMap of values, which need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesMap {
    /// The program's own namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ValuesMap {
    /// The one of a revision; `default` has no suffix.
    #[must_use]
    pub fn of(namespace: &str, revision: &str) -> Self {
        let name = match revision {
            "" | "default" => "pillion-envoy".to_owned(),
            revision => format!("pillion-envoy-{revision}"),
        };
        Self { namespace: namespace.to_owned(), name }
    }

    /// The values in what the ConfigMap holds, if it holds some.
    #[must_use]
    pub fn text(&self, data: &BTreeMap<String, String>) -> Option<Text> {
        data.get(KEY).map(|text| Text { name: format!("{self}, key {KEY}"), text: text.clone() })
    }

    /// Whether a message is about it.
    #[must_use]
    pub fn is_named_in(&self, message: &str) -> bool {
        // What follows ends the name: another one may begin alike.
        [", ", ": "].iter().any(|end| message.contains(&format!("{self}{end}")))
    }
}

impl fmt::Display for ValuesMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigMap {}/{}", self.namespace, self.name)
    }
}

/// Maps of the profile that take any key, for all of them are passed on. (Of Envoy's own resources only those are read that
/// annotations set too.)
const FREE: &[&str] = &["global", "redirect.resources.requests", "redirect.resources.limits"];

/// What a value must be that the template writes down as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Image,
    Port,
    Seconds,
    Switch,
}

/// Values without which there is no sidecar; those that an annotation has a default for are not among them.
const NEEDED: &[(&str, Wanted)] = &[
    ("envoy.image", Wanted::Image),
    ("redirect.image", Wanted::Image),
    ("envoy.keepIdle", Wanted::Seconds),
    ("envoy.ipv6", Wanted::Switch),
    ("envoy.outboundPort", Wanted::Port),
    ("envoy.inboundPort", Wanted::Port),
    ("envoy.readyPort", Wanted::Port),
    ("envoy.statsPort", Wanted::Port),
];

/// Ports of one pod, of which no two may be the same.
const PORTS: &[&str] =
    &["envoy.adminPort", "envoy.outboundPort", "envoy.inboundPort", "envoy.readyPort", "envoy.statsPort"];

/// The profile's values with others over them. They are called as those others are: whatever is wrong with them is there.
///
/// # Errors
/// What is no YAML or no map, a value that the profile does not have, one of another kind, or one that no sidecar can be
/// made of.
pub(super) fn laid_over(base: &Text, over: &Text, annotations: Option<&Text>) -> Result<Text, ConfigError> {
    let fault = |message: String| ConfigError::new(&over.name, message);
    let given = pillion_goyaml::parse(&over.text)
        .map_err(|error| ConfigError::new(&over.name, error.problem()).on_line(error.line()))?;
    let values = Source { name: &base.name, text: &base.text };
    let read = Values::read(&values)?;
    let declared = annotations.map(|text| {
        Declared::read(&Source { name: &text.name, text: &text.text }, &values, &read).map(|all| {
            let paths = all.rows().iter().filter_map(|row| row.values.clone());
            paths.collect::<Vec<_>>()
        })
    });
    let declared = declared.transpose()?.unwrap_or_default();
    let mut tree = read.tree;
    match &given {
        Value::Null => {}
        Value::Map(given) => {
            if let Some(known) = tree.as_map_mut() {
                merge(known, given, "", &declared).map_err(fault)?;
            }
        }
        other => {
            let what = format!("it is {}; wanted: an object, as the profile's file `values` is", kind(other));
            return Err(fault(what));
        }
    }
    whole(&tree).map_err(fault)?;
    Ok(Text { name: over.name.clone(), text: json::to_string(&tree, json::PLAIN) })
}

/// Lays a map over one of the profile.
fn merge(
    known: &mut Map<'static>,
    given: &Map<'static>,
    path: &str,
    declared: &[String],
) -> Result<(), String> {
    let free = FREE.contains(&path);
    for (key, value) in given.iter() {
        let key = key.as_str();
        let place = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        if !free && !known.contains_key(key) && !declared.contains(&place) {
            return Err(stranger(known, key, path, declared));
        }
        match (known.get_mut(key), value) {
            (_, Value::Null) => drop(known.remove(key)),
            (Some(Value::Map(_)), Value::Map(given)) => {
                if let Some(below) = known.get_mut(key).and_then(Value::as_map_mut) {
                    merge(below, given, &place, declared)?;
                }
            }
            (Some(old), value) => {
                fits(old, value, free || declared.contains(&place))
                    .map_err(|what| format!("{place}: {what}"))?;
                *old = value.clone();
            }
            (None, value) => drop(known.insert(key.to_owned(), value.clone())),
        }
    }
    Ok(())
}

/// What is said of a key that the profile does not have.
fn stranger(known: &Map<'static>, key: &str, path: &str, declared: &[String]) -> String {
    let whole = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    // Where an annotation has one, the profile's own values may say nothing.
    let begin = whole("");
    let others = declared.iter().filter_map(|place| place.strip_prefix(&begin));
    let others = others.filter(|name| !name.contains('.') && !known.contains_key(name));
    let names: Vec<&str> = known.keys().map(|name| name.as_str()).chain(others).collect();
    let meant = nearest(key, names.iter().copied())
        .map(|name| format!(" (is {} meant?)", whole(name)))
        .unwrap_or_default();
    let place = whole(key);
    let place = place.escape_debug();
    format!("{place}: the profile has no such value{meant}; wanted: one of {}", names.join(", "))
}

/// Whether a value may stand where the profile has `old`. Where `checked`, somebody else looks at it closer, and text
/// may be a number.
fn fits(old: &Value<'_>, new: &Value<'_>, checked: bool) -> Result<(), String> {
    let wanted = match (old, new) {
        (Value::Map(_), _) => "an object",
        (Value::List(_), Value::List(items)) => match items.iter().find(|item| item.as_str().is_none()) {
            None => return Ok(()),
            Some(item) => return Err(format!("an item is {}; wanted: a list of texts", kind(item))),
        },
        (Value::List(_), _) => "a list of texts",
        (_, Value::Map(_) | Value::List(_)) => "one value",
        _ if checked => return Ok(()),
        (Value::Str(_), Value::Str(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Int(_), Value::Int(_)) => {
            return Ok(());
        }
        (Value::Str(_), _) => "a text, in quotes",
        (Value::Bool(_), _) => "true or false",
        _ => "a whole number",
    };
    Err(format!("it is {}; wanted: {wanted}", kind(new)))
}

/// A value as messages call it.
fn kind(value: &Value<'_>) -> String {
    const QUOTED: usize = 48;
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        Value::List(_) => return "a list".to_owned(),
        Value::Map(_) => return "an object".to_owned(),
        Value::Str(text) => format!("{:?}", text.as_str()),
        other => json::to_string(other, json::PLAIN),
    };
    if text.chars().count() <= QUOTED { text } else { text.chars().take(QUOTED).chain(['…']).collect() }
}

/// Whether everything is there that the template writes down as it is.
fn whole(tree: &Value<'_>) -> Result<(), String> {
    let at = |path: &str| path.split('.').try_fold(tree, |value, name| value.get(name));
    for (path, wanted) in NEEDED {
        let value = at(path).unwrap_or(&Value::Null);
        if !wanted.takes(value) {
            return Err(format!("{path}: it is {}; wanted: {}", kind(value), wanted.words()));
        }
    }
    let ports: Vec<(&str, i64)> =
        PORTS.iter().filter_map(|path| Some((*path, at(path)?.as_i64()?))).collect();
    for (index, (path, port)) in ports.iter().enumerate() {
        if let Some((other, _)) = ports[..index].iter().find(|(_, other)| other == port) {
            return Err(format!("{path}: {port} is {other} too; wanted: another port for each"));
        }
    }
    Ok(())
}

impl Wanted {
    fn takes(self, value: &Value<'_>) -> bool {
        let text = value.as_str().unwrap_or_default();
        match self {
            Self::Image => !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control()),
            Self::Port => value.as_i64().is_some_and(|port| (1..=65535).contains(&port)),
            Self::Seconds => text.strip_suffix('s').is_some_and(|number| {
                number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                    && number.parse::<f64>().is_ok_and(|seconds| seconds > 0.0 && seconds < 1e9)
            }),
            Self::Switch => value.as_bool().is_some(),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Image => "the name of an image",
            Self::Port => "a port, from 1 to 65535",
            Self::Seconds => "seconds above zero, as 4s or 0.5s",
            Self::Switch => "true or false",
        }
    }
}

#[cfg(test)]
mod tests;
