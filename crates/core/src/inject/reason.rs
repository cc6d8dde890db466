//! [`Reason`]: why an answer is what it is. Every answer of the webhook and of the command line carries exactly one,
//! and this enum is the only list of them: metric labels, audit annotations, log fields and the documentation read it.
//! Never: the particulars of one request (those are in the error, the warnings and the trace).

use std::fmt;

/// Whether the pod was changed, let through as it is, or turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The pod got its sidecar.
    Injected,
    /// The pod is admitted without a change.
    Skipped,
    /// The pod is refused: somebody has to correct something.
    Refused,
}

impl Verdict {
    /// The name in metrics and logs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Injected => "injected",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
        }
    }
}

/// What the documentation and the outputs say of one reason.
struct Row {
    reason: Reason,
    verdict: Verdict,
    code: &'static str,
    sentence: &'static str,
    hint: &'static str,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident, $verdict:ident, $code:literal, $hint:literal;)+) => {
        /// Why an answer is what it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        const TABLE: &[Row] = &[$(Row {
            reason: Reason::$name,
            verdict: Verdict::$verdict,
            code: $code,
            sentence: concat!($($doc),+).trim_ascii(),
            hint: $hint,
        },)+];

        impl Reason {
            /// Every reason there is, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

reasons! {
    /// The sidecar was injected.
    Injected, Injected, "injected", "";

    /// The pod uses the host's network, where the redirection of traffic would hit the whole node.
    HostNetwork, Skipped, "host_network", "Remove hostNetwork if the pod shall be in the mesh.";
    /// The pod's namespace belongs to the system and is never injected.
    NamespaceIgnored, Skipped, "namespace_ignored", "Move the workload to a namespace of its own.";
    /// The pod's label sidecar.istio.io/inject says no.
    LabelOptOut, Skipped, "label_opt_out", "Set the label sidecar.istio.io/inject to \"true\" to inject.";
    /// The pod's annotation sidecar.istio.io/inject says no.
    AnnotationOptOut, Skipped, "annotation_opt_out", "Set the label sidecar.istio.io/inject to \"true\" to inject.";
    /// The pod's labels match a neverInjectSelector of the configuration.
    NeverSelector, Skipped, "never_selector", "Change the pod's labels or the injector's neverInjectSelector.";
    /// The configuration injects only pods that ask for it, and this one does not.
    PolicyDisabled, Skipped, "policy_disabled", "Set the label sidecar.istio.io/inject to \"true\" to inject.";
    /// The configuration's policy is neither enabled nor disabled, so nothing is injected.
    PolicyInvalid, Skipped, "policy_invalid", "Set policy to enabled or disabled in the injector's configuration.";

    /// The pod is for Windows nodes, and this sidecar is for Linux.
    Windows, Skipped, "windows", "Nothing: this sidecar cannot run there.";
    /// The pod is a Job's, and a sidecar that is not native would keep the Job from ever being done.
    JobWithoutNativeSidecar, Skipped, "job_without_native_sidecar", "Use nodes of Kubernetes 1.33 or newer, or set ENABLE_NATIVE_SIDECARS to true.";

    /// The object is not a pod: a field has the wrong kind or is out of range.
    BadPod, Refused, "bad_pod", "Correct the field that the message names.";
    /// The request holds no object.
    NoObject, Refused, "no_object", "The webhook answers CREATE; remove other operations from its rules.";
    /// An annotation of the pod has a value that cannot be used.
    BadAnnotation, Refused, "bad_annotation", "Correct the annotation that the message names.";
    /// The annotation proxy.istio.io/overrides is not a list of containers.
    BadOverrides, Refused, "bad_overrides", "Remove the annotation proxy.istio.io/overrides from the workload.";
    /// The annotation sidecar.istio.io/status is not what an injector writes.
    BadStatus, Refused, "bad_status", "Remove the annotation sidecar.istio.io/status from the workload.";
    /// The Prometheus annotations of the pod name a port that cannot be scraped.
    BadScrape, Refused, "bad_scrape", "Correct the prometheus.io or prometheus.istio.io annotation.";
    /// A template was asked for that the configuration does not have.
    TemplateMissing, Refused, "template_missing", "Correct inject.istio.io/templates, or add the template.";
    /// A template was asked for that does not compile.
    TemplateBroken, Refused, "template_broken", "Correct the template in the injector's configuration.";
    /// A template failed while it was rendered for this pod.
    TemplateFailed, Refused, "template_failed", "Correct the template line that the message names.";
    /// A template used more steps or wrote more text than it may, or the pod asked for too many templates.
    TemplateBudget, Refused, "template_budget", "Look for an endless loop in the template, or ask for fewer templates.";
    /// What a template rendered is not YAML.
    OverlayUnreadable, Refused, "overlay_unreadable", "Correct the template; the message shows the line of its output.";
    /// What a template rendered, or the user's own container, cannot be merged into the pod.
    MergeFailed, Refused, "merge_failed", "Correct the field that the message names in template or pod.";
    /// With the template merged in, the object is no longer a pod.
    OverlayNotAPod, Refused, "overlay_not_a_pod", "Correct the field that the message names in the template.";

    /// The request has no body.
    EmptyBody, Refused, "empty_body", "Send an AdmissionReview.";
    /// The request's body is larger than an AdmissionReview may be.
    BodyTooLarge, Refused, "body_too_large", "Make the object smaller.";
    /// The request's body broke off or could not be read in time.
    BodyUnreadable, Refused, "body_unreadable", "Look at the network between API server and webhook.";
    /// The request's content type is not application/json.
    WrongContentType, Refused, "wrong_content_type", "Send Content-Type: application/json.";
    /// The body is not an AdmissionReview.
    NotAReview, Refused, "not_a_review", "Send an AdmissionReview of admission.k8s.io/v1 or v1beta1.";
    /// The AdmissionReview holds no request.
    NoRequest, Refused, "no_request", "Send an AdmissionReview with a request.";
    /// No configuration has been loaded yet.
    NotReady, Refused, "not_ready", "Wait for readiness; look at the log if it does not come.";
    /// The work took longer than the API server waits.
    Deadline, Refused, "deadline", "Look at the load of the webhook and at timeoutSeconds.";
    /// Something went wrong that is no fault of the request: an error in this program.
    Internal, Refused, "internal", "Report it with the log line of this request.";
}

impl Reason {
    fn row(self) -> &'static Row {
        // The table is made by the same macro as the enum, in the same order; a test holds it.
        &TABLE[self as usize]
    }

    /// Stable name in snake case: the metric label, the log field, the audit annotation.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// What it means, in one English sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.row().sentence
    }

    /// What to do about it; empty where there is nothing to do.
    #[must_use]
    pub fn hint(self) -> &'static str {
        self.row().hint
    }

    /// What becomes of the pod.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        self.row().verdict
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.code == code).map(|row| row.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_reason_has_its_own_row_and_code() {
        for &reason in Reason::ALL {
            assert_eq!(reason.row().reason, reason);
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
    }

    #[test]
    fn codes_are_snake_case_and_sentences_are_sentences() {
        for &reason in Reason::ALL {
            assert!(reason.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{reason:?}");
            assert!(reason.sentence().ends_with('.') && !reason.sentence().starts_with(' '), "{reason:?}");
            assert_eq!(reason.hint().is_empty(), reason == Reason::Injected, "{reason:?}");
        }
    }

    #[test]
    fn a_skip_is_never_called_a_refusal() {
        assert_eq!(Reason::HostNetwork.verdict(), Verdict::Skipped);
        assert_eq!(Reason::BadAnnotation.verdict(), Verdict::Refused);
        assert_eq!(Reason::Injected.verdict().code(), "injected");
    }
}
