//! What users mean to keep to themselves is in nothing that the program writes by itself: a marker stands in values of
//! variables, arguments, commands, annotations, probes and a private key; the program logs, refuses, records and explains; and
//! nowhere is the marker. The line that shows bodies at the log level debug is the one exception
//! (docs/security.md); all others are tried at that level.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::program::{Serving, err, out, run};
use crate::support::review;

/// Every secret begins so, and ends in where it stands.
const MARKER: &str = "hunter2-";

/// A pod with a secret wherever users put them, changed.
fn pod(change: &Value) -> Value {
    let secret = |place: &str| format!("{MARKER}{place}");
    let header = json!([{"name": "Authorization", "value": secret("header")}]);
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web", "namespace": "shop", "labels": {"app": "web"},
            "annotations": {"example.com/password": secret("annotation"), "vault.example/token": secret("token")},
        },
        "spec": {
            "containers": [{
                "name": "app", "image": "app:1",
                "env": [{"name": "PASSWORD", "value": secret("env")}],
                "args": ["--password", secret("argument")],
                "command": ["app", secret("command")],
                "livenessProbe": {"httpGet": {"port": 80, "path": format!("/?key={}", secret("query")), "httpHeaders": header}},
            }],
            "initContainers": [{"name": "init", "image": "i", "env": [{"name": "KEY", "value": secret("init")}]}],
        },
    });
    json_patch::merge(&mut pod, change);
    pod
}

/// Pods that are injected, skipped, and refused at each stage.
fn pods() -> Vec<Value> {
    let annotated = |name: &str, value: &str| json!({"metadata": {"annotations": {name: value}}});
    let changes = [
        json!({}),
        json!({"spec": {"hostNetwork": true}}),
        annotated("sidecar.istio.io/inject", "maybe"),
        annotated("inject.istio.io/templates", "nowhere"),
        annotated("pillion.dev/upstreams", "- {name: b, port: none}"),
        annotated("pillion.dev/upstreams", "[: no YAML"),
        annotated("proxy.istio.io/config", "concurrency: [1"),
        json!({"spec": {"containers": "none"}}),
        json!({"spec": {"volumes": [{"name": "x", "emptyDir": {"sizeLimit": "much"}}]}}),
        json!({"metadata": {"labels": ["a"]}}),
    ];
    changes.iter().map(pod).collect()
}

/// Bodies: reviews of the pods, and what is no review or breaks off.
fn bodies() -> Vec<String> {
    let reviews: Vec<String> = pods().iter().map(|pod| review(&pod.to_string())).collect();
    let whole = reviews[0].clone();
    let broken = [
        whole[..whole.len() - 3].to_owned(),
        whole.replace("\"spec\"", "\"spec"),
        whole.replace("\"name\":\"PASSWORD\"", "\"name\":5"),
        whole.replace("\"env\":[", "\"env\":[7,"),
        whole.replace("\"args\":[", "\"args\":[{},"),
        format!("\"{MARKER}body\""),
        pods()[0].to_string(),
    ];
    reviews.into_iter().chain(broken).collect()
}

/// Posts a body as the printed line posts its sample: what was answered.
fn post(serving: &Serving, directory: &Path, body: &str) -> String {
    let file = directory.join("body.json");
    fs::write(&file, body).unwrap();
    let (before, rest) = serving.line.split_once("--data-binary @").unwrap();
    let url = rest.split_once(' ').unwrap().1;
    let before = before.replace("-H 'Accept: application/yaml'", "");
    let line = format!("{before} --data-binary @{} {}", file.display(), url.trim());
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn keeps(what: &str, text: &str) {
    assert!(!text.contains(MARKER), "{what} tells a secret: {text}");
}

/// What a review's answer says to people: everything but the patch, which carries what templates made.
fn said(answer: &str) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap_or_else(|_| json!(answer));
    if let Some(response) = answer["response"].as_object_mut() {
        response.remove("patch");
    }
    answer.to_string()
}

#[test]
fn logs_answers_metrics_and_recordings_tell_no_secret() {
    for level in ["info", "debug,pillion::http::admit=info"] {
        let state = tempfile::tempdir().unwrap();
        let recordings = state.path().join("recordings");
        let more = ["--decision-log", "all", "--log-level", level, "--record", recordings.to_str().unwrap()];
        // The second level is debug but for the one line that shows bodies.
        let mut serving = Serving::start(state.path(), &more);
        let bodies = bodies();
        let mut answers = 0;
        for body in &bodies {
            let answer = post(&serving, state.path(), body);
            answers += usize::from(answer.contains("\"response\""));
            keeps("an answer", &said(&answer));
        }
        assert!(answers >= pods().len(), "{answers} answers");
        let (admin, debug) = (serving.port("admin"), serving.port("debug"));
        for (port, path) in [
            (admin, "metrics"),
            (admin, "readyz?verbose"),
            (debug, "state"),
            (debug, "debug/config"),
            (debug, "debug/mesh"),
        ] {
            let url = format!("http://127.0.0.1:{port}/{path}");
            let output = Command::new("curl").args(["-sS", &url]).output().unwrap();
            assert!(!output.stdout.is_empty(), "{path}");
            keeps(path, &String::from_utf8_lossy(&output.stdout));
        }
        let written = || fs::read_dir(&recordings).map(Iterator::count).unwrap_or_default();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while written() < 3 && std::time::Instant::now() < until {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert!(written() >= 3, "{} recordings", written());
        serving.signal("TERM");
        serving.logs(&["\"stopped\""]);
        for file in fs::read_dir(&recordings).unwrap() {
            keeps("a recording", &fs::read_to_string(file.unwrap().path()).unwrap());
        }
        for line in &serving.logged {
            keeps(&format!("the log at {level}"), line);
        }
        assert!(serving.logged.iter().any(|line| line.contains("\"injected\"")), "the log tells of answers");
    }
}

#[test]
fn commands_tell_no_secret_where_they_refuse_or_explain() {
    let directory = tempfile::tempdir().unwrap();
    for (index, pod) in pods().iter().enumerate() {
        let file = directory.path().join(format!("{index}.json"));
        fs::write(&file, pod.to_string()).unwrap();
        let file = file.to_str().unwrap();
        let injected = run(&["inject", "-f", file]);
        keeps("an error of inject", &err(&injected));
        for format in ["text", "json"] {
            let explained = run(&["explain", "-f", file, "-o", format]);
            keeps("explain", &out(&explained));
            keeps("an error of explain", &err(&explained));
        }
    }
}

#[test]
fn files_of_keys_and_certificates_are_never_quoted() {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = write("tls.crt", &made.cert.pem());
    let armoured =
        |label: &str, inside: &str| format!("-----BEGIN {label}-----\n{inside}\n-----END {label}-----\n");
    for (index, key) in [
        format!("{MARKER}key"),
        armoured("PRIVATE KEY", &format!("{MARKER}key")),
        // "hunter2-" in Base64: well armoured, and no key.
        armoured("PRIVATE KEY", "aHVudGVyMi1rZXk="),
        armoured("RSA PRIVATE KEY", "aHVudGVyMi1rZXk="),
        rcgen::KeyPair::generate().unwrap().serialize_pem(),
    ]
    .iter()
    .enumerate()
    {
        let state = directory.path().join(format!("state-{index}"));
        let key_file = write(&format!("{index}.key"), key);
        let mut serving = Serving::start(
            &state,
            &["--tls-cert", &certificate, "--tls-key", &key_file, "--log-level", "debug"],
        );
        let line = serving.logs(&[&key_file]);
        let inside = key.lines().find(|line| !line.starts_with('-')).unwrap();
        assert!(!line.contains(inside) && !line.contains("aHVudGVyMi1rZXk"), "{line}");
        for line in &serving.logged {
            keeps("the log", line);
            assert!(!line.contains(inside), "{line}");
        }
    }
}
