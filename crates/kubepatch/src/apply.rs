//! Applies a patch to a tree, as RFC 6902 says: for outputs that show the whole object, and to prove [`crate::diff`].

use std::borrow::Cow;

use pillion_govalue::Value;

use crate::Op;

/// A step that does not fit the object.
#[derive(Debug, thiserror::Error)]
#[error("step {step} of the patch: {path:?}: {what}")]
pub struct ApplyError {
    /// Which step, from 0.
    pub step: usize,
    /// The pointer that leads nowhere.
    pub path: String,
    /// What is wrong there.
    pub what: &'static str,
}

/// The object after all steps.
///
/// # Errors
/// [`ApplyError`] for the first step that does not fit.
pub fn apply<'a>(value: &Value<'a>, ops: &[Op<'a>]) -> Result<Value<'a>, ApplyError> {
    let mut value = value.clone();
    for (step, op) in ops.iter().enumerate() {
        let done = match op {
            Op::Add { path, value: new } => add(&mut value, path, new.clone()).map_err(|e| (path, e)),
            Op::Remove { path } => remove(&mut value, path).map(drop).map_err(|e| (path, e)),
            Op::Replace { path, value: new } => {
                slot(&mut value, path).map(|slot| *slot = new.clone()).map_err(|e| (path, e))
            }
            Op::Move { from, path } => remove(&mut value, from)
                .map_err(|e| (from, e))
                .and_then(|taken| add(&mut value, path, taken).map_err(|e| (path, e))),
        };
        done.map_err(|(path, what)| ApplyError { step, path: path.clone(), what })?;
    }
    Ok(value)
}

const NOWHERE: &str = "nothing is there";
const NO_POINTER: &str = "no JSON Pointer";
const NO_INDEX: &str = "no index of the list";

/// What a pointer leads to.
fn slot<'t, 'a>(value: &'t mut Value<'a>, path: &str) -> Result<&'t mut Value<'a>, &'static str> {
    let Some(steps) = path.strip_prefix('/') else {
        return if path.is_empty() { Ok(value) } else { Err(NO_POINTER) };
    };
    steps.split('/').try_fold(value, |value, step| {
        let step = unescape(step);
        match value {
            Value::Map(_) => value.get_mut(&step).ok_or(NOWHERE),
            Value::List(items) => {
                let at = index(&step, items.len())?;
                value.as_list_mut().and_then(|items| items.get_mut(at)).ok_or(NOWHERE)
            }
            _ => Err(NOWHERE),
        }
    })
}

/// What holds the end of a pointer, and the last step.
fn holder<'t, 'p, 'a>(
    value: &'t mut Value<'a>,
    path: &'p str,
) -> Result<(&'t mut Value<'a>, Cow<'p, str>), &'static str> {
    let (parent, last) = path.rsplit_once('/').ok_or(NO_POINTER)?;
    Ok((slot(value, parent)?, unescape(last)))
}

fn add<'a>(value: &mut Value<'a>, path: &str, new: Value<'a>) -> Result<(), &'static str> {
    if path.is_empty() {
        *value = new;
        return Ok(());
    }
    let (holder, last) = holder(value, path)?;
    if let Some(map) = holder.as_map_mut() {
        map.insert(String::from(last), new);
        return Ok(());
    }
    let items = holder.as_list_mut().ok_or(NOWHERE)?;
    let at = if last == "-" { items.len() } else { index(&last, items.len() + 1)? };
    items.insert(at, new);
    Ok(())
}

fn remove<'a>(value: &mut Value<'a>, path: &str) -> Result<Value<'a>, &'static str> {
    let (holder, last) = holder(value, path)?;
    if let Some(map) = holder.as_map_mut() {
        return map.remove(&last).ok_or(NOWHERE);
    }
    let items = holder.as_list_mut().ok_or(NOWHERE)?;
    let at = index(&last, items.len())?;
    Ok(items.remove(at))
}

fn index(step: &str, below: usize) -> Result<usize, &'static str> {
    let plain = step == "0" || (!step.starts_with('0') && step.bytes().all(|b| b.is_ascii_digit()));
    step.parse().ok().filter(|at| plain && *at < below).ok_or(NO_INDEX)
}

fn unescape(step: &str) -> Cow<'_, str> {
    if step.contains('~') {
        Cow::Owned(step.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(step)
    }
}
