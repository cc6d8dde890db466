//! Templates: any text compiles or is refused with its line, and what compiles ends within its limits, the same when it is
//! folded first. Never: what Go prints (the corpora hold that).

use std::sync::LazyLock;

use pillion_core::inject::functions::{Dialect, function_set};
use pillion_gotmpl::{Env, Error, ErrorKind, Foreknown, Limits, Template};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value};

use crate::seeds::repository;

/// Far below what a webhook allows, so that many inputs can be tried.
const LIMITS: Limits = Limits { steps: 50_000, output: 1 << 18, memory: 4 << 20, depth: 60 };

fn compiled(bytes: &[u8]) -> Option<(String, Template)> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let lines = u32::try_from(text.matches('\n').count() + 1).unwrap();
    match Template::compile("inject", &text, function_set(Dialect::default()), KNOWN.template_data) {
        Ok(template) => Some((text, template)),
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Parse | ErrorKind::Refused), "{error}");
            assert!((1..=lines).contains(&error.line()), "line {} of {lines}: {error}", error.line());
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

/// Any text compiles, or is refused.
pub fn parse(bytes: &[u8]) {
    let Some((text, template)) = compiled(bytes) else { return };
    for members in known(&ROOTS[0]) {
        let folded = template.folded(Foreknown { members: &members, sparse: SPARSE });
        assert!(folded.is_none_or(|folded| folded.uses_clock() == template.uses_clock()), "{text:?}");
    }
}

/// What compiles ends within its limits; twice alike, and folded alike.
pub fn execute(bytes: &[u8]) {
    let Some((text, template)) = compiled(bytes) else { return };
    let env = Env::default();
    for root in ROOTS.iter() {
        let render = |template: &Template| template.render(root, &env, &LIMITS);
        let want = render(&template);
        match &want {
            Ok(out) => assert!(out.len() <= LIMITS.output, "{} bytes of {text:?}", out.len()),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Exec | ErrorKind::Limit), "{error}: {text:?}")
            }
        }
        if want.as_ref().is_err_and(|error| error.kind() == ErrorKind::Limit) {
            continue;
        }
        for members in known(root) {
            let Some(folded) = template.folded(Foreknown { members: &members, sparse: SPARSE }) else {
                continue;
            };
            let there = |key: &str| root.at(&["ObjectMeta", "annotations", key]).is_some();
            if !folded.missing().iter().any(|key| there(key)) {
                let got = render(&folded);
                assert_eq!(said(&got), said(&want), "folded, of {text:?}");
            }
        }
    }
}

/// A pod's annotations: hardly one has those that templates ask for.
const SPARSE: &[&str] = &["ObjectMeta", "Annotations"];

fn said(result: &Result<Vec<u8>, Error>) -> Result<String, String> {
    match result {
        Ok(out) => Ok(format!("{:?}", String::from_utf8_lossy(out))),
        Err(error) => Err(format!("{error:?}")),
    }
}

/// What may be known of a root before there is a pod: what every pod finds, and what nearly every pod finds.
fn known(root: &Value<'static>) -> [Value<'static>; 2] {
    const FIXED: &[&str] = &["MeshConfig", "Values", "Revision"];
    const USUAL: &[&str] =
        &["MeshConfig", "Values", "Revision", "ProxyConfig", "NativeSidecars", "ProxyImage"];
    [FIXED, USUAL].map(|names| {
        let members = names.iter().map(|name| (*name, root.get(name).cloned().unwrap_or_default()));
        Value::map(members.collect())
    })
}

/// The roots of the corpus of templates, as an injector hands them to a template.
static ROOTS: LazyLock<Vec<Value<'static>>> = LazyLock::new(|| {
    let read = |name: &str| {
        let bytes = std::fs::read(repository("tests/corpus/templates").join(name)).unwrap();
        pillion_govalue::parse(&bytes).unwrap().into_owned()
    };
    let (roots, mesh) = (read("roots.json"), read("mesh.json"));
    let mesh = mesh.get("default").cloned().unwrap_or_default();
    roots.as_map().unwrap().iter().take(2).map(|(_, spec)| root(spec, &mesh)).collect()
});

fn root(spec: &Value<'static>, mesh: &Value<'static>) -> Value<'static> {
    let get = |path: &[&str]| spec.at(path).cloned().unwrap_or_default();
    let pair = |names: [&'static str; 2], keys: [&str; 2]| -> Value<'static> {
        Value::map(names.into_iter().zip(keys).map(|(name, key)| (name, get(&[key]))).collect())
    };
    let plain = [
        ("Revision", "revision"),
        ("NativeSidecars", "nativeSidecars"),
        ("ProxyImage", "proxyImage"),
        ("ProxyUID", "proxyUID"),
        ("ProxyGID", "proxyGID"),
        ("InboundTrafficPolicyMode", "inboundTrafficPolicyMode"),
        ("CompliancePolicy", "compliancePolicy"),
        ("Values", "values"),
    ];
    let mut root: Map<'static> = plain.iter().map(|(go, json)| (*go, get(&[json]))).collect();
    root.insert("TypeMeta", pair(["kind", "apiVersion"], ["kind", "apiVersion"]));
    root.insert("DeploymentMeta", pair(["Name", "Namespace"], ["deployment", "namespace"]));
    root.insert("ObjectMeta", get(&["pod", "metadata"]));
    root.insert("Spec", get(&["pod", "spec"]));
    root.insert("ProxyConfig", mesh.get("defaultConfig").cloned().unwrap_or_default());
    root.insert("MeshConfig", mesh.clone());
    Value::map(root)
}
