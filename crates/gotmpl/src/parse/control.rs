//! Actions that are more than a pipeline: `if`, `with`, `range`, `template`, `define`, `block`, `break`, …

use super::ast::{Branch, Call, List, Loop, Node, Pipe, Tree};
use super::item::{Item, Kind};
use super::{Parsed, Parser, Step, Stop, Unit, pos};

impl<'t> Parser<'t> {
    /// The inside of an action, its left delimiter taken.
    pub(super) fn action(&mut self) -> Parsed<Step> {
        let item = self.next_non_space();
        match item.kind {
            Kind::Block => self.block().map(Step::Node),
            Kind::Break => self.loop_exit("{{break}}", Node::Break),
            Kind::Continue => self.loop_exit("{{continue}}", Node::Continue),
            Kind::Else => self.else_action(),
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                Ok(Step::Stop(Stop::End))
            }
            Kind::If => Ok(Step::Node(Node::If(self.branch("if", Kind::If)?))),
            Kind::With => Ok(Step::Node(Node::With(self.branch("with", Kind::With)?))),
            Kind::Range => self.range().map(Step::Node),
            Kind::Template => self.template().map(Step::Node),
            _ => {
                self.backup();
                Ok(Step::Node(Node::Action(self.pipeline("command", Kind::RightDelim)?)))
            }
        }
    }

    fn loop_exit(&mut self, shown: &str, node: Node) -> Parsed<Step> {
        let item = self.next_non_space();
        if item.kind != Kind::RightDelim {
            return Err(self.unexpected(&item, shown));
        }
        if self.unit.range_depth == 0 {
            return Err(self.error(format!("{shown} outside {{{{range}}}}")));
        }
        Ok(Step::Node(node))
    }

    /// `{{else}}`; of `{{else if …}}` the `if` stays to be read.
    fn else_action(&mut self) -> Parsed<Step> {
        if !matches!(self.peek_non_space().kind, Kind::If | Kind::With) {
            self.expect(Kind::RightDelim, "else")?;
        }
        Ok(Step::Stop(Stop::Else))
    }

    /// `if` or `with`, and all that hangs on it; `keyword` is what may follow its `else`.
    fn branch(&mut self, context: &'static str, keyword: Kind) -> Parsed<Branch> {
        self.deeper()?;
        let vars = self.unit.vars.len();
        let mut branch = Branch { arms: Vec::new(), otherwise: List::new() };
        loop {
            let pipe = self.pipeline(context, Kind::RightDelim)?;
            let (list, stop) = self.item_list()?;
            branch.arms.push((pipe, list));
            if stop == Stop::End {
                break;
            }
            if self.peek().kind == keyword {
                self.next();
                continue;
            }
            branch.otherwise = self.else_list()?;
            break;
        }
        branch.arms.shrink_to_fit();
        self.unit.vars.truncate(vars);
        self.depth -= 1;
        Ok(branch)
    }

    fn else_list(&mut self) -> Parsed<List> {
        let (list, stop) = self.item_list()?;
        if stop == Stop::Else {
            return Err(self.error(format!("expected end; found {}", stop.show())));
        }
        Ok(list)
    }

    fn range(&mut self) -> Parsed<Node> {
        self.deeper()?;
        let vars = self.unit.vars.len();
        let pipe = self.pipeline("range", Kind::RightDelim)?;
        self.unit.range_depth += 1;
        let (body, stop) = self.item_list()?;
        self.unit.range_depth -= 1;
        let otherwise = if stop == Stop::Else { self.else_list()? } else { List::new() };
        self.unit.vars.truncate(vars);
        self.depth -= 1;
        Ok(Node::Range(Box::new(Loop { pipe, body, otherwise })))
    }

    fn template(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        let item = self.next_non_space();
        let name = self.template_name(&item, CONTEXT)?;
        let mut pipe = None;
        if self.next_non_space().kind != Kind::RightDelim {
            self.backup();
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(call(&item, name, pipe))
    }

    fn template_name(&self, item: &Item<'t>, context: &str) -> Parsed<Vec<u8>> {
        match item.kind {
            Kind::String | Kind::RawString => self.unquote(item.text),
            _ => Err(self.unexpected(item, context)),
        }
    }

    /// `{{block "name" pipeline}} … {{end}}`: a definition and its call in one.
    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        let item = self.next_non_space();
        let name = self.template_name(&item, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        self.body(name.clone(), CONTEXT)?;
        Ok(call(&item, name, Some(pipe)))
    }

    /// `{{define "name"}} … {{end}}`, the keyword taken.
    pub(super) fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let outer = std::mem::replace(&mut self.unit, Unit::new());
        let item = self.next_non_space();
        let name = self.template_name(&item, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        self.list_of_template(name, CONTEXT)?;
        self.unit = outer;
        Ok(())
    }

    /// The body of a block: a template of its own, with its own variables.
    fn body(&mut self, name: Vec<u8>, context: &str) -> Parsed<()> {
        let outer = std::mem::replace(&mut self.unit, Unit::new());
        self.list_of_template(name, context)?;
        self.unit = outer;
        Ok(())
    }

    fn list_of_template(&mut self, name: Vec<u8>, context: &str) -> Parsed<()> {
        self.deeper()?;
        let (list, stop) = self.item_list()?;
        if stop == Stop::Else {
            return Err(self.error(format!("unexpected {} in {context}", stop.show())));
        }
        self.depth -= 1;
        self.add(Tree { name, list })
    }
}

fn call(item: &Item<'_>, name: Vec<u8>, pipe: Option<Pipe>) -> Node {
    Node::Template(Call { pos: pos(item.pos), name, pipe, target: None })
}
