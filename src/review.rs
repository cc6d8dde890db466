//! [`Review`]: the AdmissionReview that comes in and the one that goes back, in `admission.k8s.io/v1` and `v1beta1`.
//!
//! Own types and not a Kubernetes library's: `istioctl kube-inject` posts empty strings where such libraries expect
//! an enum, and a patch must go out as one base64 string. The pod is not decoded here, it stays a slice of the body.
//! Never: HTTP, or what the answer shall be.

mod decode;
mod encode;
mod fields;
#[cfg(test)]
mod tests;

pub use decode::{DecodeError, decode, read};
pub use encode::encode;

use pillion_govalue::{ParseError, Str, Value};

/// Largest body that is read: what Istio reads (`MaxRequestBodyBytes`), four times what etcd stores.
pub const MAX_BODY: usize = 6 * 1024 * 1024;

/// The API version of a review; the answer goes back in the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `admission.k8s.io/v1`.
    V1,
    /// `admission.k8s.io/v1beta1`.
    V1Beta1,
}

impl Version {
    /// The `apiVersion` of it.
    #[must_use]
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "admission.k8s.io/v1",
            Self::V1Beta1 => "admission.k8s.io/v1beta1",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::V1, Self::V1Beta1].into_iter().find(|v| v.api_version() == text)
    }
}

/// A decoded review.
#[derive(Debug)]
pub struct Review<'a> {
    /// Its version.
    pub version: Version,
    /// Its request. API servers always send one; where it is missing the review is still answered.
    pub request: Option<AdmissionRequest<'a>>,
}

/// The parts of a request that matter to injection. All others are checked for their kind and passed over.
#[derive(Debug)]
pub struct AdmissionRequest<'a> {
    /// Goes back in the answer; empty from `istioctl kube-inject`.
    pub uid: Str<'a>,
    /// Name of the object, which nothing depends on; empty where a name is still to be made.
    pub name: Str<'a>,
    /// Namespace of the object; empty where it has none.
    pub namespace: Str<'a>,
    /// Whether nothing shall be written, here or anywhere.
    pub dry_run: bool,
    /// The object.
    pub object: Object<'a>,
}

/// The object under review.
#[derive(Debug)]
pub enum Object<'a> {
    /// There is none, or it is `null`.
    Absent,
    /// A slice of the body, still to be read.
    Text(&'a str),
    /// Read together with the rest.
    Read(Value<'a>),
}

impl<'a> Object<'a> {
    /// The object's tree; `null` where there is none.
    ///
    /// # Errors
    /// Text that cannot be read, such as a number beyond all numbers.
    pub fn value(self) -> Result<Value<'a>, ParseError> {
        match self {
            Self::Absent => Ok(Value::Null),
            Self::Text(text) => pillion_govalue::parse(text.as_bytes()),
            Self::Read(value) => Ok(value),
        }
    }
}

/// What goes back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// Whether the object is admitted.
    pub allowed: bool,
    /// Why not.
    pub message: Option<&'a str>,
    /// The JSON Patch, as JSON text.
    pub patch: Option<&'a str>,
    /// What the audit log is told, in the order of the names; an empty value is left out.
    pub audit: &'a [(&'a str, &'a str)],
    /// What the user should know although the object is admitted.
    pub warnings: &'a [String],
}
