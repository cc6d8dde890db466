//! Which item of the new list is which of the old: by merge key, else by content, else by standing in the same gap.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use pillion_govalue::Value;

/// The old item that a new one is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pub(super) old: usize,
    /// Whether it keeps its place among the others that do.
    pub(super) stays: bool,
}

pub(super) struct Matching {
    /// For each new item the old one it is, if any.
    pub(super) pairs: Vec<Option<Match>>,
    /// Old items that are none of the new, ascending.
    pub(super) gone: Vec<usize>,
}

pub(super) fn match_items(old: &[Value<'_>], new: &[Value<'_>], key: Option<&str>) -> Matching {
    let same = |a: &Value<'_>, b: &Value<'_>| {
        a.same_pointer(b)
            || match (identity(a, key), identity(b, key)) {
                (Identity::Key(a), Identity::Key(b)) | (Identity::Content(a), Identity::Content(b)) => a == b,
                _ => false,
            }
    };
    let prefix = old.iter().zip(new).take_while(|(a, b)| same(a, b)).count();
    let rest = old[prefix..].iter().rev().zip(new[prefix..].iter().rev());
    let suffix = rest.take_while(|(a, b)| same(a, b)).count();

    let stay = |old| Some(Match { old, stays: true });
    let mut pairs: Vec<Option<Match>> = (0..prefix).map(stay).collect();
    let (old_middle, new_middle) = (prefix..old.len() - suffix, prefix..new.len() - suffix);
    let mut middle = by_identity(&old[old_middle.clone()], &new[new_middle], key);
    mark_staying(&mut middle);
    let mut free = vec![true; old_middle.len()];
    for m in middle.iter().flatten() {
        free[m.old] = false;
    }
    pair_gaps(
        &mut middle,
        &mut free,
        |item| key.is_none_or(|key| item.get(key).is_none()),
        &new[prefix..],
        &old[prefix..],
    );
    let gone = free.iter().enumerate().filter(|(_, free)| **free).map(|(at, _)| at + prefix).collect();
    pairs.extend(middle.into_iter().map(|m| m.map(|m| Match { old: m.old + prefix, ..m })));
    pairs.extend((old.len() - suffix..old.len()).map(stay));
    Matching { pairs, gone }
}

/// What an item is known by.
enum Identity<'v, 'a> {
    Key(&'v Value<'a>),
    Content(&'v Value<'a>),
}

fn identity<'v, 'a>(item: &'v Value<'a>, key: Option<&str>) -> Identity<'v, 'a> {
    match key.and_then(|key| item.get(key)) {
        Some(value) => Identity::Key(value),
        None => Identity::Content(item),
    }
}

/// Matches equal identities, first with first.
fn by_identity(old: &[Value<'_>], new: &[Value<'_>], key: Option<&str>) -> Vec<Option<Match>> {
    if old.is_empty() {
        return vec![None; new.len()];
    }
    // Seeded, so that nobody can send items that all hash alike; the outcome does not depend on the seed.
    let seed = RandomState::new();
    let mark = |item: &Value<'_>| match identity(item, key) {
        Identity::Key(value) => hash(&seed, value).wrapping_add(1),
        Identity::Content(value) => hash(&seed, value),
    };
    let mut places: HashMap<u64, Vec<usize>> = HashMap::with_capacity(old.len());
    for (at, item) in old.iter().enumerate().rev() {
        places.entry(mark(item)).or_default().push(at);
    }
    new.iter()
        .map(|item| {
            let candidates = places.get_mut(&mark(item))?;
            let at = *candidates.last()?;
            let same = match (identity(item, key), identity(&old[at], key)) {
                (Identity::Key(a), Identity::Key(b)) | (Identity::Content(a), Identity::Content(b)) => a == b,
                _ => false,
            };
            same.then(|| {
                candidates.pop();
                Match { old: at, stays: false }
            })
        })
        .collect()
}

/// A hash that equal values share, whatever the order of their keys and the kind of their numbers.
fn hash(seed: &RandomState, value: &Value<'_>) -> u64 {
    let mut hasher = seed.build_hasher();
    match value {
        Value::Null => 0_u8.hash(&mut hasher),
        Value::Bool(b) => b.hash(&mut hasher),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            (value.as_f64().unwrap_or_default() + 0.0).to_bits().hash(&mut hasher);
        }
        Value::Str(s) => s.hash(&mut hasher),
        Value::List(items) => {
            items.len().hash(&mut hasher);
            items.iter().for_each(|item| hash(seed, item).hash(&mut hasher));
        }
        Value::Map(map) => {
            let sum = map.iter().fold(0_u64, |sum, (key, value)| {
                sum.wrapping_add(seed.hash_one((key.as_str(), hash(seed, value))))
            });
            (map.len(), sum).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Marks a longest run of matches whose old places ascend: what it leaves out has to move.
fn mark_staying(pairs: &mut [Option<Match>]) {
    // For each length of run the place in `pairs` where the run with the smallest end ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; pairs.len()];
    let old_at = |pairs: &[Option<Match>], at: usize| pairs[at].map_or(0, |m| m.old);
    for at in 0..pairs.len() {
        if pairs[at].is_none() {
            continue;
        }
        let length = ends.partition_point(|&end| old_at(pairs, end) < old_at(pairs, at));
        previous[at] = length.checked_sub(1).map(|l| ends[l]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut next = ends.last().copied();
    while let Some(at) = next {
        if let Some(m) = &mut pairs[at] {
            m.stays = true;
        }
        next = previous[at];
    }
}

/// Pairs items that stand in the same gap between two that stay: an item without a key that changed in place.
fn pair_gaps(
    pairs: &mut [Option<Match>],
    free: &mut [bool],
    keyless: impl Fn(&Value<'_>) -> bool,
    new: &[Value<'_>],
    old: &[Value<'_>],
) {
    let mut candidate = 0;
    let mut at = 0;
    while at < pairs.len() {
        let end = (at..pairs.len()).find(|&i| pairs[i].is_some_and(|m| m.stays)).unwrap_or(pairs.len());
        let limit = pairs.get(end).copied().flatten().map_or(free.len(), |m| m.old);
        for i in at..end {
            if pairs[i].is_some() || !keyless(&new[i]) {
                continue;
            }
            let found = (candidate..limit).find(|&c| free[c] && keyless(&old[c]));
            if let Some(found) = found {
                free[found] = false;
                pairs[i] = Some(Match { old: found, stays: true });
                candidate = found + 1;
            } else {
                break;
            }
        }
        candidate = limit + 1;
        at = end + 1;
    }
}
