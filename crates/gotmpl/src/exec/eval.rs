//! Values of pipelines, commands, fields, variables and calls.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef, Value};

use super::range::element_is_any;
use super::{At, Ev, Evaluated, Exec};
use crate::access::{has_field, is_struct, struct_field};
use crate::error::Error;
use crate::funcs::builtin;
use crate::methods::{self, Method};
use crate::parse::ast::{Callee, Command, Expr, ExprKind, Name, Number, Pipe};
use crate::value::{Bytes, GoKind, Val, read, zero};

/// The operands behind the first one of a command.
type Args<'v> = &'v [Expr];

impl<'v> Exec<'_, 'v> {
    pub(super) fn pipeline(&mut self, dot: &Ev<'v>, pipe: &'v Pipe) -> Evaluated<'v> {
        self.at = At::Pipe(pipe);
        let mut value: Option<Ev<'v>> = None;
        for cmd in &pipe.cmds {
            self.step()?;
            let mut result = self.command(dot, cmd, value)?;
            // What lies in an interface is taken out of it; a nil one leaves nothing.
            if result.iface || matches!(result.val, Val::Nil(ty) if ty == KNOWN.any) {
                let val = if result.val.is_untyped_nil() { Val::Invalid } else { result.val };
                result = Ev::plain(val);
            }
            value = Some(result);
        }
        let value = value.unwrap_or(Ev::invalid());
        for var in &pipe.vars {
            if pipe.assigns {
                self.assign(var.id, &var.name, value.clone())?;
            } else {
                self.vars.push((var.id, value.clone()));
            }
        }
        Ok(value)
    }

    pub(super) fn assign(&mut self, id: u32, name: &str, value: Ev<'v>) -> Result<(), Error> {
        let Some(at) = self.variable(id) else {
            return Err(self.error(format!("undefined variable: {name}")));
        };
        self.vars[at].1 = value;
        Ok(())
    }

    /// A command; `last` is what the pipeline gave before it, which becomes its last argument.
    fn command(&mut self, dot: &Ev<'v>, cmd: &'v Command, last: Option<Ev<'v>>) -> Evaluated<'v> {
        let (first, args) = (&cmd.args[0], &cmd.args[1..]);
        match &first.kind {
            ExprKind::Field(names) => {
                self.at = At::Expr(first);
                self.chain(dot, dot.clone(), first, names, args, last)
            }
            ExprKind::Chain(of, names) => self.chain_of(dot, first, of, names, args, last),
            ExprKind::Function(callee) => {
                self.at = At::Expr(first);
                self.call(dot, callee, At::Command(cmd), args, last)
            }
            ExprKind::Pipe(pipe) => {
                self.not_a_function(first, args, last.is_some())?;
                self.nested(dot, pipe)
            }
            ExprKind::Variable(..) => self.variable_expr(dot, first, args, last),
            _ => {
                self.at = At::Expr(first);
                self.not_a_function(first, args, last.is_some())?;
                match &first.kind {
                    ExprKind::Dot => Ok(dot.clone()),
                    ExprKind::Nil => Err(self.error("nil is not a command")),
                    _ => self.constant(first),
                }
            }
        }
    }

    /// A pipeline in parentheses.
    pub(super) fn nested(&mut self, dot: &Ev<'v>, pipe: &'v Pipe) -> Evaluated<'v> {
        self.enter()?;
        let value = self.pipeline(dot, pipe)?;
        self.depth -= 1;
        Ok(value)
    }

    fn not_a_function(&self, first: &Expr, args: Args<'v>, last: bool) -> Result<(), Error> {
        if args.is_empty() && !last {
            return Ok(());
        }
        Err(self.error(format!("can't give argument to non-function {first}")))
    }

    /// A literal where nothing says what type is wanted.
    pub(super) fn constant(&mut self, expr: &'v Expr) -> Evaluated<'v> {
        let val = match &expr.kind {
            ExprKind::Bool(b) => Val::Bool(*b),
            ExprKind::String(_, text) => Val::string(Bytes::Borrowed(text)),
            ExprKind::Number(number) => {
                self.at = At::Expr(expr);
                self.number(number)?
            }
            _ => return Err(self.error(format!("can't evaluate command \"{expr}\""))),
        };
        Ok(Ev::plain(val))
    }

    fn number(&self, n: &Number) -> Result<Val<'v>, Error> {
        if let Some((re, im)) = n.complex {
            return Ok(Val::Complex(re, im));
        }
        if let Some(f) = n.float.filter(|_| n.looks_float()) {
            return Ok(Val::Float(f));
        }
        match n.int {
            Some(i) => Ok(Val::int(i)),
            None => Err(self.error(format!("{} overflows int", n.text))),
        }
    }

    /// `$x` with what hangs on it.
    pub(super) fn variable_expr(
        &mut self,
        dot: &Ev<'v>,
        expr: &'v Expr,
        args: Args<'v>,
        last: Option<Ev<'v>>,
    ) -> Evaluated<'v> {
        let ExprKind::Variable(var, names) = &expr.kind else { return Ok(Ev::invalid()) };
        self.at = At::Expr(expr);
        let Some(at) = self.variable(var.id) else {
            return Err(self.error(format!("undefined variable: {}", var.name)));
        };
        let value = self.vars[at].1.clone();
        if names.is_empty() {
            self.not_a_function(expr, args, last.is_some())?;
            return Ok(value);
        }
        self.chain(dot, value, expr, names, args, last)
    }

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
        for name in inner {
            receiver = self.field(dot, name, expr, &[], None, &receiver)?;
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

    /// The common cases: a key of a map that has no methods, and a field that this place has found before.
    fn plain_field(
        &self,
        node: &'v Value<'v>,
        ty: TypeRef,
        name: &Name,
        receiver: &Ev<'v>,
    ) -> Option<Evaluated<'v>> {
        if let Kind::Map(key, of) = ty.kind() {
            if key != KNOWN.string {
                return None;
            }
            let found = node.get(&name.text);
            let value =
                found.map(|item| Ev { val: read(Some(item), of), iface: of == KNOWN.any, addr: false });
            return Some(Ok(value.unwrap_or(Ev::invalid())));
        }
        let (_, field) = name.field.get().filter(|(known, _)| *known == ty)?;
        // An embedded struct lies in the same object.
        let inner = if field.json.is_empty() { Some(node) } else { node.get(field.json) };
        let addr = matches!(ty.kind(), Kind::Ptr(_)) || receiver.addr && !receiver.iface;
        let value = self.owned(read(inner, field.ty));
        Some(value.map(|val| Ev { val, iface: false, addr }))
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
            values.push(self.arg(dot, method.param(i), arg)?);
        }
        if let Some(last) = last {
            values.push(self.validate(last, method.param(args.len()))?.val);
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

    pub(super) fn call(
        &mut self,
        dot: &Ev<'v>,
        callee: &'v Callee,
        place: At<'v>,
        args: Args<'v>,
        last: Option<Ev<'v>>,
    ) -> Evaluated<'v> {
        let function = &callee.function;
        let (name, fixed) = (function.name, function.params.len());
        let given = args.len() + usize::from(last.is_some());
        if function.variadic.is_some() {
            if given < fixed {
                let got = args.len();
                return Err(
                    self.error(format!("wrong number of args for {name}: want at least {fixed} got {got}"))
                );
            }
        } else if given != fixed {
            return Err(self.error(format!("wrong number of args for {name}: want {fixed} got {given}")));
        }
        if callee.builtin && matches!(name, "and" | "or") {
            return self.and_or(dot, name == "or", args, last);
        }
        let param = |i: usize| function.params.get(i).copied().or(function.variadic);
        if callee.builtin && name == "index" {
            return self.index(dot, place, args, last);
        }
        let base = self.args.len();
        for (i, arg) in args.iter().enumerate() {
            let Some(param) = param(i) else { break };
            let value = self.arg(dot, param, arg)?;
            self.args.push(value);
        }
        if let (Some(last), Some(param)) = (last, param(args.len())) {
            let value = self.validate(last, param)?.val;
            self.args.push(value);
        }
        let values = &self.args[base..];
        let result = if callee.builtin && name == "call" {
            builtin::call(&args.first().map_or_else(String::new, ToString::to_string), values)
        } else {
            (function.run)(self.cx, values)
        };
        self.args.truncate(base);
        let charged = result.and_then(|val| self.cx.charge(weight(&val)).map(|()| val));
        match charged {
            Ok(val) => {
                let iface = matches!(val, Val::Nil(ty) if ty == KNOWN.any);
                Ok(Ev { val, iface, addr: false })
            }
            Err(fault) => {
                self.at = place;
                Err(self.call_error(name, fault))
            }
        }
    }

    /// `index`, whose result can have an address: that of the item, or of an element of a slice.
    fn index(&mut self, dot: &Ev<'v>, place: At<'v>, args: Args<'v>, last: Option<Ev<'v>>) -> Evaluated<'v> {
        let base = self.args.len();
        let mut item = None;
        for arg in args {
            let value = self.value_arg(dot, arg)?;
            if item.is_none() {
                item = Some(value);
            } else {
                self.args.push(value.val);
            }
        }
        let item = match (item, last) {
            (Some(item), Some(last)) => {
                self.args.push(last.val);
                item
            }
            (Some(item), None) | (None, Some(item)) => item,
            (None, None) => Ev::invalid(),
        };
        let path = &self.args[base..];
        let addr = path.is_empty() && item.addr && !item.iface;
        let result = builtin::index(&item.val, path);
        self.args.truncate(base);
        match result {
            Ok((val, in_slice)) => {
                let iface = matches!(val, Val::Nil(ty) if ty == KNOWN.any);
                Ok(Ev { val, iface, addr: addr || in_slice })
            }
            Err(fault) => {
                self.at = place;
                Err(self.call_error("index", fault))
            }
        }
    }

    /// Evaluates only as far as it must.
    fn and_or(&mut self, dot: &Ev<'v>, or: bool, args: Args<'v>, last: Option<Ev<'v>>) -> Evaluated<'v> {
        let mut value = Ev::invalid();
        for arg in args {
            value = self.value_arg(dot, arg)?;
            if value.val.truth() == or {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn call_error(&self, name: &str, fault: crate::funcs::Fault) -> Error {
        match fault {
            crate::funcs::Fault::Failed(detail) => self.error(format!("error calling {name}: {detail}")),
            crate::funcs::Fault::Limit(what) => self.limit(&format!("error calling {name}: {what}")),
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

/// What a result costs: its own size, not that of what it shares.
fn weight(val: &Val<'_>) -> usize {
    match val {
        Val::Str(Bytes::Shared(s), _) => s.len(),
        _ => 0,
    }
}

/// The type as Go's messages name it, where a value is there.
pub(super) fn go_type_name<'n>(val: &'n Val<'_>) -> &'n str {
    match val {
        Val::Oneof(_, member) => &member.interface,
        _ if val.is_untyped_nil() => "interface {}",
        _ => val.type_name(),
    }
}

/// The nil, or whatever is the zero, of a parameter's type.
pub(super) fn zero_of<'v>(param: crate::funcs::Param) -> Val<'v> {
    match param {
        crate::funcs::Param::Value => Val::Invalid,
        _ => param.ty().map_or_else(Val::nil, zero),
    }
}
