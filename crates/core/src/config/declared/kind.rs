//! [`Kind`]: what the value of a declared annotation may be, and reading one: out of an annotation's text, or out of
//! values, where it is a tree already. Never: which annotation is of which kind.

use std::collections::BTreeMap;
use std::fmt;

use pillion_govalue::{Map, Value, json};
use regex::Regex;

use super::{nearest, scalar};

/// Longest text of an annotation that is read as YAML.
const LONGEST: usize = 64 * 1024;
/// How much of a value a message quotes, in characters.
const QUOTED: usize = 48;

/// What a value may be.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int {
        /// The least that it may be.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A port.
    Port,
    /// Ports and ranges of ports, comma-separated.
    Ports,
    /// Networks in CIDR notation, comma-separated.
    Networks,
    /// A duration in Go's syntax; nanoseconds.
    Duration {
        /// The shortest that it may be.
        least: i64,
        /// The longest.
        most: i64,
    },
    /// A quantity of CPU or memory.
    Quantity,
    /// A percentage from 0 to 100, with or without `%`.
    Percent,
    /// One of a few words.
    Enum(Vec<String>),
    /// Text of a form.
    Pattern {
        /// The form.
        form: Regex,
        /// What it is called.
        called: String,
    },
    /// A list, in YAML.
    List {
        /// What its items are.
        of: Box<Self>,
        /// Most items.
        most: usize,
        /// Members that no two items may have alike together. A member that is a list counts item by item.
        unique: Vec<Vec<String>>,
    },
    /// An object, in YAML.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What its value is.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What it is where it is not there; `None` for nothing.
    pub default: Option<Value<'static>>,
}

/// What is wrong with a value, and where inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place: `[0].circuitBreaker.maxRequests`; empty for the whole.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub wanted: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}; wanted: {}", self.what, self.wanted)
    }
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self { place: String::new(), what: what.into(), wanted: wanted.into() }
    }

    fn within(mut self, parent: &str) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{parent}{dot}{}", self.place);
        self
    }
}

type Read = Result<Value<'static>, Problem>;

impl Kind {
    /// Reads the text of an annotation.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_text(&self, text: &str) -> Read {
        if !matches!(self, Self::List { .. } | Self::Object(_)) {
            return self.read(&Value::from(text.trim().to_owned()));
        }
        if text.len() > LONGEST {
            return Err(Problem::new(
                format!("it is {} bytes long", text.len()),
                format!("{LONGEST} bytes at most"),
            ));
        }
        let tree = pillion_goyaml::parse(text)
            .map_err(|error| Problem::new(format!("it is no YAML: {error}"), self.wanted()))?;
        self.read(&tree)
    }

    /// Reads a value, and brings it into the one form that templates see.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, value: &Value<'_>) -> Read {
        match self {
            Self::List { of, most, unique } => self.list(value, of, *most, unique),
            Self::Object(members) => self.object(value, members),
            scalar => scalar::read(scalar, value).map_err(|what| {
                let what = if what.is_empty() { format!("{} is none", quoted(value)) } else { what };
                Problem::new(what, self.wanted())
            }),
        }
    }

    /// What is wanted, in words.
    #[must_use]
    pub fn wanted(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Int { least, most } => format!("a whole number from {least} to {most}"),
            Self::Port => "a port, from 1 to 65535".to_owned(),
            Self::Ports => "ports and ranges of ports, comma-separated, as 80,8000-8100".to_owned(),
            Self::Networks => "networks, comma-separated, as 10.0.0.0/8,fd00::/8".to_owned(),
            Self::Duration { least, most } => {
                let [least, most] = [least, most].map(|nanos| scalar::spoken(*nanos));
                format!("a duration from {least} to {most}, as 250ms or 1m30s")
            }
            Self::Quantity => "a quantity above zero, as 100m or 128Mi".to_owned(),
            Self::Percent => "a percentage from 0 to 100".to_owned(),
            Self::Enum(words) => format!("one of {}", words.join(", ")),
            Self::Pattern { called, .. } => called.clone(),
            Self::List { of, most, .. } => {
                format!("a YAML list of {most} items at most, each {}", of.wanted())
            }
            Self::Object(members) => {
                let names = members.iter().map(|member| match member.required {
                    true => format!("{} (required)", member.name),
                    false => member.name.clone(),
                });
                format!("an object with {}", names.collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn list(&self, value: &Value<'_>, of: &Self, most: usize, unique: &[Vec<String>]) -> Read {
        let items = match value {
            Value::Null => &[],
            Value::List(items) => items.as_slice(),
            other => return Err(Problem::new(format!("it is {}", a_kind(other)), self.wanted())),
        };
        if items.len() > most {
            return Err(Problem::new(
                format!("it has {} items", items.len()),
                format!("{most} items at most"),
            ));
        }
        let read = items
            .iter()
            .enumerate()
            .map(|(at, item)| of.read(item).map_err(|problem| problem.within(&format!("[{at}]"))));
        let read: Vec<_> = read.collect::<Result<_, _>>()?;
        unique.iter().try_for_each(|members| all_differ(&read, members))?;
        Ok(Value::list(read))
    }

    fn object(&self, value: &Value<'_>, members: &[Member]) -> Read {
        let Value::Map(given) = value else {
            return Err(Problem::new(format!("it is {}", a_kind(value)), self.wanted()));
        };
        if let Some(stranger) = given.keys().find(|key| members.iter().all(|m| m.name != key.as_str())) {
            let meant = nearest(stranger.as_str(), members.iter().map(|member| member.name.as_str()));
            let meant = meant.map(|name| format!(" (is {name} meant?)")).unwrap_or_default();
            let name = quoted(&Value::from(stranger.as_str().to_owned()));
            return Err(Problem::new(format!("{name} is no member{meant}"), self.wanted()));
        }
        let mut read = Map::new();
        for member in members {
            let value = match given.get(&member.name).filter(|value| !value.is_null()) {
                Some(value) => member.kind.read(value).map_err(|problem| problem.within(&member.name))?,
                None if member.required => {
                    return Err(Problem::new("it is not there", member.kind.wanted()).within(&member.name));
                }
                None => member.default.clone().unwrap_or(Value::Null),
            };
            read.insert(member.name.clone(), value);
        }
        Ok(Value::map(read))
    }
}

/// Complains of two items that have the same values in these members.
fn all_differ(items: &[Value<'static>], members: &[String]) -> Result<(), Problem> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        for key in keys(item, members) {
            if let Some(other) = seen.insert(key.clone(), at) {
                let names = members.join(" and ");
                let problem = Problem::new(format!("{names}{key} stand in [{other}] too"), "each only once");
                return Err(problem.within(&format!("[{at}]")));
            }
        }
    }
    Ok(())
}

/// What an item has in these members, written out; once for each value of a member that is a list.
fn keys(item: &Value<'static>, members: &[String]) -> Vec<String> {
    let mut keys = vec![String::new()];
    for member in members {
        let values = match item.get(member) {
            Some(Value::List(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        let written: Vec<String> = values.iter().map(|value| json::to_string(value, json::PLAIN)).collect();
        keys =
            keys.iter().flat_map(|key| written.iter().map(move |value| format!("{key} {value}"))).collect();
    }
    keys
}

/// A value as messages quote it.
pub(super) fn quoted(value: &Value<'_>) -> String {
    let text = match value {
        Value::Str(text) => format!("{:?}", text.as_str()),
        Value::List(_) | Value::Map(_) | Value::Null => a_kind(value),
        other => json::to_string(other, json::PLAIN),
    };
    if text.chars().count() <= QUOTED {
        return text;
    }
    text.chars().take(QUOTED).chain(['…']).collect()
}

fn a_kind(value: &Value<'_>) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "an object".to_owned(),
        other => format!("no list or object but {}", quoted(other)),
    }
}
