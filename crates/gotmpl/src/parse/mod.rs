//! The parser: a template's text to trees, with Go's grammar, checks and complaints. Functions are resolved here,
//! for to Go an unknown function is an error of parsing.
//! Never recurses further than [`MAX_NESTING`]: the stack is the host's. (Go allows 10,000 parentheses.)

pub(crate) mod ast;
mod control;
mod item;
mod lex;
mod number;
mod pipeline;
mod scan;

use std::collections::HashMap;

use ast::{List, Node, Pos, Tree};
use item::{Item, Kind};
use lex::Lexer;

use crate::error::{Error, ErrorKind};
use crate::fmt::quote::quote;
use crate::funcs::{Effect, FunctionSet};

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
                Step::Stop(stop) => {
                    list.shrink_to_fit();
                    return Ok((list, stop));
                }
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

/// A template is at most as long as `u32` counts: compile refuses longer ones.
#[allow(clippy::cast_possible_truncation, reason = "see above")]
const fn pos(at: usize) -> Pos {
    at as Pos
}

#[cfg(test)]
mod tests;
