//! `.A.B.C`: fields of structs, keys of maps, methods; and what is wrong where there is none of them.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef, Value};

use super::eval::{Args, go_type_name};
use super::range::element_is_any;
use super::{At, Ev, Evaluated, Exec};
use crate::access::{has_field, is_struct, struct_field};
use crate::methods::{self, Method};
use crate::parse::ast::{Expr, ExprKind, Name, Wanted};
use crate::value::{GoKind, Val, read};

impl<'v> Exec<'_, 'v> {
    /// `(pipeline).A.B`.
    pub(super) fn chain_of(
        &mut self,
        dot: &Ev<'v>,
        expr: &'v Expr,
        of: &'v Expr,
        names: &'v [Name],
        args: Args<'v>,
        last: Option<Ev<'v>>,
    ) -> Evaluated<'v> {
        self.at = At::Expr(expr);
        if matches!(of.kind, ExprKind::Nil) {
            return Err(self.error(format!("indirection through explicit nil in {expr}")));
        }
        let value = match &of.kind {
            ExprKind::Pipe(pipe) => {
                self.at = At::Expr(of);
                self.nested(dot, pipe)?
            }
            ExprKind::Function(callee) => {
                self.at = At::Expr(of);
                self.call(dot, callee, At::Expr(of), &[], None)?
            }
            _ => self.constant(of)?,
        };
        self.chain(dot, value, expr, names, args, last)
    }

    /// `.A.B.C` on a receiver; the arguments belong to the last name.
    pub(super) fn chain(
        &mut self,
        dot: &Ev<'v>,
        mut receiver: Ev<'v>,
        expr: &'v Expr,
        names: &'v [Name],
        args: Args<'v>,
        last: Option<Ev<'v>>,
    ) -> Evaluated<'v> {
        let Some((end, inner)) = names.split_last() else { return Ok(receiver) };
        let mut inner = inner.iter();
        while let Some(name) = inner.next() {
            receiver = self.field(dot, name, expr, &[], None, &receiver)?;
            if let Val::Typed(node, ty) = receiver.val
                && ty == self.known.map_any
            {
                match self.descend(node, &mut inner) {
                    Some(value) => receiver = value,
                    None => return Ok(Ev::invalid()),
                }
            }
        }
        self.field(dot, end, expr, args, last, &receiver)
    }

    fn field(
        &mut self,
        dot: &Ev<'v>,
        name: &'v Name,
        expr: &'v Expr,
        args: Args<'v>,
        last: Option<Ev<'v>>,
        receiver: &Ev<'v>,
    ) -> Evaluated<'v> {
        match &receiver.val {
            Val::Typed(node, ty) if args.is_empty() && last.is_none() => {
                if let Some(found) = self.plain_field(node, *ty, name, receiver) {
                    return found;
                }
            }
            Val::Invalid if !receiver.iface => return Ok(Ev::invalid()),
            _ => {}
        }
        self.any_field(dot, name, expr, args, last, receiver)
    }

    /// Follows names through maps of maps, which `.Values.global.proxy.x` is, as far as they are maps. `None` if
    /// a key is missing: everything behind it is nothing too.
    fn descend(&self, mut node: &'v Value<'v>, names: &mut std::slice::Iter<'v, Name>) -> Option<Ev<'v>> {
        for name in names.by_ref() {
            match node.get(&name.text)? {
                map @ Value::Map(_) => node = map,
                other => {
                    return Some(Ev { val: read(Some(other), self.known.any), iface: true, addr: false });
                }
            }
        }
        Some(Ev { val: Val::Typed(node, self.known.map_any), iface: true, addr: false })
    }

    /// The common cases: a key of a map that has no methods, and a field that this place has found before.
    fn plain_field(
        &self,
        node: &'v Value<'v>,
        ty: TypeRef,
        name: &Name,
        receiver: &Ev<'v>,
    ) -> Option<Evaluated<'v>> {
        if ty == self.known.map_any {
            let found = node.get(&name.text);
            let any = |item| Ev { val: read(Some(item), self.known.any), iface: true, addr: false };
            return Some(Ok(found.map_or(Ev::invalid(), any)));
        }
        if let Some((_, field)) = name.field.get().filter(|(known, _)| *known == ty) {
            // An embedded struct lies in the same object.
            let inner = if field.json.is_empty() { Some(node) } else { node.get(field.json) };
            let addr = receiver.addr && !receiver.iface || matches!(ty.kind(), Kind::Ptr(_));
            let value = self.owned(read(inner, field.ty));
            return Some(value.map(|val| Ev { val, iface: false, addr }));
        }
        if let Kind::Map(key, of) = ty.kind() {
            if key != KNOWN.string {
                return None;
            }
            let found = node.get(&name.text);
            let value =
                found.map(|item| Ev { val: read(Some(item), of), iface: of == KNOWN.any, addr: false });
            return Some(Ok(value.unwrap_or(Ev::invalid())));
        }
        None
    }

    /// Every case: methods, fields, keys, and what is wrong with each.
    #[allow(clippy::too_many_arguments, reason = "a call of a method has them all")]
    fn any_field(
        &mut self,
        dot: &Ev<'v>,
        place: &'v Name,
        expr: &'v Expr,
        args: Args<'v>,
        last: Option<Ev<'v>>,
        receiver: &Ev<'v>,
    ) -> Evaluated<'v> {
        let name = &*place.text;
        if let Val::Oneof(_, member) = &receiver.val
            && member.field.is_none()
        {
            return Err(self.error(format!("nil pointer evaluating {}.{name}", member.interface)));
        }
        if receiver.val.is_untyped_nil() {
            return Err(self.error(format!("nil pointer evaluating interface {{}}.{name}")));
        }
        let pointer = receiver.val.kind() == GoKind::Ptr;
        let addr = pointer || receiver.addr && !receiver.iface;
        if let Some(method) = methods::find(&receiver.val, name, addr) {
            return self.method(dot, &method, &receiver.val, name, expr, args, last);
        }
        let value = if pointer { receiver.val.deref() } else { receiver.val.clone() };
        let has_args = !args.is_empty() || last.is_some();
        match value.kind() {
            GoKind::Map => {
                if let Some(Kind::Map(key, _)) = value.ty().map(|ty| ty.kind())
                    && key == KNOWN.string
                {
                    if has_args {
                        return Err(self.error(format!("{name} is not a method but has arguments")));
                    }
                    let iface = element_is_any(value.ty());
                    return Ok(match value.entry(name.as_bytes()) {
                        Some(val) => Ev { val, iface, addr: false },
                        None => Ev::invalid(),
                    });
                }
            }
            GoKind::Ptr if value.is_nil() => {
                let to = value.ty().map_or(KNOWN.any, |ty| ty.deref());
                if !is_struct(to) || has_field(to, name) {
                    return Err(self.error(format!("nil pointer evaluating {}.{name}", value.type_name())));
                }
            }
            _ => {
                if let Some(val) = struct_field(&value, name) {
                    if has_args {
                        return Err(
                            self.error(format!("{name} has arguments but cannot be invoked as function"))
                        );
                    }
                    remember(place, &receiver.val);
                    return Ok(Ev { val: self.owned(val)?, iface: false, addr });
                }
            }
        }
        let ty = if receiver.iface { "interface {}" } else { go_type_name(&receiver.val) };
        Err(self.error(format!("can't evaluate field {name} in type {ty}")))
    }

    #[allow(clippy::too_many_arguments, reason = "a method call has them all")]
    fn method(
        &mut self,
        dot: &Ev<'v>,
        method: &Method,
        receiver: &Val<'v>,
        name: &str,
        expr: &'v Expr,
        args: Args<'v>,
        last: Option<Ev<'v>>,
    ) -> Evaluated<'v> {
        let given = args.len() + usize::from(last.is_some());
        if !method.takes_any() && given != method.params.len() {
            let want = method.params.len();
            return Err(self.error(format!("wrong number of args for {name}: want {want} got {given}")));
        }
        if let Some(why) = method.useless() {
            return Err(self.error(why));
        }
        let mut values = Vec::with_capacity(given);
        for (i, arg) in args.iter().enumerate() {
            values.push(self.arg(dot, Wanted::from(method.param(i)), arg)?);
        }
        if let Some(last) = last {
            values.push(self.validate(last, Wanted::from(method.param(args.len())))?.val);
        }
        match methods::call(self.cx, method, receiver, name, &values) {
            None => {
                let ty = receiver.type_name();
                Err(self.error(format!("can't evaluate field {name} in type {ty}")))
            }
            Some(Ok(val)) => Ok(Ev::plain(val)),
            Some(Err(fault)) => {
                self.at = At::Expr(expr);
                Err(self.call_error(name, fault))
            }
        }
    }
}

/// Keeps the field that `name` was found to be, for the next time.
fn remember(name: &Name, receiver: &Val<'_>) {
    if let Val::Typed(_, ty) = receiver
        && let Some(field) = ty.deref().field_by_go(&name.text).filter(|f| f.oneof.is_empty())
        && matches!(ty.deref().kind(), Kind::Struct(_) | Kind::Message(_))
    {
        name.field.get_or_init(|| (*ty, field));
    }
}
