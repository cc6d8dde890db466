//! [`Cause`]: what kind of fault an error tells of, so that errors in different words can be compared.

use pillion_core::inject::{InjectError, Reason};
use pillion_core::manifest::{Fault, ManifestError};

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The text is no YAML, or no stream of it.
    Yaml,
    /// An object, or a part of it, has another shape than its type.
    Shape,
    /// An annotation has a value that cannot be used.
    Annotation,
    /// A template that is asked for is not there.
    TemplateMissing,
    /// A template failed.
    TemplateFailed,
    /// The overlay cannot be merged.
    Merge,
    /// What an earlier injection left cannot be read.
    Earlier,
    /// A pass after the merge failed: scrape ports and the like.
    Finish,
    /// Something else.
    Other,
}

/// How Istio's errors begin or what they hold; the first that fits counts.
const ISTIO: &[(&str, Cause)] = &[
    ("error converting YAML to JSON", Cause::Yaml),
    ("invalid Yaml document separator", Cause::Yaml),
    ("requested template", Cause::TemplateMissing),
    ("failed to run injection template: annotation", Cause::Annotation),
    ("could not parse proxy config", Cause::Annotation),
    ("failed to process pod", Cause::Finish),
    ("failed to re apply container", Cause::Earlier),
    ("sidecar.istio.io/status", Cause::Earlier),
    ("panic: runtime error: invalid memory address", Cause::Earlier),
    ("failed applying injection overlay", Cause::Merge),
    ("template: inject", Cause::TemplateFailed),
    ("failed parsing generated injected YAML", Cause::Merge),
    ("error decoding into", Cause::Merge),
    ("ParsedContainers", Cause::Earlier),
    ("failed to run injection template: json", Cause::Earlier),
    ("failed to run injection template: unexpected end", Cause::Earlier),
    ("failed to run injection template: invalid", Cause::Annotation),
    ("failed to run injection template: 1 error", Cause::Annotation),
    ("error occurred:", Cause::Annotation),
    ("errors occurred:", Cause::Annotation),
    ("spec.template is required value", Cause::Shape),
    ("error unmarshaling JSON", Cause::Shape),
    ("json: cannot unmarshal", Cause::Shape),
    ("quantities must match", Cause::Shape),
];

/// The cause of an error of Istio.
#[must_use]
pub fn of_istio(text: &str) -> Cause {
    ISTIO.iter().find(|(part, _)| text.contains(part)).map_or(Cause::Other, |(_, cause)| *cause)
}

/// The cause of an error of Pillion.
#[must_use]
pub fn of_pillion(error: &ManifestError<InjectError>) -> Cause {
    match &error.fault {
        Fault::Read(_) => Cause::Yaml,
        Fault::Template { .. } | Fault::Shape { .. } => Cause::Shape,
        Fault::Write(_) => Cause::Other,
        Fault::Inject(error) => match error.reason() {
            Reason::BadPod => Cause::Shape,
            Reason::BadAnnotation => Cause::Annotation,
            Reason::TemplateMissing => Cause::TemplateMissing,
            Reason::TemplateFailed | Reason::TemplateBudget => Cause::TemplateFailed,
            Reason::OverlayUnreadable | Reason::MergeFailed | Reason::OverlayNotAPod => Cause::Merge,
            Reason::BadOverrides | Reason::BadStatus => Cause::Earlier,
            Reason::BadScrape => Cause::Finish,
            _ => Cause::Other,
        },
    }
}
