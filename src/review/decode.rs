//! Bytes into a [`Review`]: one pass over the body, strings borrowed. [`read`] reads the object together with the rest;
//! [`decode`] leaves it as text, and decides what is wrong with a body.
//!
//! As Go's decoder has it: keys are case-sensitive, a repeated key takes the last value, `null` is the zero value,
//! unknown keys are passed over, and a known key of the wrong kind makes the whole body undecodable.
//! Unlike istiod, YAML and Protobuf under `Content-Type: application/json` are refused: no API server sends them.

use std::fmt;

use pillion_govalue::{Map, Str, Value};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::wrong_kind;
use super::{AdmissionRequest, Object, Review, Version};

/// Why a body is no review. Such a body is answered without `kind`, `apiVersion` and uid.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is no JSON object.
    #[error("couldn't get version/kind; json parse error: {0}")]
    NotJson(String),
    /// It does not say what it is.
    #[error("Object '{field}' is missing in '{body}'")]
    Unnamed {
        /// `Kind` or `apiVersion`.
        field: &'static str,
        /// The body, cut short if it is long.
        body: String,
    },
    /// It is something else.
    #[error(
        "no kind {kind:?} is registered for version {version:?}: \
         send an AdmissionReview of admission.k8s.io/v1 or v1beta1"
    )]
    Unknown {
        /// Its kind.
        kind: String,
        /// Its version.
        version: String,
    },
    /// A field holds a value of the wrong kind.
    #[error("{0}")]
    WrongKind(String),
}

/// Reads a review and its object at once; any body with which anything is wrong is [`decode`]'s.
///
/// # Errors
/// As [`decode`].
pub fn read(body: &[u8]) -> Result<Review<'_>, DecodeError> {
    whole(body).map_or_else(|| decode(body), Ok)
}

/// A review with which nothing is wrong.
fn whole(body: &[u8]) -> Option<Review<'_>> {
    let mut head = pillion_govalue::parse(body).ok()?;
    let version =
        Version::parse(text(&head, "apiVersion")).filter(|_| text(&head, "kind") == "AdmissionReview")?;
    if wrong_kind(&head, "", "").is_some() {
        return None;
    }
    let mut fields = head.as_map_mut()?.remove("request")?;
    if wrong_kind(&fields, "request", "").is_some() {
        return None;
    }
    let object = match fields.as_map_mut()?.remove("object") {
        None | Some(Value::Null) => Object::Absent,
        Some(object) => Object::Read(object),
    };
    Some(Review { version, request: Some(request(&fields, object)) })
}

fn request<'a>(fields: &Value<'a>, object: Object<'a>) -> AdmissionRequest<'a> {
    let [uid, name, namespace] = ["uid", "name", "namespace"].map(|key| string(fields, key));
    let dry_run = fields.get("dryRun").and_then(Value::as_bool).unwrap_or_default();
    AdmissionRequest { uid, name, namespace, dry_run, object }
}

/// Reads a review, and leaves its object as text.
///
/// # Errors
/// A body that is no review, with the message that istiod gives where it gives a good one.
pub fn decode(body: &[u8]) -> Result<Review<'_>, DecodeError> {
    let envelope =
        serde_json::from_slice::<Envelope<'_>>(body).map_err(|error| not_an_object(body, &error))?;
    let head = Value::map(envelope.head);
    if let Some(message) = wrong_kind(&head, "", "") {
        return Err(DecodeError::NotJson(message));
    }
    let version = identify(body, text(&head, "kind"), text(&head, "apiVersion"))?;
    let package = if version == Version::V1 { "v1" } else { "v1beta1" };
    let request = match envelope.request {
        Request::Absent => None,
        Request::Wrong(found) => {
            return Err(DecodeError::WrongKind(format!(
                "json: cannot unmarshal {found} into Go struct field AdmissionReview.request of type \
                 {package}.AdmissionRequest"
            )));
        }
        Request::Parts { fields, object } => {
            let fields = Value::map(fields);
            if let Some(message) = wrong_kind(&fields, "request", package) {
                return Err(DecodeError::WrongKind(message));
            }
            let object = object.map(RawValue::get).filter(|text| *text != "null");
            Some(request(&fields, object.map_or(Object::Absent, Object::Text)))
        }
    };
    Ok(Review { version, request })
}

/// The version of a body that says it is a review.
fn identify(body: &[u8], kind: &str, api_version: &str) -> Result<Version, DecodeError> {
    let unnamed = |field| DecodeError::Unnamed { field, body: excerpt(body) };
    if kind.is_empty() {
        return Err(unnamed("Kind"));
    }
    if api_version.is_empty() {
        return Err(unnamed("apiVersion"));
    }
    Version::parse(api_version)
        .filter(|_| kind == "AdmissionReview")
        .ok_or_else(|| DecodeError::Unknown { kind: kind.to_owned(), version: api_version.to_owned() })
}

/// What is wrong with a body that is not even a JSON object.
fn not_an_object(body: &[u8], error: &serde_json::Error) -> DecodeError {
    match pillion_govalue::parse(body) {
        Ok(Value::Null) => DecodeError::Unnamed { field: "Kind", body: excerpt(body) },
        Ok(value) if value.as_map().is_none() => DecodeError::NotJson(format!(
            "json: cannot unmarshal {} into an AdmissionReview",
            value.kind_name()
        )),
        _ => DecodeError::NotJson(error.to_string()),
    }
}

/// The body for a message, cut where it gets long: a message must not carry megabytes.
fn excerpt(body: &[u8]) -> String {
    const MOST: usize = 1024;
    let text = String::from_utf8_lossy(&body[..body.len().min(MOST)]);
    if body.len() > MOST { format!("{text}…") } else { text.into_owned() }
}

fn text<'v>(object: &'v Value<'_>, key: &str) -> &'v str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn string<'a>(object: &Value<'a>, key: &str) -> Str<'a> {
    match object.get(key) {
        Some(Value::Str(s)) => s.clone(),
        _ => Str::Borrowed(""),
    }
}

/// A body that is an object; whether it is a review is seen later.
struct Envelope<'a> {
    /// `kind`, `apiVersion` and `response`.
    head: Map<'a>,
    request: Request<'a>,
}

/// The member `request`.
enum Request<'a> {
    Absent,
    /// Something that is no object: the name of its kind.
    Wrong(&'static str),
    Parts {
        /// All fields but those that hold whole objects.
        fields: Map<'a>,
        object: Option<&'a RawValue>,
    },
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AdmissionReview")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Envelope<'de>, A::Error> {
        let mut out = Envelope { head: Map::new(), request: Request::Absent };
        while let Some(key) = access.next_key::<Str<'de>>()? {
            match key.as_str() {
                "kind" | "apiVersion" | "response" => {
                    out.head.insert(key, access.next_value::<Value<'de>>()?);
                }
                "request" => out.request = access.next_value()?,
                _ => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        Ok(out)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Request<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequestVisitor)
    }
}

struct RequestVisitor;

impl<'de> Visitor<'de> for RequestVisitor {
    type Value = Request<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AdmissionRequest")
    }
    fn visit_unit<E>(self) -> Result<Request<'de>, E> {
        Ok(Request::Absent)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Request<'de>, E> {
        Ok(Request::Wrong("bool"))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Request<'de>, E> {
        Ok(Request::Wrong("number"))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Request<'de>, E> {
        Ok(Request::Wrong("number"))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Request<'de>, E> {
        Ok(Request::Wrong("number"))
    }
    fn visit_str<E>(self, _: &str) -> Result<Request<'de>, E> {
        Ok(Request::Wrong("string"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Request<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Request::Wrong("array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Request<'de>, A::Error> {
        let (mut fields, mut object) = (Map::new(), None);
        while let Some(key) = access.next_key::<Str<'de>>()? {
            match key.as_str() {
                "object" => object = Some(access.next_value::<&RawValue>()?),
                // Raw in Go too: nothing in them is checked.
                "oldObject" | "options" => drop(access.next_value::<IgnoredAny>()?),
                name if super::fields::known(name) => {
                    fields.insert(key, access.next_value::<Value<'de>>()?);
                }
                _ => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Request::Parts { fields, object })
    }
}
