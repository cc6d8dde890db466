//! Seeded random pods. Owns what a pod is put together from; each part has its file and draws from one `Draw`,
//! which also notes what the pod covers. The same seed and number give the same pod under every release.

mod containers;
mod earlier;
mod metadata;
mod probes;
mod server;
mod spec;
mod tables;

use serde_json::{Map, Value, json};

use crate::case::{Case, review};
use pillion_chance::Rng;

/// The source of chance for one pod, and the list of what was drawn.
#[derive(Debug)]
struct Draw {
    rng: Rng,
    covers: Vec<String>,
}

impl Draw {
    /// Notes what the pod covers.
    fn note(&mut self, kind: &str, what: &str) {
        self.covers.push(format!("{kind}: {what}"));
    }

    /// One of the named choices, noted.
    fn choose<'a, T>(&mut self, kind: &str, choices: &'a [(&'static str, T)]) -> &'a T {
        let (name, choice) = self.rng.pick(choices);
        self.note(kind, name);
        choice
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.rng.chance(percent)
    }

    fn below(&mut self, end: usize) -> usize {
        self.rng.below(end)
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        self.rng.pick(items)
    }
}

/// A JSON object under construction.
type Object = Map<String, Value>;

/// Namespaces of reviews, of which `configs/*.cluster` know some; the last ones are never injected.
const NAMESPACES: &[&str] =
    &["shop", "default", "istio-system", "payments", "bounds", "nowhere", "kube-system", "kube-public"];
/// How often an ignored namespace is drawn, in percent.
const IGNORED_PERCENT: usize = 2;

/// The case that `seed` gives for `number`, posted to `path` or, now and then, to a path with parameters.
#[must_use]
pub fn case(seed: &Rng, number: usize, path: &str) -> Case {
    let mut draw = Draw { rng: seed.fork(&format!("pod {number}")), covers: vec![] };
    let namespace = namespace(&mut draw);
    let mut pod = pod(&mut draw);
    let served = draw.chance(55);
    draw.note("shape", if served { "as an API server sends it" } else { "raw" });
    if served {
        server::complete(&mut pod, &mut draw);
    }
    spec::unknown_fields(&mut pod, &mut draw);
    let version =
        draw.choose("review", &[("v1", "admission.k8s.io/v1"), ("v1beta1", "admission.k8s.io/v1beta1")]);
    let uid = format!("uid-{number:05}");
    let review = review(version, namespace, &uid, &pod);
    let path = url_path(&mut draw, path);
    metadata::note_states(&pod, &mut draw);
    Case { name: format!("random-{number}"), path, review, covers: draw.covers, again: false }
}

/// The pod that `seed` gives for `number`, as a person would write it, and what it covers.
#[must_use]
pub fn pod_alone(seed: &Rng, number: usize) -> (Value, Vec<String>) {
    let mut draw = Draw { rng: seed.fork(&format!("pod {number}")), covers: vec![] };
    let mut pod = pod(&mut draw);
    spec::unknown_fields(&mut pod, &mut draw);
    metadata::note_states(&pod, &mut draw);
    (pod, draw.covers)
}

/// One plain pod for every sample value of every annotation and label: the states of the tables do not depend on luck.
#[must_use]
pub fn sweep() -> Vec<Case> {
    let mut cases = vec![];
    for (list, table) in [("annotations", tables::ANNOTATIONS), ("labels", tables::LABELS)] {
        for key in table {
            for value in key.valid.iter().chain(key.invalid) {
                let mut pod = json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {"generateName": "sweep-", "labels": {"team": "a"}},
                    "spec": {"containers": [{
                        "name": "web", "image": "example.org/web:1",
                        "ports": [{"name": "http", "containerPort": 8080}],
                        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
                    }]},
                });
                pod["metadata"][list][key.name] = json!(value);
                let name = format!("sweep-{}", cases.len());
                let mut draw = Draw { rng: Rng::new(0), covers: vec![] };
                metadata::note_states(&pod, &mut draw);
                let review = review("admission.k8s.io/v1", "shop", &name, &pod);
                cases.push(Case { name, path: String::new(), review, covers: draw.covers, again: false });
            }
        }
    }
    cases
}

/// Every annotation and label that injection reads, by the list that holds it, with its sample values.
#[must_use]
pub fn samples() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let tables = [("annotations", tables::ANNOTATIONS), ("labels", tables::LABELS)];
    let rows = tables.iter().flat_map(|(list, table)| table.iter().map(move |key| (*list, key)));
    rows.map(|(list, key)| (list, key.name, [key.valid, key.invalid].concat())).collect()
}

fn namespace(draw: &mut Draw) -> &'static str {
    let common = NAMESPACES.len() - 2;
    let at = if draw.chance(IGNORED_PERCENT) { common + draw.below(2) } else { draw.below(common) };
    NAMESPACES[at]
}

fn pod(draw: &mut Draw) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod"});
    pod["metadata"] = Value::Object(metadata::metadata(draw));
    pod["spec"] = Value::Object(spec::spec(draw));
    earlier::maybe_injected(&mut pod, draw);
    pod
}

/// Paths with parameters replace the plain one in some of the calls.
const PATHS: &[(&str, &str)] = &[
    ("plain, with a slash", "/inject/"),
    ("cluster and net", "/inject/cluster/east/net/net-2"),
    ("net only", "/inject/net/net-3"),
    ("other keys", "/inject/cluster/west/foo/bar"),
    ("a key without value", "/inject/cluster"),
    ("an escaped slash", "/inject/cluster/a--slash--b/net/n"),
    ("the old form", "/inject/:ENV:ISTIO_META_CLUSTER_ID=old:ENV:ISTIO_META_NETWORK=net-old:ENV:X="),
    ("the old form, with bad pairs", "/inject/:ENV:cluster=old:ENV:=x:ENV:novalue"),
];

fn url_path(draw: &mut Draw, path: &str) -> String {
    if draw.chance(80) {
        return path.to_owned();
    }
    (*draw.choose("path", PATHS)).to_owned()
}

/// What random pods must cover in a whole run.
#[must_use]
pub fn expectations() -> Vec<String> {
    let named = |kind: &str, names: &[&str]| names.iter().map(|n| format!("{kind}: {n}")).collect::<Vec<_>>();
    let mut all = tables::expectations();
    all.extend(PATHS.iter().map(|(name, _)| format!("path: {name}")));
    all.extend(named("review", &["v1", "v1beta1"]));
    all.extend(named("shape", &["as an API server sends it", "raw"]));
    all.extend(named("verdict", &["Injected", "Skipped", "Refused"]));
    all.extend(metadata::OWNERS.iter().map(|(name, _)| format!("owner: {name}")));
    all.extend(probes::PROBES.iter().map(|(name, _)| format!("probe: {name}")));
    all.extend(probes::HOOKS.iter().map(|(name, _)| format!("lifecycle: {name}")));
    all.extend(named("override", earlier::OVERRIDES));
    all.extend(named("spec", spec::PARTS));
    all.extend(spec::NODES.iter().map(|(name, _)| format!("node: {name}")));
    all.extend(named("container", containers::PARTS));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_case() {
        let seed = Rng::new(7);
        let once = case(&seed, 3, "/inject");
        let again = case(&seed, 3, "/inject");
        assert_eq!(once.review, again.review);
        assert_eq!(once.path, again.path);
    }

    #[test]
    fn the_sweep_covers_every_state_of_the_tables() {
        let seen: Vec<String> = sweep().into_iter().flat_map(|case| case.covers).collect();
        let missing: Vec<_> =
            tables::expectations().into_iter().filter(|name| !seen.contains(name)).collect();
        assert!(missing.is_empty(), "never drawn: {missing:?}");
    }

    #[test]
    fn enough_pods_cover_everything_that_is_expected() {
        let seed = Rng::new(1);
        let mut seen: Vec<String> = (0..6000).flat_map(|n| case(&seed, n, "/inject").covers).collect();
        seen.sort();
        seen.dedup();
        let missing: Vec<_> = expectations()
            .into_iter()
            .filter(|name| !name.starts_with("verdict: ") && !seen.contains(name))
            .collect();
        assert!(missing.is_empty(), "never drawn: {missing:?}");
    }
}
