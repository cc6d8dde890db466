//! Declarations out of YAML: each annotation by its name, with `kind`, `doc` and what the kind needs besides. What is
//! wrong with one is told by its place: `upstreams.of.members.port`. Never: values of annotations.

use pillion_govalue::{Map, Value};
use regex::Regex;

use super::kind::{Kind, Member};
use super::{PREFIX, Row};
use crate::config::jsonpb::duration;
use crate::config::{ConfigError, Source};

/// The longest duration that is taken where none is said: a year.
const A_YEAR: i64 = 31_536_000_000_000_000;

/// Something wrong in a declaration: its place and what it is.
type Fault = (String, String);

/// Reads all declarations, sorted by name.
pub(super) fn rows(source: &Source<'_>) -> Result<Vec<Row>, ConfigError> {
    let tree = pillion_goyaml::parse(source.text)
        .map_err(|e| ConfigError::new(source.name, e.problem()).on_line(e.line()))?;
    let all = match &tree {
        Value::Null => return Ok(Vec::new()),
        Value::Map(all) => all,
        _ => return Err(ConfigError::new(source.name, "is no object of annotations by their names")),
    };
    let read = all.iter().map(|(name, spec)| row(name.as_str(), spec)).collect::<Result<Vec<_>, Fault>>();
    let mut rows = read.map_err(|(place, what)| ConfigError::new(source.name, format!("{place}: {what}")))?;
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rows)
}

fn row(name: &str, spec: &Value<'static>) -> Result<Row, Fault> {
    let fault = |what: &str| (name.to_owned(), what.to_owned());
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(fault("is no name of small letters, digits and dashes"));
    }
    let mut spec = Spec::of(name, spec)?;
    let doc = spec.text("doc")?.ok_or_else(|| fault("has no doc, the sentence that says what it is for"))?;
    let values = spec.text("value")?;
    let namespace = spec.switch("namespace")?;
    let default = spec.take("default");
    let kind = spec.kind()?;
    let default = default.map(|value| as_default(&kind, &value, name)).transpose()?;
    let (name, key) = (format!("{PREFIX}{name}"), camel(name));
    Ok(Row { name, key, kind, default: default.unwrap_or_default(), values, namespace, doc })
}

fn as_default(kind: &Kind, value: &Value<'static>, place: &str) -> Result<Value<'static>, Fault> {
    kind.read(value).map_err(|problem| (format!("{place}.default"), problem.to_string()))
}

/// `log-level` → `logLevel`.
fn camel(name: &str) -> String {
    let mut up = false;
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '-' {
            up = true;
        } else {
            out.push(if up { c.to_ascii_uppercase() } else { c });
            up = false;
        }
    }
    out
}

/// What is left to read of one declaration.
struct Spec<'p> {
    place: &'p str,
    left: Map<'static>,
}

impl<'p> Spec<'p> {
    fn of(place: &'p str, value: &Value<'static>) -> Result<Self, Fault> {
        match value {
            Value::Map(map) => Ok(Self { place, left: (**map).clone() }),
            _ => Err((place.to_owned(), "is no object with a kind".to_owned())),
        }
    }

    fn fault(&self, what: impl Into<String>) -> Fault {
        (self.place.to_owned(), what.into())
    }

    fn take(&mut self, name: &str) -> Option<Value<'static>> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Str(text)) => Ok(Some(text.as_str().to_owned())),
            Some(_) => Err(self.fault(format!("{name} is no text"))),
        }
    }

    fn switch(&mut self, name: &str) -> Result<bool, Fault> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(on)) => Ok(on),
            Some(_) => Err(self.fault(format!("{name} is neither true nor false"))),
        }
    }

    fn number(&mut self, name: &str) -> Result<Option<i64>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Int(number)) => Ok(Some(number)),
            Some(_) => Err(self.fault(format!("{name} is no whole number"))),
        }
    }

    fn nanoseconds(&mut self, name: &str, or: i64) -> Result<i64, Fault> {
        match self.text(name)? {
            None => Ok(or),
            Some(text) => duration::parse(&text).ok_or_else(|| self.fault(format!("{name} is no duration"))),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, Fault> {
        let fault = self.fault(format!("{name} is no list of texts"));
        let Some(Value::List(items)) = self.take(name) else { return Err(fault) };
        let texts: Option<Vec<_>> = items.iter().map(|i| i.as_str().map(str::to_owned)).collect();
        texts.ok_or(fault)
    }

    /// The kind, and with it everything that is left.
    fn kind(mut self) -> Result<Kind, Fault> {
        let name = self.text("kind")?.unwrap_or_default();
        let kind = match name.as_str() {
            "bool" => Kind::Bool,
            "int" => {
                let (least, most) = (self.number("least")?, self.number("most")?);
                Kind::Int { least: least.unwrap_or(0), most: most.unwrap_or(i64::from(u32::MAX)) }
            }
            "port" => Kind::Port,
            "ports" => Kind::Ports,
            "networks" => Kind::Networks,
            "duration" => {
                let (least, most) = (self.nanoseconds("least", 0)?, self.nanoseconds("most", A_YEAR)?);
                Kind::Duration { least, most }
            }
            "quantity" => Kind::Quantity,
            "percent" => Kind::Percent,
            "enum" => Kind::Enum(self.texts("of")?),
            "pattern" => self.pattern()?,
            "list" => self.list()?,
            "object" => self.object()?,
            other => return Err(self.fault(format!("{other:?} is no kind"))),
        };
        match self.left.keys().next() {
            Some(stranger) => Err(self.fault(format!("{:?} is nothing of kind {name}", stranger.as_str()))),
            None => Ok(kind),
        }
    }

    fn pattern(&mut self) -> Result<Kind, Fault> {
        let (form, called) = (self.text("pattern")?, self.text("called")?);
        let (Some(form), Some(called)) = (form, called) else {
            return Err(self.fault("a pattern has a pattern, and says what it is called"));
        };
        // The whole text has the form.
        match Regex::new(&format!("^(?:{form})$")) {
            Ok(form) => Ok(Kind::Pattern { form, called }),
            Err(error) => Err(self.fault(format!("the pattern is none: {error}"))),
        }
    }

    fn list(&mut self) -> Result<Kind, Fault> {
        const MOST: i64 = 64;
        let most = usize::try_from(self.number("most")?.unwrap_or(MOST)).unwrap_or_default();
        let unique = match self.take("unique") {
            None => Vec::new(),
            Some(Value::List(sets)) => sets.iter().map(names).collect(),
            Some(_) => return Err(self.fault("unique is no list of lists of members")),
        };
        let place = format!("{}.of", self.place);
        let of = self.take("of").ok_or_else(|| self.fault("a list says of what it is"))?;
        Ok(Kind::List { of: Box::new(Spec::of(&place, &of)?.kind()?), most, unique })
    }

    fn object(&mut self) -> Result<Kind, Fault> {
        let Some(Value::Map(members)) = self.take("members") else {
            return Err(self.fault("an object has members"));
        };
        let member = |(name, spec): (&pillion_govalue::Str<'static>, &Value<'static>)| {
            let place = format!("{}.members.{}", self.place, name.as_str());
            let mut spec = Spec::of(&place, spec)?;
            let (required, default) = (spec.switch("required")?, spec.take("default"));
            let kind = spec.kind()?;
            let default = default.map(|value| as_default(&kind, &value, &place)).transpose()?;
            Ok(Member { name: name.as_str().to_owned(), kind, required, default })
        };
        Ok(Kind::Object(members.iter().map(member).collect::<Result<_, Fault>>()?))
    }
}

fn names(set: &Value<'static>) -> Vec<String> {
    let items = set.as_list().unwrap_or(std::slice::from_ref(set));
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
