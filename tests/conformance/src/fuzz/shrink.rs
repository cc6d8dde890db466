//! A difference made small: places of the pod are left out, and values made plain, as long as the answers differ in a way
//! that they differed in before. Many smaller pods are asked about at once, for a question costs little and a call much.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};

use super::paths::{self, Path, Step};
use super::round::{self, Wrong};
use crate::case::Case;
use crate::injector::Injector;
use crate::run::Job;
use crate::tally::Tally;

/// Pods that are asked about at once.
const AT_ONCE: usize = 300;
/// Calls that one difference may cost.
const CALLS: usize = 60;

/// Where small pods are asked about.
pub(super) struct Shrinker<'s> {
    pub(super) job: &'s Job<'s>,
    pub(super) injector: Option<&'s dyn Injector>,
    /// What was seen before it was made small.
    kinds: BTreeSet<String>,
    left: usize,
}

impl<'s> Shrinker<'s> {
    /// For what `wrong` has found.
    pub(super) fn new(job: &'s Job<'s>, injector: Option<&'s dyn Injector>, wrong: &Wrong) -> Self {
        Self { job, injector, kinds: wrong.kinds().into_iter().collect(), left: CALLS }
    }

    /// The smallest that is found.
    pub(super) fn smallest(mut self, wrong: Wrong) -> Result<Wrong> {
        let mut best = wrong;
        loop {
            let before = best.case.pod().clone();
            while let Some(smaller) = self.less(&best)? {
                best = smaller;
            }
            while let Some(plainer) = self.plainer(&best)? {
                best = plainer;
            }
            if *best.case.pod() == before || self.left == 0 {
                return Ok(best);
            }
        }
    }

    /// Those of the pods that still differ, in their order, `None` for the others.
    fn still(&mut self, like: &Case, pods: Vec<Value>) -> Result<Vec<Option<Wrong>>> {
        if self.left == 0 || pods.is_empty() {
            return Ok(vec![]);
        }
        self.left -= 1;
        let cases: Vec<Case> = pods.into_iter().map(|pod| with_pod(like, pod)).collect();
        let found = round::ask(self.job, self.injector, &cases, &mut Tally::default())?;
        let same_kind = |wrong: &Wrong| wrong.kinds().iter().any(|kind| self.kinds.contains(kind));
        Ok(found.into_iter().map(|wrong| wrong.filter(&same_kind)).collect())
    }

    /// The pod with places left out: as many at once as can be.
    fn less(&mut self, best: &Wrong) -> Result<Option<Wrong>> {
        let pod = best.case.pod();
        let mut places = paths::all(pod);
        places.sort_by_key(|place| std::cmp::Reverse(paths::get(pod, place).map_or(0, paths::size)));
        places.truncate(AT_ONCE);
        let singles = places.iter().map(|place| without(pod, &[place])).collect();
        let found = self.still(&best.case, singles)?;
        let mut gone: Vec<&Path> = vec![];
        let mut first = None;
        for (place, wrong) in places.iter().zip(found) {
            let Some(wrong) = wrong else { continue };
            first.get_or_insert(wrong);
            if !gone.iter().any(|above| place.starts_with(above)) {
                gone.push(place);
            }
        }
        // All that can go alone, and then a half of them, and so on: what goes alone need not go together.
        let sizes = std::iter::successors(Some(gone.len()), |size| (*size > 2).then_some(size / 2));
        let together = sizes.filter(|size| *size > 1).map(|size| without(pod, &gone[..size])).collect();
        let together = self.still(&best.case, together)?.into_iter().flatten().next();
        Ok(together.or(first))
    }

    /// The pod with one value made plain, or all of those that can be.
    fn plainer(&mut self, best: &Wrong) -> Result<Option<Wrong>> {
        let pod = best.case.pod();
        let mut candidates = vec![];
        for place in paths::all(pod) {
            let plain = paths::get(pod, &place).map(plain).unwrap_or_default();
            candidates.extend(plain.into_iter().map(|value| (place.clone(), value)));
        }
        candidates.truncate(AT_ONCE);
        let changed = candidates.iter().map(|(place, value)| with(pod, place, value)).collect();
        let found = self.still(&best.case, changed)?;
        let mut all = pod.clone();
        let mut first = None;
        let mut done: BTreeSet<&[Step]> = BTreeSet::new();
        for ((place, value), wrong) in candidates.iter().zip(found) {
            let Some(wrong) = wrong else { continue };
            first.get_or_insert(wrong);
            if done.insert(place)
                && let Some(slot) = paths::get_mut(&mut all, place)
            {
                *slot = value.clone();
            }
        }
        if done.len() < 2 {
            return Ok(first);
        }
        let together = self.still(&best.case, vec![all])?.into_iter().flatten().next();
        Ok(together.or(first))
    }
}

fn with_pod(like: &Case, pod: Value) -> Case {
    let mut case = like.clone();
    if let Some(object) = case.review.pointer_mut("/request/object") {
        *object = pod;
    }
    case
}

fn without(pod: &Value, places: &[&Path]) -> Value {
    paths::without(pod, &places.iter().copied().collect())
}

fn with(pod: &Value, place: &[Step], value: &Value) -> Value {
    let mut pod = pod.clone();
    if let Some(slot) = paths::get_mut(&mut pod, place) {
        *slot = value.clone();
    }
    pod
}

/// Plainer values, the plainest first. Each step makes a value shorter or a smaller number, so that they end.
fn plain(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => {
            let half = text.chars().take(text.chars().count() / 2).collect::<String>();
            let all = ["".to_owned(), "a".to_owned(), half];
            all.into_iter().filter(|plain| plain.len() < text.len()).map(Value::from).collect()
        }
        Value::Number(number) if number.as_i64().is_none_or(|number| number.unsigned_abs() > 1) => {
            vec![json!(0), json!(1)]
        }
        Value::Object(members) if !members.is_empty() => vec![json!({})],
        Value::Array(items) if !items.is_empty() => vec![json!([])],
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_end() {
        let mut value = json!("a long text of many words");
        for _ in 0..20 {
            let Some(next) = plain(&value).pop() else { break };
            value = next;
        }
        assert!(plain(&value).is_empty(), "{value}");
        for value in
            [json!(0), json!(1), json!(-1), json!(null), json!(true), json!([]), json!({}), json!("")]
        {
            assert!(plain(&value).is_empty(), "{value}");
        }
        assert!(!plain(&json!(1e300)).is_empty());
    }
}
