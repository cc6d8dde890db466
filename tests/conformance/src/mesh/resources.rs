//! Random ProxyConfig resources: of several namespaces and ages, with and without selectors, right and wrong.
//! Never two of one name in one namespace: no cluster has them.

use std::collections::BTreeSet;

use super::tree::{Node, one_of};
use pillion_chance::Rng;

/// Names whose order with a namespace behind a dot is another than without.
const NAMES: &[&str] = &["a", "b", "a-b", "a.b", "a0", "z", "ab", "a-", "0"];
const NAMESPACES: &[&str] =
    &["istio-system", "istio-system", "shop", "shop", "shop", "other", "root", "a", "b"];
/// Times: the same instant in several spellings, and instants close to each other. (The first second of the year 1 is
/// not among them: up to 1.22 it is neither before nor after a resource without a time, nor equal to one.)
const TIMES: &[&str] = &[
    "'2024-01-02T00:00:00Z'",
    "'2024-01-02T00:00:00Z'",
    "'2024-01-02T02:00:00+02:00'",
    "'2024-01-01T23:00:00-01:00'",
    "'2024-01-02T00:00:00.5Z'",
    "'2024-01-02T00:00:00.500000001Z'",
    "'2024-01-01T00:00:00Z'",
    "'2023-12-31T23:59:59Z'",
    "'2024-01-01T00:59:59+01:00'",
    "'2024-06-01T00:00:00Z'",
    "null",
    "'2024-01-02T00:00:00,25Z'",
    "2024-01-02T00:00:00Z",
];
const WRONG_TIMES: &[&str] = &["'2024-13-01T00:00:00Z'", "5", "''", "'2024-01-02'", "[]", "yesterday"];
const LABELS: &[&str] = &[
    "{app: shop}",
    "{app: shop}",
    "{app: shop, version: v1}",
    "{app: other}",
    "{version: v1}",
    "{app: ''}",
    "{app: shop, absent: x}",
    "{}",
    "null",
    "{app: null}",
];
const CONCURRENCY: &[&str] = &["0", "1", "2", "3", "'4'", "5", "-1", "null", "2147483647"];
const VARIABLES: &[&str] = &[
    "{FROM: resource}",
    "{A: a, B: b}",
    "{A: ''}",
    "{A: null}",
    "{}",
    "null",
    "{FROM: 'yes', '5': five}",
    "{B: \"x\\ny\"}",
];
const IMAGES: &[&str] = &[
    "{imageType: debug}",
    "{imageType: distroless}",
    "{imageType: ''}",
    "{}",
    "null",
    "{image_type: own}",
    "{unknown: 1}",
];
/// Members of a spec that no ProxyConfig can have so.
const WRONG_MEMBERS: &[(&str, &str)] = &[
    ("concurrency", "x"),
    ("concurrency", "1.5"),
    ("concurrency", "99999999999"),
    ("concurrency", "true"),
    ("concurrency", "[]"),
    ("environmentVariables", "{A: 1}"),
    ("environmentVariables", "[]"),
    ("environmentVariables", "x"),
    ("image", "debug"),
    ("image", "{imageType: 5}"),
    ("image", "[]"),
    ("selector", "x"),
    ("selector", "[]"),
    ("selector", "{matchLabels: [a]}"),
    ("selector", "{matchLabels: {a: 1}}"),
    ("selector", "{matchLabels: x}"),
];
const WRONG_WHOLES: &[(&str, &str)] = &[
    ("spec", "[]"),
    ("spec", "text"),
    ("spec", "5"),
    ("metadata", "[]"),
    ("metadata", "x"),
    ("metadata", "{name: 5}"),
    ("metadata", "{name: a, labels: [x]}"),
    ("metadata", "{name: a, annotations: {a: 1}}"),
    ("kind", "Gateway"),
    ("kind", "ConfigMap"),
    ("apiVersion", "v1"),
    ("apiVersion", "apps/v1"),
    ("kind", "5"),
];

/// `count` resources, and names of what is in them for the table of coverage. `wrong`: one of them may not be read.
pub fn some(count: usize, wrong: bool, rng: &mut Rng) -> (Vec<String>, Vec<&'static str>) {
    let (mut taken, mut texts, mut covers) = (BTreeSet::new(), vec![], BTreeSet::new());
    let culprit = if wrong { rng.below(count.max(1)) } else { count };
    // Where all are of one age, names decide.
    let one_age = rng.chance(30).then(|| *rng.pick(TIMES));
    for at in 0..count {
        let namespace = *rng.pick(NAMESPACES);
        let mut name = (*rng.pick(NAMES)).to_owned();
        while !taken.insert((name.clone(), namespace)) {
            name = format!("{}{}", rng.pick(NAMES), rng.below(1000));
        }
        let mut metadata = Node::empty();
        metadata.push("name", Node::Text(format!("'{name}'")));
        metadata.push("namespace", Node::text(namespace));
        if let Some(time) = one_age.or_else(|| rng.chance(85).then(|| *rng.pick(TIMES))) {
            metadata.push("creationTimestamp", Node::text(time));
        }
        let mut resource = Node::empty();
        resource.push("apiVersion", Node::text("networking.istio.io/v1beta1"));
        resource.push("kind", Node::text("ProxyConfig"));
        if at == culprit && rng.chance(20) {
            metadata.lay(Node::Map(vec![("creationTimestamp".to_owned(), one_of(WRONG_TIMES, rng))]));
        }
        resource.push("metadata", metadata);
        let mut spec = spec(rng, &mut covers);
        if at == culprit && rng.chance(60) {
            let (key, text) = *rng.pick(WRONG_MEMBERS);
            spec.lay(Node::Map(vec![(key.to_owned(), Node::text(text))]));
        }
        if rng.chance(96) {
            resource.push("spec", if rng.chance(97) { spec } else { Node::text("null") });
        }
        if at == culprit && rng.chance(30) {
            let (key, text) = *rng.pick(WRONG_WHOLES);
            resource.lay(Node::Map(vec![(key.to_owned(), Node::text(text))]));
        }
        texts.push(resource.to_string());
    }
    if one_age.is_some() && count > 1 {
        covers.insert("one age");
    }
    (texts, covers.into_iter().collect())
}

/// What [`some`] may say that it covers.
pub const COVERS: &[&str] = &[
    "one age",
    "no selector",
    "null selector",
    "empty selector",
    "labels",
    "snake_case",
    "unknown",
    "concurrency",
    "environmentVariables",
    "image",
];

fn spec(rng: &mut Rng, covers: &mut BTreeSet<&'static str>) -> Node {
    let mut spec = Node::empty();
    let snake = rng.chance(12);
    match rng.below(10) {
        0..=3 => {
            covers.insert("no selector");
        }
        4 => {
            covers.insert("null selector");
            spec.push("selector", Node::text("null"));
        }
        5 => {
            covers.insert("empty selector");
            spec.push("selector", Node::text("{}"));
        }
        _ => {
            covers.insert("labels");
            let key = if snake { "match_labels" } else { "matchLabels" };
            spec.push("selector", Node::Map(vec![(key.to_owned(), one_of(LABELS, rng))]));
        }
    }
    let variables = if snake { "environment_variables" } else { "environmentVariables" };
    for (name, key, values) in [
        ("concurrency", "concurrency", CONCURRENCY),
        ("environmentVariables", variables, VARIABLES),
        ("image", "image", IMAGES),
    ] {
        if rng.chance(60) {
            covers.insert(name);
            spec.push(key, one_of(values, rng));
        }
    }
    if snake {
        covers.insert("snake_case");
    }
    if rng.chance(8) {
        covers.insert("unknown");
        spec.push("unknown", Node::text("[1]"));
    }
    spec
}
