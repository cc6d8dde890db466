//! [`Engine`]: a review's bytes in, an answer's bytes out, under the generation in use. It is the seam between the shell
//! and the pure core: it reads the generation once, looks whether the answer is known, catches panics, and calls
//! `pillion_core::inject`.
//! Never: input and output; a request sees one generation from beginning to end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::http::StatusCode;
use pillion_core::config::Snapshot;
use pillion_core::inject::{self, Outcome, Reason, Request, Step, Trace, Verdict};
use pillion_govalue::Value;
use tokio::sync::watch;

use crate::clock::now;
use crate::memo::{Answer as Remembered, Capacity, Known, Look, Memo, Sight, Watching};
use crate::report::{Owner, Report, Subject, Way};
use crate::review::{self, AdmissionRequest, Answer, Object, Review, Version};
use crate::telemetry::Metrics;

/// All that requests are answered from. Made complete and checked before it is used, never changed afterwards.
#[derive(Debug)]
pub struct Generation {
    /// The configuration.
    pub snapshot: Snapshot,
    /// Answers given under it.
    memo: Option<Memo>,
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
    capacity: Capacity,
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
    pub report: Arc<Report>,
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

impl Generation {
    /// Memory that remembered answers take, in bytes.
    #[must_use]
    pub fn remembered_bytes(&self) -> u64 {
        self.memo.as_ref().map_or(0, Memo::bytes)
    }
}

impl Engine {
    /// An engine that refuses everything until it has a configuration.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Self::with_memo(metrics, Capacity::default())
    }

    /// The same, that remembers more or fewer answers.
    #[must_use]
    pub fn with_memo(metrics: Arc<Metrics>, capacity: Capacity) -> Arc<Self> {
        let configured = watch::Sender::new(false);
        Arc::new(Self { current: ArcSwapOption::empty(), configured, metrics, capacity })
    }

    /// Takes a configuration into use. Requests being answered finish under the one they began with.
    pub fn replace(&self, snapshot: Snapshot) {
        let number = self.generation().map_or(0, |old| old.number) + 1;
        let since = now();
        let memo = Memo::new(self.capacity);
        self.current.store(Some(Arc::new(Generation { snapshot, memo, number, since })));
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
        self.caught(|| {
            let generation = self.generation();
            let look =
                memo(generation.as_deref(), preview).map_or(Look::Unknown, |memo| memo.look(path, body));
            match look {
                Look::Known(known) => known.into(),
                Look::Seen(sight) => {
                    self.decided(generation.as_deref(), path, body, preview, Some(&sight), now())
                }
                Look::Unknown => self.decided(generation.as_deref(), path, body, preview, None, now()),
            }
        })
        .unwrap_or_else(|| (Reply::internal(BROKE_DOWN), Subject::default()))
    }

    /// Answers one review as if it had been asked at `now`, in seconds since the epoch; nothing is remembered or recalled.
    #[must_use]
    pub fn admit_at(&self, now: i64, path: &str, body: &[u8]) -> (Reply, Subject) {
        self.caught(|| self.decided(self.generation().as_deref(), path, body, Preview::No, None, now))
            .unwrap_or_else(|| (Reply::internal(BROKE_DOWN), Subject::default()))
    }

    /// The answer to one review, if it is remembered: as [`Engine::admit`], and quick however large the body is.
    #[must_use]
    pub fn recall(&self, path: &str, body: &[u8], preview: Preview) -> Option<(Reply, Subject)> {
        let generation = self.generation();
        Some(memo(generation.as_deref(), preview)?.recall(path, body)?.into())
    }

    fn decided(
        &self,
        generation: Option<&Generation>,
        path: &str,
        body: &[u8],
        preview: Preview,
        sight: Option<&Sight<'_>>,
        now: i64,
    ) -> (Reply, Subject) {
        let Review { version, request } = match review::read(body) {
            Ok(review) => review,
            Err(error) => {
                return (
                    Reply::refused(None, "", Reason::NotAReview, &error.to_string()),
                    Subject::default(),
                );
            }
        };
        let Some(mut request) = request else {
            return (Reply::refused(Some(version), "", Reason::NoRequest, NO_REQUEST), Subject::default());
        };
        let object = std::mem::replace(&mut request.object, Object::Absent);
        let asked = Asked { path, version, request: &request, preview, now };
        // A panic in the core is answered with the request's uid, so that the API server can match it.
        self.caught(|| injected(generation, asked, object, sight)).unwrap_or_else(|| {
            let subject = subject(&request, &Value::Null);
            (Reply::refused(Some(version), &request.uid, Reason::Internal, INTERNAL), subject)
        })
    }

    /// Runs `work`; a panic is counted and becomes `None`. The hook that the program installs has logged it.
    pub fn caught<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        // Nothing that the closure borrows is written to, so nothing can be left half-done.
        let done = catch_unwind(AssertUnwindSafe(work)).ok();
        if done.is_none() {
            self.metrics.panics.inc();
        }
        done
    }
}

/// The memory of a generation; what people ask for is not in it.
fn memo(generation: Option<&Generation>, preview: Preview) -> Option<&Memo> {
    generation?.memo.as_ref().filter(|_| preview == Preview::No)
}

/// What is asked.
#[derive(Clone, Copy)]
struct Asked<'a> {
    path: &'a str,
    version: Version,
    request: &'a AdmissionRequest<'a>,
    preview: Preview,
    /// When, in seconds since the epoch.
    now: i64,
}

/// Works an answer out, and remembers it where it was seen before.
fn injected(
    generation: Option<&Generation>,
    asked: Asked<'_>,
    object: Object<'_>,
    sight: Option<&Sight<'_>>,
) -> (Reply, Subject) {
    let Asked { path, version, request, preview, now } = asked;
    let refused = |reason, message: &str| Reply::refused(Some(version), &request.uid, reason, message);
    let Some(generation) = generation else {
        let reply = refused(Reason::NotReady, "no configuration has been loaded yet");
        return (reply, subject(request, &Value::Null));
    };
    let watching = sight.map_or_else(Watching::nothing, Sight::watched);
    let mut pod = match object.value() {
        Ok(pod) => pod,
        Err(error) => {
            return (refused(Reason::BadPod, &error.to_string()), subject(request, &Value::Null));
        }
    };
    let found = watching.watch(&mut pod);
    let mut heard = Heard { clock: false, way: Way::of(&generation.snapshot.settings.revision) };
    let asked = Request { pod, namespace: &request.namespace, path, owner: None, now: Some(now) };
    let reply = match inject::inject(&generation.snapshot, &asked, &mut heard) {
        Ok(outcome) => Reply::admitted(version, &request.uid, &outcome, heard.way, preview),
        Err(error) => Reply::review(Some(version), &request.uid, Report::failed(&error, heard.way), None),
    };
    // From here on the pod is read for the log, which no answer depends on.
    let literal = sight.map(|sight| sight.literal(&watching, &found, &request.uid, &request.name));
    let mut subject = subject(request, &asked.pod);
    if preview == Preview::No && !request.dry_run && reply.report.tone().is_some() {
        subject.owner = owner_of(&subject.namespace, &asked.pod).map(Arc::new);
    }
    if let (Some(memo), Some(sight), Some(literal), false) = (&generation.memo, sight, literal, heard.clock) {
        memo.remember(path, sight, literal, reply.remembered(&request.uid, &subject));
    }
    (reply, subject)
}

/// Notes what an answer depends on beside the request, and what the audit log is told.
struct Heard {
    /// The time of day had a part in it: it has none in an answer that is remembered.
    clock: bool,
    way: Way,
}

impl Trace for Heard {
    const ACTIVE: bool = false;

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Decided { by, .. } => self.way.settled_by(by),
            Step::TemplateChosen { name } => self.way.with_template(name),
            _ => {}
        }
    }

    fn clock_read(&mut self) {
        self.clock = true;
    }
}

const JSON: &str = "application/json";
/// What stands before the uid in an answer.
const UID: &str = "\"uid\":\"";
const BROKE_DOWN: &str = "a panic while the review was read";
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

    fn admitted(version: Version, uid: &str, outcome: &Outcome<'_>, way: Way, preview: Preview) -> Self {
        let report = Report::admitted(outcome, way);
        // A pod that cannot be written as YAML is answered as a patch.
        if preview == Preview::Pod
            && let Ok(yaml) = pillion_goyaml::to_yaml(&outcome.pod)
        {
            return Self {
                status: StatusCode::OK,
                content_type: "application/yaml",
                body: yaml.into_bytes(),
                report: Arc::new(report),
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
            audit: &report.audit(),
            warnings: &report.warnings,
        };
        let body = review::encode(version, uid, &answer);
        Self { status: StatusCode::OK, content_type: JSON, body, report: Arc::new(report) }
    }

    /// What is remembered of a review that answers the request `uid`.
    fn remembered(&self, uid: &str, subject: &Subject) -> Remembered {
        let text = String::from_utf8_lossy(&self.body);
        // Nothing of the request stands before its uid.
        let at = text.find(UID).map_or(text.len(), |at| at + UID.len());
        let (before, behind) = text.split_at(at);
        let behind = behind.strip_prefix(uid).unwrap_or_default();
        Remembered {
            body: [before.into(), behind.into()],
            report: Arc::clone(&self.report),
            subject: subject.clone(),
        }
    }
}

impl From<Known<'_>> for (Reply, Subject) {
    fn from(known: Known<'_>) -> Self {
        let report = Arc::clone(&known.answer().report);
        let reply = Reply { status: StatusCode::OK, content_type: JSON, body: known.body(), report };
        (reply, known.subject())
    }
}

/// Whom a log line is about.
fn subject(request: &AdmissionRequest<'_>, pod: &Value<'_>) -> Subject {
    let meta = |key| pod.at(&["metadata", key]).and_then(Value::as_str).filter(|text| !text.is_empty());
    let namespace = meta("namespace").unwrap_or(&request.namespace);
    let name = meta("name").or_else(|| meta("generateName")).unwrap_or_default();
    let owner = inject::controller(pod);
    let owner = |key| owner.and_then(|owner| owner.get(key)).and_then(Value::as_str).unwrap_or_default();
    let workload = match owner("name") {
        "" => format!("{namespace}/Pod/{name}"),
        of => format!("{namespace}/{}/{of}", owner("kind")),
    };
    Subject {
        uid: request.uid.to_string(),
        namespace: namespace.into(),
        pod: name.into(),
        workload: workload.into(),
        ..Subject::default()
    }
}

/// What made a pod, if it is something that an Event can be on. A stranger may have written the reference: what is longer
/// than any name is none.
#[must_use]
pub fn owner_of(namespace: &str, pod: &Value<'_>) -> Option<Owner> {
    const LONGEST: usize = 253;
    let reference = inject::controller(pod)?;
    let text = |key| reference.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let [api_version, kind, name, uid] = ["apiVersion", "kind", "name", "uid"].map(text);
    let all = [&api_version, &kind, &name, &uid, namespace];
    // A kubelet's own pods belong to its Node, which is in no namespace.
    let can = kind != "Node" && all.iter().all(|text| (1..=LONGEST).contains(&text.len()));
    can.then(|| Owner { api_version, kind, namespace: namespace.to_owned(), name, uid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_needs_something_that_made_the_pod() {
        let pod = |reference: &str| format!(r#"{{"metadata":{{"ownerReferences":[{reference}]}}}}"#);
        let of = |reference: &str| {
            owner_of("shop", &pillion_govalue::parse(pod(reference).as_bytes()).unwrap()).map(|it| it.name)
        };
        let reference =
            r#"{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"1","controller":true}"#;
        assert_eq!(of(reference).as_deref(), Some("web"));
        for (right, wrong) in [
            ("ReplicaSet", "Node"),
            ("\"1\"", "\"\""),
            ("web", &*"w".repeat(254)),
            ("true", "false"),
            ("\"apps/v1\"", "1"),
        ] {
            assert_eq!(of(&reference.replace(right, wrong)), None, "{wrong}");
        }
    }

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
