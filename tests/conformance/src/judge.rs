//! Whether two answers are the same. Go is the judge: it applies both patches, reads the pods into its own type
//! and writes them again; only then are they compared. Verdicts and the rest of the review are compared as they are.

use anyhow::Result;
use serde_json::{Value, json};

use crate::answer::{Reading, Verdict};
use crate::case::Case;
use crate::compare::{Difference, differences};
use crate::oracle::Oracle;
use crate::properties;

/// One case with both answers.
#[derive(Debug)]
pub struct Pair<'c> {
    /// The question.
    pub case: &'c Case,
    /// What Istio answered.
    pub istio: Reading,
    /// What Pillion answered.
    pub pillion: Reading,
    /// Pillion's patch is made as Istio makes its own (because it is Istio's).
    pub typed: bool,
}

/// What came of one pair.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Where the answers differ; empty when they are the same.
    pub differences: Vec<Difference>,
    /// Properties that Pillion's answer breaks.
    pub broken: Vec<String>,
    /// Some differences were there on purpose and are not listed.
    pub excused: bool,
    /// The pod as Istio injects it, as Go writes it; null unless injected.
    pub injected: Value,
    /// Why the pod that Istio makes cannot be read by the oracle that judges.
    pub unreadable: Option<String>,
}

impl Judgement {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn same(&self) -> bool {
        self.differences.is_empty() && self.broken.is_empty()
    }
}

/// Judges all pairs; `newest` is the oracle that knows the units.
pub fn judge(newest: &Oracle, pairs: &[Pair<'_>]) -> Result<Vec<Judgement>> {
    let mut questions = vec![];
    for pair in pairs {
        if pair.istio.verdict == Verdict::Injected {
            // Istio makes its patch from the pod as Go encodes it, and it need not apply to the bytes that were sent.
            questions.push(apply(pair.case, &pair.istio.patch, true));
        }
        if pair.pillion.verdict == Verdict::Injected {
            questions.push(apply(pair.case, &pair.pillion.patch, pair.typed));
        }
    }
    let mut answers = newest.units("apply", questions.into_iter())?.into_iter();
    let mut judged = vec![];
    for pair in pairs {
        let mut judgement = Judgement { differences: outside(pair), ..Judgement::default() };
        judgement.broken.extend(properties::told(pair));
        let istio = if pair.istio.verdict == Verdict::Injected { answers.next() } else { None };
        let pillion = if pair.pillion.verdict == Verdict::Injected { answers.next() } else { None };
        if let Some(unit) = &istio {
            judgement.unreadable.clone_from(&unit.err);
            judgement.injected = unit.json.clone();
        }
        if let Some(unit) = &pillion {
            match &unit.err {
                Some(error) if is_written_otherwise(pair.case.pod()) => {
                    judgement.unreadable.get_or_insert_with(|| error.clone());
                }
                Some(error) => {
                    judgement
                        .broken
                        .push(format!("the patch does not apply to the pod that was sent: {error}"));
                }
                None => {}
            }
            if !pair.typed {
                let templates = pair.pillion.told.audit["templates"].as_str().unwrap_or_default();
                judgement.broken.extend(properties::unknown_fields(
                    pair.case.pod(),
                    &pair.pillion.patch,
                    templates,
                ));
            }
        }
        if let (Some(istio), Some(pillion)) = (&istio, &pillion)
            && istio.err.is_none()
            && pillion.err.is_none()
        {
            judgement.differences.extend(differences(&istio.json, &pillion.json));
        }
        judged.push(judgement);
    }
    Ok(judged)
}

/// Whether a text of the pod has a separator at an end. A quantity may: Go passes over it, but writes it escaped when it
/// applies the patch, and does not pass over what is escaped.
fn is_written_otherwise(pod: &Value) -> bool {
    const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];
    match pod {
        Value::String(text) => text.starts_with(SEPARATORS) || text.ends_with(SEPARATORS),
        Value::Array(items) => items.iter().any(is_written_otherwise),
        Value::Object(members) => members.values().any(is_written_otherwise),
        _ => false,
    }
}

fn apply(case: &Case, patch: &Value, typed: bool) -> Value {
    json!({"original": case.pod(), "patch": patch, "typed": typed})
}

/// What differs in the review around the patch.
fn outside(pair: &Pair<'_>) -> Vec<Difference> {
    // Where istiod panics the connection closes; a refusal is the answer to that.
    let wanted = match pair.istio.verdict {
        Verdict::Panicked if !pair.typed => Verdict::Refused,
        verdict => verdict,
    };
    if wanted != pair.pillion.verdict {
        let say = |r: &Reading| Some(json!(format!("{:?} {}", r.verdict, r.message)));
        return vec![Difference {
            path: "(verdict)".to_owned(),
            istio: say(&pair.istio),
            pillion: say(&pair.pillion),
        }];
    }
    if pair.istio.verdict == Verdict::Panicked {
        return vec![];
    }
    let mut found = differences(&pair.istio.envelope, &pair.pillion.envelope);
    for difference in &mut found {
        difference.path = format!("(review).{}", difference.path);
    }
    found
}

/// Whether two refusals say the same: lists that Go takes from a map come in any order, and Pillion may say more.
#[must_use]
pub fn same_words(istio: &str, pillion: &str) -> bool {
    let sorted = |text: &str| {
        let mut parts: Vec<String> =
            text.replace("; have ", ", ").split([',', '\n']).map(|p| p.trim().to_owned()).collect();
        parts.sort();
        parts
    };
    pillion.starts_with(istio) || sorted(istio) == sorted(pillion)
}

/// Whether two answers of the oracle to one question are the same, but for the order of map keys in a patch.
#[must_use]
pub fn agree(a: &Reading, b: &Reading) -> bool {
    let sorted = |patch: &Value| {
        let mut ops: Vec<String> = patch.as_array().into_iter().flatten().map(Value::to_string).collect();
        ops.sort();
        ops
    };
    a.verdict == b.verdict && sorted(&a.patch) == sorted(&b.patch)
}
