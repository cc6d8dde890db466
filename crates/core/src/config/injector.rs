//! The injector's own configuration, key `config` of the ConfigMap: policy, templates, aliases, selectors.
//! Never: compiling templates (see `template`), deciding about a pod.

use std::collections::BTreeMap;

use pillion_govalue::{Map, Value};

use super::decode::{self, DecodeError};
use super::error::{ConfigError, ConfigWarning};
use super::{CompiledTemplate, LabelSelector, Source};

/// What happens to pods that do not say themselves whether they are to be injected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// They are injected.
    Enabled,
    /// They are not.
    Disabled,
    /// Neither word: nothing is injected.
    Other(String),
}

/// The injector's configuration.
#[derive(Clone, Debug)]
pub struct InjectorConfig {
    /// What happens to pods that do not say.
    pub policy: Policy,
    /// Templates of a pod that names none.
    pub default_templates: Vec<String>,
    /// All templates by name.
    pub templates: BTreeMap<String, CompiledTemplate>,
    /// Names that stand for several templates; not followed further.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Pods that are not injected, by labels; before `always_inject`.
    pub never_inject: Vec<LabelSelector>,
    /// Pods that are injected, by labels.
    pub always_inject: Vec<LabelSelector>,
    /// Annotations that every injected pod gets.
    pub injected_annotations: BTreeMap<String, String>,
    /// Pods that this profile cannot serve, `pillion.skip`; Istio's configurations have none.
    pub skip: Vec<Skip>,
    /// Init containers that stand last where the sidecar is no native one, `pillion.lastInit`: what sends traffic into
    /// the sidecar would cut off the pod's own, which run before there is one.
    pub last_init: Vec<String>,
}

/// Pods that a profile cannot serve, whatever they ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Pods for Windows nodes.
    Windows,
    /// Pods of Jobs where sidecars are not native: such a Job would never be done.
    JobWithoutNativeSidecar,
}

impl Skip {
    /// Every one, by the word for it.
    const ALL: [(&str, Self); 2] =
        [("windows", Self::Windows), ("jobWithoutNativeSidecar", Self::JobWithoutNativeSidecar)];

    fn read(value: &Value<'static>) -> Result<Self, DecodeError> {
        let word = decode::string(value)?;
        let known = Self::ALL.iter().find(|(name, _)| *name == word);
        known.map(|(_, skip)| *skip).ok_or_else(|| DecodeError {
            path: String::new(),
            what: format!("is {word:?}: windows and jobWithoutNativeSidecar are known"),
        })
    }
}

/// The one template that a configuration without `defaultTemplates` uses.
pub(super) const SIDECAR: &str = "sidecar";

/// The configuration before its templates are compiled.
#[derive(Debug)]
pub(super) struct RawConfig {
    pub(super) config: InjectorConfig,
    pub(super) templates: BTreeMap<String, String>,
    /// Nothing at all is said.
    pub(super) empty: bool,
}

impl RawConfig {
    /// Reads the configuration. Members that Istio does not know, such as the trap `template`, are passed over.
    pub(super) fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
        let tree = pillion_goyaml::parse(source.text)
            .map_err(|e| ConfigError::new(source.name, e.problem()).on_line(e.line()))?;
        let empty = Map::new();
        let read = decode::object(&tree).and_then(|map| Self::decode(map.unwrap_or(&empty)));
        read.map_err(|e| {
            let path = if e.path.is_empty() { "the configuration" } else { &e.path };
            ConfigError::new(source.name, format!("{path} {}", e.what))
        })
    }

    fn decode(map: &Map<'static>) -> Result<Self, DecodeError> {
        let strings = |v: &Value<'static>| decode::list(v, decode::string);
        let selectors = |v: &Value<'static>| decode::list(v, LabelSelector::read);
        let texts = |v: &Value<'static>| decode::map(v, decode::string);
        let mut default_templates = decode::field(map, "defaultTemplates", strings)?;
        if default_templates.is_empty() {
            default_templates.push(String::from(SIDECAR));
        }
        let policy = decode::field(map, "policy", decode::string)?;
        let config = InjectorConfig {
            policy: match policy.as_str() {
                "enabled" => Policy::Enabled,
                "disabled" => Policy::Disabled,
                _ => Policy::Other(policy),
            },
            default_templates,
            templates: BTreeMap::new(),
            aliases: decode::field(map, "aliases", |v| decode::map(v, strings))?,
            never_inject: decode::field(map, "neverInjectSelector", selectors)?,
            always_inject: decode::field(map, "alwaysInjectSelector", selectors)?,
            injected_annotations: decode::field(map, "injectedAnnotations", texts)?,
            skip: decode::field(map, "pillion", |own| member(own, "skip", Skip::read))?,
            last_init: decode::field(map, "pillion", |own| member(own, "lastInit", decode::string))?,
        };
        Ok(Self { config, templates: decode::field(map, "templates", texts)?, empty: map.is_empty() })
    }
}

/// A list that Pillion's own profiles have under a key of their own.
fn member<T>(
    own: &Value<'static>,
    name: &str,
    read: impl Fn(&Value<'static>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let empty = Map::new();
    let own = decode::object(own)?.unwrap_or(&empty);
    decode::field(own, name, |list| decode::list(list, read))
}

impl InjectorConfig {
    /// What is odd about this configuration although it can be used.
    pub(super) fn warnings(&self) -> Vec<ConfigWarning> {
        let mut warnings = Vec::new();
        if self.templates.is_empty() {
            warnings.push(ConfigWarning::NoTemplates);
        }
        if let Policy::Other(policy) = &self.policy {
            warnings.push(ConfigWarning::Policy(policy.clone()));
        }
        for (list, selectors) in
            [("neverInjectSelector", &self.never_inject), ("alwaysInjectSelector", &self.always_inject)]
        {
            for (at, selector) in selectors.iter().enumerate() {
                if let Some(problem) = selector.problem() {
                    let place = format!("{list}[{at}]");
                    warnings.push(ConfigWarning::Selector { place, message: String::from(problem) });
                }
            }
        }
        warnings
    }

    /// The templates that a pod without a wish of its own gets, aliases replaced.
    #[must_use]
    pub fn resolved_default_templates(&self) -> Vec<&str> {
        self.resolve(self.default_templates.iter().map(String::as_str))
    }

    /// Names with aliases replaced by what they stand for, once.
    pub fn resolve<'n>(&'n self, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
        let mut resolved = Vec::new();
        for name in names {
            match self.aliases.get(name) {
                Some(alias) => resolved.extend(alias.iter().map(String::as_str)),
                None => resolved.push(name),
            }
        }
        resolved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RawConfig, String> {
        RawConfig::read(&Source { name: "config", text }).map_err(|e| e.to_string())
    }

    #[test]
    fn an_empty_configuration_has_the_sidecar_as_its_default() {
        let raw = read("").unwrap();
        assert_eq!(raw.config.default_templates, ["sidecar"]);
        assert_eq!(raw.config.policy, Policy::Other(String::new()));
        assert!(raw.templates.is_empty());
    }

    #[test]
    fn names_of_fields_are_read_in_any_case_and_scalars_as_text() {
        let raw = read("Policy: enabled\ninjectedannotations: {a: true, b: 1.50, c: 7}\ntemplates: {x: 5}")
            .unwrap();
        assert_eq!(raw.config.policy, Policy::Enabled);
        let annotations: Vec<_> = raw.config.injected_annotations.values().map(String::as_str).collect();
        assert_eq!(annotations, ["true", "1.5", "7"]);
        assert_eq!(raw.templates["x"], "5");
    }

    #[test]
    fn a_member_of_the_wrong_kind_is_named() {
        for (text, want) in [
            ("neverInjectSelector: [{matchLabels: [x]}]", "neverInjectSelector[0].matchLabels"),
            ("templates: {sidecar: {a: b}}", "templates[sidecar]"),
            ("- x", "the configuration"),
            ("policy: {", "config: line"),
            ("pillion: {skip: [linux]}", "pillion.skip[0] is \"linux\""),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }

    #[test]
    fn aliases_are_replaced_once() {
        let raw = read("aliases: {a: [b, c], b: [d]}\ndefaultTemplates: [a, x]").unwrap();
        assert_eq!(raw.config.resolved_default_templates(), ["b", "c", "x"]);
    }
}
