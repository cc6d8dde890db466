//! What mutation begins with: corpora, profiles, golden cases and hand-written pods of the repository, as the inputs of each
//! target. What is too long to be changed quickly is left out. Never: inputs that were found to be wrong (`cases/`).

use std::fs;
use std::path::{Path, PathBuf};

use pillion_core::inject::annotations::TABLE;
use pillion_govalue::json::{PLAIN, to_string};
use pillion_govalue::{Value, parse};

/// What stands between the parts of an input that has several, such as a path and a body.
pub const BETWEEN: u8 = b'\n';

/// Of a corpus, about so many rows.
const ROWS: usize = 400;
/// A longer seed is left out.
const LONGEST: usize = 12 * 1024;

/// A file or folder of the repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn read(path: &str) -> Vec<u8> {
    let path = repository(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a folder whose names end so, in order.
fn below(folder: &str, ending: &str) -> Vec<String> {
    let (mut found, mut folders) = (vec![], vec![repository(folder)]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// Rows of a corpus, taken from all of its length.
fn rows(path: &str) -> Vec<Value<'static>> {
    let text = read(path);
    let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
    let step = lines.len().div_ceil(ROWS).max(1);
    lines.iter().step_by(step).map(|line| parse(line).unwrap().into_owned()).collect()
}

fn short(mut seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.retain(|seed| seed.len() <= LONGEST);
    assert!(!seeds.is_empty(), "no seed is short enough");
    seeds
}

fn text(value: &Value<'_>) -> Vec<u8> {
    to_string(value, PLAIN).into_bytes()
}

fn member<'v>(row: &'v Value<'_>, key: &str) -> Option<&'v str> {
    row.get(key).and_then(Value::as_str)
}

/// Templates: the corpora with Go's answers, those that the comparison with Istio uses, the profile's.
#[must_use]
pub fn templates() -> Vec<Vec<u8>> {
    let corpora =
        ["oracle", "more", "random"].map(|name| rows(&format!("tests/corpus/templates/{name}.jsonl")));
    let from_corpora = corpora.iter().flatten().filter_map(|row| member(row, "template").map(str::to_owned));
    let written = below("tests/conformance/templates", ".tpl");
    short(from_corpora.chain(written).map(String::into_bytes).collect())
}

/// YAML: the corpus with Go's answers, configurations, manifests.
#[must_use]
pub fn yaml() -> Vec<Vec<u8>> {
    let corpus = rows("tests/corpus/yaml/generated.jsonl");
    let from_corpus = corpus.iter().filter_map(|row| member(row, "yaml").map(str::to_owned));
    let cases = parse(&read("tests/corpus/yaml/cases.json")).unwrap().into_owned();
    let cases = cases.as_list().unwrap_or_default().to_vec();
    let named = cases.iter().filter_map(|case| case.as_list()?.get(1)?.as_str().map(str::to_owned));
    let files = ["tests/golden", "tests/conformance/configs", "tests/conformance/manifests"];
    let files = files.iter().flat_map(|folder| below(folder, ".yaml"));
    let lines = ["values", "mesh", "annotations"].map(|name| read(&format!("profiles/envoy/{name}")));
    short(from_corpus.chain(named).chain(files).map(String::into_bytes).chain(lines).collect())
}

/// `[object, patch]`.
#[must_use]
pub fn merges() -> Vec<Vec<u8>> {
    let pair = |row: &Value<'static>| {
        Some(text(&Value::list(vec![row.get("original")?.clone(), row.get("patch")?.clone()])))
    };
    short(rows("tests/corpus/merge.jsonl").iter().filter_map(pair).collect())
}

/// `[object, other object]`.
#[must_use]
pub fn pairs() -> Vec<Vec<u8>> {
    let rows = rows("tests/corpus/merge.jsonl");
    let before_and_after = rows.iter().filter_map(|row| {
        Some(text(&Value::list(vec![row.get("original")?.clone(), row.get("merged")?.clone()])))
    });
    let pods = pods();
    let neighbours = pods.windows(2).map(|two| [b"[".as_slice(), &two[0], b",", &two[1], b"]"].concat());
    short(before_and_after.chain(neighbours).collect())
}

/// Pods as JSON: hand-written ones, those of the golden cases, those that a configuration proves itself on.
#[must_use]
pub fn pods() -> Vec<Vec<u8>> {
    let folders = ["tests/conformance/pods", "tests/golden"];
    let files: Vec<String> = folders.iter().flat_map(|folder| below(folder, ".yaml")).collect();
    let documents = files.iter().flat_map(|file| file.split("\n---\n"));
    let written = documents.filter_map(|document| {
        let pod = pillion_goyaml::parse(document).ok()?;
        let pod = pod.get("pod").cloned().unwrap_or(pod);
        pod.get("spec").or_else(|| pod.get("metadata"))?;
        Some(text(&pod))
    });
    let samples = ["pod", "busy"].map(|name| read(&format!("src/source/samples/{name}.json")));
    short(written.chain(samples).collect())
}

/// AdmissionReviews of those pods, in both versions, and some that are none.
#[must_use]
pub fn reviews() -> Vec<Vec<u8>> {
    let review = |(at, pod): (usize, Vec<u8>)| {
        let version = if at % 4 == 0 { "v1beta1" } else { "v1" };
        let namespace = ["shop", "default", "kube-system"][at % 3];
        let head = format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/{version}","request":{{"uid":"uid-{at}","kind":{{"group":"","version":"v1","kind":"Pod"}},"resource":{{"group":"","version":"v1","resource":"pods"}},"namespace":"{namespace}","operation":"CREATE","userInfo":{{"username":"u","groups":["g"],"extra":{{"a":["b"]}}}},"object":"#
        );
        [head.as_bytes(), &pod, br#","oldObject":null,"dryRun":false,"options":{"kind":"CreateOptions"}}}"#]
            .concat()
    };
    let odd = ["", "{}", "null", r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#];
    short(
        pods().into_iter().enumerate().map(review).chain(odd.map(|text| text.as_bytes().to_vec())).collect(),
    )
}

/// A path, and behind the line's end a body.
#[must_use]
pub fn calls() -> Vec<Vec<u8>> {
    let paths = ["/inject", "/inject/cluster/c1/net/n1", "/inject/:ENV:cluster=c:ENV:net=n"];
    let call =
        |(at, body): (usize, Vec<u8>)| [paths[at % paths.len()].as_bytes(), &[BETWEEN], &body].concat();
    short(reviews().into_iter().enumerate().map(call).collect())
}

/// Paths of URLs.
#[must_use]
pub fn urls() -> Vec<Vec<u8>> {
    [
        "/inject",
        "/inject/",
        "/inject/cluster/c1/net/n1",
        "/inject/cluster/a--slash--b/net/n1/",
        "/inject/:ENV:cluster=c1:ENV:net=n1:ENV:a=b=c",
        "/inject/foo/bar/cluster",
        "/inject//v/net/n",
        "/inject/cluster/a%20b/net/n%2Fm?timeout=10s",
    ]
    .map(|path| path.as_bytes().to_vec())
    .to_vec()
}

/// The name of an annotation, and behind the line's end its value.
#[must_use]
pub fn annotations() -> Vec<Vec<u8>> {
    let corpus = rows("tests/corpus/quantity.jsonl");
    let quantities: Vec<&str> = corpus.iter().filter_map(|row| member(row, "text")).collect();
    let values = [
        "true",
        "",
        "80,443",
        "*",
        "10.0.0.0/8,fd00::/8",
        "REDIRECT",
        "100m",
        "eth0,net1",
        "15020",
        "30",
        "concurrency: 2\nproxyMetadata: {A: b}",
        "9100:/metrics, 9200:/other",
        "sidecar,grpc-agent",
        r#"{"containers":[{"name":"istio-proxy","image":"a"}]}"#,
        r#"{"a":{"mountPath":"/a"}}"#,
    ];
    let declared =
        pillion_goyaml::parse(&String::from_utf8_lossy(&read("profiles/envoy/annotations"))).unwrap();
    let own =
        declared.as_map().map(|all| all.keys().map(|key| format!("pillion.dev/{}", key.as_str())).collect());
    let own: Vec<String> = own.unwrap_or_default();
    let names = TABLE.iter().map(|row| row.name.to_owned()).chain(own);
    let input = |(at, name): (usize, String)| {
        let some = [values[at % values.len()], values[(at * 7 + 3) % values.len()]];
        let quantity = quantities.get(at * 5).copied().unwrap_or("1");
        let all = some.into_iter().chain([quantity]);
        all.map(|value| [name.as_bytes(), &[BETWEEN], value.as_bytes()].concat()).collect::<Vec<_>>()
    };
    let upstreams = below("tests/golden/envoy-upstreams", "input.yaml");
    let upstreams = upstreams.iter().filter_map(|text| {
        let pod = pillion_goyaml::parse(text).ok()?;
        let value = pod.at(&["metadata", "annotations", "pillion.dev/upstreams"])?.as_str()?.to_owned();
        Some(format!("pillion.dev/upstreams\n{value}").into_bytes())
    });
    short(names.enumerate().flat_map(input).chain(upstreams).collect())
}

/// What a profile declares.
#[must_use]
pub fn declarations() -> Vec<Vec<u8>> {
    let whole = String::from_utf8_lossy(&read("profiles/envoy/annotations")).into_owned();
    // Each declaration alone, too: it begins a line.
    let starts: Vec<usize> = whole
        .match_indices('\n')
        .map(|(at, _)| at + 1)
        .filter(|at| whole[*at..].starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([whole.len()]);
    let single = starts.iter().zip(ends).map(|(from, to)| whole.as_bytes()[*from..to].to_vec());
    short(single.chain([whole.as_bytes().to_vec()]).collect())
}

/// Ports, ranges and a listing of `nft`, as the flags of `pillion redirect` have them: one a line.
#[must_use]
pub fn redirects() -> Vec<Vec<u8>> {
    [
        "80,8000-8010\n10.0.0.0/8,fd00::/8\n15001",
        "*\n*\n0",
        "\n\n1",
        "1-65535\n0.0.0.0/0,::/0,192.0.2.7\n65535",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
