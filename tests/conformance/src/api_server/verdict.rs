//! Holds the API server's answers to one case against each other. What it takes from Istio it must take from Pillion,
//! and store alike; what it refuses it must refuse for the same reasons. Excuses only what [`deviations`] lists.

use std::collections::BTreeSet;

use serde_json::json;

use super::outcome::{End, Outcome};
use super::post::Outcomes;
use super::tally::Tally;
use crate::compare::{Difference, differences};
use crate::deviations;
use crate::judge::Pair;
use crate::properties::UNKNOWN_PREFIX;
use crate::run::Job;

/// What is wrong with Pillion's pod; the figures go into `tally`.
pub(super) fn judge(job: &Job<'_>, pair: &Pair<'_>, outcomes: &Outcomes, tally: &mut Tally) -> Vec<String> {
    let [original, istio, pillion] = outcomes.each_ref().map(AsRef::as_ref);
    if let End::Refused { unread, .. } = original.end {
        tally.refused_before += 1;
        tally.unread_before += usize::from(unread);
    }
    let mut complaints = vec![];
    let mut excused = BTreeSet::new();
    for (difference, what) in found(&istio.end, &pillion.end) {
        let must_hold = what == What::RefusesPillion && matches!(original.end, End::Accepted(_));
        match deviations::excuse(job, pair, &difference).filter(|_| !must_hold) {
            Some(row) => {
                let reasons = if what == What::RefusesIstio { difference.istio } else { None };
                let reasons = reasons.map_or_else(String::new, |reasons| format!(": {reasons}"));
                excused.insert(format!("{}: {}{reasons}", row.name, what.text()));
            }
            None => complaints.push(format!("{}: {difference}", what.text())),
        }
    }
    complaints.extend(
        new_warnings(original, istio, pillion)
            .map(|text| format!("the API server warns of Pillion's pod and not of Istio's: {text}")),
    );
    count(pair, [original, istio, pillion], &excused, complaints.is_empty(), tally);
    complaints
}

/// In what the API server treats the two otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    RefusesPillion,
    RefusesIstio,
    OtherReasons,
    StoresOther,
}

impl What {
    const fn text(self) -> &'static str {
        match self {
            Self::RefusesPillion => "the API server refuses Pillion's pod and takes Istio's",
            Self::RefusesIstio => "the API server refuses Istio's pod and takes Pillion's",
            Self::OtherReasons => "the API server refuses both, for other reasons",
            Self::StoresOther => "the API server stores another pod",
        }
    }
}

fn found(istio: &End, pillion: &End) -> Vec<(Difference, What)> {
    let say = |end: &End| {
        Some(match end {
            End::Accepted(_) => json!("accepted"),
            End::Refused { reasons, .. } => json!(reasons),
        })
    };
    let what = match (istio, pillion) {
        (End::Accepted(a), End::Accepted(b)) => {
            return differences(a, b).into_iter().map(|d| (d, What::StoresOther)).collect();
        }
        (End::Accepted(_), End::Refused { .. }) => What::RefusesPillion,
        (End::Refused { .. }, End::Accepted(_)) => What::RefusesIstio,
        (a, b) if a == b => return vec![],
        _ => What::OtherReasons,
    };
    let difference = Difference { path: "(api server)".to_owned(), istio: say(istio), pillion: say(pillion) };
    vec![(difference, what)]
}

/// Warnings that neither the pod as it was nor Istio's brings: fields that the API server does not know, among others.
/// The corpus's own unknown fields go where their container goes, which Istio drops them from.
fn new_warnings<'o>(
    original: &'o Outcome,
    istio: &'o Outcome,
    pillion: &'o Outcome,
) -> impl Iterator<Item = &'o String> {
    let known = |text: &&String| original.warnings.contains(text) || istio.warnings.contains(text);
    pillion.warnings.iter().filter(move |text| !known(text) && !is_made_up(text))
}

/// Whether a warning is of a field that the corpus made up.
fn is_made_up(text: &str) -> bool {
    let field = text.strip_prefix("unknown field ").map(|path| path.trim_matches('"'));
    field.is_some_and(|path| path.split('.').any(|part| part.starts_with(UNKNOWN_PREFIX)))
}

/// Whether a warning is what strict validation would refuse.
fn is_strict(text: &str) -> bool {
    ["unknown field", "duplicate field"].iter().any(|kind| text.starts_with(kind)) && !is_made_up(text)
}

fn count(
    pair: &Pair<'_>,
    [original, istio, pillion]: [&Outcome; 3],
    excused: &BTreeSet<String>,
    fine: bool,
    tally: &mut Tally,
) {
    istio.warnings.iter().for_each(|text| tally.warn(text));
    let brought = pillion.warnings.iter().filter(|text| is_strict(text) && !original.warnings.contains(text));
    brought.for_each(|text| tally.find_fault(text));
    if fine && !excused.is_empty() {
        tally.on_purpose += 1;
        for name in excused {
            tally.excuse(name, &pair.case.name);
        }
        return;
    }
    tally.total += 1;
    tally.same += usize::from(fine);
    match (&istio.end, &pillion.end) {
        (End::Accepted(_), End::Accepted(_)) => tally.accepted += 1,
        (End::Refused { reasons, .. }, End::Refused { .. }) => {
            tally.refused += 1;
            reasons.iter().for_each(|reason| tally.reason(reason));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(image: &str) -> End {
        End::Accepted(json!({"spec": {"containers": [{"name": "a", "image": image}]}}))
    }

    fn refused(reason: &str) -> End {
        End::Refused { unread: false, reasons: vec![reason.to_owned()] }
    }

    fn whats(istio: &End, pillion: &End) -> Vec<What> {
        found(istio, pillion).into_iter().map(|(_, what)| what).collect()
    }

    #[test]
    fn the_same_is_no_difference() {
        assert!(whats(&accepted("x"), &accepted("x")).is_empty());
        assert!(whats(&refused("x"), &refused("x")).is_empty());
    }

    #[test]
    fn another_verdict_another_reason_and_another_pod_are_differences() {
        assert_eq!(whats(&accepted("x"), &refused("x")), [What::RefusesPillion]);
        assert_eq!(whats(&refused("x"), &accepted("x")), [What::RefusesIstio]);
        assert_eq!(whats(&refused("x"), &refused("y")), [What::OtherReasons]);
        assert_eq!(whats(&accepted("x"), &accepted("y")), [What::StoresOther]);
    }

    #[test]
    fn only_warnings_that_nobody_else_brings_count() {
        let of = |warnings: &[&str]| Outcome {
            end: accepted("x"),
            warnings: warnings.iter().map(|text| (*text).to_owned()).collect(),
        };
        let moved = "unknown field \"spec.initContainers[].unknownField\"";
        let (original, istio, pillion) = (of(&["a"]), of(&["b"]), of(&["a", "b", "c", moved]));
        assert_eq!(new_warnings(&original, &istio, &pillion).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn a_field_that_the_corpus_made_up_is_no_fault() {
        assert!(is_strict("unknown field \"spec.containers[].picture\""));
        assert!(is_strict("duplicate field \"spec.hostname\""));
        assert!(!is_strict("unknown field \"spec.containers[].unknownField\""));
        assert!(!is_strict("unknown field \"unknownTop\""));
        assert!(!is_strict("spec.containers[].env[]: hides previous definition of \"A\""));
    }
}
