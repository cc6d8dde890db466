//! Holds Pillion against Istio's own injector, pod for pod.
//!
//! [`run`] takes each release and configuration, asks the oracle (Istio's code as a program, [`oracle`]) and Pillion
//! ([`injector`]) the same questions ([`handmade`] and [`generate`]d ones), lets Go judge ([`judge`]), and
//! [`report`] prints what came of it. On demand a real API server judges too ([`api_server`]). [`files`] does the same for
//! whole manifests, [`mesh`] for mesh configurations alone, and [`fuzz`] over pods that nobody would write. A library only so that its parts can be tested; nothing
//! depends on it.

pub mod answer;
pub mod api_server;
pub mod case;
pub mod clusters;
pub mod compare;
pub mod configuration;
pub mod coverage;
pub mod deviations;
pub mod files;
pub mod fuzz;
mod gates;
pub mod generate;
pub mod handmade;
pub mod injector;
pub mod judge;
pub mod loading;
pub mod memory;
pub mod mesh;
pub mod options;
pub mod oracle;
pub mod pillion;
pub mod places;
pub mod properties;
pub mod record;
pub mod releases;
pub mod replay;
pub mod report;
pub mod run;
pub mod tally;
pub mod templates;
pub mod wordings;
pub mod workers;
