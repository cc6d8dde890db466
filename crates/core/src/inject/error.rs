//! [`InjectError`]: a pod that cannot be injected, with its reason and a message. The messages open as istiod's do,
//! for people and tools know them; where we know a better place (a line of the template, a field) it is named too.
//! Never: HTTP, admission answers, logging.

use std::fmt;

use super::reason::Reason;

/// Why one pod is refused.
#[derive(Debug, thiserror::Error)]
pub enum InjectError {
    /// The request holds no object.
    #[error("unexpected end of JSON input")]
    NoObject,
    /// The object does not decode as a pod.
    #[error("{0}")]
    BadPod(String),
    /// Annotations that cannot be used.
    #[error("failed to run injection template: {0}")]
    BadAnnotations(BadAnnotations),
    /// The annotation `proxy.istio.io/overrides` does not decode.
    #[error("failed to run injection template: annotation proxy.istio.io/overrides: {0}")]
    BadOverrides(String),
    /// The annotation `sidecar.istio.io/status` names no containers where it should (istiod panics).
    #[error("failed to re apply container: annotation sidecar.istio.io/status: {0} is no list of names")]
    BadStatus(&'static str),
    /// A template that the configuration does not have.
    #[error("failed to run injection template: requested template {} not found; have {have}", quoted(name))]
    TemplateMissing {
        /// The name asked for.
        name: String,
        /// The names there are.
        have: String,
    },
    /// More templates than one pod may ask for.
    #[error(
        "failed to run injection template: annotation inject.istio.io/templates asks for more than {most} templates"
    )]
    TemplatesTooMany {
        /// How many there may be, aliases resolved.
        most: usize,
    },
    /// A template that does not compile.
    #[error("failed to run injection template: {message}")]
    TemplateBroken {
        /// The template's name.
        name: String,
        /// Why it does not compile, with the place.
        message: String,
    },
    /// A template that failed for this pod.
    #[error("failed to run injection template: {message}")]
    TemplateFailed {
        /// The template's name.
        name: String,
        /// What failed, with the place.
        message: String,
        /// Whether it failed because it took more steps or wrote more text than it may.
        budget: bool,
    },
    /// An overlay that could not be laid over the pod.
    #[error("{step}: {fault}")]
    Overlay {
        /// Which overlay.
        step: OverlayStep,
        /// What was wrong.
        fault: OverlayFault,
    },
    /// A pass after the merge.
    #[error("failed to process pod: {0}")]
    Finish(#[from] FinishError),
}

impl InjectError {
    /// The reason of the refusal: every error has one.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NoObject => Reason::NoObject,
            Self::BadPod(_) => Reason::BadPod,
            Self::BadAnnotations(_) => Reason::BadAnnotation,
            Self::BadOverrides(_) => Reason::BadOverrides,
            Self::BadStatus(_) => Reason::BadStatus,
            Self::TemplateMissing { .. } => Reason::TemplateMissing,
            Self::TemplateBroken { .. } => Reason::TemplateBroken,
            Self::TemplatesTooMany { .. } | Self::TemplateFailed { budget: true, .. } => {
                Reason::TemplateBudget
            }
            Self::TemplateFailed { .. } => Reason::TemplateFailed,
            Self::Overlay { fault: OverlayFault::Unreadable(_), .. } => Reason::OverlayUnreadable,
            Self::Overlay { fault: OverlayFault::Merge(_), .. } => Reason::MergeFailed,
            Self::Overlay { fault: OverlayFault::NotAPod(_), .. } => Reason::OverlayNotAPod,
            Self::Finish(FinishError::Scrape(_)) => Reason::BadScrape,
            Self::Finish(FinishError::ProxyConfig(_)) => Reason::BadAnnotation,
        }
    }
}

/// Which overlay was being laid over which pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlayStep {
    /// A template's output over what the templates before it made.
    Template,
    /// A template's output over the pod.
    Pod,
    /// The user's own settings for an injected container.
    Container,
    /// The user's own settings for an injected init container.
    InitContainer,
}

impl fmt::Display for OverlayStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Template => "failed to run injection template: failed applying injection overlay",
            Self::Pod => {
                "failed to run injection template: failed parsing generated injected YAML (check Istio sidecar \
                 injector configuration)"
            }
            Self::Container => "failed to re apply container: failed to apply sidecar container",
            Self::InitContainer => "failed to re apply container: failed to apply sidecar init container",
        })
    }
}

/// What was wrong with an overlay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverlayFault {
    /// It is not YAML, or not an object.
    #[error("strategic merge: invalid JSON document: {0}")]
    Unreadable(String),
    /// It cannot be merged.
    #[error("strategic merge: {0}")]
    Merge(String),
    /// What comes out of the merge does not decode as a pod.
    #[error("unmarshal patched pod: {0}")]
    NotAPod(String),
}

/// A pass after the merge that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FinishError {
    /// The Prometheus annotations name a port that cannot be scraped.
    #[error("{0}")]
    Scrape(String),
    /// The annotation `proxy.istio.io/config` cannot be applied.
    #[error("{0}")]
    ProxyConfig(String),
}

/// The annotations of one pod that cannot be used, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadAnnotations(pub Vec<BadAnnotation>);

/// One annotation that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid value '{value}' for annotation '{name}': {message}")]
pub struct BadAnnotation {
    /// The annotation.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for BadAnnotations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("1 error occurred:")?,
            n => write!(f, "{n} errors occurred:")?,
        }
        for each in &self.0 {
            // A message of several lines stays one bullet.
            write!(f, "\n\t* {each}")?;
        }
        f.write_str("\n\n")
    }
}

/// A name in quotes, as Go's `%q` writes it for printable text.
fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    pillion_govalue::json::write_string(&mut out, name, false);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_open_as_istiods_do() {
        let missing = InjectError::TemplateMissing { name: "x".into(), have: "gateway, sidecar".into() };
        assert_eq!(
            missing.to_string(),
            "failed to run injection template: requested template \"x\" not found; have gateway, sidecar"
        );
        let merge =
            InjectError::Overlay { step: OverlayStep::Container, fault: OverlayFault::Merge("no".into()) };
        assert_eq!(
            merge.to_string(),
            "failed to re apply container: failed to apply sidecar container: strategic merge: no"
        );
        assert_eq!(merge.reason(), Reason::MergeFailed);
    }

    #[test]
    fn all_bad_annotations_are_named_at_once() {
        let one = |name: &str| BadAnnotation { name: name.into(), value: "v".into(), message: "no".into() };
        let error = InjectError::BadAnnotations(BadAnnotations(vec![one("a"), one("b")]));
        assert_eq!(
            error.to_string(),
            "failed to run injection template: 2 errors occurred:\n\t* invalid value 'v' for annotation 'a': no\n\t* \
             invalid value 'v' for annotation 'b': no\n\n"
        );
    }
}
