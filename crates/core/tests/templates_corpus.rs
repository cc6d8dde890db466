//! Templates with Istio's answers: every row printed to the byte, every refusal at the same stage. The rows come
//! from Istio's own code, and the mesh of each root is read here as Istio reads it.
//!
//! `cargo test -p pillion-core --test templates_corpus -- --nocapture` prints the shares. `CORPUS` names another
//! file of rows and `ROOTS` another one of roots, `SHOW` says how many differences are printed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: it fails by panicking and prints its shares"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use pillion_core::config::Mesh;
use pillion_core::inject::functions::{Dialect, function_set};
use pillion_gotmpl::{Env, ErrorKind, Foreknown, Limits, Template};
use pillion_govalue::json::{PLAIN, to_string};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, parse};

/// Rows that come out otherwise on purpose, each with the reason.
const DEVIATIONS: &[(&str, &str)] = &[
    (r#"{{ env "HOME" "d" }}"#, "settings are asked, not the environment of the process"),
    (r#"{{ expandenv "$HOME" }}"#, "refused at load: it reads the environment of the process"),
    (r#"{{ values (dict "k" 1 "a" (list 1)) }}"#, "Go's order is random; here it is that of the keys"),
];

/// The share of refusals that must have Istio's very text.
const TEXTS: f64 = 0.95;

struct Row {
    template: String,
    root: String,
    want: Result<Vec<u8>, String>,
}

fn corpus(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/templates").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn rows(bytes: &[u8]) -> Vec<Row> {
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| Row::read(&parse(line).unwrap())).collect()
}

impl Row {
    fn read(row: &Value<'_>) -> Self {
        let text = |key: &str| row.get(key).and_then(Value::as_str).map(String::from);
        let want = match (text("err"), text("hex")) {
            (Some(refused), _) => Err(refused),
            (None, Some(hex)) => {
                let byte = |i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap();
                Ok((0..hex.len()).step_by(2).map(byte).collect())
            }
            (None, None) => Ok(text("out").unwrap_or_default().into_bytes()),
        };
        Self { template: text("template").unwrap(), root: text("root").unwrap(), want }
    }

    fn run(&self, root: &Value<'_>) -> Result<Vec<u8>, String> {
        let functions = function_set(Dialect::default());
        let template = Template::compile("inject", &self.template, functions, KNOWN.template_data)
            .map_err(|e| format!("parse: {e}"))?;
        folded_alike(&template, root);
        template.render(root, &Env::default(), &Limits::default()).map_err(|e| {
            let stage = if e.kind() == ErrorKind::Parse { "parse" } else { "exec" };
            format!("{stage}: {e}")
        })
    }
}

/// Folded over what a configuration says of the root, a template renders the same.
fn folded_alike(template: &Template, root: &Value<'_>) {
    const FIXED: &[&str] =
        &["MeshConfig", "Values", "Revision", "InboundTrafficPolicyMode", "CompliancePolicy"];
    const USUAL: &[&str] = &["ProxyConfig", "NativeSidecars", "ProxyImage", "ProxyUID", "ProxyGID"];
    let render = |template: &Template| template.render(root, &Env::default(), &Limits::default());
    let want = render(template);
    let usual = [FIXED, USUAL].concat();
    for (names, sparse) in [(FIXED, false), (FIXED, true), (&usual, false), (&usual, true)] {
        let members = names.iter().map(|name| (*name, root.get(name).cloned().unwrap_or_default()));
        let members = Value::map(members.collect());
        let sparse: &[&str] = if sparse { &["ObjectMeta", "Annotations"] } else { &[] };
        let Some(folded) = template.folded(Foreknown { members: &members, sparse }) else { continue };
        let there = |key: &str| root.at(&["ObjectMeta", "annotations", key]).is_some();
        if !folded.missing().iter().any(|key| there(key)) {
            assert_eq!(render(&folded), want, "{template:?} folded over {names:?}");
        }
    }
}

/// What Istio's injector hands to a template of this root.
fn root(spec: &Value<'static>) -> Value<'static> {
    let get = |path: &[&str]| spec.at(path).cloned().unwrap_or_default();
    let mesh = match (spec.get("nilProto").and_then(Value::as_bool), spec.get("mesh")) {
        (Some(true), _) => None,
        (_, None) => Some(Mesh::default()),
        // JSON is YAML.
        (_, Some(mesh)) => {
            let text = to_string(mesh, PLAIN);
            Some(Mesh::default().layered(&text).unwrap().0)
        }
    };
    let (mesh, proxy) =
        mesh.map_or_else(Default::default, |m| (m.config.clone(), m.default_config().clone()));
    let plain = [
        ("Revision", "revision"),
        ("NativeSidecars", "nativeSidecars"),
        ("ProxyImage", "proxyImage"),
        ("ProxyUID", "proxyUID"),
        ("ProxyGID", "proxyGID"),
        ("InboundTrafficPolicyMode", "inboundTrafficPolicyMode"),
        ("CompliancePolicy", "compliancePolicy"),
        ("Values", "values"),
    ];
    let mut root: Map<'static> = plain.iter().map(|(go, json)| (*go, get(&[json]))).collect();
    let pair = |names: [&'static str; 2], keys: [&str; 2]| {
        Value::map(names.into_iter().zip(keys).map(|(name, key)| (name, get(&[key]))).collect())
    };
    root.insert("TypeMeta", pair(["kind", "apiVersion"], ["kind", "apiVersion"]));
    root.insert("DeploymentMeta", pair(["Name", "Namespace"], ["deployment", "namespace"]));
    root.insert("ObjectMeta", get(&["pod", "metadata"]));
    root.insert("Spec", get(&["pod", "spec"]));
    root.insert("MeshConfig", mesh);
    root.insert("ProxyConfig", proxy);
    Value::map(root)
}

/// Shares of a run.
#[derive(Default)]
struct Tally {
    printed: usize,
    refused: usize,
    same_text: usize,
    deviations: usize,
    /// Other bytes, or refused where Istio prints, or the reverse.
    wrong: Vec<String>,
    /// Refused at the same stage in other words.
    reworded: Vec<String>,
}

impl Tally {
    fn judge(&mut self, row: &Row, got: &Result<Vec<u8>, String>) {
        let shown = |r: &Result<Vec<u8>, String>| match r {
            Ok(out) => format!("{:?}", String::from_utf8_lossy(out)),
            Err(e) => e.clone(),
        };
        let stage = |e: &str| e.split(':').next().map(String::from);
        match (&row.want, got) {
            (Ok(want), Ok(got)) if want == got => self.printed += 1,
            (Err(want), Err(got)) if stage(want) == stage(got) => {
                self.refused += 1;
                if want == got {
                    self.same_text += 1;
                    return;
                }
                self.reworded.push(format!("{}\n  want {want}\n  got  {got}", row.template));
            }
            (want, got) => {
                self.wrong.push(format!("{}\n  want {}\n  got  {}", row.template, shown(want), shown(got)));
            }
        }
    }

    fn print(&self, name: &str) {
        let limit = std::env::var("SHOW").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
        self.wrong.iter().take(limit).for_each(|d| println!("DIFFERENT {d}"));
        self.reworded.iter().take(limit).for_each(|d| println!("REWORDED {d}"));
        println!(
            "{name}: {} printed alike, {} refused at the same stage ({} in the same words), {} different, \
             {} on purpose",
            self.printed,
            self.refused,
            self.same_text,
            self.wrong.len(),
            self.deviations
        );
    }
}

fn roots() -> BTreeMap<String, Value<'static>> {
    let bytes = std::env::var_os("ROOTS").map(|path| std::fs::read(path).unwrap());
    let specs = parse(&bytes.unwrap_or_else(|| corpus("roots.json"))).unwrap().into_owned();
    specs.as_map().unwrap().iter().map(|(name, spec)| (name.to_string(), root(spec))).collect()
}

fn held_against(name: &str, bytes: &[u8]) {
    let roots = roots();
    let mut tally = Tally::default();
    for row in rows(bytes) {
        if DEVIATIONS.iter().any(|(template, _)| *template == row.template) {
            tally.deviations += 1;
            continue;
        }
        tally.judge(&row, &row.run(&roots[&row.root]));
    }
    tally.print(name);
    assert!(tally.wrong.is_empty(), "{} rows of {name} differ", tally.wrong.len());
    #[allow(clippy::cast_precision_loss, reason = "thousands of rows")]
    let share = tally.same_text as f64 / tally.refused.max(1) as f64;
    assert!(share >= TEXTS, "only {share:.3} of the refusals of {name} are in Istio's words");
}

#[test]
fn istios_answers_are_given() {
    match std::env::var_os("CORPUS") {
        Some(path) => held_against("CORPUS", &std::fs::read(path).unwrap()),
        None => {
            held_against("oracle.jsonl", &corpus("oracle.jsonl"));
            // Random calls of every function, chosen from some seventy thousand.
            held_against("more.jsonl", &corpus("more.jsonl"));
        }
    }
}

#[test]
fn whole_templates_render_the_same_when_they_are_folded() {
    let roots = roots();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/templates");
    let profile = pillion_goyaml::parse(include_str!("../../../profiles/envoy/config")).unwrap();
    let profile = profile.get("templates").and_then(Value::as_map).unwrap().clone();
    let profile = profile.into_iter().map(|(_, text)| String::from(text.as_str().unwrap()));
    let files = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok());
    let mut compared = 0;
    for text in files.chain(profile) {
        let functions = function_set(Dialect::default());
        let Ok(template) = Template::compile("inject", &text, functions, KNOWN.template_data) else {
            continue;
        };
        roots.values().for_each(|root| folded_alike(&template, root));
        compared += 1;
    }
    assert!(compared > 50, "only {compared} templates");
}
