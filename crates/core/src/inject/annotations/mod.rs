//! The annotations (and one label) that users steer injection with: one table, read by the validator, by `explain`
//! and by the documentation. Never: what an annotation does (templates and passes read them).

mod table;
mod validators;

pub use table::{Annotation, Checked, Deprecated, Kind, TABLE};

use pillion_govalue::Value;

use super::context::Context;
use super::error::{BadAnnotation, BadAnnotations};
use super::finish::containers::annotations;
use super::trace::{Step, Trace};
use crate::config::Gates;

/// The row of the annotation `name`.
#[must_use]
pub fn row(name: &str) -> Option<&'static Annotation> {
    TABLE.iter().find(|row| row.name == name)
}

/// Checks every annotation of the pod that this release or the profile checks.
///
/// # Errors
/// All that cannot be used, in the order of their names.
pub(crate) fn check_all<T: Trace>(cx: &Context<'_, '_>, trace: &mut T) -> Result<(), BadAnnotations> {
    let mut bad = check(&cx.original, &cx.snapshot.gates, trace).err().unwrap_or_default();
    bad.0.extend(cx.declared.bad.iter().cloned());
    bad.0.sort_by(|a, b| a.name.cmp(&b.name));
    if bad.0.is_empty() { Ok(()) } else { Err(bad) }
}

/// Checks every annotation of the pod that this release checks.
///
/// # Errors
/// All that cannot be used, in the order of their names.
fn check<T: Trace>(pod: &Value<'_>, gates: &Gates, trace: &mut T) -> Result<(), BadAnnotations> {
    let mut bad = BadAnnotations::default();
    for (name, value) in annotations(pod) {
        let Some(row) = row(name) else { continue };
        let problem = row.problem(value, gates);
        trace.step(Step::Annotation { name, valid: problem.is_none() });
        if let Some(message) = problem {
            bad.0.push(BadAnnotation { name: name.into(), value: value.into(), message });
        }
    }
    bad.0.sort_by(|a, b| a.name.cmp(&b.name));
    if bad.0.is_empty() { Ok(()) } else { Err(bad) }
}

#[cfg(test)]
mod tests;
