//! Cases made of cases: places of the pod taken out, doubled, exchanged, given values of other pods, of other places, of
//! another kind; annotations and labels with values that they are meant for and values that they are not; now and then
//! something of the review around the pod. Never: names of fields in another case, which API servers do not send.

use serde_json::{Value, json};

use super::donors::Donors;
use super::paths::{self, Path, Step};
use crate::case::Case;
use pillion_chance::Rng;

/// Most changes of one case.
const STEPS: usize = 6;
/// A pod is not made larger than this.
const LARGEST: usize = 24 * 1024;

/// The case of this number.
pub(super) fn case(seed: &Rng, number: usize, donors: &Donors, path: &str) -> Case {
    let mut rng = seed.fork(&format!("fuzz {number}"));
    let mut case = rng.pick(&donors.cases).clone();
    case.name = format!("fuzz-{number}");
    case.covers = vec![];
    if rng.chance(80) {
        path.clone_into(&mut case.path);
    }
    for _ in 0..=rng.below(STEPS) {
        if rng.chance(4) {
            around(&mut rng, &mut case.review);
        } else if let Some(pod) = case.review.pointer_mut("/request/object") {
            step(&mut rng, pod, donors);
        }
    }
    if case.pod().to_string().len() > LARGEST {
        return self::case(seed, number + 1_000_000_007, donors, path);
    }
    case
}

/// Something of the review around the pod.
fn around(rng: &mut Rng, review: &mut Value) {
    let texts = ["", "shop", "kube-system", "default", "UPPER", "ünï", "a b", "-", "istio-system"];
    let key = *rng.pick(&["namespace", "uid", "name", "operation", "dryRun", "subResource"]);
    let value = match key {
        "dryRun" => json!(rng.chance(50)),
        _ => json!(*rng.pick(&texts)),
    };
    if let Some(request) = review.get_mut("request").and_then(Value::as_object_mut) {
        if rng.chance(25) {
            request.remove(key);
        } else {
            request.insert(key.to_owned(), value);
        }
    }
}

fn step(rng: &mut Rng, pod: &mut Value, donors: &Donors) {
    if rng.chance(25) {
        return mark(rng, pod, donors);
    }
    let places = paths::all(pod);
    if places.is_empty() {
        return;
    }
    let place = rng.pick(&places).clone();
    match rng.below(10) {
        0 => take_out(pod, &place),
        1 | 2 => give(rng, pod, &place, donors),
        3 | 4 => add(rng, pod, &place, donors),
        5 => double(rng, pod, &place),
        6 => exchange(pod, &place, rng.pick::<Path>(&places)),
        7 => {
            let other = paths::get(pod, rng.pick::<Path>(&places)).cloned();
            replace(pod, &place, other.unwrap_or_default());
        }
        8 => {
            let odd = odd(rng);
            replace(pod, &place, odd);
        }
        _ => text(rng, pod, &place),
    }
}

fn replace(pod: &mut Value, place: &[Step], value: Value) {
    if let Some(slot) = paths::get_mut(pod, place) {
        *slot = value;
    }
}

fn take_out(pod: &mut Value, place: &Path) {
    *pod = paths::without(pod, &[place].into_iter().collect());
}

/// The value that another pod has there.
fn give(rng: &mut Rng, pod: &mut Value, place: &[Step], donors: &Donors) {
    let Some((last, parent)) = place.split_last() else { return };
    let kind = paths::kind(parent);
    let values = match last {
        Step::Key(key) => donors.values(&kind, key),
        Step::At(_) => donors.items(&kind),
    };
    if !values.is_empty() {
        replace(pod, place, rng.pick(values).clone());
    }
}

/// A member or an item more.
fn add(rng: &mut Rng, pod: &mut Value, place: &[Step], donors: &Donors) {
    let kind = paths::kind(place);
    match paths::get_mut(pod, place) {
        Some(Value::Object(object)) => {
            let members = donors.members(&kind);
            if !members.is_empty() {
                let (name, values) = rng.pick(members);
                object.insert(name.clone(), rng.pick(values).clone());
            }
        }
        Some(Value::Array(items)) => {
            let known = donors.items(&kind);
            if !known.is_empty() {
                let at = rng.below(items.len() + 1);
                items.insert(at, rng.pick(known).clone());
            }
        }
        _ => {}
    }
}

/// An item once more, beside itself or at the end.
fn double(rng: &mut Rng, pod: &mut Value, place: &[Step]) {
    let Some((Step::At(number), parent)) = place.split_last() else { return };
    if let Some(Value::Array(items)) = paths::get_mut(pod, parent) {
        let copy = items[*number].clone();
        let at = if rng.chance(50) { *number } else { items.len() };
        items.insert(at, copy);
    }
}

/// Two places in each other's stead, unless one is within the other.
fn exchange(pod: &mut Value, one: &[Step], other: &[Step]) {
    if one.starts_with(other) || other.starts_with(one) {
        return;
    }
    let (Some(a), Some(b)) = (paths::get(pod, one).cloned(), paths::get(pod, other).cloned()) else { return };
    replace(pod, one, b);
    replace(pod, other, a);
}

/// A value that hardly any place is meant for.
fn odd(rng: &mut Rng) -> Value {
    let odd = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1),
        json!(1.5),
        json!(65536),
        json!(2_147_483_648_u64),
        json!(4_294_967_296_u64),
        json!(1e21),
        json!(""),
        json!("0"),
        json!("true"),
        json!("null"),
        json!("1.5"),
        json!("istio-proxy"),
        json!("istio-init"),
        json!("istio-validation"),
        json!("enable-core-dump"),
        json!("http"),
        json!("Always"),
        json!("ünï <&> \"q\" 'a'"),
        json!("line\nbreak: x"),
        json!("{{ .Spec }}"),
        json!("$(A)"),
        json!("a\tb"),
        json!(" "),
        json!("-"),
        json!("1Gi"),
        json!("1e3"),
        json!("2024-05-06T07:08:09Z"),
        json!("x".repeat(300)),
        json!([]),
        json!([null]),
        json!([{}]),
        json!(["a"]),
        json!([1]),
        json!({}),
        json!({"a": "b"}),
        json!({"name": "istio-proxy"}),
        json!({"name": ""}),
        json!([{"name": "istio-proxy"}]),
        json!([{"name": "a"}, {"name": "a"}]),
        json!({"unknownX": [1, {"a": null}]}),
    ];
    rng.pick(&odd).clone()
}

/// A text changed in some of its characters.
fn text(rng: &mut Rng, pod: &mut Value, place: &[Step]) {
    let Some(slot) = paths::get_mut(pod, place) else { return };
    match slot {
        Value::String(text) => *text = bent(rng, text),
        Value::Number(number) => {
            let old = number.as_i64().unwrap_or_default();
            let beside = [old.wrapping_add(1), old.wrapping_sub(1), old.wrapping_neg(), old.wrapping_mul(10)];
            *slot = if rng.chance(30) { json!(old.to_string()) } else { json!(*rng.pick(&beside)) };
        }
        Value::Bool(on) => *slot = if rng.chance(50) { json!(!*on) } else { json!(on.to_string()) },
        _ => {}
    }
}

fn bent(rng: &mut Rng, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = rng.below(chars.len() + 1);
    match rng.below(8) {
        0 if at < chars.len() => drop(chars.remove(at)),
        1 if at < chars.len() => chars.insert(at, chars[at]),
        2 => chars.truncate(at),
        3 => chars.extend(chars.clone()),
        4 => chars = text.to_uppercase().chars().collect(),
        5 => chars = format!(" {text} ").chars().collect(),
        _ => {
            let marks = [
                ',', ':', '/', '.', '-', '_', '0', '9', '"', '\'', '\\', '{', '}', '[', '\n', '\t', ' ', '#',
                '%', '&', '*', '<', '|', 'é', '\u{a0}', '\u{200b}', '\u{2028}',
            ];
            chars.insert(at, *rng.pick(&marks));
        }
    }
    chars.into_iter().collect()
}

/// An annotation or a label that injection reads.
fn mark(rng: &mut Rng, pod: &mut Value, donors: &Donors) {
    let (list, name, values) = rng.pick(&donors.samples);
    let value = *rng.pick(values);
    let value = match rng.below(10) {
        // What another one is meant for.
        0 => {
            let (_, _, of_another) = rng.pick(&donors.samples);
            (*rng.pick(of_another)).to_owned()
        }
        1 | 2 => bent(rng, value),
        _ => value.to_owned(),
    };
    let Some(pod) = pod.as_object_mut() else { return };
    let metadata = pod.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else { return };
    let marks = metadata.entry(*list).or_insert_with(|| json!({}));
    if let Some(marks) = marks.as_object_mut() {
        marks.insert((*name).to_owned(), json!(value));
    }
}
