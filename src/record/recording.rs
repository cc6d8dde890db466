//! A recording as a file holds it: an AdmissionReview with its `request`, without what may be secret, the `response` that
//! was given to it, and under `pillion` what a review does not say. It can be posted to a webhook as it is.
//! Never: where files lie, and whether an answer is right.

use pillion_govalue::{Map, Value, json};

/// Where a review that does not say it was sent.
const PATH: &str = "/inject";
const OURS: &str = "pillion";

/// What a recording says beside the review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The URL's path.
    pub path: String,
    /// When, in seconds since the epoch; `None` where that is not told.
    pub at: Option<i64>,
    /// Whether there is an answer in it.
    pub answered: bool,
    /// Whom it is about: `NAMESPACE/NAME`.
    pub subject: String,
}

/// The text of a recording. `answer` is the whole review that was answered with.
///
/// # Errors
/// An answer that is no review with a response.
pub fn write(
    review: &Map<'static>,
    path: &str,
    at: i64,
    answered_by: &'static str,
    answer: &[u8],
) -> Result<String, String> {
    let answer = pillion_govalue::parse(answer).map_err(|error| error.to_string())?;
    let response = answer.get("response").filter(|response| response.as_map().is_some());
    let response = response.ok_or("the answer is no AdmissionReview with a response")?;
    let mut ours = Map::new();
    ours.insert("path", path);
    ours.insert("recorded", at);
    ours.insert("answeredBy", answered_by);
    let mut recording = review.clone();
    recording.insert("response", response.clone().into_owned());
    recording.insert(OURS, Value::map(ours).into_owned());
    Ok(json::to_string(&Value::map(recording), json::PLAIN) + "\n")
}

/// Reads what a recording says beside the review. The text itself is the review, and the answer to it.
///
/// # Errors
/// A text that is no AdmissionReview with a request.
pub fn read(text: &str) -> Result<Told, String> {
    let recording = pillion_govalue::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    if recording.get("kind").and_then(Value::as_str) != Some("AdmissionReview") {
        return Err("it is no AdmissionReview".to_owned());
    }
    let request = recording.get("request").filter(|request| request.as_map().is_some());
    let request = request.ok_or("the AdmissionReview holds no request")?;
    let text = |path: &[&str]| request.at(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = text(&["object", "metadata", "name"])
        .or_else(|| text(&["object", "metadata", "generateName"]))
        .or_else(|| text(&["name"]));
    Ok(Told {
        path: recording.at(&[OURS, "path"]).and_then(Value::as_str).unwrap_or(PATH).to_owned(),
        at: recording.at(&[OURS, "recorded"]).and_then(Value::as_i64),
        answered: recording.get("response").is_some_and(|response| response.as_map().is_some()),
        subject: format!("{}/{}", text(&["namespace"]).unwrap_or_default(), name.unwrap_or("(no name)")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_read_as_it_was_written() {
        let review = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","namespace":"shop","object":{"metadata":{"generateName":"web-"}}}}"#;
        let map = pillion_govalue::parse(review.as_bytes()).unwrap().into_owned().as_map().unwrap().clone();
        let answer = br#"{"kind":"AdmissionReview","response":{"uid":"u","allowed":true}}"#;
        let text = write(&map, "/inject/cluster/c", 7, "upstream", answer).unwrap();
        let told = read(&text).unwrap();
        let wanted = Told {
            path: "/inject/cluster/c".into(),
            at: Some(7),
            answered: true,
            subject: "shop/web-".into(),
        };
        assert_eq!(told, wanted);
        assert!(crate::review::decode(text.as_bytes()).unwrap().request.is_some());
        let bare = read(review).unwrap();
        assert_eq!((bare.path.as_str(), bare.at, bare.answered), ("/inject", None, false));
        assert!(write(&map, "/inject", 7, "upstream", b"{}").is_err());
        for bad in ["", "{}", r#"{"kind":"AdmissionReview"}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
