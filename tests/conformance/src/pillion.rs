//! [`Pillion`]: the injector under test, in this process: the same reading of reviews and the same engine as the
//! webhook's, and a trace of what ran, for the coverage table.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use pillion_core::config::{Cluster, NativeSidecars, Platform, Settings, Snapshot, Source, Sources};
use pillion_core::inject::{self, Reason, Request, Step, Trace, Verdict};
use pillion_govalue::json::{PLAIN, to_string};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::configuration::Configuration;
use crate::injector::Injector;

/// Pillion under one configuration.
#[derive(Debug)]
pub struct Pillion {
    snapshot: Snapshot,
}

impl Pillion {
    /// Loads what lies in `dir`, with the settings that the configuration's header gives.
    pub fn load(configuration: &Configuration, dir: &Path) -> Result<Self> {
        let read = |name: &str| std::fs::read_to_string(dir.join(name));
        let (injector, values) = (read("config")?, read("values")?);
        let mesh = read("mesh").ok();
        let resources = read("proxyconfigs.yaml").unwrap_or_default();
        let resources: Vec<&str> = resources.split("\n---\n").filter(|d| !d.trim().is_empty()).collect();
        let sources = Sources {
            injector: Source { name: "config", text: &injector },
            values: Source { name: "values", text: &values },
            mesh: mesh.as_ref().map(|text| Source { name: "mesh", text }),
            shared_mesh: None,
            proxy_configs: resources
                .into_iter()
                .map(|text| Source { name: "proxyconfigs.yaml", text })
                .collect(),
        };
        let built = Snapshot::build(&sources, settings(configuration), Cluster::default())
            .map_err(|error| anyhow!("{error}"))
            .context("Pillion does not take the configuration")?;
        Ok(Self { snapshot: built.snapshot })
    }
}

fn settings(configuration: &Configuration) -> Settings {
    Settings {
        revision: configuration.revision.clone(),
        native_sidecars: match configuration.env("ENABLE_NATIVE_SIDECARS") {
            Some("true") => NativeSidecars::True,
            Some(_) => NativeSidecars::False,
            None => NativeSidecars::Auto,
        },
        platform: match configuration.env("PLATFORM") {
            Some("openshift") => Platform::OpenShift,
            Some("gcp") => Platform::Gcp,
            _ => Platform::None,
        },
        compliance_policy: configuration.env("COMPLIANCE_POLICY").unwrap_or_default().to_owned(),
        env: configuration.env.iter().cloned().collect::<BTreeMap<_, _>>(),
        ..Settings::default()
    }
}

impl Injector for Pillion {
    fn admit(&self, path: &str, review: &[u8]) -> Answer {
        let review: Value = serde_json::from_slice(review).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let path = percent_decode_str(path).decode_utf8_lossy();
        let request = &review["request"];
        let object = request["object"].to_string();
        let mut fired = Fired(vec![]);
        let mut response = json!({"uid": request["uid"].as_str().unwrap_or_default(), "allowed": false});
        match pillion_govalue::parse(object.as_bytes()) {
            Err(error) => response["status"] = json!({"message": error.to_string()}),
            Ok(pod) => {
                let namespace = request["namespace"].as_str().unwrap_or_default();
                let asked = Request { pod, namespace, path: &path, owner: None, now: Some(0) };
                match inject::inject(&self.snapshot, &asked, &mut fired) {
                    Err(error) => {
                        fired.reason(error.reason());
                        response["status"] = json!({"message": error.to_string()});
                    }
                    Ok(outcome) => {
                        fired.reason(outcome.reason);
                        response["allowed"] = json!(true);
                        if outcome.verdict == Verdict::Injected {
                            let patch = pillion_kubepatch::write_patch(&outcome.patch);
                            response["patchType"] = json!("JSONPatch");
                            response["patch"] = json!(STANDARD.encode(&patch));
                            fired.check_patch(&object, &patch, &to_string(&outcome.pod, PLAIN));
                        }
                    }
                }
            }
        }
        let body =
            json!({"kind": "AdmissionReview", "apiVersion": review["apiVersion"], "response": response});
        Answer { code: 200, body: body.to_string().into_bytes(), panicked: false, fired: fired.0 }
    }
}

/// What must fire in a whole run: every reason that a review can have, and every pass.
#[must_use]
pub fn expectations() -> Vec<String> {
    /// Reasons that need another transport or a broken program.
    const NOT_BY_REVIEW: &[Reason] = &[
        Reason::EmptyBody,
        Reason::BodyTooLarge,
        Reason::BodyUnreadable,
        Reason::WrongContentType,
        Reason::NotReady,
        Reason::Deadline,
        Reason::Internal,
    ];
    Reason::ALL
        .iter()
        .filter(|reason| !NOT_BY_REVIEW.contains(reason))
        .map(|reason| format!("reason: {reason}"))
        .collect()
}

/// Collects the steps of an injection by name.
struct Fired(Vec<String>);

impl Fired {
    fn reason(&mut self, reason: Reason) {
        self.0.push(format!("reason: {reason}"));
    }

    /// `apply(pod, patch)` is the injected pod.
    fn check_patch(&mut self, before: &str, patch: &str, after: &str) {
        let applied = (|| {
            let mut pod: Value = serde_json::from_str(before).ok()?;
            let patch: json_patch::Patch = serde_json::from_str(patch).ok()?;
            json_patch::patch(&mut pod, &patch).ok()?;
            Some(pod)
        })();
        let same =
            applied.is_some_and(|pod| serde_json::from_str(after).is_ok_and(|after: Value| after == pod));
        if !same {
            self.0.push(BROKEN_PATCH.to_owned());
        }
    }
}

/// Fired where the patch does not make the pod that the core says it made.
pub const BROKEN_PATCH: &str = "broken: apply(pod, patch) is not the injected pod";

impl Trace for Fired {
    fn step(&mut self, step: Step<'_>) {
        let name = match step {
            Step::Decided { by, .. } => format!("decided: by {by}"),
            Step::Stripped { containers } => {
                format!("stage: strip {}", if containers > 0 { "containers" } else { "nothing" })
            }
            Step::OverridesReinserted { .. } => "stage: overrides put back".to_owned(),
            Step::NativeMoved => "stage: native sidecar moved".to_owned(),
            Step::OverrideApplied { container, init } => {
                let list = if init { "init container" } else { "container" };
                format!("stage: override of {list} {container}")
            }
            Step::Pass { name, changed } => {
                format!("pass: {name} {}", if changed { "changed the pod" } else { "changed nothing" })
            }
            Step::Gate { name, open } => format!("gate: {name} {}", if open { "open" } else { "shut" }),
            Step::TemplateChosen { .. }
            | Step::Rendered { .. }
            | Step::Merged { .. }
            | Step::Annotation { .. } => return,
        };
        self.0.push(name);
    }
}
