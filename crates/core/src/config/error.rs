//! What is wrong with a configuration and where: [`ConfigError`] when it cannot be used, [`ConfigWarning`] when it
//! can. Never: what becomes of the old configuration (that is whoever asked for the new one).

use std::fmt;

/// Why a configuration cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigError {
    /// The file or the key of the ConfigMap: `config`, `values`, `mesh`.
    pub source: String,
    /// The template, if it lies in one.
    pub template: Option<String>,
    /// The line within the file, or within the template if there is one; from 1.
    pub line: Option<usize>,
    /// The column in that line; from 1.
    pub column: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl ConfigError {
    /// A fault of a whole file.
    pub fn new(source: &str, message: impl Into<String>) -> Self {
        Self { source: String::from(source), message: message.into(), ..Self::default() }
    }

    /// The same fault with its line.
    #[must_use]
    pub fn on_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        let mut separator = ": ";
        if let Some(template) = &self.template {
            write!(f, "{separator}template {template:?}")?;
            separator = ", ";
        }
        if let Some(line) = self.line {
            write!(f, "{separator}line {line}")?;
            separator = ", ";
        }
        if let Some(column) = self.column {
            write!(f, "{separator}column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Something about a configuration that whoever runs the injector should know, though it can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigWarning {
    /// A template that is no default one does not compile: pods that ask for it will be refused.
    Template(ConfigError),
    /// The injector's configuration says nothing: Istio lets all pods through under it.
    Empty,
    /// No templates at all.
    NoTemplates,
    /// The release could not be told from the configuration.
    Release(String),
    /// Istio itself warns of this part of the mesh configuration.
    Mesh(String),
    /// A selector can never match and is passed over.
    Selector {
        /// `neverInjectSelector[0]`.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// `policy` is neither `enabled` nor `disabled`: pods are injected only where they ask for it nowhere.
    Policy(String),
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(error) => {
                write!(f, "{error} (it is no default template: only pods that ask for it are refused)")
            }
            Self::Empty => f.write_str("config: it says nothing"),
            Self::NoTemplates => f.write_str(
                "config: there are no templates, so no pod can be injected; is the configuration of an older Istio?",
            ),
            Self::Release(message) | Self::Mesh(message) => f.write_str(message),
            Self::Selector { place, message } => write!(f, "config: {place} is passed over: {message}"),
            Self::Policy(policy) => {
                write!(f, "config: policy {policy:?} is neither \"enabled\" nor \"disabled\": nothing is injected")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_said_as_far_as_it_is_known() {
        let mut error = ConfigError::new("config", "unexpected EOF");
        assert_eq!(error.to_string(), "config: unexpected EOF");
        error = error.on_line(Some(12));
        assert_eq!(error.to_string(), "config: line 12: unexpected EOF");
        error.template = Some(String::from("sidecar"));
        error.column = Some(3);
        assert_eq!(error.to_string(), "config: template \"sidecar\", line 12, column 3: unexpected EOF");
    }
}
