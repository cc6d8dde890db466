//! The core against strangers: pods, annotations, configurations and manifests that nobody sane would write, seeded
//! and bounded. Nothing here catches a panic, so a panic anywhere in the core fails these tests.
//!
//! | module | holds |
//! |---|---|
//! | `hurt` | JSON texts with one or many places replaced by something hostile |
//! | `pods` | random pods that are valid, and one that has every field the injector looks at |
//! | `sets` | three configurations: the profile of the program, a small sidecar, a native one |
//! | `survive` | whatever comes in: an outcome, or a refusal with a reason and a message no longer than what it quotes |
//! | `properties` | patch and outcome agree, a second injection changes nothing, unknown fields stay |
//! | `cost` | what a pod may make the injector do is bounded and grows with its size |
//! | `configs` | configurations that are hurt the same way |
//! | `manifests` | manifests that are hurt the same way |

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "helpers of tests are tests too")]

mod configs;
mod cost;
mod hurt;
mod manifests;
mod pods;
mod properties;
mod sets;
mod survive;
