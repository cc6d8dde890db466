//! The merge of two lists: items matched by merge key or, for scalars, by value; then put in order.
//!
//! The order is apimachinery's: items of the patch in the patch's order, the others in the original's, and the two
//! woven together so that an item of the original stands before the first of the patch that stood behind it.

use std::collections::{HashMap, HashSet};

use pillion_govalue::{TypeRef, Value};

use super::error::go_list;
use super::key::{Key, missing};
use super::object::{DIRECTIVE, bad_directive};
use super::{Merge, MergeError, MergeFault, ValueKind, go_kind};

/// How a list is merged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// The type of its items.
    pub(super) item: TypeRef,
    /// The merge key of its items; `None` for scalars.
    pub(super) key: Option<&'static str>,
    /// Whether the patch names what goes.
    pub(super) delete: bool,
}

/// A merged list.
pub(super) struct Merged<'v, 'a> {
    pub(super) items: Vec<Value<'a>>,
    /// The items' keys.
    pub(super) keys: Vec<Key<'v>>,
    /// The keys by which a later ordering knows the original's order.
    pub(super) before: Vec<Key<'v>>,
}

impl Merge<'_> {
    pub(super) fn list<'v, 'a>(
        self,
        old: &'v [Value<'a>],
        new: &'v [Value<'a>],
        plan: Plan,
    ) -> Result<Merged<'v, 'a>, MergeError> {
        // A null item of a typed list is an empty struct.
        let structs = self.typed && plan.key.is_some() && old.iter().any(Value::is_null);
        let kind = match structs {
            true => self.items_kind(&[], new)?.or(Some(ValueKind::Map)),
            false => self.items_kind(old, new)?,
        };
        match kind {
            None => Ok(Merged { items: Vec::new(), keys: Vec::new(), before: Vec::new() }),
            Some(ValueKind::Map) => self.objects(old, new, plan),
            Some(_) => self.scalars(old, new, plan),
        }
    }

    /// The one kind that all items have; `None` without any.
    pub(super) fn items_kind(
        self,
        old: &[Value<'_>],
        new: &[Value<'_>],
    ) -> Result<Option<ValueKind>, MergeError> {
        let mut all = old.iter().chain(new).map(|item| self.kind(item));
        let Some(first) = all.next() else { return Ok(None) };
        match first {
            ValueKind::List => Err(MergeFault::ListOfLists.into()),
            ValueKind::Null => Err(MergeFault::Uncomparable("null").into()),
            _ if all.all(|kind| kind == first) => Ok(Some(first)),
            _ => Err(MergeFault::MixedList(format!("[{} {}]", go_list(old), go_list(new))).into()),
        }
    }

    fn scalars<'v, 'a>(
        self,
        old: &'v [Value<'a>],
        new: &'v [Value<'a>],
        plan: Plan,
    ) -> Result<Merged<'v, 'a>, MergeError> {
        let scalars = Plan { key: None, ..plan };
        let keys = |items: &'v [Value<'a>]| -> Result<Vec<Key<'v>>, MergeError> {
            items.iter().map(|item| self.key(item, scalars)).collect()
        };
        let (before, order) = (keys(old)?, keys(new)?);
        if plan.delete {
            let gone: HashSet<Key<'v>> = order.into_iter().collect();
            let left = old.iter().zip(&before).filter(|(_, key)| !gone.contains(*key));
            let (items, keys) = left.map(|(item, key)| (item.clone(), *key)).unzip();
            return Ok(Merged { items, keys, before });
        }
        if plan.key.is_some() {
            let got = old.first().or(new.first()).map_or("", |v| self.kind(v).go_type());
            return Err(MergeFault::BadKind { expected: ValueKind::Map.go_type(), got }.into());
        }
        let mut seen = HashSet::new();
        let all = old.iter().chain(new).zip(before.iter().chain(&order));
        let (items, keys): (Vec<_>, Vec<_>) =
            all.filter(|(_, key)| seen.insert(**key)).map(|(item, key)| (item.clone(), *key)).unzip();
        let (items, keys) = arrange(&items, &keys, &order, &before);
        Ok(Merged { items, keys, before })
    }

    fn objects<'v, 'a>(
        self,
        old: &'v [Value<'a>],
        new: &'v [Value<'a>],
        plan: Plan,
    ) -> Result<Merged<'v, 'a>, MergeError> {
        if plan.key.is_none() {
            return Err(MergeFault::NoKeyDeclared(go_kind(plan.item)).into());
        }
        let Special { adds, deletes, replace } = self.special(new, plan)?;
        let mut building = Building::of(self, old, plan);
        building.delete(&deletes);
        if replace {
            let order = adds.iter().map(|item| self.key(item, plan)).collect::<Result<Vec<_>, _>>()?;
            let items: Vec<_> =
                adds.iter().map(|i| self.verbatim().take(i, Some(plan.item)).unwrap_or_default()).collect();
            let before = building.before(building.items.len()).unwrap_or_default();
            let (items, keys) = arrange(&items, &order, &[], &order);
            return Ok(Merged { items, keys, before });
        }
        let kept = building.items.len();
        let mut order = Vec::with_capacity(adds.len());
        for item in adds {
            let key = self.key(item, plan)?;
            order.push(key);
            building.merge(key, item).map_err(|e| match key {
                Key::Str(name) => e.within(format!("[{}]", name.text())),
                _ => e,
            })?;
        }
        let keys = building.keys()?;
        let (items, keys) = arrange(&building.items, &keys, &order, &keys[..kept]);
        Ok(Merged { items, keys, before: building.before(kept)? })
    }

    /// Items of a patch with a directive, apart from the others.
    fn special<'v, 'a>(self, new: &'v [Value<'a>], plan: Plan) -> Result<Special<'v, 'a>, MergeError> {
        let mut special = Special { adds: Vec::new(), deletes: Vec::new(), replace: false };
        for item in new {
            let Some(directive) = item.get(DIRECTIVE) else {
                special.adds.push(item);
                continue;
            };
            match directive.as_str() {
                Some("delete") => special.deletes.push(self.key(item, plan)?),
                Some("replace") => special.replace = true,
                Some("merge") => return Err(MergeFault::MergeDirective.into()),
                _ => {
                    return Err(item.as_map().map_or_else(
                        || MergeFault::MergeDirective.into(),
                        |map| bad_directive(directive, map),
                    ));
                }
            }
        }
        Ok(special)
    }
}

struct Special<'v, 'a> {
    adds: Vec<&'v Value<'a>>,
    deletes: Vec<Key<'v>>,
    replace: bool,
}

/// The list while it is merged: items, and where each key is first.
struct Building<'k, 'v, 'a> {
    merge: Merge<'k>,
    plan: Plan,
    items: Vec<Value<'a>>,
    /// An item without key fails the merge, but only once it is put in order.
    keys: Vec<Result<Key<'v>, &'v Value<'a>>>,
    first: Index<'v>,
    /// What stands behind the items in the array that apimachinery deletes from in place, seen by its ordering.
    stale: Vec<Key<'v>>,
}

impl<'k, 'v, 'a> Building<'k, 'v, 'a> {
    fn of(merge: Merge<'k>, old: &'v [Value<'a>], plan: Plan) -> Self {
        let keys: Vec<_> = old.iter().map(|item| merge.old_key(item, plan).map_err(|_| item)).collect();
        let mut building =
            Self { merge, plan, items: old.to_vec(), keys, first: Index::default(), stale: Vec::new() };
        building.index();
        building
    }

    fn index(&mut self) {
        self.first =
            Index::of(self.keys.iter().enumerate().filter_map(|(at, key)| Some((*key.as_ref().ok()?, at))));
    }

    /// Takes out every item with one of the keys.
    fn delete(&mut self, gone: &[Key<'v>]) {
        if gone.is_empty() {
            return;
        }
        let mut places: HashMap<Key<'v>, Vec<usize>> = HashMap::new();
        for (at, key) in self.keys.iter().enumerate() {
            if let Ok(key) = key {
                places.entry(*key).or_default().push(at);
            }
        }
        let mut alive = vec![true; self.items.len()];
        let mut last = alive.len();
        for key in gone {
            for at in places.remove(key).unwrap_or_default() {
                while last > 0 && !alive[last - 1] {
                    last -= 1;
                }
                // Each deletion leaves the then last item standing once more behind the end.
                self.stale.extend(self.keys[..last].last().and_then(|k| k.as_ref().ok()));
                alive[at] = false;
            }
        }
        let mut keep = alive.iter();
        self.items.retain(|_| keep.next().is_none_or(|k| *k));
        let mut keep = alive.iter();
        self.keys.retain(|_| keep.next().is_none_or(|k| *k));
        self.stale.reverse();
        self.index();
    }

    fn merge(&mut self, key: Key<'v>, item: &'v Value<'a>) -> Result<(), MergeError> {
        match (self.first.get(&key), item) {
            (Some(at), Value::Map(patch)) => {
                let item = &mut self.items[at];
                self.merge.object(item, patch, self.plan.item)?;
                // A null takes out the key that it was found by.
                match (key, self.plan.key, item) {
                    (Key::Null, Some(name), Value::Map(item)) => Err(missing(item, name)),
                    _ => Ok(()),
                }
            }
            _ => {
                self.first.insert(key, self.items.len());
                self.keys.push(Ok(key));
                self.items.extend(self.merge.verbatim().take(item, Some(self.plan.item)));
                Ok(())
            }
        }
    }

    fn keys(&self) -> Result<Vec<Key<'v>>, MergeError> {
        self.keys.iter().map(|key| key.or_else(|item| self.merge.old_key(item, self.plan))).collect()
    }

    /// The keys of the array that held the original, after items went and others were put behind the `kept` ones:
    /// apimachinery works in place, and orders by what then stands there.
    fn before(&self, kept: usize) -> Result<Vec<Key<'v>>, MergeError> {
        let mut before = self.keys()?;
        let length = kept + self.stale.len();
        before.truncate(length);
        let missing = length - before.len();
        let stale = self.stale.len().saturating_sub(missing);
        before.extend(&self.stale[stale..]);
        Ok(before)
    }
}

/// The items and their keys in the final order.
fn arrange<'v, 'a>(
    items: &[Value<'a>],
    keys: &[Key<'v>],
    order: &[Key<'_>],
    before: &[Key<'_>],
) -> (Vec<Value<'a>>, Vec<Key<'v>>) {
    places(keys, order, before).into_iter().map(|at| (items[at].clone(), keys[at])).unzip()
}

/// Where each key of a list is first.
fn index<'v>(keys: &[Key<'v>]) -> Index<'v> {
    Index::of(keys.iter().enumerate().map(|(at, key)| (*key, at)))
}

/// Where each item goes: those that `order` names by `order`, the others by `before`, woven together by `before`.
pub(super) fn places(keys: &[Key<'_>], order: &[Key<'_>], before: &[Key<'_>]) -> Vec<usize> {
    let (order, before) = (index(order), index(before));
    let (mut named, mut others): (Vec<usize>, Vec<usize>) =
        (0..keys.len()).partition(|&at| order.get(&keys[at]).is_some());
    named.sort_by_key(|&at| order.get(&keys[at]));
    let place = |at: usize| before.get(&keys[at]);
    if others.iter().all(|&at| place(at).is_some()) {
        others.sort_by_key(|&at| place(at));
    } else {
        sort_with_strangers(&mut others, place);
    }

    let mut woven = Vec::with_capacity(keys.len());
    let mut others = others.into_iter().peekable();
    for right in named {
        while let Some(left) = others.next_if(|&l| place(l).zip(place(right)).is_some_and(|(l, r)| l < r)) {
            woven.push(left);
        }
        woven.push(right);
    }
    woven.extend(others);
    woven
}

/// Where keys are first.
#[derive(Default)]
struct Index<'v> {
    few: Vec<(Key<'v>, usize)>,
    many: HashMap<Key<'v>, usize>,
}

impl<'v> Index<'v> {
    /// Up to so many keys, scanning is cheaper than hashing with a seed.
    const FEW: usize = 12;

    /// Of places in ascending order the first of each key.
    fn of(places: impl Iterator<Item = (Key<'v>, usize)>) -> Self {
        let mut index = Self::default();
        for (key, at) in places {
            if index.get(&key).is_none() {
                index.insert(key, at);
            }
        }
        index
    }

    fn get(&self, key: &Key<'_>) -> Option<usize> {
        let few = || self.few.iter().find(|(k, _)| k == key).map(|(_, at)| *at);
        if self.many.is_empty() { few() } else { self.many.get(key).copied() }
    }

    /// Enters a key; it then is at `at`.
    fn insert(&mut self, key: Key<'v>, at: usize) {
        if !self.many.is_empty() {
            self.many.insert(key, at);
        } else if let Some(slot) = self.few.iter_mut().find(|(k, _)| *k == key) {
            slot.1 = at;
        } else if self.few.len() < Self::FEW {
            self.few.push((key, at));
        } else {
            self.many = self.few.drain(..).collect();
            self.many.insert(key, at);
        }
    }
}

/// Items that the original order does not know, which an empty `$setElementOrder` leads to, count as smaller than
/// any other to apimachinery; the outcome is that of Go's insertion sort, which it uses for so few. Of more items
/// the strangers come first.
fn sort_with_strangers(items: &mut [usize], place: impl Fn(usize) -> Option<usize>) {
    const INSERTION: usize = 20;
    if items.len() > INSERTION {
        items.sort_by_key(|&at| place(at));
        return;
    }
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && place(items[at]).zip(place(items[at - 1])).is_none_or(|(a, b)| a < b) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}
