//! [`Metrics`]: every time series. Five of them keep Istio's names, buckets and habits, for dashboards stand on them:
//! "success" counts every answer written, also skips and refusals (istio/istio#54868). The corrected series is
//! `pillion_injections_total`. Never: labels that a stranger can make many of.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pillion_core::inject::{Reason, Verdict};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::beside::Beside;
use super::pods::PodGauges;
use crate::clock::now;
use crate::report::Report;

/// Content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Istio's buckets, in seconds.
const ISTIO_BUCKETS: [f64; 8] = [0.1, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0];
/// Buckets for work that takes well under a millisecond.
const BUCKETS: [f64; 14] =
    [0.000_05, 0.000_1, 0.000_2, 0.000_3, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0, 10.0];

/// What became of a request.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InjectionLabels {
    result: &'static str,
    reason: &'static str,
    revision: String,
}

/// Why a connection came to nothing.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ConnectionLabels {
    /// `handshake_failed`, `client_certificate`, `handshake_timeout`, `slow_head`, `crowded_out`, `accept_error`.
    pub reason: &'static str,
}

/// Why a request was sent away.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ShedLabels {
    why: &'static str,
}

/// What became of something that an Event was to tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// An Event was written.
    Written,
    /// It was counted, for an Event of the same object and reason was written not long ago.
    Folded,
    /// There were too many at once, or too many objects.
    Dropped,
    /// The API server did not take the Event.
    Failed,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventLabels {
    outcome: &'static str,
}

/// A webhook configuration.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PatchLabels {
    name: String,
}

/// Why a webhook configuration was not written.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PatchFailureLabels {
    name: String,
    reason: &'static str,
}

/// A webhook configuration that was taken over.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TakeoverLabels {
    name: String,
}

/// Every time series.
pub struct Metrics {
    registry: Registry,
    revision: String,
    requests: Counter,
    success: Counter,
    failure: Counter,
    skip: Counter,
    seconds: Histogram,
    injections: Family<InjectionLabels, Counter>,
    duration: Histogram,
    /// Panics caught on the way of a request. Any is an error in this program.
    pub panics: Counter,
    in_flight: Gauge,
    waiting: Gauge,
    shed: Family<ShedLabels, Counter>,
    /// Open connections of the webhook's listener.
    pub connections: Gauge,
    /// Connections that came to nothing.
    pub connection_failures: Family<ConnectionLabels, Counter>,
    /// Whether a configuration was found that cannot be used.
    pub config_stale: Gauge,
    /// Configurations taken into use, the first included.
    pub config_loads: Counter,
    /// When the configuration in use was loaded, in seconds since the epoch.
    pub config_loaded: Gauge,
    /// Whether a certificate was found that cannot be used.
    pub certificate_stale: Gauge,
    /// Certificates exchanged while running.
    pub certificate_reloads: Counter,
    /// How long the certificate in use is still valid, counted when it is asked for.
    certificate_left: Gauge,
    certificate_expires: AtomicI64,
    /// Attempts to write a caBundle, and what came of them, under Istio's names.
    patch_attempts: Family<PatchLabels, Counter>,
    patch_retries: Family<PatchLabels, Counter>,
    patch_failures: Family<PatchFailureLabels, Counter>,
    takeover_reverted: Family<TakeoverLabels, Gauge>,
    events: Family<EventLabels, Counter>,
    /// What happens beside the requests.
    pub beside: Beside,
    /// Which pods of the cluster have their sidecar: shown by one replica at a time.
    pub pods: PodGauges,
}

impl Metrics {
    /// All series, at zero.
    #[must_use]
    pub fn new(revision: &str) -> Self {
        let mut registry = Registry::default();
        let mut new = Self {
            revision: revision.to_owned(),
            requests: Counter::default(),
            success: Counter::default(),
            failure: Counter::default(),
            skip: Counter::default(),
            seconds: Histogram::new(ISTIO_BUCKETS),
            injections: Family::default(),
            duration: Histogram::new(BUCKETS),
            panics: Counter::default(),
            in_flight: Gauge::default(),
            waiting: Gauge::default(),
            shed: Family::default(),
            connections: Gauge::default(),
            connection_failures: Family::default(),
            config_stale: Gauge::default(),
            config_loads: Counter::default(),
            config_loaded: Gauge::default(),
            certificate_stale: Gauge::default(),
            certificate_reloads: Counter::default(),
            certificate_left: Gauge::default(),
            certificate_expires: AtomicI64::new(0),
            patch_attempts: Family::default(),
            patch_retries: Family::default(),
            patch_failures: Family::default(),
            takeover_reverted: Family::default(),
            events: Family::default(),
            beside: Beside::default(),
            pods: PodGauges::new(revision),
            registry: Registry::default(),
        };
        new.register_istio(&mut registry);
        new.register_own(&mut registry);
        new.beside.register(&mut registry);
        new.registry = registry;
        new
    }

    fn register_istio(&self, to: &mut Registry) {
        // The library adds `_total` to counters.
        to.register("sidecar_injection_requests", "Injection requests", self.requests.clone());
        to.register(
            "sidecar_injection_success",
            "Injection requests answered, whatever the answer",
            self.success.clone(),
        );
        to.register("sidecar_injection_failure", "Injection requests refused", self.failure.clone());
        to.register(
            "sidecar_injection_skip",
            "Injection requests for pods that get no sidecar",
            self.skip.clone(),
        );
        to.register("sidecar_injection_time_seconds", "Time from request to answer", self.seconds.clone());
        to.register(
            "webhook_patch_attempts",
            "Attempts to write what a webhook configuration lacks",
            self.patch_attempts.clone(),
        );
        to.register("webhook_patch_retries", "Attempts that had to be repeated", self.patch_retries.clone());
        to.register("webhook_patch_failures", "Attempts that failed, and why", self.patch_failures.clone());
    }

    fn register_own(&self, to: &mut Registry) {
        to.register(
            "pillion_injections",
            "Injection requests by what became of them",
            self.injections.clone(),
        );
        to.register(
            "pillion_injection_duration_seconds",
            "Time from request to answer, in fine buckets",
            self.duration.clone(),
        );
        to.register("pillion_panics", "Panics caught on the way of a request", self.panics.clone());
        to.register(
            "pillion_requests_in_flight",
            "Injection requests being answered",
            self.in_flight.clone(),
        );
        to.register(
            "pillion_requests_waiting",
            "Injection requests that wait for their turn",
            self.waiting.clone(),
        );
        to.register(
            "pillion_requests_shed",
            "Injection requests that were sent away: no memory for them, too many before them, too late for them",
            self.shed.clone(),
        );
        to.register(
            "pillion_connections",
            "Open connections of the webhook's port",
            self.connections.clone(),
        );
        to.register(
            "pillion_connection_failures",
            "Connections that came to nothing",
            self.connection_failures.clone(),
        );
        to.register(
            "pillion_config_stale",
            "1 while a configuration was found that cannot be used",
            self.config_stale.clone(),
        );
        to.register("pillion_config_loads", "Configurations taken into use", self.config_loads.clone());
        to.register(
            "pillion_config_loaded_timestamp_seconds",
            "When the configuration in use was loaded",
            self.config_loaded.clone(),
        );
        to.register(
            "pillion_certificate_stale",
            "1 while a certificate was found that cannot be used",
            self.certificate_stale.clone(),
        );
        to.register(
            "pillion_certificate_reloads",
            "Certificates exchanged while running",
            self.certificate_reloads.clone(),
        );
        to.register(
            "pillion_cert_expiry_seconds",
            "Time until the certificate in use expires; negative when it has",
            self.certificate_left.clone(),
        );
        to.register(
            "pillion_takeover_reverted",
            "1 while a webhook configuration that was taken over does not call us",
            self.takeover_reverted.clone(),
        );
        to.register("pillion_events", "Answers that an Event was to tell of", self.events.clone());
        self.pods.register(to);
        let build = vec![("version", env!("CARGO_PKG_VERSION")), ("rustc", env!("CARGO_PKG_RUST_VERSION"))];
        to.register("pillion_build", "The running program", Info::new(build));
    }

    /// One request was answered.
    pub fn answered(&self, report: &Report, took: Duration) {
        self.requests.inc();
        if report.written {
            self.success.inc();
        }
        match report.reason.verdict() {
            Verdict::Refused => drop(self.failure.inc()),
            Verdict::Skipped => drop(self.skip.inc()),
            Verdict::Injected => {}
        }
        self.seconds.observe(took.as_secs_f64());
        self.duration.observe(took.as_secs_f64());
        self.injections.get_or_create(&self.labels(report.reason)).inc();
    }

    /// How many requests were answered for this reason.
    #[must_use]
    pub fn answers(&self, reason: Reason) -> u64 {
        self.injections.get(&self.labels(reason)).map_or(0, |count| count.get())
    }

    fn labels(&self, reason: Reason) -> InjectionLabels {
        let (result, reason) = (reason.verdict().code(), reason.code());
        InjectionLabels { result, reason, revision: self.revision.clone() }
    }

    /// One request is being answered, until the guard is dropped.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight { gauge: self.in_flight.clone() }
    }

    /// One request waits for its turn, until the guard is dropped.
    #[must_use]
    pub fn waiting(&self) -> InFlight {
        self.waiting.inc();
        InFlight { gauge: self.waiting.clone() }
    }

    /// One request was sent away, for want of `memory`, because of a `queue`, or because of its `deadline`.
    pub fn shed(&self, why: &'static str) {
        self.shed.get_or_create(&ShedLabels { why }).inc();
    }

    /// Something that an Event was to tell of came to this.
    pub fn event(&self, outcome: EventOutcome) {
        let outcome = match outcome {
            EventOutcome::Written => "written",
            EventOutcome::Folded => "folded",
            EventOutcome::Dropped => "dropped",
            EventOutcome::Failed => "failed",
        };
        self.events.get_or_create(&EventLabels { outcome }).inc();
    }

    /// Something became of a review that was to be recorded.
    pub fn recording(&self, outcome: &'static str) {
        self.beside.recording(outcome);
    }

    /// A connection came to nothing.
    pub fn connection_failed(&self, reason: &'static str) {
        self.connection_failures.get_or_create(&ConnectionLabels { reason }).inc();
    }

    /// A certificate is in use that expires at this time, in seconds since the epoch.
    pub fn certificate_expires(&self, at: i64) {
        self.certificate_expires.store(at, Ordering::Relaxed);
    }

    /// The webhook configuration `name` is about to be written.
    pub fn patch_attempted(&self, name: &str) {
        self.patch_attempts.get_or_create(&PatchLabels { name: name.to_owned() }).inc();
    }

    /// Writing it failed, for one of Istio's reasons, and is repeated.
    pub fn patch_failed(&self, name: &str, reason: &'static str) {
        self.patch_retries.get_or_create(&PatchLabels { name: name.to_owned() }).inc();
        self.patch_failures.get_or_create(&PatchFailureLabels { name: name.to_owned(), reason }).inc();
    }

    /// The webhook configuration `name` is taken over, and came undone or not; or it is not ours.
    pub fn takeover(&self, name: &str, reverted: Option<bool>) {
        let labels = TakeoverLabels { name: name.to_owned() };
        match reverted {
            Some(reverted) => {
                self.takeover_reverted.get_or_create(&labels).set(i64::from(reverted));
            }
            None => {
                self.takeover_reverted.remove(&labels);
            }
        }
    }

    /// All series as text.
    #[must_use]
    pub fn render(&self) -> String {
        let expires = self.certificate_expires.load(Ordering::Relaxed);
        if expires != 0 {
            self.certificate_left.set(expires.saturating_sub(now()));
        }
        let mut out = String::with_capacity(8192);
        // Writing to a String cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// A request being answered.
#[derive(Debug)]
pub struct InFlight {
    gauge: Gauge,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_a_label_and_nothing_of_a_request_is() {
        let metrics = Metrics::new("r");
        for &reason in Reason::ALL {
            for message in ["one", "another"] {
                metrics.answered(&Report::refused(reason, message), Duration::ZERO);
            }
        }
        let text = metrics.render();
        let series = text.lines().filter(|line| line.starts_with("pillion_injections_total{"));
        assert_eq!(series.count(), Reason::ALL.len());
        for reason in Reason::ALL {
            let result = reason.verdict().code();
            let line =
                format!(r#"pillion_injections_total{{result="{result}",reason="{reason}",revision="r"}} 2"#);
            assert!(text.lines().any(|found| found == line), "{line}");
            assert_eq!(metrics.answers(*reason), 2, "{reason}");
        }
    }
}
