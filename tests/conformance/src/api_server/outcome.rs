//! [`Outcome`]: what the API server said to a pod, without what it makes up anew at every call: uid, times, names out
//! of `generateName`, the name of the token volume. Never compares.

use anyhow::{Result, bail};
use pillion_control_plane::Answer;
use serde_json::Value;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) end: End,
    /// Its warnings, in general terms and sorted: no places in lists.
    pub(super) warnings: Vec<String>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The pod as it would be stored.
    Accepted(Value),
    /// Every reason, sorted.
    Refused {
        /// The pod could not be read at all: no webhook would be asked.
        unread: bool,
        reasons: Vec<String>,
    },
}

/// How the name of the volume begins that the ServiceAccount plugin adds; five random characters follow.
const TOKEN_VOLUME: &str = "kube-api-access-";
const ANY: &str = "…";

impl Outcome {
    /// Reads the answer to `pod`.
    pub(super) fn read(answer: Answer, pod: &Value) -> Result<Self> {
        let mut warnings: Vec<String> = answer.warnings.iter().map(|text| without_places(text)).collect();
        warnings.sort();
        warnings.dedup();
        let end = match answer.status {
            200 | 201 => End::Accepted(stored(answer.body, pod)),
            400 | 403 | 404 | 409 | 413 | 422 => refused(&answer),
            status => bail!("the API server answers {status} to a pod: {}", answer.body),
        };
        Ok(Self { end, warnings })
    }

    /// The same without the stored pod.
    pub(super) fn without_pod(mut self) -> Self {
        if let End::Accepted(pod) = &mut self.end {
            *pod = Value::Null;
        }
        self
    }
}

fn refused(answer: &Answer) -> End {
    let status = &answer.body;
    let text = |value: &Value| without_token(value.as_str().unwrap_or_default());
    let mut reasons: Vec<String> = status["details"]["causes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|cause| format!("{}: {}", text(&cause["field"]), text(&cause["message"])))
        .collect();
    if reasons.is_empty() {
        let name = status["details"]["name"].as_str().unwrap_or_default();
        let message = text(&status["message"]);
        reasons.push(if name.is_empty() { message } else { message.replace(name, ANY) });
    }
    reasons.sort();
    End::Refused { unread: answer.status == 400, reasons }
}

fn stored(mut object: Value, pod: &Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["uid", "creationTimestamp", "managedFields", "resourceVersion"] {
            metadata.remove(field);
        }
        if pod["metadata"]["name"].as_str().is_none_or(str::is_empty) {
            metadata.remove("name");
        }
    }
    for condition in object["status"]["conditions"].as_array_mut().into_iter().flatten() {
        condition["lastTransitionTime"] = Value::Null;
    }
    each_text(&mut object, &|text| {
        if text.starts_with(TOKEN_VOLUME) {
            *text = without_token(text);
        }
    });
    object
}

fn each_text(value: &mut Value, change: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(members) => members.values_mut().for_each(|member| each_text(member, change)),
        _ => {}
    }
}

/// The text with every token volume's name cut short.
fn without_token(text: &str) -> String {
    const RANDOM: usize = 5;
    let mut parts = text.split(TOKEN_VOLUME);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let random = part.bytes().take(RANDOM).take_while(u8::is_ascii_alphanumeric).count();
        out.push_str(TOKEN_VOLUME);
        out.push_str(if random == RANDOM { &part[RANDOM..] } else { part });
    }
    out
}

/// `spec.containers[3].x` as `spec.containers[].x`: injection moves containers.
pub(super) fn without_places(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let digits = rest[open + 1..].bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(&rest[..=open]);
        rest = &rest[open + 1..];
        if rest[digits..].starts_with(']') {
            rest = &rest[digits..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_made_up_anew_is_left_out() {
        let answer = |token: &str, name: &str| Answer {
            status: 201,
            warnings: vec![],
            body: json!({
                "metadata": {"generateName": "a-", "name": name, "uid": name, "creationTimestamp": name},
                "spec": {"volumes": [{"name": format!("kube-api-access-{token}")}]},
            }),
        };
        let pod = json!({"metadata": {"generateName": "a-"}});
        let read = |token: &str, name: &str| Outcome::read(answer(token, name), &pod).unwrap();
        assert_eq!(read("abcde", "a-1"), read("x7k2p", "a-2"));
    }

    #[test]
    fn places_in_lists_are_left_out_and_keys_stay() {
        assert_eq!(
            without_places(r#"unknown field "spec.containers[12].x" of annotations[a.b/c]"#),
            r#"unknown field "spec.containers[].x" of annotations[a.b/c]"#
        );
    }

    #[test]
    fn a_refusal_is_read_by_its_causes() {
        let body = json!({"message": "Pod \"a-x\" is invalid", "details": {"name": "a-x", "causes": [
            {"field": "spec.b", "message": "two"}, {"field": "spec.a", "message": "one"},
        ]}});
        let read = Outcome::read(Answer { status: 422, warnings: vec![], body }, &Value::Null).unwrap();
        let reasons = vec!["spec.a: one".to_owned(), "spec.b: two".to_owned()];
        assert_eq!(read.end, End::Refused { unread: false, reasons });
    }
}
