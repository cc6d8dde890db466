//! The program against a real Kubernetes API server. Not part of a plain `cargo test`, for it needs programs that Go
//! builds: `make dry-run` and `make e2e` build them and name them in `PILLION_KUBE`, `PILLION_ORACLE`, `PILLION_HELM` and
//! `PILLION_ISTIO`. Tests with running pods need a network namespace, which `make e2e` makes (`scripts/netns`).
//!
//! | module | holds |
//! |---|---|
//! | `support` | the program, Istio's configuration, commands |
//! | `kubectl` | `pillion inject \| kubectl create --dry-run=server` (`make dry-run`; all else is `make e2e`) |
//! | `harness` | a cluster whose pods run: control plane, kubelet, Helm, Kustomize |
//! | `kubelet` | the harness itself |
//! | `envoy_mode` | installed without any Istio |
//! | `explain` | `pillion explain` beside what really happens |
//! | `applied` | what users see while they apply ConfigMaps and workloads |
//! | `endure` | what must not be noticed by whoever creates pods |
//! | `clients` | API servers that must present a certificate |
//! | `rights` | each right of the chart is used, and none is lacking |
//! | `doctor` | `pillion doctor`: one fault at a time, named first with its mend |
//! | `status` | which pods have their sidecar: the command, gauges, Events |
//! | `tags` | `pillion tag` |
//! | `shadow` | in front of a live istiod, in shadow mode |
//! | `takeover` | beside a live istiod, and in its place |
//! | `table` | the rules that users rely on, row by row |
//! | `told` | why a pod is refused or skipped: Events, audit annotations, warnings at kubectl |
//! | `reviews` | what an API server sends for pods of controllers: the bodies of `make bench` |
//! | `watches` | the configuration in a cluster: awaited, followed, gone |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test fails by panicking and prints its figures"
)]

mod applied;
mod clients;
mod doctor;
mod endure;
mod envoy_mode;
mod explain;
mod harness;
mod kubectl;
mod kubelet;
mod reviews;
mod rights;
mod shadow;
mod status;
mod support;
mod table;
mod tags;
mod takeover;
mod told;
mod watches;
