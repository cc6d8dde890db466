//! A configuration tried before it serves: on sample pods, on the workloads of a cluster or of files, against the one in
//! use. What comes out is told to people: by `pillion config`, and by webhooks that look at ConfigMaps and workloads
//! while they are applied.
//!
//! | file | owns |
//! |---|---|
//! | `samples` | pods for each template |
//! | `problems` | what was found, the same of many pods told once |
//! | `change` | what another configuration would change |
//! | `asked` | whether API servers ask us about a workload's pods |
//! | `advice` | what to tell who applies a workload |
//! | `configmap` | what to answer who applies a ConfigMap of the configuration |
//!
//! Never: what pods get (the engine alone decides), and anything that the network or a cluster says.

pub mod advice;
pub mod asked;
pub mod change;
pub mod configmap;
pub mod problems;
pub mod samples;

use std::time::{Duration, Instant};

use pillion_core::config::{Built, Settings, Snapshot};
use pillion_core::inject::{self, InjectError, Outcome, Request};
use pillion_core::lint::{self, Severity};
use pillion_core::manifest::PodDoc;
use pillion_govalue::Value;

use crate::source::{self, SourceError, Texts};
pub use problems::{Problem, Problems};
use samples::OfTemplate;

/// A pod that is tried.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is, for people: `Deployment "shop/web"`.
    pub label: String,
    /// Its namespace.
    pub namespace: String,
    /// The pod as a webhook would see it.
    pub pod: Value<'static>,
}

impl Case {
    /// A pod of a manifest; where none is written its namespace is `namespace`.
    #[must_use]
    pub fn of(doc: PodDoc<'_>, namespace: &str) -> Self {
        let own = if doc.namespace.is_empty() { namespace.to_owned() } else { doc.namespace };
        Self { label: doc.label, namespace: own, pod: doc.pod.into_owned() }
    }

    /// What the webhook would make of it.
    ///
    /// # Errors
    /// The pod is refused.
    pub fn injected<'c>(&'c self, snapshot: &Snapshot) -> Result<Outcome<'c>, InjectError> {
        let request = Request {
            pod: self.pod.clone(),
            namespace: &self.namespace,
            path: "/inject",
            owner: None,
            // The same time for all, so that two configurations can be compared.
            now: Some(0),
        };
        inject::inject(snapshot, &request, &mut ())
    }
}

/// When a trial is given up: a stranger's templates may be many and slow.
#[derive(Clone, Copy, Debug)]
pub struct Until(Option<Instant>);

impl Until {
    /// It takes as long as it takes.
    pub const DONE: Self = Self(None);

    /// After this long.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(Some(Instant::now() + time))
    }

    fn has_come(self) -> bool {
        self.0.is_some_and(|at| Instant::now() >= at)
    }
}

/// A configuration as it is read, and with sidecars that are native, or are not.
pub struct Candidates {
    /// With what the settings say.
    pub built: Built,
    /// The same with native sidecars, and without.
    variants: Vec<(&'static str, Snapshot)>,
}

impl Candidates {
    /// Compiles a configuration.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn build(texts: &Texts, settings: &Settings) -> Result<Self, SourceError> {
        use pillion_core::config::NativeSidecars::{False, True};
        let built = source::build(texts, settings.clone())?;
        let mut variants = Vec::new();
        for (name, native_sidecars) in [("native", True), ("not native", False)] {
            let settings = Settings { native_sidecars, ..settings.clone() };
            variants.push((name, source::build(texts, settings)?.snapshot));
        }
        Ok(Self { built, variants })
    }

    /// Tries every sample, and tells of what the configuration itself has to be told.
    pub fn on_samples(&self, until: Until, problems: &mut Problems) {
        self.built.warnings.iter().for_each(|warning| problems.add(Problem::of_configuration(warning)));
        let others = samples::of_others(&self.built.snapshot.injector);
        for (variant, snapshot) in &self.variants {
            for case in samples::of_defaults() {
                if until.has_come() {
                    return problems.add(Problem::unfinished());
                }
                run(snapshot, &case, variant, problems);
            }
            for other in &others {
                if until.has_come() {
                    return problems.add(Problem::unfinished());
                }
                // No pod gets it that does not ask for it.
                problems.append(of_other(snapshot, other, variant).at_most(Severity::Warning));
            }
        }
    }

    /// The first sample of the default templates that is refused.
    ///
    /// # Errors
    /// Why it is.
    pub fn refused_sample(&self, until: Until) -> Result<(), (String, InjectError)> {
        for (_, snapshot) in &self.variants {
            for case in samples::of_defaults() {
                if until.has_come() {
                    return Ok(());
                }
                case.injected(snapshot).map_err(|error| (case.label.clone(), error))?;
            }
        }
        Ok(())
    }

    /// Tries workloads.
    pub fn on_workloads(&self, cases: &[Case], problems: &mut Problems) {
        cases.iter().for_each(|case| run(&self.built.snapshot, case, "", problems));
    }
}

/// Tries a template that is no default one: alone, and if that is not well, behind the default ones, for what is an
/// overlay over them is no template for a pod alone, nor need it be.
fn of_other(snapshot: &Snapshot, other: &OfTemplate, variant: &str) -> Problems {
    let tried = |cases: &[Case]| {
        let mut problems = Problems::default();
        cases.iter().for_each(|case| run(snapshot, case, variant, &mut problems));
        problems
    };
    let alone = tried(&other.alone);
    if alone.is_empty() {
        return alone;
    }
    let behind = tried(&other.behind);
    if behind.is_empty() { behind } else { alone }
}

/// Tries one pod.
fn run(snapshot: &Snapshot, case: &Case, variant: &str, problems: &mut Problems) {
    let label = match variant {
        "" => case.label.clone(),
        variant => format!("{} ({variant})", case.label),
    };
    match case.injected(snapshot) {
        Err(error) => {
            problems.count(pillion_core::inject::Verdict::Refused);
            problems.add(Problem::of_refusal(&error, &label));
        }
        Ok(outcome) => {
            problems.count(outcome.verdict);
            for warning in &outcome.warnings {
                if let Some(problem) = Problem::of_warning(warning, &label) {
                    problems.add(problem);
                }
            }
            for finding in lint::lint(snapshot, &case.pod, &outcome) {
                problems.add(Problem::of_finding(&finding, &label));
            }
        }
    }
}
