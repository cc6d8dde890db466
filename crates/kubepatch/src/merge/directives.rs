//! `$retainKeys` and `$setElementOrder`: directives that stand beside the members they speak of.

use std::collections::HashSet;

use pillion_govalue::{Map, TypeRef, Value};

use super::error::go_list;
use super::key::Key;
use super::list::{Plan, places};
use super::object::{DELETE_LIST, DIRECTIVE, RETAIN_KEYS, SET_ORDER};
use super::{Merge, MergeError, MergeFault, ValueKind, field, item_type};

impl Merge<'_> {
    /// Takes out of the original what `$retainKeys` does not name. The patch may hold nothing else either.
    pub(super) fn retain_keys(self, original: &mut Value<'_>, patch: &Map<'_>) -> Result<(), MergeError> {
        let Some(list) = patch.get(RETAIN_KEYS) else { return Ok(()) };
        let list = list.as_list().ok_or(MergeFault::BadRetainKeys)?;
        let named: HashSet<&str> = list.iter().filter_map(Value::as_str).collect();
        let exempt = |k: &str| k == RETAIN_KEYS || k.starts_with(DELETE_LIST) || k.starts_with(SET_ORDER);
        if patch.iter().any(|(k, v)| !v.is_null() && !exempt(k) && !named.contains(k.as_str())) {
            return Err(MergeFault::BadRetainKeys.into());
        }
        if let Some(map) = original.as_map_mut() {
            map.retain(|k, _| named.contains(k));
        }
        Ok(())
    }

    /// Merges the lists that the patch gives an order for; returns their names, for they are done with.
    pub(super) fn ordered_lists<'p, 'a>(
        self,
        original: &mut Value<'a>,
        patch: &'p Map<'a>,
        ty: TypeRef,
    ) -> Result<Vec<&'p str>, MergeError> {
        let mut done = Vec::new();
        for (key, order) in patch.iter().filter(|(k, _)| k.starts_with(SET_ORDER)) {
            let order = self.expect_list(order)?;
            let name = key
                .strip_prefix(SET_ORDER)
                .and_then(|rest| rest.strip_prefix('/'))
                .ok_or(MergeFault::BadSetOrder)?;
            if self.ordered_list(original, patch, (name, order), ty).map_err(|e| e.within(name))? {
                done.push(name);
            }
        }
        Ok(done)
    }

    fn expect_list<'v, 'a>(self, value: &'v Value<'a>) -> Result<&'v [Value<'a>], MergeError> {
        let got = self.kind(value).go_type();
        value.as_list().ok_or_else(|| MergeFault::BadKind { expected: ValueKind::List.go_type(), got }.into())
    }

    /// Whether there was such a list.
    fn ordered_list<'a>(
        self,
        original: &mut Value<'a>,
        patch: &Map<'a>,
        (name, order): (&str, &[Value<'a>]),
        ty: TypeRef,
    ) -> Result<bool, MergeError> {
        let old = self.member(original, name, ty).map(|v| self.expect_list(v)).transpose()?;
        let new = patch.get(name).map(|v| self.expect_list(v)).transpose()?;
        let field = field(ty, name)?;
        let plan = Plan { item: item_type(ty, field)?, key: field.patch.merge_key, delete: false };
        self.check_order(new.unwrap_or_default(), order, plan)?;

        let added: Vec<Value<'a>>;
        let (items, keys, before) = match (old, new) {
            (None, None) => return Ok(false),
            (Some(old), None) => (old.to_vec(), self.old_keys(old, plan)?, self.old_keys(old, plan)?),
            (Some(old), Some(new)) if field.patch.merge => {
                let merged = self.list(old, new, plan)?;
                (merged.items, merged.keys, merged.before)
            }
            (old, Some(new)) => {
                let sieve = if old.is_some() { self.verbatim() } else { self.ordered() };
                added = sieve.items(new, Some(plan.item));
                (added.clone(), self.keys(&added, plan)?, self.old_keys(old.unwrap_or_default(), plan)?)
            }
        };
        self.items_kind(old.unwrap_or_default(), new.unwrap_or_default())?.ok_or(MergeFault::NoItems)?;
        let order = self.keys(order, plan)?;
        let places = places(&keys, &order, &before);
        let sorted: Vec<Value<'a>> = places.iter().map(|&i| items[i].clone()).collect();
        if let Some(map) = original.as_map_mut() {
            map.insert(String::from(name), Value::list(sorted));
        }
        Ok(true)
    }

    fn keys<'v>(self, items: &'v [Value<'_>], plan: Plan) -> Result<Vec<Key<'v>>, MergeError> {
        items.iter().map(|item| self.key(item, plan)).collect()
    }

    fn old_keys<'v>(self, items: &'v [Value<'_>], plan: Plan) -> Result<Vec<Key<'v>>, MergeError> {
        items.iter().map(|item| self.old_key(item, plan)).collect()
    }

    /// The items of a patch must be in the order that the patch asks for, and all of them be in it.
    fn check_order(self, patch: &[Value<'_>], order: &[Value<'_>], plan: Plan) -> Result<(), MergeError> {
        if order.is_empty() {
            return Ok(());
        }
        let mut wanted = order.iter();
        for item in patch {
            let directive = item.get(DIRECTIVE).map(Value::as_str);
            if plan.key.is_some() && directive == Some(Some("delete")) {
                continue;
            }
            let found = match directive {
                Some(_) => wanted.len() > 0,
                None => {
                    let key = self.key(item, plan)?;
                    let mut found = false;
                    for next in wanted.by_ref() {
                        found = self.key(next, plan)? == key;
                        if found {
                            break;
                        }
                    }
                    found
                }
            };
            if !found {
                let (patch, order) = (go_list(patch), go_list(order));
                return Err(MergeFault::OrderMismatch { patch, order }.into());
            }
        }
        Ok(())
    }
}
