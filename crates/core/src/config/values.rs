//! The values of Istio's charts: the tree that templates see, and the few values that the injector reads itself,
//! read by the types of the chart, so that what Istio refuses is refused. Never: templates, defaults of charts.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value};

use super::error::ConfigError;
use super::{Source, jsonpb};

/// The values of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// What templates see as `.Values`: `map[string]any`, or null where the text was empty.
    pub tree: Value<'static>,
    typed: Value<'static>,
}

impl Default for Values {
    fn default() -> Self {
        Self { tree: Value::empty_map(), typed: Value::empty_map() }
    }
}

impl Values {
    /// Reads values from YAML or JSON.
    ///
    /// # Errors
    /// Text that is no YAML, or that does not fit the types of the chart (`hub: 5`).
    pub fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
        let tree = pillion_goyaml::parse(source.text)
            .map_err(|e| ConfigError::new(source.name, e.problem()).on_line(e.line()))?;
        let mut typed = Map::new();
        jsonpb::apply(&mut typed, &tree, KNOWN.values, jsonpb::Messages::newest()).map_err(|e| {
            ConfigError::new(source.name, format!("could not parse configuration values: {e}"))
        })?;
        Ok(Self { tree, typed: Value::map(typed) })
    }

    /// `global.hub`.
    #[must_use]
    pub fn hub(&self) -> &str {
        self.text(&["global", "hub"])
    }

    /// `global.tag` as Go prints it: an unquoted `1.20` is the number 1.2.
    #[must_use]
    pub fn tag(&self) -> String {
        match self.typed.at(&["global", "tag"]) {
            None => String::new(),
            Some(value) => printed(value),
        }
    }

    /// `global.variant`.
    #[must_use]
    pub fn variant(&self) -> &str {
        self.text(&["global", "variant"])
    }

    /// `global.proxy.image`.
    #[must_use]
    pub fn proxy_image(&self) -> &str {
        self.text(&["global", "proxy", "image"])
    }

    /// `global.proxy_init.image`.
    #[must_use]
    pub fn proxy_init_image(&self) -> &str {
        self.text(&["global", "proxy_init", "image"])
    }

    /// `global.multiCluster.clusterName`.
    #[must_use]
    pub fn cluster_name(&self) -> &str {
        self.text(&["global", "multiCluster", "clusterName"])
    }

    /// `global.network`.
    #[must_use]
    pub fn network(&self) -> &str {
        self.text(&["global", "network"])
    }

    /// `sidecarInjectorWebhook.rewriteAppHTTPProbe`.
    #[must_use]
    pub fn rewrite_app_http_probe(&self) -> bool {
        self.switch(&["sidecarInjectorWebhook", "rewriteAppHTTPProbe"])
    }

    /// `global.proxy.holdApplicationUntilProxyStarts`.
    #[must_use]
    pub fn hold_application(&self) -> bool {
        self.switch(&["global", "proxy", "holdApplicationUntilProxyStarts"])
    }

    fn text(&self, path: &[&str]) -> &str {
        self.typed.at(path).and_then(Value::as_str).unwrap_or_default()
    }

    fn switch(&self, path: &[&str]) -> bool {
        self.typed.at(path).and_then(Value::as_bool).unwrap_or_default()
    }
}

/// Go's `%v` of a JSON value: numbers are float64, maps are sorted.
fn printed(value: &Value<'_>) -> String {
    match value {
        Value::Null => String::from("<nil>"),
        Value::Bool(b) => b.to_string(),
        Value::Str(s) => String::from(s.as_str()),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            pillion_govalue::number::general(value.as_f64().unwrap_or_default())
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(printed).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Map(map) => {
            let entries: Vec<String> =
                map.sorted().iter().map(|(key, value)| format!("{key}:{}", printed(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Values, String> {
        Values::read(&Source { name: "values", text }).map_err(|e| e.to_string())
    }

    #[test]
    fn an_unquoted_tag_is_a_number_as_in_istio() {
        for (text, want) in [
            ("global: {tag: 1.20}", "1.2"),
            ("global: {tag: '1.20'}", "1.20"),
            ("global: {tag: 1000000}", "1e+06"),
            ("global: {tag: 123456}", "123456"),
            ("global: {tag: null}", "<nil>"),
            ("global: {tag: true}", "true"),
            ("global: {tag: [a, {c: 1, b: 2}]}", "[a map[b:2 c:1]]"),
            ("global: {}", ""),
            ("", ""),
        ] {
            assert_eq!(values(text).unwrap().tag(), want, "{text}");
        }
    }

    #[test]
    fn values_of_a_wrong_type_are_refused_by_name() {
        for (text, want) in [
            (
                "global: {hub: 5}",
                "values: could not parse configuration values: global.hub: cannot read the number 5",
            ),
            ("global: {proxy: {privileged: 'true'}}", "global.proxy.privileged"),
            ("global: {imagePullSecrets: x}", "global.imagePullSecrets"),
            ("[1]", "cannot read the list [1] as an object"),
        ] {
            let got = values(text).unwrap_err();
            assert!(got.contains(want), "{got}");
        }
    }

    #[test]
    fn unknown_values_pass_and_reach_the_templates() {
        let values = values("global: {mine: {a: 1}}\nmine: [1]").unwrap();
        assert_eq!(values.tree.at(&["global", "mine", "a"]).and_then(Value::as_i64), Some(1));
    }
}
