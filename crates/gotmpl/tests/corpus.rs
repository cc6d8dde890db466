//! The corpus of templates with Go's answers: every row that needs only Go's own and sprig's functions.
//! Rows that need Istio's functions are run by pillion-core, which has them.
//!
//! `cargo test -p pillion-gotmpl --test corpus -- --nocapture` prints the shares. `CORPUS` names another file of
//! rows, `SHOW` says how many differences are printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong by panicking, and prints its figures"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use pillion_gotmpl::funcs::sprig;
use pillion_gotmpl::{Env, ErrorKind, FunctionSet, Limits, Template};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, parse};

/// Istio's functions: a row that calls one of them is not ours, also where sprig has one of the same name.
const ISTIO: &[&str] = &[
    "annotation",
    "appendMultusNetwork",
    "applicationPorts",
    "contains",
    "directory",
    "env",
    "excludeInboundPort",
    "excludeInterfaces",
    "formatDuration",
    "fromJSON",
    "includeInboundPorts",
    "indent",
    "isset",
    "kubevirtInterfaces",
    "mergeMaps",
    "omit",
    "omitNil",
    "otelResourceAttributes",
    "protoToJSON",
    "strdict",
    "structToJSON",
    "toJSON",
    "toJsonMap",
    "toLower",
    "toYaml",
    "valueOrDefault",
];

/// Rows whose answer differs on purpose.
const DEVIATIONS: &[(&str, &str)] = &[
    (r#"{{ expandenv "$HOME" }}"#, "refused at load: it reads the environment of the process that injects"),
    (
        r#"{{ values (dict "k" 1 "a" (list 1)) }}"#,
        "Go gives a random order, this gives the order of the keys",
    ),
    (
        r#"{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}"#,
        "the limit of the depth is another one, and part of the text",
    ),
];

struct Row {
    template: String,
    root: String,
    want: Result<Vec<u8>, String>,
}

fn corpus(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/templates").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn text(row: &Value<'_>, key: &str) -> String {
    row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn rows() -> Vec<Row> {
    let bytes = match std::env::var_os("CORPUS") {
        Some(path) => std::fs::read(path).unwrap(),
        // Written rows, and random ones: templates, formats, literals, paths through types, calls of sprig.
        None => [corpus("oracle.jsonl"), corpus("random.jsonl")].concat(),
    };
    let lines = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    lines
        .map(|line| {
            let row = parse(line).unwrap();
            let want = match row.get("err") {
                Some(e) => Err(e.as_str().unwrap().to_owned()),
                None => Ok(match row.get("hex").and_then(Value::as_str) {
                    Some(hex) => (0..hex.len())
                        .step_by(2)
                        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
                        .collect(),
                    None => text(&row, "out").into_bytes(),
                }),
            };
            Row { template: text(&row, "template"), root: text(&row, "root"), want }
        })
        .collect()
}

/// The data of a root, as Istio's injector would hand it to a template.
fn root(spec: &Value<'static>, mesh: &Value<'static>) -> Value<'static> {
    let get = |path: &[&str]| spec.at(path).cloned().unwrap_or_default();
    let mut type_meta = Map::new();
    type_meta.insert("kind", get(&["kind"]));
    type_meta.insert("apiVersion", get(&["apiVersion"]));
    let mut deployment = Map::new();
    deployment.insert("Name", get(&["deployment"]));
    deployment.insert("Namespace", get(&["namespace"]));
    let nil = get(&["nilProto"]).as_bool() == Some(true);
    let mesh = if nil { Value::Null } else { mesh.clone() };
    let mut map = Map::new();
    map.insert("TypeMeta", type_meta);
    map.insert("DeploymentMeta", deployment);
    map.insert("ObjectMeta", get(&["pod", "metadata"]));
    map.insert("Spec", get(&["pod", "spec"]));
    map.insert("ProxyConfig", mesh.get("defaultConfig").cloned().unwrap_or_default());
    map.insert("MeshConfig", mesh);
    map.insert("Values", get(&["values"]));
    for (go, json) in [
        ("Revision", "revision"),
        ("NativeSidecars", "nativeSidecars"),
        ("ProxyImage", "proxyImage"),
        ("ProxyUID", "proxyUID"),
        ("ProxyGID", "proxyGID"),
        ("InboundTrafficPolicyMode", "inboundTrafficPolicyMode"),
        ("CompliancePolicy", "compliancePolicy"),
    ] {
        map.insert(go, get(&[json]));
    }
    Value::map(map)
}

fn words(template: &str) -> impl Iterator<Item = &str> {
    template.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '$' | '_'))
}

/// Shares of a run.
#[derive(Default)]
struct Tally {
    printed: usize,
    printed_same: usize,
    failed: usize,
    same_stage: usize,
    same_text: usize,
    wrong: Vec<String>,
    texts: Vec<String>,
}

fn run(row: &Row, functions: &FunctionSet, root: &Value<'_>) -> Result<Vec<u8>, String> {
    let template = Template::compile("inject", &row.template, functions, KNOWN.template_data)
        .map_err(|e| format!("parse: {e}"))?;
    template.render(root, &Env::default(), &Limits::default()).map_err(|e| {
        let stage = if e.kind() == ErrorKind::Parse { "parse" } else { "exec" };
        format!("{stage}: {e}")
    })
}

fn judge(tally: &mut Tally, row: &Row, got: &Result<Vec<u8>, String>) {
    let shown = |r: &Result<Vec<u8>, String>| match r {
        Ok(out) => format!("{:?}", String::from_utf8_lossy(out)),
        Err(e) => e.clone(),
    };
    let difference = || format!("{}\n  want {}\n  got  {}", row.template, shown(&row.want), shown(got));
    match (&row.want, got) {
        (Ok(want), _) => {
            tally.printed += 1;
            if got.as_ref() == Ok(want) {
                tally.printed_same += 1;
            } else {
                tally.wrong.push(difference());
            }
        }
        (Err(want), got_result) => {
            tally.failed += 1;
            let stage = |e: &str| e.split(':').next().unwrap_or_default().to_owned();
            match got_result {
                Err(e) if stage(e) == stage(want) => {
                    tally.same_stage += 1;
                    if e == want {
                        tally.same_text += 1;
                    } else {
                        tally.texts.push(difference());
                    }
                }
                _ => tally.wrong.push(difference()),
            }
        }
    }
}

#[test]
fn rows_of_builtins_and_sprig_give_what_go_gives() {
    let specs = parse(&corpus("roots.json")).unwrap().into_owned();
    let meshes = parse(&corpus("mesh.json")).unwrap().into_owned();
    let roots: BTreeMap<String, Value<'static>> = specs
        .as_map()
        .unwrap()
        .iter()
        .map(|(name, spec)| {
            let mesh = meshes.get(name).or(meshes.get("default")).unwrap();
            (name.to_string(), root(spec, mesh))
        })
        .collect();
    let functions = sprig::function_set();
    let mut tally = Tally::default();
    let (mut skipped, mut deviations) = (0, 0);
    for row in rows() {
        if let Some((template, why)) = DEVIATIONS.iter().find(|(t, _)| *t == row.template) {
            println!("DEVIATION {template}: {why}");
            deviations += 1;
            continue;
        }
        if words(&row.template).any(|w| ISTIO.contains(&w)) {
            skipped += 1;
            continue;
        }
        let got = run(&row, &functions, &roots[&row.root]);
        judge(&mut tally, &row, &got);
    }
    let limit = std::env::var("SHOW").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    for difference in tally.wrong.iter().take(limit) {
        println!("DIFFERENT {difference}");
    }
    for difference in tally.texts.iter().take(limit) {
        println!("TEXT {difference}");
    }
    println!(
        "printed: {}/{} same; failed: {}/{} at the same stage, {} with the same text; \
         {deviations} deviate on purpose; left to pillion-core: {skipped}",
        tally.printed_same, tally.printed, tally.same_stage, tally.failed, tally.same_text
    );
    assert!(tally.wrong.is_empty(), "{} rows differ", tally.wrong.len());
}
