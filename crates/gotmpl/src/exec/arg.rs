//! Arguments: evaluating an operand for a parameter, and Go's rules of what may be passed for what.

use pillion_govalue::types::{KNOWN, named};
use pillion_govalue::{Kind, TypeRef};

use super::eval::{go_type_name, zero_of};
use super::{At, Ev, Evaluated, Exec};
use crate::error::Error;
use crate::funcs::Param;
use crate::parse::ast::{Expr, ExprKind, Wanted};
use crate::value::{Bytes, Val};

impl<'v> Exec<'_, 'v> {
    /// The operand `expr` as an argument for `param`.
    pub(super) fn arg(&mut self, dot: &Ev<'v>, want: Wanted, expr: &'v Expr) -> Result<Val<'v>, Error> {
        if want.param == Param::Value {
            return self.value_arg(dot, expr).map(|value| value.val);
        }
        self.at = At::Expr(expr);
        if matches!(expr.kind, ExprKind::Nil) {
            if can_be_nil(want) {
                return Ok(zero_of(want));
            }
            return Err(self.error(format!("cannot assign nil to {}", want.param.type_name())));
        }
        if let Some(value) = self.evaluated(dot, expr)? {
            return Ok(self.validate(value, want)?.val);
        }
        self.literal(want, expr)
    }

    /// The operand for a parameter that takes values as they are.
    pub(super) fn value_arg(&mut self, dot: &Ev<'v>, expr: &'v Expr) -> Evaluated<'v> {
        self.at = At::Expr(expr);
        if matches!(expr.kind, ExprKind::Nil) {
            return Ok(Ev::plain(Val::Invalid));
        }
        match self.evaluated(dot, expr)? {
            Some(value) => Ok(value),
            None => self.constant(expr),
        }
    }

    /// The value of an operand that is no literal.
    fn evaluated(&mut self, dot: &Ev<'v>, expr: &'v Expr) -> Result<Option<Ev<'v>>, Error> {
        self.step()?;
        match &expr.kind {
            ExprKind::Folded(folded) => Ok(Some(self.folded_value(folded))),
            ExprKind::Dot => Ok(Some(dot.clone())),
            ExprKind::Field(names) => self.chain(dot, dot.clone(), expr, names, &[], None).map(Some),
            ExprKind::Variable(..) => self.variable_expr(dot, expr, &[], None).map(Some),
            ExprKind::Pipe(pipe) => self.nested(dot, pipe).map(Some),
            ExprKind::Function(callee) => self.call(dot, callee, At::Expr(expr), &[], None).map(Some),
            ExprKind::Chain(of, names) => self.chain_of(dot, expr, of, names, &[], None).map(Some),
            _ => Ok(None),
        }
    }

    /// A literal for a parameter: it takes the parameter's type if it can.
    fn literal(&mut self, want: Wanted, expr: &'v Expr) -> Result<Val<'v>, Error> {
        let number = match &expr.kind {
            ExprKind::Number(n) => Some(n),
            _ => None,
        };
        let found = |exec: &Self, what: &str| Err(exec.error(format!("expected {what}; found {expr}")));
        match (want.param, want.ty.map(TypeRef::kind)) {
            (Param::Any, _) => self.constant(expr).map(|e| e.val),
            (_, Some(Kind::Bool)) => match expr.kind {
                ExprKind::Bool(b) => Ok(Val::Bool(b)),
                _ => found(self, "bool"),
            },
            (_, Some(Kind::String)) => match &expr.kind {
                ExprKind::String(_, text) => {
                    Ok(Val::Str(Bytes::Borrowed(text), want.ty.unwrap_or(KNOWN.string)))
                }
                _ => found(self, "string"),
            },
            (_, Some(Kind::Int | Kind::Int32 | Kind::Int64 | Kind::Enum(_))) => {
                match number.and_then(|n| n.int) {
                    Some(i) => Ok(Val::Int(i, want.ty.unwrap_or(KNOWN.int))),
                    None => found(self, "integer"),
                }
            }
            (_, Some(Kind::Uint8 | Kind::Uint32 | Kind::Uint64)) => match number.and_then(|n| n.uint) {
                Some(u) => Ok(Val::Uint(u, want.ty.unwrap_or(KNOWN.uint64))),
                None => found(self, "unsigned integer"),
            },
            (_, Some(Kind::Float64)) => match number.and_then(|n| n.float) {
                Some(f) => Ok(Val::Float(f)),
                None => found(self, "float"),
            },
            _ => Err(self.error(format!("can't handle {expr} for arg of type {}", want.param.type_name()))),
        }
    }

    /// Whether a value may be passed for a parameter; one pointer more or less is bridged.
    pub(super) fn validate(&self, value: Ev<'v>, want: Wanted) -> Evaluated<'v> {
        if matches!(value.val, Val::Invalid) && !value.iface {
            if can_be_nil(want) {
                return Ok(Ev::plain(zero_of(want)));
            }
            return Err(self.error(format!("invalid value; expected {}", want.param.type_name())));
        }
        if matches!(want.param, Param::Any | Param::Value) {
            return Ok(value);
        }
        if !value.val.is_untyped_nil() {
            if assignable(&value.val, want) {
                return Ok(value);
            }
            if let Val::Typed(node, ty) = value.val {
                if let Kind::Ptr(_) = ty.kind() {
                    let to = value.val.deref();
                    if assignable(&to, want) {
                        return Ok(Ev { val: to, iface: false, addr: true });
                    }
                } else if value.addr
                    && !value.iface
                    && let Some(pointer) = named(&format!("*{}", ty.name()))
                {
                    let to = Val::Typed(node, pointer);
                    if assignable(&to, want) {
                        return Ok(Ev::plain(to));
                    }
                }
            }
            if let Val::Nil(ty) = value.val
                && let Kind::Ptr(to) = ty.kind()
                && Some(to) == want.ty
            {
                let wanted = want.param.type_name();
                return Err(self.error(format!("dereference of nil pointer of type {wanted}")));
            }
        }
        let (wanted, got) = (want.param.type_name(), go_type_name(&value.val));
        Err(self.error(format!("wrong type for value; expected {wanted}; got {got}")))
    }
}

/// Whether nothing at all may be passed: pointers, maps, slices and interfaces.
fn can_be_nil(want: Wanted) -> bool {
    match want.param {
        Param::Any | Param::Value | Param::Message => true,
        Param::Object(name) => name.starts_with('*'),
        _ => want.ty.is_some_and(|ty| matches!(ty.kind(), Kind::Ptr(_) | Kind::List(_) | Kind::Map(..))),
    }
}

/// Go's assignability, for the types that templates meet.
fn assignable(val: &Val<'_>, want: Wanted) -> bool {
    match want.param {
        Param::Any | Param::Value => true,
        Param::Message => match val.ty().map(TypeRef::kind) {
            Some(Kind::Ptr(to)) => {
                matches!(to.kind(), Kind::Message(_) | Kind::Duration | Kind::Wrapper(_) | Kind::StructPb)
            }
            _ => false,
        },
        Param::Object(name) => matches!(val, Val::Object(_)) && val.type_name() == name,
        _ => val.ty().is_some() && val.ty() == want.ty,
    }
}
