//! The shell of a mutating admission webhook that puts the Envoy sidecar into pods. What decides and renders is in
//! `pillion-core` and pure; here is what touches the world.
//!
//! ```text
//! bytes ─ http::admit ─ review::decode ─ engine ─ pillion_core::inject ─ review::encode ─ bytes
//!                                          │
//!                                          ├ generation   one snapshot, exchanged whole by `source::reload`
//!                                          ├ memo         answers that were given under it
//!                                          └ report       what the answer means: message, warnings, audit, metrics, log, Events
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`cli`] | commands and their flags; knows everything, and nobody knows it |
//! | [`http`] | listeners, connections, routes |
//! | [`body`] | bodies that are read and kept within bounds |
//! | [`review`] | AdmissionReviews as bytes |
//! | [`engine`] | the generation in use, panics |
//! | `memo` | answers that are remembered |
//! | [`report`] | what an answer means |
//! | [`decisions`] | which answers get a log line |
//! | [`notices`] | answers on their way to becoming Events |
//! | [`compare`] | two answers to one review |
//! | [`record`] | reviews written down, without what may be secret |
//! | [`shadow`] | another injector answers, and ours is held against it |
//! | [`explain`] | pods explained, with whether anybody asks about them |
//! | [`redirect`] | rules that send a pod's traffic through Envoy |
//! | [`files`] | manifests injected, for the command line |
//! | [`runtime`] | the threads that requests are worked on |
//! | [`source`] | where the configuration comes from and how it is exchanged |
//! | [`cluster`] | watches, webhook configurations, certificates in a Secret, Events |
//! | [`trial`] | configurations and workloads tried before they count |
//! | [`tls`] | certificates and what handshakes may agree on |
//! | [`telemetry`] | metrics and log lines |
//! | [`lifecycle`] | readiness, signals, draining |
//! | [`clock`] | the time of day |
//! | [`watch`] | directories that change |

pub mod body;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod compare;
pub mod decisions;
pub mod engine;
pub mod explain;
pub mod files;
pub mod http;
pub mod lifecycle;
mod memo;
pub mod notices;
pub mod record;
pub mod redirect;
pub mod report;
pub mod review;
pub mod runtime;
pub mod shadow;
pub mod source;
pub mod telemetry;
pub mod tls;
pub mod trial;
pub mod watch;

pub use memo::Capacity;
