//! Questions out of the table of types: every field of a message, however deep, with each of its type's values, in
//! both spellings; and combinations of them. Always the same questions, so that a corpus can be made again.

use pillion_govalue::{Field, Kind, Map, TypeRef, Value, json, parse};

/// Every field of the message `ty`, one question each, as objects.
pub(crate) fn fields(ty: TypeRef) -> Vec<Value<'static>> {
    let mut out = Vec::new();
    walk(ty, &mut Vec::new(), &mut out);
    out
}

/// A fixed sequence of numbers: all choices of the corpus come from it.
pub(crate) struct Sequence(u64);

impl Sequence {
    /// The sequence of one list of questions.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `below`.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % below.max(1)
    }

    /// One of several.
    pub(crate) fn one<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }
}

/// One step down: a field, and whether it is a list or a map of what follows.
#[derive(Clone, Copy)]
struct Step {
    field: &'static Field,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    One,
    List,
    Map,
}

fn walk(ty: TypeRef, path: &mut Vec<Step>, out: &mut Vec<Value<'static>>) {
    for field in ty.deref().fields() {
        let (inner, shape) = match field.ty.deref().kind() {
            Kind::List(item) => (item, Shape::List),
            Kind::Map(_, item) => (item, Shape::Map),
            _ => (field.ty, Shape::One),
        };
        path.push(Step { field, shape });
        let leaf = !matches!(inner.deref().kind(), Kind::Message(_));
        // The deeper a field, the fewer of its values: the readers are the same, only the place is another.
        let every = if path.len() <= 2 { 1 } else { 3 };
        for (at, value) in candidates(inner).into_iter().enumerate() {
            let turn = (at + path.len() + out.len()).is_multiple_of(every);
            if turn || at == 0 {
                out.push(wrap(path, value, shape, at % 3 == 1));
            }
        }
        if shape != Shape::One && path.len() <= 3 {
            for whole in ["null", "[]", "{}", "\"x\"", "[null]", "{\"k\":null}", "5"] {
                out.push(wrap(path, literal(whole), Shape::One, false));
            }
        }
        if !leaf {
            walk(inner, path, out);
        }
        path.pop();
    }
}

/// The value at the end of the path; `snake` writes every field by its protobuf name.
fn wrap(path: &[Step], value: Value<'static>, last: Shape, snake: bool) -> Value<'static> {
    let mut value = value;
    for (at, step) in path.iter().enumerate().rev() {
        let shape = if at + 1 == path.len() { last } else { step.shape };
        value = match shape {
            Shape::One => value,
            Shape::List => Value::list(vec![value]),
            Shape::Map => Value::map([("key", value)].into_iter().collect()),
        };
        // The two members that are looked for by one name only are always written so, or nothing below is asked.
        let merged = ["defaultConfig", "defaultProviders"].contains(&step.field.json);
        let name = if snake && !merged { step.field.proto } else { step.field.json };
        value = Value::map([(name, value)].into_iter().collect());
    }
    value
}

/// Values to try for a type, the most telling first; texts of JSON.
fn candidates(ty: TypeRef) -> Vec<Value<'static>> {
    let numbers = [
        "7",
        "\"7\"",
        "0",
        "null",
        "\" 8 \"",
        "1.5",
        "-1",
        "\"0x1\"",
        "4294967295",
        "true",
        "\"\"",
        "1e2",
        "\"1e2\"",
        "2147483648",
        "\"null\"",
        "[1]",
        "\"-0\"",
    ];
    let texts: Vec<&str> = match ty.deref().kind() {
        Kind::Bool => vec!["true", "false", "null", "\"true\"", "1", "{}"],
        Kind::Wrapper(inner) if inner.kind() == Kind::Bool => {
            vec!["false", "true", "null", "\"false\"", "0", "[]"]
        }
        Kind::Int32 | Kind::Uint32 | Kind::Int64 | Kind::Uint64 | Kind::Wrapper(_) => numbers.to_vec(),
        Kind::Float64 => {
            vec!["1.5", "\"2.5\"", "0", "null", "\"NaN\"", "\"Infinity\"", "1e3", "-0.5", "true", "\"x\""]
        }
        Kind::String => {
            vec!["\"text\"", "\"\"", "null", "5", "true", "[\"a\"]", "\"host.example:80\"", "1.5"]
        }
        Kind::Duration => vec![
            "\"15s\"",
            "\"1h\"",
            "\"1.5s\"",
            "null",
            "\"0s\"",
            "15",
            "\"15\"",
            "\"1h2m3.000004s\"",
            "\"-1s\"",
            "\"3us\"",
            "\"1ms\"",
            "\"5x\"",
            "{\"seconds\":1}",
            "\"\"",
        ],
        Kind::Enum(values) => {
            let mut texts: Vec<String> = values
                .iter()
                .flat_map(|(name, number)| [format!("\"{name}\""), number.to_string()])
                .collect();
            texts.extend(["null", "77", "\"1\"", "\"nope\"", "true", "1.5", "\"\""].map(String::from));
            return texts.iter().map(|t| literal(t)).collect();
        }
        Kind::StructPb => vec![
            "{\"a\":1,\"b\":[true,null,\"x\",{\"c\":1.5}]}",
            "{}",
            "null",
            "[]",
            "\"x\"",
            "{\"a\":null,\"n\":12345678901234567890}",
        ],
        _ => vec!["{}", "null", "[]", "\"x\"", "{\"unknown\":1}", "true"],
    };
    texts.into_iter().map(literal).collect()
}

fn literal(text: &str) -> Value<'static> {
    parse(text.as_bytes()).map(Value::into_owned).unwrap_or_default()
}

/// Pairs to quadruples of single questions, laid into one object.
pub(crate) fn combined(single: &[Value<'static>], rows: usize) -> Vec<String> {
    let mut sequence = Sequence::new(0x9e37_79b9_7f4a_7c15);
    (0..rows)
        .map(|row| {
            let mut all = Value::empty_map();
            for _ in 0..2 + row % 3 {
                lay(&mut all, sequence.one(single));
            }
            json::to_string(&all, json::PLAIN)
        })
        .collect()
}

fn lay(under: &mut Value<'static>, over: &Value<'static>) {
    let (Value::Map(_), Value::Map(top)) = (&*under, over) else {
        *under = over.clone();
        return;
    };
    let empty = Map::new();
    let mut merged = under.as_map().unwrap_or(&empty).clone();
    for (key, value) in top.iter() {
        lay(merged.entry_or_insert(key.clone(), Value::Null), value);
    }
    *under = Value::map(merged);
}
