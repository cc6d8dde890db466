//! Folding: a template made smaller by what is known of its data beforehand, which renders the same.
//!
//! Expressions that ask only for what is known become their values, actions their text, an `if` whose condition is
//! settled the branch it takes, lookups in a map that is nearly always without such keys what they give there. An expression that fails is left as it is and fails when it is reached, with its own
//! words and place. Never folded: what writes into maps, and what asks the clock or the host.
//!
//! Values are found by running the engine itself, so that there is one meaning of a template and not two.

mod constant;
mod nodes;
mod settled;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

pub(crate) use constant::{End, Folded};

use crate::exec::{Ev, Scene};
use crate::funcs::{Cx, Env};
use crate::limits::Limits;
use crate::parse::ast::{ExprKind, List, Node, Pipe, Tree};
use crate::template::{Foreknown, Template};
use crate::value::{Val, read};

/// What folding one template may cost, all its parts together. What would cost more is left for rendering.
const COST: Limits = Limits { steps: 200_000, output: MOST_MADE, memory: 8 << 20, depth: 200 };
/// Bytes of text and values that a folded template may hold beyond those of its text.
const MOST_MADE: usize = 256 << 10;

/// What folding gives.
pub(crate) struct Folding {
    pub(crate) trees: Vec<Tree>,
    /// Which of them is the main one.
    pub(crate) main: usize,
    /// The keys that were taken to be missing.
    pub(crate) missing: Vec<Box<str>>,
}

/// Folds `template` over what is known.
pub(crate) fn fold(template: &Template, known: Foreknown<'_>) -> Folding {
    let env = Env::default();
    let cx = Cx::new(&env, &COST);
    let mut folder = Folder::new(template, known, &cx);
    let main = folder.variant(template.main, true);
    folder.run();
    let missing = folder.missing.take().into_iter().collect();
    let trees = folder.trees;
    cx.clear();
    Folding { trees, main, missing }
}

/// What is known of a variable or of the dot.
#[derive(Clone)]
enum Slot<'v> {
    /// It is the root, of which some members are known.
    Root,
    /// Nothing.
    Unknown,
    /// Its value.
    Value(Ev<'v>),
    /// It comes about inside the node that is being looked at, out of nothing but what is known.
    Inside,
}

/// The place in a tree where folding stands.
struct Scope<'v> {
    tree: usize,
    dot: Slot<'v>,
    vars: Vec<(u32, Slot<'v>)>,
}

struct Folder<'x, 'v> {
    template: &'v Template,
    cx: &'x Cx<'v>,
    known: Foreknown<'v>,
    /// Keys of the sparse map that are asked for.
    missing: RefCell<BTreeSet<Box<str>>>,
    root: Val<'v>,
    /// Variables whose value can change after they are declared, or that may be declared or not.
    unsettled: HashSet<u32>,
    /// Some parentheses declare a variable: then nobody knows from the nodes which of them do.
    hidden: bool,
    scope: Scope<'v>,
    /// The folded trees, by tree and by whether its dot is the root.
    variants: HashMap<(usize, bool), usize>,
    trees: Vec<Tree>,
    /// Variants that are asked for and not yet made.
    waiting: Vec<(usize, bool, usize)>,
    /// Bytes that may still be made.
    left: usize,
}

impl<'x, 'v> Folder<'x, 'v> {
    fn new(template: &'v Template, known: Foreknown<'v>, cx: &'x Cx<'v>) -> Self {
        let mut found = settled::Assigned::default();
        template.trees.iter().for_each(|tree| found.list(&tree.list));
        Self {
            template,
            cx,
            known,
            missing: RefCell::default(),
            root: read(Some(known.members), template.root),
            unsettled: found.vars,
            hidden: found.hidden,
            scope: Scope { tree: template.main, dot: Slot::Root, vars: Vec::new() },
            variants: HashMap::new(),
            trees: Vec::new(),
            waiting: Vec::new(),
            left: MOST_MADE,
        }
    }

    /// The folded tree for `tree` called with the root, or with anything else, as its dot.
    fn variant(&mut self, tree: usize, on_root: bool) -> usize {
        if let Some(made) = self.variants.get(&(tree, on_root)) {
            return *made;
        }
        let at = self.trees.len();
        self.trees.push(Tree { name: self.template.trees[tree].name.clone(), list: List::new() });
        self.variants.insert((tree, on_root), at);
        self.waiting.push((tree, on_root, at));
        at
    }

    /// Makes all variants. One after the other: templates may call each other deeper than a stack is.
    fn run(&mut self) {
        while let Some((tree, on_root, at)) = self.waiting.pop() {
            let dot = if on_root { Slot::Root } else { Slot::Unknown };
            self.scope = Scope { tree, dot: dot.clone(), vars: vec![(0, dot)] };
            self.trees[at].list = self.list(&self.template.trees[tree].list);
        }
    }

    /// What the engine needs to evaluate something that is settled here.
    fn scene(&self) -> Scene<'x, 'v> {
        let value = |slot: &Slot<'v>| match slot {
            Slot::Root => Ev::plain(self.root.clone()),
            Slot::Value(value) => value.clone(),
            // Nothing that is settled asks for it.
            Slot::Unknown | Slot::Inside => Ev::plain(Val::Invalid),
        };
        Scene {
            template: self.template,
            cx: self.cx,
            tree: self.scope.tree,
            dot: value(&self.scope.dot),
            vars: self.scope.vars.iter().map(|(id, slot)| (*id, value(slot))).collect(),
            limits: COST,
        }
    }

    /// What a node writes that needs nothing unknown; `None` if it fails or is too much.
    fn written(&mut self, node: &'v Node) -> Option<Vec<u8>> {
        let bytes = self.scene().written(node)?;
        self.left = self.left.checked_sub(bytes.len())?;
        Some(bytes)
    }

    /// The innermost variable with this number.
    fn slot(&self, id: u32) -> &Slot<'v> {
        self.scope.vars.iter().rev().find(|(n, _)| *n == id).map_or(&Slot::Unknown, |(_, slot)| slot)
    }

    /// Takes up the variables that a pipeline declares.
    fn declare(&mut self, pipe: &Pipe, value: Option<Ev<'v>>) {
        if pipe.assigns {
            return;
        }
        let value = match value {
            Some(value) => Slot::Value(value),
            None if self.is_root(pipe) => Slot::Root,
            None => Slot::Unknown,
        };
        for var in &pipe.vars {
            let known = if self.unsettled.contains(&var.id) { Slot::Unknown } else { value.clone() };
            self.scope.vars.push((var.id, known));
        }
    }

    /// Whether the pipeline is the root itself: `.` or `$`.
    fn is_root(&self, pipe: &Pipe) -> bool {
        let [command] = pipe.cmds.as_slice() else { return false };
        let [operand] = command.args.as_slice() else { return false };
        let slot = match &operand.kind {
            ExprKind::Dot => &self.scope.dot,
            ExprKind::Variable(var, names) if names.is_empty() => self.slot(var.id),
            _ => return false,
        };
        matches!(slot, Slot::Root)
    }
}

#[cfg(test)]
mod tests;
