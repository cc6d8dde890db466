//! One template of the configuration, compiled; or the reason why it is not, kept until somebody asks for it.
//! Never: running it.

use std::sync::Arc;

use pillion_gotmpl::Template;
use pillion_govalue::types::KNOWN;

use super::error::ConfigError;
use crate::inject::functions::{Dialect, function_set};

/// What Istio calls every template, so that messages read as its own do.
const NAME: &str = "inject";

/// A template of the injector's configuration.
#[derive(Clone, Debug)]
pub struct CompiledTemplate {
    name: String,
    text: String,
    compiled: Result<Arc<Template>, ConfigError>,
}

impl CompiledTemplate {
    /// Compiles the template `name`, which lies in the file or key `source`, for the functions of a release.
    pub(super) fn compile(source: &str, name: &str, text: &str, dialect: Dialect) -> Self {
        let compiled = Template::compile(NAME, text, function_set(dialect), KNOWN.template_data);
        let compiled = compiled.map(Arc::new).map_err(|e| ConfigError {
            source: String::from(source),
            template: Some(String::from(name)),
            line: usize::try_from(e.line()).ok(),
            column: e.column().and_then(|c| usize::try_from(c).ok()),
            message: String::from(e.detail()),
        });
        Self { name: String::from(name), text: String::from(text), compiled }
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The template, ready to be rendered.
    ///
    /// # Errors
    /// Why it does not compile.
    pub fn template(&self) -> Result<&Template, &ConfigError> {
        self.compiled.as_ref().map(AsRef::as_ref)
    }

    /// Why it does not compile.
    #[must_use]
    pub fn fault(&self) -> Option<&ConfigError> {
        self.compiled.as_ref().err()
    }
}
