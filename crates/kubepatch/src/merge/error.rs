//! [`MergeError`]: why a merge fails, in apimachinery's words, and where.

use std::fmt;

use pillion_govalue::{Map, TypeRef, Value, json, number};

/// A merge that cannot be done. `Display` gives apimachinery's text; [`MergeError::path`] the place, which that
/// text lacks.
#[derive(Debug)]
pub struct MergeError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    fault: MergeFault,
    /// Steps from the inside out.
    path: Vec<String>,
}

/// What is wrong with an original or a patch.
#[derive(Debug, thiserror::Error)]
pub enum MergeFault {
    /// One of the two is no object.
    #[error("invalid JSON document")]
    BadDocument,
    /// An item of a merged list lacks the key by which items are matched.
    #[error("map: {item} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The item, as Go prints it.
        item: String,
        /// The missing key.
        key: String,
    },
    /// `$patch` with a value that there is no rule for.
    #[error("unknown patch type: {directive} in map: {item}")]
    BadDirective {
        /// The value of `$patch`.
        directive: String,
        /// The object it stands in, as Go prints it.
        item: String,
    },
    /// `$patch: merge` on an item of a list.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    /// A value of another kind than the patch's form demands.
    #[error("expected a {expected}, but received a {got}")]
    BadKind {
        /// The kind that is needed, by Go's name.
        expected: &'static str,
        /// The kind that is there.
        got: &'static str,
    },
    /// A list whose items are of several kinds.
    #[error("list element types are not identical: {0}")]
    MixedList(String),
    /// A list inside a list.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// Items that must be ordered, and there are none.
    #[error("no elements in any of the given slices")]
    NoItems,
    /// A list of objects under a field that has no merge key.
    #[error("cannot merge lists without merge key for {0}")]
    NoKeyDeclared(&'static str),
    /// `$deleteFromPrimitiveList` without a field's name.
    #[error("invalid patch format of primitive list")]
    BadDeleteList,
    /// `$retainKeys` that is no list, or does not name every field of the patch.
    #[error("invalid patch format of retainKeys")]
    BadRetainKeys,
    /// `$setElementOrder` that is no list or without a field's name.
    #[error("invalid patch format of setElementOrder list")]
    BadSetOrder,
    /// The patch's items stand in another order than `$setElementOrder` says.
    #[error("The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch {
        /// The patch's items, as Go prints them.
        patch: String,
        /// The order asked for.
        order: String,
    },
    /// A field that the type does not have, with an object or a list in both trees.
    #[error("unable to find api field in struct {} for the json field {field:?}", bare(*ty))]
    UnknownField {
        /// The type.
        ty: TypeRef,
        /// The member's name.
        field: String,
    },
    /// An object in both trees under something that has no fields.
    #[error("merging an object in json but data type is not struct, instead is: {0}")]
    NotStruct(&'static str),
    /// A list in both trees under a field that is no list.
    #[error("expected slice or array type, but got: {0}")]
    NotList(&'static str),
    /// A value that cannot be told equal or not, such as an object for a merge key.
    #[error("{0} cannot be compared: a name or a number is needed")]
    Uncomparable(&'static str),
}

impl MergeError {
    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &MergeFault {
        &self.0.fault
    }

    /// Where, as in `spec.containers[istio-proxy].env`; empty for the top.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        path
    }

    pub(super) fn within(mut self, step: impl Into<String>) -> Self {
        self.0.path.push(step.into());
        self
    }
}

impl From<MergeFault> for MergeError {
    fn from(fault: MergeFault) -> Self {
        Self(Box::new(Inner { fault, path: Vec::new() }))
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fault.fmt(f)
    }
}

impl std::error::Error for MergeError {}

/// `v1.PodSpec` → `PodSpec`.
fn bare(ty: TypeRef) -> &'static str {
    ty.name().rsplit('.').next().unwrap_or_default()
}

/// As much of a value as a message needs.
const ENOUGH: usize = 4096;

/// An object as Go's `%v` prints it.
pub(super) fn go_map(map: &Map<'_>) -> String {
    let mut out = String::new();
    print_map(&mut out, map);
    out
}

/// A value as Go's `%v` prints it.
pub(super) fn go_value(value: &Value<'_>) -> String {
    let mut out = String::new();
    print(&mut out, value);
    out
}

/// A list as Go's `%v` prints it.
pub(super) fn go_list(items: &[Value<'_>]) -> String {
    let mut out = String::new();
    print_list(&mut out, items);
    out
}

fn print(out: &mut String, value: &Value<'_>) {
    if out.len() > ENOUGH {
        return;
    }
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Str(s) => out.push_str(s),
        Value::Float(f) => out.push_str(&number::general(*f)),
        Value::List(items) => print_list(out, items),
        Value::Map(map) => print_map(out, map),
        scalar => json::write(out, scalar, json::PLAIN),
    }
}

fn print_list(out: &mut String, items: &[Value<'_>]) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        print(out, item);
    }
    out.push(']');
}

fn print_map(out: &mut String, map: &Map<'_>) {
    out.push_str("map[");
    for (i, (key, value)) in map.sorted().into_iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        print(out, value);
    }
    out.push(']');
}
