//! What is settled: which expressions and nodes ask for nothing but what is known. Never their values, but where
//! `and` and `or` need them to say how far they look.

use std::collections::HashSet;

use super::{Folder, Slot};
use crate::funcs::Effect;
use crate::parse::ast::{Branch, Callee, Command, Expr, ExprKind, List, Loop, Name, Node, Pipe, Special};

/// Variables that are assigned to, and whether parentheses declare any.
#[derive(Default)]
pub(super) struct Assigned {
    pub(super) vars: HashSet<u32>,
    pub(super) hidden: bool,
}

impl Assigned {
    pub(super) fn list(&mut self, list: &List) {
        for node in list {
            match node {
                Node::Action(pipe) => self.pipe(pipe),
                Node::If(branch) | Node::With(branch) => {
                    for (pipe, list) in &branch.arms {
                        self.pipe(pipe);
                        self.list(list);
                    }
                    self.list(&branch.otherwise);
                }
                Node::Range(r) => {
                    self.pipe(&r.pipe);
                    self.list(&r.body);
                    self.list(&r.otherwise);
                }
                Node::Template(call) => call.pipe.iter().for_each(|pipe| self.pipe(pipe)),
                Node::Block(list) => self.list(list),
                Node::Text(_) | Node::Made(_) | Node::Break | Node::Continue => {}
            }
        }
    }

    fn pipe(&mut self, pipe: &Pipe) {
        if pipe.assigns {
            self.vars.extend(pipe.vars.iter().map(|v| v.id));
        }
        pipe.cmds.iter().flat_map(|c| &c.args).for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Pipe(pipe) => {
                // Whether it is evaluated at all is for `and` and `or` to say.
                self.vars.extend(pipe.vars.iter().map(|v| v.id));
                self.hidden |= !pipe.vars.is_empty();
                self.pipe(pipe);
            }
            ExprKind::Chain(of, _) => self.expr(of),
            _ => {}
        }
    }
}

impl<'v> Folder<'_, 'v> {
    /// How many of the pipeline's first commands are settled.
    pub(super) fn settled_commands(&self, pipe: &'v Pipe) -> usize {
        pipe.cmds.iter().take_while(|command| self.command_is_settled(command)).count()
    }

    pub(super) fn pipe_is_settled(&self, pipe: &'v Pipe) -> bool {
        self.settled_commands(pipe) == pipe.cmds.len()
    }

    fn command_is_settled(&self, command: &'v Command) -> bool {
        let [head, operands @ ..] = command.args.as_slice() else { return false };
        if !self.is_settled(head) {
            return false;
        }
        match &head.kind {
            ExprKind::Function(callee) if matches!(callee.special, Special::And | Special::Or) => {
                self.is_decided(callee, operands)
            }
            ExprKind::Function(callee) if self.finds_nothing(callee, operands) => {
                operands[2..].iter().all(|operand| self.is_settled(operand))
            }
            _ => operands.iter().all(|operand| self.is_settled(operand)),
        }
    }

    /// Whether it is a lookup by a literal key in the map that is taken to have no such key. Evaluated here, it looks
    /// into a map that is not there at all, which gives the same.
    fn finds_nothing(&self, callee: &Callee, operands: &'v [Expr]) -> bool {
        let (Some(fields), [map, key, ..]) = (callee.function.lookup, operands) else { return false };
        let ExprKind::String(_, key) = &key.kind else { return false };
        let (slot, names) = match &map.kind {
            ExprKind::Field(names) => (&self.scope.dot, names),
            ExprKind::Variable(var, names) => (self.slot(var.id), names),
            _ => return false,
        };
        let path = names.iter().map(|name| &*name.text).chain(fields.iter().copied());
        if !matches!(slot, Slot::Root) || !path.eq(self.known.sparse.iter().copied()) {
            return false;
        }
        let Ok(key) = std::str::from_utf8(key) else { return false };
        self.missing.borrow_mut().insert(key.into());
        true
    }

    /// `and` and `or` look no further than the first operand that decides.
    fn is_decided(&self, callee: &Callee, operands: &'v [Expr]) -> bool {
        let deciding = callee.special == Special::Or;
        for operand in operands {
            if !self.is_settled(operand) {
                return false;
            }
            if self.can_be_evaluated()
                && let Some((value, _)) = self.scene().operand(operand)
                && value.val.truth() == deciding
            {
                return true;
            }
        }
        true
    }

    /// Whether values exist: not inside a node that is only looked at.
    fn can_be_evaluated(&self) -> bool {
        let inside = |slot: &Slot<'v>| matches!(slot, Slot::Inside);
        !inside(&self.scope.dot) && !self.scope.vars.iter().any(|(_, slot)| inside(slot))
    }

    pub(super) fn is_settled(&self, expr: &'v Expr) -> bool {
        match &expr.kind {
            ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String(..)
            | ExprKind::Folded(_) => true,
            ExprKind::Dot => self.is_readable(&self.scope.dot, &[]),
            ExprKind::Field(names) => self.is_readable(&self.scope.dot, names),
            ExprKind::Variable(var, names) => self.is_readable(self.slot(var.id), names),
            ExprKind::Function(callee) => callee.function.effect == Effect::Pure,
            ExprKind::Chain(of, _) => self.is_settled(of),
            ExprKind::Pipe(pipe) => pipe.vars.is_empty() && self.pipe_is_settled(pipe),
        }
    }

    /// Whether the names behind something lead into what is known.
    fn is_readable(&self, slot: &Slot<'v>, names: &[Name]) -> bool {
        match (slot, names) {
            (Slot::Unknown, _) | (Slot::Root, []) => false,
            (Slot::Value(_) | Slot::Inside, _) => true,
            (Slot::Root, [first, ..]) => {
                let field = self.template.root.deref().field_by_go(&first.text);
                field.is_some_and(|field| self.known.members.get(field.json).is_some())
            }
        }
    }

    /// Whether running the node needs nothing unknown and changes nothing outside it.
    pub(super) fn node_is_settled(&mut self, node: &'v Node) -> bool {
        match node {
            Node::Text(_) | Node::Made(_) | Node::Break | Node::Continue => true,
            Node::Action(pipe) => self.goes_inside(pipe),
            Node::If(branch) => self.branch_is_settled(branch, false),
            Node::With(branch) => self.branch_is_settled(branch, true),
            Node::Range(r) => self.loop_is_settled(r),
            Node::Template(_) | Node::Block(_) => false,
        }
    }

    /// A pipeline inside the node: its variables come about there, and it assigns to no others.
    fn goes_inside(&mut self, pipe: &'v Pipe) -> bool {
        if !self.pipe_is_settled(pipe) {
            return false;
        }
        if pipe.assigns {
            return pipe.vars.iter().all(|var| matches!(self.slot(var.id), Slot::Inside));
        }
        self.scope.vars.extend(pipe.vars.iter().map(|var| (var.id, Slot::Inside)));
        true
    }

    fn branch_is_settled(&mut self, branch: &'v Branch, with: bool) -> bool {
        let mark = self.scope.vars.len();
        let arms =
            branch.arms.iter().all(|(pipe, list)| self.goes_inside(pipe) && self.list_is_settled(list, with));
        let settled = arms && self.list_is_settled(&branch.otherwise, false);
        self.scope.vars.truncate(mark);
        settled
    }

    fn loop_is_settled(&mut self, r: &'v Loop) -> bool {
        let mark = self.scope.vars.len();
        let settled = self.goes_inside(&r.pipe)
            && self.list_is_settled(&r.body, true)
            && self.list_is_settled(&r.otherwise, false);
        self.scope.vars.truncate(mark);
        settled
    }

    fn list_is_settled(&mut self, list: &'v List, new_dot: bool) -> bool {
        let mark = self.scope.vars.len();
        let outer = new_dot.then(|| std::mem::replace(&mut self.scope.dot, Slot::Inside));
        let settled = list.iter().all(|node| self.node_is_settled(node));
        if let Some(dot) = outer {
            self.scope.dot = dot;
        }
        self.scope.vars.truncate(mark);
        settled
    }
}
