//! The parameters in the path of an injection request: `/inject/cluster/c1/net/n1`, and the older form
//! `/inject/:ENV:cluster=c1:ENV:net=n1`. They become variables of the sidecar.
//! Never: which paths the server answers.

use std::collections::BTreeMap;

use super::request::Warning;

/// The variable that tells the sidecar its cluster.
pub(crate) const CLUSTER: &str = "ISTIO_META_CLUSTER_ID";
/// The variable that tells the sidecar its network.
pub(crate) const NETWORK: &str = "ISTIO_META_NETWORK";

const OLD_FORM: &str = ":ENV:";

/// Variables by name. A key without a value at the end is left out, with a warning.
pub(crate) fn parameters(path: &str, warnings: &mut Vec<Warning>) -> BTreeMap<String, String> {
    let path = path.strip_suffix('/').unwrap_or(path);
    // "/inject/rest": what comes before the second slash names the endpoint.
    let Some(rest) = path.splitn(3, '/').nth(2) else { return BTreeMap::new() };
    if rest.starts_with(OLD_FORM) {
        let pairs = rest.split(OLD_FORM).skip(1).filter_map(|pair| pair.split_once('='));
        return pairs
            .filter(|(key, _)| !key.is_empty())
            .map(|(k, v)| (variable(k), String::from(v)))
            .collect();
    }
    let mut out = BTreeMap::new();
    let mut parts = rest.split('/');
    while let Some(key) = parts.next() {
        match parts.next() {
            Some(value) if !key.is_empty() => {
                out.insert(variable(key), value.replace("--slash--", "/"));
            }
            Some(_) => {}
            None => warnings.push(Warning::PathKey(String::from(key))),
        }
    }
    out
}

fn variable(key: &str) -> String {
    match key {
        "cluster" => String::from(CLUSTER),
        "net" => String::from(NETWORK),
        other => other.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(path: &str) -> Vec<(String, String)> {
        parameters(path, &mut Vec::new()).into_iter().collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(k, v)| (String::from(*k), String::from(*v))).collect()
    }

    #[test]
    fn pairs_of_segments_are_variables() {
        assert_eq!(parsed("/inject"), []);
        assert_eq!(parsed("/inject/"), []);
        assert_eq!(parsed("/inject/cluster/c1/net/n1/"), pairs(&[(CLUSTER, "c1"), (NETWORK, "n1")]));
        assert_eq!(parsed("/inject/foo/a--slash--b"), pairs(&[("FOO", "a/b")]));
        assert_eq!(parsed("/inject//v/net/n"), pairs(&[(NETWORK, "n")]));
    }

    #[test]
    fn a_key_without_a_value_is_left_out_and_said() {
        let mut warnings = Vec::new();
        assert_eq!(parameters("/inject/net/n/cluster", &mut warnings).len(), 1);
        assert_eq!(warnings, [Warning::PathKey("cluster".into())]);
    }

    #[test]
    fn the_older_form_keeps_empty_values_and_drops_what_has_no_name() {
        let path = "/inject/:ENV:cluster=c1:ENV:a=:ENV:=x:ENV:y:ENV:b=c=d/--slash--";
        assert_eq!(parsed(path), pairs(&[("A", ""), ("B", "c=d/--slash--"), (CLUSTER, "c1")]));
    }
}
