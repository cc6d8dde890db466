//! A configuration proves itself on sample pods before it serves real ones: a template may compile and still fail on
//! every pod, and a policy of failing closed would then stop all of them. Never: pods that a user sent.

use pillion_core::config::Snapshot;
use pillion_core::inject::{self, Request};

use super::{SourceError, Text};

/// The pods: what most workloads look like.
const SAMPLES: [(&str, &str); 2] = [
    ("pod", include_str!("samples/pod.json")),
    ("pod with probes, ports and an init container", include_str!("samples/busy.json")),
];

/// Injects every sample. `over` are values over others that pass.
///
/// # Errors
/// The first sample that is refused.
pub fn samples(snapshot: &Snapshot, over: Option<&Text>) -> Result<(), SourceError> {
    let place = over.map(|text| format!("{}: ", text.name)).unwrap_or_default();
    let refused = |sample, message| SourceError::Sample { place: place.clone(), sample, message };
    SAMPLES.iter().try_for_each(|(sample, text)| {
        let pod =
            pillion_govalue::parse(text.as_bytes()).map_err(|error| refused(sample, error.to_string()))?;
        let request = Request { pod, namespace: "default", path: "/inject", owner: None, now: Some(0) };
        inject::inject(snapshot, &request, &mut ())
            .map(|_| ())
            .map_err(|error| refused(sample, error.to_string()))
    })
}

/// The first sample as a review, for whoever wants to try a running webhook.
#[must_use]
pub fn sample_review() -> String {
    let pod = SAMPLES[0].1.trim_end();
    format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"sample","kind":{{"group":"","version":"v1","kind":"Pod"}},"resource":{{"group":"","version":"v1","resource":"pods"}},"namespace":"default","operation":"CREATE","userInfo":{{}},"object":{pod}}}}}
"#
    )
}
