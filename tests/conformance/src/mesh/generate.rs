//! Questions: first every field at every place once with a right value, then random ones, right and wrong. The same
//! seed gives the same questions. Never answers.

use std::collections::BTreeMap;

use pillion_core::config::proxyconfig::ANNOTATION;

use super::fields::{self, Names, Path, Root};
use super::question::Question;
use super::tree::{Node, one_of};
use super::{resources, values};
use pillion_chance::Rng;

/// How many ProxyConfig resources a question has.
pub const COUNTS: [usize; 4] = [0, 1, 5, 50];

/// Where a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Mesh,
    Shared,
    Annotation,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Mesh => "in the mesh configuration",
            Self::Shared => "in the shared one",
            Self::Annotation => "in the annotation",
        }
    }

    fn covers(self, path: &Path) -> String {
        let parent = if path.root == Root::Proxy { "defaultConfig." } else { "" };
        format!("field: {parent}{} {}", path.name, self.name())
    }
}

/// The fields, and the questions made of them.
pub struct Generator {
    mesh: Vec<Path>,
    proxy: Vec<Path>,
    seed: Rng,
}

impl Generator {
    /// The generator of one seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { mesh: fields::all(Root::Mesh), proxy: fields::all(Root::Proxy), seed: Rng::new(seed) }
    }

    /// The fields of which a value can be right.
    fn takeable(paths: &[Path]) -> Vec<&Path> {
        let never = |path: &Path| values::NEVER_TAKEN.iter().any(|(name, _)| *name == path.name);
        paths.iter().filter(|path| !never(path)).collect()
    }

    /// What must be compared in a whole run, for each release.
    #[must_use]
    pub fn expectations(&self) -> Vec<String> {
        let of = |paths: &[Path], places: &[Place]| -> Vec<String> {
            let taken = Self::takeable(paths).into_iter();
            taken.flat_map(|path| places.iter().map(|place| place.covers(path))).collect()
        };
        let mut all = of(&self.mesh, &[Place::Mesh, Place::Shared]);
        all.extend(of(&self.proxy, &[Place::Mesh, Place::Shared, Place::Annotation]));
        all.extend(COUNTS.iter().map(|count| format!("resources: {count}")));
        all.extend(resources::COVERS.iter().map(|what| format!("resources: {what}")));
        all
    }

    /// All questions: those that cover everything, and `random` more.
    #[must_use]
    pub fn questions(&self, random: usize) -> Vec<Question> {
        let every = self.mesh.len().max(self.proxy.len());
        let covering = (0..every).map(|number| self.covering(number));
        covering.chain(edges()).chain((0..random).map(|number| self.random(number))).collect()
    }

    /// The question of a turn through all fields: each place has another field, with a right value.
    fn covering(&self, number: usize) -> Question {
        let mut rng = self.seed.fork(&format!("covering {number}"));
        let mut question = question(&mut rng);
        let names = if rng.chance(25) { Names::Proto } else { Names::Json };
        let (of_mesh, of_proxy) = (Self::takeable(&self.mesh), Self::takeable(&self.proxy));
        let turn = |paths: &[&Path], by: usize| paths[(number + by * paths.len() / 3) % paths.len()].clone();
        for (place, by) in [(Place::Mesh, 0), (Place::Shared, 1)] {
            let (mesh, proxy) = (turn(&of_mesh, by), turn(&of_proxy, by));
            let mut source = values::right_in_place(&mesh, names, &mut rng);
            let inner = values::right_in_place(&proxy, names, &mut rng);
            // `defaultConfig` and its like as fields of their own are joined with what is in them.
            source.lay(Node::Map(vec![("defaultConfig".to_owned(), inner)]));
            question.in_sources.extend([place.covers(&mesh), place.covers(&proxy)]);
            *source_of(&mut question, place) = Some(source.to_string());
        }
        let path = turn(&of_proxy, 2);
        let annotation = values::right_in_place(&path, names, &mut rng).to_string();
        question.annotations.insert(ANNOTATION.to_owned(), annotation);
        question.in_annotation.push(Place::Annotation.covers(&path));
        let count = *rng.pick(&COUNTS[..3]);
        give_resources(&mut question, count, false, &mut rng);
        question
    }

    /// Any question: a few fields in each source, most of them right; one in four questions has something wrong.
    fn random(&self, number: usize) -> Question {
        let mut rng = self.seed.fork(&format!("random {number}"));
        let mut question = question(&mut rng);
        let wrong = rng.below(8);
        if rng.chance(92) {
            question.mesh = Some(self.source(wrong == 0, &mut rng));
        }
        if rng.chance(50) {
            question.shared = Some(self.source(wrong == 1, &mut rng));
        }
        if rng.chance(60) {
            let mut text = self.layer(&self.proxy, wrong == 2 || wrong == 3, &mut rng);
            if rng.chance(6) {
                text = one_of(TEXTS, &mut rng);
            }
            question.annotations.insert(ANNOTATION.to_owned(), text.to_string());
        }
        let count = *rng.pick(&[0, 0, 1, 1, 5, 5, 5, 50]);
        give_resources(&mut question, count, wrong == 4, &mut rng);
        question
    }

    fn source(&self, wrong: bool, rng: &mut Rng) -> String {
        if rng.chance(3) {
            return (*rng.pick(TEXTS)).to_owned();
        }
        let in_default = wrong && rng.chance(50);
        let mut source = self.layer(&self.mesh, wrong && !in_default, rng);
        if rng.chance(75) {
            // By its protobuf name the member is read, checked and dropped.
            let key = if rng.chance(5) { "default_config" } else { "defaultConfig" };
            source.lay(Node::Map(vec![(key.to_owned(), self.layer(&self.proxy, in_default, rng))]));
        }
        if rng.chance(30) {
            source.lay(Node::Map(vec![("rootNamespace".to_owned(), one_of(ROOTS, rng))]));
        }
        source.to_string()
    }

    /// Some fields laid into one object.
    fn layer(&self, paths: &[Path], wrong: bool, rng: &mut Rng) -> Node {
        let mut layer = Node::empty();
        let count = rng.below(4);
        for at in 0..count.max(usize::from(wrong)) {
            let path = rng.pick(paths);
            let names = if rng.chance(25) { Names::Proto } else { Names::Json };
            let field = if at == 0 && wrong || rng.chance(6) {
                let (value, whole) = values::any(path, rng);
                if whole { path.whole(value, names) } else { path.around(value, names) }
            } else {
                values::right_in_place(path, names, rng)
            };
            layer.lay(field);
            // Both spellings of one name, or the same key twice.
            if rng.chance(8) {
                let (value, whole) = values::any(path, rng);
                let other = if rng.chance(50) { Names::Json } else { Names::Proto };
                let twin = if whole { path.whole(value, other) } else { path.around(value, other) };
                if let Node::Map(members) = twin {
                    members.into_iter().for_each(|(key, value)| layer.push(&key, value));
                }
            }
        }
        if rng.chance(6) {
            layer.push("unknownField", one_of(UNKNOWN, rng));
        }
        layer
    }
}

/// Texts that are no configuration, or hardly one.
const TEXTS: &[&str] = &[
    "",
    "null",
    "{}",
    "[]",
    "text",
    "a: [",
    "# only a comment",
    "5",
    "---\n{}",
    "trustDomain: a\n---\ntrustDomain: b",
    "\"\\ud800\"",
    "{a: *x}",
    "? {a: b}\n: c",
    "\ttrustDomain: a",
    "true",
    "{a: b",
    "a: b: c",
    "- a",
];
/// Mesh configurations at the edge of what Istio's checks take, and what only some releases take.
const EDGES: &[&str] = &[
    "connectTimeout: 30s",
    "connectTimeout: 30001ms",
    "connectTimeout: 1h",
    "connectTimeout: 3601s",
    "protocolDetectionTimeout: 1500us",
    "outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}",
    "outboundTrafficPolicy: {mode: 3}",
    "defaultConfig: {drainDuration: 1h}",
    "defaultConfig: {drainDuration: 3601s}",
    "defaultConfig: {drainDuration: 1500ms}",
    "defaultConfig: {tracing: {sampling: -0.0}}",
    "defaultConfig: {tracing: {sampling: '-0'}}",
    "defaultConfig: {tracing: {tlsSettings: {credentialName: 'configmap://c'}}}",
    "defaultConfig: {connectionSettings: {http2InitialStreamWindowSize: 65534}}",
];

/// Each edge in the mesh configuration, and what is in its `defaultConfig` in an annotation besides.
fn edges() -> impl Iterator<Item = Question> {
    EDGES.iter().map(|text| {
        let mut question = Question { mesh: Some((*text).to_owned()), ..Question::default() };
        if let Some(inner) = text.strip_prefix("defaultConfig: ") {
            question.annotations.insert(ANNOTATION.to_owned(), inner.to_owned());
        }
        question
    })
}

const ROOTS: &[&str] = &["root", "shop", "''", "istio-system", "other", "null"];
const UNKNOWN: &[&str] = &[
    "1",
    "{a: [1, {b: null}]}",
    "null",
    "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
    "{a: {a: {a: {a: {a: {a: {a: 1}}}}}}}",
    "x",
];
const LABELS: &[&[(&str, &str)]] = &[
    &[],
    &[("app", "shop")],
    &[("app", "shop"), ("version", "v1")],
    &[("app", "other"), ("version", "v1")],
    &[("app", "")],
];

fn question(rng: &mut Rng) -> Question {
    let labels = rng.pick(LABELS).iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Question {
        namespace: (*rng.pick(&["shop", "shop", "shop", "other", "istio-system", "root", ""])).to_owned(),
        labels: labels.collect(),
        annotations: BTreeMap::new(),
        ..Question::default()
    }
}

fn source_of(question: &mut Question, place: Place) -> &mut Option<String> {
    if place == Place::Shared { &mut question.shared } else { &mut question.mesh }
}

fn give_resources(question: &mut Question, count: usize, wrong: bool, rng: &mut Rng) {
    let (texts, covers) = resources::some(count, wrong, rng);
    question.proxy_configs = texts;
    question.in_sources.push(format!("resources: {count}"));
    question.in_sources.extend(covers.iter().map(|what| format!("resources: {what}")));
}
