//! Calls of functions: the number of arguments, the arguments, the call; and the three builtins that are part of
//! the language.

use super::eval::Args;
use super::{At, Ev, Evaluated, Exec};
use crate::error::Error;
use crate::funcs::{Fault, builtin};
use crate::parse::ast::{Callee, Special};
use crate::value::{Bytes, Val};

impl<'v> Exec<'_, 'v> {
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
        match callee.special {
            Special::And => return self.and_or(dot, false, args, last),
            Special::Or => return self.and_or(dot, true, args, last),
            Special::Index => return self.index(dot, place, args, last),
            Special::Call | Special::No => {}
        }
        let wanted = |i: usize| callee.params.get(i).copied().or(callee.variadic);
        let base = self.args.len();
        for (i, arg) in args.iter().enumerate() {
            let Some(want) = wanted(i) else { break };
            let value = self.arg(dot, want, arg)?;
            self.args.push(value);
        }
        if let (Some(last), Some(want)) = (last, wanted(args.len())) {
            let value = self.validate(last, want)?.val;
            self.args.push(value);
        }
        let values = &self.args[base..];
        let result = if callee.special == Special::Call {
            builtin::call(&args.first().map_or_else(String::new, ToString::to_string), values)
        } else {
            (function.run)(self.cx, values)
        };
        self.args.truncate(base);
        let charged = result.and_then(|val| self.cx.charge(weight(&val)).map(|()| val));
        match charged {
            Ok(val) => {
                let iface = matches!(val, Val::Nil(ty) if ty == self.known.any);
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
                let iface = matches!(val, Val::Nil(ty) if ty == self.known.any);
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

    pub(super) fn call_error(&self, name: &str, fault: Fault) -> Error {
        match fault {
            Fault::Failed(detail) => self.error(format!("error calling {name}: {detail}")),
            Fault::Limit(what) => self.limit(&format!("error calling {name}: {what}")),
        }
    }
}

/// What a result costs: its own size, not that of what it shares.
fn weight(val: &Val<'_>) -> usize {
    match val {
        Val::Str(Bytes::Shared(s), _) => s.len(),
        _ => 0,
    }
}
