//! Patches: a merge is the same by each of its ways, and the difference of any two trees makes the one out of the other, by
//! our applier and by another's.

use std::sync::LazyLock;

use pillion_core::inject::check::check;
use pillion_govalue::types::KNOWN;
use pillion_govalue::{TypeRef, Value, parse};
use pillion_kubepatch::{
    MergeError, Overlay, Parts, apply, overlay, read_patch, strategic_merge, write_patch,
};

use super::shown;

/// Remembers parts of the overlays that went before.
static PARTS: LazyLock<Parts> = LazyLock::new(Parts::default);

/// The two items of a list.
fn two<'v>(value: &'v Value<'static>) -> Option<(&'v Value<'static>, &'v Value<'static>)> {
    match value.as_list()? {
        [one, other] => Some((one, other)),
        _ => None,
    }
}

fn said(merged: Result<Value<'_>, MergeError>) -> Result<String, String> {
    merged.map(|value| shown(&value)).map_err(|error| error.to_string())
}

/// `[object, patch]`: merged strictly and as an overlay.
pub fn merge(bytes: &[u8]) {
    let Ok(read) = parse(bytes) else { return };
    let read = read.into_owned();
    let Some((object, patch)) = two(&read) else { return };
    let _ = said(strategic_merge(object, patch, KNOWN.pod));
    let plain = overlay(object, patch, KNOWN.pod);
    if let Ok(merged) = &plain {
        let ops = pillion_kubepatch::diff(object, merged, KNOWN.pod);
        assert!(apply(object, &ops).is_ok_and(|it| it == *merged), "{}", write_patch(&ops));
    }
    let plain = said(plain);
    assert_eq!(said(Overlay::new(patch, KNOWN.pod).over(object)), plain, "an overlay looked at beforehand");
    let fits = |_: &dyn Fn(&Value<'static>, TypeRef) -> bool| check(patch, KNOWN.pod).is_ok();
    let (remembered, _) = Overlay::remembered(patch, KNOWN.pod, &PARTS, fits);
    assert_eq!(said(remembered.over(object)), plain, "an overlay whose parts are remembered");
}

/// `[object, other object]`: the patch applies and makes the other.
pub fn diff(bytes: &[u8]) {
    let Ok(read) = parse(bytes) else { return };
    let read = read.into_owned();
    let Some((before, after)) = two(&read) else { return };
    let ops = pillion_kubepatch::diff(before, after, KNOWN.pod);
    let text = write_patch(&ops);
    let ours = apply(before, &ops).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(ours == *after, "{text}");
    assert!(before != after || ops.is_empty(), "{text}");
    assert_eq!(read_patch(text.as_bytes()).map(|read| write_patch(&read)).ok().as_ref(), Some(&text));

    let patch: json_patch::Patch = serde_json::from_str(&text).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&shown(before)).unwrap();
    json_patch::patch(&mut other, &patch).unwrap_or_else(|error| panic!("{error}: {text}"));
    let other = other.to_string();
    assert!(parse(other.as_bytes()).unwrap() == *after, "by another applier: {text}");
}
