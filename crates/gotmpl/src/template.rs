//! [`Template`]: compiled once, rendered often, from any thread.

use pillion_govalue::{TypeRef, Value};

use crate::error::{Error, ErrorKind};
use crate::exec;
use crate::funcs::{Cx, Effect, Env, FunctionSet};
use crate::limits::Limits;
use crate::parse::ast::{Node, Tree};
use crate::parse::{Trees, parse};
use crate::value::read;

/// The longest text that is compiled; a ConfigMap holds less.
const MAX_TEXT: usize = 4 << 20;

/// A compiled template text with all the templates it defines.
pub struct Template {
    pub(crate) name: Box<str>,
    pub(crate) text: Box<str>,
    pub(crate) trees: Vec<Tree>,
    pub(crate) main: usize,
    pub(crate) mutates: bool,
    clock: bool,
    root: TypeRef,
}

impl Template {
    /// Compiles `text` against `functions`. `name` is what errors call it; `root` is the type of the data that it
    /// will be rendered against.
    ///
    /// # Errors
    /// What Go's parser complains of, and functions that the set refuses.
    pub fn compile(name: &str, text: &str, functions: &FunctionSet, root: TypeRef) -> Result<Self, Error> {
        if text.len() > MAX_TEXT {
            let detail = format!("the template is longer than {MAX_TEXT} bytes");
            return Err(Error::parse(ErrorKind::Parse, name, 1, detail));
        }
        let Trees { all: mut trees, effects } = parse(name, text, functions)?;
        let names: Vec<Vec<u8>> = trees.iter().map(|t| t.name.clone()).collect();
        for tree in &mut trees {
            link(&mut tree.list, &names);
        }
        let main = names.iter().position(|n| n == name.as_bytes()).unwrap_or_default();
        Ok(Self {
            name: name.into(),
            text: text.into(),
            trees,
            main,
            mutates: effects.contains(&Effect::Mutates),
            clock: effects.contains(&Effect::Clock),
            root,
        })
    }

    /// Renders against `root`, which is a value of the type that the template was compiled for.
    ///
    /// # Errors
    /// What Go's `Execute` fails with, and a limit that is reached.
    pub fn render(&self, root: &Value<'_>, env: &Env, limits: &Limits) -> Result<Vec<u8>, Error> {
        let cx = Cx::new(env, limits);
        let result = exec::run(self, read(Some(root), self.root), &cx, limits);
        cx.clear();
        result
    }

    /// Whether it asks the clock, so that a rendering must not be remembered.
    #[must_use]
    pub const fn uses_clock(&self) -> bool {
        self.clock
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Tells every `template` action which template it calls. Lists nest no deeper than the parser allows.
fn link(list: &mut [Node], names: &[Vec<u8>]) {
    for node in list {
        match node {
            Node::Template(call) => call.target = names.iter().position(|n| *n == call.name),
            Node::If(branch) | Node::With(branch) => {
                branch.arms.iter_mut().for_each(|(_, list)| link(list, names));
                link(&mut branch.otherwise, names);
            }
            Node::Range(r) => {
                link(&mut r.body, names);
                link(&mut r.otherwise, names);
            }
            _ => {}
        }
    }
}
