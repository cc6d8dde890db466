//! One template of the configuration, compiled; or the reason why it is not, kept until somebody asks for it.
//! Never: running it.

use super::error::ConfigError;

/// A template of the injector's configuration.
#[derive(Clone, Debug)]
pub struct CompiledTemplate {
    name: String,
    text: String,
    fault: Option<ConfigError>,
}

impl CompiledTemplate {
    /// Compiles the template `name`, which lies in the file or key `source`.
    pub(super) fn compile(source: &str, name: &str, text: &str) -> Self {
        let _ = source;
        Self { name: String::from(name), text: String::from(text), fault: None }
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

    /// Why it does not compile.
    #[must_use]
    pub fn fault(&self) -> Option<&ConfigError> {
        self.fault.as_ref()
    }
}
