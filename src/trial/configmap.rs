//! What to answer who applies a ConfigMap of the configuration: a default template that cannot render is refused, before
//! it is anybody's configuration; everything else that was found is told.
//!
//! An upgrade of istiod is never refused. A newer Istio brings templates with functions, fields and settings that this
//! program may not know; what it does not know is no fault of whoever applies it. So a function that is not known is
//! told only, and of a configuration that says it is of a newer release than any known here everything is told only.
//! (The configuration in use stays in either case: see `source::reload`.)
//!
//! Never: taking a configuration into use.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pillion_core::config::{ConfigError, Level, Settings, Snapshot, Values};
use pillion_core::inject::InjectError;
use pillion_govalue::Value;

use super::{Candidates, Problems, Until, samples};
use crate::source::configmap::Names;
use crate::source::{Reader, SourceError, Text, Texts, embedded};

/// How long the samples may take: an API server waits ten seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Judges ConfigMaps that are applied.
pub struct Judge {
    names: Names,
    settings: Settings,
    /// What is in the cluster now: a ConfigMap is judged together with the others.
    current: Mutex<Reader>,
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Why the ConfigMap is refused; `None` where it is taken.
    pub refusal: Option<String>,
    /// What is told all the same.
    pub warnings: Vec<String>,
}

/// Something that keeps the configuration from being used.
struct Fault {
    message: String,
    /// Whether it may be that this program is too old.
    may_be_news: bool,
}

impl Judge {
    /// Judges the ConfigMaps of these names, together with what `current` reads.
    #[must_use]
    pub fn new(names: Names, settings: Settings, current: Reader) -> Self {
        Self { names, settings, current: Mutex::new(current) }
    }

    /// Judges one. `in_use` is the configuration that serves now.
    #[must_use]
    pub fn judge(&self, map: &Value<'_>, namespace: &str, in_use: Option<&Snapshot>) -> Answered {
        let name = map.at(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
        if namespace != self.names.namespace || !self.names.is_one(name) {
            return Answered::default();
        }
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner)();
        let awaited = current.is_err();
        // Before all of them are there, what is applied is looked at alone.
        let mut texts = current.unwrap_or_else(|_| embedded::texts());
        let fault = match self.names.replace(&mut texts, name, &data(map)) {
            Err(missing) => Err(Fault { message: missing, may_be_news: false }),
            Ok(()) => self.tried(&texts, name, awaited, in_use),
        };
        match fault {
            Ok(warnings) => Answered { refusal: None, warnings },
            Err(fault) if fault.may_be_news || is_newer(map, &texts) => {
                // Who applies it knows what it is.
                let message = fault.message.replace(&self.names.of_text(name), "");
                let warning = format!("Pillion cannot use this and keeps what it has: {message}");
                Answered { refusal: None, warnings: vec![warning] }
            }
            Err(fault) => Answered { refusal: Some(fault.message), warnings: Vec::new() },
        }
    }

    /// Tries the configuration; gives what is told of one that can be used.
    fn tried(
        &self,
        texts: &Texts,
        name: &str,
        awaited: bool,
        in_use: Option<&Snapshot>,
    ) -> Result<Vec<String>, Fault> {
        let candidates = match Candidates::build(texts, &self.settings) {
            Ok(candidates) => candidates,
            // Alone it may lack what another brings.
            Err(error) if awaited && !self.names.is_named_in(&error.to_string(), name) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(Fault::of(&error)),
        };
        let (mut warnings, until) = (Vec::new(), Until::after(PATIENCE));
        if let Err((sample, error)) = candidates.refused_sample(until) {
            let message = format!("a {sample} would be refused: {error}");
            // What the configuration in use refuses as well is not this change's.
            if in_use.is_some_and(refuses) {
                warnings.push(message);
            } else {
                return Err(Fault { message, may_be_news: is_unknown_field(&error) });
            }
        }
        let mut problems = Problems::default();
        candidates.on_samples(until, &mut problems);
        warnings.extend(problems.iter().map(|problem| problem.message.clone()));
        Ok(warnings)
    }
}

impl Fault {
    fn of(error: &SourceError) -> Self {
        let may_be_news = matches!(error, SourceError::Config(error) if is_unknown_function(error));
        Self { message: error.to_string(), may_be_news }
    }
}

/// A template that names a function which we do not know. Go's own words, which the compiler of templates has too.
fn is_unknown_function(error: &ConfigError) -> bool {
    error.template.is_some()
        && error.message.starts_with("function ")
        && error.message.ends_with(" not defined")
}

/// A template that names a field of the data which we do not know.
fn is_unknown_field(error: &InjectError) -> bool {
    const ROOT: &str = "in type *inject.SidecarTemplateData";
    matches!(error, InjectError::TemplateFailed { message, .. } if message.contains(ROOT))
}

fn refuses(snapshot: &Snapshot) -> bool {
    samples::of_defaults().iter().any(|case| case.injected(snapshot).is_err())
}

/// What a ConfigMap holds.
fn data(map: &Value<'_>) -> Vec<(String, String)> {
    let members = map.get("data").and_then(Value::as_map).into_iter().flat_map(|data| data.iter());
    members.filter_map(|(key, text)| Some((key.as_str().to_owned(), text.as_str()?.to_owned()))).collect()
}

/// Whether the configuration is of a release of Istio that came after this program: by what its chart writes on the
/// ConfigMap, else by the tag of its images.
fn is_newer(map: &Value<'_>, texts: &Texts) -> bool {
    let label = |key| map.at(&["metadata", "labels", key]).and_then(Value::as_str).unwrap_or_default();
    let chart = label("helm.sh/chart").trim_start_matches("istiod-");
    let Text { name, text } = &texts.values;
    let tag = Values::read(&pillion_core::config::Source { name, text }).map(|values| values.tag());
    let tag = tag.unwrap_or_default();
    let said = [label("app.kubernetes.io/version"), chart, &tag].into_iter().find(|text| is_version(text));
    said.is_some_and(|version| Level::of_tag(version).is_none())
}

/// `1.27.0`, `v1.27-alpha.0`.
fn is_version(text: &str) -> bool {
    let mut parts = text.trim_start_matches('v').split(['.', '-', '+']);
    let mut number = || parts.next().and_then(|part| part.parse::<u16>().ok());
    number().is_some() && number().is_some()
}

#[cfg(test)]
mod tests;
