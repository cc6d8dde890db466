//! Every row of the corpus of mesh configurations (tests/corpus/mesh.jsonl): what Istio makes of a text, or that
//! it refuses it. Written by the example `mesh_corpus`.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, encode, parse};

use super::Mesh;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/mesh.jsonl");

#[test]
fn every_row_of_the_corpus_is_answered_as_istio_answers_it() {
    let text = std::fs::read_to_string(CORPUS).unwrap();
    let (mut rows, mut refused, mut bad) = (0, 0, Vec::new());
    let default = shown(&Mesh::default());
    for line in text.lines() {
        rows += 1;
        let row = parse(line.as_bytes()).unwrap();
        let yaml = row.get("mesh").and_then(Value::as_str).unwrap();
        let got = Mesh::default().layered(yaml);
        match (got, row.get("differs")) {
            (Ok((mesh, _)), Some(differs)) => {
                let (got, want) = (shown(&mesh), changed(&default, differs));
                if got != want {
                    bad.push(format!("{yaml}\n  got  {got:?}\n  want {want:?}"));
                }
            }
            (Err(_), None) => refused += 1,
            (Ok(_), None) => bad.push(format!("{yaml}\n  taken, but: {:?}", row.get("err"))),
            (Err(e), Some(_)) => bad.push(format!("{yaml}\n  refused: {e}")),
        }
    }
    println!(
        "mesh corpus: {} of {rows} rows as Istio answers them ({refused} refused by both)",
        rows - bad.len()
    );
    assert!(bad.is_empty(), "{} rows differ:\n{}", bad.len(), bad[..bad.len().min(20)].join("\n"));
    assert!(rows >= 1500, "{rows}");
}

/// The configuration as jsonpb writes it, read back: what the oracle's answers are made of.
fn shown(mesh: &Mesh) -> Value<'static> {
    let text = encode::message_json(&mesh.config, KNOWN.mesh_config).unwrap();
    parse(text.as_bytes()).unwrap().into_owned()
}

fn changed(default: &Value<'static>, differs: &Value<'_>) -> Value<'static> {
    let mut map = default.as_map().cloned().unwrap_or_else(Map::new);
    for (key, value) in differs.as_map().unwrap().iter() {
        let key = key.clone().into_owned();
        if value.is_null() {
            map.remove(&key);
        } else if key == "defaultConfig" {
            let inner = changed(default.get(&key).unwrap(), value);
            map.insert(key, inner);
        } else {
            map.insert(key, value.clone().into_owned());
        }
    }
    Value::map(map)
}
