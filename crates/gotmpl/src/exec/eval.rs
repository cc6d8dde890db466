//! Values of pipelines, commands, literals and variables.

use super::{At, Ev, Evaluated, Exec};
use crate::error::Error;
use crate::funcs::Param;
use crate::parse::ast::{Command, Expr, ExprKind, Number, Pipe, Wanted};
use crate::value::{Bytes, Val, zero};

/// The operands behind the first one of a command.
pub(super) type Args<'v> = &'v [Expr];

impl<'v> Exec<'_, 'v> {
    pub(super) fn pipeline(&mut self, dot: &Ev<'v>, pipe: &'v Pipe) -> Evaluated<'v> {
        self.at = At::Pipe(pipe);
        let value = self.commands(dot, &pipe.cmds)?;
        for var in &pipe.vars {
            if pipe.assigns {
                self.assign(var.id, &var.name, value.clone())?;
            } else {
                self.vars.push((var.id, value.clone()));
            }
        }
        Ok(value)
    }

    /// Commands one after the other, each with the value of the one before it.
    pub(super) fn commands(&mut self, dot: &Ev<'v>, cmds: &'v [Command]) -> Evaluated<'v> {
        let mut value: Option<Ev<'v>> = None;
        for cmd in cmds {
            self.step()?;
            let mut result = self.command(dot, cmd, value)?;
            // What lies in an interface is taken out of it; a nil one leaves nothing.
            if result.iface || matches!(result.val, Val::Nil(ty) if ty == self.known.any) {
                let val = if result.val.is_untyped_nil() { Val::Invalid } else { result.val };
                result = Ev::plain(val);
            }
            value = Some(result);
        }
        Ok(value.unwrap_or(Ev::invalid()))
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
            ExprKind::Folded(folded) => Ok(self.folded_value(folded)),
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
pub(super) fn zero_of<'v>(want: Wanted) -> Val<'v> {
    match want.param {
        Param::Value => Val::Invalid,
        _ => want.ty.map_or_else(Val::nil, zero),
    }
}
