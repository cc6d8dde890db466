//! [`Report`]: what one answer means to everyone who is told of it: the API server (message, warnings and audit
//! annotations), the metrics (result and reason), the log (one line a request) and whoever looks at the workload (an
//! Event). The only place that turns an outcome into any of these.
//! Never: deciding, the bytes of a review, or how often an Event is written.

mod gap;

use std::sync::Arc;
use std::time::Duration;

use pillion_core::inject::{InjectError, Outcome, Reason, Verdict, Warning};

pub use gap::{Gap, Missing};

/// Longest warning that API servers promise to show whole.
pub const MAX_WARNING: usize = 120;
/// Longest value of an audit annotation, in bytes: an API server writes it down for each pod.
const MAX_VALUE: usize = 256;
/// How much of a message an Event quotes, in bytes: it has 1,024 for all.
const MAX_QUOTE: usize = 640;
/// Longest message of a refusal, in bytes: it may quote the pod, and goes into a review, an event and a log line.
const MAX_MESSAGE: usize = 16 * 1024;
/// Most warnings in one answer: nobody reads more.
const MAX_WARNINGS: usize = 5;

/// Reasons to refuse a request before, or whatever, its pod is.
const WITHOUT_A_POD: [Reason; 10] = [
    Reason::NoObject,
    Reason::EmptyBody,
    Reason::BodyTooLarge,
    Reason::BodyUnreadable,
    Reason::WrongContentType,
    Reason::NotAReview,
    Reason::NoRequest,
    Reason::NotReady,
    Reason::Deadline,
    Reason::Internal,
];

/// What one answer means.
#[derive(Clone, Debug)]
pub struct Report {
    /// Why the answer is what it is.
    pub reason: Reason,
    /// Why the object is refused; `None` where it is admitted.
    pub message: Option<String>,
    /// What the user should know although the object is admitted.
    pub warnings: Vec<String>,
    /// Whether the answer is a review; otherwise an HTTP status says all.
    pub written: bool,
    /// How it came about, for the audit log.
    way: Way,
    /// A skipped pod was most likely meant to be injected.
    slip: bool,
}

/// How an answer came about, as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// The revision that answers.
    revision: String,
    /// The rule that settled whether the pod is injected.
    rule: &'static str,
    /// The templates that took part, comma-separated.
    templates: String,
}

impl Way {
    /// Of an answer of this revision.
    #[must_use]
    pub fn of(revision: &str) -> Self {
        Self { revision: cut(revision, MAX_VALUE), ..Self::default() }
    }

    /// A rule settled it.
    pub const fn settled_by(&mut self, rule: &'static str) {
        self.rule = rule;
    }

    /// A template takes part. Their names are the configuration's, but a pod says how many.
    pub fn with_template(&mut self, name: &str) {
        if self.templates.len() >= MAX_VALUE {
            return;
        }
        if !self.templates.is_empty() {
            self.templates.push(',');
        }
        self.templates.push_str(name);
        if self.templates.len() > MAX_VALUE {
            self.templates = cut(&self.templates, MAX_VALUE);
        }
    }
}

/// How an Event tells of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Somebody has to correct something.
    Warning,
    /// It may surprise.
    Normal,
}

impl Report {
    /// The report of a pod that was injected or skipped.
    #[must_use]
    pub fn admitted(outcome: &Outcome<'_>, way: Way) -> Self {
        let warnings = outcome.warnings.iter().take(MAX_WARNINGS).map(|w| shorten(&w.to_string())).collect();
        let slip = outcome.warnings.iter().any(Warning::is_a_slip);
        Self { reason: outcome.reason, message: None, warnings, written: true, way, slip }
    }

    /// The report of a pod that cannot be injected.
    #[must_use]
    pub fn failed(error: &InjectError, way: Way) -> Self {
        Self { way, ..Self::refused(error.reason(), error.to_string()) }
    }

    /// The report of a request that is refused for another reason.
    #[must_use]
    pub fn refused(reason: Reason, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MAX_MESSAGE {
            message = cut(&message, MAX_MESSAGE);
        }
        let message = Some(message);
        Self { reason, message, warnings: Vec::new(), written: true, way: Way::default(), slip: false }
    }

    /// The report of a request that an HTTP status answers.
    #[must_use]
    pub fn rejected(reason: Reason, message: impl Into<String>) -> Self {
        Self { written: false, ..Self::refused(reason, message) }
    }

    /// Whether the object is admitted.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.reason.verdict() != Verdict::Refused
    }

    /// What the API server's audit log is told: names by which the API server puts the webhook's own, in their order.
    /// What is not known is empty.
    #[must_use]
    pub fn audit(&self) -> [(&'static str, &str); 5] {
        [
            ("reason", self.reason.code()),
            ("revision", &self.way.revision),
            ("rule", self.way.rule),
            ("templates", &self.way.templates),
            ("verdict", self.reason.verdict().code()),
        ]
    }

    /// How an Event tells of it. Injections need none, whoever refused the sidecar knows, and where no pod was looked at
    /// there is nothing that an Event could be on.
    #[must_use]
    pub fn tone(&self) -> Option<Tone> {
        let surprises = matches!(
            self.reason,
            Reason::HostNetwork
                | Reason::NamespaceIgnored
                | Reason::PolicyInvalid
                | Reason::JobWithoutNativeSidecar
        );
        match self.reason.verdict() {
            Verdict::Refused if WITHOUT_A_POD.contains(&self.reason) => None,
            Verdict::Refused => Some(Tone::Warning),
            Verdict::Skipped if surprises || self.slip => Some(Tone::Normal),
            Verdict::Skipped | Verdict::Injected => None,
        }
    }

    /// What an Event says: the reason, what it means for this pod, and what to do. One line of at most 1,024 bytes, for
    /// codes and hints are short.
    #[must_use]
    pub fn note(&self) -> String {
        let told = match (&self.message, self.warnings.as_slice()) {
            (Some(message), _) => message.clone(),
            (None, []) => self.reason.sentence().to_owned(),
            (None, warnings) => format!("{} {}.", self.reason.sentence(), warnings.join("; ")),
        };
        let words: Vec<&str> = told
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        let told = cut(&words.join(" "), MAX_QUOTE);
        format!("{}: {told} {}", self.reason.code(), self.reason.hint()).trim_end().to_owned()
    }

    /// Memory beside the report's own that it takes, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let warnings: usize = self.warnings.iter().map(|text| text.capacity() + size_of::<String>()).sum();
        let message = self.message.as_ref().map_or(0, String::capacity);
        warnings + message + self.way.revision.capacity() + self.way.templates.capacity()
    }

    /// The one log line of a request.
    pub fn log(&self, subject: &Subject, took: Duration) {
        let Subject { uid, namespace, pod, path, trace, .. } = subject;
        let (namespace, pod) = (&**namespace, &**pod);
        let (result, reason, hint) = (self.reason.verdict().code(), self.reason.code(), self.reason.hint());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // Strings of strangers are fields, never part of the line's text: their line breaks are escaped.
        macro_rules! line {
            ($level:ident $(, $field:ident)*) => {
                tracing::$level!(uid, namespace, pod, path, result, reason, micros, trace $(, $field)*, "request")
            };
        }
        // A field called `message` would be the line's text.
        match (&self.message, self.reason) {
            (Some(error), Reason::Internal) => line!(error, error, hint),
            (Some(error), _) => line!(warn, error, hint),
            (None, Reason::Injected) => line!(info),
            (None, _) => line!(info, hint),
        }
        for warning in &self.warnings {
            tracing::debug!(uid, warning, "told the user");
        }
    }
}

/// What a request was about, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The request's uid.
    pub uid: String,
    /// The pod's namespace.
    pub namespace: Arc<str>,
    /// The pod's name, or the beginning of it that a controller gave.
    pub pod: Arc<str>,
    /// What the pod belongs to: `NAMESPACE/ReplicaSet/NAME`.
    pub workload: Arc<str>,
    /// The URL's path.
    pub path: String,
    /// The caller's `traceparent`, to find its trace by.
    pub trace: String,
    /// The object that an Event would be on: what made the pod. `None` where nobody made it, and where nothing may be
    /// written: for a dry run.
    pub owner: Option<Arc<Owner>>,
}

/// The object that made a pod, as the pod's own reference names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its group and version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, which is the pod's.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// A text of at most so many bytes.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut text = text[..text.floor_char_boundary(most - '…'.len_utf8())].to_owned();
    text.push('…');
    text
}

/// A warning as long as it may be.
#[must_use]
pub fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= MAX_WARNING {
        return line.to_owned();
    }
    line.chars().take(MAX_WARNING - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
