//! [`Op`]: one step of a JSON Patch (RFC 6902), and the text of a patch.

use pillion_govalue::{Value, json};

/// One step. Paths are JSON Pointers (RFC 6901), escaped.
#[derive(Clone, Debug, PartialEq)]
pub enum Op<'a> {
    /// Puts a value in: a new member, or a list item before the one that stands there.
    Add {
        /// Where.
        path: String,
        /// What.
        value: Value<'a>,
    },
    /// Takes a value out.
    Remove {
        /// Where.
        path: String,
    },
    /// Puts a value in another's place.
    Replace {
        /// Where.
        path: String,
        /// What.
        value: Value<'a>,
    },
    /// Takes a list item out and puts it in elsewhere.
    Move {
        /// Where it is.
        from: String,
        /// Where it goes, counted after it was taken out.
        path: String,
    },
}

impl Op<'_> {
    /// Where the step acts.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Add { path, .. }
            | Self::Remove { path }
            | Self::Replace { path, .. }
            | Self::Move { path, .. } => path,
        }
    }
}

/// The patch as compact JSON.
#[must_use]
pub fn write_patch(ops: &[Op<'_>]) -> String {
    let mut out = String::with_capacity(64 + ops.len() * 96);
    out.push('[');
    for (i, op) in ops.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let mut member = |name: &str, text: &str| {
            out.push_str(name);
            json::write_string(&mut out, text, false);
        };
        let value = match op {
            Op::Add { path, value } => {
                member(r#"{"op":"add","path":"#, path);
                Some(value)
            }
            Op::Replace { path, value } => {
                member(r#"{"op":"replace","path":"#, path);
                Some(value)
            }
            Op::Remove { path } => {
                member(r#"{"op":"remove","path":"#, path);
                None
            }
            Op::Move { from, path } => {
                member(r#"{"op":"move","from":"#, from);
                member(r#","path":"#, path);
                None
            }
        };
        if let Some(value) = value {
            out.push_str(r#","value":"#);
            json::write(&mut out, value, json::PLAIN);
        }
        out.push('}');
    }
    out.push(']');
    out
}

/// Appends one step of a pointer, escaped.
pub(crate) fn push_step(path: &mut String, step: &str) {
    path.push('/');
    let mut rest = step;
    while let Some(at) = rest.bytes().position(|b| matches!(b, b'~' | b'/')) {
        let (plain, special) = rest.split_at(at);
        path.push_str(plain);
        path.push_str(if special.starts_with('~') { "~0" } else { "~1" });
        rest = &special[1..];
    }
    path.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_compact_json_with_escaped_pointers() {
        let mut path = String::new();
        push_step(&mut path, "a/b~c");
        push_step(&mut path, "\"é");
        let ops = [
            Op::Add { path: path.clone(), value: "<x>".into() },
            Op::Move { from: "/l/2".into(), path: "/l/0".into() },
            Op::Remove { path: "/m".into() },
            Op::Replace { path: "/n".into(), value: Value::list(vec![Value::Int(1)]) },
        ];
        assert_eq!(ops[0].path(), path);
        assert_eq!(
            write_patch(&ops),
            r#"[{"op":"add","path":"/a~1b~0c/\"é","value":"<x>"},{"op":"move","from":"/l/2","path":"/l/0"},{"op":"remove","path":"/m"},{"op":"replace","path":"/n","value":[1]}]"#
        );
        assert_eq!(write_patch(&[]), "[]");
    }
}
