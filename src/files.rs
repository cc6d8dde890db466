//! Manifests injected, text in and text out: what `pillion inject` does to each file, for whoever has the text already.
//! Never: files, the terminal, or injecting in another way than the webhook does.

use pillion_core::config::{Snapshot, proxyconfig};
use pillion_core::inject::{self, InjectError, Reason, Request, Verdict, Warning};
use pillion_core::manifest::{self, Injected, ManifestError, PodDoc};
use pillion_govalue::Value;

/// What all manifests share.
#[derive(Debug)]
pub struct Injector {
    /// The configuration.
    pub snapshot: Snapshot,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// Seconds since the epoch, for templates that ask for the time.
    pub now: i64,
}

/// A manifest after injection.
#[derive(Debug)]
pub struct Done<'t> {
    /// Its text and documents.
    pub injected: Injected<'t>,
    /// The JSON Patch of every pod, as the webhook answers it; `[]` for one that is not injected.
    pub patches: Vec<String>,
}

/// Something that people should know of one object.
#[derive(Debug)]
pub struct Note {
    /// The object: `Deployment "shop/web"`.
    pub label: String,
    /// What.
    pub what: Told,
}

/// What there is to know.
#[derive(Debug)]
pub enum Told {
    /// The pod is injected or not, but something about it is odd.
    Warning(Warning),
    /// The pod stays as it is.
    NotInjected(Reason),
}

impl Injector {
    /// Injects the manifest `text`, which errors call `name`, and tells what is to be known as it is found.
    ///
    /// # Errors
    /// The first fault, with its document and line; nothing of the manifest is injected then.
    pub fn inject<'t>(
        &self,
        name: &str,
        text: &'t str,
        mut tell: impl FnMut(Note),
    ) -> Result<Done<'t>, Box<ManifestError<InjectError>>> {
        let mut patches = Vec::new();
        let injected = manifest::inject(name, text, |doc| self.pod(doc, &mut patches, &mut tell))?;
        Ok(Done { injected, patches })
    }

    fn pod(
        &self,
        doc: &PodDoc<'_>,
        patches: &mut Vec<String>,
        tell: &mut impl FnMut(Note),
    ) -> Result<Option<Value<'static>>, InjectError> {
        let namespace = if doc.namespace.is_empty() { &self.namespace } else { &doc.namespace };
        let request = Request {
            pod: doc.pod.clone(),
            namespace,
            path: "/inject",
            owner: doc.owner.clone(),
            now: Some(self.now),
        };
        let own = self.with_mesh_of_pod(doc);
        let outcome = inject::inject(own.as_ref().unwrap_or(&self.snapshot), &request, &mut ())?;
        let mut note = |what| tell(Note { label: doc.label.clone(), what });
        outcome.warnings.into_iter().for_each(|warning| note(Told::Warning(warning)));
        patches.push(pillion_kubepatch::write_patch(&outcome.patch));
        if outcome.verdict == Verdict::Injected {
            return Ok(Some(outcome.pod.into_owned()));
        }
        note(Told::NotInjected(outcome.reason));
        Ok(None)
    }

    /// A pod's own proxy configuration counts as the mesh's, as `istioctl kube-inject` has it: so a port of the agent
    /// that it names reaches probes and Prometheus too. One that cannot be read is told when the pod is checked.
    fn with_mesh_of_pod(&self, doc: &PodDoc<'_>) -> Option<Snapshot> {
        let annotation = doc.pod.at(&["metadata", "annotations", proxyconfig::ANNOTATION])?.as_str()?;
        let mesh = self.snapshot.mesh.of_pod(annotation).ok()?;
        Some(Snapshot { mesh, ..self.snapshot.clone() })
    }
}
