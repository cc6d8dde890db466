//! The text of a JSON Patch, as somebody else wrote it, into steps. Never: whether they fit an object (see [`crate::apply`]).

use pillion_govalue::{ParseError, Value};

use crate::Op;

/// A text that is no patch, or has steps that are not known here.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// It is not JSON.
    #[error("the patch is not JSON: {0}")]
    NotJson(#[from] ParseError),
    /// It is JSON and no list.
    #[error("the patch is {0} and no list of steps")]
    NotAList(&'static str),
    /// A step that cannot be read.
    #[error("step {step} of the patch: {what}")]
    Step {
        /// Which step, from 0.
        step: usize,
        /// What is wrong with it.
        what: String,
    },
}

/// The steps of a patch. `test` and `copy` are not known: no injector writes them.
///
/// # Errors
/// A text that is no patch.
pub fn read_patch(text: &[u8]) -> Result<Vec<Op<'_>>, PatchError> {
    let patch = pillion_govalue::parse(text)?;
    let steps = match &patch {
        Value::Null => &[][..],
        Value::List(steps) => steps.as_slice(),
        other => return Err(PatchError::NotAList(other.kind_name())),
    };
    let read = |(step, value)| read_step(value).map_err(|what| PatchError::Step { step, what });
    steps.iter().enumerate().map(read).collect()
}

fn read_step<'a>(step: &Value<'a>) -> Result<Op<'a>, String> {
    let text = |key: &str| {
        let found = step.get(key).and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| format!("there is no text under {key:?}"))
    };
    let value = || step.get("value").cloned().ok_or_else(|| "there is no \"value\"".to_owned());
    let path = text("path")?;
    match text("op")?.as_str() {
        "add" => Ok(Op::Add { path, value: value()? }),
        "remove" => Ok(Op::Remove { path }),
        "replace" => Ok(Op::Replace { path, value: value()? }),
        "move" => Ok(Op::Move { from: text("from")?, path }),
        other => Err(format!("{other:?} is not known: add, remove, replace and move are")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write_patch;

    #[test]
    fn what_is_written_is_read_again() {
        let text = r#"[{"op":"add","path":"/a~1b","value":[1,null]},{"op":"move","from":"/l/2","path":"/l/0"},{"op":"remove","path":"/m"},{"op":"replace","path":"/n","value":"x"}]"#;
        assert_eq!(write_patch(&read_patch(text.as_bytes()).unwrap()), text);
        assert_eq!(read_patch(b"[]").unwrap(), []);
        assert_eq!(read_patch(b"null").unwrap(), []);
        let null = read_patch(br#"[{"op":"add","path":"/a","value":null}]"#).unwrap();
        assert_eq!(null, [Op::Add { path: "/a".into(), value: Value::Null }]);
    }

    #[test]
    fn what_is_no_patch_is_told_with_its_step() {
        for (text, said) in [
            ("{", "not JSON"),
            ("{}", "no list"),
            (r#"[{"op":"add","path":"/a"}]"#, "step 0 of the patch: there is no \"value\""),
            (r#"[{"op":"remove","path":"/a"},{"op":"copy","path":"/a"}]"#, "step 1 of the patch: \"copy\""),
            (r#"[{"op":"remove"}]"#, "\"path\""),
            ("[1]", "\"path\""),
        ] {
            let error = read_patch(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
