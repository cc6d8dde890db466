//! Label selectors: `matchLabels` and `matchExpressions`, by apimachinery's rules. A selector with a fault matches
//! nothing and says why. Never: where the labels come from.

use std::fmt;

use pillion_govalue::Value;

use super::decode::{self, DecodeError};

/// A label selector of the injector's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
    problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    /// Whether labels match. An empty selector matches nothing, as Istio uses it.
    ///
    /// # Errors
    /// What is wrong with a faulty selector, which is to be passed over.
    pub fn matches<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> Result<bool, &str> {
        match self.problem.as_deref() {
            Some(problem) => Err(problem),
            None if self.requirements.is_empty() => Ok(false),
            None => Ok(self.requirements.iter().all(|r| r.matches(label(&r.key)))),
        }
    }

    /// Why this selector is passed over, if it is faulty.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Reads a selector. What is no selector at all is an error; what only makes no sense is kept as its problem.
    pub(super) fn read(value: &Value<'static>) -> Result<Self, DecodeError> {
        let Some(map) = decode::object(value)? else { return Ok(Self::default()) };
        let labels = decode::field(map, "matchLabels", |v| decode::map(v, decode::string))?;
        let expressions = decode::field(map, "matchExpressions", |v| decode::list(v, expression))?;
        let mut selector = Self::default();
        for (key, value) in labels {
            selector.push(key, "In", vec![value]);
        }
        for (key, operator, values) in expressions {
            selector.push(key, &operator, values);
        }
        Ok(selector)
    }

    fn push(&mut self, key: String, operator: &str, values: Vec<String>) {
        match requirement(key, operator, values) {
            Ok(requirement) => self.requirements.push(requirement),
            Err(problem) => {
                self.problem.get_or_insert(problem);
            }
        }
    }
}

/// As kubectl writes selectors: `app in (a,b),!tier`.
impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(problem) = &self.problem {
            return write!(f, "a faulty selector ({problem})");
        }
        for (at, requirement) in self.requirements.iter().enumerate() {
            let Requirement { key, operator, values } = requirement;
            let values = values.join(",");
            f.write_str(if at > 0 { "," } else { "" })?;
            match operator {
                Operator::In => write!(f, "{key} in ({values})")?,
                Operator::NotIn => write!(f, "{key} notin ({values})")?,
                Operator::Exists => f.write_str(key)?,
                Operator::DoesNotExist => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}

impl Requirement {
    fn matches(&self, label: Option<&str>) -> bool {
        let listed = || label.is_some_and(|l| self.values.iter().any(|v| v == l));
        match self.operator {
            Operator::In => listed(),
            Operator::NotIn => !listed(),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
        }
    }
}

fn expression(value: &Value<'static>) -> Result<(String, String, Vec<String>), DecodeError> {
    let Some(map) = decode::object(value)? else { return Ok(Default::default()) };
    Ok((
        decode::field(map, "key", decode::string)?,
        decode::field(map, "operator", decode::string)?,
        decode::field(map, "values", |v| decode::list(v, decode::string))?,
    ))
}

fn requirement(key: String, operator: &str, values: Vec<String>) -> Result<Requirement, String> {
    let operator = match operator {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => {
            return Err(format!("{other:?} is no operator; there are In, NotIn, Exists and DoesNotExist"));
        }
    };
    let wants_values = matches!(operator, Operator::In | Operator::NotIn);
    if !is_label_key(&key) {
        Err(format!("{key:?} is no label key"))
    } else if wants_values == values.is_empty() {
        let must = if wants_values { "needs values" } else { "takes no values" };
        Err(format!("the operator for the label {key} {must}"))
    } else if let Some(bad) = values.iter().find(|v| !is_label_value(v)) {
        Err(format!("{bad:?} is no label value"))
    } else {
        Ok(Requirement { key, operator, values })
    }
}

/// `[prefix/]name`: the prefix a DNS subdomain.
fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && !name.is_empty() && is_label_value(name),
        None => !key.is_empty() && is_label_value(key),
    }
}

fn is_label_value(value: &str) -> bool {
    value.len() <= 63
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && ends_are(value, |b| b.is_ascii_alphanumeric())
}

fn is_subdomain(name: &str) -> bool {
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let part = |p: &str| !p.is_empty() && p.bytes().all(|b| lower(b) || b == b'-') && ends_are(p, lower);
    name.len() <= 253 && name.split('.').all(part)
}

/// Whether the first and the last byte are such; an empty text has none that are not.
fn ends_are(text: &str, such: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_none_or(&such) && text.bytes().next_back().is_none_or(&such)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(json: &'static str) -> LabelSelector {
        LabelSelector::read(&pillion_govalue::parse(json.as_bytes()).unwrap()).unwrap()
    }

    fn matches(json: &'static str, labels: &[(&'static str, &'static str)]) -> bool {
        selector(json).matches(|key| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)).unwrap()
    }

    #[test]
    fn all_requirements_must_hold() {
        let both = r#"{"matchLabels":{"a":"1"},"matchExpressions":[{"key":"b","operator":"Exists"}]}"#;
        assert!(matches(both, &[("a", "1"), ("b", "")]));
        assert!(!matches(both, &[("a", "1")]));
        assert!(!matches(both, &[("a", "2"), ("b", "")]));
    }

    #[test]
    fn an_absent_label_is_not_in_and_does_not_exist() {
        assert!(matches(r#"{"matchExpressions":[{"key":"a","operator":"NotIn","values":["1"]}]}"#, &[]));
        assert!(matches(r#"{"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]}"#, &[]));
        assert!(!matches(r#"{"matchExpressions":[{"key":"a","operator":"In","values":["1"]}]}"#, &[]));
    }

    #[test]
    fn an_empty_selector_matches_nothing() {
        assert!(!matches("{}", &[("a", "1")]));
        assert!(!matches("null", &[("a", "1")]));
        assert_eq!(selector("{}").problem(), None);
    }

    #[test]
    fn a_faulty_selector_matches_nothing_and_says_why() {
        for (json, want) in [
            (r#"{"matchExpressions":[{"key":"a","operator":"exists"}]}"#, "no operator"),
            (r#"{"matchExpressions":[{"key":"a","operator":"In"}]}"#, "needs values"),
            (r#"{"matchExpressions":[{"key":"a","operator":"Exists","values":["x"]}]}"#, "takes no values"),
            (r#"{"matchLabels":{"a b":"1"}}"#, "no label key"),
            (r#"{"matchLabels":{"a/b/c":"1"}}"#, "no label key"),
            (r#"{"matchLabels":{"a":"-1"}}"#, "no label value"),
        ] {
            let selector = selector(json);
            assert!(selector.problem().unwrap().contains(want), "{json}");
            assert!(selector.matches(|_| Some("1")).is_err());
        }
    }
}
