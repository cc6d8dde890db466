//! An [`Answer`] as JSON: the fields in the order, and with the escapes, of Go's encoder, so that the bytes are those
//! that istiod writes, but for what istiod does not tell: warnings and audit annotations. Never: decisions.

use base64_simd::STANDARD;
use pillion_govalue::json::write_string;

use super::{Answer, Version};

/// The review that answers. Without a version (the body was no review) `kind` and `apiVersion` are left out, as
/// istiod leaves them out.
#[must_use]
pub fn encode(version: Option<Version>, uid: &str, answer: &Answer<'_>) -> Vec<u8> {
    let patch = answer.patch.map(|patch| STANDARD.encode_to_string(patch));
    let mut out = String::with_capacity(384 + patch.as_ref().map_or(0, String::len));
    out.push('{');
    if let Some(version) = version {
        out.push_str("\"kind\":\"AdmissionReview\",\"apiVersion\":\"");
        out.push_str(version.api_version());
        out.push_str("\",");
    }
    out.push_str("\"response\":{\"uid\":");
    write_string(&mut out, uid, true);
    out.push_str(if answer.allowed { ",\"allowed\":true" } else { ",\"allowed\":false" });
    if let Some(message) = answer.message {
        out.push_str(",\"status\":{\"metadata\":{},\"message\":");
        write_string(&mut out, message, true);
        out.push('}');
    }
    if let Some(patch) = patch {
        // Base64 needs no escapes.
        out.push_str(",\"patch\":\"");
        out.push_str(&patch);
        out.push_str("\",\"patchType\":\"JSONPatch\"");
    }
    let mut separator = ",\"auditAnnotations\":{";
    for (name, value) in answer.audit.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(separator);
        separator = ",";
        write_string(&mut out, name, true);
        out.push(':');
        write_string(&mut out, value, true);
    }
    if separator == "," {
        out.push('}');
    }
    if !answer.warnings.is_empty() {
        out.push_str(",\"warnings\":[");
        for (i, warning) in answer.warnings.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write_string(&mut out, warning, true);
        }
        out.push(']');
    }
    out.push_str("}}");
    out.into_bytes()
}
