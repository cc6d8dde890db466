//! Deciding, rendering, merging, patching, explaining: sidecar injection as a pure function.

pub mod inject;
