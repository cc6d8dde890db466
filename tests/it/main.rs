//! The integration tests, one binary, so that they link once and share their helpers.
//!
//! | module | holds |
//! |---|---|
//! | `support` | a webhook in this process, clients, certificates, the program as a child |
//! | `admission` | what the webhook answers, on the router, without a socket |
//! | `told` | what an answer tells beside its verdict: audit annotations, warnings, notices for Events |
//! | `admin` | the public admin port, without a socket |
//! | `debug` | the debug port, without a socket: who is answered, what is shown, what browsers are told |
//! | `server` | TLS, HTTP/1.1 and HTTP/2, slow clients, the connection cap, draining |
//! | `reload` | configurations that change while the webhook runs |
//! | `certificates` | certificates that come late, change, expire, or must be trusted first |
//! | `clients` | who may call the webhook's port, where that is asked |
//! | `folders` | objects in folders of a configuration: facts of clusters, ProxyConfig resources |
//! | `serve` | `pillion serve` as a process: its contract with whoever starts it |
//! | `inject` | `pillion inject` as a process |
//! | `cluster_commands` | `pillion tag` and `pillion takeover` as processes, without a cluster |
//! | `explain` | `pillion explain` as a process, and over the debug port |
//! | `config` | `pillion config` as a process |
//! | `validation` | what is answered to ConfigMaps and workloads that are applied |
//! | `values` | values over the Envoy profile's own, found in a cluster |
//! | `shadow` | shadow mode, what is recorded, and its replay |
//! | `hostile` | strangers: reviews torn, hurt and blown up |
//! | `redirect` | `pillion redirect` as a process, without a kernel that takes its rules |
//! | `golden` | folders of input and expected output |
//! | `release` | what a release says of itself: its version, manual pages, completions |
//! | `quickstart` | the README's commands, tried |
//! | `secrets` | what must be in no log, error, recording or explanation |
//! | `docs` | what the documentation says of the code |
//! | `tidy` | rules about the source that no compiler knows |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "helpers of tests are tests too, and nobody uses this crate"
)]

mod admin;
mod admission;
mod certificates;
mod clients;
mod cluster_commands;
mod config;
mod debug;
mod docs;
mod explain;
mod folders;
mod golden;
mod hostile;
mod inject;
mod kube_inject;
mod quickstart;
mod redirect;
mod release;
mod reload;
mod secrets;
mod serve;
mod server;
mod shadow;
mod support;
mod tidy;
mod told;
mod validation;
mod values;
