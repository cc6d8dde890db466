//! What folding asks of the engine: the value of a part of a template, and where evaluation stood when it had it.
//! Never what may be asked: that is for folding to know.

use super::{At, Ev, Exec};
use crate::fold::{End, Folded};
use crate::funcs::Cx;
use crate::limits::Limits;
use crate::parse::ast::{Expr, Node, Pipe};
use crate::template::Template;

/// A place in a template with its dot and its variables.
pub(crate) struct Scene<'x, 'v> {
    pub(crate) template: &'v Template,
    pub(crate) cx: &'x Cx<'v>,
    /// Which of the text's templates it lies in.
    pub(crate) tree: usize,
    pub(crate) dot: Ev<'v>,
    pub(crate) vars: Vec<(u32, Ev<'v>)>,
    pub(crate) limits: Limits,
}

impl<'x, 'v> Scene<'x, 'v> {
    fn exec(&mut self) -> Exec<'x, 'v> {
        let vars = std::mem::take(&mut self.vars);
        Exec { current: self.tree, ..Exec::new(self.template, self.cx, vars, &self.limits) }
    }

    /// The value of the pipeline's first `count` commands; `None` if they fail.
    pub(crate) fn commands(mut self, pipe: &'v Pipe, count: usize) -> Option<(Ev<'v>, End)> {
        let mut exec = self.exec();
        exec.at = At::Pipe(pipe);
        let value = exec.commands(&self.dot, &pipe.cmds[..count]).ok()?;
        Some((value, exec.end()))
    }

    /// The value of an operand; `None` if it fails.
    pub(crate) fn operand(mut self, expr: &'v Expr) -> Option<(Ev<'v>, End)> {
        let mut exec = self.exec();
        let value = exec.value_arg(&self.dot, expr).ok()?;
        Some((value, exec.end()))
    }

    /// What a node writes; `None` if it fails.
    pub(crate) fn written(mut self, node: &'v Node) -> Option<Vec<u8>> {
        let mut exec = self.exec();
        exec.walk(&self.dot, std::slice::from_ref(node)).ok()?;
        Some(exec.out)
    }
}

impl<'v> Exec<'_, 'v> {
    /// The value that folding has found.
    pub(super) fn folded_value(&mut self, known: &'v Folded) -> Ev<'v> {
        self.at = At::Folded(known);
        Ev { val: known.val(), iface: known.iface, addr: known.addr }
    }

    fn end(&self) -> End {
        End { pos: self.at.pos(), shown: self.at.to_string().into() }
    }
}
