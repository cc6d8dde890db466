//! The parser: a template's text to trees, with Go's grammar, checks and complaints. Functions are resolved here,
//! for to Go an unknown function is an error of parsing.
//! Never recurses further than [`MAX_NESTING`]: the stack is the host's. (Go allows 10,000 parentheses.)

pub(crate) mod ast;
mod control;
mod item;
mod lex;
mod number;

use std::collections::HashMap;

use ast::{Command, Expr, ExprKind, List, Node, Number, Pipe, Pos, Tree, Var};
use item::{Item, Kind};
use lex::Lexer;

use crate::error::{Error, ErrorKind};
use crate::fmt::quote::{quote, unquote};
use crate::funcs::{Effect, Entry, FunctionSet, builtin};

/// How deep blocks and parentheses may nest in a template's text.
pub(crate) const MAX_NESTING: u32 = 100;

type Parsed<T> = Result<T, Error>;

/// What parsing a text gives: its templates, the main one found by name.
pub(crate) struct Trees {
    pub(crate) all: Vec<Tree>,
    pub(crate) effects: Vec<Effect>,
}

/// Parses `text`; `name` is what errors call it.
pub(crate) fn parse(name: &str, text: &str, functions: &FunctionSet) -> Parsed<Trees> {
    let keywords = functions.get("break").is_none() && functions.get("continue").is_none();
    let mut parser = Parser {
        name,
        text,
        functions,
        lexer: Lexer::new(text, keywords),
        unit: Unit::new(),
        names: HashMap::from([("$", 0)]),
        trees: Vec::new(),
        effects: Vec::new(),
        depth: 0,
    };
    let list = parser.top()?;
    parser.add(Tree { name: name.as_bytes().to_vec(), list })?;
    Ok(Trees { all: parser.trees, effects: parser.effects })
}

struct Parser<'t> {
    name: &'t str,
    text: &'t str,
    functions: &'t FunctionSet,
    lexer: Lexer<'t>,
    unit: Unit<'t>,
    /// Numbers of variable names.
    names: HashMap<&'t str, u32>,
    trees: Vec<Tree>,
    effects: Vec<Effect>,
    depth: u32,
}

/// What belongs to one template of the text: its variables, and what has been read ahead.
struct Unit<'t> {
    ahead: [Item<'t>; 3],
    count: usize,
    vars: Vec<&'t str>,
    action_line: u32,
    range_depth: u32,
}

impl Unit<'_> {
    fn new() -> Self {
        Self {
            ahead: std::array::from_fn(|_| Item::nothing()),
            count: 0,
            vars: vec!["$"],
            action_line: 0,
            range_depth: 0,
        }
    }
}

/// What ended a list: `end` or `else`, and where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    End,
    Else,
}

impl Stop {
    const fn show(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// An element of a list, or its end.
enum Step {
    Node(Node),
    Stop(Stop),
}

/// Items.
impl<'t> Parser<'t> {
    fn next(&mut self) -> Item<'t> {
        if self.unit.count > 0 {
            self.unit.count -= 1;
        } else {
            self.unit.ahead[0] = self.lexer.next_item();
        }
        self.unit.ahead[self.unit.count].clone()
    }

    fn backup(&mut self) {
        self.unit.count += 1;
    }

    fn peek(&mut self) -> &Item<'t> {
        if self.unit.count == 0 {
            self.unit.count = 1;
            self.unit.ahead[0] = self.lexer.next_item();
        }
        &self.unit.ahead[self.unit.count - 1]
    }

    fn next_non_space(&mut self) -> Item<'t> {
        loop {
            let item = self.next();
            if item.kind != Kind::Space {
                return item;
            }
        }
    }

    fn peek_non_space(&mut self) -> Item<'t> {
        let item = self.next_non_space();
        self.backup();
        item
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Item<'t>> {
        let item = self.next_non_space();
        if item.kind == kind { Ok(item) } else { Err(self.unexpected(&item, context)) }
    }

    fn error(&self, detail: impl Into<String>) -> Error {
        Error::parse(ErrorKind::Parse, self.name, self.unit.ahead[0].line, detail.into())
    }

    fn unexpected(&self, item: &Item<'t>, context: &str) -> Error {
        if item.kind == Kind::Error {
            let line = self.unit.action_line;
            let mut extra = String::new();
            if line != 0 && line != item.line {
                let said = if item.error.ends_with(" action") { "" } else { " in action" };
                extra = format!("{said} started at {}:{line}", self.name);
            }
            return self.error(format!("{}{extra}", item.error));
        }
        self.error(format!("unexpected {} in {context}", item.show()))
    }

    /// One level further in; the caller goes back out with `self.depth -= 1`.
    fn deeper(&mut self) -> Parsed<()> {
        if self.depth >= MAX_NESTING {
            return Err(self.error(format!("blocks and parentheses nest deeper than {MAX_NESTING}")));
        }
        self.depth += 1;
        Ok(())
    }
}

/// Templates and lists.
impl<'t> Parser<'t> {
    /// The main template, to the end of the text.
    fn top(&mut self) -> Parsed<List> {
        let mut list = List::new();
        loop {
            let item = self.peek().clone();
            match item.kind {
                Kind::Eof => return Ok(list),
                Kind::LeftDelim => {
                    self.next();
                    if self.next_non_space().kind == Kind::Define {
                        self.definition()?;
                        continue;
                    }
                    self.unit.ahead[1] = item;
                    self.unit.count = 2;
                }
                _ => {}
            }
            match self.text_or_action()? {
                Step::Node(node) => list.push(node),
                Step::Stop(stop) => return Err(self.error(format!("unexpected {}", stop.show()))),
            }
        }
    }

    /// Adds a template, as Go does: an empty one never replaces a full one, two full ones are an error.
    fn add(&mut self, tree: Tree) -> Parsed<()> {
        let Some(at) = self.trees.iter().position(|t| t.name == tree.name) else {
            self.trees.push(tree);
            return Ok(());
        };
        if self.trees[at].is_empty(self.text) {
            self.trees[at] = tree;
        } else if !tree.is_empty(self.text) {
            let name = quote(&tree.name);
            return Err(self.error(format!("template: multiple definition of template {name}")));
        }
        Ok(())
    }

    /// Nodes up to `end` or `else`.
    fn item_list(&mut self) -> Parsed<(List, Stop)> {
        let mut list = List::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Step::Node(node) => list.push(node),
                Step::Stop(stop) => return Ok((list, stop)),
            }
        }
        Err(self.error("unexpected EOF"))
    }

    fn text_or_action(&mut self) -> Parsed<Step> {
        let item = self.next_non_space();
        match item.kind {
            Kind::Text => Ok(Step::Node(Node::Text(item.pos..item.pos + item.text.len()))),
            Kind::LeftDelim => {
                self.unit.action_line = item.line;
                let step = self.action();
                self.unit.action_line = 0;
                step
            }
            _ => Err(self.unexpected(&item, "input")),
        }
    }
}

/// Pipelines.
impl<'t> Parser<'t> {
    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let pos = pos(self.peek_non_space().pos);
        let mut pipe = Pipe { pos, assigns: false, vars: Vec::new(), cmds: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            let item = self.next_non_space();
            match item.kind {
                kind if kind == end => {
                    self.check_pipeline(&pipe, context)?;
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

    fn unquote(&self, literal: &str) -> Parsed<Vec<u8>> {
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
        Ok(ast::Callee { function, builtin })
    }
}

/// A template is at most as long as `u32` counts: compile refuses longer ones.
#[allow(clippy::cast_possible_truncation, reason = "see above")]
const fn pos(at: usize) -> Pos {
    at as Pos
}
