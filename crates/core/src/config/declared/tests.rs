//! Declarations and values: what is taken, in which form, and what is said of what is not.

use super::*;
use pillion_govalue::json;

const DECLARED: &str = "
level: {kind: enum, of: [info, debug], value: envoy.level, default: info, namespace: true, doc: How much.}
size: {kind: quantity, doc: How large.}
wide-ports: {kind: ports, default: '80', doc: Which.}
upstreams:
  kind: list
  most: 3
  unique: [[name], [hosts, port]]
  default: []
  doc: Whom.
  of:
    kind: object
    members:
      name: {kind: pattern, pattern: '[a-z]+', called: a name of small letters, required: true}
      hosts: {kind: list, of: {kind: pattern, pattern: '[a-z.]+', called: a host}, default: []}
      port: {kind: port, default: 80}
      breaker: {kind: object, default: {}, members: {most: {kind: int, least: 1, most: 9, default: 4}}}
";

fn declared(text: &str, values: &str) -> Result<Declared, String> {
    let values = Source { name: "values", text: values };
    let tree = Values::read(&values).unwrap();
    Declared::read(&Source { name: "annotations", text }, &values, &tree).map_err(|e| e.to_string())
}

fn known() -> Declared {
    declared(DECLARED, "{}").unwrap()
}

fn read(name: &str, text: &str) -> Result<String, String> {
    let kind = &known().row(&format!("{PREFIX}{name}")).unwrap().kind.clone();
    kind.read_text(text).map(|v| json::to_string(&v, json::PLAIN)).map_err(|problem| problem.to_string())
}

fn scalar(kind: &str, text: &str) -> Result<String, String> {
    let declared = declared(&format!("a: {{{kind}, doc: D.}}"), "{}").unwrap();
    let read = declared.rows()[0].kind.read_text(text);
    read.map(|v| json::to_string(&v, json::PLAIN)).map_err(|problem| problem.to_string())
}

#[test]
fn values_come_before_the_default_and_are_checked_as_annotations_are() {
    let defaults = |values| json::to_string(declared(DECLARED, values).unwrap().defaults(), json::PLAIN);
    let want = r#"{"level":"info","size":null,"upstreams":[],"widePorts":{"text":"80","ranges":[{"from":80,"to":80}]}}"#;
    assert_eq!(defaults("{}"), want);
    assert!(defaults("envoy: {level: debug}").contains(r#""level":"debug""#));
    let error = declared(DECLARED, "envoy: {level: loud}").unwrap_err();
    assert_eq!(error, "values: envoy.level: \"loud\" is none; wanted: one of info, debug");
}

#[test]
fn scalars_are_read_into_one_form() {
    for (kind, text, want) in [
        ("kind: bool", " true ", "true"),
        ("kind: int, least: 1, most: 9", "9", "9"),
        ("kind: port", "65535", "65535"),
        (
            "kind: ports",
            "80, 8000-8100",
            r#"{"text":"80,8000-8100","ranges":[{"from":80,"to":80},{"from":8000,"to":8100}]}"#,
        ),
        ("kind: ports", "", r#"{"text":"","ranges":[]}"#),
        ("kind: networks", "10.0.0.0/8, fd00::/8", r#""10.0.0.0/8,fd00::/8""#),
        ("kind: duration", "1m1.5s", r#""61.5s""#),
        ("kind: duration", "0", r#""0s""#),
        ("kind: quantity", "128Mi", r#""128Mi""#),
        ("kind: percent", "50%", "50"),
        ("kind: enum, of: ['off', a]", "off", r#""off""#),
        ("kind: pattern, pattern: 'a|b', called: a or b", "b", r#""b""#),
    ] {
        assert_eq!(scalar(kind, text).as_deref(), Ok(want), "{kind} {text}");
    }
}

#[test]
fn what_cannot_be_used_is_told_with_what_is_wanted() {
    for (kind, text, want) in [
        ("kind: bool", "yes", "\"yes\" is none; wanted: true or false"),
        ("kind: int, least: 1, most: 9", "+7", "\"+7\" is none; wanted: a whole number from 1 to 9"),
        ("kind: int, least: 1, most: 9", "10", "\"10\" is out of range; wanted: a whole number from 1 to 9"),
        ("kind: port", "0", "\"0\" is out of range; wanted: a port, from 1 to 65535"),
        ("kind: ports", "80,,81", "\"\" is neither"),
        ("kind: ports", "90-80", "the range 90-80 ends before it begins"),
        ("kind: ports", "80-", "\"80-\" is neither"),
        ("kind: networks", "10.0.0.0", "\"10.0.0.0\" is none"),
        ("kind: networks", "10.0.0.0/33", "is none"),
        ("kind: duration, least: 1ms, most: 24h", "0s", "out of range; wanted: a duration from 1ms to 24h"),
        ("kind: duration", "ten", "\"ten\" is none"),
        ("kind: duration", "-1s", "out of range"),
        ("kind: quantity", "0", "\"0\" is none; wanted: a quantity above zero"),
        ("kind: quantity", "-1", "is none"),
        ("kind: quantity", "lots", "is none"),
        ("kind: percent", "101", "out of range"),
        ("kind: enum, of: [a, b]", "c", "\"c\" is none; wanted: one of a, b"),
        ("kind: pattern, pattern: 'a|b', called: a or b", "ab", "\"ab\" is none; wanted: a or b"),
    ] {
        let told = scalar(kind, text).unwrap_err();
        assert!(told.contains(want), "{kind} {text}: {told}");
    }
    let many = (1..=300).map(|port| port.to_string()).collect::<Vec<_>>().join(",");
    assert!(scalar("kind: ports", &many).unwrap_err().contains("there are 300 of them, and 256 at most"));
}

#[test]
fn lists_of_objects_are_filled_in_and_their_faults_are_told_with_the_place() {
    let want = r#"[{"name":"b","hosts":["b"],"port":8080,"breaker":{"most":4}}]"#;
    assert_eq!(read("upstreams", "[{name: b, hosts: [b], port: '8080'}]").as_deref(), Ok(want));
    assert_eq!(read("upstreams", "").as_deref(), Ok("[]"));
    for (text, want) in [
        ("[{name: b}, {name: c, port: 70000}]", "[1].port: 70000 is out of range; wanted: a port"),
        ("[{hosts: [b]}]", "[0].name: it is not there; wanted: a name of small letters"),
        ("[{name: b, prot: 80}]", "[0]: \"prot\" is no member (is port meant?)"),
        ("[{name: b, breaker: {most: many}}]", "[0].breaker.most: \"many\" is none"),
        ("[{name: b, hosts: [b, 'B']}]", "[0].hosts[1]: \"B\" is none; wanted: a host"),
        // YAML's word for true.
        ("[{name: b, hosts: [y]}]", "[0].hosts[0]: true is none; wanted: a host"),
        ("[{name: b, hosts: b}]", "[0].hosts: it is no list or object but \"b\""),
        ("[{name: b}, {name: b}]", "[1]: name \"b\" stand in [0] too"),
        (
            "[{name: b, hosts: [p, q]}, {name: c, hosts: [r, q]}]",
            "[1]: hosts and port \"q\" 80 stand in [0] too",
        ),
        ("[{name: a}, {name: b}, {name: c}, {name: d}]", "it has 4 items; wanted: 3 items at most"),
        ("{name: b}", "it is an object; wanted: a YAML list of 3 items"),
        ("[b", "it is no YAML"),
    ] {
        let told = read("upstreams", text).unwrap_err();
        assert!(told.contains(want), "{text}: {told}");
    }
    assert!(read("upstreams", &" ".repeat(70_000)).unwrap_err().contains("70000 bytes long"));
    // The same host on another port is another upstream.
    assert!(read("upstreams", "[{name: b, hosts: [x]}, {name: c, hosts: [x], port: 81}]").is_ok());
}

#[test]
fn a_declaration_that_is_none_is_told_with_the_place() {
    for (text, want) in [
        ("[a]", "annotations: is no object"),
        ("A: {kind: bool, doc: D.}", "A: is no name of small letters"),
        ("a: {kind: bool}", "a: has no doc"),
        ("a: {kind: color, doc: D.}", "a: \"color\" is no kind"),
        ("a: {kind: bool, most: 3, doc: D.}", "a: \"most\" is nothing of kind bool"),
        ("a: {kind: int, most: 3, default: 4, doc: D.}", "a.default: 4 is out of range"),
        ("a: {kind: enum, doc: D.}", "a: of is no list of texts"),
        ("a: {kind: pattern, pattern: '(', called: c, doc: D.}", "a: the pattern is none"),
        ("a: {kind: list, of: {kind: x}, doc: D.}", "a.of: \"x\" is no kind"),
        ("a: {kind: object, members: {b: 7}, doc: D.}", "a.members.b: is no object"),
        ("a: {", "annotations: line"),
    ] {
        let told = declared(text, "{}").unwrap_err();
        assert!(told.contains(want), "{text}: {told}");
    }
}

#[test]
fn a_slip_is_told_by_the_nearest_name() {
    let known = known();
    assert_eq!(known.nearest("pillion.dev/upstream"), Some("pillion.dev/upstreams"));
    assert_eq!(known.nearest("pillion.dev/lvel"), Some("pillion.dev/level"));
    assert_eq!(known.nearest("pillion.dev/something"), None);
    assert_eq!(known.nearest(&format!("pillion.dev/{}", "l".repeat(100_000))), None);
}
