//! The JSON Patch between two trees: objects member by member, lists by what their items are.
//!
//! Made for trees that share most of what they hold: a subtree that is one allocation in both is skipped unread, so
//! the cost is that of what changed. Never quadratic, also for long lists in another order.

mod list;
mod matching;

use std::collections::HashMap;

use pillion_govalue::{Field, Kind, Map, TypeRef, Value};

use crate::Op;
use crate::op::push_step;

/// Steps that make `after` out of `before`, two values of type `ty`. They apply to `before` in any applier of
/// RFC 6902. An item that only changed its place is moved, an item put in is added; items with a merge key are the
/// same item if the key is the same, others if they are equal or stand in the same gap.
#[must_use]
pub fn diff<'a>(before: &Value<'a>, after: &Value<'a>, ty: TypeRef) -> Vec<Op<'a>> {
    let mut diff = Diff { ops: Vec::with_capacity(32), path: String::with_capacity(128) };
    diff.value(before, after, Place { ty: Some(ty), key: None });
    diff.ops
}

/// What is known of a place by its type.
#[derive(Clone, Copy, Debug)]
struct Place {
    ty: Option<TypeRef>,
    /// The merge key of the items, where this is a list that has one.
    key: Option<&'static str>,
}

impl Place {
    fn member(self, key: &str) -> Self {
        let Some(ty) = self.ty.map(TypeRef::deref) else { return self };
        match ty.kind() {
            Kind::Map(_, item) => Self { ty: Some(item), key: None },
            _ => match ty.get().field_by_json(key) {
                Some(Field { ty, patch, .. }) => Self { ty: Some(*ty), key: patch.merge_key },
                None => Self { ty: None, key: None },
            },
        }
    }

    fn item(self) -> Self {
        let ty = match self.ty.map(|ty| ty.deref().kind()) {
            Some(Kind::List(item)) => Some(item),
            _ => None,
        };
        Self { ty, key: None }
    }
}

struct Diff<'a> {
    ops: Vec<Op<'a>>,
    path: String,
}

/// Up to so many keys, scanning is cheaper than an index.
const FEW: usize = 32;

impl<'a> Diff<'a> {
    fn value(&mut self, before: &Value<'a>, after: &Value<'a>, place: Place) {
        if before.same_pointer(after) {
            return;
        }
        match (before, after) {
            (Value::Map(old), Value::Map(new)) => self.object(old, new, place),
            (Value::List(old), Value::List(new)) => self.list(old, new, place),
            _ if before == after => {}
            _ => self.replace(after),
        }
    }

    fn object(&mut self, old: &Map<'a>, new: &Map<'a>, place: Place) {
        let (mut in_old, mut in_new) = (Members::of(old), Members::of(new));
        for (at, (key, before)) in old.iter().enumerate() {
            match in_new.get(at, key) {
                None => self.at(key, |diff| {
                    let path = diff.path.clone();
                    diff.ops.push(Op::Remove { path });
                }),
                // Most members: there is nothing to say, and no need to know where they are.
                Some(after) if unchanged(before, after) => {}
                // For some appliers a null member is not there to be replaced.
                Some(after) if before.is_null() => self.at(key, |diff| diff.add(after)),
                Some(after) => self.at(key, |diff| diff.value(before, after, place.member(key))),
            }
        }
        for (at, (key, after)) in new.iter().enumerate() {
            if in_old.get(at, key).is_none() {
                self.at(key, |diff| diff.add(after));
            }
        }
    }

    /// Works one step deeper.
    fn at(&mut self, key: &str, work: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        push_step(&mut self.path, key);
        work(self);
        self.path.truncate(length);
    }

    fn add(&mut self, value: &Value<'a>) {
        self.ops.push(Op::Add { path: self.path.clone(), value: value.clone() });
    }

    fn replace(&mut self, value: &Value<'a>) {
        self.ops.push(Op::Replace { path: self.path.clone(), value: value.clone() });
    }
}

/// Whether two values are seen to be the same at a glance.
fn unchanged(before: &Value<'_>, after: &Value<'_>) -> bool {
    match (before, after) {
        (Value::List(_), Value::List(_)) | (Value::Map(_), Value::Map(_)) => before.same_pointer(after),
        _ => before == after,
    }
}

/// An object's members by key: most stand where they stand in the object that it is compared with.
struct Members<'v, 'a> {
    map: &'v Map<'a>,
    /// Made for an object of many once a member was not where it was looked for.
    index: Option<HashMap<&'v str, &'v Value<'a>>>,
}

impl<'v, 'a> Members<'v, 'a> {
    const fn of(map: &'v Map<'a>) -> Self {
        Self { map, index: None }
    }

    /// The member `key`, which probably is the one at `at`.
    fn get(&mut self, at: usize, key: &str) -> Option<&'v Value<'a>> {
        match self.map.nth(at) {
            Some((there, value)) if there.as_str() == key => return Some(value),
            _ if self.map.len() <= FEW => return self.map.get(key),
            _ => {}
        }
        let map = self.map;
        let index = self.index.get_or_insert_with(|| map.iter().map(|(k, v)| (k.as_str(), v)).collect());
        index.get(key).copied()
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
