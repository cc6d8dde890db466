//! Every kind of request, and what it must be answered: rows, each with how often it comes and whom it is for. What a
//! request is follows from the seed and its number alone. Never: how it is sent.

use axum::body::Bytes;
use hyper::Method;
use pillion_core::inject::Reason;
use serde_json::{Value, json};

use crate::pods::{self, Captured};
use crate::subject::Who;
use pillion_chance::Rng;

/// Pods that come again and again.
const KNOWN: usize = 60;
const INJECT: &str = "sidecar.istio.io/inject";
const STATUS: &str = "sidecar.istio.io/status";
const TEMPLATES: &str = "inject.istio.io/templates";
const V1: &str = "admission.k8s.io/v1";
const V1BETA1: &str = "admission.k8s.io/v1beta1";

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    Webhook,
    Admin,
    Debug,
}

/// What must come back.
#[derive(Debug)]
pub enum Expected {
    /// A review with this uid that is answered for this reason; its patch, or its message, holds these words.
    Review { version: Option<&'static str>, uid: String, reason: Reason, holds: Vec<String> },
    /// Another body with this status; it is counted as an answer to a review, for this reason, or not.
    Page { status: u16, reason: Option<Reason>, holds: String },
}

/// One request.
#[derive(Debug)]
pub struct Ask {
    pub kind: &'static str,
    pub port: Port,
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Bytes,
    pub expected: Expected,
}

/// What a request is made of.
pub struct Dice<'a> {
    pub who: Who,
    pub rng: Rng,
    kinds: &'a Kinds,
    uid: String,
    version: &'static str,
}

type Make = fn(&mut Dice<'_>) -> Ask;

/// One kind.
struct Kind {
    name: &'static str,
    /// How many of a thousand, about.
    often: usize,
    whom: &'static [Who],
    make: Make,
}

const ALL: &[Who] = &Who::ALL;
/// Those whose templates have Istio's annotations; those that have the profile's.
const ISTIO: &[Who] = &[Who::Istio];
const ENVOY: &[Who] = &[Who::Envoy];
const FILES: &[Who] = &[Who::Istio, Who::Envoy];

macro_rules! kinds {
    ($($name:literal, $often:literal, $whom:ident, $make:expr;)+) => {
        const KINDS: &[Kind] = &[$(Kind { name: $name, often: $often, whom: $whom, make: $make },)+];
    };
}

kinds! {
    "pods that come again", 330, ALL, known;
    "pods as API servers sent them", 170, ALL, captured;
    "new pods", 160, ALL, new;
    "large pods", 6, ALL, large;
    "pods on the host's network", 15, ALL,
        |d| d.with(Reason::HostNetwork, &["spec", "hostNetwork"], json!(true), "");
    "pods of kube-system", 15, ALL,
        |d| d.with(Reason::NamespaceIgnored, &["metadata", "namespace"], json!("kube-system"), "");
    "pods that say no by label", 15, ALL,
        |d| d.with(Reason::LabelOptOut, &["metadata", "labels", INJECT], json!("false"), "");
    "pods that say no by annotation", 15, ALL,
        |d| d.annotated(Reason::AnnotationOptOut, (INJECT, "false", ""));
    "pods of neverInjectSelector", 15, ISTIO,
        |d| d.with(Reason::NeverSelector, &["metadata", "labels", "inject"], json!("never"), "");
    "pods of alwaysInjectSelector", 10, ISTIO,
        |d| d.with(Reason::Injected, &["metadata", "labels", "inject"], json!("always"), "");
    "pods for Windows", 15, ENVOY,
        |d| d.with(Reason::Windows, &["spec", "os", "name"], json!("windows"), "");
    "parameters in the URL", 40, FILES, parameters;
    "parameters in the URL, in the old form", 15, ISTIO, old_parameters;
    "pods that choose their templates", 25, ISTIO,
        |d| d.annotated_by(&[(TEMPLATES, "both", "\"extra\""), (TEMPLATES, "sidecar,extra", "\"extra\"")]);
    "pods with Istio's annotations", 60, ISTIO, |d| d.annotated_by(ANNOTATIONS);
    "pods with the profile's annotations", 60, ENVOY, |d| d.annotated_by(OWN_ANNOTATIONS);
    "the pod itself, as YAML", 5, ALL, preview;
    "annotations that cannot be used", 20, FILES,
        |d| d.annotated(Reason::BadAnnotation, ("proxy.istio.io/config", "{", "proxy.istio.io/config"));
    "templates that there are not", 10, ALL,
        |d| d.annotated(Reason::TemplateMissing, (TEMPLATES, "nowhere", "nowhere"));
    "overrides that are none", 5, ALL,
        |d| d.annotated(Reason::BadOverrides, ("proxy.istio.io/overrides", "{", "proxy.istio.io/overrides"));
    "status that is none", 5, ALL,
        |d| d.annotated(Reason::BadStatus, (STATUS, r#"{"containers":7}"#, STATUS));
    "objects that are no pods", 10, ALL,
        |d| d.with(Reason::BadPod, &["spec", "containers"], json!({}), "containers");
    "reviews without an object", 5, ALL, |d| d.review(&Value::Null, Reason::NoObject, &[]);
    "reviews without a request", 5, ALL, no_request;
    "bodies that are no reviews", 10, ALL, no_review;
    "bodies that are empty", 5, ALL,
        |d| d.rejected(400, Reason::EmptyBody, "no body found", "application/json", "");
    "other types of content", 5, ALL,
        |d| d.rejected(415, Reason::WrongContentType, "invalid Content-Type", "text/plain", "{}");
    "other methods", 10, ALL, other_methods;
    "other paths", 5, ALL, other_paths;
    "workloads to be validated", 5, ALL, workload;
    "health, readiness, version", 20, ALL, healthy;
    "metrics", 5, ALL,
        |d| d.page(Port::Admin, "/metrics", 200, "sidecar_injection_requests_total");
    "pages that the admin port has not", 5, ALL,
        |d| d.page(Port::Admin, "/debug/config", 404, "");
    "pages of the debug port", 5, ALL, debug_pages;
    "levels of the log", 2, ALL, level;
    "explanations", 2, ALL, explain;
    "the debug port by a strange name", 3, ALL, stranger;
}

/// What all requests are made from.
pub struct Kinds {
    seed: u64,
    captured: Vec<Captured>,
}

impl Kinds {
    pub fn new(seed: u64) -> Self {
        Self { seed, captured: Captured::all() }
    }

    /// The request of this number.
    pub fn make(&self, who: Who, number: u64) -> Ask {
        let mut rng = Rng::of(self.seed, who.name(), number);
        let mine = || KINDS.iter().filter(|kind| kind.whom.contains(&who));
        let mut left = rng.below(mine().map(|kind| kind.often).sum());
        let kind = mine()
            .find(|kind| {
                let found = left < kind.often;
                left = left.saturating_sub(kind.often);
                found
            })
            .unwrap();
        let uid = format!("{:016x}-{number}", rng.draw());
        let version = if rng.one_in(4) { V1BETA1 } else { V1 };
        let ask = (kind.make)(&mut Dice { who, rng, kinds: self, uid, version });
        Ask { kind: kind.name, ..ask }
    }

    /// The names of all kinds, as they are told.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|kind| kind.name)
    }
}

impl Dice<'_> {
    fn ask(&self, method: Method, path: &str, body: impl Into<Bytes>, expected: Expected) -> Ask {
        let headers = vec![("content-type", "application/json")];
        Ask {
            kind: "",
            port: Port::Webhook,
            method,
            path: path.to_owned(),
            headers,
            body: body.into(),
            expected,
        }
    }

    fn review(&self, object: &Value, reason: Reason, holds: &[&str]) -> Ask {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("shop");
        let body = pods::review(self.version, &self.uid, namespace, &object.to_string());
        let holds = holds.iter().map(|text| (*text).to_owned()).collect();
        let expected = Expected::Review { version: Some(self.version), uid: self.uid.clone(), reason, holds };
        self.ask(Method::POST, "/inject?timeout=10s", body, expected)
    }

    fn pod(&mut self) -> Value {
        let name = pods::name(&mut self.rng);
        pods::pod(&mut self.rng, &name)
    }

    /// A pod that gets its sidecar; its patch holds these words.
    fn injected(&mut self, holds: &[&str]) -> Ask {
        let pod = self.pod();
        self.review(&pod, Reason::Injected, holds)
    }

    /// A pod that has something at this place; the patch or the message holds this word.
    fn with(&mut self, reason: Reason, place: &[&str], value: Value, holds: &str) -> Ask {
        let mut pod = self.pod();
        *place.iter().fold(&mut pod, |at, key| &mut at[*key]) = value;
        self.review(&pod, reason, &[holds])
    }

    fn annotated(&mut self, reason: Reason, (name, value, holds): Annotation) -> Ask {
        self.with(reason, &["metadata", "annotations", name], json!(value), holds)
    }

    /// A pod with one of these annotations.
    fn annotated_by(&mut self, of: &[Annotation]) -> Ask {
        let annotation = *self.rng.pick(of);
        self.annotated(Reason::Injected, annotation)
    }

    fn rejected(
        &self,
        status: u16,
        reason: Reason,
        holds: &str,
        content: &'static str,
        body: &'static str,
    ) -> Ask {
        let expected = Expected::Page { status, reason: Some(reason), holds: holds.to_owned() };
        let ask = self.ask(Method::POST, "/inject", body, expected);
        Ask { headers: vec![("content-type", content)], ..ask }
    }

    fn page(&self, port: Port, path: &str, status: u16, holds: &str) -> Ask {
        let expected = Expected::Page { status, reason: None, holds: holds.to_owned() };
        Ask { port, headers: Vec::new(), ..self.ask(Method::GET, path, "", expected) }
    }

    /// Whether the Job's pods get a sidecar.
    fn serves_jobs(&self) -> bool {
        self.who != Who::Envoy
    }
}

fn known(dice: &mut Dice<'_>) -> Ask {
    let which = dice.rng.below(KNOWN) as u64;
    let mut rng = Rng::of(dice.kinds.seed, "known", which);
    let pod = pods::pod(&mut rng, &format!("known-{which}"));
    dice.review(&pod, Reason::Injected, &[])
}

fn captured(dice: &mut Dice<'_>) -> Ask {
    let captured = &dice.kinds.captured[dice.rng.below(dice.kinds.captured.len())];
    let body = captured.again(&dice.uid, &mut dice.rng);
    let injected = !captured.is_of_job || dice.serves_jobs();
    let reason = if injected { Reason::Injected } else { Reason::JobWithoutNativeSidecar };
    let expected = Expected::Review { version: Some(V1), uid: dice.uid.clone(), reason, holds: Vec::new() };
    dice.ask(Method::POST, "/inject?timeout=10s", body, expected)
}

fn new(dice: &mut Dice<'_>) -> Ask {
    dice.injected(&[])
}

fn large(dice: &mut Dice<'_>) -> Ask {
    let name = pods::name(&mut dice.rng);
    let pod = pods::large(&mut dice.rng, &name);
    dice.review(&pod, Reason::Injected, &[])
}

fn parameters(dice: &mut Dice<'_>) -> Ask {
    let (cluster, network) =
        (format!("cluster-{}", dice.rng.below(50)), format!("net-{}", dice.rng.below(50)));
    // Variables are for Istio's sidecar only.
    let shown = if dice.who == Who::Istio { &cluster } else { &network };
    let ask = dice.injected(&[shown, &network]);
    Ask { path: format!("/inject/cluster/{cluster}/net/{network}?timeout=10s"), ..ask }
}

fn old_parameters(dice: &mut Dice<'_>) -> Ask {
    let value = format!("value-{}", dice.rng.below(1000));
    let ask = dice.injected(&["SOAKED", &value]);
    Ask { path: format!("/inject/:ENV:soaked={value}"), ..ask }
}

/// An annotation, its value, and what of it is in the patch or the message.
type Annotation = (&'static str, &'static str, &'static str);

const ANNOTATIONS: &[Annotation] = &[
    ("sidecar.istio.io/logLevel", "debug", "--proxyLogLevel=debug"),
    ("sidecar.istio.io/proxyCPU", "250m", "250m"),
    ("sidecar.istio.io/proxyMemory", "300Mi", "300Mi"),
    ("sidecar.istio.io/interceptionMode", "NONE", "NONE"),
    ("sidecar.istio.io/userVolume", r#"{"soaked":{"emptyDir":{}}}"#, "soaked"),
    ("sidecar.istio.io/userVolumeMount", r#"{"istio-token":{"mountPath":"/soaked"}}"#, "/soaked"),
    ("traffic.sidecar.istio.io/excludeInboundPorts", "8099", "8099"),
    ("traffic.sidecar.istio.io/includeOutboundIPRanges", "10.9.0.0/16", "10.9.0.0/16"),
    ("readiness.status.sidecar.istio.io/initialDelaySeconds", "77", "77"),
    ("proxy.istio.io/config", "concurrency: 7", r#"\"concurrency\":7"#),
    ("prometheus.io/scrape", "true", "15020"),
];

const OWN_ANNOTATIONS: &[Annotation] = &[
    ("pillion.dev/redirect", "none", "envoy"),
    ("pillion.dev/exclude-inbound-ports", "8099", "8099"),
    ("pillion.dev/tcp-ports", "3399", "3399"),
    ("pillion.dev/concurrency", "7", "\"7\""),
    ("pillion.dev/log-level", "debug", "debug"),
    ("pillion.dev/cpu", "250m", "250m"),
    ("pillion.dev/memory", "300Mi", "300Mi"),
    ("pillion.dev/upstreams", "[{name: soaked, hosts: [soaked.example.org]}]", "soaked.example.org"),
];

fn preview(dice: &mut Dice<'_>) -> Ask {
    let ask = new(dice);
    let holds = format!("name: {}", dice.who.sidecar());
    let expected = Expected::Page { status: 200, reason: Some(Reason::Injected), holds };
    Ask {
        headers: vec![("content-type", "application/json"), ("accept", "application/yaml")],
        expected,
        ..ask
    }
}

fn no_request(dice: &mut Dice<'_>) -> Ask {
    let body = format!(r#"{{"kind":"AdmissionReview","apiVersion":"{}"}}"#, dice.version);
    let expected = Expected::Review {
        version: Some(dice.version),
        uid: String::new(),
        reason: Reason::NoRequest,
        holds: vec!["holds no request".to_owned()],
    };
    dice.ask(Method::POST, "/inject", body, expected)
}

fn no_review(dice: &mut Dice<'_>) -> Ask {
    let whole = pods::review(dice.version, &dice.uid, "shop", "{}");
    let cut = whole[..dice.rng.below(whole.len() - 1) + 1].to_owned();
    let other = [r#"{"apiVersion":"v1","kind":"Pod"}"#, "[]", "null", "\"review\"", "{}"].map(str::to_owned);
    let body = if dice.rng.one_in(2) { cut } else { dice.rng.pick(&other).clone() };
    let (reason, uid) = (Reason::NotAReview, String::new());
    dice.ask(
        Method::POST,
        "/inject",
        body,
        Expected::Review { version: None, uid, reason, holds: Vec::new() },
    )
}

fn other_methods(dice: &mut Dice<'_>) -> Ask {
    if dice.rng.one_in(2) {
        return Ask { method: Method::PUT, ..new(dice) };
    }
    let method = dice.rng.pick(&[Method::GET, Method::DELETE, Method::OPTIONS]).clone();
    Ask { method, ..dice.rejected(400, Reason::EmptyBody, "no body found", "application/json", "") }
}

fn other_paths(dice: &mut Dice<'_>) -> Ask {
    let path = *dice.rng.pick(&["/", "/injector", "/metrics", "/inject2/cluster/a", "/validate"]);
    let expected = Expected::Page { status: 404, reason: None, holds: String::new() };
    Ask { path: path.to_owned(), expected, ..new(dice) }
}

fn workload(dice: &mut Dice<'_>) -> Ask {
    let pod = dice.pod();
    let labels = &pod["metadata"]["labels"];
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "soaked", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod["spec"]}},
    });
    let body = pods::review(dice.version, &dice.uid, "shop", &object.to_string());
    let holds = format!(r#""uid":"{}","allowed":true"#, dice.uid);
    let ask = dice.ask(
        Method::POST,
        "/validate-workload",
        body,
        Expected::Page { status: 200, reason: None, holds },
    );
    Ask { path: "/validate-workload".to_owned(), ..ask }
}

fn healthy(dice: &mut Dice<'_>) -> Ask {
    let pages = [
        (Port::Admin, "/healthz", "ok"),
        (Port::Admin, "/readyz", "ok"),
        (Port::Admin, "/readyz?verbose", "readyz check passed"),
        (Port::Admin, "/version", "pillion"),
        (Port::Webhook, "/ready", ""),
    ];
    let (port, path, holds) = *dice.rng.pick(&pages);
    dice.page(port, path, 200, holds)
}

fn debug_pages(dice: &mut Dice<'_>) -> Ask {
    let pages = [
        ("/", "<!doctype html>"),
        ("/state", "\"State\""),
        ("/debug/config", "\"templates\""),
        ("/debug/mesh", "\"defaultConfig\""),
        ("/log-level", "\n"),
    ];
    let (path, holds) = *dice.rng.pick(&pages);
    dice.page(Port::Debug, path, 200, holds)
}

fn level(dice: &mut Dice<'_>) -> Ask {
    let levels = [
        ("info", 200, "info"),
        ("warn", 200, "warn"),
        ("info,pillion=warn", 200, "pillion=warn"),
        ("x=y=z", 400, ""),
    ];
    let (level, status, holds) = *dice.rng.pick(&levels);
    let expected = Expected::Page { status, reason: None, holds: holds.to_owned() };
    Ask { port: Port::Debug, ..dice.ask(Method::PUT, "/log-level", level, expected) }
}

fn explain(dice: &mut Dice<'_>) -> Ask {
    let pod = dice.pod();
    let holds = dice.who.sidecar().to_owned();
    let expected = Expected::Page { status: 200, reason: None, holds };
    let ask = dice.ask(Method::POST, "/explain?namespace=shop", pod.to_string(), expected);
    Ask { port: Port::Debug, ..ask }
}

fn stranger(dice: &mut Dice<'_>) -> Ask {
    let ask = dice.page(Port::Debug, "/state", 403, "localhost only");
    Ask { headers: vec![("host", "pillion.example.org")], ..ask }
}
