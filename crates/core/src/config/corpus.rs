//! Every row of the corpora of configurations (tests/corpus/{mesh,config}.jsonl), each kind against what Istio's own
//! code makes of it. Written by the example `config_corpus`.

use std::collections::BTreeMap;

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, TypeRef, Value, encode, json, parse};

use super::injector::{Policy, RawConfig};
use super::mesh::{Mesh, MeshError};
use super::proxyconfig::{self, ProxyConfigResource, ProxyConfigs, Target};
use super::{Gates, LabelSelector, Source, Values, image};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus");
const IMAGE_TYPE: &str = image::IMAGE_TYPE_ANNOTATION;

/// What a row says should come out, or what came out; the error's text is not compared.
type Answer = Result<String, String>;

#[test]
fn every_mesh_configuration_is_answered_as_istio_answers_it() {
    check("mesh.jsonl", 4000);
}

#[test]
fn every_other_configuration_is_answered_as_istio_answers_it() {
    check("config.jsonl", 2000);
}

fn check(file: &str, least: usize) {
    let corpus = std::fs::read_to_string(format!("{CORPUS}/{file}")).unwrap();
    let (mut rows, mut bad) = (BTreeMap::<String, usize>::new(), Vec::new());
    for line in corpus.lines() {
        let row = parse(line.as_bytes()).unwrap();
        let kind = row.as_map().unwrap().keys().next().unwrap().to_string();
        let (got, want) = match kind.as_str() {
            "mesh" | "layers" => layers(&row),
            "effective" => effective(&row),
            "annotation" => annotation(&row),
            "values" => values(&row),
            _ => injector(&row),
        };
        let want = row.get("err").map_or_else(|| Ok(want), |e| Err(json::to_string(e, json::PLAIN)));
        if got.is_ok() != want.is_ok() || got.is_ok() && got != want {
            bad.push(format!("{line}\n  got  {got:?}\n  want {want:?}"));
        }
        *rows.entry(kind).or_default() += 1;
    }
    let all: usize = rows.values().sum();
    println!("{file}: {} of {all} rows as Istio answers them: {rows:?}", all - bad.len());
    assert!(bad.is_empty(), "{} rows differ:\n{}", bad.len(), bad[..bad.len().min(12)].join("\n"));
    assert!(all >= least, "{all}");
}

fn texts<'v>(row: &'v Value<'_>, key: &str) -> Vec<&'v str> {
    row.get(key).and_then(Value::as_list).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

fn text<'v>(row: &'v Value<'_>, path: &[&str]) -> Option<&'v str> {
    row.at(path).and_then(Value::as_str)
}

fn mesh(row: &Value<'_>) -> Result<Mesh, MeshError> {
    let texts = text(row, &["mesh"]).map_or_else(|| texts(row, "layers"), |one| vec![one]);
    texts.into_iter().try_fold(Mesh::default(), |mesh, text| Ok(mesh.layered(text)?.0))
}

/// A message as jsonpb writes it, keys sorted.
fn shown(message: &Value<'_>, ty: TypeRef) -> String {
    let text = encode::message_json(message, ty).unwrap();
    json::to_string(&parse(text.as_bytes()).unwrap(), json::GO_MAP)
}

/// The default with a row's differences applied.
fn expected(default: &Value<'_>, ty: TypeRef, differs: Option<&Value<'_>>) -> String {
    let text = encode::message_json(default, ty).unwrap();
    let default = parse(text.as_bytes()).unwrap().into_owned();
    differs.map_or_else(String::new, |d| json::to_string(&changed(&default, d), json::GO_MAP))
}

fn changed(default: &Value<'static>, differs: &Value<'_>) -> Value<'static> {
    let mut map: Map<'static> = default.as_map().unwrap().clone();
    for (key, value) in differs.as_map().unwrap().clone().into_owned() {
        match value {
            Value::Null => {
                map.remove(&key);
            }
            value if key == "defaultConfig" => {
                let inner = changed(default.get(&key).unwrap(), &value);
                map.insert(key, inner);
            }
            value => {
                map.insert(key, value);
            }
        }
    }
    Value::map(map)
}

fn layers(row: &Value<'_>) -> (Answer, String) {
    let got = mesh(row).map(|m| shown(&m.config, KNOWN.mesh_config)).map_err(|e| e.to_string());
    (got, expected(&Mesh::default().config, KNOWN.mesh_config, row.get("differs")))
}

fn effective(row: &Value<'_>) -> (Answer, String) {
    let clean = row.get("clean").map_or_else(String::new, |c| json::to_string(c, json::GO_MAP));
    let want = expected(Mesh::default().default_config(), KNOWN.proxy_config, row.get("differs")) + &clean;
    let resources = texts(row, "resources");
    let resources =
        resources.iter().map(|text| ProxyConfigResource::read(&Source { name: "resource", text }).unwrap());
    let resources = ProxyConfigs::new(resources.collect(), &Gates::default());
    let got = mesh(row).map_err(|e| e.to_string()).map(|mesh| {
        let target = Target {
            namespace: text(row, &["effective"]).unwrap(),
            label: |key: &str| text(row, &["labels", key]),
            annotation: text(row, &["annotations", proxyconfig::ANNOTATION]),
        };
        let config = proxyconfig::effective(&mesh, &resources, &target);
        let clean = proxyconfig::clean_proxy_config(&config, false);
        shown(&config, KNOWN.proxy_config) + &shown(&clean, KNOWN.proxy_config)
    });
    (got, want)
}

fn annotation(row: &Value<'_>) -> (Answer, String) {
    let checked = proxyconfig::check_annotation(text(row, &["annotation"]).unwrap(), &Gates::default());
    (checked.map(|()| String::new()).map_err(|e| e.to_string()), String::new())
}

fn values(row: &Value<'_>) -> (Answer, String) {
    const SHOWN: [&str; 6] = ["image", "init", "cluster", "network", "rewrite", "hold"];
    let want: Vec<String> =
        SHOWN.iter().filter_map(|k| row.get(k)).map(|v| json::to_string(v, json::PLAIN)).collect();
    let source = Source { name: "values", text: text(row, &["values"]).unwrap() };
    let kind = text(row, &["annotations", IMAGE_TYPE]);
    let got = Values::read(&source).map_err(|e| e.to_string()).map(|v| {
        let shown: [Value<'_>; 6] = [
            image::proxy_image(&v, None, kind, &Gates::default()).into(),
            image::proxy_init_image(&v, kind).into(),
            v.cluster_name().into(),
            v.network().into(),
            v.rewrite_app_http_probe().into(),
            v.hold_application().into(),
        ];
        shown.iter().map(|v| json::to_string(v, json::PLAIN)).collect::<Vec<_>>().join(" ")
    });
    (got, want.join(" "))
}

fn injector(row: &Value<'_>) -> (Answer, String) {
    const SHOWN: [&str; 7] = ["policy", "defaults", "aliases", "annotations", "templates", "never", "always"];
    let want: Vec<String> = SHOWN.iter().filter_map(|k| row.get(k)).map(nothing_is_empty).collect();
    let source = Source { name: "config", text: text(row, &["config"]).unwrap() };
    let got =
        RawConfig::read(&source).map_err(|e| e.to_string()).map(|RawConfig { config, templates, .. }| {
            let policy = match config.policy {
                Policy::Enabled => "enabled",
                Policy::Disabled => "disabled",
                Policy::Other(ref other) => other,
            };
            let list = |items: &[String]| Value::list(items.iter().cloned().map(Value::from).collect());
            let map = |m: BTreeMap<String, String>| Value::map(m.into_iter().collect());
            let selected = |selectors: &[LabelSelector]| {
                let matched = selectors.iter().map(|s| match s.matches(|key| text(row, &["labels", key])) {
                    Ok(true) => "yes",
                    Ok(false) => "no",
                    Err(_) => "err",
                });
                Value::list(matched.map(Value::from).collect())
            };
            let shown = [
                Value::from(String::from(policy)),
                list(&config.default_templates),
                Value::map(config.aliases.iter().map(|(k, v)| (k.clone(), list(v))).collect()),
                map(config.injected_annotations.clone()),
                map(templates),
                selected(&config.never_inject),
                selected(&config.always_inject),
            ];
            shown.iter().map(nothing_is_empty).collect::<Vec<_>>().join(" ")
        });
    (got, want.join(" "))
}

/// Go's nil lists and maps are `null`; here they are empty.
fn nothing_is_empty(value: &Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::List(items) if items.is_empty() => String::new(),
        Value::Map(map) if map.is_empty() => String::new(),
        Value::Map(map) => {
            map.sorted().iter().map(|(k, v)| format!("{k}={};", nothing_is_empty(v))).collect()
        }
        other => json::to_string(other, json::GO_MAP),
    }
}
