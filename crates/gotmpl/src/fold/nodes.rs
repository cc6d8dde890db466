//! Nodes and expressions made anew out of what is settled in them.

use super::{Folded, Folder, Slot};
use crate::exec::Ev;
use crate::parse::ast::{Branch, Call, Command, Expr, ExprKind, List, Loop, Node, Pipe, Special};
use crate::value::GoKind;

impl<'v> Folder<'_, 'v> {
    pub(super) fn list(&mut self, nodes: &'v [Node]) -> List {
        let mut out = List::new();
        nodes.iter().for_each(|node| self.node(node, &mut out));
        out
    }

    /// A list whose variables end with it.
    fn scoped(&mut self, nodes: &'v [Node]) -> List {
        let mark = self.scope.vars.len();
        let list = self.list(nodes);
        self.scope.vars.truncate(mark);
        list
    }

    /// The same with another dot.
    fn scoped_with(&mut self, dot: Slot<'v>, nodes: &'v [Node]) -> List {
        let outer = std::mem::replace(&mut self.scope.dot, dot);
        let list = self.scoped(nodes);
        self.scope.dot = outer;
        list
    }

    fn node(&mut self, node: &'v Node, out: &mut List) {
        match node {
            Node::Action(pipe) => {
                if pipe.vars.is_empty()
                    && self.pipe_is_settled(pipe)
                    && let Some(text) = self.written(node)
                {
                    return self.push(Node::Made(text.into()), out);
                }
                let (pipe, value) = self.pipe(pipe);
                self.declare(&pipe, value);
                out.push(Node::Action(pipe));
            }
            Node::If(branch) => self.branch(branch, false, out),
            Node::With(branch) => self.branch(branch, true, out),
            Node::Range(r) => {
                if self.node_is_settled(node)
                    && let Some(text) = self.written(node)
                {
                    return self.push(Node::Made(text.into()), out);
                }
                self.range(r, out);
            }
            Node::Template(call) => {
                let call = self.call(call);
                out.push(Node::Template(call));
            }
            Node::Text(_) | Node::Made(_) | Node::Block(_) | Node::Break | Node::Continue => {
                self.push(node.clone(), out);
            }
        }
    }

    /// Adds a node; text behind text becomes one.
    fn push(&self, node: Node, out: &mut List) {
        let bytes = |node: &Node| match node {
            Node::Text(range) => self.template.text.as_bytes().get(range.clone()).map(Vec::from),
            Node::Made(bytes) => Some(bytes.to_vec()),
            _ => None,
        };
        if let Some(more) = bytes(&node)
            && let Some(mut before) = out.last().and_then(bytes)
        {
            before.extend_from_slice(&more);
            out.pop();
            out.push(Node::Made(before.into()));
        } else if !matches!(&node, Node::Made(bytes) if bytes.is_empty()) {
            out.push(node);
        }
    }

    /// Adds what is left of a block: its variables still end with it.
    fn splice(&self, list: List, out: &mut List) {
        let declares = |node: &Node| match node {
            Node::Action(pipe) => !pipe.vars.is_empty() && !pipe.assigns,
            Node::Template(call) => call.pipe.as_ref().is_some_and(|pipe| !pipe.vars.is_empty()),
            _ => false,
        };
        if self.hidden || list.iter().any(declares) {
            out.push(Node::Block(list));
        } else {
            list.into_iter().for_each(|node| self.push(node, out));
        }
    }

    fn branch(&mut self, branch: &'v Branch, with: bool, out: &mut List) {
        let mark = self.scope.vars.len();
        let (mut arms, mut rest) = (Vec::new(), None);
        for (condition, body) in &branch.arms {
            let (pipe, value) = self.pipe(condition);
            let truth = value.as_ref().map(|value| value.val.truth());
            // A condition that declares variables is evaluated for them.
            let needless = condition.vars.is_empty() && !self.hidden;
            if truth == Some(false) && needless {
                continue;
            }
            let dot = match &value {
                Some(value) => Slot::Value(value.clone()),
                None if self.is_root(condition) => Slot::Root,
                None => Slot::Unknown,
            };
            self.declare(condition, value);
            let body = if with { self.scoped_with(dot, body) } else { self.scoped(body) };
            let free = !with || body.iter().all(|node| matches!(node, Node::Text(_) | Node::Made(_)));
            if truth == Some(true) && needless && free {
                rest = Some(body);
                break;
            }
            arms.push((pipe, body));
            if truth == Some(true) {
                rest = Some(List::new());
                break;
            }
        }
        let otherwise = match rest {
            Some(list) => list,
            None => self.scoped(&branch.otherwise),
        };
        self.scope.vars.truncate(mark);
        if arms.is_empty() {
            self.splice(otherwise, out);
        } else {
            let branch = Branch { arms, otherwise };
            out.push(if with { Node::With(branch) } else { Node::If(branch) });
        }
    }

    fn range(&mut self, r: &'v Loop, out: &mut List) {
        let mark = self.scope.vars.len();
        let (pipe, value) = self.pipe(&r.pipe);
        let nothing = value.is_some_and(|value| has_no_elements(&value));
        if nothing && r.pipe.vars.is_empty() && !self.hidden {
            let otherwise = self.scoped(&r.otherwise);
            return self.splice(otherwise, out);
        }
        self.declare_unknown(&r.pipe);
        let body = self.scoped_with(Slot::Unknown, &r.body);
        let otherwise = self.scoped(&r.otherwise);
        self.scope.vars.truncate(mark);
        out.push(Node::Range(Box::new(Loop { pipe, body, otherwise })));
    }

    fn declare_unknown(&mut self, pipe: &Pipe) {
        if !pipe.assigns {
            self.scope.vars.extend(pipe.vars.iter().map(|var| (var.id, Slot::Unknown)));
        }
    }

    fn call(&mut self, call: &'v Call) -> Call {
        let on_root = call.pipe.as_ref().is_some_and(|pipe| self.is_root(pipe));
        let pipe = call.pipe.as_ref().map(|pipe| {
            let (folded, value) = self.pipe(pipe);
            self.declare(pipe, value);
            folded
        });
        let target = call.target.map(|target| self.variant(target, on_root));
        Call { pos: call.pos, name: call.name.clone(), pipe, target }
    }

    /// A pipeline folded, and its value if all of it is settled.
    fn pipe(&mut self, pipe: &'v Pipe) -> (Pipe, Option<Ev<'v>>) {
        let first = self.settled_commands(pipe);
        let evaluated = if first == 0 { None } else { self.scene().commands(pipe, first) };
        let mut cmds = Vec::with_capacity(pipe.cmds.len());
        let mut value = None;
        if let Some((found, end)) = evaluated {
            let shown: Vec<String> = pipe.cmds[..first].iter().map(ToString::to_string).collect();
            let literal = matches!(&pipe.cmds[..first], [one] if one.args.iter().all(is_literal));
            if !literal && let Some(folded) = self.keep(Folded::of(shown.join(" | "), &found, end)) {
                let (pos, at) = (pipe.cmds[0].pos, pipe.cmds[0].args[0].pos);
                let kind = ExprKind::Folded(Box::new(folded));
                cmds.push(Command { pos, args: vec![Expr { pos: at, kind }] });
            }
            value = (first == pipe.cmds.len()).then_some(found);
        }
        let done = if cmds.is_empty() { 0 } else { first };
        cmds.extend(pipe.cmds[done..].iter().map(|command| self.command(command)));
        (Pipe { pos: pipe.pos, assigns: pipe.assigns, vars: pipe.vars.clone(), cmds }, value)
    }

    fn command(&mut self, command: &'v Command) -> Command {
        // `call` names its operand in its complaint.
        let names_it =
            matches!(&command.args[0].kind, ExprKind::Function(callee) if callee.special == Special::Call);
        let mut args = Vec::with_capacity(command.args.len());
        for (at, arg) in command.args.iter().enumerate() {
            args.push(if at == 0 || names_it { self.inside(arg) } else { self.operand(arg) });
        }
        Command { pos: command.pos, args }
    }

    fn operand(&mut self, expr: &'v Expr) -> Expr {
        if !is_literal(expr)
            && self.is_settled(expr)
            && let Some((value, end)) = self.scene().operand(expr)
        {
            let shown = match &expr.kind {
                ExprKind::Pipe(pipe) => format!("({pipe})"),
                _ => expr.to_string(),
            };
            if let Some(folded) = self.keep(Folded::of(shown, &value, end)) {
                return Expr { pos: expr.pos, kind: ExprKind::Folded(Box::new(folded)) };
            }
        }
        self.inside(expr)
    }

    /// An operand that stays, with what is inside it folded.
    fn inside(&mut self, expr: &'v Expr) -> Expr {
        let kind = match &expr.kind {
            ExprKind::Pipe(pipe) => {
                let (folded, value) = self.pipe(pipe);
                self.declare(pipe, value);
                ExprKind::Pipe(Box::new(folded))
            }
            ExprKind::Chain(of, names) => ExprKind::Chain(Box::new(self.inside(of)), names.clone()),
            other => other.clone(),
        };
        Expr { pos: expr.pos, kind }
    }

    /// Counts what is kept.
    fn keep(&mut self, known: Option<Folded>) -> Option<Folded> {
        let known = known?;
        self.left = self.left.checked_sub(known.size())?;
        Some(known)
    }
}

const fn is_literal(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Nil | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(..) | ExprKind::Folded(_)
    )
}

/// Whether `range` finds nothing in it.
fn has_no_elements(value: &Ev<'_>) -> bool {
    let value = value.val.deref();
    match value.kind() {
        GoKind::Invalid => true,
        GoKind::Slice | GoKind::Map => value.is_empty(),
        _ => false,
    }
}
