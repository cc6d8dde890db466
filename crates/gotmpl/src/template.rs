//! [`Template`]: compiled once, rendered often, from any thread.

use std::sync::Arc;

use pillion_govalue::{TypeRef, Value};

use crate::error::{Error, ErrorKind};
use crate::exec;
use crate::fold::{Folding, fold};
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
    pub(crate) text: Arc<str>,
    pub(crate) trees: Vec<Tree>,
    pub(crate) main: usize,
    pub(crate) mutates: bool,
    clock: bool,
    pub(crate) root: TypeRef,
    missing: Vec<Box<str>>,
}

/// What is known of the data of a template before there is all of it.
#[derive(Clone, Copy, Debug)]
pub struct Foreknown<'k> {
    /// The members of the root that are known; the others are unknown, not absent.
    pub members: &'k Value<'k>,
    /// The fields that lead from the root to a map in which keys that the template asks for by name are taken to be
    /// missing. Nothing if empty.
    pub sparse: &'k [&'k str],
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
            missing: Vec::new(),
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

    /// This template made smaller by what is known of its data. Against every root that is as `known` says, and has
    /// none of the keys of [`Self::missing`] in the sparse map, it renders the same; by fewer steps, so that one that
    /// its limits would stop may end. `None` if it writes into maps, for then nothing of its data is known.
    #[must_use]
    pub fn folded(&self, known: Foreknown<'_>) -> Option<Self> {
        if self.mutates {
            return None;
        }
        let Folding { trees, main, missing } = fold(self, known);
        let (name, text) = (self.name.clone(), Arc::clone(&self.text));
        Some(Self { name, text, trees, main, mutates: false, clock: self.clock, root: self.root, missing })
    }

    /// The keys that folding has taken to be missing, sorted.
    #[must_use]
    pub fn missing(&self) -> &[Box<str>] {
        &self.missing
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
