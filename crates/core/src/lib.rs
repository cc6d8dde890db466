//! Deciding, rendering, merging, patching, explaining: sidecar injection as a pure function.

pub mod config;
pub mod explain;
pub mod inject;
pub mod lint;
pub mod manifest;
