//! Pipelines: declarations, commands, operands, terms; names of functions are resolved here.

use super::ast::{self, Command, Expr, ExprKind, Number, Pipe, Var};
use super::item::Kind;
use super::{Parsed, Parser, pos};
use crate::error::{Error, ErrorKind};
use crate::fmt::quote::{quote, unquote};
use crate::funcs::{Entry, builtin};

/// Pipelines.
impl<'t> Parser<'t> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let pos = pos(self.peek_non_space().pos);
        let mut pipe = Pipe { pos, assigns: false, vars: Vec::new(), cmds: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            let item = self.next_non_space();
            match item.kind {
                kind if kind == end => {
                    self.check_pipeline(&pipe, context)?;
                    // Most have one command, and a vector begins with room for four; templates stay in memory.
                    pipe.cmds.shrink_to_fit();
                    pipe.vars.shrink_to_fit();
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::Char
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.backup();
                    pipe.cmds.push(self.command()?);
                }
                _ => return Err(self.unexpected(&item, context)),
            }
        }
    }

    /// `$x :=`, `$x =`, and in a range `$k, $v :=`.
    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<()> {
        loop {
            let var = self.peek_non_space();
            if var.kind != Kind::Variable {
                return Ok(());
            }
            self.next();
            let after = self.peek().clone();
            let next = self.peek_non_space();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.assigns = next.kind == Kind::Assign;
                    self.next_non_space();
                    self.declare(pipe, var.text);
                    return Ok(());
                }
                Kind::Other if next.text == "," => {
                    self.next_non_space();
                    self.declare(pipe, var.text);
                    if context != "range" || pipe.vars.len() >= 2 {
                        return Err(self.error(format!("too many declarations in {context}")));
                    }
                    if !matches!(
                        self.peek_non_space().kind,
                        Kind::Variable | Kind::RightDelim | Kind::RightParen
                    ) {
                        return Err(self.error("range can only initialize variables"));
                    }
                }
                _ if after.kind == Kind::Space => {
                    self.unit.ahead[1] = after;
                    self.unit.ahead[2] = var;
                    self.unit.count = 3;
                    return Ok(());
                }
                _ => {
                    self.unit.ahead[1] = var;
                    self.unit.count = 2;
                    return Ok(());
                }
            }
        }
    }

    fn declare(&mut self, pipe: &mut Pipe, name: &'t str) {
        let var = self.variable(name);
        pipe.vars.push(var);
        self.unit.vars.push(name);
    }

    fn variable(&mut self, name: &'t str) -> Var {
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        Var { id: *self.names.entry(name).or_insert(next), name: name.into() }
    }

    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Parsed<()> {
        if pipe.cmds.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        for (i, cmd) in pipe.cmds.iter().enumerate().skip(1) {
            use ExprKind::{Bool, Dot, Nil, Number, String};
            if matches!(cmd.args[0].kind, Bool(_) | Dot | Nil | Number(_) | String(..)) {
                return Err(self.error(format!("non executable command in pipeline stage {}", i + 1)));
            }
        }
        Ok(())
    }

    /// Operands with space between, to a pipe or the end.
    fn command(&mut self) -> Parsed<Command> {
        let pos = pos(self.peek_non_space().pos);
        let mut args = Vec::new();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                args.push(operand);
            }
            let item = self.next();
            match item.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.backup(),
                Kind::Pipe => {}
                _ => return Err(self.unexpected(&item, "operand")),
            }
            break;
        }
        if args.is_empty() {
            return Err(self.error("empty command"));
        }
        args.shrink_to_fit();
        Ok(Command { pos, args })
    }

    /// A term with the fields behind it.
    fn operand(&mut self) -> Parsed<Option<Expr>> {
        let Some(mut term) = self.term()? else { return Ok(None) };
        if self.peek().kind != Kind::Field {
            return Ok(Some(term));
        }
        let at = pos(self.peek().pos);
        let mut names: Vec<ast::Name> = Vec::new();
        while self.peek().kind == Kind::Field {
            names.push(self.next().text[1..].into());
        }
        let term = match term.kind {
            ExprKind::Field(ref mut own) | ExprKind::Variable(_, ref mut own) => {
                own.append(&mut names);
                Expr { pos: at, kind: term.kind }
            }
            ExprKind::Bool(_)
            | ExprKind::String(..)
            | ExprKind::Number(_)
            | ExprKind::Nil
            | ExprKind::Dot => {
                let shown = quote(term.to_string().as_bytes());
                return Err(self.error(format!("unexpected . after term {shown}")));
            }
            _ => Expr { pos: at, kind: ExprKind::Chain(Box::new(term), names) },
        };
        Ok(Some(term))
    }

    fn term(&mut self) -> Parsed<Option<Expr>> {
        let item = self.next_non_space();
        let kind = match item.kind {
            Kind::Identifier => ExprKind::Function(self.resolve(item.text)?),
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Variable => {
                if !self.unit.vars.contains(&item.text) {
                    return Err(self.error(format!("undefined variable {}", quote(item.text.as_bytes()))));
                }
                ExprKind::Variable(self.variable(item.text), Vec::new())
            }
            Kind::Field => ExprKind::Field(vec![item.text[1..].into()]),
            Kind::Bool => ExprKind::Bool(item.text == "true"),
            Kind::Char => ExprKind::Number(Number::character(item.text).map_err(|e| self.error(e))?),
            Kind::Complex => ExprKind::Number(Number::complex(item.text).map_err(|e| self.error(e))?),
            Kind::Number => ExprKind::Number(Number::plain(item.text).map_err(|e| self.error(e))?),
            Kind::LeftParen => {
                self.deeper()?;
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParen)?;
                self.depth -= 1;
                return Ok(Some(Expr { pos: pipe.pos, kind: ExprKind::Pipe(Box::new(pipe)) }));
            }
            Kind::String | Kind::RawString => ExprKind::String(item.text.into(), self.unquote(item.text)?),
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Expr { pos: pos(item.pos), kind }))
    }

    pub(super) fn unquote(&self, literal: &str) -> Parsed<Vec<u8>> {
        unquote(literal).ok_or_else(|| self.error("invalid syntax"))
    }

    fn resolve(&mut self, name: &str) -> Parsed<ast::Callee> {
        let (function, builtin) = match self.functions.get(name) {
            Some(Entry::Function(f)) => (*f, false),
            Some(Entry::Refused(why)) => {
                let detail = format!("function {} is not offered: {why}", quote(name.as_bytes()));
                return Err(Error::parse(ErrorKind::Refused, self.name, self.unit.ahead[0].line, detail));
            }
            None => match builtin::find(name) {
                Some(f) => (*f, true),
                None => return Err(self.error(format!("function {} not defined", quote(name.as_bytes())))),
            },
        };
        if !self.effects.contains(&function.effect) {
            self.effects.push(function.effect);
        }
        Ok(ast::Callee::new(function, builtin))
    }
}
