//! Manifests: `pillion inject` against Istio's `IntoResourceFile`, which is what `istioctl kube-inject` runs.
//!
//! The same shape as the comparison of pods, a level up: a [`Manifest`] is asked of both ([`ask`]), Go reads the objects
//! of both answers, and [`judge`] compares them document by document, with verdicts, causes of errors and warnings.
//! What differs on purpose is a row of [`rows`]: it rewrites the question that Istio is asked (or Pillion's
//! configuration) so that just this one thing is said outright, and then the answers must be the same.

pub mod ask;
pub mod cause;
mod excuse;
pub mod generate;
pub mod judge;
pub mod manifest;
mod question;
pub mod report;
pub mod rewrite;
pub mod rows;
pub mod run;
pub mod text;

pub use manifest::Manifest;
