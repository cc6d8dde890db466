//! The corpus of templates that users might write: `templates/NAME.tpl`. A configuration with the header
//! `#: templates all` gets every one of them that its release loads; each is asked for by pods of its own and by
//! random ones, alone and beside the mesh's own template.
//!
//! A file's first lines may say `#: about …` (what it is there for), `#: since 1.21` (older releases lack a function and
//! refuse to load it), `#: runs-since 1.27` and `#: runs-until 1.21` (the others load it and fail to run it), and
//! `#: refuses always`; in `templates/refused`, which no release loads, `#: pillion refuses` says that Istio does. The
//! rest, to the byte, is the template. Never asks or judges.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::answer::Verdict;
use crate::case::{Case, review};
use crate::coverage::Coverage;
use crate::generate;
use crate::judge::Pair;
use crate::loading::Otherwise;
use crate::places;
use pillion_chance::Rng;

/// The annotation that names a pod's templates.
const ASKED: &str = "inject.istio.io/templates";
/// How a covered name begins.
const COVERS: &str = "own template: ";

/// One template of the corpus.
#[derive(Clone, Debug)]
pub struct OwnTemplate {
    /// Its name: the file's.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The first release that loads it.
    since: Option<Line>,
    /// The first and the last release that run it.
    runs: (Option<Line>, Option<Line>),
    refuses: bool,
    /// What Pillion does when it loads the template, where some Istio does otherwise.
    pub at_load: Option<Otherwise>,
}

/// A line of releases: `1.21` is (1, 21).
type Line = (u32, u32);

impl OwnTemplate {
    fn read(name: &str, file: &str) -> Result<Self> {
        let mut read = Self {
            name: name.to_owned(),
            text: String::new(),
            since: None,
            runs: (None, None),
            refuses: false,
            at_load: None,
        };
        let mut rest = file;
        let mut about = false;
        while let Some(header) = rest.strip_prefix("#: ") {
            let (header, after) = header.split_once('\n').unwrap_or((header, ""));
            rest = after;
            let (key, value) = header.split_once(' ').unwrap_or((header, ""));
            match key {
                "about" => about = true,
                "since" => {
                    read.since = Some(line(value)?);
                    read.at_load = Some(Otherwise::Takes);
                }
                "pillion" if value == "refuses" => read.at_load = Some(Otherwise::Refuses),
                "runs-since" => read.runs.0 = Some(line(value)?),
                "runs-until" => read.runs.1 = Some(line(value)?),
                "refuses" => read.refuses = true,
                other => bail!("unknown header {other:?}"),
            }
        }
        if !about {
            bail!("it does not say what it is about");
        }
        rest.clone_into(&mut read.text);
        Ok(read)
    }

    /// Whether Istio of this release loads it.
    #[must_use]
    pub fn loads(&self, release: &str) -> bool {
        self.since.is_none_or(|since| at(release) >= since)
    }

    /// What Istio of this release makes of it, at its best.
    fn outcome(&self, release: &str) -> Verdict {
        let (first, last) = self.runs;
        let runs =
            first.is_none_or(|first| at(release) >= first) && last.is_none_or(|last| at(release) <= last);
        if runs && !self.refuses { Verdict::Injected } else { Verdict::Refused }
    }

    fn covers(&self, release: &str, verdict: Verdict) -> String {
        format!("{COVERS}{release} {} {verdict:?}", self.name)
    }
}

fn line(text: &str) -> Result<Line> {
    let numbers = text.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    numbers.with_context(|| format!("{text:?} is no line of releases"))
}

/// The line of a release; `latest` is beyond all.
fn at(release: &str) -> Line {
    let mut numbers = release.split('.').map(|n| n.parse().unwrap_or(u32::MAX));
    (numbers.next().unwrap_or(u32::MAX), numbers.next().unwrap_or(u32::MAX))
}

/// The whole corpus, by name.
pub fn load() -> Result<Vec<OwnTemplate>> {
    read("templates")
}

/// The templates whose loading is compared: those in `templates/refused`, and those that only newer releases load.
pub fn to_load() -> Result<Vec<OwnTemplate>> {
    let mut found = read("templates/refused")?;
    found.extend(load()?.into_iter().filter(|template| template.since.is_some()));
    Ok(found)
}

fn read(dir: &str) -> Result<Vec<OwnTemplate>> {
    let mut found = vec![];
    for file in places::files(dir, "tpl")? {
        let text = std::fs::read_to_string(&file)?;
        let template = OwnTemplate::read(places::stem(&file), &text);
        found.push(template.with_context(|| file.display().to_string())?);
    }
    Ok(found)
}

/// The corpus as further entries of `templates:`, which the chart writes last.
pub fn entries(release: &str) -> Result<String> {
    let mut out = String::new();
    for template in load()?.iter().filter(|template| template.loads(release)) {
        // JSON's text is YAML's double-quoted one.
        let _ = writeln!(out, "\n  {}: {}", template.name, json!(template.text));
    }
    Ok(out)
}

/// Says what must fire in a whole run: every template does its best under every release.
pub fn expect(coverage: &mut Coverage, releases: &[&str]) -> Result<()> {
    let corpus = load()?;
    for release in releases {
        for template in corpus.iter().filter(|template| template.loads(release)) {
            coverage.expect(template.covers(release, template.outcome(release)));
        }
    }
    Ok(())
}

/// Counts the templates that a pair asked for, by what Istio made of it.
pub fn count(coverage: &mut Coverage, release: &str, pair: &Pair<'_>) {
    for name in pair.case.covers.iter().filter_map(|name| name.strip_prefix(COVERS)) {
        coverage.fire(&format!("{COVERS}{release} {name} {:?}", pair.istio.verdict));
    }
}

/// Every template of the corpus, asked for by a simple pod, a busy one, and random ones.
pub fn cases(release: &str, seed: &Rng, path: &str) -> Result<Vec<Case>> {
    let mut cases = vec![];
    for (at, template) in load()?.iter().filter(|template| template.loads(release)).enumerate() {
        let name = template.name.as_str();
        for (kind, pod, asked) in [
            ("simple", simple(), name.to_owned()),
            ("beside", simple(), format!("sidecar,{name}")),
            ("busy", busy(), format!("{name}, sidecar")),
        ] {
            let uid = format!("{name}-{kind}");
            let review = review("admission.k8s.io/v1", "shop", &uid, &pod);
            let case = Case { name: uid, path: path.to_owned(), review, covers: vec![], again: false };
            cases.push(asking(case, template, &asked));
        }
        let mut random = generate::case(&seed.fork("own templates"), at, path);
        random.name = format!("{name}-random");
        cases.push(asking(random, template, &format!("sidecar,{name}")));
    }
    Ok(cases)
}

fn asking(mut case: Case, template: &OwnTemplate, asked: &str) -> Case {
    // What random pods cover is counted where they are not turned away by a template.
    case.covers = vec![format!("{COVERS}{}", template.name)];
    if let Some(object) = case.review.pointer_mut("/request/object").filter(|object| object.is_object()) {
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        let metadata = &mut object["metadata"];
        if !metadata["annotations"].is_object() {
            metadata["annotations"] = json!({});
        }
        metadata["annotations"][ASKED] = json!(asked);
    }
    case
}

fn simple() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "simple", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "example.org/web:1"}]},
    })
}

/// A pod that has something of everything that the corpus looks at.
fn busy() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": "busy-5f6d8c7b9-",
            "creationTimestamp": "2024-02-29T12:00:00Z",
            "labels": {"app": "web", "team": "a", "debug": "true", "pod-template-hash": "5f6d8c7b9"},
            "annotations": {
                "example.org/team": "a",
                "example.org/spread": "hard",
                "example.org/extra-env": r#"[{"name":"ONE","value":1},{"name":"TWO","value":"2"}]"#,
                "secrets.example.org/role": "web",
            },
            "finalizers": ["old.example.org/guard", "other.example.org/guard"],
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "busy-5f6d8c7b9", "uid": "u", "controller": true,
            }],
        },
        "spec": {
            "serviceAccountName": "busy",
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "hostname": "busy",
            "nodeSelector": {"old": "selector"},
            "securityContext": {"runAsUser": 1000, "fsGroup": 2001, "runAsNonRoot": true},
            "tolerations": [{"key": "node.example.org/old", "operator": "Exists", "tolerationSeconds": 5}],
            "imagePullSecrets": [{"name": "mine"}],
            "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["mine.example.org"]}],
            "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}},
            ]}},
            "initContainers": [
                {"name": "migrate", "image": "example.org/migrate:1", "args": ["up"]},
                {"name": "wait", "image": "example.org/wait:1"},
            ],
            "containers": [
                {
                    "name": "web", "image": "registry.example.org/web:1.2",
                    "command": ["web"], "args": ["--a", "--b"],
                    "ports": [
                        {"name": "http", "containerPort": 8080, "protocol": "TCP"},
                        {"containerPort": 9090, "protocol": "UDP", "hostPort": 9090},
                    ],
                    "env": [
                        {"name": "PATH_PREFIX", "value": "/v1"},
                        {"name": "JAVA_TOOL_OPTIONS", "value": "-Dx=<y>"},
                        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "tokens", "key": "web"}}},
                    ],
                    "envFrom": [{"prefix": "P_", "configMapRef": {"name": "settings"}}],
                    "resources": {
                        "limits": {"cpu": "1500m", "memory": "1Gi", "nvidia.com/gpu": 1},
                        "requests": {"cpu": "0.5"},
                    },
                    "securityContext": {"privileged": false, "runAsUser": 0},
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 3},
                    "livenessProbe": {"tcpSocket": {"port": 8080}},
                    "volumeMounts": [
                        {"name": "data", "mountPath": "/data"},
                        {"name": "settings", "mountPath": "/etc/settings", "readOnly": true},
                    ],
                },
                {"name": "worker", "image": "worker", "readinessProbe": {"httpGet": {"port": 81, "scheme": "HTTPS"}}},
            ],
            "volumes": [
                {"name": "data", "emptyDir": {"sizeLimit": "1Gi"}},
                {"name": "settings", "configMap": {"name": "settings"}},
                {"name": "keys", "secret": {"secretName": "keys"}},
                {"name": "host", "hostPath": {"path": "/var"}},
            ],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_is_large_and_each_says_what_it_is_about() {
        assert!(load().unwrap().len() >= 80);
    }

    #[test]
    fn a_header_is_no_part_of_the_template() {
        let read = OwnTemplate::read("x", "#: about X.\n#: since 1.24\n{{ nothing }}\n").unwrap();
        assert_eq!(read.text, "{{ nothing }}\n");
        assert!(read.loads("1.24.2") && read.loads("latest") && !read.loads("1.9.0"));
        assert!(OwnTemplate::read("x", "metadata: {}").is_err());
    }
}
