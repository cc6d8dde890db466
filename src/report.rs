//! [`Report`]: what one answer means to everyone who is told of it: the API server (message and warnings), the metrics
//! (result and reason) and the log (one line a request). The only place that turns an outcome into any of these.
//! Never: deciding, or the bytes of a review.

use std::sync::Arc;
use std::time::Duration;

use pillion_core::inject::{InjectError, Outcome, Reason, Verdict};

/// Longest warning that API servers promise to show whole.
pub const MAX_WARNING: usize = 120;
/// Longest message of a refusal, in bytes: it may quote the pod, and goes into a review, an event and a log line.
const MAX_MESSAGE: usize = 16 * 1024;
/// Most warnings in one answer: they have 4,096 characters together.
const MAX_WARNINGS: usize = 16;

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
}

impl Report {
    /// The report of a pod that was injected or skipped.
    #[must_use]
    pub fn admitted(outcome: &Outcome<'_>) -> Self {
        let warnings = outcome.warnings.iter().take(MAX_WARNINGS).map(|w| shorten(&w.to_string())).collect();
        Self { reason: outcome.reason, message: None, warnings, written: true }
    }

    /// The report of a pod that cannot be injected.
    #[must_use]
    pub fn failed(error: &InjectError) -> Self {
        Self::refused(error.reason(), error.to_string())
    }

    /// The report of a request that is refused for another reason.
    #[must_use]
    pub fn refused(reason: Reason, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MAX_MESSAGE {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE - '…'.len_utf8()));
            message.push('…');
        }
        Self { reason, message: Some(message), warnings: Vec::new(), written: true }
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

    /// The one log line of a request.
    pub fn log(&self, subject: &Subject, took: Duration) {
        let Subject { uid, namespace, pod, path, trace, .. } = subject;
        let (namespace, pod) = (&**namespace, &**pod);
        let (result, reason) = (self.reason.verdict().code(), self.reason.code());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // Strings of strangers are fields, never part of the line's text: their line breaks are escaped.
        macro_rules! line {
            ($level:ident $(, $field:ident)*) => {
                tracing::$level!(uid, namespace, pod, path, result, reason, micros, trace $(, $field)*, "request")
            };
        }
        // A field called `message` would be the line's text.
        match (&self.message, self.reason) {
            (Some(error), Reason::Internal) => line!(error, error),
            (Some(error), _) => line!(warn, error),
            (None, _) => line!(info),
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
mod tests {
    use super::*;

    #[test]
    fn warnings_are_cut_between_characters() {
        let short = shorten(&"é".repeat(500));
        assert_eq!(short.chars().count(), MAX_WARNING);
        assert!(short.ends_with('…'));
        assert_eq!(shorten("one\ntwo"), "one");
    }

    #[test]
    fn a_message_is_cut_between_characters() {
        let message = Report::refused(Reason::BadPod, "é".repeat(100_000)).message.unwrap();
        assert!(message.len() <= MAX_MESSAGE && message.ends_with('…'));
        assert_eq!(Report::refused(Reason::BadPod, "short").message.as_deref(), Some("short"));
    }

    #[test]
    fn a_refusal_is_never_allowed_and_has_a_message() {
        for &reason in Reason::ALL {
            let report = Report::refused(reason, "m");
            assert_eq!(report.allowed(), reason.verdict() != Verdict::Refused);
        }
    }
}
