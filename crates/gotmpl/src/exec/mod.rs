//! Running a template: walking its tree, writing what it writes, within its limits.
//!
//! Mirrors what `text/template` does step by step, because its errors name the place where evaluation last stood.
//! Never parses, never does I/O, and never recurses further than its depth allows.

mod arg;
mod call;
mod eval;
mod field;
mod fold;
mod range;

pub(crate) use fold::Scene;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use pillion_govalue::Value;
use pillion_govalue::types::{KNOWN, Known};

use crate::error::{Error, ErrorKind, Place};
use crate::fold::Folded;
use crate::funcs::{Cx, Fault};
use crate::limits::Limits;
use crate::methods::addressed_string;
use crate::parse::ast::{Branch, Call, Command, Expr, Node, Pipe, Pos};
use crate::template::Template;
use crate::value::Val;

/// A value as evaluation sees it: what `reflect` knows besides the value itself.
#[derive(Clone, Debug)]
pub(crate) struct Ev<'v> {
    pub(crate) val: Val<'v>,
    /// Its static type is `interface {}`: an element of a `[]any` or `map[string]any` that nobody has unwrapped.
    pub(crate) iface: bool,
    /// Go could take its address.
    pub(crate) addr: bool,
}

impl<'v> Ev<'v> {
    pub(crate) const fn plain(val: Val<'v>) -> Self {
        Self { val, iface: false, addr: false }
    }

    const fn invalid() -> Self {
        Self::plain(Val::Invalid)
    }
}

/// Why walking stopped.
pub(crate) enum Stop {
    Break,
    Continue,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(e: Error) -> Self {
        Self::Failed(e)
    }
}

type Evaluated<'v> = Result<Ev<'v>, Error>;
type Walked = Result<(), Stop>;

/// The part of the template that evaluation stands at, for messages.
#[derive(Clone, Copy)]
enum At<'v> {
    Nothing,
    Pipe(&'v Pipe),
    Command(&'v Command),
    Expr(&'v Expr),
    Call(&'v Call),
    /// Where evaluation ended when the value was folded.
    Folded(&'v Folded),
}

impl At<'_> {
    const fn pos(self) -> Pos {
        match self {
            At::Nothing => 0,
            At::Pipe(p) => p.pos,
            At::Command(c) => c.pos,
            At::Expr(e) => e.pos,
            At::Call(c) => c.pos,
            At::Folded(k) => k.end.pos,
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Nothing => Ok(()),
            At::Pipe(p) => p.fmt(f),
            At::Command(c) => c.fmt(f),
            At::Expr(e) => e.fmt(f),
            At::Call(c) => c.fmt(f),
            At::Folded(k) => f.write_str(&k.end.shown),
        }
    }
}

/// One rendering.
pub(crate) struct Exec<'x, 'v> {
    template: &'v Template,
    cx: &'x Cx<'v>,
    /// The types that code asks for by name, looked up once.
    known: &'static Known,
    /// Which of the text's templates runs.
    current: usize,
    at: At<'v>,
    /// Variables by number, innermost last; those of the running template start at `base`.
    vars: Vec<(u32, Ev<'v>)>,
    base: usize,
    /// Arguments of the calls that are being evaluated, innermost last.
    args: Vec<Val<'v>>,
    depth: u32,
    max_depth: u32,
    out: Vec<u8>,
    max_out: usize,
    /// The template's own copies of the data's maps, where it has functions that write into maps.
    own: Option<RefCell<HashMap<*const Value<'v>, Val<'v>>>>,
}

/// Renders `template` against `root`.
pub(crate) fn run<'v>(
    template: &'v Template,
    root: Val<'v>,
    cx: &Cx<'v>,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let mut exec = Exec::new(template, cx, vec![(0, Ev::plain(root.clone()))], limits);
    exec.args.reserve(16);
    exec.out.reserve(limits.output.min(template.text.len() + 1024));
    match exec.walk(&Ev::plain(root), &template.trees[template.main].list) {
        Ok(()) => Ok(exec.out),
        Err(Stop::Failed(e)) => Err(e),
        // The parser refuses both outside a range.
        Err(Stop::Break | Stop::Continue) => Ok(exec.out),
    }
}

impl<'x, 'v> Exec<'x, 'v> {
    fn new(template: &'v Template, cx: &'x Cx<'v>, vars: Vec<(u32, Ev<'v>)>, limits: &Limits) -> Self {
        Self {
            template,
            cx,
            known: &KNOWN,
            current: template.main,
            at: At::Nothing,
            vars,
            base: 0,
            args: Vec::new(),
            depth: 0,
            max_depth: limits.depth,
            out: Vec::new(),
            max_out: limits.output,
            own: template.mutates.then(RefCell::default),
        }
    }

    fn walk(&mut self, dot: &Ev<'v>, list: &'v [Node]) -> Walked {
        self.enter()?;
        for node in list {
            match node {
                Node::Text(range) => self.write(&self.template.text.as_bytes()[range.clone()])?,
                Node::Made(bytes) => self.write(bytes)?,
                Node::Block(list) => {
                    let mark = self.vars.len();
                    self.walk(dot, list)?;
                    self.vars.truncate(mark);
                }
                Node::Action(pipe) => {
                    let value = self.pipeline(dot, pipe)?;
                    if pipe.vars.is_empty() {
                        self.at = At::Pipe(pipe);
                        self.print(&value)?;
                    }
                }
                Node::If(branch) => self.branch(dot, branch, false)?,
                Node::With(branch) => self.branch(dot, branch, true)?,
                Node::Range(r) => self.range(dot, r)?,
                Node::Template(call) => self.call_template(dot, call)?,
                Node::Break => return Err(Stop::Break),
                Node::Continue => return Err(Stop::Continue),
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// One level deeper, one step further.
    fn enter(&mut self) -> Result<(), Error> {
        if self.depth >= self.max_depth {
            return Err(self.limit("blocks and templates call each other too deeply"));
        }
        self.depth += 1;
        self.step()
    }

    fn step(&self) -> Result<(), Error> {
        self.cx.step(1).map_err(|fault| self.fault(fault))
    }

    fn branch(&mut self, dot: &Ev<'v>, branch: &'v Branch, with: bool) -> Walked {
        let mark = self.vars.len();
        for (pipe, list) in &branch.arms {
            let value = self.pipeline(dot, pipe)?;
            if value.val.truth() {
                self.walk(if with { &value } else { dot }, list)?;
                self.vars.truncate(mark);
                return Ok(());
            }
        }
        if !branch.otherwise.is_empty() {
            self.walk(dot, &branch.otherwise)?;
        }
        self.vars.truncate(mark);
        Ok(())
    }

    fn call_template(&mut self, dot: &Ev<'v>, call: &'v Call) -> Walked {
        self.at = At::Call(call);
        let Some(target) = call.target else {
            let name = crate::fmt::quote::quote(&call.name);
            return Err(self.error(format!("template {name} not defined")).into());
        };
        if self.depth >= self.max_depth {
            let detail = format!("exceeded maximum template depth ({})", self.max_depth);
            return Err(self.limit(&detail).into());
        }
        let dot = match &call.pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Ev::invalid(),
        };
        let (current, base, mark, depth) = (self.current, self.base, self.vars.len(), self.depth);
        self.current = target;
        self.base = mark;
        self.vars.push((0, dot.clone()));
        self.walk(&dot, &self.template.trees[target].list)?;
        self.vars.truncate(mark);
        (self.current, self.base, self.depth) = (current, base, depth);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.out.len() + bytes.len() > self.max_out {
            return Err(self.limit("the template writes too much"));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Prints an action's value.
    fn print(&mut self, value: &Ev<'v>) -> Result<(), Error> {
        if let Val::Str(text, _) = &value.val {
            return self.write(text);
        }
        let mut val = value.val.clone();
        if let Val::Typed(node, ty) = &val {
            let pointer = matches!(ty.kind(), pillion_govalue::Kind::Ptr(_));
            // A pointer is printed as what it points to; either way Go finds methods of the address.
            if pointer || value.addr {
                let target = Val::Typed(node, ty.deref());
                if let Some(text) = addressed_string(&target) {
                    return self.write(text.as_bytes());
                }
                val = val.deref();
            }
        } else if matches!(val, Val::Invalid) {
            return self.write(b"<no value>");
        }
        if crate::fmt::append(&mut self.out, &val, self.max_out) {
            return Ok(());
        }
        Err(self.limit("the template writes too much, or a value nested too deeply"))
    }

    /// The value of the innermost variable with this number.
    fn variable(&self, id: u32) -> Option<usize> {
        let found = self.vars[self.base..].iter().rposition(|(n, _)| *n == id);
        found.map(|at| self.base + at)
    }

    fn error(&self, detail: impl Into<String>) -> Error {
        self.error_of(ErrorKind::Exec, detail.into())
    }

    fn limit(&self, detail: &str) -> Error {
        self.error_of(ErrorKind::Limit, String::from(detail))
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Failed(detail) => self.error(detail),
            Fault::Limit(what) => self.limit(what),
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "compile refuses texts that long")]
    fn error_of(&self, kind: ErrorKind, detail: String) -> Error {
        let before = &self.template.text.as_bytes()[..self.at.pos() as usize];
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let template = String::from_utf8_lossy(&self.template.trees[self.current].name);
        let place = Place {
            parse_name: &self.template.name,
            template: &template,
            line: line as u32,
            column: (before.len() - line_start) as u32,
        };
        Error::exec(kind, &place, &self.at.to_string(), detail)
    }

    /// The template's own copy of a map of the data, if it has functions that write into maps.
    fn owned(&self, value: Val<'v>) -> Result<Val<'v>, Error> {
        let (Some(own), Val::Typed(node, ty)) = (&self.own, &value) else { return Ok(value) };
        if *ty != self.known.map_any {
            return Ok(value);
        }
        let key: *const Value<'v> = *node;
        if let Some(copy) = own.borrow().get(&key) {
            return Ok(copy.clone());
        }
        let copy = self.cx.any_from(node).map_err(|fault| self.fault(fault))?;
        own.borrow_mut().insert(key, copy.clone());
        Ok(copy)
    }
}

#[cfg(test)]
mod tests;
