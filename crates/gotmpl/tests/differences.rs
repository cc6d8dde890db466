//! Where templates differ from Go and sprig on purpose: what docs/compatibility.md tells, row by row.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use pillion_gotmpl::funcs::sprig;
use pillion_gotmpl::{Env, Error, ErrorKind, Limits, Template};
use pillion_govalue::parse;
use pillion_govalue::types::KNOWN;

const ROOT: &str = r#"{
    "Values": {"a": {"b": 1}},
    "Spec": {"containers": [{"name": "app", "image": "i", "resources": {"limits": {"cpu": "1000m"}}}]}
}"#;

fn render(text: &str) -> Result<String, Error> {
    let root = parse(ROOT.as_bytes()).unwrap();
    let template = Template::compile("inject", text, &sprig::function_set(), KNOWN.template_data)?;
    template.render(&root, &Env::default(), &Limits::default()).map(|out| String::from_utf8(out).unwrap())
}

fn refused(text: &str) -> Error {
    match render(text) {
        Ok(out) => panic!("{text}: {out}"),
        Err(error) => error,
    }
}

#[test]
fn functions_of_chance_of_keys_and_of_the_world_outside_are_refused_at_load() {
    for call in [
        "expandenv \"$HOME\"",
        "getHostByName \"a\"",
        "randAlpha 3",
        "uuidv4",
        "shuffle \"abc\"",
        "genPrivateKey \"rsa\"",
        "htpasswd \"a\" \"b\"",
        "encryptAES \"k\" \"t\"",
    ] {
        // Also where it would never be called: loading fails, not the pod.
        let error = refused(&format!("{{{{ if false }}}}{{{{ {call} }}}}{{{{ end }}}}"));
        assert_eq!(error.kind(), ErrorKind::Refused, "{call}: {error}");
    }
}

#[test]
fn keys_and_values_come_in_the_order_of_the_keys() {
    let dict = r#"(dict "k" 1 "b" 2 "z" 3 "a" 4)"#;
    assert_eq!(
        render(&format!("{{{{ keys {dict} }}}} {{{{ values {dict} }}}}")).unwrap(),
        "[a b k z] [4 2 1 3]"
    );
}

#[test]
fn templates_call_each_other_200_deep() {
    let chain = |depth: usize| {
        let define = |n| format!("{{{{ define \"t{n}\" }}}}{{{{ template \"t{}\" }}}}{{{{ end }}}}", n + 1);
        let defined: String = (0..depth).map(define).collect();
        render(&format!("{defined}{{{{ define \"t{depth}\" }}}}end{{{{ end }}}}{{{{ template \"t0\" }}}}"))
    };
    assert_eq!(chain(190).unwrap(), "end");
    assert_eq!(chain(210).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn a_map_that_holds_itself_is_an_error() {
    let circle = r#"{{ $d := dict }}{{ $_ := set $d "me" $d }}"#;
    assert_eq!(refused(&format!("{circle}{{{{ $d }}}}")).kind(), ErrorKind::Limit);
    refused(&format!("{circle}{{{{ toJson $d | mustFromJson }}}}"));
}

#[test]
fn an_address_prints_always_as_the_same_number() {
    let print = r#"{{ printf "%p %p" (list 1) (list 2) }}"#;
    let (first, second) = (render(print).unwrap(), render(print).unwrap());
    assert_eq!((first.as_str(), second), ("0xc000000000 0xc000000000", first.clone()));
}

#[test]
fn rare_methods_are_not_there() {
    for call in [".ObjectMeta.DeepCopy", ".ObjectMeta.Marshal", ".ProxyConfig.InterceptionMode.Type"] {
        refused(&format!("{{{{ {call} }}}}"));
    }
    assert_eq!(render("{{ .ObjectMeta.GetName }}").unwrap(), "");
}

#[test]
fn a_deep_copy_keeps_quantities() {
    let limits = "(index .Spec.Containers 0).Resources.Limits";
    let copied = render(&format!("{{{{ toJson (deepCopy {limits}) }}}}")).unwrap();
    assert_eq!(copied, r#"{"cpu":"1"}"#);
}

#[test]
fn a_slice_past_the_length_is_an_error() {
    refused(r#"{{ slice (list 1 2) 1 5 }}"#);
    assert_eq!(render("{{ slice (list 1 2 3) 1 2 }}").unwrap(), "[2]");
}

#[test]
fn what_merge_writes_is_gone_with_the_request() {
    let text = r#"{{ $_ := merge .Values (dict "new" 1) }}{{ .Values.new }}"#;
    for _ in 0..2 {
        assert_eq!(render(text).unwrap(), "1");
    }
    assert_eq!(render("{{ .Values }}").unwrap(), "map[a:map[b:1]]");
}

#[test]
fn years_beyond_four_digits_are_no_dates() {
    let year = |seconds: i64| render(&format!("{{{{ date \"2006\" {seconds} }}}}"));
    assert_eq!(year(1_000_000_000).unwrap(), "2001");
    let far = year(400_000_000_000_000).unwrap();
    assert!(far.len() <= 4, "{far}");
}

#[test]
fn groups_of_a_pattern_nest_200_deep() {
    let find = |depth: usize| {
        render(&format!("{{{{ mustRegexMatch \"{}a{}\" \"a\" }}}}", "(".repeat(depth), ")".repeat(depth)))
    };
    assert_eq!(find(150).unwrap(), "true");
    assert!(find(300).is_err());
}

#[test]
fn structs_print_as_the_newest_release_has_them_and_messages_with_two_spaces() {
    let root = br#"{"Spec": {}, "ProxyConfig": {"configPath": "/etc", "statusPort": 15020}}"#;
    let root = parse(root).unwrap();
    let print = |text: &str| {
        let template =
            Template::compile("inject", text, &sprig::function_set(), KNOWN.template_data).unwrap();
        String::from_utf8(template.render(&root, &Env::default(), &Limits::default()).unwrap()).unwrap()
    };
    assert_eq!(print("{{ .ProxyConfig }}"), r#"config_path:"/etc"  status_port:15020"#);
    // A field that Kubernetes had not yet when 1.20 was built.
    assert!(print("{{ .Spec }}").contains(",ResourceClaims:[]PodResourceClaim{},Resources:nil,"));
}
