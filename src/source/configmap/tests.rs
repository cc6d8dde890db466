//! What is read, what is awaited, and in which words.

use super::*;

fn names() -> Names {
    Names::of(&Settings { revision: "1-27".into(), ..Settings::default() }, Some("shared".into()))
}

fn data(pairs: &[(&str, &str)]) -> Part<BTreeMap<String, String>> {
    Part::There(pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect())
}

fn found() -> Found {
    Found::new(State {
        injector: data(&[("config", "c"), ("values", "v")]),
        mesh: data(&[("mesh", "m")]),
        shared: Part::Missing,
        ..State::default()
    })
}

fn lacking(found: &Found) -> (String, bool) {
    match found.texts(&names()) {
        Err(SourceError::Awaited { what, told }) => (what, told),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_are_istiods() {
    assert_eq!(
        (names().injector.as_str(), names().mesh.as_str()),
        ("istio-sidecar-injector-1-27", "istio-1-27")
    );
    let default = Names::of(&Settings::default(), None);
    assert_eq!((default.injector.as_str(), default.mesh.as_str()), ("istio-sidecar-injector", "istio"));
}

#[test]
fn texts_carry_the_names_that_people_know() {
    let texts = found().texts(&names()).unwrap();
    assert_eq!(texts.injector.name, "ConfigMap istio-system/istio-sidecar-injector-1-27, key config");
    assert_eq!(texts.mesh.unwrap().text, "m");
    assert_eq!(texts.shared_mesh, None);
}

#[test]
fn everything_that_is_lacking_is_named_with_its_reason() {
    let found = found();
    found.update(|state| &mut state.injector, |_| Some(Part::Missing));
    found.update(|state| &mut state.mesh, |_| Some(data(&[("other", "")])));
    found.update(|state| &mut state.nodes, |_| Some(Part::Awaited(Some("nodes is forbidden".into()))));
    let (what, told) = lacking(&found);
    assert!(told);
    for part in [
        "ConfigMap istio-system/istio-sidecar-injector-1-27, which is not there",
        "istio-1-27, key mesh: the ConfigMap has no such key",
        "nodes: nodes is forbidden",
    ] {
        assert!(what.contains(part), "{part} in {what}");
    }
}

#[test]
fn the_profile_waits_for_the_word_whether_there_are_values_over_its_own() {
    let map = ValuesMap::of("own", "");
    let found = Found::new(State { values: Part::Awaited(None), ..State::default() });
    let over = |found: &Found| found.embedded(Some(&map)).map(|texts| texts.over);
    let error = over(&found).unwrap_err().to_string();
    assert_eq!(error, "waiting for ConfigMap own/pillion-envoy");
    assert!(found.embedded(None).is_ok(), "nobody needs them");
    for (part, wanted) in [
        (Part::Missing, None),
        (data(&[("other", "")]), None),
        (data(&[("values", "envoy: {}")]), Some("envoy: {}")),
    ] {
        found.update(|state| &mut state.values, |_| Some(part.clone()));
        assert_eq!(over(&found).unwrap().map(|text| text.text).as_deref(), wanted, "{part:?}");
    }
}

#[test]
fn what_the_cluster_has_not_told_of_yet_is_no_fault() {
    let found = found();
    found.update(|state| &mut state.mesh, |_| Some(Part::Awaited(None)));
    assert_eq!(lacking(&found), ("ConfigMap istio-system/istio-1-27".into(), false));
}

#[test]
fn the_configmap_of_a_message_is_found_again() {
    let names = names();
    for (message, object) in [
        ("ConfigMap istio-system/istio-1-27, key mesh, line 3: no such field", "istio-1-27"),
        ("ConfigMap istio-system/istio-sidecar-injector-1-27, key config: x", "istio-sidecar-injector-1-27"),
        ("a plain pod is refused under this configuration", "istio-sidecar-injector-1-27"),
        ("waiting for ConfigMap istio-system/shared: forbidden", "shared"),
    ] {
        assert_eq!(names.object_of(message), object, "{message}");
    }
}

#[tokio::test]
async fn only_what_is_something_else_is_told() {
    let found = found();
    let mut changes = found.changes();
    let told = |changes: FoundChanges| async move {
        let mut changes = changes;
        tokio::time::timeout(Duration::from_secs(2), changes.changed()).await.is_ok()
    };
    found.update(|state| &mut state.shared, |_| Some(Part::Missing));
    let quiet = tokio::time::timeout(Duration::from_millis(50), changes.changed()).await;
    assert!(quiet.is_err(), "nothing changed");
    found.update(|state| &mut state.shared, |_| Some(data(&[("mesh", "s")])));
    assert!(told(changes).await);
}
