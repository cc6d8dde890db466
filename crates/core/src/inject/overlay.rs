//! One overlay over one pod: a strategic merge, and the check that what comes out is still a pod, as Go finds out by
//! decoding it. Never: where the overlay comes from.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{TypeRef, Value};
use pillion_kubepatch::Parts;

use super::check;
use super::error::OverlayFault;
use super::fold::{self, Order};

/// An overlay that is laid over pods, each of which has passed the check.
pub(crate) struct Overlay<'p, 'r> {
    merge: pillion_kubepatch::Overlay<'p, 'r>,
    /// Every value in it is of the type of its place, and nothing but values is in it: so it is of a pod over which it
    /// is laid, for every value there comes from one of the two.
    fits: bool,
    /// It names a field in another case.
    folds: bool,
}

impl<'p, 'r> Overlay<'p, 'r> {
    /// `overlay`, looked at once.
    pub(crate) fn new(overlay: &'p Value<'r>) -> Self {
        let merge = pillion_kubepatch::Overlay::new(overlay, KNOWN.pod);
        let fits = merge.is_plain() && check::check(overlay, KNOWN.pod).is_ok();
        Self::of(merge, fits, overlay)
    }

    /// The same, where most of the overlay is of parts that were looked at before.
    pub(crate) fn remembered(overlay: &'p Value<'static>, parts: &Parts) -> Self {
        let passes = |known: &dyn Fn(&Value<'static>, TypeRef) -> bool| {
            let known = |value: &Value<'static>, ty| {
                matches!(value, Value::Map(_) | Value::List(_)) && known(value, ty)
            };
            check::check_but(overlay, KNOWN.pod, &known).is_ok()
        };
        let (merge, fits) = pillion_kubepatch::Overlay::remembered(overlay, KNOWN.pod, parts, passes);
        Self::of(merge, fits, overlay)
    }

    fn of(merge: pillion_kubepatch::Overlay<'p, 'r>, fits: bool, overlay: &Value<'_>) -> Self {
        // To what is plain every name is one that the type has.
        let folds = !merge.is_plain() && fold::any(overlay, KNOWN.pod);
        Self { merge, fits, folds }
    }

    /// `pod` under the overlay.
    ///
    /// # Errors
    /// An overlay that cannot be merged, or makes the pod something else.
    pub(crate) fn over(&self, pod: &Value<'r>) -> Result<Value<'r>, OverlayFault> {
        let mut merged = self.merge.over(pod).map_err(|e| OverlayFault::Merge(e.to_string()))?;
        if self.folds {
            merged = fold::folded(&merged, KNOWN.pod, Order::Sorted);
        }
        if !self.fits {
            check::check_sorted(&merged, KNOWN.pod).map_err(|e| OverlayFault::NotAPod(e.to_string()))?;
        }
        Ok(merged)
    }
}
