//! The sets: what is there and what differs by release. What functions do is held against Istio's answers in
//! `tests/templates_corpus.rs`.

use super::*;
use pillion_gotmpl::{Entry, Env, Limits, Template};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, parse};

fn render(template: &str, dialect: Dialect) -> String {
    let root = parse(br#"{"ProxyConfig":{"tracing":{"zipkin":{"address":"zipkin.istio-system:9411"}},"statusPort":15020}}"#);
    let root = root.unwrap_or(Value::Null);
    let template = Template::compile("inject", template, function_set(dialect), KNOWN.template_data).unwrap();
    let settings = [(String::from("SET"), String::from("x")), (String::from("EMPTY"), String::new())];
    let env = Env { settings: settings.into(), ..Env::default() };
    String::from_utf8(template.render(&root, &env, &Limits::default()).unwrap()).unwrap()
}

#[test]
fn istios_functions_are_there_and_contains_is_sprigs() {
    let own: usize = TABLES.iter().map(|t| t.len()).sum();
    assert_eq!(own + 2, 25);
    let set = function_set(Dialect::default());
    let names = TABLES.iter().flat_map(|t| t.iter().map(|f| f.name));
    for name in names.chain(["protoToJSON", "appendMultusNetwork", "contains"]) {
        assert!(matches!(set.get(name), Some(Entry::Function(_))), "{name}");
    }
}

#[test]
fn env_reads_the_hosts_settings_only() {
    let of = |name: &str| render(&format!("{{{{ env \"{name}\" \"d\" }}}}"), Dialect::default());
    assert_eq!([of("SET"), of("EMPTY"), of("PATH")], ["x", "d", "d"]);
}

#[test]
fn older_releases_take_a_network_whole_and_strip_their_zipkin() {
    let old = Dialect { multus_namespace: false, default_tracing: true };
    let multus = r#"{{ appendMultusNetwork "[{}]" "default/istio-cni" }}"#;
    assert_eq!(render(multus, old), r#"[{}, {"name": "default/istio-cni"}]"#);
    assert_eq!(render(multus, Dialect::default()), r#"[{}, {"name": "istio-cni", "namespace": "default"}]"#);
    let proxy = "{{ protoToJSON .ProxyConfig }}";
    assert_eq!(render(proxy, old), "{}");
    assert_eq!(
        render(proxy, Dialect::default()),
        r#"{"tracing":{"zipkin":{"address":"zipkin.istio-system:9411"}}}"#
    );
}
