//! [`Engine`]: a review's bytes in, an answer's bytes out, under the generation in use. It is the seam between the shell
//! and the pure core: it reads the generation once, catches panics, and calls `pillion_core::inject`.
//! Never: input and output; a request sees one generation from beginning to end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::http::StatusCode;
use pillion_core::config::Snapshot;
use pillion_core::inject::{self, Outcome, Reason, Request, Verdict};
use pillion_govalue::Value;
use tokio::sync::watch;

use crate::clock::now;
use crate::report::{Report, Subject};
use crate::review::{self, AdmissionRequest, Answer, Review, Version};
use crate::telemetry::Metrics;

/// All that requests are answered from. Made complete and checked before it is used, never changed afterwards.
#[derive(Debug)]
pub struct Generation {
    /// The configuration.
    pub snapshot: Snapshot,
    /// Which one it is since the process began, from 1.
    pub number: u64,
    /// When it was taken into use, in seconds since the epoch.
    pub since: i64,
}

/// Answers reviews.
pub struct Engine {
    current: ArcSwapOption<Generation>,
    configured: watch::Sender<bool>,
    metrics: Arc<Metrics>,
}

/// An answer as it goes out, and what it means.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// What it means.
    pub report: Report,
}

/// What the caller wants to see of a pod that is admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preview {
    /// A review, as API servers do.
    #[default]
    No,
    /// The pod itself as YAML, as people do.
    Pod,
}

impl Engine {
    /// An engine that refuses everything until it has a configuration.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { current: ArcSwapOption::empty(), configured: watch::Sender::new(false), metrics })
    }

    /// Takes a configuration into use. Requests being answered finish under the one they began with.
    pub fn replace(&self, snapshot: Snapshot) {
        let number = self.generation().map_or(0, |old| old.number) + 1;
        let since = now();
        self.current.store(Some(Arc::new(Generation { snapshot, number, since })));
        self.configured.send_replace(true);
        self.metrics.config_loads.inc();
        self.metrics.config_loaded.set(since);
    }

    /// The generation in use.
    #[must_use]
    pub fn generation(&self) -> Option<Arc<Generation>> {
        self.current.load_full()
    }

    /// Waits until there is a configuration.
    pub async fn configured(&self) {
        let _ = self.configured.subscribe().wait_for(|configured| *configured).await;
    }

    /// Where answers are counted.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Answers one review. `path` is that of the URL, with its parameters.
    #[must_use]
    pub fn admit(&self, path: &str, body: &[u8], preview: Preview) -> (Reply, Subject) {
        self.caught(|| self.decided(path, body, preview))
            .unwrap_or_else(|| (Reply::internal("a panic while the review was read"), Subject::default()))
    }

    fn decided(&self, path: &str, body: &[u8], preview: Preview) -> (Reply, Subject) {
        let Review { version, request } = match review::decode(body) {
            Ok(review) => review,
            Err(error) => {
                return (
                    Reply::refused(None, "", Reason::NotAReview, &error.to_string()),
                    Subject::default(),
                );
            }
        };
        let Some(request) = request else {
            return (Reply::refused(Some(version), "", Reason::NoRequest, NO_REQUEST), Subject::default());
        };
        // A panic in the core is answered with the request's uid, so that the API server can match it.
        self.caught(|| self.injected(path, version, &request, preview)).unwrap_or_else(|| {
            let subject = subject(&request, &Value::Null);
            (Reply::refused(Some(version), &request.uid, Reason::Internal, INTERNAL), subject)
        })
    }

    fn injected(
        &self,
        path: &str,
        version: Version,
        request: &AdmissionRequest<'_>,
        preview: Preview,
    ) -> (Reply, Subject) {
        let refused = |reason, message: &str| Reply::refused(Some(version), &request.uid, reason, message);
        let Some(generation) = self.generation() else {
            return (
                refused(Reason::NotReady, "no configuration has been loaded yet"),
                subject(request, &Value::Null),
            );
        };
        let object =
            request.object.map_or(Ok(Value::Null), |raw| pillion_govalue::parse(raw.get().as_bytes()));
        let pod = match object {
            Ok(pod) => pod,
            Err(error) => {
                return (refused(Reason::BadPod, &error.to_string()), subject(request, &Value::Null));
            }
        };
        let subject = subject(request, &pod);
        let asked = Request { pod, namespace: &request.namespace, path, owner: None, now: Some(now()) };
        let reply = match inject::inject(&generation.snapshot, &asked, &mut ()) {
            Ok(outcome) => Reply::admitted(version, &request.uid, &outcome, preview),
            Err(error) => {
                let report = Report::failed(&error);
                Reply::review(Some(version), &request.uid, report, None)
            }
        };
        (reply, subject)
    }

    /// Runs `work`; a panic is counted and becomes `None`. The hook that the program installs has logged it.
    fn caught<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        // Nothing that the closure borrows is written to, so nothing can be left half-done.
        let done = catch_unwind(AssertUnwindSafe(work)).ok();
        if done.is_none() {
            self.metrics.panics.inc();
        }
        done
    }
}

const NO_REQUEST: &str = "the AdmissionReview holds no request";
const INTERNAL: &str = "internal error in the injector: this is no fault of the pod; its log tells more";

impl Reply {
    /// The answer to a request whose handling broke down.
    #[must_use]
    pub fn internal(message: &str) -> Self {
        Self::refused(None, "", Reason::Internal, message)
    }

    fn refused(version: Option<Version>, uid: &str, reason: Reason, message: &str) -> Self {
        Self::review(version, uid, Report::refused(reason, message), None)
    }

    fn admitted(version: Version, uid: &str, outcome: &Outcome<'_>, preview: Preview) -> Self {
        let report = Report::admitted(outcome);
        // A pod that cannot be written as YAML is answered as a patch.
        if preview == Preview::Pod
            && let Ok(yaml) = pillion_goyaml::to_yaml(&outcome.pod)
        {
            return Self {
                status: StatusCode::OK,
                content_type: "application/yaml",
                body: yaml.into_bytes(),
                report,
            };
        }
        let patch =
            (outcome.verdict == Verdict::Injected).then(|| pillion_kubepatch::write_patch(&outcome.patch));
        Self::review(Some(version), uid, report, patch.as_deref())
    }

    fn review(version: Option<Version>, uid: &str, report: Report, patch: Option<&str>) -> Self {
        let answer = Answer {
            allowed: report.allowed(),
            message: report.message.as_deref(),
            patch,
            warnings: &report.warnings,
        };
        let body = review::encode(version, uid, &answer);
        Self { status: StatusCode::OK, content_type: "application/json", body, report }
    }
}

/// Whom a log line is about.
fn subject(request: &AdmissionRequest<'_>, pod: &Value<'_>) -> Subject {
    let meta = |key| pod.at(&["metadata", key]).and_then(Value::as_str).filter(|text| !text.is_empty());
    let namespace = meta("namespace").unwrap_or(&request.namespace);
    let pod = meta("name").or_else(|| meta("generateName")).unwrap_or_default();
    Subject {
        uid: request.uid.to_string(),
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        ..Subject::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_counted_and_goes_no_further() {
        let engine = Engine::new(Arc::new(Metrics::new("default")));
        assert!(engine.caught(|| 1).is_some());
        std::panic::set_hook(Box::new(|_| {}));
        assert!(engine.caught(|| panic!("an error in this program")).is_none());
        let _ = std::panic::take_hook();
        assert!(engine.metrics().render().contains("pillion_panics_total 1"));
    }
}
