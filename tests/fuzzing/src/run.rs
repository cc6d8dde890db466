//! Many inputs through one target. Each is made from the seed, the target's name and its number alone, so that one finding
//! can be had again without those before it. A finding is made small before it is told. Never: what is an input.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::{Target, mutate};
use pillion_chance::Rng;

/// Different findings of one target that are told: whoever has so many mends them before he looks for more.
const KEPT: usize = 20;
/// How often a finding is tried to be made smaller.
const TRIES: usize = 20_000;

/// What came of a run over one target.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Inputs that were run.
    pub executions: u64,
    /// The findings, one for each place that panicked.
    pub findings: Vec<Finding>,
    /// The input that took longest: its number, and how long.
    pub slowest: (u64, Duration),
}

/// An input on which a target panics.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The input's number; `None` for a kept case.
    pub number: Option<u64>,
    /// What was said, and where.
    pub message: String,
    /// The input, made small.
    pub input: Vec<u8>,
    /// How often the same place panicked.
    pub times: u64,
}

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// After so many inputs.
    pub runs: u64,
    /// After so long, if that comes first.
    pub time: Option<Duration>,
}

/// Runs `target` over the inputs from number `from` on.
#[must_use]
pub fn run(target: &Target, seed: u64, from: u64, until: Until) -> Outcome {
    quiet();
    let seeds = (target.seeds)();
    let began = Instant::now();
    let mut outcome = Outcome::default();
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    for number in from..from.saturating_add(until.runs) {
        let input = input(target, &seeds, seed, number);
        let start = Instant::now();
        let panicked = panics(target, &input);
        let took = start.elapsed();
        outcome.executions += 1;
        if took > outcome.slowest.1 {
            outcome.slowest = (number, took);
        }
        if let Some(Panic { place, message }) = panicked {
            if let Some(known) = found.get_mut(&place) {
                known.times += 1;
            } else if found.len() < KEPT {
                let input = smaller(target, &input, &place);
                found.insert(place, Finding { number: Some(number), message, input, times: 1 });
            }
        }
        if until.time.is_some_and(|time| began.elapsed() > time) {
            break;
        }
    }
    outcome.findings = found.into_values().collect();
    outcome
}

/// The input of this number. Among the first ones, each fourth is a seed as it is.
#[must_use]
pub fn input(target: &Target, seeds: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
    match usize::try_from(number / 4).ok().filter(|_| number.is_multiple_of(4)).and_then(|at| seeds.get(at)) {
        Some(seed) => seed.clone(),
        None => mutate::input(&mut Rng::of(seed, target.name, number), seeds, target.grammar, target.longest),
    }
}

/// The kept cases of a target: inputs that were findings once, by the names of their files.
#[must_use]
pub fn cases(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases").join(target.name);
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let mut cases: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let bytes = std::fs::read(&path).ok()?;
            Some((path, bytes))
        })
        .collect();
    cases.sort();
    cases
}

/// Runs one input; what it panics with, made no smaller.
#[must_use]
pub fn once(target: &Target, input: &[u8]) -> Option<Finding> {
    quiet();
    let Panic { message, .. } = panics(target, input)?;
    Some(Finding { number: None, message, input: input.to_vec(), times: 1 })
}

/// A panic.
struct Panic {
    /// The place in the source.
    place: String,
    /// Place and text.
    message: String,
}

thread_local! {
    /// Whether this thread runs an input, and the places of its panics since it began.
    static PLACES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// From now on the panics of inputs are noted and not printed.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let otherwise = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
            let noted = PLACES.with_borrow_mut(|places| places.as_mut().map(|places| places.push(place)));
            if noted.is_none() {
                otherwise(info);
            }
        }));
    });
}

fn panics(target: &Target, input: &[u8]) -> Option<Panic> {
    PLACES.set(Some(vec![]));
    let done = catch_unwind(AssertUnwindSafe(|| (target.body)(input)));
    // The engine catches panics of the core: the first place tells the most.
    let place = PLACES.take().unwrap_or_default().join(" then ");
    let panic = done.err()?;
    let message = format!("{place}: {}", text(panic.as_ref()));
    Some(Panic { place, message })
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// A smaller input that panics in the same place: parts and then bytes are left out as long as it does.
fn smaller(target: &Target, input: &[u8], place: &str) -> Vec<u8> {
    let mut small = input.to_vec();
    let mut tries = 0;
    let mut still = |candidate: &[u8]| {
        tries += 1;
        tries < TRIES && panics(target, candidate).is_some_and(|panic| panic.place == place)
    };
    loop {
        let before = small.len();
        let mut parts = target.grammar.parts(&small);
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        for part in parts {
            // Parts shift when one before them is gone: those that are left are looked for again.
            let candidate = [&small[..part.start], &small[part.end..]].concat();
            if candidate.len() < small.len() && still(&candidate) {
                small = candidate;
                break;
            }
        }
        if small.len() == before {
            break;
        }
    }
    let mut size = small.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < small.len() {
            let end = (at + size).min(small.len());
            let candidate = [&small[..at], &small[end..]].concat();
            if still(&candidate) {
                small = candidate;
            } else {
                at = end;
            }
        }
        size /= 2;
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Grammar;

    fn fails_on_a_word(bytes: &[u8]) {
        assert!(!bytes.windows(3).any(|three| three == b"bad"), "it is bad");
    }

    #[test]
    fn a_finding_is_made_small_and_can_be_had_again() {
        let target = Target {
            name: "example",
            body: fails_on_a_word,
            seeds: || vec![br#"{"a":[1,2,{"b":"not bad at all"}],"c":"d"}"#.to_vec(), b"{}".to_vec()],
            grammar: Grammar::Json,
            longest: 200,
            share: 0,
        };
        let outcome = run(&target, 1, 0, Until { runs: 50, time: None });
        assert_eq!(outcome.executions, 50);
        let [finding] = outcome.findings.as_slice() else { panic!("{:?}", outcome.findings) };
        assert_eq!((finding.input.as_slice(), finding.number), (b"bad".as_slice(), Some(0)));
        assert!(finding.times > 1 && finding.message.contains("it is bad"), "{finding:?}");
        assert!(once(&target, &finding.input).is_some() && once(&target, b"good").is_none());
    }
}
