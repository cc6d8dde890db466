//! Slice bounds as Go checks them, with the texts of its run-time panics. Never slices anything itself.

use crate::funcs::Fault;

/// The end of `s[:end]` for a string of length `len`.
pub(super) fn up_to(end: i64, len: usize) -> Result<usize, Fault> {
    match usize::try_from(end) {
        Ok(end) if end <= len => Ok(end),
        Ok(end) => Err(fault(&format!("[:{end}] with length {len}"))),
        Err(_) => Err(fault(&format!("[:{end}]"))),
    }
}

/// The start of `s[start:]`; `start` is not negative.
pub(super) fn from(start: i64, len: usize) -> Result<usize, Fault> {
    usize::try_from(start)
        .ok()
        .filter(|start| *start <= len)
        .ok_or_else(|| fault(&format!("[{start}:{len}]")))
}

/// Start and end of `s[start:end]`; neither is negative and `end` is no more than the length.
pub(super) fn both(start: i64, end: i64) -> Result<(usize, usize), Fault> {
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(start), Ok(end)) if start <= end => Ok((start, end)),
        _ => Err(fault(&format!("[{start}:{end}]"))),
    }
}

fn fault(what: &str) -> Fault {
    Fault::new(format!("runtime error: slice bounds out of range {what}"))
}
