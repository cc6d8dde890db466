//! One template of the configuration; or the reason why it does not compile, kept until somebody asks for it. That is
//! found out at once, but what was compiled is kept only from the first use on: a configuration has eight templates, and
//! most clusters use one. Folded over what a snapshot knows of the data, when it is first used. Never: running it.

use std::sync::{Arc, OnceLock};

use pillion_gotmpl::{Foreknown, Template};
use pillion_govalue::Value;
use pillion_govalue::types::KNOWN;

use super::error::ConfigError;
use crate::inject::functions::{Dialect, function_set};

/// What Istio calls every template, so that messages read as its own do.
const NAME: &str = "inject";

/// A template of the injector's configuration.
#[derive(Clone, Debug)]
pub struct CompiledTemplate {
    name: String,
    /// The file or key in which it lies.
    source: String,
    text: Arc<str>,
    dialect: Dialect,
    fault: Option<ConfigError>,
    compiled: Arc<OnceLock<Result<Template, ConfigError>>>,
    folded: Arc<[OnceLock<Option<Folded>>; 4]>,
}

/// A template folded over some members of the root.
#[derive(Debug)]
struct Folded {
    members: Value<'static>,
    template: Template,
}

/// What a snapshot knows of the root that a pod's templates are rendered against: some of its members.
#[derive(Clone, Debug, Default)]
pub struct KnownRoots {
    /// What nearly every pod finds: also what its annotations and the cluster can change.
    pub(crate) usual: Value<'static>,
    /// What every pod finds.
    pub(crate) fixed: Value<'static>,
}

impl CompiledTemplate {
    /// Looks whether the template `name`, which lies in the file or key `source`, compiles for the functions of a
    /// release.
    pub(super) fn compile(source: &str, name: &str, text: &str, dialect: Dialect) -> Self {
        let (compiled, folded) = Default::default();
        let (source, name, text) = (String::from(source), String::from(name), Arc::from(text));
        let mut template = Self { name, source, text, dialect, fault: None, compiled, folded };
        template.fault = template.made().err();
        template
    }

    fn made(&self) -> Result<Template, ConfigError> {
        let functions = function_set(self.dialect);
        Template::compile(NAME, &self.text, functions, KNOWN.template_data).map_err(|e| ConfigError {
            source: self.source.clone(),
            template: Some(self.name.clone()),
            line: usize::try_from(e.line()).ok(),
            column: e.column().and_then(|c| usize::try_from(c).ok()),
            message: String::from(e.detail()),
        })
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The template, ready to be rendered.
    ///
    /// # Errors
    /// Why it does not compile.
    pub fn template(&self) -> Result<&Template, &ConfigError> {
        match &self.fault {
            Some(fault) => Err(fault),
            None => self.compiled.get_or_init(|| self.made()).as_ref(),
        }
    }

    /// The template to be rendered against `root`: the one folded furthest over what `known` says of the root, which
    /// renders the same. At most four folded ones are kept.
    ///
    /// # Errors
    /// Why it does not compile.
    pub(crate) fn for_root(&self, root: &Value<'_>, known: &KnownRoots) -> Result<&Template, &ConfigError> {
        let template = self.template()?;
        let (usual, fixed) = (&known.usual, &known.fixed);
        let kinds = [(usual, SPARSE), (usual, &[]), (fixed, SPARSE), (fixed, &[])];
        for (slot, (members, sparse)) in self.folded.iter().zip(kinds) {
            if !has_members(root, members) {
                continue;
            }
            let fold = || {
                let template = template.folded(Foreknown { members, sparse })?;
                Some(Folded { members: members.clone(), template })
            };
            // Another snapshot with this template may know something else.
            if let Some(folded) = slot.get_or_init(fold)
                && folded.members.same_pointer(members)
                && lacks(root, folded.template.missing())
            {
                return Ok(&folded.template);
            }
        }
        Ok(template)
    }

    /// Why it does not compile.
    #[must_use]
    pub fn fault(&self) -> Option<&ConfigError> {
        self.fault.as_ref()
    }
}

/// The annotations of a pod: hardly one has any of those that templates ask for.
const SPARSE: &[&str] = &["ObjectMeta", "Annotations"];

/// Whether the pod has none of the annotations `keys`, which are sorted.
fn lacks(root: &Value<'_>, keys: &[Box<str>]) -> bool {
    let annotations = root.at(&["ObjectMeta", "annotations"]).and_then(Value::as_map);
    keys.is_empty()
        || annotations.is_none_or(|own| {
            own.keys().all(|key| keys.binary_search_by(|k| (**k).cmp(key.as_str())).is_err())
        })
}

/// Whether `root` has the members of `known` (in the order in which it has them), containers being the very same.
fn has_members(root: &Value<'_>, known: &Value<'_>) -> bool {
    let (Some(root), Some(known)) = (root.as_map(), known.as_map()) else { return false };
    let mut members = root.iter();
    known.iter().all(|(key, value)| {
        let found = members.find(|(name, _)| *name == key);
        found.is_some_and(|(_, member)| match value {
            Value::Map(_) | Value::List(_) => member.same_pointer(value),
            _ => member == value,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_gotmpl::{Env, Limits};
    use pillion_govalue::{Map, parse};

    const TEXT: &str = "{{ .Values.a }} {{ index .ObjectMeta.Annotations `x` }}";

    fn json(text: &str) -> Value<'static> {
        parse(text.as_bytes()).unwrap().into_owned()
    }

    fn map(members: &[(&'static str, &Value<'static>)]) -> Value<'static> {
        Value::map(members.iter().map(|(key, value)| (*key, (*value).clone())).collect::<Map<'static>>())
    }

    /// Which of the templates that are kept renders a root; the last is the one that is folded over nothing.
    fn chosen(template: &CompiledTemplate, root: &Value<'_>, known: &KnownRoots) -> usize {
        let one = template.for_root(root, known).unwrap();
        let folded = template.folded.iter().position(|slot| {
            slot.get().is_some_and(|kept| kept.as_ref().is_some_and(|kept| std::ptr::eq(&kept.template, one)))
        });
        folded.unwrap_or(template.folded.len())
    }

    fn rendered(template: &CompiledTemplate, root: &Value<'_>, known: &KnownRoots) -> String {
        let one = template.for_root(root, known).unwrap();
        String::from_utf8(one.render(root, &Env::default(), &Limits::default()).unwrap()).unwrap()
    }

    #[test]
    fn a_root_is_rendered_by_the_template_that_is_folded_furthest_over_what_is_known_of_it() {
        let template = CompiledTemplate::compile("config", "sidecar", TEXT, Dialect::default());
        let (values, same, plain) =
            (json(r#"{"a":1}"#), json(r#"{"a":1}"#), json(r#"{"annotations":{"y":"1"}}"#));
        let asking = json(r#"{"annotations":{"x":"2"}}"#);
        let (native, other) = (Value::Bool(true), Value::Bool(false));
        let usual = map(&[("NativeSidecars", &native), ("Values", &values)]);
        let known = KnownRoots { usual, fixed: map(&[("Values", &values)]) };
        for (pod, native, values, expected, text) in [
            (&plain, &native, &values, 0, "1 "),
            (&asking, &native, &values, 1, "1 2"),
            (&plain, &other, &values, 2, "1 "),
            (&asking, &other, &values, 3, "1 2"),
            // Other values, though they are the same: nobody says so.
            (&plain, &native, &same, 4, "1 "),
        ] {
            let root = map(&[("NativeSidecars", native), ("ObjectMeta", pod), ("Values", values)]);
            assert_eq!(chosen(&template, &root, &known), expected, "{text}");
            assert_eq!(rendered(&template, &root, &known), text);
        }
        // What another snapshot knows is not what the kept ones were folded over.
        let later = KnownRoots { usual: map(&[("Values", &same)]), fixed: map(&[("Values", &same)]) };
        let root = map(&[("ObjectMeta", &plain), ("Values", &same)]);
        assert_eq!(chosen(&template, &root, &later), 4);
    }

    #[test]
    fn a_fault_is_told_with_its_place_and_again_by_whoever_asks_for_the_template() {
        let wrong = CompiledTemplate::compile("config", "own", "a\n{{ nosuch }}", Dialect::default());
        let fault = wrong.fault().unwrap();
        assert_eq!((&*fault.source, fault.template.as_deref(), fault.line), ("config", Some("own"), Some(2)));
        assert_eq!(wrong.template().unwrap_err(), fault);
        assert_eq!((wrong.name(), wrong.text()), ("own", "a\n{{ nosuch }}"));
        assert!(CompiledTemplate::compile("config", "own", TEXT, Dialect::default()).fault().is_none());
    }
}
