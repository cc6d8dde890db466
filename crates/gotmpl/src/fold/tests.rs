//! What is left of a template; that it renders the same is held to in `tests/folding.rs`.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, parse};

use crate::funcs::sprig;
use crate::parse::ast::{List, Node};
use crate::{Env, Foreknown, Limits, Template};

const ROOT: &[u8] = br#"{"Values": {"on": true, "off": false, "name": "n", "list": ["a", "b"], "empty": []},
    "ObjectMeta": {"name": "pod"}}"#;

fn folded(text: &str) -> Template {
    let known =
        parse(br#"{"Values": {"on": true, "off": false, "name": "n", "list": ["a", "b"], "empty": []}}"#);
    let template = Template::compile("inject", text, &sprig::function_set(), KNOWN.template_data).unwrap();
    let known = known.unwrap();
    template.folded(Foreknown { members: &known, sparse: &["ObjectMeta", "Annotations"] }).unwrap()
}

/// A letter for each node, blocks with what is in them.
fn shape(template: &Template) -> String {
    fn of(list: &List) -> String {
        let node = |node: &Node| match node {
            Node::Text(_) => String::from("t"),
            Node::Made(_) => String::from("m"),
            Node::Action(_) => String::from("a"),
            Node::Block(list) => format!("{{{}}}", of(list)),
            Node::If(b) => {
                format!("if[{}|{}]", b.arms.iter().map(|(_, l)| of(l)).collect::<String>(), of(&b.otherwise))
            }
            Node::With(b) => format!(
                "with[{}|{}]",
                b.arms.iter().map(|(_, l)| of(l)).collect::<String>(),
                of(&b.otherwise)
            ),
            Node::Range(r) => format!("range[{}|{}]", of(&r.body), of(&r.otherwise)),
            Node::Template(_) => String::from("c"),
            Node::Break | Node::Continue => String::from("b"),
        };
        list.iter().map(node).collect()
    }
    of(&template.trees[template.main].list)
}

fn rendered(template: &Template) -> Result<String, String> {
    let root: Value<'_> = parse(ROOT).unwrap();
    let out = template.render(&root, &Env::default(), &Limits::default());
    out.map(|out| String::from_utf8(out).unwrap()).map_err(|e| e.to_string())
}

#[test]
fn what_asks_only_for_what_is_known_is_text() {
    for text in [
        "a{{ .Values.name | quote }}b{{ $.Values.list | join \",\" }}",
        "{{ $x := 1 }}{{ if .Values.on }}x{{ else }}{{ .ObjectMeta.Name }}{{ end }}",
        "{{ range .Values.list }}{{ . }},{{ end }}",
        "{{ range $i, $x := .Values.list }}{{ $i }}{{ $x }}{{ if eq $x \"a\" }}{{ continue }}{{ end }};{{ end }}",
        "{{ with .Values.name }}<{{ . }}>{{ end }}{{ with .Values.off }}{{ fail \"no\" }}{{ end }}",
        "{{ range .Values.empty }}{{ fail \"no\" }}{{ else }}none{{ end }}",
        "{{ if and .Values.off (fail \"no\") }}x{{ else }}y{{ end }}",
    ] {
        let shape = shape(&folded(text));
        assert!(shape.chars().all(|c| matches!(c, 'm' | 't' | 'a')), "{text}: {shape}");
        assert!(shape.matches('a').count() <= 1, "{text}: {shape}");
    }
}

#[test]
fn what_asks_for_the_pod_stays() {
    for (text, want) in [
        ("{{ .ObjectMeta.Name }}", "a"),
        ("{{ if .ObjectMeta.Name }}{{ .Values.name }}{{ end }}", "if[m|]"),
        ("{{ if .Values.on }}{{ $x := .ObjectMeta.Name }}{{ $x }}{{ end }}", "{aa}"),
        ("{{ with .Values }}{{ .name }}{{ $.ObjectMeta.Name }}{{ end }}", "with[ma|]"),
        ("{{ range .Spec.Containers }}{{ $.Values.name }}{{ .Name }}{{ end }}", "range[ma|]"),
        ("{{ now }}{{ toDate \"2006\" \"2020\" }}", "aa"),
        ("{{ $x := .Values.name }}{{ $x = \"b\" }}{{ $x }}", "aaa"),
        ("{{ fail .Values.name }}", "a"),
    ] {
        assert_eq!(shape(&folded(text)), want, "{text}");
    }
}

#[test]
fn keys_that_are_asked_for_by_name_are_taken_to_be_missing() {
    let text = "{{ index .ObjectMeta.Annotations \"a\" | default .Values.name }}{{ with index $.ObjectMeta.Annotations `b` }}x{{ end }}\
        {{ index .ObjectMeta.Labels \"c\" }}{{ index .ObjectMeta.Annotations .ObjectMeta.Name }}{{ len .ObjectMeta.Annotations }}";
    let template = folded(text);
    assert_eq!(shape(&template), "maaa");
    assert_eq!(template.missing(), [Box::from("a"), Box::from("b")]);
    assert_eq!(rendered(&template), rendered_plainly(text));
}

#[test]
fn a_template_called_with_the_root_knows_the_root() {
    let text = "{{ define \"t\" }}{{ if .Values.on }}x{{ end }}{{ end }}{{ template \"t\" . }}{{ template \"t\" .ObjectMeta }}";
    let template = folded(text);
    let shapes: Vec<usize> = template.trees.iter().map(|tree| tree.list.len()).collect();
    assert_eq!(shapes.len(), 3, "the main one, and two of the other");
    assert_eq!(rendered(&template), rendered_plainly(text));
}

fn rendered_plainly(text: &str) -> Result<String, String> {
    rendered(&Template::compile("inject", text, &sprig::function_set(), KNOWN.template_data).unwrap())
}

#[test]
fn errors_keep_their_words_and_their_place() {
    for text in [
        "{{ if .ObjectMeta.Name }}\n  {{ fail .Values.name }}{{ end }}",
        "{{ printf \"%d\" (index .Values.list 0) | index .ObjectMeta.Labels .Values.list }}",
        "{{ index .ObjectMeta.Labels (index .Values.list 0 | upper) .Values.name }}",
        "{{ trunc (.Values.name | quote) .ObjectMeta.Name }}",
        "{{ .Values.name.x }}",
        "{{ call (.Values.name | quote) }}",
    ] {
        let error = rendered(&folded(text)).unwrap_err();
        assert_eq!(Err(error), rendered_plainly(text), "{text}");
    }
}

#[test]
fn a_template_that_writes_into_maps_is_not_folded() {
    let text = "{{ $_ := set .Values \"name\" \"x\" }}{{ .Values.name }}";
    let template = Template::compile("inject", text, &sprig::function_set(), KNOWN.template_data).unwrap();
    let members = parse(ROOT).unwrap();
    assert!(template.folded(Foreknown { members: &members, sparse: &[] }).is_none());
}

#[test]
fn what_would_be_made_is_bounded() {
    let text = "{{ repeat 200000 .Values.name }}".repeat(20);
    let template = folded(&text);
    let made = |node: &Node| if let Node::Made(bytes) = node { bytes.len() } else { 0 };
    let size: usize = template.trees.iter().flat_map(|tree| &tree.list).map(made).sum();
    assert!(size <= super::MOST_MADE, "{size}");
    assert_eq!(rendered(&template).unwrap().len(), 4_000_000);
}
