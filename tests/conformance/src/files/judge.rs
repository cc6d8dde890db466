//! Whether two answers to one manifest are the same: verdict, cause of the error, pods passed over, and the objects
//! that came out, document by document, as Go reads them.

use serde_json::{Value, json};

use super::ask::Answer;
use super::cause::Cause;
use crate::compare::{Difference, differences};

/// Where two answers differ; empty when they are the same. `torn` says that Go cannot read the manifest to its end.
#[must_use]
pub fn compare(istio: &Answer, pillion: &Answer, torn: bool) -> Vec<Difference> {
    let one = |path: &str, a: Value, b: Value| {
        vec![Difference { path: path.to_owned(), istio: Some(a), pillion: Some(b) }]
    };
    if istio.error.is_some() != pillion.error.is_some() {
        return one("(verdict)", json!(istio.error), json!(pillion.error));
    }
    // Istio may meet a fault before the torn document where Pillion differs on purpose, and the other way about: a workload
    // without a template is none to Istio. A torn stream cannot be asked again in other words.
    let by_purpose = istio.cause == Some(Cause::Yaml) && pillion.cause == Some(Cause::Shape);
    if torn && (pillion.cause == Some(Cause::Yaml) || by_purpose) {
        return vec![];
    }
    if istio.cause != pillion.cause {
        let say = |answer: &Answer| json!(format!("{:?}: {:?}", answer.cause, answer.error));
        return one("(cause)", say(istio), say(pillion));
    }
    let mut found = vec![];
    if istio.skips != pillion.skips {
        found.extend(one("(warnings)", json!(istio.skips), json!(pillion.skips)));
    }
    if istio.objects.len() != pillion.objects.len() {
        let say = |answer: &Answer| json!(answer.objects.iter().map(label).collect::<Vec<_>>());
        found.extend(one("(documents)", say(istio), say(pillion)));
        return found;
    }
    for (at, (istio, pillion)) in istio.objects.iter().zip(&pillion.objects).enumerate() {
        for mut difference in differences(istio, pillion) {
            difference.path = format!("{}#{}.{}", label(istio), at + 1, difference.path);
            found.push(difference);
        }
    }
    found
}

/// What must hold of Pillion's answer whatever Istio does. `already` and `strict` say for each object why an API server
/// would not decode it, before and after: in a List the fault can be another item's.
#[must_use]
pub fn broken(before: &str, pillion: &Answer, already: &[String], strict: &[String]) -> Vec<String> {
    let mut broken = vec![];
    if pillion.error.is_some() {
        return broken;
    }
    if !pillion.injected.contains(&true) && pillion.text != before {
        broken.push("nothing is injected, and the text is another one".to_owned());
    }
    if pillion.injected.len() == pillion.objects.len() {
        for (at, why) in strict.iter().enumerate() {
            if pillion.injected[at] && !why.is_empty() && already.get(at).is_none_or(String::is_empty) {
                broken.push(format!("an API server does not read an injected object: {why}"));
            }
        }
    } else {
        broken.push(format!(
            "{} documents by Pillion's count, {} by Go's",
            pillion.injected.len(),
            pillion.objects.len()
        ));
    }
    broken
}

/// The object's kind and name.
fn label(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
}
