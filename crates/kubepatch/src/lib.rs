//! Patches of Kubernetes objects: strategic merge as apimachinery does it ([`strategic_merge`], and [`overlay`] as
//! injection uses it).
//!
//! Never: reading or writing objects, knowing what injection means, or deciding anything.

mod merge;

pub use merge::{MergeError, MergeFault, overlay, strategic_merge};
