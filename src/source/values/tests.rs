//! What is laid over what, and what is refused in which words.

use pillion_core::config::Settings;

use super::*;
use crate::source::{check, embedded};

fn laid(over: &str) -> Result<Value<'static>, String> {
    let base = embedded::texts();
    let map = ValuesMap::of("own", "canary");
    let over = map.text(&BTreeMap::from([(KEY.to_owned(), over.to_owned())])).unwrap();
    let text =
        laid_over(&base.values, &over, base.annotations.as_ref()).map_err(|error| error.to_string())?;
    Ok(pillion_goyaml::parse(&text.text).unwrap())
}

fn at(tree: &Value<'_>, path: &str) -> Option<String> {
    let value = path.split('.').try_fold(tree, |value, name| value.get(name))?;
    Some(json::to_string(value, json::PLAIN))
}

#[test]
fn names_follow_the_revision_and_the_key_may_be_missing() {
    for (revision, name) in
        [("", "pillion-envoy"), ("default", "pillion-envoy"), ("1-2", "pillion-envoy-1-2")]
    {
        assert_eq!(ValuesMap::of("own", revision).to_string(), format!("ConfigMap own/{name}"));
    }
    assert_eq!(ValuesMap::of("own", "").text(&BTreeMap::from([("value".to_owned(), String::new())])), None);
}

#[test]
fn a_message_is_about_one_map_and_not_about_another_that_begins_alike() {
    let map = ValuesMap::of("own", "");
    for (message, is) in [
        ("ConfigMap own/pillion-envoy, key values: envoy: no", true),
        ("waiting for ConfigMap own/pillion-envoy: forbidden; nodes", true),
        ("ConfigMap own/pillion-envoy-canary, key values: envoy: no", false),
        ("ConfigMap other/pillion-envoy, key values: no", false),
        ("waiting for nodes: forbidden", false),
    ] {
        assert_eq!(map.is_named_in(message), is, "{message}");
    }
}

#[test]
fn maps_merge_all_else_replaces_and_null_takes_away() {
    for (over, path, wanted) in [
        ("", "envoy.logLevel", Some("\"warning\"")),
        ("# nothing yet", "envoy.logLevel", Some("\"warning\"")),
        ("{}", "envoy.logLevel", Some("\"warning\"")),
        ("envoy: {image: 'r.example/e:1'}", "envoy.image", Some("\"r.example/e:1\"")),
        ("envoy: {image: 'r.example/e:1'}", "envoy.logLevel", Some("\"warning\"")),
        ("envoy: {resources: {limits: {cpu: 1}}}", "envoy.resources.limits.cpu", Some("1")),
        ("envoy: {resources: {limits: {cpu: 1}}}", "envoy.resources.limits.memory", Some("\"512Mi\"")),
        ("envoy: {resources: {limits: {memory: null}}}", "envoy.resources.limits", Some("{}")),
        ("envoy: {resources: {limits: null}}", "envoy.resources.limits", None),
        ("envoy: {resources: {limits: null}}", "envoy.resources.requests.cpu", Some("\"50m\"")),
        (
            "redirect: {resources: {requests: {example.org/gpu: '1', x: null}}}",
            "redirect.resources.requests",
            Some(r#"{"cpu":"10m","memory":"16Mi","example.org/gpu":"1"}"#),
        ),
        ("envoy: {imagePullSecrets: [a, b]}", "envoy.imagePullSecrets", Some(r#"["a","b"]"#)),
        ("envoy: {imagePullPolicy: null}", "envoy.imagePullPolicy", None),
        ("envoy: {logLevel: null}", "envoy.logLevel", None),
        ("global: {mine: {a: [1]}}", "global.mine.a", Some("[1]")),
        // Of these an annotation's declaration knows more than the kind of the profile's own value.
        ("redirect: {excludeInboundPorts: 8080}", "redirect.excludeInboundPorts", Some("8080")),
        ("envoy: {passthrough: {maxRetries: 0}}", "envoy.passthrough.maxRetries", Some("0")),
    ] {
        assert_eq!(at(&laid(over).unwrap(), path).as_deref(), wanted, "{over}");
    }
}

#[test]
fn what_is_wrong_is_named_by_its_path_and_what_would_be_right_is_told() {
    const HERE: &str = "ConfigMap own/pillion-envoy-canary, key values";
    for (over, wanted) in [
        ("envoy: {image: [", ": line 2: did not find expected node content"),
        ("[1]", ": it is a list; wanted: an object, as the profile's file `values` is"),
        ("text", ": it is \"text\"; wanted: an object"),
        (
            "envy: {}",
            ": envy: the profile has no such value (is envoy meant?); wanted: one of envoy, redirect,",
        ),
        ("envoy: {imgae: x}", ": envoy.imgae: the profile has no such value (is envoy.image meant?)"),
        ("envoy: {imgae: null}", ": envoy.imgae: the profile has no such value"),
        (
            "envoy: {zzz: x}",
            ": envoy.zzz: the profile has no such value; wanted: one of image, imagePullPolicy,",
        ),
        (
            "envoy: {resources: {limits: {cpus: 1}}}",
            ": envoy.resources.limits.cpus: the profile has no such value (is envoy.resources.limits.cpu meant?); wanted: \
             one of memory, cpu",
        ),
        ("envoy: {resources: {requests: {ephemeral-storage: 1Gi}}}", "wanted: one of cpu, memory"),
        ("envoy: {resources: {limit: {}}}", "(is envoy.resources.limits meant?)"),
        ("envoy: {passthrough: {maxRetrys: 1}}", "(is envoy.passthrough.maxRetries meant?)"),
        ("envoy: x", ": envoy: it is \"x\"; wanted: an object"),
        ("global: []", ": global: it is a list; wanted: an object"),
        ("envoy: {imagePullSecrets: a}", "envoy.imagePullSecrets: it is \"a\"; wanted: a list of texts"),
        ("envoy: {imagePullSecrets: [{name: a}]}", "an item is an object; wanted: a list of texts"),
        ("envoy: {imagePullPolicy: true}", "envoy.imagePullPolicy: it is true; wanted: a text, in quotes"),
        ("envoy: {logLevel: {a: b}}", "envoy.logLevel: it is an object; wanted: one value"),
        (
            "sidecarInjectorWebhook: {rewriteAppHTTPProbe: 'no'}",
            ".rewriteAppHTTPProbe: it is \"no\"; wanted: true or false",
        ),
        ("envoy: {readyPort: '15021'}", "envoy.readyPort: it is \"15021\"; wanted: a whole number"),
        ("envoy: {readyPort: 70000}", "envoy.readyPort: it is 70000; wanted: a port, from 1 to 65535"),
        ("envoy: {readyPort: 15090}", "envoy.statsPort: 15090 is envoy.readyPort too; wanted: another port"),
        ("envoy: {adminPort: 15001}", "envoy.outboundPort: 15001 is envoy.adminPort too"),
        ("envoy: {keepIdle: 1m}", "envoy.keepIdle: it is \"1m\"; wanted: seconds above zero, as 4s or 0.5s"),
        ("envoy: {ipv6: null}", "envoy.ipv6: it is nothing; wanted: true or false"),
        ("envoy: {image: ''}", "envoy.image: it is \"\"; wanted: the name of an image"),
        ("redirect: {image: null}", "redirect.image: it is nothing; wanted: the name of an image"),
        ("envoy: null", "envoy.image: it is nothing"),
    ] {
        let said = laid(over).expect_err(over);
        assert!(said.starts_with(HERE) && said.contains(wanted), "{over}\n  {said}");
    }
}

/// What only the whole configuration can tell is told of the ConfigMap too.
#[test]
fn what_the_declarations_and_the_samples_refuse_is_told_of_the_map() {
    for (over, wanted) in [
        ("envoy: {logLevel: loud}", "envoy.logLevel: \"loud\" is none; wanted: one of trace,"),
        ("envoy: {accessLog: off}", "envoy.accessLog: false is none; wanted: one of off, text, json"),
        ("redirect: {mode: cni}", "redirect.mode: \"cni\" is none; wanted: one of"),
        ("global: {hub: 5}", "global.hub: cannot read the number 5"),
        ("redirect: {resources: {requests: {cpu: lots}}}", "is refused under this configuration"),
    ] {
        let map = ValuesMap::of("own", "");
        let over_text = map.text(&BTreeMap::from([(KEY.to_owned(), over.to_owned())]));
        let texts = crate::source::Texts { over: over_text, ..embedded::texts() };
        let tried = crate::source::build(&texts, Settings::default())
            .map_err(crate::source::SourceError::from)
            .and_then(|built| check::samples(&built.snapshot, texts.over.as_ref()));
        let said = tried.expect_err(over).to_string();
        assert!(map.is_named_in(&said) && said.contains(wanted), "{over}\n  {said}");
    }
}

#[test]
fn the_tables_are_of_the_profile_and_the_profile_passes_over_itself() {
    let base = embedded::texts();
    let tree = pillion_goyaml::parse(&base.values.text).unwrap();
    for path in FREE.iter().chain(NEEDED.iter().map(|(path, _)| path)).chain(PORTS) {
        assert!(at(&tree, path).is_some(), "{path}");
    }
    assert_eq!(laid(&base.values.text).unwrap(), tree);
}
