//! The chart, the manifests and the image. Not part of a plain `cargo test`, for it needs programs that Go builds:
//! `make charts` builds Helm, Kustomize and a Kubernetes API server.
//!
//! | module | holds |
//! |---|---|
//! | `support` | Helm, Kustomize, the API server that all tests share, rendered objects |
//! | `matrix` | value sets: every one is rendered, checked and taken by the API server |
//! | `objects` | what holds for every rendered object: rights, pods, webhooks |
//! | `refusals` | wrong values, and the message that names them |
//! | `selectors` | who is injected, against Istio's own chart |
//! | `values` | what single values change |
//! | `installed` | the chart in the cluster: upgrades, rights, whom API servers ask about |
//! | `restricted` | Pod Security: our pods, where `restricted` is enforced |
//! | `readme` | lines of the documentation that install it |
//! | `manifests` | Kustomize |
//! | `flags` | what the chart writes and the program reads |
//! | `image` | the Dockerfile and the libraries of the binary |
//! | `certificates` | `certs/make` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test fails by panicking and prints its figures"
)]

mod certificates;
mod flags;
mod image;
mod installed;
mod manifests;
mod matrix;
mod objects;
mod readme;
mod refusals;
mod restricted;
mod selectors;
mod support;
mod values;
