//! `pillion serve` as a process, under attack and with faults: each test applies a load, while others ask what API servers
//! ask; nobody of them may go without an answer, and the memory stays within bounds. Each prints what it found as a line
//! `reliability: …`, out of which `scripts/reliability` makes the table of docs/reliability.md.
//!
//! | module | holds |
//! |---|---|
//! | `harness` | the process, its memory, those who must not notice, the line that is printed |
//! | `wire` | connections and frames by hand, as no library would send them |
//! | `tcp` | connections that say nothing, garbage, or not enough |
//! | `http1` | heads, bodies and answers of HTTP/1.1 |
//! | `http2` | frames of HTTP/2: floods, resets, windows |
//! | `content` | reviews, pods and templates that are deep, large or without end |
//! | `overload` | more work than there is time for |
//! | `cluster` | an API server that breaks |
//! | `plane` | that API server |
//! | `faults` | disks, descriptors, memory, clocks and signals |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "helpers of tests are tests too; they print their figures"
)]

mod cluster;
mod content;
mod faults;
mod harness;
mod http1;
mod http2;
mod overload;
mod plane;
#[path = "../it/support/program.rs"]
#[allow(dead_code, reason = "other tests need the rest")]
mod program;
mod tcp;
mod wire;
