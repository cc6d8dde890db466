//! The tree of a template: parsed, functions resolved, variables numbered. It is what runs; nothing is looked up
//! by name again. Every part knows its place, and how Go writes it in messages ([`std::fmt::Display`]).

use std::fmt;
use std::sync::OnceLock;

use pillion_govalue::{Field, TypeRef};

use crate::fmt::quote::quote;
use crate::fold::Folded;
use crate::funcs::{Function, Param};

/// A byte offset in the template's text.
pub(crate) type Pos = u32;

/// Text, actions and control structures in order.
pub(crate) type List = Vec<Node>;

#[derive(Clone)]
pub(crate) enum Node {
    /// Bytes to write as they are: a range of the template's text.
    Text(std::ops::Range<usize>),
    /// Bytes that folding has made out of text and actions.
    Made(Box<[u8]>),
    /// Nodes whose variables end with them: what folding leaves of an `if` that is settled.
    Block(List),
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Box<Loop>),
    Template(Call),
    Break,
    Continue,
}

/// `if` or `with`, the `else if` or `else with` behind it included.
#[derive(Clone)]
pub(crate) struct Branch {
    pub(crate) arms: Vec<(Pipe, List)>,
    pub(crate) otherwise: List,
}

/// `range`.
#[derive(Clone)]
pub(crate) struct Loop {
    pub(crate) pipe: Pipe,
    pub(crate) body: List,
    pub(crate) otherwise: List,
}

/// `{{template "name" pipeline}}`.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) pos: Pos,
    pub(crate) name: Vec<u8>,
    pub(crate) pipe: Option<Pipe>,
    /// Which of the templates it is, once all are known.
    pub(crate) target: Option<usize>,
}

#[derive(Clone)]
pub(crate) struct Pipe {
    pub(crate) pos: Pos,
    pub(crate) assigns: bool,
    pub(crate) vars: Vec<Var>,
    pub(crate) cmds: Vec<Command>,
}

/// A variable's name, and its number among the names of the template text. `$` is number 0.
#[derive(Clone)]
pub(crate) struct Var {
    pub(crate) id: u32,
    pub(crate) name: Box<str>,
}

#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) pos: Pos,
    /// Never empty.
    pub(crate) args: Vec<Expr>,
}

#[derive(Clone)]
pub(crate) struct Expr {
    pub(crate) pos: Pos,
    pub(crate) kind: ExprKind,
}

#[derive(Clone)]
pub(crate) enum ExprKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    /// As written, and its value.
    String(Box<str>, Vec<u8>),
    /// `.A.B`
    Field(Vec<Name>),
    /// `$x.A.B`
    Variable(Var, Vec<Name>),
    Function(Callee),
    /// `(pipeline).A.B` and the like.
    Chain(Box<Expr>, Vec<Name>),
    Pipe(Box<Pipe>),
    /// What folding has put in place of an operand or of the first commands of a pipeline.
    Folded(Box<Folded>),
}

/// A name behind a dot.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) text: Box<str>,
    /// The type of which it was found to be a plain field, and the field: nearly always the same one again, for
    /// the same place of a template meets the same type.
    pub(crate) field: OnceLock<(TypeRef, &'static Field)>,
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self { text: text.into(), field: OnceLock::new() }
    }
}

/// A function's name resolved.
#[derive(Clone)]
pub(crate) struct Callee {
    pub(crate) function: Function,
    /// The types of its parameters, looked up.
    pub(crate) params: Box<[Wanted]>,
    pub(crate) variadic: Option<Wanted>,
    pub(crate) special: Special,
}

/// Go's own functions that the engine runs itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// None of them.
    No,
    /// `and`, which evaluates no more than it must.
    And,
    /// `or`, which does the same.
    Or,
    /// `index`, whose result can have an address.
    Index,
    /// `call`, which names its operand.
    Call,
}

impl Callee {
    /// `builtin`: whether it is Go's own of this name.
    pub(crate) fn new(function: Function, builtin: bool) -> Self {
        let params = function.params.iter().copied().map(Wanted::from).collect();
        let special = match function.name {
            "and" if builtin => Special::And,
            "or" if builtin => Special::Or,
            "index" if builtin => Special::Index,
            "call" if builtin => Special::Call,
            _ => Special::No,
        };
        Self { function, params, variadic: function.variadic.map(Wanted::from), special }
    }
}

/// A parameter with its type's row.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) param: Param,
    pub(crate) ty: Option<TypeRef>,
}

impl From<Param> for Wanted {
    fn from(param: Param) -> Self {
        Self { param, ty: param.ty() }
    }
}

/// A number literal: everything it can be taken for.
#[derive(Clone)]
pub(crate) struct Number {
    pub(crate) text: Box<str>,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}

/// A template of the text: the main one, or one made by `define` or `block`.
#[derive(Clone)]
pub(crate) struct Tree {
    pub(crate) name: Vec<u8>,
    pub(crate) list: List,
}

impl Tree {
    /// Whether nothing is in it but space (comments are gone by now).
    pub(crate) fn is_empty(&self, text: &str) -> bool {
        self.list.iter().all(|n| matches!(n, Node::Text(range) if text[range.clone()].trim().is_empty()))
    }
}

fn join<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.vars.is_empty() {
            join(f, &self.vars, ", ")?;
            f.write_str(if self.assigns { " = " } else { " := " })?;
        }
        join(f, &self.cmds, " | ")
    }
}

impl fmt::Display for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, arg) in self.args.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            match &arg.kind {
                ExprKind::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => write!(f, "{arg}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Dot => f.write_str("."),
            ExprKind::Nil => f.write_str("nil"),
            ExprKind::Bool(b) => write!(f, "{b}"),
            ExprKind::Number(n) => f.write_str(&n.text),
            ExprKind::String(quoted, _) => f.write_str(quoted),
            ExprKind::Field(names) => fields(f, names),
            ExprKind::Variable(var, names) => {
                f.write_str(&var.name)?;
                fields(f, names)
            }
            ExprKind::Function(callee) => f.write_str(callee.function.name),
            ExprKind::Chain(of, names) => {
                match &of.kind {
                    ExprKind::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => write!(f, "{of}")?,
                }
                fields(f, names)
            }
            ExprKind::Pipe(pipe) => write!(f, "{pipe}"),
            ExprKind::Folded(folded) => f.write_str(&folded.shown),
        }
    }
}

fn fields(f: &mut fmt::Formatter<'_>, names: &[Name]) -> fmt::Result {
    names.iter().try_for_each(|name| write!(f, ".{}", name.text))
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", quote(&self.name))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}
