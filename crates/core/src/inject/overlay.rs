//! One overlay over one pod: a strategic merge, and the check that what comes out is still a pod, as Go finds out by
//! decoding it. Never: where the overlay comes from.

use pillion_govalue::Value;
use pillion_govalue::types::KNOWN;

use super::check;
use super::error::OverlayFault;

/// `pod` under `overlay`.
///
/// # Errors
/// An overlay that cannot be merged, or makes the pod something else.
pub(crate) fn apply<'r>(pod: &Value<'r>, overlay: &Value<'r>) -> Result<Value<'r>, OverlayFault> {
    let merged = pillion_kubepatch::overlay(pod, overlay, KNOWN.pod)
        .map_err(|e| OverlayFault::Merge(e.to_string()))?;
    check::check(&merged, KNOWN.pod).map_err(|e| OverlayFault::NotAPod(e.to_string()))?;
    Ok(merged)
}
