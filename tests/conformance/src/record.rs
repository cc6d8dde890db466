//! Pods with Istio's answers, written down: what a later test can hold the core against without asking again. A file for
//! each release and configuration: a line with the configuration, and a line for each pod on which both agreed. What needs
//! facts of clusters is left out. Never: judging.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::answer::Verdict;
use crate::judge::{Judgement, Pair};
use crate::properties::without_nulls;
use crate::run::Job;

/// Whether a review is one that holds a pod, or an object in the place of one.
fn is_ordinary(review: &Value) -> bool {
    let version = review["apiVersion"].as_str().unwrap_or_default();
    review["kind"] == "AdmissionReview"
        && matches!(version, "admission.k8s.io/v1" | "admission.k8s.io/v1beta1")
        && review["request"]["object"].is_object()
        && review["request"]["uid"].is_string()
}

/// What is written of one release and configuration.
#[derive(Debug)]
pub struct Recorder(Option<BufWriter<File>>);

impl Recorder {
    /// Begins a file in `folder`; nothing is written without one.
    pub fn begin(folder: Option<&Path>, job: &Job<'_>) -> Result<Self> {
        let Some(folder) = folder.filter(|_| !job.dir.join("cluster.yaml").exists()) else {
            return Ok(Self(None));
        };
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join(format!("{}-{}.jsonl", job.release, job.configuration.name));
        let text = |name: &str| std::fs::read_to_string(job.dir.join(name)).ok();
        let configuration = json!({
            "config": text("config"),
            "values": text("values"),
            "mesh": text("mesh"),
            "proxyConfigs": text("proxyconfigs.yaml"),
            "release": if job.release == "latest" { "master" } else { job.release },
            "revision": job.configuration.revision,
            "env": job.configuration.env.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        });
        let mut writer = BufWriter::new(File::create(&file).with_context(|| file.display().to_string())?);
        writeln!(writer, "{configuration}")?;
        Ok(Self(Some(writer)))
    }

    /// Writes down one pod.
    pub fn note(&mut self, pair: &Pair<'_>, judgement: &Judgement) -> Result<()> {
        let Some(writer) = &mut self.0 else { return Ok(()) };
        // Escapes in a path are undone, and a review is read, before the core sees anything.
        let apart = pair.case.path.contains('%') || !is_ordinary(&pair.case.review);
        if !judgement.same() || judgement.excused || apart {
            return Ok(());
        }
        let answer = match pair.istio.verdict {
            Verdict::Injected => json!({"injected": without_nulls(judgement.injected.clone())}),
            Verdict::Skipped => json!({"skipped": true}),
            // Its words may be others for a reason.
            Verdict::Refused => json!({"refused": pair.pillion.message}),
            _ => return Ok(()),
        };
        let request = &pair.case.review["request"];
        let line = json!({
            "name": pair.case.name,
            "path": pair.case.path,
            "namespace": request["namespace"].as_str().unwrap_or_default(),
            "pod": request["object"],
            "answer": answer,
        });
        writeln!(writer, "{line}")?;
        Ok(())
    }

    /// Ends the file.
    pub fn end(self) -> Result<()> {
        self.0.map_or(Ok(()), |mut writer| Ok(writer.flush()?))
    }
}
