//! Values of a patch that go into the result as they are, but for what is no value: nulls, directives, and (seen
//! as Go's decoder sees it) fields that the type does not have. A value with nothing of that is shared, not copied.
//! A field that is named in another case is one that the type has: it stays under the name that it has in the patch.

use std::sync::Arc;

use pillion_govalue::{Kind, Map, TypeRef, Value};

use super::Merge;
use super::parts::Known;

/// What is left out of a value that is taken from a patch.
#[derive(Clone, Copy)]
pub(super) struct Sieve<'k> {
    /// Members that are null.
    nulls: bool,
    /// Objects that hold `$patch`.
    directives: bool,
    /// Members that the type has no field for.
    unknown: bool,
    /// Members whose names differ from a field's in case.
    folded: bool,
    /// Where it is known that there is nothing of all this but nulls: where those are.
    known: Option<&'k Nulls>,
}

/// The objects and lists of a patch that hold a null member somewhere, by their address; they are few.
#[derive(Clone, Debug, Default)]
pub(super) struct Nulls(Vec<usize>);

impl Nulls {
    /// Beyond so many, looking each up costs more than looking into the value.
    const MOST: usize = 24;

    /// Those of `patch`; `None` if it holds a directive or a field that the type does not have, or too many of them.
    /// Parts that `known` knows are not looked into.
    pub(super) fn survey<'a>(patch: &Value<'a>, ty: TypeRef, known: &mut impl Known<'a>) -> Option<Self> {
        let strange = Sieve { nulls: false, directives: true, unknown: true, folded: true, known: None };
        let mut found = Self::default();
        found.look(strange, patch, Some(ty), known)?;
        Some(found)
    }

    /// Whether there are any below `value`.
    fn look<'a>(
        &mut self,
        strange: Sieve<'_>,
        value: &Value<'a>,
        ty: Option<TypeRef>,
        known: &mut impl Known<'a>,
    ) -> Option<bool> {
        if !matches!(value, Value::Map(_) | Value::List(_)) {
            return Some(false);
        }
        let before = self.0.len();
        if let Some(nulls) = known.nulls(value, ty) {
            self.0.extend(nulls);
        } else {
            if self.any_below(strange, value, ty, known)? {
                self.0.push(address(value)?);
            }
            known.met(value, ty, self.0.get(before..)?);
        }
        (self.0.len() <= Self::MOST).then_some(self.0.len() > before)
    }

    fn any_below<'a>(
        &mut self,
        strange: Sieve<'_>,
        value: &Value<'a>,
        ty: Option<TypeRef>,
        known: &mut impl Known<'a>,
    ) -> Option<bool> {
        let mut any = false;
        match value {
            Value::Map(map) => {
                for (key, member) in map.iter() {
                    let below = strange.member(key, member, ty)?;
                    any |= member.is_null() | self.look(strange, member, below, known)?;
                }
            }
            Value::List(items) => {
                let item = item_of(ty);
                for member in items.iter() {
                    if strange.drops(member) {
                        return None;
                    }
                    any |= self.look(strange, member, item, known)?;
                }
            }
            _ => {}
        }
        Some(any)
    }

    /// Whether the value, one of the patch, holds a null member.
    fn below(&self, value: &Value<'_>) -> bool {
        address(value).is_some_and(|address| self.0.contains(&address))
    }
}

/// Where an object or a list lies in memory.
fn address(value: &Value<'_>) -> Option<usize> {
    match value {
        Value::Map(map) => Some(Arc::as_ptr(map).addr()),
        Value::List(items) => Some(Arc::as_ptr(items).addr()),
        _ => None,
    }
}

impl<'k> Merge<'k> {
    const fn sieve(self) -> Sieve<'k> {
        let Self { typed, known, .. } = self;
        Sieve { nulls: false, directives: false, unknown: typed, folded: false, known }
    }

    /// For values under a key that the original does not have.
    pub(super) const fn added(self) -> Sieve<'k> {
        Sieve { nulls: true, directives: true, ..self.sieve() }
    }

    /// For lists that `$setElementOrder` brings in.
    pub(super) const fn ordered(self) -> Sieve<'k> {
        Sieve { nulls: false, directives: true, ..self.sieve() }
    }

    /// For values that apimachinery takes as they stand: replaced objects and lists, and new items.
    pub(super) const fn verbatim(self) -> Sieve<'k> {
        Sieve { nulls: false, directives: false, ..self.sieve() }
    }
}

impl Sieve<'_> {
    /// The value without what is left out; `None` if that is all of it.
    pub(super) fn take<'a>(self, value: &Value<'a>, ty: Option<TypeRef>) -> Option<Value<'a>> {
        if self.nothing_in(value) {
            return Some(value.clone());
        }
        if self.drops(value) {
            return None;
        }
        Some(if self.is_clean(value, ty) { value.clone() } else { self.strip(value, ty) })
    }

    /// As [`Sieve::take`] for all items of a list.
    pub(super) fn items<'a>(self, items: &[Value<'a>], ty: Option<TypeRef>) -> Vec<Value<'a>> {
        items.iter().filter_map(|item| self.take(item, ty)).collect()
    }

    /// Whether it is known of a value that nothing in it is to be left out.
    fn nothing_in(self, value: &Value<'_>) -> bool {
        self.known.is_some_and(|nulls| !(self.nulls && nulls.below(value)))
    }

    fn drops(self, value: &Value<'_>) -> bool {
        // A `$patch` that is null goes first where nulls go.
        self.directives && value.get("$patch").is_some_and(|d| !(self.nulls && d.is_null()))
    }

    /// The type below `key`, or `None` in the outer option if the member is left out.
    fn member(self, key: &str, value: &Value<'_>, ty: Option<TypeRef>) -> Option<Option<TypeRef>> {
        if (self.nulls && value.is_null()) || self.drops(value) {
            return None;
        }
        let Some(of) = ty.map(TypeRef::deref) else { return Some(None) };
        match of.kind() {
            Kind::Struct(_) => match of.get().field_by_json(key) {
                Some(field) => Some(Some(field.ty)),
                None if self.unknown => self.otherwise(of, key),
                None => Some(None),
            },
            Kind::Map(_, item) => Some(Some(item)),
            _ => Some(None),
        }
    }

    /// As [`Self::member`], for a member that no field has the name of.
    #[cold]
    fn otherwise(self, of: TypeRef, key: &str) -> Option<Option<TypeRef>> {
        let field = of.get().field_by_json_fold(key).filter(|_| !self.folded)?;
        Some(Some(field.ty))
    }

    fn is_clean(self, value: &Value<'_>, ty: Option<TypeRef>) -> bool {
        match value {
            Value::Map(map) => {
                map.iter().all(|(k, v)| self.member(k, v, ty).is_some_and(|below| self.is_clean(v, below)))
            }
            Value::List(items) => {
                let item = item_of(ty);
                items.iter().all(|v| !self.drops(v) && self.is_clean(v, item))
            }
            _ => true,
        }
    }

    fn strip<'a>(self, value: &Value<'a>, ty: Option<TypeRef>) -> Value<'a> {
        if self.nothing_in(value) {
            return value.clone();
        }
        match value {
            Value::Map(map) => {
                let kept = map.iter().filter_map(|(k, v)| {
                    let below = self.member(k, v, ty)?;
                    Some((k.clone(), self.strip(v, below)))
                });
                Value::map(Map::from_unique(kept.collect()))
            }
            Value::List(items) => {
                let item = item_of(ty);
                Value::list(items.iter().filter(|v| !self.drops(v)).map(|v| self.strip(v, item)).collect())
            }
            scalar => scalar.clone(),
        }
    }
}

fn item_of(ty: Option<TypeRef>) -> Option<TypeRef> {
    match ty?.deref().kind() {
        Kind::List(item) => Some(item),
        _ => None,
    }
}
