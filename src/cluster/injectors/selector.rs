//! Label selectors as API servers read them: requirement by requirement, so that it can be told which of them does not
//! hold. Never: which objects are asked about.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// What a selector says of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement<'s> {
    /// The label's key.
    pub key: &'s str,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: &'s str,
    /// The values of the first two.
    pub values: Vec<&'s str>,
}

/// All that a selector requires; nothing takes every object.
#[must_use]
pub fn requirements(selector: &LabelSelector) -> Vec<Requirement<'_>> {
    let labels = selector.match_labels.iter().flatten();
    let labels = labels.map(|(key, value)| Requirement { key, operator: "In", values: vec![value.as_str()] });
    let expressions = selector.match_expressions.iter().flatten().map(|expression| Requirement {
        key: &expression.key,
        operator: &expression.operator,
        values: expression.values.iter().flatten().map(String::as_str).collect(),
    });
    labels.chain(expressions).collect()
}

/// Whether a selector takes an object with these labels; without a selector every object is taken.
#[must_use]
pub fn selects(selector: Option<&LabelSelector>, labels: &Labels) -> bool {
    let holds =
        |requirement: &Requirement<'_>| requirement.holds(labels.get(requirement.key).map(String::as_str));
    selector.is_none_or(|selector| requirements(selector).iter().all(holds))
}

impl Requirement<'_> {
    /// As API servers read it; what they do not know takes nothing.
    #[must_use]
    pub fn holds(&self, value: Option<&str>) -> bool {
        let named = value.is_some_and(|value| self.values.contains(&value));
        match self.operator {
            "In" => named,
            "NotIn" => !named,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

/// As kubectl writes selectors.
impl fmt::Display for Requirement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (self.key, self.values.join(","));
        match (self.operator, &self.values[..]) {
            ("In", [value]) => write!(f, "{key}={value}"),
            ("NotIn", [value]) => write!(f, "{key}!={value}"),
            ("In", _) => write!(f, "{key} in ({values})"),
            ("NotIn", _) => write!(f, "{key} notin ({values})"),
            ("Exists", _) => f.write_str(key),
            ("DoesNotExist", _) => write!(f, "!{key}"),
            (other, _) => write!(f, "{key} {other} ({values})"),
        }
    }
}
