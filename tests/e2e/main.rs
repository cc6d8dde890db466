//! The program against a real Kubernetes API server. Not part of a plain `cargo test`, for it needs programs that Go
//! builds: `make dry-run` builds them and names them in `PILLION_KUBE` and `PILLION_ORACLE`.
//!
//! | module | holds |
//! |---|---|
//! | `support` | the control plane that all tests share, the program, Istio's configuration |
//! | `kubectl` | `pillion inject \| kubectl create --dry-run=server` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test fails by panicking and prints its figures"
)]

mod kubectl;
mod support;
