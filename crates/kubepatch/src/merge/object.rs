//! The merge of two objects: directives first, then member by member.

use std::collections::HashMap;

use pillion_govalue::{Kind, Map, Str, TypeRef, Value};

use super::error::{go_map, go_value};
use super::list::Plan;
use super::{Merge, MergeError, MergeFault, field, go_kind, item_type};

/// Up to so many keys, scanning is cheaper than an index.
const FEW: usize = 32;

pub(super) const DIRECTIVE: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const SET_ORDER: &str = "$setElementOrder";
pub(super) const DELETE_LIST: &str = "$deleteFromPrimitiveList";

impl Merge<'_> {
    /// Lays `patch` over `original`, an object of type `ty`.
    pub(super) fn object<'a>(
        self,
        original: &mut Value<'a>,
        patch: &Map<'a>,
        ty: TypeRef,
    ) -> Result<(), MergeError> {
        if let Some(directive) = patch.get(DIRECTIVE) {
            *original = self.replaced(directive, patch, ty)?;
            return Ok(());
        }
        if matches!(ty.kind(), Kind::Map(..)) && patch.len() > FEW {
            return self.wide(original, patch, ty);
        }
        self.retain_keys(original, patch)?;
        let ordered = self.ordered_lists(original, patch, ty)?;
        for (key, value) in patch.iter() {
            if key.as_str() == RETAIN_KEYS || key.starts_with(SET_ORDER) || ordered.contains(&key.as_str()) {
                continue;
            }
            match key.strip_prefix(DELETE_LIST) {
                None => {
                    self.merge_member(original, key, value, ty).map_err(|e| e.within(key.as_str()))?;
                }
                Some(rest) => {
                    let name = rest.strip_prefix('/').ok_or(MergeFault::BadDeleteList)?;
                    self.delete_items(original, name, value, ty).map_err(|e| e.within(name))?;
                }
            }
        }
        Ok(())
    }

    /// A map of many keys: the same result as member by member, without looking each key up by scanning.
    fn wide<'a>(self, original: &mut Value<'a>, patch: &Map<'a>, ty: TypeRef) -> Result<(), MergeError> {
        self.retain_keys(original, patch)?;
        let (mut news, mut deletes) = (HashMap::new(), HashMap::new());
        for (key, value) in patch.iter().filter(|(k, _)| k.as_str() != RETAIN_KEYS) {
            if key.starts_with(SET_ORDER) {
                return Err(MergeFault::NotStruct(go_kind(ty)).into());
            }
            match key.strip_prefix(DELETE_LIST) {
                None => news.insert(key.as_str(), value),
                Some(rest) => deletes.insert(rest.strip_prefix('/').ok_or(MergeFault::BadDeleteList)?, value),
            };
        }
        let mut merged = Vec::with_capacity(patch.len());
        for (key, old) in original.as_map().into_iter().flat_map(Map::iter) {
            let mut kept = Some(old.clone());
            if let Some(new) = news.remove(key.as_str()) {
                kept = match (old, new) {
                    (Value::Map(_), Value::Map(_)) | (Value::List(_), Value::List(_)) => {
                        return Err(MergeFault::NotStruct(go_kind(ty)).into());
                    }
                    (_, Value::Null) => None,
                    (_, new) => self.added().take(new, None),
                };
            }
            match deletes.remove(key.as_str()) {
                Some(Value::Null) => kept = None,
                Some(new) if self.kind(new) == self.kind(old) => kept = Some(new.clone()),
                _ => {}
            }
            merged.extend(kept.map(|value| (key.clone(), value)));
        }
        let added = patch.iter().filter(|(k, v)| !v.is_null() && news.contains_key(k.as_str()));
        merged.extend(added.filter_map(|(k, v)| Some((k.clone(), self.added().take(v, None)?))));
        *original = Value::map(Map::from_unique(merged));
        Ok(())
    }

    /// What `$patch` on an object makes of it.
    fn replaced<'a>(
        self,
        directive: &Value<'a>,
        patch: &Map<'a>,
        ty: TypeRef,
    ) -> Result<Value<'a>, MergeError> {
        match directive.as_str() {
            Some("replace") => {
                let mut rest = patch.clone();
                rest.remove(DIRECTIVE);
                Ok(self.verbatim().take(&Value::map(rest), Some(ty)).unwrap_or_else(Value::empty_map))
            }
            Some("delete") => Ok(Value::empty_map()),
            _ => Err(bad_directive(directive, patch)),
        }
    }

    fn merge_member<'a>(
        self,
        original: &mut Value<'a>,
        key: &Str<'a>,
        value: &Value<'a>,
        ty: TypeRef,
    ) -> Result<(), MergeError> {
        if value.is_null() {
            remove(original, key);
            return Ok(());
        }
        let of = ty.deref();
        let known = of.get().field_by_json(key);
        let unknown = || of.get().field_by_json_fold(key).is_none();
        if self.typed && known.is_none() && matches!(of.kind(), Kind::Struct(_)) && unknown() {
            return Ok(());
        }
        let Some(old) = self.member(original, key, ty) else {
            // Typed JSON always has a struct that is no pointer, empty where nothing is set.
            let present = self.typed && known.is_some_and(|f| matches!(f.ty.kind(), Kind::Struct(_)));
            match (present, value) {
                (true, Value::Map(patch)) => {
                    let mut made = Value::empty_map();
                    self.object(&mut made, patch, field(ty, key)?.ty)?;
                    insert(original, key, made);
                }
                _ => self.add(original, key, value, ty),
            }
            return Ok(());
        };
        match (old, value) {
            (Value::Map(_), Value::Map(patch)) => {
                let below = field(ty, key)?.ty;
                original.get_mut(key).map_or(Ok(()), |slot| self.object(slot, patch, below))
            }
            (Value::List(old), Value::List(patch)) => {
                let field = field(ty, key)?;
                let item = item_type(ty, field)?;
                let merged = if field.patch.merge {
                    self.list(old, patch, Plan { item, key: field.patch.merge_key, delete: false })?.items
                } else {
                    self.verbatim().items(patch, Some(item))
                };
                insert(original, key, Value::list(merged));
                Ok(())
            }
            (old, new) if self.kind(new) == self.kind(old) && old == new => Ok(()),
            _ => {
                self.add(original, key, value, ty);
                Ok(())
            }
        }
    }

    /// `$deleteFromPrimitiveList`: takes items out of a list that is there; nothing where there is none.
    fn delete_items<'a>(
        self,
        original: &mut Value<'a>,
        key: &str,
        items: &Value<'a>,
        ty: TypeRef,
    ) -> Result<(), MergeError> {
        if items.is_null() {
            remove(original, key);
            return Ok(());
        }
        let (Some(Value::List(old)), Value::List(patch)) = (self.member(original, key, ty), items) else {
            // What is no list merges as any member does, where both are of one kind, as apimachinery has it.
            return match self.member(original, key, ty) {
                Some(old) if self.kind(old) == self.kind(items) => {
                    self.merge_member(original, &Str::from(String::from(key)), items, ty)
                }
                _ => Ok(()),
            };
        };
        let field = field(ty, key)?;
        let plan = Plan { item: item_type(ty, field)?, key: field.patch.merge_key, delete: true };
        let left = self.list(old, patch, plan)?.items;
        insert(original, &Str::from(String::from(key)), Value::list(left));
        Ok(())
    }

    /// Puts in a value of the patch that there is nothing to merge with.
    fn add<'a>(self, original: &mut Value<'a>, key: &Str<'a>, value: &Value<'a>, ty: TypeRef) {
        let of = ty.deref();
        let below = match of.kind() {
            Kind::Map(_, item) => Some(item),
            _ if self.typed => of.get().field_by_json_fold(key).map(|f| f.ty),
            _ => of.get().field_by_json(key).map(|f| f.ty),
        };
        match self.added().take(value, below) {
            Some(value) => insert(original, key, value),
            None => remove(original, key),
        }
    }
}

pub(super) fn bad_directive(directive: &Value<'_>, of: &Map<'_>) -> MergeError {
    let directive = match directive {
        Value::Str(s) => String::from(s.as_str()),
        other => format!("%!s({}={})", other.kind_name(), go_value(other)),
    };
    MergeFault::BadDirective { directive, item: go_map(of) }.into()
}

fn insert<'a>(object: &mut Value<'a>, key: &Str<'a>, value: Value<'a>) {
    if let Some(map) = object.as_map_mut() {
        map.insert(key.clone(), value);
    }
}

pub(super) fn remove(object: &mut Value<'_>, key: &str) {
    if object.get(key).is_some()
        && let Some(map) = object.as_map_mut()
    {
        map.remove(key);
    }
}
