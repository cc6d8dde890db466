//! Patches of Kubernetes objects: strategic merge as apimachinery does it ([`strategic_merge`], and [`overlay`] as
//! injection uses it), and the JSON Patch between two trees ([`diff`]), which knows what the items of a list are.
//!
//! Never: reading or writing objects, knowing what injection means, or deciding anything.

mod apply;
#[cfg(test)]
mod clock;
mod diff;
mod merge;
mod op;
mod read;

pub use apply::{ApplyError, apply};
pub use diff::diff;
pub use merge::{MergeError, MergeFault, Overlay, Parts, overlay, strategic_merge};
pub use op::{Op, write_patch};
pub use read::{PatchError, read_patch};
