//! Annotations that a profile declares for its own pods: `pillion.dev/NAME`, what its value is, its default, and whether a
//! namespace may set it for its pods. Templates see what they come to as `.Settings`.
//!
//! | file | what |
//! |---|---|
//! | `kind` | what a value may be, and reading one |
//! | `scalar` | the kinds that hold no others |
//! | `read` | the declarations out of YAML |
//!
//! Never: Envoy (a profile's words), or pods (see `inject::declared`).

mod kind;
mod read;
mod scalar;

pub use kind::{Kind, Member, Problem};

use pillion_govalue::{Map, Value};

use super::error::ConfigError;
use super::{Source, Values};

/// What all names begin with.
pub const PREFIX: &str = "pillion.dev/";

/// The annotations of one profile.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    rows: Vec<Row>,
    /// What holds where nobody says anything, by key.
    defaults: Value<'static>,
}

/// One annotation.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its whole name: `pillion.dev/log-level`.
    pub name: String,
    /// Its name in templates: `logLevel`.
    pub key: String,
    /// What its value is.
    pub kind: Kind,
    /// What holds where neither an annotation nor the values say anything; null for nothing.
    pub default: Value<'static>,
    /// The values that come before the default: `envoy.logLevel`.
    pub values: Option<String>,
    /// Whether a namespace may set it for its pods.
    pub namespace: bool,
    /// What it is for, in one sentence.
    pub doc: String,
}

impl Row {
    /// What is wrong with a value; `None` if it can be used.
    #[must_use]
    pub fn problem(&self, text: &str) -> Option<Problem> {
        self.kind.read_text(text).err()
    }
}

impl Declared {
    /// Reads declarations, and the defaults that `values` has for them.
    ///
    /// # Errors
    /// A declaration that is none, or a default that its own kind does not take.
    pub fn read(source: &Source<'_>, values: &Source<'_>, tree: &Values) -> Result<Self, ConfigError> {
        let rows = read::rows(source)?;
        let mut defaults = Map::new();
        for row in &rows {
            let said = row.values.as_deref().and_then(|path| said(&tree.tree, path));
            let value = match said {
                Some(value) => row.kind.read(value).map_err(|problem| {
                    let path = row.values.as_deref().unwrap_or_default();
                    ConfigError::new(values.name, format!("{path}: {problem}"))
                })?,
                None => row.default.clone(),
            };
            defaults.insert(row.key.clone(), value);
        }
        Ok(Self { rows, defaults: Value::map(defaults) })
    }

    /// All of them, by name.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The annotation of this name.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The name that was most likely meant by one that is not declared.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let short = |name: &str| name.strip_prefix(PREFIX).unwrap_or_default().to_owned();
        let names: Vec<String> = self.rows.iter().map(|row| short(&row.name)).collect();
        let found = nearest(&short(name), names.iter().map(String::as_str))?;
        self.rows.iter().find(|row| short(&row.name) == found).map(|row| row.name.as_str())
    }

    /// What templates see of a pod that says nothing.
    #[must_use]
    pub const fn defaults(&self) -> &Value<'static> {
        &self.defaults
    }
}

/// What the values have at a path of names between dots.
fn said<'v>(values: &'v Value<'static>, path: &str) -> Option<&'v Value<'static>> {
    path.split('.').try_fold(values, |value, name| value.get(name)).filter(|value| !value.is_null())
}

/// Longest name that is compared: a stranger writes it.
const LONGEST: usize = 64;

/// The name that differs least from `name`, if it differs little.
#[must_use]
pub fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let far = if name.len() < 4 { 1 } else { (name.len() / 3).clamp(2, 3) };
    names
        .filter(|known| known.len().max(name.len()) <= LONGEST)
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests;
