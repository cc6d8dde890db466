//! Every field of `MeshConfig` and `ProxyConfig`, however deep, out of the program's own table of types. Never knows
//! a field by name: what is new in the table is asked about by itself.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Field, Kind, TypeRef};

use super::tree::Node;

/// What a path starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `MeshConfig` without what is below `defaultConfig`.
    Mesh,
    /// `ProxyConfig`.
    Proxy,
}

/// Whether a field holds one value, a list or a map of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One.
    One,
    /// A list.
    List,
    /// A map.
    Map,
}

/// One step down.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The field.
    pub field: &'static Field,
    /// Its shape.
    pub shape: Shape,
}

/// A field and the way to it.
#[derive(Clone, Debug)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// The steps; the last is the field.
    pub steps: Vec<Step>,
    /// The type of its value, or of one item.
    pub ty: TypeRef,
    /// The field by its JSON names: `tracing.zipkin.address`, `extensionProviders[].name`.
    pub name: String,
}

/// How the names of fields are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// As in JSON: `trustDomain`.
    Json,
    /// As in protobuf: `trust_domain`.
    Proto,
}

impl Path {
    /// The field's own shape.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.steps.last().map_or(Shape::One, |step| step.shape)
    }

    /// `value` as the field's one item (or its one value), and all that is around it.
    #[must_use]
    pub fn around(&self, value: Node, names: Names) -> Node {
        self.nested(value, names, true)
    }

    /// `value` as the whole field, whatever the field's shape.
    #[must_use]
    pub fn whole(&self, value: Node, names: Names) -> Node {
        self.nested(value, names, false)
    }

    fn nested(&self, value: Node, names: Names, as_item: bool) -> Node {
        let mut node = value;
        for (at, step) in self.steps.iter().enumerate().rev() {
            let last = at + 1 == self.steps.len();
            node = match step.shape {
                Shape::List if as_item || !last => Node::List(vec![node]),
                Shape::Map if as_item || !last => Node::Map(vec![("key".to_owned(), node)]),
                _ => node,
            };
            // The members that merge are looked for by one name only: written otherwise nothing below would be asked.
            let merged = ["defaultConfig", "defaultProviders"].contains(&step.field.json);
            let key = if names == Names::Proto && !merged { step.field.proto } else { step.field.json };
            node = Node::Map(vec![(key.to_owned(), node)]);
        }
        node
    }
}

/// All fields below `root`.
#[must_use]
pub fn all(root: Root) -> Vec<Path> {
    let ty = match root {
        Root::Mesh => KNOWN.mesh_config,
        Root::Proxy => KNOWN.proxy_config,
    };
    let mut found = vec![];
    walk(root, ty, &mut vec![], &mut found);
    found
}

fn walk(root: Root, ty: TypeRef, steps: &mut Vec<Step>, found: &mut Vec<Path>) {
    for field in ty.deref().get().fields() {
        let (inner, shape) = match field.ty.deref().kind() {
            Kind::List(item) => (item, Shape::List),
            Kind::Map(_, item) => (item, Shape::Map),
            _ => (field.ty, Shape::One),
        };
        steps.push(Step { field, shape });
        found.push(Path { root, steps: steps.clone(), ty: inner, name: name(steps) });
        let elsewhere = root == Root::Mesh && field.json == "defaultConfig";
        if matches!(inner.deref().kind(), Kind::Message(_)) && !elsewhere {
            walk(root, inner, steps, found);
        }
        steps.pop();
    }
}

fn name(steps: &[Step]) -> String {
    let mut name = String::new();
    for (at, step) in steps.iter().enumerate() {
        if at > 0 {
            name.push('.');
        }
        name.push_str(step.field.json);
        match step.shape {
            Shape::List if at + 1 < steps.len() => name.push_str("[]"),
            Shape::Map if at + 1 < steps.len() => name.push_str("{}"),
            _ => {}
        }
    }
    name
}
