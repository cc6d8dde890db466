//! One pod in, one patch out: a pure function of a snapshot and a request.
//!
//! | file | stage |
//! |---|---|
//! | `request` | what goes in and what comes out |
//! | `check` | the pod against the Go types |
//! | `reason`, `error`, `trace` | how an answer is explained |
//!
//! Never: input and output, clocks, logging.

pub mod check;
mod error;
mod reason;
mod request;
mod trace;

pub use error::{BadAnnotation, BadAnnotations, FinishError, InjectError, OverlayFault, OverlayStep};
pub use reason::{Reason, Verdict};
pub use request::{Outcome, Owner, Request, Warning};
pub use trace::{Step, Trace};
