//! `range`: over slices, maps in key order, and integers.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef};

use super::{Ev, Exec, Stop, Walked};
use crate::error::Error;
use crate::parse::ast::Loop;
use crate::value::{GoKind, Val};

impl<'v> Exec<'_, 'v> {
    pub(super) fn range(&mut self, dot: &Ev<'v>, r: &'v Loop) -> Walked {
        let mark = self.vars.len();
        let value = self.pipeline(dot, &r.pipe)?;
        let depth = self.depth;
        let ran = match self.iterate(&value.val.deref(), r) {
            Err(Stop::Break) => {
                self.depth = depth;
                true
            }
            other => other?,
        };
        if !ran && !r.otherwise.is_empty() {
            self.walk(dot, &r.otherwise)?;
        }
        self.vars.truncate(mark);
        Ok(())
    }

    /// Runs the body for every element; says whether there was one.
    fn iterate(&mut self, value: &Val<'v>, r: &'v Loop) -> Result<bool, Stop> {
        match value.kind() {
            GoKind::Invalid => Ok(false),
            GoKind::Slice => self.over_slice(value, r),
            GoKind::Map => self.over_map(value, r),
            GoKind::Int | GoKind::Int32 | GoKind::Int64 | GoKind::Uint8 | GoKind::Uint32 | GoKind::Uint64 => {
                self.over_integer(value, r)
            }
            _ => {
                let shown = self.shown(value)?;
                Err(self.error(format!("range can't iterate over {shown}")).into())
            }
        }
    }

    fn over_slice(&mut self, value: &Val<'v>, r: &'v Loop) -> Result<bool, Stop> {
        let iface = element_is_any(value.ty());
        let len = value.len().unwrap_or(0);
        for at in 0..len {
            let item = value.item(at).unwrap_or(Val::Invalid);
            self.iteration(Val::len_of(at), &Ev { val: item, iface, addr: !iface }, r)?;
        }
        Ok(len > 0)
    }

    fn over_map(&mut self, value: &Val<'v>, r: &'v Loop) -> Result<bool, Stop> {
        let iface = element_is_any(value.ty());
        let key_type = match value.ty().map(TypeRef::kind) {
            Some(Kind::Map(key, _)) => key,
            _ => KNOWN.string,
        };
        let entries = value.entries().unwrap_or_default();
        let ran = !entries.is_empty();
        for (key, item) in entries {
            self.iteration(Val::Str(key, key_type), &Ev { val: item, iface, addr: false }, r)?;
        }
        Ok(ran)
    }

    fn over_integer(&mut self, value: &Val<'v>, r: &'v Loop) -> Result<bool, Stop> {
        if r.pipe.vars.len() > 1 {
            let shown = self.shown(value)?;
            return Err(self
                .error(format!("can't use {shown} to iterate over more than one variable"))
                .into());
        }
        let (signed, end) = match value {
            Val::Int(i, ty) => (Some(*ty), u64::try_from(*i).unwrap_or(0)),
            Val::Uint(u, _) => (None, *u),
            _ => (None, 0),
        };
        for n in 0..end {
            let item = match (signed, value.ty()) {
                (Some(ty), _) => Val::Int(i64::try_from(n).unwrap_or(i64::MAX), ty),
                (None, Some(ty)) => Val::Uint(n, ty),
                (None, None) => Val::Invalid,
            };
            self.iteration(Val::Invalid, &Ev::plain(item), r)?;
        }
        Ok(end > 0)
    }

    /// One pass: variables set, body walked, variables of the body forgotten.
    fn iteration(&mut self, index: Val<'v>, item: &Ev<'v>, r: &'v Loop) -> Walked {
        let index = Ev::plain(index);
        let vars = &r.pipe.vars;
        if r.pipe.assigns {
            match vars.as_slice() {
                [one] => self.assign(one.id, &one.name, item.clone())?,
                [first, second] => {
                    self.assign(first.id, &first.name, index)?;
                    self.assign(second.id, &second.name, item.clone())?;
                }
                _ => {}
            }
        } else {
            // The pipeline has pushed them, the last one on top.
            let top = self.vars.len();
            if !vars.is_empty() {
                self.vars[top - 1].1 = item.clone();
            }
            if vars.len() > 1 {
                self.vars[top - 2].1 = index;
            }
        }
        let (mark, depth) = (self.vars.len(), self.depth);
        let walked = self.walk(item, &r.body);
        self.vars.truncate(mark);
        match walked {
            Err(Stop::Continue) => {
                self.depth = depth;
                Ok(())
            }
            other => other,
        }
    }

    fn shown(&self, value: &Val<'v>) -> Result<String, Error> {
        let text = crate::fmt::display(self.cx, value).map_err(|fault| self.fault(fault))?;
        Ok(text.text().into_owned())
    }
}

/// Whether elements of this container have the static type `interface {}`.
pub(super) fn element_is_any(ty: Option<TypeRef>) -> bool {
    match ty.map(TypeRef::kind) {
        Some(Kind::List(of) | Kind::Map(_, of)) => of == KNOWN.any,
        _ => false,
    }
}
