//! A real Kubernetes control plane for tests: etcd, kube-apiserver and, on demand, kube-controller-manager, built by
//! `scripts/kube` and started on free loopback ports with certificates and a token of their own.
//!
//! [`ControlPlane`] starts and ends them, [`Client`] talks to the API server, [`children`] sees to it that no process
//! outlives the test, however it ends. There are no nodes and no scheduler: workloads get pods, and pods stay
//! `Pending`, which is all that admission needs. Where pods of one image must run, [`kubelet`] runs them. Never knows
//! anything of Pillion.

mod certificates;
pub mod children;
mod client;
mod command;
pub mod kubelet;
mod plane;
mod ports;

pub use client::{Answer, Client};
pub use command::run;
pub use plane::{ControlPlane, binaries};
