//! What users set: parameters in the path of a URL, annotations, what a profile declares, the flags of the redirect.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use pillion::redirect::{Families, Included, Options, Ports, Ranges, SelfCalls, Table};
use pillion_core::config::declared::Kind;
use pillion_core::config::{Declared, Gates, NativeSidecars, Release, Snapshot, Source, Values};
use pillion_core::inject::annotations::{TABLE, row};
use pillion_core::inject::{InjectError, Outcome, Request, inject};
use pillion_govalue::{Map, Value, parse};

use super::reviews::{like_istio, profile};
use super::{first_line, shown};

/// The profile of the program, and a configuration like Istio's.
static SNAPSHOTS: LazyLock<[Snapshot; 2]> = LazyLock::new(|| [profile(), like_istio(NativeSidecars::True)]);

/// A pod that has what annotations speak of.
static POD: LazyLock<Value<'static>> = LazyLock::new(|| {
    parse(
        br#"{"metadata":{"name":"web-0","labels":{"app":"web"},"annotations":{}},"spec":{"containers":[{"name":"web",
        "image":"web:1","ports":[{"containerPort":8080,"name":"http"}],"readinessProbe":{"httpGet":{"port":"http"}}}]}}"#,
    )
    .unwrap()
    .into_owned()
});

/// Injects, and checks what every answer owes.
fn injected<'r>(snapshot: &Snapshot, pod: Value<'r>, path: &'r str) -> Result<Outcome<'r>, InjectError> {
    let request = Request { pod, namespace: "shop", path, owner: None, now: Some(0) };
    let result = inject(snapshot, &request, &mut ());
    match &result {
        Ok(outcome) => {
            assert_eq!(outcome.verdict, outcome.reason.verdict());
            let applied = pillion_kubepatch::apply(&request.pod, &outcome.patch);
            assert!(applied.is_ok_and(|pod| pod == outcome.pod), "the patch makes another pod");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    result
}

/// The path of a URL, as the HTTP layer hands it on.
pub fn url_parameters(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let path = text.split('?').next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    for snapshot in SNAPSHOTS.iter() {
        let _ = injected(snapshot, POD.clone(), &path);
    }
}

/// The name of an annotation, and behind the line's end its value: judged by its row, by what the profile declares, and in a
/// pod.
pub fn annotations(bytes: &[u8]) {
    let (name, value) = first_line(bytes);
    let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
    let known = row(&name);
    let gates = [Release::V1_20, Release::Master].map(|release| Gates::of(release.into()));
    // The value of one annotation may come to stand in any other.
    let other = &TABLE[bytes.len() % TABLE.len()];
    for row in known.into_iter().chain([other]) {
        for gates in &gates {
            let problem = row.problem(&value, gates);
            assert!(problem.is_none_or(|problem| !problem.is_empty()), "{}", row.name);
        }
    }
    let declared = &SNAPSHOTS[0].declared;
    let named = declared.row(&name);
    for row in named.into_iter().chain(declared.rows().get(bytes.len() % declared.rows().len().max(1))) {
        read_alike(&row.kind, &value);
    }
    for snapshot in SNAPSHOTS.iter() {
        let _ = injected(snapshot, with_annotation(&name, &value), "/inject");
    }
}

/// A value of a declared kind is read, and in the form that templates see it is read the same; or it is told what is wrong
/// and what is wanted. Lists and objects are made of such values.
fn read_alike(kind: &Kind, text: &str) {
    let read = match kind.read_text(text) {
        Ok(_) if matches!(kind, Kind::List { .. } | Kind::Object(_)) => return,
        Ok(read) => read,
        Err(problem) => {
            assert!(!problem.what.is_empty() && !problem.wanted.is_empty());
            return;
        }
    };
    // Ports have a text beside what they come to.
    let form = read.get("text").unwrap_or(&read);
    assert_eq!(kind.read(form).as_ref().map(shown), Ok(shown(&read)), "{} out of {text:?}", shown(form));
}

fn with_annotation(name: &str, value: &str) -> Value<'static> {
    let mut pod = POD.clone();
    let annotations: Map<'static> = [(name.to_owned(), Value::from(value.to_owned()))].into_iter().collect();
    if let Some(metadata) = pod.child_map("metadata") {
        metadata.insert("annotations", Value::map(annotations));
    }
    pod
}

/// What a profile declares: taken, or refused with the file that it stands in.
pub fn declarations(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let source = Source { name: "annotations", text: &text };
    let values = Source { name: "values", text: "{}" };
    let tree = Values::read(&values).unwrap();
    match Declared::read(&source, &values, &tree) {
        Ok(declared) => {
            for row in declared.rows() {
                assert!(!row.key.is_empty() && !row.kind.wanted().is_empty());
                for text in ["", "1", "[]", "{}", "a: b", "1s", "10.0.0.0/8"] {
                    read_alike(&row.kind, text);
                }
            }
        }
        Err(error) => assert!(error.to_string().contains("annotations"), "{error}"),
    }
}

/// Ports, ranges and a port, one a line: what is taken becomes rules, and the rules name what was taken, in one way.
pub fn redirect(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n').chain(std::iter::repeat(""));
    let mut line = || lines.next().unwrap_or_default();
    let (ports, ranges, port) = (line(), line(), line());
    let (included, excluded) = (Ranges::parse_included(ranges), Ranges::parse(ranges));
    assert!(included.is_err() || excluded.is_ok(), "included and not to be excluded");
    let (Ok(ports), Ok(ranges)) = (Ports::parse(ports), excluded) else { return };
    let port = port.parse().unwrap_or(15001).clamp(1, u16::MAX - 1);
    let options = Options {
        families: if port % 2 == 0 { Families::Ipv4 } else { Families::Dual },
        outbound_port: port,
        inbound_port: port + 1,
        own_ports: Ports::of(&[port]),
        proxy_uid: 1337,
        proxy_gid: 1337,
        include_inbound_ports: if port % 3 == 0 { Included::All } else { Included::Only(ports.clone()) },
        exclude_inbound_ports: ports.clone(),
        include_outbound_ports: ports.clone(),
        exclude_outbound_ports: ports,
        include_outbound_ranges: Included::Only(included.unwrap_or_else(|_| ranges.clone())),
        exclude_outbound_ranges: ranges,
        self_calls: if port % 5 == 0 { SelfCalls::Direct } else { SelfCalls::Inbound },
    };
    let table = Table::new(&options);
    let statements = table.statements();
    assert!(statements.iter().all(|line| !line.contains('\n')), "{statements:?}");
    assert!(!table.script().is_empty());
    // A set that the rules name is a set that the flags take.
    for set in statements.iter().filter_map(|line| sets(line, "tcp dport ")) {
        assert!(Ports::parse(&set).is_ok(), "{set}");
    }
    for set in ["ip daddr ", "ip6 daddr "]
        .iter()
        .flat_map(|mark| statements.iter().filter_map(|line| sets(line, mark)))
    {
        for item in set.split(", ").filter(|item| !item.contains('-')) {
            assert!(Ranges::parse(item).is_ok(), "{item} of {set}");
        }
    }
}

/// The set behind `mark`, without its braces.
fn sets(line: &str, mark: &str) -> Option<String> {
    let rest = line.split_once(mark)?.1;
    Some(match rest.strip_prefix("{ ") {
        Some(rest) => rest.split(" }").next().unwrap_or_default().to_owned(),
        None => rest.split(' ').next().unwrap_or_default().to_owned(),
    })
}
