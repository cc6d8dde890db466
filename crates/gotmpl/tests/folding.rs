//! Folded templates render as the templates they were made of: the same bytes or the same error, whatever of the
//! data was known. Held to over generated templates and over the corpus. Only limits may be reached later.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

use std::path::PathBuf;

use pillion_gotmpl::funcs::sprig;
use pillion_gotmpl::{Env, Error, ErrorKind, Foreknown, Limits, Template};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value, parse};
use proptest::prelude::*;

const ROOTS: [&[u8]; 2] = [
    br#"{"TypeMeta": {"kind": "Deployment"}, "ObjectMeta": {"name": "p", "labels": {"app": "x", "b": ""},
        "annotations": {"a": "1", "b": ""}},
    "Spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}, {"name": "b"}]},
    "ProxyConfig": {"interceptionMode": "TPROXY", "proxyMetadata": {"A": "1", "B": "2"}, "concurrency": 2},
    "MeshConfig": {"trustDomain": "t.example"}, "Revision": "", "ProxyUID": 1337, "NativeSidecars": true,
    "Values": {"n": 15020, "s": "text", "null": null, "m": {"b": 1, "a": "two"}, "l": [1, "x", null], "e": [],
        "t": true, "f": false, "z": ""}}"#,
    br#"{"TypeMeta": {"kind": ""}, "ObjectMeta": {"name": "q"}, "Spec": {}, "ProxyConfig": null, "MeshConfig": null,
    "Revision": "canary", "ProxyUID": 0, "NativeSidecars": false,
    "Values": {"n": 0, "s": "", "m": null, "l": [], "e": {"k": "v"}, "t": false, "f": "no", "z": [[]]}}"#,
];

const KNOWN_MEMBERS: [&[&str]; 4] = [
    &["Values"],
    &["Values", "MeshConfig", "Revision"],
    &["ProxyConfig", "MeshConfig", "Values", "Revision", "NativeSidecars", "ProxyUID"],
    &["TypeMeta", "ObjectMeta", "Spec", "ProxyConfig", "MeshConfig", "Values", "Revision", "ProxyUID"],
];

/// Renders both ways, for everything that may be known of the root, the rest of it being that of any root.
fn held_to(text: &str, roots: &[Value<'static>]) -> bool {
    let functions = sprig::function_set();
    let Ok(template) = Template::compile("inject", text, &functions, KNOWN.template_data) else {
        return false;
    };
    let render =
        |template: &Template, root: &Value<'_>| template.render(root, &Env::default(), &Limits::default());
    for root in roots {
        for members in KNOWN_MEMBERS {
            let known: Map<'static> =
                members.iter().map(|name| (*name, root.get(name).cloned().unwrap_or_default())).collect();
            let known = Value::map(known);
            let sparse: &[&str] =
                if members.contains(&"ObjectMeta") { &[] } else { &["ObjectMeta", "Annotations"] };
            let Some(folded) = template.folded(Foreknown { members: &known, sparse }) else { return false };
            for other in roots {
                let mut other = other.as_map().cloned().unwrap_or_default();
                for (name, member) in known.as_map().unwrap().iter() {
                    other.insert(name.clone(), member.clone());
                }
                let root = Value::map(other);
                let there = |key: &str| root.at(&["ObjectMeta", "annotations", key]).is_some();
                if folded.missing().iter().any(|key| there(key)) {
                    continue;
                }
                let (want, got) = (render(&template, &root), render(&folded, &root));
                let limited = want.as_ref().is_err_and(|e| e.kind() == ErrorKind::Limit);
                let (want, got) = (shown(&want), shown(&got));
                assert!(
                    limited || want == got,
                    "{text}
known {members:?}
want {want}
got  {got}"
                );
            }
        }
    }
    true
}

fn shown(result: &Result<Vec<u8>, Error>) -> String {
    match result {
        Ok(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        Err(e) => format!("{e:?}"),
    }
}

/// Writes a template as bytes choose.
struct Writer<'b> {
    choices: std::slice::Iter<'b, u8>,
    in_range: bool,
}

const OPERANDS: [&str; 25] = [
    ".Values.n",
    ".Values.s",
    ".Values.m.a",
    ".Values.none.x",
    ".Values.null.a",
    ".Values.l",
    ".Values.e",
    ".Values.t",
    ".Values.f",
    ".Values.z",
    ".Values",
    ".MeshConfig.TrustDomain",
    ".MeshConfig.GetTrustDomain",
    ".Revision",
    ".ProxyConfig.InterceptionMode",
    ".ProxyConfig.ProxyMetadata",
    ".ObjectMeta.Name",
    ".ObjectMeta.Labels",
    ".TypeMeta.Kind",
    ".Spec.Containers",
    "$x",
    "$y",
    "$",
    ".",
    "nil",
];

impl Writer<'_> {
    fn choose(&mut self, of: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or_default()) % of
    }

    fn operand(&mut self, depth: u32) -> String {
        if depth == 0 {
            return String::from(OPERANDS[self.choose(OPERANDS.len())]);
        }
        match self.choose(10) {
            0 => String::from(["1", "\"a\"", "true", "1.5", "`r`"][self.choose(5)]),
            1 => format!("({})", self.pipe(depth - 1)),
            2 => format!("({}).a", self.pipe(depth - 1)),
            3 => format!("$.Values.{}", ["n", "s", "m.a", "l"][self.choose(4)]),
            4 => format!("({})", self.call(depth - 1)),
            5 => {
                let map = [".ObjectMeta.Annotations", "$.ObjectMeta.Annotations", ".ObjectMeta.Labels"]
                    [self.choose(3)];
                format!("(index {map} \"{}\")", ["a", "none", "other"][self.choose(3)])
            }
            _ => String::from(OPERANDS[self.choose(OPERANDS.len())]),
        }
    }

    fn call(&mut self, depth: u32) -> String {
        let (name, count) = [
            ("eq", 2),
            ("ne", 2),
            ("and", 2),
            ("or", 3),
            ("not", 1),
            ("printf \"%v|%T\"", 2),
            ("default", 2),
            ("len", 1),
            ("index", 2),
            ("list", 2),
            ("quote", 1),
            ("first", 1),
            ("dict \"k\"", 1),
            ("call", 1),
            ("trunc 2", 1),
            ("hasKey", 2),
            ("toDate \"2006\"", 1),
            ("and (or", 2),
        ][self.choose(18)];
        let operands: Vec<String> = (0..count).map(|_| self.operand(depth)).collect();
        let close = if name.contains('(') { ") .Values.t" } else { "" };
        format!("{name} {}{close}", operands.join(" "))
    }

    fn pipe(&mut self, depth: u32) -> String {
        let mut out = if self.choose(3) == 0 { self.operand(depth) } else { self.call(depth) };
        for _ in 0..self.choose(3) {
            let more = [
                "quote",
                "default .Values.s",
                "default .ObjectMeta.Name",
                "printf \"%v\"",
                "and .Values.t",
                "len",
            ];
            out = format!("{out} | {}", more[self.choose(6)]);
        }
        out
    }

    fn list(&mut self, depth: u32) -> String {
        (0..1 + self.choose(3)).map(|_| self.node(depth)).collect()
    }

    fn node(&mut self, depth: u32) -> String {
        let pipe = self.pipe(2);
        if depth == 0 {
            return format!("<{{{{ {pipe} }}}}");
        }
        let inner = depth - 1;
        match self.choose(13) {
            0 => String::from(" text\n"),
            1 => format!("{{{{ $x := {pipe} }}}}"),
            2 => format!("{{{{ $y = {pipe} }}}}"),
            3 => format!("{{{{if {pipe}}}}}{}{{{{end}}}}", self.list(inner)),
            4 => format!("{{{{if {pipe}}}}}{}{{{{else}}}}{}{{{{end}}}}", self.list(inner), self.list(inner)),
            5 => {
                let other = self.pipe(1);
                let (a, b, c) = (self.list(inner), self.list(inner), self.list(inner));
                format!("{{{{if $x := {pipe}}}}}{a}{{{{else if {other}}}}}{b}{{{{else}}}}{c}{{{{end}}}}")
            }
            6 => {
                format!("{{{{with {pipe}}}}}{}{{{{else}}}}{}{{{{end}}}}", self.list(inner), self.list(inner))
            }
            7 => format!("{{{{with $y := {pipe}}}}}{}{{{{end}}}}", self.list(inner)),
            8 => {
                let vars = ["", "$x := ", "$y, $x := ", "$y = ", "$x, $y = "][self.choose(5)];
                let outer = std::mem::replace(&mut self.in_range, true);
                let (body, otherwise) = (self.list(inner), self.list(inner));
                self.in_range = outer;
                format!("{{{{range {vars}{pipe}}}}}{body}{{{{else}}}}{otherwise}{{{{end}}}}")
            }
            9 => String::from(
                ["{{template \"t\" .}}", "{{template \"t\" $}}", "{{template \"t\"}}"][self.choose(3)],
            ),
            10 if self.in_range => String::from(["{{break}}", "{{continue}}"][self.choose(2)]),
            11 => format!("{{{{ and {} ($x := {pipe}) }}}}", self.operand(0)),
            _ => format!("<{{{{ {pipe} }}}}"),
        }
    }

    fn template(&mut self) -> String {
        const START: &str = "{{ $x := .Values.n }}{{ $y := .TypeMeta.Kind }}";
        let defined =
            format!("{{{{define \"t\"}}}}{{{{$x := 1}}}}{{{{$y := .}}}}{}{{{{end}}}}", self.list(1));
        format!("{defined}{START}{}{{{{ $x }}}}{{{{ $y }}}}", self.list(3))
    }
}

fn roots() -> Vec<Value<'static>> {
    ROOTS.iter().map(|root| parse(root).unwrap().into_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn generated_templates_render_the_same(choices in proptest::collection::vec(any::<u8>(), 20..200)) {
        let text = Writer { choices: choices.iter(), in_range: false }.template();
        held_to(&text, &roots());
    }
}

#[test]
fn templates_of_the_corpus_render_the_same() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/templates");
    let (roots, mut compared) = (roots(), 0);
    for file in ["oracle.jsonl", "random.jsonl", "more.jsonl"] {
        let rows = std::fs::read_to_string(path.join(file)).unwrap();
        for row in rows.lines().filter(|line| !line.is_empty()) {
            let row = parse(row.as_bytes()).unwrap();
            compared += u32::from(held_to(row.get("template").and_then(Value::as_str).unwrap(), &roots));
        }
    }
    assert!(compared > 1_000, "only {compared} templates were compared");
}
