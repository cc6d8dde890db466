//! What templates give. The corpus of Go's answers says more; these are the rules one by one.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Value, parse};

use crate::{Cx, Effect, Env, Error, ErrorKind, Fault, Function, FunctionSet, Limits, Param, Template, Val};

const ROOT: &[u8] = br#"{
    "TypeMeta": {"kind": "Deployment"},
    "ObjectMeta": {"name": "p", "labels": {"app": "x"}},
    "Spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}, {"name": "b",
        "resources": {"limits": {"cpu": "1500m"}}, "securityContext": {"runAsUser": 5}}]},
    "ProxyConfig": {"interceptionMode": "TPROXY", "drainDuration": "1.500s", "concurrency": 2, "serviceCluster": "c"},
    "Values": {"n": 15020, "big": 1000000, "null": null, "m": {"b": 1, "a": "two"}, "l": [1, "x", null]},
    "ProxyUID": 1337
}"#;

/// `touch`: writes into the map it is given.
fn touch<'v>(cx: &Cx<'v>, args: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match &args[0] {
        Val::Dict(d) => cx.set(d, "touched", Val::Bool(true)).map(|()| Val::from("")),
        _ => Err(Fault::new("this map is not the template's own")),
    }
}

fn functions() -> FunctionSet {
    FunctionSet::new().with(&[
        Function::new("touch", &[Param::Dict], touch).with(Effect::Mutates),
        Function::new("needs", &[Param::Str, Param::Int], |_, a| Ok(a[0].clone())),
    ])
}

fn try_render(text: &str) -> Result<String, Error> {
    let root: Value<'_> = parse(ROOT).unwrap();
    let template = Template::compile("inject", text, &functions(), KNOWN.template_data)?;
    template.render(&root, &Env::default(), &Limits::default()).map(|out| String::from_utf8(out).unwrap())
}

fn render(text: &str) -> String {
    try_render(text).unwrap()
}

fn complaint(text: &str) -> String {
    try_render(text).unwrap_err().to_string()
}

#[test]
fn the_three_kinds_of_nothing_differ() {
    assert_eq!(
        render("{{.Values.none}}|{{.Values.none.a.b}}|{{.Values.null}}"),
        "<no value>|<no value>|<no value>"
    );
    assert!(complaint("{{.Values.null.a}}").ends_with("nil pointer evaluating interface {}.a"));
    assert_eq!(
        render("{{(.Values.null).a}}|{{.MeshConfig}}|{{.Spec.SecurityContext}}"),
        "<no value>|<nil>|nil"
    );
    assert!(complaint("{{.Values.n.a}}").ends_with("can't evaluate field a in type interface {}"));
    assert!(complaint("{{(.Values.n).a}}").ends_with("can't evaluate field a in type float64"));
}

#[test]
fn numbers_of_values_are_floats() {
    assert_eq!(render("{{.Values.n}} {{.Values.big}} {{printf \"%T\" .Values.n}}"), "15020 1e+06 float64");
    assert!(
        complaint("{{eq .Values.n 15020}}").ends_with("incompatible types for comparison: float64 and int")
    );
    assert_eq!(render("{{eq .ProxyUID 1337}} {{eq .Values.n 15020.0}}"), "true true");
}

#[test]
fn methods_of_messages_take_nil() {
    assert_eq!(
        render("{{.ProxyConfig.GetTracing.GetTlsSettings.GetCaCertificates}}|{{.MeshConfig.GetTrustDomain}}"),
        "|"
    );
    assert_eq!(
        render("{{.ProxyConfig.InterceptionMode}} {{.ProxyConfig.InterceptionMode.String}}"),
        "TPROXY TPROXY"
    );
    assert_eq!(render("{{.ProxyConfig.Concurrency.Value}} {{.ProxyConfig.Concurrency.GetValue}}"), "2 2");
    assert_eq!(
        render("{{.ProxyConfig.DrainDuration.AsDuration}} {{.ProxyConfig.DrainDuration}}"),
        "1.5s seconds:1  nanos:500000000"
    );
    assert_eq!(render("{{.ProxyConfig.ClusterName.ServiceCluster}} {{.ProxyConfig.ClusterName}}"), "c &{c}");
    assert!(complaint("{{.ProxyConfig.ServiceCluster}}").contains("can't evaluate field ServiceCluster"));
}

#[test]
fn addresses_decide_which_methods_there_are() {
    let limits = "(index .Spec.Containers 1).Resources.Limits";
    assert_eq!(render(&format!("{{{{{limits}.Cpu}}}} {{{{{limits}.Cpu.MilliValue}}}}")), "1500m 1500");
    let ranged = format!("{{{{range $k, $v := {limits}}}}}{{{{$k}}}}={{{{$v}}}}{{{{end}}}}");
    assert_eq!(render(&ranged), "cpu={{1500 -3} {<nil>} 1500m DecimalSI}");
    assert!(complaint(&ranged.replace("$v}}", "$v.String}}")).contains("can't evaluate field String"));
    assert_eq!(
        render("{{(index .Spec.Containers 1).SecurityContext.RunAsUser}} {{.TypeMeta}}"),
        "5 &TypeMeta{Kind:Deployment,APIVersion:,}"
    );
}

#[test]
fn ranges_go_over_slices_maps_and_integers() {
    assert_eq!(render("{{range .Spec.Containers}}{{.Name}}{{end}}"), "ab");
    assert_eq!(render("{{range $k, $v := .Values.m}}{{$k}}={{$v}};{{end}}"), "a=two;b=1;");
    assert_eq!(render("{{range $i := 3}}{{$i}}{{end}}{{range 0}}x{{else}}none{{end}}"), "012none");
    assert_eq!(
        render("{{range .Values.l}}[{{.}}]{{end}}{{range .Values.none}}x{{end}}"),
        "[1][x][<no value>]"
    );
    assert_eq!(
        render(
            "{{range $i, $e := .Values.l}}{{if eq $i 1}}{{continue}}{{end}}{{$i}}{{if eq $i 2}}{{break}}{{end}}{{end}}"
        ),
        "02"
    );
    assert!(complaint("{{range .Values.n}}{{end}}").ends_with("range can't iterate over 15020"));
}

#[test]
fn variables_live_in_their_block() {
    assert_eq!(
        render("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}{{if true}}{{$x = 3}}{{end}}{{$x}}"),
        "13"
    );
    assert_eq!(
        render("{{define \"t\"}}{{$}}{{end}}{{$x := 1}}{{template \"t\" $x}}{{template \"t\"}}"),
        "1<no value>"
    );
    assert!(complaint("{{or true ($x := 1)}}{{$x}}").ends_with("undefined variable: $x"));
}

#[test]
fn and_and_or_evaluate_only_what_they_must() {
    assert_eq!(
        render("{{or \"\" 0}}|{{and 1 \"\" \"x\"}}|{{or true (index .Values.l 99)}}|{{0 | or \"a\"}}"),
        "0||true|a"
    );
    assert!(complaint("{{or}}").ends_with("wrong number of args for or: want at least 1 got 0"));
}

#[test]
fn arguments_are_coerced_as_go_does() {
    assert_eq!(render("{{needs \"a\" 1}}{{1 | needs \"b\"}}"), "ab");
    for (text, want) in [
        ("{{needs 1 1}}", "expected string; found 1"),
        ("{{needs \"a\" 1.5}}", "expected integer; found 1.5"),
        ("{{needs .Values.none 1}}", "invalid value; expected string"),
        ("{{needs \"a\" .Values.n}}", "wrong type for value; expected int; got float64"),
        ("{{needs .Values.null 1}}", "wrong type for value; expected string; got interface {}"),
        ("{{needs nil 1}}", "cannot assign nil to string"),
        ("{{needs \"a\"}}", "wrong number of args for needs: want 2 got 1"),
    ] {
        assert!(complaint(text).ends_with(want), "{}", complaint(text));
    }
}

#[test]
fn errors_name_the_place() {
    let error = try_render("ab\n  {{ if true }}{{ index .Values.l 9 }}{{ end }}").unwrap_err();
    assert_eq!((error.kind(), error.line(), error.column()), (ErrorKind::Exec, 2, Some(18)));
    assert_eq!(
        error.to_string(),
        "template: inject:2:18: executing \"inject\" at <index .Values.l 9>: error calling index: index out of range: 9"
    );
}

#[test]
fn what_a_template_writes_into_values_is_seen_within_it_and_never_after() {
    let text = "{{touch .Values.m}}{{.Values.m}}{{with .Values}}{{.m.touched}}{{end}}";
    assert_eq!(render(text), "map[a:two b:1 touched:true]true");
    assert_eq!(render("{{.Values.m}}"), "map[a:two b:1]");
}

#[test]
fn limits_end_a_rendering() {
    let root: Value<'_> = parse(ROOT).unwrap();
    let template =
        Template::compile("inject", "{{range 100}}abc{{end}}", &functions(), KNOWN.template_data).unwrap();
    for limits in [
        Limits { steps: 50, ..Limits::default() },
        Limits { output: 100, ..Limits::default() },
        Limits { depth: 1, ..Limits::default() },
    ] {
        let error = template.render(&root, &Env::default(), &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    }
}

#[test]
fn a_template_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Template::compile("inject", "", &functions(), KNOWN.template_data).unwrap());
}
