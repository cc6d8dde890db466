//! One template of the configuration, compiled; or the reason why it is not, kept until somebody asks for it.
//! Never: running it.

use std::sync::{Arc, LazyLock};

use pillion_gotmpl::{FunctionSet, Template};
use pillion_govalue::types::KNOWN;

use super::error::ConfigError;

/// What Istio calls every template, so that messages read as its own do.
const NAME: &str = "inject";

/// The functions that templates may call.
static FUNCTIONS: LazyLock<FunctionSet> = LazyLock::new(pillion_gotmpl::funcs::sprig::function_set);

/// A template of the injector's configuration.
#[derive(Clone, Debug)]
pub struct CompiledTemplate {
    name: String,
    text: String,
    compiled: Result<Arc<Template>, ConfigError>,
}

impl CompiledTemplate {
    /// Compiles the template `name`, which lies in the file or key `source`.
    pub(super) fn compile(source: &str, name: &str, text: &str) -> Self {
        let compiled = Template::compile(NAME, text, &FUNCTIONS, KNOWN.template_data);
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
